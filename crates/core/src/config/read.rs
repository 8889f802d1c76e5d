//! Reading `shipway.toml`: every fault with line, column, the line itself, what is wrong and what to write instead.
//!
//! Invariants: all faults are collected, not the first alone (a text that is no TOML has one: what follows it would be
//! guesswork); a `Config` comes out only where there is no fault; no fault repeats a secret that somebody wrote into the
//! file.
//!
//! Must not: look at the world. Whether a file or an interpreter exists is not known here.

mod changes;
mod components;
mod conceal;
mod node;
mod program;
mod project;
mod publish;
mod source;
mod steps;
mod suggest;
mod syntax;
mod value;

/// The reader of every TOML file that a team writes: places, faults, "did you mean".
///
/// [`parse`](document::parse) a [`Source`](document::Source), open [`Table::root`](document::Table::root) with the keys that
/// are known, take values by type, and end with [`Source::into_faults`](document::Source::into_faults). A reader notes its
/// faults in the source and goes on, so that a person sees all of them at once.
pub mod document {
    pub use super::node::{Names, Node, Part, Table};
    pub use super::source::{At, Source, Span};
    pub use super::suggest::closest;
    pub use super::syntax::parse;
    pub use super::value::{choice, name, shorten};
}

use super::{Announce, ApproveBefore, Build, Check, Config, PublishTo, Task, Try};
use node::Table;
pub use publish::{PYPI_UPLOAD, simple_index};
use source::Source;
use std::fmt;

/// Larger files are refused unread: the largest that people write are a few hundred lines.
pub const LARGEST_FILE: usize = 1024 * 1024;

/// A file with more faults than this is reported up to here.
pub const MOST_FAULTS: usize = 50;

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters of the line it is about, at least 1.
    pub length: usize,
    /// The line itself; what looks like a secret is covered by `*`.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    /// Several lines for a person, without a final line end. Control characters of the file are shown, not sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let (text, start) = source::window(&self.text, self.column);
        let marks = self
            .length
            .clamp(1, text.chars().count().saturating_sub(start).max(1));
        writeln!(
            f,
            "line {number}, column {}: {}",
            self.column,
            source::visible(&self.message)
        )?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", source::visible(&text))?;
        write!(f, "{gutter} | {}{}", " ".repeat(start), "^".repeat(marks))?;
        match &self.hint {
            Some(hint) => write!(f, "\n{gutter} = hint: {}", source::visible(hint)),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a file, in the order of its lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} has {}", count(faults.len()))]
pub struct ConfigError {
    pub file: String,
    pub faults: Vec<Fault>,
}

fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault".to_owned(),
        more if more >= MOST_FAULTS => format!("at least {more} faults"),
        more => format!("{more} faults"),
    }
}

/// The tables of the file, in the order in which people write them.
const TABLES: &[&str] = &[
    "project",
    "changelog",
    "changes",
    "line",
    "components",
    "component",
    "environment",
    "task",
    "check",
    "build",
    "try",
    "publish",
    "approve",
    "announce",
];

impl Config {
    /// Reads the text of a configuration; `file` is its name, for messages.
    ///
    /// # Errors
    /// Every fault of the text, sorted by line.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let source = Source::new(text);
        let config = read(&source);
        let faults = source.into_faults();
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError {
                file: file.to_owned(),
                faults,
            }),
        }
    }
}

/// `None` where there is nothing to read; otherwise what could be read, which counts only without faults.
fn read(source: &Source<'_>) -> Option<Config> {
    if source.text().len() > LARGEST_FILE {
        source.fault(
            &(0..0),
            format!("the file is larger than {LARGEST_FILE} bytes"),
            "is this the right file? A configuration has a few hundred lines at most",
        );
        return None;
    }
    let document = syntax::parse(source)?;
    conceal::refuse_secrets(source, document.as_item());
    let root = Table::root(source, document.as_table(), TABLES);

    if root.get("project").is_none() {
        source.fault(
            &(0..0),
            "the table [project] is missing",
            "begin with\n[project]\nname = \"my-package\"\nscheme = \"pep440\"",
        );
    }
    let project = root.single("project").map(project::project);
    let changelog = root.single("changelog").map(project::changelog);
    let changes = root.single("changes").map(changes::changes);
    let lines = components::lines(root.many("line"), project.as_ref());
    let components = components::components(root.single("components"), root.many("component"));
    let environment = root.single("environment").map(project::environment);
    let import = project.as_ref().map(project::module);
    let tasks: Vec<Task> = steps::tasks(root.many("task"));
    let checks: Vec<Check> = steps::checks(root.many("check"));
    let builds: Vec<Build> = steps::builds(root.many("build"));
    let made: Vec<String> = builds
        .iter()
        .flat_map(|build| build.artifacts.clone())
        .collect();
    let destinations = publish::destinations(root.many("publish"), &made);
    let tries: Vec<Try> = steps::tries(root.many("try"), &made, &destinations, import.as_deref());
    let publish: Vec<PublishTo> = destinations.into_iter().map(|one| one.value).collect();
    let approve: Vec<ApproveBefore> = publish::approvals(root.many("approve"));
    let announce: Vec<Announce> = publish::announcements(root.many("announce"));
    Some(Config {
        project: project?,
        changelog,
        changes: changes.unwrap_or_default(),
        lines,
        components,
        environment: environment.unwrap_or_default(),
        tasks,
        checks,
        builds,
        tries,
        publish,
        approve,
        announce,
    })
}
