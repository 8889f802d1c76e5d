//! One test for each fault that was found in the machine, told as the story that showed it.

use super::plans::{Profile, approve, fixed, id, plan, publish, script, step, task};
use shipway_core::digest::Digest;
use shipway_core::event::{Artifact, Decision, End, Event, EventKind, Outcome};
use shipway_core::plan::{Action, Items, Plan, Repeat, Step, Weight};
use shipway_core::run::{AskKind, Command, Rest, Run, StepView, Stopped};
use shipway_core::target::{Again, Failure, Presence, Receipt, Reversal};
use shipway_core::time::{Millis, Timestamp};

/// A run and its clock.
struct Story {
    run: Run,
    now: i64,
}

impl Story {
    fn of(steps: Vec<Step>) -> Self {
        let mut story = Self {
            run: Run::new(plan(steps)),
            now: 1_000_000,
        };
        story.tell(EventKind::Started {
            by: "p".into(),
            host: "h".into(),
            shipway: "1".into(),
        });
        story
    }

    fn event(&self, kind: EventKind) -> Event {
        Event {
            seq: self.run.seq() + 1,
            at: Timestamp(self.now),
            kind,
        }
    }

    fn tell(&mut self, kind: EventKind) {
        self.run.apply(&self.event(kind)).unwrap();
    }

    fn refuses(&mut self, kind: EventKind) {
        let before = self.run.clone();
        assert!(self.run.apply(&self.event(kind)).is_err());
        assert!(self.run == before);
    }

    fn resume(&mut self) {
        self.tell(EventKind::Resumed {
            by: "p".into(),
            host: "h".into(),
            shipway: "1".into(),
        });
    }

    fn looked(&mut self, name: &str, item: &str, presence: Presence) {
        self.tell(EventKind::Looked {
            step: id(name),
            item: item.into(),
            presence,
        });
    }

    fn intent(&mut self, name: &str, item: &str) {
        let digest = self
            .run
            .items(&id(name))
            .into_iter()
            .find(|one| one.name == item)
            .unwrap()
            .digest
            .clone();
        self.tell(EventKind::Intent {
            step: id(name),
            item: item.into(),
            digest,
        });
    }

    fn refused(&mut self, name: &str, item: &str, failure: Failure) {
        self.tell(EventKind::Refused {
            step: id(name),
            item: item.into(),
            failure,
        });
    }

    fn accepted(&mut self, name: &str, item: &str) {
        let receipt = Receipt::default();
        self.tell(EventKind::Accepted {
            step: id(name),
            item: item.into(),
            receipt,
        });
    }

    fn stand(&mut self, name: &str, item: &str) {
        self.looked(name, item, Presence::Absent);
        self.intent(name, item);
        self.accepted(name, item);
        self.looked(name, item, same());
    }

    fn work(&mut self, name: &str, outcome: Outcome) {
        self.tell(EventKind::WorkStarted { step: id(name) });
        self.tell(EventKind::WorkFinished {
            step: id(name),
            outcome,
        });
    }

    fn decided(&self, name: &str, decision: Decision) -> EventKind {
        EventKind::Decided {
            step: id(name),
            decision,
            by: "boss".into(),
            note: None,
            subject: Some(self.run.approval_subject()),
        }
    }

    fn commands(&self) -> Vec<Command> {
        self.run.next(Timestamp(self.now)).commands
    }

    fn rest(&self) -> Rest {
        self.run.next(Timestamp(self.now)).rest
    }

    fn view(&self, name: &str) -> StepView {
        self.run.view(&id(name)).unwrap()
    }
}

const DELETES: Profile = Profile {
    reversal: Reversal::Deletes,
    again: Again::Harmless,
    settle: 60_000,
};
const DOUBLES: Profile = Profile {
    reversal: Reversal::Nothing,
    again: Again::AfterSettling,
    settle: 60_000,
};
const BLIND: Profile = Profile {
    reversal: Reversal::Nothing,
    again: Again::Never,
    settle: 0,
};

fn same() -> Presence {
    Presence::Same {
        receipt: Receipt::default(),
    }
}

