//! Change files: what people write down beside a change, in the form of changesets, `.changeset/*.md`.
//!
//! A file has a front matter, `"component": level` on each line between two lines of `---`, and then Markdown: its first line
//! becomes the change's description. The level stands as a person wrote it, also below 1.0.0. A file without components is one
//! that says that nothing is to be released.
//!
//! Invariants: a file that is read and written again says the same; each component is named once.
//!
//! Must not: read or write files; know which components there are.

use crate::change::{Change, Origin};
use crate::conventional::shown;
use crate::read::unsaid;
use serde::Deserialize;
use shipway_core::version::Level;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The file of a directory of change files that tells people about it.
pub const README: &str = "README.md";

/// One change file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeFile {
    /// By component; `None` is written `none`: nothing is released for it.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Markdown, without blank lines around it.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFileError {
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
    #[error("{path} has no front matter")]
    NoFront { path: String },
    #[error("the front matter of {path} has no end")]
    Unclosed { path: String },
    #[error("{path}, line {line}: {text:?} is no component with its level")]
    Line {
        path: String,
        line: usize,
        text: String,
    },
    #[error("{path}, line {line}: {text:?} is no level")]
    Level {
        path: String,
        line: usize,
        text: String,
    },
    #[error("{path}, line {line}: {component:?} is named a second time")]
    Twice {
        path: String,
        line: usize,
        component: String,
    },
    #[error("{path} cannot be read: {why}")]
    Json { path: String, why: String },
}

impl ChangeFileError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotText { .. } => "save the file as UTF-8",
            Self::NoFront { .. } => {
                "begin it with --- on a line, then lines like \"name\": patch, then --- and the text"
            }
            Self::Unclosed { .. } => "put a line of --- between the levels and the text",
            Self::Line { .. } => "write it like \"name\": patch",
            Self::Level { .. } => "use patch, minor, major or none",
            Self::Twice { .. } => "keep one of the lines",
            Self::Json { .. } => "correct it as the message says",
        }
    }
}

impl ChangeFile {
    /// Whether a file of the directory is one, by its name alone.
    pub fn is_named(name: &str) -> bool {
        name.strip_suffix(".md")
            .is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
            && !name.eq_ignore_ascii_case(README)
    }

    /// Reads one. `path` is for errors.
    ///
    /// # Errors
    /// [`ChangeFileError`], with the line.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, ChangeFileError> {
        let path = || path.to_owned();
        let text =
            std::str::from_utf8(bytes).map_err(|_| ChangeFileError::NotText { path: path() })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .lines()
            .enumerate()
            .skip_while(|(_, line)| line.trim().is_empty());
        if lines
            .next()
            .is_none_or(|(_, line)| line.trim_end() != "---")
        {
            return Err(ChangeFileError::NoFront { path: path() });
        }
        let mut levels = BTreeMap::new();
        loop {
            let Some((at, line)) = lines.next() else {
                return Err(ChangeFileError::Unclosed { path: path() });
            };
            let line = line.trim();
            if line == "---" {
                break;
            }
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = at + 1;
            let wrong = || ChangeFileError::Line {
                path: path(),
                line: at,
                text: shown(line),
            };
            let (component, level) = entry(line).ok_or_else(wrong)?;
            let known = LEVELS.iter().find(|(word, _)| *word == level);
            let (_, level) = known.ok_or_else(|| ChangeFileError::Level {
                path: path(),
                line: at,
                text: shown(level),
            })?;
            if levels.insert(component.clone(), *level).is_some() {
                return Err(ChangeFileError::Twice {
                    path: path(),
                    line: at,
                    component,
                });
            }
        }
        let rest: Vec<&str> = lines.map(|(_, line)| line).collect();
        Ok(Self {
            levels,
            text: rest.join("\n").trim().to_owned(),
        })
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let mut text = "---\n".to_owned();
        for (component, level) in &self.levels {
            let level = level.map_or("none".to_owned(), |level| level.to_string());
            let quoted = component.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(text, "\"{quoted}\": {level}");
        }
        text.push_str("---\n");
        if !self.text.is_empty() {
            let _ = writeln!(text, "\n{}", self.text.trim());
        }
        text
    }

    /// What follows the first line of the text: Markdown for the changelog. Empty where there is nothing.
    pub fn details(&self) -> &str {
        self.text
            .split_once('\n')
            .map_or("", |(_, rest)| rest.trim())
    }

    /// The changes that it tells of: one for each level, the highest first, with the components of that level.
    pub fn changes(&self, path: &str) -> Vec<Change> {
        let mut by_level: BTreeMap<Option<Level>, Vec<String>> = BTreeMap::new();
        for (component, level) in &self.levels {
            by_level.entry(*level).or_default().push(component.clone());
        }
        let first = self.text.lines().next().unwrap_or_default();
        let description = shown(first.trim_start_matches('#').trim());
        let change = |(level, components): (Option<Level>, Vec<String>)| {
            let mut references = Vec::new();
            crate::reference::find(&self.text, &mut references);
            Change {
                origin: Origin::File(path.to_owned()),
                breaking: (level == Some(Level::Major)).then(|| description.clone()),
                description: description.clone(),
                references,
                level,
                group: level.map(|level| group(level).to_owned()),
                components,
                ..unsaid()
            }
        };
        by_level.into_iter().rev().map(change).collect()
    }

    /// A file name that people can say: `brave-otters-sing.md`. `random` is any number; `taken` says which names there are.
    pub fn name(mut random: u64, taken: impl Fn(&str) -> bool) -> String {
        const HOW: [&str; 16] = [
            "brave", "calm", "clever", "cosy", "eager", "fair", "gentle", "happy", "kind", "lucky",
            "quick", "quiet", "shiny", "silver", "tidy", "warm",
        ];
        const WHO: [&str; 16] = [
            "bears", "boats", "cats", "clouds", "cranes", "ducks", "foxes", "hills", "lamps",
            "moons", "otters", "owls", "rivers", "ships", "stars", "trees",
        ];
        const WHAT: [&str; 16] = [
            "dance", "draw", "float", "glow", "hum", "jump", "laugh", "listen", "march", "read",
            "rest", "run", "sail", "sing", "wait", "wave",
        ];
        let mut pick = |words: &[&'static str; 16]| {
            let word = words[usize::try_from(random % 16).unwrap_or_default()];
            random /= 16;
            word
        };
        let stem = format!("{}-{}-{}", pick(&HOW), pick(&WHO), pick(&WHAT));
        let mut name = format!("{stem}.md");
        let mut more = 2_u64;
        while taken(&name) {
            name = format!("{stem}-{more}.md");
            more += 1;
        }
        name
    }
}

