//! A simulated engine: several commands in flight, answers in any order, crashes, power losses, pauses, people, a clock that
//! is set back. It drives the real machine and does nothing that the machine did not offer.

use super::dice::Dice;
use super::plans::Shape;
use super::world::{Fault, Key, World, receipt};
use shipway_core::digest::Digest;
use shipway_core::event::{Artifact, Decision, End, Event, EventKind, Outcome};
use shipway_core::name::StepId;
use shipway_core::plan::{Action, Items, Plan, Publish};
use shipway_core::run::{Ask, AskKind, Command, Next, Rest, Run};
use shipway_core::target::{Again, Failure, FailureKind, Item};
use shipway_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// What may go wrong, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    pub faults: u32,
    pub crashes: u32,
    /// Of the crashes, one in so many is a power loss; 0 for none.
    pub power: usize,
    pub pauses: u32,
    pub undos: u32,
    pub set_backs: u32,
    pub foreign: bool,
    pub side_by_side: usize,
    /// Compare the run with a replay of its journal at the end, prefix by prefix.
    pub replay: bool,
}

impl Habits {
    pub const CALM: Self = Self {
        faults: 0,
        crashes: 0,
        power: 0,
        pauses: 0,
        undos: 0,
        set_backs: 0,
        foreign: false,
        side_by_side: 4,
        replay: false,
    };
    pub const WILD: Self = Self {
        faults: 8,
        crashes: 3,
        power: 2,
        pauses: 1,
        undos: 1,
        set_backs: 0,
        foreign: true,
        side_by_side: 4,
        replay: false,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What `next` offers may start, and what was under way may be answered.
    Legal,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    /// Nothing is doubled.
    Once,
    /// No effect without a durable intent, at most one content per name, verified only if read back, order of the way back.
    I1,
    I2,
    I3,
    I8,
    /// All that is out there by our doing is said to be public.
    Told,
    /// A destination is not asked before the time that it said.
    Waits,
    /// The run ends or stops for a reason.
    Ends,
}

pub struct Flight {
    pub command: Command,
    artifacts: Vec<Artifact>,
}

fn target_of<'a>(plan: &'a Plan, step: &StepId) -> Option<&'a String> {
    match &plan.step(step)?.action {
        Action::Publish(publish) => Some(&publish.target.name),
        _ => None,
    }
}

impl Flight {
    fn goes_to(&self, plan: &Plan, publish: &Publish) -> bool {
        match &self.command {
            Command::Publish { step, .. } | Command::Retract { step, .. } => {
                target_of(plan, step) == Some(&publish.target.name)
            }
            _ => false,
        }
    }
}

pub struct Sim {
    pub plan: Plan,
    pub run: Run,
    pub journal: Vec<Event>,
    /// True time of each event.
    pub times: Vec<u64>,
    durable: usize,
    recorded: Vec<Next>,
    pub world: World,
    pub foreign: Vec<Key>,
    pub flights: Vec<Flight>,
    dice: Dice,
    habits: Habits,
    pub true_now: u64,
    pub set_back_by: u64,
    set_backs: u32,
    builds: BTreeMap<StepId, u32>,
    pub wrong: Vec<(Rule, String)>,
}

const BEGIN: i64 = 1_000_000_000;

impl Sim {
    pub fn new(shape: &Shape, seed: u64, habits: Habits) -> Self {
        let plan = shape.plan();
        let mut sim = Self {
            run: Run::new(plan.clone()),
            plan,
            journal: vec![],
            times: vec![],
            durable: 0,
            recorded: vec![],
            world: World::default(),
            foreign: vec![],
            flights: vec![],
            dice: Dice(seed),
            habits,
            true_now: 0,
            set_back_by: 0,
            set_backs: 0,
            builds: BTreeMap::new(),
            wrong: vec![],
        };
        if habits.foreign {
            sim.put_foreign_things();
        }
        let started = EventKind::Started {
            by: "p".into(),
            host: "h".into(),
            shipway: "1".into(),
        };
        sim.record(started);
        sim
    }

