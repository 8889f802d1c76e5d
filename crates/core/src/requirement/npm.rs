//! node-semver's ranges, in its strict form: "Advanced range syntax" and "Range grammar" of its documentation.
//!
//! Invariants: a range is a union of sets of plain comparisons; every short form is spelled out while reading.
//!
//! Numbers go up to 2^64 - 1, as in SemVer's Rust library; node-semver stops at 2^53 - 1. A union that has `*` in it is a
//! union here; node-semver drops all others then, also those that let a pre-release in.

use semver::{Prerelease, Version};
use std::cmp::Ordering;

#[derive(Clone, Debug)]
pub struct Range(Vec<Vec<Comparison>>);

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Below,
    AtMost,
    Above,
    AtLeast,
    Same,
}

/// A version of which the end may be missing or a wildcard: `1`, `1.x`, `1.2.3-rc.1`. Numbers behind a wildcard count for none.
struct Partial {
    numbers: Vec<u64>,
    pre: Prerelease,
}

const EMPTY: &str = "a version is missing behind an operator";
const NUMBERS: &str = "a version is up to three numbers or wildcards, with dots between them";
const LARGE: &str = "a number is too large";

impl Range {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        text.split("||")
            .map(set)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().any(|set| {
            let named = |comparison: &Comparison| {
                let named = &comparison.version;
                !named.pre.is_empty() && numbers(named) == numbers(version)
            };
            set.iter().all(|comparison| comparison.holds(version))
                && (version.pre.is_empty() || set.iter().any(named))
        })
    }
}

impl Comparison {
    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.version);
        match self.operator {
            Operator::Below => order == Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Above => order == Ordering::Greater,
            Operator::AtLeast => order != Ordering::Less,
            Operator::Same => order == Ordering::Equal,
        }
    }
}

fn numbers(version: &Version) -> [u64; 3] {
    [version.major, version.minor, version.patch]
}

/// One alternative: a hyphen range, or comparisons that all have to hold. Empty: any version.
fn set(text: &str) -> Result<Vec<Comparison>, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [from, "-", to] = words[..] {
        return hyphen(&Partial::parse(from)?, &Partial::parse(to)?);
    }
    let mut set = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['<', '>', '=', '~', '^']);
        let operator = &word[..word.len() - bare.len()];
        // White space may stand behind an operator.
        let version = match bare {
            "" => words.next().ok_or(EMPTY)?,
            _ => bare,
        };
        set.extend(comparisons(operator, &Partial::parse(version)?)?);
    }
    Ok(set)
}

fn comparisons(operator: &str, partial: &Partial) -> Result<Vec<Comparison>, &'static str> {
    let written = partial.numbers.len();
    let first = partial.first();
    let from = |version| at(Operator::AtLeast, version);
    Ok(match operator {
        // Behind an operator, node-semver skips any number of `=`.
        _ if operator.trim_start_matches('=').is_empty() => match written {
            0 => Vec::new(),
            3 => vec![at(Operator::Same, first)],
            place => vec![from(first), partial.below(place - 1)?],
        },
        "^" => match partial.numbers[..] {
            [] => Vec::new(),
            [0, 0, _] => vec![from(first), partial.below(2)?],
            [0, _, _] | [0, _] => vec![from(first), partial.below(1)?],
            _ => vec![from(first), partial.below(0)?],
        },
        "~" | "~>" => match written {
            0 => Vec::new(),
            1 => vec![from(first), partial.below(0)?],
            _ => vec![from(first), partial.below(1)?],
        },
        _ => {
            let Some(rest) = operator.strip_prefix(['<', '>']) else {
                return Err("that operator does not exist");
            };
            if !rest.trim_start_matches('=').is_empty() {
                return Err("that operator does not exist");
            }
            let (above, or_same) = (operator.starts_with('>'), !rest.is_empty());
            match (above, or_same, written) {
                (_, true, 0) => Vec::new(),
                (_, false, 0) => vec![nothing()],
                (true, true, _) => vec![from(first)],
                (true, false, 3) => vec![at(Operator::Above, first)],
                (true, false, place) => vec![from(partial.next(place - 1)?)],
                (false, true, 3) => vec![at(Operator::AtMost, first)],
                (false, true, place) => vec![partial.below(place - 1)?],
                (false, false, 3) => vec![at(Operator::Below, first)],
                (false, false, _) => vec![at(Operator::Below, lowest(first))],
            }
        }
    })
}

