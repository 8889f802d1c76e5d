//! The index target against a fake index in three dialects, and against the real pypiserver where it is installed.

use flate2::Compression;
use flate2::write::GzEncoder;
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{
    Credential, Failure, FailureKind, Item, Presence, Receipt, Survey, Target, TargetSpec,
};
use shipway_core::{Digest, event::End};
use shipway_targets::{Bytes, Context, open, pypi};
use shipway_testkit::contract::{self, Call, Engine, Possible, Rested, Trouble, World};
use shipway_testkit::faults::Fault;
use shipway_testkit::http::Server;
use shipway_testkit::proxy::Proxy;
use shipway_testkit::pypi::{Dialect, Index};
use shipway_testkit::pypiserver::{self, PypiServer};
use shipway_testkit::target_contract;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const METADATA: &str = "Metadata-Version: 2.4\nName: My.Pkg\nVersion: 1.1.0\nSummary: a package\n\
    Classifier: Topic :: A\nClassifier: Topic :: B\nLicense-File: LICENSE\nRequires-Python: >=3.8\n\
    Description-Content-Type: text/markdown\n\n# Title\r\n--shipway\n";

/// A wheel whose content differs by `salt`.
fn wheel(salt: &str) -> Vec<u8> {
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

fn sdist(filler: &[u8]) -> Vec<u8> {
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
struct Store(TempDir);

impl Store {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn add(&self, name: &str, bytes: &[u8]) -> Item {
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

struct OneSecret;

impl Secrets for OneSecret {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        match name.0.as_str() {
            "GOOD" => Ok(Secret::new("pypi-good")),
            "BAD" => Ok(Secret::new("pypi-bad")),
            _ => Err(Failure::denied("missing").hinted("looked nowhere")),
        }
    }
}

fn spec(place: String, index: String) -> TargetSpec {
    let settings = [("index", index.as_str()), ("project", "my.PKG")]
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
struct Shop {
    store: Arc<Store>,
    items: Vec<Item>,
    server: Server,
    spec: TargetSpec,
    upload: &'static str,
}

impl Shop {
    fn new(server: Server, upload: &'static str) -> Self {
        let store = Arc::new(Store::new());
        let items = vec![
            store.add("my_pkg-1.1.0-py3-none-any.whl", &wheel("one")),
            store.add("my_pkg-1.1.0.tar.gz", &sdist(b"one")),
        ];
        let spec = spec(
            format!("{}{upload}", server.url()),
            format!("{}/simple/", server.url()),
        );
        Self {
            store,
            items,
            server,
            spec,
            upload,
        }
    }

    fn target(&self) -> Box<dyn Target> {
        let bytes: Arc<dyn Bytes> = Arc::<Store>::clone(&self.store);
        let context = Context {
            repository: PathBuf::new(),
            bytes,
            secrets: Arc::new(OneSecret),
        };
        open(&self.spec, &context).unwrap()
    }

    fn publish(&self) -> Publish {
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

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
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
struct Fake {
    index: Arc<Index>,
    shop: Shop,
}

impl Fake {
    fn new(dialect: Dialect, lag: u32) -> Self {
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

fn survives_all_five(make: &dyn Fn() -> (Box<dyn World>, Box<dyn Fn(Fault)>)) {
    let mut right = Vec::new();
    for (name, fault) in TRANSIENT {
        let (world, inject) = make();
        inject(fault);
        let mut engine = Engine::new(world.as_ref(), 1);
        let rested = engine.start();
        let there = world.items().iter().all(|item| world.count(item) == 1);
        if rested == Rested::Ended(End::Released) && there {
            right.push(name);
        }
    }
    assert_eq!(right.len(), 5, "only {right:?}");
}

#[test]
fn five_of_five_transient_faults_on_the_fake() {
    survives_all_five(&|| {
        let world = Arc::new(Fake::new(Dialect::JsonAndHtml, 0));
        let front = Arc::clone(&world);
        let inject = move |fault| {
            front.shop.server.faults().on("POST", "/", fault);
        };
        (Box::new(Shared(world)), Box::new(inject))
    });
}

#[test]
fn five_of_five_transient_faults_on_the_real_server() {
    if let Some((server, _directory)) = real_server() {
        survives_all_five(&|| {
            let world = Arc::new(Real::new(&server));
            let front = Arc::clone(&world);
            let inject = move |fault| {
                front.shop.server.faults().on("POST", "/", fault);
            };
            (Box::new(Shared(world)), Box::new(inject))
        });
    }
}

/// A world with two owners.
struct Shared<W>(Arc<W>);

impl<W: World> World for Shared<W> {
    fn target(&self) -> Box<dyn Target> {
        self.0.target()
    }

    fn publish(&self) -> Publish {
        self.0.publish()
    }

    fn items(&self) -> Vec<Item> {
        self.0.items()
    }

    fn count(&self, item: &Item) -> usize {
        self.0.count(item)
    }

    fn corrupt(&self, item: &Item) -> Possible {
        self.0.corrupt(item)
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        self.0.trouble(call, trouble)
    }
}

#[test]
fn the_form_holds_what_the_package_says() {
    let fake = Fake::new(Dialect::JsonAndHtml, 0);
    let target = fake.target();
    for item in fake.items() {
        target.publish(&item).unwrap();
        let file = fake.index.file(&item.name).unwrap();
        assert_eq!(file.project, "my-pkg");
        assert_eq!(file.field("name"), ["My.Pkg"]);
        assert_eq!(file.field("classifiers"), ["Topic :: A", "Topic :: B"]);
        assert_eq!(file.field("license_file"), ["LICENSE"]);
        assert_eq!(file.field("requires_python"), [">=3.8"]);
        assert_eq!(file.field("description"), ["# Title\r\n--shipway\n"]);
        assert_eq!(file.field("sha256_digest"), [item.digest.as_str()]);
    }
    let wheel = fake.index.file(&fake.items()[0].name).unwrap();
    assert_eq!(
        (wheel.field("filetype"), wheel.field("pyversion")),
        (vec!["bdist_wheel"], vec!["py3"])
    );
    let sdist = fake.index.file(&fake.items()[1].name).unwrap();
    assert_eq!(
        (sdist.field("filetype"), sdist.field("pyversion")),
        (vec!["sdist"], vec!["source"])
    );
}

#[test]
fn a_file_of_some_megabytes_survives_a_reset_in_the_middle() {
    let fake = Fake::new(Dialect::Html, 0);
    let mut noise = vec![0; 6 << 20];
    getrandom::fill(&mut noise).unwrap();
    let item = fake.shop.store.add("my_pkg-1.1.0.tar.gz", &sdist(&noise));
    let target = fake.target();
    fake.shop
        .server
        .faults()
        .on("POST", "/legacy/", Fault::ResetBefore);
    let failure = target.publish(&item).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    assert_eq!(target.observe(&item), Ok(Presence::Absent));
    target.publish(&item).unwrap();
    assert!(matches!(target.observe(&item), Ok(Presence::Same { .. })));
}

#[test]
fn refusals_say_what_a_person_can_mend() {
    let mut fake = Fake::new(Dialect::JsonAndHtml, 0);
    let item = fake.items().remove(0);
    let denied = |fake: &Fake, hint: &str| {
        let failure = fake.target().publish(&item).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
        let said = failure.hint.clone().unwrap();
        assert!(said.contains(hint), "{failure:?}");
        assert!(!format!("{failure:?}").contains("pypi-bad"));
        failure
    };
    fake.shop.spec.secret = Some(SecretName("BAD".to_owned()));
    let failure = denied(&fake, "may its owner upload to my-pkg");
    assert!(
        failure.message.contains("403, 403 Invalid or non-existent"),
        "{failure}"
    );
    fake.shop
        .server
        .faults()
        .on("POST", "/legacy/", Fault::StatusBefore(401));
    denied(
        &fake,
        "does not accept the secret BAD for the user __token__",
    );
    fake.shop.spec.secret = Some(SecretName("GONE".to_owned()));
    denied(&fake, "looked nowhere");

    fake.shop.spec.secret = Some(SecretName("GOOD".to_owned()));
    fake.shop.spec.place = format!("{}/simple/", fake.shop.server.url());
    denied(&fake, "is where the index is read");
    fake.shop.spec.place = format!("{}/legacy/x", fake.shop.server.url());
    denied(&fake, "/legacy/x the address for uploads");
    assert_eq!(fake.index.names().len(), 0);
}

#[test]
fn an_upload_that_is_always_refused_ends_with_the_refusal() {
    let fake = Fake::new(Dialect::JsonAndHtml, 0);
    for _ in 0..2 * fake.publish().patience.attempts {
        fake.shop
            .server
            .faults()
            .on("POST", "/legacy/", Fault::StatusBefore(400));
    }
    let mut engine = Engine::new(&fake, 1);
    assert_ne!(engine.start(), Rested::Ended(End::Released));
    assert!((6..=12).contains(&engine.intents()), "{}", engine.story());
    let view = engine.run().view(&contract::publishing());
    assert!(
        format!("{view:?}").contains("this server has a bad day"),
        "{view:?}"
    );
}

#[test]
fn what_is_wrong_on_our_side_never_leaves() {
    let fake = Fake::new(Dialect::JsonAndHtml, 0);
    let target = fake.target();
    let mut swapped = fake.items().remove(0);
    let other = wheel("other");
    fs_err::write(
        fake.shop.store.0.path().join(swapped.digest.as_str()),
        &other,
    )
    .unwrap();
    let failure = target.publish(&swapped).unwrap_err();
    assert!(
        failure.message.contains("not those that were sealed"),
        "{failure}"
    );

    swapped = fake.shop.store.add("my_pkg-1.1.0.zip", &other);
    assert_eq!(
        target.publish(&swapped).unwrap_err().kind,
        FailureKind::Permanent
    );
    swapped = fake.shop.store.add("my_pkg-1.1.0.tar.gz", b"no archive");
    assert_eq!(
        target.publish(&swapped).unwrap_err().kind,
        FailureKind::Permanent
    );

    let mut spec = fake.shop.spec.clone();
    spec.settings
        .insert("project".to_owned(), serde_json::json!("another"));
    let bytes: Arc<dyn Bytes> = Arc::<Store>::clone(&fake.shop.store);
    let context = Context {
        repository: PathBuf::new(),
        bytes,
        secrets: Arc::new(OneSecret),
    };
    let another = open(&spec, &context).unwrap();
    let item = fake.items().remove(1);
    let failure = another.publish(&item).unwrap_err();
    assert!(failure.message.contains("a package of My.Pkg"), "{failure}");
    assert_eq!(fake.shop.server.requests().len(), 0);

    for (key, value) in [
        ("index", "https://h/simple"),
        ("index", ""),
        ("project", "../x"),
        ("user", "x"),
    ] {
        let mut spec = fake.shop.spec.clone();
        spec.settings
            .insert(key.to_owned(), serde_json::json!(value));
        assert!(open(&spec, &context).is_err(), "{key} {value:?}");
    }
}

#[test]
fn a_yanked_file_is_not_what_was_released() {
    for dialect in [
        Dialect::JsonAndHtml,
        Dialect::Html,
        Dialect::HtmlWithoutHashes,
    ] {
        let fake = Fake::new(dialect, 0);
        let item = fake.items().remove(0);
        fake.target().publish(&item).unwrap();
        fake.index.yank(&item.name, "a \"bad\" build");
        let presence = fake.target().observe(&item);
        let Ok(Presence::Different { found }) = presence else {
            unreachable!("{presence:?}");
        };
        assert!(found.ends_with("yanked (a \"bad\" build)"), "{found}");
    }
}

#[test]
fn an_index_that_answers_strangely_is_never_absent() {
    let fake = Fake::new(Dialect::JsonAndHtml, 0);
    let item = fake.items().remove(0);
    let target = fake.target();
    target.publish(&item).unwrap();
    for fault in [
        Fault::TruncatedBody,
        Fault::StatusAfter(200),
        Fault::StatusAfter(301),
        Fault::StatusAfter(410),
        Fault::ResetAfter,
        Fault::StatusBefore(503),
    ] {
        fake.shop
            .server
            .faults()
            .on("GET", "/simple/", fault.clone());
        let presence = target.observe(&item);
        assert!(presence.is_err(), "{fault:?}: {presence:?}");
    }
    assert!(matches!(target.observe(&item), Ok(Presence::Same { .. })));
}

#[test]
fn a_survey_tells_what_is_there() {
    let mut fake = Fake::new(Dialect::JsonAndHtml, 0);
    let to_build = Item::of_body("dist/*", serde_json::json!({"version": "1.1"}));
    let survey = fake
        .target()
        .survey(std::slice::from_ref(&to_build))
        .unwrap();
    assert_eq!(survey.found, []);
    assert_eq!(survey.notes, ["my-pkg is new on this index"]);
    assert_eq!(survey.credential, Credential::Untried);

    fake.index.put("my-pkg", "my_pkg-1.0.0.tar.gz", b"old");
    for item in fake.items() {
        fake.target().publish(&item).unwrap();
    }
    fake.index.yank("my_pkg-1.1.0.tar.gz", "");
    fake.shop.spec.secret = Some(SecretName("GONE".to_owned()));
    let Survey { found, notes, .. } = fake.target().survey(&[to_build]).unwrap();
    let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(
        names,
        ["my_pkg-1.1.0-py3-none-any.whl", "my_pkg-1.1.0.tar.gz"]
    );
    assert_eq!(found[0].what, fake.items()[0].digest.as_str());
    assert_eq!(
        notes,
        ["missing: looked nowhere", "my_pkg-1.1.0.tar.gz is yanked"]
    );
    fake.shop.spec.secret = None;
    assert_eq!(
        fake.target().survey(&[]).unwrap().credential,
        Credential::NotNeeded
    );
}

#[test]
fn secrets_are_resolved_in_the_call_that_needs_them() {
    struct Counting(Mutex<u32>);
    impl Secrets for Counting {
        fn resolve(&self, _name: &SecretName) -> Result<Secret, Failure> {
            *self.0.lock().unwrap() += 1;
            Ok(Secret::new("pypi-good"))
        }
    }
    let fake = Fake::new(Dialect::JsonAndHtml, 0);
    let secrets = Arc::new(Counting(Mutex::new(0)));
    let bytes: Arc<dyn Bytes> = Arc::<Store>::clone(&fake.shop.store);
    let asked: Arc<dyn Secrets> = Arc::<Counting>::clone(&secrets);
    let context = Context {
        repository: PathBuf::new(),
        bytes,
        secrets: asked,
    };
    let target = open(&fake.shop.spec, &context).unwrap();
    let item = fake.items().remove(0);
    target.observe(&item).unwrap();
    assert_eq!(*secrets.0.lock().unwrap(), 0);
    target.publish(&item).unwrap();
    target.publish(&item).unwrap();
    assert_eq!(*secrets.0.lock().unwrap(), 2);
    assert!(target.retract(&item, &Receipt::default()).is_err());
}
