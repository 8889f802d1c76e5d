//! With a cache, without one, or with a broken one: the same facts.

use crate::world::{World, day};
use proptest::prelude::*;
use shipway_train::facts::TrainFacts;
use shipway_train::git::Train;
use std::path::{Path, PathBuf};

const BRANCHES: [&str; 3] = ["main", "v1.4-andium", "v1.5-variegata"];

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs_err::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// A small life of a train: on each day something happens in the engine or in a member.
fn live(world: &World, from: i64, steps: &[(u8, u8)]) {
    for (day, (what, where_to)) in (from..).zip(steps) {
        let branch = BRANCHES[usize::from(*where_to) % 3];
        let repository = if what % 2 == 0 { "goose" } else { "httpfs" };
        let here = world.git(
            repository,
            &["for-each-ref", &format!("refs/heads/{branch}")],
        );
        if here.is_empty() {
            world.branch(repository, branch, "main");
        }
        match what % 8 {
            0 | 1 | 3 => {
                world.commit(repository, branch, day, "work", &[("a", &day.to_string())]);
            }
            2 => {
                let id = world.id("httpfs", "main");
                let text = format!(
                    "goose_extension_load(httpfs GIT_URL https://x.org/goose/httpfs GIT_TAG {id})"
                );
                world.commit(
                    "goose",
                    branch,
                    day,
                    "pin",
                    &[(".github/config/a.cmake", &text)],
                );
            }
            4 => world.tag("goose", &format!("v1.5.{day}"), branch, Some(day)),
            5 => {
                let link = format!("@commit {}", world.id("goose", "main"));
                world.commit("httpfs", branch, day, "target", &[("goose", &link)]);
            }
            6 if branch != "main" => {
                world.merge("goose", "main", branch, day, &[]);
            }
            _ => {
                let id = world.id(repository, &format!("{branch}^0"));
                world.git(repository, &["update-ref", "refs/pull/3/head", id.as_str()]);
            }
        }
    }
}

fn all(train: &Train, until: i64) -> Vec<TrainFacts> {
    (-1..until).map(|it| train.at(day(it))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_never_changes_an_answer(
        first in proptest::collection::vec(any::<(u8, u8)>(), 1..8),
        then in proptest::collection::vec(any::<(u8, u8)>(), 0..4),
        flip in any::<usize>(),
    ) {
        let world = World::new();
        for repository in ["goose", "httpfs"] {
            world.init(repository);
            world.commit(repository, "main", 0, "start", &[("a", "")]);
        }
        live(&world, 1, &first);
        let sources = world.sources(&["httpfs"]);
        let cache = world.path("cache");
        let read = |cache: Option<&Path>| all(&Train::read(&sources, cache), 14);
        let plain = read(None);
        prop_assert_eq!(&read(Some(&cache)), &plain, "cold");
        prop_assert_eq!(&read(Some(&cache)), &plain, "warm");
        live(&world, 9, &then);
        let plain = read(None);
        prop_assert_eq!(&read(Some(&cache)), &plain, "stale");
        for path in files(&cache) {
            let mut bytes = fs_err::read(&path).unwrap();
            let at = flip % bytes.len();
            bytes[at] ^= 0x20;
            fs_err::write(&path, bytes).unwrap();
        }
        prop_assert_eq!(&read(Some(&cache)), &plain, "damaged");
        prop_assert_eq!(&read(Some(&cache)), &plain, "mended");
        prop_assert_eq!(files(&cache).len(), 2, "nothing older is kept");
    }
}

#[test]
fn a_warm_cache_is_used() {
    let world = World::new();
    for repository in ["goose", "httpfs"] {
        world.init(repository);
        world.commit(repository, "main", 0, "start", &[("a", "")]);
    }
    let sources = world.sources(&["httpfs"]);
    let cache = world.path("cache");
    let first = Train::read(&sources, Some(&cache)).at(day(1));
    // Without its objects only the cache knows what was there.
    fs_err::remove_dir_all(world.path("httpfs").join("objects")).unwrap();
    fs_err::create_dir_all(world.path("httpfs").join("objects")).unwrap();
    assert_eq!(Train::read(&sources, Some(&cache)).at(day(1)), first);
    assert_ne!(Train::read(&sources, None).at(day(1)), first);
}
