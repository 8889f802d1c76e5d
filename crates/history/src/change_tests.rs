use super::*;
use shipway_core::config::Preset;

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

/// The examples of Conventional Commits 1.0.0, and what its summary and paragraphs make of them.
#[test]
fn the_specifications_examples_mean_what_it_says() {
    for (message, kind, level, breaks) in [
        (
            "feat: allow provided config object to extend other configs\n\nBREAKING CHANGE: `extends` key in config file is \
            now used for extending other config files",
            "feat",
            Some(Level::Major),
            true,
        ),
        (
            "feat!: send an email to the customer when a product is shipped",
            "feat",
            Some(Level::Major),
            true,
        ),
        (
            "feat(api)!: send an email to the customer when a product is shipped",
            "feat",
            Some(Level::Major),
            true,
        ),
        (
            "feat!: drop support for Node 6\n\nBREAKING CHANGE: use JavaScript features not available in Node 6.",
            "feat",
            Some(Level::Major),
            true,
        ),
        ("docs: correct spelling of CHANGELOG", "docs", None, false),
        (
            "feat(lang): add Polish language",
            "feat",
            Some(Level::Minor),
            false,
        ),
        (
            "fix: prevent racing of requests\n\nIntroduce a request id and a reference to latest request. Dismiss\nincoming responses \
            other than from latest request.\n\nRemove timeouts which were used to mitigate the racing issue but are\nobsolete \
            now.\n\nReviewed-by: Z\nRefs: #123",
            "fix",
            Some(Level::Patch),
            false,
        ),
        (
            "revert: let us never again speak of the noodle incident\n\nRefs: 676104e, a215868",
            "revert",
            Some(Level::Patch),
            false,
        ),
    ] {
        let changes = read_all(&[message]);
        let change = &changes.listed[0];
        assert_eq!(
            (
                change.kind.to_string().as_str(),
                change.level,
                change.breaking.is_some()
            ),
            (kind, level, breaks),
            "{message}"
        );
    }
}

mod laws {
    use super::*;
    use crate::next_version;
    use proptest::prelude::*;
    use shipway_core::config::Initial;

    const MESSAGES: [&str; 10] = [
        "feat: a",
        "fix(core): b",
        "feat!: c",
        "chore: d",
        "Words",
        "fix: e\n\nBREAKING CHANGE: f",
        "docs: g (#3)\n\n* feat: h\n* fix: i",
        "Merge pull request #7 from x/y\n\nfeat: j",
        "perf: k [skip release]",
        "Revert \"feat: a\"",
    ];

    fn level(changes: &Changes) -> Option<Level> {
        let current =
            shipway_core::version::Version::parse("1.0.0", shipway_core::config::Scheme::Semver)
                .unwrap();
        next_version(Some(&current), &changes.listed, Initial::FeaturesMinor)?.level
    }

    fn picked(picks: &[usize]) -> Vec<&'static str> {
        picks.iter().map(|at| MESSAGES[*at]).collect()
    }

    proptest! {
        #[test]
        fn two_halves_are_the_whole(picks in proptest::collection::vec(0_usize..10, 0..12)) {
            let commits = history(&picked(&picks));
            let convention = Convention::default();
            // In whatever order they are read.
            let mut reads: Vec<Read> = commits.iter().rev().map(|commit| Read::of(commit.clone(), &convention)).collect();
            reads.reverse();
            prop_assert_eq!(Changes::from_reads(reads), Changes::of(&commits, &convention));
        }

        #[test]
        fn every_commit_is_counted(picks in proptest::collection::vec(0_usize..10, 0..12)) {
            let commits = history(&picked(&picks));
            let changes = Changes::of(&commits, &Convention::default());
            let all = [&changes.listed, &changes.cancelled, &changes.skipped];
            let found = |commit: &Commit| all.iter().any(|list| list.iter().any(|change| change.commit.as_ref() == Some(&commit.id)));
            prop_assert!(commits.iter().all(found));
        }

        #[test]
        fn a_revert_pair_is_as_if_neither_was(picks in proptest::collection::vec(0_usize..7, 0..8), at in 0_usize..8) {
            let without = read_all(&picked(&picks));
            let mut messages = picked(&picks);
            let at = at.min(messages.len());
            messages.insert(at, "feat!: only here");
            messages.push("Revert \"feat!: only here\"");
            let with = read_all(&messages);
            prop_assert_eq!(level(&with), level(&without));
            prop_assert_eq!(with.listed.len(), without.listed.len());
        }

        #[test]
        fn any_message_is_read(message in "(?s).{0,80}", words in "([*]|Revert \"|feat|!|: |\n|\"|BREAKING CHANGE|Merge | \\(#1\\)|a){0,20}") {
            for preset in [Preset::Conventional, Preset::Angular, Preset::Gitmoji] {
                let changes = Changes::of(&history(&[&message, &words]), &Convention::preset(preset));
                prop_assert!(changes.listed.len() + changes.cancelled.len() + changes.skipped.len() >= 2);
            }
        }
    }
}
