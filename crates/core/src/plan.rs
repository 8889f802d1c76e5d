//! A plan: everything that will happen, in order, and why, as data.
//!
//! Invariants: printing a plan is the dry run; its digest is the run's identity; it names secrets and never holds one.
//! Steps are listed so that each comes after all that it needs. Nothing that a run does is missing from its plan.

use crate::digest::Digest;
use crate::name::{Oid, RefName, StepId};
use crate::secret::SecretName;
use crate::target::{Again, Item, Reversal, Survey, TargetSpec};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The version of the plan's format. A reader refuses every other one.
pub const FORMAT: u32 = 1;

/// The flow of a plan that withdraws a version instead of releasing it.
pub const WITHDRAW: &str = "withdraw";

/// The flow of a plan that tags all members of a train and its engine.
pub const DEPART: &str = "depart";

/// The digest of a plan: the identity of its run.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(pub Digest);

impl PlanId {
    /// The first 12 digits, for people; commands accept any unique beginning.
    pub fn short(&self) -> &str {
        self.0.short()
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub format: u32,
    /// The version of Shipway that made it.
    pub made_by: String,
    pub made_at: Timestamp,
    /// `release`, or a named variant of the process.
    pub flow: String,
    pub project: String,
    /// The maintained series that this release belongs to: `1.1`. One run at a time per project and line.
    pub line: String,
    /// As tags and people write it: `1.1.0-rc.1` or `1.1.0rc1`, by the project's scheme.
    pub version: String,
    pub previous: Option<String>,
    /// Why this version: the changes that raised it, or what the user asked for.
    pub because: Vec<String>,
    pub source: Source,
    /// The commits that will be made, parents first, with every edit.
    pub commits: Vec<Commit>,
    pub tag: Option<Tag>,
    /// The text of this release for people: the changelog's section without its heading.
    pub notes: String,
    pub steps: Vec<Step>,
    /// What stood at each destination when the plan was made.
    pub destinations: Vec<Destination>,
    /// Waiting time that registries' limits will cost.
    pub limits: Vec<Limit>,
    /// What the user should know and what stops nobody.
    pub warnings: Vec<String>,
}

/// Where the release starts from.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub branch: RefName,
    pub head: Oid,
    /// The remote's name and its URL without credentials.
    pub remote: String,
    pub url: String,
    /// SHA-256 of the `shipway.toml` that the plan was made from.
    pub config: Digest,
}

/// A commit, computed before it is written: its id is part of the plan.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// What it is for: `release`, `merge`, `next-version`.
    pub role: String,
    pub id: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub author: Person,
    pub committer: Person,
    pub at: GitTime,
    pub message: String,
    /// Edits against the first parent's tree.
    pub changes: Vec<FileChange>,
}

/// An annotated tag object, computed before it is written.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    pub id: Oid,
    pub name: RefName,
    pub target: Oid,
    pub tagger: Person,
    pub at: GitTime,
    pub message: String,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// Seconds since the epoch and the offset from UTC in seconds, as git stores them.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitTime {
    pub seconds: i64,
    pub offset: i32,
}

/// One file of a commit: the diff is the truth, the ids prove that it was applied rightly.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Relative to the top of the repository, with `/`.
    pub path: String,
    /// Blob before; `None` where the file is new.
    pub before: Option<Oid>,
    pub after: Oid,
    /// Unified diff with three lines of context, exact to the byte (line ends and a missing final newline included).
    pub diff: String,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Prepare,
    Check,
    Build,
    Seal,
    Rehearse,
    Approve,
    Publish,
    /// What was published is marked as withdrawn.
    Withdraw,
    Announce,
    FollowUp,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Check => "check",
            Self::Build => "build",
            Self::Seal => "seal",
            Self::Rehearse => "rehearse",
            Self::Approve => "approve",
            Self::Publish => "publish",
            Self::Withdraw => "withdraw",
            Self::Announce => "announce",
            Self::FollowUp => "follow-up",
        }
    }
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: StepId,
    pub stage: Stage,
    /// What it does, in one line.
    pub title: String,
    /// Why it is in the plan.
    pub why: String,
    /// Steps that must stand first. All of them come earlier in the plan.
    pub needs: Vec<StepId>,
    pub weight: Weight,
    /// Why it will not be carried out, known already: an interpreter that is missing.
    pub skip: Option<String>,
    pub action: Action,
}

