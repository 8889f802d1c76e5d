//! What the run as a whole does: going on, resting, turning back, ending.

use super::item::ItemState;
use super::next::Rest;
use super::{Mode, Run, StepState, Undo, initial_state};
use crate::event::End;
use crate::plan::{Action, Repeat, Weight};
use crate::time::Timestamp;

impl Run {
    pub(super) fn pause(&mut self, why: &str) {
        match &mut self.mode {
            Mode::Undoing { paused, .. } => *paused = Some(why.to_owned()),
            Mode::Halted { .. } => {}
            mode => {
                *mode = Mode::Paused {
                    why: why.to_owned(),
                }
            }
        }
    }

    /// Whatever was under way has lost its answer; whatever failed may be tried again, except where the run went on
    /// without it.
    pub(super) fn resume(&mut self, at: Timestamp) {
        // On the way back nothing is tried again, and what failed stays for people to read.
        let undoing = matches!(self.mode, Mode::Undoing { .. });
        let overtaken: Vec<bool> = (0..self.steps.len())
            .map(|position| {
                undoing
                    || self.plan.steps[position].weight == Weight::BestEffort
                        && self.needed_by[position]
                            .iter()
                            .any(|&later| self.begun[later])
            })
            .collect();
        for (position, overtaken) in overtaken.into_iter().enumerate() {
            self.resume_step(position, at, overtaken);
        }
        for position in 0..self.steps.len() {
            if self.plan.steps[position].weight == Weight::BestEffort && self.has_failed(position) {
                self.skip_followers(position);
            }
        }
        if let Mode::Undoing { stuck, paused, .. } = &mut self.mode {
            *stuck = None;
            *paused = None;
        } else {
            self.mode = Mode::Going;
        }
        self.refresh_all();
    }

    fn resume_step(&mut self, position: usize, at: Timestamp, overtaken: bool) {
        let step = &self.plan.steps[position];
        match (&mut self.steps[position], &step.action) {
            (state @ StepState::Working, Action::Run(script))
                if script.repeat == Repeat::Unsafe =>
            {
                *state = StepState::Lost;
            }
            (state @ StepState::Working, _) => *state = StepState::Planned,
            (state @ StepState::Failed { .. }, _) if !overtaken => {
                *state = initial_state(step, self.manifest.as_ref());
            }
            // Skipped because something before it failed, which is tried again now.
            (state @ StepState::Skipped { .. }, _) if step.skip.is_none() => {
                *state = initial_state(step, self.manifest.as_ref());
            }
            (StepState::Items(items), _) => {
                for item in items {
                    item.lose_answer(at);
                    item.rewind();
                    if !overtaken {
                        item.try_again(at);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn start_undo(&mut self, why: &str) -> Result<(), String> {
        if matches!(self.mode, Mode::Undoing { .. }) {
            return Err("it is being taken back already".into());
        }
        if self.is_past_the_point_of_no_return() {
            return Err("the point of no return is passed".into());
        }
        self.turn_back(why.to_owned(), None);
        Ok(())
    }

    /// The way back begins: attempts of the way out no longer count, waits that were asked for do.
    fn turn_back(&mut self, why: String, paused: Option<String>) {
        self.turned_back = Some(why.clone());
        self.mode = Mode::Undoing {
            why,
            stuck: None,
            paused,
        };
        for state in &mut self.steps {
            if let StepState::Items(items) = state {
                items.iter_mut().for_each(ItemState::rewind);
            }
        }
    }

    /// A failed step: noted, taken back from, or halted at. What needs a failed best-effort step is skipped.
    pub(super) fn step_failed(&mut self, position: usize, mendable: bool) {
        let step = &self.plan.steps[position];
        let id = step.id.clone();
        let paused = match &mut self.mode {
            Mode::Undoing { stuck, .. } => {
                if let StepState::Items(items) = &self.steps[position]
                    && items.iter().any(ItemState::is_stuck)
                {
                    *stuck = Some(id);
                }
                return;
            }
            Mode::Going => None,
            Mode::Paused { why } => Some(why.clone()),
            Mode::New | Mode::Halted { .. } | Mode::Ended(_) => {
                if step.weight == Weight::BestEffort {
                    self.skip_followers(position);
                }
                return;
            }
        };
        if step.weight == Weight::BestEffort {
            self.skip_followers(position);
        } else if mendable || self.is_past_the_point_of_no_return() {
            self.mode = Mode::Halted { step: id };
        } else {
            // The way back ends with what was planned: what went wrong is known from here only.
            let why = match self.failure_text(position).as_str() {
                "" => format!("{id} failed"),
                text => format!("{id} failed: {text}"),
            };
            self.turn_back(why, paused);
        }
    }

    /// Best-effort steps that need the failed one, directly or through others that are skipped.
    fn skip_followers(&mut self, position: usize) {
        let mut open = vec![position];
        while let Some(failed) = open.pop() {
            let reason = format!("{}, which it needs, failed", self.plan.steps[position].id);
            for at in 0..self.needed_by[failed].len() {
                let later = self.needed_by[failed][at];
                if self.plan.steps[later].weight == Weight::BestEffort
                    && !self.begun[later]
                    && !matches!(self.steps[later], StepState::Skipped { .. })
                {
                    self.steps[later] = StepState::Skipped {
                        reason: reason.clone(),
                    };
                    self.refresh(later);
                    open.push(later);
                }
            }
        }
    }

    pub(super) fn finish(&mut self, end: End, at: Timestamp) -> Result<(), String> {
        match self.next(at).rest {
            Rest::Ends(due) if due == end => {
                self.mode = Mode::Ended(end);
                Ok(())
            }
            rest => Err(format!("the run cannot end as {end:?}: it is {rest:?}")),
        }
    }
}

impl ItemState {
    fn is_stuck(&self) -> bool {
        matches!(self.undo, Undo::Failed { .. })
    }
}
