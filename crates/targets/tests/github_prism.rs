//! Every request of the four kinds, and every answer of the fake, held against GitHub's own description of its API.
//!
//! Prism stands between the target and the fake and answers an error for whatever the description does not allow, in either
//! direction. `bin/check-github-contract` installs it and runs this test.
//!
//! Not covered: downloading an asset's bytes, because the description knows that address with a JSON answer only. Files are ASCII here,
//! because the proxy reads bodies as text.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world cannot be made"
)]

mod github_world;

use github_world::{COMMIT, FILES, REPOSITORY, TAG, World, file};
use shipway_core::target::{Credential, FailureKind, Item, Presence, Receipt};
use shipway_targets::http::{Body, Call, Client};
use shipway_testkit::github::{GitHub, Pull, Setup, TagRef};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// The proxy, until it is dropped.
struct Prism {
    child: Child,
    log: Receiver<String>,
}

impl Prism {
    /// In front of `upstream`; returns once it can be called.
    fn start(port: u16, upstream: &str) -> Self {
        let modules =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/github-contract/node_modules");
        let program = modules.join("@stoplight/prism-cli/dist/index.js");
        assert!(
            program.exists(),
            "not installed: run bin/check-github-contract"
        );
        let mut child = Command::new("node")
            .arg(program)
            .arg("proxy")
            .arg(modules.join("@octokit/openapi/generated/api.github.com.json"))
            .args([
                upstream,
                "--errors",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let (send, log) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let prism = Self { child, log };
        assert!(
            prism.log.iter().any(|line| line.contains("is listening")),
            "it ended before it was up"
        );
        prism
    }

    /// What it found wrong so far.
    fn complaints(&self) -> Vec<String> {
        self.log
            .try_iter()
            .filter(|line| is_complaint(line))
            .collect()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_complaint(line: &str) -> bool {
    line.contains("prism/errors")
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Looks, publishes and looks again.
fn publish(world: &World, item: &Item) -> Receipt {
    let target = world.target();
    let before = target.observe(item);
    assert_eq!(before, Ok(Presence::Absent), "{}", item.name);
    let receipt = target
        .publish(item)
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    let after = target.observe(item);
    assert_eq!(
        after,
        Ok(Presence::Same {
            receipt: receipt.clone()
        }),
        "{}",
        item.name
    );
    receipt
}

fn retract(world: &World, item: &Item, receipt: &Receipt) {
    let target = world.target();
    for _ in 0..2 {
        assert_eq!(target.retract(item, receipt), Ok(()), "{}", item.name);
    }
    assert_eq!(target.observe(item), Ok(Presence::Absent), "{}", item.name);
}

#[test]
fn every_request_keeps_to_githubs_own_description() {
    let port = free_port();
    let mut setup = Setup::new(REPOSITORY);
    setup.public_url = Some(format!("http://127.0.0.1:{port}"));
    setup.state.upload_path = String::new();
    setup.state.page_limit = 1;
    let mut world = World::of(GitHub::with(setup).unwrap(), "github-draft");
    let prism = Prism::start(port, &world.github.url());
    world.api = format!("http://127.0.0.1:{port}");

    // A draft and its files, made and taken back.
    let draft = world.item();
    let survey = world.target().survey(std::slice::from_ref(&draft)).unwrap();
    assert_eq!(survey.credential, Credential::Accepted);
    let draft_receipt = publish(&world, &draft);
    let world = world.seen_as("github-asset");
    let files = [file(FILES[1].0, FILES[1].1), file("notes+1.txt", b"sdist")];
    let receipts = files.each_ref().map(|item| publish(&world, item));
    world.target().survey(&files).unwrap();
    retract(&world, &files[0], &receipts[0]);
    let world = world.seen_as("github-draft");
    retract(&world, &draft, &draft_receipt);

    // Again, and published, with an annotated tag. An upload that broke off is cleared first.
    publish(&world, &draft);
    world.put_asset(FILES[1].0, "open", b"");
    let world = world.seen_as("github-asset");
    publish(&world, &files[0]);
    let tag = TagRef {
        object: "f".repeat(40),
        commit: COMMIT.to_owned(),
    };
    world.github.change(|state| {
        state.tags.insert(TAG.to_owned(), tag);
        state.immutable_releases = true;
    });
    let world = world.seen_as("github-release");
    let release = world.item();
    let survey = world
        .target()
        .survey(std::slice::from_ref(&release))
        .unwrap();
    assert_eq!(survey.notes.len(), 1, "{survey:?}");
    publish(&world, &release);

    // Withdrawn, where releases are immutable.
    let world = world.seen_as("github-withdrawn");
    publish(&world, &world.item());

    // Milestones, and GitHub's own refusal of a second one.
    let world = world.seen_as("github-milestone");
    let items = world.items();
    world.target().survey(&items).unwrap();
    let receipts: Vec<Receipt> = items.iter().map(|item| publish(&world, item)).collect();
    let refused = world.target().publish(&items[0]).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Taken, "{refused}");
    retract(&world, &items[0], &receipts[0]);

    // Pull requests, of which lists alone are read.
    world.github.change(|state| {
        state.pulls = [1, 2]
            .map(|number| Pull {
                number,
                title: "feat: one".to_owned(),
                body: None,
                labels: vec!["bug".to_owned()],
                author: Some("octocat".to_owned()),
                open: false,
                merged_at: Some("2026-01-02T10:00:00Z".to_owned()),
                updated_at: "2026-01-02T10:00:00Z".to_owned(),
                merge_commit: Some(COMMIT.to_owned()),
            })
            .to_vec();
    });
    assert_eq!(world.merged_pulls(None).unwrap().len(), 2);

    assert_eq!(prism.complaints(), Vec::<String>::new());
    // The check can fail: what the description does not allow is refused, and never reaches the fake.
    let requests = world.github.server().requests().len();
    let url = format!("{}/repos/{REPOSITORY}/releases", world.api);
    let headers = [("Content-Type", "application/json")];
    let wrong = Call::new("POST", &url)
        .headers(&headers)
        .body(Body::Bytes(br#"{"name": 3}"#));
    assert_eq!(Client::default().send(wrong).unwrap().status, 422);
    assert_eq!(
        prism
            .log
            .iter()
            .find(|line| is_complaint(line))
            .iter()
            .count(),
        1
    );
    assert_eq!(world.github.server().requests().len(), requests);
}
