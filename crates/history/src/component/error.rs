//! What can be wrong with the components of a repository. Everything that is wrong is told at once.

use crate::error::HistoryError;
use shipway_core::requirement::RequirementError;
use shipway_core::version::VersionError;
use std::fmt;

/// How many faults are told; the others are counted.
const MOST_FAULTS: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    #[error("the components of the repository cannot be told: {0}")]
    Faults(Faults),
    #[error("the files of the repository cannot be read")]
    Files(#[from] HistoryError),
}

/// At least one fault.
#[derive(Debug)]
pub struct Faults {
    /// In the order of their files, at most 20.
    pub listed: Vec<Fault>,
    pub more: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("{path}{}: {why}", at(*.line))]
    Manifest {
        path: String,
        line: Option<usize>,
        why: String,
    },
    #[error("{path}: no directory with a {manifest} is named by {pattern:?}")]
    NoMember {
        path: String,
        pattern: String,
        manifest: &'static str,
    },
    #[error("{path}: {pattern:?} is no pattern of paths: {why}")]
    Pattern {
        path: String,
        pattern: String,
        why: String,
    },
    #[error("two components are named {name:?}: in {first} and in {second}")]
    Twice {
        name: String,
        first: String,
        second: String,
    },
    #[error("{path} states no version")]
    NoVersion { path: String },
    #[error("{path}: {source}")]
    Version { path: String, source: VersionError },
    #[error("{path}, {key}: {source}")]
    Requirement {
        path: String,
        key: String,
        source: RequirementError,
    },
    #[error("there is nothing at {path:?}, the path of the component {name:?}")]
    NoDirectory { name: String, path: String },
    #[error("{what} names the component {name:?}, which does not exist")]
    Unknown {
        what: String,
        name: String,
        instead: Option<String>,
    },
    #[error("the component {name:?} is in two groups")]
    TwoGroups { name: String },
    #[error("there are more than {most} directories to look at")]
    TooMany { most: usize },
}

impl Fault {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Manifest { .. } => return None,
            Self::Version { source, .. } => return source.hint(),
            Self::NoMember { .. } => {
                "take the pattern out, or write it like packages/*".to_owned()
            }
            Self::Pattern { .. } => "write it like packages/*".to_owned(),
            Self::Twice { second, .. } => {
                format!("give one another name: [[component]] name = \"…\", path = {second:?}")
            }
            Self::NoVersion { .. } => {
                "state a version, or that it is never published (publish = false, \"private\": true)"
                    .to_owned()
            }
            Self::Requirement { source, .. } => source.hint(),
            Self::NoDirectory { .. } => {
                "name a directory of the commit that is released, relative to the top".to_owned()
            }
            Self::Unknown { instead, .. } => match instead {
                Some(instead) => format!("did you mean {instead:?}?"),
                None => "see the names with: shipway version".to_owned(),
            },
            Self::TwoGroups { .. } => "leave it in one of them".to_owned(),
            Self::TooMany { .. } => {
                "name the components one by one, with discover = false".to_owned()
            }
        })
    }

    pub(crate) fn manifest(path: &str, line: Option<usize>, why: impl Into<String>) -> Self {
        Self::Manifest {
            path: path.to_owned(),
            line,
            why: why.into(),
        }
    }
}

impl fmt::Display for Faults {
    /// One line; the first fault and how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.listed.first() {
            first.fmt(f)?;
        }
        match self.listed.len() + self.more {
            0 | 1 => Ok(()),
            all => write!(f, " (and {} more)", all - 1),
        }
    }
}

impl ComponentError {
    /// The faults; none for a repository that cannot be read.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Faults(faults) => &faults.listed,
            Self::Files(_) => &[],
        }
    }

    /// What a person can do about the first of them.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Faults(faults) => faults.listed.first().and_then(Fault::hint),
            Self::Files(error) => error.hint().map(str::to_owned),
        }
    }
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}"))
        .unwrap_or_default()
}

impl From<Vec<Fault>> for ComponentError {
    fn from(mut faults: Vec<Fault>) -> Self {
        let more = faults.len().saturating_sub(MOST_FAULTS);
        faults.truncate(MOST_FAULTS);
        Self::Faults(Faults {
            listed: faults,
            more,
        })
    }
}

impl From<Fault> for ComponentError {
    fn from(fault: Fault) -> Self {
        Self::Faults(Faults {
            listed: vec![fault],
            more: 0,
        })
    }
}
