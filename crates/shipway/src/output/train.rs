//! Trains as text: exceptions first, and never a row for each of two hundred members.

use super::{Paint, Tone, cut};
use crate::commands::train::Said;
use shipway_core::name::Oid;
use shipway_core::redact::visible;
use shipway_core::time::Timestamp;
use shipway_train::decide::{
    Bump, CyclePlace, CycleReport, Deviation, EventCheck, Held, LineNow, OwedFix, OwedMerge, Place,
    Radar, RadarItem, Replay, Shipment, Staleness, Status, SwitchPlan, Trouble, WayOut,
};
use shipway_train::facts::{Fix, FixMatrix, Known, OnLine};
use shipway_train::lint::Finding;
use shipway_train::model::ReleaseVersion;
use shipway_train::pack::{Rule, Severity};
use shipway_train::simulate::{Forecast, Open};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const WIDTH: usize = 110;
/// How many items of one group, and fixes, are shown; `--json` has all.
const MOST: usize = 12;

/// A line for a chat, harmless on a terminal.
pub fn visible_line(text: &str) -> String {
    visible(text)
}

fn verdict(severity: Severity, paint: Paint) -> String {
    let tone = match severity {
        Severity::Allow => Tone::Good,
        Severity::Warn | Severity::Redirect => Tone::Warn,
        Severity::Deny | Severity::Impossible => Tone::Bad,
    };
    paint.tone(tone, &severity.to_string())
}

/// The rule, where it comes from, and what it says beside.
fn rule(rule: &Rule) -> String {
    let note = rule
        .note
        .as_ref()
        .map(|note| format!(": {note}"))
        .unwrap_or_default();
    visible(&format!("{} ({}){note}", rule.id, rule.source))
}

fn way_out(out: &mut String, indent: &str, way: Option<&WayOut>) {
    if let Some(way) = way {
        let _ = writeln!(out, "{indent}way out: {}", visible(&way.what));
        if let Some(command) = &way.command {
            let _ = writeln!(out, "{indent}  {}", visible(command));
        }
    }
}

fn short(commit: &Oid) -> &str {
    commit.abbreviated()
}

fn days(count: i64) -> String {
    match count {
        1 => "1 day".to_owned(),
        more => format!("{more} days"),
    }
}

fn line_row(line: &LineNow) -> String {
    let state = format!("{:?}", line.state);
    let latest = line
        .latest
        .as_ref()
        .map_or_else(|| "no release".to_owned(), ToString::to_string);
    let support = match (line.end_of_life, line.days_of_support) {
        (Some(end), Some(left)) if left >= 0 => {
            format!("supported until {} ({})", end.date(), days(left))
        }
        (Some(end), Some(_)) => format!("support ended {}", end.date()),
        _ => String::new(),
    };
    let announced = match (line.announced, &line.latest) {
        (Some(day), None) if support.is_empty() => format!("announced for {}", day.date()),
        (Some(day), None) => format!(", announced for {}", day.date()),
        _ => String::new(),
    };
    let row = format!(
        "  {:6} {:12} {:10} {:22} {support}{announced}",
        line.version.to_string(),
        spaced(&state),
        latest,
        visible(&line.branch)
    );
    row.trim_end().to_owned()
}

/// `EndOfLife` as people write it.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

