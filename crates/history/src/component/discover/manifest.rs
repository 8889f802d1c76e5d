//! What one manifest says, whatever it is written in, and reading many of them.

use crate::component::source::{Files, within};
use crate::component::{
    ComponentError, DependencyKind, Ecosystem, Fault, Place, Publishing, Stated,
};
use shipway_core::requirement::Dialect;

/// From how many manifests on a second thread pays for its start.
const WORTH_A_THREAD: usize = 64;

/// A manifest of a component.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// From the top.
    pub directory: String,
    pub path: String,
    pub ecosystem: Ecosystem,
    pub name: String,
    /// `None`: there has to be one and is none.
    pub version: Option<Stated>,
    pub publishing: Publishing,
    pub dependencies: Vec<Raw>,
}

/// A dependency that may be one on another component.
#[derive(Clone, Debug)]
pub struct Raw {
    pub name: String,
    pub kind: DependencyKind,
    pub requirement: Option<String>,
    pub dialect: Dialect,
    pub target: Target,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The component in that directory.
    Directory(String),
    /// The component of that name, and no other package.
    Member,
    /// The component of that name, if there is one.
    Name,
    /// A package of the registry, whatever its name.
    Registry,
}

/// A file that was read.
pub struct Document {
    pub directory: String,
    pub path: String,
    bytes: Vec<u8>,
}

impl Document {
    /// Reads the files of that name in all directories that hold one.
    pub fn read_all<F: Files>(
        files: &F,
        directories: Vec<String>,
        name: &str,
    ) -> Result<Vec<Self>, ComponentError> {
        let paths: Vec<String> = directories.iter().map(|one| within(one, name)).collect();
        let bytes = files.read(&paths)?;
        let read = directories.into_iter().zip(paths).zip(bytes);
        let documents = read.filter_map(|((directory, path), bytes)| {
            Some(Self {
                directory,
                path,
                bytes: bytes?,
            })
        });
        Ok(documents.collect())
    }

    pub fn read<F: Files>(
        files: &F,
        directory: &str,
        name: &str,
    ) -> Result<Option<Self>, ComponentError> {
        Ok(Self::read_all(files, vec![directory.to_owned()], name)?.pop())
    }

    /// Without byte order mark.
    ///
    /// # Errors
    /// [`Fault::Manifest`] where it is not UTF-8.
    pub fn text(&self) -> Result<&str, Fault> {
        let bytes = self
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.bytes);
        std::str::from_utf8(bytes).map_err(|error| {
            let line = line(bytes, error.valid_up_to());
            Fault::manifest(&self.path, Some(line), "it is not UTF-8")
        })
    }

    pub fn toml(&self) -> Result<toml_edit::Document<&str>, Fault> {
        let text = self.text()?;
        toml_edit::Document::parse(text).map_err(|error| {
            let line = error.span().map(|span| line(text.as_bytes(), span.start));
            Fault::manifest(&self.path, line, error.message().replace('\n', ", "))
        })
    }

    /// A fault at an offset of its text.
    pub fn fault(&self, at: Option<std::ops::Range<usize>>, why: impl Into<String>) -> Fault {
        let text = self.text().unwrap_or_default();
        let line = at.map(|at| line(text.as_bytes(), at.start));
        Fault::manifest(&self.path, line, why)
    }

    pub fn place(&self, key: &[&str]) -> Place {
        Place {
            path: self.path.clone(),
            key: key.iter().map(|part| (*part).to_owned()).collect(),
        }
    }
}

/// Applies `read` to each, in their order, with two threads where there are many.
pub fn each<T: Sync, R: Send>(items: &[T], read: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = threads.min(items.len() / WORTH_A_THREAD);
    if threads < 2 {
        return items.iter().map(read).collect();
    }
    let read = &read;
    let chunks = items.chunks(items.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let running: Vec<_> = chunks
            .map(|chunk| scope.spawn(move || chunk.iter().map(read).collect::<Vec<R>>()))
            .collect();
        let mut results = Vec::with_capacity(items.len());
        for thread in running {
            match thread.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

/// The line of an offset, from 1.
pub fn line(bytes: &[u8], at: usize) -> usize {
    let before = &bytes[..at.min(bytes.len())];
    before.split(|byte| *byte == b'\n').count()
}
