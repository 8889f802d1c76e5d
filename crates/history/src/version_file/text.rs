//! A file as text: the places of its version, and its lines for people.

use super::Spec;
use super::error::{Candidate, Fault, MOST_LISTED, VersionFileError};
use super::pattern;
use super::place::Place;

/// How much of a line an error shows, in characters.
const MOST_SHOWN: usize = 120;

/// A file as text, with its byte order mark where it has one.
pub(super) struct Text<'a> {
    path: &'a str,
    /// Without the byte order mark.
    pub bare: &'a str,
    /// How many bytes the byte order mark takes.
    pub skipped: usize,
}

impl<'a> Text<'a> {
    pub(super) fn of(path: &'a str, bytes: &'a [u8]) -> Result<Self, VersionFileError> {
        let text = std::str::from_utf8(bytes).map_err(|error| VersionFileError::NotText {
            path: path.to_owned(),
            at: error.valid_up_to(),
        })?;
        let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self {
            path,
            bare,
            skipped: text.len() - bare.len(),
        })
    }

    /// Where the version stands: at least one place, all saying the same, in order.
    pub(super) fn places(&self, spec: &Spec<'_>) -> Result<Vec<Place>, VersionFileError> {
        let found = match (spec.pattern, spec.kind()) {
            (Some(pattern), _) => {
                pattern::places(self.bare, pattern).ok_or_else(|| VersionFileError::Pattern {
                    path: self.path.to_owned(),
                    pattern: pattern.to_owned(),
                })?
            }
            (None, Some(kind)) => kind.places(self.bare, spec.key),
            (None, None) => Err(Fault::Missing(
                "files of this name need a pattern, a key with a kind, or marks in them (kind = \"marker\")",
            )),
        };
        let mut places = found.map_err(|fault| self.error(spec, fault))?;
        places.sort_by_key(|place| place.at.start);
        let [first, others @ ..] = places.as_slice() else {
            return Err(self.error(spec, Fault::Missing("there is none")));
        };
        if others.iter().all(|place| place.agrees(first, self.bare)) {
            return Ok(places);
        }
        let all = places.iter().map(|place| place.at.start).collect();
        Err(self.error(spec, Fault::Ambiguous(all)))
    }

    pub(super) fn error(&self, spec: &Spec<'_>, fault: Fault) -> VersionFileError {
        let path = self.path.to_owned();
        match fault {
            Fault::Missing(why) => {
                let near = self.near();
                VersionFileError::Missing { path, why, near }
            }
            Fault::Ambiguous(places) => VersionFileError::Ambiguous {
                path,
                candidates: places
                    .into_iter()
                    .take(MOST_LISTED)
                    .map(|at| self.candidate(at))
                    .collect(),
            },
            Fault::Syntax { at, why } => {
                let line = self.candidate(at).line;
                VersionFileError::Syntax { path, line, why }
            }
            Fault::Key(why) => VersionFileError::Key {
                path,
                key: spec.key.unwrap_or_default().to_owned(),
                why,
            },
            Fault::Refused { why, instead } => VersionFileError::Refused { path, why, instead },
        }
    }

    fn candidate(&self, at: usize) -> Candidate {
        let at = (0..=at.min(self.bare.len()))
            .rev()
            .find(|at| self.bare.is_char_boundary(*at));
        let (before, after) = self.bare.split_at(at.unwrap_or(0));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = after
            .find('\n')
            .map_or(self.bare.len(), |newline| before.len() + newline);
        Candidate {
            line: before.matches('\n').count() + 1,
            text: clipped(self.bare[start..end].trim()),
        }
    }

    /// Lines with the word "version" and a number with a dot.
    fn near(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (number, line) in self.bare.lines().enumerate() {
            let bytes = line.as_bytes();
            let dotted = bytes.windows(3).any(|three| {
                three[0].is_ascii_digit() && three[1] == b'.' && three[2].is_ascii_digit()
            });
            if dotted && line.to_lowercase().contains("version") {
                found.push(Candidate {
                    line: number + 1,
                    text: clipped(line.trim()),
                });
            }
            if found.len() == MOST_LISTED {
                break;
            }
        }
        found
    }
}

fn clipped(line: &str) -> String {
    let end = line.char_indices().nth(MOST_SHOWN).map(|(at, _)| at);
    match end {
        Some(end) => format!("{}…", crate::conventional::shown(&line[..end])),
        None => crate::conventional::shown(line),
    }
}
