//! `[changes]`: presets, types, scopes, and where intent is written down.

use super::node::{Node, Part, Table};
use super::value;
use crate::config::{Asked, Changes, Initial, Listed, Preset, Rule, Unconventional};
use crate::version::Level;
use std::collections::BTreeMap;

const KEYS: &[&str] = &[
    "preset",
    "initial",
    "unconventional",
    "squash",
    "types",
    "scopes",
    "groups",
    "files",
    "fragments",
    "pull-requests",
    "labels",
];

const PRESETS: &[(&str, Preset)] = &[
    ("conventional", Preset::Conventional),
    ("angular", Preset::Angular),
    ("gitmoji", Preset::Gitmoji),
];

const INITIAL: &[(&str, Initial)] = &[
    ("features-minor", Initial::FeaturesMinor),
    ("features-patch", Initial::FeaturesPatch),
    ("as-stable", Initial::AsStable),
];

const UNCONVENTIONAL: &[(&str, Unconventional)] = &[
    ("hide", Unconventional::Hide),
    ("list", Unconventional::List),
    ("patch", Unconventional::Patch),
];

const LEVELS: &[(&str, Asked)] = &[
    ("none", Asked::Nothing),
    ("patch", Asked::Level(Level::Patch)),
    ("minor", Asked::Level(Level::Minor)),
    ("major", Asked::Level(Level::Major)),
];

pub(super) fn changes(part: Part<'_>) -> Changes {
    let defaults = Changes::default();
    let Some(table) = part.open(KEYS) else {
        return defaults;
    };
    let truth = |key| {
        let node = table.get(key)?;
        node.truth(&format!("{key} = true"))
    };
    let directory = |key, example: &str| {
        let node = table.get(key)?;
        value::path(&node, example).map(|at| at.value)
    };
    Changes {
        preset: table
            .get("preset")
            .and_then(|node| value::choice(&node, "preset", PRESETS))
            .unwrap_or(defaults.preset),
        initial: table
            .get("initial")
            .and_then(|node| value::choice(&node, "initial", INITIAL))
            .unwrap_or(defaults.initial),
        unconventional: table
            .get("unconventional")
            .and_then(|node| value::choice(&node, "unconventional", UNCONVENTIONAL))
            .unwrap_or(defaults.unconventional),
        squash: truth("squash"),
        types: rules(
            &table,
            "types",
            "types = { docs = { level = \"patch\" } }",
            true,
        ),
        scopes: rules(
            &table,
            "scopes",
            "scopes = { deps = { level = \"none\" } }",
            false,
        ),
        labels: rules(
            &table,
            "labels",
            "labels = { bug = { level = \"patch\" } }",
            false,
        ),
        groups: table.get("groups").map_or_else(Vec::new, |node| {
            const EXAMPLE: &str = "groups = [\"Added\", \"Fixed\"]";
            node.each(EXAMPLE, |item| item.text(EXAMPLE))
                .into_iter()
                .map(|at| at.value)
                .collect()
        }),
        files: directory("files", "files = \".changeset\""),
        fragments: directory("fragments", "fragments = \"changes\""),
        pull_requests: truth("pull-requests").unwrap_or(defaults.pull_requests),
    }
}

fn rules(
    table: &Table<'_>,
    key: &'static str,
    example: &str,
    lower_case: bool,
) -> BTreeMap<String, Rule> {
    let Some(node) = table.get(key) else {
        return BTreeMap::new();
    };
    let mut rules = BTreeMap::new();
    for (name, entry) in node.entries(example) {
        if lower_case && name.value.chars().any(char::is_uppercase) {
            let lower = name.value.to_lowercase();
            entry.fault(
                "is a type, and types are lower case here: they are compared without regard to case",
                format!("write {lower}"),
            );
            continue;
        }
        if let Some(rule) = rule(&entry) {
            rules.insert(name.value, rule);
        }
    }
    rules
}

fn rule(node: &Node<'_>) -> Option<Rule> {
    const EXAMPLE: &str = "{ level = \"patch\", group = \"Fixed\" }";
    let table = node.table(&["level", "group"], EXAMPLE)?;
    let level = table
        .get("level")
        .and_then(|node| value::choice(&node, "level", LEVELS));
    let group = table.get("group").and_then(|node| match node.as_truth() {
        Some(false) => Some(Listed::Hidden),
        _ => node
            .text("group = \"Fixed\", or false to list it nowhere")
            .map(|at| Listed::In(at.value)),
    });
    Some(Rule { level, group })
}
