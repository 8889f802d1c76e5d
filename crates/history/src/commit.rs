//! A commit's object: its headers, its author and its message, in whatever encoding.
//!
//! Invariants: no bytes of a commit are refused but a parent's id that is none; a message is text, and never longer than
//! [`MESSAGE_LIMIT`] bytes allow.

use crate::error::HistoryError;
use crate::objects::{CommitId, Objects};
use encoding_rs::Encoding;
use gix::ObjectId;
use gix::objs::Kind;
use shipway_core::name::Oid;
use std::borrow::Cow;

/// Bytes of a message that are read. What is beyond them is left out: nothing that a person wrote is as long.
pub const MESSAGE_LIMIT: usize = 1 << 20;

/// A commit as the rest of the crate sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: Oid,
    /// As the graph has them: grafts, replaced commits and the end of a shallow clone count.
    pub parents: Vec<Oid>,
    /// Seconds since the epoch, from the committer's clock.
    pub time: i64,
    pub author: Author,
    /// At most the first [`MESSAGE_LIMIT`] bytes of it, decoded by the commit's `encoding` header (any label of the WHATWG
    /// Encoding Standard), else as UTF-8; bytes that are no text are shown as U+FFFD. May hold any character, NUL too.
    pub message: String,
}

/// Who wrote something, as commits name people. May hold anything that a commit can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author {
    pub name: String,
    pub email: String,
}

impl Author {
    /// `Name <address> 1700000000 +0100` or `Name <address>`: how git writes people, also in `Co-authored-by:`.
    pub fn read(signature: &[u8]) -> Self {
        Self::from_text(&String::from_utf8_lossy(signature))
    }

    fn from_text(text: &str) -> Self {
        let (name, rest) = text.split_once('<').unwrap_or((text, ""));
        let (email, _) = rest.rsplit_once('>').unwrap_or((rest, ""));
        Self {
            name: name.trim().to_owned(),
            email: email.trim().to_owned(),
        }
    }
}

/// The headers of a commit's object that matter; all others, known or not, are passed over.
#[derive(Debug, Default)]
pub(crate) struct Headers<'a> {
    pub tree: Option<ObjectId>,
    pub parents: Vec<ObjectId>,
    pub time: i64,
    author: &'a [u8],
    encoding: &'a [u8],
    message: &'a [u8],
}

/// [`Headers::kept`].
pub(crate) type Kept = Box<[u8]>;

