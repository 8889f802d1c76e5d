//! One program: started, listened to, stopped in time, and nothing of it left behind.
//!
//! Invariants: it has a process group of its own, which is empty when [`run`] returns; a process that left the group and
//! keeps our pipe open cannot hold us up; the leader is reaped last, so that its number still means this group whenever we
//! send a signal.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use shipway_core::target::Failure;
use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a request to stop is looked for.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long processes that a program left behind may go on writing.
const LEFTOVERS: Duration = Duration::from_secs(1);
/// How long the rest of a killed group's output is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub struct Call<'a> {
    pub program: &'a Path,
    pub arguments: &'a [OsString],
    pub environment: &'a [(OsString, OsString)],
    pub directory: &'a Path,
    /// `None`: there is nothing to read.
    pub input: Option<Stdio>,
    /// Keep standard output apart from standard error.
    pub apart: bool,
    pub deadline: Option<Instant>,
}

/// What a program is heard saying.
pub enum Heard<'a> {
    Output(&'a [u8]),
    /// Standard error, where it is kept apart.
    Error(&'a [u8]),
    /// Nothing came for a moment.
    Pause,
}

pub enum End {
    Exited(ExitStatus),
    TooLate,
    /// Somebody asked to stop.
    Stopped,
}

/// Where in `path` the program is. A name with a `/` is taken relative to `directory`.
///
/// Entries of `PATH` that are no absolute paths are left out: a checkout must not decide which program runs.
pub fn find(program: &OsStr, path: &str, directory: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    if program.as_bytes().contains(&b'/') {
        let file = directory.join(program);
        return file.exists().then_some(file);
    }
    let runs = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(program))
        .find(runs)
}

