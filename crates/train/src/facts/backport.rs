//! Which fix is on which line, and what a line has that the main branch lacks.

use super::Known;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// Fixes by lines, in one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixMatrix {
    pub repository: String,
    pub as_of: Timestamp,
    /// Oldest first.
    pub fixes: Vec<Fix>,
    /// One for each line, in the order that the lines were given.
    pub forward_merges: Vec<ForwardMerge>,
}

/// A fix, however many commits carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The commit that was made first.
    pub commit: Oid,
    pub subject: String,
    pub author: String,
    pub time: Timestamp,
    /// The pull request that brought it, by its title or merge.
    pub pull: Option<u64>,
    /// By a trailer or by the list of fixes that was given.
    pub severity: Option<String>,
    /// By branch.
    pub lines: BTreeMap<String, OnLine>,
}

/// What one branch has of a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum OnLine {
    /// Fixed.
    Fixed {
        /// The commit on this line that carries the fix.
        commit: Oid,
        link: Link,
        /// The first tag that has it.
        release: Option<String>,
    },
    /// Not there. `since`: when the fix was made, or, where the line is younger, when the line was.
    Missing {
        since: Timestamp,
        /// Commits that look alike; a person has to say.
        maybe: Vec<WeakLink>,
    },
    /// The branch was not there by then, or could not be read.
    Unread { why: Known<()> },
}

/// Same subject and same author: no proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeakLink {
    pub commit: Oid,
    pub subject: String,
}

/// How a fix and a commit were found to be one, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The commit itself is in the line's history.
    Same,
    /// `(cherry picked from commit …)`, as `git cherry-pick -x` writes.
    CherryPicked,
    /// The same change by its patch id, as `git patch-id` computes.
    PatchId,
    /// `Backport #n` or `Backport of #n`.
    Backport,
}

/// What a line has and the main branch lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardMerge {
    pub line: String,
    pub into: String,
    /// Commits without merges that are on `line`, and neither in the history of `into` nor there under another id.
    pub owed: Vec<Oid>,
    /// When the oldest of them landed.
    pub since: Option<Timestamp>,
    /// The last merge of the line's own commits: the commit of the line that `into` has, and that commit's date.
    pub merged_until: Option<(Oid, Timestamp)>,
}
