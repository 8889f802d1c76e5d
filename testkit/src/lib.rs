//! What the tests stand on: fake destinations with state, faults on demand, a hermetic world. Never part of a release.

pub mod contract;
pub mod faults;
pub mod git_http;
pub mod github;
pub mod http;
pub mod mail;
pub mod proxy;
pub mod pypi;
pub mod pypiserver;
pub mod webhook;
