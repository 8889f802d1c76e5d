//! Where the version stands in Python source, without running it: strings and tuples that are assigned to a name.

use super::error::Fault;
use super::place::{Form, Place};
use super::source::{Quote, Source, Syntax};
use std::ops::Range;

type Places = Result<Vec<Place>, Fault>;

/// The language's reference, section 2 ("Lexical analysis").
const SYNTAX: Syntax = Syntax {
    line: &["#"],
    block: &[],
    quotes: &[
        Quote::of("\"\"\""),
        Quote::of("'''"),
        Quote::of("\""),
        Quote::of("'"),
    ],
};

/// Names that a module's version is assigned to.
const NAMES: [&str; 4] = ["__version__", "VERSION", "version", "__VERSION__"];

/// Names of tuples that are the version.
const TUPLES: [&str; 5] = [
    "VERSION",
    "version_info",
    "__version_info__",
    "VERSION_INFO",
    "__version_tuple__",
];

/// Assignments to one of the names at the top level: `__version__: str = "1.0.0"`, `VERSION = (1, 0, 0)`.
pub(super) fn assignments(text: &str, key: Option<&str>) -> Places {
    let module = Module::of(text);
    let found: Vec<_> = module
        .statements()
        .filter_map(|start| module.assigned(start, key))
        .collect();
    if found.is_empty() {
        return Err(Fault::Missing(match key {
            Some(_) => "no string and no tuple of numbers is assigned to the name",
            None => "no string is assigned to __version__, VERSION or version",
        }));
    }
    Ok(found)
}

/// The keyword argument `version="1.0.0"`, or an assignment that it may refer to.
pub(super) fn setup_py(text: &str, key: Option<&str>) -> Places {
    let module = Module::of(text);
    let words = module.source.words("version");
    let arguments = words.filter(|at| key.is_none() && module.source.depth(*at) > 0);
    let found: Vec<_> = arguments.filter_map(|at| module.keyword(at)).collect();
    if found.is_empty() {
        assignments(text, key)
    } else {
        Ok(found.into_iter().map(Place::from).collect())
    }
}

struct Module<'a> {
    text: &'a str,
    source: Source,
}

impl<'a> Module<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            source: Source::of(text, &SYNTAX),
        }
    }

    /// Where lines of code begin that are inside of no bracket and not indented.
    fn statements(&self) -> impl Iterator<Item = usize> {
        let after_newline = self.source.code.match_indices('\n').map(|(at, _)| at + 1);
        std::iter::once(0)
            .chain(after_newline)
            .filter(|at| self.source.depth(*at) == 0)
    }

    /// The string or tuple that the statement assigns to a name of a version.
    fn assigned(&self, start: usize, key: Option<&str>) -> Option<Place> {
        let code = &self.source.code;
        let line = &code[start..];
        let line = &line[..line.find('\n').unwrap_or(line.len())];
        let (mut name, mut rest) = identifier(line)?;
        let (mut text, mut tuple) = (false, false);
        loop {
            text |= key.map_or_else(|| NAMES.contains(&name), |key| key == name);
            tuple |= key.map_or_else(|| TUPLES.contains(&name), |key| key == name);
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
        let ends = |end: usize| {
            let rest = code[end..].split('\n').next().unwrap_or_default();
            let rest = rest.trim_start_matches([' ', '\t', '\r', ')']);
            rest.is_empty() || rest.starts_with(';')
        };
        if let Some((inner, end)) = self.literal(at).filter(|_| text) {
            return ends(end).then(|| inner.into());
        }
        let (place, end) = self.tuple(at).filter(|_| tuple)?;
        ends(end).then_some(place)
    }

    /// The string of the keyword argument at `at`.
    fn keyword(&self, at: usize) -> Option<Range<usize>> {
        let (before, after) = self.source.code.split_at(at);
        if before.ends_with('.') {
            return None;
        }
        let value = after
            .strip_prefix("version")?
            .trim_start()
            .strip_prefix('=')?
            .trim_start();
        let (inner, end) = self.literal(self.source.code.len() - value.len())?;
        self.source.code[end..]
            .trim_start()
            .starts_with([',', ')'])
            .then_some(inner)
    }

    /// The inside of a string at `at` (perhaps after `(` and `r` or `u`), and where the string ends. One with another prefix
    /// is computed, or holds bytes.
    fn literal(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let quoted = self.source.code[at..].trim_start_matches(['(', ' ']);
        let quoted = quoted.trim_start_matches(['r', 'R', 'u', 'U']);
        let found = self.source.string(self.source.code.len() - quoted.len());
        found.filter(|(inner, _)| !inner.is_empty())
    }

    /// `(1, 4, 0)`, or `(1, 4, 0, "final", 0)` as `sys.version_info` has it, and where the tuple ends.
    fn tuple(&self, at: usize) -> Option<(Place, usize)> {
        let close = match self.source.code[at..].chars().next()? {
            '(' => ')',
            '[' => ']',
            _ => return None,
        };
        let length = self.source.code[at..].find(close)?;
        let mut numbers = Vec::new();
        let mut level = None;
        let mut start = at + 1;
        let mut items = self.source.code[at + 1..at + length].split(',').peekable();
        while let Some(item) = items.next() {
            let value = item.trim();
            let first = start + item.len() - item.trim_start().len();
            start += item.len() + 1;
            if let Some((inner, end)) = self.source.string(first) {
                // Nothing but the level, and once.
                if level.is_some() || end != first + value.len() {
                    return None;
                }
                level = Some((inner, numbers.len()));
            } else if value.is_empty() {
                // A comma may stand at the end.
                items.peek().is_none().then_some(())?;
            } else {
                let sound = value.bytes().all(|b| b.is_ascii_digit())
                    && !(value.len() > 1 && value.starts_with('0'));
                sound.then(|| numbers.push(first..first + value.len()))?;
            }
        }
        let end = at + length + 1;
        match (level, numbers.len()) {
            (None, 2..=4) => Some((Place::numbers(numbers), end)),
            (Some((level, 3)), 4) => {
                let serial = numbers.pop()?;
                // Python says `candidate`, Django `rc`; a file with another level in it does not tell.
                let rc = match &self.text[level.clone()] {
                    "rc" => "rc",
                    "candidate" => "candidate",
                    _ if self.text[..at]
                        .trim_end_matches([' ', '='])
                        .ends_with("VERSION") =>
                    {
                        "rc"
                    }
                    _ => "candidate",
                };
                Some((
                    Place {
                        at: at..end,
                        form: Form::Levels {
                            numbers,
                            level,
                            serial,
                            rc,
                        },
                    },
                    end,
                ))
            }
            _ => None,
        }
    }
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    (end > 0 && !text.starts_with(|c: char| c.is_ascii_digit())).then(|| text.split_at(end))
}
