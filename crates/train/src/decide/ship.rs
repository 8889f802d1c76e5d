//! What leaves with a release (G6): of every member the exact commit, why that one, and how far the pin is from it.

mod commit;

use super::{Effort, Situation, Undecided, WayOut, known};
use crate::facts::{BranchType, Known, Patch, Pin, PinState, Pins, Place, Reason, Unknown};
use crate::model::{Class, Line, Member, ReleaseVersion, Waives};
use crate::pack::{Row, Rule, Severity};
use commit::Asked;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;

/// Everything that a release consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Shipment {
    pub release: ReleaseVersion,
    /// The tag that the engine gets.
    pub tag: String,
    pub kind: ReleaseKind,
    /// The engine's branch that is tagged, and that pins the members.
    pub branch: String,
    pub engine_commit: Oid,
    /// In the order in which they are rebuilt.
    pub members: Vec<MemberShip>,
    /// Members of the last release that this one would lack.
    pub absent: Vec<Absent>,
    /// The release that was compared with.
    pub last: Option<ReleaseVersion>,
    /// Names that the engine pins and train.toml does not know.
    pub undeclared: Vec<String>,
}

/// What kind of release it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseKind {
    Patch,
    Minor,
    Major,
    LtsPatch,
}

impl ReleaseKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::LtsPatch => "lts-patch",
        }
    }

    /// The pack's event that makes it.
    pub fn event(self) -> &'static str {
        match self {
            Self::Patch | Self::LtsPatch => "cut-patch",
            Self::Minor => "cut-minor",
            Self::Major => "cut-major",
        }
    }
}

/// Where it is decided which commit ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    EngineCommit,
    OwnRelease,
    Pin,
    Tip,
}

/// What ships of one member: a commit and its patches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MemberShip {
    pub member: String,
    pub class: Class,
    pub branch_type: Option<BranchType>,
    pub truth: Truth,
    /// The member's branch whose tip counts, for [`Truth::Tip`].
    pub branch: Option<String>,
    pub commit: Known<Oid>,
    /// Patches that the engine applies to it.
    pub patches: Vec<Patch>,
    /// What the engine's configuration pins now.
    pub pinned: Option<String>,
    /// The pin is not what ships: it has to move.
    pub moves: bool,
    pub staleness: Option<Staleness>,
    pub deviation: Option<Deviation>,
    /// Who lifted the rule, and why.
    pub waived: Option<String>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// How far a pin is behind what ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Staleness {
    pub commits: u32,
    pub days: i64,
    /// When the oldest commit that the pin lacks was made.
    pub since: Option<Timestamp>,
}

/// What is odd about a pinned commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Deviation {
    /// An older commit of the right branch.
    OlderCommit,
    /// On the main branch, and not on the branch that ships.
    StillOnMain,
    /// On another branch.
    OtherBranch { branches: Vec<String> },
    /// In a pull request that is not merged.
    PullRequest { number: u64, head: bool },
    /// Only a tag has it.
    TagOnly { tags: Vec<String> },
    /// The member's repository does not have it.
    NotInRepository,
    /// A branch or tag is pinned, which may move.
    NoCommit { written: String },
    /// Newer than the tip that ships.
    AheadOfTip,
}

/// A member that the last release had and this one would lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Absent {
    pub member: String,
    /// Why: switched off under a condition, commented out, or not written.
    pub state: String,
    pub severity: Severity,
    pub waived: Option<String>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

impl Absent {
    pub fn blocks(&self) -> bool {
        self.waived.is_none() && !self.severity.passes()
    }
}

impl MemberShip {
    /// Whether it keeps a train from leaving: the pin has to move first, or the commit is not known.
    pub fn blocks(&self) -> bool {
        self.waived.is_none() && (self.moves || !self.commit.is_known() || self.is_unsound())
    }

    /// A pin that ships as it is, and that nobody can rebuild from a branch.
    fn is_unsound(&self) -> bool {
        !matches!(
            self.deviation,
            None | Some(
                Deviation::OlderCommit
                    | Deviation::OtherBranch { .. }
                    | Deviation::TagOnly { .. }
                    | Deviation::StillOnMain
            )
        )
    }
}

impl Shipment {
    /// Whether nothing blocks it.
    pub fn is_ready(&self) -> bool {
        !self.members.iter().any(MemberShip::blocks) && !self.absent.iter().any(Absent::blocks)
    }
}

/// The entry of a member, by its name or an alias.
pub(super) fn find_pin<'p>(pins: &'p Pins, member: &Member) -> Option<&'p Pin> {
    let names = std::iter::once(&member.name).chain(&member.aliases);
    let mut found: Vec<&Pin> = names.filter_map(|name| pins.find(name)).collect();
    found.sort_by_key(|pin| !pin.is_on());
    found.first().copied()
}

impl<'a> Situation<'a> {
    /// The release that leaves next: the next minor once its phase has begun, before that the next patch.
    pub fn departure(&self) -> Option<ReleaseVersion> {
        let opened = self
            .pack
            .words("phase")
            .first()
            .is_some_and(|first| *first != self.moment.phase.phase);
        let line = if opened {
            self.moment.next()
        } else {
            self.moment.current()
        };
        line.or_else(|| self.moment.next())
            .map(|line| self.moment.upcoming(line))
    }

