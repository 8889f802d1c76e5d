//! Where the version stands in YAML files. Places come from the parser's events; aliases are never followed, so a file cannot
//! grow in memory.

use super::error::Fault;
use super::key;
use super::place::{Form, Place};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::str::CharIndices;

/// Deeper than any file that people write.
const DEEPEST: usize = 512;

/// What the key names, else `version`, in each of the documents that have it.
pub(super) fn any(text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
    let parts = key::parts(key.unwrap_or("version"))?;
    let parts: Vec<Option<&str>> = parts.iter().map(|part| Some(part.as_str())).collect();
    let found = at_paths(text, &parts)?;
    if found.is_empty() {
        return Err(Fault::Missing("no text stands under the key"));
    }
    Ok(found.into_iter().map(|(_, place)| place).collect())
}

/// The scalars under all keys of a form, with those keys; `None` is any key.
pub(super) fn at_paths(
    text: &str,
    parts: &[Option<&str>],
) -> Result<Vec<(Vec<String>, Place)>, Fault> {
    let mut search = Search {
        text,
        parts,
        open: Vec::new(),
        found: Vec::new(),
        bytes: Bytes::of(text),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault::Syntax {
            at: Bytes::of(text).at(error.marker().index()),
            why: error.info().to_owned(),
        })?;
        search.take(&event, span.start.index())?;
    }
    Ok(search.found)
}

/// A list or mapping that is open.
struct Open {
    /// How many parts of the key lead here; `None` off its way.
    on: Option<usize>,
    inside: Inside,
    /// What leads to the part that is next, on the way only.
    key: String,
    /// Where the keys stood that are on the way.
    seen: HashMap<String, usize>,
}

enum Inside {
    List { next: usize },
    Key,
    Value { wanted: bool },
}

struct Search<'a> {
    text: &'a str,
    parts: &'a [Option<&'a str>],
    open: Vec<Open>,
    found: Vec<(Vec<String>, Place)>,
    bytes: Bytes<'a>,
}

impl Search<'_> {
    fn take(&mut self, event: &Event<'_>, start: usize) -> Result<(), Fault> {
        let on = match event {
            Event::Scalar(value, ..) => self.node(Some(value), start)?,
            Event::Alias(_) | Event::MappingStart(..) | Event::SequenceStart(..) => {
                self.node(None, start)?
            }
            _ => None,
        };
        match event {
            Event::Scalar(value, style, _, tag) if on == Some(self.parts.len()) => {
                let at = self.bytes.at(start);
                let at = at + properties(&self.text[at..]);
                let place = self.scalar(value, *style, tag.is_some(), at)?;
                let keys = self.open.iter().map(|open| open.key.clone()).collect();
                self.found.push((keys, place));
            }
            Event::Alias(_) if on.is_some() => {
                return Err(Fault::syntax(
                    self.bytes.at(start),
                    "an alias stands here: name the key where the text itself is written",
                ));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if self.open.len() == DEEPEST {
                    let at = self.bytes.at(start);
                    return Err(Fault::syntax(at, "it is nested too deeply"));
                }
                let inside = match event {
                    Event::SequenceStart(..) => Inside::List { next: 0 },
                    _ => Inside::Key,
                };
                self.open.push(Open {
                    on,
                    inside,
                    key: String::new(),
                    seen: HashMap::new(),
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            _ => {}
        }
        Ok(())
    }

    /// A node begins: how many parts of the key lead to it. A key of a mapping leads nowhere itself.
    fn node(&mut self, text: Option<&str>, start: usize) -> Result<Option<usize>, Fault> {
        let Some(open) = self.open.last_mut() else {
            return Ok(Some(0));
        };
        let part = open.on.and_then(|on| self.parts.get(on));
        let fits = |key: &str| part.is_some_and(|part| part.is_none_or(|part| part == key));
        match &mut open.inside {
            Inside::List { next } => {
                let key = next.to_string();
                *next += 1;
                let wanted = fits(&key);
                open.key = key;
                Ok(open.on.filter(|_| wanted).map(|on| on + 1))
            }
            Inside::Key => {
                let key = text.filter(|key| fits(key));
                open.inside = Inside::Value {
                    wanted: key.is_some(),
                };
                if let Some(key) = key {
                    key.clone_into(&mut open.key);
                    if let Some(first) = open.seen.insert(key.to_owned(), start) {
                        let both = [first, start].map(|at| Bytes::of(self.text).at(at));
                        return Err(Fault::Ambiguous(both.to_vec()));
                    }
                }
                Ok(None)
            }
            Inside::Value { wanted } => {
                let on = open.on.filter(|_| *wanted).map(|on| on + 1);
                open.inside = Inside::Key;
                Ok(on)
            }
        }
    }

    fn scalar(
        &self,
        value: &str,
        style: ScalarStyle,
        tagged: bool,
        start: usize,
    ) -> Result<Place, Fault> {
        let quotes = match style {
            ScalarStyle::Plain => 0,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
            _ => {
                return Err(Fault::syntax(
                    start,
                    "a block of text stands here, not a version",
                ));
            }
        };
        let at = start + quotes..start + quotes + value.len();
        // An escape, or text over several lines.
        if value.is_empty() || self.text.get(at.clone()) != Some(value) {
            return Err(Fault::syntax(start, "this is no version"));
        }
        let form = if quotes == 0 && !tagged {
            Form::YamlPlain
        } else {
            Form::Verbatim
        };
        Ok(Place { at, form })
    }
}

/// How long the anchor and the tag before a scalar are, with the white space behind them (YAML 1.2.2, 6.9).
fn properties(text: &str) -> usize {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[end..].trim_start();
    }
    text.len() - rest.len()
}

/// Positions in bytes of positions in characters, asked for in rising order.
struct Bytes<'a> {
    chars: CharIndices<'a>,
    next: usize,
}

impl<'a> Bytes<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            chars: text.char_indices(),
            next: 0,
        }
    }

    fn at(&mut self, char: usize) -> usize {
        if let Some(skip) = char.checked_sub(self.next)
            && skip > 0
        {
            self.chars.nth(skip - 1);
            self.next = char;
        }
        self.chars.offset()
    }
}

/// Whether a text has to stand between quotes to be that text: it begins with a sign of YAML's own (YAML 1.2.2, 5.3), would
/// end early, or would be something else.
pub(super) fn needs_quotes(text: &str) -> bool {
    let begins = text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c));
    begins
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with([':', ' '])
        || is_no_text(text)
}

/// Whether a plain scalar of this text would be read as a number or a date (YAML 1.2.2, 10.3.2; YAML 1.1's types).
pub(super) fn is_no_text(plain: &str) -> bool {
    let mut parts = plain.splitn(2, ['e', 'E']);
    let number = parts.next().unwrap_or_default();
    let exponent = parts.next().unwrap_or("0");
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let float = number.matches('.').count() < 2
        && digits(&number.replacen('.', "", 1))
        && digits(exponent.trim_start_matches(['+', '-']));
    let based = plain.starts_with("0x") || plain.starts_with("0o") || plain.starts_with("0b");
    let dated = plain.matches('-').count() == 2 && digits(&plain.replace('-', ""));
    float || based || dated
}
