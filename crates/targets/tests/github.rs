//! What each kind of GitHub target sees, does and refuses, beside what the contract asks of all kinds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world cannot be made"
)]

mod github_world;

use github_world::{COMMIT, FILES, NOTES, TAG, World, file, release};
use serde_json::json;
use shipway_core::target::{Failure, FailureKind, Item, Presence, Receipt};
use shipway_testkit::github::{Release, TagRef};
use shipway_testkit::http::{Handler, Request, Response, Server};
use std::sync::Arc;

fn different(world: &World) -> String {
    match world.target().observe(&world.item()) {
        Ok(Presence::Different { found }) => found,
        other => panic!("{other:?}"),
    }
}

fn is_same(world: &World) -> bool {
    matches!(
        world.target().observe(&world.item()),
        Ok(Presence::Same { .. })
    )
}

fn refused(world: &World) -> Failure {
    world.target().publish(&world.item()).unwrap_err()
}

fn receipt(id: u64) -> Receipt {
    Receipt {
        id: id.to_string(),
        url: None,
    }
}

const SOON: FailureKind = FailureKind::Transient { retry_after: None };

/// What somebody may have changed about a release.
type Slip = fn(&mut Release);

#[test]
fn a_draft_is_found_on_any_page_and_compared_field_by_field() {
    let world = World::new("github-draft");
    world.put_draft();
    for number in 0..7 {
        world.put(Release {
            tag: format!("v0.{number}"),
            ..release(false)
        });
    }
    world.github.change(|state| state.page_limit = 3);
    assert!(is_same(&world));

    let changes: [(Slip, &str); 5] = [
        (|it| it.name.push('!'), "another name"),
        (|it| it.notes.push('!'), "other notes"),
        (|it| it.prerelease = true, "another pre-release mark"),
        (|it| it.target = "f".repeat(40), "another commit"),
        (|it| it.name.clear(), "another name"),
    ];
    for (change, words) in changes {
        let world = World::new("github-draft");
        let mut other = release(true);
        change(&mut other);
        world.put(other);
        assert!(different(&world).contains(words), "{words}");
    }
    // What GitHub's website does to notes is no difference, and neither is the commit itself.
    let world = World::new("github-draft");
    let notes = NOTES.replace('\n', "\r\n").trim_end().to_owned();
    world.put(Release {
        notes,
        target: COMMIT.to_owned(),
        ..release(true)
    });
    assert!(is_same(&world));
}

