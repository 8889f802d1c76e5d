//! Where people come in: tasks, probes, approvals from another process, and steps that only a person can vouch for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

mod world;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use world::{Ran, World};

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| Mutex::new(World::new()));

fn world(more: impl FnOnce(&World) -> String) -> MutexGuard<'static, World> {
    let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    world.reset();
    let more = more(&world);
    if !more.is_empty() {
        world.write(
            "shipway.toml",
            &format!("{}\n{more}", world.read("shipway.toml")),
        );
        world.commit("chore: change how we release");
        world.git(&["push", "-q", "origin", "main"]);
    }
    world
}

#[track_caller]
fn says(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(
            ran.stderr.contains(text),
            "{text:?} is missing in:\n{}\n{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[track_caller]
fn wait_until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < end, "it never happened");
    }
}

#[test]
fn a_waiting_release_goes_on_when_another_process_approves() {
    let world = world(|_| String::new());
    let running = world.spawn(&[], &["release", "minor", "--yes", "--wait"]);
    wait_until(|| {
        world
            .shipway(&["status"])
            .stdout
            .contains("? approve/publish")
    });
    let status = world.shipway(&["status", "--json"]).must(0).json();
    let subject = status["report"]["asks"][0]["subject"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = world
        .shipway(&["approve", "--as", "Joon", "--subject", &subject[..12]])
        .must(0);
    says(&ran, &["approve by Joon"]);
    assert!(
        !ran.stderr.contains("shipway resume"),
        "somebody drives it: {}",
        ran.stderr
    );
    running.wait().must(0);
    let log = world.shipway(&["log"]).must(0);
    assert!(log.stdout.contains("Joon says approve"), "{}", log.stdout);
    assert!(!log.stdout.contains("resumed by"), "{}", log.stdout);
}

#[test]
fn a_task_is_done_by_a_person_or_noticed_by_its_probe() {
    let world = world(|world| {
        let sign = world.scratch().join("documents-are-read");
        let _ = fs_err::remove_file(&sign);
        format!(
            "[[task]]\nname = \"documents\"\ntext = \"Read the documents\"\nbefore = \"build\"\nprobe = [\"test\", \"-e\", \"{}\"]\n\n\
             [[task]]\nname = \"phone\"\ntext = \"Call the customer\"\nbefore = \"build\"\nwho = \"sales\"\n",
            sign.display()
        )
    });
    let ran = world.shipway(&["release", "minor", "--yes"]).must(5);
    says(
        &ran,
        &[
            "task/documents: Read the documents",
            "task/phone: Call the customer (sales)",
            "shipway done task/phone",
        ],
    );
    // Two ask: which is meant has to be said.
    says(
        &world.shipway(&["done"]).must(2),
        &["several steps ask", "task/phone"],
    );
    world
        .shipway(&["done", "task/phone", "--note", "they agree"])
        .must(0);
    fs_err::write(world.scratch().join("documents-are-read"), "").unwrap();
    let ran = world.shipway(&["resume"]).must(5);
    says(&ran, &["approve/publish"]);
    let status = world.shipway(&["status", "--json"]).must(0).json();
    let steps = status["report"]["steps"].as_array().unwrap();
    let decisions =
        |id: &str| steps.iter().find(|step| step["id"] == id).unwrap()["decisions"].clone();
    assert_eq!(decisions("task/phone")[0]["note"], "they agree");
    assert_eq!(decisions("task/documents")[0]["decision"], "done");
}

#[test]
fn a_step_that_must_not_be_repeated_blindly_is_asked_about() {
    let world = world(|world| {
        let mark = world.scratch().join("began");
        let _ = fs_err::remove_file(&mark);
        format!(
            "[[check]]\nname = \"once\"\nrepeat = \"unsafe\"\nscript = \"\"\"\n\
             if test -e {mark}; then exit 0; fi\ntouch {mark}\nsleep 60\n\"\"\"\n",
            mark = mark.display()
        )
    });
    let mut running = world.spawn(&[], &["release", "minor", "--yes"]);
    wait_until(|| world.scratch().join("began").exists());
    running.kill();
    let _ = running.wait();
    let ran = world.shipway(&["resume"]).must(5);
    says(&ran, &["check/once", "shipway done check/once"]);
    world.shipway(&["repeat"]).must(0);
    let ran = world.shipway(&["resume"]).must(5);
    says(&ran, &["approve/publish"]);
    let log = world.shipway(&["log"]).must(0);
    assert_eq!(
        log.stdout.matches("check/once: started").count(),
        2,
        "{}",
        log.stdout
    );
}

#[test]
fn an_rc_comes_before_its_release_and_leaves_the_changelog_open() {
    let world = world(|world| {
        // The project's own check wants a section for every version, and a pre-release has none.
        let text = world.read("shipway.toml");
        let script = text
            .lines()
            .find(|line| line.starts_with("script"))
            .unwrap()
            .to_owned();
        world.write("shipway.toml", &text.replace(&script, "script = \"true\""));
        "# no section for a pre-release".to_owned()
    });
    let finish = |arguments: &[&str]| {
        world.shipway(arguments).must(5);
        world.shipway(&["approve"]).must(0);
        world.shipway(&["resume"]).must(0);
    };
    finish(&["release", "minor", "--pre", "rc", "--yes"]);
    let seen = world.look();
    assert!(
        seen.index.contains_key("tiny-1.1.0rc1.tar.gz"),
        "{:?}",
        seen.index
    );
    assert!(seen.releases[0].prerelease);
    assert!(seen.releases[0].notes.contains("Greets twice"));
    assert!(
        world
            .read("CHANGELOG.md")
            .contains("## [Unreleased]\n\n### Added\n\n- Greets by name.")
    );
    // The same pre-release from its tag, as CI would plan it: its notes are what is unreleased still.
    let plan = world.shipway(&["plan", "--tag", "v1.1.0rc1", "--json"]);
    assert!(
        plan.stderr
            .contains("pypi holds files of tiny 1.1.0rc1 already"),
        "{}",
        plan.stderr
    );
    finish(&["release", "minor", "--yes"]);
    let seen = world.look();
    assert!(
        seen.index.contains_key("tiny-1.1.0.tar.gz"),
        "{:?}",
        seen.index
    );
    let release = seen
        .releases
        .iter()
        .find(|release| release.tag == "v1.1.0")
        .unwrap();
    assert!(
        release.notes.contains("Greets by name"),
        "{}",
        release.notes
    );
    assert!(world.read("CHANGELOG.md").contains("## [1.1.0] - "));
    assert!(world.read("tiny/version.py").contains("1.2.0.dev0"));
    // A patch may come before the next minor.
    world.write("tiny/mend.py", "");
    world.commit("fix: mend");
    world.git(&["push", "-q", "origin", "main"]);
    let plan = world.shipway(&["plan", "--json"]).must(0).json();
    assert_eq!(plan["plan"]["version"], "1.1.1");
}
