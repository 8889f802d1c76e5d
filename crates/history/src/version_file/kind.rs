//! The kinds of files that hold a version: one table, from which names, reading, spelling and documentation come.

use super::error::{Fault, VersionFileError};
use super::place::Place;
use super::spelling::Spelling;
use super::{c_header, ini, json, pattern, python, toml};
use std::fmt;

/// A kind of file, by its row in [`KINDS`].
#[derive(Clone, Copy)]
pub struct Kind(&'static Row);

/// What is known of a kind.
pub struct Row {
    /// As the configuration names it: `kind = "pyproject"`.
    pub name: &'static str,
    /// Names of files that are of this kind, with at most one `*`; with a `/` it is the end of the path. Earlier rows win.
    pub files: &'static [&'static str],
    pub spelling: Spelling,
    /// Where the version stands, for people.
    pub place: &'static str,
    /// What `key` means here, for people; empty where there is none.
    pub key: &'static str,
    /// A piece of such a file.
    pub example: &'static str,
    find: Find,
}

type Find = fn(&str, Option<&str>) -> Result<Vec<Place>, Fault>;

/// All kinds. A name that no row holds needs a pattern, or a `kind`.
pub static KINDS: &[Row] = &[
    Row {
        name: "cargo",
        files: &["Cargo.toml"],
        spelling: Spelling::Semver,
        place: "`version` in `[package]` and `[workspace.package]`",
        key: "a dotted key",
        example: "[package]\nversion = \"1.4.0\"\n",
        find: toml::cargo,
    },
    Row {
        name: "pyproject",
        files: &["pyproject.toml"],
        spelling: Spelling::Pep440,
        place: "`version` in `[project]`, `[tool.poetry]` or `[tool.pdm]`",
        key: "a dotted key",
        example: "[project]\nversion = \"1.4.0\"\n",
        find: toml::pyproject,
    },
    Row {
        name: "toml",
        files: &["*.toml"],
        spelling: Spelling::Scheme,
        place: "`version` at the top",
        key: "a dotted key",
        example: "version = \"1.4.0\"\n",
        find: toml::any,
    },
    Row {
        name: "npm",
        files: &[
            "package.json",
            "deno.json",
            "deno.jsonc",
            "jsr.json",
            "composer.json",
        ],
        spelling: Spelling::Semver,
        place: "`version` of the outermost object",
        key: "a dotted key",
        example: "{ \"version\": \"1.4.0\" }\n",
        find: json::any,
    },
    Row {
        name: "json",
        files: &["*.json", "*.jsonc", "*.json5"],
        spelling: Spelling::Scheme,
        place: "`version` of the outermost object",
        key: "a dotted key",
        example: "{ \"version\": \"1.4.0\" }\n",
        find: json::any,
    },
    Row {
        name: "setup-cfg",
        files: &["setup.cfg"],
        spelling: Spelling::Pep440,
        place: "`version` in `[metadata]`",
        key: "section.option",
        example: "[metadata]\nversion = 1.4.0\n",
        find: ini::setup_cfg,
    },
    Row {
        name: "bumpversion",
        files: &[".bumpversion.cfg"],
        spelling: Spelling::Scheme,
        place: "`current_version` in `[bumpversion]`",
        key: "section.option",
        example: "[bumpversion]\ncurrent_version = 1.4.0\n",
        find: ini::bumpversion,
    },
    Row {
        name: "ini",
        files: &["*.ini", "*.cfg"],
        spelling: Spelling::Scheme,
        place: "what the key names",
        key: "section.option",
        example: "version = 1.4.0\n",
        find: ini::any,
    },
    Row {
        name: "properties",
        files: &["*.properties"],
        spelling: Spelling::Scheme,
        place: "`version`",
        key: "the name of a property",
        example: "version=1.4.0\n",
        find: ini::properties,
    },
    Row {
        name: "setup-py",
        files: &["setup.py"],
        spelling: Spelling::Pep440,
        place: "the argument `version`, or an assignment that it refers to",
        key: "the name of a variable",
        example: "setup(\n    version=\"1.4.0\",\n)\n",
        find: python::setup_py,
    },
    Row {
        name: "python",
        files: &["*.py"],
        spelling: Spelling::Pep440,
        place: "`__version__`, `VERSION` or `version`, also as a tuple of numbers",
        key: "the name of a variable",
        example: "__version__ = \"1.4.0\"\n",
        find: python::assignments,
    },
    Row {
        name: "c-header",
        files: &["*.h", "*.hpp", "*.hh", "*.hxx", "*.h.in"],
        spelling: Spelling::Scheme,
        place: "`#define X_VERSION \"…\"`, and `X_VERSION_MAJOR`, `_MINOR`, `_PATCH`",
        key: "the name of a macro, without `_MAJOR`",
        example: "#define X_VERSION_MAJOR 1\n#define X_VERSION_MINOR 4\n#define X_VERSION_PATCH 0\n#define X_VERSION \"1.4.0\"\n",
        find: c_header::places,
    },
    Row {
        name: "debian-changelog",
        files: &["debian/changelog"],
        spelling: Spelling::Scheme,
        place: "refused: an entry says more than a version",
        key: "",
        example: "",
        find: |_, _| {
            Err(Fault::Refused {
                why: "an entry of debian/changelog says who, when and what, not only a version",
                instead: "take it out of version-files, and write the entry with dch --newversion in a step of your own",
            })
        },
    },
    Row {
        name: "text",
        files: &["VERSION", "VERSION.txt", "version.txt", "version"],
        spelling: Spelling::Scheme,
        place: "all of the file",
        key: "",
        example: "1.4.0\n",
        find: |text, _| pattern::between(text, "", ""),
    },
];

impl Kind {
    /// The kind that the name of a file tells.
    pub fn of_path(path: &str) -> Option<Self> {
        let fits = |row: &&Row| row.files.iter().any(|glob| is_named(path, glob));
        KINDS.iter().find(fits).map(Self)
    }

    /// The kind that a configuration names.
    ///
    /// # Errors
    /// [`VersionFileError::Kind`], whose hint tells what was probably meant.
    pub fn named(name: &str) -> Result<Self, VersionFileError> {
        let found = KINDS.iter().find(|row| row.name == name);
        found.map(Self).ok_or_else(|| VersionFileError::Kind {
            name: name.to_owned(),
        })
    }

    /// The names of all kinds, in the table's order.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|row| row.name).collect()
    }

    pub fn spelling(self) -> Spelling {
        self.0.spelling
    }

    pub(super) fn nearest(name: &str) -> Option<Self> {
        let likeness = |row: &&Row| {
            row.name.starts_with(name) || name.starts_with(row.name) || row.files.contains(&name)
        };
        KINDS
            .iter()
            .filter(|_| !name.is_empty())
            .find(likeness)
            .map(Self)
    }

    pub(super) fn places(self, text: &str, key: Option<&str>) -> Result<Vec<Place>, Fault> {
        if key.is_some() && self.0.key.is_empty() {
            return Err(Fault::Key("this kind of file is read without one"));
        }
        (self.0.find)(text, key)
    }
}

/// Rows have names of their own.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.0.name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

fn is_named(path: &str, glob: &str) -> bool {
    if glob.contains('/') {
        let before = path.strip_suffix(glob);
        return before.is_some_and(|before| before.is_empty() || before.ends_with('/'));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    match glob.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => name == glob,
    }
}
