//! Walking through the files: variables, branches, loops and includes, up to every call that loads an extension.
//!
//! Invariants: the work is bounded ([`MOST_STEPS`], [`DEEPEST`]); a cycle of includes is said and left; the answer does not
//! depend on the order of the files.

use super::commands::{split, words};
use super::condition::{Truth, truth};
use super::lex::{Command, Kind, Lexed, calls_in_prose, lex, runs, uncomment};
use super::load::{Load, State};
use super::tree::{Node, tree};
use super::value::{Value, Variables};
use crate::facts::Reason;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Commands that are evaluated over all files.
const MOST_STEPS: usize = 200_000;
/// Files in files.
pub(super) const DEEPEST: usize = 32;
const MOST_ITEMS: usize = 1_000;

/// What is to be found, and what is known beforehand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Functions that load an extension, in any case.
    pub functions: Vec<String>,
    /// Variables that the engine's build sets before it reads the files. The top of the repository is `/`.
    pub variables: BTreeMap<String, String>,
}

/// Something that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub path: String,
    pub line: u32,
    pub reason: Reason,
    pub detail: String,
}

#[derive(Debug, Default)]
pub(crate) struct Evaluation {
    /// By file, then by place.
    pub loads: Vec<Load>,
    /// By file, then by line.
    pub problems: Vec<Problem>,
}

/// Gives a file's bytes; `Ok(None)` where there is none.
pub(crate) type Read<'a> = dyn FnMut(&str) -> Result<Option<Vec<u8>>, (Reason, String)> + 'a;

/// Evaluates the files and all that they include.
///
/// A file that another one includes is evaluated there, and not by itself.
pub(crate) fn evaluate(paths: &[String], settings: &Settings, read: &mut Read<'_>) -> Evaluation {
    let mut walk = Walk {
        settings,
        read,
        files: BTreeMap::new(),
        loads: BTreeMap::new(),
        problems: BTreeSet::new(),
        edges: BTreeSet::new(),
        steps: 0,
    };
    let mut by_root = BTreeMap::new();
    for path in paths {
        walk.root(path);
        by_root.insert(path.clone(), std::mem::take(&mut walk.loads));
    }
    let included: BTreeSet<&String> = walk
        .edges
        .iter()
        .filter(|(from, to)| from != to)
        .map(|(_, to)| to)
        .collect();
    let roots: Vec<&String> = paths
        .iter()
        .filter(|path| !included.contains(path))
        .collect();
    let mut loads: BTreeMap<Key, Load> = BTreeMap::new();
    for path in &roots {
        merge(&mut loads, by_root.remove(*path).unwrap_or_default());
    }
    // Files that only include one another are nobody's, and yet there.
    for (_, more) in by_root {
        let seen: BTreeSet<Rc<str>> = loads.keys().map(|key| Rc::clone(&key.0)).collect();
        let fresh = more.into_iter().filter(|(key, _)| !seen.contains(&key.0));
        merge(&mut loads, fresh.collect());
    }
    Evaluation {
        loads: loads.into_values().collect(),
        problems: walk.problems.into_iter().collect(),
    }
}

/// File, place, and name, which differs from turn to turn of a loop.
type Key = (Rc<str>, usize, Option<String>);

fn merge(into: &mut BTreeMap<Key, Load>, more: BTreeMap<Key, Load>) {
    for (key, load) in more {
        match into.get_mut(&key) {
            // Whichever file leads here with the fewest conditions decides.
            Some(there) if load.state < there.state => *there = load,
            Some(_) => {}
            None => {
                into.insert(key, load);
            }
        }
    }
}

pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) lexed: Lexed,
}

pub(super) struct Walk<'a, 'r> {
    pub(super) settings: &'a Settings,
    pub(super) read: &'a mut Read<'r>,
    pub(super) files: BTreeMap<String, Option<Rc<File>>>,
    pub(super) loads: BTreeMap<Key, Load>,
    pub(super) problems: BTreeSet<Problem>,
    pub(super) edges: BTreeSet<(String, String)>,
    pub(super) steps: usize,
}

/// Where the walk is.
pub(super) struct Frame {
    pub(super) path: Rc<str>,
    pub(super) file: Rc<File>,
    /// Conditions around this point, those of the including files too.
    pub(super) guards: Vec<(Truth, String)>,
    /// Whether `return()` was met, and under which conditions.
    pub(super) returned: Truth,
    pub(super) early: Vec<String>,
}

