//! Versions and requirements side by side with Python's `packaging` and npm's `semver`, on made-up texts.
//!
//! `bin/setup` installs both below `.cache`; where one is missing, its test says so and compares nothing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a peer that does not answer ends the test, and one that is missing is named"
)]

use serde_json::{Value, json};
use shipway_core::config::Scheme;
use shipway_core::requirement::{Dialect, Requirement};
use shipway_core::version::Version;
use std::cmp::Ordering;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Numbers in a fixed, scattered order (a linear congruence modulo 2^64, upper bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// One of each list, in order.
    fn text(&mut self, parts: &[&[&str]]) -> String {
        parts.iter().map(|words| self.pick(words)).collect()
    }
}

const NUMBERS: &[&str] = &["0", "1", "2", "10"];

fn ask(program: &PathBuf, arguments: &[&str], question: &Value) -> Value {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(question.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The peer, or a line that says that it is missing.
fn peer(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../.cache")
        .join(path);
    if !found.exists() {
        eprintln!("skipped: bin/setup has not installed .cache/{path}");
        return None;
    }
    Some(found)
}

fn sign(order: Ordering) -> i64 {
    match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// Compares what the peer says of each text, of each pair of versions, and of each requirement with each version.
fn compare(
    answer: &Value,
    versions: &[String],
    requirements: &[String],
    scheme: Scheme,
    dialect: Dialect,
) {
    let own: Vec<Option<Version>> = versions
        .iter()
        .map(|text| Version::parse(text, scheme).ok())
        .collect();
    for ((text, own), normal) in versions
        .iter()
        .zip(&own)
        .zip(answer["normal"].as_array().unwrap())
    {
        let written = own.as_ref().map(ToString::to_string);
        assert_eq!(written.as_deref(), normal.as_str(), "{text:?}");
    }
    let valid: Vec<&Version> = own.iter().flatten().collect();
    let mut pairs = 0;
    for (a, row) in valid.iter().zip(answer["order"].as_array().unwrap()) {
        for (b, order) in valid.iter().zip(row.as_array().unwrap()) {
            assert_eq!(
                sign(a.precedence(b)),
                order.as_i64().unwrap(),
                "{a} and {b}"
            );
            pairs += 1;
        }
    }
    assert!(pairs > 10_000, "{pairs}");
    let (mut inside, mut outside, mut refused) = (0, 0, 0);
    for (text, row) in requirements
        .iter()
        .zip(answer["matches"].as_array().unwrap())
    {
        let requirement = Requirement::parse(text, dialect)
            .ok()
            .filter(Requirement::is_range);
        assert_eq!(
            requirement.is_some(),
            row.is_array(),
            "{text:?}: {requirement:?}"
        );
        let (Some(requirement), Some(row)) = (requirement, row.as_array()) else {
            refused += 1;
            continue;
        };
        for (version, expected) in valid.iter().zip(row) {
            let found = requirement.matches(version);
            assert_eq!(found, expected.as_bool().unwrap(), "{text:?} on {version}");
            *(if found { &mut inside } else { &mut outside }) += 1;
        }
    }
    assert!(
        inside > 1000 && outside > 1000 && refused > 10,
        "{inside} {outside} {refused}"
    );
}

#[test]
fn pep_440_as_packaging_reads_it() {
    const SCRIPT: &str = r#"
import json, sys
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

def read(kind, error, text):
    try:
        return kind(text)
    except error:
        return None

question = json.load(sys.stdin)
versions = [read(Version, InvalidVersion, text) for text in question["versions"]]
valid = [version for version in versions if version is not None]
sets = [read(SpecifierSet, InvalidSpecifier, text) for text in question["requirements"]]
json.dump({
    "normal": [None if version is None else str(version) for version in versions],
    "order": [[(a > b) - (a < b) for b in valid] for a in valid],
    "matches": [None if one is None else [one.contains(version, prereleases=bool(one.prereleases)) for version in valid] for one in sets],
}, sys.stdout)
"#;
    let Some(python) = peer("test-venv/bin/python") else {
        return;
    };
    let has = Command::new(&python)
        .args(["-c", "import packaging"])
        .stderr(Stdio::null())
        .status();
    if !has.unwrap().success() {
        eprintln!("skipped: bin/setup has not installed packaging");
        return;
    }
    let mut dice = Dice(440);
    let form: &[&[&str]] = &[
        &["", "", "", "v", "1!", "0!"],
        &[
            "0", "1", "1.0", "1.2", "01.2", "1.2.3", "1.0.0.0", "2.0", "10.1", "1.2.0",
        ],
        &[
            "", "", "", "a1", "rc1", ".rc.2", "-beta_3", "c", "preview2", "_alpha", "RC02", "a.1",
            "b0",
        ],
        &[
            "", "", "", ".post1", "-1", "post", ".rev.2", "_r3", "-post-0",
        ],
        &["", "", "", ".dev0", "dev3", "-DEV_4", ".dev"],
        &[
            "",
            "",
            "",
            "",
            "",
            "+local",
            "+Ubuntu-1",
            "+1.a_2",
            "+07",
            "+a..b",
            "+",
            "-",
            "x",
        ],
    ];
    let versions: Vec<String> = (0..220).map(|_| dice.text(form)).collect();
    let specifier: &[&[&str]] = &[
        &[
            "==", "!=", ">=", "<=", ">", "<", "~=", "===", "== ", ">= ", "", "=", "^",
        ],
        &["1", "1.0", "1.2", "1.2.3", "1!1.2", "1.2.0", "2.0"],
        &[
            "", "", "", ".*", "rc1", ".post1", ".dev0", "a1.dev3", "+local",
        ],
        &["", "", "", ",", ",<2", ", != 1.2.*", ",>=1.0.dev1"],
    ];
    // packaging reads no `v` behind `~=`. `===1.*` is a text like any other to us, and a crash of packaging's.
    let requirements: Vec<String> = (0..400)
        .map(|_| dice.text(specifier))
        .filter(|text| !(text.starts_with("===") && text.contains(".*")))
        .collect();
    let question = json!({ "versions": versions, "requirements": requirements });
    let answer = ask(&python, &["-c", SCRIPT], &question);
    compare(
        &answer,
        &versions,
        &requirements,
        Scheme::Pep440,
        Dialect::Pep440,
    );
}

#[test]
fn semver_and_ranges_as_npm_reads_them() {
    const SCRIPT: &str = r#"
const semver = require(process.argv[1]);
const question = JSON.parse(require("fs").readFileSync(0, "utf8"));
const whole = (text) => (/^[0-9]/.test(text) ? semver.parse(text) : null);
const versions = question.versions.map(whole);
const valid = versions.filter((version) => version !== null);
process.stdout.write(JSON.stringify({
    normal: versions.map((version) => version === null ? null : version.raw),
    order: valid.map((a) => valid.map((b) => semver.compare(a, b))),
    matches: question.requirements.map((text) =>
        semver.validRange(text) === null ? null : valid.map((version) => semver.satisfies(version, text))),
}));
"#;
    let Some(package) = peer("node/node_modules/semver") else {
        return;
    };
    let mut dice = Dice(200);
    let pre: &[&str] = &[
        "",
        "",
        "",
        "-rc.1",
        "-rc.2",
        "-0",
        "-alpha",
        "-a-b.1",
        "-1.x",
        "-rc.01",
        "-",
        "+b",
        "-rc.1+b.2",
        "+",
    ];
    let form: &[&[&str]] = &[
        NUMBERS,
        &["."],
        NUMBERS,
        &[".", ".", ".", ".", ".0"],
        NUMBERS,
        pre,
    ];
    let versions: Vec<String> = (0..220).map(|_| dice.text(form)).collect();
    let parts: &[&str] = &["", "", ".0", ".1", ".2", ".x", ".X", ".*", ".10"];
    let part: &[&[&str]] = &[
        &[
            "", "", "^", "~", ">=", "<=", ">", "<", "=", "~>", ">= ", "^ ", "v", "=v", "<>", "!",
        ],
        &["0", "1", "2", "1", "x", "*", "01"],
        parts,
        parts,
        // Behind a short version, node-semver's grammar has no build metadata, but its code skips it.
        &["", "", "", "-rc.1", "-0", "-"],
    ];
    let join: &[&str] = &[" ", " ", " || ", "||", " - ", ", "];
    let requirements: Vec<String> = (0..600)
        .map(|at| {
            let first = dice.text(part);
            // node-semver drops the alternatives beside one that is `*` or `>=0`.
            match at % 3 {
                0 => first,
                _ => format!("{first}{}{}", dice.pick(join), dice.text(part)),
            }
        })
        .filter(|text| {
            let any = |set: &str| set.trim_matches(|c| " =v^~>xX*.0".contains(c)).is_empty();
            !(text.contains("||") && text.split("||").any(any))
        })
        .collect();
    let question = json!({ "versions": versions, "requirements": requirements });
    let answer = ask(
        &PathBuf::from("node"),
        &["-e", SCRIPT, package.to_str().unwrap()],
        &question,
    );
    compare(
        &answer,
        &versions,
        &requirements,
        Scheme::Semver,
        Dialect::Npm,
    );
}
