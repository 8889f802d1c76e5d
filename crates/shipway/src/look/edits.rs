//! What the release changes in the repository: version files, changelog, commits, tag. Computed in memory, written nowhere.

use super::repository::{Ground, history_error};
use super::version::Decided;
use super::{indexes, version};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use shipway_core::config::{Changelog, ChangelogFormat, NextVersion, VersionFile};
use shipway_core::plan::{Commit, GitTime, Patience, Person, Source, Tag};
use shipway_core::planner::{Facts, config_digest, fill};
use shipway_core::version::{Level, Version};
use shipway_core::{Oid, RefName};
use shipway_history::{changelog, version_file};
use shipway_targets::git::objects::{Draft, NewCommit, ObjectError};
use std::collections::BTreeMap;

/// Everything that the planner has to know, but for the interpreters.
pub fn facts(session: &Session, ground: &Ground, decided: Decided) -> Result<Facts, CommandError> {
    let made_at = session.now();
    let project = &ground.config.project;
    let pep440 = decided.version.pep440().ok_or_else(|| {
        CommandError::usage(format!(
            "{} cannot be written as PEP 440 does",
            decided.version
        ))
        .hinted("Python packages need a version such as 1.2.0, 1.2.0rc1 or 1.2.0.dev0")
    });
    let uses_pep440 = ground
        .config
        .publish
        .iter()
        .any(|publish| matches!(publish.to, shipway_core::config::Destination::Pypi { .. }));
    let pep440 = if uses_pep440 {
        pep440?
    } else {
        pep440.unwrap_or_else(|_| decided.version.to_string())
    };
    let head = decided
        .existing
        .as_ref()
        .map_or_else(|| ground.head.clone(), |(_, commit)| commit.clone());
    let mut work = Work::open(
        ground,
        &decided,
        head.clone(),
        GitTime {
            seconds: made_at.seconds(),
            offset: 0,
        },
    )?;
    let written = if decided.existing.is_some() {
        work.take_existing()?
    } else {
        work.write(&made_at.date())?
    };
    let (indexes, mut warnings) = indexes::find(session, &ground.config)?;
    warnings.extend(written.warnings);
    let bump = |level| {
        let next = decided.version.bump(level, None, made_at);
        next.map_err(|error| version::version_error(&error))
    };
    let next = if decided.version.is_prerelease() {
        final_of(&decided.version, ground)?
    } else {
        match bump(Level::Minor)? {
            next if leaves_line(ground, &next) => bump(Level::Patch)?,
            next => next,
        }
    };
    Ok(Facts {
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        flow: "release".to_owned(),
        version: decided.version.to_string(),
        pep440,
        is_prerelease: decided.version.is_prerelease(),
        is_newest: decided.is_newest,
        line: decided.version.line(),
        previous: decided.previous.as_ref().map(|tag| tag.version.to_string()),
        next: next.to_string(),
        because: decided.because,
        source: Source {
            branch: ground.branch.clone(),
            head,
            remote: project.remote.clone(),
            url: ground.url.clone(),
            config: config_digest(&ground.config_text),
        },
        commits: written.commits,
        tag: written.tag,
        from_tag: decided.existing.is_some(),
        release_branch: written.branch,
        notes: written.notes,
        interpreters: BTreeMap::new(),
        indexes,
        warnings,
        patience: Patience::default(),
    })
}

/// Whether a version is none of the line that is released from.
fn leaves_line(ground: &Ground, version: &Version) -> bool {
    let line = ground.line.as_ref();
    line.is_some_and(|line| !line.contains(version))
}

/// The release that a pre-release leads to: the milestone that stays open.
fn final_of(version: &Version, ground: &Ground) -> Result<Version, CommandError> {
    let [major, minor, patch] = version.numbers();
    Version::parse(
        &format!("{major}.{minor}.{patch}"),
        ground.config.project.scheme,
    )
    .map_err(|error| version::version_error(&error))
}

struct Written {
    commits: Vec<Commit>,
    tag: Tag,
    branch: Option<RefName>,
    notes: String,
    warnings: Vec<String>,
}

struct Work<'a> {
    ground: &'a Ground,
    decided: &'a Decided,
    draft: Draft,
    head: Oid,
    at: GitTime,
    author: Person,
    committer: Person,
    /// Where entries of the changelog lead to.
    links: Option<changelog::Links>,
    /// A look of the project's own for made sections.
    template: Option<changelog::Template>,
}

