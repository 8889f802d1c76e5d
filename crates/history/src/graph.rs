//! The commits of a repository as a graph in memory: who comes after whom, and when.
//!
//! Invariants: each commit is read once, whatever is asked of the graph, from git's commit-graph file where there is one that
//! may be used, else from its object. The parents are those that git sees: grafts, replaced commits and the end of a shallow
//! clone count, and where there are any of these the file does not, as in git (`commit_graph_compatible`). A file that is
//! damaged or behind costs time and nothing else.

use crate::ahead::Ahead;
use crate::commit::{Headers, Kept};
use crate::error::HistoryError;
use crate::objects::{CommitId, Objects};
use gix::ObjectId;
use gix::commitgraph::{Graph as File, Position};
use gix::hashtable::HashMap;

/// A commit in the graph.
pub(crate) type Place = u32;

const NONE: u32 = u32::MAX;

/// Bytes of commits that are kept from the walk for those who ask what the commits say. Beyond that they are read again.
const KEPT: usize = 48 << 20;

pub(crate) struct Graph {
    ids: Vec<ObjectId>,
    places: HashMap<ObjectId, Place>,
    nodes: Vec<Node>,
    edges: Vec<Place>,
    file: Option<File>,
    /// By position in the file.
    of_file: Vec<Place>,
    grafts: HashMap<ObjectId, Vec<ObjectId>>,
    /// Commits of a shallow clone whose parents were not fetched, sorted.
    cut: Vec<ObjectId>,
    /// By place, where it was read from an object: [`Headers::kept`]; empty where it was not kept.
    kept: Vec<Kept>,
    kept_bytes: usize,
    /// While a walk goes on that may be long.
    pub ahead: Option<Ahead>,
    buffer: Vec<u8>,
    positions: Vec<Position>,
}

#[derive(Clone, Copy)]
struct Node {
    time: i64,
    first: u32,
    /// [`NONE`]: not read yet.
    parents: u32,
    in_file: u32,
}

impl Graph {
    pub fn open(git: &gix::Repository) -> Result<Self, HistoryError> {
        let read = |source| HistoryError::read("the list of shallow commits", source);
        let shallow = git.shallow_commits().map_err(read)?;
        let mut cut: Vec<ObjectId> =
            shallow.map_or_else(Vec::new, |commits| commits.iter().copied().collect());
        cut.sort_unstable();
        let grafts = grafts(&git.common_dir().join("info/grafts"))?;
        let may_use = cut.is_empty() && grafts.is_empty();
        // Whatever is wrong with the file, the objects say the same.
        let file = may_use
            .then(|| git.commit_graph_if_enabled().ok().flatten())
            .flatten();
        let in_file = file.as_ref().map_or(0, File::num_commits);
        Ok(Self {
            ids: Vec::new(),
            places: HashMap::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            of_file: vec![NONE; in_file as usize],
            file,
            grafts,
            cut,
            kept: Vec::new(),
            kept_bytes: 0,
            ahead: None,
            buffer: Vec::new(),
            positions: Vec::new(),
        })
    }

    /// What `walk` finds. Where it turns out to be long and has objects to read, those behind `tips` are read beside it.
    pub fn beside<T>(&mut self, tips: Vec<ObjectId>, walk: impl FnOnce(&mut Self) -> T) -> T {
        // In front of the end of a shallow clone, and with grafts, the walk has other parents than the objects.
        if self.cut.is_empty() && self.grafts.is_empty() {
            self.ahead = Some(Ahead::new(tips));
        }
        let found = walk(self);
        self.ahead = None;
        found
    }

