use super::*;
use crate::facts::{
    BranchLocation, DeliverableBranch, DeliverableRelease, Place, ProjectHash, Schedule, Week,
};
use Change::{Bugfix, Feature};
use shipway_core::name::Oid;
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn series(
    name: &str,
    id: &str,
    status: &str,
    released: &str,
    next: Option<(&str, &str)>,
) -> Series {
    Series {
        name: name.to_owned(),
        release_id: Some(id.to_owned()),
        status: status.to_owned(),
        initial_release: Some(released.to_owned()),
        next_phase: next.map(|(state, date)| (state.to_owned(), date.to_owned())),
        eol_date: None,
        slurp: false,
        line: 1,
    }
}

fn release(version: &str, hash: char, line: u32) -> DeliverableRelease {
    let projects = vec![ProjectHash {
        repository: "openstack/x".to_owned(),
        hash: hash.to_string().repeat(40),
    }];
    DeliverableRelease {
        version: version.to_owned(),
        projects,
        line,
    }
}

fn branch(name: &str, version: &str) -> DeliverableBranch {
    DeliverableBranch {
        name: name.to_owned(),
        location: BranchLocation::Version(version.to_owned()),
        line: 30,
    }
}

fn deliverable(series: &str, name: &str, kind: &str, model: &str) -> Deliverable {
    Deliverable {
        series: series.to_owned(),
        name: name.to_owned(),
        place: Place::repository("releases"),
        team: Some("team".to_owned()),
        kind: Some(kind.to_owned()),
        model: Some(model.to_owned()).filter(|model| !model.is_empty()),
        stable_branch_type: None,
        releases: Vec::new(),
        branches: Vec::new(),
        highlights: 0,
        other: Vec::new(),
    }
}

