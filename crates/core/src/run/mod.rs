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
mod next;
mod view;

pub use apply::Illegal;
pub use next::{Ask, AskKind, Command, Next, Rest};
pub use view::{Public, StepView, Stopped};

use crate::digest::Digest;
use crate::event::{Artifact, End, EventKind, Evidence, Manifest, Seq};
use crate::name::StepId;
use crate::plan::{Action, Items, Plan, PlanId, Publish, Repeat, Step, Weight};
use crate::target::{Again, Failure, Item, Receipt, Reversal};
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// A plan being carried out: the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    plan: Plan,
    id: PlanId,
    index: BTreeMap<StepId, usize>,
    /// Position of every step that needs the step at this position.
    needed_by: Vec<Vec<usize>>,
    steps: Vec<StepState>,
    mode: Mode,
    seq: Seq,
    /// The latest time that any event carried.
    latest: Timestamp,
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
        paused: bool,
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemState {
    pub item: Item,
    pub phase: Phase,
    pub undo: Undo,
    /// Publishing attempts since the run was last started or resumed.
    pub attempts: u32,
    /// Looks since the phase began that did not settle it.
    pub looks: u32,
    /// Nothing is tried before this.
    pub wait: Wait,
    /// Since when this item may be at the destination by our doing: an accepted attempt, or one whose answer was lost.
    pub ours: Option<Timestamp>,
    pub receipt: Option<Receipt>,
}

/// Where an item is on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not looked at yet.
    Planned,
    /// Looked at, and nothing of this name is there.
    Clear,
    /// Being published; the answer decides.
    Intent,
    /// The answer was lost.
    Unsure,
    /// Lost for good: it cannot be looked at, and a second one would be doubled.
    Doubtful,
    Accepted {
        at: Timestamp,
    },
    /// Read back and equal, or accepted by a destination that cannot be read.
    Stands {
        read_back: bool,
    },
    Conflict {
        found: String,
    },
    /// The destination accepted it, and nobody can read it within the settling time.
    Limbo,
    Failed {
        failure: Failure,
    },
}

/// Where an item is on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    Not,
    /// Read back, ours: can be taken back.
    Found,
    Intent,
    /// Taken back, or the answer was lost: look.
    Look,
    Gone,
    Failed {
        failure: Failure,
    },
}

/// A wait that began at a time, so that a clock which goes back does not lengthen it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wait {
    pub from: Timestamp,
    pub length: Millis,
}

impl Wait {
    pub fn is_over(self, now: Timestamp) -> bool {
        now < self.from || now >= self.until()
    }

    pub fn until(self) -> Timestamp {
        self.from.after(self.length)
    }
}

impl ItemState {
    fn new(item: Item) -> Self {
        Self {
            item,
            phase: Phase::Planned,
            undo: Undo::Not,
            attempts: 0,
            looks: 0,
            wait: Wait::default(),
            ours: None,
            receipt: None,
        }
    }

    /// Whether it has to be taken back before the run can be called rolled back.
    fn must_go(&self, publish: &Publish) -> bool {
        publish.reversal == Reversal::Deletes
            && self.undo != Undo::Gone
            && (self.ours.is_some() || self.phase == Phase::Intent)
    }
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
        let mut needed_by = vec![Vec::new(); plan.steps.len()];
        for (position, step) in plan.steps.iter().enumerate() {
            for need in step.needs.iter().filter_map(|need| index.get(need)) {
                needed_by[*need].push(position);
            }
        }
        let steps = plan.steps.iter().map(initial_state).collect();
        Self {
            plan,
            id,
            index,
            needed_by,
            steps,
            mode: Mode::New,
            seq: 0,
            latest: Timestamp::default(),
            manifest: None,
        }
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
            EventKind::Looked { .. } | EventKind::LookFailed { .. } | EventKind::Paused { .. } => {
                false
            }
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

    /// Whether the step counts as done for those that need it, at this time.
    fn stands(&self, position: usize, now: Timestamp) -> bool {
        match (&self.steps[position], &self.plan.steps[position].action) {
            (StepState::Stands { .. } | StepState::Skipped { .. }, _) => true,
            (StepState::Approving { given }, Action::Approve(approve)) => {
                let now = now.max(self.latest);
                let began = self.needed_by[position]
                    .iter()
                    .any(|&later| self.has_begun(later));
                let valid = given
                    .iter()
                    .filter(|one| began || now <= one.at.after(approve.valid_for))
                    .count();
                valid >= approve.quorum as usize
            }
            (StepState::Items(items), Action::Publish(_)) => {
                let known = !items.is_empty() || self.manifest.is_some();
                known
                    && items
                        .iter()
                        .all(|item| matches!(item.phase, Phase::Stands { .. }))
            }
            _ => false,
        }
    }

    fn has_begun(&self, position: usize) -> bool {
        match &self.steps[position] {
            StepState::Planned | StepState::Skipped { .. } => false,
            StepState::Approving { given } => !given.is_empty(),
            StepState::Items(items) => items.iter().any(|item| item.phase != Phase::Planned),
            _ => true,
        }
    }

    /// Whether the step failed for good (until somebody resumes).
    fn has_failed(&self, position: usize) -> bool {
        match &self.steps[position] {
            StepState::Failed { .. } => true,
            StepState::Items(items) => items.iter().any(|item| {
                matches!(
                    item.phase,
                    Phase::Failed { .. } | Phase::Conflict { .. } | Phase::Limbo | Phase::Doubtful
                )
            }),
            _ => false,
        }
    }

    /// Whether a step's failure only needs to be noted.
    fn is_noted(&self, position: usize) -> bool {
        self.plan.steps[position].weight == Weight::BestEffort && self.has_failed(position)
    }

    /// Whether everything that the step needs is done.
    fn is_ready(&self, position: usize, now: Timestamp) -> bool {
        self.plan.steps[position].needs.iter().all(|need| {
            self.index
                .get(need)
                .is_some_and(|&need| self.stands(need, now) || self.is_noted(need))
        })
    }
}

fn initial_state(step: &Step) -> StepState {
    match (&step.skip, &step.action) {
        (Some(reason), _) => StepState::Skipped {
            reason: reason.clone(),
        },
        (None, Action::Approve(_)) => StepState::Approving { given: Vec::new() },
        (None, Action::Publish(publish)) => match &publish.items {
            Items::Fixed(items) => {
                StepState::Items(items.iter().cloned().map(ItemState::new).collect())
            }
            Items::Sealed { .. } => StepState::Items(Vec::new()),
        },
        (None, _) => StepState::Planned,
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

/// Whether an `Absent` seen now may be believed for an item that may have been sent.
fn absent_is_believed(publish: &Publish, since: Timestamp, now: Timestamp) -> bool {
    publish.again == Again::Harmless || now < since || now >= since.after(publish.settle)
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
