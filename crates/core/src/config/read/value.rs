//! Values that are more than text: durations, percentages, paths, addresses, names.
//!
//! Every function notes a fault and returns `None` where the value is not what it must be.

use super::MOST_FAULTS;
use super::conceal::looks_random;
use super::node::Node;
use super::source::{At, Source};
use super::suggest;
use crate::secret::SecretName;
use crate::time::Millis;

/// One of a few words.
pub fn choice<T: Copy>(node: &Node<'_>, key: &str, words: &[(&'static str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let example = format!("{key} = {:?}", names[0]);
    let at = node.text(&example)?;
    let found = words.iter().find(|(word, _)| *word == at.value);
    if found.is_none() {
        let hint = match suggest::closest(&at.value, &names) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("write one of {}", names.join(", ")),
        };
        node.fault(&format!("is unknown: {:?}", shorten(&at.value)), hint);
    }
    found.map(|(_, value)| *value)
}

/// The beginning of a text, for messages.
pub fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// What a step or a destination is called: it becomes a part of step names.
pub fn name(node: &Node<'_>, example: &str) -> Option<At<String>> {
    let at = node.text(example)?;
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let begins = at.value.starts_with(char::is_alphanumeric);
    if at.value.chars().all(fine) && begins && at.value.len() <= 64 {
        return Some(at);
    }
    node.fault(
        "must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit",
        format!("write {example}"),
    );
    None
}

