//! One commit message, read by Conventional Commits 1.0.0.
//!
//! Numbers in brackets are the paragraphs of that specification. Where it leaves something open:
//! a breaking change is believed wherever a line after the header begins with `BREAKING CHANGE: `, because a missed one costs
//! users more than a major version too many; a body that follows the header without a blank line is a body all the same.
//!
//! Must not: decide what a type means for the version.

use shipway_core::name::is_bidi;

/// A message that follows the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conventional {
    /// Lower case [15].
    pub kind: String,
    /// As written.
    pub scope: Option<String>,
    /// `!` before the colon [13].
    pub marked_breaking: bool,
    pub description: String,
    /// Free text, paragraphs divided by blank lines [6, 7]. Empty where there is none.
    pub body: String,
    /// In order [8 to 10].
    pub footers: Vec<Footer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// As written; `BREAKING CHANGE` and `BREAKING-CHANGE` are the same [16].
    pub token: String,
    pub separator: Separator,
    /// May have several lines [10].
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `Token: value`
    Colon,
    /// `Token #value`
    Hash,
}

impl Footer {
    /// Upper case alone counts [12, 15], and only with a colon [12].
    pub fn is_breaking(&self) -> bool {
        self.separator == Separator::Colon
            && matches!(self.token.as_str(), "BREAKING CHANGE" | "BREAKING-CHANGE")
    }
}

impl Conventional {
    /// `None` where the message does not follow the specification.
    pub fn parse(message: &str) -> Option<Self> {
        let mut lines = message
            .lines()
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let header = lines.by_ref().find(|line| !line.trim().is_empty())?;
        let (kind, scope, marked_breaking, description) = header_parts(header)?;
        let (body, footers) = body_and_footers(lines);
        Some(Self {
            kind: kind.to_lowercase(),
            scope: scope.map(shown),
            marked_breaking,
            description: shown(description),
            body,
            footers,
        })
    }

    /// What breaks, where anything does: the footer's text, or the description where only `!` says so.
    pub fn breaking(&self) -> Option<&str> {
        let footer = self.footers.iter().find(|footer| footer.is_breaking());
        let by_mark = self.marked_breaking.then_some(self.description.as_str());
        footer.map(|footer| footer.value.as_str()).or(by_mark)
    }
}

/// The first line that is not blank, fit to be shown.
pub fn subject(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty());
    shown(line.unwrap_or_default().trim())
}

/// Without what moves a terminal's cursor or turns the reading direction.
pub(crate) fn shown(text: &str) -> String {
    let hidden = |c: char| c.is_control() || is_bidi(c);
    if text.contains(hidden) {
        text.chars()
            .map(|c| if hidden(c) { '\u{fffd}' } else { c })
            .collect()
    } else {
        text.to_owned()
    }
}

/// `type(scope)!: description` [1, 2, 4, 5].
fn header_parts(header: &str) -> Option<(&str, Option<&str>, bool, &str)> {
    let end = header.find(['(', '!', ':'])?;
    let (kind, rest) = header.split_at(end);
    let is_noun = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    if kind.is_empty() || !kind.chars().all(is_noun) {
        return None;
    }
    let (scope, rest) = match rest.strip_prefix('(') {
        Some(inner) => {
            let (scope, rest) = inner.split_once(')')?;
            if scope.trim().is_empty() || scope.contains('(') {
                return None;
            }
            (Some(scope.trim()), rest)
        }
        None => (None, rest),
    };
    let (marked, rest) = match rest.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let description = rest.strip_prefix(": ")?.trim();
    (!description.is_empty()).then_some((kind, scope, marked, description))
}

