//! What a heading's title names: a release, what is not released yet, or nothing of the kind.
//!
//! A version has two numbers or more, may follow a `v`, a word that means "version", the name of what is released
//! (`Driver 1.0.0`, `driver-1.0.0`, `driver@1.0.0`) or a date, and may stand in brackets, emphasis or code.

use super::date::{DateIn, date_in};
use super::unreleased::is_unreleased;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    pub kind: Kind,
    /// What is released, where the title names it.
    pub name: Option<Range<usize>>,
    pub date: Option<DateIn>,
    pub yanked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unreleased,
    /// `1.1.0 (unreleased)`: where the version stands.
    UnreleasedVersion(Range<usize>),
    /// Where the version stands, without a `v`.
    Release(Range<usize>),
}

/// Words before a version that are no name.
const WORDS: &[&str] = &[
    "version",
    "versions",
    "release",
    "releases",
    "released",
    "ver",
    "rel",
    "v",
    "changes",
    "changelog",
    "what's",
    "whats",
    "what’s",
    "new",
    "in",
    "with",
    "for",
    "of",
    "from",
    "the",
    "to",
    "stable",
    "notes",
    "update",
    "published",
    "on",
    "バージョン",
    "リリース",
    "版本",
    "版",
    "버전",
    "версия",
    "версії",
    "версія",
    "релиз",
    "versión",
    "versão",
    "versione",
    "versie",
    "wersja",
    "verze",
    "sürüm",
    "fassung",
    "ausgabe",
    "änderungen",
    "neu",
    "発布",
    "发布",
];

impl Title {
    /// Reads a title; positions are those in `text`.
    pub fn read(text: &str, unreleased: Option<&str>) -> Option<Self> {
        let open = |kind| Self {
            kind,
            name: None,
            date: None,
            yanked: false,
        };
        if is_unreleased(text, unreleased) {
            return Some(open(Kind::Unreleased));
        }
        // Most headings name a group of entries.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let found = version_in(text)?;
        let after = &text[found.version.end..];
        let rest = after.trim_start_matches([']', ' ', '-', '–', '—', '/', ':', ',']);
        if !rest.is_empty() && is_unreleased(rest, unreleased) {
            let name = found.name;
            return Some(Self {
                name,
                ..open(Kind::UnreleasedVersion(found.version))
            });
        }
        let date = date_outside(text, &found.version);
        let yanked = is_yanked(after) || text.trim_start().starts_with("~~");
        Some(Self {
            kind: Kind::Release(found.version),
            name: found.name,
            date,
            yanked,
        })
    }

    pub fn version(&self) -> Option<Range<usize>> {
        match &self.kind {
            Kind::Unreleased => None,
            Kind::UnreleasedVersion(at) | Kind::Release(at) => Some(at.clone()),
        }
    }

    pub fn is_unreleased(&self) -> bool {
        !matches!(self.kind, Kind::Release(_))
    }
}

/// `[YANKED]`, `(yanked)`: as a word of its own.
fn is_yanked(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case("yanked"))
}

/// A date behind the version, or else before it. A link's address holds none.
fn date_outside(text: &str, version: &Range<usize>) -> Option<DateIn> {
    let mut start = version.end;
    if let Some(open) = text[start..].find("](").map(|at| start + at)
        && text[start..open].trim().is_empty()
        && let Some(close) = text[open..].find(')')
    {
        start = open + close + 1;
    }
    let found = date_in(&text[start..]).map(|found| DateIn {
        at: found.at.start + start..found.at.end + start,
        day: found.day,
    });
    found.or_else(|| date_in(&text[..version.start]))
}

struct Found {
    version: Range<usize>,
    name: Option<Range<usize>>,
}

/// Signs that may stand before a version or a name.
const MARKS: [char; 9] = ['[', '(', '*', '_', '`', '"', '~', '【', '「'];

