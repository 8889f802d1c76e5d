//! The driver over destinations in a directory: it finishes, it resumes after a death at any event, it stops, it waits for
//! people, and two of them never drive one line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod embedded_world;

use embedded_world::*;
use shipway_core::event::{Artifact, Decision, End, Outcome};
use shipway_core::plan::{Action, Repeat};
use shipway_core::run::{AskKind, Rest, Stopped};
use shipway_core::target::Reversal;
use shipway_core::{Digest, Event, EventKind, Failure, Plan, StepId, Timestamp};
use shipway_engine::{Embedded, Engine, EngineError, JournalError, Said, Started, Stop, WhenAsked};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

const ALL: [&str; 4] = ["forge/draft", "git/refs", "index/x.tar.gz", "index/x.whl"];

fn open(dir: &Path) -> Embedded {
    Embedded::open(&dir.join("state")).unwrap()
}

fn world(dir: &Path) -> Yard {
    Yard::new(&dir.join("world"))
}

fn said<'a>(step: &'a StepId, decision: Decision, by: &'a str) -> Said<'a> {
    Said {
        step,
        decision,
        by,
        note: Some("fine"),
        at: Timestamp(5_000_000),
    }
}

/// Each of these happened, and happened once.
fn once_each(yard: &Yard) {
    let mut effects = yard.effects();
    effects.sort();
    assert_eq!(effects, ALL.map(|item| format!("publish {item}")));
    assert_eq!(yard.standing(), ALL);
}

#[test]
fn a_release_runs_to_its_end_and_again_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    let mut heard = Vec::new();
    assert_eq!(start(&engine, &plan), Started::New);
    let driven = drive(&engine, &plan, &yard, &mut |event, run| {
        assert!(run.seq() >= event.seq);
        heard.push(event.clone());
    })
    .unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    once_each(&yard);
    assert_eq!(
        engine.events(&plan.id(), 1).unwrap(),
        heard,
        "all was heard, in order"
    );
    assert_eq!(engine.run(&plan.id()).unwrap(), driven.run);

    // The same plan again, as a CI job that runs twice: nothing to do.
    assert_eq!(start(&engine, &plan), Started::Joined);
    let before = kinds(&engine, &plan);
    let again = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(again.rest, Rest::Ended(End::Released));
    once_each(&yard);
    assert_eq!(kinds(&engine, &plan), before);
}

#[test]
fn a_driver_that_dies_after_any_event_is_followed_by_one_that_finishes() {
    let mut deaths = 0;
    for last in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let (yard, plan) = (world(dir.path()), release("1.0.0"));
        let engine = open(dir.path());
        start(&engine, &plan);
        let mut heard = 0;
        let died = catch_unwind(AssertUnwindSafe(|| {
            drive(&engine, &plan, &yard, &mut |_, _| {
                heard += 1;
                assert!(heard < last, "the test ends this driver here");
            })
        }));
        drop(engine);
        let engine = open(dir.path());
        let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
        assert_eq!(driven.rest, Rest::Ended(End::Released), "died after {last}");
        once_each(&yard);
        match died {
            Err(_) => deaths += 1,
            Ok(first) => {
                assert_eq!(first.unwrap().rest, Rest::Ended(End::Released));
                break;
            }
        }
    }
    assert!(deaths > 20, "{deaths}");
}

#[test]
fn lost_answers_are_found_out_and_nothing_is_doubled() {
    let fates: [fn() -> Fate; 5] = [
        || Fate::HappensBut(Failure::unknown("reset by peer")),
        || Fate::Fails(Failure::unknown("timed out")),
        || Fate::Fails(Failure::transient("busy")),
        || {
            Fate::Fails(Failure::later(
                "slow down",
                shipway_core::time::Millis::seconds(3),
            ))
        },
        || Fate::Panics,
    ];
    for fate in fates {
        for what in ["observe", "publish"] {
            for item in ALL {
                let dir = tempfile::tempdir().unwrap();
                let (engine, mut yard, plan) =
                    (open(dir.path()), world(dir.path()), release("1.0.0"));
                let (calls, named) = (AtomicUsize::new(0), format!("{what} {item}"));
                yard.fault = Arc::new(move |call| {
                    (call == named && calls.fetch_add(1, Ordering::Relaxed) == 0).then(fate)
                });
                let driven = release_it(&engine, &plan, &yard).unwrap();
                assert_eq!(driven.rest, Rest::Ended(End::Released), "{what} {item}");
                once_each(&yard);
            }
        }
    }
}

