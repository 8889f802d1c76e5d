//! Decisions: pure functions of facts, rules and a date.
//!
//! Invariants: the same facts, rules and date give the same decision; a decision names its rule, and a refusal the cheapest
//! way out; what is not known is said to be unknown, and never decided as if it were; a branch that an answer names exists,
//! or the answer says that it must be made and where.
//!
//! Must not: read a repository or the clock.

mod bump;
mod cycle;
mod event;
#[cfg(test)]
mod life_tests;
mod place;
mod radar;
mod replay;
mod ship;
mod status;
mod switch;
mod target;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use bump::{Bump, Edit, EditError, Unmovable};
pub use cycle::{Calendar, CycleFinding, CyclePlace, CycleReport, Due, SeriesNow};
pub use event::{Condition, EventCheck, Held};
pub use place::{Branch, Change, Creation, Place, Subject, Wanted};
pub use radar::{Radar, RadarItem, Trouble};
pub use replay::{Day, Replay, replay};
pub use ship::{Absent, Deviation, MemberShip, ReleaseKind, Shipment, Staleness, Truth};
pub use status::{Group, LineNow, OwedFix, OwedMerge, Status};
pub use switch::SwitchPlan;
pub use target::{Fit, TargetCheck};

use crate::facts::{BranchType, Known, MemberFacts, Reason, RepositoryFacts, TrainFacts, Unknown};
use crate::model::{Line, Member, Moment, ReleaseVersion, Train};
use crate::pack::{NoAnswer, Pack};
use serde::{Deserialize, Serialize};
use shipway_core::config::document::closest;
use shipway_core::time::Timestamp;
use std::collections::HashMap;

/// Everything that decisions are made from, looked up once.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    pub train: &'a Train,
    pub pack: &'a Pack,
    pub facts: &'a TrainFacts,
    pub moment: Moment<'a>,
    members: HashMap<&'a str, &'a Member>,
    types: HashMap<&'a str, Known<BranchType>>,
}

/// Why there is no decision at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    #[error("the train has no member {name:?}")]
    Member { name: String, meant: Option<String> },
    #[error("there is no series {name:?}")]
    Series {
        name: String,
        meant: Option<String>,
        /// The newest ones.
        known: Vec<String>,
    },
    #[error("no series has a deliverable {name:?}")]
    Deliverable { name: String, meant: Option<String> },
    #[error("the train has no line for {release}")]
    Line {
        release: ReleaseVersion,
        known: Vec<String>,
    },
    #[error("the train has no {word} by then")]
    Word { word: String },
    #[error("{release} exists already")]
    Released { release: ReleaseVersion },
    #[error("it is not known: {0}")]
    Facts(Unknown),
    #[error("the rules have no answer")]
    Rules(#[from] NoAnswer),
}

impl Undecided {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Member {
                meant: Some(meant), ..
            }
            | Self::Series {
                meant: Some(meant), ..
            }
            | Self::Deliverable {
                meant: Some(meant), ..
            } => format!("did you mean {meant}?"),
            Self::Series { known, .. } => format!("the newest are {}", known.join(", ")),
            Self::Deliverable { .. } => {
                "deliverables are called as the files of the repository".to_owned()
            }
            Self::Member { .. } => "members are the [[member]] of train.toml".to_owned(),
            Self::Line { known, .. } => format!(
                "lines are {}; add it as a [[line]] of train.toml",
                known.join(", ")
            ),
            Self::Word { .. } => {
                "add the line to train.toml, or give the release by its version".to_owned()
            }
            Self::Released { .. } => {
                "a release tag is never moved: ask for the next release of its line".to_owned()
            }
            Self::Facts(unknown) => match unknown.reason {
                Reason::RepositoryMissing => {
                    "make a mirror of the repository, or correct its path in train.toml".to_owned()
                }
                Reason::Shallow => "fetch the whole history: git fetch --unshallow".to_owned(),
                Reason::CaseConflict => {
                    "remove one of the two branches that differ in case".to_owned()
                }
                Reason::BeforeHistory => "ask for a later date".to_owned(),
                _ => "look at the place that is named".to_owned(),
            },
            Self::Rules(no) => no.hint(),
        }
    }
}

/// The cheapest way to lift a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WayOut {
    /// A sentence for a person, without full stop.
    pub what: String,
    /// What to type, where Shipway does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    pub effort: Effort,
}

/// What a way out costs, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// One edit of one file.
    Edit,
    /// A new branch in one repository.
    Branch,
    /// The change goes into another release.
    OtherRelease,
    /// Time has to pass.
    Wait,
    /// A person has to decide against the rule, on record.
    Person,
}

