//! A run does what its plan shows, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

mod world;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use world::World;

/// The publish steps of a plan: (step, kind, items or `None` for sealed files, target).
fn publish_steps(plan: &Value) -> Vec<(String, String, Option<Vec<Value>>, String)> {
    let steps = plan["steps"].as_array().unwrap().iter();
    steps
        .filter_map(|step| {
            let publish = step["action"].get("publish")?;
            let fixed = publish["items"]
                .get("fixed")
                .and_then(Value::as_array)
                .cloned();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            Some((
                text(&step["id"]),
                text(&publish["target"]["kind"]),
                fixed,
                text(&publish["target"]["name"]),
            ))
        })
        .collect()
}

/// Every file below a directory with its content, but for those that `skip` names.
fn files(top: &Path, skip: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().display().to_string();
            if skip.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(name, fs_err::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_run_does_what_its_plan_shows_and_nothing_else() {
    let world = World::new();
    let path = world.scratch().join("plan.json");
    let planned = world.look();
    // The world itself pushed once to be what it is.
    let made = writes(&world);
    let home = files(&world.home(), &[]);
    let tree = files(&world.repository(), &[".git"]);
    let ran = world
        .shipway(&["plan", "minor", "-o", path.to_str().unwrap()])
        .must(0);
    // Planning is looking: nothing anywhere is different.
    assert_eq!(world.look(), planned);
    assert_eq!(files(&world.home(), &[]), home);
    assert_eq!(files(&world.repository(), &[".git"]), tree);
    assert_eq!(writes(&world), made);
    let plan: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
    for command in plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["action"].get("run"))
    {
        for word in command["commands"][0]["argv"].as_array().unwrap() {
            assert!(
                ran.stdout.contains(word.as_str().unwrap()),
                "{word} is not shown"
            );
        }
    }

    world
        .shipway(&["release", "--plan", path.to_str().unwrap(), "--yes"])
        .must(5);
    world.shipway(&["approve"]).must(0);
    world.shipway(&["resume"]).must(0);
    let after = world.look();

    // References: each is where the last step that names it puts it, and no other one moved.
    let (mut there, mut here) = (planned.remote_refs.clone(), planned.local_refs.clone());
    for (_, kind, items, _) in publish_steps(&plan) {
        for change in items
            .iter()
            .flatten()
            .flat_map(|item| item["body"]["refs"].as_array().cloned().unwrap_or_default())
        {
            let (name, new) = (
                change["name"].as_str().unwrap(),
                change["new"].as_str().unwrap(),
            );
            match kind.as_str() {
                "git" => there.insert(name.to_owned(), new.to_owned()),
                _ => here.insert(name.to_owned(), new.to_owned()),
            };
        }
        if kind == "git-worktree" {
            let body = &items.unwrap()[0]["body"];
            here.insert(
                body["branch"].as_str().unwrap().to_owned(),
                body["new"].as_str().unwrap().to_owned(),
            );
        }
    }
    assert_eq!(after.remote_refs, there);
    // A push tells the local repository where the remote's branches are.
    let local: BTreeMap<_, _> = after
        .local_refs
        .clone()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("refs/remotes/"))
        .collect();
    here.retain(|name, _| !name.starts_with("refs/remotes/"));
    assert_eq!(local, here);

    // Files: what was sealed, everywhere the same bytes.
    let status = world.shipway(&["status", "--json"]).must(0).json();
    let sealed: BTreeMap<String, String> = status["report"]["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["digest"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(sealed.len(), 2);
    assert_eq!(after.index, sealed);
    assert_eq!(after.test_index, sealed);
    assert_eq!(after.releases.len(), 1);
    let release = &after.releases[0];
    let assets: BTreeMap<String, String> = release
        .assets
        .iter()
        .map(|(name, state)| (name.clone(), state.replace("uploaded ", "")))
        .collect();
    assert_eq!((release.tag.as_str(), release.draft), ("v1.1.0", false));
    assert_eq!(assets, sealed);
    assert_eq!(release.notes.trim(), plan["notes"].as_str().unwrap().trim());
    assert_eq!(
        (after.milestones.len(), after.mails.len(), after.calls.len()),
        (1, 1, 1)
    );

    // Requests that change something: one for each item, to the place that the plan names.
    let mut wanted: BTreeMap<&str, usize> = made;
    for (_, kind, items, target) in publish_steps(&plan) {
        let count = items.map_or(sealed.len(), |items| items.len());
        let place = match (kind.as_str(), target.as_str()) {
            ("git", _) => "git",
            ("pypi", "test-index") => "test index",
            ("pypi", _) => "index",
            ("webhook", _) => "webhook",
            (kind, _) if kind.starts_with("github") => "github",
            _ => continue,
        };
        *wanted.entry(place).or_default() += count;
    }
    assert_eq!(writes(&world), wanted);

    // The working tree was brought forward, and nothing else of the user's was touched.
    assert_eq!(
        (after.dirty.as_str(), after.head.as_str()),
        ("", "refs/heads/main")
    );
    let changed: BTreeSet<String> = plan["commits"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|commit| commit["changes"].as_array().unwrap())
        .map(|change| change["path"].as_str().unwrap().to_owned())
        .collect();
    let now = files(&world.repository(), &[".git"]);
    let differs: BTreeSet<String> = now
        .keys()
        .chain(tree.keys())
        .filter(|name| now.get(*name) != tree.get(*name))
        .cloned()
        .collect();
    assert_eq!(differs, changed);
    assert_eq!(files(&world.home(), &[]), home);

    // Every step that the journal tells of is in the plan, and every step of the plan is told of or needs no event.
    let log = world.shipway(&["log", "--json"]).must(0);
    let told: BTreeSet<String> = log
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| Some(line["event"]["kind"]["step"].as_str()?.to_owned()))
        .collect();
    let planned: BTreeSet<String> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, planned);

    // The same plan once more: all is as it was released, and nothing is done.
    world
        .shipway(&["release", "--plan", path.to_str().unwrap(), "--yes"])
        .must(0);
    assert_eq!(world.look(), after);
    assert_eq!(writes(&world), wanted);
    world.shipway(&["verify"]).must(0);
    // An index that lost a file is noticed.
    fs_err::remove_file(world.servers.index.directory.join("tiny-1.1.0.tar.gz")).unwrap();
    let ran = world.shipway(&["verify"]).must(7);
    assert!(
        ran.stdout.contains("✗ pypi  tiny-1.1.0.tar.gz"),
        "{}",
        ran.stdout
    );
}

/// How many requests so far asked a server to change something.
fn writes(world: &World) -> BTreeMap<&'static str, usize> {
    let names = ["index", "test index", "git", "github", "webhook"];
    let mut counts = BTreeMap::new();
    for (name, server) in names.into_iter().zip(world.servers.over_http()) {
        let changes = server.requests().into_iter().filter(|seen| {
            let reads = matches!(seen.request.method.as_str(), "GET" | "HEAD")
                || seen.request.path.ends_with("/git-upload-pack");
            !reads
        });
        let count = changes.count();
        if count > 0 {
            counts.insert(name, count);
        }
    }
    counts
}
