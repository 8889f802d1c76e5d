//! Looking at everything that a plan depends on, and making the plan of it. Changes nothing.

mod components;
mod dependents;
mod destinations;
mod edits;
mod indexes;
mod intent;
mod log;
mod product;
mod pulls;
mod repository;
mod scene;
mod version;

pub use components::{components, names, newest_release};
pub use destinations::{ask_all, moved, refuse_taken};
pub use edits::{changelog_error, look_of};
pub use intent::{files as change_files, news};
pub use log::Told;
pub use product::{Past, Product};
pub use repository::{Ground, history_error};
pub use scene::Scene;
pub use version::{Next, Wish, channel, line, next};

use crate::cli::VersionArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::interpreter;
use crate::session::Session;
use shipway_core::plan::Action;
use shipway_core::planner::{self, Facts, Interpreter, PlannerError};
use shipway_core::secret::SecretName;
use shipway_core::{Config, Failure, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// The plan that these arguments ask for, with what stands at its destinations now.
pub fn plan(session: &Session, args: &VersionArgs) -> Result<Plan, CommandError> {
    let ground = Ground::look_for(session, args)?;
    let plan = plan_on(session, &ground, args)?;
    let plan = destinations::survey(session, ground.top(), plan)?;
    refuse_taken(&plan)?;
    Ok(plan)
}

/// A plan that was made without looking at its destinations, with what stands there now.
pub fn surveyed(
    session: &Session,
    repository: &std::path::Path,
    plan: Plan,
) -> Result<Plan, CommandError> {
    let plan = destinations::survey(session, repository, plan)?;
    refuse_taken(&plan)?;
    Ok(plan)
}

/// The same without a look at any destination.
pub fn plan_blind(session: &Session, args: &VersionArgs) -> Result<Plan, CommandError> {
    plan_on(session, &Ground::look_for(session, args)?, args)
}

fn plan_on(session: &Session, ground: &Ground, args: &VersionArgs) -> Result<Plan, CommandError> {
    let (interpreters, facts) = std::thread::scope(|scope| {
        let config = &ground.config;
        let looking = scope.spawn(|| interpreters(config, &session.environment));
        let facts = facts(session, ground, args);
        (looking.join().unwrap_or_default(), facts)
    });
    let facts = Facts {
        interpreters,
        ..facts?
    };
    let kinds = |kind: &str| shipway_targets::capability(kind).copied();
    planner::plan(&ground.config, &facts, &kinds).map_err(|error| planner_error(&error))
}

fn facts(session: &Session, ground: &Ground, args: &VersionArgs) -> Result<Facts, CommandError> {
    let decided = if let Some(tag) = &args.tag {
        version::from_tag(ground, tag)?
    } else {
        ground.must_be_releasable()?;
        version::decide(session, ground, args)?
    };
    edits::facts(session, ground, decided)
}

/// Secrets that the plan's steps name and that cannot be had now, each with why. Those that are minted in CI are not asked for.
pub fn missing_secrets(
    session: &Session,
    repository: &std::path::Path,
    plan: &Plan,
) -> Vec<(SecretName, Failure)> {
    let mut names = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| step.skip.is_none()) {
        match &step.action {
            Action::Run(script) => names.extend(script.secrets.values()),
            Action::Publish(publish) => names.extend(&publish.target.secret),
            _ => {}
        }
    }
    let secrets = crate::world::context(session, repository).secrets;
    names
        .into_iter()
        .filter(|name| !name.0.starts_with("oidc:"))
        .filter_map(|name| Some((name.clone(), secrets.resolve(name).err()?)))
        .collect()
}

/// Every interpreter that the configuration names, looked for side by side.
pub fn interpreters(
    config: &Config,
    environment: &BTreeMap<String, String>,
) -> BTreeMap<String, Interpreter> {
    let checks = config.checks.iter().flat_map(|check| &check.python);
    let tries = config.tries.iter().flat_map(|attempt| &attempt.python);
    let wanted: BTreeSet<&String> = checks.chain(tries).collect();
    std::thread::scope(|scope| {
        let looking: Vec<_> = wanted
            .into_iter()
            .map(|version| {
                (
                    version,
                    scope.spawn(move || interpreter::find(version, environment)),
                )
            })
            .collect();
        looking
            .into_iter()
            .map(|(version, thread)| {
                let missing = || Interpreter::Missing {
                    looked: "the search broke off".to_owned(),
                };
                (version.clone(), thread.join().unwrap_or_else(|_| missing()))
            })
            .collect()
    })
}

pub fn planner_error(error: &PlannerError) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    match error {
        PlannerError::Interpreter { version, .. } => failed.hinted(format!(
            "install Python {version}, take it out of the list, or leave out missing-fails"
        )),
        PlannerError::NoAddress(name) => failed.hinted(format!(
            "give [[publish]] {name} a `repository`, or name a section of ~/.pypirc with `pypirc`"
        )),
        PlannerError::Name(_) => {
            failed.hinted("give the check, build or destination a name that begins with a letter")
        }
        PlannerError::Cycle(_) => {
            failed.hinted("take one of their `needs` out of the train's file")
        }
        PlannerError::NoCommit(_) | PlannerError::NoKind(_) | PlannerError::Broken(_) => {
            CommandError {
                exit: Exit::Internal,
                ..failed
            }
        }
    }
}
