//! Real processes that die by SIGKILL at every named point of a release, and one that follows and finishes; and a second
//! process that finds the first one driving. Run with `--features crash-points`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test without a harness"
)]

mod embedded_world;

use embedded_world::{Yard, drive, drive_in_line, passed, release, start};
use fs_err as fs;
use shipway_core::event::End;
use shipway_core::run::Rest;
use shipway_engine::crash::CrashPlan;
use shipway_engine::{Embedded, EngineError, JournalError};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

const ALL: [&str; 4] = ["forge/draft", "git/refs", "index/x.tar.gz", "index/x.whl"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", dir, order, plan] => child(Path::new(dir), order, plan),
        ["hold", dir] => hold(Path::new(dir)),
        // Whatever else the test runner passes on.
        _ => {
            deaths_at_every_point("in-line");
            deaths_at_every_point("side-by-side");
            a_dead_holder_lets_go();
        }
    }
}

/// Starts or joins the release and drives it to its end, or dies where the plan says.
fn child(dir: &Path, order: &str, plan: &str) {
    let mut engine = Embedded::open(&dir.join("state")).unwrap();
    if !plan.is_empty() {
        engine = engine.crashing(plan.parse::<CrashPlan>().unwrap());
    }
    let (yard, plan) = (Yard::new(&dir.join("world")), release("1.0.0"));
    start(&engine, &plan);
    let driven = match order {
        "in-line" => drive_in_line(&engine, &plan, &yard),
        _ => drive(&engine, &plan, &yard, &mut |_, _| {}),
    };
    assert_eq!(driven.unwrap().rest, Rest::Ended(End::Released));
}

fn myself() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

fn run(dir: &Path, order: &str, plan: &str) -> ExitStatus {
    myself()
        .args(["child", dir.to_str().unwrap(), order, plan])
        .status()
        .unwrap()
}

fn deaths_at_every_point(order: &str) {
    let dir = tempfile::tempdir().unwrap();
    let counts = dir.path().join("counts");
    assert!(
        run(
            &dir.path().join("whole"),
            order,
            &format!("count:{}", counts.display())
        )
        .success()
    );
    let counts = fs::read_to_string(counts).unwrap();
    let (mut points, mut deaths) = (0, 0);
    for line in counts.lines() {
        let (name, count) = line.split_once(' ').unwrap();
        for number in 1..=count.parse::<u32>().unwrap() {
            let point = format!("{name}:{number}");
            let dir = tempfile::tempdir().unwrap();
            let status = run(dir.path(), order, &point);
            points += 1;
            // Side by side, how many appends there are depends on what finishes together: some are not reached.
            deaths += u32::from(status.signal() == Some(9));
            assert!(
                status.success() || status.signal() == Some(9),
                "{point}: {status}"
            );
            let after = run(dir.path(), order, "");
            assert!(after.success(), "{point}: {after}");
            let yard = Yard::new(&dir.path().join("world"));
            let mut effects = yard.effects();
            effects.sort();
            assert_eq!(
                effects,
                ALL.map(|item| format!("publish {item}")),
                "{point}"
            );
            assert_eq!(yard.standing(), ALL, "{point}");
        }
    }
    let enough = match order {
        "in-line" => points,
        _ => points / 2,
    };
    assert!(
        points > 20 && deaths >= enough,
        "{deaths} deaths at {points} points"
    );
    println!("{order}: {deaths} deaths at {points} points, survived {points}/{points}");
}

/// Drives for ever: says so once it does.
fn hold(dir: &Path) {
    let engine = Embedded::open(&dir.join("state")).unwrap();
    let (mut yard, plan) = (Yard::new(&dir.join("world")), release("1.0.0"));
    yard.worker = Box::new(|step| {
        if step.id.as_str() == "check/a" {
            println!("driving");
            loop {
                std::thread::park();
            }
        }
        passed()
    });
    start(&engine, &plan);
    drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
}

fn a_dead_holder_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut holder = myself()
        .args(["hold", dir.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "driving\n");

    let engine = Embedded::open(&dir.path().join("state")).unwrap();
    let (yard, plan) = (Yard::new(&dir.path().join("world")), release("1.0.0"));
    match drive(&engine, &plan, &yard, &mut |_, _| {}) {
        Err(EngineError::Journal(JournalError::Held(found))) => assert_eq!(found.pid, holder.id()),
        driven => panic!("{driven:?}"),
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    println!("a dead holder lets go at once");
}
