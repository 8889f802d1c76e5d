//! Keys that a configuration names: `tool.x.version`, `spec."a.b".0.version`, written as TOML writes them.

use super::error::Fault;
use toml_edit::Key;

/// The parts of a dotted key. A number is also the place in a list, from 0.
pub(super) fn parts(key: &str) -> Result<Vec<String>, Fault> {
    let parts = Key::parse(key).map_err(|_| {
        Fault::Key(
            "it is names with dots between them, with quotes around those that hold other signs",
        )
    })?;
    Ok(parts.iter().map(|part| part.get().to_owned()).collect())
}