pub fn status(status: &Status, fixes: &[FixMatrix], paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  as of {}",
        paint.tone(Tone::Strong, &visible(&status.train)),
        status.as_of
    );
    let since = status
        .phase
        .since
        .map(|since| format!(" since {}", since.date()))
        .unwrap_or_default();
    let _ = writeln!(out, "phase {}{since}", visible(&status.phase.phase));
    let _ = writeln!(out, "{}\n", visible(&status.one_line()));
    let _ = writeln!(out, "lines");
    for line in &status.lines {
        let _ = writeln!(out, "{}", line_row(line));
    }
    if let Some(why) = &status.undecided {
        let _ = writeln!(
            out,
            "\nnothing can be said about the departure: {}",
            visible(why)
        );
    }
    for group in &status.groups {
        let who = if group.who.is_empty() {
            "nobody is named".to_owned()
        } else {
            group.who.join(", ")
        };
        let blocking = group.items.iter().filter(|item| item.blocks()).count();
        let _ = writeln!(
            out,
            "\n{}  {} blocking, {} in all",
            paint.tone(Tone::Strong, &visible(&who)),
            blocking,
            group.items.len()
        );
        items(&mut out, &group.items, paint);
    }
    if status.undecided.is_none() {
        let _ = writeln!(
            out,
            "\n{} of {} members: nothing to say",
            status.quiet, status.members
        );
    }
    matrix(&mut out, fixes, true, paint);
    owed(&mut out, &status.owed_fixes, &status.owed_merges, paint);
    trimmed(out)
}

fn items(out: &mut String, items: &[RadarItem], paint: Paint) {
    for item in items.iter().take(MOST) {
        let since = item
            .since
            .map(|since| format!(", since {}", since.date()))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "  {} {}: {}{since}",
            verdict(item.severity, paint),
            visible(&item.member),
            visible(&trouble(&item.trouble))
        );
        let _ = writeln!(out, "    {}", cut(&rule(&item.rule), WIDTH));
        way_out(out, "    ", item.way_out.as_ref());
    }
    if items.len() > MOST {
        let _ = writeln!(out, "  and {} more", items.len() - MOST);
    }
}

/// What is wrong, in words.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Pin {
            branch,
            pinned,
            to,
            staleness,
            deviation,
        } => {
            let from = pinned.as_deref().map_or("nothing".to_owned(), abbreviated);
            let of = branch
                .as_deref()
                .map(|branch| format!(" of {branch}"))
                .unwrap_or_default();
            let stale = staleness.as_ref().map(stale).unwrap_or_default();
            let odd = deviation
                .as_ref()
                .map(|deviation| format!(", {}", odd(deviation)))
                .unwrap_or_default();
            format!(
                "the pin is at {from} and must go to {}{of}{stale}{odd}",
                abbreviated(to)
            )
        }
        Trouble::Unsound { pinned, deviation } => {
            let pinned = pinned.as_deref().map_or("nothing".to_owned(), abbreviated);
            format!("the pin {pinned} is {}", odd(deviation))
        }
        Trouble::Absent { state } => format!("was in the last release and is {state}"),
        Trouble::Target {
            branch,
            allowed,
            submodule,
            workflow,
            ..
        } => {
            let targets = [("submodule", submodule), ("workflow", workflow)]
                .into_iter()
                .filter_map(|(what, value)| Some(format!("{what} {}", value.as_ref()?)))
                .collect::<Vec<_>>()
                .join(", ");
            format!(
                "{branch} targets {targets}; allowed: {}",
                allowed.join(", ")
            )
        }
        Trouble::BranchType { has } => format!("has the branch type {has}"),
        Trouble::Unknown { why } => format!("unknown: {why}"),
    }
}

fn abbreviated(text: &str) -> String {
    let is_id = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        text[..10].to_owned()
    } else {
        text.to_owned()
    }
}

fn stale(staleness: &Staleness) -> String {
    if staleness.commits == 0 {
        return String::new();
    }
    let commits = match staleness.commits {
        1 => "1 commit".to_owned(),
        more => format!("{more} commits"),
    };
    format!(", stale by {commits} and {}", days(staleness.days))
}

fn odd(deviation: &Deviation) -> String {
    match deviation {
        Deviation::OlderCommit => "an older commit of the right branch".to_owned(),
        Deviation::StillOnMain => "still on main only".to_owned(),
        Deviation::OtherBranch { branches } => format!("on {}", branches.join(", ")),
        Deviation::PullRequest { number, head: true } => {
            format!("the head of pull request {number}")
        }
        Deviation::PullRequest { number, .. } => format!("in pull request {number}"),
        Deviation::TagOnly { tags } => format!("only behind the tags {}", tags.join(", ")),
        Deviation::NotInRepository => "not in the repository".to_owned(),
        Deviation::NoCommit { written } => format!("no commit: {written:?} may move"),
        Deviation::AheadOfTip => "newer than what ships".to_owned(),
    }
}

