//! The directory that one attempt of a step has for itself.
//!
//! ```text
//! work/<step>/here/       where the commands run: the checkout, or empty
//!            /home/       HOME
//!            /tmp/        TMPDIR
//!            /scratch/    {scratch}, made where a command names it
//!            /artifacts/  {artifacts}: copies of the inputs, under their names
//! ```
//!
//! A step that needs none of the last two, no checkout and no files afterwards runs in a room that others ran in before,
//! if those left it empty ([`Rooms`]); after a failure it is found under the step's name like all others.
//!
//! Invariants: it is empty at every attempt; artifacts in it are copies, so that nothing a command does reaches the store.

use super::rooms::{INSIDE, Rooms};
use super::{Workshop, broken, store_failed};
use fs_err as fs;
use shipway_core::Digest;
use shipway_core::event::Artifact;
use shipway_core::plan::Script;
use shipway_core::run::matches_any;
use shipway_core::target::Failure;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Bytes that any system's pipe takes in before anybody reads.
const FITS_IN_A_PIPE: usize = 4096;

pub struct Place<'a> {
    root: PathBuf,
    /// Where it goes back to if it is a room.
    rooms: Option<&'a Rooms>,
    /// What it is called after a failure.
    own: PathBuf,
    /// Names of the artifacts that are laid out.
    inputs: Vec<String>,
}

/// The step's name as one that every file system takes: no two steps share one.
pub fn file_name(id: &str) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(id.len());
    for (at, byte) in id.bytes().enumerate() {
        match byte {
            b'/' => name.push('+'),
            b'.' if at == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'=' | b'@' => {
                name.push(char::from(byte));
            }
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    if name.len() > 200 {
        name.truncate(150);
        name.push('~');
        name.push_str(Digest::of(id.as_bytes()).short());
    }
    name
}

impl<'a> Place<'a> {
    /// Makes the directory, empty, and lays out what the script asks for.
    pub fn make(
        shop: &'a Workshop,
        file_name: &str,
        script: &Script,
        built: &[Artifact],
    ) -> Result<Self, Failure> {
        let unusable = |error: io::Error| broken("the step has no directory to run in", &error);
        let work = std::path::absolute(shop.directory.join("work")).map_err(unusable)?;
        let own = work.join(file_name);
        let rooms = fits_in_a_room(script).then_some(&shop.rooms);
        let (root, is_made) = match rooms.map(|rooms| rooms.take().ok_or_else(|| rooms.name())) {
            Some(Ok(room)) => (room, true),
            Some(Err(name)) => (work.join(name), false),
            None => (own.clone(), false),
        };
        let mut place = Self {
            root,
            rooms,
            own,
            inputs: Vec::new(),
        };
        if !is_made {
            renew(&place.root).map_err(unusable)?;
            for directory in INSIDE {
                fs::create_dir(place.root.join(directory)).map_err(unusable)?;
            }
        }
        if names(script, "{scratch}") {
            fs::create_dir(place.scratch()).map_err(unusable)?;
        }
        if names(script, "{artifacts}") || !script.inputs.is_empty() {
            fs::create_dir(place.artifacts()).map_err(unusable)?;
            place.lay_out(shop, &script.inputs, built)?;
        }
        Ok(place)
    }

    /// Where the commands run.
    pub fn here(&self) -> PathBuf {
        self.root.join("here")
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// A script's text as standard input for its shell: whether it reads all of it is its own affair.
    pub fn input(&self, text: &str) -> io::Result<Stdio> {
        if text.len() <= FITS_IN_A_PIPE {
            let (reader, mut writer) = io::pipe()?;
            writer.write_all(text.as_bytes())?;
            return Ok(reader.into());
        }
        let path = self.root.join("stdin");
        fs::write(&path, text)?;
        Ok(fs::File::open(&path)?.into_file().into())
    }

    /// Removes it all. Of no consequence when it fails: the next attempt tries again.
    pub fn clear(self) {
        let dirty = match self.rooms {
            Some(rooms) => rooms.give_back(self.root).err(),
            None => Some(self.root),
        };
        if let Some(root) = dirty {
            let _ = remove(&root);
        }
    }

    /// Leaves it to be looked at, under the step's name. Of no consequence when that fails.
    pub fn leave(self) {
        if self.root != self.own {
            if self.own.exists() {
                let _ = remove(&self.own);
            }
            let _ = fs::rename(&self.root, &self.own);
        }
    }

    fn lay_out(
        &mut self,
        shop: &Workshop,
        patterns: &[String],
        built: &[Artifact],
    ) -> Result<(), Failure> {
        for pattern in patterns {
            if !built
                .iter()
                .any(|one| matches_any(std::slice::from_ref(pattern), &one.name))
            {
                return Err(Failure::permanent(format!(
                    "no artifact that was built so far matches {pattern}"
                )));
            }
        }
        for artifact in built.iter().filter(|one| matches_any(patterns, &one.name)) {
            if self.inputs.contains(&artifact.name) {
                return Err(Failure::permanent(format!(
                    "two different files are both named {}",
                    artifact.name
                )));
            }
            let copy = self.artifacts().join(&artifact.name);
            shop.store
                .verify(&artifact.digest)
                .map_err(|error| store_failed(&error))?;
            // The store's files are read-only; a command may want to work on its copy.
            fs::copy(shop.store.path(&artifact.digest), &copy)
                .and_then(|_| fs::set_permissions(&copy, PermissionsExt::from_mode(0o644)))
                .map_err(|error| broken("an artifact cannot be laid out", &error))?;
            self.inputs.push(artifact.name.clone());
        }
        Ok(())
    }

    /// One argument with its placeholders filled. What is filled in is not looked at again, and other braces stay.
    pub fn fill(&self, argument: &str) -> Result<OsString, Failure> {
        let mut out = OsString::new();
        let mut rest = argument;
        while let Some(at) = rest.find('{') {
            let (before, tail) = rest.split_at(at);
            out.push(before);
            if let Some(after) = tail.strip_prefix("{scratch}") {
                out.push(self.scratch());
                rest = after;
            } else if let Some(after) = tail.strip_prefix("{artifacts}") {
                out.push(self.artifacts());
                rest = after;
            } else if let Some((pattern, after)) = tail
                .strip_prefix("{input:")
                .and_then(|tail| tail.split_once('}'))
            {
                out.push(self.artifacts().join(self.only_input(pattern)?));
                rest = after;
            } else {
                out.push("{");
                rest = &tail[1..];
            }
        }
        out.push(rest);
        Ok(out)
    }

    fn only_input(&self, pattern: &str) -> Result<&str, Failure> {
        let patterns = [pattern.to_owned()];
        let found: Vec<&str> = self
            .inputs
            .iter()
            .map(String::as_str)
            .filter(|name| matches_any(&patterns, name))
            .collect();
        match found[..] {
            [only] => Ok(only),
            [] => Err(Failure::permanent(format!(
                "no input of this step matches {{input:{pattern}}}"
            ))),
            _ => Err(Failure::permanent(format!(
                "{{input:{pattern}}} stands for one file, and {} match it",
                found.join(", ")
            ))),
        }
    }
}

fn names(script: &Script, placeholder: &str) -> bool {
    let mut arguments = script.commands.iter().flat_map(|command| &command.argv);
    arguments.any(|argument| argument.contains(placeholder))
}

/// Whether its commands need nothing but an empty directory, and nothing in it is asked for afterwards.
fn fits_in_a_room(script: &Script) -> bool {
    script.checkout.is_none()
        && script.inputs.is_empty()
        && script.artifacts.is_empty()
        && script.reports.is_empty()
        && !names(script, "{scratch}")
        && !names(script, "{artifacts}")
}

/// Makes the directory, after removing what an earlier attempt left there. Its owner alone may look into it: a command may
/// write a secret down.
fn renew(root: &Path) -> io::Result<()> {
    let create = || std::fs::DirBuilder::new().mode(0o700).create(root);
    let made = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove(root)?;
            create()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = root.parent() {
                fs::create_dir_all(parent)?;
            }
            create()
        }
        made => made,
    };
    made.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", root.display())))
}

