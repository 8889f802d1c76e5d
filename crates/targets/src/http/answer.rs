//! What an answer means, and what a server says about it. The table is in the module above.
//!
//! Invariant: the kind of a failure comes from the status and from typed headers; words are for people only.

use super::Response;
use shipway_core::name::is_bidi;
use shipway_core::target::{Failure, FailureKind};
use shipway_core::time::Millis;

/// The longest wait that a destination may ask for; a longer one is cut to it.
pub const LONGEST_WAIT: Millis = Millis::seconds(24 * 60 * 60);

/// How long a reason from a server may be in a message, in characters.
const LONGEST_REASON: usize = 240;

/// Whether what was asked for may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Writes,
}

/// What an answer that is no success means; see the table of this module. `what` says what was tried: `upload to …`.
///
/// Where 404, 409 or 422 say something about the item, the caller looks at the status before it asks here.
pub fn refusal(response: &Response, effect: Effect, what: &str) -> Failure {
    let status = response.status;
    let reason = reason(response);
    // Many pages say the status once more in their title.
    let reason = reason
        .strip_prefix(&status.to_string())
        .unwrap_or(&reason)
        .trim_start();
    let message = if reason.is_empty() {
        format!("{what}: {status}")
    } else {
        format!("{what}: {status}, {reason}")
    };
    let wait = retry_after(response);
    let kind = match (status, effect) {
        (403 | 429, _) if wait.is_some() => FailureKind::Transient { retry_after: wait },
        (401 | 403 | 407, _) => FailureKind::Denied,
        (408 | 425 | 429, _) => FailureKind::Transient { retry_after: wait },
        (500.., Effect::Reads) => FailureKind::Transient { retry_after: wait },
        (500.., Effect::Writes) => FailureKind::Unknown,
        _ => FailureKind::Permanent,
    };
    Failure {
        kind,
        message,
        hint: None,
    }
}

/// How long the answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), or a rate limit that is
/// used up until `X-RateLimit-Reset`. Dates are measured against the answer's own `Date`, so no clock of ours matters.
pub fn retry_after(response: &Response) -> Option<Millis> {
    let span = |until: i64| {
        let now = http_date(response.header("date")?)?;
        u64::try_from(until.saturating_sub(now)).ok().or(Some(0))
    };
    let seconds = match response.header("retry-after") {
        Some(value) => value
            .trim()
            .parse::<u64>()
            .ok()
            .or_else(|| span(http_date(value)?)),
        None if response.header("x-ratelimit-remaining") == Some("0") => {
            span(response.header("x-ratelimit-reset")?.trim().parse().ok()?)
        }
        None => None,
    }?;
    Some(Millis(seconds.saturating_mul(1000)).min(LONGEST_WAIT))
}

/// Seconds since 1970 of an HTTP date in the form that senders must use (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(zoned.timestamp().as_second())
}

