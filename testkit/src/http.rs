//! A small HTTP/1.1 server on loopback whose answers can be made to go wrong.
//!
//! Invariants: one thread and one request per connection (every answer says `Connection: close`); the body is read in full
//! before the request is handled; the port is free and its own; dropping the server stops it.
//!
//! Must not: know what it serves. A [`Handler`] does, and keeps the state.

use crate::faults::{Fault, Faults};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest body that is read: 256 MiB.
const LONGEST_BODY: u64 = 256 << 20;

/// A request, as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// As sent: path and query, still percent-encoded.
    pub target: String,
    /// Percent-decoded, without the query.
    pub path: String,
    /// Decoded, in the order of the request.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The first query parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON, `Null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::of(
            status,
            "text/plain; charset=utf-8",
            text.into().into_bytes(),
        )
    }

    pub fn html(status: u16, text: impl Into<String>) -> Self {
        Self::of(status, "text/html; charset=utf-8", text.into().into_bytes())
    }

    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::of(status, "application/json", value.to_string().into_bytes())
    }

    /// An answer with this content type.
    pub fn of(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            body,
            ..Self::empty(status)
        }
        .with("Content-Type", content_type)
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// What a server serves.
pub trait Handler: Send + Sync {
    fn handle(&self, request: &Request) -> Response;

    /// What a cache that has not heard of the latest effects would answer. Asked for [`Fault::StaleAbsent`].
    fn stale(&self, _request: &Request) -> Response {
        Response::text(404, "not found")
    }
}

/// A request that was answered, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Without its body.
    pub request: Request,
    /// Bytes of its body.
    pub body_length: usize,
    /// What the handler said; `None` where it was not asked.
    pub handled: Option<u16>,
    pub fault: Option<Fault>,
}

struct Shared {
    handler: Arc<dyn Handler>,
    faults: Faults,
    seen: Mutex<Vec<Seen>>,
    stopping: AtomicBool,
    /// Connections that are kept open without an answer.
    hung: Mutex<Vec<TcpStream>>,
}

/// A running server. Dropping it stops it.
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on a free port of 127.0.0.1.
    pub fn start(handler: Arc<dyn Handler>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound socket").port();
        let shared = Arc::new(Shared {
            handler,
            faults: Faults::default(),
            seen: Mutex::default(),
            stopping: AtomicBool::new(false),
            hung: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &serving));
        Self {
            shared,
            port,
            accepting: Some(accepting),
        }
    }

    /// `http://127.0.0.1:PORT`, without a final `/`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The faults that are still to come; queue them here.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The accepting thread waits in the system call: one more connection wakes it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        for stream in lock(&self.shared.hung).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The URL of a port on which nobody listens (unless another program takes it meanwhile).
