//! Trains on a common calendar: components by models, deadlines by what they are, series by their states.
//!
//! The facts are those of a releases repository: one file for each deliverable and series, the states of the series, and a
//! schedule. Names in them are matched with the words of the pack; a name that the pack does not know is a finding.

mod check;
mod due;
#[cfg(test)]
mod tests;

pub use due::Due;

use super::{Change, Effort, Undecided, WayOut};
use crate::facts::{Deliverable, ReleasesFacts, Series, Unknown};
use crate::pack::{NoAnswer, Pack, Rule, Severity};
use serde::{Deserialize, Serialize};
use shipway_core::config::document::closest;
use shipway_core::time::{Millis, Timestamp};

/// The directory of what belongs to no series.
pub(super) const INDEPENDENT: &str = "_independent";

/// Everything that decisions about a calendar are made from.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    pub pack: &'a Pack,
    pub facts: &'a ReleasesFacts,
    pub now: Timestamp,
}

/// A series at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SeriesNow {
    pub name: String,
    pub release_id: Option<String>,
    /// A word of the pack; what the file says where the pack does not know it.
    pub state: String,
    pub released: Option<Timestamp>,
    /// The state that comes next, and when.
    pub next: Option<(String, Timestamp)>,
    /// The phase, for the series in development.
    pub phase: Option<String>,
}

/// All of one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CycleReport {
    pub as_of: Timestamp,
    pub series: Vec<SeriesNow>,
    /// Deliverables that were looked at.
    pub deliverables: usize,
    /// The strictest first.
    pub findings: Vec<CycleFinding>,
    /// What is due in the series in development, the next first; what is done is not here.
    pub due: Vec<Due>,
    /// What could not be read.
    pub unread: Vec<Unknown>,
}

/// Something about a deliverable that is not as the rules want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CycleFinding {
    pub series: String,
    pub deliverable: String,
    /// The line of its file; 0 for the whole file.
    pub line: u32,
    pub team: Option<String>,
    pub severity: Severity,
    /// A sentence without full stop.
    pub what: String,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// Where a change to a component goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CyclePlace {
    pub deliverable: String,
    pub series: String,
    pub change: Change,
    pub wanted: String,
    pub verdict: Severity,
    pub branch: Option<String>,
    /// Whether a release can follow it, by the state of the series.
    pub released: bool,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// A day as the files write it.
fn day(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text)
}

/// The pack writes words with `-`, the files with spaces.
fn word(text: &str) -> String {
    text.trim().replace([' ', '_'], "-").to_lowercase()
}

impl<'a> Calendar<'a> {
    pub fn new(pack: &'a Pack, facts: &'a ReleasesFacts, now: Timestamp) -> Self {
        Self { pack, facts, now }
    }

    /// The state of a series by then: what the file says, or what it announces where that date has passed.
    pub fn state(&self, series: &Series) -> String {
        let due = series
            .next_phase
            .as_ref()
            .filter(|(_, date)| day(date).is_some_and(|date| date <= self.now));
        word(due.map_or(series.status.as_str(), |(state, _)| state.as_str()))
    }

