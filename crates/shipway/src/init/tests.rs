//! What is proposed for projects of several kinds. Every proposal is read by the real reader: `propose` refuses others.

use super::{InitError, Proposal, Remote, Surroundings, propose};
use insta::assert_snapshot;
use shipway_core::Config;
use shipway_core::config::{Config as Read, PYPI_UPLOAD};
use std::path::Path;

fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs_err::write(path, text).unwrap();
    }
    dir
}

fn plain() -> Surroundings {
    Surroundings {
        remote: Some(Remote {
            name: "origin".to_owned(),
            url: "/srv/git/project.git".to_owned(),
        }),
        branch: Some("main".to_owned()),
        tags: vec!["v0.9.0".to_owned(), "v1.0.0".to_owned()],
        pypirc: true,
    }
}

fn proposed(files: &[(&str, &str)], around: &Surroundings) -> (Proposal, Read) {
    let dir = repository(files);
    let proposal = propose(dir.path(), around).unwrap();
    let config = Config::parse(&proposal.text, "shipway.toml").unwrap();
    (proposal, config)
}

fn shown(proposal: &Proposal) -> String {
    let notes: Vec<String> = proposal
        .notes
        .iter()
        .map(|note| format!("* {note}"))
        .collect();
    let text = proposal.text.replace(PYPI_UPLOAD, "https://INDEX");
    format!("{text}\n{}", notes.join("\n"))
}

/// The project that Shipway is measured by: the version in a module, documents that name it, a matrix of interpreters.
const DRIVER: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        r#"[build-system]
requires = ["setuptools>=61", "build"]
build-backend = "setuptools.build_meta"

[project]
name = "octavia-loxilb-driver"
dynamic = ["version"]
requires-python = ">=3.8"
classifiers = [
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3.8",
    "Programming Language :: Python :: 3.9",
    "Programming Language :: Python :: 3.10",
    "Programming Language :: Python :: 3.11",
]

[project.scripts]
octavia-loxilb-health-check = "octavia_loxilb_driver.health:main"

[project.optional-dependencies]
test = ["pytest", "pytest-cov"]

[tool.setuptools.dynamic]
version = { attr = "octavia_loxilb_driver.version.__version__" }

[tool.coverage.report]
fail_under = 85.5 # percent
"#,
    ),
    (
        "octavia_loxilb_driver/__init__.py",
        "from .version import __version__\n",
    ),
    (
        "octavia_loxilb_driver/version.py",
        "\"\"\"The version.\"\"\"\n\n__version__ = \"1.0.0\"\n",
    ),
    (
        "README.md",
        "# Driver\n\n    pip install octavia-loxilb-driver==1.0.0\n",
    ),
    (
        "CHANGELOG.md",
        "# Changelog\n\n## [Unreleased]\n\n- more\n\n## [1.0.0] - 2026-01-02\n",
    ),
    ("tests/test_a.py", ""),
];

#[test]
fn the_driver() {
    let around = Surroundings {
        remote: Some(Remote {
            name: "origin".to_owned(),
            url: "git@github.com:loxilb-io/octavia-loxilb-driver.git".to_owned(),
        }),
        pypirc: false,
        ..plain()
    };
    let (proposal, config) = proposed(DRIVER, &around);
    let read_me = &config.project.version_files[1];
    assert!(!read_me.follows_development && config.project.version_files[0].follows_development);
    assert_eq!(
        config.tries[0].import.as_deref(),
        Some("octavia_loxilb_driver")
    );
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "octavia-loxilb-driver"
    scheme = "pep440"
    version-files = [
        "octavia_loxilb_driver/version.py",
        { path = "README.md", pattern = "octavia-loxilb-driver=={version}" },
    ]

    [changelog]

    [[check]]
    name = "tests"
    run = "python -m pytest --junitxml=junit.xml --cov --cov-report=xml"
    need = { pass-rate = 100, coverage = 85.5 }

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    [[try]]
    python = ["3.8", "3.9", "3.10", "3.11"]
    run = "octavia-loxilb-health-check --help"

    [[publish]]
    to = "pypi"
    repository = "https://INDEX/"
    secret = "PYPI_TOKEN"

    [[publish]]
    to = "github"
    repository = "loxilb-io/octavia-loxilb-driver"
    secret = "GITHUB_TOKEN"

    * octavia-loxilb-driver is at version 1.0.0
    * tests run in a clean checkout, with the tools that are installed where you release
    * the built package is installed with Python 3.8, 3.9, 3.10, 3.11; versions that are missing are reported, not passed
    * the upload's token is read from the environment variable PYPI_TOKEN
    * the release's page is made with the token in the environment variable GITHUB_TOKEN
    "#);
}