pub fn closed_url() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    let port = listener.local_addr().expect("a bound socket").port();
    format!("http://127.0.0.1:{port}")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            // A client that goes away in the middle is no concern of the server's.
            std::thread::spawn(move || drop(serve(&stream, &shared)));
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(mut request) = read_head(&mut reader)? else {
        return Ok(());
    };
    let fault = shared.faults.take(&request);
    let number = note(shared, &request, fault.as_ref());
    if fault == Some(Fault::ResetBefore) {
        return reset(stream);
    }
    if request
        .header("expect")
        .is_some_and(|it| it.eq_ignore_ascii_case("100-continue"))
    {
        (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = read_body(&mut reader, &request.headers, Ends::WithHead)?;
    lock(&shared.seen)[number].body_length = request.body.len();

    let answer = match &fault {
        Some(Fault::StatusBefore(status)) => Response::text(*status, "this server has a bad day"),
        Some(Fault::TooMany {
            retry_after_seconds,
        }) => {
            let answer = Response::text(429, "too many requests");
            match retry_after_seconds {
                Some(seconds) => answer.with("Retry-After", seconds.to_string()),
                None => answer,
            }
        }
        Some(Fault::StaleAbsent) => shared.handler.stale(&request),
        _ => {
            if let Some(Fault::Delay(time)) = fault {
                std::thread::sleep(time);
            }
            let answer = shared.handler.handle(&request);
            lock(&shared.seen)[number].handled = Some(answer.status);
            answer
        }
    };
    match fault {
        Some(Fault::ResetAfter) => return reset(stream),
        Some(Fault::Hang) => {
            lock(&shared.hung).push(stream.try_clone()?);
            stream.set_read_timeout(None)?;
            let _ = reader.read(&mut [0; 1]);
            return Ok(());
        }
        _ => {}
    }
    let answer = match fault {
        Some(Fault::StatusAfter(status)) => Response::text(status, "this server has a bad day"),
        // Nothing cannot be cut in half: a byte is announced that never comes.
        Some(Fault::TruncatedBody) if answer.body.is_empty() => Response {
            body: b"\n".to_vec(),
            ..answer
        },
        _ => answer,
    };
    let mut bytes = head_of(&answer).into_bytes();
    if request.method != "HEAD" {
        let half = if fault == Some(Fault::TruncatedBody) {
            answer.body.len() / 2
        } else {
            answer.body.len()
        };
        bytes.extend_from_slice(&answer.body[..half]);
    }
    (&*stream).write_all(&bytes)?;
    stream.shutdown(Shutdown::Write)
}

/// Notes the request before it is handled, so that a test which has the answer finds the request.
fn note(shared: &Shared, request: &Request, fault: Option<&Fault>) -> usize {
    let mut seen = lock(&shared.seen);
    seen.push(Seen {
        request: request.clone(),
        body_length: 0,
        handled: None,
        fault: fault.cloned(),
    });
    seen.len() - 1
}

/// From now on closing sends RST instead of FIN: the client learns nothing but that the connection is gone. The callers
/// close it at once, by dropping the last handle.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?;
    Ok(())
}

fn head_of(answer: &Response) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if answer.header("content-length").is_none() && answer.status != 204 && answer.status != 304 {
        let _ = write!(head, "Content-Length: {}\r\n", answer.body.len());
    }
    head.push_str("Connection: close\r\n\r\n");
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// `None` where the connection was closed without a request.
fn read_head(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(bad("no request line"));
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        path: decoded(path),
        query: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let plain = |text: &str| decoded(&text.replace('+', " "));
                (plain(key), plain(value))
            })
            .collect(),
        headers: read_headers(reader)?,
        body: Vec::new(),
    }))
}

/// Up to the empty line.
pub(crate) fn read_headers(reader: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(bad("the head ends early"));
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| bad("a header without a colon"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Where a body ends that has neither a length nor chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// There is none: requests.
    WithHead,
    /// When the connection is closed: answers.
    WithConnection,
}

pub(crate) fn read_body(
    reader: &mut impl BufRead,
    headers: &[(String, String)],
    ends: Ends,
) -> std::io::Result<Vec<u8>> {
    let chunked = header(headers, "transfer-encoding")
        .is_some_and(|it| it.to_ascii_lowercase().ends_with("chunked"));
    if chunked {
        return read_chunks(reader);
    }
    let mut body = Vec::new();
    match header(headers, "content-length") {
        Some(length) => {
            let length: u64 = length.parse().map_err(|_| bad("no length"))?;
            if length > LONGEST_BODY {
                return Err(bad("too long"));
            }
            let read = reader.take(length).read_to_end(&mut body)?;
            if read as u64 != length {
                return Err(bad("the body ends early"));
            }
        }
        None if ends == Ends::WithConnection => {
            reader.take(LONGEST_BODY).read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

fn read_chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("no size of a chunk"))?;
        if size == 0 {
            read_headers(reader)?;
            return Ok(body);
        }
        if body.len() as u64 + size > LONGEST_BODY {
            return Err(bad("too long"));
        }
        if reader.take(size).read_to_end(&mut body)? as u64 != size {
            return Err(bad("a chunk ends early"));
        }
        line.clear();
        reader.read_line(&mut line)?;
    }
}

fn bad(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_owned())
}