pub fn shipment(shipment: &Shipment, paint: Paint) -> String {
    let mut out = String::new();
    let last = shipment
        .last
        .as_ref()
        .map(|last| format!(", after {last}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{}  {} release of {} at {}{last}\n",
        paint.tone(Tone::Strong, &visible(&shipment.tag)),
        shipment.kind.as_str(),
        visible(&shipment.branch),
        short(&shipment.engine_commit)
    );
    let width = shipment
        .members
        .iter()
        .map(|member| member.member.chars().count());
    let width = width.max().unwrap_or(0).min(30);
    for member in &shipment.members {
        let commit = match &member.commit {
            Known::Known(commit) => short(commit).to_owned(),
            Known::Unknown(_) => "unknown   ".to_owned(),
        };
        let sign = if member.blocks() {
            paint.tone(Tone::Bad, "✗")
        } else {
            paint.tone(Tone::Good, "✓")
        };
        let from = member.branch.as_deref().map_or_else(
            || spaced(&format!("{:?}", member.truth)),
            |branch| format!("tip of {branch}"),
        );
        let mut notes = Vec::new();
        if member.moves {
            let pinned = member
                .pinned
                .as_deref()
                .map_or("nothing".to_owned(), abbreviated);
            let stale = member.staleness.as_ref().map(stale).unwrap_or_default();
            notes.push(format!("pinned at {pinned}{stale}"));
        }
        notes.extend(member.deviation.as_ref().map(odd));
        if !member.patches.is_empty() {
            notes.push(format!("{} patches", member.patches.len()));
        }
        notes.extend(member.waived.as_ref().map(|why| format!("waived: {why}")));
        if let Known::Unknown(why) = &member.commit {
            notes.push(why.to_string());
        }
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!("; {}", notes.join("; "))
        };
        let _ = writeln!(
            out,
            "{sign} {:width$}  {commit}  {}{}",
            visible(&member.member),
            visible(&from),
            visible(&notes)
        );
        if member.blocks() {
            let _ = writeln!(out, "    {}", cut(&rule(&member.rule), WIDTH));
            way_out(&mut out, "    ", member.way_out.as_ref());
        }
    }
    for absent in &shipment.absent {
        let sign = if absent.blocks() {
            paint.tone(Tone::Bad, "✗")
        } else {
            paint.tone(Tone::Warn, "–")
        };
        let waived = absent
            .waived
            .as_ref()
            .map(|why| format!("; waived: {why}"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "{sign} {:width$}  was in the last release and is {}{}",
            visible(&absent.member),
            visible(&absent.state),
            visible(&waived)
        );
        way_out(&mut out, "    ", absent.way_out.as_ref());
    }
    if !shipment.undeclared.is_empty() {
        let _ = writeln!(
            out,
            "\npinned, and not in train.toml: {}",
            visible(&shipment.undeclared.join(", "))
        );
    }
    trimmed(out)
}

pub fn radar(radar: &Radar, paint: Paint) -> String {
    let mut out = String::new();
    let departs = match (radar.departs, radar.days_left) {
        (Some(day), Some(left)) => format!(" departs {}, in {}", day.date(), days(left)),
        _ => " has no day".to_owned(),
    };
    let named: BTreeSet<&str> = (radar.items.iter())
        .map(|item| item.member.as_str())
        .collect();
    let _ = writeln!(
        out,
        "{}{departs}; {} things about {} of {} members, {} block\n",
        paint.tone(Tone::Strong, &radar.release.to_string()),
        radar.items.len(),
        named.len(),
        radar.members,
        radar.blocking().count()
    );
    for item in &radar.items {
        items(&mut out, std::slice::from_ref(item), paint);
    }
    trimmed(out)
}

pub fn place(place: &Place, on: Option<&Fix>, paint: Paint) -> String {
    let mut out = String::new();
    let what = place.member.as_deref().unwrap_or("the engine");
    let asked = place
        .asked
        .as_ref()
        .map_or_else(|| place.wanted.clone(), ToString::to_string);
    let _ = writeln!(
        out,
        "{}: a {} for {asked} of {}",
        verdict(place.verdict, paint),
        place.change.as_str(),
        visible(what)
    );
    if let Some(branch) = &place.branch {
        let _ = writeln!(
            out,
            "  merge into {} of {}",
            paint.tone(Tone::Strong, &visible(&branch.name)),
            visible(&branch.repository)
        );
        if let Some(create) = &branch.create {
            let _ = writeln!(
                out,
                "  make that branch first, from {} at {}",
                visible(&create.from),
                short(&create.commit)
            );
        }
    }
    if let Some(release) = &place.release {
        let _ = writeln!(out, "  it will be in {release}");
    }
    let _ = writeln!(out, "  rule {}", rule(&place.rule));
    for then in &place.then {
        let _ = writeln!(out, "  then: {}", visible(then));
    }
    way_out(&mut out, "  ", place.way_out.as_ref());
    if let Some(fix) = on {
        let _ = writeln!(
            out,
            "  {} {}",
            short(&fix.commit),
            cut(&visible(&fix.subject), WIDTH)
        );
        for (branch, found) in &fix.lines {
            let _ = writeln!(
                out,
                "    {:20} {}",
                visible(branch),
                visible(&on_line(found))
            );
        }
    }
    trimmed(out)
}

fn on_line(on: &OnLine) -> String {
    match on {
        OnLine::Fixed {
            commit, release, ..
        } => {
            let release = release
                .as_ref()
                .map(|release| format!(", first in {release}"))
                .unwrap_or_default();
            format!("has it as {}{release}", short(commit))
        }
        OnLine::Missing { since, maybe } => {
            let maybe = if maybe.is_empty() {
                String::new()
            } else {
                format!(", {} commits look like it", maybe.len())
            };
            format!("lacks it since {}{maybe}", since.date())
        }
        OnLine::Unread { .. } => "was not there, or could not be read".to_owned(),
    }
}

pub fn cycle_place(place: &CyclePlace, paint: Paint) -> String {
    let mut out = format!(
        "{}: a {} for {} of {}\n",
        verdict(place.verdict, paint),
        place.change.as_str(),
        visible(&place.series),
        visible(&place.deliverable)
    );
    if let Some(branch) = &place.branch {
        let _ = writeln!(
            out,
            "  merge into {}",
            paint.tone(Tone::Strong, &visible(branch))
        );
    }
    if !place.released {
        let _ = writeln!(
            out,
            "  no release follows it: the series makes none any more"
        );
    }
    let _ = writeln!(out, "  rule {}", rule(&place.rule));
    way_out(&mut out, "  ", place.way_out.as_ref());
    trimmed(out)
}

pub fn cycle(report: &CycleReport, paint: Paint) -> String {
    let mut out = format!(
        "{} deliverables as of {}\n\nseries\n",
        report.deliverables,
        report.as_of.date()
    );
    let alive = |state: &str| !state.contains("end-of-life") && !state.contains("eol");
    for series in report.series.iter().filter(|series| alive(&series.state)) {
        let next = series
            .next
            .as_ref()
            .map(|(state, at)| format!("then {state} on {}", at.date()))
            .unwrap_or_default();
        let phase = series.phase.as_deref().unwrap_or("");
        let row = format!(
            "  {:12} {:20} {phase:16} {next}",
            visible(&series.name),
            series.state
        );
        let _ = writeln!(out, "{}", row.trim_end());
    }
    for due in report.due.iter().take(MOST) {
        let day = due
            .at
            .map_or_else(|| "no date".to_owned(), shipway_core::Timestamp::date);
        let _ = writeln!(
            out,
            "  due {day} {} of {}",
            due.step,
            visible(&due.deliverable)
        );
    }
    let _ = writeln!(out, "\n{} findings", report.findings.len());
    for finding in report.findings.iter().take(3 * MOST) {
        let _ = writeln!(
            out,
            "  {} {}/{}:{}: {}",
            verdict(finding.severity, paint),
            visible(&finding.series),
            visible(&finding.deliverable),
            finding.line,
            visible(&finding.what)
        );
    }
    if report.findings.len() > 3 * MOST {
        let _ = writeln!(
            out,
            "  and {} more (--json has all)",
            report.findings.len() - 3 * MOST
        );
    }
    if !report.unread.is_empty() {
        let _ = writeln!(
            out,
            "\n{} places could not be read, the first: {}",
            report.unread.len(),
            report.unread[0]
        );
    }
    trimmed(out)
}

pub fn bump(bump: &Bump, diff: &str, made: Option<&Oid>, paint: Paint) -> String {
    let mut out = String::new();
    if bump.edits.is_empty() {
        let _ = writeln!(out, "no pin has to move for {}", bump.release);
    } else {
        let what = match bump.edits.len() {
            1 => "1 pin moves".to_owned(),
            more => format!("{more} pins move"),
        };
        let _ = writeln!(
            out,
            "{what} on {} at {}\n",
            visible(&bump.branch),
            short(&bump.commit)
        );
        for edit in &bump.edits {
            let _ = writeln!(
                out,
                "  {} {} → {}  {}:{}  {}",
                visible(&edit.member),
                abbreviated(&edit.from),
                short(&edit.to),
                visible(&edit.path),
                edit.line,
                edit.rule.id
            );
        }
        let _ = write!(out, "\n{}", visible_text(diff));
    }
    for one in &bump.unmovable {
        let _ = writeln!(
            out,
            "{} {} cannot be moved: {}",
            paint.tone(Tone::Bad, "✗"),
            visible(&one.member),
            visible(&one.why)
        );
        way_out(&mut out, "    ", one.way_out.as_ref());
    }
    if let Some(commit) = made {
        let _ = writeln!(out, "\nwritten as {}", short(commit));
    }
    trimmed(out)
}

/// Text of several lines with everything else made visible.
fn visible_text(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => visible(line) + "\n",
            None => visible(line),
        })
        .collect()
}

