//! Python: `pyproject.toml`, by PEP 621, PEP 508 and PEP 735, with the workspaces of uv and hatch and the path dependencies of
//! uv, poetry and PEP 508.
//!
//! Members are what `tool.uv.workspace` and `workspace` of a hatch environment name, less `exclude`, the project at the root, and
//! every project in the root's directory that another one depends on by path.

use super::Found;
use super::cargo::texts;
use super::manifest::{Document, Manifest, Raw, Target, each};
use crate::component::glob::{Pattern, below};
use crate::component::source::{Files, joined};
use crate::component::{ComponentError, DependencyKind, Ecosystem, Fault, Publishing, Stated};
use shipway_core::requirement::Dialect;
use std::collections::{BTreeSet, HashMap, HashSet};
use toml_edit::{Item, TableLike};

pub const MANIFEST: &str = "pyproject.toml";

/// The classifier that PyPI refuses.
const PRIVATE: &str = "Private ::";

/// The workspace or project whose manifest is in `root`.
pub fn find<F: Files>(files: &F, root: &str, found: &mut Found) -> Result<(), ComponentError> {
    let Some(document) = Document::read(files, root, MANIFEST)? else {
        return Ok(());
    };
    let [members, others] = match declared(&document) {
        Ok(patterns) => patterns,
        Err(fault) => {
            found.faults.push(fault);
            return Ok(());
        }
    };
    let excluded = |directory: &str| others.iter().any(|pattern| pattern.covers(directory));
    let mut next = BTreeSet::from([root.to_owned()]);
    for pattern in &members {
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
    let mut known: HashSet<String> = next.iter().cloned().collect();
    while !next.is_empty() {
        let documents = Document::read_all(files, next.into_iter().collect(), MANIFEST)?;
        next = BTreeSet::new();
        for read in each(&documents, project) {
            let manifest = match read {
                Ok(Some(manifest)) => manifest,
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
    }
    Ok(())
}

/// The project in a directory.
pub fn one<F: Files>(files: &F, directory: &str, found: &mut Found) -> Result<(), ComponentError> {
    if let Some(document) = Document::read(files, directory, MANIFEST)? {
        match project(&document) {
            Ok(manifest) => found.manifests.extend(manifest),
            Err(fault) => found.faults.push(fault),
        }
    }
    Ok(())
}

/// Names as the index compares them (PEP 503).
pub fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// Patterns of members and of what is none.
fn declared(document: &Document) -> Result<[Vec<Pattern>; 2], Fault> {
    let toml = document.toml()?;
    let mut patterns = [Vec::new(), Vec::new()];
    let mut declare = |table: &Item| -> Result<(), Fault> {
        for (name, patterns) in ["members", "exclude"].iter().zip(&mut patterns) {
            let Some(list) = table.get(name) else {
                continue;
            };
            // Hatch also takes tables with a path.
            let paths: Option<Vec<String>> = list.as_array().map(|list| {
                let path = |value: &toml_edit::Value| {
                    let table = value.as_inline_table()?;
                    Some(table.get("path")?.as_str()?.to_owned())
                };
                list.iter().filter_map(path).collect()
            });
            let listed = match paths {
                Some(paths) if !paths.is_empty() => paths,
                _ => texts(Some(list), name, document)?,
            };
            for text in listed {
                patterns.push(Pattern::new(&text, &document.directory, &document.path)?);
            }
        }
        Ok(())
    };
    if let Some(workspace) = at(toml.as_item(), &["tool", "uv", "workspace"]) {
        declare(workspace)?;
    }
    let environments = at(toml.as_item(), &["tool", "hatch", "envs"]);
    if let Some(environments) = environments.and_then(Item::as_table_like) {
        for (_, environment) in environments.iter() {
            if let Some(workspace) = environment.get("workspace") {
                declare(workspace)?;
            }
        }
    }
    Ok(patterns)
}

fn at<'i>(item: &'i Item, key: &[&str]) -> Option<&'i Item> {
    key.iter().try_fold(item, |item, part| item.get(part))
}

/// `None` where there is no project: only tools are configured.
fn project(document: &Document) -> Result<Option<Manifest>, Fault> {
    let toml = document.toml()?;
    let root = toml.as_item();
    let (project, poetry) = (at(root, &["project"]), at(root, &["tool", "poetry"]));
    let Some(main) = project.or(poetry) else {
        return Ok(None);
    };
    let name = main.get("name").or_else(|| poetry?.get("name"));
    let name = match (name.and_then(Item::as_str), project) {
        (Some(name), _) => name,
        // Poetry without a package, for an application.
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(document.fault(main.span(), "the project has no name")),
    };
    let dynamic = project.and_then(|project| project.get("dynamic")?.as_array());
    let is_dynamic =
        dynamic.is_some_and(|list| list.iter().any(|one| one.as_str() == Some("version")));
    let stated = |table: Option<&Item>, key: &[&str]| -> Result<Option<Stated>, Fault> {
        let Some(item) = table.and_then(|table| table.get("version")) else {
            return Ok(None);
        };
        let text = item.as_str();
        let text = text.ok_or_else(|| document.fault(item.span(), "version is a text"))?;
        Ok(Some(Stated::At {
            text: text.to_owned(),
            place: document.place(key),
        }))
    };
    let version = match stated(project, &["project", "version"])? {
        Some(stated) => Some(stated),
        // Poetry 2 may state it in its own table, as dynamic in `project`.
        None => match stated(poetry, &["tool", "poetry", "version"])? {
            Some(stated) => Some(stated),
            None => is_dynamic.then_some(Stated::Dynamic),
        },
    };
    let no_package = [
        (["tool", "uv", "package"], false),
        (["tool", "poetry", "package-mode"], false),
    ];
    let no_package = no_package
        .iter()
        .any(|(key, value)| at(root, key).and_then(Item::as_bool) == Some(*value));
    let classifiers = main.get("classifiers").and_then(Item::as_array);
    let private = classifiers.is_some_and(|list| {
        let mut texts = list.iter().filter_map(toml_edit::Value::as_str);
        texts.any(|text| text.starts_with(PRIVATE))
    });
    let publishing = if no_package || private {
        Publishing::Private
    } else {
        Publishing::Public
    };
    let version = version.or((publishing == Publishing::Private).then_some(Stated::Nowhere));
    Ok(Some(Manifest {
        directory: document.directory.clone(),
        path: document.path.clone(),
        ecosystem: Ecosystem::Python,
        name: name.to_owned(),
        version,
        publishing,
        dependencies: Needs::of(document, root).found,
    }))
}

/// What a project needs.
struct Needs<'d> {
    document: &'d Document,
    /// By normal name: what `tool.uv.sources` says. `None`: an address.
    sources: HashMap<String, Target>,
    found: Vec<Raw>,
}

