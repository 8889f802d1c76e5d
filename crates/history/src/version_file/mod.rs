//! Files that hold the version: where it stands in them, and the edit that changes it and nothing else.
//!
//! Where it stands is known by the kind of the file, which its name tells or the configuration says ([`KINDS`] lists
//! them); by a key, `tool.x.version`; or by a pattern, `driver=={version}`.
//!
//! Invariants: every byte outside the version stays: comments, line ends, byte order mark, quotes. Several places that say
//! the same version are all changed; places that differ, or no place, are an error that lists what was found, by line.
//!
//! Must not: read or write files, or guess.

mod c_header;
mod cargo_lock;
mod code;
mod dockerfile;
mod edit;
mod error;
mod gem_lock;
mod ini;
mod json;
mod key;
mod kind;
mod line;
mod lock;
mod marker;
mod npm_lock;
mod pattern;
mod place;
mod python;
mod requirement;
mod source;
mod spelling;
mod table;
mod text;
mod toml;
mod uv_lock;
mod xml;
mod yaml;

pub use edit::{Edit, requirements, set_all, set_requirement};
pub use error::{Candidate, VersionFileError};
pub use kind::{Kind, Row};
pub use lock::Member;
pub use spelling::Spelling;
pub use table::KINDS;

use place::{Place, Replacement};
use shipway_core::config::Scheme;
use shipway_core::version::Version;
use text::Text;

/// A file, and where the version stands in it. With no more than a path, its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec<'a> {
    /// With `/`; only its end matters.
    pub path: &'a str,
    /// Text around the version, with `{version}` in its place. Key and kind do not matter then.
    pub pattern: Option<&'a str>,
    /// Where in the file's structure, as TOML writes keys: `tool."a.b".version`. What it means depends on the kind.
    pub key: Option<&'a str>,
    /// What the file is, where its name does not tell.
    pub kind: Option<Kind>,
}

impl<'a> Spec<'a> {
    pub fn of(path: &'a str) -> Self {
        Self {
            path,
            pattern: None,
            key: None,
            kind: None,
        }
    }

    fn kind(&self) -> Option<Kind> {
        self.kind.or_else(|| Kind::of_path(self.path))
    }

    /// Text around a version is for people, who know the scheme's own spelling.
    fn spelling(&self) -> Spelling {
        match (self.pattern, self.kind()) {
            (None, Some(kind)) => kind.spelling(),
            _ => Spelling::Scheme,
        }
    }
}

/// The version that a file says, as a text that a scheme can read.
///
/// # Errors
/// [`VersionFileError::Missing`], [`VersionFileError::Ambiguous`] and those of files that cannot be read.
pub fn read_version(spec: &Spec<'_>, bytes: &[u8]) -> Result<String, VersionFileError> {
    let file = Text::of(spec.path, bytes)?;
    let places = file.places(spec)?;
    let place = places
        .iter()
        .find(|place| !place.is_partial())
        .unwrap_or(&places[0]);
    Ok(spec.spelling().read(&place.read(file.bare)))
}

/// The file with another version in it, in the spelling that its readers need. One that says it already stays as it is.
///
/// Setting the old version again gives the old bytes, but for what YAML would read as a number: that gets quotes, and keeps
/// them.
///
/// # Errors
/// As [`read_version`], and [`VersionFileError::Spelling`].
pub fn set(spec: &Spec<'_>, bytes: &[u8], new: &Version) -> Result<Vec<u8>, VersionFileError> {
    let file = Text::of(spec.path, bytes)?;
    let edits = replacements(&file, spec, new)?;
    let text = applied(file.bare, edits);
    Ok([&bytes[..file.skipped], text.as_bytes()].concat())
}

fn replacements(
    file: &Text<'_>,
    spec: &Spec<'_>,
    new: &Version,
) -> Result<Vec<Replacement>, VersionFileError> {
    let spelled = spelled(spec.path, spec.spelling(), new)?;
    let no_room = || impossible(spec.path, Spelling::Numbers, new);
    let places = file.places(spec)?;
    // Some place has to say all of it.
    if places.iter().all(Place::is_partial) && place::numbers(&spelled) != Some(&spelled) {
        return Err(no_room());
    }
    let mut edits = Vec::new();
    for place in places {
        if place.read(file.bare) != spelled {
            edits.extend(place.write(&spelled).ok_or_else(no_room)?);
        }
    }
    Ok(edits)
}

fn spelled(path: &str, spelling: Spelling, new: &Version) -> Result<String, VersionFileError> {
    spelling
        .write(new)
        .ok_or_else(|| impossible(path, spelling, new))
}

fn impossible(path: &str, spelling: Spelling, new: &Version) -> VersionFileError {
    let (needs, example) = spelling.needs();
    VersionFileError::Spelling {
        path: path.to_owned(),
        needs,
        example,
        version: new.to_string(),
    }
}

/// The text with other texts in some places, which do not overlap.
fn applied(text: &str, mut edits: Vec<Replacement>) -> String {
    edits.sort_by_key(|(at, _)| at.start);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (at, new) in edits {
        result.push_str(&text[done..at.start]);
        result.push_str(&new);
        done = at.end;
    }
    result.push_str(&text[done..]);
    result
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The version that all files say, as (path, version) from [`read_version`]; `None` for no files.
///
/// # Errors
/// [`VersionFileError::Disagree`] names all where two differ; [`VersionFileError::Version`] where one is impossible.
pub fn agreed(
    found: &[(String, String)],
    scheme: Scheme,
) -> Result<Option<Version>, VersionFileError> {
    let versions: Vec<Version> = found
        .iter()
        .map(|(path, text)| parse(path, text, scheme))
        .collect::<Result<_, _>>()?;
    if versions.windows(2).all(|two| two[0] == two[1]) {
        return Ok(versions.into_iter().next());
    }
    let paths = found.iter().map(|(path, _)| path.clone());
    Err(VersionFileError::Disagree {
        said: paths.zip(versions.iter().map(Version::to_string)).collect(),
    })
}

/// What [`read_version`] gave, under the project's scheme. A file may hold the version in the other spelling: `package.json`
/// of a Python project.
///
/// # Errors
/// [`VersionFileError::Version`].
pub fn parse(path: &str, text: &str, scheme: Scheme) -> Result<Version, VersionFileError> {
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

#[cfg(test)]
mod tests;
