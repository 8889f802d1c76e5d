//! The departure of a train: one plan over many repositories, a pure function (docs/design/010-departures.md).
//!
//! Invariants: every member's tag is first reserved at its remote, under a name that nobody fetches and that can be deleted
//! again, and a reservation holds only while the member's branch stands where the plan saw it; no tag is created before all
//! reservations, rebuilds and approvals stand; the engine's tag comes after those of all members; tags are only ever created.
//!
//! Must not: look at anything, or know what makes a train ready to leave.

use super::{Capabilities, PlannerError, destinations, limits, step_id};
use crate::name::{Oid, RefName, StepId};
use crate::plan::{
    Action, Approve, Commit, DEPART, Items, Patience, Plan, Publish, Script, Source, Stage, Step,
    Tag, Weight,
};
use crate::target::{Item, Reversal, TargetSpec};
use crate::time::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a departure is made from.
#[derive(Clone, Debug)]
pub struct Departure {
    pub made_by: String,
    pub made_at: Timestamp,
    /// The train's name: one departure at a time per train and line.
    pub train: String,
    pub line: String,
    pub version: String,
    pub previous: Option<String>,
    /// What each member ships, and why: for people.
    pub because: Vec<String>,
    /// The engine's branch, and where it stands.
    pub source: Source,
    /// The engine's new pins as a commit on that branch; empty where they are as they must be.
    pub commits: Vec<Commit>,
    /// The engine's tag.
    pub tag: Tag,
    /// In any order.
    pub members: Vec<Member>,
    /// Who must agree before the first tag.
    pub approve: Option<Approve>,
    pub notes: String,
    pub warnings: Vec<String>,
    pub patience: Patience,
}

/// A member that is tagged.
#[derive(Clone, Debug)]
pub struct Member {
    /// Unique in the departure.
    pub name: String,
    /// Its clone or mirror on this machine: absolute, or relative to the engine's.
    pub repository: String,
    /// Name or address that it is pushed to, and what people are shown of it.
    pub remote: String,
    pub url: String,
    /// At the commit that ships.
    pub tag: Tag,
    /// A branch that must not have moved, and where it stands.
    pub held: Option<(RefName, Oid)>,
    /// Members that are rebuilt and tagged before it.
    pub needs: Vec<String>,
    /// How it is rebuilt against the engine; run in a checkout of the engine with its new pins.
    pub rebuild: Option<Script>,
}

/// Builds the plan of a departure.
///
/// # Errors
/// [`PlannerError::Cycle`] where members need each other, [`PlannerError::Name`] for a name that makes no step.
pub fn depart(departure: &Departure, kinds: Capabilities) -> Result<Plan, PlannerError> {
    let mut draft = Draft {
        of: departure,
        kinds,
        steps: Vec::new(),
    };
    let members = in_order(&departure.members)?;
    let reserved = draft.reserve(&members)?;
    let rebuilt = draft.rebuild(&members)?;
    let all: Vec<StepId> = reserved.into_iter().chain(rebuilt).collect();
    // Whoever agrees has seen everything before it stand.
    let ready = match draft.approve(&all)? {
        Some(approval) => vec![approval],
        None => all,
    };
    let tagged = draft.tag_members(&members, &ready)?;
    draft.tag_engine(&ready, tagged)?;
    let steps = draft.steps;
    let plan = Plan {
        format: crate::plan::FORMAT,
        made_by: departure.made_by.clone(),
        made_at: departure.made_at,
        flow: DEPART.to_owned(),
        project: departure.train.clone(),
        line: departure.line.clone(),
        version: departure.version.clone(),
        previous: departure.previous.clone(),
        because: departure.because.clone(),
        source: departure.source.clone(),
        commits: departure.commits.clone(),
        tag: Some(departure.tag.clone()),
        notes: departure.notes.clone(),
        destinations: destinations(&steps),
        limits: limits(&steps, kinds),
        steps,
        warnings: departure.warnings.clone(),
    };
    plan.check()
        .map_err(|fault| PlannerError::Broken(fault.to_string()))?;
    Ok(plan)
}

