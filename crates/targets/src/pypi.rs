//! A package index of the PyPI kind: files go out by the legacy upload API, and are looked at by the simple API.
//!
//! | answer to an upload | meaning |
//! |---|---|
//! | 2xx | accepted; the index may show it minutes later |
//! | 400, 409, 422 | `Taken`: "exists" and "refused" look alike, so the next look decides by digest |
//! | 401, 403, 404, 405, 3xx | `Denied`: the token, its scope or the address is wrong, and a person can mend it |
//! | 413 and others | as [`crate::http::refusal`] says |
//!
//! Invariants: a file is sent only if its bytes have the item's digest; `Same` means that the index named that SHA-256, or that
//! the file was downloaded and hashed; an answer that is cut off is a failure, never "absent"; a file that was yanked
//! (PEP 592) is `Different`, because nobody installs it. A file name can never be used again, so nothing is taken back.
//!
//! Settings: `index` (address of the simple API, ends with `/`), `project`, `username` (default `__token__`), `plain-http`
//! (true: the index may be read over HTTP from another machine). An item is a file; its body is `{"version": "1.1.0"}`.
//!
//! Must not: parse an error's text, call a packaging tool, or hold a whole file in memory.

mod form;
mod page;
mod yanked;

pub use yanked::{is_yanked, not_yanked};

use crate::http::{
    Auth, Call, Client, Effect, LONGEST_FILE, Limits, Plain, Response, join, origin, refusal, tidy,
};
use crate::metadata::{self, FileName, normalised};
use crate::{Bytes, Context};
use page::{Entry, Page, Unreadable};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shipway_core::Digest;
use shipway_core::config::Scheme;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::target::{
    Again, Capability, Credential, Failure, Found, Item, Presence, Receipt, Reversal, Survey,
    Target, TargetSpec,
};
use shipway_core::time::Millis;
use shipway_core::version::Version;
use std::sync::Arc;
use std::time::Duration;

/// The row of the table of targets.
pub const CAPABILITY: Capability = Capability {
    kind: "pypi",
    reversal: Reversal::Nothing,
    again: Again::Harmless,
    settle: Millis::seconds(30 * 60),
    pace: None,
    compares: "SHA-256 of the file, as the index states it",
    overwrites: false,
};

/// JSON (PEP 691) where the index has it, else HTML (PEP 503).
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// An index, ready to be talked to.
struct Pypi {
    upload: String,
    index: String,
    /// Normalised.
    project: String,
    username: String,
    secret: Option<SecretName>,
    secrets: Arc<dyn Secrets>,
    bytes: Arc<dyn Bytes>,
    reading: Client,
    writing: Client,
}

/// Opens the index that a plan names.
///
/// # Errors
/// `Permanent` for settings that do not fit.
pub fn open(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    let bad = |why: &str| Failure::permanent(format!("the settings of {}: {why}", spec.name));
    let known = ["index", "project", "username", "plain-http"];
    if let Some(key) = spec
        .settings
        .keys()
        .find(|key| !known.contains(&key.as_str()))
    {
        return Err(bad(&format!("{key:?} is no setting of an index")));
    }
    let text = |key: &str| match spec.settings.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(bad(&format!("{key:?} must be a text"))),
    };
    let index = text("index")?.ok_or_else(|| bad("there is no \"index\" to read from"))?;
    if origin(&index).is_none() || !index.ends_with('/') {
        return Err(bad("\"index\" must be an address that ends with /"));
    }
    if origin(&spec.place).is_none() {
        return Err(bad("the place must be the address for uploads"));
    }
    let project = text("project")?.ok_or_else(|| bad("there is no \"project\""))?;
    let project = normalised(&project);
    if !project
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        return Err(bad("\"project\" is no name of a Python project"));
    }
    let plain = match spec.settings.get("plain-http") {
        None | Some(Value::Bool(false)) => Plain::Loopback,
        Some(Value::Bool(true)) => Plain::Anywhere,
        Some(_) => return Err(bad("\"plain-http\" must be true or false")),
    };
    // An index answers an upload once it has checked the file, which may take it minutes.
    let patient = Limits {
        idle: Duration::from_mins(5),
        total: Duration::from_hours(1),
        ..Limits::default()
    };
    Ok(Box::new(Pypi {
        upload: spec.place.clone(),
        index,
        project,
        username: text("username")?.unwrap_or_else(|| "__token__".to_owned()),
        secret: spec.secret.clone(),
        secrets: Arc::clone(&context.secrets),
        bytes: Arc::clone(&context.bytes),
        reading: Client::new(Limits::default(), plain),
        writing: Client::new(patient, plain),
    }))
}