fn sends(name: &str, needs: &[&str], profile: Profile, items: &[&str]) -> Step {
    step(
        name,
        needs,
        Action::Publish(publish(name, profile, fixed(items))),
    )
}

fn noted(step: Step) -> Step {
    Step {
        weight: Weight::BestEffort,
        ..step
    }
}

fn passed(artifacts: &[(&str, &str)]) -> Outcome {
    let artifacts = artifacts
        .iter()
        .map(|(name, bytes)| Artifact {
            name: (*name).to_owned(),
            digest: Digest::of(bytes.as_bytes()),
            size: 1,
        })
        .collect();
    Outcome::Passed {
        evidence: vec![],
        artifacts,
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        failure,
        evidence: vec![],
        tail: vec![],
    }
}

fn sealed(name: &str, needs: &[&str]) -> Step {
    let items = Items::Sealed {
        patterns: vec!["*.whl".into()],
        expected: vec![],
        body: serde_json::Value::Null,
    };
    step(name, needs, Action::Publish(publish(name, DELETES, items)))
}

fn look(name: &str, item: &str) -> Command {
    Command::Look {
        step: id(name),
        item: item.into(),
    }
}

fn send(name: &str, item: &str) -> Command {
    Command::Publish {
        step: id(name),
        item: item.into(),
    }
}

#[test]
fn a_stale_absent_is_not_believed_because_the_clock_went_back() {
    let mut story = Story::of(vec![sends("mail", &[], DOUBLES, &["m"])]);
    story.looked("mail", "m", Presence::Absent);
    story.intent("mail", "m");
    story.refused("mail", "m", Failure::unknown("lost"));
    story.now -= 500_000;
    story.looked("mail", "m", Presence::Absent);
    assert!(!story.commands().contains(&send("mail", "m")));
    // And no wait grows beyond the settling time.
    story.now += 60_000;
    story.looked("mail", "m", Presence::Absent);
    assert_eq!(story.commands(), [send("mail", "m")]);
}

#[test]
fn the_settling_time_after_a_crash_counts_from_the_restart() {
    let mut story = Story::of(vec![sends("mail", &[], DOUBLES, &["m"])]);
    story.looked("mail", "m", Presence::Absent);
    story.intent("mail", "m");
    // The call took minutes, the process died, and the effect may be seconds old.
    story.now += 300_000;
    story.resume();
    story.looked("mail", "m", Presence::Absent);
    assert!(!story.commands().contains(&send("mail", "m")));
}

#[test]
fn what_was_accepted_is_never_sent_again_after_limbo() {
    let mut story = Story::of(vec![sends("mail", &[], DOUBLES, &["m"])]);
    story.looked("mail", "m", Presence::Absent);
    story.intent("mail", "m");
    story.accepted("mail", "m");
    for _ in 0..10 {
        story.now += 20_000;
        if story.view("mail") != StepView::Limbo {
            story.looked("mail", "m", Presence::Absent);
        }
    }
    assert_eq!(story.view("mail"), StepView::Limbo);
    story.resume();
    story.now += 600_000;
    story.looked("mail", "m", Presence::Absent);
    assert!(!story.commands().contains(&send("mail", "m")));
    // Only a person can say that it is not there.
    for _ in 0..3 {
        story.now += 600_000;
        story.looked("mail", "m", Presence::Absent);
    }
    assert_eq!(story.view("mail"), StepView::Limbo);
    story.tell(story.decided("mail", Decision::Repeat));
    story.resume();
    assert_eq!(story.commands(), [look("mail", "m")]);
}

#[test]
fn a_lost_answer_is_not_followed_by_attempts_without_a_pause() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", Failure::unknown("lost"));
    story.looked("pypi", "w", Presence::Absent);
    assert!(story.commands().is_empty());
    assert!(story.run.next(Timestamp(story.now)).wake.is_some());
    // Within the settling time a spent patience is not the end: it may yet turn up.
    for _ in 0..2 {
        story.now += 8_000;
        story.looked("pypi", "w", Presence::Absent);
        story.intent("pypi", "w");
        story.refused("pypi", "w", Failure::unknown("lost"));
    }
    story.now += 8_000;
    story.looked("pypi", "w", Presence::Absent);
    assert_eq!(story.rest(), Rest::Waiting);
    story.now += 60_000;
    story.looked("pypi", "w", same());
    assert_eq!(story.rest(), Rest::Ends(End::Released));
}

