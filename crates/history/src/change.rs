//! Changes: what the commits of a range mean to users, and which of them undo each other.
//!
//! Invariants: every commit of the range is accounted for: listed as a change, cancelled by a revert in the same range, or
//! counted as a merge. A commit that does not follow Conventional Commits is listed as [`Kind::Other`], never lost.
//!
//! Must not: read a repository.

use crate::conventional::{Conventional, subject};
use crate::walk::{Author, Commit};
use shipway_core::name::Oid;
use shipway_core::version::Level;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// What kind of change a commit says it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `feat`
    Feature,
    /// `fix`
    Fix,
    /// `perf`
    Performance,
    /// `revert`, or git's own form, of something that was released before.
    Revert,
    /// Any other type, lower case: `docs`, `chore`.
    Named(String),
    /// The commit does not say.
    Other,
}

/// Where a change is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the message of its commit.
    #[default]
    Commit,
    /// In the title and the labels of a merged pull request, by its number.
    PullRequest(u64),
    /// In a change file or news fragment, by its path.
    File(String),
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit that brought it; `None` where nothing says which one (a change file).
    pub commit: Option<Oid>,
    pub origin: Origin,
    pub kind: Kind,
    pub scope: Option<String>,
    /// What breaks for users, where anything does.
    pub breaking: Option<String>,
    /// One line, without type and scope.
    pub description: String,
    /// Issues and pull requests, as written: `#12`, `owner/name#12`. In order, each once.
    pub references: Vec<String>,
    /// Everybody who wrote it: the author first, then the co-authors.
    pub authors: Vec<Author>,
    /// Seconds since the epoch, from the committer's clock; 0 where there is no commit.
    pub time: i64,
    /// The level that the convention gives it, before the rules for 0.x; `None`: it asks for no release.
    pub level: Option<Level>,
    /// The changelog's group that it is listed in; `None`: it is not listed.
    pub group: Option<String>,
    /// The version that it asks for: `Release-As: 2.0.0`.
    pub release_as: Option<String>,
    /// The components that it says it is about (change files); empty: the paths that it touches say so.
    pub components: Vec<String>,
}

/// The changes of a range of commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Newest first.
    pub listed: Vec<Change>,
    /// Commits that a revert in the range cancels, and those reverts. Newest first.
    pub cancelled: Vec<Change>,
    /// Merge commits that say nothing of their own.
    pub merges: usize,
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "feat" => Self::Feature,
            "fix" => Self::Fix,
            "perf" => Self::Performance,
            "revert" => Self::Revert,
            _ => Self::Named(kind.to_owned()),
        }
    }
}

impl fmt::Display for Kind {
    /// The type as commits write it; `other` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feature => "feat",
            Self::Fix => "fix",
            Self::Performance => "perf",
            Self::Revert => "revert",
            Self::Named(kind) => kind,
            Self::Other => "other",
        })
    }
}

impl fmt::Display for Change {
    /// `feat(api)!: description (0123456789)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != Kind::Other {
            write!(f, "{}", self.kind)?;
            if let Some(scope) = &self.scope {
                write!(f, "({scope})")?;
            }
            f.write_str(if self.breaking.is_some() { "!: " } else { ": " })?;
        }
        f.write_str(&self.description)?;
        match (&self.commit, &self.origin) {
            (_, Origin::File(path)) => write!(f, " ({path})"),
            (Some(commit), _) => write!(f, " ({})", commit.abbreviated()),
            (None, Origin::PullRequest(number)) => write!(f, " (#{number})"),
            (None, Origin::Commit) => Ok(()),
        }
    }
}

impl Changes {
    /// Those of a range of commits, newest first.
    pub fn of(commits: &[Commit]) -> Self {
        let cancelled = cancelled(commits);
        let mut changes = Self::default();
        for (at, commit) in commits.iter().enumerate() {
            match change(commit) {
                None => changes.merges += 1,
                Some(change) if cancelled.contains(&at) => changes.cancelled.push(change),
                Some(change) => changes.listed.push(change),
            }
        }
        changes
    }

    /// The commits that do not say what kind of change they are.
    pub fn others(&self) -> impl Iterator<Item = &Change> {
        self.listed
            .iter()
            .filter(|change| change.kind == Kind::Other)
    }
}

/// `None` for a merge that says nothing of its own.
fn change(commit: &Commit) -> Option<Change> {
    let message = &commit.message;
    if let Some(read) = Conventional::parse(message) {
        let breaking = read.breaking().map(str::to_owned);
        let mut references = references(&read.description);
        let footers = read.footers.iter().map(|footer| match footer.separator {
            crate::conventional::Separator::Colon => footer.value.clone(),
            crate::conventional::Separator::Hash => format!("#{}", footer.value),
        });
        for found in footers.flat_map(|text| self::references(&text)) {
            if !references.contains(&found) {
                references.push(found);
            }
        }
        return Some(Change {
            commit: Some(commit.id.clone()),
            origin: Origin::Commit,
            kind: Kind::of(&read.kind),
            scope: read.scope,
            breaking,
            description: read.description,
            references,
            authors: vec![commit.author.clone()],
            time: commit.time,
            level: None,
            group: None,
            release_as: None,
            components: Vec::new(),
        });
    }
    let reverts = Revert::read(message);
    if commit.parents.len() > 1 && reverts.is_none() {
        return None;
    }
    let description = subject(message);
    Some(Change {
        commit: Some(commit.id.clone()),
        origin: Origin::Commit,
        kind: if reverts.is_some_and(|revert| revert.is_all) {
            Kind::Revert
        } else {
            Kind::Other
        },
        scope: None,
        breaking: None,
        references: references(&description),
        description,
        authors: vec![commit.author.clone()],
        time: commit.time,
        level: None,
        group: None,
        release_as: None,
        components: Vec::new(),
    })
}

