//! What a person is told about a run: the state of each step, what is public, where it stopped and why.

use super::{ItemState, Mode, Phase, Run, StepState, Undo};
use crate::event::{Artifact, Evidence};
use crate::name::StepId;
use crate::plan::{Action, Publish, Step};
use crate::target::{Failure, Receipt, Reversal};
use crate::time::Timestamp;
use serde::Serialize;

/// The state of a step in one word, with what belongs to it.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum StepView {
    Planned,
    /// Everything it needs stands and it was not started yet.
    Ready,
    Working,
    Publishing,
    /// Accepted by the destination, not readable there yet.
    Accepted,
    /// Tried again no earlier than this.
    Retrying {
        at: Timestamp,
    },
    /// A person is asked.
    Asking,
    /// The answer was lost, and it is being found out.
    Unsure,
    Stands {
        evidence: Vec<Evidence>,
        artifacts: Vec<Artifact>,
    },
    Failed {
        failure: Failure,
        evidence: Vec<Evidence>,
        tail: Vec<String>,
    },
    /// Something else stands at the destination.
    Conflict {
        found: String,
    },
    /// Accepted, and nobody can read it.
    Limbo,
    /// It may or may not have happened, and it can be neither looked at nor repeated safely.
    Doubtful,
    /// Its failure was noted; the release goes on.
    Noted {
        failure: String,
    },
    Skipped {
        reason: String,
    },
    /// It was taken back.
    Undone,
}

/// One item that is, or may be, at a destination.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Public {
    pub step: StepId,
    pub item: String,
    pub target: String,
    pub place: String,
    /// `verified`, `delivered` (cannot be read back), `accepted`, `unsure`.
    pub certainty: &'static str,
    pub rehearsal: bool,
    pub reversal: Reversal,
    /// False where it was there before us.
    pub ours: bool,
    pub receipt: Option<Receipt>,
}

/// Why the run does not go on by itself.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Stopped {
    Paused {
        why: String,
    },
    /// A required step failed.
    Halted {
        step: StepId,
    },
    /// Taking back failed at this step.
    Stuck {
        step: StepId,
    },
}

impl Run {
    /// The state of a step. `None` for a step that the plan does not have.
    pub fn view(&self, id: &StepId) -> Option<StepView> {
        let (position, step) = self.step(id)?;
        Some(match &self.steps[position] {
            _ if self.is_noted(position) => StepView::Noted {
                failure: self.failure_text(position),
            },
            StepState::Planned | StepState::Approving { .. } | StepState::Items(_)
                if !self.is_ready(position, self.last)
                    && !self.is_undoing()
                    && !self.begun[position]
                    // It may have stood before us, and what let it be looked at have run out since.
                    && !self.front.is_done(position) =>
            {
                StepView::Planned
            }
            // On the way back nobody is asked.
            StepState::Planned | StepState::Approving { .. }
                if self.is_undoing() && !self.stands(position, self.last) =>
            {
                StepView::Planned
            }
            StepState::Items(_) if self.is_undoing() && !self.begun[position] => StepView::Planned,
            StepState::Planned if matches!(step.action, Action::Task(_)) => StepView::Asking,
            StepState::Planned => StepView::Ready,
            StepState::Skipped { reason } => StepView::Skipped {
                reason: reason.clone(),
            },
            StepState::Working => StepView::Working,
            StepState::Lost => StepView::Asking,
            StepState::Stands {
                evidence,
                artifacts,
            } => StepView::Stands {
                evidence: evidence.clone(),
                artifacts: artifacts.clone(),
            },
            StepState::Failed {
                failure,
                evidence,
                tail,
            } => StepView::Failed {
                failure: failure.clone(),
                evidence: evidence.clone(),
                tail: tail.clone(),
            },
            StepState::Approving { .. } if self.stands(position, self.last) => StepView::Stands {
                evidence: vec![],
                artifacts: vec![],
            },
            StepState::Approving { .. } => StepView::Asking,
            StepState::Items(items) => self.view_items(position, step, items),
        })
    }

    fn view_items(&self, position: usize, step: &Step, items: &[ItemState]) -> StepView {
        if self.is_undoing() && items.iter().any(|item| item.undo == Undo::Gone) {
            return StepView::Undone;
        }
        if let Some(failure) = items.iter().find_map(|item| match &item.undo {
            Undo::Failed { failure } => Some(failure),
            _ => None,
        }) {
            return StepView::Failed {
                failure: failure.clone(),
                evidence: vec![],
                tail: vec![],
            };
        }
        // The worst item speaks for the step.
        let mut views: Vec<(u8, StepView)> = items
            .iter()
            .map(|item| view_item(item, self.last))
            .collect();
        views.sort_by_key(|(rank, _)| *rank);
        match views.into_iter().next() {
            Some((_, StepView::Stands { .. })) | None if self.stands(position, self.last) => {
                StepView::Stands {
                    evidence: vec![],
                    artifacts: published(step, items),
                }
            }
            Some((_, view)) => view,
            None => StepView::Ready,
        }
    }

