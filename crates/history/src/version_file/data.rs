//! Where the version stands in TOML, JSON and INI files.

use super::Fault;
use std::ops::Range;
use toml_edit::{Document, Item};

type Places = Result<Vec<Range<usize>>, Fault>;

/// `[project] version` (PyPA's specification of `pyproject.toml`) and `[tool.poetry] version`.
pub(super) fn pyproject(text: &str) -> Places {
    let document = toml(text)?;
    let places = [&["project", "version"][..], &["tool", "poetry", "version"]];
    let found: Vec<_> = places
        .iter()
        .filter_map(|keys| string(&document, text, keys))
        .collect();
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
pub(super) fn cargo(text: &str) -> Places {
    let document = toml(text)?;
    let places = [
        &["package", "version"][..],
        &["workspace", "package", "version"],
    ];
    let found: Vec<_> = places
        .iter()
        .filter_map(|keys| string(&document, text, keys))
        .collect();
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

fn toml(text: &str) -> Result<Document<&str>, Fault> {
    Document::parse(text).map_err(|error| Fault::Syntax {
        at: error.span().map_or(0, |span| span.start),
        why: error.message().to_owned(),
    })
}

fn get<'d>(document: &'d Document<&str>, keys: &[&str]) -> Option<&'d Item> {
    keys.iter()
        .try_fold(document.as_item(), |item, key| item.get(key))
}

/// The text between the quotes.
fn string(document: &Document<&str>, text: &str, keys: &[&str]) -> Option<Range<usize>> {
    let item = get(document, keys)?;
    let span = item.span()?;
    let inner = item.as_str()?;
    // An escape in a version would be an oddity that nothing is gained by supporting.
    let start = span.start + text[span.clone()].find(inner)?;
    Some(start..start + inner.len())
}

/// The string under the key `version` of the outermost object.
pub(super) fn json(text: &str) -> Places {
    let bytes = text.as_bytes();
    let syntax = |at, why: &str| Fault::Syntax {
        at,
        why: why.to_owned(),
    };
    let mut open: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    // The key that was just read in the outermost object, and whether its colon has come.
    let (mut key, mut value_next) = (None, false);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end =
                    json_string(bytes, at).ok_or_else(|| syntax(at, "a string has no end"))?;
                let inner = at + 1..end;
                if open == [b'{'] {
                    if value_next {
                        if key == Some("version") {
                            found.push(inner);
                        }
                        value_next = false;
                    } else {
                        key = Some(&text[inner]);
                    }
                }
                at = end;
            }
            b':' if open == [b'{'] => value_next = true,
            b',' if open == [b'{'] => (key, value_next) = (None, false),
            b'{' | b'[' => {
                // A value that is no string.
                value_next = false;
                open.push(*byte);
            }
            b'}' | b']' => {
                let opened = open.pop();
                if opened != Some(if *byte == b'}' { b'{' } else { b'[' }) {
                    return Err(syntax(at, "a bracket closes what is not open"));
                }
            }
            _ => {}
        }
        at += 1;
    }
    if !open.is_empty() {
        return Err(syntax(text.len(), "a bracket is not closed"));
    }
    if found.is_empty() {
        return Err(Fault::Missing(
            "the outermost object has no string named \"version\"",
        ));
    }
    Ok(found)
}

/// The position of the closing quote.
fn json_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// `version` in `[metadata]`.
pub(super) fn setup_cfg(text: &str) -> Places {
    let mut in_metadata = false;
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let offset = start;
        start += line.len();
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            in_metadata = section.trim() == "metadata";
            continue;
        }
        let Some(end) = line.find(['=', ':']).filter(|_| in_metadata) else {
            continue;
        };
        // A line that begins with white space goes on with the value before.
        if line[..end].trim_end() != "version" {
            continue;
        }
        let value = line[end + 1..].trim();
        if value.starts_with("attr:") || value.starts_with("file:") {
            return Err(Fault::Missing(
                "[metadata] takes it from another file, which holds it",
            ));
        }
        let at = offset + end + 1 + line[end + 1..].find(value).unwrap_or(0);
        if !value.is_empty() {
            found.push(at..at + value.len());
        }
    }
    if found.is_empty() {
        return Err(Fault::Missing("[metadata] has none"));
    }
    Ok(found)
}
