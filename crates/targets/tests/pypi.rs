//! What the index target sends, what it makes of each answer, and what it refuses to do.

mod pypi_world;

use pypi_world::{Fake, sdist, wheel};
use shipway_core::event::End;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Credential, Failure, FailureKind, Item, Presence, Receipt, Survey};
use shipway_targets::{Context, open};
use shipway_testkit::contract::{self, Engine, Rested, World};
use shipway_testkit::faults::Fault;
use shipway_testkit::pypi::Dialect;
use std::sync::{Arc, Mutex};

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
        failure.message.contains(": 403, Invalid or non-existent"),
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
    // Looked at and tried once more, and no more often.
    assert!((2..=4).contains(&engine.intents()), "{}", engine.story());
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
    // Of the same length, so that nothing but the digest tells.
    let other = wheel("two");
    assert_eq!(Some(other.len() as u64), swapped.size);
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
    let context = fake.shop.context();
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
    let asked: Arc<dyn Secrets> = Arc::<Counting>::clone(&secrets);
    let context = Context {
        secrets: asked,
        ..fake.shop.context()
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
