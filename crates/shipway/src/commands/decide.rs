//! `shipway approve`, `reject`, `done` and `repeat`: what people say.

use super::find;
use crate::cli::DecideArgs;
use crate::drive::{self, engine_error};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::Ground;
use crate::output::{Tone, document, status};
use crate::session::Session;
use shipway_core::StepId;
use shipway_core::event::Decision;
use shipway_core::redact::visible;
use shipway_core::report::{AskReport, Report};
use shipway_engine::{Engine, Said};

pub fn run(session: &Session, args: &DecideArgs, decision: Decision) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find(session, &engine, args.run.as_deref())?;
    let (run, fold) = drive::fold(&engine, &id)?;
    let report = fold.report(&run, session.now());
    let ask = asked(&report, args.step.as_deref(), decision)?;
    if let Some(wanted) = &args.subject {
        let subject = ask.subject.as_deref().unwrap_or_default();
        if subject.is_empty() || !subject.starts_with(wanted.as_str()) {
            return Err(CommandError::new(
                Exit::Conflict,
                format!(
                    "{} is about {subject} now, and not about {wanted}",
                    ask.step
                ),
            )
            .then(
                format!("shipway status {}", id.short()),
                "shows what is asked now",
            ));
        }
    }
    let by = match &args.who {
        Some(name) => name.clone(),
        None => who(session),
    };
    if by.trim().is_empty() || by.chars().any(char::is_control) {
        return Err(CommandError::usage(
            "the name of who decides is empty or holds control characters",
        ));
    }
    let said = Said {
        step: &ask.step,
        decision,
        by: &by,
        note: args.note.as_deref(),
        at: session.now(),
    };
    engine
        .decide(&id, &said)
        .map_err(|error| engine_error(&error))?;
    let word = format!("{decision:?}").to_lowercase();
    if session.screen.json {
        session.screen.json(&document::Decided {
            format: document::FORMAT,
            run: id.to_string(),
            step: &ask.step,
            decision: &word,
            by: &by,
            subject: ask.subject.as_deref(),
        });
    }
    let paint = session.screen.err();
    session.screen.talk(&format!(
        "{} {}: {word} by {}",
        paint.tone(Tone::Good, "✓"),
        ask.step,
        visible(&by)
    ));
    if engine
        .driver(&id)
        .map_err(|error| engine_error(&error))?
        .is_none()
    {
        session
            .screen
            .talk(&format!("next:\n  shipway resume {}   goes on", id.short()));
    }
    Ok(())
}

/// The name that git knows, or that of the user of this machine.
fn who(session: &Session) -> String {
    let git = Ground::look(session)
        .ok()
        .and_then(|ground| ground.repository.author().ok());
    git.map_or_else(
        || session.user(),
        |person| format!("{} <{}>", person.name, person.email),
    )
}

/// The step that is meant: the named one, or the only one that asks for such a decision.
fn asked(
    report: &Report,
    step: Option<&str>,
    decision: Decision,
) -> Result<AskReport, CommandError> {
    let fits = |ask: &&AskReport| match decision {
        Decision::Approve => ask.kind == "approve",
        Decision::Reject => ask.kind != "lost",
        Decision::Done => ask.kind != "approve",
        Decision::Repeat => ask.kind == "lost",
    };
    let run: String = report.run.chars().take(12).collect();
    if let Some(step) = step {
        let id = StepId::new(step).map_err(|error| CommandError::usage(error.to_string()))?;
        let Some(ask) = report.asks.iter().find(|ask| ask.step == id) else {
            let state = match report.step(&id) {
                None => "there is no such step".to_owned(),
                Some(step) => format!("it is {}", status::sign(&step.view).2),
            };
            return Err(
                CommandError::usage(format!("nobody is asked at {id}: {state}"))
                    .then(format!("shipway status {run}"), "shows every step"),
            );
        };
        return Ok(ask.clone());
    }
    let mut fitting = report.asks.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(ask), None) => Ok(ask.clone()),
        (None, _) => {
            let mut error = CommandError::usage(format!(
                "{} {} asks nobody for that: it is {}",
                report.project,
                report.version,
                report.state.as_str()
            ));
            for ask in &report.asks {
                let command = if ask.kind == "approve" {
                    "approve"
                } else {
                    "done"
                };
                error = error.then(format!("shipway {command} {}", ask.step), ask.title.clone());
            }
            Err(error.then(format!("shipway status {run}"), "shows every step"))
        }
        (Some(_), Some(_)) => {
            let mut error = CommandError::usage("several steps ask: name one");
            error.causes = report
                .asks
                .iter()
                .filter(fits)
                .map(|ask| format!("{}: {}", ask.step, ask.title))
                .collect();
            Err(error)
        }
    }
}