pub fn switch(plan: &SwitchPlan, made: Option<&Oid>, paint: Paint) -> String {
    let mut out = format!(
        "{}: {} from {} to {}\n",
        verdict(plan.verdict, paint),
        visible(&plan.member),
        spaced(&format!("{:?}", plan.from)),
        spaced(&format!("{:?}", plan.to))
    );
    for reason in &plan.reasons {
        let _ = writeln!(out, "  a reason: {}", visible(reason));
    }
    conditions(&mut out, &plan.conditions, paint);
    if let Some(branch) = &plan.branch {
        let newest = branch
            .create
            .as_ref()
            .map(|create| format!(" up to {} of {}", short(&create.commit), create.from))
            .unwrap_or_default();
        let oldest = plan
            .not_before
            .as_ref()
            .map(|oldest| format!(" from {}", short(oldest)))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "  make {} in {}, at a commit{oldest}{newest}",
            visible(&branch.name),
            visible(&branch.repository)
        );
    }
    if let Some(back) = &plan.back {
        let _ = writeln!(out, "  back again: {}", visible(back));
    }
    let _ = writeln!(out, "  rule {}", rule(&plan.rule));
    way_out(&mut out, "  ", plan.way_out.as_ref());
    if let Some(commit) = made {
        let _ = writeln!(out, "  made at {}", short(commit));
    }
    trimmed(out)
}

