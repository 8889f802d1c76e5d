//! A version: read under the project's scheme, written in its normal form, compared, raised.
//!
//! Invariants: a `Version` that exists is valid under its scheme. Raising a version gives one that is higher, or an error.
//! Where a version has a SemVer and a PEP 440 spelling, reading either gives the other: `1.0.0-rc.1` is `1.0.0rc1`, and
//! `1.1.0-dev` is `1.1.0.dev0`. Versions are ordered by the rules of their own scheme (SemVer 2.0.0 section 11, PEP 440
//! "Summary of permitted suffixes and relative ordering"); the two disagree on where `dev` stands among `alpha`, `beta` and `rc`.
//!
//! Must not: read files, tags or the clock; know which change raises which level.

use crate::config::{NextVersion, Scheme};
use crate::time::Timestamp;
use pep440_rs::{Prerelease as PepPre, PrereleaseKind, Version as Pep};
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
    /// `YYYY.M.PATCH`, kept as SemVer, whose form it has.
    Calver(Sem),
}

/// How far a release raises the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Patch,
    Minor,
    Major,
}

/// The pre-releases that every scheme can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pre {
    Alpha,
    Beta,
    Rc,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    #[error("{text:?} is no {} version: {why}", scheme_name(*.scheme))]
    Impossible {
        text: String,
        scheme: Scheme,
        why: &'static str,
        /// What was probably meant.
        instead: Option<String>,
    },
    #[error("version {new} is lower than {current}, which exists already")]
    Backwards { new: String, current: String },
    #[error("version {new} exists already (as {current})")]
    Same { new: String, current: String },
    #[error("version {version} cannot be raised: a number would be too large")]
    TooLarge { version: String },
    #[error("{text:?} is no level")]
    Level { text: String },
    #[error("{text:?} is no kind of pre-release")]
    Pre { text: String },
}

impl VersionError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Impossible {
                instead, scheme, ..
            } => match instead {
                Some(instead) => format!("write {instead}"),
                None => format!("write it like {}", example(*scheme)),
            },
            Self::Backwards { current, .. } | Self::Same { current, .. } => {
                format!("choose a version higher than {current}")
            }
            Self::TooLarge { .. } => return None,
            Self::Level { .. } => "use patch, minor or major".to_owned(),
            Self::Pre { .. } => "use alpha, beta or rc".to_owned(),
        })
    }
}

