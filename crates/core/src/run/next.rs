//! What may happen now.

use super::{Mode, Phase, Run, StepState, Undo};
use crate::digest::Digest;
use crate::event::{End, ItemName};
use crate::name::StepId;
use crate::plan::{Action, Publish, Step, Weight};
use crate::target::Again;
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
struct Gather<'a> {
    /// How many commands are asked for.
    room: usize,
    commands: Vec<Command>,
    /// Whether there was any command, room or not.
    offers: bool,
    asks: Vec<Ask>,
    wake: Option<Timestamp>,
    under_way: bool,
    busy_targets: BTreeSet<&'a str>,
}

impl Gather<'_> {
    fn offer(&mut self, command: impl FnOnce() -> Command) {
        self.offers = true;
        if self.commands.len() < self.room {
            self.commands.push(command());
        }
    }

    fn ask_what_happened(&mut self, step: &Step) {
        self.asks.push(Ask {
            step: step.id.clone(),
            kind: AskKind::Lost,
        });
    }

    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

impl Run {
    /// What may happen now. The same run and the same time always give the same answer.
    pub fn next(&self, now: Timestamp) -> Next {
        self.next_few(now, usize::MAX)
    }

    /// The same with no more than the first `most` commands. An engine that has `n` of them in flight and room for `m` more
    /// asks for `n + m`; with thousands of steps that can start it saves the list of those that cannot be taken up yet.
    pub fn next_few(&self, now: Timestamp, most: usize) -> Next {
        let mut gather = Gather {
            room: most,
            ..Gather::default()
        };
        let rest = match &self.mode {
            Mode::New => Some(Rest::Stopped),
            Mode::Ended(end) => Some(Rest::Ended(*end)),
            Mode::Paused { .. }
            | Mode::Undoing {
                paused: Some(_), ..
            } => {
                self.note_what_is_under_way(0..self.steps.len(), &mut gather);
                Some(Rest::Stopped)
            }
            Mode::Halted { .. } => {
                self.note_what_is_under_way(0..self.steps.len(), &mut gather);
                for position in 0..self.steps.len() {
                    self.settle_doubts(position, now, &mut gather);
                }
                Some(Rest::Stopped)
            }
            Mode::Going => {
                self.note_what_is_under_way(self.front.open(), &mut gather);
                for position in self.front.open() {
                    self.go_on(position, now, &mut gather);
                }
                // Whatever is not done leads back, through what it needs, to something that is open.
                let done = self.front.open().all(|position| self.stands(position, now));
                done.then_some(Rest::Ends(End::Released))
            }
            Mode::Undoing { stuck, .. } => {
                self.note_what_is_under_way(0..self.steps.len(), &mut gather);
                self.take_back_all(now, &mut gather);
                if self.all_gone() {
                    Some(Rest::Ends(End::RolledBack))
                } else {
                    stuck.as_ref().map(|_| Rest::Stopped)
                }
            }
        };
        let rest = if gather.under_way || gather.offers {
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

    fn note_what_is_under_way<'a>(
        &'a self,
        positions: impl Iterator<Item = usize>,
        gather: &mut Gather<'a>,
    ) {
        for position in positions {
            match (&self.steps[position], &self.plan.steps[position].action) {
                (StepState::Working, _) => gather.under_way = true,
                (StepState::Items(items), Action::Publish(publish))
                    if items
                        .iter()
                        .any(|item| item.phase == Phase::Intent || item.undo == Undo::Intent) =>
                {
                    gather.under_way = true;
                    gather.busy_targets.insert(&publish.target.name);
                }
                _ => {}
            }
        }
    }

    fn go_on<'a>(&'a self, position: usize, now: Timestamp, gather: &mut Gather<'a>) {
        let step = &self.plan.steps[position];
        if let StepState::Items(items) = &self.steps[position]
            && items.iter().any(|state| state.phase.is_asked())
        {
            gather.ask_what_happened(step);
        }
        if self.steps[position] == StepState::Lost {
            gather.ask_what_happened(step);
        }
        if self.has_failed(position) || !self.is_ready(position, now) {
            // What was sent is followed up all the same.
            self.settle(position, now, gather);
            return;
        }
        match (&self.steps[position], &step.action) {
            (StepState::Planned, Action::Task(_)) => {
                gather.asks.push(Ask {
                    step: step.id.clone(),
                    kind: AskKind::Task,
                });
            }
            (StepState::Planned, _) => gather.offer(|| Command::Work {
                step: step.id.clone(),
            }),
            (StepState::Approving { given }, Action::Approve(approve))
                if !self.stands(position, now) =>
            {
                let valid = self.valid(position, given, approve.valid_for, now);
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
                self.send(position, publish, now, gather);
            }
            _ => {}
        }
    }

