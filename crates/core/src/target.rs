//! The outward port: a place that a release goes to.
//!
//! A target can be looked at, published to and sometimes taken back from. It never retries, orders or remembers: those are
//! the machine's. Calls block; an engine decides on which thread they run (docs/design/002-blocking-ports.md).

use crate::digest::Digest;
use crate::secret::SecretName;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Which target, and how it is set up. Data in a plan: names of secrets, never their values.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// What people call it: `testpypi`.
    pub name: String,
    /// The row of the table of targets: `pypi`, `git`, `github`, `mail`, `webhook`.
    pub kind: String,
    /// Where it is, for people and for the plan: a URL without credentials, or a path.
    pub place: String,
    /// Settings of this kind of target.
    pub settings: BTreeMap<String, Value>,
    pub secret: Option<SecretName>,
}

/// One thing that goes to a target.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Unique in its step: a file's name, a list of references, a release's tag.
    pub name: String,
    /// What must stand at the destination: the SHA-256 of the file's bytes, or of the JSON of `body` where there is no file.
    pub digest: Digest,
    /// Bytes of the file; `None` where the item is no file.
    pub size: Option<u64>,
    /// What the target needs to know beside the bytes; its shape is the target's own.
    pub body: Value,
}

impl Item {
    /// An item that is all in its body.
    pub fn of_body(name: impl Into<String>, body: Value) -> Self {
        Self {
            name: name.into(),
            digest: Digest::of_json(&body),
            size: None,
            body,
        }
    }
}

/// What is at the target now (an observation).
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Presence {
    /// The target says it is not there. It may lag: see [`Again`] and the settling time.
    Absent,
    /// It was read back and compared by digest. The receipt is what is needed to find it and take it back.
    Same { receipt: Receipt },
    /// Something else stands under this name. `found` says what, for a person.
    Different { found: String },
    /// This kind of target cannot be looked at (a mail), or not now.
    Unknown { why: String },
}

/// What publishing returned: enough to find and to take back the item. Never a secret.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The target's own id of the item.
    pub id: String,
    /// Where a person can look at it.
    pub url: Option<String>,
}

/// How an item can be taken back.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversal {
    /// It can be deleted, and then it is as if it had never been there.
    Deletes,
    /// It can be hidden (yanked); who has it keeps it.
    Hides,
    /// It cannot be taken back.
    Nothing,
}

/// What happens when the same item is published a second time, after the first answer was lost.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// The destination absorbs or refuses the second one: nothing is doubled.
    Harmless,
    /// It would be doubled, so an `Absent` is believed only once the settling time has passed.
    AfterSettling,
    /// It would be doubled and cannot be looked at: at most once.
    Never,
}

/// What a kind of target can and cannot do: its row in the capability table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    pub kind: &'static str,
    pub reversal: Reversal,
    pub again: Again,
    /// How long the destination may answer "absent" for what it holds.
    pub settle: Millis,
    /// Writes that are free at once, and the time each further one costs.
    pub pace: Option<Pace>,
    /// What is compared when it is read back.
    pub compares: &'static str,
    /// True where the destination replaces other bytes under the same name without a word.
    pub overwrites: bool,
}

/// A registry's limit on writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub burst: u32,
    pub then_every: Millis,
}

impl Pace {
    /// The waiting time that this many writes will cost.
    pub fn cost(self, writes: u32) -> Millis {
        Millis(u64::from(writes.saturating_sub(self.burst)) * self.then_every.0)
    }
}

/// What a look ahead of the release saw, at plan time.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// What stands there that this release is about: name and digest or id. Empty: nothing.
    pub found: Vec<Found>,
    /// What the destination said about our credentials, where it can be asked without an effect.
    pub credential: Credential,
    /// Anything a person should know before the release starts.
    pub notes: Vec<String>,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    pub name: String,
    /// A digest, an object id or a state, as the destination names it.
    pub what: String,
}

/// What is known about a credential before it is used.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The destination needs none.
    NotNeeded,
    /// It is there, and the destination has no harmless way to try it.
    #[default]
    Untried,
    /// The destination accepted it.
    Accepted,
}

/// What publishing, looking or taking back failed with.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub kind: FailureKind,
    /// A lowercase fragment without a secret.
    pub message: String,
    /// What a person can do about it.
    pub hint: Option<String>,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum FailureKind {
    /// Certainly nothing happened; trying again later may work. `retry_after` is what the destination asked for.
    Transient { retry_after: Option<Millis> },
    /// Certainly nothing happened, and the same call will never work.
    Permanent,
    /// Certainly nothing happened: a credential is missing, wrong or too weak. A person can mend it without a new plan.
    Denied,
    /// This call did nothing, and the destination's refusal may mean that something of this name stands there already: a
    /// look decides. Registries answer alike for "exists" and for "not acceptable".
    Taken,
    /// The answer was lost or says nothing: it may have happened.
    Unknown,
}

impl Failure {
    pub fn transient(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Transient { retry_after: None },
            message: message.into(),
            hint: None,
        }
    }

    pub fn later(message: impl Into<String>, retry_after: Millis) -> Self {
        Self {
            kind: FailureKind::Transient {
                retry_after: Some(retry_after),
            },
            message: message.into(),
            hint: None,
        }
    }

    pub fn permanent(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Permanent,
            message: message.into(),
            hint: None,
        }
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Denied,
            message: message.into(),
            hint: None,
        }
    }

    pub fn taken(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Taken,
            message: message.into(),
            hint: None,
        }
    }

    pub fn unknown(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Unknown,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The outward port. Implementations hold their set-up and credentials' names; they keep no state between calls.
pub trait Target: Send + Sync {
    /// What is at the destination now. Changes nothing.
    ///
    /// After `Same` the caller may assume that the item was read back and that its digest, or each field that the item
    /// asks for, is equal. `Absent` may be stale within the kind's settling time.
    ///
    /// # Errors
    /// `Transient` and `Unknown` both mean: look again later.
    fn observe(&self, item: &Item) -> Result<Presence, Failure>;

    /// Put the item there. Called only after [`Presence::Absent`] (or `Unknown`, for kinds that cannot be looked at).
    ///
    /// After success the destination *accepted* the item; it may not be visible yet. After `Failure` with kind `Unknown`
    /// it may or may not be there by this call; after every other kind it certainly is not.
    fn publish(&self, item: &Item) -> Result<Receipt, Failure>;

    /// Take the item back. Called only after `Same`, with a receipt of ours, and only for kinds whose reversal is not
    /// [`Reversal::Nothing`].
    ///
    /// After success it is gone (or hidden). After `Unknown` it may be; the caller looks again.
    fn retract(&self, item: &Item, receipt: &Receipt) -> Result<(), Failure>;

    /// What is there for this release, before anything is planned. Changes nothing.
    ///
    /// `items` are those whose content is known already; files that are still to be built are described by an item
    /// without size whose body is that of the step.
    fn survey(&self, items: &[Item]) -> Result<Survey, Failure>;
}
