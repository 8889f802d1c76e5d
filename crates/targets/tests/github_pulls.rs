//! Merged pull requests, read from the fake GitHub.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

mod github_world;

use github_world::{REPOSITORY, World};
use serde_json::json;
use shipway_core::target::{Failure, FailureKind};
use shipway_core::time::Timestamp;
use shipway_targets::github::pulls::MergedPull;
use shipway_testkit::github::{Permission, Pull};
use shipway_testkit::http::Response;

/// Day `day` of the year's first month.
fn day(day: u64) -> String {
    format!("2026-01-{day:02}T10:00:00Z")
}

fn pull(number: u64, merged: Option<u64>, updated: u64) -> Pull {
    Pull {
        number,
        title: format!("feat: number {number}"),
        body: number.is_multiple_of(2).then(|| "Closes #1".to_owned()),
        labels: vec!["bug".to_owned(), "good first issue".to_owned()],
        author: Some("octocat".to_owned()),
        open: false,
        merged_at: merged.map(day),
        updated_at: day(updated),
        merge_commit: Some(format!("{number:040x}")),
    }
}

fn world(pulls: Vec<Pull>, page_limit: usize) -> World {
    let world = World::new("github-draft");
    world.github.change(|state| {
        state.pulls = pulls;
        state.page_limit = page_limit;
    });
    world
}

fn merged(world: &World, since: Option<&str>) -> Result<Vec<MergedPull>, Failure> {
    let since = since.map(|time| Timestamp::parse(time).unwrap());
    world.merged_pulls(since)
}

fn numbers(found: &[MergedPull]) -> Vec<u64> {
    found.iter().map(|pull| pull.number).collect()
}

fn asked(world: &World) -> usize {
    world.github.server().requests().len()
}

#[test]
fn a_merged_pull_request_is_read_with_all_that_is_known() {
    let open = Pull {
        open: true,
        ..pull(4, None, 9)
    };
    let ghost = Pull {
        author: None,
        merge_commit: None,
        ..pull(5, Some(3), 3)
    };
    let world = world(
        vec![pull(2, Some(5), 6), pull(3, None, 7), open, ghost],
        100,
    );
    let found = merged(&world, None).unwrap();
    assert_eq!(numbers(&found), [2, 5]);
    assert_eq!(found[0].title, "feat: number 2");
    assert_eq!(found[0].body.as_deref(), Some("Closes #1"));
    assert_eq!(found[0].labels, ["bug", "good first issue"]);
    assert_eq!(found[0].author.as_deref(), Some("octocat"));
    assert_eq!(
        found[0].merge_commit.as_ref().unwrap().as_str(),
        format!("{:040x}", 2)
    );
    assert_eq!(found[0].merged_at, Timestamp::parse(&day(5)).unwrap());
    assert!(
        found[0].url.ends_with(&format!("/{REPOSITORY}/pull/2")),
        "{}",
        found[0].url
    );
    assert_eq!(
        (&found[1].author, &found[1].merge_commit, &found[1].body),
        (&None, &None, &None)
    );
    assert_eq!(asked(&world), 1);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[test]
fn no_more_is_read_than_was_asked_for() {
    let pulls: Vec<Pull> = (1..=28).map(|at| pull(at, Some(at), at)).collect();
    let world = world(pulls, 3);
    let found = merged(&world, Some("2026-01-22T12:00:00Z")).unwrap();
    // A day is looked at beside what is asked for, since clocks differ.
    assert_eq!(numbers(&found), [28, 27, 26, 25, 24, 23, 22]);
    // Three pages of three, and the first once more.
    assert_eq!(asked(&world), 4);
    assert_eq!(merged(&world, None).unwrap().len(), 28);
    assert_eq!(merged(&world, Some("2027-01-01")).unwrap(), []);
}

#[test]
fn what_was_merged_before_is_left_out_though_it_was_changed_since() {
    let world = world(
        vec![
            pull(1, Some(2), 20),
            pull(2, Some(18), 18),
            pull(3, Some(1), 1),
        ],
        1,
    );
    assert_eq!(numbers(&merged(&world, Some(&day(15))).unwrap()), [2]);
}

#[test]
fn who_moves_to_the_head_meanwhile_is_found_there() {
    let pulls: Vec<Pull> = (1..=5).map(|at| pull(at, Some(at), at)).collect();
    let world = world(pulls, 2);
    // The first page is that of a list in which number 1 had not moved yet; then it moves.
    let first = world.github.state();
    let page =
        Response::json(200, &first.shown_pulls(&[5, 4])).with("Link", "<x?page=2>; rel=\"next\"");
    world.github.answer_instead(page);
    world
        .github
        .change(|state| state.pulls[0].updated_at = day(9));
    assert_eq!(numbers(&merged(&world, None).unwrap()), [5, 4, 3, 2, 1]);
}

#[test]
fn refusals_say_what_to_do() {
    let world = world(vec![pull(1, Some(1), 1)], 100);
    world
        .github
        .change(|state| state.permission = Permission::Read);
    assert_eq!(numbers(&merged(&world, None).unwrap()), [1]);
    world
        .github
        .change(|state| state.permission = Permission::None);
    let hidden = merged(&world, None).unwrap_err();
    assert_eq!(hidden.kind, FailureKind::Denied);
    assert!(hidden.hint.unwrap().contains("read pull requests"));
    world
        .github
        .change(|state| state.permission = Permission::Read);
    for (answer, kind) in [
        (json!([{"number": 1}]), FailureKind::Unknown),
        (json!({"message": "no list"}), FailureKind::Unknown),
        (
            json!([{"number": 1, "title": "a", "html_url": "x", "updated_at": "yesterday"}]),
            FailureKind::Unknown,
        ),
        (
            json!([{"number": 1, "title": "a", "html_url": "x", "updated_at": day(1), "merged_at": "never"}]),
            FailureKind::Unknown,
        ),
    ] {
        world.github.answer_instead(Response::json(200, &answer));
        assert_eq!(merged(&world, None).unwrap_err().kind, kind, "{answer}");
    }
    let limited = Response::json(429, &json!({"message": "slow down"})).with("Retry-After", "7");
    world.github.answer_instead(limited);
    assert!(matches!(
        merged(&world, None).unwrap_err().kind,
        FailureKind::Transient {
            retry_after: Some(_)
        }
    ));
}