/// Where a change of that level is listed, as Keep a Changelog calls it.
fn group(level: Level) -> &'static str {
    match level {
        Level::Patch => "Fixed",
        Level::Minor => "Added",
        Level::Major => "Changed",
    }
}

/// What a file's word asks for.
const LEVELS: [(&str, Option<Level>); 4] = [
    ("none", None),
    ("patch", Some(Level::Patch)),
    ("minor", Some(Level::Minor)),
    ("major", Some(Level::Major)),
];

/// `"name": level`, `'name': level` or `name: level`, with a comment behind it or not.
fn entry(line: &str) -> Option<(String, &str)> {
    let (component, rest) = if let Some(rest) = line.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => name.push(
                    chars
                        .next()
                        .map(|(_, c)| c)
                        .filter(|c| "\\\"".contains(*c))?,
                ),
                (_, c) => name.push(c),
            }
        };
        (name, rest[end + 1..].trim_start().strip_prefix(':')?)
    } else if let Some(rest) = line.strip_prefix('\'') {
        let (name, rest) = rest.split_once('\'')?;
        (name.to_owned(), rest.trim_start().strip_prefix(':')?)
    } else {
        let (name, rest) = line.rsplit_once(": ")?;
        (name.trim().to_owned(), rest)
    };
    let level = rest.split(" #").next().unwrap_or_default().trim();
    let level = level.trim_matches(['"', '\'']);
    let named = !component.trim().is_empty() && shown(&component) == component;
    named.then_some((component, level))
}

/// `.changeset/config.json`, as far as it says how components belong together. Everything else in it is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangesetConfig {
    /// Groups that always have one version; names or patterns.
    pub fixed: Vec<Vec<String>>,
    /// Groups whose members, when released together, get the highest version among them.
    pub linked: Vec<Vec<String>>,
    /// Components that are not released.
    pub ignore: Vec<String>,
    pub base_branch: Option<String>,
}

/// `.changeset/pre.json`: the repository makes pre-releases until somebody ends it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreMode {
    pub mode: Mode,
    /// What pre-releases are called: `beta`.
    pub tag: String,
    /// Each component's version when the mode was entered.
    pub initial_versions: BTreeMap<String, String>,
    /// Stems of the change files that a pre-release has had already; they count again for the release that ends it.
    pub changesets: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Pre,
    /// The next release ends it.
    Exit,
}

impl ChangesetConfig {
    /// # Errors
    /// [`ChangeFileError::Json`].
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, ChangeFileError> {
        json(path, bytes)
    }
}

impl PreMode {
    /// # Errors
    /// [`ChangeFileError::Json`].
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, ChangeFileError> {
        json(path, bytes)
    }
}

