//! Walking the commits: each one is read once, whatever is asked of it.
//!
//! Invariants: what is left out is what can be reached from the commits to leave out, as `git log TAG..` has it, whichever
//! parent leads there; the cost is that of the commits in between, whatever the number of tags. Commits come newest first.
//!
//! Like git's own walk this goes by commit dates: where a clock was wrong by more than a few commits, one that could be
//! left out may be listed. It never leaves out one that belongs in.

use crate::error::HistoryError;
use gix::ObjectId;
use gix::objs::Kind;
use gix::prelude::FindExt as _;
use shipway_core::name::Oid;
use std::cell::RefCell;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// Commits of the other side that are looked at beyond the point where all seems to be known. Git takes as many.
const SLOP: u32 = 5;

/// A commit as the rest of the crate sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: Oid,
    pub parents: Vec<Oid>,
    /// Seconds since the epoch, from the committer's clock.
    pub time: i64,
    pub author: Author,
    /// In full; bytes that are no text in the commit's encoding are shown as U+FFFD.
    pub message: String,
}

/// Who wrote something, as commits name people. May hold anything that a commit can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author {
    pub name: String,
    pub email: String,
}

impl Author {
    /// `Name <address> 1700000000 +0100` or `Name <address>`: how git writes people, also in `Co-authored-by:`.
    pub fn read(signature: &[u8]) -> Self {
        let text = String::from_utf8_lossy(signature);
        let (name, rest) = text.split_once('<').unwrap_or((&text, ""));
        let (email, _) = rest.rsplit_once('>').unwrap_or((rest, ""));
        Self {
            name: name.trim().to_owned(),
            email: email.trim().to_owned(),
        }
    }
}

/// What is needed of a commit's object.
pub(crate) struct Node {
    pub parents: Vec<ObjectId>,
    pub time: i64,
    pub author: Author,
    latin1: bool,
    message: Vec<u8>,
}

impl Node {
    pub fn message(&self) -> String {
        match std::str::from_utf8(&self.message) {
            Ok(text) => text.to_owned(),
            Err(_) if self.latin1 => self.message.iter().map(|byte| char::from(*byte)).collect(),
            Err(_) => String::from_utf8_lossy(&self.message).into_owned(),
        }
    }

    /// Reads the headers that matter and passes over all others, known or not.
    fn parse(object: &[u8]) -> Result<Self, &'static str> {
        let mut node = Self {
            parents: Vec::new(),
            time: 0,
            author: Author::default(),
            latin1: false,
            message: Vec::new(),
        };
        let mut rest = object;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if line.is_empty() {
                break;
            } else if let Some(id) = line.strip_prefix(b"parent ") {
                let id = ObjectId::from_hex(id).map_err(|_| "a parent's id cannot be read")?;
                node.parents.push(id);
            } else if let Some(who) = line.strip_prefix(b"author ") {
                node.author = Author::read(who);
            } else if let Some(who) = line.strip_prefix(b"committer ") {
                node.time = seconds(who);
            } else if let Some(name) = line.strip_prefix(b"encoding ") {
                let name = name.to_ascii_lowercase();
                node.latin1 = [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
                    .contains(&name.as_slice());
            }
        }
        rest.clone_into(&mut node.message);
        Ok(node)
    }
}

/// `Name <address> 1700000000 +0100`: the second last word. A date that cannot be read is the beginning of time.
fn seconds(signature: &[u8]) -> i64 {
    let after_address = signature
        .rsplit(|byte| *byte == b'>')
        .next()
        .unwrap_or_default();
    let text = String::from_utf8_lossy(after_address);
    let first = text.split_ascii_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// The commits of a repository, remembered once they are read.
pub(crate) struct Graph {
    nodes: RefCell<gix::hashtable::HashMap<ObjectId, Rc<Node>>>,
    /// Commits of a shallow clone whose parents were not fetched.
    cut: Vec<ObjectId>,
}

/// A commit that waits for its turn: the newest first, and among equals the one that was found first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    time: i64,
    turn: std::cmp::Reverse<usize>,
    id: ObjectId,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    hidden: bool,
    waits: bool,
}

/// What a walk found.
pub(crate) struct Walked {
    /// Newest first.
    pub commits: Vec<(ObjectId, Rc<Node>)>,
    /// The marks that stopped the walk.
    pub marks: Vec<ObjectId>,
}

impl Graph {
    pub fn new(cut: Vec<ObjectId>) -> Self {
        Self {
            nodes: RefCell::default(),
            cut,
        }
    }

    pub fn node(&self, repo: &gix::Repository, id: ObjectId) -> Result<Rc<Node>, HistoryError> {
        if let Some(node) = self.nodes.borrow().get(&id) {
            return Ok(Rc::clone(node));
        }
        let what = || format!("commit {id}");
        let mut buffer = Vec::new();
        let object = match repo.objects.find(&id, &mut buffer) {
            Ok(object) => object,
            Err(source) if gix::objs::Exists::exists(&repo.objects, &id) => {
                return Err(HistoryError::read(what(), source));
            }
            Err(_) => return Err(HistoryError::Missing { what: what() }),
        };
        if object.kind != Kind::Commit {
            let why = "it is no commit";
            return Err(HistoryError::Damaged { what: what(), why });
        }
        let node = Node::parse(object.data);
        let node = node.map_err(|why| HistoryError::Damaged { what: what(), why })?;
        let node = Rc::new(node);
        self.nodes.borrow_mut().insert(id, Rc::clone(&node));
        Ok(node)
    }

