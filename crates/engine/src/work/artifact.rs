//! The files that a build made, into the store.
//!
//! Invariants: only regular files below the checkout are taken, whatever links stand around; every pattern finds at least
//! one; no two different files share a name.

use super::{broken, store_failed};
use crate::store::Store;
use fs_err as fs;
use globset::{GlobBuilder, GlobMatcher};
use shipway_core::event::Artifact;
use shipway_core::name::StepId;
use shipway_core::target::Failure;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Files that a walk looks at before it gives up: a pattern such as `**/*` in a directory of dependencies.
const MOST_FILES: usize = 1_000_000;

/// Puts every file that matches a pattern into the store; sorted by name.
pub fn collect(store: &Store, patterns: &[String], top: &Path) -> Result<Vec<Artifact>, Failure> {
    let mut all: Vec<Artifact> = Vec::new();
    for pattern in patterns {
        let found = find(pattern, top)?;
        if found.files.is_empty() {
            let failure = Failure::permanent(format!("nothing that was built matches {pattern}"));
            return Err(match found.links {
                0 => failure.hinted("patterns are taken from the top of the checkout"),
                _ => failure.hinted("links are not taken: only regular files are"),
            });
        }
        for file in found.files {
            let artifact = put(store, &file)?;
            match all.iter().find(|one| one.name == artifact.name) {
                Some(same) if *same == artifact => {}
                Some(_) => {
                    return Err(Failure::permanent(format!(
                        "two different files are both named {}",
                        artifact.name
                    )));
                }
                None => all.push(artifact),
            }
        }
    }
    all.sort();
    Ok(all)
}

fn put(store: &Store, file: &Path) -> Result<Artifact, Failure> {
    // The same rule as for every name that goes out: nothing that is read as an option or moves a cursor.
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.filter(|name| StepId::new(*name).is_ok()).ok_or_else(|| {
        Failure::permanent(format!(
            "{} cannot be released under that name",
            file.display()
        ))
        .hinted("names are UTF-8, without white space and control characters, and do not begin with '-'")
    })?;
    let (digest, size) = store.put_file(file).map_err(|error| store_failed(&error))?;
    Ok(Artifact {
        name: name.to_owned(),
        digest,
        size,
    })
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Links that would have matched.
    links: usize,
    seen: usize,
}

fn find(pattern: &str, top: &Path) -> Result<Found, Failure> {
    let refused = |why: &str| Failure::permanent(format!("the pattern {pattern:?} {why}"));
    let parts: Vec<&str> = pattern
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let inside = Path::new(pattern)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || parts.is_empty() {
        return Err(refused("does not stay below the checkout"));
    }
    let glob = GlobBuilder::new(&parts.join("/"))
        .literal_separator(true)
        .build()
        .map_err(|error| refused(&format!("cannot be read: {}", error.kind())))?
        .compile_matcher();
    let deep = parts.iter().any(|part| part.contains("**"));
    let plain = |part: &&&str| !part.contains(['*', '?', '[', ']', '{', '}', '\\']);
    let fixed = parts[..parts.len() - 1].iter().take_while(plain).count();
    let depth = if deep {
        usize::MAX
    } else {
        parts.len() - fixed
    };

    // Each directory on the way must be one, and no link to one.
    let mut start = PathBuf::new();
    let mut found = Found::default();
    for part in &parts[..fixed] {
        start.push(part);
        match fs::symlink_metadata(top.join(&start)) {
            Ok(about) if about.is_dir() => {}
            Ok(about) => {
                found.links += usize::from(about.is_symlink());
                return Ok(found);
            }
            Err(_) => return Ok(found),
        }
    }
    walk(top, &start, depth, &glob, &mut found)
        .map_err(|error| broken("what was built cannot be read", &error))?;
    found.files.sort();
    Ok(found)
}

fn walk(
    top: &Path,
    below: &Path,
    depth: usize,
    glob: &GlobMatcher,
    found: &mut Found,
) -> io::Result<()> {
    for entry in fs::read_dir(top.join(below))? {
        let entry = entry?;
        found.seen += 1;
        if found.seen > MOST_FILES {
            return Err(io::Error::other(format!(
                "more than {MOST_FILES} files to look through"
            )));
        }
        let relative = below.join(entry.file_name());
        // Of the entry itself: links are not followed.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if depth > 1 && relative != Path::new(".git") {
                walk(top, &relative, depth - 1, glob, found)?;
            }
        } else if glob.is_match(&relative) {
            if kind.is_file() {
                found.files.push(top.join(&relative));
            } else {
                found.links += 1;
            }
        }
    }
    Ok(())
}
