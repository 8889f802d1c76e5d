//! What a step's commands say: all of it in a file, each line to whoever watches, the end of it for the failure.
//!
//! Invariants: every byte passes the redactor before it goes anywhere; the file holds all attempts of the step, up to a
//! size that is marked where it is reached; there is no file for a step that never said anything.

use super::process::Heard;
use super::{Workshop, broken, store_failed};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use shipway_core::event::{Evidence, Verdict};
use shipway_core::name::StepId;
use shipway_core::redact::Stream;
use shipway_core::target::Failure;
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Bytes that a step's log may hold.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Lines that a failure shows.
const TAIL: usize = 20;
/// Bytes of a line that a failure shows.
const TAIL_LINE: usize = 1000;
/// Bytes after which a line without an end is taken for one.
const LONGEST_LINE: usize = 64 * 1024;

pub struct Record<'a> {
    shop: &'a Workshop,
    step: Option<&'a StepId>,
    path: PathBuf,
    /// Opened by the first output.
    file: Option<fs::File>,
    size: u64,
    /// What stands above the next output, if there is any.
    heading: String,
    output: Channel,
    error: Channel,
    tail: VecDeque<String>,
    lines: u64,
    failure: Option<io::Error>,
}

struct Channel {
    stream: Stream,
    line: Vec<u8>,
}

impl<'a> Record<'a> {
    /// `step`: whose output it is; `None` where it is dropped.
    pub fn new(shop: &'a Workshop, step: Option<&'a StepId>, file_name: &str) -> Self {
        let channel = || Channel {
            stream: shop.redactor.stream(),
            line: Vec::new(),
        };
        Self {
            shop,
            step,
            path: shop.directory.join("logs").join(format!("{file_name}.log")),
            file: None,
            size: 0,
            heading: String::new(),
            output: channel(),
            error: channel(),
            tail: VecDeque::new(),
            lines: 0,
            failure: None,
        }
    }

    /// A line of our own, written above the output that follows, if any does.
    pub fn heading(&mut self, line: &str) {
        self.heading.push_str(&self.shop.redactor.text(line));
        self.heading.push('\n');
    }

    pub fn hear(&mut self, heard: &Heard<'_>) {
        match heard {
            Heard::Output(bytes) => {
                let clean = self.output.stream.push(bytes);
                self.take(&clean, false);
            }
            Heard::Error(bytes) => {
                let clean = self.error.stream.push(bytes);
                self.take(&clean, true);
            }
            Heard::Pause => {
                let (output, error) = (self.output.stream.pause(), self.error.stream.pause());
                self.take(&output, false);
                self.take(&error, true);
            }
        }
    }

    /// A command is over: what was held back is shown, and a line without an end is ended.
    pub fn end_of_command(&mut self) {
        let (output, error) = (self.output.stream.finish(), self.error.stream.finish());
        self.take(&output, false);
        self.take(&error, true);
        for apart in [false, true] {
            let line = std::mem::take(&mut self.channel(apart).line);
            if !line.is_empty() {
                self.write(b"\n");
                self.line(&line);
            }
        }
    }

    /// The last lines.
    pub fn tail(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }

    /// Keeps the log in the store. `None` when nothing was said.
    pub fn keep(&mut self) -> Result<Option<Evidence>, Failure> {
        if let Some(error) = &self.failure {
            return Err(broken("the output of the step cannot be kept", error));
        }
        if self.file.take().is_none() {
            return Ok(None);
        }
        let stored = self.shop.store.put_file(&self.path);
        let (digest, _) = stored.map_err(|error| store_failed(&error))?;
        Ok(Some(Evidence {
            name: "log".to_owned(),
            verdict: Verdict::Pass,
            figure: match self.lines {
                1 => "1 line".to_owned(),
                lines => format!("{lines} lines"),
            },
            digest: Some(digest),
        }))
    }

    fn channel(&mut self, apart: bool) -> &mut Channel {
        if apart {
            &mut self.error
        } else {
            &mut self.output
        }
    }

    /// Output without secrets.
    fn take(&mut self, clean: &[u8], apart: bool) {
        if clean.is_empty() || self.step.is_none() {
            return;
        }
        self.write(clean);
        for piece in clean.split_inclusive(|byte| *byte == b'\n') {
            let mut line = std::mem::take(&mut self.channel(apart).line);
            line.extend_from_slice(piece);
            if line.last() == Some(&b'\n') {
                line.pop();
                self.line(&line);
            } else if line.len() >= LONGEST_LINE {
                self.line(&line);
            } else {
                self.channel(apart).line = line;
            }
        }
    }

    /// A whole line: to whoever watches, and kept for a failure.
    fn line(&mut self, line: &[u8]) {
        let Some(step) = self.step else { return };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Of a line that draws over itself, what is seen in the end.
        let seen = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
        let text = String::from_utf8_lossy(seen);
        (self.shop.lines)(step, &text);
        self.lines += 1;
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(shortened(&text));
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.failure.is_none()
            && let Err(error) = self.try_write(bytes)
        {
            self.failure = Some(error);
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            if let Some(dir) = self.path.parent() {
                fs::create_dir_all(dir)?;
            }
            let file = fs::OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.path)?;
            self.size = file.metadata()?.len();
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let heading = std::mem::take(&mut self.heading);
        for bytes in [heading.as_bytes(), bytes] {
            let room = LARGEST.saturating_sub(self.size);
            let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            file.write_all(&bytes[..fits])?;
            self.size += fits as u64;
            if fits < bytes.len() && room > 0 {
                file.write_all(b"\n[the log is full: what follows was not kept]\n")?;
            }
        }
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= TAIL_LINE {
        return text.to_owned();
    }
    let cut = (0..=TAIL_LINE).rev().find(|&at| text.is_char_boundary(at));
    format!("{}…", &text[..cut.unwrap_or(0)])
}
