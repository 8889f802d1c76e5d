//! The journal: one SQLite database with every plan that was started and every event of its run.
//!
//! Invariants: records are only ever added. A durable append is on disk when it returns; any other append outlives the death
//! of the process and may be lost only with the machine's power, and then together with everything after it. Everything
//! that is read was checked against its hash chain first. Once writing failed in a way that leaves open what is on disk,
//! nothing more is written until the journal is opened anew.
//!
//! Must not: know what an event means, beyond the two facts that bind a version to a run (an intent, and how a run ended).

mod error;
mod read;
mod schema;
#[cfg(test)]
mod tests;

pub use error::JournalError;
pub use read::{Entry, Listed, Record, Standing};

use crate::chain::{self, Link};
use crate::crash::{Crash, Point};
use crate::lease::{Lease, newest_fence};
use fs_err as fs;
use read::Head;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use shipway_core::event::{End, Seq};
use shipway_core::{Event, EventKind, Plan, PlanId};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The version of the journal's format. A newer one is refused and left as it is.
pub const FORMAT: i64 = 1;
/// Bytes kept aside on the disk, so that the last records of a run fit when it is full.
const RESERVE: u64 = 1 << 20;

/// What an append waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: the records outlive a power loss. A flush, a few milliseconds on a slow disk.
    Disk,
    /// The system: the records outlive the death of this process.
    System,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    Done,
    /// Nothing was written: these events of somebody else came first. Apply them and think again.
    Behind(Vec<Event>),
}

/// What became of entering a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    New,
    /// The journal has a run of this very plan already; nothing was written.
    Joined,
}

/// A connection to a journal. Any number of them, in any number of processes, may be open at the same time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    vfs: Option<String>,
    db: Connection,
    durability: Durability,
    poisoned: bool,
    /// Runs that were looked up, and checked, before.
    known: BTreeMap<PlanId, Entry>,
    crash: Crash,
}