    fn put_foreign_things(&mut self) {
        for step in &self.plan.steps {
            let Action::Publish(publish) = &step.action else {
                continue;
            };
            let Items::Fixed(items) = &publish.items else {
                continue;
            };
            for item in items {
                if publish.again == Again::Never || step.skip.is_some() || !self.dice.one_in(8) {
                    continue;
                }
                let key = (step.id.clone(), item.name.clone());
                let digest = if self.dice.one_in(4) {
                    Digest::of(b"other")
                } else {
                    item.digest.clone()
                };
                self.world.put_foreign(key.clone(), digest);
                self.foreign.push(key);
            }
        }
    }

    pub fn now(&self) -> Timestamp {
        let ms = i64::try_from(self.true_now).unwrap() - i64::try_from(self.set_back_by).unwrap();
        Timestamp(BEGIN + ms)
    }

    pub fn breaks(&mut self, rule: Rule, what: impl Into<String>) {
        self.wrong.push((rule, what.into()));
    }

    /// Drives the run until it ends or nothing more can be done.
    pub fn drive(&mut self) {
        let mut resumes = 0;
        for turn in 0..4_000 {
            if !self.wrong.is_empty() {
                return;
            }
            if turn > 400 {
                self.habits = Habits {
                    foreign: self.habits.foreign,
                    replay: self.habits.replay,
                    ..Habits::CALM
                };
            }
            self.true_now += self.dice.up_to(300);
            if self.mischief() {
                continue;
            }
            let now = self.now();
            let next = self.run.next(now);
            if !next.asks.is_empty() && self.dice.one_in(4) {
                self.answer(&next.asks);
                continue;
            }
            let fresh: Vec<&Command> = next
                .commands
                .iter()
                .filter(|command| {
                    !self
                        .flights
                        .iter()
                        .any(|flight| flight.command == **command)
                })
                .collect();
            if self.dice.one_in(6) {
                self.try_what_is_not_offered(&next);
            }
            let room = self.habits.side_by_side.saturating_sub(self.flights.len());
            if room > 0 && !fresh.is_empty() && (self.flights.is_empty() || self.dice.one_in(2)) {
                // One alone, or as many as there is room for, all from one answer.
                let from = self.dice.below(fresh.len());
                let many = if self.dice.one_in(2) { 1 } else { room };
                let chosen: Vec<Command> = fresh
                    .into_iter()
                    .cycle()
                    .skip(from)
                    .take(many)
                    .cloned()
                    .collect();
                for command in chosen {
                    if !self.flights.iter().any(|flight| flight.command == command) {
                        self.start(command);
                    }
                }
            } else if !self.flights.is_empty() {
                let flight = self
                    .flights
                    .swap_remove(self.dice.below(self.flights.len()));
                self.complete(flight);
            } else {
                match next.rest {
                    Rest::Busy => self.breaks(Rule::Ends, "busy, and nothing is under way"),
                    Rest::Waiting if !next.asks.is_empty() => self.answer(&next.asks),
                    Rest::Waiting => match next.wake {
                        Some(wake) if wake > now => self.true_now += wake.since(now).0,
                        wake => self.breaks(Rule::Ends, format!("waits for nothing: {wake:?}")),
                    },
                    Rest::Stopped => {
                        if self.run.stopped().is_none() {
                            self.breaks(Rule::Ends, "stopped without a name");
                        }
                        resumes += 1;
                        if resumes > 30 {
                            return self.may_stay_stopped();
                        }
                        self.true_now += self.dice.up_to(60_000);
                        self.resume();
                    }
                    Rest::Ends(end) => self.record(EventKind::Finished { end }),
                    Rest::Ended(_) => return self.finish(),
                }
            }
        }
        self.breaks(Rule::Ends, "goes on for ever");
    }

