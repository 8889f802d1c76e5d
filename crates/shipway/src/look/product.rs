//! One product of a repository, and what happened to it since its last releases.
//!
//! Must not: decide anything.

use super::components::Scope;
use super::intent;
use super::pulls::Pulls;
use super::repository::history_error;
use crate::error::CommandError;
use shipway_core::Oid;
use shipway_core::config::{Config, Scheme};
use shipway_core::time::Timestamp;
use shipway_core::version::{Line, Version};
use shipway_history::{
    Change, Changes, CommitId, Convention, Kind, Read, ReleaseTag, Repository, TagPattern,
};

use super::version::NEXT_VERSION;

/// What is released: all of a repository.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    pub repository: &'a Repository,
    pub config: &'a Config,
    pub convention: &'a Convention,
    pub pattern: &'a TagPattern,
    pub head: &'a Oid,
    /// Only what changes these files counts.
    pub scope: Option<&'a Scope>,
    pub pulls: &'a Pulls,
}

/// What happened to a product.
pub struct Past {
    /// All its release tags, lowest version first.
    pub tags: Vec<ReleaseTag>,
    /// The highest version that the head comes after.
    pub previous: Option<ReleaseTag>,
    /// The highest of those that is no pre-release.
    pub last_final: Option<ReleaseTag>,
}

impl Product<'_> {
    pub fn scheme(&self) -> Scheme {
        self.config.project.scheme
    }

    /// With a line, only its releases count as earlier ones.
    pub fn past(&self, line: Option<&Line>) -> Result<Past, CommandError> {
        let tags = self
            .repository
            .release_tags(self.pattern, self.scheme())
            .map_err(|error| history_error(&error))?;
        let latest = |keep: &dyn Fn(&Version) -> bool| {
            let kept: Vec<ReleaseTag> = tags
                .iter()
                .filter(|tag| keep(&tag.version))
                .cloned()
                .collect();
            let found = self.repository.latest(self.head, &kept);
            found
                .map(Option::<&ReleaseTag>::cloned)
                .map_err(|error| history_error(&error))
        };
        let in_line = |version: &Version| line.is_none_or(|line| line.contains(version));
        // A line's first release follows the one that its branch was made from.
        let previous = match latest(&in_line)? {
            None if line.is_some() => latest(&|_| true)?,
            found => found,
        };
        let is_pre = previous
            .as_ref()
            .is_some_and(|tag| tag.version.is_prerelease());
        let last_final = if is_pre {
            match latest(&|version| in_line(version) && !version.is_prerelease())? {
                None if line.is_some() => latest(&|version| !version.is_prerelease())?,
                found => found,
            }
        } else {
            previous.clone()
        };
        Ok(Past {
            tags,
            previous,
            last_final,
        })
    }

    /// The product's commits that `from` has and `since` has not, newest first.
    pub fn range(&self, from: &Oid, since: Option<&Oid>) -> Result<Vec<CommitId>, CommandError> {
        let ids = self.repository.range(from, since);
        self.own(ids.map_err(|error| history_error(&error))?)
    }

    /// Those of the commits that are the product's.
    pub fn own(&self, ids: Vec<CommitId>) -> Result<Vec<CommitId>, CommandError> {
        match self.scope {
            Some(scope) => scope.keep(self.repository, &ids),
            None => Ok(ids),
        }
    }

    /// Changes that the head has and `since` has not, without what our own releases committed.
    pub fn changes(&self, since: Option<&Oid>) -> Result<Changes, CommandError> {
        let ids = self.range(self.head, since)?;
        let (times, reads): (Vec<i64>, Vec<Read>) = (self.repository)
            .read_commits(&ids, |commit| {
                (commit.time, Read::of(commit, self.convention))
            })
            .map_err(|error| history_error(&error))?
            .into_iter()
            .unzip();
        let pulls = match times.into_iter().min() {
            Some(oldest) => (self.pulls).since(Timestamp(oldest.saturating_mul(1000)))?,
            None => None,
        };
        let pulls = pulls.map(|mut pulls| {
            pulls.find_commits(&reads);
            pulls
        });
        let mut changes = self.without_our_own(Changes::from_reads(reads));
        if let Some(pulls) = pulls {
            changes = pulls.join(changes, self.convention);
        }
        let told = intent::told(
            self.repository,
            self.head,
            since,
            self.config,
            self.convention,
        )?;
        let name = &self.config.project.name;
        let ours = |change: &Change| change.components.contains(name);
        changes.listed.splice(0..0, told.into_iter().filter(ours));
        Ok(changes)
    }

    /// What releases committed is no change of the project.
    pub fn without_our_own(&self, mut changes: Changes) -> Changes {
        let patterns = [self.config.project.commit_message.as_str(), NEXT_VERSION];
        let begins: Vec<&str> = patterns
            .iter()
            .filter_map(|pattern| pattern.split('{').next().filter(|begin| !begin.is_empty()))
            .collect();
        let ours = |change: &Change| {
            change.kind == Kind::Other
                && begins
                    .iter()
                    .any(|begin| change.description.starts_with(begin))
        };
        changes.listed.retain(|change| !ours(change));
        changes
    }
}

impl Past {
    pub fn current(&self) -> Option<&Version> {
        self.previous.as_ref().map(|tag| &tag.version)
    }

    pub fn last_version(&self) -> Option<&Version> {
        self.last_final.as_ref().map(|tag| &tag.version)
    }
}
