//! A run as text.

use super::{Paint, Tone, cut};
use shipway_core::event::Verdict;
use shipway_core::plan::WITHDRAW;
use shipway_core::redact::visible;
use shipway_core::report::{Report, State, StepReport};
use shipway_core::run::{Public, StepView};
use shipway_core::target::Reversal;
use std::fmt::Write as _;

/// A sign, a tone and a word for a step's state.
pub fn sign(view: &StepView) -> (&'static str, Tone, String) {
    match view {
        StepView::Planned => ("·", Tone::Faint, "planned".into()),
        StepView::Ready => ("·", Tone::Faint, "ready".into()),
        StepView::Working => ("▸", Tone::Hint, "under way".into()),
        StepView::Publishing => ("▸", Tone::Hint, "being sent".into()),
        StepView::Accepted => ("▸", Tone::Hint, "accepted, being read back".into()),
        StepView::Retrying { at } => ("◔", Tone::Warn, format!("tried again at {at}")),
        StepView::Asking => ("?", Tone::Warn, "a person is asked".into()),
        StepView::Unsure => (
            "?",
            Tone::Warn,
            "the answer was lost; being looked at".into(),
        ),
        StepView::Stands { .. } => ("✓", Tone::Good, "done".into()),
        StepView::Failed { failure, .. } => ("✗", Tone::Bad, failure.message.clone()),
        StepView::Conflict { found } => {
            ("✗", Tone::Bad, format!("something else is there: {found}"))
        }
        StepView::Limbo => ("✗", Tone::Bad, "accepted, and nobody can read it".into()),
        StepView::Doubtful => (
            "?",
            Tone::Warn,
            "may or may not have happened; not repeated".into(),
        ),
        StepView::Noted { failure } => ("!", Tone::Warn, format!("failed, noted: {failure}")),
        StepView::Skipped { reason } => ("-", Tone::Warn, format!("skipped: {reason}")),
        StepView::Undone => ("↶", Tone::Warn, "taken back".into()),
    }
}

pub fn render(report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    let tone = match report.state {
        State::Released | State::Withdrawn => Tone::Good,
        State::Halted | State::RolledBack => Tone::Bad,
        _ => Tone::Warn,
    };
    let what = format!("{} {}", report.project, report.version);
    let title = if report.flow == WITHDRAW {
        format!("withdrawal of {what}")
    } else {
        what
    };
    let _ = writeln!(
        out,
        "{}  {}",
        paint.tone(Tone::Strong, &visible(&title)),
        paint.tone(tone, report.state.as_str())
    );
    let width = report
        .steps
        .iter()
        .map(|step| step.id.as_str().chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    for step in &report.steps {
        let _ = writeln!(out, "{}", step_line(step, width, paint));
    }
    if let Some(reason) = &report.undo_reason {
        let _ = writeln!(out, "{} because {}", report.state.as_str(), visible(reason));
    }
    out.push('\n');
    out.push_str(&public(report, paint));
    for ask in &report.asks {
        let who = ask
            .who
            .as_deref()
            .map(|who| format!(" ({who})"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "{} {}: {}{who}",
            paint.tone(Tone::Warn, "asked:"),
            ask.step,
            visible(&ask.title)
        );
    }
    let _ = write!(out, "run {}", report.run);
    out
}

/// One step in one line.
pub fn step_line(step: &StepReport, width: usize, paint: Paint) -> String {
    let (sign, tone, word) = sign(&step.view);
    let id = cut(step.id.as_str(), width);
    let text = match &step.view {
        StepView::Stands { .. } => {
            let figures = figures(step);
            if figures.is_empty() {
                visible(&step.title)
            } else {
                format!("{}  {figures}", visible(&step.title))
            }
        }
        StepView::Planned | StepView::Ready => visible(&step.title),
        _ => visible(&word),
    };
    let busy = step.busy();
    let time = if busy.0 == 0 {
        String::new()
    } else {
        format!("  {busy}")
    };
    format!(
        " {} {id:width$}  {text}{}",
        paint.tone(tone, sign),
        paint.tone(Tone::Faint, &time)
    )
}

fn figures(step: &StepReport) -> String {
    let shown: Vec<String> = step
        .evidence
        .iter()
        .filter(|evidence| evidence.name != "log")
        .map(|evidence| match evidence.verdict {
            Verdict::Pass => format!("{} {}", evidence.name, visible(&cut(&evidence.figure, 48))),
            verdict => format!(
                "{} {} ({verdict:?})",
                evidence.name,
                visible(&evidence.figure)
            ),
        })
        .collect();
    shown.join(", ")
}

/// What is where by now, in a few lines: what everybody has, what can still be deleted, what a test index keeps.
pub fn public(report: &Report, paint: Paint) -> String {
    let released = report.state == State::Released;
    let outside = |item: &&Public| !matches!(item.target.as_str(), "repository" | "checkout");
    let can_go = |item: &Public| !released && item.reversal == Reversal::Deletes;
    let first = if report.flow == WITHDRAW {
        "marked and told"
    } else {
        "public"
    };
    let groups: [(&str, Vec<&Public>); 3] = [
        (
            first,
            report
                .public
                .iter()
                .filter(outside)
                .filter(|item| !item.rehearsal && !can_go(item))
                .collect(),
        ),
        (
            "there, and can be deleted",
            report
                .public
                .iter()
                .filter(outside)
                .filter(|item| !item.rehearsal && can_go(item))
                .collect(),
        ),
        (
            "at the test index",
            report.public.iter().filter(|item| item.rehearsal).collect(),
        ),
    ];
    let mut out = String::new();
    for (title, items) in groups {
        if items.is_empty() {
            if title == "public" {
                let _ = writeln!(out, "{}", paint.tone(Tone::Strong, "nothing is public"));
            }
            continue;
        }
        let _ = writeln!(out, "{}", paint.tone(Tone::Strong, title));
        for item in items {
            let ours = if item.ours { "" } else { ", there before us" };
            let url = item
                .receipt
                .as_ref()
                .and_then(|receipt| receipt.url.as_deref())
                .unwrap_or(&item.place);
            let _ = writeln!(
                out,
                "  {}: {}  {}{ours}  {}",
                item.target,
                visible(&item.item),
                item.certainty,
                paint.tone(Tone::Faint, &visible(url))
            );
        }
    }
    out
}

/// Steps that did not happen yet, by name.
pub fn missing(report: &Report) -> Vec<&StepReport> {
    let open = |step: &&StepReport| {
        !step.best_effort
            && !matches!(
                step.view,
                StepView::Stands { .. } | StepView::Skipped { .. }
            )
    };
    report.steps.iter().filter(open).collect()
}
