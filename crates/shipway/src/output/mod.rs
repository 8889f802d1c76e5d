//! The only place that knows a terminal: data goes to standard output, talk to standard error.
//!
//! Invariants: everything that is printed went through the redactor, and control characters that we did not write ourselves
//! are made visible; what is readable in colour is readable without it.

pub mod document;
pub mod history;
pub mod html;
pub mod plan;
pub mod progress;
pub mod status;
pub mod train;
pub mod train_page;

use crate::cli::Colour;
use crate::error::CommandError;
use shipway_core::redact::{Redactor, visible};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::Arc;

/// Colours by meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Warn,
    Hint,
    Strong,
    Faint,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Warn => "33",
            Self::Hint => "36",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

/// Where output goes and how it looks.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts about a terminal, independent of each other"
)]
pub struct Screen {
    pub json: bool,
    pub redactor: Arc<Redactor>,
    colour_out: bool,
    colour_err: bool,
    /// Whether a person is in front of both standard input and standard error.
    pub interactive: bool,
}

impl Screen {
    /// `no_colour` is whether the environment asks for none (NO_COLOR, or TERM=dumb).
    pub fn new(json: bool, colour: Colour, no_colour: bool, redactor: Arc<Redactor>) -> Self {
        let wants = |terminal: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && !no_colour,
        };
        let err = std::io::stderr().is_terminal();
        Self {
            json,
            redactor,
            colour_out: wants(std::io::stdout().is_terminal()),
            colour_err: wants(err),
            interactive: err && std::io::stdin().is_terminal() && !json,
        }
    }

    /// The painter for standard output.
    pub fn out(&self) -> Paint {
        Paint {
            on: self.colour_out,
        }
    }

    /// The painter for standard error.
    pub fn err(&self) -> Paint {
        Paint {
            on: self.colour_err,
        }
    }

    /// Prints data, with a final line end. A closed pipe is no error: whoever closed it has read enough.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", self.clean(text)).and_then(|()| out.flush());
    }

    /// Prints a value as JSON: one line when it is part of a stream, indented otherwise.
    pub fn json<T: serde::Serialize>(&self, value: &T) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.data(&text);
    }

    pub fn json_line<T: serde::Serialize>(&self, value: &T) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.data(&text);
    }

    /// Says something to the person, with a final line end.
    pub fn talk(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{}", self.clean(text)).and_then(|()| err.flush());
    }

    /// Writes to standard error as it is: for the live line of a terminal, whose parts were cleaned before.
    pub fn raw(text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Text without secrets. Control characters in foreign text are made visible where it is put together, not here: our own
    /// colours have to survive.
    pub fn clean(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    /// Asks a question that is answered with yes or no; anything but yes is no.
    pub fn confirm(&self, question: &str) -> bool {
        Self::raw(&format!("{} [y/N] ", self.clean(question)));
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(0) | Err(_) => {
                Self::raw("\n");
                false
            }
            Ok(_) => matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"),
        }
    }

    /// Asks for a line; `None` at the end of the input.
    pub fn ask(&self, question: &str) -> Option<String> {
        Self::raw(&format!("{} ", self.clean(question)));
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(answer.trim().to_owned()),
        }
    }

    pub fn error(&self, error: &CommandError) {
        if self.json && !error.told {
            // One line: commands that print documents line by line end with it.
            self.json_line(&document::Failed::of(error));
        }
        let paint = self.err();
        let mut text = format!(
            "{} {}",
            paint.tone(Tone::Bad, "error:"),
            visible(&error.message)
        );
        for cause in &error.causes {
            let _ = write!(text, "\n  {}", visible(cause).replace('\n', "\n  "));
        }
        for hint in &error.hints {
            let _ = write!(
                text,
                "\n\n{} {}",
                paint.tone(Tone::Hint, "hint:"),
                visible(hint)
            );
        }
        if !error.next.is_empty() {
            text.push_str("\n\nnext:");
            let commands = error
                .next
                .iter()
                .map(|(command, _)| command.chars().count());
            let width = commands.max().unwrap_or(0);
            for (command, does) in &error.next {
                let command = paint.tone(Tone::Strong, &format!("{command:width$}"));
                let _ = write!(text, "\n  {command}  {does}");
            }
        }
        self.talk(&text);
    }
}

/// An error from before there was a session.
pub fn bare_error(error: &CommandError) {
    Screen::new(false, Colour::Never, true, Arc::new(Redactor::new())).error(error);
}

/// Puts colours around text, or leaves it.
#[derive(Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    pub const PLAIN: Self = Self { on: false };

    pub fn tone(self, tone: Tone, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code())
        } else {
            text.to_owned()
        }
    }
}

/// A text cut to so many characters, with `…` where something was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(cut("äöüß", 4), "äöüß");
        assert_eq!(cut("äöüßx", 4), "äöü…");
    }

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(Paint::PLAIN.tone(Tone::Bad, "no"), "no");
    }
}
