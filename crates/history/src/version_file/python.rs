//! Where the version stands in Python source, without running it.
//!
//! Strings and comments are told from code by the lexical rules of the language (reference, section 2), so that an example
//! in a docstring is not taken for the version.

use super::Fault;
use std::ops::Range;

type Places = Result<Vec<Range<usize>>, Fault>;

/// Names that a module's version is assigned to.
const NAMES: [&str; 4] = ["__version__", "VERSION", "version", "__VERSION__"];

/// Assignments of a string to one of the names, at the top level: `__version__: str = "1.0.0"`.
pub(super) fn assignments(text: &str) -> Places {
    let source = Source::of(text);
    let found: Vec<_> = source
        .statements()
        .filter_map(|start| source.assigned(start))
        .collect();
    if found.is_empty() {
        return Err(Fault::Missing(
            "no string is assigned to __version__, VERSION or version",
        ));
    }
    Ok(found)
}

/// The keyword argument `version="1.0.0"`, or an assignment that it may refer to.
pub(super) fn setup_py(text: &str) -> Places {
    let source = Source::of(text);
    let words = source
        .code
        .match_indices("version")
        .filter(|(at, _)| source.depth[*at] > 0);
    let found: Vec<_> = words.filter_map(|(at, _)| source.keyword(at)).collect();
    if found.is_empty() {
        assignments(text)
    } else {
        Ok(found)
    }
}

/// Source with everything that is not code blanked, byte for byte in the same places.
struct Source {
    /// Comments and the insides of strings are spaces, newlines inside strings too.
    code: String,
    /// Insides of strings, by the position of their first quote.
    strings: Vec<(usize, Range<usize>)>,
    /// Brackets open at each byte.
    depth: Vec<u32>,
}

impl Source {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut code = vec![b' '; bytes.len()];
        let mut source = Self {
            code: String::new(),
            strings: Vec::new(),
            depth: vec![0; bytes.len()],
        };
        let (mut at, mut depth) = (0, 0_u32);
        while let Some(&byte) = bytes.get(at) {
            source.depth[at] = depth;
            match byte {
                b'#' => {
                    at += bytes[at..]
                        .iter()
                        .position(|b| *b == b'\n')
                        .unwrap_or(bytes.len() - at);
                    continue;
                }
                b'"' | b'\'' => {
                    let (inner, end) = string(bytes, at);
                    code[at] = byte;
                    code[end - 1] = byte;
                    source.strings.push((at, inner));
                    at = end;
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            // Other letters are part of some name, and of none that is looked for.
            code[at] = if byte.is_ascii() { byte } else { b'?' };
            at += 1;
        }
        source.code = String::from_utf8(code).unwrap_or_default();
        source
    }

    /// Where lines of code begin that are inside of no bracket and not indented.
    fn statements(&self) -> impl Iterator<Item = usize> {
        let after_newline = self.code.match_indices('\n').map(|(at, _)| at + 1);
        std::iter::once(0)
            .chain(after_newline)
            .filter(|at| self.depth.get(*at).is_some_and(|depth| *depth == 0))
    }

    /// The string that the statement assigns to a name of a version.
    fn assigned(&self, start: usize) -> Option<Range<usize>> {
        let line = &self.code[start..];
        let line = &line[..line.find('\n').unwrap_or(line.len())];
        let (mut name, mut rest) = identifier(line)?;
        let mut wanted = false;
        loop {
            wanted |= NAMES.contains(&name);
            rest = rest.trim_start();
            if let Some(annotated) = rest.strip_prefix(':') {
                rest = &annotated[annotated.find('=')?..];
            }
            rest = rest
                .strip_prefix('=')
                .filter(|rest| !rest.starts_with('='))?
                .trim_start();
            // `a = b = "…"` goes on.
            match identifier(rest).filter(|(_, after)| after.trim_start().starts_with('=')) {
                Some((next, after)) => (name, rest) = (next, after),
                None => break,
            }
        }
        let at = start + line.len() - rest.len();
        let (inner, after) = self.literal(at)?;
        let ends = self.code[after..start + line.len()].trim_start_matches([' ', '\t', '\r', ')']);
        (wanted && (ends.is_empty() || ends.starts_with(';'))).then_some(inner)
    }

    /// The string of the keyword argument at `at`.
    fn keyword(&self, at: usize) -> Option<Range<usize>> {
        let (before, after) = self.code.split_at(at);
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_.?".contains(c)) {
            return None;
        }
        let value = after
            .strip_prefix("version")?
            .trim_start()
            .strip_prefix('=')?
            .trim_start();
        let (inner, end) = self.literal(self.code.len() - value.len())?;
        self.code[end..]
            .trim_start()
            .starts_with([',', ')'])
            .then_some(inner)
    }

    /// The inside of a string at `at` (perhaps after `(` and `r` or `u`), and where the string ends. One with another prefix
    /// is computed, or holds bytes.
    fn literal(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let quoted = self.code[at..].trim_start_matches(['(', ' ']);
        let quoted = quoted.trim_start_matches(['r', 'R', 'u', 'U']);
        let quote = self.code.len() - quoted.len();
        let found = self
            .strings
            .binary_search_by_key(&quote, |(start, _)| *start)
            .ok()?;
        let inner = self.strings[found].1.clone();
        let marks = inner.start - quote;
        let end = inner.end + marks;
        (!inner.is_empty()).then_some((inner, end))
    }
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    (end > 0 && !text.starts_with(|c: char| c.is_ascii_digit())).then(|| text.split_at(end))
}

/// The inside of the string that begins at `start`, and where it ends. One without an end goes to the end of the line (or of
/// the file, where it has three quotes).
fn string(bytes: &[u8], start: usize) -> (Range<usize>, usize) {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let marks = if triple { 3 } else { 1 };
    let mut at = start + marks;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' {
            at += 2;
        } else if !triple && byte == b'\n' {
            return (start + marks..start + marks, at);
        } else if byte == quote && (!triple || bytes[at..].starts_with(&[quote; 3])) {
            return (start + marks..at, at + marks);
        } else {
            at += 1;
        }
    }
    (bytes.len()..bytes.len(), bytes.len())
}
