//! The components of a repository: the next version of each, and one of them as a product of its own.

use super::dependents::Dependents;
use super::repository::history_error;
use super::scene::Scene;
use super::version::{self, Wish};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::document::{self, VersionRow};
use crate::session::{CONFIG, Session};
use shipway_core::Oid;
use shipway_core::config::{self, Changelog, ChangelogFormat, Config, VersionFile};
use shipway_core::version::{Line, Version};
use shipway_history::component::workspace::{self, Question, State, Workspace};
use shipway_history::component::{
    self, Assignment, CommitFiles, Component, ComponentError, Next, Owner, Policy, Stated,
};
use shipway_history::{Change, CommitId, Convention, Enter, ReleaseTag, Repository, TagPattern};
use std::collections::BTreeSet;

/// Which files belong to a component.
pub struct Scope {
    assignment: Assignment,
    at: usize,
    /// What follows the component's version.
    pub dependents: Dependents,
}

impl Scope {
    /// Those of the commits that change something of the component, in their order.
    pub fn keep(
        &self,
        repository: &Repository,
        commits: &[CommitId],
    ) -> Result<Vec<CommitId>, CommandError> {
        let enter = |directory: &str| match self.assignment.below(directory) {
            Owner::One(at) if at == self.at => Enter::Whole,
            Owner::One(_) | Owner::Nobody => Enter::Skip,
            Owner::Several => Enter::Into,
        };
        let of_us = |paths: Vec<String>| {
            let owners = self.assignment.of(paths.iter().map(String::as_str));
            owners.contains(&self.at)
        };
        let ours = repository
            .changed_paths(commits, enter, |_, paths| of_us(paths))
            .map_err(|error| history_error(&error))?;
        let kept = commits.iter().zip(ours).filter(|(_, ours)| *ours);
        Ok(kept.map(|(commit, _)| *commit).collect())
    }
}

/// A component with what a release of it needs.
pub struct Chosen {
    pub config: Config,
    pub scope: Scope,
}

fn settings(config: &Config) -> Result<&config::Components, CommandError> {
    config.components.as_ref().ok_or_else(|| {
        CommandError::usage(format!("{CONFIG} knows no components")).hinted(
            "add [components] to find them in workspace files, or name them with [[component]]",
        )
    })
}

fn component_error(error: &ComponentError) -> CommandError {
    if let ComponentError::Files(history) = error {
        return history_error(history);
    }
    CommandError::of(Exit::Usage, error, error.hint())
}

/// The components of a commit.
fn found(
    repository: &Repository,
    head: &Oid,
    settings: &config::Components,
) -> Result<Vec<Component>, CommandError> {
    let files = CommitFiles::of(repository, head).map_err(|error| history_error(&error))?;
    component::discover(&files, settings).map_err(|error| component_error(&error))
}

/// Their names.
pub fn names(
    repository: &Repository,
    head: &Oid,
    project: &Config,
) -> Result<Vec<String>, CommandError> {
    let found = found(repository, head, settings(project)?)?;
    Ok(found.into_iter().map(|one| one.name).collect())
}

/// The commit of the newest final release of any component, where change files are kept.
pub fn newest_release(
    repository: &Repository,
    head: &Oid,
    project: &Config,
) -> Result<Option<Oid>, CommandError> {
    if project.changes.files.is_none() {
        return Ok(None);
    }
    let settings = settings(project)?;
    let failed = |error| history_error(&error);
    let mut tags: Vec<ReleaseTag> = Vec::new();
    for component in found(repository, head, settings)? {
        let text = workspace::tag_pattern(&component, settings);
        let pattern = TagPattern::new(&text).map_err(failed)?;
        let scheme = component::scheme_of(&component, project.project.scheme);
        let own = repository.release_tags(&pattern, scheme).map_err(failed)?;
        tags.extend(own.into_iter().filter(|tag| !tag.version.is_prerelease()));
    }
    let divided = repository.releases(head, &tags).map_err(failed)?;
    let newest = divided.releases.first();
    newest
        .map(|release| release.commit.oid())
        .transpose()
        .map_err(failed)
}

