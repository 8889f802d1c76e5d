//! One item on its way out and on its way back.
//!
//! Invariants: an item that may be at its destination by our doing is never forgotten (`ours`), one that a destination
//! accepted is never sent again (`accepted`), and each function either changes the state or refuses, never both.

use crate::plan::Publish;
use crate::target::{Again, Failure, FailureKind, Item, Presence, Receipt, Reversal};
use crate::time::{Millis, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemState {
    pub item: Item,
    pub phase: Phase,
    pub undo: Undo,
    /// Publishing attempts since the run was last started or resumed.
    pub attempts: u32,
    /// The same for taking back.
    pub retracts: u32,
    /// Looks since the phase began that did not settle it.
    pub looks: u32,
    /// Looks that failed, one after the other.
    pub misses: u32,
    /// Nothing is tried before this.
    pub wait: Wait,
    /// Since when this item may be at the destination by our doing: an accepted attempt, or one whose answer was lost.
    pub ours: Option<Timestamp>,
    /// The destination said that it has it.
    pub accepted: bool,
    /// What the last attempt whose outcome was unknown ended with.
    pub doubt: Option<Failure>,
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
        /// Since when the destination may lag.
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

impl Phase {
    /// Whether it goes no further until somebody resumes.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Failed { .. } | Self::Conflict { .. } | Self::Limbo | Self::Doubtful
        )
    }

    /// Whether something was sent, and what became of it is still being found out.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Intent | Self::Unsure | Self::Accepted { .. })
    }

    /// Whether a person can say what became of it.
    pub fn is_asked(&self) -> bool {
        matches!(self, Self::Doubtful | Self::Limbo)
    }

    fn wants_look(&self) -> bool {
        matches!(self, Self::Planned | Self::Unsure | Self::Accepted { .. })
    }
}

/// Where an item is on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    Not,
    /// Read back, ours: can be taken back.
    Found,
    Intent,
    /// The answer was lost: look.
    Look,
    /// The destination says that it took it back: look.
    Taken,
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

/// What an item's change means for the run.
pub(crate) enum Effect {
    None,
    /// The step failed. `mendable`: a person can mend it without a new plan.
    Fails {
        mendable: bool,
    },
}

pub(crate) type Applied = Result<Effect, String>;

pub(super) fn is_mendable(kind: &FailureKind) -> bool {
    !matches!(kind, FailureKind::Permanent)
}

/// Whether the settling time has passed since then. Where the clock went back, it begins anew: waiting twice is a delay,
/// believing a stale "absent" is a second copy.
fn has_settled(since: &mut Timestamp, publish: &Publish, at: Timestamp) -> bool {
    *since = at.min(*since);
    at >= since.after(publish.settle)
}

/// Nothing came of any attempt. What the last one was answered is all that a person has to go by.
fn lost_without_a_trace(last: Option<Failure>) -> Failure {
    let what = "every attempt was lost without a trace";
    match last {
        Some(Failure { message, hint, .. }) => Failure {
            hint,
            ..Failure::transient(format!("{what}; the last one: {message}"))
        },
        None => Failure::transient(what),
    }
}

impl ItemState {
    pub fn new(item: Item) -> Self {
        Self {
            item,
            phase: Phase::Planned,
            undo: Undo::Not,
            attempts: 0,
            retracts: 0,
            looks: 0,
            misses: 0,
            wait: Wait::default(),
            ours: None,
            accepted: false,
            doubt: None,
            receipt: None,
        }
    }

    /// Whether it has to be taken back before the run can be called rolled back.
    pub fn must_go(&self, publish: &Publish) -> bool {
        publish.reversal == Reversal::Deletes
            && self.undo != Undo::Gone
            && (self.ours.is_some() || self.phase == Phase::Intent)
    }

    /// Attempts and waits no longer count: somebody resumed, or the way back began.
    pub fn rewind(&mut self) {
        self.attempts = 0;
        self.retracts = 0;
        self.looks = 0;
        self.misses = 0;
    }

