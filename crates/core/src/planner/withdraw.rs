//! From a released plan to the plan that withdraws it: a pure function (docs/design/008-withdrawal.md).
//!
//! Invariants: nothing is deleted, the tag least of all; only places that hold something of the release are in the plan, and no
//! rehearsal's; the announcements come last and are sent once everything before them is done.
//!
//! Must not: look at anything, or need the configuration. What the released plan knew is enough, so that a version can be
//! withdrawn from a branch that has moved on.

use super::commands::call;
use super::{Capabilities, PlannerError, destinations, limits, step_id};
use crate::digest::Digest;
use crate::name::StepId;
use crate::plan::{
    Action, Items, Patience, Plan, PlanId, Publish, Script, Stage, Step, Task, WITHDRAW, Weight,
};
use crate::run::Public;
use crate::target::{Item, TargetSpec};
use crate::time::{Millis, Timestamp};
use serde_json::{Value, json};

/// The probe looks at one page.
const PROBE_TIMEOUT: Millis = Millis::seconds(60);

/// What a withdrawal is made from.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawal<'a> {
    pub made_by: &'a str,
    pub made_at: Timestamp,
    pub released: &'a Plan,
    /// The run that carried out the released plan.
    pub run: &'a PlanId,
    /// What that run left at destinations.
    pub public: &'a [Public],
    /// One line of text.
    pub reason: &'a str,
    /// The newest release before it that is not withdrawn.
    pub instead: Option<&'a str>,
    /// Path of the program that can be asked `probe yanked`.
    pub program: &'a str,
    pub patience: Patience,
}

/// Builds the plan of a withdrawal.
pub fn withdraw(withdrawal: &Withdrawal, kinds: Capabilities) -> Result<Plan, PlannerError> {
    let released = withdrawal.released;
    let mut draft = Draft {
        of: withdrawal,
        kinds,
        steps: Vec::new(),
        warnings: Vec::new(),
    };
    for step in &released.steps {
        draft.take_down(step)?;
    }
    let needs: Vec<StepId> = draft.steps.iter().map(|step| step.id.clone()).collect();
    for step in &released.steps {
        draft.announce(step, &needs)?;
    }
    let Draft {
        steps, warnings, ..
    } = draft;
    let plan = Plan {
        format: crate::plan::FORMAT,
        made_by: withdrawal.made_by.to_owned(),
        made_at: withdrawal.made_at,
        flow: WITHDRAW.to_owned(),
        project: released.project.clone(),
        line: released.line.clone(),
        version: released.version.clone(),
        previous: released.previous.clone(),
        because: vec![
            withdrawal.reason.to_owned(),
            format!("it was published by run {}", withdrawal.run.short()),
        ],
        source: released.source.clone(),
        commits: Vec::new(),
        tag: None,
        notes: withdrawal.text(),
        destinations: destinations(&steps),
        limits: limits(&steps, kinds),
        steps,
        warnings,
    };
    plan.check()
        .map_err(|fault| PlannerError::Broken(fault.to_string()))?;
    Ok(plan)
}

impl Withdrawal<'_> {
    fn subject(&self) -> String {
        let Plan {
            project, version, ..
        } = self.released;
        format!("{project} {version} is withdrawn: {}", self.reason)
    }

    /// What users are told.
    fn text(&self) -> String {
        let Plan {
            project, version, ..
        } = self.released;
        let instead = match self.instead {
            Some(earlier) => format!("install {earlier}, or the next release as soon as it is out"),
            None => "install the next release as soon as it is out".to_owned(),
        };
        format!(
            "{project} {version} is withdrawn: {}\n\nPlease do not use it: {instead}.\n\
             Who pinned {version} keeps getting it, and should change the pin.\n",
            self.reason
        )
    }

    /// Items that the step left at its destination.
    fn left_by(&self, step: &StepId) -> Vec<&Public> {
        self.public
            .iter()
            .filter(|public| public.step == *step)
            .collect()
    }
}

/// The plan while it grows.
struct Draft<'a> {
    of: &'a Withdrawal<'a>,
    kinds: Capabilities<'a>,
    steps: Vec<Step>,
    warnings: Vec<String>,
}

