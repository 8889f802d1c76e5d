//! One file of a releases repository.

use super::{Content, Kind, Read};
use crate::facts::{
    BranchLocation, Deliverable, DeliverableBranch, DeliverableRelease, Place, ProjectHash, Reason,
    Schedule, Series, Unknown, Week,
};
use crate::yaml::{self, Yaml};

/// Keys that are known and not read: they say nothing about what ships.
const PASSED_OVER: [&str; 9] = [
    "launchpad",
    "storyboard",
    "repository-settings",
    "release-notes",
    "include-pypi-link",
    "release-type",
    "artifact-link-mode",
    "send-announcements-to",
    "code-related",
];

pub(super) fn read(kind: Kind, text: &str, place: &Place) -> Read {
    let mut reader = Reader {
        place,
        problems: Vec::new(),
    };
    let content = match Yaml::read(text) {
        Ok(yaml) => match kind {
            Kind::Deliverable => Content::Deliverable(Box::new(reader.deliverable(&yaml))),
            Kind::Series => Content::Series(reader.series(&yaml)),
            Kind::Schedule => Content::Schedule(reader.schedule(&yaml)),
        },
        Err(broken) => {
            reader.problem(broken.line, format!("no YAML: {}", broken.detail));
            empty(kind, place)
        }
    };
    Read {
        content,
        problems: reader.problems,
    }
}

/// What a file that cannot be read holds.
pub(super) fn empty(kind: Kind, place: &Place) -> Content {
    let (series, _) = series_and_name(&place.path);
    match kind {
        Kind::Deliverable => Content::Deliverable(Box::new(unread(place))),
        Kind::Series => Content::Series(Vec::new()),
        Kind::Schedule => Content::Schedule(Schedule {
            series,
            release_week: None,
            weeks: Vec::new(),
        }),
    }
}

fn unread(place: &Place) -> Deliverable {
    let (series, name) = series_and_name(&place.path);
    Deliverable {
        series,
        name,
        place: place.clone(),
        team: None,
        kind: None,
        model: None,
        stable_branch_type: None,
        releases: Vec::new(),
        branches: Vec::new(),
        highlights: 0,
        other: Vec::new(),
    }
}

/// The directory that the file is in, and its name without the ending.
fn series_and_name(path: &str) -> (String, String) {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let series = parts.next().unwrap_or_default();
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    (series.to_owned(), name.to_owned())
}

struct Reader<'a> {
    place: &'a Place,
    problems: Vec<Unknown>,
}

