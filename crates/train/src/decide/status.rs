//! The state of a train for people: exceptions grouped by who can act, not a row for each member.

use super::{Radar, RadarItem, Situation, radar::days};
use crate::facts::{FixMatrix, OnLine};
use crate::model::{LineState, LineVersion, PhaseNow, ReleaseVersion};
use crate::pack::Rule;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// Everything that one screen shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Status {
    pub train: String,
    pub as_of: Timestamp,
    pub phase: PhaseNow,
    /// The release that leaves next.
    pub departure: Option<ReleaseVersion>,
    pub departs: Option<Timestamp>,
    pub days_left: Option<i64>,
    pub lines: Vec<LineNow>,
    /// What blocks the departure or is odd, by who can act; those with the most blockers first.
    pub groups: Vec<Group>,
    pub blockers: usize,
    pub members: usize,
    /// Members about which there is nothing to say.
    pub quiet: usize,
    /// Why nothing can be said about the departure.
    pub undecided: Option<String>,
    pub owed_fixes: Vec<OwedFix>,
    pub owed_merges: Vec<OwedMerge>,
}

/// A line at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LineNow {
    pub version: LineVersion,
    pub codename: Option<String>,
    pub branch: String,
    pub state: LineState,
    pub latest: Option<ReleaseVersion>,
    pub announced: Option<Timestamp>,
    pub end_of_life: Option<Timestamp>,
    /// Whole days until support ends; negative where it has ended.
    pub days_of_support: Option<i64>,
}

/// What the same people can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    /// Empty where train.toml names nobody.
    pub who: Vec<String>,
    pub items: Vec<RadarItem>,
}

/// A fix that a supported line lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OwedFix {
    pub repository: String,
    pub commit: Oid,
    pub subject: String,
    pub severity: Option<String>,
    /// The branch that lacks it.
    pub branch: String,
    pub since: Timestamp,
    /// Commits that may be it; a person has to say.
    pub maybe: Vec<Oid>,
    pub rule: Rule,
    pub way_out: Option<super::WayOut>,
}

/// Commits of a line that the main branch lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OwedMerge {
    pub repository: String,
    pub branch: String,
    pub into: String,
    pub commits: usize,
    pub since: Option<Timestamp>,
    pub rule: Rule,
    pub way_out: Option<super::WayOut>,
}

impl Status {
    /// One line for a chat.
    pub fn one_line(&self) -> String {
        let departure = match (&self.departure, self.days_left) {
            (Some(release), Some(days)) if days < 0 => format!("{release} is {} days late", -days),
            (Some(release), Some(days)) => format!("{release} leaves in {days} days"),
            (Some(release), None) => format!("{release} leaves next"),
            (None, _) => "no release is planned".to_owned(),
        };
        let blockers = match self.blockers {
            0 if self.undecided.is_some() => "what blocks it is not known".to_owned(),
            0 => "nothing blocks it".to_owned(),
            1 => "1 thing blocks it".to_owned(),
            more => format!("{more} things block it"),
        };
        let debts = self.owed_fixes.len() + self.owed_merges.len();
        let debts = if debts == 0 {
            String::new()
        } else {
            format!(", {debts} backports and merges are owed")
        };
        format!(
            "{}: {}, {departure}, {blockers}{debts}",
            self.train, self.phase.phase
        )
    }
}

