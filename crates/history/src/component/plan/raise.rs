//! The rounds that a plan is made in.
//!
//! Invariants: within a round every component sees the versions of the round before, so that nothing depends on an order; levels
//! only rise, so that there is an end.

use super::super::policy::{Group, GroupKind, Raise, below_one, scheme_of};
use super::super::{Bound, Component, Dependency, DependencyKind, Fault, Place, Policy, Stated};
use super::{Next, Past, Plan, Reason, RequirementEdit, Unfit, version_fault};
use shipway_core::config::{Dependents, Scheme};
use shipway_core::requirement::Requirement;
use shipway_core::version::{Level, Version};
use std::collections::{BTreeMap, BTreeSet};

/// A plan that is being made.
pub struct Raising<'a> {
    components: &'a [Component],
    past: &'a [Past<'a>],
    policy: &'a Policy<'a>,
    groups: Vec<Group>,
    group_of: Vec<Option<usize>>,
    /// By component: those that depend on it, with the position of the dependency.
    dependents: Vec<Vec<(usize, usize)>>,
    current: Vec<Option<Version>>,
    asked: Vec<Option<Version>>,
    level: Vec<Option<Level>>,
    version: Vec<Option<Version>>,
    /// By component: its own reasons, and the dependencies that raise it with whether the requirement is left.
    own: Vec<Vec<Reason>>,
    raised_by: Vec<BTreeMap<usize, Left>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Leaves,
    Follows,
}

/// What gets its version together: a group, or a component of none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Group(usize),
    One(usize),
}

