//! A run as one HTML file: no script, no other file, no network.
//!
//! Invariants: every foreign text is escaped; the page forbids scripts and connections by its own policy.

use super::status::sign;
use shipway_core::report::{Report, Span, SpanKind, State, StepReport};
use shipway_core::run::StepView;
use shipway_core::time::{Millis, Timestamp};
use shipway_core::{Plan, redact::visible};
use std::fmt::Write as _;

pub const STYLE: &str = include_str!("report.css");
/// Width of the picture's time axis in units of its view box.
const AXIS: u64 = 700;
const LEFT: u64 = 270;
const ROW: u64 = 22;

/// The whole page.
pub fn render(plan: &Plan, report: &Report) -> String {
    let title = format!("{} {}", report.project, report.version);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{} – {}</title><style>{STYLE}</style></head><body><main>",
        escape(&title),
        if plan.is_withdrawal() {
            "withdrawal"
        } else {
            "release run"
        }
    );
    head(&mut out, plan, report, &title);
    picture(&mut out, report);
    public(&mut out, report);
    steps(&mut out, report);
    artifacts(&mut out, report);
    edits(&mut out, plan);
    let _ = writeln!(
        out,
        "<footer>Run <code>{}</code>, made by Shipway {}. Times are UTC.</footer></main></body></html>",
        escape(&report.run),
        escape(&plan.made_by)
    );
    out
}

