//! A world in a directory: a clock that moves by itself, destinations that keep what they were sent, and steps that do what a
//! test says.
#![allow(dead_code, reason = "each test uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is only compiled into tests"
)]

use fs_err as fs;
use shipway_core::event::{Evidence, Outcome};
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{
    Action, Approve, FORMAT, Invocation, Items, Patience, Publish, Repeat, Script, Source, Stage,
    Step, Task, Weight,
};
use shipway_core::target::{Again, Reversal, Survey, TargetSpec};
use shipway_core::time::Millis;
use shipway_core::{
    Digest, Event, Failure, Item, Plan, Presence, Receipt, Run, StepId, Target, Timestamp,
};
use shipway_engine::{
    Drive, Driven, Embedded, Engine, EngineError, Start, Stop, WhenAsked, Who, World,
};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

pub fn step(name: &str, needs: &[&str], action: Action) -> Step {
    Step {
        id: id(name),
        stage: Stage::Check,
        title: name.to_owned(),
        why: "the test asks for it".to_owned(),
        needs: needs.iter().map(|need| id(need)).collect(),
        weight: Weight::Required,
        skip: None,
        action,
    }
}

pub fn work(repeat: Repeat) -> Action {
    Action::Run(Script {
        commands: vec![Invocation {
            argv: vec!["true".into()],
            stdin: None,
            expect: None,
        }],
        repeat,
        timeout: Millis::seconds(60),
        ..Script::default()
    })
}

pub fn approve(quorum: u32) -> Action {
    Action::Approve(Approve {
        who: "release-manager".into(),
        quorum,
        valid_for: Millis::seconds(1_000_000),
    })
}

pub fn task(probe: bool) -> Action {
    Action::Task(Task {
        text: "do it".into(),
        who: None,
        probe: probe.then(Script::default),
    })
}

/// Publishes items that are all in their bodies.
pub fn publish(target: &str, reversal: Reversal, items: &[&str]) -> Action {
    Action::Publish(Publish {
        target: TargetSpec {
            name: target.to_owned(),
            kind: "directory".to_owned(),
            place: target.to_owned(),
            settings: BTreeMap::new(),
            secret: None,
        },
        items: Items::Fixed(
            items
                .iter()
                .map(|name| Item::of_body(*name, serde_json::json!({ "content": name })))
                .collect(),
        ),
        reversal,
        again: Again::Harmless,
        settle: Millis::seconds(5),
        rehearsal: false,
        patience: Patience::default(),
    })
}

pub fn plan(version: &str, steps: Vec<Step>) -> Plan {
    let plan = Plan {
        format: FORMAT,
        made_by: "test".into(),
        made_at: Timestamp(1_000),
        flow: "release".into(),
        project: "example".into(),
        line: "1".into(),
        version: version.into(),
        previous: None,
        because: vec![],
        source: Source {
            branch: RefName::branch("main").unwrap(),
            head: Oid::new("0123456789abcdef0123456789abcdef01234567").unwrap(),
            remote: "origin".into(),
            url: "https://example.org/example.git".into(),
            config: Digest::of(b"config"),
        },
        commits: vec![],
        tag: None,
        notes: String::new(),
        steps,
        destinations: vec![],
        limits: vec![],
        warnings: vec![],
    };
    plan.check().unwrap();
    plan
}

/// Two checks side by side, two destinations that can be emptied again, one that cannot, one more step.
pub fn release(version: &str) -> Plan {
    plan(
        version,
        vec![
            step("check/a", &[], work(Repeat::Safe)),
            step("check/b", &[], work(Repeat::Safe)),
            step(
                "publish/tag",
                &["check/a", "check/b"],
                publish("git", Reversal::Deletes, &["refs"]),
            ),
            step(
                "publish/draft",
                &["check/a"],
                publish("forge", Reversal::Deletes, &["draft"]),
            ),
            step(
                "publish/index",
                &["publish/tag", "publish/draft"],
                publish("index", Reversal::Nothing, &["x.whl", "x.tar.gz"]),
            ),
            step("follow-up", &["publish/index"], work(Repeat::Safe)),
        ],
    )
}

