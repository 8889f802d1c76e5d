//! Merged pull requests: what a forge knows of them, joined with what their commits say.
//!
//! A change belongs to the pull request that its commit merged, or that its subject ends with, `(#12)`, or whose merge brought it
//! in ([`PullRequests::find_commits`]). Then, for each pull request:
//!
//! * Commits that follow the convention are believed, and refer to it from then on. Where its title asks for more than all of
//!   them, the title counts: in place of the one commit of a squash merge, and beside the commits of any other.
//! * Where no commit follows the convention, one change takes the place of all: that of the title, or of the labels. Whatever the
//!   commits asked for, by `BREAKING CHANGE:`, `Release-As:` or the rule for unconventional commits, it asks for too.
//! * Labels, by the rules of the convention. A rule with a level alone, `semver:minor`, stands in place of the level that the words
//!   have, except that what breaks stays breaking. One with level and group, `bug`, says what kind of change it is: it never
//!   lowers a level, and its group counts where the words have none. A group alone stands in place of the words' group, `false`
//!   hides from the changelog, and `level = "none"` with `group = false` leaves the pull request out altogether. Of several labels
//!   the highest level counts.
//!
//! Invariants: joining again changes nothing; no change is counted twice; without a label that says so no level falls; the
//! cost is linear in changes and pull requests.
//!
//! Must not: ask a forge; bring back what was cancelled or skipped.

use crate::change::{Change, Changes, Kind, Origin};
use crate::convention::Convention;
use crate::conventional::{Breaking, Message, shown};
use crate::merges::{Lazy, Places};
use crate::read::{Read, unsaid};
use crate::reference;
use serde::Deserialize;
use shipway_core::config::{Asked, Listed};
use shipway_core::name::Oid;
use shipway_core::version::Level;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A merged pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    pub number: u64,
    pub title: String,
    /// Markdown. Only its footers are read, for the issues that they name.
    #[serde(default)]
    pub body: Option<String>,
    /// Names, as written.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The forge's name for who opened it.
    #[serde(default)]
    pub author: Option<String>,
    /// The merge, the squashed commit, or the last of those that were put on the branch.
    #[serde(default)]
    pub merge_commit: Option<Oid>,
    /// Its other commits, where the forge tells them; see [`PullRequests::find_commits`].
    #[serde(default)]
    pub commits: Vec<Oid>,
}

/// What the labels of one pull request say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Labels {
    left_out: bool,
    hidden: bool,
    /// In place of what the words say.
    level: Option<Asked>,
    /// At least.
    least: Option<Level>,
    /// In place of what the words say.
    group: Option<String>,
    /// Where the words say none.
    other_group: Option<String>,
}

/// Pull requests, and which commits and changes are theirs.
#[derive(Clone, Debug, Default)]
pub struct PullRequests {
    /// Each number once.
    all: Vec<PullRequest>,
    /// Positions by the id of the merge.
    merges: HashMap<Oid, usize>,
    numbers: HashMap<u64, usize>,
    /// Positions by the ids of the other commits.
    commits: HashMap<Oid, usize>,
}

impl PullRequests {
    /// Of two with one number the first counts.
    pub fn of(pulls: impl IntoIterator<Item = PullRequest>) -> Self {
        let mut known = Self::default();
        for pull in pulls {
            let at = known.all.len();
            if *known.numbers.entry(pull.number).or_insert(at) != at {
                continue;
            }
            if let Some(merge) = &pull.merge_commit {
                known.merges.entry(merge.clone()).or_insert(at);
            }
            for commit in &pull.commits {
                known.commits.entry(commit.clone()).or_insert(at);
            }
            known.all.push(pull);
        }
        known
    }

