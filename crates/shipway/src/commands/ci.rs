//! `shipway ci` and `shipway completions`: files for other programs.

use crate::ci;
use crate::cli::{CiArgs, Cli, Forge};
use crate::error::CommandError;
use crate::look::Ground;
use crate::output::document;
use crate::session::Session;
use clap::CommandFactory as _;

pub fn run(session: &Session, args: &CiArgs) -> Result<(), CommandError> {
    let ground = Ground::look(session)?;
    let (place, text) = match args.forge {
        Forge::Github => (ci::GITHUB_PATH, ci::github(&ground.config)),
    };
    let path = ground.top().join(place);
    if session.screen.json {
        session.screen.json(&document::Proposed {
            format: document::FORMAT,
            path: &path,
            written: !args.print,
            text: &text,
            notes: &[],
        });
    } else if args.print {
        session.screen.data(text.trim_end());
    }
    if !args.print {
        if let Some(directory) = path.parent() {
            fs_err::create_dir_all(directory)?;
        }
        fs_err::write(&path, text)?;
        session.screen.talk(&format!("wrote {}", path.display()));
    }
    for task in &ground.config.tasks {
        session.screen.talk(&format!(
            "warning: task {} waits for a person, and nobody is there in CI: make it a check, or resume from the kept state",
            task.name
        ));
    }
    Ok(())
}

pub fn completions(session: &Session, shell: clap_complete::Shell) {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "shipway", &mut out);
    session
        .screen
        .data(String::from_utf8_lossy(&out).trim_end());
}
