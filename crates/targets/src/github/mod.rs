//! Releases, their files and milestones at GitHub, over its REST API.
//!
//! Five kinds, because they stand and fall apart: `github-draft` makes a draft release that nobody sees and that can be deleted;
//! `github-asset` attaches sealed files to it; `github-release` publishes it, for good; `github-withdrawn` marks it as withdrawn;
//! `github-milestone` opens a milestone.
//!
//! Invariants: nothing is added to a release that is public, and nothing public is deleted; what is there is compared field by
//! field and files by SHA-256, never by name alone; the token goes to the API's own host and its upload host, nowhere else.
//! A draft names no commit, since GitHub refuses a commit that was not pushed yet, and drafts come before the push;
//! publishing makes sure that the tag is there, because GitHub would otherwise invent one at the head of the default branch.
//!
//! Must not: retry, remember a release between calls, or decide on the text of a message.

mod answer;
mod api;
mod asset;
mod draft;
mod milestone;
pub mod pulls;
mod release;
mod withdrawn;

use crate::Context;
use api::{Api, Fetched, Reach};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shipway_core::target::{
    Again, Capability, Credential, Failure, Found, Item, Pace, Reversal, Survey, Target, TargetSpec,
};
use shipway_core::time::Millis;

/// About 80 writes a minute are free (GitHub's secondary limits); then one each 750 ms keeps below them.
const PACE: Option<Pace> = Some(Pace {
    burst: 80,
    then_every: Millis(750),
});

/// How long a list may miss a new draft. GitHub promises nothing; lists were seen to be some seconds behind.
const SETTLE: Millis = Millis::seconds(20);

pub(crate) const DRAFT: Capability = Capability {
    kind: "github-draft",
    reversal: Reversal::Deletes,
    again: Again::AfterSettling,
    settle: SETTLE,
    pace: PACE,
    compares: "name, notes and pre-release mark of the draft",
    overwrites: false,
};

pub(crate) const ASSET: Capability = Capability {
    kind: "github-asset",
    reversal: Reversal::Deletes,
    again: Again::Harmless,
    settle: SETTLE,
    pace: PACE,
    compares: "SHA-256 of the file",
    overwrites: false,
};

pub(crate) const RELEASE: Capability = Capability {
    kind: "github-release",
    reversal: Reversal::Nothing,
    again: Again::Harmless,
    settle: SETTLE,
    pace: PACE,
    compares: "name, notes and pre-release mark of the published release",
    overwrites: false,
};

pub(crate) const WITHDRAWN: Capability = Capability {
    kind: "github-withdrawn",
    reversal: Reversal::Nothing,
    again: Again::Harmless,
    settle: SETTLE,
    pace: PACE,
    compares: "the mark: end of the name, reason before the notes, pre-release",
    overwrites: false,
};

pub(crate) const MILESTONE: Capability = Capability {
    kind: "github-milestone",
    reversal: Reversal::Deletes,
    again: Again::Harmless,
    settle: SETTLE,
    pace: PACE,
    compares: "title and description of an open milestone",
    overwrites: false,
};

pub(crate) fn open_draft(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    Ok(Box::new(draft::Drafts(Api::open(spec, context)?)))
}

pub(crate) fn open_asset(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    let bytes = context.bytes.clone();
    Ok(Box::new(asset::Assets {
        api: Api::open(spec, context)?,
        bytes,
    }))
}

pub(crate) fn open_release(
    spec: &TargetSpec,
    context: &Context,
) -> Result<Box<dyn Target>, Failure> {
    Ok(Box::new(release::Releases(Api::open(spec, context)?)))
}

pub(crate) fn open_withdrawn(
    spec: &TargetSpec,
    context: &Context,
) -> Result<Box<dyn Target>, Failure> {
    Ok(Box::new(withdrawn::Marks(Api::open(spec, context)?)))
}

pub(crate) fn open_milestone(
    spec: &TargetSpec,
    context: &Context,
) -> Result<Box<dyn Target>, Failure> {
    Ok(Box::new(milestone::Milestones(Api::open(spec, context)?)))
}

/// A release as the API shows it, draft or published. What is not needed is not read.
#[derive(Clone, Debug, Deserialize)]
struct Release {
    id: u64,
    tag_name: String,
    target_commitish: String,
    name: Option<String>,
    body: Option<String>,
    draft: bool,
    prerelease: bool,
    html_url: String,
    upload_url: String,
}