    /// Only other bytes under our names can keep a calm run from ending.
    fn may_stay_stopped(&mut self) {
        let plan = self.plan.clone();
        let conflict = plan.steps.iter().any(|step| {
            self.run.items(&step.id).iter().any(|item| {
                let key = (step.id.clone(), item.name.clone());
                self.world
                    .things
                    .get(&key)
                    .is_some_and(|thing| thing.digest != item.digest)
            })
        });
        if !conflict {
            let stopped = self.run.stopped();
            self.breaks(
                Rule::Ends,
                format!("stays {stopped:?} though nothing fails any more"),
            );
        }
    }

    fn mischief(&mut self) -> bool {
        if self.habits.crashes > 0 && self.dice.one_in(15) {
            self.habits.crashes -= 1;
            self.crash();
            return true;
        }
        if self.habits.set_backs > 0 && self.dice.one_in(15) {
            self.habits.set_backs -= 1;
            self.set_backs += 1;
            self.set_back_by += self.dice.up_to(100_000);
        }
        if self.habits.pauses > 0 && self.run.end().is_none() && self.dice.one_in(30) {
            self.habits.pauses -= 1;
            self.record(EventKind::Paused {
                why: "Ctrl-C".into(),
            });
        }
        if self.habits.undos > 0 && self.run.end().is_none() && self.dice.one_in(30) {
            self.habits.undos -= 1;
            let refused = self.run.is_undoing() || self.run.is_past_the_point_of_no_return();
            let undo = EventKind::UndoStarted {
                why: "changed my mind".into(),
            };
            if refused {
                self.must_be_refused(undo, Rule::R4);
            } else {
                self.record(undo);
            }
        }
        false
    }

    /// R1, R2 and R7 from the other side: what is not offered is not accepted either.
    fn try_what_is_not_offered(&mut self, next: &Next) {
        let position = self.dice.below(self.plan.steps.len());
        let (step, action) = {
            let step = &self.plan.steps[position];
            (step.id.clone(), step.action.clone())
        };
        let items: Vec<Item> = self.run.items(&step).into_iter().cloned().collect();
        let offered = |command: &Command| next.commands.contains(command);
        match action {
            Action::Run(_) | Action::Seal if !offered(&Command::Work { step: step.clone() }) => {
                self.must_be_refused(EventKind::WorkStarted { step }, Rule::R1);
            }
            Action::Publish(publish) if !items.is_empty() => {
                let found = &items[self.dice.below(items.len())];
                let item = found.name.clone();
                // One after the other to one target is a courtesy to it, and no rule of the run.
                let is_waiting = publish.again == Again::Never
                    || self.flights.iter().any(|flight| flight.goes_to(&self.plan, &publish))
                    || next.commands.iter().any(|command| {
                        matches!(command, Command::Publish { step, .. } | Command::Retract { step, .. }
                            if target_of(&self.plan, step) == Some(&publish.target.name))
                    });
                if is_waiting {
                    return;
                }
                let digest = found.digest.clone();
                let intent = EventKind::Intent {
                    step: step.clone(),
                    item: item.clone(),
                    digest,
                };
                self.must_be_refused(intent, Rule::R7);
                self.must_be_refused(EventKind::RetractIntent { step, item }, Rule::R2);
            }
            _ => {}
        }
    }

    /// Something that the machine must not accept, and that must leave no trace in it.
    fn must_be_refused(&mut self, kind: EventKind, rule: Rule) {
        let event = Event {
            seq: self.run.seq() + 1,
            at: self.now(),
            kind,
        };
        let before = self.run.clone();
        if self.run.apply(&event).is_ok() {
            self.breaks(rule, format!("accepted {:?}", event.kind));
        } else if self.run != before {
            self.breaks(
                Rule::Legal,
                format!("a refused {:?} left a trace", event.kind),
            );
        }
    }

