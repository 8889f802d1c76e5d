//! The files of a commit, for [`discover`](super::discover()): only the directories that are asked for are read, each once.

use super::source::{Entry, Files};
use crate::error::HistoryError;
use crate::objects::CommitId;
use crate::repository::Repository;
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use gix::objs::{Kind, TreeRefIter};
use shipway_core::name::Oid;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A commit's files.
pub struct CommitFiles<'r> {
    repository: &'r Repository,
    /// By path; `None` where there is no directory.
    directories: RefCell<HashMap<String, Option<Rc<Directory>>>>,
}

/// Sorted by name.
struct Directory(Vec<Inside>);

struct Inside {
    name: String,
    kind: EntryKind,
    id: ObjectId,
}

impl<'r> CommitFiles<'r> {
    /// # Errors
    /// [`HistoryError::Missing`] where the commit or its tree is not there.
    pub fn of(repository: &'r Repository, commit: &Oid) -> Result<Self, HistoryError> {
        let CommitId(id) = CommitId::try_from(commit)?;
        let read = |source| HistoryError::read(format!("commit {commit}"), source);
        let found = repository.git.find_commit(id).map_err(read)?;
        let tree = found.tree_id().map_err(read)?.detach();
        let top = Directory::read(repository, tree)?;
        let directories = HashMap::from([(String::new(), Some(Rc::new(top)))]);
        Ok(Self {
            repository,
            directories: RefCell::new(directories),
        })
    }

    fn directory(&self, path: &str) -> Result<Option<Rc<Directory>>, HistoryError> {
        if let Some(known) = self.directories.borrow().get(path) {
            return Ok(known.clone());
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let found = match self
            .directory(above)?
            .as_deref()
            .and_then(|above| above.find(name))
        {
            Some(inside) if inside.kind == EntryKind::Tree => {
                Some(Rc::new(Directory::read(self.repository, inside.id)?))
            }
            _ => None,
        };
        let mut directories = self.directories.borrow_mut();
        directories.insert(path.to_owned(), found.clone());
        Ok(found)
    }
}

impl Directory {
    fn read(repository: &Repository, tree: ObjectId) -> Result<Self, HistoryError> {
        let mut buffer = Vec::new();
        let data = repository.objects.get(&tree, Kind::Tree, &mut buffer)?;
        let mut inside = Vec::new();
        for entry in TreeRefIter::from_bytes(data, tree.kind()) {
            let entry =
                entry.map_err(|source| HistoryError::read(format!("tree {tree}"), source))?;
            inside.push(Inside {
                name: entry.filename.to_str_lossy().into_owned(),
                kind: entry.mode.kind(),
                id: entry.oid.to_owned(),
            });
        }
        // Git sorts directories as if their names ended with `/`.
        inside.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(inside))
    }

    fn find(&self, name: &str) -> Option<&Inside> {
        let at = self
            .0
            .binary_search_by(|inside| inside.name.as_str().cmp(name))
            .ok()?;
        self.0.get(at)
    }
}

impl Files for CommitFiles<'_> {
    fn entries(&self, directory: &str) -> Result<Option<Vec<Entry>>, HistoryError> {
        let found = self.directory(directory)?;
        // Links and submodules are neither file nor directory.
        Ok(found.map(|found| {
            let known = found.0.iter().filter(|one| {
                matches!(
                    one.kind,
                    EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable
                )
            });
            let entry = |one: &Inside| Entry {
                name: one.name.clone(),
                is_directory: one.kind == EntryKind::Tree,
            };
            known.map(entry).collect()
        }))
    }

    fn read(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, HistoryError> {
        let mut blobs = Vec::with_capacity(paths.len());
        for path in paths {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            let found = self.directory(directory)?;
            let inside = found.as_deref().and_then(|directory| directory.find(name));
            let is_file =
                |one: &&Inside| matches!(one.kind, EntryKind::Blob | EntryKind::BlobExecutable);
            blobs.push(inside.filter(is_file).map(|one| one.id));
        }
        self.repository
            .objects
            .each(&blobs, |objects, buffer, id| match id {
                Some(id) => Ok(Some(objects.get(id, Kind::Blob, buffer)?.to_vec())),
                None => Ok(None),
            })
    }
}
