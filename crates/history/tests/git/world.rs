//! Real repositories in a directory of their own, made by git with nothing from outside: own HOME, fixed author and dates.

use shipway_core::config::Scheme;
use shipway_core::name::Oid;
use shipway_history::{ReleaseTag, Repository, Settings, TagPattern};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub struct World {
    dir: TempDir,
    clock: std::cell::Cell<i64>,
}

impl World {
    /// A directory with an empty repository `repo` on branch `main`.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with options for `git init`.
    pub fn with(options: &[&str]) -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
            clock: std::cell::Cell::new(1_700_000_000),
        };
        let init = [&["init", "-q", "-b", "main", "repo"], options].concat();
        world.git_in(world.dir.path(), &init);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    fn command(&self, dir: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().current_dir(dir).args(arguments);
        for (name, value) in [
            ("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin")),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ] {
            command.env(name, value);
        }
        let date = format!("@{} +0000", self.clock.get());
        command.env("HOME", self.dir.path());
        command
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        command
    }

    pub fn try_git_in(&self, dir: &Path, arguments: &[&str]) -> Output {
        self.command(dir, arguments).output().unwrap()
    }

    /// What git printed, without the last newline.
    pub fn git_in(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = self.try_git_in(dir, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repo(), arguments)
    }

    pub fn with_input(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut command = self.command(&self.repo(), arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// An empty commit, a minute after the one before.
    pub fn commit(&self, message: &str) -> Oid {
        self.at(self.clock.get() + 60);
        self.git(&[
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "-m",
            message,
        ]);
        self.id("HEAD")
    }

    /// Sets the clock of what git does next.
    pub fn at(&self, seconds: i64) {
        self.clock.set(seconds);
    }

    pub fn id(&self, name: &str) -> Oid {
        Oid::new(self.git(&["rev-parse", name])).unwrap()
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.repo().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }

    pub fn open(&self) -> Repository {
        Repository::open_with(&self.repo(), Settings::RepositoryOnly).unwrap()
    }
}

pub fn tags(repository: &Repository) -> Vec<ReleaseTag> {
    let pattern = TagPattern::new("v{version}").unwrap();
    repository.release_tags(&pattern, Scheme::Pep440).unwrap()
}

pub fn latest(repository: &Repository) -> Option<String> {
    let tags = tags(repository);
    let found = repository
        .latest(&repository.head().unwrap(), &tags)
        .unwrap();
    found.map(|tag| tag.name.short().to_owned())
}
