//! Secrets: known by name everywhere, by value only inside one call.
//!
//! Invariant: no value of this module can be printed, compared into a log or serialised by accident.

use crate::target::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a secret, as plans and events may hold it: `PYPI_TOKEN`, or `pypirc:testpypi` for a section of `~/.pypirc`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretName(pub String);

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret's value. `Debug` prints a mark; there is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: call only where it leaves for the place it belongs to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Where secrets come from.
pub trait Secrets: Send + Sync {
    /// The value of a secret. After success the value is known to the redactor of every sink.
    ///
    /// # Errors
    /// `FailureKind::Denied`, with a hint that says where the secret was looked for, when it is missing, empty or unreadable.
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure>;
}
