//! The state of a train as one HTML file: no script, no other file, no network.
//!
//! Invariants: every foreign text is escaped; the page forbids scripts and connections by its own policy; what is an exception
//! stands before what is as it should be.

use super::html::{STYLE, escape};
use super::train::trouble;
use shipway_train::decide::{LineNow, OwedFix, OwedMerge, RadarItem, Status, WayOut};
use shipway_train::facts::{FixMatrix, OnLine};
use shipway_train::model::LineState;
use shipway_train::pack::Severity;
use std::fmt::Write as _;

/// The whole page.
pub fn render(status: &Status, fixes: &[FixMatrix]) -> String {
    let mut out = String::new();
    let title = escape(&status.train);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} – train</title><style>{STYLE}</style></head><body><main>"
    );
    head(&mut out, status);
    lines(&mut out, &status.lines);
    groups(&mut out, status);
    matrix(&mut out, fixes);
    debts(&mut out, &status.owed_fixes, &status.owed_merges);
    let _ = writeln!(
        out,
        "<footer>As of {}. Times are UTC.</footer></main></body></html>",
        escape(&status.as_of.to_string())
    );
    out
}

fn head(out: &mut String, status: &Status) {
    let (class, state) = match (&status.undecided, status.blockers) {
        (Some(_), _) => ("warn", "not known".to_owned()),
        (None, 0) => ("good", "ready".to_owned()),
        (None, 1) => ("bad", "1 blocker".to_owned()),
        (None, more) => ("bad", format!("{more} blockers")),
    };
    let _ = write!(
        out,
        "<header><h1>{}</h1><p class=\"state {class}\">{state}</p></header>",
        escape(&status.train)
    );
    let departure = status
        .departure
        .as_ref()
        .map_or_else(|| "none is planned".to_owned(), ToString::to_string);
    let countdown = match (status.departs, status.days_left) {
        (Some(day), Some(left)) if left < 0 => format!("{} ({} days late)", day.date(), -left),
        (Some(day), Some(left)) => format!("{} ({left} days)", day.date()),
        _ => "no day".to_owned(),
    };
    let since = status
        .phase
        .since
        .map(|since| format!(" since {}", since.date()))
        .unwrap_or_default();
    let quiet = match &status.undecided {
        Some(_) => "not known".to_owned(),
        None => format!("{} of {}", status.quiet, status.members),
    };
    let facts = [
        ("Phase", format!("{}{since}", status.phase.phase)),
        ("Leaves next", departure),
        ("On", countdown),
        ("Members with nothing to say", quiet),
    ];
    out.push_str("<dl class=\"facts\">");
    for (name, value) in facts {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    }
    out.push_str("</dl>");
    if let Some(why) = &status.undecided {
        let _ = write!(out, "<p class=\"warn\">{}</p>", escape(why));
    }
}

fn lines(out: &mut String, lines: &[LineNow]) {
    out.push_str("<h2>Lines</h2><table><tr><th>Line</th><th>State</th><th>Latest</th><th>Branch</th><th>End of support</th></tr>");
    for line in lines {
        let class = match line.state {
            LineState::EndOfLife => "faint",
            LineState::Active | LineState::Lts => "good",
            _ => "",
        };
        let name = match &line.codename {
            Some(codename) => format!("{} {codename}", line.version),
            None => line.version.to_string(),
        };
        let latest = line
            .latest
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let end = match (line.end_of_life, line.days_of_support) {
            (Some(end), Some(left)) if left >= 0 => format!("{} ({left} days)", end.date()),
            (Some(end), _) => end.date(),
            (None, _) => String::new(),
        };
        let state = serde_json::to_value(line.state)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"{class}\">{state}</td><td>{latest}</td><td><code>{}</code></td><td>{end}</td></tr>",
            escape(&name),
            escape(&line.branch)
        );
    }
    out.push_str("</table>");
}

fn groups(out: &mut String, status: &Status) {
    if status.groups.is_empty() {
        out.push_str("<h2>Exceptions</h2><p class=\"good\">Nothing is against the rules.</p>");
    }
    for group in &status.groups {
        let who = if group.who.is_empty() {
            "Nobody is named".to_owned()
        } else {
            group.who.join(", ")
        };
        let _ = write!(
            out,
            "<h2>{}</h2><table><tr><th></th><th>Member</th><th>What</th><th>Since</th><th>Cheapest way out</th></tr>",
            escape(&who)
        );
        for item in &group.items {
            row(out, item);
        }
        out.push_str("</table>");
    }
}