fn remove(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(root) {
        // Some tools take the right to write away from their caches.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            allow_removal(root)?;
            fs::remove_dir_all(root)
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(root),
        removed => removed,
    }
}

fn allow_removal(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, PermissionsExt::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            allow_removal(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            root: PathBuf::from("/r"),
            rooms: None,
            own: PathBuf::from("/r"),
            inputs: vec!["a-1.0.whl".into(), "a-1.0.tar.gz".into(), "b.txt".into()],
        }
    }

    #[test]
    fn placeholders_fill_parts_of_an_argument_once() {
        let filled = |text: &str| place().fill(text).unwrap().into_string().unwrap();
        assert_eq!(filled("{scratch}/x"), "/r/scratch/x");
        assert_eq!(filled("-d={artifacts}"), "-d=/r/artifacts");
        assert_eq!(
            filled("{input:dist/*.whl}[extra]"),
            "/r/artifacts/a-1.0.whl[extra]"
        );
        assert_eq!(filled("{}{{scratch} {x"), "{}{/r/scratch {x");
    }

    #[test]
    fn an_input_that_is_not_one_file_is_refused() {
        assert!(place().fill("{input:*.zip}").is_err());
        assert!(place().fill("{input:a-*}").is_err());
    }

    #[test]
    fn no_two_steps_share_a_directory_and_none_leaves_it() {
        let ids = [
            "a/b",
            "a+b",
            "a%2Bb",
            "..",
            ".",
            "a.b",
            "../../etc",
            "ä",
            "a:b",
            &"x/".repeat(400),
        ];
        let names: std::collections::BTreeSet<_> = ids.iter().map(|id| file_name(id)).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        for name in names {
            assert!(
                !name.starts_with('.') && !name.contains('/') && name.len() < 256,
                "{name}"
            );
        }
        assert_eq!(file_name("check/tests"), "check+tests");
    }
}