    /// A crash: whatever was under way has lost its answer.
    pub fn lose_answer(&mut self, at: Timestamp) {
        if self.phase == Phase::Intent {
            self.phase = Phase::Unsure;
            self.ours = Some(at);
        }
        // Looked at once more: the world may have moved while nobody ran.
        if self.phase == Phase::Clear {
            self.phase = Phase::Planned;
        }
        match self.undo {
            // What could not be taken back is tried again.
            Undo::Intent | Undo::Failed { .. } => self.undo = Undo::Look,
            Undo::Found => self.undo = Undo::Not,
            _ => {}
        }
    }

    /// What failed may be tried again, from a look on. What was accepted is only looked for.
    pub fn try_again(&mut self, at: Timestamp) {
        if self.phase.is_failure() && self.phase != Phase::Doubtful {
            self.phase = if self.accepted {
                Phase::Accepted { at }
            } else if self.ours.is_some() {
                Phase::Unsure
            } else {
                Phase::Planned
            };
        }
    }

    fn look_later(&mut self, publish: &Publish, at: Timestamp, asked: Option<Millis>) {
        self.looks = self.looks.saturating_add(1);
        self.rest(publish, at, asked, self.looks);
    }

    /// A wait after so many tries, and no shorter than what the destination asked for.
    fn rest(&mut self, publish: &Publish, at: Timestamp, asked: Option<Millis>, tries: u32) {
        let own = publish.patience.wait_before(tries.saturating_add(1));
        self.wait = Wait {
            from: at,
            length: asked.map_or(own, |asked| asked.max(own)),
        };
    }

    fn fail(&mut self, failure: Failure) -> Effect {
        let mendable = is_mendable(&failure.kind);
        self.phase = Phase::Failed { failure };
        Effect::Fails { mendable }
    }

    fn fail_undo(&mut self, failure: Failure) -> Effect {
        self.undo = Undo::Failed { failure };
        Effect::Fails { mendable: true }
    }

    pub fn looked(&mut self, publish: &Publish, presence: &Presence, at: Timestamp) -> Applied {
        if !self.phase.wants_look() {
            return Err("it was not to be looked at".into());
        }
        match presence {
            Presence::Same { receipt } => {
                self.phase = Phase::Stands { read_back: true };
                self.receipt = Some(receipt.clone());
            }
            Presence::Different { found } => {
                self.phase = Phase::Conflict {
                    found: found.clone(),
                };
                return Ok(Effect::Fails { mendable: false });
            }
            Presence::Absent => return Ok(self.looked_absent(publish, at)),
            Presence::Unknown { .. } if publish.again == Again::Never => match self.phase {
                Phase::Accepted { .. } => self.phase = Phase::Stands { read_back: false },
                Phase::Unsure => {
                    self.phase = Phase::Doubtful;
                    return Ok(Effect::Fails { mendable: true });
                }
                _ => self.phase = Phase::Clear,
            },
            Presence::Unknown { why } => {
                return self.look_failed(publish, &Failure::transient(why.clone()), at);
            }
        }
        self.looks = 0;
        self.misses = 0;
        // It is over, also for a clock that was set back and catches up.
        self.wait = Wait::default();
        Ok(Effect::None)
    }

    fn looked_absent(&mut self, publish: &Publish, at: Timestamp) -> Effect {
        self.misses = 0;
        match &mut self.phase {
            Phase::Accepted { at: since } => {
                if self.looks >= 3 && has_settled(since, publish, at) {
                    self.phase = Phase::Limbo;
                    return Effect::Fails { mendable: true };
                }
                self.look_later(publish, at, None);
            }
            Phase::Unsure if publish.again == Again::Never => {
                self.phase = Phase::Doubtful;
                return Effect::Fails { mendable: true };
            }
            Phase::Unsure => {
                let since = self.ours.get_or_insert(at);
                let settled = has_settled(since, publish, at);
                let paused_for = if self.attempts == 0 {
                    Millis(0)
                } else {
                    publish.patience.wait_before(self.attempts + 1)
                };
                let spent = self.attempts >= publish.patience.attempts;
                let rested = at >= since.after(paused_for);
                if settled && spent {
                    let lost = lost_without_a_trace(self.doubt.take());
                    return self.fail(lost);
                }
                if !spent && rested && (settled || publish.again == Again::Harmless) {
                    self.phase = Phase::Clear;
                    self.looks = 0;
                    self.wait = Wait::default();
                } else {
                    self.look_later(publish, at, None);
                }
            }
            _ => {
                self.phase = Phase::Clear;
                self.looks = 0;
                self.wait = Wait::default();
            }
        }
        Effect::None
    }

