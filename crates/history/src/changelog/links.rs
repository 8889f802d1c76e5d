//! Compare links: `[1.1.0]: https://host/owner/name/compare/v1.0.0...v1.1.0` at the bottom, as GitHub, GitLab (`/-/compare/`)
//! and Gitea have them.

use super::Closing;
use super::document::{Document, Title};
use super::style::Style;
use super::unreleased::is_unreleased;

/// The text with the link of the release added and that of the unreleased section moved; `None` where nothing is to be done.
pub(super) fn add(
    document: &Document,
    closing: &Closing,
    style: &Style,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let text = document.text;
    let refers = style.heading.contains(&format!("[{}]", style.label));
    let labels: Vec<&str> = document
        .sections
        .iter()
        .filter_map(|section| match &section.title {
            Title::Release(at) => Some(&text[at.clone()]),
            _ => None,
        })
        .collect();
    let of_release = |label: &str| labels.contains(&label.trim_start_matches(['v', 'V']));
    let mut definitions = document.definitions.iter();
    let open = definitions
        .clone()
        .find(|one| is_unreleased(one.label, closing.unreleased));
    let newest = definitions.find(|one| of_release(one.label));
    if !refers || (open.is_none() && newest.is_none()) {
        return None;
    }
    let line = |url: &str| format!("[{}]: {url}{}", style.label, style.eol);
    if let Some(open) = open
        && let Some(compare) = Compare::of(&text[open.url.clone()])
    {
        let moved = format!(
            "{}{}{}{}",
            compare.place, closing.tag, compare.dots, compare.new
        );
        let added = format!(
            "{}{}{}{}",
            compare.place, compare.old, compare.dots, closing.tag
        );
        let ended = if text[..open.line.end].ends_with('\n') {
            ""
        } else {
            style.eol
        };
        return Some(format!(
            "{}{moved}{}{ended}{}{}",
            &text[..open.url.start],
            &text[open.url.end..open.line.end],
            line(&added),
            &text[open.line.end..],
        ));
    }
    if let Some(newest) = newest
        && let Some(url) = rolled(&text[newest.url.clone()], closing.tag)
    {
        let at = newest.line.start;
        return Some(format!("{}{}{}", &text[..at], line(&url), &text[at..]));
    }
    warnings.push(format!(
        "the changelog's links are of a form that is not known, so there is none for {}",
        closing.version
    ));
    None
}

/// `place/compare/` `old` `...` `new`
struct Compare<'a> {
    place: &'a str,
    old: &'a str,
    dots: &'a str,
    new: &'a str,
}

impl<'a> Compare<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let start = url.find("/compare/")? + "/compare/".len();
        let (place, range) = url.split_at(start);
        let dots = if range.contains("...") { "..." } else { ".." };
        let (old, new) = range.split_once(dots)?;
        (!old.is_empty() && !new.is_empty()).then_some(Self {
            place,
            old,
            dots,
            new,
        })
    }
}

/// The link of the next release, from that of the newest: a comparison from where that one ended, or the tag's page.
pub(super) fn rolled(url: &str, tag: &str) -> Option<String> {
    if let Some(Compare {
        place, dots, new, ..
    }) = Compare::of(url)
    {
        return Some(format!("{place}{new}{dots}{tag}"));
    }
    let pages = [
        "/releases/tag/",
        "/-/tags/",
        "/-/releases/",
        "/src/tag/",
        "/tree/",
    ];
    let end = pages
        .iter()
        .find_map(|page| url.find(page).map(|at| at + page.len()))?;
    Some(format!("{}{tag}", &url[..end]))
}
