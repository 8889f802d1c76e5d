//! `[changes]`: what commits, change files, news fragments and pull requests mean for the version and the changelog.

use crate::version::Level;
use std::collections::BTreeMap;

/// `[changes]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// What types mean where `types` says nothing. Default: Conventional Commits.
    pub preset: Preset,
    /// What changes ask for below 1.0.0.
    pub initial: Initial,
    /// What becomes of commits that do not say what kind of change they are.
    pub unconventional: Unconventional,
    /// Whether the list of commits in the body of a squash merge counts; `None`: as the preset has it.
    pub squash: Option<bool>,
    /// By type, lower case: `docs`.
    pub types: BTreeMap<String, Rule>,
    /// By scope, as written: `deps`.
    pub scopes: BTreeMap<String, Rule>,
    /// Order of the changelog's groups; the others follow in the preset's order.
    pub groups: Vec<String>,
    /// Directory of change files: `.changeset`.
    pub files: Option<String>,
    /// Directory of news fragments, as towncrier has them: `changes`.
    pub fragments: Option<String>,
    /// Whether merged pull requests are read at the forge, with their labels.
    pub pull_requests: bool,
    /// By label: what a pull request that carries it is.
    pub labels: BTreeMap<String, Rule>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            preset: Preset::Conventional,
            initial: Initial::FeaturesMinor,
            unconventional: Unconventional::Hide,
            squash: None,
            types: BTreeMap::new(),
            scopes: BTreeMap::new(),
            groups: Vec::new(),
            files: None,
            fragments: None,
            pull_requests: false,
            labels: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Conventional Commits 1.0.0.
    Conventional,
    /// The Angular convention as semantic-release applies it.
    Angular,
    /// An emoji at the beginning.
    Gitmoji,
}

/// SemVer, section 4: below 1.0.0 nothing is promised. What people do all the same:
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// A breaking change and a feature ask for a minor release.
    FeaturesMinor,
    /// A breaking change asks for a minor release, a feature for a patch: Cargo's reading of `0.y.z`.
    FeaturesPatch,
    /// As above 1.0.0: a breaking change leads to 1.0.0.
    AsStable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconventional {
    /// They ask for nothing and are in no changelog; they are counted.
    Hide,
    /// They ask for nothing and are listed in a group of their own.
    List,
    /// They ask for a patch and are listed.
    Patch,
}

/// What a type, a scope or a label changes; `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    pub level: Option<Asked>,
    pub group: Option<Listed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Written `level = "none"`.
    Nothing,
    Level(Level),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Written `group = false`.
    Hidden,
    In(String),
}
