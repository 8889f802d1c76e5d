//! The outside: destinations with state that fail in every way a destination can fail.

use super::dice::Dice;
use shipway_core::digest::Digest;
use shipway_core::event::ItemName;
use shipway_core::name::StepId;
use shipway_core::plan::Publish;
use shipway_core::target::{Again, Failure, Item, Presence, Receipt};
use shipway_core::time::Millis;
use std::collections::BTreeMap;

pub type Key = (StepId, ItemName);

/// What stands at a destination.
#[derive(Clone, Debug)]
pub struct Thing {
    pub copies: u32,
    pub digest: Digest,
    /// There before the run began.
    pub foreign: bool,
    /// True time since when it stands.
    pub since: u64,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub things: BTreeMap<Key, Thing>,
    /// True time since when a thing is gone.
    gone: BTreeMap<Key, u64>,
    /// True time before which the destination does not want to be asked, and the clock's set-backs when it said so.
    pub not_before: BTreeMap<Key, (u64, u32)>,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    EffectThenLost,
    LostBeforeEffect,
    Transient,
    Later,
    Permanent,
    Denied,
    Taken,
}

impl Fault {
    pub fn roll(dice: &mut Dice) -> Self {
        [
            Self::EffectThenLost,
            Self::EffectThenLost,
            Self::LostBeforeEffect,
            Self::LostBeforeEffect,
            Self::Transient,
            Self::Later,
            Self::Permanent,
            Self::Denied,
            Self::Taken,
        ][dice.below(9)]
    }

    pub fn failure(self) -> Failure {
        match self {
            Self::EffectThenLost | Self::LostBeforeEffect => Failure::unknown("answer lost"),
            Self::Transient => Failure::transient("busy"),
            Self::Later => Failure::later("busy", Millis(20_000)),
            Self::Permanent => Failure::permanent("never"),
            Self::Denied => Failure::denied("who are you"),
            Self::Taken => Failure::taken("no, or there already"),
        }
    }
}

impl World {
    pub fn put_foreign(&mut self, key: Key, digest: Digest) {
        let thing = Thing {
            copies: 1,
            digest,
            foreign: true,
            since: 0,
        };
        self.things.insert(key, thing);
    }

    pub fn observe(
        &self,
        key: &Key,
        publish: &Publish,
        item: &Item,
        now: u64,
        dice: &mut Dice,
    ) -> Presence {
        if publish.again == Again::Never {
            return Presence::Unknown {
                why: "it cannot be looked at".into(),
            };
        }
        let lags = |since: u64| now < since + publish.settle.0;
        match self.things.get(key) {
            Some(thing) if !thing.foreign && lags(thing.since) && dice.one_in(2) => {
                Presence::Absent
            }
            Some(thing) if thing.digest != item.digest => Presence::Different {
                found: thing.digest.to_string(),
            },
            Some(_) => Presence::Same {
                receipt: receipt(key),
            },
            None => match self.gone.get(key) {
                Some(&since) if lags(since) && dice.one_in(2) => Presence::Same {
                    receipt: receipt(key),
                },
                _ => Presence::Absent,
            },
        }
    }

    /// The effect of publishing, whatever becomes of the answer.
    pub fn publish(&mut self, key: &Key, publish: &Publish, item: &Item, now: u64) {
        let thing = self.things.entry(key.clone()).or_insert_with(|| Thing {
            copies: 0,
            digest: item.digest.clone(),
            foreign: false,
            since: now,
        });
        if thing.copies == 0 || publish.again != Again::Harmless {
            thing.copies += 1;
        }
    }

    pub fn retract(&mut self, key: &Key, now: u64) {
        if self.things.remove(key).is_some() {
            self.gone.insert(key.clone(), now);
        }
    }
}

pub fn receipt(key: &Key) -> Receipt {
    Receipt {
        id: format!("{}/{}", key.0, key.1),
        url: None,
    }
}
