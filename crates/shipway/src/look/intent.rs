//! What people wrote down beside the commits: change files.
//!
//! Invariants: a file counts for the first release that has it and for no other: what stood in the last release already, with the
//! same bytes, is not told again. So nothing has to be deleted in the release commit; `shipway change prune` does it when
//! somebody likes.

use super::repository::history_error;
use crate::error::CommandError;
use crate::exit::Exit;
use shipway_core::{Config, Oid};
use shipway_history::{Change, ChangeFile, ChangeFileError, Enter, Repository};
use std::collections::HashSet;

/// A change file that was read.
pub struct Written {
    /// Relative to the top.
    pub path: String,
    pub file: ChangeFile,
    /// The release before has it already.
    pub released: bool,
}

/// The change files of a commit; `last` is that of the release before.
pub fn files(
    repository: &Repository,
    head: &Oid,
    last: Option<&Oid>,
    config: &Config,
) -> Result<Vec<Written>, CommandError> {
    let Some(directory) = config.changes.files.as_deref() else {
        return Ok(Vec::new());
    };
    let failed = |error| history_error(&error);
    let known: HashSet<(String, Oid)> = match last {
        Some(last) => (listed(repository, last, directory)?.iter())
            .map(|file| Ok((file.path.clone(), file.id()?)))
            .collect::<Result<_, _>>()
            .map_err(failed)?,
        None => HashSet::new(),
    };
    let found = listed(repository, head, directory)?;
    let read = repository
        .read_files(&found, |file, bytes| ChangeFile::read(&file.path, bytes))
        .map_err(failed)?;
    let mut written = Vec::with_capacity(found.len());
    for (entry, file) in found.iter().zip(read) {
        let id = entry.id().map_err(failed)?;
        written.push(Written {
            path: entry.path.clone(),
            file: file.map_err(|error| change_file_error(&error))?,
            released: known.contains(&(entry.path.clone(), id)),
        });
    }
    Ok(written)
}

fn listed(
    repository: &Repository,
    commit: &Oid,
    directory: &str,
) -> Result<Vec<shipway_history::TreeFile>, CommandError> {
    // The directory itself and those above it.
    let enter = |path: &str| {
        let above = directory == path || directory.starts_with(&format!("{path}/"));
        if above { Enter::Into } else { Enter::Skip }
    };
    let wanted = |path: &str| {
        let name = path
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/') && ChangeFile::is_named(name))
    };
    repository
        .files(commit, enter, wanted)
        .map_err(|error| history_error(&error))
}

/// The changes that files tell of and that no release has.
pub fn told(
    repository: &Repository,
    head: &Oid,
    last: Option<&Oid>,
    config: &Config,
) -> Result<Vec<Change>, CommandError> {
    let written = files(repository, head, last, config)?;
    let new = written.iter().filter(|one| !one.released);
    Ok(new.flat_map(|one| one.file.changes(&one.path)).collect())
}

pub fn change_file_error(error: &ChangeFileError) -> CommandError {
    CommandError::of(Exit::Usage, error, Some(error.hint()))
}
