//! What an engine acts through: everything that a run touches comes in here.
//!
//! Invariant: one command, one answer. Whatever happens while a command is carried out, a panic included, becomes the event
//! that tells the truth about it; where nobody knows whether an effect happened, the event says that.
//!
//! Must not: retry, order or remember. That is the run's.

use shipway_core::event::{Evidence, Outcome};
use shipway_core::plan::{Action, Step, Task};
use shipway_core::run::{Command, Run};
use shipway_core::target::TargetSpec;
use shipway_core::{
    Event, EventKind, Failure, FailureKind, Item, Presence, Receipt, StepId, Target, Timestamp,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who starts, resumes and stops runs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub by: String,
    pub host: String,
    /// The version of Shipway.
    pub shipway: String,
}

/// Everything outside that an engine needs. Its methods are called from several threads at once.
pub trait World: Sync {
    fn now(&self) -> Timestamp;

    fn who(&self) -> Who;

    /// The target of this set-up. It is built anew for every call of it; nothing is sent by building it.
    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn Target>, Failure>;

    /// Carries out a local step. `run` is as it was when the step was started.
    fn work(&self, run: &Run, step: &Step) -> Outcome;

    /// Whether a person's task is done, as its probe says. Called only for tasks that have one.
    fn probe(&self, run: &Run, task: &Task) -> bool;

    /// The text without any secret. Everything that comes from outside goes through here before it is journalled.
    fn redact(&self, text: &str) -> String;
}

/// A request to stop between steps, from a signal or another thread. It cannot be withdrawn.
#[derive(Debug, Default)]
pub struct Stop {
    requested: AtomicBool,
    why: Mutex<Option<String>>,
}

impl Stop {
    /// Asks to stop; the first reason counts.
    pub fn request(&self, why: impl Into<String>) {
        let mut reason = self
            .why
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        reason.get_or_insert_with(|| why.into());
        self.requested.store(true, Ordering::Release);
    }

    /// Why to stop; `None` while nobody asked.
    pub fn why(&self) -> Option<String> {
        if !self.requested.load(Ordering::Acquire) {
            return None;
        }
        self.why
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

/// The event that says that the command begins. `None` for a look, which changes nothing.
pub fn beginning(run: &Run, command: &Command) -> Option<EventKind> {
    match command {
        Command::Work { step } => Some(EventKind::WorkStarted { step: step.clone() }),
        Command::Look { .. } => None,
        Command::Publish { step, item } => Some(EventKind::Intent {
            step: step.clone(),
            item: item.clone(),
            // An item that the run asks to publish is one of its items.
            digest: find(run, step, item)?.digest.clone(),
        }),
        Command::Retract { step, item } => Some(EventKind::RetractIntent {
            step: step.clone(),
            item: item.clone(),
        }),
    }
}

/// Carries out one command and says what came of it. For work and for effects, the event that says that it begins is in the
/// journal already.
pub fn carry_out(world: &dyn World, run: &Run, command: &Command) -> EventKind {
    let answer = match command {
        Command::Work { step } => EventKind::WorkFinished {
            step: step.clone(),
            outcome: work(world, run, step),
        },
        Command::Look { step, item } => {
            match on_target(world, run, (step, item), |target, item| {
                target.observe(item)
            }) {
                Ok(presence) => EventKind::Looked {
                    step: step.clone(),
                    item: item.clone(),
                    presence,
                },
                Err(failure) => EventKind::LookFailed {
                    step: step.clone(),
                    item: item.clone(),
                    failure,
                },
            }
        }
        Command::Publish { step, item } => {
            match on_target(world, run, (step, item), |target, item| {
                target.publish(item)
            }) {
                Ok(receipt) => EventKind::Accepted {
                    step: step.clone(),
                    item: item.clone(),
                    receipt,
                },
                Err(failure) => EventKind::Refused {
                    step: step.clone(),
                    item: item.clone(),
                    failure,
                },
            }
        }
        Command::Retract { step, item } => {
            let receipt = run.receipt(step, item).cloned().unwrap_or_default();
            let retracted = on_target(world, run, (step, item), |target, item| {
                target.retract(item, &receipt)
            });
            match retracted {
                Ok(()) => EventKind::Retracted {
                    step: step.clone(),
                    item: item.clone(),
                },
                Err(failure) => EventKind::RetractFailed {
                    step: step.clone(),
                    item: item.clone(),
                    failure,
                },
            }
        }
    };
    redacted(world, answer)
}

/// The illegal answer of a local step, as a failure of that step: what it made does not fit the plan.
pub(crate) fn unfit(step: &StepId, why: &str) -> EventKind {
    EventKind::WorkFinished {
        step: step.clone(),
        outcome: failed(Failure::permanent(why)),
    }
}

fn work(world: &dyn World, run: &Run, step: &StepId) -> Outcome {
    let Some(step) = run.plan().step(step) else {
        return failed(Failure::permanent(format!("the plan has no step {step}")));
    };
    catch_unwind(AssertUnwindSafe(|| world.work(run, step))).unwrap_or_else(|panic| {
        // Nobody knows what it left behind: a person decides.
        failed(Failure::unknown(text_of(&*panic)))
    })
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        failure,
        evidence: vec![],
        tail: vec![],
    }
}

fn find<'a>(run: &'a Run, step: &StepId, item: &str) -> Option<&'a Item> {
    run.items(step).into_iter().find(|one| one.name == item)
}

