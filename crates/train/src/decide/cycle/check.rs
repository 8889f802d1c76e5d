//! One deliverable file against the rules.

use super::{Calendar, CycleFinding, INDEPENDENT};
use crate::decide::{Effort, WayOut};
use crate::facts::{BranchLocation, Deliverable, DeliverableRelease};
use crate::pack::{NoAnswer, Origin, Row, Rule, Severity};

struct Check<'c, 'a> {
    calendar: &'c Calendar<'a>,
    deliverable: &'a Deliverable,
    findings: &'c mut Vec<CycleFinding>,
}

pub(super) fn deliverable<'a>(
    calendar: &Calendar<'a>,
    deliverable: &'a Deliverable,
    findings: &mut Vec<CycleFinding>,
) {
    let mut check = Check {
        calendar,
        deliverable,
        findings,
    };
    let model = check.model();
    check.tags();
    if let Some(model) = model {
        check.kind(&model);
        check.finals(&model);
        check.branches(&model);
    }
    check.series();
}

/// A version before the final one: `33.0.0.0rc1`, `2.0.0.0b1`.
fn is_pre(version: &str) -> bool {
    ["rc", "a", "b", "dev"]
        .iter()
        .any(|mark| marked(version, mark))
}

pub(super) fn is_candidate(version: &str) -> bool {
    marked(version, "rc")
}

pub(super) fn is_final(version: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    version.split('.').all(number)
}

