//! Remembering what was read: a cache that is only ever a cache.
//!
//! Invariants: an entry is found by what it was made from (object ids of all references, layout, version of the form), so that
//! it is never out of date; an entry that is damaged, foreign, of another version or unreadable is as good as none; writing
//! puts a finished file in place, so that several writers do no harm; a cache that cannot be written to is passed over.
//!
//! Must not: make an answer differ from the one without a cache.

use shipway_core::digest::Digest;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Raised whenever what is stored, or what it means, changes.
const VERSION: u32 = 1;
const MAGIC: &str = "shipway-train";
/// Larger entries are not read.
const LARGEST: u64 = 1 << 30;

/// A directory of entries.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
}

/// What an entry was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// What the entry is about, whatever its state: older entries of the same subject are dropped.
    subject: String,
    key: String,
}

impl Key {
    /// `subject` names the thing, `parts` its state.
    pub fn of(subject: &str, parts: &[&str]) -> Self {
        let mut text = format!("{MAGIC} {VERSION}\0{subject}");
        for part in parts {
            // Lengths keep neighbours apart.
            let _ = write!(text, "\0{}\0{part}", part.len());
        }
        Self {
            subject: Digest::of(subject.as_bytes()).as_str()[..24].to_owned(),
            key: Digest::of(text.as_bytes()).as_str().to_owned(),
        }
    }

    fn file(&self) -> String {
        let Self { subject, key } = self;
        format!("{}/{subject}-{}", &subject[..2], &key[..32])
    }

    fn header(&self, payload: &[u8]) -> String {
        format!(
            "{MAGIC} {VERSION}\n{}\n{}\n",
            self.key,
            Digest::of(payload).as_str()
        )
    }
}

impl Cache {
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// The payload, if there is a sound one.
    pub fn load(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.directory.join(key.file());
        let size = fs_err::metadata(&path).ok()?.len();
        if size > LARGEST {
            return None;
        }
        let mut bytes = fs_err::read(&path).ok()?;
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let length = lines
            .by_ref()
            .take(3)
            .map(|line| line.len() + 1)
            .sum::<usize>();
        let payload = lines.next()?;
        if bytes.get(..length)? != key.header(payload).as_bytes() {
            return None;
        }
        bytes.drain(..length);
        Some(bytes)
    }

    /// Keeps a payload, and drops what was kept of the same subject before. Failing to is no failure.
    pub fn store(&self, key: &Key, payload: &[u8]) {
        static TURN: AtomicU64 = AtomicU64::new(0);
        let path = self.directory.join(key.file());
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let part = path.with_extension(format!("{}-{turn}.part", std::process::id()));
        let put = || -> std::io::Result<()> {
            fs_err::create_dir_all(path.parent().unwrap_or(&self.directory))?;
            let mut file = fs_err::File::create(&part)?;
            file.write_all(key.header(payload).as_bytes())?;
            file.write_all(payload)?;
            drop(file);
            fs_err::rename(&part, &path)
        };
        if put().is_ok() {
            drop_older(&path, key);
        } else {
            let _ = fs_err::remove_file(&part);
        }
    }
}

fn drop_older(path: &Path, key: &Key) {
    let entries = path.parent().and_then(|it| fs_err::read_dir(it).ok());
    for entry in entries.into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let same = name
            .to_string_lossy()
            .starts_with(&format!("{}-", key.subject));
        if same && Some(name.as_os_str()) != path.file_name() {
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(state: &str) -> Key {
        Key::of("httpfs", &[state])
    }

    fn files(directory: &Path) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.extend(files(&path));
            } else {
                all.push(path);
            }
        }
        all
    }

    #[test]
    fn an_entry_is_found_by_what_it_was_made_from() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(&directory.path().join("new"));
        assert_eq!(cache.load(&key("1")), None);
        cache.store(&key("1"), b"one\ntwo");
        assert_eq!(cache.load(&key("1")), Some(b"one\ntwo".to_vec()));
        assert_eq!(cache.load(&key("2")), None);
        cache.store(&key("2"), b"");
        assert_eq!(cache.load(&key("2")), Some(Vec::new()));
        assert_eq!(cache.load(&key("1")), None, "the older state was dropped");
        assert_ne!(Key::of("a", &["b", ""]), Key::of("a", &["", "b"]));
    }

    #[test]
    fn a_damaged_or_foreign_entry_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.store(&key("1"), b"payload");
        let path = files(directory.path()).remove(0);
        let sound = fs_err::read(&path).unwrap();
        for at in 0..sound.len() {
            let mut broken = sound.clone();
            broken[at] ^= 1;
            fs_err::write(&path, &broken).unwrap();
            assert_eq!(cache.load(&key("1")), None, "byte {at}");
            fs_err::write(&path, &sound[..at]).unwrap();
            assert_eq!(cache.load(&key("1")), None, "first {at} bytes");
        }
        let old = String::from_utf8(sound.clone())
            .unwrap()
            .replacen(" 1\n", " 0\n", 1);
        fs_err::write(&path, old).unwrap();
        assert_eq!(cache.load(&key("1")), None);
        fs_err::write(&path, &sound).unwrap();
        assert!(cache.load(&key("1")).is_some());
    }

    #[test]
    fn several_writers_do_no_harm_and_a_cache_that_cannot_be_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        cache.store(&key("1"), b"payload");
                        let found = cache.load(&key("1"));
                        assert!(found.is_none_or(|it| it == b"payload"));
                    }
                });
            }
        });
        assert_eq!(cache.load(&key("1")), Some(b"payload".to_vec()));
        assert_eq!(files(directory.path()).len(), 1);
        let file = directory.path().join("file");
        fs_err::write(&file, "").unwrap();
        let none = Cache::new(&file);
        none.store(&key("1"), b"payload");
        assert_eq!(none.load(&key("1")), None);
    }
}
