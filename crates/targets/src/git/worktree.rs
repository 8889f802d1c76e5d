//! Kind `git-worktree`: brings the user's own checkout up to date at the end of a release.
//!
//! Invariants: a branch goes forward only, from the commit that the plan expects; a checkout changes only when nothing in it
//! is uncommitted, and then together with its branch.
//!
//! Must not: stash, merge, overwrite or delete anything of the user's.

use super::objects::open;
use super::program::{Git, Output};
use super::{
    At, RefChange, body, check_forward, descends, different, found, local_ref, off_course, receipt,
};
use crate::Context;
use serde::{Deserialize, Serialize};
use shipway_core::name::{Oid, RefName};
use shipway_core::target::{
    Again, Capability, Credential, Failure, Item, Presence, Receipt, Reversal, Survey, Target,
    TargetSpec,
};
use shipway_core::time::Millis;
use std::path::{Path, PathBuf};

pub const CAPABILITY: Capability = Capability {
    kind: "git-worktree",
    reversal: Reversal::Nothing,
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
    pub branch: RefName,
    pub old: Oid,
    pub new: Oid,
}

impl Body {
    fn change(self) -> RefChange {
        RefChange {
            name: self.branch,
            old: Some(self.old),
            new: self.new,
        }
    }
}

struct Worktree {
    repository: PathBuf,
}

/// Where a branch is checked out.
enum Checkout {
    Nowhere,
    Here,
    Elsewhere(String),
}

/// # Errors
/// `Permanent` for settings, which this kind does not have.
pub fn target(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    if !spec.settings.is_empty() || spec.secret.is_some() {
        return Err(Failure::permanent(
            "the target git-worktree has no settings and no secret",
        ));
    }
    Ok(Box::new(Worktree {
        repository: context.repository.clone(),
    }))
}

impl Worktree {
    fn place(&self, change: &RefChange) -> Result<At, Failure> {
        Ok(local_ref(&open(&self.repository)?, &change.name)?)
    }

    fn checkout(&self, branch: &RefName) -> Result<Checkout, Failure> {
        let git = Git::new(&self.repository);
        let output = git
            .call("worktree")
            .flag("list")
            .flag("--porcelain")
            .flag("-z")
            .run()?;
        succeeded(&output, "list the worktrees")?;
        let here = real(&self.repository);
        let mut at = "";
        let mut elsewhere = None;
        for line in output.stdout.split('\0') {
            if let Some(path) = line.strip_prefix("worktree ") {
                at = path;
            } else if line.strip_prefix("branch ") == Some(branch.as_str()) {
                if real(Path::new(at)) == here {
                    return Ok(Checkout::Here);
                }
                elsewhere = Some(at.to_owned());
            }
        }
        Ok(elsewhere.map_or(Checkout::Nowhere, Checkout::Elsewhere))
    }

    /// Fast-forwards the checkout, its index and its branch.
    fn fast_forward(&self, change: &RefChange) -> Result<Output, Failure> {
        let git = Git::new(&self.repository);
        let call = git.call("status").flag("--porcelain").flag("-z");
        let status = call.flag("--untracked-files=no").run()?;
        succeeded(&status, "read the state of the checkout")?;
        if !status.stdout.is_empty() {
            return Err(
                Failure::permanent("the checkout has uncommitted changes").hinted(format!(
                    "commit them, then: git merge --ff-only {}",
                    change.new
                )),
            );
        }
        let call = git
            .call("merge")
            .flag("--ff-only")
            .flag("--no-autostash")
            .flag("--quiet");
        Ok(call.operand(change.new.as_str()).run()?)
    }

    fn move_branch(&self, change: &RefChange) -> Result<Output, Failure> {
        let git = Git::new(&self.repository);
        let call = git
            .call("update-ref")
            .flag("--no-deref")
            .flag("-m")
            .flag("shipway");
        let old = change.old.as_ref().map_or("", Oid::as_str);
        let call = call
            .operand(change.name.as_str())
            .operand(change.new.as_str());
        Ok(call.operand(old).run()?)
    }
}

fn real(path: &Path) -> PathBuf {
    fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn succeeded(output: &Output, what: &str) -> Result<(), Failure> {
    if output.code == 0 {
        return Ok(());
    }
    Err(Failure::transient(format!(
        "cannot {what}: {}",
        output.said
    )))
}

impl Target for Worktree {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let change = body::<Body>(item)?.change();
        let repo = open(&self.repository)?;
        let at = local_ref(&repo, &change.name)?;
        let there = match &at {
            At::Object(id) if !at.is(change.old.as_ref()) => descends(&repo, id, &change.new)?,
            _ => at.is(Some(&change.new)),
        };
        if there {
            return Ok(Presence::Same {
                receipt: receipt(&[change], None),
            });
        }
        Ok(off_course([(&change, &at)]).map_or(Presence::Absent, different))
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let change = body::<Body>(item)?.change();
        let at = self.place(&change)?;
        if let Some(why) = off_course([(&change, &at)]) {
            return Err(Failure::permanent(why));
        }
        check_forward(&open(&self.repository)?, std::slice::from_ref(&change))?;
        let output = match self.checkout(&change.name)? {
            Checkout::Here => self.fast_forward(&change)?,
            Checkout::Nowhere => self.move_branch(&change)?,
            Checkout::Elsewhere(path) => {
                let hint = format!("there: git merge --ff-only {}", change.new);
                let branch = change.name.short();
                return Err(
                    Failure::permanent(format!("{branch} is checked out in {path}")).hinted(hint),
                );
            }
        };
        // Git's exit status tells that it stopped; where the branch stands tells how far it got.
        let at = self.place(&change)?;
        if output.code == 0 && at.is(Some(&change.new)) {
            return Ok(receipt(&[change], None));
        }
        let message = format!("{} stays where it is: {}", change.name.short(), output.said);
        Err(Failure::permanent(message).hinted(format!("git merge --ff-only {}", change.new)))
    }

    fn retract(&self, _: &Item, _: &Receipt) -> Result<(), Failure> {
        Err(Failure::permanent(
            "a checkout that went forward is not put back",
        ))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut survey = Survey {
            credential: Credential::NotNeeded,
            ..Survey::default()
        };
        for item in items {
            let change = body::<Body>(item)?.change();
            survey
                .found
                .extend(found(&change.name, &self.place(&change)?));
            if let Checkout::Elsewhere(path) = self.checkout(&change.name)? {
                survey
                    .notes
                    .push(format!("{} is checked out in {path}", change.name.short()));
            }
        }
        Ok(survey)
    }
}
