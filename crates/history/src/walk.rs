//! Walking the graph: which commits one side has and another has not.
//!
//! Invariants: what is left out is what can be reached from the commits to leave out, as `git log TAG..` has it, whichever
//! parent leads there; the cost is that of the commits in between, whatever the number of tags. Commits come newest first,
//! in the order of `git log`.
//!
//! Like git's own walk this goes by commit dates: where a clock was wrong by more than [`SLOP`] commits, one that could be
//! left out may be listed. It never leaves out one that belongs in.

pub use crate::commit::{Author, Commit};
use crate::error::HistoryError;
use crate::graph::{Graph, Place};
use crate::objects::Objects;
use std::collections::BinaryHeap;

/// Commits of the other side that are looked at beyond the point where all seems to be known. Git takes 5.
pub(crate) const SLOP: u32 = 64;

/// A commit that waits for its turn: the newest first, and among equals the one that was found first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    time: i64,
    turn: std::cmp::Reverse<u32>,
    place: Place,
}

/// Commits that wait, newest first.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: BinaryHeap<Waiting>,
    turns: u32,
}

impl Queue {
    pub fn push(&mut self, place: Place, time: i64) {
        self.turns = self.turns.wrapping_add(1);
        self.waiting.push(Waiting {
            time,
            turn: std::cmp::Reverse(self.turns),
            place,
        });
    }

    pub fn pop(&mut self) -> Option<(Place, i64)> {
        self.waiting.pop().map(|found| (found.place, found.time))
    }

    /// The date of the next one.
    pub fn next_time(&self) -> Option<i64> {
        self.waiting.peek().map(|found| found.time)
    }
}

const MET: u8 = 1;
const HIDDEN: u8 = 2;
const WAITS: u8 = 4;

/// What a walk found.
pub(crate) struct Walked {
    /// Newest first.
    pub commits: Vec<Place>,
    /// The marks that stopped the walk.
    pub marks: Vec<Place>,
}

/// One walk's own marks.
pub(crate) struct Walk<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    seen: Vec<u8>,
    queue: Queue,
    /// How many in the queue are not hidden.
    shown_waiting: usize,
}

impl<'a> Walk<'a> {
    pub fn new(graph: &'a mut Graph, objects: &'a Objects) -> Self {
        Self {
            graph,
            objects,
            seen: Vec::new(),
            queue: Queue::default(),
            shown_waiting: 0,
        }
    }

    /// All that can be reached from `tip` and not from `hidden`. A commit that `is_mark` names is listed among the marks,
    /// and what lies behind it is left out.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where the answer lies beyond what was fetched.
    pub fn run(
        mut self,
        tip: Place,
        hidden: Option<Place>,
        is_mark: impl Fn(&Graph, Place) -> bool,
    ) -> Result<Walked, HistoryError> {
        let mut found = Walked {
            commits: Vec::new(),
            marks: Vec::new(),
        };
        let (mut slop, mut oldest, mut ends) = (SLOP, i64::MAX, Vec::new());
        if let Some(hidden) = hidden {
            self.meet(hidden, true)?;
        }
        self.meet(tip, false)?;
        while let Some((place, time)) = self.queue.pop() {
            let mut hides = self.take(place);
            if !hides && is_mark(self.graph, place) {
                found.marks.push(place);
                self.hide(place);
                hides = true;
            }
            for edge in self.graph.parents(place) {
                let parent = self.graph.parent(edge);
                self.meet(parent, hides)?;
            }
            if hides {
                let older = self.queue.next_time().is_none_or(|next| next < oldest);
                if self.shown_waiting > 0 || !older {
                    slop = SLOP;
                } else if slop == 0 {
                    break;
                } else {
                    slop -= 1;
                }
            } else {
                oldest = oldest.min(time);
                found.commits.push(place);
                if self.graph.is_cut(place) {
                    ends.push(place);
                }
            }
        }
        if let Some(end) = ends.iter().find(|place| !self.is_hidden(**place)) {
            return Err(HistoryError::Shallow {
                boundary: self.graph.id(*end).oid()?,
            });
        }
        found.commits.retain(|place| !self.is_hidden(*place));
        Ok(found)
    }

