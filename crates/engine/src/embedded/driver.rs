//! The loop: ask the run, journal what begins, act, journal what came of it.
//!
//! Invariants: the run in memory is ahead of the journal only by a batch that is appended before anything of it is acted on;
//! the answers that came in and the beginnings that follow from them go to disk together; an answer is never lost to an event
//! of another process that came first.
//!
//! Must not: carry anything out itself.

use super::pool::{Answer, Errand, Pool};
use super::{Drive, Driven, WhenAsked, fold, is_full, lock};
use crate::EngineError;
use crate::crash::Crash;
use crate::journal::{Appended, Durability, Journal, Standing};
use crate::lease::Lease;
use crate::world::{Observer, Stop, Who, World, beginning, unfit};
use shipway_core::event::Seq;
use shipway_core::plan::Action;
use shipway_core::run::{AskKind, Command, Illegal, Next, Rest};
use shipway_core::time::Millis;
use shipway_core::{Event, EventKind, PlanId, Run, StepId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often the journal is looked into for what others wrote, while nothing happens here.
const POLL: Duration = Duration::from_millis(100);
/// How often a task's probe is asked.
const PROBE_EVERY: Millis = Millis::seconds(10);

pub(super) fn drive(
    journal: &Mutex<Journal>,
    crash: &Crash,
    id: &PlanId,
    drive: Drive<'_>,
    left: Option<(PlanId, Seq)>,
) -> Result<Driven, EngineError> {
    let Drive {
        world,
        observer,
        stop,
        limit,
        asked,
    } = drive;
    // What is over needs no lease, which somebody else of its line may have.
    let standing = lock(journal).standing(id)?;
    if matches!(standing, Standing::Released | Standing::RolledBack) {
        let (run, _) = fold(lock(journal).record(id)?)?;
        let rest = run.next(world.now()).rest;
        return Ok(Driven {
            run,
            rest,
            asks: vec![],
        });
    }
    let who = world.who();
    let lease = {
        let mut journal = lock(journal);
        journal.reserve()?;
        journal.acquire(id, &who.host, world.now())?
    };
    // Read under the lease: whoever had it before writes nothing more.
    let (run, events) = fold(lock(journal).record(id)?)?;
    thread::scope(|scope| {
        let mut driver = Driver {
            journal,
            id,
            lease,
            run,
            pool: Pool::new(scope, world, crash, limit.get()),
            world,
            observer,
            stop,
            asked,
            batch: Vec::new(),
            untold: Vec::new(),
            orders: Vec::new(),
            under_way: BTreeSet::new(),
            settled: BTreeSet::new(),
            probed: BTreeMap::new(),
        };
        driver.take_up(&who, left, &events)?;
        match driver.go() {
            Err(error) if is_full(&error) => {
                driver.last_words();
                Err(error)
            }
            other => other,
        }
    })
}

struct Driver<'scope, 'env> {
    journal: &'env Mutex<Journal>,
    id: &'env PlanId,
    lease: Lease,
    run: Run,
    pool: Pool<'scope, 'env>,
    world: &'env dyn World,
    observer: &'env mut Observer<'env>,
    stop: &'env Stop,
    asked: WhenAsked,
    /// Applied to the run, not in the journal yet.
    batch: Vec<Event>,
    /// In the journal, not told to the observer yet: what they begin is handed out first, so that nothing waits for a printer.
    untold: Vec<Event>,
    /// Given to a thread once the batch is in the journal.
    orders: Vec<Errand>,
    under_way: BTreeSet<Errand>,
    /// Looks that were made once more because the run was asked to stop.
    settled: BTreeSet<Errand>,
    /// When each task's probe was asked last.
    probed: BTreeMap<StepId, Timestamp>,
}

#[derive(PartialEq, Eq)]
enum Flushed {
    Done,
    /// Events of somebody else came first: the run has to be asked again.
    Again,
}

impl Driver<'_, '_> {
    /// The event that begins this drive, unless the run can go on as if it had never been left.
    fn take_up(
        &mut self,
        who: &Who,
        left: Option<(PlanId, Seq)>,
        events: &[Event],
    ) -> Result<(), EngineError> {
        // Where it was left waiting in this process, or else where it was started: nothing was under way there.
        let seen = left
            .filter(|(id, _)| id == self.id)
            .map_or(1, |(_, seq)| seq);
        let only_said = events.iter().filter(|event| event.seq > seen).all(|event| {
            matches!(
                event.kind,
                EventKind::Decided { .. } | EventKind::UndoStarted { .. }
            )
        });
        if only_said {
            return Ok(());
        }
        let (by, host, shipway) = (who.by.clone(), who.host.clone(), who.shipway.clone());
        let kind = EventKind::Resumed { by, host, shipway };
        self.record(kind, self.world.now())
            .map_err(|why| self.illegal(why))
    }

    fn go(&mut self) -> Result<Driven, EngineError> {
        loop {
            let now = self.world.now();
            if self.batch.is_empty() {
                self.catch_up()?;
            }
            let stop = self.stop.why();
            let next = if stop.is_some() {
                let next = self.run.next(now);
                self.order_last_looks(&next);
                next
            } else {
                let most = self.under_way.len() + self.pool.free();
                let next = self.run.next_few(now, most);
                self.order(&next, now)?;
                next
            };
            if self.under_way.is_empty() && self.orders.is_empty() {
                let rest = self.rest(&next, stop, now)?;
                if self.flush()? == Flushed::Again {
                    continue;
                }
                self.tell();
                if let Some(rest) = rest {
                    return Ok(Driven {
                        run: self.run.clone(),
                        rest,
                        asks: next.asks,
                    });
                }
            } else if self.flush()? == Flushed::Again {
                continue;
            }
            self.give()?;
            self.tell();
            self.listen(next.wake, now)?;
        }
    }

    /// Chooses what to begin, as far as threads are free.
    fn order(&mut self, next: &Next, now: Timestamp) -> Result<(), EngineError> {
        for command in &next.commands {
            let errand = Errand::Command(command.clone());
            if self.under_way.contains(&errand) {
                continue;
            }
            if self.pool.free() <= self.orders.len() {
                return Ok(());
            }
            if let Some(kind) = beginning(&self.run, command) {
                self.record(kind, now).map_err(|why| self.illegal(why))?;
            }
            self.orders.push(errand);
        }
        for ask in &next.asks {
            let errand = Errand::Probe(ask.step.clone());
            if ask.kind == AskKind::Task
                && self.has_probe(&ask.step)
                && self.is_due(&ask.step, now)
                && !self.under_way.contains(&errand)
                && self.pool.free() > self.orders.len()
            {
                self.probed.insert(ask.step.clone(), now);
                self.orders.push(errand);
            }
        }
        Ok(())
    }

    /// Asked to stop, the run starts nothing; but where the answer of an effect was lost, it looks once more, so that it can
    /// say what is public.
    fn order_last_looks(&mut self, next: &Next) {
        let public = self.run.public();
        for command in &next.commands {
            let Command::Look { step, item } = command else {
                continue;
            };
            let errand = Errand::Command(command.clone());
            let is_unsure = public
                .iter()
                .any(|one| one.step == *step && one.item == *item && one.certainty == "unsure");
            if is_unsure
                && self.pool.free() > self.orders.len()
                && !self.under_way.contains(&errand)
                && self.settled.insert(errand.clone())
            {
                self.orders.push(errand);
            }
        }
    }

    fn has_probe(&self, step: &StepId) -> bool {
        let step = self.run.plan().step(step);
        step.is_some_and(|step| matches!(&step.action, Action::Task(task) if task.probe.is_some()))
    }

    fn is_due(&self, step: &StepId, now: Timestamp) -> bool {
        match self.probed.get(step) {
            None => true,
            Some(_) if self.asked == WhenAsked::Return => false,
            Some(&last) => now < last || now.since(last) >= PROBE_EVERY,
        }
    }

    /// Nothing is under way and nothing can be begun: where that leaves the run. `None`: something will come by itself.
    fn rest(
        &mut self,
        next: &Next,
        stop: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Rest>, EngineError> {
        match (&next.rest, stop) {
            (Rest::Ends(end), _) => {
                self.record(EventKind::Finished { end: *end }, now)
                    .map_err(|why| self.illegal(why))?;
                Ok(Some(Rest::Ended(*end)))
            }
            (Rest::Ended(_) | Rest::Stopped, _) => Ok(Some(next.rest.clone())),
            (Rest::Waiting | Rest::Busy, Some(why)) => {
                self.record(EventKind::Paused { why }, now)
                    .map_err(|why| self.illegal(why))?;
                Ok(Some(Rest::Stopped))
            }
            (Rest::Busy, None) => Err(self.illegal(Illegal {
                seq: self.run.seq(),
                why: "something is under way that nobody carries out".into(),
            })),
            (Rest::Waiting, None) => {
                let waits =
                    next.wake.is_some() || (self.asked == WhenAsked::Wait && !next.asks.is_empty());
                Ok((!waits).then_some(Rest::Waiting))
            }
        }
    }

    /// Appends the batch. The observer is told later: see [`Self::tell`].
    fn flush(&mut self) -> Result<Flushed, EngineError> {
        if self.batch.is_empty() {
            return Ok(Flushed::Done);
        }
        let must = |event: &Event| self.run.must_be_durable(&event.kind);
        let durability = if self.batch.iter().any(must) {
            Durability::Disk
        } else {
            Durability::System
        };
        let appended =
            lock(self.journal).append(self.id, &self.batch, durability, Some(&self.lease))?;
        match appended {
            Appended::Done => {
                self.untold.append(&mut self.batch);
                Ok(Flushed::Done)
            }
            Appended::Behind(_) => {
                self.rebuild()?;
                Ok(Flushed::Again)
            }
        }
    }

    /// Tells the observer what is in the journal since the last time.
    fn tell(&mut self) {
        for event in self.untold.drain(..) {
            (self.observer)(&event, &self.run);
        }
    }

    /// Begins anew from the journal. Answers are kept; what was only about to begin is not.
    fn rebuild(&mut self) -> Result<(), EngineError> {
        self.orders.clear();
        let seen = self
            .batch
            .first()
            .map_or(self.run.seq(), |event| event.seq - 1);
        let (run, events) = fold(lock(self.journal).record(self.id)?)?;
        self.run = run;
        for foreign in events.iter().filter(|event| event.seq > seen) {
            (self.observer)(foreign, &self.run);
        }
        for event in std::mem::take(&mut self.batch) {
            let was_only_begun = matches!(
                event.kind,
                EventKind::WorkStarted { .. }
                    | EventKind::Intent { .. }
                    | EventKind::RetractIntent { .. }
                    | EventKind::Paused { .. }
                    | EventKind::Finished { .. }
            );
            if !was_only_begun {
                self.record_answer(event.kind, event.at)?;
            }
        }
        Ok(())
    }

    /// Applies what others wrote to the journal.
    fn catch_up(&mut self) -> Result<(), EngineError> {
        let foreign = {
            let mut journal = lock(self.journal);
            if journal.seq(self.id)? == self.run.seq() {
                return Ok(());
            }
            journal.record(self.id)?.events_after(self.run.seq())
        };
        for event in foreign {
            self.run.apply(&event).map_err(|why| self.illegal(why))?;
            (self.observer)(&event, &self.run);
        }
        Ok(())
    }

    fn give(&mut self) -> Result<(), EngineError> {
        if self.orders.is_empty() {
            return Ok(());
        }
        let run = Arc::new(self.run.clone());
        for errand in self.orders.drain(..) {
            self.pool
                .give(errand.clone(), Arc::clone(&run))
                .map_err(EngineError::Threads)?;
            self.under_way.insert(errand);
        }
        Ok(())
    }

    /// Waits for an answer, for the time to wake up, or until it is time to look into the journal.
    fn listen(&mut self, wake: Option<Timestamp>, now: Timestamp) -> Result<(), EngineError> {
        let longest = wake.map_or(POLL, |wake| {
            POLL.min(Duration::from_millis(wake.since(now).0.max(1)))
        });
        let Some(answer) = self.pool.answer(longest) else {
            return Ok(());
        };
        let at = self.world.now();
        self.hear(answer, at)?;
        while let Some(answer) = self.pool.answer(Duration::ZERO) {
            self.hear(answer, at)?;
        }
        Ok(())
    }

    fn hear(&mut self, answer: Answer, at: Timestamp) -> Result<(), EngineError> {
        self.under_way.remove(&answer.errand);
        match answer.event {
            Some(kind) => self.record_answer(kind, at),
            None => Ok(()),
        }
    }

    /// Takes down what came of an errand.
    fn record_answer(&mut self, kind: EventKind, at: Timestamp) -> Result<(), EngineError> {
        let Err(why) = self.record(kind.clone(), at) else {
            return Ok(());
        };
        match kind {
            // What the step made does not fit the plan: its own failure.
            EventKind::WorkFinished { step, .. } => self
                .record(unfit(&step, &why.why), at)
                .map_err(|why| self.illegal(why)),
            // The run went on meanwhile and has no use for it. It changed nothing outside.
            EventKind::Looked { .. }
            | EventKind::LookFailed { .. }
            | EventKind::Decided { .. }
            | EventKind::Resumed { .. } => Ok(()),
            _ => Err(self.illegal(why)),
        }
    }

    fn record(&mut self, kind: EventKind, at: Timestamp) -> Result<(), Illegal> {
        let event = Event {
            seq: self.run.seq() + 1,
            at,
            kind,
        };
        self.run.apply(&event)?;
        self.batch.push(event);
        Ok(())
    }

    /// The disk is full: nothing new begins, what is under way is waited for, and its answers go into the reserve.
    fn last_words(&mut self) {
        // Whatever fails here is found out after the next start: its answer counts as lost.
        while let Some(answer) = self.pool.last_answer() {
            let at = self.world.now();
            if self.hear(answer, at).is_err() {
                return;
            }
        }
        if lock(self.journal).spend_reserve().is_err() || self.rebuild().is_err() {
            return;
        }
        let why = "the disk is full".to_owned();
        if self
            .record(EventKind::Paused { why }, self.world.now())
            .is_ok()
        {
            let _ = self.flush();
            self.tell();
        }
    }

    fn illegal(&self, why: Illegal) -> EngineError {
        EngineError::Illegal {
            run: self.id.clone(),
            why,
        }
    }
}
