//! How a changelog writes a release: its heading, its groups and its entries, learnt from its newest one.

use super::document::{Document, Section};
use super::links::rolled;
use super::syntax::{Form, Heading, Syntax, width};
use shipway_core::version::Version;

/// What a heading says.
pub(super) struct Named<'n> {
    pub version: &'n Version,
    /// `2026-11-21`; empty for none.
    pub date: &'n str,
    pub tag: &'n str,
    /// The tag of the release before it, where it is known: for a link within the heading.
    pub previous: Option<&'n str>,
    pub yanked: bool,
}

pub(super) struct Style<'a> {
    pub eol: &'static str,
    pub syntax: Syntax,
    /// Of entries: `-`, `*` or `+`.
    pub bullet: char,
    pub blank_after_heading: bool,
    /// Blank lines between two releases.
    pub between: usize,
    /// Of releases.
    heading: Like<'a>,
    /// Of groups of entries.
    group: Form,
    group_level: usize,
    text: &'a str,
    model: Option<&'a Section>,
    /// The title of the unreleased section is in brackets, or there is nothing to go by.
    bracketed: bool,
}

/// The form of a heading without its words.
struct Like<'a> {
    form: Form,
    before: &'a str,
    after: &'a str,
    /// How much longer than the title the line below it is.
    over: usize,
}

impl<'a> Like<'a> {
    fn of(text: &'a str, heading: &Heading) -> Self {
        let title = &text[heading.title.clone()];
        let (before, after, over) = match heading.form {
            Form::Under { .. } => {
                let line = text[heading.lines.clone()]
                    .lines()
                    .next_back()
                    .unwrap_or_default();
                ("", "", line.trim_end().len().saturating_sub(width(title)))
            }
            _ => (
                &text[heading.lines.start..heading.title.start],
                text[heading.title.end..heading.lines.end].trim_end(),
                0,
            ),
        };
        Self {
            form: heading.form,
            before,
            after,
            over: over.min(80),
        }
    }

    fn push(&self, out: &mut String, title: &str, eol: &str) {
        let line = |sign: char| sign.to_string().repeat((width(title) + self.over).max(3));
        match self.form {
            Form::Under { sign, over } => {
                if over {
                    out.push_str(&line(sign));
                    out.push_str(eol);
                }
                out.push_str(title);
                out.push_str(eol);
                out.push_str(&line(sign));
            }
            Form::Marks(_) | Form::Bare => {
                out.push_str(self.before);
                out.push_str(title);
                out.push_str(self.after);
            }
        }
    }
}

impl<'a> Style<'a> {
    pub fn of(document: &'a Document<'a>) -> Self {
        let text = document.text;
        let releases = || {
            document
                .sections
                .iter()
                .filter(|section| !section.title.is_unreleased())
        };
        // One that was taken back is no model, where there is another.
        let model = releases()
            .find(|section| !section.title.yanked)
            .or_else(|| releases().next());
        let unreleased = document.unreleased();
        // The unreleased heading becomes this one, so its level counts most.
        let like = unreleased.or(model);
        let none = match document.syntax {
            Syntax::Markdown => Like {
                form: Form::Marks('#'),
                before: "## ",
                after: "",
                over: 0,
            },
            Syntax::AsciiDoc => Like {
                form: Form::Marks('='),
                before: "== ",
                after: "",
                over: 0,
            },
            Syntax::ReStructuredText => Like {
                form: Form::Under {
                    sign: '-',
                    over: false,
                },
                before: "",
                after: "",
                over: 0,
            },
        };
        let level = like.map_or(2, |section| section.heading.level);
        let heading = like.map_or(none, |section| Like::of(text, &section.heading));
        let (group, group_level) = group_form(document, model.or(unreleased), level, heading.form);
        let body = model.map_or("", |section| &text[section.body.clone()]);
        let first_line = body.lines().next();
        Self {
            eol: document.eol,
            syntax: document.syntax,
            bullet: bullet(body).or_else(|| bullet(text)).unwrap_or('-'),
            blank_after_heading: model.is_none()
                || first_line.is_none_or(|line| line.trim().is_empty()),
            // A title without marks is none right below other text.
            between: between(document).max(usize::from(!matches!(heading.form, Form::Marks(_)))),
            heading,
            group,
            group_level,
            text,
            model,
            bracketed: unreleased.is_none_or(|section| document.title_of(section).starts_with('[')),
        }
    }

