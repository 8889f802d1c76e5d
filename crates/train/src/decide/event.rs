//! Transitions (G2): what an event needs, what it does, and whether it may happen now.

use super::{Effort, Situation, Undecided, WayOut};
use crate::facts::{Known, Place, Reason, Unknown};
use crate::model::ReleaseVersion;
use crate::pack::{Row, Rule, Severity};
use serde::{Deserialize, Serialize};

/// Whether an event may happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EventCheck {
    pub event: String,
    /// The release that it makes, where it makes one.
    pub release: Option<ReleaseVersion>,
    pub verdict: Severity,
    pub conditions: Vec<Condition>,
    /// What it does, in the words of the pack.
    pub effects: Vec<String>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// Something that must hold first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// A sentence without full stop.
    pub what: String,
    pub held: Held,
}

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Held {
    Yes,
    No,
    Unknown { why: Unknown },
}

impl Held {
    pub(super) fn of(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

impl Condition {
    pub(super) fn new(what: String, held: Held) -> Self {
        Self { what, held }
    }
}

impl EventCheck {
    /// Whether it may happen: everything that it needs holds.
    pub fn may_happen(&self) -> bool {
        self.verdict.passes()
            && self
                .conditions
                .iter()
                .all(|condition| condition.held == Held::Yes)
    }
}

impl Situation<'_> {
    /// Whether an event may happen now. `release` is the one that it makes, for those that make one; `green` is what the checks
    /// of the engine's branch said, where somebody asked them.
    ///
    /// # Errors
    /// The pack has no such event, or the release cannot be made now.
    pub fn event(
        &self,
        event: &str,
        release: Option<&ReleaseVersion>,
        green: Option<bool>,
    ) -> Result<EventCheck, Undecided> {
        let row = self.pack.ask("events", &[("event", event)])?;
        let release = if event.starts_with("cut-") {
            release.cloned().or_else(|| self.made_by(event))
        } else {
            None
        };
        let mut conditions = Vec::new();
        let mut ways = Vec::new();
        for need in row.list("needs") {
            let (condition, way) = self.condition(need, release.as_ref(), green)?;
            if condition.held != Held::Yes {
                ways.extend(way);
            }
            conditions.push(condition);
        }
        let open = conditions
            .iter()
            .any(|condition| condition.held != Held::Yes);
        Ok(EventCheck {
            event: event.to_owned(),
            release,
            verdict: if open {
                row.severity.max(Severity::Deny)
            } else {
                row.severity
            },
            conditions,
            effects: row.list("effects").map(str::to_owned).collect(),
            rule: row.rule(),
            way_out: ways.into_iter().min_by_key(|way| way.effort),
        })
    }

    fn made_by(&self, event: &str) -> Option<ReleaseVersion> {
        match event {
            "cut-patch" => self.moment.release("cur.patch", None),
            "cut-minor" | "cut-major" => self.moment.release("next.0", None),
            _ => None,
        }
    }

    fn condition(
        &self,
        need: &str,
        release: Option<&ReleaseVersion>,
        green: Option<bool>,
    ) -> Result<(Condition, Option<WayOut>), Undecided> {
        if let Some(phase) = need.strip_prefix("phase=") {
            let now = &self.moment.phase.phase;
            let held = Held::of(now == phase);
            let way = self.opening(phase).map(|event| {
                let way = WayOut::new(
                    Effort::Person,
                    format!("declare {event} first: the phase is {now}"),
                );
                match self.command(&event) {
                    Some(command) => way.by(command),
                    None => way,
                }
            });
            return Ok((Condition::new(format!("the phase is {phase}"), held), way));
        }
        let next = self.moment.next();
        let next_exists = || -> Held {
            match (&self.facts.engine, next) {
                (Known::Unknown(why), _) => Held::Unknown { why: why.clone() },
                (_, None) => Held::No,
                (Known::Known(engine), Some(line)) => {
                    Held::of(engine.branch(&line.branch).is_some())
                }
            }
        };
        let not = |held: Held| match held {
            Held::Yes => Held::No,
            Held::No => Held::Yes,
            Held::Unknown { why } => Held::Unknown { why },
        };
        let name = next.map_or("next", |line| line.branch.as_str());
        let way = |effort, what: String| Some(WayOut::new(effort, what));
        Ok(match need {
            "any-time" => (Condition::new("at any time".to_owned(), Held::Yes), None),
            "never" => (
                Condition::new("never".to_owned(), Held::No),
                way(
                    Effort::OtherRelease,
                    "make the next release of the line instead".to_owned(),
                ),
            ),
            "next-line-known" => (
                Condition::new(
                    "the next line stands in train.toml".to_owned(),
                    Held::of(next.is_some()),
                ),
                way(
                    Effort::Edit,
                    "add the next line as a [[line]] of train.toml".to_owned(),
                ),
            ),
            "next-branch-exists" => (
                Condition::new(format!("the engine has the branch {name}"), next_exists()),
                Some(
                    WayOut::new(
                        Effort::Branch,
                        format!("make the branch {name} from the engine's main branch"),
                    )
                    .by("shipway train open-pre-release"),
                ),
            ),
            "next-branch-absent" => (
                Condition::new(
                    format!("the engine has no branch {name} yet"),
                    not(next_exists()),
                ),
                way(
                    Effort::Wait,
                    "nothing to do: the branch is there".to_owned(),
                ),
            ),
            "branch-green" => {
                let why = || {
                    Unknown::new(
                        Reason::NotWritten,
                        "nobody said what the checks of the branch found",
                        Place::repository(&self.train.engine.name),
                    )
                };
                let held = green.map_or_else(|| Held::Unknown { why: why() }, Held::of);
                (
                    Condition::new("the engine's branch is green".to_owned(), held),
                    way(
                        Effort::Person,
                        "look at the checks of the engine's branch, and say that they passed"
                            .to_owned(),
                    ),
                )
            }
            "pins-follow-rules" | "members-complete" => self.shipped(need, release)?,
            other => {
                return Err(Undecided::Word {
                    word: other.to_owned(),
                });
            }
        })
    }

    fn shipped(
        &self,
        need: &str,
        release: Option<&ReleaseVersion>,
    ) -> Result<(Condition, Option<WayOut>), Undecided> {
        let release = release.ok_or_else(|| Undecided::Word {
            word: "release".to_owned(),
        })?;
        let shipment = self.ship(release)?;
        if need == "members-complete" {
            let missing: Vec<&str> = shipment
                .absent
                .iter()
                .filter(|absent| absent.blocks())
                .map(|absent| absent.member.as_str())
                .collect();
            let last = shipment
                .last
                .as_ref()
                .map_or_else(|| "the last release".to_owned(), ToString::to_string);
            let way = shipment
                .absent
                .iter()
                .find(|absent| absent.blocks())
                .and_then(|absent| absent.way_out.clone());
            return Ok((
                Condition::new(
                    format!(
                        "every member of {last} is present or waived by name{}",
                        listed(&missing)
                    ),
                    Held::of(missing.is_empty()),
                ),
                way,
            ));
        }
        let stuck: Vec<_> = shipment
            .members
            .iter()
            .filter(|ship| ship.blocks())
            .collect();
        let names: Vec<&str> = stuck.iter().map(|ship| ship.member.as_str()).collect();
        let way = if stuck.iter().any(|ship| ship.moves) {
            Some(
                WayOut::new(
                    Effort::Edit,
                    format!(
                        "move {} pins",
                        stuck.iter().filter(|ship| ship.moves).count()
                    ),
                )
                .by("shipway train bump --all"),
            )
        } else {
            stuck.iter().find_map(|ship| ship.way_out.clone())
        };
        Ok((
            Condition::new(
                format!("every pin is what the rules say{}", listed(&names)),
                Held::of(names.is_empty()),
            ),
            way,
        ))
    }

    /// What a person types to make an event happen.
    fn command(&self, event: &str) -> Option<String> {
        Some(match event {
            "declare-freeze" => "shipway train freeze".to_owned(),
            "open-pre-release" | "thaw" => format!("shipway train {event}"),
            _ => {
                let release = self.made_by(event)?;
                let tag = self
                    .train
                    .engine
                    .tag
                    .replace("{version}", &release.to_string());
                format!("shipway train depart {tag}")
            }
        })
    }

    /// The event that leads to a phase.
    fn opening(&self, phase: &str) -> Option<String> {
        let leads = |event: &&String| {
            let row = self.pack.ask("events", &[("event", event)]);
            row.is_ok_and(|row| leads_to(row, phase))
        };
        self.pack.words("event").iter().find(leads).cloned()
    }
}

fn leads_to(row: &Row, phase: &str) -> bool {
    row.list("effects")
        .any(|effect| effect.strip_prefix("phase=") == Some(phase))
}

fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    match names.len() {
        0 => String::new(),
        count if count <= SHOWN => format!(" (not: {})", names.join(", ")),
        count => format!(
            " (not: {} and {} more)",
            names[..SHOWN].join(", "),
            count - SHOWN
        ),
    }
}
