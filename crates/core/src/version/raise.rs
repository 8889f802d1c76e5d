//! The next version of one version.
//!
//! Invariants: what is returned is higher than what it came from.

use super::calendar::{Calendar, Date, Stuck};
use super::{Kind, Level, Pre, Version, VersionError};
use crate::config::{NextVersion, Scheme};
use crate::time::Timestamp;
use pep440_rs::{Prerelease as PepPre, Version as Pep};
use semver::Version as Sem;
use std::cmp::Ordering;

impl Version {
    /// The next version.
    ///
    /// A pre-release or development version stands for the release that it leads to: raising `1.1.0rc2` by patch or minor
    /// gives `1.1.0`, by major `2.0.0`. With `pre`, the first or the next pre-release of that release: `1.1.0rc1`, then
    /// `1.1.0rc2`. Calendar versions take their date from `today` (UTC); where that is not later than the date they have, a
    /// counter rises: see [`CalendarFormat`](super::CalendarFormat).
    ///
    /// After success the result is higher than `self`.
    ///
    /// # Errors
    /// [`VersionError::ChannelBack`] for `alpha` after `rc`; [`VersionError::NoChannel`], [`VersionError::NoCounter`],
    /// [`VersionError::TooLarge`].
    pub fn bump(
        &self,
        level: Level,
        pre: Option<&Pre>,
        today: Timestamp,
    ) -> Result<Self, VersionError> {
        let release = self.raised(level, Date::Moves(today))?;
        let next = match pre {
            None => release,
            Some(pre) => release.on_channel(pre, [self].into_iter())?,
        };
        next.must_follow(self).map_err(|error| match pre {
            Some(pre) if next.release() == self.release() => next.goes_back(self, pre),
            _ => error,
        })?;
        Ok(next)
    }

    /// What a project without any release begins with: 0.0.0 raised, or today; with `pre`, its first pre-release.
    ///
    /// # Errors
    /// [`VersionError::NoChannel`]
    pub fn first(
        scheme: Scheme,
        level: Level,
        pre: Option<&Pre>,
        today: Timestamp,
    ) -> Result<Self, VersionError> {
        let release = match scheme {
            Scheme::Semver => {
                Self(Kind::Semver(Sem::new(0, 0, 0))).raised(level, Date::Moves(today))?
            }
            Scheme::Pep440 => {
                Self(Kind::Pep440(Pep::new([0, 0, 0]))).raised(level, Date::Moves(today))?
            }
            Scheme::Calver(format) => Self(Kind::Calver(Calendar::new(format, format.on(today)))),
        };
        match pre {
            None => Ok(release),
            Some(pre) => release.on_channel(pre, std::iter::empty()),
        }
    }

    /// The final release that `level` leads to.
    pub(super) fn raised(&self, level: Level, date: Date) -> Result<Self, VersionError> {
        let too_large = || VersionError::TooLarge {
            version: self.to_string(),
        };
        Ok(Self(match &self.0 {
            Kind::Calver(current) => {
                let next = current.next(level, date, self.leads_to_release());
                let numbers = next.map_err(|stuck| match stuck {
                    Stuck::TooLarge => too_large(),
                    Stuck::NoCounter => VersionError::NoCounter {
                        current: self.to_string(),
                        format: current.format.to_string(),
                    },
                })?;
                Kind::Calver(Calendar::new(current.format, numbers))
            }
            Kind::Semver(_) => {
                let [major, minor, patch] = self.next_numbers(level).ok_or_else(too_large)?;
                Kind::Semver(Sem::new(major, minor, patch))
            }
            Kind::Pep440(current) => {
                let numbers = self.next_numbers(level).ok_or_else(too_large)?;
                Kind::Pep440(with_numbers(current, numbers))
            }
        }))
    }

    /// The final release with the same numbers.
    #[must_use]
    pub fn release(&self) -> Self {
        Self(match &self.0 {
            Kind::Semver(version) => {
                Kind::Semver(Sem::new(version.major, version.minor, version.patch))
            }
            Kind::Pep440(version) => Kind::Pep440(version.only_release()),
            Kind::Calver(version) => Kind::Calver(Calendar::new(version.format, version.numbers)),
        })
    }

