//! Empty directories that steps which leave nothing behind use one after the other.
//!
//! Making and removing directories waits for the disk's journal, which costs more than a short command does. A command
//! that needs neither a checkout nor files gets a room: three empty directories that stay if it left them empty.
//!
//! Invariant: a room that is handed out is empty, and nobody else has it.

use fs_err as fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The directories of a room.
pub(super) const INSIDE: [&str; 3] = ["here", "home", "tmp"];

/// The rooms of one run that are empty and free.
#[derive(Debug, Default)]
pub struct Rooms {
    free: Mutex<Vec<PathBuf>>,
    made: AtomicU64,
}

impl Rooms {
    /// A room that is empty, if there is one.
    pub(super) fn take(&self) -> Option<PathBuf> {
        let room = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()?;
        room.join(INSIDE[0]).is_dir().then_some(room)
    }

    /// The name of a room that is still to be made. No other process uses it either.
    pub(super) fn name(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("room~{}~{number}", std::process::id())
    }

    /// Takes a room back if it is empty; otherwise it is the caller's to remove.
    pub(super) fn give_back(&self, room: PathBuf) -> Result<(), PathBuf> {
        if !is_as_made(&room).unwrap_or(false) {
            return Err(room);
        }
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(room);
        Ok(())
    }
}

fn is_as_made(room: &Path) -> std::io::Result<bool> {
    for directory in INSIDE {
        if fs::read_dir(room.join(directory))?.next().is_some() {
            return Ok(false);
        }
    }
    Ok(fs::read_dir(room)?.count() == INSIDE.len())
}