/// Text for HTML, with control characters made visible.
pub fn escape(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn head(out: &mut String, plan: &Plan, report: &Report, title: &str) {
    let class = match report.state {
        State::Released | State::Withdrawn => "good",
        State::Halted | State::RolledBack => "bad",
        _ => "warn",
    };
    let _ = write!(
        out,
        "<header><h1>{}</h1><p class=\"state {class}\">{}</p></header>",
        escape(title),
        report.state.as_str()
    );
    let took = match (report.started, report.latest) {
        (Some(from), Some(to)) => to.since(from).to_string(),
        _ => "–".to_owned(),
    };
    let facts = [
        (
            "Before",
            plan.previous
                .clone()
                .unwrap_or_else(|| "no release".to_owned()),
        ),
        (
            "From",
            format!(
                "{} at {}",
                plan.source.branch.short(),
                plan.source.head.abbreviated()
            ),
        ),
        (
            "Started",
            report.started.map(|at| at.to_string()).unwrap_or_default(),
        ),
        ("Took", took),
        ("Resumed", format!("{} times", report.resumed)),
        (
            "Sealed",
            report
                .manifest
                .as_deref()
                .map_or("not yet".to_owned(), |digest| {
                    digest.chars().take(12).collect()
                }),
        ),
    ];
    out.push_str("<dl class=\"facts\">");
    for (name, value) in facts {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    }
    out.push_str("</dl>");
    if !plan.because.is_empty() {
        let why = if plan.is_withdrawal() {
            "Why"
        } else {
            "Why this version"
        };
        let _ = write!(out, "<details><summary>{why}</summary><ul>");
        for because in &plan.because {
            let _ = write!(out, "<li>{}</li>", escape(because));
        }
        out.push_str("</ul></details>");
    }
}

/// Time on the picture's axis. Stretches in which nothing but people, timers or nobody was at work are drawn shorter.
struct Axis {
    /// Start of each stretch, and its position.
    marks: Vec<(Timestamp, u64)>,
    /// Positions between which time is drawn shorter than it was.
    folds: Vec<(u64, u64, Millis)>,
}

impl Axis {
    fn new(report: &Report) -> Self {
        let spans: Vec<&Span> = report
            .steps
            .iter()
            .flat_map(|step| &step.spans)
            .chain(&report.down)
            .collect();
        let end = report.latest.unwrap_or_default();
        let mut times: Vec<Timestamp> = spans
            .iter()
            .flat_map(|span| [span.from, span.to.unwrap_or(end)])
            .collect();
        times.extend(report.started);
        times.push(end);
        times.sort();
        times.dedup();
        let busy = |from: Timestamp, to: Timestamp| {
            spans.iter().any(|span| {
                let idle = matches!(
                    span.kind,
                    SpanKind::Person | SpanKind::Retry | SpanKind::Down
                );
                !idle && span.from < to && span.to.unwrap_or(end) > from
            })
        };
        let pairs: Vec<(Timestamp, Timestamp)> =
            times.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let work: u64 = pairs
            .iter()
            .filter(|(from, to)| busy(*from, *to))
            .map(|(from, to)| to.since(*from).0)
            .sum();
        // An idle stretch takes at most an eighth of the width that the work takes.
        let most_idle = (work / 8).max(200);
        let drawn: Vec<u64> = pairs
            .iter()
            .map(|(from, to)| {
                let length = to.since(*from).0;
                if busy(*from, *to) {
                    length
                } else {
                    length.min(most_idle)
                }
            })
            .collect();
        let total = drawn.iter().sum::<u64>().max(1);
        let mut position = 0;
        let mut marks = Vec::new();
        let mut folds = Vec::new();
        for ((from, to), length) in pairs.iter().zip(&drawn) {
            let at = position * AXIS / total;
            marks.push((*from, at));
            position += length;
            if to.since(*from).0 > *length {
                folds.push((at, position * AXIS / total, to.since(*from)));
            }
        }
        marks.push((end, AXIS));
        Self { marks, folds }
    }

    fn at(&self, time: Timestamp) -> u64 {
        let after = self.marks.partition_point(|(mark, _)| *mark <= time);
        match (
            after
                .checked_sub(1)
                .and_then(|before| self.marks.get(before)),
            self.marks.get(after),
        ) {
            (Some((from, x0)), Some((to, x1))) if to > from => {
                x0 + (x1 - x0) * time.since(*from).0 / to.since(*from).0.max(1)
            }
            (Some((_, x)), _) => *x,
            (None, _) => 0,
        }
    }
}

fn picture(out: &mut String, report: &Report) {
    let axis = Axis::new(report);
    let shown: Vec<&StepReport> = report.steps.iter().collect();
    let mut height = 34;
    let mut stage = None;
    let mut rows = String::new();
    let turning = report.steps.iter().position(|step| step.irreversible);
    for (number, step) in shown.iter().enumerate() {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            let _ = write!(
                rows,
                "<text class=\"stage\" x=\"0\" y=\"{}\">{}</text>",
                height + 14,
                step.stage.as_str()
            );
            height += ROW;
        }
        if turning == Some(number) {
            let _ = write!(
                rows,
                "<line class=\"turn\" x1=\"0\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>\
                 <text class=\"turn\" x=\"4\" y=\"{}\">point of no return</text>",
                LEFT + AXIS + 20,
                height + 4,
                height + 4,
                height + 17
            );
            height += ROW;
        }
        row(
            &mut rows,
            step,
            &axis,
            height,
            report.latest.unwrap_or_default(),
        );
        height += ROW;
    }
    let width = LEFT + AXIS + 30;
    let _ = write!(
        out,
        "<h2>What ran when</h2><figure><svg viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"Time line of the run\">",
        height + 8
    );
    if let (Some(from), Some(to)) = (report.started, report.latest) {
        let _ = write!(
            out,
            "<text class=\"axis\" x=\"{LEFT}\" y=\"16\">{from}</text>\
             <text class=\"axis\" x=\"{}\" y=\"16\" text-anchor=\"end\">{} later</text>",
            LEFT + AXIS,
            to.since(from)
        );
    }
    for (from, to, length) in &axis.folds {
        let _ = write!(
            out,
            "<g><title>{length} in which nothing was under way, drawn shorter</title>\
             <rect class=\"fold\" x=\"{}\" y=\"22\" width=\"{}\" height=\"{}\"/></g>",
            LEFT + from,
            (to - from).max(1),
            height - 22
        );
        if to - from > 40 {
            let _ = write!(
                out,
                "<text class=\"axis\" x=\"{}\" y=\"16\" text-anchor=\"middle\">{length}</text>",
                LEFT + from.midpoint(*to)
            );
        }
    }
    for down in &report.down {
        let x = axis.at(down.from);
        let end = axis.at(down.to.unwrap_or(down.from));
        let _ = write!(
            out,
            "<g><title>{}, {}</title><rect class=\"down\" x=\"{}\" y=\"22\" width=\"{}\" height=\"{}\"/></g>",
            escape(&down.note),
            down.to.unwrap_or(down.from).since(down.from),
            LEFT + x,
            (end.saturating_sub(x)).max(2),
            height - 22
        );
    }
    out.push_str(&rows);
    out.push_str("</svg><figcaption>");
    for (class, text) in [
        ("work", "working"),
        ("publish", "sending"),
        ("settle", "accepted, being read back"),
        ("retry", "waiting to try again"),
        ("person", "waiting for a person"),
        ("retract", "taking back"),
        ("down", "nobody drove the run"),
    ] {
        let _ = write!(out, "<span><i class=\"{class}\"></i>{text}</span>");
    }
    out.push_str("<span>Grey stretches, where nothing was under way, are drawn shorter.</span></figcaption></figure>");
}

