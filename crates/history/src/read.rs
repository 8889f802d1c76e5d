//! What one commit says: all of its message that is needed once other commits are known.
//!
//! A range is read in two halves. [`Read::of`] reads one commit, needs no other, and keeps no message; it can run wherever and in
//! whatever order commits are read, also in parallel. [`crate::Changes::from_reads`] then looks at all of them together.
//!
//! Invariants: linear in the message; what is kept is bounded by the header, the footers and the list of a squash merge.
//!
//! Must not: look at another commit.

use crate::change::{Change, Kind, Origin};
use crate::convention::{Convention, Said};
use crate::conventional::{FooterText, Message, Separator, shown};
use crate::reference;
use crate::revert::{Quoted, Revert, Titles};
use crate::squash;
use crate::walk::Commit;
use shipway_core::config::Preset;
use shipway_core::name::Oid;
use shipway_core::version::Level;

/// One commit, read by a convention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub(crate) id: Oid,
    pub(crate) parents: Vec<Oid>,
    pub(crate) voice: Voice,
    /// What it says: its header's change first, then those of a squash merge's list, the newest first.
    pub(crate) changes: Vec<Change>,
    pub(crate) revert: Option<Box<Revert>>,
    pub(crate) titles: Titles,
    /// The pull request that it ends or merges.
    pub(crate) pull: Option<u64>,
}

/// How what a commit says counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Its own words.
    Own,
    /// A merge whose own words follow the convention: they count unless a commit that it brought in says the same.
    Merge,
    /// The title of a pull request: it counts where the commits that it brought in say nothing.
    Title,
    /// A merge that says nothing.
    None,
    /// It asks not to be counted: `[skip release]`, or it mends a commit that was to be squashed, `fixup! …`.
    Skipped,
}

impl Read {
    /// Reads a commit.
    pub fn of(commit: Commit, convention: &Convention) -> Self {
        let message = Message::of(&commit.message);
        let titles = Titles::of(message.header);
        let (_, footers) = message.body(convention.breaking);
        let quoted = Quoted::read(message.header);
        let said = convention.header(message.header);
        let typed = said
            .as_ref()
            .filter(|said| said.kind == Kind::Revert)
            .map(|said| said.description);
        let is_merge = commit.parents.len() > 1;
        let revert = Revert::read(&message, &footers, quoted.as_ref(), typed)
            // A merge tells again what the commits say that it brings in.
            .filter(|revert| revert.is_all || !is_merge)
            .map(Box::new);
        let merged = Merged::read(&message);
        let reader = Reader {
            convention,
            message: &message,
            footers: &footers,
            quoted: quoted.as_ref(),
            revert: revert.as_deref(),
        };
        let (changes, mut voice) = reader.changes(said, merged.as_ref(), is_merge);
        if is_skipped(&commit.message, message.header) {
            voice = Voice::Skipped;
        }
        let pull = merged
            .map(|merged| merged.pull)
            .or_else(|| reference::pull_request(message.header).map(|(_, number)| number));
        let authors = reference::people(commit.author, &footers);
        let mut changes = changes;
        for change in &mut changes {
            change.commit = Some(commit.id.clone());
            change.authors.clone_from(&authors);
            change.time = commit.time;
        }
        Self {
            id: commit.id,
            parents: commit.parents,
            voice,
            changes,
            revert,
            titles,
            pull,
        }
    }

    /// Whether one of its changes follows the convention.
    pub(crate) fn is_conventional(&self) -> bool {
        self.changes.iter().any(|change| change.kind != Kind::Other)
    }
}

/// What is known of one message while its changes are made.
struct Reader<'a> {
    convention: &'a Convention,
    message: &'a Message<'a>,
    footers: &'a [FooterText<'a>],
    quoted: Option<&'a Quoted<'a>>,
    revert: Option<&'a Revert>,
}

