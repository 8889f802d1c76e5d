use super::*;
use crate::change::{Change, Changes};
use crate::walk::Commit;
use proptest::prelude::*;
use shipway_core::config::Scheme;
use shipway_core::name::Oid;
use shipway_core::version::Version;

fn pep(text: &str) -> Version {
    Version::parse(text, Scheme::Pep440).unwrap()
}

/// Changes of commits with these messages, the last the newest.
fn changes(messages: &[&str]) -> Vec<Change> {
    let commit = |(at, message): (usize, &&str)| Commit {
        id: Oid::new(format!("abc{at:04}{}", "0".repeat(33))).unwrap(),
        parents: Vec::new(),
        time: 0,
        author: crate::walk::Author::default(),
        message: (*message).to_owned(),
    };
    let commits: Vec<Commit> = messages.iter().enumerate().map(commit).rev().collect();
    Changes::of(&commits, &crate::Convention::default()).listed
}

fn closed_with(text: Option<&str>, messages: &[&str]) -> Result<Closed, ChangelogError> {
    let (version, changes) = (pep("1.1.0"), changes(messages));
    let closing = Closing {
        version: &version,
        date: "2026-11-21",
        tag: "v1.1.0",
        unreleased: Some("Demnächst"),
        changes: &changes,
    };
    close(text.map(str::as_bytes), &closing)
}

/// Closes a changelog whose entries are written.
fn closed(text: &str) -> String {
    let closed = closed_with(Some(text), &[]).unwrap();
    assert_eq!(closed.entries, Entries::Written);
    assert_eq!(closed.warnings, Vec::<String>::new());
    String::from_utf8(closed.text).unwrap()
}

fn made(text: Option<&str>, messages: &[&str]) -> String {
    let closed = closed_with(text, messages).unwrap();
    assert_eq!(closed.entries, Entries::Made);
    String::from_utf8(closed.text).unwrap()
}

const PLAIN: &str = "# Changelog\n\nWords.\n\n## [Unreleased]\n\n### Added\n\n- A thing (#1)\n\n## [1.0.0] - 2026-01-05\n\n- First\n\n\
    [Unreleased]: https://github.com/o/r/compare/v1.0.0...HEAD\n[1.0.0]: https://github.com/o/r/releases/tag/v1.0.0\n";

#[test]
fn the_unreleased_section_becomes_the_release() {
    assert_eq!(
        closed(PLAIN),
        "# Changelog\n\nWords.\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n\n### Added\n\n- A thing (#1)\n\n\
         ## [1.0.0] - 2026-01-05\n\n- First\n\n\
         [Unreleased]: https://github.com/o/r/compare/v1.1.0...HEAD\n\
         [1.1.0]: https://github.com/o/r/compare/v1.0.0...v1.1.0\n\
         [1.0.0]: https://github.com/o/r/releases/tag/v1.0.0\n"
    );
}

