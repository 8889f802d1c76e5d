//! The mail target against a server that keeps what it gets and fails on demand.

use serde_json::{Value, json};
use shipway_core::Digest;
use shipway_core::plan::{Items, Patience, Publish};
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Credential, Failure, FailureKind, Item, Presence, Target, TargetSpec};
use shipway_targets::{Bytes, Context};
use shipway_testkit::contract::{self, Call, Possible, Trouble};
use shipway_testkit::mail::{MailFault, MailSink};
use std::path::PathBuf;
use std::sync::Arc;

struct NoBytes;

impl Bytes for NoBytes {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Err(Failure::permanent(format!("no artifact {digest}")))
    }
}

struct OnePassword(&'static str);

impl Secrets for OnePassword {
    fn resolve(&self, _: &SecretName) -> Result<Secret, Failure> {
        Ok(Secret::new(self.0))
    }
}

fn spec(place: &str, password: Option<&str>) -> TargetSpec {
    let username = password.map(|_| ("username".to_owned(), json!("release")));
    TargetSpec {
        name: "list".to_owned(),
        kind: "mail".to_owned(),
        place: place.to_owned(),
        settings: username.into_iter().collect(),
        secret: password.map(|_| SecretName("MAIL_PASSWORD".to_owned())),
    }
}

fn context(password: &'static str) -> Context {
    Context {
        repository: PathBuf::new(),
        bytes: Arc::new(NoBytes),
        secrets: Arc::new(OnePassword(password)),
    }
}

fn target(place: &str, password: Option<&'static str>) -> Box<dyn Target> {
    let opened = shipway_targets::open(
        &spec(place, password),
        &context(password.unwrap_or_default()),
    );
    opened.expect("a target")
}

fn body() -> Value {
    json!({
        "from": "Jürgen at Example <release@example.org>",
        "to": ["list@example.org", "Second List <second@example.org>"],
        "subject": "driver 1.1.0 is out: größer",
        "text": "Hello,\n\n.hidden dot\n.\nbye",
    })
}

fn announcement() -> Item {
    Item::of_body("announcement", body())
}

#[test]
fn a_message_arrives_whole_and_once() {
    let sink = MailSink::start().unwrap();
    let target = target(&sink.url(), None);
    let item = announcement();
    assert!(matches!(
        target.observe(&item),
        Ok(Presence::Unknown { .. })
    ));
    let receipt = target.publish(&item).unwrap();

    let [message] = &sink.messages()[..] else {
        panic!("{:?}", sink.messages())
    };
    assert_eq!(message.from, "release@example.org");
    assert_eq!(message.to, ["list@example.org", "second@example.org"]);
    assert_eq!(
        message.header("Message-ID").as_deref(),
        Some(receipt.id.as_str())
    );
    let subject = message.header("Subject").unwrap();
    assert!(
        subject.is_ascii() && subject.contains("driver 1.1.0"),
        "{subject}"
    );
    assert!(message.header("MIME-Version").is_some() && message.header("Date").is_some());
    let text = message.data.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(text, "Hello,\r\n\r\n.hidden dot\r\n.\r\nbye\r\n");
}

#[test]
fn what_fails_before_the_text_was_certainly_not_sent() {
    let transient = FailureKind::Transient { retry_after: None };
    let table = [
        (MailFault::HangUp, transient.clone()),
        (MailFault::Busy, transient.clone()),
        (MailFault::Sender(451), transient.clone()),
        (MailFault::Sender(553), FailureKind::Permanent),
        (MailFault::Recipient(451), transient.clone()),
        (MailFault::Recipient(550), FailureKind::Permanent),
        (MailFault::LoseData, transient.clone()),
        (MailFault::Text(452), transient),
        (MailFault::Text(554), FailureKind::Permanent),
    ];
    for (fault, kind) in table {
        let sink = MailSink::start().unwrap();
        sink.fail([fault]);
        let target = target(&sink.url(), None);
        assert_eq!(
            target.publish(&announcement()).unwrap_err().kind,
            kind,
            "{fault:?}"
        );
        assert_eq!(sink.messages(), [], "{fault:?}");
        // The next try goes through, so a refusal costs nothing but time.
        target.publish(&announcement()).unwrap();
        assert_eq!(sink.messages().len(), 1, "{fault:?}");
    }
}

#[test]
fn what_is_lost_after_the_text_is_unknown() {
    for (fault, kept) in [(MailFault::LoseAnswer, 1), (MailFault::CutText, 0)] {
        let sink = MailSink::start().unwrap();
        sink.fail([fault]);
        let failure = target(&sink.url(), None)
            .publish(&announcement())
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unknown, "{fault:?}: {failure}");
        assert_eq!(sink.messages().len(), kept, "{fault:?}");
        assert_eq!(
            sink.connections(),
            1,
            "a target never tries again by itself"
        );
    }
}

