//! One member of a shipment: the row that names its source of truth, the commit there, and the pin against it.

use super::{Deviation, MemberShip, ReleaseKind, Staleness, Truth};
use crate::decide::{Effort, Situation, Undecided, WayOut};
use crate::facts::{
    BranchType, Known, Patch, Pin, Place, Position, Reason, Revision, Standing, Unknown,
};
use crate::model::{Line, Member, ReleaseVersion, Waives};
use crate::pack::Row;
use shipway_core::name::Oid;

/// The release that is asked for.
pub(super) struct Asked<'q> {
    pub kind: ReleaseKind,
    pub line: &'q Line,
    /// The engine's branch with the pins.
    pub branch: &'q str,
    pub release: &'q ReleaseVersion,
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

    pub(super) fn member_ship(
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

    /// The release of a member that goes its own way: the pinned commit, where a tag has it.
    ///
    /// Which engine versions a release is for is not written in git, so that of another one it is not known whether it fits.
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
        let mut tags = repository.tags.iter();
        if let Some(tag) = pinned.and_then(|pinned| tags.find(|tag| tag.commit == *pinned)) {
            return Known::Known(tag.commit.clone());
        }
        let newest = repository
            .tags
            .iter()
            .max_by_key(|tag| (tag.time, &tag.name));
        let detail = match newest {
            Some(tag) => format!(
                "what is pinned is no release of the member, and nothing says for which engine versions its newest, {}, is",
                tag.name
            ),
            None => "the member has no release of its own".to_owned(),
        };
        Known::unknown(Reason::NotWritten, detail, Place::repository(&member.name))
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
    if ship.truth == Truth::OwnRelease && !ship.commit.is_known() {
        let what =
            format!("pin the commit of a release of {member} that is for this engine version");
        return Some(WayOut::new(Effort::Edit, what));
    }
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