#[test]
fn one_hiccup_after_many_patient_looks_is_no_failure() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.accepted("pypi", "w");
    for _ in 0..6 {
        story.now += 8_000;
        story.looked("pypi", "w", Presence::Absent);
    }
    story.now += 100_000;
    let failure = Failure::transient("busy");
    story.tell(EventKind::LookFailed {
        step: id("pypi"),
        item: "w".into(),
        failure,
    });
    assert_eq!(story.run.stopped(), None);
}

#[test]
fn a_wait_that_was_asked_for_outlives_giving_up() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    for _ in 0..3 {
        story.looked("pypi", "w", Presence::Absent);
        story.intent("pypi", "w");
        story.refused("pypi", "w", Failure::later("come back", Millis(900_000)));
        story.now += 900_000;
    }
    story.now -= 899_000;
    assert_eq!(
        story.run.stopped(),
        Some(Stopped::Halted { step: id("pypi") })
    );
    story.resume();
    assert_eq!(story.rest(), Rest::Waiting);
    let kind = EventKind::LookFailed {
        step: id("pypi"),
        item: "w".into(),
        failure: Failure::later("come back", Millis(1)),
    };
    assert!(story.run.must_be_durable(&kind));
}

#[test]
fn what_the_world_says_while_something_is_sent_is_no_reason_to_forget_it() {
    let fast = Profile {
        settle: 0,
        ..DELETES
    };
    let mut story = Story::of(vec![sends("tag", &[], fast, &["v1"])]);
    story.looked("tag", "v1", Presence::Absent);
    story.intent("tag", "v1");
    story.tell(EventKind::UndoStarted { why: "w".into() });
    let (step, item) = (id("tag"), "v1".to_owned());
    story.refuses(EventKind::Looked {
        step,
        item,
        presence: Presence::Absent,
    });
    story.accepted("tag", "v1");
    assert_eq!(story.commands(), [look("tag", "v1")]);
}

#[test]
fn a_failure_to_take_back_what_is_not_being_taken_back_is_refused() {
    let mut story = Story::of(vec![sends("tag", &[], DELETES, &["v1"])]);
    story.stand("tag", "v1");
    let failure = Failure::denied("no");
    let (step, item) = (id("tag"), "v1".to_owned());
    story.refuses(EventKind::RetractFailed {
        step,
        item,
        failure,
    });
}

#[test]
fn a_doubtful_step_still_asks_after_a_resume() {
    let mut story = Story::of(vec![sends("mail", &[], BLIND, &["m"])]);
    let unknown = || Presence::Unknown {
        why: "blind".into(),
    };
    story.looked("mail", "m", unknown());
    story.intent("mail", "m");
    story.resume();
    story.looked("mail", "m", unknown());
    assert_eq!(story.view("mail"), StepView::Doubtful);
    story.resume();
    let next = story.run.next(Timestamp(story.now));
    assert_eq!(next.rest, Rest::Waiting);
    assert_eq!(next.asks[0].kind, AskKind::Lost);
    story.tell(story.decided("mail", Decision::Done));
    assert_eq!(story.rest(), Rest::Ends(End::Released));
}

#[test]
fn of_two_things_that_cannot_be_looked_at_one_is_in_doubt_at_a_time() {
    let mut story = Story::of(vec![sends("mail", &[], BLIND, &["m", "n"])]);
    let unknown = || Presence::Unknown {
        why: "blind".into(),
    };
    story.looked("mail", "m", unknown());
    story.looked("mail", "n", unknown());
    story.intent("mail", "m");
    story.refused("mail", "m", Failure::unknown("lost"));
    assert_eq!(story.commands(), [look("mail", "m")]);
}

