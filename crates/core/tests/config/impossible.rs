//! Combinations that cannot be: each key alone is right. Conflicts of two places name both lines.

use super::{PLAIN, faults_of, faults_with};
use insta::assert_snapshot;

#[test]
fn names_twice() {
    let text = r#"
[[task]]
name = "a"
text = "x"
[[task]]
name = "a"
text = "x"
[[check]]
name = "a"
run = "true"
[[check]]
name = "a"
run = "true"
[[build]]
name = "package"
run = "true"
artifacts = ["x"]
[[try]]
python = ["3.11", "3.11"]
[[try]]
python = ["3.8"]
[[publish]]
to = "pypi"
repository = "https://test.example.org/legacy/"
[[approve]]
who = "a"
[[approve]]
before = "publish"
who = "a"
[[announce]]
by = "webhook"
url = "https://a.example.org"
[[announce]]
by = "webhook"
url = "https://b.example.org"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 19, column 8: task `a` is written twice; first in line 16
       |
    19 | name = "a"
       |        ^^^
       = hint: names tell steps apart in plans and reports: give each its own

    line 25, column 8: check `a` is written twice; first in line 22
       |
    25 | name = "a"
       |        ^^^
       = hint: names tell steps apart in plans and reports: give each its own

    line 28, column 8: build `package` is written twice; first in line 6
       |
    28 | name = "package"
       |        ^^^^^^^^^
       = hint: names tell steps apart in plans and reports: give each its own

    line 32, column 19: Python `3.11` is written twice; first in line 32
       |
    32 | python = ["3.11", "3.11"]
       |                   ^^^^^^
       = hint: once is enough

    line 33, column 1: try `built` is written twice; first in line 31
       |
    33 | [[try]]
       | ^^^^^^^
       = hint: several [[try]] of one source need names: name = "installed"

    line 35, column 1: destination `pypi` is written twice; first in line 10
       |
    35 | [[publish]]
       | ^^^^^^^^^^^
       = hint: several destinations of one kind need names: name = "test-index"

    line 42, column 7: the approval by `a before publish` is written twice; first in line 39
       |
    42 | who = "a"
       |       ^^^
       = hint: ask for more people with `quorum`, or leave one of the two out

    line 46, column 1: announcement `webhook` is written twice; first in line 43
       |
    46 | [[announce]]
       | ^^^^^^^^^^^^
       = hint: names tell steps apart in plans and reports: give each its own
    "#);
}

#[test]
fn places_twice() {
    let text = r#"
[project]
name = "a"
scheme = "semver"
version-files = [
    "a.py",
    "./a.py",
    { path = "a.py", pattern = "a=={version}" },
]
[environment]
set = { A = "1", B = "2" }
pass = ["B"]
secrets = { A = "X" }
[[build]]
name = "b"
run = "true"
artifacts = ["x", "x"]
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 7, column 5: the file `a.py` is written twice; first in line 6
      |
    7 |     "./a.py",
      |     ^^^^^^^^
      = hint: one entry per place of the version is enough

    line 12, column 9: the variable `B` is written twice; first in line 11
       |
    12 | pass = ["B"]
       |         ^^^
       = hint: a variable comes from one place: `set`, `pass` or `secrets`

    line 13, column 13: the variable `A` is written twice; first in line 11
       |
    13 | secrets = { A = "X" }
       |             ^
       = hint: a variable comes from one place: `set`, `pass` or `secrets`

    line 17, column 19: the pattern `x` is written twice; first in line 17
       |
    17 | artifacts = ["x", "x"]
       |                   ^^^
       = hint: once is enough
    "#);
}

#[test]
fn run_and_script() {
    let text = r#"
[[check]]
name = "both"
run = "true"
script = "true"
[[check]]
name = "neither"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 18, column 10: `script` cannot stand beside `run` in line 17
       |
    18 | script = "true"
       |          ^^^^^^
       = hint: keep `run` for one command, or `script` for lines of shell

    line 19, column 1: [[check]] has neither `run` nor `script`
       |
    19 | [[check]]
       | ^^^^^^^^^
       = hint: add run = "pytest -q"
    "#);
}

#[test]
fn try_from_what_is_not_there() {
    let text = r#"
[[publish]]
to = "github"
repository = "a/b"
[[try]]
python = ["3.11"]
from = "pipy"
[[try]]
name = "b"
python = ["3.11"]
from = "github"
[[try]]
name = "c"
python = ["3.11"]
from = "pypi"
artifacts = ["dist/*.whl"]
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 20, column 8: `from` names no [[publish]]: "pipy"
       |
    20 | from = "pipy"
       |        ^^^^^^
       = hint: did you mean "pypi"?

    line 24, column 8: `from` names the release on GitHub in line 15, which pip cannot install from
       |
    24 | from = "github"
       |        ^^^^^^^^
       = hint: name a [[publish]] with to = "pypi"

    line 29, column 13: `artifacts` cannot stand beside `from` in line 28
       |
    29 | artifacts = ["dist/*.whl"]
       |             ^^^^^^^^^^^^^^
       = hint: `from` installs from a destination, `artifacts` what was built: keep one
    "#);
}

