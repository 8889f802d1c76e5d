//! What else says a component's version: requirements of the components that need it, and lock files.
//!
//! Invariants: a requirement that lets the new version in stays as it is; what a lock file does not know is not added to it.

use super::edits::version_file_error;
use crate::error::CommandError;
use shipway_core::requirement::Requirement;
use shipway_core::version::Version;
use shipway_history::component::{Component, Ecosystem};
use shipway_history::version_file::{self, Edit, Member, VersionFileError};
use std::collections::BTreeMap;

/// Everything of a repository that follows one component.
pub struct Dependents {
    name: String,
    folder: String,
    locks: &'static [&'static str],
    needs: Vec<Need>,
}

/// A requirement on the component.
struct Need {
    name: String,
    folder: String,
    manifest: String,
    /// As the manifest calls the component.
    dependency: String,
    requirement: Requirement,
}

/// Files by path: what a release writes.
pub type Files = Vec<(String, Vec<u8>)>;

/// What a manifest calls a dependency, by the key of its requirement: `dependencies.NAME`, or `dependencies.NAME.version`. In a
/// list the key ends with a number, and the text itself has the name.
fn alias(key: &[String]) -> Option<&str> {
    let (last, rest) = key.split_last()?;
    let in_table = |of: &String| of.ends_with("ependencies");
    match rest.last() {
        Some(name) if last == "version" && !in_table(name) => Some(name),
        _ => Some(last.as_str()).filter(|last| last.parse::<usize>().is_err()),
    }
}

impl Dependents {
    pub fn of(found: &[Component], at: usize) -> Self {
        let component = &found[at];
        let mut needs = Vec::new();
        for one in found {
            for dependency in one.dependencies.iter().filter(|one| one.on == at) {
                let Some(requirement) = &dependency.requirement else {
                    continue;
                };
                let named = alias(&dependency.place.key);
                needs.push(Need {
                    name: one.name.clone(),
                    folder: one.path.clone(),
                    manifest: dependency.place.path.clone(),
                    dependency: named.unwrap_or(&component.name).to_owned(),
                    requirement: requirement.clone(),
                });
            }
        }
        Self {
            name: component.name.clone(),
            folder: component.path.clone(),
            locks: match component.ecosystem {
                Ecosystem::Cargo => &["Cargo.lock"],
                Ecosystem::Npm => &["package-lock.json", "npm-shrinkwrap.json", "bun.lock"],
                Ecosystem::Python => &["uv.lock"],
                Ecosystem::None => &[],
            },
            needs,
        }
    }

    /// Writes what follows the component's new version into `files`; `read` gives what they hold before.
    pub fn follow(
        &self,
        version: &Version,
        files: &mut Files,
        read: impl Fn(&str) -> Result<Option<Vec<u8>>, CommandError>,
    ) -> Result<(), CommandError> {
        let unfit = |need: &&Need| !need.requirement.matches(version);
        let take =
            |path: &str, files: &mut Files| match files.iter().position(|(known, _)| known == path)
            {
                Some(at) => Ok(Some(files.remove(at).1)),
                None => read(path),
            };
        for need in self.needs.iter().filter(unfit) {
            let Some(bytes) = take(&need.manifest, files)? else {
                continue;
            };
            let new = need.requirement.raised_to(version);
            let bytes =
                version_file::set_requirement(&need.manifest, &bytes, &need.dependency, &new)
                    .map_err(|error| version_file_error(&error))?;
            files.push((need.manifest.clone(), bytes));
        }
        for lock in self.locks {
            let Some(bytes) = take(lock, files)? else {
                continue;
            };
            let mut edits = vec![Edit::Locked {
                path: lock,
                member: Member {
                    name: &self.name,
                    folder: &self.folder,
                },
                new: version,
            }];
            let raised: Vec<(&Need, String)> = (self.needs.iter().filter(unfit))
                .map(|need| (need, need.requirement.raised_to(version)))
                .collect();
            for (need, new) in &raised {
                edits.push(Edit::LockedRequirement {
                    path: lock,
                    member: Member {
                        name: &need.name,
                        folder: &need.folder,
                    },
                    dependency: &need.dependency,
                    new,
                });
            }
            let mut held = BTreeMap::from([((*lock).to_owned(), bytes)]);
            for edit in edits {
                match version_file::set_all(&mut held, &[edit]) {
                    Ok(()) | Err(VersionFileError::NoEntry { .. }) => {}
                    Err(error) => return Err(version_file_error(&error)),
                }
            }
            files.extend(held);
        }
        Ok(())
    }
}
