//! What git can keep in an object: paths, messages, people, times.
//!
//! Must not: mend a value. What does not fit is refused, so that the plan shows what will be written.

use super::ObjectError;
use gix::bstr::BString;
use shipway_core::plan::{GitTime, Person};

pub(super) fn bad_path(path: &str, why: &'static str) -> ObjectError {
    ObjectError::Path {
        path: path.to_owned(),
        why,
    }
}

pub(super) fn parts(path: &str) -> Result<Vec<&str>, ObjectError> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(bad_path(
            path,
            "it is not a plain path inside the repository",
        ));
    }
    if parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(bad_path(path, "it leads into git's own directory"));
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return Err(bad_path(
            path,
            "it holds a backslash or a control character",
        ));
    }
    Ok(parts)
}

/// The text with a final newline, as git's own commands leave it.
pub(super) fn text(what: &'static str, message: &str) -> Result<String, ObjectError> {
    checked(what, message)?;
    let newline = if message.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{message}{newline}"))
}

pub(super) fn checked(what: &'static str, message: &str) -> Result<BString, ObjectError> {
    if message.trim().is_empty() {
        return Err(ObjectError::Value {
            what,
            why: "it is empty",
        });
    }
    if message.contains('\0') {
        return Err(ObjectError::Value {
            what,
            why: "it holds a NUL byte",
        });
    }
    Ok(message.into())
}

pub(super) fn signature(
    person: &Person,
    at: GitTime,
) -> Result<gix::actor::Signature, ObjectError> {
    let bad = |text: &str| text.chars().any(|c| c.is_control() || "<>".contains(c));
    if person.name.is_empty() || person.name.trim() != person.name || bad(&person.name) {
        return Err(ObjectError::Value {
            what: "the author's name",
            why: "it is empty, or holds <, >, control characters or outer white space",
        });
    }
    if bad(&person.email) || person.email.contains(char::is_whitespace) {
        return Err(ObjectError::Value {
            what: "the author's mail address",
            why: "it holds <, >, white space or control characters",
        });
    }
    // Git keeps whole minutes, and its own checks refuse what no time zone has; year 9999 is the last with four digits.
    let zone = at.offset % 60 == 0 && at.offset.abs() <= 14 * 3600;
    if !zone || !(0..=253_402_300_799).contains(&at.seconds) {
        return Err(ObjectError::Value {
            what: "the commit's time",
            why: "it is before 1970, after 9999, or its offset is no time zone's",
        });
    }
    Ok(gix::actor::Signature {
        name: person.name.as_str().into(),
        email: person.email.as_str().into(),
        time: gix::date::Time::new(at.seconds, at.offset),
    })
}
