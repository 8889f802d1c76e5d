//! What a manifest requires of another component: the text that says which versions will do.
//!
//! Invariants: names, extras, markers and everything else stay. What has no requirement (a folder, a repository, the
//! `workspace:` protocol, what is inherited) stays as it is.

use super::error::Fault;
use super::json::{self, Node};
use super::place::Replacement;
use super::toml;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use toml_edit::{Array, Item, TableLike};

/// Tables of `package.json` that name packages.
pub(super) const NPM_TABLES: [&str; 4] = [
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "optionalDependencies",
];

/// Tables of `Cargo.toml` that name packages, with their old spellings.
const CARGO_TABLES: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
];

/// Requirements of a manifest.
#[derive(Default)]
pub(super) struct Found<'n> {
    /// Where each stands, by the name that was asked for.
    pub places: Vec<(&'n str, Range<usize>)>,
    /// The names that are there, with or without a requirement.
    pub known: HashSet<&'n str>,
}

impl<'n> Found<'n> {
    fn take(&mut self, name: &'n str, at: Option<Range<usize>>) {
        self.known.insert(name);
        self.places.extend(at.map(|at| (name, at)));
    }

    /// The edits, or the first name that is not there.
    pub(super) fn edits(
        self,
        wanted: &HashMap<&'n str, &str>,
    ) -> Result<Vec<Replacement>, &'n str> {
        let mut missing: Vec<&'n str> = wanted.keys().copied().collect();
        missing.retain(|name| !self.known.contains(name));
        missing.sort_unstable();
        if let Some(first) = missing.first() {
            return Err(first);
        }
        let edits = self.places.into_iter();
        Ok(edits
            .map(|(name, at)| (at, wanted[name].to_owned()))
            .collect())
    }
}

/// Dependencies of every kind and target, and those of the workspace. A renamed one goes by `package`.
pub(super) fn cargo<'n>(text: &str, names: &[&'n str]) -> Result<Found<'n>, Fault> {
    let names: HashSet<&'n str> = names.iter().copied().collect();
    let document = toml::parse(text)?;
    let root = document.as_item();
    let mut tables: Vec<&dyn TableLike> = Vec::new();
    let mut owners = vec![root];
    let targets = root.get("target").and_then(Item::as_table_like);
    owners.extend(
        targets
            .into_iter()
            .flat_map(|table| table.iter().map(|(_, item)| item)),
    );
    for owner in owners {
        let own = CARGO_TABLES
            .iter()
            .filter_map(|name| owner.get(name)?.as_table_like());
        tables.extend(own);
    }
    let workspace = root
        .get("workspace")
        .and_then(|item| item.get("dependencies"));
    tables.extend(workspace.and_then(Item::as_table_like));
    let mut found = Found::default();
    for table in tables {
        for (key, item) in table.iter() {
            let name = item.get("package").and_then(Item::as_str).unwrap_or(key);
            if let Some(name) = names.get(name) {
                let requirement = item.get("version").unwrap_or(item);
                found.take(name, toml::inside(requirement, text));
            }
        }
    }
    Ok(found)
}

/// All four tables. What names a place and not a range of versions stays.
pub(super) fn npm<'n>(text: &str, names: &[&'n str]) -> Result<Found<'n>, Fault> {
    let root = json::parse(text)?;
    let names: HashSet<&'n str> = names.iter().copied().collect();
    let mut found = Found::default();
    for table in NPM_TABLES {
        let Some(Node::Object(entries)) = root.get(text, table)? else {
            continue;
        };
        for (key, value) in entries {
            if let Some(name) = names.get(&text[key.clone()])
                && let Node::Text(at) = value
            {
                let is_range = !text[at.clone()].contains([':', '/', '#']);
                found.take(name, is_range.then(|| at.clone()));
            }
        }
    }
    Ok(found)
}

/// PEP 621's dependencies, optional ones, dependency groups (PEP 735), what the build needs, and Poetry's tables.
pub(super) fn python<'n>(text: &str, names: &[&'n str]) -> Result<Found<'n>, Fault> {
    let names: HashMap<String, &'n str> = names.iter().map(|name| (normal(name), *name)).collect();
    let document = toml::parse(text)?;
    let root = document.as_item();
    let at = |path: &[&str]| path.iter().try_fold(root, |item, key| item.get(key));
    let below = |path: &[&str]| {
        let table = at(path).and_then(Item::as_table_like);
        table
            .into_iter()
            .flat_map(|table| table.iter().map(|(_, item)| item))
    };
    let mut lists: Vec<&Array> = Vec::new();
    for path in [
        &["project", "dependencies"][..],
        &["build-system", "requires"],
        &["tool", "uv", "dev-dependencies"],
    ] {
        lists.extend(at(path).and_then(Item::as_array));
    }
    for path in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        lists.extend(below(path).filter_map(Item::as_array));
    }
    let mut found = Found::default();
    for value in lists.into_iter().flatten() {
        let Some(inside) = toml::inside_value(value, text) else {
            continue;
        };
        if let Some((name, specifier)) = specifier(&text[inside.clone()])
            && let Some(name) = names.get(&normal(name))
        {
            let at = specifier.map(|at| inside.start + at.start..inside.start + at.end);
            found.take(name, at);
        }
    }
    let groups = below(&["tool", "poetry", "group"]).filter_map(|group| group.get("dependencies"));
    let own = ["dependencies", "dev-dependencies"].map(|name| at(&["tool", "poetry", name]));
    for table in own
        .into_iter()
        .flatten()
        .chain(groups)
        .filter_map(Item::as_table_like)
    {
        for (key, item) in table.iter() {
            let Some(name) = names.get(&normal(key)) else {
                continue;
            };
            // Several of them are for different Pythons.
            let several = item.as_array().into_iter().flatten().filter_map(|value| {
                let version = value.as_inline_table()?.get("version")?;
                toml::inside_value(version, text)
            });
            let requirement = item.get("version").unwrap_or(item);
            found.take(name, toml::inside(requirement, text));
            for at in several {
                found.take(name, Some(at));
            }
        }
    }
    Ok(found)
}

/// The name of a requirement (PEP 508) and where its specifier stands; none where it has none, or names a URL.
fn specifier(text: &str) -> Option<(&str, Option<Range<usize>>)> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let start = text.len() - text.trim_start().len();
    let end = text[start..]
        .find(|c| !in_name(c))
        .map_or(text.len(), |end| start + end);
    let name = text.get(start..end).filter(|name| !name.is_empty())?;
    let mut rest = text[end..].trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras[extras.find(']')? + 1..].trim_start();
    }
    let mut from = text.len() - rest.len();
    let mut length = rest.find(';').unwrap_or(rest.len());
    if let Some(inner) = rest.strip_prefix('(') {
        from += 1;
        length = inner.find(')')?;
    }
    let specifier = text[from..from + length].trim_end();
    let is_one = specifier.starts_with(['<', '>', '=', '!', '~']);
    Some((name, is_one.then(|| from..from + specifier.len())))
}

/// The normal form of a Python package's name (PyPA's specification "Names and normalization").
pub(super) fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The text of a value, for those who only look.
pub(super) fn read(text: &str, found: &Found<'_>) -> Vec<String> {
    found
        .places
        .iter()
        .map(|(_, at)| text[at.clone()].to_owned())
        .collect()
}
