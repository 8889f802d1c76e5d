//! What people and programs are told about a run: one fold over its events, which the terminal, the JSON output and the HTML
//! page all print.
//!
//! Invariants: the same events give the same report; nothing in it is decided here that the machine has not decided.

use crate::event::{Artifact, End, Event, EventKind, Evidence, Outcome};
use crate::name::StepId;
use crate::plan::{Action, Plan, Repeat, Stage, Weight};
use crate::run::{AskKind, Illegal, Public, Rest, Run, StepView, Stopped};
use crate::target::Presence;
use crate::time::{Millis, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the JSON form of [`Report`].
pub const FORMAT: u32 = 1;

/// A run as it stands.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub format: u32,
    pub run: String,
    pub project: String,
    pub version: String,
    pub previous: Option<String>,
    pub flow: String,
    pub state: State,
    pub started: Option<Timestamp>,
    pub latest: Option<Timestamp>,
    pub steps: Vec<StepReport>,
    /// What is, or may be, at a destination by now.
    pub public: Vec<Public>,
    pub past_the_point_of_no_return: bool,
    pub stopped: Option<Stopped>,
    pub undo_reason: Option<String>,
    /// Digest of the sealed manifest, once there is one.
    pub manifest: Option<String>,
    pub artifacts: Vec<Artifact>,
    pub asks: Vec<AskReport>,
    pub waits_until: Option<Timestamp>,
    pub resumed: u32,
    /// Times in which nobody drove the run.
    pub down: Vec<Span>,
}

/// The run in one word.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    New,
    /// Something is, or can be, under way.
    Going,
    WaitingForPerson,
    /// A timer is running: a registry asked to come back later, or an index has not shown a file yet.
    WaitingForTime,
    /// A person or a signal stopped it between steps.
    Paused,
    /// A required step failed; a person has to look.
    Halted,
    Undoing,
    Released,
    /// A run that withdraws a version is done.
    Withdrawn,
    RolledBack,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Going => "going",
            Self::WaitingForPerson => "waiting for a person",
            Self::WaitingForTime => "waiting",
            Self::Paused => "paused",
            Self::Halted => "stopped half way",
            Self::Undoing => "being taken back",
            Self::Released => "released",
            Self::Withdrawn => "withdrawn",
            Self::RolledBack => "rolled back",
        }
    }
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    pub id: StepId,
    pub stage: Stage,
    pub title: String,
    pub why: String,
    pub best_effort: bool,
    pub irreversible: bool,
    pub view: StepView,
    pub spans: Vec<Span>,
    /// Times that something was sent or started.
    pub attempts: u32,
    /// Who decided what, and when.
    pub decisions: Vec<DecisionReport>,
    /// Figures of the last attempt.
    pub evidence: Vec<Evidence>,
    pub items: Vec<String>,
}

impl StepReport {
    pub fn started(&self) -> Option<Timestamp> {
        self.spans.iter().map(|span| span.from).min()
    }

    pub fn ended(&self) -> Option<Timestamp> {
        self.spans.iter().filter_map(|span| span.to).max()
    }

    /// Time in which the step itself was busy; waiting for people and timers does not count.
    pub fn busy(&self) -> Millis {
        let busy = self
            .spans
            .iter()
            .filter(|span| !matches!(span.kind, SpanKind::Person | SpanKind::Retry));
        Millis(
            busy.filter_map(|span| span.to.map(|to| to.since(span.from).0))
                .sum(),
        )
    }
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize)]
pub struct DecisionReport {
    pub by: String,
    pub at: Timestamp,
    pub decision: crate::event::Decision,
    pub note: Option<String>,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize)]
pub struct AskReport {
    pub step: StepId,
    pub title: String,
    /// Role or person.
    pub who: Option<String>,
    /// `approve`, `task`, `lost`
    pub kind: &'static str,
    pub subject: Option<String>,
    pub given: u32,
    pub quorum: u32,
}

/// A stretch of time of a step.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    pub kind: SpanKind,
    pub from: Timestamp,
    /// `None` while it lasts.
    pub to: Option<Timestamp>,
    /// The item, or what happened.
    pub note: String,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanKind {
    Work,
    /// Bytes are on their way.
    Publish,
    /// Accepted, not readable yet; or the answer was lost and is being found out.
    Settle,
    /// The destination asked to come back later, or a fault is waited out.
    Retry,
    /// A person is asked.
    Person,
    Retract,
    /// Nobody drives the run.
    Down,
}

impl Report {
    /// The report after these events. `now` is only used to say what is waited for.
    pub fn of(plan: &Plan, events: &[Event], now: Timestamp) -> Result<Self, Illegal> {
        let mut run = Run::new(plan.clone());
        let mut fold = Fold::default();
        for event in events {
            run.apply(event)?;
            fold.add(event, &run);
        }
        Ok(fold.report(&run, now))
    }

    pub fn step(&self, id: &StepId) -> Option<&StepReport> {
        self.steps.iter().find(|step| step.id == *id)
    }
}

type Open = BTreeMap<(StepId, String), usize>;