#[test]
fn publishing_what_is_not_built() {
    let text = r#"
[project]
name = "a"
scheme = "semver"
[[publish]]
to = "pypi"
repository = "https://index.example.org/legacy/"
[[publish]]
to = "github"
repository = "a/b"
artifacts = ["dist/*.whl"]
[[publish]]
to = "github"
name = "notes-only"
repository = "a/b"
[[try]]
python = ["3.11"]
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 5, column 1: [[publish]] has nothing to send: nothing is built
      |
    5 | [[publish]]
      | ^^^^^^^^^^^
      = hint: add a [[build]] with its artifacts

    line 8, column 1: [[publish]] has nothing to send: nothing is built
      |
    8 | [[publish]]
      | ^^^^^^^^^^^
      = hint: add a [[build]] with its artifacts

    line 16, column 1: [[try]] has nothing to install: nothing is built
       |
    16 | [[try]]
       | ^^^^^^^
       = hint: add a [[build]] with its artifacts, or from = ".." with the name of a [[publish]]
    "#);
}

#[test]
fn approvals_that_cannot_be() {
    let text = r#"
[[approve]]
before = "relase"
who = "a"
quorum = 0
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 16, column 10: `before` is unknown: "relase"
       |
    16 | before = "relase"
       |          ^^^^^^^^
       = hint: write one of check, build, rehearse, publish, announce

    line 18, column 10: `quorum` must lie between 1 and 100, and is 0
       |
    18 | quorum = 0
       |          ^
       = hint: write quorum = 1
    "#);
}

#[test]
fn keys_of_the_other_kind() {
    let text = r#"
[[publish]]
to = "github"
repository = "a/b"
rehearsal = true
pypirc = "x"
[[publish]]
to = "pypi"
name = "x"
pypirc = "x"
milestone = true
[[announce]]
by = "webhook"
url = "https://a.example.org"
recipients = ["a@example.org"]
[[announce]]
by = "mail"
server = "smtp://127.0.0.1:25"
from = "a@example.org"
recipients = ["a@example.org"]
url = "https://a.example.org"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 18, column 13: `rehearsal` has no meaning with to = "github"
       |
    18 | rehearsal = true
       |             ^^^^
       = hint: a draft is made first anyway, and a release there is no test: leave it out

    line 19, column 10: `pypirc` has no meaning with to = "github"
       |
    19 | pypirc = "x"
       |          ^^^
       = hint: it belongs to to = "pypi": leave it out

    line 24, column 13: `milestone` has no meaning with to = "pypi"
       |
    24 | milestone = true
       |             ^^^^
       = hint: it belongs to to = "github": leave it out

    line 28, column 14: `recipients` has no meaning with by = "webhook"
       |
    28 | recipients = ["a@example.org"]
       |              ^^^^^^^^^^^^^^^^^
       = hint: leave it out, or change `by`

    line 34, column 7: `url` has no meaning with by = "mail"
       |
    34 | url = "https://a.example.org"
       |       ^^^^^^^^^^^^^^^^^^^^^^^
       = hint: leave it out, or change `by`
    "#);
}

#[test]
fn trusted_publishing_beside_another_credential() {
    let text = PLAIN.replace("secret =", "trusted = true\nsecret =");
    assert_snapshot!(faults_of(&text), @r#"
    line 14, column 10: `secret` cannot stand beside `trusted` in line 13
       |
    14 | secret = "INDEX_TOKEN"
       |          ^^^^^^^^^^^^^
       = hint: trusted publishing gets its own short-lived token: leave the other out
    "#);
}

#[test]
fn a_destination_without_an_address() {
    let text = "[[publish]]\nto = \"pypi\"\nname = \"b\"\nsecret = \"X\"\n";
    assert_snapshot!(faults_with(text), @r#"
    line 14, column 1: [[publish]] does not say where to
       |
    14 | [[publish]]
       | ^^^^^^^^^^^
       = hint: add repository = "https://index.example.org/legacy/", or pypirc = "section" to take it from `~/.pypirc`
    "#);
}

#[test]
fn interpreters_and_the_command() {
    let text = r#"
[[check]]
name = "a"
run = "pytest"
python = ["3.8"]
[[check]]
name = "b"
run = "{python} -m pytest"
missing-fails = true
[[check]]
name = "in-a-script"
script = "$PYTHON -m pytest"
python = ["3.8"]
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 18, column 10: `python` is given, and `run` does not say where the interpreter goes
       |
    18 | python = ["3.8"]
       |          ^^^^^^^
       = hint: write {python} where its path belongs: run = "{python} -m pytest"

    line 21, column 7: `run` names {python}, and no interpreters are given
       |
    21 | run = "{python} -m pytest"
       |       ^^^^^^^^^^^^^^^^^^^^
       = hint: add python = ["3.11"]

    line 22, column 17: `missing-fails` has no effect without `python`
       |
    22 | missing-fails = true
       |                 ^^^^
       = hint: add python = ["3.11"], or leave it out
    "#);
}
