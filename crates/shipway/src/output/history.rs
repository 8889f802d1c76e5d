//! Versions, releases and changelog findings as text.

use super::document::{FindingRow, FirstRelease, PendingRow, Reason, ReleaseRow, VersionRow};
use super::{Paint, Tone, cut};
use shipway_core::redact::visible;
use std::fmt::Write as _;

/// How many reasons are shown of one component; `--json` has all.
const REASONS: usize = 10;
/// And where there are several components.
const REASONS_OF_MANY: usize = 3;
const WIDTH: usize = 110;

/// Current and next version of each component, and why.
pub fn versions(rows: &[VersionRow], unchanged: usize, paint: Paint) -> String {
    let mut out = String::new();
    let names = rows.iter().map(|row| row.name.chars().count()).max();
    let width = names.unwrap_or(0).min(40);
    let most = if rows.len() > 1 {
        REASONS_OF_MANY
    } else {
        REASONS
    };
    for row in rows {
        let current = row.current.as_deref().unwrap_or("nothing");
        let name = visible(&row.name);
        let _ = write!(out, "{name:width$}  {}", visible(current));
        match &row.next {
            Some(next) => {
                let next = paint.tone(Tone::Strong, &visible(next));
                let _ = write!(out, " → {next}");
                if let Some(level) = &row.level {
                    let _ = write!(out, "  ({level})");
                }
                // Where the two spellings differ, both are told.
                if let (Some(semver), Some(pep440)) = (&row.semver, &row.pep440)
                    && semver != pep440
                {
                    let _ = write!(out, "  {semver} = {pep440}");
                }
            }
            None => match &row.refused {
                Some(why) => {
                    let sign = paint.tone(Tone::Bad, "refused");
                    let _ = write!(out, "  {sign}: {}", visible(why));
                }
                None => out.push_str("  nothing to release"),
            },
        }
        out.push('\n');
        for reason in row.because.iter().take(most) {
            let level = reason.level.as_deref().unwrap_or("");
            let _ = writeln!(out, "    {level:6} {}", cut(&visible(&reason.text), WIDTH));
        }
        let more = row.because.len().saturating_sub(most);
        match (more, row.beside) {
            (0, 0) => {}
            (0, beside) if row.next.is_some() => {
                let _ = writeln!(out, "           {} that ask for less", changes(beside));
            }
            (0, beside) => {
                let _ = writeln!(out, "           {} that ask for nothing", changes(beside));
            }
            (more, 0) => {
                let _ = writeln!(out, "           and {more} more");
            }
            (more, beside) => {
                let _ = writeln!(
                    out,
                    "           and {more} more; {} that ask for less",
                    changes(beside)
                );
            }
        }
    }
    if unchanged > 0 {
        let _ = writeln!(
            out,
            "{unchanged} {} without a change that asks for a release (--all lists them)",
            if unchanged == 1 {
                "component"
            } else {
                "components"
            }
        );
    }
    trimmed(out)
}

fn changes(count: usize) -> String {
    match count {
        1 => "1 change".to_owned(),
        more => format!("{more} changes"),
    }
}

/// A table of releases.
pub fn releases(rows: &[ReleaseRow], unreleased: usize, paint: Paint) -> String {
    let mut out = String::new();
    let width = |of: fn(&ReleaseRow) -> &str, least: usize| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or(0).max(least)
    };
    let versions = width(|row| &row.version, "version".len());
    let tags = width(|row| &row.tag, "tag".len());
    if unreleased > 0 {
        let _ = writeln!(
            out,
            "{unreleased} {} not released yet",
            if unreleased == 1 { "commit" } else { "commits" }
        );
    }
    let _ = writeln!(
        out,
        "{:versions$}  {:10}  {:>7}  {:>8}  {:>8}  {:>5}  {:tags$}  run",
        "version", "date", "commits", "breaking", "features", "fixes", "tag"
    );
    for row in rows {
        let version = format!("{:versions$}", visible(&row.version));
        let run = row
            .run
            .as_deref()
            .map_or("", |run| &run[..run.len().min(12)]);
        let line = format!(
            "{}  {:10}  {:>7}  {:>8}  {:>8}  {:>5}  {:tags$}  {run}",
            paint.tone(Tone::Strong, &version),
            row.date,
            row.commits,
            row.breaking,
            row.features,
            row.fixes,
            visible(&row.tag),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    trimmed(out)
}

/// One release and what it brought.
pub fn brought(row: &ReleaseRow, changes: &[Reason], paint: Paint) -> String {
    let mut out = format!(
        "{}  {}  {}  {} commits\n",
        paint.tone(Tone::Strong, &visible(&row.version)),
        row.date,
        visible(&row.tag),
        row.commits
    );
    for change in changes {
        let level = change.level.as_deref().unwrap_or("");
        let _ = writeln!(out, "  {level:6} {}", cut(&visible(&change.text), WIDTH));
    }
    trimmed(out)
}

/// The first releases that contain a commit.
pub fn contained(commit: &str, subject: &str, releases: &[FirstRelease], paint: Paint) -> String {
    let commit = &commit[..commit.len().min(10)];
    let mut out = format!("{commit} {}\n", cut(&visible(subject), WIDTH));
    for one in releases {
        let _ = writeln!(
            out,
            "  {:8} since {}  {}  {}",
            visible(&one.line),
            paint.tone(Tone::Strong, &visible(&one.version)),
            one.date,
            visible(&one.tag)
        );
    }
    if releases.is_empty() {
        out.push_str("  no release contains it\n");
    }
    trimmed(out)
}

/// What is wrong with a changelog, in the order of its lines.
pub fn findings(path: &str, rows: &[FindingRow], paint: Paint) -> String {
    let mut out = String::new();
    for row in rows {
        let tone = if row.severity == "error" {
            Tone::Bad
        } else {
            Tone::Warn
        };
        let place = row
            .line
            .map_or_else(|| visible(path), |line| format!("{}:{line}", visible(path)));
        let _ = writeln!(
            out,
            "{place}: {} {} [{}]",
            paint.tone(tone, &format!("{}:", row.severity)),
            visible(&row.text),
            row.kind
        );
    }
    if rows.is_empty() {
        let _ = writeln!(out, "{}: every change has an entry", visible(path));
    }
    trimmed(out)
}

/// Change files and fragments.
pub fn pending(rows: &[PendingRow]) -> String {
    let mut out = String::new();
    for row in rows {
        let of = if row.components.is_empty() {
            String::new()
        } else {
            format!(" {}:", row.components.join(", "))
        };
        let level = row.level.as_deref().unwrap_or("none");
        let text = row.text.lines().next().unwrap_or_default();
        let _ = writeln!(
            out,
            "{level:6}{} {}  ({})",
            visible(&of),
            cut(&visible(text), WIDTH),
            visible(&row.path)
        );
    }
    trimmed(out)
}

/// Whoever prints ends the last line.
fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\n').len());
    text
}
