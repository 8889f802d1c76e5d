//! Kind `git-local`: planned objects and references in the local repository.
//!
//! Invariants: objects are on stable storage before the first reference points to them; all references of an item move in
//! one transaction that checks where each of them stands.
//!
//! Must not: move the branch that somebody has checked out (kind `git-worktree` does that), or delete objects: git's own
//! clean-up does, once nothing points to them.

use super::objects::{self, are_present, open};
use super::program::Git;
use super::{
    At, RefChange, body, check, check_forward, different, found, local_ref, off_course, receipt,
    repository_of,
};
use crate::Context;
use serde::{Deserialize, Serialize};
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Commit, Tag};
use shipway_core::target::{
    Again, Capability, Credential, Failure, Item, Presence, Receipt, Reversal, Survey, Target,
    TargetSpec,
};
use shipway_core::time::Millis;
use std::fmt::Write as _;
use std::path::PathBuf;

pub const CAPABILITY: Capability = Capability {
    kind: "git-local",
    reversal: Reversal::Deletes,
    again: Again::Harmless,
    settle: Millis(0),
    pace: None,
    compares: "object id",
    overwrites: false,
};

/// The body of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Parents first, as the plan lists them.
    pub commits: Vec<Commit>,
    pub tag: Option<Tag>,
    /// None: the last commit is kept under `refs/shipway/`.
    pub refs: Vec<RefChange>,
}

impl Body {
    fn of(item: &Item) -> Result<Self, Failure> {
        let mut body: Self = body(item)?;
        if let (true, Some(last)) = (body.refs.is_empty(), body.commits.last()) {
            body.refs.push(kept(&last.id)?);
        }
        check(&body.refs)?;
        Ok(body)
    }

    /// The objects that come into being with this item.
    fn makes(&self) -> Vec<&Oid> {
        let commits = self.commits.iter().map(|commit| &commit.id);
        commits.chain(self.tag.iter().map(|tag| &tag.id)).collect()
    }
}

/// The reference that stands for an item which names none. Without it git's clean-up could remove the objects before they
/// are pushed, and nothing would tell whether they were taken back. It is never pushed.
fn kept(commit: &Oid) -> Result<RefChange, Failure> {
    let name = RefName::new(format!("refs/shipway/{commit}"));
    Ok(RefChange {
        name: name.map_err(|error| Failure::permanent(error.to_string()))?,
        old: None,
        new: commit.clone(),
    })
}

struct Local {
    repository: PathBuf,
}

/// # Errors
/// `Permanent` for other settings than `repository`.
pub fn target(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    if spec.settings.keys().any(|key| key != "repository") || spec.secret.is_some() {
        return Err(Failure::permanent(
            "the target git-local has no setting but repository, and no secret",
        ));
    }
    Ok(Box::new(Local {
        repository: repository_of(spec, context)?,
    }))
}

impl Local {
    fn places(&self, refs: &[RefChange]) -> Result<Vec<At>, Failure> {
        let repo = open(&self.repository)?;
        refs.iter()
            .map(|change| Ok(local_ref(&repo, &change.name)?))
            .collect()
    }

    /// Moves references in one transaction. What came of it is judged by where they stand afterwards, because git's exit
    /// status does not tell a lock that somebody holds from a value that moved.
    fn transact(&self, refs: &[RefChange]) -> Result<(), Failure> {
        let mut script = String::from("start\n");
        for change in refs {
            let (name, new) = (&change.name, &change.new);
            let _ = match &change.old {
                None => writeln!(script, "create {name} {new}"),
                Some(old) if old == new => writeln!(script, "verify {name} {new}"),
                Some(old) => writeln!(script, "update {name} {new} {old}"),
            };
        }
        self.update(script + "prepare\ncommit\n", refs)
    }

    fn update(&self, script: String, refs: &[RefChange]) -> Result<(), Failure> {
        let git = Git::new(&self.repository);
        let call = git
            .call("update-ref")
            .flag("--no-deref")
            .flag("-m")
            .flag("shipway");
        let output = call.flag("--stdin").stdin(script).run()?;
        if output.code == 0 {
            return Ok(());
        }
        let places = self.places(refs)?;
        match off_course(refs.iter().zip(&places)) {
            Some(why) => Err(Failure::permanent(why).hinted("make a new plan")),
            None => Err(
                Failure::transient(format!("git update-ref refused: {}", output.said))
                    .hinted("another git program may hold a lock in this repository"),
            ),
        }
    }
}

impl Target for Local {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body = Body::of(item)?;
        let places = self.places(&body.refs)?;
        let pairs = || body.refs.iter().zip(&places);
        if let Some(found) = off_course(pairs()) {
            return Ok(different(found));
        }
        let (there, missing): (Vec<_>, Vec<_>) =
            pairs().partition(|(change, at)| at.is(Some(&change.new)));
        if missing.is_empty() {
            let repo = open(&self.repository)?;
            let objects = body
                .makes()
                .into_iter()
                .chain(body.refs.iter().map(|c| &c.new));
            return Ok(if are_present(&repo, objects)? {
                Presence::Same {
                    receipt: receipt(&body.refs, None),
                }
            } else {
                different(
                    "a reference points to an object that is not in the repository".to_owned(),
                )
            });
        }
        // A power cut in the middle of git's own commit leaves a part of the references moved. They are ours when they
        // point to objects that only this plan makes; publishing moves the rest.
        let makes = body.makes();
        match there
            .iter()
            .find(|(change, _)| !makes.contains(&&change.new))
        {
            Some((change, _)) if missing.len() < places.len() => Ok(different(format!(
                "{} is where the plan wants it, and {} is not",
                change.name, missing[0].0.name
            ))),
            _ => Ok(Presence::Absent),
        }
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body = Body::of(item)?;
        let places = self.places(&body.refs)?;
        if let Some(why) = off_course(body.refs.iter().zip(&places)) {
            return Err(Failure::permanent(why).hinted("make a new plan"));
        }
        objects::write(&self.repository, &body.commits, body.tag.as_ref())?;
        check_forward(&open(&self.repository)?, &body.refs)?;
        let steps: Vec<RefChange> = body
            .refs
            .iter()
            .zip(&places)
            .map(|(change, at)| match at {
                At::Object(id) => RefChange {
                    old: Some(id.clone()),
                    ..change.clone()
                },
                _ => change.clone(),
            })
            .collect();
        self.transact(&steps)?;
        Ok(receipt(&body.refs, None))
    }

    fn retract(&self, item: &Item, _: &Receipt) -> Result<(), Failure> {
        let body = Body::of(item)?;
        let places = self.places(&body.refs)?;
        let mut script = String::from("start\n");
        for (change, at) in body.refs.iter().zip(&places) {
            let (name, new) = (&change.name, &change.new);
            let _ = match &change.old {
                // Back already, by an earlier try that broke off.
                old if at.is(old.as_ref()) => Ok(()),
                None => writeln!(script, "delete {name} {new}"),
                Some(old) => writeln!(script, "update {name} {old} {new}"),
            };
        }
        self.update(script + "prepare\ncommit\n", &body.refs)
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut survey = Survey {
            credential: Credential::NotNeeded,
            ..Survey::default()
        };
        for item in items {
            let body = Body::of(item)?;
            let places = self.places(&body.refs)?;
            let pairs = body.refs.iter().zip(&places);
            survey
                .found
                .extend(pairs.filter_map(|(change, at)| found(&change.name, at)));
        }
        Ok(survey)
    }
}
