//! Kind `git`: references of a remote repository.
//!
//! Invariants: one item is one atomic push, and each of its references has a lease on the value that the plan expects, so
//! that a reference that is to be created must not exist. Nothing else travels: no tags that follow, no submodules, no
//! options of the server.
//!
//! A reference whose old and new value are the same is a witness: it must stand there when the others move, and is not looked
//! at any more once they have.
//!
//! Must not: fetch, force, or believe that a push which broke off has failed: it is looked at again.

use super::objects::open;
use super::program::{Git, GitError, Output, REMOTE};
use super::{
    At, RefChange, body, check, check_forward, descends, different, found, is_branch, off_course,
    receipt, repository_of,
};
use crate::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_core::name::{Oid, RefName};
use shipway_core::target::{
    Again, Capability, Credential, Failure, FailureKind, Item, Presence, Receipt, Reversal, Survey,
    Target, TargetSpec,
};
use shipway_core::time::Millis;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A push that only creates branches can be deleted again; the planner says so in the step.
pub const CAPABILITY: Capability = Capability {
    kind: "git",
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
    pub refs: Vec<RefChange>,
}

impl Body {
    fn of(item: &Item) -> Result<Self, Failure> {
        let body: Self = body(item)?;
        check(&body.refs)?;
        Ok(body)
    }
}

struct Remote {
    repository: PathBuf,
    /// A configured remote's name, a URL or a path.
    given: String,
    place: String,
}

/// # Errors
/// `Permanent` without the setting `remote`, with another than that and `repository`, and with a secret: git has credential
/// helpers of its own.
pub fn target(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    let known = |key: &String| key == "remote" || key == "repository";
    let (true, Some(Value::String(remote))) =
        (spec.settings.keys().all(known), spec.settings.get("remote"))
    else {
        return Err(Failure::permanent(
            "the target git needs the setting remote, and takes none but that and repository",
        ));
    };
    if spec.secret.is_some() {
        return Err(Failure::permanent("the target git takes no secret")
            .hinted("git finds its credentials itself: set up a credential helper or an ssh key"));
    }
    if remote.is_empty() || remote.starts_with('-') || remote.chars().any(char::is_control) {
        return Err(Failure::permanent(format!(
            "{remote:?} is not the name or address of a remote"
        )));
    }
    Ok(Box::new(Remote {
        repository: repository_of(spec, context)?,
        given: remote.clone(),
        place: spec.place.clone(),
    }))
}

/// What a push that ended says about its references.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    /// The server, or git before it sent anything, refused; the push was atomic, so nothing moved.
    Refused {
        by_server: bool,
    },
    Unsure,
}

/// Reads the porcelain status: `<mark> TAB <from>:<to> TAB <summary>`, where the summary of a refusal begins with one of
/// three fixed words in brackets (git-push(1), "OUTPUT"): `[rejected]` was never sent, `[remote rejected]` was refused, and
/// `[remote failure]` says that no answer came.
fn verdict(output: &Output, refs: &[RefChange]) -> Verdict {
    let mut marks: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for line in output.stdout.lines() {
        let mut fields = line.splitn(3, '\t');
        if let (Some(mark), Some(pair), Some(summary)) =
            (fields.next(), fields.next(), fields.next())
            && let Some((_, to)) = pair.rsplit_once(':')
        {
            marks.insert(to, (mark, summary));
        }
    }
    let all_moved = refs.iter().all(|change| {
        let mark = marks.get(change.name.as_str()).map(|(mark, _)| *mark);
        matches!(mark, Some(" " | "*" | "=" | "-"))
    });
    if output.code == 0 {
        return if all_moved {
            Verdict::Done
        } else {
            Verdict::Unsure
        };
    }
    let refused: Vec<&str> = marks
        .values()
        .filter(|(mark, _)| *mark == "!")
        .map(|(_, summary)| *summary)
        .collect();
    let at_server = |summary: &&str| summary.starts_with("[remote rejected]");
    let certain = |summary: &&str| summary.starts_with("[rejected]") || at_server(summary);
    if refused.is_empty() || !refused.iter().all(certain) {
        return Verdict::Unsure;
    }
    Verdict::Refused {
        by_server: refused.iter().any(at_server),
    }
}

impl Remote {
    fn git(&self) -> Git {
        Git::new(&self.repository)
    }

    /// What to hand to git as the repository, so that looking and pushing go to the same place: a configured remote may
    /// have another address for pushes.
    fn address(&self) -> Result<String, Failure> {
        if self.given.contains(['/', ':']) {
            return Ok(self.given.clone());
        }
        let urls = |push: bool| -> Result<Output, GitError> {
            let git = self.git();
            let call = git.call("remote").flag("get-url").flag("--all");
            let call = if push { call.flag("--push") } else { call };
            call.operand(&self.given).run()
        };
        let (fetch, push) = (urls(false)?, urls(true)?);
        if push.code != 0 || fetch.code != 0 {
            return Err(
                Failure::permanent(format!("there is no git remote {:?}", self.given))
                    .hinted("git remote -v lists those that this repository has"),
            );
        }
        if push.stdout.lines().count() != 1 {
            return Err(Failure::permanent(format!(
                "the git remote {:?} pushes to several addresses, which cannot be one step",
                self.given
            )));
        }
        if push.stdout == fetch.stdout {
            return Ok(self.given.clone());
        }
        Ok(push.stdout.trim_end().to_owned())
    }

