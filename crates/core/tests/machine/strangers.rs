//! Events that nobody asked for: refused without a trace, or accepted, and never a panic.

use super::plans::{id, shapes};
use proptest::prelude::*;
use shipway_core::digest::Digest;
use shipway_core::event::{Artifact, Decision, End, Event, EventKind, Outcome};
use shipway_core::run::Run;
use shipway_core::target::{Failure, Presence, Receipt};
use shipway_core::time::{Millis, Timestamp};

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::transient("t")),
        Just(Failure::later("t", Millis(u64::MAX))),
        Just(Failure::permanent("p")),
        Just(Failure::denied("d")),
        Just(Failure::unknown("u")),
    ]
}

fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![
        Just(Presence::Absent),
        Just(Presence::Same {
            receipt: Receipt::default()
        }),
        Just(Presence::Different { found: "x".into() }),
        Just(Presence::Unknown { why: "x".into() }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let wheel = Artifact {
        name: "w.whl".into(),
        digest: Digest::of(b"w"),
        size: 1,
    };
    let artifacts = prop_oneof![Just(vec![]), Just(vec![wheel])];
    prop_oneof![
        artifacts.prop_map(|artifacts| Outcome::Passed {
            evidence: vec![],
            artifacts
        }),
        failure().prop_map(|failure| Outcome::Failed {
            failure,
            evidence: vec![],
            tail: vec![]
        }),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        Just(Decision::Approve),
        Just(Decision::Reject),
        Just(Decision::Done),
        Just(Decision::Repeat)
    ]
}

fn kind() -> impl Strategy<Value = EventKind> {
    let step = || prop_oneof![8 => (0..6_u32).prop_map(|n| id(&format!("s{n}"))), 2 => Just(id("seal")), 1 => Just(id("none"))];
    let item = || {
        prop_oneof![
            Just("a".to_owned()),
            Just("b".to_owned()),
            Just("w.whl".to_owned())
        ]
    };
    let digest = || prop_oneof![4 => item().prop_map(|name| Digest::of_json(&name)), 1 => Just(Digest::of(b"w"))];
    prop_oneof![
        1 => Just(EventKind::Started { by: "p".into(), host: "h".into(), shipway: "1".into() }),
        1 => Just(EventKind::Resumed { by: "p".into(), host: "h".into(), shipway: "1".into() }),
        1 => Just(EventKind::Paused { why: "w".into() }),
        1 => Just(EventKind::UndoStarted { why: "w".into() }),
        4 => step().prop_map(|step| EventKind::WorkStarted { step }),
        4 => (step(), outcome()).prop_map(|(step, outcome)| EventKind::WorkFinished { step, outcome }),
        6 => (step(), item(), presence()).prop_map(|(step, item, presence)| EventKind::Looked { step, item, presence }),
        2 => (step(), item(), failure()).prop_map(|(step, item, failure)| EventKind::LookFailed { step, item, failure }),
        6 => (step(), item(), digest()).prop_map(|(step, item, digest)| EventKind::Intent { step, item, digest }),
        4 => (step(), item()).prop_map(|(step, item)| EventKind::Accepted { step, item, receipt: Receipt::default() }),
        2 => (step(), item(), failure()).prop_map(|(step, item, failure)| EventKind::Refused { step, item, failure }),
        3 => (step(), decision(), any::<bool>()).prop_map(|(step, decision, named)| EventKind::Decided {
            step, decision, by: "p".into(), note: None, subject: named.then(|| Digest::of(b"")),
        }),
        2 => (step(), item()).prop_map(|(step, item)| EventKind::RetractIntent { step, item }),
        2 => (step(), item()).prop_map(|(step, item)| EventKind::Retracted { step, item }),
        2 => (step(), item(), failure()).prop_map(|(step, item, failure)| EventKind::RetractFailed { step, item, failure }),
        1 => prop_oneof![Just(End::Released), Just(End::RolledBack)].prop_map(|end| EventKind::Finished { end }),
    ]
}

/// True times, with a few that no clock should show.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..100_000_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn strange_events_are_refused_without_a_trace(
        shape in shapes(6),
        events in prop::collection::vec((kind(), time()), 1..60),
    ) {
        let plan = shape.plan();
        let mut run = Run::new(plan.clone());
        let started = EventKind::Started { by: "p".into(), host: "h".into(), shipway: "1".into() };
        let mut accepted = vec![];
        let all = std::iter::once((started, 0)).chain(events);
        for (kind, at) in all {
            let subject = run.approval_subject();
            let kind = match kind {
                EventKind::Decided { step, decision, by, note, subject: Some(_) } => {
                    EventKind::Decided { step, decision, by, note, subject: Some(subject) }
                }
                other => other,
            };
            let event = Event { seq: run.seq() + 1, at: Timestamp(at), kind };
            let before = run.clone();
            if run.apply(&event).is_ok() {
                accepted.push(event);
            } else {
                prop_assert_eq!(&run, &before);
            }
            let next = run.next(Timestamp(at));
            prop_assert_eq!(&next, &run.next(Timestamp(at)));
            for step in &plan.steps {
                prop_assert!(run.view(&step.id).is_some());
            }
            let _ = run.public();
        }
        prop_assert_eq!(&super::sim::replay(&plan, &accepted), &run);
        let wrong = Event { seq: run.seq() + 2, at: Timestamp(0), kind: EventKind::Paused { why: String::new() } };
        prop_assert!(run.apply(&wrong).is_err());
    }
}
