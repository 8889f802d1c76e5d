//! A release that should not have been: withdrawn with the real binary, killed in the middle, and after a release that stopped
//! half way. The index is the fake that can be yanked from; no server that a package ships can.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world cannot be made"
)]

mod world;

use shipway_testkit::http::Server;
use shipway_testkit::pypi::Index;
use std::fmt::Write as _;
use std::sync::Arc;
use world::{Ran, World, project};

const REASON: &str = "greets the wrong people";

/// The world with an index that people can yank from, and nobody to approve.
struct Scene {
    world: World,
    index: Arc<Index>,
    server: Server,
}

impl Scene {
    fn new() -> Self {
        let index = Arc::new(Index::new());
        let server = Server::start(index.clone());
        let url = server.url();
        let world = World::with(|servers| {
            let mut text = project::start();
            let _ = write!(
                text,
                "[[publish]]\nname = \"pypi\"\nto = \"pypi\"\nrepository = \"{url}/legacy/\"\nindex = \"{url}/simple/\"\n\
                 secret = \"PYPI_TOKEN\"\n\n"
            );
            text.push_str(&project::github(servers));
            text.push_str(&project::announcements(servers));
            text
        });
        Self {
            world,
            index,
            server,
        }
    }

    fn released() -> Self {
        let scene = Self::new();
        scene.world.shipway(&["release", "minor", "--yes"]).must(0);
        scene
    }

    fn withdraw(&self, arguments: &[&str]) -> Ran {
        let all = [&["withdraw", "--reason", REASON], arguments].concat();
        self.world.shipway(&all)
    }

    /// What a person does on the index's web page.
    fn yank(&self) {
        for name in self.index.names() {
            self.index.yank(&name, REASON);
        }
    }

    /// Names of the GitHub releases that carry the whole mark.
    fn marked(&self) -> Vec<String> {
        let state = self.world.servers.github.state();
        let quote = format!("> Withdrawn: {REASON}\n\n");
        let marked = state.releases.iter().filter(|release| {
            let mark = (release.prerelease, release.make_latest.as_deref());
            release.notes.starts_with(&quote) && mark == (true, Some("false"))
        });
        marked.map(|release| release.name.clone()).collect()
    }

    fn subjects(&self) -> Vec<String> {
        let mails = self.world.servers.mails();
        let subject = |data: &str| {
            let line = data.lines().find_map(|line| line.strip_prefix("Subject: "));
            line.unwrap_or_default().to_owned()
        };
        mails.iter().map(|mail| subject(&mail.data)).collect()
    }

    /// A repaired version, with whatever else its changelog needs.
    fn hotfix(&self) -> Ran {
        let changelog = self.world.read("CHANGELOG.md");
        let fixed = changelog.replacen(
            "## [Unreleased]\n",
            "## [Unreleased]\n\n### Fixed\n\n- Greets the right people.\n",
            1,
        );
        self.world.write("CHANGELOG.md", &fixed);
        self.world.commit("fix: greet the right people");
        self.world.git(&["push", "-q", "origin", "main"]);
        self.world
            .shipway(&["release", "--version", "1.1.1", "--yes"])
    }
}

