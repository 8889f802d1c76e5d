//! Reads a train and prints figures: what the benchmark measures.
//!
//! `facts ENGINE-NAME CACHE|- radar AT ENGINE [MEMBER…]`
//! `facts ENGINE-NAME CACHE|- replay FROM DAYS ENGINE [MEMBER…]`
//! `facts ENGINE-NAME CACHE|- pins AT ENGINE REFERENCE…`
//! `facts ENGINE-NAME CACHE|- backports AT REPOSITORY LINE…`
//! `facts - - releases AT… REPOSITORY`
//!
//! Times are seconds since the epoch; repositories are paths, and a member is called after the last part of its path.
#![expect(clippy::print_stdout, reason = "figures are what this program is for")]

use shipway_core::time::Timestamp;
use shipway_train::backport::Backports;
use shipway_train::deliverable::Releases;
use shipway_train::facts::{Agreement, Known, OnLine, Position, Reason};
use shipway_train::git::{Layout, Source, Sources, Train};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn source(path: &str) -> Source {
    let path = PathBuf::from(path);
    let last = path.file_name().map(|it| it.to_string_lossy().into_owned());
    let name = last.unwrap_or_default().trim_end_matches(".git").to_owned();
    Source {
        urls: vec![format!("https://example.org/goose/{name}")],
        name,
        path,
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [engine_name, cache, command, rest @ ..] = words.as_slice() else {
        return println!("see the documentation at the top of this file");
    };
    let cache = (cache != "-").then(|| Path::new(cache));
    let (numbers, paths): (Vec<&String>, Vec<&String>) =
        rest.iter().partition(|it| it.parse::<i64>().is_ok());
    let numbers: Vec<i64> = numbers
        .into_iter()
        .filter_map(|it| it.parse().ok())
        .collect();
    let [engine, members @ ..] = paths.as_slice() else {
        return println!("no engine");
    };
    let at = |seconds: i64| Timestamp(seconds * 1000);
    match command.as_str() {
        "backports" => {
            return backports(
                engine_name,
                cache,
                engine,
                members,
                numbers.first().copied().map_or(Timestamp(0), at),
            );
        }
        "releases" => return releases(engine, &numbers.into_iter().map(at).collect::<Vec<_>>()),
        _ => {}
    }
    let pins_only = command == "pins";
    let sources = Sources {
        engine: source(engine),
        members: if pins_only {
            Vec::new()
        } else {
            members.iter().map(|it| source(it)).collect()
        },
        layout: Layout::named(engine_name),
    };
    let train = Train::read(&sources, cache);
    match (command.as_str(), numbers.as_slice()) {
        ("radar", [seconds]) => {
            let facts = train.at(at(*seconds));
            println!("{}", figures(&facts));
        }
        ("replay", [from, days]) => {
            let mut total: BTreeMap<String, u64> = BTreeMap::new();
            for day in 0..*days {
                let facts = train.at(at(from + day * 86_400));
                *total.entry("days".to_owned()).or_default() += 1;
                *total.entry("standings".to_owned()).or_default() += facts
                    .members
                    .values()
                    .map(|it| it.standing.len() as u64)
                    .sum::<u64>();
            }
            println!("{total:?}");
        }
        ("pins", [seconds]) => {
            for reference in members {
                match train.pins_of(reference, at(*seconds)) {
                    Known::Known(pins) => {
                        for problem in &pins.problems {
                            println!("{reference} problem {problem}");
                        }
                        for pin in pins.pins.iter().filter(|it| it.is_external()) {
                            let commit = pin.commit().map_or("?", |it| it.as_str());
                            let state = serde_json::to_string(&pin.state).unwrap_or_default();
                            let patches = pin.patches.len();
                            println!(
                                "{reference} {} {commit} {patches} {state} {}",
                                pin.name, pin.place
                            );
                        }
                    }
                    Known::Unknown(why) => println!("{reference} unknown {why}"),
                }
            }
        }
        _ => println!("see the documentation at the top of this file"),
    }
}

fn backports(engine: &str, cache: Option<&Path>, path: &str, lines: &[&String], at: Timestamp) {
    let lines: Vec<String> = lines.iter().map(|&it| it.clone()).collect();
    let trailers = ["Severity".to_owned()];
    let read = Backports::read(&source(path), &Layout::named(engine), &trailers, cache);
    let matrix = match read.map(|it| it.matrix(&lines, &BTreeMap::new(), at)) {
        Ok(Known::Known(matrix)) => matrix,
        Ok(Known::Unknown(why)) | Err(why) => return println!("unknown: {why}"),
    };
    let mut count: BTreeMap<String, u64> = BTreeMap::new();
    for fix in &matrix.fixes {
        for (line, on) in &fix.lines {
            let what = match on {
                OnLine::Fixed { link, .. } => format!("{link:?}"),
                OnLine::Missing { .. } => "missing".to_owned(),
                OnLine::Unread { .. } => "unread".to_owned(),
            };
            *count.entry(format!("{line} {what}")).or_default() += 1;
        }
    }
    println!("{} fixes {count:?}", matrix.fixes.len());
    for it in &matrix.forward_merges {
        let since = it.since.map(Timestamp::date);
        println!(
            "{} owes {} commits since {since:?}, merged until {:?}",
            it.line,
            it.owed.len(),
            it.merged_until
        );
    }
}

fn releases(path: &str, dates: &[Timestamp]) {
    let releases = match Releases::open("releases", Path::new(path)) {
        Ok(releases) => releases,
        Err(why) => return println!("unknown: {why}"),
    };
    println!("{} commits along first parents", releases.commits().count());
    for date in dates {
        match releases.at(*date) {
            Ok(facts) => {
                let count: usize = facts.deliverables.iter().map(|it| it.releases.len()).sum();
                println!(
                    "{}: {} deliverables, {count} releases, {} series, {} schedules, {} problems",
                    date.date(),
                    facts.deliverables.len(),
                    facts.series.len(),
                    facts.schedules.len(),
                    facts.problems.len()
                );
                facts
                    .problems
                    .iter()
                    .take(40)
                    .for_each(|it| println!("  {it}"));
            }
            Err(why) => println!("{}: unknown: {why}", date.date()),
        }
    }
}

fn figures(facts: &shipway_train::facts::TrainFacts) -> String {
    let mut count: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |what: String| *count.entry(what).or_default() += 1;
    for (name, member) in &facts.members {
        match &member.repository {
            Known::Known(repository) => {
                add("members".to_owned());
                for branch in &repository.branches {
                    add(if branch.own.is_some() {
                        "branches"
                    } else {
                        "branches without a commit"
                    }
                    .to_owned());
                }
            }
            Known::Unknown(why) => add(format!("{name}: {why}")),
        }
        for (branch, target) in &member.targets {
            let agreement = match target.agreement {
                Agreement::Agree => "agree",
                Agreement::Disagree => "disagree",
                Agreement::Unknown => "unknown",
            };
            add(format!("targets that {agreement}"));
            if facts.members.len() < 20 {
                let show = |it: &Known<shipway_train::facts::EngineVersion>| match it {
                    Known::Known(it) => format!("{} {:?}", it.written, it.point),
                    Known::Unknown(why) => format!("? {why}"),
                };
                println!(
                    "{name} {branch}: {} / {}",
                    show(&target.submodule),
                    show(&target.workflow)
                );
            }
        }
        for (reference, standing) in &member.standing {
            let position = match &standing.position {
                Known::Known(Position::OnBranch { .. }) => "on a branch".to_owned(),
                Known::Known(Position::PullRequest { .. }) => "in a pull request".to_owned(),
                Known::Known(other) => format!("{other:?}"),
                Known::Unknown(why) if why.reason == Reason::NoCommit => "no commit".to_owned(),
                Known::Unknown(why) => why.to_string(),
            };
            add(format!("pins {position}"));
            if facts.members.len() < 20 {
                let far: Vec<String> = standing
                    .distances
                    .iter()
                    .map(|(branch, it)| {
                        format!("{branch} {}+/{}- {} days", it.behind, it.ahead, it.days())
                    })
                    .collect();
                println!(
                    "{name} pinned by {reference}: {position}; {}",
                    far.join(", ")
                );
            }
        }
    }
    for (reference, pins) in &facts.pins {
        let text = match pins {
            Known::Known(pins) => {
                let on = pins
                    .pins
                    .iter()
                    .filter(|it| it.is_external() && it.is_on())
                    .count();
                format!("{on} external pins, {} problems", pins.problems.len())
            }
            Known::Unknown(why) => why.to_string(),
        };
        println!("pins of {reference}: {text}");
    }
    let lines: Vec<String> = count
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    lines.join("\n")
}