fn conditions(out: &mut String, all: &[shipway_train::decide::Condition], paint: Paint) {
    for condition in all {
        let (sign, why) = match &condition.held {
            Held::Yes => (paint.tone(Tone::Good, "✓"), String::new()),
            Held::No => (paint.tone(Tone::Bad, "✗"), String::new()),
            Held::Unknown { why } => (paint.tone(Tone::Warn, "?"), format!(" ({why})")),
        };
        let _ = writeln!(
            out,
            "  {sign} {}{}",
            visible(&condition.what),
            visible(&why)
        );
    }
}

pub fn event(check: &EventCheck, written: bool, paint: Paint) -> String {
    let mut out = format!(
        "{}: {}\n",
        verdict(check.verdict, paint),
        visible(&check.event)
    );
    conditions(&mut out, &check.conditions, paint);
    for effect in &check.effects {
        let _ = writeln!(out, "  does: {}", visible(effect));
    }
    let _ = writeln!(out, "  rule {}", rule(&check.rule));
    way_out(&mut out, "  ", check.way_out.as_ref());
    if written {
        out.push_str("  noted in the train's file\n");
    } else if check.may_happen() {
        out.push_str("  --write notes it in the train's file\n");
    }
    trimmed(out)
}

fn matrix(out: &mut String, matrices: &[FixMatrix], missing_only: bool, paint: Paint) {
    for matrix in matrices {
        let lacks = |fix: &&Fix| {
            !missing_only
                || fix
                    .lines
                    .values()
                    .any(|on| matches!(on, OnLine::Missing { .. }))
        };
        let fixes: Vec<&Fix> = matrix.fixes.iter().filter(lacks).collect();
        if fixes.is_empty() {
            continue;
        }
        let branches: Vec<&String> = fixes[0].lines.keys().collect();
        let _ = writeln!(
            out,
            "\nfixes of {}",
            paint.tone(Tone::Strong, &visible(&matrix.repository))
        );
        let heads: Vec<String> = branches
            .iter()
            .map(|name| format!("{:16}", cut(&visible(name), 16)))
            .collect();
        let _ = writeln!(out, "  {:10} {}  subject", "fix", heads.join(" "));
        for fix in fixes.iter().rev().take(MOST) {
            let cells: Vec<String> = branches
                .iter()
                .map(|branch| match fix.lines.get(*branch) {
                    Some(OnLine::Fixed {
                        release: Some(release),
                        ..
                    }) => format!("{:16}", visible(release)),
                    Some(OnLine::Fixed { .. }) => format!("{:16}", "unreleased"),
                    Some(OnLine::Missing { since, .. }) => paint.tone(
                        Tone::Bad,
                        &format!("{:16}", format!("lacks {}", since.date())),
                    ),
                    Some(OnLine::Unread { .. }) | None => format!("{:16}", "–"),
                })
                .collect();
            let _ = writeln!(
                out,
                "  {} {}  {}",
                short(&fix.commit),
                cells.join(" "),
                cut(&visible(&fix.subject), 60)
            );
        }
        if fixes.len() > MOST {
            let _ = writeln!(out, "  and {} more", fixes.len() - MOST);
        }
    }
}