/// About ten lines are enough.
#[test]
fn a_plain_project() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"plain\"\nversion = \"0.3.1\"\nrequires-python = \"~=3.10\"\n",
        ),
        ("src/plain/__init__.py", ""),
    ];
    let (proposal, _) = proposed(&files, &plain());
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "plain"
    scheme = "pep440"
    version-files = ["pyproject.toml"]

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    [[try]]
    python = ["3.10"]
    import = false

    [[publish]]
    to = "pypi"
    pypirc = "pypi"

    * plain is at version 0.3.1
    * no folder with tests was found: a [[check]] is what keeps a broken version from going out
    * `python -m build` needs the package `build` where you release
    * the package has no `__version__` to compare, so it is installed and not imported: `import` in [[try]] names a module that has one
    * the built package is installed with Python 3.10; versions that are missing are reported, not passed
    * address and token come from the section [pypi] of ~/.pypirc: check that it is the right one
    "#);
}

#[test]
fn setup_cfg_with_tags_without_a_prefix() {
    let files = [
        (
            "setup.cfg",
            "[metadata]\nname = old-style\nversion = 2.4.0\nclassifier =\n    Programming Language :: Python :: 3.9\n    \
             Programming Language :: Python :: 3.7\n\n[options]\npython_requires = >=3.8\n\n[options.entry_points]\n\
             console_scripts =\n    old = oldstyle.main:run\n    older = oldstyle.main:older\n\n[tool:pytest]\naddopts = -q\n",
        ),
        ("setup.py", "from setuptools import setup\nsetup()\n"),
        ("oldstyle/__init__.py", "__version__ = '2.4.0'\n"),
        (
            "README.rst",
            "``pip install old-style==2.4.0`` or old-style==2.4.0.1\n",
        ),
        ("HISTORY.md", "# History\n\n## Next\n\n## 2.4.0\n"),
        ("test/test_a.py", ""),
    ];
    let around = Surroundings {
        branch: Some("master".to_owned()),
        tags: vec!["2.3.0".to_owned(), "2.4.0".to_owned()],
        remote: Some(Remote {
            name: "upstream".to_owned(),
            url: "https://github.example.org/old/style".to_owned(),
        }),
        ..plain()
    };
    let (proposal, config) = proposed(&files, &around);
    assert!(config.project.version_files[0].follows_development);
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "old-style"
    scheme = "pep440"
    branch = "master"
    remote = "upstream"
    tag = "{version}"
    version-files = [
        { path = "setup.cfg", pattern = "version = {version}", follows-development = true },
        "oldstyle/__init__.py",
        { path = "README.rst", pattern = "old-style=={version}" },
    ]
    import = "oldstyle"

    [changelog]
    path = "HISTORY.md"

    [[check]]
    name = "tests"
    run = "python -m pytest --junitxml=junit.xml"
    need = { pass-rate = 100 }

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    [[try]]
    python = ["3.9"]
    run = "old --help"

    [[publish]]
    to = "pypi"
    pypirc = "pypi"

    [[publish]]
    to = "github"
    repository = "old/style"
    api = "https://github.example.org/api/v3"
    secret = "GITHUB_TOKEN"

    * old-style is at version 2.4.0
    * HISTORY.md begins with "Next": if that is where unreleased changes stand, say so with `unreleased = "Next"` in [changelog]
    * tests run in a clean checkout, with the tools that are installed where you release
    * `python -m build` needs the package `build` where you release
    * of 2 console scripts, old is tried
    * the built package is installed with Python 3.9; versions that are missing are reported, not passed
    * address and token come from the section [pypi] of ~/.pypirc: check that it is the right one
    * the release's page is made with the token in the environment variable GITHUB_TOKEN
    "#);
}