/// Digits, the mark, digits, at the end.
fn marked(version: &str, mark: &str) -> bool {
    version.rsplit_once(mark).is_some_and(|(before, number)| {
        before.ends_with(|c: char| c.is_ascii_digit() || c == '.')
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Check<'_, '_> {
    fn add(
        &mut self,
        line: u32,
        severity: Severity,
        what: String,
        rule: Rule,
        way_out: Option<WayOut>,
    ) {
        self.findings.push(CycleFinding {
            series: self.deliverable.series.clone(),
            deliverable: self.deliverable.name.clone(),
            line,
            team: self.deliverable.team.clone(),
            severity,
            what,
            rule,
            way_out,
        });
    }

    fn unknown(&mut self, error: &NoAnswer) {
        let rule = Rule {
            id: "shipway/known-words".to_owned(),
            severity: Severity::Warn,
            source: Origin::Inferred,
            note: None,
        };
        let way = WayOut::new(Effort::Edit, error.hint());
        self.add(
            self.deliverable.place.line,
            Severity::Warn,
            error.to_string(),
            rule,
            Some(way),
        );
    }

    /// The model, and whether it stands in the right directory.
    fn model(&mut self) -> Option<String> {
        let independent = self.deliverable.series == INDEPENDENT;
        let own = |severity| Rule {
            id: "shipway/models-and-directories".to_owned(),
            severity,
            source: Origin::Original,
            note: None,
        };
        let edit = |what: &str| Some(WayOut::new(Effort::Edit, what));
        match self.deliverable.model.as_deref() {
            None if independent => Some("independent".to_owned()),
            None => {
                self.add(
                    0,
                    Severity::Deny,
                    "it names no release model".to_owned(),
                    own(Severity::Deny),
                    edit("write release-model: cycle-with-intermediary, or another"),
                );
                None
            }
            Some(model) => {
                let free = matches!(model, "independent" | "abandoned");
                if free != independent {
                    let what = if independent {
                        format!(
                            "the model {model} belongs to a series, and the file stands in {INDEPENDENT}"
                        )
                    } else {
                        format!("the model {model} belongs to no series")
                    };
                    self.add(
                        0,
                        Severity::Deny,
                        what,
                        own(Severity::Deny),
                        edit("move the file, or correct its model"),
                    );
                }
                Some(model.to_owned())
            }
        }
    }

    fn kind(&mut self, model: &str) {
        let Some(kind) = self.deliverable.kind.clone() else {
            return;
        };
        match self
            .calendar
            .pack
            .ask("models", &[("model", model), ("component", &kind)])
        {
            Err(error) => self.unknown(&error),
            Ok(row) if row.severity == Severity::Allow => {}
            Ok(row) => {
                let way = WayOut::new(Effort::Edit, "choose another release-model or type");
                self.add(
                    0,
                    row.severity,
                    format!("the type {kind} with the model {model}"),
                    row.rule(),
                    Some(way),
                );
            }
        }
    }

    /// A tag is made once: no version stands for two commits.
    fn tags(&mut self) {
        let releases = &self.deliverable.releases;
        let mut by_version: Vec<&DeliverableRelease> = releases.iter().collect();
        by_version.sort_by(|a, b| a.version.cmp(&b.version));
        for pair in by_version.windows(2).filter(|pair| {
            pair[0].version == pair[1].version && pair[0].projects != pair[1].projects
        }) {
            if let Ok(row) = self.calendar.pack.ask("events", &[("event", "retag")]) {
                let way = WayOut::new(Effort::OtherRelease, "give the second one the next version");
                let what = format!("{} stands for two commits", pair[0].version);
                self.add(pair[1].line, row.severity, what, row.rule(), Some(way));
            }
        }
    }

    fn finals(&mut self, model: &str) {
        let row = match self.calendar.pack.ask("finals", &[("model", model)]) {
            Ok(row) => row.clone(),
            Err(error) => return self.unknown(&error),
        };
        let releases = &self.deliverable.releases;
        // Tags of the end of a series, such as `zed-eom`, are no releases.
        let version =
            |release: &&DeliverableRelease| is_final(&release.version) || is_pre(&release.version);
        let versions: Vec<&DeliverableRelease> = releases.iter().filter(version).collect();
        // The team's own check is for series that are not over: what is public long since stays as it is.
        let open = (self.calendar.series_named(&self.deliverable.series)).is_some_and(|series| {
            matches!(
                self.calendar.state(series).as_str(),
                "development" | "maintained"
            )
        });
        match row.answer("final") {
            Some("none") if !versions.is_empty() && model != "abandoned" => {
                let way = WayOut::new(
                    Effort::Edit,
                    "take the releases out, or choose another model",
                );
                self.add(
                    versions[0].line,
                    row.severity,
                    format!("the model {model} has no releases"),
                    row.rule(),
                    Some(way),
                );
            }
            Some("last-candidate") if open => {
                if let Some(first) = releases.first().filter(|first| is_final(&first.version)) {
                    let way = WayOut::new(Effort::Edit, "tag a candidate of the same commit first");
                    self.add(
                        first.line,
                        row.severity,
                        format!("{} is final without a candidate before it", first.version),
                        row.rule(),
                        Some(way),
                    );
                }
            }
            _ => {}
        }
        // Whatever the model: what follows a candidate as final is that candidate.
        for pair in releases
            .windows(2)
            .filter(|pair| is_candidate(&pair[0].version) && is_final(&pair[1].version))
        {
            let (candidate, last) = (&pair[0], &pair[1]);
            for project in &last.projects {
                let same = candidate
                    .projects
                    .iter()
                    .find(|one| one.repository == project.repository);
                if same.is_none_or(|one| one.hash != project.hash) {
                    let severity = row.severity.max(Severity::Deny);
                    let what = match same {
                        Some(one) => format!(
                            "{} of {} is {}, and its last candidate {} is {}",
                            last.version,
                            project.repository,
                            short(&project.hash),
                            candidate.version,
                            short(&one.hash)
                        ),
                        None => format!(
                            "{} has {}, which its last candidate {} lacks",
                            last.version, project.repository, candidate.version
                        ),
                    };
                    let way = WayOut::new(
                        Effort::Edit,
                        format!(
                            "tag {} at the candidate's commit, or make another candidate",
                            last.version
                        ),
                    );
                    self.add(last.line, severity, what, row.rule(), Some(way));
                }
            }
        }
    }

    fn branches(&mut self, model: &str) {
        if self.deliverable.kind.as_deref() == Some("tempest-plugin") {
            if let (Some(branch), Ok(row)) = (
                self.deliverable.branches.first(),
                self.calendar.pack.ask(
                    "stable-branches",
                    &[("model", model), ("branch-mode", "none")],
                ),
            ) {
                self.add(
                    branch.line,
                    row.severity,
                    "a tempest-plugin has no branches".to_owned(),
                    row.rule(),
                    Some(WayOut::new(Effort::Edit, "take the branches out")),
                );
            }
            return;
        }
        let mode = self
            .deliverable
            .stable_branch_type
            .clone()
            .unwrap_or_else(|| "std".to_owned());
        let row = match self.calendar.pack.ask(
            "stable-branches",
            &[("model", model), ("branch-mode", &mode)],
        ) {
            Ok(row) => row.clone(),
            Err(error) => return self.unknown(&error),
        };
        let branches = &self.deliverable.branches;
        for branch in branches
            .iter()
            .filter(|branch| branch.name.starts_with("stable/"))
        {
            if let Some((what, way)) = self.start(&row, &branch.name, &branch.location) {
                self.add(
                    branch.line,
                    row.severity,
                    what,
                    row.rule(),
                    Some(WayOut::new(Effort::Edit, way)),
                );
            }
        }
    }

    /// What is wrong with where a stable branch starts.
    fn start(
        &self,
        row: &Row,
        name: &str,
        location: &BranchLocation,
    ) -> Option<(String, &'static str)> {
        match (row.answer("starts-at")?, location) {
            ("release", BranchLocation::Version(version)) => {
                let known = self
                    .deliverable
                    .releases
                    .iter()
                    .any(|release| release.version == *version);
                if !known {
                    return Some((
                        format!("{name} starts at {version}, which is no release of the series"),
                        "start it at a release of this file",
                    ));
                }
                self.misnamed(name)
            }
            ("release", _) => Some((
                format!("{name} does not start at a release"),
                "write the version that it starts at",
            )),
            ("commit", BranchLocation::Commits(commits)) => {
                let id = |text: &String| {
                    matches!(text.len(), 40 | 64)
                        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                };
                let bad = commits.values().find(|text| !id(text))?;
                Some((
                    format!("{name} starts at {bad}, which is no commit"),
                    "write the commit id",
                ))
            }
            ("commit", _) => Some((
                format!("{name} names no commit for each repository"),
                "write a commit for each repository",
            )),
            ("never", _) => Some((
                format!("{name} is there, and the component has no stable branches"),
                "take it out, or correct stable-branch-type",
            )),
            ("known-series", _) => self.misnamed(name),
            _ => None,
        }
    }

    fn misnamed(&self, name: &str) -> Option<(String, &'static str)> {
        let rest = name.strip_prefix("stable/")?;
        let of_series = self.calendar.series_named(rest);
        let fits = match self.deliverable.series.as_str() {
            INDEPENDENT => of_series.is_some(),
            own => of_series.is_some_and(|series| series.name == own) || rest == own,
        };
        let versioned = self.deliverable.stable_branch_type.as_deref() == Some("std-with-versions");
        (!fits && !versioned).then(|| {
            (
                format!("{name} is not named after the series"),
                "name it after its series or the series' release id",
            )
        })
    }

    fn series(&mut self) {
        let Some(series) = self.calendar.series_named(&self.deliverable.series) else {
            return;
        };
        let state = self.calendar.state(series);
        match self.calendar.pack.ask("series", &[("state", &state)]) {
            Err(error) => self.unknown(&error),
            Ok(row) => {
                let first = self.deliverable.releases.first();
                if let Some(first) = first.filter(|_| state == "future" && !row.severity.passes()) {
                    let way = WayOut::new(
                        Effort::Wait,
                        format!("wait until {} is in development", series.name),
                    );
                    self.add(
                        first.line,
                        row.severity,
                        format!("{} is in a series that has not begun", first.version),
                        row.rule(),
                        Some(way),
                    );
                }
            }
        }
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(10).collect()
}
