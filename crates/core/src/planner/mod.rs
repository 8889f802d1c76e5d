//! From configuration, facts and time to a plan: a pure function.
//!
//! Invariants: the same input gives the same plan, byte for byte. What can be deleted again is published before what cannot;
//! what cannot be taken back comes after the approval; announcements come last and never turn a release red.
//!
//! Must not: look at anything. Whoever calls has looked, and hands in what was seen as [`Facts`].

mod commands;
mod departure;
mod local;
mod outward;
mod withdraw;

pub use departure::{Departure, Member, depart};
pub use local::percent;
pub use withdraw::{Withdrawal, withdraw};

use crate::config::{Before, Config, PublishTo};
use crate::digest::Digest;
use crate::name::{Oid, RefName, StepId};
use crate::plan::{
    Action, Approve, Commit, Destination, Limit, Patience, Plan, Source, Stage, Step, Tag, Task,
    Weight,
};
use crate::secret::SecretName;
use crate::target::{Capability, Survey};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What was seen before planning.
#[derive(Clone, Debug)]
pub struct Facts {
    pub made_by: String,
    pub made_at: Timestamp,
    pub flow: String,
    /// In the project's own spelling: `1.1.0-rc.1` or `1.1.0rc1`.
    pub version: String,
    /// The same version as PEP 440 writes it.
    pub pep440: String,
    pub is_prerelease: bool,
    /// No final release is higher: one of an older line is not what visitors are shown first.
    pub is_newest: bool,
    pub line: String,
    pub previous: Option<String>,
    /// The version that the next milestone is named after.
    pub next: String,
    pub because: Vec<String>,
    pub source: Source,
    /// The release commit, then the merge (where there is a release branch), then the next version (where wanted).
    pub commits: Vec<Commit>,
    /// Computed, or, for a release from a tag, the one that exists.
    pub tag: Tag,
    /// The tag exists already, with the version in its files: nothing is committed, merged or moved.
    pub from_tag: bool,
    pub release_branch: Option<RefName>,
    pub notes: String,
    /// Interpreters that were looked for: version -> what was found.
    pub interpreters: BTreeMap<String, Interpreter>,
    /// Publish target -> what its configuration leaves to files of the user's (`~/.pypirc`).
    pub indexes: BTreeMap<String, Index>,
    pub warnings: Vec<String>,
    pub patience: Patience,
}

/// A Python interpreter, or the news that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interpreter {
    /// Absolute path and full version.
    Found {
        path: String,
        version: String,
    },
    Missing {
        looked: String,
    },
}

