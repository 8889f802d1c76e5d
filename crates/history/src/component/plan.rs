//! The next versions of all components at once.
//!
//! A component is released for its own changes, because a component that it depends on leaves its requirement, or with its group.
//! Whatever the policy says, requirements that would not fit any more are raised, also in components that are not released, so
//! that the workspace holds together.
//!
//! * Development dependencies never raise a dependent.
//! * A peer dependency that leaves its range raises the dependent by a major level (below 1.0.0: as a breaking change there), since
//!   its users have to act. A pre-release of a version that fits does not.
//! * `workspace:^` stands for what is published for it now, so that a release outside of that range raises the dependent.
//! * A requirement by name that does not fit today either is one on another release, and stays.
//! * A fixed or linked group has the highest current version of its members, raised by the highest level among those released.
//! * Outside of a channel, every component whose last release is a pre-release is released, which ends the pre-release.
//!
//! Invariants: the plan does not depend on the order of the components; planning again after the plan was carried out gives
//! nothing; versions rise. Levels only ever rise while the plan is made, in rounds, so that cycles end; each component is looked
//! at no more than a few times.
//!
//! Must not: read a repository or a file.

mod raise;

use super::policy::{GroupKind, Policy};
use super::{Component, ComponentError, Place};
use crate::change::Change;
use raise::Raising;
use shipway_core::version::{Level, Version, VersionError};
use std::fmt;

/// What is known of one component.
#[derive(Clone, Debug, Default)]
pub struct Past<'a> {
    /// The versions of its releases that the head contains. Empty: none was released, and what its manifest states counts.
    pub releases: Vec<Version>,
    /// Its changes since the last final release, newest first.
    pub changes: Vec<&'a Change>,
    /// How many of them came since its last release, be it a pre-release: where there is none of them, a channel has no news.
    pub news: usize,
}

/// What is released, and what is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the components.
    pub next: Vec<Next>,
    /// Sorted by place.
    pub edits: Vec<RequirementEdit>,
    /// Requirements that could not be raised so that they fit, such as `<2` under another spelling or `!=1.3`.
    pub unfit: Vec<Unfit>,
}

/// A component's next version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// Index of the component.
    pub component: usize,
    pub current: Option<Version>,
    pub version: Version,
    /// Which of the first three numbers rises.
    pub level: Level,
    /// At least one.
    pub reasons: Vec<Reason>,
}

/// Why a component is released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// So many of its changes ask for this level, after the rules for 0.x.
    Changes { level: Level, count: usize },
    /// A change asks for the version by name.
    Asked { version: String },
    /// It depends on the component, whose new version leaves the requirement.
    Leaves {
        on: usize,
        requirement: String,
        version: String,
    },
    /// It depends on the component, and the policy is to release dependents always.
    Follows { on: usize, version: String },
    /// Its group, by its position: the fixed ones in the policy's order, then the linked ones.
    Group { kind: GroupKind, group: usize },
    /// Its last release is a pre-release.
    EndsPrerelease { version: String },
}

/// A requirement to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementEdit {
    pub place: Place,
    /// Index of the component that the requirement is on.
    pub on: usize,
    pub from: String,
    pub to: String,
}

/// A requirement that does not fit, whatever is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub place: Place,
    pub on: usize,
    pub requirement: String,
}

/// Decides the next versions. `past` has one entry for each component.
///
/// # Errors
/// [`ComponentError::Faults`]: names in groups that are none, a version that cannot be raised or that goes back, and texts that are
/// no versions.
pub fn plan(
    components: &[Component],
    past: &[Past<'_>],
    policy: &Policy<'_>,
) -> Result<Plan, ComponentError> {
    let mut raising = Raising::new(components, past, policy)?;
    raising.run()?;
    Ok(raising.plan())
}

impl Plan {
    /// The next version of a component.
    pub fn of(&self, component: usize) -> Option<&Next> {
        let at = self
            .next
            .binary_search_by_key(&component, |next| next.component);
        at.ok().map(|at| &self.next[at])
    }
}

impl Reason {
    /// Whether the component's own changes are the reason, which tell it better themselves.
    pub fn is_of_changes(&self) -> bool {
        matches!(self, Self::Changes { .. } | Self::Asked { .. })
    }

    /// In words, with the names of the components.
    pub fn told(&self, components: &[Component]) -> String {
        let name = |at: usize| components.get(at).map_or("", |one| one.name.as_str());
        match self {
            Self::Changes { level, count: 1 } => format!("{level}: one change"),
            Self::Changes { level, count } => format!("{level}: {count} changes"),
            Self::Asked { version } => format!("a change asks for {version}"),
            Self::Leaves {
                on,
                requirement,
                version,
            } => {
                let on = name(*on);
                format!("it depends on {on}, whose version {version} leaves {requirement}")
            }
            Self::Follows { on, version } => {
                format!(
                    "it depends on {}, which is released as {version}",
                    name(*on)
                )
            }
            Self::Group { kind, group } => format!("{kind} group {}", group + 1),
            Self::EndsPrerelease { version } => format!("it ends the pre-release {version}"),
        }
    }
}

/// A version that cannot be, of a component.
fn version_fault(component: &Component, source: VersionError) -> super::Fault {
    super::Fault::Version {
        path: component.name.clone(),
        source,
    }
}

impl fmt::Display for RequirementEdit {
    /// `packages/app/package.json dependencies.lib: ^1.2.0 -> ^2.0.0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.place.key.join(".");
        write!(f, "{} {key}: {} -> {}", self.place.path, self.from, self.to)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(super) mod tests;
