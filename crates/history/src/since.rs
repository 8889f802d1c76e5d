//! What each of many parts of a repository has that its own last release has not: one walk for all of them.
//!
//! Invariants: a commit is listed when at least one base does not contain it. The cost is that of the commits between the head
//! and what all bases share, with one set of bases for each base and merge that is met, never bases times commits.
//!
//! The walk goes by commit dates, with the same tolerance as [`crate::walk`].

use crate::error::HistoryError;
use crate::graph::{Graph, Place};
use crate::objects::{CommitId, Objects};
use crate::walk::{Queue, SLOP};
use gix::hashtable::HashMap as Ids;
use std::collections::HashMap;

/// What came since each of many bases.
#[derive(Clone, Debug, Default)]
pub struct Since {
    /// What the head has and at least one base has not. Newest first.
    pub commits: Vec<CommitId>,
    /// By commit.
    contained_in: Vec<Set>,
    /// By the position of the base that was given; `None`: no base, and so nothing is contained in it.
    bits: Vec<Option<u32>>,
    /// By bit: whether the head contains the base.
    behind_head: Vec<bool>,
    sets: Sets,
}

type Set = u32;

/// Sets of bases, each kept once.
#[derive(Clone, Debug, Default)]
struct Sets {
    kept: Vec<Box<[u64]>>,
    known: HashMap<Box<[u64]>, Set>,
    unions: HashMap<(Set, Set), Set>,
}

impl Since {
    /// Whether the commit at that position of [`Since::commits`] is in the base at that position of those given.
    pub fn is_in(&self, commit: usize, base: usize) -> bool {
        let bit = self.bits.get(base).copied().flatten();
        let set = self.contained_in.get(commit);
        match (bit, set) {
            (Some(bit), Some(set)) => self.sets.holds(*set, bit),
            _ => false,
        }
    }

    /// Whether the head contains the base at that position of those given.
    pub fn is_behind_head(&self, base: usize) -> bool {
        let bit = self.bits.get(base).copied().flatten();
        bit.is_some_and(|bit| self.behind_head.get(bit as usize) == Some(&true))
    }
}

impl Sets {
    fn keep(&mut self, bits: Box<[u64]>) -> Set {
        if let Some(set) = self.known.get(&bits) {
            return *set;
        }
        let set = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
        self.kept.push(bits.clone());
        self.known.insert(bits, set);
        set
    }

    fn with(&mut self, set: Set, bit: u32) -> Set {
        let mut bits = self.kept[set as usize].clone();
        bits[bit as usize / 64] |= 1 << (bit % 64);
        self.keep(bits)
    }

    fn holds(&self, set: Set, bit: u32) -> bool {
        self.kept[set as usize][bit as usize / 64] & (1 << (bit % 64)) != 0
    }

    fn union(&mut self, a: Set, b: Set) -> Set {
        if a == b {
            return a;
        }
        let pair = (a.min(b), a.max(b));
        if let Some(set) = self.unions.get(&pair) {
            return *set;
        }
        let (a, b) = (&self.kept[a as usize], &self.kept[b as usize]);
        let both = a.iter().zip(b).map(|(a, b)| a | b).collect();
        let set = self.keep(both);
        self.unions.insert(pair, set);
        set
    }
}

const MET: u8 = 1;
const WAITS: u8 = 2;
/// Reached from the head.
const OURS: u8 = 4;

struct Walk<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    queue: Queue,
    /// By place: the bases that contain it, as far as it is known.
    sets: Vec<Set>,
    seen: Vec<u8>,
    known: Sets,
    /// The set of all bases.
    all: Set,
    /// How many in the queue are not in all bases.
    open: usize,
}

