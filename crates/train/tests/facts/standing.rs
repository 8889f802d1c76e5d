//! Where pinned commits stand, and how far they are from the tips.

use crate::world::{World, day, known};
use shipway_train::facts::{Known, Position, Reason, Standing};

const CUR: &str = "v1.5-variegata";
const FILE: &str = ".github/config/out_of_tree_extensions.cmake";

/// An extension: main on days 1, 3, 9; the line from day 3 on, days 5 and 7; a pull request on day 6.
fn extension() -> World {
    let world = World::new();
    world.init("goose");
    world.init("httpfs");
    world.commit("httpfs", "main", 1, "one", &[("a", "1")]);
    world.commit("httpfs", "main", 3, "three", &[("a", "3")]);
    world.branch("httpfs", CUR, "main");
    world.commit("httpfs", CUR, 5, "five", &[("b", "5")]);
    world.branch("httpfs", "topic", CUR);
    world.commit("httpfs", "topic", 6, "six", &[("c", "6")]);
    world.commit("httpfs", "topic", 6, "six again", &[("c", "7")]);
    world.git("httpfs", &["update-ref", "refs/pull/12/head", "topic"]);
    world.git("httpfs", &["update-ref", "-d", "refs/heads/topic"]);
    world.commit("httpfs", CUR, 7, "seven", &[("b", "7")]);
    world.commit("httpfs", "main", 9, "nine", &[("a", "9")]);
    world
}

fn pinned(world: &World, revision: &str, on: i64) -> Standing {
    let text = format!(
        "goose_extension_load(other_name\n GIT_URL git@example.org:Goose/goose-httpfs\n GIT_TAG {revision})"
    );
    world.commit("goose", "main", 1, "pin", &[(FILE, &text)]);
    let mut facts = world.at(&["httpfs"], on);
    let member = facts.members.remove("httpfs").unwrap();
    member.standing.into_values().next().unwrap()
}

#[test]
fn a_pin_is_measured_against_every_tip() {
    let world = extension();
    let id = world.id("httpfs", "v1.5-variegata~1");
    let found = pinned(&world, id.as_str(), 20);
    let on = |branches: &[&str], owner: &str| Position::OnBranch {
        branches: branches.iter().map(|&it| it.to_owned()).collect(),
        owner: Some(owner.to_owned()),
    };
    assert_eq!(found.position, Known::Known(on(&[CUR], CUR)));
    let line = &found.distances[CUR];
    assert_eq!((line.behind, line.ahead, line.days()), (1, 0, 2));
    assert_eq!((line.since, line.is_ancestor()), (Some(day(7)), true));
    let main = &found.distances["main"];
    assert_eq!((main.behind, main.ahead, main.is_ancestor()), (1, 1, false));
    assert_eq!(main.base, Some(world.id("httpfs", "main~1")));
    let earlier = pinned(&world, id.as_str(), 5);
    assert_eq!(earlier.distances[CUR].behind, 0);
    assert_eq!(earlier.distances[CUR].since, None);
    let shared = pinned(&world, world.id("httpfs", "main~1").as_str(), 20);
    assert_eq!(shared.position, Known::Known(on(&["main", CUR], "main")));
}

#[test]
fn deviations_are_told_apart() {
    let world = extension();
    let position = |revision: &str, on| pinned(&world, revision, on).position;
    let pull = |head| Known::Known(Position::PullRequest { number: 12, head });
    let of = |revision: &str| world.id("httpfs", revision).to_string();
    assert_eq!(position(&of("refs/pull/12/head"), 20), pull(true));
    assert_eq!(position(&of("refs/pull/12/head~1"), 20), pull(false));
    assert_eq!(position(&of("main"), 8), Known::Known(Position::Later));
    assert_eq!(
        position(&"a".repeat(40), 20),
        Known::Known(Position::Absent)
    );
    let name = position("main", 20);
    assert_eq!(name.why().unwrap().reason, Reason::NoCommit);
    world.branch("httpfs", "gone", "main");
    world.commit("httpfs", "gone", 10, "ten", &[("d", "1")]);
    world.tag("httpfs", "v0.1", "gone", Some(10));
    let id = of("gone");
    world.git("httpfs", &["update-ref", "-d", "refs/heads/gone"]);
    let tags = vec!["v0.1".to_owned()];
    assert_eq!(position(&id, 20), Known::Known(Position::TagOnly { tags }));
}

#[test]
fn an_address_finds_the_member_and_otherwise_the_name_does() {
    let world = extension();
    let id = world.id("httpfs", "main");
    let text = format!("goose_extension_load(httpfs GIT_URL https://else.org/x/y GIT_TAG {id})");
    world.commit("goose", "main", 1, "pin", &[(FILE, &text)]);
    let facts = world.at(&["httpfs"], 20);
    assert_eq!(facts.members["httpfs"].standing.len(), 1);
    let none = world.at(&["httpfs"], 0).members["httpfs"].clone();
    assert!(none.standing.is_empty());
    assert_eq!(none.repository.why().unwrap().reason, Reason::BeforeHistory);
    let _ = known(facts.engine);
}
