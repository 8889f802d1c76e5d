//! References of a remote: a bare repository beside us, and the real `git http-backend` with faults in front of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test stops")]

mod git_world;

use git_world::{AT, World, change, hook, item, person};
use shipway_core::Target;
use shipway_core::name::{Oid, RefName};
use shipway_core::target::{Credential, FailureKind, Item, Presence, Receipt};
use shipway_targets::git::objects::write;
use shipway_testkit::faults::Fault;
use shipway_testkit::git_http::GitHttp;
use shipway_testkit::http::{Request, Server};
use std::sync::Arc;

struct Release {
    old: Oid,
    commit: Oid,
    tag: Oid,
}

/// The objects of a release, written but not pushed.
fn release(world: &World) -> Release {
    let (draft, old) = (world.draft(), world.head());
    let commit = World::version_commit(&draft, &old, "1.1.0");
    let name = RefName::tag("v1.1.0").unwrap();
    let tag = draft
        .tag(&name, &commit.id, &person(), AT, "1.1.0")
        .unwrap();
    write(&world.repo, std::slice::from_ref(&commit), Some(&tag)).unwrap();
    Release {
        old,
        commit: commit.id,
        tag: tag.id,
    }
}

impl Release {
    /// The branch forward and the tag, in one.
    fn item(&self) -> Item {
        item(&[
            change("refs/heads/main", Some(&self.old), &self.commit),
            change("refs/tags/v1.1.0", None, &self.tag),
        ])
    }

    /// A branch of its own.
    fn branch_item(&self) -> Item {
        item(&[change("refs/heads/release/v1.1.0", None, &self.commit)])
    }

    fn stands(&self, world: &World) -> bool {
        let refs = ["refs/heads/main", "refs/tags/v1.1.0"].map(|name| world.remote_ref(name));
        let new = [self.commit.as_str(), self.tag.as_str()];
        let old = [self.old.as_str(), ""];
        assert!(refs == new || refs == old, "half of a push: {refs:?}");
        refs == new
    }
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
fn one_push_moves_all_or_nothing() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    // Nothing else may travel, and no hook of ours may run.
    world.here(&["config", "push.followTags", "true"]);
    world.here(&["tag", "-a", "-m", "x", "unpushed"]);
    hook(&world.repo.join(".git"), "pre-push", "touch canary; exit 1");
    let item = release.item();
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    let receipt = target.publish(&item).unwrap();
    assert!(release.stands(&world));
    assert_eq!(target.observe(&item).unwrap(), Presence::Same { receipt });
    assert_eq!(world.remote_ref("refs/tags/unpushed"), "");
    assert_eq!(
        world
            .there(&["for-each-ref", "--format=%(refname)"])
            .lines()
            .count(),
        2
    );
    world.there(&["fsck", "--strict"]);
    target.publish(&item).unwrap();
}

#[test]
fn a_reservation_holds_only_while_its_witness_stands() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    let reserved = "refs/shipway/reserved/v1.1.0";
    let item = item(&[
        change(reserved, None, &release.tag),
        change("refs/heads/main", Some(&release.old), &release.old),
    ]);
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    let receipt = target.publish(&item).unwrap();
    assert_eq!(world.remote_ref(reserved), release.tag.as_str());
    assert_eq!(world.remote_ref("refs/heads/main"), release.old.as_str());
    // What somebody does afterwards does not undo it, and taking it back leaves the branch alone.
    let moved = world.somebody_pushes("main");
    assert!(is_same(&*target, &item));
    target.retract(&item, &receipt).unwrap();
    assert_eq!(world.remote_ref(reserved), "");
    assert_eq!(world.remote_ref("refs/heads/main"), moved);
    // Now the branch is elsewhere: nothing is reserved.
    assert!(found(&*target, &item).contains("refs/heads/main is at"));
    let failure = target.publish(&item).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(
        failure.message.contains("refs/heads/main"),
        "{}",
        failure.message
    );
    assert_eq!(world.remote_ref(reserved), "");
}

