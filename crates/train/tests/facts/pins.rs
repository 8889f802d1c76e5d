//! What the engine pins, in its layouts, at branches, tags and dates.

use crate::world::{World, day, known};
use shipway_train::facts::{Known, Pin, PinState, Reason, Revision};
use std::ops::Range;

const OUT: &str = ".github/config/out_of_tree_extensions.cmake";
const HTTPFS: &str = ".github/config/extensions/httpfs.cmake";
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn load(name: &str, commit: &str) -> String {
    format!(
        "goose_extension_load({name}\n    GIT_URL https://GitHub.com/goose/goose-{name}.git/\n    GIT_TAG {commit}\n    APPLY_PATCHES\n)\n"
    )
}

fn pins(world: &World, reference: &str, on: i64) -> Vec<Pin> {
    let pins = known(world.train(&[]).pins_of(reference, day(on)));
    assert_eq!(pins.problems, []);
    pins.pins
}

#[test]
fn pins_move_with_the_branch_and_stand_still_at_a_tag() {
    let world = World::new();
    world.init("goose");
    let include = "include(\"${EXTENSION_CONFIG_BASE_DIR}/httpfs.cmake\")\n";
    world.commit(
        "goose",
        "main",
        1,
        "one",
        &[(OUT, include), (HTTPFS, &load("httpfs", A))],
    );
    world.tag("goose", "v1.5.0", "main", Some(1));
    let patch = (".github/patches/extensions/httpfs/0001-x.patch", "--- a\n");
    world.commit(
        "goose",
        "main",
        5,
        "five",
        &[(HTTPFS, &load("httpfs", B)), patch],
    );
    let at = |reference: &str, on| {
        let pins = pins(&world, reference, on);
        assert_eq!(pins.len(), 1);
        (pins[0].commit().unwrap().to_string(), pins[0].patches.len())
    };
    assert_eq!(at("main", 4), (A.to_owned(), 0));
    assert_eq!(at("main", 5), (B.to_owned(), 1));
    assert_eq!(at("v1.5.0", 9), (A.to_owned(), 0));
    let facts = world.at(&[], 9);
    let references: Vec<_> = facts.pins.keys().map(String::as_str).collect();
    assert_eq!(references, ["main", "v1.5.0"]);
    assert_eq!(
        known(facts.pins["main"].clone()).commit,
        world.id("goose", "main")
    );
    let pin = &pins(&world, "main", 9)[0];
    assert_eq!(
        pin.repository,
        Some(Known::Known("github.com/goose/goose-httpfs".to_owned()))
    );
    assert!(pin.apply_patches && pin.state == PinState::Enabled);
    assert_eq!(pin.patches[0].path, patch.0);
    assert_eq!(
        pin.patches[0].blob,
        world.id("goose", &format!("main:{}", patch.0))
    );
    let none = world.train(&[]).pins_of("v9.9.9", day(9));
    assert_eq!(none.why().unwrap().reason, Reason::NotInRepository);
}

#[test]
fn the_bytes_of_a_revision_are_exactly_its_own() {
    let world = World::new();
    world.init("goose");
    let table = format!(
        "name,url,commit,options\nicu,,,\nsqlite,https://x.org/goose/sqlite,{A},no-windows\n"
    );
    let script = format!(
        "set(TAG_OF_B \"{B}\")\n# {}\n{}\n",
        load("c", A).replace('\n', "\n# "),
        load("b", "${TAG_OF_B}")
    );
    world.commit(
        "goose",
        "main",
        1,
        "one",
        &[(".github/config/extensions.csv", &table), (OUT, &script)],
    );
    let found = pins(&world, "main", 1);
    let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "icu", "sqlite"]);
    for (name, text, commit) in [("b", &script, B), ("c", &script, A), ("sqlite", &table, A)] {
        let span = found
            .iter()
            .find(|it| it.name == name)
            .unwrap()
            .span
            .clone()
            .unwrap();
        let bytes: Range<usize> = span.start..span.end;
        assert_eq!(&text[bytes.clone()], commit, "{name}");
        assert_eq!(
            text[..bytes.start].matches('\n').count() + 1,
            span.line as usize,
            "{name}"
        );
    }
    assert_eq!(found[1].state, PinState::CommentedOut);
    assert!(!found[2].is_external());
    let condition = "no-windows".to_owned();
    assert_eq!(found[3].state, PinState::Conditional { condition });
}

#[test]
fn a_pin_that_is_no_commit_or_is_not_known_says_so() {
    let world = World::new();
    world.init("goose");
    let script = "goose_extension_load(a GIT_URL https://x.org/g/a GIT_TAG main)
goose_extension_load(b GIT_URL https://x.org/g/b GIT_TAG ${FROM_OUTSIDE})
if(WIN32)\n set(T 1)\nelse()\n set(T 2)\nendif()
goose_extension_load(c GIT_URL nowhere GIT_TAG ${T})
goose_extension_load(d GIT_URL https://x.org/g/d)
goose_extension_load(${E} GIT_TAG 1)\n";
    world.commit("goose", "main", 1, "one", &[(OUT, script)]);
    let pins = known(world.train(&[]).pins_of("main", day(1)));
    let reason = |at: usize| {
        pins.pins[at]
            .revision
            .as_ref()
            .unwrap()
            .why()
            .map(|it| it.reason)
    };
    assert_eq!(
        pins.pins[0].revision,
        Some(Known::Known(Revision::Named("main".to_owned())))
    );
    assert_eq!(pins.pins[0].commit(), None);
    assert_eq!(reason(1), Some(Reason::Expression));
    assert_eq!(reason(2), Some(Reason::Ambiguous));
    assert_eq!(reason(3), Some(Reason::NotWritten));
    assert_eq!(
        pins.pins[2]
            .repository
            .as_ref()
            .unwrap()
            .why()
            .unwrap()
            .reason,
        Reason::Syntax
    );
    let problems: Vec<_> = pins
        .problems
        .iter()
        .map(|it| (it.reason, it.place.as_ref().unwrap().line))
        .collect();
    assert_eq!(problems, [(Reason::Expression, 10)]);
}