    pub fn look_failed(&mut self, publish: &Publish, failure: &Failure, at: Timestamp) -> Applied {
        if !self.phase.wants_look() {
            return Err("it was not to be looked at".into());
        }
        let asked = match failure.kind {
            FailureKind::Transient { retry_after } => retry_after,
            FailureKind::Unknown | FailureKind::Taken => None,
            FailureKind::Denied | FailureKind::Permanent => return Ok(self.fail(failure.clone())),
        };
        self.misses = self.misses.saturating_add(1);
        // What was accepted has the whole settling time to become readable.
        let patient = match &mut self.phase {
            Phase::Accepted { at: since } => !has_settled(since, publish, at),
            _ => false,
        };
        // Also before giving up: whoever resumes keeps to what the destination asked for.
        self.look_later(publish, at, asked);
        if self.misses >= publish.patience.attempts && !patient {
            return Ok(self.fail(failure.clone()));
        }
        Ok(Effect::None)
    }

    /// A look failed whose answer no longer matters; when the destination wants to be asked again does.
    pub fn look_refused(&mut self, publish: &Publish, failure: &Failure, at: Timestamp) {
        if let FailureKind::Transient { retry_after } = failure.kind {
            self.rest(publish, at, retry_after, 1);
        }
    }

    pub fn accepted(&mut self, receipt: &Receipt, at: Timestamp) -> Applied {
        if self.phase != Phase::Intent {
            return Err("it was not being published".into());
        }
        self.phase = Phase::Accepted { at };
        self.accepted = true;
        self.ours = Some(at);
        self.receipt = Some(receipt.clone());
        self.looks = 0;
        self.misses = 0;
        self.wait = Wait::default();
        Ok(Effect::None)
    }

    pub fn refused(&mut self, publish: &Publish, failure: &Failure, at: Timestamp) -> Applied {
        if self.phase != Phase::Intent {
            return Err("it was not being published".into());
        }
        match &failure.kind {
            // Nothing of ours can be there: looked at once more, and tried once more, before the refusal is believed.
            FailureKind::Taken if self.ours.is_none() => {
                if self.attempts >= 2 {
                    return Ok(self.fail(Failure {
                        kind: FailureKind::Permanent,
                        ..failure.clone()
                    }));
                }
                self.rest(publish, at, None, self.attempts);
                self.phase = Phase::Planned;
                Ok(Effect::None)
            }
            FailureKind::Taken | FailureKind::Unknown => {
                self.doubt = Some(failure.clone());
                self.ours = Some(at);
                self.phase = Phase::Unsure;
                self.looks = 0;
                self.misses = 0;
                self.wait = Wait::default();
                Ok(Effect::None)
            }
            FailureKind::Transient { retry_after } => {
                self.rest(publish, at, *retry_after, self.attempts);
                if self.attempts >= publish.patience.attempts {
                    return Ok(self.fail(failure.clone()));
                }
                // Looked at again before the next attempt: somebody else may have been faster.
                self.phase = Phase::Planned;
                Ok(Effect::None)
            }
            FailureKind::Permanent | FailureKind::Denied => Ok(self.fail(failure.clone())),
        }
    }