/// Footers begin at the first line after a blank one that has a footer's form, and after that every such line begins the
/// next; a breaking change begins one anywhere.
fn body_and_footers<'a>(lines: impl Iterator<Item = &'a str>) -> (String, Vec<Footer>) {
    let mut body: Vec<&str> = Vec::new();
    let mut footers: Vec<(&str, Separator, Vec<&str>)> = Vec::new();
    let mut after_blank = false;
    for line in lines {
        let begins = footer_start(line).filter(|(token, separator, _)| {
            let breaking = matches!(*token, "BREAKING CHANGE" | "BREAKING-CHANGE");
            after_blank || !footers.is_empty() || (breaking && *separator == Separator::Colon)
        });
        match (begins, footers.last_mut()) {
            (Some((token, separator, value)), _) => footers.push((token, separator, vec![value])),
            (None, Some((_, _, value))) => value.push(line),
            (None, None) => body.push(line),
        }
        after_blank = line.trim().is_empty();
    }
    let footer = |(token, separator, value): (&str, Separator, Vec<&str>)| Footer {
        token: token.to_owned(),
        separator,
        value: value.join("\n").trim().to_owned(),
    };
    (
        body.join("\n").trim().to_owned(),
        footers.into_iter().map(footer).collect(),
    )
}

/// `Token: value` or `Token #value`; a token has `-` for white space, but for the one exception [8, 9].
fn footer_start(line: &str) -> Option<(&str, Separator, &str)> {
    for token in ["BREAKING CHANGE", "BREAKING-CHANGE"] {
        if let Some(value) = line
            .strip_prefix(token)
            .and_then(|rest| rest.strip_prefix(": "))
        {
            return Some((token, Separator::Colon, value));
        }
    }
    let end = line.find(|c: char| !(c.is_alphanumeric() || c == '-'))?;
    let (token, rest) = line.split_at(end);
    if token.is_empty() || token.starts_with('-') {
        return None;
    }
    let colon = rest
        .strip_prefix(": ")
        .map(|value| (Separator::Colon, value));
    let hash = || {
        rest.strip_prefix(" #")
            .map(|value| (Separator::Hash, value))
    };
    let (separator, value) = colon.or_else(hash)?;
    (!value.trim().is_empty()).then_some((token, separator, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(message: &str) -> Conventional {
        Conventional::parse(message).unwrap_or_else(|| panic!("{message:?}"))
    }

    #[test]
    fn headers_are_taken_apart() {
        for (header, kind, scope, breaking, description) in [
            ("feat: add polish", "feat", None, false, "add polish"),
            (
                "fix(lang): correct a word",
                "fix",
                Some("lang"),
                false,
                "correct a word",
            ),
            ("feat!: drop Node 6", "feat", None, true, "drop Node 6"),
            (
                "feat(api)!: send mail",
                "feat",
                Some("api"),
                true,
                "send mail",
            ),
            ("FEAT(API): shout", "feat", Some("API"), false, "shout"),
            (
                "chore(deps-dev): a: b",
                "chore",
                Some("deps-dev"),
                false,
                "a: b",
            ),
            (
                "fix( core ): spaces inside",
                "fix",
                Some("core"),
                false,
                "spaces inside",
            ),
            (
                "build(a/b, c):  two spaces",
                "build",
                Some("a/b, c"),
                false,
                "two spaces",
            ),
            (
                "修复(核心): 修复崩溃",
                "修复",
                Some("核心"),
                false,
                "修复崩溃",
            ),
            (
                "\n\nfix: after blank lines",
                "fix",
                None,
                false,
                "after blank lines",
            ),
            (
                "fix: carriage return\r\n\r\nbody\r\n",
                "fix",
                None,
                false,
                "carriage return",
            ),
        ] {
            let found = read(header);
            assert_eq!(
                (found.kind.as_str(), found.scope.as_deref()),
                (kind, scope),
                "{header}"
            );
            assert_eq!(found.marked_breaking, breaking, "{header}");
            assert_eq!(found.description, description, "{header}");
        }
    }

    #[test]
    fn what_is_no_header_is_none() {
        for header in [
            "",
            "\n",
            "add polish",
            "feat:no space",
            "feat :space before",
            "feat: ",
            "feat:",
            ": text",
            "(scope): text",
            "feat(): text",
            "feat(a: text",
            "feat(a)b: text",
            "feat!!: text",
            "feat!(a): text",
            "two words: text",
            "Merge branch 'x': y",
            "fixup! feat: text",
            "https://example.org: text",
            "feat((a)): text",
        ] {
            assert_eq!(Conventional::parse(header), None, "{header:?}");
        }
    }

    #[test]
    fn body_and_footers_are_divided() {
        let found = read(
            "fix: prevent racing\n\nFirst paragraph\nof two lines.\n\nSecond paragraph.\n\n\
             Reviewed-by: Z\nRefs: #123\nCloses #45\nNote: goes on\n  here\n\nand here\nAcked-by: Y\n",
        );
        assert_eq!(
            found.body,
            "First paragraph\nof two lines.\n\nSecond paragraph."
        );
        let footers: Vec<_> = found
            .footers
            .iter()
            .map(|f| (f.token.as_str(), f.separator, f.value.as_str()))
            .collect();
        assert_eq!(
            footers,
            [
                ("Reviewed-by", Separator::Colon, "Z"),
                ("Refs", Separator::Colon, "#123"),
                ("Closes", Separator::Hash, "45"),
                ("Note", Separator::Colon, "goes on\n  here\n\nand here"),
                ("Acked-by", Separator::Colon, "Y"),
            ]
        );
        let inside = read("fix: x\n\nA paragraph\nNote: that is no footer\n");
        assert_eq!(inside.footers, []);
        assert_eq!(inside.body, "A paragraph\nNote: that is no footer");
    }

    #[test]
    fn breaking_changes_are_found_by_mark_and_by_footer() {
        for (message, what) in [
            ("feat: a\n\nBREAKING CHANGE: b is gone", Some("b is gone")),
            ("feat: a\n\nBREAKING-CHANGE: b is gone", Some("b is gone")),
            ("feat!: a is new", Some("a is new")),
            ("feat!: a\n\nBREAKING CHANGE: b is gone", Some("b is gone")),
            (
                "chore: a\n\nRefs: #1\nBREAKING CHANGE: b\nis gone\n",
                Some("b\nis gone"),
            ),
            (
                "fix: a\n\nbody\nBREAKING CHANGE: no blank line before",
                Some("no blank line before"),
            ),
            ("feat: a\n\nbreaking change: lower case", None),
            ("feat: a\n\nBreaking-Change: mixed case", None),
            ("feat: a\n\nBREAKING CHANGE #12", None),
            ("feat: a\n\nBREAKING CHANGE:no space", None),
            ("feat: a\n\nThis is no BREAKING CHANGE: really", None),
            ("BREAKING CHANGE: a", None),
        ] {
            let found = Conventional::parse(message);
            assert_eq!(
                found.as_ref().and_then(Conventional::breaking),
                what,
                "{message:?}"
            );
        }
    }

    #[test]
    fn nothing_reaches_the_terminal() {
        assert_eq!(
            read("fix: a\u{1b}[2J\u{202e}b").description,
            "a\u{fffd}[2J\u{fffd}b"
        );
        assert_eq!(subject("\n \u{7}x\ny"), "\u{fffd}x");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_passed_over(message in "(?s).{0,200}") {
            if let Some(found) = Conventional::parse(&message) {
                prop_assert!(!found.kind.is_empty() && !found.description.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read(
            kind in "[a-z]{1,8}", scope in proptest::option::of("[a-z][a-z /-]{0,6}[a-z]"),
            breaking in any::<bool>(), description in "[a-zA-Z0-9][ -~]{0,30}[a-z0-9]",
            body in "([A-Z][a-z ]{0,20}[a-z]\n){0,3}", values in proptest::collection::vec("[a-z]{1,9}", 0..4),
        ) {
            let mark = if breaking { "!" } else { "" };
            let in_brackets = scope.as_ref().map(|s| format!("({s})")).unwrap_or_default();
            let footers: Vec<String> = values.iter().map(|v| format!("Refs-to: {v}")).collect();
            let footers = footers.join("\n");
            let message = format!("{kind}{in_brackets}{mark}: {description}\n\n{body}\n{footers}");
            let found = read(&message);
            prop_assert_eq!(found.kind, kind);
            prop_assert_eq!(found.scope, scope);
            prop_assert_eq!(found.marked_breaking, breaking);
            prop_assert_eq!(found.description, description);
            prop_assert_eq!(found.body, body.trim());
            let read: Vec<String> = found.footers.into_iter().map(|f| f.value).collect();
            prop_assert_eq!(read, values);
        }
    }
}