/// Runs the program to its end.
pub fn run(
    call: Call<'_>,
    stopped: &dyn Fn() -> bool,
    hear: &mut dyn FnMut(Heard<'_>),
) -> Result<End, Failure> {
    if stopped() {
        return Ok(End::Stopped);
    }
    let (program, deadline) = (call.program, call.deadline);
    let (child, ears) = spawn(call).map_err(|error| cannot_start(program, &error))?;
    let mut watch = Watch::new(child, ears, deadline);
    let heard = watch.listen(stopped, hear);
    let status = watch.sweep();
    heard
        .and(status)
        .map(|status| watch.why.take().unwrap_or(End::Exited(status)))
        .map_err(|error| Failure::transient(format!("a running program was lost: {error}")))
}

fn spawn(call: Call<'_>) -> io::Result<(Child, Vec<PipeReader>)> {
    let (output, mouth) = io::pipe()?;
    let mut ears = vec![output];
    let error: Stdio = if call.apart {
        let (error, mouth) = io::pipe()?;
        ears.push(error);
        mouth.into()
    } else {
        mouth.try_clone()?.into()
    };
    // An absolute program, no closure before exec: the standard library then spawns without copying our memory map. Our
    // copies of the pipes' writing ends close with the command.
    let child = Command::new(call.program)
        .args(call.arguments)
        .env_clear()
        .envs(call.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(call.directory)
        .stdin(call.input.unwrap_or_else(Stdio::null))
        .stdout(mouth)
        .stderr(error)
        .process_group(0)
        .spawn()?;
    Ok((child, ears))
}

fn cannot_start(program: &Path, error: &io::Error) -> Failure {
    let name = program.display();
    let failure = Failure::transient(format!("{name} cannot be started: {error}"));
    match error.kind() {
        io::ErrorKind::NotFound => failure.hinted(format!(
            "{name} is there, so the interpreter in its first line is missing, or a library it is linked to"
        )),
        io::ErrorKind::PermissionDenied => failure.hinted(
            "make it executable (chmod +x), and check that its file system is not mounted noexec",
        ),
        io::ErrorKind::ArgumentListTooLong => {
            failure.hinted("the arguments or variables are too long for this system")
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => failure
            .hinted("it is no program for this machine, or a script without a first line such as #!/bin/sh"),
        _ => failure,
    }
}

/// A running program and what we know of it.
struct Watch {
    child: Child,
    group: Option<Pid>,
    /// Becomes readable when the program ends, on systems that have such a thing.
    exit: Option<OwnedFd>,
    /// Closed ones are `None`.
    ears: Vec<Option<PipeReader>>,
    deadline: Option<Instant>,
    ended: Option<Instant>,
    asked: Option<Instant>,
    killed: Option<Instant>,
    why: Option<End>,
}

impl Watch {
    fn new(child: Child, ears: Vec<PipeReader>, deadline: Option<Instant>) -> Self {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Self {
            exit: group.and_then(exit_watch),
            child,
            group,
            ears: ears.into_iter().map(Some).collect(),
            deadline,
            ended: None,
            asked: None,
            killed: None,
            why: None,
        }
    }

    fn listen(
        &mut self,
        stopped: &dyn Fn() -> bool,
        hear: &mut dyn FnMut(Heard<'_>),
    ) -> io::Result<()> {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let now = Instant::now();
            if self.is_over(now) {
                return Ok(());
            }
            self.stop_in_time(now, stopped);
            let ready = self.wait(now)?;
            for (index, ready) in ready.into_iter().enumerate() {
                if ready && !self.read(index, &mut buffer, hear)? {
                    self.ears[index] = None;
                }
            }
            if self.ended.is_none() && self.has_ended() {
                self.ended = Some(Instant::now());
            }
            if now.elapsed() >= GLANCE {
                hear(Heard::Pause);
            }
        }
    }

    /// Whether there is nothing more to hear.
    fn is_over(&self, now: Instant) -> bool {
        let silent = self.ears.iter().all(Option::is_none);
        let given_up = self.killed.is_some_and(|at| now >= at + LAST_WORDS);
        self.ended.is_some() && (silent || given_up)
    }

    /// Sends the signals that are due.
    fn stop_in_time(&mut self, now: Instant, stopped: &dyn Fn() -> bool) {
        if self.asked.is_none() && self.ended.is_none() {
            let why = if stopped() {
                Some(End::Stopped)
            } else if self.deadline.is_some_and(|deadline| now >= deadline) {
                Some(End::TooLate)
            } else {
                None
            };
            if why.is_some() {
                self.why = why;
                self.asked = Some(now);
                self.signal(Signal::TERM);
            }
        }
        let impatient = self.asked.is_some_and(|at| now >= at + GRACE);
        let left_behind = self.ended.is_some_and(|at| now >= at + LEFTOVERS);
        if self.killed.is_none() && (impatient || left_behind) {
            self.killed = Some(now);
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Fails when all of the group are gone, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Waits until something can be heard; which ears have something.
    fn wait(&self, now: Instant) -> io::Result<Vec<bool>> {
        let mut patience = if self.exit.is_some() || self.ears.iter().any(Option::is_some) {
            GLANCE
        } else {
            Duration::from_millis(1)
        };
        if let (Some(deadline), None) = (self.deadline, self.asked) {
            patience = patience.min(deadline.saturating_duration_since(now));
        }
        let exit = self.exit.iter().filter(|_| self.ended.is_none());
        let mut watched: Vec<PollFd<'_>> = self
            .ears
            .iter()
            .flatten()
            .map(AsFd::as_fd)
            .chain(exit.map(AsFd::as_fd))
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let span = Timespec::try_from(patience).unwrap_or_default();
        match poll(&mut watched, Some(&span)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut answers = watched.iter().map(|fd| !fd.revents().is_empty());
        Ok(self
            .ears
            .iter()
            .map(|ear| ear.is_some() && answers.next().unwrap_or(false))
            .collect())
    }

    /// Reads once; false at the end.
    fn read(
        &mut self,
        index: usize,
        buffer: &mut [u8],
        hear: &mut dyn FnMut(Heard<'_>),
    ) -> io::Result<bool> {
        let Some(ear) = &mut self.ears[index] else {
            return Ok(false);
        };
        match ear.read(buffer) {
            Ok(0) => Ok(false),
            Ok(count) if index == 0 => {
                hear(Heard::Output(&buffer[..count]));
                Ok(true)
            }
            Ok(count) => {
                hear(Heard::Error(&buffer[..count]));
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether the leader is dead; it is not reaped here.
    fn has_ended(&self) -> bool {
        let Some(pid) = self.group else { return true };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }

    /// Kills what is left of the group, then reaps the leader, whose number was kept from being used again so far.
    fn sweep(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.child.wait()
    }
}

#[cfg(target_os = "linux")]
fn exit_watch(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn exit_watch(_: Pid) -> Option<OwnedFd> {
    None
}

/// How it ended, for people; `None` after success.
pub fn fault(status: ExitStatus) -> Option<String> {
    if status.success() {
        return None;
    }
    Some(match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {}", signal_name(signal)),
        (None, None) => "ended in an unknown way".to_owned(),
    })
}

fn signal_name(number: i32) -> String {
    let named = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::SYS, "SIGSYS"),
    ];
    named
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map_or_else(
            || number.to_string(),
            |(_, name)| format!("{number} ({name})"),
        )
}
