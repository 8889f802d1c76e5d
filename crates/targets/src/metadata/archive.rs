//! Finds the metadata file in an archive and refuses archives that are made to deceive.

use super::{FileName, LONGEST, MetadataError, normalised};
use flate2::read::GzDecoder;
use std::io::{Read, Seek, SeekFrom};
use zip::ZipArchive;

/// More entries than any package has.
const MOST_ENTRIES: usize = 100_000;

/// Unpacked bytes that are looked through whatever the archive's size.
const ALWAYS: u64 = 64 << 20;

/// Times that an archive larger than that may grow.
const MOST_GROWTH: u64 = 200;

fn too_large(unpacked: u64, packed: u64) -> bool {
    unpacked > ALWAYS && unpacked / MOST_GROWTH > packed
}

fn refused(entry: &str, why: &'static str) -> MetadataError {
    let entry = entry.chars().take(200).collect();
    MetadataError::Entry { entry, why }
}

/// Why a path leads somewhere else than below the archive's top.
fn fault_of(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with(['/', '\\']) || drive {
        Some("which is an absolute path")
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some("which leads out of the archive")
    } else if path.chars().any(char::is_control) || path.is_empty() {
        Some("which is no path")
    } else {
        None
    }
}

/// The `METADATA` of the one `.dist-info` directory at the top of a wheel.
pub(super) fn wheel<R: Read + Seek>(reader: R, file: &FileName) -> Result<Vec<u8>, MetadataError> {
    let broken = |error: zip::result::ZipError| MetadataError::Archive(error.into());
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    if archive.len() > MOST_ENTRIES {
        return Err(MetadataError::Limit("it has too many entries"));
    }
    if archive.has_duplicate_names() {
        return Err(MetadataError::Limit("two of its entries have one name"));
    }
    if archive.has_overlapping_entries().map_err(broken)? {
        return Err(MetadataError::Limit("two of its entries share their bytes"));
    }
    let mut found = None;
    let (mut packed, mut unpacked) = (0_u64, 0_u64);
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if let Some(why) = fault_of(&name) {
            return Err(refused(&name, why));
        }
        if entry.is_symlink() {
            return Err(refused(&name, "which is a link"));
        }
        packed = packed.saturating_add(entry.compressed_size());
        unpacked = unpacked.saturating_add(entry.size());
        if name.matches('/').count() == 1 && name.ends_with(".dist-info/METADATA") {
            if found.is_some() {
                return Err(refused(&name, "a second one of its kind"));
            }
            found = Some((index, name));
        }
    }
    if too_large(unpacked, packed) {
        return Err(MetadataError::Limit("it grows too much when unpacked"));
    }
    let expected =
        || MetadataError::Missing(format!("{}-{}.dist-info/METADATA", file.name, file.version));
    let (index, path) = found.ok_or_else(expected)?;
    let whose = path.split('-').next().unwrap_or_default();
    if normalised(whose) != normalised(&file.name) {
        return Err(refused(
            &path,
            "which is not the metadata of the package that the file name names",
        ));
    }
    bytes_of(archive.by_index(index).map_err(broken)?)
}

/// The `PKG-INFO` in the one directory at the top of an sdist.
pub(super) fn sdist<R: Read + Seek>(mut reader: R) -> Result<Vec<u8>, MetadataError> {
    let packed = reader
        .seek(SeekFrom::End(0))
        .map_err(MetadataError::Archive)?;
    reader.rewind().map_err(MetadataError::Archive)?;
    let limited = Growth {
        inner: GzDecoder::new(std::io::BufReader::new(reader)),
        packed,
        unpacked: 0,
    };
    let mut archive = tar::Archive::new(limited);
    let mut found = None;
    let mut top: Option<String> = None;
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        if count >= MOST_ENTRIES {
            return Err(MetadataError::Limit("it has too many entries"));
        }
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
        if name.is_empty() && entry.header().entry_type().is_dir() {
            continue;
        }
        if let Some(why) = fault_of(&name) {
            return Err(refused(&name, why));
        }
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_dir() || kind.is_contiguous()) {
            return Err(refused(&name, "which is neither a file nor a directory"));
        }
        let first = name.split('/').next().unwrap_or_default();
        match &top {
            None => top = Some(first.to_owned()),
            Some(top) if top != first => {
                return Err(refused(&name, "beside the one directory that an sdist has"));
            }
            Some(_) => {}
        }
        if name.matches('/').count() == 1 && name.ends_with("/PKG-INFO") {
            if found.is_some() {
                return Err(refused(&name, "a second time"));
            }
            found = Some(bytes_of(&mut entry)?);
        }
    }
    found.ok_or_else(|| MetadataError::Missing("PKG-INFO".to_owned()))
}

/// An I/O error of the archive, or the limit that was behind it, however deep the archive reader wrapped it.
fn broken(error: std::io::Error) -> MetadataError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = source {
        if current.is::<TooLarge>() {
            return MetadataError::Limit("it grows too much when unpacked");
        }
        source = match current.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => current.source(),
        };
    }
    MetadataError::Archive(error)
}

fn bytes_of(reader: impl Read) -> Result<Vec<u8>, MetadataError> {
    let mut bytes = Vec::new();
    reader
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    if bytes.len() as u64 > LONGEST {
        return Err(MetadataError::Limit("its metadata is too long"));
    }
    Ok(bytes)
}

