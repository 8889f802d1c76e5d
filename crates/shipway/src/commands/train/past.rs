//! `shipway train replay` and `simulate`: what would have been said on each day, and what that says about the next departure.

use super::look;
use super::station::{Station, undecided};
use crate::cli::train::{ReplayArgs, SimulateArgs};
use crate::error::CommandError;
use crate::output::document;
use crate::output::train;
use crate::session::Session;
use shipway_core::time::{Millis, Timestamp};
use shipway_train::decide::{Change, Replay, Situation, Subject, Wanted};
use shipway_train::facts::TrainFacts;
use shipway_train::pack::Severity;
use shipway_train::simulate::{self, Past};
use std::borrow::Cow;

const DAY: Millis = Millis::seconds(86_400);
/// Longer spans are a slip.
const MOST_DAYS: u64 = 40 * 366;
/// How much past a simulation draws from.
const PAST: u64 = 366;

pub fn replay(session: &Session, station: &Station, args: &ReplayArgs) -> Result<(), CommandError> {
    let from = look::day(Some(&args.from))?.unwrap_or_default();
    let to = look::day(Some(&args.to))?.unwrap_or_default();
    if to < from || to.since(from).0 / DAY.0 > MOST_DAYS {
        return Err(CommandError::usage(format!(
            "{} to {} is no span of days",
            args.from, args.to
        ))
        .hinted("the first day comes before the last, at most forty years"));
    }
    let read = station.read(session);
    let replay = over(station, &read, from, to, Said::of);
    if session.screen.json {
        session.screen.json(&document::of_train("replay", &replay));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::replay(&replay, paint));
    }
    Ok(())
}

/// What the rules say on a day, without figures that change every day.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Said {
    pub phase: String,
    /// The newest release of each line.
    pub lines: Vec<(String, Option<String>)>,
    /// Where a change to the engine goes: change, wanted release, verdict, branch.
    pub engine: Vec<(Change, String, Severity, Option<String>)>,
    pub departure: Option<String>,
    /// Member and kind of what blocked it.
    pub blockers: Vec<(String, String)>,
}

impl Said {
    fn of(situation: &Situation<'_>) -> Self {
        let mut engine = Vec::new();
        for change in [Change::Bugfix, Change::Feature] {
            for word in ["cur.patch", "next.0", "next2.0", "lts.patch"] {
                let wanted = Wanted::Word(word.to_owned());
                if let Ok(place) = situation.place(Subject::Engine, change, &wanted) {
                    let branch = place.branch.map(|branch| branch.name);
                    engine.push((change, word.to_owned(), place.verdict, branch));
                }
            }
        }
        let departure = situation.departure();
        let radar = (departure.as_ref()).and_then(|release| situation.radar(release, None).ok());
        Self {
            phase: situation.moment.phase.phase.clone(),
            lines: (situation.lines().into_iter())
                .map(|line| {
                    let latest = line.latest.map(|release| release.to_string());
                    (line.version.to_string(), latest)
                })
                .collect(),
            engine,
            departure: departure.map(|release| release.to_string()),
            blockers: radar.as_ref().map(Past::question).unwrap_or_default(),
        }
    }
}

/// Asks every day of a span.
fn over<T: PartialEq>(
    station: &Station,
    read: &shipway_train::git::Train,
    from: Timestamp,
    to: Timestamp,
    ask: impl Fn(&Situation<'_>) -> T,
) -> Replay<T> {
    let days = to.since(from).0 / DAY.0;
    let facts = (0..=days)
        .map(|day| -> Cow<'_, TrainFacts> { Cow::Owned(read.at(from.after(Millis(day * DAY.0)))) });
    shipway_train::decide::replay(&station.train, &station.pack, facts, ask)
}

pub fn simulate(
    session: &Session,
    station: &Station,
    args: &SimulateArgs,
) -> Result<(), CommandError> {
    let departs = look::day(args.departs.as_deref())?;
    let read = station.read(session);
    let facts = read.at(station.at);
    let situation = station.situation(&facts);
    let release = situation.departure().ok_or_else(look::no_departure)?;
    let departs = departs.or_else(|| look::announced(&situation));
    let radar = situation
        .radar(&release, departs)
        .map_err(|error| undecided(&error))?;
    let from = Timestamp(station.at.0 - i64::try_from(PAST * DAY.0).unwrap_or(0));
    let past = over(station, &read, from, station.at, |day| {
        let release = day.departure();
        let radar = release.and_then(|release| day.radar(&release, None).ok());
        radar.as_ref().map(Past::question).unwrap_or_default()
    });
    let past = Past::of(&past);
    let open = simulate::open(&radar);
    let forecast = simulate::simulate(&past, &open, radar.days_left, args.runs, args.seed);
    if session.screen.json {
        session.screen.json(&document::of_train(
            "forecast",
            &serde_json::json!({"release": release, "departs": departs, "open": open, "forecast": forecast}),
        ));
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&train::forecast(&release, departs, &open, &forecast, paint));
    }
    Ok(())
}
