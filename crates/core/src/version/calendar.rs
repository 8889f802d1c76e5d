//! Calendar versions: the numbers of a version under a format, and what follows them.
//!
//! Invariants: a [`Calendar`] that exists is what its format writes.

use super::format::{CalendarFormat, MOST, counter};
use super::{Level, spelling};
use crate::time::Timestamp;
use pep440_rs::Version as Pep;
use semver::{BuildMetadata, Prerelease};
use std::cmp::Ordering;
use std::fmt;

/// The pre-release and build metadata behind the numbers: SemVer's spelling, or PEP 440's normal one.
pub(super) fn tail(text: &str) -> Result<(Prerelease, BuildMetadata), &'static str> {
    const FORM: &str = "after `-` and `+` come parts of letters, digits and `-`, none empty, no number beginning with 0";
    let (pre, build) = match text.split_once('+') {
        Some((_, "")) => return Err(FORM),
        Some((pre, build)) => (pre, BuildMetadata::new(build).map_err(|_| FORM)?),
        None => (text, BuildMetadata::EMPTY),
    };
    let pre = match pre.strip_prefix('-') {
        Some("") => return Err(FORM),
        Some(pre) => Prerelease::new(pre).map_err(|_| FORM)?,
        None if pre.is_empty() => Prerelease::EMPTY,
        None => {
            let read: Pep = format!("0{pre}").parse().map_err(|_| FORM)?;
            let normal = read.to_string().strip_prefix('0') == Some(pre) && !read.is_post();
            let pre = spelling::pre_of(&read)
                .ok()
                .flatten()
                .filter(|_| normal)
                .ok_or(FORM)?;
            Prerelease::new(&pre).map_err(|_| FORM)?
        }
    };
    Ok((pre, build))
}

/// A calendar version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Calendar {
    /// As many as the format has, then 0.
    pub numbers: [u64; MOST],
    pub pre: Prerelease,
    pub build: BuildMetadata,
    pub format: CalendarFormat,
}

/// How a calendar version is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    /// To today, or to where it is if the clock is behind.
    Moves(Timestamp),
    /// Stays: a repair of an older release.
    Stays,
}

/// Why a calendar version cannot be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// The date stays, and nothing else could rise.
    NoCounter,
    TooLarge,
}

impl Calendar {
    /// A final release.
    pub fn new(format: CalendarFormat, numbers: [u64; MOST]) -> Self {
        Self {
            numbers,
            pre: Prerelease::EMPTY,
            build: BuildMetadata::EMPTY,
            format,
        }
    }

    pub fn places(&self) -> &[u64] {
        &self.numbers[..self.format.tokens().len()]
    }

    pub fn precedence(&self, other: &Self) -> Ordering {
        (&self.numbers, &self.pre).cmp(&(&other.numbers, &other.pre))
    }

    /// The numbers, as the format writes them, up to `count`.
    pub fn core(&self, count: usize) -> String {
        let tokens = self.format.tokens().iter().zip(&self.numbers).take(count);
        let written: Vec<String> = tokens.map(|(token, number)| token.write(*number)).collect();
        written.join(".")
    }

    /// The SemVer text, which is its own where SemVer allows that.
    pub fn semver(&self) -> Result<String, &'static str> {
        if self.format.tokens().len() != 3 {
            return Err("SemVer has exactly three numbers");
        }
        let text = self.to_string();
        match semver::Version::parse(&text) {
            Ok(_) => Ok(text),
            Err(_) => Err("in SemVer, no number begins with 0"),
        }
    }

    /// PEP 440's normal form has no leading zeros: `2026.09.0` is `2026.9.0` there.
    pub fn pep440(&self) -> Result<Pep, &'static str> {
        if !self.build.is_empty() {
            return Err("PEP 440 has no build metadata");
        }
        if self.numbers.contains(&u64::MAX) {
            return Err("a number is too large");
        }
        spelling::with_pre(Pep::new(self.places()), &self.pre)
    }

    /// The numbers of the next release.
    ///
    /// A date that moves sets every counter behind it to 0. Where it does not, the largest counter behind it that is no
    /// larger than the level rises (the smallest, if all are larger), and those behind it start from 0. A level whose
    /// counter stands before the date (`MAJOR.YYYY.MM`) raises that one. `covered`: the version is a pre-release, so that it
    /// may stand for the wanted release already.
    pub fn next(&self, level: Level, date: Date, covered: bool) -> Result<[u64; MOST], Stuck> {
        let tokens = self.format.tokens();
        let behind = self.format.behind_date();
        let (mut numbers, moved) = self.dated(date);
        let before = (0..behind).find(|at| counter(tokens[*at]) == Some(level));
        let fitting = (behind..tokens.len()).find(|at| counter(tokens[*at]) <= Some(level));
        let at = match before {
            Some(at) => at,
            None if moved => return Ok(numbers),
            None => match fitting.or((behind..tokens.len()).last()) {
                Some(at) => at,
                None if covered => return Ok(numbers),
                None => return Err(Stuck::NoCounter),
            },
        };
        let further = (at + 1..tokens.len()).filter(|at| tokens[*at].unit().is_none());
        if covered && further.clone().all(|at| self.numbers[at] == 0) {
            return Ok(numbers);
        }
        numbers[at] = numbers[at].checked_add(1).ok_or(Stuck::TooLarge)?;
        for at in further {
            numbers[at] = 0;
        }
        Ok(numbers)
    }

    /// The numbers with the date that counts, and whether it moved.
    fn dated(&self, date: Date) -> ([u64; MOST], bool) {
        let tokens = self.format.tokens();
        let places = || (0..tokens.len()).filter(|at| tokens[*at].unit().is_some());
        let mut numbers = self.numbers;
        let Date::Moves(today) = date else {
            return (numbers, false);
        };
        let now = self.format.on(today);
        let moved = places()
            .map(|at| now[at])
            .gt(places().map(|at| self.numbers[at]));
        if moved {
            for at in places() {
                numbers[at] = now[at];
            }
            numbers[self.format.behind_date()..].fill(0);
        }
        (numbers, moved)
    }

    /// The numbers of what is developed after this release; `None` without a counter behind the date.
    pub fn next_development(&self, level: Level) -> Option<[u64; MOST]> {
        let counted = self.format.behind_date() < self.format.tokens().len();
        self.next(level, Date::Stays, false)
            .ok()
            .filter(|_| counted)
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.core(MOST))?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.build.is_empty() {
            write!(f, "+{}", self.build)?;
        }
        Ok(())
    }
}
