//! A value that was read, or why it was not: nothing is ever guessed.
//!
//! Invariant: an unknown value says what kind of thing stood in the way, in words for a person, and where.

use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use std::fmt;

/// A fact that was found, or the reason why it could not be.
///
/// On the wire `{"known": …}` or `{"unknown": {"reason": …, "detail": …, "place": …}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known<T> {
    Known(T),
    Unknown(Unknown),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unknown {
    /// What a program decides by.
    pub reason: Reason,
    /// What a person reads: a lowercase fragment.
    pub detail: String,
    /// Where it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The kinds of things that stand in the way of knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no repository at the path, or it cannot be opened.
    RepositoryMissing,
    /// The repository has no commit.
    RepositoryEmpty,
    /// The history was cut off when it was fetched, and the answer lies beyond the cut.
    Shallow,
    /// The repository names an object that it does not hold (a partial clone, or a damaged one).
    ObjectMissing,
    /// No commit of that id, or no reference of that name, is in the repository.
    NotInRepository,
    /// The date lies before the first commit.
    BeforeHistory,
    /// The file, or the entry in it, is not there.
    NotWritten,
    /// The file is not in the form that it should be in.
    Syntax,
    /// The value is computed when a machine runs it, in a way that is not followed here.
    Expression,
    /// Several answers are possible: they depend on a condition, or two places disagree.
    Ambiguous,
    /// Two names differ only in case: a file system that folds case holds one of them.
    CaseConflict,
    /// The file is larger than what is read.
    TooLarge,
    /// A name stands where a commit id must.
    NoCommit,
}

/// Where something stands. Whatever is not known of it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The repository's name in the train.
    pub repository: String,
    /// The commit whose tree holds the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Oid>,
    /// From the top of the repository, with `/`; empty for the repository itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// From 1; 0 for the whole file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub line: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(line: &u32) -> bool {
    *line == 0
}

impl Place {
    /// A repository as a whole.
    pub fn repository(name: impl Into<String>) -> Self {
        Self {
            repository: name.into(),
            ..Self::default()
        }
    }

    /// The same file, at a line.
    #[must_use]
    pub fn at_line(&self, line: u32) -> Self {
        Self {
            line,
            ..self.clone()
        }
    }
}

impl fmt::Display for Place {
    /// `httpfs:.github/workflows/main.yml:12 (at 1234567890)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if !self.path.is_empty() {
            write!(f, ":{}", self.path)?;
        }
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match &self.commit {
            Some(commit) => write!(f, " (at {})", commit.abbreviated()),
            None => Ok(()),
        }
    }
}

impl Unknown {
    pub fn new(reason: Reason, detail: impl Into<String>, place: Place) -> Self {
        Self {
            reason,
            detail: detail.into(),
            place: Some(place),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        match &self.place {
            Some(place) => write!(f, ", in {place}"),
            None => Ok(()),
        }
    }
}

impl<T> Known<T> {
    pub fn unknown(reason: Reason, detail: impl Into<String>, place: Place) -> Self {
        Self::Unknown(Unknown::new(reason, detail, place))
    }

    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    pub fn why(&self) -> Option<&Unknown> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(why) => Some(why),
        }
    }

    pub fn is_known(&self) -> bool {
        self.known().is_some()
    }

    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(change(value)),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    pub fn and_then<U>(self, next: impl FnOnce(T) -> Known<U>) -> Known<U> {
        match self {
            Self::Known(value) => next(value),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }
}

impl<T> From<Result<T, Unknown>> for Known<T> {
    fn from(result: Result<T, Unknown>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Unknown(why),
        }
    }
}
