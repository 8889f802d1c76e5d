//! A fake GitHub with one of the four kinds of target set up for it.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

use serde_json::{Value, json};
use shipway_core::Digest;
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Failure, Item, Target, TargetSpec};
use shipway_core::time::Timestamp;
use shipway_targets::github::pulls::{self, MergedPull};
use shipway_targets::{Bytes, Context};
use shipway_testkit::github::{Asset, GitHub, Milestone, Release, TOKEN};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

pub const REPOSITORY: &str = "octo/driver";
pub const TAG: &str = "v1.1.0";
pub const COMMIT: &str = "1234567890abcdef1234567890abcdef12345678";
pub const REASON: &str = "it eats *data*";
pub const NOTES: &str = "### Added\n\n- größer\n";

/// The files that are attached: name and bytes.
pub const FILES: [(&str, &[u8]); 2] = [
    ("driver-1.1.0-py3-none-any.whl", b"wheel \0 bytes"),
    ("driver-1.1.0.tar.gz", b"sdist"),
];

struct Store(PathBuf);

impl Bytes for Store {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Ok(self.0.join(digest.as_str()))
    }
}

struct Token(&'static str);

impl Secrets for Token {
    fn resolve(&self, _: &SecretName) -> Result<Secret, Failure> {
        Ok(Secret::new(self.0))
    }
}

pub struct World {
    pub github: GitHub,
    pub kind: &'static str,
    /// Where the target finds the API: the fake, unless a proxy stands in front of it.
    pub api: String,
    dir: TempDir,
}

impl World {
    pub fn new(kind: &'static str) -> Self {
        Self::of(GitHub::start(REPOSITORY), kind)
    }

    pub fn of(github: GitHub, kind: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (_, bytes) in FILES {
            fs_err::write(dir.path().join(Digest::of(bytes).as_str()), bytes).unwrap();
        }
        Self {
            api: github.url(),
            github,
            kind,
            dir,
        }
    }

    /// The same GitHub, seen by another kind of target.
    pub fn seen_as(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub fn spec(&self) -> TargetSpec {
        TargetSpec {
            name: "github".to_owned(),
            kind: self.kind.to_owned(),
            place: format!("https://github.com/{REPOSITORY}"),
            settings: BTreeMap::from([
                ("api".to_owned(), json!(self.api)),
                ("repository".to_owned(), json!(REPOSITORY)),
            ]),
            secret: Some(SecretName("GITHUB_TOKEN".to_owned())),
        }
    }

    pub fn open(&self, spec: &TargetSpec, token: &'static str) -> Result<Box<dyn Target>, Failure> {
        shipway_targets::open(spec, &self.context(token))
    }

    fn context(&self, token: &'static str) -> Context {
        Context {
            repository: PathBuf::new(),
            bytes: Arc::new(Store(self.dir.path().to_owned())),
            secrets: Arc::new(Token(token)),
        }
    }

    pub fn merged_pulls(&self, since: Option<Timestamp>) -> Result<Vec<MergedPull>, Failure> {
        pulls::merged(&self.spec(), &self.context(TOKEN), since)
    }

    pub fn target(&self) -> Box<dyn Target> {
        self.open(&self.spec(), TOKEN).unwrap()
    }

    pub fn with_token(&self, token: &'static str) -> Box<dyn Target> {
        self.open(&self.spec(), token).unwrap()
    }

    pub fn items(&self) -> Vec<Item> {
        items(self.kind)
    }

    pub fn item(&self) -> Item {
        self.items().remove(0)
    }

    /// The step as a planner writes it.
    pub fn publish(&self) -> Publish {
        let capability = shipway_targets::capability(self.kind).unwrap();
        let items = if self.kind == "github-asset" {
            Items::Sealed {
                patterns: vec!["*".to_owned()],
                expected: Vec::new(),
                body: json!({"tag": TAG}),
            }
        } else {
            Items::Fixed(self.items())
        };
        Publish {
            target: self.spec(),
            items,
            reversal: capability.reversal,
            again: capability.again,
            settle: capability.settle,
            rehearsal: false,
            patience: Patience::default(),
        }
    }

    /// The draft as `github-draft` makes it.
    pub fn put_draft(&self) -> u64 {
        self.put(release(true))
    }

    pub fn put(&self, release: Release) -> u64 {
        self.github.change(|state| {
            let id = state.next_id;
            state.next_id += 1;
            state.releases.push(Release { id, ..release });
            id
        })
    }

    /// A file in the newest release.
    pub fn put_asset(&self, name: &str, state: &str, content: &[u8]) -> u64 {
        let (name, state, content) = (name.to_owned(), state.to_owned(), content.to_vec());
        self.github.change(|all| {
            let id = all.next_id;
            all.next_id += 1;
            let content_type = "application/octet-stream".to_owned();
            let asset = Asset {
                id,
                name,
                content_type,
                state,
                has_digest: true,
                content,
            };
            all.releases.last_mut().unwrap().assets.push(asset);
            id
        })
    }

    pub fn put_milestone(&self, title: &str, description: Option<&str>, open: bool) {
        self.github.change(|state| {
            let number = state.milestones.len() as u64 + 1;
            let (title, description) = (title.to_owned(), description.map(str::to_owned));
            state.milestones.push(Milestone {
                number,
                title,
                description,
                open,
            });
        });
    }

    /// Every write that reached the API: method and path.
    pub fn writes(&self) -> Vec<String> {
        let seen = self
            .github
            .server()
            .requests()
            .into_iter()
            .map(|seen| seen.request);
        seen.filter(|request| request.method != "GET")
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

/// The release that the items describe.
pub fn release(draft: bool) -> Release {
    Release {
        id: 0,
        tag: TAG.to_owned(),
        target: "main".to_owned(),
        name: "driver 1.1.0".to_owned(),
        notes: NOTES.to_owned(),
        draft,
        prerelease: false,
        immutable: false,
        make_latest: None,
        hidden_for: 0,
        assets: Vec::new(),
    }
}

pub fn items(kind: &str) -> Vec<Item> {
    let body = |kind: &str| -> Value {
        match kind {
            "github-draft" => json!({
                "tag": TAG, "commit": COMMIT, "name": "driver 1.1.0", "notes": NOTES, "prerelease": false,
            }),
            _ => json!({
                "tag": TAG, "commit": COMMIT, "name": "driver 1.1.0", "notes": NOTES, "prerelease": false,
                "latest": "true",
            }),
        }
    };
    match kind {
        "github-asset" => FILES
            .iter()
            .map(|(name, bytes)| file(name, bytes))
            .collect(),
        "github-milestone" => ["1.2.0", "2.0.0"]
            .map(|title| {
                Item::of_body(title, json!({"title": title, "description": "After 1.1.0"}))
            })
            .to_vec(),
        "github-withdrawn" => vec![Item::of_body(TAG, json!({"tag": TAG, "reason": REASON}))],
        kind => vec![Item::of_body(TAG, body(kind))],
    }
}

pub fn file(name: &str, bytes: &[u8]) -> Item {
    Item {
        name: name.to_owned(),
        digest: Digest::of(bytes),
        size: Some(bytes.len() as u64),
        body: json!({"tag": TAG}),
    }
}
