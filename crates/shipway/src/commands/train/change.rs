//! `shipway train where`, `bump` and `switch`: where something goes, and the change that takes it there.

use super::look;
use super::station::{Station, undecided};
use crate::cli::train::{BranchTypeArg, BumpArgs, SwitchArgs, WhereArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::document;
use crate::output::train;
use crate::session::Session;
use shipway_core::diff;
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Commit, GitTime, Person};
use shipway_core::target::{Item, TargetSpec};
use shipway_history::{HistoryError, Repository};
use shipway_targets::git::objects::{Draft, NewCommit};
use shipway_train::decide::{Branch, Bump, Calendar, Change, Subject, SwitchPlan, Wanted};
use shipway_train::facts::{BranchType, Fix, OnLine, TrainFacts};
use shipway_train::model::ReleaseVersion;
use shipway_train::pack::Shape;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub fn place(session: &Session, station: &Station, args: &WhereArgs) -> Result<(), CommandError> {
    let change = if args.kind.fix {
        Change::Bugfix
    } else {
        Change::Feature
    };
    if station.pack.shape == Shape::Cycle {
        let name = args.member.as_deref().ok_or_else(|| {
            CommandError::usage("say which deliverable it is about with --member NAME")
        })?;
        let facts = look::releases(station)?;
        let calendar = Calendar::new(&station.pack, &facts, station.at);
        let place = calendar
            .place(name, change, &args.version)
            .map_err(|error| undecided(&error))?;
        if session.screen.json {
            session
                .screen
                .json(&document::of_train("cycle-place", &place));
        } else {
            session
                .screen
                .data(&train::cycle_place(&place, session.screen.out()));
        }
        return refusal(place.verdict.passes());
    }
    let facts = station.facts_about(session, args.member.as_deref());
    let situation = station.situation(&facts);
    let subject = args
        .member
        .as_deref()
        .map_or(Subject::Engine, Subject::Member);
    let wanted = match args.version.as_str() {
        word @ ("cur.patch" | "next.0" | "next2.0" | "lts.patch") => Wanted::Word(word.to_owned()),
        text => Wanted::Release(station.release(text)?),
    };
    let place = situation
        .place(subject, change, &wanted)
        .map_err(|error| undecided(&error))?;
    let on = args
        .commit
        .as_deref()
        .map(|commit| lines_of(session, station, &facts, args.member.as_deref(), commit))
        .transpose()?;
    if session.screen.json {
        session.screen.json(&document::of_train(
            "place",
            &serde_json::json!({"place": place, "commit": on}),
        ));
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&train::place(&place, on.as_ref(), paint));
    }
    refusal(place.verdict.passes())
}

/// A change that may not go where it is wanted: the answer was printed.
fn refusal(passes: bool) -> Result<(), CommandError> {
    if passes {
        return Ok(());
    }
    Err(CommandError::new(Exit::GateFailed, "the rules refuse it").told())
}

/// Which lines have a commit already, in its own shape or another.
fn lines_of(
    session: &Session,
    station: &Station,
    facts: &TrainFacts,
    member: Option<&str>,
    commit: &str,
) -> Result<Fix, CommandError> {
    let name = member.unwrap_or(&station.train.engine.name);
    let written = station
        .train
        .member(name)
        .map_or(&station.train.engine.repository, |member| {
            &member.repository
        });
    let repository = open(&station.place(name, written))?;
    let id = repository
        .resolve(commit)
        .map_err(|error| crate::look::history_error(&error))?;
    let given = BTreeMap::from([(id.clone(), "asked".to_owned())]);
    let matrices = look::fixes(session, station, facts, Some(name), &given);
    let carries = |fix: &Fix| {
        fix.commit == id
            || fix
                .lines
                .values()
                .any(|on| matches!(on, OnLine::Fixed { commit, .. } if *commit == id))
    };
    let mut fixes = matrices.into_iter().flat_map(|matrix| matrix.fixes);
    fixes.find(carries).ok_or_else(|| {
        CommandError::usage(format!(
            "{} is on no branch of the train in {name}",
            id.abbreviated()
        ))
    })
}

