//! A history as bytes: what the cache keeps.
//!
//! Invariants: what was written is read back equal; bytes that make no sound history are none at all; chains are worked out
//! again, not stored.
//!
//! The form: the length of a JSON text (8 bytes, little endian), the text, then the graph's arrays.

use super::graph::{Graph, Node};
use super::history::{History, TagAt};
use super::layout::Layout;
use crate::facts::{Known, Unknown};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<T> {
    name: String,
    default: Known<String>,
    width: usize,
    commits: usize,
    edges: usize,
    cut: Vec<Node>,
    heads: Vec<(String, Node)>,
    tags: Vec<(String, Node, i64, bool)>,
    pulls: Vec<(u64, Node)>,
    problems: Vec<Unknown>,
    samples: Vec<Node>,
    watch: BTreeMap<String, Vec<(u32, u32)>>,
    extra: T,
}

/// A history, and what else was read with it.
pub(crate) fn write<T: Serialize>(history: &History, extra: &T) -> Option<Vec<u8>> {
    let graph = &history.graph;
    let watched = history.branches.iter().filter(|it| !it.watch.is_empty());
    let record = Record {
        name: history.name.clone(),
        default: history.default.clone(),
        width: graph.width,
        commits: graph.times.len(),
        edges: graph.parents.len(),
        cut: graph.cut.clone(),
        heads: history
            .branches
            .iter()
            .map(|it| (it.name.clone(), it.tip))
            .collect(),
        tags: history
            .tags
            .iter()
            .map(|it| (it.name.clone(), it.node, it.time, it.annotated))
            .collect(),
        pulls: history.pulls.clone(),
        problems: history.problems.clone(),
        samples: history.samples.clone(),
        watch: watched
            .map(|it| (it.name.clone(), it.watch.clone()))
            .collect(),
        extra,
    };
    let text = serde_json::to_vec(&record).ok()?;
    let mut out = Vec::with_capacity(text.len() + graph.times.len() * (graph.width + 16) + 64);
    out.extend(u64::try_from(text.len()).ok()?.to_le_bytes());
    out.extend(text);
    out.extend(&graph.ids);
    graph
        .times
        .iter()
        .for_each(|it| out.extend(it.to_le_bytes()));
    graph
        .starts
        .iter()
        .for_each(|it| out.extend(it.to_le_bytes()));
    graph
        .parents
        .iter()
        .for_each(|it| out.extend(it.to_le_bytes()));
    Some(out)
}

/// Reads what [`write`] wrote, with the same layout.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(
    bytes: &[u8],
    layout: &Layout,
) -> Option<(History, T)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let record: Record<T> = serde_json::from_slice(text).ok()?;
    if !matches!(record.width, 20 | 32) {
        return None;
    }
    let commits = record.commits;
    let (ids, rest) = rest.split_at_checked(commits.checked_mul(record.width)?)?;
    let (times, rest) = rest.split_at_checked(commits.checked_mul(8)?)?;
    let (starts, rest) = rest.split_at_checked(commits.checked_add(1)?.checked_mul(4)?)?;
    if rest.len() != record.edges.checked_mul(4)? {
        return None;
    }
    let mut graph = Graph {
        width: record.width,
        ids: ids.to_vec(),
        times: times
            .as_chunks::<8>()
            .0
            .iter()
            .map(|it| i64::from_le_bytes(*it))
            .collect(),
        starts: starts
            .as_chunks::<4>()
            .0
            .iter()
            .map(|it| u32::from_le_bytes(*it))
            .collect(),
        parents: rest
            .as_chunks::<4>()
            .0
            .iter()
            .map(|it| u32::from_le_bytes(*it))
            .collect(),
        by_id: Vec::new(),
        cut: record.cut,
    };
    let count = u32::try_from(commits).ok()?;
    let rising = graph.starts.first() == Some(&0) && graph.starts.is_sorted();
    if !rising || graph.starts.last().copied()? as usize != record.edges {
        return None;
    }
    let parents_first = (0..count).all(|node| graph.parents(node).iter().all(|it| *it < node));
    let mut named = record.heads.iter().map(|it| it.1);
    let tagged = record.tags.iter().map(|it| it.1);
    let there = named
        .by_ref()
        .chain(tagged)
        .chain(record.pulls.iter().map(|it| it.1))
        .all(|it| it < count);
    let sampled = record.samples.iter().all(|it| *it < count);
    if !parents_first || !there || !sampled {
        return None;
    }
    let mut by_id: Vec<Node> = (0..count).collect();
    by_id.sort_unstable_by(|a, b| graph.id(*a).cmp(graph.id(*b)));
    graph.by_id = by_id;
    let tags = record.tags.into_iter();
    let mut history = History {
        name: record.name,
        default: record.default,
        graph,
        branches: Vec::new(),
        tags: tags
            .map(|(name, node, time, annotated)| TagAt {
                name,
                node,
                time,
                annotated,
            })
            .collect(),
        pulls: record.pulls,
        problems: record.problems,
        samples: record.samples,
    };
    history.chain(record.heads, layout);
    let mut watch = record.watch;
    for chain in &mut history.branches {
        chain.watch = watch.remove(&chain.name).unwrap_or_default();
        if chain
            .watch
            .iter()
            .any(|(_, state)| *state as usize >= history.samples.len())
        {
            return None;
        }
    }
    Some((history, record.extra))
}
