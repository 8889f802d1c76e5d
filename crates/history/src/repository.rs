//! A git repository, read in process.
//!
//! Invariants: nothing is written; files come from commits, never from the working tree, so that line-end settings and
//! filters change nothing. What a person must mend (detached head, shallow clone, no name) is an error with a hint.
//!
//! Must not: talk to a remote, move a reference, or run a hook. One question is left to the git program: what is
//! uncommitted.

use crate::error::HistoryError;
use crate::graph::Graph;
use crate::objects::{CommitId, Objects};
use gix::bstr::ByteSlice as _;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;
use shipway_core::name::{Oid, RefName};
use shipway_core::plan::Person;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that would point git at another repository or another configuration (`git rev-parse --local-env-vars`).
const STEERING: [&str; 18] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_WORK_TREE",
];

/// Whose settings count beside the repository's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settings {
    /// Those of the user and of the machine, as git reads them.
    User,
    /// None: for servers and tests.
    RepositoryOnly,
}

/// An open repository.
pub struct Repository {
    pub(crate) git: gix::Repository,
    pub(crate) objects: Objects,
    pub(crate) graph: RefCell<Graph>,
    settings: Settings,
}

/// A file as a commit holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The blob.
    pub id: Oid,
    pub bytes: Vec<u8>,
}

/// Something in the working tree that is not in the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncommitted {
    /// Git's two letters: `M ` staged, ` M` changed, `??` untracked, …
    pub state: String,
    /// Relative to the top, with `/`; bytes that are no text are shown as U+FFFD.
    pub path: String,
}

