//! Where a train command starts from: the train's file, its rules, its repositories, and the moment that is asked about.
//!
//! Invariants: nothing is changed; what cannot be read is unknown in the facts, and told with them.

use crate::cli::train::TrainArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use shipway_core::config::ConfigError;
use shipway_core::digest::Digest;
use shipway_core::time::Timestamp;
use shipway_train::decide::{Situation, Undecided};
use shipway_train::facts::TrainFacts;
use shipway_train::file::FILE;
use shipway_train::git::{Layout, Source, Sources};
use shipway_train::model::{ReleaseVersion, Rules, Train};
use shipway_train::pack::{Files, Pack, PackError};
use std::path::{Path, PathBuf};

/// Mirrors of repositories that the file names by address, beside it.
const MIRRORS: &str = "mirrors";

pub struct Station {
    /// The file, and the directory that its paths are relative to.
    pub file: PathBuf,
    pub directory: PathBuf,
    pub text: String,
    pub train: Train,
    pub pack: Pack,
    pub at: Timestamp,
    /// Whether the moment is now, and not one of the past or of the future.
    pub is_now: bool,
}

impl Station {
    pub fn look(session: &Session, args: &TrainArgs) -> Result<Self, CommandError> {
        let file = find(session, args.train.as_deref())?;
        let directory = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        let text = fs_err::read_to_string(&file).map_err(|error| {
            CommandError::from_error(Exit::Usage, "the train's file cannot be read", &error)
        })?;
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let train = Train::parse(&text, &name).map_err(|error| faults(&[error]))?;
        let pack = pack(&train, &directory)?;
        let at = match &args.at {
            None => session.now(),
            Some(text) => Timestamp::parse(text).ok_or_else(|| {
                CommandError::usage(format!("{text:?} is no date")).hinted(
                    "write a day, 2026-07-22, or a time with its offset, 2026-07-22T18:00:00Z",
                )
            })?,
        };
        Ok(Self {
            file,
            directory,
            text,
            train,
            pack,
            at,
            is_now: args.at.is_none(),
        })
    }

    /// Where the engine's repository is on this machine.
    pub fn engine(&self) -> PathBuf {
        self.place(&self.train.engine.name, &self.train.engine.repository)
    }

    /// Where a repository is on this machine: its path, or the mirror of its address.
    pub fn place(&self, name: &str, written: &str) -> PathBuf {
        if is_address(written) {
            let name: String = name
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                        c
                    } else {
                        '-'
                    }
                })
                .collect();
            self.directory.join(MIRRORS).join(format!("{name}.git"))
        } else {
            self.directory.join(written)
        }
    }

    /// The repositories, read once for all moments.
    pub fn read(&self, session: &Session) -> shipway_train::git::Train {
        let cache = session.state.join("trains");
        shipway_train::git::Train::read(&self.sources(), Some(&cache))
    }

    /// The facts of the moment about the engine and one member: all that an answer about the two needs.
    pub fn facts_about(&self, session: &Session, member: Option<&str>) -> TrainFacts {
        let mut sources = self.sources();
        let asked = member.and_then(|name| self.train.member(name));
        sources
            .members
            .retain(|source| asked.is_some_and(|member| member.name == source.name));
        let cache = session.state.join("trains");
        shipway_train::git::Train::read(&sources, Some(&cache)).at(self.at)
    }

    pub fn sources(&self) -> Sources {
        let source = |name: &str, written: &str| Source {
            name: name.to_owned(),
            path: self.place(name, written),
            urls: Some(written.to_owned())
                .filter(|text| is_address(text))
                .into_iter()
                .collect(),
        };
        let engine = &self.train.engine;
        let mut layout = Layout::named(&engine.name);
        layout.lines = self
            .train
            .lines
            .iter()
            .map(|line| line.branch.clone())
            .collect();
        if !engine.pins.is_empty() {
            layout.configs.clone_from(&engine.pins);
        }
        Sources {
            engine: source(&engine.name, &engine.repository),
            members: self
                .train
                .members
                .iter()
                // What lives in the engine's repository is read with it.
                .filter(|member| !member.repository.is_empty())
                .map(|member| source(&member.name, &member.repository))
                .collect(),
            layout,
        }
    }

    /// The facts of the moment.
    pub fn facts(&self, session: &Session) -> TrainFacts {
        self.read(session).at(self.at)
    }

    pub fn situation<'a>(&'a self, facts: &'a TrainFacts) -> Situation<'a> {
        Situation::new(&self.train, &self.pack, facts)
    }

    /// A release by its version, with or without what tags put before it.
    pub fn release(&self, text: &str) -> Result<ReleaseVersion, CommandError> {
        let found = self.train.engine.release_of(text);
        let found = found.or_else(|| ReleaseVersion::parse(text.trim_start_matches('v')).ok());
        found.ok_or_else(|| {
            CommandError::usage(format!("{text:?} is no release")).hinted(format!(
                "write it like {} or 1.5.5",
                self.train.engine.tag.replace("{version}", "1.5.5")
            ))
        })
    }

    pub fn digest(&self) -> Digest {
        shipway_core::planner::config_digest(&self.text)
    }
}

fn is_address(written: &str) -> bool {
    written.contains("://")
        || written
            .split_once(':')
            .is_some_and(|(host, _)| host.contains('@'))
}

/// The file that is named, or the nearest `train.toml` here and above.
fn find(session: &Session, named: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(path) = named {
        let path = session.directory.join(path);
        return Ok(if path.is_dir() { path.join(FILE) } else { path });
    }
    let above = session.directory.ancestors().map(|one| one.join(FILE));
    above
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| {
            CommandError::usage(format!(
                "there is no {FILE} in {} or above it",
                session.directory.display()
            ))
            .hinted("docs/trains.md shows what one looks like; name it with --train FILE")
        })
}

fn pack(train: &Train, directory: &Path) -> Result<Pack, CommandError> {
    let pack = match &train.rules {
        Rules::Builtin(name) => Pack::builtin(name),
        Rules::Directory(path) => {
            let place = directory.join(path);
            let mut files = Files::new();
            let entries = fs_err::read_dir(&place).map_err(|error| {
                CommandError::from_error(Exit::Usage, "the train's rules cannot be read", &error)
                    .hinted("[train] rules names a pack, or a directory beside the train's file")
            })?;
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_table = Path::new(&name)
                    .extension()
                    .is_some_and(|ending| ending == "csv" || ending == "toml");
                if is_table {
                    files.insert(name, fs_err::read_to_string(entry.path())?);
                }
            }
            Pack::read(&files, path)
        }
    };
    let pack = pack.map_err(|PackError { files }| faults(&files))?;
    pack.with(&train.overrides).map_err(|wrong| {
        let mut failed =
            CommandError::usage(format!("overrides of {FILE} fit no row of the rules"));
        failed.causes = wrong;
        failed
    })
}

fn faults(files: &[ConfigError]) -> CommandError {
    let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    let mut failed = CommandError::usage(format!("there are faults in {}", names.join(", ")));
    for file in files {
        let lines = file
            .faults
            .iter()
            .map(|fault| format!("{}: {fault}", file.file));
        failed.causes.extend(lines);
    }
    failed
}

/// A decision that could not be made.
pub fn undecided(error: &Undecided) -> CommandError {
    let exit = match error {
        Undecided::Released { .. } => Exit::Conflict,
        _ => Exit::Usage,
    };
    CommandError::of(exit, error, Some(error.hint()))
}
