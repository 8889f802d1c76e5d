//! What every command starts from: where it runs, what it may see, where its state is kept, how it talks.

use crate::cli::Global;
use crate::error::CommandError;
use crate::output::Screen;
use shipway_core::redact::Redactor;
use shipway_core::{Config, Timestamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The configuration's name, in the top directory of the repository.
pub const CONFIG: &str = "shipway.toml";

pub struct Session {
    pub screen: Screen,
    pub redactor: Arc<Redactor>,
    /// The environment of whoever called, read once.
    pub environment: BTreeMap<String, String>,
    /// Where the command was called, or the directory it was told.
    pub directory: PathBuf,
    /// This program's own path, for probes that a run calls.
    pub program: String,
    /// Journal, artifacts and logs.
    pub state: PathBuf,
}

impl Session {
    pub fn new(
        global: &Global,
        environment: BTreeMap<String, String>,
        program: String,
    ) -> Result<Self, CommandError> {
        let redactor = Arc::new(Redactor::new());
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let no_colour =
            set("NO_COLOR") || environment.get("TERM").is_some_and(|term| term == "dumb");
        let screen = Screen::new(global.json, global.color, no_colour, redactor.clone());
        let directory = fs_err::canonicalize(&global.directory).map_err(|error| {
            CommandError::from_error(
                crate::exit::Exit::Usage,
                "the directory cannot be used",
                &error,
            )
        })?;
        let state = state_directory(global.state.as_deref(), &environment)?;
        Ok(Self {
            screen,
            redactor,
            environment,
            directory,
            program,
            state,
        })
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    #[expect(
        clippy::unused_self,
        reason = "a session is where commands get the time from"
    )]
    pub fn now(&self) -> Timestamp {
        crate::clock::now()
    }

    /// Who is at the keyboard, as the journal records it.
    pub fn user(&self) -> String {
        let name = [
            "SHIPWAY_USER",
            "GITHUB_ACTOR",
            "GITLAB_USER_LOGIN",
            "USER",
            "LOGNAME",
        ]
        .iter()
        .find_map(|name| self.variable(name));
        name.unwrap_or("somebody").to_owned()
    }

    #[expect(
        clippy::unused_self,
        reason = "a session is where commands get the host from"
    )]
    pub fn host(&self) -> String {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    }

    pub fn pypirc(&self) -> Option<PathBuf> {
        self.variable("HOME")
            .map(|home| Path::new(home).join(".pypirc"))
    }
}

fn state_directory(
    told: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, CommandError> {
    let set = |name: &str| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let found = told
        .map(Path::to_path_buf)
        .or_else(|| set("SHIPWAY_STATE"))
        .or_else(|| set("XDG_STATE_HOME").map(|state| state.join("shipway")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/shipway")))
        .ok_or_else(|| {
            CommandError::usage("there is no place for the journal")
                .hinted("set HOME or SHIPWAY_STATE, or pass --state DIR")
        })?;
    std::path::absolute(&found).map_err(|error| {
        CommandError::from_error(
            crate::exit::Exit::Usage,
            "the state directory cannot be used",
            &error,
        )
    })
}

/// Reads a configuration and says every fault with file, line and the line itself.
pub fn read_config(top: &Path) -> Result<(Config, String), CommandError> {
    let path = top.join(CONFIG);
    let bytes = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                CommandError::usage(format!("there is no {CONFIG} in {}", top.display()))
                    .then("shipway init", "looks at the repository and writes one"),
            );
        }
        Err(error) => {
            return Err(CommandError::from_error(
                crate::exit::Exit::Usage,
                format!("{CONFIG} cannot be read"),
                &error,
            ));
        }
    };
    parse_config(bytes)
}

/// The same from bytes that were read elsewhere.
pub fn parse_config(bytes: Vec<u8>) -> Result<(Config, String), CommandError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        CommandError::from_error(
            crate::exit::Exit::Usage,
            format!("{CONFIG} is not UTF-8 text"),
            &error,
        )
    })?;
    let config = Config::parse(&text, CONFIG).map_err(|error| config_error(&error))?;
    Ok((config, text))
}

fn config_error(error: &shipway_core::config::ConfigError) -> CommandError {
    let count = error.faults.len();
    let faults = if count == 1 {
        "a fault".to_owned()
    } else {
        format!("{count} faults")
    };
    let mut failed = CommandError::usage(format!("{} has {faults}", error.file));
    failed.causes = error
        .faults
        .iter()
        .map(|fault| format!("{}: {fault}", error.file))
        .collect();
    failed
}
