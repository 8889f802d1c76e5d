//! A hermetic world around the real binary: a small project, its remote, two real package indexes, GitHub, mail and a webhook.
//!
//! Invariants: everything is below one temporary directory and on loopback; the binary sees an environment that the world made
//! and no other; [`World::reset`] brings back exactly what [`World::keep`] kept, with the same addresses, so that a plan made in
//! the kept world fits after every reset.
//!
//! Must not: know what a test is about. A test changes the world ([`World::write`], [`World::git`], [`Servers`]), runs
//! [`World::shipway`], and looks at what came of it.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world cannot be made"
)]

pub mod project;
pub mod run;
pub mod servers;
pub mod sight;

#[allow(unused_imports, reason = "each test file uses its own part")]
pub use run::Ran;
pub use servers::Servers;
#[allow(unused_imports, reason = "each test file uses its own part")]
pub use sight::Sight;

use fs_err as fs;
use shipway_testkit::github::State as GitHubState;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What the project's configuration names as secrets, and what the destinations accept.
pub const PYPI_TOKEN: &str = "pypi-token-of-the-world";

pub struct World {
    dir: TempDir,
    pub servers: Servers,
    /// Variables of the binary, beside those that every call gets. Kept over a reset.
    pub environment: BTreeMap<String, String>,
    kept: Option<GitHubState>,
}

impl World {
    /// The project `tiny`, released as 1.0.0 once, with two changes since, and [`project::config`] as its configuration.
    pub fn new() -> Self {
        Self::with(project::config)
    }

    /// The same with another `shipway.toml`.
    pub fn with(config: impl FnOnce(&Servers) -> String) -> Self {
        let dir = tempfile::Builder::new().prefix("world").tempdir().unwrap();
        for name in ["now", "now/home", "now/index", "now/test-index", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        // One binary through the whole test, also where somebody builds another one meanwhile.
        let binary = dir.path().join("shipway");
        fs::hard_link(env!("CARGO_BIN_EXE_shipway"), &binary)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_shipway"), &binary).map(drop))
            .unwrap();
        let servers = Servers::start(&dir.path().join("now"));
        let mut world = Self {
            dir,
            servers,
            environment: BTreeMap::new(),
            kept: None,
        };
        let text = config(&world.servers);
        project::make(&world, &text);
        world.keep();
        world
    }

    /// The user's repository.
    pub fn repository(&self) -> PathBuf {
        self.now().join("repository")
    }

    /// The bare repository behind the remote `origin`.
    pub fn remote(&self) -> PathBuf {
        self.now().join("tiny.git")
    }

    pub fn home(&self) -> PathBuf {
        self.now().join("home")
    }

    /// Journal and artifacts. It does not exist before the first command that needs it.
    pub fn state(&self) -> PathBuf {
        self.now().join("state")
    }

    /// A place for the test's own files, not touched by a reset.
    pub fn scratch(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }

    fn now(&self) -> PathBuf {
        self.dir.path().join("now")
    }

    /// Writes a file of the user's repository.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.repository().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.repository().join(path)).unwrap()
    }

    /// Runs git in the user's repository and hands back what it printed, without the last line end.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repository(), arguments)
    }

    /// The same in the remote.
    pub fn git_there(&self, arguments: &[&str]) -> String {
        self.git_in(&self.remote(), arguments)
    }

    fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(directory)
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_DATE", project::DATE)
            .env("GIT_COMMITTER_DATE", project::DATE)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    }

    /// Commits everything in the working tree.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// What stands now is what [`World::reset`] brings back.
    pub fn keep(&mut self) {
        let kept = self.dir.path().join("kept");
        let _ = fs::remove_dir_all(&kept);
        copy(&self.now(), &kept);
        self.kept = Some(self.servers.github.state());
    }

    /// Brings back what was kept: repository, remote, home, state, both indexes, GitHub. Mail and webhook calls so far are
    /// forgotten, and so are faults that nobody met.
    pub fn reset(&self) {
        // The directories of the indexes stay: their servers hold on to them.
        let kept = self.dir.path().join("kept");
        for entry in fs::read_dir(self.now()).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().and_then(|name| name.to_str()) {
                Some("index" | "test-index") => {
                    for file in fs::read_dir(&path).unwrap() {
                        fs::remove_file(file.unwrap().path()).unwrap();
                    }
                }
                _ => remove(&path),
            }
        }
        copy(&kept, &self.now());
        let state = self.kept.clone().unwrap();
        self.servers.github.change(|now| *now = state);
        self.servers.forget();
    }
}

/// A process that was orphaned by a kill may still write here for a moment.
fn remove(path: &Path) {
    for _ in 0..50 {
        if fs::remove_dir_all(path).is_ok() || !path.exists() {
            return;
        }
        std::thread::yield_now();
    }
    fs::remove_dir_all(path).unwrap();
}

/// With times and modes, into the directory `to`, which is made where it is missing.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let status = Command::new("cp")
        .arg("-a")
        .arg(from.join("."))
        .arg(to)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "cp -a {} {}",
        from.display(),
        to.display()
    );
}
