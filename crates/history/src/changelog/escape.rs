//! Texts from commits made fit for Markdown: they are shown as they are, and mean nothing.
//!
//! Invariants: what comes out is one line; read as Markdown (CommonMark 0.31 with GitHub's additions) inside a list item or a
//! paragraph, it is text and code spans, no HTML, link, heading, list, quote or emphasis. Control characters, and those that
//! turn the reading direction or are not seen, are shown as U+FFFD. The cost is linear.

use super::log::Reference;
use shipway_core::name::is_bidi;
use std::borrow::Cow;
use std::collections::HashMap;

/// What becomes of `@name` in a text from a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mentions {
    /// It stays, and a forge may notify that person.
    #[default]
    Keep,
    /// It is shown, and notifies nobody.
    Defuse,
}

/// Whether a character moves a cursor, turns the reading direction, or hides.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_bidi(c)
        || matches!(c, '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' | '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// In one line, with what cannot be seen made visible.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut after_space = true;
    for c in text.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            if !after_space {
                out.push(' ');
            }
            after_space = true;
        } else {
            out.push(if is_hidden(c) { '\u{fffd}' } else { c });
            after_space = c == ' ';
        }
    }
    Cow::Owned(out)
}

/// Appends a text that is [`visible`] already; what it refers to is linked where the reference has a link.
pub(super) fn push_markdown(
    out: &mut String,
    text: &str,
    mentions: Mentions,
    references: &[Reference],
) {
    let text = text.trim();
    let bytes = text.as_bytes();
    let linked = references.iter().any(|one| one.link.is_some());
    let mut at = escape_beginning(out, text);
    let mut copied = at;
    let mut spans = Spans::default();
    while at < bytes.len() {
        let next = bytes[at];
        let special = SPECIAL[usize::from(next)]
            || (next == b'@' && mentions == Mentions::Defuse)
            || (linked && (matches!(next, b'#' | b'!') || begins_word(bytes, at)));
        if !special {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + 1).copied();
        let word =
            |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 128);
        let space = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace());
        let escapes = match next {
            b'`' => {
                let end = spans.end(bytes, at);
                let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
                out.push_str(&text[copied..at]);
                if let Some(end) = end {
                    out.push_str(&text[at..end]);
                    at = end;
                } else {
                    for _ in 0..run {
                        out.push_str("\\`");
                    }
                    at += run;
                }
                copied = at;
                continue;
            }
            b':' => {
                // The address of a bare link stays as it is; it ends where Markdown could begin.
                if bytes[at..].starts_with(b"://")
                    && (text[..at].ends_with("http") || text[..at].ends_with("https"))
                {
                    let stays =
                        |byte: &&u8| byte.is_ascii_graphic() && !b"<>[]`\"\\*|".contains(byte);
                    at += bytes[at..].iter().take_while(stays).count();
                } else {
                    at += 1;
                }
                continue;
            }
            b'@' => {
                out.push_str(&text[copied..=at]);
                if !word(before) && word(after) {
                    out.push_str("&#8203;");
                }
                at += 1;
                copied = at;
                continue;
            }
            b'<' | b'[' | b']' => true,
            b'*' => !(space(before) && space(after)),
            b'_' => !(word(before) && word(after) || space(before) && space(after)),
            b'~' => spans.tildes(bytes) > 1,
            b'\\' => after.is_none_or(|byte| byte.is_ascii_punctuation()),
            b'&' => is_entity(&bytes[at..]),
            _ => {
                if let Some(found) = references.iter().find(|one| one.is_at(text, at)) {
                    out.push_str(&text[copied..at]);
                    found.push_link(out);
                    at += found.text.len();
                    copied = at;
                } else {
                    at += 1;
                }
                continue;
            }
        };
        if escapes {
            out.push_str(&text[copied..at]);
            out.push('\\');
            copied = at;
        }
        at += 1;
    }
    out.push_str(&text[copied..]);
}

/// What may mean something anywhere in a line.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let signs = b"<[]*_`~\\&:";
    let mut at = 0;
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
};

fn begins_word(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii_alphanumeric()
        && !at
            .checked_sub(1)
            .is_some_and(|at| bytes[at].is_ascii_alphanumeric())
}

/// Escapes what means something only at the beginning of a line; returns how far it went.
fn escape_beginning(out: &mut String, text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let hashes = bytes.iter().take_while(|byte| **byte == b'#').count();
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let rule = |sign: u8| {
        bytes.first() == Some(&sign) && bytes.iter().all(|byte| *byte == sign || *byte == b' ')
    };
    let first = match bytes.first() {
        Some(b'#') => (1..=6).contains(&hashes) && ends(hashes),
        Some(b'>') => true,
        Some(b'-' | b'+' | b'*') => ends(1) || rule(b'-') || rule(b'*'),
        Some(b'=') => rule(b'='),
        _ => false,
    };
    if first {
        out.push('\\');
        out.push(char::from(bytes[0]));
        return 1;
    }
    if (1..=9).contains(&digits)
        && matches!(bytes.get(digits), Some(b'.' | b')'))
        && ends(digits + 1)
    {
        out.push_str(&text[..digits]);
        out.push('\\');
        out.push(char::from(bytes[digits]));
        return digits + 1;
    }
    0
}