pub type Worker = dyn Fn(&Step) -> Outcome + Send + Sync;
/// May change what a call to a destination answers: before it is carried out, with what is done (`publish x.whl`).
pub type Fault = dyn Fn(&str) -> Option<Fate> + Send + Sync;

pub enum Fate {
    /// Nothing happens, and this is the answer.
    Fails(Failure),
    /// It happens, and this is the answer all the same.
    HappensBut(Failure),
    Panics,
}

pub struct Yard {
    /// One directory for each destination, and `log` with a line for each effect.
    pub dir: PathBuf,
    pub clock: AtomicI64,
    pub worker: Box<Worker>,
    pub fault: Arc<Fault>,
    pub probe: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Yard {
    pub fn new(dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        Self {
            dir: dir.to_owned(),
            clock: AtomicI64::new(1_000_000),
            worker: Box::new(|_| passed()),
            fault: Arc::new(|_| None),
            probe: Box::new(|| false),
        }
    }

    /// What stands at the destinations, as `destination/item`.
    pub fn standing(&self) -> Vec<String> {
        let mut all = Vec::new();
        for place in fs::read_dir(&self.dir).unwrap() {
            let place = place.unwrap();
            if !place.file_type().unwrap().is_dir() {
                continue;
            }
            for item in fs::read_dir(place.path()).unwrap() {
                let place = place.file_name().into_string().unwrap();
                let item = item.unwrap().file_name().into_string().unwrap();
                all.push(format!("{place}/{item}"));
            }
        }
        all.sort();
        all
    }

    /// Every effect that happened, in order: `publish index/x.whl`.
    pub fn effects(&self) -> Vec<String> {
        let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        log.lines().map(ToOwned::to_owned).collect()
    }
}

pub fn passed() -> Outcome {
    Outcome::Passed {
        evidence: vec![],
        artifacts: vec![],
    }
}

pub fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        failure,
        evidence: Vec::<Evidence>::new(),
        tail: vec![],
    }
}

pub fn who() -> Who {
    Who {
        by: "ann".into(),
        host: "here".into(),
        shipway: "0.1.0".into(),
    }
}

impl World for Yard {
    fn now(&self) -> Timestamp {
        Timestamp(self.clock.fetch_add(1_000, Ordering::Relaxed))
    }

    fn who(&self) -> Who {
        who()
    }

    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn Target>, Failure> {
        let dir = self.dir.join(&spec.name);
        fs::create_dir_all(&dir).unwrap();
        Ok(Box::new(Destination {
            name: spec.name.clone(),
            dir,
            log: self.dir.join("log"),
            fault: Arc::clone(&self.fault),
        }))
    }

    fn work(&self, _: &Run, step: &Step) -> Outcome {
        (self.worker)(step)
    }

    fn probe(&self, _: &Run, _: &Task) -> bool {
        (self.probe)()
    }

    fn redact(&self, text: &str) -> String {
        text.replace("hunter2", "***")
    }
}

struct Destination {
    name: String,
    dir: PathBuf,
    log: PathBuf,
    fault: Arc<Fault>,
}

impl Destination {
    fn note(&self, what: &str, item: &Item) {
        let mut log = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.log)
            .unwrap();
        // In one write, because two destinations may note at the same time.
        let line = format!("{what} {}/{}\n", self.name, item.name);
        log.write_all(line.as_bytes()).unwrap();
    }

    /// What the log says of the item: its last line is the effect, and the file only shows it. A process that is killed
    /// between the two has done it all the same.
    fn told(&self, item: &Item) -> Option<bool> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let place = format!("{}/{}", self.name, item.name);
        let mut lines = log.lines().rev().filter_map(|line| line.split_once(' '));
        let (what, _) = lines.find(|(_, of)| *of == place)?;
        Some(what == "publish")
    }

    /// The file as the log says that it is.
    fn show(&self, item: &Item) {
        let path = self.dir.join(&item.name);
        let shown = fs::read_to_string(&path).ok();
        let half = |text: &str| item.digest.as_str().starts_with(text);
        match (self.told(item), shown.as_deref()) {
            (Some(true), None) => fs::write(&path, item.digest.as_str()).unwrap(),
            (Some(true), Some(text)) if half(text) && text != item.digest.as_str() => {
                fs::write(&path, item.digest.as_str()).unwrap();
            }
            (Some(false), Some(text)) if half(text) => fs::remove_file(&path).unwrap(),
            _ => {}
        }
    }

    fn meet<T>(
        &self,
        what: &str,
        item: &Item,
        act: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match (self.fault)(&format!("{what} {}/{}", self.name, item.name)) {
            None => act(),
            Some(Fate::Fails(failure)) => Err(failure),
            Some(Fate::HappensBut(failure)) => act().and(Err(failure)),
            Some(Fate::Panics) => panic!("the password is hunter2"),
        }
    }
}