/// One component of a commit as a product: the project's configuration with the component's name, tags and files.
pub fn choose(
    repository: &Repository,
    head: &Oid,
    project: &Config,
    name: &str,
) -> Result<Chosen, CommandError> {
    let settings = settings(project)?;
    let found = found(repository, head, settings)?;
    let at = found
        .iter()
        .position(|one| one.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).take(12).collect();
            CommandError::usage(format!("there is no component {name}"))
                .hinted(format!("those that there are: {}", names.join(", ")))
        })?;
    let assignment = Assignment::new(&found, &settings.ignore)
        .map_err(|faults| component_error(&ComponentError::from(faults)))?;
    Ok(Chosen {
        config: config_of(project, settings, &found[at]),
        scope: Scope {
            assignment,
            at,
            dependents: Dependents::of(&found, at),
        },
    })
}

fn config_of(project: &Config, settings: &config::Components, component: &Component) -> Config {
    let mut config = project.clone();
    let own = component.named.as_ref();
    config.project.name.clone_from(&component.name);
    config.project.scheme = component::scheme_of(component, project.project.scheme);
    config.project.tag = workspace::tag_pattern(component, settings);
    // `v1.4.0` in a message or a branch would be any component's.
    let named = |pattern: &str| {
        if pattern.contains("v{version}") {
            pattern.replace("v{version}", "{project} {version}")
        } else {
            format!("{pattern} of {{project}}")
        }
    };
    config.project.commit_message = named(&project.project.commit_message);
    config.project.tag_message = named(&project.project.tag_message);
    config.project.release_branch = project.project.release_branch.as_ref().map(|pattern| {
        let own = component.name.trim_start_matches('@');
        let named = format!("{own}-{{version}}");
        if pattern.contains("v{version}") {
            pattern.replace("v{version}", &named)
        } else {
            pattern.replace("{version}", &named)
        }
    });
    config.project.version_files = match own {
        Some(own) if !own.version_files.is_empty() => own.version_files.clone(),
        _ => match &component.version {
            Stated::At { place, .. } => vec![VersionFile {
                path: place.path.clone(),
                pattern: None,
                key: None,
                kind: None,
                follows_development: true,
            }],
            Stated::Dynamic | Stated::Nowhere => Vec::new(),
        },
    };
    let beside = |path: &str| {
        if component.path.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", component.path)
        }
    };
    let log = project.changelog.as_ref();
    let path = own.and_then(|own| own.changelog.clone());
    config.changelog = Some(Changelog {
        path: path.unwrap_or_else(|| match settings.changelog {
            config::Together::One => {
                log.map_or_else(|| "CHANGELOG.md".to_owned(), |log| log.path.clone())
            }
            config::Together::Each => beside("CHANGELOG.md"),
        }),
        unreleased: log.and_then(|log| log.unreleased.clone()),
        format: log.map_or(ChangelogFormat::KeepAChangelog, |log| log.format.clone()),
        links: log.and_then(|log| log.links.clone()),
        migration_guide: log.and_then(|log| log.migration_guide.clone()),
    });
    config
}

/// The next versions of all components of a commit.
pub fn workspace(
    session: &Session,
    repository: &Repository,
    head: &Oid,
    config: &Config,
    convention: &Convention,
    wish: &Wish,
    told: &[Change],
) -> Result<Workspace, CommandError> {
    let settings = settings(config)?;
    let policy = Policy {
        pre: wish.pre.clone(),
        ..Policy::of(
            settings,
            config.project.scheme,
            config.changes.initial,
            session.now(),
        )
    };
    let question = Question {
        head,
        components: settings,
        convention,
        policy: &policy,
        told,
    };
    workspace::versions(repository, &question).map_err(|error| component_error(&error))
}

