//! Wheels: the binary distribution format of PyPA's specifications.
//!
//! Invariant: every file of the archive is in `RECORD` with its digest, and every file of `RECORD` is in the archive.

use super::{Contents, LARGEST, LARGEST_TEXT, MOST_ENTRIES, entry_name, metadata, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fs_err as fs;
use sha2::{Sha256, Sha384, Sha512};
use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

type Archive = ZipArchive<BufReader<fs::File>>;

/// Name and version by the file's name: `name-version(-build)?-python-abi-platform.whl`.
pub fn stated(file: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = file.strip_suffix(".whl")?.split('-').collect();
    match parts[..] {
        [name, version, _, _, _] | [name, version, _, _, _, _] => Some((name, version)),
        _ => None,
    }
}

/// Reads the whole wheel, comparing every digest.
pub fn read(path: &Path, file: &str) -> Result<Contents, String> {
    let opened = fs::File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let unreadable = |error: ZipError| format!("it is no sound ZIP archive: {error}");
    let mut archive = ZipArchive::new(BufReader::new(opened)).map_err(unreadable)?;
    if archive.len() > MOST_ENTRIES {
        return Err(format!("it has more than {MOST_ENTRIES} entries"));
    }
    if archive.has_duplicate_names() {
        return Err("it holds two entries of one name".to_owned());
    }
    // What is read by the directory at the end and what is read from the front must be one list.
    archive.validate_header_consistency().map_err(unreadable)?;
    if archive.offset() != 0 || archive.has_overlapping_files().map_err(unreadable)? {
        return Err("it holds data that belongs to no entry, or to two".to_owned());
    }
    let entries = list(&mut archive)?;
    let info = info_directory(&entries, file)?;
    let record = format!("{info}/RECORD");
    let listed = read_record(&member(&mut archive, &entries, &record)?)?;
    check_record(&mut archive, &entries, &listed, &info)?;
    let place = format!("{info}/METADATA");
    Ok(Contents {
        metadata: metadata(&member(&mut archive, &entries, &place)?, &place)?,
        files: entries.len(),
    })
}

/// Files by name, with their number in the archive.
fn list(archive: &mut Archive) -> Result<BTreeMap<String, usize>, String> {
    let mut entries = BTreeMap::new();
    let mut total: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|error| format!("its entry {index} cannot be read: {error}"))?;
        let name = entry_name(entry.name_raw())?;
        let file_type = entry.unix_mode().unwrap_or(0) & 0o170_000;
        if entry.is_symlink() || !matches!(file_type, 0 | 0o100_000 | 0o040_000) {
            return Err(format!("the entry {name:?} is a link or a device"));
        }
        if entry.encrypted() {
            return Err(format!("the entry {name:?} is encrypted"));
        }
        total = total.saturating_add(entry.size());
        if !entry.is_dir() && entries.insert(name.clone(), index).is_some() {
            return Err(format!("it holds two entries named {name:?}"));
        }
    }
    if total > LARGEST {
        return Err(format!("it unpacks to more than {LARGEST} bytes"));
    }
    Ok(entries)
}

/// The one `.dist-info` directory, which agrees with the file's name.
fn info_directory(entries: &BTreeMap<String, usize>, file: &str) -> Result<String, String> {
    let mut found: Vec<&str> = entries
        .keys()
        .filter_map(|name| Some(name.split_once('/')?.0))
        .filter(|top| top.ends_with(".dist-info"))
        .collect();
    found.dedup();
    let info = match found[..] {
        [only] => only,
        [] => return Err("it has no .dist-info directory".to_owned()),
        _ => {
            return Err(format!(
                "it has several .dist-info directories: {}",
                found.join(", ")
            ));
        }
    };
    let own = info
        .strip_suffix(".dist-info")
        .and_then(|own| own.rsplit_once('-'));
    let agrees = own.zip(stated(file)).is_some_and(|(own, file)| {
        super::normalised(own.0) == super::normalised(file.0) && super::same_version(own.1, file.1)
    });
    if agrees {
        Ok(info.to_owned())
    } else {
        Err(format!(
            "its directory {info} does not agree with its file name"
        ))
    }
}

fn member(
    archive: &mut Archive,
    entries: &BTreeMap<String, usize>,
    name: &str,
) -> Result<Vec<u8>, String> {
    let index = entries
        .get(name)
        .ok_or_else(|| format!("it has no {name}"))?;
    let mut entry = archive
        .by_index(*index)
        .map_err(|error| format!("{name} cannot be read: {error}"))?;
    if entry.size() > LARGEST_TEXT {
        return Err(format!("{name} is too large"));
    }
    text(&mut entry, name)
}

