//! Which fix is on which line, and which commits of a line the main branch lacks.
//!
//! Two commits are one fix if one names the other as where it was picked from, if their patch ids are equal, or if one is
//! called a backport of the other's pull request; and so on through others. Same subject and author is no proof, and is only
//! told. A fix that was reverted on a line is not on it.
//!
//! Invariants: a fix is missing on a line only if none of its commits is in the line's history; what is compared by patch id is
//! every commit that a line has for itself, and of the main branch those with the author or subject of the commit looked for.
//!
//! Must not: decide which fix should be where.

mod links;
mod message;
mod patch;

use crate::cache::{Cache, Key};
use crate::facts::{
    Fix, FixMatrix, ForwardMerge, Known, Link, OnLine, Place, Reason, Unknown, WeakLink,
};
use crate::git::{History, Layout, Mirror, Node, Source, load_alone};
use links::Links;
use message::Message;
use patch::{PatchId, pack, unpack};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// A repository whose fixes are asked for.
pub struct Backports {
    history: History,
    mirror: Mirror,
    trailers: Vec<String>,
    cache: Option<Cache>,
    key: Key,
    patches: RefCell<Patches>,
}

#[derive(Default)]
struct Patches {
    known: HashMap<Node, Option<PatchId>>,
    fresh: bool,
}

/// A commit, as far as linking needs it.
struct Card {
    message: Message,
    author: String,
    email: String,
    merge: bool,
}

/// A branch at the moment asked for.
struct Side {
    name: String,
    tip: Node,
    /// Since when it has commits of its own, in seconds.
    since: i64,
    /// Its commits since the lines parted.
    own: BTreeSet<Node>,
}

impl Backports {
    /// Reads a repository. `trailers` name the trailers that tell a fix's severity; `cache` as in [`crate::git::Train::read`].
    ///
    /// # Errors
    /// What kept the repository from being read.
    pub fn read(
        source: &Source,
        layout: &Layout,
        trailers: &[String],
        cache: Option<&Path>,
    ) -> Result<Self, Unknown> {
        let cache = cache.map(Cache::new);
        let (mirror, history) = load_alone(source, layout, cache.as_ref())?;
        let key = Key::of(
            &format!("patch ids {}", source.path.display()),
            &[&source.name],
        );
        let mut patches = Patches::default();
        if let Some(bytes) = cache.as_ref().and_then(|it| it.load(&key)) {
            patches.known = unpack(&bytes, &history.graph);
        }
        let patches = RefCell::new(patches);
        Ok(Self {
            history,
            mirror,
            trailers: trailers.to_vec(),
            cache,
            key,
            patches,
        })
    }

    /// Fixes by lines at a moment. `lines` are branches in the order of the lines; `given` are fixes with their severity, beside
    /// those that say it in a trailer.
    pub fn matrix(
        &self,
        lines: &[String],
        given: &BTreeMap<Oid, String>,
        as_of: Timestamp,
    ) -> Known<FixMatrix> {
        let at = as_of.seconds();
        let place = || Place::repository(&self.history.name);
        let default = match &self.history.default {
            Known::Known(name) => name.clone(),
            Known::Unknown(why) => return Known::Unknown(why.clone()),
        };
        let Some(main) = self.side(&default, at) else {
            let detail = format!("at {as_of} the repository had no commit yet");
            return Known::unknown(Reason::BeforeHistory, detail, place());
        };
        let mut sides = vec![main];
        let others = lines.iter().filter(|it| **it != default);
        sides.extend(others.filter_map(|it| self.side(it, at)));
        self.fill(&mut sides);
        let cards = self.cards(&sides);
        let wanted: BTreeMap<Node, String> = given
            .iter()
            .filter_map(|(id, severity)| {
                Some((self.history.graph.find_hex(id.as_str())?, severity.clone()))
            })
            .collect();
        let same = self.link(&sides, &cards, &wanted);
        let fixes = self.fixes(lines, &sides, &cards, &wanted, &same, at);
        let forward_merges = sides[1..]
            .iter()
            .map(|side| self.owed(side, &sides[0], &cards, &same))
            .collect();
        self.keep();
        Known::Known(FixMatrix {
            repository: self.history.name.clone(),
            as_of,
            fixes,
            forward_merges,
        })
    }

