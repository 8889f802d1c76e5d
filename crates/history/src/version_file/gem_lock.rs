//! Versions of a repository's own gems in `Gemfile.lock`: those below `PATH`, whose source is a folder.

use super::error::Fault;
use super::place::{Place, Replacement};
use std::collections::HashMap;
use std::ops::Range;

/// Of the one gem; with several, of the one that the key names.
pub(super) fn places(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let found: Vec<Place> = gems(text)
        .into_iter()
        .filter(|(name, _)| key.is_none_or(|key| key == *name))
        .map(|(_, at)| at.into())
        .collect();
    match found.len() {
        0 => Err(Fault::Missing("no gem stands below PATH")),
        1 => Ok(found),
        _ => Err(Fault::Ambiguous(
            found.iter().map(|place| place.at.start).collect(),
        )),
    }
}

pub(super) fn edits<'n>(
    text: &str,
    members: &HashMap<&'n str, String>,
) -> Result<Vec<Replacement>, &'n str> {
    let gems: HashMap<&str, Range<usize>> = gems(text).into_iter().collect();
    let mut edits = Vec::new();
    for (name, new) in members {
        edits.push((gems.get(name).ok_or(*name)?.clone(), new.clone()));
    }
    Ok(edits)
}

/// `    name (1.4.0)` below `PATH`; what a gem needs stands further to the right.
fn gems(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let (mut start, mut inside) = (0, false);
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        if !line.starts_with([' ', '\r', '\n']) {
            inside = line.trim_end() == "PATH";
        }
        let gem = line
            .strip_prefix("    ")
            .filter(|rest| inside && !rest.starts_with(' '));
        if let Some((name, rest)) = gem.and_then(|gem| gem.split_once(" ("))
            && let Some(length) = rest.find(')')
        {
            let from = at + 4 + name.len() + 2;
            found.push((name, from..from + length));
        }
    }
    found
}
