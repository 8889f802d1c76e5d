//! Where a pinned commit stands in the member's repository at a moment.

use super::graph::{Apart, Node};
use super::history::{History, milliseconds};
use super::mirror::object_id;
use crate::facts::{Distance, Known, Place, Position, Reason, Revision, Standing};
use std::collections::{BTreeMap, HashMap};

/// What was worked out before and never changes.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    apart: HashMap<(Node, Node), Apart>,
    /// For commits on no branch by then.
    elsewhere: HashMap<Node, Position>,
}

/// See the module. `at` in seconds.
pub(crate) fn standing(
    history: &History,
    revision: &Known<Revision>,
    at: i64,
    counted: &mut Counted,
) -> Standing {
    let mut standing = Standing {
        revision: revision.clone(),
        position: Known::Known(Position::Absent),
        distances: BTreeMap::new(),
    };
    let place = || Place::repository(&history.name);
    let commit = match revision {
        Known::Known(Revision::Commit(commit)) => commit,
        Known::Known(Revision::Named(name)) => {
            let detail = format!("{name} is pinned, which is no commit");
            standing.position = Known::unknown(Reason::NoCommit, detail, place());
            return standing;
        }
        Known::Unknown(why) => {
            standing.position = Known::Unknown(why.clone());
            return standing;
        }
    };
    let Some(node) = object_id(commit).and_then(|id| history.graph.find(&id)) else {
        if !history.graph.cut.is_empty() {
            let detail = format!("{commit} may lie in the history that is not in this copy");
            standing.position = Known::unknown(Reason::Shallow, detail, place());
        }
        return standing;
    };
    let mut branches = Vec::new();
    for (index, chain) in history.branches.iter().enumerate() {
        let is_default = history.default.known() == Some(&chain.name);
        let counts = is_default || chain.landed.first().is_some_and(|it| *it <= at);
        if !chain.is_line || !counts {
            continue;
        }
        let Some(tip) = history.tip(index, at) else {
            continue;
        };
        let apart = counted.apart.entry((node, tip.node));
        let apart = *apart.or_insert_with(|| history.graph.apart(node, tip.node));
        if apart.ahead == 0 {
            branches.push(chain.name.clone());
        }
        let distance = Distance {
            to: history.graph.oid(tip.node),
            behind: apart.behind,
            ahead: apart.ahead,
            base: apart.base.map(|it| history.graph.oid(it)),
            seconds: history
                .graph
                .time(tip.node)
                .saturating_sub(history.graph.time(node)),
            since: apart.since.map(milliseconds),
        };
        standing.distances.insert(chain.name.clone(), distance);
    }
    branches.sort();
    standing.position = Known::Known(position(history, node, at, branches, counted));
    standing
}

fn position(
    history: &History,
    node: Node,
    at: i64,
    lines: Vec<String>,
    counted: &mut Counted,
) -> Position {
    let spot = history.owner(node);
    let owner = spot
        .filter(|it| it.landed <= at)
        .map(|it| history.branches[it.owner].name.clone());
    if !lines.is_empty() {
        return Position::OnBranch {
            branches: lines,
            owner,
        };
    }
    let others = history
        .branches
        .iter()
        .enumerate()
        .filter(|(_, chain)| !chain.is_line);
    let mut others: Vec<String> = others
        .filter(|(index, _)| {
            let tip = history.tip(*index, at);
            tip.is_some_and(|tip| history.graph.is_ancestor(node, tip.node))
        })
        .map(|(_, chain)| chain.name.clone())
        .collect();
    if !others.is_empty() {
        others.sort();
        return Position::OnBranch {
            branches: others,
            owner,
        };
    }
    let found = counted
        .elsewhere
        .entry(node)
        .or_insert_with(|| elsewhere(history, node));
    found.clone()
}

/// Where a commit is that no branch has by the moment asked for.
fn elsewhere(history: &History, node: Node) -> Position {
    let has = |head: Node| history.graph.is_ancestor(node, head);
    let mut pulls = history.pulls.iter();
    if let Some((number, _)) = pulls.clone().find(|(_, head)| *head == node) {
        return Position::PullRequest {
            number: *number,
            head: true,
        };
    }
    if history.branches.iter().any(|it| has(it.tip)) {
        return Position::Later;
    }
    if let Some((number, _)) = pulls.find(|(_, head)| has(*head)) {
        return Position::PullRequest {
            number: *number,
            head: false,
        };
    }
    let tags = history.tags.iter().filter(|it| has(it.node));
    Position::TagOnly {
        tags: tags.map(|it| it.name.clone()).collect(),
    }
}
