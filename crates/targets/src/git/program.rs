//! The one place that runs the git program.
//!
//! Invariants: an argument vector and never a shell; no argument begins with `-` unless it is written in this crate's source;
//! whatever comes from outside stands behind `--end-of-options` or inside one of our own options; no `GIT_*` variable of the
//! caller, no hook, no `ext::` transport and no prompt reaches the program; every call ends within its time limit.
//!
//! Must not: decide what an answer means. It hands back the exit status and the bytes.

use rustix::process::{Pid, Signal, kill_process_group};
use shipway_core::name::is_bidi;
use shipway_core::target::Failure;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// For calls that stay on this machine.
pub const LOCAL: Duration = Duration::from_mins(2);
/// For calls that talk to a remote.
pub const REMOTE: Duration = Duration::from_mins(10);

/// More than this from one call is not an answer that we asked for.
const MOST_OUTPUT: usize = 4 << 20;
/// How long the pipes may stay open after the program has ended: a helper left behind may hold them for hours.
const GRACE: Duration = Duration::from_secs(2);

/// Settings that hold for every call, whatever the user's configuration says.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.fsync=committed",
    "credential.interactive=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "push.pushOption=",
    "submodule.recurse=false",
];

/// Git in one repository.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    repository: PathBuf,
}

/// One call that is being put together.
pub struct Call<'a> {
    git: &'a Git,
    command: &'static str,
    flags: Vec<String>,
    operands: Vec<String>,
    stdin: Vec<u8>,
    limit: Duration,
}

/// What the program answered.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    /// For people only: the end of what it said, on one line, with control characters made visible.
    pub said: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{0:?} would be read as an option or cut in two by git")]
    Argument(String),
    #[error("cannot start git")]
    Start(#[source] std::io::Error),
    #[error("git {command} was stopped after {} s without an answer", limit.as_secs())]
    TimeLimit {
        command: &'static str,
        limit: Duration,
    },
    #[error("git {command} was killed by signal {signal}")]
    Killed { command: &'static str, signal: i32 },
    #[error("cannot follow git {command}")]
    Lost {
        command: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "git {command} answered with more than {MOST_OUTPUT} bytes, or with bytes that are no text"
    )]
    Output { command: &'static str },
}

impl From<GitError> for Failure {
    /// Before the program has started nothing can have happened; afterwards anything can.
    fn from(error: GitError) -> Self {
        let message = super::chain(&error);
        match error {
            GitError::Argument(_) => Self::permanent(message),
            GitError::Start(source) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::permanent(message).hinted("install git, or put it on the PATH")
            }
            GitError::Start(_) => Self::transient(message),
            _ => Self::unknown(message),
        }
    }
}

impl Git {
    /// The `git` that the caller's `PATH` finds, in this repository.
    pub fn new(repository: &Path) -> Self {
        Self {
            program: PathBuf::from("git"),
            repository: repository.to_owned(),
        }
    }

    /// Another git program.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    pub fn call(&self, command: &'static str) -> Call<'_> {
        Call {
            git: self,
            command,
            flags: Vec::new(),
            operands: Vec::new(),
            stdin: Vec::new(),
            limit: LOCAL,
        }
    }
}

