//! Faults of values that are wrong in themselves: types, ranges, patterns, paths.

use super::{faults_of, faults_with};
use insta::assert_snapshot;

#[test]
fn wrong_types_say_what_was_found_and_what_is_wanted() {
    let text = r#"
[[check]]
name = 1
run = true
timeout = 30
need = 85
python = [3.10]
missing-fails = "yes"
junit = ["a"]

[[check]]
name = "coverage"
run = "pytest"
coverage = 85
need = { tests = 1.5 }
environment = "CI=1"

[[publish]]
to = "github"
repository = 1979-05-27
milestone = 1

[[approve]]
who = "a"
quorum = "two"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 16, column 8: `name` must be text in quotes, and is the number 1
       |
    16 | name = 1
       |        ^
       = hint: write name = "tests"

    line 17, column 7: `run` must be a command: text, or a list of arguments, and is true
       |
    17 | run = true
       |       ^^^^
       = hint: write run = "pytest -q"

    line 18, column 11: `timeout` must be a duration in quotes, a number with s, m, h or d, and is the number 30
       |
    18 | timeout = 30
       |           ^^
       = hint: write timeout = "30m"

    line 19, column 8: `need` must be a table, and is the number 85
       |
    19 | need = 85
       |        ^^
       = hint: write need = { pass-rate = 100, coverage = 85 }

    line 20, column 11: an item of `python` must be a version in quotes (as a number, 3.10 would be 3.1), and is the number 3.10
       |
    20 | python = [3.10]
       |           ^^^^
       = hint: write python = ["3.11"]

    line 21, column 17: `missing-fails` must be true or false, and is the text "yes"
       |
    21 | missing-fails = "yes"
       |                 ^^^^^
       = hint: write missing-fails = true

    line 22, column 9: `junit` must be text in quotes, and is a list
       |
    22 | junit = ["a"]
       |         ^^^^^
       = hint: write junit = "junit.xml"

    line 27, column 12: `coverage` must be the path of the report (the threshold belongs into `need`), and is the number 85
       |
    27 | coverage = 85
       |            ^^
       = hint: write need = { coverage = 85 }

    line 28, column 18: `tests` must be a whole number, and is the number 1.5
       |
    28 | need = { tests = 1.5 }
       |                  ^^^
       = hint: write tests = 1

    line 29, column 15: `environment` must be a table, and is the text "CI=1"
       |
    29 | environment = "CI=1"
       |               ^^^^^^
       = hint: write environment = { set = { NAME = "value" } }

    line 33, column 14: `repository` must be text in quotes, and is a date
       |
    33 | repository = 1979-05-27
       |              ^^^^^^^^^^
       = hint: write repository = "owner/name"

    line 34, column 13: `milestone` must be true or false, and is the number 1
       |
    34 | milestone = 1
       |             ^
       = hint: write milestone = true

    line 38, column 10: `quorum` must be a whole number, and is the text "two"
       |
    38 | quorum = "two"
       |          ^^^^^
       = hint: write quorum = 1
    "#);
}

#[test]
fn durations() {
    let text = r#"
[[task]]
name = "t"
text = "x"
[[approve]]
who = "a"
valid-for = "7 weeks"
[[check]]
name = "a"
run = "true"
timeout = "0s"
[[check]]
name = "b"
run = "true"
timeout = "99999999999999999999d"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 20, column 13: `valid-for` is no duration: "7 weeks"
       |
    20 | valid-for = "7 weeks"
       |             ^^^^^^^^^
       = hint: write a whole number and s, m, h or d: valid-for = "7d"

    line 24, column 11: `timeout` must lie between a second and a year
       |
    24 | timeout = "0s"
       |           ^^^^
       = hint: write timeout = "30m"

    line 28, column 11: `timeout` is no duration: "99999999999999999999d"
       |
    28 | timeout = "99999999999999999999d"
       |           ^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write a whole number and s, m, h or d: timeout = "30m"
    "#);
}

