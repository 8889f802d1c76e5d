//! `shipway`: what a person touches.

mod ci;
mod cli;
mod clock;
mod commands;
mod drive;
mod error;
mod exit;
mod init;
mod interpreter;
mod look;
mod output;
#[cfg(test)]
mod reference;
mod session;
mod signals;
mod world;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                exit::Exit::Usage
            } else {
                exit::Exit::Done
            };
            let _ = error.print();
            return ExitCode::from(code.code());
        }
    };
    let session = match session::Session::new(&cli.global, environment(), program()) {
        Ok(session) => session,
        Err(error) => {
            output::bare_error(&error);
            return ExitCode::from(error.exit.code());
        }
    };
    // A fault in Shipway itself is told through the redactor, like everything else.
    let screen = session.screen.clone();
    std::panic::set_hook(Box::new(move |fault| {
        screen.talk(&format!("a fault in shipway: {fault}"));
    }));
    match commands::run(&session, cli.command) {
        Ok(()) => ExitCode::from(exit::Exit::Done.code()),
        Err(error) => {
            session.screen.error(&error);
            ExitCode::from(error.exit.code())
        }
    }
}

/// Where this program is, or else its name, to be found by `PATH`.
fn program() -> String {
    let path = std::env::current_exe().ok();
    path.and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| "shipway".to_owned())
}

/// The environment, read once. Variables that are not UTF-8 cannot be passed on and are left out.
fn environment() -> std::collections::BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
