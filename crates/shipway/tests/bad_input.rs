//! Bad input is the normal case: a clear error with file or step, what is public, and the next command; and nothing lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

mod world;

use shipway_testkit::faults::Fault;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use world::{Ran, World};

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| Mutex::new(World::new()));

/// The one world of this file, as it was made.
fn world() -> MutexGuard<'static, World> {
    let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    world.reset();
    world
}

/// Stops the test unless the message holds all of these.
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

/// Changes the configuration and commits it everywhere.
fn configure(world: &World, change: impl FnOnce(String) -> String) {
    let text = change(world.read("shipway.toml"));
    world.write("shipway.toml", &text);
    world.commit("chore: change how we release");
    world.git(&["push", "-q", "origin", "main"]);
}

/// Releases up to the approval.
fn until_approval(world: &World) -> Ran {
    world.shipway(&["release", "minor", "--yes"]).must(5)
}

#[test]
fn unknown_key_and_wrong_type() {
    let world = world();
    let text = world
        .read("shipway.toml")
        .replace("branch = \"main\"", "brunch = \"main\"\ncommit-message = 7");
    world.write("shipway.toml", &text);
    let ran = world.shipway(&["plan"]).must(2);
    says(
        &ran,
        &[
            "shipway.toml: line 4",
            "brunch",
            "branch",
            "line 5",
            "commit-message = 7",
        ],
    );
    let error = world.shipway(&["plan", "--json"]).must(2).json();
    assert_eq!(error["error"]["kind"], "usage");
}

#[test]
fn no_configuration_and_no_repository() {
    let world = world();
    world.git(&["rm", "-q", "shipway.toml"]);
    says(
        &world.shipway(&["plan"]).must(2),
        &["there is no shipway.toml", "shipway init"],
    );
    let elsewhere = world.scratch();
    says(
        &world
            .shipway(&["-C", elsewhere.to_str().unwrap(), "plan"])
            .must(2),
        &["cannot open a git repository"],
    );
}

#[test]
fn impossible_version_and_version_that_goes_backwards() {
    let world = world();
    says(
        &world.shipway(&["plan", "--version", "1.x"]).must(2),
        &["1.x", "PEP 440"],
    );
    says(
        &world.shipway(&["plan", "--version", "0.9.0"]).must(2),
        &["0.9.0", "lower than 1.0.0", "higher"],
    );
    says(
        &world.shipway(&["plan", "--version", "1.0.0"]).must(2),
        &["1.0.0", "exists already"],
    );
    // The files may be ahead of the tags.
    world.write("tiny/version.py", "__version__ = \"2.0.0\"\n");
    world.commit("chore: begin 2.0.0");
    world.git(&["push", "-q", "origin", "main"]);
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["1.1.0 is lower than 2.0.0", "tiny/version.py"],
    );
}

#[test]
fn version_that_is_missing_or_ambiguous_in_its_file() {
    let world = world();
    world.write("README.md", "# tiny\n");
    world.commit("docs: nothing to install");
    world.git(&["push", "-q", "origin", "main"]);
    says(&world.shipway(&["plan", "minor"]).must(2), &["README.md"]);
}

#[test]
fn dirty_tree_detached_head_and_another_branch() {
    let world = world();
    world.write("tiny/new.py", "");
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["not committed", "tiny/new.py", "git stash"],
    );
    fs_err::remove_file(world.repository().join("tiny/new.py")).unwrap();
    world.git(&["checkout", "-q", "--detach"]);
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["detached", "branch"],
    );
    world.git(&["checkout", "-q", "-b", "feature"]);
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["releases are made from main", "feature", "git switch main"],
    );
}

#[test]
fn shallow_clone() {
    let world = world();
    let clone = world.scratch().join("shallow");
    let _ = fs_err::remove_dir_all(&clone);
    let remote = format!("file://{}", world.remote().display());
    world.git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        "--no-tags",
        &remote,
        clone.to_str().unwrap(),
    ]);
    let ran = world
        .shipway(&["-C", clone.to_str().unwrap(), "plan"])
        .must(2);
    says(&ran, &["shallow", "git fetch"]);
}

#[test]
fn tag_that_exists_here_or_there() {
    let world = world();
    world.git(&["tag", "v1.1.0", "v1.0.0^{}"]);
    // It marks a release by its name, and 1.1.0 cannot be released once more.
    let ran = world.shipway(&["plan", "--version", "1.1.0"]);
    assert!(matches!(ran.code, Some(2 | 7)), "{ran:?}");
    says(&ran, &["1.1.0", "exists already"]);
    world.git(&["tag", "-d", "v1.1.0"]);
    world.git_there(&["tag", "v1.1.0", "v1.0.0^{}"]);
    says(
        &world.shipway(&["plan", "minor"]).must(7),
        &[
            "refs/tags/v1.1.0 exists on origin already",
            "higher version",
        ],
    );
}

