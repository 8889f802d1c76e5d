//! One repository's past, read once: which commit each branch stood at on any date, and what a few paths held there.
//!
//! Invariants: every commit on a first-parent history has one owner: the default branch first, then the branches of lines in
//! their order, then the others by name. A branch's own commits are dated so that none is older than the one before it.
//! Finding a tip is a binary search.
//!
//! Must not: touch the disk once it was read.

use super::graph::{Graph, Node};
use super::layout::{Layout, line_version};
use super::mirror::{Mirror, References};
use crate::facts::{Branch, Fork, Known, Own, Place, Reason, RepositoryFacts, Tag, Unknown};
use gix::ObjectId;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    pub name: String,
    pub default: Known<String>,
    pub graph: Graph,
    /// In the order of ownership.
    pub branches: Vec<Chain>,
    /// Sorted by name.
    pub tags: Vec<TagAt>,
    /// Heads of pull requests, by number.
    pub pulls: Vec<(u64, Node)>,
    pub problems: Vec<Unknown>,
    /// For each state that the watched paths were in, a commit where they were.
    pub samples: Vec<Node>,
}

/// What the watched paths hold.
pub(crate) type State = Vec<Option<ObjectId>>;

/// A branch: the part of its first-parent history that is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub name: String,
    pub tip: Node,
    /// Whether it is the default branch or belongs to a line.
    pub is_line: bool,
    /// Oldest first.
    pub own: Vec<Node>,
    /// When each of them landed, at the earliest, in seconds. Never falls.
    pub landed: Vec<i64>,
    /// The branch that the first of them parted from, and the place in that branch's own commits.
    pub from: Option<(usize, usize)>,
    /// From which of its own commits on the watched paths are in which state.
    pub watch: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagAt {
    pub name: String,
    pub node: Node,
    pub time: i64,
    pub annotated: bool,
}

/// A commit on the first-parent history of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub node: Node,
    pub landed: i64,
    /// The owner, and the place in its own commits.
    pub owner: usize,
    pub at: usize,
}

impl History {
    /// Reads a repository. `watched` are paths whose state is recorded along the default branch and the lines.
    ///
    /// # Errors
    /// [`Reason::RepositoryEmpty`], or what kept the references from being read.
    pub fn read(
        mirror: &Mirror,
        references: &References,
        layout: &Layout,
        watched: &[String],
    ) -> Result<Self, Unknown> {
        let roots = references.all.iter().filter(|(name, _)| is_root(name));
        let graph = Graph::read(mirror, roots.map(|(_, id)| *id));
        let mut history = Self {
            name: mirror.name.clone(),
            default: Known::unknown(Reason::NotWritten, "", mirror.place()),
            graph,
            branches: Vec::new(),
            tags: Vec::new(),
            pulls: Vec::new(),
            problems: Vec::new(),
            samples: Vec::new(),
        };
        let mut heads = Vec::new();
        for (name, id) in &references.all {
            if let Some(short) = name.strip_prefix("refs/heads/") {
                match history.graph.find(id) {
                    Some(node) => heads.push((short.to_owned(), node)),
                    None => history.problem(
                        Reason::ObjectMissing,
                        format!("branch {short} names {id}, which is no commit here"),
                    ),
                }
            } else if let Some(short) = name.strip_prefix("refs/tags/") {
                history.tag(mirror, short, *id);
            } else if let Some(number) = pull_request(name)
                && let Some(node) = history.graph.find(id)
            {
                history.pulls.push((number, node));
            }
        }
        history.pulls.sort_unstable();
        if heads.is_empty() {
            let detail = "the repository has no branch with a commit";
            return Err(Unknown::new(
                Reason::RepositoryEmpty,
                detail,
                mirror.place(),
            ));
        }
        if !references.cut.is_empty() {
            let detail =
                "the history was cut off when it was fetched: what lies before is not known";
            history.problem(Reason::Shallow, detail.to_owned());
        } else if !history.graph.cut.is_empty() {
            let count = history.graph.cut.len();
            let detail = format!("{count} commits have parents that are not in this copy");
            history.problem(Reason::ObjectMissing, detail);
        }
        history.default = default_branch(references, &heads, mirror);
        history.case_conflicts(&heads);
        history.chain(heads, layout);
        if !watched.is_empty() {
            history.watch(mirror, watched);
        }
        Ok(history)
    }

    fn problem(&mut self, reason: Reason, detail: String) {
        let place = Place::repository(&self.name);
        self.problems.push(Unknown::new(reason, detail, place));
    }

