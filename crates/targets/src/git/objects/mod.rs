//! Commits and tags, computed before anything is written and written only as they were computed.
//!
//! Invariants: computing touches nothing on disk; object ids are those that git itself gives the same content; writing
//! first recomputes every blob, tree, commit and tag in memory, compares each id with the plan's, and stores nothing when
//! one differs; what was written is on stable storage and was read back when [`write`] returns.
//!
//! Must not: move a reference, or follow a symbolic link or submodule that stands in a path.

mod value;
mod write;

pub use write::write;

use super::chain;
use gix::objs::tree::EntryKind;
use gix::{ObjectId, Repository};
use shipway_core::diff::{self, DiffError};
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Commit, FileChange, GitTime, Person, Tag};
use shipway_core::target::Failure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use value::{bad_path, checked, parts, signature, text};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a commit or tag cannot be computed or written.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("cannot open the git repository {}", path.display())]
    Open { path: PathBuf, source: Cause },
    #[error("cannot read {what}")]
    Read { what: String, source: Cause },
    #[error("{0} is not in the repository")]
    Missing(String),
    #[error("{path:?} cannot be changed: {why}")]
    Path { path: String, why: &'static str },
    #[error("{what} cannot be kept in a git object: {why}")]
    Value {
        what: &'static str,
        why: &'static str,
    },
    #[error("the edit of {path} does not fit")]
    Diff { path: String, source: DiffError },
    #[error("{what}: the plan says {planned}, and it comes out as {computed}")]
    Differs {
        what: String,
        planned: String,
        computed: String,
    },
    #[error("cannot write to the repository")]
    Write { source: Cause },
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        let message = chain(&error);
        match error {
            // Objects that nothing points to are nothing: writing them again is safe.
            ObjectError::Write { .. } => Self::transient(message),
            ObjectError::Differs { .. } | ObjectError::Diff { .. } => {
                Self::permanent(message).hinted("the repository moved since: make a new plan")
            }
            ObjectError::Open { .. } => Self::permanent(message)
                .hinted("it has to be a git repository with SHA-1 object ids"),
            _ => Self::permanent(message),
        }
    }
}

pub(super) fn reading(what: impl Into<String>) -> impl FnOnce(gix::Error) -> ObjectError {
    let what = what.into();
    move |source| ObjectError::Read {
        what,
        source: source.into(),
    }
}

fn writing(source: impl Into<Cause>) -> ObjectError {
    ObjectError::Write {
        source: source.into(),
    }
}

/// What a new commit says, without its files.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// `release`, `merge`, `next-version`.
    pub role: &'a str,
    /// At least one; the files are edits against the first.
    pub parents: &'a [Oid],
    pub author: &'a Person,
    pub committer: &'a Person,
    pub at: GitTime,
    pub message: &'a str,
}

/// A repository in which commits are tried out: it reads the real objects and keeps the new ones in memory, so that a
/// later commit can build on an earlier one.
pub struct Draft {
    repo: Repository,
}

impl Draft {
    pub fn open(repository: &Path) -> Result<Self, ObjectError> {
        Ok(Self {
            repo: open(repository)?.with_object_memory(),
        })
    }

    /// The bytes of a file in a commit; `None` where there is no such path.
    pub fn file(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let tree = self.tree_of(commit)?;
        match self.entry(tree, path)? {
            Some((_, id)) => Ok(Some(self.blob(id, path)?)),
            None => Ok(None),
        }
    }

