//! The text that is being read, and the faults found in it so far.
//!
//! Invariant: every fault lies inside the text, and what is to be concealed is covered in all of them, whatever order they
//! were found in.

use super::{Fault, MOST_FAULTS, conceal};
use crate::name::is_bidi;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

/// A place in the text, in bytes.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
}

pub struct Source<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    faults: Vec<(Span, String, String)>,
    concealed: BTreeSet<(usize, usize)>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            lines: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            found: RefCell::default(),
        }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// What the file says there, as written.
    pub fn slice(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    pub fn fault(&self, at: &Span, message: impl Into<String>, hint: impl Into<String>) {
        let mut found = self.found.borrow_mut();
        // The first faults of the file are wanted, and tables are not read in the file's order: keep some more.
        if found.faults.len() < MOST_FAULTS * 20 {
            found.faults.push((at.clone(), message.into(), hint.into()));
        }
    }

    /// Covers a part of the text in all faults.
    pub fn conceal(&self, span: &Span) {
        self.found
            .borrow_mut()
            .concealed
            .insert((span.start, span.end));
    }

    /// Whether just this value is covered already.
    pub fn is_concealed(&self, span: &Span) -> bool {
        self.found
            .borrow()
            .concealed
            .contains(&(span.start, span.end))
    }

    /// The number of the line, from 1.
    pub fn line(&self, span: &Span) -> usize {
        self.lines
            .partition_point(|start| *start <= span.start)
            .max(1)
    }

    /// The place of a part of a value: exact where the file writes the value as it is, else the whole value.
    pub fn inside(&self, at: &At<String>, part: Range<usize>) -> Span {
        for quotes in [1, 3] {
            let start = at.span.start + quotes;
            if self.text.get(start..start + at.value.len()) == Some(&at.value) {
                return start + part.start..start + part.end;
            }
        }
        at.span.clone()
    }

    pub fn into_faults(self) -> Vec<Fault> {
        let found = self.found.take();
        let mut raw = found.faults;
        raw.sort_by_key(|(span, ..)| span.start);
        raw.dedup();
        raw.truncate(MOST_FAULTS);
        raw.into_iter()
            .map(|(span, message, hint)| self.place(&span, &message, &hint, &found.concealed))
            .collect()
    }

    fn place(
        &self,
        span: &Span,
        message: &str,
        hint: &str,
        concealed: &BTreeSet<(usize, usize)>,
    ) -> Fault {
        let line = self.line(span);
        let start = self.lines[line - 1];
        let end = self
            .lines
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        let text = text.strip_suffix('\r').unwrap_or(text);
        let characters = |offset: usize| {
            let mut offset = offset.clamp(start, start + text.len());
            while !self.text.is_char_boundary(offset) {
                offset -= 1;
            }
            self.text[start..offset].chars().count()
        };
        let column = characters(span.start);
        let end = start + text.len();
        let clip = |offset: usize| offset.clamp(start, end) - start;
        let hidden = concealed.iter().map(|one| clip(one.0)..clip(one.1));
        Fault {
            line,
            column: column + 1,
            length: characters(span.end).saturating_sub(column).max(1),
            text: conceal::cover(text, hidden),
            message: conceal::cover(message, std::iter::empty()),
            hint: Some(conceal::cover(hint, std::iter::empty())),
        }
    }
}

/// The text with control characters and direction marks shown as what they are, so that no file moves a cursor.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\n' => out.push_str("\n    "),
            c if c.is_control() || is_bidi(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The part of a long line around a column, and how many characters of it come before the column.
pub(super) fn window(text: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 160;
    const BEFORE: usize = 60;
    let start = if text.chars().nth(WIDTH).is_none() {
        0
    } else {
        column.saturating_sub(BEFORE + 1)
    };
    (
        text.chars().skip(start).take(WIDTH).collect(),
        column - 1 - start,
    )
}
