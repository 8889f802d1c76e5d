//! Where the version stands in JSON, also with what JSONC and JSON5 add: comments, commas at the end, single quotes, bare keys.
//!
//! Invariants: text that is none of these is an error with its place; nothing recurses, so depth costs memory only.

use super::error::Fault;
use super::key;
use super::place::Place;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Deeper than any file that people write.
const DEEPEST: usize = 512;

/// A value, with where it stands.
#[derive(Debug)]
pub(super) enum Node {
    /// Between the quotes.
    Text(Range<usize>),
    /// A number or a word.
    Word(Range<usize>),
    List(Vec<Node>),
    Object(Vec<(Range<usize>, Node)>),
}

/// `package.json` and any other file: what the key names, else the outermost object's `version`.
pub(super) fn any(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let root = parse(text)?;
    let Some(key) = key else {
        return match root.get(text, "version")? {
            Some(Node::Text(at)) if !at.is_empty() => Ok(vec![at.clone().into()]),
            _ => Err(Fault::Missing(
                "the outermost object has no string named \"version\"",
            )),
        };
    };
    let mut node = &root;
    for part in key::parts(key)? {
        let below = match (node, part.parse::<usize>()) {
            (Node::List(list), Ok(index)) => list.get(index),
            _ => node.get(text, &part)?,
        };
        node = below.ok_or(Fault::Missing("nothing stands under the key"))?;
    }
    match node {
        Node::Text(at) if !at.is_empty() => Ok(vec![at.clone().into()]),
        _ => Err(Fault::Missing("no string stands under the key")),
    }
}

impl Node {
    /// What stands under a key of an object.
    ///
    /// # Errors
    /// [`Fault::Ambiguous`] where it stands twice: readers differ on which of them counts.
    pub(super) fn get(&self, text: &str, key: &str) -> Result<Option<&Self>, Fault> {
        let Self::Object(entries) = self else {
            return Ok(None);
        };
        let mut found = entries
            .iter()
            .filter(|(at, _)| unescaped(&text[at.clone()]) == key);
        let first = found.next();
        if let (Some((first, _)), Some((second, _))) = (first, found.next()) {
            return Err(Fault::Ambiguous(vec![first.start, second.start]));
        }
        Ok(first.map(|(_, node)| node))
    }
}

impl Node {
    /// Takes out what stands under a key of an object.
    ///
    /// # Errors
    /// As [`Node::get`].
    pub(super) fn take(&mut self, text: &str, key: &str) -> Result<Option<Self>, Fault> {
        self.get(text, key)?;
        let Self::Object(entries) = self else {
            return Ok(None);
        };
        let found = entries
            .iter()
            .position(|(at, _)| unescaped(&text[at.clone()]) == key);
        Ok(found.map(|at| entries.swap_remove(at).1))
    }

    /// The entries of an object by their keys.
    ///
    /// # Errors
    /// As [`Node::get`].
    pub(super) fn entries(self, text: &str) -> Result<HashMap<Cow<'_, str>, Self>, Fault> {
        let mut map = HashMap::new();
        let mut places = HashMap::new();
        if let Self::Object(entries) = self {
            for (at, node) in entries {
                let key = unescaped(&text[at.clone()]);
                if let Some(first) = places.insert(key.clone(), at.start) {
                    return Err(Fault::Ambiguous(vec![first, at.start]));
                }
                map.insert(key, node);
            }
        }
        Ok(map)
    }
}

fn unescaped(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // An escape that JSON does not know stands for itself: such a key is none that is looked for.
    match serde_json::from_str(&format!("\"{inner}\"")) {
        Ok(plain) => Cow::Owned(plain),
        Err(_) => Cow::Borrowed(inner),
    }
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Value,
    /// A value, or the end of the list.
    ValueOrEnd,
    /// A key, or the end of the object.
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    End,
}

enum Open {
    List(Vec<Node>),
    Object(Vec<(Range<usize>, Node)>, Option<Range<usize>>),
}