    /// A look on the way back.
    pub fn look_back(&mut self, publish: &Publish, presence: &Presence, at: Timestamp) -> Applied {
        if !self.must_go(publish) {
            // A look that was under way when the way back began: it says nothing that matters any more.
            return Ok(Effect::None);
        }
        self.is_looked_back_at()?;
        match presence {
            Presence::Same { receipt } => {
                self.misses = 0;
                if matches!(self.undo, Undo::Look | Undo::Taken) {
                    // Taken back and still there: the destination lags, or the answer was lost before the effect.
                    if self.looks < 3 {
                        self.look_later(publish, at, None);
                        return Ok(Effect::None);
                    }
                    if self.retracts >= publish.patience.attempts {
                        let failure = Failure::transient("it is still there after every attempt");
                        return Ok(self.fail_undo(failure));
                    }
                }
                self.receipt = Some(receipt.clone());
                self.undo = Undo::Found;
                self.looks = 0;
                self.wait = Wait::default();
            }
            Presence::Absent => {
                self.misses = 0;
                let settled = has_settled(self.ours.get_or_insert(at), publish, at);
                if self.undo == Undo::Taken || settled {
                    self.undo = Undo::Gone;
                } else {
                    self.look_later(publish, at, None);
                }
            }
            // Somebody else's by now: never ours to take back.
            Presence::Different { .. } => self.undo = Undo::Gone,
            Presence::Unknown { why } => {
                return self.look_back_failed(publish, &Failure::transient(why.clone()), at);
            }
        }
        Ok(Effect::None)
    }

    pub fn look_back_failed(
        &mut self,
        publish: &Publish,
        failure: &Failure,
        at: Timestamp,
    ) -> Applied {
        if !self.must_go(publish) {
            return Ok(Effect::None);
        }
        self.is_looked_back_at()?;
        self.misses = self.misses.saturating_add(1);
        let asked = match failure.kind {
            FailureKind::Transient { retry_after } => retry_after,
            FailureKind::Unknown | FailureKind::Taken => None,
            FailureKind::Denied | FailureKind::Permanent => {
                return Ok(self.fail_undo(failure.clone()));
            }
        };
        self.look_later(publish, at, asked);
        if self.misses >= publish.patience.attempts {
            return Ok(self.fail_undo(failure.clone()));
        }
        Ok(Effect::None)
    }

    fn is_looked_back_at(&self) -> Result<(), String> {
        if self.phase != Phase::Intent && matches!(self.undo, Undo::Not | Undo::Look | Undo::Taken)
        {
            Ok(())
        } else {
            Err("it was not to be looked at".into())
        }
    }

    pub fn retract_intent(&mut self, publish: &Publish) -> Applied {
        if self.undo != Undo::Found || !self.must_go(publish) {
            return Err("it was not found to be ours".into());
        }
        self.undo = Undo::Intent;
        self.retracts = self.retracts.saturating_add(1);
        Ok(Effect::None)
    }

    pub fn retracted(&mut self) -> Applied {
        if self.undo != Undo::Intent {
            return Err("it was not being taken back".into());
        }
        self.undo = Undo::Taken;
        self.looks = 0;
        self.misses = 0;
        self.wait = Wait::default();
        Ok(Effect::None)
    }

    pub fn retract_failed(
        &mut self,
        publish: &Publish,
        failure: &Failure,
        at: Timestamp,
    ) -> Applied {
        if self.undo != Undo::Intent {
            return Err("it was not being taken back".into());
        }
        match &failure.kind {
            FailureKind::Unknown | FailureKind::Taken => {
                self.undo = Undo::Look;
                self.looks = 0;
                self.misses = 0;
                self.wait = Wait::default();
                Ok(Effect::None)
            }
            FailureKind::Transient { retry_after } => {
                self.rest(publish, at, *retry_after, self.retracts);
                if self.retracts >= publish.patience.attempts {
                    return Ok(self.fail_undo(failure.clone()));
                }
                // Looked at again before the next attempt.
                self.undo = Undo::Not;
                Ok(Effect::None)
            }
            FailureKind::Permanent | FailureKind::Denied => Ok(self.fail_undo(failure.clone())),
        }
    }
}
