//! `shipway release`, `resume` and `rollback`: the commands that drive a run.

use super::{find_arg, repository_of};
use crate::cli::{Driving, ReleaseArgs, ResumeArgs, RollbackArgs};
use crate::drive::{self, engine_error};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::{self, Ground};
use crate::output::document;
use crate::output::plan::{Detail, render};
use crate::session::Session;
use crate::world;
use shipway_core::event::End;
use shipway_core::planner;
use shipway_core::{Plan, PlanId};
use shipway_engine::{Embedded, Engine, Start, Started};
use std::path::Path;

pub fn run(session: &Session, args: &ReleaseArgs) -> Result<(), CommandError> {
    let (plan, top) = if let Some(path) = &args.plan {
        planned(session, path)?
    } else {
        let ground = Ground::look(session)?;
        let engine = drive::open(session)?;
        refuse_unfinished(session, &engine, &ground.config.project.name, None)?;
        if let Some(tag) = &args.version.tag
            && is_released(session, &engine, &ground, tag)?
        {
            return Ok(());
        }
        (
            look::plan(session, &args.version)?,
            ground.top().to_path_buf(),
        )
    };
    let engine = drive::open(session)?;
    let id = plan.id();
    refuse_unfinished(session, &engine, &plan.project, Some(&id))?;
    if joined_and_over(session, &engine, &id)? {
        return Ok(());
    }
    if engine.find(id.0.as_str()).is_ok() {
        refuse_withdrawn(&engine, &id)?;
    }
    carry_out(session, &engine, &plan, &top, args.yes, &args.driving)
}

/// Whether a run of this journal released what the tag names: CI that runs once more has nothing to do.
fn is_released(
    session: &Session,
    engine: &Embedded,
    ground: &Ground,
    tag: &str,
) -> Result<bool, CommandError> {
    let project = &ground.config.project;
    let Some(version) = ground.pattern.version(tag, project.scheme) else {
        return Ok(false);
    };
    for listed in engine.runs().map_err(|error| engine_error(&error))? {
        let entry = &listed.entry;
        if entry.project != project.name || entry.version != version.to_string() {
            continue;
        }
        let (run, _) = drive::fold(engine, &entry.id)?;
        if run.end() == Some(End::Released) && run.plan().flow == "release" {
            return joined_and_over(session, engine, &entry.id);
        }
    }
    Ok(false)
}

/// Shows a plan, asks, enters it into the journal and drives it.
pub(super) fn carry_out(
    session: &Session,
    engine: &Embedded,
    plan: &Plan,
    top: &Path,
    yes: bool,
    driving: &Driving,
) -> Result<(), CommandError> {
    refuse_without_secrets(session, top, plan)?;
    let screen = &session.screen;
    if !screen.json {
        screen.talk(&render(plan, Detail::Brief, screen.err()));
    }
    if screen.interactive && !yes && !screen.confirm("\nstart?") {
        return Err(
            CommandError::new(Exit::WaitingForPerson, "nothing was started").then(
                "shipway plan",
                "shows everything, with every edit and command",
            ),
        );
    }
    screen.talk("");
    let started = engine
        .start(&Start {
            plan,
            repository: &top.display().to_string(),
            who: &world::who(session),
            at: session.now(),
        })
        .map_err(|error| engine_error(&error))?;
    if started == Started::Joined {
        screen.talk("this plan was started before: going on with its run");
    }
    drive::drive(session, engine, &plan.id(), top, driving)
}

/// Reads a plan that was written before, and refuses it where the world has moved since.
fn planned(session: &Session, path: &Path) -> Result<(Plan, std::path::PathBuf), CommandError> {
    let path = session.directory.join(path);
    let bytes = fs_err::read(&path).map_err(|error| {
        CommandError::from_error(Exit::Usage, "the plan cannot be read", &error)
    })?;
    let plan = Plan::from_json(&bytes).map_err(|error| {
        CommandError::from_error(
            Exit::Usage,
            format!("{} cannot be carried out", path.display()),
            &error,
        )
        .hinted("plans are written by `shipway plan -o FILE` and are not edited by hand")
    })?;
    let ground = Ground::look(session)?;
    let engine = drive::open(session)?;
    // A plan that was started has moved the world itself.
    if engine.find(plan.id().0.as_str()).is_err() {
        refuse_moved(session, &ground, &plan)?;
    }
    Ok((plan, ground.top().to_path_buf()))
}