#[test]
fn a_branch_that_somebody_moved_stops_the_tag_too() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    let theirs = world.somebody_pushes("main");
    let failure = target.publish(&release.item()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(
        failure.message.contains("refs/heads/main is at"),
        "{failure:?}"
    );
    assert!(failure.message.contains(&theirs[..10]), "{failure:?}");
    assert_eq!(world.remote_ref("refs/tags/v1.1.0"), "");
    assert_eq!(world.remote_ref("main"), theirs);
    assert!(found(&*target, &release.item()).contains("refs/heads/main"));
}

#[test]
fn a_tag_that_exists_is_done_or_a_conflict() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    let tag = item(&[change("refs/tags/v1.1.0", None, &release.tag)]);
    world.here(&[
        "push",
        "-q",
        "origin",
        &format!("{}:refs/tags/v1.1.0", release.tag),
    ]);
    assert!(is_same(&*target, &tag));
    assert!(found(&*target, &release.item()).contains("only a part"));

    world.there(&["update-ref", "refs/tags/v1.1.0", release.old.as_str()]);
    assert!(found(&*target, &tag).contains(release.old.abbreviated()));
    let failure = target.publish(&release.item()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(failure.message.contains("refs/tags/v1.1.0"), "{failure:?}");
    assert_eq!(world.remote_ref("main"), release.old.as_str());
}

#[test]
fn a_branch_that_others_built_on_counts_as_there() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    target.publish(&release.item()).unwrap();
    world.somebody_pushes("main");
    // Until we know their commits, nobody can tell.
    assert!(found(&*target, &release.item()).contains("refs/heads/main"));
    world.here(&["fetch", "-q"]);
    assert!(is_same(&*target, &release.item()));
    // A tag is never "built on".
    world.there(&["update-ref", "refs/tags/v1.1.0", "refs/heads/main"]);
    assert!(found(&*target, &release.item()).contains("refs/tags/v1.1.0"));
}

#[test]
fn only_what_we_created_is_deleted_again() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    let item = release.branch_item();
    let receipt = target.publish(&item).unwrap();
    target.retract(&item, &receipt).unwrap();
    assert_eq!(target.observe(&item).unwrap(), Presence::Absent);
    assert_eq!(world.remote_ref("main"), release.old.as_str());

    let receipt = target.publish(&item).unwrap();
    let theirs = world.somebody_pushes("release/v1.1.0");
    let failure = target.retract(&item, &receipt).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.remote_ref("release/v1.1.0"), theirs);

    target.publish(&release.item()).unwrap();
    let failure = target
        .retract(&release.item(), &Receipt::default())
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(release.stands(&world));
}

#[test]
fn a_server_that_says_no_is_told_apart_from_a_conflict() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    hook(
        &world.bare,
        "pre-receive",
        "printf 'not \\033[31mtoday\\n' >&2; exit 1",
    );
    let failure = target.publish(&release.item()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied, "{failure:?}");
    assert!(failure.message.contains("not"), "{failure:?}");
    assert!(!failure.message.contains('\u{1b}'), "{failure:?}");
    assert!(!release.stands(&world));

    fs_err::remove_file(world.bare.join("hooks/pre-receive")).unwrap();
    hook(&world.bare, "update", "test \"$1\" != refs/tags/v1.1.0");
    assert_eq!(
        target.publish(&release.item()).unwrap_err().kind,
        FailureKind::Denied
    );
    assert!(!release.stands(&world));
}

#[test]
fn a_push_that_is_killed_at_the_server_is_unsure_and_settles() {
    let world = World::new();
    let target = world.open("git", Some("origin"));
    let release = release(&world);
    hook(&world.bare, "pre-receive", "kill -9 $PPID");
    let failure = target.publish(&release.item()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure:?}");
    assert!(!release.stands(&world));
    fs_err::remove_file(world.bare.join("hooks/pre-receive")).unwrap();

    hook(&world.bare, "post-receive", "kill -9 $PPID");
    let result = target.publish(&release.item());
    if let Err(failure) = result {
        assert_eq!(failure.kind, FailureKind::Unknown, "{failure:?}");
    }
    assert!(release.stands(&world));
    assert!(is_same(&*target, &release.item()));
}