fn row(out: &mut String, step: &StepReport, axis: &Axis, y: u64, end: Timestamp) {
    let (sign, _, word) = sign(&step.view);
    let class = view_class(&step.view);
    let _ = write!(
        out,
        "<g><title>{}: {}</title><text class=\"sign {class}\" x=\"4\" y=\"{}\">{sign}</text>\
         <text x=\"20\" y=\"{}\">{}</text>",
        escape(&step.title),
        escape(&word),
        y + 15,
        y + 15,
        escape(&super::cut(step.id.as_str(), 36))
    );
    let _ = write!(
        out,
        "<line class=\"lane\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>",
        LEFT + AXIS,
        y + 11,
        y + 11
    );
    for span in &step.spans {
        let from = axis.at(span.from);
        let to = axis.at(span.to.unwrap_or(end));
        let length = span.to.unwrap_or(end).since(span.from);
        let note = if span.note.is_empty() {
            &step.title
        } else {
            &span.note
        };
        let _ = write!(
            out,
            "<g><title>{}, {length}</title><rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"13\" rx=\"2\"/></g>",
            escape(note),
            span_class(span.kind),
            LEFT + from,
            y + 5,
            (to.saturating_sub(from)).max(3)
        );
    }
    if matches!(step.view, StepView::Stands { .. }) && !step.items.is_empty() {
        let x = LEFT + step.ended().map_or(0, |at| axis.at(at)) + 9;
        let _ = write!(
            out,
            "<circle class=\"public\" cx=\"{x}\" cy=\"{}\" r=\"4\"><title>there, and read back</title></circle>",
            y + 11
        );
    }
    out.push_str("</g>");
}

fn span_class(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Work => "work",
        SpanKind::Publish => "publish",
        SpanKind::Settle => "settle",
        SpanKind::Retry => "retry",
        SpanKind::Person => "person",
        SpanKind::Retract => "retract",
        SpanKind::Down => "down",
    }
}

fn view_class(view: &StepView) -> &'static str {
    match view {
        StepView::Stands { .. } => "good",
        StepView::Failed { .. } | StepView::Conflict { .. } | StepView::Limbo => "bad",
        StepView::Planned | StepView::Ready => "faint",
        _ => "warn",
    }
}

