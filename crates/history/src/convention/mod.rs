//! A convention: what the words at the beginning of a commit mean for the version and the changelog.
//!
//! Invariants: a convention that exists is valid: every name in it can occur. A breaking change asks for a major release
//! whatever its type, unless its scope is left out altogether (`level = "none"` and `group = false`). Reading a header is
//! linear in its length.
//!
//! Must not: read a body, a repository or a file.

mod gitmoji;
mod presets;

use crate::change::Kind;
use crate::conventional::{Breaking, Header, is_type};
use shipway_core::config::{self, Asked, Initial, Listed, Preset, Rule, Unconventional};
use shipway_core::version::Level;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The group of what does not say which kind of change it is, where such changes are listed.
pub const OTHER: &str = "Other";

/// What changes mean.
#[derive(Clone, Debug)]
pub struct Convention {
    /// How a header is read.
    pub preset: Preset,
    /// What changes ask for below 1.0.0.
    pub initial: Initial,
    pub unconventional: Unconventional,
    /// Whether the list of commits in the body of a squash merge counts.
    pub squash: bool,
    /// Whether the title of a pull request counts, where a merge commit tells it and the merged commits say nothing.
    pub merge_titles: bool,
    /// Which lines are believed to tell of a breaking change.
    pub breaking: Breaking,
    /// By type: lower case; as written in the Angular convention.
    types: HashMap<String, Meaning>,
    /// The project's own rules by type, lower case.
    own: BTreeMap<String, Rule>,
    /// By scope, lower case.
    scopes: BTreeMap<String, Rule>,
    /// By label of a pull request, lower case.
    labels: BTreeMap<String, Rule>,
    groups: Vec<String>,
}

/// What a type means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Meaning {
    level: Option<Level>,
    group: Option<String>,
    /// Where a breaking change of this type is listed, if not in `group`.
    breaking_group: Option<&'static str>,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub kind: Kind,
    /// The name that rules know it by.
    pub key: Cow<'a, str>,
    pub scope: Option<&'a str>,
    pub marked: bool,
    pub description: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConventionError {
    #[error("{name:?} is no type: no commit can have it")]
    Type { name: String },
    #[error("an empty text is no {what}")]
    Empty { what: &'static str },
    #[error("two {what} differ in case alone: {first:?} and {second:?}")]
    Twice {
        what: &'static str,
        first: String,
        second: String,
    },
    #[error("nothing is listed in the group {name:?}")]
    Group { name: String, known: Vec<String> },
    #[error("the group {name:?} is named twice")]
    SameGroup { name: String },
}

impl ConventionError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Type { .. } => {
                "write the word before the colon alone, as in docs; for gitmoji the name without colons, as in bug".to_owned()
            }
            Self::Empty { .. } => "write its name, or take the line away".to_owned(),
            Self::Twice { .. } => "keep one of them: they are compared without regard to case".to_owned(),
            Self::Group { known, .. } => format!("the groups are {}", known.join(", ")),
            Self::SameGroup { .. } => "name it once, where it belongs".to_owned(),
        }
    }
}

impl Default for Convention {
    /// Conventional Commits 1.0.0.
    fn default() -> Self {
        Self::preset(Preset::Conventional)
    }
}

impl Convention {
    /// One of the presets, as it is.
    pub fn preset(preset: Preset) -> Self {
        let angular = preset == Preset::Angular;
        let types = match preset {
            Preset::Conventional => presets::conventional(),
            Preset::Angular => presets::angular(),
            Preset::Gitmoji => gitmoji::types(),
        };
        Self {
            preset,
            initial: Initial::FeaturesMinor,
            unconventional: Unconventional::Hide,
            squash: !angular,
            merge_titles: !angular,
            breaking: if angular {
                Breaking::AnyCase
            } else {
                Breaking::UpperCase
            },
            types,
            own: BTreeMap::new(),
            scopes: BTreeMap::new(),
            labels: presets::labels(preset),
            groups: presets::groups(preset)
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }

    /// A preset with a project's own rules.
    ///
    /// # Errors
    /// [`ConventionError`], for what could never have an effect.
    pub fn of(config: &config::Changes) -> Result<Self, ConventionError> {
        let mut convention = Self::preset(config.preset);
        convention.initial = config.initial;
        convention.unconventional = config.unconventional;
        convention.squash = config.squash.unwrap_or(convention.squash);
        for (name, rule) in &config.types {
            let key = convention.type_key(name)?;
            convention.types.entry(key).or_default().overrule(rule);
        }
        convention.own = lower_case("types", &config.types)?;
        convention.scopes = lower_case("scopes", &config.scopes)?;
        convention
            .labels
            .extend(lower_case("labels", &config.labels)?);
        let rules = config
            .types
            .values()
            .chain(config.scopes.values())
            .chain(config.labels.values());
        for rule in rules {
            if let Some(Listed::In(group)) = &rule.group
                && !convention.groups.contains(group)
            {
                convention.groups.push(group.clone());
            }
        }
        convention.order(&config.groups)?;
        Ok(convention)
    }

    /// The changelog's groups in their order.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    fn order(&mut self, first: &[String]) -> Result<(), ConventionError> {
        for (at, name) in first.iter().enumerate() {
            if !self.groups.contains(name) {
                return Err(ConventionError::Group {
                    name: name.clone(),
                    known: self.groups.clone(),
                });
            }
            if first[..at].contains(name) {
                return Err(ConventionError::SameGroup { name: name.clone() });
            }
        }
        self.groups.retain(|name| !first.contains(name));
        self.groups.splice(0..0, first.iter().cloned());
        Ok(())
    }