    /// A commit that sets these files, each with its whole new content, and leaves every other as the first parent has it.
    /// A file that holds the bytes already is no change; a mode stays as it is, and a new file is not executable.
    pub fn commit(
        &self,
        new: &NewCommit<'_>,
        files: &[(String, Vec<u8>)],
    ) -> Result<Commit, ObjectError> {
        let base = self.tree_of(first(new.parents)?)?;
        let mut paths = BTreeSet::new();
        let mut edits = Vec::new();
        let mut changes = Vec::new();
        for (path, bytes) in files {
            if !paths.insert(path) {
                return Err(bad_path(path, "it is named twice"));
            }
            let before = self.entry(base, path)?;
            let after = self.store_blob(bytes)?;
            if before.is_some_and(|(_, id)| id == after) {
                continue;
            }
            let old = match before {
                Some((_, id)) => Some(self.blob(id, path)?),
                None => None,
            };
            let diff =
                diff::unified(path, old.as_deref(), bytes).map_err(|source| ObjectError::Diff {
                    path: path.clone(),
                    source,
                })?;
            edits.push((path.as_str(), mode(before), after));
            changes.push(FileChange {
                path: path.clone(),
                before: before.map(|(_, id)| oid(id)).transpose()?,
                after: oid(after)?,
                diff,
            });
        }
        let tree = self.edit(base, &edits)?;
        self.finish(new, tree, changes)
    }

    /// A commit with the tree of `tree_of` (one of its parents) and no changes of its own.
    pub fn merge(&self, new: &NewCommit<'_>, tree_of: &Oid) -> Result<Commit, ObjectError> {
        let tree = self.tree_of(tree_of)?;
        self.finish(new, tree, Vec::new())
    }

    /// An annotated tag on a commit.
    pub fn tag(
        &self,
        name: &RefName,
        target: &Oid,
        tagger: &Person,
        at: GitTime,
        message: &str,
    ) -> Result<Tag, ObjectError> {
        let message = text("the tag's message", message)?;
        let id = self.store_tag(name, target, tagger, at, &message)?;
        Ok(Tag {
            id: oid(id)?,
            name: name.clone(),
            target: target.clone(),
            tagger: tagger.clone(),
            at,
            message,
        })
    }

    fn finish(
        &self,
        new: &NewCommit<'_>,
        tree: ObjectId,
        changes: Vec<FileChange>,
    ) -> Result<Commit, ObjectError> {
        let message = text("the commit's message", new.message)?;
        let id = self.store_commit(
            tree,
            new.parents,
            [new.author, new.committer],
            new.at,
            &message,
        )?;
        Ok(Commit {
            role: new.role.to_owned(),
            id: oid(id)?,
            tree: oid(tree)?,
            parents: new.parents.to_vec(),
            author: new.author.clone(),
            committer: new.committer.clone(),
            at: new.at,
            message,
            changes,
        })
    }

    fn store_blob(&self, bytes: &[u8]) -> Result<ObjectId, ObjectError> {
        self.repo
            .write_blob(bytes)
            .map(gix::Id::detach)
            .map_err(writing)
    }

    fn store_commit(
        &self,
        tree: ObjectId,
        parents: &[Oid],
        [author, committer]: [&Person; 2],
        at: GitTime,
        message: &str,
    ) -> Result<ObjectId, ObjectError> {
        let mut ids = Vec::new();
        for parent in parents {
            self.tree_of(parent)?;
            ids.push(object_id(parent)?);
        }
        let commit = gix::objs::Commit {
            tree,
            parents: ids.into_iter().collect(),
            author: signature(author, at)?,
            committer: signature(committer, at)?,
            encoding: None,
            message: checked("the commit's message", message)?,
            extra_headers: Vec::new(),
        };
        self.repo
            .write_object(&commit)
            .map(gix::Id::detach)
            .map_err(writing)
    }

    fn store_tag(
        &self,
        name: &RefName,
        target: &Oid,
        tagger: &Person,
        at: GitTime,
        message: &str,
    ) -> Result<ObjectId, ObjectError> {
        let Some(short) = name.as_str().strip_prefix("refs/tags/") else {
            return Err(ObjectError::Value {
                what: "the tag's name",
                why: "it is not below refs/tags/",
            });
        };
        self.tree_of(target)?;
        let tag = gix::objs::Tag {
            target: object_id(target)?,
            target_kind: gix::objs::Kind::Commit,
            name: short.into(),
            tagger: Some(signature(tagger, at)?),
            message: checked("the tag's message", message)?,
            signature: None,
        };
        self.repo
            .write_object(&tag)
            .map(gix::Id::detach)
            .map_err(writing)
    }

