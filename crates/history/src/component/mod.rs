//! Components: the products of one repository, what each depends on, and which version comes next for each.
//!
//! [`discover`] finds them in the files of a commit, [`assign`] tells whose a changed path is, [`plan`] decides the versions of all
//! at once, and [`graph`] the order in which they can be published.
//!
//! Invariants: no two components have one name or one directory; components are in the order of their directories; all is
//! linear in components, dependencies and changed paths, never in their product.
//!
//! Must not: read a working tree, write a file, or know a registry.

pub mod assign;
pub mod discover;
mod error;
mod glob;
pub mod graph;
pub mod plan;
pub mod policy;
mod source;
mod tree;
pub mod workspace;

pub use assign::{Assignment, Owner};
pub use discover::discover;
pub use error::{ComponentError, Fault};
pub use plan::{Next, Past, Plan, Reason, plan};
pub use policy::{Policy, Raise, scheme_of};
pub use source::{Entry, Files, Memory};
pub use tree::CommitFiles;
pub use workspace::{Question, Workspace, versions};

use shipway_core::config;
use shipway_core::requirement::Requirement;
use std::fmt;

/// One product of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub name: String,
    /// Its directory, relative to the top, with `/`; empty: the top itself.
    pub path: String,
    /// What its manifest is written for; [`Ecosystem::None`] where only the configuration names it.
    pub ecosystem: Ecosystem,
    /// Its manifests, the one that name and version come from first. Empty where only the configuration names it.
    pub manifests: Vec<String>,
    pub version: Stated,
    pub publishing: Publishing,
    /// On other components of the repository.
    pub dependencies: Vec<Dependency>,
    /// What the configuration says of it, where it does.
    pub named: Option<config::Component>,
}

/// Whose manifest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    Cargo,
    Python,
    Npm,
    None,
}

/// The version that a manifest states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stated {
    /// As it is written, and where.
    At { text: String, place: Place },
    /// The build makes it up: a `setuptools-scm`, `hatch-vcs`, a file that is imported.
    Dynamic,
    /// Nothing states one, and nothing has to: a private package, a component that only the configuration names.
    Nowhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publishing {
    Public,
    /// The manifest forbids it: `publish = false`, `"private": true`, `Private :: Do Not Upload`.
    Private,
}

/// A component that another one needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Index of the component.
    pub on: usize,
    pub kind: DependencyKind,
    /// `None`: any version (a path alone, or `depends-on`).
    pub requirement: Option<Requirement>,
    pub bound: Bound,
    /// Where the requirement stands, for the edit; where there is none, what names the dependency.
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyKind {
    Normal,
    /// Extras, features.
    Optional,
    Build,
    /// The user of the dependent brings it.
    Peer,
    /// For those who work on the dependent.
    Development,
}

/// How a dependency finds the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// It is always that of the repository (a path, `workspace:`), so that the requirement has to fit it.
    Here,
    /// By name: where the requirement does not fit, the registry serves another version.
    ByName,
}

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Relative to the top.
    pub path: String,
    /// The parts of its key; a number is the place in a list, from 0.
    pub key: Vec<String>,
}

impl DependencyKind {
    /// Whether users of the dependent get the dependency with it, or choose it for it.
    pub fn reaches_users(self) -> bool {
        self != Self::Development
    }
}

impl fmt::Display for DependencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::Optional => "optional",
            Self::Build => "build",
            Self::Peer => "peer",
            Self::Development => "development",
        })
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cargo => "Cargo",
            Self::Python => "Python",
            Self::Npm => "npm",
            Self::None => "none",
        })
    }
}
