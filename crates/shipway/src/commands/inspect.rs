//! `shipway status`, `log`, `runs` and `report`: looking at runs.

use super::find_arg;
use crate::cli::{LogArgs, ReportArgs, RunArg};
use crate::drive::{self, engine_error};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::progress::event_line;
use crate::output::{Tone, document, html, status};
use crate::session::Session;
use crate::world::run_directory;
use shipway_core::event::End;
use shipway_core::redact::visible;
use shipway_core::report::State;
use shipway_core::{PlanId, Run, StepId};
use shipway_engine::Embedded;
use std::io::BufRead as _;

pub fn status(session: &Session, args: &RunArg) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find_arg(session, &engine, args)?;
    let (run, fold) = drive::fold(&engine, &id)?;
    let report = fold.report(&run, session.now());
    let driver = engine.driver(&id).map_err(|error| engine_error(&error))?;
    let screen = &session.screen;
    if screen.json {
        screen.json(&document::Status {
            format: document::FORMAT,
            report: &report,
            driver: driver.as_ref().map(|holder| document::Driver {
                pid: holder.pid,
                host: &holder.host,
            }),
        });
        return Ok(());
    }
    screen.data(&status::render(&report, screen.out()));
    if let Some(withdrawal) = withdrawal_of(&engine, &run)? {
        let short = withdrawal.short();
        screen.talk(&format!(
            "withdrawn since, or about to be\nnext:\n  shipway status {short}   shows how far that is"
        ));
        return Ok(());
    }
    let next = match (&driver, report.state) {
        (Some(holder), _) => format!(
            "process {} on {} drives it",
            holder.pid,
            visible(&holder.host)
        ),
        (None, State::Released | State::Withdrawn | State::RolledBack) => return Ok(()),
        (None, State::WaitingForPerson) => {
            screen.error(&drive::stopped(&report));
            return Ok(());
        }
        (None, _) => format!(
            "nobody drives it\nnext:\n  shipway resume {}   looks at what is there and goes on",
            id.short()
        ),
    };
    screen.talk(&next);
    Ok(())
}

/// The run that withdraws what this one released.
fn withdrawal_of(engine: &Embedded, run: &Run) -> Result<Option<PlanId>, CommandError> {
    let plan = run.plan();
    if plan.is_withdrawal() || run.end() == Some(End::RolledBack) {
        return Ok(None);
    }
    let found = super::withdraw::of_version(engine, &plan.project, &plan.version)?;
    Ok(found.map(|(id, _)| id))
}

pub fn log(session: &Session, args: &LogArgs) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find_arg(session, &engine, &args.run)?;
    let record = engine.record(&id).map_err(|error| engine_error(&error))?;
    if let Some(step) = &args.step {
        let step =
            StepId::new(step.clone()).map_err(|error| CommandError::usage(error.to_string()))?;
        if record.plan.step(&step).is_none() {
            return Err(CommandError::usage(format!("the plan has no step {step}"))
                .then(format!("shipway status {}", id.short()), "lists them"));
        }
        let path = shipway_engine::work::log_path(&run_directory(session, &id), &step);
        let file = match fs_err::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                session.screen.talk(&format!("{step} printed nothing"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for line in std::io::BufReader::new(file).split(b'\n') {
            session
                .screen
                .data(&visible(&String::from_utf8_lossy(&line?)));
        }
        return Ok(());
    }
    for event in &record.events {
        if session.screen.json {
            session.screen.json_line(&document::Happened {
                format: document::FORMAT,
                run: id.to_string(),
                event,
            });
        } else {
            session.screen.data(&event_line(event));
        }
    }
    Ok(())
}

pub fn runs(session: &Session) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let runs = engine.runs().map_err(|error| engine_error(&error))?;
    let mut rows = Vec::new();
    for listed in &runs {
        let entry = &listed.entry;
        let (run, fold) = drive::fold(&engine, &entry.id)?;
        let state = fold.report(&run, session.now()).state;
        rows.push((entry, run.plan().flow.clone(), state));
    }
    if session.screen.json {
        let rows = rows.iter().map(|(entry, flow, state)| document::RunRow {
            run: entry.id.to_string(),
            project: &entry.project,
            version: &entry.version,
            line: &entry.line,
            flow,
            started: entry.started,
            repository: &entry.repository,
            state: *state,
        });
        session.screen.json(&document::Runs {
            format: document::FORMAT,
            runs: rows.collect(),
        });
        return Ok(());
    }
    if rows.is_empty() {
        session.screen.talk("there are no runs yet");
    }
    let paint = session.screen.out();
    let withdrawn = |project: &str, version: &str| {
        rows.iter().any(|(entry, _, state)| {
            *state == State::Withdrawn && entry.project == project && entry.version == version
        })
    };
    for (entry, flow, state) in &rows {
        let tone = match state {
            State::Released | State::Withdrawn => Tone::Good,
            State::Halted | State::RolledBack => Tone::Bad,
            _ => Tone::Warn,
        };
        let word = match state {
            State::Withdrawn => state.as_str().to_owned(),
            _ if flow == shipway_core::plan::WITHDRAW => {
                format!("withdrawal: {}", state.as_str())
            }
            State::Released | State::Halted if withdrawn(&entry.project, &entry.version) => {
                format!("{}, and withdrawn since", state.as_str())
            }
            _ => state.as_str().to_owned(),
        };
        session.screen.data(&format!(
            "{}  {}  {} {}  {}",
            entry.id.short(),
            entry.started,
            visible(&entry.project),
            visible(&entry.version),
            paint.tone(tone, &word)
        ));
    }
    Ok(())
}

pub fn report(session: &Session, args: &ReportArgs) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find_arg(session, &engine, &args.run)?;
    let (run, fold) = drive::fold(&engine, &id)?;
    let report = fold.report(&run, session.now());
    let path = match &args.output {
        Some(path) => {
            let path = session.directory.join(path);
            fs_err::write(
                &path,
                session.screen.clean(&html::render(run.plan(), &report)),
            )
            .map_err(|error| {
                CommandError::from_error(Exit::Usage, "the page cannot be written", &error)
            })?;
            path
        }
        None => drive::write_page(session, &id, &run, &report)?,
    };
    if session.screen.json {
        session.screen.json(&document::Page {
            format: document::FORMAT,
            path: &path,
        });
    } else {
        session.screen.data(&path.display().to_string());
    }
    Ok(())
}
