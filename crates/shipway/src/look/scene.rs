//! The repository as questions about its history need it: no remote, no working tree and no configuration has to be there.
//!
//! Invariants: what was assumed because nobody wrote it down is told ([`Scene::assumed`]); nothing is changed.

use super::components::{self, Scope};
use super::product::Product;
use super::pulls::Pulls;
use super::repository::history_error;
use super::version;
use crate::error::CommandError;
use crate::session::{self, CONFIG, Session};
use shipway_core::config::Scheme;
use shipway_core::version::{Line, Version};
use shipway_core::{Config, Oid};
use shipway_history::{Convention, HistoryError, Repository, TagPattern};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub struct Scene {
    pub repository: Repository,
    /// The top of the working tree; `None` in a bare repository.
    pub top: Option<PathBuf>,
    pub config: Config,
    pub convention: Convention,
    pub head: Oid,
    /// Address of the configured remote, where there is one.
    pub url: Option<String>,
    /// What was assumed without a configuration, for a person.
    pub assumed: Option<String>,
    /// The component that it is about, if not the whole repository.
    pub scope: Option<Scope>,
    pulls: Pulls,
}

impl Scene {
    /// Opens the repository that the session's directory is in.
    pub fn look(session: &Session) -> Result<Self, CommandError> {
        let repository =
            Repository::open(&session.directory).map_err(|error| history_error(&error))?;
        let head = repository.head().map_err(|error| history_error(&error))?;
        let top = repository.top().ok().map(std::path::Path::to_path_buf);
        let (config, assumed) = match written(&repository, top.as_deref(), &head)? {
            Some(config) => (config, None),
            None => assume(&repository, &session.directory)?,
        };
        let url = match repository.remote_url(&config.project.remote) {
            Ok(url) => Some(url),
            Err(HistoryError::NoRemote(_)) => None,
            Err(error) => return Err(history_error(&error)),
        };
        let convention = convention(&config)?;
        let pulls = Pulls::of(
            session,
            top.as_deref().unwrap_or(&session.directory),
            &config,
        )?;
        Ok(Self {
            repository,
            top,
            config,
            convention,
            head,
            url,
            assumed,
            scope: None,
            pulls,
        })
    }

    /// The same for one component of the repository.
    fn component(mut self, name: &str) -> Result<Self, CommandError> {
        let chosen = components::choose(&self.repository, &self.head, &self.config, name)?;
        self.config = chosen.config;
        self.scope = Some(chosen.scope);
        Ok(self)
    }

    /// That component, or the whole repository, which one with components is not for what is asked of one product.
    pub fn of(self, component: Option<&str>) -> Result<Self, CommandError> {
        match component {
            Some(name) => self.component(name),
            None if self.config.components.is_none() => Ok(self),
            None => {
                let names = components::names(&self.repository, &self.head, &self.config)?;
                let some: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
                Err(CommandError::usage(
                    "the repository has components: say which with --component",
                )
                .hinted(format!("those that there are: {}", some.join(", "))))
            }
        }
    }

    /// What is released from here, with tags of this pattern.
    pub fn product<'a>(&'a self, pattern: &'a TagPattern) -> Product<'a> {
        Product {
            repository: &self.repository,
            config: &self.config,
            convention: &self.convention,
            pattern,
            head: &self.head,
            scope: self.scope.as_ref(),
            pulls: &self.pulls,
        }
    }

    /// The line whose branch is checked out.
    pub fn line(&self) -> Result<Option<Line>, CommandError> {
        let here = self.repository.branch().ok();
        let kept = (self.config.lines.iter()).find(|line| {
            here.as_ref()
                .is_some_and(|here| here.short() == line.branch)
        });
        version::line(&self.config, kept.map(|line| line.name.as_str()))
    }

    /// Tells what was assumed, once, where people read.
    pub fn tell(&self, session: &Session) {
        if let Some(assumed) = &self.assumed
            && !session.screen.json
        {
            session
                .screen
                .talk(&format!("{assumed}; shipway init writes it down"));
        }
    }
}

/// What changes mean by the configuration.
pub fn convention(config: &Config) -> Result<Convention, CommandError> {
    if config.changes.fragments.is_some() && config.components.is_some() {
        return Err(CommandError::usage(format!(
            "[changes] of {CONFIG}: fragments are about a whole project, and the repository has components"
        ))
        .hinted("name the components in change files: files = \".changeset\""));
    }
    Convention::of(&config.changes).map_err(|error| {
        CommandError::usage(format!("[changes] of {CONFIG}: {error}")).hinted(error.hint())
    })
}

