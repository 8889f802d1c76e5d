//! From bytes to commands: names, arguments and comments, each with its place (cmake-language(7), "Syntax").
//!
//! Invariants: offsets are bytes of the input; reading goes on after a fault, so that one broken command does not hide the
//! others; the work is linear in the input but for at most [`MOST_FAULTS`] restarts.
//!
//! Must not: know what any command means.

use std::ops::Range;

/// After so many faults the rest of the file is not read.
const MOST_FAULTS: usize = 16;

/// A command invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// In lower case: command names have no case.
    pub name: String,
    pub arguments: Vec<Argument>,
    /// From the name to the closing parenthesis.
    pub span: Range<usize>,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    pub kind: Kind,
    /// The content: without quotes or brackets.
    pub span: Range<usize>,
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// References and escapes are evaluated, and `;` parts elements.
    Unquoted,
    /// References and escapes are evaluated; always one element.
    Quoted,
    /// Taken as it stands.
    Bracket,
    Open,
    Close,
}

/// Something that is not CMake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub line: u32,
    pub what: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lexed {
    pub commands: Vec<Command>,
    /// With their `#`, in order.
    pub comments: Vec<Range<usize>>,
    pub faults: Vec<Fault>,
}

/// Reads a file.
pub(crate) fn lex(source: &[u8]) -> Lexed {
    let mut lexer = Lexer {
        source,
        at: if source.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        },
        line: 1,
        out: Lexed::default(),
    };
    while lexer.at < source.len() {
        let (start, line, comments) = (lexer.at, lexer.line, lexer.out.comments.len());
        if let Err(what) = lexer.element() {
            lexer.out.faults.push(Fault { line, what });
            if lexer.out.faults.len() >= MOST_FAULTS {
                break;
            }
            // Whatever was opened swallows the rest; what follows on the next line may be sound.
            lexer.out.comments.truncate(comments);
            lexer.at = start;
            lexer.line = line;
            lexer.skip_line();
        }
    }
    lexer.out
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    out: Lexed,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line = self.line.saturating_add(1);
        }
        self.at += 1;
    }

    fn step_to(&mut self, end: usize) {
        while self.at < end {
            self.step();
        }
    }

    fn skip_line(&mut self) {
        while let Some(byte) = self.peek() {
            self.step();
            if byte == b'\n' {
                break;
            }
        }
    }

    fn element(&mut self) -> Result<(), &'static str> {
        match self.peek() {
            None => Ok(()),
            Some(byte) if byte.is_ascii_whitespace() => {
                self.step();
                Ok(())
            }
            Some(b'#') => self.comment(),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.command(),
            Some(_) => Err("neither a command nor a comment"),
        }
    }

    /// `#` to the end of the line, or `#[[ … ]]`.
    fn comment(&mut self) -> Result<(), &'static str> {
        let start = self.at;
        if let Some((_, after)) = self.bracket(start + 1)? {
            self.step_to(after);
        } else {
            while self.peek().is_some_and(|byte| byte != b'\n') {
                self.step();
            }
        }
        self.out.comments.push(start..self.at);
        Ok(())
    }

    /// The content and the end of `[=*[ … ]=*]`, where one begins at `at`.
    fn bracket(&self, at: usize) -> Result<Option<(Range<usize>, usize)>, &'static str> {
        let rest = self.source.get(at..).unwrap_or_default();
        let Some(inner) = rest.strip_prefix(b"[") else {
            return Ok(None);
        };
        let equals = inner.iter().take_while(|byte| **byte == b'=').count();
        if inner.get(equals) != Some(&b'[') {
            return Ok(None);
        }
        let mut start = at + equals + 2;
        let mut close = vec![b'='; equals + 2];
        (close[0], close[equals + 1]) = (b']', b']');
        let body = self.source.get(start..).unwrap_or_default();
        let length = body
            .windows(close.len())
            .position(|it| it == close.as_slice());
        let Some(length) = length else {
            return Err("a bracket that is never closed");
        };
        let end = start + length;
        // A newline right after the opening bracket is no part of the content.
        if body.first() == Some(&b'\n') && start < end {
            start += 1;
        }
        Ok(Some((start..end, end + close.len())))
    }

    fn command(&mut self) -> Result<(), &'static str> {
        let (start, line) = (self.at, self.line);
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            self.step();
        }
        let name = String::from_utf8_lossy(&self.source[start..self.at]).to_ascii_lowercase();
        while self.peek().is_some_and(|b| b == b' ' || b == b'\t') {
            self.step();
        }
        if self.peek() != Some(b'(') {
            return Err("a name without an opening parenthesis");
        }
        self.step();
        let arguments = self.arguments()?;
        let span = start..self.at;
        self.out.commands.push(Command {
            name,
            arguments,
            span,
            line,
        });
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, &'static str> {
        let mut arguments = Vec::new();
        let mut depth = 0_u32;
        loop {
            let (start, line) = (self.at, self.line);
            let mut push = |kind, span| arguments.push(Argument { kind, span, line });
            match self.peek() {
                None => return Err("a parenthesis that is never closed"),
                Some(b'#') => self.comment()?,
                Some(b'(') => {
                    self.step();
                    depth += 1;
                    push(Kind::Open, start..self.at);
                }
                Some(b')') => {
                    self.step();
                    if depth == 0 {
                        return Ok(arguments);
                    }
                    depth -= 1;
                    push(Kind::Close, start..self.at);
                }
                Some(b'"') => {
                    self.quoted()?;
                    push(Kind::Quoted, start + 1..self.at - 1);
                }
                Some(byte) if byte.is_ascii_whitespace() => self.step(),
                Some(_) => match self.bracket(start)? {
                    Some((span, after)) => {
                        self.step_to(after);
                        push(Kind::Bracket, span);
                    }
                    None => {
                        self.unquoted()?;
                        push(Kind::Unquoted, start..self.at);
                    }
                },
            }
        }
    }

    /// Past the closing quote.
    fn quoted(&mut self) -> Result<(), &'static str> {
        self.step();
        loop {
            match self.peek() {
                None => return Err("a quote that is never closed"),
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.step();
                    self.step();
                }
                Some(_) => self.step(),
            }
        }
    }

    /// Also the legacy forms with quotes inside a word: `-Da="b c"`.
    fn unquoted(&mut self) -> Result<(), &'static str> {
        while let Some(byte) = self.peek() {
            match byte {
                b'(' | b')' | b'#' => break,
                b'"' => self.quoted()?,
                b'\\' => {
                    self.step();
                    self.step();
                }
                _ if byte.is_ascii_whitespace() => break,
                _ => self.step(),
            }
        }
        self.at = self.at.min(self.source.len());
        Ok(())
    }
}

