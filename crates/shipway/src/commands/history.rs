//! `shipway history`: which release brought what, from tags and journal; which release first contains a commit.

use super::changelog::find;
use crate::cli::HistoryArgs;
use crate::drive;
use crate::error::CommandError;
use crate::look::{Past, Product, Scene, Told, history_error};
use crate::output::document::{self, FirstRelease, Reason, ReleaseRow};
use crate::output::history;
use crate::session::Session;
use shipway_core::report::State;
use shipway_core::time::Timestamp;
use shipway_history::{Change, CommitId, HistoryError, Kind, ReleaseTag, TagPattern};
use std::collections::BTreeMap;

pub fn run(session: &Session, args: &HistoryArgs) -> Result<(), CommandError> {
    let scene = Scene::look(session)?.of(args.component.as_deref())?;
    scene.tell(session);
    let pattern =
        TagPattern::new(&scene.config.project.tag).map_err(|error| history_error(&error))?;
    let product = scene.product(&pattern);
    let past = product.past(None)?;
    let runs = runs(session, &scene.config.project.name);
    match &args.what {
        None => all(session, &product, &past, &runs, args.number),
        Some(text) => match find(&product, &past, text) {
            Ok(tag) => one(session, &product, &past, tag, &runs),
            Err(unknown) => contained(session, &product, &past, text, unknown),
        },
    }
}

/// Released versions that this machine's journal knows: the run and how it stands. Without a journal there are none.
type Runs = BTreeMap<String, (String, State)>;

fn runs(session: &Session, project: &str) -> Runs {
    let mut known = Runs::new();
    if !session.state.is_dir() {
        return known;
    }
    let Ok(engine) = drive::open(session) else {
        return known;
    };
    for listed in engine.runs().unwrap_or_default() {
        let entry = listed.entry;
        if entry.project != project {
            continue;
        }
        if let Ok((run, fold)) = drive::fold(&engine, &entry.id) {
            let state = fold.report(&run, session.now()).state;
            known.insert(entry.version, (entry.id.to_string(), state));
        }
    }
    known
}

fn all(
    session: &Session,
    product: &Product,
    past: &Past,
    runs: &Runs,
    number: Option<usize>,
) -> Result<(), CommandError> {
    let told = product.log(past, |_| true)?;
    let unreleased = told
        .iter()
        .filter(|told| told.release.is_none())
        .map(|told| told.commits)
        .sum();
    let mut rows: Vec<(&ReleaseTag, ReleaseRow)> = told
        .iter()
        .filter_map(|told| {
            Some((
                told.release.as_ref()?,
                row(told.release.as_ref()?, told, runs),
            ))
        })
        .collect();
    rows.sort_by(|(a, _), (b, _)| b.version.cmp(&a.version));
    let rows: Vec<ReleaseRow> = rows
        .into_iter()
        .map(|(_, row)| row)
        .take(number.unwrap_or(usize::MAX))
        .collect();
    if session.screen.json {
        session.screen.json(&document::History {
            format: document::FORMAT,
            releases: &rows,
            unreleased,
        });
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&history::releases(&rows, unreleased, paint));
    }
    Ok(())
}

fn row(tag: &ReleaseTag, told: &Told, runs: &Runs) -> ReleaseRow {
    let version = tag.version.to_string();
    let count = |of: fn(&Change) -> bool| told.changes.iter().filter(|change| of(change)).count();
    let run = runs.get(&version);
    ReleaseRow {
        tag: tag.name.short().to_owned(),
        line: tag.version.line(),
        commit: tag.commit.to_string(),
        date: told.date.clone(),
        commits: told.commits,
        breaking: count(|change| change.breaking.is_some()),
        features: count(|change| change.kind == Kind::Feature),
        fixes: count(|change| change.kind == Kind::Fix),
        run: run.map(|(run, _)| run.clone()),
        state: run.map(|(_, state)| *state),
        version,
    }
}

fn one(
    session: &Session,
    product: &Product,
    past: &Past,
    tag: &ReleaseTag,
    runs: &Runs,
) -> Result<(), CommandError> {
    let told = product.told(past, tag)?;
    let row = row(tag, &told, runs);
    let changes: Vec<Reason> = told
        .changes
        .iter()
        .map(|change| Reason {
            text: change.to_string(),
            level: change.level.map(|level| level.to_string()),
            commit: change.commit.as_ref().map(ToString::to_string),
        })
        .collect();
    if session.screen.json {
        session.screen.json(&document::Brought {
            format: document::FORMAT,
            release: &row,
            changes: &changes,
        });
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&history::brought(&row, &changes, paint));
    }
    Ok(())
}

/// `unknown`: that it is no release.
fn contained(
    session: &Session,
    product: &Product,
    past: &Past,
    text: &str,
    unknown: CommandError,
) -> Result<(), CommandError> {
    let repository = product.repository;
    let failed = |error: HistoryError| history_error(&error);
    let commit = match repository.resolve(text) {
        Ok(commit) => commit,
        Err(HistoryError::NoRevision { .. }) => {
            return Err(CommandError {
                message: format!("{text} is neither a release nor a commit"),
                ..unknown
            });
        }
        Err(error) => return Err(failed(error)),
    };
    let first = repository.first_with(&commit, &past.tags).map_err(failed)?;
    let mut heads = vec![CommitId::try_from(&commit).map_err(failed)?];
    for tag in &first {
        heads.push(CommitId::try_from(&tag.commit).map_err(failed)?);
    }
    let read = repository
        .read_commits(&heads, |commit| (commit.time, commit.message))
        .map_err(failed)?;
    let subject = read
        .first()
        .map(|(_, message)| shipway_history::conventional::subject(message))
        .unwrap_or_default();
    let releases: Vec<FirstRelease> = first
        .iter()
        .zip(read.iter().skip(1))
        .map(|(tag, (time, _))| FirstRelease {
            line: tag.version.line(),
            version: tag.version.to_string(),
            tag: tag.name.short().to_owned(),
            date: Timestamp(time.saturating_mul(1000)).date(),
        })
        .collect();
    if session.screen.json {
        session.screen.json(&document::Contained {
            format: document::FORMAT,
            commit: commit.as_str(),
            subject: &subject,
            releases: &releases,
        });
    } else {
        let paint = session.screen.out();
        session.screen.data(&history::contained(
            commit.as_str(),
            &subject,
            &releases,
            paint,
        ));
    }
    Ok(())
}