fn hyphen(from: &Partial, to: &Partial) -> Result<Vec<Comparison>, &'static str> {
    let mut set = Vec::new();
    if !from.numbers.is_empty() {
        set.push(at(Operator::AtLeast, from.first()));
    }
    match to.numbers.len() {
        0 => {}
        3 => set.push(at(Operator::AtMost, to.first())),
        place => set.push(to.below(place - 1)?),
    }
    Ok(set)
}

impl Partial {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_start_matches(['v', '=']);
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (core, rest) = text.split_at(end);
        let parts: Vec<&str> = core.split('.').collect();
        if parts.len() > 3 || (parts.len() < 3 && !rest.is_empty()) {
            return Err(NUMBERS);
        }
        let (pre, build) = rest.split_once('+').unwrap_or((rest, "0"));
        semver::BuildMetadata::new(build)
            .ok()
            .filter(|build| !build.is_empty())
            .ok_or("build metadata is letters, digits and `-`, with dots between them")?;
        let pre = match pre.strip_prefix('-') {
            Some("") => return Err("a pre-release is missing behind `-`"),
            Some(pre) => Prerelease::new(pre).map_err(
                |_| "a pre-release is letters, digits and `-`, no number beginning with 0",
            )?,
            None => Prerelease::EMPTY,
        };
        let numbers = parts
            .iter()
            .map(|part| number(part))
            .collect::<Result<Vec<_>, _>>()?;
        let numbers: Vec<u64> = numbers.into_iter().map_while(|number| number).collect();
        let whole = numbers.len() == 3;
        Ok(Self {
            numbers,
            pre: if whole { pre } else { Prerelease::EMPTY },
        })
    }

    /// The lowest version that it stands for.
    fn first(&self) -> Version {
        let number = |place| self.numbers.get(place).copied().unwrap_or(0);
        Version {
            pre: self.pre.clone(),
            ..Version::new(number(0), number(1), number(2))
        }
    }

    /// With the number at `place` raised by one and 0 behind it.
    fn next(&self, place: usize) -> Result<Version, &'static str> {
        let mut numbers = [0; 3];
        for (to, from) in numbers.iter_mut().zip(&self.numbers).take(place + 1) {
            *to = *from;
        }
        numbers[place] = numbers[place].checked_add(1).ok_or(LARGE)?;
        Ok(Version::new(numbers[0], numbers[1], numbers[2]))
    }

    /// Below that, and below its pre-releases.
    fn below(&self, place: usize) -> Result<Comparison, &'static str> {
        Ok(at(Operator::Below, lowest(self.next(place)?)))
    }
}

/// `None` for a wildcard.
fn number(part: &str) -> Result<Option<u64>, &'static str> {
    if ["x", "X", "*"].contains(&part) {
        return Ok(None);
    }
    if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NUMBERS);
    }
    if part.len() > 1 && part.starts_with('0') {
        return Err("a number begins with 0");
    }
    part.parse().map(Some).map_err(|_| LARGE)
}

fn at(operator: Operator, version: Version) -> Comparison {
    Comparison { operator, version }
}

/// `-0`, which no pre-release of these numbers is below.
fn lowest(mut version: Version) -> Version {
    version.pre = Prerelease::new("0").unwrap_or_default();
    version
}

fn nothing() -> Comparison {
    at(Operator::Below, lowest(Version::new(0, 0, 0)))
}
