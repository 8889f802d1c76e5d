//! What leaves with a release (G6): of every member the exact commit, why that one, and how far the pin is from it.

use super::{Effort, Situation, Undecided, WayOut, known};
use crate::facts::{
    BranchType, Known, Patch, Pin, PinState, Pins, Place, Position, Reason, Revision, Standing,
    Unknown,
};
use crate::model::{Class, Line, Member, ReleaseVersion, Waives};
use crate::pack::{Row, Rule, Severity};
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
        let undeclared = |pin: &&Pin| pin.is_on() && self.train.member(&pin.name).is_none();
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

/// The release that is asked for.
struct Asked<'q> {
    kind: ReleaseKind,
    line: &'q Line,
    /// The engine's branch with the pins.
    branch: &'q str,
    release: &'q ReleaseVersion,
}

impl<'a> Situation<'a> {
    fn ships_row(
        &self,
        member: &Member,
        asked: &Asked<'_>,
        has_lts: bool,
    ) -> Result<Result<&'a Row, Unknown>, Undecided> {
        let kind = self.branch_type(member);
        let kinds = match kind.known() {
            Some(kind) => vec![*kind],
            None => vec![BranchType::Single, BranchType::Two, BranchType::Three],
        };
        let mut found: Option<&Row> = None;
        for one in kinds {
            let question = [
                ("release", asked.kind.as_str()),
                ("class", member.class.as_str()),
                ("type", one.as_str()),
                ("lts-branch", if has_lts { "yes" } else { "no" }),
                ("model", member.model.as_deref().unwrap_or_default()),
            ];
            let row = self.pack.ask("ships", &question)?;
            let differs = |other: &Row| {
                other.answer("truth") != row.answer("truth")
                    || other.answer("branch") != row.answer("branch")
            };
            if found.is_some_and(differs)
                && let Known::Unknown(why) = &kind
            {
                return Ok(Err(why.clone()));
            }
            found = Some(row);
        }
        found.map(Ok).ok_or_else(|| Undecided::Word {
            word: "ships".to_owned(),
        })
    }

    fn member_ship(
        &self,
        member: &'a Member,
        pin: Option<&Pin>,
        asked: &Asked<'_>,
        engine: &Oid,
    ) -> Result<MemberShip, Undecided> {
        let facts = self.facts.members.get(&member.name);
        let repository = facts.and_then(|facts| facts.repository.known());
        let has_lts =
            repository.is_some_and(|repository| repository.counted(&asked.line.branch).is_some());
        let row = match self.ships_row(member, asked, has_lts)? {
            Ok(row) => row,
            Err(why) => return self.unknown_ship(member, pin, asked, why),
        };
        let truth = match row.answer("truth") {
            Some("engine-commit") => Truth::EngineCommit,
            Some("own-release") => Truth::OwnRelease,
            Some("tip") => Truth::Tip,
            _ => Truth::Pin,
        };
        let branch = match (truth, row.answer("branch"), repository) {
            (Truth::Tip, Some("main"), Some(repository)) => {
                repository.default_branch.known().cloned()
            }
            // A7: whatever the word, the line that is being released.
            (Truth::Tip, Some(_), _) => Some(asked.line.branch.clone()),
            _ => None,
        };
        let standing = facts.and_then(|facts| facts.standing.get(asked.branch));
        let pinned = pin.and_then(Pin::commit);
        let commit = match truth {
            Truth::EngineCommit => Known::Known(engine.clone()),
            Truth::Pin => pinned_commit(member, pin),
            Truth::Tip => self.tip(member, branch.as_deref()),
            Truth::OwnRelease => self.own_release(member, pinned),
        };
        let mut ship = MemberShip {
            member: member.name.clone(),
            class: member.class,
            branch_type: self.branch_type(member).known().copied(),
            truth,
            patches: patches(pin),
            pinned: pin.and_then(written),
            moves: match (&commit, truth) {
                (Known::Known(commit), Truth::Tip | Truth::OwnRelease) => pinned != Some(commit),
                _ => false,
            },
            staleness: None,
            deviation: None,
            waived: None,
            rule: row.rule(),
            way_out: None,
            branch,
            commit,
        };
        ship.staleness = staleness(&ship, standing);
        if truth != Truth::EngineCommit && (ship.moves || truth == Truth::Pin) {
            let main = repository.and_then(|repository| repository.default_branch.known());
            ship.deviation = deviation(
                &ship,
                pin,
                standing,
                main.map(String::as_str),
                &asked.line.branch,
            );
        }
        if ship.moves || ship.is_unsound() {
            let waiver =
                self.train
                    .waiver(&member.name, Waives::Pin, asked.release, self.moment.at);
            ship.waived = waiver.map(|waiver| format!("{}: {}", waiver.who, waiver.why));
            if waiver.is_some() && pinned.is_some() {
                // The pin may stay: then it is what ships.
                ship.commit = pinned_commit(member, pin);
                ship.moves = false;
            }
        }
        ship.way_out = way_out(&ship);
        Ok(ship)
    }

    fn unknown_ship(
        &self,
        member: &Member,
        pin: Option<&Pin>,
        asked: &Asked<'_>,
        why: Unknown,
    ) -> Result<MemberShip, Undecided> {
        let event = self.pack.ask("events", &[("event", asked.kind.event())])?;
        Ok(MemberShip {
            member: member.name.clone(),
            class: member.class,
            branch_type: None,
            truth: Truth::Pin,
            branch: None,
            way_out: Some(WayOut::new(
                Effort::Edit,
                Undecided::Facts(why.clone()).hint(),
            )),
            commit: Known::Unknown(why),
            patches: patches(pin),
            pinned: pin.and_then(written),
            moves: false,
            staleness: None,
            deviation: None,
            waived: None,
            rule: event.rule(),
        })
    }

    fn tip(&self, member: &Member, branch: Option<&str>) -> Known<Oid> {
        let found = self.repository_of(member).and_then(|repository| {
            let name = branch.ok_or_else(|| Undecided::Word {
                word: "branch".to_owned(),
            })?;
            repository
                .branch(name)
                .map(|branch| branch.tip.clone())
                .ok_or_else(|| {
                    Undecided::Facts(Unknown::new(
                        Reason::NotInRepository,
                        format!("no branch {name}"),
                        Place::repository(&member.name),
                    ))
                })
        });
        match found {
            Ok(tip) => Known::Known(tip),
            Err(Undecided::Facts(why)) => Known::Unknown(why),
            Err(other) => Known::unknown(
                Reason::NotInRepository,
                other.to_string(),
                Place::repository(&member.name),
            ),
        }
    }

    /// The newest release of a member that goes its own way: the pinned one where a tag has it, else the newest tag.
    fn own_release(&self, member: &Member, pinned: Option<&Oid>) -> Known<Oid> {
        let repository = match self.repository_of(member) {
            Ok(repository) => repository,
            Err(Undecided::Facts(why)) => return Known::Unknown(why),
            Err(other) => {
                return Known::unknown(
                    Reason::NotInRepository,
                    other.to_string(),
                    Place::repository(&member.name),
                );
            }
        };
        let newest = repository
            .tags
            .iter()
            .max_by_key(|tag| (tag.time, &tag.name));
        let of_pin =
            pinned.and_then(|pinned| repository.tags.iter().find(|tag| tag.commit == *pinned));
        match of_pin.or(newest) {
            Some(tag) => Known::Known(tag.commit.clone()),
            None => Known::unknown(
                Reason::NotInRepository,
                "the member has no release of its own",
                Place::repository(&member.name),
            ),
        }
    }
}

