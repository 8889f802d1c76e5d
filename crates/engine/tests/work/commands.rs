//! How commands are run, ended and found.

use crate::scene::{Scene, call, command, failure, passed, plan, sh};
use rustix::process::{Pid, Signal, kill_process};
use shipway_core::FailureKind;
use shipway_core::name::Oid;
use shipway_core::time::Millis;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

#[test]
fn the_first_command_that_fails_fails_the_step() {
    let scene = Scene::new();
    let mut script = command(&["echo", "one"]);
    script.commands.extend([
        call(&["sh", "-c", "echo two; exit 3"]),
        call(&["echo", "three"]),
    ]);
    let outcome = scene.run(script);
    let (failure, evidence, tail) = failure(&outcome);
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(
        failure.message,
        "`sh -c echo two; exit 3` ended with exit code 3"
    );
    assert_eq!(tail, ["one", "two"]);
    let log = scene.stored(evidence[0].digest.as_ref().unwrap());
    assert_eq!(String::from_utf8(log).unwrap(), scene.log());
}

#[test]
fn a_step_that_says_nothing_leaves_no_log() {
    let scene = Scene::new();
    let outcome = scene.run(command(&["true"]));
    assert_eq!(passed(&outcome), (&[][..], &[][..]));
    assert!(!scene.shop.directory.join("logs").exists());
    assert!(!scene.shop.directory.join("work/check+it").exists());
}

#[test]
fn a_script_that_is_not_read_to_its_end_is_no_failure() {
    let scene = Scene::new();
    let mut script = sh(&format!(
        "echo first; exit 0\n{}",
        "# padding\n".repeat(100_000)
    ));
    script.commands.push(call(&["true"]));
    script.commands[1].stdin = Some("x".repeat(1_000_000));
    passed(&scene.run(script));
    assert_eq!(scene.heard(), ["first"]);
}

#[test]
fn a_script_stops_at_its_first_error() {
    let outcome = Scene::new().sh("false\necho not reached");
    assert!(failure(&outcome).2.is_empty());
    let outcome = Scene::new().sh("echo $NOT_SET_ANYWHERE");
    assert!(
        failure(&outcome).0.message.contains("exit code 2"),
        "{outcome:?}"
    );
}

#[test]
fn a_program_that_is_missing_is_named() {
    let scene = Scene::new();
    let outcome = scene.run(command(&["no-such-program-here", "x"]));
    let (failure, ..) = failure(&outcome);
    assert_eq!(
        failure.message,
        "there is no program \"no-such-program-here\""
    );
    assert_ne!(failure.kind, FailureKind::Permanent);
    assert!(
        failure
            .hint
            .as_ref()
            .unwrap()
            .contains(&scene.shop.caller["PATH"])
    );
}

#[test]
fn a_program_of_the_checkout_is_not_found_by_its_name() {
    let mut scene = Scene::new();
    let commit = scene.commit(&[("git-helper", "#!/bin/sh\necho bad\n")]);
    scene.git(&["update-index", "--chmod=+x", "git-helper"]);
    scene
        .shop
        .caller
        .insert("PATH".into(), format!("{}::.", scene.shop.caller["PATH"]));
    let mut script = command(&["git-helper"]);
    script.checkout = Some(commit);
    assert!(failure(&scene.run(script)).0.message.contains("no program"));
}

#[test]
fn programs_that_cannot_be_started_say_why() {
    let scene = Scene::new();
    let bin = scene.path().join("bin");
    fs_err::create_dir(&bin).unwrap();
    for (name, text, mode, hint) in [
        (
            "no-interpreter",
            "#!/no/such/interpreter\n",
            0o755,
            "interpreter",
        ),
        ("no-program", "\u{1}\u{2}\u{3}", 0o755, "first line"),
        ("not-executable", "#!/bin/sh\n", 0o644, "chmod"),
    ] {
        let path = bin.join(name);
        fs_err::write(&path, text).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let outcome = scene.run(command(&[path.to_str().unwrap()]));
        let (failure, ..) = failure(&outcome);
        assert!(failure.message.contains(name), "{failure:?}");
        assert!(
            failure
                .hint
                .as_ref()
                .is_some_and(|text| text.contains(hint)),
            "{failure:?}"
        );
    }
}

#[test]
fn a_signal_is_named() {
    let outcome = Scene::new().sh("kill -SEGV $$");
    assert!(
        failure(&outcome)
            .0
            .message
            .ends_with("was killed by signal 11 (SIGSEGV)"),
        "{outcome:?}"
    );
}

#[test]
fn output_is_compared_with_what_is_expected() {
    let scene = Scene::new();
    let mut script = sh("echo 1.1.0; echo noise >&2");
    script.commands[0].expect = Some("1.1.0".into());
    passed(&scene.run(script));
    assert!(scene.heard().contains(&"noise".to_owned()));

    let mut script = sh("echo 1.0.0; echo noise >&2");
    script.commands[0].expect = Some("1.1.0".into());
    let outcome = scene.run(script);
    let message = &failure(&outcome).0.message;
    assert!(
        message.contains("\"1.1.0\"") && message.contains("\"1.0.0\""),
        "{message}"
    );
}

