//! Accepting what happened: one match over the legal transitions. Replay and live runs go through the same function, so a
//! broken journal and a bug are the same error.

use super::item::{Applied, Effect, is_mendable};
use super::{Approval, ItemState, Mode, Phase, Run, StepState, items_of};
use crate::digest::Digest;
use crate::event::{Artifact, Decision, Event, EventKind, Manifest, Outcome};
use crate::name::StepId;
use crate::plan::{Action, Publish};
use crate::target::{Again, Failure};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// An event that this run cannot have seen at this point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} of the run cannot be: {why}")]
pub struct Illegal {
    pub seq: u64,
    pub why: String,
}

impl Run {
    /// Accepts what happened. After an error the run is as it was before.
    pub fn apply(&mut self, event: &Event) -> Result<(), Illegal> {
        let illegal = |why: String| Illegal {
            seq: event.seq,
            why,
        };
        if event.seq != self.seq + 1 {
            return Err(illegal(format!("event {} was expected", self.seq + 1)));
        }
        self.accept(event).map_err(illegal)?;
        self.seq = event.seq;
        self.elapsed = self.clock(event.at);
        self.last = event.at;
        Ok(())
    }

    fn accept(&mut self, event: &Event) -> Result<(), String> {
        let at = event.at;
        match (&self.mode, &event.kind) {
            (Mode::New, EventKind::Started { .. }) => self.mode = Mode::Going,
            (Mode::New, _) => return Err("the run has not started".into()),
            (_, EventKind::Started { .. }) => return Err("the run has started already".into()),
            (Mode::Ended(_), _) => return Err("the run is over".into()),
            (_, EventKind::Resumed { .. }) => self.resume(at),
            (_, EventKind::Paused { why }) => self.pause(why),
            (_, EventKind::UndoStarted { why }) => self.start_undo(why)?,
            (_, EventKind::Finished { end }) => self.finish(*end, at)?,
            (_, EventKind::WorkStarted { step }) => self.start_work(step, at)?,
            (_, EventKind::WorkFinished { step, outcome }) => self.finish_work(step, outcome)?,
            (
                _,
                EventKind::Decided {
                    step,
                    decision,
                    by,
                    subject,
                    ..
                },
            ) => {
                self.decide(step, *decision, by, subject.as_ref(), at)?;
            }
            (
                _,
                EventKind::Looked {
                    step,
                    item,
                    presence,
                },
            ) => {
                self.looked(step, item, at, |state, publish, way| match way {
                    Way::Out => state.looked(publish, presence, at),
                    Way::Closed => Ok(Effect::None),
                    Way::Back => state.look_back(publish, presence, at),
                })?;
            }
            (
                _,
                EventKind::LookFailed {
                    step,
                    item,
                    failure,
                },
            ) => {
                self.looked(step, item, at, |state, publish, way| match way {
                    Way::Out => state.look_failed(publish, failure, at),
                    Way::Closed => {
                        state.look_refused(publish, failure, at);
                        Ok(Effect::None)
                    }
                    Way::Back => state.look_back_failed(publish, failure, at),
                })?;
            }
            (Mode::Going, EventKind::Intent { step, item, digest }) => {
                self.must_be_ready(step, at)?;
                self.on_item(step, item, |state, _, manifest| {
                    intend(state, digest, manifest)
                })?;
                self.begin(step);
            }
            (_, EventKind::Intent { .. }) => return Err("nothing new may be published now".into()),
            (
                _,
                EventKind::Accepted {
                    step,
                    item,
                    receipt,
                },
            ) => {
                self.on_item(step, item, |state, _, _| state.accepted(receipt, at))?;
            }
            (
                _,
                EventKind::Refused {
                    step,
                    item,
                    failure,
                },
            ) => {
                self.on_item(step, item, |state, publish, _| {
                    state.refused(publish, failure, at)
                })?;
            }
            (Mode::Undoing { paused: None, .. }, EventKind::RetractIntent { step, item }) => {
                let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
                if self.is_leaned_on(position) {
                    return Err(format!("something that needs {step} still stands"));
                }
                self.on_item(step, item, |state, publish, _| {
                    state.retract_intent(publish)
                })?;
            }
            (_, EventKind::RetractIntent { .. }) => {
                return Err("nothing is being taken back".into());
            }
            (_, EventKind::Retracted { step, item }) => {
                self.on_item(step, item, |state, _, _| state.retracted())?;
            }
            (
                _,
                EventKind::RetractFailed {
                    step,
                    item,
                    failure,
                },
            ) => {
                self.on_item(step, item, |state, publish, _| {
                    state.retract_failed(publish, failure, at)
                })?;
            }
        }
        Ok(())
    }

    /// An answer about what is at the destination.
    fn looked(
        &mut self,
        step: &StepId,
        item: &str,
        at: Timestamp,
        change: impl FnOnce(&mut ItemState, &Publish, Way) -> Applied,
    ) -> Result<(), String> {
        let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
        let ready = self.is_ready(position, at);
        let back = matches!(self.mode, Mode::Undoing { .. });
        self.on_item(step, item, |state, publish, _| {
            let way = match state.phase {
                _ if back => Way::Back,
                Phase::Planned if !ready => Way::Closed,
                _ => Way::Out,
            };
            change(state, publish, way)
        })
    }

