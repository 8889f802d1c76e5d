//! Where the version stands in files that are read line by line: `PKGBUILD`, RPM's spec files, fields, conda's templates,
//! Autoconf.

use super::error::Fault;
use super::place::Place;
use super::yaml;
use std::ops::Range;

type Places = Result<Vec<Place>, Fault>;

/// `pkgver=1.4.0`
pub(super) fn pkgbuild(text: &str, _: Option<&str>) -> Places {
    let found = lines(text).filter_map(|(at, line)| {
        let value = line.strip_prefix("pkgver=")?;
        Some(unquoted(at + line.len() - value.len(), value))
    });
    needed(text, found.collect(), "no line is pkgver=")
}

/// The tag `Version:` in the preamble; a macro that it names is followed to its `%global` or `%define`.
pub(super) fn rpm(text: &str, _: Option<&str>) -> Places {
    let preamble = lines(text).take_while(|(_, line)| {
        !["%description", "%prep", "%package", "%changelog"]
            .iter()
            .any(|part| line.starts_with(part))
    });
    let tags: Vec<_> = preamble
        .clone()
        .filter_map(|(at, line)| value_of(at, line, "Version"))
        .collect();
    let name = tags.first().and_then(|at| {
        let name = text[at.clone()].strip_prefix("%{")?;
        name.strip_suffix('}')
    });
    let Some(name) = name else {
        return needed(text, tags, "no tag Version: holds a version");
    };
    let defined = lines(text).filter_map(|(at, line)| {
        let rest = line
            .strip_prefix("%global")
            .or_else(|| line.strip_prefix("%define"))?;
        let value = rest.trim_start().strip_prefix(name)?;
        value
            .starts_with([' ', '\t'])
            .then(|| trimmed(at + line.len() - value.len(), value))
    });
    needed(
        text,
        defined.collect(),
        "Version: names a macro that is defined nowhere in it",
    )
}

/// `Version: 1.4.0` on a line of its own: R's `DESCRIPTION`, Cabal.
pub(super) fn field(text: &str, key: Option<&str>) -> Places {
    let name = key.unwrap_or("Version");
    let found = lines(text).filter_map(|(at, line)| value_of(at, line, name));
    needed(
        text,
        found.collect(),
        "no line begins with the field and holds a version",
    )
}

/// `{% set version = "1.4.0" %}`, else `version` of the context or the package.
pub(super) fn conda(text: &str, key: Option<&str>) -> Places {
    if let Some(key) = key {
        return yaml::any(text, Some(key));
    }
    let mut found = Vec::new();
    for (at, _) in text.match_indices("{%") {
        let inner = &text[at + 2..];
        found.extend(set_version(inner).map(|range| {
            let start = text.len() - inner.len();
            start + range.start..start + range.end
        }));
    }
    if !found.is_empty() || text.contains("{%") {
        return needed(text, found, "no {% set version = \"…\" %} stands in it");
    }
    let context = yaml::any(text, Some("context.version"));
    context.or_else(|_| yaml::any(text, Some("package.version")))
}

/// `AC_INIT([name], [1.4.0])`
pub(super) fn autoconf(text: &str, _: Option<&str>) -> Places {
    let calls = lines(text).filter(|(_, line)| line.trim_start().starts_with("AC_INIT"));
    let found = calls.filter_map(|(at, _)| {
        // The name before it may be long, but not a file.
        let end = (at + 512).min(text.len());
        let end = (at..=end).rev().find(|end| text.is_char_boundary(*end))?;
        let call = &text[at..end];
        let second = call.find(',')? + 1;
        let value = call[second..].trim_start();
        let inner = value.strip_prefix('[').unwrap_or(value);
        let length = inner.find([']', ',', ')', '\n'])?;
        let start = end - inner.len();
        Some(trimmed(start, &inner[..length]))
    });
    needed(text, found.collect(), "AC_INIT has no version of its own")
}

/// The inside of the string in ` set version = "1.4.0" %}`.
fn set_version(inner: &str) -> Option<Range<usize>> {
    let rest = inner
        .trim_start_matches(['-', '+'])
        .trim_start()
        .strip_prefix("set")?;
    let rest = rest.trim_start().strip_prefix("version")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = inner.len() - rest.len() + 1;
    let length = rest[1..].find(quote)?;
    let after = rest[length + 2..]
        .trim_start()
        .trim_start_matches(['-', '+']);
    after.starts_with("%}").then_some(start..start + length)
}

/// Lines with their positions, without line ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        (at, line.strip_suffix('\r').unwrap_or(line))
    })
}

/// The value of a field, whose name may be in capitals or not.
fn value_of(at: usize, line: &str, name: &str) -> Option<Range<usize>> {
    let (found, value) = line.split_once(':')?;
    let same = found.trim_end().eq_ignore_ascii_case(name);
    (same && !value.trim().is_empty()).then(|| trimmed(at + line.len() - value.len(), value))
}

/// A value that begins at a place, without white space around it.
fn trimmed(at: usize, value: &str) -> Range<usize> {
    let start = at + value.len() - value.trim_start().len();
    start..start + value.trim().len()
}

/// The same without a comment behind it and quotes around it.
fn unquoted(at: usize, value: &str) -> Range<usize> {
    let range = trimmed(at, value.split('#').next().unwrap_or_default());
    let inner = value.trim_start();
    let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = quote.and_then(|quote| inner[1..].find(quote));
    match length {
        Some(length) => range.start + 1..range.start + 1 + length,
        None => range,
    }
}

/// At least one that begins like a version, or is a macro.
fn needed(text: &str, mut found: Vec<Range<usize>>, why: &'static str) -> Places {
    found.retain(|at| text[at.clone()].starts_with(|c: char| c.is_ascii_digit()));
    if found.is_empty() {
        return Err(Fault::Missing(why));
    }
    Ok(found.into_iter().map(Place::from).collect())
}
