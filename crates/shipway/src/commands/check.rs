//! `shipway check`: all that can be known before a release, each with its own verdict. Changes nothing.

use crate::cli::VersionArgs;
use crate::drive;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::{self, Ground};
use crate::output::Tone;
use crate::output::document::{self, CheckRow};
use crate::session::Session;
use crate::world;
use shipway_core::config::Program;
use shipway_core::event::Verdict;
use shipway_core::plan::{Action, Plan};
use shipway_core::planner::Interpreter;
use shipway_core::redact::visible;
use shipway_core::secret::SecretName;
use shipway_core::target::Credential;
use shipway_core::{Config, Failure};
use std::collections::BTreeSet;

#[derive(Default)]
struct Rows(Vec<CheckRow>);

impl Rows {
    fn good(&mut self, area: &'static str, what: impl Into<String>, detail: impl Into<String>) {
        self.push(area, what, Verdict::Pass, detail, None);
    }

    fn push(
        &mut self,
        area: &'static str,
        what: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        hint: Option<String>,
    ) {
        self.0.push(CheckRow {
            area,
            what: what.into(),
            verdict,
            detail: detail.into(),
            hint,
        });
    }

    fn error(&mut self, area: &'static str, what: impl Into<String>, error: &CommandError) {
        let mut detail = error.message.clone();
        for cause in &error.causes {
            detail.push_str(": ");
            detail.push_str(cause);
        }
        let next = error
            .next
            .first()
            .map(|(command, does)| format!("{command}: {does}"));
        self.push(
            area,
            what,
            Verdict::Fail,
            detail,
            error.hints.first().cloned().or(next),
        );
    }

    fn failure(&mut self, area: &'static str, what: impl Into<String>, failure: &Failure) {
        self.push(
            area,
            what,
            Verdict::Fail,
            failure.message.clone(),
            failure.hint.clone(),
        );
    }
}

pub fn run(session: &Session, args: &VersionArgs) -> Result<(), CommandError> {
    let mut rows = Rows::default();
    let ground = Ground::look(session)?;
    rows.good(
        "configuration",
        crate::session::CONFIG,
        describe(&ground.config),
    );
    repository(&mut rows, &ground);
    tools(&mut rows, session, &ground.config);
    let secrets = secrets(&mut rows, session, &ground);
    match drive::open(session) {
        Ok(_) => rows.good("state", "journal", session.state.display().to_string()),
        Err(error) => rows.error("state", "journal", &error),
    }
    match look::plan_blind(session, args) {
        Ok(plan) => {
            let from = plan.previous.as_deref().unwrap_or("nothing");
            let reason = plan.because.first().cloned().unwrap_or_default();
            rows.good(
                "version",
                plan.version.clone(),
                format!("after {from}: {reason}"),
            );
            for warning in &plan.warnings {
                rows.push("version", "warning", Verdict::NoData, warning.clone(), None);
            }
            destinations(&mut rows, session, &ground, &plan, &secrets);
        }
        Err(error) if error.exit == Exit::NothingToRelease => {
            rows.push(
                "version",
                "nothing to release",
                Verdict::NoData,
                error.message,
                None,
            );
        }
        Err(error) => rows.error("version", "next version", &error),
    }
    print(session, &rows.0)
}

fn describe(config: &Config) -> String {
    format!(
        "{} checks, {} builds, {} tries, {} destinations, {} approvals, {} announcements",
        config.checks.len(),
        config.builds.len(),
        config.tries.len(),
        config.publish.len(),
        config.approve.len(),
        config.announce.len()
    )
}

fn repository(rows: &mut Rows, ground: &Ground) {
    match ground.must_be_releasable() {
        Ok(()) => rows.good(
            "repository",
            ground.branch.short(),
            format!(
                "clean, at {}, from {}",
                ground.head.abbreviated(),
                ground.url
            ),
        ),
        Err(error) => rows.error("repository", ground.branch.short(), &error),
    }
    match ground.repository.author() {
        Ok(person) => rows.good(
            "repository",
            "author",
            format!("{} <{}>", person.name, person.email),
        ),
        Err(error) => rows.error("repository", "author", &look::history_error(&error)),
    }
}

fn tools(rows: &mut Rows, session: &Session, config: &Config) {
    let path = session.variable("PATH").unwrap_or_default();
    let mut programs: BTreeSet<&str> = BTreeSet::from(["git"]);
    let user = config
        .checks
        .iter()
        .map(|check| &check.program)
        .chain(config.builds.iter().map(|build| &build.program));
    for program in user {
        match program {
            Program::Run(argv) => programs.extend(argv.first().map(String::as_str)),
            Program::Script(_) => {
                programs.insert("sh");
            }
        }
    }
    // A path is looked at in the checkout that does not exist yet, and a placeholder is filled later.
    for program in programs
        .into_iter()
        .filter(|program| !program.contains(['/', '{']))
    {
        match std::env::split_paths(path)
            .map(|directory| directory.join(program))
            .find(|path| path.is_file())
        {
            Some(found) => rows.good("tools", program, found.display().to_string()),
            None => rows.push(
                "tools",
                program,
                Verdict::Fail,
                "not on the search path",
                Some(format!(
                    "install {program}, or correct `run` in shipway.toml"
                )),
            ),
        }
    }
    for (version, found) in look::interpreters(config, &session.environment) {
        let must = config
            .checks
            .iter()
            .any(|check| check.missing_fails && check.python.contains(&version))
            || config
                .tries
                .iter()
                .any(|attempt| attempt.missing_fails && attempt.python.contains(&version));
        match found {
            Interpreter::Found {
                path,
                version: full,
            } => rows.good("tools", format!("Python {full}"), path),
            Interpreter::Missing { looked } => {
                let verdict = if must { Verdict::Fail } else { Verdict::NoData };
                rows.push(
                    "tools",
                    format!("Python {version}"),
                    verdict,
                    format!("missing: {looked}"),
                    None,
                );
            }
        }
    }
}

