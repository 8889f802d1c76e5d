//! Cargo: `Cargo.toml`, by the Cargo book, "Workspaces" and "Specifying Dependencies".
//!
//! Members are what `members` names, less `exclude`, the package at the root, and every package in the workspace's directory that
//! a member depends on by path. A crate that is named without a path is the registry's, unless `[patch]` leads back here.

use super::Found;
use super::manifest::{Document, Manifest, Raw, Target, each};
use crate::component::glob::{Pattern, below};
use crate::component::source::{Files, joined};
use crate::component::{
    ComponentError, DependencyKind, Ecosystem, Fault, Place, Publishing, Stated,
};
use shipway_core::requirement::Dialect;
use std::collections::{BTreeSet, HashMap, HashSet};
use toml_edit::{Item, TableLike};

pub const MANIFEST: &str = "Cargo.toml";

const KINDS: [(&str, DependencyKind); 5] = [
    ("dependencies", DependencyKind::Normal),
    ("dev-dependencies", DependencyKind::Development),
    ("build-dependencies", DependencyKind::Build),
    ("dev_dependencies", DependencyKind::Development),
    ("build_dependencies", DependencyKind::Build),
];

/// What members take over from their workspace.
#[derive(Default)]
struct Workspace {
    version: Option<Stated>,
    publishing: Option<Publishing>,
    dependencies: HashMap<String, Raw>,
    /// Crates that `[patch]` replaces by one of the repository, and where that is.
    patched: HashMap<String, String>,
}

/// The workspace or package whose manifest is in `root`.
pub fn find<F: Files>(files: &F, root: &str, found: &mut Found) -> Result<(), ComponentError> {
    let Some(document) = Document::read(files, root, MANIFEST)? else {
        return Ok(());
    };
    let read = match Root::read(&document) {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return Ok(());
        }
    };
    let mut next = BTreeSet::new();
    if read.has_package {
        next.insert(root.to_owned());
    }
    let excluded = |directory: &str| {
        let listed = read
            .excludes
            .iter()
            .any(|pattern| pattern.covers(directory));
        let plain = |pattern: &&Pattern| pattern.is_plain();
        let named = read
            .members
            .iter()
            .filter(plain)
            .any(|pattern| pattern.covers(directory));
        listed && !named
    };
    for pattern in &read.members {
        let named = pattern.directories(files, MANIFEST)?;
        if named.is_empty() {
            found.faults.push(Fault::NoMember {
                path: document.path.clone(),
                pattern: pattern.text.clone(),
                manifest: MANIFEST,
            });
        }
        next.extend(named.into_iter().filter(|directory| !excluded(directory)));
    }
    // What members depend on by path is a member too, and so on.
    let mut known: HashSet<String> = next.iter().cloned().collect();
    let mut by_path = false;
    while !next.is_empty() {
        let documents = Document::read_all(files, next.into_iter().collect(), MANIFEST)?;
        next = BTreeSet::new();
        for read in each(&documents, |document| package(document, &read.workspace)) {
            let manifest = match read {
                Ok(Some(package)) if by_path && package.is_root => continue,
                Ok(Some(package)) => package.manifest,
                Ok(None) => continue,
                Err(fault) => {
                    found.faults.push(fault);
                    continue;
                }
            };
            for dependency in &manifest.dependencies {
                if let Target::Directory(directory) = &dependency.target
                    && below(root, directory).is_some()
                    && !excluded(directory)
                    && known.insert(directory.clone())
                {
                    next.insert(directory.clone());
                }
            }
            found.manifests.push(manifest);
        }
        by_path = true;
    }
    Ok(())
}

/// The package in a directory, whatever workspace it is of.
pub fn one<F: Files>(files: &F, directory: &str, found: &mut Found) -> Result<(), ComponentError> {
    if let Some(document) = Document::read(files, directory, MANIFEST)? {
        match package(&document, &Workspace::default()) {
            Ok(Some(package)) => found.manifests.push(package.manifest),
            Ok(None) => {}
            Err(fault) => found.faults.push(fault),
        }
    }
    Ok(())
}

