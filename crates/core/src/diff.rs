//! Unified diffs as a plan holds them: written from two texts, applied to the first to give the second.
//!
//! Invariants: `apply(unified(p, Some(a), b), a) == b` for all texts, byte for byte: only `\n` ends a line, so `\r` is content,
//! and a missing final newline is marked as git marks it. Applying is strict: no fuzz, no offsets, every counted line compared.
//!
//! Must not: guess. A diff that does not fit exactly is an error that says where.

use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};
use std::fmt::Write as _;

/// Lines around a change that stay as they are.
const CONTEXT: usize = 3;
/// What git writes after a line that has no newline.
const NO_NEWLINE: &str = "\\ No newline at end of file";

/// Why two texts have no diff, or a diff does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// A diff in a plan is text; these bytes are not UTF-8.
    #[error("{path} is not UTF-8 text (byte {at})")]
    NotText { path: String, at: usize },
    /// The diff itself is broken. Lines are counted from 1.
    #[error("line {line} of the diff is not what a unified diff has there: {why}")]
    Malformed { line: usize, why: &'static str },
    /// The text that it is applied to is not the text that it was made from.
    #[error(
        "line {line} of the file is not what the diff expects: {expected:?} expected, {found:?} found"
    )]
    Mismatch {
        line: usize,
        expected: String,
        /// `None`: the file ends before.
        found: Option<String>,
    },
}

/// The unified diff that turns `before` into `after`, with three lines of context and git's `a/` and `b/` names.
///
/// `None` stands for a file that does not exist yet. Equal texts give an empty diff.
///
/// # Errors
/// [`DiffError::NotText`] where one of the two is not UTF-8.
pub fn unified(path: &str, before: Option<&[u8]>, after: &[u8]) -> Result<String, DiffError> {
    let text = |bytes| {
        std::str::from_utf8(bytes).map_err(|error| DiffError::NotText {
            path: path.to_owned(),
            at: error.valid_up_to(),
        })
    };
    let old = text(before.unwrap_or_default())?;
    let new = text(after)?;
    if before.is_some() && old == new {
        return Ok(String::new());
    }
    let mut out = String::with_capacity(256);
    let (from, to) = (header_name("a/", path), header_name("b/", path));
    let from = if before.is_some() {
        from
    } else {
        "/dev/null".to_owned()
    };
    let _ = writeln!(out, "--- {from}\n+++ {to}");

    let (old, new) = (lines(old), lines(new));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for hunk in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
            continue;
        };
        let olds = first.old_range().start..last.old_range().end;
        let news = first.new_range().start..last.new_range().end;
        let _ = writeln!(out, "@@ -{} +{} @@", range(&olds), range(&news));
        for op in &hunk {
            let (tag, olds, news) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                old[olds]
                    .iter()
                    .for_each(|line| push_line(&mut out, ' ', line));
            } else {
                old[olds]
                    .iter()
                    .for_each(|line| push_line(&mut out, '-', line));
                new[news]
                    .iter()
                    .for_each(|line| push_line(&mut out, '+', line));
            }
        }
    }
    Ok(out)
}

/// The text that `diff` makes of `before`. A file that does not exist yet is empty.
///
/// An empty diff changes nothing. Names in the diff's head are not compared: the caller knows which file it means.
///
/// # Errors
/// [`DiffError::Malformed`] where `diff` is none, [`DiffError::Mismatch`] where it was made from another text.
pub fn apply(diff: &str, before: &[u8]) -> Result<Vec<u8>, DiffError> {
    let mut patch = Patch::new(diff);
    if patch.head()? == Source::Nothing && !before.is_empty() {
        return Err(mismatch(0, b"", Some(&before)));
    }
    let old: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
    let mut new = NewText::default();
    let mut at = 0; // lines of `old` that are dealt with
    while let Some(hunk) = patch.hunk()? {
        if hunk.old_first < at {
            return Err(patch.fault("it goes back behind the hunk before it"));
        }
        let untouched = old.get(at..hunk.old_first);
        let untouched = untouched.ok_or_else(|| mismatch(old.len(), b"", None))?;
        new.extend(untouched).map_err(|why| patch.fault(why))?;
        if new.lines != hunk.new_first {
            return Err(patch.fault("its place in the new file is not where its head says"));
        }
        at = hunk.old_first;
        for Line { sign, text } in &hunk.lines {
            if *sign != '+' {
                if old.get(at) != Some(&text.as_slice()) {
                    return Err(mismatch(at, text, old.get(at)));
                }
                at += 1;
            }
            if *sign != '-' {
                new.extend(&[text]).map_err(|why| patch.fault(why))?;
            }
        }
    }
    new.extend(&old[at..]).map_err(|why| patch.fault(why))?;
    Ok(new.bytes)
}