impl<'a> Raising<'a> {
    pub fn new(
        components: &'a [Component],
        past: &'a [Past<'a>],
        policy: &'a Policy<'a>,
    ) -> Result<Self, Vec<Fault>> {
        let groups = policy.groups(components)?;
        let count = components.len();
        let mut group_of = vec![None; count];
        for (at, group) in groups.iter().enumerate() {
            for member in &group.members {
                group_of[*member] = Some(at);
            }
        }
        let mut dependents = vec![Vec::new(); count];
        for (at, component) in components.iter().enumerate() {
            for (position, dependency) in component.dependencies.iter().enumerate() {
                if let Some(list) = dependents.get_mut(dependency.on) {
                    list.push((at, position));
                }
            }
        }
        let mut raising = Self {
            components,
            past,
            policy,
            groups,
            group_of,
            dependents,
            current: Vec::with_capacity(count),
            asked: vec![None; count],
            level: vec![None; count],
            version: vec![None; count],
            own: vec![Vec::new(); count],
            raised_by: vec![BTreeMap::new(); count],
        };
        let mut faults = Vec::new();
        for at in 0..count {
            if let Err(fault) = raising.begin(at) {
                faults.push(fault);
                raising.current.resize(at + 1, None);
            }
        }
        if faults.is_empty() {
            Ok(raising)
        } else {
            Err(faults)
        }
    }

    /// A component's current version, and what its own changes ask for.
    fn begin(&mut self, at: usize) -> Result<(), Fault> {
        let component = &self.components[at];
        let nothing = Past::default();
        let past = self.past.get(at).unwrap_or(&nothing);
        let scheme = scheme_of(component, self.policy.scheme);
        let parse = |text: &str| {
            Version::parse(text, scheme).map_err(|source| version_fault(component, source))
        };
        let released = past.releases.iter().max_by(|a, b| a.precedence(b)).cloned();
        let versioned = self.policy.versions(component);
        let current = match (&released, &component.version) {
            (Some(released), _) => Some(released.clone()),
            (None, Stated::At { text, .. }) if versioned => Some(parse(text)?),
            // One that gets no versions may have any text for one.
            (None, Stated::At { text, .. }) => Version::parse(text, scheme).ok(),
            (None, _) => None,
        };
        self.current.push(current.clone());
        if !versioned {
            return Ok(());
        }
        let stable = current
            .as_ref()
            .is_some_and(|version| version.numbers()[0] > 0);
        let asks = |change: &crate::Change| {
            crate::next::level(
                current.as_ref().filter(|_| stable),
                change,
                self.policy.initial,
            )
        };
        let has_news = self.policy.pre.is_none() || past.news > 0;
        let changes = past.changes.iter().filter(|_| has_news);
        let levels: Vec<Level> = changes.clone().filter_map(|change| asks(change)).collect();
        if let Some(level) = levels.iter().max() {
            self.level[at] = Some(*level);
            let count = levels.iter().filter(|one| *one == level).count();
            self.own[at].push(Reason::Changes {
                level: *level,
                count,
            });
        }
        // The newest says it.
        if let Some(text) = changes
            .clone()
            .find_map(|change| change.release_as.as_deref())
        {
            let version = parse(text)?;
            self.own[at].push(Reason::Asked {
                version: version.to_string(),
            });
            self.asked[at] = Some(version);
        }
        if let Some(released) = released.filter(Version::is_prerelease)
            && self.policy.pre.is_none()
        {
            self.level[at].get_or_insert(Level::Patch);
            self.own[at].push(Reason::EndsPrerelease {
                version: released.to_string(),
            });
        }
        Ok(())
    }

    fn unit(&self, component: usize) -> Unit {
        self.group_of[component].map_or(Unit::One(component), Unit::Group)
    }

    /// Rounds, until nothing changes any more.
    pub fn run(&mut self) -> Result<(), Vec<Fault>> {
        let begun = |at: &usize| self.level[*at].is_some() || self.asked[*at].is_some();
        let begun = (0..self.components.len()).filter(begun);
        let mut open: BTreeSet<Unit> = begun.map(|at| self.unit(at)).collect();
        let mut faults = Vec::new();
        while !open.is_empty() && faults.is_empty() {
            let mut changed = Vec::new();
            for unit in std::mem::take(&mut open) {
                match self.versions(unit) {
                    Ok(versions) => {
                        for (at, version) in versions {
                            if self.version[at].as_ref() != Some(&version) {
                                self.version[at] = Some(version);
                                changed.push(at);
                            }
                        }
                    }
                    Err(fault) => faults.push(fault),
                }
            }
            for at in changed {
                for (dependent, position) in self.dependents[at].clone() {
                    if self.raise(dependent, position) {
                        open.insert(self.unit(dependent));
                    }
                }
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Whether the dependent is raised further than it was.
    fn raise(&mut self, at: usize, position: usize) -> bool {
        let component = &self.components[at];
        let dependency = &component.dependencies[position];
        let Some(version) = &self.version[dependency.on] else {
            return false;
        };
        let applies = self.policy.versions(component) && dependency.kind.reaches_users();
        if !applies || self.policy.dependents == Dependents::Never {
            return false;
        }
        let current = self.current[dependency.on].as_ref();
        let left = if leaves(dependency, current, version) {
            Left::Leaves
        } else if self.policy.dependents == Dependents::Always {
            Left::Follows
        } else {
            return false;
        };
        let by_policy = match self.policy.raise {
            Raise::Patch => Level::Patch,
            Raise::Same => level_between(current, version),
        };
        // Users have to act only where the final release leaves the range too.
        let acts = dependency.kind == DependencyKind::Peer
            && leaves(dependency, current, &without_channel(version));
        let level = if acts { Level::Major } else { by_policy };
        let stable = self.current[at]
            .as_ref()
            .is_some_and(|own| own.numbers()[0] > 0);
        let level = if stable || !acts {
            level
        } else {
            below_one(self.policy.initial, level)
        };
        let raised = self.level[at].is_none_or(|before| before < level);
        if raised {
            self.level[at] = Some(level);
        }
        let known = self.raised_by[at].entry(dependency.on).or_insert(left);
        if left == Left::Leaves {
            *known = left;
        }
        raised
    }

    /// The versions of those of a unit that are released.
    fn versions(&self, unit: Unit) -> Result<Vec<(usize, Version)>, Fault> {
        let is_released = |at: &usize| self.level[*at].is_some() || self.asked[*at].is_some();
        let (members, released): (Vec<usize>, Vec<usize>) = match unit {
            Unit::One(at) => (vec![at], vec![at]),
            Unit::Group(group) => {
                let group = &self.groups[group];
                let members = group.members.clone();
                let released = match group.kind {
                    GroupKind::Fixed => members.clone(),
                    GroupKind::Linked => members.iter().copied().filter(is_released).collect(),
                };
                (members, released)
            }
        };
        // Members of several ecosystems share one version in several spellings; SemVer's is the narrowest.
        let semver = |at: &usize| self.scheme(*at) == Scheme::Semver;
        let narrowest = members.iter().copied().find(semver);
        let Some(first) = narrowest.or(members.first().copied()) else {
            return Ok(Vec::new());
        };
        let scheme = self.scheme(first);
        let spelled = |at: usize, version: &Version, scheme: Scheme| {
            respelled(version, scheme).map_err(|source| version_fault(&self.components[at], source))
        };
        let mut current: Option<Version> = None;
        for at in &members {
            if let Some(own) = &self.current[*at] {
                let own = spelled(*at, own, scheme)?;
                if current
                    .as_ref()
                    .is_none_or(|highest| own.precedence(highest).is_gt())
                {
                    current = Some(own);
                }
            }
        }
        let mut asked: Option<Version> = None;
        for at in &members {
            if let Some(own) = &self.asked[*at] {
                asked = asked.max(Some(spelled(*at, own, scheme)?));
            }
        }
        let version = match asked {
            Some(asked) => match &current {
                Some(current) => asked.must_follow(current).map(|()| asked),
                None => Ok(asked),
            },
            None => {
                let level = members.iter().filter_map(|at| self.level[*at]).max();
                self.raised(scheme, current.as_ref(), level.unwrap_or(Level::Patch))
            }
        };
        let version = version.map_err(|source| version_fault(&self.components[first], source))?;
        released
            .into_iter()
            .map(|at| Ok((at, spelled(at, &version, self.scheme(at))?)))
            .collect()
    }

    fn raised(
        &self,
        scheme: Scheme,
        current: Option<&Version>,
        level: Level,
    ) -> Result<Version, shipway_core::version::VersionError> {
        let (pre, today) = (self.policy.pre.as_ref(), self.policy.today);
        match current {
            Some(current) => current.bump(level, pre, today),
            None => Version::first(scheme, level, pre, today),
        }
    }

    fn scheme(&self, at: usize) -> Scheme {
        scheme_of(&self.components[at], self.policy.scheme)
    }

    /// The result.
    pub fn plan(mut self) -> Plan {
        let mut plan = Plan::default();
        self.requirements(&mut plan);
        for at in 0..self.components.len() {
            let Some(version) = self.version[at].clone() else {
                continue;
            };
            let mut reasons = std::mem::take(&mut self.own[at]);
            for (on, left) in &self.raised_by[at] {
                let version = self.version[*on].as_ref().map(ToString::to_string);
                let version = version.unwrap_or_default();
                reasons.push(match left {
                    Left::Follows => Reason::Follows { on: *on, version },
                    Left::Leaves => Reason::Leaves {
                        on: *on,
                        requirement: self.left(at, *on),
                        version,
                    },
                });
            }
            let current = self.current[at].clone();
            let level = level_between(current.as_ref(), &version);
            if let Some(group) = self.group_of[at]
                && self.level[at].is_none_or(|own| own < level || reasons.is_empty())
            {
                reasons.push(Reason::Group {
                    kind: self.groups[group].kind,
                    group,
                });
            }
            plan.next.push(Next {
                component: at,
                level,
                current,
                version,
                reasons,
            });
        }
        plan
    }

    /// The requirement that the new version of `on` leaves, as it is written.
    fn left(&self, at: usize, on: usize) -> String {
        let current = self.current[on].as_ref();
        let to_it = |one: &&Dependency| one.on == on && one.kind.reaches_users();
        let mut dependencies = self.components[at].dependencies.iter().filter(to_it);
        let version = self.version[on].as_ref();
        let first = dependencies.clone().next();
        let left = dependencies.find(|one| version.is_some_and(|new| leaves(one, current, new)));
        let requirement = left.or(first).and_then(|one| one.requirement.as_ref());
        requirement.map(ToString::to_string).unwrap_or_default()
    }

    /// The requirements on what is released: raised where they have to be, or where the policy has dependents follow.
    fn requirements(&self, plan: &mut Plan) {
        let mut edits: BTreeMap<&Place, RequirementEdit> = BTreeMap::new();
        let mut unfit: BTreeMap<&Place, Unfit> = BTreeMap::new();
        for (at, component) in self.components.iter().enumerate() {
            for dependency in &component.dependencies {
                let (Some(version), Some(requirement)) =
                    (&self.version[dependency.on], &dependency.requirement)
                else {
                    continue;
                };
                let follows = self.policy.dependents == Dependents::Always
                    && self.version[at].is_some()
                    && requirement.is_range();
                let current = self.current[dependency.on].as_ref();
                if !(follows || written_leaves(dependency, current, version)) {
                    continue;
                }
                let (from, to) = (requirement.to_string(), requirement.raised_to(version));
                let fits = Requirement::parse(&to, requirement.dialect())
                    .is_ok_and(|raised| raised.matches(version));
                let (place, on) = (dependency.place.clone(), dependency.on);
                if !fits {
                    unfit.entry(&dependency.place).or_insert(Unfit {
                        place,
                        on,
                        requirement: from,
                    });
                } else if from != to {
                    let edit = RequirementEdit {
                        place,
                        on,
                        from,
                        to,
                    };
                    edits.entry(&dependency.place).or_insert(edit);
                }
            }
        }
        plan.edits = edits.into_values().collect();
        plan.unfit = unfit.into_values().collect();
    }
}

/// Whether what is published of the dependent does not get the new version.
fn leaves(dependency: &Dependency, current: Option<&Version>, new: &Version) -> bool {
    let Some(requirement) = &dependency.requirement else {
        return false;
    };
    let published = current.map(|current| requirement.resolved(current));
    let published = published.as_ref().unwrap_or(requirement);
    let fitted = || current.is_none_or(|current| published.matches(current));
    !published.matches(new) && (dependency.bound == Bound::Here || fitted())
}

/// Whether what is written has to be changed. `workspace:^` never has to.
fn written_leaves(dependency: &Dependency, current: Option<&Version>, new: &Version) -> bool {
    let requirement = dependency.requirement.as_ref();
    requirement.is_some_and(Requirement::is_range) && leaves(dependency, current, new)
}

/// Which of the first three numbers rises.
fn level_between(current: Option<&Version>, new: &Version) -> Level {
    let (before, after) = (current.map_or([0; 3], Version::numbers), new.numbers());
    if before[0] != after[0] {
        Level::Major
    } else if before[1] != after[1] {
        Level::Minor
    } else {
        Level::Patch
    }
}

/// The release that a pre-release leads to.
fn without_channel(version: &Version) -> Version {
    let [major, minor, patch] = version.numbers();
    let text = format!("{major}.{minor}.{patch}");
    let release = Version::parse(&text, version.scheme()).ok();
    release
        .filter(|_| version.is_prerelease())
        .unwrap_or_else(|| version.clone())
}

/// The same version under another scheme.
fn respelled(
    version: &Version,
    scheme: Scheme,
) -> Result<Version, shipway_core::version::VersionError> {
    if version.scheme() == scheme {
        return Ok(version.clone());
    }
    let text = match scheme {
        Scheme::Pep440 => version.pep440(),
        _ => version.semver(),
    };
    Version::parse(&text.unwrap_or_else(|| version.to_string()), scheme)
}
