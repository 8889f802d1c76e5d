//! One place of the version in a text, and how another version is written there.

use super::yaml;
use std::ops::Range;

/// Bytes of a text and what takes their place.
pub(super) type Replacement = (Range<usize>, String);

/// Where a version stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// All of it; for an error's line its start.
    pub at: Range<usize>,
    pub form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The text itself.
    Verbatim,
    /// YAML without quotes, which a text that reads as a number gets: `1.10`.
    YamlPlain,
    /// One number in each place: `#define X_VERSION_MAJOR 1` and its fellows.
    Numbers(Vec<Range<usize>>),
    /// `(1, 4, 0, "final", 0)`, as Python's `sys.version_info` has it.
    Levels {
        numbers: Vec<Range<usize>>,
        level: Range<usize>,
        serial: Range<usize>,
        /// The word for a release candidate here.
        rc: &'static str,
    },
}

impl From<Range<usize>> for Place {
    fn from(at: Range<usize>) -> Self {
        Self {
            at,
            form: Form::Verbatim,
        }
    }
}

impl Place {
    pub(super) fn numbers(at: Vec<Range<usize>>) -> Self {
        let start = at.iter().map(|at| at.start).min().unwrap_or(0);
        let end = at.iter().map(|at| at.end).max().unwrap_or(0);
        Self {
            at: start..end,
            form: Form::Numbers(at),
        }
    }

    /// Whether it can say no more than numbers.
    pub(super) fn is_partial(&self) -> bool {
        matches!(self.form, Form::Numbers(_))
    }

    pub(super) fn read(&self, text: &str) -> String {
        match &self.form {
            Form::Verbatim | Form::YamlPlain => text[self.at.clone()].to_owned(),
            Form::Numbers(parts) => joined(parts, text),
            Form::Levels {
                numbers,
                level,
                serial,
                ..
            } => {
                let pre = match &text[level.clone()] {
                    "final" => return joined(numbers, text),
                    "alpha" => "a",
                    "beta" => "b",
                    "rc" | "candidate" => "rc",
                    other => other,
                };
                format!("{}{pre}{}", joined(numbers, text), &text[serial.clone()])
            }
        }
    }

    /// The edits that make it say `spelled`, or its numbers; `None` where it has no room for them.
    pub(super) fn write(&self, spelled: &str) -> Option<Vec<Replacement>> {
        match &self.form {
            Form::Verbatim => Some(vec![(self.at.clone(), spelled.to_owned())]),
            Form::YamlPlain if yaml::needs_quotes(spelled) => {
                Some(vec![(self.at.clone(), format!("\"{spelled}\""))])
            }
            Form::YamlPlain => Some(vec![(self.at.clone(), spelled.to_owned())]),
            Form::Numbers(parts) => each(parts, numbers(spelled)?),
            Form::Levels {
                numbers: parts,
                level,
                serial,
                rc,
            } => {
                let release = numbers(spelled)?;
                let pre = &spelled[release.len()..];
                let letters = pre.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
                let (word, count) = match pre.split_at(letters) {
                    ("", "") => ("final", "0"),
                    (_, count) if count.bytes().any(|b| !b.is_ascii_digit()) => return None,
                    ("a", count) => ("alpha", count),
                    ("b", count) => ("beta", count),
                    ("rc", count) => (*rc, count),
                    _ => return None,
                };
                let mut edits = each(parts, release)?;
                edits.push((level.clone(), word.to_owned()));
                edits.push((serial.clone(), count.to_owned()));
                Some(edits)
            }
        }
    }

    /// Whether both say the same version, as far as both can.
    pub(super) fn agrees(&self, other: &Self, text: &str) -> bool {
        let (mine, theirs) = (self.read(text), other.read(text));
        if self.is_partial() || other.is_partial() {
            let known = |text: &str| {
                let numbers: Vec<&str> = numbers(text)?.split('.').collect();
                let zeros = numbers
                    .iter()
                    .rev()
                    .take_while(|part| **part == "0")
                    .count();
                Some(numbers[..numbers.len() - zeros].join("."))
            };
            known(&mine) == known(&theirs)
        } else {
            mine == theirs
        }
    }
}

fn joined(parts: &[Range<usize>], text: &str) -> String {
    let parts: Vec<&str> = parts.iter().map(|at| &text[at.clone()]).collect();
    parts.join(".")
}

/// One number for each place, 0 where there are fewer; `None` where there are more.
fn each(parts: &[Range<usize>], numbers: &str) -> Option<Vec<Replacement>> {
    let mut numbers = numbers.split('.');
    let edits = parts
        .iter()
        .map(|at| (at.clone(), numbers.next().unwrap_or("0").to_owned()))
        .collect();
    numbers.next().is_none().then_some(edits)
}

/// The numbers that a version begins with: `1.4.0` of `1.4.0.dev0`. None where there are none, or an epoch stands before them.
pub(super) fn numbers(version: &str) -> Option<&str> {
    let end = version
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    // The number at once before a letter belongs to the release: 1.4.0rc1.
    let numbers = numbers.strip_suffix('.').unwrap_or(numbers);
    (!numbers.is_empty() && !rest.starts_with('!')).then_some(numbers)
}
