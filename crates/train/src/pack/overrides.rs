//! Single answers that a team changes, in its own pack or in its train's file.
//!
//! An override names a table, the words of some of its axes, and what becomes of the rows there. The changed rows are the
//! team's own from then on, and their rule says so.

use super::rule::{Origin, Row, Severity};
use super::table::Grid;
use super::{KEYS, Pack, spec, unknown};
use shipway_core::config::document::{self, At, Part, Source, Span, Table, closest};
use std::collections::BTreeMap;

/// A change of some answers of a table.
#[derive(Clone, Debug)]
pub struct Override {
    pub table: String,
    /// Axis and word; axes that are not named mean every word.
    pub when: BTreeMap<String, String>,
    pub severity: Option<Severity>,
    /// Answers to replace, by column.
    pub answers: BTreeMap<String, String>,
    /// Why, for those who meet the rule.
    pub note: String,
    /// Where it stands in its file.
    pub span: Span,
}

pub(super) fn with_document<T>(
    source: &Source<'_>,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Option<T> {
    let document = document::parse(source)?;
    read(&Table::root(source, document.as_table(), KEYS))
}

/// Reads `[[override]]`.
pub(crate) fn read(part: Part<'_>) -> Option<Override> {
    const EXAMPLE: &str = "when = { phase = \"feature-freeze\" }";
    let table = part.open(&["table", "when", "severity", "answers", "note"])?;
    let pairs = |key: &'static str| -> BTreeMap<String, String> {
        let Some(node) = table.get(key) else {
            return BTreeMap::new();
        };
        let entries = node.entries(EXAMPLE);
        entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.value, value.text(EXAMPLE)?.value)))
            .collect()
    };
    let severity = table
        .get("severity")
        .and_then(|node| document::choice(&node, "severity", Severity::WORDS));
    let read = Override {
        when: pairs("when"),
        answers: pairs("answers"),
        severity,
        note: table
            .need("note", "note = \"why the team decided so\"")
            .and_then(|node| node.text("note = \"why the team decided so\""))
            .map(|at| at.value)
            .unwrap_or_default(),
        table: table
            .need("table", "table = \"engine-change\"")?
            .text("table = \"engine-change\"")?
            .value,
        span: table.span.clone(),
    };
    if read.severity.is_none() && read.answers.is_empty() {
        table.missing("severity", "severity = \"warn\" (or answers)");
        return None;
    }
    Some(read)
}

/// Changes the pack, or says why it cannot; the fault goes to `source` where there is one.
pub(super) fn apply(
    pack: &mut Pack,
    change: &Override,
    source: Option<&Source<'_>>,
) -> Option<String> {
    let names: Vec<&'static str> = pack.tables.keys().copied().collect();
    let Some(grid) = pack.tables.get_mut(change.table.as_str()) else {
        let at = At {
            value: change.table.clone(),
            span: change.span.clone(),
        };
        if let Some(source) = source {
            unknown(source, &at, "table", &names);
        }
        return Some(format!("there is no table {:?} to override", change.table));
    };
    let fault = faulty(grid, change).or_else(|| replace(&pack.name, grid, change));
    if let (Some((message, hint)), Some(source)) = (&fault, source) {
        source.fault(&change.span, message.clone(), hint.clone());
    }
    fault.map(|(message, hint)| format!("{message}; {hint}"))
}

type Reason = (String, String);

fn faulty(grid: &Grid, change: &Override) -> Option<Reason> {
    for (axis, word) in &change.when {
        let Some(used) = grid.axes.iter().find(|used| used.name == axis) else {
            let axes: Vec<&str> = grid.axes.iter().map(|used| used.name).collect();
            return Some((
                format!("the table {} does not decide by `{axis}`", grid.name),
                format!("it decides by {}", axes.join(", ")),
            ));
        };
        if !used.words.contains(word) {
            let known: Vec<&str> = used.words.iter().map(String::as_str).collect();
            let hint = closest(word, &known).map(|meant| format!("did you mean `{meant}`?"));
            return Some((
                format!("`{word}` is no {axis} of the table {}", grid.name),
                hint.unwrap_or_else(|| format!("known here: {}", known.join(", "))),
            ));
        }
    }
    let columns = spec::find(grid.name)
        .map(|spec| spec.answers)
        .unwrap_or_default();
    let known: Vec<&str> = columns.iter().map(|answer| answer.name).collect();
    for (column, text) in &change.answers {
        let Some(answer) = columns.iter().find(|answer| answer.name == column) else {
            return Some((
                format!("the table {} has no answer `{column}`", grid.name),
                format!("its answers are {}", known.join(", ")),
            ));
        };
        let (spec::Holds::Word(words) | spec::Holds::Words(words)) = answer.holds else {
            continue;
        };
        if let Some(bad) = text.split('|').find(|word| !words.contains(word)) {
            return Some((
                format!("`{bad}` is no {column} of the table {}", grid.name),
                format!("known here: {}", words.join(", ")),
            ));
        }
    }
    None
}

fn replace(pack: &str, grid: &mut Grid, change: &Override) -> Option<Reason> {
    let mut made: BTreeMap<u32, u32> = BTreeMap::new();
    for place in 0..grid.cells.len() {
        let question = grid.question(place);
        let holds = |(axis, word): (&String, &String)| {
            question.iter().any(|(name, at)| name == axis && at == word)
        };
        let meant = change.when.iter().all(holds);
        if !meant {
            continue;
        }
        let old = grid.cells[place];
        let new = if let Some(new) = made.get(&old) {
            *new
        } else {
            let row = changed(pack, grid.rows.get(old as usize)?, change);
            if matches!(grid.name, "engine-change" | "member-change") {
                let lacks_branch = row.severity.passes() && row.answer("branch").is_none();
                let lacks_release =
                    row.severity == Severity::Redirect && row.answer("instead").is_none();
                if lacks_branch || lacks_release {
                    let needed = if lacks_branch { "branch" } else { "instead" };
                    return Some((
                        format!(
                            "the override lets a change pass where the rule {} names no {needed}",
                            row.id
                        ),
                        format!("add answers = {{ {needed} = \"..\" }}"),
                    ));
                }
            }
            grid.rows.push(row);
            let new = u32::try_from(grid.rows.len() - 1).ok()?;
            made.insert(old, new);
            new
        };
        grid.cells[place] = new;
    }
    None
}

fn changed(pack: &str, row: &Row, change: &Override) -> Row {
    let mut new = row.clone();
    let severity = change.severity.unwrap_or(row.severity);
    new.severity = severity;
    new.origin = Origin::Team;
    new.note.clone_from(&change.note);
    new.id = match row.id.split_once('/') {
        Some((_, rest)) => format!("{pack}/{rest}"),
        None => row.id.clone(),
    };
    for (column, text) in &change.answers {
        if let Some(cell) = new.answers.iter_mut().find(|(name, _)| name == column) {
            cell.1.clone_from(text);
        } else if let Some(answer) = spec::find_answer(column) {
            new.answers.push((answer, text.clone()));
        }
    }
    if !severity.passes() {
        // A refusal names no branch.
        for (name, text) in &mut new.answers {
            if *name == "branch" {
                text.clear();
            }
        }
    }
    new
}