impl Draft<'_> {
    /// What takes down the things that a step of the release put up.
    fn take_down(&mut self, step: &Step) -> Result<(), PlannerError> {
        let Action::Publish(publish) = &step.action else {
            return Ok(());
        };
        let left = self.of.left_by(&step.id);
        if left.is_empty() || publish.rehearsal {
            return Ok(());
        }
        let is_certain = left.iter().all(|public| public.certainty == "verified");
        match publish.target.kind.as_str() {
            "pypi" => self.push_yank(publish, is_certain),
            "github-release" => self.push_mark(publish, is_certain),
            "github-draft" if !self.is_published(&publish.target.name) => {
                let Plan {
                    project, version, ..
                } = self.of.released;
                self.warnings.push(format!(
                    "the draft release of {project} {version} stays at {}: nobody sees it; delete it by hand",
                    publish.target.place
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the release became public at this destination.
    fn is_published(&self, name: &str) -> bool {
        self.of
            .released
            .steps
            .iter()
            .any(|step| match &step.action {
                Action::Publish(publish) => {
                    publish.target.name == name
                        && publish.target.kind == "github-release"
                        && !self.of.left_by(&step.id).is_empty()
                }
                _ => false,
            })
    }

    /// An index has no interface for yanking: a person does it on its web page.
    fn push_yank(&mut self, publish: &Publish, is_certain: bool) -> Result<(), PlannerError> {
        let setting = |key: &str| publish.target.settings.get(key).and_then(Value::as_str);
        let project = setting("project").unwrap_or(&self.of.released.project);
        // As the index spells it.
        let version = match &publish.items {
            Items::Sealed { body, .. } => body["version"].as_str(),
            Items::Fixed(_) => None,
        };
        let version = version.unwrap_or(&self.of.released.version);
        let (name, index) = (&publish.target.name, setting("index"));
        let site = site(index.unwrap_or(&publish.target.place));
        // Where the probe could take "not shown yet" for "gone", only a person knows.
        let probe = index
            .filter(|_| is_certain)
            .map(|index| self.probe(index, project, version));
        let text = format!(
            "yank {project} {version} at {name}: sign in at {site} as an owner or maintainer, open {project}, Manage, Releases, {version}, \
             Options, Yank, and give as the reason: {}",
            self.of.reason
        );
        self.steps.push(Step {
            id: step_id(&["withdraw", name])?,
            stage: Stage::Withdraw,
            title: text.clone(),
            why: "installers pass a yanked version over unless it is pinned; the index lets only people do it, on its web page".to_owned(),
            needs: Vec::new(),
            weight: Weight::Required,
            skip: None,
            action: Action::Task(Task { text, who: None, probe }),
        });
        Ok(())
    }

    fn probe(&self, index: &str, project: &str, version: &str) -> Script {
        let words = [
            self.of.program,
            "probe",
            "yanked",
            "--index",
            index,
            "--project",
            project,
            "--version",
            version,
        ];
        Script {
            commands: vec![call(words)],
            timeout: PROBE_TIMEOUT,
            ..Script::default()
        }
    }

    fn push_mark(&mut self, publish: &Publish, is_certain: bool) -> Result<(), PlannerError> {
        let Items::Fixed(items) = &publish.items else {
            return Ok(());
        };
        let tags: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let spec = TargetSpec {
            kind: "github-withdrawn".to_owned(),
            ..publish.target.clone()
        };
        let marks = tags
            .iter()
            .map(|tag| Item::of_body(*tag, json!({"tag": tag, "reason": self.of.reason})));
        let items = Items::Fixed(marks.collect());
        let place = publish
            .target
            .settings
            .get("repository")
            .and_then(Value::as_str);
        let title = format!(
            "mark release {} on {} as withdrawn",
            tags.join(", "),
            place.unwrap_or(&publish.target.place)
        );
        let action = self.publish(spec, items)?;
        self.steps.push(Step {
            id: step_id(&["withdraw", &publish.target.name])?,
            stage: Stage::Withdraw,
            title,
            why: "the name and the first line say it, and `latest` moves back to the release before; tag and files stay"
                .to_owned(),
            needs: Vec::new(),
            // A release that may not be there cannot be asked to be there.
            weight: if is_certain { Weight::Required } else { Weight::BestEffort },
            skip: None,
            action,
        });
        Ok(())
    }

    /// The channels that announced the release, or would have.
    fn announce(&mut self, step: &Step, needs: &[StepId]) -> Result<(), PlannerError> {
        let Action::Publish(Publish {
            target,
            items: Items::Fixed(items),
            ..
        }) = &step.action
        else {
            return Ok(());
        };
        let (Stage::Announce, Some(item)) = (step.stage, items.first()) else {
            return Ok(());
        };
        let (subject, text) = (self.of.subject(), self.of.text());
        let (body, title) = match target.kind.as_str() {
            "mail" => {
                let from = item.body["from"].as_str().unwrap_or_default();
                let to: Vec<&str> = item.body["to"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let seed = Digest::of_json(&(WITHDRAW, self.of.run, &target.name, &text));
                let host = from
                    .rsplit('@')
                    .next()
                    .unwrap_or("localhost")
                    .trim_end_matches('>');
                let title = format!("mail {}: {subject}", to.join(", "));
                let body = json!({
                    "from": from, "to": to, "subject": subject, "text": text,
                    "message_id": format!("<{}@{host}>", seed.short()),
                });
                (body, title)
            }
            "webhook" => {
                let mut payload = item.body["payload"].clone();
                payload["subject"] = json!(subject);
                payload["text"] = json!(text);
                (
                    json!({"payload": payload}),
                    format!("call {}: {subject}", target.name),
                )
            }
            _ => return Ok(()),
        };
        let items = Items::Fixed(vec![Item::of_body(target.name.clone(), body)]);
        let action = self.publish(target.clone(), items)?;
        self.steps.push(Step {
            id: step_id(&["announce", &target.name])?,
            stage: Stage::Announce,
            title,
            why: "who heard of the release hears of its end; sent at most once, and a failure is noted".to_owned(),
            needs: needs.to_vec(),
            weight: Weight::BestEffort,
            skip: None,
            action,
        });
        Ok(())
    }

    fn publish(&self, target: TargetSpec, items: Items) -> Result<Action, PlannerError> {
        let kind =
            (self.kinds)(&target.kind).ok_or_else(|| PlannerError::NoKind(target.kind.clone()))?;
        Ok(Action::Publish(Publish {
            target,
            items,
            reversal: crate::target::Reversal::Nothing,
            again: kind.again,
            settle: kind.settle,
            rehearsal: false,
            patience: self.of.patience,
        }))
    }
}

/// Scheme and host of an address.
fn site(address: &str) -> &str {
    let end = address
        .match_indices('/')
        .nth(2)
        .map_or(address.len(), |(at, _)| at);
    &address[..end]
}

#[cfg(test)]
#[path = "withdraw_tests.rs"]
mod tests;
