//! Release lines, where a change goes, what ships: pure decisions over recorded facts.
//!
//! ```text
//! train.toml ─▶ model::Train ─┐
//! packs/     ─▶ pack::Pack    ├─▶ decide::Situation ─▶ place, ship, radar, switch, event, status, bump, …
//! git        ─▶ facts         ┘
//! ```
//!
//! Must not: write to a repository, talk to a network, or carry a step out.

pub mod backport;
mod cache;
mod cmake;
pub mod decide;
pub mod deliverable;
pub mod facts;
pub mod file;
pub mod git;
pub mod lint;
pub mod model;
pub mod pack;
pub mod simulate;
mod workflow;
mod yaml;
