use super::*;

/// Commits from the oldest to the newest, each the child of the one before; ids are the position in hexadecimal.
fn history(messages: &[&str]) -> Vec<Commit> {
    let id = |at: usize| Oid::new(format!("{:07x}{}", at + 0xabc_0000, "0".repeat(33))).unwrap();
    let commit = |(at, message): (usize, &&str)| Commit {
        id: id(at),
        parents: at.checked_sub(1).map(id).into_iter().collect(),
        time: 1_700_000_000 + i64::try_from(at).unwrap(),
        author: crate::walk::Author::default(),
        message: (*message).to_owned(),
    };
    messages.iter().enumerate().map(commit).rev().collect()
}

fn read_all(messages: &[&str]) -> Changes {
    Changes::of(&history(messages), &Convention::default())
}

fn descriptions(changes: &[Change]) -> Vec<&str> {
    changes
        .iter()
        .map(|change| change.description.as_str())
        .collect()
}

#[test]
fn every_commit_is_accounted_for() {
    let mut commits = history(&[
        "feat(api)!: new address (#12)\n\nRefs: #7, owner/name#8\nCloses #9",
        "Some words",
        "docs: words",
        "Merge branch 'x'",
        "feat: merged by a conventional merge",
        "",
    ]);
    commits[2].parents = vec![commits[3].id.clone(), commits[4].id.clone()];
    commits[1].parents = vec![commits[2].id.clone(), commits[4].id.clone()];
    let changes = Changes::of(&commits, &Convention::default());
    assert_eq!(changes.merges, 1);
    assert_eq!(changes.cancelled, []);
    let kinds: Vec<String> = changes
        .listed
        .iter()
        .map(|change| change.kind.to_string())
        .collect();
    assert_eq!(kinds, ["other", "feat", "docs", "other", "feat"]);
    assert_eq!(
        descriptions(&changes.others().cloned().collect::<Vec<_>>()),
        ["", "Some words"]
    );
    let first = &changes.listed[4];
    assert_eq!(first.references, ["#12", "#7", "owner/name#8", "#9"]);
    assert_eq!(first.breaking.as_deref(), Some("new address (#12)"));
    assert_eq!(
        first.to_string(),
        "feat(api)!: new address (#12) (abc0000000)"
    );
    assert_eq!(changes.listed[3].to_string(), "Some words (abc0001000)");
}

#[test]
fn a_revert_in_the_range_cancels_what_it_reverts() {
    for revert in [
        "Revert \"feat: a\"\n\nThis reverts commit abc0001000000000000000000000000000000000.",
        "Revert \"feat: a\"\n\nThis reverts commit abc0001.",
        "Revert \"feat: a\"",
        "revert: feat: a",
        "revert: let us forget it\n\nRefs: abc0001, fffffff",
        "revert: feat: a\n\nThis reverts commit ABC0001000.",
    ] {
        let changes = read_all(&["fix: before", "feat: a", "fix: between", revert]);
        assert_eq!(
            descriptions(&changes.listed),
            ["between", "before"],
            "{revert}"
        );
        assert_eq!(changes.cancelled.len(), 2, "{revert}");
    }
}

#[test]
fn a_revert_of_something_released_is_a_change() {
    for revert in [
        "Revert \"feat: long ago\"\n\nThis reverts commit 1234567890123456789012345678901234567890.",
        "Revert \"feat: long ago\"",
        "revert: feat: long ago",
    ] {
        let changes = read_all(&["fix: before", revert]);
        assert_eq!(changes.listed.len(), 2);
        assert_eq!(changes.listed[0].kind, Kind::Revert, "{revert}");
        assert_eq!(changes.cancelled, []);
    }
}

#[test]
fn a_reverted_revert_cancels_nothing() {
    let id = |at: usize| format!("This reverts commit abc{at:04x}.");
    let again = format!("Revert \"Revert \"feat: a\"\"\n\n{}", id(1));
    let messages = [
        "feat: a",
        &format!("Revert \"feat: a\"\n\n{}", id(0)),
        &again,
    ];
    let changes = read_all(&messages);
    assert_eq!(descriptions(&changes.listed), ["a"]);
    assert_eq!(changes.cancelled.len(), 2);

    let reapply = format!("Reapply \"feat: a\"\n\n{}", id(1));
    let third = format!("Revert \"feat: a\"\n\n{}", id(0));
    let messages = [messages[0], messages[1], &reapply, "fix: b", &third];
    let changes = read_all(&messages);
    assert_eq!(descriptions(&changes.listed), ["b"]);
}

#[test]
fn a_change_with_a_header_of_its_own_stays() {
    let fix = "fix: back out the cache\n\nThis reverts commit abc0000.";
    let changes = read_all(&["perf: cache", fix]);
    assert_eq!(descriptions(&changes.listed), ["back out the cache"]);
    assert_eq!(descriptions(&changes.cancelled), ["cache"]);
}

#[test]
fn reverting_a_merge_cancels_what_it_brought_in() {
    //  0 ── 1 ────── 4 ── 5 (reverts 4)
    //   └── 2 ── 3 ──┘
    let mut commits = history(&[
        "fix: base",
        "fix: on main",
        "feat: on branch",
        "feat: more on branch",
        "Merge branch 'x'",
        "Revert \"Merge branch 'x'\"\n\nThis reverts commit abc0004, reversing\nchanges made to abc0001.",
    ]);
    commits[3].parents = vec![commits[5].id.clone()];
    commits[1].parents = vec![commits[4].id.clone(), commits[2].id.clone()];
    let changes = Changes::of(&commits, &Convention::default());
    assert_eq!(descriptions(&changes.listed), ["on main", "base"]);
    assert_eq!(changes.cancelled.len(), 3);
    assert_eq!(changes.merges, 1);
}

#[test]
fn an_id_that_fits_two_commits_cancels_neither() {
    let mut commits = history(&["feat: a", "feat: b", "revert: x\n\nRefs: abc0000"]);
    commits[1].id = Oid::new(format!("abc0000{}", "1".repeat(33))).unwrap();
    let changes = Changes::of(&commits, &Convention::default());
    assert_eq!(changes.listed.len(), 3);
}
