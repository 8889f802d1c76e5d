//! What stands at the destinations, before a plan is made and again before it is carried out.

use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use crate::world;
use shipway_core::plan::{Action, Destination, Items, Plan};
use shipway_core::planner;
use shipway_core::target::{Item, Survey};
use shipway_core::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::path::Path;

/// The plan with what its destinations hold now. All are asked side by side.
pub fn survey(session: &Session, repository: &Path, plan: Plan) -> Result<Plan, CommandError> {
    let mut surveys = BTreeMap::new();
    for (destination, answer) in ask_all(session, repository, &plan) {
        surveys.insert(
            destination.name.clone(),
            answer.map_err(|failure| failed(&destination, &failure))?,
        );
    }
    Ok(planner::with_surveys(plan, &surveys))
}

/// Each destination with its own answer.
pub fn ask_all(
    session: &Session,
    repository: &Path,
    plan: &Plan,
) -> Vec<(Destination, Result<Survey, Failure>)> {
    let context = world::context(session, repository);
    std::thread::scope(|scope| {
        let context = &context;
        let asking: Vec<_> = plan
            .destinations
            .iter()
            .map(|destination| {
                (
                    destination,
                    scope.spawn(move || ask(plan, destination, context)),
                )
            })
            .collect();
        asking
            .into_iter()
            .map(|(destination, thread)| {
                let broke = || Err(Failure::unknown("looking at it broke off"));
                (
                    destination.clone(),
                    thread.join().unwrap_or_else(|_| broke()),
                )
            })
            .collect()
    })
}

/// Asks for all items that go to the destination by the kind of its first step.
fn ask(
    plan: &Plan,
    destination: &Destination,
    context: &shipway_targets::Context,
) -> Result<Survey, Failure> {
    let mut items = Vec::new();
    let mut spec = None;
    for step in destination.steps.iter().filter_map(|id| plan.step(id)) {
        let Action::Publish(publish) = &step.action else {
            continue;
        };
        let spec = spec.get_or_insert(&publish.target);
        if spec.kind != publish.target.kind {
            continue;
        }
        match &publish.items {
            Items::Fixed(fixed) => items.extend(fixed.iter().cloned()),
            Items::Sealed { patterns, body, .. } => {
                items.extend(
                    patterns
                        .iter()
                        .map(|pattern| Item::of_body(pattern.clone(), body.clone())),
                );
            }
        }
    }
    match spec {
        Some(spec) => shipway_targets::open(spec, context)?.survey(&items),
        None => Ok(Survey::default()),
    }
}

fn failed(destination: &Destination, failure: &Failure) -> CommandError {
    let message = format!("{} cannot be looked at", destination.name);
    no_answer(message, &destination.place, failure)
        .then("shipway check", "looks at every destination again")
}

/// What is out there gave no answer that can be used. Only what may pass by itself is the outside world's fault.
pub(super) fn no_answer(message: String, place: &str, failure: &Failure) -> CommandError {
    let exit = match failure.kind {
        FailureKind::Transient { .. } | FailureKind::Unknown => Exit::Conflict,
        FailureKind::Denied | FailureKind::Permanent | FailureKind::Taken => Exit::Usage,
    };
    let mut error = CommandError::new(exit, message);
    error.causes.push(failure.message.clone());
    error.causes.push(format!("it is {place}"));
    match &failure.hint {
        Some(hint) => error.hinted(hint.clone()),
        None => error,
    }
}

/// Refuses a plan whose version, tag or branch stands at a destination already.
pub fn refuse_taken(plan: &Plan) -> Result<(), CommandError> {
    for step in &plan.steps {
        let Action::Publish(publish) = &step.action else {
            continue;
        };
        let Some(destination) = plan
            .destinations
            .iter()
            .find(|one| one.name == publish.target.name)
        else {
            continue;
        };
        let found = &destination.survey.found;
        match publish.target.kind.as_str() {
            "pypi" if !publish.rehearsal && !found.is_empty() => {
                let names: Vec<String> = found.iter().map(|one| one.name.clone()).collect();
                return Err(CommandError::new(
                    Exit::Conflict,
                    format!(
                        "{} holds files of {} {} already",
                        destination.name, plan.project, plan.version
                    ),
                )
                .hinted(format!(
                    "{}: an index never forgets a file's name, so choose a higher version",
                    names.join(", ")
                )));
            }
            "git" => refuse_moved(plan, destination, &publish.items)?,
            _ => {}
        }
    }
    Ok(())
}

/// Every reference must be where the plan starts from.
fn refuse_moved(plan: &Plan, destination: &Destination, items: &Items) -> Result<(), CommandError> {
    let Items::Fixed(items) = items else {
        return Ok(());
    };
    for change in items
        .iter()
        .flat_map(|item| item.body["refs"].as_array().into_iter().flatten())
    {
        let (name, old, new) = (
            &change["name"],
            change["old"].as_str(),
            change["new"].as_str(),
        );
        let name = name.as_str().unwrap_or_default();
        let there = destination
            .survey
            .found
            .iter()
            .find(|found| found.name == name)
            .map(|found| found.what.as_str());
        // What a later step of the same plan moves is not where that step will find it yet.
        let planned = plan
            .commits
            .iter()
            .any(|commit| Some(commit.id.as_str()) == old);
        if there == old || there == new || planned {
            continue;
        }
        let place = &destination.name;
        let short = |oid: &str| oid.chars().take(10).collect::<String>();
        let failed = match (there, old) {
            (Some(there), None) => {
                CommandError::new(Exit::Conflict, format!("{name} exists on {place} already, at {}", short(there)))
                    .hinted("a name that was used is never moved: choose a higher version, or delete it by hand if it was a mistake")
            }
            (there, Some(old)) => {
                let at = there.map_or("absent".to_owned(), |there| format!("at {}", short(there)));
                CommandError::new(
                    Exit::Conflict,
                    format!("{name} is {at} on {place}, and your own is at {}", short(old)),
                )
                .hinted("a release starts from what everybody has: pull what is missing here, push what is missing there")
            }
            (None, None) => continue,
        };
        return Err(failed);
    }
    Ok(())
}

/// What changed at the destinations since the plan was made, in words. Empty: nothing.
pub fn moved(
    session: &Session,
    repository: &Path,
    plan: &Plan,
) -> Result<Vec<String>, CommandError> {
    let mut changes = Vec::new();
    for (destination, answer) in ask_all(session, repository, plan) {
        let now = answer
            .map_err(|failure| failed(&destination, &failure))?
            .found;
        let then = &destination.survey.found;
        for found in &now {
            match then.iter().find(|one| one.name == found.name) {
                None => changes.push(format!(
                    "{}: {} is there now ({})",
                    destination.name, found.name, found.what
                )),
                Some(before) if before.what != found.what => changes.push(format!(
                    "{}: {} was {} and is {}",
                    destination.name, found.name, before.what, found.what
                )),
                Some(_) => {}
            }
        }
        for before in then
            .iter()
            .filter(|before| !now.iter().any(|found| found.name == before.name))
        {
            changes.push(format!("{}: {} is gone", destination.name, before.name));
        }
    }
    Ok(changes)
}
