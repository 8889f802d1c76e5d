//! Which version of the engine a member's commit names, and what the engine's repository makes of it.

use super::graph::Node;
use super::history::{History, Spot};
use super::layout::{Layout, release_version};
use super::mirror::{Mirror, object_id, oid};
use super::tree::Tree;
use crate::facts::{Agreement, EnginePoint, EngineVersion, Known, Place, Reason, Target, Unknown};
use crate::workflow;
use gix::ObjectId;
use gix::objs::tree::EntryKind;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;
use std::collections::HashMap;

/// What the files of a member's commit say, before the engine is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub submodule: Known<Oid>,
    pub workflow: Known<String>,
    pub tools: Known<String>,
}

/// The paths whose content decides about the target: the submodules, and the top directories of the workflows, where other
/// files that a workflow reads are too.
pub(crate) fn watched(layout: &Layout) -> Vec<String> {
    let top = |path: &String| path.split('/').next().unwrap_or_default().to_owned();
    let mut paths: Vec<String> = layout.workflows.iter().map(top).collect();
    paths.extend(layout.submodules.iter().cloned());
    paths.sort();
    paths.dedup();
    paths
}

/// Reads what a commit says.
pub(crate) fn read(mirror: &Mirror, commit: ObjectId, layout: &Layout) -> Written {
    match Tree::of(mirror, commit) {
        Ok(tree) => {
            let place = Place {
                commit: Some(oid(&commit)),
                ..mirror.place()
            };
            let named = named(&tree, layout, &place);
            Written {
                submodule: submodule(&tree, layout, &place),
                workflow: named.version,
                tools: named.tools,
            }
        }
        Err(why) => Written {
            submodule: Known::Unknown(why.clone()),
            workflow: Known::Unknown(why.clone()),
            tools: Known::Unknown(why),
        },
    }
}

fn submodule(tree: &Tree<'_>, layout: &Layout, place: &Place) -> Known<Oid> {
    for path in &layout.submodules {
        let place = || Place {
            path: path.clone(),
            ..place.clone()
        };
        match tree.entry(path) {
            Ok(Some(entry)) if entry.mode.kind() == EntryKind::Commit => {
                return Known::Known(oid(&entry.id));
            }
            Ok(Some(_)) => {
                let detail = format!("{path} is no submodule");
                return Known::unknown(Reason::Syntax, detail, place());
            }
            Ok(None) => {}
            Err(why) => return Known::Unknown(why),
        }
    }
    let detail = format!("there is no submodule {}", layout.submodules.join(" or "));
    Known::unknown(Reason::NotWritten, detail, place.clone())
}

fn named(tree: &Tree<'_>, layout: &Layout, place: &Place) -> workflow::Named {
    let both = |why: Unknown| workflow::Named {
        version: Known::Unknown(why.clone()),
        tools: Known::Unknown(why),
    };
    for path in &layout.workflows {
        let place = Place {
            path: path.clone(),
            ..place.clone()
        };
        let bytes = match tree.file(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(why) => return both(why),
        };
        let text = String::from_utf8_lossy(&bytes);
        // Only files whose changes are noticed count.
        let watched = watched(layout);
        return workflow::read(
            &text,
            &place,
            &layout.version_inputs,
            &layout.tools_inputs,
            &mut |other| {
                let inside = |it: &String| other == it || other.starts_with(&format!("{it}/"));
                let bytes = watched
                    .iter()
                    .any(inside)
                    .then(|| tree.file(other).ok().flatten());
                bytes
                    .flatten()
                    .map(|it| String::from_utf8_lossy(&it).into_owned())
            },
        );
    }
    let detail = format!("there is no workflow {}", layout.workflows.join(" or "));
    both(Unknown::new(Reason::NotWritten, detail, place.clone()))
}

/// The engine at a moment, asked for the meaning of versions.
pub(crate) struct EngineAt<'h> {
    pub history: &'h History,
    /// In seconds.
    pub at: i64,
    known: HashMap<String, EngineVersion>,
}