/// Addresses of a package index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub upload: String,
    /// Ends with `/`.
    pub simple: String,
    pub username: String,
    pub secret: Option<SecretName>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlannerError {
    #[error("{0:?} cannot be a part of a step's name")]
    Name(String),
    #[error("python {version} is missing ({looked}), and {step} says that it must be there")]
    Interpreter {
        version: String,
        step: String,
        looked: String,
    },
    #[error("there is no address for the publish target {0:?}")]
    NoAddress(String),
    #[error("the planned commits have none for {0:?}")]
    NoCommit(&'static str),
    #[error("no kind of target is named {0:?}")]
    NoKind(String),
    #[error("members need each other: {}", .0.join(", "))]
    Cycle(Vec<String>),
    #[error("the plan breaks its own rules: {0}")]
    Broken(String),
}

/// Kind -> what targets of that kind can do.
pub type Capabilities<'a> = &'a dyn Fn(&str) -> Option<Capability>;

/// Builds the plan. Its destinations have no surveys yet: see [`with_surveys`].
pub fn plan(config: &Config, facts: &Facts, kinds: Capabilities) -> Result<Plan, PlannerError> {
    let mut draft = Draft {
        config,
        facts,
        kinds,
        steps: Vec::new(),
    };
    draft.prepare()?;
    draft.check()?;
    draft.build()?;
    draft.seal()?;
    draft.rehearse()?;
    draft.ask_people(Before::Publish)?;
    draft.publish()?;
    draft.announce()?;
    draft.follow_up()?;
    let steps = draft.steps;
    let plan = Plan {
        format: crate::plan::FORMAT,
        made_by: facts.made_by.clone(),
        made_at: facts.made_at,
        flow: facts.flow.clone(),
        project: config.project.name.clone(),
        line: facts.line.clone(),
        version: facts.version.clone(),
        previous: facts.previous.clone(),
        because: facts.because.clone(),
        source: facts.source.clone(),
        commits: facts.commits.clone(),
        tag: (!facts.from_tag).then(|| facts.tag.clone()),
        notes: facts.notes.clone(),
        destinations: destinations(&steps),
        limits: limits(&steps, kinds),
        steps,
        warnings: facts.warnings.clone(),
    };
    plan.check()
        .map_err(|fault| PlannerError::Broken(fault.to_string()))?;
    Ok(plan)
}

/// The plan with what was seen at its destinations, by destination name.
#[must_use]
pub fn with_surveys(mut plan: Plan, surveys: &BTreeMap<String, Survey>) -> Plan {
    for destination in &mut plan.destinations {
        if let Some(survey) = surveys.get(&destination.name) {
            destination.survey = survey.clone();
        }
    }
    plan
}

/// One destination per target name, in the order in which they are first used.
fn destinations(steps: &[Step]) -> Vec<Destination> {
    let mut all: Vec<Destination> = Vec::new();
    for step in steps {
        let Action::Publish(publish) = &step.action else {
            continue;
        };
        let target = &publish.target;
        match all
            .iter_mut()
            .find(|destination| destination.name == target.name)
        {
            Some(destination) => destination.steps.push(step.id.clone()),
            None => all.push(Destination {
                name: target.name.clone(),
                kind: target.kind.clone(),
                place: target.place.clone(),
                steps: vec![step.id.clone()],
                survey: Survey::default(),
            }),
        }
    }
    all
}

/// The writes that each destination with a limit will see, and what waiting for it costs.
fn limits(steps: &[Step], kinds: Capabilities) -> Vec<Limit> {
    let mut writes: BTreeMap<(String, String), u32> = BTreeMap::new();
    for step in steps {
        let Action::Publish(publish) = &step.action else {
            continue;
        };
        let count = match &publish.items {
            crate::plan::Items::Fixed(items) => items.len(),
            crate::plan::Items::Sealed {
                expected, patterns, ..
            } => expected.len().max(patterns.len()),
        };
        let key = (publish.target.place.clone(), publish.target.kind.clone());
        *writes.entry(key).or_default() += u32::try_from(count).unwrap_or(u32::MAX);
    }
    let mut by_place: BTreeMap<String, (u32, crate::target::Pace)> = BTreeMap::new();
    for ((place, kind), count) in writes {
        if let Some(pace) = kinds(&kind).and_then(|capability| capability.pace) {
            let entry = by_place.entry(place).or_insert((0, pace));
            entry.0 += count;
        }
    }
    by_place
        .into_iter()
        .map(|(destination, (writes, pace))| Limit {
            destination,
            writes,
            wait: pace.cost(writes),
        })
        .collect()
}

/// The plan while it grows.
struct Draft<'a> {
    config: &'a Config,
    facts: &'a Facts,
    kinds: Capabilities<'a>,
    steps: Vec<Step>,
}