/// `"90s"`, `"10m"`, `"2h"`, `"7d"`.
pub(super) fn duration(node: &Node<'_>, example: &str) -> Option<Millis> {
    const YEAR: u64 = 366 * 86_400;
    if !node.is_text() {
        node.wrong_type("a duration in quotes, a number with s, m, h or d", example);
        return None;
    }
    let at = node.text(example)?;
    let digits = at.value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match at.value[digits.len()..].trim() {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let (Some(number), Some(unit)) = (number, unit) else {
        node.fault(
            &format!("is no duration: {:?}", shorten(&at.value)),
            format!("write a whole number and s, m, h or d: {example}"),
        );
        return None;
    };
    let seconds = number
        .checked_mul(unit)
        .filter(|seconds| (1..=YEAR).contains(seconds));
    if seconds.is_none() {
        node.fault(
            "must lie between a second and a year",
            format!("write {example}"),
        );
    }
    seconds.map(Millis::seconds)
}

/// A percentage in hundredths of a percent, exactly as it is written.
pub(super) fn percent(node: &Node<'_>, example: &str) -> Option<u64> {
    let text = node.number(example)?;
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole_number = whole.strip_prefix('+').unwrap_or(whole);
    if !is_digits(whole_number) || !is_digits(part) {
        node.fault(
            &format!("must be a percentage from 0 to 100, and is {text}"),
            format!("write {example}"),
        );
        return None;
    }
    if part.trim_end_matches('0').len() > 2 {
        node.fault("has more than two decimals", format!("write {example}"));
        return None;
    }
    let hundredths = format!("{whole_number}{:0<2}", &part[..part.len().min(2)])
        .parse::<u64>()
        .ok();
    let Some(hundredths) = hundredths.filter(|value| *value <= 10_000) else {
        node.fault(
            &format!("must be a percentage from 0 to 100, and is {text}"),
            format!("write {example}"),
        );
        return None;
    };
    if !part.is_empty() && (1..=100).contains(&hundredths) {
        node.fault(
            &format!("is {text} percent, which looks like a share of one"),
            format!("write percent: {example}"),
        );
        return None;
    }
    Some(hundredths)
}

/// A path inside the repository, with `/`.
pub(super) fn path(node: &Node<'_>, example: &str) -> Option<At<String>> {
    let mut at = node.text(example)?;
    if let Some(rest) = at.value.strip_prefix("./") {
        at.value = rest.to_owned();
    }
    let text = at.value.as_str();
    let drive = text.as_bytes().get(1) == Some(&b':');
    let wrong = if text.starts_with('/') || text.starts_with('~') || drive {
        "must be relative to the top of the repository"
    } else if text.contains('\\') {
        "must be written with `/`"
    } else if text.split('/').any(|part| part == "..") {
        "leads out of the repository with `..`"
    } else if text
        .split('/')
        .any(|part| part.eq_ignore_ascii_case(".git"))
    {
        "leads into git's own folder"
    } else if text.split('/').any(|part| part.is_empty() || part == ".") {
        "has an empty part"
    } else if text.starts_with('-') {
        "begins with `-`, which programs read as an option"
    } else {
        return Some(at);
    };
    node.fault(wrong, format!("write {example}"));
    None
}

/// A pattern of artifacts: a path whose parts may hold `*`.
pub(super) fn pattern(node: &Node<'_>, example: &str) -> Option<String> {
    let at = path(node, example)?;
    match at.value.find(['?', '[', ']', '{', '}']) {
        Some(place) => {
            node.source.fault(
                &node.source.inside(&at, place..place + 1),
                format!("{} may hold `*`, and no other wildcard", node.name),
                format!("write one pattern for each kind of file: {example}"),
            );
            None
        }
        None if at.value.contains("**") => {
            node.fault(
                "may hold `*`, not `**`",
                format!("name the folder: {example}"),
            );
            None
        }
        None => Some(at.value),
    }
}

/// `"3.11"`
pub(super) fn python(node: &Node<'_>) -> Option<String> {
    if !node.is_text() {
        node.wrong_type(
            "a version in quotes (as a number, 3.10 would be 3.1)",
            "python = [\"3.11\"]",
        );
        return None;
    }
    let at = node.text("python = [\"3.11\"]")?;
    let number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let fine = at
        .value
        .split_once('.')
        .is_some_and(|(major, minor)| number(major) && number(minor));
    if !fine {
        node.fault(
            &format!(
                "is no version of Python such as 3.11: {:?}",
                shorten(&at.value)
            ),
            "write major and minor: python = [\"3.8\", \"3.11\"]",
        );
    }
    fine.then_some(at.value)
}

/// A module that Python can import: `package.module`.
pub(super) fn module(node: &Node<'_>) -> Option<String> {
    let at = node.text("import = \"my_package\"")?;
    let fine = at.value.split('.').all(is_identifier);
    if !fine {
        node.fault(
            &format!("is no name of a Python module: {:?}", shorten(&at.value)),
            format!(
                "write import = {:?}",
                at.value.replace('-', "_").to_lowercase()
            ),
        );
    }
    fine.then_some(at.value)
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The name of an environment variable.
pub(super) fn variable(source: &Source<'_>, at: &At<String>) -> bool {
    let fine = at.value.is_ascii() && is_identifier(&at.value);
    if !fine {
        source.fault(
            &at.span,
            format!(
                "{:?} is no name of an environment variable",
                shorten(&at.value)
            ),
            "letters, digits and `_`, not beginning with a digit: MY_VARIABLE",
        );
    }
    fine
}

/// The name of a secret; a value in its place is refused and covered.
pub(super) fn secret(node: &Node<'_>, example: &str) -> Option<SecretName> {
    let at = node.text(example)?;
    let name = at.value.strip_prefix("pypirc:").unwrap_or(&at.value);
    let section = name.len() < at.value.len();
    let fine =
        |c: char| c.is_ascii_alphanumeric() || c == '_' || (section && matches!(c, '-' | '.'));
    if is_identifier(&at.value) && at.value.is_ascii() && !looks_random(&at.value)
        || section && !name.is_empty() && name.chars().all(fine)
    {
        return Some(SecretName(at.value));
    }
    if !node.source.is_concealed(&at.span) {
        node.source.conceal(&at.span);
        node.fault(
            "must be the name of a secret, and looks like the secret itself",
            format!("put the secret into an environment variable and write its name: {example}"),
        );
    }
    None
}

/// An address with one of the schemes, a host, and no query; a fault elsewhere says that it holds a password.
pub(super) fn address(node: &Node<'_>, schemes: &[&str], example: &str) -> Option<At<String>> {
    let at = node.text(example)?;
    if node.source.is_concealed(&at.span) {
        return None;
    }
    let Some((scheme, rest)) = at.value.split_once("://") else {
        node.fault("is no address with a scheme", format!("write {example}"));
        return None;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let wrong = if !schemes.contains(&scheme) {
        format!("must begin with {}", schemes.join(":// or ") + "://")
    } else if !is_host(authority) {
        "names no host".to_owned()
    } else if at.value.chars().any(char::is_whitespace) {
        "holds white space".to_owned()
    } else {
        return Some(at);
    };
    node.fault(&wrong, format!("write {example}"));
    None
}

/// `host`, `host:port`, `[::1]:port`.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, rest)) => {
            let inner = !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_hexdigit() || ":.".contains(c));
            return inner && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    host.starts_with(char::is_alphanumeric) && host.chars().all(letter) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// `me@example.org`, or `Name <me@example.org>`.
pub(super) fn mailbox(node: &Node<'_>, example: &str) -> Option<String> {
    let at = node.text(example)?;
    let address = match at.value.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => &at.value,
    };
    let fine = address.split_once('@').is_some_and(|(local, host)| {
        let plain = |c: char| !c.is_whitespace() && !"<>,;:\"()[]@\\".contains(c);
        !local.is_empty() && is_host(host) && local.chars().all(plain) && !host.contains(':')
    });
    if !fine {
        node.fault("is no mail address", format!("write {example}"));
    }
    fine.then_some(at.value)
}

/// Refuses placeholders that will not be filled: `{` letters `}` that are not among the known ones.
pub(super) fn placeholders(source: &Source<'_>, at: &At<String>, known: &[&'static str]) -> bool {
    // A placeholder's name is short; a text full of braces must not be searched from each of them.
    const LONGEST: usize = 64;
    let mut unknown = 0;
    for (open, _) in at.value.match_indices('{') {
        let rest = &at.value[open + 1..];
        let Some(end) = rest.bytes().take(LONGEST).position(|byte| byte == b'}') else {
            continue;
        };
        let inner = &rest[..end];
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        if known.contains(&inner) || inner.is_empty() || !inner.chars().all(is_word) {
            continue;
        }
        unknown += 1;
        if unknown > MOST_FAULTS {
            break;
        }
        let all: Vec<String> = known.iter().map(|one| format!("{{{one}}}")).collect();
        let hint = match suggest::closest(inner, known) {
            Some(meant) => format!("did you mean {{{meant}}}?"),
            None => format!("known here: {}", all.join(", ")),
        };
        source.fault(
            &source.inside(at, open..open + end + 2),
            format!("unknown placeholder {{{}}}", shorten(inner)),
            hint,
        );
    }
    unknown == 0
}