#[test]
fn headings_follow_the_file() {
    for (unreleased, newest, expected) in [
        (
            "## [Unreleased]",
            "## [1.0.0] - 2026-01-05",
            "## [1.1.0] - 2026-11-21",
        ),
        (
            "## Unreleased",
            "## 1.0.0 (2026-01-05)",
            "## 1.1.0 (2026-11-21)",
        ),
        (
            "# Unreleased",
            "# v1.0.0 / 2026/01/05",
            "# v1.1.0 / 2026/11/21",
        ),
        (
            "### [Unreleased]",
            "### [v1.0.0] — 2026.01.05",
            "### [v1.1.0] — 2026.11.21",
        ),
        ("## Unreleased", "## Version 1.0.0", "## Version 1.1.0"),
        (
            "## Unreleased",
            "## **1.0.0** - _2026-01-05_ [YANKED]",
            "## **1.1.0** - _2026-11-21_",
        ),
        (
            "## Unreleased",
            "## 1.0.0 - January 5, 2026",
            "## 1.1.0 - 2026-11-21",
        ),
        (
            "## [未发布]",
            "## [1.0.0] - 2026-01-05",
            "## [1.1.0] - 2026-11-21",
        ),
        (
            "##  Demnächst",
            "## 1.0.0: 2026-01-05",
            "##  1.1.0: 2026-11-21",
        ),
        (
            "## [Unreleased](https://h/o/r/compare/v1.0.0...main)",
            "## [1.0.0](https://h/o/r/compare/v0.9.0...v1.0.0) (2026-01-05)",
            "## [1.1.0](https://h/o/r/compare/v1.0.0...v1.1.0) (2026-11-21)",
        ),
        (
            "## Unreleased",
            "## [1.0.0](https://h/o/r/releases/tag/v1.0.0)",
            "## [1.1.0](https://h/o/r/releases/tag/v1.1.0)",
        ),
    ] {
        let text = format!("{unreleased}\n- x\n\n{newest}\n- y\n");
        let after = format!("{unreleased}\n\n{expected}\n- x\n\n{newest}\n- y\n");
        assert_eq!(closed(&text), after, "{unreleased} {newest}");
    }
    // The first release has only the unreleased heading to go by.
    assert_eq!(
        closed("## [Unreleased]\n- x"),
        "## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n- x"
    );
    assert_eq!(
        closed("## Unreleased\n- x\n"),
        "## Unreleased\n\n## 1.1.0 - 2026-11-21\n- x\n"
    );
    // The version stands in the heading of the unreleased section.
    assert_eq!(
        closed("## 1.0.1 (unreleased)\n- x\n\n## 1.0.0 (2026-01-05)\n"),
        "## 1.1.0 (2026-11-21)\n- x\n\n## 1.0.0 (2026-01-05)\n"
    );
}

#[test]
fn lines_below_a_heading_say_when_it_was_released() {
    let underlined = |title: &str| format!("{title}\n{}\n\n", "-".repeat(title.len()));
    let (new, old) = (underlined("Version 3.1.0"), underlined("Version 3.0.2"));
    let rest = format!("-   x\n\n{old}Released 2024-02-03\n\n-   y, ``code``\n");
    let after = format!(
        "{}Released 2026-11-21\n\n{rest}",
        underlined("Version 1.1.0")
    );
    assert_eq!(closed(&format!("{new}Unreleased\n\n{rest}")), after);
    let notes = section(after.as_bytes(), &pep("3.0.2")).unwrap().unwrap();
    assert_eq!(notes, "Released 2024-02-03\n\n-   y, ``code``");
}

#[test]
fn line_ends_and_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", PLAIN.replace('\n', "\r\n"));
    let expected = format!("\u{feff}{}", closed(PLAIN).replace('\n', "\r\n"));
    assert_eq!(closed(&text), expected);
    let notes = closed_with(Some(&text), &[]).unwrap().notes;
    assert_eq!(notes, "### Added\n\n- A thing (#1)");
}

