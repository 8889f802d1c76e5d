//! Changelogs by template: own ones and those that are built in, written for minijinja (the language of Jinja).
//!
//! A template sees the fields of [`Log`]: `project`, `repository`, `releases`. Blocks leave no lines of their own. What is
//! not in the model is an error. Each value is escaped for the markup that the template's name tells (`….html`, `….txt` or
//! `….rst` for none, else Markdown), because values come from commits; `|safe` writes one as it is. Filters beside those of
//! minijinja: `upper_first`, `link(address)`, `code`, `markdown`.
//!
//! Invariants: a template reads nothing but the model, and ends: work, depth and output are limited.

use super::escape::{Mentions, push_markdown, visible};
use super::log::Log;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use std::io;

/// A template that was read and has no fault of its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    name: String,
    source: String,
    mentions: Mentions,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("template {name}, line {line}: {what}: {text}")]
    Wrong {
        name: String,
        /// Counted from 1.
        line: usize,
        /// The line itself.
        text: String,
        what: String,
        undefined: bool,
    },
    #[error("template {name}, line {line}: it does too much: {text}")]
    Endless {
        name: String,
        line: usize,
        text: String,
    },
    #[error("template {name} writes more than {} MB", .most / 1_000_000)]
    TooLong { name: String, most: usize },
    #[error("there is no template {name:?} built in")]
    Unknown { name: String },
}

impl TemplateError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong { undefined: true, .. } => {
                Some("see with --format json what there is; ask for what may be missing with: is defined".to_owned())
            }
            Self::Wrong { .. } => None,
            Self::Endless { .. } => Some("look for a loop in a loop, or a macro that calls itself".to_owned()),
            Self::TooLong { .. } => Some("look for what it repeats".to_owned()),
            Self::Unknown { .. } => {
                let names: Vec<&str> = BUILT_IN.iter().map(|(name, _, _)| *name).collect();
                Some(format!("name a file, or one of {}", names.join(", ")))
            }
        }
    }
}

/// Name, file name, source.
const BUILT_IN: [(&str, &str, &str); 3] = [
    (
        "conventional",
        "conventional.md",
        include_str!("templates/conventional.md"),
    ),
    ("github", "github.md", include_str!("templates/github.md")),
    (
        "announcement",
        "announcement.txt",
        include_str!("templates/announcement.txt"),
    ),
];

/// Work that a template may do, in steps of minijinja: so much at all, and so much for each release and each entry.
const WORK: [u64; 3] = [2_000_000, 20_000, 5_000];
/// Templates, macros and loops within each other.
const DEPTH: usize = 64;
/// Bytes.
const LONGEST: usize = 256_000_000;

impl Template {
    /// One of a person's own. `name` is shown in errors, and its ending says how values are escaped.
    ///
    /// # Errors
    /// [`TemplateError::Wrong`], with the line.
    pub fn new(name: impl Into<String>, source: impl Into<String>) -> Result<Self, TemplateError> {
        let template = Self {
            name: name.into(),
            source: source.into(),
            mentions: Mentions::default(),
        };
        template
            .compiled()
            .map(|_| ())
            .map_err(|error| template.error(&error))?;
        Ok(template)
    }

    /// `conventional` (as conventional-changelog writes it for Angular), `github` (as GitHub writes release notes), or
    /// `announcement` (plain text for mail and chat).
    ///
    /// # Errors
    /// [`TemplateError::Unknown`].
    pub fn built_in(name: &str) -> Result<Self, TemplateError> {
        match BUILT_IN.iter().find(|(known, _, _)| *known == name) {
            Some((_, file, source)) => Self::new(*file, *source),
            None => Err(TemplateError::Unknown {
                name: name.to_owned(),
            }),
        }
    }

    /// What becomes of `@name` in texts from commits.
    #[must_use]
    pub fn with_mentions(self, mentions: Mentions) -> Self {
        Self { mentions, ..self }
    }

