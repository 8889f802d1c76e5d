//! What a changelog holds: the versions in it, with dates and places.

use super::document::{Document, lines_in};
use super::{ChangelogError, text_of};
use serde::Serialize;
use shipway_core::version::Version;

/// A section of a changelog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section<'a> {
    /// The text of its heading.
    pub title: &'a str,
    /// What is released, where the heading names it: `Driver 1.0.0`.
    pub name: Option<&'a str>,
    /// As written, without a `v`; `None` for the unreleased section.
    pub version: Option<&'a str>,
    /// `2026-11-21`, whatever form the file has; `None` where there is none that can be read.
    pub date: Option<String>,
    pub unreleased: bool,
    pub yanked: bool,
    /// The heading's line, counted from 1.
    pub line: usize,
    /// The last line that belongs to it and is not blank.
    pub last_line: usize,
}

/// The sections of a changelog, in the order of the file. `unreleased` is the configured heading, where it is none that is known.
///
/// Reading goes on past what [`super::close`] refuses: two unreleased sections, a block without end.
///
/// # Errors
/// [`ChangelogError::NotText`], and [`ChangelogError::Form`] for a file of another kind.
pub fn sections<'a>(
    text: &'a [u8],
    unreleased: Option<&str>,
) -> Result<Vec<Section<'a>>, ChangelogError> {
    let text = text_of(text)?;
    let document = Document::read(text, unreleased);
    if let Err(error @ ChangelogError::Form { .. }) = document.check() {
        return Err(error);
    }
    let (mut line, mut at) = (1, 0);
    let mut line_at = |to: usize| {
        line += lines_in(&text[at..to]);
        at = to;
        line
    };
    let read = document.sections.iter().map(|section| {
        let first = line_at(section.heading.title.start);
        let end = text[..section.body.end]
            .trim_end()
            .len()
            .max(section.heading.lines.end);
        let last = line_at(end);
        let title = document.title_of(section);
        Section {
            title,
            name: section.title.name.clone().map(|at| &title[at]),
            version: document.version_of(section),
            date: section.title.date.clone().map(|date| date.day),
            unreleased: section.title.is_unreleased(),
            yanked: section.title.yanked,
            line: first,
            last_line: last,
        }
    });
    Ok(read.collect())
}

/// The text of a version's section without its heading; `None` where it has none.
///
/// # Errors
/// [`ChangelogError::NotText`].
pub fn section(text: &[u8], version: &Version) -> Result<Option<String>, ChangelogError> {
    let text = text_of(text)?;
    let document = Document::read(text, None);
    Ok(document
        .release(version)
        .map(|section| document.notes(section)))
}
