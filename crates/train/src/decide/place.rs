//! Where a change goes (G3): the branch to merge it into, or a refusal with its rule and the cheapest way out.

mod refusal;

use super::{Effort, Situation, Undecided, WayOut, known};
use crate::facts::{BranchType, EnginePoint, Known, MemberFacts, Reason, RepositoryFacts, Unknown};
use crate::model::{Class, Line, LineState, Member, ReleaseVersion};
use crate::pack::{Row, Rule, Severity};
use refusal::Refusal;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Bugfix,
    Feature,
}

impl Change {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bugfix => "bugfix",
            Self::Feature => "feature",
        }
    }
}

/// What the change is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject<'a> {
    Engine,
    /// A member, by name or alias.
    Member(&'a str),
}

/// The release that the change is wanted in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// `cur.patch`, `next.0`, `next2.0`, `lts.patch`.
    Word(String),
    Release(ReleaseVersion),
}

/// Where a change goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Place {
    /// `None`: the engine.
    pub member: Option<String>,
    pub change: Change,
    /// As the rules call it: `cur.patch`.
    pub wanted: String,
    /// The release that was asked for.
    pub asked: Option<ReleaseVersion>,
    pub verdict: Severity,
    /// Where to merge; `None` for a refusal.
    pub branch: Option<Branch>,
    /// The release that the change will be in, by the rules.
    pub release: Option<ReleaseVersion>,
    pub rule: Rule,
    /// `None` where nothing is refused.
    pub way_out: Option<WayOut>,
    /// What has to follow the merge.
    pub then: Vec<String>,
}

/// A branch that a change goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Branch {
    pub repository: String,
    pub name: String,
    /// The branch is not there: how it is made first.
    pub create: Option<Creation>,
}

/// A branch to make before anything is merged into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Creation {
    pub from: String,
    pub commit: Oid,
}

/// The wanted release, resolved.
#[derive(Clone)]
struct Goal<'a> {
    word: &'static str,
    release: Option<ReleaseVersion>,
    /// The supported line, for `lts.patch`.
    lts: Option<&'a Line>,
}

const WORDS: &[&str] = &["cur.patch", "next.0", "next2.0", "lts.patch"];

impl<'a> Situation<'a> {
    /// Where a change goes.
    ///
    /// # Errors
    /// No such member or line, or a fact that the answer hangs on is not known.
    pub fn place(
        &self,
        subject: Subject<'_>,
        change: Change,
        wanted: &Wanted,
    ) -> Result<Place, Undecided> {
        let member = match subject {
            Subject::Engine => None,
            Subject::Member(name) => Some(self.member(name)?),
        };
        let goal = match self.goal(wanted)? {
            Ok(goal) => goal,
            Err(refusal) => return self.refused(member, change, wanted, *refusal),
        };
        let row = self.row(member, change, &goal)?;
        self.answer(member, change, &goal, &row, true)
    }

