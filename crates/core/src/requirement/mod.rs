//! A requirement on another package's version, in the dialect of the file that states it.
//!
//! Invariants: a `Requirement` that exists is valid in its dialect. [`Requirement::raised_to`] changes version numbers and
//! nothing else: operators, precision, separators and white space stay as they were written.
//!
//! Must not: know where requirements are written down, which package they are on, or ask a registry.
//!
//! Sources: Cargo, "Specifying Dependencies" of the Cargo book; npm, "Advanced range syntax" of node-semver and the
//! `workspace:` protocol of pnpm and Yarn; PEP 440, "Version specifiers"; Poetry, "Dependency specification".

mod npm;
mod python;
mod raise;

use crate::version::Version;
use std::fmt;

/// Who reads the requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `Cargo.toml`.
    Cargo,
    /// `package.json`, for npm, pnpm and Yarn.
    Npm,
    /// `pyproject.toml` and requirement files: specifiers without the package's name.
    Pep440,
    /// `tool.poetry` in `pyproject.toml`.
    Poetry,
}

/// A requirement as it is written.
///
/// Equal when dialect and text are.
#[derive(Clone, Debug)]
pub struct Requirement {
    text: String,
    dialect: Dialect,
    /// Where the range begins in `text`: behind `workspace:` or `npm:NAME@`.
    begins: usize,
    meaning: Meaning,
}

#[derive(Clone, Debug)]
enum Meaning {
    Cargo(semver::VersionReq),
    Npm(npm::Range),
    Python(python::Union),
    /// `workspace:^`, `workspace:~`, `workspace:*`: whatever the workspace holds.
    Workspace,
    /// A distribution tag, an address, a path: it says nothing about versions.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no requirement that {dialect} understands: {why}")]
pub struct RequirementError {
    pub text: String,
    pub dialect: Dialect,
    pub why: String,
}

impl RequirementError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        let example = match self.dialect {
            Dialect::Cargo => "1.2, ~1.2.3, =1.2.3 or \">=1.2, <2\"",
            Dialect::Npm => "^1.2.3, ~1.2.3, 1.2.x, \">=1.2.3 <2\" or workspace:^",
            Dialect::Pep440 => "~=1.2, ==1.2.* or \">=1.2,<2\"",
            Dialect::Poetry => "^1.2.3, ~1.2, 1.2.* or \">=1.2,<2\"",
        };
        format!("write it like {example}")
    }
}

impl Requirement {
    /// Reads a requirement.
    ///
    /// What npm takes for a distribution tag, an address or a path is read too ([`Requirement::is_range`] tells). Texts that
    /// begin like a version and are none are refused, although npm would look for a tag of that name.
    ///
    /// # Errors
    /// [`RequirementError`], with the reason.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, RequirementError> {
        let refused = |why: &str| RequirementError {
            text: text.to_owned(),
            dialect,
            why: why.to_owned(),
        };
        let (begins, meaning) = match dialect {
            Dialect::Cargo => {
                let read = semver::VersionReq::parse(text);
                (
                    0,
                    Meaning::Cargo(read.map_err(|error| refused(&error.to_string()))?),
                )
            }
            Dialect::Npm => npm_meaning(text).map_err(refused)?,
            Dialect::Pep440 => (
                0,
                Meaning::Python(python::Union::pep440(text).map_err(refused)?),
            ),
            Dialect::Poetry => (
                0,
                Meaning::Python(python::Union::poetry(text).map_err(refused)?),
            ),
        };
        Ok(Self {
            text: text.to_owned(),
            dialect,
            begins,
            meaning,
        })
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether it names versions. False for distribution tags, addresses and paths, which every version "matches", and for
    /// the bare `workspace:^`, which is whatever the workspace holds (see [`Requirement::resolved`]).
    pub fn is_range(&self) -> bool {
        !matches!(self.meaning, Meaning::Workspace | Meaning::Other)
    }

    /// Whether the version satisfies it, by the rules of the dialect:
    ///
    /// * Cargo and npm: a pre-release only where the requirement names a pre-release of the same three numbers.
    /// * PEP 440 and Poetry: a pre-release or development version only where a part of the requirement (but not `!=`) names
    ///   one. The rule that pre-releases are taken when nothing else is there needs the registry, and is not applied.
    ///
    /// A version that the dialect cannot spell (a post-release in npm) does not match. Build metadata never counts.
    pub fn matches(&self, version: &Version) -> bool {
        let semver = || semver::Version::parse(&version.semver()?).ok();
        match &self.meaning {
            Meaning::Cargo(range) => semver().is_some_and(|version| range.matches(&version)),
            Meaning::Npm(range) => semver().is_some_and(|version| range.matches(&version)),
            Meaning::Python(union) => {
                let version = version.pep440().and_then(|text| text.parse().ok());
                version.is_some_and(|version| union.matches(&version))
            }
            Meaning::Workspace | Meaning::Other => true,
        }
    }

