//! From a repository to the next versions of all its components: tags, commits since each component's last release, whose they
//! are, and the plan.
//!
//! Invariants: tags are read once, each commit is read once and compared with its parents once, whatever the number of
//! components.
//!
//! Must not: write anything.

use super::policy::{Policy, scheme_of};
use super::tree::CommitFiles;
use super::{Assignment, Component, ComponentError, Owner, Past, Plan, discover, plan};
use crate::change::{Change, Changes};
use crate::convention::Convention;
use crate::merges::{Lazy, Places};
use crate::objects::CommitId;
use crate::paths::Enter;
use crate::read::{Read, Voice};
use crate::repository::Repository;
use crate::tag::{ReleaseTag, TagPattern};
use shipway_core::config::{self, Scheme};
use shipway_core::name::Oid;
use shipway_core::version::Version;
use std::collections::HashMap;

/// What the versions depend on, beside the repository.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub head: &'a Oid,
    pub components: &'a config::Components,
    pub convention: &'a Convention,
    pub policy: &'a Policy<'a>,
    /// Changes that no commit tells: those of change files, news fragments and pull requests. They name their components.
    pub told: &'a [Change],
}

/// The components of a commit, and what comes next for each.
#[derive(Debug)]
pub struct Workspace {
    pub components: Vec<Component>,
    /// By component.
    pub states: Vec<State>,
    pub plan: Plan,
}

/// What the repository says of a component.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The pattern of its tags, with its name in it: `core@{version}`.
    pub tag: String,
    /// Its last release that the head contains.
    pub last: Option<ReleaseTag>,
    /// Its last final release that the head contains, where that is another one.
    pub last_final: Option<ReleaseTag>,
    /// What came since its last final release.
    pub changes: Changes,
}

/// The components of a commit with their next versions.
///
/// # Errors
/// [`ComponentError::Faults`]; [`ComponentError::Files`] where the repository cannot be read, shallow clones among them.
pub fn versions(
    repository: &Repository,
    question: &Question<'_>,
) -> Result<Workspace, ComponentError> {
    let files = CommitFiles::of(repository, question.head)?;
    let components = discover(&files, question.components)?;
    let assignment = Assignment::new(&components, &question.components.ignore)?;
    let mut search = Search {
        repository,
        question,
        components: &components,
        states: vec![State::default(); components.len()],
        releases: vec![Vec::new(); components.len()],
        news: vec![0; components.len()],
    };
    let tags = search.tags()?;
    search.changes(&assignment, &tags)?;
    search.told()?;
    let (states, releases, news) = (search.states, search.releases, search.news);
    let past: Vec<Past<'_>> = states
        .iter()
        .zip(releases)
        .zip(news)
        .map(|((state, releases), news)| Past {
            releases,
            changes: state.changes.listed.iter().collect(),
            news,
        })
        .collect();
    let plan = plan(&components, &past, question.policy)?;
    drop(past);
    Ok(Workspace {
        components,
        states,
        plan,
    })
}

/// The pattern of a component's tags, with its name in it.
///
/// Where one component is all there is, the project's own pattern is better; the caller's configuration says so.
pub fn tag_pattern(component: &Component, components: &config::Components) -> String {
    let own = component
        .named
        .as_ref()
        .and_then(|named| named.tag.as_ref());
    own.unwrap_or(&components.tag)
        .replace("{name}", &component.name)
}

struct Search<'a> {
    repository: &'a Repository,
    question: &'a Question<'a>,
    components: &'a [Component],
    states: Vec<State>,
    /// By component: the versions of its releases that the head contains.
    releases: Vec<Vec<Version>>,
    news: Vec<usize>,
}

