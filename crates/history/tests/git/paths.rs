//! Files of commits, and what commits changed.

use crate::world::World;
use shipway_history::{CommitId, Enter, Repository};

fn changed(repository: &Repository, world: &World, rev: &str) -> Vec<String> {
    changed_in(repository, world, rev, |_| Enter::Into)
}

fn changed_in(
    repository: &Repository,
    world: &World,
    rev: &str,
    enter: impl Fn(&str) -> Enter + Sync,
) -> Vec<String> {
    let id = CommitId::try_from(&world.id(rev)).unwrap();
    let found = repository.changed_paths(&[id], enter, |_, paths| paths);
    found.unwrap().remove(0)
}

#[test]
fn changed_paths_are_those_of_git() {
    let world = World::new();
    let commit = |message: &str| {
        world.git(&["add", "-A"]);
        world.commit(message)
    };
    world.write("a.txt", b"a");
    world.write("dir/sub/x.txt", b"x");
    world.write("dir/sub/y.txt", b"y");
    world.write("dir.txt", b"sorts between dir and dir/");
    commit("feat: root");
    world.write("dir/sub/x.txt", b"x2");
    world.git(&["rm", "-q", "a.txt"]);
    commit("fix: change and delete");
    // A file becomes a directory, and the other way.
    world.git(&["rm", "-q", "dir.txt"]);
    world.write("dir.txt/inner", b"i");
    commit("refactor: file to directory");
    world.git(&["rm", "-q", "-r", "dir/sub"]);
    world.write("dir/sub", b"file now");
    commit("refactor: directory to file");
    world.git(&["update-index", "--chmod=+x", "dir/sub"]);
    world.commit("chore: mode alone");
    world.git(&["branch", "side", "HEAD~2"]);
    world.git(&["checkout", "-q", "-f", "side"]);
    world.write("side.txt", b"s");
    commit("feat: side");
    world.git(&["checkout", "-q", "-f", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "side"]);
    world.git(&["checkout", "-q", "-b", "evil"]);
    world.write("side.txt", b"evil");
    world.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    world.commit("docs: nothing changed");
    let repository = world.open();
    let revs = world.git(&["rev-list", "--all"]);
    for rev in revs.lines() {
        let listed = world.git(&[
            "diff-tree",
            "-r",
            "-c",
            "--root",
            "--name-only",
            "--no-renames",
            "--no-commit-id",
            rev,
        ]);
        let listed: Vec<&str> = listed.lines().collect();
        assert_eq!(changed(&repository, &world, rev), listed, "{rev}");
    }
    assert_eq!(changed(&repository, &world, "main"), Vec::<String>::new());
    assert_eq!(changed(&repository, &world, "evil~1"), ["side.txt"]);
}

#[test]
fn directories_can_be_spared() {
    let world = World::new();
    for path in [
        "packages/a/src/x",
        "packages/a/y",
        "packages/b/z",
        "vendor/v",
        "top",
    ] {
        world.write(path, b"1");
    }
    world.git(&["add", "-A"]);
    let commit = world.commit("feat: all");
    let repository = world.open();
    let enter = |path: &str| match path {
        "packages/a" => Enter::Whole,
        "vendor" => Enter::Skip,
        _ => Enter::Into,
    };
    assert_eq!(
        changed_in(&repository, &world, "HEAD", enter),
        ["packages/a/", "packages/b/z", "top"]
    );
    let found = repository
        .files(&commit, enter, |path| path.ends_with(['x', 'z', 'v']))
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, "packages/b/z");
}

#[test]
fn many_files_are_found_and_read() {
    let world = World::new();
    for number in 0..400 {
        world.write(
            &format!("crates/c{number}/Cargo.toml"),
            format!("{number}").as_bytes(),
        );
    }
    world.write("Cargo.toml", b"top");
    std::os::unix::fs::symlink("Cargo.toml", world.repo().join("crates/Cargo.toml")).unwrap();
    world.git(&["add", "-A"]);
    let commit = world.commit("feat: all");
    let repository = world.open();
    let is_manifest = |path: &str| path.rsplit('/').next() == Some("Cargo.toml");
    let found = repository
        .files(&commit, |_| Enter::Into, is_manifest)
        .unwrap();
    assert_eq!(found.len(), 401);
    let read = repository.read_files(&found, |file, bytes| {
        (
            file.path.clone(),
            String::from_utf8_lossy(bytes).into_owned(),
        )
    });
    for (path, text) in read.unwrap() {
        let number = path
            .strip_prefix("crates/c")
            .and_then(|rest| rest.split('/').next());
        assert_eq!(text, number.unwrap_or("top"));
    }
    assert_eq!(found[0].id().unwrap(), world.id("HEAD:Cargo.toml"));
}
