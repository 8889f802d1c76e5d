//! Sections put into a changelog, replaced in it, and marked: at any place, not only on top.
//!
//! Invariants: every byte that is not a part of what was asked for stays. What was done already changes nothing when it is
//! done again. The cost is linear in the text and the sections, whatever their number.

use super::closing::NEW;
use super::document::{Document, Section};
use super::links;
use super::style::{Named, Style, refers};
use super::unreleased::is_unreleased;
use super::{ChangelogError, text_of};
use shipway_core::version::Version;
use std::collections::HashMap;

/// A section to be written.
#[derive(Clone, Debug)]
pub struct NewSection<'a> {
    pub version: &'a Version,
    /// `2026-11-21`; empty for none.
    pub date: &'a str,
    /// The tag's short name, for links: `v1.1.0`.
    pub tag: &'a str,
    /// The tag of the release before it on its line.
    pub previous: Option<&'a str>,
    pub yanked: bool,
    /// The page that its heading's label leads to, where the file has no links of its own to go by.
    pub link: Option<&'a str>,
    /// What stands under the heading, in the file's markup, with `\n` line ends.
    pub body: &'a str,
}

/// What becomes of a section that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// It stays, to the byte.
    Keep,
    /// What stands under its heading is replaced; the heading stays.
    Replace,
}

/// Puts sections where they belong, newest version first (or last, where the file is in that order), and returns the file.
///
/// A section goes before the first one of a lower version: 1.4.3 goes below 2.x and above 1.4.2. The preamble, the
/// unreleased section, sections of other versions and what follows them stay as they are. `None` stands for a file that
/// does not exist yet.
///
/// # Errors
/// [`ChangelogError`]; the text is then as it was. A version that has two sections is refused where it is to be replaced.
pub fn set_sections(
    text: Option<&[u8]>,
    sections: &[NewSection],
    present: Present,
    unreleased: Option<&str>,
) -> Result<Vec<u8>, ChangelogError> {
    let text = text.map_or(Ok(NEW), text_of)?;
    let document = Document::read(text, unreleased);
    document.check()?;
    let style = Style::of(&document);
    let order = Order::of(&document, sections);
    let mut edits: Vec<Edit> = Vec::new();
    let mut added: Vec<&NewSection> = Vec::new();
    let mut sorted: Vec<&NewSection> = sections.iter().collect();
    sorted.sort_by(|a, b| b.version.cmp(a.version));
    sorted.dedup_by(|a, b| a.version == b.version);
    if order.ascending {
        sorted.reverse();
    }
    for section in sorted {
        match order.present(section.version) {
            None => {
                let at = order.place(&document, section.version);
                edits.push(inserted(&document, &style, section, &at));
                added.push(section);
            }
            Some(_) if present == Present::Keep => {}
            Some([one]) => {
                edits.extend(replaced_body(
                    &document,
                    &style,
                    &document.sections[*one],
                    section.body,
                ));
            }
            Some(more) => {
                let line =
                    |at: usize| document.line(document.sections[more[at]].heading.title.start);
                return Err(ChangelogError::Twice {
                    version: section.version.to_string(),
                    first: line(0),
                    second: line(1),
                });
            }
        }
    }
    edits.extend(definitions(&document, &style, &added, &order, unreleased));
    edits.sort_by_key(|edit| edit.start);
    Ok(applied(text, &edits).into_bytes())
}

/// Puts one section in, or replaces what it says. [`set_sections`] says where.
///
/// # Errors
/// [`ChangelogError`]; the text is then as it was.
pub fn set_section(
    text: Option<&[u8]>,
    section: &NewSection,
    unreleased: Option<&str>,
) -> Result<Vec<u8>, ChangelogError> {
    set_sections(
        text,
        std::slice::from_ref(section),
        Present::Replace,
        unreleased,
    )
}

/// Marks a version's section as taken back: `[YANKED]` behind its heading. One that is marked already stays as it is.
///
/// # Errors
/// [`ChangelogError::NoSection`] where the version has none.
pub fn mark_yanked(text: &[u8], version: &Version) -> Result<Vec<u8>, ChangelogError> {
    let text = text_of(text)?;
    let document = Document::read(text, None);
    document.check()?;
    let found = document.releases(version);
    let mut edits = Vec::new();
    let mut any = false;
    for section in found {
        any = true;
        if section.title.yanked {
            continue;
        }
        edits.extend(lengthened(&document, section, " [YANKED]"));
    }
    if !any {
        return Err(ChangelogError::NoSection {
            version: version.to_string(),
        });
    }
    Ok(applied(text, &edits).into_bytes())
}

/// A text instead of what stands from `start` to `end`.
struct Edit {
    start: usize,
    end: usize,
    new: String,
}

/// The text with all edits, which are in order and apart from each other.
fn applied(text: &str, edits: &[Edit]) -> String {
    let more: usize = edits.iter().map(|edit| edit.new.len()).sum();
    let mut out = String::with_capacity(text.len() + more);
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.start]);
        out.push_str(&edit.new);
        at = edit.end;
    }
    out.push_str(&text[at..]);
    out
}

