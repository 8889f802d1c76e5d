//! `shipway train status`, `ship`, `radar`, `backports` and `lint`: questions about the whole train.

use super::station::{Station, undecided};
use crate::cli::train::{BackportsArgs, RadarArgs, StatusArgs, VersionArg};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::document;
use crate::output::{train, train_page};
use crate::session::Session;
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use shipway_train::backport::Backports;
use shipway_train::decide::{Calendar, Situation, Undecided};
use shipway_train::deliverable::Releases;
use shipway_train::facts::{FixMatrix, ReleasesFacts, TrainFacts, Unknown};
use shipway_train::git::Source;
use shipway_train::pack::Shape;
use std::collections::BTreeMap;

pub fn status(session: &Session, station: &Station, args: &StatusArgs) -> Result<(), CommandError> {
    if station.pack.shape == Shape::Cycle {
        return cycle(session, station).map(drop);
    }
    let read = station.read(session);
    let facts = read.at(station.at);
    let situation = station.situation(&facts);
    let fixes = fixes(session, station, &facts, None, &BTreeMap::new());
    let status = situation.status(None, &fixes);
    if let Some(path) = &args.html {
        let path = session.directory.join(path);
        fs_err::write(&path, train_page::render(&status, &fixes))?;
        if session.screen.json {
            session.screen.json(&document::Page {
                format: document::FORMAT,
                path: &path,
            });
        } else {
            session.screen.data(&path.display().to_string());
        }
        return Ok(());
    }
    if session.screen.json {
        session.screen.json(&document::of_train("status", &status));
    } else if args.line {
        session
            .screen
            .data(&train::visible_line(&status.one_line()));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::status(&status, &fixes, paint));
    }
    Ok(())
}

/// A train of components on a common calendar has a report of its own. Hands back how many findings are against the rules.
fn cycle(session: &Session, station: &Station) -> Result<usize, CommandError> {
    let facts = releases(station)?;
    let calendar = Calendar::new(&station.pack, &facts, station.at);
    let report = calendar.report(None).map_err(|error| undecided(&error))?;
    if session.screen.json {
        session.screen.json(&document::of_train("cycle", &report));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::cycle(&report, paint));
    }
    let findings = report.findings.iter();
    Ok(findings
        .filter(|finding| !finding.severity.passes())
        .count())
}

/// The deliverables of a calendar train, as its repository has them at the moment.
pub fn releases(station: &Station) -> Result<ReleasesFacts, CommandError> {
    let name = &station.train.engine.name;
    let unknown = |why: Unknown| undecided(&Undecided::Facts(why));
    let releases = Releases::open(name, &station.engine()).map_err(unknown)?;
    releases.at(station.at).map_err(unknown)
}

pub fn ship(session: &Session, station: &Station, args: &VersionArg) -> Result<(), CommandError> {
    let release = station.release(&args.version)?;
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let shipment = situation
        .ship(&release)
        .map_err(|error| undecided(&error))?;
    if session.screen.json {
        session
            .screen
            .json(&document::of_train("shipment", &shipment));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::shipment(&shipment, paint));
    }
    if shipment.is_ready() {
        return Ok(());
    }
    let blocked = shipment
        .members
        .iter()
        .filter(|member| member.blocks())
        .count()
        + shipment
            .absent
            .iter()
            .filter(|absent| absent.blocks())
            .count();
    let failed = CommandError::new(
        Exit::GateFailed,
        format!(
            "{} cannot leave yet: {blocked} of its commits are not what the rules say",
            shipment.tag
        ),
    );
    Err(failed.told().then(
        "shipway train bump --all",
        "moves the pins that the rules want elsewhere",
    ))
}

pub fn radar(session: &Session, station: &Station, args: &RadarArgs) -> Result<(), CommandError> {
    let departs = day(args.departs.as_deref())?;
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let release = situation.departure().ok_or_else(no_departure)?;
    let departs = departs.or_else(|| announced(&situation));
    let radar = situation
        .radar(&release, departs)
        .map_err(|error| undecided(&error))?;
    if session.screen.json {
        session.screen.json(&document::of_train("radar", &radar));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::radar(&radar, paint));
    }
    Ok(())
}

/// The announced day of the next line's first release, where that is what leaves next.
pub fn announced(situation: &Situation<'_>) -> Option<Timestamp> {
    let release = situation.departure()?;
    let line = situation.moment.line_of(&release)?;
    line.announced.filter(|_| release.is_first())
}

pub fn no_departure() -> CommandError {
    CommandError::usage("no release is planned: the train has no line to leave with")
        .hinted("add the next [[line]] to train.toml")
}

pub fn day(text: Option<&str>) -> Result<Option<Timestamp>, CommandError> {
    text.map(|text| {
        Timestamp::parse(text).ok_or_else(|| {
            CommandError::usage(format!("{text:?} is no date")).hinted("write a day: 2026-07-22")
        })
    })
    .transpose()
}

pub fn backports(
    session: &Session,
    station: &Station,
    args: &BackportsArgs,
) -> Result<(), CommandError> {
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    if let Some(name) = &args.member {
        situation.member(name).map_err(|error| undecided(&error))?;
    }
    let fixes = fixes(
        session,
        station,
        &facts,
        args.member.as_deref(),
        &BTreeMap::new(),
    );
    let (owed_fixes, owed_merges) = situation.owed(&fixes);
    if session.screen.json {
        session.screen.json(&document::of_train(
            "backports",
            &serde_json::json!({"matrices": fixes, "owed-fixes": owed_fixes, "owed-merges": owed_merges}),
        ));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::backports(
            &fixes,
            &owed_fixes,
            &owed_merges,
            args.missing,
            paint,
        ));
    }
    Ok(())
}

/// Trailers of a commit's message that say how bad it is what the commit mends.
const SEVERITY: &[&str] = &["Severity"];

/// Fixes by lines of the engine and all members, or of one of them. `given` are fixes beside those whose commits say how severe
/// they are.
pub fn fixes(
    session: &Session,
    station: &Station,
    facts: &TrainFacts,
    only: Option<&str>,
    given: &BTreeMap<Oid, String>,
) -> Vec<FixMatrix> {
    let cache = session.state.join("trains");
    let sources = station.sources();
    let trailers: Vec<String> = SEVERITY.iter().map(|name| (*name).to_owned()).collect();
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let all = std::iter::once(&sources.engine).chain(&sources.members);
    let matrix = |source: &Source| {
        let read = Backports::read(source, &sources.layout, &trailers, Some(&cache)).ok()?;
        let matrix = read.matrix(&sources.layout.lines, given, facts.as_of);
        matrix.known().cloned()
    };
    // A repository that cannot be read is unknown in the facts, which say so.
    all.filter(|source| wanted(&source.name))
        .filter_map(matrix)
        .collect()
}

pub fn lint(session: &Session, station: &Station) -> Result<(), CommandError> {
    if station.pack.shape == Shape::Cycle {
        return wrong(cycle(session, station)?);
    }
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let findings = shipway_train::lint::lint(&situation);
    if session.screen.json {
        session.screen.json(&document::of_train("lint", &findings));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::findings(&findings, paint));
    }
    wrong(
        findings
            .iter()
            .filter(|finding| !finding.severity.passes())
            .count(),
    )
}

/// Findings against the rules, which were printed.
fn wrong(count: usize) -> Result<(), CommandError> {
    if count == 0 {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::GateFailed,
        format!("{count} findings are against the rules"),
    )
    .told())
}
