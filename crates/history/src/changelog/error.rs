//! What can be wrong with a changelog.

use super::template::TemplateError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    #[error("the changelog has a section for {version} already (line {line})")]
    Exists { version: String, line: usize },
    #[error("the changelog has two sections for {version} (lines {first} and {second})")]
    Twice {
        version: String,
        first: usize,
        second: usize,
    },
    #[error("the changelog has no section for {version}")]
    NoSection { version: String },
    #[error("the changelog has two unreleased sections (lines {first} and {second})")]
    TwoUnreleased { first: usize, second: usize },
    #[error("the changelog has conflict markers (line {line}: {text})")]
    Conflict { line: usize, text: String },
    #[error("a code block or comment of the changelog has no end (it begins in line {line})")]
    Unclosed { line: usize },
    #[error("the changelog is not UTF-8 text (byte {at})")]
    NotText { at: usize },
    #[error("the changelog is {form} (line {line}: {text})")]
    Form {
        form: &'static str,
        line: usize,
        text: String,
    },
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl ChangelogError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "release a higher version, or rename that section to Unreleased",
            Self::Twice { .. } => "put what they say into one of them",
            Self::NoSection { .. } => "write one, or name a version that has one",
            Self::TwoUnreleased { .. } => "put their entries into one of them",
            Self::Conflict { .. } => "finish the merge and commit it",
            Self::Unclosed { .. } => "close it: with as many ` or ~ as it begins with, or with -->",
            Self::NotText { .. } => "save the file as UTF-8",
            Self::Template(_) => "correct the template; --format json shows what it sees",
            Self::Form { .. } => {
                "keep a changelog in Markdown, reStructuredText or AsciiDoc beside it, and name that one in [changelog] path"
            }
        }
    }
}