    fn tag(&mut self, mirror: &Mirror, name: &str, id: ObjectId) {
        let (mut target, mut date) = (id, None);
        for _ in 0..8 {
            let object = mirror.git.try_find_object(target).ok().flatten();
            let Some(object) = object.filter(|it| it.kind == gix::objs::Kind::Tag) else {
                break;
            };
            let header = gix::objs::TagRefIter::from_bytes(&object.data, target.kind());
            // The outermost tag is the one that was put there under this name.
            if date.is_none() {
                let tagger = header.tagger().ok().flatten();
                date = Some(tagger.map(|it| it.seconds()));
            }
            match header.target_id() {
                Ok(next) => target = next,
                Err(_) => break,
            }
        }
        // Tags of trees and files are no releases.
        if let Some(node) = self.graph.find(&target) {
            let committed = self.graph.time(node);
            let time = date.flatten().unwrap_or(committed);
            let annotated = date.is_some();
            self.tags.push(TagAt {
                name: name.to_owned(),
                node,
                time,
                annotated,
            });
        }
    }

    fn case_conflicts(&mut self, heads: &[(String, Node)]) {
        let mut folded: Vec<(String, &str)> = heads
            .iter()
            .map(|(name, _)| (name.to_lowercase(), name.as_str()))
            .collect();
        folded.sort();
        let pairs: Vec<String> = folded
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| {
                format!(
                    "branches {} and {} differ only in case",
                    pair[0].1, pair[1].1
                )
            })
            .collect();
        for detail in pairs {
            self.problem(Reason::CaseConflict, detail);
        }
    }

    /// Gives every commit on a first-parent history its owner.
    pub(super) fn chain(&mut self, mut heads: Vec<(String, Node)>, layout: &Layout) {
        let default = self.default.known().cloned();
        let rank = |name: &String| {
            if Some(name) == default.as_ref() {
                return (0, 0, (0, 0), name.clone());
            }
            match layout.lines.iter().position(|it| it == name) {
                Some(place) => (1, place, (0, 0), name.clone()),
                None if layout.is_line(name) => {
                    (2, 0, line_version(name).unwrap_or_default(), name.clone())
                }
                None => (3, 0, (0, 0), name.clone()),
            }
        };
        heads.sort_by_cached_key(|(name, _)| rank(name));
        // Owner and place of each commit; `u32::MAX` for those on no first-parent history.
        let mut owner = vec![(u32::MAX, 0_u32); self.graph.len() as usize];
        for (name, tip) in heads {
            let index = self.branches.len();
            let is_line = Some(&name) == default.as_ref() || layout.is_line(&name);
            let (mut own, mut from, mut node) = (Vec::new(), None, tip);
            loop {
                let (branch, at) = owner[node as usize];
                if branch != u32::MAX {
                    from = Some((branch as usize, at as usize));
                    break;
                }
                own.push(node);
                match self.graph.parents(node).first() {
                    Some(&parent) => node = parent,
                    None => break,
                }
            }
            own.reverse();
            let mut latest = from.map_or(i64::MIN, |(branch, at)| self.branches[branch].landed[at]);
            let mut landed = Vec::with_capacity(own.len());
            for (at, node) in own.iter().enumerate() {
                latest = latest.max(self.graph.time(*node));
                landed.push(latest);
                let place = u32::try_from(at).unwrap_or(u32::MAX);
                owner[*node as usize] = (u32::try_from(index).unwrap_or(u32::MAX), place);
            }
            own.shrink_to_fit();
            self.branches.push(Chain {
                name,
                tip,
                is_line,
                own,
                landed,
                from,
                watch: Vec::new(),
            });
        }
    }

    /// Records when the watched paths changed, on the branches that belong to lines.
    fn watch(&mut self, mirror: &Mirror, paths: &[String]) {
        let (mut numbers, mut samples) = (BTreeMap::<State, u32>::new(), Vec::new());
        // A history that many branches share is owned by one; whoever owns a line's past is watched too.
        let mut wanted: Vec<bool> = self.branches.iter().map(|it| it.is_line).collect();
        for index in (0..self.branches.len()).rev() {
            if wanted[index]
                && let Some((from, _)) = self.branches[index].from
            {
                wanted[from] = true;
            }
        }
        for (index, _) in wanted.iter().enumerate().filter(|(_, wanted)| **wanted) {
            let mut watch: Vec<(u32, u32)> = Vec::new();
            for (at, node) in self.branches[index].own.iter().enumerate() {
                let id = self.graph.object_id(*node);
                let state = state_of(mirror, id, paths);
                let number = *numbers.entry(state).or_insert_with(|| {
                    samples.push(*node);
                    u32::try_from(samples.len() - 1).unwrap_or(u32::MAX)
                });
                if watch.last().is_none_or(|(_, last)| *last != number) {
                    watch.push((u32::try_from(at).unwrap_or(u32::MAX), number));
                }
            }
            self.branches[index].watch = watch;
        }
        self.samples = samples;
    }

    pub fn branch(&self, name: &str) -> Option<usize> {
        self.branches.iter().position(|it| it.name == name)
    }

    /// Where a branch stood at a moment, in seconds. `None`: before its first commit.
    pub fn tip(&self, branch: usize, at: i64) -> Option<Spot> {
        let (mut branch, mut limit) = (branch, usize::MAX);
        loop {
            let chain = &self.branches[branch];
            let landed = chain.landed.partition_point(|it| *it <= at).min(limit);
            if landed > 0 {
                let at = landed - 1;
                let (node, landed) = (chain.own[at], chain.landed[at]);
                return Some(Spot {
                    node,
                    landed,
                    owner: branch,
                    at,
                });
            }
            let (from, place) = chain.from?;
            (branch, limit) = (from, place + 1);
        }
    }

    /// The owner of a commit, and its place.
    pub fn owner(&self, node: Node) -> Option<Spot> {
        // Own commits rise along a chain, as parents have lower numbers.
        self.branches.iter().enumerate().find_map(|(owner, chain)| {
            let at = chain.own.binary_search(&node).ok()?;
            Some(Spot {
                node,
                landed: chain.landed[at],
                owner,
                at,
            })
        })
    }

    /// Whether a commit is on the first-parent history of a branch, as it stood at a moment.
    pub fn is_on(&self, spot: Spot, branch: usize, at: i64) -> bool {
        let Some(tip) = self.tip(branch, at) else {
            return false;
        };
        let (mut owner, mut limit) = (tip.owner, tip.at);
        loop {
            if owner == spot.owner {
                return spot.at <= limit;
            }
            match self.branches[owner].from {
                Some((from, place)) => (owner, limit) = (from, place),
                None => return false,
            }
        }
    }

    /// The state of the watched paths at a spot.
    pub fn state(&self, spot: Spot) -> Option<usize> {
        let watch = &self.branches[spot.owner].watch;
        let after = watch.partition_point(|(from, _)| *from as usize <= spot.at);
        let (_, state) = watch.get(after.checked_sub(1)?)?;
        Some(*state as usize)
    }

    /// The repository at a moment.
    pub fn facts(&self, as_of: Timestamp) -> RepositoryFacts {
        let at = as_of.seconds();
        let mut branches = Vec::new();
        for (index, chain) in self.branches.iter().enumerate() {
            let own = chain.landed.partition_point(|it| *it <= at);
            // A branch is not there yet if it was committed to later, and not before.
            if own == 0 && !chain.own.is_empty() {
                continue;
            }
            let Some(tip) = self.tip(index, at) else {
                continue;
            };
            branches.push(Branch {
                name: chain.name.clone(),
                tip: self.graph.oid(tip.node),
                time: milliseconds(tip.landed),
                own: (own > 0).then(|| Own {
                    since: milliseconds(chain.landed[0]),
                    first: self.graph.oid(chain.own[0]),
                    commits: u32::try_from(own).unwrap_or(u32::MAX),
                    from: chain.from.map(|(from, place)| Fork {
                        branch: self.branches[from].name.clone(),
                        commit: self.graph.oid(self.branches[from].own[place]),
                    }),
                }),
            });
        }
        branches.sort_by(|a, b| a.name.cmp(&b.name));
        let tags = self.tags.iter().filter(|tag| tag.time <= at);
        RepositoryFacts {
            name: self.name.clone(),
            as_of,
            default_branch: self.default.clone(),
            branches,
            tags: tags
                .map(|tag| Tag {
                    name: tag.name.clone(),
                    commit: self.graph.oid(tag.node),
                    time: milliseconds(tag.time),
                    annotated: tag.annotated,
                })
                .collect(),
            problems: self.problems.clone(),
        }
    }
}

