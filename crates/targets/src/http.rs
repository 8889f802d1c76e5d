//! The HTTP client of all targets that speak HTTP: one request, one answer, and an honest word about what may have happened.
//!
//! Invariants: a request is sent at most once (no retries, no connection is used twice, so none is found dead after it
//! was written to); redirects are followed only for reads, only within one origin; a credential never travels over plain
//! HTTP to another machine, is never part of a URL and never in a failure's text; answers and times are limited.
//!
//! What is known after a failure is decided by types and status codes, never by texts:
//!
//! | what came | reading | writing |
//! |---|---|---|
//! | no connection (refused, no such host, connect timed out) | `Transient` | `Transient`: nothing was sent |
//! | the server's certificate is not trusted | `Denied` | `Denied`: nothing was sent |
//! | the connection or the answer was lost, or took too long | `Unknown` | `Unknown` |
//! | 401, 403 | `Denied` | `Denied` |
//! | 403, 429 with `Retry-After` or a used-up rate limit; 408, 425, 429 | `Transient` | `Transient` |
//! | 5xx | `Transient` | `Unknown`: a server may act and then stumble, a gateway cannot tell |
//! | every other status | `Permanent` | `Permanent` |
//!
//! A 503 with `Retry-After` is no exception when writing: the gateway in front says it, and the server behind may have
//! acted. `Unknown` carries no wait; the caller looks first, and that look meets the same gateway and its wait.
//!
//! Must not: read the environment (and so no proxy settings), follow a redirect with a body, decide what happens next.

mod answer;
mod url;

pub use answer::{Effect, LONGEST_WAIT, reason, refusal, retry_after, tidy, unescaped};
pub use url::{decoded, is_loopback, join, origin};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shipway_core::secret::Secret;
use shipway_core::target::Failure;
use std::io::Read;
use std::time::Duration;
use ureq::http::Uri;
use url::{place, without_userinfo};

/// The longest file that is downloaded to be hashed: 8 GiB.
pub const LONGEST_FILE: u64 = 8 << 30;

/// Redirects that a read follows.
const MOST_REDIRECTS: u32 = 4;

/// How much time and memory an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connect: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
    /// From the first to the last byte of one exchange.
    pub total: Duration,
    /// Bytes of an answer's body.
    pub answer: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(5),
            answer: 32 << 20,
        }
    }
}

/// Where plain HTTP may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plain {
    /// To this machine alone.
    #[default]
    Loopback,
    /// Anywhere, because the user's configuration says so; even then without a credential.
    Anywhere,
}

/// What proves who we are.
#[derive(Clone, Copy, Debug)]
pub enum Auth<'a> {
    None,
    Basic { user: &'a str, password: &'a Secret },
    Bearer(&'a Secret),
}

/// What is sent after the head.
pub enum Body<'a> {
    None,
    Bytes(&'a [u8]),
    /// Exactly `length` bytes, read while they are sent.
    Stream {
        length: u64,
        reader: &'a mut dyn Read,
    },
}

/// One request.
pub struct Call<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub auth: Auth<'a>,
    pub body: Body<'a>,
}

impl<'a> Call<'a> {
    /// A request without headers, credential and body.
    pub fn new(method: &'a str, url: &'a str) -> Self {
        Self {
            method,
            url,
            headers: &[],
            auth: Auth::None,
            body: Body::None,
        }
    }

    #[must_use]
    pub fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    #[must_use]
    pub fn auth(mut self, auth: Auth<'a>) -> Self {
        self.auth = auth;
        self
    }

    #[must_use]
    pub fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends requests. Cheap to make; keeps no connection.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    limits: Limits,
    plain: Plain,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Limits::default(), Plain::default())
    }
}

