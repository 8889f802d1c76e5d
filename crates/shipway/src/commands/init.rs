//! `shipway init`

use crate::cli::InitArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::init;
use crate::output::document;
use crate::session::{CONFIG, Session};
use shipway_history::{HistoryError, Repository};

pub fn run(session: &Session, args: &InitArgs) -> Result<(), CommandError> {
    let repository =
        Repository::open(&session.directory).map_err(|error| crate::look::history_error(&error))?;
    let top = repository
        .top()
        .map_err(|error| crate::look::history_error(&error))?
        .to_path_buf();
    let path = top.join(CONFIG);
    if !args.print && !args.force && path.exists() {
        return Err(CommandError::usage(format!("{CONFIG} is there already"))
            .then("shipway init --print", "shows what would be written")
            .then("shipway init --force", "replaces it"));
    }
    let around = init::Surroundings {
        remote: repository
            .remote_url("origin")
            .ok()
            .map(|url| init::Remote {
                name: "origin".to_owned(),
                url,
            }),
        branch: match repository.branch() {
            Ok(branch) => Some(branch.short().to_owned()),
            Err(HistoryError::Detached { .. }) => None,
            Err(error) => return Err(crate::look::history_error(&error)),
        },
        tags: repository
            .tag_names()
            .map_err(|error| crate::look::history_error(&error))?,
        pypirc: session.pypirc().is_some_and(|path| path.is_file()),
    };
    let proposal = init::propose(&top, &around).map_err(|error| {
        let failed =
            CommandError::from_error(Exit::Usage, "no configuration can be proposed", &error);
        match error.hint() {
            Some(hint) => failed.hinted(hint),
            None => failed,
        }
    })?;
    if session.screen.json {
        session.screen.json(&document::Proposed {
            format: document::FORMAT,
            path: &path,
            written: !args.print,
            text: &proposal.text,
            notes: &proposal.notes,
        });
    } else if args.print {
        session.screen.data(proposal.text.trim_end());
    }
    if !args.print {
        fs_err::write(&path, &proposal.text)?;
        session.screen.talk(&format!("wrote {}", path.display()));
    }
    for note in &proposal.notes {
        session.screen.talk(&format!("  {note}"));
    }
    if !args.print {
        session.screen.talk(
            "next:\n  git add shipway.toml && git commit -m \"Describe the release\" && git push\n  \
             shipway check   looks at everything that can be known before a release",
        );
    }
    Ok(())
}
