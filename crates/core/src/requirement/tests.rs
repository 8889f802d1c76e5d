use super::*;
use crate::config::Scheme;
use proptest::prelude::*;

fn version(text: &str, dialect: Dialect) -> Version {
    let scheme = match dialect {
        Dialect::Cargo | Dialect::Npm => Scheme::Semver,
        Dialect::Pep440 | Dialect::Poetry => Scheme::Pep440,
    };
    Version::parse(text, scheme).unwrap()
}

fn read(text: &str, dialect: Dialect) -> Requirement {
    Requirement::parse(text, dialect).unwrap_or_else(|error| panic!("{error}"))
}

/// `requirement | versions that match | versions that do not`, one a line.
fn check_table(table: &str, dialect: Dialect) -> usize {
    let mut cases = 0;
    for line in table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let [text, inside, outside] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has not three columns");
        };
        let requirement = read(text, dialect);
        for (versions, expected) in [(inside, true), (outside, false)] {
            for text in versions.split_whitespace() {
                let found = requirement.matches(&version(text, dialect));
                assert_eq!(found, expected, "{requirement} on {text}, {dialect}");
                cases += 1;
            }
        }
    }
    cases
}

#[test]
fn npm_ranges_let_in_what_node_semver_lets_in() {
    assert!(check_table(include_str!("tests/npm.tsv"), Dialect::Npm) > 300);
}

#[test]
fn cargo_requirements_let_in_what_cargo_lets_in() {
    assert!(check_table(include_str!("tests/cargo.tsv"), Dialect::Cargo) > 60);
}

#[test]
fn specifiers_let_in_what_pep_440_lets_in() {
    assert!(check_table(include_str!("tests/pep440.tsv"), Dialect::Pep440) > 100);
}

#[test]
fn poetry_adds_caret_tilde_and_alternatives() {
    assert!(check_table(include_str!("tests/poetry.tsv"), Dialect::Poetry) > 50);
}

#[test]
fn what_is_no_requirement_is_refused_with_its_reason() {
    use Dialect::{Cargo, Npm, Pep440, Poetry};
    for (text, dialect, why) in [
        ("", Cargo, "unexpected end"),
        ("1.2.3.4", Cargo, "expected comma"),
        ("^^1", Cargo, "unexpected"),
        ("1.2.3.4", Npm, "three numbers"),
        ("1.02.3", Npm, "begins with 0"),
        ("^", Npm, "missing"),
        (">=1.2.3 <", Npm, "missing"),
        ("=>1.2", Npm, "does not exist"),
        ("^>1", Npm, "does not exist"),
        ("1.2-beta", Npm, "three numbers"),
        ("1.2.3-", Npm, "missing behind"),
        ("1.2.3+", Npm, "build metadata"),
        ("1.2.3-01", Npm, "beginning with 0"),
        ("1.2.3beta", Npm, "three numbers"),
        ("1.2.3, 2.0", Npm, "three numbers"),
        ("^99999999999999999999", Npm, "too large"),
        ("^18446744073709551615", Npm, "too large"),
        ("1 - 18446744073709551615", Npm, "too large"),
        ("a b", Npm, "three numbers"),
        ("1.0", Pep440, "one of =="),
        ("^1.0", Pep440, "one of =="),
        ("~=1", Pep440, "one of =="),
        (">=1.*", Pep440, "one of =="),
        (">=1.0+local", Pep440, "one of =="),
        ("===", Pep440, "one of =="),
        ("===1.==1.2.*0", Poetry, "one of =="),
        (">=1 <2", Pep440, "one of =="),
        ("", Poetry, "alternative is empty"),
        ("^1 ||", Poetry, "alternative is empty"),
        ("^x", Poetry, "wildcard"),
        (">=1.*", Poetry, "wildcard"),
        ("^one", Poetry, "stands a version"),
        (">=1,", Poetry, "beside a comma"),
        ("~18446744073709551615", Poetry, "too large"),
    ] {
        let Err(error) = Requirement::parse(text, dialect) else {
            panic!("{text:?} is read as {dialect}");
        };
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.hint().starts_with("write it like"), "{error}");
    }
}

#[test]
fn what_names_no_version_matches_all_and_stays() {
    for text in [
        "latest",
        "next",
        "file:../lib",
        "link:../lib",
        "github:user/repo",
        "user/repo",
        "catalog:",
        "git+ssh://git@example.org/lib.git#v1.2.3",
        "https://example.org/lib-1.2.3.tgz",
        "workspace:^",
        "workspace:~",
        "workspace:*",
        "workspace:../lib",
        "npm:lib",
        "npm:@scope/lib",
        "npm:lib@latest",
        "portal:../lib",
    ] {
        let requirement = read(text, Dialect::Npm);
        assert!(!requirement.is_range(), "{text}");
        assert!(
            requirement.matches(&version("1.2.3", Dialect::Npm)),
            "{text}"
        );
        assert_eq!(requirement.raised_to(&version("9.9.9", Dialect::Npm)), text);
    }
    for text in [
        "*",
        "",
        "x",
        "1",
        "npm:@scope/lib@^1.2",
        "workspace:1.2.x",
        "v1.2.3",
    ] {
        assert!(read(text, Dialect::Npm).is_range(), "{text}");
    }
}

