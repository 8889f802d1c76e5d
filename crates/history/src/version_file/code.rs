//! Where the version stands in source of programming languages: a constant that is a string.

use super::error::Fault;
use super::place::Place;
use super::source::{FAR, Quote, Source, Syntax, in_name};
use std::ops::Range;

type Places = Result<Vec<Place>, Fault>;

const fn looks_like_one(open: &'static str) -> Quote {
    Quote {
        open,
        close: "",
        escape: None,
        lines: false,
    }
}

/// A string without escapes that may have several lines.
const fn raw(open: &'static str, close: &'static str) -> Quote {
    Quote {
        open,
        close,
        escape: None,
        lines: true,
    }
}

const C_LINE: &[&str] = &["//"];
const C_BLOCK: &[(&str, &str)] = &[("/*", "*/")];

const RUST: Syntax = Syntax {
    line: C_LINE,
    block: C_BLOCK,
    quotes: &[
        raw("r##\"", "\"##"),
        raw("r#\"", "\"#"),
        raw("r\"", "\""),
        looks_like_one("'\"'"),
        Quote {
            open: "\"",
            close: "\"",
            escape: Some(b'\\'),
            lines: true,
        },
    ],
};

/// Go, Java, Kotlin, C#, PHP, Dart, Swift, JavaScript and TypeScript, as far as a constant needs.
const C_LIKE: Syntax = Syntax {
    line: C_LINE,
    block: C_BLOCK,
    quotes: &[
        Quote::of("\"\"\""),
        raw("`", "`"),
        looks_like_one("'\"'"),
        Quote::of("\""),
        Quote::of("'"),
    ],
};

const HASH: Syntax = Syntax {
    line: &["#"],
    block: &[("\n=begin", "\n=end")],
    quotes: &[Quote::of("\"\"\""), Quote::of("\""), Quote::of("'")],
};

const GRADLE: Syntax = Syntax {
    line: C_LINE,
    block: C_BLOCK,
    quotes: &[
        Quote::of("\"\"\""),
        Quote::of("'''"),
        Quote::of("\""),
        Quote::of("'"),
    ],
};

const NIX: Syntax = Syntax {
    line: &["#"],
    block: C_BLOCK,
    quotes: &[raw("''", "''"), Quote::of("\"")],
};

/// `pub const VERSION: &str = "1.4.0";`
pub(super) fn rust(text: &str, key: Option<&str>) -> Places {
    constants(&Source::of(text, &RUST), key, &["VERSION"])
}

/// `const Version = "1.4.0"`, `public static final String VERSION = "1.4.0";`
pub(super) fn c_like(text: &str, key: Option<&str>) -> Places {
    let names = ["VERSION", "Version", "version"];
    constants(&Source::of(text, &C_LIKE), key, &names)
}

/// `VERSION = "1.4.0"`
pub(super) fn ruby(text: &str, key: Option<&str>) -> Places {
    constants(&Source::of(text, &HASH), key, &["VERSION"])
}

/// `spec.version = "1.4.0"` of a gemspec or podspec.
pub(super) fn attribute(text: &str, _: Option<&str>) -> Places {
    let source = Source::of(text, &HASH);
    let words = source
        .words("version")
        .filter(|at| source.code[..*at].ends_with('.'));
    let found = words.filter_map(|at| {
        let rest = source.code[at + "version".len()..].trim_start_matches([' ', '\t']);
        literal(
            &source,
            rest.strip_prefix('=')
                .filter(|rest| !rest.starts_with(['=', '~']))?,
            &[],
        )
    });
    needed(
        found.collect(),
        "no string is assigned to version: where a constant is, another file holds it",
    )
}

/// `version: "1.4.0"` in `project`, or `@version "1.4.0"`.
pub(super) fn mix(text: &str, _: Option<&str>) -> Places {
    let source = Source::of(text, &HASH);
    let found = source.words("version").filter_map(|at| {
        let rest = &source.code[at + "version".len()..];
        let (before, code) = (&source.code[..at], rest.strip_prefix(':'));
        match (code, before.ends_with('@')) {
            (Some(rest), false) => literal(&source, rest, &[]),
            (None, true) => literal(&source, rest, &[]),
            _ => None,
        }
    });
    needed(found.collect(), "neither version: nor @version is a string")
}