impl Repository {
    /// Opens the repository that `path` is in, with the settings of the user.
    ///
    /// # Errors
    /// [`HistoryError::Open`].
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        Self::open_with(path, Settings::User)
    }

    /// Opens the repository that `path` is in: a working tree, a linked one, or a bare repository.
    ///
    /// # Errors
    /// [`HistoryError::Open`].
    pub fn open_with(path: &Path, settings: Settings) -> Result<Self, HistoryError> {
        let open = |source: gix::Error| HistoryError::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        let trust = match settings {
            Settings::User => gix::sec::trust::Mapping::default(),
            Settings::RepositoryOnly => gix::sec::trust::Mapping {
                full: gix::open::Options::isolated(),
                reduced: gix::open::Options::isolated(),
            },
        };
        let found = gix::ThreadSafeRepository::discover_opts(
            path,
            gix::discover::upwards::Options::default(),
            trust,
        );
        let git = found.map_err(open)?.to_thread_local();
        let kept_in = git.config_snapshot().string("extensions.refStorage");
        if kept_in.is_some_and(|format| format.eq_ignore_ascii_case(b"reftable")) {
            let path = path.to_owned();
            return Err(HistoryError::Reftable { path });
        }
        Ok(Self {
            objects: Objects::of(&git),
            graph: RefCell::new(Graph::open(&git)?),
            git,
            settings,
        })
    }

    /// The top of the working tree.
    ///
    /// # Errors
    /// [`HistoryError::Bare`].
    pub fn top(&self) -> Result<&Path, HistoryError> {
        self.git.workdir().ok_or(HistoryError::Bare)
    }

    /// The repository's own directory: `.git`, or that of the linked working tree in it.
    pub fn git_dir(&self) -> &Path {
        self.git.git_dir()
    }

    /// The directory that all working trees of the repository share.
    pub fn common_dir(&self) -> PathBuf {
        let common = self.git.common_dir();
        common.canonicalize().unwrap_or_else(|_| common.to_owned())
    }

    pub fn is_bare(&self) -> bool {
        self.git.workdir().is_none()
    }

    /// Whether the history was cut off when it was fetched. Questions that can be answered all the same are.
    pub fn is_shallow(&self) -> Result<bool, HistoryError> {
        let shallow = self.git.is_shallow();
        shallow.map_err(|source| HistoryError::read("the list of shallow commits", source))
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// [`HistoryError::NoCommit`] in a new repository.
    pub fn head(&self) -> Result<Oid, HistoryError> {
        let read = |source| HistoryError::read("HEAD", source);
        let mut head = self.git.head().map_err(read)?;
        let branch = head.referent_name().map(|name| name.shorten().to_string());
        match head.try_peel_to_id().map_err(read)? {
            Some(id) => CommitId(id.detach()).oid(),
            None => Err(HistoryError::NoCommit {
                branch: branch.unwrap_or_default(),
            }),
        }
    }

    /// The commit that a revision names: a tag, a branch, an id or its beginning (gitrevisions(7)).
    ///
    /// # Errors
    /// [`HistoryError::NoRevision`] where it names none, or several.
    pub fn resolve(&self, revision: &str) -> Result<Oid, HistoryError> {
        let unknown = |source: gix::Error| HistoryError::NoRevision {
            revision: revision.to_owned(),
            source: source.into(),
        };
        let found = self.git.rev_parse_single(revision).map_err(unknown)?;
        let commit = found
            .object()
            .and_then(|object| object.peel_to_kind(gix::objs::Kind::Commit))
            .map_err(unknown)?;
        Ok(Oid::new(commit.id.to_string())?)
    }

    /// The branch that is checked out.
    ///
    /// # Errors
    /// [`HistoryError::Detached`] where there is none.
    pub fn branch(&self) -> Result<RefName, HistoryError> {
        let name = self.git.head_name();
        match name.map_err(|source| HistoryError::read("HEAD", source))? {
            Some(name) => Ok(RefName::new(name.as_bstr().to_string())?),
            None => Err(HistoryError::Detached {
                commit: self.head()?,
            }),
        }
    }

    /// What a reference holds, unpeeled: for an annotated tag the tag object.
    pub fn reference(&self, name: &RefName) -> Result<Option<Oid>, HistoryError> {
        let read = |source| HistoryError::read(name.as_str(), source);
        let Some(mut reference) = self.git.try_find_reference(name.as_str()).map_err(read)? else {
            return Ok(None);
        };
        let id = reference.follow_to_object().map_err(read)?;
        CommitId(id.detach()).oid().map(Some)
    }

    /// Short names of all tags, sorted.
    pub fn tag_names(&self) -> Result<Vec<String>, HistoryError> {
        let read = |source| HistoryError::read("the tags", source);
        let references = self.git.references().map_err(read)?;
        let mut names = Vec::new();
        for reference in references.tags().map_err(read)? {
            let reference = reference.map_err(read)?;
            names.push(reference.name().shorten().to_str_lossy().into_owned());
        }
        Ok(names)
    }

    /// The file at `path` (relative to the top, with `/`) in a commit; `None` where there is nothing.
    ///
    /// # Errors
    /// [`HistoryError::NotAFile`] for directories, links and submodules.
    pub fn file(&self, commit: &Oid, path: &str) -> Result<Option<File>, HistoryError> {
        let CommitId(id) = CommitId::try_from(commit)?;
        let mut buffer = Vec::new();
        let mut tree = crate::paths::root(&self.objects, &mut buffer, id)?;
        let mut parts = path.split('/').peekable();
        let entry = loop {
            let Some(part) = parts.next() else {
                return Ok(None);
            };
            let data = self.objects.get(&tree, Kind::Tree, &mut buffer)?;
            let Some(entry) = crate::paths::entry(&tree, data, part)? else {
                return Ok(None);
            };
            let (mode, id) = entry;
            match (parts.peek(), mode.kind()) {
                (None, _) => break entry,
                (Some(_), EntryKind::Tree) => tree = id,
                (Some(_), _) => return Ok(None),
            }
        };
        let not_a_file = |what| HistoryError::NotAFile {
            path: path.to_owned(),
            commit: commit.clone(),
            what,
        };
        match entry.0.kind() {
            EntryKind::Blob | EntryKind::BlobExecutable => {}
            EntryKind::Tree => return Err(not_a_file("a directory")),
            EntryKind::Link => return Err(not_a_file("a symbolic link")),
            EntryKind::Commit => return Err(not_a_file("a submodule")),
        }
        let bytes = self.objects.get(&entry.1, Kind::Blob, &mut buffer)?;
        Ok(Some(File {
            id: CommitId(entry.1).oid()?,
            bytes: bytes.to_owned(),
        }))
    }

    /// What the working tree has and the last commit has not: changed, staged and untracked files. Ignored ones do not count.
    ///
    /// # Errors
    /// [`HistoryError::Bare`]; [`HistoryError::Program`] where git is missing.
    pub fn uncommitted(&self) -> Result<Vec<Uncommitted>, HistoryError> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.top()?);
        // A monitor is a program that the configuration names; looking needs none.
        command.args([
            "-c",
            "core.fsmonitor=false",
            "--no-optional-locks",
            "status",
        ]);
        command.args(["--porcelain=v1", "-z", "--untracked-files=normal"]);
        command.args(["--no-renames", "--ignore-submodules=none"]);
        for name in STEERING {
            command.env_remove(name);
        }
        if self.settings == Settings::RepositoryOnly {
            command
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null");
        }
        let output = command.env("LC_ALL", "C").stdin(Stdio::null()).output();
        let output = output.map_err(HistoryError::Program)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().replace(|c: char| c.is_control(), " ");
            return Err(HistoryError::Git {
                command: "status",
                said,
            });
        }
        Ok(uncommitted(&output.stdout))
    }

    /// Where a remote is pushed to, without password (and, for HTTP, without user and query).
    ///
    /// # Errors
    /// [`HistoryError::NoRemote`].
    pub fn remote_url(&self, name: &str) -> Result<String, HistoryError> {
        let missing = || HistoryError::NoRemote(name.to_owned());
        let remote = self.git.try_find_remote(name).ok_or_else(missing)?;
        let remote =
            remote.map_err(|source| HistoryError::read(format!("remote {name}"), source))?;
        let mut url = remote
            .url(gix::remote::Direction::Push)
            .ok_or_else(missing)?
            .clone();
        url.set_password(None);
        let http = matches!(url.scheme, gix::url::Scheme::Http | gix::url::Scheme::Https);
        if http {
            url.set_user(None);
        }
        let text = url.to_bstring().to_string();
        let kept = if http {
            text.split(['?', '#']).next()
        } else {
            None
        };
        Ok(kept.unwrap_or(&text).to_owned())
    }

    /// Who new commits are by: git's author settings.
    ///
    /// # Errors
    /// [`HistoryError::NoIdentity`].
    pub fn author(&self) -> Result<Person, HistoryError> {
        self.person(self.git.author())
    }

    /// Who makes new commits: git's committer settings.
    ///
    /// # Errors
    /// [`HistoryError::NoIdentity`].
    pub fn committer(&self) -> Result<Person, HistoryError> {
        self.person(self.git.committer())
    }

    fn person(
        &self,
        signature: Option<gix::Result<gix::actor::SignatureRef<'_>>>,
    ) -> Result<Person, HistoryError> {
        let (name, email) = if let Some(found) = signature {
            let found = found.map_err(|source| HistoryError::read("user.name", source))?;
            (plain(found.name), plain(found.email))
        } else {
            let set = self.git.config_snapshot().string("user.name").is_some();
            let missing = if set { "user.email" } else { "user.name" };
            return Err(HistoryError::NoIdentity(missing));
        };
        match (name.is_empty(), email.is_empty()) {
            (false, false) => Ok(Person { name, email }),
            (true, _) => Err(HistoryError::NoIdentity("user.name")),
            (_, true) => Err(HistoryError::NoIdentity("user.email")),
        }
    }
}

/// Without what git takes out of names and addresses too.
fn plain(text: &gix::bstr::BStr) -> String {
    let text = text.to_str_lossy();
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>') && !c.is_control())
        .collect();
    kept.trim().to_owned()
}

/// `XY path`, each ended by NUL.
fn uncommitted(porcelain: &[u8]) -> Vec<Uncommitted> {
    let entries = porcelain
        .split(|byte| *byte == 0)
        .filter(|entry| entry.len() > 3);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    entries
        .map(|entry| Uncommitted {
            state: text(&entry[..2]),
            path: text(&entry[3..]),
        })
        .collect()
}