#[test]
fn two_drafts_of_a_tag_are_both_named() {
    let world = World::new("github-draft");
    let (one, two) = (world.put_draft(), world.put_draft());
    let found = different(&world);
    assert!(found.contains(&format!("draft {one}")) && found.contains(&format!("draft {two}")));
    for kind in ["github-asset", "github-release"] {
        let world = World::new(kind);
        world.put_draft();
        world.put_draft();
        assert_eq!(refused(&world).kind, FailureKind::Permanent, "{kind}");
        assert_eq!(world.writes(), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn a_draft_comes_before_the_push_and_names_no_commit() {
    let world = World::new("github-draft");
    // The fake refuses a commit that it does not know, as GitHub does.
    world.target().publish(&world.item()).unwrap();
    let state = world.github.state();
    assert_eq!(state.releases[0].target, "main");
    assert!(state.releases[0].draft && state.tags.is_empty());
}

#[test]
fn a_published_release_is_never_deleted() {
    let world = World::new("github-draft");
    let id = world.put(release(false));
    let failure = world
        .target()
        .retract(&world.item(), &receipt(id))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    // Nor a draft that became somebody else's.
    let id = world.put(Release {
        tag: "v9".to_owned(),
        ..release(true)
    });
    let failure = world
        .target()
        .retract(&world.item(), &receipt(id))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.writes(), Vec::<String>::new());

    let world = World::new("github-asset");
    world.put(release(false));
    let asset = world.put_asset(FILES[0].0, "uploaded", FILES[0].1);
    let failure = world
        .target()
        .retract(&world.item(), &receipt(asset))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[test]
fn all_files_are_attached() {
    let world = World::new("github-asset");
    world.put_draft();
    for item in world.items() {
        world.target().publish(&item).unwrap();
        let presence = world.target().observe(&item);
        assert!(
            matches!(presence, Ok(Presence::Same { .. })),
            "{presence:?}"
        );
    }
    let assets = world.github.state().releases[0].assets.clone();
    let kept: Vec<_> = assets
        .iter()
        .map(|it| (it.name.as_str(), it.content.as_slice()))
        .collect();
    assert_eq!(kept, FILES);
}

#[test]
fn a_file_without_a_digest_is_downloaded_and_hashed() {
    for (content, same) in [(FILES[0].1, true), (b"wheel \0 bytfs".as_slice(), false)] {
        let world = World::new("github-asset");
        world.put_draft();
        world.put_asset(FILES[0].0, "uploaded", content);
        world
            .github
            .change(|state| state.releases[0].assets[0].has_digest = false);
        assert_eq!(is_same(&world), same);
    }
    let world = World::new("github-asset");
    world.put_draft();
    world.put_asset(FILES[0].0, "uploaded", b"longer than what we attach");
    assert!(different(&world).contains("26 bytes"));
}

/// Where the bytes of an asset are kept: it must not get the token.
struct Storage;

impl Handler for Storage {
    fn handle(&self, request: &Request) -> Response {
        match request.header("authorization") {
            None => Response::of(200, "application/octet-stream", FILES[0].1.to_vec()),
            Some(_) => Response::text(500, "a token came here"),
        }
    }
}

/// Answers as GitHub does for an asset's bytes: go there.
struct Elsewhere {
    storage: String,
    world: World,
}

impl Handler for Elsewhere {
    fn handle(&self, request: &Request) -> Response {
        if request.header("accept") == Some("application/octet-stream") {
            return Response::empty(302).with("Location", &self.storage);
        }
        let state = self.world.github.state();
        if request.path.ends_with("/assets") {
            let asset = &state.releases[0].assets[0];
            return Response::json(
                200,
                &json!([{
                    "id": asset.id, "name": asset.name, "state": "uploaded", "size": asset.content.len(),
                    "digest": null, "browser_download_url": "https://github.example/x",
                }]),
            );
        }
        Response::json(
            200,
            &json!([{
                "id": 1, "tag_name": TAG, "target_commitish": "main", "name": null, "body": null, "draft": true,
                "prerelease": false, "html_url": "https://github.example/r", "upload_url": "https://evil.example/{?name}",
            }]),
        )
    }
}

#[test]
fn the_place_where_bytes_are_kept_gets_no_token() {
    let storage = Server::start(Arc::new(Storage));
    let world = World::new("github-asset");
    world.put_draft();
    world.put_asset(FILES[0].0, "uploaded", FILES[0].1);
    let server = Server::start(Arc::new(Elsewhere {
        storage: storage.url(),
        world,
    }));
    let mut seen = World::new("github-asset");
    seen.api = server.url();
    assert!(is_same(&seen));
    assert_eq!(storage.requests().len(), 1);

    // An upload address on another host is not followed either.
    let other = file(FILES[1].0, FILES[1].1);
    let failure = seen.target().publish(&other).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(failure.message.contains("evil.example"), "{failure}");
}

#[test]
fn a_broken_upload_is_cleared_on_a_draft_and_left_alone_elsewhere() {
    for state in ["starter", "open"] {
        let world = World::new("github-asset");
        world.put_draft();
        let broken = world.put_asset(FILES[0].0, state, b"");
        assert_eq!(world.target().observe(&world.item()), Ok(Presence::Absent));
        world.target().publish(&world.item()).unwrap();
        assert!(is_same(&world));
        let assets = world.github.state().releases[0].assets.clone();
        assert!(assets.len() == 1 && assets[0].id != broken);

        let world = World::new("github-asset");
        world.put(release(false));
        world.put_asset(FILES[0].0, state, b"");
        assert!(different(&world).contains("broke off"));
    }
    // A whole file of this name that came meanwhile is not deleted.
    let world = World::new("github-asset");
    world.put_draft();
    world.put_asset(FILES[0].0, "uploaded", b"somebody's");
    assert_eq!(refused(&world).kind, FailureKind::Unknown);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[test]
fn nothing_is_added_to_a_release_that_is_public() {
    for immutable in [false, true] {
        let world = World::new("github-asset");
        world.put(Release {
            immutable,
            ..release(false)
        });
        assert_eq!(refused(&world).kind, FailureKind::Permanent);
        assert_eq!(world.writes(), Vec::<String>::new());
    }
    let world = World::new("github-asset");
    assert_eq!(
        refused(&world).kind,
        SOON,
        "the draft may not be listed yet"
    );
}

#[test]
fn a_file_that_would_be_renamed_is_refused() {
    let world = World::new("github-asset");
    world.put_draft();
    for item in [
        file("a b.whl", b"x"),
        file("a~1.whl", b"x"),
        file("empty.whl", b""),
    ] {
        let kinds = [
            world.target().observe(&item).err(),
            world.target().publish(&item).err(),
        ];
        for failure in kinds {
            assert_eq!(
                failure.unwrap().kind,
                FailureKind::Permanent,
                "{}",
                item.name
            );
        }
    }
    assert_eq!(world.github.server().requests().len(), 0);
}

#[test]
fn a_release_is_published_only_with_its_tag_in_place() {
    let world = World::new("github-release");
    let draft = world.put_draft();
    assert_eq!(refused(&world).kind, SOON, "the tag is not there");
    world
        .github
        .change(|state| state.push_tag(TAG, &"f".repeat(40)));
    let failure = refused(&world);
    assert_eq!(
        failure.kind,
        FailureKind::Permanent,
        "the tag names another commit"
    );
    assert!(failure.message.contains(COMMIT), "{failure}");
    // An annotated tag is followed to its commit.
    let tag = TagRef {
        object: "e".repeat(40),
        commit: COMMIT.to_owned(),
    };
    world
        .github
        .change(|state| state.tags.insert(TAG.to_owned(), tag));
    world.put_asset(FILES[0].0, "starter", b"");
    assert_eq!(
        refused(&world).kind,
        FailureKind::Permanent,
        "an upload broke off"
    );
    world
        .github
        .change(|state| state.releases[0].assets.clear());
    assert_eq!(world.writes(), Vec::<String>::new());

    let made = world.target().publish(&world.item()).unwrap();
    assert_eq!(made.id, draft.to_string());
    let state = world.github.state();
    assert!(!state.releases[0].draft);
    assert_eq!(state.releases[0].make_latest.as_deref(), Some("true"));
    assert!(is_same(&world));
    // Published meanwhile: the caller looks again.
    assert_eq!(refused(&world).kind, FailureKind::Unknown);
}

#[test]
fn a_tag_of_an_immutable_release_is_gone_for_ever() {
    let world = World::new("github-release");
    world.put_draft();
    world.github.change(|state| {
        state.push_tag(TAG, COMMIT);
        state.burned_tags.insert(TAG.to_owned());
    });
    let failure = refused(&world);
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(
        failure.message.contains("used by an immutable release"),
        "{failure}"
    );
}

#[test]
fn what_cannot_be_latest_is_refused_before_anything_is_sent() {
    let world = World::new("github-release");
    let mut body = world.item().body;
    body["prerelease"] = json!(true);
    let failure = world
        .target()
        .publish(&Item::of_body(TAG, body))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.github.server().requests().len(), 0);
}

#[test]
fn milestones_differ_by_description_and_state_and_foreign_ones_stay() {
    let world = World::new("github-milestone");
    world.put_milestone("1.2.0", Some("After 1.1.0"), false);
    assert!(different(&world).contains("closed"));
    let world = World::new("github-milestone");
    world.put_milestone("1.2.0", None, true);
    assert!(different(&world).contains("another description"));
    assert_eq!(
        refused(&world).kind,
        FailureKind::Taken,
        "GitHub says that it exists"
    );
    let world = World::new("github-milestone");
    world.put_milestone("renamed", Some("After 1.1.0"), true);
    let failure = world
        .target()
        .retract(&world.item(), &receipt(1))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(world.github.state().milestones.len(), 1);
}
