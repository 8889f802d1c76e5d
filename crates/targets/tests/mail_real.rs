//! The mail target against a real mail server, aiosmtpd, where `bin/setup` has installed it.

use serde_json::json;
use shipway_core::Digest;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{Failure, Item, TargetSpec};
use shipway_targets::{Bytes, Context};
use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

struct Nothing;

impl Bytes for Nothing {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Err(Failure::permanent(digest.to_string()))
    }
}

impl Secrets for Nothing {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        Err(Failure::denied(name.to_string()))
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_server_keeps_the_message_as_it_was_meant() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/test-venv/bin/python");
    if !python.is_file() {
        println!("skipped: aiosmtpd is not installed, run bin/setup");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mailbox = dir.path().join("mailbox");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut server = Command::new(python)
        .args(["-m", "aiosmtpd", "-n", "-l", &address.to_string(), "-c"])
        .arg("aiosmtpd.handlers.Mailbox")
        .arg(&mailbox)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Running)
        .unwrap();
    while TcpStream::connect(address).is_err() {
        assert_eq!(server.0.try_wait().unwrap(), None, "the server ended");
        std::thread::yield_now();
    }

    let spec = TargetSpec {
        name: "list".to_owned(),
        kind: "mail".to_owned(),
        place: format!("smtp://{address}"),
        settings: BTreeMap::new(),
        secret: None,
    };
    let context = Context {
        repository: PathBuf::new(),
        bytes: Arc::new(Nothing),
        secrets: Arc::new(Nothing),
    };
    let item = Item::of_body(
        "announcement",
        json!({
            "from": "Jürgen <release@example.org>",
            "to": ["list@example.org"],
            "subject": "größer",
            "text": ".dot\n.\nlast",
        }),
    );
    let target = shipway_targets::open(&spec, &context).unwrap();
    let receipt = target.publish(&item).unwrap();

    let kept: Vec<PathBuf> = fs_err::read_dir(mailbox.join("new"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(kept.len(), 1);
    let text = fs_err::read_to_string(&kept[0]).unwrap();
    assert!(text.contains(&receipt.id), "{text}");
    assert!(text.contains("Subject: =?utf-8?"), "{text}");
    let (_, body) = text.split_once("\n\n").unwrap();
    assert_eq!(body.trim_end(), ".dot\n.\nlast");
}