/// `version = "1.4.0"` of the project or all of its parts, else Android's `versionName`.
pub(super) fn gradle(text: &str, key: Option<&str>) -> Places {
    let source = Source::of(text, &GRADLE);
    let statement = |name: &str, everywhere: bool| -> Vec<Range<usize>> {
        let words = source.words(name).filter(|at| {
            let line = source.before(*at).rsplit('\n').next().unwrap_or_default();
            let own = match source.depth(*at) {
                0 => true,
                1 => ["allprojects", "subprojects"].contains(&source.opener(*at)),
                _ => false,
            };
            line.trim().is_empty() && (own || everywhere)
        });
        let found = words.filter_map(|at| {
            let rest = source.code[at + name.len()..].trim_start_matches([' ', '\t']);
            let value = rest.strip_prefix('=').unwrap_or(rest);
            literal(&source, value, &[])
        });
        found.collect()
    };
    let found = match key {
        Some(key) => statement(key, true),
        None => {
            let own = statement("version", false);
            if own.is_empty() {
                statement("versionName", true)
            } else {
                own
            }
        }
    };
    needed(
        found,
        "no string is assigned to the project's version: gradle.properties may hold it",
    )
}

/// `version = "1.4.0";`
pub(super) fn nix(text: &str, key: Option<&str>) -> Places {
    let source = Source::of(text, &NIX);
    let name = key.unwrap_or("version");
    let words = source
        .words(name)
        .filter(|at| !source.code[..*at].ends_with(['.', '-']));
    let found = words.filter_map(|at| {
        let rest = source.code[at + name.len()..].trim_start();
        literal(
            &source,
            rest.strip_prefix('=')
                .filter(|rest| !rest.starts_with('='))?,
            &[';'],
        )
    });
    needed(found.collect(), "no string is assigned to version")
}

/// The argument `version: '1.4.0'` of `project`.
pub(super) fn meson(text: &str, _: Option<&str>) -> Places {
    const SYNTAX: Syntax = Syntax {
        line: &["#"],
        block: &[],
        quotes: &[raw("'''", "'''"), Quote::of("'")],
    };
    let source = Source::of(text, &SYNTAX);
    let arguments = source
        .words("project")
        .find_map(|at| arguments(&source, at + "project".len()));
    let arguments = arguments.unwrap_or(0..0);
    let words = source.words("version").filter(|at| arguments.contains(at));
    let found = words.filter(|at| source.depth(*at) == 1).filter_map(|at| {
        let rest = source.code[at + "version".len()..].trim_start();
        literal(&source, rest.strip_prefix(':')?, &[',', ')'])
    });
    needed(found.collect(), "project() has no string as its version")
}

/// Constants of one of the names, at the top or declared as such.
fn constants(source: &Source, key: Option<&str>, names: &[&str]) -> Places {
    let mut found = Vec::new();
    let wanted = key.as_ref().map_or(names, std::slice::from_ref);
    for name in wanted {
        for at in source.words(name) {
            let rest = source.code[at + name.len()..].trim_start_matches([' ', '\t']);
            let value = assigned(rest).filter(|_| is_declared(source, at));
            found.extend(value.and_then(|value| literal(source, value, &[';', ',', '}', ')'])));
        }
    }
    needed(found, "no string is assigned to a constant named VERSION")
}

/// Whether what stands before a name on its line makes it a constant: not a part of an expression, not a local variable.
fn is_declared(source: &Source, at: usize) -> bool {
    let before = source.before(at).rsplit(['\n', ';', '{', '}']).next();
    let before = before.unwrap_or_default().trim();
    let mut words = before.split(|c: char| !in_name(c));
    let plain = |c: char| in_name(c) || c.is_whitespace() || "<>[]$*&()".contains(c);
    let declared = ["const", "static", "final", "public", "pub"];
    let group = || before.is_empty() && ["const", "var"].contains(&source.opener(at));
    match source.depth(at) {
        0 => before.chars().all(plain),
        _ => (before.chars().all(plain) && words.any(|word| declared.contains(&word))) || group(),
    }
}

