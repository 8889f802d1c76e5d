use super::*;
use crate::change::{Kind, Origin};
use crate::component::policy::Raise;
use crate::component::{Memory, discover};
use shipway_core::config::{self, Dependents, Initial, Scheme, Together};
use shipway_core::requirement::Requirement;
use shipway_core::time::Timestamp;

/// A world to plan in: packages of npm, `name version dependency...`, with what was released and what changed.
#[derive(Clone)]
pub struct World {
    pub components: Vec<Component>,
    pub released: Vec<Vec<Version>>,
    pub changes: Vec<Vec<Change>>,
}

pub fn change(level: Option<Level>) -> Change {
    Change {
        commit: None,
        origin: Origin::Commit,
        kind: Kind::Fix,
        scope: None,
        breaking: None,
        description: "it changes".to_owned(),
        references: Vec::new(),
        authors: Vec::new(),
        time: 0,
        level,
        group: None,
        release_as: None,
        components: Vec::new(),
    }
}

pub fn settings() -> config::Components {
    config::Components {
        discover: true,
        tag: "{name}@{version}".to_owned(),
        dependents: Dependents::OutOfRange,
        private: true,
        changelog: Together::Each,
        fixed: Vec::new(),
        linked: Vec::new(),
        ignore: Vec::new(),
        named: Vec::new(),
    }
}

pub fn policy(settings: &config::Components) -> Policy<'_> {
    let today = Timestamp::parse("2026-11-25T00:00:00Z").unwrap();
    Policy::of(settings, Scheme::Semver, Initial::FeaturesMinor, today)
}

impl World {
    /// `app 1.0.0 lib:^1.0.0 peer:other:^2 dev:third:*`
    pub fn new(packages: &[&str]) -> Self {
        let mut files = vec![(
            "package.json".to_owned(),
            r#"{"private": true, "workspaces": ["p/*"]}"#.to_owned(),
        )];
        let mut versions = Vec::new();
        for package in packages {
            let mut words = package.split(' ');
            let name = words.next().unwrap();
            let version = words.next().unwrap();
            versions.push((name, version));
            let mut tables = std::collections::BTreeMap::<&str, Vec<String>>::new();
            let mut private = "";
            for word in words {
                if word == "private" {
                    private = "\"private\": true,";
                    continue;
                }
                let (table, rest) = match word.split_once(':').unwrap() {
                    ("peer", rest) => ("peerDependencies", rest),
                    ("dev", rest) => ("devDependencies", rest),
                    _ => ("dependencies", word),
                };
                let (on, requirement) = rest.split_once(':').unwrap();
                let list = tables.entry(table).or_default();
                list.push(format!("\"{on}\": {:?}", requirement.replace('_', " ")));
            }
            let tables: Vec<String> = tables
                .iter()
                .map(|(table, list)| format!(", \"{table}\": {{{}}}", list.join(", ")))
                .collect();
            files.push((
                format!("p/{name}/package.json"),
                format!(
                    "{{{private} \"name\": \"{name}\", \"version\": \"{version}\"{}}}",
                    tables.concat()
                ),
            ));
        }
        let files: Memory = files.into_iter().collect();
        let components = discover(&files, &settings()).unwrap();
        let released = components.iter().map(|component| {
            let (_, version) = versions
                .iter()
                .find(|(name, _)| *name == component.name)
                .unwrap();
            vec![Version::parse(version, Scheme::Semver).unwrap()]
        });
        Self {
            released: released.collect(),
            changes: vec![Vec::new(); components.len()],
            components,
        }
    }

    pub fn index(&self, name: &str) -> usize {
        self.components
            .iter()
            .position(|one| one.name == name)
            .unwrap()
    }

    pub fn changed(mut self, name: &str, level: Level) -> Self {
        let at = self.index(name);
        self.changes[at].push(change(Some(level)));
        self
    }