/// The text that applying makes, line by line.
#[derive(Default)]
struct NewText {
    bytes: Vec<u8>,
    lines: usize,
}

impl NewText {
    fn extend(&mut self, lines: &[&[u8]]) -> Result<(), &'static str> {
        for line in lines {
            if self.bytes.last().is_some_and(|byte| *byte != b'\n') {
                return Err("a line without newline is not the last one of the new file");
            }
            self.bytes.extend_from_slice(line);
            self.lines += 1;
        }
        Ok(())
    }
}

/// Lines with their newline; the last may lack it.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// `start,count` as diffs write it: `start` is the line before an empty range, and a count of 1 is left out.
fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn push_line(out: &mut String, sign: char, line: &str) {
    out.push(sign);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push('\n');
        out.push_str(NO_NEWLINE);
        out.push('\n');
    }
}

/// The name in the head, quoted as git does where it holds what would end the line or the quoting.
fn header_name(prefix: &str, path: &str) -> String {
    if path
        .chars()
        .any(|c| c.is_control() || c == '"' || c == '\\')
    {
        let mut quoted = format!("\"{prefix}");
        for byte in path.bytes() {
            match byte {
                b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
                0..0x20 | 0x7f.. => {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
                _ => quoted.push(char::from(byte)),
            }
        }
        quoted.push('"');
        quoted
    } else if path.contains(' ') {
        // The tab tells programs where a name with spaces ends.
        format!("{prefix}{path}\t")
    } else {
        format!("{prefix}{path}")
    }
}

fn mismatch(at: usize, expected: &[u8], found: Option<&&[u8]>) -> DiffError {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    DiffError::Mismatch {
        line: at + 1,
        expected: text(expected),
        found: found.map(|bytes| text(bytes)),
    }
}

/// A diff that is being read.
struct Patch<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

/// What the diff says that the old file is.
#[derive(PartialEq)]
enum Source {
    Nothing,
    File,
}

struct Hunk {
    /// Lines of the old file before this hunk.
    old_first: usize,
    /// Lines of the new file before this hunk.
    new_first: usize,
    lines: Vec<Line>,
}

struct Line {
    sign: char,
    text: Vec<u8>,
}

impl<'a> Patch<'a> {
    fn new(diff: &'a str) -> Self {
        Self {
            lines: diff.split_terminator('\n').collect(),
            next: 0,
        }
    }

    fn fault(&self, why: &'static str) -> DiffError {
        DiffError::Malformed {
            line: self.next.max(1),
            why,
        }
    }

    fn take(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next).copied();
        self.next += usize::from(line.is_some());
        line
    }

    fn head(&mut self) -> Result<Source, DiffError> {
        if self.lines.is_empty() {
            return Ok(Source::File);
        }
        let old = self.take().and_then(|line| line.strip_prefix("--- "));
        let old = old.ok_or_else(|| self.fault("it begins with `--- `"))?;
        if !self.take().is_some_and(|line| line.starts_with("+++ ")) {
            return Err(self.fault("`+++ ` follows `--- `"));
        }
        Ok(if old == "/dev/null" {
            Source::Nothing
        } else {
            Source::File
        })
    }

    fn hunk(&mut self) -> Result<Option<Hunk>, DiffError> {
        let Some(head) = self.take() else {
            return Ok(None);
        };
        let parsed = hunk_head(head);
        let ((old_first, old_count), (new_first, new_count)) =
            parsed.ok_or_else(|| self.fault("a hunk begins with `@@ -1,2 +1,2 @@`"))?;
        let (mut old_left, mut new_left) = (old_count, new_count);
        let mut lines: Vec<Line> = Vec::new();
        while old_left > 0 || new_left > 0 {
            let line = self.take();
            let line = line.ok_or_else(|| self.fault("the hunk ends too early"))?;
            let sign = line.chars().next().unwrap_or('\n');
            let (old, new) = match sign {
                ' ' => (1, 1),
                '-' => (1, 0),
                '+' => (0, 1),
                _ => return Err(self.fault("a line begins with ' ', '-' or '+'")),
            };
            let long = || self.fault("the hunk has more lines than its head says");
            old_left = old_left.checked_sub(old).ok_or_else(long)?;
            new_left = new_left.checked_sub(new).ok_or_else(long)?;
            let mut text = line.as_bytes()[1..].to_vec();
            if self.lines.get(self.next) == Some(&NO_NEWLINE) {
                self.next += 1;
            } else {
                text.push(b'\n');
            }
            lines.push(Line { sign, text });
        }
        Ok(Some(Hunk {
            old_first,
            new_first,
            lines,
        }))
    }
}

