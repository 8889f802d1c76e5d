//! Objects, read in process and over several threads.
//!
//! Invariants: replaced objects are read as what they were replaced by, as git reads them. What is not there is an error that
//! names it, and that says so where a partial clone left it out.

use crate::error::HistoryError;
use gix::ObjectId;
use gix::objs::{Find as _, Kind};
use gix::odb::pack::cache::{DecodeEntry, Object};
use shipway_core::name::Oid;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// More threads than this do not make reading faster: they wait for each other's memory.
const MOST_THREADS: usize = 8;

/// Items that a thread takes at once: neighbours in the history, and so in a pack.
const CHUNK: usize = 128;

/// A buffer that grew beyond this is not kept.
const KEPT_BUFFER: usize = 1 << 22;

/// The id of a commit, in the form that is cheap to copy and compare. [`Oid`] is the form for plans and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub(crate) ObjectId);

impl CommitId {
    /// # Errors
    /// [`HistoryError::Name`], which no id of git's gives.
    pub fn oid(self) -> Result<Oid, HistoryError> {
        Ok(Oid::new(self.0.to_string())?)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<&Oid> for CommitId {
    type Error = HistoryError;

    fn try_from(oid: &Oid) -> Result<Self, HistoryError> {
        let id = ObjectId::from_hex(oid.as_str().as_bytes());
        id.map(Self)
            .map_err(|source| HistoryError::read(format!("the id {oid}"), source))
    }
}

/// A thread's own way to the objects.
#[derive(Clone)]
pub(crate) struct Objects {
    odb: gix::OdbHandle,
    is_partial: bool,
}

impl Objects {
    pub fn of(git: &gix::Repository) -> Self {
        let config = git.config_snapshot();
        let promised = |section: gix::config::file::SectionRef<'_>| {
            section.value("promisor").is_some() || section.value("partialclonefilter").is_some()
        };
        let remotes = config.sections_by_name("remote").into_iter().flatten();
        let is_partial =
            config.string("extensions.partialClone").is_some() || remotes.into_iter().any(promised);
        Self {
            odb: git.objects.clone(),
            is_partial,
        }
    }

    /// For reading many trees, of which neighbours in the history share most.
    pub fn for_trees(&self) -> Self {
        let mut odb = self.odb.clone();
        odb.set_pack_cache(|| Box::new(Recent::default()));
        odb.set_object_cache(|| Box::new(Recent::default()));
        Self {
            odb,
            ..self.clone()
        }
    }

    /// The content of an object, which must be of that kind.
    pub fn get<'b>(
        &self,
        id: &ObjectId,
        kind: Kind,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], HistoryError> {
        let what = || format!("{kind} {id}");
        let found = self.odb.try_find(id, buffer);
        match found.map_err(|source| HistoryError::read(what(), source))? {
            Some(object) if object.kind == kind => Ok(object.data),
            Some(object) => Err(HistoryError::Kind {
                what: what(),
                is: object.kind.to_string(),
            }),
            None => Err(self.missing(what(), kind)),
        }
    }

    fn missing(&self, what: String, kind: Kind) -> HistoryError {
        if !self.is_partial {
            return HistoryError::Missing { what };
        }
        HistoryError::NotFetched {
            what,
            fetch: match kind {
                Kind::Blob => {
                    "fetch the contents of files as well: git fetch --refetch --no-filter"
                }
                _ => {
                    "fetch what is missing, without the contents of files: git fetch --refetch --filter=blob:none"
                }
            },
        }
    }

