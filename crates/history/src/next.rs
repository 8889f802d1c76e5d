//! The level of the next release, and the changes that ask for it.
//!
//! Each change has the level that the convention gives it. The highest decides; all that ask for it are its reasons.
//!
//! Below 1.0.0, where SemVer (section 4) promises nothing, [`Initial`] says what becomes of it: by default a breaking change asks
//! for a minor release, and a feature too, so that a requirement like `~0.4.1` gets repairs only. Leaving 0.x is a decision that
//! a person makes: by asking for `major`, by `Release-As:`, or by a change file that says `major`.
//!
//! Must not: look at the repository; raise the version ([`Version::bump`] does).

use crate::change::{Change, Kind, Origin};
use shipway_core::config::Initial;
use shipway_core::version::{Level, Version};

/// A level and what asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Of the changes; a `Release-As:` stands above it.
    pub level: Option<Level>,
    /// The changes that ask for just this level, newest first.
    pub because: Vec<Change>,
    /// Changes that ask for a lower level or none.
    pub beside: usize,
    /// The newest change that asks for a version by name. Whether that version may follow is the caller's to check.
    pub release_as: Option<Change>,
}

/// What the changes since `current` ask for; `None`: nothing to release.
///
/// `changes` are newest first. `current` is the last release that users have. `None` before the first one: then the rules for
/// versions below 1.0.0 hold.
pub fn next_version(
    current: Option<&Version>,
    changes: &[Change],
    initial: Initial,
) -> Option<Decision> {
    let asked: Vec<Option<Level>> = changes
        .iter()
        .map(|change| level(current, change, initial))
        .collect();
    let highest = asked.iter().copied().flatten().max();
    let release_as = changes
        .iter()
        .find(|change| change.release_as.is_some())
        .cloned();
    if highest.is_none() && release_as.is_none() {
        return None;
    }
    let because: Vec<Change> = changes
        .iter()
        .zip(&asked)
        .filter(|(_, level)| level.is_some() && **level == highest)
        .map(|(change, _)| change.clone())
        .collect();
    Some(Decision {
        level: highest,
        beside: changes.len() - because.len(),
        because,
        release_as,
    })
}

/// The level that one change asks for.
pub fn level(current: Option<&Version>, change: &Change, initial: Initial) -> Option<Level> {
    let asked = change.level?;
    let stable = current.is_some_and(|version| version.numbers()[0] > 0);
    // A change file names the level itself.
    let is_said = matches!(change.origin, Origin::File(_)) && change.kind == Kind::Other;
    if stable || is_said {
        return Some(asked);
    }
    Some(match (initial, asked) {
        (Initial::AsStable, _) | (_, Level::Patch) => asked,
        (Initial::FeaturesMinor, Level::Minor | Level::Major)
        | (Initial::FeaturesPatch, Level::Major) => Level::Minor,
        (Initial::FeaturesPatch, Level::Minor) => Level::Patch,
    })
}

impl Decision {
    /// The version that `Release-As:` names, as written.
    pub fn asked_version(&self) -> Option<&str> {
        self.release_as.as_ref()?.release_as.as_deref()
    }

