//! What GitHub's answers say: their JSON, whether a list goes on, and why something was refused.

use crate::http::{Response, reason, tidy};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shipway_core::target::Failure;

/// 422: something of this name may stand there already, or the request will never do.
pub(super) fn unprocessable(response: &Response, what: &str) -> Failure {
    #[derive(Deserialize)]
    struct Refusal {
        message: Option<String>,
        #[serde(default)]
        errors: Vec<Value>,
    }
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or(Refusal {
        message: None,
        errors: Vec::new(),
    });
    let exists = refusal
        .errors
        .iter()
        .any(|error| error["code"] == "already_exists");
    // An entry is an object in most answers and a text in some.
    let words = refusal.errors.iter().map(|error| {
        let parts = ["resource", "field", "code", "message"].map(|key| error[key].as_str());
        let parts: Vec<&str> = error
            .as_str()
            .into_iter()
            .chain(parts.into_iter().flatten())
            .collect();
        parts.join(" ")
    });
    let mut words: Vec<String> = refusal.message.into_iter().chain(words).collect();
    if words.is_empty() {
        words.push(reason(response));
    }
    let message = tidy(&format!("{what}: 422, {}", words.join("; ")));
    if exists {
        Failure::taken(message)
    } else {
        Failure::permanent(message)
    }
}

/// The answer's JSON. What cannot be read may have happened all the same.
pub(super) fn decoded<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T, Failure> {
    serde_json::from_slice(&response.body)
        .map_err(|error| Failure::unknown(format!("{what}: the answer is not understood: {error}")))
}

/// Whether the `Link` header (RFC 8288) names a next page.
pub(super) fn has_next(response: &Response) -> bool {
    let link = response.header("link").unwrap_or_default();
    link.split(',').any(|one| {
        one.split(';').skip(1).any(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or_default();
            key.trim() == "rel" && value.trim().trim_matches('"') == "next"
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::target::FailureKind;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Response {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_422_that_says_exists_is_taken_and_any_other_is_permanent() {
        let exists = r#"{"message":"Validation Failed","errors":[{"resource":"ReleaseAsset","code":"already_exists","field":"name"}]}"#;
        assert_eq!(
            unprocessable(&answer(422, &[], exists), "upload a").kind,
            FailureKind::Taken
        );
        let others = [
            (
                r#"{"message":"Validation Failed","errors":[{"resource":"Release","code":"custom","field":"tag_name","message":"tag_name was used by an immutable release"}]}"#,
                "used by an immutable release",
            ),
            (
                r#"{"message":"Cannot upload assets to an immutable release."}"#,
                "immutable release",
            ),
            (
                r#"{"message":"Invalid request.","errors":["No subschema"]}"#,
                "No subschema",
            ),
            // The text alone decides nothing.
            (r#"{"message":"already_exists"}"#, "already_exists"),
            ("<html>", "422"),
        ];
        for (body, words) in others {
            let failure = unprocessable(&answer(422, &[], body), "upload a");
            assert_eq!(failure.kind, FailureKind::Permanent, "{body}");
            assert!(failure.message.contains(words), "{failure}");
        }
    }

    #[test]
    fn the_next_page_is_announced_by_its_relation() {
        let pages = [
            (
                r#"<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last""#,
                true,
            ),
            (
                r#"<https://a/?page=1>; rel="prev", <https://a/?page=1>; rel="first""#,
                false,
            ),
            ("<https://a/?page=2>; rel=next", true),
            (r#"<https://a/?rel="next">; rel="last""#, false),
        ];
        for (link, next) in pages {
            assert_eq!(
                has_next(&answer(200, &[("link", link)], "")),
                next,
                "{link}"
            );
        }
        assert!(!has_next(&answer(200, &[], "")));
    }
}