/// The configuration of the working tree, or in a bare repository that of the commit.
fn written(
    repository: &Repository,
    top: Option<&std::path::Path>,
    head: &Oid,
) -> Result<Option<Config>, CommandError> {
    if let Some(top) = top {
        if !top.join(CONFIG).exists() {
            return Ok(None);
        }
        return session::read_config(top).map(|(config, _)| Some(config));
    }
    let file = repository
        .file(head, CONFIG)
        .map_err(|error| history_error(&error))?;
    file.map(|file| session::parse_config(file.bytes))
        .transpose()
        .map(|read| read.map(|(config, _)| config))
}

/// The scheme and the pattern of tags under which most tags are versions.
fn assume(
    repository: &Repository,
    directory: &std::path::Path,
) -> Result<(Config, Option<String>), CommandError> {
    let names = repository
        .tag_names()
        .map_err(|error| history_error(&error))?;
    let (prefix, scheme) = tags_mean(&names);
    let word = match scheme {
        Scheme::Pep440 => "pep440",
        _ => "semver",
    };
    let top = repository.top().unwrap_or(directory);
    let name: String = top
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
        .trim_end_matches(".git")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "project" } else { name };
    let tag = format!("{prefix}{{version}}");
    let text = format!("[project]\nname = {name:?}\nscheme = {word:?}\ntag = {tag:?}\n");
    let config = Config::parse(&text, CONFIG).map_err(|error| {
        CommandError::usage(format!(
            "there is no {CONFIG}, and it cannot be guessed: {error}"
        ))
        .then("shipway init", "looks at the repository and writes one")
    })?;
    let assumed = format!("there is no {CONFIG}: assumed {word} and tags like {tag}");
    Ok((config, Some(assumed)))
}

/// What stands before the version in most tags that hold one, and the scheme that reads most of them; SemVer in doubt.
fn tags_mean(names: &[String]) -> (String, Scheme) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in names {
        let start = (name.find(|c: char| c.is_ascii_digit()))
            .filter(|at| !name[..*at].contains(['@', '/']));
        let Some(start) = start else { continue };
        let (prefix, text) = name.split_at(start);
        let reads = |scheme| usize::from(Version::parse(text, scheme).is_ok());
        let count = counts.entry(prefix).or_default();
        count.0 += reads(Scheme::Semver);
        count.1 += reads(Scheme::Pep440);
    }
    let best = counts
        .into_iter()
        .filter(|(prefix, _)| !prefix.contains(['{', '}']))
        .max_by_key(|(prefix, (semver, pep440))| ((*semver).max(*pep440), prefix.len() == 1));
    match best {
        Some((prefix, (semver, pep440))) if semver.max(pep440) > 0 => {
            let scheme = if pep440 > semver {
                Scheme::Pep440
            } else {
                Scheme::Semver
            };
            (prefix.to_owned(), scheme)
        }
        _ => ("v".to_owned(), Scheme::Semver),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(names: &[&str]) -> (String, Scheme) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        tags_mean(&names)
    }

    #[test]
    fn the_form_of_most_tags_is_assumed() {
        let semver = |prefix: &str| (prefix.to_owned(), Scheme::Semver);
        assert_eq!(mean(&[]), semver("v"));
        assert_eq!(mean(&["nightly", "latest"]), semver("v"));
        assert_eq!(mean(&["v1.0.0", "v1.1.0-rc.1", "0.9.0"]), semver("v"));
        assert_eq!(mean(&["1.0.0", "1.1.0", "v0.9.0"]), semver(""));
        assert_eq!(
            mean(&["release-1.0.0", "release-1.1.0"]),
            semver("release-")
        );
        assert_eq!(
            mean(&["v1.0", "v1.1rc1", "v1.1"]),
            ("v".to_owned(), Scheme::Pep440)
        );
        // Those of components say nothing about the whole.
        assert_eq!(mean(&["core@1.0.0", "cli@1.0.0", "v1.0.0"]), semver("v"));
        assert_eq!(mean(&["{x}1.0.0", "v0.1.0"]), semver("v"));
    }
}