    /// For people and for the plan: what overrides the level, then one line per change, at most `most` of them.
    pub fn reasons(&self, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(change), Some(version)) = (&self.release_as, self.asked_version()) {
            lines.push(format!("Release-As {version}: {change}"));
        }
        let Some(level) = self.level else {
            return lines;
        };
        let shown = self.because.iter().take(most);
        lines.extend(shown.map(|change| format!("{level}: {change}")));
        if self.because.len() > most {
            lines.push(format!("{level}: and {} more", self.because.len() - most));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Convention;
    use crate::read::unsaid;
    use proptest::prelude::*;
    use shipway_core::config::Scheme;
    use shipway_core::name::Oid;

    fn change(kind: &str, breaking: bool) -> Change {
        let (level, group) = Convention::default().meaning(kind, None, breaking);
        Change {
            commit: Some(Oid::new("0123456789".repeat(4)).unwrap()),
            kind: Kind::of(kind),
            breaking: breaking.then(|| "it breaks".to_owned()),
            description: "it changes".to_owned(),
            level,
            group,
            ..unsaid()
        }
    }

    fn version(text: &str) -> Version {
        Version::parse(text, Scheme::Pep440).unwrap()
    }

    fn decide(current: &str, changes: &[Change]) -> Option<Decision> {
        next_version(Some(&version(current)), changes, Initial::FeaturesMinor)
    }

    #[test]
    fn each_kind_asks_for_its_level() {
        let (none, patch, minor, major) = (
            None,
            Some(Level::Patch),
            Some(Level::Minor),
            Some(Level::Major),
        );
        for (kind, breaking, stable, features_minor, features_patch) in [
            ("feat", false, minor, minor, patch),
            ("fix", false, patch, patch, patch),
            ("perf", false, patch, patch, patch),
            ("revert", false, patch, patch, patch),
            ("docs", false, none, none, none),
            ("fix", true, major, minor, minor),
            ("docs", true, major, minor, minor),
        ] {
            let change = change(kind, breaking);
            let of = |current: Option<&str>, initial| {
                level(current.map(version).as_ref(), &change, initial)
            };
            assert_eq!(
                of(Some("1.0.0"), Initial::FeaturesPatch),
                stable,
                "{change}"
            );
            for below in [None, Some("0.9.0")] {
                assert_eq!(
                    of(below, Initial::FeaturesMinor),
                    features_minor,
                    "{change}"
                );
                assert_eq!(
                    of(below, Initial::FeaturesPatch),
                    features_patch,
                    "{change}"
                );
                assert_eq!(of(below, Initial::AsStable), stable, "{change}");
            }
        }
    }

    #[test]
    fn a_level_that_a_person_wrote_down_is_taken_as_it_is() {
        let mut change = change("feat", false);
        change.kind = Kind::Other;
        change.level = Some(Level::Major);
        change.origin = Origin::File(".changeset/calm-dogs-sing.md".to_owned());
        assert_eq!(
            decide("0.4.0", &[change]).unwrap().level,
            Some(Level::Major)
        );
    }

    #[test]
    fn the_highest_level_wins_and_names_its_reasons() {
        let changes = ["fix", "feat", "docs", "feat"].map(|kind| change(kind, false));
        let decision = decide("1.0.0", &changes).unwrap();
        assert_eq!(
            (decision.level, decision.because.len(), decision.beside),
            (Some(Level::Minor), 2, 2)
        );
        assert_eq!(
            decision.reasons(1),
            ["minor: feat: it changes (0123456789)", "minor: and 1 more"]
        );
        assert_eq!(decision.reasons(9).len(), 2);
    }

    #[test]
    fn the_newest_wish_for_a_version_stands_above_the_level() {
        let mut changes = ["docs", "fix", "feat"].map(|kind| change(kind, false));
        changes[0].release_as = Some("3.0.0".to_owned());
        changes[2].release_as = Some("2.0.0".to_owned());
        let decision = decide("1.0.0", &changes).unwrap();
        assert_eq!(decision.asked_version(), Some("3.0.0"));
        assert_eq!(
            decision.reasons(9),
            [
                "Release-As 3.0.0: docs: it changes (0123456789)",
                "minor: feat: it changes (0123456789)"
            ]
        );
        let alone = decide("1.0.0", &changes[..1]).unwrap();
        assert_eq!((alone.level, alone.beside), (None, 1));
        assert_eq!(alone.reasons(9).len(), 1);
    }

    #[test]
    fn nothing_worth_a_release_is_nothing() {
        assert_eq!(decide("1.0.0", &[]), None);
        assert_eq!(decide("1.0.0", &[unsaid(), change("chore", false)]), None);
    }

    proptest! {
        #[test]
        fn order_and_other_changes_do_not_matter(picks in proptest::collection::vec((0_usize..5, any::<bool>()), 0..9)) {
            let kinds = ["feat", "fix", "perf", "odd", "ci"];
            let changes: Vec<Change> = picks.iter().map(|(kind, breaking)| change(kinds[*kind], *breaking)).collect();
            let level_of = |changes: &[Change]| decide("2.1.0", changes).and_then(|decision| decision.level);
            let reversed: Vec<Change> = changes.iter().rev().cloned().collect();
            prop_assert_eq!(level_of(&changes), level_of(&reversed));
            prop_assert_eq!(level_of(&changes), changes.iter().filter_map(|change| change.level).max());
        }
    }
}
