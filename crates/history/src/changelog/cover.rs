//! Which entry of a changelog covers which change: by a reference in common, by the commit's id, or by what they say.
//!
//! Words are compared without those that every text has, by their beginnings (`fixes`, `fixed`), and rare ones weigh more than
//! common ones: that two texts say "parser" counts for more than that both say "error".
//!
//! Invariant: the cost is linear in the texts; a word that is everywhere is no candidate.

use super::assemble::group_of;
use super::entries::named;
use crate::change::Change;
use std::collections::{HashMap, HashSet};

/// So much of the weight of a change's words must be in an entry.
const ALIKE: f32 = 0.5;
/// So much, where both name issues or pull requests and none is the same.
const ALIKE_IN_SPITE: f32 = 0.8;
/// A word that more entries than this hold leads to none of them.
const COMMON: usize = 400;
/// More of an entry's text is not read.
const LONGEST: usize = 16 * 1024;

/// Words that say nothing about a change.
const EMPTY: &[&str] = &[
    "the", "and", "for", "with", "from", "into", "that", "this", "when", "not", "now", "are",
    "was", "can", "has", "have", "its", "of", "to", "in", "on", "is", "it", "be", "by", "an", "or",
    "as", "at", "if", "so", "up", "use", "using", "used", "via", "all", "more", "also", "than",
    "then", "only", "some", "any", "make", "makes", "made", "fix", "fixes", "fixed", "add", "adds",
    "added", "new", "change", "changes", "changed", "update", "updates", "updated", "remove",
    "removes", "removed", "support", "allow", "allows", "improve", "improved", "instead",
    "without", "should", "will", "does", "dont", "you", "your", "we", "our", "pull", "request",
    "issue", "issues", "closes", "refs", "breaking", "https", "http", "github", "com", "commit",
    "thanks",
];

/// A line or paragraph that tells of something.
#[derive(Debug)]
pub(super) struct Written<'t> {
    /// Counted from 1 in the whole text.
    pub line: usize,
    pub text: &'t str,
    /// An item of a list; a paragraph is none.
    pub is_item: bool,
    has_references: bool,
    /// Names versions or other numbers with dots: `from 0.3.1 to 0.3.2`.
    has_versions: bool,
    /// How many words say something, and what they weigh together.
    words: usize,
    weight: f32,
}

/// What an entry and a change have in common.
struct Score {
    entry: usize,
    /// The part of the change's words that the entry has, and the other way round.
    forward: f32,
    backward: f32,
    count: usize,
    /// Each says little more than one word.
    is_short: bool,
    /// Both name issues, or both name versions and not the same ones.
    apart: bool,
}

impl Score {
    fn total(&self) -> f32 {
        self.forward + self.backward
    }

    fn covers(&self) -> bool {
        let least = if self.apart { ALIKE_IN_SPITE } else { ALIKE };
        let enough = self.count >= 2 || self.is_short;
        // An entry may say the same in fewer words.
        let shorter = self.backward >= least.max(0.7) && self.count >= 3;
        enough && (self.forward >= least || shorter)
    }

    fn backs(&self) -> bool {
        self.covers() || self.count >= 2 && (self.forward >= 0.34 || self.backward >= 0.5)
    }
}

/// The entries of a section, found by what they say.
pub(super) struct Cover<'t> {
    pub entries: Vec<Written<'t>>,
    by_number: HashMap<&'t str, Vec<usize>>,
    by_id: HashMap<&'t str, Vec<(&'t str, usize)>>,
    by_word: HashMap<String, Vec<usize>>,
}

impl<'t> Cover<'t> {
    /// Of a section's text, whose first line has that number.
    pub fn of(body: &'t str, first_line: usize) -> Self {
        let mut cover = Self {
            entries: Vec::new(),
            by_number: HashMap::new(),
            by_id: HashMap::new(),
            by_word: HashMap::new(),
        };
        for (line, text, is_item) in entries(body) {
            let at = cover.entries.len();
            let numbers = numbers(text);
            let words = words(text);
            for number in &numbers {
                cover.by_number.entry(number).or_default().push(at);
            }
            for id in ids(text) {
                if let Some(start) = id.get(..7) {
                    cover.by_id.entry(start).or_default().push((id, at));
                }
            }
            let has_references = !numbers.is_empty();
            cover.entries.push(Written {
                line: first_line + line,
                text,
                is_item,
                has_references,
                has_versions: words.iter().any(|word| is_version(word)),
                words: words.len(),
                weight: 0.0,
            });
            for word in words {
                cover.by_word.entry(word).or_default().push(at);
            }
        }
        for places in cover.by_word.values() {
            let weight = weight_of(places.len());
            for at in places {
                cover.entries[*at].weight += weight;
            }
        }
        cover
    }

