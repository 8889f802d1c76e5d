//! What a commit takes back, and which commits of a range thereby are as if they had never been.
//!
//! Read are: git's `Revert "…"` and `Reapply "…"` with `This reverts commit ID.`, also of a merge; GitHub's `Revert "…" (#13)` with
//! `Reverts owner/name#12`; GitLab's `This reverts merge request !12`; and the form that Conventional Commits 1.0.0 recommends,
//! `revert: …` with `Refs: ID, ID`.
//!
//! Invariants: from the newest on, so that a revert which was itself reverted takes nothing back; nothing newer than the revert
//! is taken back; the cost is linear, whatever the messages say.
//!
//! Must not: decide what a revert of something older than the range means for the version.

use crate::conventional::{FooterText, Message, Separator};
use crate::merges::{Lazy, Places};
use crate::read::Read;
use crate::reference;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Commits that one message can take back.
const MOST: usize = 1000;

/// What a commit takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revert {
    /// Whether that is all it does, by its header. Otherwise it is a change of its own as well.
    pub is_all: bool,
    /// Full or abbreviated, lower case.
    pub ids: Vec<String>,
    /// By number.
    pulls: Vec<u64>,
    /// The header of what is reverted, where the message has it.
    title: Option<Titles>,
}

/// A header as it is compared: in full, and without the number of its pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Titles {
    pub full: u64,
    pub bare: u64,
}

impl Titles {
    pub fn of(header: &str) -> Self {
        let full = title(header);
        let bare = reference::pull_request(header).map_or(full, |(bare, _)| title(bare));
        Self { full, bare }
    }
}

fn title(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.trim().hash(&mut hasher);
    hasher.finish()
}

/// A header that takes back another one.
pub(crate) struct Quoted<'a> {
    /// The innermost header: `feat: a` in `Revert "Revert "feat: a""`.
    pub inner: &'a str,
    /// Whether in the end it is there again.
    pub is_back: bool,
    reverted: String,
}

impl<'a> Quoted<'a> {
    /// `Revert "…"`, `Reapply "…"`, with the number of a pull request behind it or not.
    pub fn read(header: &'a str) -> Option<Self> {
        let header = reference::pull_request(header).map_or(header.trim(), |(bare, _)| bare);
        let (first, mut inner) = layer(header)?;
        let reverted = match first {
            Layer::Revert => inner.to_owned(),
            Layer::Reapply => format!("Revert \"{inner}\""),
        };
        let mut is_back = first == Layer::Reapply;
        while let Some((next, within)) = layer(inner) {
            is_back ^= next == Layer::Revert;
            inner = within;
        }
        Some(Self {
            inner,
            is_back,
            reverted,
        })
    }

    /// The header that it takes back.
    pub fn target(&self) -> Titles {
        Titles::of(&self.reverted)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Revert,
    Reapply,
}

fn layer(header: &str) -> Option<(Layer, &str)> {
    let (layer, rest) = header
        .strip_prefix("Revert \"")
        .map(|rest| (Layer::Revert, rest))
        .or_else(|| Some((Layer::Reapply, header.strip_prefix("Reapply \"")?)))?;
    Some((layer, rest.strip_suffix('"')?))
}

impl Revert {
    /// `typed`: what follows `revert: ` in the header.
    pub fn read(
        message: &Message<'_>,
        footers: &[FooterText<'_>],
        quoted: Option<&Quoted<'_>>,
        typed: Option<&str>,
    ) -> Option<Self> {
        let mut revert = Self {
            is_all: quoted.is_some() || typed.is_some(),
            ids: Vec::new(),
            pulls: Vec::new(),
            title: None,
        };
        if message.rest.contains("everts ") {
            message
                .rest
                .lines()
                .for_each(|line| revert.line(line.trim()));
        }
        if typed.is_some() {
            // The specification's example: `Refs: 676104e, a215868`.
            let refs = footers.iter().filter(|footer| {
                footer.separator == Separator::Colon && footer.token.eq_ignore_ascii_case("refs")
            });
            refs.for_each(|footer| revert.ids(footer.value));
        }
        // `Revert feat: a`, as people write it by hand.
        let by_hand = message
            .header
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("revert "));
        revert.is_all |= by_hand && !revert.ids.is_empty();
        let title = quoted.map(|quoted| quoted.reverted.as_str()).or_else(|| {
            let typed = typed?.trim();
            let bare = reference::pull_request(typed).map_or(typed, |(bare, _)| bare);
            let inside = bare
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            Some(inside.unwrap_or(typed))
        });
        revert.title = title.map(Titles::of);
        let names_something = !revert.ids.is_empty() || !revert.pulls.is_empty();
        (revert.is_all || names_something).then_some(revert)
    }

    fn line(&mut self, line: &str) {
        let commit = ["This reverts commit ", "This reverts commits "];
        if let Some(rest) = commit.iter().find_map(|start| line.strip_prefix(start)) {
            self.ids(rest);
        } else if let Some(rest) = line
            .strip_prefix("Reverts ")
            .or_else(|| line.strip_prefix("This reverts merge request "))
        {
            let word = rest.split_whitespace().next().unwrap_or_default();
            let number = word.trim_end_matches('.').rsplit(['#', '!']).next();
            let number = number.filter(|number| word.len() > number.len());
            if let Some(number) = number.and_then(|number| number.parse().ok())
                && self.is_all
                && self.pulls.len() < MOST
            {
                self.pulls.push(number);
            }
        }
    }