impl Client {
    pub fn new(limits: Limits, plain: Plain) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(limits.connect))
            .timeout_per_read(Some(limits.idle))
            .timeout_per_write(Some(limits.idle))
            .timeout_global(Some(limits.total))
            .build();
        Self {
            agent: config.new_agent(),
            limits,
            plain,
        }
    }

    /// Sends the request and reads the whole answer. Any status is an answer; see [`refusal`] for what it means.
    ///
    /// After `Transient`, `Denied` and `Permanent` nothing was sent. After `Unknown` the request may have been carried
    /// out: the connection was lost, or the answer was incomplete, too long or too late.
    pub fn send(&self, call: Call<'_>) -> Result<Response, Failure> {
        let mut body = Vec::new();
        let limit = self.limits.answer;
        let (mut response, scrub) = self.exchange(call, limit, &mut |bytes| {
            body.extend_from_slice(bytes);
        })?;
        response.body = if response.is_success() {
            body
        } else {
            scrub.clean(body)
        };
        Ok(response)
    }

    /// Like [`Client::send`], but hands the body on piece by piece, at most `limit` bytes. The answer has none itself.
    pub fn stream(
        &self,
        call: Call<'_>,
        limit: u64,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Response, Failure> {
        Ok(self.exchange(call, limit, sink)?.0)
    }

    fn exchange(
        &self,
        call: Call<'_>,
        limit: u64,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(Response, Scrub), Failure> {
        let scrub = Scrub::of(call.auth);
        let (method, headers, auth) = (call.method, call.headers, call.auth);
        let mut url = call.url.to_owned();
        let mut body = call.body;
        let reads = matches!(method, "GET" | "HEAD");
        for _ in 0..=MOST_REDIRECTS {
            let uri = self.checked(&url, auth)?;
            let place = place(&uri);
            let answer = self
                .run(method, &uri, headers, auth, &mut body)
                .map_err(|error| lost(&error, &place))?;
            let status = answer.status().as_u16();
            let headers = plain_headers(answer.headers());
            let response = Response {
                status,
                headers,
                body: Vec::new(),
            };
            if let (true, 301 | 302 | 303 | 307 | 308, Some(location)) =
                (reads, status, response.header("location"))
                && let Some(next) = join(&url, location)
                && origin(&next).is_some()
                && origin(&next) == origin(&url)
            {
                url = next;
                continue;
            }
            pour(answer.into_body().into_reader(), limit, sink, &place)?;
            return Ok((response, scrub));
        }
        Err(Failure::permanent(format!("{url} redirects too often")))
    }

    fn run(
        &self,
        method: &str,
        uri: &Uri,
        headers: &[(&str, &str)],
        auth: Auth<'_>,
        body: &mut Body<'_>,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = credential(auth) {
            let mut value = ureq::http::HeaderValue::from_str(&value)
                .map_err(|error| ureq::Error::Http(error.into()))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        match body {
            Body::None if matches!(method, "POST" | "PUT" | "PATCH") => {
                self.agent.run(request.body(&b""[..])?)
            }
            Body::None => self.agent.run(request.body(())?),
            Body::Bytes(bytes) => self.agent.run(request.body(*bytes)?),
            Body::Stream { length, reader } => {
                let request = request.header("content-length", *length);
                self.agent
                    .run(request.body(ureq::SendBody::from_reader(*reader))?)
            }
        }
    }

    /// The URL, if it may be called like this.
    fn checked(&self, url: &str, auth: Auth<'_>) -> Result<Uri, Failure> {
        let bad = |why: &str| Failure::permanent(format!("{} {why}", without_userinfo(url)));
        let uri: Uri = url.parse().map_err(|_| bad("is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| bad("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(
                bad("holds a credential, which does not belong into a URL").hinted(
                    "take the user and the password out of the URL and name a secret instead",
                ),
            );
        }
        match uri.scheme_str() {
            Some("https") => Ok(uri),
            Some("http") if is_loopback(authority.host()) => Ok(uri),
            Some("http") if self.plain == Plain::Loopback => {
                Err(bad("is plain HTTP to another machine").hinted("use https"))
            }
            Some("http") if !matches!(auth, Auth::None) => {
                Err(bad("would carry a credential over plain HTTP").hinted("use https"))
            }
            Some("http") => Ok(uri),
            _ => Err(bad("is neither https nor http")),
        }
    }
}

/// Reads the whole body. A body that is shorter than announced is an error of the reader.
fn pour(
    mut reader: impl Read,
    limit: u64,
    sink: &mut dyn FnMut(&[u8]),
    place: &str,
) -> Result<(), Failure> {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0_u64;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                total += read as u64;
                if total > limit {
                    return Err(Failure::unknown(format!(
                        "{place}: the answer is longer than {limit} bytes"
                    )));
                }
                sink(&buffer[..read]);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                let what = match ureq::Error::from(error) {
                    ureq::Error::Timeout(_) => "took too long",
                    _ => "was cut off",
                };
                return Err(Failure::unknown(format!("{place}: the answer {what}")));
            }
        }
    }
}

