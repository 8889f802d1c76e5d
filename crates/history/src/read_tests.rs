use super::*;
use crate::change::Changes;
use crate::walk::Author;
use shipway_core::config::Unconventional;

fn id(at: usize) -> Oid {
    Oid::new(format!("{:07x}{}", at + 0xabc_0000, "0".repeat(33))).unwrap()
}

/// A commit and its parents, by position.
fn commit(at: usize, parents: &[usize], message: &str) -> Commit {
    Commit {
        id: id(at),
        parents: parents.iter().map(|at| id(*at)).collect(),
        time: 1_700_000_000 + i64::try_from(at).unwrap(),
        author: Author::read(b"A <a@example.org>"),
        message: message.to_owned(),
    }
}

/// One line per change: level, group, change.
fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let level = change
            .level
            .map_or("-".to_owned(), |level| level.to_string());
        let group = change.group.as_deref().unwrap_or("-");
        let text = change.to_string();
        format!("{level} {group} {}", text.rsplit_once(" (").unwrap().0)
    };
    changes.iter().map(line).collect()
}

fn one(message: &str, convention: &Convention) -> Vec<String> {
    lines(&Read::of(commit(0, &[1], message), convention).changes)
}

fn plain(message: &str) -> Vec<String> {
    one(message, &Convention::default())
}

#[test]
fn a_commit_is_one_change() {
    assert_eq!(plain("feat(api): a"), ["minor Added feat(api): a"]);
    assert_eq!(plain("docs!: a"), ["major Changed docs!: a"]);
    assert_eq!(plain("Some words"), ["- - Some words"]);
    assert_eq!(
        plain("Some words\n\nBREAKING CHANGE: b"),
        ["major Changed Some words"]
    );
    let mut listing = Convention::default();
    listing.unconventional = Unconventional::List;
    assert_eq!(one("Some words", &listing), ["- Other Some words"]);
    listing.unconventional = Unconventional::Patch;
    assert_eq!(one("Some words", &listing), ["patch Other Some words"]);
}

#[test]
fn everything_that_footers_say_is_kept() {
    let message = "feat: a (#3)\n\nBody of B #9\n\nCloses #4\nRefs: GH-5, x/y#6\nRelease-As: 2.0.0\nCo-authored-by: B <b@x>";
    let read = Read::of(commit(0, &[1], message), &Convention::default());
    let change = &read.changes[0];
    assert_eq!(change.references, ["#3", "#4", "GH-5", "x/y#6"]);
    assert_eq!(change.release_as.as_deref(), Some("2.0.0"));
    assert_eq!(change.authors.len(), 2);
    assert_eq!(change.commit, Some(id(0)));
    assert_eq!(read.pull, Some(3));
}

#[test]
fn a_wish_for_a_version_needs_no_change() {
    for (parents, message) in [
        (&[1][..], "chore: release\n\nRelease-As: 3.0.0-rc.1"),
        (&[1], "Words\n\nrelease-as: 3.0.0-rc.1 please"),
        (&[1, 2], "Merge branch 'x'\n\nRelease-As: 3.0.0-rc.1"),
    ] {
        let changes = Changes::of(&[commit(0, parents, message)], &Convention::default());
        assert_eq!(
            changes.listed[0].release_as.as_deref(),
            Some("3.0.0-rc.1"),
            "{message}"
        );
        assert_eq!(changes.listed[0].level, None);
    }
}

#[test]
fn commits_that_ask_not_to_be_counted_are_left_out() {
    for message in [
        "feat: a [skip release]",
        "feat: a\n\n[Release  Skip]",
        "fixup! feat: a",
        "squash! feat: a\n\nBREAKING CHANGE: b",
        "amend! feat: a",
    ] {
        let changes = Changes::of(&[commit(0, &[1], message)], &Convention::default());
        assert_eq!(
            (changes.listed.len(), changes.skipped.len()),
            (0, 1),
            "{message}"
        );
    }
    for message in [
        "feat: a [skip ci]",
        "feat: [release skip now]",
        "feat: a [skip release",
    ] {
        let changes = Changes::of(&[commit(0, &[1], message)], &Convention::default());
        assert_eq!(
            (changes.listed.len(), changes.skipped.len()),
            (1, 0),
            "{message}"
        );
    }
}

