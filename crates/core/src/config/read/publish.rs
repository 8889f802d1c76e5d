//! `[[publish]]`, `[[approve]]` and `[[announce]]`: what leaves, who agrees, who is told.

use super::node::{Names, Node, Part, Table};
use super::source::At;
use super::steps::{BEFORE, DIFFER, patterns};
use super::value;
use crate::config::{Announce, ApproveBefore, Before, Channel, Destination, PublishTo};
use crate::time::Millis;

const PUBLISH: &[&str] = &[
    "to",
    "name",
    "repository",
    "index",
    "pypirc",
    "trusted",
    "secret",
    "rehearsal",
    "artifacts",
    "api",
    "milestone",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Pypi,
    Github,
}

const KINDS: &[(&str, Kind)] = &[("pypi", Kind::Pypi), ("github", Kind::Github)];

/// Where packages for everybody are uploaded to, without the final `/`.
pub const PYPI_UPLOAD: &str = "https://upload.pypi.org/legacy";

/// Upload addresses whose simple index stands at another host: neither can be told from the other.
const WELL_KNOWN: &[(&str, &str)] = &[
    (PYPI_UPLOAD, "https://pypi.org/simple/"),
    (
        "https://test.pypi.org/legacy",
        "https://test.pypi.org/simple/",
    ),
];

const REPOSITORY: &str = "repository = \"https://index.example.org/legacy/\"";
const INDEX: &str = "index = \"https://index.example.org/simple/\"";
const SECRET: &str = "secret = \"INDEX_TOKEN\"";

pub(super) fn destinations(parts: Vec<Part<'_>>, made: &[String]) -> Vec<At<PublishTo>> {
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(PUBLISH)?;
        destination(&table, made, &mut names)
    };
    parts.into_iter().filter_map(read).collect()
}

fn destination(table: &Table<'_>, made: &[String], names: &mut Names) -> Option<At<PublishTo>> {
    let kind = table
        .need("to", "to = \"pypi\" (or github)")
        .and_then(|node| value::choice(&node, "to", KINDS))?;
    let word = if kind == Kind::Pypi { "pypi" } else { "github" };
    let name = match table.get("name") {
        Some(node) => value::name(&node, "name = \"test-index\""),
        None => Some(At {
            value: word.to_owned(),
            span: table.span.clone(),
        }),
    };
    let hint = "several destinations of one kind need names: name = \"test-index\"";
    if let Some(at) = &name {
        names.claim(table.source, at, "destination", hint);
    }
    let artifacts = match table.get("artifacts") {
        Some(node) => patterns(&node, "artifacts = [\"dist/*.whl\"]"),
        None => made.to_vec(),
    };
    if made.is_empty() && (kind == Kind::Pypi || table.get("artifacts").is_some()) {
        table.source.fault(
            &table.span,
            format!("{} has nothing to send: nothing is built", table.name),
            "add a [[build]] with its artifacts",
        );
    }
    let secret = table
        .get("secret")
        .and_then(|node| value::secret(&node, SECRET));
    let to = match kind {
        Kind::Pypi => index(table),
        Kind::Github => github(table),
    };
    Some(At {
        value: PublishTo {
            name: name.map(|at| at.value).unwrap_or_default(),
            to,
            rehearsal: kind == Kind::Pypi && truth(table, "rehearsal"),
            artifacts,
            secret,
        },
        span: table.span.clone(),
    })
}

fn truth(table: &Table<'_>, key: &'static str) -> bool {
    let node = table.get(key);
    node.and_then(|node| node.truth(&format!("{key} = true")))
        .unwrap_or(false)
}

/// Keys that the other kind of destination has.
fn refuse(table: &Table<'_>, keys: &[&'static str], kind: &str, hint: &str) {
    for node in keys.iter().filter_map(|key| table.get(key)) {
        node.fault(&format!("has no meaning with to = \"{kind}\""), hint);
    }
}

