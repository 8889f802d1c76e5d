//! Where secrets come from: the environment, `~/.pypirc`, or the identity of a CI job.
//!
//! | name | value |
//! |---|---|
//! | `PYPI_TOKEN` | the variable of this name |
//! | `pypirc:SECTION` | the password of this section of `~/.pypirc` |
//! | `oidc:https://HOST` | a new short-lived token of the index at this origin ([`crate::trusted`]) |
//!
//! Invariants: the environment and the path come in from outside; nothing is kept between calls; every value is told to the
//! redactor before it is given to the caller.

use crate::http::Client;
use crate::pypirc::{Pypirc, PypircError};
use crate::trusted;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::Failure;
use std::collections::BTreeMap;
use std::path::PathBuf;

type Tell = Box<dyn Fn(&Secret) + Send + Sync>;

/// The secrets of whoever runs the release.
pub struct Sources {
    environment: BTreeMap<String, String>,
    pypirc: PathBuf,
    client: Client,
    tell: Tell,
}

impl Sources {
    /// `environment` is all that names may be looked up in, `pypirc` the path of the user's file, whether it is there or
    /// not. `tell` hears every value before anybody uses it.
    pub fn new(
        environment: BTreeMap<String, String>,
        pypirc: PathBuf,
        tell: impl Fn(&Secret) + Send + Sync + 'static,
    ) -> Self {
        Self {
            environment,
            pypirc,
            client: Client::default(),
            tell: Box::new(tell),
        }
    }

    fn told(&self, secret: Secret) -> Secret {
        (self.tell)(&secret);
        secret
    }

    fn variable(&self, name: &str) -> Result<Secret, Failure> {
        match self.environment.get(name) {
            Some(value) if !value.trim().is_empty() => Ok(self.told(Secret::new(value.trim()))),
            Some(_) => Err(
                Failure::denied(format!("the secret {name} is empty")).hinted(format!(
                    "the environment variable {name} is set, but to nothing"
                )),
            ),
            None => Err(
                Failure::denied(format!("the secret {name} is missing")).hinted(format!(
                    "looked for an environment variable named {name}: export it and resume"
                )),
            ),
        }
    }

    fn section(&self, section: &str) -> Result<Secret, Failure> {
        let path = self.pypirc.display();
        let file = Pypirc::read(&self.pypirc).map_err(|error| match &error {
            PypircError::Unreadable(_, source) => Failure::denied(error.to_string())
                .hinted(format!("the system says: {}", source.kind())),
            PypircError::Line { .. } => Failure::denied(error.to_string()),
        })?;
        let missing = |what: &str, mend: String| Err(Failure::denied(what.to_owned()).hinted(mend));
        let Some(server) = file.server(section) else {
            let known: Vec<&str> = file
                .servers
                .iter()
                .map(|server| server.name.as_str())
                .collect();
            let known = match known.as_slice() {
                [] => "it has none".to_owned(),
                known => format!("it has {}", known.join(", ")),
            };
            return missing(
                &format!("the secret pypirc:{section} is missing"),
                format!("looked for the section [{section}] in {path}: {known}"),
            );
        };
        match &server.password {
            Some(password) if !password.expose().is_empty() => Ok(self.told(password.clone())),
            _ => missing(
                &format!("the secret pypirc:{section} is missing"),
                format!("the section [{section}] of {path} has no password"),
            ),
        }
    }

    fn minted(&self, origin: &str) -> Result<Secret, Failure> {
        if !origin.contains("://") {
            return Err(
                Failure::denied(format!("the secret oidc:{origin} names no index")).hinted(
                    "write the index's origin after oidc: as in oidc:https://upload.example.org",
                ),
            );
        }
        let exchanged = trusted::exchange(&self.client, origin, &self.environment)?;
        for secret in &exchanged.on_the_way {
            (self.tell)(secret);
        }
        Ok(self.told(exchanged.token))
    }
}

impl Secrets for Sources {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        match name.0.split_once(':') {
            Some(("pypirc", section)) => self.section(section),
            Some(("oidc", origin)) => self.minted(origin),
            Some((kind, _)) => Err(Failure::denied(format!(
                "there is no source of secrets named {kind:?}"
            ))
            .hinted("use an environment variable's name, pypirc:SECTION or oidc:ORIGIN")),
            None => self.variable(&name.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::target::FailureKind;
    use std::sync::{Arc, Mutex};

    fn sources(pypirc: &str) -> (Sources, Arc<Mutex<Vec<String>>>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pypirc");
        fs_err::write(&path, pypirc).unwrap();
        let environment = BTreeMap::from([
            ("TOKEN".to_owned(), "pypi-abc\n".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let tell = move |secret: &Secret| ear.lock().unwrap().push(secret.expose().to_owned());
        (Sources::new(environment, path, tell), heard, directory)
    }

    fn resolve(sources: &Sources, name: &str) -> Result<Secret, Failure> {
        sources.resolve(&SecretName(name.to_owned()))
    }

    #[test]
    fn values_are_found_and_told() {
        let (sources, heard, _directory) = sources("[testpypi]\npassword = from-file\n");
        assert_eq!(resolve(&sources, "TOKEN").unwrap().expose(), "pypi-abc");
        assert_eq!(
            resolve(&sources, "pypirc:testpypi").unwrap().expose(),
            "from-file"
        );
        assert_eq!(*heard.lock().unwrap(), ["pypi-abc", "from-file"]);
    }

    #[test]
    fn what_is_missing_is_denied_and_says_where_it_was_looked_for() {
        let (sources, heard, _directory) = sources("[testpypi]\nusername = me\n");
        for (name, hint) in [
            ("GONE", "environment variable named GONE"),
            ("EMPTY", "EMPTY is set, but to nothing"),
            ("pypirc:pypi", "it has testpypi"),
            ("pypirc:testpypi", "has no password"),
            ("oidc:pypi", "oidc:https://"),
            ("oidc:https://192.0.2.1", "id-token: write"),
            ("vault:x", "pypirc:SECTION"),
        ] {
            let failure = resolve(&sources, name).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Denied, "{name}");
            assert!(failure.hint.as_ref().unwrap().contains(hint), "{failure:?}");
        }
        assert!(heard.lock().unwrap().is_empty());
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let (sources, _, _directory) = sources("[pypi]\npassword s3cret\n");
        let failure = resolve(&sources, "pypirc:pypi").unwrap_err();
        assert!(failure.message.contains("line 2"), "{failure}");
        assert!(!format!("{failure:?}").contains("s3cret"));
    }
}
