//! `github-release`: publishes the draft of a tag. The item's name is the tag.
//!
//! After success the release is public and, where the repository says so, immutable. What `latest` points to is asked for and not
//! compared: a later release moves it rightly.

use super::api::{Api, Fetched, escaped};
use super::asset::assets_of;
use super::{Release, body_of, survey_releases, the_draft};
use serde::Deserialize;
use serde_json::json;
use shipway_core::name::Oid;
use shipway_core::target::{Failure, Item, Presence, Receipt, Survey, Target};

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    tag: String,
    /// The commit that the tag must name before the release is published.
    commit: Option<Oid>,
    name: String,
    notes: String,
    prerelease: bool,
    latest: Latest,
}

/// Whether the release becomes the one that GitHub shows first: `legacy` lets it choose by date and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Latest {
    True,
    False,
    Legacy,
}

pub(super) struct Releases(pub Api);

impl Target for Releases {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body = checked(item)?;
        let what = format!("look at the release {}", body.tag);
        let path = format!("/releases/tags/{}", escaped(&body.tag));
        let release: Release = match self.0.get(&path, &what)? {
            Fetched::Found(release) => release,
            Fetched::Absent => {
                self.0.is_visible(&what)?;
                return Ok(Presence::Absent);
            }
        };
        let differences = release.differences(&body.name, &body.notes, body.prerelease);
        if differences.is_empty() {
            return Ok(Presence::Same {
                receipt: receipt(&release),
            });
        }
        let found = format!(
            "{} with {} ({})",
            release.label(),
            differences.join(", "),
            release.html_url
        );
        Ok(Presence::Different { found })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body = checked(item)?;
        let what = format!("publish the release {}", body.tag);
        // One that is published by now may be the effect of a lost answer: whoever calls looks again.
        let draft = the_draft(&self.0, &body.tag, |release| {
            Failure::unknown(format!("{what}: {} is there meanwhile", release.label()))
        })?;
        self.check_tag(&body)?;
        let broken = assets_of(&self.0, &draft, |asset| !asset.is_whole())?;
        if let Some(asset) = broken.first() {
            return Err(Failure::permanent(format!(
                "{what}: the upload of {} broke off",
                asset.name
            ))
            .hinted("attach the file again, or delete it from the draft"));
        }
        let latest = match body.latest {
            Latest::True => "true",
            Latest::False => "false",
            Latest::Legacy => "legacy",
        };
        let request = json!({
            "tag_name": body.tag,
            "name": body.name,
            "body": body.notes,
            "draft": false,
            "prerelease": body.prerelease,
            "make_latest": latest,
        });
        let path = format!("/releases/{}", draft.id);
        let release: Release = self.0.put("PATCH", &path, &request, &what)?;
        if release.draft {
            return Err(Failure::unknown(format!(
                "{what}: GitHub still calls it a draft"
            )));
        }
        Ok(receipt(&release))
    }

    fn retract(&self, _: &Item, _: &Receipt) -> Result<(), Failure> {
        Err(Failure::permanent("a published release is not taken back"))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        survey_releases(&self.0, items.iter().map(|item| item.name.as_str()))
    }
}

impl Releases {
    /// Makes sure that the tag was pushed, and names the right commit where that is known.
    fn check_tag(&self, body: &ReleaseBody) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Reference {
            object: Object,
        }
        #[derive(Deserialize)]
        struct Object {
            sha: String,
            #[serde(rename = "type")]
            kind: String,
        }
        let tag = &body.tag;
        let what = format!("look at the tag {tag}");
        let path = format!("/git/ref/{}", escaped(&format!("tags/{tag}")));
        let mut object = match self.0.get::<Reference>(&path, &what)? {
            Fetched::Found(reference) => reference.object,
            Fetched::Absent => {
                self.0.is_visible(&what)?;
                return Err(Failure::transient(format!(
                    "the tag {tag} is not at GitHub (yet)"
                )));
            }
        };
        let Some(commit) = &body.commit else {
            return Ok(());
        };
        // A tag of a tag is legal and rare; more than a few of them are neither.
        for _ in 0..4 {
            if object.kind != "tag" {
                break;
            }
            let path = format!("/git/tags/{}", escaped(&object.sha));
            object = match self.0.get::<Reference>(&path, &what)? {
                Fetched::Found(reference) => reference.object,
                Fetched::Absent => {
                    return Err(Failure::transient(format!("{what}: its object is missing")));
                }
            };
        }
        if object.sha == commit.as_str() {
            return Ok(());
        }
        Err(Failure::permanent(format!(
            "the tag {tag} names {} instead of {commit}",
            object.sha
        ))
        .hinted("somebody moved the tag: find out who before you publish anything"))
    }
}

fn checked(item: &Item) -> Result<ReleaseBody, Failure> {
    let body: ReleaseBody = body_of(item, "release")?;
    if body.prerelease && body.latest == Latest::True {
        return Err(Failure::permanent(
            "a pre-release cannot be the latest release at GitHub",
        ));
    }
    Ok(body)
}

fn receipt(release: &Release) -> Receipt {
    Receipt {
        id: release.id.to_string(),
        url: Some(release.html_url.clone()),
    }
}