fn public(out: &mut String, report: &Report) {
    let shown: Vec<_> = report
        .public
        .iter()
        .filter(|item| !matches!(item.target.as_str(), "repository" | "checkout"))
        .collect();
    out.push_str("<h2>What is public</h2>");
    if shown.is_empty() {
        out.push_str("<p>Nothing.</p>");
        return;
    }
    out.push_str("<table><thead><tr><th>Where</th><th>What</th><th>How sure</th><th>Taking it back</th></tr></thead><tbody>");
    for item in shown {
        let url = item
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.url.as_deref())
            .unwrap_or(&item.place);
        let certainty = match item.certainty {
            "verified" => "read back and compared",
            "delivered" => "accepted; cannot be read back",
            "accepted" => "accepted, not seen yet",
            _ => "not known: the answer was lost",
        };
        let back = match item.reversal {
            shipway_core::target::Reversal::Deletes => "can be deleted",
            shipway_core::target::Reversal::Hides => "can be hidden",
            shipway_core::target::Reversal::Nothing => "cannot be taken back",
        };
        let _ = write!(
            out,
            "<tr><td>{}{}</td><td>{}<br><small>{}</small></td><td>{certainty}{}</td><td>{back}</td></tr>",
            escape(&item.target),
            if item.rehearsal { " (test)" } else { "" },
            escape(&item.item),
            escape(url),
            if item.ours { "" } else { "; there before us" }
        );
    }
    out.push_str("</tbody></table>");
}

fn steps(out: &mut String, report: &Report) {
    out.push_str("<h2>Steps</h2><table><thead><tr><th></th><th>Step</th><th>Result</th><th>Time</th></tr></thead><tbody>");
    for step in &report.steps {
        let (sign, _, word) = sign(&step.view);
        let mut result = escape(&word);
        for evidence in step
            .evidence
            .iter()
            .filter(|evidence| evidence.name != "log")
        {
            let _ = write!(
                result,
                "<br><small>{}: {} ({:?})</small>",
                escape(&evidence.name),
                escape(&evidence.figure),
                evidence.verdict
            );
        }
        for decision in &step.decisions {
            let note = decision
                .note
                .as_deref()
                .map(|note| format!(" – {}", escape(note)))
                .unwrap_or_default();
            let _ = write!(
                result,
                "<br><small>{} by {} at {}{note}</small>",
                format!("{:?}", decision.decision).to_lowercase(),
                escape(&decision.by),
                decision.at
            );
        }
        for span in step
            .spans
            .iter()
            .filter(|span| matches!(span.kind, SpanKind::Retry))
        {
            let _ = write!(result, "<br><small>{}</small>", escape(&span.note));
        }
        if let StepView::Failed { tail, .. } = &step.view
            && !tail.is_empty()
        {
            let _ = write!(result, "<pre>{}</pre>", escape(&tail.join("\n")));
        }
        let _ = write!(
            out,
            "<tr><td class=\"sign {}\">{sign}</td><td><b>{}</b><br>{}<br><small>{}</small></td><td>{result}</td><td>{}</td></tr>",
            view_class(&step.view),
            escape(step.id.as_str()),
            escape(&step.title),
            escape(&step.why),
            step.busy()
        );
    }
    out.push_str("</tbody></table>");
}

fn artifacts(out: &mut String, report: &Report) {
    if report.artifacts.is_empty() {
        return;
    }
    out.push_str("<h2>Sealed files</h2><table><thead><tr><th>Name</th><th>SHA-256</th><th>Bytes</th></tr></thead><tbody>");
    for artifact in &report.artifacts {
        let _ = write!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escape(&artifact.name),
            artifact.digest,
            artifact.size
        );
    }
    out.push_str("</tbody></table>");
}

fn edits(out: &mut String, plan: &Plan) {
    out.push_str("<h2>Edits</h2>");
    for commit in &plan.commits {
        let subject = commit.message.lines().next().unwrap_or_default();
        let _ = write!(
            out,
            "<details><summary>{} <code>{}</code></summary>",
            escape(subject),
            commit.id.abbreviated()
        );
        for change in &commit.changes {
            let _ = write!(out, "<pre class=\"diff\">{}</pre>", escape(&change.diff));
        }
        if commit.changes.is_empty() {
            out.push_str("<p>No edits of its own.</p>");
        }
        out.push_str("</details>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_become_markup() {
        assert_eq!(
            escape("<script>\"x\" & 'y'"),
            "&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;"
        );
        assert!(
            !escape("\u{1b}[31m\u{202e}")
                .chars()
                .any(|c| c.is_control() || c == '\u{202e}')
        );
    }
}
