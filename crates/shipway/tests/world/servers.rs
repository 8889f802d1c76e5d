//! The destinations: real servers where a package ships one, fakes with state elsewhere, each behind a place for faults.

use fs_err as fs;
use shipway_testkit::git_http::GitHttp;
use shipway_testkit::github::GitHub;
use shipway_testkit::http::{Request, Server};
use shipway_testkit::mail::{MailSink, Received};
use shipway_testkit::proxy::Proxy;
use shipway_testkit::pypiserver::{self, PypiServer};
use shipway_testkit::webhook::WebhookSink;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The repository's name at the fake of GitHub.
pub const SLUG: &str = "acme/tiny";

pub struct Servers {
    /// Real pypiservers, and the proxies in front of them: faults go to the proxies.
    pub index: Index,
    pub test_index: Index,
    /// Real `git http-backend`, over the bare repositories of the world.
    pub git: Server,
    /// Looks tags and commits up in the world's remote.
    pub github: GitHub,
    pub mail: MailSink,
    pub webhook: WebhookSink,
    mails_before: AtomicUsize,
    calls_before: AtomicUsize,
}

/// A real package index with a proxy before it.
pub struct Index {
    pub proxy: Server,
    pub directory: PathBuf,
    real: PypiServer,
}

impl Index {
    fn start(program: &Path, directory: PathBuf) -> Self {
        let real = PypiServer::start(program, &directory).unwrap();
        let proxy = Server::start(Arc::new(Proxy::to(real.port())));
        Self {
            proxy,
            directory,
            real,
        }
    }

    /// Uploads go here.
    pub fn upload_url(&self) -> String {
        format!("{}/", self.proxy.url())
    }

    /// The simple API.
    pub fn simple_url(&self) -> String {
        format!("{}/simple/", self.proxy.url())
    }

    /// Name and bytes of every file that it holds.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(&self.directory).unwrap();
        entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

impl Servers {
    /// `now` is the directory with `index/`, `test-index/` and, later, `tiny.git/`.
    pub fn start(now: &Path) -> Self {
        let workspace = workspace();
        let program = pypiserver::find(None, &workspace)
            .unwrap_or_else(|| panic!("there is no pypiserver in .cache/test-venv: run bin/setup"));
        let github = GitHub::start(SLUG);
        github.change(|state| state.git = Some(now.join("tiny.git")));
        Self {
            index: Index::start(&program, now.join("index")),
            test_index: Index::start(&program, now.join("test-index")),
            git: Server::start(Arc::new(GitHttp::new(now))),
            github,
            mail: MailSink::start().unwrap(),
            webhook: WebhookSink::start(),
            mails_before: AtomicUsize::new(0),
            calls_before: AtomicUsize::new(0),
        }
    }

    pub fn remote_url(&self) -> String {
        format!("{}/tiny.git", self.git.url())
    }

    /// Messages since the last reset.
    pub fn mails(&self) -> Vec<Received> {
        let mut all = self.mail.messages();
        all.split_off(self.mails_before.load(Ordering::SeqCst))
    }

    /// Webhook calls since the last reset.
    pub fn calls(&self) -> Vec<Request> {
        let mut all = self.webhook.calls();
        all.split_off(self.calls_before.load(Ordering::SeqCst))
    }

    /// Every server over HTTP.
    pub fn over_http(&self) -> [&Server; 5] {
        [
            &self.index.proxy,
            &self.test_index.proxy,
            &self.git,
            self.github.server(),
            self.webhook.server(),
        ]
    }

    pub(super) fn forget(&self) {
        for server in self.over_http() {
            server.faults().clear();
        }
        let count = self.mail.messages().len();
        self.mails_before.store(count, Ordering::SeqCst);
        let count = self.webhook.calls().len();
        self.calls_before.store(count, Ordering::SeqCst);
    }
}

/// The top of the checkout.
pub fn workspace() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}
