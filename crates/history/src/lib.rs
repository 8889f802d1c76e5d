//! What happened in the repository and what it makes of the next version: reading only.
//!
//! From commits to changes, from changes to a level and its reasons, from changes and a changelog to the release's text, and
//! the edits of the files that hold the version. All but [`Repository`] are pure functions of texts.
//!
//! Must not: write to a repository or a file, talk to a network, or decide on a step of the release.

mod ahead;
pub mod change;
pub mod change_file;
pub mod changelog;
pub mod commit;
pub mod component;
pub mod convention;
pub mod conventional;
pub mod error;
pub mod fragment;
mod graph;
mod history;
mod lines;
mod merges;
pub mod next;
pub mod objects;
pub mod paths;
pub mod pull_request;
pub mod read;
pub mod reference;
pub mod releases;
pub mod repository;
mod revert;
pub mod since;
mod squash;
pub mod tag;
pub mod tags;
pub mod version_file;
pub mod walk;

pub use change::{Change, Changes, Kind, Origin};
pub use change_file::{ChangeFile, ChangeFileError, ChangesetConfig, PreMode};
pub use convention::{Convention, ConventionError};
pub use error::HistoryError;
pub use fragment::{FragmentError, Fragments};
pub use next::{Decision, next_version};
pub use objects::CommitId;
pub use paths::{Enter, TreeFile};
pub use pull_request::{PullRequest, PullRequests};
pub use read::Read;
pub use releases::{Release, Releases};
pub use repository::{File, Repository, Settings, Uncommitted};
pub use since::Since;
pub use tag::{ReleaseTag, TagPattern};
pub use tags::{Oddity, Tags};
pub use walk::{Author, Commit};
