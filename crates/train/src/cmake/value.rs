//! Variables and what references to them give, where a variable may have several values because a condition is not known.
//!
//! Invariants: a value that depends on the machine is never made up; alternatives are few ([`MOST_ALTERNATIVES`]) or the
//! value is open; a value that was written as one literal remembers where.
//!
//! Rules: cmake-language(7), "Variable References", "Escape Sequences", "Lists".

use super::lex::{Argument, Kind};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

const MOST_ALTERNATIVES: usize = 8;
/// References in references.
const DEEPEST: usize = 8;
/// Bytes in a value: a loop that doubles a text stops there.
const LONGEST: usize = 64 * 1024;

/// Where a text is written, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Written {
    pub path: Rc<str>,
    pub line: u32,
    pub span: Bytes,
}

/// From the first byte to after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes {
    pub start: usize,
    pub end: usize,
}

impl From<Range<usize>> for Bytes {
    fn from(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

/// A text, and where it stands if it stands in one piece.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text {
    pub text: String,
    pub written: Option<Written>,
}

/// What a variable or an argument may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// One of these; `None` is "not set". Sorted, without repetition, never empty.
    OneOf(Vec<Option<Text>>),
    /// It comes from the machine or the caller; the reason.
    Open(String),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::OneOf(vec![Some(Text {
            text: text.into(),
            written: None,
        })])
    }

    pub fn unset() -> Self {
        Self::OneOf(vec![None])
    }

    /// Either of the two.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::OneOf(mut all), Self::OneOf(more)) => {
                all.extend(more);
                all.sort();
                all.dedup();
                if all.len() > MOST_ALTERNATIVES {
                    return Self::Open("too many possible values".to_owned());
                }
                Self::OneOf(all)
            }
            (Self::Open(why), _) | (_, Self::Open(why)) => Self::Open(why),
        }
    }

    /// All texts that it may be, "not set" being the empty text.
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::OneOf(all) => {
                let texts = all.iter().map(|one| one.as_ref().map_or("", |it| &it.text));
                Some(texts.collect())
            }
            Self::Open(_) => None,
        }
    }

    /// The text, where there is only one.
    pub fn single(&self) -> Option<&Text> {
        match self {
            Self::OneOf(all) => match all.as_slice() {
                [Some(text)] => Some(text),
                _ => None,
            },
            Self::Open(_) => None,
        }
    }
}

