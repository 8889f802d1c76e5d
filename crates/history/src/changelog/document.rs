//! A changelog taken apart: headings of releases, their bodies, link definitions. Only places are kept; the text stays whole.
//!
//! Markdown as CommonMark has it, as far as changelogs need it: ATX headings, fenced code, HTML comments, link reference
//! definitions. Headings inside code and comments are none.

use super::ChangelogError;
use super::unreleased::is_unreleased;
use crate::conventional::shown;
use shipway_core::version::Version;
use std::ops::Range;

pub(super) struct Document<'a> {
    pub text: &'a str,
    pub eol: &'static str,
    /// Of releases, and the unreleased one; in the order of the file.
    pub sections: Vec<Section>,
    pub definitions: Vec<Definition<'a>>,
    conflict: Option<Range<usize>>,
    /// A code block or comment that goes on to the end of the file.
    unclosed: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Section {
    /// The heading's line without its line end.
    pub heading: Range<usize>,
    /// The text of the heading.
    pub title_at: Range<usize>,
    pub title: Title,
    /// From the line after the heading to the next section, the link definitions or the end.
    pub body: Range<usize>,
    level: usize,
    /// `Driver 1.0.0`: a word stands before the version.
    named: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Title {
    Unreleased,
    /// `1.1.0 (unreleased)`
    UnreleasedVersion,
    /// Where the version stands, without a `v`.
    Release(Range<usize>),
}

/// `[label]: url`
#[derive(Clone, Debug)]
pub(super) struct Definition<'a> {
    pub label: &'a str,
    pub url: Range<usize>,
    /// With its line end.
    pub line: Range<usize>,
}

impl<'a> Document<'a> {
    pub fn read(text: &'a str, unreleased: Option<&str>) -> Self {
        let eol = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let mut document = Self {
            text,
            eol,
            sections: Vec::new(),
            definitions: Vec::new(),
            conflict: None,
            unclosed: None,
        };
        let mut ends: Vec<(usize, usize)> = Vec::new(); // level and start of every heading
        let mut block = Block::Text;
        let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        for line in text[start..].split_inclusive('\n') {
            let at = start;
            start += line.len();
            let content = line.trim_end_matches(['\n', '\r']);
            if content.starts_with("<<<<<<< ") || content.starts_with(">>>>>>> ") {
                document.conflict.get_or_insert(at..at + content.len());
            }
            let was_text = matches!(block, Block::Text);
            if !block.is_text_at(content) {
                if was_text {
                    document.unclosed = Some(at);
                }
                continue;
            }
            if let Some(definition) = definition(text, at, content, at..start) {
                document.definitions.push(definition);
            } else if let Some((level, title_at)) = heading(at, content) {
                ends.push((level, at));
                let title = title(&text[title_at.clone()], title_at.start, level, unreleased);
                document
                    .sections
                    .extend(title.map(|(title, named)| Section {
                        heading: at..at + content.len(),
                        title_at,
                        title,
                        body: start..text.len(),
                        level,
                        named,
                    }));
            }
        }
        document.unclosed = document.unclosed.filter(|_| !matches!(block, Block::Text));
        document.keep_releases();
        document.end_bodies(&ends);
        document
    }

    /// `# Driver 1.0.0` is a release only on the level that releases have: `# Changes of 1.0` above them is none.
    fn keep_releases(&mut self) {
        let level = |section: &&Section| section.is_unreleased().then_some(section.level);
        let unreleased = self.sections.iter().find_map(|section| level(&section));
        let plain = || {
            self.sections
                .iter()
                .find(|section| !section.named)
                .map(|section| section.level)
        };
        let kept = unreleased.or_else(plain).unwrap_or(2);
        self.sections
            .retain(|section| !section.named || section.level == kept);
    }

    /// A section goes on to the next one, or to a heading that is not below its own.
    fn end_bodies(&mut self, headings: &[(usize, usize)]) {
        let starts: Vec<usize> = self
            .sections
            .iter()
            .map(|section| section.heading.start)
            .collect();
        let definitions = self.definitions_start();
        for section in &mut self.sections {
            let after = headings
                .iter()
                .filter(|(_, at)| *at > section.heading.start);
            let mut next =
                after.filter(|(level, at)| *level <= section.level || starts.contains(at));
            let end = next.next().map_or(self.text.len(), |(_, at)| *at);
            section.body.end = end.min(definitions).max(section.body.start);
        }
    }

