//! A checked table: for every combination of its axes exactly one row, found by an index.
//!
//! Invariant: a [`Grid`] that [`compile`] made without a fault answers every combination of known words.

use super::rule::{Origin, Row, Severity};
use super::spec::{Answer, Holds, Spec};
use super::text::Raw;
use super::unknown;
use shipway_core::config::document::{At, Source, closest, shorten};
use std::collections::BTreeMap;

/// More combinations than this are refused; the largest table that we know has a few thousand.
const MOST_COMBINATIONS: usize = 200_000;

/// The words of each axis.
pub(super) type Words = BTreeMap<&'static str, Vec<String>>;

/// An axis that a table uses, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub name: &'static str,
    pub words: Vec<String>,
}

/// A table that answers every question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    pub name: &'static str,
    pub axes: Vec<Used>,
    pub rows: Vec<Row>,
    /// Row numbers, the last axis counting fastest.
    pub(super) cells: Vec<u32>,
}

/// Why a table gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("the pack {pack} has no table {table:?}")]
    Table { pack: String, table: String },
    #[error("the table {table:?} decides by {axis:?}, which is not known here")]
    Axis { table: String, axis: String },
    #[error("{word:?} is no {axis} of the table {table:?}")]
    Word {
        table: String,
        axis: String,
        word: String,
        known: Vec<String>,
    },
}

impl NoAnswer {
    pub fn hint(&self) -> String {
        match self {
            Self::Table { table, .. } => {
                format!("choose a pack that has it, or add {table}.csv to your own")
            }
            Self::Axis { axis, .. } => format!("say which {axis} is meant"),
            Self::Word { word, known, .. } => {
                let words: Vec<&str> = known.iter().map(String::as_str).collect();
                match closest(word, &words) {
                    Some(meant) => format!("did you mean {meant:?}?"),
                    None => format!("known here: {}", known.join(", ")),
                }
            }
        }
    }
}

impl Grid {
    /// The row for a question; a part of the question that the table does not decide by is passed over.
    ///
    /// # Errors
    /// An axis of the table that the question leaves out, or a word that the pack does not know.
    pub fn find(&self, question: &[(&str, &str)]) -> Result<&Row, NoAnswer> {
        let mut place = 0;
        for axis in &self.axes {
            let Some((_, word)) = question.iter().find(|(name, _)| *name == axis.name) else {
                return Err(NoAnswer::Axis {
                    table: self.name.to_owned(),
                    axis: axis.name.to_owned(),
                });
            };
            let Some(at) = axis.words.iter().position(|known| known == word) else {
                return Err(NoAnswer::Word {
                    table: self.name.to_owned(),
                    axis: axis.name.to_owned(),
                    word: shorten(word),
                    known: axis.words.clone(),
                });
            };
            place = place * axis.words.len() + at;
        }
        let row = self
            .cells
            .get(place)
            .and_then(|row| self.rows.get(*row as usize));
        row.ok_or_else(|| NoAnswer::Axis {
            table: self.name.to_owned(),
            axis: String::new(),
        })
    }

    /// Every combination of the axes, as questions.
    pub fn questions(&self) -> impl Iterator<Item = Vec<(&'static str, &str)>> {
        (0..combinations(&self.axes)).map(|place| self.question(place))
    }

    pub(super) fn question(&self, place: usize) -> Vec<(&'static str, &str)> {
        words_at(&self.axes, place)
    }
}

fn combinations(axes: &[Used]) -> usize {
    axes.iter()
        .fold(1_usize, |all, axis| all.saturating_mul(axis.words.len()))
}

fn words_at(axes: &[Used], mut place: usize) -> Vec<(&'static str, &str)> {
    let mut out = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        out.push((axis.name, axis.words[place % axis.words.len()].as_str()));
        place /= axis.words.len();
    }
    out.reverse();
    out
}