fn patches(pin: Option<&Pin>) -> Vec<Patch> {
    pin.filter(|pin| pin.apply_patches)
        .map(|pin| pin.patches.clone())
        .unwrap_or_default()
}

fn written(pin: &Pin) -> Option<String> {
    match pin.revision.as_ref()?.known()? {
        Revision::Commit(commit) => Some(commit.to_string()),
        Revision::Named(name) => Some(name.clone()),
    }
}

fn pinned_commit(member: &Member, pin: Option<&Pin>) -> Known<Oid> {
    let place = || pin.map_or_else(|| Place::repository(&member.name), |pin| pin.place.clone());
    match pin.and_then(|pin| pin.revision.as_ref()) {
        Some(Known::Known(Revision::Commit(commit))) => Known::Known(commit.clone()),
        Some(Known::Known(Revision::Named(name))) => Known::unknown(
            Reason::NoCommit,
            format!("{name} is pinned, which is no commit"),
            place(),
        ),
        Some(Known::Unknown(why)) => Known::Unknown(why.clone()),
        None => Known::unknown(Reason::NotWritten, "no revision is written", place()),
    }
}

fn staleness(ship: &MemberShip, standing: Option<&Standing>) -> Option<Staleness> {
    if !ship.moves {
        return None;
    }
    let distance = standing?.distances.get(ship.branch.as_deref()?)?;
    Some(Staleness {
        commits: distance.behind,
        days: distance.days().max(0),
        since: distance.since,
    })
}

