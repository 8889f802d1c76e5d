//! Answers in the shapes that GitHub gives them.

use super::{Asset, Milestone, Permission, Pull, Release, State, TagRef};
use crate::http::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const THEN: &str = "2026-01-01T00:00:00Z";

pub(super) fn not_found() -> Response {
    refused(404, "Not Found")
}

/// An answer that says no.
pub(super) fn refused(status: u16, message: &str) -> Response {
    let body = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.to_string(),
    });
    Response::json(status, &body)
}

/// 422 as GitHub writes it.
pub(super) fn invalid(resource: &str, code: &str, field: &str) -> Response {
    let body = json!({
        "message": "Validation Failed",
        "errors": [{"resource": resource, "code": code, "field": field}],
        "documentation_url": "https://docs.github.com/rest",
        "status": "422",
    });
    Response::json(422, &body)
}

/// The base of the repository's own addresses.
fn base(state: &State, url: &str) -> String {
    format!("{url}/repos/{}", state.repository)
}

pub(super) fn repository(state: &State, url: &str) -> Value {
    let base = base(state, url);
    let (owner, name) = state
        .repository
        .split_once('/')
        .unwrap_or(("owner", "name"));
    let push = state.permission == Permission::Write;
    let mut value = json!({
        "id": 1, "node_id": "R_1", "name": name, "full_name": state.repository,
        "private": false, "owner": user(url, owner), "html_url": format!("{url}/{}", state.repository),
        "description": null, "fork": false, "url": base, "homepage": null, "language": null,
        "archived": state.archived, "disabled": false, "default_branch": state.default_branch,
        "permissions": {"admin": false, "maintain": false, "push": push, "triage": push, "pull": true},
        "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
        "has_discussions": false, "has_downloads": false, "mirror_url": null, "license": null,
        "created_at": THEN, "updated_at": THEN, "pushed_at": THEN,
    });
    for count in [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "size",
        "stargazers_count",
        "watchers",
        "watchers_count",
        "network_count",
        "subscribers_count",
    ] {
        value[count] = json!(0);
    }
    for part in [
        "archive",
        "assignees",
        "blobs",
        "branches",
        "collaborators",
        "comments",
        "commits",
        "compare",
        "contents",
        "contributors",
        "deployments",
        "downloads",
        "events",
        "forks",
        "git_commits",
        "git_refs",
        "git_tags",
        "hooks",
        "issue_comment",
        "issue_events",
        "issues",
        "keys",
        "labels",
        "languages",
        "merges",
        "milestones",
        "notifications",
        "pulls",
        "releases",
        "stargazers",
        "statuses",
        "subscribers",
        "subscription",
        "tags",
        "teams",
        "trees",
        "clone",
        "git",
        "ssh",
        "svn",
    ] {
        value[format!("{part}_url")] = json!(format!("{base}/{part}"));
    }
    value
}

fn user(url: &str, login: &str) -> Value {
    let mut value = json!({
        "login": login, "id": 1, "node_id": "U_1", "gravatar_id": "", "type": "User", "site_admin": false,
        "url": format!("{url}/users/{login}"), "html_url": format!("{url}/{login}"),
        "avatar_url": format!("{url}/avatars/{login}"),
    });
    for part in [
        "events",
        "followers",
        "following",
        "gists",
        "organizations",
        "received_events",
        "repos",
        "starred",
        "subscriptions",
    ] {
        value[format!("{part}_url")] = json!(format!("{url}/users/{login}/{part}"));
    }
    value
}

pub(super) fn release(state: &State, url: &str, release: &Release) -> Value {
    let base = base(state, url);
    let own = format!("{base}/releases/{}", release.id);
    // The list shows finished uploads only; the release's own list of assets shows the others too.
    let assets: Vec<Value> = release
        .assets
        .iter()
        .filter(|one| one.state == "uploaded")
        .map(|one| asset(state, url, release, one))
        .collect();
    json!({
        "url": own, "assets_url": format!("{own}/assets"), "id": release.id,
        "upload_url": format!("{url}{}/repos/{}/releases/{}/assets{{?name,label}}", state.upload_path, state.repository, release.id),
        "html_url": page(state, url, release), "author": user(url, "release-bot"),
        "node_id": format!("RE_{}", release.id), "tag_name": release.tag,
        "target_commitish": release.target, "name": release.name, "body": release.notes,
        "draft": release.draft, "prerelease": release.prerelease, "immutable": release.immutable,
        "created_at": THEN, "updated_at": THEN,
        "published_at": if release.draft { Value::Null } else { json!(THEN) },
        "assets": assets,
        "tarball_url": if release.draft { Value::Null } else { json!(format!("{base}/tarball/{}", release.tag)) },
        "zipball_url": if release.draft { Value::Null } else { json!(format!("{base}/zipball/{}", release.tag)) },
    })
}

/// Where a person sees the release: a draft has no tag yet, so its page is named otherwise.
fn page(state: &State, url: &str, release: &Release) -> String {
    let name = if release.draft {
        format!("untagged-{}", release.id)
    } else {
        release.tag.clone()
    };
    format!("{url}/{}/releases/tag/{name}", state.repository)
}

