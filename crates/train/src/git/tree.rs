//! The files of one commit, whose directories are read once however many of their files are asked for.

use super::mirror::{Entry, Mirror};
use crate::facts::{Reason, Unknown};
use gix::ObjectId;
use gix::objs::tree::EntryKind;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

type Listing = Rc<BTreeMap<String, Entry>>;

pub(crate) struct Tree<'m> {
    mirror: &'m Mirror,
    root: ObjectId,
    /// By path, without a slash at the end.
    known: RefCell<HashMap<String, Listing>>,
}

impl<'m> Tree<'m> {
    /// # Errors
    /// The commit is not there.
    pub fn of(mirror: &'m Mirror, commit: ObjectId) -> Result<Self, Unknown> {
        let root = mirror.tree_of(commit)?;
        Ok(Self {
            mirror,
            root,
            known: RefCell::default(),
        })
    }

    /// What stands at a path.
    pub fn entry(&self, path: &str) -> Result<Option<Entry>, Unknown> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let listing = self.directory(directory)?;
        Ok(listing.and_then(|it| it.get(name).copied()))
    }

    /// What stands in a directory; `None` where there is none.
    pub fn directory(&self, path: &str) -> Result<Option<Listing>, Unknown> {
        // From the top, so that nothing goes deeper than a path is long.
        let mut tree = self.root;
        let mut listing = self.listing("", tree)?;
        let mut end = 0;
        for part in path.split('/').filter(|it| !it.is_empty()) {
            end = if end == 0 {
                part.len()
            } else {
                end + 1 + part.len()
            };
            match listing.get(part).filter(|it| it.mode.is_tree()) {
                Some(entry) => tree = entry.id,
                None => return Ok(None),
            }
            listing = self.listing(&path[..end], tree)?;
        }
        Ok(Some(listing))
    }

    fn listing(&self, path: &str, tree: ObjectId) -> Result<Listing, Unknown> {
        if let Some(listing) = self.known.borrow().get(path) {
            return Ok(Rc::clone(listing));
        }
        let listing: Listing = Rc::new(self.mirror.list(tree)?.into_iter().collect());
        self.known
            .borrow_mut()
            .insert(path.to_owned(), Rc::clone(&listing));
        Ok(listing)
    }

    /// A file's content. Links are followed within the tree, a few times.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Unknown> {
        let mut path = path.to_owned();
        for _ in 0..4 {
            let Some(entry) = self.entry(&path)? else {
                return Ok(None);
            };
            match entry.mode.kind() {
                EntryKind::Blob | EntryKind::BlobExecutable => {
                    return self.mirror.blob(entry.id, &path).map(Some);
                }
                EntryKind::Link => {
                    let target = self.mirror.blob(entry.id, &path)?;
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let Some(next) = follow(&path, &target) else {
                        return Err(self.mirror.at(
                            &path,
                            Reason::NotWritten,
                            "a link that leads out of the repository",
                        ));
                    };
                    path = next;
                }
                EntryKind::Tree | EntryKind::Commit => return Ok(None),
            }
        }
        Err(self.mirror.at(
            &path,
            Reason::NotWritten,
            "a link that leads to too many others",
        ))
    }
}

/// Where a link at `path` leads, from the top of the repository.
fn follow(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        return None;
    }
    for part in target.trim_end().split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