/// What events say beside the machine's state: when, how often, by whom. Grows event by event, beside a [`Run`].
#[derive(Default)]
pub struct Fold {
    spans: BTreeMap<StepId, Vec<Span>>,
    /// The span that is open for a step's item.
    open: Open,
    attempts: BTreeMap<StepId, u32>,
    decisions: BTreeMap<StepId, Vec<DecisionReport>>,
    evidence: BTreeMap<StepId, Vec<Evidence>>,
    down: Vec<Span>,
    resumed: u32,
    started: Option<Timestamp>,
    latest: Option<Timestamp>,
}

impl Fold {
    /// Takes in an event that `run` has just applied.
    pub fn add(&mut self, event: &Event, run: &Run) {
        let at = event.at;
        self.started.get_or_insert(at);
        match &event.kind {
            EventKind::Resumed { .. } => {
                self.resumed += 1;
                let from = self.latest.unwrap_or(at);
                self.down.push(Span {
                    kind: SpanKind::Down,
                    from,
                    to: Some(at),
                    note: "nobody drove the run".to_owned(),
                });
                for (step, item) in self.open.keys().cloned().collect::<Vec<_>>() {
                    self.close(&step, &item, from);
                }
            }
            EventKind::WorkStarted { step } => {
                *self.attempts.entry(step.clone()).or_default() += 1;
                self.start(SpanKind::Work, step, "", at, String::new());
            }
            EventKind::WorkFinished { step, outcome } => {
                self.close(step, "", at);
                let (Outcome::Passed { evidence, .. } | Outcome::Failed { evidence, .. }) = outcome;
                self.evidence.insert(step.clone(), evidence.clone());
            }
            EventKind::Intent { step, item, .. } => {
                *self.attempts.entry(step.clone()).or_default() += 1;
                self.start(SpanKind::Publish, step, item, at, item.clone());
            }
            EventKind::Accepted { step, item, .. } => {
                self.start(
                    SpanKind::Settle,
                    step,
                    item,
                    at,
                    format!("{item} accepted, being read back"),
                );
            }
            EventKind::Refused {
                step,
                item,
                failure,
            } => {
                let kind = match failure.kind {
                    crate::FailureKind::Transient { .. } => SpanKind::Retry,
                    _ => SpanKind::Settle,
                };
                self.start(kind, step, item, at, failure.message.clone());
            }
            EventKind::LookFailed {
                step,
                item,
                failure,
            } => {
                self.start(SpanKind::Retry, step, item, at, failure.message.clone());
            }
            EventKind::Looked {
                step,
                item,
                presence,
            } => match presence {
                Presence::Absent if self.open.contains_key(&(step.clone(), item.clone())) => {}
                Presence::Same { .. } if !self.spans.contains_key(step) => {
                    self.start(
                        SpanKind::Settle,
                        step,
                        item,
                        at,
                        format!("{item} was there already"),
                    );
                    self.close(step, item, at);
                }
                _ => self.close(step, item, at),
            },
            EventKind::RetractIntent { step, item } => {
                self.start(
                    SpanKind::Retract,
                    step,
                    item,
                    at,
                    format!("taking {item} back"),
                );
            }
            EventKind::Retracted { step, item } => self.close(step, item, at),
            EventKind::RetractFailed {
                step,
                item,
                failure,
            } => {
                self.start(SpanKind::Retry, step, item, at, failure.message.clone());
            }
            EventKind::Decided {
                step,
                decision,
                by,
                note,
                ..
            } => {
                self.decisions
                    .entry(step.clone())
                    .or_default()
                    .push(DecisionReport {
                        by: by.clone(),
                        at,
                        decision: *decision,
                        note: note.clone(),
                    });
            }
            EventKind::Started { .. }
            | EventKind::Paused { .. }
            | EventKind::UndoStarted { .. } => {}
            EventKind::Finished { .. } => {
                for (step, item) in self.open.keys().cloned().collect::<Vec<_>>() {
                    self.close(&step, &item, at);
                }
            }
        }
        self.latest = Some(at);
        if matches!(
            event.kind,
            EventKind::Started { .. }
                | EventKind::Resumed { .. }
                | EventKind::WorkFinished { .. }
                | EventKind::Decided { .. }
                | EventKind::Looked { .. }
        ) {
            self.note_asks(run, at);
        }
    }

    fn note_asks(&mut self, run: &Run, at: Timestamp) {
        if !run.plan().steps.iter().any(|step| may_ask(&step.action)) {
            return;
        }
        let asks: Vec<StepId> = run.next(at).asks.into_iter().map(|ask| ask.step).collect();
        for step in &asks {
            if !self.open.contains_key(&(step.clone(), String::new())) {
                self.start(
                    SpanKind::Person,
                    step,
                    "",
                    at,
                    "a person is asked".to_owned(),
                );
            }
        }
        let answered: Vec<StepId> = self
            .open
            .iter()
            .filter(|((step, item), index)| {
                item.is_empty()
                    && !asks.contains(step)
                    && self
                        .spans
                        .get(step)
                        .and_then(|spans| spans.get(**index))
                        .is_some_and(|s| s.kind == SpanKind::Person)
            })
            .map(|((step, _), _)| step.clone())
            .collect();
        for step in answered {
            self.close(&step, "", at);
        }
    }

