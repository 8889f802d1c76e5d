//! `shipway init`: a first `shipway.toml` from what the repository already says.
//!
//! Invariants: what is proposed can be read by [`Config::parse`]; every guess is told in a note; nothing is written and
//! nothing outside the folder is looked at: what git and the home directory know comes in as arguments.
//!
//! Must not: run a program (a `setup.py` is read as text), follow the network, or keep a secret.

mod documents;
mod files;
mod proposal;
mod python;
mod remote;
mod setup;
mod version;

use files::Folder;
use shipway_core::config::{Config, ConfigError};
use std::path::{Path, PathBuf};

/// What is known beside the files.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The git remote that releases are pushed to, and its address.
    pub remote: Option<Remote>,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// Short names of all tags.
    pub tags: Vec<String>,
    /// Whether `~/.pypirc` exists.
    pub pypirc: bool,
}

#[derive(Clone, Debug)]
pub struct Remote {
    pub name: String,
    pub url: String,
}

/// A configuration to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The text of `shipway.toml`.
    pub text: String,
    /// What was seen and what a person should look at, in the order of the text.
    pub notes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("a file cannot be read")]
    Unreadable(#[source] std::io::Error),
    #[error("{file} is larger than {} bytes", files::LARGEST)]
    TooLarge { file: String },
    #[error("{file}, line {line}: this is not TOML: {message}")]
    Syntax {
        file: String,
        line: usize,
        message: String,
    },
    #[error("{} holds no project that is known here", dir.display())]
    NoProject { dir: PathBuf },
    #[error("{file} does not say what the project is called")]
    NoName { file: &'static str },
    /// Something that was found cannot be used as it is, such as a name with a space.
    #[error("what was found makes no valid configuration")]
    Unfit(#[source] ConfigError),
}

impl InitError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable(_) => return None,
            Self::TooLarge { file } => format!("is {file} the right file? It is read as text"),
            Self::Syntax { file, .. } => format!("mend {file}, then run `shipway init` again"),
            Self::NoProject { .. } => {
                "run it where pyproject.toml, setup.cfg or setup.py is, or write shipway.toml \
                                       by hand"
                    .to_owned()
            }
            Self::NoName { file } => format!("add the name to {file}"),
            Self::Unfit(error) => {
                let faults: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
                faults.join("\n\n")
            }
        };
        Some(hint)
    }
}

/// Looks at the repository in `dir` and proposes a configuration. Reads a few files; changes nothing.
///
/// # Errors
/// Where there is no project that is known here, or a file of it cannot be read.
pub fn propose(dir: &Path, around: &Surroundings) -> Result<Proposal, InitError> {
    let folder = Folder::new(dir);
    let package = python::look(&folder)?.ok_or_else(|| InitError::NoProject {
        dir: dir.to_owned(),
    })?;
    let proposal = proposal::write(&folder, &package, around)?;
    Config::parse(&proposal.text, "shipway.toml").map_err(InitError::Unfit)?;
    Ok(proposal)
}

#[cfg(test)]
mod tests;
