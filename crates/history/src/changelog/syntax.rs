//! In what markup a changelog is written, and where its headings stand.
//!
//! Markdown as CommonMark 0.31 has it, as far as changelogs need it: ATX headings (4.2), setext headings (4.3), fenced code
//! (4.5), HTML comments (4.6), link reference definitions (4.7), and front matter. reStructuredText: underlined and overlined
//! titles. AsciiDoc: `==` titles, listing, literal, comment and pass blocks. Headings inside code and comments are none.
//!
//! Must not: know what a heading means.

use std::ops::Range;

/// The markup of a changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Syntax {
    Markdown,
    /// Also plain text with underlined titles.
    ReStructuredText,
    AsciiDoc,
}

/// How much of a text is looked at to tell its markup.
const TELLING: usize = 64 * 1024;

impl Syntax {
    /// The markup that a text is most likely written in. Without a sign of another one it is Markdown.
    pub fn of(text: &str) -> Self {
        let (mut markdown, mut asciidoc, mut restructured) = (0_u32, 0_u32, 0_u32);
        let mut block = Block::Text;
        let (mut above, mut before) = ("", "");
        let mut looked_at = 0;
        for line in text.lines() {
            looked_at += line.len() + 1;
            if looked_at > TELLING {
                break;
            }
            // A title with backticks or tildes below is no code.
            let is_title = line.len() > 4
                && adornment(line).is_some_and(|sign| "`~".contains(sign))
                && width(before.trim_end()) == line.trim_end().len();
            if is_title {
                restructured += 3;
                continue;
            }
            if !block.is_text_at(line, Self::Markdown) {
                (above, before) = ("", "");
                continue;
            }
            // A line of one sign above a title as well.
            if !line.is_empty()
                && above.trim_end() == line.trim_end()
                && adornment(line).is_some()
                && !before.contains(": ")
            {
                restructured += 2;
            }
            let underlined = !before.trim().is_empty() && !before.starts_with([' ', '\t']);
            if marks(line, '#').is_some() {
                markdown += 3;
            } else if marks(line, '=').is_some_and(|(level, _)| level > 1) {
                asciidoc += 3;
            } else if line.starts_with(".. ") || line.contains("`_") {
                restructured += 2;
            } else if line.contains("](") || line.starts_with('[') && line.contains("]: ") {
                markdown += 1;
            } else if underlined && adornment(line).is_some_and(|sign| !"=-".contains(sign)) {
                restructured += 2;
            } else if line.contains("``") {
                restructured += 1;
            }
            (above, before) = (before, line);
        }
        if asciidoc > markdown && asciidoc > restructured {
            Self::AsciiDoc
        } else if restructured > markdown {
            Self::ReStructuredText
        } else {
            Self::Markdown
        }
    }
}

/// How a heading is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `## title`, `== title`
    Marks(char),
    /// A line of one sign below the title, and one above it where `over`.
    Under { sign: char, over: bool },
    /// Nothing but its place: a line that holds a version and a date.
    Bare,
}

#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// From the first of its lines to the end of the last, without line end.
    pub lines: Range<usize>,
    /// The text.
    pub title: Range<usize>,
    pub level: usize,
    pub form: Form,
}

/// What kind of block the next line continues.
pub(super) enum Block {
    Text,
    Code { sign: char, length: usize },
    Comment,
}

impl Block {
    /// Takes a line in; says whether it is text of the document.
    pub fn is_text_at(&mut self, line: &str, syntax: Syntax) -> bool {
        match syntax {
            Syntax::Markdown => self.is_markdown_text(line),
            Syntax::AsciiDoc => self.is_asciidoc_text(line),
            // Code and comments are indented, and an indented line is no heading.
            Syntax::ReStructuredText => true,
        }
    }

    fn is_markdown_text(&mut self, line: &str) -> bool {
        let trimmed = line.trim_start();
        let fence = ['`', '~'].into_iter().find_map(|sign| {
            let length = trimmed
                .bytes()
                .take_while(|b| char::from(*b) == sign)
                .count();
            (length >= 3).then_some((sign, length))
        });
        match self {
            Self::Text => {
                // "```x```" in one line is code within text.
                if let Some((sign, length)) =
                    fence.filter(|(sign, length)| *sign != '`' || !trimmed[*length..].contains('`'))
                {
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

    fn is_asciidoc_text(&mut self, line: &str) -> bool {
        let line = line.trim_end();
        let sign = line.chars().next().filter(|sign| "-./+".contains(*sign));
        let delimiter = sign.filter(|sign| line.len() >= 4 && line.chars().all(|c| c == *sign));
        match (&self, delimiter) {
            (Self::Text, Some(sign)) => {
                let length = line.len();
                *self = Self::Code { sign, length };
                false
            }
            (Self::Text, None) => true,
            (Self::Code { sign, length }, Some(found)) => {
                if *sign == found && *length == line.len() {
                    *self = Self::Text;
                }
                false
            }
            _ => false,
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }

    pub fn is_code(&self) -> bool {
        matches!(self, Self::Code { .. })
    }
}

/// Where the text begins: after a byte order mark and front matter (`---`, `---`).
pub(super) fn start_of(text: &str, syntax: Syntax) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut lines = text[mark..].split_inclusive('\n');
    let mut at = mark;
    match lines.next() {
        Some(line) if syntax == Syntax::Markdown && line.trim_end() == "---" => at += line.len(),
        _ => return mark,
    }
    for line in lines {
        at += line.len();
        if line.trim_end() == "---" {
            return at;
        }
        // A thematic break, and no front matter.
        if line.trim().is_empty() {
            return mark;
        }
    }
    mark
}

/// Level and title of a line that begins with marks: `## title`.
pub(super) fn marks(line: &str, sign: char) -> Option<(usize, Range<usize>)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let rest = &line[indent..];
    let level = rest.bytes().take_while(|b| char::from(*b) == sign).count();
    let most = if sign == '#' { 3 } else { 0 };
    if indent > most || !(1..=6).contains(&level) || !rest[level..].starts_with([' ', '\t']) {
        return None;
    }
    let title = rest[level..].trim();
    // `## title ##` closes; `## C#` does not.
    let open = title.trim_end_matches(sign);
    let title = if open.len() < title.len() && open.ends_with([' ', '\t']) {
        open.trim_end()
    } else {
        title
    };
    let start = line.len() - rest[level..].trim_start().len();
    (!title.is_empty()).then(|| (level, start..start + title.len()))
}

/// The sign of a line that consists of nothing else: three or more.
pub(super) fn adornment(line: &str) -> Option<char> {
    let line = line.trim_end();
    let sign = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 3 && line.bytes().all(|b| char::from(b) == sign)).then_some(sign)
}

/// `[label]: url` in Markdown, `.. _label: url` in reStructuredText: where the label and the url stand in the line.
pub(super) fn definition(line: &str, syntax: Syntax) -> Option<(Range<usize>, Range<usize>)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let (open, close) = match syntax {
        Syntax::Markdown => ("[", "]:"),
        Syntax::ReStructuredText => (".. _", ": "),
        Syntax::AsciiDoc => return None,
    };
    let rest = line[indent..].strip_prefix(open).filter(|_| indent <= 3)?;
    let (label, rest) = rest.split_once(close)?;
    let url = rest.trim_start().trim_start_matches('<');
    let end = url
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(url.len());
    if label.is_empty() || label.starts_with('^') || end == 0 {
        return None;
    }
    let start = indent + open.len();
    let url_at = line.len() - url.len();
    Some((start..start + label.len(), url_at..url_at + end))
}

/// How many columns a text takes: East Asian characters take two.
pub(super) fn width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}