pub(crate) fn since(
    graph: &mut Graph,
    objects: &Objects,
    head: Place,
    bases: &[Option<CommitId>],
) -> Result<Since, HistoryError> {
    // Several parts that were released together share a base.
    let mut distinct: Ids<gix::ObjectId, u32> = Ids::default();
    let mut tips: Vec<Place> = Vec::new();
    let mut bits = Vec::with_capacity(bases.len());
    for base in bases {
        let Some(CommitId(id)) = base else {
            bits.push(None);
            continue;
        };
        let next = u32::try_from(tips.len()).unwrap_or(u32::MAX);
        let bit = *distinct.entry(*id).or_insert(next);
        if bit == next {
            tips.push(graph.find(objects, *id)?);
        }
        bits.push(Some(bit));
    }
    let mut known = Sets::default();
    let words = tips.len().div_ceil(64);
    let empty = known.keep(vec![0; words].into());
    let all = if bases.contains(&None) || tips.is_empty() {
        // Nothing is in a base that is not there, so nothing is in all of them.
        u32::MAX
    } else {
        let mut full = vec![u64::MAX; words];
        if let Some(last) = full.last_mut().filter(|_| !tips.len().is_multiple_of(64)) {
            *last = (1 << (tips.len() % 64)) - 1;
        }
        known.keep(full.into())
    };
    let mut walk = Walk {
        graph,
        objects,
        queue: Queue::default(),
        sets: Vec::new(),
        seen: Vec::new(),
        known,
        all,
        open: 0,
    };
    walk.meet(head, empty, true)?;
    for (bit, tip) in tips.iter().enumerate() {
        let own = walk
            .known
            .with(empty, u32::try_from(bit).unwrap_or(u32::MAX));
        walk.meet(*tip, own, false)?;
    }
    let listed = walk.run()?;
    let contained_in = listed.iter().map(|place| walk.sets[*place as usize]);
    let behind_head = tips.iter().map(|tip| walk.seen[*tip as usize] & OURS != 0);
    Ok(Since {
        behind_head: behind_head.collect(),
        contained_in: contained_in.collect(),
        commits: listed.iter().map(|place| walk.graph.id(*place)).collect(),
        bits,
        sets: walk.known,
    })
}

impl Walk<'_> {
    fn run(&mut self) -> Result<Vec<Place>, HistoryError> {
        let mut listed = Vec::new();
        let (mut slop, mut oldest) = (SLOP, i64::MAX);
        while let Some((place, time)) = self.queue.pop() {
            let at = place as usize;
            self.seen[at] &= !WAITS;
            let set = self.sets[at];
            let settled = set == self.all;
            self.open -= usize::from(!settled);
            let ours = self.seen[at] & OURS != 0;
            for edge in self.graph.parents(place) {
                let parent = self.graph.parent(edge);
                self.meet(parent, set, ours)?;
            }
            if !settled {
                oldest = oldest.min(time);
                listed.push(place);
                slop = SLOP;
            } else if self.open > 0 || self.queue.next_time().is_some_and(|next| next >= oldest) {
                slop = SLOP;
            } else if slop == 0 {
                break;
            } else {
                slop -= 1;
            }
        }
        listed.retain(|place| {
            let at = *place as usize;
            self.sets[at] != self.all && self.seen[at] & OURS != 0
        });
        if let Some(end) = listed.iter().find(|place| self.graph.is_cut(**place)) {
            let boundary = self.graph.id(*end).oid()?;
            return Err(HistoryError::Shallow { boundary });
        }
        Ok(listed)
    }

    /// Meets a commit from a child, or from nowhere, and passes on what is new to those behind it that were met.
    fn meet(&mut self, place: Place, set: Set, ours: bool) -> Result<(), HistoryError> {
        let ours = if ours { OURS } else { 0 };
        let mut open = vec![(place, set)];
        while let Some((place, set)) = open.pop() {
            let at = place as usize;
            if self.seen.len() <= at {
                let size = self.graph.len().max(at + 1);
                self.seen.resize(size, 0);
                self.sets.resize(size, 0);
            }
            if self.seen[at] & MET == 0 {
                let time = self.graph.time(self.objects, place)?;
                self.seen[at] = MET | WAITS | ours;
                self.sets[at] = set;
                self.queue.push(place, time);
                self.open += usize::from(set != self.all);
                continue;
            }
            let before = self.sets[at];
            let both = self.known.union(before, set);
            if both == before && self.seen[at] & ours == ours {
                continue;
            }
            self.sets[at] = both;
            self.seen[at] |= ours;
            if self.seen[at] & WAITS != 0 {
                self.open -= usize::from(before != self.all && both == self.all);
            } else {
                for edge in self.graph.parents(place) {
                    open.push((self.graph.parent(edge), both));
                }
            }
        }
        Ok(())
    }
}