    pub fn past(&self) -> Vec<Past<'_>> {
        let each = self.released.iter().zip(&self.changes);
        each.map(|(releases, changes)| Past {
            releases: releases.clone(),
            changes: changes.iter().collect(),
            news: changes.len(),
        })
        .collect()
    }

    pub fn plan(&self, policy: &Policy<'_>) -> Plan {
        plan(&self.components, &self.past(), policy).unwrap()
    }

    /// One line for each release, edit and requirement that does not fit.
    fn told(&self, policy: &Policy<'_>) -> String {
        let plan = match plan(&self.components, &self.past(), policy) {
            Ok(plan) => plan,
            Err(error) => return format!("! {error} / {}", error.hint().unwrap_or_default()),
        };
        let mut lines = Vec::new();
        for next in &plan.next {
            let name = &self.components[next.component].name;
            let reasons = next
                .reasons
                .iter()
                .map(|reason| reason.told(&self.components));
            let reasons: Vec<String> = reasons.collect();
            lines.push(format!("{name} {}: {}", next.version, reasons.join("; ")));
        }
        lines.extend(plan.edits.iter().map(ToString::to_string));
        for unfit in &plan.unfit {
            let on = &self.components[unfit.on].name;
            lines.push(format!(
                "unfit {}: {on} {}",
                unfit.place.path, unfit.requirement
            ));
        }
        lines.join("\n")
    }

    /// The world after the plan was carried out.
    pub fn after(&self, plan: &Plan) -> Self {
        let mut after = self.clone();
        for next in &plan.next {
            after.released[next.component].push(next.version.clone());
            after.changes[next.component].clear();
        }
        for list in &mut after.changes {
            list.retain(|change| change.level.is_none());
        }
        for component in &mut after.components {
            for dependency in &mut component.dependencies {
                let edit = plan
                    .edits
                    .iter()
                    .find(|edit| edit.place == dependency.place);
                if let (Some(edit), Some(old)) = (edit, &dependency.requirement) {
                    dependency.requirement =
                        Some(Requirement::parse(&edit.to, old.dialect()).unwrap());
                }
            }
        }
        after
    }
}

#[test]
fn a_dependent_is_raised_when_its_requirement_is_left() {
    let world = World::new(&[
        "app 1.0.0 lib:^1.2.0",
        "lib 1.2.0",
        "tool 3.0.0 dev:lib:^1.0.0",
    ]);
    let settings = settings();
    let policy = policy(&settings);
    assert_eq!(
        world.clone().changed("lib", Level::Minor).told(&policy),
        "lib 1.3.0: minor: one change"
    );
    assert_eq!(
        world.clone().changed("lib", Level::Major).told(&policy),
        "\
app 1.0.1: it depends on lib, whose version 2.0.0 leaves ^1.2.0
lib 2.0.0: major: one change
p/app/package.json dependencies.lib: ^1.2.0 -> ^2.0.0
p/tool/package.json devDependencies.lib: ^1.0.0 -> ^2.0.0"
    );
    let same = Policy {
        raise: Raise::Same,
        ..policy.clone()
    };
    let told = world.clone().changed("lib", Level::Major).told(&same);
    assert!(told.starts_with("app 2.0.0: it depends on lib"), "{told}");
    let never = Policy {
        dependents: Dependents::Never,
        ..policy.clone()
    };
    assert_eq!(
        world.clone().changed("lib", Level::Major).told(&never),
        "\
lib 2.0.0: major: one change
p/app/package.json dependencies.lib: ^1.2.0 -> ^2.0.0
p/tool/package.json devDependencies.lib: ^1.0.0 -> ^2.0.0"
    );
    let always = Policy {
        dependents: Dependents::Always,
        ..policy
    };
    assert_eq!(
        world.changed("lib", Level::Minor).told(&always),
        "\
app 1.0.1: it depends on lib, which is released as 1.3.0
lib 1.3.0: minor: one change
p/app/package.json dependencies.lib: ^1.2.0 -> ^1.3.0"
    );
}

#[test]
fn a_cascade_goes_on_as_long_as_requirements_are_left() {
    let world = World::new(&[
        "a 1.0.0 b:1.0.0",
        "b 1.0.0 c:1.0.0",
        "c 1.0.0 d:^1.0.0",
        "d 1.0.0",
    ]);
    let settings = settings();
    assert_eq!(
        world
            .changed("c", Level::Patch)
            .changed("a", Level::Minor)
            .told(&policy(&settings)),
        "\
a 1.1.0: minor: one change; it depends on b, whose version 1.0.1 leaves 1.0.0
b 1.0.1: it depends on c, whose version 1.0.1 leaves 1.0.0
c 1.0.1: patch: one change
p/a/package.json dependencies.b: 1.0.0 -> 1.0.1
p/b/package.json dependencies.c: 1.0.0 -> 1.0.1"
    );
}