#[test]
fn the_workspace_protocol_is_resolved_as_it_is_published() {
    let current = version("1.2.0", Dialect::Npm);
    for (text, published) in [
        ("workspace:^", "^1.2.0"),
        ("workspace:~", "~1.2.0"),
        ("workspace:*", "1.2.0"),
        ("workspace:^1.1.0", "^1.1.0"),
        ("workspace:>=1 <2", ">=1 <2"),
        ("workspace:../lib", "workspace:../lib"),
        ("^1.0.0", "^1.0.0"),
        ("latest", "latest"),
    ] {
        let resolved = read(text, Dialect::Npm).resolved(&current);
        assert_eq!(resolved.to_string(), published);
    }
    let caret = read("workspace:^", Dialect::Npm).resolved(&current);
    assert!(caret.matches(&version("1.3.0", Dialect::Npm)));
    assert!(!caret.matches(&version("2.0.0", Dialect::Npm)));
}

#[test]
fn a_raised_requirement_is_written_as_the_old_one() {
    let table = include_str!("tests/raised.tsv");
    let mut cases = 0;
    for line in table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let [dialect, text, new, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has not four columns");
        };
        let dialect = match dialect {
            "cargo" => Dialect::Cargo,
            "npm" => Dialect::Npm,
            "pep440" => Dialect::Pep440,
            "poetry" => Dialect::Poetry,
            _ => panic!("{line:?}"),
        };
        let raised = read(text, dialect).raised_to(&version(new, dialect));
        assert_eq!(raised, expected, "{text} to {new}, {dialect}");
        cases += 1;
    }
    assert!(cases > 90, "{cases}");
}

#[test]
fn a_version_that_the_dialect_cannot_spell_changes_nothing() {
    let post = version("1.3.post1", Dialect::Pep440);
    let caret = read("^1.2", Dialect::Npm);
    assert!(!caret.matches(&post));
    assert_eq!(caret.raised_to(&post), "^1.2");
    let canary = version("1.3.0-canary.1", Dialect::Npm);
    assert_eq!(read("~=1.2", Dialect::Pep440).raised_to(&canary), "~=1.2");
    // One release under its other spelling is no obstacle.
    let rc = version("1.3.0rc1", Dialect::Pep440);
    assert_eq!(read("^1.2", Dialect::Cargo).raised_to(&rc), "^1.3.0-rc.1");
}

fn any_requirement() -> impl Strategy<Value = (Dialect, String)> {
    let number = "(0|[1-9])";
    let (full, part) = (
        format!("{number}\\.{number}\\.{number}"),
        format!("{number}(\\.{number}){{0,2}}"),
    );
    let npm = format!(
        "(\\^|~|>=|<=|<|=|)({part}(-rc\\.[1-9])?|{number}\\.x)( <{full}(-0)?)?( \\|\\| ~{full})?|{part} - {part}"
    );
    let cargo = format!("(\\^|~|>=|<=|<|=|){part}|{number}\\.\\*|>={part}, <{part}");
    let pep = format!(
        "(~={number}\\.{part}|>={part}|==({part}\\.\\*|{part})|<={part})(rc[1-9])?|>={part}, ?<{part}"
    );
    let poetry =
        format!("(\\^|~|>=|==|){part}|{number}\\.\\*|\\^{part} \\|\\| ~{part}|>={part} <{part}");
    let of = |dialect: Dialect, form: &str| {
        proptest::string::string_regex(form)
            .unwrap()
            .prop_map(move |text| (dialect, text))
    };
    prop_oneof![
        of(Dialect::Npm, &npm),
        of(Dialect::Cargo, &cargo),
        of(Dialect::Pep440, &pep),
        of(Dialect::Poetry, &poetry)
    ]
}

proptest! {
    /// Raised, it lets the version in; raised again, it stays; and only numbers were touched for a final release.
    #[test]
    fn raising_lets_the_version_in(
        (dialect, text) in any_requirement(),
        numbers in (0_u64..12, 0_u64..12, 0_u64..12),
        pre in proptest::bool::ANY,
    ) {
        let Ok(requirement) = Requirement::parse(&text, dialect) else { return Ok(()) };
        let (major, minor, patch) = numbers;
        let new = format!("{major}.{minor}.{patch}{}", if pre { "-rc.1" } else { "" });
        let new = version(&new, dialect);
        let raised = requirement.raised_to(&new);
        let again = Requirement::parse(&raised, dialect);
        prop_assert!(again.is_ok(), "{text} to {new}: {raised}");
        let again = again.unwrap();
        // A bound says nothing of pre-releases, so that one which it would let in may stay outside.
        prop_assert!(pre || again.matches(&new), "{text} to {new}: {raised}");
        prop_assert_eq!(again.raised_to(&new), raised.clone(), "{} to {}", text, new);
        if !pre {
            let shape = |text: &str| text.replace("-rc", "").replace("rc", "").replace(|c: char| c.is_ascii_digit() || c == '.', "");
            prop_assert_eq!(shape(&raised), shape(&text), "{} to {}", text, new);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9xX*.<>=~^|, rcv!+-]{0,16}|(?s).{0,8}") {
        let v = version("1.2.3", Dialect::Npm);
        for dialect in [Dialect::Cargo, Dialect::Npm, Dialect::Pep440, Dialect::Poetry] {
            match Requirement::parse(&text, dialect) {
                Ok(read) => {
                    let raised = read.raised_to(&v);
                    prop_assert!(Requirement::parse(&raised, dialect).is_ok(), "{text} {raised} {dialect}");
                }
                Err(error) => prop_assert!(!error.why.is_empty()),
            }
        }
    }
}
