//! The live view of a run: a line for each step that is settled, and on a terminal one moving line for what is under way.

use super::status::step_line;
use super::{Paint, Screen, Tone, cut, document};
use shipway_core::event::{End, Event, EventKind, Outcome};
use shipway_core::redact::visible;
use shipway_core::report::{Fold, Report, StepReport};
use shipway_core::run::StepView;
use shipway_core::{Run, StepId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Follows the events of a run. Every sink of the live view is in here.
pub struct Progress {
    screen: Screen,
    mode: Mode,
    width: usize,
    fold: Fold,
    /// The steps that need a step, in the order of the plan: what happens to it may settle them too.
    dependents: BTreeMap<StepId, Vec<StepId>>,
    printed: BTreeMap<StepId, &'static str>,
    under_way: BTreeMap<StepId, Instant>,
    last_line: String,
    drawn: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Lines,
    Live,
    Json,
}

impl Progress {
    /// `fold` has taken in the events that the run had already.
    pub fn new(screen: &Screen, run: &Run, fold: Fold) -> Self {
        let mode = match (screen.json, screen.interactive) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Live,
            (false, false) => Mode::Lines,
        };
        let width = run
            .plan()
            .steps
            .iter()
            .map(|step| step.id.as_str().chars().count())
            .max()
            .unwrap_or(0)
            .min(40);
        let mut dependents: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
        for step in &run.plan().steps {
            for need in &step.needs {
                let those = dependents.entry(need.clone()).or_default();
                those.push(step.id.clone());
            }
        }
        Self {
            screen: screen.clone(),
            mode,
            width,
            fold,
            dependents,
            printed: BTreeMap::new(),
            under_way: BTreeMap::new(),
            last_line: String::new(),
            drawn: false,
        }
    }

    /// An event that has just been journalled and applied.
    pub fn event(&mut self, event: &Event, run: &Run) {
        self.fold.add(event, run);
        if self.mode == Mode::Json {
            self.screen.json_line(&document::Happened {
                format: document::FORMAT,
                run: run.id().to_string(),
                event,
            });
            return;
        }
        if let Some(step) = step_of(&event.kind) {
            match run.view(step) {
                Some(
                    StepView::Working
                    | StepView::Publishing
                    | StepView::Accepted
                    | StepView::Unsure,
                ) => {
                    self.under_way
                        .entry(step.clone())
                        .or_insert_with(Instant::now);
                }
                _ => {
                    self.under_way.remove(step);
                }
            }
        }
        match &event.kind {
            EventKind::Resumed { by, host, .. } => self.line(&format!(
                "   resumed by {} on {}",
                visible(by),
                visible(host)
            )),
            EventKind::UndoStarted { why } => {
                self.line(&format!("   taking back: {}", visible(why)));
            }
            EventKind::Paused { why } => {
                self.line(&format!("   stopped between steps: {}", visible(why)));
            }
            EventKind::Refused {
                step,
                item,
                failure,
            } => {
                self.line(&format!(
                    "   {step}: {}: {}",
                    visible(item),
                    visible(&failure.message)
                ));
            }
            _ => {}
        }
        self.print_changes(event, run);
        self.draw();
    }

    /// Prints the steps whose settled state changed by this event.
    fn print_changes(&mut self, event: &Event, run: &Run) {
        let touched: BTreeSet<&StepId> = match &event.kind {
            EventKind::Finished { .. } | EventKind::Resumed { .. } => {
                run.plan().steps.iter().map(|s| &s.id).collect()
            }
            kind => {
                let own = step_of(kind);
                let dependents = own.and_then(|own| self.dependents.get(own));
                own.into_iter()
                    .chain(dependents.into_iter().flatten())
                    .collect()
            }
        };
        let mut lines = Vec::new();
        for id in touched {
            let Some((view, line)) = news(&self.fold, &mut self.printed, id, run) else {
                continue;
            };
            if matches!(event.kind, EventKind::Resumed { .. })
                && !matches!(view, StepView::Failed { .. })
            {
                continue;
            }
            lines.push(step_line(&line, self.width, self.screen.err()));
            if let EventKind::WorkFinished {
                outcome: Outcome::Failed { tail, .. },
                ..
            } = &event.kind
            {
                lines.extend(tail.iter().map(|line| format!("     │ {}", visible(line))));
            }
        }
        for line in lines {
            self.line(&line);
        }
    }

    /// What came to be while nobody drove: `fold` has taken in all events.
    pub fn catch_up(&mut self, fold: Fold, run: &Run) {
        self.fold = fold;
        for step in &run.plan().steps {
            if let Some((_, line)) = news(&self.fold, &mut self.printed, &step.id, run)
                && self.mode != Mode::Json
            {
                self.line(&step_line(&line, self.width, self.screen.err()));
            }
        }
    }

    /// The run as it stands after the events so far.
    pub fn report(&self, run: &Run, now: Timestamp) -> Report {
        self.fold.report(run, now)
    }

    /// A redacted line of a step's output.
    pub fn output(&mut self, step: &StepId, line: &str) {
        if self.mode == Mode::Live {
            self.last_line = format!("{step}: {}", visible(line.trim_end()));
            self.draw();
        }
    }

    fn line(&mut self, text: &str) {
        self.clear();
        self.screen.talk(text);
    }

    fn draw(&mut self) {
        if self.mode != Mode::Live || self.under_way.is_empty() {
            self.clear();
            return;
        }
        let names: Vec<String> = self
            .under_way
            .iter()
            .map(|(step, since)| format!("{step} {}", short(since.elapsed())))
            .collect();
        let text = format!(" ▸ {}   {}", names.join(" · "), self.last_line);
        let paint: Paint = self.screen.err();
        let text = paint.tone(Tone::Hint, &cut(&self.screen.clean(&text), 98));
        Screen::raw(&format!("\r\u{1b}[2K{text}"));
        self.drawn = true;
    }

    /// Takes the moving line away.
    pub fn clear(&mut self) {
        if self.drawn {
            Screen::raw("\r\u{1b}[2K");
            self.drawn = false;
        }
    }
}

