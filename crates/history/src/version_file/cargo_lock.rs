//! Versions of a workspace's members in `Cargo.lock`.
//!
//! Source of the rules: Cargo's encoding of a resolved graph (`core/resolver/encode.rs`). Packages stand in the order of name
//! and version; a dependency is its name, with the version where two packages share the name, and with the source where they
//! share the version too (formats 3 and 4; older ones say more). Cargo compares the whole text: an entry that it would write
//! otherwise makes `--locked` fail.

use super::error::Fault;
use super::place::{Place, Replacement};
use super::toml;
use shipway_core::config::Scheme;
use shipway_core::version::Version;
use std::collections::HashMap;
use std::ops::Range;
use toml_edit::{Document, Item, Table, Value};

struct Package<'d> {
    name: &'d str,
    version: &'d str,
    at: Range<usize>,
    source: Option<&'d str>,
    dependencies: Vec<(&'d str, Range<usize>)>,
}

/// Of the one package that has no source; with several, of the one that the key names.
pub(super) fn places(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let document = toml::parse(text)?;
    let own: Vec<_> = packages(&document, text)
        .into_iter()
        .filter(|package| package.source.is_none() && key.is_none_or(|key| key == package.name))
        .collect();
    match own.as_slice() {
        [] => Err(Fault::Missing("no package in it is without a source")),
        [one] => Ok(vec![one.at.clone().into()]),
        several => Err(Fault::Ambiguous(
            several.iter().map(|package| package.at.start).collect(),
        )),
    }
}

/// The text with other versions of members, by name. `Err` in the result is the first name that is no member.
pub(super) fn set<'n>(
    text: &str,
    members: &HashMap<&'n str, String>,
) -> Result<Result<String, &'n str>, Fault> {
    let document = toml::parse(text)?;
    let packages = packages(&document, text);
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, package) in packages.iter().enumerate() {
        by_name.entry(package.name).or_default().push(at);
    }
    let mut versions: Vec<&str> = packages.iter().map(|package| package.version).collect();
    let mut edits: Vec<Replacement> = Vec::new();
    // Names of members that other packages have too.
    let mut shared: Vec<&str> = Vec::new();
    let mut names: Vec<&&'n str> = members.keys().collect();
    names.sort_unstable();
    for name in names {
        let all = by_name.get(*name).map_or(&[][..], Vec::as_slice);
        let mut own = all.iter().filter(|at| packages[**at].source.is_none());
        let Some(at) = own.next() else {
            return Ok(Err(name));
        };
        if let Some(other) = own.next() {
            let both = [*at, *other].map(|at| packages[at].at.start);
            return Err(Fault::Ambiguous(both.to_vec()));
        }
        versions[*at] = &members[*name];
        edits.push((packages[*at].at.clone(), members[*name].clone()));
        if all.len() > 1 {
            shared.push(name);
        }
    }
    let short = document.get("version").is_some();
    for package in &packages {
        edits.extend(references(
            package, &packages, &by_name, &versions, members, short,
        ));
    }
    let text = super::applied(text, edits);
    Ok(Ok(ordered(text, &shared)))
}

/// What a package says of the members that it needs.
fn references(
    package: &Package<'_>,
    packages: &[Package<'_>],
    by_name: &HashMap<&str, Vec<usize>>,
    versions: &[&str],
    members: &HashMap<&str, String>,
    short: bool,
) -> Vec<Replacement> {
    let mut edits: Vec<Replacement> = Vec::new();
    let mut previous = "";
    let mut run = 0;
    for (text, at) in &package.dependencies {
        let mut words = text.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let (Some(version), true) = (words.next(), members.contains_key(name)) else {
            continue;
        };
        let source = words.next().map(|source| source.trim_matches(['(', ')']));
        let all = by_name.get(name).map_or(&[][..], Vec::as_slice);
        let is_it = |at: &&usize| {
            let other = &packages[**at];
            other.version == version && (source.is_none() || other.source == source)
        };
        // Without a source it is the one that has none, if there is a choice.
        let found = all
            .iter()
            .filter(is_it)
            .min_by_key(|at| packages[**at].source.is_some());
        let Some(found) = found else { continue };
        let new = versions[*found];
        let same = all.iter().filter(|at| versions[**at] == new).count();
        let source = match packages[*found].source {
            Some(source) if !short && text.ends_with(')') || short && same > 1 => {
                format!(" ({source})")
            }
            _ => String::new(),
        };
        edits.push((at.clone(), format!("{name} {new}{source}")));
        // Two packages of one name stand in order here too.
        run = if name == previous { run + 1 } else { 1 };
        previous = name;
        let first = edits.len() - run;
        let mut texts: Vec<String> = edits[first..]
            .iter()
            .map(|(_, text)| text.clone())
            .collect();
        texts.sort_unstable();
        for (edit, text) in edits[first..].iter_mut().zip(texts) {
            edit.1 = text;
        }
    }
    edits
}

fn packages<'d>(document: &'d Document<&str>, text: &str) -> Vec<Package<'d>> {
    let tables = document.get("package").and_then(Item::as_array_of_tables);
    tables
        .into_iter()
        .flatten()
        .filter_map(|table| package(table, text))
        .collect()
}

fn package<'d>(table: &'d Table, text: &str) -> Option<Package<'d>> {
    let version = table.get("version")?;
    let dependencies = table.get("dependencies").and_then(Item::as_array);
    let dependencies = dependencies.into_iter().flatten().filter_map(|value| {
        let inner = value.as_str()?;
        Some((inner, toml::inside_value(value, text)?))
    });
    Some(Package {
        name: table.get("name")?.as_str()?,
        version: version.as_str()?,
        at: toml::inside(version, text)?,
        source: table
            .get("source")
            .and_then(Item::as_value)
            .and_then(Value::as_str),
        dependencies: dependencies.collect(),
    })
}

/// The text with packages of these names in the order of their versions.
fn ordered(text: String, names: &[&str]) -> String {
    if names.is_empty() {
        return text;
    }
    let starts: Vec<usize> = text
        .match_indices("[[package]]")
        .map(|(at, _)| at)
        .collect();
    let Some(first) = starts.first() else {
        return text;
    };
    let last_end = text[starts[starts.len() - 1]..]
        .find("\n[")
        .map_or(text.len(), |end| starts[starts.len() - 1] + end + 1);
    let mut blocks: Vec<&str> = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        blocks.push(&text[*start..starts.get(at + 1).copied().unwrap_or(last_end)]);
    }
    let value = |block: &str, key: &str| {
        let mut lines = block.lines();
        let found = lines.find_map(|line| line.strip_prefix(key)?.trim().strip_prefix("= \""));
        found
            .map(|value| value.trim_end_matches('"').to_owned())
            .unwrap_or_default()
    };
    let order = |block: &str| Version::parse(&value(block, "version"), Scheme::Semver).ok();
    let mut at = 0;
    while at < blocks.len() {
        let name = value(blocks[at], "name");
        let run = blocks[at..]
            .iter()
            .take_while(|block| value(block, "name") == name)
            .count();
        // The last block may end without the empty line that is between blocks.
        if names.contains(&name.as_str()) && at + run < blocks.len() {
            blocks[at..at + run].sort_by_key(|block| order(block));
        }
        at += run.max(1);
    }
    format!(
        "{}{}{}",
        &text[..*first],
        blocks.concat(),
        &text[last_end..]
    )
}
