//! `github-withdrawn`: marks the published release of a tag as withdrawn. The item's name is the tag.
//!
//! The mark is three things: the name ends with ` (withdrawn)`, the notes begin with a quoted paragraph that gives the reason, and
//! the release is a pre-release, which GitHub never shows as `latest`. Everything else, edits by people included, stays as it is.

use super::api::{Api, Fetched, escaped};
use super::{Release, body_of, survey_releases};
use serde::Deserialize;
use serde_json::json;
use shipway_core::target::{Failure, Item, Presence, Receipt, Survey, Target};

const SUFFIX: &str = " (withdrawn)";
const QUOTE: &str = "> Withdrawn: ";

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkBody {
    tag: String,
    /// One line.
    reason: String,
}

pub(super) struct Marks(pub Api);

impl Target for Marks {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body = checked(item)?;
        let Some(release) = self.release(&body.tag)? else {
            return Ok(Presence::Absent);
        };
        let notes = release.body.as_deref().unwrap_or_default();
        match reason_in(notes) {
            Some(reason) if reason != body.reason => {
                let found = format!(
                    "a mark with another reason: {reason} ({})",
                    release.html_url
                );
                Ok(Presence::Different { found })
            }
            Some(_) if name_of(&release).ends_with(SUFFIX) && release.prerelease => {
                Ok(Presence::Same {
                    receipt: receipt(&release),
                })
            }
            _ => Ok(Presence::Absent),
        }
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body = checked(item)?;
        let what = format!("mark the release {} as withdrawn", body.tag);
        // It was public once: a cache may not have heard of it.
        let release = self.release(&body.tag)?.ok_or_else(|| {
            Failure::transient(format!(
                "{what}: GitHub shows no published release of this tag"
            ))
        })?;
        let notes = release.body.as_deref().unwrap_or_default();
        let notes = match reason_in(notes) {
            Some(_) => notes.to_owned(),
            None => format!("{QUOTE}{}\n\n{notes}", body.reason),
        };
        let name = name_of(&release);
        let name = if name.ends_with(SUFFIX) {
            name.to_owned()
        } else {
            format!("{name}{SUFFIX}")
        };
        let request =
            json!({"name": name, "body": notes, "prerelease": true, "make_latest": "false"});
        let path = format!("/releases/{}", release.id);
        let marked: Release = self.0.put("PATCH", &path, &request, &what)?;
        Ok(receipt(&marked))
    }

    fn retract(&self, _: &Item, _: &Receipt) -> Result<(), Failure> {
        Err(Failure::permanent(
            "a withdrawal is not taken back: release a higher version",
        ))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        survey_releases(&self.0, items.iter().map(|item| item.name.as_str()))
    }
}

impl Marks {
    /// The published release of the tag; a draft is none.
    fn release(&self, tag: &str) -> Result<Option<Release>, Failure> {
        let what = format!("look at the release {tag}");
        match self
            .0
            .get(&format!("/releases/tags/{}", escaped(tag)), &what)?
        {
            Fetched::Found(release) => Ok(Some(release)),
            Fetched::Absent => {
                self.0.is_visible(&what)?;
                Ok(None)
            }
        }
    }
}

/// The reason that the first paragraph gives, where it is a mark.
fn reason_in(notes: &str) -> Option<&str> {
    notes.lines().next()?.strip_prefix(QUOTE).map(str::trim_end)
}

/// What the release is called; without a name of its own GitHub shows the tag.
fn name_of(release: &Release) -> &str {
    match release.name.as_deref() {
        Some(name) if !name.is_empty() => name,
        _ => &release.tag_name,
    }
}

fn checked(item: &Item) -> Result<MarkBody, Failure> {
    let body: MarkBody = body_of(item, "mark of a withdrawn release")?;
    if body.reason.trim() != body.reason
        || body.reason.is_empty()
        || body.reason.chars().any(char::is_control)
    {
        return Err(Failure::permanent(
            "the reason of a withdrawal is one line of text",
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
