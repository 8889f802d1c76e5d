//! Planned commits and tags: their ids are those that git gives, and nothing is written that the plan does not describe.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test stops")]

mod git_world;

use git_world::{AT, World, change, item, person};
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{GitTime, Person};
use shipway_targets::git::objects::{Draft, NewCommit, ObjectError, write};

fn new<'a>(parents: &'a [Oid], person: &'a Person, message: &'a str) -> NewCommit<'a> {
    NewCommit {
        role: "release",
        parents,
        author: person,
        committer: person,
        at: AT,
        message,
    }
}

fn file(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

fn objects(world: &World) -> String {
    world.here(&["cat-file", "--batch-all-objects", "--batch-check"])
}

#[test]
fn ids_are_those_that_git_computes() {
    let world = World::new();
    let person = person();
    let base = world.head();
    let before = objects(&world);
    let draft = world.draft();
    let files = [
        file("pkg/version.py", "__version__ = \"1.1.0\"\n"),
        file("run.sh", "#!/bin/sh\nexit 1\n"),
        file("pkg/deep/er/data.txt", "one\r\n2\r\nstill none"),
        file("docs/new/page.md", "new\n"),
        file("README.md", "# a package\n"),
    ];
    let message = "Prepare 1.1.0\n\nüml";
    let release = draft
        .commit(&new(std::slice::from_ref(&base), &person, message), &files)
        .unwrap();
    let both = [base.clone(), release.id.clone()];
    let merge = draft
        .merge(&new(&both, &person, "Merge"), &release.id)
        .unwrap();
    let on_merge = [merge.id.clone()];
    let next_files = [file("pkg/version.py", "__version__ = \"1.2.0.dev0\"\n")];
    let next = draft
        .commit(&new(&on_merge, &person, "Next"), &next_files)
        .unwrap();
    let name = RefName::tag("v1.1.0").unwrap();
    let tag = draft
        .tag(&name, &release.id, &person, AT, "Version 1.1.0")
        .unwrap();

    assert_eq!(objects(&world), before, "computing must not write");
    let paths: Vec<_> = release
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "pkg/version.py",
            "run.sh",
            "pkg/deep/er/data.txt",
            "docs/new/page.md"
        ]
    );
    assert_eq!(release.changes[3].before, None);

    write(
        &world.repo,
        &[release.clone(), merge.clone(), next.clone()],
        Some(&tag),
    )
    .unwrap();
    world.here(&["fsck", "--strict", "--no-dangling"]);

    // The same by git's own hand.
    world.here(&["checkout", "-q", "--detach", base.as_str()]);
    for (path, bytes) in &files {
        let path = world.repo.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    world.here(&["add", "-A"]);
    assert_eq!(world.here(&["write-tree"]), release.tree.as_str());
    let time = Some("1795255200 +0100");
    let tree = release.tree.as_str();
    let commit_tree = |parents: &[&Oid], message: &str| {
        let mut arguments = vec!["commit-tree", tree, "-m", message];
        for parent in parents {
            arguments.extend(["-p", parent.as_str()]);
        }
        let output = world.try_git(&world.repo, &arguments, time);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    };
    assert_eq!(commit_tree(&[&base], message), release.id.as_str());
    assert_eq!(
        commit_tree(&[&base, &release.id], "Merge"),
        merge.id.as_str()
    );
    let arguments = [
        "tag",
        "-a",
        "-m",
        "Version 1.1.0",
        "v1.1.0",
        release.id.as_str(),
    ];
    assert!(
        world
            .try_git(&world.repo, &arguments, time)
            .status
            .success()
    );
    assert_eq!(
        world.here(&["rev-parse", "refs/tags/v1.1.0"]),
        tag.id.as_str()
    );

    let modes = world.here(&["ls-tree", "-r", release.id.as_str()]);
    let mode = |path: &str| {
        let line = modes
            .lines()
            .find(|line| line.ends_with(&format!("\t{path}")))
            .unwrap();
        line[..6].to_owned()
    };
    assert_eq!(mode("run.sh"), "100755");
    assert_eq!(mode("docs/new/page.md"), "100644");
    assert_eq!(mode("link.md"), "120000");
    let shown = world.here(&["show", &format!("{}:pkg/deep/er/data.txt", next.id)]);
    assert_eq!(shown, "one\r\n2\r\nstill none");
}

#[test]
fn packed_parents_are_read_too() {
    let world = World::new();
    world.here(&["gc", "-q"]);
    let draft = world.draft();
    let commit = World::version_commit(&draft, &world.head(), "2.0.0");
    write(&world.repo, &[commit], None).unwrap();
    world.here(&["fsck", "--strict", "--no-dangling"]);
    assert_eq!(draft.file(&world.head(), "no/such/file").unwrap(), None);
    let text = draft
        .file(&world.head(), "pkg/version.py")
        .unwrap()
        .unwrap();
    assert_eq!(text, b"__version__ = \"1.0.0\"\n");
}

