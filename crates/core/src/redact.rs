//! The one filter in front of every sink: takes secrets out of text, in every form that programs commonly print them in.
//!
//! Invariants: what comes out holds no form of a secret that was registered before it went in, wherever the chunks of a
//! stream are cut; text without a secret comes out unchanged; no input makes it panic. If the search cannot be built, all
//! text is replaced rather than let through.
//!
//! Forms that are found: the value itself; base64 in both alphabets, also in the middle of a longer base64 text and encoded
//! twice; hexadecimal; percent-encoding by the habits of several encoders; escaped for JSON, HTML, Python and a shell;
//! reversed; and every line of a value with several lines. Encodings and long values are found across line breaks and
//! spaces too, because `base64`, `xxd` and log formatters wrap.
//!
//! Limits: a value below [`SHORTEST`] bytes is not searched for, since it would blot out ordinary text: whoever resolves
//! secrets refuses those. Of a value with several lines, lines below [`SHORTEST_LINE`] bytes and PEM armour lines are left
//! alone. A program that sets out to hide a secret from us (by encrypting it, say) can: this guards against accidents.
//!
//! Must not: print, store or return a value.

mod forms;
mod search;

use crate::secret::Secret;
use search::{Cursor, Search, is_blank};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::{Arc, PoisonError, RwLock};

/// What stands where a secret was.
pub const MARK: &str = "***";

/// Bytes below which a value is not searched for.
pub const SHORTEST: usize = 4;

/// Bytes below which a single line of a longer secret is not searched for.
pub const SHORTEST_LINE: usize = 6;

/// Bytes from which the value itself is also found with white space in between.
const LONG: usize = 16;

/// Characters of an unfinished encoding that [`Stream::pause`] lets through.
const GLIMPSE: usize = 4;

/// Knows the secrets and takes them out of text. Shared by all sinks; secrets may be added at any time.
#[derive(Clone, Default)]
pub struct Redactor {
    shared: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    values: BTreeSet<String>,
    /// Built when first needed after a change.
    search: Option<Arc<Search>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(***)")
    }
}

impl Redactor {
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on this value is taken out, also by streams that were opened before.
    pub fn register(&self, secret: &Secret) {
        let value = secret.expose();
        let trimmed = value.trim();
        let lines = value.lines().map(str::trim).filter(|line| {
            line.len() >= SHORTEST_LINE && *line != trimmed && !line.starts_with("-----")
        });
        let mut known = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        for part in lines.chain([value, trimmed]) {
            if part.len() >= SHORTEST && known.values.insert(part.to_owned()) {
                known.search = None;
            }
        }
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// The bytes without secrets.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.stream();
        let mut out = stream.push(bytes);
        out.extend(stream.finish());
        out
    }

    /// For text that comes in pieces.
    pub fn stream(&self) -> Stream {
        Stream {
            redactor: self.clone(),
            search: self.search(),
            exact: Cursor::default(),
            loose: Cursor::default(),
            pending: Vec::new(),
            found: Vec::new(),
            in_mark: false,
        }
    }

    fn search(&self) -> Arc<Search> {
        let known = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(search) = &known.search {
            return Arc::clone(search);
        }
        drop(known);
        let mut known = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        let search = Arc::new(Search::of(&known.values));
        known.search = Some(Arc::clone(&search));
        search
    }
}

/// A text in pieces. What [`Stream::push`] returns can be shown: it holds back only what may be the beginning of a secret.
#[derive(Debug)]
pub struct Stream {
    redactor: Redactor,
    search: Arc<Search>,
    exact: Cursor,
    loose: Cursor,
    /// What was read and not yet returned.
    pending: Vec<u8>,
    /// Ranges of `pending` that belong to secrets: sorted, apart from each other.
    found: Vec<(usize, usize)>,
    /// The last byte that was returned belonged to a secret, so its mark is out already.
    in_mark: bool,
}

