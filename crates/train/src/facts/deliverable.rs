//! What a releases repository writes down: deliverables by series, the states of the series, their schedules.
//!
//! The form is that of OpenStack's releases repository (its README and `openstack_releases/schema.yaml`).

use super::{Place, Unknown};
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;

/// A releases repository in one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasesFacts {
    pub as_of: Timestamp,
    pub commit: Oid,
    /// Sorted by series, then name.
    pub deliverables: Vec<Deliverable>,
    /// In the order of the file: newest first.
    pub series: Vec<Series>,
    /// By series.
    pub schedules: BTreeMap<String, Schedule>,
    /// Whatever could not be read, with file and line. What could be read of the same file is in the lists.
    pub problems: Vec<Unknown>,
}

/// One file `deliverables/<series>/<name>.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliverable {
    /// The directory's name; `_independent` for what belongs to no series.
    pub series: String,
    /// The file's name without `.yaml`.
    pub name: String,
    pub place: Place,
    pub team: Option<String>,
    /// `type`: `service`, `library`, `client-library`, `horizon-plugin`, …
    pub kind: Option<String>,
    /// `release-model`: `cycle-with-rc`, `cycle-with-intermediary`, `independent`, …
    pub model: Option<String>,
    /// `stable-branch-type`.
    pub stable_branch_type: Option<String>,
    /// In the order of the file: oldest first.
    pub releases: Vec<DeliverableRelease>,
    pub branches: Vec<DeliverableBranch>,
    /// How many `cycle-highlights` there are.
    pub highlights: u32,
    /// Top-level keys that are not read here.
    pub other: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverableRelease {
    /// As written: `33.0.0.0rc1`.
    pub version: String,
    pub projects: Vec<ProjectHash>,
    /// The line of the version.
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectHash {
    pub repository: String,
    /// As written. Where it is no commit id, a problem says so.
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverableBranch {
    /// `stable/2026.1`.
    pub name: String,
    /// A version of the deliverable; or, by repository, commits.
    pub location: BranchLocation,
    pub line: u32,
}

/// Where a branch starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BranchLocation {
    Version(String),
    /// Repository to commit, branch or tag.
    Commits(BTreeMap<String, String>),
    Unwritten,
}

/// One entry of `data/series_status.yaml`. Dates are texts as written, `2026-04-01`, checked to be dates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    pub name: String,
    /// `2026.1`.
    pub release_id: Option<String>,
    /// `future`, `development`, `maintained`, `extended maintenance`, `unmaintained`, `end of life`.
    pub status: String,
    pub initial_release: Option<String>,
    /// The status that comes next, and when.
    pub next_phase: Option<(String, String)>,
    pub eol_date: Option<String>,
    /// Whether upgrades may skip a release onto it.
    pub slurp: bool,
    pub line: u32,
}

/// `doc/source/<series>/schedule.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    pub series: String,
    pub release_week: Option<String>,
    pub weeks: Vec<Week>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// `R-5`, where the week has a name.
    pub name: Option<String>,
    pub start: String,
    pub end: String,
    /// `x-project` events: `g-3`, `g-ff`, `g-final-lib`, …
    pub events: Vec<String>,
    /// `project-specific` events.
    pub project_events: Vec<String>,
}