/// What a failure of the step means for the release.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The release is not released without it.
    Required,
    /// Its failure is noted; it never turns a finished release red.
    BestEffort,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Run programs and read their evidence.
    Run(Script),
    /// Read the built archives and compare their metadata with the plan.
    Inspect(Inspect),
    /// Freeze the artifacts of all steps before it into the manifest, after reading their bytes back.
    Seal,
    /// Wait for people to approve the plan and the sealed bytes.
    Approve(Approve),
    /// Wait for a person to do something and say so.
    Task(Task),
    /// Put items at a target.
    Publish(Publish),
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Carried out one after the other; the first that fails fails the step.
    pub commands: Vec<Invocation>,
    /// Run in a clean checkout of this commit, made for this step alone. `None`: in an empty directory.
    pub checkout: Option<Oid>,
    /// Variables set for the commands. With `pass` and `secrets`, all that they see beside a fixed few
    /// (`PATH`, `HOME` and `TMPDIR` of their own, `LANG`, `CI`, `SOURCE_DATE_EPOCH`, `SHIPWAY_PROJECT`, `SHIPWAY_TAG`,
    /// `SHIPWAY_VERSION`).
    pub env: BTreeMap<String, String>,
    /// Variables taken over from the environment of whoever runs the plan.
    pub pass: BTreeSet<String>,
    /// Variable -> secret.
    pub secrets: BTreeMap<String, SecretName>,
    /// For the whole step.
    pub timeout: Millis,
    pub repeat: Repeat,
    /// Patterns of the artifacts that the commands make, relative to the checkout.
    pub artifacts: Vec<String>,
    /// Patterns of earlier artifacts that are laid out for the commands in `{artifacts}`.
    pub inputs: Vec<String>,
    pub reports: Vec<Report>,
    /// Thresholds that the reports must hold. Percentages are in hundredths of a percent: 85 % is 8500.
    pub need: BTreeMap<Metric, u64>,
}

/// One program call. Placeholders fill parts of one argument and never make two: `{artifacts}` (directory of the inputs),
/// `{input:GLOB}` (path of the one input that matches), `{scratch}` (an empty directory of the step's own).
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    pub argv: Vec<String>,
    /// Standard input: the text of a shell script that the user wrote, run as `sh -eu -s`.
    pub stdin: Option<String>,
    /// What standard output must be, without white space at both ends.
    pub expect: Option<String>,
}

/// Whether a local step may be carried out a second time when nobody knows whether the first time finished.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    #[default]
    Safe,
    /// A person decides after a crash.
    Unsafe,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub kind: ReportKind,
    /// Relative to the checkout.
    pub path: String,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// JUnit XML, as pytest and most test runners write it.
    Junit,
    /// Cobertura XML, as coverage.py writes it.
    Cobertura,
}

/// A figure that a gate can ask for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Passed / (all - skipped), in hundredths of a percent; at least.
    PassRate,
    /// Lines covered, in hundredths of a percent; at least.
    Coverage,
    /// Number of tests that ran; at least.
    Tests,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspect {
    /// Patterns of the artifacts that are looked into.
    pub artifacts: Vec<String>,
    /// The `Name` that their metadata must have, after normalisation (PEP 503).
    pub name: String,
    /// The `Version` that their metadata must have, compared as PEP 440 versions.
    pub version: String,
    /// Kinds that must be among them: `wheel`, `sdist`.
    pub kinds: Vec<String>,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Role or person that is asked.
    pub who: String,
    /// How many different people must approve.
    pub quorum: u32,
    /// How long an approval counts, until the first step that needs it starts.
    pub valid_for: Millis,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What the person does.
    pub text: String,
    pub who: Option<String>,
    /// A command that succeeds once it is done; looked at while the run waits.
    pub probe: Option<Script>,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    pub target: TargetSpec,
    pub items: Items,
    pub reversal: Reversal,
    pub again: Again,
    /// How long the destination may answer "absent" for what it holds, once it has accepted it.
    pub settle: Millis,
    /// The destination is a test of the real one: what it keeps does not count as the point of no return.
    pub rehearsal: bool,
    pub patience: Patience,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Items {
    /// Known when the plan is made.
    Fixed(Vec<Item>),
    /// One item per sealed artifact that matches a pattern; each gets this body.
    Sealed {
        patterns: Vec<String>,
        /// File names that the planner expects, for people.
        expected: Vec<String>,
        body: Value,
    },
}

/// Retries of one item: the n-th waits `first_wait` × 2^(n-1), at most `longest_wait`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    pub attempts: u32,
    pub first_wait: Millis,
    pub longest_wait: Millis,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Millis::seconds(1),
            longest_wait: Millis::seconds(60),
        }
    }
}

