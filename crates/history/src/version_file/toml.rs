//! Where the version stands in TOML files. Spans come from the parser; nothing is written anew.

use super::error::Fault;
use super::key;
use super::place::Place;
use std::ops::Range;
use toml_edit::{Document, Item, Value};

type Places = Result<Vec<Place>, Fault>;

/// `[project] version` (PyPA's specification of `pyproject.toml`), `[tool.poetry] version` and PDM's old `[tool.pdm] version`.
pub(super) fn pyproject(text: &str, key: Option<&str>) -> Places {
    let document = parse(text)?;
    if let Some(key) = key {
        return at_key(&document, text, key);
    }
    let found = strings(
        &document,
        text,
        &[
            &["project", "version"],
            &["tool", "poetry", "version"],
            &["tool", "pdm", "version"],
        ],
    );
    let dynamic = get(&document, &["project", "dynamic"]).and_then(Item::as_array);
    let dynamic = dynamic.is_some_and(|names| names.iter().any(|n| n.as_str() == Some("version")));
    match (found.is_empty(), dynamic) {
        (true, true) => Err(Fault::Missing(
            "[project] says that it is dynamic, so another file holds it",
        )),
        (true, false) => Err(Fault::Missing(
            "neither [project] nor [tool.poetry] has one",
        )),
        (false, _) => Ok(found),
    }
}

/// `[package] version` and `[workspace.package] version`.
pub(super) fn cargo(text: &str, key: Option<&str>) -> Places {
    let document = parse(text)?;
    if let Some(key) = key {
        return at_key(&document, text, key);
    }
    let found = strings(
        &document,
        text,
        &[
            &["package", "version"],
            &["workspace", "package", "version"],
        ],
    );
    match (
        found.is_empty(),
        get(&document, &["package", "version", "workspace"]),
    ) {
        (true, Some(_)) => Err(Fault::Missing(
            "the package takes it from its workspace, whose Cargo.toml holds it",
        )),
        (true, None) => Err(Fault::Missing(
            "neither [package] nor [workspace.package] has one",
        )),
        (false, _) => Ok(found),
    }
}

/// Any TOML file: what the key names, else `version`.
pub(super) fn any(text: &str, key: Option<&str>) -> Places {
    at_key(&parse(text)?, text, key.unwrap_or("version"))
}

pub(super) fn parse(text: &str) -> Result<Document<&str>, Fault> {
    Document::parse(text).map_err(|error| {
        Fault::syntax(
            error.span().map_or(0, |span| span.start),
            error.message().to_owned(),
        )
    })
}

fn at_key(document: &Document<&str>, text: &str, key: &str) -> Places {
    let mut item = document.as_item();
    for part in key::parts(key)? {
        let below = match (
            item.is_array() || item.is_array_of_tables(),
            part.parse::<usize>(),
        ) {
            (true, Ok(index)) => item.get(index),
            _ => item.get(part.as_str()),
        };
        item = below.ok_or(Fault::Missing("nothing stands under the key"))?;
    }
    let place = inside(item, text).ok_or(Fault::Missing("no string stands under the key"))?;
    Ok(vec![place.into()])
}

fn get<'d>(document: &'d Document<&str>, keys: &[&str]) -> Option<&'d Item> {
    keys.iter()
        .try_fold(document.as_item(), |item, key| item.get(key))
}

fn strings(document: &Document<&str>, text: &str, keys: &[&[&str]]) -> Vec<Place> {
    keys.iter()
        .filter_map(|keys| inside(get(document, keys)?, text))
        .map(Place::from)
        .collect()
}

/// The text between the quotes. An escape in a version would be an oddity that nothing is gained by supporting.
pub(super) fn inside(item: &Item, text: &str) -> Option<Range<usize>> {
    inside_value(item.as_value()?, text)
}

pub(super) fn inside_value(value: &Value, text: &str) -> Option<Range<usize>> {
    let span = value.span()?;
    let inner = value.as_str().filter(|inner| !inner.is_empty())?;
    let start = span.start + text.get(span.clone())?.find(inner)?;
    Some(start..start + inner.len())
}
