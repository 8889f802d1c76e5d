//! Versions and requirements of a workspace's members in `package-lock.json`, `npm-shrinkwrap.json` and `bun.lock`.
//!
//! Source of the rules: npm's documentation of package-lock.json. Format 1 knows the root only; formats 2 and 3 have an entry
//! for each folder of the workspace, which repeats its version and requirements.

use super::error::Fault;
use super::json::{self, Node};
use super::lock::Change;
use super::place::{Place, Replacement};
use super::requirement::NPM_TABLES;
use std::borrow::Cow;
use std::collections::HashMap;

/// The root's version, which stands twice.
pub(super) fn root(text: &str, _: Option<&str>) -> Result<Vec<Place>, Fault> {
    let found = Lock::of(text)?.versions("")?;
    if found.is_empty() {
        return Err(Fault::Missing("the root has no version in it"));
    }
    Ok(found)
}

/// The edits of all changes; `Err` in the result says which has nothing to change.
pub(super) fn edits<'c>(
    text: &str,
    changes: &[Change<'c>],
) -> Result<Result<Vec<Replacement>, Change<'c>>, Fault> {
    let lock = Lock::of(text)?;
    let mut edits = Vec::new();
    for change in changes {
        let (Change::Version { member, .. } | Change::Requirement { member, .. }) = change;
        // Format 1 has the root's version and nothing of members.
        let mut found = lock.folders.is_none() && !member.folder.is_empty();
        match change {
            Change::Version { new, .. } => {
                for place in lock.versions(member.folder)? {
                    found = true;
                    edits.push((place.at, new.clone()));
                }
            }
            Change::Requirement {
                dependency, new, ..
            } => {
                let entry = lock.entry(member.folder);
                found |= lock.folders.is_none();
                for table in NPM_TABLES {
                    if let Some(entry) = entry
                        && let Some(table) = entry.get(text, table)?
                        && let Some(Node::Text(at)) = table.get(text, dependency)?
                    {
                        found = true;
                        edits.push((at.clone(), (*new).to_owned()));
                    }
                }
            }
        }
        if !found {
            return Ok(Err(change.clone()));
        }
    }
    Ok(Ok(edits))
}

struct Lock<'t> {
    text: &'t str,
    root: Node,
    /// Which entry of `packages` (npm) or `workspaces` (Bun) is of which folder.
    folders: Option<HashMap<Cow<'t, str>, Node>>,
}

impl<'t> Lock<'t> {
    fn of(text: &'t str) -> Result<Self, Fault> {
        let mut root = json::parse(text)?;
        let mut folders = None;
        for table in ["workspaces", "packages"] {
            // Bun has both; its `packages` are what is installed.
            if folders.is_none()
                && let Some(table) = root.take(text, table)?
            {
                folders = Some(table.entries(text)?);
            }
        }
        Ok(Self {
            text,
            root,
            folders,
        })
    }

    /// What is said of a folder.
    fn entry(&self, folder: &str) -> Option<&Node> {
        self.folders.as_ref()?.get(folder)
    }

    fn versions(&self, folder: &str) -> Result<Vec<Place>, Fault> {
        let mut found = Vec::new();
        let top = Some(&self.root).filter(|_| folder.is_empty());
        for node in [top, self.entry(folder)].into_iter().flatten() {
            if let Some(Node::Text(at)) = node.get(self.text, "version")? {
                found.push(at.clone().into());
            }
        }
        Ok(found)
    }
}
