//! An index for tests: two package files, a target for them, and a server that may be made to fail.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

use flate2::Compression;
use flate2::write::GzEncoder;
use shipway_core::Digest;
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Failure, Item, Target, TargetSpec};
use shipway_targets::{Bytes, Context, open, pypi};
use shipway_testkit::contract::{Call, Possible, Trouble, World};
use shipway_testkit::http::Server;
use shipway_testkit::pypi::{Dialect, Index};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

const METADATA: &str = "Metadata-Version: 2.4\nName: My.Pkg\nVersion: 1.1.0\nSummary: a package\n\
    Classifier: Topic :: A\nClassifier: Topic :: B\nLicense-File: LICENSE\nRequires-Python: >=3.8\n\
    Description-Content-Type: text/markdown\n\n# Title\r\n--shipway\n";

/// A wheel whose content differs by `salt`.
pub fn wheel(salt: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        ("my_pkg/__init__.py", salt),
        ("my_pkg-1.1.0.dist-info/METADATA", METADATA),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn sdist(filler: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in [
        ("my_pkg-1.1.0/PKG-INFO", METADATA.as_bytes()),
        ("my_pkg-1.1.0/x", filler),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// Sealed files, by digest.
pub struct Store(pub TempDir);

impl Store {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn add(&self, name: &str, bytes: &[u8]) -> Item {
        let digest = Digest::of(bytes);
        fs_err::write(self.0.path().join(digest.as_str()), bytes).unwrap();
        Item {
            name: name.to_owned(),
            digest,
            size: Some(bytes.len() as u64),
            body: serde_json::json!({"version": "1.1.0"}),
        }
    }
}

impl Bytes for Store {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Ok(self.0.path().join(digest.as_str()))
    }
}

pub struct OneSecret;

impl Secrets for OneSecret {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        match name.0.as_str() {
            "GOOD" => Ok(Secret::new("pypi-good")),
            "BAD" => Ok(Secret::new("pypi-bad")),
            _ => Err(Failure::denied("missing").hinted("looked nowhere")),
        }
    }
}

fn spec(place: String, index: &str) -> TargetSpec {
    let settings = [("index", index), ("project", "my.PKG")]
        .map(|(key, value)| (key.to_owned(), serde_json::json!(value)));
    TargetSpec {
        name: "index".to_owned(),
        kind: "pypi".to_owned(),
        place,
        settings: BTreeMap::from(settings),
        secret: Some(SecretName("GOOD".to_owned())),
    }
}

/// Two files, and a target for them behind a server that may be made to fail.
pub struct Shop {
    pub store: Arc<Store>,
    pub items: Vec<Item>,
    pub server: Server,
    pub spec: TargetSpec,
    upload: &'static str,
}

impl Shop {
    pub fn new(server: Server, upload: &'static str) -> Self {
        let store = Arc::new(Store::new());
        let items = vec![
            store.add("my_pkg-1.1.0-py3-none-any.whl", &wheel("one")),
            store.add("my_pkg-1.1.0.tar.gz", &sdist(b"one")),
        ];
        let spec = spec(
            format!("{}{upload}", server.url()),
            &format!("{}/simple/", server.url()),
        );
        Self {
            store,
            items,
            server,
            spec,
            upload,
        }
    }

    pub fn target(&self) -> Box<dyn Target> {
        open(&self.spec, &self.context()).unwrap()
    }

    pub fn context(&self) -> Context {
        let bytes: Arc<dyn Bytes> = Arc::<Store>::clone(&self.store);
        Context {
            repository: PathBuf::new(),
            bytes,
            secrets: Arc::new(OneSecret),
        }
    }

    pub fn publish(&self) -> Publish {
        Publish {
            target: self.spec.clone(),
            items: Items::Sealed {
                patterns: vec!["dist/*".to_owned()],
                expected: vec![],
                body: serde_json::json!({"version": "1.1.0"}),
            },
            reversal: pypi::CAPABILITY.reversal,
            again: pypi::CAPABILITY.again,
            settle: pypi::CAPABILITY.settle,
            rehearsal: false,
            patience: Patience::default(),
        }
    }

    pub fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        match call {
            Call::Look => self.server.faults().on("GET", "/simple/", trouble.fault()),
            Call::Publish => self
                .server
                .faults()
                .on("POST", self.upload, trouble.fault()),
            Call::Retract => return Possible::No,
        };
        Possible::Yes
    }
}

/// The fake index.
pub struct Fake {
    pub index: Arc<Index>,
    pub shop: Shop,
}

impl Fake {
    pub fn new(dialect: Dialect, lag: u32) -> Self {
        let index = Arc::new(Index::new());
        index.speak(dialect);
        index.lag(lag);
        index.admit("__token__", "pypi-good");
        let handler: Arc<Index> = Arc::clone(&index);
        let shop = Shop::new(Server::start(handler), "/legacy/");
        Self { index, shop }
    }
}

impl World for Fake {
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
        let file = self.index.file(&item.name);
        usize::from(file.is_some_and(|file| Digest::of(&file.bytes) == item.digest))
    }

    fn corrupt(&self, item: &Item) -> Possible {
        self.index.put("my-pkg", &item.name, b"something else");
        Possible::Yes
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        self.shop.trouble(call, trouble)
    }
}