/// The manifest that the search begins with.
struct Root {
    has_package: bool,
    members: Vec<Pattern>,
    excludes: Vec<Pattern>,
    workspace: Workspace,
}

impl Root {
    fn read(document: &Document) -> Result<Self, Fault> {
        let toml = document.toml()?;
        let mut workspace = Workspace::default();
        let mut patterns = [Vec::new(), Vec::new()];
        let declared = toml.get("workspace").and_then(Item::as_table_like);
        if let Some(declared) = declared {
            for (name, patterns) in ["members", "exclude"].iter().zip(&mut patterns) {
                for text in texts(declared.get(name), name, document)? {
                    patterns.push(Pattern::new(&text, &document.directory, &document.path)?);
                }
            }
            let shared = declared.get("package").and_then(Item::as_table_like);
            if let Some(shared) = shared {
                let version = shared.get("version").and_then(Item::as_str);
                workspace.version = version.map(|text| Stated::At {
                    text: text.to_owned(),
                    place: document.place(&["workspace", "package", "version"]),
                });
                workspace.publishing = shared.get("publish").map(publishing);
            }
            if let Some(table) = declared.get("dependencies").and_then(Item::as_table_like) {
                let key = ["workspace", "dependencies"];
                let kind = DependencyKind::Normal;
                for raw in dependencies(table, &key, kind, document, &Workspace::default())? {
                    let alias = raw.place.key.get(2).cloned().unwrap_or_default();
                    workspace.dependencies.insert(alias, raw);
                }
            }
        }
        if let Some(patches) = toml.get("patch").and_then(Item::as_table_like) {
            let sources = patches
                .iter()
                .filter_map(|(_, table)| table.as_table_like());
            for (alias, item) in sources.flat_map(TableLike::iter) {
                let text = |name| item.get(name).and_then(Item::as_str);
                let path = text("path").and_then(|path| joined(&document.directory, path));
                if let Some(path) = path {
                    let name = text("package").unwrap_or(alias);
                    workspace.patched.insert(name.to_owned(), path);
                }
            }
        }
        let [members, excludes] = patterns;
        let has_package = toml.contains_key("package");
        if !has_package && declared.is_none() {
            return Err(document.fault(None, "it has neither [package] nor [workspace]"));
        }
        Ok(Self {
            has_package,
            members,
            excludes,
            workspace,
        })
    }
}

struct Package {
    manifest: Manifest,
    /// Whether it is the root of a workspace.
    is_root: bool,
}

/// `None` where there is no package.
fn package(document: &Document, workspace: &Workspace) -> Result<Option<Package>, Fault> {
    let toml = document.toml()?;
    let Some(item) = toml.get("package") else {
        return Ok(None);
    };
    let package = item
        .as_table_like()
        .ok_or_else(|| document.fault(item.span(), "package is a table"))?;
    let name = package.get("name").and_then(Item::as_str);
    let name = name.ok_or_else(|| document.fault(item.span(), "the package has no name"))?;
    let publish = package.get("publish");
    let publishing = match publish {
        Some(item) if inherits(item) => workspace.publishing.unwrap_or(Publishing::Public),
        Some(item) => publishing(item),
        None => Publishing::Public,
    };
    let version = match package.get("version") {
        // Cargo, since 1.75: what has no version is 0.0.0 and cannot be published.
        None => Some(Stated::Nowhere),
        Some(item) if inherits(item) => {
            let why = "the version is the workspace's, which states none";
            let stated = workspace.version.clone();
            Some(stated.ok_or_else(|| document.fault(item.span(), why))?)
        }
        Some(item) => {
            let text = item.as_str();
            let text = text.ok_or_else(|| document.fault(item.span(), "version is a text"))?;
            Some(Stated::At {
                text: text.to_owned(),
                place: document.place(&["package", "version"]),
            })
        }
    };
    let publishing = match version {
        Some(Stated::Nowhere) => Publishing::Private,
        _ => publishing,
    };
    let mut found = Vec::new();
    for (key, kind) in KINDS {
        if let Some(table) = toml.get(key).and_then(Item::as_table_like) {
            found.extend(dependencies(table, &[key], kind, document, workspace)?);
        }
    }
    if let Some(targets) = toml.get("target").and_then(Item::as_table_like) {
        for (target, tables) in targets.iter() {
            for (key, kind) in KINDS {
                if let Some(table) = tables.get(key).and_then(Item::as_table_like) {
                    let key = ["target", target, key];
                    found.extend(dependencies(table, &key, kind, document, workspace)?);
                }
            }
        }
    }
    Ok(Some(Package {
        manifest: Manifest {
            directory: document.directory.clone(),
            path: document.path.clone(),
            ecosystem: Ecosystem::Cargo,
            name: name.to_owned(),
            version,
            publishing,
            dependencies: found,
        },
        is_root: toml.contains_key("workspace"),
    }))
}

