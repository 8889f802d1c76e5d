//! One commit message, read by Conventional Commits 1.0.0.
//!
//! Numbers in brackets are the paragraphs of that specification. Invariants: reading is linear in the message and copies
//! nothing until somebody keeps it; whatever is kept is fit to be shown.
//!
//! Where the specification leaves something open, and where readers of it differ:
//!
//! * A breaking change is believed wherever a line after the header begins with `BREAKING CHANGE: `, also inside the body,
//!   because a missed one costs users more than a major version too many. The grammar of `@conventional-commits/parser` wants a
//!   footer; `conventional-commits-parser` and python-semantic-release take any line, as here.
//! * Upper case alone counts [12, 15]. `conventional-commits-parser` takes any case; [`Breaking::AnyCase`] does as it does.
//! * The space after the colon is demanded [1, 8]; at the end of a line git itself removes it, so `BREAKING CHANGE:` with the
//!   text in the lines below counts. `git-conventional` takes `feat:x`; we do not.
//! * Footers begin at the first line after a blank one that has a footer's form, and end with the message: [10] lets a value go
//!   on over lines and paragraphs until the next footer. Readers that want one last paragraph (git's own trailers) see fewer.
//! * A body that follows the header without a blank line [6] is a body all the same.
//! * A type may hold any letters, digits and `-_./+`, in any script [14]; `conventional-commits-parser` allows ASCII word
//!   characters only. Types are compared in lower case [15]; scopes are kept as written.
//! * `feat(): x`, `feat!!: x` and `feat (x): y` follow no rule and are no header; some readers take the first.
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

/// Which lines are believed to tell of a breaking change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breaking {
    /// `BREAKING CHANGE: ` and `BREAKING-CHANGE: ` in upper case, as the specification has it [12, 16].
    #[default]
    UpperCase,
    /// `BREAKING CHANGE:` in any case, also as an item of a list, as `conventional-commits-parser` reads the Angular convention.
    AnyCase,
}

impl Footer {
    /// Upper case alone counts [12, 15], and only with a colon [12].
    pub fn is_breaking(&self) -> bool {
        self.separator == Separator::Colon && is_breaking_token(&self.token)
    }
}

impl Conventional {
    /// `None` where the message does not follow the specification.
    pub fn parse(message: &str) -> Option<Self> {
        let message = Message::of(message);
        let header = Header::read(message.header)?;
        let (body, footers) = message.body(Breaking::UpperCase);
        let footer = |footer: &FooterText<'_>| Footer {
            token: footer.token.to_owned(),
            separator: footer.separator,
            value: footer.lines(),
        };
        Some(Self {
            kind: header.kind.to_lowercase(),
            scope: header.scope.map(shown),
            marked_breaking: header.marked,
            description: shown(header.description),
            body: with_plain_ends(body),
            footers: footers.iter().map(footer).collect(),
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
    shown(Message::of(message).header.trim())
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

/// A message's parts, as they are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    /// The first line that is not blank, without its end.
    pub header: &'a str,
    /// All that follows.
    pub rest: &'a str,
}

impl<'a> Message<'a> {
    pub fn of(message: &'a str) -> Self {
        let mut rest = message;
        while !rest.is_empty() {
            let (line, after) = first_line(rest);
            rest = after;
            if !line.trim().is_empty() {
                return Self { header: line, rest };
            }
        }
        Self {
            header: "",
            rest: "",
        }
    }

    /// Body and footers. Footers begin at the first line after a blank one that has a footer's form, and after that every such
    /// line begins the next; a breaking change begins one anywhere.
    pub fn body(&self, breaking: Breaking) -> (&'a str, Vec<FooterText<'a>>) {
        let mut footers: Vec<FooterText<'a>> = Vec::new();
        let mut after_blank = false;
        let mut body = self.rest;
        let (mut rest, mut value_from) = (self.rest, 0);
        while !rest.is_empty() {
            let at = self.rest.len() - rest.len();
            let (line, after) = first_line(rest);
            let begun = breaking_start(line, after, breaking).or_else(|| {
                let allowed = after_blank || !footers.is_empty();
                allowed.then(|| footer_start(line)).flatten()
            });
            if let Some(footer) = begun {
                match footers.last_mut() {
                    Some(last) => last.value = &self.rest[value_from..at],
                    None => body = &self.rest[..at],
                }
                value_from = at + line.len() - footer.value.len();
                footers.push(footer);
            }
            after_blank = line.trim().is_empty();
            rest = after;
        }
        if let Some(last) = footers.last_mut() {
            last.value = &self.rest[value_from..];
        }
        for footer in &mut footers {
            footer.value = footer.value.trim();
        }
        (body.trim(), footers)
    }
}

/// A footer as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FooterText<'a> {
    pub token: &'a str,
    pub separator: Separator,
    /// May have several lines, with the message's line ends.
    pub value: &'a str,
    pub is_breaking: bool,
}

impl FooterText<'_> {
    /// The value with `\n` line ends.
    pub fn lines(&self) -> String {
        with_plain_ends(self.value)
    }
}

fn with_plain_ends(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The first line without its end, and what follows.
pub(crate) fn first_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), rest)
}

/// `type(scope)!: description` [1, 2, 4, 5].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub kind: &'a str,
    pub scope: Option<&'a str>,
    pub marked: bool,
    pub description: &'a str,
}

impl<'a> Header<'a> {
    pub fn read(line: &'a str) -> Option<Self> {
        let end = line.find(['(', '!', ':'])?;
        let (kind, rest) = line.split_at(end);
        if !is_type(kind) {
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
        (!description.is_empty()).then_some(Self {
            kind,
            scope,
            marked,
            description,
        })
    }
}

/// Whether a header can have such a type: a noun [1].
pub(crate) fn is_type(text: &str) -> bool {
    let is_noun = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    !text.is_empty() && text.chars().all(is_noun)
}

fn is_breaking_token(token: &str) -> bool {
    matches!(token, "BREAKING CHANGE" | "BREAKING-CHANGE")
}

/// A line that tells of a breaking change; `after` is what follows it.
fn breaking_start<'a>(line: &'a str, after: &str, breaking: Breaking) -> Option<FooterText<'a>> {
    const LENGTH: usize = "BREAKING CHANGE".len();
    let (line, any_case) = match breaking {
        Breaking::UpperCase => (line, false),
        Breaking::AnyCase => {
            let item = line.strip_prefix("* ").map(str::trim_start);
            (item.unwrap_or(line), true)
        }
    };
    let token = line.get(..LENGTH)?;
    let fits = if any_case {
        token.eq_ignore_ascii_case("BREAKING CHANGE")
    } else {
        is_breaking_token(token)
    };
    let rest = line[LENGTH..].strip_prefix(':').filter(|_| fits)?;
    let value = match rest.strip_prefix(' ') {
        Some(value) => value,
        None if rest.is_empty() && !after.trim().is_empty() => rest,
        None if any_case => rest,
        None => return None,
    };
    Some(FooterText {
        token,
        separator: Separator::Colon,
        value,
        is_breaking: true,
    })
}

/// `Token: value` or `Token #value`; a token has `-` for white space, but for the one exception [8, 9].
fn footer_start(line: &str) -> Option<FooterText<'_>> {
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
    (!value.trim().is_empty()).then_some(FooterText {
        token,
        separator,
        value,
        is_breaking: false,
    })
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