#[test]
fn what_can_be_known_beforehand_is_not_even_tried() {
    let world = World::new();
    let release = release(&world);
    let target = world.open("git", Some("origin"));
    let nowhere = Oid::new("1".repeat(40)).unwrap();
    world.here(&["commit", "-q", "--allow-empty", "-m", "aside"]);
    for refs in [
        [change("refs/heads/x", None, &nowhere)],
        [change("refs/heads/main", Some(&release.old), &nowhere)],
        [change(
            "refs/heads/main",
            Some(&release.commit),
            &world.head(),
        )],
        [change("refs/tags/t", Some(&release.old), &release.commit)],
    ] {
        let failure = target.publish(&item(&refs)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Permanent, "{refs:?}");
    }
    for remote in ["", "-x", "--upload-pack=touch canary", "a\nb"] {
        assert!(world.try_open("git", Some(remote)).is_err(), "{remote:?}");
    }
    assert!(world.try_open("git", None).is_err());
}

#[test]
fn hostile_addresses_run_nothing() {
    let world = World::new();
    let release = release(&world);
    let canary = world.dir.path().join("canary");
    let touch = format!("touch {}", canary.display());
    for remote in [
        format!("ext::sh -c '{touch}'"),
        format!("ext::{touch}"),
        format!("ssh://-oProxyCommand={touch}/x"),
        format!("-oProxyCommand={touch}:x"),
        format!("x`{touch}`/y"),
        format!("$({touch})/y"),
        format!("/nowhere; {touch}"),
        format!("file:///nowhere|{touch}"),
    ] {
        let Ok(target) = world.try_open("git", Some(&remote)) else {
            continue;
        };
        assert!(target.observe(&release.item()).is_err(), "{remote}");
        assert!(target.publish(&release.item()).is_err(), "{remote}");
        assert!(target.survey(&[release.item()]).is_err(), "{remote}");
    }
    // Names that git allows and that a shell would not survive.
    let target = world.open("git", Some("origin"));
    for name in [
        "refs/heads/$(touch${IFS}canary)",
        "refs/heads/`id`",
        "refs/heads/a;b",
        "refs/heads/a|b&c",
        "refs/heads/%0a'\"",
        "refs/heads/${{x}}",
        "refs/heads/日本",
    ] {
        let item = item(&[change(name, None, &release.commit)]);
        target.publish(&item).unwrap();
        assert!(is_same(&*target, &item), "{name}");
        target.retract(&item, &Receipt::default()).unwrap();
        assert_eq!(target.observe(&item).unwrap(), Presence::Absent, "{name}");
    }
    assert!(!canary.exists() && !world.repo.join("canary").exists());
}

#[test]
fn a_survey_says_where_things_are_and_whether_we_may_push() {
    let world = World::new();
    let release = release(&world);
    let target = world.open("git", Some("origin"));
    let survey = target
        .survey(&[release.item(), release.branch_item()])
        .unwrap();
    assert_eq!(survey.credential, Credential::Accepted);
    assert_eq!(survey.found.len(), 1);
    assert_eq!(survey.found[0].what, release.old.as_str());
    assert_eq!(world.there(&["for-each-ref"]).lines().count(), 1);

    let failure = world
        .open("git", Some("upstream"))
        .survey(&[release.item()])
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    let gone = world.dir.path().join("gone.git");
    let failure = world
        .open("git", gone.to_str())
        .observe(&release.item())
        .unwrap_err();
    assert!(
        matches!(failure.kind, FailureKind::Transient { .. }),
        "{failure:?}"
    );
}

