//! What has to move before a departure (G7): every pin, target and branch type that the rules want otherwise.

use super::{
    Absent, Deviation, Effort, Fit, MemberShip, Situation, Staleness, TargetCheck, Undecided,
    WayOut,
};
use crate::facts::{Known, Unknown};
use crate::model::{Class, Member, ReleaseVersion, Waives};
use crate::pack::{Rule, Severity};
use serde::{Deserialize, Serialize};
use shipway_core::time::Timestamp;
use std::collections::HashMap;

/// What stands between now and a departure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Radar {
    pub as_of: Timestamp,
    pub release: ReleaseVersion,
    pub departs: Option<Timestamp>,
    /// Whole days until then, rounded down; negative where the date is past.
    pub days_left: Option<i64>,
    /// How many members were looked at.
    pub members: usize,
    /// The strictest first, then by member.
    pub items: Vec<RadarItem>,
}

/// One thing that is not as the rules want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RadarItem {
    pub member: String,
    /// Who can act.
    pub who: Vec<String>,
    pub severity: Severity,
    pub trouble: Trouble,
    /// Since when it is so, where that is known.
    pub since: Option<Timestamp>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Trouble {
    /// The pin has to move.
    Pin {
        branch: Option<String>,
        pinned: Option<String>,
        to: String,
        staleness: Option<Staleness>,
        deviation: Option<Deviation>,
    },
    /// The pin ships as it is, and is odd.
    Unsound {
        pinned: Option<String>,
        deviation: Deviation,
    },
    Absent {
        state: String,
    },
    Target {
        branch: String,
        allowed: Vec<String>,
        submodule: Option<String>,
        workflow: Option<String>,
        fit: Fit,
    },
    BranchType {
        has: String,
    },
    Unknown {
        why: Unknown,
    },
}

impl Trouble {
    /// The kind, as it stands on the wire: what past delays are counted by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pin { .. } => "pin",
            Self::Unsound { .. } => "unsound",
            Self::Absent { .. } => "absent",
            Self::Target { .. } => "target",
            Self::BranchType { .. } => "branch-type",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl RadarItem {
    /// Whether it keeps the train from leaving.
    pub fn blocks(&self) -> bool {
        !self.severity.passes()
    }
}

impl Radar {
    /// The items that keep the train from leaving.
    pub fn blocking(&self) -> impl Iterator<Item = &RadarItem> {
        self.items.iter().filter(|item| item.blocks())
    }
}

impl<'a> Situation<'a> {
    /// What has to move before `release` leaves; `departs` is the day it should.
    ///
    /// # Errors
    /// As [`Situation::ship`].
    pub fn radar(
        &self,
        release: &ReleaseVersion,
        departs: Option<Timestamp>,
    ) -> Result<Radar, Undecided> {
        let shipment = self.ship(release)?;
        let mut items = Vec::new();
        for ship in &shipment.members {
            items.extend(self.pin_item(ship));
        }
        items.extend(
            shipment
                .absent
                .iter()
                .filter_map(|absent| self.absent_item(absent)),
        );
        let by_name = shipment
            .members
            .iter()
            .map(|ship| (ship.member.as_str(), ship));
        let ships: HashMap<&str, &MemberShip> = by_name.collect();
        for member in self
            .train
            .members
            .iter()
            .filter(|member| member.class == Class::UnstableApi)
        {
            let ship = ships.get(member.name.as_str());
            let ships = ship.and_then(|ship| self.shipping_branch(member, ship, release));
            self.branch_items(member, release, ships, &mut items)?;
        }
        items.sort_by(|a, b| {
            (b.severity, &a.member, a.trouble.kind()).cmp(&(
                a.severity,
                &b.member,
                b.trouble.kind(),
            ))
        });
        Ok(Radar {
            as_of: self.moment.at,
            release: release.clone(),
            departs,
            days_left: departs.map(|departs| days(self.moment.at, departs)),
            members: shipment.members.len() + shipment.absent.len(),
            items,
        })
    }

    fn item(
        &self,
        member: &str,
        severity: Severity,
        trouble: Trouble,
        rule: &Rule,
        way_out: Option<WayOut>,
    ) -> RadarItem {
        RadarItem {
            member: member.to_owned(),
            who: self.who(member),
            severity,
            trouble,
            since: None,
            rule: rule.clone(),
            way_out,
        }
    }

    /// Who can act on a member: its maintainers, else those of the engine.
    pub(super) fn who(&self, member: &str) -> Vec<String> {
        let own = self.member(member).map(|member| member.maintainers.clone());
        let own = own.unwrap_or_default();
        if own.is_empty() {
            self.train.engine.maintainers.clone()
        } else {
            own
        }
    }