impl<'h> EngineAt<'h> {
    pub fn new(history: &'h History, at: i64) -> Self {
        Self {
            history,
            at,
            known: HashMap::new(),
        }
    }

    /// Puts together what the two places say.
    pub fn target(&mut self, commit: Oid, written: &Written) -> Target {
        let submodule = written
            .submodule
            .clone()
            .map(|it| self.resolve(it.as_str()));
        let workflow = written.workflow.clone().map(|it| self.resolve(&it));
        let agreement = match (submodule.known(), workflow.known()) {
            (Some(one), Some(other)) => self.agreement(one, other),
            _ => Agreement::Unknown,
        };
        Target {
            commit,
            submodule,
            workflow,
            ci_tools: written.tools.clone(),
            agreement,
        }
    }

    /// A tag, a branch or a commit, as it is written.
    pub fn resolve(&mut self, text: &str) -> EngineVersion {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let version = self.find(text);
        self.known.insert(text.to_owned(), version.clone());
        version
    }

    fn find(&self, text: &str) -> EngineVersion {
        let written = text.to_owned();
        let history = self.history;
        let tag = history
            .tags
            .iter()
            .find(|it| it.name == text && it.time <= self.at);
        if let Some(tag) = tag {
            let commit = Some(history.graph.oid(tag.node));
            return EngineVersion {
                written,
                commit,
                point: EnginePoint::Tag(tag.name.clone()),
            };
        }
        if let Some(branch) = history
            .branch(text)
            .filter(|it| history.tip(*it, self.at).is_some())
        {
            let name = history.branches[branch].name.clone();
            return EngineVersion {
                written,
                commit: None,
                point: EnginePoint::Branch(name),
            };
        }
        let node = history.graph.find_hex(text);
        match node {
            Some(node) => EngineVersion {
                written,
                commit: Some(history.graph.oid(node)),
                point: self.point(node),
            },
            None => EngineVersion {
                written,
                commit: Oid::new(text.to_ascii_lowercase()).ok(),
                point: EnginePoint::Absent,
            },
        }
    }

    fn point(&self, node: Node) -> EnginePoint {
        let history = self.history;
        let tags = history
            .tags
            .iter()
            .filter(|it| it.node == node && it.time <= self.at);
        if let Some(tag) = tags.max_by_key(|it| (release_version(&it.name), it.name.clone())) {
            return EnginePoint::Tag(tag.name.clone());
        }
        if let Some(spot) = history.owner(node)
            && history.branches[spot.owner].is_line
            && spot.landed <= self.at
        {
            return EnginePoint::Branch(history.branches[spot.owner].name.clone());
        }
        let holds = |(index, chain): (usize, &super::history::Chain)| {
            let tip = history.tip(index, self.at)?;
            (chain.is_line && history.graph.is_ancestor(node, tip.node)).then(|| chain.name.clone())
        };
        let mut all: Vec<String> = history
            .branches
            .iter()
            .enumerate()
            .filter_map(holds)
            .collect();
        all.sort();
        EnginePoint::Merged(all)
    }

    fn agreement(&self, submodule: &EngineVersion, workflow: &EngineVersion) -> Agreement {
        if let Some(commit) = &workflow.commit {
            let same = submodule.commit.as_ref() == Some(commit);
            return if same {
                Agreement::Agree
            } else {
                Agreement::Disagree
            };
        }
        let EnginePoint::Branch(branch) = &workflow.point else {
            // A name that the engine does not have.
            return Agreement::Disagree;
        };
        let history = self.history;
        let id = submodule.commit.as_ref().and_then(object_id);
        let node = id.and_then(|it| history.graph.find(&it));
        let (Some(node), Some(index)) = (node, history.branch(branch)) else {
            return Agreement::Disagree;
        };
        let agrees = match history.owner(node) {
            Some(spot) if history.branches[spot.owner].is_line => {
                history.is_on(spot, index, self.at)
            }
            _ => {
                let tip = history.tip(index, self.at);
                tip.is_some_and(|tip: Spot| history.graph.is_ancestor(node, tip.node))
            }
        };
        if agrees {
            Agreement::Agree
        } else {
            Agreement::Disagree
        }
    }
}
