//! Issues, pull requests and people that a message names.
//!
//! Invariants: what is found is in the order of the text, each once. No more than [`MOST`] are kept of one message, so that no
//! message costs more than its length.
//!
//! Must not: ask a forge whether they exist.

use crate::conventional::{FooterText, Separator};
use crate::walk::Author;

/// References, and people, that are kept of one message.
pub const MOST: usize = 100;

/// Adds those of a text: `#12`, `GH-12`, `!12`, `owner/name#12`, `group/name!12` and full addresses.
pub(crate) fn find(text: &str, found: &mut Vec<String>) {
    // Most texts name none.
    if !(text.contains('#') || text.contains('!') || text.contains("GH-") || text.contains("://")) {
        return;
    }
    let outside = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '('..=')' | '[' | ']' | '{' | '}' | ',' | ';' | '\'' | '"' | '<' | '>' | '`'
            )
    };
    for word in text.split(outside).filter(|word| word.len() > 1) {
        if word.contains("://") {
            if let Some(address) = address(word) {
                keep(address, found);
            }
            continue;
        }
        for part in word.split(':') {
            let part = part.trim_end_matches(['.', '!', '?']);
            if is_reference(part) {
                keep(part, found);
            }
        }
    }
}

/// Adds those that footers name: `Refs: #12, owner/name#3`, `Closes #12`.
pub(crate) fn find_in_footers(footers: &[FooterText<'_>], found: &mut Vec<String>) {
    for footer in footers.iter().filter(|footer| !footer.is_breaking) {
        if found.len() >= MOST {
            return;
        }
        match footer.separator {
            Separator::Colon => find(footer.value, found),
            Separator::Hash => find(&format!("#{}", footer.value), found),
        }
    }
}

fn keep(one: &str, found: &mut Vec<String>) {
    if found.len() < MOST && !found.iter().any(|known| known == one) {
        found.push(one.to_owned());
    }
}

fn is_number(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_reference(word: &str) -> bool {
    if let Some(number) = word.strip_prefix("GH-") {
        return is_number(number);
    }
    let Some(at) = word.rfind(['#', '!']) else {
        return false;
    };
    let (project, number) = (&word[..at], &word[at + 1..]);
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.".contains(c))
    };
    is_number(number)
        && (project.is_empty() || (project.contains('/') && project.split('/').all(is_name)))
}

/// `https://github.com/owner/name/issues/12`, without what follows the number.
fn address(word: &str) -> Option<&str> {
    if !word.starts_with("https://") && !word.starts_with("http://") {
        return None;
    }
    let kinds = [
        "/issues/",
        "/pull/",
        "/pulls/",
        "/merge_requests/",
        "/pull-requests/",
    ];
    let after = kinds
        .iter()
        .find_map(|kind| Some(word.find(kind)? + kind.len()))?;
    let digits = word[after..].bytes().take_while(u8::is_ascii_digit).count();
    let end = after + digits;
    let goes_on = word[end..].starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    (digits > 0 && !goes_on).then_some(&word[..end])
}

/// The number at the end of a header, and the header without it: `feat: a (#12)`, `(!12)`, `(pull request #12)`.
pub(crate) fn pull_request(header: &str) -> Option<(&str, u64)> {
    let inside = header.trim_end().strip_suffix(')')?;
    let (bare, inside) = inside.rsplit_once('(')?;
    let inside = inside.strip_prefix("pull request ").unwrap_or(inside);
    let number = inside.strip_prefix(['#', '!'])?;
    let bare = bare.strip_suffix(' ')?.trim_end();
    is_number(number)
        .then(|| number.parse().ok())
        .flatten()
        .map(|number| (bare, number))
}

/// The author, and whoever `Co-authored-by:` names, each once.
pub(crate) fn people(author: Author, footers: &[FooterText<'_>]) -> Vec<Author> {
    let mut people = vec![author];
    let co_authors = footers.iter().filter(|footer| {
        footer.separator == Separator::Colon && footer.token.eq_ignore_ascii_case("co-authored-by")
    });
    for footer in co_authors.take(MOST) {
        let line = footer.value.lines().next().unwrap_or_default();
        let person = Author::read(line.as_bytes());
        let named = !person.name.is_empty() || !person.email.is_empty();
        if named && !people.iter().any(|known| is_same(known, &person)) {
            people.push(person);
        }
    }
    people
}

fn is_same(a: &Author, b: &Author) -> bool {
    if a.email.is_empty() || b.email.is_empty() {
        a.name == b.name
    } else {
        a.email.eq_ignore_ascii_case(&b.email)
    }
}

impl Author {
    /// Whether it is a program: GitHub and GitLab mark theirs in the name or the address, and the widespread ones say it in
    /// their names.
    pub fn is_bot(&self) -> bool {
        const KNOWN: [&str; 6] = [
            "dependabot",
            "greenkeeper",
            "renovate",
            "renovate-bot",
            "semantic-release-bot",
            "github-actions",
        ];
        let (name, email) = (
            self.name.to_ascii_lowercase(),
            self.email.to_ascii_lowercase(),
        );
        let local = email.split('@').next().unwrap_or_default();
        name.ends_with("[bot]")
            || local.ends_with("[bot]")
            || KNOWN.contains(&name.as_str())
            || (email.contains("@noreply.")
                && local.starts_with("project_")
                && local.contains("_bot"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventional::{Breaking, Message};

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text, &mut found);
        found
    }

    #[test]
    fn references_are_found_in_texts() {
        assert_eq!(
            found("fix (#12), GH-3; see a/b#4. and #12! or !7 and group/sub/name!8: x"),
            ["#12", "GH-3", "a/b#4", "!7", "group/sub/name!8"]
        );
        assert_eq!(
            found(
                "see https://github.com/a/b/pull/5#issuecomment-9, https://x.example/g/-/issues/6."
            ),
            [
                "https://github.com/a/b/pull/5",
                "https://x.example/g/-/issues/6"
            ]
        );
        assert_eq!(found("Closes:#12"), ["#12"]);
        assert_eq!(
            found(
                "C# 5, #x, a#1, ##2, colour #fff, GH-, /#3, a//b#4, wow!!, https://a.b/issues/x, x!5"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn no_message_costs_more_than_its_length() {
        let many: Vec<String> = (0..100_000).map(|n| format!("#{n}")).collect();
        assert_eq!(found(&many.join(" ")).len(), MOST);
    }

    #[test]
    fn pull_requests_end_a_header() {
        for (header, bare, number) in [
            ("feat: a (#12)", "feat: a", 12),
            ("feat: a (b) (!3)", "feat: a (b)", 3),
            ("Merged in x/y (pull request #4) ", "Merged in x/y", 4),
        ] {
            assert_eq!(pull_request(header), Some((bare, number)));
        }
        for header in ["feat: a", "feat: (#x)", "feat: a(#12)", "(#1) a", "a (12)"] {
            assert_eq!(pull_request(header), None, "{header}");
        }
    }

    #[test]
    fn each_person_is_named_once() {
        let message = "feat: a\n\nCo-authored-by: B <b@x>\nco-authored-by: B again <B@x>\nCo-Authored-By: A <a@x>\nCo-authored-by: \
            dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>\nSigned-off-by: C <c@x>\nCo-authored-by: <>\n";
        let (_, footers) = Message::of(message).body(Breaking::UpperCase);
        let people = people(Author::read(b"A <a@x>"), &footers);
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "dependabot[bot]"]);
        let bots: Vec<bool> = people.iter().map(Author::is_bot).collect();
        assert_eq!(bots, [false, false, true]);
    }
}