impl Situation<'_> {
    /// The state of the train. `departs` is the day of the next departure, where it is not that of its line's announcement.
    pub fn status(&self, departs: Option<Timestamp>, fixes: &[FixMatrix]) -> Status {
        let departure = self.departure();
        let line = departure
            .as_ref()
            .and_then(|release| self.moment.line_of(release));
        let first = departure.as_ref().is_some_and(ReleaseVersion::is_first);
        let announced = line.and_then(|line| line.announced).filter(|_| first);
        let departs = departs.or(announced);
        let radar = departure
            .as_ref()
            .map(|release| self.radar(release, departs));
        let (radar, undecided) = match radar {
            Some(Ok(radar)) => (Some(radar), None),
            Some(Err(error)) => (None, Some(format!("{error}; {}", error.hint()))),
            None => (None, None),
        };
        let items = radar
            .as_ref()
            .map(|radar| radar.items.clone())
            .unwrap_or_default();
        let named: std::collections::BTreeSet<&str> =
            items.iter().map(|item| item.member.as_str()).collect();
        let (owed_fixes, owed_merges) = self.owed(fixes);
        Status {
            train: self.train.name.clone(),
            as_of: self.moment.at,
            phase: self.moment.phase.clone(),
            departs,
            days_left: departs.map(|departs| days(self.moment.at, departs)),
            lines: self.lines(),
            blockers: radar.iter().flat_map(Radar::blocking).count(),
            members: self.train.members.len(),
            quiet: self
                .train
                .members
                .iter()
                .filter(|member| !named.contains(member.name.as_str()))
                .count(),
            groups: grouped(items),
            departure,
            undecided,
            owed_fixes,
            owed_merges,
        }
    }

    /// Every line of the train.
    pub fn lines(&self) -> Vec<LineNow> {
        let line = |line: &crate::model::Line| {
            let end_of_life = self.moment.end_of_life(line);
            LineNow {
                version: line.version.clone(),
                codename: line.codename.clone(),
                branch: line.branch.clone(),
                state: self.moment.state(line),
                latest: self.moment.latest(line).cloned(),
                announced: line.announced,
                end_of_life,
                days_of_support: end_of_life.map(|end| days(self.moment.at, end)),
            }
        };
        self.train.lines.iter().map(line).collect()
    }

    /// Fixes with a severity that a supported line lacks, and lines whose commits the main branch lacks (G9).
    pub fn owed(&self, matrices: &[FixMatrix]) -> (Vec<OwedFix>, Vec<OwedMerge>) {
        let supported: Vec<&str> = self
            .train
            .lines
            .iter()
            .filter(|line| {
                matches!(
                    self.moment.state(line),
                    LineState::Active | LineState::Lts | LineState::PreRelease
                )
            })
            .map(|line| line.branch.as_str())
            .collect();
        let deny = crate::pack::Severity::Deny;
        let patch = self.pack.rule("support", "rule", "patch-releases", deny);
        let merge = self.pack.rule("events", "event", "forward-merge", deny);
        let mut fixes = Vec::new();
        let mut merges = Vec::new();
        for matrix in matrices {
            for fix in matrix.fixes.iter().filter(|fix| fix.severity.is_some()) {
                for (branch, on) in fix
                    .lines
                    .iter()
                    .filter(|(branch, _)| supported.contains(&branch.as_str()))
                {
                    let OnLine::Missing { since, maybe } = on else {
                        continue;
                    };
                    fixes.push(OwedFix {
                        repository: matrix.repository.clone(),
                        commit: fix.commit.clone(),
                        subject: fix.subject.clone(),
                        severity: fix.severity.clone(),
                        branch: branch.clone(),
                        since: *since,
                        maybe: maybe.iter().map(|link| link.commit.clone()).collect(),
                        rule: patch.clone(),
                        way_out: Some(super::WayOut::new(
                            super::Effort::Edit,
                            format!(
                                "git cherry-pick -x {} on {branch} of {}",
                                fix.commit, matrix.repository
                            ),
                        )),
                    });
                }
            }
            for owed in matrix
                .forward_merges
                .iter()
                .filter(|owed| !owed.owed.is_empty() && supported.contains(&owed.line.as_str()))
            {
                merges.push(OwedMerge {
                    repository: matrix.repository.clone(),
                    branch: owed.line.clone(),
                    into: owed.into.clone(),
                    commits: owed.owed.len(),
                    since: owed.since,
                    rule: merge.clone(),
                    way_out: Some(super::WayOut::new(
                        super::Effort::Edit,
                        format!(
                            "merge {} into {} in {}",
                            owed.line, owed.into, matrix.repository
                        ),
                    )),
                });
            }
        }
        (fixes, merges)
    }
}

fn grouped(items: Vec<RadarItem>) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<String>, Vec<RadarItem>> = BTreeMap::new();
    for item in items {
        groups.entry(item.who.clone()).or_default().push(item);
    }
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|(who, items)| Group { who, items })
        .collect();
    let blocking = |group: &Group| group.items.iter().filter(|item| item.blocks()).count();
    groups.sort_by(|a, b| {
        blocking(b)
            .cmp(&blocking(a))
            .then_with(|| a.who.cmp(&b.who))
    });
    groups
}