impl Target for Pypi {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let Some(page) = self.look()? else {
            return Ok(Presence::Absent);
        };
        let Some(entry) = page.find(&item.name) else {
            return Ok(Presence::Absent);
        };
        let url = join(&page.url, &entry.url).ok_or_else(|| {
            Failure::permanent(format!("the index gives {} no address", item.name))
        })?;
        let digest = match &entry.sha256 {
            Some(digest) => digest.clone(),
            None => self.hash(&url)?,
        };
        if digest != item.digest {
            let found = format!("{} with SHA-256 {}…", item.name, digest.short());
            return Ok(Presence::Different { found });
        }
        if let Some(why) = &entry.yanked {
            let found = format!("{} with these bytes, but yanked{}", item.name, because(why));
            return Ok(Presence::Different { found });
        }
        let receipt = Receipt {
            id: item.name.clone(),
            url: Some(url),
        };
        Ok(Presence::Same { receipt })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let upload = self.prepare(item)?;
        let secret = self
            .secret
            .as_ref()
            .map(|name| self.secrets.resolve(name))
            .transpose()?;
        let response = self.send(upload, secret.as_ref())?;
        match response.status {
            200..=299 => Ok(Receipt {
                id: item.name.clone(),
                url: Some(format!("{}{}/", self.index, self.project)),
            }),
            _ => Err(self.refused(&response, item)),
        }
    }

    fn retract(&self, item: &Item, _receipt: &Receipt) -> Result<(), Failure> {
        Err(
            Failure::permanent(format!("an index does not take {} back", item.name))
                .hinted("yank it on the index's web page, and release a new version"),
        )
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut survey = Survey::default();
        self.survey_credential(&mut survey);
        let Some(page) = self.look()? else {
            survey
                .notes
                .push(format!("{} is new on this index", self.project));
            return Ok(survey);
        };
        for entry in &page.entries {
            if !items.iter().any(|item| is_about(item, entry)) {
                continue;
            }
            let what = match &entry.sha256 {
                Some(digest) => digest.to_string(),
                None => "without a hash".to_owned(),
            };
            if let Some(why) = &entry.yanked {
                survey
                    .notes
                    .push(format!("{} is yanked{}", entry.name, because(why)));
            }
            let name = entry.name.clone();
            survey.found.push(Found { name, what });
        }
        survey.found.sort();
        Ok(survey)
    }
}

impl Pypi {
    fn look(&self) -> Result<Option<Page>, Failure> {
        look(&self.reading, &self.index, &self.project)
    }

    /// Downloads the file and hashes it, for indexes that give no SHA-256.
    fn hash(&self, url: &str) -> Result<Digest, Failure> {
        if origin(url) != origin(&self.index) {
            return Err(Failure::permanent(format!(
                "the index gives no SHA-256, and its file is elsewhere: {url}"
            )));
        }
        let mut hasher = Sha256::new();
        let mut sink = |bytes: &[u8]| hasher.update(bytes);
        let response = self
            .writing
            .stream(Call::new("GET", url), LONGEST_FILE, &mut sink)?;
        if response.status != 200 {
            return Err(refusal(
                &response,
                Effect::Reads,
                &format!("download {url}"),
            ));
        }
        Ok(Digest::from_bytes(&hasher.finalize().into()))
    }

    /// Everything that can be wrong on our side is found here, before a byte leaves.
    fn prepare(&self, item: &Item) -> Result<form::Upload, Failure> {
        let path = self.bytes.path(&item.digest)?;
        let unreadable = |error: &std::io::Error| {
            Failure::permanent(format!(
                "the bytes of {} cannot be read: {}",
                item.name,
                error.kind()
            ))
        };
        let file = fs_err::File::open(&path).map_err(|error| unreadable(&error))?;
        let package = metadata::read(&item.name, std::io::BufReader::new(&file))
            .map_err(|error| Failure::permanent(format!("{}: {error}", item.name)))?;
        let name = package.metadata.name();
        if normalised(name) != self.project {
            let message = format!(
                "{} is a package of {name}, not of {}",
                item.name, self.project
            );
            return Err(
                Failure::permanent(message).hinted("check the project's name in shipway.toml")
            );
        }
        let upload = form::Upload::of(&package, item, file).map_err(|error| unreadable(&error))?;
        if upload.sha256 != item.digest || item.size.is_some_and(|size| size != upload.size) {
            return Err(Failure::permanent(format!(
                "the bytes of {} are not those that were sealed",
                item.name
            )));
        }
        Ok(upload)
    }

    fn send(&self, mut upload: form::Upload, secret: Option<&Secret>) -> Result<Response, Failure> {
        let kind = upload.content_type();
        let headers = [("content-type", kind.as_str())];
        let auth = match secret {
            Some(password) => Auth::Basic {
                user: &self.username,
                password,
            },
            None => Auth::None,
        };
        let call = Call::new("POST", &self.upload).headers(&headers).auth(auth);
        self.writing.send(call.body(upload.body()))
    }

