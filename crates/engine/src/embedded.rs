//! The engine in this process: the journal beside the repository, steps on threads of our own.
//!
//! Invariants: one live driver per project and line; an intent is on disk before its effect begins; what another process
//! journals meanwhile (a decision, the wish to take everything back) is applied before anything else is done.
//!
//! Must not: decide what happens next, or touch a target or a process other than through the [`World`].

mod driver;
mod pool;
#[cfg(test)]
pub(crate) mod tests;

use crate::crash::Crash;
use crate::journal::{Appended, Durability, Entered, Journal, JournalError, Listed, Record};
use crate::lease::Holder;
use crate::world::{Observer, Stop, World};
use crate::{Engine, EngineError, Said, Start, Started};
use shipway_core::event::{Decision, Seq};
use shipway_core::run::{Ask, Illegal, Rest};
use shipway_core::{Event, EventKind, PlanId, Run, Timestamp};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The embedded engine over one state directory. Threads may share it: one drives, others decide and read.
#[derive(Debug)]
pub struct Embedded {
    journal: Mutex<Journal>,
    /// Where this process left a run that waited for a person: it may go on there without a resumption.
    left: Mutex<Option<(PlanId, Seq)>>,
    crash: Crash,
}

/// How to drive a run.
pub struct Drive<'a> {
    pub world: &'a dyn World,
    pub observer: &'a mut Observer<'a>,
    pub stop: &'a Stop,
    /// How many commands are carried out at the same time.
    pub limit: NonZeroUsize,
    pub asked: WhenAsked,
}

/// What to do once nothing is left to do but to wait for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAsked {
    Return,
    /// Wait for decisions from other processes and threads, and for probes.
    Wait,
}

/// Where a run rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driven {
    pub run: Run,
    /// `Ended`; `Stopped` (`Run::stopped` says why); or `Waiting` for people.
    pub rest: Rest,
    pub asks: Vec<Ask>,
}

impl Embedded {
    /// Opens the engine's journal in this directory; both are made if they are not there, for their owner only.
    pub fn open(state_dir: &Path) -> Result<Self, EngineError> {
        Ok(Self::over(Journal::open(state_dir.join("journal.db"))?))
    }

    /// The engine over a journal that is open already.
    pub fn over(journal: Journal) -> Self {
        Self {
            journal: Mutex::new(journal),
            left: Mutex::new(None),
            crash: Crash::default(),
        }
    }

