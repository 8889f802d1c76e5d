//! Whether a version was yanked: a person does that on the index's web page, and it is seen in the simple API (PEP 592).

use super::page::Page;
use super::{is_of_version, look};
use crate::http::{Client, Limits, Plain, origin};
use crate::metadata::normalised;
use shipway_core::target::{Failure, Item};

/// Files of a version that can still be installed by whoever does not ask for this very version. Empty: every file is
/// yanked, or none is there any more.
///
/// # Errors
/// As looking at any index: nothing is known then.
pub fn not_yanked(index: &str, project: &str, version: &str) -> Result<Vec<String>, Failure> {
    let entries = page(index, project)?.map_or_else(Vec::new, |page| page.entries);
    let open = entries
        .into_iter()
        .filter(|entry| entry.yanked.is_none() && is_of_version(entry, version));
    Ok(open.map(|entry| entry.name).collect())
}

/// Whether a file stands there with the item's bytes, and yanked. An index that states no SHA-256 leaves it open: false.
///
/// # Errors
/// As looking at any index: nothing is known then.
pub fn is_yanked(index: &str, project: &str, item: &Item) -> Result<bool, Failure> {
    let page = page(index, project)?;
    let entry = page.as_ref().and_then(|page| page.find(&item.name));
    Ok(entry
        .is_some_and(|entry| entry.yanked.is_some() && entry.sha256.as_ref() == Some(&item.digest)))
}

fn page(index: &str, project: &str) -> Result<Option<Page>, Failure> {
    if origin(index).is_none() {
        let message = format!("{index:?} is no address of an index");
        return Err(Failure::permanent(message));
    }
    let client = Client::new(Limits::default(), Plain::Loopback);
    let index = format!("{}/", index.trim_end_matches('/'));
    look(&client, &index, &normalised(project))
}
