//! `[project]`, `[changelog]` and `[environment]`.

use super::node::{Names, Node, Part, Table};
use super::source::At;
use super::value;
use crate::config::{
    Changelog, ChangelogFormat, Environment, NextVersion, Project, Scheme, VersionFile,
};
use crate::name::{BadName, RefName};
use crate::version::{CalendarFormat, Version};

const PROJECT: &[&str] = &[
    "name",
    "scheme",
    "branch",
    "remote",
    "tag",
    "version-files",
    "release-branch",
    "commit-message",
    "tag-message",
    "next",
    "initial-version",
    "import",
];

const SCHEMES: &[(&str, Scheme)] = &[
    ("semver", Scheme::Semver),
    ("pep440", Scheme::Pep440),
    ("calver", Scheme::Calver(CalendarFormat::DEFAULT)),
];

const NEXT: &[(&str, NextVersion)] = &[
    ("dev-minor", NextVersion::DevMinor),
    ("dev-patch", NextVersion::DevPatch),
    ("none", NextVersion::None),
];

/// A version that every scheme's patterns are tried with.
const SAMPLE: &str = "2026.1.0";

pub(super) fn project(part: Part<'_>) -> Project {
    let Some(table) = part.open(PROJECT) else {
        return Project {
            name: String::new(),
            scheme: Scheme::Semver,
            branch: String::new(),
            remote: String::new(),
            tag: String::new(),
            version_files: Vec::new(),
            release_branch: None,
            commit_message: String::new(),
            tag_message: String::new(),
            next: NextVersion::None,
            initial_version: None,
            import: None,
        };
    };
    let pattern = |key, default: &str, check: Check| {
        let node = table.get(key);
        let read = node
            .as_ref()
            .and_then(|node| version_pattern(node, key, check));
        read.unwrap_or_else(|| default.to_owned())
    };
    Project {
        name: name(&table).unwrap_or_default(),
        scheme: table
            .need("scheme", "scheme = \"pep440\" (or semver, or calver)")
            .and_then(|node| scheme(&node))
            .unwrap_or(Scheme::Semver),
        branch: branch(&table).unwrap_or_else(|| "main".to_owned()),
        remote: remote(&table).unwrap_or_else(|| "origin".to_owned()),
        tag: pattern("tag", "v{version}", |text| RefName::tag(&text).map(drop)),
        version_files: version_files(&table),
        release_branch: release_branch(&table),
        commit_message: pattern("commit-message", "Prepare release v{version}", |_| Ok(())),
        tag_message: pattern("tag-message", "Release version {version}", |_| Ok(())),
        next: table
            .get("next")
            .and_then(|node| value::choice(&node, "next", NEXT))
            .unwrap_or(NextVersion::DevMinor),
        initial_version: initial_version(&table),
        import: table.get("import").and_then(|node| value::module(&node)),
    }
}

/// One of the words, or a calendar format, which has a token of the year.
fn scheme(node: &Node<'_>) -> Option<Scheme> {
    let at = node.text("scheme = \"semver\"")?;
    if !at.value.contains('Y') {
        return value::choice(node, "scheme", SCHEMES);
    }
    match CalendarFormat::parse(&at.value) {
        Ok(format) => Some(Scheme::Calver(format)),
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            node.fault(&format!("is no calendar format: {error}"), hint);
            None
        }
    }
}

/// Read under the scheme, whose own faults are told already.
fn initial_version(table: &Table<'_>) -> Option<String> {
    let node = table.get("initial-version")?;
    let at = node.text("initial-version = \"0.1.0\"")?;
    let written = table.get("scheme")?.text("scheme = \"semver\"")?.value;
    let word = SCHEMES.iter().find(|(word, _)| written == *word);
    let scheme = match word {
        Some((_, scheme)) => Some(*scheme),
        None => CalendarFormat::parse(&written).ok().map(Scheme::Calver),
    };
    if let Some(scheme) = scheme
        && let Err(error) = Version::parse(&at.value, scheme)
    {
        let hint = error.hint().unwrap_or_default();
        node.fault(&format!("is no version: {error}"), hint);
        return None;
    }
    Some(at.value)
}

/// The module that is imported where nothing else is said.
pub(super) fn module(project: &Project) -> String {
    let from_name = || project.name.replace(['-', '.'], "_").to_lowercase();
    project.import.clone().unwrap_or_else(from_name)
}

fn name(table: &Table<'_>) -> Option<String> {
    let node = table.need("name", "name = \"my-package\"")?;
    let at = value::name(&node, "name = \"my-package\"")?;
    // The rule for names of Python projects, which other registries' rules contain.
    let ascii = at
        .value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !ascii || !at.value.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        node.fault(
            "must be ASCII letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            "write the name under which the project is published: name = \"my-package\"",
        );
        return None;
    }
    Some(at.value)
}