#[test]
fn the_workspace_protocol_stands_for_what_is_published() {
    let world = World::new(&[
        "app 1.0.0 lib:workspace:^",
        "pin 1.0.0 lib:workspace:*",
        "lib 1.2.0",
    ]);
    let settings = settings();
    let policy = policy(&settings);
    assert_eq!(
        world.clone().changed("lib", Level::Minor).told(&policy),
        "lib 1.3.0: minor: one change\npin 1.0.1: it depends on lib, whose version 1.3.0 leaves workspace:*"
    );
    assert_eq!(
        world.changed("lib", Level::Major).told(&policy),
        "\
app 1.0.1: it depends on lib, whose version 2.0.0 leaves workspace:^
lib 2.0.0: major: one change
pin 1.0.1: it depends on lib, whose version 2.0.0 leaves workspace:*"
    );
}

#[test]
fn a_peer_that_leaves_its_range_breaks_the_dependent() {
    let world = World::new(&[
        "plugin 1.4.0 peer:host:^1.0.0",
        "young 0.4.0 peer:host:^1.0.0",
        "host 1.2.0",
    ]);
    let settings = settings();
    let mut policy = policy(&settings);
    assert_eq!(
        world.clone().changed("host", Level::Major).told(&policy),
        "\
host 2.0.0: major: one change
plugin 2.0.0: it depends on host, whose version 2.0.0 leaves ^1.0.0
young 0.5.0: it depends on host, whose version 2.0.0 leaves ^1.0.0
p/plugin/package.json peerDependencies.host: ^1.0.0 -> ^2.0.0
p/young/package.json peerDependencies.host: ^1.0.0 -> ^2.0.0"
    );
    assert_eq!(
        world.clone().changed("host", Level::Minor).told(&policy),
        "host 1.3.0: minor: one change"
    );
    policy.pre = Some("rc".parse().unwrap());
    assert_eq!(
        world
            .changed("host", Level::Minor)
            .told(&policy)
            .lines()
            .next_back()
            .unwrap(),
        "p/young/package.json peerDependencies.host: ^1.0.0 -> ^1.3.0-rc.1"
    );
}

#[test]
fn requirements_on_other_releases_by_name_stay() {
    let world = World::new(&["old 1.0.0 lib:^0.9.0", "any 1.0.0 lib:latest", "lib 1.2.0"]);
    let settings = settings();
    assert_eq!(
        world.changed("lib", Level::Major).told(&policy(&settings)),
        "lib 2.0.0: major: one change"
    );
}

#[test]
fn groups_share_versions() {
    let world = World::new(&[
        "a 1.0.0",
        "b 1.5.0",
        "c 2.0.0 a:^1.0.0",
        "d 3.0.0-rc.1 private",
    ]);
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<String>>()
    };
    let mut settings = settings();
    settings.fixed = vec![names(&["a", "b"])];
    assert_eq!(
        world
            .clone()
            .changed("a", Level::Minor)
            .told(&policy(&settings))
            .lines()
            .collect::<Vec<_>>()[..2],
        ["a 1.6.0: minor: one change", "b 1.6.0: fixed group 1"]
    );
    settings.linked = std::mem::take(&mut settings.fixed);
    let linked = world.clone().changed("a", Level::Minor);
    assert!(
        linked
            .told(&policy(&settings))
            .starts_with("a 1.6.0: minor: one change\nd 3.0.0")
    );
    let both = linked.changed("b", Level::Major);
    assert_eq!(
        both.told(&policy(&settings))
            .lines()
            .take(3)
            .collect::<Vec<_>>(),
        [
            "a 2.0.0: minor: one change; linked group 1",
            "b 2.0.0: major: one change",
            "c 2.0.1: it depends on a, whose version 2.0.0 leaves ^1.0.0"
        ]
    );
    settings.fixed = vec![names(&["a", "z"])];
    assert_eq!(
        world.told(&policy(&settings)),
        "! the components of the repository cannot be told: a fixed group names the component \"z\", which does not exist (and 1 more) / see the names with: shipway version"
    );
}

