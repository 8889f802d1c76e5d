//! The fake of GitHub as a program: killed and started again, it goes on where it was.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world cannot be made"
)]

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output};

struct Fake {
    child: Child,
    port: u16,
}

impl Fake {
    fn start(dir: &Path) -> Self {
        let port_file = dir.join("port");
        let _ = fs_err::remove_file(&port_file);
        let mut child = Command::new(env!("CARGO_BIN_EXE_fake-github"))
            .arg("--port-file")
            .arg(&port_file)
            .args(["--repository", "octo/driver", "--token", "secret", "--git"])
            .arg(dir.join("remote.git"))
            .arg("--state-file")
            .arg(dir.join("state.json"))
            .spawn()
            .unwrap();
        while !port_file.exists() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended");
            std::thread::yield_now();
        }
        let port = fs_err::read_to_string(port_file).unwrap().parse().unwrap();
        Self { child, port }
    }

    fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        write!(
            stream,
            "{method} /repos/octo/driver{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: test\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, "secret", &Value::Null)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn git(dir: &Path, arguments: &[&str]) -> Output {
    let output = Command::new("git")
        .current_dir(dir)
        .args(arguments)
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn it_keeps_its_state_over_a_kill_and_knows_the_tags_of_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    git(dir, &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    git(dir, &["init", "-q", "-b", "main", "repo"]);
    let repo = dir.join("repo");
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "one"]);
    let commit = String::from_utf8(git(&repo, &["rev-parse", "HEAD"]).stdout).unwrap();

    let fake = Fake::start(dir);
    assert_eq!(fake.call("GET", "", "wrong", &Value::Null).0, 401);
    let draft = json!({"tag_name": "v1", "name": "one", "body": "notes", "draft": true});
    assert_eq!(fake.call("POST", "/releases", "secret", &draft).0, 201);
    let unpushed = json!({"tag_name": "v2", "draft": true, "target_commitish": commit.trim()});
    assert_eq!(fake.call("POST", "/releases", "secret", &unpushed).0, 422);
    assert_eq!(fake.get("/git/ref/tags%2Fv1").0, 404);
    drop(fake);

    git(&repo, &["tag", "-a", "-m", "one", "v1"]);
    git(&repo, &["push", "-q", "../remote.git", "main", "v1"]);
    let fake = Fake::start(dir);
    assert_eq!(fake.get("/releases").1[0]["name"], "one");
    let (status, tag) = fake.get("/git/ref/tags%2Fv1");
    assert_eq!((status, tag["object"]["type"].as_str()), (200, Some("tag")));
    let object = tag["object"]["sha"].as_str().unwrap();
    let (_, object) = fake.get(&format!("/git/tags/{object}"));
    assert_eq!(object["object"]["sha"], commit.trim());
    assert_eq!(fake.call("POST", "/releases", "secret", &unpushed).0, 201);
}
