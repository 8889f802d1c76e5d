//! PEP 440's version specifiers, and Poetry's additions to them.
//!
//! Invariants: Poetry's `^`, `~`, wildcards and bare versions are spelled out as specifiers while reading.
//!
//! The comparisons are our own: those of `pep440_rs` do not pad `==1.2.*` with zeros and refuse every pre-release of the
//! release that `<1.0rc2` names.

use pep440_rs::{Operator, Version, VersionSpecifier};

/// Alternatives; PEP 440 has just one.
#[derive(Clone, Debug)]
pub struct Union(Vec<Set>);

type Set = Vec<Clause>;

#[derive(Clone, Debug)]
enum Clause {
    Specifier(VersionSpecifier),
    /// `===`: the text, whatever it is.
    Text(String),
}

const FORM: &str = "a specifier is one of ==, !=, <=, >=, <, >, ~= and === with a version";

impl Union {
    pub fn pep440(text: &str) -> Result<Self, &'static str> {
        let parts = text.split(',').map(str::trim);
        let clauses = parts.filter(|part| !part.is_empty()).map(clause);
        Ok(Self(vec![clauses.collect::<Result<_, _>>()?]))
    }

    pub fn poetry(text: &str) -> Result<Self, &'static str> {
        let alternatives = text.split('|').map(str::trim).collect::<Vec<_>>();
        let mut sets = Vec::new();
        for (at, alternative) in alternatives.iter().enumerate() {
            // `||` leaves an empty text in the middle.
            if !alternative.is_empty() {
                sets.push(poetry_set(alternative)?);
            } else if at == 0 || at + 1 == alternatives.len() {
                return Err("an alternative is empty");
            }
        }
        Ok(Self(sets))
    }

    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().any(|set| {
            set.iter().all(|clause| clause.matches(version))
                && (!version.any_prerelease() || set.iter().any(Clause::names_a_prerelease))
        })
    }
}

fn clause(text: &str) -> Result<Clause, &'static str> {
    if let Some(exact) = text.strip_prefix("===") {
        let exact = exact.trim();
        // The standard takes any text; one with an operator in it is a slip.
        let odd = |c: char| c.is_whitespace() || "<>=~^|;)".contains(c);
        return if exact.is_empty() || exact.contains(odd) {
            Err(FORM)
        } else {
            Ok(Clause::Text(exact.to_lowercase()))
        };
    }
    let specifier: VersionSpecifier = text.parse().map_err(|_| FORM)?;
    Ok(Clause::Specifier(specifier))
}

impl Clause {
    fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Text(text) => version.to_string() == *text,
            Self::Specifier(specifier) => {
                compare(*specifier.operator(), specifier.version(), version)
            }
        }
    }

    fn names_a_prerelease(&self) -> bool {
        match self {
            Self::Text(text) => text.parse().is_ok_and(|v: Version| v.any_prerelease()),
            Self::Specifier(specifier) => {
                let excludes = matches!(
                    specifier.operator(),
                    Operator::NotEqual | Operator::NotEqualStar
                );
                !excludes && specifier.any_prerelease()
            }
        }
    }
}

fn compare(operator: Operator, named: &Version, version: &Version) -> bool {
    let public = version.clone().without_local();
    let same_release = || {
        series(
            named,
            named.release().len().max(version.release().len()),
            version,
        )
    };
    match operator {
        Operator::Equal | Operator::ExactEqual if named.is_local() => version == named,
        Operator::Equal | Operator::ExactEqual => public == *named,
        Operator::NotEqual => !compare(Operator::Equal, named, version),
        Operator::EqualStar => series(named, named.release().len(), version),
        Operator::NotEqualStar => !series(named, named.release().len(), version),
        Operator::TildeEqual => {
            public >= *named && series(named, named.release().len() - 1, version)
        }
        Operator::LessThanEqual => public <= *named,
        Operator::GreaterThanEqual => public >= *named,
        // "must not allow a pre-release of the specified version unless the specified version is itself a pre-release"
        Operator::LessThan => {
            version < named
                && (named.any_prerelease() || !version.any_prerelease() || !same_release())
        }
        // "must not allow a post-release of the given version unless [it] is itself a post release", nor a local version of it
        Operator::GreaterThan => {
            version > named
                && (named.is_post() || !version.is_post() || !same_release())
                && (!version.is_local() || !same_release())
        }
    }
}

/// Whether epoch and the first numbers are the same; numbers that are not written are 0.
fn series(named: &Version, count: usize, version: &Version) -> bool {
    let number = |version: &Version, at| version.release().get(at).copied().unwrap_or(0);
    named.epoch() == version.epoch()
        && (0..count).all(|at| number(named, at) == number(version, at))
}

/// Specifiers with commas or white space between them; white space may stand behind an operator too.
fn poetry_set(text: &str) -> Result<Set, &'static str> {
    let mut set = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let mut any = false;
        while let Some(word) = words.next() {
            any = true;
            let bare = word.trim_start_matches(['<', '>', '=', '~', '^', '!']);
            let operator = &word[..word.len() - bare.len()];
            let version = match bare {
                "" => words
                    .next()
                    .ok_or("a version is missing behind an operator")?,
                _ => bare,
            };
            set.extend(poetry_clauses(operator, version)?);
        }
        if !any {
            return Err("nothing stands beside a comma");
        }
    }
    Ok(set)
}

fn poetry_clauses(operator: &str, text: &str) -> Result<Set, &'static str> {
    let starred = text.trim_end_matches(['.', '*', 'x', 'X']);
    let wild = starred.len() < text.len() && !text.ends_with('.');
    match operator {
        "" | "==" | "=" if wild && starred.is_empty() => Ok(Vec::new()),
        "" | "==" | "=" if wild => Ok(vec![clause(&format!("=={starred}.*"))?]),
        "!=" | "<>" if wild => Ok(vec![clause(&format!("!={starred}.*"))?]),
        _ if wild => Err("a wildcard stands alone, or behind == or !="),
        "" | "=" => Ok(vec![clause(&format!("=={text}"))?]),
        "<>" => Ok(vec![clause(&format!("!={text}"))?]),
        "^" | "~" => {
            let low: Version = text
                .parse()
                .map_err(|_| "behind ^ and ~ stands a version")?;
            let place = match (operator, low.release()) {
                ("~", [_]) => 0,
                ("~", _) => 1,
                // The first number that is not 0; of zeros alone, the last.
                (_, release) => {
                    let nonzero = release.iter().position(|number| *number > 0);
                    nonzero.unwrap_or(release.len() - 1).min(2)
                }
            };
            let mut release = low.release()[..=place.min(low.release().len() - 1)].to_vec();
            let last = release.last_mut().ok_or(FORM)?;
            *last = last.checked_add(1).ok_or("a number is too large")?;
            let high = Version::new(release).with_epoch(low.epoch());
            Ok(vec![
                Clause::Specifier(VersionSpecifier::greater_than_equal_version(
                    low.without_local(),
                )),
                Clause::Specifier(VersionSpecifier::less_than_version(high)),
            ])
        }
        _ => Ok(vec![clause(&format!("{operator}{text}"))?]),
    }
}