    fn refused(&self, response: &Response, item: &Item) -> Failure {
        let what = format!("upload {} to {}", item.name, self.upload);
        let failure = refusal(response, Effect::Writes, &what);
        if matches!(failure.kind, shipway_core::FailureKind::Transient { .. }) {
            return failure;
        }
        let secret = match &self.secret {
            Some(name) => format!("the secret {name}"),
            None => "no secret".to_owned(),
        };
        let said = |kind: fn(String) -> Failure| kind(failure.message.clone());
        match response.status {
            400 | 409 | 422 => said(Failure::taken),
            401 => said(Failure::denied).hinted(format!(
                "the index does not accept {secret} for the user {}",
                self.username
            )),
            403 => said(Failure::denied).hinted(format!(
                "is {secret} a token of this very index, not expired, and may its owner upload to {}?",
                self.project
            )),
            404 | 405 | 300..=399 => said(Failure::denied).hinted(self.wrong_address(response)),
            _ => failure,
        }
    }

    fn wrong_address(&self, response: &Response) -> String {
        let to = response.header("location");
        let reads = origin(&self.upload) == origin(&self.index)
            && self
                .upload
                .trim_end_matches('/')
                .starts_with(self.index.trim_end_matches('/'));
        match to {
            Some(to) if (300..400).contains(&response.status) => {
                format!(
                    "the server sends uploads on to {}: write that address",
                    tidy(to)
                )
            }
            _ if reads => format!(
                "{} is where the index is read; uploads have an address of their own",
                self.upload
            ),
            _ => format!(
                "is {} the address for uploads, to the last slash?",
                self.upload
            ),
        }
    }

    fn survey_credential(&self, survey: &mut Survey) {
        survey.credential = Credential::Untried;
        match &self.secret {
            None => survey.credential = Credential::NotNeeded,
            // Each exchange costs an identity; it is made when it is needed.
            Some(name) if name.0.starts_with("oidc:") => {
                survey
                    .notes
                    .push("the token is made by trusted publishing, at the upload".to_owned());
            }
            Some(name) => {
                if let Err(failure) = self.secrets.resolve(name) {
                    let hint = failure
                        .hint
                        .map(|hint| format!(": {hint}"))
                        .unwrap_or_default();
                    survey.notes.push(format!("{}{hint}", failure.message));
                }
            }
        }
    }
}

/// The project's page, or `None` where the index has no such project. The project's name is normalised.
fn look(client: &Client, index: &str, project: &str) -> Result<Option<Page>, Failure> {
    let url = format!("{index}{project}/");
    let headers = [
        ("accept", ACCEPT),
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
    ];
    let response = client.send(Call::new("GET", &url).headers(&headers))?;
    let what = format!("look at {url}");
    match response.status {
        200 => {}
        404 => return Ok(None),
        // Some servers send on to another index for what they do not have.
        302 | 303 | 307 => return Ok(None),
        301 | 308 => {
            let to = response.header("location").unwrap_or("another place");
            return Err(
                Failure::permanent(format!("{what}: the index has moved to {to}"))
                    .hinted("write the new address as the index's"),
            );
        }
        401 | 403 => {
            let failure = refusal(&response, Effect::Reads, &what);
            return Err(failure.hinted("an index that is read with a password is not supported"));
        }
        _ => return Err(refusal(&response, Effect::Reads, &what)),
    }
    match Page::read(&url, &response) {
        Ok(page) => Ok(Some(page)),
        Err(Unreadable::CutOff) => Err(Failure::unknown(format!("{what}: the page ends early"))),
        // A gateway's page may be gone in a minute: no reason to take a release back.
        Err(Unreadable::Foreign(why)) => Err(Failure::transient(format!("{what}: {why}"))
            .hinted("is this the address of a simple API, as in https://HOST/simple/?")),
    }
}

/// Whether a file of the index is the item, or, for one that is still to be built, belongs to its version.
fn is_about(item: &Item, entry: &Entry) -> bool {
    if item.size.is_some() || item.body.get("version").is_none() {
        return item.name == entry.name;
    }
    let wanted = item
        .body
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    is_of_version(entry, wanted)
}

fn is_of_version(entry: &Entry, version: &str) -> bool {
    FileName::parse(&entry.name).is_ok_and(|file| same_version(&file.version, version))
}

fn same_version(one: &str, other: &str) -> bool {
    // A wheel's name has `_` where the version has `-` (binary distribution format, escaping).
    let parse = |text: &str| Version::parse(&text.replace('_', "-"), Scheme::Pep440);
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn because(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(" ({why})")
    }
}
