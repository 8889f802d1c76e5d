//! The generated pages of `docs/reference/` and the JSON Schemas of `schema/`. A test fails when one is stale;
//! `UPDATE_REFERENCE=1 cargo test -p shipway reference` writes them anew.

use crate::cli::Cli;
use crate::exit;
use crate::output::document::{
    self, Brought, ChangelogChecked, Checked, Contained, Decided, Failed, Happened, History,
    JournalVerified, OfTrain, Page, Pending, Planned, Proposed, Reported, Runs, Status, Verified,
    Versions,
};
use clap::CommandFactory as _;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use shipway_core::Plan;
use shipway_core::target::{Again, Capability, Reversal};
use std::fmt::Write as _;
use std::path::Path;

const NOTE: &str = "<!-- Generated: see crates/shipway/src/reference.rs. Do not edit. -->\n\n";

/// What each `--json` document is, and which command prints it.
struct Document {
    name: &'static str,
    printed_by: &'static str,
    schema: Value,
}

#[test]
fn reference_pages_are_current() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    let update = std::env::var_os("UPDATE_REFERENCE").is_some();
    let documents = documents();
    let mut pages = vec![
        ("docs/reference/cli.md".to_owned(), cli()),
        ("docs/reference/exit-codes.md".to_owned(), exit_codes()),
        ("docs/reference/targets.md".to_owned(), targets()),
        (
            "docs/reference/configuration.md".to_owned(),
            configuration(),
        ),
        ("docs/reference/json.md".to_owned(), json(&documents)),
        (
            "docs/reference/version-files.md".to_owned(),
            version_files(),
        ),
    ];
    pages.extend(documents.iter().map(|document| {
        let text = serde_json::to_string_pretty(&document.schema).unwrap() + "\n";
        (format!("schema/{}.json", document.name), text)
    }));
    let mut stale = Vec::new();
    for (place, text) in pages {
        let path = top.join(&place);
        if update {
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(&path, &text).unwrap();
        } else if fs_err::read_to_string(&path).unwrap_or_default() != text {
            stale.push(place);
        }
    }
    for entry in fs_err::read_dir(top.join("schema")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_known = |document: &Document| format!("{}.json", document.name) == name;
        assert!(
            documents.iter().any(is_known),
            "schema/{name} describes nothing"
        );
    }
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; run UPDATE_REFERENCE=1 cargo test -p shipway reference"
    );
}

fn documents() -> Vec<Document> {
    vec![
        of::<Plan>("plan", "`plan -o FILE` (the file itself)"),
        of::<Planned<'_>>("plan-output", "`plan`"),
        of::<Happened<'_>>(
            "event",
            "`log`, `release`, `resume`, `rollback`: one line per event",
        ),
        of::<Reported<'_>>(
            "report",
            "`release`, `resume`, `rollback`: the last line, or the last but one before an error",
        ),
        of::<Status<'_>>("status", "`status`"),
        of::<Checked<'_>>("check", "`check`"),
        of::<Runs<'_>>("runs", "`runs`"),
        of::<Verified<'_>>("verify", "`verify`"),
        of::<JournalVerified>("verify-journal", "`verify --journal`"),
        of::<Decided<'_>>("decision", "`approve`, `reject`, `done`, `repeat`"),
        of::<Proposed<'_>>("file", "`init`, `ci`"),
        of::<Versions<'_>>("versions", "`version`"),
        of::<History<'_>>("history", "`history`"),
        of::<Brought<'_>>("release", "`history VERSION`"),
        of::<Contained<'_>>("contained", "`history COMMIT`"),
        of::<ChangelogChecked<'_>>("changelog-check", "`changelog check`"),
        of::<Pending<'_>>("pending-changes", "`change list`"),
        of::<Page<'_>>("page", "`report`, `train status --html`"),
        of::<OfTrain>("train", "`train`"),
        of::<Failed<'_>>(
            "error",
            "every command that ends with another exit code than 0, on one line, after its own document",
        ),
    ]
}

/// The schema of what a type is written as.
fn of<T: JsonSchema>(name: &'static str, printed_by: &'static str) -> Document {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["title"] = json!(format!("shipway {name}"));
    pin(&mut schema, document::FORMAT);
    if let Some(types) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for (name, number) in [
            ("Plan", shipway_core::plan::FORMAT),
            ("Report", shipway_core::report::FORMAT),
        ] {
            if let Some(schema) = types.get_mut(name) {
                pin(schema, number);
            }
        }
    }
    Document {
        name,
        printed_by,
        schema,
    }
}

/// A reader knows one format: the number itself is part of the schema.
fn pin(schema: &mut Value, format: u32) {
    if let Some(property) = schema.pointer_mut("/properties/format") {
        property["const"] = json!(format);
    }
}

