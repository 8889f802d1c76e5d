//! The kinds of pre-release: the three that every scheme can write, and named ones for those that can.

use super::VersionError;
use pep440_rs::PrereleaseKind;
use std::fmt;

/// A channel of pre-releases.
///
/// The order of a project's channels is that of its scheme: alpha, beta, rc; in SemVer named ones stand among them by
/// their letters (`canary` between `beta` and `rc`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pre {
    Alpha,
    Beta,
    Rc,
    /// `next`, `canary`: SemVer and calendar versions only.
    Named(ChannelName),
}

/// Lower-case letters, digits and `-`, beginning with a letter; never a name of the other variants, `dev`, `post` or `final`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(String);

/// Longer names are a slip.
const LONGEST: usize = 40;

impl Pre {
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Rc => "rc",
            Self::Named(name) => &name.0,
        }
    }

    /// `None` for what PEP 440 cannot write.
    pub(super) fn kind(&self) -> Option<PrereleaseKind> {
        match self {
            Self::Alpha => Some(PrereleaseKind::Alpha),
            Self::Beta => Some(PrereleaseKind::Beta),
            Self::Rc => Some(PrereleaseKind::Rc),
            Self::Named(_) => None,
        }
    }

    pub(super) fn of_kind(kind: PrereleaseKind) -> Self {
        match kind {
            PrereleaseKind::Alpha => Self::Alpha,
            PrereleaseKind::Beta => Self::Beta,
            PrereleaseKind::Rc => Self::Rc,
        }
    }
}

impl std::str::FromStr for Pre {
    type Err = VersionError;

    /// `alpha`, `beta`, `rc`, their short forms `a`, `b`, `c`, and names.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        match text {
            "alpha" | "a" => return Ok(Self::Alpha),
            "beta" | "b" => return Ok(Self::Beta),
            "rc" | "c" => return Ok(Self::Rc),
            _ => {}
        }
        let reserved = ["dev", "post", "final"].contains(&text);
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let sound = text.bytes().all(letters)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() <= LONGEST;
        if !sound || reserved {
            return Err(VersionError::Pre {
                text: text.to_owned(),
            });
        }
        Ok(Self::Named(ChannelName(text.to_owned())))
    }
}

impl fmt::Display for Pre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
