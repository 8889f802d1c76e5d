//! The borders between the crates, as `ARCHITECTURE.md` draws them. Each rule reads what is written in the manifests and the
//! sources, so that breaking it is a decision and not an accident.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where the checkout is not as expected"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, TableLike};

/// Crates that bring an asynchronous runtime, or are of no use without one.
const RUNTIMES: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "async-executor",
    "async-global-executor",
    "futures-executor",
    "monoio",
    "glommio",
    "compio",
    "actix-rt",
    "embassy-executor",
];

/// Crates that talk HTTP.
const HTTP: &[&str] = &[
    "ureq",
    "reqwest",
    "hyper",
    "hyper-util",
    "curl",
    "isahc",
    "minreq",
    "attohttpc",
    "surf",
];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document(path: &Path) -> DocumentMut {
    let text = fs_err::read_to_string(path).unwrap();
    text.parse().unwrap()
}

/// Names of the tables whose entries end up in the product.
fn dependencies(manifest: &dyn TableLike) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for section in ["dependencies", "build-dependencies"] {
        let table = manifest.get(section).and_then(|item| item.as_table_like());
        for (key, item) in table.into_iter().flat_map(|table| table.iter()) {
            let renamed = item.get("package").and_then(|package| package.as_str());
            names.insert(renamed.unwrap_or(key).to_owned());
        }
    }
    let targets = manifest.get("target").and_then(|item| item.as_table_like());
    for (_, target) in targets.into_iter().flat_map(|targets| targets.iter()) {
        if let Some(target) = target.as_table_like() {
            names.extend(dependencies(target));
        }
    }
    names
}

/// Every crate below `crates/`, with what it depends on.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let mut crates = BTreeMap::new();
    for entry in fs_err::read_dir(top().join("crates")).unwrap() {
        let directory = entry.unwrap().path();
        let manifest = directory.join("Cargo.toml");
        if manifest.is_file() {
            let name = directory
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            crates.insert(name, dependencies(document(&manifest).as_table()));
        }
    }
    for known in ["core", "history", "targets", "engine", "train", "shipway"] {
        assert!(crates.contains_key(known), "there is no crates/{known}");
    }
    crates
}

fn ours(dependencies: &BTreeSet<String>) -> BTreeSet<&str> {
    dependencies
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with("shipway"))
        .collect()
}