fn json(documents: &[Document]) -> String {
    let mut out = format!(
        "{NOTE}# JSON output\n\nEvery command takes `--json`: what it prints on standard output is then JSON, and standard error stays for \
         people. Every document begins with `\"format\": {}`. A plan and an event are exact: another field in them is another format. Every \
         other document may get fields within its format, and none is changed or removed: a reader skips what it does not know. \
         Where a command ends with another exit code than 0, the last line of standard output is an error document. Times are milliseconds since 1970-01-01T00:00:00Z, spans are milliseconds, percentages are \
         hundredths of a percent.\n\n| document | printed by |\n| --- | --- |\n",
        document::FORMAT
    );
    for Document {
        name, printed_by, ..
    } in documents
    {
        let _ = writeln!(out, "| [{name}](../../schema/{name}.json) | {printed_by} |");
    }
    out
}

fn cli() -> String {
    let mut out = format!(
        "{NOTE}# Command line\n\nEvery command takes the global options; they are listed once. Exit codes: [exit-codes.md](exit-codes.md). What `--json` \
         prints: [json.md](json.md).\n"
    );
    let mut command = Cli::command().term_width(100);
    command.build();
    let _ = write!(out, "\n```text\n{}```\n", command.render_help());
    for sub in command
        .get_subcommands_mut()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        let name = sub.get_name().to_owned();
        let mut sub = sub
            .clone()
            .mut_args(|arg| arg.clone().hide(arg.is_hide_set() || arg.is_global_set()));
        let _ = write!(
            out,
            "\n## shipway {name}\n\n```text\n{}```\n",
            sub.render_help()
        );
        let inner = |sub: &&mut clap::Command| !sub.is_hide_set() && sub.get_name() != "help";
        for inner in sub.get_subcommands_mut().filter(inner) {
            let mut inner = (inner.clone())
                .mut_args(|arg| arg.clone().hide(arg.is_hide_set() || arg.is_global_set()));
            let _ = write!(
                out,
                "\n### shipway {name} {}\n\n```text\n{}```\n",
                inner.get_name().to_owned(),
                inner.render_help()
            );
        }
    }
    out.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

fn exit_codes() -> String {
    let mut out = format!("{NOTE}# Exit codes\n\n| code | name | meaning |\n| --- | --- | --- |\n");
    for (_, code, name, meaning) in exit::TABLE {
        let _ = writeln!(out, "| {code} | {name} | {meaning} |");
    }
    out
}

fn targets() -> String {
    let mut out = format!(
        "{NOTE}# Targets\n\nWhat each kind of destination can do. The contract tests hold every kind to its row.\n\n\
         | kind | taken back by | sent a second time | compared by | may lag | limit on writes | overwrites silently |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for row in shipway_targets::TABLE {
        let Capability {
            kind,
            reversal,
            again,
            settle,
            pace,
            compares,
            overwrites,
        } = row.capability;
        let reversal = match reversal {
            Reversal::Deletes => "deleting",
            Reversal::Hides => "hiding",
            Reversal::Nothing => "nothing",
        };
        let again = match again {
            Again::Harmless => "harmless",
            Again::AfterSettling => "would double: only once \"absent\" is certain",
            Again::Never => "never: it would double and cannot be looked at",
        };
        let pace = pace.map_or("none".to_owned(), |pace| {
            format!("{} at once, then one every {}", pace.burst, pace.then_every)
        });
        let overwrites = if overwrites { "yes" } else { "no" };
        let _ = writeln!(
            out,
            "| {kind} | {reversal} | {again} | {compares} | {settle} | {pace} | {overwrites} |"
        );
    }
    out
}

fn version_files() -> String {
    let mut out = format!(
        "{NOTE}# Version files\n\nKinds of files that hold a version. A file's kind is known by its name (earlier rows win), or said by `kind`; `key` says where in the \
         file, and `pattern` needs no kind at all. An edit changes the version and nothing else, byte for byte. `version-files` of [shipway.toml](configuration.md).\n\n\
         | kind | files | where | `key` | spelled |\n| --- | --- | --- | --- | --- |\n"
    );
    let cell = |text: &str| text.replace('|', "\\|");
    for row in shipway_history::version_file::KINDS {
        let files: Vec<String> = row.files.iter().map(|file| format!("`{file}`")).collect();
        let key = if row.key.is_empty() { "none" } else { row.key };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            row.name,
            files.join(", "),
            cell(row.place),
            cell(key),
            match row.spelling.described() {
                (name, "") => name.to_owned(),
                (name, example) => format!("{name}: {example}"),
            }
        );
    }
    out
}

fn configuration() -> String {
    let example = include_str!("../../core/tests/config/full.toml");
    shipway_core::Config::parse(example, "full.toml").unwrap();
    format!(
        "{NOTE}# shipway.toml\n\nEvery key, in an example that uses all of them. A plain project needs about ten lines; `shipway init` writes them. Unknown keys,\n\
         wrong types and impossible combinations are refused with file, line and what to write instead.\n\n```toml\n{example}```\n"
    )
}
