//! Who may drive: one live process per project and line (R10).
//!
//! Invariants: a lease is an advisory lock on a file beside the journal, which the system takes back from a process that
//! died, so that nobody waits for a time limit; and a number in the journal that only grows. An append that carries a lower
//! number than the newest is refused, so a process that lost its lock without noticing writes nothing more.
//!
//! Must not: decide from a process id or a clock whether a holder is alive. Both are told to people only.

use crate::journal::{self, Durability, Journal, JournalError};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rusqlite::OptionalExtension as _;
use rusqlite::{Connection, params};
use rustix::fs::FlockOperation;
use shipway_core::{Digest, PlanId, Timestamp};
use std::io;
use std::os::unix::fs::PermissionsExt;

/// The right to drive the runs of one project and line. Dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    pub(crate) project: String,
    pub(crate) line: String,
    pub(crate) fence: u64,
    _lock: fs::File,
}

/// Who drives a line, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub run: PlanId,
    pub pid: u32,
    pub host: String,
    pub since: Timestamp,
}

impl Journal {
    /// Takes the lease on this run's project and line. After success every earlier lease on them is void.
    /// [`JournalError::Held`] says who has it: a process that is alive, on this machine or on another one that shares the
    /// directory. [`JournalError::VersionTaken`] when the run's version went to another run meanwhile.
    pub fn acquire(
        &mut self,
        run: &PlanId,
        host: &str,
        at: Timestamp,
    ) -> Result<Lease, JournalError> {
        let entry = self.entry(run)?;
        let lock = self.lock_file(&entry.project, &entry.line)?;
        let (project, line) = (entry.project.clone(), entry.line.clone());
        let host = host.to_owned();
        // The lock is taken inside the transaction, so that whoever finds it taken reads the name of its holder.
        self.write(Durability::System, move |db, path| {
            if lock_now(&lock)? == Locked::ByAnother {
                return Err(match holder(db, &project, &line) {
                    Ok(Some(holder)) => JournalError::Held(holder),
                    Ok(None) => JournalError::Busy(path.to_owned()),
                    Err(error) => JournalError::of(path, error),
                });
            }
            journal::refuse_taken_version(db, path, &entry)?;
            let fence = newest_fence(db, &project, &line)
                .map_err(|error| JournalError::of(path, error))?
                + 1;
            db.execute(
                "INSERT OR REPLACE INTO leases(project, line, run, fence, pid, host, since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    project,
                    line,
                    run.0.as_str(),
                    i64::try_from(fence).unwrap_or(i64::MAX),
                    std::process::id(),
                    host,
                    at.0
                ],
            )
            .map_err(|error| JournalError::of(path, error))?;
            Ok(Lease {
                project,
                line,
                fence,
                _lock: lock,
            })
        })
    }

    /// Who drives this run's project and line now. `None`: nobody.
    pub fn driver(&mut self, run: &PlanId) -> Result<Option<Holder>, JournalError> {
        let entry = self.entry(run)?;
        let lock = self.lock_file(&entry.project, &entry.line)?;
        self.write(Durability::System, move |db, path| match lock_now(&lock)? {
            Locked::ByUs => Ok(None),
            Locked::ByAnother => holder(db, &entry.project, &entry.line)
                .map_err(|error| JournalError::of(path, error)),
        })
    }

    fn lock_file(&self, project: &str, line: &str) -> io::Result<fs::File> {
        let dir = self.path().with_extension("locks");
        fs::create_dir_all(&dir)?;
        fs::set_permissions(&dir, PermissionsExt::from_mode(0o700))?;
        // A digest, because a project may be called anything.
        let name = Digest::of_json(&(project, line));
        // Never removed: a lock on a file that lost its name would keep nobody out.
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join(name.short()))
    }
}

#[derive(PartialEq, Eq)]
enum Locked {
    ByUs,
    ByAnother,
}

fn lock_now(file: &fs::File) -> io::Result<Locked> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Locked::ByUs),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Locked::ByAnother),
        Err(error) => Err(error.into()),
    }
}

/// The newest fence of a line; 0 where nobody ever drove it.
pub(crate) fn newest_fence(db: &Connection, project: &str, line: &str) -> rusqlite::Result<u64> {
    let fence: Option<i64> = db
        .prepare_cached("SELECT fence FROM leases WHERE project = ?1 AND line = ?2")?
        .query_row([project, line], |row| row.get(0))
        .optional()?;
    Ok(fence
        .and_then(|fence| u64::try_from(fence).ok())
        .unwrap_or(0))
}

fn holder(db: &Connection, project: &str, line: &str) -> rusqlite::Result<Option<Holder>> {
    let row: Option<(String, u32, String, i64)> = db
        .query_row(
            "SELECT run, pid, host, since FROM leases WHERE project = ?1 AND line = ?2",
            [project, line],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    Ok(row.and_then(|(run, pid, host, since)| {
        Some(Holder {
            run: PlanId(run.parse().ok()?),
            pid,
            host,
            since: Timestamp(since),
        })
    }))
}