/// What follows the sign of an assignment, perhaps after a type: `: &str = …`, ` string = …`, `:= …`.
fn assigned(rest: &str) -> Option<&str> {
    let near = &rest[..rest.len().min(FAR)];
    let line = near.split('\n').next().unwrap_or_default();
    let sign = line.find('=')?;
    let kind = line[..sign].trim();
    let kind = kind.strip_prefix(':').unwrap_or(kind).trim();
    let is_type = kind
        .chars()
        .all(|c| in_name(c) || c.is_whitespace() || "&'<>.".contains(c));
    let value = &rest[sign + 1..];
    (is_type && !value.starts_with(['=', '>', '~'])).then_some(value)
}

/// The string that a text of code begins with, and that one of the signs or the end of the line follows.
fn literal(source: &Source, value: &str, ends: &[char]) -> Option<Range<usize>> {
    let at = source.code.len() - value.trim_start().len();
    let (inner, end) = source.string(at)?;
    let rest = source.code[end..].trim_start_matches([' ', '\t']);
    let ends = rest.is_empty()
        || rest.starts_with(['\n', '\r'])
        || rest.starts_with(".freeze")
        || rest.starts_with("as const")
        || ends.iter().any(|sign| rest.starts_with(*sign))
        // The methods and signs that leave a version as it is.
        || (ends.is_empty() && rest.starts_with([',', ';', ')', ']', '}']));
    (ends && !inner.is_empty()).then_some(inner)
}

/// From the bracket after a name to the one that closes it.
fn arguments(source: &Source, after: usize) -> Option<Range<usize>> {
    let rest = source.code[after..].trim_start();
    let open = source.code.len() - rest.len();
    if !rest.starts_with('(') || source.depth(open) != 0 {
        return None;
    }
    let closes = source.code[open..]
        .match_indices(')')
        .map(|(at, _)| open + at);
    let close = closes.into_iter().find(|at| source.depth(*at) == 1)?;
    Some(open..close)
}

fn needed(found: Vec<Range<usize>>, why: &'static str) -> Places {
    if found.is_empty() {
        return Err(Fault::Missing(why));
    }
    Ok(found.into_iter().map(Place::from).collect())
}

/// `project(x VERSION 1.4.0)`; with a key `set(KEY 1.4.0)`; where a variable says it, the numbers that make it up.
pub(super) fn cmake(text: &str, key: Option<&str>) -> Places {
    const SYNTAX: Syntax = Syntax {
        line: &["#"],
        block: &[("#[[", "]]"), ("#[=[", "]=]")],
        quotes: &[Quote {
            open: "\"",
            close: "\"",
            escape: Some(b'\\'),
            lines: true,
        }],
    };
    let source = Source::of(text, &SYNTAX);
    let command = |name: &'static str| -> Vec<Range<usize>> {
        let both = source.words(name).collect::<Vec<_>>();
        let upper = name.to_uppercase();
        let all = both
            .into_iter()
            .chain(source.words(&upper).collect::<Vec<_>>());
        all.filter_map(|at| arguments(&source, at + name.len()))
            .collect()
    };
    if let Some(key) = key {
        let found = command("set").into_iter().filter_map(|inside| {
            let words = words(&source, &inside);
            let [name, value, ..] = words.as_slice() else {
                return None;
            };
            (text[name.clone()] == *key
                && text[value.clone()].starts_with(|c: char| c.is_ascii_digit()))
            .then(|| value.clone())
        });
        return needed(found.collect(), "no set() gives the variable a version");
    }
    let mut found = Vec::new();
    for inside in command("project") {
        let words = words(&source, &inside);
        let at = words
            .iter()
            .position(|word| text[word.clone()] == *"VERSION");
        if let Some(value) = at.and_then(|at| words.get(at + 1))
            && text[value.clone()].starts_with(|c: char| c.is_ascii_digit())
        {
            found.push(value.clone());
        }
    }
    needed(
        found,
        "project() has no VERSION that is a number: a key names the variable that is set()",
    )
}

/// The arguments of a command, without the quotes around them.
fn words(source: &Source, inside: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = inside.start + 1;
    while at < inside.end {
        let rest = &source.code[at..inside.end];
        if let Some((inner, end)) = source.string(at) {
            found.push(inner);
            at = end;
        } else if rest.starts_with(char::is_whitespace) {
            at += 1;
        } else {
            let length = rest
                .find(|c: char| c.is_whitespace() || c == '"')
                .unwrap_or(rest.len());
            found.push(at..at + length.max(1));
            at += length.max(1);
        }
    }
    found
}
