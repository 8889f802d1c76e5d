//! Which commits are one fix: groups that grow as links are found.
//!
//! Invariant: being one is symmetric and goes on through others, in whichever order the links come.

use crate::facts::Link;
use crate::git::Node;
use std::collections::{BTreeMap, BTreeSet};

/// Which commits are one, and how that was found.
#[derive(Default)]
pub(super) struct Links {
    parent: BTreeMap<Node, Node>,
    members: BTreeMap<Node, BTreeSet<Node>>,
    how: BTreeMap<Node, Link>,
}

impl Links {
    fn root(&self, node: Node) -> Node {
        let mut node = node;
        while let Some(parent) = self.parent.get(&node) {
            node = *parent;
        }
        node
    }

    /// `node` was found to be `source`.
    pub fn join(&mut self, node: Node, source: Node, how: Link) {
        let there = self.how.entry(node).or_insert(how);
        *there = (*there).min(how);
        let (one, other) = (self.root(node), self.root(source));
        if one == other {
            return;
        }
        let take = |links: &mut Self, node| {
            links
                .members
                .remove(&node)
                .unwrap_or_else(|| BTreeSet::from([node]))
        };
        let (mut small, mut large) = (take(self, one), take(self, other));
        let (mut child, mut root) = (one, other);
        if small.len() > large.len() {
            std::mem::swap(&mut small, &mut large);
            std::mem::swap(&mut child, &mut root);
        }
        large.extend(small);
        self.parent.insert(child, root);
        self.members.insert(root, large);
    }

    pub fn group(&self, node: Node) -> BTreeSet<Node> {
        let members = self.members.get(&self.root(node)).cloned();
        members.unwrap_or_else(|| BTreeSet::from([node]))
    }

    /// How a commit was linked; the one that others were linked to counts as equal to them.
    pub fn how(&self, node: Node) -> Link {
        self.how.get(&node).copied().unwrap_or(Link::PatchId)
    }
}
