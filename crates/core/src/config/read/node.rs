//! Values and tables of the document, one look for all the ways in which TOML can write them.
//!
//! Invariant: whoever asks for a value gets it in the right type, or `None` after a fault was noted; a table's keys are
//! listed when it is opened, so that none can be forgotten and every other one is a fault.

use super::source::{At, Source, Span};
use super::suggest;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml_edit::{Item, TableLike, Value};

#[derive(Clone, Copy)]
enum Kind<'a> {
    Item(&'a Item),
    Value(&'a Value),
    Table(&'a dyn TableLike),
}

/// A value of the document.
#[derive(Clone)]
pub struct Node<'a> {
    pub source: &'a Source<'a>,
    pub span: Span,
    /// What messages call it: `` `timeout` ``, `` an item of `artifacts` ``.
    pub name: String,
    kind: Kind<'a>,
}

/// A table of the document whose keys are all known.
#[derive(Clone)]
pub struct Table<'a> {
    pub source: &'a Source<'a>,
    /// Its header, or the whole of an inline table.
    pub span: Span,
    /// What messages call it: `[project]`.
    pub name: String,
    entries: &'a dyn TableLike,
    keys: &'static [&'static str],
}

impl<'a> Node<'a> {
    fn value(&self) -> Option<&'a Value> {
        match self.kind {
            Kind::Item(item) => item.as_value(),
            Kind::Value(value) => Some(value),
            Kind::Table(_) => None,
        }
    }

    fn table_like(&self) -> Option<&'a dyn TableLike> {
        match self.kind {
            Kind::Item(item) => item.as_table_like(),
            Kind::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
            Kind::Table(table) => Some(table),
        }
    }

    /// What stands there, for messages.
    fn found(&self) -> String {
        match self.value() {
            Some(Value::String(text)) if text.value().chars().count() <= 30 => {
                format!("the text {:?}", text.value())
            }
            Some(Value::String(_)) => "a text".to_owned(),
            Some(Value::Integer(_) | Value::Float(_)) => {
                format!("the number {}", self.source.slice(&self.span))
            }
            Some(Value::Boolean(truth)) => truth.value().to_string(),
            Some(Value::Datetime(_)) => "a date".to_owned(),
            Some(Value::Array(_)) => "a list".to_owned(),
            Some(Value::InlineTable(_)) => "a table".to_owned(),
            None if matches!(self.kind, Kind::Item(Item::ArrayOfTables(_))) => {
                "a list of tables".to_owned()
            }
            None => "a table".to_owned(),
        }
    }

    pub fn fault(&self, wrong: &str, hint: impl Into<String>) {
        self.source
            .fault(&self.span, format!("{} {wrong}", self.name), hint);
    }

    /// `wanted` is what it must be, `example` how it is written.
    pub fn wrong_type(&self, wanted: &str, example: &str) {
        let message = format!("{} must be {wanted}, and is {}", self.name, self.found());
        self.source
            .fault(&self.span, message, format!("write {example}"));
    }

    pub fn is_text(&self) -> bool {
        matches!(self.value(), Some(Value::String(_)))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value(), Some(Value::Array(_)))
    }

    pub fn is_number(&self) -> bool {
        matches!(self.value(), Some(Value::Integer(_) | Value::Float(_)))
    }

    /// The truth value, without a fault where it is none.
    pub fn as_truth(&self) -> Option<bool> {
        self.value().and_then(Value::as_bool)
    }

    /// Text of one line without control characters; not empty.
    pub fn text(&self, example: &str) -> Option<At<String>> {
        let at = self.block(example)?;
        if at.value.chars().any(char::is_control) {
            self.fault(
                "holds a line break or another control character",
                format!("write {example}"),
            );
            return None;
        }
        Some(at)
    }

    /// Text that may have several lines; not empty.
    pub fn block(&self, example: &str) -> Option<At<String>> {
        let Some(Value::String(text)) = self.value() else {
            self.wrong_type("text in quotes", example);
            return None;
        };
        let text = text.value();
        if text.trim().is_empty() {
            self.fault("is empty", format!("write {example}"));
            return None;
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        {
            self.fault("holds a control character", format!("write {example}"));
            return None;
        }
        Some(At {
            value: text.clone(),
            span: self.span.clone(),
        })
    }

    /// Any text at all, the empty one included.
    pub fn any_text(&self, example: &str) -> Option<String> {
        if let Some(Value::String(text)) = self.value() {
            return Some(text.value().clone());
        }
        self.wrong_type("text in quotes", example);
        None
    }

    pub fn truth(&self, example: &str) -> Option<bool> {
        let truth = self.as_truth();
        if truth.is_none() {
            self.wrong_type("true or false", example);
        }
        truth
    }

    /// A day (its beginning, in UTC) or a point in time, in quotes or bare: `2026-07-22`, `2026-07-22T12:00:00Z`.
    pub fn date(&self, example: &str) -> Option<Timestamp> {
        let written = match self.value() {
            Some(Value::String(text)) => text.value().clone(),
            Some(Value::Datetime(date)) => date.value().to_string(),
            _ => {
                self.wrong_type("a date", example);
                return None;
            }
        };
        let time = Timestamp::parse(&written);
        if time.is_none() {
            self.fault("is no date of the calendar", format!("write {example}"));
        }
        time
    }

    pub fn whole(&self, range: RangeInclusive<u32>, example: &str) -> Option<u32> {
        let Some(number) = self.value().and_then(Value::as_integer) else {
            self.wrong_type("a whole number", example);
            return None;
        };
        let inside = u32::try_from(number)
            .ok()
            .filter(|number| range.contains(number));
        if inside.is_none() {
            let wrong = format!(
                "must lie between {} and {}, and is {number}",
                range.start(),
                range.end()
            );
            self.fault(&wrong, format!("write {example}"));
        }
        inside
    }

    /// A number as it is written, without `_`: figures that are compared are never floats.
    pub fn number(&self, example: &str) -> Option<String> {
        if self.is_number() {
            return Some(self.source.slice(&self.span).replace('_', ""));
        }
        self.wrong_type("a number", example);
        None
    }

    /// The items of a list that is not empty.
    pub fn list(&self, example: &str) -> Option<Vec<Node<'a>>> {
        let Some(Value::Array(array)) = self.value() else {
            self.wrong_type("a list", example);
            return None;
        };
        if array.is_empty() {
            self.fault(
                "is an empty list",
                format!("write {example}, or leave the key out"),
            );
            return None;
        }
        let items = array.iter().map(|value| Node {
            source: self.source,
            span: value.span().unwrap_or_else(|| self.span.clone()),
            name: format!("an item of {}", self.name),
            kind: Kind::Value(value),
        });
        Some(items.collect())
    }

    /// What the reader makes of every item; items that are wrong are left out after their fault.
    pub fn each<T>(&self, example: &str, read: impl Fn(&Node<'a>) -> Option<T>) -> Vec<T> {
        self.list(example)
            .unwrap_or_default()
            .iter()
            .filter_map(read)
            .collect()
    }

    /// A table with these keys and no others.
    pub fn table(&self, keys: &'static [&'static str], example: &str) -> Option<Table<'a>> {
        let Some(table) = self.table_like() else {
            self.wrong_type("a table", example);
            return None;
        };
        Some(Table::open(
            self.source,
            self.span.clone(),
            self.name.clone(),
            table,
            keys,
        ))
    }

    /// A table whose keys the user chooses.
    pub fn entries(&self, example: &str) -> Vec<(At<String>, Node<'a>)> {
        let Some(table) = self.table_like() else {
            self.wrong_type("a table", example);
            return Vec::new();
        };
        all_entries(self.source, &self.span, table).collect()
    }
}