    fn side(&self, name: &str, at: i64) -> Option<Side> {
        let index = self.history.branch(name)?;
        let tip = self.history.tip(index, at)?;
        let since = self.history.branches[index]
            .landed
            .first()
            .copied()
            .unwrap_or(i64::MIN);
        let name = name.to_owned();
        Some(Side {
            name,
            tip: tip.node,
            since,
            own: BTreeSet::new(),
        })
    }

    /// What every branch has since the oldest of the lines parted from the main branch.
    fn fill(&self, sides: &mut [Side]) {
        let graph = &self.history.graph;
        let main = sides[0].tip;
        let parted = sides[1..]
            .iter()
            .filter_map(|side| self.parted(&side.name))
            .min();
        // Numbers order by descent: the lowest of the bases is in the history of all of them.
        let base = parted.or_else(|| {
            sides[1..]
                .iter()
                .filter_map(|it| graph.apart(main, it.tip).base)
                .min()
        });
        let from: Vec<Node> = base.into_iter().collect();
        for side in sides {
            side.own = graph.between(&from, &[side.tip]).into_iter().collect();
        }
    }

    /// The commit at which a branch parted from another.
    fn parted(&self, name: &str) -> Option<Node> {
        let (from, place) = self.history.branches[self.history.branch(name)?].from?;
        self.history.branches[from].own.get(place).copied()
    }

    fn cards(&self, sides: &[Side]) -> BTreeMap<Node, Card> {
        let nodes: BTreeSet<Node> = sides.iter().flat_map(|it| it.own.iter().copied()).collect();
        nodes
            .into_iter()
            .filter_map(|node| Some((node, self.card(node)?)))
            .collect()
    }

    fn card(&self, node: Node) -> Option<Card> {
        let id = self.history.graph.object_id(node);
        let object = self.mirror.git.try_find_object(id).ok().flatten()?;
        let commit = gix::objs::CommitRefIter::from_bytes(&object.data, id.kind());
        let merge = commit.parent_ids().nth(1).is_some();
        let author = commit.author().ok();
        let text = commit.message().ok()?.to_string();
        let show = |it: &gix::bstr::BStr| String::from_utf8_lossy(it).trim().to_owned();
        Some(Card {
            message: message::read(&text, &self.trailers),
            author: author.map(|it| show(it.name)).unwrap_or_default(),
            email: author
                .map(|it| show(it.email).to_lowercase())
                .unwrap_or_default(),
            merge,
        })
    }

    /// Which commits are one fix.
    fn link(
        &self,
        sides: &[Side],
        cards: &BTreeMap<Node, Card>,
        wanted: &BTreeMap<Node, String>,
    ) -> Links {
        let graph = &self.history.graph;
        let mut same = Links::default();
        let mut by_pull: HashMap<u64, Vec<Node>> = HashMap::new();
        for (node, card) in cards {
            if let Some(number) = card.message.pull {
                by_pull.entry(number).or_default().push(*node);
            }
        }
        for (node, card) in cards {
            for source in Message::nodes(&card.message.picked_from, graph) {
                same.join(*node, source, Link::CherryPicked);
            }
            for number in &card.message.backports {
                for source in by_pull
                    .get(number)
                    .into_iter()
                    .flatten()
                    .filter(|it| *it != node)
                {
                    same.join(*node, *source, Link::Backport);
                }
            }
        }
        // Patch ids cost a diff each: only of what a line has for itself, and of what could be its other half.
        let main = &sides[0];
        let only_lines: BTreeSet<Node> = sides[1..]
            .iter()
            .flat_map(|it| it.own.difference(&main.own).copied())
            .collect();
        let mut wanted: BTreeSet<Node> = wanted.keys().copied().collect();
        wanted.extend(
            cards
                .iter()
                .filter(|(_, it)| it.message.severity.is_some())
                .map(|(node, _)| *node),
        );
        let key = |card: &Card| (card.email.clone(), normal(&card.message.subject).to_owned());
        let lines = only_lines.iter().filter_map(|it| cards.get(it)).map(key);
        let (emails, subjects): (BTreeSet<String>, BTreeSet<String>) = lines.unzip();
        let mut by_patch: HashMap<PatchId, Node> = HashMap::new();
        for (node, card) in cards.iter().filter(|(_, it)| !it.merge) {
            let near =
                || emails.contains(&card.email) || subjects.contains(normal(&card.message.subject));
            if !(only_lines.contains(node)
                || wanted.contains(node)
                || (!only_lines.is_empty() && near()))
            {
                continue;
            }
            if let Some(id) = self.patch_id(*node) {
                match by_patch.get(&id) {
                    Some(first) => same.join(*node, *first, Link::PatchId),
                    None => {
                        by_patch.insert(id, *node);
                    }
                }
            }
        }
        same
    }