    /// How the version is labelled in headings and link definitions: `1.1.0`, `v1.1.0`.
    pub fn label(&self, version: &Version) -> String {
        let before = self.model.and_then(|section| {
            let at = section.title.version()?;
            let before = &self.text[section.heading.title.start..][..at.start];
            Some(before.rsplit('[').next().unwrap_or_default().trim())
        });
        match before {
            Some(v @ ("v" | "V")) => format!("{v}{version}"),
            _ => version.to_string(),
        }
    }

    /// The whole heading of a release with the anchor before it and without line end: `## [1.1.0] - 2026-11-21`.
    pub fn heading(&self, named: &Named) -> String {
        let mut out = String::new();
        if let Some(model) = self.model {
            let anchor = &self.text[model.start..model.heading.lines.start];
            let version = model.title.version().unwrap_or_default();
            let version = &self.text[model.heading.title.clone()][version];
            if !version.is_empty() && anchor.contains(version) {
                out.push_str(&anchor.replace(version, &named.version.to_string()));
            }
        }
        let mut title = self.title(named);
        if named.yanked {
            title.push_str(" [YANKED]");
        }
        self.heading.push(&mut out, &title, self.eol);
        if let Some(model) = self.model
            && let Some(remark) = model.remark.as_ref().filter(|_| !named.date.is_empty())
        {
            let line_at = self.text[..remark.start].rfind('\n').map_or(0, |at| at + 1);
            let rest = &self.text[remark.end..];
            let rest = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
            for part in [
                self.eol,
                self.eol,
                &self.text[line_at..remark.start],
                named.date,
                rest,
            ] {
                out.push_str(part);
            }
        }
        out
    }

    fn title(&self, named: &Named) -> String {
        let (version, date) = (named.version, named.date);
        let Some(model) = self.model else {
            let separator = if date.is_empty() { "" } else { " - " };
            return if self.bracketed && self.syntax == Syntax::Markdown {
                format!("[{version}]{separator}{date}")
            } else {
                format!("{version}{separator}{date}")
            };
        };
        let title = &self.text[model.heading.title.clone()];
        let at = model.title.version().unwrap_or_default();
        let before = title[..at.start].trim_start_matches("~~");
        let before = dated_before(before, model, named);
        format!("{before}{version}{}", after_version(title, model, named))
    }

    /// The heading of a group, without line end.
    pub fn push_group(&self, out: &mut String, title: &str) {
        match self.group {
            Form::Marks(sign) => {
                for _ in 0..self.group_level {
                    out.push(sign);
                }
                out.push(' ');
                out.push_str(title);
            }
            Form::Under { .. } => {
                Like {
                    form: self.group,
                    before: "",
                    after: "",
                    over: 0,
                }
                .push(out, title, self.eol);
            }
            Form::Bare => {
                out.push_str(title);
                out.push(':');
            }
        }
    }
}

/// As the groups of the newest release, or one level below releases.
fn group_form(
    document: &Document,
    model: Option<&Section>,
    level: usize,
    release: Form,
) -> (Form, usize) {
    let seen = model.and_then(|section| {
        let from = document
            .headings
            .partition_point(|one| one.lines.start < section.body.start);
        document
            .headings
            .get(from)
            .filter(|one| one.lines.start < section.body.end)
    });
    if let Some(seen) = seen {
        return (seen.form, seen.level);
    }
    let marks = match document.syntax {
        Syntax::AsciiDoc => Form::Marks('='),
        _ => Form::Marks('#'),
    };
    match (release, document.syntax) {
        (Form::Bare, _) => (Form::Bare, 3),
        (Form::Under { .. }, Syntax::Markdown) if level == 1 => (
            Form::Under {
                sign: '-',
                over: false,
            },
            2,
        ),
        (Form::Under { sign, .. }, Syntax::ReStructuredText) => {
            let sign = match sign {
                '=' => '-',
                '-' => '~',
                '~' => '^',
                _ => '"',
            };
            (Form::Under { sign, over: false }, level + 1)
        }
        (Form::Under { .. }, _) => (marks, 3),
        (Form::Marks(sign), _) => (Form::Marks(sign), (level + 1).min(6)),
    }
}

fn bullet(text: &str) -> Option<char> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let sign = line.chars().next().filter(|sign| "-*+".contains(*sign))?;
        line[1..].starts_with(' ').then_some(sign)
    })
}

