//! Release lines, where a change goes, what ships: pure decisions over recorded facts.
//!
//! Must not: write to a repository, talk to a network, or carry a step out.

pub mod backport;
mod cache;
mod cmake;
pub mod deliverable;
pub mod facts;
pub mod file;
pub mod git;
pub mod model;
pub mod pack;
mod workflow;
mod yaml;