/// The server's words, fit for a message: a field of a JSON body, an HTML page's title, or the text's first line.
pub fn reason(response: &Response) -> String {
    let text = String::from_utf8_lossy(&response.body[..response.body.len().min(64 << 10)]);
    let kind = response.header("content-type").unwrap_or_default();
    let said = if kind.contains("json") {
        serde_json::from_slice(&response.body)
            .ok()
            .and_then(|value| json_reason(&value))
            .unwrap_or_default()
    } else if kind.contains("html") || text.trim_start().starts_with('<') {
        html_reason(&text)
    } else {
        text.lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    tidy(&said)
}

fn json_reason(value: &serde_json::Value) -> Option<String> {
    let own = ["message", "error", "detail", "title"]
        .iter()
        .find_map(|key| value.get(key)?.as_str());
    let first = value.get("errors").and_then(|errors| errors.get(0));
    let more = first.and_then(|first| {
        first.as_str().or_else(|| {
            ["message", "code"]
                .iter()
                .find_map(|key| first.get(key)?.as_str())
        })
    });
    match (own, more) {
        (Some(own), Some(more)) => Some(format!("{own}: {more}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// A page's title or first heading, and its first preformatted text, where small servers put the cause.
fn html_reason(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let between = |open: &str, close: &str| {
        let from = lower.find(open)? + open.len();
        let to = lower[from..].find(close)? + from;
        Some(text[from..to].to_owned())
    };
    let title = between("<title>", "</title>").or_else(|| between("<h1>", "</h1>"));
    let text = match (title, between("<pre>", "</pre>")) {
        (Some(title), Some(cause)) => format!("{title}: {cause}"),
        (title, cause) => title.or(cause).unwrap_or_else(|| text.to_owned()),
    };
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => out.push(c),
            _ => {}
        }
    }
    unescaped(&out)
}

/// One line without control characters, not too long.
pub fn tidy(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| !c.is_control() && !is_bidi(*c))
                .collect()
        })
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST_REASON) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// With the character references that servers write (the five of XML, and numbers) replaced.
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..]
            .split_once(';')
            .filter(|(name, _)| name.len() <= 8);
        let character = reference.and_then(|(name, _)| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        if let (Some(character), Some((_, after))) = (character, reference) {
            out.push(character);
            rest = after;
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'a str, &'a str)];

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn each_status_means_what_the_table_says() {
        use FailureKind::{Denied, Permanent, Transient, Unknown};
        let later = |seconds| Transient {
            retry_after: Some(Millis::seconds(seconds)),
        };
        let soon = || Transient { retry_after: None };
        let date = ("date", "Sat, 21 Nov 2026 10:00:00 GMT");
        let until = ("retry-after", "Sat, 21 Nov 2026 10:02:00 GMT");
        let used_up = [
            date,
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795255230"),
        ];
        let cases: [(u16, Headers<'_>, FailureKind, FailureKind); 16] = [
            (400, &[], Permanent, Permanent),
            (401, &[], Denied, Denied),
            (403, &[], Denied, Denied),
            (403, &[("retry-after", "7")], later(7), later(7)),
            (403, &used_up, later(30), later(30)),
            (403, &[date, until], later(120), later(120)),
            (403, &[("retry-after", "soon")], Denied, Denied),
            (404, &[], Permanent, Permanent),
            (408, &[], soon(), soon()),
            (409, &[], Permanent, Permanent),
            (429, &[], soon(), soon()),
            (429, &[until], soon(), soon()),
            (
                429,
                &[("retry-after", "99999999999999999999")],
                soon(),
                soon(),
            ),
            (
                429,
                &[("retry-after", "31536000")],
                later(86_400),
                later(86_400),
            ),
            (503, &[("retry-after", "9")], later(9), Unknown),
            (504, &[], soon(), Unknown),
        ];
        for (status, headers, reading, writing) in cases {
            let response = answer(status, headers, "");
            assert_eq!(
                refusal(&response, Effect::Reads, "x").kind,
                reading,
                "{status} {headers:?}"
            );
            assert_eq!(
                refusal(&response, Effect::Writes, "x").kind,
                writing,
                "{status} {headers:?}"
            );
        }
    }

    #[test]
    fn reasons_are_short_and_harmless() {
        let json = [("content-type", "application/json")];
        let html = [("content-type", "text/html; charset=utf-8")];
        let reasons = [
            answer(
                422,
                &json,
                r#"{"message":"Validation Failed","errors":[{"code":"already_exists"}]}"#,
            ),
            answer(400, &json, "{broken"),
            answer(
                400,
                &html,
                "<html><head><TITLE>400 File <b>exists</b></TITLE></head>",
            ),
            answer(
                409,
                &html,
                "<title>Error: 409</title><pre>It &#039;exists&#039;</pre><pre>no</pre>",
            ),
            answer(400, &[], "\n  first\u{1b}[2J line\u{202e} \r\nsecond"),
            answer(400, &[], &"é".repeat(1000)),
        ]
        .map(|response| reason(&response));
        assert_eq!(reasons[0], "Validation Failed: already_exists");
        assert_eq!(reasons[1], "");
        assert_eq!(reasons[2], "400 File exists");
        assert_eq!(reasons[3], "Error: 409: It 'exists'");
        assert_eq!(reasons[4], "first[2J line");
        assert_eq!(reasons[5].chars().count(), LONGEST_REASON + 1);
    }
}
