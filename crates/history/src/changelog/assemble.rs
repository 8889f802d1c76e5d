//! From changes, tags and dates to the model of a changelog.
//!
//! Which group a change belongs to is the convention's to say ([`Change::group`]), and one without a group is not listed. The
//! one exception: what names a vulnerability is listed as Security, because users must not miss it.
//!
//! Invariant: the cost is linear in the changes and releases.

use super::escape::visible;
use super::forge::{Links, handle};
use super::log::{
    Advisory, Breaking, CommitLink, Contributor, Entry, FORMAT, Group, Log, Person, Reference,
    Release, Repository, Statistics,
};
use crate::change::{Change, Kind, Origin};
use crate::walk::Author;
use shipway_core::version::Version;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// A release that is to be told of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// `None`: not released yet.
    pub version: Option<&'a Version>,
    /// The tag's short name. For one that is not released the branch may stand here, to compare with.
    pub tag: Option<&'a str>,
    /// The tag of the release before it on its line.
    pub previous_tag: Option<&'a str>,
    /// `2026-11-21`
    pub date: Option<&'a str>,
    pub yanked: bool,
    /// A guide for users: its path, address or text.
    pub migration: Option<&'a str>,
    /// Newest first.
    pub changes: &'a [Change],
}

/// Where breaking changes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BreakingPlace<'a> {
    /// At the top of their group.
    #[default]
    First,
    /// In a group of this title, before all others.
    Group(&'a str),
}

/// Whether entries of one scope stand together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scopes {
    #[default]
    Apart,
    /// Those without a scope first, then by the scope's name.
    Together,
}

/// What was known before the first of the sources.
#[derive(Clone, Copy, Debug, Default)]
pub enum Earlier<'a> {
    /// There was nothing: the sources go back to the first commit.
    Nothing,
    /// These had taken part.
    Authors(&'a HashSet<Author>),
    /// That is not known, so nobody is called new.
    #[default]
    Unknown,
}

/// How the model is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    pub project: &'a str,
    pub links: Option<&'a Links>,
    /// Titles in the order in which they come; others follow in the order of their names. Empty: as in Keep a Changelog.
    pub groups: &'a [String],
    pub breaking: BreakingPlace<'a>,
    pub scopes: Scopes,
    pub earlier: Earlier<'a>,
    /// Names on the forge by the authors' addresses, lower case.
    pub handles: Option<&'a HashMap<String, String>>,
}

/// The order of Keep a Changelog 1.1.0.
const GROUPS: [&str; 6] = [
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    SECURITY,
];
const SECURITY: &str = "Security";

impl<'a> Log<'a> {
    /// The model of these releases, newest first.
    pub fn of(sources: &[Source<'a>], options: &Options<'a>) -> Self {
        let mut people = People::of(options);
        let by_tag: HashMap<&str, &Source> = sources
            .iter()
            .filter_map(|source| Some((source.tag?, source)))
            .collect();
        // From the oldest on, so that the first change of somebody is known.
        let mut releases: Vec<Release<'a>> = Vec::with_capacity(sources.len());
        for source in sources.iter().rev() {
            let before = source.previous_tag.and_then(|tag| by_tag.get(tag).copied());
            releases.push(release(source, before, options, &mut people));
        }
        releases.reverse();
        Self {
            format: FORMAT,
            project: options.project,
            repository: options.links.map(|links| Repository {
                link: links.repository(),
                forge: links.forge(),
            }),
            releases,
        }
    }
}

/// Whether a changelog has an entry for a change.
pub fn is_listed(change: &Change) -> bool {
    group_of(change).is_some()
}

/// The group that a change is listed in.
pub(super) fn group_of(change: &Change) -> Option<&str> {
    group_with(change, names_advisory(change))
}

fn group_with(change: &Change, names_advisory: bool) -> Option<&str> {
    if names_advisory {
        Some(SECURITY)
    } else {
        change.group.as_deref()
    }
}

fn is_security(change: &Change) -> bool {
    let by_kind = matches!(&change.kind, Kind::Named(kind) if kind == "security" || kind == "sec");
    let scope = change.scope.as_deref().unwrap_or_default();
    by_kind || scope.eq_ignore_ascii_case("security") || change.group.as_deref() == Some(SECURITY)
}

fn names_advisory(change: &Change) -> bool {
    let texts = [
        Some(change.description.as_str()),
        change.breaking.as_deref(),
    ];
    texts
        .into_iter()
        .flatten()
        .any(|text| advisories(text).next().is_some())
        || change.references.iter().any(|text| is_advisory(text))
}

/// `CVE-2026-1234` and `GHSA-xxxx-xxxx-xxxx` in a text.
fn advisories(text: &str) -> impl Iterator<Item = &str> {
    // Most texts have none, and a look for the dash is cheap.
    let text = if text.contains("CVE-") || text.contains("GHSA-") {
        text
    } else {
        ""
    };
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| {
            let mut parts = word.split('-');
            match parts.next() {
                Some("CVE") => {
                    let mut number = |least: usize| {
                        parts.next().is_some_and(|part| {
                            part.len() >= least && part.bytes().all(|b| b.is_ascii_digit())
                        })
                    };
                    number(4) && number(4) && parts.next().is_none()
                }
                Some("GHSA") => parts.clone().count() == 3 && parts.all(|part| part.len() == 4),
                _ => false,
            }
        })
}

