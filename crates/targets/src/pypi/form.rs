//! The form of the legacy upload API, written while it is sent.
//!
//! Invariants: its length is known before the first byte leaves; the file is read from disk piece by piece; no value ends
//! the form early, because the boundary is random and was looked for in every field.

use crate::http::Body;
use crate::metadata::Package;
use blake2::Blake2b;
use blake2::digest::consts::U32;
use sha2::{Digest as _, Sha256};
use shipway_core::Digest;
use shipway_core::digest::hex;
use shipway_core::target::Item;
use std::fmt::Write as _;
use std::io::{Chain, Cursor, Error, Read, Result, Seek, Take};

type Reader = Chain<Chain<Cursor<Vec<u8>>, Take<fs_err::File>>, Cursor<Vec<u8>>>;

/// A file that is ready to be sent.
pub(super) struct Upload {
    pub sha256: Digest,
    /// Bytes of the file.
    pub size: u64,
    boundary: String,
    length: u64,
    reader: Reader,
}

impl Upload {
    /// Hashes the file and writes the fields around it.
    pub fn of(package: &Package, item: &Item, mut file: fs_err::File) -> Result<Self> {
        let hashes = Hashes::of(&mut file)?;
        file.rewind()?;
        let mut fields = vec![
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("filetype", package.file.file_type()),
            ("pyversion", package.file.python_version()),
            ("sha256_digest", hashes.sha256.as_str()),
            ("blake2_256_digest", &hashes.blake2),
        ];
        fields.extend(package.metadata.form());
        let boundary = boundary(&fields)?;
        let mut head = String::new();
        for (name, value) in fields {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            let _ = write!(head, "--{boundary}\r\n{disposition}\r\n\r\n{value}\r\n");
        }
        // The name was taken apart before: it holds no quote and no line end.
        let disposition = format!(
            "Content-Disposition: form-data; name=\"content\"; filename=\"{}\"",
            item.name
        );
        let _ = write!(
            head,
            "--{boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Ok(Self {
            length: head.len() as u64 + hashes.size + tail.len() as u64,
            reader: Cursor::new(head.into_bytes())
                .chain(file.take(hashes.size))
                .chain(Cursor::new(tail.into_bytes())),
            sha256: hashes.sha256,
            size: hashes.size,
            boundary,
        })
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The whole form. A file that shrank meanwhile breaks the connection; one that changed does not fit its digest.
    pub fn body(&mut self) -> Body<'_> {
        Body::Stream {
            length: self.length,
            reader: &mut self.reader,
        }
    }
}

struct Hashes {
    sha256: Digest,
    blake2: String,
    size: u64,
}

impl Hashes {
    fn of(file: &mut (impl Read + Seek)) -> Result<Self> {
        file.rewind()?;
        let (mut sha, mut blake, mut size) = (Sha256::new(), Blake2b::<U32>::new(), 0);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            sha.update(&buffer[..read]);
            blake.update(&buffer[..read]);
            size += read as u64;
        }
        Ok(Self {
            sha256: Digest::from_bytes(&sha.finalize().into()),
            blake2: hex(&blake.finalize()),
            size,
        })
    }
}

/// 128 random bits that no field holds. A file could hold them by chance only, and that chance never comes.
fn boundary(fields: &[(&str, &str)]) -> Result<String> {
    loop {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(Error::other)?;
        let boundary = format!("shipway-{}", hex(&bytes));
        if !fields.iter().any(|(_, value)| value.contains(&boundary)) {
            return Ok(boundary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn hashes_are_those_of_the_standards() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        let hashes = Hashes::of(&mut file).unwrap();
        assert_eq!(hashes.sha256, Digest::of(b"abc"));
        // BLAKE2b with 32 bytes of output; `b2sum -l 256` says the same.
        assert_eq!(
            hashes.blake2,
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
        );
        assert_eq!(hashes.size, 3);
    }
}