impl Reader<'_> {
    fn problem(&mut self, line: u32, detail: impl Into<String>) {
        let place = self.place.at_line(line);
        self.problems
            .push(Unknown::new(Reason::Syntax, detail, place));
    }

    /// A text under a key, if there is one.
    fn text(&mut self, map: &Yaml, key: &str) -> Option<String> {
        let value = map.get(key)?;
        match value.kind {
            yaml::Kind::Null => None,
            yaml::Kind::Text(ref text) => Some(text.trim().to_owned()),
            _ => {
                self.problem(value.line, format!("{key} is {}, not a text", value.is()));
                None
            }
        }
    }

    /// A list under a key: nothing is an empty one.
    fn list<'y>(&mut self, map: &'y Yaml, key: &str) -> Vec<&'y Yaml> {
        match map.get(key) {
            None => Vec::new(),
            Some(value) => match &value.kind {
                yaml::Kind::List(items) => items.iter().map(|it| &**it).collect(),
                yaml::Kind::Null => Vec::new(),
                _ => {
                    self.problem(value.line, format!("{key} is {}, not a list", value.is()));
                    Vec::new()
                }
            },
        }
    }

    fn deliverable(&mut self, yaml: &Yaml) -> Deliverable {
        let (series, name) = series_and_name(&self.place.path);
        let Some(entries) = yaml.map() else {
            self.problem(
                yaml.line,
                format!("the file holds {}, not a map", yaml.is()),
            );
            return unread(self.place);
        };
        let known = [
            "team",
            "type",
            "release-model",
            "stable-branch-type",
            "releases",
            "branches",
            "cycle-highlights",
        ];
        let keys = entries.iter().filter_map(|(key, _)| key.text());
        let other = keys.filter(|it| !known.contains(it) && !PASSED_OVER.contains(it));
        let other: Vec<String> = other.map(str::to_owned).collect();
        let mut releases = Vec::new();
        for item in self.list(yaml, "releases") {
            releases.extend(self.release(item));
        }
        let mut branches = Vec::new();
        for item in self.list(yaml, "branches") {
            branches.extend(self.branch(item));
        }
        let highlights = match yaml.get("cycle-highlights").map(|it| &it.kind) {
            Some(yaml::Kind::List(items)) => u32::try_from(items.len()).unwrap_or(u32::MAX),
            Some(yaml::Kind::Text(_)) => 1,
            _ => 0,
        };
        let deliverable = Deliverable {
            series,
            name,
            place: self.place.clone(),
            team: self.text(yaml, "team"),
            kind: self.text(yaml, "type"),
            model: self.text(yaml, "release-model"),
            stable_branch_type: self.text(yaml, "stable-branch-type"),
            releases,
            branches,
            highlights,
            other,
        };
        if deliverable.team.is_none() {
            self.problem(yaml.line, "the deliverable names no team");
        }
        deliverable
    }

    fn release(&mut self, item: &Yaml) -> Option<DeliverableRelease> {
        let Some(version) = self.text(item, "version") else {
            self.problem(item.line, "a release without a version");
            return None;
        };
        let mut projects = Vec::new();
        for project in self.list(item, "projects") {
            let (repository, hash) = (self.text(project, "repo"), self.text(project, "hash"));
            let Some(repository) = repository else {
                self.problem(
                    project.line,
                    format!("a project of {version} without a repo"),
                );
                continue;
            };
            let hash = hash.unwrap_or_default();
            let hex =
                matches!(hash.len(), 40 | 64) && hash.bytes().all(|it| it.is_ascii_hexdigit());
            if !hex {
                let detail = format!("{version} of {repository} has no commit but {hash:?}");
                let place = self
                    .place
                    .at_line(project.get("hash").map_or(project.line, |it| it.line));
                self.problems
                    .push(Unknown::new(Reason::NoCommit, detail, place));
            }
            projects.push(ProjectHash { repository, hash });
        }
        Some(DeliverableRelease {
            version,
            projects,
            line: item.line,
        })
    }

    fn branch(&mut self, item: &Yaml) -> Option<DeliverableBranch> {
        let Some(name) = self.text(item, "name") else {
            self.problem(item.line, "a branch without a name");
            return None;
        };
        let location = match item.get("location").map(|it| (&it.kind, it.line)) {
            None | Some((yaml::Kind::Null, _)) => BranchLocation::Unwritten,
            Some((yaml::Kind::Text(text), _)) => BranchLocation::Version(text.trim().to_owned()),
            Some((yaml::Kind::Map(entries), _)) => {
                let pair = |(key, value): &(std::rc::Rc<Yaml>, std::rc::Rc<Yaml>)| {
                    Some((key.text()?.to_owned(), value.text()?.trim().to_owned()))
                };
                BranchLocation::Commits(entries.iter().filter_map(pair).collect())
            }
            Some((yaml::Kind::List(_), line)) => {
                self.problem(line, format!("the location of {name} is a list"));
                BranchLocation::Unwritten
            }
        };
        Some(DeliverableBranch {
            name,
            location,
            line: item.line,
        })
    }

    fn series(&mut self, yaml: &Yaml) -> Vec<Series> {
        let Some(items) = yaml.list() else {
            self.problem(
                yaml.line,
                format!("the file holds {}, not a list", yaml.is()),
            );
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in items {
            let (Some(name), Some(status)) = (self.text(item, "name"), self.text(item, "status"))
            else {
                self.problem(item.line, "a series without a name or a status");
                continue;
            };
            let next_phase = item
                .get("next-phase")
                .and_then(|next| Some((self.text(next, "status")?, self.date(next, "date")?)));
            all.push(Series {
                name,
                release_id: self.text(item, "release-id"),
                status,
                initial_release: self.date(item, "initial-release"),
                next_phase,
                eol_date: self.date(item, "eol-date"),
                slurp: self.text(item, "slurp").is_some_and(|it| {
                    matches!(it.to_ascii_lowercase().as_str(), "yes" | "true" | "on")
                }),
                line: item.line,
            });
        }
        all
    }

    /// `2026-04-01`. Anything else is said and left out.
    fn date(&mut self, map: &Yaml, key: &str) -> Option<String> {
        let text = self.text(map, key)?;
        if is_date(&text) {
            return Some(text);
        }
        // Some dates are announced as `TBD` or `Unknown` for a time.
        let line = map.get(key).map_or(map.line, |it| it.line);
        self.problem(line, format!("{key} is {text:?}, which is no date"));
        None
    }

    fn schedule(&mut self, yaml: &Yaml) -> Schedule {
        let (series, _) = series_and_name(&self.place.path);
        let mut weeks = Vec::new();
        for item in self.list(yaml, "cycle") {
            let (Some(start), Some(end)) = (self.date(item, "start"), self.date(item, "end"))
            else {
                self.problem(item.line, "a week without a start or an end");
                continue;
            };
            let name = self.text(item, "name");
            let events = self.words(item, "x-project");
            let project_events = self.words(item, "project-specific");
            weeks.push(Week {
                name,
                start,
                end,
                events,
                project_events,
            });
        }
        let release_week = self.date(yaml, "release-week");
        Schedule {
            series,
            release_week,
            weeks,
        }
    }

    fn words(&mut self, map: &Yaml, key: &str) -> Vec<String> {
        self.list(map, key)
            .into_iter()
            .filter_map(|it| it.text().map(str::to_owned))
            .collect()
    }
}