fn owed(out: &mut String, fixes: &[OwedFix], merges: &[OwedMerge], paint: Paint) {
    if !fixes.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint.tone(Tone::Strong, "backports that are owed")
        );
    }
    for fix in fixes.iter().take(MOST) {
        let severity = fix
            .severity
            .as_ref()
            .map(|severity| format!(" [{severity}]"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "  {} {} lacks {}{severity} since {}: {}",
            visible(&fix.repository),
            visible(&fix.branch),
            short(&fix.commit),
            fix.since.date(),
            cut(&visible(&fix.subject), 60)
        );
        way_out(out, "    ", fix.way_out.as_ref());
    }
    if fixes.len() > MOST {
        let _ = writeln!(out, "  and {} more", fixes.len() - MOST);
    }
    if !merges.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint.tone(Tone::Strong, "forward merges that are owed")
        );
    }
    for merge in merges {
        let since = merge
            .since
            .map(|since| format!(" since {}", since.date()))
            .unwrap_or_default();
        let commits = match merge.commits {
            1 => "1 commit".to_owned(),
            more => format!("{more} commits"),
        };
        let _ = writeln!(
            out,
            "  {}: {commits} of {} not in {}{since}",
            visible(&merge.repository),
            visible(&merge.branch),
            visible(&merge.into)
        );
    }
}

