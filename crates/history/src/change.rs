//! Changes: what the commits of a range mean to users, and which of them undo each other.
//!
//! Invariants: every commit of the range is accounted for: listed as a change, cancelled by a revert in the same range, left out
//! because it asks for that, or counted as a merge. A commit that does not follow the convention is listed as
//! [`Kind::Other`], never lost. The cost is linear in the commits.
//!
//! Must not: read a repository.

use crate::convention::Convention;
use crate::merges::{Lazy, Places};
use crate::read::{Read, Voice};
use crate::revert;
use crate::walk::{Author, Commit};
use shipway_core::name::Oid;
use shipway_core::version::Level;
use std::collections::HashMap;
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
    /// Commits that ask not to be counted: `[skip release]`, `fixup! …`. Newest first.
    pub skipped: Vec<Change>,
    /// Merge commits that say nothing of their own, or only what the commits that they brought in say.
    pub merges: usize,
}

impl Kind {
    pub(crate) fn of(kind: &str) -> Self {
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
    pub fn of(commits: &[Commit], convention: &Convention) -> Self {
        let reads = commits
            .iter()
            .map(|commit| Read::of(commit.clone(), convention));
        Self::from_reads(reads.collect())
    }

    /// Those of a range of commits that were read one by one: newest first, as the walk found them.
    ///
    /// `from_reads` of every commit's [`Read::of`] is [`Changes::of`].
    pub fn from_reads(reads: Vec<Read>) -> Self {
        let places = Places::of(&reads);
        let mut merges = Lazy::new(&reads, &places);
        let cancelled = revert::cancelled(&reads, &places, &mut merges);
        let repeated = repeated(&reads, &mut merges);
        let mut changes = Self {
            listed: Vec::with_capacity(reads.len()),
            ..Self::default()
        };
        for (at, read) in reads.into_iter().enumerate() {
            if read.voice == Voice::None || repeated[at] {
                changes.merges += 1;
            } else if cancelled[at] {
                changes.cancelled.extend(read.changes);
            } else if read.voice == Voice::Skipped {
                changes.skipped.extend(read.changes);
            } else {
                changes.listed.extend(read.changes);
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

/// By position: the merges whose words were said already by what they brought in.
fn repeated(reads: &[Read], merges: &mut Lazy<'_>) -> Vec<bool> {
    let mut repeated = vec![false; reads.len()];
    let speaks = |voice| matches!(voice, Voice::Merge | Voice::Title);
    if !reads.iter().any(|read| speaks(read.voice)) {
        return repeated;
    }
    let merges = merges.get();
    // How many before a place say what kind of change they are, and how many break something.
    let mut before = vec![(0_usize, 0_usize)];
    let mut last: HashMap<u64, usize> = HashMap::new();
    for (place, at) in merges.order.iter().enumerate() {
        let read = &reads[*at];
        let within = merges.brought_in(*at);
        let (end, start) = (before[within.end], before[within.start]);
        let breaks = read.changes.iter().any(|change| change.breaking.is_some());
        repeated[*at] = match read.voice {
            Voice::Merge => last
                .get(&read.titles.bare)
                .is_some_and(|place| within.contains(place)),
            Voice::Title => end.0 > start.0 && (end.1 > start.1 || !breaks),
            Voice::Own | Voice::None | Voice::Skipped => false,
        };
        let counts = !repeated[*at] && read.voice != Voice::Skipped;
        let says = counts && read.is_conventional();
        if says {
            last.insert(read.titles.bare, place);
        }
        let (said, broke) = before[place];
        before.push((
            said + usize::from(says),
            broke + usize::from(counts && breaks),
        ));
    }
    repeated
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
