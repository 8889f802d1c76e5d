//! `shipway train depart`: one run over all repositories.
//!
//! Invariants: what is tagged is what `train ship` names at the moment of planning; pins that have to move are moved by the same
//! run; nothing is planned while something blocks the departure that the run itself does not mend.

use super::change::{self, PinChange};
use super::station::{Station, undecided};
use crate::cli::train::DepartArgs;
use crate::commands::release;
use crate::drive;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look;
use crate::output::document;
use crate::output::plan::{Detail, render};
use crate::session::Session;
use shipway_core::Plan;
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Approve, GitTime, Invocation, Patience, Person, Script, Source, Tag};
use shipway_core::planner::{self, Departure};
use shipway_core::time::Millis;
use shipway_history::Repository;
use shipway_targets::git::objects::Draft;
use shipway_train::decide::{Bump, MemberShip, Shipment, Truth};
use shipway_train::facts::Known;
use shipway_train::model::Class;
use std::path::Path;

pub fn run(session: &Session, station: &Station, args: &DepartArgs) -> Result<(), CommandError> {
    if !station.is_now {
        return Err(
            CommandError::usage("a train departs now, and not at a date")
                .hinted("shipway train ship with --at says what would have left on another day"),
        );
    }
    let plan = plan(session, station, args)?;
    let repository = station.engine();
    let plan = look::surveyed(session, &repository, plan)?;
    if args.plan_only {
        if session.screen.json {
            session.screen.json(&document::Planned {
                format: document::FORMAT,
                id: plan.id().to_string(),
                plan: &plan,
            });
        } else {
            let paint = session.screen.out();
            session.screen.data(&render(&plan, Detail::Full, paint));
        }
        return Ok(());
    }
    let engine = drive::open(session)?;
    release::refuse_unfinished(session, &engine, &plan.project, Some(&plan.id()))?;
    release::carry_out(
        session,
        &engine,
        &plan,
        &repository,
        args.yes,
        &args.driving,
    )
}

/// The plan of the departure, with nothing looked at but repositories.
fn plan(session: &Session, station: &Station, args: &DepartArgs) -> Result<Plan, CommandError> {
    let release = station.release(&args.version)?;
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let shipment = situation
        .ship(&release)
        .map_err(|error| undecided(&error))?;
    let bump = situation
        .bump(&release, None)
        .map_err(|error| undecided(&error))?;
    refuse_blocked(&shipment, &bump)?;
    let at = GitTime {
        seconds: session.now().seconds(),
        offset: 0,
    };
    let engine = change::open(&station.engine())?;
    let (author, committer) = change::people(&engine)?;
    let draft = Draft::open(engine.git_dir()).map_err(|error| change::object_error(&error))?;
    let pins = PinChange::of(station, &bump)?;
    let commits = if pins.is_empty() {
        Vec::new()
    } else {
        vec![pins.planned(&draft, (&author, &committer), at)?]
    };
    let target = commits.last().map_or_else(
        || shipment.engine_commit.clone(),
        |commit| commit.id.clone(),
    );
    let tagging = Tagging {
        station,
        shipment: &shipment,
        committer: &committer,
        at,
    };
    let (remote, url) = pushed_to(&engine, &station.engine());
    let mut members = Vec::new();
    for member in &shipment.members {
        members.extend(tagging.member(member)?);
    }
    let departure = Departure {
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: session.now(),
        train: station.train.name.clone(),
        line: situation
            .moment
            .line_of(&release)
            .map_or_else(|| release.to_string(), |line| line.version.to_string()),
        version: release.to_string(),
        previous: shipment.last.as_ref().map(ToString::to_string),
        because: because(&shipment),
        source: Source {
            branch: RefName::branch(&shipment.branch)
                .map_err(|error| CommandError::usage(error.to_string()))?,
            head: shipment.engine_commit.clone(),
            remote,
            url,
            config: station.digest(),
        },
        commits,
        tag: tagging.tag(&draft, &target)?,
        members,
        approve: approve(station),
        notes: String::new(),
        warnings: warnings(&shipment),
        patience: Patience::default(),
    };
    let kinds = |kind: &str| shipway_targets::capability(kind).copied();
    planner::depart(&departure, &kinds).map_err(|error| look::planner_error(&error))
}

/// What the run itself does not mend.
fn refuse_blocked(shipment: &Shipment, bump: &Bump) -> Result<(), CommandError> {
    let moved = |member: &str| bump.edits.iter().any(|edit| edit.member == member);
    let mut causes = Vec::new();
    for member in shipment.members.iter().filter(|member| member.blocks()) {
        if member.moves && member.commit.is_known() && moved(&member.member) {
            continue;
        }
        let way = member.way_out.as_ref().map(|way| format!(": {}", way.what));
        causes.push(format!(
            "{}{} ({})",
            member.member,
            way.unwrap_or_default(),
            member.rule.id
        ));
    }
    for absent in shipment.absent.iter().filter(|absent| absent.blocks()) {
        let way = absent.way_out.as_ref().map(|way| format!(": {}", way.what));
        causes.push(format!(
            "{} was in the last release and is {}{}",
            absent.member,
            absent.state,
            way.unwrap_or_default()
        ));
    }
    for pin in &bump.unmovable {
        causes.push(format!(
            "the pin of {} cannot be moved: {}",
            pin.member, pin.why
        ));
    }
    if causes.is_empty() {
        return Ok(());
    }
    let mut failed = CommandError::new(
        Exit::GateFailed,
        format!("{} cannot leave yet", shipment.tag),
    );
    failed.causes = causes;
    Err(failed.then(
        "shipway train status",
        "shows what blocks it and who can act",
    ))
}

