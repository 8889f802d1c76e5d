//! Random plans: small graphs with every kind of step, weight, reversal and repeatability.

use proptest::prelude::*;
use shipway_core::digest::Digest;
use shipway_core::name::{Oid, RefName, StepId};
use shipway_core::plan::{
    Action, Approve, Invocation, Items, Patience, Plan, Publish, Repeat, Script, Source, Stage,
    Step, Task, Weight,
};
use shipway_core::target::{Again, Item, Reversal, TargetSpec};
use shipway_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub enum Kind {
    Run {
        repeat: Repeat,
    },
    Build,
    Task,
    Approve {
        quorum: u32,
        valid_for: u64,
    },
    Publish {
        target: usize,
        items: usize,
        sealed: bool,
        rehearsal: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub kind: Kind,
    pub needs: u16,
    pub best_effort: bool,
    pub skip: bool,
}

/// What a destination can do.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub reversal: Reversal,
    pub again: Again,
    pub settle: u64,
}

#[derive(Clone, Debug)]
pub struct Shape {
    pub steps: Vec<Spec>,
    pub seal_at: usize,
    pub targets: Vec<Profile>,
    pub attempts: u32,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        2 => prop_oneof![3 => Just(Repeat::Safe), 1 => Just(Repeat::Unsafe)]
            .prop_map(|repeat| Kind::Run { repeat }),
        2 => Just(Kind::Build),
        1 => Just(Kind::Task),
        1 => (1..3_u32, prop_oneof![Just(3_000_u64), Just(600_000)])
            .prop_map(|(quorum, valid_for)| Kind::Approve { quorum, valid_for }),
        6 => (0..3_usize, 1..3_usize, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
            |(target, items, sealed, rehearsal)| Kind::Publish { target, items, sealed, rehearsal }
        ),
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    let settle = prop_oneof![Just(0_u64), Just(4_000), Just(40_000)];
    let seen = (
        prop_oneof![3 => Just(Reversal::Deletes), 1 => Just(Reversal::Hides), 1 => Just(Reversal::Nothing)],
        prop_oneof![Just(Again::Harmless), Just(Again::AfterSettling)],
        settle,
    )
        .prop_map(|(reversal, again, settle)| Profile { reversal, again, settle });
    let blind = Just(Profile {
        reversal: Reversal::Nothing,
        again: Again::Never,
        settle: 0,
    });
    prop_oneof![5 => seen, 1 => blind]
}