impl Target for Destination {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        self.meet("observe", item, || {
            self.show(item);
            Ok(match fs::read_to_string(self.dir.join(&item.name)) {
                Err(_) => Presence::Absent,
                Ok(text) if text == item.digest.as_str() => Presence::Same {
                    receipt: Receipt {
                        id: item.name.clone(),
                        url: None,
                    },
                },
                Ok(text) => Presence::Different { found: text },
            })
        })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        self.meet("publish", item, || {
            self.note("publish", item);
            self.show(item);
            Ok(Receipt {
                id: item.name.clone(),
                url: None,
            })
        })
    }

    fn retract(&self, item: &Item, receipt: &Receipt) -> Result<(), Failure> {
        self.meet("retract", item, || {
            assert_eq!(receipt.id, item.name);
            assert!(self.dir.join(&item.name).exists());
            self.note("retract", item);
            self.show(item);
            Ok(())
        })
    }

    fn survey(&self, _: &[Item]) -> Result<Survey, Failure> {
        Ok(Survey::default())
    }
}

/// Starts the plan and drives it until it rests.
pub fn release_it(engine: &Embedded, plan: &Plan, yard: &Yard) -> Result<Driven, EngineError> {
    start(engine, plan);
    drive(engine, plan, yard, &mut |_, _| {})
}

pub fn start(engine: &Embedded, plan: &Plan) -> shipway_engine::Started {
    engine.start(&begin(plan, &who())).unwrap()
}

pub fn begin<'a>(plan: &'a Plan, who: &'a Who) -> Start<'a> {
    Start {
        plan,
        repository: "/home/ann/example",
        who,
        at: Timestamp(999_000),
    }
}

pub fn drive(
    engine: &Embedded,
    plan: &Plan,
    yard: &Yard,
    observer: &mut dyn FnMut(&Event, &Run),
) -> Result<Driven, EngineError> {
    drive_until(
        engine,
        plan,
        yard,
        observer,
        &Stop::default(),
        WhenAsked::Return,
    )
}

pub fn drive_until(
    engine: &Embedded,
    plan: &Plan,
    yard: &Yard,
    observer: &mut dyn FnMut(&Event, &Run),
    stop: &Stop,
    asked: WhenAsked,
) -> Result<Driven, EngineError> {
    engine.drive(
        &plan.id(),
        Drive {
            world: yard,
            observer,
            stop,
            limit: NonZeroUsize::new(4).unwrap(),
            asked,
        },
    )
}

/// Drives one command after the other: every time the same events in the same order.
pub fn drive_in_line(engine: &Embedded, plan: &Plan, yard: &Yard) -> Result<Driven, EngineError> {
    engine.drive(
        &plan.id(),
        Drive {
            world: yard,
            observer: &mut |_, _| {},
            stop: &Stop::default(),
            limit: NonZeroUsize::MIN,
            asked: WhenAsked::Return,
        },
    )
}

/// The kinds of a run's events, as the journal names them.
pub fn kinds(engine: &Embedded, plan: &Plan) -> Vec<String> {
    let events = engine.events(&plan.id(), 0).unwrap();
    events
        .iter()
        .map(|event| {
            let json = serde_json::to_value(&event.kind).unwrap();
            json["event"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// A gate that threads wait at until it is opened, instead of sleeping.
#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    bell: std::sync::Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.bell.notify_all();
    }

    pub fn pass(&self) {
        let open = self.open.lock().unwrap();
        drop(self.bell.wait_while(open, |open| !*open).unwrap());
    }
}
