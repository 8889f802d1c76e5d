//! How a changelog writes the heading of a release, learnt from its newest one.

use super::Closing;
use super::document::{Document, Section, Title};
use super::links::rolled;

pub(super) struct Style {
    /// The whole line, without line end: `## [1.1.0] - 2026-11-21`.
    pub heading: String,
    /// How the version is labelled in it: `1.1.0`, `v1.1.0`.
    pub label: String,
    /// Of entries: `-`, `*` or `+`.
    pub bullet: char,
    /// Of groups of entries: one below the release's.
    pub hashes: String,
    pub blank_after_heading: bool,
    pub eol: &'static str,
}

impl Style {
    pub fn of(document: &Document, closing: &Closing) -> Self {
        let text = document.text;
        let model = document
            .sections
            .iter()
            .find_map(|section| match &section.title {
                Title::Release(version) => Some((section, version.clone())),
                _ => None,
            });
        let unreleased = document.unreleased();
        let beginning = |section: &Section| &text[section.heading.start..section.title_at.start];
        // The unreleased heading becomes this one, so its level counts most.
        let hashes = unreleased
            .or(model.as_ref().map(|(section, _)| *section))
            .map_or("## ", beginning);
        let version = closing.version.to_string();
        let (title, label) = if let Some((section, at)) = &model {
            let before = &text[section.title_at.start..at.start];
            let after = &text[at.end..section.title_at.end];
            let label = before.rsplit('[').next().unwrap_or_default().trim();
            let label = if label == "v" || label == "V" {
                label
            } else {
                ""
            };
            let title = format!("{before}{version}{}", after_version(after, closing));
            (title, format!("{label}{version}"))
        } else {
            let title = unreleased.map_or("[", |section| &text[section.title_at.clone()]);
            let date = closing.date;
            let bracketed = title.starts_with('[');
            let title = if bracketed {
                format!("[{version}] - {date}")
            } else {
                format!("{version} - {date}")
            };
            (title, version)
        };
        let level = hashes.bytes().filter(|byte| *byte == b'#').count();
        let bullets = text.lines().filter_map(|line| {
            line.trim_start()
                .chars()
                .next()
                .zip(line.trim_start().get(1..2))
        });
        let mut bullets = bullets.filter(|(sign, space)| "-*+".contains(*sign) && *space == " ");
        let blank = model.as_ref().is_none_or(|(section, _)| {
            text[section.body.clone()]
                .lines()
                .next()
                .is_none_or(|line| line.trim().is_empty())
        });
        Self {
            heading: format!("{hashes}{title}"),
            label,
            bullet: bullets.next().map_or('-', |(sign, _)| sign),
            hashes: "#".repeat((level + 1).min(6)),
            blank_after_heading: blank,
            eol: document.eol,
        }
    }
}

/// What follows the version in a heading: closing brackets, a link, the date.
fn after_version(model: &str, closing: &Closing) -> String {
    let (mut link, mut rest) = (String::new(), model);
    if let Some((url, after)) = model
        .strip_prefix("](")
        .and_then(|inner| inner.split_once(')'))
    {
        link = format!(
            "]({})",
            rolled(url, closing.tag).unwrap_or_else(|| url.to_owned())
        );
        rest = after;
    }
    let dated = if let Some((at, sign)) = date_at(rest) {
        let tail: String = rest[at + 10..]
            .chars()
            .take_while(|c| ")]*_}".contains(*c))
            .collect();
        format!("{}{}{tail}", &rest[..at], closing.date.replace('-', sign))
    } else {
        let closers: String = rest
            .chars()
            .take_while(|c| ")]*_`\"".contains(*c))
            .collect();
        // Some other way to write a date is not copied but replaced by the standard one.
        let remark = !rest[closers.len()..].trim().is_empty();
        if remark {
            format!("{closers} - {}", closing.date)
        } else {
            closers
        }
    };
    format!("{link}{dated}")
}

/// Where a date of the form `2026-11-21` begins, and the sign between its numbers.
fn date_at(text: &str) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    (0..bytes.len().saturating_sub(9)).find_map(|at| {
        let sign = match (bytes[at + 4], bytes[at + 7]) {
            (b'-', b'-') => "-",
            (b'/', b'/') => "/",
            (b'.', b'.') => ".",
            _ => return None,
        };
        (digits(at..at + 4) && digits(at + 5..at + 7) && digits(at + 8..at + 10))
            .then_some((at, sign))
    })
}