#[test]
fn a_tag_that_is_released_is_taken_as_it_is() {
    let world = world();
    world.write("tiny/version.py", "__version__ = \"1.1.0\"\n");
    world.write("README.md", "pip install tiny==1.1.0\n");
    world.write(
        "CHANGELOG.md",
        &world
            .read("CHANGELOG.md")
            .replace("## [Unreleased]", "## [1.1.0] - 2026-01-03"),
    );
    world.commit("Prepare release v1.1.0");
    world.git(&["tag", "-a", "-m", "Release", "v1.1.0"]);
    world.git(&["push", "-q", "origin", "main", "v1.1.0"]);
    world
        .shipway(&["release", "--tag", "v1.1.0", "--yes"])
        .must(5);
    world.shipway(&["approve"]).must(0);
    let before = world.git_there(&["for-each-ref"]);
    world.shipway(&["resume"]).must(0);
    assert_eq!(
        world.git_there(&["for-each-ref"]),
        before,
        "nothing was pushed"
    );
    assert_eq!(world.look().index.len(), 2);
    // CI that runs once more for the same tag has nothing to do.
    let ran = world
        .shipway(&["release", "--tag", "v1.1.0", "--yes"])
        .must(0);
    says(&ran, &["released already"]);
    // The same tag on another object is refused.
    let other = world.scratch().join("other");
    let _ = fs_err::remove_dir_all(&other);
    world.reset();
    world.git(&["tag", "-a", "-m", "Release", "v1.1.0"]);
    let ran = world.shipway(&["plan", "--tag", "v1.1.0"]).must(7);
    says(&ran, &["tag v1.1.0 names 1.1.0", "says 1.0.0"]);
}

#[test]
fn branch_that_moved_since_the_plan() {
    let world = world();
    let plan = world.scratch().join("plan.json");
    let plan = plan.to_str().unwrap();
    world.shipway(&["plan", "minor", "-o", plan]).must(0);
    let before = world.look();
    world.git(&[
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "feat: faster than you",
    ]);
    world.git(&["push", "-q", "origin", "main"]);
    let ran = world.shipway(&["release", "--plan", plan, "--yes"]).must(7);
    says(
        &ran,
        &["the world has moved", "main was at", "shipway plan"],
    );
    // Only the remote moved: somebody else was faster.
    world.reset();
    let commit = world.git_there(&["commit-tree", "-p", "main", "-m", "x", "main^{tree}"]);
    world.git_there(&["update-ref", "refs/heads/main", &commit]);
    says(
        &world.shipway(&["release", "--plan", plan, "--yes"]).must(7),
        &["origin: refs/heads/main was"],
    );
    says(
        &world.shipway(&["plan", "minor"]).must(7),
        &["refs/heads/main is at", "pull what is missing"],
    );
    world.git_there(&[
        "update-ref",
        "refs/heads/main",
        &before.remote_refs["refs/heads/main"],
    ]);
    // The index moved.
    fs_err::write(
        world.servers.index.directory.join("tiny-1.1.0.tar.gz"),
        "other",
    )
    .unwrap();
    says(
        &world.shipway(&["release", "--plan", plan, "--yes"]).must(7),
        &["pypi: tiny-1.1.0.tar.gz is there now"],
    );
    assert!(world.look().releases.is_empty());
}

#[test]
fn plans_that_cannot_be_carried_out() {
    let world = world();
    let path = world.scratch().join("plan.json");
    let plan = path.to_str().unwrap();
    world.shipway(&["plan", "minor", "-o", plan]).must(0);
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, "no plan").unwrap();
    says(
        &world.shipway(&["release", "--plan", plan]).must(2),
        &["cannot be carried out"],
    );
    fs_err::write(&path, text.replacen("\"format\": 1", "\"format\": 9", 1)).unwrap();
    says(
        &world.shipway(&["release", "--plan", plan]).must(2),
        &["format 9", "format 1"],
    );
    // What is shown is not what would be carried out.
    let tampered = text.replacen(
        "+__version__ = \\\"1.1.0\\\"",
        "+__version__ = \\\"6.6.6\\\"",
        1,
    );
    assert_ne!(tampered, text);
    fs_err::write(&path, tampered).unwrap();
    let ran = world.shipway(&["release", "--plan", plan, "--yes"]).must(2);
    says(
        &ran,
        &["prepare/commit", "other commits than the plan shows"],
    );
    let tampered = text.replace("users@example.org", "others@example.org");
    fs_err::write(&path, tampered).unwrap();
    let ran = world.shipway(&["release", "--plan", plan, "--yes"]).must(2);
    says(&ran, &["announce/list", "not what its digest says"]);
    // Unchanged, it is carried out.
    fs_err::write(&path, &text).unwrap();
    world.shipway(&["release", "--plan", plan, "--yes"]).must(5);
}

