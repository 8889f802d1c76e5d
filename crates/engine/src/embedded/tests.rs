//! The driver when the journal fails under it.

#[path = "../../tests/embedded_world/mod.rs"]
pub(crate) mod embedded_world;

use super::*;
use embedded_world::{Gate, Yard, drive, passed, plan, publish, start, step, work};
use shipway_core::event::{Evidence, Outcome, Verdict};
use shipway_core::plan::Repeat;
use shipway_core::target::Reversal;
use std::sync::Arc;

#[test]
fn on_a_full_disk_answers_under_way_are_kept_and_nothing_new_begins() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Embedded::open(&dir.path().join("state")).unwrap());
    let mut yard = Yard::new(&dir.path().join("world"));
    let plan = plan(
        "1.0.0",
        vec![
            step("check/large", &[], work(Repeat::Safe)),
            step(
                "publish/tag",
                &[],
                publish("git", Reversal::Deletes, &["refs"]),
            ),
            step(
                "publish/index",
                &["check/large", "publish/tag"],
                publish("index", Reversal::Nothing, &["x"]),
            ),
        ],
    );
    let (sent, full) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let (journal, sent_too, full_too) = (Arc::clone(&engine), Arc::clone(&sent), Arc::clone(&full));
    yard.worker = Box::new(move |_| {
        sent_too.pass();
        journal.journal().fill_disk();
        full_too.open();
        let figure = "x".repeat(100_000);
        Outcome::Passed {
            evidence: vec![Evidence {
                name: "log".into(),
                verdict: Verdict::Pass,
                figure,
                digest: None,
            }],
            artifacts: vec![],
        }
    });
    yard.fault = Arc::new(move |call| {
        if call == "publish git/refs" {
            sent.open();
            full.pass();
        }
        None
    });
    start(&engine, &plan);
    let error = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap_err();
    assert!(is_full(&error), "{error:?}");
    assert!(error.hint().unwrap().contains("resume"));
    assert_eq!(yard.effects(), ["publish git/refs"]);
    let kinds = embedded_world::kinds(&engine, &plan);
    for kind in ["accepted", "work-finished"] {
        assert_eq!(
            kinds.iter().filter(|one| *one == kind).count(),
            1,
            "{kinds:?}"
        );
    }
    assert_eq!(kinds.last().unwrap(), "paused");
    assert!(
        !dir.path().join("state/journal.reserve").exists(),
        "it was spent"
    );

    // There is room again.
    yard.worker = Box::new(|_| passed());
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(shipway_core::event::End::Released));
    assert_eq!(yard.effects(), ["publish git/refs", "publish index/x"]);
    assert!(dir.path().join("state/journal.reserve").exists());
}

#[test]
fn a_journal_that_fails_stops_the_driver_before_the_next_effect() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Embedded::open(&dir.path().join("state")).unwrap());
    let mut yard = Yard::new(&dir.path().join("world"));
    let plan = plan(
        "1.0.0",
        vec![
            step("check", &[], work(Repeat::Safe)),
            step(
                "publish",
                &["check"],
                publish("index", Reversal::Nothing, &["x"]),
            ),
        ],
    );
    let journal = Arc::clone(&engine);
    yard.worker = Box::new(move |_| {
        journal.journal().break_writes();
        passed()
    });
    start(&engine, &plan);
    let error = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap_err();
    assert!(
        matches!(error, EngineError::Journal(JournalError::Database(..))),
        "{error:?}"
    );
    assert!(yard.effects().is_empty());
    let again = drive(&engine, &plan, &yard, &mut |_, _| {});
    assert!(
        matches!(again, Err(EngineError::Journal(JournalError::Poisoned))),
        "{again:?}"
    );
    // A new process.
    drop((yard, engine));
    let engine = Embedded::open(&dir.path().join("state")).unwrap();
    let yard = Yard::new(&dir.path().join("world"));
    let driven = drive(&engine, &plan, &yard, &mut |_, _| {}).unwrap();
    assert_eq!(driven.rest, Rest::Ended(shipway_core::event::End::Released));
}