    /// Looks and publishes. Writes to one target go one after the other.
    fn send<'a>(
        &'a self,
        position: usize,
        publish: &'a Publish,
        now: Timestamp,
        gather: &mut Gather<'a>,
    ) {
        let StepState::Items(items) = &self.steps[position] else {
            return;
        };
        let step = &self.plan.steps[position].id;
        // One question at a time: a person who is asked what became of a step answers for one item.
        let in_doubt =
            publish.again == Again::Never && items.iter().any(|state| state.phase == Phase::Unsure);
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
                gather.offer(|| Command::Look {
                    step: step.clone(),
                    item: state.item.name.clone(),
                });
            } else if !in_doubt && gather.busy_targets.insert(&publish.target.name) {
                gather.offer(|| Command::Publish {
                    step: step.clone(),
                    item: state.item.name.clone(),
                });
            }
        }
    }

    /// After a halt: find out what became of what was sent, so that the report can say it. Start nothing.
    fn settle_doubts<'a>(&'a self, position: usize, now: Timestamp, gather: &mut Gather<'a>) {
        let step = &self.plan.steps[position];
        let asked = match &self.steps[position] {
            StepState::Lost => true,
            StepState::Items(items) => items.iter().any(|state| state.phase.is_asked()),
            _ => false,
        };
        if asked && step.weight == Weight::Required {
            gather.ask_what_happened(step);
        }
        self.settle(position, now, gather);
    }

    /// Looks at what was sent and is not known to stand.
    fn settle(&self, position: usize, now: Timestamp, gather: &mut Gather<'_>) {
        let StepState::Items(items) = &self.steps[position] else {
            return;
        };
        for state in items
            .iter()
            .filter(|state| matches!(state.phase, Phase::Unsure | Phase::Accepted { .. }))
        {
            if state.wait.is_over(now) {
                gather.offer(|| Command::Look {
                    step: self.plan.steps[position].id.clone(),
                    item: state.item.name.clone(),
                });
            } else {
                gather.wake_at(state.wait.until());
            }
        }
    }

    /// Takes back what nothing leans on, last first.
    fn take_back_all<'a>(&'a self, now: Timestamp, gather: &mut Gather<'a>) {
        let mut leaned_on = vec![false; self.steps.len()];
        for position in (0..self.steps.len()).rev() {
            if !leaned_on[position] {
                self.take_back(position, now, gather);
            }
            if leaned_on[position] || self.may_stand(position) {
                for &need in &self.needs[position] {
                    leaned_on[need] = true;
                }
            }
        }
    }

    fn take_back<'a>(&'a self, position: usize, now: Timestamp, gather: &mut Gather<'a>) {
        let step = &self.plan.steps[position];
        let (StepState::Items(items), Action::Publish(publish)) =
            (&self.steps[position], &step.action)
        else {
            return;
        };
        for state in items.iter().rev().filter(|state| state.must_go(publish)) {
            if state.phase == Phase::Intent {
                continue;
            }
            let item = state.item.name.clone();
            let command = match state.undo {
                Undo::Not | Undo::Look | Undo::Taken => Command::Look {
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
                || gather.busy_targets.insert(&publish.target.name)
            {
                gather.offer(|| command);
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
            if self.may_stand(later) {
                return true;
            }
            open.extend(&self.needed_by[later]);
        }
        false
    }

    /// Whether the step is being carried out, or has put something out that is still to be taken back.
    fn may_stand(&self, position: usize) -> bool {
        match (&self.steps[position], &self.plan.steps[position].action) {
            (StepState::Working, _) => true,
            (StepState::Items(items), Action::Publish(publish)) => items
                .iter()
                .any(|state| state.must_go(publish) || state.phase == Phase::Intent),
            _ => false,
        }
    }

    /// Whether nothing that can be taken back is left, and nothing is under way.
    fn all_gone(&self) -> bool {
        (0..self.steps.len()).all(|position| !self.may_stand(position))
    }
}
