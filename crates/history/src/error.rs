//! What can go wrong while reading a repository.

use shipway_core::name::{BadName, Oid};
use std::path::PathBuf;

/// A cause from the git library, kept for the chain.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("cannot open a git repository at {}", path.display())]
    Open { path: PathBuf, source: Cause },
    #[error("the references of {} are kept in a reftable, which cannot be read yet", path.display())]
    Reftable { path: PathBuf },
    #[error("cannot read {what}")]
    Read { what: String, source: Cause },
    #[error("{what} is not in the repository")]
    Missing { what: String },
    #[error("{what} was not fetched: this is a partial clone")]
    NotFetched { what: String, fetch: &'static str },
    #[error("{what} is a {is}")]
    Kind { what: String, is: String },
    #[error("{what} is damaged: {why}")]
    Damaged { what: String, why: &'static str },
    #[error("HEAD is detached at {}: no branch is checked out", .commit.abbreviated())]
    Detached { commit: Oid },
    #[error("the branch {branch} has no commit yet")]
    NoCommit { branch: String },
    #[error("the history ends at {}: this is a shallow clone", .boundary.abbreviated())]
    Shallow { boundary: Oid },
    #[error("a bare repository has no working tree")]
    Bare,
    #[error("{0} is not set")]
    NoIdentity(&'static str),
    #[error("{revision:?} names no commit")]
    NoRevision { revision: String, source: Cause },
    #[error("there is no remote named {0:?}")]
    NoRemote(String),
    #[error("{pattern:?} is no pattern for tags: {why}")]
    Pattern { pattern: String, why: &'static str },
    #[error("{path} in {} is {what}, not a file", .commit.abbreviated())]
    NotAFile {
        path: String,
        commit: Oid,
        what: &'static str,
    },
    #[error("git gave a name that cannot be used")]
    Name(#[from] BadName),
    #[error("cannot start git")]
    Program(#[source] std::io::Error),
    #[error("git {command} failed: {said}")]
    Git { command: &'static str, said: String },
}

impl HistoryError {
    pub(crate) fn read(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Read {
            what: what.into(),
            source: source.into(),
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Open { .. } => "run it inside a git repository, or name one with --repository",
            Self::Reftable { .. } => "keep them in files: git refs migrate --ref-format=files",
            Self::NotFetched { fetch, .. } => fetch,
            Self::Missing { .. } | Self::Damaged { .. } | Self::Kind { .. } => {
                "look at the repository with: git fsck"
            }
            Self::Detached { .. } => "check out the branch to release from: git switch main",
            Self::NoCommit { .. } => "make the first commit",
            Self::Shallow { .. } => {
                "fetch the whole history with its tags: git fetch --unshallow --tags (in GitHub Actions: fetch-depth: 0)"
            }
            Self::Bare => "use a clone with a working tree: git clone PATH",
            Self::NoIdentity(_) => {
                "tell git who makes the commit: git config user.name NAME; git config user.email ADDRESS"
            }
            Self::NoRevision { .. } => {
                "give a tag, a branch, or at least seven digits of a commit's id"
            }
            Self::NoRemote(_) => "see the names with: git remote; or set [project] remote",
            Self::Pattern { .. } => "write it like v{version}",
            Self::NotAFile { .. } => "name the file itself, not a link or directory",
            Self::Program(_) => "install git, or put it on the PATH",
            Self::Read { .. } | Self::Name(_) | Self::Git { .. } => return None,
        })
    }
}
