//! A plan as text: the dry run.

use super::{Paint, Tone, cut};
use shipway_core::plan::{Action, Items, Plan, Publish, Repeat, Script, Stage, Step, Weight};
use shipway_core::planner::percent;
use shipway_core::redact::visible;
use shipway_core::target::{Credential, Reversal};
use shipway_core::time::Millis;
use std::fmt::Write as _;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Steps only.
    Brief,
    /// Diffs, commands, items, reasons.
    Full,
}

/// The whole plan. The digest stands last, where nothing in the plan's own texts can cover it.
pub fn render(plan: &Plan, detail: Detail, paint: Paint) -> String {
    let mut out = String::new();
    head(&mut out, plan, paint);
    if detail == Detail::Full {
        edits(&mut out, plan, paint);
    }
    steps(&mut out, plan, detail, paint);
    destinations(&mut out, plan, paint);
    let _ = writeln!(out, "{}", summary(plan));
    for warning in &plan.warnings {
        let _ = writeln!(
            out,
            "{} {}",
            paint.tone(Tone::Warn, "warning:"),
            visible(warning)
        );
    }
    let _ = write!(
        out,
        "plan {}",
        paint.tone(Tone::Strong, &plan.id().to_string())
    );
    out
}

fn head(out: &mut String, plan: &Plan, paint: Paint) {
    let from = plan.previous.as_deref().unwrap_or("nothing");
    let title = if plan.is_withdrawal() {
        format!("withdraw {} {}", plan.project, plan.version)
    } else {
        format!("{} {from} → {}", plan.project, plan.version)
    };
    let _ = writeln!(out, "{}", paint.tone(Tone::Strong, &visible(&title)));
    for (number, because) in plan.because.iter().enumerate() {
        let label = if number == 0 { "because" } else { "" };
        let _ = writeln!(out, "  {label:8} {}", visible(because));
    }
    if plan.is_withdrawal() {
        out.push('\n');
        return;
    }
    let source = &plan.source;
    let _ = writeln!(
        out,
        "  {:8} {} at {} ({} {})\n",
        "from",
        source.branch.short(),
        source.head.abbreviated(),
        source.remote,
        visible(&source.url)
    );
}

fn edits(out: &mut String, plan: &Plan, paint: Paint) {
    for commit in &plan.commits {
        let subject = commit.message.lines().next().unwrap_or_default();
        let parents: Vec<&str> = commit
            .parents
            .iter()
            .map(shipway_core::Oid::abbreviated)
            .collect();
        let title = format!("commit {} {subject}", commit.id);
        let _ = writeln!(out, "{}", paint.tone(Tone::Strong, &visible(&title)));
        let _ = writeln!(out, "  on {}", parents.join(" and "));
        for change in &commit.changes {
            for line in change.diff.lines() {
                let tone = match line.as_bytes().first() {
                    _ if line.starts_with("+++") || line.starts_with("---") => Some(Tone::Faint),
                    Some(b'+') => Some(Tone::Good),
                    Some(b'-') => Some(Tone::Bad),
                    Some(b'@') => Some(Tone::Hint),
                    _ => None,
                };
                let line = visible(line);
                let line = tone.map_or(line.clone(), |tone| paint.tone(tone, &line));
                let _ = writeln!(out, "  {line}");
            }
        }
        out.push('\n');
    }
    if let Some(tag) = &plan.tag {
        let title = format!("tag {} {}", tag.id, tag.name.short());
        let _ = writeln!(out, "{}", paint.tone(Tone::Strong, &title));
        let _ = writeln!(out, "  on {}\n", tag.target.abbreviated());
    }
}

