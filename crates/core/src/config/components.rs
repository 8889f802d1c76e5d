//! `[components]`, `[[component]]` and `[[line]]`: several products of one repository, and the series that are kept alive.

use super::VersionFile;

/// `[components]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// Whether they are found from workspace files (Cargo, npm, pnpm, yarn, uv, hatch, poetry). Default: true.
    pub discover: bool,
    /// Pattern of their tags: `{name}@{version}`.
    pub tag: String,
    /// When a component is raised because of one that it depends on.
    pub dependents: Dependents,
    /// Whether what is never published gets versions too.
    pub private: bool,
    /// Whether the changelog of each is beside it, or one file at the top tells of all.
    pub changelog: Together,
    /// Groups that always have one version.
    pub fixed: Vec<Vec<String>>,
    /// Groups whose members, when released together, get the highest version among them.
    pub linked: Vec<Vec<String>>,
    /// Patterns of paths whose changes are nobody's.
    pub ignore: Vec<String>,
    /// Those that are named one by one; they add to what was found, or change it.
    pub named: Vec<Component>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// When its requirement does not fit the new version any more.
    OutOfRange,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    Each,
    One,
}

/// `[[component]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub name: String,
    /// Its directory, relative to the top, with `/`.
    pub path: String,
    /// Pattern of its tag; default: that of `[components]`.
    pub tag: Option<String>,
    /// Relative to the top. Empty: those of the manifest that was found there.
    pub version_files: Vec<VersionFile>,
    /// Path of its changelog.
    pub changelog: Option<String>,
    /// Names of components that it needs, beside those that its manifest names.
    pub depends_on: Vec<String>,
    /// More patterns of paths that belong to it, relative to the top.
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

/// `[[line]]`: a maintained series of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `1.4`, or `1` for all of 1.x.
    pub name: String,
    /// The branch that its releases are made from: `1.4.x`.
    pub branch: String,
}
