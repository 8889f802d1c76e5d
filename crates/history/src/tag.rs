//! Release tags: the names that a pattern such as `v{version}` gives to versions, and back.
//!
//! Invariants: only names that fit the pattern and hold a version of the scheme are release tags; all others are passed over.

use crate::error::HistoryError;
use shipway_core::config::Scheme;
use shipway_core::name::{Oid, RefName};
use shipway_core::version::Version;

const PLACE: &str = "{version}";

/// Text around one `{version}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    before: String,
    after: String,
}

/// A tag that marks a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseTag {
    pub name: RefName,
    pub version: Version,
    /// What the reference holds: the tag object, or the commit itself where the tag is lightweight.
    pub object: Oid,
    /// The commit that it leads to.
    pub commit: Oid,
}

impl TagPattern {
    /// # Errors
    /// [`HistoryError::Pattern`] unless `{version}` occurs once and the rest can stand in a tag's name.
    pub fn new(pattern: &str) -> Result<Self, HistoryError> {
        let bad = |why| HistoryError::Pattern {
            pattern: pattern.to_owned(),
            why,
        };
        let mut parts = pattern.split(PLACE);
        let (Some(before), Some(after), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("it holds {version} exactly once"));
        };
        let pattern = Self {
            before: before.to_owned(),
            after: after.to_owned(),
        };
        match RefName::tag(&pattern.name_of("1.0.0")) {
            Ok(_) => Ok(pattern),
            Err(_) => Err(bad("git does not allow such a name")),
        }
    }

    /// The short name of a version's tag: `v1.0.0`.
    pub fn name(&self, version: &Version) -> String {
        self.name_of(&version.to_string())
    }

    /// The version that a tag of this short name marks.
    pub fn version(&self, short: &str, scheme: Scheme) -> Option<Version> {
        let text = short
            .strip_prefix(self.before.as_str())?
            .strip_suffix(self.after.as_str())?;
        // `v` is for the pattern to allow; PEP 440 would take it.
        let bare = text.starts_with(|first: char| first.is_ascii_digit());
        Version::parse(text, scheme).ok().filter(|_| bare)
    }

    /// What stands before the version.
    pub(crate) fn before(&self) -> &str {
        &self.before
    }

    fn name_of(&self, version: &str) -> String {
        format!("{}{version}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_versions_and_find_them_again() {
        for (pattern, name) in [
            ("v{version}", "v1.2.0rc1"),
            ("{version}", "1.2.0rc1"),
            ("driver-{version}", "driver-1.2.0rc1"),
            ("driver@{version}/final", "driver@1.2.0rc1/final"),
        ] {
            let pattern = TagPattern::new(pattern).unwrap();
            let version = Version::parse("1.2.0rc1", Scheme::Pep440).unwrap();
            assert_eq!(pattern.name(&version), name);
            assert_eq!(pattern.version(name, Scheme::Pep440).unwrap(), version);
        }
        let pattern = TagPattern::new("v{version}").unwrap();
        for other in [
            "nightly",
            "v",
            "vv1.0",
            "1.0",
            "v1.0-next",
            "version-1",
            "v-1.0",
        ] {
            assert_eq!(pattern.version(other, Scheme::Pep440), None, "{other}");
        }
        let other_spelling = pattern.version("v1.2.0-rc.1", Scheme::Pep440).unwrap();
        assert_eq!(other_spelling.to_string(), "1.2.0rc1");
        assert_eq!(pattern.version("v1.0", Scheme::Semver), None);
    }

    #[test]
    fn a_pattern_holds_the_version_once() {
        for pattern in [
            "v",
            "v{version}{version}",
            "-{version}",
            "v {version}",
            "v{versions}",
        ] {
            assert!(TagPattern::new(pattern).is_err(), "{pattern}");
        }
    }
}