#[test]
fn index_that_holds_the_file_with_other_bytes() {
    let world = world();
    fs_err::write(
        world.servers.index.directory.join("tiny-1.1.0.tar.gz"),
        "other bytes",
    )
    .unwrap();
    says(
        &world.shipway(&["plan", "minor"]).must(7),
        &[
            "pypi holds files of tiny 1.1.0",
            "tiny-1.1.0.tar.gz",
            "higher version",
        ],
    );
    // The same after people approved: past the point of no return, the run stops and says what is public.
    world.reset();
    until_approval(&world);
    world.shipway(&["approve"]).must(0);
    fs_err::write(
        world.servers.index.directory.join("tiny-1.1.0.tar.gz"),
        "other bytes",
    )
    .unwrap();
    let ran = world.shipway(&["resume"]).must(7);
    says(
        &ran,
        &[
            "publish/pypi",
            "something else is there",
            "origin: v1.1.0  verified",
            "shipway resume",
        ],
    );
    let bytes = fs_err::read(world.servers.index.directory.join("tiny-1.1.0.tar.gz")).unwrap();
    assert_eq!(bytes, b"other bytes", "nothing is overwritten");
    says(
        &world.shipway(&["rollback"]).must(7),
        &["past the point of no return", "v1.1.0"],
    );
    // Once the cause is gone, the same run is finished.
    fs_err::remove_file(world.servers.index.directory.join("tiny-1.1.0.tar.gz")).unwrap();
    world.shipway(&["resume"]).must(0);
    assert_eq!(world.look().index.len(), 2);
}

#[test]
fn missing_interpreter() {
    let world = world();
    configure(&world, |text| {
        text + "\n[[check]]\nname = \"import\"\nrun = \"{python} -c 'import tiny'\"\npython = [\"3.1\"]\n"
    });
    let ran = world.shipway(&["plan", "minor"]).must(0);
    assert!(
        ran.stdout.contains("skipped: Python 3.1 is missing"),
        "{}",
        ran.stdout
    );
    let ran = world.shipway(&["check", "minor"]).must(0);
    assert!(ran.stdout.contains("- Python 3.1"), "{}", ran.stdout);
    configure(&world, |text| text + "missing-fails = true\n");
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["python 3.1 is missing", "import"],
    );
}

#[test]
fn missing_secret() {
    let world = world();
    let ran = world
        .shipway_with(&[("PYPI_TOKEN", "")], &["check", "minor"])
        .must(2);
    assert!(ran.stdout.contains("✗ PYPI_TOKEN"), "{}", ran.stdout);
    let ran = world
        .shipway_with(&[("PYPI_TOKEN", "")], &["plan", "minor"])
        .must(0);
    says(&ran, &["warning", "PYPI_TOKEN"]);
    let before = world.look();
    let ran = world
        .shipway_with(&[("PYPI_TOKEN", "")], &["release", "minor", "--yes"])
        .must(2);
    says(
        &ran,
        &["PYPI_TOKEN", "nothing was started", "shipway check"],
    );
    assert_eq!(world.look(), before);
}

#[test]
fn wrong_tokens() {
    let world = world();
    says(
        &world
            .shipway_with(&[("GITHUB_TOKEN", "wrong")], &["plan", "minor"])
            .must(2),
        &["github cannot be looked at"],
    );
    // The index says no only when something is sent: before anything is public, and mended without a new plan.
    for (status, word) in [(401, "401"), (403, "403"), (404, "404")] {
        world.reset();
        world
            .servers
            .test_index
            .proxy
            .faults()
            .on("POST", "/", Fault::StatusBefore(status));
        let ran = world.shipway(&["release", "minor", "--yes"]).must(6);
        says(
            &ran,
            &[
                "rehearse/test-index",
                word,
                "nothing is public",
                "shipway resume",
                "shipway rollback",
            ],
        );
        world.shipway(&["resume"]).must(5);
        world.shipway(&["approve"]).must(0);
        world.shipway(&["resume"]).must(0);
    }
}