#[test]
fn a_setup_py_is_read_and_not_run() {
    let files = [
        (
            "setup.py",
            "import os\nos.remove(__file__)\nsetup(\n    name='legacy',\n    version='1.2',\n    python_requires='>=3.6, <3.9',\n    \
             entry_points={'console_scripts': ['legacy=legacy:main']},\n)\n",
        ),
        ("legacy/__init__.py", "VERSION = '1.1'\n"),
        ("CHANGES.rst", "Changes\n"),
        ("tests/test_a.py", ""),
    ];
    let (proposal, _) = proposed(&files, &Surroundings::default());
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "legacy"
    scheme = "pep440"
    version-files = [
        { path = "setup.py", pattern = "version='{version}'", follows-development = true },
    ]

    [[check]]
    name = "tests"
    run = "python -m unittest discover -s tests"

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    [[try]]
    python = ["3.6"]
    import = false
    run = "legacy --help"

    [[publish]]
    to = "pypi"
    repository = "https://INDEX/"
    secret = "PYPI_TOKEN"

    * legacy is at version 1.2
    * no branch is checked out: releases are made from main unless `branch` says otherwise
    * git knows no remote: a release pushes to origin unless `remote` says otherwise
    * there are no tags of releases yet: they will be written v1.2.3
    * legacy/__init__.py says 1.1 where 1.2 was found elsewhere: make them equal, and add it to version-files
    * CHANGES.rst is no Markdown and is left alone: a changelog that a release can close is CHANGELOG.md
    * nothing names pytest, so the tests run with unittest, without a report to hold against thresholds
    * `python -m build` needs the package `build` where you release
    * the package has no `__version__` to compare, so it is installed and not imported: `import` in [[try]] names a module that has one
    * the built package is installed with Python 3.6; versions that are missing are reported, not passed
    * the upload's token is read from the environment variable PYPI_TOKEN
    "#);
}

#[test]
fn versions_from_tags_and_private_packages() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"inner\"\ndynamic = [\"version\"]\nclassifiers = [\"Private :: Do Not Upload\"]\n\
             [tool.setuptools_scm]\n[tool.pytest.ini_options]\n[dependency-groups]\ndev = [\"pytest-cov\", \"build\"]\n",
        ),
        ("inner/__init__.py", ""),
        ("inner/_version.py", "__version__ = '0.0.0'\n"),
        ("tests/conftest.py", ""),
    ];
    let (proposal, config) = proposed(
        &files,
        &Surroundings {
            branch: Some("topic/x".to_owned()),
            ..plain()
        },
    );
    assert!(config.project.version_files.is_empty() && config.publish.is_empty());
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "inner"
    scheme = "pep440"
    branch = "topic/x"

    [[check]]
    name = "tests"
    run = "python -m pytest --junitxml=junit.xml --cov --cov-report=xml"
    need = { pass-rate = 100 }

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    * topic/x is checked out: is it the branch that releases are made from?
    * pyproject.toml takes the version from git's tags, so no file has to change
    * pytest-cov measures coverage: add `coverage = 85`, or what you hold yourselves to, to `need`
    * tests run in a clean checkout, with the tools that are installed where you release
    * nothing says which versions of Python are supported: add a [[try]] with python = ["3.11"]
    * a classifier says that the package is private, so nothing is uploaded to an index
    "#);
}