#[test]
fn a_look_that_comes_back_after_an_approval_ran_out_is_no_error() {
    let gate = step("gate", &[], approve(1, 1_000));
    let mut story = Story::of(vec![gate, sends("pypi", &["gate"], DELETES, &["w"])]);
    story.tell(story.decided("gate", Decision::Approve));
    assert_eq!(story.commands(), [look("pypi", "w")]);
    story.now += 2_000;
    story.looked("pypi", "w", same());
    assert_eq!(story.view("pypi"), StepView::Planned);
}

#[test]
fn approvals_count_on_once_their_first_step_began_and_not_before() {
    let gate = step("gate", &[], approve(1, 1_000));
    let mut story = Story::of(vec![gate, sends("pypi", &["gate"], DELETES, &["w"])]);
    story.tell(story.decided("gate", Decision::Approve));
    story.looked("pypi", "w", Presence::Absent);
    story.now += 2_000;
    assert!(story.commands().is_empty(), "a look is not a beginning");
    story.tell(story.decided("gate", Decision::Approve));
    assert_eq!(
        story.commands(),
        [look("pypi", "w")],
        "what was seen is old"
    );
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", Failure::transient("busy"));
    story.now += 100_000;
    assert_eq!(story.commands(), [look("pypi", "w")]);
}

#[test]
fn an_approval_given_after_a_wrong_clock_was_mended_counts() {
    let gate = step("gate", &[], approve(1, 1_000));
    let mut story = Story::of(vec![gate, sends("pypi", &["gate"], DELETES, &["w"])]);
    story.now += 86_400_000;
    story.tell(EventKind::Paused { why: "w".into() });
    story.now -= 86_400_000;
    story.resume();
    story.tell(story.decided("gate", Decision::Approve));
    assert_eq!(story.commands(), [look("pypi", "w")]);
}

#[test]
fn approvals_from_before_the_seal_are_not_about_the_sealed_bytes() {
    let mut story = Story::of(vec![
        step("build", &[], script(Repeat::Safe, &["*.whl"])),
        step("seal", &["build"], Action::Seal),
        step("gate", &[], approve(1, 1_000_000)),
        sealed("pypi", &["seal", "gate"]),
    ]);
    story.tell(story.decided("gate", Decision::Approve));
    story.work("build", passed(&[("a.whl", "a")]));
    story.work("seal", passed(&[("a.whl", "a")]));
    assert!(story.commands().is_empty());
    story.tell(story.decided("gate", Decision::Approve));
    assert_eq!(story.commands(), [look("pypi", "a.whl")]);
}

#[test]
fn a_seal_that_cannot_be_published_as_planned_fails() {
    let builds = |patterns: &[(&str, &str)], more: &[(&str, &str)]| {
        let mut story = Story::of(vec![
            step("one", &[], script(Repeat::Safe, &["*"])),
            step("two", &[], script(Repeat::Safe, &["*"])),
            step("seal", &["one", "two"], Action::Seal),
            sealed("pypi", &["seal"]),
            sealed("test", &["seal"]),
        ]);
        story.work("one", passed(patterns));
        story.work("two", passed(more));
        let artifacts = story.run.artifacts();
        story.work(
            "seal",
            Outcome::Passed {
                evidence: vec![],
                artifacts,
            },
        );
        story
    };
    for story in [
        builds(&[("a.whl", "a")], &[("a.whl", "other bytes")]),
        builds(&[("a.tar.gz", "a")], &[]),
    ] {
        assert!(matches!(story.view("seal"), StepView::Failed { .. }));
        assert_eq!(story.rest(), Rest::Ends(End::RolledBack));
        assert_eq!(story.run.manifest(), None);
    }
    assert_eq!(
        builds(&[("a.whl", "a")], &[("a.whl", "a")])
            .commands()
            .len(),
        2
    );
}

