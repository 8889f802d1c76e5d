//! Which engine version a member's branch may be built against, and which it is (G5).

use super::{Effort, Situation, Undecided, WayOut, known};
use crate::facts::{Agreement, EnginePoint, EngineVersion, Known, Target, Unknown};
use crate::model::{Class, Line, LineState, Member, Waives};
use crate::pack::{Rule, Severity};
use serde::{Deserialize, Serialize};

/// One branch of one member, against the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetCheck {
    pub member: String,
    pub branch: String,
    /// What the branch may target: tags and branches of the engine.
    pub allowed: Vec<String>,
    /// What its submodule says.
    pub submodule: Option<String>,
    /// What its workflow says.
    pub workflow: Option<String>,
    pub fit: Fit,
    /// Who lifted the rule, and why.
    pub waived: Option<String>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// Whether a target is one of those that are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Fit {
    Fits,
    /// Both places say it, and it is not allowed.
    Wrong,
    /// The two places say different things.
    Disagree,
    /// The branch should not be there now.
    Forbidden,
    Unknown {
        why: Unknown,
    },
}

impl TargetCheck {
    /// Whether it keeps a train from leaving.
    pub fn blocks(&self) -> bool {
        self.waived.is_none() && matches!(self.fit, Fit::Wrong | Fit::Disagree | Fit::Forbidden)
    }
}

impl<'a> Situation<'a> {
    /// Every active branch of every member of the unstable API, and those of supported lines.
    pub fn targets(&self) -> Vec<TargetCheck> {
        let members = self
            .train
            .members
            .iter()
            .filter(|member| member.class == Class::UnstableApi);
        members
            .flat_map(|member| self.targets_of(member).unwrap_or_default())
            .collect()
    }

    /// The branches of one member.
    ///
    /// # Errors
    /// The member's repository or branch type is not known.
    pub fn targets_of(&self, member: &'a Member) -> Result<Vec<TargetCheck>, Undecided> {
        if member.class != Class::UnstableApi {
            return Ok(Vec::new());
        }
        let kind = self.branch_type(member);
        let kind = known(&kind)?.as_str();
        let row = self.pack.ask(
            "branch-types",
            &[("phase", &self.moment.phase.phase), ("type", kind)],
        )?;
        let active: Vec<&str> = row.list("active").collect();
        let mut checks = Vec::new();
        for token in active {
            checks.push(self.target(member, kind, token, None)?);
        }
        let repository = self.repository_of(member)?;
        for line in self
            .train
            .lines
            .iter()
            .filter(|line| self.moment.state(line) == LineState::Lts)
        {
            if repository.counted(&line.branch).is_some() {
                checks.push(self.target(member, kind, "lts", Some(line))?);
            }
        }
        Ok(checks)
    }

    fn target(
        &self,
        member: &'a Member,
        kind: &str,
        token: &str,
        lts: Option<&'a Line>,
    ) -> Result<TargetCheck, Undecided> {
        let facts = self.facts_of(member)?;
        let repository = known(&facts.repository)?;
        let branch = match token {
            "main" => known(&repository.default_branch)?.as_str(),
            _ => self
                .moment
                .branch(token, lts)
                .ok_or_else(|| Undecided::Word {
                    word: token.to_owned(),
                })?,
        };
        let question = [
            ("phase", self.moment.phase.phase.as_str()),
            ("type", kind),
            ("branch", token),
        ];
        let row = self.pack.ask("targets", &question)?;
        let allowed: Vec<EnginePoint> = row
            .list("targets")
            .filter_map(|word| self.point(word, lts))
            .collect();
        let target = facts.targets.get(branch);
        let fit = if row.severity.passes() {
            fit(target, &allowed, || {
                Unknown::new(
                    crate::facts::Reason::NotWritten,
                    "nothing says which engine version the branch targets",
                    crate::facts::Place::repository(&member.name),
                )
            })
        } else {
            Fit::Forbidden
        };
        let written = |side: fn(&Target) -> &Known<EngineVersion>| {
            target
                .and_then(|target| side(target).known())
                .map(|version| version.written.clone())
        };
        let release = lts
            .or_else(|| self.moment.current())
            .map(|line| self.moment.upcoming(line));
        let waiver = release.and_then(|release| {
            self.train
                .waiver(&member.name, Waives::Target, &release, self.moment.at)
        });
        let mut check = TargetCheck {
            member: member.name.clone(),
            branch: branch.to_owned(),
            allowed: allowed.iter().map(shown).collect(),
            submodule: written(|target| &target.submodule),
            workflow: written(|target| &target.workflow),
            fit,
            waived: waiver.map(|waiver| format!("{}: {}", waiver.who, waiver.why)),
            rule: row.rule(),
            way_out: None,
        };
        check.way_out = way_out(&check);
        Ok(check)
    }