    /// Finds out which commits of a range each pull request's merge brought in. `reads` is the whole range, newest first.
    ///
    /// A commit that came with a pull request into the branch of another one belongs to the first.
    pub fn find_commits(&mut self, reads: &[Read]) {
        let owner = |read: &Read| {
            let by_id = self.merges.get(&read.id).copied();
            by_id.or_else(|| self.numbers.get(&read.pull?).copied())
        };
        let owners: Vec<Option<usize>> = reads.iter().map(owner).collect();
        if owners.iter().all(Option::is_none) {
            return;
        }
        let places = Places::of(reads);
        let mut lazy = Lazy::new(reads, &places);
        let merges = lazy.get();
        // What a merge brought in stands together before it: of nested ones the inner comes first.
        let mut unowned: Vec<(usize, usize)> = Vec::new();
        for (place, at) in merges.order.iter().enumerate() {
            let Some(owner) = owners[*at] else {
                unowned.push((place, *at));
                continue;
            };
            if reads[*at].parents.len() > 1 {
                let begins = merges.brought_in(*at).start;
                let from = unowned.partition_point(|(place, _)| *place < begins);
                for (_, brought) in unowned.drain(from..) {
                    self.commits
                        .entry(reads[brought].id.clone())
                        .or_insert(owner);
                }
            }
            self.commits.entry(reads[*at].id.clone()).or_insert(owner);
        }
    }

    /// Joins changes with the pull requests that brought them. Pull requests that brought none of the listed changes are passed over.
    /// The cost is that of the changes, so that each of many components can be joined apart.
    pub fn join(&self, mut changes: Changes, convention: &Convention) -> Changes {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, change) in changes.listed.iter().enumerate() {
            if let Some(owner) = self.owner(change) {
                members.entry(owner).or_default().push(at);
            }
        }
        let mut listed: Vec<Option<Change>> = changes.listed.into_iter().map(Some).collect();
        let mut joined: HashMap<usize, Change> = HashMap::new();
        for (owner, members) in members {
            let pull = &self.all[owner];
            let own = members.iter().map(|at| Some((*at, listed[*at].take()?)));
            let mut own: Vec<(usize, Change)> = own.flatten().collect();
            let labels = Labels::of(pull, convention);
            if let Some(new) = join_one(&mut own, pull, &labels, convention) {
                joined.insert(members[0], new);
            }
            for (at, change) in own {
                listed[at] = Some(change);
            }
        }
        let mut all = Vec::with_capacity(listed.len());
        for (at, change) in listed.into_iter().enumerate() {
            all.extend(joined.remove(&at));
            all.extend(change);
        }
        changes.listed = all;
        changes
    }

    /// The forge's names of the people whose pull requests are among the changes, by the address that they commit with: where
    /// all that a pull request brought is by one person, that person opened it.
    pub fn handles(&self, changes: &[Change]) -> HashMap<String, String> {
        let mut people: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for change in changes {
            if let (Some(owner), Some(author)) = (self.owner(change), change.authors.first()) {
                people.entry(owner).or_default().insert(&author.email);
            }
        }
        let mut handles = HashMap::new();
        for (owner, people) in people {
            let mut people = people.into_iter().filter(|email| !email.is_empty());
            let one = people.next().filter(|_| people.next().is_none());
            if let (Some(email), Some(author)) = (one, &self.all[owner].author) {
                handles
                    .entry(email.to_owned())
                    .or_insert_with(|| author.clone());
            }
        }
        handles
    }

    fn owner(&self, change: &Change) -> Option<usize> {
        let by_number = |number| self.numbers.get(&number).copied();
        match change.origin {
            Origin::File(_) => return None,
            Origin::PullRequest(number) => return by_number(number),
            Origin::Commit => {}
        }
        let id = change.commit.as_ref();
        let by_subject = || by_number(reference::pull_request(&change.description)?.1);
        id.and_then(|id| self.merges.get(id).copied())
            .or_else(by_subject)
            .or_else(|| self.commits.get(id?).copied())
    }
}

