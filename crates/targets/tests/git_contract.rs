//! The contract of targets for everything that is git: a remote behind `git http-backend`, local references, the checkout.

#![allow(clippy::unwrap_used, reason = "a failing test stops")]

mod git_world;

use git_world::{AT, World as Repositories, change, person};
use serde_json::json;
use shipway_core::Target;
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::target::{Item, Reversal, TargetSpec};
use shipway_targets::git::RefChange;
use shipway_targets::git::objects::write;
use shipway_testkit::contract::{self, Call, Possible, Trouble, World};
use shipway_testkit::git_http::GitHttp;
use shipway_testkit::http::{Request, Server};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One destination with what goes there.
struct Place {
    repositories: Repositories,
    server: Option<Server>,
    spec: TargetSpec,
    item: Item,
    /// What the item moves.
    refs: Vec<RefChange>,
    reversal: Reversal,
    /// Where the references are.
    repository: PathBuf,
    /// What stood at `main` before.
    old: Oid,
    /// The run is about another repository than the one that the target names.
    elsewhere: bool,
}

fn spec(kind: &str, settings: BTreeMap<String, serde_json::Value>) -> TargetSpec {
    TargetSpec {
        name: kind.to_owned(),
        kind: kind.to_owned(),
        place: "the repository".to_owned(),
        settings,
        secret: None,
    }
}

impl Place {
    /// A remote.
    fn remote(repositories: Repositories, refs: Vec<RefChange>, reversal: Reversal) -> Self {
        let server = Server::start(Arc::new(GitHttp::new(repositories.dir.path())));
        let url = format!("{}/remote.git", server.url());
        Self {
            item: Item::of_body("references", json!({ "refs": refs })),
            spec: spec("git", BTreeMap::from([("remote".to_owned(), json!(url))])),
            server: Some(server),
            refs,
            reversal,
            repository: repositories.bare.clone(),
            old: repositories.head(),
            elsewhere: false,
            repositories,
        }
    }
}

/// The objects of a release: the commit and its tag.
fn release(world: &Repositories) -> (shipway_core::plan::Commit, shipway_core::plan::Tag) {
    let draft = world.draft();
    let commit = Repositories::version_commit(&draft, &world.head(), "1.1.0");
    let name = RefName::tag("v1.1.0").unwrap();
    let tag = draft
        .tag(&name, &commit.id, &person(), AT, "1.1.0")
        .unwrap();
    (commit, tag)
}

/// Two branches that are created together.
fn branches() -> Place {
    let world = Repositories::new();
    let (commit, _) = release(&world);
    write(&world.repo, std::slice::from_ref(&commit), None).unwrap();
    let refs = ["refs/heads/release/v1.1.0", "refs/heads/maintained/1.1"]
        .map(|name| change(name, None, &commit.id));
    Place::remote(world, refs.to_vec(), Reversal::Deletes)
}

/// A branch that moves and a tag that is created, in one push.
fn branch_with_tag() -> Place {
    let world = Repositories::new();
    let (commit, tag) = release(&world);
    write(&world.repo, std::slice::from_ref(&commit), Some(&tag)).unwrap();
    let refs = vec![
        change("refs/tags/v1.1.0", None, &tag.id),
        change("refs/heads/main", Some(&world.head()), &commit.id),
    ];
    Place::remote(world, refs, Reversal::Nothing)
}

/// A tag that is reserved at another repository's remote, while that repository's branch stands still.
fn reservation() -> Place {
    let world = Repositories::new();
    let (commit, tag) = release(&world);
    write(&world.repo, std::slice::from_ref(&commit), Some(&tag)).unwrap();
    let reserved = change("refs/shipway/reserved/v1.1.0", None, &tag.id);
    let held = change("refs/heads/main", Some(&world.head()), &world.head());
    let path = json!(world.repo);
    let mut place = Place::remote(world, vec![reserved.clone(), held], Reversal::Deletes);
    place.spec.settings.insert("repository".to_owned(), path);
    place.elsewhere = true;
    place.refs = vec![reserved];
    place
}