/// A step whose settled state is not the one that was printed last.
fn news(
    fold: &Fold,
    printed: &mut BTreeMap<StepId, &'static str>,
    id: &StepId,
    run: &Run,
) -> Option<(StepView, StepReport)> {
    let view = run.view(id)?;
    let word = settled(&view)?;
    if printed.get(id) == Some(&word) {
        return None;
    }
    printed.insert(id.clone(), word);
    Some((view, fold.step(run, id)?))
}

fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// The word of a state that is worth a line of its own.
fn settled(view: &StepView) -> Option<&'static str> {
    match view {
        StepView::Planned
        | StepView::Ready
        | StepView::Working
        | StepView::Publishing
        | StepView::Accepted => None,
        StepView::Unsure => Some("unsure"),
        StepView::Retrying { .. } => Some("retrying"),
        StepView::Asking => Some("asking"),
        StepView::Stands { .. } => Some("stands"),
        StepView::Failed { .. }
        | StepView::Conflict { .. }
        | StepView::Limbo
        | StepView::Doubtful => Some("failed"),
        StepView::Noted { .. } => Some("noted"),
        StepView::Skipped { .. } => Some("skipped"),
        StepView::Undone => Some("undone"),
    }
}

/// The step that an event is about.
pub fn step_of(kind: &EventKind) -> Option<&StepId> {
    match kind {
        EventKind::WorkStarted { step }
        | EventKind::WorkFinished { step, .. }
        | EventKind::Looked { step, .. }
        | EventKind::LookFailed { step, .. }
        | EventKind::Intent { step, .. }
        | EventKind::Accepted { step, .. }
        | EventKind::Refused { step, .. }
        | EventKind::Decided { step, .. }
        | EventKind::RetractIntent { step, .. }
        | EventKind::Retracted { step, .. }
        | EventKind::RetractFailed { step, .. } => Some(step),
        EventKind::Started { .. }
        | EventKind::Resumed { .. }
        | EventKind::Paused { .. }
        | EventKind::UndoStarted { .. }
        | EventKind::Finished { .. } => None,
    }
}

/// An event in one line, for `shipway log`.
pub fn event_line(event: &Event) -> String {
    let text = match &event.kind {
        EventKind::Started { by, host, shipway } => {
            format!("started by {by} on {host} (shipway {shipway})")
        }
        EventKind::Resumed { by, host, .. } => format!("resumed by {by} on {host}"),
        EventKind::Paused { why } => format!("stopped between steps: {why}"),
        EventKind::WorkStarted { step } => format!("{step}: started"),
        EventKind::WorkFinished {
            step,
            outcome: Outcome::Passed { artifacts, .. },
        } => match artifacts.len() {
            0 => format!("{step}: passed"),
            count => format!("{step}: passed, {count} files"),
        },
        EventKind::WorkFinished {
            step,
            outcome: Outcome::Failed { failure, .. },
        } => {
            format!("{step}: failed: {}", failure.message)
        }
        EventKind::Looked {
            step,
            item,
            presence,
        } => {
            use shipway_core::Presence;
            let what = match presence {
                Presence::Absent => "not there".to_owned(),
                Presence::Same { .. } => "there, read back, the same".to_owned(),
                Presence::Different { found } => format!("something else is there: {found}"),
                Presence::Unknown { why } => format!("cannot be looked at: {why}"),
            };
            format!("{step}: {item}: looked: {what}")
        }
        EventKind::LookFailed {
            step,
            item,
            failure,
        } => format!("{step}: {item}: could not look: {}", failure.message),
        EventKind::Intent { step, item, digest } => {
            format!("{step}: {item}: sending {}", digest.short())
        }
        EventKind::Accepted { step, item, .. } => format!("{step}: {item}: accepted"),
        EventKind::Refused {
            step,
            item,
            failure,
        } => format!("{step}: {item}: no success: {}", failure.message),
        EventKind::Decided {
            step,
            decision,
            by,
            note,
            ..
        } => {
            let note = note
                .as_deref()
                .map(|note| format!(" ({note})"))
                .unwrap_or_default();
            format!(
                "{step}: {by} says {}{note}",
                format!("{decision:?}").to_lowercase()
            )
        }
        EventKind::UndoStarted { why } => format!("taking back: {why}"),
        EventKind::RetractIntent { step, item } => format!("{step}: {item}: taking back"),
        EventKind::Retracted { step, item } => format!("{step}: {item}: taken back"),
        EventKind::RetractFailed {
            step,
            item,
            failure,
        } => {
            format!(
                "{step}: {item}: could not be taken back: {}",
                failure.message
            )
        }
        EventKind::Finished { end } => match end {
            End::Released => "finished: everything is done".to_owned(),
            End::RolledBack => "finished: everything is taken back".to_owned(),
        },
    };
    format!("{:>4}  {}  {}", event.seq, event.at, visible(&text))
}
