//! The driver over destinations in a directory: it finishes, it resumes after a death at any event, it stops, it waits for
//! people, and two of them never drive one line.

mod embedded_world;

use embedded_world::*;
use shipway_core::event::{Decision, End, Outcome};
use shipway_core::plan::{Repeat, Weight};
use shipway_core::run::{Rest, Stopped};
use shipway_core::target::Reversal;
use shipway_core::{EventKind, Failure, Timestamp};
use shipway_engine::{Embedded, Engine, EngineError, JournalError, Said, Started, Stop, WhenAsked};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

const ALL: [&str; 4] = ["forge/draft", "git/refs", "index/x.tar.gz", "index/x.whl"];

fn open(dir: &Path) -> Embedded {
    Embedded::open(&dir.join("state")).unwrap()
}

fn said<'a>(step: &'a shipway_core::StepId, decision: Decision, by: &'a str) -> Said<'a> {
    Said {
        step,
        decision,
        by,
        note: Some("fine"),
        at: Timestamp(5_000_000),
    }
}

#[test]
fn a_release_runs_to_its_end_and_again_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, yard, plan) = (open(dir.path()), Yard::new(dir.path()), release("1.0.0"));
    let driven = release_it(&engine, &plan, &yard).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    assert_eq!(
        yard.standing().iter().filter(|at| at.contains('/')).count(),
        4 + 1 + 3
    );
    let effects = yard.effects();
    assert_eq!(effects.len(), 4);

    // The same plan again, as a CI job that runs twice: nothing to do.
    assert_eq!(start(&engine, &plan), Started::Joined);
    let before = kinds(&engine, &plan);
    let again = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(again.rest, Rest::Ended(End::Released));
    assert_eq!((yard.effects(), kinds(&engine, &plan)), (effects, before));
}
