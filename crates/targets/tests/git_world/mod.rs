//! A repository, a bare remote and a second clone, all in one temporary directory, made by the real git.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

use shipway_core::Digest;
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::{Commit, GitTime, Person};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Failure, Item, Target, TargetSpec};
use shipway_targets::git::RefChange;
use shipway_targets::git::objects::{Draft, NewCommit};
use shipway_targets::{Bytes, Context};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

pub struct World {
    pub dir: TempDir,
    /// The user's repository, with the remote `origin`.
    pub repo: PathBuf,
    pub bare: PathBuf,
}

pub const AT: GitTime = GitTime {
    seconds: 1_795_255_200,
    offset: 3600,
};

pub fn person() -> Person {
    Person {
        name: "Zoë O'Neil".to_owned(),
        email: "zoe@example.org".to_owned(),
    }
}

impl World {
    pub fn new() -> Self {
        Self::of("sha1")
    }

    /// With object ids of this format.
    pub fn of(format: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (repo, bare) = (dir.path().join("repo"), dir.path().join("remote.git"));
        let world = Self { dir, repo, bare };
        let format = format!("--object-format={format}");
        let init = |options: &[&str]| {
            let words = [&["init", "-q", &format, "-b", "main"], options].concat();
            world.git(world.dir.path(), &words);
        };
        init(&["--bare", "remote.git"]);
        init(&["repo"]);
        let write = |path: &str, text: &str| {
            let path = world.repo.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        write("pkg/version.py", "__version__ = \"1.0.0\"\n");
        write(
            "pkg/deep/er/data.txt",
            "one\r\ntwo\r\nno newline at the end",
        );
        write("run.sh", "#!/bin/sh\nexit 0\n");
        write("README.md", "# a package\n");
        executable(&world.repo.join("run.sh"));
        std::os::unix::fs::symlink("README.md", world.repo.join("link.md")).unwrap();
        std::os::unix::fs::symlink("pkg", world.repo.join("linked")).unwrap();
        world.here(&["add", "-A"]);
        world.here(&["commit", "-q", "-m", "start"]);
        world.here(&["remote", "add", "origin", world.bare.to_str().unwrap()]);
        world.here(&["push", "-q", "origin", "main"]);
        world
    }

    /// Runs git in the user's repository and hands back what it printed.
    pub fn here(&self, arguments: &[&str]) -> String {
        self.git(&self.repo, arguments)
    }

    pub fn there(&self, arguments: &[&str]) -> String {
        self.git(&self.bare, arguments)
    }

    pub fn git(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(directory, arguments, None);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    pub fn try_git(&self, directory: &Path, arguments: &[&str], time: Option<&str>) -> Output {
        let time = time.unwrap_or("1700000000 +0000");
        Command::new("git")
            .args(arguments)
            .current_dir(directory)
            .env("HOME", self.dir.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", person().name)
            .env("GIT_AUTHOR_EMAIL", person().email)
            .env("GIT_COMMITTER_NAME", person().name)
            .env("GIT_COMMITTER_EMAIL", person().email)
            .env("GIT_AUTHOR_DATE", time)
            .env("GIT_COMMITTER_DATE", time)
            .output()
            .unwrap()
    }

    pub fn head(&self) -> Oid {
        self.id("HEAD")
    }

    pub fn id(&self, revision: &str) -> Oid {
        Oid::new(self.here(&["rev-parse", revision])).unwrap()
    }

    /// Where a reference of the remote stands; empty where it does not exist.
    pub fn remote_ref(&self, name: &str) -> String {
        let output = self.try_git(&self.bare, &["rev-parse", "--verify", "-q", name], None);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    pub fn local_ref(&self, name: &str) -> String {
        let output = self.try_git(&self.repo, &["rev-parse", "--verify", "-q", name], None);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    pub fn draft(&self) -> Draft {
        Draft::open(&self.repo).unwrap()
    }

    /// A commit on `parent` that sets the version.
    pub fn version_commit(draft: &Draft, parent: &Oid, version: &str) -> Commit {
        let person = person();
        let new = NewCommit {
            role: "release",
            parents: std::slice::from_ref(parent),
            author: &person,
            committer: &person,
            at: AT,
            message: "Prepare the release",
        };
        let text = format!("__version__ = \"{version}\"\n").into_bytes();
        draft
            .commit(&new, &[("pkg/version.py".to_owned(), text)])
            .unwrap()
    }

    /// Somebody else pushes a commit to a branch of the remote.
    pub fn somebody_pushes(&self, branch: &str) -> String {
        let clone = self.dir.path().join("clone");
        if !clone.exists() {
            let bare = self.bare.to_str().unwrap();
            self.git(
                self.dir.path(),
                &["clone", "-q", bare, clone.to_str().unwrap()],
            );
        }
        self.git(&clone, &["fetch", "-q"]);
        self.git(
            &clone,
            &["checkout", "-q", "-B", "work", &format!("origin/{branch}")],
        );
        self.git(
            &clone,
            &["commit", "-q", "--allow-empty", "-m", "somebody else's"],
        );
        self.git(
            &clone,
            &["push", "-q", "origin", &format!("HEAD:refs/heads/{branch}")],
        );
        self.git(&clone, &["rev-parse", "HEAD"])
    }

    pub fn context(&self) -> Context {
        Context {
            repository: self.repo.clone(),
            bytes: Arc::new(Nothing),
            secrets: Arc::new(Nothing),
        }
    }

    pub fn open(&self, kind: &str, remote: Option<&str>) -> Box<dyn Target> {
        self.try_open(kind, remote).unwrap()
    }

    pub fn try_open(&self, kind: &str, remote: Option<&str>) -> Result<Box<dyn Target>, Failure> {
        let settings = remote.map(|remote| ("remote".to_owned(), remote.into()));
        let spec = TargetSpec {
            name: kind.to_owned(),
            kind: kind.to_owned(),
            place: "the remote".to_owned(),
            settings: BTreeMap::from_iter(settings),
            secret: None,
        };
        shipway_targets::open(&spec, &self.context())
    }
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A hook of the remote that says no, or leaves a mark.
pub fn hook(repository: &Path, name: &str, script: &str) {
    let path = repository.join("hooks").join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    executable(&path);
}

pub fn change(name: &str, old: Option<&Oid>, new: &Oid) -> RefChange {
    RefChange {
        name: RefName::new(name).unwrap(),
        old: old.cloned(),
        new: new.clone(),
    }
}

pub fn item(refs: &[RefChange]) -> Item {
    Item::of_body("refs", serde_json::json!({ "refs": refs }))
}

struct Nothing;

impl Bytes for Nothing {
    fn path(&self, _: &Digest) -> Result<PathBuf, Failure> {
        Err(Failure::permanent("there are no artifacts here"))
    }
}

impl Secrets for Nothing {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        Err(Failure::denied(format!("there is no secret {name}")))
    }
}
