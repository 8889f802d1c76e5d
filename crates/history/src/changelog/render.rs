//! A changelog written: as a file in the manner of Keep a Changelog, as plain text, as JSON, or by a template.
//!
//! Invariant: the cost is linear in the model; each text is written once, into one buffer.

use super::closing::NEW;
use super::document::Document;
use super::entries::{Look, push_groups};
use super::log::{Entry, Log, Release};
use super::style::Style;
use super::syntax::width;
use super::template::{Template, TemplateError};

/// In what form a changelog is written.
#[derive(Debug)]
pub enum Format {
    KeepAChangelog(Look),
    /// For mail and terminals: 78 columns, no markup.
    Plain,
    /// The model itself.
    Json,
    Template(Template),
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the changelog cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Columns of plain text.
const COLUMNS: usize = 78;

/// Writes the releases of a model, newest first, without a file's preamble.
///
/// # Errors
/// [`RenderError`], of a template that is wrong or too costly.
pub fn render(log: &Log, format: &Format) -> Result<String, RenderError> {
    match format {
        Format::KeepAChangelog(look) => Ok(keep_a_changelog(log, *look)),
        Format::Plain => Ok(plain(log)),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(log)?;
            text.push('\n');
            Ok(text)
        }
        Format::Template(template) => Ok(template.render(log)?),
    }
}

/// The body of a release's section for [`super::NewSection`], in Markdown.
pub fn section_body(release: &Release, look: Look) -> String {
    let document = Document::read(NEW, None);
    let mut out = String::new();
    push_groups(&mut out, release, &Style::of(&document), look);
    out
}

fn keep_a_changelog(log: &Log, look: Look) -> String {
    let document = Document::read(NEW, None);
    let style = Style::of(&document);
    let mut out = String::with_capacity(1024 * log.releases.len());
    let mut links = String::new();
    for (at, release) in log.releases.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let label = release.version.as_deref().unwrap_or("Unreleased");
        push_heading(&mut out, release, label);
        out.push('\n');
        let start = out.len();
        push_groups(&mut out, release, &style, look);
        if out.len() == start {
            // A heading alone ends with its own line.
            out.truncate(start - 1);
        }
        if let Some(link) = release.compare.as_ref().or(release.link.as_ref()) {
            for part in ["[", label, "]: ", link, "\n"] {
                links.push_str(part);
            }
        }
    }
    if !links.is_empty() {
        out.push('\n');
        out.push_str(&links);
    }
    out
}

fn push_heading(out: &mut String, release: &Release, label: &str) {
    for part in ["## [", label, "]"] {
        out.push_str(part);
    }
    if let Some(date) = release.date.filter(|_| !release.unreleased) {
        out.push_str(" - ");
        out.push_str(date);
    }
    out.push_str(if release.yanked { " [YANKED]\n" } else { "\n" });
}

/// The title of a release in plain text: `1.1.0 (2026-11-21)`.
fn push_title(out: &mut String, release: &Release) {
    out.push_str(release.version.as_deref().unwrap_or("Unreleased"));
    if let Some(date) = release.date {
        for part in [" (", date, ")"] {
            out.push_str(part);
        }
    }
    if release.yanked {
        out.push_str(", taken back");
    }
}

fn plain(log: &Log) -> String {
    let mut out = String::with_capacity(1024 * log.releases.len());
    for (at, release) in log.releases.iter().enumerate() {
        if at > 0 {
            out.push_str("\n\n");
        }
        let start = out.len();
        if !log.project.is_empty() {
            out.push_str(log.project);
            out.push(' ');
        }
        push_title(&mut out, release);
        let columns = width(&out[start..]);
        out.push('\n');
        out.extend(std::iter::repeat_n('=', columns));
        out.push('\n');
        for group in &release.groups {
            for part in ["\n", group.title, ":\n"] {
                out.push_str(part);
            }
            for entry in &group.entries {
                push_plain(&mut out, entry);
            }
        }
        if let Some(guide) = release.migration {
            out.push_str("\nMigration: ");
            out.push_str(&super::escape::visible(guide));
            out.push('\n');
        }
        if let Some(link) = release.compare.as_ref().or(release.link.as_ref()) {
            for part in ["\n", link, "\n"] {
                out.push_str(part);
            }
        }
    }
    out
}

fn push_plain(out: &mut String, entry: &Entry) {
    let mut line = Wrapped::new(out, " * ", "   ");
    if entry.breaking.is_some() {
        line.push("Breaking:");
    }
    if let Some(scope) = &entry.scope {
        line.push(scope);
        line.glue(":");
    }
    line.push(&entry.description);
    let missing = entry
        .references
        .iter()
        .filter(|one| !entry.description.contains(one.text));
    let missing: Vec<&str> = missing.map(|one| one.text).collect();
    if !missing.is_empty() {
        line.push(&format!("({})", missing.join(", ")));
    }
    line.end();
    if let Some(what) = entry
        .breaking
        .as_ref()
        .filter(|what| **what != entry.description)
    {
        let mut line = Wrapped::new(out, "   - ", "     ");
        line.push(what);
        line.end();
    }
}

/// Words put into lines.
struct Wrapped<'o> {
    out: &'o mut String,
    indent: &'static str,
    column: usize,
    begins: bool,
}

impl<'o> Wrapped<'o> {
    fn new(out: &'o mut String, first: &'static str, indent: &'static str) -> Self {
        out.push_str(first);
        Self {
            out,
            indent,
            column: first.len(),
            begins: true,
        }
    }

    fn push(&mut self, text: &str) {
        for word in text.split_whitespace() {
            let columns = width(word);
            if !self.begins {
                if self.column + 1 + columns > COLUMNS {
                    self.out.push('\n');
                    self.out.push_str(self.indent);
                    self.column = self.indent.len();
                } else {
                    self.out.push(' ');
                    self.column += 1;
                }
            }
            self.out.push_str(word);
            self.column += columns;
            self.begins = false;
        }
    }

    /// Right behind the last word.
    fn glue(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += width(text);
    }

    fn end(self) {
        self.out.push('\n');
    }
}
