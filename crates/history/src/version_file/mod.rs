//! Files that hold the version: where it stands in them, and the edit that changes it and nothing else.
//!
//! Where it stands is known by the file's name: `pyproject.toml` (`[project]`, `[tool.poetry]`), `Cargo.toml` (`[package]`,
//! `[workspace.package]`), `package.json`, `setup.cfg` (`[metadata]`), `setup.py`, any other `.py` (`__version__ = "…"`),
//! `VERSION` and `version.txt` (all of it); in all other files a pattern says it: `driver=={version}`.
//!
//! Invariants: every byte outside the version stays: comments, line ends, byte order mark, quotes. Several places that say
//! the same version are all changed; places that differ, or no place, are an error that lists what was found, by line.
//!
//! Must not: read or write files, or guess.

mod data;
mod python;

use shipway_core::config::Scheme;
use shipway_core::version::{Version, VersionError};
use std::fmt;
use std::ops::Range;

/// How many lines an error lists.
const MOST_LISTED: usize = 8;

/// A line that holds, or may hold, the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// From 1.
    pub line: usize,
    /// The line, without white space around it.
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
    #[error("{first} says {first_version}, and {second} says {second_version}")]
    Disagree {
        first: String,
        first_version: String,
        second: String,
        second_version: String,
    },
    #[error("{path} holds a version that cannot be")]
    Version {
        path: String,
        #[source]
        source: VersionError,
    },
    #[error("{path} needs a SemVer version, and {version} has no such spelling")]
    Spelling { path: String, version: String },
}

impl VersionFileError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } | Self::Ambiguous { .. } => {
                "say where it is in version-files: { path = \"…\", pattern = \"text {version} text\" }".to_owned()
            }
            Self::Syntax { .. } => return None,
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
            Self::Pattern { .. } => "write it like driver=={version}".to_owned(),
            Self::Disagree { first, second, .. } => {
                format!("make {first} and {second} say the same version")
            }
            Self::Version { source, .. } => return source.hint(),
            Self::Spelling { .. } => "choose a version like 1.4.0 or 1.4.0-rc.1".to_owned(),
        })
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