impl Search<'_> {
    /// The release tags of each component, lowest version first.
    fn tags(&mut self) -> Result<Vec<Vec<ReleaseTag>>, ComponentError> {
        let mut tags: Vec<Vec<ReleaseTag>> = vec![Vec::new(); self.components.len()];
        let mut by_scheme: Vec<(Scheme, Vec<usize>, Vec<TagPattern>)> = Vec::new();
        for (at, component) in self.components.iter().enumerate() {
            let text = tag_pattern(component, self.question.components);
            let pattern = TagPattern::new(&text)?;
            self.states[at].tag = text;
            let scheme = scheme_of(component, self.question.policy.scheme);
            let known = by_scheme.iter_mut().find(|(known, ..)| *known == scheme);
            match known {
                Some((_, indices, patterns)) => {
                    indices.push(at);
                    patterns.push(pattern);
                }
                None => by_scheme.push((scheme, vec![at], vec![pattern])),
            }
        }
        for (scheme, indices, patterns) in by_scheme {
            let found = self.repository.tags(&patterns, scheme)?;
            for (at, of_pattern) in indices.into_iter().zip(found.by_pattern) {
                tags[at] = of_pattern;
            }
        }
        Ok(tags)
    }

    /// The highest release of each component that the head contains, and all that are no higher.
    ///
    /// The highest of all are looked for first. Where one is not in the head (a maintenance line does not contain the releases
    /// after it), all are looked for in the history.
    fn bases(&mut self, tags: &[Vec<ReleaseTag>]) -> Result<(), ComponentError> {
        let head = self.question.head;
        let highest: Vec<Option<&Oid>> = tags
            .iter()
            .map(|tags| tags.last().map(|tag| &tag.commit))
            .collect();
        let known: Vec<Option<&Oid>> = highest.iter().flatten().copied().map(Some).collect();
        let since = self.repository.since_each(head, &known)?;
        let all_contained = (0..known.len()).all(|base| since.is_behind_head(base));
        let contained = if all_contained {
            None
        } else {
            let all: Vec<ReleaseTag> = tags.iter().flatten().cloned().collect();
            let releases = self.repository.releases(head, &all)?.releases;
            let commits = releases.into_iter().map(|release| release.commit.oid());
            Some(commits.collect::<Result<std::collections::HashSet<Oid>, _>>()?)
        };
        for (at, tags) in tags.iter().enumerate() {
            let is_in = |tag: &&ReleaseTag| {
                contained
                    .as_ref()
                    .is_none_or(|contained| contained.contains(&tag.commit))
            };
            let own: Vec<&ReleaseTag> = tags.iter().filter(is_in).collect();
            self.releases[at] = own.iter().map(|tag| tag.version.clone()).collect();
            self.states[at].last = own.last().map(|tag| (*tag).clone());
            let last_final = own.iter().rev().find(|tag| !tag.version.is_prerelease());
            self.states[at].last_final = last_final.map(|tag| (*tag).clone());
        }
        Ok(())
    }

    /// What came since the last release of each component.
    fn changes(
        &mut self,
        assignment: &Assignment,
        tags: &[Vec<ReleaseTag>],
    ) -> Result<(), ComponentError> {
        self.bases(tags)?;
        // The last final release of each, then the last of each.
        let count = self.components.len();
        let finals = self.states.iter().map(|state| &state.last_final);
        let lasts = self.states.iter().map(|state| &state.last);
        let bases: Vec<Option<&Oid>> = finals
            .chain(lasts)
            .map(|tag| tag.as_ref().map(|tag| &tag.commit))
            .collect();
        let since = self.repository.since_each(self.question.head, &bases)?;
        let commits = &since.commits;
        let mut owners = self.owners(assignment, commits)?;
        let convention = self.question.convention;
        let reads = self
            .repository
            .read_commits(commits, |commit| Read::of(commit, convention))?;
        merged(&reads, &mut owners);
        let mut of_each: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
        for (place, owners) in owners.iter().enumerate() {
            for owner in owners {
                if !since.is_in(place, *owner) {
                    let is_news = !since.is_in(place, count + owner);
                    of_each[*owner].push((place, is_news));
                }
            }
        }
        for (at, own) in of_each
            .into_iter()
            .enumerate()
            .filter(|(_, own)| !own.is_empty())
        {
            let own_reads = own.iter().map(|(read, _)| reads[*read].clone()).collect();
            self.states[at].changes = Changes::from_reads(own_reads);
            let news: std::collections::HashSet<&Oid> = own
                .iter()
                .filter(|(_, is_news)| *is_news)
                .map(|(read, _)| &reads[*read].id)
                .collect();
            let listed = self.states[at].changes.listed.iter();
            self.news[at] = listed
                .filter(|change| change.commit.as_ref().is_some_and(|id| news.contains(id)))
                .count();
        }
        Ok(())
    }

    /// By commit: the components that it changes. A clean merge changes none.
    fn owners(
        &self,
        assignment: &Assignment,
        commits: &[CommitId],
    ) -> Result<Vec<Vec<usize>>, ComponentError> {
        let enter = |directory: &str| match assignment.below(directory) {
            Owner::One(_) => Enter::Whole,
            Owner::Nobody => Enter::Skip,
            Owner::Several => Enter::Into,
        };
        let found = self.repository.changed_paths(commits, enter, |_, paths| {
            assignment.of(paths.iter().map(String::as_str))
        })?;
        Ok(found)
    }

    /// Adds what no commit tells.
    fn told(&mut self) -> Result<(), ComponentError> {
        let mut faults = Vec::new();
        let by_name: HashMap<&str, usize> = self
            .components
            .iter()
            .enumerate()
            .map(|(at, one)| (one.name.as_str(), at))
            .collect();
        for change in self.question.told {
            for name in &change.components {
                match by_name.get(name.as_str()) {
                    Some(at) => {
                        self.states[*at].changes.listed.insert(0, change.clone());
                        self.news[*at] += 1;
                    }
                    None => faults.push(super::discover::unknown(
                        format!("a change ({change})"),
                        name,
                        by_name.keys().copied(),
                    )),
                }
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.into())
        }
    }
}

/// A clean merge whose own words count, such as the title of a pull request, is of the components that it brought changes to.
fn merged(reads: &[Read], owners: &mut [Vec<usize>]) {
    let speaks = |at: &usize| {
        owners[*at].is_empty() && matches!(reads[*at].voice, Voice::Merge | Voice::Title)
    };
    let speaking: Vec<usize> = (0..reads.len()).filter(speaks).collect();
    if speaking.is_empty() {
        return;
    }
    let places = Places::of(reads);
    let mut lazy = Lazy::new(reads, &places);
    let merges = lazy.get();
    for at in speaking {
        let brought_in = &merges.order[merges.brought_in(at)];
        let mut found: Vec<usize> = brought_in
            .iter()
            .flat_map(|one| owners[*one].iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        owners[at] = found;
    }
}
