//! The little that is done with URLs beside calling them.

use super::tidy;
use std::net::IpAddr;
use ureq::http::Uri;

/// Host and path, for messages: no query, which may be long and is nobody's business.
pub(super) fn place(uri: &Uri) -> String {
    let host = uri
        .authority()
        .map_or("", ureq::http::uri::Authority::as_str);
    format!("{host}{}", uri.path())
}

pub(super) fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return tidy(url);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    tidy(&format!("{scheme}://{host}{}", &rest[end..]))
}

/// Whether the host is this machine by its spelling. Names other than `localhost` are not looked up.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Scheme, host and port (RFC 6454): what two URLs must share before one may send to the other what belongs to the first.
pub fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = match (uri.port_u16(), scheme.as_str()) {
        (Some(port), _) => port,
        (None, "https") => 443,
        (None, _) => 80,
    };
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

/// The URL that a reference in a document at `base` means (RFC 3986 section 5.2), without a fragment.
pub fn join(base: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default().trim();
    let (scheme, rest) = base.split_once("://")?;
    let base_path_from = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(base_path_from);
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    if reference.contains("://") {
        return Some(reference.to_owned());
    }
    if let Some(other_host) = reference.strip_prefix("//") {
        return Some(format!("{scheme}://{other_host}"));
    }
    let (reference_path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (reference, String::new()),
    };
    let full = if reference_path.is_empty() {
        path.to_owned()
    } else if reference_path.starts_with('/') {
        reference_path.to_owned()
    } else {
        let directory = path.rfind('/').map_or("/", |slash| &path[..=slash]);
        format!("{directory}{reference_path}")
    };
    Some(format!("{scheme}://{host}{}{query}", without_dots(&full)))
}

/// With `%41` as `A`; what is no such escape stays (RFC 3986 section 2.1).
pub fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|digit| char::from(*digit).to_digit(16))
        };
        let escaped = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        out.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        parts.push("");
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined() {
        let base = "https://h:8/simple/pkg/?q#f";
        for (reference, joined) in [
            (
                "../../packages/a.whl#sha256=1",
                "https://h:8/packages/a.whl",
            ),
            ("/p/./a%20b?x=/../y", "https://h:8/p/a%20b?x=/../y"),
            ("a.whl", "https://h:8/simple/pkg/a.whl"),
            ("", "https://h:8/simple/pkg/"),
            ("../../../..", "https://h:8/"),
            ("//files.example/a", "https://files.example/a"),
            ("http://files.example/a", "http://files.example/a"),
        ] {
            assert_eq!(
                join(base, reference).as_deref(),
                Some(joined),
                "{reference}"
            );
        }
        assert_eq!(origin("https://H/x"), origin("https://h:443/y"));
        assert_ne!(origin("https://h/x"), origin("http://h/x"));
    }
}
