//! A project's page of the simple API: JSON (PEP 691) or HTML (PEP 503), with yanked files (PEP 592).
//!
//! Invariants: a page that was cut off is not read as a shorter one; a hash is a SHA-256 or is none.

use crate::http::{Response, decoded, unescaped};
use serde::Deserialize;
use serde_json::Value;
use shipway_core::Digest;
use std::collections::BTreeMap;

/// What a page lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The address that references of the page are relative to.
    pub url: String,
    pub entries: Vec<Entry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    /// As the page writes it: maybe relative.
    pub url: String,
    pub sha256: Option<Digest>,
    /// Why it was yanked; empty where nobody said why.
    pub yanked: Option<String>,
}

/// Why there is no page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    CutOff,
    /// It is something else.
    Foreign(&'static str),
}

#[derive(Deserialize)]
struct JsonPage {
    meta: Meta,
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: String,
}

#[derive(Deserialize)]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    /// False, true or the reason.
    #[serde(default)]
    yanked: Value,
}

impl Page {
    pub fn read(url: &str, response: &Response) -> Result<Self, Unreadable> {
        let kind = response.header("content-type").unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if kind.ends_with("json") {
            json(url, &response.body)
        } else if kind.ends_with("html") {
            html(url, response)
        } else {
            Err(Unreadable::Foreign("the answer is neither JSON nor HTML"))
        }
    }

    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

fn json(url: &str, body: &[u8]) -> Result<Page, Unreadable> {
    let page: JsonPage = serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() {
            Unreadable::CutOff
        } else {
            Unreadable::Foreign("the answer is no page of a simple API")
        }
    })?;
    // A new minor version adds, a new major version may change what we know (PEP 691, versioning).
    if page.meta.api_version.split('.').next() != Some("1") {
        return Err(Unreadable::Foreign(
            "the index speaks a newer version of the simple API",
        ));
    }
    let entry = |file: JsonFile| Entry {
        sha256: file.hashes.get("sha256").and_then(|hash| digest(hash)),
        name: file.filename,
        url: file.url,
        yanked: match file.yanked {
            Value::Bool(true) => Some(String::new()),
            Value::String(why) => Some(crate::http::tidy(&why)),
            _ => None,
        },
    };
    Ok(Page {
        url: url.to_owned(),
        entries: page.files.into_iter().map(entry).collect(),
    })
}

fn digest(hash: &str) -> Option<Digest> {
    hash.to_ascii_lowercase().parse().ok()
}

/// Reads the anchors and nothing else. The page of an index is simple; what is broken in it is left out.
fn html(url: &str, response: &Response) -> Result<Page, Unreadable> {
    let text = String::from_utf8_lossy(&response.body);
    let framed = response.header("content-length").is_some()
        || response.header("transfer-encoding").is_some();
    if !framed && !text.to_ascii_lowercase().contains("</html") {
        return Err(Unreadable::CutOff);
    }
    let mut entries = Vec::new();
    let mut rest = text.as_ref();
    while let Some(tag) = next_tag(&mut rest) {
        if !is_anchor(tag) {
            continue;
        }
        let attributes = attributes(&tag[1..]);
        let value = |name: &str| {
            attributes
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        let Some(href) = value("href") else {
            continue;
        };
        let label = rest.split('<').next().unwrap_or_default();
        let (address, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let in_address = decoded(address.split('?').next().unwrap_or_default());
        let in_address = in_address.rsplit('/').next().unwrap_or_default().to_owned();
        let name = match unescaped(label.trim()) {
            label if label.is_empty() || label.contains(char::is_whitespace) => in_address,
            label => label,
        };
        entries.push(Entry {
            name,
            sha256: fragment
                .split('&')
                .find_map(|part| digest(part.strip_prefix("sha256=")?)),
            url: address.to_owned(),
            yanked: value("data-yanked").map(|why| crate::http::tidy(&why)),
        });
    }
    Ok(Page {
        url: url.to_owned(),
        entries,
    })
}

/// The inside of the next tag, without its brackets; comments are passed over.
fn next_tag<'a>(rest: &mut &'a str) -> Option<&'a str> {
    loop {
        let from = &rest[rest.find('<')? + 1..];
        if let Some(comment) = from.strip_prefix("!--") {
            *rest = &comment[comment.find("-->")? + 3..];
            continue;
        }
        let mut quote = None;
        let end = from.char_indices().find_map(|(at, c)| match (quote, c) {
            (None, '>') => Some(at),
            (None, '"' | '\'') => {
                quote = Some(c);
                None
            }
            (Some(open), c) if open == c => {
                quote = None;
                None
            }
            _ => None,
        })?;
        *rest = &from[end + 1..];
        return Some(&from[..end]);
    }
}

fn is_anchor(tag: &str) -> bool {
    tag.starts_with(['a', 'A']) && tag[1..].starts_with(|c: char| c.is_ascii_whitespace())
}

