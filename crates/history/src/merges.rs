//! Which commits of a range each merge brought in.
//!
//! A commit belongs to the oldest merge that brought it in on the way of first parents, the way on which a branch grows; what is
//! on that way itself belongs to none. Invariants: each commit is visited once, whatever the number of merges; what a merge
//! brought in stands together, before the merge.
//!
//! Must not: look beyond the range.

use crate::read::Read;
use std::collections::HashMap;

/// Positions of the commits of a range, by id.
pub(crate) struct Places(HashMap<u64, usize>);

impl Places {
    pub fn of(reads: &[Read]) -> Self {
        let by_id = |(at, read): (usize, &Read)| (beginning(read.id.as_str()), at);
        Self(reads.iter().enumerate().map(by_id).collect())
    }

    /// The commit of that id, in full.
    pub fn of_id(&self, reads: &[Read], id: &str) -> Option<usize> {
        let at = self.0.get(&beginning(id)).copied();
        at.filter(|at| reads[*at].id.as_str() == id)
    }
}

/// As much of an id as tells commits apart; the whole id is compared afterwards.
fn beginning(id: &str) -> u64 {
    id.get(..16)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .unwrap_or_default()
}

/// The merges of a range, looked at once somebody asks.
pub(crate) struct Lazy<'a> {
    reads: &'a [Read],
    places: &'a Places,
    merges: Option<Merges>,
}

impl<'a> Lazy<'a> {
    pub fn new(reads: &'a [Read], places: &'a Places) -> Self {
        Self {
            reads,
            places,
            merges: None,
        }
    }

    pub fn get(&mut self) -> &Merges {
        self.merges
            .get_or_insert_with(|| Merges::of(self.reads, self.places))
    }
}

/// An order of the range in which every merge follows what it brought in.
pub(crate) struct Merges {
    /// Positions in the range.
    pub order: Vec<usize>,
    /// By position in the range: where in `order` the commit stands, and where what it brought in begins.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    begins: usize,
    stands: usize,
}

/// A way of first parents that is being walked.
struct Way {
    /// The oldest last.
    open: Vec<usize>,
    /// A merge on it whose other parents are being walked, and the next of them.
    merge: Option<(usize, usize)>,
}

impl Merges {
    fn of(reads: &[Read], places: &Places) -> Self {
        let mut merges = Self {
            order: Vec::with_capacity(reads.len()),
            places: vec![Place::default(); reads.len()],
        };
        let mut seen = vec![false; reads.len()];
        let mut ways: Vec<Way> = Vec::new();
        for tip in 0..reads.len() {
            ways.push(way(reads, places, &mut seen, Some(tip)));
            while let Some(way_now) = ways.last_mut() {
                if let Some((merge, next)) = &mut way_now.merge {
                    let (merge, parent) = (*merge, reads[*merge].parents.get(*next));
                    *next += 1;
                    if let Some(parent) = parent {
                        let start = places.of_id(reads, parent.as_str());
                        ways.push(way(reads, places, &mut seen, start));
                    } else {
                        way_now.merge = None;
                        merges.stand(merge);
                    }
                } else if let Some(at) = way_now.open.pop() {
                    merges.places[at].begins = merges.order.len();
                    if reads[at].parents.len() > 1 {
                        way_now.merge = Some((at, 1));
                    } else {
                        merges.stand(at);
                    }
                } else {
                    ways.pop();
                }
            }
        }
        merges
    }

    fn stand(&mut self, at: usize) {
        self.places[at].stands = self.order.len();
        self.order.push(at);
    }

    /// Where in the order what a merge brought in stands, without the merge.
    pub fn brought_in(&self, merge: usize) -> std::ops::Range<usize> {
        let place = self.places[merge];
        place.begins..place.stands
    }
}

fn way(reads: &[Read], places: &Places, seen: &mut [bool], start: Option<usize>) -> Way {
    let mut open = Vec::new();
    let mut next = start;
    while let Some(at) = next.filter(|at| !std::mem::replace(&mut seen[*at], true)) {
        open.push(at);
        let parent = reads[at].parents.first();
        next = parent.and_then(|parent| places.of_id(reads, parent.as_str()));
    }
    Way { open, merge: None }
}