    fn must_be_ready(&self, step: &StepId, at: Timestamp) -> Result<(), String> {
        let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
        if self.is_ready(position, at) && !self.has_failed(position) {
            Ok(())
        } else {
            Err(format!("{step} may not start yet"))
        }
    }

    /// Changes one item and draws the conclusions for the run.
    fn on_item(
        &mut self,
        step: &StepId,
        item: &str,
        change: impl FnOnce(&mut ItemState, &Publish, Option<&Manifest>) -> Applied,
    ) -> Result<(), String> {
        let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
        let Action::Publish(publish) = &self.plan.steps[position].action else {
            return Err(format!("{step} publishes nothing"));
        };
        let StepState::Items(items) = &mut self.steps[position] else {
            return Err(format!("{step} is skipped"));
        };
        let Some(state) = items.iter_mut().find(|state| state.item.name == *item) else {
            return Err(format!("{step} has no item {item:?}"));
        };
        let effect = change(state, publish, self.manifest.as_ref())
            .map_err(|why| format!("{step}, {item}: {why}"))?;
        if let Effect::Fails { mendable } = effect {
            self.step_failed(position, mendable);
        }
        self.refresh(position);
        Ok(())
    }

    /// From here on the step has begun, whatever becomes of it.
    fn begin(&mut self, step: &StepId) {
        if let Some((position, _)) = self.step(step) {
            self.begun[position] = true;
            self.refresh(position);
        }
    }

    fn start_work(&mut self, step: &StepId, at: Timestamp) -> Result<(), String> {
        self.must_be_ready(step, at)?;
        let (position, planned) = self.step(step).ok_or_else(|| unknown(step))?;
        let works = matches!(
            planned.action,
            Action::Run(_) | Action::Inspect(_) | Action::Seal
        );
        if self.mode != Mode::Going || !works || self.steps[position] != StepState::Planned {
            return Err(format!("{step} cannot start now"));
        }
        self.steps[position] = StepState::Working;
        self.begun[position] = true;
        self.refresh(position);
        Ok(())
    }

    fn finish_work(&mut self, step: &StepId, outcome: &Outcome) -> Result<(), String> {
        let (position, planned) = self.step(step).ok_or_else(|| unknown(step))?;
        if self.steps[position] != StepState::Working {
            return Err(format!("{step} was not being carried out"));
        }
        let seals = matches!(planned.action, Action::Seal);
        match outcome {
            Outcome::Passed {
                evidence,
                artifacts,
            } => {
                let fault = if seals { self.seal(artifacts)? } else { None };
                self.steps[position] = match fault {
                    None => StepState::Stands {
                        evidence: evidence.clone(),
                        artifacts: artifacts.clone(),
                    },
                    Some(failure) => StepState::Failed {
                        failure,
                        evidence: evidence.clone(),
                        tail: vec![],
                    },
                };
                if self.has_failed(position) {
                    self.step_failed(position, false);
                }
            }
            Outcome::Failed {
                failure,
                evidence,
                tail,
            } => {
                self.steps[position] = StepState::Failed {
                    failure: failure.clone(),
                    evidence: evidence.clone(),
                    tail: tail.clone(),
                };
                self.step_failed(position, is_mendable(&failure.kind));
            }
        }
        self.refresh(position);
        Ok(())
    }