#[test]
fn links_follow_the_file() {
    let close_links = |links: &str| {
        let text = format!("## [Unreleased]\n- x\n\n## [1.0.0] - 2026-01-05\n- y\n\n{links}");
        closed(&text).split_once("- y\n\n").unwrap().1.to_owned()
    };
    for (before, after) in [
        (
            "[unreleased]: https://gitlab.example/g/s/r/-/compare/v1.0.0...main\n[1.0.0]: https://gitlab.example/g/s/r/-/tags/v1.0.0",
            "[unreleased]: https://gitlab.example/g/s/r/-/compare/v1.1.0...main\n[1.1.0]: https://gitlab.example/g/s/r/-/compare/v1.0.0...v1.1.0\n[1.0.0]: https://gitlab.example/g/s/r/-/tags/v1.0.0",
        ),
        (
            "[Unreleased]: <https://codeberg.org/o/r/compare/v1.0.0..HEAD> \"title\"",
            "[Unreleased]: <https://codeberg.org/o/r/compare/v1.1.0..HEAD> \"title\"\n[1.1.0]: https://codeberg.org/o/r/compare/v1.0.0..v1.1.0\n",
        ),
        (
            "[1.0.0]: https://github.com/o/r/compare/v0.9.0...v1.0.0\n",
            "[1.1.0]: https://github.com/o/r/compare/v1.0.0...v1.1.0\n[1.0.0]: https://github.com/o/r/compare/v0.9.0...v1.0.0\n",
        ),
        (
            "[Unreleased]: https://github.com/o/r/commits/main\n[1.0.0]: https://github.com/o/r/tree/v1.0.0\n",
            "[Unreleased]: https://github.com/o/r/commits/main\n[1.1.0]: https://github.com/o/r/tree/v1.1.0\n[1.0.0]: https://github.com/o/r/tree/v1.0.0\n",
        ),
        (
            "[Unreleased]: https://bitbucket.org/o/r/branches/compare/HEAD%0Dv1.0.0\n",
            "[Unreleased]: https://bitbucket.org/o/r/branches/compare/HEAD%0Dv1.1.0\n[1.1.0]: https://bitbucket.org/o/r/branches/compare/v1.1.0%0Dv1.0.0\n",
        ),
        (
            "[#1]: https://github.com/o/r/issues/1\n",
            "[#1]: https://github.com/o/r/issues/1\n",
        ),
    ] {
        assert_eq!(close_links(before), after);
    }
    let text = "## [Unreleased]\n- x\n\n[Unreleased]: https://example.org/changes-since/v1.0.0\n";
    let closed = closed_with(Some(text), &[]).unwrap();
    assert_eq!(closed.warnings.len(), 1);
    assert!(closed.warnings[0].contains("form that is not known"));
}

#[test]
fn entries_are_made_where_nobody_wrote_any() {
    let messages = [
        "feat(api): first (#1)",
        "fix: x < y and `a<b>`\n\nCloses #2",
        "docs: silent",
        "Some words",
        "feat!: second\n\nBREAKING CHANGE: the old\naddress is gone",
        "chore!: drop Python 3.7",
        "security: close a hole",
        "perf: faster",
    ];
    let section = "## [1.1.0] - 2026-11-21\n\n### Added\n\n- **Breaking:** second\n  - the old address is gone\n\
        - api: first (#1)\n\n### Changed\n\n- **Breaking:** drop Python 3.7\n- faster\n\n### Fixed\n\n- x \\< y and `a<b>` (#2)\n\n\
        ### Security\n\n- close a hole\n";
    let releases = "## [1.0.0] - 2026-01-05\n\n- y\n";
    // The unreleased section is empty.
    assert_eq!(
        made(
            Some(&format!("# Log\n\n## [Unreleased]\n\n{releases}")),
            &messages
        ),
        format!("# Log\n\n## [Unreleased]\n\n{section}\n{releases}")
    );
    // It has groups without entries, which stay for the next time.
    let skeleton = "## [Unreleased]\n\n### Added\n\n### Fixed\n<!-- nothing\nyet -->\n";
    assert_eq!(
        made(Some(&format!("{skeleton}\n{releases}")), &messages),
        format!("{skeleton}\n{section}\n{releases}")
    );
    assert_eq!(
        made(Some(&format!("## [Unreleased]\n{releases}")), &messages),
        format!("## [Unreleased]\n\n{section}\n{releases}")
    );
    // There is none.
    assert_eq!(
        made(Some(releases), &messages),
        format!("{section}\n{releases}")
    );
    assert_eq!(
        made(Some("# Log"), &messages),
        format!("# Log\n\n{section}")
    );
    assert_eq!(made(Some(""), &messages), section);
    assert_eq!(
        made(Some("# Log\n\n[a]: https://b\n"), &messages),
        format!("# Log\n\n{section}\n[a]: https://b\n")
    );
    // There is no file.
    let text = made(None, &messages);
    assert!(
        text.starts_with("# Changelog\n")
            && text.ends_with(&format!("## [Unreleased]\n\n{section}"))
    );
    let closed = closed_with(None, &messages).unwrap();
    assert_eq!(
        closed.notes,
        section.split_once("\n\n").unwrap().1.trim_end()
    );
    assert_eq!(closed.warnings.len(), 1);
    assert!(
        closed.warnings[0].ends_with(": Some words (abc0003000)"),
        "{:?}",
        closed.warnings
    );
}