    /// Writes a changelog.
    ///
    /// # Errors
    /// [`TemplateError`]: an unknown field or filter, or too much work.
    pub fn render(&self, log: &Log) -> Result<String, TemplateError> {
        let entries: usize = log
            .releases
            .iter()
            .map(|release| release.statistics.entries)
            .sum();
        let amount = |count: usize, each: u64| {
            u64::try_from(count)
                .unwrap_or(u64::MAX)
                .saturating_mul(each)
        };
        let fuel = WORK[0]
            .saturating_add(amount(log.releases.len(), WORK[1]))
            .saturating_add(amount(entries, WORK[2]));
        let mut environment = self.compiled().map_err(|error| self.error(&error))?;
        environment.set_fuel(Some(fuel));
        let template = environment
            .get_template(&self.name)
            .map_err(|error| self.error(&error))?;
        let mut out = Limited {
            bytes: Vec::new(),
            is_full: false,
        };
        let rendered = template
            .render_captured_to(Serde(log), &mut out)
            .map(|_| ());
        if out.is_full {
            return Err(TemplateError::TooLong {
                name: self.name.clone(),
                most: LONGEST,
            });
        }
        rendered.map_err(|error| self.error(&error))?;
        let mut text = String::from_utf8_lossy(&out.bytes).into_owned();
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push('\n');
        }
        Ok(text)
    }

    fn compiled(&self) -> Result<Environment<'_>, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()?,
        );
        environment.set_recursion_limit(DEPTH);
        environment.set_auto_escape_callback(markup);
        let mentions = self.mentions;
        environment.set_formatter(move |out, state, value| {
            if value.is_none() {
                return Ok(());
            }
            let is_markdown =
                matches!(state.auto_escape(), AutoEscape::Custom(name) if name == MARKDOWN);
            if !is_markdown || value.is_safe() || value.is_number() {
                return match state.auto_escape() {
                    AutoEscape::Custom(_) => {
                        Ok(std::fmt::Write::write_str(out, &value.to_string())?)
                    }
                    _ => minijinja::escape_formatter(out, state, value),
                };
            }
            Ok(std::fmt::Write::write_str(
                out,
                &escaped(&value.to_string(), mentions),
            )?)
        });
        environment.add_filter("upper_first", |text: &str| upper_first(text));
        environment.add_filter("markdown", move |text: &str| {
            Value::from_safe_string(escaped(text, mentions))
        });
        environment.add_filter("code", |text: &str| Value::from_safe_string(code(text)));
        environment.add_filter("link", move |text: &str, address: Option<&str>| {
            let mut out = String::new();
            match address.filter(|address| is_address(address)) {
                Some(address) => {
                    out.push('[');
                    out.push_str(&escaped(text, mentions));
                    out.push_str("](");
                    out.push_str(&super::forge::address(address));
                    out.push(')');
                }
                None => out.push_str(&escaped(text, mentions)),
            }
            Value::from_safe_string(out)
        });
        environment.add_template(&self.name, &self.source)?;
        Ok(environment)
    }

    fn error(&self, error: &minijinja::Error) -> TemplateError {
        let name = self.name.clone();
        let line = error.line().unwrap_or(1);
        let text = self
            .source
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default();
        let text = visible(text.trim()).into_owned();
        match error.kind() {
            ErrorKind::OutOfFuel => TemplateError::Endless { name, line, text },
            kind => {
                let what = match error.detail() {
                    Some(detail) => visible(detail).into_owned(),
                    None => kind.to_string(),
                };
                // Depth is told by words only.
                if what.contains("recursion limit") {
                    return TemplateError::Endless { name, line, text };
                }
                let undefined = matches!(kind, ErrorKind::UndefinedError);
                TemplateError::Wrong {
                    name,
                    line,
                    text,
                    what,
                    undefined,
                }
            }
        }
    }
}

const MARKDOWN: &str = "markdown";

/// By the ending of a template's name; `.jinja`, `.jinja2` and `.j2` behind it do not count.
fn markup(name: &str) -> AutoEscape {
    let name = [".jinja", ".jinja2", ".j2"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html" | "htm" | "xml") => AutoEscape::Html,
        Some("txt" | "text" | "rst" | "adoc" | "json") => AutoEscape::None,
        _ => AutoEscape::Custom(MARKDOWN.into()),
    }
}

fn escaped(text: &str, mentions: Mentions) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 8);
    let begins = text.len() - text.trim_start().len();
    let ends = text.trim_end().len().max(begins);
    out.push_str(&text[..begins]);
    push_markdown(&mut out, &text, mentions, &[]);
    out.push_str(&text[ends..]);
    out
}

/// A code span that holds the text whatever backticks are in it (CommonMark 6.1).
fn code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn is_address(text: &str) -> bool {
    ["https://", "http://", "mailto:", "/", "./", "../", "#"]
        .iter()
        .any(|start| text.starts_with(start))
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Takes no more than [`LONGEST`].
struct Limited {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LONGEST {
            self.is_full = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