#[test]
fn a_squash_merge_is_as_many_changes_as_it_lists() {
    let github = "feat: polish (#12)\n\n* feat: polish\n\nBody of it.\n\n* wip\n\n* fix(core): a bug\n\nBREAKING CHANGE: gone\n\n* docs: words\n\n\
        * fix(core): a bug\n\n---------\n\nCo-authored-by: B <b@x>\n";
    assert_eq!(
        plain(github),
        [
            "minor Added feat: polish (#12)",
            "- - docs: words",
            "major Fixed fix(core)!: a bug",
        ]
    );
    let read = Read::of(commit(0, &[1], github), &Convention::default());
    assert!(read.changes.iter().all(|change| change.authors.len() == 2));
    assert_eq!(read.changes[2].references, ["#12"]);
    assert_eq!(read.changes[0].breaking, None);

    let modest = "docs: words (#12)\n\n* feat: a\n* fix!: b\n* fix: c\n\nBREAKING CHANGE: d";
    assert_eq!(
        plain(modest),
        [
            "- - docs: words (#12)",
            "major Fixed fix!: c",
            "- - fix: b",
            "- - feat: a"
        ]
    );
    let no_header = "Polish everything (#12)\n\n* feat: a\n* fix: b\n";
    assert_eq!(
        plain(no_header),
        ["patch Fixed fix: b", "minor Added feat: a"]
    );
    let bitbucket = "Merged in x/polish (pull request #4)\n\nPolish\n\n* feat: a\n\nApproved-by: C";
    assert_eq!(plain(bitbucket), ["minor Added feat: a"]);
    let git = "Squashed commit of the following:\n\ncommit 0123456789012345678901234567890123456789\nAuthor: A <a@x>\nDate:   Mon\n\n    \
        feat: b\n    \n    body\n\ncommit 1123456789012345678901234567890123456789\nAuthor: A <a@x>\nDate:   Mon\n\n    fix: a\n";
    assert_eq!(plain(git), ["minor Added feat: b", "patch Fixed fix: a"]);

    let mut off = Convention::default();
    off.squash = false;
    assert_eq!(one(no_header, &off), ["- - Polish everything (#12)"]);
}

#[test]
fn a_list_that_is_no_squash_merge_is_text() {
    for message in [
        "chore: clean\n\nIt does:\n\n* feat: not this\n* fix: nor this",
        "chore: clean (#3)\n\n* api: no type that is known\n* Note: nor this",
        "chore: clean (#3)\n\n  * feat: indented",
        "chore: clean\n\n* feat: one alone",
    ] {
        assert_eq!(plain(message).len(), 1, "{message}");
    }
}

#[test]
fn what_a_squash_merge_takes_back_itself_is_not_in_it() {
    let message = "feat: a (#1)\n\n* fix: b\n\n* Revert \"fix: b\"\n\nThis reverts commit 1234567.\n\n* fix: c";
    assert_eq!(
        plain(message),
        ["minor Added feat: a (#1)", "patch Fixed fix: c"]
    );
}

#[test]
fn the_title_of_a_pull_request_counts_where_its_commits_say_nothing() {
    for (message, number) in [
        ("Merge pull request #12 from x/y\n\nfeat: polish", "#12"),
        (
            "Merge branch 'y' into 'main'\n\nfeat: polish\n\nWords\n\nSee merge request g/p!12",
            "g/p!12",
        ),
        (
            "Merged in y (pull request #12)\n\nfeat: polish\n\nApproved-by: Z",
            "#12",
        ),
        (
            "Merge pull request 'feat: polish' (#12) from y into main",
            "#12",
        ),
        ("Merged PR 12: feat: polish", "!12"),
    ] {
        let of = |on_branch: &str| {
            let commits = [
                commit(4, &[2, 3], message),
                commit(3, &[1], on_branch),
                commit(2, &[1], "fix: on main"),
            ];
            Changes::of(&commits, &Convention::default())
        };
        let silent = of("wip");
        assert_eq!(
            lines(&silent.listed),
            [
                "minor Added feat: polish",
                "- - wip",
                "patch Fixed fix: on main"
            ],
            "{message}"
        );
        assert_eq!(silent.listed[0].references.join(""), number);
        let speaking = of("fix: polish");
        assert_eq!(
            lines(&speaking.listed),
            ["patch Fixed fix: polish", "patch Fixed fix: on main"]
        );
        assert_eq!(speaking.merges, 1);
    }
}

#[test]
fn a_merge_with_words_of_its_own_counts_once() {
    let of = |on_branch: &str| {
        let commits = [
            commit(4, &[2, 3], "feat: polish (#12)"),
            commit(3, &[1], on_branch),
            commit(2, &[1], "feat: polish"),
        ];
        lines(&Changes::of(&commits, &Convention::default()).listed)
    };
    assert_eq!(
        of("fix: b"),
        [
            "minor Added feat: polish (#12)",
            "patch Fixed fix: b",
            "minor Added feat: polish"
        ]
    );
    assert_eq!(
        of("feat: polish"),
        ["minor Added feat: polish", "minor Added feat: polish"]
    );
}

#[test]
fn a_breaking_change_that_a_merge_alone_tells_is_not_lost() {
    let of = |on_branch: &str| {
        let commits = [
            commit(3, &[1, 2], "Merge branch 'y'\n\nBREAKING CHANGE: gone"),
            commit(2, &[1], on_branch),
        ];
        lines(&Changes::of(&commits, &Convention::default()).listed)
    };
    assert_eq!(
        of("feat: a"),
        ["major Changed Merge branch 'y'", "minor Added feat: a"]
    );
    assert_eq!(of("feat!: a"), ["major Added feat!: a"]);
}
