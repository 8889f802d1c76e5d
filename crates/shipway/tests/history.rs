//! `version`, `changelog`, `history` and `change` on real repositories: five components, three lines, pre-releases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

use serde_json::Value;
use shipway_testkit::faults::Fault;
use shipway_testkit::github::{GitHub, Pull, TOKEN};
use shipway_testkit::http::closed_url;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A repository, and the binary that looks at it.
struct Place {
    dir: TempDir,
}

impl Place {
    /// The example `atelier`, as its script makes it.
    fn atelier() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/atelier/make-repository");
        let made = Command::new("python3")
            .arg(script)
            .arg(place.repository())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
        place
    }

    /// An empty repository on branch main.
    fn empty() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs_err::create_dir_all(place.repository()).unwrap();
        place.git(&["init", "-q", "-b", "main", "."]);
        place
    }

    fn repository(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.repository());
        for (name, value) in [
            ("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin")),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ines Albrecht"),
            ("GIT_AUTHOR_EMAIL", "ines@example.org"),
            ("GIT_COMMITTER_NAME", "Ines Albrecht"),
            ("GIT_COMMITTER_EMAIL", "ines@example.org"),
            ("GIT_AUTHOR_DATE", "@1780000000 +0000"),
            ("GIT_COMMITTER_DATE", "@1780000000 +0000"),
            ("GITHUB_TOKEN", TOKEN),
        ] {
            command.env(name, value);
        }
        command.env("HOME", self.dir.path());
        command
    }

    fn git(&self, words: &[&str]) -> String {
        let output = self.command("git").args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {said}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.repository().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_shipway");
        self.command(binary).args(words).output().unwrap()
    }

    /// What it printed, where it ended with this code.
    #[track_caller]
    fn prints(&self, code: i32, words: &[&str]) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "shipway {words:?}: {said}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, code: i32, words: &[&str]) -> Value {
        let words = [words, &["--json"]].concat();
        let text = self.prints(code, &words);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// `name current next` of each component that `version` lists.
    #[track_caller]
    fn versions(&self, words: &[&str]) -> Vec<String> {
        let found = self.json(0, &[&["version"], words].concat());
        let rows = found["components"].as_array().unwrap();
        rows.iter()
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("name"), text("current"), text("next"))
            })
            .collect()
    }
}

#[test]
fn each_component_of_main_gets_its_own_version() {
    let place = Place::atelier();
    assert_eq!(
        place.versions(&[]),
        [
            "atelier-core 2.0.0-rc.2 2.0.0",
            "@atelier/web 1.5.0 1.6.0",
            "atelier-tools 1.4.0 1.5.0",
        ]
    );
    // As a candidate, the series goes on.
    assert_eq!(
        place.versions(&["--pre", "rc", "atelier-core", "atelier-tools"]),
        [
            "atelier-core 2.0.0-rc.2 2.0.0-rc.3",
            "atelier-tools 1.4.0 1.5.0rc1",
        ]
    );
    let all = place.json(0, &["version", "--all"]);
    assert_eq!(all["components"].as_array().unwrap().len(), 5);
    // Both spellings of one version, and each change that raised it.
    let found = place.json(0, &["version", "atelier-tools", "--pre", "rc"]);
    let tools = &found["components"][0];
    assert_eq!(tools["semver"], "1.5.0-rc.1");
    assert_eq!(tools["pep440"], "1.5.0rc1");
    let because = tools["because"].as_array().unwrap();
    assert_eq!(because.len(), 1, "{because:?}");
    assert!(
        because[0]["text"]
            .as_str()
            .unwrap()
            .contains("convert layers")
    );
}

