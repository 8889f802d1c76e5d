//! Closing the unreleased section as that of a release.

use super::assemble::{Options, Source};
use super::document::{Document, Section};
use super::entries::{self, Look, Made};
use super::links::{self, Added, Linked};
use super::log::Log;
use super::style::{Named, Style, refers};
use super::template::Template;
use super::title::Kind;
use super::{ChangelogError, text_of};
use crate::change::Change;
use shipway_core::version::Version;

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

/// A changelog that does not exist yet.
pub(super) const NEW: &str = "# Changelog\n\nAll notable changes of this project are written down here, in the form of\n\
    [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n## [Unreleased]\n";

/// How entries are made of changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Making<'a> {
    pub options: Options<'a>,
    pub look: Look,
    /// Writes the section instead; the heading that it begins with is left out, for the file has its own.
    pub template: Option<&'a Template>,
    /// The tag of the release before, for links that a template makes.
    pub previous_tag: Option<&'a str>,
}

/// Closes the unreleased section as that of a release, with entries of the default look. [`close_with`] says what is done.
///
/// # Errors
/// [`ChangelogError`]; the text is then as it was.
pub fn close(text: Option<&[u8]>, closing: &Closing) -> Result<Closed, ChangelogError> {
    close_with(text, closing, &Making::default())
}

/// Closes the unreleased section as that of a release; `None` stands for a file that does not exist yet.
///
/// The heading of the unreleased section stays, with nothing under it, and the release follows it. Where the unreleased
/// section is empty or missing, the entries are made from the changes.
///
/// # Errors
/// [`ChangelogError`]; the text is then as it was.
pub fn close_with(
    text: Option<&[u8]>,
    closing: &Closing,
    making: &Making,
) -> Result<Closed, ChangelogError> {
    let text = text.map_or(Ok(NEW), text_of)?;
    let document = Document::read(text, closing.unreleased);
    document.check_new(closing.version)?;
    let style = Style::of(&document);
    let named = Named {
        version: closing.version,
        date: closing.date,
        tag: closing.tag,
        previous: None,
        yanked: false,
    };
    let heading = style.heading(&named);
    let written = document
        .unreleased()
        .filter(|section| document.has_entries(section));
    let (mut closed, entries, mut warnings) = if let Some(section) = written {
        let closed = with_written(&document, section, &heading);
        (closed, Entries::Written, Vec::new())
    } else {
        let made = made(closing, making, &style)?;
        let entries = if made.text.is_empty() {
            Entries::None
        } else {
            Entries::Made
        };
        (
            with_made(&document, &style, &heading, &made.text),
            entries,
            made.warnings,
        )
    };
    let label = style.label(closing.version);
    if refers(&heading, &label) {
        let edited = Document::read(&closed, closing.unreleased);
        let linked = Linked {
            label: &label,
            tag: closing.tag,
            unreleased: closing.unreleased,
        };
        match links::add(&edited, &linked) {
            Added::Text(text) => closed = text,
            Added::Nothing => {}
            Added::Unknown => warnings.push(format!(
                "the changelog's links are of a form that is not known, so there is none for {}",
                closing.version
            )),
        }
    }
    let document = Document::read(&closed, closing.unreleased);
    let section = document.release(closing.version);
    let notes = section
        .map(|section| document.notes(section))
        .unwrap_or_default();
    match entries {
        Entries::Written => warnings.extend(super::cover::uncovered(closing.changes, &notes)),
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

fn made(closing: &Closing, making: &Making, style: &Style) -> Result<Made, ChangelogError> {
    let mut made = entries::make(closing.changes, style, &making.options, making.look);
    let Some(template) = making.template else {
        return Ok(made);
    };
    let source = Source {
        version: Some(closing.version),
        tag: Some(closing.tag),
        previous_tag: making.previous_tag,
        date: Some(closing.date),
        yanked: false,
        migration: None,
        changes: closing.changes,
    };
    let written = template.render(&Log::of(&[source], &making.options))?;
    let sections = Document::read(&written, None);
    let own = sections.release(closing.version);
    let body = own.map_or(0, |section| section.heading.lines.end);
    made.text.clear();
    for line in written[body..].trim_matches(['\n', '\r']).lines() {
        made.text.push_str(line);
        made.text.push_str(style.eol);
    }
    Ok(made)
}

/// The unreleased heading stays where it is, and the release's heading comes between it and the entries.
fn with_written(document: &Document, section: &Section, heading: &str) -> String {
    let eol = document.eol;
    let text = document.text;
    if section.title.kind != Kind::Unreleased {
        // `## 1.1.0 (unreleased)`: nothing to keep above it, because nobody knows the next version yet.
        return replaced(text, section.start, end_of_heading(section), heading);
    }
    let at = section.body.start;
    // A heading in the last line of the file.
    let open = if text[..at].ends_with('\n') { "" } else { eol };
    replaced(text, at, at, &format!("{open}{eol}{heading}{eol}"))
}

/// With the line below the heading that says that it is not released.
fn end_of_heading(section: &Section) -> usize {
    section
        .remark
        .as_ref()
        .map_or(section.heading.lines.end, |remark| remark.end)
}

/// The release goes behind the empty unreleased section, or before the newest release, or to the end.
fn with_made(document: &Document, style: &Style, heading: &str, entries: &str) -> String {
    let (eol, text) = (document.eol, document.text);
    let gap = if style.blank_after_heading && !entries.is_empty() {
        eol
    } else {
        ""
    };
    let release = format!("{heading}{eol}{gap}{entries}");
    let between = eol.repeat(style.between);
    if let Some(section) = document.unreleased() {
        if section.title.kind != Kind::Unreleased {
            let start = section.start;
            let end = match &section.remark {
                Some(remark) => document.after_line(remark.end),
                None => section.body.start.max(section.heading.lines.end),
            };
            return replaced(text, start, end, &release);
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
        let at = newest.start;
        return replaced(text, at, at, &format!("{release}{between}"));
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

pub(super) fn replaced(text: &str, start: usize, end: usize, new: &str) -> String {
    let mut out = String::with_capacity(text.len() + new.len());
    out.push_str(&text[..start]);
    out.push_str(new);
    out.push_str(&text[end..]);
    out
}
