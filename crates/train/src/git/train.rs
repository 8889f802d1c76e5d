//! All repositories of a train, and what was true in them at a moment.

use super::history::{History, Spot, is_root};
use super::layout::{Layout, Source, Sources, line_version, release_version, repository_of};
use super::mirror::{Mirror, References, oid};
use super::standing::{Counted, standing};
use super::target::{EngineAt, Written};
use super::{pins, record, target};
use crate::cache::{Cache, Key};
use crate::facts::{Known, MemberFacts, Pin, PinState, Pins, Place, Reason, TrainFacts, Unknown};
use shipway_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that a repository may keep of objects it unpacked.
const OBJECT_CACHE: usize = 8 * 1024 * 1024;

/// The repositories of a train, as they were when they were read.
pub struct Train {
    layout: Layout,
    engine: Engine,
    members: Vec<Member>,
}

struct Engine {
    name: String,
    path: PathBuf,
    history: Result<History, Unknown>,
    /// By the state of the configuration files.
    pins: Mutex<HashMap<usize, Arc<Known<Pins>>>>,
    mirror: Mutex<Option<gix::ThreadSafeRepository>>,
}

struct Member {
    source: Source,
    /// The normal forms of the addresses.
    repositories: BTreeSet<String>,
    history: Result<History, Unknown>,
    /// By the state of the files.
    written: Vec<Written>,
    counted: Mutex<Counted>,
}

impl Train {
    /// Reads all repositories, several at a time. `cache`: a directory for what was read, which may be lost at any time.
    ///
    /// A repository that cannot be read is no failure: it is unknown in what [`Train::at`] gives.
    pub fn read(sources: &Sources, cache: Option<&Path>) -> Self {
        let cache = cache.map(Cache::new);
        let layout = &sources.layout;
        let engine_paths = pins::watched(layout);
        let member_paths = target::watched(layout);
        let jobs: Vec<Job<'_>> = std::iter::once((&sources.engine, true))
            .chain(sources.members.iter().map(|it| (it, false)))
            .collect();
        let mut read = in_parallel(&jobs, |(source, is_engine)| {
            if *is_engine {
                load(source, layout, &engine_paths, Use::Engine, cache.as_ref())
            } else {
                load(source, layout, &member_paths, Use::Member, cache.as_ref())
            }
            .map(|(_, history, written)| (history, written))
        })
        .into_iter();
        let engine = read.next().map(|it| it.map(|(history, _)| history));
        let nothing = || {
            let place = Place::repository(&sources.engine.name);
            Err(Unknown::new(
                Reason::RepositoryMissing,
                "the repository was not read",
                place,
            ))
        };
        let members = sources.members.iter().zip(read).map(|(source, read)| {
            let (history, written) = match read {
                Ok((history, written)) => (Ok(history), written),
                Err(why) => (Err(why), Vec::new()),
            };
            Member {
                source: source.clone(),
                repositories: source
                    .urls
                    .iter()
                    .filter_map(|it| repository_of(it))
                    .collect(),
                history,
                written,
                counted: Mutex::default(),
            }
        });
        Self {
            layout: layout.clone(),
            members: members.collect(),
            engine: Engine {
                name: sources.engine.name.clone(),
                path: sources.engine.path.clone(),
                history: engine.unwrap_or_else(nothing),
                pins: Mutex::default(),
                mirror: Mutex::default(),
            },
        }
    }

