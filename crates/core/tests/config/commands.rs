//! Faults of commands, addresses, secrets and variables.

use super::{PLAIN, faults_of, faults_with};
use insta::assert_snapshot;

#[test]
fn commands_that_only_a_shell_understands() {
    let commands = [
        "a | b",
        "a > b",
        "a < b",
        "a && b",
        "a; b",
        "echo $HOME",
        "echo \\\"$HOME\\\"",
        "a `b`",
        "twine check dist/*",
        "ls a?",
        "(a)",
        "cat ~/a",
        "a \\\\n",
        "CI=1 pytest",
        "pytest -k 'a",
        "-x",
        "''",
    ];
    let check = |(at, command)| format!("[[check]]\nname = \"c{at}\"\nrun = \"{command}\"\n");
    let text = commands
        .iter()
        .enumerate()
        .map(check)
        .collect::<Vec<_>>()
        .concat();
    assert_snapshot!(faults_with(&text), @r#"
    line 16, column 10: `run` is run without a shell, which would read '|' as a pipe
       |
    16 | run = "a | b"
       |          ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 19, column 10: `run` is run without a shell, which would read '>' as a redirection
       |
    19 | run = "a > b"
       |          ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 22, column 10: `run` is run without a shell, which would read '<' as a redirection
       |
    22 | run = "a < b"
       |          ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 25, column 10: `run` is run without a shell, which would read '&' as a shell operator
       |
    25 | run = "a && b"
       |          ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 28, column 9: `run` is run without a shell, which would read ';' as a shell operator
       |
    28 | run = "a; b"
       |         ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 31, column 13: `run` is run without a shell, which would read '$' as a variable
       |
    31 | run = "echo $HOME"
       |             ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 34, column 7: `run` is run without a shell, which would read '$' as a variable
       |
    34 | run = "echo \"$HOME\""
       |       ^^^^^^^^^^^^^^^^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 37, column 10: `run` is run without a shell, which would read '`' as a command substitution
       |
    37 | run = "a `b`"
       |          ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 40, column 25: `run` is run without a shell, which would read '*' as a wildcard
       |
    40 | run = "twine check dist/*"
       |                         ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 43, column 12: `run` is run without a shell, which would read '?' as a wildcard
       |
    43 | run = "ls a?"
       |            ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 46, column 8: `run` is run without a shell, which would read '(' as a subshell
       |
    46 | run = "(a)"
       |        ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 49, column 12: `run` is run without a shell, which would read '~' as the home directory
       |
    49 | run = "cat ~/a"
       |            ^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 52, column 7: `run` is run without a shell, which would read '\' as an escape
       |
    52 | run = "a \\n"
       |       ^^^^^^^
       = hint: write a list of arguments if you mean the character, or script = """..""" if you mean a shell

    line 55, column 7: `run` begins with a variable, which only a shell would set
       |
    55 | run = "CI=1 pytest"
       |       ^^^^^^^^^^^^^
       = hint: set it beside the command: environment = { set = { CI = ".." } }

    line 58, column 18: `run` has a quote that is never closed
       |
    58 | run = "pytest -k 'a"
       |                  ^
       = hint: close it, or write a list of arguments: ["pytest", "-k", "a b"]

    line 61, column 7: `run` begins with no name of a program
       |
    61 | run = "-x"
       |       ^^^^
       = hint: write the program first: "pytest -q"

    line 64, column 7: `run` begins with no name of a program
       |
    64 | run = "''"
       |       ^^^^
       = hint: write the program first: "pytest -q"
    "#);
}

#[test]
fn argument_lists() {
    let text = r#"
[[check]]
name = "a"
run = []
[[check]]
name = "b"
run = ["pytest -q"]
[[check]]
name = "c"
run = ["pytest", 3]
[[check]]
name = "d"
run = ["-q"]
[[try]]
python = ["3.11"]
run = [["a", "--help"], "b --help"]
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 17, column 7: `run` is an empty list
       |
    17 | run = []
       |       ^^
       = hint: write run = "pytest -q", or leave the key out

    line 20, column 8: an item of `run` is the program, and holds white space
       |
    20 | run = ["pytest -q"]
       |        ^^^^^^^^^^^
       = hint: write one argument per item: ["pytest", "-q"]

    line 23, column 18: an item of `run` must be text in quotes, and is the number 3
       |
    23 | run = ["pytest", 3]
       |                  ^
       = hint: write run = "pytest -q"

    line 26, column 8: an item of `run` is the program, and no name of one
       |
    26 | run = ["-q"]
       |        ^^^^
       = hint: write the program first: ["pytest", "-q"]

    line 29, column 25: an item of `run` must be a list of arguments like the others, and is the text "b --help"
       |
    29 | run = [["a", "--help"], "b --help"]
       |                         ^^^^^^^^^^
       = hint: write run = [["my-tool", "--help"], ["my-tool", "--version"]]
    "#);
}

#[test]
fn addresses() {
    let text = r#"
[[publish]]
to = "pypi"
repository = "index.example.org"
[[publish]]
to = "pypi"
name = "b"
repository = "ftp://index.example.org/"
index = "https:///simple"
[[publish]]
to = "pypi"
name = "c"
repository = "https://index.example.org/legacy/?token=a"
[[publish]]
to = "pypi"
name = "d"
repository = "https://index.example.org/root/dev/"
[[publish]]
to = "github"
repository = "https://github.example.org/owner/name.git"
api = "github.example.org"
[[announce]]
by = "mail"
server = "mail.example.org:25"
from = "me"
recipients = ["a@b@c", "x@example.org, y@example.org"]
[[announce]]
by = "webhook"
url = "https://host.example.org:99999/x"
"#;
    assert_snapshot!(faults_of(&PLAIN.replace("[[publish]]\nto = \"pypi\"\nrepository = \"https://index.example.org/legacy/\"\nsecret = \"INDEX_TOKEN\"\n", text)), @r#"
    line 13, column 14: `repository` is no address with a scheme
       |
    13 | repository = "index.example.org"
       |              ^^^^^^^^^^^^^^^^^^^
       = hint: write repository = "https://index.example.org/legacy/"

    line 17, column 14: `repository` must begin with https:// or http://
       |
    17 | repository = "ftp://index.example.org/"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write repository = "https://index.example.org/legacy/"

    line 18, column 9: `index` names no host
       |
    18 | index = "https:///simple"
       |         ^^^^^^^^^^^^^^^^^
       = hint: write index = "https://index.example.org/simple/"

    line 22, column 14: `repository` must be an address without `?` and `#`
       |
    22 | repository = "https://index.example.org/legacy/?token=a"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write repository = "https://index.example.org/legacy/"

    line 26, column 14: `repository` is an upload address that does not tell where its packages are read
       |
    26 | repository = "https://index.example.org/root/dev/"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: add the simple index: index = "https://index.example.org/simple/"

    line 29, column 14: `repository` must be the owner and the name, with `/` between them
       |
    29 | repository = "https://github.example.org/owner/name.git"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write repository = "owner/name"

    line 30, column 7: `api` is no address with a scheme
       |
    30 | api = "github.example.org"
       |       ^^^^^^^^^^^^^^^^^^^^
       = hint: write api = "https://github.example.org/api/v3"

    line 33, column 10: `server` is no address with a scheme
       |
    33 | server = "mail.example.org:25"
       |          ^^^^^^^^^^^^^^^^^^^^^
       = hint: write server = "smtps://mail.example.org"

    line 34, column 8: `from` is no mail address
       |
    34 | from = "me"
       |        ^^^^
       = hint: write from = "releases@example.org"

    line 35, column 15: an item of `recipients` is no mail address
       |
    35 | recipients = ["a@b@c", "x@example.org, y@example.org"]
       |               ^^^^^^^
       = hint: write recipients = ["list@example.org"]

    line 35, column 24: an item of `recipients` is no mail address
       |
    35 | recipients = ["a@b@c", "x@example.org, y@example.org"]
       |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write recipients = ["list@example.org"]

    line 38, column 7: `url` names no host
       |
    38 | url = "https://host.example.org:99999/x"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write url = "https://hooks.example.org/releases"
    "#);
}

#[test]
fn secrets_in_the_file_are_refused_and_not_repeated() {
    let token = format!("pypi-Ag{}", "EIcHlwaS5vcmcCJ".repeat(2));
    let text = format!(
        r#"
[[publish]]
to = "pypi"
name = "b"
repository = "https://me:hunter2@index.example.org/legacy/"
secret = "{token}"
[[publish]]
to = "pypi"
name = "c"
pypirc = "c"
secret = "f3a9c0d1e2b4a5968778"
[[check]]
name = "c"
run = "true"
environment = {{ set = {{ TOKEN = "{token}" }}, secrets = {{ A = "not a name!" }} }}
[[publish]]
to = "github"
repository = "a/b"
secert = "ghp_0123456789abcdefghij" # {token}
"#
    );
    let shown = faults_with(&text);
    for secret in [
        "hunter2",
        "EIcHlwaS5vcmcCJ",
        "f3a9c0d1e2b4a5968778",
        "0123456789abcdefghij",
    ] {
        assert!(!shown.contains(secret), "{secret} in\n{shown}");
    }
    assert_snapshot!(shown, @r#"
    line 18, column 14: an address holds a user name or a password
       |
    18 | repository = **********************************************
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write the address without what is before `@`, and name the secret: secret = "INDEX_TOKEN"

    line 19, column 10: a token stands in the file
       |
    19 | secret = ***************************************
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: put it into an environment variable or `~/.pypirc`, write the variable's name as in secret = "INDEX_TOKEN", and revoke this token if the file was ever shared

    line 24, column 10: `secret` must be the name of a secret, and looks like the secret itself
       |
    24 | secret = **********************
       |          ^^^^^^^^^^^^^^^^^^^^^^
       = hint: put the secret into an environment variable and write its name: secret = "INDEX_TOKEN"

    line 28, column 33: a token stands in the file
       |
    28 | environment = { set = { TOKEN = *************************************** }, secrets = { A = ************* } }
       |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: put it into an environment variable or `~/.pypirc`, write the variable's name as in secret = "INDEX_TOKEN", and revoke this token if the file was ever shared

    line 28, column 92: `A` must be the name of a secret, and looks like the secret itself
       |
    28 | environment = { set = { TOKEN = *************************************** }, secrets = { A = ************* } }
       |                                                                                            ^^^^^^^^^^^^^
       = hint: put the secret into an environment variable and write its name: A = "SECRET_NAME"

    line 32, column 1: unknown key `secert` in [[publish]]
       |
    32 | secert = ************************** # *************************************
       | ^^^^^^
       = hint: did you mean `secret`?

    line 32, column 10: a token stands in the file
       |
    32 | secert = ************************** # *************************************
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: put it into an environment variable or `~/.pypirc`, write the variable's name as in secret = "INDEX_TOKEN", and revoke this token if the file was ever shared
    "#);
    let broken = faults_of(&format!("secret = \"{token}\" x\n"));
    assert!(!broken.contains("EIcHlwaS5vcmcCJ"), "{broken}");
}

#[test]
fn variables() {
    let text = r#"
[environment]
set = { "MY VAR" = "1", N = 1, "é" = "x" }
pass = ["A=B", "HOME"]
secrets = { "1A" = "X" }
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 16, column 9: "MY VAR" is no name of an environment variable
       |
    16 | set = { "MY VAR" = "1", N = 1, "é" = "x" }
       |         ^^^^^^^^
       = hint: letters, digits and `_`, not beginning with a digit: MY_VARIABLE

    line 16, column 29: `N` must be text in quotes, and is the number 1
       |
    16 | set = { "MY VAR" = "1", N = 1, "é" = "x" }
       |                             ^
       = hint: write N = "value"

    line 16, column 32: "é" is no name of an environment variable
       |
    16 | set = { "MY VAR" = "1", N = 1, "é" = "x" }
       |                                ^^^
       = hint: letters, digits and `_`, not beginning with a digit: MY_VARIABLE

    line 17, column 9: "A=B" is no name of an environment variable
       |
    17 | pass = ["A=B", "HOME"]
       |         ^^^^^
       = hint: letters, digits and `_`, not beginning with a digit: MY_VARIABLE

    line 18, column 13: "1A" is no name of an environment variable
       |
    18 | secrets = { "1A" = "X" }
       |             ^^^^
       = hint: letters, digits and `_`, not beginning with a digit: MY_VARIABLE
    "#);
}

#[test]
fn versions_and_modules_of_python() {
    let text = r#"
[[try]]
python = ["3", "3.11.2", "py311"]
import = "my-package"
[[try]]
name = "b"
"#;
    assert_snapshot!(faults_with(text), @r#"
    line 16, column 11: an item of `python` is no version of Python such as 3.11: "3"
       |
    16 | python = ["3", "3.11.2", "py311"]
       |           ^^^
       = hint: write major and minor: python = ["3.8", "3.11"]

    line 16, column 16: an item of `python` is no version of Python such as 3.11: "3.11.2"
       |
    16 | python = ["3", "3.11.2", "py311"]
       |                ^^^^^^^^
       = hint: write major and minor: python = ["3.8", "3.11"]

    line 16, column 26: an item of `python` is no version of Python such as 3.11: "py311"
       |
    16 | python = ["3", "3.11.2", "py311"]
       |                          ^^^^^^^
       = hint: write major and minor: python = ["3.8", "3.11"]

    line 17, column 10: `import` is no name of a Python module: "my-package"
       |
    17 | import = "my-package"
       |          ^^^^^^^^^^^^
       = hint: write import = "my_package"

    line 18, column 1: [[try]] has no `python`
       |
    18 | [[try]]
       | ^^^^^^^
       = hint: add python = ["3.11"]
    "#);
}
