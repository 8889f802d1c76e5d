//! `shipway.toml`: what is read from it, and every fault as a person sees it.

#![expect(clippy::panic, reason = "helpers of tests, outside test functions")]

use proptest::prelude::*;
use shipway_core::Config;
use shipway_core::config::{
    Before, Channel, ConfigError, Destination, Environment, NextVersion, PYPI_UPLOAD, Program,
    Scheme,
};
use shipway_core::plan::{Metric, Repeat};
use shipway_core::secret::SecretName;
use shipway_core::time::Millis;
use std::collections::BTreeMap;

#[path = "config/commands.rs"]
mod commands;
#[path = "config/history.rs"]
mod history;
#[path = "config/impossible.rs"]
mod impossible;
#[path = "config/layout.rs"]
mod layout;
#[path = "config/values.rs"]
mod values;

const FULL: &str = include_str!("config/full.toml");

/// What a plain project writes.
const PLAIN: &str = r#"[project]
name = "octavia-loxilb-driver"
scheme = "pep440"

[[build]]
name = "package"
run = "python -m build"
artifacts = ["dist/*.whl", "dist/*.tar.gz"]

[[publish]]
to = "pypi"
repository = "https://index.example.org/legacy/"
secret = "INDEX_TOKEN"
"#;

fn read(text: &str) -> Config {
    match Config::parse(text, "shipway.toml") {
        Ok(config) => config,
        Err(error) => panic!("{}", render(&error)),
    }
}

/// All faults as people see them.
fn render(error: &ConfigError) -> String {
    let faults: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
    faults.join("\n\n")
}

/// The faults of a text that must have some.
fn faults_of(text: &str) -> String {
    match Config::parse(text, "shipway.toml") {
        Ok(config) => panic!("no fault was found: {config:?}"),
        Err(error) => render(&error),
    }
}

