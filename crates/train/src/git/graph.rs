//! The commits of a repository as arrays: ids, dates and parents, and nothing else.
//!
//! Invariants: a commit's number is higher than those of its parents, so that numbers order by descent; about 45 bytes per
//! commit; what was cut off or is missing has no number, and its children are marked.
//!
//! Must not: read anything after it was built.

use super::mirror::Mirror;
use gix::ObjectId;
use gix::hashtable::HashMap;
use std::collections::{BTreeMap, BinaryHeap};

/// A commit's number.
pub(crate) type Node = u32;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// Bytes of an id: 20 or 32.
    pub width: usize,
    pub ids: Vec<u8>,
    /// Seconds since the epoch, by the committers' clocks.
    pub times: Vec<i64>,
    /// Where each commit's parents begin in `parents`; one more than there are commits.
    pub starts: Vec<u32>,
    pub parents: Vec<Node>,
    /// Numbers sorted by id.
    pub by_id: Vec<Node>,
    /// Commits that have parents which are not here, sorted.
    pub cut: Vec<Node>,
}

/// How far two commits are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Apart {
    pub ahead: u32,
    pub behind: u32,
    pub base: Option<Node>,
    /// The oldest date among the commits that are behind.
    pub since: Option<i64>,
}

struct Pending {
    id: ObjectId,
    time: i64,
    parents: Vec<ObjectId>,
    next: usize,
}

impl Graph {
    /// Reads all commits that the roots lead to. Roots that are no commits are passed over.
    pub fn read(mirror: &Mirror, roots: impl Iterator<Item = ObjectId>) -> Self {
        let mut graph = Self {
            width: mirror.git.object_hash().len_in_bytes(),
            ..Self::default()
        };
        graph.starts.push(0);
        let mut done: HashMap<ObjectId, Option<Node>> = HashMap::default();
        let mut stack: Vec<Pending> = Vec::new();
        for root in roots {
            push(mirror, &mut done, &mut stack, root);
            while let Some(top) = stack.last_mut() {
                if let Some(parent) = top.parents.get(top.next) {
                    let parent = *parent;
                    top.next += 1;
                    push(mirror, &mut done, &mut stack, parent);
                } else if let Some(top) = stack.pop() {
                    let node = graph.add(&top, &done);
                    done.insert(top.id, Some(node));
                }
            }
        }
        let mut by_id: Vec<Node> = (0..graph.len()).collect();
        by_id.sort_unstable_by(|a, b| graph.id(*a).cmp(graph.id(*b)));
        graph.by_id = by_id;
        graph
    }

    fn add(&mut self, commit: &Pending, done: &HashMap<ObjectId, Option<Node>>) -> Node {
        let node = self.len();
        self.ids.extend_from_slice(commit.id.as_bytes());
        self.times.push(commit.time);
        for parent in &commit.parents {
            match done.get(parent) {
                Some(Some(parent)) => self.parents.push(*parent),
                // Not fetched, or damaged.
                _ if self.cut.last() != Some(&node) => self.cut.push(node),
                _ => {}
            }
        }
        self.starts
            .push(u32::try_from(self.parents.len()).unwrap_or(u32::MAX));
        node
    }

