//! A changelog taken apart: headings of releases, their bodies, link definitions. Only places are kept; the text stays whole.
//!
//! Invariant: reading is linear in the text, whatever it holds.

use super::ChangelogError;
use super::date::{DateIn, date_in};
use super::syntax::{self, Block, Form, Heading, Syntax};
use super::title::{Kind, Title};
use super::unreleased::is_unreleased;
use crate::conventional::shown;
use shipway_core::version::Version;
use std::collections::HashSet;
use std::ops::Range;

/// A line longer than this is no heading.
const LONGEST_HEADING: usize = 1024;

pub(super) struct Document<'a> {
    pub text: &'a str,
    pub syntax: Syntax,
    pub eol: &'static str,
    /// Of releases, and the unreleased one; in the order of the file.
    pub sections: Vec<Section>,
    pub definitions: Vec<Definition<'a>>,
    /// Of every kind.
    pub headings: Vec<Heading>,
    conflict: Option<Range<usize>>,
    /// A code block or comment that goes on to the end of the file.
    unclosed: Option<usize>,
    foreign: Option<(&'static str, Range<usize>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Where what belongs to the heading begins: an anchor or label stands before it.
    pub start: usize,
    pub heading: Heading,
    pub title: Title,
    /// Where a line below the heading says what the heading does not: the date, or that it is not released yet.
    pub remark: Option<Range<usize>>,
    /// From the line after the heading to the next section, the link definitions or the end.
    pub body: Range<usize>,
}

/// `[label]: url`
#[derive(Clone, Debug)]
pub(super) struct Definition<'a> {
    pub label: &'a str,
    pub url: Range<usize>,
    /// With its line end.
    pub line: Range<usize>,
}

/// A line that was passed, as far as the next ones ask for it.
#[derive(Clone)]
struct Line {
    at: Range<usize>,
    /// Nothing but one sign.
    adorned: Option<char>,
    blank: bool,
}

impl<'a> Document<'a> {
    pub fn read(text: &'a str, unreleased: Option<&str>) -> Self {
        let syntax = Syntax::of(text);
        let eol = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let mut document = Self {
            text,
            syntax,
            eol,
            sections: Vec::new(),
            definitions: Vec::new(),
            headings: Vec::new(),
            conflict: None,
            unclosed: None,
            foreign: None,
        };
        document.scan();
        if syntax == Syntax::ReStructuredText {
            document.rank();
        }
        document.find_sections(unreleased);
        document
    }