#[test]
fn what_fails_before_the_point_of_no_return_is_taken_back_once() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    let lost = AtomicUsize::new(0);
    yard.fault = Arc::new(move |call| match call {
        "publish index/x.whl" | "publish index/x.tar.gz" => {
            Some(Fate::Fails(Failure::permanent("refused for ever")))
        }
        "retract forge/draft" if lost.fetch_add(1, Ordering::Relaxed) == 0 => {
            Some(Fate::HappensBut(Failure::unknown("reset by peer")))
        }
        _ => None,
    });
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::RolledBack));
    assert!(yard.standing().is_empty(), "{:?}", yard.standing());
    let mut effects = yard.effects();
    effects.sort();
    let expected = [
        "publish forge/draft",
        "publish git/refs",
        "retract forge/draft",
        "retract git/refs",
    ];
    assert_eq!(effects, expected);
}

#[test]
fn a_step_that_breaks_stops_the_run_and_tells_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    yard.worker = Box::new(|step| {
        assert!(step.id.as_str() != "check/b", "the password is hunter2");
        passed()
    });
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Stopped);
    assert!(matches!(driven.run.stopped(), Some(Stopped::Halted { .. })));
    let events = serde_json::to_string(&engine.events(&plan.id(), 0).unwrap()).unwrap();
    assert!(
        events.contains("the password is ***") && !events.contains("hunter2"),
        "{events}"
    );

    yard.worker = Box::new(|_| passed());
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(
        driven.rest,
        Rest::Ended(End::Released),
        "mended and resumed"
    );
    once_each(&yard);
}

#[test]
fn work_that_does_not_fit_the_plan_is_a_failed_step() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard) = (open(dir.path()), world(dir.path()));
    let plan = plan("1.0.0", vec![step("seal", &[], Action::Seal)]);
    yard.worker = Box::new(|_| Outcome::Passed {
        evidence: vec![],
        artifacts: vec![Artifact {
            name: "nobody-built-this".into(),
            digest: Digest::of(b"x"),
            size: 1,
        }],
    });
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::RolledBack));
    let events = serde_json::to_string(&engine.events(&plan.id(), 0).unwrap()).unwrap();
    assert!(events.contains("not those that were built"), "{events}");
}

fn asking() -> Plan {
    plan(
        "1.0.0",
        vec![
            step("check", &[], work(Repeat::Safe)),
            step("approve", &["check"], approve(1)),
            step(
                "publish",
                &["approve"],
                publish("index", Reversal::Nothing, &["x"]),
            ),
        ],
    )
}

#[test]
fn a_decision_from_another_process_is_noticed_while_the_run_is_driven() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard, plan) = (open(dir.path()), world(dir.path()), asking());
    start(&engine, &plan);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let (dir, plan) = (&dir, &plan);
        scope.spawn(move || {
            let other = open(dir.path());
            let step = id("approve");
            // As soon as the check is done, the approval is asked for.
            while told
                .recv()
                .is_ok_and(|kind| !matches!(kind, EventKind::WorkFinished { .. }))
            {}
            other
                .decide(&plan.id(), &said(&step, Decision::Approve, "bea"))
                .unwrap();
        });
        let driven = drive_until(
            &engine,
            plan,
            &yard,
            &mut |event, _| drop(tell.send(event.kind.clone())),
            &Stop::default(),
            WhenAsked::Wait,
        );
        assert_eq!(driven.unwrap().rest, Rest::Ended(End::Released));
    });
    assert_eq!(yard.effects(), ["publish index/x"]);
    let decided =
        |event: &Event| matches!(&event.kind, EventKind::Decided { by, .. } if by == "bea");
    assert_eq!(
        engine
            .events(&plan.id(), 0)
            .unwrap()
            .iter()
            .filter(|e| decided(e))
            .count(),
        1
    );
}

