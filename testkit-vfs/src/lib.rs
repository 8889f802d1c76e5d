//! A disk that loses what was not flushed, fails to flush, and fills up: a SQLite VFS for tests, around the real one.
//!
//! Invariants: what SQLite reads is what it wrote, as on a real machine that is up; beside that, each file's content is kept
//! as it would be after a power loss, from what was flushed and what was not. Shared memory and locks are the real ones, so
//! that the write-ahead log and several connections work as they do in production.
//!
//! Must not: be used outside tests.

mod disk;
mod vfs;

use disk::Disks;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

/// A registered VFS. It stays registered until the process ends, because connections may outlive this value.
#[derive(Clone, Copy)]
pub struct FaultyVfs {
    name: &'static str,
    state: &'static Mutex<State>,
}

/// What the disks hold and what goes wrong next.
#[derive(Default)]
pub(crate) struct State {
    pub disks: Disks,
    /// The disks as they were when each flush was asked for, before it did anything.
    pub at_syncs: Vec<Disks>,
    pub keeps_syncs: bool,
    /// Flushes until the one that fails; 1 for the next.
    pub syncs_until_failure: Option<u64>,
    /// Bytes that can still be written.
    pub room: Option<u64>,
}

/// Why a VFS could not be registered.
#[derive(Debug, PartialEq, Eq)]
pub struct NotRegistered;

impl FaultyVfs {
    /// Makes the VFS known to SQLite under this name, which must be new in the process and without a NUL.
    pub fn register(name: &str) -> Result<Self, NotRegistered> {
        let state: &'static Mutex<State> = Box::leak(Box::default());
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        vfs::register(name, state)?;
        Ok(Self { name, state })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Writes what would be there after a power loss now into a directory, which is made if it is missing: every file by its
    /// name, without its directories.
    ///
    /// Seed 0: what was flushed and nothing else. Seed 1: all that was written. Every other seed: what was flushed and some
    /// sectors of what was not, in no order.
    pub fn power_loss_image(&self, into: &Path, seed: u64) -> io::Result<()> {
        self.state().disks.image(into, seed)
    }

    /// From now on, remembers the disks at each flush. For small files: each flush keeps a copy of all.
    pub fn keep_syncs(&self) {
        self.state().keeps_syncs = true;
    }

    /// Flushes that were remembered.
    pub fn syncs(&self) -> usize {
        self.state().at_syncs.len()
    }

    /// As [`Self::power_loss_image`], had the power gone when the n-th remembered flush, from 0, was asked for.
    pub fn power_loss_image_at_sync(&self, n: usize, into: &Path, seed: u64) -> io::Result<()> {
        match self.state().at_syncs.get(n) {
            Some(disks) => disks.image(into, seed),
            None => Err(io::Error::other(format!("there was no flush {n}"))),
        }
    }

    /// The n-th flush from now, from 1, fails, and what it was to flush is lost: later flushes succeed without it, as on a
    /// system that drops the pages it could not write.
    pub fn fail_sync_at(&self, n: u64) {
        self.state().syncs_until_failure = Some(n);
    }

    /// Whether a flush that was to fail has not come yet.
    pub fn has_failure_ahead(&self) -> bool {
        self.state().syncs_until_failure.is_some()
    }

    /// After so many more bytes the disk is full. The write that does not fit is cut short.
    pub fn full_after(&self, bytes: u64) {
        self.state().room = Some(bytes);
    }

    /// Nothing goes wrong any more. What was lost stays lost.
    pub fn heal(&self) {
        let mut state = self.state();
        state.room = None;
        state.syncs_until_failure = None;
    }

    fn state(&self) -> MutexGuard<'static, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
