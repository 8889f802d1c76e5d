//! What the words of the rules mean at a date: which line is the current one, which is next, and which phase it is.
//!
//! Tags decide what is released; announced dates only where the engine's repository could not be read. Phases come from what
//! was declared and from what git shows: the first release of a line ends a cycle, the branch of the next line opens its
//! pre-release where the pack says that one does the other.

use super::{Line, LineVersion, ReleaseVersion, Support, Train};
use crate::facts::{Known, TrainFacts};
use crate::pack::Pack;
use serde::{Deserialize, Serialize};
use shipway_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// A year of support, where the end is not written down.
const YEAR: Millis = Millis::seconds(365 * 86_400);

/// What is known of lines and phases at a date.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    pub at: Timestamp,
    train: &'a Train,
    /// The place of the newest released line in the list.
    current: Option<usize>,
    /// Releases of each line, ascending, with their dates.
    releases: BTreeMap<usize, Vec<(ReleaseVersion, Timestamp)>>,
    /// Since when the engine has the branch of a line, by the line's place.
    opened: BTreeMap<usize, Timestamp>,
    pub phase: PhaseNow,
}

/// The phase, since when, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PhaseNow {
    pub phase: String,
    pub since: Option<Timestamp>,
    pub by: Ground,
}

/// How a phase is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// It is in the train's log.
    Declared,
    /// From a release tag.
    Release,
    /// From the branch of the next line.
    Branch,
    /// Nothing was found: the first phase of the pack.
    Nothing,
}

/// The state of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// Not begun, or made on the main branch.
    Development,
    /// It has its branch, and no release.
    PreRelease,
    /// The newest released line.
    Active,
    /// Older, and within its support time.
    Lts,
    EndOfLife,
}

impl<'a> Moment<'a> {
    pub fn new(train: &'a Train, pack: &Pack, facts: &TrainFacts, at: Timestamp) -> Self {
        let mut releases: BTreeMap<usize, Vec<(ReleaseVersion, Timestamp)>> = BTreeMap::new();
        match &facts.engine {
            Known::Known(engine) => {
                for tag in engine.tags.iter().filter(|tag| tag.time <= at) {
                    let Some(release) = train.engine.release_of(&tag.name) else {
                        continue;
                    };
                    let line = train
                        .lines
                        .iter()
                        .position(|line| line.version.contains(&release));
                    if let Some(line) = line {
                        releases.entry(line).or_default().push((release, tag.time));
                    }
                }
            }
            Known::Unknown(_) => {
                for (place, line) in train.lines.iter().enumerate() {
                    if let Some(date) = line.announced.filter(|date| *date <= at) {
                        releases.insert(place, vec![(line.version.first_release(), date)]);
                    }
                }
            }
        }
        for line in releases.values_mut() {
            line.sort();
        }
        let current = releases.keys().max().copied();
        let opened = facts.engine.known().map(|engine| {
            let lines = train.lines.iter().enumerate();
            let since = lines.filter_map(|(place, line)| {
                let branch = engine.branch(&line.branch)?;
                let since = branch.own.as_ref().map_or(branch.time, |own| own.since);
                Some((place, since))
            });
            since.collect()
        });
        let mut moment = Self {
            at,
            train,
            current,
            releases,
            opened: opened.unwrap_or_default(),
            phase: PhaseNow {
                phase: String::new(),
                since: None,
                by: Ground::Nothing,
            },
        };
        moment.phase = moment.find_phase(pack);
        moment
    }

    fn find_phase(&self, pack: &Pack) -> PhaseNow {
        let any = |event: &str| {
            let row = pack.ask("events", &[("event", event)]).ok()?;
            row.list("effects")
                .find_map(|one| one.strip_prefix("phase="))
                .map(str::to_owned)
        };
        let first = || PhaseNow {
            phase: pack.words("phase").first().cloned().unwrap_or_default(),
            since: None,
            by: Ground::Nothing,
        };
        let mut found: Option<PhaseNow> = None;
        let mut see = |phase: Option<String>, since: Timestamp, by: Ground| {
            if let Some(phase) = phase
                && found.as_ref().is_none_or(|now| now.since <= Some(since))
            {
                found = Some(PhaseNow {
                    phase,
                    since: Some(since),
                    by,
                });
            }
        };
        if let Some(release) = self.current.and_then(|line| self.releases[&line].first()) {
            see(
                any("cut-minor").or_else(|| any("final-release")),
                release.1,
                Ground::Release,
            );
        }
        let opening = pack.ask("events", &[("event", "open-pre-release")]);
        let creates = |effect: &str| effect == "create-branch-next";
        if opening.is_ok_and(|row| row.list("effects").any(creates))
            && let Some(since) = self.opened.get(&self.current.map_or(0, |place| place + 1))
        {
            see(any("open-pre-release"), *since, Ground::Branch);
        }
        for entry in self.train.log.iter().filter(|entry| entry.at <= self.at) {
            see(any(&entry.event), entry.at, Ground::Declared);
        }
        found.unwrap_or_else(first)
    }