/// With `%41` as `A`; what is no such escape stays.
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        at += if byte.is_some() { 3 } else { 1 };
        out.push(byte.unwrap_or_else(|| bytes[at - 1]));
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Handler for Echo {
        fn handle(&self, request: &Request) -> Response {
            Response::of(200, "text/plain", request.body.clone()).with("X-Path", &request.path)
        }
    }

    /// Sends these bytes and reads to the end of the connection.
    fn talk(server: &Server, bytes: &[u8]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
        stream.write_all(bytes)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    const POST: &[u8] =
        b"POST /a%20b?x=1%2B1&y HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";

    #[test]
    fn answers_and_remembers() {
        let server = Server::start(Arc::new(Echo));
        let answer = talk(&server, POST).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nbody"), "{answer}");
        let seen = &server.requests()[0];
        assert_eq!(seen.request.path, "/a b");
        assert_eq!(seen.request.parameter("x"), Some("1+1"));
        assert_eq!((seen.body_length, seen.handled), (4, Some(200)));
    }

    #[test]
    fn reads_chunks_and_says_continue() {
        let server = Server::start(Arc::new(Echo));
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
        let answer = talk(
            &server,
            format!("{head}3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n").as_bytes(),
        );
        let answer = answer.unwrap();
        assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
        assert!(answer.ends_with("\r\n\r\nbody"), "{answer}");
    }

    #[test]
    fn each_fault_is_met_once_and_in_order() {
        let server = Server::start(Arc::new(Echo));
        server
            .faults()
            .on("POST", "/a", Fault::StatusAfter(500))
            .on("GET", "/a", Fault::StatusBefore(504))
            .on(
                "*",
                "/a",
                Fault::TooMany {
                    retry_after_seconds: Some(7),
                },
            )
            .on("POST", "/", Fault::TruncatedBody)
            .on("POST", "/", Fault::StaleAbsent);
        let heads: Vec<String> = (0..5)
            .map(|_| talk(&server, POST).unwrap())
            .map(|answer| answer.replace("\r\n", "|"))
            .collect();
        assert!(heads[0].starts_with("HTTP/1.1 500"));
        assert!(heads[1].starts_with("HTTP/1.1 429") && heads[1].contains("Retry-After: 7|"));
        assert!(heads[2].contains("Content-Length: 4|") && heads[2].ends_with("||bo"));
        assert!(heads[3].starts_with("HTTP/1.1 404"));
        assert!(heads[4].starts_with("HTTP/1.1 200"));
        assert_eq!(server.faults().pending(), [Fault::StatusBefore(504)]);
        let handled: Vec<_> = server.requests().iter().map(|seen| seen.handled).collect();
        assert_eq!(handled, [Some(200), None, Some(200), None, Some(200)]);
    }

    #[test]
    fn a_reset_is_a_reset() {
        let server = Server::start(Arc::new(Echo));
        for (fault, handled) in [(Fault::ResetAfter, Some(200)), (Fault::ResetBefore, None)] {
            server.faults().on("POST", "/", fault);
            let error = talk(&server, POST).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert_eq!(server.requests().pop().unwrap().handled, handled);
        }
    }

    #[test]
    fn dropping_the_server_ends_what_hangs() {
        let server = Server::start(Arc::new(Echo));
        server.faults().on("POST", "/", Fault::Hang);
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.write_all(POST).unwrap();
        while server
            .requests()
            .first()
            .is_none_or(|seen| seen.handled.is_none())
        {
            std::thread::yield_now();
        }
        let port = server.port();
        drop(server);
        assert!(!matches!(stream.read(&mut [0; 1]), Ok(1)));
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
