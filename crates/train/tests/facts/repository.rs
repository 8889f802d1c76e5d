//! Branches, tags and branch types at a date.

use crate::world::{World, day, known};
use shipway_train::facts::{BranchType, Known, Reason, RepositoryFacts};

const CUR: &str = "v1.5-variegata";

/// main: days 1, 3, 9; the line: cut after day 3, own commits on days 5 and 7.
fn two_branches() -> World {
    let world = World::new();
    world.init("goose");
    world.commit("goose", "main", 1, "one", &[("a", "1")]);
    world.commit("goose", "main", 3, "three", &[("a", "3")]);
    world.branch("goose", CUR, "main");
    world.commit("goose", CUR, 5, "five", &[("a", "5")]);
    world.commit("goose", CUR, 7, "seven", &[("a", "7")]);
    world.commit("goose", "main", 9, "nine", &[("a", "9")]);
    world
}

fn names(facts: &RepositoryFacts) -> Vec<(&str, u32)> {
    let own = |it: &shipway_train::facts::Branch| it.own.as_ref().map_or(0, |own| own.commits);
    facts
        .branches
        .iter()
        .map(|it| (it.name.as_str(), own(it)))
        .collect()
}

#[test]
fn a_branch_is_where_its_first_parents_stood() {
    let world = two_branches();
    let tip = |on: i64, branch: &str| world.engine(on).branch(branch).map(|it| it.tip.clone());
    let id = |revision: &str| Some(world.id("goose", revision));
    assert_eq!(tip(2, "main"), id("main~2"));
    assert_eq!(tip(4, "main"), id("main~1"));
    assert_eq!(tip(4, CUR), None, "no commit of its own by then");
    assert_eq!(tip(6, CUR), id("v1.5-variegata~1"));
    assert_eq!(tip(100, CUR), id(CUR));
    let facts = world.engine(100);
    assert_eq!(names(&facts), [("main", 3), (CUR, 2)]);
    let own = facts.branch(CUR).unwrap().own.clone().unwrap();
    assert_eq!(own.since, day(5));
    let fork = own.from.unwrap();
    assert_eq!(
        (fork.branch.as_str(), Some(fork.commit)),
        ("main", id("main~1"))
    );
}

#[test]
fn a_branch_counts_once_it_has_a_commit_of_its_own() {
    let world = two_branches();
    world.branch("goose", "v2.0-next", "main");
    let kind = |on: i64| known(world.engine(on).branch_type(CUR, Some("v2.0-next")));
    assert_eq!(kind(4), BranchType::Single);
    assert_eq!(kind(5), BranchType::Two);
    assert_eq!(
        kind(10),
        BranchType::Two,
        "v2.0-next is main under another name"
    );
    world.commit("goose", "v2.0-next", 11, "eleven", &[("b", "1")]);
    assert_eq!(kind(11), BranchType::Three);
    assert_eq!(kind(10), BranchType::Two);
}

#[test]
fn merging_a_line_into_main_changes_nothing_about_the_line() {
    let world = two_branches();
    world.merge("goose", "main", CUR, 10, &[("a", "10")]);
    world.commit("goose", CUR, 12, "twelve", &[("a", "12")]);
    let facts = world.engine(12);
    assert_eq!(names(&facts), [("main", 4), (CUR, 3)]);
    assert_eq!(
        world
            .engine(6)
            .branch(CUR)
            .unwrap()
            .own
            .as_ref()
            .unwrap()
            .commits,
        1
    );
}

#[test]
fn clocks_that_go_back_do_not_make_a_branch_go_back() {
    let world = World::new();
    world.init("goose");
    world.commit("goose", "main", 5, "five", &[("a", "1")]);
    world.commit("goose", "main", 2, "said to be two", &[("a", "2")]);
    assert_eq!(
        world.engine(5).branch("main").unwrap().tip,
        world.id("goose", "main")
    );
    assert!(
        world
            .at(&[], 3)
            .engine
            .why()
            .is_some_and(|why| why.reason == Reason::BeforeHistory)
    );
}

#[test]
fn tags_are_there_from_their_date_on() {
    let world = two_branches();
    world.tag("goose", "v1.5.0", CUR, Some(8));
    world.tag("goose", "light", "main~1", None);
    world.git("goose", &["tag", "tree", "main^{tree}"]);
    let tags = |on: i64| -> Vec<(String, bool)> {
        world
            .engine(on)
            .tags
            .into_iter()
            .map(|it| (it.name, it.annotated))
            .collect()
    };
    assert_eq!(tags(2), []);
    assert_eq!(tags(7), [("light".to_owned(), false)]);
    assert_eq!(
        tags(8),
        [("light".to_owned(), false), ("v1.5.0".to_owned(), true)]
    );
    let facts = world.engine(8);
    assert_eq!(facts.tag("v1.5.0").unwrap().commit, world.id("goose", CUR));
    assert_eq!(facts.tag("light").unwrap().time, day(3));
}

#[test]
fn the_default_branch_is_what_head_names_or_main_or_master() {
    let world = World::new();
    world.init("goose");
    world.commit("goose", "master", 1, "one", &[]);
    world.commit("goose", "other", 1, "one", &[]);
    let default = || world.engine(2).default_branch;
    assert_eq!(default(), Known::Known("master".to_owned()));
    world.git("goose", &["symbolic-ref", "HEAD", "refs/heads/other"]);
    assert_eq!(default(), Known::Known("other".to_owned()));
    world.git("goose", &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    world.git("goose", &["update-ref", "refs/heads/third", "other"]);
    world.git("goose", &["update-ref", "-d", "refs/heads/master"]);
    assert!(
        default()
            .why()
            .is_some_and(|why| why.reason == Reason::NotWritten)
    );
}
