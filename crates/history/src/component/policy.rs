//! How the versions of several components hang together.
//!
//! Must not: know where the policy is written down.

use super::discover::unknown;
use super::{Component, Fault, Publishing, Stated};
use shipway_core::config::{self, Dependents, Initial, Scheme};
use shipway_core::time::Timestamp;
use shipway_core::version::{Level, Pre};
use std::collections::HashMap;

/// The rules of a plan.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// The project's. Components of an ecosystem have that ecosystem's, unless the project's is a calendar.
    pub scheme: Scheme,
    /// What changes ask for below 1.0.0, by the current version of each component.
    pub initial: Initial,
    pub dependents: Dependents,
    /// How far dependents are raised.
    pub raise: Raise,
    /// Whether private components get versions.
    pub private: bool,
    /// Groups of names that always have one version: all are released when one is.
    pub fixed: &'a [Vec<String>],
    /// Groups of names whose members, where released, get one version.
    pub linked: &'a [Vec<String>],
    /// Everything that is released is a pre-release of this channel.
    pub pre: Option<Pre>,
    pub today: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// A dependent has a new requirement and nothing else: a patch.
    Patch,
    /// As far as what it depends on.
    Same,
}

/// Components that share a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub kind: GroupKind,
    /// Indices of components, sorted.
    pub members: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    Fixed,
    Linked,
}

impl<'a> Policy<'a> {
    /// What the configuration says, with dependents raised by a patch, for final releases.
    pub fn of(
        components: &'a config::Components,
        scheme: Scheme,
        initial: Initial,
        today: Timestamp,
    ) -> Self {
        Self {
            scheme,
            initial,
            dependents: components.dependents,
            raise: Raise::Patch,
            private: components.private,
            fixed: &components.fixed,
            linked: &components.linked,
            pre: None,
            today,
        }
    }

    /// Whether the component is one that gets versions.
    pub fn versions(&self, component: &Component) -> bool {
        match component.publishing {
            Publishing::Public => true,
            // A private component without a version has never had one.
            Publishing::Private => self.private && component.version != Stated::Nowhere,
        }
    }

    /// The groups, with each component in one at most.
    ///
    /// # Errors
    /// [`Fault::Unknown`] for names of no component, [`Fault::TwoGroups`].
    pub fn groups(&self, components: &[Component]) -> Result<Vec<Group>, Vec<Fault>> {
        let by_name: HashMap<&str, usize> = components
            .iter()
            .enumerate()
            .map(|(at, one)| (one.name.as_str(), at))
            .collect();
        let mut faults = Vec::new();
        let mut taken = vec![false; components.len()];
        let mut groups = Vec::new();
        let fixed = self.fixed.iter().map(|names| (GroupKind::Fixed, names));
        let linked = self.linked.iter().map(|names| (GroupKind::Linked, names));
        for (kind, names) in fixed.chain(linked) {
            let mut members = Vec::new();
            for name in names {
                match by_name.get(name.as_str()) {
                    None => faults.push(unknown(
                        format!("a {kind} group"),
                        name,
                        by_name.keys().copied(),
                    )),
                    Some(at) if std::mem::replace(&mut taken[*at], true) => {
                        faults.push(Fault::TwoGroups { name: name.clone() });
                    }
                    Some(at) => members.push(*at),
                }
            }
            members.retain(|at| self.versions(&components[*at]));
            members.sort_unstable();
            groups.push(Group { kind, members });
        }
        if faults.is_empty() {
            Ok(groups)
        } else {
            Err(faults)
        }
    }
}

/// The scheme of a component's versions.
pub fn scheme_of(component: &Component, project: Scheme) -> Scheme {
    use super::Ecosystem;
    match (project, component.ecosystem) {
        (Scheme::Semver | Scheme::Pep440, Ecosystem::Cargo | Ecosystem::Npm) => Scheme::Semver,
        (Scheme::Semver | Scheme::Pep440, Ecosystem::Python) => Scheme::Pep440,
        (scheme, _) => scheme,
    }
}

/// What a level means below 1.0.0.
pub(super) fn below_one(initial: Initial, asked: Level) -> Level {
    match (initial, asked) {
        (Initial::AsStable, _) | (_, Level::Patch) => asked,
        (Initial::FeaturesMinor, _) | (Initial::FeaturesPatch, Level::Major) => Level::Minor,
        (Initial::FeaturesPatch, Level::Minor) => Level::Patch,
    }
}

impl std::fmt::Display for GroupKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Linked => "linked",
        })
    }
}
