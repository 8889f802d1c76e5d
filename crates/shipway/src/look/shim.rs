use shipway_history::Changes;
#[derive(Debug, thiserror::Error)] #[error("x")] pub struct ChangelogError;
impl ChangelogError { pub fn hint(&self) -> Option<String> { None } }
pub struct Close<'a> { pub version: &'a str, pub date: &'a str, pub changes: &'a Changes, pub unreleased: Option<&'a str>, pub tag: &'a str, pub previous_tag: Option<&'a str>, pub url: &'a str }
pub struct Closed { pub text: Vec<u8>, pub notes: String, pub warnings: Vec<String> }
pub fn close(_: Option<&[u8]>, _: &Close) -> Result<Closed, ChangelogError> { Err(ChangelogError) }
pub fn section(_: &[u8], _: &str) -> Result<String, ChangelogError> { Err(ChangelogError) }
pub fn notes(_: &Changes) -> String { String::new() }
