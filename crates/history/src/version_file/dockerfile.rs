//! Where the version stands in Dockerfiles: labels of the image and arguments with a default.
//!
//! Source of the rules: the Dockerfile reference (comments, line continuation, `LABEL`, `ARG`) and the OCI image
//! specification's pre-defined annotation keys.

use super::error::Fault;
use super::place::Place;
use std::ops::Range;

const LABELS: [&str; 3] = [
    "version",
    "org.opencontainers.image.version",
    "org.label-schema.version",
];

/// Labels that name a version and `ARG VERSION=`; with a key, the label, argument or variable of that name.
pub(super) fn places(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let mut found = Vec::new();
    for instruction in instructions(text) {
        let line = &text[instruction.clone()];
        let end = line.find(char::is_whitespace).unwrap_or(line.len());
        let wanted = |name: &str| match (&*line[..end].to_ascii_uppercase(), key) {
            ("LABEL" | "ARG" | "ENV", Some(key)) => name == key,
            ("LABEL", None) => LABELS.contains(&name),
            ("ARG", None) => name == "VERSION",
            _ => false,
        };
        for (name, value) in pairs(text, instruction.start + end..instruction.end) {
            let version = text[value.clone()].starts_with(|c: char| c.is_ascii_digit());
            if version && wanted(&text[name]) {
                found.push(value.into());
            }
        }
    }
    if found.is_empty() {
        return Err(Fault::Missing(
            "no label and no ARG VERSION= holds a version",
        ));
    }
    Ok(found)
}

/// Instructions with the lines that they go on over. Comments may stand between those.
fn instructions(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut start, mut goes_on) = (0, false);
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let code = line.trim();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        match found.last_mut().filter(|_| goes_on) {
            Some(last) => last.end = start,
            None => found.push(at + line.len() - line.trim_start().len()..start),
        }
        goes_on = code.ends_with(['\\', '`']);
    }
    found
}

/// `name=value` with or without quotes, and the old form `name value`.
fn pairs(text: &str, inside: Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut words: Vec<(Range<usize>, Option<Range<usize>>)> = Vec::new();
    let mut at = inside.start;
    while let Some(rest) = text.get(at..inside.end).filter(|rest| !rest.is_empty()) {
        let code = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\\' || c == '`');
        at = inside.end - code.len();
        if code.starts_with('#') {
            at += code.find('\n').unwrap_or(code.len());
            continue;
        }
        if code.is_empty() {
            break;
        }
        let (name, end) = word(text, at..inside.end, true);
        at = end;
        let mut value = None;
        if text[at..inside.end].starts_with('=') {
            let (range, end) = word(text, at + 1..inside.end, false);
            (value, at) = (Some(range), end);
        }
        // Nothing was taken: a sign that belongs to no word.
        at = if at == name.start {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        } else {
            at
        };
        words.push((name, value));
    }
    if let [(name, None), (value, None)] = words.as_slice() {
        return vec![(name.clone(), value.clone())];
    }
    words
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// A word, with the quotes around it left out, and where it ends.
fn word(text: &str, inside: Range<usize>, name: bool) -> (Range<usize>, usize) {
    let rest = &text[inside.clone()];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote
        && let Some(length) = rest[1..].find(quote)
    {
        let start = inside.start + 1;
        return (start..start + length, start + length + 1);
    }
    let ends = |c: char| c.is_whitespace() || (name && c == '=');
    let end = inside.start + rest.find(ends).unwrap_or(rest.len());
    (inside.start..end, end)
}