impl Draft<'_> {
    /// Steps of these stages so far: what a later step needs.
    fn all_of(&self, stages: &[Stage]) -> Vec<StepId> {
        let of_stage = self
            .steps
            .iter()
            .filter(|step| stages.contains(&step.stage));
        of_stage.map(|step| step.id.clone()).collect()
    }

    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Tasks and approvals that come before a stage. What follows needs them and, through them, all that stood before.
    fn ask_people(&mut self, before: Before) -> Result<(), PlannerError> {
        let needs = self.all_of(&[
            Stage::Prepare,
            Stage::Check,
            Stage::Build,
            Stage::Seal,
            Stage::Rehearse,
        ]);
        let needs = match before {
            Before::Check | Before::Build => Vec::new(),
            Before::Rehearse | Before::Publish | Before::Announce => needs,
        };
        let stage = match before {
            Before::Check => Stage::Prepare,
            Before::Build => Stage::Build,
            Before::Rehearse | Before::Publish | Before::Announce => Stage::Approve,
        };
        let mut tasks = Vec::new();
        for task in self
            .config
            .tasks
            .iter()
            .filter(|task| task.before == before)
        {
            let id = step_id(&["task", &task.name])?;
            tasks.push(id.clone());
            let probe = task.probe.as_ref().map(|program| self.probe(program));
            self.push(Step {
                id,
                stage,
                title: task.text.clone(),
                why: "an item of the checklist that a person does".to_owned(),
                needs: needs.clone(),
                weight: Weight::Required,
                skip: None,
                action: Action::Task(Task {
                    text: task.text.clone(),
                    who: task.who.clone(),
                    probe,
                }),
            });
        }
        let approvals: Vec<_> = self
            .config
            .approve
            .iter()
            .filter(|one| one.before == before)
            .collect();
        for (number, approve) in approvals.iter().enumerate() {
            let name = before_name(before);
            let number = (number + 1).to_string();
            let id = if approvals.len() == 1 {
                step_id(&["approve", name])?
            } else {
                step_id(&["approve", name, &number])?
            };
            let mut needs = needs.clone();
            needs.extend(tasks.iter().cloned());
            let people = if approve.quorum == 1 {
                "one".to_owned()
            } else {
                approve.quorum.to_string()
            };
            self.push(Step {
                id,
                stage,
                title: format!(
                    "{people} of {} approves this plan and the sealed bytes",
                    approve.who
                ),
                why: format!("the configuration asks for it before {name}"),
                needs,
                weight: Weight::Required,
                skip: None,
                action: Action::Approve(Approve {
                    who: approve.who.clone(),
                    quorum: approve.quorum,
                    valid_for: approve.valid_for,
                }),
            });
        }
        Ok(())
    }

    fn commit(&self, role: &'static str) -> Result<&Commit, PlannerError> {
        self.facts
            .commits
            .iter()
            .find(|commit| commit.role == role)
            .ok_or(PlannerError::NoCommit(role))
    }

    /// What is checked, built and tagged.
    fn release_commit(&self) -> &Oid {
        &self.facts.tag.target
    }

    /// What the branch is moved to by the release: the merge, or the release commit itself.
    fn merged(&self) -> Result<Oid, PlannerError> {
        match &self.facts.release_branch {
            Some(_) => Ok(self.commit("merge")?.id.clone()),
            None => Ok(self.release_commit().clone()),
        }
    }

    /// Placeholders of configuration texts.
    fn fill(&self, text: &str) -> String {
        fill(
            text,
            &[
                ("project", &self.config.project.name),
                ("version", &self.facts.version),
                ("pep440", &self.facts.pep440),
                ("tag", self.facts.tag.name.short()),
                ("notes", &self.facts.notes),
            ],
        )
    }

    fn rehearsals(&self) -> impl Iterator<Item = &PublishTo> {
        self.config
            .publish
            .iter()
            .filter(|publish| publish.rehearsal)
    }
}

/// Replaces `{name}` by its value, once: what a value holds is never filled again.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = values.iter().find_map(|(name, value)| {
            let after = rest[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, after))
        });
        let (value, after) = found.unwrap_or(("{", &rest[1..]));
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn before_name(before: Before) -> &'static str {
    match before {
        Before::Check => "check",
        Before::Build => "build",
        Before::Rehearse => "rehearse",
        Before::Publish => "publish",
        Before::Announce => "announce",
    }
}

/// A step's name from its parts; characters that names do not take become `-`.
fn step_id(parts: &[&str]) -> Result<StepId, PlannerError> {
    let clean = |part: &str| -> String {
        part.chars()
            .map(|c| {
                if c.is_whitespace() || c.is_control() || c == '/' {
                    '-'
                } else {
                    c
                }
            })
            .collect()
    };
    let text = parts
        .iter()
        .map(|part| clean(part))
        .collect::<Vec<_>>()
        .join("/");
    StepId::new(text.clone()).map_err(|_| PlannerError::Name(text))
}

/// Digest of the configuration's text.
pub fn config_digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_holds_is_not_filled_again() {
        let values = [("notes", "see {version}"), ("version", "1.0")];
        assert_eq!(
            fill("{notes} of {version} {unknown} {", &values),
            "see {version} of 1.0 {unknown} {"
        );
    }

    #[test]
    fn step_names_hold_no_spaces() {
        assert_eq!(
            step_id(&["check", "my tests/unit"]).unwrap().as_str(),
            "check/my-tests-unit"
        );
        assert!(step_id(&["-x"]).is_err());
    }
}
