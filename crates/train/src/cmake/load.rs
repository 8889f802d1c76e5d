//! One call of the function that loads an extension, taken apart by its keywords.
//!
//! The keywords are those that DuckDB's `duckdb_extension_load` takes; whichever name the function has, its keywords are these.

use super::lex::{Command, Kind};
use super::value::{Value, Variables};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Keywords that take a value.
const VALUED: [&str; 9] = [
    "GIT_URL",
    "GIT_TAG",
    "SOURCE_DIR",
    "INCLUDE_DIR",
    "TEST_DIR",
    "SUBMODULES",
    "EXTENSION_VERSION",
    "LINKED_LIBS",
    "BUILD_DIR",
];

/// Whether a call counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Enabled,
    /// The conditions that depend on the machine.
    Conditional(String),
    /// The condition that does not hold.
    SwitchedOff(String),
    CommentedOut,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub name: Value,
    /// By keyword, in upper case. The last one counts.
    pub fields: BTreeMap<&'static str, Value>,
    /// Everything else, as written.
    pub options: Vec<String>,
    pub apply_patches: bool,
    pub state: State,
    pub path: Rc<str>,
    pub line: u32,
    /// The byte that it begins at.
    pub start: usize,
}

impl Load {
    /// `None` for a call without arguments.
    pub fn read(
        command: &Command,
        source: &[u8],
        path: &Rc<str>,
        variables: &Variables,
        state: State,
    ) -> Option<Self> {
        let mut words = Vec::new();
        for argument in &command.arguments {
            if matches!(argument.kind, Kind::Open | Kind::Close) {
                continue;
            }
            let raw = source.get(argument.span.clone()).unwrap_or_default();
            let raw = String::from_utf8_lossy(raw).into_owned();
            for value in variables.expand(source, path, argument) {
                words.push((raw.clone(), value));
            }
        }
        let mut words = words.into_iter().peekable();
        let (_, name) = words.next()?;
        let mut load = Self {
            name,
            fields: BTreeMap::new(),
            options: Vec::new(),
            apply_patches: false,
            state,
            path: Rc::clone(path),
            line: command.line,
            start: command.span.start,
        };
        while let Some((raw, word)) = words.next() {
            let text = word.single().map_or(raw.as_str(), |it| it.text.as_str());
            if let Some(keyword) = VALUED.into_iter().find(|it| *it == text) {
                // A keyword right after a keyword leaves the first without a value (cmake_parse_arguments).
                let value =
                    words.next_if(|(_, it)| !it.single().is_some_and(|t| is_keyword(&t.text)));
                load.fields
                    .insert(keyword, value.map_or_else(Value::unset, |(_, it)| it));
            } else if text == "APPLY_PATCHES" {
                load.apply_patches = true;
            } else if !load.options.iter().any(|it| it == text) {
                load.options.push(text.to_owned());
            }
        }
        Some(load)
    }

    /// Whether a call in a comment is one, and not an explanation: its name is a word.
    pub fn is_plausible(&self) -> bool {
        let word = |text: &str| {
            let of = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && text.chars().all(of)
        };
        let named = self.name.single().is_some_and(|it| word(&it.text));
        named && (!self.fields.is_empty() || self.options.iter().all(|it| word(it)))
    }
}

fn is_keyword(text: &str) -> bool {
    VALUED.contains(&text)
        || matches!(
            text,
            "APPLY_PATCHES" | "DONT_LINK" | "DONT_BUILD" | "LOAD_TESTS"
        )
}
