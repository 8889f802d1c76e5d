//! The model of a changelog: what own templates and `--format json` see. A public contract with a format number.
//!
//! Invariants: texts are those of the changes, in one line, with control characters shown as U+FFFD, and not escaped for any
//! markup: each way to write them does that. Addresses of people are not in it. Lists are in the order in which they are to
//! be written. Within one format number, fields are only added.
//!
//! Must not: depend on how it is written.

use super::forge::Forge;
use serde::Serialize;
use std::borrow::Cow;

/// The number of the model. It rises when a field changes its meaning or goes away.
pub const FORMAT: u32 = 1;

/// A changelog.
#[derive(Clone, Debug, Serialize)]
pub struct Log<'a> {
    /// [`FORMAT`]
    pub format: u32,
    pub project: &'a str,
    /// Where the source is; `None` where no link can be made.
    pub repository: Option<Repository>,
    /// Newest first.
    pub releases: Vec<Release<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// `https://host/owner/name`
    pub link: String,
    pub forge: Option<Forge>,
}

/// A release, or what is not released yet.
#[derive(Clone, Debug, Serialize)]
pub struct Release<'a> {
    /// `None`: not released yet, and nobody knows as what.
    pub version: Option<String>,
    /// The tag's short name: `v1.1.0`.
    pub tag: Option<&'a str>,
    /// The tag of the release before it on its line.
    pub previous_tag: Option<&'a str>,
    /// `2026-11-21`
    pub date: Option<&'a str>,
    pub unreleased: bool,
    /// Taken back.
    pub yanked: bool,
    /// The tag's page.
    pub link: Option<String>,
    /// What changed since the release before it, on the web.
    pub compare: Option<String>,
    /// With at least one entry each.
    pub groups: Vec<Group<'a>>,
    /// What breaks for users; each is an entry of a group too, unless breaking changes are a group of their own.
    pub breaking: Vec<Breaking<'a>>,
    /// Where or how users migrate: a path or address of a guide, or the guide's text.
    pub migration: Option<&'a str>,
    /// Identifiers of vulnerabilities that the changes name, each once.
    pub advisories: Vec<Advisory<'a>>,
    /// Who took part, most changes first; programs (`…[bot]`) are left out.
    pub contributors: Vec<Contributor<'a>>,
    /// Those who took part for the first time, in the order of their first change. Empty where that is not known.
    pub new_contributors: Vec<Contributor<'a>>,
    pub statistics: Statistics,
}

/// Entries under one heading.
#[derive(Clone, Debug, Serialize)]
pub struct Group<'a> {
    pub title: &'a str,
    /// Breaking ones first, then from the oldest to the newest; by scope before that, where the options say so.
    pub entries: Vec<Entry<'a>>,
}

/// A change, as users read of it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry<'a> {
    pub description: Cow<'a, str>,
    pub scope: Option<Cow<'a, str>>,
    /// The type that the commit says, lower case: `feat`; `other` for none.
    pub kind: &'a str,
    /// What breaks; the same as the description, where the commit only says that it does.
    pub breaking: Option<Cow<'a, str>>,
    pub security: bool,
    pub references: Vec<Reference<'a>>,
    /// The author first, then the co-authors.
    pub authors: Vec<Person<'a>>,
    pub commit: Option<CommitLink<'a>>,
    /// The change file or news fragment that it comes from.
    pub file: Option<&'a str>,
    pub components: &'a [String],
}

/// What breaks.
#[derive(Clone, Debug, Serialize)]
pub struct Breaking<'a> {
    /// The footer's text, or the description.
    pub text: Cow<'a, str>,
    pub description: Cow<'a, str>,
    pub scope: Option<Cow<'a, str>>,
    pub commit: Option<CommitLink<'a>>,
}

/// An issue, pull request or vulnerability that a change names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference<'a> {
    /// As written: `#12`, `owner/name#12`, `CVE-2026-1234`.
    pub text: &'a str,
    pub link: Option<String>,
    pub pull_request: bool,
}

/// `CVE-2026-1234`, `GHSA-xxxx-xxxx-xxxx`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advisory<'a> {
    pub id: &'a str,
    pub link: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommitLink<'a> {
    pub id: &'a str,
    /// Its first seven digits.
    pub short: &'a str,
    pub link: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person<'a> {
    pub name: Cow<'a, str>,
    /// Their name on the forge, without `@`.
    pub handle: Option<&'a str>,
    pub link: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contributor<'a> {
    pub name: Cow<'a, str>,
    pub handle: Option<&'a str>,
    pub link: Option<String>,
    /// How many changes of the release they wrote, alone or with others.
    pub changes: usize,
    /// The first reference of their first change in the release; only for those who are new.
    pub reference: Option<Reference<'a>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Changes that are written in a commit or pull request, listed or not.
    pub commits: usize,
    /// Entries in all groups.
    pub entries: usize,
    pub breaking: usize,
    pub contributors: usize,
    /// Days since the release before it, where both dates are known.
    pub days: Option<i64>,
}

impl Reference<'_> {
    /// Whether it stands at that place of a text, as a word of its own.
    pub(super) fn is_at(&self, text: &str, at: usize) -> bool {
        self.link.is_some()
            && text.as_bytes()[at..].starts_with(self.text.as_bytes())
            && !text
                .as_bytes()
                .get(at + self.text.len())
                .is_some_and(u8::is_ascii_alphanumeric)
            && !at.checked_sub(1).is_some_and(|at| {
                text.as_bytes()[at].is_ascii_alphanumeric() || text.as_bytes()[at] == b'/'
            })
    }

    /// As a link of Markdown, or as its text.
    pub(super) fn push_link(&self, out: &mut String) {
        match &self.link {
            Some(link) => {
                out.push('[');
                out.push_str(self.text);
                out.push_str("](");
                out.push_str(link);
                out.push(')');
            }
            None => out.push_str(self.text),
        }
    }
}
