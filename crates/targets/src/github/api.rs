//! Calls to the API: addresses, headers, pages of lists, and who gets the token.

use super::Release;
use super::answer::{decoded, has_next, unprocessable};
use crate::Context;
use crate::http::{
    Auth, Body, Call, Client, Effect, Limits, Plain, Response, is_loopback, origin, refusal, tidy,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shipway_core::Digest;
use shipway_core::secret::{SecretName, Secrets};
use shipway_core::target::{Failure, FailureKind, TargetSpec};
use shipway_core::time::Millis;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// The version of the API that the requests are written for.
const VERSION: &str = "2022-11-28";
const JSON: &str = "application/vnd.github+json";

/// Entries on a page, and pages that are read at most: a list longer than this is refused instead of cut.
const PER_PAGE: usize = 100;
const MOST_PAGES: usize = 100;

/// What GitHub asks for where a 429 names no time.
const UNNAMED_WAIT: Millis = Millis::seconds(60);

/// The slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 64 << 10;

/// One repository at one API, and the name of the token for it.
pub(super) struct Api {
    client: Client,
    /// Without a final `/`.
    base: String,
    repository: String,
    token: SecretName,
    secrets: Arc<dyn Secrets>,
}

/// What is at an address.
pub(super) enum Fetched<T> {
    Found(T),
    /// 404: not there, or not for this token.
    Absent,
}

/// How much of a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// All of it: what is not found is not there.
    All,
    /// Up to the first page that holds one; drafts come first in GitHub's lists.
    First,
}

/// Whether the next page of a list is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Read,
    Stop,
}

impl Api {
    /// Settings: `api`, the address of the REST API, and `repository`, as `owner/name`. Both are needed, and so is a secret.
    pub fn open(spec: &TargetSpec, context: &Context) -> Result<Self, Failure> {
        let unknown = spec
            .settings
            .keys()
            .find(|key| *key != "api" && *key != "repository");
        if let Some(key) = unknown {
            return Err(Failure::permanent(format!(
                "a GitHub target has no setting {key:?}"
            )));
        }
        let text = |key: &str| {
            spec.settings
                .get(key)
                .and_then(Value::as_str)
                .ok_or_else(|| {
                    Failure::permanent(format!("a GitHub target needs the setting {key:?}"))
                })
        };
        let repository = text("repository")?;
        if !is_repository(repository) {
            return Err(
                Failure::permanent(format!("{repository:?} is no repository at GitHub"))
                    .hinted("write it as owner/name"),
            );
        }
        let base = text("api")?.trim_end_matches('/');
        if origin(base).is_none() || base.contains(['?', '#', '@']) {
            return Err(Failure::permanent(format!("{:?} is no address of an API", tidy(base)))
                .hinted("write https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server"));
        }
        let token = spec.secret.clone().ok_or_else(|| {
            Failure::denied("a GitHub target names no secret").hinted(
                "name the secret that holds a token with write access to the repository's contents",
            )
        })?;
        Ok(Self {
            client: Client::default(),
            base: base.to_owned(),
            repository: repository.to_owned(),
            token,
            secrets: context.secrets.clone(),
        })
    }

    pub fn repository(&self) -> &str {
        &self.repository
    }

    fn url(&self, path: &str) -> String {
        format!("{}/repos/{}{path}", self.base, self.repository)
    }

    fn send(
        &self,
        client: &Client,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> Result<Response, Failure> {
        let token = self.secrets.resolve(&self.token)?;
        let mut all = vec![("X-GitHub-Api-Version", VERSION)];
        all.extend_from_slice(headers);
        // Rebuilt because a body lives exactly as long as its call, and the token lives here only.
        let body = match body {
            Body::None => Body::None,
            Body::Bytes(bytes) => Body::Bytes(bytes),
            Body::Stream { length, reader } => Body::Stream { length, reader },
        };
        let call = Call::new(method, url)
            .headers(&all)
            .auth(Auth::Bearer(&token));
        client.send(call.body(body))
    }

    /// Reads one thing of the repository.
    pub fn get<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<Fetched<T>, Failure> {
        let headers = [("Accept", JSON)];
        let response = self.send(&self.client, "GET", &self.url(path), &headers, Body::None)?;
        match response.status {
            200 => Ok(Fetched::Found(decoded(&response, what)?)),
            404 => Ok(Fetched::Absent),
            _ => Err(self.refused(&response, Effect::Reads, what)),
        }
    }

    /// Reads a list, page by page. `wanted` picks the entries.
    pub fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        reach: Reach,
        what: &str,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, Failure> {
        let mut found = Vec::new();
        self.pages(path, what, |page| {
            found.extend(page.into_iter().filter(&wanted));
            if reach == Reach::First && !found.is_empty() {
                Next::Stop
            } else {
                Next::Read
            }
        })?;
        Ok(found)
    }

    /// Hands out a list page by page, for as long as `take` wants more and there is more.
    pub fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
        mut take: impl FnMut(Vec<T>) -> Next,
    ) -> Result<(), Failure> {
        let separator = if path.contains('?') { '&' } else { '?' };
        for page in 1..=MOST_PAGES {
            // The address of the next page is ours: the answer only says whether there is one.
            let path = format!("{path}{separator}per_page={PER_PAGE}&page={page}");
            let headers = [("Accept", JSON)];
            let response =
                self.send(&self.client, "GET", &self.url(&path), &headers, Body::None)?;
            if response.status != 200 {
                return Err(self.refused(&response, Effect::Reads, what));
            }
            let next = take(decoded(&response, what)?);
            if next == Next::Stop || !has_next(&response) {
                return Ok(());
            }
        }
        Err(Failure::permanent(format!(
            "{what}: the list is longer than {} entries",
            PER_PAGE * MOST_PAGES
        )))
    }

