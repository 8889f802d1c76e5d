//! Every target, with its seeds and some thousands of mutations of them.

#![expect(clippy::unwrap_used, reason = "a finding ends the test")]

use shipway_fuzz::mutation::Dice;
use shipway_fuzz::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const MUTATIONS: u64 = 3000;

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target.name);
    let mut paths: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| fs_err::read(path).unwrap())
        .collect();
    assert!(seeds.len() >= 3, "{} has too few seeds", target.name);
    seeds
}

/// Runs one input; a finding shows it, so that it can become a seed.
fn put(target: &Target, data: &[u8]) {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    assert!(
        ran.is_ok(),
        "target {} fails on b\"{}\"",
        target.name,
        data.escape_ascii()
    );
}

fn smoke(name: &str) {
    turns(name, 0..MUTATIONS);
}

fn turns(name: &str, turns: std::ops::Range<u64>) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = seeds(target);
    for seed in &seeds {
        put(target, seed);
    }
    for turn in turns {
        let mut dice = Dice::new(turn);
        let seed = &seeds[dice.below(seeds.len())];
        put(target, &dice.mutated(seed, &seeds));
    }
}

#[test]
fn versions() {
    smoke("version");
}

#[test]
fn requirements() {
    smoke("requirement");
}

#[test]
fn messages() {
    smoke("message");
}

#[test]
fn change_files() {
    smoke("change-file");
}

#[test]
fn changelogs() {
    smoke("changelog");
}

#[test]
fn version_files() {
    smoke("version-file");
}

#[test]
fn configurations() {
    smoke("configuration");
}

#[test]
#[ignore = "minutes: further mutations, where libFuzzer is not at hand"]
fn a_longer_run() {
    for target in TARGETS {
        turns(target.name, MUTATIONS..MUTATIONS * 20);
    }
}

#[test]
fn every_target_has_seeds_and_is_found_by_its_name() {
    for target in TARGETS {
        assert!(!seeds(target).is_empty());
        assert!(shipway_fuzz::run(target.name, b""));
    }
    assert!(!shipway_fuzz::run("nothing", b""));
}

#[test]
fn mutations_are_the_same_in_every_run_and_differ_among_themselves() {
    let seeds = vec![b"1.2.3-rc.1".to_vec(), b">=1.2,<2".to_vec()];
    let of = |turn| Dice::new(turn).mutated(&seeds[0], &seeds);
    assert_eq!(of(7), of(7));
    let all: std::collections::BTreeSet<Vec<u8>> = (0..200).map(of).collect();
    assert!(all.len() > 150, "{}", all.len());
}