pub fn backports(
    matrices: &[FixMatrix],
    fixes: &[OwedFix],
    merges: &[OwedMerge],
    missing_only: bool,
    paint: Paint,
) -> String {
    let mut out = String::new();
    matrix(&mut out, matrices, missing_only, paint);
    owed(&mut out, fixes, merges, paint);
    if out.is_empty() {
        out.push_str("every fix is on every supported line, and no merge is owed");
    }
    trimmed(out).trim_start_matches('\n').to_owned()
}

pub fn findings(findings: &[Finding], paint: Paint) -> String {
    let mut out = String::new();
    for finding in findings {
        let _ = writeln!(
            out,
            "{} {}: {}",
            verdict(finding.severity, paint),
            visible(&finding.subject),
            visible(&finding.what)
        );
        let _ = writeln!(out, "    {}", cut(&rule(&finding.rule), WIDTH));
        way_out(&mut out, "    ", finding.way_out.as_ref());
    }
    if findings.is_empty() {
        out.push_str("the train is as its rules want it");
    }
    trimmed(out)
}

pub fn replay(replay: &Replay<Said>, paint: Paint) -> String {
    let mut out = format!(
        "{} days, {} on which something changed\n",
        replay.days,
        replay.changes.len()
    );
    let mut before: Option<&Said> = None;
    for day in &replay.changes {
        let said = &day.answer;
        let _ = write!(
            out,
            "{}  {}",
            paint.tone(Tone::Strong, &day.at.date()),
            visible(&said.phase)
        );
        if let Some(departure) = &said.departure {
            let _ = write!(out, ", {departure} next, {} blockers", said.blockers.len());
        }
        out.push('\n');
        for (line, latest) in &said.lines {
            let known =
                before.and_then(|before| before.lines.iter().find(|(name, _)| name == line));
            if known.is_none_or(|(_, known)| known != latest)
                && let Some(latest) = latest
            {
                let _ = writeln!(out, "    {line}: {latest} is out");
            }
        }
        for row in &said.engine {
            if before.is_none_or(|before| !before.engine.contains(row)) {
                let (change, wanted, severity, branch) = row;
                let into = branch
                    .as_deref()
                    .map(|branch| format!(" into {branch}"))
                    .unwrap_or_default();
                let _ = writeln!(
                    out,
                    "    {} for {wanted}: {severity}{}",
                    change.as_str(),
                    visible(&into)
                );
            }
        }
        before = Some(said);
    }
    trimmed(out)
}

pub fn forecast(
    release: &ReleaseVersion,
    departs: Option<Timestamp>,
    open: &[Open],
    forecast: &Forecast,
    paint: Paint,
) -> String {
    let day = departs.map_or_else(|| "no day is set".to_owned(), shipway_core::Timestamp::date);
    let mut out = format!("{release}, {day}: {} blockers now\n", open.len());
    match forecast.on_time {
        Some(share) => {
            let percent = format!("{}.{} %", share / 10, share % 10);
            let _ = writeln!(
                out,
                "chance to leave on time: {} of {} trials",
                paint.tone(Tone::Strong, &percent),
                forecast.trials
            );
        }
        None => out.push_str("there is no day, or no past to draw from: no chance can be told\n"),
    }
    if let (Some(half), Some(most)) = (forecast.half, forecast.nine_of_ten) {
        let _ = writeln!(
            out,
            "half of the trials left within {}, nine of ten within {}",
            days(i64::from(half)),
            days(i64::from(most))
        );
    }
    if let Some((member, share)) = &forecast.slowest {
        let _ = writeln!(
            out,
            "most often the last: {} ({} of 1000 trials)",
            visible(member),
            share
        );
    }
    let _ = writeln!(
        out,
        "drawn from {} past blockers, seed {}",
        forecast.observations, forecast.seed
    );
    trimmed(out)
}

/// Whoever prints ends the last line.
fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\n').len());
    text
}