#[test]
fn a_plan_whose_gates_hold_nothing_is_refused() {
    let build = || step("build", &[], script(Repeat::Safe, &["*.whl"]));
    let seal = |needs: &[&str]| step("seal", needs, Action::Seal);
    let bad: Vec<Vec<Step>> = vec![
        vec![build(), seal(&[])],
        vec![build(), noted(seal(&["build"]))],
        vec![
            build(),
            Step {
                skip: Some("no".into()),
                ..seal(&["build"])
            },
        ],
        vec![noted(step("gate", &[], approve(1, 1)))],
    ];
    let whole = plan(vec![build(), seal(&["build"])]);
    for steps in bad {
        assert!(
            Plan {
                steps,
                ..whole.clone()
            }
            .check()
            .is_err()
        );
    }
}

#[test]
fn a_noted_failure_waits_for_what_the_step_had_sent() {
    let fast = Profile {
        settle: 0,
        ..DELETES
    };
    let mut story = Story::of(vec![noted(sends("docs", &[], fast, &["a", "b"]))]);
    for item in ["a", "b"] {
        story.looked("docs", item, Presence::Absent);
    }
    story.intent("docs", "a");
    story.refused("docs", "a", Failure::unknown("lost"));
    story.intent("docs", "b");
    story.refused("docs", "b", Failure::permanent("no"));
    assert_eq!(story.commands(), [look("docs", "a")]);
    story.looked("docs", "a", same());
    assert_eq!(story.rest(), Rest::Ends(End::Released));
    assert_eq!(story.run.public().len(), 1);
}

#[test]
fn what_needs_a_skipped_step_is_skipped_too_and_comes_back_with_it() {
    let run = |name: &str, needs: &[&str]| noted(step(name, needs, script(Repeat::Safe, &[])));
    let mut story = Story::of(vec![
        run("a", &[]),
        run("b", &["a"]),
        run("c", &["b"]),
        step("ask", &[], task()),
    ]);
    story.work("a", failed(Failure::permanent("no")));
    assert!(matches!(story.view("c"), StepView::Skipped { .. }));
    story.resume();
    story.work("a", passed(&[]));
    story.work("b", passed(&[]));
    story.work("c", passed(&[]));
    story.tell(story.decided("ask", Decision::Done));
    assert_eq!(story.rest(), Rest::Ends(End::Released));
}

#[test]
fn what_the_run_went_on_without_is_not_tried_again_behind_it() {
    let mut story = Story::of(vec![
        noted(step("lint", &[], script(Repeat::Safe, &[]))),
        sends("tag", &["lint"], DELETES, &["v1"]),
    ]);
    story.work("lint", failed(Failure::transient("no")));
    story.looked("tag", "v1", Presence::Absent);
    story.intent("tag", "v1");
    story.resume();
    assert_eq!(story.commands(), [look("tag", "v1")]);
}

#[test]
fn a_failure_while_paused_does_not_start_the_way_back() {
    let mut story = Story::of(vec![
        sends("tag", &[], DELETES, &["v1"]),
        step("test", &[], script(Repeat::Safe, &[])),
    ]);
    story.stand("tag", "v1");
    story.tell(EventKind::WorkStarted { step: id("test") });
    story.tell(EventKind::Paused {
        why: "Ctrl-C".into(),
    });
    let outcome = failed(Failure::permanent("red"));
    story.tell(EventKind::WorkFinished {
        step: id("test"),
        outcome,
    });
    assert_eq!(story.rest(), Rest::Stopped);
    assert_eq!(
        story.run.stopped(),
        Some(Stopped::Paused {
            why: "Ctrl-C".into()
        })
    );
    story.resume();
    assert_eq!(story.commands(), [look("tag", "v1")]);
}

#[test]
fn nothing_is_taken_back_while_paused() {
    let mut story = Story::of(vec![sends("tag", &[], DELETES, &["v1"])]);
    story.stand("tag", "v1");
    story.tell(EventKind::UndoStarted { why: "w".into() });
    story.looked("tag", "v1", same());
    story.tell(EventKind::Paused {
        why: "Ctrl-C".into(),
    });
    story.refuses(EventKind::RetractIntent {
        step: id("tag"),
        item: "v1".into(),
    });
}