    /// What was true at a moment.
    pub fn at(&self, as_of: Timestamp) -> TrainFacts {
        let at = as_of.seconds();
        let pins = self.pins_at(at);
        let index: Vec<(&String, Index<'_>)> = pins
            .iter()
            .filter_map(|(name, pins)| Some((name, Index::of(pins.known()?))))
            .collect();
        let mut engine = self.engine.history.as_ref().map(|it| EngineAt::new(it, at));
        let mut members = BTreeMap::new();
        for member in &self.members {
            let facts = match (&member.history, engine.as_mut()) {
                (Ok(history), engine) => MemberFacts {
                    repository: before_history(history, as_of),
                    targets: engine
                        .map_or_else(|_| BTreeMap::new(), |it| member.targets(history, it)),
                    standing: index
                        .iter()
                        .filter_map(|(reference, index)| {
                            let pin = index.find(&member.source.name, &member.repositories)?;
                            let revision = pin.revision.as_ref()?;
                            let found = standing(history, revision, at, &mut lock(&member.counted));
                            Some(((*reference).clone(), found))
                        })
                        .collect(),
                },
                (Err(why), _) => MemberFacts {
                    repository: Known::Unknown(why.clone()),
                    targets: BTreeMap::new(),
                    standing: BTreeMap::new(),
                },
            };
            members.insert(member.source.name.clone(), facts);
        }
        drop(index);
        let engine = match &self.engine.history {
            Ok(history) => before_history(history, as_of),
            Err(why) => Known::Unknown(why.clone()),
        };
        TrainFacts {
            as_of,
            engine,
            pins,
            members,
        }
    }

    /// The pins of any tag or branch of the engine, or of a commit, as it stood at a moment.
    pub fn pins_of(&self, reference: &str, as_of: Timestamp) -> Known<Pins> {
        let history = match &self.engine.history {
            Ok(history) => history,
            Err(why) => return Known::Unknown(why.clone()),
        };
        let at = as_of.seconds();
        if let Some(tip) = history.branch(reference).and_then(|it| history.tip(it, at)) {
            return self.engine.pins(history, &self.layout, tip);
        }
        let version = EngineAt::new(history, at).resolve(reference);
        let node = version.commit.as_ref().and_then(super::mirror::object_id);
        match node.and_then(|id| history.graph.find(&id)) {
            Some(node) => match history
                .owner(node)
                .filter(|it| history.state(*it).is_some())
            {
                Some(spot) => self.engine.pins(history, &self.layout, spot),
                None => self
                    .engine
                    .read_pins(&self.layout, history.graph.object_id(node)),
            },
            None => {
                let detail = format!("the engine has no tag, branch or commit {reference}");
                Known::unknown(
                    Reason::NotInRepository,
                    detail,
                    Place::repository(&self.engine.name),
                )
            }
        }
    }

    /// The pins of the branches that belong to lines, and of the highest release of each series that has one.
    fn pins_at(&self, at: i64) -> BTreeMap<String, Known<Pins>> {
        let Ok(history) = &self.engine.history else {
            return BTreeMap::new();
        };
        let mut out = BTreeMap::new();
        let mut series = BTreeSet::new();
        for (index, chain) in history.branches.iter().enumerate() {
            let is_default = history.default.known() == Some(&chain.name);
            let counts = is_default || chain.landed.first().is_some_and(|it| *it <= at);
            if let Some(tip) = history.tip(index, at).filter(|_| chain.is_line && counts) {
                series.extend(line_version(&chain.name));
                out.insert(
                    chain.name.clone(),
                    self.engine.pins(history, &self.layout, tip),
                );
            }
        }
        let mut highest: BTreeMap<(u64, u64), ([u64; 3], &super::history::TagAt)> = BTreeMap::new();
        for tag in history.tags.iter().filter(|it| it.time <= at) {
            if let Some(version) = release_version(&tag.name) {
                let entry = highest
                    .entry((version[0], version[1]))
                    .or_insert((version, tag));
                if entry.0 <= version {
                    *entry = (version, tag);
                }
            }
        }
        let last = highest.keys().next_back().copied();
        for (of, (_, tag)) in highest {
            if series.contains(&of) || Some(of) == last {
                let spot = history
                    .owner(tag.node)
                    .filter(|it| history.state(*it).is_some());
                let pins = match spot {
                    Some(spot) => self.engine.pins(history, &self.layout, spot),
                    None => self
                        .engine
                        .read_pins(&self.layout, history.graph.object_id(tag.node)),
                };
                out.insert(tag.name.clone(), pins);
            }
        }
        out
    }
}

/// A moment before the first commit is said, and not an empty repository.
fn before_history(history: &History, as_of: Timestamp) -> Known<crate::facts::RepositoryFacts> {
    let facts = history.facts(as_of);
    if facts.branches.is_empty() {
        let detail = format!("at {as_of} the repository had no commit yet");
        let place = Place::repository(&history.name);
        return Known::unknown(Reason::BeforeHistory, detail, place);
    }
    Known::Known(facts)
}

impl Engine {
    fn pins(&self, history: &History, layout: &Layout, spot: Spot) -> Known<Pins> {
        let Some(state) = history.state(spot) else {
            return self.read_pins(layout, history.graph.object_id(spot.node));
        };
        let known = lock(&self.pins).get(&state).cloned();
        let pins = known.unwrap_or_else(|| {
            let sample = history.graph.object_id(history.samples[state]);
            let pins = Arc::new(self.read_pins(layout, sample));
            lock(&self.pins).insert(state, Arc::clone(&pins));
            pins
        });
        // The same files, in another commit.
        match &*pins {
            Known::Known(pins) => Known::Known(Pins {
                commit: history.graph.oid(spot.node),
                ..pins.clone()
            }),
            Known::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    fn read_pins(&self, layout: &Layout, commit: gix::ObjectId) -> Known<Pins> {
        let mut kept = lock(&self.mirror);
        let mirror = match &*kept {
            Some(git) => Mirror {
                name: self.name.clone(),
                git: git.to_thread_local(),
            },
            None => match Mirror::open(&self.name, &self.path) {
                Ok(mirror) => {
                    *kept = Some(mirror.git.clone().into_sync());
                    mirror
                }
                Err(why) => return Known::Unknown(why),
            },
        };
        drop(kept);
        pins::read(&mirror, commit, layout).into()
    }
}

impl Member {
    fn targets(
        &self,
        history: &History,
        engine: &mut EngineAt<'_>,
    ) -> BTreeMap<String, crate::facts::Target> {
        let mut out = BTreeMap::new();
        for (index, chain) in history.branches.iter().enumerate() {
            let is_default = history.default.known() == Some(&chain.name);
            let counts = is_default || chain.landed.first().is_some_and(|it| *it <= engine.at);
            if !chain.is_line || !counts {
                continue;
            }
            let Some(tip) = history.tip(index, engine.at) else {
                continue;
            };
            let written = history.state(tip).and_then(|it| self.written.get(it));
            if let Some(written) = written {
                let target = engine.target(history.graph.oid(tip.node), written);
                out.insert(chain.name.clone(), target);
            }
        }
        out
    }
}

/// Pins by what a member is found by.
struct Index<'p> {
    by_name: HashMap<&'p str, &'p Pin>,
    by_repository: HashMap<&'p str, &'p Pin>,
}

impl<'p> Index<'p> {
    fn of(pins: &'p Pins) -> Self {
        let rank = |pin: &Pin| match pin.state {
            PinState::Enabled => 0,
            PinState::Conditional { .. } => 1,
            PinState::SwitchedOff { .. } => 2,
            PinState::CommentedOut => 3,
        };
        let mut index = Self {
            by_name: HashMap::new(),
            by_repository: HashMap::new(),
        };
        for pin in &pins.pins {
            let repository = pin.repository.as_ref().and_then(Known::known);
            let by_repository = repository.map(|it| (&mut index.by_repository, it.as_str()));
            let by_name = (&mut index.by_name, pin.name.as_str());
            for (map, key) in std::iter::once(by_name).chain(by_repository) {
                let there = map.entry(key).or_insert(pin);
                if rank(pin) < rank(there) {
                    *there = pin;
                }
            }
        }
        index
    }