impl Reader<'_> {
    fn changes(
        &self,
        said: Option<Said<'_>>,
        merged: Option<&Merged<'_>>,
        is_merge: bool,
    ) -> (Vec<Change>, Voice) {
        let is_revert = self.revert.is_some_and(|revert| revert.is_all);
        let release_as = self.release_as();
        if is_merge && said.is_none() && !is_revert {
            return self.merge(merged, release_as);
        }
        let voice = if is_merge && said.is_some() {
            Voice::Merge
        } else {
            Voice::Own
        };
        // A merge that a rewrite of history, or Bitbucket, made a commit of its own.
        let said = said.or_else(|| merged.and_then(|merged| self.convention.header(merged.title?)));
        let items = squash::items(self.message, self.convention);
        let breaking = self.breaking(|footer| items.iter().any(|item| item.holds(footer.value)));
        let is_summary = said.is_some();
        let says = is_summary || is_revert || breaking.is_some() || release_as.is_some();
        let mut changes = Vec::with_capacity(1 + items.len());
        if says || items.is_empty() {
            let mut change = match said {
                Some(said) => self.said(said, breaking),
                None => self.other(breaking, self.message.header),
            };
            change.release_as = release_as;
            reference::find(self.message.header, &mut change.references);
            reference::find_in_footers(self.footers, &mut change.references);
            changes.push(change);
        }
        for item in items.iter().rev() {
            let what = item.breaking(self.convention);
            let by_footer = what.is_some();
            if changes.is_empty() || !item.repeats(self.message.header) {
                let mut change = self.said(item.said.clone(), what);
                reference::find(self.message.header, &mut change.references);
                if let Some(summary) = changes.first().filter(|_| is_summary && !by_footer) {
                    below(&mut change, summary);
                }
                changes.push(change);
            } else if let (Some(what), Some(first)) = (what, changes.first_mut()) {
                first.breaking.get_or_insert(what);
                first.level = Some(Level::Major);
            }
        }
        (changes, voice)
    }

    /// What a merge says beside what the commits say that it brings in.
    fn merge(
        &self,
        merged: Option<&Merged<'_>>,
        release_as: Option<String>,
    ) -> (Vec<Change>, Voice) {
        let breaking = self.breaking(|_| false);
        let title = merged.and_then(|merged| merged.title);
        let said = title
            .filter(|_| self.convention.merge_titles)
            .and_then(|title| self.convention.header(title));
        if said.is_none() && breaking.is_none() && release_as.is_none() {
            return (Vec::new(), Voice::None);
        }
        let mut change = match said {
            Some(said) => self.said(said, breaking),
            None => self.other(breaking, title.unwrap_or(self.message.header)),
        };
        if let Some(merged) = merged {
            change.references.retain(|one| *one != merged.reference);
            change.references.insert(0, merged.reference.clone());
        }
        let voice = if release_as.is_some() {
            Voice::Own
        } else {
            Voice::Title
        };
        change.release_as = release_as;
        (vec![change], voice)
    }

    /// What breaks, as a footer says it that is not `passed_over`.
    fn breaking(&self, passed_over: impl Fn(&FooterText<'_>) -> bool) -> Option<String> {
        let mut footers = self.footers.iter().filter(|footer| footer.is_breaking);
        let footer = footers.find(|footer| !passed_over(footer))?;
        Some(described(footer.value))
    }

    /// A change by a header that follows the convention.
    fn said(&self, said: Said<'_>, breaking: Option<String>) -> Change {
        let description = shown(said.description);
        let by_mark = said.marked.then(String::new);
        let breaking = breaking
            .or(by_mark)
            .map(|what| or_header(what, &description));
        let (level, group) = self
            .convention
            .meaning(&said.key, said.scope, breaking.is_some());
        let mut references = Vec::new();
        reference::find(&description, &mut references);
        Change {
            level: if said.kind == Kind::Revert {
                self.revert_level(level)
            } else {
                level
            },
            kind: said.kind,
            scope: said.scope.map(shown),
            breaking,
            description,
            references,
            group,
            ..unsaid()
        }
    }

    /// A change whose header follows no convention: git's own revert, or anything.
    fn other(&self, breaking: Option<String>, header: &str) -> Change {
        // What comes back means what it meant.
        if let Some(quoted) = self.quoted.filter(|quoted| quoted.is_back)
            && let Some(said) = self.convention.header(quoted.inner)
        {
            return self.said(said, breaking);
        }
        let description = shown(header.trim());
        let breaking = breaking.map(|what| or_header(what, &description));
        let (kind, (level, group)) = if self.revert.is_some_and(|revert| revert.is_all) {
            let (level, group) = self.convention.meaning("revert", None, breaking.is_some());
            (Kind::Revert, (self.revert_level(level), group))
        } else {
            (
                Kind::Other,
                self.convention.meaning_of_other(breaking.is_some()),
            )
        };
        Change {
            kind,
            breaking,
            description,
            level,
            group,
            ..unsaid()
        }
    }

    /// commit-analyzer takes a revert for one only where the message names the commit.
    fn revert_level(&self, level: Option<Level>) -> Option<Level> {
        let unnamed = self.revert.is_none_or(|revert| revert.ids.is_empty());
        let is_nothing =
            self.convention.preset == Preset::Angular && unnamed && level == Some(Level::Patch);
        level.filter(|_| !is_nothing)
    }

    fn release_as(&self) -> Option<String> {
        let footer = self.footers.iter().rev().find(|footer| {
            footer.separator == Separator::Colon && footer.token.eq_ignore_ascii_case("release-as")
        })?;
        let word = footer.value.split_whitespace().next()?;
        Some(shown(word))
    }
}