/// Whether a text is a day of the calendar.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let digits = |it: &str, length| it.len() == length && it.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let (year, month, day): (u32, u32, u32) = (
        year.parse().unwrap_or(0),
        month.parse().unwrap_or(0),
        day.parse().unwrap_or(0),
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        Place {
            path: path.to_owned(),
            ..Place::repository("releases")
        }
    }

    fn deliverable(text: &str) -> (Deliverable, Vec<String>) {
        let read = read(
            Kind::Deliverable,
            text,
            &place("deliverables/gazpacho/nova.yaml"),
        );
        let problems = read
            .problems
            .iter()
            .map(|it| format!("{}: {}", it.place.as_ref().unwrap().line, it.detail));
        match read.content {
            Content::Deliverable(it) => (*it, problems.collect()),
            _ => panic!("no deliverable"),
        }
    }

    const NOVA: &str = "---
launchpad: nova
release-model: cycle-with-rc
team: nova
type: service
cycle-highlights:
  - one
  - two
releases:
  - version: 33.0.0.0rc1
    projects:
      - repo: openstack/nova
        hash: d5c64e7aba09052601b59bf1297187d85da6b90b
  - version: 33.0.0
    projects:
      - repo: openstack/nova
        hash: d5c64e7aba09052601b59bf1297187d85da6b90b
branches:
  - name: stable/2026.1
    location: 33.0.0.0rc1
  - name: bugfix/33.1
    location:
      openstack/nova: master
";

    #[test]
    fn a_deliverable_is_read_with_lines() {
        let (found, problems) = deliverable(NOVA);
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            (found.series.as_str(), found.name.as_str()),
            ("gazpacho", "nova")
        );
        assert_eq!(found.model.as_deref(), Some("cycle-with-rc"));
        assert_eq!((found.highlights, found.other.len()), (2, 0));
        let versions: Vec<_> = found
            .releases
            .iter()
            .map(|it| (it.version.as_str(), it.line))
            .collect();
        assert_eq!(versions, [("33.0.0.0rc1", 10), ("33.0.0", 14)]);
        assert_eq!(found.releases[0].projects, found.releases[1].projects);
        assert_eq!(
            found.branches[0].location,
            BranchLocation::Version("33.0.0.0rc1".to_owned())
        );
        assert!(
            matches!(&found.branches[1].location, BranchLocation::Commits(it) if it["openstack/nova"] == "master")
        );
    }

    #[test]
    fn what_is_odd_is_said_and_the_rest_is_read() {
        let text = "team: nova\ntype: [x]\nreleases:\n  - version: 1.0\n    projects:\n      - repo: a\n        hash: HEAD\n      - hash: b\n  - projects: []\n  - version: 1.10\nbranches: none\nfuture-key: 1\n";
        let (found, problems) = deliverable(text);
        assert_eq!(
            problems,
            [
                "7: 1.0 of a has no commit but \"HEAD\"",
                "8: a project of 1.0 without a repo",
                "9: a release without a version",
                "11: branches is a text, not a list",
                "2: type is a list, not a text",
            ]
        );
        let versions: Vec<_> = found
            .releases
            .iter()
            .map(|it| it.version.as_str())
            .collect();
        assert_eq!(versions, ["1.0", "1.10"]);
        assert_eq!(found.other, ["future-key"]);
        assert_eq!(
            deliverable("releases: [").1,
            ["2: no YAML: while parsing a node, did not find expected node content"]
        );
        assert_eq!(
            deliverable("- a\n").1,
            ["1: the file holds a list, not a map"]
        );
        assert_eq!(deliverable("").1, ["1: the file holds nothing, not a map"]);
    }

    #[test]
    fn series_and_schedules_have_dates_that_exist() {
        let text = "- name: indri\n  release-id: 2027.1\n  status: future\n  slurp: yes\n  initial-release: 2027-03-24\n  next-phase:\n    status: development\n    date: 2026-10-01\n- name: x\n  status: end of life\n  eol-date: 2026-02-29\n- status: y\n";
        let found = read(Kind::Series, text, &place("data/series_status.yaml"));
        let Content::Series(series) = found.content else {
            panic!("no series")
        };
        assert_eq!(series.len(), 2);
        assert!(series[0].slurp);
        assert_eq!(series[0].next_phase.as_ref().unwrap().1, "2026-10-01");
        assert_eq!(series[1].eol_date, None);
        let lines: Vec<_> = found
            .problems
            .iter()
            .map(|it| it.place.as_ref().unwrap().line)
            .collect();
        assert_eq!(lines, [11, 12]);
        let text = "release-week: '2026-03-30'\ncycle:\n  - start: '2025-10-06'\n    end: '2025-10-10'\n    name: R-25\n    x-project:\n      - g-1\n  - start: soon\n";
        let found = read(
            Kind::Schedule,
            text,
            &place("doc/source/gazpacho/schedule.yaml"),
        );
        let Content::Schedule(schedule) = found.content else {
            panic!("no schedule")
        };
        assert_eq!(schedule.series, "gazpacho");
        assert_eq!(schedule.weeks.len(), 1);
        assert_eq!(schedule.weeks[0].events, ["g-1"]);
        assert_eq!(found.problems.len(), 2);
    }
}