    /// How many commits were met so far. Places are below it.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn id(&self, place: Place) -> CommitId {
        CommitId(self.ids[place as usize])
    }

    pub fn is_shallow(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Whether the parents of the commit were not fetched.
    pub fn is_cut(&self, place: Place) -> bool {
        !self.cut.is_empty() && self.cut.binary_search(&self.ids[place as usize]).is_ok()
    }

    /// The place of a commit, which is read.
    pub fn find(&mut self, objects: &Objects, id: ObjectId) -> Result<Place, HistoryError> {
        let in_file = self.file.as_ref().and_then(|file| file.lookup(id));
        let place = match in_file {
            Some(position) => self.place_in_file(position),
            None => self.place(id),
        };
        self.time(objects, place)?;
        Ok(place)
    }

    /// Seconds since the epoch.
    pub fn time(&mut self, objects: &Objects, place: Place) -> Result<i64, HistoryError> {
        if self.nodes[place as usize].parents == NONE {
            self.read(objects, place)?;
        }
        Ok(self.nodes[place as usize].time)
    }

    /// How many parents a commit has that was read.
    pub fn parents(&self, place: Place) -> std::ops::Range<usize> {
        let node = self.nodes[place as usize];
        if node.parents == NONE {
            return 0..0;
        }
        node.first as usize..(node.first + node.parents) as usize
    }

    /// One of the range that [`Graph::parents`] gave.
    pub fn parent(&self, edge: usize) -> Place {
        self.edges[edge]
    }

    /// The parents that git sees, where the commit itself says otherwise.
    pub fn other_parents(&self, id: &ObjectId) -> Option<Vec<ObjectId>> {
        if self.cut.binary_search(id).is_ok() {
            return Some(Vec::new());
        }
        self.grafts.get(id).cloned()
    }

    /// What was kept of a commit, and its parents.
    pub fn kept(&self, id: &ObjectId) -> Option<(&[u8], Vec<ObjectId>)> {
        let place = *self.places.get(id)?;
        let kept = self
            .kept
            .get(place as usize)
            .filter(|kept| !kept.is_empty())?;
        Some((kept, self.parent_ids(place)))
    }

    pub fn parent_ids(&self, place: Place) -> Vec<ObjectId> {
        self.parents(place)
            .map(|edge| self.ids[self.edges[edge] as usize])
            .collect()
    }

    fn place(&mut self, id: ObjectId) -> Place {
        let next = u32::try_from(self.ids.len()).unwrap_or(NONE - 1);
        let place = *self.places.entry(id).or_insert(next);
        if place == next {
            self.ids.push(id);
            self.nodes.push(Node {
                time: 0,
                first: 0,
                parents: NONE,
                in_file: NONE,
            });
        }
        place
    }

    fn place_in_file(&mut self, position: Position) -> Place {
        let known = self.of_file.get(position.0 as usize).copied();
        if let Some(place) = known.filter(|place| *place != NONE) {
            return place;
        }
        let Some(file) = &self.file else { return NONE };
        let id = file.id_at(position).to_owned();
        let place = self.place(id);
        self.nodes[place as usize].in_file = position.0;
        self.of_file[position.0 as usize] = place;
        place
    }

    fn read(&mut self, objects: &Objects, place: Place) -> Result<(), HistoryError> {
        if !self.read_from_file(place) {
            self.read_from_object(objects, place)?;
        }
        Ok(())
    }

    /// Whether the file knows it.
    fn read_from_file(&mut self, place: Place) -> bool {
        let position = self.nodes[place as usize].in_file;
        let Some(file) = self.file.as_ref().filter(|_| position != NONE) else {
            return false;
        };
        let commit = file.commit_at(Position(position));
        let time = i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX);
        let mut positions = std::mem::take(&mut self.positions);
        positions.clear();
        for parent in commit.iter_parents() {
            if let Ok(position) = parent {
                positions.push(position);
            } else {
                self.file = None;
                return false;
            }
        }
        let first = self.edges.len();
        for position in &positions {
            let parent = self.place_in_file(*position);
            self.edges.push(parent);
        }
        self.set(place, time, first);
        self.positions = positions;
        true
    }

    fn read_from_object(&mut self, objects: &Objects, place: Place) -> Result<(), HistoryError> {
        let id = self.ids[place as usize];
        let ahead = self.ahead.as_mut();
        let kept = match ahead.and_then(|ahead| ahead.take(objects, &id)) {
            Some(kept) => kept,
            None => Headers::read(objects, &id, &mut self.buffer)?.kept(),
        };
        let headers = Headers::of(&id, &kept)?;
        let (time, mut parents) = (headers.time, headers.parents);
        if self.kept_bytes < KEPT {
            self.kept_bytes += kept.len();
            self.kept.resize(self.ids.len(), Box::default());
            self.kept[place as usize] = kept;
        }
        if self.is_cut(place) {
            parents.clear();
        } else if let Some(grafted) = self.grafts.get(&id) {
            parents.clone_from(grafted);
        }
        let first = self.edges.len();
        for parent in parents {
            let in_file = self.file.as_ref().and_then(|file| file.lookup(parent));
            let parent = match in_file {
                Some(position) => self.place_in_file(position),
                None => self.place(parent),
            };
            self.edges.push(parent);
        }
        self.set(place, time, first);
        Ok(())
    }

    fn set(&mut self, place: Place, time: i64, first: usize) {
        let node = &mut self.nodes[place as usize];
        node.time = time;
        node.parents = u32::try_from(self.edges.len() - first).unwrap_or(0);
        node.first = u32::try_from(first).unwrap_or(0);
    }
}

/// `COMMIT PARENT…` per line; git reads it still, though it advises to use replaced objects.
fn grafts(path: &std::path::Path) -> Result<HashMap<ObjectId, Vec<ObjectId>>, HistoryError> {
    let text = match fs_err::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::default()),
        Err(error) => return Err(HistoryError::read("info/grafts", error)),
    };
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let ids = line.split_ascii_whitespace();
            let ids: Result<Vec<_>, _> = ids.map(|id| ObjectId::from_hex(id.as_bytes())).collect();
            let (commit, parents) = ids
                .ok()
                .and_then(|ids| ids.split_first().map(|(id, rest)| (*id, rest.to_vec())))
                .ok_or_else(|| HistoryError::Damaged {
                    what: format!("info/grafts, line {}", number + 1),
                    why: "it holds something else than ids of commits",
                })?;
            Ok((commit, parents))
        })
        .collect()
}