/// Joins the changes of one pull request, with their positions; returns what is new among them.
fn join_one(
    own: &mut Vec<(usize, Change)>,
    pull: &PullRequest,
    labels: &Labels,
    convention: &Convention,
) -> Option<Change> {
    let title = of_title(pull, convention);
    let is_at_merge = |change: &Change| {
        change.commit == pull.merge_commit || change.origin == Origin::PullRequest(pull.number)
    };
    let says = |change: &Change| change.kind != Kind::Other;
    let mut new = None;
    if !own.iter().any(|(_, change)| says(change)) {
        if says(&title) || labels.say_what_it_is() {
            let mut one = title;
            for (_, change) in own.drain(..) {
                absorb(&mut one, change, pull);
            }
            new = Some(one);
        }
    } else if own
        .iter()
        .all(|(_, change)| !says(change) || is_at_merge(change))
    {
        // The merge alone says something: it tells the title.
        let (said, unsaid): (Vec<_>, Vec<_>) = own.drain(..).partition(|(_, change)| says(change));
        *own = said;
        if let Some((_, first)) = own.first_mut() {
            for (_, change) in unsaid {
                absorb(first, change, pull);
            }
        }
        outdo(own, title, labels, &mut new);
    } else {
        outdo(own, title, labels, &mut new);
    }
    let reference = format!("#{}", pull.number);
    let mut all: Vec<&mut Change> = new
        .iter_mut()
        .chain(own.iter_mut().map(|(_, change)| change))
        .collect();
    for change in &mut all {
        refer(&mut change.references, std::iter::once(&reference));
    }
    labels.apply(&mut all);
    new
}

/// Where the title asks for more than all that was said, it counts.
fn outdo(own: &mut [(usize, Change)], title: Change, labels: &Labels, new: &mut Option<Change>) {
    let highest = own
        .iter()
        .map(|(_, change)| labels.lowered(change))
        .max()
        .flatten();
    if title.kind == Kind::Other || labels.left_out || labels.lowered(&title) <= highest {
        return;
    }
    if let [(_, only)] = own {
        let mut one = title;
        refer(&mut one.references, &only.references);
        *only = Change {
            commit: only.commit.take(),
            authors: std::mem::take(&mut only.authors),
            time: only.time,
            release_as: only.release_as.take(),
            components: std::mem::take(&mut only.components),
            ..one
        };
    } else if let Some((_, newest)) = own.first() {
        *new = Some(Change {
            authors: newest.authors.clone(),
            time: newest.time,
            commit: title.commit.clone().or_else(|| newest.commit.clone()),
            ..title
        });
    }
}

/// The change that the title tells of.
fn of_title(pull: &PullRequest, convention: &Convention) -> Change {
    let title = Message::of(&pull.title).header.trim();
    let title = match reference::pull_request(title) {
        Some((bare, number)) if number == pull.number => bare,
        _ => title,
    };
    let mut references = vec![format!("#{}", pull.number)];
    reference::find(title, &mut references);
    let body = format!(
        "\n\n{}",
        without_comments(pull.body.as_deref().unwrap_or_default())
    );
    let body = Message {
        header: "",
        rest: &body,
    };
    reference::find_in_footers(&body.body(Breaking::UpperCase).1, &mut references);
    let change = Change {
        commit: pull.merge_commit.clone(),
        origin: Origin::PullRequest(pull.number),
        references,
        ..unsaid()
    };
    let Some(said) = convention.header(title) else {
        let (level, group) = convention.meaning_of_other(false);
        return Change {
            description: shown(title),
            level,
            group,
            ..change
        };
    };
    let (level, group) = convention.meaning(&said.key, said.scope, said.marked);
    let description = shown(said.description);
    Change {
        kind: said.kind,
        scope: said.scope.map(shown),
        breaking: said.marked.then(|| description.clone()),
        description,
        level,
        group,
        ..change
    }
}

