//! `[changes]`, `[[line]]`, `[components]` and `[[component]]`.

use super::{FULL, PLAIN, faults_with, read};
use insta::assert_snapshot;
use shipway_core::config::{
    Asked, ChangelogFormat, Changes, Dependents, Initial, Listed, Preset, Together, Unconventional,
};
use shipway_core::version::Level;

#[test]
fn a_plain_file_has_conventional_commits_and_one_component() {
    let config = read(PLAIN);
    assert_eq!(config.changes, Changes::default());
    assert_eq!(config.changes.preset, Preset::Conventional);
    assert!(config.lines.is_empty());
    assert_eq!(config.components, None);
    assert_eq!(config.project.initial_version, None);
    let components = read(&format!("{PLAIN}[components]\n")).components.unwrap();
    assert!(components.discover);
    assert_eq!(components.tag, "{name}@{version}");
    assert_eq!(components.dependents, Dependents::OutOfRange);
}

#[test]
fn every_key_says_what_it_means() {
    let config = read(FULL);
    let changes = &config.changes;
    assert_eq!(changes.preset, Preset::Angular);
    assert_eq!(changes.initial, Initial::FeaturesPatch);
    assert_eq!(changes.unconventional, Unconventional::List);
    assert_eq!(changes.squash, Some(false));
    assert!(changes.pull_requests);
    let docs = &changes.types["docs"];
    assert_eq!(docs.level, Some(Asked::Level(Level::Patch)));
    assert_eq!(docs.group, Some(Listed::In("Documentation".to_owned())));
    assert_eq!(changes.types["style"].group, Some(Listed::Hidden));
    assert_eq!(changes.types["style"].level, None);
    assert_eq!(changes.scopes["deps"].level, Some(Asked::Nothing));
    assert_eq!(
        changes.labels["semver:major"].level,
        Some(Asked::Level(Level::Major))
    );
    assert_eq!(changes.groups.len(), 3);
    assert_eq!(changes.files.as_deref(), Some(".changeset"));
    assert_eq!(changes.fragments.as_deref(), Some("newsfragments"));
    let log = config.changelog.as_ref().unwrap();
    assert_eq!(log.format, ChangelogFormat::Angular);
    assert_eq!(
        log.links.as_deref(),
        Some("https://git.example.org/loxilb/driver")
    );
    assert_eq!(
        log.migration_guide.as_deref(),
        Some("docs/migration/{major}.md")
    );
    assert_eq!(config.lines[0].name, "1.4");
    assert_eq!(config.lines[0].branch, "1.4.x");
    let components = config.components.as_ref().unwrap();
    assert!(!components.discover && components.private);
    assert_eq!(components.tag, "{name}-v{version}");
    assert_eq!(components.dependents, Dependents::Always);
    assert_eq!(components.changelog, Together::One);
    assert_eq!(components.fixed, [["driver", "driver-cli"]]);
    assert_eq!(components.linked, [["driver", "tools"]]);
    let driver = &components.named[0];
    assert_eq!(driver.path, "packages/driver");
    assert_eq!(driver.tag.as_deref(), Some("driver-{version}"));
    assert_eq!(driver.depends_on, ["tools"]);
    assert_eq!(driver.version_files[0].path, "packages/driver/version.py");
    assert_eq!(config.project.initial_version.as_deref(), Some("0.2.0"));
}

#[test]
fn lines_and_components_that_cannot_be() {
    assert_snapshot!(faults_with(
        "[[line]]\nname = \"1.4.2\"\nbranch = \"1.4.x\"\n\n[[line]]\nname = \"1.5.x\"\nbranch = \"main\"\n\n\
         [[line]]\nname = \"1.5\"\nbranch = \"1.5.x\"\n"
    ), @r#"
    line 15, column 8: `name` is no series of versions
       |
    15 | name = "1.4.2"
       |        ^^^^^^^
       = hint: write major and minor, name = "1.4", or a major for all of it, name = "1"

    line 20, column 10: is the branch of [project], where the newest versions are made
       |
    20 | branch = "main"
       |          ^^^^^^
       = hint: name the branch that this line is kept on: branch = "1.4.x"

    line 23, column 8: the line `1.5` is written twice; first in line 19
       |
    23 | name = "1.5"
       |        ^^^^^
       = hint: a line is written once
    "#);
    assert_snapshot!(faults_with(
        "[components]\ntag = \"v{version}\"\ndependents = \"allways\"\n\n[[component]]\nname = \"a\"\npath = \"a\"\n\
         \n[[component]]\nname = \"a\"\npath = \"../b\"\n"
    ), @r#"
    line 15, column 7: `tag` does not say where the component's name goes, so all would have the same tags
       |
    15 | tag = "v{version}"
       |       ^^^^^^^^^^^^
       = hint: write tag = "{name}@{version}"

    line 16, column 14: `dependents` is unknown: "allways"
       |
    16 | dependents = "allways"
       |              ^^^^^^^^^
       = hint: did you mean "always"?

    line 23, column 8: the component `a` is written twice; first in line 19
       |
    23 | name = "a"
       |        ^^^
       = hint: each has a name of its own

    line 24, column 8: `path` leads out of the repository with `..`
       |
    24 | path = "../b"
       |        ^^^^^^
       = hint: write path = "crates/engine"
    "#);
}

#[test]
fn rules_of_changes_that_cannot_be() {
    assert_snapshot!(faults_with(
        "[changes]\npreset = \"angualr\"\ntypes = { Docs = { level = \"patch\" }, fix = { level = \"small\" } }\n"
    ), @r#"
    line 15, column 10: `preset` is unknown: "angualr"
       |
    15 | preset = "angualr"
       |          ^^^^^^^^^
       = hint: did you mean "angular"?

    line 16, column 18: `Docs` is a type, and types are lower case here: they are compared without regard to case
       |
    16 | types = { Docs = { level = "patch" }, fix = { level = "small" } }
       |                  ^^^^^^^^^^^^^^^^^^^
       = hint: write docs

    line 16, column 55: `level` is unknown: "small"
       |
    16 | types = { Docs = { level = "patch" }, fix = { level = "small" } }
       |                                                       ^^^^^^^
       = hint: write one of none, patch, minor, major
    "#);
}
