//! Reading a releases repository: deliverables, series and schedules, at any commit or date.
//!
//! Invariants: files are read as they are written in reality: what is missing stays missing, what is odd becomes a problem
//! with file and line, and the rest of the file is read; a file that did not change between two readings is taken apart once.
//!
//! The form is that of OpenStack's releases repository; its README explains every key.

mod file;

use crate::facts::{Deliverable, Place, Reason, ReleasesFacts, Schedule, Series, Unknown};
use crate::git::{Graph, Mirror, in_parallel, lock, object_id, oid};
use gix::ObjectId;
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Files that are taken apart by one thread at a time.
const BATCH: usize = 64;

/// A releases repository.
pub struct Releases {
    name: String,
    git: gix::ThreadSafeRepository,
    graph: Graph,
    /// The first-parent history of the default branch, oldest first, with the date since when each was there, in seconds.
    chain: Vec<(u32, i64)>,
    /// What files hold, by path and blob.
    files: Mutex<HashMap<(String, ObjectId), Arc<Read>>>,
}

/// What one file holds.
struct Read {
    content: Content,
    problems: Vec<Unknown>,
}

enum Content {
    Deliverable(Box<Deliverable>),
    Series(Vec<Series>),
    Schedule(Schedule),
}

/// What a path is.
#[derive(Clone, Copy)]
enum Kind {
    Deliverable,
    Series,
    Schedule,
}

impl Releases {
    /// Opens the repository and reads its history.
    ///
    /// # Errors
    /// [`Reason::RepositoryMissing`], [`Reason::RepositoryEmpty`].
    pub fn open(name: &str, path: &Path) -> Result<Self, Unknown> {
        let mirror = Mirror::open(name, path)?;
        let references = mirror.references()?;
        let head = references
            .head
            .clone()
            .unwrap_or_else(|| "master".to_owned());
        let named = |name: &str| {
            let full = format!("refs/heads/{name}");
            references
                .all
                .iter()
                .find(|(it, _)| *it == full)
                .map(|(_, id)| *id)
        };
        let tip = named(&head)
            .or_else(|| named("main"))
            .or_else(|| named("master"));
        let Some(tip) = tip else {
            let detail = "the repository has no default branch with a commit";
            return Err(Unknown::new(
                Reason::RepositoryEmpty,
                detail,
                mirror.place(),
            ));
        };
        let graph = Graph::read(&mirror, std::iter::once(tip));
        let mut chain = Vec::new();
        let mut next = graph.find(&tip);
        while let Some(node) = next {
            chain.push((node, graph.time(node)));
            next = graph.parents(node).first().copied();
        }
        chain.reverse();
        let mut latest = i64::MIN;
        for (_, time) in &mut chain {
            latest = latest.max(*time);
            *time = latest;
        }
        Ok(Self {
            name: name.to_owned(),
            git: mirror.git.into_sync(),
            graph,
            chain,
            files: Mutex::default(),
        })
    }