impl Journal {
    /// Opens the journal, and makes it if it is not there: the file for its owner only, in a directory for its owner only.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        Self::open_on(path, None)
    }

    /// Opens the journal on a named SQLite VFS: how tests make the disk fail.
    pub fn open_on(path: impl Into<PathBuf>, vfs: Option<&str>) -> Result<Self, JournalError> {
        let path = path.into();
        let db = schema::open(&path, vfs)?;
        Ok(Self {
            path,
            vfs: vfs.map(ToOwned::to_owned),
            db,
            durability: Durability::Disk,
            poisoned: false,
            known: BTreeMap::new(),
            crash: Crash::default(),
        })
    }

    /// Opens the journal anew. The only way on after a failed write; what is on disk then is the truth.
    pub fn reopen(&mut self) -> Result<(), JournalError> {
        let crash = self.crash.clone();
        *self = Self::open_on(&self.path, self.vfs.as_deref())?;
        self.crash = crash;
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(feature = "crash-points")]
    pub(crate) fn crash_at(&mut self, crash: Crash) {
        self.crash = crash;
    }

    /// Enters a plan as a run with its first event. After success both are on disk, or the run was there already.
    /// [`JournalError::VersionTaken`] when another run of the same project and version sent something and was not taken back.
    pub fn enter(
        &mut self,
        plan: &Plan,
        repository: &str,
        first: &Event,
    ) -> Result<Entered, JournalError> {
        let id = plan.id();
        let json = serde_json::to_vec(plan).unwrap_or_default();
        self.crash.pass(Point::Append);
        let entered = self.write(Durability::Disk, move |db, path| {
            let of = |error| JournalError::of(path, error);
            let entries = read::catalogue(db, path)?;
            if entries.iter().any(|entry| entry.id == id) {
                return Ok(Entered::Joined);
            }
            let entry = Entry {
                number: i64::try_from(entries.len()).unwrap_or(i64::MAX) + 1,
                id,
                project: plan.project.clone(),
                line: plan.line.clone(),
                version: plan.version.clone(),
                repository: repository.to_owned(),
                started: first.at,
            };
            insert_run(db, &entry, &json).map_err(of)?;
            // A refusal takes the entry back with it.
            refuse_taken_version(db, path, &entry)?;
            let mut head = Head {
                seq: 0,
                link: chain::first(&entry.id),
                standing: Standing::Open,
            };
            insert(db, &entry, &mut head, first).map_err(of)?;
            set_head(db, &entry, &head).map_err(of)?;
            Ok(Entered::New)
        })?;
        self.crash.pass(Point::AfterAppend);
        Ok(entered)
    }

    /// Appends events to a run. Their numbers must follow one another; the first one's says what the caller has seen.
    ///
    /// After `Done` they are there, as durable as was asked for. After `Behind` nothing was written. After an error that
    /// leaves open whether they are there, every further write is refused until [`Journal::reopen`].
    ///
    /// With a lease, the append is refused once a newer one was given out. The first intent of a run binds its version:
    /// [`JournalError::VersionTaken`] when another run was first.
    pub fn append(
        &mut self,
        run: &PlanId,
        events: &[Event],
        durability: Durability,
        lease: Option<&Lease>,
    ) -> Result<Appended, JournalError> {
        let Some(first) = events.first() else {
            return Ok(Appended::Done);
        };
        let entry = self.entry(run)?;
        self.crash.pass(Point::Append);
        let appended = self.write(durability, |db, path| {
            let of = |error| JournalError::of(path, error);
            if let Some(lease) = lease {
                let newest = newest_fence(db, &lease.project, &lease.line).map_err(of)?;
                if newest != lease.fence {
                    return Err(JournalError::Fenced {
                        ours: lease.fence,
                        theirs: newest,
                    });
                }
            }
            let mut head = read::head(db, path, &entry)?;
            if head.seq + 1 != first.seq {
                return Ok(None);
            }
            for event in events {
                insert(db, &entry, &mut head, event).map_err(of)?;
            }
            let before = head.standing;
            head.standing = events
                .iter()
                .fold(before, |standing, event| standing.after(&event.kind));
            if before == Standing::Open && head.standing != Standing::Open {
                refuse_taken_version(db, path, &entry)?;
            }
            set_head(db, &entry, &head).map_err(of)?;
            Ok(Some(()))
        })?;
        if appended.is_some() {
            self.crash.pass(Point::AfterAppend);
            return Ok(Appended::Done);
        }
        let record = self.record(run)?;
        let seen = first.seq.saturating_sub(1);
        Ok(Appended::Behind(record.events_after(seen)))
    }

    /// Keeps about a megabyte of the disk aside, so that what became of effects under way can still be written when it is
    /// full. [`JournalError::Full`] when there is not even that much.
    pub fn reserve(&self) -> Result<(), JournalError> {
        let path = self.reserve_path();
        if fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE) {
            return Ok(());
        }
        let zeros = vec![0; usize::try_from(RESERVE).unwrap_or(0)];
        fs::write(&path, zeros).map_err(|error| {
            // Half a reserve would only take away what is left.
            let _ = fs::remove_file(&path);
            match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    JournalError::Full(self.path.clone())
                }
                _ => JournalError::Files(error),
            }
        })
    }

    /// Gives the reserve back to the disk and opens the journal anew, for the last records before everything stops.
    pub fn spend_reserve(&mut self) -> Result<(), JournalError> {
        match fs::remove_file(self.reserve_path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.reopen()
    }

    fn reserve_path(&self) -> PathBuf {
        self.path.with_extension("reserve")
    }

    /// How far the run got, as far as others of its version care.
    pub fn standing(&mut self, run: &PlanId) -> Result<Standing, JournalError> {
        let entry = self.entry(run)?;
        read::head(&self.db, &self.path, &entry).map(|head| head.standing)
    }

    /// Number of the run's last event.
    pub fn seq(&mut self, run: &PlanId) -> Result<Seq, JournalError> {
        let entry = self.entry(run)?;
        read::head(&self.db, &self.path, &entry).map(|head| head.seq)
    }

    /// A run with all its events, every one of them checked.
    pub fn record(&mut self, run: &PlanId) -> Result<Record, JournalError> {
        let entry = self.entry(run)?;
        let snapshot = self.snapshot()?;
        read::record(&snapshot, &self.path, entry)
    }

    /// All runs, oldest first.
    pub fn list(&self) -> Result<Vec<Listed>, JournalError> {
        let snapshot = self.snapshot()?;
        read::list(&snapshot, &self.path)
    }

    pub(crate) fn entry(&mut self, run: &PlanId) -> Result<Entry, JournalError> {
        if let Some(entry) = self.known.get(run) {
            return Ok(entry.clone());
        }
        let entries = {
            let snapshot = self.snapshot()?;
            read::catalogue(&snapshot, &self.path)?
        };
        let found = entries.into_iter().find(|entry| entry.id == *run);
        let entry = found.ok_or_else(|| JournalError::NoRun(run.clone()))?;
        self.known.insert(run.clone(), entry.clone());
        Ok(entry)
    }

    /// One state of the database for several queries.
    fn snapshot(&self) -> Result<Transaction<'_>, JournalError> {
        Transaction::new_unchecked(&self.db, TransactionBehavior::Deferred)
            .map_err(|error| JournalError::of(&self.path, error))
    }

    /// Carries out one transaction that writes.
    pub(crate) fn write<T>(
        &mut self,
        durability: Durability,
        act: impl FnOnce(&Connection, &Path) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        let written = self.transact(durability, act);
        self.poisoned = written.as_ref().is_err_and(JournalError::is_fatal);
        written
    }

    fn transact<T>(
        &mut self,
        durability: Durability,
        act: impl FnOnce(&Connection, &Path) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let of = |error| JournalError::of(&self.path, error);
        if self.durability != durability {
            // The write-ahead log is flushed after every commit with FULL, and before it is copied back with NORMAL. A
            // flush covers all commits before it.
            let level = match durability {
                Durability::Disk => "PRAGMA synchronous = FULL",
                Durability::System => "PRAGMA synchronous = NORMAL",
            };
            self.db
                .prepare_cached(level)
                .and_then(|mut pragma| pragma.execute([]))
                .map_err(of)?;
            self.durability = durability;
        }
        let transaction =
            Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate).map_err(of)?;
        let result = act(&transaction, &self.path)?;
        transaction.commit().map_err(of)?;
        Ok(result)
    }
}

