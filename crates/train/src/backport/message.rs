//! What a commit's message says about other commits.
//!
//! Invariants: only forms that tools write are read: `git cherry-pick -x`, `git revert`, GitHub's and GitLab's merge titles and
//! squash suffixes, trailers. Prose is not interpreted.

use crate::git::{Graph, Node};

/// The words of a message that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub subject: String,
    /// `(cherry picked from commit …)`: the last is where this commit was taken from.
    pub picked_from: Vec<String>,
    /// `This reverts commit ….`
    pub reverts: Vec<String>,
    /// `Backport #12`, `Backport of #12`, `[Backport v1.4] … (#12)`: the pull requests that are brought back.
    pub backports: Vec<u64>,
    /// The pull request that this commit came by.
    pub pull: Option<u64>,
    /// By one of the trailers asked for.
    pub severity: Option<String>,
}

/// Reads a message. `trailers` name the trailers that tell a severity, in any case.
pub(super) fn read(text: &str, trailers: &[String]) -> Message {
    let mut lines = text.lines();
    let subject = lines.next().unwrap_or_default().trim().to_owned();
    let mut message = Message {
        pull: pull_of(&subject),
        ..Message::default()
    };
    message.backports.extend(backports(&subject));
    // A merge of a pull request has that one's title in its body.
    let is_merge = subject.starts_with("Merge pull request #");
    for line in lines.take(2_000) {
        let line = line.trim();
        if let Some(id) = between(line, "(cherry picked from commit ", ")") {
            message.picked_from.extend(hex(id));
        } else if let Some(rest) = line.strip_prefix("This reverts commit ") {
            let id = rest
                .split(|c: char| !c.is_ascii_hexdigit())
                .next()
                .unwrap_or_default();
            message.reverts.extend(hex(id));
        } else if let Some((name, value)) = line.split_once(':')
            && trailers.iter().any(|it| it.eq_ignore_ascii_case(name))
            && !value.trim().is_empty()
        {
            message.severity = Some(value.trim().to_owned());
        }
        if is_merge
            || line
                .get(..8)
                .is_some_and(|it| it.eq_ignore_ascii_case("backport"))
        {
            message.backports.extend(backports(line));
        }
    }
    // A squashed backport ends in its own number: that is no number it brings back.
    message.backports.retain(|it| Some(*it) != message.pull);
    message.backports.sort_unstable();
    message.backports.dedup();
    message.subject = subject;
    message
}

impl Message {
    /// Which of the ids are commits of the repository.
    pub fn nodes(ids: &[String], graph: &Graph) -> Vec<Node> {
        ids.iter().filter_map(|id| graph.find_hex(id)).collect()
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

fn hex(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (7..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

/// `Merge pull request #12 from …`, `… (#12)`.
fn pull_of(subject: &str) -> Option<u64> {
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        return number(rest);
    }
    let (_, last) = subject.rsplit_once("(#")?;
    let text = last.strip_suffix(')')?;
    text.parse().ok()
}

/// Numbers after `backport` and at most `of`: `Backport #12: …`, `backport of #12`, `[Backport] #12`, `Backport PR #12`.
fn backports(line: &str) -> Vec<u64> {
    let lower = line.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut rest = lower.as_str();
    while let Some(at) = rest.find("backport") {
        let tail = rest[at + "backport".len()..].trim_start_matches(['s', ']', ':', '(', ' ']);
        let tail = tail.strip_prefix("of ").unwrap_or(tail).trim_start();
        let tail = tail
            .strip_prefix("pr ")
            .or(tail.strip_prefix("pull request "))
            .unwrap_or(tail);
        found.extend(tail.strip_prefix('#').and_then(number));
        rest = &rest[at + "backport".len()..];
    }
    found
}

fn number(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        read(text, &["Severity".to_owned()])
    }

    #[test]
    fn what_tools_write_is_read() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let found = message(&format!(
            "Fix crash (#12)\n\nSeverity: critical\n(cherry picked from commit {id})\n"
        ));
        assert_eq!(found.subject, "Fix crash (#12)");
        assert_eq!(
            (found.pull, found.picked_from.as_slice()),
            (Some(12), &[id.to_owned()][..])
        );
        assert_eq!(found.severity.as_deref(), Some("critical"));
        assert_eq!(
            message(&format!("Revert \"x\"\n\nThis reverts commit {id}.")).reverts,
            [id]
        );
        assert_eq!(
            message("Merge pull request #7 from a/b\n\nBackport #5 to v1.4").backports,
            [5]
        );
        assert_eq!(message("Merge pull request #7 from a/b").pull, Some(7));
    }

    #[test]
    fn backports_are_told_from_other_numbers() {
        let backports = |text: &str| message(text).backports;
        for text in [
            "Backport #5: fix",
            "Backport of #5 (#9)",
            "[Backport] #5",
            "backports pr #5",
            "Fix (backport #5)",
        ] {
            assert_eq!(backports(text), [5], "{text}");
        }
        for text in [
            "Backport the fix (#5)",
            "Fix #5",
            "backport",
            "Merge pull request #5 from x/backport-5",
            "x\n\nsee #5",
        ] {
            assert_eq!(backports(text), [0; 0], "{text}");
        }
        assert_eq!(
            message("x\n(cherry picked from commit abc)").picked_from,
            [""; 0]
        );
        assert_eq!(message("x\nSeverity:\n").severity, None);
    }
}