#[test]
fn private_components_get_versions_where_the_policy_says_so() {
    let world = World::new(&["site 1.0.0 private lib:^1.0.0", "lib 1.0.0"]);
    let mut settings = settings();
    let world = world
        .changed("lib", Level::Major)
        .changed("site", Level::Minor);
    assert!(
        world
            .told(&policy(&settings))
            .contains("site 1.1.0: minor: one change")
    );
    settings.private = false;
    assert_eq!(
        world.told(&policy(&settings)),
        "lib 2.0.0: major: one change\np/site/package.json dependencies.lib: ^1.0.0 -> ^2.0.0"
    );
}

#[test]
fn below_one_each_component_has_its_own_rules() {
    let world = World::new(&["young 0.3.1", "grown 1.3.1"]);
    let settings = settings();
    let world = world
        .changed("young", Level::Major)
        .changed("grown", Level::Major);
    assert_eq!(
        world.told(&policy(&settings)),
        "grown 2.0.0: major: one change\nyoung 0.4.0: minor: one change"
    );
}

#[test]
fn a_version_that_is_asked_for_by_name() {
    let settings = settings();
    let policy = policy(&settings);
    let mut world = World::new(&["app 1.0.0 lib:~1.2.0", "lib 1.2.0"]);
    let lib = world.index("lib");
    for (asked, told) in [
        (
            "1.4.0",
            "app 1.0.1: it depends on lib, whose version 1.4.0 leaves ~1.2.0\nlib 1.4.0: a change asks for 1.4.0\n\
             p/app/package.json dependencies.lib: ~1.2.0 -> ~1.4.0",
        ),
        (
            "1.1.0",
            "! the components of the repository cannot be told: lib: version 1.1.0 is lower than 1.2.0, which exists already \
             / choose a version higher than 1.2.0",
        ),
    ] {
        world.changes[lib] = vec![Change {
            release_as: Some(asked.to_owned()),
            ..change(None)
        }];
        assert_eq!(world.told(&policy), told);
    }
}

#[test]
fn pre_releases_of_all_and_how_they_end() {
    let settings = settings();
    let mut policy = policy(&settings);
    policy.pre = Some("rc".parse().unwrap());
    let world = World::new(&["app 1.0.0 lib:^1.2.0", "lib 1.2.0", "quiet 1.0.0"]);
    let world = world.changed("lib", Level::Minor);
    let first = world.plan(&policy);
    assert_eq!(
        world.told(&policy),
        "\
app 1.0.1-rc.1: it depends on lib, whose version 1.3.0-rc.1 leaves ^1.2.0
lib 1.3.0-rc.1: minor: one change
p/app/package.json dependencies.lib: ^1.2.0 -> ^1.3.0-rc.1"
    );
    // No news, no further pre-release, although the last final release has not got the change.
    let mut after = world.after(&first);
    after.changes = world.changes.clone();
    let mut past = after.past();
    for one in &mut past {
        one.news = 0;
    }
    assert_eq!(
        plan(&after.components, &past, &policy).unwrap(),
        Plan::default()
    );
    policy.pre = None;
    assert_eq!(
        after.told(&policy),
        "app 1.0.1: it ends the pre-release 1.0.1-rc.1\n\
         lib 1.3.0: minor: one change; it ends the pre-release 1.3.0-rc.1"
    );
}

#[test]
fn what_was_never_released_starts_from_its_manifest() {
    let settings = settings();
    let mut world = World::new(&["a 0.0.0", "b 1.4.0"]);
    world.released = vec![Vec::new(); 2];
    let world = world.changed("a", Level::Minor).changed("b", Level::Patch);
    assert_eq!(
        world.told(&policy(&settings)),
        "a 0.1.0: minor: one change\nb 1.4.1: patch: one change"
    );
    let mut wrong = World::new(&["a 1.0.0"]);
    wrong.released = vec![Vec::new()];
    if let crate::component::Stated::At { text, .. } = &mut wrong.components[0].version {
        "1.0".clone_into(text);
    }
    let told = wrong.told(&policy(&settings));
    assert!(told.contains("a: \"1.0\" is no SemVer version"), "{told}");
}

#[test]
fn a_cycle_comes_to_rest() {
    let settings = settings();
    let world = World::new(&["a 1.0.0 b:1.0.0", "b 1.0.0 c:1.0.0", "c 1.0.0 a:1.0.0"]);
    let told = world.changed("b", Level::Patch).told(&policy(&settings));
    assert!(told.starts_with("a 1.0.1: it depends on b, whose version 1.0.1 leaves 1.0.0\nb 1.0.1: patch: one change; it depends on c"), "{told}");
}
