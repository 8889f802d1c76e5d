//! The webhook target against a receiver that keeps what it gets and fails on demand.

use serde_json::{Value, json};
use shipway_core::Digest;
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Credential, Failure, FailureKind, Item, Presence, Target, TargetSpec};
use shipway_core::time::Millis;
use shipway_targets::{Bytes, Context};
use shipway_testkit::contract::{self, Call, Possible, Trouble};
use shipway_testkit::faults::Fault;
use shipway_testkit::webhook::WebhookSink;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

struct Nothing;

impl Bytes for Nothing {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Err(Failure::permanent(format!("no artifact {digest}")))
    }
}

impl Secrets for Nothing {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        match name.0.as_str() {
            "HOOK_KEY" => Ok(Secret::new("Jefe")),
            _ => Err(Failure::denied(format!("no secret {name}"))),
        }
    }
}

fn spec(place: &str, secret: Option<&str>) -> TargetSpec {
    TargetSpec {
        name: "chat".to_owned(),
        kind: "webhook".to_owned(),
        place: place.to_owned(),
        settings: BTreeMap::new(),
        secret: secret.map(|name| SecretName(name.to_owned())),
    }
}

fn open(spec: &TargetSpec) -> Result<Box<dyn Target>, Failure> {
    let context = Context {
        repository: PathBuf::new(),
        bytes: Arc::new(Nothing),
        secrets: Arc::new(Nothing),
    };
    shipway_targets::open(spec, &context)
}

fn target(place: &str, secret: Option<&str>) -> Box<dyn Target> {
    open(&spec(place, secret)).expect("a target")
}

fn item() -> Item {
    let payload = json!({"version": "1.1.0", "text": "größer\n", "project": "driver"});
    Item::of_body("chat", json!({"payload": payload}))
}

#[test]
fn a_call_arrives_once_with_its_key() {
    let sink = WebhookSink::start();
    let target = target(&sink.url(), None);
    assert!(matches!(
        target.observe(&item()),
        Ok(Presence::Unknown { .. })
    ));
    assert_eq!(
        target.survey(&[item()]).unwrap().credential,
        Credential::NotNeeded
    );
    assert_eq!(sink.calls().len(), 0, "looking calls nobody");
    let receipt = target.publish(&item()).unwrap();

    let [call] = &sink.calls()[..] else {
        panic!("{:?}", sink.calls())
    };
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("idempotency-key"), Some(item().digest.as_str()));
    assert_eq!(call.header("x-shipway-signature"), None);
    assert_eq!(call.json(), item().body["payload"]);
    assert_eq!(receipt.id, item().digest.as_str());
}

#[test]
fn a_secret_signs_the_body_and_stays_at_home() {
    let sink = WebhookSink::start();
    let target = target(&sink.url(), Some("HOOK_KEY"));
    assert_eq!(
        target.survey(&[item()]).unwrap().credential,
        Credential::Untried
    );
    target.publish(&item()).unwrap();
    let call = sink.calls().remove(0);
    // Computed with `openssl dgst -sha256 -hmac Jefe` over the body.
    assert_eq!(
        String::from_utf8(call.body.clone()).unwrap(),
        r#"{"project":"driver","text":"größer\n","version":"1.1.0"}"#
    );
    assert_eq!(
        call.header("x-shipway-signature"),
        Some("sha256=f9fed3eb5ef354af31b84bb255a31ec2adf8a10f37bbd4f7f2fcb0db898845e8")
    );
    assert!(!format!("{call:?}").contains("Jefe"));
}

#[test]
fn each_refusal_means_what_it_says() {
    let later = |seconds| FailureKind::Transient {
        retry_after: Some(Millis::seconds(seconds)),
    };
    let soon = FailureKind::Transient { retry_after: None };
    let table = [
        (Fault::StatusBefore(400), FailureKind::Permanent, 0),
        (Fault::StatusBefore(401), FailureKind::Denied, 0),
        (Fault::StatusBefore(404), FailureKind::Permanent, 0),
        (Fault::StatusBefore(302), FailureKind::Permanent, 0),
        (
            Fault::TooMany {
                retry_after_seconds: Some(7),
            },
            later(7),
            0,
        ),
        (
            Fault::TooMany {
                retry_after_seconds: None,
            },
            soon,
            0,
        ),
        (Fault::StatusAfter(500), FailureKind::Unknown, 1),
        (Fault::StatusBefore(503), FailureKind::Unknown, 0),
        (Fault::ResetAfter, FailureKind::Unknown, 1),
        (Fault::ResetBefore, FailureKind::Unknown, 0),
        (Fault::TruncatedBody, FailureKind::Unknown, 1),
    ];
    for (fault, kind, arrived) in table {
        let sink = WebhookSink::start();
        sink.server().faults().on("POST", "/hook", fault.clone());
        let failure = target(&sink.url(), None).publish(&item()).unwrap_err();
        assert_eq!(failure.kind, kind, "{fault:?}: {failure}");
        assert_eq!(sink.calls().len(), arrived, "{fault:?}");
        assert_eq!(
            sink.server().requests().len(),
            1,
            "{fault:?}: nothing is sent twice"
        );
    }
}

#[test]
fn plain_http_stays_on_this_machine() {
    for place in ["http://192.0.2.1/hook", "http://chat.example/hook"] {
        let failure = target(place, None).publish(&item()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Permanent, "{place}");
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_sent() {
    assert!(open(&spec("chat", None)).is_err());
    let mut with_setting = spec("https://chat.example/hook", None);
    with_setting.settings.insert("key".to_owned(), Value::Null);
    assert!(open(&with_setting).is_err());

    let sink = WebhookSink::start();
    let failure = target(&sink.url(), Some("OTHER"))
        .publish(&item())
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    let no_payload = Item::of_body("chat", json!({"text": "hello"}));
    let failure = target(&sink.url(), None).publish(&no_payload).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert_eq!(sink.server().requests().len(), 0);
}

/// The contract's world.
struct World(WebhookSink);

impl contract::World for World {
    fn target(&self) -> Box<dyn Target> {
        target(&self.0.url(), None)
    }

    fn publish(&self) -> Publish {
        let capability = shipway_targets::capability("webhook").expect("a row");
        Publish {
            target: spec(&self.0.url(), None),
            items: Items::Fixed(vec![item()]),
            reversal: capability.reversal,
            again: capability.again,
            settle: capability.settle,
            rehearsal: false,
            patience: Patience::default(),
        }
    }

    fn items(&self) -> Vec<Item> {
        vec![item()]
    }

    fn count(&self, item: &Item) -> usize {
        let key = Some(item.digest.as_str());
        let calls = self.0.calls();
        calls
            .iter()
            .filter(|call| call.header("idempotency-key") == key)
            .count()
    }

    fn corrupt(&self, _: &Item) -> Possible {
        Possible::No
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        if call != Call::Publish {
            return Possible::No;
        }
        self.0
            .server()
            .faults()
            .on("POST", "/hook", trouble.fault());
        Possible::Yes
    }
}

fn world() -> World {
    World(WebhookSink::start())
}

shipway_testkit::target_contract!(webhook_contract, world);
