//! Merged pull requests, where the configuration wants them: read at the project's own forge, once a command.
//!
//! Invariants: nothing is asked before changes are, and nothing at all where no commit is new; a forge that gives no answer is an
//! error, since a version without what its labels say may be the wrong one.
//!
//! Must not: know what titles and labels mean.

use super::destinations::no_answer;
use crate::error::CommandError;
use crate::session::{CONFIG, Session};
use crate::world;
use serde_json::json;
use shipway_core::Config;
use shipway_core::config::Destination;
use shipway_core::target::TargetSpec;
use shipway_core::time::Timestamp;
use shipway_history::{PullRequest, PullRequests};
use shipway_targets::Context;
use shipway_targets::github::pulls::{self, MergedPull};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// The forge that is asked, and what it has said.
pub struct Pulls {
    /// `None`: the configuration wants none.
    forge: Option<Forge>,
}

struct Forge {
    spec: TargetSpec,
    context: Context,
    /// Since when, and what was merged.
    read: RefCell<Option<(Timestamp, Vec<PullRequest>)>>,
}

impl Pulls {
    /// The forge is the first GitHub destination. Asks nothing yet.
    pub fn of(session: &Session, repository: &Path, config: &Config) -> Result<Self, CommandError> {
        if !config.changes.pull_requests {
            return Ok(Self { forge: None });
        }
        let refused =
            |why: &str| CommandError::usage(format!("[changes] of {CONFIG}: pull-requests {why}"));
        if config.components.is_some() {
            return Err(refused("cannot be joined with the changes of components")
                .hinted("leave pull-requests out; what commits and change files say counts"));
        }
        let spec = config.publish.iter().find_map(|publish| match &publish.to {
            Destination::Github {
                repository, api, ..
            } => Some(TargetSpec {
                name: publish.name.clone(),
                kind: "github-draft".to_owned(),
                place: format!("{repository} at {api}"),
                settings: BTreeMap::from([
                    ("api".to_owned(), json!(api)),
                    ("repository".to_owned(), json!(repository)),
                ]),
                secret: publish.secret.clone(),
            }),
            Destination::Pypi { .. } => None,
        });
        let spec = spec.ok_or_else(|| {
            refused("need a [[publish]] with to = \"github\", which says where they are")
                .hinted("add it, or leave pull-requests out")
        })?;
        Ok(Self {
            forge: Some(Forge {
                spec,
                context: world::context(session, repository),
                read: RefCell::default(),
            }),
        })
    }

    /// Those merged since; `None` where none are wanted.
    pub fn since(&self, since: Timestamp) -> Result<Option<PullRequests>, CommandError> {
        let Some(forge) = &self.forge else {
            return Ok(None);
        };
        let mut read = forge.read.borrow_mut();
        if let Some((_, pulls)) = read.as_ref().filter(|(from, _)| *from <= since) {
            return Ok(Some(PullRequests::of(pulls.iter().cloned())));
        }
        let found = pulls::merged(&forge.spec, &forge.context, Some(since)).map_err(|failure| {
            let message = format!("the pull requests of {} cannot be read", forge.spec.name);
            no_answer(message, &forge.spec.place, &failure)
        })?;
        let pulls: Vec<PullRequest> = found.into_iter().map(pull_request).collect();
        let all = PullRequests::of(pulls.iter().cloned());
        *read = Some((since, pulls));
        Ok(Some(all))
    }
}

fn pull_request(pull: MergedPull) -> PullRequest {
    PullRequest {
        number: pull.number,
        title: pull.title,
        body: pull.body,
        labels: pull.labels,
        author: pull.author,
        merge_commit: pull.merge_commit,
        commits: Vec::new(),
    }
}
