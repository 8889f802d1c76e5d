//! `[components]`, `[[component]]` and `[[line]]`.

use super::node::{Names, Node, Part, Table};
use super::project::version_files;
use super::source::At;
use super::value;
use crate::config::{Component, Components, Dependents, Line, Project, Together};
use crate::name::RefName;

const COMPONENTS: &[&str] = &[
    "discover",
    "tag",
    "dependents",
    "private",
    "changelog",
    "fixed",
    "linked",
    "ignore",
];

const COMPONENT: &[&str] = &[
    "name",
    "path",
    "tag",
    "version-files",
    "changelog",
    "depends-on",
    "include",
    "exclude",
];

const DEPENDENTS: &[(&str, Dependents)] = &[
    ("out-of-range", Dependents::OutOfRange),
    ("always", Dependents::Always),
    ("never", Dependents::Never),
];

const TOGETHER: &[(&str, Together)] = &[("each", Together::Each), ("one", Together::One)];

/// What a tag of a component is called where nobody says it.
const TAG: &str = "{name}@{version}";

/// `None` where the file knows no components.
pub(super) fn components(part: Option<Part<'_>>, parts: Vec<Part<'_>>) -> Option<Components> {
    let given = part.is_some() || !parts.is_empty();
    let table = part.and_then(|part| part.open(COMPONENTS));
    let mut names = Names::default();
    let by_name: Vec<Component> = parts
        .into_iter()
        .filter_map(|part| component(&part.open(COMPONENT)?, &mut names))
        .collect();
    let get = |key| table.as_ref().and_then(|table| table.get(key));
    let truth = |key, default: bool| {
        get(key)
            .and_then(|node: Node<'_>| node.truth(&format!("{key} = {}", !default)))
            .unwrap_or(default)
    };
    let groups = |key| {
        get(key).map_or_else(Vec::new, |node: Node<'_>| {
            const EXAMPLE: &str = "[[\"first\", \"second\"]]";
            node.each(EXAMPLE, |group| Some(texts(group, EXAMPLE)))
        })
    };
    given.then(|| Components {
        discover: truth("discover", true),
        tag: get("tag")
            .and_then(|node| tag(&node, true))
            .unwrap_or_else(|| TAG.to_owned()),
        dependents: get("dependents")
            .and_then(|node| value::choice(&node, "dependents", DEPENDENTS))
            .unwrap_or(Dependents::OutOfRange),
        private: truth("private", false),
        changelog: get("changelog")
            .and_then(|node| value::choice(&node, "changelog", TOGETHER))
            .unwrap_or(Together::Each),
        fixed: groups("fixed"),
        linked: groups("linked"),
        ignore: get("ignore").map_or_else(Vec::new, |node| texts(&node, "ignore = [\"docs/**\"]")),
        named: by_name,
    })
}

fn component(table: &Table<'_>, names: &mut Names) -> Option<Component> {
    let name = table
        .need("name", "name = \"engine\"")
        .and_then(|node| node.text("name = \"engine\""));
    if let Some(at) = &name {
        names.claim(
            table.source,
            at,
            "the component",
            "each has a name of its own",
        );
    }
    let path = table
        .need("path", "path = \"crates/engine\"")
        .and_then(|node| value::path(&node, "path = \"crates/engine\""));
    let list = |key, example| {
        table
            .get(key)
            .map_or_else(Vec::new, |node| texts(&node, example))
    };
    Some(Component {
        name: name?.value,
        path: path?.value,
        tag: table.get("tag").and_then(|node| tag(&node, false)),
        version_files: version_files(table),
        changelog: table
            .get("changelog")
            .and_then(|node| value::path(&node, "changelog = \"crates/engine/CHANGELOG.md\""))
            .map(|at| at.value),
        depends_on: list("depends-on", "depends-on = [\"core\"]"),
        include: list("include", "include = [\"shared/**\"]"),
        exclude: list("exclude", "exclude = [\"crates/engine/tests/**\"]"),
    })
}

/// A list of texts.
fn texts(node: &Node<'_>, example: &str) -> Vec<String> {
    node.each(example, |item| item.text(example))
        .into_iter()
        .map(|at| at.value)
        .collect()
}

/// A tag's pattern: `{version}` once, and `{name}` where one pattern is that of all components.
fn tag(node: &Node<'_>, of_all: bool) -> Option<String> {
    let example = if of_all {
        "tag = \"{name}@{version}\""
    } else {
        "tag = \"engine-v{version}\""
    };
    let at: At<String> = node.text(example)?;
    if !value::placeholders(node.source, &at, &["version", "name"]) {
        return None;
    }
    let wrong = if at.value.matches("{version}").count() != 1 {
        Some("must hold {version} once")
    } else if of_all && !at.value.contains("{name}") {
        Some("does not say where the component's name goes, so all would have the same tags")
    } else {
        let sample = at
            .value
            .replace("{name}", "a")
            .replace("{version}", "1.0.0");
        RefName::tag(&sample)
            .is_err()
            .then_some("makes no name that git takes")
    };
    if let Some(wrong) = wrong {
        node.fault(wrong, format!("write {example}"));
        return None;
    }
    Some(at.value)
}

/// Series that are kept alive, each with a branch of its own.
pub(super) fn lines(parts: Vec<Part<'_>>, project: Option<&Project>) -> Vec<Line> {
    let (mut names, mut branches) = (Names::default(), Names::default());
    let mut lines = Vec::new();
    for part in parts {
        let Some(table) = part.open(&["name", "branch"]) else {
            continue;
        };
        let name = table
            .need("name", "name = \"1.4\"")
            .and_then(|node| series(&node));
        let branch = table
            .need("branch", "branch = \"1.4.x\"")
            .and_then(|node| branch(&node));
        let (Some(name), Some(branch)) = (name, branch) else {
            continue;
        };
        names.claim(table.source, &name, "the line", "a line is written once");
        branches.claim(
            table.source,
            &branch,
            "the branch",
            "each line has a branch of its own",
        );
        if project.is_some_and(|project| project.branch == branch.value) {
            table.source.fault(
                &branch.span,
                "is the branch of [project], where the newest versions are made",
                "name the branch that this line is kept on: branch = \"1.4.x\"",
            );
        }
        lines.push(Line {
            name: name.value,
            branch: branch.value,
        });
    }
    lines
}

/// `1.4`, `1`, or with the `.x` that branches often have.
fn series(node: &Node<'_>) -> Option<At<String>> {
    let mut at = node.text("name = \"1.4\"")?;
    let bare = at.value.trim_end_matches(".x").to_owned();
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !bare.split('.').all(number) || bare.split('.').count() > 2 {
        node.fault(
            "is no series of versions",
            "write major and minor, name = \"1.4\", or a major for all of it, name = \"1\"",
        );
        return None;
    }
    at.value = bare;
    Some(at)
}

fn branch(node: &Node<'_>) -> Option<At<String>> {
    let at = node.text("branch = \"1.4.x\"")?;
    match RefName::branch(&at.value) {
        Ok(_) if !at.value.starts_with("refs/") => Some(at),
        Ok(_) => {
            node.fault("is written without refs/heads/", "write branch = \"1.4.x\"");
            None
        }
        Err(bad) => {
            node.fault(
                &format!("is no name of a branch: {bad}"),
                "write branch = \"1.4.x\"",
            );
            None
        }
    }
}