/// Reads what is written into a named pipe until everybody who has it open for writing is gone.
fn watch(fifo: &Path) -> JoinHandle<String> {
    rustix::fs::mknodat(
        rustix::fs::CWD,
        fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let fifo = fifo.to_owned();
    thread::spawn(move || {
        let mut text = String::new();
        fs_err::File::open(fifo)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    })
}

#[test]
fn a_timeout_ends_all_of_the_group() {
    let scene = Scene::new();
    let fifo = scene.path().join("fifo");
    let watched = watch(&fifo);
    // A grandchild that is asked in vain, in a group whose leader is gone by then.
    let mut script = sh(
        "(trap '' TERM; exec > \"$FIFO\" 2>&1; echo alive; sleep 600; sleep 600) & echo started; sleep 600",
    );
    script
        .env
        .insert("FIFO".into(), fifo.to_str().unwrap().to_owned());
    script.timeout = Millis(700);
    let outcome = scene.run(script);
    let (failure, _, tail) = failure(&outcome);
    assert!(
        failure.message.contains("longer than 700 ms"),
        "{failure:?}"
    );
    assert_eq!(tail, ["started"]);
    // Comes to its end only when the grandchild is dead.
    assert_eq!(watched.join().unwrap(), "alive\n");
}

#[test]
fn the_timeout_is_for_the_whole_step() {
    let scene = Scene::new();
    let mut script = command(&["true"]);
    script
        .commands
        .extend([call(&["sleep", "600"]), call(&["echo", "never"])]);
    script.timeout = Millis(200);
    let outcome = scene.run(script);
    assert!(
        failure(&outcome)
            .0
            .message
            .starts_with("`sleep 600` was stopped"),
        "{outcome:?}"
    );
    assert!(scene.heard().is_empty());
}

#[test]
fn what_a_command_leaves_behind_is_ended() {
    let scene = Scene::new();
    let fifo = scene.path().join("fifo");
    let watched = watch(&fifo);
    let mut script = sh(
        "(exec > \"$FIFO\" 2>&1; echo alive; sleep 600) & exec > /dev/null 2>&1; while ! test -s \"$TMPDIR/ok\"; do echo x > \"$TMPDIR/ok\"; done",
    );
    script
        .env
        .insert("FIFO".into(), fifo.to_str().unwrap().to_owned());
    // Waits until the other one has the pipe open.
    script.commands[0].stdin = Some(
        "mkfifo \"$TMPDIR/go\"; (exec > \"$FIFO\" 2>&1; echo alive; echo > \"$TMPDIR/go\"; sleep 600) & read x < \"$TMPDIR/go\"".into(),
    );
    passed(&scene.run(script));
    assert_eq!(watched.join().unwrap(), "alive\n");
}

#[test]
fn a_process_that_left_the_group_cannot_hold_us_up() {
    let scene = Scene::new();
    let outcome = scene.sh("setsid sleep 600 & echo $!");
    passed(&outcome);
    let pid: i32 = scene.heard()[0].parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_request_to_stop_ends_what_runs() {
    let scene = Scene::new();
    let kill = scene.shop.kill.clone();
    let fifo = scene.path().join("fifo");
    let watched = watch(&fifo);
    let mut script = sh(
        "exec 3> \"$FIFO\"; echo running >&3; exec 3>&-; trap 'echo asked; exit 0' TERM; sleep 600 & wait",
    );
    script
        .env
        .insert("FIFO".into(), fifo.to_str().unwrap().to_owned());
    let stopper = thread::spawn(move || {
        watched.join().unwrap();
        kill.store(true, Ordering::Relaxed);
    });
    let outcome = scene.run(script);
    stopper.join().unwrap();
    let (failure, ..) = failure(&outcome);
    assert!(
        failure.message.contains("stopped on request"),
        "{failure:?}"
    );
    assert_ne!(failure.kind, FailureKind::Permanent);

    // And nothing is started any more.
    let outcome = scene.sh("touch \"$HOME/../../started\"");
    assert!(
        crate::scene::failure(&outcome)
            .0
            .message
            .contains("stopped on request")
    );
    assert!(!scene.shop.directory.join("work/started").exists());
}

#[test]
fn every_attempt_starts_clean() {
    let scene = Scene::new();
    let dirty = "test -z \"$(ls -A)\"; test -z \"$(ls -A $HOME)\"; test -z \"$(ls -A $TMPDIR)\"; \
        touch here $HOME/.netrc $TMPDIR/x; mkdir -p ro/deep; touch ro/deep/file; chmod 555 ro/deep ro; echo again; exit 1";
    for _ in 0..3 {
        let outcome = scene.sh(dirty);
        assert_eq!(failure(&outcome).2, ["again"]);
    }
    assert_eq!(scene.log().matches("== a new attempt").count(), 3);
    let about = fs_err::metadata(scene.shop.directory.join("work/check+it")).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_room_is_used_again_only_if_it_was_left_empty() {
    let scene = Scene::new();
    let clean = "test -z \"$(ls -A . \"$HOME\" \"$TMPDIR\" | grep -v :)\"; test $(ls -A \"$HOME/..\" | wc -l) = 3; pwd;";
    for (dirt, again) in [
        ("true", true),
        ("touch x", false),
        ("true", true),
        ("touch $HOME/.netrc", false),
        ("touch $TMPDIR/x", false),
        ("touch $HOME/../x", false),
        ("rmdir $TMPDIR", false),
        ("true", true),
        ("true", true),
    ] {
        scene.lines.lock().unwrap().clear();
        passed(&scene.sh(&format!("{clean} {dirt}")));
        let room = scene.heard()[0].clone();
        assert_eq!(Path::new(&room).exists(), again, "after {dirt}");
    }
    let count = || {
        fs_err::read_dir(scene.shop.directory.join("work"))
            .unwrap()
            .count()
    };
    assert_eq!(count(), 1);
}

#[test]
fn a_checkout_is_exactly_the_commit() {
    let scene = Scene::new();
    let first = scene.commit(&[("a.txt", "one\n"), ("dir/b.txt", "b\n")]);
    scene.git(&["tag", "v1.0.0"]);
    let second = scene.commit(&[("a.txt", "two\n")]);
    fs_err::write(scene.shop.repository.join("a.txt"), "dirty\n").unwrap();
    fs_err::write(scene.shop.repository.join("new.txt"), "new\n").unwrap();
    let before = scene.git(&["status", "--porcelain=v2", "--branch"]);
    for (commit, text, described) in [(&first, "one", "v1.0.0"), (&second, "two", "v1.0.0-1-g")] {
        let mut script = sh(
            "test -z \"$(git status --porcelain)\"; git rev-parse HEAD; cat a.txt dir/b.txt; git describe --tags; git remote; ls",
        );
        script.checkout = Some(commit.clone());
        scene.lines.lock().unwrap().clear();
        passed(&scene.run(script));
        let heard = scene.heard();
        assert_eq!(heard[..3], [commit.as_str(), text, "b"]);
        assert!(heard[3].starts_with(described), "{heard:?}");
        assert_eq!(heard[4..], ["a.txt", "dir"]);
    }
    assert_eq!(scene.git(&["status", "--porcelain=v2", "--branch"]), before);
}

#[test]
fn nothing_a_command_does_with_git_reaches_the_repository() {
    let scene = Scene::new();
    let commit = scene.commit(&[("a.txt", "one\n")]);
    let hook = scene.shop.repository.join(".git/hooks/post-checkout");
    fs_err::create_dir_all(hook.parent().unwrap()).unwrap();
    fs_err::write(&hook, "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n").unwrap();
    fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let listing = || {
        let mut all = Vec::new();
        let mut open = vec![scene.shop.repository.clone()];
        while let Some(dir) = open.pop() {
            for entry in fs_err::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    open.push(entry.path());
                } else {
                    all.push((entry.path(), fs_err::read(entry.path()).unwrap()));
                }
            }
        }
        all.sort();
        all
    };
    let before = listing();
    let mut script = sh(
        "echo x > a.txt; git -c user.name=x -c user.email=x@example.org commit -qam x; git tag evil; git branch other; git gc -q; rm -rf .git",
    );
    script.checkout = Some(commit);
    passed(&scene.run(script));
    assert!(listing() == before, "the repository was touched");
}

#[test]
fn a_commit_that_is_not_there_is_said() {
    let scene = Scene::new();
    scene.commit(&[("a.txt", "one\n")]);
    let mut script = command(&["true"]);
    script.checkout = Some(Oid::new("2".repeat(40)).unwrap());
    let outcome = scene.run(script);
    let (failure, ..) = failure(&outcome);
    assert!(
        failure.message.contains("the checkout failed"),
        "{failure:?}"
    );
    assert!(failure.hint.as_ref().unwrap().contains(&"2".repeat(40)));
}

#[test]
fn a_probe_says_whether_its_commands_succeed() {
    let scene = Scene::new();
    let plan = plan(vec![]);
    assert!(
        scene
            .shop
            .probe(&sh("echo said; test $SHIPWAY_VERSION = 1.1.0"), &plan)
    );
    assert!(!scene.shop.probe(&sh("exit 1"), &plan));
    assert!(!scene.shop.probe(&command(&["no-such-program-here"]), &plan));
    let mut slow = command(&["sleep", "600"]);
    slow.timeout = Millis(100);
    assert!(!scene.shop.probe(&slow, &plan));
    assert!(scene.heard().is_empty() && !scene.shop.directory.join("logs").exists());
}