/// The faults of the plain file with these lines before it (so that they have low numbers) or after it.
fn faults_with(lines: &str) -> String {
    faults_of(&format!("{PLAIN}{lines}"))
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn set<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn secrets(name: &str, secret: &str) -> BTreeMap<String, SecretName> {
    BTreeMap::from([(name.to_owned(), SecretName(secret.to_owned()))])
}

#[test]
fn a_plain_file_gets_the_defaults() {
    let config = read(PLAIN);
    let project = &config.project;
    assert_eq!(project.scheme, Scheme::Pep440);
    assert_eq!(
        (project.branch.as_str(), project.remote.as_str()),
        ("main", "origin")
    );
    assert_eq!(project.tag, "v{version}");
    assert_eq!(
        project.release_branch.as_deref(),
        Some("release/v{version}")
    );
    assert_eq!(project.commit_message, "Prepare release v{version}");
    assert_eq!(project.tag_message, "Release version {version}");
    assert_eq!(project.next, NextVersion::DevMinor);
    assert_eq!((&project.import, &config.changelog), (&None, &None));
    assert!(project.version_files.is_empty());
    assert_eq!(config.environment, Environment::default());
    assert_eq!(config.builds[0].execution.timeout, Millis::seconds(1800));
    assert_eq!(config.builds[0].execution.repeat, Repeat::Safe);
    let publish = &config.publish[0];
    assert_eq!((publish.name.as_str(), publish.rehearsal), ("pypi", false));
    assert_eq!(publish.artifacts, strings(["dist/*.whl", "dist/*.tar.gz"]));
    let Destination::Pypi { index, .. } = &publish.to else {
        panic!("{:?}", publish.to);
    };
    assert_eq!(index.as_deref(), Some("https://index.example.org/simple/"));
}

/// What the design shows to users; flows come later and are refused like every unknown key.
#[test]
fn the_designs_example_is_read() {
    let text = r#"
[project]
name    = "octavia-loxilb-driver"
scheme  = "pep440"                       # semver | pep440 | calver
branch  = "main"
tag     = "v{version}"
version-files = ["octavia_loxilb_driver/version.py", "README.md"]

[changelog]
path = "CHANGELOG.md"

[[check]]
name = "tests"
run  = "pytest --junitxml=junit.xml --cov --cov-report=xml"
need = { pass-rate = 100, coverage = 85 }

[[build]]
name = "package"
run  = "python -m build"
artifacts = ["dist/*.whl", "dist/*.tar.gz"]

[[try]]
python = ["3.11"]
run    = "octavia-loxilb-health-check --help"

[[publish]]
to = "pypi"
repository = "https://index.example.org/legacy/"
secret = "INDEX_TOKEN"

[[approve]]
before = "publish"
who = "release-manager"
quorum = 1
"#;
    let config = read(text);
    let attempt = &config.tries[0];
    assert_eq!((attempt.name.as_str(), &attempt.from), ("built", &None));
    assert_eq!(attempt.artifacts, strings(["dist/*.whl", "dist/*.tar.gz"]));
    assert_eq!(attempt.import.as_deref(), Some("octavia_loxilb_driver"));
    assert_eq!(
        attempt.run,
        [strings(["octavia-loxilb-health-check", "--help"])]
    );
    let later = format!("{text}\n[flow.hotfix]\nfrom = \"latest-tag\"\n");
    assert!(faults_of(&later).starts_with("line 36, column 2: unknown key `flow`"));
}

#[test]
fn every_key_of_a_project_is_read() {
    let config = read(FULL);
    let project = &config.project;
    assert_eq!(
        (project.name.as_str(), project.scheme),
        ("octavia-loxilb-driver", Scheme::Pep440)
    );
    assert_eq!(
        (project.branch.as_str(), project.remote.as_str()),
        ("stable", "upstream")
    );
    assert_eq!(project.tag, "release-{version}");
    assert_eq!(project.release_branch.as_deref(), Some("prepare/{version}"));
    assert_eq!(project.commit_message, "Release {version}");
    assert_eq!(project.tag_message, "Version {version}");
    assert_eq!(project.next, NextVersion::DevPatch);
    assert_eq!(project.import.as_deref(), Some("octavia_loxilb"));
    let files: Vec<_> = project
        .version_files
        .iter()
        .map(|file| {
            (
                file.path.as_str(),
                file.pattern.as_deref(),
                file.follows_development,
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            ("octavia_loxilb_driver/version.py", None, true),
            ("README.md", Some("octavia-loxilb-driver=={version}"), false),
            ("docs/install.md", Some("driver {version} is"), true),
            ("settings.conf", None, true),
        ]
    );
    let settings = &project.version_files[3];
    assert_eq!(settings.kind.as_deref(), Some("toml"));
    assert_eq!(settings.key.as_deref(), Some("tool.driver.version"));
    let changelog = config.changelog.unwrap();
    assert_eq!(changelog.path, "docs/CHANGES.md");
    assert_eq!(
        changelog.unreleased.as_deref(),
        Some("Noch nicht veröffentlicht")
    );
    assert_eq!(
        config.environment.set,
        set([("PYTHONHASHSEED", "0"), ("EMPTY", "")])
    );
    assert_eq!(config.environment.pass, ["SSL_CERT_FILE".to_owned()].into());
    assert_eq!(
        config.environment.secrets,
        secrets("API_TOKEN", "STAGING_TOKEN")
    );
}

#[test]
fn every_key_of_the_local_steps_is_read() {
    let config = read(FULL);
    let task = &config.tasks[0];
    assert_eq!(
        (task.name.as_str(), task.before),
        ("docs", Before::Rehearse)
    );
    assert!(task.text.starts_with("Read the installation guide once,\n"));
    assert_eq!(task.who.as_deref(), Some("docs-team"));
    assert_eq!(
        task.probe,
        Some(Program::Script("test -f docs/read".to_owned()))
    );

    let check = &config.checks[0];
    let words = [
        "{python}",
        "-m",
        "pytest",
        "-k",
        "not slow",
        "--junitxml=out/tests.xml",
    ];
    assert_eq!(check.program, Program::Run(strings(words)));
    let need = [
        (Metric::PassRate, 9950),
        (Metric::Coverage, 8525),
        (Metric::Tests, 12),
    ];
    assert_eq!(check.need, BTreeMap::from(need));
    assert_eq!(check.junit.as_deref(), Some("out/tests.xml"));
    assert_eq!(check.coverage.as_deref(), Some("out/coverage.xml"));
    assert_eq!(
        (&check.python, check.missing_fails),
        (&strings(["3.8", "3.11"]), true)
    );
    assert_eq!(check.execution.timeout, Millis::seconds(90));
    assert_eq!(check.execution.repeat, Repeat::Unsafe);
    assert_eq!(check.execution.environment.set, set([("CI", "1")]));
    assert_eq!(check.execution.environment.pass, ["TERM".to_owned()].into());
    assert_eq!(
        check.execution.environment.secrets,
        secrets("TOKEN", "TEST_TOKEN")
    );

    let build = &config.builds[0];
    assert_eq!(
        build.program,
        Program::Script("rm -rf dist\npython -m build\n".to_owned())
    );
    assert_eq!(build.artifacts, strings(["dist/*.whl", "dist/*.tar.gz"]));
    assert_eq!(build.execution.timeout, Millis::seconds(7200));

    let [wheel, installed] = &config.tries[..] else {
        panic!("{:?}", config.tries);
    };
    assert_eq!((wheel.name.as_str(), &wheel.from), ("wheel", &None));
    assert_eq!(wheel.artifacts, strings(["dist/*.whl"]));
    assert_eq!(wheel.import.as_deref(), Some("octavia_loxilb.version"));
    assert_eq!(
        wheel.run[1],
        strings(["octavia-loxilb-health-check", "--version"])
    );
    assert_eq!(
        (&wheel.pip, wheel.missing_fails),
        (&strings(["--no-deps"]), true)
    );
    assert_eq!(
        (installed.name.as_str(), installed.from.as_deref()),
        ("test-index", Some("test-index"))
    );
    assert_eq!((&installed.import, installed.artifacts.len()), (&None, 0));
}

#[test]
fn every_key_of_what_leaves_is_read() {
    let config = read(FULL);
    let [test, home, index, github] = &config.publish[..] else {
        panic!("{:?}", config.publish);
    };
    assert_eq!((test.name.as_str(), test.rehearsal), ("test-index", true));
    assert_eq!(test.artifacts, strings(["dist/*.whl"]));
    assert_eq!(test.secret, Some(SecretName("TEST_INDEX_TOKEN".to_owned())));
    let pypi = |repository: Option<&str>, index: Option<&str>, pypirc: Option<&str>, trusted| {
        Destination::Pypi {
            repository: repository.map(str::to_owned),
            index: index.map(str::to_owned),
            pypirc: pypirc.map(str::to_owned),
            trusted,
        }
    };
    let read_here = Some("https://packages.example.org/read/simple/");
    assert_eq!(
        test.to,
        pypi(
            Some("https://packages.example.org/upload/"),
            read_here,
            None,
            false
        )
    );
    assert_eq!(home.to, pypi(None, None, Some("internal"), false));
    let derived = Some("https://index.example.org:8443/simple/");
    assert_eq!(
        index.to,
        pypi(
            Some("https://index.example.org:8443/legacy/"),
            derived,
            None,
            true
        )
    );
    assert_eq!(index.artifacts, strings(["dist/*.whl", "dist/*.tar.gz"]));
    assert_eq!(github.name, "github");
    assert_eq!(
        github.to,
        Destination::Github {
            repository: "loxilb-io/octavia-loxilb-driver".to_owned(),
            api: "https://github.example.org/api/v3".to_owned(),
            milestone: true,
        }
    );
    let approve = &config.approve[0];
    assert_eq!((approve.before, approve.quorum), (Before::Rehearse, 2));
    assert_eq!(
        (approve.who.as_str(), approve.valid_for),
        ("release-manager", Millis::seconds(259_200))
    );
    let [mail, webhook] = &config.announce[..] else {
        panic!("{:?}", config.announce);
    };
    assert_eq!(
        (mail.name.as_str(), webhook.name.as_str()),
        ("list", "webhook")
    );
    assert_eq!(
        (mail.subject.as_str(), mail.text.as_str()),
        ("{project} {version}", "{tag}: {notes}")
    );
    assert_eq!(mail.secret, Some(SecretName("MAIL_PASSWORD".to_owned())));
    assert_eq!(
        mail.by,
        Channel::Mail {
            server: "smtps://mail.example.org:465".to_owned(),
            from: "Releases <releases@example.org>".to_owned(),
            recipients: strings(["users@example.org", "dev@example.org"]),
        }
    );
    let url = "https://chat.example.org/hooks/release?room=7".to_owned();
    assert_eq!(webhook.by, Channel::Webhook { url });
}

/// No key is read and then forgotten: without it the file is refused or means something else.
#[test]
fn every_line_of_the_full_file_matters() {
    let whole = read(FULL);
    let lines: Vec<&str> = FULL.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let rest = [&lines[..number], &lines[number + 1..]].concat().join("\n");
        assert_ne!(
            Config::parse(&rest, "f").ok().as_ref(),
            Some(&whole),
            "without line {line}"
        );
    }
}

#[test]
fn commands_are_split_as_people_quote_them() {
    let run = |command: &str| {
        let text = PLAIN.replace("\"python -m build\"", command);
        match &read(&text).builds[0].program {
            Program::Run(words) => words.clone(),
            Program::Script(_) => panic!("a script"),
        }
    };
    assert_eq!(run(r#""make  -C 'a b' x""#), ["make", "-C", "a b", "x"]);
    assert_eq!(
        run(r#"'sh -c "a\"b $x"'"#.replace("$x", "c").as_str()),
        ["sh", "-c", "a\"b c"]
    );
    assert_eq!(run(r#""grep 'a|b$' ''""#), ["grep", "a|b$", ""]);
    assert_eq!(run(r#""a'b c'd""#), ["ab cd"]);
    assert_eq!(run(r#"["make", "a b", "*", ""]"#), ["make", "a b", "*", ""]);
    assert_eq!(run(r#""tox -e py38,py311 --x=~ [dev]""#)[3], "--x=~");
}

#[test]
fn tables_may_be_written_inline_or_dotted() {
    let text = r#"
project = { name = "a", scheme = "semver", release-branch = false }
environment.set.A = "1"
check = [{ name = "x", run = ["true"] }]
"#;
    let config = read(text);
    assert_eq!(config.project.release_branch, None);
    assert_eq!(config.environment.set, set([("A", "1")]));
    assert_eq!(config.checks[0].name, "x");
}

#[test]
fn the_index_is_derived_where_that_is_certain() {
    let index = |repository: &str| {
        let text = PLAIN.replace("https://index.example.org/legacy/", repository);
        match Config::parse(&text, "f").map(|config| config.publish[0].to.clone()) {
            Ok(Destination::Pypi { index, .. }) => index,
            _ => None,
        }
    };
    let simple = |text: &str| Some(text.to_owned());
    assert_eq!(
        index("http://127.0.0.1:8080/"),
        simple("http://127.0.0.1:8080/simple/")
    );
    assert_eq!(
        index("http://127.0.0.1:8080"),
        simple("http://127.0.0.1:8080/simple/")
    );
    assert_eq!(
        index("http://[::1]:8080/legacy"),
        simple("http://[::1]:8080/simple/")
    );
    assert_eq!(index("https://index.example.org/root/dev/"), None);
    // The index for everybody is read at another host than it is written to.
    let known = index(PYPI_UPLOAD).unwrap();
    assert!(
        known.ends_with("/simple/") && !known.starts_with("https://upload."),
        "{known}"
    );
    assert_eq!(index(&format!("{PYPI_UPLOAD}/")), Some(known));
}

#[test]
fn percentages_are_exact() {
    let figure = |text: &str| {
        let text = format!(
            "{PLAIN}[[check]]\nname = \"c\"\nrun = \"true\"\nneed = {{ coverage = {text} }}\n"
        );
        Config::parse(&text, "f")
            .ok()
            .map(|config| config.checks[0].need[&Metric::Coverage])
    };
    for (text, hundredths) in [
        ("0", 0),
        ("100", 10_000),
        ("100.0", 10_000),
        ("85.5", 8550),
        ("85.29", 8529),
        ("1.15", 115),
        ("99.990", 9999),
        ("+7", 700),
        ("1", 100),
    ] {
        assert_eq!(figure(text), Some(hundredths), "{text}");
    }
    for text in [
        "-1", "100.01", "101", "85.123", "1e1", "nan", "inf", "0x10", "0.85", "1.0", "\"85\"",
    ] {
        assert_eq!(figure(text), None, "{text}");
    }
}

/// What must hold of every text: a configuration, or faults that lie inside it.
fn is_judged(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = Config::parse(text, "shipway.toml") else {
        return Ok(());
    };
    prop_assert!(!error.faults.is_empty());
    let lines: Vec<&str> = text.split('\n').collect();
    for fault in &error.faults {
        prop_assert!((1..=lines.len()).contains(&fault.line), "{fault:?}");
        let line = lines[fault.line - 1]
            .strip_suffix('\r')
            .unwrap_or(lines[fault.line - 1]);
        let length = line.chars().count();
        prop_assert!((1..=length + 1).contains(&fault.column), "{fault:?}");
        prop_assert_eq!(fault.text.chars().count(), length);
        prop_assert!(fault.hint.as_ref().is_some_and(|hint| !hint.is_empty()));
        let shown = fault.to_string();
        prop_assert!(
            !shown.chars().any(|c| c.is_control() && c != '\n'),
            "{shown:?}"
        );
    }
    prop_assert!(error.faults.is_sorted_by_key(|fault| fault.line));
    Ok(())
}

/// Parts that make texts more interesting than letters do.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "[",
        "]",
        "[[",
        "]]",
        "\"",
        "'",
        "\"\"\"",
        "=",
        "{",
        "}",
        ",",
        ".",
        "#",
        "\n",
        "\r\n",
        "\\",
        "\\u0000",
        "\u{1b}[2J",
        "é",
        "🚢",
        "0",
        "-1",
        "3.10",
        "1e9",
        "true",
        "1979-05-27",
        "[project]",
        "[[check]]",
        "[[publish]]",
        "name",
        "run",
        "{version}",
        "{verison}",
        "..",
        "/",
        "://a:b@c",
        "$x",
        "\u{202e}",
        "\u{feff}",
        "[a.b]",
        "a.b.c = 1",
        "99999999999999999999d",
        "nan",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn edited_files_are_judged_and_never_break_the_reader(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, piece()), 1..6)
    ) {
        let mut text: Vec<char> = FULL.chars().collect();
        for (place, cut, insert) in edits {
            let place = place.index(text.len() + 1);
            let end = (place + cut).min(text.len());
            text.splice(place..end, insert.chars());
        }
        is_judged(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn values_of_any_kind_are_judged(line in any::<prop::sample::Index>(), value in piece(), quoted in any::<bool>()) {
        let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
        let line = line.index(lines.len());
        if let Some((key, _)) = lines[line].clone().split_once('=') {
            lines[line] = if quoted { format!("{key}= {value:?}") } else { format!("{key}= {value}") };
        }
        is_judged(&lines.join("\n"))?;
    }

    #[test]
    fn pieces_alone_are_judged(pieces in prop::collection::vec(piece(), 0..30)) {
        is_judged(&pieces.concat())?;
    }
}
