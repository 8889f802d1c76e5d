//! The rules, watched from outside: judged by the journal and by what really stands in the simulated world, not by what the
//! machine believes.

use super::sim::{Rule, Sim};
use super::world::Key;
use shipway_core::event::{Decision, End, Event, EventKind, Outcome};
use shipway_core::name::StepId;
use shipway_core::plan::{Action, Approve, Step, Weight};
use shipway_core::run::{Command, StepView};
use shipway_core::target::{Again, Presence, Reversal};
use std::collections::BTreeSet;

impl Sim {
    pub fn watch(&mut self, event: &Event) {
        match &event.kind {
            EventKind::WorkStarted { step } => self.watch_start(step),
            EventKind::Intent { step, item, digest } => {
                self.watch_start(step);
                self.watch_look(step, item, Rule::R7, |presence| {
                    matches!(presence, Presence::Absent | Presence::Unknown { .. })
                });
                let sealed = |manifest: &shipway_core::event::Manifest| {
                    manifest
                        .0
                        .iter()
                        .any(|one| one.digest == *digest && one.name == *item)
                };
                let (publish, _) = self.publish_of(step);
                if publish.is_sealed() && !self.run.manifest().is_some_and(sealed) {
                    self.breaks(
                        Rule::R9,
                        format!("{step} sends {item}, which is not sealed"),
                    );
                }
                let others = self.journal.iter().any(|event| {
                    matches!(&event.kind, EventKind::Intent { step: s, item: i, digest: d }
                        if s == step && i == item && d != digest)
                });
                if others {
                    self.breaks(Rule::I2, format!("{step} sends {item} with two contents"));
                }
                let turned = self
                    .journal
                    .iter()
                    .any(|event| matches!(event.kind, EventKind::RetractIntent { .. }));
                if turned {
                    self.breaks(Rule::I8, format!("{step} sends {item} on the way back"));
                }
            }
            EventKind::RetractIntent { step, item } => self.watch_retract(step, item),
            EventKind::UndoStarted { .. } => self.watch_return("the way back begins"),
            _ => {}
        }
        self.watch_world();
    }

    /// R1: all that it needs stands, out there.
    fn watch_start(&mut self, step: &StepId) {
        for need in self.plan.step(step).unwrap().needs.clone() {
            if !self.really_stands(&need, step) {
                self.breaks(Rule::R1, format!("{step} starts before {need}"));
            }
        }
    }

    fn really_stands(&self, id: &StepId, for_step: &StepId) -> bool {
        let step = self.plan.step(id).unwrap();
        if step.skip.is_some() {
            return true;
        }
        if step.weight == Weight::BestEffort {
            let view = self.run.view(id).unwrap();
            return matches!(
                view,
                StepView::Stands { .. } | StepView::Noted { .. } | StepView::Skipped { .. }
            );
        }
        match &step.action {
            Action::Run(_) | Action::Seal | Action::Inspect(_) | Action::Task(_) => {
                self.last_word(step)
            }
            Action::Approve(approve) => self.is_approved(step, approve, for_step),
            Action::Publish(_) => {
                let items = self.run.items(id);
                !items.is_empty()
                    && items.iter().all(|item| {
                        let key = (id.clone(), item.name.clone());
                        self.world
                            .things
                            .get(&key)
                            .is_some_and(|thing| thing.digest == item.digest)
                    })
            }
        }
    }

    /// Whether the last that was heard of a local step or a task is that it is done.
    fn last_word(&self, step: &Step) -> bool {
        let words = self
            .journal
            .iter()
            .rev()
            .find_map(|event| match &event.kind {
                EventKind::WorkFinished { step: s, outcome } if *s == step.id => {
                    Some(matches!(outcome, Outcome::Passed { .. }))
                }
                EventKind::WorkStarted { step: s } if *s == step.id => Some(false),
                EventKind::Decided {
                    step: s, decision, ..
                } if *s == step.id => Some(*decision == Decision::Done),
                _ => None,
            });
        words == Some(true)
    }

