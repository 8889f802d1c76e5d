//! A train as its team writes it down: lines in order, members, what was declared when, and who waived what.
//!
//! Invariant: lines are an ordered list, oldest first. What comes after a line is the next of the list, which may be a new
//! major; no version is ever computed from another one's minor.
//!
//! Must not: know what stands in a repository. That is in [`crate::facts`].

mod moment;
mod version;

pub use moment::{Ground, LineState, Moment, PhaseNow};
pub use version::{BadVersion, LineVersion, ReleaseVersion};

use crate::pack::{Override, Severity};
use serde::{Deserialize, Serialize};
use shipway_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// The whole train.
#[derive(Clone, Debug)]
pub struct Train {
    pub name: String,
    pub engine: Engine,
    /// Oldest first.
    pub lines: Vec<Line>,
    pub members: Vec<Member>,
    /// What was declared, oldest first.
    pub log: Vec<Entry>,
    pub waivers: Vec<Waiver>,
    pub rules: Rules,
    /// Single answers of the pack that this team changes.
    pub overrides: Vec<Override>,
    pub departure: Departure,
}

/// What a departure does beside tagging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// How a member is rebuilt, in a checkout of the engine with its new pins; `{member}` and `{commit}` stand for the member.
    pub rebuild: Option<Vec<String>>,
    /// Who has to agree before the first tag.
    pub approve: Option<String>,
    /// How many of them. Default 1.
    pub quorum: u32,
}

/// Where the rules are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// A pack that comes with Shipway.
    Builtin(String),
    /// A directory, from the top of the repository.
    Directory(String),
}

/// The repository that members are built against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    pub name: String,
    /// A path to a repository or a mirror of it, or its address.
    pub repository: String,
    pub main: String,
    /// How release tags are called, with `{version}`.
    pub tag: String,
    /// Who can act on it.
    pub maintainers: Vec<String>,
    /// Files that pin members, from the top of the repository; empty: where the reader of pins looks by itself.
    pub pins: Vec<String>,
}

/// A maintained series of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `1.5`
    pub version: LineVersion,
    pub codename: Option<String>,
    /// The branch that makes all its versions, in the engine and in members: `v1.5-variegata`.
    pub branch: String,
    pub support: Support,
    /// When its first release was or is to be, as announced.
    pub announced: Option<Timestamp>,
    /// When support ends, as announced. Announced dates move; they are never computed where one is written.
    pub end_of_life: Option<Timestamp>,
}

/// How long a line is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Until the next line is released.
    Standard,
    /// Until its date.
    Lts,
}

/// Something that was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    /// A word of the pack's events.
    pub event: String,
    pub note: Option<String>,
    /// The line of the train's file.
    pub place: usize,
}

/// How a member depends on the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    InTree,
    StableApi,
    UnstableApi,
}

impl Class {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("in-tree", Self::InTree),
        ("stable-api", Self::StableApi),
        ("unstable-api", Self::UnstableApi),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::InTree => "in-tree",
            Self::StableApi => "stable-api",
            Self::UnstableApi => "unstable-api",
        }
    }
}

/// One of the repositories that leave together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    /// Other names under which the engine pins it.
    pub aliases: Vec<String>,
    /// A path to a repository or a mirror of it, or its address; empty for what lives in the engine's.
    pub repository: String,
    pub class: Class,
    /// How it releases, where the pack knows models.
    pub model: Option<String>,
    /// What it is, where the pack knows components.
    pub component: Option<String>,
    /// How bad it is when a release lacks it.
    pub absence: Severity,
    /// Who can act on it.
    pub maintainers: Vec<String>,
    /// Members that must be rebuilt before it.
    pub needs: Vec<String>,
    /// The line of the train's file.
    pub place: usize,
}

/// A rule that somebody lifted, on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Waiver {
    pub member: String,
    pub waives: Waives,
    /// The release it is for; every one without it.
    pub release: Option<ReleaseVersion>,
    pub who: String,
    pub why: String,
    /// From here on it counts no more.
    pub until: Option<Timestamp>,
}