impl Patience {
    /// The wait before attempt number `next` (the second attempt is number 2).
    pub fn wait_before(self, next: u32) -> Millis {
        let doublings = next.saturating_sub(2).min(32);
        Millis(
            self.first_wait
                .0
                .saturating_mul(1 << doublings)
                .min(self.longest_wait.0),
        )
    }
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    pub name: String,
    pub kind: String,
    pub place: String,
    /// Steps that go there.
    pub steps: Vec<StepId>,
    pub survey: Survey,
}

#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub destination: String,
    pub writes: u32,
    pub wait: Millis,
}

/// Why a text is not a plan that can be run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("this is no plan")]
    Syntax(#[source] serde_json::Error),
    #[error("the plan has format {found}, and this Shipway reads format {FORMAT}")]
    Format { found: u64 },
    #[error("step {0} appears twice")]
    Twice(StepId),
    #[error("step {step} needs {needs}, which does not come before it")]
    Order { step: StepId, needs: StepId },
    #[error("step {step}: {why}")]
    Step { step: StepId, why: String },
}

impl Plan {
    /// The digest over every field.
    pub fn id(&self) -> PlanId {
        PlanId(Digest::of_json(self))
    }

    /// Reads the JSON text that `plan -o` wrote, and checks it with [`Plan::check`].
    pub fn from_json(text: &[u8]) -> Result<Self, PlanError> {
        // Asked first: a plan of another format may have fields that this one does not know. Skimmed, and not read into a
        // tree of values, which takes longer than all the rest.
        #[derive(Deserialize)]
        struct Skimmed {
            #[serde(default)]
            format: Value,
        }
        let skimmed: Skimmed = serde_json::from_slice(text).map_err(PlanError::Syntax)?;
        match skimmed.format.as_u64() {
            Some(found) if found != u64::from(FORMAT) => return Err(PlanError::Format { found }),
            _ => {}
        }
        let plan: Self = serde_json::from_slice(text).map_err(PlanError::Syntax)?;
        plan.check()?;
        plan.check_what_is_shown()?;
        Ok(plan)
    }

    /// What people read is what is carried out: the items are what their digests say, and the commits that are written are
    /// those whose diffs are shown.
    fn check_what_is_shown(&self) -> Result<(), PlanError> {
        let commits = serde_json::to_value(&self.commits).map_err(PlanError::Syntax)?;
        let tag = serde_json::to_value(&self.tag).map_err(PlanError::Syntax)?;
        for step in &self.steps {
            let Action::Publish(publish) = &step.action else {
                continue;
            };
            let Items::Fixed(items) = &publish.items else {
                continue;
            };
            for item in items.iter().filter(|item| item.size.is_none()) {
                let why = if item.digest != Digest::of_json(&item.body) {
                    format!("item {} is not what its digest says", item.name)
                } else if item.body["commits"]
                    .as_array()
                    .is_some_and(|all| !all.is_empty())
                    && (item.body["commits"] != commits || item.body["tag"] != tag)
                {
                    "it writes other commits than the plan shows".to_owned()
                } else {
                    continue;
                };
                return Err(PlanError::Step {
                    step: step.id.clone(),
                    why,
                });
            }
        }
        Ok(())
    }

