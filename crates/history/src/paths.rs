//! Which files commits changed, and which files a commit has: by trees alone, without a look at any content.
//!
//! Invariants: a commit is compared with its parents as `git log --name-only --no-renames -c` does: a path is listed when it
//! differs from what every parent has there, so a clean merge lists nothing, and a commit without parents lists everything.
//! Subtrees that are the same are not read.

use crate::commit::Headers;
use crate::error::HistoryError;
use crate::objects::{CommitId, Objects};
use crate::repository::Repository;
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::tree::{EntryKind, EntryMode};
use gix::objs::{Kind, TreeRefIter};
use shipway_core::name::Oid;
use std::cmp::Ordering;
use std::ops::Range;

/// Directories in directories that are looked into; git's own `core.maxTreeDepth` is 2048, and 512 where stacks are small.
const DEEPEST: usize = 512;

/// What to do with a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enter {
    /// Look into it.
    Into,
    /// List the directory itself, as a path that ends with `/`, and nothing below it.
    Whole,
    /// Pass it over.
    Skip,
}

/// A file of a commit that was not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the top, with `/`; bytes that are no text are shown as U+FFFD.
    pub path: String,
    blob: ObjectId,
}

impl TreeFile {
    /// The blob.
    ///
    /// # Errors
    /// [`HistoryError::Name`], which no id of git's gives.
    pub fn id(&self) -> Result<Oid, HistoryError> {
        CommitId(self.blob).oid()
    }
}

impl Repository {
    /// What `make` makes of the paths that each commit changed (relative to the top, with `/`, in git's order; bytes that are
    /// no text are shown as U+FFFD). `enter` is asked about each directory in which something changed, by its path without a
    /// `/` at the end, and may spare the rest of it. Over as many threads as pay.
    ///
    /// # Errors
    /// [`HistoryError::NotFetched`] in a clone without trees.
    pub fn changed_paths<T: Send>(
        &self,
        commits: &[CommitId],
        enter: impl Fn(&str) -> Enter + Sync,
        make: impl Fn(CommitId, Vec<String>) -> T + Sync,
    ) -> Result<Vec<T>, HistoryError> {
        let with_parents: Vec<(CommitId, Vec<ObjectId>)> = {
            let mut graph = self.graph.borrow_mut();
            let mut parents = |id: &CommitId| {
                let place = graph.find(&self.objects, id.0)?;
                if graph.is_cut(place) {
                    let boundary = id.oid()?;
                    return Err(HistoryError::Shallow { boundary });
                }
                Ok((*id, graph.parent_ids(place)))
            };
            commits.iter().map(&mut parents).collect::<Result<_, _>>()?
        };
        let objects = self.objects.for_trees();
        objects.each(&with_parents, |objects, buffer, (id, parents)| {
            let mut diff = Diff {
                objects,
                enter: &enter,
                paths: Vec::new(),
                path: String::new(),
            };
            let tree = root(objects, buffer, id.0)?;
            let parents = parents.iter().map(|parent| root(objects, buffer, *parent));
            let mut sides: Vec<Option<ObjectId>> = vec![Some(tree)];
            for parent in parents {
                sides.push(Some(parent?));
            }
            if sides.len() == 1 {
                sides.push(None);
            }
            diff.directory(&sides, 0)?;
            Ok(make(*id, diff.paths))
        })
    }

    /// The files of a commit for which `wanted` says so by their path; `enter` is asked about each directory, by its path.
    /// Links and submodules are no files. In git's order.
    ///
    /// # Errors
    /// [`HistoryError::NotFetched`] in a clone without trees.
    pub fn files(
        &self,
        commit: &Oid,
        enter: impl Fn(&str) -> Enter,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<TreeFile>, HistoryError> {
        let mut buffer = Vec::new();
        let CommitId(commit) = CommitId::try_from(commit)?;
        let tree = root(&self.objects, &mut buffer, commit)?;
        let mut list = List {
            objects: &self.objects,
            enter: &enter,
            wanted: &wanted,
            found: Vec::new(),
            path: String::new(),
        };
        list.directory(&tree, 0)?;
        Ok(list.found)
    }

    /// What `make` makes of the content of each file, in their order. Over as many threads as pay.
    ///
    /// # Errors
    /// [`HistoryError::NotFetched`] in a clone without the contents of files.
    pub fn read_files<T: Send>(
        &self,
        files: &[TreeFile],
        make: impl Fn(&TreeFile, &[u8]) -> T + Sync,
    ) -> Result<Vec<T>, HistoryError> {
        self.objects.each(files, |objects, buffer, file| {
            Ok(make(file, objects.get(&file.blob, Kind::Blob, buffer)?))
        })
    }
}

/// The tree of a commit.
pub(crate) fn root(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    commit: ObjectId,
) -> Result<ObjectId, HistoryError> {
    let headers = Headers::read(objects, &commit, buffer)?;
    headers.tree.ok_or_else(|| HistoryError::Damaged {
        what: format!("commit {commit}"),
        why: "it names no tree",
    })
}

fn entries<'a>(
    tree: &ObjectId,
    data: &'a [u8],
) -> impl Iterator<Item = Result<Entry<'a>, HistoryError>> + use<'a> {
    let what = tree.to_string();
    TreeRefIter::from_bytes(data, tree.kind()).map(move |entry| {
        let entry = entry.map_err(|source| HistoryError::read(format!("tree {what}"), source))?;
        Ok(Entry {
            name: entry.filename,
            mode: entry.mode,
            id: entry.oid.to_owned(),
        })
    })
}