    /// What `work` makes of each item, in the order of the items, by as many threads as pay.
    ///
    /// # Errors
    /// The first one in the order of the items that were worked on.
    pub fn each<I: Sync, T: Send>(
        &self,
        items: &[I],
        work: impl Fn(&Self, &mut Vec<u8>, &I) -> Result<T, HistoryError> + Sync,
    ) -> Result<Vec<T>, HistoryError> {
        let most = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = most.min(MOST_THREADS).min(items.len().div_ceil(CHUNK));
        if threads < 2 {
            let mut buffer = Vec::new();
            let work = |item| work(self, &mut buffer, item);
            return items.iter().map(work).collect();
        }
        let shared = Shared {
            items,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            done: Mutex::new(Vec::new()),
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                let (objects, shared, work) = (self.clone(), &shared, &work);
                scope.spawn(move || shared.run(&objects, work));
            }
            shared.run(self, &work);
        });
        let done = shared.done.into_inner();
        let mut done = done.unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(chunk, _)| *chunk);
        let mut all = Vec::with_capacity(items.len());
        for (_, made) in done {
            all.extend(made?);
        }
        Ok(all)
    }
}

/// The objects that were read last, the newest last: what a tree is a delta of, and the parent's trees, which were the commit's own
/// one step before.
struct Recent<K>(VecDeque<(K, Kind, usize, Vec<u8>)>);

/// Enough for the directories on the way to one changed file.
const RECENT: usize = 16;

/// Smaller ones cost as little to read as to keep.
const WORTH_KEEPING: usize = 1 << 10;

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(VecDeque::with_capacity(RECENT))
    }
}

impl<K: PartialEq> Recent<K> {
    fn keep(&mut self, key: K, kind: Kind, size: usize, data: &[u8]) {
        if !(WORTH_KEEPING..=KEPT_BUFFER).contains(&data.len()) {
            return;
        }
        let mut bytes = Vec::new();
        if self.0.len() == RECENT
            && let Some((_, _, _, old)) = self.0.pop_front()
        {
            bytes = old;
        }
        bytes.clear();
        bytes.extend_from_slice(data);
        self.0.push_back((key, kind, size, bytes));
    }

    fn find(&self, key: &K, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let (_, kind, size, bytes) = self.0.iter().rev().find(|(known, ..)| known == key)?;
        out.clear();
        out.extend_from_slice(bytes);
        Some((*kind, *size))
    }
}

impl DecodeEntry for Recent<(u32, u64)> {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        self.keep((pack, offset), kind, compressed_size, data);
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        self.find(&(pack, offset), out)
    }
}

impl Object for Recent<ObjectId> {
    fn put(&mut self, id: ObjectId, kind: Kind, data: &[u8]) {
        if kind == Kind::Tree {
            self.keep(id, kind, 0, data);
        }
    }

    fn get(&mut self, id: &ObjectId, out: &mut Vec<u8>) -> Option<Kind> {
        self.find(id, out).map(|(kind, _)| kind)
    }
}

/// What the threads of one job share.
struct Shared<'i, I, T> {
    items: &'i [I],
    next: AtomicUsize,
    failed: AtomicBool,
    #[expect(clippy::type_complexity, reason = "chunks, by number")]
    done: Mutex<Vec<(usize, Result<Vec<T>, HistoryError>)>>,
}

impl<I, T> Shared<'_, I, T> {
    fn run(
        &self,
        objects: &Objects,
        work: &impl Fn(&Objects, &mut Vec<u8>, &I) -> Result<T, HistoryError>,
    ) {
        let mut buffer = Vec::new();
        while !self.failed.load(Ordering::Relaxed) {
            let chunk = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(items) = self.items.get(chunk * CHUNK..) else {
                break;
            };
            if items.is_empty() {
                break;
            }
            let items = &items[..items.len().min(CHUNK)];
            // As large as it will be: growing it costs as much as reading short messages.
            let mut all = Vec::with_capacity(items.len());
            let made = items.iter().try_for_each(|item| {
                if buffer.capacity() > KEPT_BUFFER {
                    buffer = Vec::new();
                }
                all.push(work(objects, &mut buffer, item)?);
                Ok(())
            });
            let made = made.map(|()| all);
            if made.is_err() {
                self.failed.store(true, Ordering::Relaxed);
            }
            let done = self.done.lock();
            done.unwrap_or_else(std::sync::PoisonError::into_inner)
                .push((chunk, made));
        }
    }
}