impl Version {
    /// Reads a text under a scheme.
    ///
    /// SemVer and CalVer are read to the letter. PEP 440 is read with all spellings that it permits (`v1.0-RC.1`) and
    /// written in its normal form (`1.0rc1`). CalVer takes both normal spellings of a pre-release.
    ///
    /// # Errors
    /// [`VersionError::Impossible`], with the reason and, where it can be told, what would be right.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, VersionError> {
        let impossible = |why| VersionError::Impossible {
            text: text.to_owned(),
            scheme,
            why,
            instead: suggestion(text, scheme),
        };
        match scheme {
            Scheme::Semver => {
                let version = Sem::parse(text).map_err(|_| impossible(semver_fault(text)))?;
                Ok(Self(Kind::Semver(version)))
            }
            Scheme::Pep440 => {
                // The crate trims; a version with white space around it is a slip all the same.
                let version = text.parse().ok().filter(|_| text.trim() == text);
                let version = version.ok_or_else(|| impossible(pep440_fault(text)))?;
                Ok(Self(Kind::Pep440(version)))
            }
            Scheme::Calver => {
                let version = Sem::parse(text).ok().or_else(|| {
                    let read: Pep = text.parse().ok()?;
                    let normal = read.release().len() == 3 && read.to_string() == text;
                    Sem::parse(&semver_of(&read).filter(|_| normal)?).ok()
                });
                let version = version.ok_or_else(|| impossible(semver_fault(text)))?;
                match calver_fault(&version) {
                    Some(why) => Err(impossible(why)),
                    None => Ok(Self(Kind::Calver(version))),
                }
            }
        }
    }

    pub fn scheme(&self) -> Scheme {
        match self.0 {
            Kind::Semver(_) => Scheme::Semver,
            Kind::Pep440(_) => Scheme::Pep440,
            Kind::Calver(_) => Scheme::Calver,
        }
    }

    /// The SemVer spelling, or `None` where SemVer cannot say the same (epochs, post-releases, four numbers).
    pub fn semver(&self) -> Option<String> {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => Some(version.to_string()),
            Kind::Pep440(version) => semver_of(version),
        }
    }

    /// The PEP 440 spelling in normal form, or `None` where PEP 440 cannot say the same (`1.0.0-next.1`).
    pub fn pep440(&self) -> Option<String> {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => {
                let read: Pep = version.to_string().parse().ok()?;
                semver_of(&read).map(|_| read.to_string())
            }
            Kind::Pep440(version) => Some(version.to_string()),
        }
    }

    /// Whether users must ask for it: a pre-release or a development version.
    pub fn is_prerelease(&self) -> bool {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => !version.pre.is_empty(),
            Kind::Pep440(version) => version.any_prerelease(),
        }
    }

    /// Whether it is the mark of work between two releases: `1.1.0-dev`, `1.1.0.dev0`.
    pub fn is_development(&self) -> bool {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => {
                version.pre.split('.').next() == Some("dev")
            }
            Kind::Pep440(version) => version.is_dev(),
        }
    }

    /// Major, minor and patch; what is not written is 0.
    pub fn numbers(&self) -> [u64; 3] {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => {
                [version.major, version.minor, version.patch]
            }
            Kind::Pep440(version) => {
                [0, 1, 2].map(|at| version.release().get(at).copied().unwrap_or(0))
            }
        }
    }

    /// The maintained series that it belongs to: `1.1`; `2026.11`; with an epoch `1!1.1`.
    pub fn line(&self) -> String {
        let [major, minor, _] = self.numbers();
        match &self.0 {
            Kind::Pep440(version) if version.epoch() > 0 => {
                format!("{}!{major}.{minor}", version.epoch())
            }
            _ => format!("{major}.{minor}"),
        }
    }

    /// The next version.
    ///
    /// A pre-release or development version stands for the release that it leads to: raising `1.1.0rc2` by patch or minor
    /// gives `1.1.0`, by major `2.0.0`. With `pre`, the first or the next pre-release of that release: `1.1.0rc1`, then
    /// `1.1.0rc2`. CalVer takes year and month from `today` (UTC) and knows no levels; a date before the current
    /// version's raises the patch number.
    ///
    /// After success the result is higher than `self`.
    ///
    /// # Errors
    /// [`VersionError::Backwards`] for `alpha` after `rc`; [`VersionError::TooLarge`].
    pub fn bump(
        &self,
        level: Level,
        pre: Option<Pre>,
        today: Timestamp,
    ) -> Result<Self, VersionError> {
        let numbers = match &self.0 {
            Kind::Calver(_) => self.next_calendar(today),
            _ => self.next_numbers(level),
        };
        let numbers = numbers.ok_or_else(|| VersionError::TooLarge {
            version: self.to_string(),
        })?;
        let continues = numbers == self.numbers() && self.leads_to_release();
        let next = match &self.0 {
            Kind::Semver(current) => Kind::Semver(raised(current, numbers, pre, continues)),
            Kind::Calver(current) => Kind::Calver(raised(current, numbers, pre, continues)),
            Kind::Pep440(current) => Kind::Pep440(pep_raised(current, numbers, pre, continues)),
        };
        let next = Self(next);
        next.must_follow(self).map(|()| next)
    }

    /// What the version files say after the release of `self`: the next minor or patch as a development version.
    ///
    /// `None` where nothing is to be written: it is switched off, or `self` is itself a pre-release, whose files keep it.
    pub fn next_development(&self, next: NextVersion) -> Option<Self> {
        let [major, minor, patch] = self.numbers();
        let calendar = self.scheme() == Scheme::Calver;
        let numbers = match next {
            NextVersion::None => return None,
            _ if self.is_prerelease() => return None,
            NextVersion::DevMinor if !calendar => [major, minor.checked_add(1)?, 0],
            NextVersion::DevMinor | NextVersion::DevPatch => [major, minor, patch.checked_add(1)?],
        };
        let development = |[major, minor, patch]: [u64; 3]| {
            let mut version = Sem::new(major, minor, patch);
            version.pre = semver::Prerelease::new("dev").ok()?;
            Some(version)
        };
        Some(Self(match &self.0 {
            Kind::Semver(_) => Kind::Semver(development(numbers)?),
            Kind::Calver(_) => Kind::Calver(development(numbers)?),
            Kind::Pep440(current) => {
                let release = with_numbers(current, numbers);
                Kind::Pep440(release.with_dev(Some(0)))
            }
        }))
    }

    /// The order that decides what is newer: as `Ord`, without SemVer's build metadata.
    pub fn precedence(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Kind::Semver(a), Kind::Semver(b)) | (Kind::Calver(a), Kind::Calver(b)) => {
                a.cmp_precedence(b)
            }
            (a, b) => a.cmp(b),
        }
    }

    /// Refuses to stand still or go back.
    ///
    /// # Errors
    /// [`VersionError::Backwards`] and [`VersionError::Same`], which name both.
    pub fn must_follow(&self, current: &Self) -> Result<(), VersionError> {
        let (new, current_text) = (self.to_string(), current.to_string());
        match self.precedence(current) {
            Ordering::Greater => Ok(()),
            Ordering::Equal => Err(VersionError::Same {
                new,
                current: current_text,
            }),
            Ordering::Less => Err(VersionError::Backwards {
                new,
                current: current_text,
            }),
        }
    }

    /// Whether its first three numbers are those of a release still to come. `1.0.post1.dev2` comes after 1.0.
    fn leads_to_release(&self) -> bool {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => !version.pre.is_empty(),
            Kind::Pep440(version) => {
                let further = version.release().iter().skip(3).any(|number| *number > 0);
                !further && (version.is_pre() || (version.is_dev() && !version.is_post()))
            }
        }
    }

    /// The numbers of the release that `level` leads to; `None` where one would be too large.
    fn next_numbers(&self, level: Level) -> Option<[u64; 3]> {
        let [major, minor, patch] = self.numbers();
        // A pre-release of 1.1.0 already stands for a minor release, and one of 2.0.0 for a major one.
        let covered = self.leads_to_release()
            && match level {
                Level::Patch => true,
                Level::Minor => patch == 0,
                Level::Major => patch == 0 && minor == 0,
            };
        Some(match level {
            _ if covered => [major, minor, patch],
            Level::Patch => [major, minor, patch.checked_add(1)?],
            Level::Minor => [major, minor.checked_add(1)?, 0],
            Level::Major => [major.checked_add(1)?, 0, 0],
        })
    }

    fn next_calendar(&self, today: Timestamp) -> Option<[u64; 3]> {
        let [year, month, patch] = self.numbers();
        let now = year_month(today);
        Some(if now > [year, month] {
            [now[0], now[1], 0]
        } else if self.leads_to_release() {
            [year, month, patch]
        } else {
            [year, month, patch.checked_add(1)?]
        })
    }
}