/// Each component's versions, for people and programs, in the order of their directories.
pub fn components(
    session: &Session,
    scene: &Scene,
    wish: &Wish,
) -> Result<Vec<VersionRow>, CommandError> {
    let config = &scene.config;
    let last = newest_release(&scene.repository, &scene.head, config)?;
    let told = super::intent::told(
        &scene.repository,
        &scene.head,
        last.as_ref(),
        config,
        &scene.convention,
    )?;
    let found = workspace(
        session,
        &scene.repository,
        &scene.head,
        config,
        &scene.convention,
        wish,
        &told,
    )?;
    let taken: BTreeSet<String> = (scene.repository.tag_names())
        .map_err(|error| history_error(&error))?
        .into_iter()
        .collect();
    let mut rows = Vec::new();
    for (at, component) in found.components.iter().enumerate() {
        let (next, state) = (found.plan.of(at), &found.states[at]);
        let mut row = row(scene, &found, component, state, next);
        if let Some(next) = next {
            let tag = |version: &Version| state.tag.replace("{version}", &version.to_string());
            row.refused = if taken.contains(&tag(&next.version)) {
                Some(format!(
                    "{} exists already, on another branch",
                    tag(&next.version)
                ))
            } else {
                guard(scene, next, state.last.as_ref(), wish)?
            };
            if row.refused.is_some() {
                row.next = None;
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Why a version may not be: it would leave its line, or the branch that goes on would take one of a line's.
fn guard(
    scene: &Scene,
    next: &Next,
    last: Option<&ReleaseTag>,
    wish: &Wish,
) -> Result<Option<String>, CommandError> {
    let (version, level) = (&next.version, next.level);
    let of_us = |line: &Line| last.is_none_or(|last| line.contains(&last.version));
    Ok(match &wish.line {
        Some(line) => {
            let line = Line::parse(&line.to_string(), version.scheme()).ok();
            let left = line.filter(|line| of_us(line) && !line.contains(version));
            left.map(|line| {
                format!("line {line} cannot release {version}, which a {level} change asks for")
            })
        }
        None => {
            let lines = version::owned(&scene.repository, &scene.config, last)?;
            let owner = lines.iter().find(|line| line.contains(version));
            owner.map(|line| {
                format!("line {line} owns {version}: it is released from that line's branch")
            })
        }
    })
}

fn row(
    scene: &Scene,
    found: &Workspace,
    component: &Component,
    state: &State,
    next: Option<&Next>,
) -> VersionRow {
    let version = next.map(|next| &next.version);
    let initial = scene.config.changes.initial;
    let last_final = state.last_final.as_ref().map(|tag| &tag.version);
    let decision = shipway_history::next_version(last_final, &state.changes.listed, initial);
    let mut because = Vec::new();
    let mut beside = state.changes.listed.len();
    if let Some(decision) = decision.filter(|_| next.is_some()) {
        beside = decision.beside;
        because = document::reasons(&decision);
    }
    for reason in next.iter().flat_map(|next| &next.reasons) {
        if !reason.is_of_changes() {
            because.push(document::Reason {
                text: reason.told(&found.components),
                level: None,
                commit: None,
            });
        }
    }
    let stated = match &component.version {
        Stated::At { text, .. } => Some(text.clone()),
        Stated::Dynamic | Stated::Nowhere => None,
    };
    VersionRow {
        name: component.name.clone(),
        path: component.path.clone(),
        current: (state.last.as_ref().map(|tag| tag.version.to_string())).or(stated),
        tag: state.last.as_ref().map(|tag| tag.name.short().to_owned()),
        next: version.map(ToString::to_string),
        next_tag: version.map(|version| state.tag.replace("{version}", &version.to_string())),
        semver: version.and_then(Version::semver),
        pep440: version.and_then(Version::pep440),
        level: next.map(|next| next.level.to_string()),
        because,
        beside,
        refused: None,
    }
}
