//! Everything that writes git: planned objects, local references, a remote, the user's own checkout.
//!
//! Invariants: a reference moves only from the value that the plan expects, and a tag is only ever created; a branch goes
//! forward only; one item is one transaction. What happened is decided by exit status, git's porcelain marks and object ids,
//! never by a sentence that git prints.
//!
//! Must not: force anything, run a hook, ask for a password, or move a reference that the item does not name (except that
//! commits without any are kept below `refs/shipway/` of the local repository).

pub mod local;
pub mod objects;
pub mod program;
pub mod remote;
pub mod worktree;

use crate::Context;
use gix::Repository;
use objects::{ObjectError, object_id, oid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_core::name::{Oid, RefName};
use shipway_core::target::{Failure, Found, Item, Presence, Receipt, TargetSpec};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// One reference that moves from `old` (`None`: it is not there) to `new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefChange {
    pub name: RefName,
    pub old: Option<Oid>,
    pub new: Oid,
}

impl RefChange {
    /// It stays where it is: a witness that must stand there while the others move.
    pub fn is_held(&self) -> bool {
        self.old.as_ref() == Some(&self.new)
    }
}

/// The repository that the setting `repository` names, relative to the run's own; without it, the run's own.
fn repository_of(spec: &TargetSpec, context: &Context) -> Result<PathBuf, Failure> {
    match spec.settings.get("repository") {
        None => Ok(context.repository.clone()),
        Some(Value::String(path)) if !path.is_empty() => Ok(context.repository.join(path)),
        Some(_) => Err(Failure::permanent(
            "the setting repository is the path of a git repository",
        )),
    }
}

/// What stands at a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Nothing,
    Object(Oid),
    /// It names another reference, as `HEAD` does.
    Symbolic(String),
}

impl At {
    fn is(&self, wanted: Option<&Oid>) -> bool {
        match self {
            Self::Nothing => wanted.is_none(),
            Self::Object(id) => wanted == Some(id),
            Self::Symbolic(_) => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Nothing => "missing".to_owned(),
            Self::Object(id) => format!("at {}", id.abbreviated()),
            Self::Symbolic(other) => format!("a symbolic reference to {other}"),
        }
    }
}

/// An error and its causes, outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// The item's body, in the shape that this kind of target has.
fn body<T: DeserializeOwned>(item: &Item) -> Result<T, Failure> {
    T::deserialize(&item.body).map_err(|error| {
        Failure::permanent(format!(
            "the item {:?} does not fit this target: {error}",
            item.name
        ))
    })
}

/// The rules for a set of references that move together.
fn check(refs: &[RefChange]) -> Result<(), Failure> {
    let names: BTreeSet<_> = refs.iter().map(|change| &change.name).collect();
    if refs.is_empty() || names.len() != refs.len() {
        return Err(Failure::permanent(
            "the item names no reference, or one of them twice",
        ));
    }
    let moved = |change: &&RefChange| {
        change.old.is_some() && change.name.as_str().starts_with("refs/tags/")
    };
    match refs.iter().find(moved) {
        Some(change) => Err(Failure::permanent(format!(
            "{} would move, and tags are only ever created",
            change.name
        ))),
        None => Ok(()),
    }
}

/// Before a branch moves: the new object is here, and it descends from the old one.
fn check_forward(repo: &Repository, refs: &[RefChange]) -> Result<(), Failure> {
    for change in refs {
        let new = object_id(&change.new)?;
        if !repo.has_object(new) {
            return Err(Failure::permanent(format!(
                "{} should go to {}, which is not in the repository",
                change.name,
                change.new.abbreviated()
            )));
        }
        match &change.old {
            Some(old) if is_branch(&change.name) && !descends(repo, &change.new, old)? => {
                return Err(Failure::permanent(format!(
                    "{} would go from {} to {}, which does not build on it",
                    change.name,
                    old.abbreviated(),
                    change.new.abbreviated()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_branch(name: &RefName) -> bool {
    name.as_str().starts_with("refs/heads/")
}

/// Whether the commit is `base` or has it among its ancestors. False where this repository does not have both.
fn descends(repo: &Repository, commit: &Oid, base: &Oid) -> Result<bool, ObjectError> {
    let (commit, base) = (object_id(commit)?, object_id(base)?);
    if commit == base {
        return Ok(true);
    }
    if !repo.has_object(commit) || !repo.has_object(base) {
        return Ok(false);
    }
    let walk = repo
        .rev_walk([commit])
        .all()
        .map_err(objects::reading("the history"))?;
    for step in walk {
        match step {
            Ok(step) if step.id == base => return Ok(true),
            Ok(_) => {}
            // The history ends where a shallow clone was cut off.
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}

/// Where a reference of this repository stands.
fn local_ref(repo: &Repository, name: &RefName) -> Result<At, ObjectError> {
    let found = repo
        .try_find_reference(name.as_str())
        .map_err(objects::reading(name.as_str()))?;
    let Some(found) = found else {
        return Ok(At::Nothing);
    };
    // A short name can match elsewhere; only this very reference counts.
    if found.name().as_bstr() != name.as_str() {
        return Ok(At::Nothing);
    }
    match found.target() {
        gix::refs::TargetRef::Object(id) => Ok(At::Object(oid(id.to_owned())?)),
        gix::refs::TargetRef::Symbolic(other) => Ok(At::Symbolic(other.as_bstr().to_string())),
    }
}

/// The first reference that is neither where the plan starts nor where it ends, in words.
fn off_course<'a>(places: impl IntoIterator<Item = (&'a RefChange, &'a At)>) -> Option<String> {
    places.into_iter().find_map(|(change, at)| {
        if at.is(Some(&change.new)) || at.is(change.old.as_ref()) {
            return None;
        }
        let expected = change
            .old
            .as_ref()
            .map_or("nothing there".to_owned(), |old| {
                format!("it at {}", old.abbreviated())
            });
        Some(format!(
            "{} is {} and the plan expects {expected}",
            change.name,
            at.describe()
        ))
    })
}

fn different(found: String) -> Presence {
    Presence::Different { found }
}

fn receipt(refs: &[RefChange], url: Option<String>) -> Receipt {
    let moved: Vec<String> = refs
        .iter()
        .map(|c| format!("{}@{}", c.name, c.new))
        .collect();
    Receipt {
        id: moved.join(" "),
        url,
    }
}

fn found(name: &RefName, at: &At) -> Option<Found> {
    let what = match at {
        At::Nothing => return None,
        At::Object(id) => id.to_string(),
        At::Symbolic(other) => format!("a symbolic reference to {other}"),
    };
    Some(Found {
        name: name.to_string(),
        what,
    })
}