fn index(table: &Table<'_>) -> Destination {
    refuse(
        table,
        &["api", "milestone"],
        "pypi",
        "it belongs to to = \"github\": leave it out",
    );
    let url = |key, example| {
        let node: Node<'_> = table.get(key)?;
        let at = value::address(&node, &["https", "http"], example)?;
        if at.value.contains(['?', '#']) {
            node.fault(
                "must be an address without `?` and `#`",
                format!("write {example}"),
            );
            return None;
        }
        Some(at.value)
    };
    let repository = url("repository", REPOSITORY);
    let given = url("index", INDEX);
    let pypirc = table.get("pypirc").and_then(|node| section(&node));
    let trusted = truth(table, "trusted");
    if table.get("repository").is_none() && table.get("pypirc").is_none() {
        let message = format!("{} does not say where to", table.name);
        let hint = format!("add {REPOSITORY}, or pypirc = \"section\" to take it from `~/.pypirc`");
        table.source.fault(&table.span, message, hint);
    }
    if trusted {
        let hint = "trusted publishing gets its own short-lived token: leave the other out";
        table.exclude("trusted", "secret", hint);
        table.exclude("trusted", "pypirc", hint);
    }
    let index = match (&repository, table.get("index")) {
        (Some(repository), None) => {
            let derived = simple_index(repository);
            if derived.is_none()
                && let Some(node) = table.get("repository")
            {
                node.fault(
                    "is an upload address that does not tell where its packages are read",
                    format!("add the simple index: {INDEX}"),
                );
            }
            derived
        }
        _ => given,
    };
    Destination::Pypi {
        repository,
        index,
        pypirc,
        trusted,
    }
}

/// The simple index beside an upload address: at the same host, where the address is the host's root or `/legacy/`.
pub fn simple_index(repository: &str) -> Option<String> {
    let trimmed = repository.trim_end_matches('/');
    if let Some((_, index)) = WELL_KNOWN.iter().find(|(upload, _)| *upload == trimmed) {
        return Some((*index).to_owned());
    }
    let root = trimmed.strip_suffix("/legacy").unwrap_or(trimmed);
    let (_, rest) = root.split_once("://")?;
    (!rest.contains('/')).then(|| format!("{root}/simple/"))
}

/// The name of a section of `~/.pypirc`.
fn section(node: &Node<'_>) -> Option<String> {
    let at = node.text("pypirc = \"testpypi\"")?;
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if at.value.chars().all(fine) {
        return Some(at.value);
    }
    node.fault(
        "is no name of a section",
        "write what stands between the brackets in `~/.pypirc`: pypirc = \"testpypi\"",
    );
    None
}

fn github(table: &Table<'_>) -> Destination {
    refuse(
        table,
        &["rehearsal"],
        "github",
        "a draft is made first anyway, and a release there is no test: leave it out",
    );
    let index_keys = ["index", "pypirc", "trusted"];
    refuse(
        table,
        &index_keys,
        "github",
        "it belongs to to = \"pypi\": leave it out",
    );
    let example = "repository = \"owner/name\"";
    let repository = table
        .need("repository", example)
        .and_then(|node| owner_and_name(&node, example));
    let api = "api = \"https://github.example.org/api/v3\"";
    Destination::Github {
        repository: repository.unwrap_or_default(),
        api: table
            .get("api")
            .and_then(|node| value::address(&node, &["https", "http"], api))
            .map_or_else(
                || "https://api.github.com".to_owned(),
                |at| at.value.trim_end_matches('/').to_owned(),
            ),
        milestone: truth(table, "milestone"),
    }
}

fn owner_and_name(node: &Node<'_>, example: &str) -> Option<String> {
    let at = node.text(example)?;
    let part = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
            && text.chars().all(plain)
            && text.chars().any(|c| c != '.')
    };
    let parts: Vec<&str> = at.value.split('/').collect();
    if let [owner, name] = parts[..]
        && part(owner)
        && part(name)
    {
        return Some(at.value);
    }
    // An address was copied: its last two parts are meant.
    let trimmed = at.value.trim_end_matches('/').trim_end_matches(".git");
    let mut last = trimmed.rsplit(['/', ':']);
    let hint = match (last.next(), last.next()) {
        (Some(name), Some(owner)) if part(owner) && part(name) => {
            format!("write repository = \"{owner}/{name}\"")
        }
        _ => format!("write {example}"),
    };
    node.fault(
        "must be the owner and the name, with `/` between them",
        hint,
    );
    None
}

pub(super) fn approvals(parts: Vec<Part<'_>>) -> Vec<ApproveBefore> {
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(&["before", "who", "quorum", "valid-for"])?;
        let who = table
            .need("who", "who = \"release-manager\"")
            .and_then(|node| node.text("who = \"release-manager\""));
        let stage = table.get("before");
        let before = stage
            .as_ref()
            .and_then(|node| value::choice(node, "before", BEFORE));
        let before = before.unwrap_or(Before::Publish);
        if let Some(who) = &who {
            let word = BEFORE
                .iter()
                .find(|(_, one)| *one == before)
                .map_or("", |(word, _)| word);
            let same = At {
                value: format!("{} before {word}", who.value),
                span: who.span.clone(),
            };
            let hint = "ask for more people with `quorum`, or leave one of the two out";
            names.claim(table.source, &same, "the approval by", hint);
        }
        Some(ApproveBefore {
            before,
            who: who.map(|at| at.value).unwrap_or_default(),
            quorum: table
                .get("quorum")
                .and_then(|node| node.whole(1..=100, "quorum = 1"))
                .unwrap_or(1),
            valid_for: table
                .get("valid-for")
                .and_then(|node| value::duration(&node, "valid-for = \"7d\""))
                .unwrap_or(Millis::seconds(7 * 86_400)),
        })
    };
    parts.into_iter().filter_map(read).collect()
}

