//! What has a deadline in the series in development, and is not done.

use super::check::{is_candidate, is_final};
use super::{Calendar, INDEPENDENT, thursday};
use crate::decide::radar::days;
use crate::decide::{Effort, WayOut};
use crate::facts::{Deliverable, Series};
use crate::pack::Rule;
use serde::{Deserialize, Serialize};
use shipway_core::time::Timestamp;

/// Something that a deliverable owes by a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Due {
    pub series: String,
    pub deliverable: String,
    pub team: Option<String>,
    /// `first-candidate` or `final`.
    pub step: String,
    /// The event of the schedule.
    pub deadline: String,
    /// The end of the deadline's Thursday. `None`: the schedule does not name the event.
    pub at: Option<Timestamp>,
    /// Whole days left, rounded down; negative where it is late.
    pub days_left: Option<i64>,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

pub(super) fn due(calendar: &Calendar<'_>, series: &Series) -> Vec<Due> {
    let mine = calendar
        .facts
        .deliverables
        .iter()
        .filter(|one| one.series == series.name);
    let mut due: Vec<Due> = mine.flat_map(|one| of(calendar, series, one)).collect();
    due.sort_by(|a, b| {
        (a.at.is_none(), a.at, &a.deliverable, &a.step).cmp(&(
            b.at.is_none(),
            b.at,
            &b.deliverable,
            &b.step,
        ))
    });
    due
}

fn of(calendar: &Calendar<'_>, series: &Series, deliverable: &Deliverable) -> Vec<Due> {
    let (Some(model), Some(kind)) = (&deliverable.model, &deliverable.kind) else {
        return Vec::new();
    };
    debug_assert_ne!(deliverable.series, INDEPENDENT);
    let by_candidate = calendar
        .pack
        .ask("finals", &[("model", model)])
        .is_ok_and(|row| row.answer("final") == Some("last-candidate"));
    let mut due = Vec::new();
    for step in ["first-candidate", "final"] {
        let Ok(row) = calendar.pack.ask(
            "deadlines",
            &[("model", model), ("component", kind), ("step", step)],
        ) else {
            continue;
        };
        let Some(event) = row.answer("deadline") else {
            continue;
        };
        // What trails a series has its day in the schedule of the series after it.
        let of_series = if event == "cycle-trail" {
            after(calendar, series)
        } else {
            Some(series)
        };
        let at = of_series
            .and_then(|of| calendar.week(&of.name, event))
            .map(thursday);
        let over = calendar
            .week(&series.name, "final")
            .map(thursday)
            .is_some_and(|end| end <= calendar.now);
        let releases = &deliverable.releases;
        let candidate = releases
            .iter()
            .any(|release| is_candidate(&release.version));
        let last = releases.iter().any(|release| is_final(&release.version));
        // Until the release week a candidate is enough: the final release is made from it.
        let done = last || (candidate && (step == "first-candidate" || (by_candidate && !over)));
        if done {
            continue;
        }
        let what = if step == "final" && !by_candidate {
            "make its final release"
        } else {
            "make a candidate"
        };
        due.push(Due {
            series: series.name.clone(),
            deliverable: deliverable.name.clone(),
            team: deliverable.team.clone(),
            step: step.to_owned(),
            deadline: event.to_owned(),
            at,
            days_left: at.map(|at| days(calendar.now, at)),
            rule: row.rule(),
            way_out: Some(WayOut::new(Effort::Edit, what)),
        });
    }
    due
}

/// The series after one: they are listed newest first.
fn after<'a>(calendar: &Calendar<'a>, series: &Series) -> Option<&'a Series> {
    let place = calendar
        .facts
        .series
        .iter()
        .position(|one| one.name == series.name)?;
    calendar.facts.series.get(place.checked_sub(1)?)
}
