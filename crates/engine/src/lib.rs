//! How a plan is carried out so that a crash loses and repeats nothing.
//!
//! Invariants: an engine decides nothing. It asks the run what may happen, journals before it acts where the run says so,
//! acts, and journals what came of it.
//!
//! Must not: know a kind of target, a terminal or a command line.

// The tests of this crate share their world with the tests beside it.
#[cfg(test)]
extern crate self as shipway_engine;

mod chain;
pub mod crash;
pub mod embedded;
pub mod journal;
pub mod lease;
pub mod store;
pub mod work;
pub mod world;

pub use embedded::{Drive, Driven, Embedded, WhenAsked};
pub use journal::{Journal, JournalError};
pub use lease::Holder;
pub use store::{Store, StoreError};
pub use world::{Observer, Stop, Who, World, carry_out};

use shipway_core::event::{Decision, Seq};
use shipway_core::plan::PlanError;
use shipway_core::run::Illegal;
use shipway_core::{Event, Plan, PlanId, StepId, Timestamp};
use std::io;

/// The durability port: what an engine promises to those that start runs and answer for them.
pub trait Engine {
    /// Enters the plan as a run, or joins the run that it already has.
    ///
    /// After success recovery may assume that the plan and the run's first event are on disk: whoever drives the run later
    /// needs nothing else. After a failure there is no run, or one on which nothing was done and which the same call joins.
    fn start(&self, start: &Start<'_>) -> Result<Started, EngineError>;

    /// Says what a person decided. An approval is about the plan and the sealed bytes as they are now.
    ///
    /// After success the decision is on disk, and whoever drives the run, in this process or another one, goes on from it.
    /// After [`EngineError::NotAsked`] nothing was written: the run waits for no such decision. After another failure it may
    /// or may not be there; to say it again is harmless.
    fn decide(&self, run: &PlanId, said: &Said<'_>) -> Result<Event, EngineError>;

    /// The events after this number, every one checked. After success they are in order, without a gap, and no later call
    /// will show other ones in their place.
    fn events(&self, run: &PlanId, after: Seq) -> Result<Vec<Event>, EngineError>;
}

/// A plan that is to be started.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    pub plan: &'a Plan,
    /// The checkout it is started in.
    pub repository: &'a str,
    pub who: &'a Who,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    New,
    /// There was a run of this very plan already.
    Joined,
}

/// What a person said about a step.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub step: &'a StepId,
    pub decision: Decision,
    pub by: &'a str,
    pub note: Option<&'a str>,
    pub at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the plan cannot be carried out")]
    Plan(#[from] PlanError),
    #[error("no run begins with {0:?}")]
    NoSuchRun(String),
    #[error("{begins:?} could mean {} runs", .runs.len())]
    Ambiguous { begins: String, runs: Vec<PlanId> },
    #[error("run {run} does not wait for that at {step}", run = .run.short())]
    NotAsked {
        run: PlanId,
        step: StepId,
        #[source]
        why: Illegal,
    },
    #[error("run {run} cannot be taken back", run = .run.short())]
    NotUndone {
        run: PlanId,
        #[source]
        why: Illegal,
    },
    /// The journal is whole, and says something that cannot have happened: a fault in Shipway, or a journal of another one.
    #[error("run {run} cannot go on from its journal", run = .run.short())]
    Illegal {
        run: PlanId,
        #[source]
        why: Illegal,
    },
    #[error("no thread could be started to carry out the steps")]
    Threads(#[source] io::Error),
}

impl EngineError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Plan(_) => None,
            Self::NoSuchRun(_) => Some("`shipway runs` lists all runs".into()),
            Self::Ambiguous { runs, .. } => {
                let names: Vec<&str> = runs.iter().map(PlanId::short).collect();
                Some(format!("write more of one of {}", names.join(", ")))
            }
            Self::NotAsked { run, .. } => Some(format!(
                "`shipway status {}` shows what it waits for",
                run.short()
            )),
            Self::NotUndone { run, .. } => Some(format!(
                "`shipway status {}` shows what is public",
                run.short()
            )),
            Self::Illegal { .. } => Some(
                "use the version of Shipway that began the run, and report this: it should not happen".into(),
            ),
            Self::Threads(_) => Some("allow this user more processes, then resume".into()),
        }
    }
}