#[test]
fn looking_and_pushing_go_to_the_same_place() {
    let world = World::new();
    let release = release(&world);
    world.here(&[
        "remote",
        "set-url",
        "--push",
        "origin",
        world.bare.to_str().unwrap(),
    ]);
    world.here(&["remote", "set-url", "origin", "/nowhere/mirror.git"]);
    let target = world.open("git", Some("origin"));
    target.publish(&release.item()).unwrap();
    assert!(is_same(&*target, &release.item()));
    world.here(&[
        "remote",
        "set-url",
        "--add",
        "--push",
        "origin",
        "/nowhere/else.git",
    ]);
    assert_eq!(
        target.publish(&release.item()).unwrap_err().kind,
        FailureKind::Permanent
    );
}

fn serve(world: &World) -> (Server, String) {
    let server = Server::start(Arc::new(GitHttp::new(world.dir.path())));
    let url = format!("{}/remote.git", server.url());
    (server, url)
}

/// The request that carries the push itself.
fn is_push(request: &Request) -> bool {
    request.method == "POST" && request.path.ends_with("/git-receive-pack")
}

#[test]
fn whatever_happens_to_the_answer_the_state_is_right() {
    for (fault, takes_effect) in [
        (Fault::ResetBefore, false),
        (Fault::StatusBefore(500), false),
        (Fault::StatusBefore(504), false),
        (
            Fault::TooMany {
                retry_after_seconds: Some(1),
            },
            false,
        ),
        (Fault::ResetAfter, true),
        (Fault::StatusAfter(500), true),
        (Fault::StatusAfter(504), true),
        (Fault::TruncatedBody, true),
    ] {
        let world = World::new();
        let release = release(&world);
        let (server, url) = serve(&world);
        let target = world.open("git", Some(&url));
        server.faults().when(is_push, fault.clone());
        let failure = target.publish(&release.item()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unknown, "{fault:?}: {failure:?}");
        assert!(server.faults().pending().is_empty());
        assert_eq!(release.stands(&world), takes_effect, "{fault:?}");
        if takes_effect {
            assert!(is_same(&*target, &release.item()), "{fault:?}");
        } else {
            assert_eq!(
                target.observe(&release.item()).unwrap(),
                Presence::Absent,
                "{fault:?}"
            );
            target.publish(&release.item()).unwrap();
        }
        assert!(release.stands(&world), "{fault:?}");
    }
}

#[test]
fn a_look_that_fails_says_so() {
    for fault in [
        Fault::ResetBefore,
        Fault::StatusBefore(500),
        Fault::StatusBefore(404),
        Fault::TruncatedBody,
        Fault::StatusAfter(502),
    ] {
        let world = World::new();
        let release = release(&world);
        let (server, url) = serve(&world);
        let target = world.open("git", Some(&url));
        // Both requests of a look: the greeting, and the list of references.
        for method in ["GET", "POST"] {
            server.faults().on(method, "/remote.git/", fault.clone());
            let failure = target.observe(&release.item()).unwrap_err();
            assert!(
                matches!(
                    failure.kind,
                    FailureKind::Transient { .. } | FailureKind::Unknown
                ),
                "{method} {fault:?}: {failure:?}"
            );
            server.faults().clear();
        }
        assert_eq!(target.observe(&release.item()).unwrap(), Presence::Absent);
    }
}

#[test]
fn a_wrong_password_asks_nobody_and_shows_nothing() {
    let world = World::new();
    let release = release(&world);
    let handler = GitHttp::new(world.dir.path()).with_password("me", "right");
    let server = Server::start(Arc::new(handler));
    let with = |password: &str| {
        let host = server
            .url()
            .replace("http://", &format!("http://me:{password}@"));
        world.open("git", Some(&format!("{host}/remote.git")))
    };
    let wrong = with("hunter2");
    let failures = [
        wrong.observe(&release.item()).unwrap_err(),
        wrong.publish(&release.item()).unwrap_err(),
        wrong.survey(&[release.item()]).unwrap_err(),
    ];
    for failure in failures {
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
    let right = with("right");
    right.publish(&release.item()).unwrap();
    assert!(is_same(&*right, &release.item()));
}