/// Keys and values of a table, in the order of the file.
fn all_entries<'a>(
    source: &'a Source<'a>,
    around: &Span,
    table: &'a dyn TableLike,
) -> impl Iterator<Item = (At<String>, Node<'a>)> {
    table.iter().map(move |(key, item)| {
        let written = table.get_key_value(key).and_then(|(key, _)| key.span());
        let at = At {
            value: key.to_owned(),
            span: written.unwrap_or_else(|| around.clone()),
        };
        let node = Node {
            source,
            span: item.span().unwrap_or_else(|| at.span.clone()),
            name: format!("`{key}`"),
            kind: Kind::Item(item),
        };
        (at, node)
    })
}

impl<'a> Table<'a> {
    pub fn root(
        source: &'a Source<'a>,
        table: &'a toml_edit::Table,
        keys: &'static [&'static str],
    ) -> Self {
        Self::open(source, 0..0, "the file".to_owned(), table, keys)
    }

    fn open(
        source: &'a Source<'a>,
        span: Span,
        name: String,
        table: &'a dyn TableLike,
        keys: &'static [&'static str],
    ) -> Self {
        let opened = Self {
            source,
            span,
            name,
            entries: table,
            keys,
        };
        for (key, _) in all_entries(source, &opened.span, table) {
            if !keys.contains(&key.value.as_str()) {
                opened.unknown(&key);
            }
        }
        opened
    }

    fn unknown(&self, key: &At<String>) {
        let free: Vec<&str> = self
            .keys
            .iter()
            .filter(|key| !self.entries.contains_key(key))
            .copied()
            .collect();
        let hint = match suggest::closest(&key.value, &free)
            .or_else(|| suggest::closest(&key.value, self.keys))
        {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", self.keys.join(", ")),
        };
        let shown: String = key.value.chars().take(60).collect();
        self.source.fault(
            &key.span,
            format!("unknown key `{shown}` in {}", self.name),
            hint,
        );
    }

    pub fn get(&self, key: &'static str) -> Option<Node<'a>> {
        debug_assert!(
            self.keys.contains(&key),
            "{key} is not among the keys of {}",
            self.name
        );
        let (written, item) = self.entries.get_key_value(key)?;
        let at = written.span().unwrap_or_else(|| self.span.clone());
        Some(Node {
            source: self.source,
            span: item.span().unwrap_or(at),
            name: format!("`{key}`"),
            kind: Kind::Item(item),
        })
    }

    /// A key that must be there.
    pub fn need(&self, key: &'static str, example: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        if node.is_none() {
            self.missing(key, example);
        }
        node
    }

    pub fn missing(&self, key: &str, example: &str) {
        let message = format!("{} has no `{key}`", self.name);
        self.source
            .fault(&self.span, message, format!("add {example}"));
    }

    /// Two keys that exclude each other: the fault stands at the second and names the line of the first.
    pub fn exclude(&self, first: &'static str, second: &'static str, hint: &str) -> bool {
        let (Some(one), Some(two)) = (self.get(first), self.get(second)) else {
            return false;
        };
        let (one, two) = if one.span.start <= two.span.start {
            (one, two)
        } else {
            (two, one)
        };
        let line = self.source.line(&one.span);
        two.fault(
            &format!("cannot stand beside {} in line {line}", one.name),
            hint,
        );
        true
    }

    /// `[name]`
    pub fn single(&self, name: &'static str) -> Option<Part<'a>> {
        let node = self.get(name)?;
        if node.table_like().is_none() {
            node.wrong_type("a table", &format!("[{name}] on a line of its own"));
            return None;
        }
        Some(Part {
            node: Node {
                name: format!("[{name}]"),
                ..node
            },
        })
    }

    /// `[[name]]`, any number of times.
    pub fn many(&self, name: &'static str) -> Vec<Part<'a>> {
        let Some(node) = self.get(name) else {
            return Vec::new();
        };
        let part = |span: Option<Span>, kind| Part {
            node: Node {
                source: self.source,
                span: span.unwrap_or_else(|| node.span.clone()),
                name: format!("[[{name}]]"),
                kind,
            },
        };
        match node.kind {
            Kind::Item(Item::ArrayOfTables(tables)) => tables
                .iter()
                .map(|table| part(table.span(), Kind::Table(table)))
                .collect(),
            Kind::Item(Item::Value(Value::Array(values))) => values
                .iter()
                .map(|value| part(value.span(), Kind::Value(value)))
                .collect(),
            _ => {
                let example = format!("[[{name}]] in two pairs of brackets: there may be several");
                node.wrong_type("a list of tables", &example);
                Vec::new()
            }
        }
    }
}

/// A table of the first level that is not opened yet.
pub struct Part<'a> {
    node: Node<'a>,
}

impl<'a> Part<'a> {
    /// The table as a value, for those whose keys the user chooses.
    pub fn into_node(self) -> Node<'a> {
        self.node
    }

    pub fn open(self, keys: &'static [&'static str]) -> Option<Table<'a>> {
        let name = self.node.name.clone();
        self.node
            .table(keys, &format!("{name} on a line of its own"))
    }
}

/// Names that must differ, and where each was written first.
#[derive(Default)]
pub struct Names(BTreeMap<String, Span>);

impl Names {
    /// Notes a fault that names both lines where the name was taken before.
    pub fn claim(&mut self, source: &Source<'_>, name: &At<String>, what: &str, hint: &str) {
        if let Some(first) = self.0.get(&name.value) {
            let line = source.line(first);
            let message = format!(
                "{what} `{}` is written twice; first in line {line}",
                name.value
            );
            source.fault(&name.span, message, hint);
        } else {
            self.0.insert(name.value.clone(), name.span.clone());
        }
    }
}
