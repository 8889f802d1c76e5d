//! The presets: plain Conventional Commits, and the Angular convention as semantic-release applies it.
//!
//! Plain: `feat` asks for a minor release and `fix` for a patch, the specification's summary, points 1 and 2. `perf` and `revert`
//! ask for a patch as well, as repairs of what users have; every other type asks for nothing (point 4). Groups are those of
//! Keep a Changelog 1.1.0.
//!
//! Angular: the rules that semantic-release's commit-analyzer has where nobody configured any, and the header of
//! conventional-changelog-angular. It has no `!`: `feat!: x` does not follow it. `revert` asks for a patch only where the message
//! names the commit. Types are compared as written; commit-analyzer knows `FEAT` and `FIX` beside the lower-case ones.

use super::{Meaning, OTHER, Said};
use crate::change::Kind;
use shipway_core::config::{Asked, Listed, Preset, Rule};
use shipway_core::version::Level;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

pub(super) const SECURITY: &str = "Security";
/// `fix(security): …` is listed in that group.
pub(super) const SECURITY_SCOPE: &str = "security";

/// A preset's row: type, level, group, and the group of a breaking change where the type itself is not listed.
pub(super) type Row = (
    &'static str,
    Option<Level>,
    Option<&'static str>,
    Option<&'static str>,
);

const CONVENTIONAL: &[Row] = &[
    ("feat", Some(Level::Minor), Some("Added"), None),
    ("fix", Some(Level::Patch), Some("Fixed"), None),
    ("perf", Some(Level::Patch), Some("Changed"), None),
    ("revert", Some(Level::Patch), Some("Changed"), None),
    ("add", None, Some("Added"), None),
    ("added", None, Some("Added"), None),
    ("change", None, Some("Changed"), None),
    ("changed", None, Some("Changed"), None),
    ("deprecate", None, Some("Deprecated"), None),
    ("deprecated", None, Some("Deprecated"), None),
    ("remove", None, Some("Removed"), None),
    ("removed", None, Some("Removed"), None),
    ("security", None, Some(SECURITY), None),
    ("sec", None, Some(SECURITY), None),
    ("build", None, None, None),
    ("chore", None, None, None),
    ("ci", None, None, None),
    ("docs", None, None, None),
    ("refactor", None, None, None),
    ("style", None, None, None),
    ("test", None, None, None),
];

const ANGULAR: &[Row] = &[
    ("feat", Some(Level::Minor), Some("Features"), None),
    ("FEAT", Some(Level::Minor), Some("Features"), None),
    ("fix", Some(Level::Patch), Some("Bug Fixes"), None),
    ("FIX", Some(Level::Patch), Some("Bug Fixes"), None),
    (
        "perf",
        Some(Level::Patch),
        Some("Performance Improvements"),
        None,
    ),
    ("revert", Some(Level::Patch), Some("Reverts"), None),
    ("docs", None, None, Some("Documentation")),
    ("style", None, None, Some("Styles")),
    ("refactor", None, None, Some("Code Refactoring")),
    ("test", None, None, Some("Tests")),
    ("build", None, None, Some("Build System")),
    ("ci", None, None, Some("Continuous Integration")),
];

const KEEP_A_CHANGELOG: &[&str] = &[
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    SECURITY,
    OTHER,
];

const ANGULAR_GROUPS: &[&str] = &[
    "Features",
    "Bug Fixes",
    "Performance Improvements",
    "Reverts",
    "Documentation",
    "Styles",
    "Code Refactoring",
    "Tests",
    "Build System",
    "Continuous Integration",
    OTHER,
];

pub(super) fn conventional() -> HashMap<String, Meaning> {
    meanings(CONVENTIONAL)
}

pub(super) fn angular() -> HashMap<String, Meaning> {
    meanings(ANGULAR)
}

fn meanings(rows: &[Row]) -> HashMap<String, Meaning> {
    let meaning = |(name, level, group, breaking_group): &Row| {
        let meaning = Meaning {
            level: *level,
            group: group.map(str::to_owned),
            breaking_group: *breaking_group,
        };
        ((*name).to_owned(), meaning)
    };
    rows.iter().map(meaning).collect()
}

pub(super) fn groups(preset: Preset) -> &'static [&'static str] {
    match preset {
        Preset::Angular => ANGULAR_GROUPS,
        Preset::Conventional | Preset::Gitmoji => KEEP_A_CHANGELOG,
    }
}

/// Where a breaking change is listed whose type is not.
pub(super) fn changed(preset: Preset) -> &'static str {
    match preset {
        Preset::Angular => OTHER,
        Preset::Conventional | Preset::Gitmoji => "Changed",
    }
}

/// What labels of pull requests mean, as release-drafter's example configuration and many projects have them.
pub(super) fn labels(preset: Preset) -> BTreeMap<String, Rule> {
    let groups = groups(preset);
    let angular = preset == Preset::Angular;
    let (added, fixed, changed) = if angular {
        (groups[0], groups[1], OTHER)
    } else {
        (groups[0], groups[4], groups[1])
    };
    let level = |level| Rule {
        level: Some(Asked::Level(level)),
        group: None,
    };
    let listed = |asked, group: &str| Rule {
        level: Some(asked),
        group: Some(Listed::In(group.to_owned())),
    };
    let hidden = || Rule {
        level: None,
        group: Some(Listed::Hidden),
    };
    let (major, minor, patch) = (
        Asked::Level(Level::Major),
        Asked::Level(Level::Minor),
        Asked::Level(Level::Patch),
    );
    let rules = [
        ("major", level(Level::Major)),
        ("minor", level(Level::Minor)),
        ("patch", level(Level::Patch)),
        ("semver:major", level(Level::Major)),
        ("semver:minor", level(Level::Minor)),
        ("semver:patch", level(Level::Patch)),
        ("semver/major", level(Level::Major)),
        ("semver/minor", level(Level::Minor)),
        ("semver/patch", level(Level::Patch)),
        ("breaking", listed(major, changed)),
        ("breaking change", listed(major, changed)),
        ("breaking-change", listed(major, changed)),
        ("feature", listed(minor, added)),
        ("enhancement", listed(minor, added)),
        ("bug", listed(patch, fixed)),
        ("bugfix", listed(patch, fixed)),
        ("fix", listed(patch, fixed)),
        ("skip-changelog", hidden()),
        ("ignore-for-release", hidden()),
    ];
    rules
        .into_iter()
        .map(|(name, rule)| (name.to_owned(), rule))
        .collect()
}

/// `type(scope): subject`. The type is of letters, digits and `_`; the scope is all up to the last `)` before a colon; the
/// subject may be empty, but then nothing would be listed, so it is no header here.
pub(super) fn angular_header(line: &str) -> Option<Said<'_>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = line.find(|c| !is_word(c))?;
    let (key, rest) = line.split_at(end);
    let (scope, subject) = match rest.strip_prefix('(') {
        Some(inner) => {
            let (scope, subject) = inner.rsplit_once("): ")?;
            (
                Some(scope.trim()).filter(|scope| !scope.is_empty()),
                subject,
            )
        }
        None => (None, rest.strip_prefix(": ")?),
    };
    let description = subject.trim();
    if key.is_empty() || description.is_empty() {
        return None;
    }
    Some(Said {
        kind: Kind::of(if matches!(key, "FEAT" | "FIX") {
            if key == "FEAT" { "feat" } else { "fix" }
        } else {
            key
        }),
        key: Cow::Borrowed(key),
        scope,
        marked: false,
        description,
    })
}