fn row(out: &mut String, item: &RadarItem) {
    let (class, sign) = match item.severity {
        Severity::Allow => ("good", "✓"),
        Severity::Warn | Severity::Redirect => ("warn", "!"),
        Severity::Deny | Severity::Impossible => ("bad", "✗"),
    };
    let since = item
        .since
        .map(shipway_core::Timestamp::date)
        .unwrap_or_default();
    let note = item.rule.note.as_deref().unwrap_or_default();
    let _ = write!(
        out,
        "<tr><td class=\"sign {class}\">{sign}</td><td>{}</td><td>{}<br><small>{} ({}) {}</small></td><td>{since}</td><td>{}</td></tr>",
        escape(&item.member),
        escape(&trouble(&item.trouble)),
        escape(&item.rule.id),
        item.rule.source,
        escape(note),
        way(item.way_out.as_ref())
    );
}

fn way(way: Option<&WayOut>) -> String {
    let Some(way) = way else {
        return String::new();
    };
    let command = way
        .command
        .as_ref()
        .map(|command| format!("<br><code>{}</code>", escape(command)))
        .unwrap_or_default();
    format!("{}{command}", escape(&way.what))
}

/// Fixes that some line lacks, by lines.
fn matrix(out: &mut String, matrices: &[FixMatrix]) {
    for matrix in matrices {
        let lacks = |on: &OnLine| matches!(on, OnLine::Missing { .. });
        let fixes: Vec<_> = matrix
            .fixes
            .iter()
            .filter(|fix| fix.lines.values().any(lacks))
            .collect();
        let Some(first) = fixes.first() else {
            continue;
        };
        let _ = write!(
            out,
            "<h2>Fixes of {}</h2><table><tr><th>Fix</th>",
            escape(&matrix.repository)
        );
        let branches: Vec<&String> = first.lines.keys().collect();
        for branch in &branches {
            let _ = write!(out, "<th>{}</th>", escape(branch));
        }
        out.push_str("</tr>");
        for fix in fixes {
            let _ = write!(
                out,
                "<tr><td><code>{}</code> {}</td>",
                fix.commit.abbreviated(),
                escape(&fix.subject)
            );
            for branch in &branches {
                let cell = match fix.lines.get(*branch) {
                    Some(OnLine::Fixed { release, .. }) => {
                        let release = release.as_deref().unwrap_or("unreleased");
                        format!("<td class=\"good\">{}</td>", escape(release))
                    }
                    Some(OnLine::Missing { since, .. }) => {
                        format!("<td class=\"bad\">lacks it since {}</td>", since.date())
                    }
                    Some(OnLine::Unread { .. }) | None => "<td class=\"faint\">–</td>".to_owned(),
                };
                out.push_str(&cell);
            }
            out.push_str("</tr>");
        }
        out.push_str("</table>");
    }
}

fn debts(out: &mut String, fixes: &[OwedFix], merges: &[OwedMerge]) {
    if !fixes.is_empty() {
        out.push_str("<h2>Backports that are owed</h2><ul>");
        for fix in fixes {
            let severity = fix.severity.as_deref().unwrap_or("no severity");
            let _ = write!(
                out,
                "<li>{} <code>{}</code> lacks <code>{}</code> ({}) since {}: {} {}</li>",
                escape(&fix.repository),
                escape(&fix.branch),
                fix.commit.abbreviated(),
                escape(severity),
                fix.since.date(),
                escape(&fix.subject),
                way(fix.way_out.as_ref())
            );
        }
        out.push_str("</ul>");
    }
    if !merges.is_empty() {
        out.push_str("<h2>Forward merges that are owed</h2><ul>");
        for merge in merges {
            let since = merge.since.map(|since| format!(" since {}", since.date()));
            let _ = write!(
                out,
                "<li>{}: {} commits of <code>{}</code> are not in <code>{}</code>{}</li>",
                escape(&merge.repository),
                merge.commits,
                escape(&merge.branch),
                escape(&merge.into),
                since.unwrap_or_default()
            );
        }
        out.push_str("</ul>");
    }
}