#[test]
fn decisions_come_in_between_without_losing_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard) = (open(dir.path()), world(dir.path()));
    let mut steps: Vec<_> = (0..40)
        .map(|number| step(&format!("task/{number}"), &[], task(false)))
        .collect();
    steps.extend((0..120).map(|number| step(&format!("work/{number}"), &[], work(Repeat::Safe))));
    let plan = plan("1.0.0", steps);
    start(&engine, &plan);
    thread::scope(|scope| {
        let (dir, plan) = (&dir, &plan);
        scope.spawn(move || {
            let other = open(dir.path());
            for number in 0..40 {
                let step = id(&format!("task/{number}"));
                other
                    .decide(&plan.id(), &said(&step, Decision::Done, "bea"))
                    .unwrap();
            }
        });
        let mut heard = Vec::new();
        let driven = drive_until(
            &engine,
            plan,
            &yard,
            &mut |event, _| heard.push(event.clone()),
            &Stop::default(),
            WhenAsked::Wait,
        );
        assert_eq!(driven.unwrap().rest, Rest::Ended(End::Released));
        let events = engine.events(&plan.id(), 0).unwrap();
        let mut told: Vec<String> = events
            .iter()
            .map(|event| serde_json::to_string(&event.kind).unwrap())
            .collect();
        told.sort();
        let twice: Vec<_> = told.windows(2).filter(|two| two[0] == two[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert_eq!(events.len(), 1 + 40 + 2 * 120 + 1);
        assert_eq!(heard.len(), events.len() - 1, "everything was heard once");
    });
}

#[test]
fn an_intent_is_in_the_journal_before_its_effect() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    let (state, id) = (dir.path().to_owned(), plan.id());
    let seen = Arc::new(AtomicUsize::new(0));
    let seen_too = Arc::clone(&seen);
    yard.fault = Arc::new(move |call| {
        if let Some(item) = call.strip_prefix("publish ") {
            let events = open(&state).events(&id, 0).unwrap();
            let intended = events.iter().any(|event| {
                matches!(&event.kind, EventKind::Intent { item: one, .. } if item.ends_with(one.as_str()))
            });
            seen_too.fetch_add(usize::from(intended), Ordering::Relaxed);
        }
        None
    });
    release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 4);
}

#[test]
fn a_run_that_waits_returns_and_goes_on_after_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard, plan) = (open(dir.path()), world(dir.path()), asking());
    start(&engine, &plan);
    let (approval, check) = (id("approve"), id("check"));
    let early = engine.decide(&plan.id(), &said(&approval, Decision::Approve, "bea"));
    assert!(
        matches!(early, Err(EngineError::NotAsked { .. })),
        "{early:?}"
    );

    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!((driven.rest, driven.asks.len()), (Rest::Waiting, 1));
    let before = kinds(&engine, &plan);
    let wrong = engine.decide(&plan.id(), &said(&check, Decision::Done, "bea"));
    assert!(
        matches!(wrong, Err(EngineError::NotAsked { .. })),
        "{wrong:?}"
    );
    assert_eq!(
        kinds(&engine, &plan),
        before,
        "a refused decision writes nothing"
    );

    engine
        .decide(&plan.id(), &said(&approval, Decision::Approve, "bea"))
        .unwrap();
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    assert!(!kinds(&engine, &plan).contains(&"resumed".to_owned()));
}

#[test]
fn a_waiting_run_that_another_process_goes_on_with_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard, plan) = (open(dir.path()), world(dir.path()), asking());
    release_it(&engine, &plan, &yard).unwrap();
    drop(engine);
    let engine = open(dir.path());
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Waiting);
    assert_eq!(
        kinds(&engine, &plan)
            .iter()
            .filter(|kind| *kind == "resumed")
            .count(),
        1
    );
}

#[test]
fn a_probe_answers_for_a_person() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard) = (open(dir.path()), world(dir.path()));
    let plan = plan("1.0.0", vec![step("task", &[], task(true))]);
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Waiting, "not done yet");
    let asked = AtomicUsize::new(0);
    yard.probe = Box::new(move || asked.fetch_add(1, Ordering::Relaxed) == 2);
    let driven = drive_until(
        &engine,
        &plan,
        &yard,
        &mut |_, _| {},
        &Stop::default(),
        WhenAsked::Wait,
    );
    assert_eq!(driven.unwrap().rest, Rest::Ended(End::Released));
}