/// What all tags of a departure share.
struct Tagging<'a> {
    station: &'a Station,
    shipment: &'a Shipment,
    committer: &'a Person,
    at: GitTime,
}

impl Tagging<'_> {
    fn tag(&self, draft: &Draft, target: &Oid) -> Result<Tag, CommandError> {
        let name = RefName::tag(&self.shipment.tag)
            .map_err(|error| CommandError::usage(error.to_string()))?;
        let message = format!("{} {}\n", self.station.train.name, self.shipment.release);
        draft
            .tag(&name, target, self.committer, self.at, &message)
            .map_err(|error| change::object_error(&error))
    }

    /// `None` for what ships with the engine, or under a tag of its own.
    fn member(&self, ship: &MemberShip) -> Result<Option<planner::Member>, CommandError> {
        let station = self.station;
        let Some(member) = station.train.member(&ship.member) else {
            return Ok(None);
        };
        let (Class::UnstableApi, Known::Known(commit)) = (member.class, &ship.commit) else {
            return Ok(None);
        };
        let path = station.place(&member.name, &member.repository);
        let repository = change::open(&path)?;
        let draft =
            Draft::open(repository.git_dir()).map_err(|error| change::object_error(&error))?;
        let (remote, url) = pushed_to(&repository, &path);
        let held = match (&ship.truth, &ship.branch) {
            (Truth::Tip, Some(branch)) => Some((
                RefName::branch(branch).map_err(|error| CommandError::usage(error.to_string()))?,
                commit.clone(),
            )),
            _ => None,
        };
        Ok(Some(planner::Member {
            name: member.name.clone(),
            repository: path.display().to_string(),
            remote,
            url,
            tag: self.tag(&draft, commit)?,
            held,
            needs: member.needs.clone(),
            rebuild: rebuild(station, &member.name, commit),
        }))
    }
}

/// Where a repository is pushed: the address of its `origin`, or itself where it is nobody's clone. Never by the remote's name:
/// git pushes no single reference to a remote that is set up as a mirror.
fn pushed_to(repository: &Repository, path: &Path) -> (String, String) {
    match repository.remote_url("origin") {
        Ok(url) => (url.clone(), url),
        Err(_) => (path.display().to_string(), path.display().to_string()),
    }
}

/// How a member is rebuilt; run in a checkout of the engine at its new pins.
fn rebuild(station: &Station, member: &str, commit: &Oid) -> Option<Script> {
    let words = station.train.departure.rebuild.as_ref()?;
    let fill = |word: &String| {
        word.replace("{member}", member)
            .replace("{commit}", commit.as_str())
    };
    Some(Script {
        commands: vec![Invocation {
            argv: words.iter().map(fill).collect(),
            stdin: None,
            expect: None,
        }],
        env: [
            ("SHIPWAY_MEMBER", member),
            ("SHIPWAY_MEMBER_COMMIT", commit.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        timeout: Millis::seconds(2 * 3600),
        ..Script::default()
    })
}

fn approve(station: &Station) -> Option<Approve> {
    let departure = &station.train.departure;
    departure.approve.as_ref().map(|who| Approve {
        who: who.clone(),
        quorum: departure.quorum,
        valid_for: Millis::seconds(7 * 86_400),
    })
}

/// Each member's commit, and why that one.
fn because(shipment: &Shipment) -> Vec<String> {
    let mut lines = vec![format!(
        "a {} release of branch {}",
        shipment.kind.as_str(),
        shipment.branch
    )];
    lines.extend(shipment.members.iter().map(|member| {
        let commit = match &member.commit {
            Known::Known(commit) => commit.abbreviated().to_owned(),
            Known::Unknown(why) => format!("unknown: {why}"),
        };
        format!("{} at {commit} ({})", member.member, member.rule.id)
    }));
    lines
}

fn warnings(shipment: &Shipment) -> Vec<String> {
    let mut warnings: Vec<String> = shipment
        .undeclared
        .iter()
        .map(|name| {
            format!("the engine pins {name}, which train.toml does not know: it is not tagged")
        })
        .collect();
    let patched = shipment
        .members
        .iter()
        .filter(|member| !member.patches.is_empty());
    warnings.extend(patched.map(|member| {
        format!(
            "{} ships with {} patches of the engine's that its tag does not hold",
            member.member,
            member.patches.len()
        )
    }));
    warnings
}