/// Bytes that are compared at once.
const RUN: usize = 256;

/// The parts of two trees without the entries that are the same at their beginnings and ends. Cut between entries only.
fn differing(one: &[u8], other: &[u8], id_length: usize) -> Vec<Range<usize>> {
    let runs = one.chunks_exact(RUN).zip(other.chunks_exact(RUN));
    let same = runs.take_while(|(a, b)| a == b).count() * RUN;
    let bytes = one[same..].iter().zip(&other[same..]);
    let same = same + bytes.take_while(|(a, b)| a == b).count();
    let start = entry_at(one, 0, same, id_length, Cut::Before);
    let left = one.len().min(other.len()) - start;
    let (tail, other_tail) = (&one[one.len() - left..], &other[other.len() - left..]);
    let runs = tail.rchunks_exact(RUN).zip(other_tail.rchunks_exact(RUN));
    let same = runs.take_while(|(a, b)| a == b).count() * RUN;
    let bytes = tail[..left - same]
        .iter()
        .rev()
        .zip(other_tail[..left - same].iter().rev());
    let same = same + bytes.take_while(|(a, b)| a == b).count();
    let end = |tree: &[u8]| entry_at(tree, start, tree.len() - same, id_length, Cut::Behind);
    let (end_of_one, end_of_other) = (end(one), end(other));
    if one.len() - end_of_one == other.len() - end_of_other {
        vec![start..end_of_one, start..end_of_other]
    } else {
        vec![start..one.len(), start..other.len()]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Before,
    Behind,
}

/// The last beginning of an entry that is not behind `near`, or the first that is not before it. `from` is one.
fn entry_at(tree: &[u8], from: usize, near: usize, id_length: usize, cut: Cut) -> usize {
    let mut at = from;
    while at < near {
        // `mode name NUL id`
        let Some(name) = tree[at..].iter().position(|byte| *byte == 0) else {
            return if cut == Cut::Before { at } else { tree.len() };
        };
        let next = at + name + 1 + id_length;
        if next > near && cut == Cut::Before {
            break;
        }
        at = next.min(tree.len());
    }
    at
}

/// What a tree has under a name.
pub(crate) fn entry(
    tree: &ObjectId,
    data: &[u8],
    name: &str,
) -> Result<Option<(EntryMode, ObjectId)>, HistoryError> {
    for entry in entries(tree, data) {
        let entry = entry?;
        if entry.name == name {
            return Ok(Some((entry.mode, entry.id)));
        }
    }
    Ok(None)
}

/// Appends a name to the path of its directory; gives the length to cut it back to.
fn append(path: &mut String, name: &BStr) -> usize {
    let before = path.len();
    if before > 0 {
        path.push('/');
    }
    path.push_str(&name.to_str_lossy());
    before
}

fn deeper(depth: usize, tree: Option<&ObjectId>) -> Result<usize, HistoryError> {
    if depth < DEEPEST {
        return Ok(depth + 1);
    }
    Err(HistoryError::Damaged {
        what: tree.map_or_else(String::new, |tree| format!("tree {tree}")),
        why: "it is in too many directories",
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry<'a> {
    name: &'a BStr,
    mode: EntryMode,
    id: ObjectId,
}

impl Entry<'_> {
    /// The order of the entries of a tree: a directory as if its name ended with `/`.
    fn order(&self, other: &Self) -> Ordering {
        let shared = self.name.len().min(other.name.len());
        let next = |entry: &Self| match entry.name.get(shared) {
            Some(byte) => *byte,
            None if entry.mode.is_tree() => b'/',
            None => 0,
        };
        let start = self.name[..shared].cmp(&other.name[..shared]);
        start
            .then_with(|| next(self).cmp(&next(other)))
            .then_with(|| self.name.len().cmp(&other.name.len()))
    }
}

/// A commit's tree against those of its parents.
struct Diff<'a, E> {
    objects: &'a Objects,
    enter: &'a E,
    paths: Vec<String>,
    path: String,
}

impl<E: Fn(&str) -> Enter> Diff<'_, E> {
    /// The same directory of the commit (first) and of each parent; `None` where there is none.
    fn directory(&mut self, sides: &[Option<ObjectId>], depth: usize) -> Result<(), HistoryError> {
        let own = sides.first().copied().flatten();
        if sides[1..].contains(&own) {
            return Ok(());
        }
        let depth = deeper(depth, own.as_ref())?;
        let mut data = Vec::with_capacity(sides.len());
        for side in sides {
            let mut buffer = Vec::new();
            if let Some(tree) = side {
                self.objects.get(tree, Kind::Tree, &mut buffer)?;
            }
            data.push(buffer);
        }
        let mut lists = Vec::with_capacity(sides.len());
        // A large directory is mostly the same on both sides.
        let parts = match (&data[..], own) {
            ([one, other], Some(tree)) => differing(one, other, tree.kind().len_in_bytes()),
            _ => Vec::new(),
        };
        for (at, (side, data)) in sides.iter().zip(&data).enumerate() {
            let tree = side.unwrap_or_else(|| ObjectId::empty_tree(gix::hash::Kind::Sha1));
            let part = parts.get(at).cloned().unwrap_or(0..data.len());
            let found = entries(&tree, &data[part]);
            lists.push(found.collect::<Result<Vec<_>, _>>()?);
        }
        let mut at = vec![0; lists.len()];
        loop {
            let heads = lists.iter().zip(&at).filter_map(|(list, at)| list.get(*at));
            let Some(next) = heads.min_by(|a, b| a.order(b)).copied() else {
                return Ok(());
            };
            let of_next: Vec<Option<Entry<'_>>> = lists
                .iter()
                .zip(&mut at)
                .map(|(list, at)| {
                    let found = list.get(*at).filter(|entry| entry.order(&next).is_eq());
                    *at += usize::from(found.is_some());
                    found.copied()
                })
                .collect();
            if !of_next[1..].contains(&of_next[0]) {
                self.changed(&next, &of_next, depth)?;
            }
        }
    }

    fn changed(
        &mut self,
        entry: &Entry<'_>,
        sides: &[Option<Entry<'_>>],
        depth: usize,
    ) -> Result<(), HistoryError> {
        let before = append(&mut self.path, entry.name);
        if entry.mode.is_tree() {
            match (self.enter)(&self.path) {
                Enter::Into => {
                    let sides: Vec<Option<ObjectId>> =
                        sides.iter().map(|side| side.map(|side| side.id)).collect();
                    self.directory(&sides, depth)?;
                }
                Enter::Whole => self.paths.push(format!("{}/", self.path)),
                Enter::Skip => {}
            }
        } else {
            self.paths.push(self.path.clone());
        }
        self.path.truncate(before);
        Ok(())
    }
}

struct List<'a, E, W> {
    objects: &'a Objects,
    enter: &'a E,
    wanted: &'a W,
    found: Vec<TreeFile>,
    path: String,
}

