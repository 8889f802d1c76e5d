//! Reading what test runners and coverage tools write.
//!
//! Invariants: figures are whole numbers; a report that cannot be read is never taken for one that says nothing bad; a
//! document's size, depth of entities and encoding are checked before it is believed.

use roxmltree::{Document, Node, ParsingOptions};

/// Bytes of a report that are read.
pub const LARGEST: u64 = 256 * 1024 * 1024;
/// Elements, attributes and texts of a report.
const MOST_NODES: u32 = 20_000_000;

/// Why a report gives no figure.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// It can be read and holds nothing to count.
    Empty(&'static str),
    /// It is not what it should be.
    Bad(String),
}

/// Test results, as numbers of test cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tests {
    /// Tests that ran.
    pub fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// Passed of those that ran, in hundredths of a percent, rounded down; `None` when none ran.
    pub fn pass_rate(self) -> Option<u64> {
        hundredths(self.passed, self.ran())
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// A share in hundredths of a percent, rounded down, so that only all of it is 100 %.
pub fn hundredths(part: u64, whole: u64) -> Option<u64> {
    let share = u128::from(part) * 10_000 / u128::from(std::num::NonZero::new(whole)?.get());
    u64::try_from(share).ok()
}

/// `97.2 %`
pub fn percent(hundredths: u64) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => format!("{whole} %"),
        rest if rest % 10 == 0 => format!("{whole}.{} %", rest / 10),
        rest => format!("{whole}.{rest:02} %"),
    }
}

fn parse(bytes: &[u8]) -> Result<Document<'_>, Unread> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Unread::Bad("it is not encoded in UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Unread::Empty("it is empty"));
    }
    if text.contains("<!ENTITY") {
        return Err(Unread::Bad(
            "it declares entities, which no report needs".to_owned(),
        ));
    }
    // A document type is allowed, since Cobertura writes one; it is never fetched.
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        entity_resolver: None,
    };
    Document::parse_with_options(text, options)
        .map_err(|error| Unread::Bad(format!("it is no XML: {error}")))
}

/// JUnit XML: counts the `testcase` elements of suites at any depth.
///
/// Where a suite claims more failures and errors than its test cases show (a suite that could not be set up), the rest
/// counts as failed too.
pub fn junit(bytes: &[u8]) -> Result<Tests, Unread> {
    let document = parse(bytes)?;
    let root = document.root_element();
    let tests = match root.tag_name().name() {
        "testsuites" => {
            let suites = root
                .children()
                .filter(|node| node.has_tag_name("testsuite"));
            let mut tests = Tests::default();
            for one in suites {
                tests = tests.and(suite(one)?);
            }
            let unseen = claimed(root)?.saturating_sub(tests.failed);
            Tests {
                failed: tests.failed + unseen,
                ..tests
            }
        }
        "testsuite" => suite(root)?,
        other => {
            let message = format!("its root is <{}> and not <testsuites>", short(other));
            return Err(Unread::Bad(message));
        }
    };
    match tests.ran() + tests.skipped {
        0 => Err(Unread::Empty("it holds no test")),
        _ => Ok(tests),
    }
}

fn suite(suite: Node<'_, '_>) -> Result<Tests, Unread> {
    let mut tests = Tests::default();
    for case in suite
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
    {
        let has = |names: &[&str]| {
            case.children()
                .any(|node| names.contains(&node.tag_name().name()))
        };
        if has(&["failure", "error"]) {
            tests.failed += 1;
        } else if has(&["skipped"])
            || matches!(
                case.attribute("status"),
                Some("notrun" | "disabled" | "skipped")
            )
        {
            tests.skipped += 1;
        } else {
            tests.passed += 1;
        }
    }
    let unseen = claimed(suite)?.saturating_sub(tests.failed);
    Ok(Tests {
        failed: tests.failed + unseen,
        ..tests
    })
}

/// Failures and errors by the attributes of a suite.
fn claimed(node: Node<'_, '_>) -> Result<u64, Unread> {
    let failures = count(node, "failures")?.unwrap_or(0);
    Ok(failures
        .saturating_add(count(node, "errors")?.unwrap_or(0))
        .min(1 << 40))
}

fn count(node: Node<'_, '_>, name: &str) -> Result<Option<u64>, Unread> {
    let bad = |text: &str| {
        Unread::Bad(format!(
            "its {name} is {:?}, which is no number",
            short(text)
        ))
    };
    node.attribute(name)
        .filter(|text| !text.trim().is_empty())
        .map(|text| text.trim().parse().map_err(|_| bad(text)))
        .transpose()
}

/// Cobertura XML: the share of lines covered, in hundredths of a percent, rounded down.
pub fn cobertura(bytes: &[u8]) -> Result<u64, Unread> {
    let document = parse(bytes)?;
    let root = document.root_element();
    if root.tag_name().name() != "coverage" {
        let message = format!(
            "its root is <{}> and not <coverage>",
            short(root.tag_name().name())
        );
        return Err(Unread::Bad(message));
    }
    match (count(root, "lines-covered")?, count(root, "lines-valid")?) {
        (Some(covered), Some(valid)) if covered > valid => Err(Unread::Bad(format!(
            "it says that {covered} of {valid} lines are covered"
        ))),
        (Some(covered), Some(valid)) => {
            hundredths(covered, valid).ok_or(Unread::Empty("it holds no line of code"))
        }
        _ => match root.attribute("line-rate") {
            Some(rate) => decimal(rate).ok_or_else(|| {
                Unread::Bad(format!(
                    "its line-rate is {:?}, which is no share",
                    short(rate)
                ))
            }),
            None => Err(Unread::Bad(
                "it says neither lines-covered nor line-rate".to_owned(),
            )),
        },
    }
}