pub fn bump(session: &Session, station: &Station, args: &BumpArgs) -> Result<(), CommandError> {
    let branch = (args.branch.as_deref())
        .map(RefName::branch)
        .transpose()
        .map_err(|error| CommandError::usage(error.to_string()))?;
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let release = match &args.version {
        Some(text) => station.release(text)?,
        None => situation.departure().ok_or_else(look::no_departure)?,
    };
    let mut all = match args.members.as_slice() {
        [] => situation.bump(&release, None),
        [one] => situation.bump(&release, Some(one)),
        several => several
            .iter()
            .map(|name| situation.bump(&release, Some(name)))
            .reduce(|all, next| {
                let (mut all, next) = (all?, next?);
                all.edits.extend(next.edits);
                all.unmovable.extend(next.unmovable);
                Ok(all)
            })
            .ok_or_else(look::no_departure)?,
    }
    .map_err(|error| undecided(&error))?;
    all.edits
        .sort_by(|a, b| (&a.path, a.start).cmp(&(&b.path, b.start)));
    let change = PinChange::of(station, &all)?;
    let made = match branch {
        Some(name) if !all.edits.is_empty() => Some(change.commit(session, station, &name)?),
        _ => None,
    };
    if session.screen.json {
        session.screen.json(&document::of_train(
            "bump",
            &serde_json::json!({"bump": all, "diff": change.diff(), "commit": made}),
        ));
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&train::bump(&all, &change.diff(), made.as_ref(), paint));
    }
    Ok(())
}

/// The files that a bump changes, before and after.
pub struct PinChange {
    parent: Oid,
    files: Vec<(String, Vec<u8>, Vec<u8>)>,
    message: String,
}

