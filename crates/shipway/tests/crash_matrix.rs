//! The whole release through real processes and real servers, killed and disturbed at every place: afterwards the world must be
//! that of a release which nothing disturbed.
//!
//! Invariants: every scenario carries out the same plan from the same kept world, so that what it leaves is compared name by
//! name and digest by digest; deaths are by SIGKILL; a point that a scenario wants and the run does not pass is a failure.
//!
//! `SHIPWAY_MATRIX=full` runs everything; otherwise every effect point, every fourth journal point and each fault at one
//! kind of destination.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that prints what it found"
)]

#[path = "crash_matrix/bench.rs"]
mod bench;
#[path = "crash_matrix/fault.rs"]
mod fault;
#[path = "crash_matrix/scenario.rs"]
mod scenario;
#[path = "crash_matrix/table.rs"]
mod table;
#[path = "crash_matrix/verdict.rs"]
mod verdict;
mod world;

use bench::Bench;
use scenario::{Extent, Scenario};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;
use table::Table;
use verdict::Verdict;

/// Worlds side by side, each with servers of its own.
const BENCHES: usize = 2;

#[test]
fn every_death_and_every_fault_is_survived() {
    let began = Instant::now();
    let benches: Vec<Bench> = std::thread::scope(|scope| {
        let making: Vec<_> = (0..BENCHES).map(|_| scope.spawn(Bench::new)).collect();
        making.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(
        benches
            .iter()
            .all(|bench| bench.shape() == benches[0].shape()),
        "two undisturbed runs differ: {:?}",
        benches.iter().map(Bench::shape).collect::<Vec<_>>()
    );
    let mut scenarios = scenario::all(&benches[0], extent());
    if let Some(only) = variable("SHIPWAY_MATRIX_ONLY") {
        scenarios.retain(|one| one.name().contains(&only));
    }
    let total = scenarios.len();
    let queue = Mutex::new(scenarios.into_iter());
    let done: Mutex<Vec<(Scenario, Verdict)>> = Mutex::default();
    std::thread::scope(|scope| {
        for bench in &benches {
            scope.spawn(|| {
                loop {
                    // A lock that lasted through the scenario would leave the other bench idle.
                    let next = queue.lock().unwrap().next();
                    let Some(scenario) = next else { return };
                    // What cannot even be looked at is a row of the table too.
                    let verdict = catch_unwind(AssertUnwindSafe(|| bench.run(&scenario)))
                        .unwrap_or_else(|_| Verdict::unseen());
                    let mut done = done.lock().unwrap();
                    if !verdict.survived() {
                        eprintln!("not survived: {}", scenario.name());
                    }
                    done.push((scenario, verdict));
                    if done.len().is_multiple_of(25) {
                        eprintln!("{} of {total}", done.len());
                    }
                }
            });
        }
    });
    let table = Table::of(done.into_inner().unwrap(), began.elapsed());
    println!("{table}");
    println!("{}", benches[0].figures());
    assert!(table.is_green(), "not everything survived: see the table");
}

fn extent() -> Extent {
    match variable("SHIPWAY_MATRIX").as_deref() {
        Some("full") => Extent::Full,
        _ => Extent::Sample,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much of the matrix runs is the caller's choice"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
