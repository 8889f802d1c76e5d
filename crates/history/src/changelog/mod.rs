//! A changelog in the manner of Keep a Changelog 1.1.0: closing a release's section, and reading one.
//!
//! Invariants: closing adds lines and, where the file has compare links, moves the one of the unreleased section; every other
//! byte stays, line ends and byte order mark included. What is added follows the file: level and form of the newest
//! release's heading, its date's form, bullets, line ends. What people wrote is never reworded.
//!
//! Must not: read or write files; decide on the version.

mod document;
mod entries;
mod links;
mod style;
mod unreleased;

use crate::change::Change;
use document::{Document, Section, Title};
use shipway_core::version::Version;
use style::Style;

/// What a release is called in the changelog.
#[derive(Clone, Debug)]
pub struct Closing<'a> {
    pub version: &'a Version,
    /// `2026-11-21`; written with the signs between the numbers that the file uses.
    pub date: &'a str,
    /// The tag's short name, for compare links: `v1.1.0`.
    pub tag: &'a str,
    /// `[changelog] unreleased`: the text of the unreleased section's heading, where it is none that is known.
    pub unreleased: Option<&'a str>,
    /// The changes of the release: they make the entries where nobody wrote any, and are compared with those that are there.
    pub changes: &'a [Change],
}

/// A changelog with the release in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub text: Vec<u8>,
    /// The release's section without its heading, with `\n` line ends and the link definitions that it uses.
    pub notes: String,
    /// Where the entries come from.
    pub entries: Entries,
    /// Changes that no entry covers, commits that no entry can be made of, links that were left as they were.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// People wrote them.
    Written,
    /// They were made from the changes.
    Made,
    /// There are none.
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    #[error("the changelog has a section for {version} already (line {line})")]
    Exists { version: String, line: usize },
    #[error("the changelog has two unreleased sections (lines {first} and {second})")]
    TwoUnreleased { first: usize, second: usize },
    #[error("the changelog has conflict markers (line {line}: {text})")]
    Conflict { line: usize, text: String },
    #[error("a code block or comment of the changelog has no end (it begins in line {line})")]
    Unclosed { line: usize },
    #[error("the changelog is not UTF-8 text (byte {at})")]
    NotText { at: usize },
}

impl ChangelogError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "release a higher version, or rename that section to Unreleased",
            Self::TwoUnreleased { .. } => "put their entries into one of them",
            Self::Conflict { .. } => "finish the merge and commit it",
            Self::Unclosed { .. } => "close it: with as many ` or ~ as it begins with, or with -->",
            Self::NotText { .. } => "save the file as UTF-8",
        }
    }
}

/// A changelog that does not exist yet.
const NEW: &str = "# Changelog\n\nAll notable changes of this project are written down here, in the form of\n\
    [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n## [Unreleased]\n";

/// Closes the unreleased section as that of a release; `None` stands for a file that does not exist yet.
///
/// The heading of the unreleased section stays, with nothing under it, and the release follows it. Where the unreleased
/// section is empty or missing, the entries are made from the changes.
///
/// # Errors
/// [`ChangelogError`]; the text is then as it was.
pub fn close(text: Option<&[u8]>, closing: &Closing) -> Result<Closed, ChangelogError> {
    let text = match text {
        Some(bytes) => std::str::from_utf8(bytes).map_err(|error| ChangelogError::NotText {
            at: error.valid_up_to(),
        })?,
        None => NEW,
    };
    let document = Document::read(text, closing.unreleased);
    document.check(closing.version)?;
    let style = Style::of(&document, closing);
    let written = document
        .unreleased()
        .filter(|section| document.has_entries(section));
    let (mut closed, entries, mut warnings) = if let Some(section) = written {
        let closed = with_written(&document, section, &style);
        (closed, Entries::Written, Vec::new())
    } else {
        let made = entries::make(closing.changes, &style);
        let entries = if made.text.is_empty() {
            Entries::None
        } else {
            Entries::Made
        };
        (
            with_made(&document, &style, &made.text),
            entries,
            made.warnings,
        )
    };
    let edited = Document::read(&closed, closing.unreleased);
    if let Some(linked) = links::add(&edited, closing, &style, &mut warnings) {
        closed = linked;
    }
    let document = Document::read(&closed, closing.unreleased);
    let section = document.release(closing.version);
    let notes = section
        .map(|section| document.notes(section))
        .unwrap_or_default();
    match entries {
        Entries::Written => warnings.extend(entries::uncovered(closing.changes, &notes)),
        Entries::None => warnings.push(format!(
            "the changelog's section of {} has no entries: nobody wrote one, and no change makes one",
            closing.version
        )),
        Entries::Made => {}
    }
    Ok(Closed {
        text: closed.into_bytes(),
        notes,
        entries,
        warnings,
    })
}

/// The text of a version's section without its heading; `None` where it has none.
///
/// # Errors
/// [`ChangelogError::NotText`].
pub fn section(text: &[u8], version: &Version) -> Result<Option<String>, ChangelogError> {
    let text = std::str::from_utf8(text).map_err(|error| ChangelogError::NotText {
        at: error.valid_up_to(),
    })?;
    let document = Document::read(text, None);
    Ok(document
        .release(version)
        .map(|section| document.notes(section)))
}

/// The unreleased heading stays where it is, and the release's heading comes between it and the entries.
fn with_written(document: &Document, section: &Section, style: &Style) -> String {
    let eol = document.eol;
    let heading = &style.heading;
    let text = document.text;
    if matches!(section.title, Title::UnreleasedVersion) {
        // `## 1.1.0 (unreleased)`: nothing to keep above it, because nobody knows the next version yet.
        return replaced(text, section.heading.start, section.heading.end, heading);
    }
    let at = section.body.start;
    replaced(text, at, at, &format!("{eol}{heading}{eol}"))
}

/// The release goes behind the empty unreleased section, or before the newest release, or to the end.
fn with_made(document: &Document, style: &Style, entries: &str) -> String {
    let (eol, text) = (document.eol, document.text);
    let gap = if style.blank_after_heading && !entries.is_empty() {
        eol
    } else {
        ""
    };
    let release = format!("{}{eol}{gap}{entries}", style.heading);
    if let Some(section) = document.unreleased() {
        if matches!(section.title, Title::UnreleasedVersion) {
            let start = section.heading.start;
            return replaced(
                text,
                start,
                section.body.start.max(section.heading.end),
                &release,
            );
        }
        let at = document.last_line_before(section.body.end);
        let open = if text[..at].ends_with('\n') { "" } else { eol };
        let follows = &text[at..];
        let close = if follows.is_empty() || follows.starts_with(eol) {
            ""
        } else {
            eol
        };
        return replaced(text, at, at, &format!("{open}{eol}{release}{close}"));
    }
    if let Some(newest) = document.sections.first() {
        let at = newest.heading.start;
        return replaced(text, at, at, &format!("{release}{eol}"));
    }
    let end = document.definitions_start();
    let at = document.last_line_before(end);
    let open = if at == 0 || text[..at].ends_with('\n') {
        ""
    } else {
        eol
    };
    let blank = if at == 0 { "" } else { eol };
    replaced(text, at, at, &format!("{open}{blank}{release}"))
}

fn replaced(text: &str, start: usize, end: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..start], &text[end..])
}

#[cfg(test)]
mod tests;
