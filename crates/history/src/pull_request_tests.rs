use super::*;
use crate::walk::{Author, Commit};
use proptest::prelude::*;
use shipway_core::config::{self, Preset, Rule, Unconventional};

fn id(at: usize) -> Oid {
    Oid::new(format!("{:07x}{}", at + 0xabc_0000, "0".repeat(33))).unwrap()
}

/// By position, the oldest first.
fn commit(at: usize, parents: &[usize], message: &str) -> Commit {
    let author = Author {
        name: format!("Person {at}"),
        email: format!("{at}@example.org"),
    };
    Commit {
        id: id(at),
        parents: parents.iter().map(|at| id(*at)).collect(),
        time: i64::try_from(at).unwrap(),
        author,
        message: message.to_owned(),
    }
}

/// Each the child of the one before.
fn line(messages: &[&str]) -> Vec<Commit> {
    let parent = |at: usize| at.checked_sub(1).into_iter().collect::<Vec<_>>();
    let all = messages.iter().enumerate();
    all.map(|(at, message)| commit(at, &parent(at), message))
        .collect()
}

/// The oldest commit is on the main line, the last merges the others.
fn merged(messages: &[&str]) -> Vec<Commit> {
    let mut commits = line(messages);
    let last = commits.len() - 1;
    commits[last].parents = vec![id(0), id(last - 1)];
    commits
}

fn pull(number: u64, merge: usize, title: &str, labels: &[&str]) -> PullRequest {
    PullRequest {
        number,
        title: title.to_owned(),
        body: None,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        author: Some(format!("person-{number}")),
        merge_commit: Some(id(merge)),
        commits: Vec::new(),
    }
}

fn join_with(
    convention: &Convention,
    mut commits: Vec<Commit>,
    pulls: Vec<PullRequest>,
) -> Changes {
    commits.reverse();
    let reads: Vec<Read> = commits
        .into_iter()
        .map(|one| Read::of(one, convention))
        .collect();
    let mut pulls = PullRequests::of(pulls);
    pulls.find_commits(&reads);
    let once = pulls.join(Changes::from_reads(reads), convention);
    assert_eq!(pulls.join(once.clone(), convention), once, "joined twice");
    once
}

fn told(changes: &Changes) -> Vec<String> {
    let one = |change: &Change| {
        let level = change
            .level
            .map_or("none".to_owned(), |level| level.to_string());
        let group = change.group.as_deref().unwrap_or("nowhere");
        let by = if change.origin == Origin::Commit {
            "commit"
        } else {
            "title"
        };
        format!(
            "{level} {group} {change} [{}] by {by}",
            change.references.join(" ")
        )
    };
    changes.listed.iter().map(one).collect()
}

fn joined(commits: Vec<Commit>, pulls: Vec<PullRequest>) -> Vec<String> {
    told(&join_with(&Convention::default(), commits, pulls))
}

#[test]
fn commits_that_say_the_same_are_believed() {
    let squash = line(&["Begin", "feat(api): add it (#12)"]);
    let expected = ["minor Added feat(api): add it (#12) (abc0001000) [#12] by commit"];
    let found = joined(squash.clone(), vec![pull(12, 1, "feat(api): add it", &[])]);
    assert_eq!(found[..1], expected);
    let mut unknown = pull(12, 1, "docs: it", &[]);
    unknown.merge_commit = None;
    assert_eq!(joined(squash, vec![unknown])[..1], expected);

    let merge = merged(&[
        "Begin",
        "fix: a",
        "wip",
        "feat: b",
        "Merge pull request #7 from x/y\n\nfeat: all",
    ]);
    assert_eq!(
        joined(merge, vec![pull(7, 4, "feat: all", &[])])[..2],
        [
            "minor Added feat: b (abc0003000) [#7] by commit",
            "none nowhere wip (abc0002000) [#7] by commit"
        ]
    );
}

#[test]
fn a_title_takes_the_place_of_commits_that_say_nothing() {
    let mut one = pull(7, 4, "fix(core): all of it, #3 (#7)", &[]);
    one.body = Some("<!--\nFixes #99\n-->\nWhy\n\nFixes #5\n".to_owned());
    let merge = merged(&[
        "Begin",
        "a",
        "b",
        "c\n\nRelease-As: 3.0.0",
        "Merge pull request #7 from x/y",
    ]);
    let changes = join_with(&Convention::default(), merge, vec![one]);
    assert_eq!(
        told(&changes),
        [
            "patch Fixed fix(core): all of it, #3 (abc0004000) [#7 #3 #5] by title",
            "none nowhere Begin (abc0000000) [] by commit"
        ]
    );
    let change = &changes.listed[0];
    assert_eq!(change.release_as.as_deref(), Some("3.0.0"));
    assert_eq!((change.authors.len(), change.time), (3, 3));

    // What they ask for stays.
    let squash = line(&["Begin", "Words\n\nBREAKING CHANGE: gone"]);
    let found = joined(squash, vec![pull(3, 1, "docs: words", &[])]);
    assert_eq!(
        found[0],
        "major Changed docs!: words (abc0001000) [#3] by title"
    );
}

