//! `shipway withdraw`: what was published by mistake is marked as withdrawn, as far as each place allows it.

use super::{find, repository_of};
use crate::cli::{WithdrawArgs, YankedArgs};
use crate::drive::{self, engine_error};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::{self, Ground};
use crate::output::document;
use crate::output::plan::{Detail, render};
use crate::session::Session;
use shipway_core::event::End;
use shipway_core::planner::{self, Withdrawal};
use shipway_core::redact::visible;
use shipway_core::{Plan, PlanId, Run};
use shipway_engine::Embedded;
use shipway_engine::journal::Standing;
use std::collections::BTreeMap;
use std::path::Path;

/// Longer ones are a matter for the changelog.
const LONGEST_REASON: usize = 300;

pub fn run(session: &Session, args: &WithdrawArgs) -> Result<(), CommandError> {
    let reason = checked_reason(&args.reason)?;
    let engine = drive::open(session)?;
    let id = meant(session, &engine, args.which.as_deref())?;
    let (run, _) = drive::fold(&engine, &id)?;
    refuse_what_is_not_public(&run)?;
    if over_or_under_way(session, &engine, &run)? {
        return Ok(());
    }
    let repository = repository_of(session, &engine, &id)?;
    let instead = instead(&engine, run.plan())?;
    let plan = planned(session, &run, reason, instead.as_deref(), &repository)?;
    if args.plan_only {
        print(session, &plan);
        return Ok(());
    }
    super::release::carry_out(
        session,
        &engine,
        &plan,
        &repository,
        args.yes,
        &args.driving,
    )
}

/// The reason becomes a heading of pages and the subject of mails: one line.
fn checked_reason(text: &str) -> Result<&str, CommandError> {
    let reason = text.trim();
    let fault = if reason.is_empty() {
        "is empty"
    } else if reason.chars().any(char::is_control) || visible(reason) != reason {
        "is more than one line of plain text"
    } else if reason.chars().count() > LONGEST_REASON {
        "is too long: 300 characters are the most"
    } else {
        return Ok(reason);
    };
    Err(CommandError::usage(format!("the reason {fault}"))
        .hinted("users read it at the index, at GitHub and in the announcement: say what is wrong with the version"))
}

/// The run that is meant: by its version, by the beginning of its id, or the project's latest release.
fn meant(
    session: &Session,
    engine: &Embedded,
    which: Option<&str>,
) -> Result<PlanId, CommandError> {
    let project = Ground::look(session)
        .ok()
        .map(|ground| ground.config.project.name);
    let mut releases = Vec::new();
    for listed in engine.runs().map_err(|error| engine_error(&error))? {
        let entry = listed.entry;
        let is_here = project.as_ref().is_none_or(|name| *name == entry.project);
        if is_here && !plan_of(engine, &entry.id)?.is_withdrawal() {
            releases.push((entry, listed.standing));
        }
    }
    let Some(which) = which else {
        return match releases.pop() {
            Some((entry, _)) => Ok(entry.id),
            None => find(session, engine, None),
        };
    };
    let is_version = |version: &str| version == which || which.strip_prefix('v') == Some(version);
    // Of several runs for one version, the one that it is bound to.
    releases.sort_by_key(|(_, standing)| matches!(standing, Standing::Bound | Standing::Released));
    if let Some((entry, _)) = releases
        .iter()
        .rev()
        .find(|(entry, _)| is_version(&entry.version))
    {
        return Ok(entry.id.clone());
    }
    if let Ok(id) = engine.find(which) {
        return Ok(id);
    }
    let known: Vec<&str> = releases
        .iter()
        .filter(|(_, standing)| *standing == Standing::Released)
        .map(|(entry, _)| entry.version.as_str())
        .collect();
    let known = if known.is_empty() {
        "nothing was released from here yet".to_owned()
    } else {
        format!("released from here: {}", known.join(", "))
    };
    Err(
        CommandError::usage(format!("{which} was never released from here"))
            .hinted(known)
            .hinted("what somebody released by hand, or with another journal, is withdrawn by hand")
            .then("shipway runs", "lists all runs"),
    )
}

pub fn plan_of(engine: &Embedded, id: &PlanId) -> Result<Plan, CommandError> {
    let record = engine.record(id).map_err(|error| engine_error(&error))?;
    Ok(record.plan)
}

/// The run that withdraws this version, or has withdrawn it, and whether it is over.
pub fn of_version(
    engine: &Embedded,
    project: &str,
    version: &str,
) -> Result<Option<(PlanId, Standing)>, CommandError> {
    for listed in engine.runs().map_err(|error| engine_error(&error))? {
        let entry = listed.entry;
        if entry.project == project
            && entry.version == version
            && listed.standing != Standing::RolledBack
            && plan_of(engine, &entry.id)?.is_withdrawal()
        {
            return Ok(Some((entry.id, listed.standing)));
        }
    }
    Ok(None)
}

