//! Which version of the engine a branch of a member is built against, by the two places that say so.

use super::Known;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;

/// What the tip of one branch targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The commit that was read: the branch's tip.
    pub commit: Oid,
    /// By the submodule.
    pub submodule: Known<EngineVersion>,
    /// By the workflow.
    pub workflow: Known<EngineVersion>,
    /// The version of the shared build tools that the workflow names.
    pub ci_tools: Known<String>,
    pub agreement: Agreement,
}

/// A version of the engine, as a member names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineVersion {
    /// `v1.5.4`, `main`, or a commit id.
    pub written: String,
    /// The commit, where one is named, or that of the tag.
    pub commit: Option<Oid>,
    pub point: EnginePoint,
}

/// What a version of the engine is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnginePoint {
    /// A tag, or exactly the commit of one: where a commit has several, the highest.
    Tag(String),
    /// A branch, or a commit on the first-parent history that it owns.
    Branch(String),
    /// A commit that came into these branches by a merge (sorted), or that no branch has (empty).
    Merged(Vec<String>),
    /// A commit or name that the engine's mirror does not have.
    Absent,
}

/// Whether submodule and workflow say the same.
///
/// A tag agrees with exactly its commit, a branch with any commit that was on it by then, a commit with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    Agree,
    Disagree,
    /// One of the two is not known.
    Unknown,
}

impl Target {
    /// What both say; where one is unknown, what the other says.
    pub fn version(&self) -> Option<&EngineVersion> {
        match self.agreement {
            Agreement::Disagree => None,
            Agreement::Agree | Agreement::Unknown => {
                self.workflow.known().or(self.submodule.known())
            }
        }
    }
}
