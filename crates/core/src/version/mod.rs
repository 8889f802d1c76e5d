//! A version: read under the project's scheme, written in its normal form, compared, raised.
//!
//! Invariants: a `Version` that exists is valid under its scheme. Raising a version gives one that is higher, or an error.
//! Where a version has a SemVer and a PEP 440 spelling, reading either gives the other: `1.0.0-rc.1` is `1.0.0rc1`, and
//! `1.1.0-dev` is `1.1.0.dev0`. Versions are ordered by the rules of their own scheme (SemVer 2.0.0 section 11, PEP 440
//! "Summary of permitted suffixes and relative ordering"); the two disagree on where `dev` stands among `alpha`, `beta` and `rc`.
//!
//! Must not: read files, tags or the clock; know which change raises which level.

mod calendar;
mod channel;
mod error;
mod format;
mod line;
mod next;
mod raise;
mod spelling;

pub use channel::{ChannelName, Pre};
pub use error::VersionError;
pub use format::CalendarFormat;
pub use line::Line;
pub use next::{Goal, Next, Request, next};

use crate::config::Scheme;
use calendar::Calendar;
use pep440_rs::Version as Pep;
use semver::Version as Sem;
use std::cmp::Ordering;
use std::fmt;

/// A version under one of the schemes.
///
/// `Ord` is total: by scheme, then by the scheme's rules, then (SemVer only) by build metadata, which has no precedence.
/// Two spellings of one PEP 440 version (`1.0` and `1.0.0`) are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Kind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Semver(Sem),
    Pep440(Pep),
    Calver(Calendar),
}

/// How far a release raises the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Patch,
    Minor,
    Major,
}

impl Version {
    /// Reads a text under a scheme.
    ///
    /// SemVer is read to the letter. PEP 440 is read with all spellings that it permits (`v1.0-RC.1`) and written in its normal
    /// form (`1.0rc1`). Calendar versions are read to the letter of their format; they take both normal spellings of a
    /// pre-release, and are written with SemVer's.
    ///
    /// The standards set no limit to numbers; here they end with 64 bits, like those of the libraries. Only SemVer's
    /// pre-release identifiers may be longer.
    ///
    /// # Errors
    /// [`VersionError::Impossible`], with the reason and, where it can be told, what would be right.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, VersionError> {
        let read = match scheme {
            Scheme::Semver => Sem::parse(text)
                .map(Kind::Semver)
                .map_err(|_| error::semver_fault(text)),
            // The crate trims; a version with white space around it is a slip all the same.
            Scheme::Pep440 => (text.parse().ok().filter(|_| text.trim() == text))
                .map(Kind::Pep440)
                .ok_or_else(|| error::pep440_fault(text)),
            Scheme::Calver(format) => format.read(text).map(Kind::Calver),
        };
        read.map(Self).map_err(|why| VersionError::Impossible {
            text: text.to_owned(),
            scheme,
            why,
            instead: error::suggestion(text, scheme),
        })
    }

    pub fn scheme(&self) -> Scheme {
        match &self.0 {
            Kind::Semver(_) => Scheme::Semver,
            Kind::Pep440(_) => Scheme::Pep440,
            Kind::Calver(version) => Scheme::Calver(version.format),
        }
    }

    /// The SemVer spelling, or `None` where SemVer cannot say the same (epochs, post-releases, four numbers, leading zeros).
    pub fn semver(&self) -> Option<String> {
        self.to_semver().ok()
    }

    /// The PEP 440 spelling in normal form, or `None` where PEP 440 cannot say the same (`1.0.0-next.1`).
    pub fn pep440(&self) -> Option<String> {
        self.to_pep440().ok()
    }

    /// As [`Version::semver`], with the reason.
    ///
    /// # Errors
    /// [`VersionError::Spelling`]
    pub fn to_semver(&self) -> Result<String, VersionError> {
        let text = match &self.0 {
            Kind::Semver(version) => Ok(version.to_string()),
            Kind::Calver(version) => version.semver(),
            Kind::Pep440(version) => spelling::semver_of(version),
        };
        text.map_err(|why| self.no_spelling("SemVer", why))
    }

    /// As [`Version::pep440`], with the reason.
    ///
    /// # Errors
    /// [`VersionError::Spelling`]
    pub fn to_pep440(&self) -> Result<String, VersionError> {
        let version = match &self.0 {
            Kind::Semver(version) => spelling::pep440_of(version),
            Kind::Calver(version) => version.pep440(),
            Kind::Pep440(version) => Ok(version.clone()),
        };
        let version = version.map_err(|why| self.no_spelling("PEP 440", why))?;
        Ok(version.to_string())
    }

    fn no_spelling(&self, spelling: &'static str, why: &'static str) -> VersionError {
        VersionError::Spelling {
            version: self.to_string(),
            spelling,
            why,
        }
    }

    /// Whether users must ask for it: a pre-release or a development version.
    pub fn is_prerelease(&self) -> bool {
        match &self.0 {
            Kind::Semver(version) => !version.pre.is_empty(),
            Kind::Calver(version) => !version.pre.is_empty(),
            Kind::Pep440(version) => version.any_prerelease(),
        }
    }

    /// Whether it is the mark of work between two releases: `1.1.0-dev`, `1.1.0.dev0`.
    pub fn is_development(&self) -> bool {
        let dev = |pre: &semver::Prerelease| pre.split('.').next() == Some("dev");
        match &self.0 {
            Kind::Semver(version) => dev(&version.pre),
            Kind::Calver(version) => dev(&version.pre),
            Kind::Pep440(version) => version.is_dev(),
        }
    }

    /// Its first three numbers (major, minor and patch); what is not written is 0.
    pub fn numbers(&self) -> [u64; 3] {
        let [a, b, c, ..] = self.places::<3>();
        [a, b, c]
    }

    fn places<const COUNT: usize>(&self) -> [u64; COUNT] {
        let semver;
        let written = match &self.0 {
            Kind::Semver(version) => {
                semver = [version.major, version.minor, version.patch];
                &semver[..]
            }
            Kind::Calver(version) => version.places(),
            Kind::Pep440(version) => version.release(),
        };
        let mut numbers = [0; COUNT];
        for (to, number) in numbers.iter_mut().zip(written) {
            *to = *number;
        }
        numbers
    }

    /// The maintained series that it belongs to: `1.1`; `2026.11`; with an epoch `1!1.1`.
    pub fn line(&self) -> String {
        Line::of(self).to_string()
    }

    /// The order that decides what is newer: as `Ord`, without SemVer's build metadata.
    pub fn precedence(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Kind::Semver(a), Kind::Semver(b)) => a.cmp_precedence(b),
            (Kind::Calver(a), Kind::Calver(b)) => a.precedence(b),
            (a, b) => a.cmp(b),
        }
    }
}

impl fmt::Display for Version {
    /// The scheme's own normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Semver(version) => version.fmt(f),
            Kind::Calver(version) => version.fmt(f),
            Kind::Pep440(version) => version.fmt(f),
        }
    }
}

impl std::str::FromStr for Level {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        match text {
            "patch" => Ok(Self::Patch),
            "minor" => Ok(Self::Minor),
            "major" => Ok(Self::Major),
            _ => Err(VersionError::Level {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

#[cfg(test)]
mod tests;