#[test]
fn unreadable_pypirc() {
    let world = world();
    configure(&world, |text| {
        text.replace(
            "secret = \"PYPI_TOKEN\"\nrehearsal",
            "pypirc = \"testpypi\"\nrehearsal",
        )
    });
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &["no section [testpypi]"],
    );
    let path = world.home().join(".pypirc");
    fs_err::write(&path, "[testpypi]\nusername\n").unwrap();
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &[".pypirc", "line 2"],
    );
    fs_err::remove_file(&path).unwrap();
    fs_err::create_dir(&path).unwrap();
    says(
        &world.shipway(&["plan", "minor"]).must(2),
        &[".pypirc", "cannot be read"],
    );
}

#[test]
fn wheel_whose_metadata_disagrees() {
    let world = world();
    let script = world
        .read("make_dist.py")
        .replace("Version: {version}\\n", "Version: 9.9.9\\n");
    world.write("make_dist.py", &script);
    world.commit("chore: a slip");
    world.git(&["push", "-q", "origin", "main"]);
    let before = world.look();
    let ran = world.shipway(&["release", "minor", "--yes"]).must(4);
    says(
        &ran,
        &[
            "build/metadata",
            "9.9.9",
            "1.1.0",
            "nothing is public",
            "taken back",
        ],
    );
    assert_eq!(
        world.look(),
        before,
        "what was done is taken back, and nothing else"
    );
}

#[test]
fn failing_check_shows_its_last_lines_and_is_taken_back() {
    let world = world();
    configure(&world, |text| {
        text + "\n[[check]]\nname = \"broken\"\nscript = \"\"\"\necho the reason is here\nexit 3\n\"\"\"\n"
    });
    let before = world.look();
    let ran = world.shipway(&["release", "minor", "--yes"]).must(4);
    says(
        &ran,
        &[
            "check/broken",
            "the reason is here",
            "shipway log",
            "shipway plan",
        ],
    );
    assert_eq!(world.look(), before);
    let log = world.shipway(&["log", "--step", "check/broken"]).must(0);
    assert!(log.stdout.contains("the reason is here"), "{}", log.stdout);
    // The version is free again.
    let runs = world.shipway(&["runs", "--json"]).must(0).json();
    assert_eq!(runs["runs"][0]["state"], "rolled-back");
}

#[test]
fn journal_of_a_newer_format_and_with_a_flipped_byte() {
    let world = world();
    until_approval(&world);
    let journal = world.state().join("journal.db");
    let kept = fs_err::read(&journal).unwrap();
    assert!(
        !world.state().join("journal.db-wal").exists(),
        "the journal is one file at rest"
    );
    // Every place where an event's text stands: some are left over from pages that SQLite moved, and count for nothing.
    let places = find_all(&kept, b"prepare/branch\",\"item");
    let mut noticed = 0;
    for at in &places {
        let mut bytes = kept.clone();
        bytes[*at] ^= 1;
        fs_err::write(&journal, &bytes).unwrap();
        let ran = world.shipway(&["status"]);
        if ran.code == Some(0) {
            assert!(ran.stdout.contains("prepare/branch"), "{}", ran.stdout);
            continue;
        }
        noticed += 1;
        let ran = ran.must(1);
        says(&ran, &["damaged at event", "run"]);
        assert_eq!(
            fs_err::read(&journal).unwrap().len(),
            bytes.len(),
            "nothing is repaired behind anybody's back"
        );
    }
    assert!(noticed > 0, "{places:?}");
    // The format number is in the database's header, at byte 60 (SQLite's "user version").
    let mut bytes = kept.clone();
    bytes[63] = 99;
    fs_err::write(&journal, &bytes).unwrap();
    says(
        &world.shipway(&["resume"]).must(1),
        &["format 99", "reads format"],
    );
    fs_err::write(&journal, &kept).unwrap();
    world.shipway(&["approve"]).must(0);
    world.shipway(&["resume"]).must(0);
    world.shipway(&["verify", "--journal"]).must(0);
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    find_all(bytes, what).first().copied()
}