    /// The pre-release of this final release that comes after all of that channel among `taken`; they count from 1.
    pub(super) fn on_channel<'a>(
        &self,
        pre: &Pre,
        taken: impl Iterator<Item = &'a Version>,
    ) -> Result<Self, VersionError> {
        let mut number = 1;
        for version in taken.filter(|version| version.release() == *self) {
            let Some((channel, last)) = version.channel() else {
                continue;
            };
            if channel != *pre {
                continue;
            }
            let next = last.and_then(|last| last.checked_add(1));
            let next = next.ok_or_else(|| VersionError::TooLarge {
                version: version.to_string(),
            })?;
            number = number.max(next);
        }
        let semver_pre = || {
            let text = format!("{pre}.{number}");
            semver::Prerelease::new(&text).map_err(|_| VersionError::Pre { text })
        };
        Ok(Self(match &self.0 {
            Kind::Semver(release) => Kind::Semver(Sem {
                pre: semver_pre()?,
                ..release.clone()
            }),
            Kind::Calver(release) => Kind::Calver(Calendar {
                pre: semver_pre()?,
                ..release.clone()
            }),
            Kind::Pep440(release) => {
                let kind = pre.kind().ok_or_else(|| VersionError::NoChannel {
                    channel: pre.to_string(),
                    scheme: Scheme::Pep440,
                })?;
                if number == u64::MAX {
                    return Err(VersionError::TooLarge {
                        version: self.to_string(),
                    });
                }
                Kind::Pep440(release.clone().with_pre(Some(PepPre { kind, number })))
            }
        }))
    }

    /// The channel of a pre-release, and its last number that is taken (`rc2.dev1` leaves `rc2` free); `None` for a number that
    /// is too large. A final or development version, and a pre-release of any other form, has no channel.
    pub(super) fn channel(&self) -> Option<(Pre, Option<u64>)> {
        let of_semver = |pre: &semver::Prerelease| {
            let (label, number) = pre.split_once('.').unwrap_or((pre.as_str(), "0"));
            let channel: Pre = label
                .parse()
                .ok()
                .filter(|channel: &Pre| channel.label() == label)?;
            let digits = number.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| (channel, number.parse().ok()))
        };
        match &self.0 {
            Kind::Semver(version) => of_semver(&version.pre),
            Kind::Calver(version) => of_semver(&version.pre),
            Kind::Pep440(version) => {
                let PepPre { kind, number } = version.pre()?;
                let unfinished = version.is_dev() && !version.is_post();
                let taken = if unfinished {
                    number.checked_sub(1)?
                } else {
                    number
                };
                Some((Pre::of_kind(kind), Some(taken)))
            }
        }
    }

    pub(super) fn goes_back(&self, current: &Self, channel: &Pre) -> VersionError {
        VersionError::ChannelBack {
            new: self.to_string(),
            current: current.to_string(),
            channel: channel.to_string(),
        }
    }

    /// What the version files say after the release of `self`: the next minor or patch as a development version.
    ///
    /// `None` where nothing is to be written: it is switched off, `self` is itself a pre-release, whose files keep it, or
    /// its calendar format has no counter.
    pub fn next_development(&self, next: NextVersion) -> Option<Self> {
        if self.is_prerelease() {
            return None;
        }
        let level = match next {
            NextVersion::None => return None,
            NextVersion::DevMinor => Level::Minor,
            NextVersion::DevPatch => Level::Patch,
        };
        let dev = || semver::Prerelease::new("dev").ok();
        Some(Self(match &self.0 {
            Kind::Semver(_) => {
                let [major, minor, patch] = self.next_numbers(level)?;
                Kind::Semver(Sem {
                    pre: dev()?,
                    ..Sem::new(major, minor, patch)
                })
            }
            Kind::Calver(current) => Kind::Calver(Calendar {
                pre: dev()?,
                ..Calendar::new(current.format, current.next_development(level)?)
            }),
            Kind::Pep440(current) => {
                let release = with_numbers(current, self.next_numbers(level)?);
                Kind::Pep440(release.with_dev(Some(0)))
            }
        }))
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
            Kind::Semver(version) => !version.pre.is_empty(),
            Kind::Calver(version) => !version.pre.is_empty(),
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
        // `pep440_rs` needs room for a successor.
        let largest = match self.0 {
            Kind::Pep440(_) => u64::MAX - 1,
            _ => u64::MAX,
        };
        let up = |number: u64| (number < largest).then(|| number + 1);
        Some(match level {
            _ if covered => [major, minor, patch],
            Level::Patch => [major, minor, up(patch)?],
            Level::Minor => [major, up(minor)?, 0],
            Level::Major => [up(major)?, 0, 0],
        })
    }
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
