//! A package index of the PyPI kind, with state that can be asked for.
//!
//! It speaks the legacy upload API (`POST /legacy/`, multipart form) and the simple API (`GET /simple/NAME/`, JSON of
//! PEP 691 or HTML of PEP 503, yanked files as in PEP 592), and behaves as the big index does: the same bytes again are
//! answered 200, other bytes 400, a file that is there never changes, an unknown token 403.
//!
//! Invariants: what was stored under a name stays; every stored file counts how often its content was written, and that
//! is once.

use crate::http::{Handler, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shipway_core::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the index answers to a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// JSON where it is asked for, else HTML.
    #[default]
    JsonAndHtml,
    /// HTML with `#sha256=` fragments, whatever is asked for.
    Html,
    /// HTML without any hash.
    HtmlWithoutHashes,
}

/// A file of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// Normalised name of its project (PEP 503).
    pub project: String,
    /// The form that came with it, in order, without the content.
    pub form: Vec<(String, String)>,
    /// The reason why it was yanked.
    pub yanked: Option<String>,
    /// Looks that do not see it yet.
    hidden: u32,
}

impl Stored {
    /// All values of a field of the form.
    pub fn field(&self, name: &str) -> Vec<&str> {
        self.form
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Stored>,
    /// User and password that may upload; empty: everybody.
    users: Vec<(String, String)>,
    lag: u32,
    dialect: Dialect,
}

/// The index. Hand it to [`crate::http::Server::start`] and keep another `Arc` of it to ask and to change its state.
#[derive(Default)]
pub struct Index {
    state: Mutex<State>,
}

impl Index {
    /// Empty, open to everybody, without lag.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on only named users may upload, this one among them (`__token__` and a token, for tokens).
    pub fn admit(&self, user: &str, password: &str) {
        self.state()
            .users
            .push((user.to_owned(), password.to_owned()));
    }

    /// Files uploaded from now on are not seen by the next `looks` looks at their project.
    pub fn lag(&self, looks: u32) {
        self.state().lag = looks;
    }

    pub fn speak(&self, dialect: Dialect) {
        self.state().dialect = dialect;
    }

    /// Puts a file there without the upload API.
    pub fn put(&self, project: &str, name: &str, bytes: &[u8]) {
        let stored = Stored {
            bytes: bytes.to_vec(),
            project: normalised(project),
            ..Stored::default()
        };
        self.state().files.insert(name.to_owned(), stored);
    }

    /// What a person does on the index's web page.
    pub fn yank(&self, name: &str, reason: &str) {
        if let Some(file) = self.state().files.get_mut(name) {
            file.yanked = Some(reason.to_owned());
        }
    }

    pub fn file(&self, name: &str) -> Option<Stored> {
        self.state().files.get(name).cloned()
    }

    /// The names of all files, visible or not.
    pub fn names(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn upload(&self, request: &Request) -> Response {
        let mut state = self.state();
        if !state.users.is_empty() {
            let known = credentials(request).is_some_and(|pair| state.users.contains(&pair));
            if !known {
                return page(403, "Invalid or non-existent authentication information.");
            }
        }
        let upload = match Upload::read(request) {
            Ok(upload) => upload,
            Err(why) => return page(400, &why),
        };
        match state.files.get(&upload.name) {
            Some(there) if there.bytes == upload.content => return Response::empty(200),
            Some(_) => return page(400, "File already exists."),
            None => {}
        }
        let stored = Stored {
            project: normalised(upload.field("name")),
            bytes: upload.content,
            form: upload.form,
            yanked: None,
            hidden: state.lag,
        };
        state.files.insert(upload.name, stored);
        Response::empty(200)
    }

    fn project(&self, request: &Request, project: &str) -> Response {
        let mut state = self.state();
        if normalised(project) != project {
            let url = format!("/simple/{}/", normalised(project));
            return Response::empty(301).with("Location", url);
        }
        let mut files = Vec::new();
        for (name, file) in &mut state.files {
            if file.project != project {
                continue;
            }
            if file.hidden == 0 {
                files.push((name.clone(), file.clone()));
            } else {
                file.hidden -= 1;
            }
        }
        if files.is_empty() {
            return page(404, "Not Found");
        }
        let accept = request.header("accept").unwrap_or_default();
        let json = accept.contains("application/vnd.pypi.simple.v1+json");
        match state.dialect {
            Dialect::JsonAndHtml if json => listing_json(project, &files),
            Dialect::HtmlWithoutHashes => listing_html(project, &files, ""),
            _ => listing_html(project, &files, "#sha256="),
        }
    }
}

impl Handler for Index {
    fn handle(&self, request: &Request) -> Response {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["legacy"]) => self.upload(request),
            ("GET" | "HEAD", ["simple", project]) => self.project(request, project),
            ("GET" | "HEAD", ["packages", name]) => match self.file(name) {
                Some(file) => Response::of(200, "application/octet-stream", file.bytes),
                None => page(404, "Not Found"),
            },
            ("GET" | "HEAD", _) => page(404, "Not Found"),
            _ => page(405, "Method Not Allowed"),
        }
    }