/// `#12`, `GH-12` and `owner/name#12` in a text.
fn references(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let outside = |c: char| c.is_whitespace() || "()[]{},;:'\"<>".contains(c);
    for word in text.split(outside) {
        let word = word.trim_end_matches(['.', '!', '?']);
        let number = match word.split_once('#') {
            Some((repository, number)) => {
                let named = repository.is_empty() || repository.split('/').count() == 2;
                named.then_some(number)
            }
            None => word.strip_prefix("GH-"),
        };
        let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        if number.is_some_and(is_number) && !found.iter().any(|one| one == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// What a commit takes back.
struct Revert<'a> {
    /// Whether that is all it does, by its header. Otherwise it is a change of its own as well.
    is_all: bool,
    /// Full or abbreviated.
    ids: Vec<&'a str>,
    /// The header in quotes, where the message names no commit.
    title: Option<&'a str>,
}

impl<'a> Revert<'a> {
    fn read(message: &'a str) -> Option<Self> {
        let mut lines = message
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let header = lines.next()?;
        let kind = Conventional::parse(message).map(|read| read.kind);
        let quoted = ["Revert \"", "Reapply \""]
            .iter()
            .find_map(|start| header.strip_prefix(start)?.strip_suffix('"'));
        let by_type = kind.as_deref() == Some("revert");
        // git: "This reverts commit ID." and, for merges, "…, reversing changes made to ID."
        let mut ids: Vec<&str> = lines
            .clone()
            .filter_map(|line| id(line.strip_prefix("This reverts commit ")?))
            .collect();
        if by_type {
            // The specification's example: `Refs: 676104e, a215868`.
            let listed = lines.filter_map(|line| line.strip_prefix("Refs: "));
            ids.extend(
                listed
                    .flat_map(|line| line.split([',', ' ']))
                    .filter_map(id),
            );
        }
        let is_all = by_type || quoted.is_some();
        let by_type_title = || header.split_once(": ").map(|(_, title)| title.trim());
        let title = quoted.or_else(|| by_type.then(by_type_title).flatten());
        (is_all || !ids.is_empty()).then_some(Self { is_all, ids, title })
    }
}

/// The object id that a text begins with.
fn id(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(text.len());
    (7..=64).contains(&end).then(|| &text[..end])
}

/// Positions of the commits that a revert in the same range cancels, and of those reverts.
///
/// From the newest on, so that a revert which was itself reverted cancels nothing.
fn cancelled(commits: &[Commit]) -> BTreeSet<usize> {
    let mut gone = BTreeSet::new();
    let mut index: Option<Index> = None;
    for (at, commit) in commits.iter().enumerate() {
        if gone.contains(&at) {
            continue;
        }
        let Some(revert) = Revert::read(&commit.message) else {
            continue;
        };
        let index = index.get_or_insert_with(|| Index::of(commits));
        let mut hit: Vec<usize> = revert.ids.iter().filter_map(|id| index.by_id(id)).collect();
        if revert.ids.is_empty() {
            hit.extend(
                revert
                    .title
                    .and_then(|title| index.by_title(title, at, &gone)),
            );
        }
        hit.retain(|target| *target != at && !gone.contains(target));
        if hit.is_empty() {
            continue;
        }
        for target in hit {
            gone.extend(index.brought_in_by(target));
        }
        if revert.is_all {
            gone.insert(at);
        }
    }
    gone
}

/// The commits of a range, found by id and by title. Made only once a revert asks.
struct Index<'a> {
    commits: &'a [Commit],
    ids: BTreeMap<&'a str, usize>,
    titles: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(commits: &'a [Commit]) -> Self {
        let mut titles: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, commit) in commits.iter().enumerate() {
            let title = commit.message.lines().find(|line| !line.trim().is_empty());
            titles
                .entry(title.unwrap_or_default().trim())
                .or_default()
                .push(at);
        }
        let ids = commits
            .iter()
            .enumerate()
            .map(|(at, commit)| (commit.id.as_str(), at))
            .collect();
        Self {
            commits,
            ids,
            titles,
        }
    }

    /// The one commit whose id begins so.
    fn by_id(&self, id: &str) -> Option<usize> {
        let id = id.to_ascii_lowercase();
        let mut fit = self
            .ids
            .range(id.as_str()..)
            .take_while(|(full, _)| full.starts_with(&id));
        match (fit.next(), fit.next()) {
            (Some((_, at)), None) => Some(*at),
            _ => None,
        }
    }

    /// The newest commit of this title that is older than the revert and still stands.
    fn by_title(&self, title: &str, revert: usize, gone: &BTreeSet<usize>) -> Option<usize> {
        let at = self.titles.get(title)?;
        at.iter()
            .copied()
            .find(|at| *at > revert && !gone.contains(at))
    }

    /// The commit, and for a merge all that it brought in: what its other parents have and its first has not.
    fn brought_in_by(&self, merge: usize) -> BTreeSet<usize> {
        let mut brought = BTreeSet::from([merge]);
        let parents = &self.commits[merge].parents;
        if let Some((first, others)) = parents
            .split_first()
            .filter(|(_, others)| !others.is_empty())
        {
            let kept = self.reachable(std::slice::from_ref(first));
            brought.extend(self.reachable(others).difference(&kept));
        }
        brought
    }

    /// Positions of the commits in the range that can be reached.
    fn reachable(&self, from: &[Oid]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Oid> = from.iter().collect();
        while let Some(id) = open.pop() {
            if let Some(at) = self.ids.get(id.as_str())
                && found.insert(*at)
            {
                open.extend(&self.commits[*at].parents);
            }
        }
        found
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