/// As between the two newest releases.
fn between(document: &Document) -> usize {
    let mut releases = document
        .sections
        .iter()
        .filter(|section| !section.title.is_unreleased());
    let (Some(first), Some(second)) = (releases.next(), releases.next()) else {
        return 1;
    };
    let end = document.last_line_before(second.start);
    if end < first.body.start {
        return 1;
    }
    super::document::lines_in(&document.text[end..second.start]).min(3)
}

/// A date before the version: `2026-01-05, Version 1.0.0`.
fn dated_before(before: &str, model: &Section, named: &Named) -> String {
    let title_date = model.title.date.as_ref().filter(|date| !date.at.is_empty());
    match title_date.filter(|date| date.at.end <= before.len()) {
        Some(date) if !named.date.is_empty() => {
            let day = signed(&before[date.at.clone()], named.date);
            format!(
                "{}{day}{}",
                &before[..date.at.start],
                &before[date.at.end..]
            )
        }
        _ => before.to_owned(),
    }
}

/// What follows the version in a heading: closing brackets, a link, the date.
fn after_version(title: &str, model: &Section, named: &Named) -> String {
    let version_end = model.title.version().unwrap_or_default().end;
    let after = &title[version_end..];
    let (mut link, mut rest_at) = (String::new(), version_end);
    // `1.0.0](url)`; the date may stand before the `]`.
    if let Some((inner, after)) = after.split_once("](")
        && inner.trim().is_empty()
        && let Some((url, _)) = after.split_once(')')
    {
        let address = match named.previous {
            Some(previous) => super::links::between(url, previous, named.tag),
            None => rolled(url, named.tag),
        };
        link = format!("{inner}]({})", address.unwrap_or_else(|| url.to_owned()));
        rest_at += inner.len() + 2 + url.len() + 1;
    }
    let rest = &title[rest_at..];
    let closers: String = rest
        .chars()
        .take_while(|c| ")]*_`\"".contains(*c))
        .collect();
    let date = model
        .title
        .date
        .as_ref()
        .filter(|date| date.at.start >= rest_at && !date.at.is_empty());
    if named.date.is_empty() {
        return format!("{link}{closers}");
    }
    let Some(date) = date else {
        let is_before = model
            .title
            .date
            .as_ref()
            .is_some_and(|date| date.at.end <= version_end);
        // Some other way to write a date is not copied but replaced by the standard one.
        let remark =
            !rest[closers.len()..].trim().is_empty() && !is_before && model.remark.is_none();
        return if remark {
            format!("{link}{closers} - {}", named.date)
        } else {
            format!("{link}{closers}")
        };
    };
    let lead = &title[rest_at..date.at.start];
    let lead = if lead.contains(char::is_alphanumeric) {
        let open = if lead.ends_with('(') { " (" } else { " - " };
        format!("{closers}{open}")
    } else {
        lead.to_owned()
    };
    let tail = &title[date.at.end..];
    let mut tail: String = tail.chars().take_while(|c| ")]*_}".contains(*c)).collect();
    if lead.ends_with('(') && !tail.contains(')') {
        tail.push(')');
    }
    // The link may close behind the date: `[1.0.0 - 2026-01-05](url)`.
    if tail.ends_with(']')
        && let Some((url, _)) = title[date.at.end..]
            .strip_prefix("](")
            .and_then(|url| url.split_once(')'))
    {
        let url = rolled(url, named.tag).unwrap_or_else(|| url.to_owned());
        tail = format!("]({url})");
    }
    let day = signed(&title[date.at.clone()], named.date);
    format!("{link}{lead}{day}{tail}")
}

/// The day with the signs of a date that the file has: `2026/11/21`.
fn signed(like: &str, day: &str) -> String {
    let sign = like.chars().nth(4).filter(|sign| "/.".contains(*sign));
    match sign.filter(|_| like.bytes().take(4).all(|b| b.is_ascii_digit())) {
        Some(sign) => day.replace('-', &sign.to_string()),
        None => day.to_owned(),
    }
}

/// Whether a heading refers to a link definition of that label.
pub(super) fn refers(heading: &str, label: &str) -> bool {
    heading.match_indices(label).any(|(at, _)| {
        heading[..at].ends_with('[')
            && heading[at + label.len()..].starts_with(']')
            && !heading[at + label.len() + 1..].starts_with('(')
    })
}