impl<'d> Needs<'d> {
    fn of(document: &'d Document, root: &Item) -> Self {
        let mut needs = Self {
            document,
            sources: sources(document, root),
            found: Vec::new(),
        };
        needs.list(root, &["project", "dependencies"], DependencyKind::Normal);
        needs.list(root, &["build-system", "requires"], DependencyKind::Build);
        needs.list(
            root,
            &["tool", "uv", "dev-dependencies"],
            DependencyKind::Development,
        );
        for (table, kind) in [
            (
                ["project", "optional-dependencies"].as_slice(),
                DependencyKind::Optional,
            ),
            (
                ["dependency-groups"].as_slice(),
                DependencyKind::Development,
            ),
        ] {
            let groups = at(root, table).and_then(Item::as_table_like);
            for (group, _) in groups.into_iter().flat_map(TableLike::iter) {
                let key: Vec<&str> = table.iter().copied().chain([group]).collect();
                needs.list(root, &key, kind);
            }
        }
        needs.poetry(
            root,
            &["tool", "poetry", "dependencies"],
            DependencyKind::Normal,
        );
        let development = DependencyKind::Development;
        needs.poetry(root, &["tool", "poetry", "dev-dependencies"], development);
        let groups = at(root, &["tool", "poetry", "group"]).and_then(Item::as_table_like);
        for (group, _) in groups.into_iter().flat_map(TableLike::iter) {
            let key = ["tool", "poetry", "group", group, "dependencies"];
            needs.poetry(root, &key, development);
        }
        needs
    }