    pub fn record(&mut self, kind: EventKind) {
        let event = Event {
            seq: self.run.seq() + 1,
            at: self.now(),
            kind,
        };
        let durable = self.run.must_be_durable(&event.kind);
        if let Err(illegal) = self.run.apply(&event) {
            return self.breaks(Rule::Legal, format!("{illegal}: {:?}", event.kind));
        }
        self.journal.push(event.clone());
        self.times.push(self.true_now);
        if durable {
            self.durable = self.journal.len();
        }
        if self.habits.replay {
            let next = self.run.next(event.at);
            if next != self.run.next(event.at) {
                self.breaks(Rule::R3, "two answers to one question");
            }
            self.recorded.push(next);
        }
        self.watch(&event);
    }

    pub fn publish_of(&self, step: &StepId) -> (Publish, Vec<Item>) {
        let items = self.run.items(step).into_iter().cloned().collect();
        match &self.plan.step(step).unwrap().action {
            Action::Publish(publish) => (publish.clone(), items),
            _ => unreachable!("{step} publishes nothing"),
        }
    }

    fn start(&mut self, command: Command) {
        let mut artifacts = vec![];
        if let Command::Look { step, item }
        | Command::Publish { step, item }
        | Command::Retract { step, item } = &command
        {
            let key = (step.clone(), item.clone());
            if let Some(&(until, set_backs)) = self.world.not_before.get(&key)
                && self.true_now < until
                && set_backs == self.set_backs
            {
                self.breaks(
                    Rule::Waits,
                    format!("{command:?} at {}, {until}", self.true_now),
                );
            }
        }
        match &command {
            Command::Work { step } => {
                self.record(EventKind::WorkStarted { step: step.clone() });
                artifacts = self.run.artifacts();
            }
            Command::Look { .. } => {}
            Command::Publish { step, item } => {
                let (_, items) = self.publish_of(step);
                let digest = items
                    .iter()
                    .find(|one| one.name == *item)
                    .unwrap()
                    .digest
                    .clone();
                let intent = EventKind::Intent {
                    step: step.clone(),
                    item: item.clone(),
                    digest,
                };
                self.record(intent);
                if self.durable != self.journal.len() {
                    self.breaks(Rule::I1, "an intent is not durable");
                }
            }
            Command::Retract { step, item } => {
                self.record(EventKind::RetractIntent {
                    step: step.clone(),
                    item: item.clone(),
                });
            }
        }
        self.flights.push(Flight { command, artifacts });
    }

    fn fault(&mut self) -> Option<Fault> {
        if self.habits.faults == 0 || !self.dice.one_in(3) {
            return None;
        }
        self.habits.faults -= 1;
        Some(Fault::roll(&mut self.dice))
    }

    fn complete(&mut self, flight: Flight) {
        self.true_now += self.dice.up_to(2_000);
        let fault = self.fault();
        match flight.command {
            Command::Work { step } => self.complete_work(step, flight.artifacts, fault),
            Command::Look { step, item } => {
                let key = (step.clone(), item.clone());
                let kind = if let Some(fault) = fault {
                    self.note_later(&key, fault);
                    EventKind::LookFailed {
                        step,
                        item,
                        failure: fault.failure(),
                    }
                } else {
                    let (publish, items) = self.publish_of(&step);
                    let found = items.iter().find(|one| one.name == item).unwrap();
                    let presence =
                        self.world
                            .observe(&key, &publish, found, self.true_now, &mut self.dice);
                    EventKind::Looked {
                        step,
                        item,
                        presence,
                    }
                };
                self.record(kind);
            }
            Command::Publish { step, item } => {
                let key = (step.clone(), item.clone());
                if matches!(fault, None | Some(Fault::EffectThenLost)) {
                    self.effect(&Command::Publish {
                        step: step.clone(),
                        item: item.clone(),
                    });
                }
                self.true_now += self.dice.up_to(500);
                let kind = match fault {
                    None => EventKind::Accepted {
                        step,
                        item,
                        receipt: receipt(&key),
                    },
                    Some(fault) => {
                        self.note_later(&key, fault);
                        EventKind::Refused {
                            step,
                            item,
                            failure: fault.failure(),
                        }
                    }
                };
                self.record(kind);
            }
            Command::Retract { step, item } => {
                let key = (step.clone(), item.clone());
                if matches!(fault, None | Some(Fault::EffectThenLost)) {
                    self.effect(&Command::Retract {
                        step: step.clone(),
                        item: item.clone(),
                    });
                }
                let kind = match fault {
                    None => EventKind::Retracted { step, item },
                    Some(fault) => {
                        self.note_later(&key, fault);
                        EventKind::RetractFailed {
                            step,
                            item,
                            failure: fault.failure(),
                        }
                    }
                };
                self.record(kind);
            }
        }
    }

