//! Entries as a changelog has them: groups with a line for each change, in the file's markup and manner.

use super::assemble::{Options, Source, group_of};
use super::escape::{Mentions, push_markdown};
use super::log::{Entry, Log, Person, Reference, Release};
use super::style::Style;
use super::syntax::Syntax;
use crate::change::{Change, Kind};

/// How many changes or commits a warning names.
const MOST_NAMED: usize = 10;
/// So many references of a change are linked within its text. Nobody reads more.
const MOST_LINKED: usize = 50;

/// What an entry tells beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// References are links. Forges make them of `#12` in comments and release notes, and not in files.
    pub links: bool,
    /// With the commit's id.
    pub commits: bool,
    /// With those who wrote it.
    pub authors: bool,
    pub mentions: Mentions,
}

pub(super) struct Made {
    pub text: String,
    pub warnings: Vec<String>,
}

/// Groups with their entries, as a release of that file has them; each line ended.
pub(super) fn make(changes: &[Change], style: &Style, options: &Options, look: Look) -> Made {
    let source = Source {
        version: None,
        tag: None,
        previous_tag: None,
        date: None,
        yanked: false,
        migration: None,
        changes,
    };
    let log = Log::of(&[source], options);
    let mut text = String::new();
    for release in &log.releases {
        push_groups(&mut text, release, style, look);
    }
    let silent = changes
        .iter()
        .filter(|change| change.kind == Kind::Other && group_of(change).is_none());
    let warnings = named(
        silent,
        "a commit does not say what kind of change it is, and has no entry in the changelog",
    );
    Made { text, warnings }
}

/// The groups of a release.
pub(super) fn push_groups(out: &mut String, release: &Release, style: &Style, look: Look) {
    for (at, group) in release.groups.iter().enumerate() {
        if at > 0 {
            out.push_str(style.eol);
        }
        style.push_group(out, group.title);
        out.push_str(style.eol);
        if style.blank_after_heading {
            out.push_str(style.eol);
        }
        for entry in &group.entries {
            push_entry(out, entry, style, look);
        }
    }
    if let Some(guide) = release.migration {
        if !release.groups.is_empty() {
            out.push_str(style.eol);
        }
        out.push_str("Migration: ");
        push_text(out, guide, style.syntax, look.mentions, &[]);
        out.push_str(style.eol);
    }
}

fn push_entry(out: &mut String, entry: &Entry, style: &Style, look: Look) {
    let syntax = style.syntax;
    out.push(style.bullet);
    out.push(' ');
    if entry.breaking.is_some() {
        out.push_str("**Breaking:** ");
    }
    if let Some(scope) = &entry.scope {
        push_text(out, scope, syntax, look.mentions, &[]);
        out.push_str(": ");
    }
    let linked: &[Reference] = if look.links { &entry.references } else { &[] };
    let linked = &linked[..linked.len().min(MOST_LINKED)];
    push_text(out, &entry.description, syntax, look.mentions, linked);
    let mut open = " (";
    for reference in &entry.references {
        if entry.description.contains(reference.text) {
            continue;
        }
        out.push_str(open);
        open = ", ";
        if look.links {
            push_link(out, reference.text, reference.link.as_deref(), syntax);
        } else {
            push_text(out, reference.text, syntax, look.mentions, &[]);
        }
    }
    if let Some(commit) = entry.commit.as_ref().filter(|_| look.commits) {
        out.push_str(open);
        open = ", ";
        push_link(
            out,
            commit.short,
            commit.link.as_deref().filter(|_| look.links),
            syntax,
        );
    }
    if open == ", " {
        out.push(')');
    }
    if look.authors {
        push_authors(out, &entry.authors, syntax);
    }
    out.push_str(style.eol);
    // What breaks, where the footer says more than the header.
    if let Some(what) = entry
        .breaking
        .as_ref()
        .filter(|what| **what != entry.description)
    {
        out.push_str("  ");
        out.push(style.bullet);
        out.push(' ');
        push_text(out, what, syntax, look.mentions, &[]);
        out.push_str(style.eol);
    }
}

fn push_authors(out: &mut String, authors: &[Person], syntax: Syntax) {
    for (at, author) in authors.iter().enumerate() {
        out.push_str(if at == 0 { " by " } else { ", " });
        match author.handle {
            Some(handle) => {
                out.push('@');
                out.push_str(handle);
            }
            None => push_text(out, &author.name, syntax, Mentions::Defuse, &[]),
        }
    }
}

fn push_text(
    out: &mut String,
    text: &str,
    syntax: Syntax,
    mentions: Mentions,
    references: &[Reference],
) {
    match syntax {
        Syntax::Markdown => push_markdown(out, text, mentions, references),
        Syntax::ReStructuredText => push_restructured(out, text),
        Syntax::AsciiDoc => push_asciidoc(out, text),
    }
}

fn push_link(out: &mut String, text: &str, link: Option<&str>, syntax: Syntax) {
    let Some(link) = link else {
        return push_text(out, text, syntax, Mentions::Keep, &[]);
    };
    let parts = match syntax {
        Syntax::Markdown => ["[", text, "](", link, ")"],
        Syntax::ReStructuredText => ["`", text, " <", link, ">`__"],
        Syntax::AsciiDoc => [link, "[", text, "]", ""],
    };
    for part in parts {
        out.push_str(part);
    }
}

/// Inline markup of reStructuredText is escaped with a backslash.
fn push_restructured(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_reference = c == '_' && !chars.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(c, '\\' | '*' | '`' | '|') || is_reference {
            out.push('\\');
        }
        out.push(c);
    }
}

/// AsciiDoc has no escape that always holds; character references do.
fn push_asciidoc(out: &mut String, text: &str) {
    for c in text.chars() {
        if "*_`+^~{[<|\\".contains(c) {
            out.push_str("&#");
            out.push_str(&u32::from(c).to_string());
            out.push(';');
        } else {
            out.push(c);
        }
    }
}

/// A warning for the first few of them.
pub(super) fn named<'c>(changes: impl Iterator<Item = &'c Change>, what: &str) -> Vec<String> {
    let all: Vec<&Change> = changes.collect();
    let mut warnings: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(|change| format!("{what}: {change}"))
        .collect();
    if all.len() > MOST_NAMED {
        warnings.push(format!("{what}: and {} more", all.len() - MOST_NAMED));
    }
    warnings
}