fn branch(table: &Table<'_>) -> Option<String> {
    let node = table.get("branch")?;
    let at = node.text("branch = \"main\"")?;
    match RefName::branch(&at.value) {
        Ok(_) if at.value.starts_with("refs/") => {
            let short = at.value.trim_start_matches("refs/heads/");
            node.fault(
                "is written without refs/heads/",
                format!("write branch = {short:?}"),
            );
            None
        }
        Ok(_) => Some(at.value),
        Err(bad) => {
            node.fault(
                &format!("is no name of a branch: {bad}"),
                "write branch = \"main\"",
            );
            None
        }
    }
}

fn remote(table: &Table<'_>) -> Option<String> {
    let node = table.get("remote")?;
    let at = node.text("remote = \"origin\"")?;
    if at.value.contains("://") || at.value.contains(':') {
        node.fault(
            "is the name of a git remote, not its address",
            "write remote = \"origin\"; `git remote -v` lists the names",
        );
        return None;
    }
    // git keeps what it fetches under this name.
    if let Err(bad) = RefName::new(format!("refs/remotes/{}/head", at.value)) {
        node.fault(
            &format!("is no name of a remote: {bad}"),
            "write remote = \"origin\"",
        );
        return None;
    }
    Some(at.value)
}

type Check = fn(String) -> Result<(), BadName>;

/// Text with `{version}` in it, and no other placeholder.
fn version_pattern(node: &Node<'_>, key: &str, check: Check) -> Option<String> {
    let example = match key {
        "tag" => "tag = \"v{version}\"".to_owned(),
        "release-branch" => "release-branch = \"release/v{version}\"".to_owned(),
        _ => format!("{key} = \"Release {{version}}\""),
    };
    let at = node.block(&example)?;
    if !value::placeholders(node.source, &at, &["version"]) {
        return None;
    }
    if !at.value.contains("{version}") {
        node.fault(
            "does not say where the version goes",
            format!("write {example}"),
        );
        return None;
    }
    if let Err(bad) = check(at.value.replace("{version}", SAMPLE)) {
        node.fault(
            &format!("makes no name that git takes: {bad}"),
            format!("write {example}"),
        );
        return None;
    }
    Some(at.value)
}

fn release_branch(table: &Table<'_>) -> Option<String> {
    const DEFAULT: &str = "release/v{version}";
    let Some(node) = table.get("release-branch") else {
        return Some(DEFAULT.to_owned());
    };
    match node.as_truth() {
        Some(false) => None,
        Some(true) => Some(DEFAULT.to_owned()),
        None if node.is_text() => version_pattern(&node, "release-branch", |text| {
            RefName::branch(&text).map(drop)
        }),
        None => {
            let example =
                "release-branch = \"release/v{version}\", or false to commit on the branch itself";
            node.wrong_type("a pattern or false", example);
            None
        }
    }
}

pub(super) fn version_files(table: &Table<'_>) -> Vec<VersionFile> {
    const EXAMPLE: &str = "version-files = [\"my_package/version.py\"]";
    let Some(node) = table.get("version-files") else {
        return Vec::new();
    };
    let mut names = Names::default();
    let mut files = Vec::new();
    for item in node.list(EXAMPLE).unwrap_or_default() {
        let Some(file) = version_file(&item) else {
            continue;
        };
        let same = At {
            value: match file.pattern.as_ref().or(file.key.as_ref()) {
                Some(place) => format!("{} with {place}", file.path),
                None => file.path.clone(),
            },
            span: item.span.clone(),
        };
        names.claim(
            item.source,
            &same,
            "the file",
            "one entry per place of the version is enough",
        );
        files.push(file);
    }
    files
}

fn version_file(item: &Node<'_>) -> Option<VersionFile> {
    const EXAMPLE: &str = "{ path = \"README.md\", pattern = \"my-package=={version}\" }";
    if item.is_text() {
        let path = value::path(item, "\"my_package/version.py\"")?;
        return Some(VersionFile {
            path: path.value,
            pattern: None,
            key: None,
            kind: None,
            follows_development: true,
        });
    }
    let table = item.table(
        &["path", "pattern", "key", "kind", "follows-development"],
        EXAMPLE,
    )?;
    for other in ["key", "kind"] {
        table.exclude(
            "pattern",
            other,
            "a pattern says it all: leave the other out",
        );
    }
    let path = table
        .need("path", EXAMPLE)
        .and_then(|node| value::path(&node, "path = \"README.md\""));
    let pattern = table.get("pattern").map(|node| file_pattern(&node));
    let key = table
        .get("key")
        .map(|node| node.text("key = \"tool.my-app.version\""));
    let kind = table.get("kind").map(|node| node.text("kind = \"toml\""));
    let follows = table
        .get("follows-development")
        .and_then(|node| node.truth("follows-development = false"));
    Some(VersionFile {
        path: path?.value,
        follows_development: follows.unwrap_or(pattern.is_none()),
        pattern: match pattern {
            Some(pattern) => Some(pattern?),
            None => None,
        },
        key: match key {
            Some(key) => Some(key?.value),
            None => None,
        },
        kind: match kind {
            Some(kind) => Some(kind?.value),
            None => None,
        },
    })
}

