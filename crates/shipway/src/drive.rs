//! Driving a run from a command: signals, live progress, questions, and the right last words.

use crate::cli::Driving;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::progress::Progress;
use crate::output::{Tone, document, html, status};
use crate::session::Session;
use crate::signals;
use crate::world::{RealWorld, run_directory};
use shipway_core::event::Decision;
use shipway_core::redact::visible;
use shipway_core::report::{AskReport, Fold, Report, State};
use shipway_core::run::{Rest, StepView};
use shipway_core::{PlanId, Run};
use shipway_engine::{Drive, Embedded, Engine, EngineError, JournalError, Said, Stop, WhenAsked};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens the engine in the session's state directory.
pub fn open(session: &Session) -> Result<Embedded, CommandError> {
    let engine = Embedded::open(&session.state).map_err(|error| engine_error(&error))?;
    #[cfg(feature = "crash-points")]
    if let Some(text) = session.variable("SHIPWAY_CRASH_AT") {
        let plan = text.parse().map_err(|error| {
            CommandError::from_error(Exit::Usage, "SHIPWAY_CRASH_AT cannot be read", &error)
        })?;
        return Ok(engine.crashing(plan));
    }
    Ok(engine)
}

/// Drives a run until it is over, stops, or waits for people that nobody here can ask.
pub fn drive(
    session: &Session,
    engine: &Embedded,
    run: &PlanId,
    repository: &Path,
    driving: &Driving,
) -> Result<(), CommandError> {
    let stop = Arc::new(Stop::default());
    let kill = Arc::new(AtomicBool::new(false));
    signals::listen(stop.clone(), kill.clone())?;
    let (folded, fold) = fold(engine, run)?;
    let progress = Arc::new(Mutex::new(Progress::new(&session.screen, &folded, fold)));
    let lines = {
        let progress = progress.clone();
        Box::new(move |step: &shipway_core::StepId, line: &str| lock(&progress).output(step, line))
    };
    let world = RealWorld::new(session, run, repository, lines, kill).map_err(|error| {
        CommandError::from_error(Exit::Internal, "the artifact store cannot be used", &error)
    })?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let limit = driving
        .jobs
        .and_then(|jobs| NonZeroUsize::new(usize::from(jobs)))
        .unwrap_or(cores);
    let asked = if driving.wait && !session.screen.interactive {
        WhenAsked::Wait
    } else {
        WhenAsked::Return
    };
    loop {
        let driven = engine.drive(
            run,
            Drive {
                world: &world,
                observer: &mut |event, run| lock(&progress).event(event, run),
                stop: &stop,
                limit,
                asked,
            },
        );
        lock(&progress).clear();
        let driven = driven.map_err(|error| drive_error(session, engine, run, &error))?;
        let report = lock(&progress).report(&driven.run, session.now());
        if driven.rest == Rest::Waiting
            && session.screen.interactive
            && answer(session, engine, run, &report, &progress)?
        {
            continue;
        }
        let page = write_page(session, run, &driven.run, &report)?;
        return last_words(session, &report, &page);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run with what its events say.
pub fn fold(engine: &Embedded, run: &PlanId) -> Result<(Run, Fold), CommandError> {
    let record = engine.record(run).map_err(|error| engine_error(&error))?;
    let mut folded = Run::new(record.plan);
    let mut fold = Fold::default();
    for event in &record.events {
        folded.apply(event).map_err(|error| {
            CommandError::from_error(
                Exit::Internal,
                format!("run {} cannot be read", run.short()),
                &error,
            )
        })?;
        fold.add(event, &folded);
    }
    Ok((folded, fold))
}

/// Writes the HTML page beside the run's logs.
pub fn write_page(
    session: &Session,
    id: &PlanId,
    run: &Run,
    report: &Report,
) -> Result<PathBuf, CommandError> {
    let directory = run_directory(session, id);
    fs_err::create_dir_all(&directory)?;
    let path = directory.join("report.html");
    fs_err::write(
        &path,
        session.screen.clean(&html::render(run.plan(), report)),
    )?;
    Ok(path)
}

/// Asks the person at the terminal. Whether anything was decided.
fn answer(
    session: &Session,
    engine: &Embedded,
    run: &PlanId,
    report: &Report,
    progress: &Mutex<Progress>,
) -> Result<bool, CommandError> {
    let mut decided = false;
    for ask in &report.asks {
        let Some((decision, note)) = ask_person(session, report, ask) else {
            continue;
        };
        let said = Said {
            step: &ask.step,
            decision,
            by: &session.user(),
            note: note.as_deref(),
            at: session.now(),
        };
        engine
            .decide(run, &said)
            .map_err(|error| engine_error(&error))?;
        decided = true;
    }
    if decided {
        let (folded, fold) = fold(engine, run)?;
        lock(progress).catch_up(fold, &folded);
    }
    Ok(decided)
}

fn ask_person(
    session: &Session,
    report: &Report,
    ask: &AskReport,
) -> Option<(Decision, Option<String>)> {
    let screen = &session.screen;
    let paint = screen.err();
    let title = paint.tone(Tone::Strong, &visible(&ask.title));
    match ask.kind {
        "approve" => {
            screen.talk(&format!("\n{title}"));
            for artifact in &report.artifacts {
                screen.talk(&format!(
                    "  {}  {}  {} bytes",
                    artifact.digest,
                    visible(&artifact.name),
                    artifact.size
                ));
            }
            screen.talk(&format!(
                "  subject {}",
                ask.subject.as_deref().unwrap_or_default()
            ));
            match screen
                .ask("approve, reject, or later? [a/r/L]")?
                .to_lowercase()
                .as_str()
            {
                "a" | "approve" => Some((Decision::Approve, None)),
                "r" | "reject" => Some((
                    Decision::Reject,
                    screen.ask("why?").filter(|why| !why.is_empty()),
                )),
                _ => None,
            }
        }
        "task" => {
            screen.talk(&format!("\n{title}"));
            match screen
                .ask("done, cannot be done, or later? [d/c/L]")?
                .to_lowercase()
                .as_str()
            {
                "d" | "done" => Some((
                    Decision::Done,
                    screen.ask("note?").filter(|note| !note.is_empty()),
                )),
                "c" => Some((
                    Decision::Reject,
                    screen.ask("why?").filter(|why| !why.is_empty()),
                )),
                _ => None,
            }
        }
        _ => {
            screen.talk(&format!(
                "\n{title}\nits answer was lost: it may or may not have happened"
            ));
            match screen
                .ask("it happened, do it again, or later? [h/a/L]")?
                .to_lowercase()
                .as_str()
            {
                "h" => Some((Decision::Done, None)),
                "a" => Some((Decision::Repeat, None)),
                _ => None,
            }
        }
    }
}

/// What a person sees last, and the exit code.
fn last_words(session: &Session, report: &Report, page: &Path) -> Result<(), CommandError> {
    let screen = &session.screen;
    if screen.json {
        screen.json_line(&document::Reported {
            format: document::FORMAT,
            report,
        });
    }
    screen.talk("");
    screen.talk(status::public(report, screen.err()).trim_end());
    screen.talk(&format!("report: {}", page.display()));
    match report.state {
        State::Released | State::Withdrawn => {
            let word = report.state.as_str();
            let text = format!("{} {} is {word}", report.project, report.version);
            screen.talk(&screen.err().tone(Tone::Good, &visible(&text)));
            let noted: Vec<_> = report
                .steps
                .iter()
                .filter(|step| matches!(step.view, StepView::Noted { .. }))
                .collect();
            for step in noted {
                screen.talk(&status::step_line(step, 0, screen.err()));
            }
            Ok(())
        }
        _ => Err(stopped(report)),
    }
}

/// With the other way on from where nothing can be taken back any more.
pub fn or_withdraw(error: CommandError, run: &str) -> CommandError {
    error.then(
        format!("shipway withdraw {run} --reason TEXT"),
        "marks what is public as withdrawn, and tells users",
    )
}

/// Why the run is not released, what is missing, and what to type.
pub fn stopped(report: &Report) -> CommandError {
    let run: String = report.run.chars().take(12).collect();
    let withdraws = report.flow == shipway_core::plan::WITHDRAW;
    let what = if withdraws {
        format!("the withdrawal of {} {}", report.project, report.version)
    } else {
        format!("{} {}", report.project, report.version)
    };
    let failed = report.steps.iter().find(|step| {
        matches!(
            step.view,
            StepView::Failed { .. }
                | StepView::Conflict { .. }
                | StepView::Limbo
                | StepView::Doubtful
        )
    });
    let conflict = failed.is_some_and(|step| matches!(step.view, StepView::Conflict { .. }));
    let mut error = match report.state {
        State::WaitingForPerson => waiting(report, &what, &run),
        State::RolledBack => {
            let exit = if conflict {
                Exit::Conflict
            } else {
                Exit::GateFailed
            };
            let word = if withdraws { "done" } else { "released" };
            CommandError::new(
                exit,
                format!("{what} is not {word}; what was done is taken back"),
            )
            .then("shipway plan", "makes a new plan, once the cause is mended")
        }
        _ => {
            let exit = if conflict {
                Exit::Conflict
            } else {
                Exit::StoppedHalfWay
            };
            let mut error = CommandError::new(exit, format!("{what} stopped half way"));
            let open: Vec<&str> = status::missing(report)
                .iter()
                .map(|step| step.id.as_str())
                .collect();
            if !open.is_empty() {
                error
                    .causes
                    .push(format!("not done yet: {}", open.join(", ")));
            }
            let error = error.then(
                format!("shipway resume {run}"),
                "looks at what is there and goes on",
            );
            if report.past_the_point_of_no_return {
                let error = error.hinted("what is public cannot be deleted");
                if withdraws {
                    error
                } else {
                    or_withdraw(error, &run)
                }
            } else {
                error.then(
                    format!("shipway rollback {run}"),
                    "takes back what was done",
                )
            }
        }
    };
    if let Some(step) = failed {
        let (_, _, word) = status::sign(&step.view);
        error.causes.insert(0, format!("{}: {word}", step.id));
        if let StepView::Failed { failure, tail, .. } = &step.view {
            for line in tail {
                error.causes.push(format!("│ {line}"));
            }
            error.hints.extend(failure.hint.clone());
            if !tail.is_empty() {
                error = error.then(
                    format!("shipway log {run} --step {}", step.id),
                    "prints all of its output",
                );
            }
        }
    } else if let Some(reason) = &report.undo_reason {
        error.causes.insert(0, reason.clone());
    }
    error
}

fn waiting(report: &Report, what: &str, run: &str) -> CommandError {
    let mut error = CommandError::new(Exit::WaitingForPerson, format!("{what} waits for a person"));
    for ask in &report.asks {
        let who = ask
            .who
            .as_deref()
            .map(|who| format!(" ({who})"))
            .unwrap_or_default();
        error
            .causes
            .push(format!("{}: {}{who}", ask.step, ask.title));
        if let Some(subject) = &ask.subject {
            let quorum = if ask.quorum > 1 {
                format!(", {} of {} given", ask.given, ask.quorum)
            } else {
                String::new()
            };
            error
                .causes
                .push(format!("  approves subject {subject}{quorum}"));
        }
        let command = match ask.kind {
            "approve" => "approve",
            _ => "done",
        };
        error = error.then(
            format!("shipway {command} {} --run {run}", ask.step),
            format!("says so for {}", ask.step),
        );
        if ask.kind == "approve" {
            error = error.then(
                format!("shipway reject {} --run {run}", ask.step),
                "takes everything back",
            );
        }
    }
    error.then(format!("shipway resume {run}"), "goes on after that")
}

/// A failure of the engine while it drove: the journal says how far the run is.
fn drive_error(
    session: &Session,
    engine: &Embedded,
    run: &PlanId,
    error: &EngineError,
) -> CommandError {
    let mut failed = engine_error(error);
    if let Ok((folded, fold)) = fold(engine, run) {
        let report = fold.report(&folded, session.now());
        failed.causes.push(
            status::public(&report, crate::output::Paint::PLAIN)
                .trim_end()
                .to_owned(),
        );
    }
    failed.then(
        format!("shipway resume {}", run.short()),
        "looks at what is there and goes on",
    )
}

/// The exit code and the hint of an engine's error.
pub fn engine_error(error: &EngineError) -> CommandError {
    let exit = match error {
        EngineError::NoSuchRun(_)
        | EngineError::Ambiguous { .. }
        | EngineError::NotAsked { .. }
        | EngineError::NotUndone { .. }
        | EngineError::Plan(_) => Exit::Usage,
        EngineError::Journal(
            JournalError::VersionTaken { .. } | JournalError::Held(_) | JournalError::Fenced { .. },
        ) => Exit::Conflict,
        _ => Exit::Internal,
    };
    CommandError::of(exit, error, error.hint())
}
