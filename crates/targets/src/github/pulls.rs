//! Merged pull requests, read only: what people said of changes when they merged them.
//!
//! The list of closed ones is read, the last changed first, and only as far back as asked: 100 of them a call, whatever the number
//! of commits. GitHub could also be asked for each commit's pull requests, which would take a call for every commit, and its search
//! ends after 1,000 results.
//!
//! Invariants: one that was merged since is not missed, also where somebody changes another one meanwhile: merging is a change, so
//! nothing merged since stands behind one that was last changed before; and whatever moves to the head of the list while its pages
//! are read is found there by a second look. No write is sent.
//!
//! Must not: know what titles and labels mean.

use super::api::{Api, Next};
use crate::Context;
use serde::Deserialize;
use shipway_core::name::Oid;
use shipway_core::target::{Failure, FailureKind, TargetSpec};
use shipway_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

const CLOSED: &str = "/pulls?state=closed&sort=updated&direction=desc";
const WHAT: &str = "list the merged pull requests";

/// Clocks of people and of GitHub differ; this much is looked at beside what is asked for.
const SLACK: Millis = Millis::seconds(24 * 60 * 60);

/// One that was merged, into any branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedPull {
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    /// Names of the labels, as written.
    pub labels: Vec<String>,
    /// The login of who opened it; `None` where the account is gone.
    pub author: Option<String>,
    /// The merge, the squashed commit, or the last of those that were put on the branch.
    pub merge_commit: Option<Oid>,
    pub merged_at: Timestamp,
    /// Its page.
    pub url: String,
}

/// As the list shows it. What is not needed is not read.
#[derive(Deserialize)]
struct Shown {
    number: u64,
    title: String,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<Label>,
    user: Option<User>,
    merge_commit_sha: Option<String>,
    merged_at: Option<String>,
    updated_at: String,
    html_url: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

/// Those that were merged since a point in time, the last merged first; without one all of them. `spec` is that of any GitHub
/// target of the repository.
///
/// For the changes of a range, ask since its oldest commit: a branch that began before the last release may be merged after it.
///
/// # Errors
/// `Denied` where the token may not read pull requests; `Permanent` where there are more than 10,000 to read.
pub fn merged(
    spec: &TargetSpec,
    context: &Context,
    since: Option<Timestamp>,
) -> Result<Vec<MergedPull>, Failure> {
    let api = Api::open(spec, context)?;
    let slack = i64::try_from(SLACK.0).unwrap_or_default();
    let since = since.map(|since| Timestamp(since.0.saturating_sub(slack)));
    let mut found = BTreeMap::new();
    let read = |found: &mut BTreeMap<u64, MergedPull>, most: usize| {
        let mut pages = 0;
        let mut wrong = None;
        api.pages(CLOSED, WHAT, |page: Vec<Shown>| {
            pages += 1;
            for shown in page {
                match place(&shown.updated_at) {
                    Ok(updated) if since.is_some_and(|since| updated < since) => return Next::Stop,
                    Ok(_) => {}
                    Err(failure) => {
                        wrong = Some(failure);
                        return Next::Stop;
                    }
                }
                match merged_pull(shown) {
                    Ok(Some(pull)) if since.is_none_or(|since| pull.merged_at >= since) => {
                        found.insert(pull.number, pull);
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        wrong = Some(failure);
                        return Next::Stop;
                    }
                }
            }
            if pages < most { Next::Read } else { Next::Stop }
        })
        .map_err(|failure| explained(failure, &api))?;
        wrong.map_or(Ok(pages), Err)
    };
    if read(&mut found, usize::MAX)? > 1 {
        read(&mut found, 1)?;
    }
    let mut found: Vec<MergedPull> = found.into_values().collect();
    found.sort_by_key(|pull| std::cmp::Reverse((pull.merged_at, pull.number)));
    Ok(found)
}

fn merged_pull(shown: Shown) -> Result<Option<MergedPull>, Failure> {
    let Some(merged_at) = &shown.merged_at else {
        return Ok(None);
    };
    Ok(Some(MergedPull {
        merged_at: place(merged_at)?,
        number: shown.number,
        title: shown.title,
        body: shown.body,
        labels: shown.labels.into_iter().map(|label| label.name).collect(),
        author: shown.user.map(|user| user.login),
        merge_commit: shown.merge_commit_sha.and_then(|id| Oid::new(id).ok()),
        url: shown.html_url,
    }))
}

fn place(time: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(time)
        .ok_or_else(|| Failure::unknown(format!("{WHAT}: the answer has a time that is none")))
}

fn explained(failure: Failure, api: &Api) -> Failure {
    match failure.kind {
        FailureKind::Denied => failure.hinted(format!(
            "the token must be valid and may need the permission to read pull requests of {}; without pull-requests = true none is read",
            api.repository()
        )),
        FailureKind::Permanent if failure.hint.is_none() => failure.hinted("without pull-requests = true none is read"),
        _ => failure,
    }
}