    pub fn train(&self) -> &'a Train {
        self.train
    }

    /// The newest released line.
    pub fn current(&self) -> Option<&'a Line> {
        self.current.map(|place| &self.train.lines[place])
    }

    /// The line after the current one in the list; before any release, the first.
    pub fn next(&self) -> Option<&'a Line> {
        self.train
            .lines
            .get(self.current.map_or(0, |place| place + 1))
    }

    /// The line after the next.
    pub fn after_next(&self) -> Option<&'a Line> {
        self.train
            .lines
            .get(self.current.map_or(1, |place| place + 2))
    }

    /// Older lines within their support time, newest first.
    pub fn supported(&self) -> impl Iterator<Item = &'a Line> {
        let older = self.train.lines[..self.current.unwrap_or(0)].iter().rev();
        older.filter(|line| self.state(line) == LineState::Lts)
    }

    /// The line that a release belongs to.
    pub fn line_of(&self, release: &ReleaseVersion) -> Option<&'a Line> {
        self.train
            .lines
            .iter()
            .find(|line| line.version.contains(release))
    }

    /// The line of that version.
    pub fn line(&self, version: &LineVersion) -> Option<&'a Line> {
        self.train
            .lines
            .iter()
            .find(|line| line.version == *version)
    }

    fn place(&self, line: &Line) -> Option<usize> {
        self.train
            .lines
            .iter()
            .position(|one| one.version == line.version)
    }

    /// The releases of a line by then, ascending.
    pub fn releases(&self, line: &Line) -> &[(ReleaseVersion, Timestamp)] {
        let place = self.place(line);
        place
            .and_then(|place| self.releases.get(&place))
            .map_or(&[], Vec::as_slice)
    }

    /// The newest release of a line.
    pub fn latest(&self, line: &Line) -> Option<&ReleaseVersion> {
        self.releases(line).last().map(|(release, _)| release)
    }

    /// When a line was first released.
    pub fn released(&self, line: &Line) -> Option<Timestamp> {
        self.releases(line).first().map(|(_, date)| *date)
    }

    /// The release that the line makes next.
    pub fn upcoming(&self, line: &Line) -> ReleaseVersion {
        match self.latest(line) {
            Some(latest) => latest.next_patch(),
            None => line.version.first_release(),
        }
    }

    /// When support of a line ends: as written, else a year after the release of a supported line, else with the next line.
    pub fn end_of_life(&self, line: &Line) -> Option<Timestamp> {
        let computed = || match line.support {
            Support::Lts => self.released(line).map(|date| date.after(YEAR)),
            Support::Standard => {
                let later = self.place(line)? + 1;
                let mut after = self.releases.range(later..);
                after
                    .next()
                    .and_then(|(_, releases)| releases.first())
                    .map(|(_, date)| *date)
            }
        };
        line.end_of_life.or_else(computed)
    }

    /// The state of a line by then.
    pub fn state(&self, line: &Line) -> LineState {
        let Some(place) = self.place(line) else {
            return LineState::Development;
        };
        if self.current.is_none_or(|current| place > current) {
            return match self.opened.get(&place) {
                Some(since) if *since <= self.at => LineState::PreRelease,
                _ => LineState::Development,
            };
        }
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= self.at);
        if self.current == Some(place) {
            // Of the current line only a date that somebody wrote down ends the support.
            return if over(line.end_of_life) {
                LineState::EndOfLife
            } else {
                LineState::Active
            };
        }
        let supported = line.support == Support::Lts || line.end_of_life.is_some();
        if supported && !over(self.end_of_life(line)) {
            LineState::Lts
        } else {
            LineState::EndOfLife
        }
    }

    /// The branch that a word of the rules stands for. `lts` is the line in question, else the newest supported one.
    pub fn branch(&self, token: &str, lts: Option<&'a Line>) -> Option<&'a str> {
        match token {
            "main" => Some(self.train.engine.main.as_str()),
            "cur" => self.current().map(|line| line.branch.as_str()),
            "next" => self.next().map(|line| line.branch.as_str()),
            "lts" => lts
                .or_else(|| self.supported().next())
                .map(|line| line.branch.as_str()),
            _ => None,
        }
    }

    /// The release that a word of the rules stands for.
    pub fn release(&self, token: &str, lts: Option<&'a Line>) -> Option<ReleaseVersion> {
        match token {
            "cur.z" => self.current().and_then(|line| self.latest(line)).cloned(),
            "cur.patch" => self.current().map(|line| self.upcoming(line)),
            "next.0" => self.next().map(|line| line.version.first_release()),
            "next2.0" => self.after_next().map(|line| line.version.first_release()),
            "lts.z" => lts
                .or_else(|| self.supported().next())
                .and_then(|line| self.latest(line))
                .cloned(),
            "lts.patch" => lts
                .or_else(|| self.supported().next())
                .map(|line| self.upcoming(line)),
            _ => None,
        }
    }
}
