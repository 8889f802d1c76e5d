//! Versions and requirements of a workspace's members in `package-lock.json`, `npm-shrinkwrap.json` and `bun.lock`.
//!
//! Source of the rules: npm's documentation of package-lock.json. Format 1 knows the root only; formats 2 and 3 have an entry
//! for each folder of the workspace, which repeats its version and requirements.

use super::error::Fault;
use super::json::{self, Node};
use super::lock::{Change, Member};
use super::place::{Place, Replacement};
use super::requirement::NPM_TABLES;

/// The root's version, which stands twice.
pub(super) fn root(text: &str, _: Option<&str>) -> Result<Vec<Place>, Fault> {
    let lock = json::parse(text)?;
    let found = versions(text, &lock, "")?;
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
    let lock = json::parse(text)?;
    let mut edits = Vec::new();
    for change in changes {
        let found = match change {
            Change::Version { member, new } => {
                let places = versions(text, &lock, member.folder)?;
                let missing = places.is_empty() && has_members(text, &lock, member)?;
                edits.extend(places.into_iter().map(|place| (place.at, new.clone())));
                !missing
            }
            Change::Requirement {
                member,
                dependency,
                new,
            } => match entry(text, &lock, member.folder)? {
                Some(entry) => {
                    let mut known = false;
                    for table in NPM_TABLES {
                        if let Some(table) = entry.get(text, table)?
                            && let Some(Node::Text(at)) = table.get(text, dependency)?
                        {
                            known = true;
                            edits.push((at.clone(), (*new).to_owned()));
                        }
                    }
                    known
                }
                None => !has_members(text, &lock, member)?,
            },
        };
        if !found {
            return Ok(Err(change.clone()));
        }
    }
    Ok(Ok(edits))
}

/// Format 1 has the root's version and nothing of members.
fn has_members(text: &str, lock: &Node, member: &Member<'_>) -> Result<bool, Fault> {
    Ok(member.folder.is_empty()
        || lock.get(text, "packages")?.is_some()
        || lock.get(text, "workspaces")?.is_some())
}

/// What is said of a folder.
fn entry<'n>(text: &str, lock: &'n Node, folder: &str) -> Result<Option<&'n Node>, Fault> {
    for table in ["workspaces", "packages"] {
        if let Some(table) = lock.get(text, table)? {
            return table.get(text, folder);
        }
    }
    Ok(None)
}

fn versions(text: &str, lock: &Node, folder: &str) -> Result<Vec<Place>, Fault> {
    let mut found = Vec::new();
    let top = Some(lock).filter(|_| folder.is_empty());
    for node in [top, entry(text, lock, folder)?].into_iter().flatten() {
        if let Some(Node::Text(at)) = node.get(text, "version")? {
            found.push(at.clone().into());
        }
    }
    Ok(found)
}