#[test]
fn a_merge_that_tells_its_title_takes_the_place_too() {
    let merge = merged(&[
        "Begin",
        "a",
        "b",
        "Merge pull request #7 from x/y\n\nfeat: all",
    ]);
    assert_eq!(
        joined(merge, vec![pull(7, 3, "feat: all", &[])]),
        [
            "minor Added feat: all (abc0003000) [#7] by commit",
            "none nowhere Begin (abc0000000) [] by commit"
        ]
    );
}

#[test]
fn a_title_that_asks_for_more_counts() {
    let squash = line(&["Begin", "fix: a (#2)"]);
    assert_eq!(
        joined(squash, vec![pull(2, 1, "feat!: b", &[])])[0],
        "major Added feat!: b (abc0001000) [#2] by title"
    );
    let merge = merged(&[
        "Begin",
        "fix: a",
        "fix: b",
        "Merge pull request #7 from x/y",
    ]);
    assert_eq!(
        joined(merge, vec![pull(7, 3, "feat: all", &[])])[..3],
        [
            "minor Added feat: all (abc0003000) [#7] by title",
            "patch Fixed fix: b (abc0002000) [#7] by commit",
            "patch Fixed fix: a (abc0001000) [#7] by commit"
        ]
    );
}

#[test]
fn labels_say_level_and_group() {
    let of = |subject: &str, title: &str, labels: &[&str]| {
        joined(line(&["Begin", subject]), vec![pull(2, 1, title, labels)]).remove(0)
    };
    for (subject, labels, expected) in [
        (
            "Words",
            &["Bug"][..],
            "patch Fixed Words (abc0001000) [#2] by title",
        ),
        (
            "Words",
            &["bug", "enhancement"],
            "minor Added Words (abc0001000) [#2] by title",
        ),
        (
            "Words",
            &["unknown"],
            "none nowhere Words (abc0001000) [#2] by commit",
        ),
        (
            "Words",
            &["semver:minor", "bug"],
            "minor Fixed Words (abc0001000) [#2] by title",
        ),
        (
            "Words",
            &["skip-changelog"],
            "none nowhere Words (abc0001000) [#2] by commit",
        ),
        (
            "feat: a",
            &["semver:patch"],
            "patch Added feat: a (abc0001000) [#2] by commit",
        ),
        (
            "feat: a",
            &["bug"],
            "minor Added feat: a (abc0001000) [#2] by commit",
        ),
        (
            "fix: a",
            &["enhancement"],
            "minor Fixed fix: a (abc0001000) [#2] by commit",
        ),
        (
            "docs: a",
            &["bug"],
            "patch Fixed docs: a (abc0001000) [#2] by commit",
        ),
        (
            "feat: a",
            &["skip-changelog"],
            "minor nowhere feat: a (abc0001000) [#2] by commit",
        ),
        (
            "feat!: a",
            &["semver:patch"],
            "major Added feat!: a (abc0001000) [#2] by commit",
        ),
    ] {
        assert_eq!(
            of(subject, subject, labels),
            expected,
            "{subject} {labels:?}"
        );
    }
}

#[test]
fn rules_of_a_project_for_labels_hold() {
    let mut config = config::Changes::default();
    let rule = |level, group| Rule { level, group };
    config.labels = [
        (
            "Internal".to_owned(),
            rule(Some(Asked::Nothing), Some(Listed::Hidden)),
        ),
        ("quiet".to_owned(), rule(Some(Asked::Nothing), None)),
        (
            "deps".to_owned(),
            rule(None, Some(Listed::In("Dependencies".to_owned()))),
        ),
    ]
    .into();
    let convention = Convention::of(&config).unwrap();
    for (subject, label, expected) in [
        (
            "feat!: a",
            "internal",
            "none nowhere feat!: a (abc0001000) [#2] by commit",
        ),
        (
            "feat: a",
            "QUIET",
            "none Added feat: a (abc0001000) [#2] by commit",
        ),
        (
            "fix: a",
            "deps",
            "patch Dependencies fix: a (abc0001000) [#2] by commit",
        ),
        (
            "Words",
            "deps",
            "none Dependencies Words (abc0001000) [#2] by title",
        ),
    ] {
        let changes = join_with(
            &convention,
            line(&["Begin", subject]),
            vec![pull(2, 1, subject, &[label])],
        );
        assert_eq!(told(&changes)[0], expected);
    }
}

#[test]
fn a_commit_belongs_to_the_innermost_pull_request() {
    // 0 on main; 1 begins the outer branch; 2 is the inner one, merged by 3; 4 merges all.
    let commits = vec![
        commit(0, &[], "Begin"),
        commit(1, &[0], "outer"),
        commit(2, &[1], "inner"),
        commit(3, &[1, 2], "Merge pull request #1 from x/inner"),
        commit(4, &[0, 3], "Merge pull request #2 from x/outer"),
    ];
    let mut pulls = vec![
        pull(2, 4, "feat: outer", &[]),
        pull(1, 3, "fix: inner", &[]),
    ];
    pulls[0].merge_commit = None;
    assert_eq!(
        joined(commits, pulls)[..2],
        [
            "patch Fixed fix: inner (abc0003000) [#1] by title",
            "minor Added feat: outer (abc0001000) [#2] by title"
        ]
    );
}