fn steps(out: &mut String, plan: &Plan, detail: Detail, paint: Paint) {
    let width = plan
        .steps
        .iter()
        .map(|step| step.id.as_str().chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    let turning = plan.point_of_no_return().map(|step| step.id.clone());
    let mut stage: Option<Stage> = None;
    for (number, step) in plan.steps.iter().enumerate() {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            let _ = writeln!(out, "{}", paint.tone(Tone::Strong, step.stage.as_str()));
        }
        if turning.as_ref() == Some(&step.id) {
            let line = "──── point of no return: what follows cannot be deleted again ────";
            let _ = writeln!(out, "     {}", paint.tone(Tone::Warn, line));
        }
        let mark = reversal_mark(step);
        let _ = writeln!(
            out,
            " {:>3}  {:width$}  {}{}",
            number + 1,
            cut(step.id.as_str(), width),
            visible(&step.title),
            if mark.is_empty() {
                String::new()
            } else {
                paint.tone(mark_tone(step), &format!("  [{mark}]"))
            }
        );
        if let Some(reason) = &step.skip {
            let _ = writeln!(
                out,
                "      {:width$}  {}",
                "",
                paint.tone(Tone::Warn, &format!("skipped: {reason}"))
            );
        }
        if detail == Detail::Full {
            for line in details(step) {
                let _ = writeln!(
                    out,
                    "      {:width$}  {}",
                    "",
                    paint.tone(Tone::Faint, &visible(&line))
                );
            }
        }
    }
    out.push('\n');
}

/// What taking the step back would do, in two words.
fn reversal_mark(step: &Step) -> String {
    let mut marks = Vec::new();
    if let Action::Publish(publish) = &step.action {
        marks.push(match publish.reversal {
            Reversal::Deletes => "can be deleted",
            Reversal::Hides => "can only be hidden",
            Reversal::Nothing if publish.rehearsal => "stays at the test index",
            Reversal::Nothing => "cannot be taken back",
        });
    }
    if step.weight == Weight::BestEffort {
        marks.push("best effort");
    }
    marks.join(", ")
}

fn mark_tone(step: &Step) -> Tone {
    if step.is_irreversible() && step.weight == Weight::Required {
        Tone::Warn
    } else {
        Tone::Faint
    }
}

fn details(step: &Step) -> Vec<String> {
    let mut lines = vec![format!("why: {}", step.why)];
    if !step.needs.is_empty() {
        let needs: Vec<&str> = step
            .needs
            .iter()
            .map(shipway_core::StepId::as_str)
            .collect();
        lines.push(format!("after: {}", needs.join(", ")));
    }
    match &step.action {
        Action::Run(script) => script_lines(script, &mut lines),
        Action::Inspect(inspect) => {
            lines.push(format!(
                "expects {} {} in {}",
                inspect.name,
                inspect.version,
                inspect.artifacts.join(", ")
            ));
        }
        Action::Seal => {}
        Action::Approve(approve) => {
            lines.push(format!(
                "asks {}; {} needed; valid for {}",
                approve.who, approve.quorum, approve.valid_for
            ));
        }
        Action::Task(task) => {
            if let Some(who) = &task.who {
                lines.push(format!("asks {who}"));
            }
            if let Some(probe) = &task.probe {
                lines.push("noticed as done when this succeeds:".to_owned());
                script_lines(probe, &mut lines);
            }
        }
        Action::Publish(publish) => publish_lines(publish, &mut lines),
    }
    lines
}

fn script_lines(script: &Script, lines: &mut Vec<String>) {
    if let Some(commit) = &script.checkout {
        lines.push(format!("in a clean checkout of {}", commit.abbreviated()));
    }
    for command in &script.commands {
        let words: Vec<String> = command.argv.iter().map(|word| quoted(word)).collect();
        lines.push(format!("$ {}", words.join(" ")));
        lines.extend(
            command
                .stdin
                .iter()
                .flat_map(|text| text.lines())
                .map(|line| format!("    {line}")),
        );
        if let Some(expect) = &command.expect {
            lines.push(format!("    must print {expect}"));
        }
    }
    let mut sees: Vec<String> = script
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)))
        .collect();
    sees.extend(script.pass.iter().map(|name| format!("{name} (passed)")));
    sees.extend(
        script
            .secrets
            .iter()
            .map(|(name, secret)| format!("{name} (secret {secret})")),
    );
    if !sees.is_empty() {
        lines.push(format!("environment: {}", sees.join(" ")));
    }
    if !script.artifacts.is_empty() {
        lines.push(format!("collects {}", script.artifacts.join(", ")));
    }
    for (metric, value) in &script.need {
        use shipway_core::plan::Metric;
        lines.push(match metric {
            Metric::PassRate => format!("needs a pass rate of at least {}", percent(*value)),
            Metric::Coverage => format!("needs a coverage of at least {}", percent(*value)),
            Metric::Tests => format!("needs at least {value} tests"),
        });
    }
    let repeat = match script.repeat {
        Repeat::Safe => "may be repeated",
        Repeat::Unsafe => "must not be repeated blindly: a person decides after a crash",
    };
    lines.push(format!("at most {}; {repeat}", script.timeout));
}

