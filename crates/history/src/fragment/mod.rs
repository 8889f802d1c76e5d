//! News fragments: what people write into small files beside a change, as towncrier reads them, `newsfragments/123.feature.rst`.
//!
//! The name says which issue it is about and which type of news it is; the text is for users. What towncrier's settings say
//! about directories, sections, types and ignored files holds here too: they stand in `[tool.towncrier]` of `pyproject.toml` or
//! `towncrier.toml`. Three things are stricter, because news would be lost without a word: a file whose name has no type, a
//! file without text where the text is shown, and two types with one name are refused.
//!
//! What a type asks for: `feature` a minor release, `bugfix` a patch, `removal` a major one because it takes something away,
//! `doc` and `misc` none. Of types that a project made itself, those whose names say so ask for the same, and for a minor release
//! where they deprecate (SemVer 2.0.0, point 7); any other asks for a patch where its text is shown to users. The rules of
//! `[changes] types` stand above all that. Below 1.0.0 the same holds as for commits.
//!
//! Invariants: a file is a change, left out because its name says so, or an error; the cost is linear in the files.
//!
//! Must not: read files; write the news.

mod settings;

use crate::change::{Change, Kind, Origin};
use crate::convention::Convention;
use crate::conventional::shown;
use crate::read::unsaid;
use crate::reference;
use globset::GlobSet;
use shipway_core::config::{Asked, Listed};
use shipway_core::version::Level;
use std::collections::HashMap;

/// Where news fragments are and what their names mean.
#[derive(Clone, Debug)]
pub struct Fragments {
    sections: Vec<Section>,
    types: Vec<NewsType>,
    /// Positions in `types`, by the word in a file's name.
    by_word: HashMap<String, usize>,
    ignored: GlobSet,
    /// What begins the name of a file that belongs to no issue.
    orphan: String,
}

/// A part of the news, and the directory of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    /// Empty for the first, which mostly is the only one.
    name: String,
    /// From the top of the repository, with `/`; empty for the top itself.
    directory: String,
}

/// A type of news.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NewsType {
    /// In a file's name: `feature`.
    word: String,
    /// In the changelog: `Features`.
    title: String,
    /// Whether the text is shown, beside the issue's number.
    shows_text: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
    #[error("{path}, line {line}: {why}")]
    Setting {
        path: String,
        line: usize,
        why: String,
    },
    #[error("{path}, line {line}: there are two types of news with the name {name:?}")]
    Twice {
        path: String,
        line: usize,
        name: String,
    },
    #[error("the name of {path} has no type of news in it")]
    Name { path: String, types: Vec<String> },
    #[error("{path} says nothing")]
    Empty { path: String },
    #[error("{first} and {second} have the same issue, type and number")]
    Same { first: String, second: String },
}

impl FragmentError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
            Self::Setting { .. } => "correct it as the message says".to_owned(),
            Self::Twice { .. } => "keep one of them, or give them different directories".to_owned(),
            Self::Name { types, .. } => format!(
                "name it ISSUE.TYPE.md, with a type out of {}; or list it in towncrier's setting ignore",
                types.join(", ")
            ),
            Self::Empty { .. } => "write a sentence for users, or delete the file".to_owned(),
            Self::Same { .. } => {
                "put a number behind the type of one of them, as in 123.feature.1.md".to_owned()
            }
        }
    }
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name<'a> {
    issue: &'a str,
    /// Position of the type.
    kind: usize,
    /// Several files about one issue are counted.
    counter: u64,
}

/// A fragment before it becomes a change.
struct Draft<'a> {
    path: &'a str,
    section: usize,
    name: Name<'a>,
    text: &'a str,
}