fn insert_run(db: &Connection, entry: &Entry, json: &[u8]) -> rusqlite::Result<()> {
    let link = entry.link(&read::catalogue_end(db)?.1);
    db.execute(
        "INSERT INTO runs(number, id, project, line, version, repository, started, link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            entry.number,
            entry.id.0.as_str(),
            entry.project,
            entry.line,
            entry.version,
            entry.repository,
            entry.started.0,
            link
        ],
    )?;
    db.execute(
        "INSERT INTO plans(run, json) VALUES (?1, ?2)",
        params![entry.number, json],
    )?;
    db.execute(
        "UPDATE meta SET runs = ?1, link = ?2",
        params![entry.number, link],
    )?;
    Ok(())
}

fn insert(db: &Connection, entry: &Entry, head: &mut Head, event: &Event) -> rusqlite::Result<()> {
    let body = serde_json::to_vec(&event.kind)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    head.seq += 1;
    head.link = chain::link(&head.link, head.seq, event.at.0, &body);
    db.prepare_cached("INSERT INTO events(run, seq, at, body, link) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            entry.number,
            i64::try_from(head.seq).unwrap_or(i64::MAX),
            event.at.0,
            // Text, so that a person can read it with any SQLite.
            String::from_utf8_lossy(&body),
            head.link
        ])?;
    Ok(())
}

fn set_head(db: &Connection, entry: &Entry, head: &Head) -> rusqlite::Result<()> {
    let mark: Link = head.mark(&entry.id);
    db.prepare_cached(
        "INSERT OR REPLACE INTO heads(run, seq, link, standing, mark) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        entry.number,
        i64::try_from(head.seq).unwrap_or(i64::MAX),
        head.link,
        head.standing.as_str(),
        mark
    ])?;
    Ok(())
}

/// A version belongs to the first run that sent something for it, until that was taken back. Releasing a version and
/// withdrawing it are bound apart: one run each.
pub(crate) fn refuse_taken_version(
    db: &Connection,
    path: &Path,
    ours: &Entry,
) -> Result<(), JournalError> {
    let rivals = read::catalogue(db, path)?.into_iter().filter(|other| {
        other.id != ours.id && other.project == ours.project && other.version == ours.version
    });
    for rival in rivals {
        let standing = read::head(db, path, &rival)?.standing;
        if matches!(standing, Standing::Bound | Standing::Released)
            && read::plan(db, path, &rival)?.is_withdrawal()
                == read::plan(db, path, ours)?.is_withdrawal()
        {
            return Err(JournalError::VersionTaken {
                project: ours.project.clone(),
                version: ours.version.clone(),
                ours: ours.id.clone(),
                theirs: rival.id,
            });
        }
    }
    Ok(())
}

impl Standing {
    fn after(self, kind: &EventKind) -> Self {
        match (self, kind) {
            (Self::Open, EventKind::Intent { .. }) => Self::Bound,
            (_, EventKind::Finished { end: End::Released }) => Self::Released,
            (
                _,
                EventKind::Finished {
                    end: End::RolledBack,
                },
            ) => Self::RolledBack,
            _ => self,
        }
    }
}