    fn pin_item(&self, ship: &MemberShip) -> Option<RadarItem> {
        if let Known::Unknown(why) = &ship.commit {
            let trouble = Trouble::Unknown { why: why.clone() };
            return Some(self.item(
                &ship.member,
                Severity::Deny,
                trouble,
                &ship.rule,
                ship.way_out.clone(),
            ));
        }
        let to = ship.commit.known()?;
        if ship.moves {
            let trouble = Trouble::Pin {
                branch: ship.branch.clone(),
                pinned: ship.pinned.clone(),
                to: to.to_string(),
                staleness: ship.staleness.clone(),
                deviation: ship.deviation.clone(),
            };
            let mut item = self.item(
                &ship.member,
                Severity::Deny,
                trouble,
                &ship.rule,
                ship.way_out.clone(),
            );
            item.since = ship
                .staleness
                .as_ref()
                .and_then(|staleness| staleness.since);
            return Some(item);
        }
        let deviation = ship.deviation.clone()?;
        let severity = if ship.blocks() {
            Severity::Deny
        } else {
            Severity::Warn
        };
        let trouble = Trouble::Unsound {
            pinned: ship.pinned.clone(),
            deviation,
        };
        Some(self.item(
            &ship.member,
            severity,
            trouble,
            &ship.rule,
            ship.way_out.clone(),
        ))
    }

    /// The branch of a member that this release is made from: where its commit comes from, or where its pin stands.
    fn shipping_branch<'s>(
        &self,
        member: &'a Member,
        ship: &'s MemberShip,
        release: &ReleaseVersion,
    ) -> Option<&'s str>
    where
        'a: 's,
    {
        let repository = self.repository_of(member).ok();
        let of_line = self
            .moment
            .line_of(release)
            .map(|line| line.branch.as_str());
        let counted = of_line.filter(|branch| {
            repository.is_some_and(|repository| repository.counted(branch).is_some())
        });
        let main = || repository?.default_branch.known().map(String::as_str);
        ship.branch.as_deref().or(counted).or_else(main)
    }

    fn absent_item(&self, absent: &Absent) -> Option<RadarItem> {
        if absent.waived.is_some() {
            return None;
        }
        let trouble = Trouble::Absent {
            state: absent.state.clone(),
        };
        Some(self.item(
            &absent.member,
            absent.severity,
            trouble,
            &absent.rule,
            absent.way_out.clone(),
        ))
    }

    fn branch_items(
        &self,
        member: &'a Member,
        release: &ReleaseVersion,
        ships: Option<&str>,
        items: &mut Vec<RadarItem>,
    ) -> Result<(), Undecided> {
        let kind = match self.branch_type(member) {
            Known::Known(kind) => kind,
            Known::Unknown(why) => {
                let row = self
                    .pack
                    .ask("classes", &[("class", member.class.as_str())])?;
                let hint = WayOut::new(Effort::Edit, Undecided::Facts(why.clone()).hint());
                items.push(self.item(
                    &member.name,
                    Severity::Warn,
                    Trouble::Unknown { why },
                    &row.rule(),
                    Some(hint),
                ));
                return Ok(());
            }
        };
        let row = self.pack.ask(
            "branch-types",
            &[("phase", &self.moment.phase.phase), ("type", kind.as_str())],
        )?;
        let waived = self
            .train
            .waiver(&member.name, Waives::BranchType, release, self.moment.at)
            .is_some();
        if !row.severity.passes() && !waived {
            // A4: it is routed all the same, and does not keep a release from leaving.
            let way = WayOut::new(
                Effort::Person,
                format!(
                    "delete the branch of the next line in {}, or waive its branch type on record",
                    member.name
                ),
            );
            let trouble = Trouble::BranchType {
                has: kind.as_str().to_owned(),
            };
            items.push(self.item(
                &member.name,
                Severity::Warn,
                trouble,
                &row.rule(),
                Some(way),
            ));
        }
        for check in self
            .targets_of(member)?
            .into_iter()
            .filter(|check| check.fit != Fit::Fits)
        {
            items.extend(self.target_item(check, ships));
        }
        Ok(())
    }

    fn target_item(&self, check: TargetCheck, ships: Option<&str>) -> Option<RadarItem> {
        // The branch type says it already.
        if check.fit == Fit::Forbidden || check.waived.is_some() {
            return None;
        }
        // Only the branch that ships with this release keeps it from leaving.
        let severity = match ships {
            Some(branch) if branch == check.branch => check.severity(),
            _ => check.severity().min(Severity::Warn),
        };
        let trouble = Trouble::Target {
            branch: check.branch,
            allowed: check.allowed,
            submodule: check.submodule,
            workflow: check.workflow,
            fit: check.fit,
        };
        Some(self.item(&check.member, severity, trouble, &check.rule, check.way_out))
    }
}

/// Whole days from one point to another, rounded down.
pub(super) fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.0.saturating_sub(from.0).div_euclid(86_400_000)
}
