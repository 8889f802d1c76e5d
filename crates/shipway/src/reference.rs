//! The generated pages of `docs/reference/`. A test fails when one is stale; `UPDATE_REFERENCE=1 cargo test -p shipway
//! reference` writes them anew.

use crate::cli::Cli;
use crate::exit;
use clap::CommandFactory as _;
use shipway_core::target::{Again, Capability, Reversal};
use std::fmt::Write as _;
use std::path::Path;

const NOTE: &str = "<!-- Generated: see crates/shipway/src/reference.rs. Do not edit. -->\n\n";

#[test]
fn reference_pages_are_current() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    let update = std::env::var_os("UPDATE_REFERENCE").is_some();
    let mut stale = Vec::new();
    for (name, text) in [
        ("cli.md", cli()),
        ("exit-codes.md", exit_codes()),
        ("targets.md", targets()),
        ("configuration.md", configuration()),
    ] {
        let path = docs.join(name);
        if update {
            fs_err::create_dir_all(&docs).unwrap();
            fs_err::write(&path, &text).unwrap();
        } else if fs_err::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; run UPDATE_REFERENCE=1 cargo test -p shipway reference"
    );
}

fn cli() -> String {
    let mut out = format!(
        "{NOTE}# Command line\n\nEvery command takes the global options. Exit codes: [exit-codes.md](exit-codes.md).\n"
    );
    let mut command = Cli::command().term_width(100);
    command.build();
    let _ = write!(out, "\n```text\n{}```\n", command.render_help());
    for sub in command
        .get_subcommands_mut()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        let name = sub.get_name().to_owned();
        let _ = write!(
            out,
            "\n## shipway {name}\n\n```text\n{}```\n",
            sub.render_long_help()
        );
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

fn configuration() -> String {
    let example = include_str!("../../core/tests/config/full.toml");
    shipway_core::Config::parse(example, "full.toml").unwrap();
    format!(
        "{NOTE}# shipway.toml\n\nEvery key, with what it means. A plain project needs about ten lines; `shipway init` writes them. Unknown keys,\n\
         wrong types and impossible combinations are refused with file, line and what to write instead.\n\n```toml\n{example}```\n"
    )
}
