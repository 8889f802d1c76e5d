//! The smallest engine: a journal in memory, a clock that jumps, and death at a chosen entry.

use super::World;
use shipway_core::event::{Artifact, Decision, Event, EventKind, Outcome};
use shipway_core::name::StepId;
use shipway_core::plan::{self, Action, Items, Plan, Script, Source, Stage, Step, Task, Weight};
use shipway_core::run::{Ask, AskKind, Command, Rest};
use shipway_core::target::{FailureKind, Item, Target};
use shipway_core::time::{Millis, Timestamp};
use shipway_core::{Digest, Oid, RefName, Run};

/// More steps than any run of the contract takes.
const MOST_STEPS: usize = 5_000;

/// How a run came to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rested {
    Ended(shipway_core::event::End),
    /// It waits for somebody to resume.
    Stopped,
    /// It waits for a person's answer.
    Asks(Vec<Ask>),
    /// The process died, as it was told to.
    Died,
}

pub use shipway_core::event::End as Ended;

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    Never,
    /// Right after this many entries are in the journal.
    After(usize),
    /// When it would write the entry that follows this many: what that entry tells has happened already.
    Before(usize),
}

/// Drives one plan over one destination.
pub struct Engine<'a> {
    world: &'a dyn World,
    target: Box<dyn Target>,
    plan: Plan,
    pub journal: Vec<Event>,
    now: Timestamp,
    death: Death,
}

struct Dead;

impl<'a> Engine<'a> {
    /// A run that publishes the world's items, after sealing those that are files. `number` tells two plans apart.
    pub fn new(world: &'a dyn World, number: u32) -> Self {
        Self::of(world, plan_of(world, number, Then::Ends))
    }

    /// Like [`Engine::new`]; afterwards it waits for a person, so that it can be taken back while everything stands.
    pub fn waiting(world: &'a dyn World, number: u32) -> Self {
        Self::of(world, plan_of(world, number, Then::Waits))
    }

    fn of(world: &'a dyn World, plan: Plan) -> Self {
        plan.check().expect("a plan that keeps the rules");
        Self {
            world,
            target: world.target(),
            plan,
            journal: Vec::new(),
            now: Timestamp(1_795_255_200_000),
            death: Death::Never,
        }
    }

    /// Starts and drives until it rests.
    pub fn start(&mut self) -> Rested {
        let (by, host, shipway) = who();
        match self.append(EventKind::Started { by, host, shipway }) {
            Ok(()) => self.drive(),
            Err(Dead) => Rested::Died,
        }
    }

    /// A new process carries on: a new target, and whatever was under way has lost its answer.
    pub fn resume(&mut self) -> Rested {
        self.target = self.world.target();
        self.now = self.now.after(Millis::seconds(5));
        if self.journal.is_empty() {
            return self.start();
        }
        if let Rested::Ended(end) = self.rest_now() {
            return Rested::Ended(end);
        }
        let (by, host, shipway) = who();
        match self.append(EventKind::Resumed { by, host, shipway }) {
            Ok(()) => self.drive(),
            Err(Dead) => Rested::Died,
        }
    }

    /// Begins to take everything back and drives until it rests.
    pub fn undo(&mut self) -> Rested {
        let why = "the contract asks for it".to_owned();
        match self.append(EventKind::UndoStarted { why }) {
            Ok(()) => self.drive(),
            Err(Dead) => Rested::Died,
        }
    }

    /// Answers for a person who looked at the destination.
    pub fn decide(&mut self, step: &StepId, decision: Decision) -> Rested {
        let kind = EventKind::Decided {
            step: step.clone(),
            decision,
            by: "somebody".to_owned(),
            note: None,
            subject: None,
        };
        match self.append(kind) {
            Ok(()) => self.drive(),
            Err(Dead) => Rested::Died,
        }
    }

    pub fn die(&mut self, death: Death) {
        self.death = death;
    }

    /// The run as the journal tells it.
    pub fn run(&self) -> Run {
        let mut run = Run::new(self.plan.clone());
        for event in &self.journal {
            if let Err(illegal) = run.apply(event) {
                unreachable!("{illegal}\n{}", self.story());
            }
        }
        run
    }