/// Every secret that is named is resolved once. The names of those that are missing.
fn secrets(rows: &mut Rows, session: &Session, ground: &Ground) -> BTreeSet<SecretName> {
    let config = &ground.config;
    let context = world::context(session, ground.top());
    let mut missing = BTreeSet::new();
    for name in config.secrets().into_iter().cloned() {
        // A token by trusted publishing is minted for each use, and only in CI.
        if name.0.starts_with("oidc:") {
            rows.push(
                "secrets",
                name.to_string(),
                Verdict::NoData,
                "minted in CI when it is needed",
                None,
            );
            continue;
        }
        match context.secrets.resolve(&name) {
            Ok(_) => rows.good("secrets", name.to_string(), "found"),
            Err(failure) => {
                rows.failure("secrets", name.to_string(), &failure);
                missing.insert(name);
            }
        }
    }
    missing
}

fn destinations(
    rows: &mut Rows,
    session: &Session,
    ground: &Ground,
    plan: &Plan,
    missing: &BTreeSet<SecretName>,
) {
    let mut seen = plan.clone();
    for (destination, answer) in look::ask_all(session, ground.top(), plan) {
        match answer {
            Ok(survey) => {
                let found = match survey.found.len() {
                    0 => format!("nothing of {} there", plan.version),
                    count => format!("{count} things of this release's names there"),
                };
                let credential = match survey.credential {
                    Credential::Accepted => "; credentials accepted",
                    Credential::Untried => "; credentials cannot be tried without an effect",
                    Credential::NotNeeded => "",
                };
                rows.good(
                    "destinations",
                    destination.name.clone(),
                    format!("{}: {found}{credential}", destination.place),
                );
                if let Some(one) = seen
                    .destinations
                    .iter_mut()
                    .find(|one| one.name == destination.name)
                {
                    one.survey = survey;
                }
            }
            Err(failure) => {
                // A missing secret is told once, where it is looked for.
                let told = plan.steps.iter().any(|step| match &step.action {
                    Action::Publish(publish) if publish.target.name == destination.name => publish
                        .target
                        .secret
                        .as_ref()
                        .is_some_and(|secret| missing.contains(secret)),
                    _ => false,
                });
                if told {
                    rows.push(
                        "destinations",
                        destination.name,
                        Verdict::NoData,
                        "not looked at without its secret",
                        None,
                    );
                } else {
                    rows.failure(
                        "destinations",
                        format!("{} ({})", destination.name, destination.place),
                        &failure,
                    );
                }
            }
        }
    }
    if let Err(error) = look::refuse_taken(&seen) {
        rows.error("destinations", "this version", &error);
    }
}

fn print(session: &Session, rows: &[CheckRow]) -> Result<(), CommandError> {
    let screen = &session.screen;
    let failed = rows
        .iter()
        .filter(|row| matches!(row.verdict, Verdict::Fail | Verdict::Error))
        .count();
    if screen.json {
        screen.json(&document::Checked {
            format: document::FORMAT,
            rows,
            failed,
        });
    } else {
        let paint = screen.out();
        let mut area = "";
        let width = rows
            .iter()
            .map(|row| row.what.chars().count())
            .max()
            .unwrap_or(0)
            .min(32);
        for row in rows {
            if row.area != area {
                area = row.area;
                screen.data(&paint.tone(Tone::Strong, area));
            }
            let (sign, tone) = match row.verdict {
                Verdict::Pass => ("✓", Tone::Good),
                Verdict::NoData => ("-", Tone::Warn),
                Verdict::Fail | Verdict::Error => ("✗", Tone::Bad),
            };
            screen.data(&format!(
                "  {} {:width$}  {}",
                paint.tone(tone, sign),
                visible(&row.what),
                visible(&row.detail)
            ));
            if let Some(hint) = &row.hint {
                screen.data(&format!(
                    "    {:width$}  {} {}",
                    "",
                    paint.tone(Tone::Hint, "hint:"),
                    visible(hint)
                ));
            }
        }
    }
    match failed {
        0 => {
            screen.talk("\nready\nnext:\n  shipway plan   shows everything that a release will do");
            Ok(())
        }
        1 => Err(CommandError::usage("one thing has to be mended before a release").told()),
        count => Err(CommandError::usage(format!(
            "{count} things have to be mended before a release"
        ))
        .told()),
    }
}
