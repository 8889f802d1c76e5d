//! Versions of lines and releases: numbers with dots, compared part by part.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is no version of a line or a release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no version: numbers with dots, as in {example}")]
pub struct BadVersion {
    pub text: String,
    pub example: &'static str,
}

/// A line: `1.5`, `2026.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LineVersion(Vec<u64>);

/// A release that is final: `1.5.4`. Candidates are none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseVersion(Vec<u64>);

fn numbers(text: &str) -> Option<Vec<u64>> {
    const MOST: usize = 6;
    let part = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse()
            .ok()
            .filter(|_| plain && (part == "0" || !part.starts_with('0')))
    };
    let text = text.strip_prefix('v').unwrap_or(text);
    let parts: Option<Vec<u64>> = text.split('.').map(part).collect();
    parts.filter(|parts| parts.len() <= MOST)
}

fn shown(numbers: &[u64]) -> String {
    let parts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    parts.join(".")
}

impl LineVersion {
    /// Reads `1.5` or `v1.5`.
    ///
    /// # Errors
    /// The text is something else.
    pub fn parse(text: &str) -> Result<Self, BadVersion> {
        numbers(text).map(Self).ok_or_else(|| BadVersion {
            text: text.chars().take(60).collect(),
            example: "1.5",
        })
    }

    pub fn contains(&self, release: &ReleaseVersion) -> bool {
        release.0.len() > self.0.len() && release.0.starts_with(&self.0)
    }

    /// The first release of the line.
    pub fn first_release(&self) -> ReleaseVersion {
        let mut numbers = self.0.clone();
        numbers.push(0);
        ReleaseVersion(numbers)
    }

    /// Whether the two are of different majors.
    pub fn other_major(&self, other: &Self) -> bool {
        self.0.first() != other.0.first()
    }
}

impl ReleaseVersion {
    /// Reads `1.5.4` or `v1.5.4`; at least two numbers.
    ///
    /// # Errors
    /// The text is something else, such as a candidate.
    pub fn parse(text: &str) -> Result<Self, BadVersion> {
        let read = numbers(text).filter(|parts| parts.len() >= 2);
        read.map(Self).ok_or_else(|| BadVersion {
            text: text.chars().take(60).collect(),
            example: "1.5.4",
        })
    }

    /// The patch after this release, in its line.
    #[must_use]
    pub fn next_patch(&self) -> Self {
        let mut numbers = self.0.clone();
        if let Some(last) = numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        Self(numbers)
    }

    /// Whether it is the first of its line.
    pub fn is_first(&self) -> bool {
        self.0.last() == Some(&0)
    }
}

macro_rules! as_text {
    ($type:ident) => {
        impl fmt::Display for $type {
            /// Without a `v`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&shown(&self.0))
            }
        }
        impl From<$type> for String {
            fn from(version: $type) -> Self {
                shown(&version.0)
            }
        }
        impl TryFrom<String> for $type {
            type Error = BadVersion;
            fn try_from(text: String) -> Result<Self, BadVersion> {
                Self::parse(&text)
            }
        }
    };
}
as_text!(LineVersion);
as_text!(ReleaseVersion);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_with_dots() {
        let line = LineVersion::parse("v1.5").unwrap();
        let release = ReleaseVersion::parse("v1.5.4").unwrap();
        assert!(line.contains(&release) && !LineVersion::parse("1.50").unwrap().contains(&release));
        assert_eq!(release.next_patch().to_string(), "1.5.5");
        assert_eq!(line.first_release().to_string(), "1.5.0");
        assert!(
            line.first_release() < release && release < ReleaseVersion::parse("1.5.10").unwrap()
        );
        assert!(line.other_major(&LineVersion::parse("2.0").unwrap()));
        for text in [
            "",
            "v",
            "1",
            "1.",
            "1.5.0-rc1",
            "1.05.0",
            "1..2",
            "1.5.99999999999999999999",
            "1.2.3.4.5.6.7",
            "+1.2",
        ] {
            assert!(ReleaseVersion::parse(text).is_err(), "{text}");
        }
    }
}
