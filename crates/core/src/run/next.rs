//! What may happen now.

use super::{Mode, Phase, Run, StepState, Undo};
use crate::digest::Digest;
use crate::event::{End, ItemName};
use crate::name::StepId;
use crate::plan::{Action, Publish, Weight};
use crate::target::Reversal;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// One thing that an engine may do now. Before `Work` it journals `WorkStarted`, before `Publish` `Intent`, before
/// `Retract` `RetractIntent`; a `Look` needs no event before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    Work { step: StepId },
    Look { step: StepId, item: ItemName },
    Publish { step: StepId, item: ItemName },
    Retract { step: StepId, item: ItemName },
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub step: StepId,
    pub kind: AskKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskKind {
    /// Approve or reject. `given` of `quorum` people have approved this subject.
    Approve {
        subject: Digest,
        given: u32,
        quorum: u32,
    },
    /// Do something and say so.
    Task,
    /// Say whether the step happened: its answer was lost, and it must not be repeated blindly.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// In plan order. Independent of each other: an engine may carry out any number of them side by side.
    pub commands: Vec<Command>,
    pub asks: Vec<Ask>,
    /// When something is worth another look though nothing happens before.
    pub wake: Option<Timestamp>,
    /// What the run is at once nothing is under way any more and `commands` is empty.
    pub rest: Rest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A timer or a person is waited for.
    Waiting,
    /// Something is still under way, or there are commands.
    Busy,
    /// Nothing more happens before somebody resumes.
    Stopped,
    /// Everything is done: the engine journals `Finished` with this end.
    Ends(End),
    /// `Finished` is in the journal.
    Ended(End),
}

/// Collects while the steps are gone through.
#[derive(Default)]
struct Gather {
    commands: Vec<Command>,
    asks: Vec<Ask>,
    wake: Option<Timestamp>,
    under_way: bool,
    busy_targets: BTreeSet<String>,
}

impl Gather {
    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

impl Run {
    /// What may happen now. The same run and the same time always give the same answer.
    pub fn next(&self, now: Timestamp) -> Next {
        let mut gather = Gather::default();
        self.note_what_is_under_way(&mut gather);
        let rest = match &self.mode {
            Mode::New => Some(Rest::Stopped),
            Mode::Ended(end) => Some(Rest::Ended(*end)),
            Mode::Paused { .. } => Some(Rest::Stopped),
            Mode::Halted { .. } => {
                self.settle_doubts(now, &mut gather);
                Some(Rest::Stopped)
            }
            Mode::Going => {
                for position in 0..self.steps.len() {
                    self.go_on(position, now, &mut gather);
                }
                self.all_done(now).then_some(Rest::Ends(End::Released))
            }
            Mode::Undoing { paused: true, .. } => Some(Rest::Stopped),
            Mode::Undoing { stuck, .. } => {
                for position in (0..self.steps.len()).rev() {
                    self.take_back(position, now, &mut gather);
                }
                if self.all_gone() {
                    Some(Rest::Ends(End::RolledBack))
                } else {
                    stuck.as_ref().map(|_| Rest::Stopped)
                }
            }
        };
        let rest = if gather.under_way || !gather.commands.is_empty() {
            Rest::Busy
        } else if gather.wake.is_some() {
            Rest::Waiting
        } else {
            rest.unwrap_or(Rest::Waiting)
        };
        Next {
            commands: gather.commands,
            asks: gather.asks,
            wake: gather.wake,
            rest,
        }
    }