/// Calls the item's target once.
fn on_target<T>(
    world: &dyn World,
    run: &Run,
    (step, item): (&StepId, &str),
    call: impl FnOnce(&dyn Target, &Item) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let planned = run.plan().step(step).map(|step| &step.action);
    let (Some(Action::Publish(publish)), Some(item)) = (planned, find(run, step, item)) else {
        return Err(Failure::permanent(format!("{step} has no item {item:?}")));
    };
    let target = catch_unwind(AssertUnwindSafe(|| world.target(&publish.target)))
        .unwrap_or_else(|panic| Err(Failure::transient(text_of(&*panic))))
        .map_err(nothing_sent)?;
    catch_unwind(AssertUnwindSafe(|| call(&*target, item)))
        .unwrap_or_else(|panic| Err(Failure::unknown(text_of(&*panic))))
}

/// A target that could not be built did nothing, whatever its failure says.
fn nothing_sent(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Unknown => Failure {
            kind: FailureKind::Transient { retry_after: None },
            ..failure
        },
        _ => failure,
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a fault in Shipway: {}", text.unwrap_or("no message"))
}

fn redacted(world: &dyn World, answer: EventKind) -> EventKind {
    let clean = |text: String| world.redact(&text);
    let clean_failure = |failure: Failure| Failure {
        kind: failure.kind,
        message: clean(failure.message),
        hint: failure.hint.map(clean),
    };
    let clean_receipt = |receipt: Receipt| Receipt {
        id: clean(receipt.id),
        url: receipt.url.map(clean),
    };
    match answer {
        EventKind::WorkFinished { step, outcome } => EventKind::WorkFinished {
            step,
            outcome: match outcome {
                Outcome::Passed {
                    evidence,
                    artifacts,
                } => Outcome::Passed {
                    evidence: clean_evidence(world, evidence),
                    artifacts,
                },
                Outcome::Failed {
                    failure,
                    evidence,
                    tail,
                } => Outcome::Failed {
                    failure: clean_failure(failure),
                    evidence: clean_evidence(world, evidence),
                    tail: tail.into_iter().map(clean).collect(),
                },
            },
        },
        EventKind::Looked {
            step,
            item,
            presence,
        } => EventKind::Looked {
            step,
            item,
            presence: match presence {
                Presence::Absent => Presence::Absent,
                Presence::Same { receipt } => Presence::Same {
                    receipt: clean_receipt(receipt),
                },
                Presence::Different { found } => Presence::Different {
                    found: clean(found),
                },
                Presence::Unknown { why } => Presence::Unknown { why: clean(why) },
            },
        },
        EventKind::LookFailed {
            step,
            item,
            failure,
        } => EventKind::LookFailed {
            step,
            item,
            failure: clean_failure(failure),
        },
        EventKind::Accepted {
            step,
            item,
            receipt,
        } => EventKind::Accepted {
            step,
            item,
            receipt: clean_receipt(receipt),
        },
        EventKind::Refused {
            step,
            item,
            failure,
        } => EventKind::Refused {
            step,
            item,
            failure: clean_failure(failure),
        },
        EventKind::RetractFailed {
            step,
            item,
            failure,
        } => EventKind::RetractFailed {
            step,
            item,
            failure: clean_failure(failure),
        },
        other => other,
    }
}

fn clean_evidence(world: &dyn World, evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence
        .into_iter()
        .map(|one| Evidence {
            figure: world.redact(&one.figure),
            ..one
        })
        .collect()
}

/// Hears of every event once it is in the journal, with the run as it is after all events that were journalled with it.
pub type Observer<'a> = dyn FnMut(&Event, &Run) + 'a;
