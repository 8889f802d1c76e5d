//! Threads that carry out commands.
//!
//! Invariants: no more threads than the limit, started when they are first needed; every errand is answered exactly once, in
//! whatever order they finish.
//!
//! Must not: touch the journal or the run.

use crate::crash::{Crash, Point};
use crate::world::{World, carry_out};
use shipway_core::event::Decision;
use shipway_core::plan::Action;
use shipway_core::run::{Command, Run};
use shipway_core::{EventKind, StepId};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// One thing to carry out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Errand {
    Command(Command),
    /// Ask whether a person's task is done.
    Probe(StepId),
}

/// What came of an errand. `event` is `None` where there is nothing to tell.
pub(super) struct Answer {
    pub errand: Errand,
    pub event: Option<EventKind>,
}

struct Order {
    errand: Errand,
    run: Arc<Run>,
}

pub(super) struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    world: &'env dyn World,
    crash: &'env Crash,
    limit: usize,
    threads: usize,
    busy: usize,
    orders: Sender<Order>,
    open: Arc<Mutex<Receiver<Order>>>,
    done: Sender<Answer>,
    answers: Receiver<Answer>,
}

impl<'scope, 'env> Pool<'scope, 'env> {
    pub fn new(
        scope: &'scope Scope<'scope, 'env>,
        world: &'env dyn World,
        crash: &'env Crash,
        limit: usize,
    ) -> Self {
        let (orders, open) = channel();
        let (done, answers) = channel();
        Self {
            scope,
            world,
            crash,
            limit,
            threads: 0,
            busy: 0,
            orders,
            open: Arc::new(Mutex::new(open)),
            done,
            answers,
        }
    }

    /// How many errands can be given now.
    pub fn free(&self) -> usize {
        self.limit.saturating_sub(self.busy)
    }

    /// Gives an errand to a thread. `run` is the run as it sees it.
    pub fn give(&mut self, errand: Errand, run: Arc<Run>) -> io::Result<()> {
        if self.threads == self.busy {
            self.hire()?;
        }
        self.busy += 1;
        // Fails only when no thread is left to hear it, and one was just hired.
        self.orders
            .send(Order { errand, run })
            .map_err(|_| io::Error::other("the threads are gone"))
    }

    /// The next answer, if one comes within this time.
    pub fn answer(&mut self, within: Duration) -> Option<Answer> {
        let answer = match within {
            Duration::ZERO => self.answers.try_recv().ok(),
            _ => self.answers.recv_timeout(within).ok(),
        };
        self.busy -= usize::from(answer.is_some());
        answer
    }

    /// Waits for one that is under way. `None` when nothing is.
    pub fn last_answer(&mut self) -> Option<Answer> {
        if self.busy == 0 {
            return None;
        }
        self.busy -= 1;
        self.answers.recv().ok()
    }

    fn hire(&mut self) -> io::Result<()> {
        let (world, crash) = (self.world, self.crash);
        let (open, done) = (Arc::clone(&self.open), self.done.clone());
        let serve = move || {
            loop {
                let order = open.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(Order { errand, run }) = order else {
                    return;
                };
                let event = attend(world, crash, &run, &errand);
                if done.send(Answer { errand, event }).is_err() {
                    return;
                }
            }
        };
        Builder::new()
            .name(format!("step-{}", self.threads + 1))
            .spawn_scoped(self.scope, serve)?;
        self.threads += 1;
        Ok(())
    }
}

fn attend(world: &dyn World, crash: &Crash, run: &Run, errand: &Errand) -> Option<EventKind> {
    match errand {
        Errand::Command(command @ (Command::Publish { .. } | Command::Retract { .. })) => {
            crash.pass(Point::BeforeEffect);
            let answer = carry_out(world, run, command);
            crash.pass(Point::AfterEffect);
            Some(answer)
        }
        Errand::Command(command) => Some(carry_out(world, run, command)),
        Errand::Probe(id) => {
            let Some(Action::Task(task)) = run.plan().step(id).map(|step| &step.action) else {
                return None;
            };
            // A probe that breaks says "not yet".
            let is_done =
                catch_unwind(AssertUnwindSafe(|| world.probe(run, task))).unwrap_or(false);
            is_done.then(|| EventKind::Decided {
                step: id.clone(),
                decision: Decision::Done,
                by: "probe".into(),
                note: None,
                subject: None,
            })
        }
    }
}
