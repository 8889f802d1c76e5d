//! The next version of a repository: from its release tags, what is asked for, and the line that is released.
//!
//! Invariants: the result is higher than every release that it follows; it lies in the line, and in no part of it that
//! another line or another branch has taken; it exists nowhere yet.
//!
//! Must not: find tags; decide the level.

use super::calendar::Date;
use super::{Level, Line, Pre, Version, VersionError};
use crate::config::Scheme;
use crate::time::Timestamp;
use std::cmp::Ordering;
use std::collections::HashSet;

/// What the next version depends on. All versions are of `scheme`.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub scheme: Scheme,
    /// Versions of the release tags that the commit to be released contains, in any order.
    pub own: &'a [Version],
    /// Versions of all release tags of the repository, in any order; those of `own` may be among them.
    pub all: &'a [Version],
    /// The line that is released; `None` for the branch that goes on.
    pub line: Option<&'a Line>,
    /// Lines that have a branch of their own.
    pub lines: &'a [Line],
    pub goal: Goal<'a>,
    /// Pre-release channel; not read for an exact version.
    pub channel: Option<&'a Pre>,
    /// `initial-version`: what the first release of all is called.
    pub initial: Option<&'a Version>,
    /// Now; its date in UTC counts.
    pub today: Timestamp,
}

/// What the release shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal<'a> {
    /// The highest level that changes since the last final release ask for.
    Level(Level),
    /// A version by name: on the command line, or by `Release-As`.
    Exact(&'a Version),
}

/// The next version, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub version: Version,
    /// The highest release that the commit contains, pre-releases included.
    pub current: Option<Version>,
    /// The highest final release that the commit contains.
    pub final_before: Option<Version>,
    /// In words, for people: a sentence without a capital and a full stop.
    pub why: String,
}

/// Decides the next version.
///
/// The level is that since the last final release. A series of pre-releases goes on while that level leads no further than
/// the release that the series is for (`1.1.0-rc.1`, then `1.1.0-rc.2`), and begins anew where it leads further
/// (`2.0.0-rc.1`). A channel ends with the final release of its numbers. Without any release, the first is `initial`, or
/// 0.0.0 raised (0.1.0 for a minor change, 0.0.1 for a patch), or today's date.
///
/// # Errors
/// * [`VersionError::LeavesLine`]: the version is outside of the line, or taken by another line or branch.
/// * [`VersionError::Backwards`], [`VersionError::Same`], [`VersionError::ChannelBack`]
/// * [`VersionError::NoChannel`], [`VersionError::NoCounter`], [`VersionError::TooLarge`]
pub fn next(request: &Request<'_>) -> Result<Next, VersionError> {
    let highest = |finals: bool| {
        let versions = request.own.iter();
        let counted = versions.filter(|version| !finals || !version.is_prerelease());
        counted.max_by(|a, b| a.precedence(b))
    };
    let (current, final_before) = (highest(false), highest(true));
    let (version, why) = match request.goal {
        Goal::Exact(version) => (version.clone(), format!("{version} is asked for by name")),
        Goal::Level(level) => raised(request, level, current, final_before)?,
    };
    in_line(request, &version, current)?;
    follows(request, &version)?;
    Ok(Next {
        version,
        current: current.cloned(),
        final_before: final_before.cloned(),
        why,
    })
}

fn raised(
    request: &Request<'_>,
    level: Level,
    current: Option<&Version>,
    final_before: Option<&Version>,
) -> Result<(Version, String), VersionError> {
    let (target, mut why) = target(request, level, final_before)?;
    // The release that pre-releases since then lead to.
    let series = current
        .filter(|current| {
            final_before.is_none_or(|before| current.precedence(before) == Ordering::Greater)
        })
        .filter(|current| current.is_prerelease())
        .map(|current| (current, current.release()));
    let release = match series {
        Some((current, led_to)) if led_to >= target => {
            why = match request.channel {
                None => format!("{current} leads to {led_to}, which ends its series"),
                Some(_) => format!("{why}, no further than the series of {current}, which goes on"),
            };
            led_to
        }
        Some((current, _)) => {
            why =
                format!("{why}, further than {current}, whose series ends without a final release");
            target
        }
        None => target,
    };
    let Some(channel) = request.channel else {
        return Ok((release, why));
    };
    let version = release.on_channel(channel, request.own.iter().chain(request.all))?;
    let lower = current.filter(|current| version.precedence(current) != Ordering::Greater);
    match lower {
        Some(current) if current.release() == release => Err(version.goes_back(current, channel)),
        _ => Ok((version, why)),
    }
}