    /// Where these references are at the remote.
    fn places(&self, names: &[&RefName]) -> Result<Vec<At>, Failure> {
        let git = self.git();
        let mut call = git.call("ls-remote").limit(REMOTE).operand(self.address()?);
        for name in names {
            call = call.operand(name.as_str());
        }
        let output = call.run()?;
        if output.code != 0 {
            return Err(
                Failure::transient(format!("cannot read {}: {}", self.place, output.said))
                    .hinted("check the address, the network and git's credentials"),
            );
        }
        let mut there = BTreeMap::new();
        for line in output.stdout.lines() {
            match line.split_once('\t').map(|(id, name)| (Oid::new(id), name)) {
                Some((Ok(id), name)) => {
                    there.insert(name, id);
                }
                _ => {
                    return Err(Failure::transient(format!(
                        "{} sent no list of references",
                        self.place
                    )));
                }
            }
        }
        Ok(names
            .iter()
            .map(|name| {
                there
                    .get(name.as_str())
                    .cloned()
                    .map_or(At::Nothing, At::Object)
            })
            .collect())
    }

    fn places_of(&self, refs: &[RefChange]) -> Result<Vec<At>, Failure> {
        self.places(&refs.iter().map(|change| &change.name).collect::<Vec<_>>())
    }

    /// One atomic push: (reference, value it must have now, object or nothing to put there).
    fn push(&self, moves: &[(&RefName, Option<&Oid>, Option<&Oid>)]) -> Result<Output, Failure> {
        let git = self.git();
        let mut call = git
            .call("push")
            .limit(REMOTE)
            .flag("--atomic")
            .flag("--porcelain")
            .flag("--no-verify")
            .flag("--no-follow-tags")
            .flag("--recurse-submodules=no");
        let text = |id: Option<&Oid>| id.map_or("", Oid::as_str).to_owned();
        for (name, lease, _) in moves {
            call = call.option("--force-with-lease", &format!("{name}:{}", text(*lease)));
        }
        call = call.operand(self.address()?);
        for (name, _, object) in moves {
            call = call.operand(format!("{}:{name}", text(*object)));
        }
        Ok(call.run()?)
    }

    /// The failure for a push that was refused: which reference is elsewhere, or what the server said.
    fn refusal(&self, refs: &[RefChange], places: &[At], by_server: bool, said: &str) -> Failure {
        if let Some(why) = off_course(refs.iter().zip(places)) {
            return Failure::permanent(why).hinted("fetch, and make a new plan");
        }
        let message = format!("{} refused the push: {said}", self.place);
        if by_server {
            return Failure::denied(message)
                .hinted("a branch or tag rule, a hook or missing rights at the server stop it");
        }
        Failure::permanent(message).hinted("fetch, and make a new plan")
    }
}

/// A look after a refusal that failed itself changes nothing about the refusal.
fn certain(error: Failure, said: &str) -> Failure {
    match error.kind {
        FailureKind::Permanent | FailureKind::Denied => error,
        _ => Failure::permanent(format!("the push was refused: {said}"))
            .hinted("fetch, and make a new plan"),
    }
}

