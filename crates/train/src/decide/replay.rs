//! What the rules would have said on each day (G12): decisions are pure, so the past is a fold.

use super::Situation;
use crate::facts::TrainFacts;
use crate::model::Train;
use crate::pack::Pack;
use serde::{Deserialize, Serialize};
use shipway_core::time::Timestamp;

/// Days and what was said on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replay<T> {
    /// How many days were asked.
    pub days: usize,
    /// The days on which the answer changed, the first among them.
    pub changes: Vec<Day<T>>,
}

/// An answer, and from which day on it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Day<T> {
    pub at: Timestamp,
    pub answer: T,
}

/// Asks the same of every day, and keeps the days on which the answer changed.
///
/// Facts come one by one, in the order of their dates, so that a year of a large train need not be in memory.
pub fn replay<'f, T: PartialEq>(
    train: &Train,
    pack: &Pack,
    days: impl Iterator<Item = std::borrow::Cow<'f, TrainFacts>>,
    ask: impl Fn(&Situation<'_>) -> T,
) -> Replay<T> {
    let mut replay = Replay {
        days: 0,
        changes: Vec::new(),
    };
    for facts in days {
        replay.days += 1;
        let answer = ask(&Situation::new(train, pack, &facts));
        if replay
            .changes
            .last()
            .is_none_or(|last| last.answer != answer)
        {
            replay.changes.push(Day {
                at: facts.as_of,
                answer,
            });
        }
    }
    replay
}