/// `phase = mid-cycle, change = feature`.
fn shown(question: &[(&'static str, &str)]) -> String {
    let parts: Vec<String> = question
        .iter()
        .map(|(axis, word)| format!("{axis} = {word}"))
        .collect();
    parts.join(", ")
}

/// What the rows say of each combination, with a fault for every hole and every overlap.
pub(super) fn compile(
    source: &Source<'_>,
    raw: &Raw,
    spec: &'static Spec,
    pack: &str,
    words: &Words,
) -> Option<Grid> {
    let columns = columns(source, raw, spec)?;
    let mut axes = Vec::new();
    for name in spec.axes {
        if columns.axis(name).is_some() {
            let words = words.get(name).cloned().unwrap_or_default();
            if words.is_empty() {
                source.fault(
                    &(0..0),
                    format!("the table decides by `{name}`, and the pack lists no words for it"),
                    format!("add to pack.toml, under [words]: {name} = [\"..\"]"),
                );
                return None;
            }
            axes.push(Used { name, words });
        }
    }
    if combinations(&axes) > MOST_COMBINATIONS {
        source.fault(
            &(0..0),
            "the table has too many combinations",
            "decide by fewer axes, or by fewer words",
        );
        return None;
    }
    let mut grid = Grid {
        name: spec.name,
        cells: vec![u32::MAX; combinations(&axes)],
        axes,
        rows: Vec::new(),
    };
    let mut overlaps: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for row in &raw.rows {
        let Some((read, sets)) = read_row(source, row, &columns, &grid.axes, spec, pack, words)
        else {
            continue;
        };
        let number = grid.rows.len();
        grid.rows.push(read);
        let mut applies = false;
        each_place(&grid.axes, &sets, |place| {
            applies = true;
            let cell = &mut grid.cells[place];
            if *cell == u32::MAX {
                *cell = u32::try_from(number).unwrap_or(u32::MAX);
            } else {
                overlaps.entry((*cell as usize, number)).or_insert(place);
            }
        });
        debug_assert!(applies, "no axis cell is empty");
    }
    for ((first, second), place) in overlaps {
        let (one, two) = (&grid.rows[first], &grid.rows[second]);
        let example = shown(&words_at(&grid.axes, place));
        let span = raw
            .rows
            .iter()
            .map(|row| &row.span)
            .find(|span| source.line(span) == two.line);
        source.fault(
            span.unwrap_or(&(0..0)),
            format!(
                "this row and the row in line {} both apply: {example}",
                one.line
            ),
            "write narrower words in one of the two: exactly one row may apply",
        );
    }
    // A row that could not be read would show as a hole as well.
    if grid.rows.len() == raw.rows.len() {
        holes(source, &grid);
    }
    Some(grid)
}

fn holes(source: &Source<'_>, grid: &Grid) {
    const SHOWN: usize = 4;
    let holes: Vec<usize> = (0..grid.cells.len())
        .filter(|place| grid.cells[*place] == u32::MAX)
        .collect();
    let Some(more) = holes.len().checked_sub(1) else {
        return;
    };
    for place in holes.iter().take(SHOWN) {
        source.fault(
            &(0..0),
            format!("no row applies: {}", shown(&words_at(&grid.axes, *place))),
            "add a row for it; `*` stands for every word of an axis",
        );
    }
    if more >= SHOWN {
        source.fault(
            &(0..0),
            format!("no row applies for {} combinations in all", more + 1),
            "add the rows that are missing",
        );
    }
}

fn each_place(axes: &[Used], sets: &[Vec<usize>], mut visit: impl FnMut(usize)) {
    let mut turn = vec![0; sets.len()];
    loop {
        let place = (0..sets.len()).fold(0, |place, axis| {
            place * axes[axis].words.len() + sets[axis][turn[axis]]
        });
        visit(place);
        let mut left = sets.len();
        loop {
            if left == 0 {
                return;
            }
            left -= 1;
            turn[left] += 1;
            if turn[left] < sets[left].len() {
                break;
            }
            turn[left] = 0;
        }
    }
}

/// Which column of the file is which.
struct Columns {
    axes: Vec<(&'static str, usize)>,
    answers: Vec<(&'static Answer, usize)>,
    severity: usize,
    origin: usize,
    note: Option<usize>,
}

impl Columns {
    fn axis(&self, name: &str) -> Option<usize> {
        self.axes
            .iter()
            .find(|(axis, _)| *axis == name)
            .map(|(_, at)| *at)
    }
}

const COMMON: &[&str] = &["severity", "source", "note"];

/// Every column that a table of that kind may have.
pub(super) fn all_columns(spec: &'static Spec) -> Vec<&'static str> {
    let answers = spec.answers.iter().map(|answer| answer.name);
    spec.axes
        .iter()
        .copied()
        .chain(answers)
        .chain(COMMON.iter().copied())
        .collect()
}

fn columns(source: &Source<'_>, raw: &Raw, spec: &'static Spec) -> Option<Columns> {
    let known = all_columns(spec);
    let mut sound = true;
    for (at, column) in raw.columns.iter().enumerate() {
        if !known.contains(&column.value.as_str()) {
            unknown(source, column, "column", &known);
            sound = false;
        } else if raw.columns[..at]
            .iter()
            .any(|other| other.value == column.value)
        {
            source.fault(
                &column.span,
                format!("the column `{}` is written twice", column.value),
                "keep one of the two",
            );
            sound = false;
        }
    }
    let place = |name: &str| raw.columns.iter().position(|column| column.value == name);
    let need = |name: &str| {
        let at = place(name);
        if at.is_none() {
            source.fault(
                &(0..0),
                format!("the table has no column `{name}`"),
                format!("add `{name}` to the first line"),
            );
        }
        at
    };
    let severity = need("severity");
    let origin = need("source");
    let mut answers = Vec::new();
    for answer in spec.answers {
        let at = if answer.needed {
            need(answer.name)
        } else {
            place(answer.name)
        };
        sound &= !answer.needed || at.is_some();
        answers.extend(at.map(|at| (answer, at)));
    }
    let axes: Vec<_> = (spec.axes.iter())
        .filter_map(|name| place(name).map(|at| (*name, at)))
        .collect();
    if axes.is_empty() {
        source.fault(
            &(0..0),
            "the table decides by nothing",
            format!("it may have the columns {}", spec.axes.join(", ")),
        );
        sound = false;
    }
    sound.then_some(Columns {
        axes,
        answers,
        severity: severity?,
        origin: origin?,
        note: place("note"),
    })
}

type Sets = Vec<Vec<usize>>;

fn read_row(
    source: &Source<'_>,
    row: &super::text::RawRow,
    columns: &Columns,
    axes: &[Used],
    spec: &'static Spec,
    pack: &str,
    words: &Words,
) -> Option<(Row, Sets)> {
    let mut sets = Vec::new();
    let mut id = format!("{pack}/{}", spec.name);
    let mut sound = true;
    for axis in axes {
        let cell = &row.cells[columns.axis(axis.name)?];
        id.push('/');
        id.push_str(&cell.value);
        match set(source, cell, axis) {
            Some(set) => sets.push(set),
            None => sound = false,
        }
    }
    let severity = word(
        source,
        &row.cells[columns.severity],
        "severity",
        Severity::WORDS,
    );
    let origin = word(source, &row.cells[columns.origin], "source", Origin::WORDS);
    let mut answers = Vec::new();
    for (answer, at) in &columns.answers {
        let cell = &row.cells[*at];
        sound &= check(source, cell, answer, words);
        answers.push((answer.name, cell.value.clone()));
    }
    let read = Row {
        id,
        severity: severity?,
        origin: origin?,
        note: columns
            .note
            .map(|at| row.cells[at].value.clone())
            .unwrap_or_default(),
        line: source.line(&row.span),
        answers,
    };
    sound &= fits(source, row, &read, spec);
    sound.then_some((read, sets))
}

/// What the answers must be for a severity: nobody is sent to a branch that the row does not name.
fn fits(source: &Source<'_>, raw: &super::text::RawRow, row: &Row, spec: &Spec) -> bool {
    let fault = |message: &str, hint: &str| {
        source.fault(&raw.span, message, hint);
        false
    };
    if !matches!(spec.name, "engine-change" | "member-change") {
        return true;
    }
    match (row.severity, row.answer("branch"), row.answer("instead")) {
        (Severity::Allow | Severity::Warn | Severity::Redirect, None, _) => fault(
            "the row lets a change pass, and names no branch",
            "fill the column `branch`",
        ),
        (Severity::Redirect, _, None) => fault(
            "the row sends a change to another release, and does not name it",
            "fill the column `instead`",
        ),
        (Severity::Deny | Severity::Impossible, Some(_), _) => fault(
            "the row refuses a change, and names a branch for it",
            "leave `branch` empty, or write redirect",
        ),
        _ => true,
    }
}

fn set(source: &Source<'_>, cell: &At<String>, axis: &Used) -> Option<Vec<usize>> {
    if cell.value == "*" {
        return Some((0..axis.words.len()).collect());
    }
    let known: Vec<&str> = axis.words.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    for part in cell.value.split('|') {
        let part = part.trim();
        match known.iter().position(|one| *one == part) {
            Some(at) if out.contains(&at) => {
                source.fault(
                    &cell.span,
                    format!("`{part}` stands twice in the cell"),
                    "write it once",
                );
                return None;
            }
            Some(at) => out.push(at),
            None => {
                let at = At {
                    value: part.to_owned(),
                    span: inside(cell, part),
                };
                unknown(source, &at, axis.name, &known);
                return None;
            }
        }
    }
    Some(out)
}

/// The place of a part of a cell that is written as it is.
fn inside(cell: &At<String>, part: &str) -> shipway_core::config::document::Span {
    match cell.value.find(part) {
        Some(at) if cell.span.len() == cell.value.len() && !part.is_empty() => {
            cell.span.start + at..cell.span.start + at + part.len()
        }
        _ => cell.span.clone(),
    }
}

fn word<T: Copy>(
    source: &Source<'_>,
    cell: &At<String>,
    what: &str,
    words: &[(&'static str, T)],
) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == cell.value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        unknown(source, cell, what, &known);
    }
    found.map(|(_, value)| *value)
}

fn check(source: &Source<'_>, cell: &At<String>, answer: &Answer, words: &Words) -> bool {
    if cell.value.is_empty() {
        if answer.needed {
            source.fault(
                &cell.span,
                format!("the cell of `{}` is empty", answer.name),
                "every row must fill it",
            );
        }
        return !answer.needed;
    }
    let one_of = |text: &str, known: &[&str]| {
        let fine = known.contains(&text);
        if !fine {
            let at = At {
                value: text.to_owned(),
                span: inside(cell, text),
            };
            unknown(source, &at, answer.name, known);
        }
        fine
    };
    let axis = |name: &str| -> Vec<&str> {
        words
            .get(name)
            .map(|words| words.iter().map(String::as_str).collect())
            .unwrap_or_default()
    };
    match answer.holds {
        Holds::Text => true,
        Holds::Number => {
            let fine = cell.value.parse::<u32>().is_ok();
            if !fine {
                source.fault(
                    &cell.span,
                    format!("`{}` must be a whole number", answer.name),
                    "write 1",
                );
            }
            fine
        }
        Holds::Word(known) => one_of(&cell.value, known),
        Holds::Words(known) => cell.value.split('|').all(|part| one_of(part.trim(), known)),
        Holds::Of(name) => one_of(&cell.value, &axis(name)),
        Holds::Conditions(known) => cell
            .value
            .split('|')
            .all(|part| match part.split_once('=') {
                Some((name, phase)) => one_of(name, known) && one_of(phase, &axis("phase")),
                None => one_of(part, known),
            }),
    }
}
