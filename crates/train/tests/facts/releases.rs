//! A releases repository, at any date.

use crate::world::{World, day};
use shipway_train::deliverable::Releases;
use shipway_train::facts::Reason;

const NOVA: &str = "deliverables/gazpacho/nova.yaml";
const HASH: &str = "d5c64e7aba09052601b59bf1297187d85da6b90b";

fn nova(versions: &[&str]) -> String {
    let release = |it: &&str| {
        format!(
            "  - version: {it}\n    projects:\n      - repo: openstack/nova\n        hash: {HASH}\n"
        )
    };
    let releases: String = versions.iter().map(release).collect();
    format!("team: nova\ntype: service\nrelease-model: cycle-with-rc\nreleases:\n{releases}")
}

fn world() -> World {
    let world = World::new();
    world.init("releases");
    let series = "- name: gazpacho\n  status: development\n  initial-release: 2026-04-01\n";
    world.commit(
        "releases",
        "main",
        1,
        "one",
        &[
            (NOVA, &nova(&["33.0.0.0rc1"])),
            ("data/series_status.yaml", series),
        ],
    );
    world.commit(
        "releases",
        "main",
        3,
        "three",
        &[
            (NOVA, &nova(&["33.0.0.0rc1", "33.0.0"])),
            (
                "deliverables/_independent/reno.yaml",
                "team: rm\nreleases: [oops\n",
            ),
            ("deliverables/gazpacho/README.rst", "no deliverable"),
            (
                "doc/source/gazpacho/schedule.yaml",
                "cycle:\n  - start: '2026-01-05'\n    end: '2026-01-09'\n    name: R-12\n",
            ),
        ],
    );
    world
}

#[test]
fn deliverables_are_those_of_the_date() {
    let world = world();
    let releases = Releases::open("releases", &world.path("releases")).unwrap();
    let versions = |on: i64| -> Vec<String> {
        let facts = releases.at(day(on)).unwrap();
        let nova = facts
            .deliverables
            .iter()
            .find(|it| it.name == "nova")
            .unwrap();
        nova.releases.iter().map(|it| it.version.clone()).collect()
    };
    assert_eq!(versions(1), ["33.0.0.0rc1"]);
    assert_eq!(versions(2), ["33.0.0.0rc1"]);
    assert_eq!(versions(9), ["33.0.0.0rc1", "33.0.0"]);
    assert_eq!(
        releases.at(day(0)).unwrap_err().reason,
        Reason::BeforeHistory
    );
    assert_eq!(releases.commits().count(), 2);
    let first = world.id("releases", "main~1");
    assert_eq!(releases.at_commit(&first).unwrap().commit, first);
    let other = world.commit("releases", "other", 1, "x", &[]);
    assert_eq!(
        releases.at_commit(&other).unwrap_err().reason,
        Reason::NotInRepository
    );
}

#[test]
fn a_broken_file_is_said_and_the_others_are_read() {
    let world = world();
    let releases = Releases::open("releases", &world.path("releases")).unwrap();
    let facts = releases.at(day(9)).unwrap();
    let names: Vec<_> = facts
        .deliverables
        .iter()
        .map(|it| (it.series.as_str(), it.name.as_str()))
        .collect();
    assert_eq!(names, [("_independent", "reno"), ("gazpacho", "nova")]);
    assert_eq!(facts.problems.len(), 1);
    let place = facts.problems[0].place.clone().unwrap();
    assert_eq!(
        (place.path.as_str(), place.line),
        ("deliverables/_independent/reno.yaml", 3)
    );
    assert_eq!(
        facts.series[0].initial_release.as_deref(),
        Some("2026-04-01")
    );
    assert_eq!(
        facts.schedules["gazpacho"].weeks[0].name.as_deref(),
        Some("R-12")
    );
}

#[test]
fn no_repository_and_an_empty_one_are_said() {
    let world = World::new();
    world.init("empty");
    let why = |name: &str| {
        Releases::open(name, &world.path(name))
            .err()
            .map(|it| it.reason)
    };
    assert_eq!(why("gone"), Some(Reason::RepositoryMissing));
    assert_eq!(why("empty"), Some(Reason::RepositoryEmpty));
}
