//! The whole train against the rules: what is written down wrongly, and what stands in repositories that should not.

use crate::decide::{Effort, Fit, Situation, Undecided, WayOut};
use crate::facts::Known;
use crate::model::{Class, LineState, Support};
use crate::pack::{NoAnswer, Rule, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that is not as the rules want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// A member, a line, or `train.toml`.
    pub subject: String,
    pub severity: Severity,
    /// A sentence without full stop.
    pub what: String,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// All findings, the strictest first.
pub fn lint(situation: &Situation<'_>) -> Vec<Finding> {
    let mut lint = Lint {
        situation,
        findings: Vec::new(),
    };
    lint.log();
    lint.lines();
    lint.waivers();
    lint.members();
    lint.pins();
    let mut findings = lint.findings;
    findings
        .sort_by(|a, b| (b.severity, &a.subject, &a.what).cmp(&(a.severity, &b.subject, &b.what)));
    findings
}

struct Lint<'l, 'a> {
    situation: &'l Situation<'a>,
    findings: Vec<Finding>,
}

impl Lint<'_, '_> {
    fn add(
        &mut self,
        subject: &str,
        severity: Severity,
        what: String,
        rule: Rule,
        way_out: Option<WayOut>,
    ) {
        self.findings.push(Finding {
            subject: subject.to_owned(),
            severity,
            what,
            rule,
            way_out,
        });
    }

    /// Every transition against the phase that it needs.
    fn log(&mut self) {
        let pack = self.situation.pack;
        let mut releases: Vec<_> = self
            .situation
            .train
            .lines
            .iter()
            .filter_map(|line| self.situation.moment.released(line))
            .collect();
        releases.sort();
        let first = pack.words("phase").first().cloned().unwrap_or_default();
        let mut phase = first.clone();
        let mut last = None;
        for entry in self
            .situation
            .train
            .log
            .iter()
            .filter(|entry| entry.at <= self.situation.moment.at)
        {
            let at = |what: &str| format!("line {}: {what}", entry.place);
            let row = match pack.ask("events", &[("event", entry.event.as_str())]) {
                Ok(row) => row.clone(),
                Err(error) => {
                    let hint = WayOut::new(Effort::Edit, NoAnswer::hint(&error));
                    let what = at(&format!(
                        "the log names the event {:?}, which the pack does not know",
                        entry.event
                    ));
                    self.add(
                        "train.toml",
                        Severity::Deny,
                        what,
                        Rule::own("known-events", Severity::Deny),
                        Some(hint),
                    );
                    continue;
                }
            };
            // A release in between began a new cycle, whether or not it was declared.
            if releases
                .iter()
                .any(|date| last.is_none_or(|last| last < *date) && *date <= entry.at)
                && last.is_some()
            {
                phase.clone_from(&first);
            }
            last = Some(entry.at);
            let needed = row
                .list("needs")
                .find_map(|need| need.strip_prefix("phase="));
            if let Some(needed) = needed.filter(|needed| {
                *needed != phase
                    && !row
                        .list("effects")
                        .any(|effect| effect == "cur-becomes-next")
            }) {
                let what = at(&format!(
                    "{} needs the phase {needed}, and it was {phase}",
                    entry.event
                ));
                let way = WayOut::new(
                    Effort::Edit,
                    "correct the dates, or add the event that is missing in between",
                );
                self.add("train.toml", Severity::Deny, what, row.rule(), Some(way));
            }
            if let Some(next) = row
                .list("effects")
                .find_map(|effect| effect.strip_prefix("phase="))
            {
                next.clone_into(&mut phase);
            }
        }
    }

    fn lines(&mut self) {
        let situation = self.situation;
        let support = |rule: &str| situation.pack.rule("support", "rule", rule, Severity::Warn);
        for line in &situation.train.lines {
            let name = line.version.to_string();
            let released = situation.moment.released(line).is_some();
            if line.support == Support::Lts && released && line.end_of_life.is_none() {
                let way = WayOut::new(
                    Effort::Edit,
                    "write the announced date: end-of-life = 2026-11-17",
                );
                self.add(
                    &name,
                    Severity::Warn,
                    "a supported line has no date for its end of life, so a year is assumed"
                        .to_owned(),
                    support("end-of-life-dates"),
                    Some(way),
                );
            }
            if situation
                .moment
                .current()
                .is_some_and(|current| current.version == line.version)
                && situation.moment.state(line) == LineState::EndOfLife
            {
                let way = WayOut::new(Effort::Edit, "correct the date, or release the next line");
                self.add(
                    &name,
                    Severity::Deny,
                    "the newest line has reached its end of life".to_owned(),
                    support("end-of-life-dates"),
                    Some(way),
                );
            }
            let Known::Known(engine) = &situation.facts.engine else {
                continue;
            };
            let alive = matches!(
                situation.moment.state(line),
                LineState::Active | LineState::Lts
            );
            if released && alive && engine.branch(&line.branch).is_none() {
                let way = WayOut::new(
                    Effort::Branch,
                    format!(
                        "make {} at its latest tag, or correct `branch` in train.toml",
                        line.branch
                    ),
                );
                self.add(
                    &name,
                    Severity::Deny,
                    format!("the engine has no branch {}", line.branch),
                    Rule::own("line-has-branch", Severity::Deny),
                    Some(way),
                );
            }
        }
        let opened = situation.pack.words("phase").first() != Some(&situation.moment.phase.phase);
        if opened && situation.moment.next().is_none() {
            let way = WayOut::new(Effort::Edit, "add the next line as a [[line]]");
            let what = format!(
                "the phase is {}, and no line comes next",
                situation.moment.phase.phase
            );
            self.add(
                "train.toml",
                Severity::Deny,
                what,
                Rule::own("next-line-known", Severity::Deny),
                Some(way),
            );
        }
    }

    fn waivers(&mut self) {
        for waiver in &self.situation.train.waivers {
            if waiver
                .until
                .is_some_and(|until| until <= self.situation.moment.at)
            {
                let what = format!(
                    "the waiver of {} for {} has run out",
                    waiver.who, waiver.member
                );
                let way = WayOut::new(Effort::Edit, "remove it, or agree on a new date");
                self.add(
                    &waiver.member,
                    Severity::Warn,
                    what,
                    Rule::own("waivers-run-out", Severity::Warn),
                    Some(way),
                );
            }
        }
    }

    fn members(&mut self) {
        let situation = self.situation;
        for member in situation
            .train
            .members
            .iter()
            .filter(|member| member.class != Class::InTree)
        {
            let facts = situation.facts.members.get(&member.name);
            if let Some(Known::Known(repository)) = facts.map(|facts| &facts.repository) {
                for problem in &repository.problems {
                    let way = WayOut::new(Effort::Edit, Undecided::Facts(problem.clone()).hint());
                    self.add(
                        &member.name,
                        Severity::Warn,
                        problem.to_string(),
                        Rule::own("repository", Severity::Warn),
                        Some(way),
                    );
                }
            }
            if member.class != Class::UnstableApi {
                continue;
            }
            match situation.branch_type(member) {
                Known::Unknown(why) => {
                    let way = WayOut::new(Effort::Edit, Undecided::Facts(why.clone()).hint());
                    self.add(
                        &member.name,
                        Severity::Warn,
                        format!("its branch type is not known: {why}"),
                        Rule::own("branch-type-known", Severity::Warn),
                        Some(way),
                    );
                }
                Known::Known(kind) => {
                    let question = [
                        ("phase", situation.moment.phase.phase.as_str()),
                        ("type", kind.as_str()),
                    ];
                    if let Ok(row) = situation.pack.ask("branch-types", &question)
                        && !row.severity.passes()
                    {
                        let what = format!(
                            "it has {} branches, which must not be in the phase {}",
                            kind.as_str(),
                            situation.moment.phase.phase
                        );
                        let way = WayOut::new(
                            Effort::Person,
                            "delete the branch of the next line, or waive the branch type on record",
                        );
                        self.add(&member.name, row.severity, what, row.rule(), Some(way));
                    }
                }
            }
            for check in situation.targets_of(member).unwrap_or_default() {
                if matches!(check.fit, Fit::Fits | Fit::Forbidden) || check.waived.is_some() {
                    continue;
                }
                let what = format!(
                    "its branch {} may target {}: {}",
                    check.branch,
                    check.allowed.join(" or "),
                    said(&check)
                );
                self.add(
                    &member.name,
                    check.severity(),
                    what,
                    check.rule,
                    check.way_out,
                );
            }
        }
    }

    /// Pins against the members and their classes.
    fn pins(&mut self) {
        let situation = self.situation;
        let Some(current) = situation.moment.current() else {
            return;
        };
        let Some(Known::Known(pins)) = situation.facts.pins.get(&current.branch) else {
            return;
        };
        let mut unknown = BTreeSet::new();
        for pin in pins.pins.iter().filter(|pin| pin.is_on()) {
            let Some(member) = situation.train.member(&pin.name) else {
                // Several files may name one extension; one entry in train.toml mends all.
                if !unknown.insert(&pin.name) {
                    continue;
                }
                let way = WayOut::new(
                    Effort::Edit,
                    format!("add [[member]] name = \"{}\"", pin.name),
                );
                let what = format!(
                    "the engine pins it in {}, and train.toml does not know it",
                    pin.place
                );
                self.add(
                    &pin.name,
                    Severity::Deny,
                    what,
                    Rule::own("members-are-declared", Severity::Deny),
                    Some(way),
                );
                continue;
            };
            if pin.is_external() == (member.class == Class::InTree) {
                let what = match member.class {
                    Class::InTree => {
                        "it is in-tree by train.toml, and pinned from a repository of its own"
                    }
                    _ => {
                        "it has a repository of its own by train.toml, and the engine builds it in its tree"
                    }
                };
                let way = WayOut::new(Effort::Edit, "correct its class in train.toml");
                let class = member.class.as_str();
                let rule = situation
                    .pack
                    .rule("classes", "class", class, Severity::Deny);
                self.add(
                    &member.name,
                    Severity::Deny,
                    what.to_owned(),
                    rule,
                    Some(way),
                );
            }
        }
    }
}

fn said(check: &crate::decide::TargetCheck) -> String {
    let says = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    match &check.fit {
        Fit::Unknown { why } => why.to_string(),
        _ => format!(
            "the submodule says {}, the workflow {}",
            says(&check.submodule),
            says(&check.workflow)
        ),
    }
}
