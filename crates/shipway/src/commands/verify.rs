//! `shipway verify`: everything that a run published is read back and compared.

use super::{find_arg, repository_of};
use crate::cli::VerifyArgs;
use crate::drive::{self, engine_error};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::Tone;
use crate::output::document::{self, VerifyRow};
use crate::session::Session;
use crate::world::RealWorld;
use shipway_core::plan::{Action, Items, Plan, Publish};
use shipway_core::redact::visible;
use shipway_core::target::Reversal;
use shipway_core::{Item, Presence, Run};
use shipway_engine::{Embedded, Store, World};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub fn run(session: &Session, args: &VerifyArgs) -> Result<(), CommandError> {
    let engine = drive::open(session)?;
    if args.journal {
        return journal(session, &engine);
    }
    let id = find_arg(session, &engine, &args.run)?;
    let (run, _) = drive::fold(&engine, &id)?;
    let repository = repository_of(session, &engine, &id)?;
    let quiet = Box::new(|_: &shipway_core::StepId, _: &str| {});
    let world = RealWorld::new(
        session,
        &id,
        &repository,
        quiet,
        Arc::new(AtomicBool::new(false)),
    )
    .map_err(|error| {
        CommandError::from_error(Exit::Internal, "the artifact store cannot be used", &error)
    })?;
    let withdrawal = withdrawal_of(&engine, &run)?;
    let rows = look_at_all(&run, &world, withdrawal.as_ref());
    let wrong = rows.iter().filter(|row| !row.is_right()).count();
    let screen = &session.screen;
    if screen.json {
        screen.json(&document::Verified {
            format: document::FORMAT,
            run: id.to_string(),
            items: &rows,
            wrong,
        });
    } else {
        for row in &rows {
            let tone = if row.is_right() {
                Tone::Good
            } else {
                Tone::Bad
            };
            let sign = if row.is_right() { "✓" } else { "✗" };
            let digest: String = row.digest.chars().take(12).collect();
            screen.data(&format!(
                "{} {}  {}  {digest}  {}  {}",
                screen.out().tone(tone, sign),
                visible(&row.target),
                visible(&row.item),
                row.is,
                screen.out().tone(Tone::Faint, &visible(&row.note))
            ));
        }
    }
    if rows.is_empty() {
        screen.talk("this run published nothing");
    }
    if wrong == 0 {
        screen.talk(&format!(
            "{} of {} items are as they were released",
            rows.len(),
            rows.len()
        ));
        return Ok(());
    }
    let unreachable = rows.iter().filter(|row| row.is == "unreachable").count();
    let mut failed = CommandError::new(
        Exit::Conflict,
        format!(
            "{wrong} of {} items are not known to be as they were released",
            rows.len()
        ),
    )
    .told();
    if unreachable > 0 {
        failed
            .causes
            .push(format!("{unreachable} could not be looked at now"));
        failed = failed.then("shipway verify", "looks again");
    }
    Err(failed)
}

/// Looks at every item that stands by what the run says.
fn look_at_all(run: &Run, world: &RealWorld, withdrawal: Option<&Plan>) -> Vec<VerifyRow> {
    let mut rows = Vec::new();
    for public in run.public() {
        let Some(Action::Publish(publish)) = run.plan().step(&public.step).map(|step| &step.action)
        else {
            continue;
        };
        let Some(item) = run
            .items(&public.step)
            .into_iter()
            .find(|item| item.name == public.item)
        else {
            continue;
        };
        let looked = world
            .target(&publish.target)
            .and_then(|target| target.observe(item));
        let (is, note) = match looked {
            Ok(Presence::Same { receipt }) => (
                "same",
                receipt.url.unwrap_or_else(|| publish.target.place.clone()),
            ),
            // A draft is gone once it is published, and a branch is moved by the next commit of the same plan.
            Ok(Presence::Absent | Presence::Different { .. })
                if is_superseded(run, &public.step, publish.reversal) =>
            {
                (
                    "moved-on",
                    "a later step of the same plan moved it".to_owned(),
                )
            }
            Ok(Presence::Different { .. })
                if withdrawal.is_some_and(|plan| is_withdrawn(plan, world, publish, item)) =>
            {
                ("withdrawn", "marked as withdrawn since".to_owned())
            }
            Ok(Presence::Absent) => ("absent", publish.target.place.clone()),
            Ok(Presence::Different { found }) => ("different", found),
            Ok(Presence::Unknown { why }) => ("unreadable", why),
            Err(failure) => ("unreachable", failure.to_string()),
        };
        rows.push(VerifyRow {
            target: public.target,
            item: public.item,
            digest: item.digest.to_string(),
            is,
            note,
        });
    }
    rows
}