fn is_advisory(reference: &str) -> bool {
    !reference.starts_with('#') && advisories(reference).next() == Some(reference)
}

fn advisory_link(id: &str) -> String {
    let place = if id.starts_with("CVE") {
        "https://www.cve.org/CVERecord?id="
    } else {
        "https://github.com/advisories/"
    };
    format!("{place}{id}")
}

fn release<'a>(
    source: &Source<'a>,
    before: Option<&Source>,
    options: &Options<'a>,
    people: &mut People<'a>,
) -> Release<'a> {
    let links = options.links;
    let mut release = Release {
        version: source.version.map(ToString::to_string),
        tag: source.tag,
        previous_tag: source.previous_tag,
        date: source.date,
        unreleased: source.version.is_none(),
        yanked: source.yanked,
        link: source
            .tag
            .filter(|_| source.version.is_some())
            .and_then(|tag| links?.tag(tag)),
        compare: source
            .previous_tag
            .and_then(|old| links?.compare(old, source.tag.unwrap_or("HEAD"))),
        groups: Vec::new(),
        breaking: Vec::new(),
        migration: source.migration,
        advisories: Vec::new(),
        contributors: Vec::new(),
        new_contributors: Vec::new(),
        statistics: Statistics::default(),
    };
    let mut seen_advisories: HashSet<&str> = HashSet::new();
    let mut of_release = Vec::new();
    for change in source.changes.iter().rev() {
        if change.commit.is_some() || matches!(change.origin, Origin::PullRequest(_)) {
            release.statistics.commits += 1;
        }
        People::count(change, options, &mut of_release);
        let names_advisory = names_advisory(change);
        let Some(mut title) = group_with(change, names_advisory) else {
            continue;
        };
        let entry = entry(change, names_advisory, options);
        if names_advisory {
            let texts = [
                Some(change.description.as_str()),
                change.breaking.as_deref(),
            ];
            let references = change.references.iter().map(String::as_str);
            for text in texts.into_iter().flatten().chain(references) {
                for id in advisories(text).filter(|id| seen_advisories.insert(*id)) {
                    let link = advisory_link(id);
                    release.advisories.push(Advisory { id, link });
                }
            }
        }
        if let Some(text) = &entry.breaking {
            release.breaking.push(Breaking {
                text: text.clone(),
                description: entry.description.clone(),
                scope: entry.scope.clone(),
                commit: entry.commit.clone(),
            });
            if let BreakingPlace::Group(own) = options.breaking {
                title = own;
            }
        }
        release.statistics.entries += 1;
        match release.groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.entries.push(entry),
            None => release.groups.push(Group {
                title,
                entries: vec![entry],
            }),
        }
    }
    let rank = |title: &str| match options.breaking {
        BreakingPlace::Group(own) if own == title => 0,
        _ if options.groups.is_empty() => {
            1 + GROUPS
                .iter()
                .position(|one| *one == title)
                .unwrap_or(GROUPS.len())
        }
        _ => {
            1 + options
                .groups
                .iter()
                .position(|one| one == title)
                .unwrap_or(options.groups.len())
        }
    };
    if release.groups.len() > 1 {
        release.groups.sort_by(|a, b| {
            rank(a.title)
                .cmp(&rank(b.title))
                .then_with(|| a.title.cmp(b.title))
        });
    }
    for group in &mut release.groups {
        match options.scopes {
            Scopes::Apart => group.entries.sort_by_key(|entry| entry.breaking.is_none()),
            Scopes::Together => group.entries.sort_by(|a, b| {
                (&a.scope, a.breaking.is_none()).cmp(&(&b.scope, b.breaking.is_none()))
            }),
        }
    }
    people.close(of_release, options, &mut release);
    release.statistics.breaking = release.breaking.len();
    release.statistics.contributors = release.contributors.len();
    let day = |date: Option<&str>| super::date::days(date?);
    release.statistics.days = day(source.date)
        .zip(before.and_then(|before| day(before.date)))
        .map(|(new, old)| new - old);
    release
}

