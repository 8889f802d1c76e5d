//! The patch id of a commit: the same for the same change on another line.
//!
//! Invariants: the id is the one of `git diff-tree -p COMMIT | git patch-id --stable` (git-patch-id(1)): white space and line
//! numbers do not count, the context lines do; merges and commits without a change have none.
//!
//! Binary files, and files larger than what is read, count by their object ids.

use crate::git::{Entry, Graph, Mirror, Node};
use gix::ObjectId;
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::objs::tree::EntryKind;
use std::collections::{BTreeMap, HashMap};

/// Lines before and after a change that belong to it.
const CONTEXT: u32 = 3;
/// A commit that changes more files is no fix.
const MOST_FILES: usize = 2_000;
const DEEPEST: usize = 64;

/// A patch id.
pub(super) type PatchId = [u8; 20];

/// Computes the patch id of the change between two trees; `old`: none for a first commit.
pub(super) fn patch_id(mirror: &Mirror, old: Option<ObjectId>, new: ObjectId) -> Option<PatchId> {
    let mut changes = Vec::new();
    compare(mirror, old, Some(new), "", 0, &mut changes)?;
    let mut sum: PatchId = [0; 20];
    for (path, old, new) in &changes {
        add(&mut sum, &file(mirror, path, *old, *new)?);
    }
    (!changes.is_empty()).then_some(sum)
}

type Change = (String, Option<Entry>, Option<Entry>);

/// The files that differ. `None`: too many, or not there.
fn compare(
    mirror: &Mirror,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    prefix: &str,
    depth: usize,
    out: &mut Vec<Change>,
) -> Option<()> {
    if old == new {
        return Some(());
    }
    if depth > DEEPEST {
        return None;
    }
    let list = |tree: Option<ObjectId>| -> Option<BTreeMap<String, Entry>> {
        tree.map_or_else(
            || Some(BTreeMap::new()),
            |it| Some(mirror.list(it).ok()?.into_iter().collect()),
        )
    };
    let (old, new) = (list(old)?, list(new)?);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (old.get(name).copied(), new.get(name).copied());
        if before == after {
            continue;
        }
        let path = format!("{prefix}{name}");
        let tree = |it: Option<Entry>| it.filter(|it| it.mode.is_tree()).map(|it| it.id);
        let leaf = |it: Option<Entry>| it.filter(|it| !it.mode.is_tree());
        if tree(before).is_some() || tree(after).is_some() {
            compare(
                mirror,
                tree(before),
                tree(after),
                &format!("{path}/"),
                depth + 1,
                out,
            )?;
        }
        let (before, after) = (leaf(before), leaf(after));
        let same_kind = match (before, after) {
            (Some(one), Some(other)) => kind(one) == kind(other),
            _ => true,
        };
        if !same_kind {
            out.push((path.clone(), before, None));
            out.push((path, None, after));
        } else if before.is_some() || after.is_some() {
            out.push((path, before, after));
        }
        if out.len() > MOST_FILES {
            return None;
        }
    }
    Some(())
}

fn kind(entry: Entry) -> u8 {
    match entry.mode.kind() {
        EntryKind::Link => 1,
        EntryKind::Commit => 2,
        _ => 0,
    }
}

fn mode(entry: Entry) -> &'static str {
    match entry.mode.kind() {
        EntryKind::BlobExecutable => "100755",
        EntryKind::Link => "120000",
        EntryKind::Commit => "160000",
        _ => "100644",
    }
}

fn content(mirror: &Mirror, entry: Option<Entry>) -> Option<Vec<u8>> {
    match entry {
        None => Some(Vec::new()),
        Some(it) if it.mode.is_commit() => {
            Some(format!("Subproject commit {}\n", it.id).into_bytes())
        }
        Some(it) => mirror.blob(it.id, "").ok(),
    }
}