/// `0.8734` as 8734; digits beyond are cut off.
fn decimal(text: &str) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let fraction: u64 = format!("{fraction:0<4}").get(..4)?.parse().ok()?;
    let share = whole.checked_mul(10_000)?.checked_add(fraction)?;
    (share <= 10_000).then_some(share)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(passed: u64, failed: u64, skipped: u64) -> Tests {
        Tests {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn test_cases_are_counted_whatever_the_attributes_say() {
        let nested = br#"<?xml version="1.0" encoding="utf-8"?>
            <testsuites tests="99"><testsuite name="a" tests="1" failures="1" errors="1">
              <testcase name="1"/><testcase name="2"><failure message="x">y</failure></testcase>
              <testsuite name="b"><testcase name="3"><error/></testcase>
                <testcase name="4"><skipped/></testcase><testcase name="5" status="notrun"/></testsuite>
              <testcase name="6"><system-out>&lt;failure/&gt;</system-out><rerunFailure/></testcase>
            </testsuite><testsuite name="c"><testcase name="7"/></testsuite></testsuites>"#;
        assert_eq!(junit(nested), Ok(tests(3, 2, 2)));
        assert_eq!(
            junit(b"\xef\xbb\xbf<testsuite><testcase/></testsuite>"),
            Ok(tests(1, 0, 0))
        );
    }

    #[test]
    fn failures_that_no_test_case_shows_count() {
        assert_eq!(
            junit(br#"<testsuite tests="3" errors="1" failures="1"><testcase/><testcase><error/></testcase></testsuite>"#),
            Ok(tests(1, 2, 0))
        );
        assert_eq!(
            junit(br#"<testsuites errors="2"><testsuite><testcase/></testsuite></testsuites>"#),
            Ok(tests(1, 2, 0))
        );
    }

    #[test]
    fn reports_that_say_nothing_are_told_from_broken_ones() {
        for empty in [
            "",
            "  \n",
            "<testsuites/>",
            "<testsuite tests='5' failures='0'></testsuite>",
        ] {
            assert!(
                matches!(junit(empty.as_bytes()), Err(Unread::Empty(_))),
                "{empty}"
            );
        }
        let deep = "<a>".repeat(100_000);
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><testsuite><testcase name='&b;'/></testsuite>";
        for bad in [
            "<testsuite>",
            "<html/>",
            "not xml",
            "<testsuite failures='many'><testcase/></testsuite>",
            "<testsuite failures='-1'><testcase/></testsuite>",
            "<testsuite><testcase name='&lol;'/></testsuite>",
            "<testsuite/><testsuite/>",
            bomb,
            &deep,
        ] {
            assert!(
                matches!(junit(bad.as_bytes()), Err(Unread::Bad(_))),
                "{}",
                &bad[..bad.len().min(80)]
            );
        }
        let utf16: Vec<u8> = "<testsuite><testcase/></testsuite>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(junit(&utf16).is_err());
        assert!(
            junit(b"<?xml version='1.0' encoding='latin-1'?><testsuite name='\xe9'/>").is_err()
        );
        assert!(junit(b"\xff\xfe").is_err());
    }

    #[test]
    fn coverage_is_exact() {
        let doctype = br#"<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
            <coverage lines-valid="3" lines-covered="2" line-rate="0.9999"/>"#;
        assert_eq!(cobertura(doctype), Ok(6666));
        // Rounding must never lift a figure over its threshold.
        assert_eq!(
            cobertura(b"<coverage lines-valid='100000' lines-covered='84999'/>"),
            Ok(8499)
        );
        assert_eq!(
            cobertura(b"<coverage lines-valid='10000' lines-covered='8500'/>"),
            Ok(8500)
        );
        assert_eq!(cobertura(b"<coverage line-rate='0.85'/>"), Ok(8500));
        assert_eq!(cobertura(b"<coverage line-rate='1'/>"), Ok(10_000));
        assert_eq!(cobertura(b"<coverage line-rate='.84999'/>"), Ok(8499));
        assert_eq!(
            cobertura(b"<coverage lines-valid='18446744073709551615' lines-covered='18446744073709551615'/>"),
            Ok(10_000)
        );
    }

    #[test]
    fn coverage_that_cannot_be_is_refused() {
        assert!(matches!(
            cobertura(b"<coverage lines-valid='0' lines-covered='0'/>"),
            Err(Unread::Empty(_))
        ));
        for bad in [
            "<coverage/>",
            "<coverage line-rate='NaN'/>",
            "<coverage line-rate='1.1'/>",
            "<coverage line-rate='1e0'/>",
            "<coverage line-rate='-0.5'/>",
            "<coverage line-rate='.'/>",
            "<coverage lines-valid='2' lines-covered='3'/>",
            "<coverage lines-valid='2' lines-covered='two'/>",
            "<testsuite/>",
        ] {
            assert!(
                matches!(cobertura(bad.as_bytes()), Err(Unread::Bad(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn shares_read_well() {
        let texts = [10_000, 9_720, 8_505, 8_500, 5].map(percent);
        assert_eq!(texts, ["100 %", "97.2 %", "85.05 %", "85 %", "0.05 %"]);
    }
}
