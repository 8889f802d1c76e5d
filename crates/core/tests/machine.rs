//! The rules of the run machine, R1 to R9, and the invariants of releases that concern it, each as a property over random
//! plans, with several steps in flight, in a simulated world that fails in every way a destination can.
//!
//! R10 (one run per project and line) is the engine's and is tested there.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it made it"
)]

mod machine {
    pub mod dice;
    pub mod plans;
    pub mod regressions;
    pub mod rules;
    pub mod sim;
    pub mod strangers;
    pub mod world;
}

use machine::plans::{Shape, shapes};
use machine::sim::{Habits, Rule, Sim};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult};
use shipway_core::name::StepId;
use shipway_core::run::StepView;

/// Cases of one property: enough in all for every build, more where `PROPTEST_CASES` says so (`bin/simulate`).
fn cases(usual: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if config.cases == 256 {
        config.cases = usual;
    }
    config.max_shrink_iters = 4_000;
    config
}

/// Whether the rules hold; and whether the machine offers and accepts the same, which every rule needs.
fn holds(rules: &[Rule], shape: &Shape, seed: u64, habits: Habits) -> TestCaseResult {
    let mut sim = Sim::new(shape, seed, habits);
    sim.drive();
    let broken: Vec<_> = sim
        .wrong
        .iter()
        .filter(|(rule, _)| *rule == Rule::Legal || rules.contains(rule))
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    let events: Vec<String> = sim
        .journal
        .iter()
        .map(|event| format!("{:>3} {:?}", event.seq, event.kind))
        .collect();
    Err(TestCaseError::fail(format!(
        "{broken:?}\nmode {:?}, undo {:?}\n{}",
        sim.run.stopped(),
        sim.run.undo_reason(),
        events.join("\n")
    )))
}

const WILD: Habits = Habits::WILD;

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn r1_nothing_starts_before_what_it_needs(shape in shapes(9), seed: u64) {
        holds(&[Rule::R1], &shape, seed, WILD)?;
    }

    #[test]
    fn r2_nothing_is_taken_back_while_something_that_needs_it_stands(shape in shapes(9), seed: u64) {
        holds(&[Rule::R2], &shape, seed, Habits { undos: 3, ..WILD })?;
    }

    #[test]
    fn r3_a_crash_changes_nothing_about_what_comes_next(shape in shapes(7), seed: u64) {
        holds(&[Rule::R3], &shape, seed, Habits { crashes: 8, replay: true, ..WILD })?;
    }

    #[test]
    fn r4_past_the_point_of_no_return_nothing_is_taken_back(shape in shapes(9), seed: u64) {
        holds(&[Rule::R4], &shape, seed, Habits { undos: 4, ..WILD })?;
    }

    #[test]
    fn r5_what_was_there_before_us_stays(shape in shapes(9), seed: u64) {
        holds(&[Rule::R5], &shape, seed, Habits { undos: 3, ..WILD })?;
    }

    #[test]
    fn r6_a_started_publish_is_never_abandoned(shape in shapes(9), seed: u64) {
        holds(&[Rule::R6, Rule::Told], &shape, seed, Habits { faults: 14, undos: 2, ..WILD })?;
    }

    #[test]
    fn r7_everything_is_looked_at_before_it_is_touched(shape in shapes(9), seed: u64) {
        holds(&[Rule::R7], &shape, seed, Habits { crashes: 6, undos: 2, ..WILD })?;
    }

    #[test]
    fn r8_released_means_that_it_stands_and_every_run_ends(shape in shapes(9), seed: u64) {
        holds(&[Rule::R8, Rule::Ends], &shape, seed, WILD)?;
    }

    #[test]
    fn r9_only_sealed_bytes_leave(shape in shapes(9), seed: u64) {
        holds(&[Rule::R9], &shape, seed, Habits { crashes: 6, ..WILD })?;
    }

    #[test]
    fn i1_i2_i3_i8_intents_contents_reading_back_and_direction(shape in shapes(9), seed: u64) {
        holds(&[Rule::I1, Rule::I2, Rule::I3, Rule::I8], &shape, seed, WILD)?;
    }

    #[test]
    fn nothing_is_published_twice(shape in shapes(6), seed: u64) {
        let habits = Habits { faults: 20, crashes: 6, undos: 0, foreign: false, ..WILD };
        holds(&[Rule::Once], &shape, seed, habits)?;
    }

    #[test]
    fn a_wait_that_was_asked_for_survives_a_restart(shape in shapes(6), seed: u64) {
        holds(&[Rule::Waits], &shape, seed, Habits { faults: 16, crashes: 6, ..WILD })?;
    }

    #[test]
    fn a_clock_that_is_set_back_breaks_no_rule(shape in shapes(7), seed: u64) {
        let every = [
            Rule::Legal, Rule::R1, Rule::R2, Rule::R3, Rule::R4, Rule::R5, Rule::R6, Rule::R7, Rule::R8,
            Rule::R9, Rule::Once, Rule::I1, Rule::I2, Rule::I3, Rule::I8, Rule::Told, Rule::Ends,
        ];
        holds(&every, &shape, seed, Habits { set_backs: 4, ..WILD })?;
    }

    /// I4: crashes alone, without any other fault, change nothing about the end.
    #[test]
    fn i4_crashes_alone_do_not_change_the_end(shape in shapes(8), seed: u64) {
        let quiet = Habits { foreign: false, ..Habits::CALM };
        let mut smooth = Sim::new(&shape, seed, quiet);
        smooth.drive();
        let mut rough = Sim::new(&shape, seed, Habits { crashes: 12, power: 2, ..quiet });
        rough.drive();
        prop_assert!(smooth.is_released(), "{:?}", smooth.wrong);
        prop_assert!(rough.is_released(), "{:?} {:?}", rough.wrong, rough.run.stopped());
        // What cannot be looked at is sent at most once; where its failure is only noted, nobody is asked, and what needs
        // it and is best effort too is skipped.
        let given_up = |step: &StepId| match rough.run.view(step) {
            Some(StepView::Noted { .. }) => rough.is_blind(step),
            Some(StepView::Skipped { .. }) => rough.needs_a_blind_one(step),
            _ => false,
        };
        let standing = |sim: &Sim| {
            let things = sim.world.things.iter().filter(|(key, _)| !given_up(&key.0));
            things.map(|(key, thing)| (key.clone(), thing.copies)).collect::<Vec<_>>()
        };
        prop_assert_eq!(standing(&smooth), standing(&rough));
    }
}