    /// Which word of the rules the wanted release is, or why it cannot be wanted.
    fn goal(&self, wanted: &Wanted) -> Result<Result<Goal<'a>, Box<Refusal>>, Undecided> {
        let moment = &self.moment;
        let release = match wanted {
            Wanted::Word(word) => {
                let Some(known) = WORDS.iter().find(|known| *known == word) else {
                    return Err(Undecided::Word {
                        word: word.chars().take(60).collect(),
                    });
                };
                let lts = if *known == "lts.patch" {
                    moment.supported().next()
                } else {
                    None
                };
                let release = moment.release(known, lts);
                // `next2.0` goes to the main branch whether or not its line is written down already.
                if release.is_none() && *known != "next2.0" {
                    return Err(Undecided::Word {
                        word: (*known).to_owned(),
                    });
                }
                return Ok(Ok(Goal {
                    word: known,
                    release,
                    lts,
                }));
            }
            Wanted::Release(release) => release,
        };
        let line = self.line_of(release)?;
        let same = |other: Option<&Line>| other.is_some_and(|other| other.version == line.version);
        if moment.latest(line).is_some_and(|latest| latest >= release) {
            return Ok(Err(Box::new(Refusal::Released)));
        }
        let goal = |word| Goal {
            word,
            release: Some(release.clone()),
            lts: None,
        };
        Ok(if same(moment.current()) {
            Ok(goal("cur.patch"))
        } else if moment.state(line) == LineState::Lts {
            Ok(Goal {
                lts: Some(line),
                ..goal("lts.patch")
            })
        } else if moment.released(line).is_some() {
            Err(Box::new(Refusal::EndOfLife))
        } else if !release.is_first() {
            Err(Box::new(Refusal::NotYet {
                first: line.version.first_release(),
            }))
        } else if same(moment.next()) {
            Ok(goal("next.0"))
        } else if same(moment.after_next()) {
            Ok(goal("next2.0"))
        } else {
            Err(Box::new(Refusal::Far))
        })
    }

    /// The row that answers, where the facts leave no doubt which; doubt that makes no difference is none.
    fn row(
        &self,
        member: Option<&'a Member>,
        change: Change,
        goal: &Goal<'a>,
    ) -> Result<Row, Undecided> {
        let phase = self.moment.phase.phase.as_str();
        let Some(member) = member.filter(|member| member.class != Class::InTree) else {
            let question = [
                ("phase", phase),
                ("change", change.as_str()),
                ("wanted", goal.word),
            ];
            return Ok(self.pack.ask("engine-change", &question)?.clone());
        };
        if member.class == Class::StableApi {
            return Ok(self
                .pack
                .ask("classes", &[("class", "stable-api")])?
                .clone());
        }
        let facts = self.facts_of(member)?;
        let repository = known(&facts.repository)?;
        let lts = goal
            .lts
            .is_some_and(|line| repository.counted(&line.branch).is_some());
        let (kinds, why_type) = match self.branch_type(member) {
            Known::Known(kind) => (vec![kind], None),
            Known::Unknown(why) => (
                vec![BranchType::Single, BranchType::Two, BranchType::Three],
                Some(why),
            ),
        };
        let (mains, why_main) = self.main_targets(member, facts, repository);
        let mut found: Option<&Row> = None;
        for kind in kinds {
            for main in &mains {
                let question = [
                    ("phase", phase),
                    ("class", member.class.as_str()),
                    ("model", member.model.as_deref().unwrap_or_default()),
                    ("component", member.component.as_deref().unwrap_or_default()),
                    ("type", kind.as_str()),
                    ("main-targets", main),
                    ("lts-branch", if lts { "yes" } else { "no" }),
                    ("change", change.as_str()),
                    ("wanted", goal.word),
                ];
                let row = self.pack.ask("member-change", &question)?;
                let differs = |other: &Row| {
                    other.severity != row.severity || other.answer("branch") != row.answer("branch")
                };
                if found.is_some_and(differs)
                    && let Some(why) = why_type.clone().or_else(|| why_main.clone())
                {
                    return Err(Undecided::Facts(why));
                }
                found = Some(row);
            }
        }
        found.cloned().ok_or_else(|| Undecided::Word {
            word: goal.word.to_owned(),
        })
    }

    /// What the member's main branch is built against, as the rules ask: a release, or anything else.
    fn main_targets(
        &self,
        member: &Member,
        facts: &MemberFacts,
        repository: &RepositoryFacts,
    ) -> (Vec<&'static str>, Option<Unknown>) {
        let both = |why: Unknown| (vec!["release", "unreleased"], Some(why));
        let place = || crate::facts::Place::repository(&member.name);
        let main = match &repository.default_branch {
            Known::Known(main) => main,
            Known::Unknown(why) => return both(why.clone()),
        };
        let Some(target) = facts.targets.get(main) else {
            return both(Unknown::new(
                Reason::NotWritten,
                "nothing says which engine version the main branch targets",
                place(),
            ));
        };
        let word = |point: &EnginePoint| match point {
            EnginePoint::Tag(tag) if self.train.engine.release_of(tag).is_some() => "release",
            _ => "unreleased",
        };
        let says = [&target.workflow, &target.submodule];
        let mut words: Vec<&'static str> = says
            .iter()
            .filter_map(|one| one.known())
            .map(|one| word(&one.point))
            .collect();
        words.dedup();
        match words.as_slice() {
            [one] => (vec![*one], None),
            [] => {
                let why = says.iter().find_map(|one| one.why()).cloned();
                both(why.unwrap_or_else(|| {
                    Unknown::new(Reason::NotWritten, "no target is written", place())
                }))
            }
            _ => both(Unknown::new(
                Reason::Ambiguous,
                "submodule and workflow disagree on the engine version that the main branch targets",
                place(),
            )),
        }
    }

    fn answer(
        &self,
        member: Option<&'a Member>,
        change: Change,
        goal: &Goal<'a>,
        row: &Row,
        search: bool,
    ) -> Result<Place, Undecided> {
        let stable = member.is_some_and(|member| member.class == Class::StableApi);
        let token = if stable {
            Some("main")
        } else {
            row.answer("branch").filter(|_| row.severity.passes())
        };
        let branch = token
            .map(|token| self.branch(member, token, goal))
            .transpose()?;
        let instead = row
            .answer("instead")
            .and_then(|word| self.moment.release(word, None));
        let release = match (row.severity, &branch) {
            (_, None) => None,
            // A stable-API member releases on its own.
            _ if stable => None,
            (Severity::Redirect, _) => instead,
            _ => goal.release.clone(),
        };
        let mut place = Place {
            member: member.map(|member| member.name.clone()),
            change,
            wanted: goal.word.to_owned(),
            asked: goal.release.clone(),
            verdict: row.severity,
            branch,
            release,
            rule: row.rule(),
            way_out: None,
            then: Vec::new(),
        };
        if search && place.verdict > Severity::Warn {
            place.way_out = self.way_out(member, change, goal, row);
        }
        place.then = self.then(member, token, goal);
        Ok(place)
    }

    /// The branch behind a word, in the repository that the change is to.
    fn branch(
        &self,
        member: Option<&'a Member>,
        token: &str,
        goal: &Goal<'a>,
    ) -> Result<Branch, Undecided> {
        let (repository, facts) = match member.filter(|member| member.class != Class::InTree) {
            None => (self.train.engine.name.clone(), self.engine()?),
            Some(member) => (member.name.clone(), self.repository_of(member)?),
        };
        let main = known(&facts.default_branch)?;
        let name = match token {
            "main" => main.as_str(),
            _ => self
                .moment
                .branch(token, goal.lts)
                .ok_or_else(|| Undecided::Word {
                    word: token.to_owned(),
                })?,
        };
        let create = if facts.branch(name).is_some() {
            None
        } else {
            let tip = facts.branch(main).ok_or_else(|| {
                Undecided::Facts(Unknown::new(
                    Reason::NotInRepository,
                    "the main branch is not there",
                    crate::facts::Place::repository(&repository),
                ))
            })?;
            Some(Creation {
                from: main.clone(),
                commit: tip.tip.clone(),
            })
        };
        Ok(Branch {
            repository,
            name: name.to_owned(),
            create,
        })
    }

    fn then(&self, member: Option<&Member>, token: Option<&str>, goal: &Goal<'_>) -> Vec<String> {
        let mut then = Vec::new();
        let branch = token.and_then(|token| self.moment.branch(token, goal.lts));
        if let (Some("cur" | "next" | "lts"), Some(branch)) = (token, branch) {
            then.push(format!("merge {branch} forward into the main branch"));
        }
        let single = member.is_some_and(|member| {
            member.class == Class::UnstableApi
                && self.branch_type(member).known() == Some(&BranchType::Single)
        });
        if single
            && token == Some("main")
            && goal.word == "cur.patch"
            && let (Some(branch), Some(member)) = (self.moment.branch("cur", None), member)
        {
            then.push(format!(
                "move the pin of {} in the engine's branch {branch}: it does not follow by itself",
                member.name
            ));
        }
        then
    }

    /// The cheapest way to what was wanted, or near it.
    fn way_out(
        &self,
        member: Option<&'a Member>,
        change: Change,
        goal: &Goal<'a>,
        row: &Row,
    ) -> Option<WayOut> {
        if row.severity == Severity::Redirect {
            // The answer is the way out; whoever insists needs the rule changed.
            return Some(WayOut::new(
                Effort::OtherRelease,
                format!(
                    "merge it where the answer says: it will be in {}",
                    self.named(row.answer("instead")?)
                ),
            ));
        }
        let mut ways: Vec<WayOut> = Vec::new();
        if let (Some(kind), Some(member)) = (row.answer("switch"), member) {
            let has = self.branch_type(member).known().copied();
            let steps = if has == Some(BranchType::Single) && kind == "three" {
                "two branches, and then to three"
            } else {
                kind_words(kind)
            };
            let first = if has == Some(BranchType::Single) {
                "two"
            } else {
                kind
            };
            ways.push(
                WayOut::new(Effort::Branch, format!("switch {} to {steps}", member.name))
                    .by(format!("shipway train switch {} {first}", member.name)),
            );
        }
        if let (Some(line), Some(member)) = (goal.lts, member)
            && row.severity == Severity::Impossible
        {
            let pinned = self
                .facts
                .pins
                .get(&line.branch)
                .and_then(Known::known)
                .and_then(|pins| pins.find(&member.name));
            let at = pinned
                .and_then(|pin| pin.commit())
                .map_or_else(String::new, |commit| {
                    format!(" at {}", commit.abbreviated())
                });
            ways.push(WayOut::new(
                Effort::Branch,
                format!(
                    "make the branch {} of {}{at}, the commit that the line pins",
                    line.branch, member.name
                ),
            ));
        }
        let preferred = row
            .answer("instead")
            .into_iter()
            .chain(WORDS.iter().copied());
        for word in preferred.filter(|word| *word != goal.word) {
            let other = Goal {
                word: WORDS.iter().find(|known| **known == word)?,
                release: self.moment.release(word, None),
                lts: None,
            };
            // An older line is never a way out for what is wanted in a newer one.
            if other.word == "lts.patch" || (other.release.is_none() && word != "next2.0") {
                continue;
            }
            let passes = self
                .row(member, change, &other)
                .and_then(|row| self.answer(member, change, &other, &row, false))
                .ok()
                .filter(|place| place.verdict.passes() && place.verdict != Severity::Redirect);
            if let Some(Place {
                branch: Some(branch),
                ..
            }) = passes
            {
                let flag = match change {
                    Change::Bugfix => "--fix",
                    Change::Feature => "--feature",
                };
                let mut command = format!("shipway train where {flag} --for {}", self.wanted(word));
                if let Some(member) = member {
                    command = format!("{command} --member {}", member.name);
                }
                ways.push(
                    WayOut::new(
                        Effort::OtherRelease,
                        format!("ask for {}: it goes into {}", self.named(word), branch.name),
                    )
                    .by(command),
                );
                break;
            }
        }
        ways.push(WayOut::new(
            Effort::Person,
            format!(
                "change the rule {} for this train, on record, with an [[override]] in train.toml",
                row.id
            ),
        ));
        ways.into_iter().min_by_key(|way| way.effort)
    }

    fn wanted(&self, word: &str) -> String {
        self.moment
            .release(word, None)
            .map_or_else(|| word.to_owned(), |release| release.to_string())
    }

    /// A word of the rules for a person: its version, where it has one.
    fn named(&self, word: &str) -> String {
        match self.moment.release(word, None) {
            Some(release) => release.to_string(),
            None => match word {
                "next2.0" => "the release after the next".to_owned(),
                other => other.to_owned(),
            },
        }
    }
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "two" => "two branches",
        "three" => "three branches",
        _ => "a single branch",
    }
}