fn refuse_moved(session: &Session, ground: &Ground, plan: &Plan) -> Result<(), CommandError> {
    let mut changes = Vec::new();
    if plan.project != ground.config.project.name {
        return Err(CommandError::usage(format!(
            "the plan is for {}, and this is {}",
            plan.project, ground.config.project.name
        )));
    }
    if planner::config_digest(&ground.config_text) != plan.source.config {
        changes.push("shipway.toml is not the one that the plan was made from".to_owned());
    }
    let tip = ground.reference(&plan.source.branch)?;
    if tip.as_ref() != Some(&plan.source.head) && plan.tag.is_some() {
        let now = tip.map_or("gone".to_owned(), |tip| format!("at {}", tip.abbreviated()));
        changes.push(format!(
            "{} was at {} and is {now}",
            plan.source.branch.short(),
            plan.source.head.abbreviated()
        ));
    }
    changes.extend(look::moved(session, ground.top(), plan)?);
    if changes.is_empty() {
        return Ok(());
    }
    let mut error = CommandError::new(
        Exit::Conflict,
        "the world has moved since the plan was made",
    );
    error.causes = changes;
    Err(error
        .hinted("nothing was done; approvals of this plan are void")
        .then("shipway plan", "makes a new plan of what is there now"))
}

/// A release that will lack a secret half way is not begun.
fn refuse_without_secrets(session: &Session, top: &Path, plan: &Plan) -> Result<(), CommandError> {
    let missing = look::missing_secrets(session, top, plan);
    if missing.is_empty() {
        return Ok(());
    }
    let mut error = CommandError::usage("secrets are missing, and nothing was started");
    for (_, failure) in missing {
        error.causes.push(failure.message);
        error.hints.extend(failure.hint);
    }
    Err(error.then("shipway check", "looks for everything that a release needs"))
}

/// One run at a time: an unfinished one is finished or taken back first.
pub fn refuse_unfinished(
    session: &Session,
    engine: &Embedded,
    project: &str,
    except: Option<&PlanId>,
) -> Result<(), CommandError> {
    for listed in engine
        .runs()
        .map_err(|error| engine_error(&error))?
        .iter()
        .rev()
    {
        let entry = &listed.entry;
        let over = matches!(
            listed.standing,
            shipway_engine::journal::Standing::Released
                | shipway_engine::journal::Standing::RolledBack
        );
        if entry.project != project || over || Some(&entry.id) == except {
            continue;
        }
        let (run, fold) = drive::fold(engine, &entry.id)?;
        let report = fold.report(&run, session.now());
        // A version that is withdrawn stands in nobody's way, and neither does its withdrawal.
        let is_withdrawn = || super::withdraw::of_version(engine, project, &entry.version);
        if run.plan().is_withdrawal() || is_withdrawn()?.is_some() {
            continue;
        }
        let run = entry.id.short();
        let error = CommandError::new(
            Exit::StoppedHalfWay,
            format!(
                "{project} {} is not finished: {}",
                entry.version,
                report.state.as_str()
            ),
        )
        .then(format!("shipway resume {run}"), "goes on with it");
        return Err(if report.past_the_point_of_no_return {
            drive::or_withdraw(error, run)
        } else {
            error.then(format!("shipway rollback {run}"), "takes back what it did")
        });
    }
    Ok(())
}

