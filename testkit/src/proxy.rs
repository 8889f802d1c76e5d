//! Puts faults in front of a real server.
//!
//! Invariants: what is forwarded is what came: method, target, headers and body, and the answer likewise. Only what
//! belongs to one connection (`Connection`, `Transfer-Encoding`, `Expect`, the length) is written anew.
//!
//! Must not: talk to anything but loopback.

use crate::http::{Ends, Handler, Request, Response, read_body, read_headers};
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::TcpStream;

/// Forwards each request to a server on this machine. Where that server does not answer, 502.
pub struct Proxy {
    port: u16,
}

impl Proxy {
    /// To `http://127.0.0.1:PORT`.
    pub fn to(port: u16) -> Self {
        Self { port }
    }

    fn forward(&self, request: &Request) -> Result<Response> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
        for (name, value) in request.headers.iter().filter(|(name, _)| !is_hop(name)) {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        if !request.body.is_empty() || request.header("content-length").is_some() {
            write!(bytes, "Content-Length: {}\r\n", request.body.len())?;
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        bytes.extend_from_slice(&request.body);
        stream.write_all(&bytes)?;
        read_answer(&mut BufReader::new(stream), &request.method)
    }
}

impl Handler for Proxy {
    fn handle(&self, request: &Request) -> Response {
        self.forward(request)
            .unwrap_or_else(|error| Response::text(502, format!("the proxied server: {error}")))
    }
}

fn read_answer(reader: &mut impl BufRead, method: &str) -> Result<Response> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status: u16 = line
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| Error::other(format!("no status line: {line:?}")))?;
        let headers = read_headers(reader)?;
        if (100..200).contains(&status) {
            continue;
        }
        let bodiless = method == "HEAD" || status == 204 || status == 304;
        let body = if bodiless {
            Vec::new()
        } else {
            read_body(reader, &headers, Ends::WithConnection)?
        };
        // The answer to HEAD announces a length that it does not have.
        let keep = |name: &str| {
            !is_hop(name) || (method == "HEAD" && name.eq_ignore_ascii_case("content-length"))
        };
        return Ok(Response {
            status,
            headers: headers.into_iter().filter(|(name, _)| keep(name)).collect(),
            body,
        });
    }
}

/// Whether a header is about the connection or the framing (RFC 9110 section 7.6.1, RFC 9112 section 6).
fn is_hop(name: &str) -> bool {
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "content-length",
        "expect",
        "te",
        "upgrade",
    ]
    .iter()
    .any(|hop| name.eq_ignore_ascii_case(hop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;
    use crate::http::{Server, closed_url};
    use std::io::Read;
    use std::sync::Arc;

    struct Echo;

    impl Handler for Echo {
        fn handle(&self, request: &Request) -> Response {
            Response::of(201, "text/plain", request.body.clone()).with("X-Target", &request.target)
        }
    }

    fn talk(server: &Server, text: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn forwards_both_ways_and_keeps_the_effect_behind_a_fault() {
        let real = Server::start(Arc::new(Echo));
        let front = Server::start(Arc::new(Proxy::to(real.port())));
        front.faults().on("POST", "/x", Fault::StatusAfter(504));
        let post = "POST /x%2Fy?q=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        assert!(talk(&front, post).starts_with("HTTP/1.1 504"));
        let answer = talk(&front, post);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(answer.contains("X-Target: /x%2Fy?q=1\r\n") && answer.ends_with("\r\n\r\nhi"));
        assert_eq!(real.requests().len(), 2);
        assert_eq!(real.requests()[0].body_length, 2);
    }

    #[test]
    fn a_server_that_is_not_there_is_a_bad_gateway() {
        let url = closed_url();
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        let front = Server::start(Arc::new(Proxy::to(port)));
        assert!(talk(&front, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 502"));
    }
}