fn json<T: for<'de> Deserialize<'de>>(path: &str, bytes: &[u8]) -> Result<T, ChangeFileError> {
    serde_json::from_slice(bytes).map_err(|error| ChangeFileError::Json {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = ".changeset/brave-otters-sing.md";

    fn read(text: &str) -> Result<ChangeFile, ChangeFileError> {
        ChangeFile::read(PATH, text.as_bytes())
    }

    #[test]
    fn a_file_is_a_change_for_each_level() {
        let text = "\u{feff}\n---\r\n\"@scope/a\": minor\r\n'b': patch # why\r\nc: minor\r\nd: none\r\n---\r\n\r\n# Add it, #12\r\n\r\nMore\r\nof it\r\n";
        let file = read(text).unwrap();
        assert_eq!(file.details(), "More\nof it");
        let changes = file.changes(PATH);
        let told: Vec<_> = changes
            .iter()
            .map(|change| {
                (
                    change.level,
                    change.group.as_deref(),
                    change.components.join(" "),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some(Level::Minor), Some("Added"), "@scope/a c".to_owned()),
                (Some(Level::Patch), Some("Fixed"), "b".to_owned()),
                (None, None, "d".to_owned()),
            ]
        );
        assert_eq!(changes[0].description, "Add it, #12");
        assert_eq!(changes[0].references, ["#12"]);
        assert_eq!(changes[0].origin, Origin::File(PATH.to_owned()));
        assert_eq!(changes[0].to_string(), format!("Add it, #12 ({PATH})"));
    }

    #[test]
    fn a_file_without_components_asks_for_nothing() {
        let file = read("---\n---\n").unwrap();
        assert_eq!(file.changes(PATH), []);
        assert_eq!(file.write(), "---\n---\n");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, error) in [
            ("", ".changeset/brave-otters-sing.md has no front matter"),
            (
                "a: patch\n",
                ".changeset/brave-otters-sing.md has no front matter",
            ),
            (
                "---\na: patch\n",
                "the front matter of .changeset/brave-otters-sing.md has no end",
            ),
            (
                "---\n\na: big\n---\n",
                ".changeset/brave-otters-sing.md, line 3: \"big\" is no level",
            ),
            (
                "---\na\n---\n",
                ".changeset/brave-otters-sing.md, line 2: \"a\" is no component with its level",
            ),
            (
                "---\n\"a: patch\n---\n",
                ".changeset/brave-otters-sing.md, line 2: \"\\\"a: patch\" is no component with its level",
            ),
            (
                "---\na: patch\n\"a\": minor\n---\n",
                ".changeset/brave-otters-sing.md, line 3: \"a\" is named a second time",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), error, "{text:?}");
        }
        assert!(matches!(
            ChangeFile::read(PATH, b"---\n\xff"),
            Err(ChangeFileError::NotText { .. })
        ));
    }

    #[test]
    fn names_tell_which_files_count() {
        for (name, is_one) in [
            ("a-b.md", true),
            ("README.md", false),
            ("readme.md", false),
            ("config.json", false),
            (".md", false),
        ] {
            assert_eq!(ChangeFile::is_named(name), is_one, "{name}");
        }
        assert_eq!(ChangeFile::name(0, |_| false), "brave-bears-dance.md");
        assert_eq!(ChangeFile::name(0x123, |_| false), "cosy-cats-draw.md");
        assert_eq!(
            ChangeFile::name(0, |name| name == "brave-bears-dance.md"),
            "brave-bears-dance-2.md"
        );
    }

    #[test]
    fn settings_of_changesets_are_read() {
        let config = br#"{"$schema": "x", "fixed": [["a", "b"]], "linked": [], "ignore": ["docs"], "baseBranch": "main", "access": "public"}"#;
        let config = ChangesetConfig::read("config.json", config).unwrap();
        assert_eq!(
            (
                config.fixed.len(),
                config.ignore,
                config.base_branch.as_deref()
            ),
            (1, vec!["docs".to_owned()], Some("main"))
        );
        let pre = br#"{"mode": "pre", "tag": "beta", "initialVersions": {"a": "1.0.0"}, "changesets": ["brave-otters-sing"]}"#;
        let pre = PreMode::read("pre.json", pre).unwrap();
        assert_eq!(
            (
                pre.mode,
                pre.tag.as_str(),
                pre.initial_versions["a"].as_str()
            ),
            (Mode::Pre, "beta", "1.0.0")
        );
        let bad = PreMode::read("pre.json", br#"{"mode": "other"}"#).unwrap_err();
        assert!(
            bad.to_string()
                .starts_with("pre.json cannot be read: unknown variant `other`"),
            "{bad}"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            levels in proptest::collection::btree_map("[ -~]{0,6}[!-~]", 0_usize..4, 0..4), text in "([!-~][ -~]{0,20}[!-~]\n){0,3}",
        ) {
            let level = |at: usize| [None, Some(Level::Patch), Some(Level::Minor), Some(Level::Major)][at];
            let file = ChangeFile {
                levels: levels.into_iter().map(|(name, at)| (name, level(at))).collect(),
                text: text.trim().to_owned(),
            };
            prop_assert_eq!(read(&file.write()).unwrap(), file);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "(---|[\"'a:# \n]|patch){0,20}") {
            let _ = ChangeFile::read(PATH, &bytes);
            if let Ok(file) = read(&text) {
                prop_assert_eq!(read(&file.write()).unwrap(), file);
            }
        }
    }
}