impl Call<'_> {
    /// An option, or a sub-command's own sub-command: always a word of ours.
    #[must_use]
    pub fn flag(mut self, flag: &'static str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// One argument `--option=value`.
    #[must_use]
    pub fn option(mut self, option: &'static str, value: &str) -> Self {
        self.flags.push(format!("{option}={value}"));
        self
    }

    /// An argument that is no option, behind `--end-of-options`.
    #[must_use]
    pub fn operand(mut self, operand: impl Into<String>) -> Self {
        self.operands.push(operand.into());
        self
    }

    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Everything that follows the program's name.
    ///
    /// # Errors
    /// [`GitError::Argument`] for an operand that begins with `-` or is empty, and for control characters anywhere.
    pub fn arguments(&self) -> Result<Vec<OsString>, GitError> {
        let bad = |text: &&String| text.chars().any(char::is_control);
        let dashed = |text: &&String| text.is_empty() || text.starts_with('-');
        if let Some(text) = self.operands.iter().find(|text| dashed(text) || bad(text)) {
            return Err(GitError::Argument(text.clone()));
        }
        if let Some(text) = self.flags.iter().find(bad) {
            return Err(GitError::Argument(text.clone()));
        }
        let mut arguments: Vec<OsString> = vec!["-C".into(), self.git.repository.clone().into()];
        for setting in SETTINGS {
            arguments.extend(["-c".into(), (*setting).into()]);
        }
        arguments.push("--no-pager".into());
        arguments.push(self.command.into());
        arguments.extend(self.flags.iter().map(Into::into));
        if !self.operands.is_empty() {
            arguments.push("--end-of-options".into());
            arguments.extend(self.operands.iter().map(Into::into));
        }
        Ok(arguments)
    }

    /// Runs it and waits. Every exit status is an answer.
    pub fn run(self) -> Result<Output, GitError> {
        let command = self.command;
        let lost = |source| GitError::Lost { command, source };
        let mut child = self.command()?.spawn().map_err(GitError::Start)?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let stdout = child.stdout.take().map(Tail::follow);
        let stderr = child.stderr.take().map(Tail::follow);
        feed(&mut child, self.stdin);
        let ended = wait_for(child);
        let status = match ended.recv_timeout(self.limit) {
            Ok(status) => status.map_err(lost)?,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(group) = group {
                    // It may have ended in this very moment; then there is nobody to kill.
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = ended.recv_timeout(GRACE);
                return Err(GitError::TimeLimit {
                    command,
                    limit: self.limit,
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(lost(std::io::ErrorKind::BrokenPipe.into()));
            }
        };
        if let Some(signal) = status.signal() {
            return Err(GitError::Killed { command, signal });
        }
        let stdout = stdout.map(Tail::finish).unwrap_or_default();
        let stderr = stderr.map(Tail::finish).unwrap_or_default();
        if stdout.len() > MOST_OUTPUT {
            return Err(GitError::Output { command });
        }
        Ok(Output {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).map_err(|_| GitError::Output { command })?,
            said: presentable(&stderr),
        })
    }

    fn command(&self) -> Result<Command, GitError> {
        let mut command = Command::new(&self.git.program);
        command.args(self.arguments()?);
        // Credential helpers, ssh and proxies need the caller's environment; nothing in it may steer git itself.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env_remove("SSH_ASKPASS")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }
}

/// Writes the input from a thread of its own, so that a program that does not read cannot hold us up.
fn feed(child: &mut Child, bytes: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        thread::spawn(move || {
            // A program that ended early closes the pipe; its exit status tells.
            let _ = stdin.write_all(&bytes);
        });
    }
}

fn wait_for(mut child: Child) -> Receiver<std::io::Result<ExitStatus>> {
    let (send, ended) = mpsc::channel();
    thread::spawn(move || {
        let _ = send.send(child.wait());
    });
    ended
}

/// What a pipe delivers, up to a little more than the limit.
struct Tail {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Tail {
    fn follow(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (send, end) = mpsc::channel();
        let shared = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let mut bytes = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if bytes.len() <= MOST_OUTPUT {
                    bytes.extend_from_slice(&buffer[..count]);
                }
            }
            let _ = send.send(());
        });
        Self { bytes, end }
    }

    fn finish(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(GRACE);
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The last lines of what git said, on one line, without credentials, advice and control characters.
fn presentable(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    let last = lines[lines.len().saturating_sub(4)..].join("; ");
    let visible: String = without_credentials(&last)
        .chars()
        .map(|c| {
            if c.is_control() || is_bidi(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    visible.chars().take(600).collect()
}

/// The text with `user:password@` taken out of every URL in it.
pub fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || "'\"?#".contains(c))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(user) => &after[user + 1..],
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every word that this crate itself hands to git and that begins with `-`.
    const OURS: &[&str] = &[
        "-C",
        "-c",
        "--no-pager",
        "--end-of-options",
        "--porcelain",
        "--lease=",
    ];

    proptest! {
        #[test]
        fn no_argument_that_we_did_not_choose_begins_with_a_dash(
            operand in "-?[a-z=/:-]{0,12}", value in "[-=a-z]{0,8}", other in any::<String>(),
        ) {
            let git = Git::new(Path::new("/r"));
            let call = git
                .call("push")
                .flag("--porcelain")
                .option("--lease", &value)
                .operand(operand.clone())
                .operand(other.clone());
            let fine = |text: &str| {
                !text.is_empty() && !text.starts_with('-') && !text.chars().any(char::is_control)
            };
            match call.arguments() {
                Err(_) => prop_assert!(!fine(&operand) || !fine(&other)),
                Ok(arguments) => {
                    prop_assert!(fine(&operand) && fine(&other));
                    for argument in &arguments {
                        let text = argument.to_string_lossy();
                        prop_assert!(
                            !text.starts_with('-') || OURS.iter().any(|ours| text.starts_with(ours)),
                            "{text}"
                        );
                    }
                    let end = arguments.iter().position(|a| a == "--end-of-options");
                    prop_assert_eq!(end, Some(arguments.len() - 3));
                }
            }
        }
    }

    #[test]
    fn credentials_and_control_characters_never_reach_a_message() {
        let said = presentable(
            b"fatal: unable to access 'https://me:hunter2@host/r.git/': \x1b[31mno\nhint: buy more\n",
        );
        assert_eq!(
            said,
            "fatal: unable to access 'https://host/r.git/': \u{fffd}[31mno"
        );
        assert_eq!(without_credentials("a://b@c://d:e@f g@h"), "a://c://f g@h");
    }

    /// A program in the place of git: the rest of the arguments does not matter to it.
    fn stand_in(script: &str) -> (tempfile::TempDir, Git) {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("stand-in");
        fs_err::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let git = Git::new(dir.path()).with_program(program);
        (dir, git)
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let (dir, git) = stand_in("sleep 600 & echo $! > \"$2/child\"; wait");
        let error = git
            .call("push")
            .limit(Duration::from_secs(1))
            .run()
            .unwrap_err();
        assert!(matches!(error, GitError::TimeLimit { .. }), "{error}");
        let child = fs_err::read_to_string(dir.path().join("child")).unwrap();
        let child = Pid::from_raw(child.trim().parse().unwrap()).unwrap();
        // A signal takes its time to arrive, and a killed child may stay as a zombie where nobody reaps orphans.
        let stat = format!("/proc/{}/stat", child.as_raw_nonzero());
        let is_dead = || fs_err::read_to_string(&stat).map_or(true, |state| state.contains(") Z"));
        let end = std::time::Instant::now() + Duration::from_secs(30);
        while !is_dead() {
            assert!(std::time::Instant::now() < end, "the child still runs");
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_callers_git_variables_do_not_get_through() {
        let (_dir, git) = stand_in("env | grep '^GIT_' | sort; echo oops >&2; exit 3");
        let output = git.call("status").run().unwrap();
        assert_eq!(
            output.stdout,
            "GIT_OPTIONAL_LOCKS=0\nGIT_TERMINAL_PROMPT=0\n"
        );
        assert_eq!((output.code, output.said.as_str()), (3, "oops"));
    }

    #[test]
    fn too_much_output_a_signal_and_a_missing_program_are_told_apart() {
        let (_dir, git) = stand_in("head -c 9000000 /dev/zero");
        assert!(matches!(
            git.call("log").run(),
            Err(GitError::Output { .. })
        ));
        let (_dir, git) = stand_in("kill -9 $$");
        assert!(matches!(
            git.call("log").run(),
            Err(GitError::Killed { signal: 9, .. })
        ));
        let git = git.with_program("/nowhere/git".into());
        let failure = Failure::from(git.call("log").run().unwrap_err());
        assert!(failure.hint.is_some(), "{failure:?}");
    }
}