    /// The commits of the default branch, oldest first, along first parents, each with the date since when it was there.
    pub fn commits(&self) -> impl Iterator<Item = (Oid, Timestamp)> + '_ {
        self.chain
            .iter()
            .map(|(node, time)| (self.graph.oid(*node), Timestamp(time * 1000)))
    }

    /// What was written down at a date.
    ///
    /// # Errors
    /// [`Reason::BeforeHistory`], or what kept the commit from being read.
    pub fn at(&self, as_of: Timestamp) -> Result<ReleasesFacts, Unknown> {
        let count = self
            .chain
            .partition_point(|(_, time)| *time <= as_of.seconds());
        let Some((node, _)) = count.checked_sub(1).and_then(|it| self.chain.get(it)) else {
            let detail = format!("at {as_of} the repository had no commit yet");
            return Err(Unknown::new(
                Reason::BeforeHistory,
                detail,
                Place::repository(&self.name),
            ));
        };
        self.read(self.graph.object_id(*node), as_of)
    }

    /// What a commit holds.
    ///
    /// # Errors
    /// [`Reason::NotInRepository`], or what kept the commit from being read.
    pub fn at_commit(&self, commit: &Oid) -> Result<ReleasesFacts, Unknown> {
        let node = object_id(commit).and_then(|it| self.graph.find(&it));
        let Some(node) = node else {
            let detail = format!("the repository has no commit {commit}");
            let place = Place::repository(&self.name);
            return Err(Unknown::new(Reason::NotInRepository, detail, place));
        };
        self.read(
            self.graph.object_id(node),
            Timestamp(self.graph.time(node) * 1000),
        )
    }

    fn mirror(&self) -> Mirror {
        Mirror {
            name: self.name.clone(),
            git: self.git.to_thread_local(),
        }
    }

    fn read(&self, commit: ObjectId, as_of: Timestamp) -> Result<ReleasesFacts, Unknown> {
        let mirror = self.mirror();
        let tree = mirror.tree_of(commit)?;
        let mut problems = Vec::new();
        let files = list(&mirror, tree, &mut problems);
        let batches: Vec<&[(Kind, String, ObjectId)]> = files.chunks(BATCH).collect();
        let read = in_parallel(&batches, |batch| {
            let mirror = self.mirror();
            let one =
                |(kind, path, id): &(Kind, String, ObjectId)| self.file(&mirror, *kind, path, *id);
            batch.iter().map(one).collect::<Vec<_>>()
        });
        let mut facts = ReleasesFacts {
            as_of,
            commit: oid(&commit),
            deliverables: Vec::new(),
            series: Vec::new(),
            schedules: BTreeMap::new(),
            problems,
        };
        for read in read.into_iter().flatten() {
            facts.problems.extend(read.problems.iter().cloned());
            match &read.content {
                Content::Deliverable(it) => facts.deliverables.push(Deliverable::clone(it)),
                Content::Series(it) => facts.series.clone_from(it),
                Content::Schedule(it) => {
                    facts.schedules.insert(it.series.clone(), it.clone());
                }
            }
        }
        facts
            .deliverables
            .sort_by(|a, b| (&a.series, &a.name).cmp(&(&b.series, &b.name)));
        Ok(facts)
    }

    fn file(&self, mirror: &Mirror, kind: Kind, path: &str, id: ObjectId) -> Arc<Read> {
        let key = (path.to_owned(), id);
        if let Some(read) = lock(&self.files).get(&key) {
            return Arc::clone(read);
        }
        let place = Place {
            path: path.to_owned(),
            ..mirror.place()
        };
        let read = match mirror.blob(id, path) {
            Ok(bytes) => file::read(kind, &String::from_utf8_lossy(&bytes), &place),
            Err(why) => Read {
                content: file::empty(kind, &place),
                problems: vec![why],
            },
        };
        let read = Arc::new(read);
        lock(&self.files).insert(key, Arc::clone(&read));
        read
    }
}

/// The files that are read.
fn list(
    mirror: &Mirror,
    tree: ObjectId,
    problems: &mut Vec<Unknown>,
) -> Vec<(Kind, String, ObjectId)> {
    let mut files = Vec::new();
    let mut directory = |path: &str| -> Vec<(String, crate::git::Entry)> {
        let listed = match mirror.entry(tree, path) {
            Ok(Some(entry)) if entry.mode.is_tree() => mirror.list(entry.id),
            Ok(_) => return Vec::new(),
            Err(why) => Err(why),
        };
        listed.unwrap_or_else(|why| {
            problems.push(why);
            Vec::new()
        })
    };
    let mut found = Vec::new();
    for (series, entry) in directory("deliverables") {
        if entry.mode.is_tree() {
            let path = format!("deliverables/{series}");
            found.extend(
                directory(&path)
                    .into_iter()
                    .map(|(name, it)| (Kind::Deliverable, format!("{path}/{name}"), it)),
            );
        }
    }
    for (series, entry) in directory("doc/source") {
        if entry.mode.is_tree() {
            let path = format!("doc/source/{series}/schedule.yaml");
            if let Ok(Some(it)) = mirror.entry(tree, &path) {
                found.push((Kind::Schedule, path, it));
            }
        }
    }
    if let Ok(Some(it)) = mirror.entry(tree, "data/series_status.yaml") {
        found.push((Kind::Series, "data/series_status.yaml".to_owned(), it));
    }
    for (kind, path, entry) in found {
        if entry.mode.is_blob()
            && path
                .rsplit_once('.')
                .is_some_and(|it| matches!(it.1, "yaml" | "yml"))
        {
            files.push((kind, path, entry.id));
        }
    }
    files
}