#[track_caller]
fn says(ran: &Ran, words: &[&str]) {
    let text = format!("{}\n{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
}

#[test]
fn a_release_is_withdrawn_and_the_next_one_goes_on() {
    let scene = Scene::released();
    let world = &scene.world;
    let before = world.look();

    let shown = scene.withdraw(&["1.1.0", "--plan-only"]).must(0);
    says(
        &shown,
        &[
            "withdraw tiny 1.1.0",
            "withdraw/pypi",
            "withdraw/github",
            "announce/list",
            "Yank",
            REASON,
        ],
    );
    assert_eq!(world.look(), before, "a plan changes nothing");

    let first = scene.withdraw(&["--yes"]).must(5);
    says(
        &first,
        &[
            "the withdrawal of tiny 1.1.0 waits for a person",
            "yank tiny 1.1.0 at pypi",
            "shipway done withdraw/pypi",
        ],
    );
    assert_eq!(scene.marked(), ["tiny 1.1.0 (withdrawn)"]);
    assert_eq!(scene.subjects().len(), 1, "users are told when it is done");
    says(
        &world.shipway(&["runs"]).must(0),
        &["withdrawal: waiting for a person", "released"],
    );
    says(
        &scene.withdraw(&["--yes"]).must(6),
        &["is not finished", "shipway resume"],
    );
    world.shipway(&["resume"]).must(5);

    scene.yank();
    let last = world.shipway(&["resume", "--json"]).must(0);
    let report: serde_json::Value =
        serde_json::from_str(last.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(report["report"]["state"], "withdrawn");
    assert_eq!(report["report"]["flow"], "withdraw");
    let subject = format!("tiny 1.1.0 is withdrawn: {REASON}");
    assert_eq!(scene.subjects()[1..], [subject]);
    assert_eq!(world.servers.calls().len(), 2);
    let after = world.look();
    assert_eq!(after.remote_refs, before.remote_refs, "the tag stays");
    assert_eq!(
        after.releases[0].assets, before.releases[0].assets,
        "and so do the files"
    );

    says(
        &world.shipway(&["verify"]).must(0),
        &["github  v1.1.0", "same"],
    );
    let runs = world.shipway(&["runs", "--json"]).must(0).json();
    let released = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    says(
        &world.shipway(&["verify", &released]).must(0),
        &["withdrawn", "marked as withdrawn since"],
    );
    says(
        &world.shipway(&["runs"]).must(0),
        &["released, and withdrawn since", "tiny 1.1.0  withdrawn"],
    );
    says(
        &world.shipway(&["status"]).must(0),
        &["withdrawal of tiny 1.1.0  withdrawn"],
    );
    says(&world.shipway(&["log"]).must(0), &["probe", "finished"]);
    says(
        &scene.withdraw(&["v1.1.0", "--yes"]).must(0),
        &["withdrawn already: nothing to do"],
    );
    assert_eq!(scene.subjects().len(), 2);

    says(
        &world.shipway(&["status", &released]).must(0),
        &["tiny 1.1.0  released", "withdrawn since"],
    );

    scene.hotfix().must(0);
    assert_eq!(world.look().releases.len(), 2);
    let next = scene.withdraw(&["--plan-only", "--json"]).must(0).json();
    assert_eq!(next["plan"]["version"], "1.1.1");
    let notes = next["plan"]["notes"].as_str().unwrap();
    assert!(
        notes.contains("install 1.0.0, or"),
        "1.1.0 is withdrawn: {notes}"
    );
}

#[test]
fn a_withdrawal_that_was_killed_goes_on() {
    let scene = Scene::released();
    let world = &scene.world;
    let mut killed = world.spawn(&[], &["withdraw", "--reason", REASON, "--yes", "--wait"]);
    while scene.marked().is_empty() {
        assert!(!killed.is_over(), "{:?}", killed.wait());
        std::thread::yield_now();
    }
    killed.kill();
    assert_eq!(killed.wait().signal, Some(9));
    scene.yank();
    says(
        &world.shipway(&["resume"]).must(0),
        &["tiny 1.1.0 is withdrawn"],
    );
    assert_eq!(scene.marked(), ["tiny 1.1.0 (withdrawn)"]);
    let patches = world.servers.github.server().requests();
    let patches = patches.iter().filter(|seen| seen.request.method == "PATCH");
    assert_eq!(patches.count(), 2, "published once and marked once");
    assert_eq!(scene.subjects().len(), 2, "each announcement was sent once");
}

#[test]
fn what_was_never_released_is_not_withdrawn() {
    let scene = Scene::released();
    let unknown = scene.withdraw(&["9.9.9", "--yes"]).must(2);
    says(
        &unknown,
        &[
            "9.9.9 was never released from here",
            "released from here: 1.1.0",
            "shipway runs",
        ],
    );
    let unknown = scene.withdraw(&["9.9.9", "--json"]).must(2).json();
    assert_eq!(unknown["error"]["kind"], "usage");
    for reason in ["", " \t", "two\nlines", "\u{202e}backwards"] {
        let refused = scene
            .world
            .shipway(&["withdraw", "--reason", reason, "--yes"])
            .must(2);
        says(&refused, &["the reason"]);
    }
    let runs = scene.world.shipway(&["runs", "--json"]).must(0).json();
    assert_eq!(
        runs["runs"].as_array().unwrap().len(),
        1,
        "nothing was entered"
    );
    assert!(scene.marked().is_empty());
    let released = runs["runs"][0]["run"].as_str().unwrap();
    says(
        &scene.world.shipway(&["rollback", released]).must(2),
        &["shipway withdraw"],
    );
}

#[test]
fn a_release_that_stopped_past_the_point_of_no_return_is_withdrawn() {
    let scene = Scene::new();
    let world = &scene.world;
    scene.index.admit("somebody", "else");
    let stopped = world.shipway(&["release", "minor", "--yes"]).must(6);
    says(&stopped, &["shipway resume", "shipway withdraw"]);
    says(
        &world.shipway(&["rollback"]).must(7),
        &["shipway resume", "shipway withdraw"],
    );

    let done = scene.withdraw(&["--yes"]).must(0);
    says(
        &done,
        &[
            "the draft release of tiny 1.1.0 stays",
            "tiny 1.1.0 is withdrawn",
        ],
    );
    assert!(scene.index.names().is_empty() && scene.marked().is_empty());
    assert_eq!(
        scene.subjects(),
        [format!("tiny 1.1.0 is withdrawn: {REASON}")]
    );

    let runs = world.shipway(&["runs", "--json"]).must(0).json();
    let halted = runs["runs"][0]["run"].as_str().unwrap();
    says(
        &world.shipway(&["resume", halted]).must(7),
        &["is withdrawn"],
    );
    scene.index.admit("__token__", world::PYPI_TOKEN);
    world.git(&["pull", "-q", "--ff-only", "--tags", "origin", "main"]);
    scene.hotfix().must(0);
    assert_eq!(scene.index.names().len(), 2);
}

#[test]
fn the_probe_tells_yanked_from_not_yanked() {
    let scene = Scene::released();
    let url = scene.server.url();
    let probe = |version: &str| {
        let index = format!("{url}/simple/");
        scene.world.shipway(&[
            "probe",
            "yanked",
            "--index",
            &index,
            "--project",
            "Tiny",
            "--version",
            version,
        ])
    };
    let names = scene.index.names();
    assert_eq!(names.len(), 2);
    says(
        &probe("1.1.0").must(4),
        &["tiny-1.1.0.tar.gz", "tiny-1.1.0-py3-none-any.whl"],
    );
    scene.index.yank(&names[0], REASON);
    says(&probe("1.1.0").must(4), &[&names[1]]);
    scene.index.speak(shipway_testkit::pypi::Dialect::Html);
    scene.yank();
    probe("1.1.0").must(0);
    probe("1.1").must(0);
    probe("3.0").must(0);
    let dead = scene.world.shipway(&[
        "probe",
        "yanked",
        "--index",
        "http://127.0.0.1:1/simple/",
        "--project",
        "tiny",
        "--version",
        "1.1.0",
    ]);
    says(&dead.must(4), &["could not be looked at"]);
}