fn entry<'a>(change: &'a Change, names_advisory: bool, options: &Options<'a>) -> Entry<'a> {
    let links = options.links;
    let commit = change.commit.as_ref().map(|commit| {
        let id = commit.as_str();
        CommitLink {
            id,
            short: id.get(..7).unwrap_or(id),
            link: links.and_then(|links| links.commit(id)),
        }
    });
    Entry {
        description: visible(&change.description),
        scope: change.scope.as_deref().map(visible),
        kind: match &change.kind {
            Kind::Feature => "feat",
            Kind::Fix => "fix",
            Kind::Performance => "perf",
            Kind::Revert => "revert",
            Kind::Named(kind) => kind,
            Kind::Other => "other",
        },
        breaking: change.breaking.as_deref().map(visible),
        security: names_advisory || is_security(change),
        references: references(change, links),
        authors: change
            .authors
            .iter()
            .map(|author| person(author, options))
            .collect(),
        commit,
        file: match &change.origin {
            Origin::File(path) => Some(path),
            _ => None,
        },
        components: &change.components,
    }
}

fn references<'a>(change: &'a Change, links: Option<&Links>) -> Vec<Reference<'a>> {
    let description = change.description.trim_end();
    let read = change.references.iter().map(|text| {
        // A squash merge puts the number of its pull request in brackets behind the title.
        let ends = description.strip_suffix(')').and_then(|rest| rest.strip_suffix(text.as_str()));
        let by_origin = matches!(change.origin, Origin::PullRequest(number) if text.strip_prefix('#') == Some(&number.to_string()));
        let pull_request = by_origin || text.starts_with('!') || ends.is_some_and(|rest| rest.ends_with('('));
        let link = if is_advisory(text) {
            Some(advisory_link(text))
        } else {
            links.and_then(|links| links.reference(text, pull_request))
        };
        Reference { text, link, pull_request }
    });
    read.collect()
}

fn handle_of<'a>(author: &'a Author, options: &Options<'a>) -> Option<&'a str> {
    let known = options
        .handles
        .and_then(|handles| match handles.get(&author.email) {
            Some(known) => Some(known),
            None => handles.get(&author.email.to_lowercase()),
        });
    known.map(String::as_str).or_else(|| handle(&author.email))
}

fn person<'a>(author: &'a Author, options: &Options<'a>) -> Person<'a> {
    let handle = handle_of(author, options);
    let link = handle.and_then(|handle| options.links?.author(handle));
    Person {
        name: visible(&author.name),
        handle,
        link,
    }
}

/// Who took part.
struct People<'a> {
    /// Who took part before; `None`: not known.
    earlier: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> People<'a> {
    fn of(options: &Options<'a>) -> Self {
        let earlier = match options.earlier {
            Earlier::Nothing => Some(HashSet::new()),
            Earlier::Authors(authors) => {
                Some(authors.iter().map(|author| key(author, options)).collect())
            }
            Earlier::Unknown => None,
        };
        Self { earlier }
    }

    fn count(change: &'a Change, options: &Options<'a>, found: &mut Vec<Found<'a>>) {
        for author in &change.authors {
            let nobody = author.email.is_empty() && author.name.is_empty();
            if nobody || author.name.ends_with("[bot]") {
                continue;
            }
            let key = key(author, options);
            // Most releases have few people; a large one is sorted out by `close`.
            match found.iter_mut().rev().take(16).find(|one| one.key == key) {
                Some(known) => known.changes += 1,
                None => found.push(Found {
                    key,
                    author,
                    first: change,
                    changes: 1,
                }),
            }
        }
    }

    fn close(&mut self, found: Vec<Found<'a>>, options: &Options<'a>, release: &mut Release<'a>) {
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(found.len());
        let mut new = Vec::new();
        for Found {
            key,
            author,
            first,
            changes,
        } in found
        {
            if let Some(at) = places.get(&key) {
                release.contributors[*at].changes += changes;
                continue;
            }
            let Person { name, handle, link } = person(author, options);
            let is_new = self
                .earlier
                .as_mut()
                .is_some_and(|earlier| earlier.insert(key.clone()));
            if is_new {
                new.push((release.contributors.len(), first));
            }
            places.insert(key, release.contributors.len());
            release.contributors.push(Contributor {
                name,
                handle,
                link,
                changes,
                reference: None,
            });
        }
        for (at, first) in new {
            let reference = references(first, options.links).into_iter().next();
            let contributor = Contributor {
                reference,
                ..release.contributors[at].clone()
            };
            release.new_contributors.push(contributor);
        }
        release.contributors.sort_by(|a, b| {
            let by_changes = b.changes.cmp(&a.changes);
            by_changes.then_with(|| a.name.cmp(&b.name))
        });
    }
}

/// Somebody who took part in a release.
struct Found<'a> {
    key: Cow<'a, str>,
    author: &'a Author,
    first: &'a Change,
    changes: usize,
}

/// One person under several addresses is one by their name on the forge.
fn key<'a>(author: &'a Author, options: &Options<'a>) -> Cow<'a, str> {
    let text = match handle_of(author, options) {
        Some(handle) => handle,
        None if author.email.is_empty() => &author.name,
        None => &author.email,
    };
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
