//! `shipway change`: what a change means for users, in a file of its own.

use crate::cli::{ChangeAddArgs, ChangeCommand, ChangeLevel};
use crate::error::CommandError;
use crate::look::{self, Scene, history_error};
use crate::output::document::{self, PendingRow};
use crate::output::history;
use crate::session::{CONFIG, Session};
use shipway_core::Oid;
use shipway_core::version::Level;
use shipway_history::{ChangeFile, Origin, TagPattern};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where change files are kept if nothing else is said.
const DIRECTORY: &str = ".changeset";

pub fn run(session: &Session, command: &ChangeCommand) -> Result<(), CommandError> {
    let scene = Scene::look(session)?;
    match command {
        ChangeCommand::Add(args) => add(session, &scene, args),
        ChangeCommand::List => list(session, &scene),
        ChangeCommand::Prune => prune(session, &scene),
    }
}

/// The directory of change files in the working tree.
fn directory(scene: &Scene) -> Result<(PathBuf, String), CommandError> {
    let top = scene
        .top
        .as_deref()
        .ok_or_else(|| CommandError::usage("a bare repository has no change files to work on"))?;
    let name = scene.config.changes.files.as_deref().unwrap_or(DIRECTORY);
    Ok((top.join(name), name.to_owned()))
}

fn add(session: &Session, scene: &Scene, args: &ChangeAddArgs) -> Result<(), CommandError> {
    let (directory, name) = directory(scene)?;
    let names = known(scene)?;
    let components = if args.component.is_empty() {
        if names.len() > 1 {
            let shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
            return Err(
                CommandError::usage("say which component the change is about")
                    .hinted(format!("--component NAME; there are {}", shown.join(", "))),
            );
        }
        names
    } else {
        if let Some(unknown) = args.component.iter().find(|one| !names.contains(one)) {
            let shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
            return Err(
                CommandError::usage(format!("there is no component {unknown}"))
                    .hinted(format!("there are {}", shown.join(", "))),
            );
        }
        args.component.clone()
    };
    let level = match args.level {
        Some(level) => level,
        None => ask_level(session)?,
    };
    let level = match level {
        ChangeLevel::None => None,
        ChangeLevel::Patch => Some(Level::Patch),
        ChangeLevel::Minor => Some(Level::Minor),
        ChangeLevel::Major => Some(Level::Major),
    };
    let text = match &args.message {
        Some(text) => text.trim().to_owned(),
        None => ask_text(session)?,
    };
    if text.is_empty() {
        return Err(CommandError::usage("the change says nothing")
            .hinted("write for users: --message \"Layers without a name are shown\""));
    }
    let levels: BTreeMap<String, Option<Level>> =
        components.into_iter().map(|name| (name, level)).collect();
    let file = ChangeFile { levels, text };
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| CommandError::internal(format!("there is no randomness: {error}")))?;
    let taken = |name: &str| directory.join(name).exists();
    let path = directory.join(ChangeFile::name(u64::from_le_bytes(bytes), taken));
    let text = file.write();
    if !args.print {
        fs_err::create_dir_all(&directory)?;
        fs_err::write(&path, &text)?;
    }
    tell(session, scene, &path, &text, args.print, &name);
    Ok(())
}

fn tell(session: &Session, scene: &Scene, path: &Path, text: &str, print: bool, name: &str) {
    if session.screen.json {
        session.screen.json(&document::Proposed {
            format: document::FORMAT,
            path,
            written: !print,
            text,
            notes: &[],
        });
    } else if print {
        session.screen.data(text.trim_end());
    } else {
        session.screen.data(&path.display().to_string());
    }
    if scene.config.changes.files.is_none() {
        session.screen.talk(&format!(
            "hint: change files count once {CONFIG} says so: [changes] files = {name:?}"
        ));
    }
}

/// Names that a change can be about.
fn known(scene: &Scene) -> Result<Vec<String>, CommandError> {
    if scene.config.components.is_none() {
        return Ok(vec![scene.config.project.name.clone()]);
    }
    look::names(&scene.repository, &scene.head, &scene.config)
}

