//! The part of GitHub's REST API that a release touches, as a server with state.
//!
//! Invariants: requests and answers have the shapes of GitHub's own API description (checked by `bin/check-github-contract`); a
//! draft is seen in lists only, only by those who may write, and not before its lag is over; a published release can never become a draft
//! and, where the repository says so, never change again.
//!
//! Must not: be kinder than GitHub. What GitHub refuses, renames or hides is refused, renamed or hidden here.

mod routes;
mod shapes;
mod tags;

use crate::http::{Handler, Request, Response, Server};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The token that a new fake accepts.
pub const TOKEN: &str = "ghp_fakefakefakefakefakefakefakefakefake";

/// Everything that the fake knows: what a test looks at afterwards, and what it sets up before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// `owner/name`
    pub repository: String,
    pub permission: Permission,
    pub archived: bool,
    /// Releases cannot be changed once they are published.
    pub immutable_releases: bool,
    pub default_branch: String,
    /// Tags that were pushed, beside those of the repository in `git`.
    pub tags: BTreeMap<String, TagRef>,
    /// Commits that were pushed, beside those of the repository in `git`.
    pub commits: BTreeSet<String>,
    /// A bare repository in which tags and commits are looked up.
    pub git: Option<PathBuf>,
    pub releases: Vec<Release>,
    pub milestones: Vec<Milestone>,
    #[serde(default)]
    pub pulls: Vec<Pull>,
    /// Tags of immutable releases that were deleted: they can never be used again.
    pub burned_tags: BTreeSet<String>,
    /// How many lists a new draft is missing from.
    pub list_lag: u32,
    /// The most entries that one page of a list holds, whatever was asked for.
    pub page_limit: usize,
    pub next_id: u64,
    /// What stands before `/repos` in the address for uploads: GitHub has another host for them, and a server of one's own
    /// another path.
    pub upload_path: String,
}

/// What the token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// The repository does not exist for it.
    None,
    Read,
    Write,
}

/// What a tag names: for an annotated tag the object is the tag's own, otherwise both are the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagRef {
    pub object: String,
    pub commit: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub id: u64,
    pub tag: String,
    pub target: String,
    pub name: String,
    pub notes: String,
    pub draft: bool,
    pub prerelease: bool,
    pub immutable: bool,
    /// What the request that published it said about `latest`.
    pub make_latest: Option<String>,
    /// Lists that it is still missing from.
    pub hidden_for: u32,
    pub assets: Vec<Asset>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    pub content_type: String,
    /// `uploaded`, or `starter` where an upload was interrupted.
    pub state: String,
    /// Whether lists show a digest: GitHub computes none for assets from before June 2025.
    pub has_digest: bool,
    #[serde(with = "base64_text")]
    pub content: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    pub number: u64,
    pub title: String,
    pub description: Option<String>,
    pub open: bool,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub labels: Vec<String>,
    /// `None` where the account was deleted.
    pub author: Option<String>,
    pub open: bool,
    /// Where it was; one that is closed without it was turned down.
    pub merged_at: Option<String>,
    pub updated_at: String,
    pub merge_commit: Option<String>,
}

impl State {
    /// An empty repository whose default branch is `main`.
    pub fn new(repository: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            permission: Permission::Write,
            archived: false,
            immutable_releases: false,
            default_branch: "main".to_owned(),
            tags: BTreeMap::new(),
            commits: BTreeSet::new(),
            git: None,
            releases: Vec::new(),
            milestones: Vec::new(),
            pulls: Vec::new(),
            burned_tags: BTreeSet::new(),
            list_lag: 0,
            page_limit: 100,
            next_id: 1,
            upload_path: "/uploads".to_owned(),
        }
    }

    /// A tag that names a commit directly.
    pub fn push_tag(&mut self, tag: &str, commit: &str) {
        let commit = commit.to_owned();
        self.commits.insert(commit.clone());
        self.tags.insert(
            tag.to_owned(),
            TagRef {
                object: commit.clone(),
                commit,
            },
        );
    }

    /// All releases of this tag, drafts and published.
    pub fn releases_of(&self, tag: &str) -> Vec<&Release> {
        self.releases
            .iter()
            .filter(|release| release.tag == tag)
            .collect()
    }

    /// These pull requests, as a list shows them.
    pub fn shown_pulls(&self, numbers: &[u64]) -> serde_json::Value {
        let find = |number| self.pulls.iter().find(|pull| pull.number == number);
        let pulls = numbers.iter().filter_map(|number| find(*number));
        pulls
            .map(|pull| shapes::pull(self, "http://127.0.0.1", pull))
            .collect()
    }

    pub(crate) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

