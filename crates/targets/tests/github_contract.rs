//! The five kinds of GitHub target, driven by the real machine through everything that can go wrong.

mod github_world;

use github_world::{COMMIT, NOTES, REASON, TAG, World, release};
use shipway_core::plan::Publish;
use shipway_core::target::{Item, Target};
use shipway_testkit::contract::{self, Call, Possible, Trouble};
use shipway_testkit::github::Release;

impl contract::World for World {
    fn target(&self) -> Box<dyn Target> {
        World::target(self)
    }

    fn publish(&self) -> Publish {
        World::publish(self)
    }

    /// One item: the rules count attempts, and bind trouble to the first.
    fn items(&self) -> Vec<Item> {
        vec![self.item()]
    }

    fn count(&self, item: &Item) -> usize {
        let state = self.github.state();
        let is_ours = |one: &Release, draft: bool| {
            let ours = release(draft);
            (&one.name, &one.notes, one.draft) == (&ours.name, &ours.notes, draft)
        };
        let releases = state.releases_of(TAG);
        match self.kind {
            "github-draft" => releases.iter().filter(|one| is_ours(one, true)).count(),
            "github-release" => releases.iter().filter(|one| is_ours(one, false)).count(),
            "github-withdrawn" => releases
                .iter()
                .filter(|one| one.notes == format!("> Withdrawn: {REASON}\n\n{NOTES}"))
                .filter(|one| one.name == "driver 1.1.0 (withdrawn)" && one.prerelease)
                .count(),
            "github-asset" => releases
                .iter()
                .flat_map(|one| &one.assets)
                .filter(|asset| asset.name == item.name && asset.state == "uploaded")
                .filter(|asset| shipway_core::Digest::of(&asset.content) == item.digest)
                .count(),
            _ => {
                let description = item.body["description"].as_str();
                let same = |one: &&shipway_testkit::github::Milestone| {
                    one.title == item.name && one.description.as_deref() == description && one.open
                };
                state.milestones.iter().filter(same).count()
            }
        }
    }

    fn corrupt(&self, item: &Item) -> Possible {
        let other = |draft| Release {
            notes: "something else".to_owned(),
            ..release(draft)
        };
        match self.kind {
            "github-draft" => drop(self.put(other(true))),
            "github-release" => {
                self.github.change(|state| state.releases.clear());
                self.put(other(false));
            }
            "github-withdrawn" => self.github.change(|state| {
                for release in &mut state.releases {
                    release.notes = format!("> Withdrawn: something else\n\n{NOTES}");
                }
            }),
            "github-asset" => drop(self.put_asset(&item.name, "uploaded", b"something else")),
            _ => self.put_milestone(&item.name, Some("something else"), true),
        }
        Possible::Yes
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        let base = "/repos/octo/driver";
        let (method, path) = match (call, self.kind) {
            (Call::Look, "github-release" | "github-withdrawn") => {
                ("GET", format!("{base}/releases/tags/"))
            }
            (Call::Look, "github-milestone") => ("GET", format!("{base}/milestones")),
            (Call::Look, _) => ("GET", format!("{base}/releases")),
            (Call::Publish, "github-release" | "github-withdrawn") => {
                ("PATCH", format!("{base}/releases/"))
            }
            (Call::Publish, "github-milestone") => ("POST", format!("{base}/milestones")),
            (Call::Publish, "github-asset") => ("POST", "/uploads/".to_owned()),
            (Call::Publish, _) => ("POST", format!("{base}/releases")),
            (Call::Retract, _) => ("DELETE", base.to_owned()),
        };
        // Deleting answers without a body, of which half is nothing.
        if call == Call::Retract && trouble == Trouble::CutOff {
            return Possible::No;
        }
        let faults = self.github.server().faults();
        faults.on(method, &path, trouble.fault());
        Possible::Yes
    }
}

fn draft() -> World {
    World::new("github-draft")
}

/// New drafts are missing from the next two lists.
fn lagging_draft() -> World {
    let world = draft();
    world.github.change(|state| state.list_lag = 2);
    world
}

fn asset() -> World {
    let world = World::new("github-asset");
    world.put_draft();
    world
}

fn published() -> World {
    let world = World::new("github-release");
    world.put_draft();
    world.github.change(|state| state.push_tag(TAG, COMMIT));
    world
}

/// As `published`, in a repository whose releases can never change, with other releases on other pages.
fn immutable() -> World {
    let world = published();
    for number in 0..5 {
        world.put(Release {
            tag: format!("v0.{number}"),
            ..release(false)
        });
    }
    world.github.change(|state| {
        state.immutable_releases = true;
        state.page_limit = 2;
    });
    world
}

/// A release that everybody sees.
fn public() -> World {
    let world = World::new("github-withdrawn");
    world.put(release(false));
    world
}

/// The same where nothing of a release can change but its name, notes and marks.
fn public_and_immutable() -> World {
    let world = public();
    world.github.change(|state| {
        state.immutable_releases = true;
        for release in &mut state.releases {
            release.immutable = true;
        }
    });
    world
}

fn milestone() -> World {
    World::new("github-milestone")
}

shipway_testkit::target_contract!(drafts, draft);
shipway_testkit::target_contract!(lagging_drafts, lagging_draft);
shipway_testkit::target_contract!(assets, asset);
shipway_testkit::target_contract!(releases, published);
shipway_testkit::target_contract!(immutable_releases, immutable);
shipway_testkit::target_contract!(withdrawn, public);
shipway_testkit::target_contract!(withdrawn_and_immutable, public_and_immutable);
shipway_testkit::target_contract!(milestones, milestone);
