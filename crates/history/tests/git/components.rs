//! The versions of several components, from real repositories.

use crate::world::World;
use shipway_core::config::{self, Dependents, Initial, Scheme, Together};
use shipway_core::time::Timestamp;
use shipway_history::component::{Policy, Question, versions};
use shipway_history::{Change, Convention, Kind};

fn settings() -> config::Components {
    config::Components {
        discover: true,
        tag: "{name}@{version}".to_owned(),
        dependents: Dependents::OutOfRange,
        private: true,
        changelog: Together::Each,
        fixed: Vec::new(),
        linked: Vec::new(),
        ignore: vec!["**/tests".to_owned()],
        named: Vec::new(),
    }
}

/// One line for each component that is released.
fn told(world: &World, pre: Option<&str>, told: &[Change]) -> String {
    let repository = world.open();
    let settings = settings();
    let today = Timestamp::parse("2026-11-25").unwrap();
    let mut policy = Policy::of(&settings, Scheme::Semver, Initial::FeaturesMinor, today);
    policy.pre = pre.map(|text| text.parse().unwrap());
    let convention = Convention::of(&config::Changes::default()).unwrap();
    let question = Question {
        head: &repository.head().unwrap(),
        components: &settings,
        convention: &convention,
        policy: &policy,
        told,
    };
    let found = match versions(&repository, &question) {
        Ok(found) => found,
        Err(error) => return format!("! {error}"),
    };
    let lines = found.plan.next.iter().map(|next| {
        let reasons = next
            .reasons
            .iter()
            .map(|reason| reason.told(&found.components));
        let reasons: Vec<String> = reasons.collect();
        let current = next.current.as_ref().map(ToString::to_string);
        format!(
            "{} {} -> {}: {}",
            found.components[next.component].name,
            current.unwrap_or_default(),
            next.version,
            reasons.join("; ")
        )
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn add(world: &World, path: &str, text: &str, message: &str) {
    world.write(path, text.as_bytes());
    world.git(&["add", "-A"]);
    world.commit(message);
}

/// `a` needs `b`; both at 1.0.0, `rs` at 0.1.0.
fn begun() -> World {
    let world = World::new();
    world.write(
        "package.json",
        br#"{"private": true, "workspaces": ["p/*"]}"#,
    );
    let a = br#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "^1.0.0"}}"#;
    world.write("p/a/package.json", a);
    world.write("p/b/package.json", br#"{"name": "b", "version": "1.0.0"}"#);
    world.write("Cargo.toml", b"[workspace]\nmembers = ['rs']");
    world.write(
        "rs/Cargo.toml",
        b"[package]\nname = 'rs'\nversion = '0.1.0'",
    );
    add(&world, "rs/lib.rs", "", "feat: begin");
    for tag in ["a@1.0.0", "b@1.0.0", "rs@0.1.0"] {
        world.git(&["tag", tag]);
    }
    world
}

#[test]
fn each_component_counts_from_its_own_release() {
    let world = begun();
    assert_eq!(told(&world, None, &[]), "");
    add(&world, "p/b/x.js", "1", "feat: one");
    world.git(&["tag", "-a", "-m", "b", "b@1.1.0"]);
    add(&world, "p/b/x.js", "2", "fix: two");
    add(&world, "p/b/tests/x.js", "3", "feat!: only in tests");
    add(&world, "README.md", "4", "feat: nobody's");
    assert_eq!(
        told(&world, None, &[]),
        "b 1.1.0 -> 1.1.1: patch: one change"
    );
    world.write("rs/lib.rs", b"5");
    add(&world, "p/b/x.js", "5", "feat!: of two components");
    assert_eq!(
        told(&world, None, &[]),
        "a 1.0.0 -> 1.0.1: it depends on b, whose version 2.0.0 leaves ^1.0.0\n\
         b 1.1.0 -> 2.0.0: major: one change\n\
         rs 0.1.0 -> 0.2.0: minor: one change"
    );
    // A revert of what was not released takes it back, for each of them.
    world.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(
        told(&world, None, &[]),
        "b 1.1.0 -> 1.1.1: patch: one change"
    );
}

#[test]
fn pre_releases_go_on_with_news_and_end() {
    let world = begun();
    add(&world, "p/b/x.js", "1", "feat: one");
    assert_eq!(
        told(&world, Some("rc"), &[]).lines().last().unwrap(),
        "b 1.0.0 -> 1.1.0-rc.1: minor: one change"
    );
    world.git(&["tag", "b@1.1.0-rc.1"]);
    assert_eq!(told(&world, Some("rc"), &[]), "");
    add(&world, "p/b/x.js", "2", "fix: two");
    assert!(
        told(&world, Some("rc"), &[]).ends_with("b 1.1.0-rc.1 -> 1.1.0-rc.2: minor: one change")
    );
    assert_eq!(
        told(&world, None, &[]),
        "b 1.1.0-rc.1 -> 1.1.0: minor: one change; it ends the pre-release 1.1.0-rc.1"
    );
}

#[test]
fn a_line_does_not_see_the_releases_after_it() {
    let world = begun();
    world.git(&["branch", "line"]);
    add(&world, "p/b/x.js", "1", "feat!: two");
    world.git(&["tag", "b@2.0.0"]);
    world.git(&["switch", "-q", "line"]);
    add(&world, "p/b/y.js", "1", "fix: on the line");
    assert_eq!(
        told(&world, None, &[]),
        "b 1.0.0 -> 1.0.1: patch: one change"
    );
}

#[test]
fn the_title_of_a_merge_is_of_what_it_brought_in() {
    let world = begun();
    world.git(&["switch", "-q", "-c", "topic"]);
    add(&world, "p/b/x.js", "1", "work");
    world.git(&["switch", "-q", "main"]);
    add(&world, "README.md", "1", "docs: other");
    world.git(&[
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "feat: a merge that says it",
        "topic",
    ]);
    assert_eq!(
        told(&world, None, &[]),
        "b 1.0.0 -> 1.1.0: minor: one change"
    );
}

#[test]
fn what_was_never_released_counts_from_the_beginning() {
    let world = begun();
    world.git(&["tag", "-d", "rs@0.1.0"]);
    add(&world, "rs/lib.rs", "1", "fix: one");
    assert_eq!(
        told(&world, None, &[]),
        "rs 0.1.0 -> 0.2.0: minor: one change"
    );
}

#[test]
fn changes_that_no_commit_tells_name_their_components() {
    let world = begun();
    let convention = Convention::of(&config::Changes::default()).unwrap();
    add(&world, "README.md", "1", "feat: to have a change");
    let changes = world
        .open()
        .changes_since(&world.id("HEAD"), None, &convention)
        .unwrap();
    let mut change = changes.listed[0].clone();
    assert_eq!(change.kind, Kind::Feature);
    change.components = vec!["a".to_owned()];
    assert_eq!(
        told(&world, None, &[change.clone()]),
        "a 1.0.0 -> 1.1.0: minor: one change"
    );
    change.components.push("c".to_owned());
    assert!(
        told(&world, None, &[change]).contains("names the component \"c\", which does not exist")
    );
}

#[test]
fn a_broken_manifest_stops_all() {
    let world = begun();
    add(&world, "p/b/package.json", "{", "feat: oops");
    let told = told(&world, None, &[]);
    assert!(
        told.starts_with(
            "! the components of the repository cannot be told: p/b/package.json, line 1:"
        ),
        "{told}"
    );
}
