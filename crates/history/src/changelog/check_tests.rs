use super::*;
use crate::change::{Change, Changes};
use crate::convention::Convention;
use crate::walk::{Author, Commit};
use insta::assert_snapshot;
use shipway_core::config::Scheme;
use shipway_core::name::Oid;
use shipway_core::version::Version;
use std::fmt::Write as _;

fn version(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

/// Changes of commits with these messages, the last the newest.
fn changes(messages: &[&str]) -> Vec<Change> {
    let commit = |(at, message): (usize, &&str)| Commit {
        id: Oid::new(format!("abc{at:04}{}", "0".repeat(33))).unwrap(),
        parents: Vec::new(),
        time: 0,
        author: Author::default(),
        message: (*message).to_owned(),
    };
    let commits: Vec<Commit> = messages.iter().enumerate().map(commit).rev().collect();
    Changes::of(&commits, &Convention::default()).listed
}

/// What is found, a line each.
fn found(text: &str, messages: &[&str], tags: &[&str], guide: Guide) -> String {
    let changes = changes(messages);
    let versions: Vec<Version> = tags
        .iter()
        .map(|tag| version(tag.trim_start_matches('v')))
        .collect();
    let tags: Vec<Tagged> = versions
        .iter()
        .zip(tags)
        .map(|(version, tag)| Tagged { version, tag })
        .collect();
    let next = version("9.0.0");
    let facts = Facts {
        changes: &changes,
        next: Some(&next),
        tags: &tags,
        unreleased: None,
        guide,
        today: Some("2026-11-25"),
    };
    let report = check(text.as_bytes(), &facts).unwrap();
    let mut out = String::new();
    for finding in &report.findings {
        let line = finding.line.map_or("-".to_owned(), |line| line.to_string());
        writeln!(out, "{line} {:?}: {}", finding.severity, finding.problem).unwrap();
    }
    out
}

#[test]
fn changes_and_entries_are_matched() {
    let text = "# Log\n\n## [Unreleased]\n\n### Added\n\n- Sends mail to everybody (#12)\n- Colours in the terminal\n  - also on Windows\n\n\
        - A thing that nobody committed\n* Parses dates of the Ethiopian calendar,\n  see [abc0003](url)\n\n## 1.0.0\n- old\n";
    let messages = [
        "feat: mail (#12)",
        "feat(term): colour terminal output",
        "docs: describe the parser of dates",
        "fix: something else entirely",
        "fix: leap seconds of the clock (#13)",
        "feat!: drop the old interface",
        "chore: nothing to tell",
    ];
    assert_snapshot!(found(text, &messages, &[], Guide::None), @r#"
    3 Error: a change has no entry: feat!: drop the old interface (abc0005000)
    3 Warning: a change has no entry: fix: leap seconds of the clock (#13) (abc0004000)
    11 Note: no change stands behind an entry: A thing that nobody committed
    "#);
}

#[test]
fn numbers_tell_updates_apart() {
    let text = "## Unreleased\n- bump glob from 0.3.1 to 0.3.2\n- @a made their first contribution in #1\n";
    let messages = [
        "fix(deps): bump glob from 0.3.1 to 0.3.2",
        "fix(deps): bump glob from 0.3.2 to 0.4.0",
    ];
    assert_snapshot!(found(text, &messages, &[], Guide::None), @"1 Warning: a change has no entry: fix(deps): bump glob from 0.3.2 to 0.4.0 (abc0001000)");
    let messages = ["fix(deps): bump glob from 0.2.0 to 0.2.1"];
    assert!(found(text, &messages, &[], Guide::None).contains("has no entry"));
}

#[test]
fn a_breaking_change_needs_a_guide_where_the_policy_says_so() {
    let text = "## Unreleased\n- drop --old\n- rename the file\n  Move `a.toml` to `b.toml`.\n- change the default port\n";
    let messages = [
        "feat!: drop --old",
        "feat!: rename the file",
        "feat!: change the default port\n\nBREAKING CHANGE: set port = 80 to keep what you have",
    ];
    assert_snapshot!(found(text, &messages, &[], Guide::Words), @"2 Error: a breaking change does not say what to do about it: feat!: drop --old (abc0000000)");
    let path = "docs/migration/2.0.md";
    assert_eq!(
        found(text, &messages, &[], Guide::File { path, exists: true }),
        ""
    );
    assert_eq!(
        found(
            text,
            &messages,
            &[],
            Guide::File {
                path,
                exists: false
            }
        )
        .matches(path)
        .count(),
        3
    );
}

#[test]
fn the_form_of_the_file_is_looked_at() {
    let text = "# Log\n\n## [Unreleased]\n\n### Added\n\n## [1.2.0] - 2026-02-30\n\n### Added\n\n### Fixed\n\n- x\n\n\
        ## [1.0.0] - 2026-01-05\n- a\n\n## [1.1.0] - 2026-01-06\n- b\n\n## [1.0.0]\n- c\n\n## [0.9.0] - 2027-01-01\n- d\n\n\
        ## [0.8.0] - 2025-01-01\n- e\n\n\
        [Unreleased]: https://h/o/r/compare/v1.1.9...HEAD\n[1.2.0]: https://h/o/r/compare/v1.1.0...v1.2.1\n\
        [1.1.0]: https://h/o/r/compare/v1.0.5...v1.1.0\n[1.0.0]: https://h/o/r/compare/v0.9.0...v1.0.0\n[0.8.0]: https://h/o/r/releases/tag/v0.8.0\n";
    let tags = [
        "v1.2.0",
        "v1.1.0",
        "v1.0.1",
        "v1.0.0",
        "v0.9.0",
        "v0.1.0",
        "v1.3.0-rc.1",
    ];
    assert_snapshot!(found(text, &[], &tags, Guide::None), @r#"
    - Warning: 1.0.1 has a tag and no section
    7 Error: the date of 1.2.0 does not exist
    9 Warning: "Added" has no entries
    18 Warning: 1.1.0 stands below 1.0.0, which is lower
    21 Error: 1.0.0 has a section already in line 15
    24 Error: the date of 0.9.0 has not come yet
    24 Warning: the link of 0.9.0 is missing
    27 Note: 0.8.0 has a section and no tag
    30 Warning: the link of Unreleased begins at a tag that does not exist
    31 Warning: the link of 1.2.0 ends at another tag; it should be https://h/o/r/compare/v1.1.0...v1.2.0
    32 Warning: the link of 1.1.0 begins at a tag that does not exist
    "#);
}

#[test]
fn lines_of_two_series_may_be_sorted_by_version_or_by_date() {
    let tags = ["v2.0.0", "v1.4.3", "v1.4.2"];
    let by_version =
        "## 2.0.0 - 2026-02-01\n- a\n## 1.4.3 - 2026-03-01\n- b\n## 1.4.2 - 2026-01-01\n- c\n";
    let by_date =
        "## 1.4.3 - 2026-03-01\n- b\n## 2.0.0 - 2026-02-01\n- a\n## 1.4.2 - 2026-01-01\n- c\n";
    for text in [by_version, by_date] {
        let report = found(text, &[], &tags, Guide::None);
        assert_eq!(report, "", "{text}");
    }
}

#[test]
fn what_keeps_a_file_from_being_edited_is_found_too() {
    let two = "## Unreleased\n- a\n## 未发布\n- b\n";
    assert!(
        found(two, &[], &[], Guide::None)
            .contains("3 Error: the changelog has two unreleased sections")
    );
    let conflict = "## Unreleased\n<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> x\n";
    assert!(found(conflict, &[], &[], Guide::None).starts_with("2 Error"));
    let changes = changes(&["feat: a"]);
    let facts = Facts {
        changes: &changes,
        next: None,
        tags: &[],
        unreleased: None,
        guide: Guide::None,
        today: None,
    };
    let report = check(b"", &facts).unwrap();
    assert_eq!(
        (report.changes, report.covered, report.worst()),
        (1, 0, Some(Severity::Warning))
    );
    assert!(check(b"\xff", &facts).is_err());
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        r#"{"findings":[{"severity":"warning","line":null,"problem":{"kind":"uncovered","change":"feat: a (abc0000000)"}}],"changes":1,"covered":0,"entries":0,"backed":0}"#
    );
}

#[test]
fn a_large_section_is_matched_in_linear_time() {
    let mut text = String::from("## Unreleased\n");
    let mut messages = Vec::new();
    for at in 0..4000 {
        writeln!(text, "- the word{at} of thing{} is here (#{at})", at / 7).unwrap();
        messages.push(format!(
            "fix: word{at} for thing{} (#{})",
            at / 7,
            at + 100_000
        ));
    }
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let started = std::time::Instant::now();
    let report = found(&text, &messages, &[], Guide::None);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(!report.contains("a change has no entry"), "{report}");
}