impl fmt::Display for Version {
    /// The scheme's own normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Semver(version) | Kind::Calver(version) => version.fmt(f),
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

impl std::str::FromStr for Pre {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        match text {
            "alpha" | "a" => Ok(Self::Alpha),
            "beta" | "b" => Ok(Self::Beta),
            "rc" | "c" => Ok(Self::Rc),
            _ => Err(VersionError::Pre {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Pre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Rc => "rc",
        })
    }
}

impl Pre {
    fn kind(self) -> PrereleaseKind {
        match self {
            Self::Alpha => PrereleaseKind::Alpha,
            Self::Beta => PrereleaseKind::Beta,
            Self::Rc => PrereleaseKind::Rc,
        }
    }
}

/// A release with these numbers, or its pre-release: the one after the current one if that is of the same kind.
fn raised(
    current: &Sem,
    [major, minor, patch]: [u64; 3],
    pre: Option<Pre>,
    continues: bool,
) -> Sem {
    let mut next = Sem::new(major, minor, patch);
    if let Some(pre) = pre {
        let label = pre.to_string();
        let number = current
            .pre
            .strip_prefix(label.as_str())
            .and_then(|rest| rest.strip_prefix('.'));
        let number = number
            .and_then(|text| text.parse::<u64>().ok())
            .filter(|_| continues);
        let number = number.map_or(1, |number| number.saturating_add(1));
        next.pre = semver::Prerelease::new(&format!("{label}.{number}")).unwrap_or_default();
    }
    next
}

fn pep_raised(current: &Pep, numbers: [u64; 3], pre: Option<Pre>, continues: bool) -> Pep {
    let next = with_numbers(current, numbers);
    let Some(pre) = pre else {
        return next;
    };
    let number = match current
        .pre()
        .filter(|found| continues && found.kind == pre.kind())
    {
        // `rc2.dev1` leads to `rc2`.
        Some(found) if current.is_dev() && !current.is_post() => found.number,
        Some(found) => found.number.saturating_add(1),
        None => 1,
    };
    next.with_pre(Some(PepPre {
        kind: pre.kind(),
        number,
    }))
}

/// A final release with these numbers, the epoch of `current`, and as many numbers as `current` has, if that is enough.
fn with_numbers(current: &Pep, numbers: [u64; 3]) -> Pep {
    let needed = match numbers {
        [_, 0, 0] => 1,
        [_, _, 0] => 2,
        _ => 3,
    };
    let count = current.release().len().clamp(needed, 3);
    Pep::new(numbers.iter().take(count)).with_epoch(current.epoch())
}

/// The SemVer text that stands for the same release, at the same place among its neighbours.
fn semver_of(version: &Pep) -> Option<String> {
    let beyond = version.epoch() > 0
        || version.is_post()
        || version.is_local()
        || version.release().len() > 3
        || (version.is_pre() && version.is_dev());
    if beyond {
        return None;
    }
    let part = |at| version.release().get(at).copied().unwrap_or(0);
    let numbers = format!("{}.{}.{}", part(0), part(1), part(2));
    Some(match (version.pre(), version.dev()) {
        (Some(PepPre { kind, number }), _) => {
            let label = match kind {
                PrereleaseKind::Alpha => Pre::Alpha,
                PrereleaseKind::Beta => Pre::Beta,
                PrereleaseKind::Rc => Pre::Rc,
            };
            format!("{numbers}-{label}.{number}")
        }
        (None, Some(0)) => format!("{numbers}-dev"),
        (None, Some(number)) => format!("{numbers}-dev.{number}"),
        (None, None) => numbers,
    })
}

/// What was probably meant by a text that the scheme does not allow.
fn suggestion(text: &str, scheme: Scheme) -> Option<String> {
    let bare = text.trim().trim_start_matches(['v', 'V', '=']);
    let candidates = [
        Some(bare.to_owned()),
        bare.parse().ok().and_then(|read| semver_of(&read)),
    ];
    candidates.into_iter().flatten().find_map(|candidate| {
        let sound = match scheme {
            Scheme::Semver => Sem::parse(&candidate).is_ok(),
            Scheme::Pep440 => return Some(candidate.parse::<Pep>().ok()?.to_string()),
            Scheme::Calver => Sem::parse(&candidate).is_ok_and(|v| calver_fault(&v).is_none()),
        };
        sound.then_some(candidate)
    })
}

fn semver_fault(text: &str) -> &'static str {
    if text.is_empty() {
        return "it is empty";
    }
    if text.starts_with(['v', 'V']) {
        return "the `v` belongs to the tag, not to the version";
    }
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let all_digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !numbers.iter().all(all_digits) {
        "it begins with numbers and dots only, then `-` and the pre-release"
    } else if numbers.len() != 3 {
        "it has exactly three numbers"
    } else if numbers
        .iter()
        .any(|part| part.len() > 1 && part.starts_with('0'))
    {
        "a number begins with 0"
    } else if numbers.iter().any(|part| part.parse::<u64>().is_err()) {
        "a number is too large"
    } else {
        "after `-` and `+` come parts of letters, digits and `-`, none empty, no number beginning with 0"
    }
}

