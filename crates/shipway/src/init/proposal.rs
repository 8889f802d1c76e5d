//! The text of the proposal, with no more than what differs from the defaults, and the notes beside it.

use super::files::Folder;
use super::python::Package;
use super::version::{self, Found, Place};
use super::{InitError, Proposal, Surroundings, documents, remote};
use shipway_core::config::PYPI_UPLOAD;
use toml_edit::Value;

struct Draft {
    text: String,
    notes: Vec<String>,
}

impl Draft {
    fn table(&mut self, header: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(header);
        self.text.push('\n');
    }

    fn line(&mut self, key: &str, value: &str) {
        for part in [key, " = ", value, "\n"] {
            self.text.push_str(part);
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

pub fn write(
    folder: &Folder,
    package: &Package,
    around: &Surroundings,
) -> Result<Proposal, InitError> {
    let mut draft = Draft {
        text: String::new(),
        notes: Vec::new(),
    };
    let mut found = version::look(folder, package)?;
    if let Some(version) = &found.version {
        found
            .places
            .extend(documents::mentions(folder, &package.name, version)?);
    }
    project(&mut draft, package, &found, around);
    let (path, note) = documents::changelog(folder)?;
    if let Some(path) = path {
        draft.table("[changelog]");
        if path != "CHANGELOG.md" {
            draft.line("path", &quoted(&path));
        }
    }
    draft.notes.extend(note);
    tests(&mut draft, folder, package);
    build(&mut draft, package);
    tries(&mut draft, package);
    publish(&mut draft, package, around);
    Ok(Proposal {
        text: draft.text,
        notes: draft.notes,
    })
}

fn project(draft: &mut Draft, package: &Package, found: &Found, around: &Surroundings) {
    draft.table("[project]");
    draft.line("name", &quoted(&package.name));
    let version = found.version.as_deref();
    let calendar = version.is_some_and(|version| {
        let year = version
            .split('.')
            .next()
            .and_then(|year| year.parse::<u32>().ok());
        year.is_some_and(|year| (2000..2200).contains(&year))
    });
    draft.line("scheme", if calendar { "\"calver\"" } else { "\"pep440\"" });
    if calendar {
        draft.note("the version begins with a year, so the scheme is YYYY.M.PATCH: pep440 if that is not meant");
    }
    if let Some(version) = version {
        draft.note(format!("{} is at version {version}", package.name));
    }
    branch(draft, around);
    let pattern = remote::tag_pattern(&around.tags);
    match pattern.as_deref() {
        Some("v{version}") => {}
        Some(pattern) => draft.line("tag", &quoted(pattern)),
        None => draft.note("there are no tags of releases yet: they will be written v1.2.3"),
    }
    if !found.places.is_empty() {
        draft.line("version-files", &places(&found.places));
    }
    draft.notes.extend(found.notes.iter().cloned());
    let expected = package.name.replace(['-', '.'], "_").to_lowercase();
    match &package.module {
        Some(module) if module.name == expected => {}
        Some(module) => draft.line("import", &quoted(&module.name)),
        None => draft.note(format!(
            "no package folder was found: `import` names the module if it is not {expected}"
        )),
    }
}

fn branch(draft: &mut Draft, around: &Surroundings) {
    match around.branch.as_deref() {
        Some("main") => {}
        Some(branch) => {
            draft.line("branch", &quoted(branch));
            if branch != "master" {
                draft.note(format!(
                    "{branch} is checked out: is it the branch that releases are made from?"
                ));
            }
        }
        None => draft.note(
            "no branch is checked out: releases are made from main unless `branch` says otherwise",
        ),
    }
    match &around.remote {
        Some(remote) if remote.name == "origin" => {}
        Some(remote) => draft.line("remote", &quoted(&remote.name)),
        None => draft
            .note("git knows no remote: a release pushes to origin unless `remote` says otherwise"),
    }
}

fn places(places: &[Place]) -> String {
    let items: Vec<String> = places.iter().map(place).collect();
    if items.iter().map(String::len).sum::<usize>() < 80 {
        return list(items);
    }
    let lines: Vec<String> = items.iter().map(|item| format!("    {item},\n")).collect();
    format!("[\n{}]", lines.concat())
}

fn place(place: &Place) -> String {
    let Some(pattern) = &place.pattern else {
        return quoted(&place.path);
    };
    // With a pattern the reader takes a document for granted, which keeps the released version.
    let follows = if place.released_only {
        ""
    } else {
        ", follows-development = true"
    };
    format!(
        "{{ path = {}, pattern = {}{follows} }}",
        quoted(&place.path),
        quoted(pattern)
    )
}

fn tests(draft: &mut Draft, folder: &Folder, package: &Package) {
    let Some(tests) = ["tests", "test"].into_iter().find(|name| folder.has(name)) else {
        draft.note("no folder with tests was found: a [[check]] is what keeps a broken version from going out");
        return;
    };
    draft.table("[[check]]");
    draft.line("name", "\"tests\"");
    let uses_pytest = package.tests.contains("pytest")
        || folder.has("conftest.py")
        || folder.has(&format!("{tests}/conftest.py"));
    if !uses_pytest {
        draft.line(
            "run",
            &quoted(&format!("python -m unittest discover -s {tests}")),
        );
        draft.note("nothing names pytest, so the tests run with unittest, without a report to hold against thresholds");
        return;
    }
    let coverage = package.tests.contains("pytest-cov");
    let report = if coverage {
        " --cov --cov-report=xml"
    } else {
        ""
    };
    draft.line(
        "run",
        &quoted(&format!("python -m pytest --junitxml=junit.xml{report}")),
    );
    let figure = package.coverage.as_deref().filter(|_| coverage);
    match figure {
        Some(figure) => draft.line(
            "need",
            &format!("{{ pass-rate = 100, coverage = {figure} }}"),
        ),
        None => draft.line("need", "{ pass-rate = 100 }"),
    }
    if coverage && figure.is_none() {
        draft.note("pytest-cov measures coverage: add `coverage = 85`, or what you hold yourselves to, to `need`");
    }
    draft
        .note("tests run in a clean checkout, with the tools that are installed where you release");
}

fn build(draft: &mut Draft, package: &Package) {
    draft.table("[[build]]");
    draft.line("name", "\"package\"");
    draft.line("run", "\"python -m build\"");
    draft.line("artifacts", "[\"dist/*.whl\", \"dist/*.tar.gz\"]");
    if !package.tests.contains("build") {
        draft.note("`python -m build` needs the package `build` where you release");
    }
}

fn tries(draft: &mut Draft, package: &Package) {
    if package.pythons.is_empty() {
        draft.note("nothing says which versions of Python are supported: add a [[try]] with python = [\"3.11\"]");
        return;
    }
    draft.table("[[try]]");
    draft.line(
        "python",
        &list(package.pythons.iter().map(|version| quoted(version))),
    );
    if !package
        .module
        .as_ref()
        .is_some_and(|module| module.tells_version)
    {
        draft.line("import", "false");
        draft.note(
            "the package has no `__version__` to compare, so it is installed and not imported: `import` in [[try]] \
             names a module that has one",
        );
    }
    let script = package.scripts.iter().find(|name| {
        name.chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c))
    });
    if let Some(script) = script {
        draft.line("run", &quoted(&format!("{script} --help")));
        if package.scripts.len() > 1 {
            draft.note(format!(
                "of {} console scripts, {script} is tried",
                package.scripts.len()
            ));
        }
    }
    draft.note(format!(
        "the built package is installed with Python {}; versions that are missing are reported, not passed",
        package.pythons.join(", ")
    ));
}

fn publish(draft: &mut Draft, package: &Package, around: &Surroundings) {
    if package.private {
        draft.note(
            "a classifier says that the package is private, so nothing is uploaded to an index",
        );
    } else {
        draft.table("[[publish]]");
        draft.line("to", "\"pypi\"");
        if around.pypirc {
            draft.line("pypirc", "\"pypi\"");
            draft.note("address and token come from the section [pypi] of ~/.pypirc: check that it is the right one");
        } else {
            draft.line("repository", &quoted(&format!("{PYPI_UPLOAD}/")));
            draft.line("secret", "\"PYPI_TOKEN\"");
            draft.note("the upload's token is read from the environment variable PYPI_TOKEN");
        }
    }
    let forge = around
        .remote
        .as_ref()
        .and_then(|remote| remote::forge(&remote.url));
    if let Some(forge) = forge {
        draft.table("[[publish]]");
        draft.line("to", "\"github\"");
        draft.line("repository", &quoted(&forge.repository));
        if let Some(api) = &forge.api {
            draft.line("api", &quoted(api));
        }
        draft.line("secret", "\"GITHUB_TOKEN\"");
        draft.note(
            "the release's page is made with the token in the environment variable GITHUB_TOKEN",
        );
    }
}
