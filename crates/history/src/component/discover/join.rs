//! From manifests to components: one for each directory, with the names that the configuration gives, and with their dependencies.

use super::manifest::{Manifest, Raw, Target};
use super::{directory, python};
use crate::component::{
    Bound, Component, Dependency, DependencyKind, Ecosystem, Fault, Place, Publishing, Stated,
};
use shipway_core::config;
use shipway_core::requirement::Requirement;
use std::collections::HashMap;

/// The components, sorted by directory.
pub fn components(
    mut manifests: Vec<Manifest>,
    settings: &config::Components,
    faults: &mut Vec<Fault>,
) -> Vec<Component> {
    manifests.sort_by(|a, b| (&a.directory, rank(a)).cmp(&(&b.directory, rank(b))));
    manifests.dedup_by(|a, b| a.path == b.path);
    let mut named: HashMap<&str, &config::Component> = settings
        .named
        .iter()
        .map(|one| (directory(&one.path), one))
        .collect();
    let mut components: Vec<Component> = Vec::new();
    // Of each component, the manifests that it has.
    let mut sources: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(first) = manifests.get(at) {
        let same = manifests[at..]
            .iter()
            .take_while(|one| one.directory == first.directory);
        let end = at + same.count();
        let named = named.remove(first.directory.as_str());
        components.push(component(&manifests[at..end], named, faults));
        sources.push(at..end);
        at = end;
    }
    for (path, one) in named {
        components.push(Component {
            name: one.name.clone(),
            path: path.to_owned(),
            ecosystem: Ecosystem::None,
            manifests: Vec::new(),
            version: Stated::Nowhere,
            publishing: Publishing::Public,
            dependencies: Vec::new(),
            named: Some(one.clone()),
        });
        sources.push(0..0);
    }
    let mut order: Vec<usize> = (0..components.len()).collect();
    order.sort_by(|a, b| components[*a].path.cmp(&components[*b].path));
    let sources: Vec<std::ops::Range<usize>> =
        order.iter().map(|at| sources[*at].clone()).collect();
    components.sort_by(|a, b| a.path.cmp(&b.path));
    twice(&components, faults);
    let needs = Resolver::new(&components, &sources, &manifests).all(faults);
    for (component, needs) in components.iter_mut().zip(needs) {
        component.dependencies = needs;
    }
    components
}

/// What is published comes first, then the order of the ecosystems.
fn rank(manifest: &Manifest) -> (Publishing, Ecosystem) {
    (manifest.publishing, manifest.ecosystem)
}

fn component(
    manifests: &[Manifest],
    named: Option<&config::Component>,
    faults: &mut Vec<Fault>,
) -> Component {
    let first = &manifests[0];
    let version = first.version.clone().unwrap_or_else(|| {
        // Version files of the configuration say it.
        if named.is_none_or(|named| named.version_files.is_empty()) {
            faults.push(Fault::NoVersion {
                path: first.path.clone(),
            });
        }
        Stated::Nowhere
    });
    Component {
        name: named.map_or_else(|| first.name.clone(), |named| named.name.clone()),
        path: first.directory.clone(),
        ecosystem: first.ecosystem,
        manifests: manifests.iter().map(|one| one.path.clone()).collect(),
        version,
        publishing: first.publishing,
        dependencies: Vec::new(),
        named: named.cloned(),
    }
}

fn twice(components: &[Component], faults: &mut Vec<Fault>) {
    let place = |component: &Component| match component.path.as_str() {
        "" => ".".to_owned(),
        path => path.to_owned(),
    };
    let mut seen: HashMap<&str, &Component> = HashMap::new();
    for component in components {
        if let Some(first) = seen.insert(&component.name, component) {
            faults.push(Fault::Twice {
                name: component.name.clone(),
                first: place(first),
                second: place(component),
            });
        }
    }
}

/// Finds what the dependencies are on.
struct Resolver<'a> {
    components: &'a [Component],
    sources: &'a [std::ops::Range<usize>],
    manifests: &'a [Manifest],
    by_directory: HashMap<&'a str, usize>,
    /// By ecosystem and the name that its registry compares.
    by_name: HashMap<(Ecosystem, String), usize>,
}

