use super::*;
use proptest::prelude::*;
use shipway_core::config::Scheme;
use shipway_core::version::Version;

fn version(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

fn new<'a>(version: &'a Version, tag: &'a str, body: &'a str) -> NewSection<'a> {
    NewSection {
        version,
        date: "2026-11-21",
        tag,
        previous: None,
        yanked: false,
        link: None,
        body,
    }
}

fn set(text: &str, spelled: &str, body: &str) -> String {
    let (version, tag) = (version(spelled), format!("v{spelled}"));
    let after = set_section(Some(text.as_bytes()), &new(&version, &tag, body), None).unwrap();
    String::from_utf8(after).unwrap()
}

const LINES: &str = "# Changelog\n\n## [Unreleased]\n\n- soon\n\n## [2.1.0] - 2026-02-01\n\n- two\n\n## [1.4.2] - 2026-01-20\n\n- fix\n\n\
    ## [1.4.1] - 2026-01-05\n\n- old\n\n# Older\n\nwords\n\n\
    [Unreleased]: https://github.com/o/r/compare/v2.1.0...HEAD\n[2.1.0]: https://github.com/o/r/compare/v1.4.1...v2.1.0\n\
    [1.4.2]: https://github.com/o/r/compare/v1.4.1...v1.4.2\n[1.4.1]: https://github.com/o/r/releases/tag/v1.4.1\n";

#[test]
fn a_release_of_a_maintenance_line_goes_between() {
    let (v, tag) = (version("1.4.3"), "v1.4.3");
    let section = NewSection {
        previous: Some("v1.4.2"),
        ..new(&v, tag, "- later fix")
    };
    let after = set_section(Some(LINES.as_bytes()), &section, None).unwrap();
    let expected = LINES
        .replace(
            "## [1.4.2]",
            "## [1.4.3] - 2026-11-21\n\n- later fix\n\n## [1.4.2]",
        )
        .replace(
            "[1.4.2]: ",
            "[1.4.3]: https://github.com/o/r/compare/v1.4.2...v1.4.3\n[1.4.2]: ",
        );
    assert_eq!(String::from_utf8(after).unwrap(), expected);
}

#[test]
fn the_highest_goes_on_top_and_the_lowest_to_the_end() {
    let top = set(LINES, "3.0.0", "- three");
    assert!(
        top.contains("- soon\n\n## [3.0.0] - 2026-11-21\n\n- three\n\n## [2.1.0]"),
        "{top}"
    );
    let end = set(LINES, "0.1.0", "- first");
    assert!(
        end.contains("- old\n\n## [0.1.0] - 2026-11-21\n\n- first\n\n# Older"),
        "{end}"
    );
    // Oldest first stays oldest first.
    let rising = "## 1.0.0\n- a\n\n## 1.1.0\n- b\n\n## 1.2.0\n- c\n";
    assert_eq!(
        set(rising, "1.1.5", "- x"),
        rising.replace("## 1.2.0", "## 1.1.5\n- x\n\n## 1.2.0")
    );
    assert_eq!(
        set(rising, "2.0.0", "- x"),
        format!("{rising}\n## 2.0.0\n- x\n")
    );
}

#[test]
fn a_section_that_is_there_is_replaced_under_its_heading() {
    let after = set(LINES, "1.4.2", "- another\n  text");
    assert_eq!(after, LINES.replace("- fix\n", "- another\n  text\n"));
    assert_eq!(set(&after, "1.4.2", "- another\n  text"), after);
    assert_eq!(set(LINES, "1.4.2", ""), LINES.replace("- fix\n\n", ""));
    // In the other spelling.
    assert_eq!(
        set("## 1.0.0rc1\n\n- a\n", "1.0.0-rc.1", "- b"),
        "## 1.0.0rc1\n\n- b\n"
    );
}