    /// The name that a type's meaning is kept under.
    fn type_key(&self, name: &str) -> Result<String, ConventionError> {
        if self.preset == Preset::Gitmoji
            && let Some(code) = gitmoji::code(name)
        {
            return Ok(code.to_owned());
        }
        if is_type(name) {
            Ok(name.to_lowercase())
        } else {
            Err(ConventionError::Type {
                name: name.to_owned(),
            })
        }
    }

    /// What a header says; `None` where it does not follow the convention.
    pub(crate) fn header<'a>(&self, line: &'a str) -> Option<Said<'a>> {
        match self.preset {
            Preset::Conventional => Header::read(line).map(said),
            Preset::Angular => presets::angular_header(line),
            Preset::Gitmoji => gitmoji::header(line).or_else(|| Header::read(line).map(said)),
        }
    }

    /// What the project itself says of a type, in lower case.
    pub(crate) fn rule_of_type(&self, name: &str) -> Option<&Rule> {
        self.own.get(name)
    }

    /// What a label of a pull request means.
    pub(crate) fn rule_of_label(&self, label: &str) -> Option<&Rule> {
        self.labels.get(&label.trim().to_lowercase())
    }

    /// Whether the convention has a meaning for the type, be it that it is not listed.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.types.contains_key(key)
    }

    /// Level and group of a change.
    pub(crate) fn meaning(
        &self,
        key: &str,
        scope: Option<&str>,
        is_breaking: bool,
    ) -> (Option<Level>, Option<String>) {
        let by_type = self.types.get(key);
        let mut level = by_type.and_then(|meaning| meaning.level);
        let mut group = by_type.and_then(|meaning| meaning.group.clone());
        if self.preset == Preset::Conventional
            && group.is_some()
            && scope.is_some_and(|scope| scope.eq_ignore_ascii_case(presets::SECURITY_SCOPE))
        {
            group = Some(presets::SECURITY.to_owned());
        }
        let rule = scope.and_then(|scope| self.scope_rule(scope));
        if let Some(rule) = rule {
            match rule.level {
                Some(Asked::Nothing) => level = None,
                Some(Asked::Level(asked)) => level = Some(asked),
                None => {}
            }
            match &rule.group {
                Some(Listed::Hidden) => group = None,
                Some(Listed::In(name)) => group = Some(name.clone()),
                None => {}
            }
            if is_left_out(rule) {
                return (None, None);
            }
        }
        if is_breaking {
            level = Some(Level::Major);
            let named = by_type.and_then(|meaning| meaning.breaking_group);
            group =
                group.or_else(|| Some(named.unwrap_or(presets::changed(self.preset)).to_owned()));
        }
        (level, group)
    }

    /// Level and group of a change that does not follow the convention.
    pub(crate) fn meaning_of_other(&self, is_breaking: bool) -> (Option<Level>, Option<String>) {
        if is_breaking {
            let group = presets::changed(self.preset).to_owned();
            return (Some(Level::Major), Some(group));
        }
        match self.unconventional {
            Unconventional::Hide => (None, None),
            Unconventional::List => (None, Some(OTHER.to_owned())),
            Unconventional::Patch => (Some(Level::Patch), Some(OTHER.to_owned())),
        }
    }

    fn scope_rule(&self, scope: &str) -> Option<&Rule> {
        if self.scopes.is_empty() {
            return None;
        }
        self.scopes
            .get(scope)
            .or_else(|| self.scopes.get(&scope.to_lowercase()))
    }
}

impl Meaning {
    fn overrule(&mut self, rule: &Rule) {
        match rule.level {
            Some(Asked::Nothing) => self.level = None,
            Some(Asked::Level(level)) => self.level = Some(level),
            None => {}
        }
        match &rule.group {
            Some(Listed::Hidden) => self.group = None,
            Some(Listed::In(name)) => self.group = Some(name.clone()),
            None => {}
        }
    }
}

/// Whether a rule leaves a scope out altogether: what is built there does not reach users.
fn is_left_out(rule: &Rule) -> bool {
    rule.level == Some(Asked::Nothing) && rule.group == Some(Listed::Hidden)
}

fn said(header: Header<'_>) -> Said<'_> {
    let key = if header.kind.chars().any(char::is_uppercase) {
        Cow::Owned(header.kind.to_lowercase())
    } else {
        Cow::Borrowed(header.kind)
    };
    Said {
        kind: Kind::of(&key),
        key,
        scope: header.scope,
        marked: header.marked,
        description: header.description,
    }
}

fn lower_case(
    what: &'static str,
    rules: &BTreeMap<String, Rule>,
) -> Result<BTreeMap<String, Rule>, ConventionError> {
    let mut lower = BTreeMap::new();
    let mut written: BTreeMap<String, &String> = BTreeMap::new();
    for (name, rule) in rules {
        let key = name.trim().to_lowercase();
        if key.is_empty() {
            return Err(ConventionError::Empty {
                what: what.trim_end_matches('s'),
            });
        }
        if let Some(first) = written.insert(key.clone(), name) {
            return Err(ConventionError::Twice {
                what,
                first: first.clone(),
                second: name.clone(),
            });
        }
        lower.insert(key, rule.clone());
    }
    Ok(lower)
}

#[cfg(test)]
mod tests;