/// What a waiver lifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waives {
    /// The member may be missing.
    Absence,
    /// The pin may stay where it is.
    Pin,
    /// The target may be another.
    Target,
    /// The branch type may be another.
    BranchType,
}

impl Waives {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("absence", Self::Absence),
        ("pin", Self::Pin),
        ("target", Self::Target),
        ("branch-type", Self::BranchType),
    ];
}

impl Engine {
    /// The tag of a release.
    pub fn tag_of(&self, release: &ReleaseVersion) -> String {
        self.tag.replace("{version}", &release.to_string())
    }

    /// The release that a tag is of; `None` for candidates and for tags of other things.
    pub fn release_of(&self, tag: &str) -> Option<ReleaseVersion> {
        let (before, after) = self.tag.split_once("{version}")?;
        let version = tag.strip_prefix(before)?.strip_suffix(after)?;
        ReleaseVersion::parse(version).ok()
    }
}

impl Train {
    /// The member of a name or alias, upper and lower case alike.
    pub fn member(&self, name: &str) -> Option<&Member> {
        let exact = self.members.iter().find(|member| member.name == name);
        exact.or_else(|| {
            self.members.iter().find(|member| {
                member.name.eq_ignore_ascii_case(name)
                    || member
                        .aliases
                        .iter()
                        .any(|alias| alias.eq_ignore_ascii_case(name))
            })
        })
    }

    /// The waiver that counts at a time.
    pub fn waiver(
        &self,
        member: &str,
        what: Waives,
        release: &ReleaseVersion,
        now: Timestamp,
    ) -> Option<&Waiver> {
        self.waivers.iter().find(|waiver| {
            waiver.member == member
                && waiver.waives == what
                && waiver.release.as_ref().is_none_or(|of| of == release)
                && waiver.until.is_none_or(|until| now < until)
        })
    }

    /// Members in an order in which each comes after those it needs; by name where that leaves a choice.
    ///
    /// # Errors
    /// The members of a cycle, in its order.
    pub fn rebuild_order(&self) -> Result<Vec<&Member>, Vec<String>> {
        let members = self.members.iter();
        let index: HashMap<&str, &Member> = members.map(|one| (one.name.as_str(), one)).collect();
        let mut waiting: HashMap<&str, usize> = HashMap::new();
        let mut needed_by: HashMap<&str, Vec<&str>> = HashMap::new();
        for member in &self.members {
            let needs: BTreeSet<&str> = member.needs.iter().map(String::as_str).collect();
            let known = needs.into_iter().filter(|name| index.contains_key(name));
            let mut count = 0;
            for name in known {
                needed_by.entry(name).or_default().push(&member.name);
                count += 1;
            }
            waiting.insert(&member.name, count);
        }
        let free = waiting.iter().filter(|(_, count)| **count == 0);
        let mut ready: BTreeSet<&str> = free.map(|(name, _)| *name).collect();
        let mut order = Vec::with_capacity(self.members.len());
        while let Some(name) = ready.pop_first() {
            order.push(index[name]);
            for after in needed_by.get(name).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(after) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(after);
                    }
                }
            }
        }
        if order.len() == index.len() {
            return Ok(order);
        }
        let stuck = |member: &&Member| {
            waiting
                .get(member.name.as_str())
                .is_some_and(|left| *left > 0)
        };
        let stuck: Vec<&Member> = self.members.iter().filter(stuck).collect();
        Err(self.cycle(&stuck))
    }

    fn cycle(&self, stuck: &[&Member]) -> Vec<String> {
        let mut path: Vec<&str> = Vec::new();
        let Some(mut at) = stuck.first().copied() else {
            return Vec::new();
        };
        loop {
            if let Some(start) = path.iter().position(|name| *name == at.name) {
                return path[start..]
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect();
            }
            path.push(&at.name);
            let next = at.needs.iter().filter_map(|name| self.member(name));
            let Some(next) = next
                .into_iter()
                .find(|one| stuck.iter().any(|member| member.name == one.name))
            else {
                return path.iter().map(|name| (*name).to_owned()).collect();
            };
            at = next;
        }
    }
}