fn begins_line(text: &str, at: usize) -> bool {
    at == 0 || text[..at].ends_with('\n') || text[..at] == *"\u{feff}"
}

/// Where versions stand in the file.
struct Order {
    /// Positions in the document's sections.
    known: HashMap<String, Vec<usize>>,
    /// The lowest version up to each section, from the top (the highest, where the file is ascending), with its position.
    bounds: Vec<(Version, usize)>,
    ascending: bool,
}

impl Order {
    fn of(document: &Document, sections: &[NewSection]) -> Self {
        let mut order = Self {
            known: HashMap::new(),
            bounds: Vec::new(),
            ascending: false,
        };
        let Some(scheme) = sections.first().map(|section| section.version.scheme()) else {
            return order;
        };
        let mut read: Vec<(Version, usize)> = Vec::new();
        for (at, section) in document.sections.iter().enumerate() {
            if section.title.is_unreleased() {
                continue;
            }
            let Some(text) = document.version_of(section) else {
                continue;
            };
            let version = Version::parse(text, scheme)
                .ok()
                .or_else(|| other_spelling(text, scheme));
            if let Some(version) = version {
                order.known.entry(key(&version)).or_default().push(at);
                read.push((version, at));
            }
        }
        let pairs = read.windows(2);
        let rising = pairs.clone().filter(|pair| pair[0].0 < pair[1].0).count();
        order.ascending = rising * 2 > pairs.len();
        for (version, at) in read {
            let (lowest, ascending) = (order.bounds.last(), order.ascending);
            let is_bound = |(bound, _): &(Version, usize)| {
                if ascending {
                    version > *bound
                } else {
                    version < *bound
                }
            };
            if lowest.is_none_or(is_bound) {
                order.bounds.push((version, at));
            }
        }
        order
    }

    fn present(&self, version: &Version) -> Option<&[usize]> {
        self.known.get(&key(version)).map(Vec::as_slice)
    }

    /// Before which section a version goes.
    fn place(&self, document: &Document, version: &Version) -> Place {
        let at = self.bounds.partition_point(|(bound, _)| {
            if self.ascending {
                bound < version
            } else {
                bound > version
            }
        });
        if let Some((_, section)) = self.bounds.get(at) {
            return Place::Before(*section);
        }
        // Behind the last of its kind, which need not be the last bound.
        match document.sections.len() {
            0 => Place::End,
            more => Place::After(more - 1),
        }
    }
}

/// A file may have the other of the two spellings: `1.0.0rc1` in a project under SemVer.
fn other_spelling(text: &str, scheme: shipway_core::config::Scheme) -> Option<Version> {
    use shipway_core::config::Scheme;
    let read = Version::parse(text, Scheme::Pep440)
        .or_else(|_| Version::parse(text, Scheme::Semver))
        .ok()?;
    let spelled = match scheme {
        Scheme::Pep440 => read.pep440(),
        Scheme::Semver | Scheme::Calver(_) => read.semver(),
    }?;
    Version::parse(&spelled, scheme).ok()
}

/// Equal for versions that are equal.
fn key(version: &Version) -> String {
    version
        .pep440()
        .or_else(|| version.semver())
        .unwrap_or_else(|| version.to_string())
}

enum Place {
    Before(usize),
    After(usize),
    End,
}

fn section_text(style: &Style, section: &NewSection) -> String {
    let eol = style.eol;
    let named = Named {
        version: section.version,
        date: section.date,
        tag: section.tag,
        previous: section.previous,
        yanked: section.yanked,
    };
    let mut out = style.heading(&named);
    out.push_str(eol);
    let body = section.body.trim_matches(['\n', '\r']);
    if !body.is_empty() {
        if style.blank_after_heading {
            out.push_str(eol);
        }
        push_lines(&mut out, body, eol);
    }
    out
}

fn push_lines(out: &mut String, body: &str, eol: &str) {
    for line in body.lines() {
        out.push_str(line);
        out.push_str(eol);
    }
}

fn inserted(document: &Document, style: &Style, section: &NewSection, place: &Place) -> Edit {
    let (text, eol) = (document.text, document.eol);
    let mut new = section_text(style, section);
    let at = match place {
        Place::Before(next) => {
            let at = document.sections[*next].start;
            for _ in 0..style.between {
                new.push_str(eol);
            }
            if !begins_line(text, at) {
                new.insert_str(0, eol);
            }
            at
        }
        Place::After(_) | Place::End => {
            let end = match place {
                Place::After(last) => document.sections[*last].body.end,
                _ => document.definitions_start(),
            };
            let at = document.last_line_before(end);
            if at > 0 && text[..at] != *"\u{feff}" {
                let missing = usize::from(!begins_line(text, at));
                new.insert_str(0, &eol.repeat(style.between + missing));
            }
            let follows = &text[at..];
            if !follows.is_empty() && !follows.starts_with(['\n', '\r']) {
                new.push_str(eol);
            }
            at
        }
    };
    Edit {
        start: at,
        end: at,
        new,
    }
}

