//! Where a commit stands in a repository, and how far two commits are apart.

use super::{Known, Revision};
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// Where the commit that a pin names stands in the member's repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What the pin says.
    pub revision: Known<Revision>,
    pub position: Known<Position>,
    /// From the pin to the tip of each branch that counts and is the default branch or a line's, by branch. Empty where the
    /// pinned commit is not in the repository.
    pub distances: BTreeMap<String, Distance>,
}

/// What a commit is to the branches of its repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Position {
    /// In the history of these branches (sorted, never empty), by first parents or by a merge; `owner` is the one whose
    /// own first-parent history has it.
    OnBranch {
        branches: Vec<String>,
        owner: Option<String>,
    },
    /// In no branch, but in a pull request: at its head, or before it.
    PullRequest { number: u64, head: bool },
    /// In the repository, but in no branch and in no pull request: only a tag has it.
    TagOnly { tags: Vec<String> },
    /// In the history of a branch by now, but not yet at the moment asked for.
    Later,
    /// In no history that the repository has.
    Absent,
}

/// How far `to` is from `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distance {
    /// The tip that was measured to.
    pub to: Oid,
    /// Commits that `to` has and `from` lacks (`git rev-list --count from..to`): how stale the pin is.
    pub behind: u32,
    /// Commits that `from` has and `to` lacks.
    pub ahead: u32,
    /// The newest commit that both have. `None`: they have nothing in common.
    pub base: Option<Oid>,
    /// From the commit date of `from` to that of `to`, in seconds. Negative where `from` is younger.
    pub seconds: i64,
    /// The date of the oldest commit that `from` lacks: since when it is stale.
    pub since: Option<Timestamp>,
}

impl Distance {
    /// Whether `from` is in the history of `to`.
    pub fn is_ancestor(&self) -> bool {
        self.ahead == 0 && self.base.is_some()
    }

    /// Whole days from `from` to `to`, rounded down.
    pub fn days(&self) -> i64 {
        self.seconds.div_euclid(86_400)
    }
}