    fn start(&mut self, kind: SpanKind, step: &StepId, item: &str, at: Timestamp, note: String) {
        self.close(step, item, at);
        let spans = self.spans.entry(step.clone()).or_default();
        self.open
            .insert((step.clone(), item.to_owned()), spans.len());
        spans.push(Span {
            kind,
            from: at,
            to: None,
            note,
        });
    }

    fn close(&mut self, step: &StepId, item: &str, at: Timestamp) {
        let Some(index) = self.open.remove(&(step.clone(), item.to_owned())) else {
            return;
        };
        if let Some(span) = self
            .spans
            .get_mut(step)
            .and_then(|spans| spans.get_mut(index))
        {
            span.to = Some(at.max(span.from));
        }
    }

    /// A step as it stands. `None` for a step that the plan does not have.
    pub fn step(&self, run: &Run, id: &StepId) -> Option<StepReport> {
        let step = run.plan().steps.iter().find(|step| step.id == *id)?;
        Some(StepReport {
            id: step.id.clone(),
            stage: step.stage,
            title: step.title.clone(),
            why: step.why.clone(),
            best_effort: step.weight == Weight::BestEffort,
            irreversible: step.is_irreversible(),
            view: run.view(&step.id).unwrap_or(StepView::Planned),
            spans: self.spans.get(&step.id).cloned().unwrap_or_default(),
            attempts: self.attempts.get(&step.id).copied().unwrap_or(0),
            decisions: self.decisions.get(&step.id).cloned().unwrap_or_default(),
            evidence: self.evidence.get(&step.id).cloned().unwrap_or_default(),
            items: run
                .items(&step.id)
                .iter()
                .map(|item| item.name.clone())
                .collect(),
        })
    }

    /// The run as it stands. `now` is only used to say what is waited for.
    pub fn report(&self, run: &Run, now: Timestamp) -> Report {
        let plan = run.plan();
        let next = run.next(now);
        let asks = next
            .asks
            .iter()
            .map(|ask| ask_report(plan, ask))
            .collect::<Vec<_>>();
        Report {
            format: FORMAT,
            run: run.id().to_string(),
            project: plan.project.clone(),
            version: plan.version.clone(),
            previous: plan.previous.clone(),
            flow: plan.flow.clone(),
            state: state(run, &next.rest, !asks.is_empty()),
            started: self.started,
            latest: self.latest,
            steps: plan
                .steps
                .iter()
                .filter_map(|step| self.step(run, &step.id))
                .collect(),
            public: run.public(),
            past_the_point_of_no_return: run.is_past_the_point_of_no_return(),
            stopped: run.stopped(),
            undo_reason: run.undo_reason().map(str::to_owned),
            manifest: run.manifest().map(|manifest| manifest.digest().to_string()),
            artifacts: run
                .manifest()
                .map(|manifest| manifest.0.clone())
                .unwrap_or_default(),
            asks,
            waits_until: next.wake,
            resumed: self.resumed,
            down: self.down.clone(),
        }
    }
}

fn may_ask(action: &Action) -> bool {
    match action {
        Action::Approve(_) | Action::Task(_) => true,
        Action::Run(script) => script.repeat == Repeat::Unsafe,
        _ => false,
    }
}

fn ask_report(plan: &Plan, ask: &crate::run::Ask) -> AskReport {
    let step = plan.step(&ask.step);
    let who = step.and_then(|step| match &step.action {
        Action::Approve(approve) => Some(approve.who.clone()),
        Action::Task(task) => task.who.clone(),
        _ => None,
    });
    let title = step.map(|step| step.title.clone()).unwrap_or_default();
    let (kind, subject, given, quorum) = match &ask.kind {
        AskKind::Approve {
            subject,
            given,
            quorum,
        } => ("approve", Some(subject.to_string()), *given, *quorum),
        AskKind::Task => ("task", None, 0, 1),
        AskKind::Lost => ("lost", None, 0, 1),
    };
    AskReport {
        step: ask.step.clone(),
        title,
        who,
        kind,
        subject,
        given,
        quorum,
    }
}

fn state(run: &Run, rest: &Rest, asks: bool) -> State {
    match (run.end(), run.stopped()) {
        _ if run.seq() == 0 => State::New,
        (Some(End::Released), _) if run.plan().is_withdrawal() => State::Withdrawn,
        (Some(End::Released), _) => State::Released,
        (Some(End::RolledBack), _) => State::RolledBack,
        (None, Some(Stopped::Paused { .. })) => State::Paused,
        (None, Some(_)) => State::Halted,
        (None, None) if run.is_undoing() => State::Undoing,
        (None, None) if *rest == Rest::Waiting && asks => State::WaitingForPerson,
        (None, None) if *rest == Rest::Waiting => State::WaitingForTime,
        (None, None) => State::Going,
    }
}
