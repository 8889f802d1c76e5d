//! Local references and the user's own checkout.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test stops")]

mod git_world;

use git_world::{AT, World, change, person};
use shipway_core::Target;
use shipway_core::name::{Oid, RefName};
use shipway_core::target::{FailureKind, Item, Presence, Receipt};

/// A release branch and a tag with their objects.
fn release(world: &World) -> (Item, Oid, Oid) {
    let draft = world.draft();
    let commit = World::version_commit(&draft, &world.head(), "1.1.0");
    let name = RefName::tag("v1.1.0").unwrap();
    let tag = draft
        .tag(&name, &commit.id, &person(), AT, "1.1.0")
        .unwrap();
    let refs = [
        change("refs/heads/release/v1.1.0", None, &commit.id),
        change("refs/tags/v1.1.0", None, &tag.id),
    ];
    let (commit_id, tag_id) = (commit.id.clone(), tag.id.clone());
    let body = serde_json::json!({ "commits": [commit], "tag": tag, "refs": refs });
    (Item::of_body("release", body), commit_id, tag_id)
}

fn is_same(target: &dyn Target, item: &Item) -> bool {
    matches!(target.observe(item).unwrap(), Presence::Same { .. })
}

fn found(target: &dyn Target, item: &Item) -> String {
    match target.observe(item).unwrap() {
        Presence::Different { found } => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn references_come_and_go_with_their_objects() {
    let world = World::new();
    let target = world.open("git-local", None);
    let (item, commit, tag) = release(&world);
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    let receipt = target.publish(&item).unwrap();
    assert!(receipt.id.contains(commit.as_str()) && receipt.id.contains(tag.as_str()));
    assert_eq!(
        target.observe(&item).unwrap(),
        Presence::Same {
            receipt: receipt.clone()
        }
    );
    assert_eq!(
        world.local_ref("refs/heads/release/v1.1.0"),
        commit.as_str()
    );
    assert_eq!(world.here(&["cat-file", "-t", "v1.1.0"]), "tag");
    assert_eq!(
        target
            .survey(std::slice::from_ref(&item))
            .unwrap()
            .found
            .len(),
        2
    );
    world.here(&["fsck", "--strict"]);
    target.publish(&item).unwrap();

    let before = world.here(&["for-each-ref", "refs/heads/main"]);
    target.retract(&item, &receipt).unwrap();
    target.retract(&item, &receipt).unwrap();
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    assert_eq!(
        world.here(&["for-each-ref", "refs/heads", "refs/tags"]),
        before
    );
}

#[test]
fn commits_without_a_branch_are_kept_until_they_are_taken_back() {
    let world = World::new();
    let target = world.open("git-local", None);
    let draft = world.draft();
    let commit = World::version_commit(&draft, &world.head(), "1.1.0");
    let id = commit.id.clone();
    let body = serde_json::json!({ "commits": [commit], "tag": null, "refs": [] });
    let item = Item::of_body("commits", body);
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    let receipt = target.publish(&item).unwrap();
    world.here(&["gc", "-q", "--prune=now"]);
    assert_eq!(world.here(&["cat-file", "-t", id.as_str()]), "commit");
    assert!(is_same(&*target, &item));
    target.retract(&item, &receipt).unwrap();
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    assert_eq!(world.here(&["for-each-ref", "refs/shipway"]), "");
}

#[test]
fn what_somebody_else_put_there_stays() {
    let world = World::new();
    let target = world.open("git-local", None);
    let (item, _, _) = release(&world);
    world.here(&["tag", "v1.1.0", "HEAD"]);
    assert!(found(&*target, &item).contains("refs/tags/v1.1.0"));
    let failure = target.publish(&item).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(
        world.local_ref("refs/heads/release/v1.1.0"),
        "",
        "all or nothing"
    );
    let failure = target.retract(&item, &Receipt::default()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.local_ref("v1.1.0"), world.head().as_str());
}

#[test]
fn a_lock_of_another_git_is_waited_for() {
    let world = World::new();
    let target = world.open("git-local", None);
    let (item, _, _) = release(&world);
    let lock = world.repo.join(".git/refs/tags/v1.1.0.lock");
    fs_err::write(&lock, "").unwrap();
    let failure = target.publish(&item).unwrap_err();
    assert!(
        matches!(failure.kind, FailureKind::Transient { .. }),
        "{failure:?}"
    );
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    fs_err::remove_file(&lock).unwrap();
    target.publish(&item).unwrap();
    assert!(is_same(&*target, &item));
}

#[test]
fn a_move_that_broke_off_half_way_is_finished() {
    let world = World::new();
    let target = world.open("git-local", None);
    let (item, commit, _) = release(&world);
    target.publish(&item).unwrap();
    world.here(&["tag", "-d", "v1.1.0"]);
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    target.publish(&item).unwrap();
    assert!(is_same(&*target, &item));
    world.here(&["tag", "-d", "v1.1.0"]);
    target.retract(&item, &Receipt::default()).unwrap();
    assert_eq!(world.local_ref("refs/heads/release/v1.1.0"), "");

    // Half of it there, and not by us: the branch points to what was there before.
    let refs = [
        change("refs/heads/a", None, &world.head()),
        change("refs/tags/b", None, &commit),
    ];
    let body = serde_json::json!({ "commits": [], "tag": null, "refs": refs });
    world.here(&["branch", "a"]);
    assert!(found(&*target, &Item::of_body("x", body)).contains("refs/tags/b"));
}

#[test]
fn a_branch_moves_forward_only_and_a_tag_never() {
    let world = World::new();
    let target = world.open("git-local", None);
    let first = world.head();
    world.here(&["commit", "-q", "--allow-empty", "-m", "second"]);
    world.here(&["branch", "b"]);
    let back = [change("refs/heads/b", Some(&world.head()), &first)];
    let body = serde_json::json!({ "commits": [], "tag": null, "refs": back });
    let failure = target.publish(&Item::of_body("back", body)).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    world.here(&["branch", "-f", "b", first.as_str()]);
    let forward = [change("refs/heads/b", Some(&first), &world.head())];
    let item = Item::of_body(
        "forward",
        serde_json::json!({ "commits": [], "tag": null, "refs": forward }),
    );
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    target.publish(&item).unwrap();
    target.retract(&item, &Receipt::default()).unwrap();
    assert_eq!(world.local_ref("b"), first.as_str());

    let moved = [change("refs/tags/t", Some(&first), &world.head())];
    let body = serde_json::json!({ "commits": [], "tag": null, "refs": moved });
    assert!(target.observe(&Item::of_body("t", body)).is_err());
}

#[test]
fn bodies_that_name_something_else_are_refused() {
    let world = World::new();
    let id = "1".repeat(40);
    for name in [
        "--output=x",
        "-d",
        "refs/heads/-x",
        "refs/tags/--all",
        "refs/heads/a b",
        "main",
        "HEAD",
        "refs/heads/a\nb",
    ] {
        let refs = serde_json::json!([{ "name": name, "old": null, "new": id }]);
        let local = serde_json::json!({ "commits": [], "tag": null, "refs": refs });
        for (kind, remote, body) in [
            ("git-local", None, local),
            ("git", Some("origin"), serde_json::json!({ "refs": refs })),
            (
                "git-worktree",
                None,
                serde_json::json!({ "branch": name, "old": id, "new": id }),
            ),
        ] {
            let target = world.open(kind, remote);
            let item = Item::of_body("x", body);
            for failure in [
                target.observe(&item).unwrap_err(),
                target.publish(&item).unwrap_err(),
            ] {
                assert_eq!(failure.kind, FailureKind::Permanent, "{kind} {name}");
            }
        }
    }
    let empty = serde_json::json!({ "commits": [], "tag": null, "refs": [] });
    assert!(
        world
            .open("git-local", None)
            .publish(&Item::of_body("x", empty))
            .is_err()
    );
    assert!(world.try_open("git-local", Some("origin")).is_err());
    assert!(world.try_open("git-worktree", Some("origin")).is_err());
}

/// The merge of a release that moves `main`, as the worktree's item, with its objects written.
fn forward(world: &World) -> (Item, Oid) {
    let old = world.head();
    let draft = world.draft();
    let commit = World::version_commit(&draft, &old, "1.1.0");
    shipway_targets::git::objects::write(&world.repo, std::slice::from_ref(&commit), None).unwrap();
    let body = serde_json::json!({ "branch": "refs/heads/main", "old": old, "new": commit.id });
    (Item::of_body("main", body), commit.id)
}

#[test]
fn a_clean_checkout_goes_forward_with_its_branch() {
    let world = World::new();
    let target = world.open("git-worktree", None);
    let (item, id) = forward(&world);
    // A file that git does not know is none of our business, and the user's hooks stay out of it.
    fs_err::write(world.repo.join("untracked"), "mine").unwrap();
    git_world::hook(
        &world.repo.join(".git"),
        "post-merge",
        "touch \"$PWD/canary\"",
    );
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    target.publish(&item).unwrap();
    assert!(is_same(&*target, &item));
    assert_eq!(world.head(), id);
    let text = fs_err::read_to_string(world.repo.join("pkg/version.py")).unwrap();
    assert_eq!(text, "__version__ = \"1.1.0\"\n");
    assert_eq!(world.here(&["status", "--porcelain"]), "?? untracked");

    world.here(&["commit", "-q", "--allow-empty", "-m", "later"]);
    assert!(is_same(&*target, &item), "somebody built on it");
    assert!(target.retract(&item, &Receipt::default()).is_err());
}

#[test]
fn uncommitted_work_is_never_touched() {
    let world = World::new();
    let target = world.open("git-worktree", None);
    let (item, id) = forward(&world);
    let before = world.head();
    fs_err::write(world.repo.join("README.md"), "half a thought").unwrap();
    let failure = target.publish(&item).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(failure.hint.unwrap().contains(id.as_str()));
    assert_eq!(world.head(), before);
    assert_eq!(
        fs_err::read_to_string(world.repo.join("README.md")).unwrap(),
        "half a thought"
    );
}

#[test]
fn a_branch_that_nobody_has_checked_out_just_moves() {
    let world = World::new();
    let target = world.open("git-worktree", None);
    let (item, id) = forward(&world);
    world.here(&["checkout", "-q", "-b", "work"]);
    fs_err::write(world.repo.join("README.md"), "half a thought").unwrap();
    target.publish(&item).unwrap();
    assert!(is_same(&*target, &item));
    assert_eq!(world.local_ref("main"), id.as_str());
    assert_eq!(world.here(&["status", "--porcelain"]), " M README.md");
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_or_moved_stays() {
    let world = World::new();
    let target = world.open("git-worktree", None);
    let (item, _) = forward(&world);
    world.here(&["checkout", "-q", "-b", "work"]);
    world.here(&["worktree", "add", "-q", "../other", "main"]);
    let before = world.local_ref("main");
    let failure = target.publish(&item).unwrap_err();
    assert!(failure.message.contains("other"), "{failure:?}");
    assert_eq!(world.local_ref("main"), before);

    world.here(&["worktree", "remove", "../other"]);
    world.here(&["commit", "-q", "--allow-empty", "-m", "x"]);
    world.here(&["branch", "-f", "main", "work"]);
    assert!(found(&*target, &item).contains("refs/heads/main"));
    assert_eq!(
        target.publish(&item).unwrap_err().kind,
        FailureKind::Permanent
    );
}
