//! The chance to leave on time, from the train's own past.
//!
//! The method, in three sentences. How long each kind of blocker stayed open in the past is a list of days (the empirical
//! distribution, nothing is fitted). A trial draws for every blocker of today one of the past lengths of its kind that is at
//! least its age, takes what is left of it, and departs when the last blocker is gone; where no past one was as old, it takes
//! its age again. The chance is the share of trials that depart by the day, in thousandths; the same seed gives the same answer.

use crate::decide::{Radar, Replay};
use serde::{Deserialize, Serialize};
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// How many days each kind of blocker stayed open, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Past {
    pub days: BTreeMap<String, Vec<u32>>,
}

/// A blocker of today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Open {
    pub member: String,
    pub kind: String,
    /// Days since it began; 0 where that is not known.
    pub age: u32,
}

/// What the trials gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Forecast {
    pub trials: u32,
    pub seed: u64,
    pub blockers: usize,
    /// Past blockers that it draws from.
    pub observations: usize,
    /// Share of trials that left by the day, in thousandths. `None` where there is no day, or no past to draw from.
    pub on_time: Option<u32>,
    /// Days from now until half of the trials, and nine of ten, have left.
    pub half: Option<u32>,
    pub nine_of_ten: Option<u32>,
    /// The blocker that was the last one most often, and in how many thousandths of the trials.
    pub slowest: Option<(String, u32)>,
}

const MOST_TRIALS: u32 = 100_000;

impl Past {
    /// Lengths of the blockers of a replay: from the first day that names one until the first that does not.
    ///
    /// Those that are open at the end are left out: how long they stay is not known yet.
    pub fn of(replay: &Replay<Vec<(String, String)>>) -> Self {
        let mut open: BTreeMap<(String, String), Timestamp> = BTreeMap::new();
        let mut past = Self::default();
        for day in &replay.changes {
            let gone: Vec<(String, String)> = open
                .keys()
                .filter(|item| !day.answer.contains(item))
                .cloned()
                .collect();
            for item in gone {
                if let Some(since) = open.remove(&item) {
                    let days = day.at.since(since).0 / 86_400_000;
                    past.days
                        .entry(item.1)
                        .or_default()
                        .push(u32::try_from(days).unwrap_or(u32::MAX));
                }
            }
            for item in &day.answer {
                open.entry(item.clone()).or_insert(day.at);
            }
        }
        for days in past.days.values_mut() {
            days.sort_unstable();
        }
        past
    }

    /// What a replay has to ask of each day for [`Past::of`]: member and kind of every blocker.
    pub fn question(radar: &Radar) -> Vec<(String, String)> {
        let mut items: Vec<(String, String)> = radar
            .blocking()
            .map(|item| (item.member.clone(), item.trouble.kind().to_owned()))
            .collect();
        items.sort();
        items.dedup();
        items
    }

    fn count(&self) -> usize {
        self.days.values().map(Vec::len).sum()
    }

    /// Past lengths of a kind that are at least `age`; of every kind where that kind was never seen.
    fn like(&self, kind: &str, age: u32) -> Vec<u32> {
        let mut lengths: Vec<u32> = match self.days.get(kind) {
            Some(days) => days.clone(),
            None => self.days.values().flatten().copied().collect(),
        };
        lengths.retain(|days| *days >= age);
        lengths
    }
}

/// The blockers of a radar, with their ages.
pub fn open(radar: &Radar) -> Vec<Open> {
    radar
        .blocking()
        .map(|item| Open {
            member: item.member.clone(),
            kind: item.trouble.kind().to_owned(),
            age: item.since.map_or(0, |since| {
                u32::try_from(radar.as_of.since(since).0 / 86_400_000).unwrap_or(u32::MAX)
            }),
        })
        .collect()
}