    /// `a1b2c3d`, `a1b2c3d, b2c3d4e and c3d4e5f.`; stops at the first word that is none: "ID, reversing changes made to ID".
    fn ids(&mut self, text: &str) {
        let words = text
            .split([',', ' ', '\n', '\r'])
            .filter(|word| !word.is_empty() && *word != "and");
        for word in words {
            let word = word.trim_end_matches('.');
            let is_id =
                (7..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_id || self.ids.len() >= MOST {
                return;
            }
            self.ids.push(word.to_ascii_lowercase());
        }
    }
}

/// By position: whether a revert in the range cancels the commit, or it is such a revert.
pub(crate) fn cancelled(reads: &[Read], places: &Places, merges: &mut Lazy<'_>) -> Vec<bool> {
    let mut gone = vec![false; reads.len()];
    let mut taken: Option<Taken> = None;
    let mut index: Option<Index> = None;
    for (at, read) in reads.iter().enumerate() {
        let Some(revert) = read.revert.as_deref().filter(|_| !gone[at]) else {
            continue;
        };
        let index = index.get_or_insert_with(|| Index::of(reads));
        let hit = index.hit(revert, at, reads, places, &gone);
        for target in &hit {
            gone[*target] = true;
            if reads[*target].parents.len() > 1 {
                let merges = merges.get();
                let taken = taken.get_or_insert_with(|| Taken::of(reads.len()));
                let brought_in = merges.brought_in(*target);
                taken.take(brought_in, |place| gone[merges.order[place]] = true);
            }
        }
        gone[at] |= revert.is_all && !hit.is_empty();
    }
    gone
}

/// Places of an order that are taken, so that none is taken twice.
struct Taken {
    /// The next place that is free, or closer to it.
    next: Vec<usize>,
}

impl Taken {
    fn of(places: usize) -> Self {
        Self {
            next: (0..=places).collect(),
        }
    }

    fn free_from(&mut self, place: usize) -> usize {
        let mut free = place;
        while self.next[free] != free {
            free = self.next[free];
        }
        let mut at = place;
        while self.next[at] != free {
            at = std::mem::replace(&mut self.next[at], free);
        }
        free
    }

    fn take(&mut self, places: std::ops::Range<usize>, mut each: impl FnMut(usize)) {
        let mut place = self.free_from(places.start);
        while place < places.end {
            each(place);
            self.next[place] = place + 1;
            place = self.free_from(place);
        }
    }
}

/// The commits of a range, found by beginnings of ids, titles and pull requests. Made only once a revert asks.
struct Index {
    full: ByKey,
    bare: ByKey,
    pulls: ByKey,
    /// In order of their ids; made only once an abbreviated one is asked for.
    ids: Option<Vec<usize>>,
}

impl Index {
    fn of(reads: &[Read]) -> Self {
        let all = || reads.iter().enumerate();
        Self {
            full: ByKey::of(all().map(|(at, read)| (read.titles.full, at))),
            bare: ByKey::of(all().map(|(at, read)| (read.titles.bare, at))),
            pulls: ByKey::of(all().filter_map(|(at, read)| Some((read.pull?, at)))),
            ids: None,
        }
    }

    /// Positions of what a revert takes back: by id, where that fails by pull request, then by title.
    fn hit(
        &mut self,
        revert: &Revert,
        at: usize,
        reads: &[Read],
        places: &Places,
        gone: &[bool],
    ) -> Vec<usize> {
        let mut hit: Vec<usize> = Vec::new();
        for id in &revert.ids {
            hit.extend(
                places
                    .of_id(reads, id)
                    .or_else(|| self.by_beginning(reads, id)),
            );
        }
        hit.retain(|target| *target != at && !gone[*target]);
        if hit.is_empty() {
            let pulls = revert.pulls.iter();
            hit.extend(pulls.filter_map(|number| self.pulls.newest(*number, at, gone)));
        }
        if hit.is_empty()
            && let Some(titles) = revert.title
        {
            let full = self.full.newest(titles.full, at, gone);
            let bare = |index: &mut Self| {
                let named = !revert.ids.is_empty();
                index.bare.newest(titles.bare, at, gone).filter(|_| !named)
            };
            hit.extend(full.or_else(|| bare(self)));
        }
        hit
    }

    /// The one commit whose id begins so.
    fn by_beginning(&mut self, reads: &[Read], id: &str) -> Option<usize> {
        let ids = self.ids.get_or_insert_with(|| {
            let mut ids: Vec<usize> = (0..reads.len()).collect();
            ids.sort_unstable_by_key(|at| reads[*at].id.as_str());
            ids
        });
        let first = ids.partition_point(|at| reads[*at].id.as_str() < id);
        let mut fit = ids[first..]
            .iter()
            .take_while(|at| reads[**at].id.as_str().starts_with(id));
        match (fit.next(), fit.next()) {
            (Some(at), None) => Some(*at),
            _ => None,
        }
    }
}

/// Positions by a key, the newest of a key first.
struct ByKey {
    sorted: Vec<(u64, usize)>,
    /// Where the search for a key goes on. Reverts ask from the newest on, so what is too new for one is too new for those to come.
    next: HashMap<u64, usize>,
}

impl ByKey {
    fn of(entries: impl Iterator<Item = (u64, usize)>) -> Self {
        let mut sorted: Vec<(u64, usize)> = entries.collect();
        sorted.sort_unstable();
        Self {
            sorted,
            next: HashMap::new(),
        }
    }

    /// The newest commit of that key that is older than the revert and still stands.
    fn newest(&mut self, key: u64, revert: usize, gone: &[bool]) -> Option<usize> {
        let next = self
            .next
            .entry(key)
            .or_insert_with(|| self.sorted.partition_point(|(found, _)| *found < key));
        while let Some((_, at)) = self.sorted.get(*next).filter(|(found, _)| *found == key) {
            if *at > revert && !gone[*at] {
                return Some(*at);
            }
            *next += 1;
        }
        None
    }
}