    fn tree_of(&self, commit: &Oid) -> Result<ObjectId, ObjectError> {
        let id = object_id(commit)?;
        let what = format!("commit {}", commit.abbreviated());
        let found = self
            .repo
            .try_find_object(id)
            .map_err(reading(what.clone()))?;
        let commit = found
            .ok_or_else(|| ObjectError::Missing(what.clone()))?
            .try_into_commit()
            .map_err(reading(what.clone()))?;
        commit.tree_id().map(gix::Id::detach).map_err(reading(what))
    }

    fn blob(&self, id: ObjectId, path: &str) -> Result<Vec<u8>, ObjectError> {
        let mut blob = self.repo.find_blob(id).map_err(reading(path))?;
        Ok(blob.take_data())
    }

    /// Kind and id of the plain file at this path.
    fn entry(
        &self,
        tree: ObjectId,
        path: &str,
    ) -> Result<Option<(EntryKind, ObjectId)>, ObjectError> {
        let parts = parts(path)?;
        let mut at = tree;
        for (depth, part) in parts.iter().enumerate() {
            let tree = self.repo.find_tree(at).map_err(reading(path))?;
            let found = tree
                .find_entry(*part)
                .map(|entry| (entry.mode().kind(), entry.object_id()));
            let is_last = depth + 1 == parts.len();
            match found {
                None => return Ok(None),
                Some((EntryKind::Tree, _)) if is_last => {
                    return Err(bad_path(path, "it is a directory"));
                }
                Some((EntryKind::Tree, id)) => at = id,
                Some((EntryKind::Link, _)) => {
                    return Err(bad_path(path, "a symbolic link stands in it"));
                }
                Some((EntryKind::Commit, _)) => {
                    return Err(bad_path(path, "a submodule stands in it"));
                }
                Some(found) if is_last => return Ok(Some(found)),
                Some(_) => return Err(bad_path(path, "a file stands where it needs a directory")),
            }
        }
        Ok(None)
    }

    fn edit(
        &self,
        base: ObjectId,
        edits: &[(&str, EntryKind, ObjectId)],
    ) -> Result<ObjectId, ObjectError> {
        if edits.is_empty() {
            return Ok(base);
        }
        let mut editor = self
            .repo
            .edit_tree(base)
            .map_err(reading("the parent's tree"))?;
        for (path, kind, id) in edits {
            editor.upsert(*path, *kind, *id).map_err(reading(*path))?;
        }
        editor
            .write()
            .map(gix::Id::detach)
            .map_err(reading("the new tree"))
    }
}

/// Whether each of these objects is in the repository.
pub fn are_present<'a>(
    repo: &Repository,
    ids: impl IntoIterator<Item = &'a Oid>,
) -> Result<bool, ObjectError> {
    for id in ids {
        if !repo.has_object(object_id(id)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens it with nothing but its own configuration: no environment and no user's settings change what is computed.
pub fn open(repository: &Path) -> Result<Repository, ObjectError> {
    gix::open_opts(repository, gix::open::Options::isolated()).map_err(|source| ObjectError::Open {
        path: repository.to_owned(),
        source: source.into(),
    })
}

pub(super) fn object_id(id: &Oid) -> Result<ObjectId, ObjectError> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(|source| ObjectError::Read {
        what: format!("object id {id} (repositories with SHA-256 ids are not supported)"),
        source: source.into(),
    })
}

pub(super) fn oid(id: ObjectId) -> Result<Oid, ObjectError> {
    Oid::new(id.to_string()).map_err(|source| ObjectError::Read {
        what: "an object id".to_owned(),
        source: source.into(),
    })
}

fn mode(before: Option<(EntryKind, ObjectId)>) -> EntryKind {
    before.map_or(EntryKind::Blob, |(kind, _)| kind)
}

fn first(parents: &[Oid]) -> Result<&Oid, ObjectError> {
    parents.first().ok_or(ObjectError::Value {
        what: "a commit without parents",
        why: "a release builds on what is there",
    })
}