#[test]
fn a_plan_that_does_not_fit_writes_nothing() {
    let world = World::new();
    let draft = world.draft();
    let head = world.head();
    let good = World::version_commit(&draft, &head, "1.1.0");
    let tag_name = RefName::tag("v1.1.0").unwrap();
    let good_tag = draft
        .tag(&tag_name, &good.id, &person(), AT, "1.1.0")
        .unwrap();
    let before = objects(&world);

    let refused = |change: &dyn Fn(&mut shipway_core::plan::Commit)| {
        let mut bad = good.clone();
        change(&mut bad);
        write(&world.repo, &[bad], None).unwrap_err()
    };
    let errors = [
        refused(&|c| c.message.push('!')),
        refused(&|c| c.at.seconds += 1),
        refused(&|c| c.author.name.push('x')),
        refused(&|c| c.tree = head.clone()),
        refused(&|c| c.id = head.clone()),
        refused(&|c| c.parents.push(head.clone())),
        refused(&|c| c.changes[0].after = head.clone()),
        refused(&|c| c.changes[0].before = None),
        refused(&|c| c.changes[0].diff = c.changes[0].diff.replace("1.1.0", "6.6.6")),
        refused(&|c| c.changes.clear()),
    ];
    for error in &errors {
        assert!(matches!(error, ObjectError::Differs { .. }), "{error:?}");
    }
    let error = refused(&|c| c.changes[0].diff = c.changes[0].diff.replace("1.0.0", "0.9.0"));
    assert!(matches!(error, ObjectError::Diff { .. }), "{error:?}");
    let error = refused(&|c| c.parents = vec![Oid::new("1".repeat(40)).unwrap()]);
    assert!(matches!(error, ObjectError::Missing(_)), "{error:?}");
    let mut bad_tag = good_tag.clone();
    bad_tag.message.push('!');
    assert!(write(&world.repo, std::slice::from_ref(&good), Some(&bad_tag)).is_err());
    assert_eq!(objects(&world), before);

    write(&world.repo, std::slice::from_ref(&good), Some(&good_tag)).unwrap();
    write(&world.repo, std::slice::from_ref(&good), Some(&good_tag)).unwrap();
    assert_ne!(objects(&world), before);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let world = World::new();
    let head = world.head();
    let link = format!("160000,{head},sub");
    world.here(&["update-index", "--add", "--cacheinfo", &link]);
    world.here(&["commit", "-q", "-m", "a submodule"]);
    let (draft, person, head) = (world.draft(), person(), world.head());
    for path in [
        "link.md",
        "linked/version.py",
        "sub",
        "sub/file",
        "pkg",
        "README.md/x",
        "../x",
        "/x",
        "a//b",
        "./x",
        "",
        ".git/config",
        "a/.GIT/hooks/x",
        "a\\b",
        "a\nb",
    ] {
        let error = draft
            .commit(
                &new(std::slice::from_ref(&head), &person, "m"),
                &[file(path, "evil")],
            )
            .unwrap_err();
        assert!(
            matches!(error, ObjectError::Path { .. }),
            "{path:?}: {error:?}"
        );
    }
    let twice = [file("a", "1"), file("a", "2")];
    assert!(
        draft
            .commit(&new(std::slice::from_ref(&head), &person, "m"), &twice)
            .is_err()
    );
}

#[test]
fn what_git_cannot_keep_is_refused() {
    let world = World::new();
    let (draft, head) = (world.draft(), [world.head()]);
    let good = person();
    let named = |name: &str, email: &str| Person {
        name: name.to_owned(),
        email: email.to_owned(),
    };
    for bad in [
        named("", "a@b"),
        named("a <b>", "a@b"),
        named("a\nb", "a@b"),
        named(" a", "a@b"),
        named("a", "a@b>\ncommitter x"),
        named("a", "a b"),
    ] {
        let error = draft.commit(&new(&head, &bad, "m"), &[]).unwrap_err();
        assert!(matches!(error, ObjectError::Value { .. }), "{bad:?}");
    }
    for at in [(-1, 0), (253_402_300_800, 0), (5, 30), (5, 15 * 3600)] {
        let at = GitTime {
            seconds: at.0,
            offset: at.1,
        };
        let commit = NewCommit {
            at,
            ..new(&head, &good, "m")
        };
        assert!(draft.commit(&commit, &[]).is_err(), "{at:?}");
    }
    for message in ["", " \n", "a\0b"] {
        assert!(
            draft.commit(&new(&head, &good, message), &[]).is_err(),
            "{message:?}"
        );
        let name = RefName::tag("v1").unwrap();
        assert!(
            draft.tag(&name, &head[0], &good, AT, message).is_err(),
            "{message:?}"
        );
    }
    assert!(draft.commit(&new(&[], &good, "m"), &[]).is_err());
    let branch = RefName::branch("x").unwrap();
    assert!(draft.tag(&branch, &head[0], &good, AT, "m").is_err());
    let bytes = [("a".to_owned(), vec![0xff, 0xfe])];
    let error = draft.commit(&new(&head, &good, "m"), &bytes).unwrap_err();
    assert!(matches!(error, ObjectError::Diff { .. }), "{error:?}");
}

#[test]
fn a_repository_with_sha256_ids_is_written_and_pushed_like_any_other() {
    let world = World::of("sha256");
    let (draft, old) = (world.draft(), world.head());
    assert_eq!(old.as_str().len(), 64);
    let commit = World::version_commit(&draft, &old, "1.1.0");
    let name = RefName::tag("v1.1.0").unwrap();
    let tag = draft
        .tag(&name, &commit.id, &person(), AT, "1.1.0")
        .unwrap();
    write(&world.repo, std::slice::from_ref(&commit), Some(&tag)).unwrap();
    world.here(&["fsck", "--strict", "--no-dangling"]);
    let item = item(&[
        change("refs/heads/main", Some(&old), &commit.id),
        change("refs/tags/v1.1.0", None, &tag.id),
    ]);
    let target = world.open("git", Some("origin"));
    target.publish(&item).unwrap();
    assert_eq!(world.remote_ref("refs/tags/v1.1.0"), tag.id.as_str());
    let text = world.there(&["show", "main:pkg/version.py"]);
    assert_eq!(text, "__version__ = \"1.1.0\"");
}

#[test]
fn what_is_no_repository_is_refused() {
    let world = World::new();
    assert!(Draft::open(world.dir.path()).is_err());
}
