//! What a person is told when a command cannot go on: what is wrong, where, what is public by now, what to type next.

use crate::exit::Exit;
use std::error::Error as _;
use std::fmt;

/// A command's failure. `causes` are printed one per line below the message.
#[derive(Debug)]
pub struct CommandError {
    pub exit: Exit,
    pub message: String,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
    /// Commands that make sense now, each with what it does.
    pub next: Vec<(String, String)>,
    /// What the command printed tells of the failure already: with --json nothing more is printed.
    pub told: bool,
}

impl CommandError {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            next: Vec::new(),
            told: false,
        }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// The message is what was tried; the error and its sources are the causes.
    pub fn from_error(
        exit: Exit,
        message: impl Into<String>,
        error: &dyn std::error::Error,
    ) -> Self {
        let mut failed = Self::new(exit, message);
        failed.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(inner) = source {
            failed.causes.push(inner.to_string());
            source = inner.source();
        }
        failed
    }

    /// The error itself is the message, its sources are the causes, and its own hint says what to do.
    pub fn of(exit: Exit, error: &dyn std::error::Error, hint: Option<impl Into<String>>) -> Self {
        let mut failed = Self::from_error(exit, error.to_string(), error);
        failed.causes.remove(0);
        failed.hints.extend(hint.map(Into::into));
        failed
    }

    /// The command's own document tells of it.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.told = true;
        self
    }

    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn then(mut self, command: impl Into<String>, does: impl Into<String>) -> Self {
        self.next.push((command.into(), does.into()));
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        let mut failed = Self::internal("a file could not be read or written");
        failed.causes.push(error.to_string());
        if let Some(source) = error.source() {
            failed.causes.push(source.to_string());
        }
        failed
    }
}