fn week(start: &str, events: &[&str]) -> Week {
    Week {
        name: None,
        start: start.to_owned(),
        end: start.to_owned(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        project_events: Vec::new(),
    }
}

fn facts() -> ReleasesFacts {
    let hibiscus = Schedule {
        series: "hibiscus".to_owned(),
        release_week: Some("2026-09-28".to_owned()),
        weeks: vec![
            week("2026-03-30", &["g-final"]),
            week("2026-08-17", &["h-final-lib"]),
            week("2026-08-24", &["h-3", "h-ff", "h-final-clientlib"]),
            week("2026-09-07", &["h-rc1"]),
            week("2026-09-21", &["h-finalrc"]),
            week("2026-09-28", &["h-final"]),
        ],
    };
    let indri = Schedule {
        series: "indri".to_owned(),
        release_week: None,
        weeks: vec![week("2026-12-07", &["i-cycle-trail"])],
    };
    let mut nova = deliverable("gazpacho", "nova", "service", "cycle-with-rc");
    nova.releases = vec![
        release("33.0.0.0rc1", 'a', 10),
        release("33.0.0", 'a', 15),
        release("33.0.1", 'b', 20),
    ];
    nova.branches = vec![branch("stable/2026.1", "33.0.0.0rc1")];
    let mut lib = deliverable(
        "hibiscus",
        "oslo.config",
        "library",
        "cycle-with-intermediary",
    );
    lib.releases = vec![release("11.0.0", 'c', 10)];
    let mut deliverables = vec![
        nova,
        lib,
        deliverable("hibiscus", "nova", "service", "cycle-with-rc"),
        deliverable("hibiscus", "kolla", "trailing", "cycle-with-rc"),
        deliverable("hibiscus", "oslo.log", "library", "cycle-with-intermediary"),
        deliverable(
            "hibiscus",
            "python-novaclient",
            "client-library",
            "cycle-with-intermediary",
        ),
        deliverable(INDEPENDENT, "tooz", "library", ""),
    ];
    deliverables.sort_by(|a, b| (&a.series, &a.name).cmp(&(&b.series, &b.name)));
    ReleasesFacts {
        as_of: at("2026-08-21"),
        commit: Oid::new("0".repeat(40)).unwrap(),
        deliverables,
        series: vec![
            series(
                "indri",
                "2027.1",
                "future",
                "2027-03-24",
                Some(("development", "2026-10-01")),
            ),
            series(
                "hibiscus",
                "2026.2",
                "development",
                "2026-09-30",
                Some(("maintained", "2026-09-30")),
            ),
            series(
                "gazpacho",
                "2026.1",
                "maintained",
                "2026-04-01",
                Some(("unmaintained", "2027-10-27")),
            ),
            series(
                "flamingo",
                "2025.2",
                "maintained",
                "2025-10-01",
                Some(("end of life", "2027-04-28")),
            ),
            series("epoxy", "2025.1", "unmaintained", "2025-04-02", None),
            series("dalmatian", "2024.2", "end of life", "2024-10-02", None),
        ],
        schedules: BTreeMap::from([
            ("hibiscus".to_owned(), hibiscus),
            ("indri".to_owned(), indri),
        ]),
        problems: Vec::new(),
    }
}

fn with<T>(facts: &ReleasesFacts, now: &str, ask: impl FnOnce(&Calendar<'_>) -> T) -> T {
    ask(&Calendar::new(
        &Pack::builtin("openstack").unwrap(),
        facts,
        at(now),
    ))
}

fn findings(facts: &ReleasesFacts) -> Vec<String> {
    let report = with(facts, "2026-08-21", |calendar| calendar.report(None)).unwrap();
    report
        .findings
        .iter()
        .map(|one| {
            format!(
                "{} {} {}: {}",
                one.severity, one.series, one.deliverable, one.what
            )
        })
        .collect()
}

#[test]
fn phases_follow_the_schedule() {
    let facts = facts();
    for (now, phase) in [
        ("2026-05-01", "development"),
        ("2026-08-17", "library-freeze"),
        ("2026-08-24", "feature-freeze"),
        ("2026-09-10", "candidates"),
        ("2026-09-21", "final-candidates"),
        ("2026-09-29", "release-week"),
    ] {
        let found = with(&facts, now, |calendar| {
            calendar.phase(calendar.current().unwrap()).unwrap()
        });
        assert_eq!(found, phase, "{now}");
    }
}

#[test]
fn series_go_on_by_the_dates_that_they_announce() {
    let facts = facts();
    let states = |now| {
        with(&facts, now, |calendar| {
            calendar
                .series()
                .into_iter()
                .map(|one| (one.name, one.state))
                .collect::<BTreeMap<_, _>>()
        })
    };
    assert_eq!(states("2026-08-21")["hibiscus"], "development");
    assert_eq!(states("2026-08-21")["dalmatian"], "end-of-life");
    assert_eq!(states("2026-10-02")["hibiscus"], "maintained");
    assert_eq!(states("2026-10-02")["indri"], "development");
    assert_eq!(states("2027-05-01")["flamingo"], "end-of-life");
}

#[test]
fn a_sound_repository_has_no_findings() {
    assert_eq!(findings(&facts()), Vec::<String>::new());
}

/// What the team's own checks refuse, one by one.
#[test]
fn each_rule_of_a_deliverable_is_checked() {
    type Spoil = fn(&mut Deliverable);
    let cases: &[(&str, &str, Spoil, &str)] = &[
        (
            "gazpacho",
            "nova",
            |one| one.releases[1].projects[0].hash = "f".repeat(40),
            "deny gazpacho nova: 33.0.0 of openstack/x is ffffffffff, and its last candidate 33.0.0.0rc1 is aaaaaaaaaa",
        ),
        (
            "gazpacho",
            "nova",
            |one| drop(one.releases.remove(0)),
            "33.0.0 is final without a candidate before it",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.branches[0].location = BranchLocation::Version("33.0.9".to_owned()),
            "stable/2026.1 starts at 33.0.9, which is no release of the series",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.branches[0].location = BranchLocation::Unwritten,
            "does not start at a release",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.branches[0].name = "stable/2025.2".to_owned(),
            "is not named after the series",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.stable_branch_type = Some("none".to_owned()),
            "the component has no stable branches",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.stable_branch_type = Some("tagless".to_owned()),
            "names no commit for each repository",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.kind = Some("tempest-plugin".to_owned()),
            "a tempest-plugin has no branches",
        ),
        (
            "gazpacho",
            "nova",
            |one| one.releases[2].version = "33.0.0".to_owned(),
            "impossible gazpacho nova: 33.0.0 stands for two commits",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.model = Some("cycle-with-rc".to_owned()),
            "deny hibiscus oslo.config: the type library with the model cycle-with-rc",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.model = Some("cycle-with-rcs".to_owned()),
            "\"cycle-with-rcs\" is no model",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.model = None,
            "it names no release model",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.model = Some("independent".to_owned()),
            "belongs to no series",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.model = Some("untagged".to_owned()),
            "the model untagged has no releases",
        ),
        (
            INDEPENDENT,
            "tooz",
            |one| one.model = Some("cycle-with-rc".to_owned()),
            "belongs to a series",
        ),
        (
            "hibiscus",
            "oslo.config",
            |one| one.series = "indri".to_owned(),
            "11.0.0 is in a series that has not begun",
        ),
    ];
    for (series, name, spoil, message) in cases {
        let mut facts = facts();
        let one = facts
            .deliverables
            .iter_mut()
            .find(|one| one.series == *series && one.name == *name)
            .unwrap();
        spoil(one);
        let found = findings(&facts);
        assert!(
            found.iter().any(|one| one.contains(message)),
            "{message}: {found:#?}"
        );
    }
}

#[test]
fn what_is_due_depends_on_what_a_component_is() {
    let facts = facts();
    let due = |now: &str| {
        with(&facts, now, |calendar| calendar.report(Some("2026.2")))
            .unwrap()
            .due
    };
    let found: Vec<(String, String, Option<i64>)> = due("2026-08-20")
        .into_iter()
        .map(|one| (one.deliverable, one.step, one.days_left))
        .collect();
    let expected = [
        ("oslo.log", "final", Some(1)),
        ("python-novaclient", "final", Some(8)),
        ("nova", "first-candidate", Some(22)),
        ("nova", "final", Some(36)),
        ("kolla", "final", Some(113)),
    ];
    let expected: Vec<(String, String, Option<i64>)> = expected
        .iter()
        .map(|(name, step, days)| ((*name).to_owned(), (*step).to_owned(), *days))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(due("2026-08-22")[0].days_left, Some(-1));
    assert_eq!(
        due("2026-08-20")[0].rule.id.split('/').nth(1),
        Some("deadlines")
    );
}

#[test]
fn until_the_release_week_ends_a_candidate_is_enough() {
    let mut facts = facts();
    let nova = facts
        .deliverables
        .iter_mut()
        .find(|one| one.series == "hibiscus" && one.name == "nova")
        .unwrap();
    nova.releases = vec![release("34.0.0.0rc1", 'd', 10)];
    let steps = |now: &str| -> Vec<String> {
        let report = with(&facts, now, |calendar| calendar.report(None)).unwrap();
        report
            .due
            .into_iter()
            .filter(|one| one.deliverable == "nova")
            .map(|one| one.step)
            .collect()
    };
    assert_eq!(steps("2026-09-28"), Vec::<String>::new());
    // The day on which it is released the series is no longer in development.
    assert_eq!(steps("2026-10-03"), Vec::<String>::new());
}

#[test]
fn where_a_change_to_a_component_goes() {
    let mut facts = facts();
    let ask = |facts: &ReleasesFacts, now: &str, name: &str, change, series: &str| {
        let place = with(facts, now, |calendar| calendar.place(name, change, series)).unwrap();
        (place.verdict, place.branch, place.released)
    };
    let to = |branch: &str| Some(branch.to_owned());
    assert_eq!(
        ask(&facts, "2026-06-01", "nova", Feature, "hibiscus"),
        (Severity::Allow, to("master"), true)
    );
    assert_eq!(
        ask(&facts, "2026-08-25", "nova", Feature, "2026.2"),
        (Severity::Deny, None, false)
    );
    assert_eq!(
        ask(&facts, "2026-08-18", "oslo.log", Feature, "hibiscus"),
        (Severity::Deny, None, false)
    );
    assert_eq!(
        ask(
            &facts,
            "2026-08-18",
            "python-novaclient",
            Feature,
            "hibiscus"
        ),
        (Severity::Allow, to("master"), true)
    );
    assert_eq!(
        ask(&facts, "2026-08-25", "nova", Bugfix, "gazpacho"),
        (Severity::Allow, to("stable/2026.1"), true)
    );
    assert_eq!(
        ask(&facts, "2026-08-25", "nova", Feature, "gazpacho"),
        (Severity::Deny, None, false)
    );
    assert_eq!(
        ask(&facts, "2026-08-25", "tooz", Feature, "hibiscus"),
        (Severity::Allow, to("master"), true)
    );
    assert_eq!(
        ask(&facts, "2026-08-25", "nova", Bugfix, "dalmatian"),
        (Severity::Deny, None, false)
    );
    // Once the stable branch of the series stands, the main branch makes the series after it.
    let nova = facts
        .deliverables
        .iter_mut()
        .find(|one| one.series == "hibiscus" && one.name == "nova")
        .unwrap();
    nova.releases = vec![release("34.0.0.0rc1", 'd', 10)];
    nova.branches = vec![branch("stable/2026.2", "34.0.0.0rc1")];
    assert_eq!(
        ask(&facts, "2026-09-10", "nova", Bugfix, "hibiscus"),
        (Severity::Allow, to("stable/2026.2"), true)
    );
    assert_eq!(
        ask(&facts, "2026-09-10", "nova", Feature, "hibiscus"),
        (Severity::Redirect, to("master"), true)
    );
    assert_eq!(
        ask(&facts, "2026-09-10", "nova", Feature, "indri"),
        (Severity::Allow, to("master"), true)
    );
    let refused = with(&facts, "2026-08-25", |calendar| {
        calendar.place("nova", Feature, "gazpacho")
    })
    .unwrap();
    assert_eq!(refused.way_out.unwrap().what, "ask for hibiscus");
    let error = with(&facts, "2026-08-25", |calendar| {
        calendar.place("nvoa", Feature, "gazpacho")
    })
    .unwrap_err();
    assert_eq!(error.hint(), "did you mean nova?");
    for (wanted, hint) in [
        ("gazpcho", "did you mean gazpacho?"),
        ("1.0", "the newest are "),
    ] {
        let error = with(&facts, "2026-08-25", |calendar| {
            calendar.place("nova", Feature, wanted)
        })
        .unwrap_err();
        assert_eq!(error.to_string(), format!("there is no series {wanted:?}"));
        assert!(error.hint().starts_with(hint), "{}", error.hint());
    }
}
