//! The kinds of files that hold a version, and how a file's kind is known.

use super::error::{Fault, VersionFileError};
use super::place::Place;
use super::spelling::Spelling;
use super::table::KINDS;
use std::fmt;

/// A kind of file, by its row in [`KINDS`](super::KINDS).
#[derive(Clone, Copy)]
pub struct Kind(&'static Row);

/// What is known of a kind.
pub struct Row {
    /// As the configuration names it: `kind = "pyproject"`.
    pub name: &'static str,
    /// Names of files that are of this kind, with at most one `*`; with a `/` it is the end of the path. Earlier rows win.
    pub files: &'static [&'static str],
    pub spelling: Spelling,
    /// Where the version stands, for people.
    pub place: &'static str,
    /// What `key` means here, for people; empty where there is none.
    pub key: &'static str,
    /// A piece of such a file.
    pub example: &'static str,
    pub(super) find: Find,
}

pub(super) type Find = fn(&str, Option<&str>) -> Result<Vec<Place>, Fault>;

impl Kind {
    /// The kind that the name of a file tells.
    pub fn of_path(path: &str) -> Option<Self> {
        let fits = |row: &&Row| row.files.iter().any(|glob| is_named(path, glob));
        KINDS.iter().find(fits).map(Self)
    }

    /// The kind that a configuration names.
    ///
    /// # Errors
    /// [`VersionFileError::Kind`], whose hint tells what was probably meant.
    pub fn named(name: &str) -> Result<Self, VersionFileError> {
        let found = KINDS.iter().find(|row| row.name == name);
        found.map(Self).ok_or_else(|| VersionFileError::Kind {
            name: name.to_owned(),
        })
    }

    /// The names of all kinds, in the table's order.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|row| row.name).collect()
    }

    pub fn spelling(self) -> Spelling {
        self.0.spelling
    }

    pub(super) fn nearest(name: &str) -> Option<Self> {
        let likeness = |row: &&Row| {
            row.name.starts_with(name) || name.starts_with(row.name) || row.files.contains(&name)
        };
        KINDS
            .iter()
            .filter(|_| !name.is_empty())
            .find(likeness)
            .map(Self)
    }

    pub(super) fn places(self, text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
        if key.is_some() && self.0.key.is_empty() {
            return Err(Fault::Key("this kind of file is read without one"));
        }
        (self.0.find)(text, key)
    }
}

/// Rows have names of their own.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.0.name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

fn is_named(path: &str, glob: &str) -> bool {
    if glob.contains('/') {
        let before = path.strip_suffix(glob);
        return before.is_some_and(|before| before.is_empty() || before.ends_with('/'));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    match glob.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => name == glob,
    }
}
