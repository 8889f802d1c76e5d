//! Writing a new version into a requirement without touching the rest of its text.
//!
//! Invariants: only version texts, and operators that cannot go with the new one, are replaced; every other byte stays.

use super::{Dialect, Requirement};
use crate::version::Version;
use std::ops::Range;

/// One comparison within the text.
struct Term {
    operator: Operator,
    /// The operator with white space behind it, and the version.
    at: Range<usize>,
    version: Range<usize>,
    /// Counted from 0, by `|` and `||`.
    alternative: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// `^`, `~`, `~=`, `>=`, `=`, none: its version follows.
    Follows,
    Below,
    AtMost,
    /// `>` and `!=` stay, and `===` with a text that is no version.
    Stays,
}

/// How many numbers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    AsWritten,
    Full,
}

/// The numbers of a version, and what stands behind them.
struct Target {
    dialect: Dialect,
    epoch: String,
    numbers: Vec<u64>,
    /// `-rc.1`, `rc1.dev2`, `.post1`.
    suffix: String,
    prerelease: bool,
}

/// The version as the dialect spells it, without build metadata; `None` where it cannot.
pub fn bare(version: &Version, dialect: Dialect) -> Option<String> {
    let text = match dialect {
        Dialect::Cargo | Dialect::Npm => version.semver()?,
        Dialect::Pep440 | Dialect::Poetry => version.pep440()?,
    };
    Some(text.split('+').next().unwrap_or_default().to_owned())
}

/// See [`Requirement::raised_to`].
pub fn raised(text: &str, dialect: Dialect, version: &Version) -> Option<String> {
    let target = Target::new(version, dialect)?;
    let terms = terms(text, dialect);
    let chosen = chosen(text, dialect, version);
    let terms: Vec<&Term> = terms
        .iter()
        .filter(|term| term.alternative == chosen)
        .collect();
    let write = |precision| {
        let mut written = String::with_capacity(text.len());
        let mut done = 0;
        for term in &terms {
            if let Some(new) = target.write(text, term, precision) {
                written.push_str(&text[done..term.at.start]);
                written.push_str(&new);
                done = term.at.end;
            }
        }
        written.push_str(&text[done..]);
        written
    };
    let short = write(Precision::AsWritten);
    let fits = |text: &str| {
        Requirement::parse(text, dialect).is_ok_and(|requirement| requirement.matches(version))
    };
    if fits(&short) {
        return Some(short);
    }
    let full = write(Precision::Full);
    Some(if fits(&full) { full } else { short })
}

/// The last alternative that lets the version in, or else the last.
fn chosen(text: &str, dialect: Dialect, version: &Version) -> usize {
    let separator = match dialect {
        Dialect::Npm => "||",
        Dialect::Poetry if text.contains("||") => "||",
        Dialect::Poetry => "|",
        Dialect::Cargo | Dialect::Pep440 => return 0,
    };
    let alternatives: Vec<&str> = text.split(separator).collect();
    let open = |text: &&str| {
        Requirement::parse(text.trim(), dialect).is_ok_and(|part| part.matches(version))
    };
    let last = alternatives.len() - 1;
    alternatives.iter().rposition(open).unwrap_or(last)
}

/// The text is known to be valid, so that a tokenizer is enough for all dialects.
fn terms(text: &str, dialect: Dialect) -> Vec<Term> {
    const OPERATORS: &str = "<>=!~^";
    let mut terms: Vec<Term> = Vec::new();
    let (mut at, mut alternative) = (0, 0);
    let mut upper = false;
    let span = |from: usize, wanted: &dyn Fn(char) -> bool| {
        let rest = &text[from..];
        from + rest.find(|c| !wanted(c)).unwrap_or(rest.len())
    };
    while at < text.len() {
        let start = span(at, &|c| c.is_whitespace() || c == ',' || c == '|');
        if text[at..start].contains('|') {
            alternative += 1;
        }
        let operator_end = span(start, &|c| OPERATORS.contains(c));
        let version_start = span(operator_end, &char::is_whitespace);
        let version_end = span(version_start, &|c| {
            // `!` ends an epoch there.
            !c.is_whitespace() && !",|".contains(c) && (c == '!' || !OPERATORS.contains(c))
        });
        at = version_end.max(start + 1);
        if version_start == version_end {
            continue;
        }
        let version = version_start..version_end;
        if &text[version.clone()] == "-" {
            // npm's `1.2 - 2.0`: the next one is the end.
            upper = true;
            continue;
        }
        let operator = match &text[start..operator_end] {
            _ if upper => Operator::AtMost,
            "<" => Operator::Below,
            "<=" => Operator::AtMost,
            ">" | "!=" | "<>" => Operator::Stays,
            "===" if text[version.clone()].parse::<pep440_rs::Version>().is_err() => {
                Operator::Stays
            }
            _ => Operator::Follows,
        };
        // `v1.2`, `=v1.2`: what npm skips stays.
        let skipped = match dialect {
            Dialect::Npm | Dialect::Pep440 | Dialect::Poetry => {
                span(version.start, &|c| "vV=".contains(c))
            }
            Dialect::Cargo => version.start,
        };
        upper = false;
        terms.push(Term {
            operator,
            at: start..version_end,
            version: skipped..version_end,
            alternative,
        });
    }
    terms
}

impl Target {
    fn new(version: &Version, dialect: Dialect) -> Option<Self> {
        let text = bare(version, dialect)?;
        let (epoch, rest) = match text.find('!') {
            Some(at) => text.split_at(at + 1),
            None => ("", text.as_str()),
        };
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        // `1.0.post1`: that dot belongs to what follows.
        let core = rest[..end].trim_end_matches('.');
        let numbers = core.split('.').map(|part| part.parse().unwrap_or(0));
        Some(Self {
            dialect,
            epoch: epoch.to_owned(),
            numbers: numbers.collect(),
            suffix: rest[core.len()..].to_owned(),
            prerelease: version.is_prerelease(),
        })
    }