#[test]
fn thresholds_out_of_range() {
    let text = r#"
[[check]]
name = "a"
run = "true"
need = { pass-rate = 101, coverage = 0.85, tests = 0 }
[[check]]
name = "b"
run = "true"
need = { pass-rate = -1, coverage = 85.123, tests = -5 }
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 18, column 22: `pass-rate` must be a percentage from 0 to 100, and is 101
       |
    18 | need = { pass-rate = 101, coverage = 0.85, tests = 0 }
       |                      ^^^
       = hint: write pass-rate = 85.5

    line 18, column 38: `coverage` is 0.85 percent, which looks like a share of one
       |
    18 | need = { pass-rate = 101, coverage = 0.85, tests = 0 }
       |                                      ^^^^
       = hint: write percent: coverage = 85.5

    line 18, column 52: `tests` must lie between 1 and 4294967295, and is 0
       |
    18 | need = { pass-rate = 101, coverage = 0.85, tests = 0 }
       |                                                    ^
       = hint: write tests = 1

    line 22, column 22: `pass-rate` must be a percentage from 0 to 100, and is -1
       |
    22 | need = { pass-rate = -1, coverage = 85.123, tests = -5 }
       |                      ^^
       = hint: write pass-rate = 85.5

    line 22, column 37: `coverage` has more than two decimals
       |
    22 | need = { pass-rate = -1, coverage = 85.123, tests = -5 }
       |                                     ^^^^^^
       = hint: write coverage = 85.5

    line 22, column 53: `tests` must lie between 1 and 4294967295, and is -5
       |
    22 | need = { pass-rate = -1, coverage = 85.123, tests = -5 }
       |                                                     ^^
       = hint: write tests = 1
    "#);
}

#[test]
fn unknown_words() {
    let text = r#"
[project]
name = "a"
scheme = "sem-ver"
next = "patch"
[[task]]
name = "t"
text = "x"
before = "publishing"
[[check]]
name = "c"
run = "true"
repeat = "never"
[[publish]]
to = "npm"
[[announce]]
by = "email"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 4, column 10: `scheme` is unknown: "sem-ver"
      |
    4 | scheme = "sem-ver"
      |          ^^^^^^^^^
      = hint: did you mean "semver"?

    line 5, column 8: `next` is unknown: "patch"
      |
    5 | next = "patch"
      |        ^^^^^^^
      = hint: write one of dev-minor, dev-patch, none

    line 9, column 10: `before` is unknown: "publishing"
      |
    9 | before = "publishing"
      |          ^^^^^^^^^^^^
      = hint: did you mean "publish"?

    line 13, column 10: `repeat` is unknown: "never"
       |
    13 | repeat = "never"
       |          ^^^^^^^
       = hint: write one of safe, unsafe

    line 15, column 6: `to` is unknown: "npm"
       |
    15 | to = "npm"
       |      ^^^^^
       = hint: write one of pypi, github

    line 17, column 6: `by` is unknown: "email"
       |
    17 | by = "email"
       |      ^^^^^^^
       = hint: did you mean "mail"?
    "#);
}

#[test]
fn names_that_steps_cannot_have() {
    let text = r#"
[[check]]
name = "my tests"
run = "true"
[[check]]
name = "-x"
run = "true"
[[check]]
name = ""
run = "true"
[[check]]
name = "a\nb"
run = "true"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 16, column 8: `name` must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit
       |
    16 | name = "my tests"
       |        ^^^^^^^^^^
       = hint: write name = "tests"

    line 19, column 8: `name` must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit
       |
    19 | name = "-x"
       |        ^^^^
       = hint: write name = "tests"

    line 22, column 8: `name` is empty
       |
    22 | name = ""
       |        ^^
       = hint: write name = "tests"

    line 25, column 8: `name` holds a line break or another control character
       |
    25 | name = "a\nb"
       |        ^^^^^^
       = hint: write name = "tests"
    "#);
}