    /// What kind of release a version is now.
    ///
    /// # Errors
    /// It exists, its line is unknown, or it does not come next.
    pub fn kind(&self, release: &ReleaseVersion) -> Result<(ReleaseKind, &'a Line), Undecided> {
        let line = self.line_of(release)?;
        if self
            .moment
            .latest(line)
            .is_some_and(|latest| latest >= release)
        {
            return Err(Undecided::Released {
                release: release.clone(),
            });
        }
        let same = |other: Option<&Line>| other.is_some_and(|other| other.version == line.version);
        let kind = if same(self.moment.current()) {
            ReleaseKind::Patch
        } else if self.moment.released(line).is_some() {
            ReleaseKind::LtsPatch
        } else if same(self.moment.next()) {
            match self.moment.current() {
                Some(current) if current.version.other_major(&line.version) => ReleaseKind::Major,
                _ => ReleaseKind::Minor,
            }
        } else {
            return Err(Undecided::Word {
                word: format!("release {release}"),
            });
        };
        Ok((kind, line))
    }

    /// What would leave with a release, at this moment.
    ///
    /// # Errors
    /// The release exists or cannot come next, or the engine cannot be read. What is not known of a member stands with it.
    pub fn ship(&self, release: &ReleaseVersion) -> Result<Shipment, Undecided> {
        let (kind, line) = self.kind(release)?;
        let branch = self.pinning_branch(line)?;
        let engine = self.engine()?;
        let tip = engine.branch(branch).ok_or_else(|| {
            Undecided::Facts(Unknown::new(
                Reason::NotInRepository,
                format!("no branch {branch}"),
                Place::repository(&engine.name),
            ))
        })?;
        let pins = match self.facts.pins.get(branch) {
            Some(pins) => known(pins)?,
            None => {
                return Err(Undecided::Facts(Unknown::new(
                    Reason::NotWritten,
                    format!("the facts hold no pins of the branch {branch}"),
                    Place::repository(&engine.name),
                )));
            }
        };
        let event = self.pack.ask("events", &[("event", kind.event())])?;
        let order = match self.train.rebuild_order() {
            Ok(order) => order,
            Err(_) => self.train.members.iter().collect(),
        };
        let mut shipment = Shipment {
            release: release.clone(),
            tag: self.train.engine.tag_of(release),
            kind,
            branch: branch.to_owned(),
            engine_commit: tip.tip.clone(),
            members: Vec::new(),
            absent: Vec::new(),
            last: None,
            undeclared: Vec::new(),
        };
        let last = self.last(kind, line);
        let before = last
            .as_ref()
            .and_then(|last| self.facts.pins.get(&self.train.engine.tag_of(last)))
            .and_then(Known::known);
        for member in order {
            let pin = find_pin(pins, member);
            if pin.is_some_and(Pin::is_on) {
                let question = Asked {
                    kind,
                    line,
                    branch,
                    release,
                };
                shipment
                    .members
                    .push(self.member_ship(member, pin, &question, &tip.tip)?);
            } else if before
                .and_then(|before| find_pin(before, member))
                .is_some_and(Pin::is_on)
            {
                shipment
                    .absent
                    .push(self.absent(member, pin, release, event));
            }
        }
        let undeclared = |pin: &&Pin| pin.is_on() && self.member(&pin.name).is_err();
        shipment.undeclared = pins
            .pins
            .iter()
            .filter(undeclared)
            .map(|pin| pin.name.clone())
            .collect();
        shipment.undeclared.dedup();
        shipment.last = last;
        Ok(shipment)
    }

    /// The release whose members must be there again.
    fn last(&self, kind: ReleaseKind, line: &Line) -> Option<ReleaseVersion> {
        let of = match kind {
            ReleaseKind::Patch | ReleaseKind::LtsPatch => Some(line),
            ReleaseKind::Minor | ReleaseKind::Major => self.moment.current(),
        };
        of.and_then(|line| self.moment.latest(line)).cloned()
    }

    fn absent(
        &self,
        member: &Member,
        pin: Option<&Pin>,
        release: &ReleaseVersion,
        event: &Row,
    ) -> Absent {
        let state = match pin.map(|pin| &pin.state) {
            Some(PinState::SwitchedOff { condition }) => format!("switched off ({condition})"),
            Some(PinState::CommentedOut) => "commented out".to_owned(),
            _ => "not in the configuration".to_owned(),
        };
        let waiver = self
            .train
            .waiver(&member.name, Waives::Absence, release, self.moment.at);
        let severity = if waiver.is_some() {
            Severity::Allow
        } else {
            member.absence
        };
        Absent {
            member: member.name.clone(),
            way_out: (waiver.is_none() && !severity.passes()).then(|| {
                WayOut::new(
                    Effort::Edit,
                    format!("switch {} on again, or waive it by name: [[waiver]] member = \"{}\", waives = \"absence\"", member.name, member.name),
                )
            }),
            state,
            severity,
            waived: waiver.map(|waiver| format!("{}: {}", waiver.who, waiver.why)),
            rule: event.rule(),
        }
    }
}
