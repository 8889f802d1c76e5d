//! How a plan is carried out so that a crash loses and repeats nothing.
//!
//! Invariants: an engine decides nothing. It asks the run what may happen, journals before it acts where the run says so,
//! acts, and journals what came of it.
//!
//! Must not: know a kind of target, a terminal or a command line.

mod chain;
pub mod crash;
pub mod journal;
pub mod lease;
pub mod store;

pub use store::{Store, StoreError};