/// Members so that each comes after those that it needs; among those that could come next, by name.
fn in_order(members: &[Member]) -> Result<Vec<&Member>, PlannerError> {
    let mut waiting: BTreeMap<&str, &Member> = BTreeMap::new();
    for member in members {
        if waiting.insert(&member.name, member).is_some() {
            return Err(PlannerError::Broken(format!(
                "the member {} is there twice",
                member.name
            )));
        }
    }
    let names: BTreeSet<&str> = waiting.keys().copied().collect();
    let mut blocking: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for member in members {
        // What is no member of this departure (it ships with the engine) is there already.
        let needs: BTreeSet<&str> = (member.needs.iter().map(String::as_str))
            .filter(|need| names.contains(need))
            .collect();
        blocking.insert(&member.name, needs.len());
        for need in needs {
            needed_by.entry(need).or_default().push(&member.name);
        }
    }
    let mut free: BTreeSet<&str> = blocking
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| *name)
        .collect();
    let mut ordered = Vec::with_capacity(members.len());
    while let Some(name) = free.pop_first() {
        ordered.extend(waiting.remove(name));
        for waits in needed_by.get(name).into_iter().flatten() {
            if let Some(count) = blocking.get_mut(waits) {
                *count -= 1;
                if *count == 0 {
                    free.insert(waits);
                }
            }
        }
    }
    if waiting.is_empty() {
        Ok(ordered)
    } else {
        Err(PlannerError::Cycle(
            waiting.keys().map(|name| (*name).to_owned()).collect(),
        ))
    }
}

/// The plan while it grows.
struct Draft<'a> {
    of: &'a Departure,
    kinds: Capabilities<'a>,
    steps: Vec<Step>,
}

