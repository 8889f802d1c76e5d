//! Compare links: `[1.1.0]: https://host/owner/name/compare/v1.0.0...v1.1.0` at the bottom, as GitHub, GitLab (`/-/compare/`),
//! Gitea and Bitbucket (`/branches/compare/NEW%0DOLD`) have them.

use super::document::Document;
use super::unreleased::is_unreleased;
use std::collections::HashSet;

/// What is linked.
pub(super) struct Linked<'l> {
    /// As the heading has it.
    pub label: &'l str,
    pub tag: &'l str,
    /// The configured heading of the unreleased section.
    pub unreleased: Option<&'l str>,
}

/// What came of adding a link.
pub(super) enum Added {
    Text(String),
    /// There is nothing to add one to.
    Nothing,
    /// Those that are there have a form that is not known.
    Unknown,
}

/// The text with the link of the newest release added and that of the unreleased section moved.
pub(super) fn add(document: &Document, linked: &Linked) -> Added {
    let text = document.text;
    let labels: HashSet<&str> = document
        .sections
        .iter()
        .filter_map(|section| document.version_of(section))
        .collect();
    let of_release = |label: &str| labels.contains(label.trim_start_matches(['v', 'V']));
    let mut definitions = document.definitions.iter();
    let open = definitions
        .clone()
        .find(|one| is_unreleased(one.label, linked.unreleased));
    let newest = definitions.find(|one| of_release(one.label));
    if open.is_none() && newest.is_none() {
        return Added::Nothing;
    }
    let line = |url: &str| format!("[{}]: {url}{}", linked.label, document.eol);
    if let Some(open) = open
        && let Some(compare) = Compare::of(&text[open.url.clone()])
    {
        let moved = compare.with(linked.tag, compare.new);
        let added = compare.with(compare.old, linked.tag);
        let ended = if text[..open.line.end].ends_with('\n') {
            ""
        } else {
            document.eol
        };
        return Added::Text(format!(
            "{}{moved}{}{ended}{}{}",
            &text[..open.url.start],
            &text[open.url.end..open.line.end],
            line(&added),
            &text[open.line.end..],
        ));
    }
    if let Some(newest) = newest
        && let Some(url) = rolled(&text[newest.url.clone()], linked.tag)
    {
        let at = newest.line.start;
        return Added::Text(format!("{}{}{}", &text[..at], line(&url), &text[at..]));
    }
    Added::Unknown
}

/// `place/compare/` `old` `...` `new`
pub(super) struct Compare<'a> {
    place: &'a str,
    pub old: &'a str,
    dots: &'a str,
    pub new: &'a str,
    /// Bitbucket names the new one first.
    turned: bool,
}

impl<'a> Compare<'a> {
    pub fn of(url: &'a str) -> Option<Self> {
        let start = url.find("/compare/")? + "/compare/".len();
        let (place, range) = url.split_at(start);
        let turned = place.ends_with("/branches/compare/");
        let signs = if turned {
            ["%0D", "%0d", ".."]
        } else {
            ["...", "..", "%0D"]
        };
        let dots = signs.into_iter().find(|sign| range.contains(sign))?;
        let (first, second) = range.split_once(dots)?;
        let second = second.split(['#', '?']).next().unwrap_or(second);
        let (old, new) = if turned {
            (second, first)
        } else {
            (first, second)
        };
        (!old.is_empty() && !new.is_empty()).then_some(Self {
            place,
            old,
            dots,
            new,
            turned,
        })
    }

    pub fn with(&self, old: &str, new: &str) -> String {
        let (first, second) = if self.turned { (new, old) } else { (old, new) };
        format!("{}{first}{}{second}", self.place, self.dots)
    }
}

const PAGES: [&str; 6] = [
    "/releases/tag/",
    "/-/tags/",
    "/-/releases/",
    "/src/tag/",
    "/tree/",
    "/commits/tag/",
];

/// The link of the next release, from that of the newest: a comparison from where that one ended, or the tag's page.
pub(super) fn rolled(url: &str, tag: &str) -> Option<String> {
    if let Some(compare) = Compare::of(url) {
        return Some(compare.with(compare.new, tag));
    }
    page(url, tag)
}

/// A link of the same form as another one, from one tag to the next.
pub(super) fn between(url: &str, old: &str, tag: &str) -> Option<String> {
    if let Some(compare) = Compare::of(url) {
        return Some(compare.with(old, tag));
    }
    page(url, tag)
}

fn page(url: &str, tag: &str) -> Option<String> {
    let end = PAGES
        .iter()
        .find_map(|page| url.find(page).map(|at| at + page.len()))?;
    Some(format!("{}{tag}", &url[..end]))
}
