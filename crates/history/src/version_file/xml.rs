//! Where the version stands in XML files: Maven's `pom.xml`, MSBuild's projects, `Info.plist`, NuGet's `.nuspec`.
//!
//! Entities are bounded by the parser, which stops at ten levels of them.

use super::error::Fault;
use super::key;
use super::place::Place;
use roxmltree::{Document, Node, ParsingOptions};

type Places = Result<Vec<Place>, Fault>;

/// More than any file that people write.
const MOST_NODES: u32 = 1_000_000;

/// `version` of the project itself, not of its parent or of what it needs. A property that it names is followed.
pub(super) fn pom(text: &str, key: Option<&str>) -> Places {
    let document = parse(text)?;
    let root = document.root_element();
    if let Some(key) = key {
        return at_key(root, text, key);
    }
    let own = below(root, &["version"]);
    if own.is_empty() && !below(root, &["parent", "version"]).is_empty() {
        return Err(Fault::Missing(
            "the project takes it from its parent, whose pom.xml holds it: the key parent.version names the reference to that",
        ));
    }
    let property = own.first().and_then(|node| {
        let inner = node.text()?.trim().strip_prefix("${")?;
        inner.strip_suffix('}')
    });
    match property {
        Some(name) => texts(&below(root, &["properties", name]), text),
        None => texts(&own, text),
    }
}

/// `Version` of a property group, or else `VersionPrefix`.
pub(super) fn msbuild(text: &str, key: Option<&str>) -> Places {
    let document = parse(text)?;
    let root = document.root_element();
    if let Some(key) = key {
        return at_key(root, text, key);
    }
    let found = ["Version", "VersionPrefix"].map(|name| below(root, &["PropertyGroup", name]));
    let first = found.iter().find(|found| !found.is_empty());
    texts(first.map_or(&[], Vec::as_slice), text)
}

pub(super) fn nuspec(text: &str, key: Option<&str>) -> Places {
    let key = key.unwrap_or("metadata.version");
    at_key(parse(text)?.root_element(), text, key)
}

/// The string behind a key of the outermost dictionary.
pub(super) fn plist(text: &str, key: Option<&str>) -> Places {
    let document = parse(text)?;
    let key = key.unwrap_or("CFBundleShortVersionString");
    let keys = below(document.root_element(), &["dict", "key"]);
    let keys = keys.iter().filter(|node| node.text() == Some(key));
    let values: Vec<_> = keys
        .filter_map(Node::next_sibling_element)
        .filter(|node| node.has_tag_name("string"))
        .collect();
    if let [first, second, ..] = values.as_slice() {
        return Err(Fault::Ambiguous(vec![
            first.range().start,
            second.range().start,
        ]));
    }
    texts(&values, text)
}

/// Any XML file: what the key names below the outermost element.
pub(super) fn any(text: &str, key: Option<&str>) -> Places {
    at_key(parse(text)?.root_element(), text, key.unwrap_or("version"))
}

fn parse(text: &str) -> Result<Document<'_>, Fault> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        let lines = text
            .split_inclusive('\n')
            .take(place.row.saturating_sub(1) as usize);
        Fault::syntax(lines.map(str::len).sum(), error.to_string())
    })
}

fn at_key(root: Node<'_, '_>, text: &str, key: &str) -> Places {
    let parts = key::parts(key)?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    texts(&below(root, &parts), text)
}

/// All elements that a path of names leads to, in any name space.
fn below<'d, 'i>(root: Node<'d, 'i>, path: &[&str]) -> Vec<Node<'d, 'i>> {
    let mut found = vec![root];
    for name in path {
        let children = found.iter().flat_map(Node::children);
        found = children
            .filter(|node| node.is_element() && node.tag_name().name() == *name)
            .collect();
    }
    found
}

/// Their texts, without white space around them.
fn texts(nodes: &[Node<'_, '_>], text: &str) -> Places {
    let mut found = Vec::new();
    for node in nodes {
        let Some(inner) = node.first_child().filter(Node::is_text) else {
            continue;
        };
        let range = inner.range();
        let version = inner.text().unwrap_or_default().trim();
        // A reference to an entity, or CDATA, is not there as it reads.
        let at = text[range.clone()].find(version).map(|at| range.start + at);
        if let Some(at) = at
            && version.starts_with(|c: char| c.is_ascii_digit())
        {
            found.push((at..at + version.len()).into());
        }
    }
    if found.is_empty() {
        return Err(Fault::Missing("no such element holds a version"));
    }
    Ok(found)
}