#[test]
fn made_entries_follow_the_file() {
    let text = "# Unreleased\r\n\r\n# 1.0.0\r\n## Fixes\r\n* y\r\n";
    assert_eq!(
        made(Some(text), &["fix: x"]),
        "# Unreleased\r\n\r\n# 1.1.0\r\n## Fixed\r\n* x\r\n\r\n# 1.0.0\r\n## Fixes\r\n* y\r\n"
    );
    assert_eq!(
        made(
            Some("## 1.0.1 (unreleased)\n\n## 1.0.0 (2026-01-05)\n\n- y\n"),
            &["fix: x"]
        ),
        "## 1.1.0 (2026-11-21)\n\n### Fixed\n\n- x\n\n## 1.0.0 (2026-01-05)\n\n- y\n"
    );
}

#[test]
fn link_definitions_belong_to_no_section() {
    let links = "\n[Unreleased]: https://h/o/r/compare/v1.0.0...HEAD\n";
    let text = format!("## [Unreleased]\n{links}");
    let expected = "## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n\n### Fixed\n\n- x\n\n\
        [Unreleased]: https://h/o/r/compare/v1.1.0...HEAD\n[1.1.0]: https://h/o/r/compare/v1.0.0...v1.1.0\n";
    assert_eq!(made(Some(&text), &["fix: x"]), expected);
    assert_eq!(
        closed_with(Some(&text), &["fix: x"]).unwrap().notes,
        "### Fixed\n\n- x"
    );
    let written = format!("## [Unreleased]\n- x\n{links}");
    assert_eq!(closed_with(Some(&written), &[]).unwrap().notes, "- x");
}

#[test]
fn nothing_to_say_is_said() {
    let closed = closed_with(Some("## [Unreleased]\n"), &["docs: x"]).unwrap();
    assert_eq!(closed.entries, Entries::None);
    assert_eq!(closed.text, b"## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n");
    assert_eq!((closed.notes.as_str(), closed.warnings.len()), ("", 1));
}

#[test]
fn changes_without_an_entry_are_named() {
    let text = "## [Unreleased]\n- Sends mail to everybody (#12)\n- Faster start of the program\n- See [abc0000](url)\n";
    let closed = closed_with(
        Some(text),
        &[
            "feat: by its id",
            "feat: mail\n\nRefs: #12",
            "fix: something else (#1)",
            "perf: make the start of programs faster",
            "docs: silent",
            "feat: colours",
        ],
    )
    .unwrap();
    let what = "a change has no entry in the changelog";
    assert_eq!(
        closed.warnings,
        [
            format!("{what}: feat: colours (abc0005000)"),
            format!("{what}: fix: something else (#1) (abc0002000)"),
        ]
    );
}

#[test]
fn what_cannot_be_closed_says_where() {
    for (text, expected) in [
        (
            "## [Unreleased]\n- x\n\n## [1.1.0] - 2026-01-05\n",
            ChangelogError::Exists {
                version: "1.1.0".into(),
                line: 4,
            },
        ),
        (
            "## [Unreleased]\n\n## v1.1\n",
            ChangelogError::Exists {
                version: "1.1.0".into(),
                line: 3,
            },
        ),
        (
            "## [Unreleased]\n\n## 未发布\n",
            ChangelogError::TwoUnreleased {
                first: 1,
                second: 3,
            },
        ),
        (
            "a\n```\n## [Unreleased]\n~~~\n",
            ChangelogError::Unclosed { line: 2 },
        ),
        (
            "<!--\n## [Unreleased]\n",
            ChangelogError::Unclosed { line: 1 },
        ),
        (
            "## [Unreleased]\n<<<<<<< HEAD\n- x\n=======\n- y\n>>>>>>> other\n",
            ChangelogError::Conflict {
                line: 2,
                text: "<<<<<<< HEAD".into(),
            },
        ),
    ] {
        let error = closed_with(Some(text), &[]).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.hint().is_empty());
    }
    let version = pep("1.1.0");
    let closing = Closing {
        version: &version,
        date: "2026-11-21",
        tag: "v1.1.0",
        unreleased: None,
        changes: &[],
    };
    assert_eq!(
        close(Some(b"\xff"), &closing),
        Err(ChangelogError::NotText { at: 0 })
    );
}