    fn stale(&self, request: &Request) -> Response {
        // A cache that has seen the project but none of its files answers an empty list, one that has not, 404.
        let accept = request.header("accept").unwrap_or_default();
        if accept.contains("json") && self.state().dialect == Dialect::JsonAndHtml {
            listing_json("stale", &[])
        } else {
            page(404, "Not Found")
        }
    }
}

fn listing_json(project: &str, files: &[(String, Stored)]) -> Response {
    let entries: Vec<Value> = files
        .iter()
        .map(|(name, file)| {
            json!({
                "filename": name,
                "url": format!("../../packages/{name}"),
                "hashes": {"sha256": Digest::of(&file.bytes).as_str()},
                "size": file.bytes.len(),
                "yanked": file.yanked.as_ref().map_or(json!(false), |reason| json!(reason)),
            })
        })
        .collect();
    let body = json!({"meta": {"api-version": "1.1"}, "name": project, "files": entries});
    Response::of(
        200,
        "application/vnd.pypi.simple.v1+json",
        body.to_string().into_bytes(),
    )
}

fn listing_html(project: &str, files: &[(String, Stored)], fragment: &str) -> Response {
    let mut text =
        format!("<!DOCTYPE html>\n<html><head><title>Links for {project}</title></head>\n<body>\n");
    for (name, file) in files {
        let hash = if fragment.is_empty() {
            String::new()
        } else {
            format!("{fragment}{}", Digest::of(&file.bytes))
        };
        let yanked = file.yanked.as_ref().map_or(String::new(), |why| {
            format!(" data-yanked=\"{}\"", why.replace('"', "&quot;"))
        });
        let _ = writeln!(
            text,
            "<a href=\"../../packages/{name}{hash}\"{yanked}>{name}</a><br />"
        );
    }
    text.push_str("</body></html>\n");
    Response::html(200, text)
}

fn page(status: u16, text: &str) -> Response {
    Response::html(
        status,
        format!(
            "<html><head><title>{status} {text}</title></head><body><h1>{status} {text}</h1></body></html>"
        ),
    )
}

/// Lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
fn normalised(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

fn credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// An upload that keeps to the API.
struct Upload {
    name: String,
    content: Vec<u8>,
    form: Vec<(String, String)>,
}

impl Upload {
    fn read(request: &Request) -> Result<Self, String> {
        let mut upload = Self {
            name: String::new(),
            content: Vec::new(),
            form: Vec::new(),
        };
        for part in parts(request).ok_or("The form cannot be read.")? {
            match part.file {
                Some(file) if part.name == "content" => {
                    upload.name = file;
                    upload.content = part.bytes;
                }
                _ => {
                    let text = String::from_utf8(part.bytes).map_err(|_| "A field is no text.")?;
                    upload.form.push((part.name, text));
                }
            }
        }
        upload.check()?;
        Ok(upload)
    }

    fn check(&self) -> Result<(), String> {
        for (field, wanted) in [(":action", "file_upload"), ("protocol_version", "1")] {
            if self.field(field) != wanted {
                return Err(format!("The field {field} must be {wanted}."));
            }
        }
        for field in [
            "metadata_version",
            "name",
            "version",
            "filetype",
            "pyversion",
        ] {
            if self.field(field).is_empty() {
                return Err(format!("The field {field} is missing."));
            }
        }
        if self.field("sha256_digest") != Digest::of(&self.content).as_str() {
            return Err(
                "The digest supplied does not match a digest calculated from the uploaded file."
                    .to_owned(),
            );
        }
        if self.field("blake2_256_digest").len() != 64 {
            return Err("The field blake2_256_digest is missing.".to_owned());
        }
        let fits = match self.field("filetype") {
            "sdist" => self.is_a(".tar.gz") && self.field("pyversion") == "source",
            "bdist_wheel" => self.is_a(".whl") && self.field("pyversion") != "source",
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err("Invalid file type or name.".to_owned())
        }
    }

    fn is_a(&self, ending: &str) -> bool {
        self.name.ends_with(ending)
    }

    /// The first value, or nothing.
    fn field(&self, name: &str) -> &str {
        self.form
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }
}

/// A part of a multipart form (RFC 7578).
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Its file name, where it is a file.
    pub file: Option<String>,
    pub bytes: Vec<u8>,
}