fn version_in(title: &str) -> Option<Found> {
    let mut name: Option<Range<usize>> = None;
    let mut named = 0;
    let mut is_after_word = false;
    let mut dated: Option<Found> = None;
    let date = date_in(title).map(|date| date.at).unwrap_or_default();
    // A heading has few words; a paragraph is none.
    for word in title.split_whitespace().take(12) {
        let at = word.as_ptr() as usize - title.as_ptr() as usize;
        let bare = word.trim_start_matches(MARKS);
        let bare_at = at + word.len() - bare.len();
        // A part of `5. Januar 2026` is neither a name nor a version.
        if date.contains(&bare_at) && date.start + bare.len() < date.end
            || date.contains(&bare_at) && date.start < bare_at
        {
            continue;
        }
        if let Some(token) = version_at(bare, is_after_word) {
            let version = bare_at + token.at.start..bare_at + token.at.end;
            let name = match token.name_ends {
                Some(end) => Some(bare_at..bare_at + end),
                None => name.clone(),
            };
            if named > 1 {
                return dated;
            }
            let found = Found { version, name };
            // `21.11.2026 - 1.0.0`
            let is_date = date_in(&title[found.version.clone()]).is_some();
            if is_date && dated.is_none() {
                dated = Some(found);
                continue;
            }
            return Some(found);
        }
        // `:tada:`
        let is_emoji = word.len() > 2 && word.starts_with(':') && word.ends_with(':');
        let plain = bare.trim_end_matches(|c: char| !c.is_alphanumeric());
        let lower = plain.to_lowercase();
        is_after_word = WORDS.contains(&lower.as_str());
        let is_word = plain.chars().next().is_some_and(char::is_alphabetic);
        let is_date_part = date_in(word).is_some() || plain.chars().all(|c| !c.is_alphanumeric());
        // `<a name="1.0.0"></a>1.0.0` is read behind the tag.
        if let Some((_, behind)) = bare.rsplit_once('>').filter(|_| title.starts_with("<a ")) {
            let behind_at = at + word.len() - behind.len();
            if let Some(token) = version_at(behind, false) {
                let version = behind_at + token.at.start..behind_at + token.at.end;
                return Some(Found {
                    version,
                    name: None,
                });
            }
            continue;
        }
        if is_after_word || is_date_part || is_emoji || title.starts_with("<a ") {
            continue;
        }
        if !is_word {
            // `5. Januar 2026: 1.0.0`
            if plain.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            return dated;
        }
        named += 1;
        name = Some(bare_at..bare_at + plain.len());
    }
    dated
}

struct Token {
    at: Range<usize>,
    name_ends: Option<usize>,
}

/// The version at the beginning of a word, or behind a name and `@`, `-`, `/` or `_`.
fn version_at(word: &str, one_number: bool) -> Option<Token> {
    if let Some(at) = token(word, one_number) {
        return Some(Token {
            at,
            name_ends: None,
        });
    }
    let address = word.find("://").unwrap_or(word.len());
    let word = &word[..address];
    if !word.starts_with(|c: char| c.is_alphabetic() || c == '@') {
        return None;
    }
    let joints = word
        .char_indices()
        .skip(1)
        .filter(|(_, c)| "@-/_".contains(*c));
    for (joint, _) in joints {
        if let Some(at) = token(&word[joint + 1..], false) {
            let at = at.start + joint + 1..at.end + joint + 1;
            return Some(Token {
                at,
                name_ends: Some(joint),
            });
        }
    }
    None
}