    /// I5, by true time: enough people, about these bytes, lately, or used before.
    fn is_approved(&self, step: &Step, approve: &Approve, for_step: &StepId) -> bool {
        let used = self.journal[..self.journal.len() - 1].iter().any(|event| {
            let began = match &event.kind {
                EventKind::WorkStarted { step } | EventKind::Intent { step, .. } => step,
                EventKind::Decided { step, .. } => step,
                _ => return false,
            };
            self.plan.step(began).unwrap().needs.contains(&step.id)
        });
        assert!(self.plan.step(for_step).is_some());
        let mut people = BTreeSet::new();
        for (position, event) in self.journal.iter().enumerate() {
            match &event.kind {
                EventKind::Decided {
                    step: s,
                    decision: Decision::Reject,
                    ..
                } if *s == step.id => {
                    people.clear();
                }
                EventKind::Decided {
                    step: s,
                    by,
                    subject,
                    decision: Decision::Approve,
                    ..
                } if *s == step.id => {
                    let right = subject.as_ref() == Some(&self.run.approval_subject());
                    let young = self.age_of(position) <= approve.valid_for || self.set_back_by > 0;
                    if used || (right && young) {
                        people.insert(by.clone());
                    }
                }
                _ => {}
            }
        }
        people.len() >= approve.quorum as usize
    }

    /// R7: the last that was heard about the item is a look with that result.
    fn watch_look(
        &mut self,
        step: &StepId,
        item: &str,
        rule: Rule,
        right: impl Fn(&Presence) -> bool,
    ) {
        let before = &self.journal[..self.journal.len() - 1];
        let looked = before.iter().rev().find_map(|event| match &event.kind {
            EventKind::Looked {
                step: s,
                item: i,
                presence,
            } if s == step && i == item => Some(right(presence)),
            EventKind::Resumed { .. } => Some(false),
            EventKind::Intent {
                step: s, item: i, ..
            }
            | EventKind::Accepted {
                step: s, item: i, ..
            }
            | EventKind::Refused {
                step: s, item: i, ..
            }
            | EventKind::LookFailed {
                step: s, item: i, ..
            }
            | EventKind::RetractIntent { step: s, item: i }
            | EventKind::Retracted { step: s, item: i }
            | EventKind::RetractFailed {
                step: s, item: i, ..
            } if s == step && i == item => Some(false),
            _ => None,
        });
        if looked != Some(true) {
            self.breaks(rule, format!("{step}, {item} is touched without a look"));
        }
    }

    fn watch_retract(&mut self, step: &StepId, item: &str) {
        self.watch_return("something is taken back");
        self.watch_look(step, item, Rule::R7, |presence| {
            matches!(presence, Presence::Same { .. })
        });
        let key = (step.clone(), item.to_owned());
        if self
            .world
            .things
            .get(&key)
            .is_some_and(|thing| thing.foreign)
        {
            self.breaks(Rule::R5, format!("{key:?} was there before us"));
        }
        let leaning = self.all_that_need(step);
        for flight in &self.flights {
            if let Command::Work { step: s } | Command::Publish { step: s, .. } = &flight.command
                && leaning.contains(s)
            {
                let what = format!("{step} is taken back while {s} is under way");
                return self.breaks(Rule::R2, what);
            }
        }
        let standing = self
            .ours()
            .find(|key| leaning.contains(&key.0) && self.deletes(&key.0));
        if let Some(key) = standing.cloned() {
            self.breaks(
                Rule::R2,
                format!("{step} is taken back while {key:?} stands"),
            );
        }
    }

    /// R4: nothing that cannot be deleted is out, or on its way.
    fn watch_return(&mut self, what: &str) {
        let final_steps: Vec<StepId> = self
            .plan
            .steps
            .iter()
            .filter(|step| step.is_irreversible())
            .map(|step| step.id.clone())
            .collect();
        let out = self
            .ours()
            .find(|key| final_steps.contains(&key.0))
            .cloned();
        let sent = self.flights.iter().any(|flight| {
            matches!(&flight.command, Command::Publish { step, .. } if final_steps.contains(step))
        });
        if out.is_some() || sent {
            self.breaks(Rule::R4, format!("{what} after {out:?}"));
        }
    }