impl<'a> Work<'a> {
    fn open(
        ground: &'a Ground,
        decided: &'a Decided,
        head: Oid,
        at: GitTime,
    ) -> Result<Self, CommandError> {
        let draft =
            Draft::open(ground.repository.git_dir()).map_err(|error| object_error(&error))?;
        let author = ground
            .repository
            .author()
            .map_err(|error| history_error(&error))?;
        let committer = ground
            .repository
            .committer()
            .map_err(|error| history_error(&error))?;
        Ok(Self {
            ground,
            decided,
            draft,
            head,
            at,
            author,
            committer,
            links: changelog::Links::new(
                (ground.config.changelog.as_ref())
                    .and_then(|log| log.links.as_deref())
                    .unwrap_or(&ground.url),
                None,
                &changelog::Patterns::default(),
            ),
            template: template(ground)?,
        })
    }

    /// The release commit, the merge, the next version, the tag.
    fn write(&mut self, date: &str) -> Result<Written, CommandError> {
        let project = &self.ground.config.project;
        let tag_name = self.decided.tag.clone();
        let version = self.decided.version.to_string();
        let values = [
            ("version", version.as_str()),
            ("project", &project.name),
            ("tag", tag_name.short()),
        ];
        let (files, notes, warnings) = self.release_files(date)?;
        let message = line(&fill(&project.commit_message, &values));
        let release = self.commit(
            "release",
            std::slice::from_ref(&self.head),
            &message,
            &files,
        )?;
        let branch = match &project.release_branch {
            Some(pattern) => Some(
                RefName::branch(&fill(pattern, &values))
                    .map_err(|error| CommandError::usage(error.to_string()))?,
            ),
            None => None,
        };
        let message = line(&fill(&project.tag_message, &values));
        let tag = self
            .draft
            .tag(&tag_name, &release.id, &self.committer, self.at, &message)
            .map_err(|error| object_error(&error))?;
        let mut commits = vec![release];
        if let Some(branch) = &branch {
            self.refuse_branch(branch)?;
            let parents = [self.head.clone(), commits[0].id.clone()];
            let message = line(&format!(
                "Merge {} into {}",
                branch.short(),
                self.ground.branch.short()
            ));
            let new = self.new_commit("merge", &parents, &message);
            let merge = self
                .draft
                .merge(&new, &parents[1])
                .map_err(|error| object_error(&error))?;
            commits.push(merge);
        }
        let next = match self.decided.version.next_development(project.next) {
            Some(next) if leaves_line(self.ground, &next) => {
                self.decided.version.next_development(NextVersion::DevPatch)
            }
            next => next,
        };
        if let Some(next) = next {
            let parents: Vec<Oid> = commits
                .last()
                .map(|commit| commit.id.clone())
                .into_iter()
                .collect();
            let files = self.versions(&parents[0], &next, true)?;
            if !files.is_empty() {
                let message = line(&fill(
                    version::NEXT_VERSION,
                    &[("version", &next.to_string())],
                ));
                commits.push(self.commit("next-version", &parents, &message, &files)?);
            }
        }
        Ok(Written {
            commits,
            tag,
            branch,
            notes,
            warnings,
        })
    }

    /// For a release from a tag: what the tag names must be what the files say.
    fn take_existing(&mut self) -> Result<Written, CommandError> {
        let version = &self.decided.version;
        for file in &self.ground.config.project.version_files {
            let bytes = self.file(&self.head, &file.path)?;
            let says = version_file::read_version(&place(file)?, &bytes)
                .map_err(|error| version_file_error(&error))?;
            let parsed = version_file::parse(&file.path, &says, version.scheme())
                .map_err(|error| version_file_error(&error))?;
            if parsed != *version {
                return Err(CommandError::new(
                    Exit::Conflict,
                    format!(
                        "tag {} names {version}, and {} says {says}",
                        self.decided.tag.short(),
                        file.path
                    ),
                )
                .hinted("the tag stands on the wrong commit: nothing was done"));
            }
        }
        let notes = match &self.ground.config.changelog {
            Some(log) => self.section(log)?,
            None => self.notes_of_changes()?,
        };
        let tag = Tag {
            id: self
                .decided
                .existing
                .as_ref()
                .map_or_else(|| self.head.clone(), |(object, _)| object.clone()),
            name: self.decided.tag.clone(),
            target: self.head.clone(),
            tagger: self.committer.clone(),
            at: self.at,
            message: String::new(),
        };
        Ok(Written {
            commits: Vec::new(),
            tag,
            branch: None,
            notes,
            warnings: Vec::new(),
        })
    }

