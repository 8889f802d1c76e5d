//! Git over HTTP: the real `git http-backend` behind the test server.
//!
//! Invariants: every bare repository below the root is served and may be pushed to; with a password, reading and pushing
//! both ask for it.
//!
//! Must not: know what a push means. The state is the repositories' own.

use crate::http::{Handler, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Serves the bare repositories in a directory as `http://…/NAME.git`.
pub struct GitHttp {
    root: PathBuf,
    basic: Option<String>,
}

impl GitHttp {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            basic: None,
        }
    }

    /// Only for who knows this.
    #[must_use]
    pub fn with_password(mut self, user: &str, password: &str) -> Self {
        let token = STANDARD.encode(format!("{user}:{password}"));
        self.basic = Some(format!("Basic {token}"));
        self
    }
}

impl Handler for GitHttp {
    fn handle(&self, request: &Request) -> Response {
        if self.basic.is_some() && request.header("authorization") != self.basic.as_deref() {
            return Response::text(401, "who are you?").with("WWW-Authenticate", "Basic realm=git");
        }
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let mut backend = Command::new("git");
        backend
            .args(["-c", "http.receivepack=true", "http-backend"])
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for (header, variable) in [
            ("content-type", "CONTENT_TYPE"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ] {
            if let Some(value) = request.header(header) {
                backend.env(variable, value);
            }
        }
        let mut child = backend.spawn().expect("git is installed");
        let mut stdin = child.stdin.take().expect("a pipe");
        let body = request.body.clone();
        // It may answer before it has read everything.
        let feeding = std::thread::spawn(move || drop(stdin.write_all(&body)));
        let output = child.wait_with_output().expect("git http-backend ends");
        let _ = feeding.join();
        cgi(&output.stdout).unwrap_or_else(|| Response::text(500, "no answer from the backend"))
    }
}

/// Takes a CGI answer (RFC 3875, section 6) apart.
fn cgi(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut answer = Response {
        body: bytes[end + 4..].to_vec(),
        ..Response::empty(200)
    };
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("status") {
            answer.status = value.split_whitespace().next()?.parse().ok()?;
        } else {
            answer = answer.with(name, value.trim());
        }
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Server;
    use std::sync::Arc;

    #[test]
    fn a_real_git_reads_from_it_when_it_knows_the_password() {
        let root = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            Command::new("git")
                .args(args)
                .current_dir(&root)
                .env("GIT_TERMINAL_PROMPT", "0")
                .output()
        };
        assert!(
            git(&["init", "-q", "--bare", "r.git"])
                .unwrap()
                .status
                .success()
        );
        let handler = GitHttp::new(root.path()).with_password("me", "secret");
        let server = Server::start(Arc::new(handler));
        let with = server.url().replace("http://", "http://me:secret@");
        assert!(
            git(&["ls-remote", &format!("{with}/r.git")])
                .unwrap()
                .status
                .success()
        );
        assert!(
            !git(&["ls-remote", &format!("{}/r.git", server.url())])
                .unwrap()
                .status
                .success()
        );
        assert!(
            !git(&["ls-remote", &format!("{with}/other.git")])
                .unwrap()
                .status
                .success()
        );
    }
}