#[test]
fn only_one_driver_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    let (gate, reached) = (Arc::new(Gate::default()), mpsc::channel());
    let inner = Arc::clone(&gate);
    yard.worker = Box::new(move |step| {
        if step.id.as_str() == "check/b" {
            reached.0.send(()).unwrap();
            inner.pass();
        }
        passed()
    });
    start(&engine, &plan);
    let quick = world(dir.path());
    thread::scope(|scope| {
        let first = scope.spawn(|| drive(&engine, &plan, &yard, &mut |_, _| {}));
        reached.1.recv().unwrap();
        let other = open(dir.path());
        let sibling = release("1.0.1");
        start(&other, &sibling);
        for plan in [&plan, &sibling] {
            match drive(&other, plan, &quick, &mut |_, _| {}) {
                Err(EngineError::Journal(JournalError::Held(holder))) => {
                    assert_eq!(
                        (holder.pid, holder.host.as_str()),
                        (std::process::id(), "here")
                    );
                }
                driven => panic!("{driven:?}"),
            }
        }
        assert!(other.driver(&plan.id()).unwrap().is_some());
        gate.open();
        assert_eq!(
            first.join().unwrap().unwrap().rest,
            Rest::Ended(End::Released)
        );
        assert_eq!(other.driver(&plan.id()).unwrap(), None);
        let after = drive(&other, &plan, &quick, &mut |_, _| {}).unwrap();
        assert_eq!(after.rest, Rest::Ended(End::Released));
    });
    once_each(&yard);
}

#[test]
fn two_plans_of_one_version_cannot_both_be_released() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard) = (open(dir.path()), world(dir.path()));
    let (first, second) = (
        release("1.0.0"),
        Plan {
            notes: "from another commit".into(),
            ..release("1.0.0")
        },
    );
    start(&engine, &first);
    start(&engine, &second);
    drive(&engine, &first, &yard, &mut |_, _| {}).unwrap();
    let taken = drive(&engine, &second, &yard, &mut |_, _| {});
    assert!(
        matches!(&taken, Err(EngineError::Journal(JournalError::VersionTaken { theirs, .. })) if *theirs == first.id()),
        "{taken:?}"
    );
    once_each(&yard);
}

#[test]
fn asked_to_stop_it_finishes_what_is_under_way_and_says_what_is_public() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard, plan) = (open(dir.path()), world(dir.path()), release("1.0.0"));
    let stop = Arc::new(Stop::default());
    let from_inside = Arc::clone(&stop);
    let calls = AtomicUsize::new(0);
    yard.fault = Arc::new(move |call| {
        (call == "publish git/refs" && calls.fetch_add(1, Ordering::Relaxed) == 0).then(|| {
            from_inside.request("interrupted (Ctrl-C)");
            from_inside.request("a second reason does not count");
            Fate::HappensBut(Failure::unknown("reset by peer"))
        })
    });
    start(&engine, &plan);
    let driven = drive_until(
        &engine,
        &plan,
        &yard,
        &mut |_, _| {},
        &stop,
        WhenAsked::Return,
    )
    .unwrap();
    assert_eq!(driven.rest, Rest::Stopped);
    let paused = Stopped::Paused {
        why: "interrupted (Ctrl-C)".into(),
    };
    assert_eq!(driven.run.stopped(), Some(paused));
    let certain = driven
        .run
        .public()
        .iter()
        .all(|one| one.certainty == "verified" || one.certainty == "accepted");
    assert!(
        certain,
        "the lost answer was found out: {:?}",
        driven.run.public()
    );
    assert!(driven.run.public().iter().any(|one| one.item == "refs"));
    assert_eq!(kinds(&engine, &plan).last().unwrap(), "paused");
    let index = yard
        .standing()
        .iter()
        .any(|item| item.starts_with("index/"));
    assert!(!index, "nothing new was begun");

    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    once_each(&yard);
}

