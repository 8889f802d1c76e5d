//! `train.toml`: reading it, with every fault in its place.
//!
//! ```toml
//! [train]
//! name  = "goose"
//! rules = "goose"                      # a pack that comes with Shipway, or a directory: "rules/"
//!
//! [engine]
//! repository = "../goose"
//!
//! [[line]]
//! version  = "1.4"
//! codename = "andium"                  # its branch is v1.4-andium where `branch` says nothing else
//! support  = "lts"
//! announced   = 2025-09-16
//! end-of-life = 2026-11-17
//!
//! [[member]]
//! name       = "httpfs"
//! repository = "../httpfs"
//! class      = "unstable-api"
//!
//! [[log]]
//! date  = 2026-07-01
//! event = "open-pre-release"
//! ```
//!
//! Must not: look whether a repository or a directory exists.

use crate::model::{
    Class, Departure, Engine, Entry, Line, LineVersion, Member, ReleaseVersion, Rules, Support,
    Train, Waiver, Waives,
};
use crate::pack::{BUILTIN, Severity, read_override};
use shipway_core::config::document::{self, At, Names, Node, Part, Source, Table, choice, closest};
use shipway_core::config::{ConfigError, LARGEST_FILE};
use shipway_core::name::RefName;
use shipway_core::time::Timestamp;

/// The name that the file has.
pub const FILE: &str = "train.toml";

const TABLES: &[&str] = &[
    "train",
    "engine",
    "line",
    "member",
    "log",
    "waiver",
    "override",
    "departure",
];

impl Train {
    /// Reads the text of a train; `file` is its name, for messages.
    ///
    /// # Errors
    /// Every fault of the text, sorted by line.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let source = Source::new(text);
        let train = if text.len() > LARGEST_FILE {
            source.fault(&(0..0), "the file is too large", "is this the right file?");
            None
        } else {
            read(&source)
        };
        let faults = source.into_faults();
        match train {
            Some(train) if faults.is_empty() => Ok(train),
            _ => Err(ConfigError {
                file: file.to_owned(),
                faults,
            }),
        }
    }
}

fn read(source: &Source<'_>) -> Option<Train> {
    let document = document::parse(source)?;
    let root = Table::root(source, document.as_table(), TABLES);
    let about = require(source, &root, "train", "[train]\nname = \"goose\"");
    let engine = require(
        source,
        &root,
        "engine",
        "[engine]\nrepository = \"../engine\"",
    );
    let lines = lines(source, root.many("line"));
    let members = members(source, root.many("member"));
    let mut log: Vec<Entry> = root.many("log").into_iter().filter_map(entry).collect();
    log.sort_by_key(|entry| entry.at);
    let waivers = root
        .many("waiver")
        .into_iter()
        .filter_map(|part| waiver(part, &members))
        .collect();
    let overrides = root
        .many("override")
        .into_iter()
        .filter_map(read_override)
        .collect();
    let about = about?.open(&["name", "rules"]);
    let engine = engine?.open(&["name", "repository", "main", "tag", "pins", "maintainers"]);
    let (about, engine) = (about?, engine?);
    let train = Train {
        name: about
            .need("name", "name = \"goose\"")
            .and_then(|node| document::name(&node, "name = \"goose\""))?
            .value,
        rules: about
            .get("rules")
            .and_then(|node| rules(&node))
            .unwrap_or_else(|| Rules::Builtin("goose".to_owned())),
        engine: read_engine(&engine)?,
        lines,
        members,
        log,
        waivers,
        overrides,
        departure: departure(root.single("departure")),
    };
    if let Err(cycle) = train.rebuild_order() {
        let place = train
            .members
            .iter()
            .find(|member| Some(&member.name) == cycle.first())
            .map_or(0, |one| one.place);
        source.fault(
            &(place..place),
            format!("members need each other in a circle: {}", cycle.join(", ")),
            "take one of them out of the other's `needs`",
        );
    }
    Some(train)
}

