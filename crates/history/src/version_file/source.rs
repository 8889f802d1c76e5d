//! Source text of a programming language, told apart into code, comments and strings, so that an example in a comment or a
//! string is not taken for the version.
//!
//! Invariant: `code` has the bytes of the text in the same places, but for what is no code, which is blank.
//!
//! Must not: run anything, or know more of a language than its comments, strings and brackets.

use std::ops::Range;

/// How much of the code around a name is looked at, so that a line of any length costs little.
pub(super) const FAR: usize = 256;

/// What is no code in a language.
pub(super) struct Syntax {
    /// Signs that begin a comment up to the end of the line.
    pub line: &'static [&'static str],
    /// Signs around a comment. They do not nest.
    pub block: &'static [(&'static str, &'static str)],
    /// Signs around a string, longer ones first.
    pub quotes: &'static [Quote],
}

pub(super) struct Quote {
    pub open: &'static str,
    /// Empty for something that looks like the beginning of a string and is none: `'"'`.
    pub close: &'static str,
    /// What makes the next byte one of the string.
    pub escape: Option<u8>,
    /// Whether it may go on over the end of a line.
    pub lines: bool,
}

impl Quote {
    pub(super) const fn of(sign: &'static str) -> Self {
        Self {
            open: sign,
            close: sign,
            escape: Some(b'\\'),
            lines: sign.len() > 1,
        }
    }
}

pub(super) struct Source {
    /// Comments and the insides of strings are spaces, newlines inside of them too; signs around strings stay. All is ASCII.
    pub code: String,
    /// The insides of strings that have an end, by the position of their first sign, in order.
    strings: Vec<(usize, Range<usize>, usize)>,
    /// Where brackets stand, with how many are open behind them and where the innermost of those is.
    brackets: Vec<(usize, u32, usize)>,
}

impl Source {
    pub(super) fn of(text: &str, syntax: &Syntax) -> Self {
        let bytes = text.as_bytes();
        let mut code = vec![b' '; bytes.len()];
        let mut source = Self {
            code: String::new(),
            strings: Vec::new(),
            brackets: Vec::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let rest = &bytes[at..];
            if let Some(length) = comment(rest, syntax) {
                at += length;
                continue;
            }
            if let Some(quote) = syntax
                .quotes
                .iter()
                .find(|q| rest.starts_with(q.open.as_bytes()))
            {
                let (inner, length) = string(rest, quote);
                if let Some(inner) = inner {
                    code[at] = byte;
                    code[at + length - 1] = bytes[at + length - 1];
                    let inner = at + inner.start..at + inner.end;
                    source.strings.push((at, inner, at + length));
                }
                at += length;
                continue;
            }
            match byte {
                b'(' | b'[' | b'{' => open.push(at),
                b')' | b']' | b'}' => drop(open.pop()),
                _ => {}
            }
            if b"()[]{}".contains(&byte) {
                let depth = u32::try_from(open.len()).unwrap_or(u32::MAX);
                let innermost = open.last().copied().unwrap_or(0);
                source.brackets.push((at, depth, innermost));
            }
            // Other letters are part of some name, and of none that is looked for.
            code[at] = if byte.is_ascii() { byte } else { b'?' };
            at += 1;
        }
        source.code = String::from_utf8(code).unwrap_or_default();
        source
    }

    /// How many brackets are open at a place.
    pub(super) fn depth(&self, at: usize) -> u32 {
        self.bracket(at).0
    }

    /// How many brackets are open at a place, and where the innermost of them is.
    fn bracket(&self, at: usize) -> (u32, usize) {
        let before = self.brackets.partition_point(|(bracket, ..)| *bracket < at);
        match before
            .checked_sub(1)
            .and_then(|last| self.brackets.get(last))
        {
            Some((_, depth, innermost)) => (*depth, *innermost),
            None => (0, 0),
        }
    }

    /// The word before the bracket that is open at a place.
    pub(super) fn opener(&self, at: usize) -> &str {
        let before = self.before(self.bracket(at).1).trim_end();
        let start = before.rfind(|c| !in_name(c)).map_or(0, |at| at + 1);
        &before[start..]
    }

    /// The code before a place, as far as anyone has to look.
    pub(super) fn before(&self, at: usize) -> &str {
        &self.code[at.saturating_sub(FAR)..at]
    }

    /// The inside of the string that begins at `at`, and where the string ends.
    pub(super) fn string(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let found = self.strings.binary_search_by_key(&at, |(start, ..)| *start);
        let (_, inner, end) = &self.strings[found.ok()?];
        Some((inner.clone(), *end))
    }

    /// Where a name stands in the code, as a whole word.
    pub(super) fn words<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let found = self.code.match_indices(name).map(|(at, _)| at);
        found.filter(move |at| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + name.len()..].chars().next();
            !before.is_some_and(in_name) && !after.is_some_and(in_name)
        })
    }
}

pub(super) fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '?'
}

/// How long the comment is that the text begins with. One without an end goes to the end of the text.
fn comment(rest: &[u8], syntax: &Syntax) -> Option<usize> {
    for (open, close) in syntax.block {
        if let Some(inside) = rest.strip_prefix(open.as_bytes()) {
            let close = close.as_bytes();
            let end = inside.windows(close.len()).position(|part| part == close);
            return Some(end.map_or(rest.len(), |end| open.len() + end + close.len()));
        }
    }
    let begins = syntax
        .line
        .iter()
        .any(|sign| rest.starts_with(sign.as_bytes()));
    let end = || {
        rest.iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len())
    };
    begins.then(end)
}

/// The inside of the string that the text begins with, and how long all of it is. One without an end goes to the end of the
/// line, or of the text where it may have several lines, and has no inside.
fn string(rest: &[u8], quote: &Quote) -> (Option<Range<usize>>, usize) {
    let start = quote.open.len();
    if quote.close.is_empty() {
        return (None, start);
    }
    let mut at = start;
    while let Some(&byte) = rest.get(at) {
        if Some(byte) == quote.escape {
            at += 2;
        } else if rest[at..].starts_with(quote.close.as_bytes()) {
            return (Some(start..at), at + quote.close.len());
        } else if byte == b'\n' && !quote.lines {
            return (None, at);
        } else {
            at += 1;
        }
    }
    (None, rest.len())
}