    /// Drafts and published releases of this tag.
    pub fn releases_of(&self, tag: &str, reach: Reach) -> Result<Vec<Release>, Failure> {
        self.list(
            "/releases",
            reach,
            "list the releases",
            |release: &Release| release.tag_name == tag,
        )
    }

    /// Writes JSON, or deletes where there is none. Every status but 2xx is a failure; 404 is left to the caller.
    pub fn write(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Fetched<Response>, Failure> {
        let text = body.map(|body| body.to_string().into_bytes());
        let json = [("Accept", JSON), ("Content-Type", "application/json")];
        let (headers, body) = match &text {
            Some(text) => (&json[..], Body::Bytes(text)),
            None => (&json[..1], Body::None),
        };
        let response = self.send(&self.client, method, &self.url(path), headers, body)?;
        match response.status {
            200..300 => Ok(Fetched::Found(response)),
            404 => Ok(Fetched::Absent),
            _ => Err(self.refused(&response, Effect::Writes, what)),
        }
    }

    /// Creates or changes something; the answer shows it.
    pub fn put<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        what: &str,
    ) -> Result<T, Failure> {
        match self.write(method, path, Some(body), what)? {
            Fetched::Found(response) => decoded(&response, what),
            Fetched::Absent => Err(self.hidden(what)),
        }
    }

    /// Deletes something; what is gone already is fine, unless nothing of the repository can be seen.
    pub fn delete(&self, path: &str, what: &str) -> Result<(), Failure> {
        match self.write("DELETE", path, None, what)? {
            Fetched::Found(_) => Ok(()),
            Fetched::Absent => self.is_visible(what),
        }
    }

    /// Makes sure that a 404 meant the thing and not the repository, which GitHub hides from tokens without access.
    pub fn is_visible(&self, what: &str) -> Result<(), Failure> {
        match self.get::<Value>("", what)? {
            Fetched::Found(_) => Ok(()),
            Fetched::Absent => Err(self.hidden(what)),
        }
    }

    /// The failure for a repository that is not there or not for this token.
    pub fn hidden(&self, what: &str) -> Failure {
        Failure::denied(format!("{what}: the repository {} is not to be seen", self.repository)).hinted(
            "GitHub answers 404 for what a token may not see: check the repository's name and that the token has write access to its contents",
        )
    }

    /// Sends a file to the address that a release names for uploads.
    pub fn upload(
        &self,
        release: &Release,
        name: &str,
        length: u64,
        reader: &mut dyn Read,
    ) -> Result<Response, Failure> {
        let what = format!("upload {name}");
        let address = release.upload_url.split('{').next().unwrap_or_default();
        if !self.may_upload_to(address) {
            return Err(Failure::permanent(format!(
                "{what}: the API names an upload address on another host: {}",
                tidy(address)
            )));
        }
        let url = format!("{address}?name={}", escaped(name));
        // GitHub's description knows this type alone for uploads.
        let headers = [
            ("Accept", JSON),
            ("Content-Type", "application/octet-stream"),
        ];
        let client = patient(length);
        let body = Body::Stream { length, reader };
        let response = self.send(&client, "POST", &url, &headers, body)?;
        match response.status {
            200..300 => Ok(response),
            404 => Err(self.hidden(&what)),
            _ => Err(self.refused(&response, Effect::Writes, &what)),
        }
    }

    /// The API's own host, or `uploads.X` beside `api.X`: nobody else gets the token.
    fn may_upload_to(&self, address: &str) -> bool {
        let (Some(api), Some(upload)) = (origin(&self.base), origin(address)) else {
            return false;
        };
        let sibling = api
            .1
            .strip_prefix("api.")
            .map(|rest| format!("uploads.{rest}"));
        let both_here = is_loopback(&api.1) && is_loopback(&upload.1);
        both_here
            || (upload.0 == "https"
                && (upload == api || (sibling == Some(upload.1) && upload.2 == api.2)))
    }

