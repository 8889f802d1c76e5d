//! Carrying out local steps: running users' commands and reading their evidence, looking into archives, sealing.
//!
//! Invariants: every attempt starts in a directory of its own that was empty; a command sees the variables that its script
//! lists and a fixed few, never a shell that we chose, a terminal or the caller's home; a secret reaches only the step that
//! names it, and no output leaves here that did not pass the redactor; when a step ends, nothing that it started in its
//! process group runs any more; a gate holds only if every figure that it asks for was read and is enough.
//!
//! Must not: retry, decide what comes next, write a journal, change the user's repository.

mod artifact;
mod checkout;
mod environment;
mod gate;
mod inspect;
mod place;
mod process;
mod record;
mod report;
mod rooms;
mod script;
mod seal;

pub use rooms::Rooms;

use crate::store::{Store, StoreError};
use shipway_core::event::{Artifact, Evidence, Outcome};
use shipway_core::name::StepId;
use shipway_core::plan::{Action, Plan, Script, Step};
use shipway_core::redact::Redactor;
use shipway_core::run::Run;
use shipway_core::secret::Secrets;
use shipway_core::target::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears each line of output as it comes, redacted, without its end. Control characters are still in it: whoever shows it
/// makes them visible first (`shipway_core::redact::visible`).
pub type Lines = Box<dyn Fn(&StepId, &str) + Send + Sync>;

/// Where local steps of one run are carried out. Several threads may use it for different steps at once.
pub struct Workshop {
    /// The user's repository. It is only read.
    pub repository: PathBuf,
    /// A directory of this run alone, in the state directory: holds `work/` and `logs/`.
    pub directory: PathBuf,
    pub store: Arc<Store>,
    pub secrets: Arc<dyn Secrets>,
    pub redactor: Arc<Redactor>,
    /// The environment of whoever runs the plan.
    pub caller: BTreeMap<String, String>,
    pub lines: Lines,
    /// Set to stop what is running: commands are asked to end and after 5 seconds are killed.
    pub kill: Arc<AtomicBool>,
    /// Empty at first.
    pub rooms: Rooms,
}

/// Where all output of a step is kept, in the directory of its run.
pub fn log_path(directory: &std::path::Path, step: &StepId) -> PathBuf {
    directory
        .join("logs")
        .join(format!("{}.log", place::file_name(step.as_str())))
}

impl Workshop {
    /// Carries out a step that runs commands, looks into archives or seals. It may be called again for the same step: each
    /// attempt starts clean.
    ///
    /// After `Passed`, artifacts and the files that evidence names are on disk in the store. After `Failed`, the failure's
    /// kind is `Permanent` where the same attempt would fail again, and another one where a person can mend it without a new
    /// plan (a missing program, a full disk, an interruption).
    pub fn carry_out(&self, run: &Run, step: &Step) -> Outcome {
        let done = match &step.action {
            Action::Run(script) => script::carry_out(self, run, step, script),
            Action::Inspect(inspect) => inspect::carry_out(self, run, inspect),
            Action::Seal => seal::carry_out(self, run),
            Action::Approve(_) | Action::Task(_) | Action::Publish(_) => Err(Failure::permanent(
                format!("{} is no step that is carried out locally", step.id),
            )
            .into()),
        };
        match done {
            Ok(Made {
                evidence,
                artifacts,
            }) => Outcome::Passed {
                evidence,
                artifacts,
            },
            Err(unmade) => Outcome::Failed {
                failure: self.without_secrets(unmade.failure),
                evidence: unmade.evidence,
                tail: unmade.tail,
            },
        }
    }

    /// Whether the commands of a task's probe all succeed, which says that the task is done. Its output is dropped; whatever
    /// keeps it from running counts as "not yet".
    pub fn probe(&self, script: &Script, plan: &Plan) -> bool {
        script::probe(self, script, plan)
    }

    fn is_killed(&self) -> bool {
        self.kill.load(Ordering::Relaxed)
    }

    fn without_secrets(&self, failure: Failure) -> Failure {
        Failure {
            kind: failure.kind,
            message: self.redactor.text(&failure.message),
            hint: failure.hint.map(|hint| self.redactor.text(&hint)),
        }
    }
}

/// What a step that succeeded made.
#[derive(Default)]
struct Made {
    evidence: Vec<Evidence>,
    artifacts: Vec<Artifact>,
}

/// Why a step failed, with what was found out all the same.
struct Unmade {
    failure: Failure,
    evidence: Vec<Evidence>,
    tail: Vec<String>,
}

impl From<Failure> for Unmade {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            evidence: Vec::new(),
            tail: Vec::new(),
        }
    }
}

/// A file or directory of ours that cannot be used: a person can mend that.
fn broken(what: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::transient(format!("{what}: {error}"));
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            failure.hinted("make room on the disk that holds Shipway's state, then resume")
        }
        _ => failure,
    }
}

fn store_failed(error: &StoreError) -> Failure {
    let kind = match error {
        StoreError::Io(_) | StoreError::Missing(_) => FailureKind::Transient { retry_after: None },
        StoreError::Changed { .. } => FailureKind::Permanent,
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Failure {
        kind,
        message,
        hint: error.hint(),
    }
}