#[test]
fn each_line_stays_what_it_is() {
    let place = Place::atelier();
    place.git(&["checkout", "-q", "1.5.x"]);
    assert_eq!(
        place.versions(&[]),
        ["atelier-core 1.5.0 1.5.1", "@atelier/web 1.5.0 1.5.1",]
    );
    place.git(&["checkout", "-q", "1.4.x"]);
    // A feature of the sdk would leave the line.
    let output = place.run(&["version"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("1.4") && said.contains("1.5.0"), "{said}");
    assert_eq!(
        place.versions(&["atelier-core"]),
        ["atelier-core 1.4.1 1.4.2"]
    );
}

#[test]
fn each_component_has_a_changelog_of_its_own() {
    let place = Place::atelier();
    let text = place.prints(0, &["changelog", "--component", "atelier-core", "--all"]);
    for wanted in [
        "[2.0.0-rc.2]",
        "[2.0.0-rc.1]",
        "[1.5.0]",
        "[1.4.0]",
        "read layers",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    for other in ["show layers", "convert layers", "1.4.1"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    let text = place.prints(
        0,
        &["changelog", "--component", "@atelier/web", "--for", "1.5.0"],
    );
    assert!(text.contains("show layers"), "{text}");
    let tools = place.prints(
        0,
        &["changelog", "--component", "atelier-tools", "--unreleased"],
    );
    assert!(tools.contains("convert layers"), "{tools}");
    assert!(!tools.contains("guess the format"), "reverted: {tools}");
}

#[test]
fn what_needs_a_component_follows_its_release() {
    let place = Place::atelier();
    place.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"atelier-core\"\nversion = \"2.0.0-rc.1\"\n",
    );
    place.git(&["add", "-A"]);
    place.git(&["commit", "-qm", "build: lock"]);
    place.git(&["init", "-q", "--bare", "../origin.git"]);
    place.git(&["remote", "add", "origin", "../origin.git"]);
    place.git(&["push", "-q", "origin", "--all"]);
    let plan = place.prints(0, &["plan", "--component", "atelier-core"]);
    for wanted in [
        "release/atelier-core-2.0.0",
        "+version = \"2.0.0\" # kept by the release",
        "+version = \"2.0.0\"\n",
        "+atelier-core = { path = \"../core\", version = \"2.1.0-dev\" }",
    ] {
        assert!(plan.contains(wanted), "{wanted}: {plan}");
    }
    // 2.0.0 fits what cli requires already.
    assert!(!plan.contains("+atelier-core = { path = \"../core\", version = \"2.0.0\" }"));
    place.prints(0, &["release", "--component", "atelier-core", "--yes"]);
    assert_eq!(
        place.git(&["tag", "-l", "atelier-core@2.0.0"]),
        "atelier-core@2.0.0"
    );
    let after = place.git(&["show", "main:Cargo.lock"]);
    assert!(after.contains("2.1.0-dev"), "{after}");
    assert_eq!(place.versions(&["atelier-core"]), ["atelier-core 2.0.0 -"]);
    // A release of the line is its own, and the development of the line goes on within it.
    place.git(&["checkout", "-q", "1.4.x"]);
    let plan = place.prints(0, &["plan", "--component", "atelier-core"]);
    assert!(
        plan.contains("Begin the development of 1.4.3-dev"),
        "{plan}"
    );
}

#[test]
fn a_commit_is_found_in_the_first_release_of_each_line() {
    let place = Place::atelier();
    let commit = place.git(&["rev-list", "-1", "--grep=read layers (#12)", "--all"]);
    let found = place.json(0, &["history", &commit, "--component", "atelier-core"]);
    assert_eq!(found["releases"][0]["version"], "1.5.0");
    let listed = place.json(0, &["history", "--component", "atelier-core"]);
    let versions: Vec<&str> = listed["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["2.0.0-rc.2", "2.0.0-rc.1", "1.5.0", "1.4.0"]);
    let one = place.json(0, &["history", "1.5.0", "--component", "atelier-core"]);
    let texts = one["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["text"].as_str().unwrap());
    assert_eq!(
        texts.filter(|text| text.contains("read layers")).count(),
        1,
        "{one}"
    );
    // Of a repository with components, one has to be named.
    let said = place.run(&["history"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("atelier-tools"));
}

#[test]
fn a_repository_without_configuration_is_read_by_its_tags() {
    let place = Place::empty();
    place.commit("feat: begin");
    assert_eq!(place.versions(&[]), ["repository - 0.1.0"]);
    place.git(&["tag", "release-1.2.0"]);
    place.commit("fix: one\n\nRelease-As: 3.0.0");
    let found = place.json(0, &["version"]);
    assert_eq!(found["components"][0]["next"], "3.0.0");
    assert_eq!(found["components"][0]["next_tag"], "release-3.0.0");
    assert_eq!(place.prints(0, &["version", "--next"]), "3.0.0\n");
    place.git(&["tag", "release-3.0.0"]);
    assert_eq!(place.prints(3, &["version", "--next"]), "");
    // A bare clone knows the same.
    place.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = place.json(0, &["-C", "../bare.git", "version"]);
    assert_eq!(bare["components"][0]["current"], "3.0.0");
    // What was asked for and exists is refused, not released twice.
    let again = ["version", "--since", "release-1.2.0"];
    let said = place.run(&again);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("3.0.0 exists already"));
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let place = Place::empty();
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    for number in 0..5 {
        place.commit(&format!("fix: number {number}"));
    }
    let url = format!("file://{}", place.repository().display());
    place.git(&["clone", "-q", "--depth", "2", &url, "../shallow"]);
    let output = place.run(&["-C", "../shallow", "version"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("git fetch --unshallow --tags"), "{said}");
}

#[test]
fn what_a_message_holds_never_reaches_the_terminal() {
    let place = Place::empty();
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    place.commit("feat: red \u{1b}[31m and turned \u{202e}txt.exe");
    for words in [
        &["version"][..],
        &["changelog"],
        &["changelog", "--all"],
        &["history"],
    ] {
        let text = place.prints(0, words);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{words:?}: {text:?}"
        );
    }
}

#[test]
fn the_whole_changelog_is_written_and_written_again() {
    let place = Place::empty();
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    place.commit("fix: mend (#3)");
    place.git(&["tag", "v1.0.1"]);
    place.write(
        "CHANGELOG.md",
        "# Changelog\n\nOurs.\n\n## [1.0.0] - 2020-01-01\n\nWritten by hand.\n",
    );
    place.git(&["add", "-A"]);
    place.commit("docs: changelog");
    place.prints(0, &["changelog", "--all", "--write"]);
    let once = fs_err::read_to_string(place.repository().join("CHANGELOG.md")).unwrap();
    assert!(
        once.contains("Written by hand.") && once.contains("mend"),
        "{once}"
    );
    assert!(
        once.find("1.0.1").unwrap() < once.find("1.0.0]").unwrap(),
        "{once}"
    );
    place.git(&["commit", "-qam", "docs: changelog"]);
    place.prints(0, &["changelog", "--all", "--write"]);
    let twice = fs_err::read_to_string(place.repository().join("CHANGELOG.md")).unwrap();
    assert_eq!(once, twice);
    place.prints(0, &["changelog", "--all", "--overwrite", "--write"]);
    let anew = fs_err::read_to_string(place.repository().join("CHANGELOG.md")).unwrap();
    assert!(
        !anew.contains("Written by hand.") && anew.contains("Ours."),
        "{anew}"
    );
}

#[test]
fn changes_without_an_entry_are_named() {
    let place = Place::empty();
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    place.commit("feat: paint the fence (#7)");
    place.write(
        "CHANGELOG.md",
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Something nobody did.\n\n## [1.0.0] - 2026-05-28\n\n- Begin.\n",
    );
    place.git(&["add", "-A"]);
    place.commit("docs: changelog");
    let found = place.json(4, &["changelog", "check", "--strict"]);
    let kinds: Vec<(&str, &Value)> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), &row["line"]))
        .collect();
    assert!(
        kinds.iter().any(|(kind, _)| *kind == "uncovered"),
        "{found}"
    );
    assert!(
        kinds
            .iter()
            .any(|(kind, line)| *kind == "unbacked" && line.as_u64() == Some(7)),
        "{found}"
    );
}

#[test]
fn templates_of_a_users_own_are_rendered_or_their_fault_is_shown() {
    let place = Place::empty();
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    place.commit("feat: paint");
    place.write(
        "notes.txt",
        "{% for release in releases %}{% for group in release.groups %}{{ group.title }}: {{ group.entries | length }}\n{% endfor %}{% endfor %}",
    );
    assert_eq!(
        place.prints(0, &["changelog", "--format", "notes.txt"]),
        "Added: 1\n"
    );
    place.write("wrong.md", "one\n{{ releases[0].nothing }}\n");
    let output = place.run(&["changelog", "--format", "wrong.md"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 2"), "{said}");
}

#[test]
fn news_fragments_count_for_the_first_release_that_has_them() {
    let place = Place::empty();
    place.write(
        "shipway.toml",
        "[project]\nname = \"loom\"\nscheme = \"semver\"\n\n[changes]\nfragments = \"news\"\n",
    );
    place.git(&["add", "-A"]);
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    place.write("news/12.feature.md", "Threads can be dyed.\n");
    place.write("news/README.md", "How to write news.\n");
    place.git(&["add", "-A"]);
    place.commit("Dye threads");
    assert_eq!(place.versions(&[]), ["loom 1.0.0 1.1.0"]);
    let text = place.prints(0, &["changelog"]);
    assert!(text.contains("Threads can be dyed. (#12)"), "{text}");
    let pending = place.json(0, &["change", "list"]);
    assert_eq!(
        pending["changes"],
        serde_json::json!([{
            "path": "news/12.feature.md", "components": ["loom"], "level": "minor", "text": "Threads can be dyed.",
        }])
    );
    // Released, it stays where it is and is told of no more; another one is.
    place.git(&["tag", "v1.1.0"]);
    place.write("news/13.bugfix.md", "Knots hold.\n");
    place.git(&["add", "-A"]);
    place.commit("Mend knots");
    assert_eq!(place.versions(&[]), ["loom 1.1.0 1.1.1"]);
    let text = place.prints(0, &["changelog"]);
    assert!(
        text.contains("Knots hold.") && !text.contains("dyed"),
        "{text}"
    );
    // The project's own types.
    place.write(
        "pyproject.toml",
        "[tool.towncrier]\ndirectory = \"news\"\n[[tool.towncrier.type]]\nname = \"Removed\"\ndirectory = \"bugfix\"\n\
         [[tool.towncrier.type]]\nname = \"Features\"\ndirectory = \"feature\"\n",
    );
    place.write("news/14.fix.md", "Nothing.\n");
    place.git(&["add", "-A"]);
    place.commit("Types");
    let said = refused(&place, 2, &["version"]);
    assert!(
        said.contains("news/14.fix.md") && said.contains("ISSUE.TYPE.md"),
        "{said}"
    );
    place.git(&["mv", "news/14.fix.md", "news/14.feature.md"]);
    place.commit("A type that there is");
    assert_eq!(place.versions(&[]), ["loom 1.1.0 1.2.0"]);
    assert!(
        place
            .prints(0, &["changelog"])
            .contains("### Removed\n\n- Knots hold.")
    );
}

#[test]
fn fragments_that_nobody_can_place_are_refused() {
    let place = Place::empty();
    let config =
        "[project]\nname = \"loom\"\nscheme = \"semver\"\n\n[changes]\nfragments = \"news\"\n";
    place.write("shipway.toml", config);
    place.write(
        "towncrier.toml",
        "[tool.towncrier]\ndirectory = \"changes\"\n",
    );
    place.git(&["add", "-A"]);
    place.commit("feat: begin");
    let said = refused(&place, 2, &["version"]);
    assert!(
        said.contains("towncrier.toml keeps them in changes"),
        "{said}"
    );
    let components = "\n[components]\n[[component]]\nname = \"warp\"\npath = \"warp\"\n";
    place.write("shipway.toml", &format!("{config}{components}"));
    let said = refused(&place, 2, &["version"]);
    assert!(
        said.contains("fragments are about a whole project"),
        "{said}"
    );
    assert!(said.contains("change files"), "{said}");
}

/// A project whose pull requests are read at an API.
fn with_pulls(place: &Place, api: &str) {
    place.write(
        "shipway.toml",
        &format!(
            "[project]\nname = \"loom\"\nscheme = \"semver\"\n\n[changes]\npull-requests = true\n\
             labels = {{ \"semver:minor\" = {{ level = \"minor\" }} }}\n\n\
             [[publish]]\nto = \"github\"\nrepository = \"acme/loom\"\napi = \"{api}\"\nsecret = \"GITHUB_TOKEN\"\n"
        ),
    );
}

#[test]
fn title_and_labels_of_a_pull_request_count() {
    let github = GitHub::start("acme/loom");
    let place = Place::empty();
    with_pulls(&place, &github.url());
    place.commit("feat: begin");
    place.git(&["tag", "v1.0.0"]);
    let asked = || github.server().requests().len();
    // Where no commit is new, nobody is asked.
    assert_eq!(place.versions(&[]), ["loom 1.0.0 -"]);
    assert_eq!(asked(), 0);
    place.commit("Dye threads (#12)");
    assert_eq!(place.versions(&[]), ["loom 1.0.0 -"]);
    let pull = Pull {
        number: 12,
        title: "fix: threads can be dyed".to_owned(),
        body: None,
        labels: vec!["semver:minor".to_owned()],
        author: Some("ines".to_owned()),
        open: false,
        merged_at: Some("2026-05-28T20:30:00Z".to_owned()),
        updated_at: "2026-05-28T20:30:00Z".to_owned(),
        merge_commit: Some(place.git(&["rev-parse", "HEAD"])),
    };
    github.change(|state| state.pulls.push(pull));
    assert_eq!(place.versions(&[]), ["loom 1.0.0 1.1.0"]);
    let text = place.prints(0, &["changelog"]);
    assert!(
        text.contains("### Fixed\n\n- threads can be dyed"),
        "{text}"
    );
    assert!(text.contains("#12") && !text.contains("Dye"), "{text}");
    github.change(|state| state.pulls[0].labels.clear());
    assert_eq!(place.versions(&[]), ["loom 1.0.0 1.0.1"]);
    // One command asks once, also where it looks at two ranges.
    place.git(&["tag", "v1.0.1-rc.1"]);
    place.commit("fix: mend");
    let before = asked();
    assert_eq!(
        place.versions(&["--pre", "rc"]),
        ["loom 1.0.1-rc.1 1.0.1-rc.2"]
    );
    assert_eq!(asked(), before + 1);
    // The past is told from commits alone.
    place.prints(0, &["history"]);
    place.prints(0, &["changelog", "--all"]);
    assert_eq!(asked(), before + 1);
}

#[test]
fn no_version_is_decided_without_the_pull_requests() {
    let github = GitHub::start("acme/loom");
    let place = Place::empty();
    with_pulls(&place, &github.url());
    place.commit("feat: begin");
    let list = "/repos/acme/loom/pulls";
    for (status, code) in [(403, 2), (503, 7)] {
        let faults = github.server().faults();
        faults.on("GET", list, Fault::StatusBefore(status));
        let said = refused(&place, code, &["version"]);
        assert!(
            said.contains("the pull requests of github cannot be read"),
            "{said}"
        );
        assert!(said.contains("acme/loom"), "{said}");
        assert_eq!(said.contains("permission"), status == 403, "{said}");
        assert!(faults.pending().is_empty());
    }
    with_pulls(&place, &closed_url());
    for words in [&["version"][..], &["changelog"]] {
        refused(&place, 7, words);
    }
    let config =
        "[project]\nname = \"loom\"\nscheme = \"semver\"\n\n[changes]\npull-requests = true\n";
    place.write("shipway.toml", config);
    let said = refused(&place, 2, &["version"]);
    assert!(said.contains("pull-requests need a [[publish]]"), "{said}");
    place.write("shipway.toml", &format!("{config}\n[components]\n"));
    let said = refused(&place, 2, &["version"]);
    assert!(said.contains("pull-requests cannot be joined"), "{said}");
}

/// What it said, where it ended with this code.
#[track_caller]
fn refused(place: &Place, code: i32, words: &[&str]) -> String {
    let output = place.run(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "shipway {words:?}: {said}"
    );
    said
}
