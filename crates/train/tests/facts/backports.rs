//! Fixes by lines, and what is owed to main.

use crate::world::{World, day, known};
use proptest::prelude::*;
use shipway_core::name::Oid;
use shipway_train::backport::Backports;
use shipway_train::facts::{FixMatrix, Link, OnLine};
use shipway_train::git::Layout;
use std::collections::BTreeMap;
use std::path::Path;

const OLD: &str = "v1.4-andium";
const CUR: &str = "v1.5-variegata";

/// Lines up to the thirtieth; the fifteenth may be another.
fn lines(from: usize, other: Option<&str>) -> String {
    let line = |it: usize| match other {
        Some(other) if it == 15 => other.to_owned(),
        _ => format!("line {it}"),
    };
    (from..30).map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Two lines that parted from main on days 2 and 4.
fn world() -> World {
    let world = World::new();
    world.init("httpfs");
    let text = lines(1, None);
    world.commit("httpfs", "main", 1, "one", &[("a", &text)]);
    for (line, on) in [(OLD, 2), (CUR, 4)] {
        world.commit(
            "httpfs",
            "main",
            on,
            "work on main",
            &[("main", &on.to_string())],
        );
        world.branch("httpfs", line, "main");
        world.commit(
            "httpfs",
            line,
            on + 1,
            &format!("begin {line}"),
            &[("VERSION", line)],
        );
    }
    world
}

fn read(world: &World, cache: Option<&Path>) -> Backports {
    let trailers = ["Severity".to_owned()];
    Backports::read(
        &world.source("httpfs"),
        &Layout::named("goose"),
        &trailers,
        cache,
    )
    .unwrap()
}

fn matrix(world: &World, on: i64) -> FixMatrix {
    known(read(world, None).matrix(&[OLD.to_owned(), CUR.to_owned()], &BTreeMap::new(), day(on)))
}

fn fixed(matrix: &FixMatrix, line: &str) -> Option<(Oid, Link, Option<String>)> {
    assert_eq!(matrix.fixes.len(), 1, "{:?}", matrix.fixes);
    match &matrix.fixes[0].lines[line] {
        OnLine::Fixed {
            commit,
            link,
            release,
        } => Some((commit.clone(), *link, release.clone())),
        OnLine::Missing { .. } => None,
        OnLine::Unread { why } => panic!("{why:?}"),
    }
}

#[test]
fn a_fix_is_followed_by_what_cherry_pick_writes() {
    let world = world();
    let fix = world.commit(
        "httpfs",
        CUR,
        10,
        "Fix crash (#7)\n\nSeverity: critical",
        &[("f", "1")],
    );
    let text = format!("Fix crash (#9)\n\n(cherry picked from commit {fix})");
    let picked = world.commit("httpfs", OLD, 12, &text, &[("g", "other text")]);
    world.tag("httpfs", "v1.4.1", OLD, Some(13));
    world.commit("httpfs", OLD, 14, "later", &[("h", "")]);
    world.tag("httpfs", "v1.4.2", OLD, Some(14));
    let found = matrix(&world, 20);
    let one = &found.fixes[0];
    assert_eq!(
        (&one.commit, one.pull, one.severity.as_deref()),
        (&fix, Some(7), Some("critical"))
    );
    assert_eq!(fixed(&found, CUR), Some((fix, Link::Same, None)));
    assert_eq!(
        fixed(&found, OLD),
        Some((picked, Link::CherryPicked, Some("v1.4.1".to_owned())))
    );
    assert_eq!(fixed(&found, "main"), None);
    let earlier = matrix(&world, 11);
    assert!(fixed(&earlier, OLD).is_none());
    assert!(
        matches!(earlier.fixes[0].lines[OLD], OnLine::Missing { since, .. } if since == day(10))
    );
    assert!(matrix(&world, 9).fixes.is_empty());
}

#[test]
fn a_fix_is_followed_by_its_patch_id_whatever_the_message() {
    let world = world();
    world.commit(
        "httpfs",
        "main",
        8,
        "shift lines",
        &[("a", &lines(3, None))],
    );
    let fix = world.commit(
        "httpfs",
        "main",
        10,
        "Fix\n\nSeverity: high",
        &[("a", &lines(3, Some("fixed\tline")))],
    );
    let same = world.commit_by(
        "httpfs",
        OLD,
        "Bob",
        12,
        "other words",
        &[("a", &lines(1, Some("fixed  line")))],
    );
    let found = matrix(&world, 20);
    assert_eq!(fixed(&found, "main"), Some((fix, Link::Same, None)));
    assert_eq!(fixed(&found, OLD), Some((same, Link::PatchId, None)));
    assert_eq!(fixed(&found, CUR), None);
}

#[test]
fn a_fix_is_followed_by_the_number_that_a_backport_names() {
    let world = world();
    world.commit(
        "httpfs",
        "main",
        10,
        "Fix it (#40)\n\nSeverity: low",
        &[("x", "1")],
    );
    let back = world.commit(
        "httpfs",
        OLD,
        12,
        "[Backport of #40] Fix it (#44)",
        &[("y", "2")],
    );
    let found = matrix(&world, 20);
    assert_eq!(fixed(&found, OLD), Some((back, Link::Backport, None)));
    assert_eq!(fixed(&found, CUR), None);
}

#[test]
fn same_words_are_no_proof_and_a_revert_takes_a_fix_away() {
    let world = world();
    let fix = world.commit(
        "httpfs",
        "main",
        10,
        "Fix it (#40)\n\nSeverity: low",
        &[("x", "1")],
    );
    let alike = world.commit("httpfs", OLD, 12, "Fix it (#41)", &[("y", "2")]);
    let found = matrix(&world, 20);
    match &found.fixes[0].lines[OLD] {
        OnLine::Missing { maybe, .. } => assert_eq!(maybe[0].commit, alike),
        other => panic!("{other:?}"),
    }
    let revert = format!("Revert \"Fix it\"\n\nThis reverts commit {fix}.");
    let reverted = world.commit("httpfs", "main", 14, &revert, &[("x", "@gone")]);
    assert_eq!(fixed(&matrix(&world, 20), "main"), None);
    assert!(fixed(&matrix(&world, 13), "main").is_some());
    let again = format!("Reapply\n\nThis reverts commit {reverted}.");
    world.commit("httpfs", "main", 16, &again, &[("x", "1")]);
    assert!(fixed(&matrix(&world, 20), "main").is_some());
}

#[test]
fn what_a_line_has_and_main_lacks_is_owed_until_it_is_merged() {
    let world = world();
    let one = world.commit("httpfs", CUR, 10, "line one", &[("l", "1")]);
    world.commit("httpfs", CUR, 12, "picked", &[("p", "1")]);
    let owed = |on: i64| {
        let all = matrix(&world, on).forward_merges;
        all.into_iter().find(|it| it.line == CUR).unwrap()
    };
    let begin = world.id("httpfs", "v1.5-variegata~2");
    let picked = world.id("httpfs", CUR);
    let before = owed(20);
    assert_eq!(before.owed, [begin, one.clone(), picked]);
    assert_eq!((before.since, before.merged_until), (Some(day(5)), None));
    world.commit("httpfs", "main", 13, "also on main", &[("p", "1")]);
    assert_eq!(owed(20).owed.len(), 2, "the same patch is on main");
    world.merge("httpfs", "main", CUR, 14, &[("l", "1")]);
    let after = owed(20);
    assert!(after.owed.is_empty() && after.since.is_none());
    assert_eq!(after.merged_until, Some((world.id("httpfs", CUR), day(12))));
    assert_eq!(owed(13).owed.len(), 2);
}

#[test]
fn given_fixes_count_and_a_cache_changes_nothing() {
    let world = world();
    let fix = world.commit("httpfs", "main", 10, "quiet fix", &[("x", "1")]);
    world.commit("httpfs", OLD, 11, "the same", &[("x", "1")]);
    let given = BTreeMap::from([(fix, "high".to_owned())]);
    let lines = [OLD.to_owned(), "v9.9-none".to_owned()];
    let ask = |cache: Option<&Path>| known(read(&world, cache).matrix(&lines, &given, day(20)));
    let plain = ask(None);
    assert!(matches!(
        plain.fixes[0].lines[OLD],
        OnLine::Fixed {
            link: Link::PatchId,
            ..
        }
    ));
    assert!(matches!(
        plain.fixes[0].lines["v9.9-none"],
        OnLine::Unread { .. }
    ));
    let cache = world.path("cache");
    assert_eq!(ask(Some(&cache)), plain);
    assert_eq!(ask(Some(&cache)), plain);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Git knows which commits of one side the other lacks, by patch id.
    #[test]
    fn what_is_owed_is_what_git_says(steps in proptest::collection::vec((0..3_u8, 0..4_u8, 0..5_u8), 1..12)) {
        let world = world();
        let last = 10 + i64::try_from(steps.len()).unwrap();
        for (on, (what, file, text)) in (10..).zip(steps) {
            let (path, text) = (format!("f{file}"), "line\n".repeat(usize::from(text)) + "end\n");
            let files = [(path.as_str(), text.as_str())];
            match what {
                0 => world.commit("httpfs", CUR, on, "on the line", &files),
                1 => world.commit("httpfs", "main", on, "on main", &files),
                _ => world.merge("httpfs", "main", CUR, on, &files),
            };
        }
        let found = matrix(&world, last).forward_merges.into_iter().find(|it| it.line == CUR);
        let mut owed: Vec<String> = found.unwrap().owed.iter().map(ToString::to_string).collect();
        let range = format!("main...{CUR}");
        let said = world.git("httpfs", &["rev-list", "--no-merges", "--cherry-pick", "--right-only", &range]);
        let mut said: Vec<String> = said.lines().map(str::to_owned).collect();
        // A commit that changes nothing has no patch id, and git passes it over.
        let empty = |id: &String| world.git("httpfs", &["diff-tree", "--no-commit-id", id]).is_empty();
        owed.retain(|it| !empty(it));
        said.retain(|it| !empty(it));
        owed.sort();
        said.sort();
        prop_assert_eq!(owed, said);
    }
}