#[test]
fn taking_back_a_noted_step_is_tried_again_after_it_got_stuck() {
    let mut story = Story::of(vec![
        noted(sends("docs", &[], DELETES, &["a"])),
        step("test", &["docs"], script(Repeat::Safe, &[])),
    ]);
    story.stand("docs", "a");
    story.tell(EventKind::WorkStarted { step: id("test") });
    let outcome = failed(Failure::permanent("red"));
    story.tell(EventKind::WorkFinished {
        step: id("test"),
        outcome,
    });
    let failure = Failure::denied("no");
    story.tell(EventKind::LookFailed {
        step: id("docs"),
        item: "a".into(),
        failure,
    });
    assert_eq!(
        story.run.stopped(),
        Some(Stopped::Stuck { step: id("docs") })
    );
    story.resume();
    assert_eq!(story.commands(), [look("docs", "a")]);
}

#[test]
fn an_absent_after_a_lost_retraction_is_believed_only_when_settled() {
    let mut story = Story::of(vec![sends("tag", &[], DELETES, &["v1"])]);
    story.stand("tag", "v1");
    story.tell(EventKind::UndoStarted { why: "w".into() });
    story.looked("tag", "v1", same());
    let (step, item) = (id("tag"), "v1".to_owned());
    story.tell(EventKind::RetractIntent {
        step: step.clone(),
        item: item.clone(),
    });
    let failure = Failure::unknown("lost");
    story.tell(EventKind::RetractFailed {
        step,
        item,
        failure,
    });
    story.looked("tag", "v1", Presence::Absent);
    assert_eq!(story.rest(), Rest::Waiting);
    story.now += 60_000;
    story.looked("tag", "v1", Presence::Absent);
    assert_eq!(story.rest(), Rest::Ends(End::RolledBack));
}

#[test]
fn what_can_be_mended_halts_and_what_cannot_turns_back_before_the_point_of_no_return() {
    let start = || {
        Story::of(vec![
            sends("tag", &[], DELETES, &["v1"]),
            sends("index", &["tag"], DOUBLES, &["w"]),
        ])
    };
    for failure in [Failure::denied("no"), Failure::permanent("no")] {
        let mut story = start();
        story.stand("tag", "v1");
        story.looked("index", "w", Presence::Absent);
        story.intent("index", "w");
        story.refused("index", "w", failure.clone());
        if failure == Failure::denied("no") {
            assert_eq!(
                story.run.stopped(),
                Some(Stopped::Halted { step: id("index") })
            );
            assert!(story.commands().is_empty());
            story.resume();
            assert_eq!(story.commands(), [look("index", "w")]);
        } else {
            assert_eq!(story.run.undo_reason(), Some("index failed: no"));
        }
    }
    // After it, even what can never work only halts.
    let mut story = start();
    story.stand("tag", "v1");
    story.looked("index", "w", Presence::Absent);
    story.intent("index", "w");
    story.refused("index", "w", Failure::unknown("lost"));
    story.now += 120_000;
    story.looked("index", "w", Presence::Absent);
    story.intent("index", "w");
    story.refused("index", "w", Failure::permanent("no"));
    assert_eq!(
        story.run.stopped(),
        Some(Stopped::Halted { step: id("index") })
    );
    story.refuses(EventKind::UndoStarted { why: "w".into() });
}

#[test]
fn what_leaves_was_looked_at_and_is_what_was_planned_and_sealed() {
    let mut story = Story::of(vec![
        step("build", &[], script(Repeat::Safe, &["*.whl"])),
        step("seal", &["build"], Action::Seal),
        sealed("pypi", &["seal"]),
        sends("tag", &["pypi"], DELETES, &["v1"]),
    ]);
    story.work("build", passed(&[("a.whl", "a")]));
    story.work("seal", passed(&[("a.whl", "a")]));
    let intent = |name: &str, item: &str, bytes: &[u8]| EventKind::Intent {
        step: id(name),
        item: item.into(),
        digest: Digest::of(bytes),
    };
    story.refuses(intent("pypi", "a.whl", b"a"));
    story.looked("pypi", "a.whl", Presence::Absent);
    story.refuses(intent("pypi", "a.whl", b"other"));
    story.refuses(intent("pypi", "b.whl", b"a"));
    story.refuses(intent("tag", "v1", b"a"));
    story.tell(intent("pypi", "a.whl", b"a"));
    story.refuses(intent("pypi", "a.whl", b"a"));
}