#[test]
fn a_file_that_does_not_exist_is_begun() {
    let (one, two) = (version("1.0.0"), version("1.1.0"));
    let link = "https://github.com/o/r/compare/v1.0.0...v1.1.0";
    let all = [
        new(&one, "v1.0.0", "- first"),
        NewSection {
            link: Some(link),
            ..new(&two, "v1.1.0", "- second")
        },
    ];
    let text = String::from_utf8(set_sections(None, &all, Present::Keep, None).unwrap()).unwrap();
    assert!(text.ends_with(
        "## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n\n- second\n\n## [1.0.0] - 2026-11-21\n\n- first\n\n\
         [1.1.0]: https://github.com/o/r/compare/v1.0.0...v1.1.0\n"
    ), "{text}");
    let again = set_sections(Some(text.as_bytes()), &all, Present::Replace, None).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), text);
}

#[test]
fn a_rewrite_keeps_what_people_wrote() {
    let versions: Vec<Version> = ["2.1.0", "2.0.0", "1.4.2", "1.4.1"].map(version).into();
    let tags = ["v2.1.0", "v2.0.0", "v1.4.2", "v1.4.1"];
    let all: Vec<NewSection> = versions
        .iter()
        .zip(tags)
        .map(|(version, tag)| new(version, tag, "- made"))
        .collect();
    let hand = LINES.replace(
        "# Older",
        "## [0.9.0] - 2025-01-01\n\nBefore tags.\n\n# Older",
    );
    let kept = set_sections(Some(hand.as_bytes()), &all, Present::Keep, None).unwrap();
    let kept = String::from_utf8(kept).unwrap();
    let added = "## [2.0.0] - 2026-11-21\n\n- made\n\n## [1.4.2]";
    assert_eq!(kept, hand.replace("## [1.4.2]", added));
    let told = set_sections(Some(hand.as_bytes()), &all, Present::Replace, None).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert_eq!(told.matches("- made").count(), 4);
    for stays in ["- soon", "Before tags.", "# Older\n\nwords\n"] {
        assert!(told.contains(stays), "{stays} is lost in {told}");
    }
    for present in [Present::Keep, Present::Replace] {
        let again = set_sections(Some(told.as_bytes()), &all, present, None).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), told);
    }
}

#[test]
fn two_sections_of_a_version_are_not_replaced() {
    let text = "## 1.0.0\n\n- a\n\n## v1.0.0\n\n- b\n";
    let v = version("1.0.0");
    let error = set_section(Some(text.as_bytes()), &new(&v, "v1.0.0", "- c"), None).unwrap_err();
    assert_eq!(
        error,
        ChangelogError::Twice {
            version: "1.0.0".into(),
            first: 1,
            second: 5
        }
    );
    let kept = set_sections(
        Some(text.as_bytes()),
        &[new(&v, "v1.0.0", "- c")],
        Present::Keep,
        None,
    );
    assert_eq!(kept.unwrap(), text.as_bytes());
}

#[test]
fn a_yanked_release_is_marked_once() {
    for (before, after) in [
        (
            "## [1.0.0] - 2026-01-05\n- a\n",
            "## [1.0.0] - 2026-01-05 [YANKED]\n- a\n",
        ),
        (
            "## 1.0.0 (2026-01-05) ##\r\n- a\r\n",
            "## 1.0.0 (2026-01-05) [YANKED] ##\r\n- a\r\n",
        ),
        (
            "1.0.0 (2026-01-05)\n------------------\n",
            "1.0.0 (2026-01-05) [YANKED]\n---------------------------\n",
        ),
        (
            "=====\n1.0.0\n=====\n\n`x`_\n",
            "==============\n1.0.0 [YANKED]\n==============\n\n`x`_\n",
        ),
        ("## 1.0.0 (yanked)\n", "## 1.0.0 (yanked)\n"),
    ] {
        let marked = mark_yanked(before.as_bytes(), &version("1.0.0")).unwrap();
        assert_eq!(String::from_utf8(marked.clone()).unwrap(), after);
        assert_eq!(mark_yanked(&marked, &version("1.0.0")).unwrap(), marked);
        assert!(sections(&marked, None).unwrap()[0].yanked);
    }
    let error = mark_yanked(b"## 1.0.0\n", &version("1.0.1")).unwrap_err();
    assert_eq!(
        error,
        ChangelogError::NoSection {
            version: "1.0.1".into()
        }
    );
}

