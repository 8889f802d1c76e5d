//! `shipway version`

use crate::cli::NextArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::{self, Next, Scene, Wish, history_error};
use crate::output::document::{self, VersionRow};
use crate::output::history;
use crate::session::Session;
use shipway_core::version::Version;
use shipway_history::TagPattern;

pub fn run(session: &Session, args: &NextArgs) -> Result<(), CommandError> {
    let scene = Scene::look(session)?;
    scene.tell(session);
    let since = args
        .since
        .as_deref()
        .map(|text| scene.repository.resolve(text))
        .transpose()
        .map_err(|error| history_error(&error))?;
    let wish = Wish {
        pre: look::channel(args.pre.as_deref())?,
        line: look::line(&scene.config, args.line.as_deref())?.or(scene.line()?),
        since,
    };
    let mut rows = Vec::new();
    let mut unchanged = 0;
    if scene.config.components.is_some() {
        let all = look::components(session, &scene, &wish)?;
        refuse_unknown(&args.components, &all)?;
        for row in all {
            let wanted = args.components.is_empty() || args.components.contains(&row.name);
            let tells = row.next.is_some() || row.refused.is_some();
            if wanted && (tells || args.all || !args.components.is_empty()) {
                rows.push(row);
            } else if wanted {
                unchanged += 1;
            }
        }
    } else {
        if let Some(name) = args.components.first() {
            return Err(CommandError::usage(format!("there is no component {name}"))
                .hinted("shipway.toml knows components with [components] or [[component]]"));
        }
        let pattern =
            TagPattern::new(&scene.config.project.tag).map_err(|error| history_error(&error))?;
        let next = look::next(session, &scene.product(&pattern), &wish)?;
        rows.push(row(&scene, &pattern, &next));
    }
    if args.next {
        refuse_refused(&rows)?;
        return only_the_next(session, &rows);
    }
    if session.screen.json {
        session.screen.json(&document::Versions {
            format: document::FORMAT,
            components: &rows,
            unchanged,
        });
        return refuse_refused(&rows);
    }
    let paint = session.screen.out();
    session
        .screen
        .data(&history::versions(&rows, unchanged, paint));
    refuse_refused(&rows)
}

/// A version that may not be is an error, after all was told.
fn refuse_refused(rows: &[VersionRow]) -> Result<(), CommandError> {
    let refused: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.name, row.refused.as_ref()?)))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut failed = CommandError::usage("a version would be released where it does not belong");
    failed.causes = refused;
    Err(failed
        .hinted("move the change to the branch that the version belongs to, or make it a fix")
        .told())
}

fn row(scene: &Scene, pattern: &TagPattern, next: &Next) -> VersionRow {
    let version = next.version.as_ref();
    let because = next
        .decision
        .as_ref()
        .map(document::reasons)
        .unwrap_or_default();
    let beside = match &next.decision {
        Some(decision) => decision.beside,
        None => next.changes.listed.len(),
    };
    VersionRow {
        name: scene.config.project.name.clone(),
        path: String::new(),
        current: next.past.current().map(ToString::to_string),
        tag: next
            .past
            .previous
            .as_ref()
            .map(|tag| tag.name.short().to_owned()),
        next: version.map(ToString::to_string),
        next_tag: version.map(|version| pattern.name(version)),
        semver: version.and_then(Version::semver),
        pep440: version.and_then(Version::pep440),
        level: next
            .decision
            .as_ref()
            .and_then(|decision| decision.level)
            .map(|level| level.to_string()),
        because,
        beside,
        refused: None,
    }
}

fn refuse_unknown(wanted: &[String], rows: &[VersionRow]) -> Result<(), CommandError> {
    for name in wanted {
        if !rows.iter().any(|row| row.name == *name) {
            let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).take(12).collect();
            return Err(CommandError::usage(format!("there is no component {name}"))
                .hinted(format!("those that there are: {}", names.join(", "))));
        }
    }
    Ok(())
}

/// For scripts: one version a line, or with several components `name version`.
fn only_the_next(session: &Session, rows: &[VersionRow]) -> Result<(), CommandError> {
    let with_next: Vec<(&str, &str)> = rows
        .iter()
        .filter_map(|row| Some((row.name.as_str(), row.next.as_deref()?)))
        .collect();
    let text = match with_next.as_slice() {
        [] => {
            return Err(CommandError::new(
                Exit::NothingToRelease,
                "nothing asks for a release",
            ));
        }
        [(_, next)] if rows.len() == 1 => (*next).to_owned(),
        several => several
            .iter()
            .map(|(name, next)| format!("{name} {next}"))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    session.screen.data(&text);
    Ok(())
}