/// Runs the trials.
pub fn simulate(
    past: &Past,
    open: &[Open],
    days_left: Option<i64>,
    trials: u32,
    seed: u64,
) -> Forecast {
    let trials = trials.clamp(1, MOST_TRIALS);
    let mut forecast = Forecast {
        trials,
        seed,
        blockers: open.len(),
        observations: past.count(),
        on_time: None,
        half: None,
        nine_of_ten: None,
        slowest: None,
    };
    if open.is_empty() {
        forecast.on_time = days_left.map(|left| if left >= 0 { 1000 } else { 0 });
        (forecast.half, forecast.nine_of_ten) = (Some(0), Some(0));
        return forecast;
    }
    if forecast.observations == 0 {
        return forecast;
    }
    let lengths: Vec<Vec<u32>> = open
        .iter()
        .map(|one| past.like(&one.kind, one.age))
        .collect();
    let mut random = SplitMix(seed);
    let mut departures: Vec<u32> = Vec::with_capacity(trials as usize);
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..trials {
        let mut worst = (0, "");
        for (one, lengths) in open.iter().zip(&lengths) {
            let left = match lengths.len() {
                0 => one.age,
                count => lengths[random.below(count)].saturating_sub(one.age),
            };
            if left > worst.0 || worst.1.is_empty() {
                worst = (left, one.member.as_str());
            }
        }
        departures.push(worst.0);
        *last.entry(worst.1).or_default() += 1;
    }
    departures.sort_unstable();
    let share = |count: usize| u32::try_from(count * 1000 / departures.len()).unwrap_or(1000);
    forecast.on_time =
        days_left.map(|left| share(departures.partition_point(|days| i64::from(*days) <= left)));
    let at = |thousandths: usize| {
        departures
            .get((departures.len() * thousandths / 1000).min(departures.len() - 1))
            .copied()
    };
    (forecast.half, forecast.nine_of_ten) = (at(500), at(900));
    let slowest = last.iter().max_by_key(|(_, count)| **count);
    forecast.slowest =
        slowest.map(|(member, count)| ((*member).to_owned(), share(*count as usize)));
    forecast
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): small, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`, which is not 0. The bias for lists of this length is below one in 2^50.
    fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        usize::try_from(self.next() % count).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Day;

    fn past(days: &[u32]) -> Past {
        Past {
            days: BTreeMap::from([("pin".to_owned(), days.to_vec())]),
        }
    }

    fn blocker(member: &str, age: u32) -> Open {
        Open {
            member: member.to_owned(),
            kind: "pin".to_owned(),
            age,
        }
    }

    #[test]
    fn what_always_took_three_days_takes_three_days() {
        let forecast = simulate(&past(&[3, 3, 3]), &[blocker("a", 1)], Some(2), 1000, 7);
        assert_eq!(
            (forecast.on_time, forecast.half, forecast.nine_of_ten),
            (Some(1000), Some(2), Some(2))
        );
        let late = simulate(&past(&[3, 3, 3]), &[blocker("a", 1)], Some(1), 1000, 7);
        assert_eq!(late.on_time, Some(0));
        assert_eq!(late.slowest, Some(("a".to_owned(), 1000)));
    }

    #[test]
    fn two_coins_are_on_time_in_a_quarter_of_the_trials() {
        let open = [blocker("a", 0), blocker("b", 0)];
        let forecast = simulate(&past(&[1, 9]), &open, Some(5), 20_000, 1);
        let share = forecast.on_time.unwrap();
        assert!((235..=265).contains(&share), "{share}");
        assert_eq!(
            forecast,
            simulate(&past(&[1, 9]), &open, Some(5), 20_000, 1)
        );
        assert_ne!(
            forecast.on_time,
            simulate(&past(&[1, 9]), &open, Some(5), 20_000, 2)
                .on_time
                .map(|share| share + 1000)
        );
    }

    #[test]
    fn without_a_past_nothing_is_promised() {
        assert_eq!(
            simulate(&Past::default(), &[blocker("a", 1)], Some(5), 10, 1).on_time,
            None
        );
        assert_eq!(
            simulate(&Past::default(), &[], Some(5), 10, 1).on_time,
            Some(1000)
        );
        assert_eq!(
            simulate(&Past::default(), &[], Some(-1), 10, 1).on_time,
            Some(0)
        );
        // Older than anything before: as long again.
        assert_eq!(
            simulate(&past(&[2]), &[blocker("a", 10)], Some(9), 10, 1).half,
            Some(10)
        );
    }

    #[test]
    fn the_past_is_read_from_a_replay() {
        let item = |member: &str| (member.to_owned(), "pin".to_owned());
        let day = |days: i64, answer: Vec<(String, String)>| Day {
            at: Timestamp(days * 86_400_000),
            answer,
        };
        let replay = Replay {
            days: 9,
            changes: vec![
                day(0, vec![]),
                day(1, vec![item("a")]),
                day(3, vec![item("a"), item("b")]),
                day(6, vec![item("b")]),
            ],
        };
        assert_eq!(
            Past::of(&replay).days,
            BTreeMap::from([("pin".to_owned(), vec![5])])
        );
    }
}