impl<'a> Headers<'a> {
    pub fn read(
        objects: &Objects,
        id: &ObjectId,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Self, HistoryError> {
        Self::of(id, objects.get(id, Kind::Commit, buffer)?)
    }

    /// The headers in the object of that id, or in what was kept of it.
    pub fn of(id: &ObjectId, object: &'a [u8]) -> Result<Self, HistoryError> {
        Self::parse(object).map_err(|why| HistoryError::Damaged {
            what: format!("commit {id}"),
            why,
        })
    }

    fn parse(object: &'a [u8]) -> Result<Self, &'static str> {
        let mut found = Self::default();
        let mut rest = object;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if line.is_empty() {
                break;
            } else if let Some(id) = line.strip_prefix(b"parent ") {
                let id = ObjectId::from_hex(id).map_err(|_| "a parent's id cannot be read")?;
                found.parents.push(id);
            } else if let Some(id) = line.strip_prefix(b"tree ") {
                found.tree = ObjectId::from_hex(id).ok();
            } else if let Some(who) = line.strip_prefix(b"author ") {
                found.author = who;
            } else if let Some(who) = line.strip_prefix(b"committer ") {
                found.time = seconds(who);
            } else if let Some(name) = line.strip_prefix(b"encoding ") {
                found.encoding = name;
            }
        }
        found.message = rest;
        Ok(found)
    }

    /// All but the tree, as an object that is parsed again: signatures are longer than most messages.
    pub fn kept(&self) -> Kept {
        let time = self.time.to_string();
        let message = &self.message[..self.message.len().min(MESSAGE_LIMIT + 1)];
        let encoding: [&[u8]; 2] = match self.encoding {
            [] => [b"", b""],
            label => [b"\nencoding ", label],
        };
        let (mut parents, mut hex) = (Vec::new(), [0; 64]);
        for parent in &self.parents {
            parents.extend_from_slice(b"parent ");
            parents.extend_from_slice(parent.hex_to_buf(&mut hex).as_bytes());
            parents.push(b'\n');
        }
        // Of the right size at once: one that shrinks leaves a hole in memory for each commit.
        let object: [&[u8]; 9] = [
            &parents,
            b"author ",
            self.author,
            b"\ncommitter ",
            time.as_bytes(),
            encoding[0],
            encoding[1],
            b"\n\n",
            message,
        ];
        object.concat().into_boxed_slice()
    }

    pub fn commit(&self, id: CommitId, parents: &[ObjectId]) -> Result<Commit, HistoryError> {
        let parents = parents.iter().map(|id| CommitId(*id).oid());
        Ok(Commit {
            id: id.oid()?,
            parents: parents.collect::<Result<_, _>>()?,
            time: self.time,
            author: Author::from_text(&text(self.author, self.encoding)),
            message: self.message(),
        })
    }

    fn message(&self) -> String {
        let Some(cut) = self.message.get(..MESSAGE_LIMIT) else {
            return text(self.message, self.encoding).into_owned();
        };
        let whole = match std::str::from_utf8(cut) {
            // Half a character at the end: the rest of it was cut off.
            Err(error) if error.error_len().is_none() => &cut[..error.valid_up_to()],
            _ => cut,
        };
        let mut text = text(whole, self.encoding).into_owned();
        if self.message.len() > MESSAGE_LIMIT && text.ends_with('\u{fffd}') {
            text.pop();
        }
        text
    }
}

/// Text in the encoding of that label, else in UTF-8. A label that the bytes deny counts for nothing.
fn text<'a>(bytes: &'a [u8], label: &[u8]) -> Cow<'a, str> {
    if let Some(encoding) = encoding(label) {
        // Git keeps messages without NUL bytes, so what says to be UTF-16 and holds none is something else.
        let wide = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
        if !wide || bytes.contains(&0) {
            let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
            if !had_errors || std::str::from_utf8(bytes).is_err() {
                return text;
            }
        }
    }
    String::from_utf8_lossy(bytes)
}

fn encoding(label: &[u8]) -> Option<&'static Encoding> {
    if label.is_empty() {
        return None;
    }
    // `latin-1` is none of the standard's labels, and is used all the same.
    let without_dash = || {
        let label: Vec<u8> = label.iter().copied().filter(|b| *b != b'-').collect();
        Encoding::for_label_no_replacement(&label)
    };
    Encoding::for_label_no_replacement(label).or_else(without_dash)
}