    /// All that can be reached from `tip` and not from `hidden`. A commit that `is_mark` names is listed among the marks,
    /// and what lies behind it is left out.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where the answer lies beyond what was fetched.
    pub fn walk(
        &self,
        repo: &gix::Repository,
        tip: ObjectId,
        hidden: Option<ObjectId>,
        is_mark: impl Fn(&ObjectId) -> bool,
    ) -> Result<Walked, HistoryError> {
        let mut walk = Walk {
            graph: self,
            repo,
            seen: gix::hashtable::HashMap::default(),
            queue: BinaryHeap::new(),
            shown_waiting: 0,
        };
        let mut found = Walked {
            commits: Vec::new(),
            marks: Vec::new(),
        };
        let (mut slop, mut oldest, mut ends) = (SLOP, i64::MAX, Vec::new());
        if let Some(hidden) = hidden {
            walk.meet(hidden, true)?;
        }
        walk.meet(tip, false)?;
        while let Some(Waiting { id, time, .. }) = walk.queue.pop() {
            let node = self.node(repo, id)?;
            let mut hides = walk.take(id);
            if !hides && is_mark(&id) {
                found.marks.push(id);
                walk.hide(id);
                hides = true;
            }
            let is_end = self.cut.binary_search(&id).is_ok();
            if !is_end {
                for parent in &node.parents {
                    walk.meet(*parent, hides)?;
                }
            }
            if hides {
                let older = walk.queue.peek().is_none_or(|next| next.time < oldest);
                if walk.shown_waiting > 0 || !older {
                    slop = SLOP;
                } else if slop == 0 {
                    break;
                } else {
                    slop -= 1;
                }
            } else {
                oldest = oldest.min(time);
                found.commits.push((id, node));
                if is_end {
                    ends.push(id);
                }
            }
        }
        if let Some(end) = ends.iter().find(|id| !walk.is_hidden(id)) {
            return Err(HistoryError::Shallow {
                boundary: oid(*end)?,
            });
        }
        found.commits.retain(|(id, _)| !walk.is_hidden(id));
        Ok(found)
    }
}

/// One walk's own marks.
struct Walk<'a> {
    graph: &'a Graph,
    repo: &'a gix::Repository,
    seen: gix::hashtable::HashMap<ObjectId, Seen>,
    queue: BinaryHeap<Waiting>,
    /// How many in the queue are not hidden.
    shown_waiting: usize,
}

impl Walk<'_> {
    fn meet(&mut self, id: ObjectId, hidden: bool) -> Result<(), HistoryError> {
        if self.seen.contains_key(&id) {
            if hidden {
                self.hide(id);
            }
            return Ok(());
        }
        let time = self.graph.node(self.repo, id)?.time;
        self.seen.insert(
            id,
            Seen {
                hidden,
                waits: true,
            },
        );
        self.queue.push(Waiting {
            time,
            turn: std::cmp::Reverse(self.seen.len()),
            id,
        });
        self.shown_waiting += usize::from(!hidden);
        Ok(())
    }

    /// Takes one that was popped off the queue; says whether it is hidden.
    fn take(&mut self, id: ObjectId) -> bool {
        let Some(seen) = self.seen.get_mut(&id) else {
            return true;
        };
        seen.waits = false;
        self.shown_waiting -= usize::from(!seen.hidden);
        seen.hidden
    }

    /// Hides a commit that was met before, and all behind it that was met.
    fn hide(&mut self, id: ObjectId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(seen) = self.seen.get_mut(&id) else {
                continue;
            };
            if std::mem::replace(&mut seen.hidden, true) {
                continue;
            }
            if seen.waits {
                self.shown_waiting -= 1;
            } else if let Some(node) = self.graph.nodes.borrow().get(&id) {
                open.extend(&node.parents);
            }
        }
    }

    fn is_hidden(&self, id: &ObjectId) -> bool {
        self.seen.get(id).is_none_or(|seen| seen.hidden)
    }
}

pub(crate) fn oid(id: ObjectId) -> Result<Oid, HistoryError> {
    Ok(Oid::new(id.to_string())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read_whatever_their_headers() {
        let object = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            parent 1111111111111111111111111111111111111111\n\
            parent 2222222222222222222222222222222222222222\n\
            author A > B <a@b> 1 +0000\n\
            committer C <c> d@e> 1700000000 +0100\n\
            encoding ISO-8859-1\n\
            gpgsig -----BEGIN\n parent no\n committer no\n -----END\n\
            x-unknown y\n\nfix: caf\xe9\n\nBody\n";
        let node = Node::parse(object).unwrap();
        assert_eq!(node.parents.len(), 2);
        assert_eq!(node.time, 1_700_000_000);
        assert_eq!(node.message(), "fix: café\n\nBody\n");
    }

    #[test]
    fn odd_commits_never_stop_the_reader() {
        let lossy = Node::parse(b"tree x\ncommitter nobody\n\nfeat: \xff\0\xfe").unwrap();
        assert_eq!(lossy.message(), "feat: \u{fffd}\0\u{fffd}");
        assert_eq!(lossy.time, 0);
        assert_eq!(Node::parse(b"").unwrap().message(), "");
        assert!(Node::parse(b"parent 12\n\n").is_err());
        assert_eq!(
            Node::parse(b"committer X <x> -5 +0000\n\n").unwrap().time,
            -5
        );
    }
}
