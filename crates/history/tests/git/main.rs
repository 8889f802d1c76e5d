//! Compared with git: real repositories, read in process, and diffs that git applies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod components;
mod diff;
mod graph;
mod kinds;
mod odd_tags;
mod paths;
mod repository;
mod world;
