//! Real bare repositories in a directory of their own, made by git with nothing from outside: own HOME, given dates.

use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use shipway_train::facts::{Known, RepositoryFacts, TrainFacts};
use shipway_train::git::{Layout, Source, Sources, Train};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z; times of the tests are days after it.
pub const START: i64 = 1_767_225_600;

pub struct World {
    dir: TempDir,
}

/// A moment: so many days after the start, at noon.
pub fn day(day: i64) -> Timestamp {
    Timestamp((START + day * 86_400 + 43_200) * 1000)
}

impl World {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn git(&self, repository: &str, arguments: &[&str]) -> String {
        self.with_input(repository, arguments, b"")
    }

    pub fn with_input(&self, repository: &str, arguments: &[&str], input: &[u8]) -> String {
        let path = self.path(repository);
        let directory = if path.exists() {
            path
        } else {
            self.dir.path().to_owned()
        };
        let mut command = Command::new("git");
        command.env_clear().current_dir(directory).args(arguments);
        for (name, value) in [
            ("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin")),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ] {
            command.env(name, value);
        }
        command
            .env("HOME", self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// An empty bare repository.
    pub fn init(&self, repository: &str) {
        self.git(
            repository,
            &["init", "-q", "--bare", "-b", "main", repository],
        );
    }

    pub fn id(&self, repository: &str, revision: &str) -> Oid {
        Oid::new(self.git(repository, &["rev-parse", "--verify", revision])).unwrap()
    }

    /// Commits to a branch at noon of a day. A file's text may be `@commit ID` (a submodule), `@link PATH` or `@gone`.
    pub fn commit(
        &self,
        repository: &str,
        branch: &str,
        on: i64,
        message: &str,
        files: &[(&str, &str)],
    ) -> Oid {
        self.write(repository, branch, "Ada", on, message, files, &[])
    }

    pub fn commit_by(
        &self,
        repository: &str,
        branch: &str,
        author: &str,
        on: i64,
        message: &str,
        files: &[(&str, &str)],
    ) -> Oid {
        self.write(repository, branch, author, on, message, files, &[])
    }

    /// Merges a branch into another, with these files changed.
    pub fn merge(
        &self,
        repository: &str,
        branch: &str,
        other: &str,
        on: i64,
        files: &[(&str, &str)],
    ) -> Oid {
        let message = format!("Merge branch '{other}' into {branch}");
        self.write(repository, branch, "Ada", on, &message, files, &[other])
    }

    #[expect(clippy::too_many_arguments, reason = "one commit, with all its parts")]
    fn write(
        &self,
        repository: &str,
        branch: &str,
        author: &str,
        on: i64,
        message: &str,
        files: &[(&str, &str)],
        merges: &[&str],
    ) -> Oid {
        let seconds = day(on).seconds();
        let mut stream = format!(
            "commit refs/heads/{branch}\nauthor {author} <{author}@example.org> {seconds} +0000\ncommitter Ada <ada@example.org> {seconds} +0000\ndata {}\n{message}\n",
            message.len()
        );
        let here = self.git(
            repository,
            &["for-each-ref", &format!("refs/heads/{branch}")],
        );
        if !here.is_empty() {
            writeln!(stream, "from refs/heads/{branch}^0").unwrap();
        }
        for other in merges {
            writeln!(stream, "merge refs/heads/{other}^0").unwrap();
        }
        let mut stream = stream.into_bytes();
        for (path, text) in files {
            let (mode, text) = match text.split_once(' ') {
                Some(("@commit", id)) => {
                    stream.extend(format!("M 160000 {id} {path}\n").bytes());
                    continue;
                }
                Some(("@link", target)) => ("120000", target),
                _ if *text == "@gone" => {
                    stream.extend(format!("D {path}\n").bytes());
                    continue;
                }
                _ => ("100644", *text),
            };
            stream.extend(format!("M {mode} inline {path}\ndata {}\n{text}\n", text.len()).bytes());
        }
        self.with_input(repository, &["fast-import", "--quiet"], &stream);
        self.id(repository, &format!("refs/heads/{branch}"))
    }

    pub fn branch(&self, repository: &str, new: &str, old: &str) {
        self.git(
            repository,
            &["update-ref", &format!("refs/heads/{new}"), old],
        );
    }

    /// A tag: annotated if a day is given.
    pub fn tag(&self, repository: &str, name: &str, at: &str, on: Option<i64>) {
        let commit = self.id(repository, &format!("{at}^0"));
        let object = match on {
            None => commit.to_string(),
            Some(on) => {
                let text = format!(
                    "object {commit}\ntype commit\ntag {name}\ntagger Ada <ada@example.org> {} +0000\n\n{name}\n",
                    day(on).seconds()
                );
                self.with_input(repository, &["mktag"], text.as_bytes())
            }
        };
        self.git(
            repository,
            &["update-ref", &format!("refs/tags/{name}"), &object],
        );
    }

    pub fn source(&self, name: &str) -> Source {
        Source {
            name: name.to_owned(),
            path: self.path(name),
            urls: vec![format!("https://example.org/goose/goose-{name}")],
        }
    }

    pub fn sources(&self, members: &[&str]) -> Sources {
        Sources {
            engine: self.source("goose"),
            members: members.iter().map(|it| self.source(it)).collect(),
            layout: Layout::named("goose"),
        }
    }

    pub fn train(&self, members: &[&str]) -> Train {
        Train::read(&self.sources(members), None)
    }

    pub fn at(&self, members: &[&str], on: i64) -> TrainFacts {
        self.train(members).at(day(on))
    }

    /// The engine alone.
    pub fn engine(&self, on: i64) -> RepositoryFacts {
        known(self.at(&[], on).engine)
    }
}

pub fn known<T>(value: Known<T>) -> T {
    match value {
        Known::Known(value) => value,
        Known::Unknown(why) => panic!("{why}"),
    }
}

pub fn write(path: &Path, text: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}
