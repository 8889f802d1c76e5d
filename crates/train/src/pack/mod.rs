//! Rules as data: a pack is a directory of tables, and decisions look answers up in them.
//!
//! A pack has `pack.toml` (name, the words of its axes, the pack that it extends, overrides) and one file for each table,
//! `NAME.csv` or `NAME.toml` ([`spec::SPECS`] lists the kinds). A pack that extends another takes over its words and tables,
//! replaces whole tables by its own files, and changes single answers by `[[override]]`.
//!
//! Invariant: a [`Pack`] that exists answers every combination of its words with exactly one row.
//!
//! Must not: read files. They come in as text.

mod builtin;
#[cfg(test)]
mod goose_tests;
mod overrides;
mod rule;
pub mod spec;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use builtin::BUILTIN;
pub use overrides::Override;
pub(crate) use overrides::read as read_override;
pub use rule::{Origin, Row, Rule, Severity};
pub use table::{Grid, NoAnswer, Used};

use shipway_core::config::document::{self, At, Node, Source, Table, closest, shorten};
use shipway_core::config::{ConfigError, LARGEST_FILE};
use std::collections::BTreeMap;
use table::Words;

/// The files of a pack by name: `pack.toml`, `engine-change.csv`, ….
pub type Files = BTreeMap<String, String>;

/// A set of rules without holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    pub name: String,
    pub title: String,
    /// What it stands for in the wild: `train` (an engine and members that pin it) or `cycle` (components on a common calendar).
    pub shape: Shape,
    words: Words,
    tables: BTreeMap<&'static str, Grid>,
}

/// What kind of train the rules are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An engine, and members that are built against it.
    Engine,
    /// Components that release on a common calendar.
    Cycle,
}

/// Everything that is wrong with a pack, file by file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pack has faults in {}", names(files))]
pub struct PackError {
    pub files: Vec<ConfigError>,
}

fn names(files: &[ConfigError]) -> String {
    let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    names.join(", ")
}

/// Notes an unknown word with what was probably meant.
fn unknown(source: &Source<'_>, at: &At<String>, what: &str, known: &[&str]) {
    let hint = match closest(&at.value, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    source.fault(
        &at.span,
        format!("unknown {what} `{}`", shorten(&at.value)),
        hint,
    );
}

impl Pack {
    /// A pack that comes with Shipway: `goose` or `openstack`.
    ///
    /// # Errors
    /// The name is not one of them.
    pub fn builtin(name: &str) -> Result<Self, PackError> {
        match builtin::files(name) {
            Some(files) => Self::read(&files, name),
            None => {
                let source = Source::new(name);
                unknown(
                    &source,
                    &At {
                        value: name.to_owned(),
                        span: 0..name.len(),
                    },
                    "pack",
                    BUILTIN,
                );
                Err(PackError {
                    files: vec![ConfigError {
                        file: "pack".to_owned(),
                        faults: source.into_faults(),
                    }],
                })
            }
        }
    }

    /// Reads a pack; `directory` is its name in messages.
    ///
    /// # Errors
    /// Every fault of every file: unknown words, holes, overlaps.
    pub fn read(files: &Files, directory: &str) -> Result<Self, PackError> {
        let mut errors = Vec::new();
        let path = |file: &str| format!("{directory}/{file}");
        let none = String::new();
        let about = files.get("pack.toml").unwrap_or(&none);
        let source = Source::new(about);
        let mut pack = overrides::with_document(&source, |root| read_about(&source, root));
        if !files.contains_key("pack.toml") {
            source.fault(
                &(0..0),
                "the file is missing",
                "a pack begins with pack.toml: name = \"my-rules\"",
            );
        }
        if let Some((pack, _)) = &mut pack {
            for (file, text) in files
                .iter()
                .filter(|(file, _)| file.as_str() != "pack.toml")
            {
                let table = Source::new(text);
                let spec = kind(&source, file);
                if let Some(spec) = spec {
                    if text.len() > LARGEST_FILE {
                        table.fault(&(0..0), "the file is too large", "is this the right file?");
                    } else if let Some(raw) = text::read(&table, file, &table::all_columns(spec)) {
                        let grid = table::compile(&table, &raw, spec, &pack.name, &pack.words);
                        pack.tables.extend(grid.map(|grid| (spec.name, grid)));
                    }
                }
                collect(&mut errors, path(file), table);
            }
        }
        if let Some((pack, overrides)) = &mut pack {
            stale(&source, pack);
            for one in overrides.iter() {
                overrides::apply(pack, one, Some(&source));
            }
        }
        collect(&mut errors, path("pack.toml"), source);
        match pack {
            Some((pack, _)) if errors.is_empty() => Ok(pack),
            _ => Err(PackError { files: errors }),
        }
    }

    /// The same pack with single answers changed, as a train's own file asks for.
    ///
    /// # Errors
    /// The overrides that apply to nothing, as sentences, in their order.
    pub fn with(mut self, overrides: &[Override]) -> Result<Self, Vec<String>> {
        let faults: Vec<String> = overrides
            .iter()
            .filter_map(|one| overrides::apply(&mut self, one, None))
            .collect();
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(faults)
        }
    }

    pub fn table(&self, name: &str) -> Option<&Grid> {
        self.tables.get(name)
    }

    pub fn tables(&self) -> impl Iterator<Item = &Grid> {
        self.tables.values()
    }

    /// The words of an axis, in the pack's order; none where the pack does not use it.
    pub fn words(&self, axis: &str) -> &[String] {
        self.words.get(axis).map_or(&[], Vec::as_slice)
    }

    /// The rule behind a word of a table with one axis; one of our own where the pack has none.
    pub(crate) fn rule(&self, table: &str, axis: &str, word: &str, severity: Severity) -> Rule {
        let row = self.ask(table, &[(axis, word)]);
        row.map_or_else(|_| Rule::own(word, severity), Row::rule)
    }

    /// The row that answers a question.
    ///
    /// # Errors
    /// No such table, or a word that the pack does not know.
    pub fn ask(&self, table: &str, question: &[(&str, &str)]) -> Result<&Row, NoAnswer> {
        let grid = self.table(table).ok_or_else(|| NoAnswer::Table {
            pack: self.name.clone(),
            table: table.to_owned(),
        })?;
        grid.find(question)
    }
}

