//! Entries made from changes, and changes that no written entry covers.

use super::style::Style;
use crate::change::{Change, Kind};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How many changes or commits a warning names.
const MOST_NAMED: usize = 10;

/// The groups of Keep a Changelog, in its order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Added,
    Changed,
    Deprecated,
    Removed,
    Fixed,
    Security,
}

const GROUPS: [(Group, &str); 6] = [
    (Group::Added, "Added"),
    (Group::Changed, "Changed"),
    (Group::Deprecated, "Deprecated"),
    (Group::Removed, "Removed"),
    (Group::Fixed, "Fixed"),
    (Group::Security, "Security"),
];

pub(super) struct Made {
    pub text: String,
    pub warnings: Vec<String>,
}

/// The group that a change belongs to; `None` for what users do not notice.
fn group(change: &Change) -> Option<Group> {
    let security = change
        .scope
        .as_deref()
        .is_some_and(|scope| scope.eq_ignore_ascii_case("security"));
    match &change.kind {
        Kind::Feature if !security => Some(Group::Added),
        Kind::Fix if !security => Some(Group::Fixed),
        Kind::Feature | Kind::Fix => Some(Group::Security),
        Kind::Performance | Kind::Revert => Some(Group::Changed),
        Kind::Named(kind) => match kind.as_str() {
            "security" | "sec" => Some(Group::Security),
            "deprecate" | "deprecated" => Some(Group::Deprecated),
            "remove" | "removed" => Some(Group::Removed),
            "change" | "changed" => Some(Group::Changed),
            "add" | "added" => Some(Group::Added),
            _ => change.breaking.is_some().then_some(Group::Changed),
        },
        Kind::Other => change.breaking.is_some().then_some(Group::Changed),
    }
}

/// Groups with their entries, breaking ones first, then from the oldest to the newest; each line ended.
pub(super) fn make(changes: &[Change], style: &Style) -> Made {
    let (eol, gap) = (
        style.eol,
        if style.blank_after_heading {
            style.eol
        } else {
            ""
        },
    );
    let mut text = String::new();
    for (wanted, title) in GROUPS {
        let mut of_group: Vec<&Change> = changes
            .iter()
            .rev()
            .filter(|change| group(change) == Some(wanted))
            .collect();
        if of_group.is_empty() {
            continue;
        }
        of_group.sort_by_key(|change| change.breaking.is_none());
        if !text.is_empty() {
            text.push_str(eol);
        }
        style.push_group(&mut text, title);
        text.push_str(eol);
        text.push_str(gap);
        for change in of_group {
            push_entry(&mut text, change, style);
        }
    }
    let silent = changes
        .iter()
        .filter(|change| change.kind == Kind::Other && group(change).is_none());
    let warnings = named(
        silent,
        "a commit does not say what kind of change it is, and has no entry in the changelog",
    );
    Made { text, warnings }
}

fn push_entry(text: &mut String, change: &Change, style: &Style) {
    let breaking = if change.breaking.is_some() {
        "**Breaking:** "
    } else {
        ""
    };
    let scope = change
        .scope
        .as_ref()
        .map(|scope| format!("{scope}: "))
        .unwrap_or_default();
    let missing = change
        .references
        .iter()
        .filter(|one| !change.description.contains(one.as_str()));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    let references = if missing.is_empty() {
        String::new()
    } else {
        format!(" ({})", missing.join(", "))
    };
    let described = markdown(&format!("{scope}{}", change.description));
    let _ = write!(
        text,
        "{} {breaking}{described}{references}{}",
        style.bullet, style.eol
    );
    // What breaks, where the footer says more than the header.
    if let Some(what) = change
        .breaking
        .as_deref()
        .filter(|what| *what != change.description)
    {
        let words: Vec<&str> = what.split_whitespace().collect();
        let _ = write!(
            text,
            "  {} {}{}",
            style.bullet,
            markdown(&words.join(" ")),
            style.eol
        );
    }
}

/// So that `<T>` is read as it is and not as HTML; code in backticks stays.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for c in crate::conventional::shown(text).chars() {
        in_code ^= c == '`';
        if c == '<' && !in_code {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A warning for each change that users notice and that no entry covers: by a reference in common, by the commit's id, or by
/// half of the words of its description in one line.
pub(super) fn uncovered(changes: &[Change], section: &str) -> Vec<String> {
    let lines: Vec<BTreeSet<String>> = section.lines().map(words).collect();
    let covered = |change: &Change| {
        let described = words(&change.description);
        let alike = |line: &BTreeSet<String>| {
            !described.is_empty() && line.intersection(&described).count() * 2 >= described.len()
        };
        change.references.iter().any(|one| mentions(section, one))
            || change
                .commit
                .as_ref()
                .is_some_and(|commit| section.contains(&commit.as_str()[..7]))
            || lines.iter().any(alike)
    };
    let missing = changes
        .iter()
        .filter(|change| group(change).is_some() && !covered(change));
    named(missing, "a change has no entry in the changelog")
}

/// `#12`, not as a part of `#123`.
fn mentions(text: &str, reference: &str) -> bool {
    let number = reference.rsplit(['#', '-']).next().unwrap_or(reference);
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    ["#", "GH-", "/issues/", "/pull/", "/merge_requests/"]
        .iter()
        .any(|before| {
            let form = format!("{before}{number}");
            text.match_indices(&form)
                .any(|(at, _)| !goes_on(&text[at + form.len()..]))
        })
}

/// Words of three letters and more; of any length where they are not ASCII.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| word.len() >= 3)
        .map(str::to_lowercase)
        .collect()
}

fn named<'c>(changes: impl Iterator<Item = &'c Change>, what: &str) -> Vec<String> {
    let all: Vec<&Change> = changes.collect();
    let mut warnings: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(|change| format!("{what}: {change}"))
        .collect();
    if all.len() > MOST_NAMED {
        warnings.push(format!("{what}: and {} more", all.len() - MOST_NAMED));
    }
    warnings
}
