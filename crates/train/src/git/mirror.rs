//! One repository on disk, read in process: its references and its objects.
//!
//! Invariants: nothing is written, no remote is asked, and neither the user's nor the machine's configuration counts. An object
//! that is named and not there, is too large, or is of another kind is an [`Unknown`], never an empty one.

use crate::facts::{Place, Reason, Unknown};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryMode;
use shipway_core::name::Oid;
use std::path::Path;

/// Files that people write by hand and that are read here are far smaller.
pub(crate) const LARGEST_FILE: u64 = 4 * 1024 * 1024;

pub(crate) struct Mirror {
    /// The name in the train.
    pub name: String,
    pub git: gix::Repository,
}

/// What a repository's references say, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// The branch that HEAD names, whether or not it is there.
    pub head: Option<String>,
    /// Full name, what it holds, and the object behind annotated tags if that is written down.
    pub all: Vec<(String, ObjectId)>,
    /// Commits whose parents were not fetched.
    pub cut: Vec<ObjectId>,
}

/// An entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub mode: EntryMode,
    pub id: ObjectId,
}

impl Mirror {
    /// Opens the repository at exactly this path: bare, or a working tree.
    pub fn open(name: &str, path: &Path) -> Result<Self, Unknown> {
        let options = gix::open::Options::isolated().bail_if_untrusted(false);
        match gix::open_opts(path, options) {
            Ok(git) => Ok(Self {
                name: name.to_owned(),
                git,
            }),
            Err(_) => {
                let detail = format!("there is no git repository at {}", path.display());
                let place = Place::repository(name);
                Err(Unknown::new(Reason::RepositoryMissing, detail, place))
            }
        }
    }

    pub fn place(&self) -> Place {
        Place::repository(&self.name)
    }

    pub fn references(&self) -> Result<References, Unknown> {
        let damaged = |what: &str| {
            let detail = format!("{what} cannot be read");
            Unknown::new(Reason::ObjectMissing, detail, self.place())
        };
        let head = self.git.head_name().map_err(|_| damaged("HEAD"))?;
        let platform = self
            .git
            .references()
            .map_err(|_| damaged("the references"))?;
        let mut all = Vec::new();
        for reference in platform.all().map_err(|_| damaged("the references"))? {
            // A single broken reference is passed over, as git does.
            let Ok(reference) = reference else { continue };
            let Ok(name) = reference.name().as_bstr().to_str() else {
                continue;
            };
            if let Some(id) = reference.inner.target.try_id() {
                all.push((name.to_owned(), id.to_owned()));
            }
        }
        all.sort();
        let shallow = self.git.shallow_commits().ok().flatten();
        let mut cut: Vec<ObjectId> =
            shallow.map_or_else(Vec::new, |it| it.iter().copied().collect());
        cut.sort();
        let head = head.and_then(|name| name.shorten().to_str().map(str::to_owned).ok());
        Ok(References { head, all, cut })
    }

    fn missing(&self, what: &str, id: ObjectId) -> Unknown {
        let detail = format!("{what} {id} is named, but is not in this copy of the repository");
        Unknown::new(Reason::ObjectMissing, detail, self.place())
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, Unknown> {
        let object = self.git.try_find_object(commit).ok().flatten();
        let object = object.filter(|it| it.kind == gix::objs::Kind::Commit);
        let object = object.ok_or_else(|| self.missing("commit", commit))?;
        let mut header = gix::objs::CommitRefIter::from_bytes(&object.data, commit.kind());
        header
            .tree_id()
            .map_err(|_| self.missing("the tree of commit", commit))
    }

    /// What stands at a path below a tree.
    pub fn entry(&self, tree: ObjectId, path: &str) -> Result<Option<Entry>, Unknown> {
        let mut tree = tree;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let object = self.git.try_find_object(tree).ok().flatten();
            let object = object.ok_or_else(|| self.missing("directory", tree))?;
            if object.kind != gix::objs::Kind::Tree {
                return Ok(None);
            }
            let entries = gix::objs::TreeRefIter::from_bytes(&object.data, tree.kind());
            let found = entries
                .filter_map(Result::ok)
                .find(|it| it.filename == part.as_bytes());
            let Some(found) = found else {
                return Ok(None);
            };
            let entry = Entry {
                mode: found.mode,
                id: found.oid.to_owned(),
            };
            if parts.peek().is_none() {
                return Ok(Some(entry));
            }
            tree = entry.id;
        }
        Ok(None)
    }

    /// The files and directories in a directory, sorted as git sorts them.
    pub fn list(&self, tree: ObjectId) -> Result<Vec<(String, Entry)>, Unknown> {
        let object = self.git.try_find_object(tree).ok().flatten();
        let object = object.ok_or_else(|| self.missing("directory", tree))?;
        let entries = gix::objs::TreeRefIter::from_bytes(&object.data, tree.kind());
        let entry = |it: gix::objs::tree::EntryRef<'_>| {
            let name = it.filename.to_str_lossy().into_owned();
            (
                name,
                Entry {
                    mode: it.mode,
                    id: it.oid.to_owned(),
                },
            )
        };
        Ok(entries.filter_map(Result::ok).map(entry).collect())
    }

    /// A blob, unless it is too large.
    pub fn blob(&self, id: ObjectId, path: &str) -> Result<Vec<u8>, Unknown> {
        let header = self.git.try_find_header(id).ok().flatten();
        let header = header.ok_or_else(|| {
            let detail = "the file is named, but is not in this copy of the repository";
            self.at(path, Reason::ObjectMissing, detail)
        })?;
        if header.size() > LARGEST_FILE {
            let detail = format!("the file has {} bytes: more than is read", header.size());
            return Err(self.at(path, Reason::TooLarge, &detail));
        }
        let object = self.git.try_find_object(id).ok().flatten();
        let mut object = object.ok_or_else(|| self.missing("file", id))?;
        Ok(std::mem::take(&mut object.data))
    }

    pub fn at(&self, path: &str, reason: Reason, detail: &str) -> Unknown {
        let place = Place {
            path: path.to_owned(),
            ..self.place()
        };
        Unknown::new(reason, detail, place)
    }
}

/// An id as the rest of Shipway writes it.
pub(crate) fn oid(id: &gix::oid) -> Oid {
    // The hexadecimal form of an id is what `Oid` accepts.
    Oid::new(id.to_string()).unwrap_or_else(|_| null())
}

fn null() -> Oid {
    #[expect(clippy::unwrap_used, reason = "forty zeros are an id")]
    Oid::new("0".repeat(40)).unwrap()
}

pub(crate) fn object_id(id: &Oid) -> Option<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes()).ok()
}