/// What an exchange without an answer means. Only what can fail before the first byte of the request is certain.
fn lost(error: &ureq::Error, place: &str) -> Failure {
    use std::io::ErrorKind;
    use ureq::{Error, Timeout};
    match error {
        Error::HostNotFound => Failure::transient(format!("{place}: no such host"))
            .hinted("check the address and the network"),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) | Error::ConnectionFailed => {
            Failure::transient(format!("{place}: no connection"))
        }
        // No connection that stands can be refused.
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Failure::transient(format!("{place}: the connection was refused"))
        }
        Error::Tls(_) | Error::TlsRequired | Error::Pem(_) => {
            Failure::denied(format!("{place}: no secure connection"))
        }
        // The handshake comes before the request.
        error if is_bad_certificate(error) => {
            Failure::denied(format!("{place}: the server's certificate is not trusted"))
                .hinted("check the address; a proxy that opens TLS connections is not supported")
        }
        Error::Http(_) | Error::BadUri(_) | Error::RequireHttpsOnly(_) => {
            Failure::permanent(format!("{place}: the request cannot be written as HTTP"))
        }
        Error::Timeout(_) => Failure::unknown(format!("{place}: no answer in time")),
        Error::Io(error) => Failure::unknown(format!(
            "{place}: the connection was lost ({})",
            error.kind()
        )),
        Error::LargeResponseHeader(..) | Error::Protocol(_) => {
            Failure::unknown(format!("{place}: the answer is not HTTP"))
        }
        _ => Failure::unknown(format!("{place}: no answer")),
    }
}

/// Whether the TLS library refused the server's certificate. It is wrapped in an I/O error, as the handshake is I/O.
fn is_bad_certificate(error: &ureq::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().map(|inner| inner as _),
        _ => None,
    };
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return matches!(error, rustls::Error::InvalidCertificate(_));
        }
        source = error.source();
    }
    false
}

/// The value of the `Authorization` header.
fn credential(auth: Auth<'_>) -> Option<String> {
    match auth {
        Auth::None => None,
        Auth::Basic { user, password } => {
            let pair = format!("{user}:{}", password.expose());
            Some(format!("Basic {}", STANDARD.encode(pair)))
        }
        Auth::Bearer(token) => Some(format!("Bearer {}", token.expose())),
    }
}

/// Takes what we sent as a credential out of what a server says about it.
struct Scrub(Vec<String>);

impl Scrub {
    fn of(auth: Auth<'_>) -> Self {
        let secret = match auth {
            Auth::None => return Self(Vec::new()),
            Auth::Basic { password, .. } => password,
            Auth::Bearer(token) => token,
        };
        let sent = credential(auth).unwrap_or_default();
        let sent = sent.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut all = vec![secret.expose().to_owned(), sent];
        all.retain(|text| !text.is_empty());
        Self(all)
    }

