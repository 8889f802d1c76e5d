//! What can be wrong with a version, and what to do about it.

use super::{Level, spelling};
use crate::config::Scheme;
use pep440_rs::Version as Pep;
use semver::Version as Sem;

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
    #[error(
        "channel {channel} is lower than that of {current}, which exists already: {new} would go back"
    )]
    ChannelBack {
        new: String,
        current: String,
        channel: String,
    },
    #[error("version {version} cannot be raised: a number would be too large")]
    TooLarge { version: String },
    #[error(
        "{current} exists already, and {format} has no counter for another release on that date"
    )]
    NoCounter { current: String, format: String },
    #[error("version {version} has no {spelling} spelling: {why}")]
    Spelling {
        version: String,
        /// `SemVer`, `PEP 440`
        spelling: &'static str,
        why: &'static str,
    },
    #[error("{} versions have no channel {channel}", scheme_name(*.scheme))]
    NoChannel { channel: String, scheme: Scheme },
    #[error("{text:?} is no calendar format: {why}")]
    Calendar { text: String, why: &'static str },
    #[error("{text:?} is no line: {why}")]
    Line { text: String, why: &'static str },
    #[error("line {line} cannot release {version}, which {} asks for: {owner} {why}", asking(*.level))]
    LeavesLine {
        line: String,
        version: String,
        /// `None`: the version was asked for by name.
        level: Option<Level>,
        /// `line 1.5`, or a version that another branch has released.
        owner: String,
        /// What the owner has to do with it.
        why: &'static str,
    },
    #[error("version {version}, which {} asks for, belongs to line {line}", asking(*.level))]
    OfLine {
        version: String,
        level: Option<Level>,
        line: String,
    },
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
                None => match scheme {
                    Scheme::Calver(format) => format!("write it like {}", format.example()),
                    Scheme::Semver => "write it like 1.4.0 or 1.4.0-rc.1".to_owned(),
                    Scheme::Pep440 => "write it like 1.4.0 or 1.4.0rc1".to_owned(),
                },
            },
            Self::Backwards { current, .. } | Self::Same { current, .. } => {
                format!("choose a version higher than {current}")
            }
            Self::ChannelBack { current, .. } => {
                format!("go on in the channel of {current}, or end it with a final release")
            }
            Self::TooLarge { .. } => return None,
            Self::NoCounter { format, .. } => {
                format!("add a counter to the format: {format}.MICRO")
            }
            Self::Spelling { spelling, .. } => {
                format!("choose a version that {spelling} can write too")
            }
            Self::NoChannel { .. } => "use alpha, beta or rc".to_owned(),
            Self::Calendar { .. } => {
                "use YYYY, YY or 0Y, then MM, 0M, WW or 0W, DD or 0D, and MAJOR, MINOR, MICRO, with dots between them: \
                 YYYY.0M.MICRO"
                    .to_owned()
            }
            Self::Line { .. } => "write it like 1.4, 1.4.x or 1.x".to_owned(),
            Self::LeavesLine { .. } => "release it there, or ask for a lower level".to_owned(),
            Self::OfLine { line, .. } => {
                format!("release it from the branch of line {line}, or ask for a higher level")
            }
            Self::Level { .. } => "use patch, minor or major".to_owned(),
            Self::Pre { .. } => {
                "use alpha, beta, rc, or a name of lower-case letters, digits and `-` (but not dev, post or final)".to_owned()
            }
        })
    }
}

/// What was probably meant by a text that the scheme does not allow.
pub(super) fn suggestion(text: &str, scheme: Scheme) -> Option<String> {
    let bare = text.trim().trim_start_matches(['v', 'V', '=']);
    let read: Option<Pep> = bare.parse().ok();
    let candidates = [
        Some(bare.to_owned()),
        read.and_then(|read| spelling::semver_of(&read).ok()),
    ];
    candidates.into_iter().flatten().find_map(|candidate| {
        let sound = match scheme {
            Scheme::Semver => Sem::parse(&candidate).is_ok(),
            Scheme::Pep440 => return Some(candidate.parse::<Pep>().ok()?.to_string()),
            Scheme::Calver(format) => {
                return format
                    .padded(&candidate)
                    .filter(|text| format.read(text).is_ok());
            }
        };
        sound.then_some(candidate)
    })
}

pub(super) fn semver_fault(text: &str) -> &'static str {
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

pub(super) fn pep440_fault(text: &str) -> &'static str {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    if text.is_empty() {
        "it is empty"
    } else if text.trim() != text {
        "white space stands around it"
    } else if digits.map(|run| run.trim_start_matches('0')).any(|run| {
        // `pep440_rs` needs room for a successor.
        !run.is_empty() && run.parse::<u64>().map_or(true, |number| number == u64::MAX)
    }) {
        "a number is too large"
    } else if Sem::parse(text).is_ok_and(|version| !version.pre.is_empty()) {
        "PEP 440 knows no pre-releases but a, b, rc and dev"
    } else {
        "it is numbers and dots, then perhaps aN, bN, rcN, .postN, .devN"
    }
}

fn asking(level: Option<Level>) -> String {
    level.map_or_else(
        || "somebody".to_owned(),
        |level| format!("a {level} change"),
    )
}

pub(super) fn scheme_name(scheme: Scheme) -> String {
    match scheme {
        Scheme::Semver => "SemVer".to_owned(),
        Scheme::Pep440 => "PEP 440".to_owned(),
        Scheme::Calver(format) => format!("calendar ({format})"),
    }
}