/// `Name <address> 1700000000 +0100`: the second last word. A date that cannot be read is the beginning of time.
fn seconds(signature: &[u8]) -> i64 {
    let after_address = signature
        .rsplit(|byte| *byte == b'>')
        .next()
        .unwrap_or_default();
    let text = std::str::from_utf8(after_address).unwrap_or_default();
    let first = text.split_ascii_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(object: &[u8]) -> String {
        Headers::parse(object).unwrap().message()
    }

    #[test]
    fn commits_are_read_whatever_their_headers() {
        let object = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            parent 1111111111111111111111111111111111111111\n\
            parent 2222222222222222222222222222222222222222\n\
            author A > B <a@b> 1 +0000\n\
            committer C <c> d@e> 1700000000 +0100\n\
            encoding ISO-8859-1\n\
            gpgsig -----BEGIN\n parent no\n committer no\n -----END\n\
            x-unknown y\n\nfix: caf\xe9\n\nBody\n";
        let read = Headers::parse(object).unwrap();
        assert_eq!(read.parents.len(), 2);
        assert_eq!(read.time, 1_700_000_000);
        assert_eq!(read.message(), "fix: café\n\nBody\n");
    }

    #[test]
    fn what_is_kept_says_the_same() {
        for object in [
            &b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\ncommitter C <c> 7 +0100\n\
               encoding ISO-8859-1\ngpgsig -----BEGIN\n x\n\nfix: caf\xe9\n\nBody\n"[..],
            b"author \xff\ncommitter X <x> -5 +0000\n\n\n\nfeat\0",
            b"",
        ] {
            let id = CommitId(ObjectId::empty_tree(gix::hash::Kind::Sha1));
            let read = Headers::parse(object).unwrap();
            let kept = read.kept();
            let again = Headers::parse(&kept).unwrap();
            assert_eq!(again.commit(id, &[]).unwrap(), read.commit(id, &[]).unwrap());
        }
        let long = [&b"\n"[..], &b"x".repeat(3 * MESSAGE_LIMIT)].concat();
        let kept = Headers::parse(&long).unwrap().kept();
        assert!(kept.len() < MESSAGE_LIMIT + 100);
        assert_eq!(message(&kept), message(&long));
    }

    #[test]
    fn odd_commits_never_stop_the_reader() {
        let lossy = Headers::parse(b"tree x\ncommitter nobody\n\nfeat: \xff\0\xfe").unwrap();
        assert_eq!(lossy.message(), "feat: \u{fffd}\0\u{fffd}");
        assert_eq!(lossy.time, 0);
        assert_eq!(message(b""), "");
        assert!(Headers::parse(b"parent 12\n\n").is_err());
        let before = Headers::parse(b"committer X <x> -5 +0000\n\n").unwrap();
        assert_eq!(before.time, -5);
    }

    #[test]
    fn messages_are_decoded_by_their_label_unless_the_bytes_deny_it() {
        for (label, bytes, text) in [
            ("ISO-8859-1", &b"caf\xe9"[..], "café"),
            ("latin-1", b"caf\xe9", "café"),
            ("Shift_JIS", b"\x83\x65\x83\x58\x83\x67", "テスト"),
            ("ISO-2022-JP", b"\x1b$B%F%9%H\x1b(B", "テスト"),
            ("GB18030", b"\xd6\xd0\xce\xc4", "中文"),
            ("UTF-16LE", b"a\0b\0", "ab"),
            ("UTF-16", b"plain", "plain"),
            ("UTF-8", "é".as_bytes(), "é"),
            ("Shift_JIS", "é".as_bytes(), "ﾃｩ"),
            ("EUC-KR", "\u{e9}\u{20ac}x".as_bytes(), "é€x"),
            ("nonsense", "é".as_bytes(), "é"),
            ("nonsense", b"caf\xe9", "caf\u{fffd}"),
            // A label that would turn everything into one U+FFFD.
            ("hz-gb-2312", b"text", "text"),
        ] {
            let head = format!("encoding {label}\n\n");
            assert_eq!(
                message(&[head.as_bytes(), bytes].concat()),
                text,
                "{label} {bytes:?}"
            );
        }
    }

    #[test]
    fn a_message_without_end_is_cut_between_characters() {
        for (first, kept) in [("", MESSAGE_LIMIT), ("x", MESSAGE_LIMIT - 1)] {
            let long = format!("\n{first}{}", "é".repeat(MESSAGE_LIMIT));
            let read = message(long.as_bytes());
            assert_eq!(read.len(), kept);
            assert!(read.ends_with('é'));
        }
        let wide = [
            &b"encoding Shift_JIS\n\nx"[..],
            &b"\x83\x65".repeat(MESSAGE_LIMIT),
        ]
        .concat();
        assert!(message(&wide).ends_with('テ'));
    }
}