#[test]
fn code_and_comments_are_no_headings() {
    let text = "<!--\n## [Unreleased]\n-->\n```md\n## [1.1.0]\n```\n~~~~\n## 1.1.0\n~~~\n~~~~\n\n## [Unreleased]\n\n```\n# comment\n```\n    ## 1.1.0\n#Unreleased\n";
    let after = closed(text);
    assert!(
        after.contains("## [Unreleased]\n\n## [1.1.0] - 2026-11-21\n\n```\n# comment"),
        "{after}"
    );
    assert_eq!(
        closed_with(Some(text), &[]).unwrap().notes,
        "```\n# comment\n```\n    ## 1.1.0\n#Unreleased"
    );
}

#[test]
fn sections_are_read_whatever_their_spelling() {
    let text = b"# Log 1.0\n\n## [Unreleased]\n- u\n\n## [1.1.0-rc.1] - 2026-01-06\n\n- rc, see [#7] and [x][y]\n\n### Upgrading to 2.0.0\n\ntext\n\n\
        ## 1.0\n- one\n\n# Older\n\n- not here\n\n[#7]: https://h/7\n[y]: https://h/y\n[z]: https://h/z\n";
    let read = |version: &str| section(text, &pep(version)).unwrap();
    assert_eq!(
        read("1.1.0rc1").unwrap(),
        "- rc, see [#7] and [x][y]\n\n### Upgrading to 2.0.0\n\ntext\n\n[#7]: https://h/7\n[y]: https://h/y"
    );
    assert_eq!(read("1.0.0").unwrap(), "- one");
    assert_eq!(read("2.0.0"), None);
}

/// Lines that changelogs are made of, in any order.
fn any_changelog() -> impl Strategy<Value = String> {
    let lines = [
        "# Changelog",
        "",
        "## [Unreleased]",
        "## 1.0.0 (2026-01-05)",
        "## [0.9.0] - 2026-01-01",
        "### Added",
        "- entry",
        "* other",
        "```",
        "<!--",
        "-->",
        "[Unreleased]: https://h/o/r/compare/v1.0.0...HEAD",
        "[1.0.0]: https://h/o/r/tree/v1.0.0",
        "text",
        "## 1.0.1 (unreleased)",
        "## [é]",
        "\u{feff}",
    ];
    let line = proptest::sample::select(lines.to_vec());
    let end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    (proptest::collection::vec(line, 0..14), end, any::<bool>()).prop_map(|(lines, end, last)| {
        let mut text = lines.join(end);
        if last {
            text.push_str(end);
        }
        text
    })
}

proptest! {
    #[test]
    fn closing_keeps_every_other_byte(text in any_changelog(), messages in proptest::collection::vec("(feat|fix|docs|x): [a-z]{3,9}", 0..4)) {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        if let Ok(closed) = closed_with(Some(&text), &messages) {
            let after = String::from_utf8(closed.text).unwrap();
            // Without what was added, and with the moved link as it was, it is the text before.
            let mut kept = after.lines();
            for line in text.lines() {
                let moved = line.replace("compare/v1.0.0...HEAD", "compare/v1.1.0...HEAD");
                let renamed = line.starts_with("## 1.0.1 (unreleased)");
                prop_assert!(renamed || kept.any(|one| one == line || one == moved), "{line:?} is lost in {after:?}");
            }
            let read = section(after.as_bytes(), &pep("1.1.0")).unwrap();
            prop_assert_eq!(read, Some(closed.notes));
            // A second time is refused.
            let again = closed_with(Some(&after), &messages);
            let refused = matches!(again, Err(ChangelogError::Exists { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn any_text_is_closed_or_refused(text in "(?s)[#\\[\\]()`<!\\->: \n\r1.av*é]{0,60}|.{0,60}") {
        if let Ok(closed) = closed_with(Some(&text), &["fix: x"]) {
            prop_assert!(closed.text.len() > text.len());
        }
    }
}
