//! What happened in a run, one event at a time.
//!
//! Invariants: events are only ever appended; folding them over the plan gives the run's whole state; an event never holds
//! a secret. Old events stay readable: a new kind or field means a new `FORMAT` of the journal.

use crate::digest::Digest;
use crate::name::StepId;
use crate::target::{Failure, Presence, Receipt};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Number of an event in its run, from 1.
pub type Seq = u64;

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub seq: Seq,
    pub at: Timestamp,
    pub kind: EventKind,
}

/// A publish step's item, by name.
pub type ItemName = String;

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum EventKind {
    /// The run exists. Always the first event.
    Started {
        by: String,
        host: String,
        shipway: String,
    },
    /// Somebody carries on after a crash, an interruption or a halt. Whatever was under way then has lost its answer.
    Resumed {
        by: String,
        host: String,
        shipway: String,
    },
    /// No new step is started: a person or a signal asked for it. Not the end of the run.
    Paused {
        why: String,
    },

    /// A local step began.
    WorkStarted {
        step: StepId,
    },
    WorkFinished {
        step: StepId,
        outcome: Outcome,
    },

    /// The destination was looked at.
    Looked {
        step: StepId,
        item: ItemName,
        presence: Presence,
    },
    /// The destination could not be looked at.
    LookFailed {
        step: StepId,
        item: ItemName,
        failure: Failure,
    },
    /// On disk before the first byte leaves: this content may now be at the destination.
    Intent {
        step: StepId,
        item: ItemName,
        digest: Digest,
    },
    Accepted {
        step: StepId,
        item: ItemName,
        receipt: Receipt,
    },
    /// Publishing failed; the failure's kind says whether something may have happened all the same.
    Refused {
        step: StepId,
        item: ItemName,
        failure: Failure,
    },

    /// A person said something. `subject` is the digest of what an approval is about.
    Decided {
        step: StepId,
        decision: Decision,
        by: String,
        note: Option<String>,
        subject: Option<Digest>,
    },

    /// From here on what was done is taken back.
    UndoStarted {
        why: String,
    },
    /// On disk before the item is taken back.
    RetractIntent {
        step: StepId,
        item: ItemName,
    },
    Retracted {
        step: StepId,
        item: ItemName,
    },
    RetractFailed {
        step: StepId,
        item: ItemName,
        failure: Failure,
    },

    /// The run is over. Always the last event.
    Finished {
        end: End,
    },
}

/// How a local step ended.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Outcome {
    Passed {
        evidence: Vec<Evidence>,
        artifacts: Vec<Artifact>,
    },
    /// `tail` is the end of the output, redacted; all of it is in the run's log.
    Failed {
        failure: Failure,
        evidence: Vec<Evidence>,
        tail: Vec<String>,
    },
}

/// A built file, by content.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// File name without directories.
    pub name: String,
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// What a check produced.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `log`, `pass-rate`, `coverage`, `tests`, `version`, `metadata`.
    pub name: String,
    pub verdict: Verdict,
    /// What was measured, for people: `97.2 %`, `212 passed, 3 skipped`.
    pub figure: String,
    /// The file that says so, in the artifact store.
    pub digest: Option<Digest>,
}

/// Four values, never two.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Fail,
    NoData,
    Error,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Approve,
    Reject,
    /// A task was done; or: the step whose answer was lost did happen.
    Done,
    /// The step whose answer was lost did not happen: do it again.
    Repeat,
}

/// How a run ended.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every required step stands.
    Released,
    /// All that was done and can be taken back was taken back.
    RolledBack,
}

/// The sealed artifacts, sorted by name. Its digest is what people approve, together with the plan's.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub Vec<Artifact>);

impl Manifest {
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }
}

/// The span between two events of a run, zero where the clock went back.
pub fn span(from: &Event, to: &Event) -> Millis {
    to.at.since(from.at)
}
