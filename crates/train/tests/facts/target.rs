//! Which engine version a member's branch targets, by its two places.

use crate::world::{World, known};
use shipway_train::facts::{Agreement, EnginePoint, Reason, Target};

const FILE: &str = ".github/workflows/MainDistributionPipeline.yml";
const CUR: &str = "v1.5-variegata";

fn workflow(version: &str) -> String {
    format!(
        "jobs:\n  build:\n    uses: goose/ci/_extension_distribution.yml@x\n    with:\n      goose_version: {version}\n"
    )
}

/// An engine with a release and work after it, on main and on a line that is merged into main.
fn engine() -> World {
    let world = World::new();
    world.init("goose");
    world.init("httpfs");
    world.commit("goose", "main", 1, "one", &[("a", "1")]);
    world.branch("goose", CUR, "main");
    world.commit("goose", CUR, 2, "two", &[("b", "2")]);
    world.tag("goose", "v1.5.0", CUR, Some(2));
    world.commit("goose", CUR, 3, "three", &[("b", "3")]);
    world.merge("goose", "main", CUR, 4, &[("b", "3")]);
    world
}

fn target(world: &World, version: &str, submodule: &str) -> Target {
    let id = world.id("goose", submodule);
    let link = format!("@commit {id}");
    world.commit(
        "httpfs",
        "main",
        5,
        "target",
        &[(FILE, &workflow(version)), ("goose", &link)],
    );
    world.at(&["httpfs"], 9).members["httpfs"].targets["main"].clone()
}

#[test]
fn the_two_places_agree_or_do_not() {
    let world = engine();
    let tag = EnginePoint::Tag("v1.5.0".to_owned());
    let branch = |name: &str| EnginePoint::Branch(name.to_owned());
    let found = target(&world, "v1.5.0", "v1.5.0^0");
    assert_eq!(found.agreement, Agreement::Agree);
    assert_eq!(known(found.submodule.clone()).point, tag);
    assert_eq!(found.version().unwrap().written, "v1.5.0");
    for (version, submodule, point, agreement) in [
        ("v1.5.0", CUR, branch(CUR), Agreement::Disagree),
        (CUR, CUR, branch(CUR), Agreement::Agree),
        (CUR, "v1.5.0^0", tag.clone(), Agreement::Agree),
        ("main", "main", branch("main"), Agreement::Agree),
        ("main", "main~1", branch("main"), Agreement::Agree),
        ("main", CUR, branch(CUR), Agreement::Disagree),
        (CUR, "main", branch("main"), Agreement::Disagree),
        ("v9.9.9", "main", branch("main"), Agreement::Disagree),
    ] {
        let found = target(&world, version, submodule);
        assert_eq!(
            known(found.submodule.clone()).point,
            point,
            "{version} {submodule}"
        );
        assert_eq!(found.agreement, agreement, "{version} {submodule}");
        assert_eq!(found.version().is_none(), agreement == Agreement::Disagree);
    }
    let id = world.id("goose", "main").to_string();
    assert_eq!(target(&world, &id, "main").agreement, Agreement::Agree);
    assert_eq!(
        target(&world, &id[..12], "main").agreement,
        Agreement::Agree
    );
    assert_eq!(target(&world, &id, "main~1").agreement, Agreement::Disagree);
}

#[test]
fn one_place_alone_is_taken_and_said() {
    let world = engine();
    world.commit(
        "httpfs",
        "main",
        5,
        "no submodule",
        &[(FILE, &workflow("v1.5.0"))],
    );
    let read = |world: &World| world.at(&["httpfs"], 9).members["httpfs"].targets["main"].clone();
    let found = read(&world);
    assert_eq!(found.submodule.why().unwrap().reason, Reason::NotWritten);
    assert_eq!(
        (found.agreement, found.version().unwrap().written.as_str()),
        (Agreement::Unknown, "v1.5.0")
    );
    world.commit(
        "httpfs",
        "main",
        6,
        "broken",
        &[(FILE, "jobs: [\n"), ("goose/file", "x")],
    );
    let found = read(&world);
    assert_eq!(found.workflow.why().unwrap().reason, Reason::Syntax);
    assert_eq!(
        found.workflow.why().unwrap().place.as_ref().unwrap().line,
        2
    );
    assert_eq!(found.submodule.why().unwrap().reason, Reason::Syntax);
    assert!(found.version().is_none());
}

#[test]
fn a_target_is_that_of_the_date_and_a_version_in_another_file_counts() {
    let world = engine();
    let text = workflow("${{ needs.get.outputs.v }}").replace("jobs:\n", "jobs:\n  get:\n    outputs:\n      v: ${{ steps.read.outputs.v }}\n    steps:\n      - id: read\n        run: echo \"v=$(cat .github/goose-version)\" >> $GITHUB_OUTPUT\n");
    world.commit(
        "httpfs",
        "main",
        5,
        "five",
        &[(FILE, &text), (".github/goose-version", "v1.5.0\n")],
    );
    world.commit(
        "httpfs",
        "main",
        7,
        "seven",
        &[(".github/goose-version", "main\n")],
    );
    world.commit("httpfs", "main", 8, "eight", &[("src/x", "x")]);
    let train = world.train(&["httpfs"]);
    let at = |on| {
        known(
            train.at(crate::world::day(on)).members["httpfs"].targets["main"]
                .workflow
                .clone(),
        )
        .written
    };
    assert_eq!(
        (at(6), at(7), at(9)),
        ("v1.5.0".to_owned(), "main".to_owned(), "main".to_owned())
    );
}