/// A squash merge's header is what people agreed on when they merged: where it follows the convention, no item of the list asks for
/// more, be it with `!`, nor is it listed where the header is not. A footer that tells what breaks is one of the whole message, and
/// believed.
fn below(item: &mut Change, summary: &Change) {
    item.level = item.level.min(summary.level);
    if summary.group.is_none() {
        item.group = None;
    }
    if summary.breaking.is_none() {
        item.breaking = None;
    }
}

/// What breaks; where a mark alone says that something does, it is what the header says.
fn or_header(what: String, description: &str) -> String {
    if what.trim().is_empty() {
        description.to_owned()
    } else {
        what
    }
}

/// A change that says nothing yet.
pub(crate) fn unsaid() -> Change {
    Change {
        commit: None,
        origin: Origin::Commit,
        kind: Kind::Other,
        scope: None,
        breaking: None,
        description: String::new(),
        references: Vec::new(),
        authors: Vec::new(),
        time: 0,
        level: None,
        group: None,
        release_as: None,
        components: Vec::new(),
    }
}

/// A text of several lines, fit to be shown.
pub(crate) fn described(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shown).collect();
    lines.join("\n")
}

/// `[skip release]` and `[release skip]` in any case, as semantic-release has them; `fixup!`, `squash!` and `amend!`.
fn is_skipped(message: &str, header: &str) -> bool {
    let mends = ["fixup! ", "squash! ", "amend! "];
    let is_mark = |inside: &str| {
        let mut words = inside.split_whitespace();
        let pair = (words.next(), words.next(), words.next());
        matches!(pair, (Some(a), Some(b), None) if (a.eq_ignore_ascii_case("skip") && b.eq_ignore_ascii_case("release"))
            || (a.eq_ignore_ascii_case("release") && b.eq_ignore_ascii_case("skip")))
    };
    let mark_at = |(at, _): (usize, &str)| {
        // A mark is short: look no further for its end.
        let after = &message.as_bytes()[at + 1..];
        let end = after.iter().take(40).position(|byte| *byte == b']')?;
        std::str::from_utf8(&after[..end])
            .ok()
            .filter(|inside| is_mark(inside))
    };
    mends.iter().any(|mend| header.starts_with(mend))
        || message.match_indices('[').any(|at| mark_at(at).is_some())
}

/// What a forge writes into the merge of a pull request.
struct Merged<'a> {
    pull: u64,
    /// As the forge writes it: `#12`, `group/name!12`.
    reference: String,
    title: Option<&'a str>,
}

impl<'a> Merged<'a> {
    /// GitHub's `Merge pull request #12 from owner/branch`, GitLab's `Merge branch 'x' into 'main'` with
    /// `See merge request group/name!12`, Bitbucket's `Merged in branch (pull request #12)`, Gitea's
    /// `Merge pull request 'Title' (#12) from branch into main`, Azure's `Merged PR 12: Title`.
    fn read(message: &Message<'a>) -> Option<Self> {
        let header = message.header.trim();
        if !header.starts_with("Merge") {
            return None;
        }
        let number = |text: &str| {
            let end = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            text[..end].parse().ok()
        };
        let next_line = || {
            message
                .rest
                .lines()
                .map(str::trim)
                .find(|line| !line.is_empty())
        };
        let of = |pull: u64, sign: char, title| Self {
            pull,
            reference: format!("{sign}{pull}"),
            title,
        };
        if let Some(rest) = header.strip_prefix("Merge pull request #") {
            return Some(of(number(rest)?, '#', next_line()));
        }
        if let Some(rest) = header.strip_prefix("Merge pull request '") {
            let (title, rest) = rest.rsplit_once("' (#")?;
            return Some(of(number(rest)?, '#', Some(title)));
        }
        if let Some(rest) = header.strip_prefix("Merged PR ") {
            let (digits, title) = rest.split_once(": ")?;
            return Some(of(number(digits)?, '!', Some(title)));
        }
        if header.starts_with("Merged in ") {
            let (_, pull) = reference::pull_request(header)?;
            return Some(of(pull, '#', next_line()));
        }
        let see = |line: &'a str| line.trim().strip_prefix(SEE);
        let reference = message.rest.lines().rev().find_map(see)?;
        Some(Self {
            pull: number(reference.rsplit_once('!')?.1)?,
            reference: shown(reference),
            title: next_line().filter(|line| !line.starts_with(SEE)),
        })
    }
}

/// How GitLab names the merge request.
const SEE: &str = "See merge request ";

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