/// What stands under a heading, without the blank lines around it.
fn replaced_body(
    document: &Document,
    style: &Style,
    section: &Section,
    body: &str,
) -> Option<Edit> {
    let (text, eol) = (document.text, document.eol);
    let from = match &section.remark {
        Some(remark) => document.after_line(remark.end),
        None => section.body.start,
    };
    let end = document.last_line_before(section.body.end).max(from);
    let old = &text[from..end];
    let mut new = String::new();
    if !begins_line(text, from) {
        new.push_str(eol);
    }
    let body = body.trim_matches(['\n', '\r']);
    if !body.is_empty() {
        let blank = old.len() - old.trim_start_matches(['\n', '\r']).len();
        match (blank, section.remark.is_some() || style.blank_after_heading) {
            (0, true) if old.trim().is_empty() => new.push_str(eol),
            _ => new.push_str(&old[..blank]),
        }
        push_lines(&mut new, body, eol);
    }
    let same = old
        .lines()
        .map(str::trim_end)
        .eq(new.lines().map(str::trim_end));
    (!same).then_some(Edit {
        start: from,
        end,
        new,
    })
}

/// A title with more behind it; a line below it grows along.
fn lengthened(document: &Document, section: &Section, more: &str) -> Vec<Edit> {
    let heading = &section.heading;
    let at = heading.title.end;
    let mut edits = vec![Edit {
        start: at,
        end: at,
        new: more.to_owned(),
    }];
    if let super::syntax::Form::Under { sign, over } = heading.form {
        let longer = sign.to_string().repeat(more.len());
        let end = heading.lines.start + document.text[heading.lines.clone()].trim_end().len();
        edits.push(Edit {
            start: end,
            end,
            new: longer.clone(),
        });
        if over {
            let first = document.text[heading.lines.clone()]
                .lines()
                .next()
                .unwrap_or_default();
            let at = heading.lines.start + first.trim_end().len();
            edits.insert(
                0,
                Edit {
                    start: at,
                    end: at,
                    new: longer,
                },
            );
        }
    }
    edits
}

/// Link definitions for the sections that were added, where their headings refer to one.
fn definitions(
    document: &Document,
    style: &Style,
    added: &[&NewSection],
    order: &Order,
    unreleased: Option<&str>,
) -> Vec<Edit> {
    let text = document.text;
    let mut by_version: HashMap<String, usize> = HashMap::new();
    for (at, definition) in document.definitions.iter().enumerate() {
        by_version
            .entry(definition.label.trim_start_matches(['v', 'V']).to_owned())
            .or_insert(at);
    }
    let of_section = |section: &Section| {
        document
            .version_of(section)
            .and_then(|version| by_version.get(version))
            .copied()
    };
    let known: Vec<Option<usize>> = document.sections.iter().map(of_section).collect();
    let like = known.iter().flatten().next().copied();
    // The next definition at or behind each section.
    let mut following: Vec<Option<usize>> = vec![None; known.len() + 1];
    for at in (0..known.len()).rev() {
        following[at] = known[at].or(following[at + 1]);
    }
    let last = known.iter().flatten().max().copied();
    let open = document
        .definitions
        .iter()
        .position(|one| is_unreleased(one.label, unreleased));
    let mut edits: Vec<Edit> = Vec::new();
    let mut at_end = String::new();
    for section in added {
        let label = style.label(section.version);
        let named = Named {
            version: section.version,
            date: section.date,
            tag: section.tag,
            previous: section.previous,
            yanked: false,
        };
        if !refers(&style.heading(&named), &label)
            || by_version.contains_key(&section.version.to_string())
        {
            continue;
        }
        let from_file = like.and_then(|like| {
            let url = &text[document.definitions[like].url.clone()];
            match section.previous {
                Some(previous) => links::between(url, previous, section.tag),
                None => {
                    links::rolled(url, section.tag).filter(|_| links::Compare::of(url).is_none())
                }
            }
        });
        let Some(url) = from_file.or_else(|| section.link.map(str::to_owned)) else {
            continue;
        };
        let new = format!("[{label}]: {url}{}", document.eol);
        let before = match order.place(document, section.version) {
            Place::Before(at) => following[at],
            Place::After(_) | Place::End => None,
        };
        let after = |at: usize| document.definitions[at].line.end;
        let place = match before {
            Some(at) => document.definitions[at].line.start,
            None => match last.or(open).map(after) {
                Some(at) => at,
                None => {
                    at_end.push_str(&new);
                    continue;
                }
            },
        };
        let ended = begins_line(text, place);
        let new = if ended {
            new
        } else {
            format!("{}{}", document.eol, new.trim_end())
        };
        edits.push(Edit {
            start: place,
            end: place,
            new,
        });
    }
    if !at_end.is_empty() {
        let end = text.len();
        let gap = if document.definitions_start() < end {
            ""
        } else {
            document.eol
        };
        let open = if begins_line(text, end) {
            ""
        } else {
            document.eol
        };
        edits.push(Edit {
            start: end,
            end,
            new: format!("{open}{gap}{at_end}"),
        });
    }
    edits
}