impl Draft<'_> {
    /// Objects and reservations: everything that can be taken back, and that fails where a tag would fail.
    fn reserve(&mut self, members: &[&Member]) -> Result<Vec<StepId>, PlannerError> {
        let departure = self.of;
        let mut reservations = Vec::new();
        let engine = step_id(&["prepare", "engine"])?;
        let newest = departure
            .commits
            .last()
            .map_or(&departure.tag.target, |commit| &commit.id);
        let keep = format!("refs/shipway/{}", departure.tag.name.short());
        let refs = json!([{"name": keep, "old": null, "new": newest}]);
        let body = json!({"commits": departure.commits, "tag": departure.tag, "refs": refs});
        self.push_git(
            About {
                id: engine.clone(),
                stage: Stage::Prepare,
                title: if departure.commits.is_empty() {
                    format!("write tag {} of the engine", departure.tag.name.short())
                } else {
                    format!(
                        "write the engine's pins and tag {}",
                        departure.tag.name.short()
                    )
                },
                why: "nothing points to it yet, and your working tree is not touched".to_owned(),
                needs: Vec::new(),
            },
            local("engine (local)", None),
            Item::of_body("engine", body),
            Reversal::Deletes,
        )?;
        let id = step_id(&["prepare", "engine", "reserve"])?;
        let head = (&departure.source.branch, &departure.source.head);
        self.push_git(
            About {
                id: id.clone(),
                stage: Stage::Prepare,
                title: format!("reserve {} at {}", departure.tag.name.short(), departure.source.remote),
                why: "the remote takes the objects, and says no now rather than half way; it can be deleted again".to_owned(),
                needs: vec![engine.clone()],
            },
            self.engine_remote(),
            reservation(&departure.tag, Some(head))?,
            Reversal::Deletes,
        )?;
        reservations.push(id);
        for member in members {
            let written = step_id(&["prepare", &member.name])?;
            let keep = format!("refs/shipway/{}", member.tag.name.short());
            let refs = json!([{"name": keep, "old": null, "new": member.tag.id}]);
            let body = json!({"commits": [], "tag": member.tag, "refs": refs});
            let short = member.tag.name.short();
            self.push_git(
                About {
                    id: written.clone(),
                    stage: Stage::Prepare,
                    title: format!(
                        "write tag {short} of {} at {}",
                        member.name,
                        member.tag.target.abbreviated()
                    ),
                    why: "the exact object that will be pushed; nothing points to it yet"
                        .to_owned(),
                    needs: Vec::new(),
                },
                local(
                    &format!("{} (local)", member.name),
                    Some(&member.repository),
                ),
                Item::of_body(member.name.clone(), body),
                Reversal::Deletes,
            )?;
            let id = step_id(&["prepare", &member.name, "reserve"])?;
            let witness = member.held.as_ref().map(|(branch, at)| (branch, at));
            let still = witness.map_or_else(String::new, |(branch, at)| {
                format!(", while {} is at {}", branch.short(), at.abbreviated())
            });
            self.push_git(
                About {
                    id: id.clone(),
                    stage: Stage::Prepare,
                    title: format!("reserve {short} of {}{still}", member.name),
                    why: "a member that moved, or that we may not push to, stops the train before anything is public".to_owned(),
                    needs: vec![written],
                },
                remote(member),
                reservation(&member.tag, witness)?,
                Reversal::Deletes,
            )?;
            reservations.push(id);
        }
        Ok(reservations)
    }

    /// Rebuilds, each after those of what it needs.
    fn rebuild(&mut self, members: &[&Member]) -> Result<Vec<StepId>, PlannerError> {
        let engine = step_id(&["prepare", "engine"])?;
        let mut done: BTreeMap<&str, StepId> = BTreeMap::new();
        for member in members {
            let Some(script) = &member.rebuild else {
                continue;
            };
            let id = step_id(&["build", &member.name])?;
            let before = member
                .needs
                .iter()
                .filter_map(|need| done.get(need.as_str()));
            let needs = std::iter::once(&engine).chain(before).cloned().collect();
            self.steps.push(Step {
                id: id.clone(),
                stage: Stage::Build,
                title: format!(
                    "rebuild {} at {}",
                    member.name,
                    member.tag.target.abbreviated()
                ),
                why: "what is built against the engine changes with it".to_owned(),
                needs,
                weight: Weight::Required,
                skip: None,
                action: Action::Run(Script {
                    checkout: Some(self.of.tag.target.clone()),
                    ..script.clone()
                }),
            });
            done.insert(&member.name, id);
        }
        Ok(done.into_values().collect())
    }

    fn approve(&mut self, needs: &[StepId]) -> Result<Option<StepId>, PlannerError> {
        let Some(approve) = &self.of.approve else {
            return Ok(None);
        };
        let id = step_id(&["approve", "departure"])?;
        self.steps.push(Step {
            id: id.clone(),
            stage: Stage::Approve,
            title: format!(
                "{} of {} approve this departure",
                approve.quorum, approve.who
            ),
            why: "the next step is the point of no return".to_owned(),
            needs: needs.to_vec(),
            weight: Weight::Required,
            skip: None,
            action: Action::Approve(approve.clone()),
        });
        Ok(Some(id))
    }

    /// Tags of the members, each after those of what it needs.
    fn tag_members(
        &mut self,
        members: &[&Member],
        ready: &[StepId],
    ) -> Result<Vec<StepId>, PlannerError> {
        let mut tagged: BTreeMap<&str, StepId> = BTreeMap::new();
        for member in members {
            let id = step_id(&["publish", &member.name])?;
            let before = member
                .needs
                .iter()
                .filter_map(|need| tagged.get(need.as_str()));
            let needs = ready.iter().chain(before).cloned().collect();
            let short = member.tag.name.short();
            self.push_git(
                About {
                    id: id.clone(),
                    stage: Stage::Publish,
                    title: format!(
                        "tag {} as {short} at {}",
                        member.name,
                        member.tag.target.abbreviated()
                    ),
                    why: "created only, never moved; its object is at the remote already"
                        .to_owned(),
                    needs,
                },
                remote(member),
                created(&member.tag),
                Reversal::Nothing,
            )?;
            tagged.insert(&member.name, id);
        }
        Ok(tagged.into_values().collect())
    }

    fn tag_engine(&mut self, ready: &[StepId], tagged: Vec<StepId>) -> Result<(), PlannerError> {
        let departure = self.of;
        let (tag, source) = (&departure.tag, &departure.source);
        let mut refs = vec![json!({"name": tag.name, "old": null, "new": tag.id})];
        if let Some(newest) = departure.commits.last() {
            let moved = json!({"name": source.branch, "old": source.head, "new": newest.id});
            refs.insert(0, moved);
        }
        let mut needs = ready.to_vec();
        needs.extend(tagged);
        self.push_git(
            About {
                id: step_id(&["publish", "engine"])?,
                stage: Stage::Publish,
                title: if departure.commits.is_empty() {
                    format!("tag the engine as {}", tag.name.short())
                } else {
                    format!(
                        "advance {} to the new pins and tag the engine as {}, in one atomic push",
                        source.branch.short(),
                        tag.name.short()
                    )
                },
                why: "whoever sees the engine's tag finds every member's".to_owned(),
                needs,
            },
            self.engine_remote(),
            Item::of_body(tag.name.short(), json!({"refs": refs})),
            Reversal::Nothing,
        )
    }

    fn engine_remote(&self) -> TargetSpec {
        let source = &self.of.source;
        TargetSpec {
            name: "engine".to_owned(),
            kind: "git".to_owned(),
            place: source.url.clone(),
            settings: BTreeMap::from([("remote".to_owned(), json!(source.remote))]),
            secret: None,
        }
    }

    fn push_git(
        &mut self,
        about: About,
        target: TargetSpec,
        item: Item,
        reversal: Reversal,
    ) -> Result<(), PlannerError> {
        let kind =
            (self.kinds)(&target.kind).ok_or_else(|| PlannerError::NoKind(target.kind.clone()))?;
        self.steps.push(Step {
            id: about.id,
            stage: about.stage,
            title: about.title,
            why: about.why,
            needs: about.needs,
            weight: Weight::Required,
            skip: None,
            action: Action::Publish(Publish {
                target,
                items: Items::Fixed(vec![item]),
                reversal,
                again: kind.again,
                settle: kind.settle,
                rehearsal: false,
                patience: self.of.patience,
            }),
        });
        Ok(())
    }
}

