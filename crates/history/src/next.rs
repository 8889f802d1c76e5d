//! The level of the next release, and the changes that ask for it.
//!
//! The rules: a breaking change asks for a major release, `feat` for a minor one, `fix`, `perf` and the revert of something
//! released for a patch; every other change for none (Conventional Commits 1.0.0, summary, points 1 to 4, with `perf` and
//! `revert` as fixes of what users have).
//!
//! Below 1.0.0, where SemVer (section 4) promises nothing, a breaking change asks for a minor release: leaving 0.x is a
//! decision that a person makes by asking for `major`. `feat` stays minor and `fix` patch, so that a requirement like `~0.4.1`
//! gets repairs only.
//!
//! Must not: look at the repository; raise the version ([`Version::bump`] does).

use crate::change::{Change, Kind};
use shipway_core::version::{Level, Version};

/// A level and what asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub level: Level,
    /// The changes that ask for just this level, newest first.
    pub because: Vec<Change>,
    /// Changes that ask for a lower level or none.
    pub beside: usize,
}

/// The level that the changes since `current` ask for; `None`: nothing to release.
///
/// `current` is the last release that users have. `None` before the first one: then the level is that of a version below
/// 1.0.0.
pub fn next_version(current: Option<&Version>, changes: &[Change]) -> Option<Decision> {
    let asked: Vec<Option<Level>> = changes
        .iter()
        .map(|change| level(current, change))
        .collect();
    let highest = asked.iter().copied().flatten().max()?;
    let because: Vec<Change> = changes
        .iter()
        .zip(&asked)
        .filter(|(_, level)| **level == Some(highest))
        .map(|(change, _)| change.clone())
        .collect();
    Some(Decision {
        level: highest,
        beside: changes.len() - because.len(),
        because,
    })
}

/// The level that one change asks for.
pub fn level(current: Option<&Version>, change: &Change) -> Option<Level> {
    let stable = current.is_some_and(|version| version.numbers()[0] > 0);
    if change.breaking.is_some() {
        return Some(if stable { Level::Major } else { Level::Minor });
    }
    match change.kind {
        Kind::Feature => Some(Level::Minor),
        Kind::Fix | Kind::Performance | Kind::Revert => Some(Level::Patch),
        Kind::Named(_) | Kind::Other => None,
    }
}

impl Decision {
    /// For people and for the plan: one line per change, at most `most` of them.
    pub fn reasons(&self, most: usize) -> Vec<String> {
        let shown = self.because.iter().take(most);
        let mut lines: Vec<String> = shown
            .map(|change| format!("{}: {change}", self.level))
            .collect();
        if self.because.len() > most {
            lines.push(format!(
                "{}: and {} more",
                self.level,
                self.because.len() - most
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shipway_core::config::Scheme;
    use shipway_core::name::Oid;

    fn change(kind: Kind, breaking: bool) -> Change {
        Change {
            commit: Some(Oid::new("0123456789".repeat(4)).unwrap()),
            origin: crate::change::Origin::Commit,
            kind,
            scope: None,
            breaking: breaking.then(|| "it breaks".to_owned()),
            description: "it changes".to_owned(),
            references: Vec::new(),
            authors: Vec::new(),
            time: 0,
            level: None,
            group: None,
            release_as: None,
            components: Vec::new(),
        }
    }

    fn version(text: &str) -> Version {
        Version::parse(text, Scheme::Pep440).unwrap()
    }

    #[test]
    fn each_kind_asks_for_its_level() {
        let docs = || Kind::Named("docs".to_owned());
        for (kind, breaking, stable, initial) in [
            (Kind::Feature, false, Some(Level::Minor), Some(Level::Minor)),
            (Kind::Fix, false, Some(Level::Patch), Some(Level::Patch)),
            (
                Kind::Performance,
                false,
                Some(Level::Patch),
                Some(Level::Patch),
            ),
            (Kind::Revert, false, Some(Level::Patch), Some(Level::Patch)),
            (docs(), false, None, None),
            (Kind::Other, false, None, None),
            (Kind::Fix, true, Some(Level::Major), Some(Level::Minor)),
            (docs(), true, Some(Level::Major), Some(Level::Minor)),
        ] {
            let change = change(kind, breaking);
            assert_eq!(level(Some(&version("1.0.0")), &change), stable, "{change}");
            assert_eq!(level(Some(&version("0.9.0")), &change), initial, "{change}");
            assert_eq!(level(None, &change), initial, "{change}");
        }
    }

    #[test]
    fn the_highest_level_wins_and_names_its_reasons() {
        let changes = [
            change(Kind::Fix, false),
            change(Kind::Feature, false),
            change(Kind::Named("docs".to_owned()), false),
            change(Kind::Feature, false),
        ];
        let decision = next_version(Some(&version("1.0.0")), &changes).unwrap();
        assert_eq!(
            (decision.level, decision.because.len(), decision.beside),
            (Level::Minor, 2, 2)
        );
        assert_eq!(
            decision.reasons(1),
            ["minor: feat: it changes (0123456789)", "minor: and 1 more"]
        );
        assert_eq!(decision.reasons(9).len(), 2);
    }

    #[test]
    fn nothing_worth_a_release_is_nothing() {
        assert_eq!(next_version(Some(&version("1.0.0")), &[]), None);
        let quiet = [
            change(Kind::Other, false),
            change(Kind::Named("chore".to_owned()), false),
        ];
        assert_eq!(next_version(Some(&version("1.0.0")), &quiet), None);
    }

    proptest! {
        #[test]
        fn order_and_other_changes_do_not_matter(picks in proptest::collection::vec((0_usize..5, any::<bool>()), 0..9)) {
            let kinds = [Kind::Feature, Kind::Fix, Kind::Performance, Kind::Other, Kind::Named("ci".to_owned())];
            let changes: Vec<Change> =
                picks.iter().map(|(kind, breaking)| change(kinds[*kind].clone(), *breaking)).collect();
            let current = version("2.1.0");
            let level_of = |changes: &[Change]| next_version(Some(&current), changes).map(|d| d.level);
            let reversed: Vec<Change> = changes.iter().rev().cloned().collect();
            prop_assert_eq!(level_of(&changes), level_of(&reversed));
            let expected = changes.iter().filter_map(|change| level(Some(&current), change)).max();
            prop_assert_eq!(level_of(&changes), expected);
        }
    }
}