/// References whose history is read.
pub(crate) fn is_root(name: &str) -> bool {
    name.starts_with("refs/heads/")
        || name.starts_with("refs/tags/")
        || pull_request(name).is_some()
}

/// `refs/pull/12/head` (GitHub, Gitea) and `refs/merge-requests/12/head` (GitLab).
fn pull_request(name: &str) -> Option<u64> {
    let rest = name
        .strip_prefix("refs/pull/")
        .or(name.strip_prefix("refs/merge-requests/"))?;
    rest.strip_suffix("/head")?.parse().ok()
}

pub(crate) fn milliseconds(seconds: i64) -> Timestamp {
    Timestamp(seconds.saturating_mul(1000))
}

fn default_branch(
    references: &References,
    heads: &[(String, Node)],
    mirror: &Mirror,
) -> Known<String> {
    let there = |name: &str| heads.iter().any(|(it, _)| it == name);
    let named = references.head.as_deref().filter(|it| there(it));
    let usual = ["main", "master"].into_iter().find(|it| there(it));
    match (named.or(usual), heads) {
        (Some(name), _) => Known::Known(name.to_owned()),
        (None, [(only, _)]) => Known::Known(only.clone()),
        (None, _) => {
            let detail = "HEAD names no branch that is there, and neither main nor master is";
            Known::unknown(Reason::NotWritten, detail, mirror.place())
        }
    }
}

/// What the watched paths hold in a commit. What cannot be read holds nothing: reading the file itself says why.
pub(crate) fn state_of(mirror: &Mirror, commit: ObjectId, paths: &[String]) -> State {
    let Ok(tree) = mirror.tree_of(commit) else {
        return vec![None; paths.len()];
    };
    let entry = |path: &String| mirror.entry(tree, path).ok().flatten().map(|it| it.id);
    paths.iter().map(entry).collect()
}
