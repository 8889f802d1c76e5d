//! The contract of targets for the index: against a fake in three dialects, and against the real pypiserver where it is
//! installed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its world cannot be made, and says when it is skipped"
)]

mod pypi_world;

use pypi_world::{Fake, Shop};
use shipway_core::plan::Publish;
use shipway_core::target::{Item, Target};
use shipway_core::{Digest, event::End};
use shipway_testkit::contract::{self, Call, Engine, Possible, Rested, Trouble, World};
use shipway_testkit::faults::Fault;
use shipway_testkit::http::Server;
use shipway_testkit::proxy::Proxy;
use shipway_testkit::pypi::Dialect;
use shipway_testkit::pypiserver::{self, PypiServer};
use shipway_testkit::target_contract;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

target_contract!(json, || Fake::new(Dialect::JsonAndHtml, 0));
target_contract!(json_with_lag, || Fake::new(Dialect::JsonAndHtml, 2));
target_contract!(html, || Fake::new(Dialect::Html, 0));
target_contract!(html_without_hashes, || Fake::new(
    Dialect::HtmlWithoutHashes,
    0
));

/// The real server behind a proxy that may be made to fail. Each world begins with an empty directory.
struct Real {
    directory: PathBuf,
    shop: Shop,
}

impl Real {
    fn new(server: &PypiServer) -> Self {
        let directory = server.directory().to_owned();
        for file in fs_err::read_dir(&directory).unwrap() {
            fs_err::remove_file(file.unwrap().path()).unwrap();
        }
        let front = Server::start(Arc::new(Proxy::to(server.port())));
        Self {
            directory,
            shop: Shop::new(front, "/"),
        }
    }
}

impl World for Real {
    fn target(&self) -> Box<dyn Target> {
        self.shop.target()
    }

    fn publish(&self) -> Publish {
        self.shop.publish()
    }

    fn items(&self) -> Vec<Item> {
        self.shop.items.clone()
    }

    fn count(&self, item: &Item) -> usize {
        let bytes = fs_err::read(self.directory.join(&item.name));
        usize::from(bytes.is_ok_and(|bytes| Digest::of(&bytes) == item.digest))
    }

    fn corrupt(&self, item: &Item) -> Possible {
        fs_err::write(self.directory.join(&item.name), b"something else").unwrap();
        Possible::Yes
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        self.shop.trouble(call, trouble)
    }
}

/// The real server, or the news that it is not installed.
fn real_server() -> Option<(PypiServer, TempDir)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the server is, is the test environment's business"
    )]
    let named = std::env::var_os("SHIPWAY_TEST_PYPISERVER");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(program) = pypiserver::find(named, &workspace) else {
        println!("skipped: pypiserver is not installed (SHIPWAY_TEST_PYPISERVER names it)");
        return None;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = PypiServer::start(&program, directory.path()).unwrap();
    Some((server, directory))
}

#[test]
fn the_contract_against_the_real_server() {
    if let Some((server, _directory)) = real_server() {
        contract::every_rule(&|| Real::new(&server));
    }
}

/// The five transient faults that uploads really meet.
const TRANSIENT: [(&str, Fault); 5] = [
    ("500 after the effect", Fault::StatusAfter(500)),
    ("504 after the effect", Fault::StatusAfter(504)),
    ("reset after the effect", Fault::ResetAfter),
    (
        "429",
        Fault::TooMany {
            retry_after_seconds: Some(2),
        },
    ),
    ("reset before", Fault::ResetBefore),
];

fn survives_all_five<W: World>(make: impl Fn() -> W, shop: impl Fn(&W) -> &Shop) {
    let mut right = Vec::new();
    for (name, fault) in TRANSIENT {
        let world = make();
        shop(&world).server.faults().on("POST", "/", fault);
        let mut engine = Engine::new(&world, 1);
        let rested = engine.start();
        let there = world.items().iter().all(|item| world.count(item) == 1);
        let met = shop(&world).server.faults().pending().is_empty();
        if rested == Rested::Ended(End::Released) && there && met {
            right.push(name);
        }
    }
    assert_eq!(right.len(), 5, "only {right:?}");
}

#[test]
fn five_of_five_transient_faults_on_the_fake() {
    survives_all_five(|| Fake::new(Dialect::JsonAndHtml, 0), |world| &world.shop);
}

#[test]
fn five_of_five_transient_faults_on_the_real_server() {
    if let Some((server, _directory)) = real_server() {
        survives_all_five(|| Real::new(&server), |world| &world.shop);
    }
}