/// The final release that the level leads to, without regard to pre-releases.
fn target(
    request: &Request<'_>,
    level: Level,
    final_before: Option<&Version>,
) -> Result<(Version, String), VersionError> {
    let Some(before) = final_before else {
        return match request.initial {
            Some(initial) => Ok((
                initial.release(),
                format!("the first release is {initial}, as initial-version says"),
            )),
            None => Ok((
                Version::first(request.scheme, level, None, request.today)?,
                format!("a {level} change makes the first release"),
            )),
        };
    };
    let today = Date::Moves(request.today);
    let why = format!("a {level} change raises {before}");
    let Some(line) = request.line else {
        return Ok((before.raised(level, today)?, why));
    };
    // In a line that a date has left behind, only counters rise.
    let held = line.contains(before)
        && (line.holds_date()
            || !before
                .raised(level, today)
                .is_ok_and(|next| line.contains(&next)));
    let date = if held { Date::Stays } else { today };
    Ok((before.raised(level, date)?, why))
}

/// Nothing stands still or goes back, and nothing is released twice.
fn follows(request: &Request<'_>, version: &Version) -> Result<(), VersionError> {
    let mut every = request.own.iter().chain(request.all);
    if let Some(same) = every.find(|other| other.precedence(version) == Ordering::Equal) {
        return version.must_follow(same);
    }
    // For a version by name, what counts is what is there in the same line.
    let own = request
        .own
        .iter()
        .filter(|other| match (request.goal, request.line) {
            (Goal::Exact(_), Some(line)) => line.contains(other),
            _ => true,
        });
    // Other branches may be ahead with pre-releases, and with the releases of their lines.
    let elsewhere = request.all.iter().filter(|other| {
        let of_line = || request.lines.iter().any(|line| line.contains(other));
        request.line.is_none() && !other.is_prerelease() && !of_line()
    });
    match own.chain(elsewhere).max_by(|a, b| a.precedence(b)) {
        Some(highest) => version.must_follow(highest),
        None => Ok(()),
    }
}

/// The range guard.
fn in_line(
    request: &Request<'_>,
    version: &Version,
    current: Option<&Version>,
) -> Result<(), VersionError> {
    let level = match request.goal {
        Goal::Level(level) => Some(level),
        Goal::Exact(_) => None,
    };
    let Some(line) = request.line else {
        return match request.lines.iter().find(|line| line.contains(version)) {
            Some(owner) => Err(VersionError::OfLine {
                version: version.to_string(),
                level,
                line: owner.to_string(),
            }),
            None => Ok(()),
        };
    };
    let leaves = |owner: String, why| VersionError::LeavesLine {
        line: line.to_string(),
        version: version.to_string(),
        level,
        owner,
        why,
    };
    if !line.contains(version) {
        let owner = request.lines.iter().find(|other| other.contains(version));
        let owner = owner.cloned().unwrap_or_else(|| line.beside(version));
        return Err(leaves(format!("line {owner}"), "is where it belongs"));
    }
    // Other lines within this one own their versions, and end it where they lie above what it has.
    let owner = request.lines.iter().find(|other| {
        let between = current.is_some_and(|current| {
            other.compare(current) == Ordering::Greater
                && other.compare(version) != Ordering::Greater
        });
        *other != line && other.is_within(line) && (other.contains(version) || between)
    });
    if let Some(owner) = owner {
        return Err(leaves(format!("line {owner}"), "begins below it"));
    }
    let known: HashSet<&Version> = request.own.iter().collect();
    let taken = |other: &&Version| {
        // A pre-release takes the series that it opens; those of the current one may come from a branch of this line.
        let opens = !other.is_prerelease()
            || current.is_none_or(|current| Line::of(other) != Line::of(current));
        opens
            && line.contains(other)
            && current.is_none_or(|current| other.precedence(current) == Ordering::Greater)
            && other.precedence(version) != Ordering::Greater
    };
    let elsewhere = request.all.iter().filter(|other| !known.contains(other));
    match elsewhere.filter(taken).min_by(|a, b| a.precedence(b)) {
        Some(other) => Err(leaves(
            other.to_string(),
            "is released already, from another branch",
        )),
        None => Ok(()),
    }
}
