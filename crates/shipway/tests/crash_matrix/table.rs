//! The report: a row for every kind of disturbance, everything that is not as it must be, and the totals.

use crate::scenario::Scenario;
use crate::verdict::Verdict;
use std::fmt;
use std::time::Duration;

#[derive(Default)]
struct Row {
    group: String,
    scenarios: usize,
    survived: usize,
    lost: usize,
    duplicates: usize,
    wrong: usize,
    red_though_published: usize,
    green_though_missing: usize,
    noted: usize,
}

pub struct Table {
    rows: Vec<Row>,
    total: Row,
    failed: Vec<(Scenario, Verdict)>,
    took: Duration,
}

impl Table {
    pub fn of(done: Vec<(Scenario, Verdict)>, took: Duration) -> Self {
        let mut table = Self {
            rows: Vec::new(),
            total: Row {
                group: "all".to_owned(),
                ..Row::default()
            },
            failed: Vec::new(),
            took,
        };
        for (scenario, verdict) in done {
            let group = scenario.group();
            let place = table.rows.iter().position(|row| row.group == group);
            let place = place.unwrap_or_else(|| {
                table.rows.push(Row {
                    group,
                    ..Row::default()
                });
                table.rows.len() - 1
            });
            table.rows[place].add(&verdict);
            table.total.add(&verdict);
            if !verdict.survived() {
                table.failed.push((scenario, verdict));
            }
        }
        table.rows.sort_by(|one, other| one.group.cmp(&other.group));
        table
    }

    /// Everything survived, and there was something to survive.
    pub fn is_green(&self) -> bool {
        self.total.scenarios > 0 && self.failed.is_empty()
    }
}

impl Row {
    fn add(&mut self, verdict: &Verdict) {
        let one = |yes: bool| usize::from(yes);
        let is_missing = !verdict.missing.is_empty();
        self.scenarios += 1;
        self.survived += one(verdict.survived());
        self.lost += one(is_missing && verdict.red);
        self.duplicates += one(!verdict.duplicates.is_empty());
        self.wrong += one(!verdict.wrong.is_empty());
        self.red_though_published += one(verdict.red && !is_missing);
        self.green_though_missing += one(is_missing && !verdict.red);
        self.noted += one(!verdict.noted.is_empty());
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<42}{:>9}{:>10}{:>6}{:>8}{:>7}{:>6}{:>7}{:>7}",
            self.group,
            self.scenarios,
            self.survived,
            self.lost,
            self.duplicates,
            self.wrong,
            self.red_though_published,
            self.green_though_missing,
            self.noted
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scenario, verdict) in &self.failed {
            writeln!(f, "NOT SURVIVED: {}", scenario.name())?;
            writeln!(
                f,
                "  missing {:?}\n  doubled {:?}\n  wrong {:?}\n  odd {:?}\n  red {}, stops {}, noted {:?}",
                verdict.missing,
                verdict.duplicates,
                verdict.wrong,
                verdict.odd,
                verdict.red,
                verdict.stops,
                verdict.noted
            )?;
            for line in verdict.said.lines() {
                writeln!(f, "  | {line}")?;
            }
        }
        writeln!(
            f,
            "{:<42}{:>9}{:>10}{:>6}{:>8}{:>7}{:>6}{:>7}{:>7}",
            "disturbed by",
            "scenarios",
            "survived",
            "lost",
            "doubled",
            "wrong",
            "red*",
            "green*",
            "noted"
        )?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "{}", self.total)?;
        writeln!(
            f,
            "red*: red though published; green*: green though missing; noted: a mail or webhook call whose answer was lost, \
             not repeated\n"
        )?;
        let total = &self.total;
        write!(
            f,
            "survived {}/{}; lost {}, duplicates {}, wrong bytes {}, red though published {}, green though missing {}\n\
             noted, not repeated {}; {:.1} s",
            total.survived,
            total.scenarios,
            total.lost,
            total.duplicates,
            total.wrong,
            total.red_though_published,
            total.green_though_missing,
            total.noted,
            self.took.as_secs_f64()
        )
    }
}
