//! What a command sees of the world around it: a list, not what happened to be set.

use super::Workshop;
use super::place::Place;
use shipway_core::plan::{Plan, Script};
use shipway_core::target::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

/// Variables of one step, by name.
pub struct Environment {
    pub variables: Vec<(OsString, OsString)>,
    /// The `PATH` among them.
    pub path: String,
    /// All of them for people, a line each; of secrets, the names.
    pub listing: String,
}

impl Environment {
    /// The fixed few, then what the script passes on, sets and names as secrets; a later one wins.
    pub fn of(
        shop: &Workshop,
        plan: &Plan,
        script: &Script,
        place: &Place<'_>,
    ) -> Result<Self, Failure> {
        let mut open = fixed(shop, plan);
        for name in &script.pass {
            if let Some(value) = shop.caller.get(name) {
                open.insert(name.clone(), value.clone());
            }
        }
        open.extend(script.env.clone());

        let mut secret = BTreeMap::new();
        for (variable, name) in &script.secrets {
            let value = shop.secrets.resolve(name)?;
            shop.redactor.register(&value);
            open.remove(variable);
            secret.insert(variable, value);
        }

        let mut all: BTreeMap<OsString, OsString> = BTreeMap::new();
        all.insert("HOME".into(), place.home().into());
        all.insert("TMPDIR".into(), place.tmp().into());
        let mut listing = String::new();
        for (name, value) in &open {
            all.insert(name.into(), value.into());
        }
        for (name, value) in &all {
            // What was taken over from the caller is in no plan, and may be anything.
            let passed = name
                .to_str()
                .is_some_and(|name| script.pass.contains(name) && !script.env.contains_key(name));
            let _ = if passed {
                writeln!(listing, "  {} (passed on)", name.display())
            } else {
                writeln!(listing, "  {}={}", name.display(), value.display())
            };
        }
        for (name, value) in secret {
            let _ = writeln!(listing, "  {name}=*** (secret {})", script.secrets[name]);
            all.insert(name.into(), value.expose().into());
        }
        if let Some(bad) = all.iter().find(|(name, value)| !can_be_set(name, value)) {
            return Err(Failure::permanent(format!(
                "the variable {:?} cannot be set: its name is empty or holds '=', or there is a zero byte in it",
                bad.0.to_string_lossy()
            )));
        }
        Ok(Self {
            path: open.remove("PATH").unwrap_or_default(),
            variables: all.into_iter().collect(),
            listing,
        })
    }
}

fn can_be_set(name: &OsString, value: &OsString) -> bool {
    let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
    !name.is_empty() && !name.contains(&b'=') && !name.contains(&0) && !value.contains(&0)
}

fn fixed(shop: &Workshop, plan: &Plan) -> BTreeMap<String, String> {
    let taken_over = ["PATH", "CI"];
    let mut variables: BTreeMap<String, String> = taken_over
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), shop.caller.get(*name)?.clone())))
        .collect();
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    set("LANG", "C.UTF-8".to_owned());
    // Reproducible builds: https://reproducible-builds.org/specs/source-date-epoch/
    set("SOURCE_DATE_EPOCH", release_time(plan).to_string());
    set("SHIPWAY_VERSION", plan.version.clone());
    set("SHIPWAY_PROJECT", plan.project.clone());
    if let Some(tag) = &plan.tag {
        set("SHIPWAY_TAG", tag.name.short().to_owned());
    }
    variables
}

/// Seconds since the epoch of the release commit; of the plan, where it makes no commit.
fn release_time(plan: &Plan) -> i64 {
    let release = plan.commits.iter().find(|commit| commit.role == "release");
    release.map_or(plan.made_at.seconds(), |commit| commit.at.seconds)
}