impl PinChange {
    pub fn of(station: &Station, bump: &Bump) -> Result<Self, CommandError> {
        let repository = open(&station.engine())?;
        let mut files = Vec::new();
        for path in bump.paths() {
            let file = repository
                .file(&bump.commit, path)
                .map_err(|error| crate::look::history_error(&error))?;
            let before = file.map(|file| file.bytes).unwrap_or_default();
            let text = String::from_utf8_lossy(&before);
            let after = bump
                .apply(path, &text)
                .map_err(|error| CommandError::of(Exit::Conflict, &error, Some(error.hint())))?;
            files.push((path.to_owned(), before, after.into_bytes()));
        }
        Ok(Self {
            parent: bump.commit.clone(),
            files,
            message: message(&bump.release, bump),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn diff(&self) -> String {
        let diffs = self.files.iter().map(|(path, before, after)| {
            diff::unified(path, Some(before), after)
                .unwrap_or_else(|error| format!("{path}: {error}\n"))
        });
        diffs.collect()
    }

    /// The commit, computed and not written; `draft` is of the engine's repository.
    pub fn planned(
        &self,
        draft: &Draft,
        (author, committer): (&Person, &Person),
        at: GitTime,
    ) -> Result<Commit, CommandError> {
        let files: Vec<(String, Vec<u8>)> = self
            .files
            .iter()
            .map(|(path, _, after)| (path.clone(), after.clone()))
            .collect();
        draft
            .commit(
                &NewCommit {
                    role: "pins",
                    parents: std::slice::from_ref(&self.parent),
                    author,
                    committer,
                    at,
                    message: &self.message,
                },
                &files,
            )
            .map_err(|error| object_error(&error))
    }

    /// Writes it on a new branch of the engine's repository.
    fn commit(
        &self,
        session: &Session,
        station: &Station,
        name: &RefName,
    ) -> Result<Oid, CommandError> {
        let at = GitTime {
            seconds: session.now().seconds(),
            offset: 0,
        };
        let repository = open(&station.engine())?;
        let (author, committer) = people(&repository)?;
        let draft = Draft::open(repository.git_dir()).map_err(|error| object_error(&error))?;
        let commit = self.planned(&draft, (&author, &committer), at)?;
        let id = commit.id.clone();
        let refs = serde_json::json!([{"name": name, "old": null, "new": id}]);
        let body = serde_json::json!({"commits": [commit], "tag": null, "refs": refs});
        create(
            session,
            &station.engine(),
            &Item::of_body(name.short(), body),
        )?;
        Ok(id)
    }
}

/// Creates references in a repository of this machine, only where nothing stands.
fn create(session: &Session, repository: &Path, item: &Item) -> Result<(), CommandError> {
    let spec = TargetSpec {
        name: "local".to_owned(),
        kind: "git-local".to_owned(),
        place: repository.display().to_string(),
        settings: BTreeMap::new(),
        secret: None,
    };
    let context = crate::world::context(session, repository);
    let failed = |failure: shipway_core::Failure| {
        CommandError::new(Exit::Conflict, failure.message)
            .hinted("nothing was changed; a new branch needs a name that no branch has yet")
    };
    let target = shipway_targets::open(&spec, &context).map_err(failed)?;
    target.publish(item).map(drop).map_err(failed)
}

pub fn open(path: &Path) -> Result<Repository, CommandError> {
    Repository::open(path).map_err(|error| crate::look::history_error(&error))
}

pub fn people(repository: &Repository) -> Result<(Person, Person), CommandError> {
    let failed = |error: HistoryError| {
        let failed = crate::look::history_error(&error);
        match error {
            // Nobody works in a mirror: its own settings are the wrong place.
            HistoryError::NoIdentity(_) => failed.hinted(
                "tell git who makes the commit: git config --global user.name NAME; git config --global user.email ADDRESS",
            ),
            _ => failed,
        }
    };
    Ok((
        repository.author().map_err(failed)?,
        repository.committer().map_err(failed)?,
    ))
}

pub fn object_error(error: &shipway_targets::git::objects::ObjectError) -> CommandError {
    CommandError::from_error(Exit::Usage, "the commit cannot be made", error)
}

fn message(release: &ReleaseVersion, bump: &Bump) -> String {
    let mut text = format!("Move pins to what {release} ships\n\n");
    for edit in &bump.edits {
        let from: String = edit.from.chars().take(10).collect();
        let _ = writeln!(
            text,
            "{}: {from} -> {} ({})",
            edit.member,
            edit.to.abbreviated(),
            edit.rule.id
        );
    }
    text
}

pub fn switch(session: &Session, station: &Station, args: &SwitchArgs) -> Result<(), CommandError> {
    let to = match args.to {
        BranchTypeArg::Single => BranchType::Single,
        BranchTypeArg::Two => BranchType::Two,
        BranchTypeArg::Three => BranchType::Three,
    };
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let plan = situation
        .switch(&args.member, to)
        .map_err(|error| undecided(&error))?;
    let made = match (&args.create, &plan.branch) {
        (Some(at), Some(branch)) if plan.verdict.passes() => {
            Some(create_branch(session, station, &plan, branch, at)?)
        }
        (Some(_), None) => {
            return Err(CommandError::usage("this switch makes no branch")
                .hinted("leave --create out: shipway train switch says what it does"));
        }
        _ => None,
    };
    if session.screen.json {
        session.screen.json(&document::of_train(
            "switch",
            &serde_json::json!({"switch": plan, "created": made}),
        ));
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&train::switch(&plan, made.as_ref(), paint));
    }
    refusal(plan.verdict.passes())
}

/// The branch, at a commit of the range that the rules allow.
fn create_branch(
    session: &Session,
    station: &Station,
    plan: &SwitchPlan,
    branch: &Branch,
    at: &str,
) -> Result<Oid, CommandError> {
    let member = station
        .train
        .member(&plan.member)
        .ok_or_else(look::no_departure)?;
    let path = station.place(&member.name, &member.repository);
    let repository = open(&path)?;
    let failed = |error: HistoryError| crate::look::history_error(&error);
    let id = repository.resolve(at).map_err(failed)?;
    let newest = branch.create.as_ref().map(|create| &create.commit);
    let within = |old: &Oid, new: &Oid| repository.is_ancestor(old, new).map_err(failed);
    let fits = match newest {
        Some(newest) => within(&id, newest)?,
        None => true,
    } && match &plan.not_before {
        Some(oldest) => within(oldest, &id)?,
        None => true,
    };
    if !fits {
        return Err(CommandError::new(
            Exit::GateFailed,
            format!(
                "{} is outside of the commits that the branch may start at",
                id.abbreviated()
            ),
        )
        .hinted("the range is shown by shipway train switch without --create"));
    }
    let name =
        RefName::branch(&branch.name).map_err(|error| CommandError::usage(error.to_string()))?;
    let refs = serde_json::json!([{"name": name, "old": null, "new": id}]);
    let body = serde_json::json!({"commits": [], "tag": null, "refs": refs});
    create(session, &path, &Item::of_body(branch.name.clone(), body))?;
    Ok(id)
}
