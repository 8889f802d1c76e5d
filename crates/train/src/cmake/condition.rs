//! What an `if` says: yes, no, or that depends on the machine.
//!
//! Invariants: never yes or no unless every machine would say so, with one exception, which the reader is told: a variable
//! that these files do not set, and that is none of CMake's own, counts as not defined, as it is unless somebody passes it.
//!
//! Rules: cmake-commands(7) `if`, "Condition Syntax": parentheses, unary tests, binary tests, NOT, AND, OR.

use super::lex::{Argument, Kind};
use super::value::{Value, Variables};
use std::rc::Rc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Maybe,
}

impl Truth {
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Maybe,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    pub fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
        }
    }

    fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    /// The truth that all of them have.
    fn common(all: impl IntoIterator<Item = Self>) -> Self {
        let mut all = all.into_iter();
        let first = all.next().unwrap_or(Self::Maybe);
        if all.all(|it| it == first) {
            first
        } else {
            Self::Maybe
        }
    }
}

/// Evaluates a condition. What cannot be read is a maybe.
pub(crate) fn truth(
    variables: &Variables,
    source: &[u8],
    path: &Rc<str>,
    arguments: &[Argument],
) -> Truth {
    let mut words = Vec::new();
    for argument in arguments {
        match argument.kind {
            Kind::Open => words.push(Word::Open),
            Kind::Close => words.push(Word::Close),
            kind => {
                let bare = kind == Kind::Unquoted;
                let values = variables.expand(source, path, argument);
                // An unquoted reference to something empty leaves no word, and the condition is broken: CMake would stop.
                words.extend(values.into_iter().map(|value| Word::Value { value, bare }));
            }
        }
    }
    let mut reader = Reader {
        words: &words,
        at: 0,
        variables,
        depth: 0,
    };
    let found = reader.or();
    if reader.at == words.len() {
        found
    } else {
        Truth::Maybe
    }
}