/// All that is linked into a package of ours, however far away, with its usual features.
fn links(package: &str) -> BTreeSet<String> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--frozen", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .current_dir(top())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "cargo tree: {error}");
    let lines = String::from_utf8(tree.stdout).unwrap();
    let names = lines
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Rust sources below a directory, by their path from the top of the repository.
fn sources(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![top().join(below)];
    while let Some(directory) = open.pop() {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(top()).unwrap();
                let text = fs_err::read_to_string(&path).unwrap();
                found.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {below}");
    found
}

/// Places at which one of the words stands in code: comments do not count.
fn places(sources: &[(String, String)], words: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for (name, text) in sources {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                places.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    places
}

#[test]
fn core_depends_on_nothing_of_ours() {
    let crates = crates();
    assert_eq!(ours(&crates["core"]), BTreeSet::new());
}

#[test]
fn core_reaches_no_runtime_no_network_and_no_database() {
    let brought = links("shipway-core");
    assert!(brought.contains("serde"), "cargo tree lists {brought:?}");
    let banned = RUNTIMES
        .iter()
        .chain(HTTP)
        .chain(&["rusqlite", "gix", "clap", "fs-err"]);
    let found: Vec<_> = banned.filter(|name| brought.contains(**name)).collect();
    assert!(found.is_empty(), "shipway-core reaches {found:?}");
}

#[test]
fn the_middle_crates_depend_on_core_alone() {
    let crates = crates();
    for (name, dependencies) in &crates {
        if !["core", "shipway"].contains(&name.as_str()) {
            let ours = ours(dependencies);
            assert_eq!(ours, BTreeSet::from(["shipway-core"]), "crates/{name}");
        }
    }
}

#[test]
fn the_binary_links_no_test_kit() {
    let crates = crates();
    let ours = ours(&crates["shipway"]);
    let middle = crates.keys().filter(|name| *name != "shipway");
    let middle: BTreeSet<String> = middle.map(|name| format!("shipway-{name}")).collect();
    let stray: Vec<_> = ours
        .iter()
        .filter(|name| !middle.contains(**name))
        .collect();
    assert!(stray.is_empty(), "crates/shipway depends on {stray:?}");
}

#[test]
fn one_crate_each_knows_the_database_the_network_and_git() {
    let crates = crates();
    let who = |package: &str| -> Vec<&str> {
        let having = crates.iter().filter(|(_, needs)| needs.contains(package));
        having.map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(who("rusqlite"), ["engine"]);
    assert_eq!(who("ureq"), ["targets"]);
    assert_eq!(who("lettre"), ["targets"]);
    assert_eq!(who("clap"), ["shipway"]);
    assert_eq!(who("gix"), ["history", "targets", "train"]);
    let named = places(&sources("crates"), &["rusqlite"]);
    let strays: Vec<_> = named
        .iter()
        .filter(|place| !place.starts_with("crates/engine/"))
        .filter(|place| !place.starts_with("crates/shipway/tests/borders.rs"))
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn no_crate_depends_on_a_runtime() {
    for (name, dependencies) in crates() {
        let found: Vec<_> = RUNTIMES
            .iter()
            .filter(|one| dependencies.contains(**one))
            .collect();
        assert!(found.is_empty(), "crates/{name} depends on {found:?}");
    }
    let brought = links("shipway");
    assert!(brought.contains("rusqlite"), "cargo tree lists {brought:?}");
    assert!(!brought.contains("schemars"), "schemas are for tests alone");
    let found: Vec<_> = RUNTIMES
        .iter()
        .filter(|one| brought.contains(**one))
        .collect();
    assert!(found.is_empty(), "shipway reaches {found:?}");
}

#[test]
fn only_the_output_knows_a_terminal() {
    const TERMINAL: &[&str] = &[
        "println!",
        "print!(",
        "IsTerminal",
        "io::stdout",
        "io::stderr",
        "io::stdin",
    ];
    let mut sources = sources("crates");
    sources.retain(|(name, _)| {
        let is_product = name.split('/').nth(2) == Some("src");
        let is_unit_test = name.ends_with("tests.rs") || name.contains("/tests/");
        is_product && !is_unit_test
    });
    let (output, rest): (Vec<_>, Vec<_>) = sources.into_iter().partition(|(name, _)| {
        name.starts_with("crates/shipway/src/output/") || name == "crates/shipway/src/cli.rs"
    });
    assert!(
        !places(&output, TERMINAL).is_empty(),
        "the search finds nothing at all"
    );
    let strays = places(&rest, TERMINAL);
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn only_the_binary_reads_the_environment_and_the_clock() {
    // The last one looks for the names of git's own variables, to keep them away from git.
    const ALLOWED: &[&str] = &[
        "crates/shipway/src/main.rs:",
        "crates/shipway/src/clock.rs:",
        "crates/shipway/src/reference.rs:",
        "crates/targets/src/git/program.rs:",
    ];
    const OUTSIDE: &[&str] = &[
        "env::var",
        "env::vars",
        "SystemTime::now",
        "Timestamp::now(",
    ];
    let mut sources = sources("crates");
    sources.retain(|(name, _)| {
        name.split('/').nth(2) == Some("src")
            && !name.ends_with("tests.rs")
            && !name.contains("/tests/")
    });
    let allowed = |place: &String| ALLOWED.iter().any(|file| place.starts_with(file));
    let (known, strays): (Vec<_>, Vec<_>) =
        places(&sources, OUTSIDE).into_iter().partition(allowed);
    assert!(!known.is_empty(), "the search finds nothing at all");
    assert!(strays.is_empty(), "{strays:#?}");
}

/// Whether an SPDX licence expression can be met with these licences. An exception (`WITH`) gives rights, and takes none.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&words, &mut at, allowed);
    met && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let met = any_of(words, at, allowed);
        *at += 1;
        return met;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    allowed.contains(word)
}

#[test]
fn licence_expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "ISC"].map(str::to_owned));
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Apache-2.0/MIT",
        "(GPL-3.0 OR MIT) AND ISC",
        "MIT WITH x",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL-3.0",
        "MIT GPL-3.0",
    ] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_dependency_has_a_licence_and_a_source_that_deny_toml_allows() {
    let deny = document(&top().join("deny.toml"));
    let licences = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> = licences
        .iter()
        .map(|licence| licence.as_str().unwrap().to_owned())
        .collect();
    let banned: BTreeSet<&str> = deny["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ban| ban.as_inline_table().unwrap()["crate"].as_str().unwrap())
        .collect();
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--frozen", "--format-version", "1"])
        .current_dir(top())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "cargo metadata: {error}");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut others = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some(source) = package["source"].as_str() else {
            continue;
        };
        others += 1;
        assert!(
            source.starts_with("registry+"),
            "{name} comes from {source}"
        );
        assert!(!banned.contains(name), "{name} is banned");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_met(licence, &allowed), "{name} is under {licence:?}");
    }
    assert!(others > 100, "cargo metadata lists {others} dependencies");
}
