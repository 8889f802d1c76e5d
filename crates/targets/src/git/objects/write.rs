//! Writing what was planned: first all of it again in memory, then, if every id is the plan's, to disk.

use super::{Draft, ObjectError, first, mode, object_id, oid, open, reading, writing};
use gix::prelude::Write as _;
use gix::{ObjectId, Repository};
use shipway_core::diff;
use shipway_core::name::Oid;
use shipway_core::plan::{Commit, Tag};
use std::collections::BTreeSet;
use std::path::Path;

impl Draft {
    /// Makes a planned commit again from its parents and diffs, and compares every id on the way.
    fn replay(&self, planned: &Commit) -> Result<(), ObjectError> {
        let base = self.tree_of(first(&planned.parents)?)?;
        let mut edits = Vec::new();
        for change in &planned.changes {
            let before = self.entry(base, &change.path)?;
            let what = format!("{} before the edit", change.path);
            let id = before.map(|(_, id)| oid(id)).transpose()?;
            same(what, change.before.as_ref(), id.as_ref())?;
            let old = match before {
                Some((_, id)) => self.blob(id, &change.path)?,
                None => Vec::new(),
            };
            let bytes = diff::apply(&change.diff, &old).map_err(|source| ObjectError::Diff {
                path: change.path.clone(),
                source,
            })?;
            let after = self.store_blob(&bytes)?;
            let what = format!("{} after the edit", change.path);
            same(what, Some(&change.after), Some(&oid(after)?))?;
            edits.push((change.path.as_str(), mode(before), after));
        }
        let mut tree = self.edit(base, &edits)?;
        if planned.changes.is_empty() {
            // A merge without edits of its own takes over the tree of one of its parents.
            for parent in &planned.parents {
                let candidate = self.tree_of(parent)?;
                if oid(candidate)? == planned.tree {
                    tree = candidate;
                }
            }
        }
        let what = |part: &str| format!("the {} of the {} commit", part, planned.role);
        same(what("tree"), Some(&planned.tree), Some(&oid(tree)?))?;
        let id = self.store_commit(
            tree,
            &planned.parents,
            [&planned.author, &planned.committer],
            planned.at,
            &planned.message,
        )?;
        same(what("id"), Some(&planned.id), Some(&oid(id)?))
    }

    fn replay_tag(&self, tag: &Tag) -> Result<(), ObjectError> {
        let id = self.store_tag(&tag.name, &tag.target, &tag.tagger, tag.at, &tag.message)?;
        same(
            format!("the tag {}", tag.name),
            Some(&tag.id),
            Some(&oid(id)?),
        )
    }
}

/// Writes the planned commits and tag into the repository; no reference moves.
///
/// After success all of them are on disk and were read back. After a failure some objects may have been written; nothing
/// points to them, and git's own clean-up removes them.
///
/// # Errors
/// [`ObjectError::Differs`] and [`ObjectError::Diff`] where the plan does not describe what comes out; then nothing was written.
pub fn write(repository: &Path, commits: &[Commit], tag: Option<&Tag>) -> Result<(), ObjectError> {
    let draft = Draft::open(repository)?;
    for commit in commits {
        draft.replay(commit)?;
    }
    if let Some(tag) = tag {
        draft.replay_tag(tag)?;
    }
    let mut repo = draft.repo;
    let mut made: Vec<_> = repo
        .objects
        .take_object_memory()
        .map(|memory| {
            memory
                .iter()
                .map(|(id, (kind, data))| (*id, *kind, data.clone()))
                .collect()
        })
        .unwrap_or_default();
    // What is pointed to comes before what points to it.
    made.sort_by_key(|(id, kind, _)| (rank(*kind), *id));
    for (id, kind, data) in &made {
        let written = repo.objects.write_buf(*kind, data).map_err(writing)?;
        same(
            "an object".to_owned(),
            Some(&oid(*id)?),
            Some(&oid(written)?),
        )?;
    }
    let all = read_back(&open(repository)?, commits, tag)?;
    flush(repo.objects.store_ref().path(), &all).map_err(writing)
}

fn same(what: String, planned: Option<&Oid>, computed: Option<&Oid>) -> Result<(), ObjectError> {
    let name = |id: Option<&Oid>| id.map_or("nothing".to_owned(), ToString::to_string);
    if planned == computed {
        return Ok(());
    }
    Err(ObjectError::Differs {
        what,
        planned: name(planned),
        computed: name(computed),
    })
}

fn rank(kind: gix::objs::Kind) -> u8 {
    match kind {
        gix::objs::Kind::Blob => 0,
        gix::objs::Kind::Tree => 1,
        gix::objs::Kind::Commit => 2,
        gix::objs::Kind::Tag => 3,
    }
}

/// Reads every planned object with a fresh view of the repository and lists them, trees on the way included.
fn read_back(
    repo: &Repository,
    commits: &[Commit],
    tag: Option<&Tag>,
) -> Result<BTreeSet<ObjectId>, ObjectError> {
    let mut all = BTreeSet::new();
    let mut read = |id: ObjectId, what: &str| {
        all.insert(id);
        repo.find_object(id)
            .map_err(reading(format!("{what} back")))
    };
    for commit in commits {
        read(object_id(&commit.id)?, "the new commit")?;
        for change in &commit.changes {
            let mut at = object_id(&commit.tree)?;
            for part in change.path.split('/') {
                let tree = read(at, "a new tree")?
                    .try_into_tree()
                    .map_err(reading("a new tree"))?;
                let entry = tree.find_entry(part).map(|entry| entry.object_id());
                at = entry.ok_or_else(|| ObjectError::Missing(change.path.clone()))?;
            }
            read(at, &change.path)?;
        }
    }
    if let Some(tag) = tag {
        read(object_id(&tag.id)?, "the new tag")?;
    }
    Ok(all)
}

/// Brings loose objects and the directories that name them to stable storage, before a reference can point to them.
fn flush(objects: &Path, ids: &BTreeSet<ObjectId>) -> std::io::Result<()> {
    let mut directories = BTreeSet::from([objects.to_owned()]);
    for id in ids {
        let hex = id.to_string();
        let directory = objects.join(&hex[..2]);
        let path = directory.join(&hex[2..]);
        match fs_err::File::open(&path) {
            Ok(file) => {
                file.sync_all()?;
                directories.insert(directory);
            }
            // In a pack or in another repository's store: it was there before us.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    for directory in directories {
        fs_err::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