impl WayOut {
    pub(crate) fn new(effort: Effort, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            command: None,
            effort,
        }
    }

    pub(crate) fn by(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

impl<'a> Situation<'a> {
    /// Prepares decisions for the moment of the facts.
    pub fn new(train: &'a Train, pack: &'a Pack, facts: &'a TrainFacts) -> Self {
        Self::at(train, pack, facts, facts.as_of)
    }

    /// The same at a later date, when nothing happened since the facts.
    pub fn at(train: &'a Train, pack: &'a Pack, facts: &'a TrainFacts, now: Timestamp) -> Self {
        let moment = Moment::new(train, pack, facts, now);
        let mut types = HashMap::with_capacity(train.members.len());
        for member in &train.members {
            types.insert(
                member.name.as_str(),
                branch_type(&moment, facts.members.get(&member.name), &member.name),
            );
        }
        let members = train
            .members
            .iter()
            .map(|member| (member.name.as_str(), member))
            .collect();
        Self {
            train,
            pack,
            facts,
            moment,
            members,
            types,
        }
    }

    /// The member of a name or alias.
    ///
    /// # Errors
    /// There is none.
    pub fn member(&self, name: &str) -> Result<&'a Member, Undecided> {
        let found = self
            .members
            .get(name)
            .copied()
            .or_else(|| self.train.member(name));
        found.ok_or_else(|| {
            let known: Vec<&str> = self
                .train
                .members
                .iter()
                .map(|member| member.name.as_str())
                .collect();
            let name: String = name.chars().take(60).collect();
            Undecided::Member {
                meant: closest(&name, &known).map(str::to_owned),
                name,
            }
        })
    }

    /// How many active branches a member has.
    pub fn branch_type(&self, member: &Member) -> Known<BranchType> {
        let found = self.types.get(member.name.as_str()).cloned();
        found.unwrap_or_else(|| unrecorded(&member.name))
    }

    fn facts_of(&self, member: &Member) -> Result<&'a MemberFacts, Undecided> {
        let facts = self.facts.members.get(&member.name);
        facts.ok_or_else(|| match unrecorded::<()>(&member.name) {
            Known::Unknown(why) => Undecided::Facts(why),
            Known::Known(()) => Undecided::Member {
                name: member.name.clone(),
                meant: None,
            },
        })
    }

    fn repository_of(&self, member: &Member) -> Result<&'a RepositoryFacts, Undecided> {
        known(&self.facts_of(member)?.repository)
    }

    fn engine(&self) -> Result<&'a RepositoryFacts, Undecided> {
        known(&self.facts.engine)
    }

    /// The engine's branch that pins what a line ships: its own, or the main branch before it has one.
    fn pinning_branch(&self, line: &Line) -> Result<&'a str, Undecided> {
        let engine = self.engine()?;
        match engine.branch(&line.branch) {
            Some(branch) => Ok(branch.name.as_str()),
            None => Ok(known(&engine.default_branch)?.as_str()),
        }
    }

    fn line_of(&self, release: &ReleaseVersion) -> Result<&'a Line, Undecided> {
        self.moment.line_of(release).ok_or_else(|| Undecided::Line {
            release: release.clone(),
            known: self
                .train
                .lines
                .iter()
                .map(|line| line.version.to_string())
                .collect(),
        })
    }
}

fn known<T>(value: &Known<T>) -> Result<&T, Undecided> {
    match value {
        Known::Known(value) => Ok(value),
        Known::Unknown(why) => Err(Undecided::Facts(why.clone())),
    }
}

fn unrecorded<T>(member: &str) -> Known<T> {
    let place = crate::facts::Place::repository(member);
    Known::unknown(
        Reason::RepositoryMissing,
        "the facts hold nothing about this member",
        place,
    )
}

/// The type by the branches of the current and the next line, whether or not the next may exist now.
fn branch_type(moment: &Moment<'_>, facts: Option<&MemberFacts>, name: &str) -> Known<BranchType> {
    let Some(facts) = facts else {
        return unrecorded(name);
    };
    let repository = match &facts.repository {
        Known::Known(repository) => repository,
        Known::Unknown(why) => return Known::Unknown(why.clone()),
    };
    let next = moment.next().map(|line| line.branch.as_str());
    match moment.current() {
        Some(current) => repository.branch_type(&current.branch, next),
        // Before the first release there is no current line whose branch could be active.
        None => repository.branch_type(next.unwrap_or(""), None),
    }
}