    /// The series in development.
    pub fn current(&self) -> Option<&'a Series> {
        self.facts
            .series
            .iter()
            .find(|series| self.state(series) == "development")
    }

    fn series_named(&self, name: &str) -> Option<&'a Series> {
        let of = |series: &&Series| {
            series.name.eq_ignore_ascii_case(name) || series.release_id.as_deref() == Some(name)
        };
        self.facts.series.iter().find(of)
    }

    /// The phase of a series by its schedule: the last one whose week has begun.
    pub fn phase(&self, series: &Series) -> Result<String, NoAnswer> {
        let mut phase = self
            .pack
            .words("phase")
            .first()
            .cloned()
            .unwrap_or_default();
        for one in self.pack.words("phase") {
            let row = self.pack.ask("phases", &[("phase", one)])?;
            let begun = row
                .answer("opens-by")
                .and_then(|event| self.week(&series.name, event));
            if begun.is_some_and(|begun| begun <= self.now) {
                phase.clone_from(one);
            }
        }
        Ok(phase)
    }

    /// The Monday of the week that an event of a series stands in.
    fn week(&self, series: &str, event: &str) -> Option<Timestamp> {
        let schedule = self.facts.schedules.get(series)?;
        let letter = series.chars().next()?;
        let named = |one: &String| {
            one.strip_prefix(letter)
                .and_then(|rest| rest.strip_prefix('-'))
                == Some(event)
        };
        let week = schedule
            .weeks
            .iter()
            .find(|week| week.events.iter().any(named))?;
        day(&week.start)
    }

    /// Every series of the file.
    pub fn series(&self) -> Vec<SeriesNow> {
        let now = |series: &Series| {
            let state = self.state(series);
            let develops = state == "development";
            SeriesNow {
                name: series.name.clone(),
                release_id: series.release_id.clone(),
                phase: develops.then(|| self.phase(series).ok()).flatten(),
                state,
                released: series
                    .initial_release
                    .as_deref()
                    .and_then(day)
                    .filter(|date| *date <= self.now),
                next: series
                    .next_phase
                    .as_ref()
                    .and_then(|(state, date)| Some((word(state), day(date)?)))
                    .filter(|(_, date)| *date > self.now),
            }
        };
        self.facts.series.iter().map(now).collect()
    }

    /// Everything that is not as the rules want it, of one series or of all, and what is due.
    ///
    /// # Errors
    /// No such series.
    pub fn report(&self, only: Option<&str>) -> Result<CycleReport, Undecided> {
        let only = only.map(|name| self.need(name)).transpose()?;
        let mine = |deliverable: &&Deliverable| {
            only.is_none_or(|series| series.name == deliverable.series)
        };
        let deliverables: Vec<&Deliverable> = self.facts.deliverables.iter().filter(mine).collect();
        let mut findings = Vec::new();
        for deliverable in &deliverables {
            check::deliverable(self, deliverable, &mut findings);
        }
        findings.sort_by(|a, b| {
            let key = |one: &CycleFinding| {
                (
                    std::cmp::Reverse(one.severity),
                    one.series.clone(),
                    one.deliverable.clone(),
                    one.line,
                )
            };
            key(a).cmp(&key(b))
        });
        let current = self
            .current()
            .filter(|series| only.is_none_or(|only| only.name == series.name));
        Ok(CycleReport {
            as_of: self.now,
            series: self.series(),
            deliverables: deliverables.len(),
            findings,
            due: current
                .map(|series| due::due(self, series))
                .unwrap_or_default(),
            unread: self.facts.problems.clone(),
        })
    }

    fn need(&self, name: &str) -> Result<&'a Series, Undecided> {
        self.series_named(name).ok_or_else(|| {
            let known: Vec<&str> = self
                .facts
                .series
                .iter()
                .map(|series| series.name.as_str())
                .collect();
            Undecided::Series {
                name: name.chars().take(60).collect(),
                meant: closest(name, &known).map(str::to_owned),
                known: known
                    .iter()
                    .take(5)
                    .map(|name| (*name).to_owned())
                    .collect(),
            }
        })
    }

    fn find(&self, series: &str, name: &str) -> Option<&'a Deliverable> {
        let at = self
            .facts
            .deliverables
            .binary_search_by(|one| (one.series.as_str(), one.name.as_str()).cmp(&(series, name)));
        at.ok().map(|at| &self.facts.deliverables[at])
    }

    /// Where a change to a deliverable goes that is wanted in a series, by name or release id.
    ///
    /// # Errors
    /// No such series or deliverable, or its model or type is not known to the pack.
    pub fn place(&self, name: &str, change: Change, wanted: &str) -> Result<CyclePlace, Undecided> {
        let series = self.need(wanted)?;
        let newest = || {
            let of = |series: &&Series| self.find(&series.name, name).is_some();
            self.facts
                .series
                .iter()
                .find(of)
                .and_then(|series| self.find(&series.name, name))
        };
        let deliverable = self
            .find(&series.name, name)
            .or_else(newest)
            .or_else(|| self.find(INDEPENDENT, name));
        let Some(deliverable) = deliverable else {
            let mut known: Vec<&str> = self
                .facts
                .deliverables
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            known.dedup();
            return Err(Undecided::Deliverable {
                name: name.chars().take(60).collect(),
                meant: closest(name, &known).map(str::to_owned),
            });
        };
        let independent = deliverable.series == INDEPENDENT;
        let model = deliverable.model.clone().unwrap_or_else(|| {
            if independent {
                "independent".to_owned()
            } else {
                String::new()
            }
        });
        let state = self.state(series);
        let token = self.token(series, &state);
        let develops = self.current();
        let has = |series: Option<&Series>| {
            series.is_some_and(|series| self.stable(series, name).is_some())
        };
        let released = self
            .facts
            .series
            .iter()
            .find(|series| self.state(series) == "maintained");
        let kind = match (has(develops), has(released)) {
            (true, _) => "three",
            (false, true) => "two",
            (false, false) => "single",
        };
        let question = [
            (
                "phase",
                develops
                    .and_then(|series| self.phase(series).ok())
                    .unwrap_or_default(),
            ),
            ("model", model),
            ("component", deliverable.kind.clone().unwrap_or_default()),
            ("type", kind.to_owned()),
            (
                "lts-branch",
                if has(Some(series)) { "yes" } else { "no" }.to_owned(),
            ),
            ("change", change.as_str().to_owned()),
            ("wanted", token.to_owned()),
        ];
        let question: Vec<(&str, &str)> = question
            .iter()
            .map(|(axis, word)| (*axis, word.as_str()))
            .collect();
        let mut row = self.pack.ask("member-change", &question)?;
        let state_row = self.pack.ask("series", &[("state", &state)])?;
        // A series that is over takes nothing, whatever the component.
        if state_row.answer("fixes") == Some("none") && state == "end-of-life" {
            row = state_row;
        }
        let branch =
            row.answer("branch")
                .filter(|_| row.severity.passes())
                .map(|token| match token {
                    "main" => "master".to_owned(),
                    "next" => {
                        develops.map_or_else(String::new, |series| self.branch_name(series, name))
                    }
                    _ => self.branch_name(series, name),
                });
        let way_out = (row.severity > Severity::Warn).then(|| self.way_out(row.answer("instead")));
        Ok(CyclePlace {
            deliverable: name.to_owned(),
            series: series.name.clone(),
            change,
            wanted: token.to_owned(),
            verdict: row.severity,
            branch,
            released: row.severity.passes()
                && (independent || state_row.severity.passes() || token == "next2.0"),
            rule: row.rule(),
            way_out,
        })
    }

    /// The word of the rules for a series.
    fn token(&self, series: &Series, state: &str) -> &'static str {
        let newest = self
            .facts
            .series
            .iter()
            .find(|one| self.state(one) == "maintained");
        match state {
            "development" => "next.0",
            "future" => "next2.0",
            _ if newest.is_some_and(|newest| newest.name == series.name) => "cur.patch",
            _ => "lts.patch",
        }
    }

    /// The stable branch of a deliverable for a series, as its file names it.
    fn stable(&self, series: &Series, name: &str) -> Option<&'a str> {
        let ends = |branch: &str| {
            let rest = branch.split_once('/').map_or("", |(_, rest)| rest);
            rest.eq_ignore_ascii_case(&series.name) || series.release_id.as_deref() == Some(rest)
        };
        let deliverable = self
            .find(&series.name, name)
            .or_else(|| self.find(INDEPENDENT, name))?;
        deliverable
            .branches
            .iter()
            .map(|branch| branch.name.as_str())
            .find(|branch| ends(branch))
    }

    fn branch_name(&self, series: &Series, name: &str) -> String {
        let written = self.stable(series, name).map(str::to_owned);
        let id = series.release_id.as_deref().unwrap_or(&series.name);
        match (self.state(series).as_str(), written) {
            // What is no longer maintained keeps its branch under another prefix.
            ("unmaintained", _) => format!("unmaintained/{id}"),
            (_, Some(written)) => written,
            (_, None) => format!("stable/{id}"),
        }
    }

    fn way_out(&self, instead: Option<&str>) -> WayOut {
        let series = |state: &str| {
            self.facts
                .series
                .iter()
                .find(|series| self.state(series) == state)
                .map(|series| series.name.clone())
        };
        let named = match instead {
            Some("next.0") => series("development"),
            Some("next2.0") => series("future").or_else(|| Some("the series after it".to_owned())),
            Some("cur.patch") => series("maintained"),
            _ => None,
        };
        match named {
            Some(series) => WayOut::new(Effort::OtherRelease, format!("ask for {series}")),
            None => WayOut::new(
                Effort::Person,
                "ask the team's lead for an exception, on record",
            ),
        }
    }
}

/// The end of the Thursday of a week, where deadlines lie.
fn thursday(monday: Timestamp) -> Timestamp {
    monday.after(Millis::seconds(4 * 86_400))
}
