//! The files that components are found in: those of one commit, or of a map in tests.

use crate::error::HistoryError;
use std::collections::BTreeMap;

/// A tree of files.
pub trait Files {
    /// What is in a directory (relative to the top, with `/`; empty: the top), sorted by name; `None` where it is none.
    fn entries(&self, directory: &str) -> Result<Option<Vec<Entry>>, HistoryError>;

    /// The bytes of each file, in the order of `paths`; `None` where there is no file.
    fn read(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, HistoryError>;
}

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub name: String,
    pub is_directory: bool,
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<String, Vec<u8>>);

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Memory {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let files = files.into_iter();
        Self(
            files
                .map(|(path, bytes)| (path.into(), bytes.into()))
                .collect(),
        )
    }
}

impl Files for Memory {
    fn entries(&self, directory: &str) -> Result<Option<Vec<Entry>>, HistoryError> {
        let begin = match directory {
            "" => String::new(),
            _ => format!("{directory}/"),
        };
        let mut entries: Vec<Entry> = Vec::new();
        let below = self.0.range(begin.clone()..);
        for (path, _) in below.take_while(|(path, _)| path.starts_with(&begin)) {
            let rest = &path[begin.len()..];
            let (name, is_directory) = match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            };
            if entries.last().is_none_or(|last| last.name != name) {
                entries.push(Entry {
                    name: name.to_owned(),
                    is_directory,
                });
            }
        }
        entries.sort();
        Ok((!entries.is_empty()).then_some(entries))
    }

    fn read(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, HistoryError> {
        Ok(paths.iter().map(|path| self.0.get(path).cloned()).collect())
    }
}

/// A path relative to a directory, from the top: `../lib` in `packages/app` is `packages/lib`. `None` outside the top.
pub fn joined(directory: &str, relative: &str) -> Option<String> {
    let relative = relative.replace('\\', "/");
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A file in a directory.
pub fn within(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_list_what_is_in_them() {
        let files: Memory = [("a/b/c", ""), ("a/b-c", ""), ("a/b.c/d", ""), ("z", "")]
            .into_iter()
            .collect();
        let names = |directory: &str| -> Option<Vec<String>> {
            let entries = files.entries(directory).unwrap()?;
            Some(entries.into_iter().map(|entry| entry.name).collect())
        };
        assert_eq!(names("").unwrap(), ["a", "z"]);
        assert_eq!(names("a").unwrap(), ["b", "b-c", "b.c"]);
        assert_eq!(names("a/b").unwrap(), ["c"]);
        assert_eq!(names("a/x"), None);
    }

    #[test]
    fn paths_never_leave_the_top() {
        assert_eq!(joined("packages/app", "../lib").unwrap(), "packages/lib");
        assert_eq!(joined("", "./a//b/").unwrap(), "a/b");
        assert_eq!(joined("a", "..").unwrap(), "");
        assert_eq!(joined("a", "../../b"), None);
        assert_eq!(joined("a", "/etc"), None);
    }
}
