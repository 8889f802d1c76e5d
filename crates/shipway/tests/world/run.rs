//! The real binary as a child process.

use super::World;
use fs_err as fs;
use shipway_testkit::github;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// How a process ended and what it said.
#[derive(Clone, Debug)]
pub struct Ran {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Standard output as one JSON value.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Stops the test unless this was the exit code.
    #[track_caller]
    pub fn must(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A process that was started.
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, unless it is over.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Only for the process itself: what it started may live on after a kill.
    pub fn wait(mut self) -> Ran {
        let status: ExitStatus = self.child.wait().unwrap();
        let text = |path: &Path| {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            let _ = fs::remove_file(path);
            text
        };
        Ran {
            code: status.code(),
            signal: status.signal(),
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
        }
    }
}

impl World {
    /// Runs `shipway` in the user's repository to its end.
    pub fn shipway(&self, arguments: &[&str]) -> Ran {
        self.shipway_with(&[], arguments)
    }

    /// The same with further variables.
    pub fn shipway_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        self.spawn(variables, arguments).wait()
    }

    /// Starts `shipway` and does not wait for it.
    pub fn spawn(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Running {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let stdout = self.scratch().join(format!("{number}.out"));
        let stderr = self.scratch().join(format!("{number}.err"));
        let child = self
            .command(arguments)
            .envs(variables.iter().copied())
            // Files: a pipe would make the test wait for orphans of a process that was killed.
            .stdout(fs::File::create(&stdout).unwrap().into_file())
            .stderr(fs::File::create(&stderr).unwrap().into_file())
            .spawn()
            .unwrap();
        Running {
            child,
            stdout,
            stderr,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.dir.path().join("shipway"));
        command
            .args(arguments)
            .current_dir(self.repository())
            .env_clear()
            .env("PATH", path())
            .env("HOME", self.home())
            .env("TMPDIR", self.scratch())
            .env("LANG", "C.UTF-8")
            .env("USER", "ines")
            .env("SHIPWAY_STATE", self.state())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PYPI_TOKEN", super::PYPI_TOKEN)
            .env("GITHUB_TOKEN", github::TOKEN)
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "git and the shell are where the caller of the tests has them"
)]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
