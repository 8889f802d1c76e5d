//! What people wrote down beside the commits: change files and news fragments.
//!
//! Invariants: a file counts for the first release that has it and for no other: what stood in the last release already, with the
//! same bytes, is not told again. So nothing has to be deleted in the release commit; `shipway change prune` does it for change
//! files when somebody likes, and towncrier for its fragments.

use super::repository::history_error;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::CONFIG;
use shipway_core::{Config, Oid};
use shipway_history::{
    Change, ChangeFile, ChangeFileError, Convention, Enter, FragmentError, Fragments, Repository,
    TreeFile,
};
use std::collections::HashSet;

/// Where towncrier's settings are looked for, in its own order.
const SETTINGS: [&str; 2] = ["towncrier.toml", "pyproject.toml"];

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
    let wanted = |path: &str| {
        let name = path
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/') && ChangeFile::is_named(name))
    };
    let found = listed(repository, head, last, &[directory], wanted)?;
    let entries: Vec<TreeFile> = found.iter().map(|(entry, _)| entry.clone()).collect();
    let read = repository
        .read_files(&entries, |file, bytes| ChangeFile::read(&file.path, bytes))
        .map_err(|error| history_error(&error))?;
    let mut written = Vec::with_capacity(found.len());
    for ((entry, released), file) in found.into_iter().zip(read) {
        written.push(Written {
            path: entry.path,
            file: file.map_err(|error| change_file_error(&error))?,
            released,
        });
    }
    Ok(written)
}

/// What the news fragments of a commit say that the release before, `last`, has not. They are about the whole project.
pub fn news(
    repository: &Repository,
    head: &Oid,
    last: Option<&Oid>,
    config: &Config,
    convention: &Convention,
) -> Result<Vec<Change>, CommandError> {
    let Some(directory) = config.changes.fragments.as_deref() else {
        return Ok(Vec::new());
    };
    let fragments = fragments(repository, head, directory)?;
    let directories: Vec<&str> = fragments.directories().collect();
    let found = listed(repository, head, last, &directories, |path| {
        fragments.holds(path)
    })?;
    let new: Vec<TreeFile> = (found.into_iter())
        .filter(|(_, released)| !released)
        .map(|(entry, _)| entry)
        .collect();
    let texts = repository
        .read_files(&new, |_, bytes| bytes.to_vec())
        .map_err(|error| history_error(&error))?;
    let files = new.iter().zip(&texts);
    let mut changes = fragments
        .read(
            files.map(|(entry, text)| (entry.path.as_str(), text.as_slice())),
            convention,
        )
        .map_err(|error| fragment_error(&error))?;
    for change in &mut changes {
        change.components = vec![config.project.name.clone()];
    }
    Ok(changes)
}

/// What towncrier's settings say of the fragments, or without any, its defaults in the configured directory.
fn fragments(
    repository: &Repository,
    head: &Oid,
    directory: &str,
) -> Result<Fragments, CommandError> {
    for path in SETTINGS {
        let file = repository
            .file(head, path)
            .map_err(|error| history_error(&error))?;
        let Some(file) = file else {
            continue;
        };
        let read =
            Fragments::settings(path, &file.bytes).map_err(|error| fragment_error(&error))?;
        if let Some(fragments) = read {
            let is_there = fragments.directories().any(|one| is_in(one, directory));
            if !is_there {
                let all: Vec<&str> = fragments.directories().collect();
                return Err(CommandError::usage(format!(
                    "[changes] of {CONFIG}: fragments = {directory:?}, and {path} keeps them in {}",
                    all.join(", ")
                ))
                .hinted("name the same directory in both"));
            }
            return Ok(fragments);
        }
    }
    Ok(Fragments::within(directory))
}

/// Whether a path is a directory or something in it.
fn is_in(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Files of a commit in these directories, each with whether the release before has it.
fn listed(
    repository: &Repository,
    head: &Oid,
    last: Option<&Oid>,
    directories: &[&str],
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(TreeFile, bool)>, CommandError> {
    let failed = |error| history_error(&error);
    // The directories themselves and those above them.
    let enter = |path: &str| {
        if directories.iter().any(|directory| is_in(directory, path)) {
            Enter::Into
        } else {
            Enter::Skip
        }
    };
    let known: HashSet<(String, Oid)> = match last {
        Some(last) => (repository.files(last, enter, &wanted).map_err(failed)?)
            .into_iter()
            .map(|file| Ok((file.path.clone(), file.id()?)))
            .collect::<Result<_, _>>()
            .map_err(failed)?,
        None => HashSet::new(),
    };
    let found = repository.files(head, enter, &wanted).map_err(failed)?;
    (found.into_iter())
        .map(|file| {
            let id = file.id().map_err(failed)?;
            let released = known.contains(&(file.path.clone(), id));
            Ok((file, released))
        })
        .collect()
}

/// The changes that files tell of and that no release has.
pub fn told(
    repository: &Repository,
    head: &Oid,
    last: Option<&Oid>,
    config: &Config,
    convention: &Convention,
) -> Result<Vec<Change>, CommandError> {
    let written = files(repository, head, last, config)?;
    let new = written.iter().filter(|one| !one.released);
    let mut told: Vec<Change> = new.flat_map(|one| one.file.changes(&one.path)).collect();
    told.extend(news(repository, head, last, config, convention)?);
    Ok(told)
}

pub fn change_file_error(error: &ChangeFileError) -> CommandError {
    CommandError::of(Exit::Usage, error, Some(error.hint()))
}

fn fragment_error(error: &FragmentError) -> CommandError {
    CommandError::of(Exit::Usage, error, Some(error.hint()))
}