    /// The entries that cover a change; the best first.
    pub fn of_change(&self, change: &Change) -> Vec<usize> {
        let mut found = self.named_by(change);
        let best = self
            .scores(change)
            .into_iter()
            .filter(Score::covers)
            .max_by(|a, b| a.total().total_cmp(&b.total()).then(b.entry.cmp(&a.entry)));
        if let Some(best) = best.filter(|best| !found.contains(&best.entry)) {
            found.push(best.entry);
        }
        found
    }

    /// The entries that a change may stand behind: those that cover it, and those that say something like it.
    pub fn backed_by(&self, change: &Change) -> impl Iterator<Item = usize> {
        let alike = self
            .scores(change)
            .into_iter()
            .filter(Score::backs)
            .map(|score| score.entry);
        self.named_by(change).into_iter().chain(alike)
    }

    /// By the commit's id and by references.
    fn named_by(&self, change: &Change) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut push = |at: usize| {
            if !found.contains(&at) && found.len() < 8 {
                found.push(at);
            }
        };
        if let Some(commit) = &change.commit {
            let named = commit
                .as_str()
                .get(..7)
                .and_then(|start| self.by_id.get(start));
            let same = named
                .into_iter()
                .flatten()
                .filter(|(id, _)| commit.as_str().starts_with(id));
            same.for_each(|(_, at)| push(*at));
        }
        for reference in &change.references {
            let number = reference
                .rsplit(['#', '!'])
                .next()
                .unwrap_or(reference)
                .trim_start_matches("GH-");
            for at in self.by_number.get(number).into_iter().flatten().take(8) {
                push(*at);
            }
        }
        found
    }

    /// How much each entry says of what a change's description says.
    fn scores(&self, change: &Change) -> Vec<Score> {
        let wanted = words(&change.description);
        let scope = change.scope.as_deref().map(words).unwrap_or_default();
        let total: f32 = wanted.iter().map(|word| self.weight(word)).sum();
        let versions = wanted.iter().filter(|word| is_version(word)).count();
        let mut shared: HashMap<usize, (f32, usize, usize)> = HashMap::new();
        for word in wanted.iter().chain(scope.difference(&wanted)) {
            let Some(places) = self
                .by_word
                .get(word)
                .filter(|places| places.len() <= COMMON)
            else {
                continue;
            };
            for at in places {
                let (weight, count, same) = shared.entry(*at).or_default();
                *weight += self.weight(word);
                *count += 1;
                *same += usize::from(is_version(word));
            }
        }
        let scored = shared.into_iter().map(|(at, (weight, count, same))| {
            let entry = &self.entries[at];
            Score {
                entry: at,
                forward: weight / total.max(0.1),
                backward: weight / entry.weight.max(0.1),
                count,
                is_short: wanted.len() == 1 && entry.words <= 3,
                apart: !change.references.is_empty() && entry.has_references
                    || entry.has_versions && same < versions,
            }
        });
        scored.collect()
    }

    fn weight(&self, word: &str) -> f32 {
        weight_of(self.by_word.get(word).map_or(1, Vec::len))
    }
}

/// More for a word that few entries have.
fn weight_of(entries: usize) -> f32 {
    let entries = u16::try_from(entries).unwrap_or(u16::MAX);
    1.0 / f32::from(entries).sqrt()
}

/// A warning for each change that users notice and that no entry covers.
pub(super) fn uncovered(changes: &[Change], section: &str) -> Vec<String> {
    let cover = Cover::of(section, 1);
    let missing = changes
        .iter()
        .filter(|change| group_of(change).is_some() && cover.of_change(change).is_empty());
    named(missing, "a change has no entry in the changelog")
}