fn require<'a>(
    source: &Source<'_>,
    root: &Table<'a>,
    name: &'static str,
    example: &str,
) -> Option<Part<'a>> {
    let part = root.single(name);
    if part.is_none() && root.get(name).is_none() {
        source.fault(
            &(0..0),
            format!("the table [{name}] is missing"),
            format!("write\n{example}"),
        );
    }
    part
}

fn rules(node: &Node<'_>) -> Option<Rules> {
    let at = node.text("rules = \"goose\"")?;
    if BUILTIN.contains(&at.value.as_str()) {
        return Some(Rules::Builtin(at.value));
    }
    if at.value.contains('/') || at.value.contains('.') {
        return Some(Rules::Directory(at.value));
    }
    let hint = match closest(&at.value, BUILTIN) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!(
            "write one of {}, or a directory: \"rules/\"",
            BUILTIN.join(", ")
        ),
    };
    node.fault(
        &format!("is no pack: {:?}", document::shorten(&at.value)),
        hint,
    );
    None
}

fn read_engine(table: &Table<'_>) -> Option<Engine> {
    let tag = match table.get("tag") {
        None => "v{version}".to_owned(),
        Some(node) => {
            let at = node.text("tag = \"v{version}\"")?;
            if at.value.matches("{version}").count() != 1
                || RefName::tag(&at.value.replace("{version}", "1.0.0")).is_err()
            {
                node.fault(
                    "must be the name of a tag with {version} in it once",
                    "write tag = \"v{version}\"",
                );
            }
            at.value
        }
    };
    Some(Engine {
        name: text(table, "name", "name = \"goose\"").unwrap_or_else(|| "engine".to_owned()),
        repository: need(table, "repository", "repository = \"../engine\"")?,
        main: table
            .get("main")
            .and_then(|node| branch(&node))
            .unwrap_or_else(|| "main".to_owned()),
        tag,
        maintainers: list(table, "maintainers"),
        pins: list(table, "pins"),
    })
}

fn departure(part: Option<Part<'_>>) -> Departure {
    let table = part.and_then(|part| part.open(&["rebuild", "approve", "quorum"]));
    let words = table.as_ref().map(|table| list(table, "rebuild"));
    Departure {
        rebuild: words.filter(|words| !words.is_empty()),
        approve: table
            .as_ref()
            .and_then(|table| text(table, "approve", "approve = \"release-manager\"")),
        quorum: table
            .as_ref()
            .and_then(|table| table.get("quorum"))
            .and_then(|node| node.whole(1..=100, "quorum = 1"))
            .unwrap_or(1),
    }
}

fn text(table: &Table<'_>, key: &'static str, example: &str) -> Option<String> {
    Some(table.get(key)?.text(example)?.value)
}

fn need(table: &Table<'_>, key: &'static str, example: &str) -> Option<String> {
    Some(table.need(key, example)?.text(example)?.value)
}

fn list(table: &Table<'_>, key: &'static str) -> Vec<String> {
    let example = format!("{key} = [\"..\"]");
    let Some(node) = table.get(key) else {
        return Vec::new();
    };
    let items = node.each(&example, |item| item.text(&example));
    items.into_iter().map(|item| item.value).collect()
}

fn date(table: &Table<'_>, key: &'static str) -> Option<Timestamp> {
    table.get(key)?.date(&format!("{key} = 2026-07-22"))
}

fn branch(node: &Node<'_>) -> Option<String> {
    let at = node.text("branch = \"v1.5-codename\"")?;
    if let Err(bad) = RefName::branch(&at.value) {
        node.fault(
            &format!("is no name of a branch: {bad}"),
            "write branch = \"v1.5-codename\"",
        );
        return None;
    }
    Some(at.value)
}