    /// The rules that every plan keeps, whoever wrote it.
    pub fn check(&self) -> Result<(), PlanError> {
        let mut seen = BTreeSet::new();
        let mut sealed = false;
        for step in &self.steps {
            if let Some(missing) = step.needs.iter().find(|need| !seen.contains(*need)) {
                return Err(PlanError::Order {
                    step: step.id.clone(),
                    needs: missing.clone(),
                });
            }
            if !seen.insert(step.id.clone()) {
                return Err(PlanError::Twice(step.id.clone()));
            }
            let fault = |why: &str| {
                Err(PlanError::Step {
                    step: step.id.clone(),
                    why: why.to_owned(),
                })
            };
            match &step.action {
                Action::Seal if sealed => return fault("a plan seals once"),
                Action::Seal | Action::Approve(_) if step.weight == Weight::BestEffort => {
                    return fault("a gate whose failure is only noted is no gate");
                }
                Action::Seal if step.skip.is_some() => {
                    return fault("what is published must be sealed first");
                }
                Action::Seal if self.builds_beside(step) => {
                    return fault("a step that makes artifacts is not among what it needs");
                }
                Action::Seal => sealed = true,
                Action::Approve(approve) if approve.quorum == 0 => {
                    return fault("an approval needs at least one person");
                }
                Action::Run(script) if script.commands.iter().any(|c| c.argv.is_empty()) => {
                    return fault("a command without a program");
                }
                Action::Publish(publish) => match &publish.items {
                    Items::Sealed { .. } if !self.seal_precedes(step) => {
                        return fault("it publishes artifacts and does not need the seal");
                    }
                    Items::Fixed(items) => {
                        let names: BTreeSet<_> = items.iter().map(|item| &item.name).collect();
                        if names.len() != items.len() || items.is_empty() {
                            return fault("its items are none, or two have one name");
                        }
                    }
                    Items::Sealed { .. } => {}
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it withdraws its version; every other flow releases one.
    pub fn is_withdrawal(&self) -> bool {
        self.flow == WITHDRAW
    }

    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The first step in order after which not everything can be taken back any more.
    pub fn point_of_no_return(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.is_irreversible())
    }

    /// Whether the seal is among all that this step needs, directly or not.
    fn seal_precedes(&self, step: &Step) -> bool {
        self.all_needs(step).iter().any(|id| {
            self.step(id)
                .is_some_and(|found| matches!(found.action, Action::Seal))
        })
    }

    /// Whether some step makes artifacts that this one does not wait for.
    fn builds_beside(&self, seal: &Step) -> bool {
        let needed = self.all_needs(seal);
        self.steps.iter().any(|step| {
            step.skip.is_none() && step.action.makes_artifacts() && !needed.contains(&step.id)
        })
    }

    /// All that a step needs, directly or not.
    fn all_needs<'a>(&'a self, step: &'a Step) -> BTreeSet<&'a StepId> {
        let mut open: Vec<&StepId> = step.needs.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.step(id).iter().flat_map(|found| &found.needs));
            }
        }
        seen
    }
}

impl Action {
    /// Whether what it leaves behind goes into the seal.
    pub fn makes_artifacts(&self) -> bool {
        matches!(self, Self::Run(script) if !script.artifacts.is_empty())
    }
}

impl Publish {
    /// Whether its items are known only once the artifacts are sealed.
    pub fn is_sealed(&self) -> bool {
        matches!(self.items, Items::Sealed { .. })
    }
}

impl Step {
    /// Whether what it does cannot be deleted again (a rehearsal does not count, and neither does a skipped step).
    pub fn is_irreversible(&self) -> bool {
        match &self.action {
            Action::Publish(publish) => {
                self.skip.is_none() && !publish.rehearsal && publish.reversal != Reversal::Deletes
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_another_format_is_told_from_what_is_no_plan() {
        let of = |text: &str| Plan::from_json(text.as_bytes()).unwrap_err();
        // Another format may have other fields: it is named all the same.
        let newer = of(r#"{"made_by": "9", "format": 2, "rollout": {"x": [1, {}]}}"#);
        assert!(matches!(newer, PlanError::Format { found: 2 }));
        for text in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"format": "1"}"#,
            r#"{"format": 1}"#,
            r#"{"format": 1} x"#,
        ] {
            assert!(matches!(of(text), PlanError::Syntax(_)), "{text}");
        }
    }
}