    /// How often something was sent out.
    pub fn intents(&self) -> usize {
        let is_intent = |event: &&Event| matches!(event.kind, EventKind::Intent { .. });
        self.journal.iter().filter(is_intent).count()
    }

    /// The journal, for the message of a failed test.
    pub fn story(&self) -> String {
        let lines = self.journal.iter().map(|event| {
            format!(
                "{:>3} +{} {:?}",
                event.seq,
                event.at.since(self.journal[0].at),
                event.kind
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn rest_now(&self) -> Rested {
        match self.run().next(self.now).rest {
            Rest::Ended(end) => Rested::Ended(end),
            _ => Rested::Stopped,
        }
    }

    fn append(&mut self, kind: EventKind) -> Result<(), Dead> {
        if self.death == Death::Before(self.journal.len()) {
            self.death = Death::Never;
            return Err(Dead);
        }
        // Nothing takes no time.
        self.now = self.now.after(Millis(1));
        let seq = self.journal.len() as u64 + 1;
        self.journal.push(Event {
            seq,
            at: self.now,
            kind,
        });
        if self.death == Death::After(self.journal.len()) {
            self.death = Death::Never;
            return Err(Dead);
        }
        Ok(())
    }

    fn drive(&mut self) -> Rested {
        for _ in 0..MOST_STEPS {
            let run = self.run();
            let next = run.next(self.now);
            if let Some(command) = next.commands.first() {
                if self.carry_out(&run, command).is_err() {
                    return Rested::Died;
                }
                continue;
            }
            match (next.rest, next.wake) {
                (Rest::Ends(end), _) => {
                    if self.append(EventKind::Finished { end }).is_err() {
                        return Rested::Died;
                    }
                }
                (Rest::Ended(end), _) => return Rested::Ended(end),
                (Rest::Stopped, _) => return Rested::Stopped,
                (Rest::Waiting, Some(wake)) => self.now = wake.max(self.now.after(Millis(1))),
                (Rest::Waiting | Rest::Busy, _) => return Rested::Asks(next.asks),
            }
        }
        unreachable!("the run does not come to rest\n{}", self.story());
    }

    fn carry_out(&mut self, run: &Run, command: &Command) -> Result<(), Dead> {
        match command.clone() {
            Command::Work { step } => {
                self.append(EventKind::WorkStarted { step: step.clone() })?;
                let artifacts = artifacts(&self.world.items());
                self.append(EventKind::WorkFinished {
                    step,
                    outcome: Outcome::Passed {
                        evidence: vec![],
                        artifacts,
                    },
                })
            }
            Command::Look { step, item } => {
                let kind = match self.target.observe(&find(run, &step, &item)) {
                    Ok(presence) => EventKind::Looked {
                        step,
                        item,
                        presence,
                    },
                    Err(failure) => EventKind::LookFailed {
                        step,
                        item,
                        failure,
                    },
                };
                self.append(kind)
            }
            Command::Publish { step, item } => {
                let found = find(run, &step, &item);
                self.append(EventKind::Intent {
                    step: step.clone(),
                    item: item.clone(),
                    digest: found.digest.clone(),
                })?;
                let kind = match self.target.publish(&found) {
                    Ok(receipt) => EventKind::Accepted {
                        step,
                        item,
                        receipt,
                    },
                    Err(failure) => EventKind::Refused {
                        step,
                        item,
                        failure,
                    },
                };
                self.append(kind)
            }
            Command::Retract { step, item } => {
                let found = find(run, &step, &item);
                let receipt = run.receipt(&step, &item).cloned().unwrap_or_default();
                self.append(EventKind::RetractIntent {
                    step: step.clone(),
                    item: item.clone(),
                })?;
                let kind = match self.target.retract(&found, &receipt) {
                    Ok(()) => EventKind::Retracted { step, item },
                    Err(failure) => EventKind::RetractFailed {
                        step,
                        item,
                        failure,
                    },
                };
                self.append(kind)
            }
        }
    }

    /// How long after each refusal with a wanted wait the item was touched again, and how long that wait was.
    pub fn waits(&self) -> Vec<(Millis, Millis)> {
        let mut waits = Vec::new();
        for (position, event) in self.journal.iter().enumerate() {
            let (EventKind::Refused { item, failure, .. }
            | EventKind::LookFailed { item, failure, .. }) = &event.kind
            else {
                continue;
            };
            let FailureKind::Transient {
                retry_after: Some(asked),
            } = failure.kind
            else {
                continue;
            };
            let touches = |event: &&Event| match &event.kind {
                EventKind::Intent { item: other, .. }
                | EventKind::Looked { item: other, .. }
                | EventKind::LookFailed { item: other, .. } => other == item,
                _ => false,
            };
            if let Some(next) = self.journal[position + 1..].iter().find(touches) {
                waits.push((next.at.since(event.at), asked));
            }
        }
        waits
    }
}

/// The step that is asked about after its answer was lost for good.
pub fn doubtful(rested: &Rested) -> Option<StepId> {
    match rested {
        Rested::Asks(asks) => asks
            .iter()
            .find(|ask| ask.kind == AskKind::Lost)
            .map(|ask| ask.step.clone()),
        _ => None,
    }
}

/// The step that publishes.
pub fn publishing() -> StepId {
    id("publish/target")
}

fn find(run: &Run, step: &StepId, name: &str) -> Item {
    run.items(step)
        .into_iter()
        .find(|item| item.name == name)
        .cloned()
        .expect("an item of the step")
}

fn artifacts(items: &[Item]) -> Vec<Artifact> {
    let mut all: Vec<Artifact> = items
        .iter()
        .filter_map(|item| {
            Some(Artifact {
                name: item.name.clone(),
                digest: item.digest.clone(),
                size: item.size?,
            })
        })
        .collect();
    all.sort();
    all
}

fn who() -> (String, String, String) {
    ("somebody".to_owned(), "host".to_owned(), "0.1.0".to_owned())
}

fn id(name: &str) -> StepId {
    StepId::new(name).expect("a valid name")
}

/// What comes after publishing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Ends,
    Waits,
}

fn plan_of(world: &dyn World, number: u32, then: Then) -> Plan {
    let mut steps = Vec::new();
    let mut publish = world.publish();
    let items = world.items();
    let has_files = items.iter().any(|item| item.size.is_some());
    if has_files {
        assert!(
            matches!(publish.items, Items::Sealed { .. }),
            "files are published from the seal"
        );
        let script = Script {
            artifacts: vec!["*".to_owned()],
            ..Script::default()
        };
        steps.push(step("build/files", Stage::Build, Action::Run(script), &[]));
        steps.push(step("seal", Stage::Seal, Action::Seal, &["build/files"]));
    } else {
        publish.items = Items::Fixed(items);
    }
    let needs: &[&str] = if has_files { &["seal"] } else { &[] };
    let action = Action::Publish(publish);
    steps.push(step("publish/target", Stage::Publish, action, needs));
    if then == Then::Waits {
        let task = Action::Task(Task {
            text: "wait".to_owned(),
            who: None,
            probe: None,
        });
        steps.push(step(
            "follow-up/wait",
            Stage::FollowUp,
            task,
            &["publish/target"],
        ));
    }
    let head = Oid::new("0123456789abcdef0123456789abcdef01234567").expect("an id");
    Plan {
        format: plan::FORMAT,
        made_by: "0.1.0".to_owned(),
        made_at: Timestamp(i64::from(number)),
        flow: "release".to_owned(),
        project: "contract".to_owned(),
        line: "1.0".to_owned(),
        version: "1.0.0".to_owned(),
        previous: None,
        because: vec![],
        source: Source {
            branch: RefName::branch("main").expect("a name"),
            head,
            remote: "origin".to_owned(),
            url: "file:///nowhere".to_owned(),
            config: Digest::of(b""),
        },
        commits: vec![],
        tag: None,
        notes: String::new(),
        steps,
        destinations: vec![],
        limits: vec![],
        warnings: vec![],
    }
}

fn step(name: &str, stage: Stage, action: Action, needs: &[&str]) -> Step {
    Step {
        id: id(name),
        stage,
        title: name.to_owned(),
        why: "the contract".to_owned(),
        needs: needs.iter().map(|need| id(need)).collect(),
        weight: Weight::Required,
        skip: None,
        action,
    }
}
