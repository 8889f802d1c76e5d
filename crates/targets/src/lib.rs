//! Where releases go: one file per kind of place, and one table that lists them.
//!
//! Invariants: a target looks, publishes and takes back; it never retries, orders or remembers. Secrets are resolved by name
//! inside the call that needs them. Every kind passes the contract tests of the test kit.
//!
//! Must not: decide what happens next, print, or read the environment.

pub mod git;
pub mod github;
pub mod http;
pub mod mail;
pub mod metadata;
pub mod pypi;
pub mod pypirc;
pub mod secrets;
pub mod trusted;
pub mod webhook;

use shipway_core::Digest;
use shipway_core::secret::Secrets;
use shipway_core::target::{Capability, Failure, Target, TargetSpec};
use std::path::PathBuf;
use std::sync::Arc;

/// What targets need from whoever drives them.
#[derive(Clone)]
pub struct Context {
    /// The local repository whose objects and references are released.
    pub repository: PathBuf,
    /// The bytes of sealed artifacts.
    pub bytes: Arc<dyn Bytes>,
    pub secrets: Arc<dyn Secrets>,
}

/// Where the bytes of an artifact are.
pub trait Bytes: Send + Sync {
    /// A file that holds the bytes with this digest.
    ///
    /// # Errors
    /// `Permanent` when they are not there.
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure>;
}

type Open = fn(&TargetSpec, &Context) -> Result<Box<dyn Target>, Failure>;

/// One kind of place.
pub struct Row {
    pub capability: Capability,
    open: Open,
}

/// Every kind of place, in the order of the documentation.
pub const TABLE: &[Row] = &[
    Row {
        capability: git::local::CAPABILITY,
        open: git::local::target,
    },
    Row {
        capability: git::remote::CAPABILITY,
        open: git::remote::target,
    },
    Row {
        capability: git::worktree::CAPABILITY,
        open: git::worktree::target,
    },
    Row {
        capability: github::DRAFT,
        open: github::open_draft,
    },
    Row {
        capability: github::ASSET,
        open: github::open_asset,
    },
    Row {
        capability: github::RELEASE,
        open: github::open_release,
    },
    Row {
        capability: github::WITHDRAWN,
        open: github::open_withdrawn,
    },
    Row {
        capability: github::MILESTONE,
        open: github::open_milestone,
    },
    Row {
        capability: pypi::CAPABILITY,
        open: pypi::open,
    },
    Row {
        capability: mail::CAPABILITY,
        open: mail::open,
    },
    Row {
        capability: webhook::CAPABILITY,
        open: webhook::open,
    },
];

/// What a kind of target can and cannot do.
pub fn capability(kind: &str) -> Option<&'static Capability> {
    TABLE
        .iter()
        .map(|row| &row.capability)
        .find(|capability| capability.kind == kind)
}

/// The target that a plan names.
///
/// # Errors
/// `Permanent` for a kind that the table does not list and for settings that do not fit the kind.
pub fn open(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    match TABLE.iter().find(|row| row.capability.kind == spec.kind) {
        Some(row) => (row.open)(spec, context),
        None => Err(Failure::permanent(format!(
            "there is no kind of target named {:?}",
            spec.kind
        ))),
    }
}
