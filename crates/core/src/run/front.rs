//! How far the run has come: which steps are done and which may be worth a look, kept up to date event by event, so that
//! asking what may happen now does not go through the whole plan.
//!
//! Invariant: it says nothing that the states do not say; after any event it equals what [`Run::refresh_all`] gives.

use super::{Run, StepState};
use crate::plan::Action;
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    /// Whether the step is done for those that need it, the age of approvals aside.
    done: Vec<bool>,
    /// How many of its needs are not done.
    missing: Vec<usize>,
    /// Steps that are not done and were begun or could be; approvals stay, because they can grow old.
    open: BTreeSet<usize>,
}

impl Front {
    pub fn is_done(&self, position: usize) -> bool {
        self.done[position]
    }

    /// In plan order.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.open.iter().copied()
    }
}

impl Run {
    /// Brings the front up to date after this step changed.
    pub(super) fn refresh(&mut self, position: usize) {
        let done = self.is_done(position);
        if self.front.done[position] != done {
            self.front.done[position] = done;
            for at in 0..self.needed_by[position].len() {
                let later = self.needed_by[position][at];
                if done {
                    self.front.missing[later] -= 1;
                } else {
                    self.front.missing[later] += 1;
                }
                self.open_or_close(later);
            }
        }
        self.open_or_close(position);
    }

    /// Works the front out anew.
    pub(super) fn refresh_all(&mut self) {
        let done: Vec<bool> = (0..self.steps.len())
            .map(|position| self.is_done(position))
            .collect();
        let missing = self
            .needs
            .iter()
            .map(|needs| needs.iter().filter(|&&need| !done[need]).count())
            .collect();
        self.front = Front {
            done,
            missing,
            open: BTreeSet::new(),
        };
        for position in 0..self.steps.len() {
            self.open_or_close(position);
        }
    }

    fn is_done(&self, position: usize) -> bool {
        match (&self.steps[position], &self.plan.steps[position].action) {
            (StepState::Approving { given }, Action::Approve(approve)) => {
                given.len() >= approve.quorum as usize
            }
            _ => self.stands(position, self.last) || self.is_noted(position),
        }
    }

    fn open_or_close(&mut self, position: usize) {
        let settled = self.front.done[position]
            && !matches!(self.steps[position], StepState::Approving { .. });
        if !settled && (self.begun[position] || self.front.missing[position] == 0) {
            self.front.open.insert(position);
        } else {
            self.front.open.remove(&position);
        }
    }
}
