//! Addresses of package indexes, from the configuration and `~/.pypirc`.

use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use shipway_core::Config;
use shipway_core::config::{Destination, PYPI_UPLOAD, simple_index};
use shipway_core::planner::Index;
use shipway_core::secret::SecretName;
use shipway_targets::pypirc::{Pypirc, Server};
use std::collections::BTreeMap;

/// The user that goes with a token.
const TOKEN_USER: &str = "__token__";

/// Every index by the name of its destination, and what a person should know of the file.
pub fn find(
    session: &Session,
    config: &Config,
) -> Result<(BTreeMap<String, Index>, Vec<String>), CommandError> {
    let mut indexes = BTreeMap::new();
    let mut warnings = Vec::new();
    let mut file: Option<Pypirc> = None;
    for publish in &config.publish {
        let Destination::Pypi {
            repository,
            index,
            pypirc,
            trusted,
        } = &publish.to
        else {
            continue;
        };
        let server = match pypirc {
            None => None,
            Some(section) => {
                if file.is_none() {
                    let read = read(session)?;
                    warnings.extend(read.warnings.iter().cloned());
                    file = Some(read);
                }
                Some(server(file.as_ref(), section)?)
            }
        };
        let upload = repository
            .clone()
            .or_else(|| server.as_ref().map(upload_of))
            .ok_or_else(|| {
                CommandError::usage(format!("there is no upload address for {}", publish.name))
            })?;
        let simple = index
            .clone()
            .or_else(|| simple_index(&upload))
            .ok_or_else(|| {
                CommandError::usage(format!(
                    "{upload} does not tell where {} is read",
                    publish.name
                ))
                .hinted(format!(
                    "add index = \"…/simple/\" to [[publish]] {}",
                    publish.name
                ))
            })?;
        let origin = upload.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let secret = match (&publish.secret, pypirc, trusted) {
            (Some(secret), _, _) => Some(secret.clone()),
            (None, Some(section), _) => Some(SecretName(format!("pypirc:{section}"))),
            (None, None, true) => Some(SecretName(format!("oidc:{origin}"))),
            (None, None, false) => None,
        };
        let username = server
            .and_then(|server| server.username)
            .unwrap_or_else(|| TOKEN_USER.to_owned());
        let simple = if simple.ends_with('/') {
            simple
        } else {
            format!("{simple}/")
        };
        indexes.insert(
            publish.name.clone(),
            Index {
                upload,
                simple,
                username,
                secret,
            },
        );
    }
    Ok((indexes, warnings))
}

fn read(session: &Session) -> Result<Pypirc, CommandError> {
    let path = session
        .pypirc()
        .ok_or_else(|| CommandError::usage("there is no HOME to find .pypirc in"))?;
    Pypirc::read(&path)
        .map_err(|error| CommandError::from_error(Exit::Usage, "~/.pypirc cannot be used", &error))
}

fn server(file: Option<&Pypirc>, section: &str) -> Result<Server, CommandError> {
    let found = file.and_then(|file| file.server(section)).cloned();
    found.ok_or_else(|| {
        let known: Vec<&str> = file
            .map(|file| {
                file.servers
                    .iter()
                    .map(|server| server.name.as_str())
                    .collect()
            })
            .unwrap_or_default();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        CommandError::usage(format!("~/.pypirc has no section [{section}]"))
            .hinted(format!("its index servers are: {known}"))
    })
}

/// A section without an address means the index that everybody uses.
fn upload_of(server: &Server) -> String {
    server
        .repository
        .clone()
        .unwrap_or_else(|| format!("{PYPI_UPLOAD}/"))
}