    /// Refuses what cannot be closed.
    pub fn check(&self, version: &Version) -> Result<(), ChangelogError> {
        if let Some(conflict) = &self.conflict {
            return Err(ChangelogError::Conflict {
                line: self.line(conflict.start),
                text: shown(&self.text[conflict.clone()]),
            });
        }
        if let Some(at) = self.unclosed {
            return Err(ChangelogError::Unclosed {
                line: self.line(at),
            });
        }
        if let Some(section) = self.release(version) {
            return Err(ChangelogError::Exists {
                version: version.to_string(),
                line: self.line(section.heading.start),
            });
        }
        let mut open = self
            .sections
            .iter()
            .filter(|section| section.is_unreleased());
        match (open.next(), open.next()) {
            (Some(first), Some(second)) => Err(ChangelogError::TwoUnreleased {
                first: self.line(first.heading.start),
                second: self.line(second.heading.start),
            }),
            _ => Ok(()),
        }
    }

    pub fn unreleased(&self) -> Option<&Section> {
        self.sections.iter().find(|section| section.is_unreleased())
    }

    /// The section of a version, however it is spelled.
    pub fn release(&self, version: &Version) -> Option<&Section> {
        self.sections.iter().find(|section| match &section.title {
            Title::Release(at) => is_version(&self.text[at.clone()], version),
            _ => false,
        })
    }

    /// Whether anything but headings, comments and blank lines stands in it.
    pub fn has_entries(&self, section: &Section) -> bool {
        let mut block = Block::Text;
        self.text[section.body.clone()].lines().any(|line| {
            let in_text = block.is_text_at(line);
            // A fence is content, a comment is none.
            (in_text || block.is_code()) && !line.trim().is_empty() && heading(0, line).is_none()
        })
    }

    /// A section for people elsewhere: without its heading and with the definitions of the links that it uses.
    pub fn notes(&self, section: &Section) -> String {
        let body: Vec<&str> = self.text[section.body.clone()]
            .lines()
            .map(str::trim_end)
            .collect();
        let mut notes = body.join("\n").trim_matches('\n').to_owned();
        let used = self.definitions.iter().filter(|definition| {
            !section.body.contains(&definition.line.start)
                && notes.contains(&format!("[{}]", definition.label))
        });
        let used: Vec<&str> = used
            .map(|definition| self.text[definition.line.clone()].trim())
            .collect();
        if !used.is_empty() {
            notes = format!("{notes}\n\n{}", used.join("\n"));
        }
        notes
    }

    /// Where the definitions at the end of the file begin; its end, where there are none.
    pub fn definitions_start(&self) -> usize {
        let mut start = self.text.len();
        for definition in self.definitions.iter().rev() {
            if !self.text[definition.line.end..start].trim().is_empty() {
                break;
            }
            start = definition.line.start;
        }
        start
    }

