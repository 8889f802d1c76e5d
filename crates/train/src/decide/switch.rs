//! Changing how many branches a member has (G8).

use super::{Branch, Condition, Creation, Effort, Held, Situation, Undecided, WayOut, known};
use crate::facts::{BranchType, Known, Place, Reason, Unknown};
use crate::model::{Class, Member};
use crate::pack::{Row, Rule, Severity};
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;

/// A switch, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SwitchPlan {
    pub member: String,
    pub from: BranchType,
    pub to: BranchType,
    pub verdict: Severity,
    /// Why a team does it.
    pub reasons: Vec<String>,
    pub conditions: Vec<Condition>,
    /// The branch that is made, at the tip of its range.
    pub branch: Option<Branch>,
    /// The oldest commit that it may start at; the newest is in `branch`.
    pub not_before: Option<Oid>,
    /// When and how it goes back.
    pub back: Option<String>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

impl<'a> Situation<'a> {
    /// What it takes to give a member another number of branches.
    ///
    /// # Errors
    /// No such member, or its branches are not known.
    pub fn switch(&self, member: &str, to: BranchType) -> Result<SwitchPlan, Undecided> {
        let member = self.member(member)?;
        let kind = self.branch_type(member);
        let from = *known(&kind)?;
        let question = [
            ("from", from.as_str()),
            ("to", to.as_str()),
            ("when", self.moment.phase.phase.as_str()),
        ];
        let row = self.pack.ask("switches", &question)?;
        let mut plan = SwitchPlan {
            member: member.name.clone(),
            from,
            to,
            verdict: row.severity,
            reasons: row.list("reasons").map(str::to_owned).collect(),
            conditions: Vec::new(),
            branch: None,
            not_before: None,
            back: None,
            rule: row.rule(),
            way_out: None,
        };
        if member.class != Class::UnstableApi {
            plan.verdict = Severity::Impossible;
            plan.rule = self
                .pack
                .ask("classes", &[("class", member.class.as_str())])?
                .rule();
            plan.way_out = Some(WayOut::new(
                Effort::Person,
                "only members of the unstable API have branch types",
            ));
            return Ok(plan);
        }
        if !row.severity.passes() {
            plan.way_out = Some(self.other_switch(member, from, to));
            return Ok(plan);
        }
        self.creation(member, row, &mut plan)?;
        plan.back = match to {
            BranchType::Single => None,
            BranchType::Two | BranchType::Three => self.moment.next().map(|line| {
                format!(
                    "with the release of {} one branch becomes inactive by itself",
                    line.version.first_release()
                )
            }),
        };
        Ok(plan)
    }

    fn creation(
        &self,
        member: &'a Member,
        row: &Row,
        plan: &mut SwitchPlan,
    ) -> Result<(), Undecided> {
        let Some(token) = row.answer("branch") else {
            return Ok(());
        };
        let repository = self.repository_of(member)?;
        let main = known(&repository.default_branch)?;
        let tip = repository.branch(main).ok_or_else(|| {
            Undecided::Facts(Unknown::new(
                Reason::NotInRepository,
                format!("no branch {main}"),
                Place::repository(&member.name),
            ))
        })?;
        let name = self
            .moment
            .branch(token, None)
            .ok_or_else(|| Undecided::Word {
                word: token.to_owned(),
            })?;
        plan.branch = Some(Branch {
            repository: member.name.clone(),
            name: name.to_owned(),
            create: Some(Creation {
                from: main.clone(),
                commit: tip.tip.clone(),
            }),
        });
        // Without a commit of its own it does not count; the name is taken all the same.
        let free = repository.branch(name).is_none();
        plan.conditions.push(Condition::new(
            format!("the branch {name} is not there yet"),
            Held::of(free),
        ));
        if row.answer("start") == Some("pin-to-main") {
            let (held, pin) = self.pin_on_main(member, main)?;
            plan.not_before = pin;
            plan.conditions.push(Condition::new(
                format!("the pin of the latest release lies in the history of {main}"),
                held,
            ));
        }
        if let Some(failed) = plan
            .conditions
            .iter()
            .find(|condition| condition.held != Held::Yes)
        {
            plan.verdict = Severity::Impossible;
            plan.way_out = Some(match (&failed.held, free) {
                (_, false) => WayOut::new(
                    Effort::Branch,
                    format!("commit to the branch {name}, which is there already"),
                ),
                (Held::Unknown { why }, _) => {
                    WayOut::new(Effort::Edit, Undecided::Facts(why.clone()).hint())
                }
                _ => WayOut::new(
                    Effort::Edit,
                    format!(
                        "release a patch with a commit of {main} first, or merge the pinned commit into {main}"
                    ),
                ),
            });
        }
        Ok(())
    }

    /// Whether what the latest release pins is in the main branch's history, and what it is.
    fn pin_on_main(&self, member: &Member, main: &str) -> Result<(Held, Option<Oid>), Undecided> {
        let facts = self.facts_of(member)?;
        let tag = self
            .moment
            .release("cur.z", None)
            .map(|release| self.train.engine.tag_of(&release));
        let branch = self.moment.current().map(|line| line.branch.clone());
        let standing = tag
            .iter()
            .chain(&branch)
            .find_map(|reference| facts.standing.get(reference));
        let Some(standing) = standing else {
            let why = Unknown::new(
                Reason::NotWritten,
                "the latest release does not pin the member",
                Place::repository(&member.name),
            );
            return Ok((Held::Unknown { why }, None));
        };
        let pin = match &standing.revision {
            Known::Known(crate::facts::Revision::Commit(commit)) => Some(commit.clone()),
            _ => None,
        };
        Ok((
            Held::of(
                standing
                    .distances
                    .get(main)
                    .is_some_and(crate::facts::Distance::is_ancestor),
            ),
            pin,
        ))
    }

    fn other_switch(&self, member: &Member, from: BranchType, to: BranchType) -> WayOut {
        if from == to {
            return WayOut::new(Effort::Edit, "nothing to do");
        }
        if to < from {
            let release = self
                .moment
                .next()
                .map(|line| format!(" {}", line.version.first_release()))
                .unwrap_or_default();
            return WayOut::new(
                Effort::Wait,
                format!("wait for the next release{release}: it happens by itself"),
            );
        }
        if from == BranchType::Single && to == BranchType::Three {
            return WayOut::new(
                Effort::Branch,
                format!("switch {} to two branches first", member.name),
            )
            .by(format!("shipway train switch {} two", member.name));
        }
        WayOut::new(
            Effort::Wait,
            "wait until the pre-release of the next line is opened",
        )
        .by("shipway train open-pre-release")
    }

    /// What the departure of the next line makes of a member's branch type, by the rules.
    pub fn after_departure(&self, from: BranchType) -> BranchType {
        [BranchType::Single, BranchType::Two]
            .into_iter()
            .find(|to| {
                let question = [
                    ("from", from.as_str()),
                    ("to", to.as_str()),
                    ("when", "departure"),
                ];
                let row = self.pack.ask("switches", &question);
                row.is_ok_and(|row| {
                    row.severity.passes() && row.answer("action") == Some("automatic")
                })
            })
            .unwrap_or(from)
    }
}