fn ask_level(session: &Session) -> Result<ChangeLevel, CommandError> {
    if !session.screen.interactive {
        return Err(
            CommandError::usage("say how far the change raises the version")
                .hinted("--level patch, minor, major or none"),
        );
    }
    let answer = session.screen.ask("Level (patch, minor, major, none):");
    match answer.unwrap_or_default().as_str() {
        "patch" => Ok(ChangeLevel::Patch),
        "minor" => Ok(ChangeLevel::Minor),
        "major" => Ok(ChangeLevel::Major),
        "none" => Ok(ChangeLevel::None),
        other => Err(CommandError::usage(format!("{other:?} is no level"))),
    }
}

fn ask_text(session: &Session) -> Result<String, CommandError> {
    if !session.screen.interactive {
        return Err(CommandError::usage("say what changes for users")
            .hinted("--message \"Layers without a name are shown\""));
    }
    Ok(session
        .screen
        .ask("What changes for users:")
        .unwrap_or_default())
}

/// The commit of the last release that any of the tags names.
fn last(scene: &Scene) -> Result<Option<Oid>, CommandError> {
    if scene.config.components.is_some() {
        return look::newest_release(&scene.repository, &scene.head, &scene.config);
    }
    let pattern =
        TagPattern::new(&scene.config.project.tag).map_err(|error| history_error(&error))?;
    let past = scene.product(&pattern).past(None)?;
    Ok(past.last_final.map(|tag| tag.commit))
}

fn list(session: &Session, scene: &Scene) -> Result<(), CommandError> {
    let last = last(scene)?;
    let written = look::change_files(&scene.repository, &scene.head, last.as_ref(), &scene.config)?;
    let news = look::news(
        &scene.repository,
        &scene.head,
        last.as_ref(),
        &scene.config,
        &scene.convention,
    )?;
    let mut rows: Vec<PendingRow> = written
        .iter()
        .filter(|one| !one.released)
        .map(|one| PendingRow {
            path: one.path.clone(),
            components: one.file.levels.keys().cloned().collect(),
            level: (one.file.levels.values().flatten().max()).map(ToString::to_string),
            text: one.file.text.clone(),
        })
        .collect();
    rows.extend(news.into_iter().map(|change| PendingRow {
        path: match change.origin {
            Origin::File(path) => path,
            Origin::Commit | Origin::PullRequest(_) => String::new(),
        },
        components: change.components,
        level: change.level.map(|level| level.to_string()),
        text: change.description,
    }));
    if session.screen.json {
        session.screen.json(&document::Pending {
            format: document::FORMAT,
            changes: &rows,
        });
    } else if rows.is_empty() {
        session
            .screen
            .talk("no committed change file or news fragment waits for a release");
    } else {
        session.screen.data(&history::pending(&rows));
    }
    Ok(())
}

/// Deletes from the working tree what a release has told of.
fn prune(session: &Session, scene: &Scene) -> Result<(), CommandError> {
    let (directory, _) = directory(scene)?;
    let last = last(scene)?;
    let written = look::change_files(&scene.repository, &scene.head, last.as_ref(), &scene.config)?;
    let mut gone = Vec::new();
    for one in written.iter().filter(|one| one.released) {
        let name = one.path.rsplit('/').next().unwrap_or(&one.path);
        let path = directory.join(name);
        if path.is_file() {
            fs_err::remove_file(&path)?;
            gone.push(PendingRow {
                path: one.path.clone(),
                components: one.file.levels.keys().cloned().collect(),
                level: (one.file.levels.values().flatten().max()).map(ToString::to_string),
                text: one.file.text.clone(),
            });
        }
    }
    if session.screen.json {
        session.screen.json(&document::Pending {
            format: document::FORMAT,
            changes: &gone,
        });
    } else if gone.is_empty() {
        session.screen.talk("no change file was released already");
    } else {
        session.screen.data(&history::pending(&gone));
        session
            .screen
            .talk("deleted in the working tree; commit that");
    }
    Ok(())
}
