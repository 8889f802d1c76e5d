//! Freezing what was built: every file is read back before anybody approves or publishes it.
//!
//! Invariant: what passes is exactly the run's artifacts, one content per name, all of them whole in the store.

use super::{Made, Unmade, Workshop, store_failed};
use shipway_core::event::{Artifact, Evidence, Verdict};
use shipway_core::plan::{Action, Items};
use shipway_core::run::{Run, StepView, matches_any};
use shipway_core::target::Failure;

pub fn carry_out(shop: &Workshop, run: &Run) -> Result<Made, Unmade> {
    let artifacts = run.artifacts();
    if artifacts.is_empty() {
        return Err(Failure::permanent("nothing was built, so there is nothing to seal").into());
    }
    if let Some(pair) = artifacts
        .windows(2)
        .find(|pair| pair[0].name == pair[1].name)
    {
        let builders = builders(run, &pair[0].name);
        return Err(Failure::permanent(format!(
            "{} was built more than once with different contents, by {}",
            pair[0].name,
            builders.join(" and ")
        ))
        .hinted("make the build reproducible, or build the file in one step only")
        .into());
    }
    nothing_is_missing(run, &artifacts)?;
    for artifact in &artifacts {
        let size = shop
            .store
            .verify(&artifact.digest)
            .map_err(|error| store_failed(&error))?;
        if size != artifact.size {
            return Err(Failure::permanent(format!(
                "{} has {size} bytes and had {} when it was built",
                artifact.name, artifact.size
            ))
            .into());
        }
    }
    let bytes: u64 = artifacts.iter().map(|artifact| artifact.size).sum();
    let files = match artifacts.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    Ok(Made {
        evidence: vec![Evidence {
            name: "manifest".to_owned(),
            verdict: Verdict::Pass,
            figure: format!("{files}, {bytes} bytes, read back"),
            digest: None,
        }],
        artifacts,
    })
}

/// The steps that made a file of this name.
fn builders(run: &Run, name: &str) -> Vec<String> {
    let steps = run.plan().steps.iter();
    steps
        .filter(|step| match run.view(&step.id) {
            Some(StepView::Stands { artifacts, .. }) => {
                artifacts.iter().any(|one| one.name == name)
            }
            _ => false,
        })
        .map(|step| step.id.to_string())
        .collect()
}

/// Every later step that publishes artifacts finds some: better known before people approve.
fn nothing_is_missing(run: &Run, artifacts: &[Artifact]) -> Result<(), Failure> {
    for step in &run.plan().steps {
        let Action::Publish(publish) = &step.action else {
            continue;
        };
        let Items::Sealed { patterns, .. } = &publish.items else {
            continue;
        };
        if !artifacts
            .iter()
            .any(|artifact| matches_any(patterns, &artifact.name))
        {
            return Err(Failure::permanent(format!(
                "{} is to publish {}, and nothing that was built matches",
                step.id,
                patterns.join(", ")
            )));
        }
    }
    Ok(())
}
