//! Bad input is the normal case: each kind is said, and the rest is read.

use crate::world::{World, day, known, write};
use shipway_train::facts::{Known, MemberFacts, Position, Reason, Unknown};
use shipway_train::git::Train;

const FILE: &str = ".github/config/out_of_tree_extensions.cmake";
const CUR: &str = "v1.5-variegata";

fn world() -> World {
    let world = World::new();
    for repository in ["goose", "httpfs"] {
        world.init(repository);
        world.commit(repository, "main", 1, "one", &[("a", "1")]);
    }
    world
}

fn member(world: &World, name: &str) -> MemberFacts {
    world.at(&["httpfs", name], 9).members.remove(name).unwrap()
}

fn reason<T>(value: &Known<T>) -> Option<Reason> {
    value.why().map(|it| it.reason)
}

fn pin_problems(world: &World) -> Vec<Unknown> {
    known(world.train(&[]).pins_of("main", day(9))).problems
}

#[test]
fn a_repository_that_is_missing_or_empty_does_not_hide_the_others() {
    let world = world();
    world.init("empty");
    write(&world.path("file/a"), "no repository");
    for (name, why) in [
        ("gone", Reason::RepositoryMissing),
        ("file", Reason::RepositoryMissing),
        ("empty", Reason::RepositoryEmpty),
    ] {
        let facts = world.at(&["httpfs", name], 9);
        assert_eq!(reason(&facts.members[name].repository), Some(why), "{name}");
        assert!(facts.members["httpfs"].repository.is_known());
    }
    let mut sources = world.sources(&["httpfs"]);
    sources.engine = world.source("gone");
    let facts = Train::read(&sources, None).at(day(9));
    assert_eq!(reason(&facts.engine), Some(Reason::RepositoryMissing));
    assert!(facts.members["httpfs"].repository.is_known());
}

#[test]
fn what_a_shallow_copy_lacks_is_not_denied() {
    let world = world();
    let old = world.id("httpfs", "main");
    for day in 2..6 {
        world.commit("httpfs", "main", day, "more", &[("a", &day.to_string())]);
    }
    let from = format!("file://{}", world.path("httpfs").display());
    world.git(
        "copy",
        &["clone", "-q", "--bare", "--depth", "2", &from, "copy"],
    );
    for commit in [old.to_string(), "b".repeat(40)] {
        let text = format!("goose_extension_load(copy GIT_TAG {commit})");
        world.commit("goose", "main", 2, "pin", &[(FILE, &text)]);
        let found = member(&world, "copy");
        let repository = known(found.repository);
        assert_eq!(repository.problems[0].reason, Reason::Shallow);
        assert_eq!(
            reason(&found.standing["main"].position),
            Some(Reason::Shallow)
        );
    }
}

#[test]
fn a_rewritten_branch_is_read_as_it_is_now() {
    let world = world();
    world.branch("httpfs", CUR, "main");
    let before = world.commit("httpfs", CUR, 2, "two", &[("b", "1")]);
    world.git(
        "httpfs",
        &["update-ref", &format!("refs/heads/{CUR}"), "main"],
    );
    let after = world.commit("httpfs", CUR, 3, "three", &[("b", "2")]);
    let text = format!("goose_extension_load(httpfs GIT_TAG {before})");
    world.commit("goose", "main", 2, "pin", &[(FILE, &text)]);
    let found = member(&world, "httpfs");
    assert_eq!(known(found.repository).branch(CUR).unwrap().tip, after);
    // The commit may still lie in the repository, but no reference leads to it.
    assert_eq!(
        found.standing["main"].position,
        Known::Known(Position::Absent)
    );
}

#[test]
fn branches_that_differ_in_case_are_two_and_are_said() {
    let world = world();
    for (branch, day) in [(CUR, 2), ("v1.5-Variegata", 3)] {
        // Packed, as a file system may fold case.
        world.commit("httpfs", "scratch", day, "own", &[("b", branch)]);
        world.git(
            "httpfs",
            &["update-ref", &format!("refs/heads/{branch}"), "scratch"],
        );
        world.git("httpfs", &["update-ref", "-d", "refs/heads/scratch"]);
        world.git("httpfs", &["pack-refs", "--all"]);
    }
    let facts = known(member(&world, "httpfs").repository);
    assert_eq!(facts.branches.len(), 3);
    assert_eq!(facts.problems[0].reason, Reason::CaseConflict);
    assert_eq!(
        reason(&facts.branch_type(CUR, None)),
        Some(Reason::CaseConflict)
    );
}

