//! Documents that a release changes: the changelog, and texts that tell users which version to install.

use super::InitError;
use super::files::Folder;
use super::version::Place;

/// The changelog's path, and what should be known about it.
pub fn changelog(folder: &Folder) -> Result<(Option<String>, Option<String>), InitError> {
    const NAMES: &[&str] = &[
        "changelog",
        "changes",
        "history",
        "news",
        "release_notes",
        "releases",
    ];
    let mut other = None;
    for name in folder.names(".")? {
        let lower = name.to_lowercase();
        let (stem, end) = lower.rsplit_once('.').unwrap_or((&lower, ""));
        if !NAMES.contains(&stem) {
            continue;
        }
        if end != "md" {
            other.get_or_insert(name);
            continue;
        }
        let text = folder.text(&name)?.unwrap_or_default();
        let heading = text.lines().find_map(|line| line.strip_prefix("## "));
        let note = match heading {
            Some(heading)
                if !heading.to_lowercase().contains("unreleased") && !begins_a_release(heading) =>
            {
                Some(format!(
                    "{name} begins with \"{heading}\": if that is where unreleased changes stand, say so with \
                     `unreleased = {heading:?}` in [changelog]"
                ))
            }
            None => Some(format!(
                "{name} has no sections yet: a release closes one that begins with ## Unreleased"
            )),
            Some(_) => None,
        };
        return Ok((Some(name), note));
    }
    let note = other.map(|name| {
        format!("{name} is no Markdown and is left alone: a changelog that a release can close is CHANGELOG.md")
    });
    Ok((None, note))
}

/// `[1.0.0] - 2026-01-02`, `v1.0`.
fn begins_a_release(heading: &str) -> bool {
    heading
        .trim_start_matches(['[', 'v'])
        .starts_with(|c: char| c.is_ascii_digit())
}

/// Documents with `name==version` in them.
pub fn mentions(folder: &Folder, name: &str, version: &str) -> Result<Vec<Place>, InitError> {
    let mut places = Vec::new();
    for file in ["README.md", "README.rst", "README.txt", "README"] {
        let Some(text) = folder.text(file)? else {
            continue;
        };
        for equals in ["==", " == "] {
            let now = format!("{name}{equals}{version}");
            let ends = |at: usize| {
                let rest = &text[at + now.len()..];
                !rest.starts_with(|c: char| c.is_alphanumeric())
                    && !rest
                        .strip_prefix('.')
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            if text.match_indices(&now).any(|(at, _)| ends(at)) {
                places.push(Place {
                    path: file.to_owned(),
                    pattern: Some(format!("{name}{equals}{{version}}")),
                    released_only: true,
                });
            }
        }
    }
    Ok(places)
}