    fn patch_id(&self, node: Node) -> Option<PatchId> {
        let mut patches = self.patches.borrow_mut();
        if let Some(known) = patches.known.get(&node) {
            return *known;
        }
        let graph = &self.history.graph;
        let parent = graph.parents(node).first().copied();
        let tree = |node: Node| self.mirror.tree_of(graph.object_id(node)).ok();
        let found = match (parent, tree(node)) {
            (Some(parent), Some(new)) => {
                tree(parent).and_then(|old| patch::patch_id(&self.mirror, Some(old), new))
            }
            (None, Some(new)) => patch::patch_id(&self.mirror, None, new),
            (_, None) => None,
        };
        patches.known.insert(node, found);
        patches.fresh = true;
        found
    }

    fn keep(&self) {
        let mut patches = self.patches.borrow_mut();
        if let Some(cache) = self.cache.as_ref().filter(|_| patches.fresh) {
            cache.store(&self.key, &pack(&patches.known, &self.history.graph));
            patches.fresh = false;
        }
    }

    fn fixes(
        &self,
        lines: &[String],
        sides: &[Side],
        cards: &BTreeMap<Node, Card>,
        wanted: &BTreeMap<Node, String>,
        same: &Links,
        at: i64,
    ) -> Vec<Fix> {
        let mut groups: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
        let labelled = cards.iter().filter(|(_, it)| it.message.severity.is_some());
        for node in labelled.map(|(node, _)| node).chain(wanted.keys()) {
            let members = same.group(*node);
            let first = members.first().copied().unwrap_or(*node);
            groups.insert(first, members);
        }
        let graph = &self.history.graph;
        let mut fixes = Vec::new();
        for members in groups.into_values() {
            let Some(first) = members
                .iter()
                .copied()
                .min_by_key(|it| (graph.time(*it), *it))
            else {
                continue;
            };
            let own = self.card(first);
            let card = cards.get(&first).or(own.as_ref());
            let severity = members.iter().find_map(|it| wanted.get(it).cloned());
            let trailer = || {
                members
                    .iter()
                    .find_map(|it| cards.get(it)?.message.severity.clone())
            };
            let mut names: Vec<&String> = lines.iter().collect();
            names.push(&sides[0].name);
            names.dedup();
            let on = names.into_iter().map(|name| {
                let side = sides.iter().find(|it| it.name == *name);
                (
                    name.clone(),
                    self.on_line(name, side, first, &members, cards, same, at),
                )
            });
            fixes.push(Fix {
                commit: graph.oid(first),
                subject: card
                    .map(|it| it.message.subject.clone())
                    .unwrap_or_default(),
                author: card.map(|it| it.author.clone()).unwrap_or_default(),
                time: Timestamp(graph.time(first) * 1000),
                pull: std::iter::once(&first)
                    .chain(&members)
                    .find_map(|it| cards.get(it)?.message.pull),
                severity: severity.or_else(trailer),
                lines: on.collect(),
            });
        }
        fixes.sort_by(|a, b| (a.time, &a.commit).cmp(&(b.time, &b.commit)));
        fixes
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one question with all that it is asked of"
    )]
    fn on_line(
        &self,
        name: &str,
        side: Option<&Side>,
        first: Node,
        members: &BTreeSet<Node>,
        cards: &BTreeMap<Node, Card>,
        same: &Links,
        at: i64,
    ) -> OnLine {
        let graph = &self.history.graph;
        let Some(side) = side else {
            let detail = format!("there is no branch {name} by then");
            let place = Place::repository(&self.history.name);
            return OnLine::Unread {
                why: Known::unknown(Reason::NotInRepository, detail, place),
            };
        };
        let there = members
            .iter()
            .copied()
            .filter(|it| graph.is_ancestor(*it, side.tip) && !self.is_reverted(*it, side, cards));
        let linked = |node: Node| {
            if node == first {
                Link::Same
            } else {
                same.how(node)
            }
        };
        if let Some(node) = there.min_by_key(|it| (linked(*it), *it)) {
            let tags = self.history.tags.iter().filter(|it| it.time <= at);
            let released = tags.filter(|it| {
                graph.is_ancestor(node, it.node) && graph.is_ancestor(it.node, side.tip)
            });
            let release = released
                .min_by_key(|it| (it.time, it.node))
                .map(|it| it.name.clone());
            return OnLine::Fixed {
                commit: graph.oid(node),
                link: linked(node),
                release,
            };
        }
        let alike = |card: &Card| {
            members.iter().filter_map(|it| cards.get(it)).any(|it| {
                it.email == card.email
                    && normal(&it.message.subject) == normal(&card.message.subject)
            })
        };
        let maybe = side.own.iter().filter(|it| !members.contains(it));
        let maybe = maybe
            .filter_map(|it| Some((it, cards.get(it)?)))
            .filter(|(_, card)| alike(card));
        OnLine::Missing {
            since: Timestamp(graph.time(first).max(side.since) * 1000),
            maybe: maybe
                .map(|(node, card)| WeakLink {
                    commit: graph.oid(*node),
                    subject: card.message.subject.clone(),
                })
                .collect(),
        }
    }

    /// Whether the last word of a line about a commit is that it was taken back.
    fn is_reverted(&self, node: Node, side: &Side, cards: &BTreeMap<Node, Card>) -> bool {
        let reverts = |of: Node| {
            side.own.iter().copied().filter(move |it| {
                *it > of
                    && cards.get(it).is_some_and(|card| {
                        !card.message.reverts.is_empty()
                            && Message::nodes(&card.message.reverts, &self.history.graph)
                                .contains(&of)
                    })
            })
        };
        // A revert of the revert brings it back.
        reverts(node).any(|revert| reverts(revert).next().is_none())
    }

    fn owed(
        &self,
        line: &Side,
        main: &Side,
        cards: &BTreeMap<Node, Card>,
        same: &Links,
    ) -> ForwardMerge {
        let graph = &self.history.graph;
        let mut owed: Vec<Node> = graph
            .between(&[main.tip], &[line.tip])
            .into_iter()
            .filter(|node| {
                let merge = cards.get(node).is_some_and(|it| it.merge);
                // What main has by a merge of the line may be wanted a second time.
                let other = |it: &Node| {
                    graph.is_ancestor(*it, main.tip) && !graph.is_ancestor(*it, line.tip)
                };
                !merge && !same.group(*node).iter().any(other)
            })
            .collect();
        owed.reverse();
        let merged = graph.apart(main.tip, line.tip).base;
        let parted = self.parted(&line.name);
        let merged = merged.filter(|it| parted.is_none_or(|parted| *it > parted));
        ForwardMerge {
            line: line.name.clone(),
            into: main.name.clone(),
            since: owed
                .iter()
                .map(|it| graph.time(*it))
                .min()
                .map(|it| Timestamp(it * 1000)),
            owed: owed.into_iter().map(|it| graph.oid(it)).collect(),
            merged_until: merged.map(|it| (graph.oid(it), Timestamp(graph.time(it) * 1000))),
        }
    }
}

/// A subject without the number of its pull request and the mark of a backport.
fn normal(subject: &str) -> &str {
    let subject = subject
        .rsplit_once(" (#")
        .map_or(subject, |(before, _)| before);
    let inside = subject.strip_prefix('[').and_then(|it| it.split_once(']'));
    match inside {
        Some((mark, rest)) if mark.to_ascii_lowercase().contains("backport") => rest.trim(),
        _ => subject.trim(),
    }
}
