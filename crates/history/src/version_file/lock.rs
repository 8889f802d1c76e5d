//! Lock files that repeat the versions and requirements of a workspace's own members.
//!
//! `pnpm-lock.yaml` repeats requirements only, `yarn.lock` of Yarn 1 nothing; a later `yarn.lock` has requirements as keys,
//! which Yarn itself has to write.

use super::error::{Fault, VersionFileError};
use super::place::{Form, Replacement};
use super::text::Text;
use super::{Spec, cargo_lock, gem_lock, npm_lock, uv_lock, yaml};
use std::collections::HashMap;

/// A component whose manifest stands beside or below the lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// As its manifest says it.
    pub name: &'a str,
    /// Relative to the lock file's folder, with `/`; empty for that folder itself.
    pub folder: &'a str,
}

/// What is to be changed in a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Version {
        member: Member<'a>,
        /// Spelled as the lock file spells it.
        new: String,
    },
    Requirement {
        member: Member<'a>,
        dependency: &'a str,
        new: &'a str,
    },
}

/// The text with all changes.
pub(super) fn changed(
    path: &str,
    file: &Text<'_>,
    changes: &[Change<'_>],
) -> Result<String, VersionFileError> {
    let spec = Spec::of(path);
    let fault = |fault| file.error(&spec, fault);
    let text = file.bare;
    let versions = || -> HashMap<&str, String> {
        let all = changes.iter().filter_map(|change| match change {
            Change::Version { member, new } => Some((member.name, new.clone())),
            Change::Requirement { .. } => None,
        });
        all.collect()
    };
    let no_package = |name: &str| VersionFileError::NoEntry {
        path: path.to_owned(),
        what: "package",
        name: name.to_owned(),
    };
    match super::base(path) {
        "Cargo.lock" => {
            let set = cargo_lock::set(text, &versions()).map_err(fault)?;
            set.map_err(no_package)
        }
        "uv.lock" => {
            let edits = uv_lock::edits(text, changes).map_err(fault)?;
            Ok(super::applied(
                text,
                edits.map_err(|change| no_entry(path, &change))?,
            ))
        }
        "Gemfile.lock" => {
            let edits = gem_lock::edits(text, &versions()).map_err(no_package)?;
            Ok(super::applied(text, edits))
        }
        "package-lock.json" | "npm-shrinkwrap.json" | "bun.lock" => {
            let edits = npm_lock::edits(text, changes).map_err(fault)?;
            Ok(super::applied(
                text,
                edits.map_err(|change| no_entry(path, &change))?,
            ))
        }
        "pnpm-lock.yaml" => {
            let edits = pnpm(text, changes).map_err(fault)?;
            Ok(super::applied(
                text,
                edits.map_err(|change| no_entry(path, &change))?,
            ))
        }
        "yarn.lock" => {
            let named = changes
                .iter()
                .any(|change| matches!(change, Change::Requirement { .. }));
            if named && text.contains("\n__metadata:") {
                return Err(fault(Fault::Refused {
                    why: "its entries have what is required as their names",
                    instead: "let Yarn write it in a step of its own: yarn install --mode=update-lockfile",
                }));
            }
            Ok(text.to_owned())
        }
        _ => Err(VersionFileError::NoManifest {
            path: path.to_owned(),
            what: "members of a workspace",
        }),
    }
}

fn no_entry(path: &str, change: &Change<'_>) -> VersionFileError {
    let (what, name) = match change {
        Change::Version { member, .. } => ("package", member.name.to_owned()),
        Change::Requirement {
            member, dependency, ..
        } => ("dependency", format!("{dependency} of {}", member.name)),
    };
    VersionFileError::NoEntry {
        path: path.to_owned(),
        what,
        name,
    }
}

/// `specifier` below `importers`.
fn pnpm<'c>(
    text: &str,
    changes: &[Change<'c>],
) -> Result<Result<Vec<Replacement>, Change<'c>>, Fault> {
    let form = [Some("importers"), None, None, None, Some("specifier")];
    let mut places: HashMap<(String, String), Vec<_>> = HashMap::new();
    for (mut keys, place) in yaml::at_paths(text, &form)? {
        let (dependency, folder) = (keys.swap_remove(3), keys.swap_remove(1));
        places.entry((folder, dependency)).or_default().push(place);
    }
    let mut edits = Vec::new();
    for change in changes {
        let Change::Requirement {
            member,
            dependency,
            new,
        } = change
        else {
            continue;
        };
        let folder = if member.folder.is_empty() {
            "."
        } else {
            member.folder
        };
        let Some(found) = places.get(&(folder.to_owned(), (*dependency).to_owned())) else {
            return Ok(Err(change.clone()));
        };
        for place in found {
            // pnpm's own quotes, where some are needed.
            let plain = place.form == Form::YamlPlain && yaml::needs_quotes(new);
            let text = if plain {
                format!("'{new}'")
            } else {
                (*new).to_owned()
            };
            edits.push((place.at.clone(), text));
        }
    }
    Ok(Ok(edits))
}