fn lines(source: &Source<'_>, parts: Vec<Part<'_>>) -> Vec<Line> {
    let mut versions = Names::default();
    let mut branches = Names::default();
    let mut lines: Vec<Line> = Vec::new();
    for part in parts {
        let Some((line, version, branch)) = line(part) else {
            continue;
        };
        versions.claim(source, &version, "the line", "each version has one line");
        branches.claim(
            source,
            &branch,
            "the branch",
            "each line has a branch of its own",
        );
        if let Some(last) = lines.last()
            && last.version > line.version
        {
            source.fault(
                &version.span,
                format!("the line {} stands after {}", line.version, last.version),
                "write lines in order, the oldest first: what comes next is read from the list",
            );
        }
        lines.push(line);
    }
    if lines.is_empty() {
        source.fault(
            &(0..0),
            "the train has no line",
            "add\n[[line]]\nversion = \"1.0\"\nbranch = \"v1.0\"",
        );
    }
    lines
}

fn line(part: Part<'_>) -> Option<(Line, At<String>, At<String>)> {
    let table = part.open(&[
        "version",
        "codename",
        "branch",
        "support",
        "announced",
        "end-of-life",
    ])?;
    let node = table.need("version", "version = \"1.5\"")?;
    let at = node.text("version = \"1.5\"")?;
    let version = match LineVersion::parse(&at.value) {
        Ok(version) => version,
        Err(bad) => {
            node.fault(&format!("is no line: {bad}"), "write version = \"1.5\"");
            return None;
        }
    };
    let codename = text(&table, "codename", "codename = \"variegata\"");
    let (name, span) = match table.get("branch") {
        Some(node) => (branch(&node)?, node.span.clone()),
        None => match &codename {
            Some(codename) => (
                format!("v{version}-{}", codename.to_lowercase()),
                table.span.clone(),
            ),
            None => (format!("v{version}"), table.span.clone()),
        },
    };
    let support = table.get("support").and_then(|node| {
        choice(
            &node,
            "support",
            &[("standard", Support::Standard), ("lts", Support::Lts)],
        )
    });
    let announced = date(&table, "announced");
    let end_of_life = date(&table, "end-of-life");
    if let (Some(begin), Some(end)) = (announced, end_of_life)
        && end <= begin
        && let Some(node) = table.get("end-of-life")
    {
        node.fault(
            "lies before the line's release",
            "which of the two dates is right?",
        );
    }
    let written = At {
        value: name.clone(),
        span,
    };
    let line = Line {
        version,
        codename,
        branch: name,
        support: support.unwrap_or(Support::Standard),
        announced,
        end_of_life,
    };
    Some((line, at, written))
}

fn members(source: &Source<'_>, parts: Vec<Part<'_>>) -> Vec<Member> {
    let mut names = Names::default();
    let mut members: Vec<Member> = Vec::new();
    let mut needs: Vec<At<String>> = Vec::new();
    let written = parts.len();
    for part in parts {
        let Some((member, at)) = member(source, part, &mut names, &mut needs) else {
            continue;
        };
        if let Some(same) = members.iter().find(|one| one.name == member.name)
            && same.class != member.class
        {
            source.fault(
                &at.span,
                format!(
                    "the member `{}` is in two classes: {} and {}",
                    member.name,
                    same.class.as_str(),
                    member.class.as_str()
                ),
                "keep the entry that is true",
            );
        }
        members.push(member);
    }
    if members.len() < written {
        // A name that is missing may be that of an entry with a fault.
        return members;
    }
    let known: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    for need in needs
        .iter()
        .filter(|need| !known.contains(&need.value.as_str()))
    {
        let hint = closest(&need.value, &known).map(|meant| format!("did you mean `{meant}`?"));
        source.fault(
            &need.span,
            format!("there is no member `{}`", document::shorten(&need.value)),
            hint.unwrap_or_else(|| "name a [[member]] of this file".to_owned()),
        );
    }
    members
}