#[test]
fn lines_and_marks_of_sections_are_listed() {
    let text = "# Log\n\n## Bald\n- u\n\n## [1.0.0] - 2026-01-05 [YANKED]\n- a\n\n  more\n\n\n[1.0.0]: https://h\n";
    let found = sections(text.as_bytes(), Some("Bald")).unwrap();
    let lines: Vec<_> = found
        .iter()
        .map(|one| (one.version, one.line, one.last_line))
        .collect();
    assert_eq!(lines, [(None, 3, 4), (Some("1.0.0"), 6, 9)]);
    assert!(found[0].unreleased && found[1].yanked);
    let json = serde_json::to_string(&found[1]).unwrap();
    assert_eq!(
        json,
        r#"{"title":"[1.0.0] - 2026-01-05 [YANKED]","name":null,"version":"1.0.0","date":"2026-01-05","unreleased":false,"yanked":true,"line":6,"last_line":9}"#
    );
}

/// Fixtures with lines taken out, doubled and exchanged.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = include_str!("fixtures.txt")
        .split("@@@@ ")
        .skip(1)
        .map(|part| part.split_once('\n').unwrap().1)
        .collect();
    let moves = proptest::collection::vec((0_u8..4, 0_usize..40, 0_usize..40), 0..6);
    (proptest::sample::select(texts), moves, any::<bool>()).prop_map(|(text, moves, windows)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (kind, a, b) in moves {
            if a >= lines.len() || b >= lines.len() {
                continue;
            }
            match kind {
                0 => drop(lines.remove(a)),
                1 => lines.insert(b, lines[a].clone()),
                2 => lines.swap(a, b),
                _ => lines[a] = lines[a].chars().rev().collect(),
            }
        }
        lines.join(if windows { "\r\n" } else { "\n" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn inserting_keeps_every_other_byte(text in mutated(), number in 0_u64..4) {
        let spelled = format!("{}.7.77", number * 7);
        let v = version(&spelled);
        let section = new(&v, "v7", "- zz entry");
        if let Ok(after) = set_section(Some(text.as_bytes()), &section, None) {
            let after = String::from_utf8(after).unwrap();
            // What stands before and behind the addition is the text, all of it.
            let front = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let back = text.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
            prop_assert!(front + back >= text.len() || after.contains("]: "), "{:?} became {:?}", text, after);
            let mut kept = after.split_inclusive('\n');
            for line in text.split_inclusive('\n') {
                prop_assert!(kept.any(|one| one.trim_end() == line.trim_end()), "{:?} is lost in {:?}", line, after);
            }
            let again = set_section(Some(after.as_bytes()), &section, None);
            prop_assert_eq!(again.map(|again| String::from_utf8(again).unwrap()), Ok(after.clone()));
        }
    }

    #[test]
    fn any_text_is_read(text in "(?s)[#=\\-~\\[\\]()`<!>v: \n\r1.2av*é\u{feff}年]{0,80}|.{0,80}") {
        let v = version("1.2.1");
        let _ = sections(text.as_bytes(), None);
        let _ = mark_yanked(text.as_bytes(), &v);
        if let Ok(after) = set_section(Some(text.as_bytes()), &new(&v, "v1.2.1", "- x"), None) {
            prop_assert!(section(&after, &v).unwrap().is_some(), "{:?}", String::from_utf8(after));
        }
    }
}

#[test]
fn a_large_file_is_read_and_edited_in_linear_time() {
    use std::fmt::Write as _;
    let mut text = String::from("# Changelog\n\n");
    for at in (1..8000).rev() {
        let heading = "2026-01-05\n\n### Fixed\n\n- entry";
        writeln!(text, "## [{at}.0.0] - {heading} [#{at}]\n").unwrap();
    }
    for at in (1..8000).rev() {
        let old = at - 1;
        writeln!(
            text,
            "[{at}.0.0]: https://h/o/r/compare/v{old}.0.0...v{at}.0.0"
        )
        .unwrap();
    }
    let started = std::time::Instant::now();
    assert_eq!(sections(text.as_bytes(), None).unwrap().len(), 7999);
    let after = set(&text, "9000.0.0", "- x");
    assert!(after.len() > text.len());
    // An unoptimised build on a busy machine; a quadratic one takes minutes.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
