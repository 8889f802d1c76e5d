//! From text to a TOML document whose items know where they stand.

use super::source::{Source, Span};
use toml_edit::{Document, Table};

/// The document, or the fault that keeps it from being one.
pub fn parse<'a>(source: &Source<'a>) -> Option<Document<&'a str>> {
    let error = match Document::parse(source.text()) {
        Ok(document) => return Some(document),
        Err(error) => error,
    };
    let end = source.text().len();
    let span = error.span().unwrap_or(end..end);
    let message = error.message();
    if message.starts_with("duplicate key") {
        duplicate(source, &span);
    } else {
        source.fault(
            &span,
            format!("this is not TOML: {message}"),
            advice(source, &span, message),
        );
    }
    None
}

/// The parser's messages are for those who know TOML; these are the mistakes that people make most.
fn advice(source: &Source<'_>, span: &Span, message: &str) -> String {
    let text = source.text();
    let start = text[..span.start.min(text.len())]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let hint = if message.contains("string values must be quoted") || is_bare_value(line) {
        "put text between quotes: key = \"text\""
    } else if line.matches("\"\"\"").count() == 1 || line.matches('"').count() % 2 == 1 {
        "a quote is missing: key = \"text\", or \"\"\" before and after text of several lines"
    } else if line.trim_start().starts_with('[') {
        "a table is written [project], and one of several [[check]]"
    } else if !line.contains('=') && !line.trim().is_empty() {
        "every line is a table such as [project], or a key and its value: name = \"text\""
    } else {
        "the format is described at https://toml.io; lists are [\"a\", \"b\"], tables { key = \"a\" }"
    };
    hint.to_owned()
}

/// `name = octavia`: a letter where a value has to begin.
fn is_bare_value(line: &str) -> bool {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    value.starts_with(|c: char| c.is_alphabetic() || "/.{<*".contains(c))
        && !value.starts_with("{ ")
        && !["true", "false", "inf", "nan"].contains(&value)
}

fn duplicate(source: &Source<'_>, span: &Span) {
    let key = source.slice(span);
    let message = match earlier(source.text(), span) {
        Some(first) => format!(
            "`{key}` is written twice; first in line {}",
            source.line(&first)
        ),
        None => format!("`{key}` is written twice"),
    };
    let hint =
        "keep one of the two; one more of several is written [[check]], in two pairs of brackets";
    source.fault(span, message, hint);
}

/// Where the key of that place was written before: the text up to its line is sound.
fn earlier(text: &str, span: &Span) -> Option<Span> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let document = Document::parse(&text[..start]).ok()?;
    let key = text.get(span.clone())?.trim_matches(['"', '\'']);
    let root = document.as_table();
    if text[start..].trim_start().starts_with('[') {
        root.get_key_value(key)?.0.span()
    } else {
        open_table(root).get_key_value(key)?.0.span()
    }
}

/// The table that lines at the end of the document belong to.
fn open_table(root: &Table) -> &Table {
    let place = |table: &Table| table.span().map_or(0, |span| span.start);
    let mut last = root;
    for (_, item) in root {
        let tables: Vec<&Table> = match item {
            toml_edit::Item::Table(table) => vec![open_table(table)],
            toml_edit::Item::ArrayOfTables(tables) => tables.iter().map(open_table).collect(),
            _ => continue,
        };
        last = tables.into_iter().fold(last, |last, table| {
            if place(table) > place(last) || std::ptr::eq(last, root) {
                table
            } else {
                last
            }
        });
    }
    last
}