    fn meet(&mut self, place: Place, hidden: bool) -> Result<(), HistoryError> {
        if self.seen.len() <= place as usize {
            self.seen
                .resize(self.graph.len().max(place as usize + 1), 0);
        }
        if self.seen[place as usize] & MET != 0 {
            if hidden {
                self.hide(place);
            }
            return Ok(());
        }
        let time = self.graph.time(self.objects, place)?;
        self.seen[place as usize] = MET | WAITS | if hidden { HIDDEN } else { 0 };
        self.queue.push(place, time);
        self.shown_waiting += usize::from(!hidden);
        Ok(())
    }

    /// Takes one that was popped off the queue; says whether it is hidden.
    fn take(&mut self, place: Place) -> bool {
        let seen = &mut self.seen[place as usize];
        *seen &= !WAITS;
        let hidden = *seen & HIDDEN != 0;
        self.shown_waiting -= usize::from(!hidden);
        hidden
    }

    /// Hides a commit that was met before, and all behind it that was met.
    fn hide(&mut self, place: Place) {
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            let Some(seen) = self.seen.get_mut(place as usize) else {
                continue;
            };
            if *seen & MET == 0 || *seen & HIDDEN != 0 {
                continue;
            }
            *seen |= HIDDEN;
            if *seen & WAITS != 0 {
                self.shown_waiting -= 1;
            } else {
                let parents = self.graph.parents(place);
                open.extend(parents.map(|edge| self.graph.parent(edge)));
            }
        }
    }

    fn is_hidden(&self, place: Place) -> bool {
        self.seen[place as usize] & HIDDEN != 0
    }
}

/// All that can be reached from the tips, newest first, in the order of `git log`; as far as `until`, which is asked before
/// each commit with its date.
pub(crate) fn reachable(
    graph: &mut Graph,
    objects: &Objects,
    tips: &[Place],
    mut until: impl FnMut(i64) -> bool,
) -> Result<Vec<Place>, HistoryError> {
    let mut queue = Queue::default();
    let mut seen: Vec<bool> = Vec::new();
    let mut meet = |graph: &mut Graph, queue: &mut Queue, place: Place| {
        if seen.len() <= place as usize {
            seen.resize(graph.len().max(place as usize + 1), false);
        }
        if !std::mem::replace(&mut seen[place as usize], true) {
            queue.push(place, graph.time(objects, place)?);
        }
        Ok::<_, HistoryError>(())
    };
    for tip in tips {
        meet(graph, &mut queue, *tip)?;
    }
    let mut order = Vec::new();
    while let Some((place, time)) = queue.pop() {
        if until(time) {
            break;
        }
        order.push(place);
        for edge in graph.parents(place) {
            let parent = graph.parent(edge);
            meet(graph, &mut queue, parent)?;
        }
    }
    Ok(order)
}

/// The same commits, such that each one comes before all its parents, whatever the clocks said.
pub(crate) fn children_first(graph: &Graph, commits: &[Place]) -> Vec<Place> {
    const OUTSIDE: u32 = u32::MAX;
    let mut children = vec![OUTSIDE; graph.len()];
    for place in commits {
        children[*place as usize] = 0;
    }
    let parents = |place: Place| graph.parents(place).map(|edge| graph.parent(edge));
    for place in commits {
        for parent in parents(*place) {
            let count = &mut children[parent as usize];
            *count = count.saturating_add(u32::from(*count != OUTSIDE));
        }
    }
    // A stack in which the newest is on top: what comes out is near to the order that came in.
    let mut open: Vec<Place> = commits
        .iter()
        .rev()
        .copied()
        .filter(|place| children[*place as usize] == 0)
        .collect();
    let mut order = Vec::with_capacity(commits.len());
    while let Some(place) = open.pop() {
        order.push(place);
        for parent in parents(place) {
            let count = &mut children[parent as usize];
            if *count != OUTSIDE {
                *count -= 1;
                if *count == 0 {
                    open.push(parent);
                }
            }
        }
    }
    order
}