/// `&lt;`, `&#60;`, `&#x3c;`
fn is_entity(bytes: &[u8]) -> bool {
    let name = bytes[1..]
        .iter()
        .take(34)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
        .count();
    name > 0 && bytes.get(1 + name) == Some(&b';')
}

/// Where code spans end (CommonMark 6.1): at the next run of as many backticks.
#[derive(Default)]
struct Spans {
    /// The last run of each length. Found once, so that a run without an end is no search to the end of the text.
    last: Option<HashMap<usize, usize>>,
    tildes: Option<usize>,
}

impl Spans {
    fn end(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let run = |at: usize| bytes[at..].iter().take_while(|byte| **byte == b'`').count();
        let last = self.last.get_or_insert_with(|| {
            let mut last = HashMap::new();
            let mut at = 0;
            while at < bytes.len() {
                let length = run(at);
                if length > 0 {
                    last.insert(length, at);
                }
                at += length.max(1);
            }
            last
        });
        let length = run(at);
        let mut next = at + length;
        last.get(&length).filter(|last| **last > at)?;
        while next < bytes.len() {
            let found = run(next);
            if found == length {
                return Some(next + length);
            }
            next += found.max(1);
        }
        None
    }

    fn tildes(&mut self, bytes: &[u8]) -> usize {
        *self
            .tildes
            .get_or_insert_with(|| bytes.split(|byte| *byte == b'~').count() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        push_markdown(&mut out, &visible(text), Mentions::Defuse, &[]);
        out
    }

    #[test]
    fn what_commits_say_means_nothing() {
        for (text, expected) in [
            ("plain words, 1.0 (#12)", "plain words, 1.0 (#12)"),
            ("snake_case and a_b_c", "snake_case and a_b_c"),
            ("_private and __init__", "\\_private and \\_\\_init\\_\\_"),
            ("2 * 3 = 6", "2 * 3 = 6"),
            ("**bold** and *it*", "\\*\\*bold\\*\\* and \\*it\\*"),
            ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
            ("`<T>` and Vec<T>", "`<T>` and Vec\\<T>"),
            ("a ` <b> alone", "a \\` \\<b> alone"),
            ("``a ` b`` and ```", "``a ` b`` and \\`\\`\\`"),
            (
                "[click](javascript:alert(1))",
                "\\[click\\](javascript:alert(1))",
            ),
            ("![x](https://h/y.png)", "!\\[x\\](https://h/y.png)"),
            (
                "[Unreleased]: https://evil",
                "\\[Unreleased\\]: https://evil",
            ),
            ("# heading", "\\# heading"),
            ("#12 is fixed", "#12 is fixed"),
            ("> quote", "\\> quote"),
            ("- item", "\\- item"),
            ("-x flag", "-x flag"),
            ("---", "\\---"),
            ("* item", "\\* item"),
            ("1. first", "1\\. first"),
            ("1.0 first", "1.0 first"),
            ("[ ] task", "\\[ \\] task"),
            ("~~~sh", "\\~\\~\\~sh"),
            ("needs ~1.2", "needs ~1.2"),
            ("C:\\new\\*", "C:\\new\\\\\\*"),
            ("a &lt;b&gt; & c", "a \\&lt;b\\&gt; & c"),
            (
                "thanks @someone, not a@b.c",
                "thanks @&#8203;someone, not a@b.c",
            ),
            ("`@Override` stays", "`@Override` stays"),
            (
                "see https://h/a_b_/c~d~?x=_y_&z",
                "see https://h/a_b_/c~d~?x=_y_&z",
            ),
            ("https://h/](x)<b>", "https://h/\\](x)\\<b>"),
            (
                "a\u{202e}b\u{0}c\u{1b}[31m",
                "a\u{fffd}b\u{fffd}c\u{fffd}\\[31m",
            ),
            (
                "zero\u{200b}width \u{e0041}tag",
                "zero\u{fffd}width \u{fffd}tag",
            ),
            ("two\nlines\r\n\r\n# x", "two lines # x"),
            ("👩‍💻 می‌خواهم", "👩‍💻 می‌خواهم"),
            ("", ""),
        ] {
            assert_eq!(escaped(text), expected, "{text:?}");
        }
    }

    #[test]
    fn many_runs_of_backticks_take_linear_time() {
        let text: String = (1..2000).map(|length| "`".repeat(length) + " ").collect();
        let started = std::time::Instant::now();
        assert!(escaped(&text).len() > text.len());
        assert!(started.elapsed().as_secs() < 10);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_opens(text in "[a<>\\[\\]*_`~\\\\&;#@ .\n\u{202e}é1-]{0,40}") {
            let out = escaped(&text);
            // Without the escapes it is the text again.
            let mut read = String::new();
            let mut chars = out.chars().peekable();
            let mut spans = Vec::new();
            let shown = visible(&text).trim().to_owned();
            while let Some(c) = chars.next() {
                if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) && spans.is_empty() {
                    read.extend(chars.next());
                } else {
                    read.push(c);
                    if c == '`' { spans.push(c); }
                }
            }
            let read = read.replace("&#8203;", "");
            // In code spans nothing is escaped, so only texts without them are compared.
            if spans.is_empty() {
                prop_assert_eq!(&read, &shown);
                let bare = out.replace("\\\\", "").replace("\\<", "").replace("\\[", "").replace("\\]", "");
                prop_assert!(!bare.contains(['<', '[', ']']), "{}", out);
            }
        }
    }
}