/// How to start a fake.
#[derive(Clone, Debug)]
pub struct Setup {
    pub state: State,
    pub token: String,
    /// Where the state is written after each change, and read from at the start where it exists.
    pub state_file: Option<PathBuf>,
    /// What the answers' URLs begin with, where it is not the server's own URL: a proxy stands in front.
    pub public_url: Option<String>,
}

impl Setup {
    pub fn new(repository: &str) -> Self {
        Self {
            state: State::new(repository),
            token: TOKEN.to_owned(),
            state_file: None,
            public_url: None,
        }
    }
}

struct World {
    state: Mutex<State>,
    token: String,
    state_file: Option<PathBuf>,
    public_url: Option<String>,
    /// Answers that are given instead of the right ones, to the next requests.
    instead: Mutex<VecDeque<Response>>,
}

/// A running fake; it stops when it is dropped.
pub struct GitHub {
    world: Arc<World>,
    server: Server,
}

impl GitHub {
    /// With an empty repository and [`TOKEN`].
    pub fn start(repository: &str) -> Self {
        let setup = Setup::new(repository);
        let world = World {
            state: Mutex::new(setup.state),
            token: setup.token,
            state_file: None,
            public_url: None,
            instead: Mutex::default(),
        };
        Self::serve(world)
    }

    /// # Errors
    /// The state file is there and cannot be read, or holds something else.
    pub fn with(setup: Setup) -> std::io::Result<Self> {
        let mut state = setup.state;
        if let Some(file) = setup.state_file.as_deref().filter(|file| file.exists()) {
            let read: State = serde_json::from_slice(&fs_err::read(file)?)?;
            state = State {
                git: state.git,
                ..read
            };
        }
        Ok(Self::serve(World {
            state: Mutex::new(state),
            token: setup.token,
            state_file: setup.state_file,
            public_url: setup.public_url,
            instead: Mutex::default(),
        }))
    }

    fn serve(world: World) -> Self {
        let world = Arc::new(world);
        let server = Server::start(world.clone());
        Self { world, server }
    }

    /// The API's address, without a final `/`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// For faults and for what was asked.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A copy of everything it knows.
    pub fn state(&self) -> State {
        lock(&self.world.state).clone()
    }

    /// Changes what it knows, as somebody else at GitHub's website would.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut lock(&self.world.state))
    }

    /// The next request gets this answer and has no effect.
    pub fn answer_instead(&self, answer: Response) {
        lock(&self.world.instead).push_back(answer);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Handler for World {
    fn handle(&self, request: &Request) -> Response {
        if let Some(answer) = lock(&self.instead).pop_front() {
            return answer;
        }
        let host = request.header("host").unwrap_or("127.0.0.1");
        let url = self
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{host}"));
        let mut state = lock(&self.state);
        let before = state.clone();
        let answer = routes::answer(&mut state, &self.token, &url, request);
        if *state != before
            && let Some(file) = &self.state_file
            && let Err(error) = write_state(file, &state)
        {
            *state = before;
            return Response::text(500, format!("the state cannot be written: {error}"));
        }
        answer.with("X-GitHub-Media-Type", "github.v3; format=json")
    }

    fn stale(&self, request: &Request) -> Response {
        let path = request.path.trim_end_matches('/');
        let is_list = ["/releases", "/assets", "/milestones", "/pulls"]
            .iter()
            .any(|end| path.ends_with(end));
        if is_list {
            Response::json(200, &serde_json::json!([]))
        } else {
            shapes::not_found()
        }
    }
}

/// Never half a file: whoever kills the fake finds the old state or the new one.
fn write_state(file: &Path, state: &State) -> std::io::Result<()> {
    let new = file.with_extension("new");
    fs_err::write(&new, serde_json::to_vec_pretty(state)?)?;
    fs_err::rename(&new, file)
}

mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}