fn deviation(
    ship: &MemberShip,
    pin: Option<&Pin>,
    standing: Option<&Standing>,
    main: Option<&str>,
    line: &str,
) -> Option<Deviation> {
    if let Some(Known::Known(Revision::Named(name))) = pin.and_then(|pin| pin.revision.as_ref()) {
        return Some(Deviation::NoCommit {
            written: name.clone(),
        });
    }
    match standing?.position.known()? {
        Position::OnBranch { branches, .. } => {
            let on = |branch: &str| branches.iter().any(|one| one == branch);
            match &ship.branch {
                Some(wanted) if on(wanted) => Some(Deviation::OlderCommit),
                Some(_) if main.is_some_and(on) => Some(Deviation::StillOnMain),
                Some(_) => Some(Deviation::OtherBranch {
                    branches: branches.clone(),
                }),
                // A pin that ships as it is belongs on main or on the line's branch.
                None if main.is_some_and(on) || on(line) => None,
                None => Some(Deviation::OtherBranch {
                    branches: branches.clone(),
                }),
            }
        }
        Position::PullRequest { number, head } => Some(Deviation::PullRequest {
            number: *number,
            head: *head,
        }),
        Position::TagOnly { tags } => Some(Deviation::TagOnly { tags: tags.clone() }),
        Position::Later => Some(Deviation::AheadOfTip),
        Position::Absent => Some(Deviation::NotInRepository),
    }
}

fn way_out(ship: &MemberShip) -> Option<WayOut> {
    if ship.waived.is_some() {
        return None;
    }
    let member = &ship.member;
    if let Known::Unknown(why) = &ship.commit {
        return Some(WayOut::new(
            Effort::Edit,
            Undecided::Facts(why.clone()).hint(),
        ));
    }
    let commit = ship.commit.known()?;
    if ship.moves {
        let what = match &ship.deviation {
            Some(Deviation::PullRequest { number, .. }) => {
                format!(
                    "merge pull request {number} of {member}, then move the pin to the tip; or move it to {} now",
                    commit.abbreviated()
                )
            }
            Some(Deviation::StillOnMain) => format!(
                "move the pin of {member} to {} of {}; what main has beyond it does not ship",
                commit.abbreviated(),
                ship.branch.as_deref().unwrap_or_default()
            ),
            _ => format!("move the pin of {member} to {}", commit.abbreviated()),
        };
        return Some(WayOut::new(Effort::Edit, what).by(format!("shipway train bump {member}")));
    }
    ship.is_unsound().then(|| match &ship.deviation {
        Some(Deviation::PullRequest { number, .. }) => WayOut::new(
            Effort::Edit,
            format!(
                "merge pull request {number} of {member}, so that a branch has the pinned commit"
            ),
        ),
        _ => WayOut::new(
            Effort::Edit,
            format!("pin a commit of {member} that its main branch has"),
        ),
    })
}