    fn clean(&self, body: Vec<u8>) -> Vec<u8> {
        if self.0.is_empty() {
            return body;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        self.0
            .iter()
            .fold(text, |text, secret| text.replace(secret, "***"))
            .into_bytes()
    }
}

fn plain_headers(headers: &ureq::http::HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::target::FailureKind;
    use shipway_testkit::faults::Fault;
    use shipway_testkit::http as served;
    use std::sync::Arc;

    /// Answers `/redirect-*` with a redirect, `/echo-secret` with what it was sent, all else with the body it got.
    struct Echo;

    impl served::Handler for Echo {
        fn handle(&self, request: &served::Request) -> served::Response {
            let to = |url: &str| served::Response::empty(302).with("Location", url);
            match request.path.as_str() {
                "/redirect-home" => to("target?x=1"),
                "/redirect-loop" => to("/redirect-loop"),
                "/redirect-away" => to("http://localhost:1/elsewhere"),
                "/echo-secret" => served::Response::text(
                    403,
                    format!("bad token {}", request.header("authorization").unwrap()),
                ),
                _ => served::Response::of(200, "text/plain", request.body.clone()),
            }
        }
    }

    fn server() -> served::Server {
        served::Server::start(Arc::new(Echo))
    }

    fn quick() -> Client {
        let limits = Limits {
            idle: Duration::from_millis(200),
            answer: 1000,
            ..Limits::default()
        };
        Client::new(limits, Plain::Loopback)
    }

    #[test]
    fn what_is_lost_after_bytes_left_is_unknown_and_what_never_left_is_not() {
        let server = server();
        let url = format!("{}/x", server.url());
        let post = || Call::new("POST", &url).body(Body::Bytes(b"hello, server"));
        for fault in [
            Fault::ResetAfter,
            Fault::ResetBefore,
            Fault::TruncatedBody,
            Fault::Hang,
        ] {
            server.faults().on("POST", "/x", fault.clone());
            let failure = quick().send(post()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unknown, "{fault:?}: {failure}");
        }
        assert_eq!(quick().send(post()).unwrap().body, b"hello, server");
        assert_eq!(server.requests().len(), 5, "nothing is sent twice");

        let closed = served::closed_url();
        let failure = quick().send(Call::new("POST", &closed)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Transient { retry_after: None });
    }

    #[test]
    fn a_stream_is_sent_with_its_length_and_long_answers_are_refused() {
        let server = server();
        let url = server.url();
        let bytes = vec![b'a'; 900];
        let body = Body::Stream {
            length: 900,
            reader: &mut bytes.as_slice(),
        };
        let response = quick().send(Call::new("PUT", &url).body(body)).unwrap();
        assert_eq!(response.body, bytes);
        let seen = server.requests().pop().unwrap().request;
        assert_eq!(seen.header("content-length"), Some("900"));
        assert!(seen.header("user-agent").unwrap().starts_with("shipway/"));

        let long = vec![b'a'; 1001];
        let failure = quick()
            .send(Call::new("POST", &url).body(Body::Bytes(&long)))
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unknown);
    }

    #[test]
    fn redirects_stay_at_home() {
        let server = server();
        let get = |path: &str| {
            let url = format!("{}{path}", server.url());
            Client::default().send(Call::new("GET", &url))
        };
        assert_eq!(get("/redirect-home").unwrap().status, 200);
        assert_eq!(
            server.requests().pop().unwrap().request.target,
            "/target?x=1"
        );
        assert_eq!(get("/redirect-away").unwrap().status, 302);
        assert_eq!(
            get("/redirect-loop").unwrap_err().kind,
            FailureKind::Permanent
        );
        let url = format!("{}/redirect-home", server.url());
        let post = Client::default().send(Call::new("POST", &url)).unwrap();
        assert_eq!(post.status, 302);
    }

    #[test]
    fn credentials_stay_out_of_plain_http_urls_and_messages() {
        let secret = Secret::new("s3cret-value");
        let auth = Auth::Basic {
            user: "u",
            password: &secret,
        };
        let refused = |plain, url: &str, auth| {
            let client = Client::new(Limits::default(), plain);
            client.send(Call::new("GET", url).auth(auth)).unwrap_err()
        };
        for url in [
            "http://192.0.2.1/",
            "http://localhost.example/",
            "ftp://h/",
            "h/x",
        ] {
            let failure = refused(Plain::Loopback, url, Auth::None);
            assert_eq!(failure.kind, FailureKind::Permanent, "{url}");
        }
        let failure = refused(Plain::Anywhere, "http://192.0.2.1/", auth);
        assert_eq!(failure.kind, FailureKind::Permanent);
        let failure = refused(
            Plain::Loopback,
            "https://me:s3cret-value@h.example/",
            Auth::None,
        );
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");

        let server = server();
        let url = format!("{}/echo-secret", server.url());
        for auth in [auth, Auth::Bearer(&secret)] {
            let call = Call::new("GET", &url).auth(auth);
            let response = Client::default().send(call).unwrap();
            let failure = refusal(&response, Effect::Reads, "read");
            assert_eq!(failure.kind, FailureKind::Denied);
            assert!(failure.message.ends_with("***"), "{failure}");
        }
    }
}