/// Items of lists with what is indented below them, and paragraphs; with the line, counted from 0, that they begin in.
fn entries(body: &str) -> Vec<(usize, &str, bool)> {
    let mut found: Vec<(usize, &str, bool)> = Vec::new();
    // Start, indentation of the item's sign, whether it is one.
    let mut open: Option<(usize, usize, usize, bool)> = None;
    let mut at = 0;
    let mut after_blank = true;
    let mut close = |open: &mut Option<(usize, usize, usize, bool)>, end: usize| {
        if let Some((line, start, _, is_item)) = open.take() {
            let text = body[start..end].trim_end();
            let mut most = text.len().min(LONGEST);
            while !text.is_char_boundary(most) {
                most -= 1;
            }
            if !text.is_empty() {
                found.push((line, &text[..most], is_item));
            }
        }
    };
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        let rest = &content[indent..];
        let is_item = item_text(rest).is_some();
        let is_other = rest.starts_with('#') && rest.trim_start_matches('#').starts_with(' ')
            || super::syntax::adornment(content).is_some()
            || super::syntax::definition(content, super::syntax::Syntax::Markdown).is_some()
            || rest.starts_with("<!--");
        let deeper = open.is_some_and(|(_, _, of_item, is_item)| is_item && indent > of_item);
        if rest.is_empty() {
            if open.is_some_and(|(_, _, _, is_item)| !is_item) {
                close(&mut open, at);
            }
        } else if is_other {
            close(&mut open, at);
        } else if is_item && !deeper {
            close(&mut open, at);
            open = Some((number, at, indent, true));
        } else if !deeper && (open.is_none() || after_blank) {
            close(&mut open, at);
            open = Some((number, at, indent, false));
        }
        after_blank = rest.is_empty();
        at += line.len();
    }
    close(&mut open, body.len());
    found
}

/// What stands behind `- `, `* `, `+ ` or `1. `.
pub(super) fn item_text(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match line.bytes().next()? {
        b'-' | b'*' | b'+' => &line[1..],
        _ if (1..=4).contains(&digits) => line[digits..].strip_prefix(['.', ')'])?,
        _ => return line.strip_prefix("• "),
    };
    rest.starts_with([' ', '\t']).then(|| rest.trim_start())
}

/// Numbers of issues and pull requests: `#12`, `GH-12`, `!12`, `/issues/12`, `` :pr:`12` ``.
fn numbers(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = at
            + bytes[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
        let before = &text[..at];
        let marks = [
            "#",
            "!",
            "GH-",
            "/issues/",
            "/pull/",
            "/pulls/",
            "/merge_requests/",
            "/pull-requests/",
            ":pr:`",
            ":issue:`",
            ":gh:`",
        ];
        let named = marks.iter().any(|mark| before.ends_with(mark));
        let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
        if named
            && ends
            && !before.ends_with("&#")
            && !found.contains(&&text[at..end])
            && found.len() < 64
        {
            found.push(&text[at..end]);
        }
        at = end;
    }
    found
}

/// Words that can be the beginning of a commit's id.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| {
            (7..=64).contains(&word.len())
                && word
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// The words that say something, lower case and without endings. A character of a script without spaces is a word with
/// the one behind it.
fn words(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    // An address says nothing in words.
    let parts = text
        .split_whitespace()
        .map(|part| part.split("](http").next().unwrap_or(part));
    let parts = parts.filter(|part| !part.starts_with("http") && !part.starts_with("<http"));
    let parts: Vec<&str> = parts.collect();
    let versions = parts
        .iter()
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()));
    found.extend(
        versions
            .filter(|word| is_version(word))
            .map(|word| word.trim_start_matches('v').to_owned()),
    );
    for word in parts
        .into_iter()
        .flat_map(|part| part.split(|c: char| !c.is_alphanumeric()))
    {
        if word
            .chars()
            .next()
            .is_some_and(|c| matches!(c, '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
        {
            let chars: Vec<char> = word.chars().take(256).collect();
            found.extend(chars.windows(2).map(|two| two.iter().collect::<String>()));
            continue;
        }
        let lower = word.to_lowercase();
        let is_number = lower.bytes().all(|byte| byte.is_ascii_digit());
        let is_id = lower.len() >= 7 && lower.bytes().all(|byte| byte.is_ascii_hexdigit());
        if lower.len() < 3 && lower.is_ascii()
            || is_number
            || is_id
            || EMPTY.contains(&lower.as_str())
        {
            continue;
        }
        found.insert(stem(lower));
    }
    found
}

/// `0.3.1`, `v2.12`: numbers with dots.
fn is_version(word: &str) -> bool {
    let bare = word.strip_prefix('v').unwrap_or(word);
    bare.contains('.')
        && bare.len() <= 40
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Without the endings that English puts on words.
fn stem(mut word: String) -> String {
    if word.is_ascii() {
        for end in ["ing", "ed", "es", "s", "e", "ly"] {
            if word.len() >= end.len() + 4 && word.ends_with(end) {
                word.truncate(word.len() - end.len());
                break;
            }
        }
    }
    word
}