/// What templates tell those who write: `<!-- … -->`.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// `one` takes the place of `change`, and asks for whatever that asked for.
fn absorb(one: &mut Change, change: Change, pull: &PullRequest) {
    if change.level > one.level {
        one.level = change.level;
        one.group = one.group.take().or(change.group);
    }
    one.breaking = one.breaking.take().or(change.breaking);
    one.release_as = one.release_as.take().or(change.release_as);
    refer(&mut one.references, &change.references);
    for author in change.authors {
        if one.authors.len() < reference::MOST && !one.authors.contains(&author) {
            one.authors.push(author);
        }
    }
    for component in change.components {
        if !one.components.contains(&component) {
            one.components.push(component);
        }
    }
    one.time = one.time.max(change.time);
    if one.commit.is_none() || (change.commit.is_some() && change.commit == pull.merge_commit) {
        one.commit = change.commit;
    }
}

fn refer<'a>(known: &mut Vec<String>, more: impl IntoIterator<Item = &'a String>) {
    for one in more {
        if known.len() < reference::MOST && !known.contains(one) {
            known.push(one.clone());
        }
    }
}

impl Labels {
    fn of(pull: &PullRequest, convention: &Convention) -> Self {
        let mut labels = Self::default();
        let mut highest = None;
        for label in &pull.labels {
            let Some(rule) = convention.rule_of_label(label) else {
                continue;
            };
            match (rule.level, &rule.group) {
                (Some(Asked::Nothing), Some(Listed::Hidden)) => labels.left_out = true,
                (level, Some(Listed::Hidden)) => {
                    labels.hidden = true;
                    labels.instead(level);
                }
                (level, None) => labels.instead(level),
                (None, Some(Listed::In(group))) => {
                    labels.group.get_or_insert_with(|| group.clone());
                }
                (Some(level), Some(Listed::In(group))) => {
                    let level = asked(Some(level));
                    labels.least = labels.least.max(level);
                    if labels.other_group.is_none() || level > highest {
                        highest = level;
                        labels.other_group = Some(group.clone());
                    }
                }
            }
        }
        labels
    }

    fn instead(&mut self, level: Option<Asked>) {
        if self.level.is_none() || asked(level) > asked(self.level) {
            self.level = level.or(self.level);
        }
    }

    /// Whether they give a change that says nothing a meaning.
    fn say_what_it_is(&self) -> bool {
        asked(self.level).or(self.least).is_some()
            || self.group.is_some()
            || self.other_group.is_some()
    }

    /// The level of a change where they do not raise it.
    fn lowered(&self, change: &Change) -> Option<Level> {
        match self.level {
            Some(most) if change.breaking.is_none() => change.level.min(asked(Some(most))),
            _ => change.level,
        }
    }

    /// `all` are the changes of the pull request.
    fn apply(&self, all: &mut [&mut Change]) {
        for change in &mut *all {
            change.level = self.lowered(change);
            if self.left_out {
                (change.level, change.group) = (None, None);
            } else if self.hidden {
                change.group = None;
            } else if let Some(group) = &self.group {
                change.group = Some(group.clone());
            }
        }
        if self.left_out {
            return;
        }
        // One of them is raised: the first of those that ask for the most.
        let highest = all.iter().map(|change| change.level).max().flatten();
        let wanted = asked(self.level).max(self.least);
        let first = all.iter_mut().find(|change| change.level == highest);
        let Some(first) = first else {
            return;
        };
        first.level = first.level.max(wanted);
        let says_none = first.group.is_none() || first.kind == Kind::Other;
        if !self.hidden && self.group.is_none() && says_none && self.other_group.is_some() {
            first.group.clone_from(&self.other_group);
        }
    }
}

fn asked(level: Option<Asked>) -> Option<Level> {
    match level {
        Some(Asked::Level(level)) => Some(level),
        Some(Asked::Nothing) | None => None,
    }
}

#[cfg(test)]
#[path = "pull_request_tests.rs"]
mod tests;
