//! What `--json` prints: one type per document, so that the schemas in `schema/` cannot say anything else than the program.
//!
//! Invariants: each document begins with its `format`; a field is added within a format, and a changed or removed one means a
//! new format. `log`, `release` and `resume` print one document per line, all other commands print one document.
//!
//! Must not: hold text that was made for people where a value says the same.

use crate::error::CommandError;
use serde::Serialize;
use shipway_core::event::{Event, Verdict};
use shipway_core::report::{Report, State};
use shipway_core::{Plan, StepId, Timestamp};
use std::path::Path;

/// The version of all documents of this module.
pub const FORMAT: u32 = 1;

/// `shipway plan --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Planned<'a> {
    pub format: u32,
    /// The plan's digest, and the id of its run.
    pub id: String,
    pub plan: &'a Plan,
}

/// One event: a line of `shipway log --json`, `release --json` and `resume --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Happened<'a> {
    pub format: u32,
    pub run: String,
    pub event: &'a Event,
}

/// The last line of `shipway release --json` and `resume --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reported<'a> {
    pub format: u32,
    pub report: &'a Report,
}

/// `shipway status --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Status<'a> {
    pub format: u32,
    pub report: &'a Report,
    /// Who drives the run now; nobody is `null`.
    pub driver: Option<Driver<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Driver<'a> {
    pub pid: u32,
    pub host: &'a str,
}

/// `shipway check --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Checked<'a> {
    pub format: u32,
    pub rows: &'a [CheckRow],
    /// How many rows have to be mended before a release.
    pub failed: usize,
}

/// One thing that was looked at before a release.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckRow {
    /// `configuration`, `repository`, `tools`, `secrets`, `state`, `version`, `destinations`.
    pub area: &'static str,
    pub what: String,
    pub verdict: Verdict,
    pub detail: String,
    pub hint: Option<String>,
}

/// `shipway runs --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Runs<'a> {
    pub format: u32,
    pub runs: Vec<RunRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunRow<'a> {
    pub run: String,
    pub project: &'a str,
    pub version: &'a str,
    pub line: &'a str,
    /// `release`, or `withdraw` for a run that withdraws the version.
    pub flow: &'a str,
    pub started: Timestamp,
    /// The checkout that it was started in.
    pub repository: &'a str,
    pub state: State,
}

/// `shipway verify --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verified<'a> {
    pub format: u32,
    pub run: String,
    pub items: &'a [VerifyRow],
    /// How many items are not as they were released.
    pub wrong: usize,
}

/// One item, read back.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerifyRow {
    pub target: String,
    pub item: String,
    pub digest: String,
    /// `same`, `moved-on`, `withdrawn`; `unreadable` (cannot be looked at ever); `unreachable` (not now); `absent`, `different`.
    pub is: &'static str,
    pub note: String,
}

impl VerifyRow {
    pub fn is_right(&self) -> bool {
        matches!(self.is, "same" | "moved-on" | "unreadable" | "withdrawn")
    }
}

/// `shipway verify --journal --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JournalVerified {
    pub format: u32,
    pub runs: usize,
    pub events: u64,
    pub artifacts: usize,
}

/// `shipway approve --json`, `reject`, `done` and `repeat`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Decided<'a> {
    pub format: u32,
    pub run: String,
    pub step: &'a StepId,
    /// `approve`, `reject`, `done`, `repeat`.
    pub decision: &'a str,
    pub by: &'a str,
    /// Digest of what an approval is about.
    pub subject: Option<&'a str>,
}

/// `shipway version --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Versions<'a> {
    pub format: u32,
    pub components: &'a [VersionRow],
    /// How many components have no next version; those are listed with `--all` only.
    pub unchanged: usize,
}

/// One component, or the project where it has none.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionRow {
    pub name: String,
    /// Its directory; empty for the whole repository.
    pub path: String,
    /// The latest release before the commit that is looked at; before the first release what its files say, or `null`.
    pub current: Option<String>,
    /// The tag of that release.
    pub tag: Option<String>,
    /// `null`: nothing asks for a release.
    pub next: Option<String>,
    pub next_tag: Option<String>,
    /// The next version as SemVer and as PEP 440 write it, where they can.
    pub semver: Option<String>,
    pub pep440: Option<String>,
    /// `patch`, `minor`, `major`.
    pub level: Option<String>,
    /// What raised it, newest first.
    pub because: Vec<Reason>,
    /// Changes that ask for less or for nothing.
    pub beside: usize,
    /// Why there is no next version although changes ask for one.
    pub refused: Option<String>,
}