/// The bytes with every comment opened up: what stands in a comment becomes code, all else becomes blanks, and every byte
/// stays where it is.
pub(crate) fn uncomment(source: &[u8], comments: &[Range<usize>]) -> Vec<u8> {
    let mut out: Vec<u8> = source
        .iter()
        .map(|byte| if *byte == b'\n' { b'\n' } else { b' ' })
        .collect();
    for comment in comments {
        let (mut start, mut end) = (comment.start + 1, comment.end);
        let text = &source[start..end];
        let equals = text
            .iter()
            .skip(1)
            .take_while(|byte| **byte == b'=')
            .count();
        if text.starts_with(b"[") && text.get(1 + equals) == Some(&b'[') {
            start += equals + 2;
            end = end.saturating_sub(equals + 2).max(start);
        }
        out[start..end].copy_from_slice(&source[start..end]);
    }
    out
}

/// Comments on neighbouring lines, which belong together: the first byte's line, and from the first `#` to the last byte.
pub(crate) fn runs(source: &[u8], comments: &[Range<usize>]) -> Vec<(u32, Range<usize>)> {
    let mut runs: Vec<(u32, Range<usize>)> = Vec::new();
    let (mut line, mut counted) = (1_u32, 0);
    for comment in comments {
        let passed = newlines(&source[counted..comment.start]);
        line = line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        counted = comment.start;
        if let Some((_, last)) = runs.last_mut() {
            let between = &source[last.end..comment.start];
            let lines = newlines(between);
            if lines <= 1 && between.iter().all(u8::is_ascii_whitespace) {
                last.end = comment.end;
                continue;
            }
        }
        runs.push((line, comment.clone()));
    }
    runs
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// Every call of one of the functions in a range of a text that may be anything: a comment with prose and code in it.
pub(crate) fn calls_in_prose(
    text: &[u8],
    (first, range): (u32, Range<usize>),
    functions: &[String],
) -> Lexed {
    let mut out = Lexed::default();
    let (mut at, mut line) = (range.start, first);
    let text = &text[..range.end];
    while at < text.len() {
        let byte = text[at];
        if byte == b'\n' {
            line = line.saturating_add(1);
        }
        let begins = (byte.is_ascii_alphabetic() || byte == b'_')
            && (at == 0 || !(text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_'));
        let named = begins && functions.iter().any(|one| names(&text[at..], one));
        if !named {
            at += 1;
            continue;
        }
        let mut lexer = Lexer {
            source: text,
            at,
            line,
            out: Lexed::default(),
        };
        // Prose that only mentions the function is no fault.
        if lexer.command().is_ok() {
            out.commands.append(&mut lexer.out.commands);
            out.comments.append(&mut lexer.out.comments);
            (at, line) = (lexer.at, lexer.line);
        } else {
            out.faults.push(Fault {
                line,
                what: "a call in a comment that is never closed",
            });
            if out.faults.len() >= MOST_FAULTS {
                break;
            }
            at += 1;
        }
    }
    out
}

fn names(text: &[u8], function: &str) -> bool {
    let (length, rest) = (
        function.len(),
        text.get(function.len()..).unwrap_or_default(),
    );
    let same = text
        .get(..length)
        .is_some_and(|it| it.eq_ignore_ascii_case(function.as_bytes()));
    same && rest.trim_ascii_start().starts_with(b"(")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<Vec<&str>> {
        let lexed = lex(source.as_bytes());
        assert_eq!(lexed.faults, []);
        let of = |it: &Command| {
            it.arguments
                .iter()
                .map(|a| &source[a.span.clone()])
                .collect()
        };
        lexed.commands.iter().map(of).collect()
    }

    #[test]
    fn arguments_of_every_kind() {
        assert_eq!(
            words("set(A b;c \"d ) # e\" [[f \"]]\n[=[\ng]]]=] (h) -Di=\"j k\" l\\ m ${N})"),
            [[
                "A",
                "b;c",
                "d ) # e",
                "f \"",
                "g]]",
                "(",
                "h",
                ")",
                "-Di=\"j k\"",
                "l\\ m",
                "${N}"
            ]]
        );
        assert_eq!(words("A ()\n\tb\t( c )"), [vec![], vec!["c"]]);
    }

    #[test]
    fn comments_end_where_they_should() {
        let source = "# one (\nf(a #two )\n b #[[three )\n]] c)#[four\ng()";
        let lexed = lex(source.as_bytes());
        let comments: Vec<_> = lexed
            .comments
            .iter()
            .map(|it| &source[it.clone()])
            .collect();
        assert_eq!(comments, ["# one (", "#two )", "#[[three )\n]]", "#[four"]);
        assert_eq!(words(source), [vec!["a", "b", "c"], vec![]]);
        assert_eq!(lexed.commands[1].line, 5);
    }

    #[test]
    fn what_comes_after_a_fault_is_read() {
        let lexed = lex(b"f(a\n)\ng(\"open\nh(b)\n");
        let names: Vec<_> = lexed.commands.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["f", "h"]);
        assert_eq!(
            lexed.faults,
            [Fault {
                line: 3,
                what: "a quote that is never closed"
            }]
        );
        assert_eq!(
            lex(b"f([[").faults[0].what,
            "a bracket that is never closed"
        );
        assert_eq!(
            lex(b"f(").faults[0].what,
            "a parenthesis that is never closed"
        );
        assert_eq!(lex(b"}\nfoo bar\nf()").faults.len(), 2);
        assert_eq!(lex("f(\n".repeat(100).as_bytes()).faults.len(), MOST_FAULTS);
    }

    #[test]
    fn bytes_stay_in_place_when_comments_are_opened_up() {
        let source = b"x()\n# load(a\n#   # no\n#  b)\n#[[load(c)]]";
        let lexed = lex(source);
        let opened = uncomment(source, &lexed.comments);
        assert_eq!(opened.len(), source.len());
        let runs = runs(source, &lexed.comments);
        assert_eq!(runs, [(2, 4..source.len())]);
        let found = calls_in_prose(&opened, runs[0].clone(), &["load".to_owned()]);
        let text = |it: &Argument| std::str::from_utf8(&source[it.span.clone()]).unwrap();
        let calls: Vec<Vec<_>> = found
            .commands
            .iter()
            .map(|it| it.arguments.iter().map(text).collect())
            .collect();
        assert_eq!(calls, [vec!["a", "b"], vec!["c"]]);
        assert_eq!(found.commands[0].line, 2);
    }

    proptest::proptest! {
        #[test]
        fn no_input_is_too_strange(source in proptest::collection::vec(
            proptest::sample::select(b"f(a)\"\\#[]=${};\n \xff\xef\xbb\xbf".to_vec()), 0..80,
        )) {
            let lexed = lex(&source);
            for command in &lexed.commands {
                proptest::prop_assert!(command.span.end <= source.len());
                for argument in &command.arguments {
                    proptest::prop_assert!(argument.span.start <= argument.span.end);
                    proptest::prop_assert!(argument.span.end <= command.span.end);
                }
            }
            let opened = uncomment(&source, &lexed.comments);
            for run in runs(&source, &lexed.comments) {
                calls_in_prose(&opened, run, &["f".to_owned()]);
            }
        }
    }
}
