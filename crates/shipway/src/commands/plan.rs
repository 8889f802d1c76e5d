//! `shipway plan`

use crate::cli::PlanArgs;
use crate::error::CommandError;
use crate::look;
use crate::output::document;
use crate::output::plan::{Detail, render};
use crate::session::Session;

pub fn run(session: &Session, args: &PlanArgs) -> Result<(), CommandError> {
    let plan = look::plan(session, &args.version)?;
    if let Some(path) = &args.output {
        let path = session.directory.join(path);
        let mut text = serde_json::to_string_pretty(&plan).unwrap_or_default();
        text.push('\n');
        fs_err::write(&path, text)?;
    }
    if session.screen.json {
        session.screen.json(&document::Planned {
            format: document::FORMAT,
            id: plan.id().to_string(),
            plan: &plan,
        });
    } else {
        let detail = if args.brief {
            Detail::Brief
        } else {
            Detail::Full
        };
        session
            .screen
            .data(&render(&plan, detail, session.screen.out()));
    }
    let ground = look::Ground::look(session)?;
    for (_, failure) in look::missing_secrets(session, ground.top(), &plan) {
        let hint = failure
            .hint
            .map(|hint| format!(": {hint}"))
            .unwrap_or_default();
        session
            .screen
            .talk(&format!("warning: {}{hint}", failure.message));
    }
    if let Some(path) = &args.output {
        session.screen.talk(&format!(
            "\nnext:\n  shipway release --plan {}   carries out exactly this",
            path.display()
        ));
    }
    Ok(())
}