    fn note_later(&mut self, key: &Key, fault: Fault) {
        if fault == Fault::Later {
            self.world
                .not_before
                .insert(key.clone(), (self.true_now + 20_000, self.set_backs));
        }
    }

    fn effect(&mut self, command: &Command) {
        match command {
            Command::Publish { step, item } => {
                let (publish, items) = self.publish_of(step);
                let found = items.iter().find(|one| one.name == *item).unwrap();
                let key = (step.clone(), item.clone());
                self.world.publish(&key, &publish, found, self.true_now);
            }
            Command::Retract { step, item } => {
                let key = (step.clone(), item.clone());
                if self
                    .world
                    .things
                    .get(&key)
                    .is_some_and(|thing| thing.foreign)
                {
                    self.breaks(Rule::R5, format!("took back {key:?}, which is not ours"));
                }
                self.world.retract(&key, self.true_now);
            }
            Command::Work { .. } | Command::Look { .. } => {}
        }
    }

    fn complete_work(&mut self, step: StepId, sealed: Vec<Artifact>, fault: Option<Fault>) {
        let action = self.plan.step(&step).unwrap().action.clone();
        let outcome = if let Some(fault) = fault {
            let failure = match fault.failure() {
                Failure {
                    kind: FailureKind::Unknown,
                    ..
                } => Failure::transient("timed out"),
                other => other,
            };
            Outcome::Failed {
                failure,
                evidence: vec![],
                tail: vec![],
            }
        } else {
            let artifacts = match action {
                Action::Seal => sealed,
                _ if action.makes_artifacts() => vec![self.build(&step)],
                _ => vec![],
            };
            Outcome::Passed {
                evidence: vec![],
                artifacts,
            }
        };
        self.record(EventKind::WorkFinished { step, outcome });
    }

    /// Building again gives other bytes.
    fn build(&mut self, step: &StepId) -> Artifact {
        let count = self.builds.entry(step.clone()).or_default();
        *count += 1;
        let name = format!("{step}.whl");
        let digest = Digest::of(format!("{name} {count}").as_bytes());
        Artifact {
            name,
            digest,
            size: 7,
        }
    }

    /// The process dies, or the machine loses its power: what was sent may or may not arrive, what was not on disk is gone.
    fn crash(&mut self) {
        for flight in std::mem::take(&mut self.flights) {
            if self.dice.one_in(2) {
                self.effect(&flight.command);
            }
        }
        if self.habits.power > 0 && self.dice.one_in(self.habits.power) {
            let kept = self.durable + self.dice.below(self.journal.len() - self.durable + 1);
            self.journal.truncate(kept);
            self.times.truncate(kept);
            self.recorded.truncate(kept);
        }
        let lived = std::mem::replace(&mut self.run, replay(&self.plan, &self.journal));
        if lived.seq() == self.run.seq() && lived != self.run {
            self.breaks(Rule::R3, "the run that was read back is another");
        }
        self.true_now += self.dice.up_to(5_000);
        if self.run.end().is_none() {
            self.resume();
        }
    }

    fn resume(&mut self) {
        let (by, host) = ("p".into(), "h".into());
        self.record(EventKind::Resumed {
            by,
            host,
            shipway: "1".into(),
        });
    }