#[derive(Debug, thiserror::Error)]
#[error("it grows too much when unpacked")]
struct TooLarge;

/// Stops unpacking once the archive has grown too much.
struct Growth<R> {
    inner: R,
    packed: u64,
    unpacked: u64,
}

impl<R: Read> Read for Growth<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        if too_large(self.unpacked, self.packed) {
            return Err(std::io::Error::other(TooLarge));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use crate::metadata::{MetadataError, Package, read_bytes};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;

    const TEXT: &[u8] = b"Metadata-Version: 2.1\nName: a\nVersion: 1\n";
    const WHEEL: &str = "a-1-py3-none-any.whl";
    const SDIST: &str = "a-1.tar.gz";

    fn wheel(entries: &[(&str, &[u8])]) -> Result<Package, MetadataError> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        read_bytes(WHEEL, &writer.finish().unwrap().into_inner())
    }

    /// Names are written raw, so that they may be what no good writer would write.
    fn tarball(entries: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (name, bytes, kind) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn sdist(names: &[&str]) -> Result<Package, MetadataError> {
        let entries: Vec<_> = names
            .iter()
            .map(|name| (*name, TEXT, tar::EntryType::Regular))
            .collect();
        read_bytes(SDIST, &tarball(&entries))
    }

    #[test]
    fn metadata_is_found() {
        let entries: [(&str, &[u8]); 3] = [
            ("a/__init__.py", b""),
            ("a-1.dist-info/METADATA", TEXT),
            ("a/vendored/b-2.dist-info/METADATA", b"broken"),
        ];
        assert_eq!(wheel(&entries).unwrap().metadata.version(), "1");
        let package = sdist(&["a-1/src/a.egg-info/PKG-INFO", "a-1/PKG-INFO"]).unwrap();
        assert_eq!(package.metadata.name(), "a");
    }

    #[test]
    fn archives_that_deceive_are_refused() {
        let meta = ("a-1.dist-info/METADATA", TEXT);
        for other in ["/etc/passwd", "../x", "x/../../y", "c:/x", "x\n"] {
            let refused = wheel(&[meta, (other, b"")]);
            assert!(
                matches!(refused, Err(MetadataError::Entry { .. })),
                "{other:?}: {refused:?}"
            );
            let refused = sdist(&["a-1/PKG-INFO", other]);
            assert!(
                matches!(refused, Err(MetadataError::Entry { .. })),
                "{other:?}: {refused:?}"
            );
        }
        let two = wheel(&[meta, ("b-1.dist-info/METADATA", TEXT)]);
        assert!(matches!(two, Err(MetadataError::Entry { .. })), "{two:?}");
        let other = wheel(&[("b-1.dist-info/METADATA", TEXT)]);
        assert!(
            matches!(other, Err(MetadataError::Entry { .. })),
            "{other:?}"
        );
        let two = sdist(&["a-1/PKG-INFO", "a-1/PKG-INFO"]);
        assert!(matches!(two, Err(MetadataError::Entry { .. })), "{two:?}");
        let beside = sdist(&["a-1/PKG-INFO", "b/x"]);
        assert!(
            matches!(beside, Err(MetadataError::Entry { .. })),
            "{beside:?}"
        );
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Char,
            tar::EntryType::Fifo,
        ] {
            let bytes = tarball(&[
                ("a-1/x", b"", kind),
                ("a-1/PKG-INFO", TEXT, tar::EntryType::Regular),
            ]);
            let refused = read_bytes(SDIST, &bytes);
            assert!(
                matches!(refused, Err(MetadataError::Entry { .. })),
                "{kind:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_link_in_a_wheel_is_refused() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        writer.add_symlink("a/x", "/etc/passwd", options).unwrap();
        let refused = read_bytes(WHEEL, &writer.finish().unwrap().into_inner());
        assert!(
            matches!(refused, Err(MetadataError::Entry { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn archives_without_metadata_and_broken_ones_are_refused() {
        assert!(matches!(
            wheel(&[("a/x", b"")]),
            Err(MetadataError::Missing(_))
        ));
        assert!(matches!(sdist(&["a-1/x"]), Err(MetadataError::Missing(_))));
        assert!(matches!(
            read_bytes(WHEEL, b"PK"),
            Err(MetadataError::Archive(_))
        ));
        let whole = tarball(&[("a-1/PKG-INFO", TEXT, tar::EntryType::Regular)]);
        let cut = read_bytes(SDIST, &whole[..whole.len() / 2]);
        assert!(matches!(cut, Err(MetadataError::Archive(_))), "{cut:?}");
    }

    #[test]
    fn bombs_are_not_unpacked() {
        let zeroes = vec![0; 80 << 20];
        let bytes = tarball(&[("a-1/zeroes", &zeroes, tar::EntryType::Regular)]);
        let refused = read_bytes(SDIST, &bytes);
        assert!(
            matches!(refused, Err(MetadataError::Limit(_))),
            "{refused:?}"
        );
        let refused = wheel(&[("a/zeroes", &zeroes)]);
        assert!(
            matches!(refused, Err(MetadataError::Limit(_))),
            "{refused:?}"
        );
        let long = vec![b'x'; 5 << 20];
        let refused = wheel(&[("a-1.dist-info/METADATA", &long)]);
        assert!(
            matches!(refused, Err(MetadataError::Limit(_))),
            "{refused:?}"
        );
    }
}
