//! A changelog in the manner of Keep a Changelog 1.1.0: closing a release's section, and reading one.
//!
//! Invariants: closing adds lines and, where the file has compare links, moves the one of the unreleased section; every other
//! byte stays, line ends and byte order mark included. What is added follows the file: level and form of the newest
//! release's heading, its date's form, bullets, line ends. What people wrote is never reworded.
//!
//! Must not: read or write files; decide on the version.

mod assemble;
mod check;
mod closing;
mod cover;
mod date;
mod document;
mod edit;
mod entries;
mod error;
mod escape;
mod forge;
mod links;
mod log;
mod render;
mod sections;
mod style;
mod syntax;
mod template;
mod title;
mod unreleased;

pub use assemble::{BreakingPlace, Earlier, Options, Scopes, Source, is_listed};
pub use check::{Facts, Finding, Guide, Problem, Report, Severity, Tagged, check};
pub use closing::{Closed, Closing, Entries, Making, close, close_with};
pub use edit::{NewSection, Present, mark_yanked, set_section, set_sections};
pub use entries::Look;
pub use error::ChangelogError;
pub use escape::Mentions;
pub use forge::{Forge, Links, Patterns};
pub use log::{
    Advisory, Breaking, CommitLink, Contributor, Entry, FORMAT, Group, Log, Person, Reference,
    Release, Repository, Statistics,
};
pub use render::{Format, RenderError, render, section_body};
pub use sections::{Section, section, sections};
pub use syntax::Syntax;
pub use template::{Template, TemplateError};

/// The text of a file.
fn text_of(bytes: &[u8]) -> Result<&str, ChangelogError> {
    std::str::from_utf8(bytes).map_err(|error| ChangelogError::NotText {
        at: error.valid_up_to(),
    })
}

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod tests;