/// Reads all of a text.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open> = Vec::new();
    let (mut at, mut next) = (0, Next::Value);
    let mut root = None;
    loop {
        at = skip(text, at)?;
        let Some(&byte) = bytes.get(at) else { break };
        let start = at;
        let value = match (byte, next) {
            (b'{' | b'[', Next::Value | Next::ValueOrEnd) => {
                if open.len() == DEEPEST {
                    return Err(Fault::syntax(at, "it is nested too deeply"));
                }
                at += 1;
                if byte == b'{' {
                    open.push(Open::Object(Vec::new(), None));
                    next = Next::KeyOrEnd;
                } else {
                    open.push(Open::List(Vec::new()));
                    next = Next::ValueOrEnd;
                }
                continue;
            }
            (b'}', Next::KeyOrEnd | Next::CommaOrEnd)
            | (b']', Next::ValueOrEnd | Next::CommaOrEnd) => {
                at += 1;
                match (byte, open.pop()) {
                    (b'}', Some(Open::Object(entries, _))) => Node::Object(entries),
                    (b']', Some(Open::List(list))) => Node::List(list),
                    _ => return Err(Fault::syntax(start, "a bracket closes what is not open")),
                }
            }
            (b',', Next::CommaOrEnd) => {
                at += 1;
                next = match open.last() {
                    Some(Open::Object(..)) => Next::KeyOrEnd,
                    _ => Next::ValueOrEnd,
                };
                continue;
            }
            (b':', Next::Colon) => {
                at += 1;
                next = Next::Value;
                continue;
            }
            (b'"' | b'\'', Next::Value | Next::ValueOrEnd | Next::KeyOrEnd) => {
                let end =
                    string(bytes, at).ok_or_else(|| Fault::syntax(at, "a string has no end"))?;
                at = end + 1;
                Node::Text(start + 1..end)
            }
            (_, Next::Value | Next::ValueOrEnd | Next::KeyOrEnd) => {
                let length = word(&text[at..], next == Next::KeyOrEnd);
                if length == 0 {
                    return Err(Fault::syntax(at, "this is no JSON"));
                }
                at += length;
                Node::Word(start..at)
            }
            (_, Next::Colon) => return Err(Fault::syntax(at, "a colon is missing")),
            (_, Next::CommaOrEnd) => return Err(Fault::syntax(at, "a comma is missing")),
            (_, Next::End) => return Err(Fault::syntax(at, "something follows the end")),
        };
        next = match open.last_mut() {
            Some(Open::Object(_, key @ None)) if next == Next::KeyOrEnd => {
                // Only texts and words come here: brackets were opened or closed above.
                *key = match value {
                    Node::Text(at) | Node::Word(at) => Some(at),
                    _ => None,
                };
                Next::Colon
            }
            Some(Open::Object(entries, key)) => {
                if let Some(key) = key.take() {
                    entries.push((key, value));
                }
                Next::CommaOrEnd
            }
            Some(Open::List(list)) => {
                list.push(value);
                Next::CommaOrEnd
            }
            None => {
                root = Some(value);
                Next::End
            }
        };
    }
    if !open.is_empty() {
        return Err(Fault::syntax(text.len(), "a bracket is not closed"));
    }
    root.ok_or_else(|| Fault::syntax(text.len(), "it is empty"))
}

/// Behind white space and comments.
fn skip(text: &str, mut at: usize) -> Result<usize, Fault> {
    loop {
        let rest = &text[at..];
        let comment = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        at += rest.len() - comment.len();
        let length = if comment.starts_with("//") {
            comment.find('\n').unwrap_or(comment.len())
        } else if comment.starts_with("/*") {
            comment
                .find("*/")
                .map(|end| end + 2)
                .ok_or_else(|| Fault::syntax(at, "a comment has no end"))?
        } else {
            return Ok(at);
        };
        at += length;
    }
}

/// The position of the closing quote. A line end ends no string, unless it is escaped (JSON5).
fn string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            byte if byte == bytes[start] => return Some(at),
            b'\\' if bytes.get(at + 1) == Some(&b'\r') => at += 3,
            b'\\' => at += 2,
            b'\n' => return None,
            _ => at += 1,
        }
    }
}

/// How long the number, word or bare key is.
fn word(text: &str, key: bool) -> usize {
    let inside = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '$') || (!key && matches!(c, '+' | '-' | '.'))
    };
    text.find(|c| !inside(c)).unwrap_or(text.len())
}
