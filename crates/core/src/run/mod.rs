//! A run: a plan plus what happened. One pure function says what may happen now, another accepts what happened.
//!
//! Invariants (each a property test in `tests/machine.rs`):
//! R1 nothing starts before what it needs. R2 nothing is taken back while something that needs it stands. R3 a crash after
//! any event changes nothing about what comes next. R4 past the point of no return nothing is taken back. R5 what was there
//! before us is never ours to take back. R6 a started publish is never abandoned. R7 everything is looked at before it is
//! touched. R8 released means that every required step stands, and every run ends. R9 nothing is published that is not in
//! the sealed manifest.
//!
//! Must not: do anything. An engine carries out what [`Run::next`] asks for and hands [`Run::apply`] what came of it.

mod apply;
mod front;
mod item;
mod mode;
mod next;
mod view;

pub use apply::Illegal;
pub use next::{Ask, AskKind, Command, Next, Rest};
pub use view::{Public, StepView, Stopped};

use crate::digest::Digest;
use crate::event::{Artifact, End, EventKind, Evidence, Manifest, Seq};
use crate::name::StepId;
use crate::plan::{Action, Items, Plan, PlanId, Publish, Repeat, Step, Weight};
use crate::target::{Failure, FailureKind, Item};
use crate::time::{Millis, Timestamp};
use front::Front;
pub(crate) use item::{ItemState, Phase, Undo};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A plan being carried out: the fold of its events. What never changes is shared, so that a copy for a thread is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    plan: Arc<Plan>,
    id: PlanId,
    index: Arc<BTreeMap<StepId, usize>>,
    /// Positions of what the step at this position needs.
    needs: Arc<Vec<Vec<usize>>>,
    /// Position of every step that needs the step at this position.
    needed_by: Arc<Vec<Vec<usize>>>,
    steps: Vec<StepState>,
    /// Whether the step was ever started: its work, its first publish, a person's answer. Never taken back.
    begun: Vec<bool>,
    front: Front,
    mode: Mode,
    /// Why the way back began.
    turned_back: Option<String>,
    seq: Seq,
    /// When the last event was.
    last: Timestamp,
    /// Time that has passed from event to event; a clock that goes back adds nothing.
    elapsed: Millis,
    manifest: Option<Manifest>,
}

/// What the run as a whole is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No event yet.
    New,
    Going,
    /// Asked to stop between steps.
    Paused {
        why: String,
    },
    /// A required step failed and a person has to look: nothing new starts.
    Halted {
        step: StepId,
    },
    /// Taking back; `stuck` names the step whose taking back failed.
    Undoing {
        why: String,
        stuck: Option<StepId>,
        /// Why it rests, where somebody asked for that.
        paused: Option<String>,
    },
    Ended(End),
}

/// A step's state. Publish steps keep theirs in their items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepState {
    Planned,
    /// With a reason: known when the plan was made, or because something it needs failed.
    Skipped {
        reason: String,
    },
    Working,
    /// It was under way when the engine died, and repeating it is not known to be safe.
    Lost,
    Stands {
        evidence: Vec<Evidence>,
        artifacts: Vec<Artifact>,
    },
    Failed {
        failure: Failure,
        evidence: Vec<Evidence>,
        tail: Vec<String>,
    },
    Approving {
        given: Vec<Approval>,
    },
    /// One entry per item. Empty until the seal, for steps that publish artifacts.
    Items(Vec<ItemState>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    pub by: String,
    pub at: Timestamp,
    /// [`Run::clock`] when it was given: its age is measured on that.
    pub clock: Millis,
}