#[test]
fn a_wait_that_is_over_does_not_come_back_when_the_clock_catches_up() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    let failure = Failure::later("busy", Millis(20_000));
    story.tell(EventKind::LookFailed {
        step: id("pypi"),
        item: "w".into(),
        failure,
    });
    story.now -= 5_000;
    story.looked("pypi", "w", Presence::Absent);
    story.now += 6_000;
    assert_eq!(story.commands(), [send("pypi", "w")]);
}

#[test]
fn what_others_lean_on_is_not_taken_back_even_if_asked() {
    let mut story = Story::of(vec![
        sends("tag", &[], DELETES, &["v1"]),
        sends("draft", &["tag"], DELETES, &["d"]),
    ]);
    story.stand("tag", "v1");
    story.stand("draft", "d");
    story.tell(EventKind::UndoStarted { why: "w".into() });
    assert_eq!(story.commands(), [look("draft", "d")]);
    story.looked("tag", "v1", same());
    story.refuses(EventKind::RetractIntent {
        step: id("tag"),
        item: "v1".into(),
    });
}

#[test]
fn what_a_person_said_did_not_happen_is_not_in_doubt_again() {
    let mut story = Story::of(vec![sends("mail", &[], BLIND, &["m", "n"])]);
    let unknown = || Presence::Unknown {
        why: "blind".into(),
    };
    story.looked("mail", "m", unknown());
    story.intent("mail", "m");
    story.resume();
    story.looked("mail", "m", unknown());
    story.tell(story.decided("mail", Decision::Repeat));
    story.resume();
    let failure = Failure::denied("no");
    story.tell(EventKind::LookFailed {
        step: id("mail"),
        item: "m".into(),
        failure,
    });
    story.resume();
    story.looked("mail", "m", unknown());
    assert!(story.commands().contains(&send("mail", "m")));
}

#[test]
fn a_refusal_that_may_mean_taken_is_believed_after_one_more_look_and_try() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    let taken = || Failure::taken("400");
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", taken());
    story.now += 60_000;
    assert_eq!(story.commands(), [look("pypi", "w")]);
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", taken());
    // Nothing of ours can be there: it is over, and there is nothing to take back.
    assert!(matches!(story.view("pypi"), StepView::Failed { .. }));
    assert_eq!(story.rest(), Rest::Ends(End::RolledBack));
}

#[test]
fn a_refusal_that_may_mean_taken_by_an_attempt_of_ours_is_waited_for() {
    let mut story = Story::of(vec![sends("pypi", &[], DELETES, &["w"])]);
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", Failure::unknown("lost"));
    story.looked("pypi", "w", Presence::Absent);
    story.now += 60_000;
    story.looked("pypi", "w", Presence::Absent);
    story.intent("pypi", "w");
    story.refused("pypi", "w", Failure::taken("400"));
    story.looked("pypi", "w", same());
    assert!(matches!(story.view("pypi"), StepView::Stands { .. }));
    assert!(story.run.public()[0].ours);
}

#[test]
fn what_stood_before_us_is_shown_to_stand_after_an_approval_ran_out() {
    let gate = step("gate", &[], approve(1, 1_000));
    let steps = vec![
        gate,
        sends("pypi", &["gate"], DELETES, &["w"]),
        step("ask", &["gate"], task()),
    ];
    let mut story = Story::of(steps);
    story.tell(story.decided("gate", Decision::Approve));
    story.looked("pypi", "w", same());
    story.now += 5_000;
    story.tell(EventKind::Paused {
        why: "lunch".into(),
    });
    assert!(matches!(story.view("pypi"), StepView::Stands { .. }));
}