#[test]
fn a_date_before_the_first_commit_is_said() {
    let facts = world().at(&["httpfs"], 0);
    assert_eq!(reason(&facts.engine), Some(Reason::BeforeHistory));
    assert_eq!(
        reason(&facts.members["httpfs"].repository),
        Some(Reason::BeforeHistory)
    );
    assert!(facts.pins.is_empty() && facts.members["httpfs"].targets.is_empty());
}

#[test]
fn broken_configuration_keeps_what_stands_around_it() {
    let world = world();
    let text = "goose_extension_load(a GIT_TAG 1)\nif(X)\ngoose_extension_load(b\n GIT_TAG \"2)\ngoose_extension_load(c GIT_TAG 3)\n";
    let cycle = "include(b.cmake)\n";
    world.commit(
        "goose",
        "main",
        2,
        "broken",
        &[
            (FILE, text),
            (".github/config/a.cmake", cycle),
            (
                ".github/config/b.cmake",
                "include(a.cmake)\ninclude(none.cmake)\n",
            ),
            (".github/config/c.cmake", "@link ../../etc/passwd"),
            (".github/config/d.cmake", "@link ../../../out"),
            (".github/config/e.cmake", "@link e.cmake"),
            (".github/config/f.cmake", "@link more/f"),
            (".github/config/more/f", "goose_extension_load(f GIT_TAG 6)"),
            (".github/config/g.cmake", "\u{0}\u{1}binary("),
        ],
    );
    let pins = known(world.train(&[]).pins_of("main", day(9)));
    let names: Vec<_> = pins.pins.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "f"]);
    let said = |path: &str| -> Vec<Reason> {
        let here =
            |it: &&Unknown| it.place.as_ref().unwrap().path == format!(".github/config/{path}");
        pins.problems
            .iter()
            .filter(here)
            .map(|it| it.reason)
            .collect()
    };
    assert_eq!(
        said("out_of_tree_extensions.cmake"),
        [Reason::Syntax, Reason::Syntax, Reason::Syntax]
    );
    assert_eq!(said("a.cmake"), [Reason::Syntax]);
    assert_eq!(said("b.cmake"), [Reason::Syntax, Reason::NotWritten]);
    assert_eq!(
        (said("d.cmake"), said("e.cmake")),
        (vec![Reason::NotWritten], vec![Reason::NotWritten])
    );
    assert_eq!(said("g.cmake"), [Reason::Syntax]);
}

#[test]
fn files_and_trees_that_are_too_large_are_bounded() {
    let world = world();
    let large = "#".repeat(50 * 1024 * 1024);
    let many: Vec<(String, String)> = (0..5_000)
        .map(|it| {
            (
                format!(".github/config/many/{it}.cmake"),
                "goose_extension_load(x)".to_owned(),
            )
        })
        .collect();
    let mut files: Vec<(&str, &str)> = many
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    files.push((FILE, &large));
    files.push((".github/config/ok.cmake", "goose_extension_load(ok)"));
    world.commit("goose", "main", 2, "large", &files);
    let workflow = ".github/workflows/MainDistributionPipeline.yml";
    world.commit("httpfs", "main", 2, "large", &[(workflow, &large)]);
    let pins = known(world.train(&[]).pins_of("main", day(9)));
    assert_eq!(pins.pins.len(), 1);
    assert_eq!(pin_problems(&world)[0].reason, Reason::TooLarge);
    let found = member(&world, "httpfs");
    assert_eq!(
        reason(&found.targets["main"].workflow),
        Some(Reason::TooLarge)
    );
}

#[test]
fn objects_that_are_named_and_not_there_are_said() {
    let world = world();
    world.commit(
        "goose",
        "main",
        2,
        "pin",
        &[(FILE, "goose_extension_load(a GIT_TAG 1)")],
    );
    let blob = world.id("goose", &format!("main:{FILE}")).to_string();
    // `fast-import` makes packs; the object has to be loose to be lost.
    let pack = world.path("goose/objects/pack");
    let packs: Vec<Vec<u8>> = fs_err::read_dir(&pack)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "pack"))
        .map(|it| fs_err::read(it).unwrap())
        .collect();
    if !packs.is_empty() {
        fs_err::rename(&pack, world.path("moved")).unwrap();
        fs_err::create_dir_all(&pack).unwrap();
        for bytes in packs {
            world.with_input("goose", &["unpack-objects", "-q"], &bytes);
        }
    }
    fs_err::remove_file(
        world
            .path("goose/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    assert_eq!(pin_problems(&world)[0].reason, Reason::ObjectMissing);
    assert!(world.at(&[], 9).engine.is_known());
}
