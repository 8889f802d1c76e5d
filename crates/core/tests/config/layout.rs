//! Faults of the file as such: its syntax, its tables and its keys.

use super::{PLAIN, faults_of, faults_with};
use insta::assert_snapshot;
use shipway_core::Config;
use shipway_core::config::Scheme;
use shipway_core::version::CalendarFormat;

#[test]
fn an_empty_file() {
    assert_snapshot!(faults_of(""), @r#"
    line 1, column 1: the table [project] is missing
      |
    1 | 
      | ^
      = hint: begin with
        [project]
        name = "my-package"
        scheme = "pep440"
    "#);
}

#[test]
fn text_that_is_no_toml() {
    assert_snapshot!(faults_of("[project]\nname = octavia\n"), @r#"
    line 2, column 8: this is not TOML: string values must be quoted, expected literal string
      |
    2 | name = octavia
      |        ^^^^^^^
      = hint: put text between quotes: key = "text"
    "#);
}

#[test]
fn a_quote_that_is_missing() {
    assert_snapshot!(faults_of("[project]\nname = \"octavia\nscheme = \"semver\"\n"), @r#"
    line 2, column 16: this is not TOML: invalid basic string, expected `"`
      |
    2 | name = "octavia
      |                ^
      = hint: a quote is missing: key = "text", or """ before and after text of several lines
    "#);
}

#[test]
fn a_line_that_is_nothing() {
    assert_snapshot!(faults_of("[project]\nname\n"), @r#"
    line 2, column 5: this is not TOML: key with no value, expected `=`
      |
    2 | name
      |     ^
      = hint: every line is a table such as [project], or a key and its value: name = "text"
    "#);
}

#[test]
fn a_table_that_is_not_closed() {
    assert_snapshot!(faults_of("[project\nname = \"a\"\n"), @r#"
    line 1, column 9: this is not TOML: unclosed table, expected `]`
      |
    1 | [project
      |         ^
      = hint: a table is written [project], and one of several [[check]]
    "#);
}

#[test]
fn a_key_twice() {
    assert_snapshot!(
        faults_of("[project]\nname = \"a\"\nscheme = \"semver\"\n\n[changelog]\npath = \"a\"\n\npath = \"b\"\n"),
        @r#"
    line 8, column 1: `path` is written twice; first in line 6
      |
    8 | path = "b"
      | ^^^^
      = hint: keep one of the two; one more of several is written [[check]], in two pairs of brackets
    "#
    );
}

#[test]
fn a_table_twice() {
    assert_snapshot!(faults_with("[project]\nname = \"a\"\n"), @r#"
    line 14, column 2: `project` is written twice; first in line 1
       |
    14 | [project]
       |  ^^^^^^^
       = hint: keep one of the two; one more of several is written [[check]], in two pairs of brackets
    "#);
}

#[test]
fn unknown_keys_at_every_level() {
    let text = r#"
[project]
nmae = "a"
name = "a"
scheme = "semver"
version_files = ["a.py"]
[flow.hotfix]
from = "latest-tag"
[[checks]]
[environment]
env = { A = "1" }
[[check]]
name = "tests"
command = "pytest"
run = "pytest"
need = { pass-rat = 100 }
environment = { vars = {} }
[[build]]
name = "b"
run = "make"
outputs = ["x"]
artifacts = ["x"]
[[publish]]
to = "github"
repository = "a/b"
token = "X"
colour = "red"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 3, column 1: unknown key `nmae` in [project]
      |
    3 | nmae = "a"
      | ^^^^
      = hint: did you mean `name`?

    line 6, column 1: unknown key `version_files` in [project]
      |
    6 | version_files = ["a.py"]
      | ^^^^^^^^^^^^^
      = hint: did you mean `version-files`?

    line 7, column 2: unknown key `flow` in the file
      |
    7 | [flow.hotfix]
      |  ^^^^
      = hint: known here: project, changelog, changes, line, components, component, environment, task, check, build, try, publish, approve, announce

    line 9, column 3: unknown key `checks` in the file
      |
    9 | [[checks]]
      |   ^^^^^^
      = hint: did you mean `check`?

    line 11, column 1: unknown key `env` in [environment]
       |
    11 | env = { A = "1" }
       | ^^^
       = hint: did you mean `set`?

    line 14, column 1: unknown key `command` in [[check]]
       |
    14 | command = "pytest"
       | ^^^^^^^
       = hint: did you mean `run`?

    line 16, column 10: unknown key `pass-rat` in `need`
       |
    16 | need = { pass-rat = 100 }
       |          ^^^^^^^^
       = hint: did you mean `pass-rate`?

    line 17, column 17: unknown key `vars` in `environment`
       |
    17 | environment = { vars = {} }
       |                 ^^^^
       = hint: did you mean `set`?

    line 21, column 1: unknown key `outputs` in [[build]]
       |
    21 | outputs = ["x"]
       | ^^^^^^^
       = hint: did you mean `artifacts`?

    line 26, column 1: unknown key `token` in [[publish]]
       |
    26 | token = "X"
       | ^^^^^
       = hint: did you mean `secret`?

    line 27, column 1: unknown key `colour` in [[publish]]
       |
    27 | colour = "red"
       | ^^^^^^
       = hint: known here: to, name, repository, index, pypirc, trusted, secret, rehearsal, artifacts, api, milestone
    "#);
}

#[test]
fn keys_of_inline_tables() {
    let text = PLAIN.replace(
        "[[build]]",
        "version-files = [{ file = \"a\", path = \"b\", follow = true }]\n\n[[build]]",
    );
    assert_snapshot!(faults_of(&text), @r#"
    line 5, column 20: unknown key `file` in an item of `version-files`
      |
    5 | version-files = [{ file = "a", path = "b", follow = true }]
      |                    ^^^^
      = hint: did you mean `path`?

    line 5, column 44: unknown key `follow` in an item of `version-files`
      |
    5 | version-files = [{ file = "a", path = "b", follow = true }]
      |                                            ^^^^^^
      = hint: known here: path, pattern, key, kind, follows-development
    "#);
}

#[test]
fn one_table_where_several_are_meant() {
    assert_snapshot!(faults_with("[check]\nname = \"a\"\nrun = \"true\"\n"), @r#"
    line 14, column 1: `check` must be a list of tables, and is a table
       |
    14 | [check]
       | ^^^^^^^
       = hint: write [[check]] in two pairs of brackets: there may be several
    "#);
}

#[test]
fn several_tables_where_one_is_meant() {
    assert_snapshot!(faults_of("[[project]]\nname = \"a\"\nscheme = \"semver\"\n"), @r#"
    line 1, column 1: `project` must be a table, and is a list of tables
      |
    1 | [[project]]
      | ^^^^^^^^^^^
      = hint: write [project] on a line of its own
    "#);
}

#[test]
fn what_is_missing() {
    let text = r#"
[project]
[[task]]
[[check]]
[[build]]
[[try]]
[[publish]]
[[publish]]
to = "github"
[[approve]]
[[announce]]
[[announce]]
by = "mail"
[[announce]]
by = "webhook"
name = "w"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 2, column 1: [project] has no `name`
      |
    2 | [project]
      | ^^^^^^^^^
      = hint: add name = "my-package"

    line 2, column 1: [project] has no `scheme`
      |
    2 | [project]
      | ^^^^^^^^^
      = hint: add scheme = "pep440" (or semver, or calver)

    line 3, column 1: [[task]] has no `name`
      |
    3 | [[task]]
      | ^^^^^^^^
      = hint: add name = "docs"

    line 3, column 1: [[task]] has no `text`
      |
    3 | [[task]]
      | ^^^^^^^^
      = hint: add text = "Read the documentation once"

    line 4, column 1: [[check]] has no `name`
      |
    4 | [[check]]
      | ^^^^^^^^^
      = hint: add name = "tests"

    line 4, column 1: [[check]] has neither `run` nor `script`
      |
    4 | [[check]]
      | ^^^^^^^^^
      = hint: add run = "pytest -q"

    line 5, column 1: [[build]] has no `name`
      |
    5 | [[build]]
      | ^^^^^^^^^
      = hint: add name = "package"

    line 5, column 1: [[build]] has neither `run` nor `script`
      |
    5 | [[build]]
      | ^^^^^^^^^
      = hint: add run = "python -m build"

    line 5, column 1: [[build]] has no `artifacts`
      |
    5 | [[build]]
      | ^^^^^^^^^
      = hint: add artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    line 6, column 1: [[try]] has no `python`
      |
    6 | [[try]]
      | ^^^^^^^
      = hint: add python = ["3.11"]

    line 6, column 1: [[try]] has nothing to install: nothing is built
      |
    6 | [[try]]
      | ^^^^^^^
      = hint: add a [[build]] with its artifacts, or from = ".." with the name of a [[publish]]

    line 7, column 1: [[publish]] has no `to`
      |
    7 | [[publish]]
      | ^^^^^^^^^^^
      = hint: add to = "pypi" (or github)

    line 8, column 1: [[publish]] has no `repository`
      |
    8 | [[publish]]
      | ^^^^^^^^^^^
      = hint: add repository = "owner/name"

    line 10, column 1: [[approve]] has no `who`
       |
    10 | [[approve]]
       | ^^^^^^^^^^^
       = hint: add who = "release-manager"

    line 11, column 1: [[announce]] has no `by`
       |
    11 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: add by = "mail" (or webhook)

    line 12, column 1: [[announce]] has no `server`
       |
    12 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: add server = "smtps://mail.example.org"

    line 12, column 1: [[announce]] has no `from`
       |
    12 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: add from = "releases@example.org"

    line 12, column 1: [[announce]] has no `recipients`
       |
    12 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: add recipients = ["list@example.org"]

    line 14, column 1: [[announce]] has no `url`
       |
    14 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: add url = "https://hooks.example.org/releases"
    "#);
}

#[test]
fn control_characters_are_shown_and_not_sent() {
    let text = format!(
        "{PLAIN}# \u{1b}[2J\u{202e}\n[[check]]\nname = \"a\\u001b[2J\" # \u{1b}[31m\nrun = \"true\"\n"
    );
    let shown = faults_of(&text);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}

#[test]
fn long_lines_are_shown_around_the_fault() {
    let text = format!(
        "[project]\nname = \"{}\" \nscheme = \"semver\"\n",
        "a".repeat(400)
    );
    assert_snapshot!(faults_of(&text), @r#"
    line 2, column 8: `name` must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit
      |
    2 | name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: write name = "my-package"
    "#);
}

#[test]
fn a_file_without_end() {
    let text = format!(
        "[project]\nname = \"a\"\nscheme = \"semver\"\n#{}\n",
        "x".repeat(1024 * 1024)
    );
    assert_snapshot!(faults_of(&text), @r#"
    line 1, column 1: the file is larger than 1048576 bytes
      |
    1 | [project]
      | ^
      = hint: is this the right file? A configuration has a few hundred lines at most
    "#);
    let keys: Vec<String> = (0..5000).map(|at| format!("k{at} = 1")).collect();
    let text = keys.join("\n");
    assert_eq!(faults_of(&text).matches("unknown key").count(), 50);
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(faults_of(&deep).contains("not TOML"));
}

#[test]
fn a_scheme_may_be_a_calendar_format() {
    let text = |scheme: &str, first: &str| {
        format!("[project]\nname = \"a\"\nscheme = {scheme:?}\ninitial-version = {first:?}\n")
    };
    let read = Config::parse(&text("YY.0M.MICRO", "26.04.0"), "shipway.toml").unwrap();
    let format = CalendarFormat::parse("YY.0M.MICRO").unwrap();
    assert_eq!(read.project.scheme, Scheme::Calver(format));
    assert_snapshot!(faults_of(&text("YY.0M.MICRO", "26.4.0")), @r#"
    line 4, column 19: `initial-version` is no version: "26.4.0" is no calendar (YY.0M.MICRO) version: the format writes that number with two digits
      |
    4 | initial-version = "26.4.0"
      |                   ^^^^^^^^
      = hint: write 26.04.0
    "#);
    assert_snapshot!(faults_of(&text("YYYY.MICRO.MM", "2026.4.0")), @r#"
    line 3, column 10: `scheme` is no calendar format: "YYYY.MICRO.MM" is no calendar format: a counter stands before the date or behind it, not within
      |
    3 | scheme = "YYYY.MICRO.MM"
      |          ^^^^^^^^^^^^^^^
      = hint: use YYYY, YY or 0Y, then MM, 0M, WW or 0W, DD or 0D, and MAJOR, MINOR, MICRO, with dots between them: YYYY.0M.MICRO
    "#);
}