    fn answer(&mut self, asks: &[Ask]) {
        let ask = asks[self.dice.below(asks.len())].clone();
        let by = format!("p{}", self.dice.below(3));
        let unwilling = self.habits.faults > 0 && self.dice.one_in(10);
        let decided = |decision, subject| EventKind::Decided {
            step: ask.step.clone(),
            decision,
            by: by.clone(),
            note: None,
            subject,
        };
        match &ask.kind {
            _ if unwilling && !matches!(ask.kind, AskKind::Lost) => {
                self.habits.faults -= 1;
                self.record(decided(Decision::Reject, None));
            }
            AskKind::Approve { subject, .. } => {
                if self.dice.one_in(4) {
                    let wrong = decided(Decision::Approve, Some(Digest::of(b"other bytes")));
                    self.must_be_refused(wrong, Rule::R9);
                }
                self.record(decided(Decision::Approve, Some(subject.clone())));
            }
            AskKind::Task => self.record(decided(Decision::Done, None)),
            AskKind::Lost => {
                let decision = self.truth(&ask.step);
                self.record(decided(decision, None));
            }
        }
    }

    /// People know what arrived.
    fn truth(&mut self, step: &StepId) -> Decision {
        if !matches!(self.plan.step(step).unwrap().action, Action::Publish(_)) {
            return [Decision::Done, Decision::Repeat][self.dice.below(2)];
        }
        // What the answer would be about: whatever "done" would make delivered.
        let mut asked = self.run.clone();
        let kind = EventKind::Decided {
            step: step.clone(),
            decision: Decision::Done,
            by: "p".into(),
            note: None,
            subject: None,
        };
        asked
            .apply(&Event {
                seq: asked.seq() + 1,
                at: self.now(),
                kind,
            })
            .unwrap();
        let before = self.run.public();
        let there: Vec<bool> = asked
            .public()
            .iter()
            .filter(|one| one.step == *step && !before.contains(one))
            .map(|one| {
                self.world
                    .things
                    .contains_key(&(step.clone(), one.item.clone()))
            })
            .collect();
        if there.iter().any(|one| *one != there[0]) {
            self.breaks(
                Rule::Once,
                "one question about things of which some arrived",
            );
        }
        if there.first() == Some(&true) {
            Decision::Done
        } else {
            Decision::Repeat
        }
    }

    fn finish(&mut self) {
        if self.habits.replay {
            self.check_every_prefix();
        }
        self.watch_end();
    }

    /// R3: reading any beginning of the journal back gives the same answer that was given then.
    fn check_every_prefix(&mut self) {
        let text = serde_json::to_string(&self.journal).unwrap();
        let journal: Vec<Event> = serde_json::from_str(&text).unwrap();
        let mut run = Run::new(self.plan.clone());
        for (event, then) in journal.iter().zip(&self.recorded.clone()) {
            run.apply(event).unwrap();
            if run.next(event.at) != *then {
                return self.breaks(
                    Rule::R3,
                    format!("after event {} it goes on otherwise", event.seq),
                );
            }
        }
        if run != self.run {
            self.breaks(Rule::R3, "the journal read back gives another run");
        }
    }

    pub fn is_released(&self) -> bool {
        self.run.end() == Some(End::Released)
    }

    pub fn is_blind(&self, step: &StepId) -> bool {
        match &self.plan.step(step).unwrap().action {
            Action::Publish(publish) => publish.again == Again::Never,
            _ => false,
        }
    }

    /// Whether something that the step needs, directly or not, cannot be looked at.
    pub fn needs_a_blind_one(&self, step: &StepId) -> bool {
        let needs = &self.plan.step(step).unwrap().needs;
        needs
            .iter()
            .any(|need| self.is_blind(need) || self.needs_a_blind_one(need))
    }

    pub fn age_of(&self, position: usize) -> Millis {
        Millis(self.times.last().copied().unwrap_or_default() - self.times[position])
    }
}

pub fn replay(plan: &Plan, journal: &[Event]) -> Run {
    let mut run = Run::new(plan.clone());
    for event in journal {
        run.apply(event).unwrap();
    }
    run
}
