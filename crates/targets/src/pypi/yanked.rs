//! Whether a version was yanked: a person does that on the index's web page, and it is seen in the simple API (PEP 592).

use super::{is_of_version, look};
use crate::http::{Client, Limits, Plain, origin};
use crate::metadata::normalised;
use shipway_core::target::Failure;

/// Files of a version that can still be installed by whoever does not ask for this very version. Empty: every file is
/// yanked, or none is there any more.
///
/// # Errors
/// As looking at any index: nothing is known then.
pub fn not_yanked(index: &str, project: &str, version: &str) -> Result<Vec<String>, Failure> {
    if origin(index).is_none() {
        return Err(Failure::permanent(format!(
            "{index:?} is no address of an index"
        )));
    }
    let client = Client::new(Limits::default(), Plain::Loopback);
    let index = if index.ends_with('/') {
        index.to_owned()
    } else {
        format!("{index}/")
    };
    let Some(page) = look(&client, &index, &normalised(project))? else {
        return Ok(Vec::new());
    };
    let open = page
        .entries
        .into_iter()
        .filter(|entry| entry.yanked.is_none() && is_of_version(entry, version));
    Ok(open.map(|entry| entry.name).collect())
}