impl Frame {
    pub(super) fn state(&self) -> State {
        let no = self.guards.iter().find(|(truth, _)| *truth == Truth::No);
        if let Some((_, condition)) = no {
            return State::SwitchedOff(condition.clone());
        }
        let maybe = self
            .guards
            .iter()
            .filter(|(truth, _)| *truth == Truth::Maybe);
        let mut parts: Vec<String> = maybe.map(|(_, text)| text.clone()).collect();
        match self.returned {
            Truth::Yes => return State::SwitchedOff("after return()".to_owned()),
            Truth::Maybe => parts.extend(self.early.iter().map(|it| format!("NOT ({it})"))),
            Truth::No => {}
        }
        match parts.len() {
            0 => State::Enabled,
            1 => State::Conditional(parts.concat()),
            _ => {
                let wrap = |it: String| {
                    if is_loose(&it) { format!("({it})") } else { it }
                };
                State::Conditional(
                    parts
                        .into_iter()
                        .map(wrap)
                        .collect::<Vec<_>>()
                        .join(" AND "),
                )
            }
        }
    }
}

/// Whether an `OR` stands outside of all parentheses, so that the condition needs some.
fn is_loose(condition: &str) -> bool {
    let mut depth = 0_i32;
    condition.split_inclusive([' ', '(', ')']).any(|word| {
        let found = depth == 0 && word.trim() == "OR";
        depth += match word.as_bytes().last() {
            Some(b'(') => 1,
            Some(b')') => -1,
            _ => 0,
        };
        found
    })
}

impl Walk<'_, '_> {
    pub(super) fn problem(
        &mut self,
        path: &str,
        line: u32,
        reason: Reason,
        detail: impl Into<String>,
    ) {
        if self.problems.len() < 1_000 {
            let (path, detail) = (path.to_owned(), detail.into());
            self.problems.insert(Problem {
                path,
                line,
                reason,
                detail,
            });
        }
    }

    fn root(&mut self, path: &str) {
        let mut variables = Variables::default();
        for (name, value) in &self.settings.variables {
            variables.set(name, Value::text(value.clone()));
        }
        for name in [
            "CMAKE_SOURCE_DIR",
            "PROJECT_SOURCE_DIR",
            "CMAKE_CURRENT_SOURCE_DIR",
        ] {
            variables.set(name, Value::text("/"));
        }
        self.file(path, &mut variables, &[], &mut Vec::new());
    }

    /// Whether the file is there.
    pub(super) fn file(
        &mut self,
        path: &str,
        variables: &mut Variables,
        guards: &[(Truth, String)],
        stack: &mut Vec<String>,
    ) -> bool {
        let Some(file) = self.open(path) else {
            return false;
        };
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let outer = variables.get("CMAKE_CURRENT_LIST_DIR").cloned();
        variables.set(
            "CMAKE_CURRENT_LIST_DIR",
            Value::text(format!("/{directory}")),
        );
        variables.set("CMAKE_CURRENT_LIST_FILE", Value::text(format!("/{path}")));
        let mut frame = Frame {
            path: Rc::from(path),
            file: Rc::clone(&file),
            guards: guards.to_vec(),
            returned: Truth::No,
            early: Vec::new(),
        };
        self.comments(&frame);
        let mut faults = Vec::new();
        let nodes = tree(&file.lexed.commands, &mut faults);
        for fault in faults {
            self.problem(path, fault.line, Reason::Syntax, fault.what);
        }
        stack.push(path.to_owned());
        self.block(&nodes, &mut frame, variables, stack);
        stack.pop();
        if let Some(outer) = outer {
            variables.set("CMAKE_CURRENT_LIST_DIR", outer);
        }
        true
    }

    fn open(&mut self, path: &str) -> Option<Rc<File>> {
        if let Some(file) = self.files.get(path) {
            return file.clone();
        }
        let file = match (self.read)(path) {
            Ok(Some(bytes)) => {
                let lexed = lex(&bytes);
                for fault in &lexed.faults {
                    self.problem(path, fault.line, Reason::Syntax, fault.what);
                }
                Some(Rc::new(File { bytes, lexed }))
            }
            Ok(None) => None,
            Err((reason, detail)) => {
                self.problem(path, 0, reason, detail);
                None
            }
        };
        self.files.insert(path.to_owned(), file.clone());
        file
    }

    /// Calls that stand in comments.
    fn comments(&mut self, frame: &Frame) {
        let comments = &frame.file.lexed.comments;
        if comments.is_empty() {
            return;
        }
        let opened = uncomment(&frame.file.bytes, comments);
        for run in runs(&frame.file.bytes, comments) {
            // A mention that is no call is prose: its faults are nobody's.
            for command in calls_in_prose(&opened, run, &self.settings.functions).commands {
                let none = Variables::default();
                let state = State::CommentedOut;
                let load = Load::read(&command, &opened, &frame.path, &none, state);
                if let Some(load) = load.filter(Load::is_plausible) {
                    self.keep(load);
                }
            }
        }
    }

    pub(super) fn keep(&mut self, load: Load) {
        let name = load.name.single().map(|it| it.text.clone());
        let key = (Rc::clone(&load.path), load.start, name);
        merge(&mut self.loads, BTreeMap::from([(key, load)]));
    }