/// `1.0`, `v1.0.0-rc.1`, `1!2.0`, `v12`; with `one_number` also `12`.
fn token(word: &str, one_number: bool) -> Option<Range<usize>> {
    let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let bare = bare
        .strip_prefix('.')
        .filter(|_| bare.len() < word.len())
        .unwrap_or(bare);
    let start = word.len() - bare.len();
    let end = bare
        .find(|c: char| !(c.is_ascii_alphanumeric() || ".+-_!".contains(c)))
        .unwrap_or(bare.len());
    let found = bare[..end].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = found.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 18 {
        return None;
    }
    let rest = found[digits..].strip_prefix(['.', '!']);
    let is_dotted =
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == 'x'));
    let is_one =
        rest.is_none() && digits <= 6 && (start > 0 || one_number) && found[digits..].is_empty();
    (is_dotted || is_one).then(|| start..start + found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'t> = (Option<&'t str>, Option<&'t str>, Option<String>, bool);

    fn read(text: &str) -> Option<Read<'_>> {
        let title = Title::read(text, None)?;
        Some((
            title.version().map(|at| &text[at]),
            title.name.clone().map(|at| &text[at]),
            title.date.map(|date| date.day),
            title.yanked,
        ))
    }

    #[test]
    fn versions_names_and_dates_are_told_apart() {
        let day = Some("2026-01-05");
        for (text, version, name, date, yanked) in [
            ("1.0.0", "1.0.0", None, None, false),
            ("[1.0.0] - 2026-01-05", "1.0.0", None, day, false),
            (
                "[1.0.0 - 2026-01-05](https://h/2020-01-01)",
                "1.0.0",
                None,
                day,
                false,
            ),
            (
                "[1.0.0](https://h/compare/v0.9...v1.0.0) (2026-01-05)",
                "1.0.0",
                None,
                day,
                false,
            ),
            (
                "[v1.0.0](https://h/tree/v1.0.0) (2026-01-05)",
                "1.0.0",
                None,
                day,
                false,
            ),
            ("Version 1.0.0 (January 5, 2026)", "1.0.0", None, day, false),
            ("Release v1.0", "1.0", None, None, false),
            ("v12 (2026-01-05)", "12", None, day, false),
            ("Version 12", "12", None, None, false),
            (
                "2026-01-05, Version 21.5.0 (Current), @someone",
                "21.5.0",
                None,
                day,
                false,
            ),
            ("2026-01-05 - 1.0.0", "1.0.0", None, day, false),
            ("05.01.2026 – 1.0.0", "1.0.0", None, day, false),
            ("5. Januar 2026: 1.0.0", "1.0.0", None, day, false),
            ("2026.1.0 (2026-01-05)", "2026.1.0", None, day, false),
            ("2026.01.05", "2026.01.05", None, None, false),
            (":tada: 1.0.0", "1.0.0", None, None, false),
            ("🚀 v1.0.0 - 2026-01-05", "1.0.0", None, day, false),
            ("~~[v1.0.0] - 2026-01-05~~", "1.0.0", None, day, true),
            ("[1.0.0] - 2026-01-05 [YANKED]", "1.0.0", None, day, true),
            ("1.0.0 (2026-01-05, _yanked_)", "1.0.0", None, day, true),
            ("Driver 1.0.0", "1.0.0", Some("Driver"), None, false),
            (
                "`lock_api` - [1.0.0](url) - 2026-01-05",
                "1.0.0",
                Some("lock_api"),
                day,
                false,
            ),
            (
                "signal-hook-registry-1.2.3",
                "1.2.3",
                Some("signal-hook-registry"),
                None,
                false,
            ),
            (
                "@babel/core@7.0.0-rc.1 (2026-01-05)",
                "7.0.0-rc.1",
                Some("@babel/core"),
                day,
                false,
            ),
            ("component/v1.2.0", "1.2.0", Some("component"), None, false),
            (
                "What's new in psycopg2 2.9.3",
                "2.9.3",
                Some("psycopg2"),
                None,
                false,
            ),
            ("CHANGES WITH 0.4.3:", "0.4.3", None, None, false),
            (
                "1.0.0-rc.1+build.5",
                "1.0.0-rc.1+build.5",
                None,
                None,
                false,
            ),
            ("1!2.0rc1.post3", "1!2.0rc1.post3", None, None, false),
            ("版本 1.0.0", "1.0.0", None, None, false),
            (
                "<a name=\"1.0.0\"></a>1.0.0 (2026-01-05)",
                "1.0.0",
                None,
                day,
                false,
            ),
            ("1.0.0 \"A name\" (2026-01-05)", "1.0.0", None, day, false),
            ("[1.0.0]: 2026-01-05", "1.0.0", None, day, false),
        ] {
            let expected = (Some(version), name, date.map(str::to_owned), yanked);
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "Added",
            "",
            "2026-01-05",
            "How to upgrade from a 1.0 to 2.0",
            "2026",
            "Phase 2",
            "#12",
            "C++",
            "Changes",
            "https://h/o/r/1.0.0",
            "Security 2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_version_to_come_is_unreleased() {
        for text in [
            "1.1.0 (unreleased)",
            "[1.1.0] - Unreleased",
            "Version 1.1.0 — 未发布",
            "1.1.0, unreleased",
        ] {
            let title = Title::read(text, None).unwrap();
            assert!(title.is_unreleased() && title.version().is_some(), "{text}");
        }
        assert!(
            !Title::read("1.1.0 (released)", None)
                .unwrap()
                .is_unreleased()
        );
    }
}
