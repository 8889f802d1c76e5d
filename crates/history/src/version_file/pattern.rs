//! Places that a pattern says: text around the version.

use super::error::Fault;
use super::place::Place;

/// Nobody's version is longer; a longer run of such letters is data.
const LONGEST: usize = 256;

/// All places between what stands before and after `{version}`. What counts as version begins with a digit and is as long as
/// it can be. `None` where the pattern is none.
pub(super) fn places(text: &str, pattern: &str) -> Option<Result<Vec<Place>, Fault>> {
    let (before, after) = pattern.split_once("{version}")?;
    (!after.contains("{version}")).then(|| between(text, before, after))
}

pub(super) fn in_version(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".+-_!~".contains(c)
}

pub(super) fn between(text: &str, before: &str, after: &str) -> Result<Vec<Place>, Fault> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut places: Vec<Place> = Vec::new();
    let starts: Box<dyn Iterator<Item = usize>> = if before.is_empty() {
        let digit = |at: &usize| {
            text.as_bytes()[*at].is_ascii_digit() && !text[..*at].ends_with(in_version)
        };
        Box::new(
            (0..text.len())
                .filter(|at| text.is_char_boundary(*at))
                .filter(digit),
        )
    } else {
        let whole = |at: &usize| !(before.starts_with(in_word) && text[..*at].ends_with(in_word));
        let found = text.match_indices(before).map(|(at, _)| at);
        Box::new(found.filter(whole).map(|at| at + before.len()))
    };
    for start in starts {
        let rest = &text[start..];
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let run = rest
            .bytes()
            .take(LONGEST + 1)
            .take_while(|byte| in_version(char::from(*byte)))
            .count();
        let fits = |end: &usize| {
            rest.as_bytes()[*end - 1].is_ascii_alphanumeric() && rest[*end..].starts_with(after)
        };
        let end = (1..=run.min(LONGEST)).rev().find(fits);
        // A run that goes on beyond the longest is no version, unless the text behind it ends it.
        let end = end.filter(|end| run <= LONGEST || (!after.is_empty() && *end < run));
        if let Some(end) = end
            && places.last().is_none_or(|last| last.at.end <= start)
        {
            places.push((start..start + end).into());
        }
    }
    if places.is_empty() {
        return Err(Fault::Missing("the pattern fits nowhere"));
    }
    Ok(places)
}
