//! The forms that a value is printed in.

use super::search::is_blank;
use super::{LONG, SHORTEST};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Adds all forms of one value: those found as they stand, and those found with white space in between.
pub fn of(value: &str, exact: &mut BTreeSet<String>, loose: &mut BTreeSet<String>) {
    let reversed: String = value.chars().rev().collect();
    for form in [value.to_owned(), reversed] {
        let solid = form.len() >= LONG && !form.bytes().any(is_blank);
        if solid { &mut *loose } else { &mut *exact }.insert(form);
    }
    exact.extend(escaped(value));
    exact.extend(percent_encoded(value));

    let hex = crate::digest::hex(value.as_bytes());
    loose.insert(hex.to_uppercase());
    loose.insert(hex);
    for alphabet in [&STANDARD, &URL_SAFE] {
        // Alone, with and without its padding: the last character then holds the rest of the value.
        let alone = alphabet.encode(value);
        loose.insert(alone.trim_end_matches('=').to_owned());
        loose.insert(alone);
        for once in inside_longer_text(value.as_bytes(), alphabet) {
            loose.extend(inside_longer_text(once.as_bytes(), alphabet));
            loose.insert(once);
        }
    }
    for set in [exact, loose] {
        set.retain(|form| form.len() >= SHORTEST);
    }
}

/// The characters that a value decides alone when it stands somewhere in a longer text that is encoded: three ways,
/// by its distance from the text's beginning.
fn inside_longer_text(
    value: &[u8],
    alphabet: &base64::engine::GeneralPurpose,
) -> impl Iterator<Item = String> {
    (0..3).filter_map(move |offset| {
        let mut text = vec![0; offset];
        text.extend_from_slice(value);
        let encoded = alphabet.encode(&text);
        let first = (offset * 8).div_ceil(6);
        let last = text.len() * 8 / 6;
        encoded.get(first..last).map(str::to_owned)
    })
}

fn escaped(value: &str) -> Vec<String> {
    let replace = |rule: fn(char) -> Option<String>| -> String {
        value
            .chars()
            .map(|c| rule(c).unwrap_or_else(|| c.to_string()))
            .collect()
    };
    vec![
        replace(json),
        replace(|c| json(c).or_else(|| (c == '/').then(|| "\\/".to_owned()))),
        replace(|c| json(c).or_else(|| "<>&'".contains(c).then(|| utf16(c, false)))),
        replace(|c| json(c).or_else(|| (!c.is_ascii()).then(|| utf16(c, false)))),
        replace(|c| json(c).or_else(|| (!c.is_ascii()).then(|| utf16(c, true)))),
        // Python's repr of a text in single quotes, and a shell's quoting.
        replace(|c| match c {
            '"' => None,
            '\'' => Some("\\'".to_owned()),
            _ => json(c),
        }),
        replace(|c| (c == '\'').then(|| "'\\''".to_owned())),
        replace(|c| html(c, "&#39;")),
        replace(|c| html(c, "&#x27;")),
    ]
}

/// The escapes that RFC 8259 demands, in the short form where it has one.
fn json(c: char) -> Option<String> {
    Some(match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        c if c < ' ' => utf16(c, false),
        _ => return None,
    })
}

fn utf16(c: char, upper: bool) -> String {
    let mut units = [0; 2];
    c.encode_utf16(&mut units)
        .iter()
        .fold(String::new(), |mut out, unit| {
            let _ = if upper {
                write!(out, "\\u{unit:04X}")
            } else {
                write!(out, "\\u{unit:04x}")
            };
            out
        })
}

fn html(c: char, apostrophe: &str) -> Option<String> {
    Some(match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => apostrophe.to_owned(),
        _ => return None,
    })
}

/// Percent-encoding. Encoders differ in what they leave alone: RFC 3986's unreserved characters, ECMAScript's
/// `encodeURIComponent` and `encodeURI`, Python's `quote`, HTML forms, and those that encode everything.
fn percent_encoded(value: &str) -> Vec<String> {
    let habits: [&[u8]; 6] = [
        b"-._~",
        b"-._~!'()*",
        b"-._~!'()*;,/?:@&=+$#",
        b"-._~/",
        b"-._*",
        b"",
    ];
    let mut all = Vec::new();
    for plain in habits {
        for upper in [false, true] {
            let keeps = |byte: u8| {
                plain.contains(&byte) || (!plain.is_empty() && byte.is_ascii_alphanumeric())
            };
            let encoded = value.bytes().fold(String::new(), |mut out, byte| {
                let _ = match (keeps(byte), upper) {
                    (true, _) => write!(out, "{}", char::from(byte)),
                    (false, true) => write!(out, "%{byte:02X}"),
                    (false, false) => write!(out, "%{byte:02x}"),
                };
                out
            });
            all.push(encoded.replace("%20", "+"));
            all.push(encoded);
        }
    }
    all
}