/// The parts of a request's multipart form; `None` where it is none or is broken.
pub fn parts(request: &Request) -> Option<Vec<Part>> {
    let kind = request.header("content-type")?;
    let boundary = kind
        .strip_prefix("multipart/form-data;")?
        .trim()
        .strip_prefix("boundary=")?
        .trim_matches('"');
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first delimiter stands at the very beginning, without a line end before it.
    let mut body = b"\r\n".to_vec();
    body.extend_from_slice(&request.body);
    let mut rest = body.strip_prefix(delimiter.as_slice())?;
    let mut all = Vec::new();
    while rest != b"--\r\n" && rest != b"--" {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, &delimiter)?;
        let head = find(&rest[..end], b"\r\n\r\n")?;
        let bytes = rest[head + 4..end].to_vec();
        let text = std::str::from_utf8(&rest[..head]).ok()?;
        let disposition = text.lines().find(|line| {
            line.to_ascii_lowercase()
                .starts_with("content-disposition:")
        })?;
        all.push(Part {
            name: parameter(disposition, "name")?,
            file: parameter(disposition, "filename"),
            bytes,
        });
        rest = &rest[end + delimiter.len()..];
    }
    Some(all)
}

fn parameter(line: &str, name: &str) -> Option<String> {
    let value = line
        .split(';')
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            ..Request::default()
        }
    }

    fn upload(content: &str) -> Request {
        let mut form = String::new();
        let digest = Digest::of(content.as_bytes());
        for (name, value) in [
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("metadata_version", "2.1"),
            ("name", "My.Pkg"),
            ("version", "1.0"),
            ("filetype", "sdist"),
            ("pyversion", "source"),
            ("sha256_digest", digest.as_str()),
            ("blake2_256_digest", digest.as_str()),
        ] {
            let _ = write!(
                form,
                "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        let _ = write!(
            form,
            "--B\r\nContent-Disposition: form-data; name=\"content\"; filename=\"my_pkg-1.0.tar.gz\"\r\n\r\n{content}\r\n--B--\r\n"
        );
        Request {
            headers: vec![(
                "Content-Type".to_owned(),
                "multipart/form-data; boundary=B".to_owned(),
            )],
            body: form.into_bytes(),
            ..request("POST", "/legacy/")
        }
    }

    #[test]
    fn a_file_is_stored_once_and_never_changes() {
        let index = Index::new();
        assert_eq!(index.handle(&upload("one\r\n--")).status, 200);
        assert_eq!(index.handle(&upload("one\r\n--")).status, 200);
        assert_eq!(index.handle(&upload("two")).status, 400);
        let file = index.file("my_pkg-1.0.tar.gz").unwrap();
        assert_eq!(
            (file.bytes.as_slice(), file.field("name")),
            (&b"one\r\n--"[..], vec!["My.Pkg"])
        );
    }

    #[test]
    fn looks_lag_and_speak_both_dialects() {
        let index = Index::new();
        index.lag(1);
        index.handle(&upload("one"));
        index.yank("my_pkg-1.0.tar.gz", "broken");
        let mut look = request("GET", "/simple/my-pkg/");
        assert_eq!(index.handle(&look).status, 404);
        let html = String::from_utf8(index.handle(&look).body).unwrap();
        assert!(
            html.contains("#sha256=") && html.contains("data-yanked=\"broken\""),
            "{html}"
        );
        look.headers.push((
            "Accept".to_owned(),
            "application/vnd.pypi.simple.v1+json".to_owned(),
        ));
        let json: Value = serde_json::from_slice(&index.handle(&look).body).unwrap();
        assert_eq!(json["files"][0]["yanked"], "broken");
        assert_eq!(index.handle(&request("GET", "/simple/My.Pkg/")).status, 301);
    }

    #[test]
    fn strangers_may_not_upload() {
        let index = Index::new();
        index.admit("__token__", "t");
        let mut request = upload("one");
        assert_eq!(index.handle(&request).status, 403);
        let basic = format!("Basic {}", STANDARD.encode("__token__:t"));
        request.headers.push(("Authorization".to_owned(), basic));
        assert_eq!(index.handle(&request).status, 200);
    }
}