/// A release branch and a tag in the local repository, with their objects.
fn local() -> Place {
    let repositories = Repositories::new();
    let (commit, tag) = release(&repositories);
    let refs = vec![
        change("refs/tags/v1.1.0", None, &tag.id),
        change("refs/heads/release/v1.1.0", None, &commit.id),
    ];
    let body = json!({ "commits": [commit], "tag": tag, "refs": refs });
    Place {
        item: Item::of_body("release", body),
        spec: spec("git-local", BTreeMap::new()),
        server: None,
        refs,
        reversal: Reversal::Deletes,
        repository: repositories.repo.clone(),
        old: repositories.head(),
        elsewhere: false,
        repositories,
    }
}

/// The user's checkout, one commit behind.
fn checkout() -> Place {
    let repositories = Repositories::new();
    let (commit, _) = release(&repositories);
    write(&repositories.repo, std::slice::from_ref(&commit), None).unwrap();
    let old = repositories.head();
    let body = json!({ "branch": "refs/heads/main", "old": old, "new": commit.id });
    Place {
        item: Item::of_body("main", body),
        spec: spec("git-worktree", BTreeMap::new()),
        server: None,
        refs: vec![change("refs/heads/main", Some(&old), &commit.id)],
        reversal: Reversal::Nothing,
        repository: repositories.repo.clone(),
        old,
        elsewhere: false,
        repositories,
    }
}

impl World for Place {
    fn target(&self) -> Box<dyn Target> {
        let mut context = self.repositories.context();
        if self.elsewhere {
            context.repository = self.repositories.dir.path().join("nothing here");
        }
        shipway_targets::open(&self.spec, &context).unwrap()
    }

    fn publish(&self) -> Publish {
        let capability = shipway_targets::capability(&self.spec.kind).unwrap();
        Publish {
            target: self.spec.clone(),
            items: Items::Fixed(self.items()),
            reversal: self.reversal,
            again: capability.again,
            settle: capability.settle,
            rehearsal: false,
            patience: Patience::default(),
        }
    }

    fn items(&self) -> Vec<Item> {
        vec![self.item.clone()]
    }

    fn count(&self, _: &Item) -> usize {
        let there = |change: &RefChange| {
            let arguments = ["rev-parse", "--verify", "-q", change.name.as_str()];
            let output = self
                .repositories
                .try_git(&self.repository, &arguments, None);
            String::from_utf8(output.stdout).unwrap().trim_end() == change.new.as_str()
        };
        let stands = self.refs.iter().filter(|change| there(change)).count();
        // All or nothing: a half is neither one nor none.
        match stands {
            0 => 0,
            all if all == self.refs.len() => 1,
            _ => usize::MAX,
        }
    }

    fn corrupt(&self, _: &Item) -> Possible {
        let name = self.refs[0].name.as_str();
        let tree = format!("{}^{{tree}}", self.old);
        let git = |arguments: &[&str]| self.repositories.git(&self.repository, arguments);
        let other = git(&["commit-tree", "-m", "somebody else's", &tree]);
        git(&["update-ref", name, &other]);
        Possible::Yes
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        let Some(server) = &self.server else {
            return Possible::No;
        };
        // Git does not tell us statuses, and git's own transport has no stale answers.
        if matches!(
            trouble,
            Trouble::Later { .. } | Trouble::Denied | Trouble::StaleAbsent
        ) {
            return Possible::No;
        }
        let service = match call {
            Call::Look => "/git-upload-pack",
            Call::Publish | Call::Retract => "/git-receive-pack",
        };
        let meets =
            move |request: &Request| request.method == "POST" && request.path.ends_with(service);
        server.faults().when(meets, trouble.fault());
        Possible::Yes
    }
}

shipway_testkit::target_contract!(remote_branches, branches);
shipway_testkit::target_contract!(remote_branch_with_tag, branch_with_tag);
shipway_testkit::target_contract!(remote_reservation, reservation);

/// Nothing stands between us and a local repository that could lose an answer; what can go wrong there has tests of its own.
macro_rules! local_contract {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;
            local_contract!(@ $make,
                succeeds
                repeats
                refuses_what_is_different
                dies_at_each_journal_entry
                unwinds
                unwinds_and_dies_at_each_journal_entry
                leaves_alone_what_was_there_before
            );
        }
    };
    (@ $make:expr, $($rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                contract::$rule(&$make);
            }
        )*
    };
}

local_contract!(local_references, local);
local_contract!(users_checkout, checkout);