/// A line of `RECORD`.
struct Listed {
    hash: String,
    size: String,
}

/// `path,algorithm=digest,size`, as comma-separated values (PEP 376 and PEP 427).
fn read_record(bytes: &[u8]) -> Result<BTreeMap<String, Listed>, String> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| "RECORD is not encoded in UTF-8".to_owned())?;
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some([path, hash, size]) = fields(line) else {
            return Err(format!("RECORD has a line that is no entry: {line:?}"));
        };
        if listed.insert(path, Listed { hash, size }).is_some() {
            return Err(format!("RECORD lists a file twice: {line:?}"));
        }
    }
    Ok(listed)
}

/// Three fields; one in double quotes may hold commas, and two double quotes in it stand for one.
fn fields(line: &str) -> Option<[String; 3]> {
    let mut all = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, quoted) {
            ('"', true) if characters.peek() == Some(&'"') => {
                characters.next();
                all.last_mut()?.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => all.push(String::new()),
            (c, _) => all.last_mut()?.push(c),
        }
    }
    all.try_into().ok().filter(|_| !quoted)
}

fn check_record(
    archive: &mut Archive,
    entries: &BTreeMap<String, usize>,
    listed: &BTreeMap<String, Listed>,
    info: &str,
) -> Result<(), String> {
    // These cannot hold their own digest, or are made after it.
    let exempt = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{info}/{name}"));
    if let Some(missing) = listed.keys().find(|name| !entries.contains_key(*name)) {
        return Err(format!("RECORD lists {missing:?}, which is not in it"));
    }
    for (name, index) in entries {
        if exempt.contains(name) {
            continue;
        }
        let Some(entry) = listed.get(name) else {
            return Err(format!("{name:?} is not listed in RECORD"));
        };
        let (algorithm, expected) = entry
            .hash
            .split_once('=')
            .ok_or_else(|| format!("RECORD has no digest of {name:?}"))?;
        let mut file = archive
            .by_index(*index)
            .map_err(|error| format!("{name:?} cannot be read: {error}"))?;
        let (found, size) = digest(&mut file, algorithm, name)?;
        if found != expected.trim_end_matches('=') {
            return Err(format!(
                "RECORD says that {name:?} has {algorithm} {expected}, and it has {found}"
            ));
        }
        if !entry.size.is_empty() && entry.size != size.to_string() {
            return Err(format!(
                "RECORD says that {name:?} has {} bytes, and it has {size}",
                entry.size
            ));
        }
    }
    Ok(())
}

fn digest(file: &mut dyn Read, algorithm: &str, name: &str) -> Result<(String, u64), String> {
    match algorithm {
        "sha256" => hash::<Sha256>(file, name),
        "sha384" => hash::<Sha384>(file, name),
        "sha512" => hash::<Sha512>(file, name),
        _ => Err(format!(
            "RECORD has a digest of {name:?} by {algorithm:?}, which is not allowed"
        )),
    }
}

fn hash<H: sha2::Digest>(file: &mut dyn Read, name: &str) -> Result<(String, u64), String> {
    let mut hasher = H::new();
    let mut chunk = vec![0; 128 * 1024];
    let mut size: u64 = 0;
    loop {
        let count = file
            .read(&mut chunk)
            .map_err(|error| format!("{name:?} cannot be read: {error}"))?;
        if count == 0 {
            return Ok((URL_SAFE_NO_PAD.encode(hasher.finalize()), size));
        }
        size += count as u64;
        if size > LARGEST {
            return Err(format!("{name:?} unpacks to more than {LARGEST} bytes"));
        }
        hasher.update(&chunk[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_lines_are_comma_separated_values() {
        let read = |line| fields(line).map(|fields| fields.join("|"));
        assert_eq!(read("a.py,sha256=x,3").as_deref(), Some("a.py|sha256=x|3"));
        assert_eq!(
            read("\"a,\"\"b\"\".py\",sha256=x,3").as_deref(),
            Some("a,\"b\".py|sha256=x|3")
        );
        assert_eq!(read("x/RECORD,,").as_deref(), Some("x/RECORD||"));
        assert_eq!(read("a.py"), None);
        assert_eq!(read("\"a,b,c"), None);
    }

    #[test]
    fn a_wheels_name_says_what_it_is() {
        assert_eq!(stated("a_b-1.0-py3-none-any.whl"), Some(("a_b", "1.0")));
        assert_eq!(
            stated("a_b-1.0-1-cp311-cp311-linux_x86_64.whl"),
            Some(("a_b", "1.0"))
        );
        assert_eq!(stated("a-b-c-1.0-py3-none-any.whl"), None);
        assert_eq!(stated("a.whl"), None);
    }
}
