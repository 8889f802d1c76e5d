//! What users run: an argument list, or a script of their own. Never a line that a shell would have to take apart.

use super::node::{Node, Table};
use super::source::{At, Source, Span};
use super::value::shorten;
use crate::config::Program;

/// `run` or `script` of a step: one of them.
pub(super) fn program(table: &Table<'_>, example: &str) -> Option<Program> {
    if table.exclude(
        "run",
        "script",
        "keep `run` for one command, or `script` for lines of shell",
    ) {
        return None;
    }
    if let Some(script) = table.get("script") {
        let text = script.block("script = \"\"\"\nmake test\n\"\"\"")?;
        return Some(Program::Script(text.value));
    }
    if let Some(run) = table.get("run") {
        return arguments(&run, example).map(Program::Run);
    }
    let message = format!("{} has neither `run` nor `script`", table.name);
    table
        .source
        .fault(&table.span, message, format!("add {example}"));
    None
}

/// `probe = "command"`, a list of arguments, or `{ script = """..""" }`.
pub(super) fn probe(node: &Node<'_>) -> Option<Program> {
    const EXAMPLE: &str = "probe = \"my-tool is-done\"";
    if node.is_text() || node.is_list() {
        return arguments(node, EXAMPLE).map(Program::Run);
    }
    let table = node.table(&["run", "script"], EXAMPLE)?;
    program(&table, "run = \"my-tool is-done\"")
}

/// One command: text that is split at white space, or a list of arguments.
pub(super) fn arguments(node: &Node<'_>, example: &str) -> Option<Vec<String>> {
    if node.is_text() {
        let at = node.text(example)?;
        return split(node, &at);
    }
    if !node.is_list() {
        node.wrong_type("a command: text, or a list of arguments", example);
        return None;
    }
    let items = node.list(example)?;
    let words: Vec<String> = items
        .iter()
        .filter_map(|item| item.any_text(example))
        .collect();
    if words.len() < items.len() {
        return None;
    }
    let program = &words[0];
    if program.is_empty() || program.starts_with('-') {
        items[0].fault(
            "is the program, and no name of one",
            "write the program first: [\"pytest\", \"-q\"]",
        );
        return None;
    }
    if program.contains(char::is_whitespace) && !program.contains('/') {
        items[0].fault(
            "is the program, and holds white space",
            "write one argument per item: [\"pytest\", \"-q\"]",
        );
        return None;
    }
    if let Some(place) = words.iter().position(|word| word.contains('\0')) {
        items[place].fault("holds a zero byte", "no program can be given one");
        return None;
    }
    Some(words)
}

/// Several commands: text, a list of arguments, or a list of such lists.
pub(super) fn commands(node: &Node<'_>, example: &str) -> Vec<Vec<String>> {
    let several = "run = [[\"my-tool\", \"--help\"], [\"my-tool\", \"--version\"]]";
    if node.is_list() {
        let items = node.list(several).unwrap_or_default();
        if items.iter().any(Node::is_list) {
            let read = |item: &Node<'_>| {
                if item.is_list() {
                    return arguments(item, several);
                }
                item.wrong_type("a list of arguments like the others", several);
                None
            };
            return items.iter().filter_map(read).collect();
        }
    }
    arguments(node, example).into_iter().collect()
}

const SHELL: &[(char, &str)] = &[
    ('|', "a pipe"),
    ('>', "a redirection"),
    ('<', "a redirection"),
    ('&', "a shell operator"),
    (';', "a shell operator"),
    ('$', "a variable"),
    ('`', "a command substitution"),
    ('*', "a wildcard"),
    ('?', "a wildcard"),
    ('(', "a subshell"),
    (')', "a subshell"),
    ('\\', "an escape"),
];

#[derive(PartialEq)]
enum Quote {
    None,
    Single,
    Double,
}

/// Splits at white space, quotes respected (POSIX shell, 2.2.2 and 2.2.3), and refuses all that only a shell understands.
fn split(node: &Node<'_>, at: &At<String>) -> Option<Vec<String>> {
    let refuse = |place: usize, length: usize, what: &str| {
        refuse_shell(
            node.source,
            &node.source.inside(at, place..place + length),
            &node.name,
            what,
        );
    };
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = Quote::None;
    let mut opened = 0;
    let mut characters = at.value.char_indices().peekable();
    while let Some((place, c)) = characters.next() {
        match (&quote, c) {
            (Quote::None, c) if c.is_whitespace() => words.extend(word.take()),
            (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
            (Quote::None, '\'' | '"') => {
                quote = if c == '"' {
                    Quote::Double
                } else {
                    Quote::Single
                };
                opened = place;
                word.get_or_insert_default();
            }
            (Quote::Double, '\\') => {
                let escaped =
                    characters.next_if(|(_, next)| matches!(next, '"' | '\\' | '$' | '`'));
                word.get_or_insert_default()
                    .push(escaped.map_or('\\', |(_, c)| c));
            }
            (Quote::Double, '$' | '`') | (Quote::None, _)
                if shell_meaning(c, word.as_ref()).is_some() =>
            {
                let meaning = shell_meaning(c, word.as_ref())?;
                refuse(place, c.len_utf8(), &format!("'{c}' as {meaning}"));
                return None;
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote != Quote::None {
        node.source.fault(
            &node.source.inside(at, opened..opened + 1),
            format!("{} has a quote that is never closed", node.name),
            "close it, or write a list of arguments: [\"pytest\", \"-k\", \"a b\"]",
        );
        return None;
    }
    words.extend(word);
    let program = words.first()?;
    if let Some((variable, _)) = program.split_once('=') {
        let hint = format!(
            "set it beside the command: environment = {{ set = {{ {} = \"..\" }} }}",
            shorten(variable)
        );
        node.fault("begins with a variable, which only a shell would set", hint);
        return None;
    }
    if program.is_empty() || program.starts_with('-') {
        node.fault(
            "begins with no name of a program",
            "write the program first: \"pytest -q\"",
        );
        return None;
    }
    Some(words)
}

/// What a shell would make of this character outside quotes.
fn shell_meaning(c: char, word: Option<&String>) -> Option<&'static str> {
    if c == '~' && word.is_none() {
        return Some("the home directory");
    }
    SHELL
        .iter()
        .find(|(one, _)| *one == c)
        .map(|(_, meaning)| *meaning)
}

fn refuse_shell(source: &Source<'_>, span: &Span, name: &str, what: &str) {
    source.fault(
        span,
        format!("{name} is run without a shell, which would read {what}"),
        "write a list of arguments if you mean the character, or script = \"\"\"..\"\"\" if you mean a shell",
    );
}
