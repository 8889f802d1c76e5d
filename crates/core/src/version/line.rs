//! A line: a maintained series of versions, such as `1.4` or `2026.11`.
//!
//! Invariants: a line has at least one number and leaves at least one open.

use super::{Kind, Version, VersionError};
use crate::config::Scheme;
use std::cmp::Ordering;
use std::fmt;

/// All versions that begin with the same numbers (and have the same epoch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    scheme: Scheme,
    /// 0 but in PEP 440.
    epoch: u64,
    numbers: Vec<u64>,
}

/// The most numbers of a version that lines can tell apart.
const MOST: usize = 5;

impl Line {
    /// Reads `1.4`, `1.4.x`, `1.x`, `1.4.X`, `1.4.*` or `1`; under PEP 440 also `1!1.4`, and under a calendar format what it
    /// writes: `26.04`.
    ///
    /// # Errors
    /// [`VersionError::Line`], for a whole version too.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, VersionError> {
        let fault = |why| VersionError::Line {
            text: text.to_owned(),
            why,
        };
        let (epoch, rest) = match text.split_once('!') {
            Some((epoch, rest)) if scheme == Scheme::Pep440 => {
                (number(epoch).map_err(fault)?, rest)
            }
            Some(_) => return Err(fault("only PEP 440 has epochs")),
            None => (0, text),
        };
        let mut parts: Vec<&str> = rest.split('.').collect();
        while parts
            .last()
            .is_some_and(|part| ["x", "X", "*"].contains(part))
        {
            parts.pop();
        }
        let most = match scheme {
            Scheme::Semver => 2,
            Scheme::Pep440 => MOST - 1,
            Scheme::Calver(format) => format.tokens().len().saturating_sub(1).max(1),
        };
        if parts.is_empty() {
            return Err(fault("it has no number"));
        }
        if parts.len() > most {
            return Err(fault("that is a version; a line has fewer numbers"));
        }
        let numbers = match scheme {
            Scheme::Calver(format) => (format.tokens().iter().zip(&parts))
                .map(|(token, part)| token.read(part))
                .collect::<Result<_, _>>(),
            _ => parts.iter().map(|part| number(part)).collect(),
        };
        Ok(Self {
            scheme,
            epoch,
            numbers: numbers.map_err(fault)?,
        })
    }

    /// The line that a version belongs to when nobody says otherwise: major and minor; all but the last number of a calendar
    /// format.
    pub fn of(version: &Version) -> Self {
        let count = match version.scheme() {
            Scheme::Calver(format) => format.tokens().len().saturating_sub(1).max(1),
            _ => 2,
        };
        Self::with(version, count)
    }

    /// The line that has `count` numbers of the version.
    fn with(version: &Version, count: usize) -> Self {
        let epoch = match &version.0 {
            Kind::Pep440(version) => version.epoch(),
            _ => 0,
        };
        Self {
            scheme: version.scheme(),
            epoch,
            numbers: version.places::<MOST>()[..count.min(MOST)].to_vec(),
        }
    }

    /// The line of the same kind as this one that the version belongs to.
    pub(super) fn beside(&self, version: &Version) -> Self {
        Self::with(version, self.numbers.len())
    }

    /// Whether the version is one of the line. Pre-releases belong to the line of the release that they lead to.
    pub fn contains(&self, version: &Version) -> bool {
        *self == self.beside(version)
    }

    /// Whether it is a part of `other`: `1.4` of `1`.
    pub fn is_within(&self, other: &Self) -> bool {
        (self.scheme, self.epoch) == (other.scheme, other.epoch)
            && self.numbers.starts_with(&other.numbers)
    }

    /// Where the lowest version of the line stands to the release of `version`.
    pub(super) fn compare(&self, version: &Version) -> Ordering {
        let own = self.beside(version);
        (self.epoch, &self.numbers).cmp(&(own.epoch, &own.numbers))
    }

    /// Whether it names the whole date of a calendar version, so that only counters are left.
    pub(super) fn holds_date(&self) -> bool {
        matches!(self.scheme, Scheme::Calver(format) if self.numbers.len() >= format.behind_date())
    }
}

fn number(text: &str) -> Result<u64, &'static str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("it is numbers with dots between them, and perhaps `.x`");
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err("a number begins with 0");
    }
    text.parse().map_err(|_| "a number is too large")
}

impl fmt::Display for Line {
    /// Without `.x`: `1.4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch > 0 {
            write!(f, "{}!", self.epoch)?;
        }
        let numbers: Vec<String> = match self.scheme {
            Scheme::Calver(format) => (format.tokens().iter().zip(&self.numbers))
                .map(|(token, number)| token.write(*number))
                .collect(),
            _ => self.numbers.iter().map(u64::to_string).collect(),
        };
        f.write_str(&numbers.join("."))
    }
}