    fn block(
        &mut self,
        nodes: &[Node<'_>],
        frame: &mut Frame,
        variables: &mut Variables,
        stack: &mut Vec<String>,
    ) {
        for node in nodes {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                let path = Rc::clone(&frame.path);
                self.problem(&path, 0, Reason::TooLarge, "too many commands to follow");
                return;
            }
            match node {
                Node::Command(command) => self.command(command, frame, variables, stack),
                Node::If(branches) => self.branches(branches, frame, variables, stack),
                Node::Foreach(command, body) => {
                    self.foreach(command, body, frame, variables, stack);
                }
                Node::Deferred(body) => self.deferred(body, frame),
            }
        }
    }

    fn branches(
        &mut self,
        branches: &[(Option<&Command>, Vec<Node<'_>>)],
        frame: &mut Frame,
        variables: &mut Variables,
        stack: &mut Vec<String>,
    ) {
        let before = variables.clone();
        let mut after: Option<Variables> = None;
        let (mut reach, mut earlier) = (Truth::Yes, Vec::new());
        for (condition, body) in branches {
            let (found, text) = match condition {
                Some(command) => {
                    let file = Rc::clone(&frame.file);
                    let found = truth(&before, &file.bytes, &frame.path, &command.arguments);
                    (found, condition_text(&file.bytes, command))
                }
                None => (Truth::Yes, String::new()),
            };
            let mut guard: Vec<String> = earlier.iter().map(|it| format!("NOT ({it})")).collect();
            if !text.is_empty() {
                guard.push(text.clone());
                earlier.push(text);
            }
            let taken = reach.and(found);
            reach = reach.and(found.not());
            frame.guards.push((taken, guard.join(" AND ")));
            let mut inside = before.clone();
            self.block(body, frame, &mut inside, stack);
            frame.guards.pop();
            if taken != Truth::No {
                after = Some(match after {
                    Some(other) => other.join(&inside),
                    None => inside,
                });
            }
        }
        if reach != Truth::No {
            after = Some(match after {
                Some(other) => other.join(&before),
                None => before,
            });
        }
        if let Some(after) = after {
            *variables = after;
        }
    }

    fn foreach(
        &mut self,
        command: &Command,
        body: &[Node<'_>],
        frame: &mut Frame,
        variables: &mut Variables,
        stack: &mut Vec<String>,
    ) {
        let words = words(command, frame, variables);
        let Some(name) = words
            .first()
            .and_then(Value::single)
            .map(|it| it.text.clone())
        else {
            return;
        };
        let second = words
            .get(1)
            .and_then(Value::single)
            .map_or("", |it| it.text.as_str());
        let third = words
            .get(2)
            .and_then(Value::single)
            .map_or("", |it| it.text.as_str());
        let items: Vec<Value> = match (second, third) {
            ("IN", "ITEMS") => words[3..].to_vec(),
            ("IN", "LISTS") => {
                let names = words[3..].iter().filter_map(Value::single);
                let lists = names.map(|it| variables.get(&it.text).cloned());
                lists
                    .flat_map(|it| it.map_or_else(Vec::new, split))
                    .collect()
            }
            ("IN" | "RANGE", _) => vec![Value::Open("a loop that is not followed".to_owned())],
            _ => words[1..].to_vec(),
        };
        if items.len() > MOST_ITEMS {
            let path = Rc::clone(&frame.path);
            self.problem(
                &path,
                command.line,
                Reason::TooLarge,
                "a loop over too many items",
            );
        }
        for item in items.into_iter().take(MOST_ITEMS) {
            if self.steps > MOST_STEPS {
                break;
            }
            variables.set(&name, item);
            self.block(body, frame, variables, stack);
        }
        variables.set(&name, Value::unset());
    }

    fn deferred(&mut self, body: &[Node<'_>], frame: &Frame) {
        for node in body {
            match node {
                Node::Command(command) if self.loads_extension(command) => {
                    let detail = "an entry in a function or loop, which is not followed";
                    self.problem(&frame.path, command.line, Reason::Expression, detail);
                }
                Node::Command(_) => {}
                Node::If(branches) => {
                    for (_, body) in branches {
                        self.deferred(body, frame);
                    }
                }
                Node::Foreach(_, body) | Node::Deferred(body) => self.deferred(body, frame),
            }
        }
    }

    pub(super) fn loads_extension(&self, command: &Command) -> bool {
        self.settings
            .functions
            .iter()
            .any(|it| it.eq_ignore_ascii_case(&command.name))
    }
}

/// What stands between the parentheses of an `if`, on one line and without comments.
fn condition_text(source: &[u8], command: &Command) -> String {
    let mut out = String::new();
    for argument in &command.arguments {
        let raw = source.get(argument.span.clone()).unwrap_or_default();
        let raw = String::from_utf8_lossy(raw);
        if !out.is_empty() && !out.ends_with('(') && argument.kind != Kind::Close {
            out.push(' ');
        }
        match argument.kind {
            Kind::Quoted => {
                out.push('"');
                out.push_str(&raw);
                out.push('"');
            }
            _ => out.push_str(&raw),
        }
    }
    out
}
