//! Where the version stands in C and C++ headers: macros that are a string, and macros that are one number each.

use super::error::Fault;
use super::place::Place;
use super::source::{Quote, Source, Syntax};
use std::collections::BTreeMap;
use std::ops::Range;

const SYNTAX: Syntax = Syntax {
    line: &["//"],
    block: &[("/*", "*/")],
    quotes: &[Quote::of("\""), Quote::of("'")],
};

/// Endings of names of macros that are the whole version.
const WHOLE: [&str; 4] = ["VERSION", "VERSION_STRING", "VERSION_STR", "VERSION_TEXT"];

/// Which number of the version a part of a name means.
const PARTS: [(&str, usize); 9] = [
    ("MAJOR", 0),
    ("MINOR", 1),
    ("PATCH", 2),
    ("PATCHLEVEL", 2),
    ("MICRO", 2),
    ("SUBMINOR", 2),
    ("SUBLEVEL", 2),
    ("REVISION", 3),
    ("TWEAK", 4),
];

/// `#define X_VERSION "1.4.0"`, and `#define X_VERSION_MAJOR 1` with its fellows.
pub(super) fn places(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let source = Source::of(text, &SYNTAX);
    let mut found: Vec<Place> = Vec::new();
    // By the name without the part that tells which number it is.
    let mut numbers: BTreeMap<String, [Option<Range<usize>>; 5]> = BTreeMap::new();
    let mut twice = Vec::new();
    let mut start = 0;
    for line in source.code.split_inclusive('\n') {
        let offset = start;
        start += line.len();
        let Some((name, value)) = definition(line) else {
            continue;
        };
        let at = offset + line.len() - value.len();
        let wanted = |of: &str| key.is_none_or(|key| key == of);
        if let Some((inner, _)) = source.string(at) {
            let whole = key.is_some() || WHOLE.iter().any(|end| ends(name, end));
            let version = text[inner.clone()].starts_with(|c: char| c.is_ascii_digit());
            if whole && wanted(name) && version {
                found.push(inner.into());
            }
        } else if let Some((group, which)) = numbered(name)
            && wanted(&group)
            && let Some(number) = number(value, at)
        {
            let group = numbers.entry(group).or_default();
            match &group[which] {
                Some(first) => twice.push([first.start, number.start]),
                None => group[which] = Some(number),
            }
        }
    }
    if let Some(both) = twice.first() {
        return Err(Fault::Ambiguous(both.to_vec()));
    }
    for group in numbers.into_values() {
        if let [Some(major), Some(minor), patch, revision, tweak] = group {
            // Some have a revision instead of a patch, some before it, some behind.
            let mut rest: Vec<_> = [patch, revision, tweak].into_iter().flatten().collect();
            rest.sort_by_key(|at| at.start);
            let all = [major, minor].into_iter().chain(rest);
            found.push(Place::numbers(all.collect()));
        }
    }
    if found.is_empty() {
        return Err(Fault::Missing(
            "no macro named …VERSION is a version, and none are named …VERSION_MAJOR and …VERSION_MINOR",
        ));
    }
    Ok(found)
}

/// The name of the macro that a line defines, and the rest of the line from its value on.
fn definition(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let rest = rest.strip_prefix("define")?;
    let name = rest.trim_start_matches([' ', '\t']);
    let end = name.find([' ', '\t'])?;
    (name.len() < rest.len()).then(|| (&name[..end], name[end..].trim_start_matches([' ', '\t'])))
}

/// `X_VERSION` ends in the part `VERSION`; `CONVERSION` does not.
fn ends(name: &str, end: &str) -> bool {
    let before = name.strip_suffix(end);
    before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

/// `X_VERSION_MAJOR` and `X_MAJOR_VERSION` as `X_VERSION` and 0.
fn numbered(name: &str) -> Option<(String, usize)> {
    let mut parts: Vec<&str> = name.split('_').collect();
    let is_version = parts.iter().any(|part| matches!(*part, "VERSION" | "VER"));
    let (at, which) = parts.iter().enumerate().rev().find_map(|(at, part)| {
        let known = PARTS.iter().find(|(word, _)| word == part);
        known.map(|(_, which)| (at, *which))
    })?;
    parts.remove(at);
    is_version.then(|| (parts.join("_"), which))
}

/// The number that a macro is, perhaps in brackets.
fn number(value: &str, at: usize) -> Option<Range<usize>> {
    let inner = value.trim_start_matches(['(', ' ']);
    let start = at + value.len() - inner.len();
    let length = inner
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(inner.len());
    let rest = inner[length..].trim_start_matches(')').trim();
    // A leading zero makes it octal: such a number is none of a version.
    let sound = length > 0 && rest.is_empty() && !(length > 1 && inner.starts_with('0'));
    sound.then_some(start..start + length)
}
