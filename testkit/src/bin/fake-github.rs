//! The fake of GitHub's API as a program, for demonstrations and for crash tests over real processes.
//!
//! `fake-github --port-file FILE --repository OWNER/NAME [--token TOKEN] [--git DIR] [--state-file FILE] [--public-url URL]`
//!
//! It writes the port that it listens on into the port file once it can be called, and stays up until it is killed. The state file
//! is written after each change, before the change is answered, and read at the start where it exists.

use shipway_testkit::github::{GitHub, Setup};
use std::io::{Error, ErrorKind, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut setup = Setup::new("");
    let mut port_file = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(key) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| usage(&format!("{key} needs a value")))?;
        match key.as_str() {
            "--port-file" => port_file = Some(PathBuf::from(value)),
            "--repository" => setup.state.repository = value,
            "--token" => setup.token = value,
            "--git" => setup.state.git = Some(PathBuf::from(value)),
            "--state-file" => setup.state_file = Some(PathBuf::from(value)),
            "--public-url" => setup.public_url = Some(value),
            _ => return Err(usage(&format!("there is no option {key}"))),
        }
    }
    if setup.state.repository.split('/').count() != 2 {
        return Err(usage("--repository must be OWNER/NAME"));
    }
    let port_file = port_file.ok_or_else(|| usage("--port-file is missing"))?;
    let github = GitHub::with(setup)?;
    // Whoever waits for the file never reads half of it.
    let new = port_file.with_extension("new");
    fs_err::write(&new, github.server().port().to_string())?;
    fs_err::rename(&new, &port_file)?;
    loop {
        std::thread::park();
    }
}

fn usage(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, why.to_owned())
}