/// The plan that withdrew what this run released.
fn withdrawal_of(engine: &Embedded, run: &Run) -> Result<Option<Plan>, CommandError> {
    let plan = run.plan();
    if plan.is_withdrawal() {
        return Ok(None);
    }
    let found = super::withdraw::of_version(engine, &plan.project, &plan.version)?;
    found
        .map(|(id, _)| super::withdraw::plan_of(engine, &id))
        .transpose()
}

/// Whether the item differs because the withdrawal marked it: yanked with the same bytes, or a release with the mark.
fn is_withdrawn(withdrawal: &Plan, world: &RealWorld, publish: &Publish, item: &Item) -> bool {
    let setting = |key: &str| {
        let value = publish.target.settings.get(key);
        value.and_then(|value| value.as_str()).unwrap_or_default()
    };
    match publish.target.kind.as_str() {
        "pypi" => {
            let (index, project) = (setting("index"), setting("project"));
            shipway_targets::pypi::is_yanked(index, project, item).unwrap_or(false)
        }
        "github-release" => withdrawal.steps.iter().any(|step| {
            let Action::Publish(mark) = &step.action else {
                return false;
            };
            let (Items::Fixed(marks), true) = (&mark.items, mark.target.kind == "github-withdrawn")
            else {
                return false;
            };
            let mark_of_item = marks.iter().find(|mark| mark.name == item.name);
            mark.target.name == publish.target.name
                && mark_of_item.is_some_and(|one| {
                    let seen = world
                        .target(&mark.target)
                        .and_then(|target| target.observe(one));
                    matches!(seen, Ok(Presence::Same { .. }))
                })
        }),
        _ => false,
    }
}

/// Whether a later step of the plan that stands moves on what this step put there.
fn is_superseded(run: &Run, step: &shipway_core::StepId, reversal: Reversal) -> bool {
    let plan: &Plan = run.plan();
    let Some(Action::Publish(earlier)) = plan.step(step).map(|step| &step.action) else {
        return false;
    };
    let later = plan.steps.iter().skip_while(|one| one.id != *step).skip(1);
    let published: Vec<_> = run.public().into_iter().map(|public| public.step).collect();
    later
        .filter(|one| published.contains(&one.id))
        .any(|one| match &one.action {
            Action::Publish(later) => {
                let same_place = later.target.name == earlier.target.name;
                let draft =
                    earlier.target.kind == "github-draft" && later.target.kind == "github-release";
                let reference = earlier.target.kind.starts_with("git")
                    && later.target.kind == earlier.target.kind
                    && names_of(later)
                        .iter()
                        .any(|name| names_of(earlier).contains(name));
                same_place && (draft || reference) && (draft || reversal != Reversal::Deletes)
            }
            _ => false,
        })
}

fn names_of(publish: &shipway_core::plan::Publish) -> Vec<String> {
    let shipway_core::plan::Items::Fixed(items) = &publish.items else {
        return Vec::new();
    };
    let refs = items
        .iter()
        .flat_map(|item| item.body["refs"].as_array().into_iter().flatten());
    refs.filter_map(|change| change["name"].as_str().map(str::to_owned))
        .collect()
}

/// Every run's chain and every sealed artifact's bytes.
fn journal(session: &Session, engine: &Embedded) -> Result<(), CommandError> {
    let runs = engine.runs().map_err(|error| engine_error(&error))?;
    let store = Store::open(session.state.join("store")).map_err(|error| {
        CommandError::from_error(Exit::Internal, "the artifact store cannot be used", &error)
    })?;
    let (mut events, mut artifacts) = (0, 0);
    for listed in &runs {
        let (run, _) = drive::fold(engine, &listed.entry.id)?;
        events += run.seq();
        for artifact in run
            .manifest()
            .map(|manifest| manifest.0.as_slice())
            .unwrap_or_default()
        {
            store.verify(&artifact.digest).map_err(|error| {
                CommandError::from_error(
                    Exit::Internal,
                    format!(
                        "{} of run {} is damaged in the artifact store",
                        artifact.name,
                        listed.entry.id.short()
                    ),
                    &error,
                )
            })?;
            artifacts += 1;
        }
    }
    if session.screen.json {
        session.screen.json(&document::JournalVerified {
            format: document::FORMAT,
            runs: runs.len(),
            events,
            artifacts,
        });
    } else {
        session.screen.data(&format!(
            "{} runs, {events} events: every chain is whole; {artifacts} sealed files read back",
            runs.len()
        ));
    }
    Ok(())
}