impl Stream {
    /// Takes in the next piece and returns what can be shown by now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let search = self.redactor.search();
        if !Arc::ptr_eq(&search, &self.search) {
            self.search = search;
            (self.exact, self.loose) = (Cursor::default(), Cursor::default());
            self.scan(0);
        }
        if self.search.is_empty() && self.pending.is_empty() {
            self.in_mark &= bytes.is_empty();
            return bytes.to_vec();
        }
        let from = self.pending.len();
        self.pending.extend_from_slice(bytes);
        self.scan(from);
        let held = self.held();
        self.release(self.pending.len() - held)
    }

    /// What can be shown although more may come, when nothing came for a while: an unfinished encoding shows at most its
    /// first four characters, and is still taken out from there on if it goes on.
    pub fn pause(&mut self) -> Vec<u8> {
        let begun = self.search.exact.depth(self.exact);
        if begun > 0 || self.search.loose.depth(self.loose) > GLIMPSE || self.search.blind {
            return Vec::new();
        }
        self.release(self.pending.len())
    }

    /// The rest. The stream is as new afterwards.
    pub fn finish(&mut self) -> Vec<u8> {
        (self.exact, self.loose) = (Cursor::default(), Cursor::default());
        let rest = self.release(self.pending.len());
        self.in_mark = false;
        rest
    }

    /// Looks for secrets that end in `pending[from..]`.
    fn scan(&mut self, from: usize) {
        if self.search.blind {
            self.found = vec![(0, self.pending.len())];
            return;
        }
        let search = Arc::clone(&self.search);
        for at in from..self.pending.len() {
            let byte = self.pending[at];
            if let Some(length) = search.exact.step(&mut self.exact, byte) {
                self.mark((at + 1).saturating_sub(length), at + 1);
            }
            if !is_blank(byte)
                && let Some(length) = search.loose.step(&mut self.loose, byte)
            {
                self.mark(self.start_of_loose(at + 1, length), at + 1);
            }
        }
    }

    /// Where the last `count` bytes before `end` begin, white space not counted.
    fn start_of_loose(&self, end: usize, count: usize) -> usize {
        let solid = self.pending[..end].iter().enumerate().rev();
        solid
            .filter(|(_, byte)| !is_blank(**byte))
            .take(count)
            .last()
            .map_or(end, |(at, _)| at)
    }

    fn mark(&mut self, mut start: usize, mut end: usize) {
        while let Some(&(before, until)) = self.found.last() {
            if until < start {
                break;
            }
            (start, end) = (start.min(before), end.max(until));
            self.found.pop();
        }
        self.found.push((start, end));
    }

    /// How many bytes at the end may be the beginning of a secret.
    fn held(&self) -> usize {
        let end = self.pending.len();
        let exact = self.search.exact.depth(self.exact).min(end);
        let loose = match self.search.loose.depth(self.loose) {
            0 => 0,
            depth => end - self.start_of_loose(end, depth),
        };
        exact.max(loose)
    }

    /// Returns the first `count` bytes of `pending`, with marks.
    fn release(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count);
        let mut at = 0;
        for &(start, end) in self.found.iter().take_while(|(start, _)| *start < count) {
            if start > at {
                out.extend_from_slice(&self.pending[at..start]);
                self.in_mark = false;
            }
            if !self.in_mark {
                out.extend_from_slice(MARK.as_bytes());
                self.in_mark = true;
            }
            at = end.min(count);
        }
        if at < count {
            out.extend_from_slice(&self.pending[at..count]);
            self.in_mark = false;
        }
        self.pending.drain(..count);
        self.found.retain_mut(|(start, end)| {
            (*start, *end) = (start.saturating_sub(count), end.saturating_sub(count));
            start < end
        });
        out
    }
}

/// The text with everything that a terminal or a browser would obey or hide made visible: control characters in caret
/// form (`^[` for escape), others by their number (`^<202e>`). Line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' => {
                out.push('^');
                out.extend(char::from_u32(u32::from(c) + u32::from('@')));
            }
            '\u{7f}' => out.push_str("^?"),
            '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => number(c, &mut out),
            // Tag characters are never drawn and carry whole hidden texts.
            '\u{e0000}'..='\u{e007f}' => number(c, &mut out),
            _ if crate::name::is_bidi(c) => number(c, &mut out),
            _ => out.push(c),
        }
    }
    out
}

fn number(c: char, out: &mut String) {
    let _ = write!(out, "^<{:04x}>", u32::from(c));
}

#[cfg(test)]
mod tests;
