//! Whether a check's figures are enough.
//!
//! Invariant: a threshold holds only if a report was read that gives its figure. A missing report is said to be missing.

use super::report::{self, Tests, Unread, percent};
use super::{Workshop, store_failed};
use fs_err as fs;
use shipway_core::Digest;
use shipway_core::event::{Evidence, Verdict};
use shipway_core::plan::{Metric, Report, ReportKind, Script};
use shipway_core::target::Failure;
use std::io::{self, Read as _};
use std::path::{Component, Path};

/// What a report, or all of one kind, came to.
struct Reading<T> {
    name: &'static str,
    value: Result<T, (Verdict, String)>,
    digest: Option<Digest>,
}

/// Reads the reports, adds what they say to the evidence, and compares it with what is needed.
pub fn judge(
    shop: &Workshop,
    script: &Script,
    top: &Path,
    evidence: &mut Vec<Evidence>,
) -> Result<(), Failure> {
    if script.reports.is_empty() && script.need.is_empty() {
        return Ok(());
    }
    let (mut tests, mut coverage): (Option<Reading<Tests>>, Option<Reading<u64>>) = (None, None);
    for report in &script.reports {
        match report.kind {
            ReportKind::Junit => {
                let read = read(shop, report, top, "tests", report::junit)?;
                tests = Some(match tests {
                    Some(before) => together(before, read),
                    None => read,
                });
            }
            ReportKind::Cobertura => {
                let read = read(shop, report, top, "coverage", report::cobertura)?;
                // Several reports: the worst one counts, and one that gives no figure is worse than any.
                coverage = Some(match coverage {
                    Some(before) if rank(&before) <= rank(&read) => before,
                    _ => read,
                });
            }
        }
    }
    let start = evidence.len();
    let needed = |metric| script.need.get(&metric).copied();
    add_tests(
        tests,
        needed(Metric::Tests),
        needed(Metric::PassRate),
        evidence,
    );
    add(coverage, "coverage", needed(Metric::Coverage), evidence);
    let faults: Vec<String> = evidence[start..]
        .iter()
        .filter(|one| one.verdict != Verdict::Pass)
        .map(|one| format!("{}: {}", one.name, one.figure))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::permanent(faults.join("; ")))
    }
}

fn rank(reading: &Reading<u64>) -> (bool, u64) {
    match reading.value {
        Err(_) => (false, 0),
        Ok(value) => (true, value),
    }
}

fn together(one: Reading<Tests>, other: Reading<Tests>) -> Reading<Tests> {
    Reading {
        name: one.name,
        value: match (one.value, other.value) {
            (Ok(one), Ok(other)) => Ok(one.and(other)),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        },
        digest: one.digest.or(other.digest),
    }
}

/// Reads one report and keeps it in the store.
fn read<T>(
    shop: &Workshop,
    report: &Report,
    top: &Path,
    name: &'static str,
    parse: fn(&[u8]) -> Result<T, Unread>,
) -> Result<Reading<T>, Failure> {
    let path = &report.path;
    let bytes = match open(top, path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let fault = match error.kind() {
                io::ErrorKind::NotFound => {
                    (Verdict::NoData, format!("the report {path} is missing"))
                }
                _ => (
                    Verdict::Error,
                    format!("the report {path} cannot be read: {error}"),
                ),
            };
            return Ok(Reading {
                name,
                value: Err(fault),
                digest: None,
            });
        }
    };
    let value = parse(&bytes).map_err(|unread| match unread {
        Unread::Empty(why) => (
            Verdict::NoData,
            format!("the report {path} gives no figure: {why}"),
        ),
        Unread::Bad(why) => (
            Verdict::Error,
            format!("the report {path} cannot be read: {why}"),
        ),
    });
    // What tests print stands in their report too.
    let clean = shop.redactor.bytes(&bytes);
    let (digest, _) = shop
        .store
        .put_bytes(&clean)
        .map_err(|error| store_failed(&error))?;
    Ok(Reading {
        name,
        value,
        digest: Some(digest),
    })
}

/// A regular file below `top`, with no link on the way.
fn open(top: &Path, path: &str) -> io::Result<Vec<u8>> {
    let mut file = top.to_path_buf();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => file.push(part),
            Component::CurDir => continue,
            _ => return Err(io::Error::other("it is not below the checkout")),
        }
        if fs::symlink_metadata(&file)?.is_symlink() {
            return Err(io::Error::other("it is a link, or behind one"));
        }
    }
    let about = fs::symlink_metadata(&file)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > report::LARGEST {
        return Err(io::Error::other("it is too large"));
    }
    let mut bytes = Vec::new();
    fs::File::open(&file)?
        .take(report::LARGEST)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Evidence `tests` and, where it is needed or can be told, `pass-rate`.
fn add_tests(
    reading: Option<Reading<Tests>>,
    least: Option<u64>,
    rate: Option<u64>,
    evidence: &mut Vec<Evidence>,
) {
    let Some(reading) = reading else {
        add(None, "tests", least, evidence);
        add(None, "pass-rate", rate, evidence);
        return;
    };
    let digest = reading.digest;
    match reading.value {
        Err((verdict, figure)) => evidence.push(Evidence {
            name: reading.name.to_owned(),
            verdict,
            figure,
            digest,
        }),
        Ok(tests) => {
            let enough = least.is_none_or(|least| tests.ran() >= least);
            let mut figure = format!("{} passed", tests.passed);
            for (number, what) in [(tests.failed, "failed"), (tests.skipped, "skipped")] {
                if number > 0 {
                    figure = format!("{figure}, {number} {what}");
                }
            }
            if let (Some(least), false) = (least, enough) {
                figure = format!("{figure}; {} ran, {least} are needed", tests.ran());
            }
            evidence.push(Evidence {
                name: reading.name.to_owned(),
                verdict: verdict(enough),
                figure,
                digest: digest.clone(),
            });
            let value = tests
                .pass_rate()
                .ok_or_else(|| (Verdict::NoData, "every test was skipped".to_owned()));
            let name = "pass-rate";
            if value.is_ok() || rate.is_some() {
                add(
                    Some(Reading {
                        name,
                        value,
                        digest,
                    }),
                    name,
                    rate,
                    evidence,
                );
            }
        }
    }
}

/// Evidence of one share.
fn add(
    reading: Option<Reading<u64>>,
    name: &str,
    least: Option<u64>,
    evidence: &mut Vec<Evidence>,
) {
    let (value, digest) = match (reading, least) {
        (Some(reading), _) => (reading.value, reading.digest),
        (None, Some(_)) => {
            let fault = (Verdict::NoData, "no report gives this figure".to_owned());
            (Err(fault), None)
        }
        (None, None) => return,
    };
    let (verdict, figure) = match (value, least) {
        (Err(fault), _) => fault,
        (Ok(value), Some(least)) if value < least => (
            Verdict::Fail,
            format!("{}, {} is needed", percent(value), percent(least)),
        ),
        (Ok(value), _) => (Verdict::Pass, percent(value)),
    };
    evidence.push(Evidence {
        name: name.to_owned(),
        verdict,
        figure,
        digest,
    });
}

fn verdict(enough: bool) -> Verdict {
    if enough { Verdict::Pass } else { Verdict::Fail }
}
