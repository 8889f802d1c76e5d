//! The commands that matter beside the one that loads an extension: variables, includes, and leaving a file.
//!
//! Invariant: a command that computes something leaves the variables it may have set open.

use super::condition::Truth;
use super::evaluate::{DEEPEST, Frame, Walk};
use super::lex::{Argument, Command, Kind};
use super::load::Load;
use super::value::{Value, Variables};
use crate::facts::Reason;

impl Walk<'_, '_> {
    pub(super) fn command(
        &mut self,
        command: &Command,
        frame: &mut Frame,
        variables: &mut Variables,
        stack: &mut Vec<String>,
    ) {
        if self.loads_extension(command) {
            let state = frame.state();
            let load = Load::read(command, &frame.file.bytes, &frame.path, variables, state);
            if let Some(load) = load {
                self.keep(load);
            }
            return;
        }
        match command.name.as_str() {
            "set" => set(command, frame, variables, &words(command, frame, variables)),
            "unset" => {
                if let Some(name) = bare(frame, command.arguments.first()) {
                    variables.set(&name, Value::unset());
                }
            }
            "include" => self.include(command, frame, variables, stack),
            "return" => {
                let maybe = frame
                    .guards
                    .iter()
                    .filter(|(truth, _)| *truth == Truth::Maybe);
                let condition: Vec<_> = maybe.map(|(_, text)| text.clone()).collect();
                let guards = frame.guards.iter().map(|(truth, _)| *truth);
                match guards.fold(Truth::Yes, Truth::and) {
                    Truth::Yes => frame.returned = Truth::Yes,
                    Truth::Maybe => {
                        frame.returned = Truth::Maybe;
                        frame.early.push(condition.join(" AND "));
                    }
                    Truth::No => {}
                }
            }
            // Commands that give a variable a value that is not worked out here.
            "list"
            | "string"
            | "math"
            | "file"
            | "option"
            | "execute_process"
            | "cmake_path"
            | "get_filename_component"
            | "separate_arguments"
            | "cmake_parse_arguments" => {
                for argument in &command.arguments {
                    if let Some(name) = bare(frame, Some(argument))
                        && (variables.get(&name).is_some() || command.name == "option")
                    {
                        let why = format!("{name} is computed by {}()", command.name);
                        variables.set(&name, Value::Open(why));
                    }
                }
            }
            _ => {}
        }
    }

    fn include(
        &mut self,
        command: &Command,
        frame: &mut Frame,
        variables: &mut Variables,
        stack: &mut Vec<String>,
    ) {
        let words = words(command, frame, variables);
        let optional = words
            .iter()
            .any(|it| it.single().is_some_and(|it| it.text == "OPTIONAL"));
        let from = frame.path.to_string();
        let Some(target) = words.first() else {
            return;
        };
        let Some(text) = target.single().map(|it| it.text.clone()) else {
            let why = match target {
                Value::Open(why) => format!("which file is included is not known: {why}"),
                Value::OneOf(_) => "which file is included depends on a condition".to_owned(),
            };
            self.problem(&from, command.line, Reason::Expression, why);
            return;
        };
        let is_path = text.contains('/') || text.rsplit_once('.').is_some_and(|it| it.1 == "cmake");
        if !is_path {
            // A module that comes with CMake.
            return;
        }
        let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
        let Some(path) = resolve(directory, &text) else {
            let detail = format!("{text} lies outside of the repository");
            self.problem(&from, command.line, Reason::NotWritten, detail);
            return;
        };
        self.edges.insert((from.clone(), path.clone()));
        if stack.contains(&path) {
            let detail = format!("{path} includes itself: {} -> {path}", stack.join(" -> "));
            self.problem(&from, command.line, Reason::Syntax, detail);
            return;
        }
        if stack.len() >= DEEPEST {
            self.problem(
                &from,
                command.line,
                Reason::TooLarge,
                "files included too deep",
            );
            return;
        }
        let mut guards = frame.guards.clone();
        if frame.returned != Truth::No {
            guards.push((frame.returned.not(), "NOT returned before".to_owned()));
        }
        let known = self.files.contains_key(&path);
        if !self.file(&path, variables, &guards, stack) && !optional && !known {
            let already = self
                .problems
                .iter()
                .any(|it| it.path == path && it.line == 0);
            if !already {
                let detail = format!("{path}, which is included here, is not there");
                self.problem(&from, command.line, Reason::NotWritten, detail);
            }
        }
    }
}

pub(super) fn words(command: &Command, frame: &Frame, variables: &Variables) -> Vec<Value> {
    let words = command
        .arguments
        .iter()
        .filter(|it| !matches!(it.kind, Kind::Open | Kind::Close));
    words
        .flat_map(|it| variables.expand(&frame.file.bytes, &frame.path, it))
        .collect()
}

fn set(command: &Command, frame: &Frame, variables: &mut Variables, words: &[Value]) {
    let Some(name) = bare(frame, command.arguments.first()) else {
        return;
    };
    let is = |value: &Value, text: &str| value.single().is_some_and(|it| it.text == text);
    let cache = words.iter().position(|it| is(it, "CACHE"));
    if cache.is_some() && variables.get(&name).is_some() {
        return;
    }
    let end = cache.unwrap_or(words.len());
    let mut values = words.get(1..end).unwrap_or_default();
    if values.last().is_some_and(|it| is(it, "PARENT_SCOPE")) {
        values = &values[..values.len() - 1];
    }
    let value = match values {
        // An argument that was written and is empty is an empty text; no argument at all unsets.
        [] if command.arguments.len() > 1 => Value::text(""),
        [] => Value::unset(),
        [one] => one.clone(),
        many => match many.iter().map(Value::single).collect::<Option<Vec<_>>>() {
            Some(texts) => {
                let texts: Vec<_> = texts.into_iter().map(|it| it.text.as_str()).collect();
                Value::text(texts.join(";"))
            }
            None => Value::Open(format!("{name} is a list with an unknown element")),
        },
    };
    variables.set(&name, value);
}

pub(super) fn split(list: Value) -> Vec<Value> {
    match list.single() {
        Some(text) => {
            let parts = text.text.split(';').filter(|it| !it.is_empty());
            parts.map(Value::text).collect()
        }
        None => vec![list],
    }
}

/// An argument that is a plain word.
fn bare(frame: &Frame, argument: Option<&Argument>) -> Option<String> {
    let argument = argument.filter(|it| it.kind == Kind::Unquoted)?;
    let text = String::from_utf8_lossy(frame.file.bytes.get(argument.span.clone())?);
    (!text.contains(['$', '\\', '"'])).then(|| text.into_owned())
}

/// A path from the top of the repository. `None`: it leads out.
fn resolve(directory: &str, text: &str) -> Option<String> {
    let joined = match text.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{directory}/{text}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