    /// A word of the table as a point of the engine.
    fn point(&self, word: &str, lts: Option<&'a Line>) -> Option<EnginePoint> {
        let tag = |word| {
            let release = self.moment.release(word, lts)?;
            Some(EnginePoint::Tag(self.train.engine.tag_of(&release)))
        };
        match word {
            "tag(cur.z)" => tag("cur.z"),
            "tag(lts.z)" => tag("lts.z"),
            "main" => {
                let main = self
                    .facts
                    .engine
                    .known()
                    .and_then(|engine| engine.default_branch.known());
                Some(EnginePoint::Branch(
                    main.unwrap_or(&self.train.engine.main).clone(),
                ))
            }
            branch => self
                .moment
                .branch(branch, lts)
                .map(|name| EnginePoint::Branch(name.to_owned())),
        }
    }
}

fn shown(point: &EnginePoint) -> String {
    match point {
        EnginePoint::Tag(name) | EnginePoint::Branch(name) => name.clone(),
        EnginePoint::Merged(branches) => branches.join(" or "),
        EnginePoint::Absent => "a commit that the engine does not have".to_owned(),
    }
}

fn allows(allowed: &[EnginePoint], point: &EnginePoint) -> bool {
    allowed.iter().any(|one| match (one, point) {
        (EnginePoint::Branch(name), EnginePoint::Merged(branches)) => branches.contains(name),
        _ => one == point,
    })
}

fn fit(target: Option<&Target>, allowed: &[EnginePoint], nothing: impl Fn() -> Unknown) -> Fit {
    let Some(target) = target else {
        return Fit::Unknown { why: nothing() };
    };
    if target.agreement == Agreement::Disagree {
        return Fit::Disagree;
    }
    // One place is enough to know that a target is wrong; two are needed to know that it is right.
    let known: Vec<&EngineVersion> = [&target.submodule, &target.workflow]
        .into_iter()
        .filter_map(Known::known)
        .collect();
    if known.iter().any(|version| !allows(allowed, &version.point)) {
        return Fit::Wrong;
    }
    match [&target.submodule, &target.workflow]
        .into_iter()
        .find_map(|one| one.why())
    {
        Some(why) => Fit::Unknown { why: why.clone() },
        None => Fit::Fits,
    }
}

fn way_out(check: &TargetCheck) -> Option<WayOut> {
    let wanted = check.allowed.join(" or ");
    let (member, branch) = (&check.member, &check.branch);
    Some(match &check.fit {
        Fit::Fits => return None,
        Fit::Wrong => WayOut::new(
            Effort::Edit,
            format!("let submodule and workflow of {member}, branch {branch}, say {wanted}"),
        ),
        Fit::Disagree => {
            let says = |text: &Option<String>| text.clone().unwrap_or_default();
            let (submodule, workflow) = (says(&check.submodule), says(&check.workflow));
            WayOut::new(
                Effort::Edit,
                format!(
                    "let both of {member}, branch {branch}, say {wanted}: the submodule says {submodule}, the workflow {workflow}"
                ),
            )
        }
        Fit::Forbidden => WayOut::new(
            Effort::Person,
            format!("delete the branch {branch} of {member}, or waive the branch type on record"),
        ),
        Fit::Unknown { why } => WayOut::new(
            Effort::Edit,
            format!("write the target where it can be read: {why}"),
        ),
    })
}

/// How strict a check is where nobody waived it.
impl TargetCheck {
    pub fn severity(&self) -> Severity {
        match (&self.fit, &self.waived) {
            (Fit::Fits, _) | (_, Some(_)) => Severity::Allow,
            (Fit::Unknown { .. }, None) => Severity::Warn,
            (Fit::Wrong | Fit::Disagree | Fit::Forbidden, None) => Severity::Deny,
        }
    }
}
