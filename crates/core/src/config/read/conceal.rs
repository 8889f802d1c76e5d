//! Secrets that somebody wrote into the file: refused, and never repeated in a message.

use super::source::{Source, Span};
use std::ops::Range;
use toml_edit::{Item, Value};

/// How tokens of well-known services begin, and how many characters follow at least.
const TOKENS: &[(&str, usize)] = &[
    ("pypi-Ag", 16),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghs_", 16),
    ("ghu_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("npm_", 24),
    ("xoxb-", 16),
    ("xoxp-", 16),
];

const TOKEN_HINT: &str = "put it into an environment variable or `~/.pypirc`, write the variable's name as in \
                          secret = \"INDEX_TOKEN\", and revoke this token if the file was ever shared";

/// Refuses tokens and addresses with a password anywhere among the values.
pub(super) fn refuse_secrets(source: &Source<'_>, item: &Item) {
    match item {
        Item::None => {}
        Item::Value(value) => refuse_in(source, value),
        Item::Table(table) => table
            .iter()
            .for_each(|(_, item)| refuse_secrets(source, item)),
        Item::ArrayOfTables(tables) => {
            let items = tables.iter().flat_map(toml_edit::Table::iter);
            items.for_each(|(_, item)| refuse_secrets(source, item));
        }
    }
}

fn refuse_in(source: &Source<'_>, value: &Value) {
    match value {
        Value::String(text) => {
            let span = value.span().unwrap_or_default();
            if !secrets(text.value()).is_empty() {
                source.conceal(&span);
                refuse_text(source, &span, text.value());
            }
        }
        Value::Array(array) => array.iter().for_each(|value| refuse_in(source, value)),
        Value::InlineTable(table) => table.iter().for_each(|(_, value)| refuse_in(source, value)),
        _ => {}
    }
}

fn refuse_text(source: &Source<'_>, span: &Span, text: &str) {
    if credentials(text).is_empty() {
        source.fault(span, "a token stands in the file", TOKEN_HINT);
    } else {
        source.fault(
            span,
            "an address holds a user name or a password",
            "write the address without what is before `@`, and name the secret: secret = \"INDEX_TOKEN\"",
        );
    }
}

/// The text with secrets and the given bytes covered; its length in characters stays.
pub(super) fn cover(text: &str, also: impl Iterator<Item = Range<usize>>) -> String {
    let mut hidden = vec![false; text.len()];
    let mut hide = |range: Range<usize>| hidden[range].fill(true);
    secrets(text).into_iter().for_each(&mut hide);
    also.for_each(&mut hide);
    let characters = text.char_indices();
    characters
        .map(|(at, c)| if hidden[at] { '*' } else { c })
        .collect()
}

/// Whether the text as a whole has the look of a token: long, and letters of both cases or digits all through it.
pub(super) fn looks_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    text.len() > 64 || (text.len() >= 20 && digits >= 2 && lower)
}

/// Where the text holds secrets, in bytes.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = credentials(text);
    for (prefix, least) in TOKENS {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at + prefix.len()..];
            let body = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(rest.len());
            if body >= *least {
                found.push(at..at + prefix.len() + body);
            }
        }
    }
    found
}

/// Where user names and passwords stand in addresses: `https://HERE@host`. A name without a password is one only in
/// addresses of the web and of mail: `ssh://git@host` tells nothing.
fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let rest = &text[start..];
        let end = rest
            .find(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c))
            .unwrap_or(rest.len());
        let Some(user) = rest[..end].rfind('@') else {
            continue;
        };
        let scheme = &text[..at];
        let open = ["http", "https", "smtp", "smtps"]
            .iter()
            .any(|kind| scheme.ends_with(kind));
        if user > 0 && (open || rest[..user].contains(':')) {
            found.push(start..start + user);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered_and_lengths_stay() {
        let token = format!("pypi-Ag{}", "E".repeat(20));
        let line = format!("secret = \"{token}\" # é");
        let covered = cover(&line, std::iter::empty());
        assert_eq!(covered, format!("secret = \"{}\" # é", "*".repeat(27)));
        assert_eq!(
            cover("u = \"https://me:pw@host/x\"", std::iter::empty()),
            "u = \"https://*****@host/x\""
        );
        assert_eq!(cover("é = 123", std::iter::once(5..7)), "é = **3");
    }

    #[test]
    fn plain_words_are_no_secrets() {
        for text in [
            "pypi-octavia-loxilb-driver",
            "ssh://git@host/x",
            "https://host/@scope",
            "ghp_x",
            "a@b.c",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
        for text in ["PYPI_TOKEN_OF_THE_RELEASE_TEAM", "release_token"] {
            assert!(!looks_random(text), "{text}");
        }
        assert!(looks_random("f3a9c0d1e2b4a5968778aa"));
    }
}
