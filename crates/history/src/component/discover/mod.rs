//! Finding the components in the workspace files of a commit.
//!
//! At the top, or where nothing is at the top at most two directories below it, the workspace files and manifests of every
//! ecosystem are read, with all the members that they name. One directory is one component: where it holds several manifests,
//! name and version come from the first of Cargo, Python and npm that is published.
//!
//! Invariants: a manifest that is broken is an error, never a component less; all faults are told at once; every file is read
//! once.

mod cargo;
mod join;
mod manifest;
mod npm;
mod python;

use super::source::{Files, within};
use super::{Component, ComponentError, Ecosystem, Fault};
pub(super) use join::unknown;
use manifest::Manifest;
use shipway_core::config;
use std::collections::HashSet;

/// The files that make a directory one to look at.
const MANIFESTS: [&str; 5] = [
    cargo::MANIFEST,
    python::MANIFEST,
    npm::MANIFEST,
    npm::PNPM,
    npm::LERNA,
];

/// How far below the top is looked where there is nothing at the top.
const DEEPEST: usize = 2;

/// Finds the components, in the order of their directories.
///
/// # Errors
/// [`ComponentError::Faults`] with everything that is wrong; [`ComponentError::Files`] where the files cannot be read.
pub fn discover<F: Files>(
    files: &F,
    settings: &config::Components,
) -> Result<Vec<Component>, ComponentError> {
    let mut found = Found::default();
    let looked = roots(files)?
        .iter()
        .try_for_each(|root| found.look(files, root));
    if settings.discover {
        looked?;
    } else {
        // The workspace files tell what the named ones take over, and no more: what is wrong with the others is theirs.
        let named: HashSet<&str> = settings
            .named
            .iter()
            .map(|one| directory(&one.path))
            .collect();
        found
            .manifests
            .retain(|one| named.contains(one.directory.as_str()));
        found.faults.clear();
    }
    let known: HashSet<String> = found
        .manifests
        .iter()
        .map(|one| one.directory.clone())
        .collect();
    for named in &settings.named {
        if !known.contains(directory(&named.path)) {
            found.look_at_named(files, named)?;
        }
    }
    let components = join::components(found.manifests, settings, &mut found.faults);
    if found.faults.is_empty() {
        Ok(components)
    } else {
        Err(found.faults.into())
    }
}

/// What was read so far.
#[derive(Default)]
struct Found {
    manifests: Vec<Manifest>,
    faults: Vec<Fault>,
}

impl Found {
    /// Everything that is declared in a directory and that is not known yet.
    fn look<F: Files>(&mut self, files: &F, root: &str) -> Result<(), ComponentError> {
        let known = |found: &Self, ecosystem| {
            let mut manifests = found.manifests.iter();
            manifests.any(|one| one.ecosystem == ecosystem && one.directory == root)
        };
        if !known(self, Ecosystem::Cargo) {
            cargo::find(files, root, self)?;
        }
        if !known(self, Ecosystem::Python) {
            python::find(files, root, self)?;
        }
        if !known(self, Ecosystem::Npm) {
            npm::find(files, root, self)?;
        }
        Ok(())
    }

    /// The manifests of a component that the configuration names and no workspace file does.
    fn look_at_named<F: Files>(
        &mut self,
        files: &F,
        named: &config::Component,
    ) -> Result<(), ComponentError> {
        let path = directory(&named.path);
        if files.entries(path)?.is_none() {
            self.faults.push(Fault::NoDirectory {
                name: named.name.clone(),
                path: named.path.clone(),
            });
            return Ok(());
        }
        cargo::one(files, path, self)?;
        python::one(files, path, self)?;
        npm::one(files, path, self)
    }
}

/// The directory that the configuration means: `./` and `.` are the top.
pub(super) fn directory(path: &str) -> &str {
    let path = path.trim_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    if path == "." { "" } else { path }
}

/// The directories that the search begins in.
fn roots<F: Files>(files: &F) -> Result<Vec<String>, ComponentError> {
    let mut open = vec![String::new()];
    let mut roots = Vec::new();
    for depth in 0..=DEEPEST {
        let mut next = Vec::new();
        for directory in open {
            let entries = files.entries(&directory)?.unwrap_or_default();
            let is_root = entries
                .iter()
                .any(|entry| !entry.is_directory && MANIFESTS.contains(&entry.name.as_str()));
            if is_root {
                roots.push(directory);
                continue;
            }
            let below = entries
                .iter()
                .filter(|entry| entry.is_directory && !entry.name.starts_with('.'))
                .filter(|entry| entry.name != "node_modules" && entry.name != "target");
            next.extend(below.map(|entry| within(&directory, &entry.name)));
        }
        if depth == 0 && !roots.is_empty() {
            break;
        }
        open = next;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
