//! Tags and commits that were pushed: what the test said, and what the bare repository holds.

use super::{State, TagRef};
use std::process::{Command, Stdio};

/// What the tag names, if it was pushed.
pub(super) fn look_up(state: &State, tag: &str) -> Option<TagRef> {
    if let Some(known) = state.tags.get(tag) {
        return Some(known.clone());
    }
    let object = revision(state, &format!("refs/tags/{tag}"))?;
    let commit = revision(state, &format!("refs/tags/{tag}^{{commit}}"))?;
    Some(TagRef { object, commit })
}

/// The tag whose own object this is.
pub(super) fn of_object(state: &State, object: &str) -> Option<(String, TagRef)> {
    let known = state.tags.iter().find(|(_, tag)| tag.object == object);
    if let Some((name, tag)) = known {
        return Some((name.clone(), tag.clone()));
    }
    let commit = revision(state, &format!("{object}^{{commit}}"))?;
    Some((
        object.to_owned(),
        TagRef {
            object: object.to_owned(),
            commit,
        },
    ))
}

/// Whether a release may name this as its target: a branch or a commit that was pushed.
pub(super) fn is_target(state: &State, target: &str) -> bool {
    target == state.default_branch
        || state.commits.contains(target)
        || revision(state, &format!("refs/heads/{target}")).is_some()
        || revision(state, &format!("{target}^{{commit}}")).is_some()
}

fn revision(state: &State, name: &str) -> Option<String> {
    let git = state.git.as_ref()?;
    let output = Command::new("git")
        .arg("--git-dir")
        .arg(git)
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options", name])
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