    /// A list of PEP 508 requirements. Groups that include others (PEP 735) hold tables too.
    fn list(&mut self, root: &Item, key: &[&str], kind: DependencyKind) {
        let Some(list) = at(root, key).and_then(Item::as_array) else {
            return;
        };
        for (index, text) in list.iter().enumerate() {
            let Some(read) = text.as_str().and_then(Named::read) else {
                continue;
            };
            let source = self.sources.get(&normal(read.name)).cloned();
            let by_address = read.address.map(|address| {
                address_path(address)
                    .and_then(|path| joined(&self.document.directory, path))
                    .map_or(Target::Registry, Target::Directory)
            });
            let index = index.to_string();
            let key: Vec<&str> = key.iter().copied().chain([index.as_str()]).collect();
            self.found.push(Raw {
                name: read.name.to_owned(),
                kind,
                requirement: read.requirement.map(str::to_owned),
                dialect: Dialect::Pep440,
                target: source.or(by_address).unwrap_or(Target::Name),
                place: self.document.place(&key),
            });
        }
    }

    /// A table of Poetry's requirements. Several for one package, by marker, are several dependencies.
    fn poetry(&mut self, root: &Item, key: &[&str], kind: DependencyKind) {
        let Some(table) = at(root, key).and_then(Item::as_table_like) else {
            return;
        };
        for (name, item) in table.iter().filter(|(name, _)| *name != "python") {
            let several = item.as_array().filter(|list| !list.is_empty());
            let indices: Vec<Option<usize>> = match several {
                Some(list) => (0..list.len()).map(Some).collect(),
                None => vec![None],
            };
            for index in indices {
                let item_text = |field: &str| match index {
                    Some(index) => item
                        .as_array()?
                        .get(index)?
                        .as_inline_table()?
                        .get(field)?
                        .as_str(),
                    None => item.get(field)?.as_str(),
                };
                let plain = item.as_str();
                let requirement = plain.or_else(|| item_text("version"));
                let target = match (item_text("path"), item_text("git").or(item_text("url"))) {
                    (Some(path), _) => joined(&self.document.directory, path)
                        .map_or(Target::Registry, Target::Directory),
                    (None, Some(_)) => Target::Registry,
                    (None, None) => Target::Name,
                };
                let number = index.map(|index| index.to_string());
                let mut place: Vec<&str> = key.to_vec();
                place.push(name);
                place.extend(number.as_deref());
                if plain.is_none() && requirement.is_some() {
                    place.push("version");
                }
                let optional = item.get("optional").and_then(Item::as_bool) == Some(true);
                self.found.push(Raw {
                    name: name.to_owned(),
                    kind: if optional {
                        DependencyKind::Optional
                    } else {
                        kind
                    },
                    requirement: requirement.map(str::to_owned),
                    dialect: Dialect::Poetry,
                    target,
                    place: self.document.place(&place),
                });
            }
        }
    }
}

fn sources(document: &Document, root: &Item) -> HashMap<String, Target> {
    let table = at(root, &["tool", "uv", "sources"]).and_then(Item::as_table_like);
    let entries = table.into_iter().flat_map(TableLike::iter);
    let target = |item: &Item| {
        if item.get("workspace").and_then(Item::as_bool) == Some(true) {
            Target::Member
        } else if let Some(path) = item.get("path").and_then(Item::as_str) {
            joined(&document.directory, path).map_or(Target::Registry, Target::Directory)
        } else {
            Target::Registry
        }
    };
    entries
        .map(|(name, item)| (normal(name), target(item)))
        .collect()
}

/// A PEP 508 requirement, as far as it is needed.
pub struct Named<'t> {
    pub name: &'t str,
    /// Without parentheses and marker; `None` where it has none.
    pub requirement: Option<&'t str>,
    /// Behind `@`.
    pub address: Option<&'t str>,
}

impl<'t> Named<'t> {
    pub fn read(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let end = text.find(|c| !name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() {
            return None;
        }
        let mut rest = rest.trim_start();
        if let Some(extras) = rest.strip_prefix('[') {
            rest = extras.split_once(']')?.1.trim_start();
        }
        if let Some(address) = rest.strip_prefix('@') {
            let end = address.find(" ;").unwrap_or(address.len());
            return Some(Self {
                name,
                requirement: None,
                address: Some(address[..end].trim()),
            });
        }
        let specifier = rest.split(';').next().unwrap_or_default().trim();
        let bare = specifier
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        let specifier = bare.unwrap_or(specifier).trim();
        Some(Self {
            name,
            requirement: (!specifier.is_empty()).then_some(specifier),
            address: None,
        })
    }
}

/// The path of a local address that is relative to the project: `file:../lib`, `{root:uri}/../lib` (hatch).
fn address_path(address: &str) -> Option<&str> {
    let rest = address
        .strip_prefix("{root:uri}/")
        .or_else(|| address.strip_prefix("file:"))?;
    (!rest.starts_with('/')).then_some(rest)
}
