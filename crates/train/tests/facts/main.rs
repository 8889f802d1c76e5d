//! Facts from real repositories, made by git in a directory of their own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod backports;
mod bad;
mod cache;
mod pins;
mod releases;
mod repository;
mod standing;
mod target;
mod world;