/// What asks for a version, as rows: an override first, then the changes.
pub fn reasons(decision: &shipway_history::Decision) -> Vec<Reason> {
    let mut rows = Vec::new();
    if let (Some(change), Some(asked)) = (&decision.release_as, decision.asked_version()) {
        rows.push(Reason {
            text: format!("Release-As {asked}: {change}"),
            level: None,
            commit: change.commit.as_ref().map(ToString::to_string),
        });
    }
    rows.extend(decision.because.iter().map(|change| Reason {
        text: change.to_string(),
        level: decision.level.map(|level| level.to_string()),
        commit: change.commit.as_ref().map(ToString::to_string),
    }));
    rows
}

/// One thing that raised a version.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reason {
    pub text: String,
    /// The level that it asks for; `null` where it is no change (a dependency, a group, somebody's wish).
    pub level: Option<String>,
    pub commit: Option<String>,
}

/// `shipway history --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct History<'a> {
    pub format: u32,
    /// Highest version first.
    pub releases: &'a [ReleaseRow],
    /// Commits that no release contains yet.
    pub unreleased: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReleaseRow {
    pub version: String,
    pub tag: String,
    /// The series that it belongs to: `1.4`.
    pub line: String,
    /// Of the commit that was released.
    pub commit: String,
    /// `2026-11-21`, by that commit's clock.
    pub date: String,
    /// Commits that came with it.
    pub commits: usize,
    pub breaking: usize,
    pub features: usize,
    pub fixes: usize,
    /// Id of the run that made it, where this machine's journal knows it, and how it ended.
    pub run: Option<String>,
    pub state: Option<State>,
}

/// `shipway history VERSION --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Brought<'a> {
    pub format: u32,
    pub release: &'a ReleaseRow,
    pub changes: &'a [Reason],
}

/// `shipway history COMMIT --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Contained<'a> {
    pub format: u32,
    pub commit: &'a str,
    pub subject: &'a str,
    /// The first release of each line that contains it, lowest version first; empty: it is not released.
    pub releases: &'a [FirstRelease],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FirstRelease {
    pub line: String,
    pub version: String,
    pub tag: String,
    pub date: String,
}

/// `shipway changelog check --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangelogChecked<'a> {
    pub format: u32,
    pub path: &'a str,
    pub findings: &'a [FindingRow],
    /// How many of them are errors.
    pub errors: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingRow {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What kind of finding: `uncovered-change`, `entry-without-change`, …
    pub kind: String,
    /// Of the changelog; `null` where it is about no line.
    pub line: Option<usize>,
    pub text: String,
}

/// `shipway change list --json` and `change prune --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pending<'a> {
    pub format: u32,
    pub changes: &'a [PendingRow],
}

/// A change file or news fragment.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PendingRow {
    pub path: String,
    pub components: Vec<String>,
    pub level: Option<String>,
    pub text: String,
}

/// `shipway ci --json`, `init --json`, `change add --json` and `changelog --write --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proposed<'a> {
    pub format: u32,
    pub path: &'a Path,
    /// False with `--print`.
    pub written: bool,
    pub text: &'a str,
    /// What a person should look at.
    pub notes: &'a [String],
}

/// `shipway report --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Page<'a> {
    pub format: u32,
    pub path: &'a Path,
}

/// `shipway train … --json`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OfTrain {
    pub format: u32,
    /// What `value` is: `status`, `shipment`, `radar`, `place`, `bump`, `switch`, `backports`, `event`, `replay`, `forecast`, `lint`, `cycle`.
    pub kind: &'static str,
    /// The decision: each with `rule` (id, severity, source, note) and, where something is refused, `way-out`.
    pub value: serde_json::Value,
}

/// A decision about a train, as `--json` prints it.
pub fn of_train<T: Serialize>(kind: &'static str, value: &T) -> OfTrain {
    OfTrain {
        format: FORMAT,
        kind,
        value: serde_json::to_value(value).unwrap_or_default(),
    }
}

/// Printed by every command that ends with another exit code than 0; after the command's own document, if it has one
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failed<'a> {
    pub format: u32,
    pub error: Problem<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem<'a> {
    /// The exit code.
    pub exit: u8,
    /// The exit code's name.
    pub kind: &'a str,
    pub message: &'a str,
    pub causes: &'a [String],
    pub hints: &'a [String],
    pub next: Vec<Following<'a>>,
}

/// A command that makes sense now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Following<'a> {
    pub command: &'a str,
    pub does: &'a str,
}

impl<'a> Failed<'a> {
    pub fn of(error: &'a CommandError) -> Self {
        Self {
            format: FORMAT,
            error: Problem {
                exit: error.exit.code(),
                kind: error.exit.name(),
                message: &error.message,
                causes: &error.causes,
                hints: &error.hints,
                next: error
                    .next
                    .iter()
                    .map(|(command, does)| Following { command, does })
                    .collect(),
            },
        }
    }
}