#[test]
fn poetry_and_a_calendar() {
    let files = [
        (
            "pyproject.toml",
            "[tool.poetry]\nname = \"cal\"\nversion = \"2026.1.3\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\n\
             [tool.poetry.scripts]\ncal = \"cal:main\"\n",
        ),
        ("cal/__init__.py", "__version__ = \"2026.1.3\"\n"),
    ];
    let (proposal, _) = proposed(&files, &plain());
    assert_snapshot!(shown(&proposal), @r#"
    [project]
    name = "cal"
    scheme = "calver"
    version-files = ["pyproject.toml", "cal/__init__.py"]

    [[build]]
    name = "package"
    run = "python -m build"
    artifacts = ["dist/*.whl", "dist/*.tar.gz"]

    [[try]]
    python = ["3.11"]
    run = "cal --help"

    [[publish]]
    to = "pypi"
    pypirc = "pypi"

    * the version begins with a year, so the scheme is YYYY.M.PATCH: pep440 if that is not meant
    * cal is at version 2026.1.3
    * no folder with tests was found: a [[check]] is what keeps a broken version from going out
    * `python -m build` needs the package `build` where you release
    * the built package is installed with Python 3.11; versions that are missing are reported, not passed
    * address and token come from the section [pypi] of ~/.pypirc: check that it is the right one
    "#);
}

#[test]
fn versions_in_files_of_their_own() {
    for (dynamic, file, text) in [
        (
            "[tool.hatch.version]\npath = \"own/__about__.py\"",
            "own/__about__.py",
            "__version__ = '3.0'\n",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = { file = \"VERSION\" }",
            "VERSION",
            "3.0\n",
        ),
        ("", "own/__init__.py", "__version__ = '3.0'\n"),
    ] {
        let pyproject = format!("[project]\nname = \"own\"\ndynamic = [\"version\"]\n{dynamic}\n");
        let files = [
            ("pyproject.toml", pyproject.as_str()),
            ("own/__init__.py", ""),
            (file, text),
        ];
        let (_, config) = proposed(&files, &plain());
        let places: Vec<&str> = config
            .project
            .version_files
            .iter()
            .map(|place| place.path.as_str())
            .collect();
        assert_eq!(places, [file]);
    }
}

#[test]
fn what_cannot_be_proposed_for() {
    let refused = |files: &[(&str, &str)]| {
        let dir = repository(files);
        let error = propose(dir.path(), &plain()).unwrap_err();
        let hint = error.hint().unwrap_or_default();
        format!("{error}\n{hint}").replace(&dir.path().display().to_string(), "DIR")
    };
    assert_snapshot!(refused(&[("README.md", "")]), @r#"
    DIR holds no project that is known here
    run it where pyproject.toml, setup.cfg or setup.py is, or write shipway.toml by hand
    "#);
    assert_snapshot!(refused(&[("pyproject.toml", "[tool.black]\n")]), @r#"
    pyproject.toml does not say what the project is called
    add the name to pyproject.toml
    "#);
    assert_snapshot!(refused(&[("pyproject.toml", "[project]\nname = a\n")]), @r#"
    pyproject.toml, line 2: this is not TOML: string values must be quoted, expected literal string
    mend pyproject.toml, then run `shipway init` again
    "#);
    assert_snapshot!(refused(&[("setup.py", "setup(name='a b', version='1')")]), @r#"
    what was found makes no valid configuration
    line 2, column 8: `name` must be made of letters, digits, `-`, `_`, `.` and `+`, at most 64, and begin with a letter or digit
      |
    2 | name = "a b"
      |        ^^^^^
      = hint: write name = "my-package"
    "#);
    let long = "x".repeat(2 * 1024 * 1024);
    assert_snapshot!(refused(&[("setup.cfg", &long)]), @r#"
    setup.cfg is larger than 1048576 bytes
    is setup.cfg the right file? It is read as text
    "#);
}

#[test]
fn what_is_in_the_way_of_reading_is_no_absence() {
    let dir = repository(&[
        ("pyproject.toml/inside", ""),
        ("setup.cfg", "[metadata]\nname = a\n"),
    ]);
    assert!(propose(dir.path(), &plain()).is_ok(), "a folder is no file");
    let bytes = repository(&[]);
    fs_err::write(
        bytes.path().join("setup.cfg"),
        b"[metadata]\nname = a\nauthor = \xff\n",
    )
    .unwrap();
    assert!(propose(bytes.path(), &plain()).is_ok());
    let nowhere = propose(&dir.path().join("missing"), &plain());
    assert!(matches!(nowhere, Err(InitError::NoProject { .. })));
}
