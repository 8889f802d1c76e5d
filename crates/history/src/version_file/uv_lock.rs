//! Versions and requirements of a workspace's members in `uv.lock`.
//!
//! A member is a package whose source is a folder (`editable`, `virtual`, `directory`). One whose version is dynamic has none
//! in the file.

use super::error::Fault;
use super::lock::Change;
use super::place::{Place, Replacement};
use super::requirement::normal;
use super::toml;
use std::collections::HashMap;
use toml_edit::{Document, Item, Table};

/// Of the one member; with several, of the one that the key names.
pub(super) fn places(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let document = toml::parse(text)?;
    let mut found: Vec<Place> = Vec::new();
    for (name, table) in members(&document) {
        let wanted = key.is_none_or(|key| normal(key) == name);
        let version = table
            .get("version")
            .and_then(|item| toml::inside(item, text));
        found.extend(version.filter(|_| wanted).map(Place::from));
    }
    match found.len() {
        0 => Err(Fault::Missing("no package of a folder has a version in it")),
        1 => Ok(found),
        _ => Err(Fault::Ambiguous(
            found.iter().map(|place| place.at.start).collect(),
        )),
    }
}

pub(super) fn edits<'c>(
    text: &str,
    changes: &[Change<'c>],
) -> Result<Result<Vec<Replacement>, Change<'c>>, Fault> {
    let document = toml::parse(text)?;
    let members: HashMap<String, &Table> = members(&document).collect();
    let mut edits = Vec::new();
    for change in changes {
        let (Change::Version { member, .. } | Change::Requirement { member, .. }) = change;
        let Some(table) = members.get(&normal(member.name)) else {
            return Ok(Err(change.clone()));
        };
        match change {
            Change::Version { new, .. } => {
                let version = table
                    .get("version")
                    .and_then(|item| toml::inside(item, text));
                edits.extend(version.map(|at| (at, new.clone())));
            }
            Change::Requirement {
                dependency, new, ..
            } => {
                let specifiers = specifiers(table, &normal(dependency));
                let places = specifiers
                    .iter()
                    .filter_map(|item| toml::inside_value(item, text));
                edits.extend(places.map(|at| (at, (*new).to_owned())));
            }
        }
    }
    Ok(Ok(edits))
}

fn members<'d>(document: &'d Document<&str>) -> impl Iterator<Item = (String, &'d Table)> {
    let tables = document.get("package").and_then(Item::as_array_of_tables);
    tables.into_iter().flatten().filter_map(|table| {
        let source = table.get("source")?;
        let local = ["editable", "virtual", "directory"];
        let is_member = local.iter().any(|kind| source.get(kind).is_some());
        let name = table.get("name")?.as_str()?;
        is_member.then(|| (normal(name), table))
    })
}

/// What the metadata of a member says of one that it needs. A requirement of a folder has none.
fn specifiers<'d>(table: &'d Table, dependency: &str) -> Vec<&'d toml_edit::Value> {
    let metadata = table.get("metadata");
    let lists = metadata.and_then(|item| item.get("requires-dist"));
    let groups = metadata
        .and_then(|item| item.get("requires-dev"))
        .and_then(Item::as_table_like);
    let groups = groups
        .into_iter()
        .flat_map(|groups| groups.iter().map(|(_, item)| item));
    let all = lists
        .into_iter()
        .chain(groups)
        .filter_map(Item::as_array)
        .flatten();
    all.filter_map(|value| {
        let one = value.as_inline_table()?;
        let name = one.get("name")?.as_str()?;
        one.get("specifier").filter(|_| normal(name) == dependency)
    })
    .collect()
}