enum Word {
    Open,
    Close,
    Value { value: Value, bare: bool },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
    variables: &'a Variables,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The word, if it stands without quotes and is known: it may be an operator.
    fn bare(&self, at: usize) -> Option<&'a str> {
        match self.words.get(at)? {
            Word::Value { value, bare: true } => value.single().map(|it| it.text.as_str()),
            _ => None,
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.bare(self.at) == Some(word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Truth {
        let mut found = self.and();
        while self.take("OR") {
            found = found.or(self.and());
        }
        found
    }

    fn and(&mut self) -> Truth {
        let mut found = self.not();
        while self.take("AND") {
            found = found.and(self.not());
        }
        found
    }

    fn not(&mut self) -> Truth {
        let mut odd = false;
        while self.take("NOT") {
            odd = !odd;
        }
        let found = self.test();
        if odd { found.not() } else { found }
    }

    fn test(&mut self) -> Truth {
        if matches!(self.words.get(self.at), Some(Word::Open)) {
            self.at += 1;
            self.depth += 1;
            let found = if self.depth > 64 {
                Truth::Maybe
            } else {
                self.or()
            };
            self.depth -= 1;
            if !matches!(self.words.get(self.at), Some(Word::Close)) {
                // Nothing after this can be read either.
                self.at = usize::MAX;
                return Truth::Maybe;
            }
            self.at += 1;
            return found;
        }
        let unary = [
            "EXISTS",
            "COMMAND",
            "POLICY",
            "TARGET",
            "TEST",
            "IS_DIRECTORY",
            "IS_SYMLINK",
            "IS_ABSOLUTE",
            "IS_READABLE",
            "IS_WRITABLE",
            "IS_EXECUTABLE",
        ];
        match self.bare(self.at) {
            Some("DEFINED") => {
                self.at += 2;
                return self
                    .bare(self.at - 1)
                    .map_or(Truth::Maybe, |name| self.defined(name));
            }
            Some(word) if unary.contains(&word) => {
                self.at += 2;
                return Truth::Maybe;
            }
            _ => {}
        }
        let left = self.at;
        self.at = self.at.saturating_add(1);
        let binary = [
            "STREQUAL",
            "EQUAL",
            "MATCHES",
            "LESS",
            "GREATER",
            "LESS_EQUAL",
            "GREATER_EQUAL",
            "STRLESS",
            "STRGREATER",
            "STRLESS_EQUAL",
            "STRGREATER_EQUAL",
            "VERSION_LESS",
            "VERSION_GREATER",
            "VERSION_EQUAL",
            "VERSION_LESS_EQUAL",
            "VERSION_GREATER_EQUAL",
            "IN_LIST",
            "IS_NEWER_THAN",
            "PATH_EQUAL",
        ];
        if let Some(operator) = self.bare(self.at).filter(|it| binary.contains(it)) {
            self.at += 2;
            return match operator {
                "STREQUAL" | "EQUAL" => self.equal(left, self.at - 1),
                _ => Truth::Maybe,
            };
        }
        self.single(left)
    }

    fn defined(&self, name: &str) -> Truth {
        match self.variables.get(name) {
            Some(Value::OneOf(all)) => Truth::common(all.iter().map(|it| Truth::of(it.is_some()))),
            Some(Value::Open(_)) => Truth::Maybe,
            None if belongs_to_cmake(name) => Truth::Maybe,
            None => Truth::No,
        }
    }

    /// What a word stands for in a comparison: a bare word that is a variable stands for its value.
    ///
    /// On the left, a bare word in capitals that these files do not set is taken for a variable of the machine.
    fn operand(&self, at: usize, side: Side) -> Option<Vec<String>> {
        let Word::Value { value, bare } = self.words.get(at)? else {
            return None;
        };
        let texts = value.texts()?;
        if *bare && let [name] = texts.as_slice() {
            if let Some(value) = self.variables.get(name) {
                let texts = value.texts()?;
                return Some(texts.into_iter().map(str::to_owned).collect());
            }
            let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
            if side == Side::Left && capital && name.chars().all(upper) {
                return None;
            }
        }
        Some(texts.into_iter().map(str::to_owned).collect())
    }

    fn equal(&self, left: usize, right: usize) -> Truth {
        let (Some(left), Some(right)) = (
            self.operand(left, Side::Left),
            self.operand(right, Side::Right),
        ) else {
            return Truth::Maybe;
        };
        let pairs = left
            .iter()
            .flat_map(|one| right.iter().map(move |other| (one, other)));
        Truth::common(pairs.map(|(one, other)| Truth::of(one == other)))
    }

    /// `if(<constant>)`, `if(<variable>)`, `if("<text>")`.
    fn single(&self, at: usize) -> Truth {
        let Some(Word::Value { value, bare }) = self.words.get(at) else {
            return Truth::Maybe;
        };
        let Some(texts) = value.texts() else {
            return Truth::Maybe;
        };
        Truth::common(texts.into_iter().map(|text| {
            if let Some(constant) = constant(text) {
                return constant;
            }
            if !bare {
                return Truth::No;
            }
            match self.variables.get(text) {
                Some(value) => match value.texts() {
                    Some(all) => {
                        let of = |it| Truth::of(constant(it) != Some(Truth::No));
                        Truth::common(all.into_iter().map(of))
                    }
                    None => Truth::Maybe,
                },
                // Whether an option is on is the caller's business.
                None => Truth::Maybe,
            }
        }))
    }
}

/// Variables that CMake or the tool chain sets, whether or not these files mention them.
fn belongs_to_cmake(name: &str) -> bool {
    let own = [
        "WIN32",
        "MINGW",
        "MSVC",
        "MSYS",
        "CYGWIN",
        "APPLE",
        "UNIX",
        "ANDROID",
        "IOS",
        "LINUX",
        "BSD",
        "EMSCRIPTEN",
        "WASI",
        "XCODE",
    ];
    own.contains(&name) || name.starts_with("CMAKE_") || name.contains('{')
}

fn constant(text: &str) -> Option<Truth> {
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "1" | "ON" | "YES" | "TRUE" | "Y" => Some(Truth::Yes),
        "0" | "OFF" | "NO" | "FALSE" | "N" | "IGNORE" | "" | "NOTFOUND" => Some(Truth::No),
        _ if upper.ends_with("-NOTFOUND") => Some(Truth::No),
        _ => text
            .parse::<f64>()
            .ok()
            .map(|figure| Truth::of(figure != 0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn check(condition: &str) -> Truth {
        let mut variables = Variables::default();
        variables.set("ON_IT", Value::text("ON"));
        variables.set("KIND", Value::text("IN_TREE"));
        variables.set("EITHER", Value::text("ON").or(Value::text("OFF")));
        variables.set("GONE", Value::unset());
        let source = format!("if({condition})");
        let lexed = lex(source.as_bytes());
        assert_eq!(lexed.faults, []);
        truth(
            &variables,
            source.as_bytes(),
            &Rc::from("f"),
            &lexed.commands[0].arguments,
        )
    }

    #[test]
    fn what_every_machine_agrees_on_is_decided() {
        let yes = [
            "ON",
            "1",
            "ON_IT",
            "NOT OFF",
            "KIND STREQUAL \"IN_TREE\"",
            "NOT DEFINED ELSEWHERE",
            "DEFINED KIND",
            "NOT DEFINED KIND OR KIND STREQUAL IN_TREE",
            "NOT (OFF OR NOT ON)",
            "OFF AND OFF OR ON",
            "ON OR ON AND OFF",
            "\"${KIND}\" STREQUAL \"IN_TREE\"",
            "NOT NOT ON",
            "NOT GONE",
            "NOT DEFINED GONE",
            "ON OR MINGW",
            "KIND",
        ];
        for condition in yes {
            assert_eq!(check(condition), Truth::Yes, "{condition}");
            assert_eq!(
                check(&format!("NOT ({condition})")),
                Truth::No,
                "{condition}"
            );
        }
    }

    #[test]
    fn what_depends_on_the_machine_is_open() {
        let maybe = [
            "MINGW",
            "NOT WIN32",
            "${WASM_ENABLED}",
            "NOT MINGW AND NOT ${WASM_ENABLED}",
            "\"${OS_NAME}\" STREQUAL \"linux\"",
            "EITHER",
            "CMAKE_SYSTEM_NAME STREQUAL Linux",
            "DEFINED CMAKE_C_COMPILER",
            "DEFINED ENV{HOME}",
            "EXISTS a",
            "x MATCHES y",
            "",
            "ON ON",
            "NOT",
            "AND",
            "ON AND",
            "DEFINED",
            "(ON) (ON)",
        ];
        for condition in maybe {
            assert_eq!(check(condition), Truth::Maybe, "{condition}");
        }
    }
}