/// Those that lead to a directory of the repository.
fn dependencies(
    table: &dyn TableLike,
    key: &[&str],
    kind: DependencyKind,
    document: &Document,
    workspace: &Workspace,
) -> Result<Vec<Raw>, Fault> {
    let mut found = Vec::new();
    for (alias, item) in table.iter() {
        let text = |name| item.get(name).and_then(Item::as_str);
        let flag = |name| item.get(name).and_then(Item::as_bool).unwrap_or(false);
        let kind = match kind {
            DependencyKind::Normal if flag("optional") => DependencyKind::Optional,
            kind => kind,
        };
        if flag("workspace") {
            let why = || format!("{alias} is the workspace's, which has no such dependency");
            match workspace.dependencies.get(alias) {
                Some(shared) if shared.target == Target::Registry => {}
                Some(shared) => found.push(Raw {
                    kind,
                    ..shared.clone()
                }),
                // The table of the workspace was not read.
                None if workspace.dependencies.is_empty() => {}
                None => return Err(document.fault(item.span(), why())),
            }
            continue;
        }
        let name = text("package").unwrap_or(alias);
        let path = text("path").and_then(|path| joined(&document.directory, path));
        let plain = item.as_str();
        let patched = || workspace.patched.get(name).cloned();
        let target = path.or_else(patched).map(Target::Directory);
        // Without a path it is the registry's; the workspace keeps it for those members that ask for it.
        let target = match (target, key) {
            (Some(target), _) => target,
            (None, ["workspace", ..]) => Target::Registry,
            (None, _) => continue,
        };
        let mut key: Vec<String> = key.iter().map(|part| (*part).to_owned()).collect();
        key.push(alias.to_owned());
        if plain.is_none() && item.get("version").is_some() {
            key.push("version".to_owned());
        }
        found.push(Raw {
            name: name.to_owned(),
            kind,
            requirement: plain.or_else(|| text("version")).map(str::to_owned),
            dialect: Dialect::Cargo,
            target,
            place: Place {
                path: document.path.clone(),
                key,
            },
        });
    }
    Ok(found)
}

/// `publish = false`, or no registry that it may be published to.
fn publishing(item: &Item) -> Publishing {
    let none = item.as_array().is_some_and(toml_edit::Array::is_empty);
    if item.as_bool() == Some(false) || none {
        Publishing::Private
    } else {
        Publishing::Public
    }
}

/// `version.workspace = true`
fn inherits(item: &Item) -> bool {
    item.get("workspace").and_then(Item::as_bool) == Some(true)
}

/// A list of texts; nothing where the key is missing.
pub(super) fn texts(
    item: Option<&Item>,
    name: &str,
    document: &Document,
) -> Result<Vec<String>, Fault> {
    let Some(item) = item else {
        return Ok(Vec::new());
    };
    let texts = item.as_array().and_then(|list| {
        let texts = list.iter().map(|value| value.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<String>>>()
    });
    texts.ok_or_else(|| document.fault(item.span(), format!("{name} is a list of texts")))
}