/// The hash of one file's part of the patch.
fn file(mirror: &Mirror, path: &str, old: Option<Entry>, new: Option<Entry>) -> Option<PatchId> {
    let mut hash = Hash(gix::hash::hasher(gix::hash::Kind::Sha1));
    hash.line(format!("diff --git a/{path} b/{path}").as_bytes());
    match (old, new) {
        (Some(old), Some(new)) if mode(old) != mode(new) => {
            hash.line(format!("old mode {}", mode(old)).as_bytes());
            hash.line(format!("new mode {}", mode(new)).as_bytes());
        }
        (None, Some(new)) => hash.line(format!("new file mode {}", mode(new)).as_bytes()),
        (Some(old), None) => hash.line(format!("deleted file mode {}", mode(old)).as_bytes()),
        _ => {}
    }
    let texts = content(mirror, old).zip(content(mirror, new));
    let binary = |bytes: &[u8]| bytes.iter().take(8_000).any(|byte| *byte == 0);
    match texts {
        Some((before, after)) if !binary(&before) && !binary(&after) => {
            if before != after {
                let side = |letter: char, entry: Option<Entry>| match entry {
                    Some(_) => format!("{letter}/{path}"),
                    None => "/dev/null".to_owned(),
                };
                hash.line(format!("--- {}", side('a', old)).as_bytes());
                hash.line(format!("+++ {}", side('b', new)).as_bytes());
                hunks(&before, &after, &mut hash);
            }
        }
        _ => {
            let id = |it: Option<Entry>| it.map_or_else(|| "0".repeat(40), |it| it.id.to_string());
            hash.line(id(old).as_bytes());
            hash.line(id(new).as_bytes());
        }
    }
    hash.finish()
}

/// The lines of the hunks with their context, each line once.
fn hunks(before: &[u8], after: &[u8], hash: &mut Hash) {
    let input = InternedInput::new(
        gix::diff::blob::sources::byte_lines(before),
        gix::diff::blob::sources::byte_lines(after),
    );
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let text = |token| input.interner[token];
    let total = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    // The first old line that was not yet written.
    let mut written = 0_u32;
    let mut hunks = diff.hunks().peekable();
    while let Some(hunk) = hunks.next() {
        let from = written.max(hunk.before.start.saturating_sub(CONTEXT));
        for at in from..hunk.before.start {
            hash.marked(b' ', text(input.before[at as usize]));
        }
        for at in hunk.before.clone() {
            hash.marked(b'-', text(input.before[at as usize]));
        }
        for at in hunk.after.clone() {
            hash.marked(b'+', text(input.after[at as usize]));
        }
        let next = hunks.peek().map_or(total, |it| it.before.start);
        written = next.min(hunk.before.end.saturating_add(CONTEXT));
        for at in hunk.before.end..written {
            hash.marked(b' ', text(input.before[at as usize]));
        }
    }
}

struct Hash(gix::hash::Hasher);

impl Hash {
    /// A line without its white space.
    fn line(&mut self, line: &[u8]) {
        let mut rest = line;
        while let Some(start) = rest.iter().position(|it| !is_space(*it)) {
            let end = rest[start..]
                .iter()
                .position(|it| is_space(*it))
                .map_or(rest.len(), |it| start + it);
            self.0.update(&rest[start..end]);
            rest = &rest[end..];
        }
    }

    fn marked(&mut self, mark: u8, line: &[u8]) {
        if mark != b' ' {
            self.0.update(&[mark]);
        }
        self.line(line);
    }

    fn finish(self) -> Option<PatchId> {
        let id = self.0.try_finalize().ok()?;
        id.as_bytes().try_into().ok()
    }
}

/// As C's `isspace` has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Adds up the files' hashes, so that their order does not count.
fn add(sum: &mut PatchId, more: &PatchId) {
    let mut carry = 0_u16;
    for (byte, more) in sum.iter_mut().zip(more) {
        carry += u16::from(*byte) + u16::from(*more);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
}

/// Id, whether there is a patch id, patch id.
pub(super) fn pack(known: &HashMap<Node, Option<PatchId>>, graph: &Graph) -> Vec<u8> {
    let mut nodes: Vec<(&Node, &Option<PatchId>)> = known.iter().collect();
    nodes.sort();
    let mut out = Vec::new();
    for (node, patch) in nodes {
        out.extend(graph.id(*node));
        out.push(u8::from(patch.is_some()));
        out.extend(patch.unwrap_or_default());
    }
    out
}

pub(super) fn unpack(bytes: &[u8], graph: &Graph) -> HashMap<Node, Option<PatchId>> {
    let mut known = HashMap::new();
    for entry in bytes.chunks_exact(graph.width + 21) {
        let (id, rest) = entry.split_at(graph.width);
        let patch: Option<PatchId> = rest[1..].try_into().ok();
        // Commits that were pushed over since are forgotten.
        if let Some(node) = graph.find(gix::oid::from_bytes_unchecked(id)) {
            known.insert(node, patch.filter(|_| rest[0] == 1));
        }
    }
    known
}
