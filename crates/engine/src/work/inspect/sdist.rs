//! Source distributions: a gzipped tar archive with one directory and `PKG-INFO` in it (PEP 625 and PEP 643).

use super::{Contents, LARGEST, MOST_ENTRIES, entry_name, metadata, text};
use flate2::read::MultiGzDecoder;
use fs_err as fs;
use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::path::Path;
use tar::EntryType;

/// Name and version by the file's name: `name-version.tar.gz`.
pub fn stated(file: &str) -> Option<(&str, &str)> {
    file.strip_suffix(".tar.gz")?.rsplit_once('-')
}

/// Reads the whole archive.
pub fn read(path: &Path, file: &str) -> Result<Contents, String> {
    let opened = fs::File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let unpacked = MultiGzDecoder::new(BufReader::new(opened)).take(LARGEST);
    let mut archive = tar::Archive::new(unpacked);
    let top = file.strip_suffix(".tar.gz").unwrap_or(file);
    let place = format!("{top}/PKG-INFO");
    let broken = |error: std::io::Error| format!("it is no sound tar.gz archive: {error}");

    let mut names = BTreeSet::new();
    let mut found = None;
    let mut files = 0;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let name = entry_name(&entry.path_bytes())?;
        if !matches!(kind, EntryType::Regular | EntryType::Directory) {
            return Err(format!("the entry {name:?} is a link or a device"));
        }
        if name != top
            && !name
                .strip_prefix(top)
                .is_some_and(|rest| rest.starts_with('/'))
        {
            return Err(format!(
                "the entry {name:?} is not below {top}/, as its file name asks"
            ));
        }
        let directory = kind == EntryType::Directory;
        // A directory may be named again; a file may not, nor be both.
        let again = !names.insert((name.clone(), directory));
        if (again && !directory) || names.contains(&(name.clone(), !directory)) {
            return Err(format!("it holds two entries named {name:?}"));
        }
        if names.len() > MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} entries"));
        }
        files += usize::from(!directory);
        if name == place {
            found = Some(metadata(&text(&mut entry, &place)?, &place)?);
        }
    }
    if files == 0 {
        return Err("it is empty".to_owned());
    }
    Ok(Contents {
        metadata: found.ok_or_else(|| format!("it has no {place}"))?,
        files,
    })
}
