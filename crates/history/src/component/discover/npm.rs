//! npm, Yarn, pnpm and lerna: `package.json`, with the members that `workspaces`, `pnpm-workspace.yaml` or `lerna.json` name.
//!
//! The package at the root is a component where it is all there is, or where it states a version and is not private: what holds a
//! workspace together is no product. A dependency is one on a member where it has the member's name; where the requirement does
//! not fit the member, npm takes it from the registry, unless it says `workspace:`, `file:`, `link:` or `portal:`.

use super::Found;
use super::manifest::{Document, Manifest, Raw, Target, each};
use crate::component::glob::Pattern;
use crate::component::source::{Files, joined};
use crate::component::{ComponentError, DependencyKind, Ecosystem, Fault, Publishing, Stated};
use saphyr_parser::{Event, Parser};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use shipway_core::requirement::Dialect;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

pub const MANIFEST: &str = "package.json";
pub const PNPM: &str = "pnpm-workspace.yaml";
pub const LERNA: &str = "lerna.json";

/// The workspace or package whose manifest is in `root`.
pub fn find<F: Files>(files: &F, root: &str, found: &mut Found) -> Result<(), ComponentError> {
    let (declared, own) = match declared(files, root)? {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return Ok(());
        }
    };
    let mut patterns = Vec::new();
    for (path, texts) in &declared {
        for text in texts {
            match Pattern::new(text, root, path) {
                Ok(pattern) => patterns.push((path, pattern)),
                Err(fault) => found.faults.push(fault),
            }
        }
    }
    let (excludes, members): (Vec<_>, Vec<_>) = patterns
        .into_iter()
        .partition(|(_, pattern)| pattern.excludes);
    let mut directories = BTreeSet::new();
    for (path, pattern) in members {
        let named = pattern.directories(files, MANIFEST)?;
        if named.is_empty() {
            found.faults.push(Fault::NoMember {
                path: path.clone(),
                pattern: pattern.text,
                manifest: MANIFEST,
            });
        }
        let kept = named.into_iter().filter(|directory| {
            directory != root
                && !excludes
                    .iter()
                    .any(|(_, pattern)| pattern.covers(directory))
        });
        directories.extend(kept);
    }
    let documents = Document::read_all(files, directories.into_iter().collect(), MANIFEST)?;
    let is_workspace = !documents.is_empty();
    let members = each(&documents, |document| package(document, true));
    for read in own
        .map(|own| package(&own, is_workspace))
        .into_iter()
        .chain(members)
    {
        match read {
            Ok(Some(manifest)) => {
                let holds_together = is_workspace
                    && manifest.directory == root
                    && (manifest.publishing == Publishing::Private
                        || !matches!(manifest.version, Some(Stated::At { .. })));
                if !holds_together {
                    found.manifests.push(manifest);
                }
            }
            Ok(None) => {}
            Err(fault) => found.faults.push(fault),
        }
    }
    Ok(())
}

/// The package in a directory.
pub fn one<F: Files>(files: &F, directory: &str, found: &mut Found) -> Result<(), ComponentError> {
    if let Some(document) = Document::read(files, directory, MANIFEST)? {
        match package(&document, false) {
            Ok(manifest) => found.manifests.extend(manifest),
            Err(fault) => found.faults.push(fault),
        }
    }
    Ok(())
}

/// Member patterns with the file that they stand in, and the manifest at the root.
type Declared = (Vec<(String, Vec<String>)>, Option<Document>);

/// The workspace file of the package manager that is in use: pnpm and lerna do not read npm's.
fn declared<F: Files>(files: &F, root: &str) -> Result<Result<Declared, Fault>, ComponentError> {
    let own = Document::read(files, root, MANIFEST)?;
    let pnpm = Document::read(files, root, PNPM)?;
    let lerna = Document::read(files, root, LERNA)?;
    let read = || {
        let mut declared = Vec::new();
        if let Some(document) = &pnpm {
            declared.push((document.path.clone(), yaml_packages(document)?));
        } else if let Some(document) = &own
            && let Some(Workspaces(texts)) = json::<Root>(document)?.workspaces
        {
            declared.push((document.path.clone(), texts));
        }
        // Lerna reads the package manager's, where lerna.json names none.
        if let Some(document) = &lerna
            && declared.iter().all(|(_, texts)| texts.is_empty())
            && let Some(texts) = json::<Lerna>(document)?.packages
        {
            declared.push((document.path.clone(), texts));
        }
        Ok(declared)
    };
    Ok(read().map(|declared| (declared, own)))
}