    /// What is published for it while the dependency stands at `current`: `workspace:^` is then `^1.2.0`, `workspace:~` is
    /// `~1.2.0`, `workspace:*` is `1.2.0` alone, and `workspace:^1.1.0` is `^1.1.0`. All others stay what they are.
    ///
    /// A release of the dependency that does not match this any more is one that users of the published dependent do not get.
    #[must_use]
    pub fn resolved(&self, current: &Version) -> Self {
        let Some(rest) = self.text.strip_prefix(WORKSPACE) else {
            return self.clone();
        };
        let text = match (&self.meaning, raise::bare(current, self.dialect)) {
            (Meaning::Workspace, Some(current)) => format!("{}{current}", rest.trim_matches('*')),
            (Meaning::Npm(_), _) => rest.to_owned(),
            _ => return self.clone(),
        };
        Self::parse(&text, self.dialect).unwrap_or_else(|_| self.clone())
    }

    /// The same requirement on a new version, written the same way: `^1.2.0` becomes `^1.3.0`, `~=1.2` becomes `~=1.3`,
    /// `1.2.x` becomes `1.3.x`.
    ///
    /// * With as many numbers as before; with all where fewer would not match the version (`==1.2` becomes `==1.3.1`), and where
    ///   SemVer has to name a pre-release (`^1.2` becomes `^1.3.0-rc.1`).
    /// * Lower bounds follow the version. Upper bounds stay while they let it in; else they move on by one at their last
    ///   place that is not 0: for 2.1.0, `>=1.2,<2` becomes `>=2.1,<3`, and `<1.5.0` becomes `<2.2.0`.
    /// * `>1.2` stays, `!=1.2` stays, `*` stays, and what names no version (`workspace:^`, `latest`, a path) stays.
    /// * Of alternatives (`^1.2 || ^2.0`) only the last that lets the version in is raised; if none does, the last.
    /// * A wildcard cannot name a pre-release: for 1.3.0-rc.1, `1.x` becomes `^1.3.0-rc.1`, and `==1.2.*` becomes `~=1.3.0rc1`.
    ///
    /// Unchanged where the dialect has no spelling for the version.
    pub fn raised_to(&self, version: &Version) -> String {
        if !self.is_range() {
            return self.text.clone();
        }
        let (prefix, range) = self.text.split_at(self.begins);
        raise::raised(range, self.dialect, version)
            .map_or_else(|| self.text.clone(), |raised| format!("{prefix}{raised}"))
    }
}

const WORKSPACE: &str = "workspace:";

/// Where the range begins, and what is meant.
fn npm_meaning(text: &str) -> Result<(usize, Meaning), &'static str> {
    if let Some(rest) = text.strip_prefix(WORKSPACE) {
        return Ok((
            WORKSPACE.len(),
            match rest {
                "^" | "~" | "*" => Meaning::Workspace,
                _ => npm::Range::parse(rest).map_or(Meaning::Other, Meaning::Npm),
            },
        ));
    }
    if let Some(alias) = text.strip_prefix("npm:") {
        // `npm:@scope/name@^1.2`; the name may be all there is.
        let at = alias.rfind('@').filter(|at| *at > 0);
        let range = at.and_then(|at| npm::Range::parse(&alias[at + 1..]).ok());
        let begins = "npm:".len() + at.map_or(alias.len(), |at| at + 1);
        return Ok((begins, range.map_or(Meaning::Other, Meaning::Npm)));
    }
    match npm::Range::parse(text) {
        Ok(range) => Ok((0, Meaning::Npm(range))),
        Err(why) => {
            let address = text.contains([':', '/']);
            let tag = !text.starts_with(|c: char| c.is_ascii_digit())
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && text.chars().any(char::is_alphabetic);
            if address || tag {
                Ok((0, Meaning::Other))
            } else {
                Err(why)
            }
        }
    }
}

impl PartialEq for Requirement {
    fn eq(&self, other: &Self) -> bool {
        (self.dialect, &self.text) == (other.dialect, &other.text)
    }
}

impl Eq for Requirement {}

impl fmt::Display for Requirement {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cargo => "Cargo",
            Self::Npm => "npm",
            Self::Pep440 => "PEP 440",
            Self::Poetry => "Poetry",
        })
    }
}

#[cfg(test)]
mod tests;