    pub(super) fn failure_text(&self, position: usize) -> String {
        match &self.steps[position] {
            StepState::Failed { failure, .. } => failure.message.clone(),
            StepState::Items(items) => items
                .iter()
                .find_map(|item| match &item.phase {
                    Phase::Failed { failure } => Some(failure.message.clone()),
                    Phase::Conflict { found } => Some(format!("something else is there: {found}")),
                    Phase::Limbo => Some("accepted, and nobody can read it".to_owned()),
                    Phase::Doubtful => {
                        Some("it may or may not have happened, and is not repeated".to_owned())
                    }
                    _ => None,
                })
                .unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Everything that is, or may be, at a destination by now, in plan order.
    pub fn public(&self) -> Vec<Public> {
        let mut all = Vec::new();
        for (step, state) in self.plan.steps.iter().zip(&self.steps) {
            let (StepState::Items(items), Action::Publish(publish)) = (state, &step.action) else {
                continue;
            };
            all.extend(
                items
                    .iter()
                    .filter_map(|item| public_item(step, publish, item)),
            );
        }
        all
    }

    /// Items of a publish step, in order; empty before the seal for artifacts.
    pub fn items(&self, id: &StepId) -> Vec<&crate::Item> {
        match self.step(id).map(|(position, _)| &self.steps[position]) {
            Some(StepState::Items(items)) => items.iter().map(|state| &state.item).collect(),
            _ => Vec::new(),
        }
    }

    /// The receipt of an item, once there is one.
    pub fn receipt(&self, id: &StepId, item: &str) -> Option<&Receipt> {
        let (position, _) = self.step(id)?;
        match &self.steps[position] {
            StepState::Items(items) => items
                .iter()
                .find(|state| state.item.name == item)?
                .receipt
                .as_ref(),
            _ => None,
        }
    }

    pub fn is_undoing(&self) -> bool {
        matches!(
            self.mode,
            Mode::Undoing { .. } | Mode::Ended(crate::event::End::RolledBack)
        )
    }

    /// Why everything is being taken back, or was.
    pub fn undo_reason(&self) -> Option<&str> {
        self.turned_back.as_deref()
    }

    /// Why the run does not go on by itself; `None` while it does, or once it is over.
    pub fn stopped(&self) -> Option<Stopped> {
        match &self.mode {
            Mode::Paused { why } => Some(Stopped::Paused { why: why.clone() }),
            Mode::Halted { step } => Some(Stopped::Halted { step: step.clone() }),
            Mode::Undoing {
                stuck: Some(step), ..
            } => Some(Stopped::Stuck { step: step.clone() }),
            Mode::Undoing {
                paused: Some(why), ..
            } => Some(Stopped::Paused { why: why.clone() }),
            _ => None,
        }
    }

    /// Who approved a step, and when.
    pub fn approvals(&self, id: &StepId) -> Vec<(&str, Timestamp)> {
        match self.step(id).map(|(position, _)| &self.steps[position]) {
            Some(StepState::Approving { given }) => {
                given.iter().map(|one| (one.by.as_str(), one.at)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The files that the step put out.
fn published(step: &Step, items: &[ItemState]) -> Vec<Artifact> {
    if !matches!(step.action, Action::Publish(_)) {
        return Vec::new();
    }
    let sized = items
        .iter()
        .filter_map(|state| Some((&state.item, state.item.size?)));
    sized
        .map(|(item, size)| Artifact {
            name: item.name.clone(),
            digest: item.digest.clone(),
            size,
        })
        .collect()
}

/// Rank (worst first) and view of one item.
fn view_item(state: &ItemState, now: Timestamp) -> (u8, StepView) {
    let waits = !state.wait.is_over(now) || (state.wait.length.0 > 0 && state.wait.until() > now);
    match &state.phase {
        Phase::Conflict { found } => (
            0,
            StepView::Conflict {
                found: found.clone(),
            },
        ),
        Phase::Failed { failure } => (
            1,
            StepView::Failed {
                failure: failure.clone(),
                evidence: vec![],
                tail: vec![],
            },
        ),
        Phase::Limbo => (2, StepView::Limbo),
        Phase::Doubtful => (3, StepView::Doubtful),
        Phase::Unsure => (4, StepView::Unsure),
        Phase::Planned | Phase::Clear if waits => (
            5,
            StepView::Retrying {
                at: state.wait.until(),
            },
        ),
        Phase::Intent => (6, StepView::Publishing),
        Phase::Accepted { .. } => (7, StepView::Accepted),
        Phase::Planned | Phase::Clear => (8, StepView::Ready),
        Phase::Stands { .. } => (
            9,
            StepView::Stands {
                evidence: vec![],
                artifacts: vec![],
            },
        ),
    }
}

fn public_item(step: &Step, publish: &Publish, state: &ItemState) -> Option<Public> {
    let certainty = match (&state.phase, &state.undo) {
        (_, Undo::Gone) => return None,
        (Phase::Stands { read_back: true }, _) => "verified",
        (Phase::Stands { read_back: false }, _) => "delivered",
        (Phase::Accepted { .. } | Phase::Limbo, _) => "accepted",
        (Phase::Intent | Phase::Unsure | Phase::Doubtful, _) => "unsure",
        _ if state.ours.is_some() => "unsure",
        _ => return None,
    };
    Some(Public {
        step: step.id.clone(),
        item: state.item.name.clone(),
        target: publish.target.name.clone(),
        place: publish.target.place.clone(),
        certainty,
        rehearsal: publish.rehearsal,
        reversal: publish.reversal,
        ours: state.ours.is_some() || state.phase == Phase::Intent,
        receipt: state.receipt.clone(),
    })
}
