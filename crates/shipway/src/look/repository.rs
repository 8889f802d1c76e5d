//! The ground that a release starts from: repository, configuration, branch, remote.

use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::{self, Session};
use shipway_core::{Config, Oid, RefName};
use shipway_history::{HistoryError, Repository, TagPattern};
use std::path::{Path, PathBuf};

/// What was found there.
pub struct Ground {
    pub repository: Repository,
    top: PathBuf,
    pub config: Config,
    pub config_text: String,
    pub pattern: TagPattern,
    pub head: Oid,
    pub branch: RefName,
    /// The remote's URL without credentials.
    pub url: String,
}

impl Ground {
    /// Opens the repository that the session's directory is in and reads its configuration.
    pub fn look(session: &Session) -> Result<Self, CommandError> {
        let repository =
            Repository::open(&session.directory).map_err(|error| history_error(&error))?;
        let top = repository
            .top()
            .map_err(|error| history_error(&error))?
            .to_path_buf();
        let (config, config_text) = session::read_config(&top)?;
        let pattern =
            TagPattern::new(&config.project.tag).map_err(|error| history_error(&error))?;
        let head = repository.head().map_err(|error| history_error(&error))?;
        let branch = RefName::branch(&config.project.branch)
            .map_err(|error| CommandError::usage(error.to_string()))?;
        let url = repository
            .remote_url(&config.project.remote)
            .map_err(|error| history_error(&error))?;
        Ok(Self {
            repository,
            top,
            config,
            config_text,
            pattern,
            head,
            branch,
            url,
        })
    }

    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A release starts from the tip of its branch, and everything in the working tree is committed.
    pub fn must_be_releasable(&self) -> Result<(), CommandError> {
        let branch = self
            .repository
            .branch()
            .map_err(|error| history_error(&error))?;
        let wanted = &self.config.project.branch;
        if branch != self.branch {
            return Err(CommandError::usage(format!(
                "releases are made from {wanted}, and {} is checked out",
                branch.short()
            ))
            .then(
                format!("git switch {wanted}"),
                "goes to the branch of releases",
            ));
        }
        self.must_be_clean()
    }

    pub fn must_be_clean(&self) -> Result<(), CommandError> {
        let uncommitted = self
            .repository
            .uncommitted()
            .map_err(|error| history_error(&error))?;
        if uncommitted.is_empty() {
            return Ok(());
        }
        let mut failed = CommandError::usage("the working tree has changes that are not committed");
        for one in uncommitted.iter().take(10) {
            failed.causes.push(format!("{} {}", one.state, one.path));
        }
        if uncommitted.len() > 10 {
            failed
                .causes
                .push(format!("and {} more", uncommitted.len() - 10));
        }
        Err(failed.hinted("a release is made of what is committed: commit these, or put them away with git stash -u"))
    }

    pub fn reference(&self, name: &RefName) -> Result<Option<Oid>, CommandError> {
        self.repository
            .reference(name)
            .map_err(|error| history_error(&error))
    }
}

/// What a person can do is in the error's own hint.
pub fn history_error(error: &HistoryError) -> CommandError {
    let exit = match error {
        HistoryError::Damaged { .. } | HistoryError::Git { .. } | HistoryError::Read { .. } => {
            Exit::Internal
        }
        _ => Exit::Usage,
    };
    CommandError::of(exit, error, error.hint())
}
