//! Which marked commits contain a commit: those that it can be reached from.
//!
//! The marks are put on lines, on each of which every mark contains all older ones. So one number per line says it all: the
//! oldest mark of the line that contains the commit. Sets are kept once, so that the cost is one step for each commit and
//! parent, and the memory one set for each mark and merge of lines: never marks times commits.
//!
//! Invariants: commits are given such that each comes before its parents. At most [`MOST_LINES`] lines are remembered for one
//! commit; beyond that some marks forget that they contain it.

use std::collections::HashMap;

/// Lines that one commit is followed through.
pub(crate) const MOST_LINES: usize = 64;

pub(crate) type Mark = u32;
pub(crate) type Set = u32;

/// The set of no marks.
pub(crate) const EMPTY: Set = 0;

/// Line and position on it, by line. A higher position is an older mark.
type Positions = Box<[(u32, u32)]>;

#[derive(Default)]
pub(crate) struct Lines {
    sets: Vec<Positions>,
    known: HashMap<Positions, Set>,
    unions: HashMap<(Set, Set), Set>,
    /// The marks of each line, newest first.
    marks: Vec<Vec<Mark>>,
    /// By mark: the set of those that contain it, itself too.
    containing: Vec<Set>,
    minimal: HashMap<Set, Box<[Mark]>>,
}

impl Lines {
    pub fn new() -> Self {
        let mut new = Self::default();
        new.keep(Vec::new());
        new
    }

    /// Adds the next mark, whose commit is contained in `set`; gives the mark and the set with it.
    pub fn add(&mut self, set: Set) -> (Mark, Set) {
        let mark = u32::try_from(self.containing.len()).unwrap_or(u32::MAX);
        let mut positions = self.sets[set as usize].to_vec();
        let last = |line: u32| self.marks[line as usize].len() - 1;
        let follows = positions
            .iter_mut()
            .find(|(line, at)| last(*line) == *at as usize);
        if let Some((line, at)) = follows {
            self.marks[*line as usize].push(mark);
            *at += 1;
        } else {
            let line = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
            self.marks.push(vec![mark]);
            positions.push((line, 0));
        }
        let set = self.keep(positions);
        self.containing.push(set);
        (mark, set)
    }

    pub fn union(&mut self, a: Set, b: Set) -> Set {
        if a == b || b == EMPTY {
            return a;
        } else if a == EMPTY {
            return b;
        }
        let pair = (a.min(b), a.max(b));
        if let Some(set) = self.unions.get(&pair) {
            return *set;
        }
        let (a, b) = (&self.sets[a as usize], &self.sets[b as usize]);
        let mut both = Vec::with_capacity(a.len().max(b.len()));
        let (mut i, mut j) = (0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            both.push(match x.0.cmp(&y.0) {
                std::cmp::Ordering::Less => *x,
                std::cmp::Ordering::Greater => *y,
                std::cmp::Ordering::Equal => (x.0, x.1.max(y.1)),
            });
            i += usize::from(x.0 <= y.0);
            j += usize::from(y.0 <= x.0);
        }
        both.extend_from_slice(&a[i..]);
        both.extend_from_slice(&b[j..]);
        let set = self.keep(both);
        self.unions.insert(pair, set);
        set
    }

    /// The marks of the set that contain no other mark of it: the first ones on each way. In no order.
    pub fn minimal(&mut self, set: Set) -> &[Mark] {
        if !self.minimal.contains_key(&set) {
            let oldest: Vec<(u32, u32, Mark)> = self.sets[set as usize]
                .iter()
                .map(|(line, at)| (*line, *at, self.marks[*line as usize][*at as usize]))
                .collect();
            let contains_another = |(line, at, mark): &(u32, u32, Mark)| {
                let others = oldest.iter().filter(|other| other.2 != *mark);
                others.into_iter().any(|other| {
                    let those = &self.sets[self.containing[other.2 as usize] as usize];
                    let found = those.binary_search_by_key(line, |(line, _)| *line);
                    found.is_ok_and(|found| those[found].1 >= *at)
                })
            };
            let first = oldest.iter().filter(|one| !contains_another(one));
            let first = first.map(|one| one.2).collect();
            self.minimal.insert(set, first);
        }
        self.minimal.get(&set).map_or(&[], |marks| marks)
    }

    fn keep(&mut self, mut positions: Vec<(u32, u32)>) -> Set {
        // Those of the oldest marks stay: they are the first ones.
        positions.drain(..positions.len().saturating_sub(MOST_LINES));
        let positions = positions.into_boxed_slice();
        if let Some(set) = self.known.get(&positions) {
            return *set;
        }
        let set = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(positions.clone());
        self.known.insert(positions, set);
        set
    }
}
