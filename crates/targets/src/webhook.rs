//! A call to somebody's address with JSON, made at most once.
//!
//! Invariants: the bytes of the body are those of the item's payload, sorted by key and without white space, on every try;
//! `Idempotency-Key` is the item's digest, so that a receiver can recognise a double; with a secret the body is signed
//! (HMAC-SHA-256, RFC 2104) and the secret itself never leaves. Plain HTTP goes to loopback only. A redirect is not followed.
//!
//! Must not: retry after a lost answer; the receiver may have announced the release already.

use crate::Context;
use crate::http::{Body, Call, Client, Effect, origin, refusal, tidy};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{
    Again, Capability, Credential, Failure, Item, Presence, Receipt, Reversal, Survey, Target,
    TargetSpec,
};
use shipway_core::time::Millis;
use std::sync::Arc;

pub(crate) const CAPABILITY: Capability = Capability {
    kind: "webhook",
    reversal: Reversal::Nothing,
    again: Again::Never,
    settle: Millis(0),
    pace: None,
    compares: "nothing: what a receiver did with a call cannot be looked at",
    overwrites: false,
};

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    payload: Map<String, Value>,
}

struct Webhook {
    client: Client,
    url: String,
    secret: Option<SecretName>,
    secrets: Arc<dyn Secrets>,
}

/// The target for an address. It has no settings; a secret, where there is one, signs the body.
pub(crate) fn open(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    if let Some(key) = spec.settings.keys().next() {
        return Err(Failure::permanent(format!(
            "a webhook target has no setting {key:?}"
        )));
    }
    if origin(&spec.place).is_none() {
        return Err(
            Failure::permanent(format!("{:?} is no web address", tidy(&spec.place)))
                .hinted("write https://host/path"),
        );
    }
    Ok(Box::new(Webhook {
        client: Client::default(),
        url: spec.place.clone(),
        secret: spec.secret.clone(),
        secrets: context.secrets.clone(),
    }))
}

impl Target for Webhook {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        body(item)?;
        Ok(Presence::Unknown {
            why: "what a webhook did cannot be looked at".to_owned(),
        })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body = body(item)?;
        let key = item.digest.as_str();
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        let signature = match &self.secret {
            Some(name) => Some(signature(&self.secrets.resolve(name)?, &body)?),
            None => None,
        };
        if let Some(signature) = &signature {
            headers.push(("X-Shipway-Signature", signature));
        }
        let call = Call::new("POST", &self.url)
            .headers(&headers)
            .body(Body::Bytes(&body));
        let response = self.client.send(call)?;
        if response.is_success() {
            return Ok(Receipt {
                id: key.to_owned(),
                url: None,
            });
        }
        let failure = refusal(&response, Effect::Writes, "call the webhook");
        Err(match response.status {
            300..400 => failure.hinted("redirects are not followed: write the final address"),
            404 | 410 => failure.hinted("check the address"),
            _ => failure,
        })
    }

    fn retract(&self, _: &Item, _: &Receipt) -> Result<(), Failure> {
        Err(Failure::permanent(
            "a call to a webhook cannot be taken back",
        ))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        for item in items {
            body(item)?;
        }
        let credential = match &self.secret {
            Some(name) => {
                self.secrets.resolve(name)?;
                Credential::Untried
            }
            None => Credential::NotNeeded,
        };
        Ok(Survey {
            credential,
            ..Survey::default()
        })
    }
}

/// The bytes that are sent: the payload with its keys sorted, since `serde_json` keeps maps that way.
fn body(item: &Item) -> Result<Vec<u8>, Failure> {
    let bad = |error| Failure::permanent(format!("the item is no webhook call: {error}"));
    let body: WebhookBody = serde_json::from_value(item.body.clone()).map_err(bad)?;
    serde_json::to_vec(&body.payload).map_err(bad)
}

/// `sha256=` and the HMAC of the body in hexadecimal digits.
fn signature(secret: &Secret, body: &[u8]) -> Result<String, Failure> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .map_err(|_| Failure::denied("the secret cannot be used as a key"))?;
    mac.update(body);
    Ok(format!(
        "sha256={}",
        shipway_core::digest::hex(&mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        // Test case 2 of RFC 4231 section 4.3.
        let signed = signature(&Secret::new("Jefe"), b"what do ya want for nothing?").unwrap();
        assert_eq!(
            signed,
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_order_of_keys() {
        let item = |text: &str| {
            let payload: Value = serde_json::from_str(text).unwrap();
            Item::of_body("call", json!({"payload": payload}))
        };
        let one = body(&item(r#"{"b": 1, "a": {"d": 2, "c": 3}}"#)).unwrap();
        assert_eq!(one, br#"{"a":{"c":3,"d":2},"b":1}"#);
        assert_eq!(one, body(&item(r#"{"a":{"c":3,"d":2},"b":1}"#)).unwrap());
    }

    #[test]
    fn a_payload_is_an_object() {
        for wrong in [
            json!({}),
            json!({"payload": 1}),
            json!({"payload": {}, "url": "x"}),
        ] {
            assert!(
                body(&Item::of_body("call", wrong.clone())).is_err(),
                "{wrong}"
            );
        }
    }
}