impl Run {
    /// A run without events. The plan must have passed [`Plan::check`].
    pub fn new(plan: Plan) -> Self {
        let id = plan.id();
        let index: BTreeMap<StepId, usize> = plan
            .steps
            .iter()
            .enumerate()
            .map(|(position, step)| (step.id.clone(), position))
            .collect();
        let needs: Vec<Vec<usize>> = plan
            .steps
            .iter()
            .map(|step| {
                step.needs
                    .iter()
                    .filter_map(|need| index.get(need).copied())
                    .collect()
            })
            .collect();
        let mut needed_by = vec![Vec::new(); plan.steps.len()];
        for (position, needs) in needs.iter().enumerate() {
            for need in needs {
                needed_by[*need].push(position);
            }
        }
        let steps = plan
            .steps
            .iter()
            .map(|step| initial_state(step, None))
            .collect();
        let begun = vec![false; plan.steps.len()];
        let mut run = Self {
            plan: Arc::new(plan),
            id,
            index: Arc::new(index),
            needs: Arc::new(needs),
            needed_by: Arc::new(needed_by),
            steps,
            begun,
            front: Front::default(),
            mode: Mode::New,
            turned_back: None,
            seq: 0,
            last: Timestamp::default(),
            elapsed: Millis::default(),
            manifest: None,
        };
        run.refresh_all();
        run
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan's digest, computed once.
    pub fn id(&self) -> &PlanId {
        &self.id
    }

    /// Number of the last event that was applied; 0 before the first.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    pub fn end(&self) -> Option<End> {
        match self.mode {
            Mode::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// What an approval given now is about: this plan and these bytes.
    pub fn approval_subject(&self) -> Digest {
        Digest::of_json(&(&self.id, self.manifest.as_ref().map(Manifest::digest)))
    }

    /// Whether the event must be on disk before anything that follows from it happens. The others tell what a second try
    /// finds out again: after a power loss the step is repeated.
    pub fn must_be_durable(&self, kind: &EventKind) -> bool {
        match kind {
            EventKind::WorkStarted { step } | EventKind::WorkFinished { step, .. } => {
                self.step(step).is_some_and(|(_, step)| match &step.action {
                    Action::Run(script) => script.repeat == Repeat::Unsafe,
                    _ => true,
                })
            }
            // A wait that the destination asked for holds after a power loss too.
            EventKind::LookFailed { failure, .. } => {
                matches!(
                    failure.kind,
                    FailureKind::Transient {
                        retry_after: Some(_)
                    }
                )
            }
            EventKind::Looked { .. } | EventKind::Paused { .. } => false,
            _ => true,
        }
    }

    /// Whether something may have gone out that cannot be deleted again.
    pub fn is_past_the_point_of_no_return(&self) -> bool {
        self.plan
            .steps
            .iter()
            .zip(&self.steps)
            .any(|(step, state)| match state {
                StepState::Items(items) => {
                    step.is_irreversible()
                        && items
                            .iter()
                            .any(|item| item.ours.is_some() || item.phase == Phase::Intent)
                }
                _ => false,
            })
    }

    fn step(&self, id: &StepId) -> Option<(usize, &Step)> {
        self.index
            .get(id)
            .map(|&position| (position, &self.plan.steps[position]))
    }

    /// Time that the run has seen pass, at this time. Never goes back from one event to the next.
    fn clock(&self, now: Timestamp) -> Millis {
        Millis(self.elapsed.0.saturating_add(now.since(self.last).0))
    }

    /// Whether the step counts as done for those that need it, at this time.
    fn stands(&self, position: usize, now: Timestamp) -> bool {
        match (&self.steps[position], &self.plan.steps[position].action) {
            (StepState::Stands { .. } | StepState::Skipped { .. }, _) => true,
            (StepState::Approving { given }, Action::Approve(approve)) => {
                self.valid(position, given, approve.valid_for, now) >= approve.quorum as usize
            }
            (StepState::Items(items), Action::Publish(_)) => {
                !items.is_empty()
                    && items
                        .iter()
                        .all(|item| matches!(item.phase, Phase::Stands { .. }))
            }
            _ => false,
        }
    }

    /// How many approvals count now. They grow old only until the first step that needs them began.
    fn valid(
        &self,
        position: usize,
        given: &[Approval],
        valid_for: Millis,
        now: Timestamp,
    ) -> usize {
        if self.needed_by[position]
            .iter()
            .any(|&later| self.begun[later])
        {
            return given.len();
        }
        let clock = self.clock(now);
        given
            .iter()
            .filter(|one| clock.0.saturating_sub(one.clock.0) <= valid_for.0)
            .count()
    }

    /// Whether the step failed for good (until somebody resumes).
    fn has_failed(&self, position: usize) -> bool {
        match &self.steps[position] {
            StepState::Failed { .. } => true,
            StepState::Items(items) => items.iter().any(|item| item.phase.is_failure()),
            _ => false,
        }
    }

    /// Whether a step's failure only needs to be noted, and all that it started has an answer.
    fn is_noted(&self, position: usize) -> bool {
        let answered = match &self.steps[position] {
            StepState::Items(items) => !items.iter().any(|item| item.phase.is_open()),
            _ => true,
        };
        self.plan.steps[position].weight == Weight::BestEffort
            && answered
            && self.has_failed(position)
    }

    /// Whether everything that the step needs is done.
    fn is_ready(&self, position: usize, now: Timestamp) -> bool {
        self.needs[position].iter().all(|&need| {
            self.front.is_done(need)
                && (!matches!(self.steps[need], StepState::Approving { .. })
                    || self.stands(need, now))
        })
    }
}

/// The state of a step that nothing has happened to, before or after the seal.
fn initial_state(step: &Step, manifest: Option<&Manifest>) -> StepState {
    match (&step.skip, &step.action) {
        (Some(reason), _) => StepState::Skipped {
            reason: reason.clone(),
        },
        (None, Action::Approve(_)) => StepState::Approving { given: Vec::new() },
        (None, Action::Publish(publish)) => StepState::Items(items_of(publish, manifest)),
        (None, _) => StepState::Planned,
    }
}

/// The items that the step sends; none before the seal, for artifacts.
fn items_of(publish: &Publish, manifest: Option<&Manifest>) -> Vec<ItemState> {
    match &publish.items {
        Items::Fixed(items) => items.iter().cloned().map(ItemState::new).collect(),
        Items::Sealed { patterns, body, .. } => manifest
            .map_or(&[][..], |manifest| &manifest.0)
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
            .collect(),
    }
}

/// Whether a file name matches one of the patterns; a pattern may hold `*` (any characters) and directories, which are
/// ignored because artifacts are kept by file name.
pub fn matches_any(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| matches_glob(pattern.rsplit('/').next().unwrap_or(pattern), name))
}

fn matches_glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_file_names() {
        let patterns = [
            "dist/*.whl".to_owned(),
            "a*b*c".to_owned(),
            "exact".to_owned(),
        ];
        for name in ["x-1.0-py3-none-any.whl", ".whl", "abc", "a1b2c", "exact"] {
            assert!(matches_any(&patterns, name), "{name}");
        }
        for name in ["x.whl.asc", "ac", "exactly", "acb"] {
            assert!(!matches_any(&patterns, name), "{name}");
        }
    }
}