/// `@@ -OLD +NEW @@`, each as (lines before it, lines in it).
fn hunk_head(line: &str) -> Option<((usize, usize), (usize, usize))> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    Some((hunk_range(old)?, hunk_range(new)?))
}

fn hunk_range(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    let before = if count == 0 {
        start
    } else {
        start.checked_sub(1)?
    };
    Some((usize::try_from(before).ok()?, usize::try_from(count).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn diff(before: &str, after: &str) -> String {
        unified("f", Some(before.as_bytes()), after.as_bytes()).unwrap()
    }

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "five\n");
        insta::assert_snapshot!(diff(before, &after), @r"
        --- a/f
        +++ b/f
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
        ");
    }

    #[test]
    fn line_ends_are_content_and_a_missing_newline_is_marked() {
        assert_eq!(
            diff("a\r\nb", "a\nb\n"),
            "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\r\n-b\n\\ No newline at end of file\n+a\n+b\n"
        );
        assert_eq!(diff("a\r\n", "a\r\n"), "");
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        let text = unified("docs/a b.md", None, b"x\n").unwrap();
        assert_eq!(
            text,
            "--- /dev/null\n+++ b/docs/a b.md\t\n@@ -0,0 +1 @@\n+x\n"
        );
        assert_eq!(apply(&text, b"").unwrap(), b"x\n");
        let taken = apply(&text, b"y\n");
        assert!(matches!(taken, Err(DiffError::Mismatch { line: 1, .. })));
        assert_eq!(apply(&unified("e", None, b"").unwrap(), b"").unwrap(), b"");
    }

    #[test]
    fn names_are_quoted_where_they_would_break_the_head() {
        let text = unified("a\n\"b\u{e9}", None, b"x\n").unwrap();
        assert!(text.contains("+++ \"b/a\\012\\\"b\\303\\251\"\n"), "{text}");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let error = unified("f", Some(b"ok\xff"), b"ok").unwrap_err();
        assert_eq!(
            error,
            DiffError::NotText {
                path: "f".into(),
                at: 2
            }
        );
    }

    #[test]
    fn another_text_is_refused() {
        let made = diff("1\n2\n3\n", "1\ntwo\n3\n");
        for other in [
            "",
            "1\n2\n",
            "1\nZ\n3\n",
            "0\n1\n2\n3\n",
            "1\n2\r\n3\n",
            "1\n2\n3",
        ] {
            assert!(
                matches!(
                    apply(&made, other.as_bytes()),
                    Err(DiffError::Mismatch { .. })
                ),
                "{other:?}"
            );
        }
        assert_eq!(apply(&made, b"1\n2\n3\n4\n").unwrap(), b"1\ntwo\n3\n4\n");
    }

    #[test]
    fn broken_diffs_are_refused() {
        let head = "--- a/f\n+++ b/f\n";
        for (body, what) in [
            ("@@ -1 +1 @@\n-1\n", "too few lines"),
            ("@@ -1 +1 @@\n-1\n-2\n+x\n", "too many lines"),
            ("@@ -1 +1 @@\n*1\n+x\n", "an unknown sign"),
            ("@@ -1 +1\n-1\n+x\n", "an open head"),
            ("@@ -0 +1 @@\n-1\n+x\n", "line 0"),
            ("@@ -99999999999 +1 @@\n-1\n+x\n", "a huge number"),
            ("@@ -1 +7 @@\n-1\n+x\n", "the wrong place in the new file"),
            (
                "@@ -3 +3 @@\n-3\n+x\n\\ No newline at end of file\n@@ -3,0 +4 @@\n+y\n",
                "a line after the last",
            ),
            (
                "@@ -2 +2 @@\n-2\n+x\n@@ -1 +1 @@\n-1\n+y\n",
                "hunks out of order",
            ),
            (
                "@@ -1 +1 @@\n-1\n+x\n\\ No newline at end of file\n",
                "glued lines",
            ),
        ] {
            let result = apply(&format!("{head}{body}"), b"1\n2\n3\n");
            assert!(
                matches!(result, Err(DiffError::Malformed { .. })),
                "{what}: {result:?}"
            );
        }
        assert!(apply("nonsense\n", b"").is_err());
        assert_eq!(apply("", b"as it was").unwrap(), b"as it was");
    }

    /// Texts with many equal lines, all kinds of line ends, and none at the end.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => Just("a\n"), 4 => Just("b\n"), 2 => Just("c\r\n"), 1 => Just("\n"), 1 => Just("\r"),
            1 => Just("-\n"), 1 => Just("\\ No newline at end of file\n"), 1 => Just("@@ -1 +1 @@\n"),
            1 => Just("\0"), 1 => Just("é"),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn applying_gives_the_text_after(before in text(), after in text()) {
            let made = diff(&before, &after);
            prop_assert_eq!(apply(&made, before.as_bytes()).unwrap(), after.as_bytes());
            let new = unified("f", None, after.as_bytes()).unwrap();
            prop_assert_eq!(apply(&new, b"").unwrap(), after.as_bytes());
        }

        #[test]
        fn any_unicode_survives(before in "(?s).{0,60}", after in "(?s).{0,60}") {
            prop_assert_eq!(apply(&diff(&before, &after), before.as_bytes()).unwrap(), after.as_bytes());
        }

        #[test]
        fn nonsense_never_panics(made in "(--- a\n\\+\\+\\+ b\n)?(@@ -[0-9]{1,3}(,[0-9])? \\+[0-9](,[0-9])? @@\n([ +-][ab]?\n){0,4}){0,3}", before in text()) {
            let _ = apply(&made, before.as_bytes());
        }

        #[test]
        fn a_text_that_changed_in_a_hunk_is_refused(before in text(), after in text(), line in 0_usize..40) {
            prop_assume!(before != after);
            let made = diff(&before, &after);
            let mut changed: Vec<String> = lines(&before).into_iter().map(str::to_owned).collect();
            prop_assume!(line < changed.len());
            changed[line] = format!("changed {line}\n");
            let changed = changed.concat();
            // Either the change is outside of all hunks and stays, or the diff is refused.
            if let Ok(result) = apply(&made, changed.as_bytes()) {
                let kept = String::from_utf8(result).unwrap();
                let wanted = format!("changed {line}\n");
                prop_assert!(kept.contains(&wanted));
            }
        }
    }
}