/// Names in lower case with their values, unescaped.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = tag.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=')
            .unwrap_or(rest.len());
        // A stray `=` stands for nothing.
        let end = end.max(rest.chars().next().map_or(0, char::len_utf8));
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let (inside, next) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    after[1..].split_once(quote).unwrap_or((&after[1..], ""))
                }
                _ => after.split_at(
                    after
                        .find(|c: char| c.is_ascii_whitespace())
                        .unwrap_or(after.len()),
                ),
            };
            value = inside;
            rest = next.trim_start();
        }
        all.push((name, unescaped(value)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn read(kind: &str, body: &str) -> Result<Page, Unreadable> {
        let headers = vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        let response = Response {
            status: 200,
            headers,
            body: body.as_bytes().to_vec(),
        };
        Page::read("https://h/simple/a/", &response)
    }

    #[test]
    fn json_pages() {
        let body = format!(
            r#"{{"meta":{{"api-version":"1.3"}},"name":"a","extra":1,"files":[
              {{"filename":"a-1.tar.gz","url":"../a-1.tar.gz","hashes":{{"sha256":"{}","md5":"x"}},"yanked":false,"size":3}},
              {{"filename":"a-2.tar.gz","url":"https://f/a-2.tar.gz","hashes":{{}},"yanked":"bad\nbuild"}},
              {{"filename":"a-3.tar.gz","url":"a","hashes":{{"sha256":"short"}},"yanked":true}}]}}"#,
            SHA.to_uppercase()
        );
        let page = read("application/vnd.pypi.simple.v1+json", &body).unwrap();
        let first = page.find("a-1.tar.gz").unwrap();
        assert_eq!(first.sha256.as_ref().unwrap().as_str(), SHA);
        assert_eq!(first.yanked, None);
        assert_eq!(page.entries[1].yanked.as_deref(), Some("bad build"));
        assert_eq!(
            (&page.entries[2].sha256, page.entries[2].yanked.as_deref()),
            (&None, Some(""))
        );
        for cut in [10, body.len() / 2, body.len() - 1] {
            let cut = read("application/json", &body[..cut]);
            assert_eq!(cut, Err(Unreadable::CutOff));
        }
        assert!(matches!(
            read("application/json", "[1]"),
            Err(Unreadable::Foreign(_))
        ));
        let newer = body.replace("1.3", "2.0");
        assert!(matches!(
            read("application/json", &newer),
            Err(Unreadable::Foreign(_))
        ));
        assert!(matches!(
            read("text/plain", &body),
            Err(Unreadable::Foreign(_))
        ));
    }

    #[test]
    fn html_pages() {
        let body = format!(
            "<!DOCTYPE html><html><body><!-- <a href='x'>commented.whl</a> -->
            <A class=x HREF='../p/a-1.tar.gz#sha256={SHA}'>a-1.tar.gz</A><br>
            <a data-requires-python=\"&gt;=3.8\" data-yanked=\"\" href=\"a%2D2.whl?x=1&amp;y=2#egg=a&amp;sha256={SHA}\" >\n a-2.whl </a>
            <a data-yanked='a &quot;b&#x22; &#99;' href=p/a+3.whl>some label</a>
            <abbr href=no>no.whl</abbr><a name=anchor>none</a>
            <a href=\"md5.whl#md5=abc\">md5.whl</a></body></html>"
        );
        let page = read("text/html; charset=UTF-8", &body).unwrap();
        let names: Vec<_> = page
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["a-1.tar.gz", "a-2.whl", "a+3.whl", "md5.whl"]);
        assert_eq!(page.entries[0].url, "../p/a-1.tar.gz");
        assert_eq!(page.entries[1].url, "a%2D2.whl?x=1&y=2");
        assert!(
            page.entries[..2]
                .iter()
                .all(|entry| entry.sha256.as_ref().unwrap().as_str() == SHA)
        );
        assert_eq!(page.entries[1].yanked.as_deref(), Some(""));
        assert_eq!(page.entries[2].yanked.as_deref(), Some("a \"b\" c"));
        assert!(page.entries[3].sha256.is_none());
    }

    #[test]
    fn a_page_without_an_end_or_a_length_was_cut_off() {
        let mut response = Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><a href=a.whl>a.whl</a>".to_vec(),
        };
        let cut = Page::read("https://h/", &response);
        assert_eq!(cut, Err(Unreadable::CutOff));
        response.body.extend_from_slice(b"</body></HTML>");
        assert_eq!(
            Page::read("https://h/", &response).unwrap().entries.len(),
            1
        );
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_read_or_refused(text in "[<>aAhref=\"' #!&;x0-9\\-/é\n]{0,200}") {
            let _ = read("text/html", &text);
            let _ = read("application/json", &text);
        }
    }
}
