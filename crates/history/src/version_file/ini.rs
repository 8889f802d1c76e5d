//! Where the version stands in files of sections and options: `setup.cfg`, `.bumpversion.cfg`, Java properties.
//!
//! The rules are those of Python's `configparser`: a line that begins with white space goes on with the value before.

use super::error::Fault;
use super::key;
use super::place::Place;

type Places = Result<Vec<Place>, Fault>;

/// `version` in `[metadata]`.
pub(super) fn setup_cfg(text: &str, key: Option<&str>) -> Places {
    if key.is_some() {
        return any(text, key);
    }
    let found = option(text, Some("metadata"), "version")?;
    if let Some(place) = found.first() {
        let value = &text[place.at.clone()];
        if value.starts_with("attr:") || value.starts_with("file:") {
            return Err(Fault::Missing(
                "[metadata] takes it from another file, which holds it",
            ));
        }
    }
    if found.is_empty() {
        return Err(Fault::Missing("[metadata] has none"));
    }
    Ok(found)
}

/// `current_version` in `[bumpversion]`.
pub(super) fn bumpversion(text: &str, key: Option<&str>) -> Places {
    any(text, Some(key.unwrap_or("bumpversion.current_version")))
}

/// What the key names: `section.option`, or `option` before the first section.
pub(super) fn any(text: &str, key: Option<&str>) -> Places {
    let parts = key::parts(key.unwrap_or("version"))?;
    let found = match parts.as_slice() {
        [name] => option(text, None, name)?,
        [section, name] => option(text, Some(section), name)?,
        _ => return Err(Fault::Key("it is an option, or a section and an option")),
    };
    if found.is_empty() {
        return Err(Fault::Missing("nothing stands under the key"));
    }
    Ok(found)
}

/// `version=1.0` of a Java properties file.
pub(super) fn properties(text: &str, key: Option<&str>) -> Places {
    // A property's name has dots in it: all of the key is one name.
    let found = option(text, None, key.unwrap_or("version"))?;
    if found.is_empty() {
        return Err(Fault::Missing("no such property stands in it"));
    }
    Ok(found)
}

/// The option of a section. `configparser` refuses one that stands twice, and so does this.
fn option(text: &str, section: Option<&str>, name: &str) -> Places {
    let mut current: Option<&str> = None;
    let mut found: Vec<Place> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let offset = start;
        start += line.len();
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            current = Some(header.trim());
            continue;
        }
        if current != section {
            continue;
        }
        let Some(end) = line.find(['=', ':']) else {
            continue;
        };
        if line[..end].trim_end() != name {
            continue;
        }
        let value = line[end + 1..].trim_start();
        let at = offset + line.len() - value.len();
        let value = value.trim_end();
        if !value.is_empty() {
            found.push((at..at + value.len()).into());
        }
    }
    if found.len() > 1 {
        return Err(Fault::Ambiguous(
            found.iter().map(|place| place.at.start).collect(),
        ));
    }
    Ok(found)
}
