//! `github-asset`: a sealed file, attached to the draft release of its tag.
//!
//! An upload that broke off leaves an asset of this name that is not in the state `uploaded`. On a draft that is as good as
//! nothing: it is reported as absent, and publishing deletes it before it uploads again. On a published release
//! it is reported as different and left alone. A finished asset is never deleted but by taking back.

use super::api::{Api, Reach};
use super::{Release, body_of, several, survey_releases, the_draft};
use crate::Bytes;
use serde::Deserialize;
use shipway_core::target::{Failure, Item, Presence, Receipt, Survey, Target};
use std::sync::Arc;

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetBody {
    tag: String,
}

/// A file of a release, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Asset {
    id: u64,
    pub name: String,
    /// `uploaded`, or `starter` or `open` while it is not whole.
    state: String,
    size: u64,
    /// `sha256:…`; missing where the file is older than this field.
    digest: Option<String>,
    browser_download_url: String,
}

impl Asset {
    pub fn is_whole(&self) -> bool {
        self.state == "uploaded"
    }
}

/// All assets of a release, whole or not.
pub(super) fn assets_of(
    api: &Api,
    release: &Release,
    wanted: impl Fn(&Asset) -> bool,
) -> Result<Vec<Asset>, Failure> {
    let path = format!("/releases/{}/assets", release.id);
    api.list(&path, Reach::All, "list the assets", wanted)
}

pub(super) struct Assets {
    pub api: Api,
    pub bytes: Arc<dyn Bytes>,
}

impl Target for Assets {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let (body, length) = checked(item)?;
        let found = self.api.releases_of(&body.tag, Reach::First)?;
        let release = match found.as_slice() {
            [] => return Ok(Presence::Absent),
            [release] => release,
            many => {
                return Ok(Presence::Different {
                    found: several(many),
                });
            }
        };
        let named = assets_of(&self.api, release, |asset| asset.name == item.name)?;
        let Some(asset) = named.into_iter().next() else {
            return Ok(Presence::Absent);
        };
        let different = |found: String| Ok(Presence::Different { found });
        if !asset.is_whole() {
            return if release.draft {
                Ok(Presence::Absent)
            } else {
                different(format!(
                    "an upload that broke off, in a {}",
                    release.label()
                ))
            };
        }
        if asset.size != length {
            return different(format!("{} bytes instead of {length}", asset.size));
        }
        let stated = asset
            .digest
            .as_deref()
            .and_then(|text| text.strip_prefix("sha256:"));
        let digest = match stated.and_then(|text| text.parse().ok()) {
            Some(digest) => digest,
            None => self.api.digest_of_asset(asset.id, length)?,
        };
        if digest != item.digest {
            return different(format!("sha256 {digest}"));
        }
        Ok(Presence::Same {
            receipt: receipt(&asset),
        })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let (body, length) = checked(item)?;
        let release = the_draft(&self.api, &body.tag, |release| {
            Failure::permanent(format!(
                "{} of {} is public: nothing is added to it",
                release.label(),
                body.tag
            ))
            .hinted("files must be attached to a draft, before it is published")
        })?;
        for left in assets_of(&self.api, &release, |asset| asset.name == item.name)? {
            if left.is_whole() {
                return Err(Failure::unknown(format!(
                    "{} is there meanwhile",
                    item.name
                )));
            }
            let what = format!("clear the broken upload of {}", item.name);
            self.api
                .delete(&format!("/releases/assets/{}", left.id), &what)?;
        }
        let path = self.bytes.path(&item.digest)?;
        let unreadable = |error: std::io::Error| {
            Failure::permanent(format!("the sealed file cannot be read: {}", error.kind()))
        };
        let mut file = fs_err::File::open(path).map_err(unreadable)?;
        let on_disk = file.metadata().map_err(unreadable)?.len();
        if on_disk != length {
            let name = &item.name;
            return Err(Failure::permanent(format!(
                "{name} has {on_disk} bytes instead of {length}"
            )));
        }
        let response = self.api.upload(&release, &item.name, length, &mut file)?;
        let asset: Asset = serde_json::from_slice(&response.body).map_err(|error| {
            Failure::unknown(format!(
                "the answer to the upload is not understood: {error}"
            ))
        })?;
        Ok(receipt(&asset))
    }

    fn retract(&self, item: &Item, receipt: &Receipt) -> Result<(), Failure> {
        let (body, _) = checked(item)?;
        let found = self.api.releases_of(&body.tag, Reach::All)?;
        for release in &found {
            let ours = assets_of(&self.api, release, |asset| {
                asset.id.to_string() == receipt.id
            })?;
            let Some(asset) = ours.first() else { continue };
            let what = format!("delete the asset {}", item.name);
            if !release.draft {
                return Err(
                    Failure::permanent(format!("{what}: {} is public", release.label())).hinted(
                        "files of a published release are withdrawn by a command of its own",
                    ),
                );
            }
            if asset.name != item.name {
                return Err(Failure::permanent(format!(
                    "{what}: it was renamed to {:?}",
                    asset.name
                )));
            }
            return self
                .api
                .delete(&format!("/releases/assets/{}", asset.id), &what);
        }
        Ok(())
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut tags = Vec::new();
        for item in items {
            tags.push(body_of::<AssetBody>(item, "asset")?.tag);
        }
        tags.sort();
        tags.dedup();
        survey_releases(&self.api, tags.iter().map(String::as_str))
    }
}

/// The body and the length of a file item whose name GitHub would keep as it is.
fn checked(item: &Item) -> Result<(AssetBody, u64), Failure> {
    let body = body_of(item, "asset")?;
    let length = item
        .size
        .ok_or_else(|| Failure::permanent(format!("{} is no file", item.name)))?;
    if length == 0 {
        return Err(Failure::permanent(format!(
            "{} is empty, which GitHub refuses",
            item.name
        )));
    }
    if !is_kept(&item.name) {
        return Err(Failure::permanent(format!("GitHub would rename the file {:?}", item.name)).hinted(
            "use ASCII letters, digits and any of . - _ + @, no two dots in a row and no dot at either end",
        ));
    }
    Ok((body, length))
}

/// Whether GitHub keeps this file name. It replaces what it does not like by dots, and the file would not be found again.
fn is_kept(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_+@.".contains(&b))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
}

fn receipt(asset: &Asset) -> Receipt {
    Receipt {
        id: asset.id.to_string(),
        url: Some(asset.browser_download_url.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_changed_are_refused() {
        for name in ["a-1.0.0-py3-none-any.whl", "a-1.0+local.tar.gz", "x@y"] {
            assert!(is_kept(name), "{name}");
        }
        for name in [
            "", ".a", "a.", "a..b", "a b", "a~1.deb", "ä.txt", "a/b", "1!2.whl",
        ] {
            assert!(!is_kept(name), "{name}");
        }
    }
}