/// `None` where it has no name: it only marks a directory (`{"type": "module"}`).
fn package(document: &Document, is_member: bool) -> Result<Option<Manifest>, Fault> {
    let read: Package = json(document)?;
    let Some(name) = read.name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let publishing = match read.private {
        Some(true) => Publishing::Private,
        _ => Publishing::Public,
    };
    let version = match read.version {
        Some(text) => Some(Stated::At {
            text: text.into_owned(),
            place: document.place(&["version"]),
        }),
        None if publishing == Publishing::Private => Some(Stated::Nowhere),
        // npm refuses to publish it; a root that names its members is not there to be published.
        None if is_member || read.workspaces.is_none() => None,
        None => Some(Stated::Nowhere),
    };
    let kinds = [
        ("dependencies", DependencyKind::Normal, read.dependencies),
        (
            "optionalDependencies",
            DependencyKind::Optional,
            read.optional,
        ),
        ("peerDependencies", DependencyKind::Peer, read.peer),
        (
            "devDependencies",
            DependencyKind::Development,
            read.development,
        ),
    ];
    let mut dependencies = Vec::new();
    for (key, kind, entries) in kinds {
        for (alias, text) in entries.0 {
            let (name, target) = target(&alias, &text, &document.directory);
            dependencies.push(Raw {
                name,
                kind,
                place: document.place(&[key, &alias]),
                requirement: Some(text.into_owned()),
                dialect: Dialect::Npm,
                target,
            });
        }
    }
    Ok(Some(Manifest {
        directory: document.directory.clone(),
        path: document.path.clone(),
        ecosystem: Ecosystem::Npm,
        name: name.into_owned(),
        version,
        publishing,
        dependencies,
    }))
}

/// The package that is meant, and where it comes from.
fn target(alias: &str, text: &str, directory: &str) -> (String, Target) {
    let paths = ["file:", "link:", "portal:"];
    if let Some(path) = paths.iter().find_map(|begin| text.strip_prefix(begin)) {
        let target = joined(directory, path).map_or(Target::Registry, Target::Directory);
        return (alias.to_owned(), target);
    }
    if let Some(rest) = text.strip_prefix("workspace:") {
        // `workspace:../lib`, or `workspace:other@^1` under an alias.
        if rest.starts_with('.') {
            let target = joined(directory, rest).map_or(Target::Registry, Target::Directory);
            return (alias.to_owned(), target);
        }
        let at = rest.rfind('@').filter(|at| *at > 0);
        return (
            at.map_or(alias, |at| &rest[..at]).to_owned(),
            Target::Member,
        );
    }
    if let Some(rest) = text.strip_prefix("npm:") {
        let at = rest.rfind('@').filter(|at| *at > 0);
        return (at.map_or(rest, |at| &rest[..at]).to_owned(), Target::Name);
    }
    (alias.to_owned(), Target::Name)
}

fn json<'d, T: Deserialize<'d>>(document: &'d Document) -> Result<T, Fault> {
    serde_json::from_str(document.text()?).map_err(|error| {
        let text = error.to_string();
        let why = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(why, _)| why);
        Fault::manifest(&document.path, Some(error.line()), why)
    })
}

#[derive(Deserialize)]
struct Root {
    workspaces: Option<Workspaces>,
}

#[derive(Deserialize)]
struct Lerna {
    packages: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package<'d> {
    #[serde(borrow)]
    name: Option<Cow<'d, str>>,
    #[serde(borrow)]
    version: Option<Cow<'d, str>>,
    private: Option<bool>,
    workspaces: Option<serde::de::IgnoredAny>,
    #[serde(borrow, default)]
    dependencies: Entries<'d>,
    #[serde(borrow, default, rename = "optionalDependencies")]
    optional: Entries<'d>,
    #[serde(borrow, default, rename = "peerDependencies")]
    peer: Entries<'d>,
    #[serde(borrow, default, rename = "devDependencies")]
    development: Entries<'d>,
}

/// Names and requirements, in their order.
#[derive(Default)]
struct Entries<'d>(Vec<(Cow<'d, str>, Cow<'d, str>)>);

/// A text that is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'d>(#[serde(borrow)] Cow<'d, str>);

impl<'de: 'd, 'd> Deserialize<'de> for Entries<'d> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names and requirements")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Text(name), Text(text))) = map.next_entry()? {
                    entries.push((name, text));
                }
                Ok(Entries(entries))
            }
            fn visit_unit<E>(self) -> Result<Entries<'de>, E> {
                Ok(Entries::default())
            }
        }
        from.deserialize_any(Read)
    }
}

/// A list, or Yarn's object with a list of `packages`.
struct Workspaces(Vec<String>);

impl<'de> Deserialize<'de> for Workspaces {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Workspaces;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of patterns, or an object with a list of packages")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Workspaces, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Workspaces(texts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Workspaces, A::Error> {
                let mut texts = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if key == "packages" {
                        texts = map.next_value()?;
                    } else {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(Workspaces(texts))
            }
        }
        from.deserialize_any(Read)
    }
}

/// The list `packages` of a `pnpm-workspace.yaml`.
fn yaml_packages(document: &Document) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    // How deep the parser is, whether the next scalar of the outermost mapping is a key, and whether it was `packages`.
    let (mut depth, mut is_key, mut in_packages) = (0_usize, true, false);
    for event in Parser::new_from_str(document.text()?) {
        let (event, _) = event.map_err(|error| {
            let line = error.marker().line();
            Fault::manifest(&document.path, Some(line), error.info().to_owned())
        })?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    (is_key, in_packages) = (true, false);
                }
            }
            Event::Scalar(text, ..) if depth == 1 => {
                in_packages = is_key && text == "packages";
                is_key = !is_key;
            }
            Event::Alias(_) if depth == 1 => (is_key, in_packages) = (true, false),
            Event::Scalar(text, ..) if depth == 2 && in_packages => texts.push(text.into_owned()),
            _ => {}
        }
    }
    Ok(texts)
}
