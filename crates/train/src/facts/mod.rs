//! What is true in the repositories of a train at a date: data only, read from git by another module, judged elsewhere.
//!
//! Invariants: every record says as of when it holds; whatever could not be read is a [`Known::Unknown`] with the reason and
//! the place, never a default; lists are sorted, so that two equal states are equal records.
//!
//! **The past is reconstructed from the commit graph**, because mirrors have no reflog. At a date, a branch is where its
//! first-parent history stood by the commit dates, where no commit counts as older than its ancestors. Hence a branch that
//! was deleted since is not seen, a tip that was pushed over is not seen, and a commit counts from its commit date on, even
//! if it was pushed later. Tags are there from the tagger's date on, or, lightweight, from the commit's.
//!
//! Must not: read a repository, or hold an opinion about what it finds.

mod backport;
mod deliverable;
mod known;
mod pin;
mod standing;
mod target;

pub use backport::{Fix, FixMatrix, ForwardMerge, Link, OnLine, WeakLink};
pub use deliverable::{
    BranchLocation, Deliverable, DeliverableBranch, DeliverableRelease, ProjectHash, ReleasesFacts,
    Schedule, Series, Week,
};
pub use known::{Known, Place, Reason, Unknown};
pub use pin::{Patch, Pin, PinState, Pins, Revision, Span};
pub use standing::{Distance, Position, Standing};
pub use target::{Agreement, EnginePoint, EngineVersion, Target};

use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// A train at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainFacts {
    /// The moment that was asked for. Nothing younger is in here.
    pub as_of: Timestamp,
    pub engine: Known<RepositoryFacts>,
    /// What the engine pins, by reference: each branch of `engine` that belongs to a line or is the default branch, under its
    /// short name; the highest release tag of each series `X.Y`, under the tag's name.
    pub pins: BTreeMap<String, Known<Pins>>,
    /// By the member's name in the train.
    pub members: BTreeMap<String, MemberFacts>,
}

/// One member at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberFacts {
    pub repository: Known<RepositoryFacts>,
    /// The engine version that each branch targets, by branch: default and line branches.
    pub targets: BTreeMap<String, Target>,
    /// Where the pinned commit stands in this repository, by the engine's reference (as in [`TrainFacts::pins`]).
    /// A reference that pins nothing of this member has no entry.
    pub standing: BTreeMap<String, Standing>,
}

/// One repository at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryFacts {
    /// The name in the train.
    pub name: String,
    pub as_of: Timestamp,
    /// What HEAD names; without that, `main` or `master`.
    pub default_branch: Known<String>,
    /// Sorted by name. Those whose first commit is younger than `as_of` are not here.
    pub branches: Vec<Branch>,
    /// Sorted by name.
    pub tags: Vec<Tag>,
    /// What is odd about the repository and did not keep it from being read: shallow, branches that differ in case, …
    pub problems: Vec<Unknown>,
}

/// A branch at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Short: `main`, `v1.5-variegata`.
    pub name: String,
    /// The commit that it stood at.
    pub tip: Oid,
    /// When `tip` landed, at the earliest: its own date, or that of a younger ancestor.
    pub time: Timestamp,
    /// Where it parted from another branch. `None`: by then it had no commit of its own, so that it does not count as a
    /// branch; a branch that was made and never committed to is the same as the commit that it was made at.
    pub own: Option<Own>,
}

/// The part of a branch's first-parent history that is no other branch's.
///
/// The default branch owns all of its first-parent history; then lines in order of their versions; then the others by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// When the first commit of its own landed.
    pub since: Timestamp,
    pub first: Oid,
    /// Commits of its own by then, along the first parents.
    pub commits: u32,
    /// The branch that it parted from and the last commit that both have. `None` for a history of its own.
    pub from: Option<Fork>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    pub branch: String,
    pub commit: Oid,
}

/// A tag of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Short: `v1.5.4`.
    pub name: String,
    pub commit: Oid,
    /// The tagger's date, or for a lightweight tag the commit's: the tag itself may be younger.
    pub time: Timestamp,
    pub annotated: bool,
}

/// How many branches of an extension are active (the release rules' word for it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BranchType {
    /// The default branch.
    Single,
    /// The default branch and that of the current line.
    Two,
    /// The default branch, that of the current line and that of the next.
    Three,
}

impl RepositoryFacts {
    pub fn branch(&self, name: &str) -> Option<&Branch> {
        let found = self
            .branches
            .binary_search_by(|one| one.name.as_str().cmp(name));
        found.ok().map(|index| &self.branches[index])
    }

    pub fn tag(&self, name: &str) -> Option<&Tag> {
        let found = self
            .tags
            .binary_search_by(|one| one.name.as_str().cmp(name));
        found.ok().map(|index| &self.tags[index])
    }

    /// The branch, where it counts as one: the default branch, or one with a commit of its own.
    pub fn counted(&self, name: &str) -> Option<&Branch> {
        let default = self.default_branch.known().is_some_and(|it| it == name);
        self.branch(name).filter(|one| default || one.own.is_some())
    }

    /// The branch type by the branches that count, for the branch names of the current line and, while it is active, the next.
    ///
    /// Unknown: no default branch; a line's branch under two spellings that differ in case; the next line's branch without
    /// the current one's, which the rules do not provide for.
    pub fn branch_type(&self, current: &str, next: Option<&str>) -> Known<BranchType> {
        let place = || Place::repository(&self.name);
        if let Known::Unknown(why) = &self.default_branch {
            return Known::Unknown(why.clone());
        }
        for line in [Some(current), next].into_iter().flatten() {
            let mut same = self
                .branches
                .iter()
                .filter(|one| one.name.eq_ignore_ascii_case(line));
            if let Some(first) = same.next()
                && (same.next().is_some() || first.name != line)
            {
                let detail =
                    format!("branch {line} also stands under a spelling that differs in case");
                return Known::unknown(Reason::CaseConflict, detail, place());
            }
        }
        let has_current = self.counted(current).is_some();
        let has_next = next.is_some_and(|next| self.counted(next).is_some());
        match (has_current, has_next) {
            (false, false) => Known::Known(BranchType::Single),
            (true, false) => Known::Known(BranchType::Two),
            (true, true) => Known::Known(BranchType::Three),
            (false, true) => {
                let next = next.unwrap_or_default();
                let detail = format!("there is a branch {next} and no branch {current}");
                Known::unknown(Reason::Ambiguous, detail, place())
            }
        }
    }
}

impl BranchType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Two => "two",
            Self::Three => "three",
        }
    }
}

#[cfg(test)]
mod tests;
