//! What an engine's configuration says about the extensions that are built with it.

use super::{Known, Place};
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;

/// All entries of the configuration files in one commit of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The engine's commit that they were read from.
    pub commit: Oid,
    /// Sorted by name, then by file and line. One name may have several entries: under conditions, or switched off.
    pub pins: Vec<Pin>,
    /// What in the files could not be read. The entries before and after it are in `pins`.
    pub problems: Vec<super::Unknown>,
}

/// One entry: `extension_load(NAME … GIT_URL … GIT_TAG …)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    pub name: String,
    /// As it is written. `None` for an extension in the engine's own tree.
    pub url: Option<Known<String>>,
    /// `host/owner/name`, in lower case: the same for all spellings of one address.
    pub repository: Option<Known<String>>,
    /// `None` for an extension in the engine's own tree.
    pub revision: Option<Known<Revision>>,
    pub state: PinState,
    /// Whether the entry asks for the patches to be applied.
    pub apply_patches: bool,
    /// The patches beside the configuration under this name, sorted by path, whether or not they are applied.
    pub patches: Vec<Patch>,
    /// Other words of the entry, in their order: `LOAD_TESTS`, `DONT_LINK`, …
    pub options: Vec<String>,
    /// Where the entry begins.
    pub place: Place,
    /// Where the revision is written: what has to be edited to move the pin. `None` where there is no such single place.
    pub span: Option<Span>,
}

/// What an entry names as its revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revision {
    Commit(Oid),
    /// A branch, a tag or an abbreviated id: what it means may change. A pin that is no commit.
    Named(String),
}

/// Whether an entry counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum PinState {
    /// Always.
    Enabled,
    /// On some machines: the condition as it is written, nested ones joined by `AND`.
    Conditional { condition: String },
    /// Never, unless somebody defines a variable by hand: the condition that does not hold.
    SwitchedOff { condition: String },
    /// It stands in a comment.
    CommentedOut,
}

/// A patch file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    pub path: String,
    /// The blob's id: the digest of the content.
    pub blob: Oid,
}

/// A range of bytes in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub path: String,
    /// From 1.
    pub line: u32,
    /// Of the first byte, from 0.
    pub start: usize,
    /// After the last byte.
    pub end: usize,
}

impl Pin {
    /// The commit, where one is pinned.
    pub fn commit(&self) -> Option<&Oid> {
        match self.revision.as_ref()?.known()? {
            Revision::Commit(commit) => Some(commit),
            Revision::Named(_) => None,
        }
    }

    /// Whether the entry is built at least on some machines.
    pub fn is_on(&self) -> bool {
        matches!(self.state, PinState::Enabled | PinState::Conditional { .. })
    }

    /// Whether the code lives in a repository of its own.
    pub fn is_external(&self) -> bool {
        self.url.is_some() || self.revision.is_some()
    }
}

impl Pins {
    /// The entry that counts for a name: of those in use the first that is always on, else the first.
    pub fn find(&self, name: &str) -> Option<&Pin> {
        let rank = |pin: &&Pin| match pin.state {
            PinState::Enabled => 0,
            PinState::Conditional { .. } => 1,
            PinState::SwitchedOff { .. } => 2,
            PinState::CommentedOut => 3,
        };
        let first = self.pins.partition_point(|pin| pin.name.as_str() < name);
        let named = self.pins[first..].iter().take_while(|pin| pin.name == name);
        named.min_by_key(rank)
    }
}
