//! What can be wrong with a file that should hold the version.

use super::kind::Kind;
use shipway_core::version::VersionError;
use std::fmt;

/// How many lines an error lists.
pub(super) const MOST_LISTED: usize = 8;

/// A line that holds, or may hold, the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// From 1.
    pub line: usize,
    /// The line, without white space around it; of a long one the beginning.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionFileError {
    #[error("{path} holds no version: {why}{}", Listed(.near))]
    Missing {
        path: String,
        why: &'static str,
        /// Lines that look as if they were meant.
        near: Vec<Candidate>,
    },
    #[error("{path} holds several versions{}", Listed(.candidates))]
    Ambiguous {
        path: String,
        candidates: Vec<Candidate>,
    },
    #[error("{path}, line {line}: {why}")]
    Syntax {
        path: String,
        line: usize,
        why: String,
    },
    #[error("{path} is not UTF-8 text (byte {at})")]
    NotText { path: String, at: usize },
    #[error("{pattern:?} is no pattern for {path}: it holds {{version}} exactly once")]
    Pattern { path: String, pattern: String },
    #[error("{key:?} is no key for {path}: {why}")]
    Key {
        path: String,
        key: String,
        why: &'static str,
    },
    #[error("{path} is a kind of file whose version Shipway does not write: {why}")]
    Refused {
        path: String,
        why: &'static str,
        instead: &'static str,
    },
    #[error("{path} knows no {what} {name}")]
    NoEntry {
        path: String,
        /// `package`, `dependency`
        what: &'static str,
        name: String,
    },
    #[error("{path} is to be changed, and it is not there")]
    NoFile { path: String },
    #[error("{path} is no kind of file that names {what}")]
    NoManifest { path: String, what: &'static str },
    #[error("{name:?} is no kind of version file")]
    Kind { name: String },
    #[error("{}", Said(.said))]
    Disagree {
        /// Each file, by path, with the version that it says; at least two.
        said: Vec<(String, String)>,
    },
    #[error("{path} holds a version that cannot be")]
    Version {
        path: String,
        #[source]
        source: VersionError,
    },
    #[error("{path} needs {needs}, and {version} has no such spelling")]
    Spelling {
        path: String,
        /// `a SemVer version`
        needs: &'static str,
        /// What would do.
        example: &'static str,
        version: String,
    },
}

impl VersionFileError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } | Self::Ambiguous { .. } => {
                "say where it is in version-files: { path = \"…\", pattern = \"text {version} text\" } or { path = \"…\", key = \"a.b\" }".to_owned()
            }
            Self::Syntax { .. } => return None,
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
            Self::Pattern { .. } => "write it like driver=={version}".to_owned(),
            Self::Key { .. } => "write it like tool.x.version".to_owned(),
            Self::Refused { instead, .. } => (*instead).to_owned(),
            Self::NoEntry { path, .. } => {
                format!("bring {path} up to date with the manifests first")
            }
            Self::NoFile { .. } => "correct its path, or commit it".to_owned(),
            Self::NoManifest { .. } => return None,
            Self::Kind { name } => match Kind::nearest(name) {
                Some(kind) => format!("did you mean {kind}?"),
                None => format!("one of: {}", Kind::names().join(", ")),
            },
            Self::Disagree { said } => {
                let paths: Vec<&str> = said.iter().map(|(path, _)| path.as_str()).collect();
                format!("make {} say the same version", joined(&paths))
            }
            Self::Version { source, .. } => return source.hint(),
            Self::Spelling { example, .. } => format!(
                "choose a version like {example}; a file that only says released ones gets follows-development = false"
            ),
        })
    }
}

/// `a, b and c`, of a long list the first ones.
fn joined<T: AsRef<str>>(texts: &[T]) -> String {
    let mut shown: Vec<&str> = texts.iter().take(MOST_LISTED).map(AsRef::as_ref).collect();
    let more = format!("{} more", texts.len() - shown.len());
    if shown.len() < texts.len() {
        shown.push(&more);
    }
    match shown.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        all => all.concat(),
    }
}

struct Said<'a>(&'a [(String, String)]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self
            .0
            .iter()
            .map(|(path, version)| format!("{path} says {version}"));
        f.write_str(&joined(&each.collect::<Vec<_>>()))
    }
}

struct Listed<'a>(&'a [Candidate]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().take(MOST_LISTED).enumerate() {
            let sign = if at == 0 { ": " } else { "; " };
            write!(f, "{sign}line {}: {}", one.line, one.text)?;
        }
        Ok(())
    }
}

/// Why a file of some kind holds no version, or cannot be read. Positions are bytes.
#[derive(Debug)]
pub(super) enum Fault {
    Missing(&'static str),
    /// Places that contradict each other, or repeat what may stand once.
    Ambiguous(Vec<usize>),
    Syntax {
        at: usize,
        why: String,
    },
    Key(&'static str),
    Refused {
        why: &'static str,
        instead: &'static str,
    },
}

impl Fault {
    pub(super) fn syntax(at: usize, why: impl Into<String>) -> Self {
        Self::Syntax {
            at,
            why: why.into(),
        }
    }
}