    /// The process dies where the plan says.
    #[cfg(feature = "crash-points")]
    #[must_use]
    pub fn crashing(mut self, plan: crate::crash::CrashPlan) -> Self {
        self.crash = Crash::planned(plan);
        self.journal().crash_at(self.crash.clone());
        self
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<Listed>, EngineError> {
        Ok(self.journal().list()?)
    }

    /// The run whose id begins like this.
    pub fn find(&self, begins: &str) -> Result<PlanId, EngineError> {
        let mut runs: Vec<PlanId> = self
            .runs()?
            .into_iter()
            .map(|listed| listed.entry.id)
            .filter(|id| id.0.as_str().starts_with(begins))
            .collect();
        match runs.len() {
            0 => Err(EngineError::NoSuchRun(begins.to_owned())),
            1 => Ok(runs.remove(0)),
            _ => Err(EngineError::Ambiguous {
                begins: begins.to_owned(),
                runs,
            }),
        }
    }

    /// The run of this project that was started last.
    pub fn latest(&self, project: &str) -> Result<Option<PlanId>, EngineError> {
        let runs = self.runs()?.into_iter().rev();
        Ok(runs
            .map(|listed| listed.entry)
            .find(|entry| entry.project == project)
            .map(|entry| entry.id))
    }

    /// A run with its plan and all its events.
    pub fn record(&self, run: &PlanId) -> Result<Record, EngineError> {
        Ok(self.journal().record(run)?)
    }

    /// A run as its events leave it.
    pub fn run(&self, run: &PlanId) -> Result<Run, EngineError> {
        fold(self.record(run)?).map(|(run, _)| run)
    }

    /// Who drives this run's project and line now, in any process. `None`: nobody.
    pub fn driver(&self, run: &PlanId) -> Result<Option<Holder>, EngineError> {
        Ok(self.journal().driver(run)?)
    }

    /// Has everything taken back that was done and can be: the next driver, or the one that drives now, turns around.
    /// After success that is on disk. [`EngineError::NotUndone`] past the point of no return, and once the run is over.
    pub fn undo(&self, run: &PlanId, why: &str, at: Timestamp) -> Result<Event, EngineError> {
        let kind = |_: &Run| EventKind::UndoStarted {
            why: why.to_owned(),
        };
        self.say(run, at, kind, |why| EngineError::NotUndone {
            run: run.clone(),
            why,
        })
    }

    /// Drives a run until it is over, stops, or waits for people.
    ///
    /// Takes the lease on the run's project and line first, and journals `Resumed` unless the run is new or was left here
    /// waiting. Calls block; commands are carried out on threads, the observer is called on this one.
    ///
    /// After an error the run may be at any point: whatever was under way has lost its answer, and the next call finds out
    /// what became of it before it does anything else.
    pub fn drive(&self, run: &PlanId, drive: Drive<'_>) -> Result<Driven, EngineError> {
        let left = self.left().take();
        let driven = driver::drive(&self.journal, &self.crash, run, drive, left)?;
        if driven.rest == Rest::Waiting {
            *self.left() = Some((run.clone(), driven.run.seq()));
        }
        Ok(driven)
    }

    /// Appends what somebody outside says, once the run as it is then allows it.
    fn say(
        &self,
        id: &PlanId,
        at: Timestamp,
        kind: impl Fn(&Run) -> EventKind,
        refused: impl Fn(Illegal) -> EngineError,
    ) -> Result<Event, EngineError> {
        let mut journal = self.journal();
        loop {
            let (mut run, _) = fold(journal.record(id)?)?;
            let event = Event {
                seq: run.seq() + 1,
                at,
                kind: kind(&run),
            };
            run.apply(&event).map_err(&refused)?;
            // A driver may have been faster: then the run is another one, and is asked again.
            let said = std::slice::from_ref(&event);
            if journal.append(id, said, Durability::Disk, None)? == Appended::Done {
                return Ok(event);
            }
        }
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    fn left(&self) -> MutexGuard<'_, Option<(PlanId, Seq)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Embedded {
    fn start(&self, start: &Start<'_>) -> Result<Started, EngineError> {
        start.plan.check()?;
        let first = Event {
            seq: 1,
            at: start.at,
            kind: EventKind::Started {
                by: start.who.by.clone(),
                host: start.who.host.clone(),
                shipway: start.who.shipway.clone(),
            },
        };
        let entered = self.journal().enter(start.plan, start.repository, &first)?;
        Ok(match entered {
            Entered::New => Started::New,
            Entered::Joined => Started::Joined,
        })
    }

    fn decide(&self, run: &PlanId, said: &Said<'_>) -> Result<Event, EngineError> {
        let kind = |now: &Run| EventKind::Decided {
            step: said.step.clone(),
            decision: said.decision,
            by: said.by.to_owned(),
            note: said.note.map(ToOwned::to_owned),
            subject: (said.decision == Decision::Approve).then(|| now.approval_subject()),
        };
        self.say(run, said.at, kind, |why| EngineError::NotAsked {
            run: run.clone(),
            step: said.step.clone(),
            why,
        })
    }

    fn events(&self, run: &PlanId, after: Seq) -> Result<Vec<Event>, EngineError> {
        Ok(self.journal().record(run)?.events_after(after))
    }
}

fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    // A panic elsewhere leaves no half transaction behind: it was rolled back.
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run as its events leave it, with the events.
fn fold(record: Record) -> Result<(Run, Vec<Event>), EngineError> {
    let mut run = Run::new(record.plan);
    for event in &record.events {
        run.apply(event).map_err(|why| EngineError::Illegal {
            run: record.entry.id.clone(),
            why,
        })?;
    }
    Ok((run, record.events))
}

/// Whether the error means that the disk is full.
fn is_full(error: &EngineError) -> bool {
    matches!(error, EngineError::Journal(JournalError::Full(_)))
}