    /// The digest of an asset's bytes, of which there must be this many.
    pub fn digest_of_asset(&self, id: u64, length: u64) -> Result<Digest, Failure> {
        let what = "download the asset";
        let mut url = self.url(&format!("/releases/assets/{id}"));
        let token = self.secrets.resolve(&self.token)?;
        let mut auth = Auth::Bearer(&token);
        let client = patient(length);
        let headers = [
            ("Accept", "application/octet-stream"),
            ("X-GitHub-Api-Version", VERSION),
        ];
        // The bytes are kept on another host, whose address carries its own permission: it gets no token.
        for _ in 0..3 {
            let mut hash = Sha256::new();
            let call = Call::new("GET", &url).headers(&headers).auth(auth);
            let response = client.stream(call, length, &mut |bytes| hash.update(bytes))?;
            match (response.status, response.header("location")) {
                (200, _) => return Ok(Digest::from_bytes(&hash.finalize().into())),
                (301 | 302 | 307, Some(next)) => {
                    next.clone_into(&mut url);
                    auth = Auth::None;
                }
                _ => return Err(self.refused(&response, Effect::Reads, what)),
            }
        }
        Err(Failure::unknown(format!("{what}: redirected too often")))
    }

    /// What an answer that is no success means at GitHub.
    fn refused(&self, response: &Response, effect: Effect, what: &str) -> Failure {
        let failure = refusal(response, effect, what);
        match (response.status, &failure.kind) {
            (401, _) => failure.hinted("the token is wrong, expired or revoked"),
            (403, FailureKind::Denied) => failure.hinted(format!(
                "the token needs write access to the contents of {}",
                self.repository
            )),
            (429, FailureKind::Transient { retry_after: None }) => {
                Failure::later(failure.message, UNNAMED_WAIT)
            }
            (301 | 302 | 307 | 308, _) => failure.hinted("the repository was moved or renamed"),
            (404, _) => self.hidden(what),
            (422, _) => unprocessable(response, what),
            _ => failure,
        }
    }
}

/// A client that waits as long as this many bytes need on a slow line.
fn patient(length: u64) -> Client {
    let limits = Limits::default();
    let total = limits.total + Duration::from_secs(length / SLOWEST);
    Client::new(Limits { total, ..limits }, Plain::Loopback)
}

fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 100
            && !name.starts_with('-')
            && name != "."
            && name != ".."
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

/// One segment of a path or one value of a query (RFC 3986 section 2.3): everything but unreserved characters is escaped.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte.into());
            } else {
                out.push('%');
                out.push_str(&shipway_core::digest::hex(&[byte]).to_ascii_uppercase());
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_no_strange_host() {
        struct None;
        impl Secrets for None {
            fn resolve(&self, name: &SecretName) -> Result<shipway_core::secret::Secret, Failure> {
                Err(Failure::denied(name.to_string()))
            }
        }
        let may = |base: &str, upload: &str| {
            let api = Api {
                client: Client::default(),
                base: base.to_owned(),
                repository: "octo/driver".to_owned(),
                token: SecretName("T".to_owned()),
                secrets: Arc::new(None),
            };
            api.may_upload_to(upload)
        };
        let dot_com = "https://api.github.com";
        assert!(may(
            dot_com,
            "https://uploads.github.com/repos/o/d/releases/1/assets"
        ));
        assert!(may(
            "https://git.example/api/v3",
            "https://git.example/api/uploads/repos/x"
        ));
        assert!(may("http://127.0.0.1:1", "http://127.0.0.1:2/uploads/x"));
        for strange in [
            "https://uploads.github.com.evil.example/x",
            "https://evil.example/x",
            "http://uploads.github.com/x",
            "https://uploads.github.com:8443/x",
            "https://uploads.github.com@evil.example/x",
            "http://127.0.0.1/x",
            "",
        ] {
            assert!(!may(dot_com, strange), "{strange}");
        }
        assert!(!may("http://127.0.0.1:1", "https://evil.example/x"));
    }

    #[test]
    fn repositories_are_owner_and_name() {
        for good in ["octo/hello-world", "a/b.c", "A_1/x"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in [
            "octo", "octo/", "/x", "a/b/c", "-a/b", "a/..", "a/b?c", "a/b c", "a/é",
        ] {
            assert!(!is_repository(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_escaped_as_one_segment() {
        assert_eq!(escaped("tags/v1.0+é"), "tags%2Fv1.0%2B%C3%A9");
    }
}
