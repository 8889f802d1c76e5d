//! Trusted publishing: the identity that a CI gives to its job, exchanged for an index's short-lived token.
//!
//! Three calls: the index says for which audience it wants the identity (`/_/oidc/audience`), the CI's own service signs one
//! for that audience, the index mints a token for it (`/_/oidc/mint-token`). An identity counts once, so every token is
//! exchanged anew.
//!
//! Invariant: nothing that is secret is in a failure's text; the identity goes to the index's origin alone.

use crate::http::{Auth, Body, Call, Client, Effect, Response, refusal};
use serde::Deserialize;
use shipway_core::secret::Secret;
use shipway_core::target::Failure;
use std::collections::BTreeMap;

/// Where the CI's service is: its address, without the audience.
pub const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";

/// What opens the CI's service.
pub const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

#[derive(Deserialize)]
struct Audience {
    audience: String,
}

#[derive(Deserialize)]
struct Identity {
    value: String,
}

#[derive(Deserialize)]
struct Minted {
    token: String,
}

/// Every secret that an exchange meets, in the order of meeting; the last one is the token.
pub struct Exchanged {
    pub token: Secret,
    pub on_the_way: Vec<Secret>,
}

/// A token of the index at this origin, by the identity that `environment` gives access to.
///
/// # Errors
/// `Denied` where this is no CI that gives identities, or where one of the two refuses; `Transient` and `Unknown` as the
/// client says. A token that was minted and lost on the way is of no use to anybody and of no harm.
pub fn exchange(
    client: &Client,
    origin: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Exchanged, Failure> {
    let (service, opener) = match (environment.get(REQUEST_URL), environment.get(REQUEST_TOKEN)) {
        (Some(url), Some(token)) if !url.is_empty() && !token.is_empty() => {
            (url, Secret::new(token.clone()))
        }
        _ => {
            return Err(Failure::denied("this job has no identity to publish with").hinted(format!(
                "looked for {REQUEST_URL} and {REQUEST_TOKEN} in the environment; on GitHub Actions the job needs the permission `id-token: write`"
            )));
        }
    };
    let origin = origin.trim_end_matches('/');

    let url = format!("{origin}/_/oidc/audience");
    let response = client.send(Call::new("GET", &url))?;
    let what = "ask the index for its audience";
    let audience: Audience = read(&response, what).map_err(|failure| {
        failure.hinted(format!(
            "looked at {url}; does this index support trusted publishing?"
        ))
    })?;

    let joint = if service.contains('?') { '&' } else { '?' };
    let url = format!("{service}{joint}audience={}", escaped(&audience.audience));
    let response = client.send(Call::new("GET", &url).auth(Auth::Bearer(&opener)))?;
    let identity: Identity = read(&response, "ask the CI for an identity")?;
    let identity = Secret::new(identity.value);

    let url = format!("{origin}/_/oidc/mint-token");
    let body = serde_json::json!({ "token": identity.expose() }).to_string();
    let headers = [("content-type", "application/json")];
    let call = Call::new("POST", &url)
        .headers(&headers)
        .body(Body::Bytes(body.as_bytes()));
    let response = client.send(call)?;
    let minted: Minted = read(&response, "exchange the identity for a token").map_err(|failure| {
        let failure = without(failure, &identity);
        match response.status {
            400..500 => denied(failure).hinted(
                "does the index know this repository, workflow and environment as a trusted publisher of the project?",
            ),
            _ => failure,
        }
    })?;
    Ok(Exchanged {
        token: Secret::new(minted.token),
        on_the_way: vec![opener, identity],
    })
}

fn read<T: serde::de::DeserializeOwned>(response: &Response, what: &str) -> Result<T, Failure> {
    if !response.is_success() {
        return Err(refusal(response, Effect::Reads, what));
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| Failure::unknown(format!("{what}: the answer is not what was expected")))
}

fn denied(failure: Failure) -> Failure {
    let Failure { message, hint, .. } = failure;
    Failure {
        hint,
        ..Failure::denied(message)
    }
}

/// The identity is in the body that was sent, where the client does not look for it when it cleans an answer.
fn without(mut failure: Failure, secret: &Secret) -> Failure {
    failure.message = failure.message.replace(secret.expose(), "***");
    failure
}

/// Percent-encoded, all but what is never special (RFC 3986 section 2.3).
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::target::FailureKind;
    use shipway_testkit::http::{Handler, Request, Response as Answer, Server};
    use std::sync::Arc;

    /// An index and a CI in one. The index trusts the CI's first identity once.
    #[derive(Default)]
    struct Both {
        used: std::sync::Mutex<u32>,
    }

    impl Handler for Both {
        fn handle(&self, request: &Request) -> Answer {
            let bearer = request.header("authorization");
            match (request.method.as_str(), request.path.as_str()) {
                ("GET", "/_/oidc/audience") => {
                    Answer::json(200, &serde_json::json!({"audience": "the index"}))
                }
                ("GET", "/identity") if bearer == Some("Bearer opener") => {
                    assert_eq!(request.parameter("audience"), Some("the index"));
                    assert_eq!(request.parameter("v"), Some("2"));
                    let mut used = self.used.lock().unwrap();
                    *used += 1;
                    Answer::json(
                        200,
                        &serde_json::json!({"value": format!("identity-{used}"), "count": 1}),
                    )
                }
                ("POST", "/_/oidc/mint-token") if request.json()["token"] == "identity-1" => {
                    Answer::json(
                        200,
                        &serde_json::json!({"success": true, "token": "minted-1"}),
                    )
                }
                ("POST", "/_/oidc/mint-token") => {
                    let message = format!("no publisher for {}", request.json()["token"]);
                    Answer::json(422, &serde_json::json!({ "message": message }))
                }
                _ => Answer::empty(401),
            }
        }
    }

    fn environment(url: &str, token: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            (REQUEST_URL.to_owned(), url.to_owned()),
            (REQUEST_TOKEN.to_owned(), token.to_owned()),
        ])
    }

    #[test]
    fn an_identity_becomes_a_token_once() {
        let server = Server::start(Arc::new(Both::default()));
        let environment = environment(&format!("{}/identity?v=2", server.url()), "opener");
        let client = Client::default();
        let exchanged = exchange(&client, &server.url(), &environment).unwrap();
        assert_eq!(exchanged.token.expose(), "minted-1");
        assert_eq!(exchanged.on_the_way[1].expose(), "identity-1");
        let failure = exchange(&client, &server.url(), &environment)
            .err()
            .unwrap();
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(
            failure.message.contains("no publisher for \"***\""),
            "{failure}"
        );
        assert!(failure.hint.is_some());
    }

    #[test]
    fn what_is_missing_is_said() {
        let server = Server::start(Arc::new(Both::default()));
        let client = Client::default();
        let failure = exchange(&client, &server.url(), &BTreeMap::new())
            .err()
            .unwrap();
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(failure.hint.unwrap().contains("id-token: write"));
        let wrong = environment(&format!("{}/identity", server.url()), "other");
        let failure = exchange(&client, &server.url(), &wrong).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Denied);
        let elsewhere = format!("{}/simple", server.url());
        let failure = exchange(&client, &elsewhere, &wrong).err().unwrap();
        assert!(failure.hint.unwrap().contains("/simple/_/oidc/audience"));
    }
}