impl<'a> Resolver<'a> {
    fn new(
        components: &'a [Component],
        sources: &'a [std::ops::Range<usize>],
        manifests: &'a [Manifest],
    ) -> Self {
        let numbered = || components.iter().enumerate();
        let names = sources.iter().enumerate().flat_map(|(at, source)| {
            let own = manifests[source.clone()].iter();
            own.map(move |one| ((one.ecosystem, registered(one.ecosystem, &one.name)), at))
        });
        Self {
            components,
            sources,
            manifests,
            by_directory: numbered()
                .map(|(at, one)| (one.path.as_str(), at))
                .collect(),
            by_name: names.collect(),
        }
    }

    fn all(&self, faults: &mut Vec<Fault>) -> Vec<Vec<Dependency>> {
        let own_names: HashMap<&str, usize> = self
            .components
            .iter()
            .enumerate()
            .map(|(at, one)| (one.name.as_str(), at))
            .collect();
        let mut all = Vec::with_capacity(self.components.len());
        for (at, component) in self.components.iter().enumerate() {
            let mut needs: Vec<Dependency> = Vec::new();
            for manifest in &self.manifests[self.sources[at].clone()] {
                for raw in &manifest.dependencies {
                    match self.dependency(manifest.ecosystem, raw) {
                        Some(Ok(found)) if found.on != at => needs.push(found),
                        Some(Err(fault)) => faults.push(fault),
                        _ => {}
                    }
                }
            }
            let listed = component.named.iter().flat_map(|named| &named.depends_on);
            for name in listed {
                match own_names.get(name.as_str()) {
                    Some(on) if needs.iter().all(|one| one.on != *on) && *on != at => {
                        needs.push(Dependency {
                            on: *on,
                            kind: DependencyKind::Normal,
                            requirement: None,
                            bound: Bound::Here,
                            place: Place {
                                path: "shipway.toml".to_owned(),
                                key: vec!["component".to_owned(), component.name.clone()],
                            },
                        });
                    }
                    Some(_) => {}
                    None => faults.push(unknown(
                        format!("depends-on of the component {:?}", component.name),
                        name,
                        own_names.keys().copied(),
                    )),
                }
            }
            needs.sort_by(|a, b| (a.on, a.kind, &a.place).cmp(&(b.on, b.kind, &b.place)));
            all.push(needs);
        }
        all
    }

    /// `None`: it is not one of the repository.
    fn dependency(&self, ecosystem: Ecosystem, raw: &Raw) -> Option<Result<Dependency, Fault>> {
        let by_name = || {
            let name = registered(ecosystem, &raw.name);
            self.by_name.get(&(ecosystem, name)).copied()
        };
        let (on, bound) = match &raw.target {
            Target::Directory(path) => {
                (self.by_directory.get(path.as_str()).copied()?, Bound::Here)
            }
            Target::Member => (by_name()?, Bound::Here),
            Target::Name => (by_name()?, Bound::ByName),
            Target::Registry => return None,
        };
        let parsed = raw
            .requirement
            .as_deref()
            .map(|text| Requirement::parse(text, raw.dialect))
            .transpose();
        let requirement = match parsed {
            Ok(requirement) => requirement,
            Err(source) => {
                return Some(Err(Fault::Requirement {
                    path: raw.place.path.clone(),
                    key: raw.place.key.join("."),
                    source,
                }));
            }
        };
        Some(Ok(Dependency {
            on,
            kind: raw.kind,
            requirement,
            bound,
            place: raw.place.clone(),
        }))
    }
}

/// A name as the registry compares it.
fn registered(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::Python => python::normal(name),
        _ => name.to_owned(),
    }
}

/// A fault that says which name was probably meant.
pub fn unknown<'n>(what: String, name: &str, known: impl Iterator<Item = &'n str>) -> Fault {
    let close = |other: &&str| {
        let last = |text: &str| text.rsplit('/').next().map(str::to_lowercase);
        last(other) == last(name)
    };
    Fault::Unknown {
        what,
        name: name.to_owned(),
        instead: known.filter(close).min().map(str::to_owned),
    }
}