impl<E: Fn(&str) -> Enter, W: Fn(&str) -> bool> List<'_, E, W> {
    fn directory(&mut self, tree: &ObjectId, depth: usize) -> Result<(), HistoryError> {
        let depth = deeper(depth, Some(tree))?;
        let mut buffer = Vec::new();
        let data = self.objects.get(tree, Kind::Tree, &mut buffer)?;
        for entry in entries(tree, data) {
            let entry = entry?;
            let before = append(&mut self.path, entry.name);
            match entry.mode.kind() {
                EntryKind::Tree => match (self.enter)(&self.path) {
                    Enter::Into => self.directory(&entry.id, depth)?,
                    Enter::Whole | Enter::Skip => {}
                },
                EntryKind::Blob | EntryKind::BlobExecutable if (self.wanted)(&self.path) => {
                    self.found.push(TreeFile {
                        path: self.path.clone(),
                        blob: entry.id,
                    });
                }
                _ => {}
            }
            self.path.truncate(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(entries: &[(String, u8)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, id) in entries {
            bytes.extend_from_slice(format!("100644 {name}\0").as_bytes());
            bytes.extend([*id; 20]);
        }
        bytes
    }

    proptest! {
        /// What is left has all that differs, and begins and ends where entries do.
        #[test]
        fn what_is_cut_off_is_the_same(
            one in proptest::collection::btree_map("[ab]{1,3}", 0_u8..3, 0..8),
            other in proptest::collection::btree_map("[ab]{1,3}", 0_u8..3, 0..8),
        ) {
            let lists = [one, other].map(|map| map.into_iter().collect::<Vec<(String, u8)>>());
            let trees = lists.clone().map(|list| tree(&list));
            let parts = differing(&trees[0], &trees[1], 20);
            prop_assert_eq!(&trees[0][..parts[0].start], &trees[1][..parts[1].start]);
            prop_assert_eq!(&trees[0][parts[0].end..], &trees[1][parts[1].end..]);
            for ((list, tree_bytes), part) in lists.iter().zip(&trees).zip(&parts) {
                let begins: Vec<usize> = (0..=list.len()).map(|count| tree(&list[..count]).len()).collect();
                prop_assert!(begins.contains(&part.start) && begins.contains(&part.end));
                prop_assert!(part.end <= tree_bytes.len());
            }
        }

        #[test]
        fn any_bytes_are_cut_without_harm(shared in ".{0,20}", one in ".{0,60}", other in ".{0,60}") {
            let (one, other) = (shared.clone() + &one, shared + &other);
            let parts = differing(one.as_bytes(), other.as_bytes(), 20);
            prop_assert!(parts[0].start <= parts[0].end && parts[0].end <= one.len());
            prop_assert!(parts[1].start <= parts[1].end && parts[1].end <= other.len());
        }
    }
}