/// A plan whose run is over has nothing left to do.
fn joined_and_over(
    session: &Session,
    engine: &Embedded,
    id: &PlanId,
) -> Result<bool, CommandError> {
    if engine.find(id.0.as_str()).is_err() {
        return Ok(false);
    }
    let (run, fold) = drive::fold(engine, id)?;
    match run.end() {
        None => Ok(false),
        Some(End::Released) => {
            let report = fold.report(&run, session.now());
            if session.screen.json {
                session.screen.json_line(&document::Reported {
                    format: document::FORMAT,
                    report: &report,
                });
            }
            session.screen.talk(&format!(
                "{} {} is {} already: nothing to do",
                report.project,
                report.version,
                report.state.as_str()
            ));
            Ok(true)
        }
        Some(End::RolledBack) => Err(CommandError::new(
            Exit::GateFailed,
            "this plan was carried out before and taken back",
        )
        .then("shipway plan", "makes a new one")),
    }
}

pub fn resume(session: &Session, args: &ResumeArgs) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find_arg(session, &engine, &args.run)?;
    if joined_and_over(session, &engine, &id)? {
        return Ok(());
    }
    refuse_withdrawn(&engine, &id)?;
    let repository = repository_of(session, &engine, &id)?;
    drive::drive(session, &engine, &id, &repository, &args.driving)
}

/// What is being withdrawn is not published further.
fn refuse_withdrawn(engine: &Embedded, id: &PlanId) -> Result<(), CommandError> {
    let (run, _) = drive::fold(engine, id)?;
    let plan = run.plan();
    if plan.is_withdrawal() {
        return Ok(());
    }
    let Some((withdrawal, _)) = super::withdraw::of_version(engine, &plan.project, &plan.version)?
    else {
        return Ok(());
    };
    Err(CommandError::new(
        Exit::Conflict,
        format!(
            "{} {} is withdrawn, or about to be",
            plan.project, plan.version
        ),
    )
    .then(
        format!("shipway status {}", withdrawal.short()),
        "shows how far that is",
    )
    .then("shipway release", "releases a higher version"))
}

pub fn rollback(session: &Session, args: &RollbackArgs) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    let id = find_arg(session, &engine, &args.run)?;
    let (run, fold) = drive::fold(&engine, &id)?;
    let report = fold.report(&run, session.now());
    let what = format!("{} {}", report.project, report.version);
    match run.end() {
        Some(End::RolledBack) => {
            session
                .screen
                .talk(&format!("{what} is rolled back already: nothing to do"));
            return Ok(());
        }
        Some(End::Released) => {
            let word = report.state.as_str();
            let error = CommandError::usage(format!("{what} is {word}, and cannot be rolled back"))
                .hinted("what is public stays public: release a higher version");
            return Err(if run.plan().is_withdrawal() {
                error
            } else {
                drive::or_withdraw(error, id.short())
            });
        }
        None => {}
    }
    if run.is_past_the_point_of_no_return() {
        let mut error = CommandError::new(
            Exit::Conflict,
            format!("{what} is past the point of no return, and cannot be rolled back"),
        );
        error.causes.push(
            crate::output::status::public(&report, crate::output::Paint::PLAIN)
                .trim_end()
                .to_owned(),
        );
        let error = error.then(
            format!("shipway resume {}", id.short()),
            "looks at what is there and goes on",
        );
        return Err(if run.plan().is_withdrawal() {
            error
        } else {
            drive::or_withdraw(error, id.short())
        });
    }
    let repository = repository_of(session, &engine, &id)?;
    if !run.is_undoing() {
        let why = args
            .note
            .clone()
            .unwrap_or_else(|| format!("{} asked for it", session.user()));
        engine
            .undo(&id, &why, session.now())
            .map_err(|error| engine_error(&error))?;
    }
    let driving = Driving {
        wait: false,
        jobs: None,
    };
    let outcome = drive::drive(session, &engine, &id, &repository, &driving);
    let (run, _) = drive::fold(&engine, &id)?;
    match run.end() {
        // Taken back is what was asked for.
        Some(End::RolledBack) => Ok(()),
        _ => outcome,
    }
}