/// The variables at a point of the evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// What holds where either the one or the other path was taken.
    pub fn join(self, other: &Self) -> Self {
        let mut out = self.0;
        for (name, value) in &mut out {
            let there = other.0.get(name).cloned().unwrap_or_else(Value::unset);
            if *value != there {
                *value = std::mem::replace(value, Value::unset()).or(there);
            }
        }
        for (name, value) in &other.0 {
            if !out.contains_key(name) {
                out.insert(name.clone(), value.clone().or(Value::unset()));
            }
        }
        Self(out)
    }

    /// The elements that an argument becomes: several or none if it is unquoted, and holds `;` or nothing.
    ///
    /// An argument that is open, or has alternatives, is one element.
    pub fn expand(&self, source: &[u8], path: &Rc<str>, argument: &Argument) -> Vec<Value> {
        let raw = source.get(argument.span.clone()).unwrap_or_default();
        let raw = String::from_utf8_lossy(raw);
        let written = |span: Range<usize>| Written {
            path: Rc::clone(path),
            line: argument.line,
            span: span.into(),
        };
        let plain = argument.kind == Kind::Bracket || !raw.contains(['$', '\\']);
        if plain && (argument.kind != Kind::Unquoted || !raw.contains(';')) {
            let written = Some(written(argument.span.clone()));
            return vec![Value::OneOf(vec![Some(Text {
                text: raw.into_owned(),
                written,
            })])];
        }
        // `${X}` alone is what X is, and stands where X was written.
        let alone = raw.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
        let value = match alone.filter(|name| is_name(name)) {
            Some(name) => self.reference(name),
            None => self.interpolate(&raw, 0),
        };
        match value {
            Value::OneOf(all) if argument.kind == Kind::Unquoted && all.len() == 1 => {
                let text = all.into_iter().flatten().next();
                text.map(elements).unwrap_or_default()
            }
            other => vec![other],
        }
    }

    fn reference(&self, name: &str) -> Value {
        match self.0.get(name) {
            Some(value) => value.clone(),
            None => Value::Open(format!("{name} is not set in these files")),
        }
    }

    /// Puts the values in, innermost first.
    fn interpolate(&self, raw: &str, depth: usize) -> Value {
        let mut out = vec![String::new()];
        let mut rest = raw;
        while let Some(at) = rest.find(['$', '\\']) {
            push(&mut out, &rest[..at]);
            let tail = &rest[at..];
            if let Some(escaped) = tail.strip_prefix('\\') {
                let Some(first) = escaped.chars().next() else {
                    break;
                };
                match first {
                    't' => push(&mut out, "\t"),
                    'r' => push(&mut out, "\r"),
                    'n' => push(&mut out, "\n"),
                    '\n' => {}
                    // Stands for itself, and keeps an unquoted argument together.
                    ';' => push(&mut out, "\\;"),
                    other => push(&mut out, other.encode_utf8(&mut [0; 4])),
                }
                rest = &escaped[first.len_utf8()..];
                continue;
            }
            let Some(open) = tail.find('{').filter(|open| is_scope(&tail[1..*open])) else {
                push(&mut out, "$");
                rest = &tail[1..];
                continue;
            };
            let Some(close) = closing(&tail[open..]) else {
                return Value::Open("a reference that is never closed".to_owned());
            };
            let (name, after) = (&tail[open + 1..open + close], &tail[open + close + 1..]);
            if open > 1 {
                return Value::Open(format!("{} comes from outside", &tail[..=open + close]));
            }
            if depth >= DEEPEST {
                return Value::Open("references nested too deep".to_owned());
            }
            let names = match self.interpolate(name, depth + 1) {
                Value::OneOf(names) => names,
                open @ Value::Open(_) => return open,
            };
            let mut found: Option<Value> = None;
            for name in names.into_iter().flatten() {
                let value = self.reference(&name.text);
                found = Some(match found {
                    Some(before) => before.or(value),
                    None => value,
                });
            }
            let values = match found.unwrap_or_else(Value::unset) {
                Value::OneOf(values) => values,
                open @ Value::Open(_) => return open,
            };
            let text = |value: &Option<Text>| value.as_ref().map_or("", |it| &it.text).to_owned();
            let values: Vec<String> = values.iter().map(text).collect();
            let longest = out.iter().map(String::len).max().unwrap_or(0);
            if out.len() * values.len() > MOST_ALTERNATIVES || longest > LONGEST {
                return Value::Open("too many possible values".to_owned());
            }
            let mut joined = Vec::new();
            for head in &out {
                joined.extend(values.iter().map(|value| format!("{head}{value}")));
            }
            out = joined;
            rest = after;
        }
        push(&mut out, rest);
        out.sort();
        out.dedup();
        let text = |text| {
            Some(Text {
                text,
                written: None,
            })
        };
        Value::OneOf(out.into_iter().map(text).collect())
    }
}

fn push(all: &mut [String], text: &str) {
    for one in all {
        one.push_str(text);
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['$', '{', '}', '\\', '"'])
}

/// `` for `${`, `ENV` for `$ENV{`, `CACHE` for `$CACHE{`.
fn is_scope(text: &str) -> bool {
    matches!(text, "" | "ENV" | "CACHE")
}

