//! Tags of many components, tags that are no releases, tags that moved, and very many tags.

use crate::world::{World, latest, tags};
use shipway_core::config::Scheme;
use shipway_history::{Oddity, TagPattern};
use std::fmt::Write as _;

fn names(tags: &[shipway_history::ReleaseTag]) -> Vec<&str> {
    tags.iter().map(|tag| tag.name.short()).collect()
}

#[test]
fn tags_of_many_components_are_read_at_once() {
    let world = World::new();
    world.commit("feat: a");
    for tag in [
        "v1.0.0",
        "core@1.0.0",
        "core@1.1.0",
        "core-extra@2.0.0",
        "@scope/ui@0.1.0",
        "web-v3.0.0",
        "lib2-v1.0.0",
        "2.0.0",
        "rel/1.5.0/final",
    ] {
        world.git(&["tag", tag]);
    }
    let patterns: Vec<TagPattern> = [
        "core@{version}",
        "core-extra@{version}",
        "@scope/ui@{version}",
        "web-v{version}",
        "lib2-v{version}",
        "{version}",
        "rel/{version}/final",
        "v{version}",
        "none-{version}",
    ]
    .iter()
    .map(|pattern| TagPattern::new(pattern).unwrap())
    .collect();
    for packed in [false, true] {
        if packed {
            world.git(&["pack-refs", "--all"]);
        }
        let found = world.open().tags(&patterns, Scheme::Semver).unwrap();
        let found: Vec<_> = found.by_pattern.iter().map(|tags| names(tags)).collect();
        let expected: [&[&str]; 9] = [
            &["core@1.0.0", "core@1.1.0"],
            &["core-extra@2.0.0"],
            &["@scope/ui@0.1.0"],
            &["web-v3.0.0"],
            &["lib2-v1.0.0"],
            &["2.0.0"],
            &["rel/1.5.0/final"],
            &["v1.0.0"],
            &[],
        ];
        assert_eq!(found, expected, "packed: {packed}");
    }
}

#[test]
fn tags_that_are_not_quite_releases_are_named() {
    let world = World::new();
    world.commit("feat: a");
    world.git(&["tag", "-a", "-m", "tree", "v3.0.0", "HEAD^{tree}"]);
    world.git(&["tag", "v4.0.0", "HEAD^{tree}"]);
    world.git(&["symbolic-ref", "refs/tags/v5.0.0", "refs/heads/main"]);
    world.write(
        ".git/refs/tags/v6.0.0",
        format!("{}\n", "12".repeat(20)).as_bytes(),
    );
    world.git(&["tag", "v1.0"]);
    world.git(&["tag", "v1.0.0"]);
    world.git(&["tag", "nightly"]);
    let pattern = TagPattern::new("v{version}").unwrap();
    let repository = world.open();
    let found = repository.tags(&[pattern], Scheme::Pep440).unwrap();
    assert_eq!(names(&found.by_pattern[0]), ["v1.0", "v1.0.0"]);
    let short = |names: &[shipway_core::name::RefName]| -> Vec<String> {
        names.iter().map(|name| name.short().to_owned()).collect()
    };
    let shown: Vec<String> = found
        .oddities
        .iter()
        .map(|oddity| match oddity {
            Oddity::NoCommit { name } => format!("no commit {}", name.short()),
            Oddity::Symbolic { name } => format!("symbolic {}", name.short()),
            Oddity::Dangling { name } => format!("dangling {}", name.short()),
            Oddity::SameCommit { names } => format!("same commit {:?}", short(names)),
            Oddity::SameVersion { names } => format!("same version {:?}", short(names)),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "no commit v3.0.0",
            "no commit v4.0.0",
            "symbolic v5.0.0",
            "dangling v6.0.0",
            r#"same commit ["v1.0", "v1.0.0"]"#,
            r#"same version ["v1.0", "v1.0.0"]"#,
        ]
    );
    // A packed tag of a tree is taken for a release until its commit is asked for; no question ends in a panic or a wrong range.
    fs_err::remove_file(world.repo().join(".git/refs/tags/v6.0.0")).unwrap();
    world.git(&["pack-refs", "--all"]);
    let repository = world.open();
    let all = tags(&repository);
    assert_eq!(latest(&repository).as_deref(), Some("v1.0.0"));
    let head = repository.head().unwrap();
    assert_eq!(repository.releases(&head, &all).unwrap().releases.len(), 1);
    assert_eq!(
        names(
            &repository
                .first_with(&head, &all)
                .unwrap()
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
        ),
        ["v1.0"]
    );
    let tree = all.iter().find(|tag| tag.name.short() == "v4.0.0").unwrap();
    let error = repository.range(&head, Some(&tree.commit)).unwrap_err();
    assert!(error.to_string().contains("is a tree"), "{error}");
}

#[test]
fn a_tag_that_moved_is_where_it_is_now() {
    let world = World::new();
    let first = world.commit("feat: a");
    world.git(&["tag", "v1.0.0"]);
    world.git(&["pack-refs", "--all"]);
    assert_eq!(tags(&world.open())[0].commit, first);
    let second = world.commit("fix: b");
    // Loose now, in front of the packed one.
    world.git(&["tag", "-f", "-a", "-m", "moved", "v1.0.0"]);
    let found = tags(&world.open());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].commit, second);
    let linked = world.path("linked");
    world.git(&["worktree", "add", "-q", "--detach", "../linked"]);
    let linked =
        shipway_history::Repository::open_with(&linked, shipway_history::Settings::RepositoryOnly)
            .unwrap();
    assert_eq!(tags(&linked), found);
}

#[test]
fn a_quarter_of_a_million_tags_are_read_in_one_pass() {
    let world = World::new();
    let commit = world.commit("feat: a");
    let mut packed = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for number in 0..250_000 {
        // Sorted as git sorts them; every fifth looks a little like a version.
        let name = if number % 5 == 0 { "v1.0" } else { "x" };
        writeln!(packed, "{commit} refs/tags/{number:07}{name}").unwrap();
    }
    for number in 0..9 {
        writeln!(packed, "{commit} refs/tags/v1.0.{number}").unwrap();
    }
    world.write(".git/packed-refs", packed.as_bytes());
    let patterns: Vec<TagPattern> = (0..2000)
        .map(|number| TagPattern::new(&format!("component-{number}-v{{version}}")).unwrap())
        .chain([TagPattern::new("v{version}").unwrap()])
        .collect();
    let found = world.open().tags(&patterns, Scheme::Semver).unwrap();
    assert_eq!(found.by_pattern[2000].len(), 9);
    assert!(found.by_pattern[..2000].iter().all(Vec::is_empty));
    assert_eq!(latest(&world.open()).as_deref(), Some("v1.0.8"));
}
