//! Reading the repositories of a train: each once, all of its past at once.
//!
//! Invariants: in process, from bare mirrors or working trees, offline, several at a time; what cannot be read is unknown
//! where it would have been, and every other repository is read all the same. Asking for a moment afterwards reads no member
//! again; of the engine, only configuration files that were not asked for before.
//!
//! Must not: write to a repository, ask a remote, or judge what it finds.

mod graph;
mod history;
mod layout;
mod mirror;
mod pins;
mod record;
mod standing;
mod target;
mod train;
mod tree;

pub(crate) use graph::{Graph, Node};
pub(crate) use history::History;
pub use layout::{Layout, Source, Sources, repository_of};
pub(crate) use mirror::{Entry, Mirror, object_id, oid};
pub use train::Train;
pub(crate) use train::{in_parallel, load_alone, lock};