impl Release {
    /// `draft 12` or `published release 12`.
    fn label(&self) -> String {
        let kind = if self.draft {
            "draft"
        } else {
            "published release"
        };
        format!("{kind} {}", self.id)
    }

    /// What differs from what is wanted, in words; empty where nothing does.
    fn differences(&self, name: &str, notes: &str, prerelease: bool) -> Vec<&'static str> {
        let mut all = Vec::new();
        if self.name.as_deref().unwrap_or_default() != name {
            all.push("another name");
        }
        if !same_text(self.body.as_deref().unwrap_or_default(), notes) {
            all.push("other notes");
        }
        if self.prerelease != prerelease {
            all.push("another pre-release mark");
        }
        all
    }
}

/// Whether two texts are the same for a reader: GitHub's website stores CRLF and may drop white space at the end.
fn same_text(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    plain(one) == plain(other)
}

/// `draft 12 and published release 13 have the tag v1`
fn several(releases: &[Release]) -> String {
    let labels: Vec<String> = releases.iter().map(Release::label).collect();
    let tag = releases.first().map_or("", |release| &release.tag_name);
    format!("{} have the tag {tag}", labels.join(" and "))
}

/// The one release of the tag, which must still be a draft; `published` says what it means where it is one no more.
fn the_draft(
    api: &Api,
    tag: &str,
    published: impl FnOnce(&Release) -> Failure,
) -> Result<Release, Failure> {
    let mut found = api.releases_of(tag, Reach::All)?;
    match (found.len(), found.pop()) {
        (1, Some(release)) if release.draft => Ok(release),
        (1, Some(release)) => Err(published(&release)),
        (_, Some(last)) => {
            found.push(last);
            Err(Failure::permanent(several(&found)).hinted("delete the draft that is not ours"))
        }
        (_, None) => Err(Failure::transient(format!(
            "there is no draft of {tag} (yet)"
        ))),
    }
}

/// The body of an item of ours.
fn body_of<T: DeserializeOwned>(item: &Item, what: &str) -> Result<T, Failure> {
    serde_json::from_value(item.body.clone())
        .map_err(|error| Failure::permanent(format!("the item is no {what}: {error}")))
}

/// What all kinds look at ahead of a release: whether the repository is there and may be written to.
fn survey_repository(api: &Api) -> Result<Survey, Failure> {
    #[derive(Deserialize)]
    struct Repository {
        #[serde(default)]
        archived: bool,
        permissions: Option<Permissions>,
    }
    #[derive(Deserialize)]
    struct Permissions {
        push: bool,
    }
    #[derive(Deserialize)]
    struct Immutable {
        enabled: bool,
    }
    let repository: Repository = match api.get("", "look at the repository")? {
        Fetched::Found(repository) => repository,
        Fetched::Absent => return Err(api.hidden("look at the repository")),
    };
    if repository.archived {
        return Err(
            Failure::permanent(format!("the repository {} is archived", api.repository()))
                .hinted("an archived repository takes no releases; unarchive it in its settings"),
        );
    }
    let credential = match repository.permissions {
        Some(Permissions { push: true }) => Credential::Accepted,
        None => Credential::Untried,
        Some(Permissions { push: false }) => {
            let message = format!("the token may not write to {}", api.repository());
            return Err(Failure::denied(message)
                .hinted("it needs write access to the repository's contents"));
        }
    };
    let mut notes = Vec::new();
    // Only some tokens may ask; for the others the setting shows itself when the release is published.
    if let Ok(Fetched::Found(Immutable { enabled: true })) =
        api.get("/immutable-releases", "look at the repository's settings")
    {
        notes.push(
            "releases of this repository are immutable: once published, neither files nor tag can change".to_owned(),
        );
    }
    Ok(Survey {
        found: Vec::new(),
        credential,
        notes,
    })
}

/// The releases that stand for these tags already.
fn survey_releases<'a>(
    api: &Api,
    tags: impl IntoIterator<Item = &'a str>,
) -> Result<Survey, Failure> {
    let mut survey = survey_repository(api)?;
    for tag in tags {
        for release in api.releases_of(tag, Reach::All)? {
            survey.found.push(Found {
                name: tag.to_owned(),
                what: release.label(),
            });
        }
    }
    survey.found.sort();
    survey.found.dedup();
    Ok(survey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_compared_as_a_reader_sees_them() {
        assert!(same_text("a\r\n\r\nb\r\n", "a\n\nb"));
        assert!(!same_text("a\nb", "a\n\nb"));
        assert!(!same_text(" a", "a"));
    }
}
