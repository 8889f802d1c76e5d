//! Member patterns of workspace files: `packages/*`, `crates/**`, `!old`, and which directories they name.
//!
//! Invariants: `*` and `?` stay within one part of a path, `**` spans any number. Directories that begin with a dot and `node_modules`
//! are only found where a pattern spells them out, and `target` is not looked for behind `**`.

use super::ComponentError;
use super::error::Fault;
use super::source::{Files, joined, within};
use globset::{GlobBuilder, GlobMatcher};

/// How many directories a pattern may lead through. A tree in git can be far larger than the bytes that hold it.
const MOST_DIRECTORIES: usize = 500_000;

const SPECIAL: [char; 5] = ['*', '?', '[', '{', '!'];

/// A pattern of directories, relative to the directory of the file that it stands in.
pub struct Pattern {
    /// As it is written, without `!`.
    pub text: String,
    /// `!packages/old`
    pub excludes: bool,
    /// From the top, up to the first part with a wildcard.
    fixed: String,
    /// `None`: there is no wildcard.
    matcher: Option<GlobMatcher>,
    /// How many parts it adds to `fixed`; `None`: any number.
    depth: Option<usize>,
}

impl Pattern {
    /// `directory`: that of the file that the pattern stands in, from the top.
    ///
    /// # Errors
    /// [`Fault::Pattern`], with `path`, the file that it stands in.
    pub fn new(written: &str, directory: &str, path: &str) -> Result<Self, Fault> {
        let fault = |why: &str| Fault::Pattern {
            path: path.to_owned(),
            pattern: written.to_owned(),
            why: why.to_owned(),
        };
        let (excludes, text) = match written.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let parts: Vec<&str> = text
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        let plain = parts
            .iter()
            .take_while(|part| !part.contains(SPECIAL))
            .count();
        let fixed = joined(directory, &parts[..plain].join("/"))
            .filter(|_| !text.starts_with('/'))
            .ok_or_else(|| fault("it leads out of the repository"))?;
        let wild = &parts[plain..];
        if wild.contains(&"..") {
            return Err(fault("\"..\" cannot stand behind a wildcard"));
        }
        let matcher = if wild.is_empty() {
            None
        } else {
            let glob = GlobBuilder::new(&wild.join("/"))
                .literal_separator(true)
                .build();
            Some(
                glob.map_err(|error| fault(&error.kind().to_string()))?
                    .compile_matcher(),
            )
        };
        let spans = wild
            .iter()
            .any(|part| part.contains("**") || part.contains('{'));
        Ok(Self {
            text: text.to_owned(),
            excludes,
            fixed,
            matcher,
            depth: (!spans).then_some(wild.len()),
        })
    }

    /// Whether it names one directory, without a wildcard.
    pub fn is_plain(&self) -> bool {
        self.matcher.is_none()
    }

    /// Whether it names this directory, given from the top.
    pub fn names(&self, directory: &str) -> bool {
        match (&self.matcher, below(&self.fixed, directory)) {
            (_, None) => false,
            (None, Some(rest)) => rest.is_empty(),
            (Some(matcher), Some(rest)) => matcher.is_match(rest),
        }
    }

    /// Whether it names this directory or one that it is in.
    pub fn covers(&self, directory: &str) -> bool {
        let mut at = directory;
        loop {
            if self.names(at) {
                return true;
            }
            match at.rsplit_once('/') {
                Some((parent, _)) => at = parent,
                None if at.is_empty() => return false,
                None => at = "",
            }
        }
    }

    /// The directories that it names and that hold a file of the name, sorted.
    pub fn directories<F: Files>(
        &self,
        files: &F,
        manifest: &str,
    ) -> Result<Vec<String>, ComponentError> {
        let mut found = Vec::new();
        let mut open = vec![(self.fixed.clone(), 0)];
        let mut looked = 0;
        while let Some((directory, depth)) = open.pop() {
            let Some(entries) = files.entries(&directory)? else {
                continue;
            };
            looked += 1;
            if looked > MOST_DIRECTORIES {
                let fault = Fault::TooMany {
                    most: MOST_DIRECTORIES,
                };
                return Err(fault.into());
            }
            let has = entries
                .binary_search_by(|entry| entry.name.as_str().cmp(manifest))
                .is_ok_and(|at| !entries[at].is_directory);
            if has && self.names(&directory) {
                found.push(directory.clone());
            }
            if self.matcher.is_none() || self.depth.is_some_and(|most| depth >= most) {
                continue;
            }
            for entry in entries.iter().filter(|entry| entry.is_directory) {
                let built = entry.name == "target" && self.depth.is_none();
                let passed_over =
                    entry.name.starts_with('.') || entry.name == "node_modules" || built;
                if !passed_over {
                    open.push((within(&directory, &entry.name), depth + 1));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// What of `directory` lies below `above`; `None` where it lies elsewhere.
pub fn below<'p>(above: &str, directory: &'p str) -> Option<&'p str> {
    if above.is_empty() {
        return Some(directory);
    }
    let rest = directory.strip_prefix(above)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}