fn pep440_fault(text: &str) -> &'static str {
    if text.is_empty() {
        "it is empty"
    } else if text.trim() != text {
        "white space stands around it"
    } else if Sem::parse(text).is_ok_and(|version| !version.pre.is_empty()) {
        "PEP 440 knows no pre-releases but a, b, rc and dev"
    } else {
        "it is numbers and dots, then perhaps aN, bN, rcN, .postN, .devN"
    }
}

fn calver_fault(version: &Sem) -> Option<&'static str> {
    if !(1000..=9999).contains(&version.major) {
        Some("the first number is a year of four digits")
    } else if !(1..=12).contains(&version.minor) {
        Some("the second number is a month, 1 to 12")
    } else {
        None
    }
}

fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Semver => "SemVer",
        Scheme::Pep440 => "PEP 440",
        Scheme::Calver => "calendar (YYYY.M.PATCH)",
    }
}

fn example(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Semver => "1.4.0 or 1.4.0-rc.1",
        Scheme::Pep440 => "1.4.0 or 1.4.0rc1",
        Scheme::Calver => "2026.11.0 or 2026.11.0-rc.1",
    }
}

/// Year and month in UTC.
fn year_month(at: Timestamp) -> [u64; 2] {
    let date = at.date();
    let mut parts = date.split('-').map(|part| part.parse().unwrap_or(0));
    [parts.next().unwrap_or(0), parts.next().unwrap_or(0)]
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