/// Other braces are text of the file.
fn file_pattern(node: &Node<'_>) -> Option<String> {
    let at = node.block("pattern = \"my-package=={version}\"")?;
    match at.value.matches("{version}").count() {
        1 if at.value.trim() != "{version}" => Some(at.value),
        1 => {
            node.fault(
                "is the version alone, which may stand anywhere",
                "add the text around it: pattern = \"my-package=={version}\"",
            );
            None
        }
        count => {
            node.fault(
                &format!("must hold {{version}} once, and holds it {count} times"),
                "write the text around the version: pattern = \"my-package=={version}\"",
            );
            None
        }
    }
}

const FORMATS: &[(&str, ChangelogFormat)] = &[
    ("keep-a-changelog", ChangelogFormat::KeepAChangelog),
    ("plain", ChangelogFormat::Plain),
    ("json", ChangelogFormat::Json),
    ("angular", ChangelogFormat::Angular),
    ("github", ChangelogFormat::Github),
];

pub(super) fn changelog(part: Part<'_>) -> Changelog {
    let table = part.open(&[
        "path",
        "unreleased",
        "format",
        "template",
        "links",
        "migration-guide",
    ]);
    let get = |key| table.as_ref().and_then(|table| table.get(key));
    if let Some(table) = &table {
        table.exclude("format", "template", "a template is a format of its own");
    }
    let named = get("format").and_then(|node| {
        let words: Vec<(&'static str, &ChangelogFormat)> = FORMATS
            .iter()
            .map(|(word, format)| (*word, format))
            .collect();
        value::choice(&node, "format", &words).cloned()
    });
    let template = get("template")
        .and_then(|node| value::path(&node, "template = \"changelog.md.jinja\""))
        .map(|at| ChangelogFormat::Template(at.value));
    Changelog {
        path: get("path")
            .and_then(|node| value::path(&node, "path = \"CHANGELOG.md\""))
            .map_or_else(|| "CHANGELOG.md".to_owned(), |at| at.value),
        unreleased: get("unreleased")
            .and_then(|node| node.text("unreleased = \"Unreleased\""))
            .map(|at| at.value),
        format: template
            .or(named)
            .unwrap_or(ChangelogFormat::KeepAChangelog),
        links: get("links")
            .and_then(|node| {
                value::address(
                    &node,
                    &["https", "http"],
                    "links = \"https://git.example.org/owner/name\"",
                )
            })
            .map(|at| at.value.trim_end_matches('/').to_owned()),
        migration_guide: get("migration-guide").and_then(|node| {
            const EXAMPLE: &str = "migration-guide = \"docs/migration/{major}.md\"";
            let at = node.text(EXAMPLE)?;
            value::placeholders(node.source, &at, &["version", "major"]).then_some(at.value)
        }),
    }
}

const ENVIRONMENT: &[&str] = &["set", "pass", "secrets"];

pub(super) fn environment(part: Part<'_>) -> Environment {
    part.open(ENVIRONMENT)
        .map(|table| variables(&table))
        .unwrap_or_default()
}

/// `environment = { .. }` of a step.
pub(super) fn environment_of(node: &Node<'_>) -> Environment {
    let table = node.table(ENVIRONMENT, "environment = { set = { NAME = \"value\" } }");
    table.map(|table| variables(&table)).unwrap_or_default()
}

fn variables(table: &Table<'_>) -> Environment {
    const TWICE: &str = "a variable comes from one place: `set`, `pass` or `secrets`";
    let mut names = Names::default();
    let mut environment = Environment::default();
    let source = table.source;
    let mut claim = |at: &At<String>| {
        names.claim(source, at, "the variable", TWICE);
        value::variable(source, at)
    };
    if let Some(set) = table.get("set") {
        for (key, node) in set.entries("set = { NAME = \"value\" }") {
            let fine = claim(&key);
            let text = node.any_text(&format!("{} = \"value\"", value::shorten(&key.value)));
            if text.as_ref().is_some_and(|text| text.contains('\0')) {
                node.fault("holds a zero byte", "no program can be given one");
            }
            environment
                .set
                .extend(text.filter(|_| fine).map(|text| (key.value, text)));
        }
    }
    if let Some(pass) = table.get("pass") {
        let listed = pass.each("pass = [\"NAME\"]", |item| item.text("pass = [\"NAME\"]"));
        environment.pass = listed
            .into_iter()
            .filter(|at| claim(at))
            .map(|at| at.value)
            .collect();
    }
    if let Some(secrets) = table.get("secrets") {
        for (key, node) in secrets.entries("secrets = { VARIABLE = \"SECRET_NAME\" }") {
            let fine = claim(&key);
            let example = format!("{} = \"SECRET_NAME\"", value::shorten(&key.value));
            let secret = value::secret(&node, &example).filter(|_| fine);
            environment
                .secrets
                .extend(secret.map(|secret| (key.value, secret)));
        }
    }
    environment
}
