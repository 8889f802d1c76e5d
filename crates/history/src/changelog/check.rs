//! Whether a changelog tells what happened: changes without an entry, entries without a change, and what is wrong with its form.
//!
//! Invariant: a finding names the line that it is about, where there is one. Nothing is edited.

use super::assemble::group_of;
use super::cover::Cover;
use super::document::{Document, Section};
use super::links::Compare;
use super::style::refers;
use super::unreleased::is_unreleased;
use super::{ChangelogError, date, text_of};
use crate::change::Change;
use serde::Serialize;
use shipway_core::version::Version;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// A release that has a tag.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'a> {
    pub version: &'a Version,
    /// The tag's short name.
    pub tag: &'a str,
}

/// What breaking changes need.
#[derive(Clone, Copy, Debug, Default)]
pub enum Guide<'a> {
    /// Nothing.
    #[default]
    None,
    /// Words about what to do: in the commit's footer, or below or behind the entry.
    Words,
    /// A file. `exists` says whether it is there.
    File { path: &'a str, exists: bool },
}

/// What a changelog is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Those since the last release.
    pub changes: &'a [Change],
    /// The version that they lead to: its section counts, where there is no unreleased one.
    pub next: Option<&'a Version>,
    /// All releases, in any order.
    pub tags: &'a [Tagged<'a>],
    /// The configured heading of the unreleased section.
    pub unreleased: Option<&'a str>,
    pub guide: Guide<'a>,
    /// `2026-11-21`; a later date is one that nobody can have released on.
    pub today: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// May be as it should be.
    Note,
    /// Users are told too little, or something odd.
    Warning,
    /// Users are told something wrong, or not told what breaks.
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// Counted from 1; `None`: it is about what is not in the file.
    pub line: Option<usize>,
    pub problem: Problem,
}

/// What was found, in the order of the file; what is not in the file first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Changes that users are told of, and how many of them an entry covers.
    pub changes: usize,
    pub covered: usize,
    /// Entries of the section that was compared, and how many of them a change stands behind.
    pub entries: usize,
    pub backed: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Problem {
    /// No entry covers a change.
    Uncovered {
        change: String,
    },
    /// No change stands behind an entry.
    Unbacked {
        entry: String,
    },
    /// A breaking change says nothing of what to do.
    NoGuide {
        change: String,
        path: Option<String>,
    },
    EmptyGroup {
        group: String,
    },
    /// A version stands below a lower one.
    Order {
        version: String,
        above: String,
    },
    /// A date that does not exist, is missing, or is before that of an older release of the same line.
    Date {
        version: String,
        why: &'static str,
    },
    /// A section whose version has no tag.
    NoTag {
        version: String,
    },
    /// A tag whose version has no section.
    NoSection {
        version: String,
    },
    /// A link that leads elsewhere than its label says.
    Link {
        label: String,
        why: &'static str,
        instead: Option<String>,
    },
    Twice {
        version: String,
        first: usize,
    },
    /// What keeps the file from being edited.
    Form {
        why: String,
    },
}

impl Report {
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uncovered { change } => write!(f, "a change has no entry: {change}"),
            Self::Unbacked { entry } => write!(f, "no change stands behind an entry: {entry}"),
            Self::NoGuide { change, path: None } => {
                write!(
                    f,
                    "a breaking change does not say what to do about it: {change}"
                )
            }
            Self::NoGuide {
                change,
                path: Some(path),
            } => {
                write!(
                    f,
                    "a breaking change has no migration guide ({path} is missing): {change}"
                )
            }
            Self::EmptyGroup { group } => write!(f, "{group:?} has no entries"),
            Self::Order { version, above } => {
                write!(f, "{version} stands below {above}, which is lower")
            }
            Self::Date { version, why } => write!(f, "the date of {version} {why}"),
            Self::NoTag { version } => write!(f, "{version} has a section and no tag"),
            Self::NoSection { version } => write!(f, "{version} has a tag and no section"),
            Self::Link {
                label,
                why,
                instead: None,
            } => write!(f, "the link of {label} {why}"),
            Self::Link {
                label,
                why,
                instead: Some(instead),
            } => {
                write!(f, "the link of {label} {why}; it should be {instead}")
            }
            Self::Twice { version, first } => {
                write!(f, "{version} has a section already in line {first}")
            }
            Self::Form { why } => f.write_str(why),
        }
    }
}