fn find_all(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(what.len()).enumerate();
    windows
        .filter(|(_, window)| *window == what)
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn two_at_once_and_a_second_plan_for_the_same_version() {
    let world = world();
    configure(&world, |text| {
        text + "\n[[check]]\nname = \"slow\"\nrun = \"sleep 30\"\n"
    });
    let mut first = world.spawn(&[], &["release", "minor", "--yes"]);
    wait_until(|| world.shipway(&["status"]).stdout.contains("check/slow"));
    let ran = world.shipway(&["resume"]).must(7);
    says(&ran, &["is being driven by process"]);
    let ran = world.shipway(&["release", "minor", "--yes"]).must(6);
    says(
        &ran,
        &[
            "tiny 1.1.0 is not finished",
            "shipway resume",
            "shipway rollback",
        ],
    );
    first.kill();
    let _ = first.wait();
    world.shipway(&["rollback", "--note", "not today"]).must(0);
    assert!(
        !world
            .look()
            .remote_refs
            .contains_key("refs/heads/release/v1.1.0")
    );
}

#[test]
fn ctrl_c_stops_between_steps_and_says_how_to_go_on() {
    let world = world();
    configure(&world, |text| {
        text + "\n[[check]]\nname = \"slow\"\nrun = \"sleep 1\"\n"
    });
    for signal in ["INT", "TERM", "HUP"] {
        world.reset();
        configure(&world, |text| {
            text + "\n[[check]]\nname = \"slow\"\nrun = \"sleep 1\"\n"
        });
        let running = world.spawn(&[], &["release", "minor", "--yes"]);
        wait_until(|| world.shipway(&["status"]).stdout.contains("check/slow"));
        let status = std::process::Command::new("kill")
            .args(["-s", signal, &running.id().to_string()])
            .status();
        assert!(status.unwrap().success());
        let ran = running.wait().must(6);
        says(
            &ran,
            &[
                "stopped between steps",
                "shipway resume",
                "nothing is public",
            ],
        );
        world.shipway(&["resume"]).must(5);
    }
}

#[track_caller]
fn wait_until(mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !holds() {
        assert!(std::time::Instant::now() < end, "it never happened");
    }
}

#[test]
fn decisions_that_nobody_asked_for() {
    let world = world();
    says(
        &world.shipway(&["approve"]).must(2),
        &["there is no run of tiny yet"],
    );
    until_approval(&world);
    says(&world.shipway(&["done"]).must(2), &["asks nobody for that"]);
    says(
        &world.shipway(&["approve", "check/changelog"]).must(2),
        &["nobody is asked at check/changelog"],
    );
    says(
        &world.shipway(&["approve", "--subject", "0000"]).must(7),
        &["is about", "0000"],
    );
    says(
        &world.shipway(&["approve", "--run", "zz"]).must(2),
        &["no run begins with"],
    );
    says(
        &world.shipway(&["approve", "--as", " "]).must(2),
        &["empty"],
    );
    let before = world.look();
    let ran = world
        .shipway(&["reject", "--as", "Joon", "--note", "not these bytes"])
        .must(0);
    says(&ran, &["reject by Joon"]);
    let ran = world.shipway(&["resume"]).must(4);
    says(&ran, &["rejected by Joon"]);
    let after = world.look();
    assert!(!after.remote_refs.contains_key("refs/heads/release/v1.1.0"));
    assert_eq!(
        after.test_index, before.test_index,
        "a test index keeps what it got"
    );
    says(&world.shipway(&["approve"]).must(2), &["asks nobody"]);
}

#[test]
fn secrets_are_in_no_sink() {
    let world = world();
    configure(&world, |text| {
        text.replace(
            "[[check]]\n",
            "[[check]]\nname = \"chatty\"\nenvironment = { secrets = { TOKEN = \"PYPI_TOKEN\" } }\nscript = \"\"\"\n\
             echo \"$TOKEN\"; printf %s \"$TOKEN\" | base64; printf '%.5s' \"$TOKEN\"; sleep 0.1; echo \"$TOKEN\" | cut -c6-\n\"\"\"\n\n[[check]]\n",
        )
    });
    until_approval(&world);
    let log = world.shipway(&["log", "--step", "check/chatty"]).must(0);
    assert!(log.stdout.contains("***"), "{}", log.stdout);
    let token = world::PYPI_TOKEN;
    let inside = base64_core(token);
    let mut open = vec![world.state()];
    let mut files = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs_err::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            let bytes = fs_err::read(&path).unwrap();
            files += 1;
            for form in [token, &inside] {
                assert!(
                    find(&bytes, form.as_bytes()).is_none(),
                    "{} holds the token",
                    path.display()
                );
            }
        }
    }
    assert!(files > 5, "{files}");
}

/// The part of the base64 text that does not depend on what follows.
fn base64_core(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = text.len() / 3 * 3;
    let bytes = &text.as_bytes()[..whole];
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let number =
            (usize::from(three[0]) << 16) | (usize::from(three[1]) << 8) | usize::from(three[2]);
        for shift in [18, 12, 6, 0] {
            out.push(char::from(DIGITS[(number >> shift) & 63]));
        }
    }
    out
}