const ANNOUNCE: &[&str] = &[
    "by",
    "name",
    "server",
    "from",
    "recipients",
    "url",
    "secret",
    "subject",
    "text",
];

#[derive(Clone, Copy)]
enum By {
    Mail,
    Webhook,
}

const BY: &[(&str, By)] = &[("mail", By::Mail), ("webhook", By::Webhook)];

pub(super) fn announcements(parts: Vec<Part<'_>>) -> Vec<Announce> {
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(ANNOUNCE)?;
        let by = table
            .need("by", "by = \"mail\" (or webhook)")
            .and_then(|node| value::choice(&node, "by", BY))?;
        let word = match by {
            By::Mail => "mail",
            By::Webhook => "webhook",
        };
        let at = match table.get("name") {
            Some(node) => value::name(&node, "name = \"mailing-list\""),
            None => Some(At {
                value: word.to_owned(),
                span: table.span.clone(),
            }),
        };
        if let Some(at) = &at {
            names.claim(table.source, at, "announcement", DIFFER);
        }
        Some(Announce {
            name: at.map(|at| at.value).unwrap_or_default(),
            by: match by {
                By::Mail => mail(&table),
                By::Webhook => webhook(&table),
            },
            secret: table
                .get("secret")
                .and_then(|node| value::secret(&node, "secret = \"MAIL_PASSWORD\"")),
            subject: subject(&table)
                .unwrap_or_else(|| "{project} {version} is released".to_owned()),
            text: text(&table).unwrap_or_else(|| "{notes}".to_owned()),
        })
    };
    parts.into_iter().filter_map(read).collect()
}

fn subject(table: &Table<'_>) -> Option<String> {
    let node = table.get("subject")?;
    let at = node.text("subject = \"{project} {version} is released\"")?;
    value::placeholders(node.source, &at, &["project", "version", "pep440", "tag"])
        .then_some(at.value)
}

fn text(table: &Table<'_>) -> Option<String> {
    let node = table.get("text")?;
    let at = node.block("text = \"\"\"\n{notes}\n\"\"\"")?;
    value::placeholders(
        node.source,
        &at,
        &["project", "version", "pep440", "tag", "notes"],
    )
    .then_some(at.value)
}

fn mail(table: &Table<'_>) -> Channel {
    const SERVER: &str = "server = \"smtps://mail.example.org\"";
    const FROM: &str = "from = \"releases@example.org\"";
    const RECIPIENTS: &str = "recipients = [\"list@example.org\"]";
    refuse_for(table, &["url"], "mail");
    let server = table.need("server", SERVER).and_then(|node| {
        let at = value::address(&node, &["smtp", "smtps"], SERVER)?;
        let host = at
            .value
            .split_once("://")
            .map_or("", |(_, host)| host.trim_end_matches('/'));
        if host.contains(['/', '?', '#']) {
            node.fault(
                "must end after the host and its port",
                format!("write {SERVER}"),
            );
            return None;
        }
        Some(at.value.trim_end_matches('/').to_owned())
    });
    Channel::Mail {
        server: server.unwrap_or_default(),
        from: table
            .need("from", FROM)
            .and_then(|node| value::mailbox(&node, FROM))
            .unwrap_or_default(),
        recipients: table
            .need("recipients", RECIPIENTS)
            .map(|node| node.each(RECIPIENTS, |item| value::mailbox(item, RECIPIENTS)))
            .unwrap_or_default(),
    }
}

fn webhook(table: &Table<'_>) -> Channel {
    const URL: &str = "url = \"https://hooks.example.org/releases\"";
    refuse_for(table, &["server", "from", "recipients"], "webhook");
    let url = table
        .need("url", URL)
        .and_then(|node| value::address(&node, &["https", "http"], URL));
    Channel::Webhook {
        url: url.map(|at| at.value).unwrap_or_default(),
    }
}

fn refuse_for(table: &Table<'_>, keys: &[&'static str], by: &str) {
    for node in keys.iter().filter_map(|key| table.get(key)) {
        node.fault(
            &format!("has no meaning with by = \"{by}\""),
            "leave it out, or change `by`",
        );
    }
}
