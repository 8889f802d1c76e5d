//! Which release brought what.
//!
//! A release has what can be reached from its commit and from no other release that can be reached from it. So each of several
//! maintenance lines lists what it contains, and a commit is listed by two of them when neither contains the other.
//!
//! Invariants: everything in the history is listed by a release or as unreleased; the cost is one step for each commit and
//! parent, whatever the number of tags. A commit is listed by at most [`MOST_LINES`] releases.

use crate::error::HistoryError;
use crate::graph::{Graph, Place};
#[cfg(doc)]
use crate::lines::MOST_LINES;
use crate::lines::{EMPTY, Lines, Set};
use crate::objects::{CommitId, Objects};
use crate::tag::ReleaseTag;
use crate::walk;
use gix::ObjectId;
use gix::hashtable::HashMap;
use shipway_core::name::Oid;

/// The history of a commit, divided among the releases in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Releases {
    /// Newest first, in the order of the history: each one before those that it contains.
    pub releases: Vec<Release>,
    /// What no release has. Newest first.
    pub unreleased: Vec<CommitId>,
}

/// A commit that was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Positions in the slice of tags that was given, lowest version first. More than one where several tags lead here.
    pub tags: Vec<usize>,
    pub commit: CommitId,
    /// What came with it. Newest first.
    pub commits: Vec<CommitId>,
    /// The releases that came right before it, as positions in [`Releases::releases`]: more than one after a merge of lines.
    pub previous: Vec<usize>,
}

/// Tags by the commit that they lead to.
pub(crate) struct Tagged(HashMap<ObjectId, Vec<usize>>);

impl Tagged {
    pub fn new(tags: &[ReleaseTag]) -> Result<Self, HistoryError> {
        let mut by_commit: HashMap<ObjectId, Vec<usize>> = HashMap::default();
        for (at, tag) in tags.iter().enumerate() {
            let CommitId(commit) = CommitId::try_from(&tag.commit)?;
            by_commit.entry(commit).or_default().push(at);
        }
        for of_commit in by_commit.values_mut() {
            of_commit.sort_by(|a, b| tags[*a].version.cmp(&tags[*b].version));
        }
        Ok(Self(by_commit))
    }

    pub fn at(&self, commit: CommitId) -> Option<&Vec<usize>> {
        self.0.get(&commit.0)
    }

    pub fn commits(&self) -> impl Iterator<Item = ObjectId> {
        self.0.keys().copied()
    }
}

/// Where the releases' own histories begin, in the order of the tags.
pub(crate) fn tips(tags: &[ReleaseTag]) -> Vec<ObjectId> {
    let commits = tags.iter().map(|tag| CommitId::try_from(&tag.commit));
    commits.flatten().map(|CommitId(id)| id).collect()
}

/// For each commit the releases that contain it.
struct Contained {
    /// By place.
    sets: Vec<Set>,
    lines: Lines,
    /// By mark: the commit, and the set of the releases after it.
    marks: Vec<(Place, Set)>,
}

impl Contained {
    /// `order`: children first.
    fn new(graph: &Graph, order: &[Place], tagged: &Tagged) -> Self {
        let mut found = Self {
            sets: vec![EMPTY; graph.len()],
            lines: Lines::new(),
            marks: Vec::new(),
        };
        for place in order {
            let mut set = found.sets[*place as usize];
            if tagged.at(graph.id(*place)).is_some() {
                let after = set;
                (_, set) = found.lines.add(after);
                found.marks.push((*place, after));
                found.sets[*place as usize] = set;
            }
            for edge in graph.parents(*place) {
                let of_parent = &mut found.sets[graph.parent(edge) as usize];
                *of_parent = found.lines.union(*of_parent, set);
            }
        }
        found
    }
}

pub(crate) fn releases(
    graph: &mut Graph,
    objects: &Objects,
    head: Place,
    tags: &[ReleaseTag],
) -> Result<Releases, HistoryError> {
    let tagged = Tagged::new(tags)?;
    let listed = graph.beside(tips(tags), |graph| {
        walk::reachable(graph, objects, &[head], |_| false)
    })?;
    if let Some(end) = listed.iter().find(|place| graph.is_cut(**place)) {
        let boundary = graph.id(*end).oid()?;
        return Err(HistoryError::Shallow { boundary });
    }
    let mut contained = Contained::new(graph, &walk::children_first(graph, &listed), &tagged);
    let mut all = Releases::default();
    for (place, _) in &contained.marks {
        let commit = graph.id(*place);
        all.releases.push(Release {
            tags: tagged.at(commit).cloned().unwrap_or_default(),
            commit,
            commits: Vec::new(),
            previous: Vec::new(),
        });
    }
    for (older, (_, after)) in contained.marks.iter().enumerate() {
        for newer in contained.lines.minimal(*after) {
            all.releases[*newer as usize].previous.push(older);
        }
    }
    for place in listed {
        let commit = graph.id(place);
        let set = contained.sets[place as usize];
        if set == EMPTY {
            all.unreleased.push(commit);
        }
        for release in contained.lines.minimal(set) {
            all.releases[*release as usize].commits.push(commit);
        }
    }
    Ok(all)
}

/// The first releases that contain a commit, on each way: positions in `tags`, lowest version first. Of several tags of one
/// commit that of the lowest version.
pub(crate) fn first_with(
    graph: &mut Graph,
    objects: &Objects,
    commit: &Oid,
    tags: &[ReleaseTag],
) -> Result<Vec<usize>, HistoryError> {
    let tagged = Tagged::new(tags)?;
    let CommitId(commit) = CommitId::try_from(commit)?;
    let commit = graph.find(objects, commit)?;
    let mut tips = vec![commit];
    for tip in tagged.commits() {
        match graph.find(objects, tip) {
            Ok(place) => tips.push(place),
            // A tag of something else contains no commit; one whose commit was not fetched cannot be asked.
            Err(HistoryError::Kind { .. } | HistoryError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let since = graph.time(objects, commit)?;
    let mut slop = walk::SLOP;
    let listed = walk::reachable(graph, objects, &tips, |time| {
        slop = if time < since {
            slop.saturating_sub(1)
        } else {
            walk::SLOP
        };
        slop == 0
    })?;
    let mut contained = Contained::new(graph, &walk::children_first(graph, &listed), &tagged);
    let set = contained.sets[commit as usize];
    let firsts = contained.lines.minimal(set).iter();
    let mut found: Vec<usize> = firsts
        .filter_map(|mark| {
            let commit = graph.id(contained.marks[*mark as usize].0);
            tagged.at(commit)?.first().copied()
        })
        .collect();
    found.sort_by(|a, b| tags[*a].version.cmp(&tags[*b].version));
    Ok(found)
}
