//! One file per group of commands.

mod change;
mod changelog;
mod check;
mod ci;
mod decide;
mod history;
mod init;
mod inspect;
mod plan;
mod release;
pub mod train;
mod verify;
mod version;
mod withdraw;

use crate::cli::{Command, Probe, RunArg};
use crate::drive;
use crate::error::CommandError;
use crate::look::Ground;
use crate::session::Session;
use shipway_core::PlanId;
use shipway_core::event::Decision;
use shipway_engine::Embedded;
use std::path::PathBuf;

/// Carries out a command. What it prints is data; what it says goes to standard error.
pub fn run(session: &Session, command: Command) -> Result<(), CommandError> {
    match command {
        Command::Init(args) => init::run(session, &args),
        Command::Check(args) => check::run(session, &args),
        Command::Plan(args) => plan::run(session, &args),
        Command::Release(args) => release::run(session, &args),
        Command::Resume(args) => release::resume(session, &args),
        Command::Rollback(args) => release::rollback(session, &args),
        Command::Status(args) => inspect::status(session, &args),
        Command::Log(args) => inspect::log(session, &args),
        Command::Runs => inspect::runs(session),
        Command::Report(args) => inspect::report(session, &args),
        Command::Approve(args) => decide::run(session, &args, Decision::Approve),
        Command::Reject(args) => decide::run(session, &args, Decision::Reject),
        Command::Done(args) => decide::run(session, &args, Decision::Done),
        Command::Repeat(args) => decide::run(session, &args, Decision::Repeat),
        Command::Verify(args) => verify::run(session, &args),
        Command::Ci(args) => ci::run(session, &args),
        Command::Withdraw(args) => withdraw::run(session, &args),
        Command::Probe(Probe::Yanked(args)) => withdraw::probe_yanked(session, &args),
        Command::Changelog(args) => changelog::run(session, &args),
        Command::History(args) => history::run(session, &args),
        Command::Change(command) => change::run(session, &command),
        Command::Version(args) => version::run(session, &args),
        Command::Train(args) => train::run(session, &args),
        Command::Completions { shell } => {
            ci::completions(session, shell);
            Ok(())
        }
    }
}

/// The run that is meant: the one whose id begins like this, or the project's latest.
fn find(
    session: &Session,
    engine: &Embedded,
    begins: Option<&str>,
) -> Result<PlanId, CommandError> {
    if let Some(begins) = begins {
        return engine
            .find(begins)
            .map_err(|error| drive::engine_error(&error));
    }
    let project = Ground::look(session)
        .ok()
        .map(|ground| ground.config.project.name);
    let latest = match &project {
        Some(project) => engine
            .latest(project)
            .map_err(|error| drive::engine_error(&error))?,
        // Outside of any project: the latest run of all.
        None => {
            let runs = engine.runs().map_err(|error| drive::engine_error(&error))?;
            runs.last().map(|listed| listed.entry.id.clone())
        }
    };
    latest.ok_or_else(|| {
        let of = project
            .map(|project| format!(" of {project}"))
            .unwrap_or_default();
        CommandError::usage(format!("there is no run{of} yet"))
            .then("shipway release", "starts one")
    })
}

fn find_arg(session: &Session, engine: &Embedded, run: &RunArg) -> Result<PlanId, CommandError> {
    find(session, engine, run.run.as_deref())
}

/// The repository that a run works on: the one we are in, if it is of the same project, or else where it was started.
fn repository_of(
    session: &Session,
    engine: &Embedded,
    run: &PlanId,
) -> Result<PathBuf, CommandError> {
    let record = engine
        .record(run)
        .map_err(|error| drive::engine_error(&error))?;
    if let Ok(ground) = Ground::look(session)
        && ground.config.project.name == record.plan.project
    {
        return Ok(ground.top().to_path_buf());
    }
    let recorded = PathBuf::from(&record.entry.repository);
    if recorded.is_dir() {
        return Ok(recorded);
    }
    Err(CommandError::usage(format!(
        "the repository of run {} is not at {} any more",
        run.short(),
        recorded.display()
    ))
    .hinted("go to a clone of it, or name one with -C DIR"))
}