#[test]
fn nobody_listening_is_transient() {
    let sink = MailSink::start().unwrap();
    let url = sink.url();
    drop(sink);
    let failure = target(&url, None).publish(&announcement()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient { retry_after: None });
}

#[test]
fn a_password_signs_in_and_a_wrong_one_is_denied() {
    let sink = MailSink::start().unwrap();
    sink.require_login("release", "correct horse");
    let right = target(&sink.url(), Some("correct horse"));
    assert_eq!(
        right.survey(&[announcement()]).unwrap().credential,
        Credential::Accepted
    );
    right.publish(&announcement()).unwrap();
    assert_eq!(sink.messages().len(), 1);

    let wrong = target(&sink.url(), Some("battery staple"));
    for failure in [
        wrong.publish(&announcement()).unwrap_err(),
        wrong.survey(&[]).unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(!format!("{failure:?}").contains("staple"), "{failure:?}");
    }
    let none = target(&sink.url(), None);
    assert_eq!(
        none.publish(&announcement()).unwrap_err().kind,
        FailureKind::Denied
    );
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_server_without_tls_is_no_secure_server() {
    let sink = MailSink::start().unwrap();
    let secure = sink.url().replace("smtp://", "smtps://");
    let failure = target(&secure, Some("correct horse"))
        .publish(&announcement())
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient { retry_after: None });
    assert_eq!(sink.messages(), []);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let with = |settings: Value, password| TargetSpec {
        settings: serde_json::from_value(settings).unwrap(),
        ..spec("smtp://127.0.0.1:1", password)
    };
    for (settings, secret) in [
        (json!({"username": "release"}), None),
        (json!({"username": 1}), Some("MAIL_PASSWORD")),
        (json!({"user": "release"}), None),
    ] {
        let opened = shipway_targets::open(&with(settings.clone(), secret), &context(""));
        assert!(
            opened.is_err_and(|failure| failure.kind == FailureKind::Permanent),
            "{settings}"
        );
    }
}

/// The contract's world.
struct World(MailSink);

impl contract::World for World {
    fn target(&self) -> Box<dyn Target> {
        target(&self.0.url(), None)
    }

    fn publish(&self) -> Publish {
        let capability = shipway_targets::capability("mail").expect("a row");
        Publish {
            target: spec(&self.0.url(), None),
            items: Items::Fixed(vec![announcement()]),
            reversal: capability.reversal,
            again: capability.again,
            settle: capability.settle,
            rehearsal: false,
            patience: Patience::default(),
        }
    }

    fn items(&self) -> Vec<Item> {
        vec![announcement()]
    }

    fn count(&self, item: &Item) -> usize {
        let key = item.digest.as_str()[..32].to_owned();
        let ours = |id: String| id.contains(&key);
        let messages = self.0.messages();
        messages
            .iter()
            .filter(|one| one.header("Message-ID").is_some_and(ours))
            .count()
    }

    fn corrupt(&self, _: &Item) -> Possible {
        Possible::No
    }

    fn trouble(&self, call: Call, trouble: Trouble) -> Possible {
        // A mail server names no time to come back at, and an error it answers means that nothing was taken.
        let fault = match (call, trouble) {
            (Call::Publish, Trouble::Denied) => MailFault::Sender(530),
            (Call::Publish, Trouble::LostBefore) => MailFault::CutText,
            (Call::Publish, Trouble::LostAfter | Trouble::CutOff) => MailFault::LoseAnswer,
            _ => return Possible::No,
        };
        self.0.fail([fault]);
        Possible::Yes
    }
}

fn world() -> World {
    World(MailSink::start().expect("a free port"))
}

shipway_testkit::target_contract!(mail_contract, world);
