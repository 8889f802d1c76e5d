//! One row of a table: when it applies, what it says, and where it comes from.
//!
//! Invariant: a row that exists has passed the checks of its table's kind: every cell holds words that the pack knows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a rule makes of what somebody wants to do; from mild to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Go on.
    Allow,
    /// Go on, and know that it is unusual.
    Warn,
    /// Not here: the answer says where instead.
    Redirect,
    /// The team forbids it; a waiver or an override can lift it.
    Deny,
    /// It cannot be done as things are; nobody can waive it.
    Impossible,
}

impl Severity {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("allow", Self::Allow),
        ("warn", Self::Warn),
        ("redirect", Self::Redirect),
        ("deny", Self::Deny),
        ("impossible", Self::Impossible),
    ];

    /// Whether what was asked for may be done, here or where the answer says.
    pub fn passes(self) -> bool {
        self <= Self::Redirect
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(_, one)| one == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `S`: it stands in the document that the team published.
    Stated,
    /// `O`: it stands in another public page or record of the same team.
    Original,
    /// `I`: the documents are silent or contradict each other, and this is what follows from the rest.
    Inferred,
    /// `T`: the team that runs this train decided it, in its own pack or file.
    Team,
}

impl Origin {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("S", Self::Stated),
        ("O", Self::Original),
        ("I", Self::Inferred),
        ("T", Self::Team),
    ];
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stated => "stated",
            Self::Original => "original",
            Self::Inferred => "inferred",
            Self::Team => "team",
        })
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The pack, the table and the axis cells: `goose/engine-change/mid-cycle/feature/cur.patch`.
    pub id: String,
    pub severity: Severity,
    pub origin: Origin,
    pub note: String,
    /// The line of the table's file, from 1; the file is named after the table.
    pub line: usize,
    pub(super) answers: Vec<(&'static str, String)>,
}

impl Row {
    /// An answer of the row; `None` where the cell is empty or the table has no such column.
    pub fn answer(&self, column: &str) -> Option<&str> {
        let cell = self.answers.iter().find(|(name, _)| *name == column);
        cell.map(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// An answer that is a list: `a|b`.
    pub fn list(&self, column: &str) -> impl Iterator<Item = &str> {
        self.answer(column)
            .unwrap_or_default()
            .split('|')
            .filter(|item| !item.is_empty())
    }

    /// What a decision repeats of this row.
    pub fn rule(&self) -> Rule {
        Rule {
            id: self.id.clone(),
            severity: self.severity,
            source: self.origin,
            note: Some(self.note.clone()).filter(|note| !note.is_empty()),
        }
    }
}

/// The rule behind a decision, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    pub id: String,
    pub severity: Severity,
    pub source: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Rule {
    /// A rule that stands in no table, because every train has it.
    pub(crate) fn own(name: &str, severity: Severity) -> Self {
        Self {
            id: format!("shipway/{name}"),
            severity,
            source: Origin::Inferred,
            note: None,
        }
    }
}