    /// Freezes the manifest and works out what each step publishes. Artifacts that cannot be published as planned are a
    /// failure of the seal, not of the journal.
    fn seal(&mut self, artifacts: &[Artifact]) -> Result<Option<Failure>, String> {
        if artifacts != self.artifacts() {
            return Err("the sealed artifacts are not those that were built".into());
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = artifacts.iter().find(|one| !names.insert(&one.name)) {
            return Ok(Some(Failure::permanent(format!(
                "two steps built {} with different bytes",
                twice.name
            ))));
        }
        let manifest = Manifest(artifacts.to_vec());
        let mut changes = Vec::new();
        for (position, step) in self.plan.steps.iter().enumerate() {
            let Action::Publish(publish) = &step.action else {
                continue;
            };
            if !matches!(self.steps[position], StepState::Items(_)) || !publish.is_sealed() {
                continue;
            }
            let items = items_of(publish, Some(&manifest));
            if items.is_empty() {
                return Ok(Some(Failure::permanent(format!(
                    "{} finds nothing to publish among the sealed artifacts",
                    step.id
                ))));
            }
            changes.push((position, items));
        }
        for (position, items) in changes {
            self.steps[position] = StepState::Items(items);
        }
        self.manifest = Some(manifest);
        // Approvals are about bytes: those given before there were any count only for what they have let start.
        for position in 0..self.steps.len() {
            let used = self.needed_by[position]
                .iter()
                .any(|&later| self.begun[later]);
            if let StepState::Approving { given } = &mut self.steps[position]
                && !used
            {
                given.clear();
            }
        }
        self.refresh_all();
        Ok(None)
    }

    fn decide(
        &mut self,
        step: &StepId,
        decision: Decision,
        by: &str,
        subject: Option<&Digest>,
        at: Timestamp,
    ) -> Result<(), String> {
        let (position, planned) = self.step(step).ok_or_else(|| unknown(step))?;
        if !matches!(
            self.mode,
            Mode::Going | Mode::Paused { .. } | Mode::Halted { .. }
        ) {
            return Err("the run takes no decisions any more".into());
        }
        let stood = self.stands(position, at);
        let asked = self.is_ready(position, at)
            || self.begun[position]
            || self.steps[position] == StepState::Lost;
        if !asked {
            return Err(format!("{step} is not asked for yet"));
        }
        let subject_is_right = subject == Some(&self.approval_subject());
        let clock = self.clock(at);
        let is_task = matches!(planned.action, Action::Task(_));
        let is_blind =
            matches!(&planned.action, Action::Publish(publish) if publish.again == Again::Never);
        match (&mut self.steps[position], decision) {
            (StepState::Approving { given }, Decision::Approve) => {
                if !subject_is_right {
                    return Err("the approval is about other bytes or another plan".into());
                }
                given.retain(|one| one.by != by);
                given.push(Approval {
                    by: by.to_owned(),
                    at,
                    clock,
                });
                if !stood {
                    self.look_anew(position);
                }
            }
            (StepState::Approving { .. }, Decision::Reject) => {
                self.reject(position, format!("rejected by {by}"));
            }
            (StepState::Planned, Decision::Reject) if is_task => {
                self.reject(position, format!("{by} says that it cannot be done"));
            }
            (state @ StepState::Planned, Decision::Done) if is_task => *state = stands(),
            (state @ StepState::Lost, Decision::Done) => *state = stands(),
            (state @ StepState::Lost, Decision::Repeat) => *state = StepState::Planned,
            (StepState::Items(items), Decision::Done | Decision::Repeat)
                if items.iter().any(|state| state.phase.is_asked()) =>
            {
                for state in items.iter_mut().filter(|state| state.phase.is_asked()) {
                    if decision == Decision::Done {
                        state.phase = Phase::Stands { read_back: false };
                    } else {
                        state.phase = Phase::Planned;
                        state.accepted = false;
                        // Nobody can look: from here on it is as if it had never been sent.
                        if is_blind {
                            state.ours = None;
                        }
                    }
                }
            }
            _ => return Err(format!("{step} is not waiting for that")),
        }
        self.begun[position] = true;
        self.refresh(position);
        Ok(())
    }

    fn reject(&mut self, position: usize, why: String) {
        self.steps[position] = StepState::Failed {
            failure: Failure::permanent(why),
            evidence: vec![],
            tail: vec![],
        };
        self.step_failed(position, false);
    }

    /// What was seen before people took their time to approve is looked at again.
    fn look_anew(&mut self, approval: usize) {
        for &later in &self.needed_by[approval] {
            if let StepState::Items(items) = &mut self.steps[later] {
                for state in items.iter_mut().filter(|state| state.phase == Phase::Clear) {
                    state.phase = Phase::Planned;
                }
            }
        }
    }

    /// Everything that was built so far, sorted by name. Two steps that build one file of the same name with other bytes are
    /// both in the list, and the seal refuses them.
    pub fn artifacts(&self) -> Vec<Artifact> {
        let mut all: Vec<Artifact> = self
            .plan
            .steps
            .iter()
            .zip(&self.steps)
            .filter(|(step, _)| step.action.makes_artifacts())
            .filter_map(|(_, state)| match state {
                StepState::Stands { artifacts, .. } => Some(artifacts.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Where an answer finds an item.
enum Way {
    Out,
    /// The step may not start (any more): an answer that was under way says nothing that matters.
    Closed,
    Back,
}

fn unknown(step: &StepId) -> String {
    format!("the plan has no step {step}")
}

fn stands() -> StepState {
    StepState::Stands {
        evidence: vec![],
        artifacts: vec![],
    }
}

/// R7 and R9: what leaves was looked at and is what the plan, or the seal, says.
fn intend(state: &mut ItemState, digest: &Digest, manifest: Option<&Manifest>) -> Applied {
    if *digest != state.item.digest {
        return Err(format!(
            "its content is {}, and the plan says {}",
            digest.short(),
            state.item.digest.short()
        ));
    }
    let sealed = |manifest: &Manifest| manifest.0.iter().any(|one| one.digest == *digest);
    if state.item.size.is_some() && !manifest.is_some_and(sealed) {
        return Err("its bytes are not in the sealed manifest".into());
    }
    if state.phase != Phase::Clear {
        return Err("it was not looked at, or is under way".into());
    }
    state.phase = Phase::Intent;
    state.attempts = state.attempts.saturating_add(1);
    Ok(Effect::None)
}
