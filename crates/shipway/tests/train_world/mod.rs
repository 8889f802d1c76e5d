//! A train in a temporary directory, made by `examples/goose/make-train`, and the real binary beside it.
//!
//! Invariants: everything is below one directory; the binary sees an environment that the yard made and no other.
//!
//! Must not: know what a test is about.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world cannot be made"
)]

use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

/// The whole train: an engine and two dozen members, each repository the remote of itself.
static WHOLE: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    make(&dir.path().join("train"), &[]);
    dir
});

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ran {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Stops the test unless this was the exit code.
    #[track_caller]
    pub fn must(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Stops the test unless standard output or error has each of these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stdout.contains(text) || self.stderr.contains(text),
                "{text:?} is missing in:\n{}\n{}",
                self.stdout,
                self.stderr
            );
        }
        self
    }

    /// The value of the first document on standard output.
    #[track_caller]
    pub fn value(&self, kind: &str) -> serde_json::Value {
        let mut documents =
            serde_json::Deserializer::from_str(&self.stdout).into_iter::<serde_json::Value>();
        let document = documents.next().unwrap().unwrap();
        assert_eq!(document["kind"], kind, "{self:?}");
        document["value"].clone()
    }
}

pub struct Yard {
    dir: TempDir,
    kept: Option<PathBuf>,
}

impl Yard {
    /// The whole train.
    pub fn whole() -> Self {
        let yard = Self::empty();
        copy(&WHOLE.path().join("train"), &yard.train());
        yard
    }

    /// Two members, and mirrors of repositories of their own.
    pub fn small() -> Self {
        let yard = Self::empty();
        make(&yard.train(), &["--members", "2", "--remotes"]);
        yard
    }

    fn empty() -> Self {
        let yard = Self {
            dir: tempfile::Builder::new().prefix("yard").tempdir().unwrap(),
            kept: None,
        };
        for name in ["now/home", "tmp"] {
            fs::create_dir_all(yard.dir.path().join(name)).unwrap();
        }
        // One binary through the whole test, also where somebody builds another one meanwhile.
        let binary = yard.dir.path().join("shipway");
        fs::hard_link(env!("CARGO_BIN_EXE_shipway"), &binary)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_shipway"), &binary).map(drop))
            .unwrap();
        fs::write(
            yard.now().join("home/.gitconfig"),
            "[user]\n\tname = Ines Albrecht\n\temail = ines@example.org\n",
        )
        .unwrap();
        yard
    }

    fn now(&self) -> PathBuf {
        self.dir.path().join("now")
    }

    /// Where `train.toml` is.
    pub fn train(&self) -> PathBuf {
        self.now().join("train")
    }

    pub fn home(&self) -> PathBuf {
        self.now().join("home")
    }

    pub fn repository(&self, path: &str) -> PathBuf {
        self.train().join(format!("{path}.git"))
    }

    /// What stands now is what [`Self::reset`] brings back, at the same place.
    pub fn keep(&mut self) {
        let kept = self.dir.path().join("kept");
        copy(&self.now(), &kept);
        self.kept = Some(kept);
    }

    pub fn reset(&self) {
        fs::remove_dir_all(self.now()).unwrap();
        copy(self.kept.as_ref().unwrap(), &self.now());
    }

    /// Writes `train.toml` anew, with some of its text replaced.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.train().join("train.toml");
        fs::write(&path, replaced(&path, from, to)).unwrap();
    }

    /// Another train file beside the first, with some of its text replaced; hands back its name.
    #[track_caller]
    pub fn variant(&self, name: &str, from: &str, to: &str) -> String {
        let text = replaced(&self.train().join("train.toml"), from, to);
        fs::write(self.train().join(name), text).unwrap();
        name.to_owned()
    }

    /// Runs `shipway` in the train's directory to its end.
    pub fn shipway(&self, arguments: &[&str]) -> Ran {
        self.shipway_with(&[], arguments)
    }

    /// The same with further variables.
    pub fn shipway_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = Command::new(self.dir.path().join("shipway"));
        let output = command
            .args(arguments)
            .current_dir(self.train())
            .env_clear()
            .env("PATH", variable("PATH"))
            .env("HOME", self.home())
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("USER", "ines")
            .env("SHIPWAY_STATE", self.now().join("state"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        ran(&output)
    }

    /// `shipway train … --at` the last day of the train's history.
    pub fn at_the_end(&self, arguments: &[&str]) -> Ran {
        let all = [&["train", "--at", "2026-07-01"], arguments].concat();
        self.shipway(&all)
    }

    /// Runs git in a repository and hands back what it printed, without the last line end.
    #[track_caller]
    pub fn git(&self, repository: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.repository(repository))
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        let ran = ran(&output).must(0);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// Every reference of every repository of the train.
    pub fn references(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for place in ["mirrors", "upstream"] {
            let Ok(repositories) = fs::read_dir(self.train().join(place)) else {
                continue;
            };
            for entry in repositories {
                let file = entry.unwrap().file_name().into_string().unwrap();
                let name = format!("{place}/{}", file.trim_end_matches(".git"));
                let format = "--format=%(refname) %(objectname)";
                for line in self.git(&name, &["for-each-ref", format]).lines() {
                    let (reference, object) = line.split_once(' ').unwrap();
                    all.insert(format!("{name} {reference}"), object.to_owned());
                }
            }
        }
        assert!(!all.is_empty());
        all
    }
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[track_caller]
fn replaced(path: &Path, from: &str, to: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from:?} is not in {}", path.display());
    text.replacen(from, to, 1)
}

fn make(place: &Path, more: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/goose/make-train");
    fs::create_dir_all(place).unwrap();
    let output = Command::new("python3")
        .arg(script)
        .arg(place)
        .args(more)
        .env_clear()
        .env("PATH", variable("PATH"))
        .env("HOME", place)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    ran(&output).must(0);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let output = Command::new("cp")
        .arg("-a")
        .arg(from.join("."))
        .arg(to)
        .output()
        .unwrap();
    ran(&output).must(0);
}

#[expect(
    clippy::disallowed_methods,
    reason = "git, python and the shell are where the caller of the tests has them"
)]
fn variable(name: &str) -> std::ffi::OsString {
    std::env::var_os(name).unwrap_or_default()
}