fn publish_lines(publish: &Publish, lines: &mut Vec<String>) {
    lines.push(format!(
        "to {} ({})",
        publish.target.place, publish.target.kind
    ));
    if let Some(secret) = &publish.target.secret {
        lines.push(format!("with secret {secret}"));
    }
    match &publish.items {
        Items::Fixed(items) => {
            for item in items {
                lines.push(format!("item {} ({})", item.name, item.digest.short()));
                lines.extend(body_lines(&item.body));
            }
        }
        Items::Sealed {
            patterns, expected, ..
        } => {
            lines.push(format!(
                "every sealed file like {}; expected: {}",
                patterns.join(", "),
                expected.join(", ")
            ));
        }
    }
}

/// References and texts of an item, as a person reads them.
fn body_lines(body: &serde_json::Value) -> Vec<String> {
    let mut lines = Vec::new();
    let short = |value: &serde_json::Value| match value.as_str() {
        Some(oid) => oid.chars().take(10).collect(),
        None => "absent".to_owned(),
    };
    for one in body["refs"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().unwrap_or_default();
        lines.push(format!(
            "  {name}: {} → {}",
            short(&one["old"]),
            short(&one["new"])
        ));
    }
    for key in [
        "branch",
        "old",
        "new",
        "tag",
        "reason",
        "commit",
        "name",
        "title",
        "from",
        "to",
        "subject",
        "text",
        "notes",
        "prerelease",
        "latest",
        "payload",
    ] {
        match &body[key] {
            serde_json::Value::Null | serde_json::Value::Object(_) if key == "tag" => {}
            serde_json::Value::Null => {}
            serde_json::Value::String(text) if text.contains('\n') => {
                lines.push(format!("  {key}:"));
                lines.extend(text.lines().map(|line| format!("    {line}")));
            }
            serde_json::Value::String(text) => lines.push(format!("  {key}: {text}")),
            other => lines.push(format!("  {key}: {other}")),
        }
    }
    lines
}

/// A word as it could be typed into a shell.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || "-_./=:,@%+{}*".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn destinations(out: &mut String, plan: &Plan, paint: Paint) {
    if plan.destinations.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint.tone(Tone::Strong, "there now"));
    let width = plan
        .destinations
        .iter()
        .map(|one| one.name.chars().count())
        .max()
        .unwrap_or(0);
    for destination in &plan.destinations {
        let found = &destination.survey.found;
        let what = if found.is_empty() {
            format!("nothing of {}", plan.version)
        } else {
            let texts: Vec<String> = found
                .iter()
                .map(|one| format!("{} ({})", one.name, cut(&one.what, 14)))
                .collect();
            texts.join(", ")
        };
        let credential = match destination.survey.credential {
            Credential::Accepted => "; credentials accepted",
            Credential::Untried | Credential::NotNeeded => "",
        };
        let _ = writeln!(
            out,
            "  {:width$}  {}: {}{credential}",
            destination.name,
            visible(&destination.place),
            visible(&what)
        );
        for note in &destination.survey.notes {
            let _ = writeln!(
                out,
                "  {:width$}  {}",
                "",
                paint.tone(Tone::Faint, &visible(note))
            );
        }
    }
    out.push('\n');
}

/// One line of figures.
fn summary(plan: &Plan) -> String {
    let wait: u64 = plan.limits.iter().map(|limit| limit.wait.0).sum();
    let limits = if wait == 0 {
        "registries' limits cost no time".to_owned()
    } else {
        format!("registries' limits cost {}", Millis(wait))
    };
    let skipped = plan.steps.iter().filter(|step| step.skip.is_some()).count();
    let files: usize = plan.commits.iter().map(|commit| commit.changes.len()).sum();
    let skipped = if skipped == 0 {
        String::new()
    } else {
        format!(", {skipped} skipped")
    };
    format!(
        "{} steps{skipped}, {} commits with {files} edited files, {} destinations; {limits}",
        plan.steps.len(),
        plan.commits.len(),
        plan.destinations.len()
    )
}