    fn note_what_is_under_way(&self, gather: &mut Gather) {
        for (step, state) in self.plan.steps.iter().zip(&self.steps) {
            match (state, &step.action) {
                (StepState::Working, _) => gather.under_way = true,
                (StepState::Items(items), Action::Publish(publish)) => {
                    if items
                        .iter()
                        .any(|item| item.phase == Phase::Intent || item.undo == Undo::Intent)
                    {
                        gather.under_way = true;
                        gather.busy_targets.insert(publish.target.name.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn go_on(&self, position: usize, now: Timestamp, gather: &mut Gather) {
        let step = &self.plan.steps[position];
        if self.is_noted(position) || !self.is_ready(position, now) {
            return;
        }
        match (&self.steps[position], &step.action) {
            (StepState::Planned, Action::Task(_)) => {
                gather.asks.push(Ask {
                    step: step.id.clone(),
                    kind: AskKind::Task,
                });
            }
            (StepState::Planned, _) => gather.commands.push(Command::Work {
                step: step.id.clone(),
            }),
            (StepState::Lost, _) => gather.asks.push(Ask {
                step: step.id.clone(),
                kind: AskKind::Lost,
            }),
            (StepState::Approving { given }, Action::Approve(approve))
                if !self.stands(position, now) =>
            {
                let valid = given
                    .iter()
                    .filter(|one| now.max(self.latest) <= one.at.after(approve.valid_for))
                    .count();
                let kind = AskKind::Approve {
                    subject: self.approval_subject(),
                    given: u32::try_from(valid).unwrap_or(u32::MAX),
                    quorum: approve.quorum,
                };
                gather.asks.push(Ask {
                    step: step.id.clone(),
                    kind,
                });
            }
            (StepState::Items(_), Action::Publish(publish)) => {
                self.send(position, publish, now, gather)
            }
            _ => {}
        }
    }

    /// Looks and publishes. Writes to one target go one after the other.
    fn send(&self, position: usize, publish: &Publish, now: Timestamp, gather: &mut Gather) {
        let StepState::Items(items) = &self.steps[position] else {
            return;
        };
        let step = &self.plan.steps[position].id;
        for state in items {
            let wants_look = matches!(
                state.phase,
                Phase::Planned | Phase::Unsure | Phase::Accepted { .. }
            );
            if !wants_look && state.phase != Phase::Clear {
                continue;
            }
            if !state.wait.is_over(now) {
                gather.wake_at(state.wait.until());
            } else if wants_look {
                gather.commands.push(Command::Look {
                    step: step.clone(),
                    item: state.item.name.clone(),
                });
            } else if gather.busy_targets.insert(publish.target.name.clone()) {
                gather.commands.push(Command::Publish {
                    step: step.clone(),
                    item: state.item.name.clone(),
                });
            }
        }
    }

    /// After a halt: find out what became of what was sent, so that the report can say it. Start nothing.
    fn settle_doubts(&self, now: Timestamp, gather: &mut Gather) {
        for (step, state) in self.plan.steps.iter().zip(&self.steps) {
            let StepState::Items(items) = state else {
                continue;
            };
            for state in items
                .iter()
                .filter(|state| matches!(state.phase, Phase::Unsure | Phase::Accepted { .. }))
            {
                if state.wait.is_over(now) {
                    gather.commands.push(Command::Look {
                        step: step.id.clone(),
                        item: state.item.name.clone(),
                    });
                } else {
                    gather.wake_at(state.wait.until());
                }
            }
        }
    }

    fn take_back(&self, position: usize, now: Timestamp, gather: &mut Gather) {
        let step = &self.plan.steps[position];
        let (StepState::Items(items), Action::Publish(publish)) =
            (&self.steps[position], &step.action)
        else {
            return;
        };
        let ours = items.iter().any(|state| state.must_go(publish));
        if !ours || self.is_leaned_on(position) {
            return;
        }
        for state in items.iter().rev().filter(|state| state.must_go(publish)) {
            if state.phase == Phase::Intent {
                continue;
            }
            let item = state.item.name.clone();
            let command = match state.undo {
                Undo::Not | Undo::Look => Command::Look {
                    step: step.id.clone(),
                    item,
                },
                Undo::Found => Command::Retract {
                    step: step.id.clone(),
                    item,
                },
                Undo::Intent | Undo::Gone | Undo::Failed { .. } => continue,
            };
            if !state.wait.is_over(now) {
                gather.wake_at(state.wait.until());
            } else if matches!(command, Command::Look { .. })
                || gather.busy_targets.insert(publish.target.name.clone())
            {
                gather.commands.push(command);
            }
        }
    }

    /// Whether something that needs this step, directly or through others, still stands or may stand.
    pub(super) fn is_leaned_on(&self, position: usize) -> bool {
        let mut open = self.needed_by[position].clone();
        let mut seen = BTreeSet::new();
        while let Some(later) = open.pop() {
            if !seen.insert(later) {
                continue;
            }
            let stands = match (&self.steps[later], &self.plan.steps[later].action) {
                (StepState::Working, _) => true,
                (StepState::Items(items), Action::Publish(publish)) => items
                    .iter()
                    .any(|state| state.must_go(publish) || state.phase == Phase::Intent),
                _ => false,
            };
            if stands {
                return true;
            }
            open.extend(&self.needed_by[later]);
        }
        false
    }

    fn all_done(&self, now: Timestamp) -> bool {
        (0..self.steps.len()).all(|position| {
            self.stands(position, now)
                || (self.plan.steps[position].weight == Weight::BestEffort
                    && self.has_failed(position))
        })
    }

    /// Whether nothing that can be taken back is left.
    pub(super) fn all_gone(&self) -> bool {
        self.plan
            .steps
            .iter()
            .zip(&self.steps)
            .all(|(step, state)| match (state, &step.action) {
                (StepState::Working, _) => false,
                (StepState::Items(items), Action::Publish(publish)) => items.iter().all(|state| {
                    state.phase != Phase::Intent
                        && (publish.reversal != Reversal::Deletes || !state.must_go(publish))
                }),
                _ => true,
            })
    }
}
