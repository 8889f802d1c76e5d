//! The files of the repository, as text.

use super::InitError;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Larger files are not read.
pub const LARGEST: u64 = 1024 * 1024;

pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The text of a file, or `None` where there is none. Bytes that are no UTF-8 are replaced: it is looked at only.
    pub fn text(&self, path: &str) -> Result<Option<String>, InitError> {
        let file = match fs_err::File::open(self.dir.join(path)) {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(InitError::Unreadable(error)),
        };
        if !file.metadata().map_err(InitError::Unreadable)?.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(InitError::Unreadable)?;
        if bytes.len() as u64 > LARGEST {
            return Err(InitError::TooLarge {
                file: path.to_owned(),
            });
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub fn has(&self, path: &str) -> bool {
        self.dir.join(path).exists()
    }

    /// Names in a folder, sorted; none where there is no such folder.
    pub fn names(&self, path: &str) -> Result<Vec<String>, InitError> {
        let entries = match fs_err::read_dir(self.dir.join(path)) {
            Ok(entries) => entries,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(InitError::Unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(InitError::Unreadable)?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}