/// Random plans of up to this many steps, and a seal.
pub fn shapes(most: usize) -> impl Strategy<Value = Shape> {
    let spec = (
        kind(),
        any::<u16>(),
        any::<u16>(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(kind, a, b, best_effort, skip)| Spec {
            kind,
            needs: a & b,
            best_effort,
            skip,
        });
    (
        prop::collection::vec(spec, 1..=most),
        0..4_usize,
        prop::collection::vec(profile(), 3),
        2..5_u32,
    )
        .prop_map(|(steps, seal_at, targets, attempts)| Shape {
            steps,
            seal_at,
            targets,
            attempts,
        })
}

pub fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

pub fn script(repeat: Repeat, artifacts: &[&str]) -> Action {
    Action::Run(Script {
        commands: vec![Invocation {
            argv: vec!["true".into()],
            stdin: None,
            expect: None,
        }],
        repeat,
        artifacts: artifacts.iter().map(|&text| text.to_owned()).collect(),
        ..Script::default()
    })
}

pub fn step(name: &str, needs: &[&str], action: Action) -> Step {
    Step {
        id: id(name),
        stage: Stage::Publish,
        title: name.to_owned(),
        why: "the test wants it".to_owned(),
        needs: needs.iter().map(|need| id(need)).collect(),
        weight: Weight::Required,
        skip: None,
        action,
    }
}

pub fn publish(target: &str, profile: Profile, items: Items) -> Publish {
    Publish {
        target: TargetSpec {
            name: target.to_owned(),
            kind: "fake".to_owned(),
            place: target.to_owned(),
            settings: BTreeMap::new(),
            secret: None,
        },
        items,
        reversal: profile.reversal,
        again: profile.again,
        settle: Millis(profile.settle),
        rehearsal: false,
        patience: Patience {
            attempts: 3,
            first_wait: Millis(1_000),
            longest_wait: Millis(8_000),
        },
    }
}

pub fn fixed(names: &[&str]) -> Items {
    Items::Fixed(
        names
            .iter()
            .map(|&name| Item::of_body(name, name.into()))
            .collect(),
    )
}

pub fn approve(quorum: u32, valid_for: u64) -> Action {
    Action::Approve(Approve {
        who: "boss".into(),
        quorum,
        valid_for: Millis(valid_for),
    })
}

pub fn task() -> Action {
    Action::Task(Task {
        text: "do it".into(),
        who: None,
        probe: None,
    })
}

pub fn plan(steps: Vec<Step>) -> Plan {
    let plan = Plan {
        format: 1,
        made_by: "test".into(),
        made_at: Timestamp(0),
        flow: "release".into(),
        project: "p".into(),
        line: "1".into(),
        version: "1.0.0".into(),
        previous: None,
        because: vec![],
        source: Source {
            branch: RefName::branch("main").unwrap(),
            head: Oid::new("0".repeat(40)).unwrap(),
            remote: "origin".into(),
            url: "file:///r".into(),
            config: Digest::of(b""),
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

impl Shape {
    /// The plan that this shape stands for. Builds come before the seal, sealed items after it.
    pub fn plan(&self) -> Plan {
        let mut steps: Vec<Step> = Vec::new();
        let seal_at = self.seal_at.min(self.steps.len());
        for (at, spec) in self.steps.iter().enumerate() {
            if at == seal_at {
                steps.push(seal(&steps));
            }
            steps.push(self.step(at, spec, &steps));
        }
        if seal_at == self.steps.len() {
            steps.push(seal(&steps));
        }
        plan(steps)
    }

    fn step(&self, at: usize, spec: &Spec, before: &[Step]) -> Step {
        let built = before
            .iter()
            .any(|step| step.action.makes_artifacts() && step.skip.is_none());
        let sealed_already = before
            .iter()
            .any(|step| matches!(step.action, Action::Seal));
        let mut needs: Vec<StepId> = before
            .iter()
            .enumerate()
            .filter(|(position, _)| spec.needs >> position & 1 == 1)
            .map(|(_, step)| step.id.clone())
            .collect();
        let mut weight = if spec.best_effort {
            Weight::BestEffort
        } else {
            Weight::Required
        };
        let action = match &spec.kind {
            Kind::Run { repeat } => script(*repeat, &[]),
            Kind::Build if sealed_already => script(Repeat::Safe, &[]),
            // A build that may fail quietly would leave nothing to publish.
            Kind::Build => {
                weight = Weight::Required;
                script(Repeat::Safe, &["*.whl"])
            }
            Kind::Task => task(),
            Kind::Approve { quorum, valid_for } => {
                weight = Weight::Required;
                approve(*quorum, *valid_for)
            }
            Kind::Publish {
                target,
                items,
                sealed,
                rehearsal,
            } => {
                let names = ["a", "b", "c"];
                let items = if *sealed && sealed_already && built {
                    if !needs.contains(&id("seal")) {
                        needs.push(id("seal"));
                    }
                    Items::Sealed {
                        patterns: vec!["*.whl".into()],
                        expected: vec![],
                        body: "wheel".into(),
                    }
                } else {
                    fixed(&names[..*items])
                };
                let mut publish = publish(&format!("t{target}"), self.targets[*target], items);
                publish.rehearsal = *rehearsal;
                publish.patience.attempts = self.attempts;
                Action::Publish(publish)
            }
        };
        Step {
            needs,
            weight,
            skip: spec.skip.then(|| "not today".to_owned()),
            ..step(&format!("s{at}"), &[], action)
        }
    }
}

fn seal(before: &[Step]) -> Step {
    let needs: Vec<&str> = before
        .iter()
        .filter(|step| step.action.makes_artifacts())
        .map(|step| step.id.as_str())
        .collect();
    step("seal", &needs, Action::Seal)
}
