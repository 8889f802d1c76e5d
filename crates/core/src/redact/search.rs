//! Looking for many forms at once, one byte at a time.

use super::forms;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Where an automaton is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    state: Option<StateID>,
}

/// White space, which wrapped encodings hold.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Everything that is looked for.
pub struct Search {
    /// Found as it stands.
    pub exact: Matcher,
    /// Found with white space in between.
    pub loose: Matcher,
    /// The automata could not be built: everything is taken out.
    pub blind: bool,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Search(***)")
    }
}

#[derive(Default)]
pub struct Matcher {
    automaton: Option<NFA>,
    /// How many bytes of a form have been read in a state.
    depths: HashMap<StateID, usize>,
}

impl Search {
    pub fn of(values: &BTreeSet<String>) -> Self {
        let (mut exact, mut loose) = (BTreeSet::new(), BTreeSet::new());
        for value in values {
            forms::of(value, &mut exact, &mut loose);
        }
        match (Matcher::of(&exact), Matcher::of(&loose)) {
            (Some(exact), Some(loose)) => Self {
                exact,
                loose,
                blind: false,
            },
            _ => Self {
                exact: Matcher::default(),
                loose: Matcher::default(),
                blind: true,
            },
        }
    }

    pub fn is_empty(&self) -> bool {
        !self.blind && self.exact.automaton.is_none() && self.loose.automaton.is_none()
    }
}

impl Matcher {
    /// `None` when the automaton cannot be built, which its limits on size allow.
    fn of(forms: &BTreeSet<String>) -> Option<Self> {
        if forms.is_empty() {
            return Some(Self::default());
        }
        let automaton = NFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(forms)
            .ok()?;
        let mut depths = HashMap::new();
        for form in forms {
            let mut state = automaton.start_state(Anchored::Yes).ok()?;
            for (index, byte) in form.bytes().enumerate() {
                state = automaton.next_state(Anchored::Yes, state, byte);
                depths.insert(state, index + 1);
            }
        }
        Some(Self {
            automaton: Some(automaton),
            depths,
        })
    }

    /// Reads a byte; returns the length of the longest form that ends with it.
    pub fn step(&self, cursor: &mut Cursor, byte: u8) -> Option<usize> {
        let automaton = self.automaton.as_ref()?;
        let state = match cursor.state {
            Some(state) => state,
            None => automaton.start_state(Anchored::No).ok()?,
        };
        let state = automaton.next_state(Anchored::No, state, byte);
        cursor.state = Some(state);
        if !automaton.is_match(state) {
            return None;
        }
        (0..automaton.match_len(state))
            .map(|index| automaton.pattern_len(automaton.match_pattern(state, index)))
            .max()
    }

    /// How many of the bytes read last may be the beginning of a form.
    pub fn depth(&self, cursor: Cursor) -> usize {
        cursor
            .state
            .and_then(|state| self.depths.get(&state).copied())
            .unwrap_or(0)
    }
}