    /// Headings, definitions, and what is in the way.
    fn scan(&mut self) {
        let text = self.text;
        let mut block = Block::Text;
        let mut at = syntax::start_of(text, self.syntax);
        let nothing = Line {
            at: at..at,
            adorned: None,
            blank: true,
        };
        let (mut before, mut last) = (nothing.clone(), nothing.clone());
        for line in text[at..].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_end_matches(['\n', '\r']);
            if content.starts_with("<<<<<<< ") || content.starts_with(">>>>>>> ") {
                self.conflict.get_or_insert(start..start + content.len());
            }
            let was_text = block.is_text();
            if !block.is_text_at(content, self.syntax) {
                if was_text {
                    self.unclosed = Some(start);
                }
                (before, last) = (last, nothing.clone());
                continue;
            }
            let whole = start..start + content.len();
            let adorned = syntax::adornment(content);
            let this = Line {
                at: whole.clone(),
                adorned,
                blank: content.trim().is_empty(),
            };
            if content.len() <= LONGEST_HEADING {
                self.take(content, &whole, at, [&before, &last]);
            }
            (before, last) = (last, this);
        }
        self.unclosed = self.unclosed.filter(|_| !block.is_text());
    }

    /// A line that is text: a definition, or a heading, or the line below one.
    fn take(&mut self, content: &str, at: &Range<usize>, end: usize, [before, last]: [&Line; 2]) {
        let text = self.text;
        if let Some((label, url)) = syntax::definition(content, self.syntax) {
            let here = |range: Range<usize>| range.start + at.start..range.end + at.start;
            self.definitions.push(Definition {
                label: &text[here(label)],
                url: here(url),
                line: at.start..end,
            });
            return;
        }
        let sign = match self.syntax {
            Syntax::Markdown => Some('#'),
            Syntax::AsciiDoc => Some('='),
            Syntax::ReStructuredText => None,
        };
        if let Some(sign) = sign
            && let Some((level, title)) = syntax::marks(content, sign)
        {
            let title = title.start + at.start..title.end + at.start;
            let form = Form::Marks(sign);
            self.headings.push(Heading {
                lines: at.clone(),
                title,
                level,
                form,
            });
            return;
        }
        let underline = match self.syntax {
            Syntax::AsciiDoc => None,
            Syntax::Markdown => syntax::adornment(content).filter(|sign| "=-".contains(*sign)),
            Syntax::ReStructuredText => syntax::adornment(content),
        };
        let Some(sign) = underline.filter(|_| !last.blank && last.adorned.is_none()) else {
            return;
        };
        let title = &text[last.at.clone()];
        let over = before.adorned == Some(sign);
        let indented = title.starts_with([' ', '\t']) && !over;
        let is_item = title.starts_with("- ")
            || title.starts_with("* ")
            || title.starts_with('>')
            || title.starts_with('|');
        let is_short = self.syntax == Syntax::ReStructuredText
            && content.len() < syntax::width(title.trim()).min(8);
        // In Markdown a paragraph of several lines is a heading too, but none of a release.
        if indented
            || is_item
            || is_short
            || !(before.blank || over || self.follows_heading(before))
        {
            return;
        }
        let trimmed = title.trim();
        let title_at = trimmed.as_ptr() as usize - text.as_ptr() as usize;
        let over = over && self.syntax == Syntax::ReStructuredText;
        let start = if over { before.at.start } else { last.at.start };
        self.headings.push(Heading {
            lines: start..at.end,
            title: title_at..title_at + trimmed.len(),
            level: if sign == '=' { 1 } else { 2 },
            form: Form::Under { sign, over },
        });
    }

    /// Whether a heading, a definition or an anchor ends in that line: what follows it begins anew.
    fn follows_heading(&self, line: &Line) -> bool {
        let content = &self.text[line.at.clone()];
        let ends = |end: Option<usize>| end.is_some_and(|end| end >= line.at.end);
        ends(self.headings.last().map(|heading| heading.lines.end))
            || ends(self.definitions.last().map(|one| one.line.end))
            || is_anchor(content)
    }

    /// In reStructuredText a title's level is the order in which its form came first.
    fn rank(&mut self) {
        let mut forms: Vec<Form> = Vec::new();
        for heading in &mut self.headings {
            let rank = forms.iter().position(|form| *form == heading.form);
            heading.level = 1 + rank.unwrap_or_else(|| {
                forms.push(heading.form);
                forms.len() - 1
            });
        }
    }

    fn find_sections(&mut self, unreleased: Option<&str>) {
        let mut found = self.titled(&self.headings, unreleased);
        if found.is_empty() {
            let bare = self.bare_headings();
            let more = self.titled(&bare, unreleased);
            if more.iter().any(|(_, title)| !title.is_unreleased()) {
                self.headings.extend(bare);
                self.headings.sort_by_key(|heading| heading.lines.start);
                found.extend(more);
                found.sort_by_key(|(heading, _)| heading.lines.start);
            }
        }
        if !found
            .iter()
            .any(|(heading, _)| matches!(heading.form, Form::Marks(_)))
        {
            self.foreign = self.foreign_form();
        }
        let found = keep_releases(found);
        let mut start_from = syntax::start_of(self.text, self.syntax);
        for (heading, title) in found {
            let start = self.start_of(heading.lines.start, start_from);
            start_from = heading.lines.end;
            let body = self.after_line(heading.lines.end);
            self.sections.push(Section {
                start,
                title,
                remark: None,
                body: body..self.text.len(),
                heading,
            });
        }
        self.end_bodies();
        self.read_remarks(unreleased);
    }

    fn titled(&self, headings: &[Heading], unreleased: Option<&str>) -> Vec<(Heading, Title)> {
        let read = |heading: &Heading| {
            let title = Title::read(&self.text[heading.title.clone()], unreleased)?;
            Some((heading.clone(), title))
        };
        headings.iter().filter_map(read).collect()
    }

    /// Lines that are headings by what they hold: a version at the left margin, and nothing or a date behind it.
    fn bare_headings(&self) -> Vec<Heading> {
        let mut found = Vec::new();
        let mut at = syntax::start_of(self.text, self.syntax);
        let mut after_blank = true;
        let mut block = Block::Text;
        for line in self.text[at..].split_inclusive('\n') {
            let content = line.trim_end();
            if block.is_text_at(content, self.syntax) && content.len() <= 120 && after_blank {
                let marked =
                    content.starts_with(|c: char| c.is_alphanumeric() || "[*_~".contains(c));
                let title =
                    Title::read(content, None).filter(|_| marked && !content.starts_with("* "));
                let fits = title.is_some_and(|title| {
                    let version = title.version().unwrap_or_default();
                    let is_first = content[..version.start]
                        .chars()
                        .filter(|c| c.is_whitespace())
                        .count()
                        <= 1;
                    let rest = &content[version.end..];
                    let no_more = rest.chars().all(|c| !c.is_alphanumeric());
                    is_first && (title.date.is_some() || no_more)
                });
                if fits {
                    found.push(Heading {
                        lines: at..at + content.len(),
                        title: at..at + content.len(),
                        level: 2,
                        form: Form::Bare,
                    });
                }
            }
            after_blank = content.is_empty();
            at += line.len();
        }
        found
    }

    /// A file that has another form than any of those that are written here, by its first lines.
    fn foreign_form(&self) -> Option<(&'static str, Range<usize>)> {
        let form = |line: &str| {
            let dated = line.get(..10).is_some_and(super::date::is_day);
            if dated && line.contains("  ") && line.trim_end().ends_with('>') {
                Some("a GNU ChangeLog")
            } else if line.contains(" (") && line.contains("; urgency=") {
                Some("a Debian changelog")
            } else if line.starts_with("* ")
                && line.contains('>')
                && weekday(line)
                && date_in(line).is_some()
            {
                Some("an RPM changelog")
            } else {
                None
            }
        };
        let mut lines = self
            .text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(20);
        let (line, form) = lines.find_map(|line| form(line).map(|form| (line, form)))?;
        let at = line.as_ptr() as usize - self.text.as_ptr() as usize;
        Some((form, at..at + line.len()))
    }

    /// Where anchors and labels right above a heading begin.
    fn start_of(&self, heading: usize, floor: usize) -> usize {
        let mut start = heading;
        let mut end = heading;
        while end > floor {
            let line_at = self.text[floor..end - 1]
                .rfind('\n')
                .map_or(floor, |at| floor + at + 1);
            let line = self.text[line_at..end].trim();
            if is_anchor(line) {
                start = line_at;
            } else if !line.is_empty() {
                break;
            }
            end = line_at;
        }
        start
    }

    /// The start of the line after the one in which `end` lies.
    pub fn after_line(&self, end: usize) -> usize {
        self.text[end..]
            .find('\n')
            .map_or(self.text.len(), |at| end + at + 1)
    }

    /// A section goes on to the next one, or to a heading that stands above the level of releases.
    fn end_bodies(&mut self) {
        let top = self
            .sections
            .iter()
            .map(|section| section.heading.level)
            .min();
        let top = top.unwrap_or(1);
        let definitions = self.definitions_start();
        let mut others = self
            .headings
            .iter()
            .filter(|heading| heading.level <= top)
            .peekable();
        let starts: Vec<usize> = self.sections.iter().map(|section| section.start).collect();
        for (at, section) in self.sections.iter_mut().enumerate() {
            let from = section.heading.lines.end;
            while others
                .next_if(|heading| heading.lines.start < from)
                .is_some()
            {}
            let other = others.peek().map(|heading| heading.lines.start);
            let next = starts.get(at + 1).copied();
            let end = [other, next]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(self.text.len());
            section.body.end = end.min(definitions).max(section.body.start);
        }
    }

    /// `Released 2026-11-21` and `Unreleased` in the first line below a heading.
    fn read_remarks(&mut self, unreleased: Option<&str>) {
        for section in &mut self.sections {
            let body = &self.text[section.body.clone()];
            let Some(line) = body.lines().find(|line| !line.trim().is_empty()) else {
                continue;
            };
            let line = line.trim();
            let at = line.as_ptr() as usize - self.text.as_ptr() as usize;
            let Kind::Release(version) = section.title.kind.clone() else {
                continue;
            };
            if section.title.date.is_some()
                || line.len() > 60
                || line.starts_with(['#', '[', '-', '+'])
            {
                continue;
            }
            if is_unreleased(line, unreleased) {
                section.title.kind = Kind::UnreleasedVersion(version);
                section.remark = Some(at..at + line.len());
            } else if let Some(found) = date_in(line).filter(|found| is_date_line(line, found)) {
                let day = found.day;
                section.title.date = Some(DateIn {
                    at: section.heading.title.len()..section.heading.title.len(),
                    day,
                });
                section.remark = Some(at + found.at.start..at + found.at.end);
            }
        }
    }

    /// Refuses what cannot be edited.
    pub fn check(&self) -> Result<(), ChangelogError> {
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
        if let Some((form, at)) = &self.foreign {
            return Err(ChangelogError::Form {
                form,
                line: self.line(at.start),
                text: shown(&self.text[at.clone()]),
            });
        }
        let mut open = self
            .sections
            .iter()
            .filter(|section| section.title.kind == Kind::Unreleased);
        match (open.next(), open.next()) {
            (Some(first), Some(second)) => Err(ChangelogError::TwoUnreleased {
                first: self.line(first.heading.title.start),
                second: self.line(second.heading.title.start),
            }),
            _ => Ok(()),
        }
    }

    /// [`Self::check`], and that the version has no section yet.
    pub fn check_new(&self, version: &Version) -> Result<(), ChangelogError> {
        self.check()?;
        match self.release(version) {
            Some(section) => Err(ChangelogError::Exists {
                version: version.to_string(),
                line: self.line(section.heading.title.start),
            }),
            None => Ok(()),
        }
    }

    pub fn unreleased(&self) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.title.is_unreleased())
    }

    /// The section of a version, however it is spelled.
    pub fn release(&self, version: &Version) -> Option<&Section> {
        self.releases(version).next()
    }

    pub fn releases(&self, version: &Version) -> impl Iterator<Item = &Section> {
        let spelled = Spelled::of(version);
        self.sections.iter().filter(move |section| {
            !section.title.is_unreleased()
                && self
                    .version_of(section)
                    .is_some_and(|text| spelled.is(text))
        })
    }

    /// The version in a section's heading, as it is written there.
    pub fn version_of(&self, section: &Section) -> Option<&'a str> {
        let at = section.title.version()?;
        let start = section.heading.title.start;
        Some(&self.text[start + at.start..start + at.end])
    }

    /// The text of a section's heading.
    pub fn title_of(&self, section: &Section) -> &'a str {
        &self.text[section.heading.title.clone()]
    }

    /// Whether anything but headings, comments and blank lines stands in it.
    pub fn has_entries(&self, section: &Section) -> bool {
        let mut block = Block::Text;
        let mut at = section.body.start;
        let first = self
            .headings
            .partition_point(|heading| heading.lines.start < at);
        let mut headings = self.headings[first..].iter().peekable();
        self.text[section.body.clone()]
            .split_inclusive('\n')
            .any(|whole| {
                let here = at;
                at += whole.len();
                let line = whole.trim_end_matches(['\n', '\r']);
                let in_text = block.is_text_at(line, self.syntax);
                while headings
                    .next_if(|heading| heading.lines.end < here)
                    .is_some()
                {}
                let in_heading = headings
                    .peek()
                    .is_some_and(|heading| heading.lines.start <= here);
                let comment = self.syntax != Syntax::Markdown
                    && (line.starts_with("//") || line.starts_with(".. "));
                let remark = section
                    .remark
                    .as_ref()
                    .is_some_and(|remark| (here..at).contains(&remark.start));
                // A fence is content, a comment is none.
                (in_text || block.is_code())
                    && !line.trim().is_empty()
                    && !in_heading
                    && !comment
                    && !remark
            })
    }

    /// A section for people elsewhere: without its heading and with the definitions of the links that it uses.
    pub fn notes(&self, section: &Section) -> String {
        let body: Vec<&str> = self.text[section.body.clone()]
            .lines()
            .map(str::trim_end)
            .collect();
        let mut notes = body.join("\n").trim_matches('\n').to_owned();
        let (open, close) = match self.syntax {
            Syntax::ReStructuredText => ('`', "`_"),
            _ => ('[', "]"),
        };
        let labels: HashSet<&str> = notes
            .split(open)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(close)?.0))
            .collect();
        let used = self.definitions.iter().filter(|definition| {
            !section.body.contains(&definition.line.start) && labels.contains(definition.label)
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
        if self.syntax == Syntax::ReStructuredText {
            return start;
        }
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

    /// Counted from 1.
    pub fn line(&self, at: usize) -> usize {
        lines_in(&self.text[..at]) + 1
    }
}

/// How many line ends a text has.
pub(super) fn lines_in(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// `# Driver 1.0.0` is a release only on the level that releases have: `# Changes of 1.0` above them is none. Headings on
/// deep levels are releases only where there are none above.
fn keep_releases(mut found: Vec<(Heading, Title)>) -> Vec<(Heading, Title)> {
    let is_plain = |(_, title): &&(Heading, Title)| title.name.is_none();
    let is_high = |(heading, _): &&(Heading, Title)| heading.level <= 3;
    if found.iter().any(|one| is_high(&one) && is_plain(&one)) {
        found.retain(|one| is_high(&one));
    }
    let level = |(heading, _): &(Heading, Title)| heading.level;
    let unreleased = found
        .iter()
        .find(|(_, title)| title.is_unreleased())
        .map(level);
    let plain = found.iter().find(is_plain).map(level);
    let highest = found.iter().map(level).min();
    // A file's own title may name a version; one heading alone on its level, with others below, is that.
    let kept = unreleased.or(plain).or_else(|| {
        let mut counts = [0_usize; 32];
        found
            .iter()
            .map(level)
            .for_each(|level| counts[level.min(31)] += 1);
        (0..32).find(|level| counts[*level] > 1).or(highest)
    });
    found.retain(|(heading, title)| title.name.is_none() || Some(heading.level) == kept);
    found
}

/// `* Mon Jan 05 2026 …`
fn weekday(line: &str) -> bool {
    [
        "* Mon ", "* Tue ", "* Wed ", "* Thu ", "* Fri ", "* Sat ", "* Sun ",
    ]
    .iter()
    .any(|day| line.starts_with(day))
}

/// A line that is a target of links for what follows: `<a name="1.0.0"></a>`, `.. _changelog-1.0.0:`, `[[v1]]`.
fn is_anchor(line: &str) -> bool {
    let line = line.trim();
    let html = line.starts_with("<a ")
        && line.ends_with("</a>")
        && line.matches('<').count() == 2
        && line.contains("></a>");
    let label = line.starts_with(".. _") && line.ends_with(':');
    let asciidoc = line.starts_with("[[") && line.ends_with("]]");
    html || label || asciidoc
}

/// Whether a line holds a date and little more: `Released 2026-11-21`, `_2026-11-21_`, `:Date: 2026-11-21`.
fn is_date_line(line: &str, found: &DateIn) -> bool {
    let rest = format!("{} {}", &line[..found.at.start], &line[found.at.end..]);
    let known = [
        "released",
        "release",
        "date",
        "on",
        "published",
        "am",
        "le",
        "发布于",
        "发布日期",
        "リリース日",
        "日期",
    ];
    rest.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| known.contains(&word.to_lowercase().as_str()))
}

/// A version in its spellings.
pub(super) struct Spelled<'v> {
    version: &'v Version,
    forms: [Option<String>; 2],
}

impl<'v> Spelled<'v> {
    pub fn of(version: &'v Version) -> Self {
        Self {
            version,
            forms: [version.semver(), version.pep440()],
        }
    }

    /// Whether a text in the file is this version.
    pub fn is(&self, text: &str) -> bool {
        // Most are told apart by their first number, without reading them.
        let first = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let digits = first(text);
        let same = |form: &Option<String>| {
            form.as_deref()
                .is_some_and(|form| first(form) == digits && form[..digits] == text[..digits])
        };
        if !text.starts_with('0') && !self.forms.iter().any(same) {
            return false;
        }
        self.forms.iter().any(|form| form.as_deref() == Some(text))
            || Version::parse(text, self.version.scheme()).is_ok_and(|read| read == *self.version)
    }
}