impl Fragments {
    /// The directories that hold fragments, from the top of the repository, with `/`.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.sections
            .iter()
            .map(|section| section.directory.as_str())
    }

    /// The changelog's groups in the order of the settings.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|kind| kind.title.as_str())
    }

    /// Whether a file is a fragment, or was meant to be one: it is in one of the directories, and its name is not one that is ignored.
    pub fn holds(&self, path: &str) -> bool {
        self.section_of(path).is_some()
    }

    fn section_of(&self, path: &str) -> Option<usize> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let section = self
            .sections
            .iter()
            .position(|section| section.directory == directory)?;
        (!self.is_ignored(name)).then_some(section)
    }

    /// Hidden files, `README` with any ending, and what the settings name. Case does not matter.
    fn is_ignored(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name.starts_with('.')
            || name == "readme"
            || name.starts_with("readme.")
            || self.ignored.is_match(&name)
    }

    /// `issue.type`, `issue.type.md`, `issue.type.1.md`: the last part that is a type is the type, and what stands before it the
    /// issue, with dots or without.
    fn name<'a>(&self, name: &'a str) -> Option<Name<'a>> {
        let mut end = name.len();
        let mut after: Option<&str> = None;
        loop {
            let dot = name[..end].rfind('.')?;
            let part = &name[dot + 1..end];
            if let Some(kind) = self.by_word.get(part) {
                let counter = after.filter(|part| is_number(part));
                return Some(Name {
                    issue: name[..dot].trim(),
                    kind: *kind,
                    counter: counter.and_then(|part| part.parse().ok()).unwrap_or(0),
                });
            }
            after = Some(part);
            end = dot;
        }
    }

    /// The changes that the files tell of, in the order of sections, types and issues. Files that are in none of the directories,
    /// or whose names are ignored, are passed over. Those that say the same become one change, with the references of all; its
    /// origin is the first of them.
    ///
    /// # Errors
    /// [`FragmentError`], with the file.
    pub fn read<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        convention: &Convention,
    ) -> Result<Vec<Change>, FragmentError> {
        let mut drafts = Vec::new();
        for (path, bytes) in files {
            if let Some(section) = self.section_of(path) {
                drafts.push(self.draft(path, section, bytes)?);
            }
        }
        drafts.sort_by_key(|draft| {
            let Name {
                issue,
                kind,
                counter,
            } = draft.name;
            let number: u64 = issue.parse().unwrap_or(u64::MAX);
            (draft.section, kind, number, issue, counter, draft.path)
        });
        let mut changes: Vec<Change> = Vec::new();
        let mut said: HashMap<(usize, usize, &str), usize> = HashMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &drafts[before]);
            if let Some(first) =
                before.filter(|first| (first.section, &first.name) == (draft.section, &draft.name))
            {
                return Err(FragmentError::Same {
                    first: shown(first.path),
                    second: shown(draft.path),
                });
            }
            let change = self.change(draft, convention)?;
            let key = (draft.section, draft.name.kind, draft.text);
            match said.get(&key).filter(|_| !draft.text.is_empty()) {
                Some(known) => {
                    let known = &mut changes[*known];
                    let new = change.references.iter();
                    for one in new.take(reference::MOST) {
                        if !known.references.contains(one)
                            && known.references.len() < reference::MOST
                        {
                            known.references.push(one.clone());
                        }
                    }
                }
                None => {
                    said.insert(key, changes.len());
                    changes.push(change);
                }
            }
        }
        Ok(changes)
    }

    fn draft<'a>(
        &self,
        path: &'a str,
        section: usize,
        bytes: &'a [u8],
    ) -> Result<Draft<'a>, FragmentError> {
        let file = path.rsplit('/').next().unwrap_or(path);
        let unnamed = || FragmentError::Name {
            path: shown(path),
            types: self.types.iter().map(|kind| kind.word.clone()).collect(),
        };
        let mut name = self.name(file).ok_or_else(unnamed)?;
        if name.issue.trim_start_matches(&self.orphan).is_empty() {
            // The orphan's prefix alone is a name that towncrier itself gives.
            if name.issue != self.orphan {
                return Err(unnamed());
            }
        } else if is_number(name.issue) {
            // `007` and `7` are one issue.
            let digits = name.issue.trim_start_matches('0');
            name.issue = if digits.is_empty() { "0" } else { digits };
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| FragmentError::NotText { path: shown(path) })?;
        Ok(Draft {
            path,
            section,
            name,
            text: text.strip_prefix('\u{feff}').unwrap_or(text).trim(),
        })
    }

    fn change(&self, draft: &Draft<'_>, convention: &Convention) -> Result<Change, FragmentError> {
        let news = &self.types[draft.name.kind];
        let section = &self.sections[draft.section];
        let mut references: Vec<String> = self.reference(draft.name.issue).into_iter().collect();
        let paragraph = paragraph(draft.text);
        let description = match references.first().filter(|_| !news.shows_text) {
            Some(issue) => issue.clone(),
            None if paragraph.is_empty() => {
                return Err(FragmentError::Empty {
                    path: shown(draft.path),
                });
            }
            None => paragraph,
        };
        if news.shows_text {
            reference::find(draft.text, &mut references);
        }
        let (level, group) = meaning(news, convention);
        Ok(Change {
            origin: Origin::File(draft.path.to_owned()),
            kind: kind(&news.word),
            scope: Some(section.name.clone()).filter(|name| !name.is_empty()),
            breaking: (level == Some(Level::Major)).then(|| description.clone()),
            description,
            references,
            level,
            group,
            ..unsaid()
        })
    }

    /// `123` as `#123`; another name where it is a reference by itself: `gh-123`.
    fn reference(&self, issue: &str) -> Option<String> {
        if issue.starts_with(&self.orphan) {
            return None;
        }
        if is_number(issue) {
            return (issue.len() <= 18).then(|| format!("#{issue}"));
        }
        let number = ["gh-", "GH-"]
            .iter()
            .find_map(|prefix| issue.strip_prefix(prefix))?;
        (is_number(number) && number.len() <= 18).then(|| format!("GH-{number}"))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first paragraph, on one line, without the sign of a list.
fn paragraph(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let joined = lines.join(" ");
    let bare = ["- ", "* "]
        .iter()
        .find_map(|sign| joined.strip_prefix(sign));
    shown(bare.unwrap_or(&joined).trim())
}

fn kind(word: &str) -> Kind {
    match word.to_lowercase().as_str() {
        "feature" | "feat" => Kind::Feature,
        "bugfix" | "fix" | "fixed" | "bug" => Kind::Fix,
        "performance" | "perf" => Kind::Performance,
        other => Kind::Named(other.to_owned()),
    }
}

/// Level and group of a type: what its name says, unless the project's own rules say otherwise.
fn meaning(news: &NewsType, convention: &Convention) -> (Option<Level>, Option<String>) {
    let word = news.word.to_lowercase();
    let mut level = match word.as_str() {
        "feature" | "feat" | "features" | "enhancement" | "added" | "add" | "new"
        | "deprecation" | "deprecated" => Some(Level::Minor),
        "removal" | "removed" | "breaking" | "major" | "incompatible" => Some(Level::Major),
        "doc" | "docs" | "misc" | "internal" | "contrib" | "chore" | "dev" | "test" | "tests"
        | "ci" => None,
        _ => news.shows_text.then_some(Level::Patch),
    };
    let mut group = Some(news.title.clone());
    if let Some(rule) = convention.rule_of_type(&word) {
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
    }
    (level, group)
}

#[cfg(test)]
mod tests;