/// Why a file of some kind holds no version, or cannot be read.
enum Fault {
    Missing(&'static str),
    Syntax { at: usize, why: String },
}

/// The version that a file says.
///
/// `path` tells the kind of file; with a `pattern` it does not matter.
///
/// # Errors
/// [`VersionFileError::Missing`], [`VersionFileError::Ambiguous`] and those of files that cannot be read.
pub fn read_version(
    path: &str,
    bytes: &[u8],
    pattern: Option<&str>,
) -> Result<String, VersionFileError> {
    let file = Text::of(path, bytes)?;
    let places = file.places(pattern)?;
    Ok(file.text[places[0].clone()].to_owned())
}

/// The file with another version in it: SemVer's spelling in `Cargo.toml` and `package.json`, else the scheme's own.
///
/// # Errors
/// As [`read_version`], and [`VersionFileError::Spelling`].
pub fn set(
    path: &str,
    bytes: &[u8],
    pattern: Option<&str>,
    new: &Version,
) -> Result<Vec<u8>, VersionFileError> {
    let file = Text::of(path, bytes)?;
    let mut text = file.text.to_owned();
    let spelled = match (pattern, base(path)) {
        (None, "Cargo.toml" | "package.json") => {
            new.semver().ok_or_else(|| VersionFileError::Spelling {
                path: path.to_owned(),
                version: new.to_string(),
            })?
        }
        _ => new.to_string(),
    };
    for place in file.places(pattern)?.into_iter().rev() {
        text.replace_range(place, &spelled);
    }
    Ok(text.into_bytes())
}

/// The version that all files say, as (path, version) from [`read_version`]; `None` for no files.
///
/// # Errors
/// [`VersionFileError::Disagree`] names two that differ; [`VersionFileError::Version`] where one is impossible.
pub fn agreed(
    found: &[(String, String)],
    scheme: Scheme,
) -> Result<Option<Version>, VersionFileError> {
    let mut first: Option<(&String, Version)> = None;
    for (path, text) in found {
        let version = parse(path, text, scheme)?;
        match &first {
            None => first = Some((path, version)),
            Some((_, agreed)) if *agreed == version => {}
            Some((earlier, agreed)) => {
                return Err(VersionFileError::Disagree {
                    first: (*earlier).clone(),
                    first_version: agreed.to_string(),
                    second: path.clone(),
                    second_version: version.to_string(),
                });
            }
        }
    }
    Ok(first.map(|(_, version)| version))
}

/// A file may hold the version in the other spelling: `package.json` of a Python project.
fn parse(path: &str, text: &str, scheme: Scheme) -> Result<Version, VersionFileError> {
    let read = Version::parse(text, scheme);
    let other = || {
        let pep440 = Version::parse(text, Scheme::Pep440).ok()?;
        Version::parse(&pep440.semver()?, scheme).ok()
    };
    read.or_else(|error| other().ok_or(error))
        .map_err(|source| VersionFileError::Version {
            path: path.to_owned(),
            source,
        })
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file as text, with its byte order mark where it has one.
struct Text<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> Text<'a> {
    fn of(path: &'a str, bytes: &'a [u8]) -> Result<Self, VersionFileError> {
        let text = std::str::from_utf8(bytes).map_err(|error| VersionFileError::NotText {
            path: path.to_owned(),
            at: error.valid_up_to(),
        })?;
        Ok(Self { path, text })
    }

    /// Where the version stands: at least one place, all with the same text, in order.
    fn places(&self, pattern: Option<&str>) -> Result<Vec<Range<usize>>, VersionFileError> {
        let skipped = if self.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        let text = &self.text[skipped..];
        let name = base(self.path);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let found = match (pattern, name, extension) {
            (Some(pattern), ..) => {
                let parts = pattern
                    .split_once("{version}")
                    .filter(|(_, after)| !after.contains("{version}"));
                let (before, after) = parts.ok_or_else(|| VersionFileError::Pattern {
                    path: self.path.to_owned(),
                    pattern: pattern.to_owned(),
                })?;
                by_pattern(text, before, after)
            }
            (None, "pyproject.toml", _) => data::pyproject(text),
            (None, "Cargo.toml", _) => data::cargo(text),
            (None, "package.json", _) => data::json(text),
            (None, "setup.cfg", _) => data::setup_cfg(text),
            (None, "setup.py", _) => python::setup_py(text),
            (None, _, Some("py")) => python::assignments(text),
            (None, "VERSION" | "VERSION.txt" | "version.txt", _) => by_pattern(text, "", ""),
            _ => Err(Fault::Missing("files of this name need a pattern")),
        };
        let mut places = found.map_err(|fault| self.error(skipped, fault))?;
        for place in &mut places {
            *place = place.start + skipped..place.end + skipped;
        }
        let [first, others @ ..] = places.as_slice() else {
            return Err(self.error(skipped, Fault::Missing("there is none")));
        };
        let version = &self.text[first.clone()];
        if others
            .iter()
            .any(|place| self.text[place.clone()] != *version)
        {
            return Err(VersionFileError::Ambiguous {
                path: self.path.to_owned(),
                candidates: places
                    .iter()
                    .map(|place| self.candidate(place.start))
                    .collect(),
            });
        }
        Ok(places)
    }

    fn error(&self, skipped: usize, fault: Fault) -> VersionFileError {
        let path = self.path.to_owned();
        match fault {
            Fault::Missing(why) => {
                let near = self.near();
                VersionFileError::Missing { path, why, near }
            }
            Fault::Syntax { at, why } => {
                let line = self.candidate(at + skipped).line;
                VersionFileError::Syntax { path, line, why }
            }
        }
    }

    fn candidate(&self, at: usize) -> Candidate {
        let at = (0..=at.min(self.text.len()))
            .rev()
            .find(|at| self.text.is_char_boundary(*at));
        let (before, after) = self.text.split_at(at.unwrap_or(0));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = after
            .find('\n')
            .map_or(self.text.len(), |newline| before.len() + newline);
        Candidate {
            line: before.matches('\n').count() + 1,
            text: crate::conventional::shown(self.text[start..end].trim()),
        }
    }

    /// Lines with the word "version" and a number with a dot.
    fn near(&self) -> Vec<Candidate> {
        let mut start = 0;
        let mut found = Vec::new();
        for line in self.text.split_inclusive('\n') {
            let bytes = line.as_bytes();
            let dotted = bytes.windows(3).any(|three| {
                three[0].is_ascii_digit() && three[1] == b'.' && three[2].is_ascii_digit()
            });
            if dotted && line.to_lowercase().contains("version") && found.len() < MOST_LISTED {
                found.push(self.candidate(start));
            }
            start += line.len();
        }
        found
    }
}

/// All places between `before` and `after`. What counts as version begins with a digit and is as long as it can be.
fn by_pattern(text: &str, before: &str, after: &str) -> Result<Vec<Range<usize>>, Fault> {
    let in_version = |c: char| c.is_ascii_alphanumeric() || ".+-_!".contains(c);
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut places: Vec<Range<usize>> = Vec::new();
    let starts: Vec<usize> = if before.is_empty() {
        let digit =
            |(at, c): &(usize, char)| c.is_ascii_digit() && !text[..*at].ends_with(in_version);
        text.char_indices()
            .filter(digit)
            .map(|(at, _)| at)
            .collect()
    } else {
        let whole = |at: &usize| !(before.starts_with(in_word) && text[..*at].ends_with(in_word));
        text.match_indices(before)
            .map(|(at, _)| at)
            .filter(whole)
            .map(|at| at + before.len())
            .collect()
    };
    for start in starts {
        let rest = &text[start..];
        let run = rest.find(|c: char| !in_version(c)).unwrap_or(rest.len());
        let fits = |end: &usize| {
            let version = &rest.as_bytes()[..*end];
            version[*end - 1].is_ascii_alphanumeric() && rest[*end..].starts_with(after)
        };
        let end = (1..=run)
            .rev()
            .find(fits)
            .filter(|_| rest.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(end) = end
            && places.last().is_none_or(|last| last.end <= start)
        {
            places.push(start..start + end);
        }
    }
    if places.is_empty() {
        return Err(Fault::Missing("the pattern fits nowhere"));
    }
    Ok(places)
}

#[cfg(test)]
mod tests;
