//! Places that a text marks itself: `<!-- x-shipway-version -->1.4.0<!-- end -->`, and a line that says `shipway:version`.

use super::error::Fault;
use super::pattern::in_version;
use super::place::Place;
use std::ops::Range;

const OPEN: &str = "x-shipway-version";
const CLOSE: &str = "end";
const LINE: &str = "shipway:version";

/// All versions in what is marked, which is everything between two comments, or a line.
pub(super) fn places(text: &str, _: Option<&str>) -> Result<Vec<Place>, Fault> {
    let mut found = Vec::new();
    for part in blocks(text)?.into_iter().chain(lines(text)) {
        let versions = versions(&text[part.clone()]);
        if versions.is_empty() {
            return Err(Fault::syntax(
                part.start,
                "this place is marked and holds no version",
            ));
        }
        found.extend(
            versions
                .into_iter()
                .map(|at| part.start + at.start..part.start + at.end),
        );
    }
    found.sort_by_key(|at| at.start);
    found.dedup();
    if found.is_empty() {
        return Err(Fault::Missing(
            "nothing in it is marked with <!-- x-shipway-version -->1.0.0<!-- end -->, and no line with shipway:version",
        ));
    }
    Ok(found.into_iter().map(Place::from).collect())
}

fn blocks(text: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((from, start)) = comment(text, at, OPEN) {
        let (end, after) = comment(text, start, CLOSE)
            .ok_or_else(|| Fault::syntax(from, "what is marked here has no <!-- end -->"))?;
        found.push(start..end);
        at = after;
    }
    Ok(found)
}

/// Where the next comment of this text begins and ends.
fn comment(text: &str, mut at: usize, says: &str) -> Option<(usize, usize)> {
    loop {
        let start = at + text[at..].find("<!--")?;
        let inner = start + 4;
        let rest = text[inner..].trim_start();
        let closed = rest
            .strip_prefix(says)
            .and_then(|rest| rest.trim_start().strip_prefix("-->"));
        if let Some(rest) = closed {
            return Some((start, text.len() - rest.len()));
        }
        at = inner;
    }
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        line.contains(LINE).then_some(at..at + line.len())
    })
}

/// All that reads as a version, perhaps behind a `v`, and everything in the same text that says the same.
fn versions(text: &str) -> Vec<Range<usize>> {
    let words = text.split(|c| !in_version(c)).map(|word| {
        let word = word.trim_start_matches(['v', 'V']);
        word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
    });
    let mut said: Vec<&str> = words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .collect();
    said.sort_unstable();
    said.dedup();
    // More than a few different ones are ambiguous in any case.
    said.truncate(8);
    let mut found = Vec::new();
    for version in said {
        for (at, _) in text.match_indices(version) {
            let before = text[..at].chars().next_back();
            let mut after = text[at + version.len()..].chars();
            let goes_on = match after.next() {
                Some('.') => after.next().is_some_and(|c| c.is_ascii_digit()),
                Some(c) => c.is_ascii_digit(),
                None => false,
            };
            if !goes_on && !before.is_some_and(|c| c.is_ascii_digit() || c == '.') {
                found.push(at..at + version.len());
            }
        }
    }
    found
}
