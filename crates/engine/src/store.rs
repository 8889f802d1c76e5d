//! Files by content: what was built and what a check produced, named by digest.
//!
//! Invariants: a file appears under its digest whole or not at all, also after a power loss; it never changes afterwards; a
//! reader that goes through [`Store::verify`] gets either the bytes that were put or an error.
//!
//! Must not: know what a file is for, or how a target reads it.

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use sha2::{Digest as _, Sha256};
use shipway_core::Digest;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the name of a file begins that is still being written.
const INCOMING: &str = ".incoming-";
/// Bytes that are read and hashed at a time.
const CHUNK: usize = 128 * 1024;

/// A directory of files that are named by their SHA-256.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the artifact store cannot be used")]
    Io(#[from] io::Error),
    #[error("the artifact store does not hold {0}")]
    Missing(Digest),
    #[error("{path} was changed: its content is {found} and no longer {expected}", path = .path.display())]
    Changed {
        path: PathBuf,
        expected: Digest,
        found: Digest,
    },
}

impl StoreError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some("free some space on the disk that holds the state directory, then resume".into())
            }
            Self::Io(_) => None,
            Self::Missing(_) => Some("the file was removed from the state directory: restore it, or release with a new plan".into()),
            Self::Changed { path, .. } => Some(format!(
                "remove {} and restore it from a copy with the right content; bytes that changed after the build are never published",
                path.display()
            )),
        }
    }
}

impl Store {
    /// Opens the store in this directory, which is made if it is not there (for its owner only). Files that a killed process
    /// left half written are removed.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let dir = dir.into();
        fs::create_dir_all(&dir)?;
        fs::set_permissions(&dir, PermissionsExt::from_mode(0o700))?;
        let store = Self { dir };
        store.sweep()?;
        Ok(store)
    }

    /// Copies a file into the store. After success its bytes are on disk under the digest that is returned, with their
    /// number. After a failure nothing is there, or a whole file of the same content.
    pub fn put_file(&self, source: &Path) -> Result<(Digest, u64), StoreError> {
        self.put(&mut fs::File::open(source)?)
    }

    /// As [`Store::put_file`], for bytes in memory.
    pub fn put_bytes(&self, mut bytes: &[u8]) -> Result<(Digest, u64), StoreError> {
        self.put(&mut bytes)
    }

    /// Where the file of this digest is, if the store holds it. Open it for reading only.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.as_str())
    }

    /// Reads the whole file back and compares its digest; the number of its bytes. [`StoreError::Changed`] when it is not
    /// what was put.
    pub fn verify(&self, digest: &Digest) -> Result<u64, StoreError> {
        let path = self.path(digest);
        let mut file = match fs::File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(digest.clone()));
            }
            file => file?,
        };
        let (found, size) = copy(&mut file, &mut io::sink())?;
        if found == *digest {
            Ok(size)
        } else {
            Err(StoreError::Changed {
                path,
                expected: digest.clone(),
                found,
            })
        }
    }

    fn put(&self, source: &mut dyn Read) -> Result<(Digest, u64), StoreError> {
        let incoming = Incoming::create(&self.dir)?;
        let (digest, size) = copy(source, &mut &incoming.file)?;
        // A file that rotted in the store is replaced by the good one; a good one saves the flush.
        if self.verify(&digest).is_err() {
            incoming.file.sync_all()?;
            fs::set_permissions(&incoming.path, PermissionsExt::from_mode(0o444))?;
            fs::rename(&incoming.path, self.path(&digest))?;
        }
        fs::File::open(&self.dir)?.sync_all()?;
        Ok((digest, size))
    }

    /// A writer holds a lock on its file; what can be locked belongs to nobody any more.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(INCOMING) {
                continue;
            }
            match fs::File::open(entry.path()) {
                Ok(file) if lock(&file).is_ok() => drop(fs::remove_file(entry.path())),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file that is being written. Removed when dropped, unless it was given its name before.
struct Incoming {
    file: fs::File,
    path: PathBuf,
}

impl Incoming {
    fn create(dir: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = dir.join(format!("{INCOMING}{}-{number}", std::process::id()));
            let created = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            let file = match created {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            lock(&file)?;
            // Between making and locking it, another process may have swept it away.
            if path.exists() {
                return Ok(Self { file, path });
            }
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Fails after the rename, as it should: the name is gone.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(file: &fs::File) -> io::Result<()> {
    rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(Into::into)
}

/// Copies and hashes in one pass.
fn copy(source: &mut dyn Read, sink: &mut dyn Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let count = match source.read(&mut chunk) {
            Ok(0) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        hasher.update(&chunk[..count]);
        sink.write_all(&chunk[..count])?;
        size += count as u64;
    }
    Ok((Digest::from_bytes(&hasher.finalize().into()), size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_kept_by_content() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("artifacts")).unwrap();
        let source = dir.path().join("x.whl");
        let bytes = vec![7; 3 * CHUNK + 5];
        fs::write(&source, &bytes).unwrap();
        let (digest, size) = store.put_file(&source).unwrap();
        assert_eq!(
            (digest.clone(), size),
            (Digest::of(&bytes), bytes.len() as u64)
        );
        assert_eq!(store.put_bytes(&bytes).unwrap(), (digest.clone(), size));
        assert_eq!(store.verify(&digest).unwrap(), size);
        assert_eq!(fs::read(store.path(&digest)).unwrap(), bytes);
        assert_eq!(names(&store.dir), [digest.as_str()]);
        let mode = fs::metadata(store.path(&digest))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o444);
    }

    #[test]
    fn changed_and_missing_files_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (digest, _) = store.put_bytes(b"good").unwrap();
        fs::set_permissions(store.path(&digest), PermissionsExt::from_mode(0o644)).unwrap();
        fs::write(store.path(&digest), b"bad!").unwrap();
        assert!(matches!(
            store.verify(&digest),
            Err(StoreError::Changed { found, .. }) if found == Digest::of(b"bad!")
        ));
        store.put_bytes(b"good").unwrap();
        assert_eq!(store.verify(&digest).unwrap(), 4, "the second put mends it");
        assert!(matches!(
            store.verify(&Digest::of(b"other")),
            Err(StoreError::Missing(_))
        ));
    }

    #[test]
    fn a_half_written_file_is_swept_but_not_one_in_use() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".incoming-1-1"), b"half").unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(names(dir.path()).is_empty());
        let writing = Incoming::create(dir.path()).unwrap();
        Store::open(dir.path()).unwrap();
        assert_eq!(names(dir.path()).len(), 1);
        drop(writing);
        assert!(names(dir.path()).is_empty());
        assert!(store.put_file(&dir.path().join("nothing")).is_err());
        assert!(names(dir.path()).is_empty(), "a failed put leaves nothing");
    }
}