#[test]
fn patterns_and_their_placeholders() {
    let text = r#"
[project]
name = "a"
scheme = "semver"
tag = "release"
release-branch = "r/{verison}"
commit-message = "Release {name} {version}"
tag-message = "{version}{tag}"
version-files = [
    { path = "README.md", pattern = "a==1.0" },
    { path = "README.md", pattern = "{version}" },
    { path = "README.md", pattern = "{version} and {version}" },
]
[[announce]]
by = "webhook"
url = "https://a.example.org"
subject = "{project}: {notes}"
text = "{vesion} {\"json\": 1} {}"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 5, column 7: `tag` does not say where the version goes
      |
    5 | tag = "release"
      |       ^^^^^^^^^
      = hint: write tag = "v{version}"

    line 6, column 21: unknown placeholder {verison}
      |
    6 | release-branch = "r/{verison}"
      |                     ^^^^^^^^^
      = hint: did you mean {version}?

    line 7, column 27: unknown placeholder {name}
      |
    7 | commit-message = "Release {name} {version}"
      |                           ^^^^^^
      = hint: known here: {version}

    line 8, column 25: unknown placeholder {tag}
      |
    8 | tag-message = "{version}{tag}"
      |                         ^^^^^
      = hint: known here: {version}

    line 10, column 37: `pattern` must hold {version} once, and holds it 0 times
       |
    10 |     { path = "README.md", pattern = "a==1.0" },
       |                                     ^^^^^^^^
       = hint: write the text around the version: pattern = "my-package=={version}"

    line 11, column 37: `pattern` is the version alone, which may stand anywhere
       |
    11 |     { path = "README.md", pattern = "{version}" },
       |                                     ^^^^^^^^^^^
       = hint: add the text around it: pattern = "my-package=={version}"

    line 12, column 37: `pattern` must hold {version} once, and holds it 2 times
       |
    12 |     { path = "README.md", pattern = "{version} and {version}" },
       |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write the text around the version: pattern = "my-package=={version}"

    line 17, column 23: unknown placeholder {notes}
       |
    17 | subject = "{project}: {notes}"
       |                       ^^^^^^^
       = hint: known here: {project}, {version}, {pep440}, {tag}

    line 18, column 8: unknown placeholder {vesion}
       |
    18 | text = "{vesion} {\"json\": 1} {}"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: did you mean {version}?
    "#);
}