/// Of the brace that closes the one at 0.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The elements of a list, without the empty ones: how an unquoted argument is taken apart.
fn elements(text: Text) -> Vec<Value> {
    if !text.text.contains(';') {
        let empty = text.text.is_empty();
        return if empty {
            Vec::new()
        } else {
            vec![Value::OneOf(vec![Some(text)])]
        };
    }
    let mut parts = vec![String::new()];
    let mut rest = text.text.as_str();
    while let Some(at) = rest.find(';') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        match before.strip_suffix('\\') {
            Some(kept) => push_last(&mut parts, &[kept, ";"]),
            None => {
                push_last(&mut parts, &[before]);
                parts.push(String::new());
            }
        }
        rest = after;
    }
    push_last(&mut parts, &[rest]);
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(Value::text)
        .collect()
}

fn push_last(parts: &mut [String], texts: &[&str]) {
    if let Some(last) = parts.last_mut() {
        last.extend(texts.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn expand(variables: &Variables, source: &str) -> Vec<Vec<String>> {
        let lexed = lex(source.as_bytes());
        let path: Rc<str> = Rc::from("f");
        let all = lexed.commands[0].arguments.iter();
        let all = all.flat_map(|it| variables.expand(source.as_bytes(), &path, it));
        let texts = |value: Value| match value {
            Value::Open(why) => vec![format!("?{why}")],
            Value::OneOf(all) => all
                .into_iter()
                .map(|it| it.map_or("-".to_owned(), |it| it.text))
                .collect(),
        };
        all.map(texts).collect()
    }

    #[test]
    fn references_are_replaced() {
        let mut variables = Variables::default();
        variables.set("A", Value::text("x"));
        variables.set("x", Value::text("deep"));
        variables.set("L", Value::text("1;2"));
        variables.set("E", Value::text(""));
        let found = expand(
            &variables,
            "f(${A} a${A}b \"${L}\" ${L} ${E} \"${E}\" ${${A}} a\\;b [[${A}]])",
        );
        assert_eq!(
            found,
            [
                ["x"],
                ["axb"],
                ["1;2"],
                ["1"],
                ["2"],
                [""],
                ["deep"],
                ["a;b"],
                ["${A}"]
            ]
        );
        assert_eq!(
            expand(&variables, "f($ENV{A})"),
            [["?$ENV{A} comes from outside"]]
        );
        assert_eq!(
            expand(&variables, "f(${N})"),
            [["?N is not set in these files"]]
        );
        assert_eq!(expand(&variables, "f(\"$5 $\")"), [["$5 $"]]);
        assert_eq!(
            expand(&variables, "f(\"${A\")"),
            [["?a reference that is never closed"]]
        );
    }

    #[test]
    fn alternatives_multiply_up_to_a_limit() {
        let mut one = Variables::default();
        one.set("A", Value::text("x"));
        let mut two = Variables::default();
        two.set("A", Value::text("y"));
        two.set("B", Value::text("z"));
        let both = one.join(&two);
        assert_eq!(expand(&both, "f(${A}${A})"), [["xx", "xy", "yx", "yy"]]);
        assert_eq!(expand(&both, "f(${B})"), [["-", "z"]]);
        assert_eq!(
            expand(&both, "f(${A}${A}${A}${A})"),
            [["?too many possible values"]]
        );
    }

    #[test]
    fn a_value_remembers_where_it_was_written() {
        let source = "f(abc)";
        let lexed = lex(source.as_bytes());
        let path: Rc<str> = Rc::from("f");
        let mut variables = Variables::default();
        let value = variables.expand(source.as_bytes(), &path, &lexed.commands[0].arguments[0]);
        variables.set("A", value[0].clone());
        let other = lex(b"g(${A})");
        let found = variables.expand(b"g(${A})", &Rc::from("g"), &other.commands[0].arguments[0]);
        let written = found[0].single().unwrap().written.clone().unwrap();
        assert_eq!(
            (&*written.path, written.span),
            ("f", Bytes { start: 2, end: 5 })
        );
    }
}
