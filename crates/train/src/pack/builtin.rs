//! The packs that come with Shipway, as files of the repository.

use super::Files;

/// Their names.
pub const BUILTIN: &[&str] = &["goose", "openstack"];

macro_rules! pack {
    ($name:literal: $($file:literal)*) => {
        &[$(($file, include_str!(concat!("../../packs/", $name, "/", $file)))),*]
    };
}

const GOOSE: &[(&str, &str)] = pack!("goose":
    "pack.toml" "phases.csv" "engine-change.csv" "member-change.csv" "targets.csv" "branch-types.csv" "classes.csv"
    "ships.csv" "switches.csv" "support.csv" "events.csv");

const OPENSTACK: &[(&str, &str)] = pack!("openstack":
    "pack.toml" "phases.csv" "member-change.csv" "models.csv" "deadlines.csv" "series.csv" "finals.csv"
    "stable-branches.csv" "events.csv");

/// The files of a pack that comes with Shipway.
pub(super) fn files(name: &str) -> Option<Files> {
    let files = match name {
        "goose" => GOOSE,
        "openstack" => OPENSTACK,
        _ => return None,
    };
    Some(
        files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect(),
    )
}
