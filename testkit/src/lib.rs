//! What the tests stand on: fake destinations with state, faults on demand, a hermetic world. Never part of a release.

pub mod faults;
pub mod http;
pub mod proxy;