fn member(
    source: &Source<'_>,
    part: Part<'_>,
    names: &mut Names,
    needs: &mut Vec<At<String>>,
) -> Option<(Member, At<String>)> {
    const KEYS: &[&str] = &[
        "name",
        "aliases",
        "repository",
        "class",
        "model",
        "component",
        "absence",
        "maintainers",
        "needs",
    ];
    let table = part.open(KEYS)?;
    let at = document::name(
        &table.need("name", "name = \"httpfs\"")?,
        "name = \"httpfs\"",
    )?;
    names.claim(source, &at, "the member", "each member has one entry");
    let aliases = table
        .get("aliases")
        .map(|node| node.each("aliases = [\"old-name\"]", |item| item.text("\"old-name\"")));
    let aliases = aliases.unwrap_or_default();
    for alias in &aliases {
        names.claim(source, alias, "the name", "a name means one member");
    }
    let class = table
        .need("class", "class = \"unstable-api\" (or stable-api, in-tree)")
        .and_then(|node| choice(&node, "class", Class::WORDS));
    let repository = match class {
        Some(Class::InTree) => {
            text(&table, "repository", "repository = \"../httpfs\"").unwrap_or_default()
        }
        _ => need(&table, "repository", "repository = \"../httpfs\"").unwrap_or_default(),
    };
    let absence = table
        .get("absence")
        .and_then(|node| choice(&node, "absence", Severity::WORDS));
    let wanted = table
        .get("needs")
        .map(|node| node.each("needs = [\"httpfs\"]", |item| item.text("\"httpfs\"")))
        .unwrap_or_default();
    let member = Member {
        name: at.value.clone(),
        aliases: aliases.into_iter().map(|alias| alias.value).collect(),
        repository,
        class: class?,
        model: text(&table, "model", "model = \"cycle-with-rc\""),
        component: text(&table, "component", "component = \"service\""),
        absence: absence.unwrap_or(Severity::Deny),
        maintainers: list(&table, "maintainers"),
        needs: wanted.iter().map(|need| need.value.clone()).collect(),
        place: source.line(&at.span),
    };
    needs.extend(wanted);
    Some((member, at))
}

fn entry(part: Part<'_>) -> Option<Entry> {
    let table = part.open(&["date", "event", "note"])?;
    let at = table
        .need("date", "date = 2026-07-01")
        .and_then(|node| node.date("date = 2026-07-01"));
    let event = need(&table, "event", "event = \"open-pre-release\"");
    Some(Entry {
        at: at?,
        event: event?,
        note: text(&table, "note", "note = \"..\""),
        place: table.source.line(&table.span),
    })
}

fn waiver(part: Part<'_>, members: &[Member]) -> Option<Waiver> {
    let table = part.open(&["member", "waives", "release", "who", "why", "until"])?;
    let node = table.need("member", "member = \"httpfs\"");
    let who = need(&table, "who", "who = \"Ana\"");
    let why = need(&table, "why", "why = \"its service is switched off\"");
    let waives = table
        .need(
            "waives",
            "waives = \"absence\" (or pin, target, branch-type)",
        )
        .and_then(|node| choice(&node, "waives", Waives::WORDS));
    let release = match table.get("release") {
        None => None,
        Some(node) => match ReleaseVersion::parse(&node.text("release = \"1.5.5\"")?.value) {
            Ok(release) => Some(release),
            Err(bad) => {
                node.fault(
                    &format!("is no release: {bad}"),
                    "write release = \"1.5.5\"",
                );
                None
            }
        },
    };
    let node = node?;
    let member = node.text("member = \"httpfs\"")?.value;
    let known: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    if !known.contains(&member.as_str()) {
        let hint = closest(&member, &known).map(|meant| format!("did you mean {meant:?}?"));
        node.fault(
            "is no member",
            hint.unwrap_or_else(|| "name a [[member]] of this file".to_owned()),
        );
    }
    Some(Waiver {
        member,
        waives: waives?,
        release,
        who: who?,
        why: why?,
        until: date(&table, "until"),
    })
}

#[cfg(test)]
mod tests;