fn collect(errors: &mut Vec<ConfigError>, file: String, source: Source<'_>) {
    let faults = source.into_faults();
    if !faults.is_empty() {
        errors.push(ConfigError { file, faults });
    }
}

/// The kind of table that a file holds.
fn kind(about: &Source<'_>, file: &str) -> Option<&'static spec::Spec> {
    let stem = file
        .strip_suffix(".csv")
        .or_else(|| file.strip_suffix(".toml"));
    let found = stem.and_then(spec::find);
    if found.is_none() {
        let known: Vec<&str> = spec::SPECS.iter().map(|spec| spec.name).collect();
        let hint = match closest(stem.unwrap_or(file), &known) {
            Some(meant) => format!("did you mean {meant}.csv?"),
            None => format!("tables are {}", known.join(", ")),
        };
        about.fault(
            &(0..0),
            format!(
                "the pack holds the file {}, which is no table",
                shorten(file)
            ),
            hint,
        );
    }
    found
}

const KEYS: &[&str] = &["name", "title", "shape", "extends", "words", "override"];

fn read_about(source: &Source<'_>, root: &Table<'_>) -> Option<(Pack, Vec<Override>)> {
    let name = root
        .need("name", "name = \"my-rules\"")
        .and_then(|node| document::name(&node, "name = \"my-rules\""));
    let base = root.get("extends").and_then(|node| extended(&node));
    let mut pack = base.unwrap_or_else(|| Pack {
        name: String::new(),
        title: String::new(),
        shape: Shape::Engine,
        words: fixed_words(),
        tables: BTreeMap::new(),
    });
    if let Some(title) = root
        .get("title")
        .and_then(|node| node.text("title = \"Our rules\""))
    {
        pack.title = title.value;
    }
    if let Some(node) = root.get("shape") {
        let words = [("engine", Shape::Engine), ("cycle", Shape::Cycle)];
        pack.shape = document::choice(&node, "shape", &words).unwrap_or(pack.shape);
    }
    for (axis, node) in root
        .get("words")
        .map(|node| node.entries("phase = [\"..\"]"))
        .unwrap_or_default()
    {
        read_words(source, &mut pack.words, &axis, &node);
    }
    let mut when = pack.words.get("phase").cloned().unwrap_or_default();
    when.push("departure".to_owned());
    pack.words.insert("when", when);
    let overrides = root
        .many("override")
        .into_iter()
        .filter_map(overrides::read)
        .collect();
    pack.name = name?.value;
    Some((pack, overrides))
}

fn extended(node: &Node<'_>) -> Option<Pack> {
    let at = node.text("extends = \"goose\"")?;
    if !BUILTIN.contains(&at.value.as_str()) {
        unknown(
            node.source,
            &At {
                value: at.value.clone(),
                span: at.span,
            },
            "pack",
            BUILTIN,
        );
        return None;
    }
    Pack::builtin(&at.value).ok()
}

fn fixed_words() -> Words {
    let fixed = spec::AXES.iter().filter(|axis| !axis.words.is_empty());
    fixed
        .map(|axis| {
            (
                axis.name,
                axis.words.iter().map(|word| (*word).to_owned()).collect(),
            )
        })
        .collect()
}

fn read_words(source: &Source<'_>, words: &mut Words, axis: &At<String>, node: &Node<'_>) {
    let free: Vec<&str> = spec::AXES
        .iter()
        .filter(|axis| axis.words.is_empty() && axis.name != "when")
        .map(|axis| axis.name)
        .collect();
    let Some(known) = spec::axis_named(&axis.value).filter(|axis| free.contains(&axis.name)) else {
        unknown(source, axis, "axis", &free);
        return;
    };
    let mut read: Vec<String> = Vec::new();
    for word in node.each("phase = [\"mid-cycle\"]", |item| {
        document::name(item, "\"mid-cycle\"")
    }) {
        if read.contains(&word.value) {
            source.fault(
                &word.span,
                format!("`{}` is written twice", word.value),
                "keep one of the two",
            );
        } else {
            read.push(word.value);
        }
    }
    words.insert(known.name, read);
}

/// Tables of an extended pack whose axes got other words: they would have holes, or answer for words that are gone.
fn stale(about: &Source<'_>, pack: &Pack) {
    for grid in pack.tables.values() {
        for axis in &grid.axes {
            if pack.words(axis.name) != axis.words {
                about.fault(
                    &(0..0),
                    format!(
                        "[words] changes `{}`, by which the inherited table `{}` decides",
                        axis.name, grid.name
                    ),
                    format!("write your own {}.csv for the new words", grid.name),
                );
            }
        }
    }
}