    /// Operator and version; `None` where both stay.
    fn write(&self, text: &str, term: &Term, precision: Precision) -> Option<String> {
        let written = Written::read(&text[term.version.clone()]);
        if written.numbers.is_empty() {
            return None;
        }
        let operator = &text[term.at.start..term.version.start];
        Some(match term.operator {
            Operator::Stays => return None,
            Operator::Below | Operator::AtMost if self.within(&written, term.operator) => {
                return None;
            }
            Operator::Below => format!("{operator}{}", self.above(&written)?),
            Operator::AtMost | Operator::Follows => {
                let (operator, further) = match self.wildcard_operator(operator, &written) {
                    Some(instead) => (instead, 1),
                    None => (operator, 0),
                };
                // `~=1.2` and `~=1.2.0` are different things.
                let count = written.numbers.len() + further;
                let cut = self.numbers.iter().skip(count).any(|number| *number > 0);
                let precision = match precision {
                    Precision::AsWritten if self.prerelease && cut && !operator.contains('~') => {
                        Precision::Full
                    }
                    _ => precision,
                };
                format!("{operator}{}", self.series(&written, precision, count))
            }
        })
    }

    /// What stands for a wildcard where the new version is a pre-release.
    fn wildcard_operator(&self, operator: &str, written: &Written) -> Option<&'static str> {
        let equal = operator.trim_end_matches(['v', 'V', ' ']).trim_matches('=');
        if !self.prerelease || written.wildcards.is_empty() || !equal.is_empty() {
            return None;
        }
        Some(match (self.dialect, written.numbers.len()) {
            (Dialect::Pep440 | Dialect::Poetry, _) => "~=",
            (_, 1) => "^",
            _ => "~",
        })
    }

    /// At least so many numbers; all where SemVer has to name a pre-release.
    fn series(&self, written: &Written, precision: Precision, least: usize) -> String {
        let semver = matches!(self.dialect, Dialect::Cargo | Dialect::Npm);
        let count = match precision {
            _ if semver && self.prerelease => 3,
            Precision::Full => self.numbers.len().max(least),
            Precision::AsWritten => least,
        };
        let number = |at| self.numbers.get(at).copied().unwrap_or(0);
        let numbers: Vec<String> = (0..count).map(|at| number(at).to_string()).collect();
        let full = precision == Precision::Full && written.wildcards.is_empty();
        let (suffix, wildcards) = if self.prerelease || full {
            (self.suffix.as_str(), "")
        } else {
            ("", written.wildcards.as_str())
        };
        format!("{}{}{suffix}{wildcards}", self.epoch, numbers.join("."))
    }

    /// Whether an upper bound lets the version in.
    fn within(&self, bound: &Written, operator: Operator) -> bool {
        let semver = matches!(self.dialect, Dialect::Cargo | Dialect::Npm);
        // `<=1.2` is all of 1.2 in SemVer's dialects, and 1.2.0 in Python's.
        let count = match operator {
            Operator::AtMost if semver => bound.numbers.len(),
            _ => self.numbers.len().max(bound.numbers.len()),
        };
        let series = |numbers: &[u64]| -> Vec<u64> {
            (0..count)
                .map(|at| numbers.get(at).copied().unwrap_or(0))
                .collect()
        };
        let (own, bound) = (
            (self.epoch_number(), series(&self.numbers)),
            (bound.epoch, series(&bound.numbers)),
        );
        match operator {
            Operator::AtMost => own <= bound,
            _ => own < bound,
        }
    }

    fn epoch_number(&self) -> u64 {
        self.epoch.trim_end_matches('!').parse().unwrap_or(0)
    }

    /// The bound moved on by one above the version, at its last place that is not 0.
    fn above(&self, bound: &Written) -> Option<String> {
        let place = bound
            .numbers
            .iter()
            .rposition(|number| *number > 0)
            .unwrap_or(0);
        let mut numbers = vec![0; bound.numbers.len()];
        for (at, number) in numbers.iter_mut().enumerate().take(place + 1) {
            *number = self.numbers.get(at).copied().unwrap_or(0);
        }
        numbers[place] = numbers[place].checked_add(1)?;
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        // npm's `<2.0.0-0` keeps pre-releases of 2.0.0 out.
        let suffix = if bound.suffix == "-0" { "-0" } else { "" };
        Some(format!(
            "{}{}{suffix}{}",
            self.epoch,
            numbers.join("."),
            bound.wildcards
        ))
    }
}

/// A version as it stands in the requirement.
struct Written {
    epoch: u64,
    numbers: Vec<u64>,
    /// `.x`, `.*`
    wildcards: String,
    suffix: String,
}

impl Written {
    fn read(text: &str) -> Self {
        let (epoch, rest) = text.split_once('!').unwrap_or(("0", text));
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let core = rest[..end].trim_end_matches('.');
        let tail = &rest[core.len()..];
        let wild = tail.len() - tail.trim_start_matches(['.', '*', 'x', 'X']).len();
        // npm takes `1.x.3`, where the 3 counts for nothing.
        let wild = tail[..wild].trim_end_matches('.').len();
        let (wildcards, suffix) = tail.split_at(wild);
        Self {
            epoch: epoch.parse().unwrap_or(0),
            numbers: core
                .split('.')
                .map_while(|part| part.parse().ok())
                .collect(),
            wildcards: wildcards.to_owned(),
            suffix: suffix.to_owned(),
        }
    }
}