/// The newest release before this one that is not withdrawn too.
fn instead(engine: &Embedded, plan: &Plan) -> Result<Option<String>, CommandError> {
    let runs = engine.runs().map_err(|error| engine_error(&error))?;
    let mut earlier = plan.previous.clone();
    // Each turn goes one release back; there are no more releases than runs.
    for _ in 0..runs.len() {
        let Some(version) = &earlier else {
            break;
        };
        if of_version(engine, &plan.project, version)?.is_none() {
            break;
        }
        let mut before = None;
        for listed in &runs {
            let entry = &listed.entry;
            if entry.project == plan.project && entry.version == *version {
                let found = plan_of(engine, &entry.id)?;
                if !found.is_withdrawal() {
                    before = found.previous;
                }
            }
        }
        earlier = before;
    }
    Ok(earlier)
}

fn refuse_what_is_not_public(run: &Run) -> Result<(), CommandError> {
    let plan = run.plan();
    let (what, id) = (
        format!("{} {}", plan.project, plan.version),
        run.id().short(),
    );
    if plan.is_withdrawal() {
        return Err(
            CommandError::usage(format!("run {id} is itself a withdrawal of {what}"))
                .then(format!("shipway status {id}"), "shows how far it is"),
        );
    }
    if run.end() == Some(End::RolledBack) {
        return Err(CommandError::usage(format!(
            "{what} was taken back before it was released: there is nothing to withdraw"
        ))
        .then(
            "shipway runs",
            "lists all runs; `shipway withdraw VERSION` takes another one",
        ));
    }
    if run.end().is_none() && !run.is_past_the_point_of_no_return() {
        return Err(CommandError::usage(format!(
            "{what} is not released: what was done so far can be taken back"
        ))
        .then(format!("shipway rollback {id}"), "takes back what was done"));
    }
    Ok(())
}

/// True where it is withdrawn already; refused while somebody is at it.
fn over_or_under_way(
    session: &Session,
    engine: &Embedded,
    run: &Run,
) -> Result<bool, CommandError> {
    let plan = run.plan();
    let what = format!("{} {}", plan.project, plan.version);
    match of_version(engine, &plan.project, &plan.version)? {
        Some((_, Standing::Released)) => {
            session
                .screen
                .talk(&format!("{what} is withdrawn already: nothing to do"));
            return Ok(true);
        }
        Some((id, _)) => {
            return Err(CommandError::new(
                Exit::StoppedHalfWay,
                format!("the withdrawal of {what} is not finished"),
            )
            .then(format!("shipway resume {}", id.short()), "goes on with it"));
        }
        None => {}
    }
    let driver = engine
        .driver(run.id())
        .map_err(|error| engine_error(&error))?;
    match driver {
        Some(holder) if run.end().is_none() => Err(CommandError::new(
            Exit::Conflict,
            format!(
                "{what} is being released by process {} on {}",
                holder.pid,
                visible(&holder.host)
            ),
        )
        .hinted("stop it first, with Ctrl-C or SIGTERM, or let it finish")),
        _ => Ok(false),
    }
}

fn planned(
    session: &Session,
    run: &Run,
    reason: &str,
    instead: Option<&str>,
    repository: &Path,
) -> Result<Plan, CommandError> {
    let kinds = |kind: &str| shipway_targets::capability(kind).copied();
    let withdrawal = Withdrawal {
        made_by: env!("CARGO_PKG_VERSION"),
        made_at: session.now(),
        released: run.plan(),
        run: run.id(),
        public: &run.public(),
        reason,
        instead,
        program: &session.program,
        patience: shipway_core::plan::Patience::default(),
    };
    let mut plan = planner::withdraw(&withdrawal, &kinds).map_err(|error| {
        CommandError::from_error(Exit::Internal, "there is no plan to withdraw it", &error)
    })?;
    // A destination that cannot be looked at now keeps nobody from withdrawing.
    let mut surveys = BTreeMap::new();
    for (destination, answer) in look::ask_all(session, repository, &plan) {
        match answer {
            Ok(survey) => drop(surveys.insert(destination.name, survey)),
            Err(failure) => plan
                .warnings
                .push(format!("{}: {}", destination.name, failure.message)),
        }
    }
    Ok(planner::with_surveys(plan, &surveys))
}

fn print(session: &Session, plan: &Plan) {
    let screen = &session.screen;
    if screen.json {
        screen.json(&document::Planned {
            format: document::FORMAT,
            id: plan.id().to_string(),
            plan,
        });
    } else {
        screen.data(&render(plan, Detail::Full, screen.out()));
    }
}

/// `shipway probe yanked`: succeeds once nobody gets the version without asking for it.
pub fn probe_yanked(session: &Session, args: &YankedArgs) -> Result<(), CommandError> {
    let open = shipway_targets::pypi::not_yanked(&args.index, &args.project, &args.version)
        .map_err(|failure| {
            let error = CommandError::new(Exit::GateFailed, "the index could not be looked at");
            let mut error = error;
            error.causes.push(failure.message);
            error.hints.extend(failure.hint);
            error
        })?;
    let what = format!("{} {}", args.project, args.version);
    if open.is_empty() {
        session
            .screen
            .talk(&format!("{what}: every file is yanked, or gone"));
        return Ok(());
    }
    let mut error = CommandError::new(Exit::GateFailed, format!("{what} is not yanked"));
    error.causes = open;
    Err(error)
}
