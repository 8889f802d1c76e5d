//! The list of commits that a forge, or git, writes into the body of a squash merge.
//!
//! Two forms are known: GitHub's and Bitbucket's `* header` at the beginning of a line, and that of `git merge --squash`,
//! `Squashed commit of the following:` with each commit as `git log` shows it. A line is an item only where it follows the
//! convention with a type that the convention knows. The starred form counts where the header ends with the number of a pull
//! request, or where the body is such a list from its first line on; any other list is text.
//!
//! Invariants: no item twice; what an item of the list reverts is not in it. No more than [`MOST`] items are read.
//!
//! Must not: decide whether the header counts beside the list.

use crate::convention::{Convention, Said};
use crate::conventional::{Message, first_line};
use crate::read::described;
use crate::reference;
use crate::revert::{Quoted, Titles};

/// Items of one list.
const MOST: usize = 1000;

/// One commit of the list.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub said: Said<'a>,
    titles: Titles,
    /// What follows it in the list.
    body: &'a str,
}

impl Item<'_> {
    /// Whether a part of the message stands in its body.
    pub fn holds(&self, part: &str) -> bool {
        let body = self.body.as_bytes().as_ptr_range();
        let part = part.as_bytes().as_ptr_range();
        body.start <= part.start && part.start < body.end
    }

    /// Whether it says what the squash merge's own header says.
    pub fn repeats(&self, header: &str) -> bool {
        Titles::of(header).bare == self.titles.bare
    }

    /// What breaks, as its body has it.
    pub fn breaking(&self, convention: &Convention) -> Option<String> {
        let message = Message {
            header: "",
            rest: self.body,
        };
        let (_, footers) = message.body(convention.breaking);
        let found = footers.iter().find(|footer| footer.is_breaking);
        found.map(|footer| described(footer.value))
    }
}

/// The items of a message's list, in its order; empty where there is none.
pub(crate) fn items<'a>(message: &Message<'a>, convention: &Convention) -> Vec<Item<'a>> {
    if !convention.squash {
        return Vec::new();
    }
    let entries = if message.rest.contains("\n    ") && is_git_list(message) {
        git_list(message.rest)
    } else if message.rest.starts_with("* ") || message.rest.contains("\n* ") {
        starred(message.rest)
    } else {
        return Vec::new();
    };
    let mut items: Vec<Item<'a>> = Vec::new();
    let mut all = true;
    for (header, body) in entries.into_iter().take(MOST) {
        if let Some(quoted) = Quoted::read(header) {
            take_back(&mut items, quoted.target());
            continue;
        }
        let said = convention
            .header(header)
            .filter(|said| convention.knows(&said.key));
        let Some(said) = said else {
            all = false;
            continue;
        };
        let titles = Titles::of(header);
        if !items.iter().any(|item| item.titles == titles) {
            items.push(Item { said, titles, body });
        }
    }
    let first = message.rest.lines().find(|line| !line.trim().is_empty());
    let whole = all && items.len() > 1 && first.is_some_and(|line| line.starts_with("* "));
    let named = reference::pull_request(message.header).is_some();
    if named || whole || is_git_list(message) {
        items
    } else {
        Vec::new()
    }
}

fn take_back(items: &mut Vec<Item<'_>>, target: Titles) {
    let found = items
        .iter()
        .rposition(|item| item.titles.full == target.full || item.titles.bare == target.bare);
    if let Some(at) = found {
        items.remove(at);
    }
}

fn is_git_list(message: &Message<'_>) -> bool {
    const HEADING: &str = "Squashed commit of the following:";
    message.header == HEADING || message.rest.lines().any(|line| line == HEADING)
}

/// `* header`, each with the lines up to the next item or to the dashes before what is said of all.
fn starred(text: &str) -> Vec<(&str, &str)> {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    let mut body_from = 0;
    let mut open = false;
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let (line, after) = first_line(rest);
        rest = after;
        let item = line.strip_prefix("* ");
        let ends = line.len() >= 9 && line.bytes().all(|byte| byte == b'-');
        if (item.is_some() || ends)
            && open
            && let Some(last) = entries.last_mut()
        {
            last.1 = &text[body_from..at];
            open = false;
        }
        if let Some(header) = item.filter(|_| entries.len() <= MOST) {
            entries.push((header.trim(), ""));
            body_from = text.len() - rest.len();
            open = true;
        }
    }
    if let Some(last) = entries.last_mut().filter(|_| open) {
        last.1 = &text[body_from..];
    }
    entries
}

/// `commit ID`, then headers up to a blank line, then the message, indented by four spaces. The oldest is the last.
fn git_list(text: &str) -> Vec<(&str, &str)> {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    let mut waits = false;
    for line in text.lines() {
        let id = line.strip_prefix("commit ");
        if id.is_some_and(|id| id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit())) {
            waits = true;
        } else if let Some(header) = line
            .strip_prefix("    ")
            .filter(|_| waits && entries.len() <= MOST)
        {
            entries.push((header.trim_end(), ""));
            waits = false;
        }
    }
    entries.reverse();
    entries
}
