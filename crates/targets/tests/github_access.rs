//! What the four kinds of GitHub target do about tokens, limits, surveys and settings.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

mod github_world;

use github_world::{REPOSITORY, TAG, World, items, release};
use serde_json::json;
use shipway_core::target::{Credential, Failure, FailureKind, Found, Item, Receipt, Target};
use shipway_core::time::Millis;
use shipway_testkit::github::{Permission, TOKEN};
use shipway_testkit::http::Response;

const KINDS: [&str; 4] = [
    "github-draft",
    "github-asset",
    "github-release",
    "github-milestone",
];

fn refused(world: &World) -> Failure {
    world.target().publish(&world.item()).unwrap_err()
}

fn receipt(id: u64) -> Receipt {
    Receipt {
        id: id.to_string(),
        url: None,
    }
}

/// Every call of the port, for one kind.
fn every_call(target: &dyn Target, item: &Item) -> [Failure; 4] {
    [
        target.observe(item).unwrap_err(),
        target.publish(item).unwrap_err(),
        target.survey(std::slice::from_ref(item)).unwrap_err(),
        match item.body.get("latest") {
            // A published release is not taken back at all.
            Some(_) => target.observe(item).unwrap_err(),
            None => target.retract(item, &receipt(1)).unwrap_err(),
        },
    ]
}

#[test]
fn a_wrong_token_and_a_hidden_repository_are_denied_and_never_absent() {
    for kind in KINDS {
        let world = World::new(kind);
        for failure in every_call(world.with_token("wrong-token").as_ref(), &world.item()) {
            assert_eq!(failure.kind, FailureKind::Denied, "{kind}: {failure}");
            assert!(failure.hint.is_some() && !format!("{failure:?}").contains("wrong-token"));
        }
        world
            .github
            .change(|state| state.permission = Permission::None);
        for failure in every_call(world.target().as_ref(), &world.item()) {
            assert_eq!(failure.kind, FailureKind::Denied, "{kind}: {failure}");
            assert!(failure.hint.unwrap().contains("404"), "{kind}");
        }
    }
}

#[test]
fn a_token_that_may_only_read_is_denied() {
    for kind in KINDS {
        let world = World::new(kind);
        world
            .github
            .change(|state| state.permission = Permission::Read);
        let survey = world.target().survey(&world.items()).unwrap_err();
        assert_eq!(survey.kind, FailureKind::Denied, "{kind}");
    }
    let world = World::new("github-draft");
    world
        .github
        .change(|state| state.permission = Permission::Read);
    assert_eq!(refused(&world).kind, FailureKind::Denied);
}

#[test]
fn limits_are_waited_for_also_behind_a_403() {
    let limited = |status: u16| {
        Response::json(
            status,
            &json!({"message": "You have exceeded a secondary rate limit."}),
        )
    };
    let date = "Sat, 21 Nov 2026 10:00:00 GMT";
    let later = |seconds| FailureKind::Transient {
        retry_after: Some(Millis::seconds(seconds)),
    };
    let used_up = |status| {
        limited(status)
            .with("Date", date)
            .with("X-RateLimit-Remaining", "0")
            .with("X-RateLimit-Reset", "1795255245")
    };
    let table = [
        (limited(403).with("Retry-After", "17"), later(17)),
        (limited(429).with("Retry-After", "17"), later(17)),
        (used_up(403), later(45)),
        (used_up(429), later(45)),
        (limited(429), later(60)),
        (limited(403), FailureKind::Denied),
        (
            limited(403).with("X-RateLimit-Remaining", "12"),
            FailureKind::Denied,
        ),
    ];
    for (answer, kind) in table {
        let world = World::new("github-milestone");
        world.github.answer_instead(answer.clone());
        assert_eq!(refused(&world).kind, kind, "{answer:?}");
        world.github.answer_instead(answer.clone());
        let looked = world.target().observe(&world.item()).unwrap_err();
        assert_eq!(looked.kind, kind, "{answer:?}");
        assert_eq!(world.github.state().milestones, []);
    }
}

#[test]
fn a_survey_says_what_is_there() {
    let found = |name: &str, what: &str| Found {
        name: name.to_owned(),
        what: what.to_owned(),
    };
    for kind in ["github-draft", "github-asset", "github-release"] {
        let world = World::new(kind);
        let survey = world.target().survey(&world.items()).unwrap();
        assert_eq!(
            (survey.found, survey.credential),
            (vec![], Credential::Accepted),
            "{kind}"
        );
        assert_eq!(survey.notes.len(), 0, "{kind}");
        let (draft, public) = (world.put_draft(), world.put(release(false)));
        world.github.change(|state| state.immutable_releases = true);
        let survey = world.target().survey(&world.items()).unwrap();
        let labels = [
            format!("draft {draft}"),
            format!("published release {public}"),
        ];
        assert_eq!(
            survey.found,
            labels.map(|label| found(TAG, &label)),
            "{kind}"
        );
        assert!(survey.notes[0].contains("immutable"), "{kind}");
        assert_eq!(world.writes(), Vec::<String>::new(), "{kind}");
    }
    let world = World::new("github-milestone");
    world.put_milestone("1.2.0", None, false);
    let survey = world.target().survey(&world.items()).unwrap();
    assert_eq!(survey.found, [found("1.2.0", "closed milestone 1")]);

    world.github.change(|state| state.archived = true);
    let failure = world.target().survey(&[]).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(failure.message.contains("archived"), "{failure}");
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let world = World::new("github-draft");
    let changes: [(&str, serde_json::Value); 7] = [
        ("repository", json!("octo")),
        ("repository", json!("octo/../driver")),
        ("repository", json!(1)),
        ("api", json!("api.github.com")),
        ("api", json!("https://token@api.github.com")),
        ("api", json!("https://api.github.com/?x")),
        ("owner", json!("octo")),
    ];
    for (key, value) in changes {
        let mut spec = world.spec();
        spec.settings.insert(key.to_owned(), value.clone());
        let opened = world.open(&spec, TOKEN);
        assert!(
            opened.is_err_and(|failure| failure.kind == FailureKind::Permanent),
            "{key} {value}"
        );
    }
    let mut spec = world.spec();
    spec.secret = None;
    assert!(
        world
            .open(&spec, TOKEN)
            .is_err_and(|failure| failure.kind == FailureKind::Denied)
    );
    for kind in KINDS {
        let world = World::new(kind);
        let mut wrong = items(kind).remove(0);
        wrong.body["surprise"] = json!(1);
        let failure = world.target().observe(&wrong).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Permanent, "{kind}");
    }
    assert_eq!(REPOSITORY, world.github.state().repository);
}
