//! Accepting what happened: one match over the legal transitions. Replay and live runs go through the same function, so a
//! broken journal and a bug are the same error.

use super::{
    Approval, ItemState, Mode, Phase, Run, StepState, Undo, Wait, absent_is_believed, matches_any,
};
use crate::event::{Artifact, Decision, End, Event, EventKind, Manifest, Outcome};
use crate::name::StepId;
use crate::plan::{Action, Items, Publish, Repeat, Weight};
use crate::target::{Again, Failure, FailureKind, Item, Presence, Reversal};
use crate::time::{Millis, Timestamp};

/// An event that this run cannot have seen at this point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} of the run cannot be: {why}")]
pub struct Illegal {
    pub seq: u64,
    pub why: String,
}

/// What an item's change means for the run.
enum Effect {
    None,
    /// The step failed. `mendable`: a person can mend it without a new plan.
    Fails {
        mendable: bool,
    },
}

type Applied = Result<Effect, String>;

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
        self.latest = self.latest.max(event.at);
        Ok(())
    }

    fn accept(&mut self, event: &Event) -> Result<(), String> {
        let at = event.at;
        match (&self.mode, &event.kind) {
            (Mode::New, EventKind::Started { .. }) => self.mode = Mode::Going,
            (Mode::New, _) => return Err("the run has not started".into()),
            (_, EventKind::Started { .. }) => return Err("the run has started already".into()),
            (Mode::Ended(_), _) => return Err("the run is over".into()),
            (_, EventKind::Resumed { .. }) => self.resume(),
            (_, EventKind::Paused { why }) => match &mut self.mode {
                Mode::Undoing { paused, .. } => *paused = true,
                Mode::Halted { .. } => {}
                mode => *mode = Mode::Paused { why: why.clone() },
            },
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
            (_, EventKind::UndoStarted { why }) => self.start_undo(why)?,
            (
                Mode::Undoing { .. },
                EventKind::Looked {
                    step,
                    item,
                    presence,
                },
            ) => {
                self.on_item(step, item, |state, publish, _| {
                    look_back(state, publish, presence, at)
                })?;
            }
            (
                Mode::Undoing { .. },
                EventKind::LookFailed {
                    step,
                    item,
                    failure,
                },
            )
            | (
                _,
                EventKind::RetractFailed {
                    step,
                    item,
                    failure,
                },
            ) => {
                self.on_item(step, item, |state, publish, _| {
                    undo_failed(state, publish, failure, at)
                })?;
            }
            (
                _,
                EventKind::Looked {
                    step,
                    item,
                    presence,
                },
            ) => {
                self.must_be_ready(step, at)?;
                self.on_item(step, item, |state, publish, _| {
                    looked(state, publish, presence, at)
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
                self.on_item(step, item, |state, publish, _| {
                    look_failed(state, publish, failure, at)
                })?;
            }
            (Mode::Going, EventKind::Intent { step, item, digest }) => {
                self.must_be_ready(step, at)?;
                let digest = digest.clone();
                self.on_item(step, item, |state, _, manifest| {
                    if digest != state.item.digest {
                        return Err(format!(
                            "its content is {}, and the plan says {}",
                            digest.short(),
                            state.item.digest.short()
                        ));
                    }
                    if state.item.size.is_some()
                        && !manifest.is_some_and(|m| m.0.iter().any(|a| a.digest == digest))
                    {
                        return Err("its bytes are not in the sealed manifest".into());
                    }
                    if state.phase != Phase::Clear {
                        return Err("it was not looked at, or is under way".into());
                    }
                    state.phase = Phase::Intent;
                    state.attempts += 1;
                    Ok(Effect::None)
                })?;
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
                self.on_item(step, item, |state, _, _| {
                    if state.phase != Phase::Intent {
                        return Err("it was not being published".into());
                    }
                    state.phase = Phase::Accepted { at };
                    state.ours = Some(at);
                    state.receipt = Some(receipt.clone());
                    state.looks = 0;
                    state.wait = Wait::default();
                    Ok(Effect::None)
                })?;
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
                    refused(state, publish, failure, at)
                })?;
            }
            (Mode::Undoing { .. }, EventKind::RetractIntent { step, item }) => {
                let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
                if self.is_leaned_on(position) {
                    return Err(format!("something that needs {step} still stands"));
                }
                self.on_item(step, item, |state, publish, _| {
                    if state.undo != Undo::Found || !state.must_go(publish) {
                        return Err("it was not found to be ours".into());
                    }
                    state.undo = Undo::Intent;
                    state.attempts += 1;
                    Ok(Effect::None)
                })?;
            }
            (_, EventKind::RetractIntent { .. }) => {
                return Err("nothing is being taken back".into());
            }
            (_, EventKind::Retracted { step, item }) => {
                self.on_item(step, item, |state, _, _| {
                    if state.undo != Undo::Intent {
                        return Err("it was not being taken back".into());
                    }
                    state.undo = Undo::Look;
                    state.looks = 0;
                    state.wait = Wait::default();
                    Ok(Effect::None)
                })?;
            }
            (_, EventKind::Finished { end }) => self.finish(*end, at)?,
        }
        Ok(())
    }

    fn must_be_ready(&self, step: &StepId, at: Timestamp) -> Result<(), String> {
        let (position, _) = self.step(step).ok_or_else(|| unknown(step))?;
        if self.is_ready(position, at) {
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
        Ok(())
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
                if seals {
                    self.seal(artifacts)?;
                }
                self.steps[position] = StepState::Stands {
                    evidence: evidence.clone(),
                    artifacts: artifacts.clone(),
                };
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
        Ok(())
    }

    /// Accepts the manifest and works out what each later step publishes.
    fn seal(&mut self, artifacts: &[Artifact]) -> Result<(), String> {
        let built = self.artifacts();
        if artifacts != built {
            return Err("the sealed artifacts are not those that were built".into());
        }
        for (step, state) in self.plan.steps.iter().zip(&mut self.steps) {
            let (StepState::Items(items), Action::Publish(publish)) = (state, &step.action) else {
                continue;
            };
            if let Items::Sealed { patterns, body, .. } = &publish.items {
                *items = artifacts
                    .iter()
                    .filter(|artifact| matches_any(patterns, &artifact.name))
                    .map(|artifact| {
                        ItemState::new(Item {
                            name: artifact.name.clone(),
                            digest: artifact.digest.clone(),
                            size: Some(artifact.size),
                            body: body.clone(),
                        })
                    })
                    .collect();
                if items.is_empty() {
                    return Err(format!(
                        "{} finds nothing to publish among the sealed artifacts",
                        step.id
                    ));
                }
            }
        }
        self.manifest = Some(Manifest(artifacts.to_vec()));
        Ok(())
    }

    fn decide(
        &mut self,
        step: &StepId,
        decision: Decision,
        by: &str,
        subject: Option<&crate::Digest>,
        at: Timestamp,
    ) -> Result<(), String> {
        let (position, planned) = self.step(step).ok_or_else(|| unknown(step))?;
        if !matches!(
            self.mode,
            Mode::Going | Mode::Paused { .. } | Mode::Halted { .. }
        ) {
            return Err("the run takes no decisions any more".into());
        }
        if !self.is_ready(position, at) {
            return Err(format!("{step} is not asked for yet"));
        }
        let right_subject = subject == Some(&self.approval_subject());
        let is_task = matches!(planned.action, Action::Task(_));
        match (&mut self.steps[position], decision) {
            (StepState::Approving { given }, Decision::Approve) => {
                if !right_subject {
                    return Err("the approval is about other bytes or another plan".into());
                }
                given.retain(|one| one.by != by);
                given.push(Approval {
                    by: by.to_owned(),
                    at,
                });
            }
            (StepState::Approving { .. }, Decision::Reject) => {
                let failure = Failure::permanent(format!("rejected by {by}"));
                self.steps[position] = StepState::Failed {
                    failure,
                    evidence: vec![],
                    tail: vec![],
                };
                self.step_failed(position, false);
            }
            (state @ StepState::Planned, Decision::Done) if is_task => {
                *state = StepState::Stands {
                    evidence: vec![],
                    artifacts: vec![],
                };
            }
            (StepState::Planned, Decision::Reject) if is_task => {
                let failure = Failure::permanent(format!("{by} says that it cannot be done"));
                self.steps[position] = StepState::Failed {
                    failure,
                    evidence: vec![],
                    tail: vec![],
                };
                self.step_failed(position, false);
            }
            (state @ StepState::Lost, Decision::Done) => {
                *state = StepState::Stands {
                    evidence: vec![],
                    artifacts: vec![],
                };
            }
            (state @ StepState::Lost, Decision::Repeat) => *state = StepState::Planned,
            (StepState::Items(items), Decision::Done | Decision::Repeat)
                if items.iter().any(|state| state.phase == Phase::Doubtful) =>
            {
                for state in items
                    .iter_mut()
                    .filter(|state| state.phase == Phase::Doubtful)
                {
                    state.phase = match decision {
                        Decision::Done => Phase::Stands { read_back: false },
                        _ => Phase::Clear,
                    };
                }
            }
            _ => return Err(format!("{step} is not waiting for that")),
        }
        Ok(())
    }

    /// Whatever was under way has lost its answer; whatever failed may be tried again.
    fn resume(&mut self) {
        for (step, state) in self.plan.steps.iter().zip(&mut self.steps) {
            match (&mut *state, &step.action) {
                (StepState::Working, Action::Run(script)) if script.repeat == Repeat::Unsafe => {
                    *state = StepState::Lost
                }
                (StepState::Working | StepState::Failed { .. }, Action::Approve(_)) => {
                    *state = StepState::Approving { given: Vec::new() };
                }
                (StepState::Working | StepState::Failed { .. }, _) => *state = StepState::Planned,
                (StepState::Items(items), Action::Publish(publish)) => {
                    for item in items {
                        resume_item(item, publish, self.latest);
                    }
                }
                _ => {}
            }
        }
        if let Mode::Undoing { stuck, paused, .. } = &mut self.mode {
            *stuck = None;
            *paused = false;
        } else {
            self.mode = Mode::Going;
        }
    }

    fn start_undo(&mut self, why: &str) -> Result<(), String> {
        if matches!(self.mode, Mode::Undoing { .. }) {
            return Err("it is being taken back already".into());
        }
        if self.is_past_the_point_of_no_return() {
            return Err("the point of no return is passed".into());
        }
        self.mode = Mode::Undoing {
            why: why.to_owned(),
            stuck: None,
            paused: false,
        };
        self.rewind();
        Ok(())
    }

    /// The way back begins: attempts and waits of the way out no longer count.
    fn rewind(&mut self) {
        for state in &mut self.steps {
            let StepState::Items(items) = state else {
                continue;
            };
            for item in items {
                item.attempts = 0;
                item.looks = 0;
                item.wait = Wait::default();
            }
        }
    }

    /// A failed step: noted, taken back from, or halted at. What needs a failed best-effort step is skipped.
    fn step_failed(&mut self, position: usize, mendable: bool) {
        let step = &self.plan.steps[position];
        let id = step.id.clone();
        match &mut self.mode {
            Mode::Undoing { stuck, .. } => {
                let undo_failed = match &self.steps[position] {
                    StepState::Items(items) => items
                        .iter()
                        .any(|item| matches!(item.undo, Undo::Failed { .. })),
                    _ => false,
                };
                if undo_failed {
                    *stuck = Some(id);
                }
                return;
            }
            Mode::Going | Mode::Paused { .. } => {}
            Mode::New | Mode::Halted { .. } | Mode::Ended(_) => return,
        }
        if step.weight == Weight::BestEffort {
            self.skip_followers(position);
        } else if mendable || self.is_past_the_point_of_no_return() {
            self.mode = Mode::Halted { step: id };
        } else {
            self.mode = Mode::Undoing {
                why: format!("{id} failed"),
                stuck: None,
                paused: false,
            };
            self.rewind();
        }
    }

    fn skip_followers(&mut self, position: usize) {
        let reason = format!("{}, which it needs, failed", self.plan.steps[position].id);
        for later in self.needed_by[position].clone() {
            if self.plan.steps[later].weight == Weight::BestEffort && !self.has_begun(later) {
                self.steps[later] = StepState::Skipped {
                    reason: reason.clone(),
                };
            }
        }
    }

    fn finish(&mut self, end: End, at: Timestamp) -> Result<(), String> {
        match self.next(at).rest {
            super::Rest::Ends(due) if due == end => {
                self.mode = Mode::Ended(end);
                Ok(())
            }
            rest => Err(format!("the run cannot end as {end:?}: it is {rest:?}")),
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
            .filter(|(step, _)| !matches!(step.action, Action::Seal))
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

fn unknown(step: &StepId) -> String {
    format!("the plan has no step {step}")
}

fn is_mendable(kind: &FailureKind) -> bool {
    !matches!(kind, FailureKind::Permanent)
}

fn relook(state: &mut ItemState, publish: &Publish, at: Timestamp, asked: Option<Millis>) {
    state.looks += 1;
    let own = publish.patience.wait_before(state.looks + 1);
    state.wait = Wait {
        from: at,
        length: asked.map_or(own, |asked| asked.max(own)),
    };
}

fn looked(state: &mut ItemState, publish: &Publish, presence: &Presence, at: Timestamp) -> Applied {
    if !matches!(
        state.phase,
        Phase::Planned | Phase::Unsure | Phase::Accepted { .. }
    ) {
        return Err("it was not to be looked at".into());
    }
    match (presence, state.phase.clone()) {
        (Presence::Same { receipt }, _) => {
            state.phase = Phase::Stands { read_back: true };
            state.receipt = Some(receipt.clone());
        }
        (Presence::Different { found }, _) => {
            state.phase = Phase::Conflict {
                found: found.clone(),
            };
            return Ok(Effect::Fails { mendable: false });
        }
        (Presence::Absent, Phase::Accepted { at: accepted }) => {
            if state.looks >= 3 && (at < accepted || at >= accepted.after(publish.settle)) {
                state.phase = Phase::Limbo;
                return Ok(Effect::Fails { mendable: true });
            }
            relook(state, publish, at, None);
        }
        (Presence::Absent, Phase::Unsure) => {
            let since = state.ours.unwrap_or(at);
            if !absent_is_believed(publish, since, at) {
                relook(state, publish, at, None);
            } else if state.attempts >= publish.patience.attempts {
                state.phase = Phase::Failed {
                    failure: Failure::transient("every attempt was lost without a trace"),
                };
                return Ok(Effect::Fails { mendable: true });
            } else {
                state.phase = Phase::Clear;
            }
        }
        (Presence::Absent, _) => state.phase = Phase::Clear,
        (Presence::Unknown { .. }, phase) if publish.again == Again::Never => match phase {
            Phase::Accepted { .. } => state.phase = Phase::Stands { read_back: false },
            Phase::Unsure => {
                state.phase = Phase::Doubtful;
                return Ok(Effect::Fails { mendable: true });
            }
            _ => state.phase = Phase::Clear,
        },
        (Presence::Unknown { why }, _) => {
            return look_failed(state, publish, &Failure::transient(why.clone()), at);
        }
    }
    if matches!(state.phase, Phase::Clear | Phase::Stands { .. }) {
        state.looks = 0;
    }
    Ok(Effect::None)
}

fn look_failed(
    state: &mut ItemState,
    publish: &Publish,
    failure: &Failure,
    at: Timestamp,
) -> Applied {
    if !matches!(
        state.phase,
        Phase::Planned | Phase::Unsure | Phase::Accepted { .. }
    ) {
        return Err("it was not to be looked at".into());
    }
    let retry_after = match &failure.kind {
        FailureKind::Transient { retry_after } => *retry_after,
        FailureKind::Unknown => None,
        FailureKind::Denied | FailureKind::Permanent => {
            state.phase = Phase::Failed {
                failure: failure.clone(),
            };
            return Ok(Effect::Fails {
                mendable: is_mendable(&failure.kind),
            });
        }
    };
    if state.looks + 1 >= publish.patience.attempts
        && !matches!(state.phase, Phase::Accepted { .. })
    {
        state.phase = Phase::Failed {
            failure: failure.clone(),
        };
        return Ok(Effect::Fails { mendable: true });
    }
    if let Phase::Accepted { at: accepted } = state.phase
        && state.looks + 1 >= publish.patience.attempts
        && at >= accepted.after(publish.settle)
    {
        state.phase = Phase::Failed {
            failure: failure.clone(),
        };
        return Ok(Effect::Fails { mendable: true });
    }
    relook(state, publish, at, retry_after);
    Ok(Effect::None)
}

fn refused(state: &mut ItemState, publish: &Publish, failure: &Failure, at: Timestamp) -> Applied {
    if state.phase != Phase::Intent {
        return Err("it was not being published".into());
    }
    match &failure.kind {
        FailureKind::Unknown => {
            state.ours = Some(at);
            state.phase = Phase::Unsure;
            state.looks = 0;
            state.wait = Wait::default();
            Ok(Effect::None)
        }
        FailureKind::Transient { retry_after } if state.attempts < publish.patience.attempts => {
            // Looked at again before the next attempt: somebody else may have been faster.
            state.phase = if state.ours.is_some() {
                Phase::Unsure
            } else {
                Phase::Planned
            };
            let own = publish.patience.wait_before(state.attempts + 1);
            state.wait = Wait {
                from: at,
                length: retry_after.map_or(own, |asked| asked.max(own)),
            };
            Ok(Effect::None)
        }
        kind => {
            state.phase = Phase::Failed {
                failure: failure.clone(),
            };
            Ok(Effect::Fails {
                mendable: is_mendable(kind),
            })
        }
    }
}

/// A look on the way back.
fn look_back(
    state: &mut ItemState,
    publish: &Publish,
    presence: &Presence,
    at: Timestamp,
) -> Applied {
    if !state.must_go(publish) {
        // A look that was under way when the way back began: it says nothing that matters any more.
        return Ok(Effect::None);
    }
    if !matches!(state.undo, Undo::Not | Undo::Look) {
        return Err("it was not to be looked at".into());
    }
    match presence {
        Presence::Same { receipt } => {
            if state.undo == Undo::Look {
                // Taken back and still there: the destination lags, or the answer was lost before the effect.
                if state.looks < 3 {
                    relook(state, publish, at, None);
                    return Ok(Effect::None);
                }
                if state.attempts >= publish.patience.attempts {
                    state.undo = Undo::Failed {
                        failure: Failure::transient("it is still there after every attempt"),
                    };
                    return Ok(Effect::Fails { mendable: true });
                }
            }
            state.receipt = Some(receipt.clone());
            state.undo = Undo::Found;
            state.looks = 0;
        }
        Presence::Absent => {
            let since = state.ours.unwrap_or(at);
            if state.undo == Undo::Look || at < since || at >= since.after(publish.settle) {
                state.undo = Undo::Gone;
            } else {
                relook(state, publish, at, None);
            }
        }
        // Somebody else's by now: never ours to take back.
        Presence::Different { .. } => state.undo = Undo::Gone,
        Presence::Unknown { why } => {
            return undo_failed(state, publish, &Failure::transient(why.clone()), at);
        }
    }
    Ok(Effect::None)
}

fn undo_failed(
    state: &mut ItemState,
    publish: &Publish,
    failure: &Failure,
    at: Timestamp,
) -> Applied {
    if !state.must_go(publish) {
        return Ok(Effect::None);
    }
    match &failure.kind {
        FailureKind::Unknown if state.undo == Undo::Intent => {
            state.undo = Undo::Look;
            state.looks = 0;
        }
        FailureKind::Transient { .. } | FailureKind::Unknown
            if state.looks + 1 < publish.patience.attempts =>
        {
            let asked = match failure.kind {
                FailureKind::Transient { retry_after } => retry_after,
                _ => None,
            };
            if state.undo == Undo::Intent {
                state.undo = Undo::Found;
            }
            relook(state, publish, at, asked);
        }
        _ => {
            state.undo = Undo::Failed {
                failure: failure.clone(),
            };
            return Ok(Effect::Fails { mendable: true });
        }
    }
    Ok(Effect::None)
}

fn resume_item(state: &mut ItemState, publish: &Publish, latest: Timestamp) {
    state.phase = match std::mem::replace(&mut state.phase, Phase::Planned) {
        Phase::Intent => {
            state.ours = Some(latest);
            Phase::Unsure
        }
        Phase::Failed { .. } | Phase::Conflict { .. } | Phase::Limbo if state.ours.is_some() => {
            Phase::Unsure
        }
        // Looked at once more: the world may have moved while nobody ran.
        Phase::Failed { .. } | Phase::Conflict { .. } | Phase::Limbo | Phase::Clear
            if state.ours.is_none() =>
        {
            Phase::Planned
        }
        Phase::Clear => Phase::Unsure,
        other => other,
    };
    state.undo = match std::mem::replace(&mut state.undo, Undo::Not) {
        Undo::Intent | Undo::Failed { .. } => Undo::Look,
        Undo::Found => Undo::Not,
        other => other,
    };
    if publish.reversal != Reversal::Deletes {
        state.undo = Undo::Not;
    }
    state.attempts = 0;
    state.looks = 0;
    // A wait that the destination asked for outlives a restart: it is in `wait`, which stays.
}
