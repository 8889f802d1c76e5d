//! The releases of a product with the changes that each brought: what changelogs and histories are made of.
//!
//! Invariants: the history is walked once and every commit is read once, whatever the number of tags; messages are not kept.

use super::product::{Past, Product};
use super::repository::history_error;
use crate::error::CommandError;
use shipway_core::Oid;
use shipway_core::time::Timestamp;
use shipway_core::version::Version;
use shipway_history::{Change, Changes, CommitId, Read, ReleaseTag};
use std::collections::HashSet;

/// One release, or what is not released yet.
pub struct Told {
    /// `None`: not released.
    pub release: Option<ReleaseTag>,
    /// `2026-11-21`, by the clock of the release's commit.
    pub date: String,
    /// The tag of the release before it on its line.
    pub previous: Option<String>,
    /// Newest first.
    pub changes: Vec<Change>,
    /// Commits that came with it, merges too.
    pub commits: usize,
}

/// Commits that are read at once: enough for all threads, few enough not to be noticed in memory.
const BATCH: usize = 8192;

impl Product<'_> {
    /// Every release in the head's history and what is unreleased, newest first. Pre-releases are told of as a part of the
    /// release that they led to, where there is one. Changes that are not to be kept are forgotten as soon as they are read.
    pub fn log(
        &self,
        past: &Past,
        keep: impl Fn(&Change) -> bool,
    ) -> Result<Vec<Told>, CommandError> {
        let finals: HashSet<Version> = (past.tags.iter())
            .filter(|tag| !tag.version.is_prerelease())
            .map(|tag| tag.version.clone())
            .collect();
        let tags: Vec<ReleaseTag> = (past.tags.iter())
            .filter(|tag| !tag.version.is_prerelease() || !finals.contains(&tag.version.release()))
            .cloned()
            .collect();
        let divided = self
            .repository
            .releases(self.head, &tags)
            .map_err(|error| history_error(&error))?;
        let unreleased = self.own(divided.unreleased)?;
        let mut told = vec![Told {
            release: None,
            date: String::new(),
            previous: divided.releases.first().and_then(|newest| {
                let at = newest.tags.last()?;
                Some(tags[*at].name.short().to_owned())
            }),
            changes: Vec::new(),
            commits: unreleased.len(),
        }];
        let mut lists: Vec<Vec<CommitId>> = vec![unreleased];
        let short = |release: usize| {
            let release = divided.releases.get(release)?;
            Some(tags[*release.tags.last()?].name.short().to_owned())
        };
        let mut heads = Vec::with_capacity(divided.releases.len());
        for release in &divided.releases {
            let Some(tag) = release.tags.last().map(|at| tags[*at].clone()) else {
                continue;
            };
            heads.push(release.commit);
            let commits = self.own(release.commits.clone())?;
            told.push(Told {
                release: Some(tag),
                date: String::new(),
                previous: release.previous.first().and_then(|at| short(*at)),
                changes: Vec::new(),
                commits: commits.len(),
            });
            lists.push(commits);
        }
        self.read(&lists, &mut told, keep)?;
        let dates = self
            .repository
            .read_commits(&heads, |commit| commit.time)
            .map_err(|error| history_error(&error))?;
        for (told, time) in told.iter_mut().skip(1).zip(dates) {
            told.date = Timestamp(time.saturating_mul(1000)).date();
        }
        Ok(told)
    }

    /// Reads the commits of each list, many lists at a time.
    fn read(
        &self,
        lists: &[Vec<CommitId>],
        told: &mut [Told],
        keep: impl Fn(&Change) -> bool,
    ) -> Result<(), CommandError> {
        let mut at = 0;
        while at < lists.len() {
            let mut end = at + 1;
            let mut count = lists[at].len();
            while end < lists.len() && count + lists[end].len() <= BATCH {
                count += lists[end].len();
                end += 1;
            }
            let ids: Vec<CommitId> = lists[at..end].iter().flatten().copied().collect();
            let mut reads = self.reads(&ids)?.into_iter();
            for list in at..end {
                let of_list: Vec<Read> = reads.by_ref().take(lists[list].len()).collect();
                let mut changes = self.without_our_own(Changes::from_reads(of_list));
                changes.listed.retain(&keep);
                changes.listed.shrink_to_fit();
                told[list].changes = changes.listed;
            }
            at = end;
        }
        Ok(())
    }

    /// Commits read by the convention, in parallel.
    pub fn reads(&self, ids: &[CommitId]) -> Result<Vec<Read>, CommandError> {
        self.repository
            .read_commits(ids, |commit| Read::of(commit, self.convention))
            .map_err(|error| history_error(&error))
    }

    /// What one release brought: what it has and the release before it on its line has not. A pre-release follows any
    /// release, a final one the last final one.
    pub fn told(&self, past: &Past, tag: &ReleaseTag) -> Result<Told, CommandError> {
        let earlier: Vec<ReleaseTag> = (past.tags.iter())
            .filter(|other| other.version < tag.version)
            .filter(|other| tag.version.is_prerelease() || !other.version.is_prerelease())
            .cloned()
            .collect();
        let failed = |error| history_error(&error);
        let previous = (self.repository.latest(&tag.commit, &earlier)).map_err(failed)?;
        let since: Option<&Oid> = previous.map(|tag| &tag.commit);
        let ids = self.range(&tag.commit, since)?;
        let changes = self.without_our_own(Changes::from_reads(self.reads(&ids)?));
        let head = CommitId::try_from(&tag.commit).map_err(failed)?;
        let times =
            (self.repository.read_commits(&[head], |commit| commit.time)).map_err(failed)?;
        let time = times.first().copied().unwrap_or(0);
        Ok(Told {
            release: Some(tag.clone()),
            date: Timestamp(time.saturating_mul(1000)).date(),
            previous: previous.map(|tag| tag.name.short().to_owned()),
            changes: changes.listed,
            commits: ids.len(),
        })
    }
}