/// What a step is, beside what it does.
struct About {
    id: StepId,
    stage: Stage,
    title: String,
    why: String,
    needs: Vec<StepId>,
}

fn local(name: &str, repository: Option<&str>) -> TargetSpec {
    TargetSpec {
        name: name.to_owned(),
        kind: "git-local".to_owned(),
        place: repository.unwrap_or("this repository").to_owned(),
        settings: repository
            .map(|path| ("repository".to_owned(), json!(path)))
            .into_iter()
            .collect(),
        secret: None,
    }
}

fn remote(member: &Member) -> TargetSpec {
    TargetSpec {
        name: member.name.clone(),
        kind: "git".to_owned(),
        place: member.url.clone(),
        settings: BTreeMap::from([
            ("remote".to_owned(), json!(member.remote)),
            ("repository".to_owned(), json!(member.repository)),
        ]),
        secret: None,
    }
}

/// Where a tag is reserved: below `refs/shipway/`, which no clone fetches.
fn reserved_name(tag: &Tag) -> Result<RefName, PlannerError> {
    let name = format!("refs/shipway/reserved/{}", tag.name.short());
    RefName::new(name).map_err(|error| PlannerError::Broken(error.to_string()))
}

/// The tag's object under its reserved name, and a branch that must stand where it was seen.
fn reservation(tag: &Tag, held: Option<(&RefName, &Oid)>) -> Result<Item, PlannerError> {
    let mut refs = vec![json!({"name": reserved_name(tag)?, "old": null, "new": tag.id})];
    refs.extend(held.map(|(branch, at)| json!({"name": branch, "old": at, "new": at})));
    Ok(item(tag, &refs))
}

fn created(tag: &Tag) -> Item {
    item(
        tag,
        &[json!({"name": tag.name, "old": null, "new": tag.id})],
    )
}

fn item(tag: &Tag, refs: &[Value]) -> Item {
    Item::of_body(tag.name.short(), json!({ "refs": refs }))
}

#[cfg(test)]
#[path = "departure_tests.rs"]
mod tests;