#[test]
fn taking_back_can_be_asked_for_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard) = (open(dir.path()), world(dir.path()));
    let plan = plan(
        "1.0.0",
        vec![
            step("tag", &[], publish("git", Reversal::Deletes, &["refs"])),
            step("task", &["tag"], task(false)),
        ],
    );
    release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(yard.standing(), ["git/refs"]);
    let other = open(dir.path());
    other
        .undo(&plan.id(), "it was too early", Timestamp(6_000_000))
        .unwrap();
    let twice = other.undo(&plan.id(), "really", Timestamp(6_000_000));
    assert!(
        matches!(twice, Err(EngineError::NotUndone { .. })),
        "{twice:?}"
    );
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::RolledBack));
    assert!(yard.standing().is_empty());
}

#[test]
fn as_many_at_once_as_the_limit_allows_and_no_look_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, mut yard) = (open(dir.path()), world(dir.path()));
    // The first look lasts until all the checks are done; the run would have it begun at every turn.
    let mut steps = vec![step(
        "publish",
        &[],
        publish("index", Reversal::Nothing, &["x"]),
    )];
    steps.extend((0..12).map(|number| step(&format!("check/{number}"), &[], work(Repeat::Safe))));
    let plan = plan("1.0.0", steps);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (looks, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Gate::default()));
    let done = AtomicUsize::new(0);
    let (now_too, most_too, gate_too) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&gate));
    let together = Barrier::new(3);
    yard.worker = Box::new(move |step| {
        most_too.fetch_max(now_too.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // The first three wait for one another: only where they run beside the look do they get on.
        if ["check/0", "check/1", "check/2"].contains(&step.id.as_str()) {
            together.wait();
        }
        now_too.fetch_sub(1, Ordering::SeqCst);
        if done.fetch_add(1, Ordering::SeqCst) == 11 {
            gate_too.open();
        }
        passed()
    });
    let looks_too = Arc::clone(&looks);
    yard.fault = Arc::new(move |call| {
        if call == "observe index/x" && looks_too.fetch_add(1, Ordering::SeqCst) == 0 {
            gate.pass();
        }
        None
    });
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    assert_eq!(
        most.load(Ordering::SeqCst),
        3,
        "the look took the fourth place"
    );
    assert_eq!(looks.load(Ordering::SeqCst), 2, "one before, one after");
}

#[test]
fn runs_are_listed_and_found_by_how_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard) = (open(dir.path()), world(dir.path()));
    let plans = [release("1.0.0"), release("1.0.1")];
    release_it(&engine, &plans[0], &yard).unwrap();
    start(&engine, &plans[1]);
    let runs = engine.runs().unwrap();
    let listed: Vec<_> = runs
        .iter()
        .map(|one| (one.entry.version.as_str(), one.standing.as_str()))
        .collect();
    assert_eq!(listed, [("1.0.0", "released"), ("1.0.1", "open")]);
    for plan in &plans {
        assert_eq!(engine.find(plan.id().short()).unwrap(), plan.id());
    }
    assert_eq!(engine.latest("example").unwrap(), Some(plans[1].id()));
    assert_eq!(engine.latest("another").unwrap(), None);
    assert!(matches!(engine.find("x"), Err(EngineError::NoSuchRun(_))));
    assert!(matches!(
        engine.find(""),
        Err(EngineError::Ambiguous { runs, .. }) if runs.len() == 2
    ));
}

#[test]
fn a_step_that_may_not_be_repeated_is_asked_about_after_a_death() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard) = (open(dir.path()), world(dir.path()));
    let plan = plan("1.0.0", vec![step("migrate", &[], work(Repeat::Unsafe))]);
    start(&engine, &plan);
    let died = catch_unwind(AssertUnwindSafe(|| {
        drive(&engine, &plan, &yard, &mut |event, _| {
            assert!(
                !matches!(event.kind, EventKind::WorkStarted { .. }),
                "dies here"
            );
        })
    }));
    assert!(died.is_err());
    drop(engine);
    let engine = open(dir.path());
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Waiting);
    assert_eq!(driven.asks[0].kind, AskKind::Lost);
    let step = id("migrate");
    engine
        .decide(&plan.id(), &said(&step, Decision::Done, "bea"))
        .unwrap();
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
}
