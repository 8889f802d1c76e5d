//! `github-draft`: a draft release. The item's name is the tag.

use super::api::{Api, Fetched, Reach};
use super::{Release, body_of, several, survey_releases};
use serde::Deserialize;
use serde_json::json;
use shipway_core::name::Oid;
use shipway_core::target::{Failure, Item, Presence, Receipt, Survey, Target};

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftBody {
    tag: String,
    /// The commit that the tag will name. It is compared where GitHub names a commit, and not sent: it may not be pushed yet.
    commit: Option<Oid>,
    name: String,
    notes: String,
    prerelease: bool,
}

pub(super) struct Drafts(pub Api);

impl Target for Drafts {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body: DraftBody = body_of(item, "draft release")?;
        let found = self.0.releases_of(&body.tag, Reach::All)?;
        let release = match found.as_slice() {
            [] => return Ok(Presence::Absent),
            [release] => release,
            many => {
                return Ok(Presence::Different {
                    found: several(many),
                });
            }
        };
        let mut differences = release.differences(&body.name, &body.notes, body.prerelease);
        // A branch says nothing about the commit; an object id does.
        let target = Oid::new(release.target_commitish.clone()).ok();
        if matches!((&target, &body.commit), (Some(is), Some(wanted)) if is != wanted) {
            differences.push("another commit");
        }
        if differences.is_empty() {
            return Ok(Presence::Same {
                receipt: receipt(release),
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
        let body: DraftBody = body_of(item, "draft release")?;
        let request = json!({
            "tag_name": body.tag,
            "name": body.name,
            "body": body.notes,
            "draft": true,
            "prerelease": body.prerelease,
        });
        let what = format!("draft the release {}", body.tag);
        let made: Release = self.0.put("POST", "/releases", &request, &what)?;
        if !made.draft {
            return Err(Failure::unknown(format!(
                "{what}: GitHub published it at once"
            )));
        }
        Ok(receipt(&made))
    }

    fn retract(&self, item: &Item, receipt: &Receipt) -> Result<(), Failure> {
        let body: DraftBody = body_of(item, "draft release")?;
        let what = format!("delete the draft {}", body.tag);
        let id: u64 = receipt
            .id
            .parse()
            .map_err(|_| Failure::permanent(format!("{what}: {:?} is no id", receipt.id)))?;
        let release: Release = match self.0.get(&format!("/releases/{id}"), &what)? {
            Fetched::Found(release) => release,
            Fetched::Absent => return self.0.is_visible(&what),
        };
        if !release.draft {
            return Err(
                Failure::permanent(format!("{what}: release {id} is published by now"))
                    .hinted("a published release is withdrawn by a command of its own"),
            );
        }
        if release.tag_name != body.tag {
            let tag = &release.tag_name;
            return Err(Failure::permanent(format!(
                "{what}: draft {id} has the tag {tag} by now"
            )));
        }
        self.0.delete(&format!("/releases/{id}"), &what)
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        survey_releases(&self.0, items.iter().map(|item| item.name.as_str()))
    }
}

fn receipt(release: &Release) -> Receipt {
    Receipt {
        id: release.id.to_string(),
        url: Some(release.html_url.clone()),
    }
}
