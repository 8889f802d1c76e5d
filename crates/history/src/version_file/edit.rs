//! Many edits of many files at once: a release of a workspace. Each file is read once, however many edits it gets.

use super::error::{Fault, VersionFileError};
use super::lock::{self, Change, Member};
use super::place::Replacement;
use super::requirement::{self, Found};
use super::text::Text;
use super::{Spec, Spelling};
use shipway_core::version::Version;
use std::collections::{BTreeMap, HashMap};

/// One thing that a release changes in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// The version in a file that says it.
    Version { spec: Spec<'a>, new: &'a Version },
    /// What a manifest requires of another component: `^1.4`, as the manifest's own language says it.
    Requirement {
        path: &'a str,
        dependency: &'a str,
        new: &'a str,
    },
    /// The version of a member of the workspace in a lock file: `Cargo.lock`, `package-lock.json`, `npm-shrinkwrap.json`,
    /// `bun.lock`, `uv.lock`, `Gemfile.lock`. Those of pnpm and Yarn hold none and stay.
    Locked {
        path: &'a str,
        member: Member<'a>,
        new: &'a Version,
    },
    /// A requirement of a member as the lock file repeats it.
    LockedRequirement {
        path: &'a str,
        member: Member<'a>,
        dependency: &'a str,
        new: &'a str,
    },
}

impl<'a> Edit<'a> {
    /// The file that it changes.
    pub fn path(&self) -> &'a str {
        match self {
            Self::Version { spec, .. } => spec.path,
            Self::Requirement { path, .. }
            | Self::Locked { path, .. }
            | Self::LockedRequirement { path, .. } => path,
        }
    }
}

/// Carries out all edits on the files, by path. After an error nothing is changed.
///
/// # Errors
/// Those of [`super::set`] and [`set_requirement`]; [`VersionFileError::NoFile`]; [`VersionFileError::NoEntry`] where a lock
/// file does not know a member.
pub fn set_all(
    files: &mut BTreeMap<String, Vec<u8>>,
    edits: &[Edit<'_>],
) -> Result<(), VersionFileError> {
    let mut by_path: BTreeMap<&str, Vec<&Edit<'_>>> = BTreeMap::new();
    for edit in edits {
        by_path.entry(edit.path()).or_default().push(edit);
    }
    let mut changed = Vec::new();
    for (path, edits) in by_path {
        let bytes = files.get(path).ok_or_else(|| VersionFileError::NoFile {
            path: path.to_owned(),
        })?;
        changed.push((path, one(path, bytes, &edits)?));
    }
    for (path, bytes) in changed {
        files.insert(path.to_owned(), bytes);
    }
    Ok(())
}

/// The manifest with another requirement of a dependency, in all of its tables. `new` is a text in the manifest's own
/// language: `1.4` in `Cargo.toml`, `^1.4.0` in `package.json`, `>=1.4,<2` in `pyproject.toml`.
///
/// Where the dependency has no requirement (a folder, `workspace:`, what is inherited) the bytes stay.
///
/// # Errors
/// [`VersionFileError::NoEntry`] where the manifest does not name it; those of files that cannot be read.
pub fn set_requirement(
    path: &str,
    bytes: &[u8],
    dependency: &str,
    new: &str,
) -> Result<Vec<u8>, VersionFileError> {
    let edit = Edit::Requirement {
        path,
        dependency,
        new,
    };
    one(path, bytes, &[&edit])
}

/// The requirements of a dependency that a manifest has, in the order of its tables; none where it names it without one.
///
/// # Errors
/// As [`set_requirement`].
pub fn requirements(
    path: &str,
    bytes: &[u8],
    dependency: &str,
) -> Result<Vec<String>, VersionFileError> {
    let file = Text::of(path, bytes)?;
    let found = required(path, &file, &[dependency])?;
    if found.known.is_empty() {
        return Err(no_dependency(path, dependency));
    }
    Ok(requirement::read(file.bare, &found))
}

/// One file with all of its edits.
fn one(path: &str, bytes: &[u8], edits: &[&Edit<'_>]) -> Result<Vec<u8>, VersionFileError> {
    let file = Text::of(path, bytes)?;
    let mut replacements: Vec<Replacement> = Vec::new();
    let mut wanted: HashMap<&str, &str> = HashMap::new();
    let mut locked: Vec<Change<'_>> = Vec::new();
    for edit in edits {
        match edit {
            Edit::Version { spec, new } => {
                replacements.extend(super::replacements(&file, spec, new)?);
            }
            Edit::Requirement {
                dependency, new, ..
            } => {
                wanted.insert(dependency, new);
            }
            Edit::Locked { member, new, .. } => locked.push(Change::Version {
                member: *member,
                new: spelled(path, new)?,
            }),
            Edit::LockedRequirement {
                member,
                dependency,
                new,
                ..
            } => locked.push(Change::Requirement {
                member: *member,
                dependency,
                new,
            }),
        }
    }
    if !wanted.is_empty() {
        let names: Vec<&str> = wanted.keys().copied().collect();
        let found = required(path, &file, &names)?;
        let edits = found.edits(&wanted);
        replacements.extend(edits.map_err(|name| no_dependency(path, name))?);
    }
    refuse_overlap(&file, path, &mut replacements)?;
    let text = super::applied(file.bare, replacements);
    let text = if locked.is_empty() {
        text
    } else {
        lock::changed(path, &Text::of(path, text.as_bytes())?, &locked)?
    };
    Ok([&bytes[..file.skipped], text.as_bytes()].concat())
}

/// The same place may be named twice, if it gets the same text.
fn refuse_overlap(
    file: &Text<'_>,
    path: &str,
    replacements: &mut Vec<Replacement>,
) -> Result<(), VersionFileError> {
    replacements.sort_by_key(|(at, _)| (at.start, at.end));
    replacements.dedup();
    let clash = replacements
        .windows(2)
        .find(|two| two[0].0.end > two[1].0.start);
    match clash {
        Some(two) => Err(file.error(
            &Spec::of(path),
            Fault::syntax(
                two[1].0.start,
                "two edits change the same place to different texts",
            ),
        )),
        None => Ok(()),
    }
}

fn required<'n>(
    path: &str,
    file: &Text<'_>,
    names: &[&'n str],
) -> Result<Found<'n>, VersionFileError> {
    let found = match super::base(path) {
        "Cargo.toml" => requirement::cargo(file.bare, names),
        "package.json" => requirement::npm(file.bare, names),
        "pyproject.toml" => requirement::python(file.bare, names),
        _ => {
            return Err(VersionFileError::NoManifest {
                path: path.to_owned(),
                what: "dependencies",
            });
        }
    };
    found.map_err(|fault| file.error(&Spec::of(path), fault))
}

fn spelled(path: &str, new: &Version) -> Result<String, VersionFileError> {
    let spelling = match super::base(path) {
        "uv.lock" => Spelling::Pep440,
        "Gemfile.lock" => Spelling::Gem,
        _ => Spelling::Semver,
    };
    super::spelled(path, spelling, new)
}

fn no_dependency(path: &str, name: &str) -> VersionFileError {
    VersionFileError::NoEntry {
        path: path.to_owned(),
        what: "dependency",
        name: name.to_owned(),
    }
}
