//! What a release is and what may happen next.
//!
//! Invariants: no I/O, no clock, no randomness, no async. Everything here is a value or a pure function of values, so that
//! a plan can be printed, hashed, reviewed and carried out unchanged, by any engine, on any machine.
//!
//! Must not: read a file, an environment variable or the time; know a terminal, a database or an HTTP client.

pub mod config;
pub mod diff;
pub mod digest;
pub mod event;
pub mod name;
pub mod plan;
pub mod planner;
pub mod redact;
pub mod report;
pub mod requirement;
pub mod run;
pub mod secret;
pub mod target;
pub mod time;
pub mod version;

pub use config::Config;
pub use digest::Digest;
pub use event::{Event, EventKind};
pub use name::{Oid, RefName, StepId};
pub use plan::{Plan, PlanId};
pub use requirement::{Dialect, Requirement};
pub use run::Run;
pub use target::{Failure, FailureKind, Item, Presence, Receipt, Target};
pub use time::Timestamp;
pub use version::{Level, Version};