#[test]
fn what_is_not_listed_is_not_brought_back() {
    let commits = line(&[
        "Begin",
        "feat: a (#2)",
        "Revert \"feat: a (#2)\"",
        "feat: b [skip release] (#3)",
    ]);
    let pulls = vec![
        pull(2, 1, "feat: a", &["major"]),
        pull(3, 3, "feat: b", &[]),
        pull(9, 77, "feat: elsewhere", &[]),
    ];
    let changes = join_with(&Convention::default(), commits, pulls);
    assert_eq!(
        told(&changes),
        ["none nowhere Begin (abc0000000) [] by commit"]
    );
    assert_eq!((changes.cancelled.len(), changes.skipped.len()), (2, 1));
}

#[test]
fn people_are_known_by_their_pull_requests() {
    let commits = merged(&[
        "Begin",
        "fix: a",
        "fix: b",
        "Merge pull request #7 from x/y",
    ]);
    let mut pulls = PullRequests::of([pull(7, 3, "x", &[]), pull(1, 0, "y", &[])]);
    let reads: Vec<Read> = commits
        .into_iter()
        .rev()
        .map(|one| Read::of(one, &Convention::default()))
        .collect();
    pulls.find_commits(&reads);
    let changes = Changes::from_reads(reads);
    let known = [("0@example.org".to_owned(), "person-1".to_owned())];
    assert_eq!(pulls.handles(&changes.listed), known.into());
}

#[test]
fn a_forge_may_send_more_than_is_read() {
    let text = format!(
        r#"{{"number": 1, "title": "a", "body": null, "draft": false, "merge_commit": "{}"}}"#,
        id(1)
    );
    let found: PullRequest = serde_json::from_str(&text).unwrap();
    assert_eq!(found.merge_commit, Some(id(1)));
    assert!(
        serde_json::from_str::<PullRequest>(
            r#"{"number": 1, "title": "a", "merge_commit": "HEAD"}"#
        )
        .is_err()
    );
}

const WORDS: [&str; 9] = [
    "feat: a",
    "fix: a (#1)",
    "docs: a (#2)",
    "feat!: a",
    "wip",
    "Words\n\nBREAKING CHANGE: a",
    "Merge branch 'x'",
    "Merge pull request #1 from x/y\n\nfix: a",
    "Words (#2)\n\n* feat: x\n* fix: y",
];
const LABELS: [&str; 8] = [
    "bug",
    "enhancement",
    "semver:patch",
    "major",
    "skip-changelog",
    "internal",
    "deps",
    "other",
];

proptest! {
    /// Joining again changes nothing, and nothing asks for less, unless a label says so.
    #[test]
    fn joining_is_done_once_and_lowers_nothing(
        words in proptest::collection::vec((0..WORDS.len(), any::<bool>()), 1..8),
        pulls in proptest::collection::vec((1_u64..4, 0_usize..9, 0..WORDS.len(), proptest::collection::vec(0..LABELS.len(), 0..3)), 0..4),
        preset in 0_usize..3, list in 0_usize..3,
    ) {
        let config = config::Changes {
            preset: [Preset::Conventional, Preset::Angular, Preset::Gitmoji][preset],
            unconventional: [Unconventional::Hide, Unconventional::List, Unconventional::Patch][list],
            labels: [
                ("internal".to_owned(), Rule { level: Some(Asked::Nothing), group: Some(Listed::Hidden) }),
                ("deps".to_owned(), Rule { level: None, group: Some(Listed::In("Dependencies".to_owned())) }),
            ].into(),
            ..config::Changes::default()
        };
        let convention = Convention::of(&config).unwrap();
        let commits: Vec<Commit> = words.iter().enumerate().map(|(at, (word, merges))| {
            let parents: Vec<usize> = if *merges && at > 1 { vec![at - 2, at - 1] } else { at.checked_sub(1).into_iter().collect() };
            commit(at, &parents, WORDS[*word])
        }).collect();
        let pulls: Vec<PullRequest> = pulls.iter().map(|(number, merge, title, labels)| {
            let labels: Vec<&str> = labels.iter().map(|at| LABELS[*at]).collect();
            pull(*number, *merge, WORDS[*title], &labels)
        }).collect();
        let before = Changes::of(&commits.iter().rev().cloned().collect::<Vec<_>>(), &convention);
        let after = join_with(&convention, commits, pulls.clone());
        let lowers = |label: &String| ["semver:patch", "internal"].contains(&label.as_str());
        let level = |changes: &Changes| changes.listed.iter().map(|change| change.level).max().flatten();
        if !pulls.iter().any(|pull| pull.labels.iter().any(lowers)) {
            prop_assert!(level(&after) >= level(&before));
        }
        let asked = |changes: &Changes| changes.listed.iter().filter(|change| change.breaking.is_some()).count() > 0;
        prop_assert!(asked(&after) >= asked(&before));
        prop_assert_eq!((after.cancelled, after.skipped, after.merges), (before.cancelled, before.skipped, before.merges));
    }
}