    fn ours(&self) -> impl Iterator<Item = &Key> {
        self.world
            .things
            .iter()
            .filter(|(_, thing)| !thing.foreign)
            .map(|(key, _)| key)
    }

    fn deletes(&self, step: &StepId) -> bool {
        self.publish_of(step).0.reversal == Reversal::Deletes
    }

    fn all_that_need(&self, step: &StepId) -> BTreeSet<StepId> {
        let mut all = BTreeSet::from([step.clone()]);
        for later in &self.plan.steps {
            if later.needs.iter().any(|need| all.contains(need)) {
                all.insert(later.id.clone());
            }
        }
        all.remove(step);
        all
    }

    fn watch_world(&mut self) {
        let doubled = self.world.things.iter().find(|(_, thing)| thing.copies > 1);
        if let Some((key, thing)) = doubled {
            let what = format!("{key:?} is there {} times", thing.copies);
            return self.breaks(Rule::Once, what);
        }
        let public = self.run.public();
        let untold = self.ours().find(|key| {
            !public
                .iter()
                .any(|one| one.step == key.0 && one.item == key.1)
        });
        if let Some(key) = untold.cloned() {
            return self.breaks(Rule::Told, format!("{key:?} is out there and is not told"));
        }
        for one in public.iter().filter(|one| one.certainty == "verified") {
            let read_back = self.journal.iter().any(|event| {
                matches!(&event.kind, EventKind::Looked { step, item, presence: Presence::Same { .. } }
                    if *step == one.step && *item == one.item)
            });
            if !read_back {
                self.breaks(
                    Rule::I3,
                    format!("{}, {} was never read back", one.step, one.item),
                );
            }
        }
    }

    pub fn watch_end(&mut self) {
        for key in self.foreign.clone() {
            if !self
                .world
                .things
                .get(&key)
                .is_some_and(|thing| thing.foreign)
            {
                self.breaks(Rule::R5, format!("{key:?} was there before us and is gone"));
            }
        }
        for step in self.plan.steps.clone() {
            let due = self.run.end() == Some(End::Released) && step.weight == Weight::Required;
            if due && !self.really_stands(&step.id, &step.id) {
                self.breaks(Rule::R8, format!("released without {}", step.id));
            }
            self.watch_answers(&step);
        }
        if self.run.end() == Some(End::RolledBack) {
            let left = self.ours().find(|key| self.deletes(&key.0)).cloned();
            if let Some(key) = left {
                self.breaks(Rule::R6, format!("rolled back, and {key:?} is still there"));
            }
        }
    }

    /// R6: whatever was sent has an answer at the end, or was looked at afterwards.
    fn watch_answers(&mut self, step: &Step) {
        let Action::Publish(publish) = &step.action else {
            return;
        };
        if publish.again == Again::Never || publish.reversal != Reversal::Deletes {
            return;
        }
        for item in self
            .run
            .items(&step.id)
            .into_iter()
            .map(|item| item.name.clone())
            .collect::<Vec<_>>()
        {
            let mut open = false;
            for event in &self.journal {
                match &event.kind {
                    EventKind::Intent {
                        step: s, item: i, ..
                    } if *s == step.id && *i == item => {
                        open = true;
                    }
                    EventKind::Refused {
                        step: s,
                        item: i,
                        failure,
                    } if *s == step.id && *i == item => {
                        open = failure.kind == shipway_core::FailureKind::Unknown;
                    }
                    EventKind::Looked {
                        step: s, item: i, ..
                    } if *s == step.id && *i == item => {
                        open = false;
                    }
                    _ => {}
                }
            }
            if open && step.weight == Weight::Required {
                self.breaks(
                    Rule::R6,
                    format!("{}, {item} was sent and forgotten", step.id),
                );
            }
        }
    }
}