impl Target for Remote {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body = Body::of(item)?;
        let places = self.places_of(&body.refs)?;
        let repo = open(&self.repository)?;
        let moves = body.refs.iter().filter(|change| !change.is_held()).count();
        let mut there = 0;
        let mut absent = 0;
        let mut astray = None;
        for (change, at) in body.refs.iter().zip(&places) {
            if change.is_held() && moves > 0 {
                // What it witnessed may be over: it counts only until the others have moved.
                astray = astray.or_else(|| off_course([(change, at)]));
            } else if at.is(Some(&change.new)) {
                there += 1;
            } else if at.is(change.old.as_ref()) {
                absent += 1;
            } else if let At::Object(id) = at
                && is_branch(&change.name)
                && descends(&repo, id, &change.new)?
            {
                // Somebody has built on what we pushed.
                there += 1;
            } else if let Some(found) = off_course([(change, at)]) {
                return Ok(different(found));
            }
        }
        let counted = if moves > 0 { moves } else { body.refs.len() };
        if there == counted {
            return Ok(Presence::Same {
                receipt: receipt(&body.refs, Some(self.place.clone())),
            });
        }
        if let Some(found) = astray {
            return Ok(different(found));
        }
        if absent == counted {
            return Ok(Presence::Absent);
        }
        let states: Vec<String> = body
            .refs
            .iter()
            .zip(&places)
            .map(|(change, at)| format!("{} is {}", change.name, at.describe()))
            .collect();
        Ok(different(format!(
            "only a part is there: {}",
            states.join(", ")
        )))
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body = Body::of(item)?;
        // With a lease alone, a branch could also go back.
        check_forward(&open(&self.repository)?, &body.refs)?;
        let moves: Vec<_> = body
            .refs
            .iter()
            .map(|change| (&change.name, change.old.as_ref(), Some(&change.new)))
            .collect();
        let output = self.push(&moves)?;
        let by_server = match verdict(&output, &body.refs) {
            Verdict::Done => return Ok(receipt(&body.refs, Some(self.place.clone()))),
            Verdict::Unsure => {
                return Err(Failure::unknown(format!(
                    "the push to {} broke off: {}",
                    self.place, output.said
                )));
            }
            Verdict::Refused { by_server } => by_server,
        };
        let places = self
            .places_of(&body.refs)
            .map_err(|error| certain(error, &output.said))?;
        Err(self.refusal(&body.refs, &places, by_server, &output.said))
    }

    fn retract(&self, item: &Item, _: &Receipt) -> Result<(), Failure> {
        let body = Body::of(item)?;
        let moves = || body.refs.iter().filter(|change| !change.is_held());
        if let Some(moved) = moves().find(|change| change.old.is_some()) {
            return Err(Failure::permanent(format!(
                "{} was there before this release and is never put back",
                moved.name
            ))
            .hinted("revert the commits with a new one"));
        }
        let refs: Vec<RefChange> = moves().cloned().collect();
        let deletions: Vec<_> = refs
            .iter()
            .map(|change| (&change.name, Some(&change.new), None))
            .collect();
        let output = self.push(&deletions)?;
        let by_server = match verdict(&output, &refs) {
            Verdict::Done => return Ok(()),
            Verdict::Unsure => {
                return Err(Failure::unknown(format!(
                    "deleting at {} broke off: {}",
                    self.place, output.said
                )));
            }
            Verdict::Refused { by_server } => by_server,
        };
        let places = self
            .places_of(&refs)
            .map_err(|error| certain(error, &output.said))?;
        if places.iter().all(|at| *at == At::Nothing) {
            return Ok(());
        }
        Err(self.refusal(&refs, &places, by_server, &output.said))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut names: Vec<RefName> = Vec::new();
        for item in items {
            for change in Body::of(item)?.refs {
                if !names.contains(&change.name) {
                    names.push(change.name);
                }
            }
        }
        let names: Vec<&RefName> = names.iter().collect();
        let mut survey = Survey::default();
        let places = self.places(&names)?;
        survey.found.extend(
            names
                .iter()
                .zip(&places)
                .filter_map(|(name, at)| found(name, at)),
        );
        // Nothing is sent in a dry run, and the server still wants to know who asks.
        let git = self.git();
        let call = git
            .call("push")
            .limit(REMOTE)
            .flag("--dry-run")
            .flag("--porcelain");
        let output = call
            .operand(self.address()?)
            .operand(":refs/shipway/probe")
            .run()?;
        if output.stdout.lines().any(|line| line.contains('\t')) {
            survey.credential = Credential::Accepted;
        } else {
            survey.notes.push(format!(
                "{} can be read, but did not let us begin a push: {}",
                self.place, output.said
            ));
        }
        Ok(survey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str) -> RefChange {
        RefChange {
            name: RefName::new(name).unwrap(),
            old: None,
            new: Oid::new("1".repeat(40)).unwrap(),
        }
    }

    fn output(code: i32, stdout: &str) -> Output {
        Output {
            code,
            stdout: stdout.to_owned(),
            said: String::new(),
        }
    }

    #[test]
    fn only_marks_and_exit_status_decide() {
        let refs = [change("refs/heads/main"), change("refs/tags/v1")];
        let main = "\t1:refs/heads/main\t";
        let tag = "\t1:refs/tags/v1\t";
        let case = |code, main_line: &str, tag_line: &str| {
            let text = format!("To x\n{main_line}\n{tag_line}\nDone\n");
            verdict(&output(code, &text), &refs)
        };
        let ok = format!(" {main}a..b");
        let new = format!("*{tag}[new tag]");
        let stale = format!("!{tag}[rejected] (stale info)");
        let hook = format!("!{tag}[remote rejected] (hook declined)");
        let lost = format!("!{tag}[remote failure] (remote failed to report status)");
        let refused = |by_server| Verdict::Refused { by_server };
        assert_eq!(case(0, &ok, &new), Verdict::Done);
        assert_eq!(case(0, &ok, ""), Verdict::Unsure);
        assert_eq!(case(1, &ok, &new), Verdict::Unsure);
        assert_eq!(
            case(
                1,
                &format!("!{main}[rejected] (atomic push failed)"),
                &stale
            ),
            refused(false)
        );
        assert_eq!(
            case(1, &format!("!{main}[remote rejected] (x)"), &hook),
            refused(true)
        );
        assert_eq!(
            case(1, &format!("!{main}[remote failure] (x)"), &stale),
            Verdict::Unsure
        );
        assert_eq!(case(1, "", &lost), Verdict::Unsure);
        assert_eq!(case(128, "", ""), Verdict::Unsure);
    }
}
