//! From the text of a table, CSV or TOML, to cells that know where they stand.
//!
//! CSV: the first record names the columns, lines that begin with `#` are comments. TOML: `[[row]]`, one key per column, a
//! list for what CSV writes with `|`. Both give the same [`Raw`].

use shipway_core::config::document::{self, At, Source, Span, Table};

/// Tables with more rows are refused: the largest that people write have a few hundred.
const MOST_ROWS: usize = 5_000;

/// A table before anything is known about its columns.
pub(super) struct Raw {
    pub columns: Vec<At<String>>,
    pub rows: Vec<RawRow>,
}

pub(super) struct RawRow {
    pub span: Span,
    /// One for each column.
    pub cells: Vec<At<String>>,
}

/// Reads a table; `columns` are those that its kind may have, for TOML.
pub(super) fn read(source: &Source<'_>, file: &str, columns: &[&'static str]) -> Option<Raw> {
    let raw = if std::path::Path::new(file)
        .extension()
        .is_some_and(|kind| kind == "toml")
    {
        toml(source, columns)
    } else {
        csv(source)
    }?;
    if raw.rows.len() > MOST_ROWS {
        source.fault(
            &(0..0),
            format!("the table has more than {MOST_ROWS} rows"),
            "is this the right file? `*` and `a|b` let one row stand for many",
        );
        return None;
    }
    Some(raw)
}

fn csv(source: &Source<'_>) -> Option<Raw> {
    let text = source.text();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut raw: Option<Raw> = None;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let at = error.position().map_or(0, |at| to_usize(at.byte()));
                source.fault(
                    &(at..at),
                    "this line is no CSV",
                    "separate cells with a comma, and write a cell that holds one in quotes",
                );
                return None;
            }
        };
        let start = record.position().map_or(0, |at| to_usize(at.byte()));
        // The position may lie before comments and empty lines that were skipped.
        let start = skip_comments(text, start);
        let (span, cells) = cells(text, start, &record);
        match &mut raw {
            None => {
                raw = Some(Raw {
                    columns: cells,
                    rows: Vec::new(),
                });
            }
            Some(raw) if raw.columns.len() == cells.len() => raw.rows.push(RawRow { span, cells }),
            Some(raw) => source.fault(
                &span,
                format!(
                    "the row has {} cells, and the table {} columns",
                    cells.len(),
                    raw.columns.len()
                ),
                "write every cell, also the empty ones: a,,b",
            ),
        }
    }
    if raw.is_none() {
        source.fault(
            &(0..0),
            "the table is empty",
            "the first line names the columns",
        );
    }
    raw
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn skip_comments(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..) {
        if rest.starts_with('#') {
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        } else if rest.starts_with(['\n', '\r']) {
            at += 1;
        } else {
            break;
        }
    }
    at.min(text.len())
}

/// Where each cell stands: exact where the file writes it as it is, else the place where it must be.
fn cells(text: &str, start: usize, record: &csv::StringRecord) -> (Span, Vec<At<String>>) {
    let mut cursor = start;
    let mut out = Vec::with_capacity(record.len());
    for field in record {
        let found = text
            .get(cursor..)
            .and_then(|rest| rest.find(field))
            .filter(|_| !field.is_empty());
        let span = found.map_or(cursor..cursor, |at| cursor + at..cursor + at + field.len());
        cursor = text
            .get(span.end..)
            .and_then(|rest| rest.find([',', '\n']))
            .map_or(text.len(), |at| span.end + at + 1);
        out.push(At {
            value: field.trim().to_owned(),
            span,
        });
    }
    let end = text
        .get(start..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |at| start + at);
    (start..end, out)
}

fn toml(source: &Source<'_>, columns: &[&'static str]) -> Option<Raw> {
    const LIST: &str = "[\"a\", \"b\"]";
    let document = document::parse(source)?;
    let root = Table::root(source, document.as_table(), &["row"]);
    let mut used = vec![false; columns.len()];
    let mut rows = Vec::new();
    for part in root.many("row") {
        let node = part.into_node();
        let empty = At {
            value: String::new(),
            span: node.span.clone(),
        };
        let mut cells = vec![empty; columns.len()];
        for (key, value) in node.entries("phase = \"mid-cycle\"") {
            let Some(place) = columns.iter().position(|name| *name == key.value) else {
                super::unknown(source, &key, "column", columns);
                continue;
            };
            let text = if value.is_list() {
                let items = value.each(LIST, |item| item.text(LIST));
                let words: Vec<String> = items.into_iter().map(|item| item.value).collect();
                Some(words.join("|"))
            } else if value.is_number() {
                value.number("1")
            } else {
                value.any_text("\"text\"")
            };
            if let Some(text) = text {
                used[place] = true;
                cells[place] = At {
                    value: text.trim().to_owned(),
                    span: value.span.clone(),
                };
            }
        }
        let span = node.span.clone();
        rows.push(RawRow { span, cells });
    }
    if rows.is_empty() {
        source.fault(&(0..0), "the table is empty", "write its rows as [[row]]");
        return None;
    }
    // Columns that no row writes are not the table's: an axis would have no words, an answer no text.
    let kept = |at: usize| used[at];
    for row in &mut rows {
        let mut at = 0..columns.len();
        row.cells.retain(|_| at.next().is_some_and(kept));
    }
    let columns = columns.iter().enumerate().filter(|(at, _)| kept(*at));
    let columns = columns.map(|(_, name)| At {
        value: (*name).to_owned(),
        span: 0..0,
    });
    Some(Raw {
        columns: columns.collect(),
        rows,
    })
}