    /// Version files and changelog of the release, its notes, and what to warn of.
    #[expect(
        clippy::type_complexity,
        reason = "three results of one pass, taken apart at once"
    )]
    fn release_files(
        &self,
        date: &str,
    ) -> Result<(Vec<(String, Vec<u8>)>, String, Vec<String>), CommandError> {
        self.refuse_backwards()?;
        let mut files = self.versions(&self.head, &self.decided.version, false)?;
        let Some(log) = &self.ground.config.changelog else {
            return Ok((files, self.notes_of_changes()?, Vec::new()));
        };
        let before = self
            .draft
            .file(&self.head, &log.path)
            .map_err(|error| object_error(&error))?;
        let closed = changelog::close_with(
            before.as_deref(),
            &self.closing(date, log.unreleased.as_deref()),
            &self.making(),
        )
        .map_err(|error| changelog_error(&log.path, &error))?;
        let warnings = closed
            .warnings
            .iter()
            .map(|warning| format!("{}: {warning}", log.path))
            .collect();
        if files.iter().any(|(path, _)| *path == log.path) {
            return Err(CommandError::usage(format!(
                "{} is both the changelog and a version file",
                log.path
            )));
        }
        // What a pre-release tells of belongs to the release that it leads to: the section stays open until then.
        if !self.decided.version.is_prerelease() {
            files.push((log.path.clone(), closed.text));
        }
        Ok((files, closed.notes, warnings))
    }

    /// The files that say a version, with this one in it.
    fn versions(
        &self,
        commit: &Oid,
        version: &Version,
        development: bool,
    ) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let wanted = self.ground.config.project.version_files.iter();
        for file in wanted.filter(|file| !development || file.follows_development) {
            // Two patterns may stand for one file.
            let known = files.iter().position(|(path, _)| *path == file.path);
            let bytes = match known {
                Some(at) => files.remove(at).1,
                None => self.file(commit, &file.path)?,
            };
            let bytes = version_file::set(&place(file)?, &bytes, version)
                .map_err(|error| version_file_error(&error))?;
            files.push((file.path.clone(), bytes));
        }
        if let Some(scope) = &self.ground.scope {
            let read = |path: &str| {
                self.draft
                    .file(commit, path)
                    .map_err(|error| object_error(&error))
            };
            scope.dependents.follow(version, &mut files, read)?;
        }
        Ok(files)
    }

    /// What the files say now must not be higher than what is to be released.
    fn refuse_backwards(&self) -> Result<(), CommandError> {
        let project = &self.ground.config.project;
        let mut found = Vec::new();
        for file in project
            .version_files
            .iter()
            .filter(|file| file.follows_development)
        {
            let bytes = self.file(&self.head, &file.path)?;
            let says = version_file::read_version(&place(file)?, &bytes)
                .map_err(|error| version_file_error(&error))?;
            found.push((file.path.clone(), says));
        }
        let agreed = version_file::agreed(&found, project.scheme)
            .map_err(|error| version_file_error(&error))?;
        match agreed {
            // A development version is the mark of work, not a promise: a patch may come before the next minor.
            Some(says)
                if !says.is_development() && says.precedence(&self.decided.version).is_gt() =>
            {
                Err(CommandError::usage(format!(
                    "{} is lower than {says}, which {} says",
                    self.decided.version, found[0].0
                ))
                .hinted(format!(
                    "release {says} or a higher version, or correct the file first"
                )))
            }
            _ => Ok(()),
        }
    }

    fn refuse_branch(&self, branch: &RefName) -> Result<(), CommandError> {
        match self.ground.reference(branch)? {
            Some(oid) => Err(CommandError::new(
                Exit::Conflict,
                format!(
                    "branch {} exists already, at {}",
                    branch.short(),
                    oid.abbreviated()
                ),
            )
            .then(
                format!("git branch -D {}", branch.short()),
                "deletes it, if nothing in it is needed",
            )),
            None => Ok(()),
        }
    }

    /// What the changelog says of the version. A pre-release has no section of its own: what it tells of is unreleased still.
    fn section(&self, log: &Changelog) -> Result<String, CommandError> {
        let path = &log.path;
        let bytes = self.file(&self.head, path)?;
        let version = &self.decided.version;
        let failed = |error| changelog_error(path, &error);
        if let Some(text) = changelog::section(&bytes, version).map_err(failed)? {
            return Ok(text);
        }
        if version.is_prerelease() {
            let closing = self.closing("", log.unreleased.as_deref());
            return Ok(
                changelog::close_with(Some(&bytes), &closing, &self.making())
                    .map_err(failed)?
                    .notes,
            );
        }
        Err(
            CommandError::usage(format!("{path} has no section for {version}")).hinted(
                "what a tag names is released as it is: write the section before the tag is made",
            ),
        )
    }

    /// Release notes of a project that keeps no changelog.
    fn notes_of_changes(&self) -> Result<String, CommandError> {
        let closed = changelog::close_with(None, &self.closing("", None), &self.making());
        Ok(closed
            .map_err(|error| changelog_error("the release's notes", &error))?
            .notes)
    }

    /// How entries are made of changes.
    fn making(&self) -> changelog::Making<'_> {
        changelog::Making {
            options: changelog::Options {
                project: &self.ground.config.project.name,
                links: self.links.as_ref(),
                groups: self.ground.convention.groups(),
                ..changelog::Options::default()
            },
            look: look_of(self.links.as_ref()),
            template: self.template.as_ref(),
            previous_tag: self.decided.previous.as_ref().map(|tag| tag.name.short()),
        }
    }

    fn closing<'c>(&'c self, date: &'c str, unreleased: Option<&'c str>) -> changelog::Closing<'c> {
        changelog::Closing {
            version: &self.decided.version,
            date,
            tag: self.decided.tag.short(),
            unreleased,
            changes: &self.decided.changes.listed,
        }
    }

    fn file(&self, commit: &Oid, path: &str) -> Result<Vec<u8>, CommandError> {
        let found = self
            .draft
            .file(commit, path)
            .map_err(|error| object_error(&error))?;
        found.ok_or_else(|| {
            CommandError::usage(format!("{path} is not in commit {}", commit.abbreviated()))
                .hinted("correct its path in shipway.toml, or commit it")
        })
    }

    fn commit(
        &self,
        role: &str,
        parents: &[Oid],
        message: &str,
        files: &[(String, Vec<u8>)],
    ) -> Result<Commit, CommandError> {
        self.draft
            .commit(&self.new_commit(role, parents, message), files)
            .map_err(|error| object_error(&error))
    }

    fn new_commit<'c>(
        &'c self,
        role: &'c str,
        parents: &'c [Oid],
        message: &'c str,
    ) -> NewCommit<'c> {
        NewCommit {
            role,
            parents,
            author: &self.author,
            committer: &self.committer,
            at: self.at,
            message,
        }
    }
}

