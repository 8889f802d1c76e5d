//! Typed names: what comes from git, forges, files and people is checked before it is used.
//!
//! Invariant: no name begins with `-`, is empty, or holds control characters, so that none is ever read as an option and
//! none can move a terminal's cursor.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is refused as a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not a valid {kind}: {why}")]
pub struct BadName {
    kind: &'static str,
    text: String,
    why: &'static str,
}

/// The rule that all names share. `None` when the text is fine.
fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("it is empty")
    } else if text.starts_with('-') {
        Some("it begins with '-', which programs read as an option")
    } else if text.len() > 1024 {
        Some("it is longer than 1024 bytes")
    } else if text.chars().any(|c| c.is_control() || is_bidi(c)) {
        Some("it holds a control character")
    } else {
        None
    }
}

/// Characters that change the reading direction of what follows (Unicode Standard Annex 9).
pub fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $rule:expr) => {
        $(#[$doc])*
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
                let text = text.into();
                let rule: fn(&str) -> Option<&'static str> = $rule;
                match fault(&text).or_else(|| rule(&text)) {
                    Some(why) => Err(BadName { kind: $kind, text, why }),
                    None => Ok(Self(text)),
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A step of a plan, unique in it: `check/tests`, `publish/pypi`.
    StepId,
    "step name",
    |text| text.chars().any(char::is_whitespace).then_some("it holds white space")
);

name!(
    /// A full reference name: `refs/heads/main`, `refs/tags/v1.0.0` (rules of `git-check-ref-format`).
    RefName,
    "git reference",
    |text| {
        let bad_part = |part: &str| {
            part.is_empty()
                || part.starts_with('.')
                || part.starts_with('-')
                || std::path::Path::new(part).extension().is_some_and(|e| e == "lock")
        };
        if !text.starts_with("refs/") || text.matches('/').count() < 2 {
            Some("it must be written in full, as in refs/heads/main")
        } else if text.contains("..") || text.contains("@{") || text.ends_with('.') {
            Some("git does not allow '..', '@{' or a final '.'")
        } else if text.chars().any(|c| c == ' ' || "~^:?*[\\".contains(c)) {
            Some("git does not allow spaces nor any of ~^:?*[\\")
        } else if text.split('/').any(bad_part) {
            Some("a part of it is empty, begins with '.' or '-', or ends with .lock")
        } else {
            None
        }
    }
);

name!(
    /// A git object id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    Oid,
    "git object id",
    |text| {
        let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (!(hex && matches!(text.len(), 40 | 64))).then_some("it must be 40 or 64 lower-case hexadecimal digits")
    }
);

impl RefName {
    /// The branch of that short name.
    pub fn branch(short: &str) -> Result<Self, BadName> {
        Self::new(format!("refs/heads/{short}"))
    }

    /// The tag of that short name.
    pub fn tag(short: &str) -> Result<Self, BadName> {
        Self::new(format!("refs/tags/{short}"))
    }

    /// Without `refs/heads/` or `refs/tags/`.
    pub fn short(&self) -> &str {
        self.0
            .strip_prefix("refs/heads/")
            .or_else(|| self.0.strip_prefix("refs/tags/"))
            .unwrap_or(&self.0)
    }
}

impl Oid {
    /// The first 10 digits, for people.
    pub fn abbreviated(&self) -> &str {
        &self.0[..10]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_programs_would_misread_are_refused() {
        for text in ["", "-x", "--output=f", "a\nb", "a\u{1b}[2J", "a\u{202e}b"] {
            assert!(StepId::new(text).is_err(), "{text:?}");
        }
        assert!(StepId::new("check/tests").is_ok());
    }

    #[test]
    fn references_follow_gits_rules() {
        for text in [
            "main",
            "refs/heads",
            "refs/heads/a..b",
            "refs/heads/-x",
            "refs/tags/v1.lock",
            "refs/tags/v 1",
            "refs/tags/a//b",
        ] {
            assert!(RefName::new(text).is_err(), "{text:?}");
        }
        assert_eq!(RefName::tag("v1.0.0").unwrap().short(), "v1.0.0");
        assert_eq!(
            RefName::branch("release/v1").unwrap().as_str(),
            "refs/heads/release/v1"
        );
    }

    #[test]
    fn object_ids_are_hexadecimal() {
        assert!(Oid::new("0123456789abcdef0123456789abcdef01234567").is_ok());
        assert!(Oid::new("0123456789ABCDEF0123456789abcdef01234567").is_err());
        assert!(Oid::new("0123").is_err());
    }
}
