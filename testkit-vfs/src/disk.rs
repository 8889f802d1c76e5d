//! What is on the disk for certain, and what may be.

use super::SECTOR;
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Every file, by its path.
#[derive(Clone, Default)]
pub(crate) struct Disks(BTreeMap<PathBuf, Disk>);

#[derive(Clone, Default)]
struct Disk {
    /// `None`: after a power loss there is no such file.
    flushed: Option<Vec<u8>>,
    pending: Vec<Change>,
    /// SQLite flushes the directory with the first flush of a new log, and so everything that was deleted in it.
    is_log: bool,
}

#[derive(Clone)]
enum Change {
    Create,
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
    Delete,
}

/// Which changes that were not flushed are on the disk all the same.
enum Luck {
    None,
    All,
    Some(u64),
}

impl Luck {
    fn smiles(&mut self) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(state) => {
                // splitmix64: the same seed gives the same image.
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (z ^ (z >> 31)) & 1 == 1
            }
        }
    }
}

impl Disks {
    /// A file was opened. One that nobody here wrote counts as flushed.
    pub fn open(&mut self, path: &Path, existed: bool, is_log: bool) -> io::Result<()> {
        if let Some(disk) = self.0.get_mut(path) {
            if !existed {
                disk.pending.push(Change::Create);
            }
            return Ok(());
        }
        let (flushed, pending) = if existed {
            (Some(fs::read(path)?), vec![])
        } else {
            (None, vec![Change::Create])
        };
        let disk = Disk {
            flushed,
            pending,
            is_log,
        };
        self.0.insert(path.to_owned(), disk);
        Ok(())
    }

    pub fn write(&mut self, path: &Path, at: usize, bytes: &[u8]) {
        self.change(
            path,
            Change::Write {
                at,
                bytes: bytes.to_vec(),
            },
        );
    }

    pub fn truncate(&mut self, path: &Path, size: usize) {
        self.change(path, Change::Truncate(size));
    }

    /// `now`: the directory is flushed too.
    pub fn delete(&mut self, path: &Path, now: bool) {
        if now {
            self.0.remove(path);
        } else {
            self.change(path, Change::Delete);
        }
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(disk) = self.0.get_mut(path) {
            disk.pending.push(change);
        }
    }

    pub fn flush(&mut self, path: &Path) {
        let Some(disk) = self.0.get_mut(path) else {
            return;
        };
        let is_new = disk
            .pending
            .iter()
            .any(|change| matches!(change, Change::Create));
        let flushes_directory = is_new && disk.is_log;
        disk.flushed = disk.after(&mut Luck::All);
        disk.pending.clear();
        if flushes_directory {
            let neighbours = self
                .0
                .iter_mut()
                .filter(|(other, _)| other.parent() == path.parent());
            neighbours.for_each(|(_, disk)| disk.flush_deletion());
        }
    }

    /// The flush failed, and the system forgets what it could not write.
    pub fn drop_pending(&mut self, path: &Path) {
        if let Some(disk) = self.0.get_mut(path) {
            disk.pending.clear();
        }
    }

    pub fn image(&self, into: &Path, seed: u64) -> io::Result<()> {
        fs::create_dir_all(into)?;
        let mut luck = match seed {
            0 => Luck::None,
            1 => Luck::All,
            seed => Luck::Some(seed),
        };
        for (path, disk) in &self.0 {
            let name = path
                .file_name()
                .ok_or_else(|| io::Error::other("a file without a name"))?;
            if let Some(content) = disk.after(&mut luck) {
                fs::write(into.join(name), content)?;
            }
        }
        Ok(())
    }
}

impl Disk {
    fn flush_deletion(&mut self) {
        let deleted = self
            .pending
            .iter()
            .rposition(|change| matches!(change, Change::Delete));
        if let Some(last) = deleted {
            self.flushed = None;
            self.pending.drain(..=last);
        }
    }

    /// The content after a power loss.
    fn after(&self, luck: &mut Luck) -> Option<Vec<u8>> {
        let mut content = self.flushed.clone();
        for change in &self.pending {
            match change {
                Change::Create => {
                    if luck.smiles() {
                        content.get_or_insert_default();
                    }
                }
                Change::Delete => {
                    if luck.smiles() {
                        content = None;
                    }
                }
                Change::Truncate(size) => {
                    if let Some(content) = &mut content
                        && luck.smiles()
                    {
                        content.resize(*size, 0);
                    }
                }
                Change::Write { at, bytes } => {
                    if let Some(content) = &mut content {
                        write(content, *at, bytes, luck);
                    }
                }
            }
        }
        content
    }
}

/// Each sector for itself.
fn write(content: &mut Vec<u8>, at: usize, bytes: &[u8], luck: &mut Luck) {
    let mut from = 0;
    while from < bytes.len() {
        let to = bytes.len().min(from + SECTOR - (at + from) % SECTOR);
        if luck.smiles() {
            if content.len() < at + to {
                content.resize(at + to, 0);
            }
            content[at + from..at + to].copy_from_slice(&bytes[from..to]);
        }
        from = to;
    }
}
