//! The ground that a release starts from: repository, configuration, branch, remote.

use super::components::{self, Scope};
use super::product::Product;
use super::pulls::Pulls;
use super::scene::convention;
use super::version;
use crate::cli::VersionArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::{self, Session};
use shipway_core::version::Line;
use shipway_core::{Config, Oid, RefName};
use shipway_history::{Convention, HistoryError, Repository, TagPattern};
use std::path::{Path, PathBuf};

/// What was found there.
pub struct Ground {
    pub repository: Repository,
    top: PathBuf,
    pub config: Config,
    pub config_text: String,
    pub convention: Convention,
    pub pattern: TagPattern,
    pub head: Oid,
    /// Where releases are made: the project's branch, or that of the line.
    pub branch: RefName,
    /// The maintained series that is released, if it is none but the newest.
    pub line: Option<Line>,
    /// The remote's URL without credentials.
    pub url: String,
    /// The component that is released, if not the whole repository.
    pub scope: Option<Scope>,
    pulls: Pulls,
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
        let convention = convention(&config)?;
        let pulls = Pulls::of(session, &top, &config)?;
        let head = repository.head().map_err(|error| history_error(&error))?;
        let here = repository.branch().ok();
        let kept = (config.lines.iter()).find(|line| {
            here.as_ref()
                .is_some_and(|here| here.short() == line.branch)
        });
        let name = kept.map_or(&config.project.branch, |line| &line.branch);
        let branch =
            RefName::branch(name).map_err(|error| CommandError::usage(error.to_string()))?;
        let line = version::line(&config, kept.map(|line| line.name.as_str()))?;
        let url = repository
            .remote_url(&config.project.remote)
            .map_err(|error| history_error(&error))?;
        Ok(Self {
            repository,
            top,
            config,
            config_text,
            convention,
            pattern,
            head,
            branch,
            line,
            url,
            scope: None,
            pulls,
        })
    }

    /// The ground of a release that these arguments ask for.
    pub fn look_for(session: &Session, args: &VersionArgs) -> Result<Self, CommandError> {
        let mut ground = Self::look(session)?;
        if let Some(name) = &args.line {
            let asked = version::line(&ground.config, Some(name))?;
            let lines = version::lines(&ground.config)?;
            let known = lines.iter().position(|line| Some(line) == asked.as_ref());
            let Some(kept) = known.and_then(|at| ground.config.lines.get(at)) else {
                let names: Vec<&str> = (ground.config.lines.iter())
                    .map(|line| line.name.as_str())
                    .collect();
                let known = if names.is_empty() {
                    "it names none".to_owned()
                } else {
                    format!("it names {}", names.join(", "))
                };
                return Err(
                    CommandError::usage(format!("shipway.toml knows no line {name}")).hinted(
                        format!("{known}; add [[line]] with name = {name:?} and its branch"),
                    ),
                );
            };
            ground.branch = RefName::branch(&kept.branch)
                .map_err(|error| CommandError::usage(error.to_string()))?;
            ground.line = asked;
        }
        if let Some(name) = &args.component {
            let chosen =
                components::choose(&ground.repository, &ground.head, &ground.config, name)?;
            ground.config = chosen.config;
            ground.pattern = TagPattern::new(&ground.config.project.tag)
                .map_err(|error| history_error(&error))?;
            ground.scope = Some(chosen.scope);
        }
        Ok(ground)
    }

    /// What is released from here.
    pub fn product(&self) -> Product<'_> {
        Product {
            repository: &self.repository,
            config: &self.config,
            convention: &self.convention,
            pattern: &self.pattern,
            head: &self.head,
            scope: self.scope.as_ref(),
            pulls: &self.pulls,
        }
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
        let wanted = self.branch.short();
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