/// Where a file of the configuration holds the version.
pub fn place(file: &VersionFile) -> Result<version_file::Spec<'_>, CommandError> {
    let kind = file.kind.as_deref().map(version_file::Kind::named);
    Ok(version_file::Spec {
        pattern: file.pattern.as_deref(),
        key: file.key.as_deref(),
        kind: kind
            .transpose()
            .map_err(|error| version_file_error(&error))?,
        ..version_file::Spec::of(&file.path)
    })
}

/// A message ends with a line end, as git writes it.
fn line(message: &str) -> String {
    format!("{}\n", message.trim_end())
}

fn object_error(error: &ObjectError) -> CommandError {
    CommandError::from_error(Exit::Usage, "the release commit cannot be made", error)
}

pub fn version_file_error(error: &version_file::VersionFileError) -> CommandError {
    let failed = CommandError::from_error(Exit::Usage, "the version cannot be set", error);
    match error.hint() {
        Some(hint) => failed.hinted(hint),
        None => failed,
    }
}

/// The template that made sections are written by, where the configuration names one.
fn template(ground: &Ground) -> Result<Option<changelog::Template>, CommandError> {
    let failed =
        |error: changelog::TemplateError| CommandError::of(Exit::Usage, &error, error.hint());
    let Some(log) = &ground.config.changelog else {
        return Ok(None);
    };
    let template = match &log.format {
        ChangelogFormat::KeepAChangelog | ChangelogFormat::Plain | ChangelogFormat::Json => {
            return Ok(None);
        }
        ChangelogFormat::Angular => changelog::Template::built_in("conventional"),
        ChangelogFormat::Github => changelog::Template::built_in("github"),
        ChangelogFormat::Template(path) => {
            let file = ground
                .repository
                .file(&ground.head, path)
                .map_err(|error| history_error(&error))?;
            let file = file.ok_or_else(|| {
                CommandError::usage(format!("the template {path} is not in the repository"))
                    .hinted("correct [changelog] template in shipway.toml, or commit it")
            })?;
            changelog::Template::new(path, String::from_utf8_lossy(&file.bytes))
        }
    };
    template.map(Some).map_err(failed)
}

/// How entries look in the changelog: with links where the forge is known.
pub fn look_of(links: Option<&changelog::Links>) -> changelog::Look {
    changelog::Look {
        links: links.is_some_and(|links| links.forge().is_some()),
        ..changelog::Look::default()
    }
}

pub fn changelog_error(path: &str, error: &changelog::ChangelogError) -> CommandError {
    CommandError::from_error(Exit::Usage, format!("{path} cannot be used"), error)
        .hinted(error.hint())
}