/// Compares a changelog with what happened.
///
/// # Errors
/// [`ChangelogError::NotText`] and [`ChangelogError::Form`]; what else is wrong is in the report.
pub fn check(text: &[u8], facts: &Facts) -> Result<Report, ChangelogError> {
    let document = Document::read(text_of(text)?, facts.unreleased);
    let mut checker = Checker {
        document: &document,
        facts,
        report: Report::default(),
        lines: Lines::of(document.text),
    };
    match document.check() {
        Err(error @ ChangelogError::Form { .. }) => return Err(error),
        Err(error) => checker.form(&error),
        Ok(()) => {}
    }
    checker.coverage();
    checker.groups();
    checker.versions();
    checker.links();
    let mut report = checker.report;
    report.findings.sort_by_key(|finding| finding.line);
    Ok(report)
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at)
                .collect(),
        )
    }

    /// Counted from 1.
    fn at(&self, place: usize) -> usize {
        self.0.partition_point(|end| *end < place) + 1
    }
}

struct Checker<'c> {
    document: &'c Document<'c>,
    facts: &'c Facts<'c>,
    report: Report,
    lines: Lines,
}

impl Checker<'_> {
    fn found(&mut self, severity: Severity, at: Option<usize>, problem: Problem) {
        let line = at.map(|at| self.lines.at(at));
        self.report.findings.push(Finding {
            severity,
            line,
            problem,
        });
    }

    fn form(&mut self, error: &ChangelogError) {
        let line = match error {
            ChangelogError::TwoUnreleased { second, .. } => Some(*second),
            ChangelogError::Conflict { line, .. } | ChangelogError::Unclosed { line } => {
                Some(*line)
            }
            _ => None,
        };
        let problem = Problem::Form {
            why: error.to_string(),
        };
        self.report.findings.push(Finding {
            severity: Severity::Error,
            line,
            problem,
        });
    }

    /// Changes and entries of what is not released yet.
    fn coverage(&mut self) {
        let document = self.document;
        let section = document
            .unreleased()
            .filter(|section| document.has_entries(section))
            .or_else(|| self.facts.next.and_then(|next| document.release(next)))
            .or_else(|| document.unreleased());
        let body = section.map_or(0..0, |section| section.body.clone());
        let cover = Cover::of(&document.text[body.clone()], self.lines.at(body.start));
        let mut backed: HashSet<usize> = HashSet::new();
        for change in self.facts.changes {
            backed.extend(cover.backed_by(change));
            let covering = cover.of_change(change);
            backed.extend(&covering);
            let told = group_of(change).is_some();
            self.report.changes += usize::from(told);
            self.report.covered += usize::from(told && !covering.is_empty());
            if told && covering.is_empty() {
                let severity = if change.breaking.is_some() {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                self.found(
                    severity,
                    section.map(|section| section.heading.title.start),
                    Problem::Uncovered {
                        change: change.to_string(),
                    },
                );
            }
            if change.breaking.is_some() && told {
                self.guide(change, covering.first().map(|at| &cover.entries[*at]));
            }
        }
        // Thanks and lists of updates are no changes.
        let tells = |entry: &super::cover::Written| {
            entry.is_item
                && !["first contribution", "Updated dependencies"]
                    .iter()
                    .any(|words| entry.text.contains(words))
        };
        for (at, entry) in cover
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| tells(entry))
        {
            self.report.entries += 1;
            if backed.contains(&at) {
                self.report.backed += 1;
                continue;
            }
            let first = entry.text.lines().next().unwrap_or_default().trim();
            let text = super::cover::item_text(first).unwrap_or(first);
            let problem = Problem::Unbacked {
                entry: crate::conventional::shown(text),
            };
            self.report.findings.push(Finding {
                severity: Severity::Note,
                line: Some(entry.line),
                problem,
            });
        }
    }

    fn guide(&mut self, change: &Change, entry: Option<&super::cover::Written>) {
        let (needs, path) = match self.facts.guide {
            Guide::None => return,
            Guide::File { path, exists } => (!exists, Some(path.to_owned())),
            Guide::Words => {
                let said = change.breaking.as_deref().unwrap_or_default();
                let in_footer = said != change.description && said.split_whitespace().count() >= 4;
                // Below the entry, or at least a sentence more.
                let in_entry = entry.is_some_and(|entry| {
                    let words = entry.text.split_whitespace().count();
                    words >= change.description.split_whitespace().count() + 8
                        || entry.text.trim_end().contains('\n')
                });
                (!in_footer && !in_entry, None)
            }
        };
        if needs {
            let line = entry.map(|entry| entry.line);
            let problem = Problem::NoGuide {
                change: change.to_string(),
                path,
            };
            self.report.findings.push(Finding {
                severity: Severity::Error,
                line,
                problem,
            });
        }
    }

    /// Headings with nothing below them. Those of the unreleased section wait for entries.
    fn groups(&mut self) {
        let document = self.document;
        for section in document
            .sections
            .iter()
            .filter(|section| !section.title.is_unreleased())
        {
            let from = document
                .headings
                .partition_point(|one| one.lines.start < section.body.start);
            let to = document
                .headings
                .partition_point(|one| one.lines.start < section.body.end);
            for at in from..to {
                let heading = &document.headings[at];
                let next = document.headings.get(at + 1).filter(|_| at + 1 < to);
                if next.is_some_and(|next| next.level > heading.level) {
                    continue;
                }
                let end = next.map_or(section.body.end, |next| next.lines.start);
                if document.text[heading.lines.end..end.max(heading.lines.end)]
                    .trim()
                    .is_empty()
                {
                    let group = crate::conventional::shown(&document.text[heading.title.clone()]);
                    self.found(
                        Severity::Warning,
                        Some(heading.title.start),
                        Problem::EmptyGroup { group },
                    );
                }
            }
        }
    }

    /// Order, dates, tags.
    fn versions(&mut self) {
        let document = self.document;
        let scheme = self
            .facts
            .next
            .or_else(|| self.facts.tags.first().map(|tag| tag.version))
            .map(Version::scheme);
        let Some(scheme) = scheme else { return };
        let tags: HashSet<&Version> = self.facts.tags.iter().map(|tag| tag.version).collect();
        let mut first: HashMap<(Option<&str>, Version), usize> = HashMap::new();
        let mut read: Vec<(Version, &Section)> = Vec::new();
        for section in document
            .sections
            .iter()
            .filter(|section| !section.title.is_unreleased())
        {
            let Some(text) = document.version_of(section) else {
                continue;
            };
            let Ok(version) = Version::parse(text, scheme) else {
                continue;
            };
            let at = section.heading.title.start;
            let title = document.title_of(section);
            let name = section.title.name.clone().map(|name| &title[name]);
            let line = self.lines.at(at);
            if let Some(first) = first.get(&(name, version.clone())) {
                let problem = Problem::Twice {
                    version: version.to_string(),
                    first: *first,
                };
                self.found(Severity::Error, Some(at), problem);
                continue;
            }
            first.insert((name, version.clone()), line);
            // Several products in one file have orders and tags of their own.
            if name.is_none() {
                read.push((version, section));
            }
        }
        let dated = read
            .iter()
            .filter(|(_, section)| section.title.date.is_some())
            .count();
        let newest = self.facts.tags.iter().map(|tag| tag.version).max();
        for (version, section) in &read {
            self.date(version, section, dated * 2 > read.len());
            // The one that is about to be released has none yet.
            if !tags.contains(version)
                && !tags.is_empty()
                && newest.is_some_and(|newest| version < newest)
            {
                let problem = Problem::NoTag {
                    version: version.to_string(),
                };
                self.found(Severity::Note, Some(section.heading.title.start), problem);
            }
        }
        let sections: HashSet<&Version> = read.iter().map(|(version, _)| version).collect();
        let oldest = read.iter().map(|(version, _)| version).min();
        for tag in self
            .facts
            .tags
            .iter()
            .filter(|tag| !sections.contains(tag.version))
        {
            // Before the changelog began there was none, and pre-releases need none.
            if oldest.is_some_and(|oldest| tag.version > oldest) && !tag.version.is_prerelease() {
                self.found(
                    Severity::Warning,
                    None,
                    Problem::NoSection {
                        version: tag.version.to_string(),
                    },
                );
            }
        }
        self.order(&read);
    }

    fn order(&mut self, read: &[(Version, &Section)]) {
        let day = |section: &Section| section.title.date.as_ref().map(|date| date.day.clone());
        let rising = read.windows(2).filter(|pair| pair[0].0 < pair[1].0).count();
        let ascending = rising * 2 > read.len();
        for pair in read.windows(2) {
            let [(above, upper), (below, lower)] = pair else {
                continue;
            };
            let (newer, older) = if ascending {
                (lower, upper)
            } else {
                (upper, lower)
            };
            let in_order = if ascending {
                above < below
            } else {
                above > below
            };
            let by_date = day(newer)
                .zip(day(older))
                .map(|(newer, older)| newer.cmp(&older));
            if !in_order && !by_date.is_some_and(std::cmp::Ordering::is_gt) {
                let problem = Problem::Order {
                    version: below.to_string(),
                    above: above.to_string(),
                };
                self.found(Severity::Warning, Some(lower.heading.title.start), problem);
            } else if in_order
                && above.line() == below.line()
                && by_date.is_some_and(std::cmp::Ordering::is_lt)
            {
                let version = if ascending { below } else { above };
                let why = "is before that of an older release of its line";
                let problem = Problem::Date {
                    version: version.to_string(),
                    why,
                };
                self.found(Severity::Warning, Some(newer.heading.title.start), problem);
            }
        }
    }

    fn date(&mut self, version: &Version, section: &Section, others_have_one: bool) {
        let title = self.document.title_of(section);
        let why = match &section.title.date {
            Some(date) => match self.facts.today {
                Some(today) if date.day.as_str() > today => "has not come yet",
                _ => return,
            },
            None if looks_like_date(title) => "does not exist",
            None if others_have_one => "is missing",
            None => return,
        };
        let severity = if why == "is missing" {
            Severity::Note
        } else {
            Severity::Error
        };
        let problem = Problem::Date {
            version: version.to_string(),
            why,
        };
        self.found(severity, Some(section.heading.title.start), problem);
    }

    /// Compare links of headings and of definitions.
    fn links(&mut self) {
        let document = self.document;
        let tags: HashMap<&Version, &str> = self
            .facts
            .tags
            .iter()
            .map(|tag| (tag.version, tag.tag))
            .collect();
        let names: HashSet<&str> = self.facts.tags.iter().map(|tag| tag.tag).collect();
        let Some(scheme) = self.facts.tags.first().map(|tag| tag.version.scheme()) else {
            return;
        };
        let labels: HashSet<&str> = document.definitions.iter().map(|one| one.label).collect();
        let mut any_defined = false;
        for definition in &document.definitions {
            let url = &document.text[definition.url.clone()];
            let compare = Compare::of(url);
            if is_unreleased(definition.label, self.facts.unreleased) {
                if compare.is_some_and(|compare| !names.contains(compare.old)) {
                    self.link(
                        definition.url.start,
                        definition.label,
                        "begins at a tag that does not exist",
                        None,
                    );
                }
                continue;
            }
            let Ok(version) =
                Version::parse(definition.label.trim_start_matches(['v', 'V']), scheme)
            else {
                continue;
            };
            any_defined = true;
            let Some(tag) = tags.get(&version) else {
                continue;
            };
            self.compare(definition.url.start, definition.label, url, tag, &names);
        }
        for section in &document.sections {
            let title = document.title_of(section);
            let (Some(version), false) =
                (document.version_of(section), section.title.is_unreleased())
            else {
                continue;
            };
            let Some(tag) = Version::parse(version, scheme)
                .ok()
                .and_then(|version| tags.get(&version))
            else {
                continue;
            };
            let inline = title
                .split_once("](")
                .and_then(|(_, rest)| rest.split_once(')'));
            if let Some((url, _)) = inline {
                self.compare(section.heading.title.start, version, url, tag, &names);
            } else if any_defined {
                let prefixed = format!("v{version}");
                let missing = |label: &str| refers(title, label) && !labels.contains(label);
                if missing(version) || missing(&prefixed) {
                    self.link(section.heading.title.start, version, "is missing", None);
                }
            }
        }
    }

    fn compare(&mut self, at: usize, label: &str, url: &str, tag: &str, names: &HashSet<&str>) {
        let Some(compare) = Compare::of(url) else {
            return;
        };
        // A commit or branch may stand on either side; only what looks like a tag must be one.
        let is_id =
            |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if compare.new != tag && !is_id(compare.new) {
            let instead = Some(compare.with(compare.old, tag));
            self.link(at, label, "ends at another tag", instead);
        } else if !names.contains(compare.old) && !is_id(compare.old) {
            self.link(at, label, "begins at a tag that does not exist", None);
        } else if compare.old == compare.new {
            self.link(at, label, "compares a tag with itself", None);
        }
    }

    fn link(&mut self, at: usize, label: &str, why: &'static str, instead: Option<String>) {
        let problem = Problem::Link {
            label: crate::conventional::shown(label),
            why,
            instead,
        };
        self.found(Severity::Warning, Some(at), problem);
    }
}

/// `2026-02-30`: of the form of a date, and none.
fn looks_like_date(title: &str) -> bool {
    title
        .split(|c: char| !(c.is_ascii_digit() || c == '-'))
        .any(|word| {
            let shape: Vec<usize> = word.split('-').map(str::len).collect();
            shape == [4, 2, 2] && !date::is_day(word)
        })
}