#[test]
fn branches_tags_and_remotes_that_git_does_not_take() {
    let text = r#"
[project]
name = "a"
scheme = "semver"
branch = "-main"
remote = "git@host.example.org:a/b"
tag = "v {version}"
release-branch = "..{version}"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 5, column 10: `branch` is no name of a branch: "refs/heads/-main" is not a valid git reference: a part of it is empty, begins with '.' or '-', or ends with .lock
      |
    5 | branch = "-main"
      |          ^^^^^^^
      = hint: write branch = "main"

    line 6, column 10: `remote` is the name of a git remote, not its address
      |
    6 | remote = "git@host.example.org:a/b"
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: write remote = "origin"; `git remote -v` lists the names

    line 7, column 7: `tag` makes no name that git takes: "refs/tags/v 2026.1.0" is not a valid git reference: git does not allow spaces nor any of ~^:?*[\
      |
    7 | tag = "v {version}"
      |       ^^^^^^^^^^^^^
      = hint: write tag = "v{version}"

    line 8, column 18: `release-branch` makes no name that git takes: "refs/heads/..2026.1.0" is not a valid git reference: git does not allow '..', '@{' or a final '.'
      |
    8 | release-branch = "..{version}"
      |                  ^^^^^^^^^^^^^
      = hint: write release-branch = "release/v{version}"
    "#);
    let text = r#"
[project]
name = "a/b"
scheme = "semver"
branch = "refs/heads/main"
remote = "a b"
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 3, column 8: `name` must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit
      |
    3 | name = "a/b"
      |        ^^^^^
      = hint: write name = "my-package"

    line 5, column 10: `branch` is written without refs/heads/
      |
    5 | branch = "refs/heads/main"
      |          ^^^^^^^^^^^^^^^^^
      = hint: write branch = "main"

    line 6, column 10: `remote` is no name of a remote: "refs/remotes/a b/head" is not a valid git reference: git does not allow spaces nor any of ~^:?*[\
      |
    6 | remote = "a b"
      |          ^^^^^
      = hint: write remote = "origin"
    "#);
}

#[test]
fn paths_that_leave_the_repository() {
    let text = r#"
[project]
name = "a"
scheme = "semver"
version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
[changelog]
path = "/a"
[[check]]
name = "c"
run = "true"
junit = "../j.xml"
[[build]]
name = "b"
run = "true"
artifacts = ["../dist/*.whl", "dist/**/*.whl", "dist/*.{whl,gz}", "/tmp/x"]
"#;
    assert_snapshot!(faults_of(text), @r#"
    line 5, column 18: an item of `version-files` must be relative to the top of the repository
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                  ^^^^^^^^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 33: an item of `version-files` leads out of the repository with `..`
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                 ^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 41: an item of `version-files` leads out of the repository with `..`
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                         ^^^^^^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 54: an item of `version-files` must be relative to the top of the repository
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                      ^^^^^
      = hint: write "my_package/version.py"

    line 5, column 61: an item of `version-files` must be relative to the top of the repository
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                             ^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 69: an item of `version-files` must be written with `/`
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                                     ^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 77: an item of `version-files` leads into git's own folder
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                                             ^^^^^^^^^^^^^
      = hint: write "my_package/version.py"

    line 5, column 92: an item of `version-files` begins with `-`, which programs read as an option
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                                                            ^^^^
      = hint: write "my_package/version.py"

    line 5, column 98: an item of `version-files` has an empty part
      |
    5 | version-files = ["/etc/passwd", "../a", "a/../../b", "~/a", "C:/a", "a\\b", ".git/config", "-x", "a//b"]
      |                                                                                                  ^^^^^^
      = hint: write "my_package/version.py"

    line 7, column 8: `path` must be relative to the top of the repository
      |
    7 | path = "/a"
      |        ^^^^
      = hint: write path = "CHANGELOG.md"

    line 11, column 9: `junit` leads out of the repository with `..`
       |
    11 | junit = "../j.xml"
       |         ^^^^^^^^^^
       = hint: write junit = "junit.xml"

    line 15, column 14: an item of `artifacts` leads out of the repository with `..`
       |
    15 | artifacts = ["../dist/*.whl", "dist/**/*.whl", "dist/*.{whl,gz}", "/tmp/x"]
       |              ^^^^^^^^^^^^^^^
       = hint: write artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    line 15, column 31: an item of `artifacts` may hold `*`, not `**`
       |
    15 | artifacts = ["../dist/*.whl", "dist/**/*.whl", "dist/*.{whl,gz}", "/tmp/x"]
       |                               ^^^^^^^^^^^^^^^
       = hint: name the folder: artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    line 15, column 56: an item of `artifacts` may hold `*`, and no other wildcard
       |
    15 | artifacts = ["../dist/*.whl", "dist/**/*.whl", "dist/*.{whl,gz}", "/tmp/x"]
       |                                                        ^
       = hint: write one pattern for each kind of file: artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    line 15, column 67: an item of `artifacts` must be relative to the top of the repository
       |
    15 | artifacts = ["../dist/*.whl", "dist/**/*.whl", "dist/*.{whl,gz}", "/tmp/x"]
       |                                                                   ^^^^^^^^
       = hint: write artifacts = ["dist/*.whl", "dist/*.tar.gz"]
    "#);
}