    /// An address decides; without one that fits, the name.
    fn find(&self, name: &str, repositories: &BTreeSet<String>) -> Option<&'p Pin> {
        let found = repositories
            .iter()
            .find_map(|it| self.by_repository.get(it.as_str()));
        found.or_else(|| self.by_name.get(name)).copied()
    }
}

type Job<'s> = (&'s Source, bool);
type Loaded = Result<(Mirror, History, Vec<Written>), Unknown>;

/// What a repository is read for: it decides about what is remembered of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Engine,
    Member,
    /// For its branches alone.
    Branches,
}

/// Reads a repository by itself.
pub(crate) fn load_alone(
    source: &Source,
    layout: &Layout,
    cache: Option<&Cache>,
) -> Result<(Mirror, History), Unknown> {
    load(source, layout, &[], Use::Branches, cache).map(|(mirror, history, _)| (mirror, history))
}

/// Reads a repository, or what the cache has of it.
fn load(
    source: &Source,
    layout: &Layout,
    paths: &[String],
    what_for: Use,
    cache: Option<&Cache>,
) -> Loaded {
    let mut mirror = Mirror::open(&source.name, &source.path)?;
    mirror.git.object_cache_size_if_unset(OBJECT_CACHE);
    let references = mirror.references()?;
    let key = cache.map(|_| key(source, layout, what_for, &references));
    let count = |history: &History| match what_for {
        Use::Member => history.samples.len(),
        Use::Engine | Use::Branches => 0,
    };
    if let (Some(cache), Some(key)) = (cache, &key)
        && let Some(bytes) = cache.load(key)
        && let Some((history, written)) = record::read::<Vec<Written>>(&bytes, layout)
        && written.len() == count(&history)
    {
        return Ok((mirror, history, written));
    }
    let history = History::read(&mirror, &references, layout, paths)?;
    let read = |node: &u32| target::read(&mirror, history.graph.object_id(*node), layout);
    let written: Vec<Written> = history
        .samples
        .iter()
        .take(count(&history))
        .map(read)
        .collect();
    if let (Some(cache), Some(key)) = (cache, &key)
        && let Some(bytes) = record::write(&history, &written)
    {
        cache.store(key, &bytes);
    }
    Ok((mirror, history, written))
}

/// All that a history is made from: the references with what they hold, where history was cut, and the layout.
fn key(source: &Source, layout: &Layout, what_for: Use, references: &References) -> Key {
    let mut state = String::new();
    for (name, id) in references.all.iter().filter(|(name, _)| is_root(name)) {
        let _ = writeln!(state, "{id} {name}");
    }
    let mut cut = String::new();
    for id in &references.cut {
        let _ = writeln!(cut, "{}", oid(id));
    }
    let layout = serde_json::to_string(layout).unwrap_or_default();
    let head = references.head.clone().unwrap_or_default();
    let what_for = match what_for {
        Use::Engine => "engine",
        Use::Member => "member",
        Use::Branches => "branches",
    };
    let subject = format!("{what_for} {}", source.path.display());
    Key::of(&subject, &[&source.name, &layout, &head, &cut, &state])
}

/// Does the work on as many threads as there are processors, and gives the results in order.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(items.len());
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = work(item);
                    lock(&done).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A lock whose holder died holds what it held.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