    /// The end of the last line before `end` that is not blank.
    pub fn last_line_before(&self, end: usize) -> usize {
        let content = self.text[..end].trim_end().len();
        let newline = self.text[content..end].find('\n');
        newline.map_or(end, |at| content + at + 1)
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

impl Section {
    fn is_unreleased(&self) -> bool {
        !matches!(self.title, Title::Release(_))
    }
}

/// Whether a text in the file is this version, in one of its spellings.
pub(super) fn is_version(text: &str, version: &Version) -> bool {
    let same = |spelled: Option<String>| spelled.as_deref() == Some(text);
    let read = Version::parse(text, version.scheme());
    read.is_ok_and(|read| read == *version) || same(version.semver()) || same(version.pep440())
}

/// What kind of block the next line continues.
enum Block {
    Text,
    Code { sign: char, length: usize },
    Comment,
}

impl Block {
    /// Takes a line in; says whether it is text of the document.
    fn is_text_at(&mut self, line: &str) -> bool {
        let trimmed = line.trim_start();
        let fence = ['`', '~'].into_iter().find_map(|sign| {
            let length = trimmed.chars().take_while(|c| *c == sign).count();
            (length >= 3).then_some((sign, length))
        });
        match self {
            Self::Text => {
                if let Some((sign, length)) = fence {
                    *self = Self::Code { sign, length };
                    return false;
                }
                if let Some(start) = trimmed.strip_prefix("<!--") {
                    if !start.contains("-->") {
                        *self = Self::Comment;
                    }
                    return false;
                }
                true
            }
            Self::Code { sign, length } => {
                let closes = fence.is_some_and(|(s, l)| s == *sign && l >= *length);
                if closes && trimmed.trim_end().chars().all(|c| c == *sign) {
                    *self = Self::Text;
                }
                false
            }
            Self::Comment => {
                if line.contains("-->") {
                    *self = Self::Text;
                }
                false
            }
        }
    }

    fn is_code(&self) -> bool {
        matches!(self, Self::Code { .. })
    }
}

/// Level, and where the title stands.
fn heading(at: usize, line: &str) -> Option<(usize, Range<usize>)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let hashes = line[indent..]
        .bytes()
        .take_while(|byte| *byte == b'#')
        .count();
    let rest = &line[indent + hashes..];
    if indent > 3 || !(1..=6).contains(&hashes) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let title = rest.trim();
    let start = at + line.len() - rest.trim_start().len();
    Some((hashes, start..start + title.len()))
}

/// What a title names, and whether a word stands before the version.
fn title(text: &str, at: usize, level: usize, unreleased: Option<&str>) -> Option<(Title, bool)> {
    if level > 3 {
        return None;
    }
    if is_unreleased(text, unreleased) {
        return Some((Title::Unreleased, false));
    }
    let version = version_in(text)?;
    let named = text[..version.start].contains(char::is_whitespace);
    let rest = text[version.end..].trim_start_matches([']', ' ', '-', '–', '—', '/', ':']);
    let place = version.start + at..version.end + at;
    let title = if !rest.is_empty() && is_unreleased(rest, unreleased) {
        Title::UnreleasedVersion
    } else {
        Title::Release(place)
    };
    Some((title, named))
}

/// The version in a title: its first word, or its second after a name; brackets, marks and a `v` may stand before it.
fn version_in(title: &str) -> Option<Range<usize>> {
    let words = title.split_whitespace().take(2);
    words.into_iter().enumerate().find_map(|(position, word)| {
        let is_name = |first: &str| first.chars().all(|c| c.is_alphabetic() || "-_".contains(c));
        if position == 1 && !title.split_whitespace().next().is_some_and(is_name) {
            return None;
        }
        let bare = word.trim_start_matches(['[', '(', '*', '_', '`', '"']);
        let bare = bare.strip_prefix(['v', 'V']).unwrap_or(bare);
        let end = bare.find(|c: char| !(c.is_ascii_alphanumeric() || ".+-_!".contains(c)));
        let found = bare[..end.unwrap_or(bare.len())]
            .trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let numbers = found.split(['.', '!']).take(2);
        let dotted = numbers.clone().count() == 2
            && numbers
                .into_iter()
                .next()
                .is_some_and(|n| n.parse::<u64>().is_ok())
            && found
                .split('.')
                .nth(1)
                .is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        let start = bare.as_ptr() as usize - title.as_ptr() as usize;
        dotted.then(|| start..start + found.len())
    })
}

fn definition<'a>(
    text: &'a str,
    at: usize,
    line: &str,
    whole: Range<usize>,
) -> Option<Definition<'a>> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let rest = line[indent..].strip_prefix('[').filter(|_| indent <= 3)?;
    let (label, rest) = rest.split_once("]:")?;
    let url = rest.trim_start().trim_start_matches('<');
    let end = url
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(url.len());
    if label.is_empty() || label.starts_with('^') || end == 0 {
        return None;
    }
    let label_at = at + indent + 1;
    let url_at = at + line.len() - url.len();
    Some(Definition {
        label: &text[label_at..label_at + label.len()],
        url: url_at..url_at + end,
        line: whole,
    })
}