pub(super) fn asset(state: &State, url: &str, release: &Release, asset: &Asset) -> Value {
    let digest = if asset.has_digest && asset.state == "uploaded" {
        let text = Sha256::digest(&asset.content)
            .iter()
            .fold(String::new(), |mut out, byte| {
                let _ = write!(out, "{byte:02x}");
                out
            });
        json!(format!("sha256:{text}"))
    } else {
        Value::Null
    };
    json!({
        "url": format!("{}/releases/assets/{}", base(state, url), asset.id), "id": asset.id,
        "node_id": format!("RA_{}", asset.id), "name": asset.name, "label": null,
        "uploader": user(url, "release-bot"), "content_type": asset.content_type, "state": asset.state,
        "size": asset.content.len(), "digest": digest, "download_count": 0,
        "created_at": THEN, "updated_at": THEN,
        "browser_download_url": format!("{url}/{}/releases/download/{}/{}", state.repository, release.tag, asset.name),
    })
}

pub(super) fn milestone(state: &State, url: &str, milestone: &Milestone) -> Value {
    let own = format!("{}/milestones/{}", base(state, url), milestone.number);
    json!({
        "url": own, "html_url": format!("{url}/{}/milestone/{}", state.repository, milestone.number),
        "labels_url": format!("{own}/labels"), "id": 1000 + milestone.number,
        "node_id": format!("MI_{}", milestone.number), "number": milestone.number,
        "title": milestone.title, "description": milestone.description, "creator": user(url, "release-bot"),
        "open_issues": 0, "closed_issues": 0, "state": if milestone.open { "open" } else { "closed" },
        "created_at": THEN, "updated_at": THEN, "due_on": null,
        "closed_at": if milestone.open { Value::Null } else { json!(THEN) },
    })
}

/// As lists show it.
pub(super) fn pull(state: &State, url: &str, pull: &Pull) -> Value {
    let base = base(state, url);
    let own = format!("{base}/pulls/{}", pull.number);
    let issue = format!("{base}/issues/{}", pull.number);
    let page = format!("{url}/{}/pull/{}", state.repository, pull.number);
    let owner = state.repository.split('/').next().unwrap_or("owner");
    let end = |branch: &str| {
        json!({
            "label": format!("{owner}:{branch}"), "ref": branch, "sha": "0".repeat(40),
            "user": user(url, owner), "repo": repository(state, url),
        })
    };
    let label = |(at, name): (usize, &String)| {
        json!({
            "id": at + 1, "node_id": format!("LA_{at}"), "url": format!("{base}/labels/{at}"), "name": name,
            "description": "", "color": "d73a4a", "default": false,
        })
    };
    let labels: Vec<Value> = pull.labels.iter().enumerate().map(label).collect();
    let statuses = format!("{base}/statuses/{}", "0".repeat(40));
    let mut value = json!({
        "url": own, "id": 2000 + pull.number, "node_id": format!("PR_{}", pull.number), "number": pull.number,
        "html_url": page, "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "issue_url": issue,
        "commits_url": format!("{own}/commits"), "review_comments_url": format!("{own}/comments"),
        "review_comment_url": format!("{base}/pulls/comments{{/number}}"), "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses, "state": if pull.open { "open" } else { "closed" }, "locked": false,
        "title": pull.title, "body": pull.body, "labels": labels, "milestone": null, "active_lock_reason": null,
        "user": pull.author.as_deref().map(|author| user(url, author)),
        "created_at": THEN, "updated_at": pull.updated_at, "merged_at": pull.merged_at,
        "closed_at": if pull.open { Value::Null } else { json!(pull.updated_at) },
        "merge_commit_sha": pull.merge_commit, "assignee": null, "assignees": [],
        "requested_reviewers": [], "requested_teams": [], "head": end("topic"), "base": end(&state.default_branch),
        "author_association": "CONTRIBUTOR", "auto_merge": null, "draft": false,
    });
    let links = [
        ("self", own.clone()),
        ("html", page),
        ("issue", issue.clone()),
        ("comments", format!("{issue}/comments")),
        ("review_comments", format!("{own}/comments")),
        (
            "review_comment",
            format!("{base}/pulls/comments{{/number}}"),
        ),
        ("commits", format!("{own}/commits")),
        ("statuses", statuses),
    ];
    for (name, address) in links {
        value["_links"][name] = json!({"href": address});
    }
    value
}

pub(super) fn tag_ref(state: &State, url: &str, name: &str, tag: &TagRef) -> Value {
    let kind = if tag.object == tag.commit {
        "commit"
    } else {
        "tag"
    };
    let part = if tag.object == tag.commit {
        "commits"
    } else {
        "tags"
    };
    let base = base(state, url);
    json!({
        "ref": format!("refs/tags/{name}"), "node_id": "REF_1", "url": format!("{base}/git/refs/tags/{name}"),
        "object": {"sha": tag.object, "type": kind, "url": format!("{base}/git/{part}/{}", tag.object)},
    })
}

pub(super) fn tag_object(state: &State, url: &str, name: &str, tag: &TagRef) -> Value {
    let base = base(state, url);
    json!({
        "node_id": "TA_1", "tag": name, "sha": tag.object, "message": name,
        "url": format!("{base}/git/tags/{}", tag.object),
        "tagger": {"name": "release-bot", "email": "release-bot@example.org", "date": THEN},
        "object": {"sha": tag.commit, "type": "commit", "url": format!("{base}/git/commits/{}", tag.commit)},
    })
}