    pub fn len(&self) -> Node {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    pub fn id(&self, node: Node) -> &[u8] {
        let start = node as usize * self.width;
        &self.ids[start..start + self.width]
    }

    pub fn oid(&self, node: Node) -> shipway_core::name::Oid {
        super::mirror::oid(gix::oid::from_bytes_unchecked(self.id(node)))
    }

    pub fn object_id(&self, node: Node) -> ObjectId {
        gix::oid::from_bytes_unchecked(self.id(node)).to_owned()
    }

    pub fn time(&self, node: Node) -> i64 {
        self.times[node as usize]
    }

    pub fn parents(&self, node: Node) -> &[Node] {
        let at = node as usize;
        &self.parents[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    pub fn find(&self, id: &gix::oid) -> Option<Node> {
        let found = self
            .by_id
            .binary_search_by(|node| self.id(*node).cmp(id.as_bytes()));
        found.ok().map(|at| self.by_id[at])
    }

    /// The only commit whose id begins with these hexadecimal digits.
    pub fn find_prefix(&self, hex: &str) -> Option<Node> {
        let text = |node: Node| super::mirror::oid(gix::oid::from_bytes_unchecked(self.id(node)));
        let at = self
            .by_id
            .partition_point(|node| text(*node).as_str() < hex);
        let fits = |at: usize| {
            self.by_id
                .get(at)
                .filter(|it| text(**it).as_str().starts_with(hex))
        };
        match (fits(at), fits(at + 1)) {
            (Some(node), None) => Some(*node),
            _ => None,
        }
    }

    /// A commit by its id, in full or abbreviated to no fewer than seven digits, as long as no other begins like that.
    pub fn find_hex(&self, hex: &str) -> Option<Node> {
        if hex.len() < 7 || !hex.bytes().all(|it| it.is_ascii_hexdigit()) {
            return None;
        }
        let hex = hex.to_ascii_lowercase();
        match gix::ObjectId::from_hex(hex.as_bytes()) {
            Ok(id) => self.find(&id),
            Err(_) => self.find_prefix(&hex),
        }
    }

    /// Whether `old` is `new` or in its history.
    pub fn is_ancestor(&self, old: Node, new: Node) -> bool {
        if old >= new {
            return old == new;
        }
        let mut seen = vec![false; (new - old) as usize + 1];
        let mut stack = vec![new];
        while let Some(node) = stack.pop() {
            for &parent in self.parents(node) {
                if parent == old {
                    return true;
                }
                if parent > old && !std::mem::replace(&mut seen[(parent - old) as usize], true) {
                    stack.push(parent);
                }
            }
        }
        false
    }

    /// Counts what each of two commits has and the other lacks: exact, as numbers order by descent.
    pub fn apart(&self, from: Node, to: Node) -> Apart {
        const FROM: u8 = 1;
        const TO: u8 = 2;
        let mut apart = Apart {
            ahead: 0,
            behind: 0,
            base: None,
            since: None,
        };
        let mut marks: BTreeMap<Node, u8> = BTreeMap::new();
        *marks.entry(from).or_default() |= FROM;
        *marks.entry(to).or_default() |= TO;
        // Commits that only one side has, as far as is known.
        let mut open = marks.values().filter(|mark| **mark != FROM | TO).count();
        while let Some((node, mark)) = marks.pop_last() {
            match mark {
                FROM => apart.ahead += 1,
                TO => {
                    apart.behind += 1;
                    let time = self.time(node);
                    apart.since = Some(apart.since.map_or(time, |it| it.min(time)));
                }
                _ => {
                    if apart.base.is_none() {
                        apart.base = Some(node);
                    }
                    if open == 0 {
                        break;
                    }
                }
            }
            open -= usize::from(mark != FROM | TO);
            for &parent in self.parents(node) {
                let there = marks.entry(parent).or_default();
                let before = *there;
                *there |= mark;
                let was_open = before == FROM || before == TO;
                let is_open = *there != FROM | TO;
                match (was_open, is_open) {
                    (false, true) => open += 1,
                    (true, false) => open -= 1,
                    _ => {}
                }
            }
        }
        apart
    }

    /// What `to` has and `from` lack, newest first.
    pub fn between(&self, from: &[Node], to: &[Node]) -> Vec<Node> {
        let mut heap: BinaryHeap<Node> = BinaryHeap::new();
        let mut hidden: BTreeMap<Node, bool> = BTreeMap::new();
        for (nodes, hide) in [(from, true), (to, false)] {
            for node in nodes {
                if !hidden.contains_key(node) {
                    heap.push(*node);
                }
                *hidden.entry(*node).or_default() |= hide;
            }
        }
        let mut open = hidden.values().filter(|hidden| !**hidden).count();
        let mut out = Vec::new();
        while open > 0 {
            let Some(node) = heap.pop() else { break };
            let hide = hidden.remove(&node).unwrap_or(true);
            if !hide {
                open -= 1;
                out.push(node);
            }
            for &parent in self.parents(node) {
                match hidden.get_mut(&parent) {
                    Some(there) => {
                        open -= usize::from(hide && !*there);
                        *there |= hide;
                    }
                    None => {
                        heap.push(parent);
                        hidden.insert(parent, hide);
                        open += usize::from(!hide);
                    }
                }
            }
        }
        out
    }
}

/// Puts a commit on the stack, or the one behind an annotated tag, unless it was there before.
fn push(
    mirror: &Mirror,
    done: &mut HashMap<ObjectId, Option<Node>>,
    stack: &mut Vec<Pending>,
    id: ObjectId,
) {
    let mut id = id;
    while !done.contains_key(&id) {
        // Nothing is its own ancestor, but a damaged repository is bounded all the same.
        done.insert(id, None);
        let Some(object) = mirror.git.try_find_object(id).ok().flatten() else {
            return;
        };
        match object.kind {
            gix::objs::Kind::Commit => {
                let header = gix::objs::CommitRefIter::from_bytes(&object.data, id.kind());
                let parents: Vec<ObjectId> = header.parent_ids().collect();
                let time = header.committer().map_or(0, |it| it.seconds());
                stack.push(Pending {
                    id,
                    time,
                    parents,
                    next: 0,
                });
                return;
            }
            gix::objs::Kind::Tag => {
                let target = gix::objs::TagRefIter::from_bytes(&object.data, id.kind()).target_id();
                match target {
                    Ok(target) => id = target,
                    Err(_) => return,
                }
            }
            gix::objs::Kind::Tree | gix::objs::Kind::Blob => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A graph by its parents; every commit's parents come before it.
    fn graph(parents: &[Vec<Node>]) -> Graph {
        let mut graph = Graph {
            width: 20,
            starts: vec![0],
            ..Graph::default()
        };
        for (node, parents) in parents.iter().enumerate() {
            let mut id = [0; 20];
            id[..8].copy_from_slice(&(node as u64).to_be_bytes());
            graph.ids.extend(id);
            graph.times.push(i64::try_from(node).unwrap() * 10);
            graph.parents.extend(parents);
            graph
                .starts
                .push(u32::try_from(graph.parents.len()).unwrap());
        }
        graph.by_id = (0..graph.len()).collect();
        graph
    }

    fn history(graph: &Graph, of: Node) -> std::collections::BTreeSet<Node> {
        let mut all = std::collections::BTreeSet::from([of]);
        let mut stack = vec![of];
        while let Some(node) = stack.pop() {
            stack.extend(graph.parents(node).iter().filter(|it| all.insert(**it)));
        }
        all
    }

    fn any_graph() -> impl Strategy<Value = Graph> {
        proptest::collection::vec((any::<u32>(), any::<u32>(), 0..4_u8), 1..40).prop_map(|shape| {
            let mut all: Vec<Vec<Node>> = Vec::new();
            for (node, (one, two, kind)) in shape.into_iter().enumerate() {
                let node = u32::try_from(node).unwrap();
                all.push(match (node, kind) {
                    (0, _) | (_, 0) => vec![],
                    (_, 1 | 2) => vec![one % node],
                    _ if one % node == two % node => vec![one % node],
                    _ => vec![one % node, two % node],
                });
            }
            graph(&all)
        })
    }

    proptest! {
        #[test]
        fn distances_are_what_counting_gives(graph in any_graph(), one in any::<u32>(), two in any::<u32>()) {
            let (from, to) = (one % graph.len(), two % graph.len());
            let (left, right) = (history(&graph, from), history(&graph, to));
            let apart = graph.apart(from, to);
            prop_assert_eq!(apart.ahead as usize, left.difference(&right).count());
            prop_assert_eq!(apart.behind as usize, right.difference(&left).count());
            prop_assert_eq!(apart.base, left.intersection(&right).max().copied());
            prop_assert_eq!(apart.since, right.difference(&left).min().map(|it| graph.time(*it)));
            prop_assert_eq!(graph.is_ancestor(from, to), right.contains(&from));
            let mut between: Vec<Node> = right.difference(&left).copied().collect();
            between.reverse();
            prop_assert_eq!(graph.between(&[from], &[to]), between);
        }
    }

    #[test]
    fn a_commit_is_found_by_its_id_and_by_the_beginning_of_it() {
        let graph = graph(&[vec![], vec![0], vec![1]]);
        assert_eq!(graph.find(&graph.object_id(2)), Some(2));
        assert_eq!(graph.find_prefix("0000000000000001"), Some(1));
        assert_eq!(graph.find_prefix("00000000"), None);
        assert_eq!(graph.find_prefix("ff"), None);
    }
}
