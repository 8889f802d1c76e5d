//! What a Python project says about itself, in pyproject.toml, setup.cfg and setup.py.

use super::InitError;
use super::files::Folder;
use super::setup::{Ini, assigned, listed};
use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr;
use toml_edit::{Document, Item, Value};

/// A Python package.
#[derive(Debug, Default)]
pub struct Package {
    pub name: String,
    /// The file that names it.
    pub from: &'static str,
    pub version: Source,
    /// Module that is imported, where one was found.
    pub module: Option<Module>,
    /// Names of console scripts.
    pub scripts: Vec<String>,
    /// Minor versions of Python that it is for: `3.8`.
    pub pythons: Vec<String>,
    /// Marked as never to be uploaded (`Private ::` among its classifiers).
    pub private: bool,
    /// Everything that it says about tests: dependencies and configuration, as text.
    pub tests: String,
    /// The coverage that its own configuration asks for.
    pub coverage: Option<String>,
}

#[derive(Debug)]
pub struct Module {
    pub name: String,
    /// Its folder: `src/octavia`.
    pub folder: String,
    /// Whether users can ask it for `__version__`.
    pub tells_version: bool,
}

/// Where the version comes from.
#[derive(Debug, Default)]
pub enum Source {
    /// It is written in this file.
    Here { file: &'static str, version: String },
    /// An attribute of a module: `package.version.__version__`.
    Attribute(String),
    /// A file that holds it.
    File(String),
    /// The tags of the repository.
    Tags,
    #[default]
    Unknown,
}

/// The package in a folder, or `None` where there is none.
pub fn look(folder: &Folder) -> Result<Option<Package>, InitError> {
    let pyproject = folder.text("pyproject.toml")?;
    let cfg = folder.text("setup.cfg")?;
    let script = folder.text("setup.py")?;
    let mut package = Package::default();
    if let Some(text) = &pyproject {
        read_pyproject(text, &mut package)?;
    }
    if let Some(text) = &cfg {
        read_cfg(&Ini::read(text), &mut package);
    }
    if let Some(text) = &script {
        read_script(text, &mut package);
    }
    if package.name.is_empty() {
        return match (pyproject.is_some(), cfg.is_some(), script.is_some()) {
            (_, _, true) => Err(InitError::NoName { file: "setup.py" }),
            (_, true, _) => Err(InitError::NoName { file: "setup.cfg" }),
            (true, ..) => Err(InitError::NoName {
                file: "pyproject.toml",
            }),
            _ => Ok(None),
        };
    }
    for file in [
        "tox.ini",
        "pytest.ini",
        ".coveragerc",
        "test-requirements.txt",
        "requirements-dev.txt",
    ] {
        if let Some(text) = folder.text(file)? {
            if file == ".coveragerc" {
                let asked = Ini::read(&text)
                    .get("report", "fail_under")
                    .and_then(figure);
                package.coverage = package.coverage.or(asked);
                package.tests.push_str("[coverage]\n");
            } else {
                package.tests.push_str(if file == "pytest.ini" {
                    "[pytest]\n"
                } else {
                    ""
                });
                package.tests.push_str(&text);
            }
        }
    }
    package.module = module(folder, &package.name)?;
    Ok(Some(package))
}

fn read_pyproject(text: &str, package: &mut Package) -> Result<(), InitError> {
    let document = Document::parse(text).map_err(|error| InitError::Syntax {
        file: "pyproject.toml".to_owned(),
        line: error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1),
        message: error.message().to_owned(),
    })?;
    let root = document.as_item();
    let at = |path: &[&str]| path.iter().try_fold(root, |item, key| item.get(key));
    let text_at = |path: &[&str]| at(path).and_then(Item::as_str).map(str::to_owned);
    let poetry = ["tool", "poetry"];
    let own = |key| text_at(&["project", key]).or_else(|| text_at(&[poetry[0], poetry[1], key]));
    let Some(name) = own("name") else {
        package.tests.push_str(text);
        return Ok(());
    };
    package.name = name;
    package.from = "pyproject.toml";
    package.version = match own("version") {
        Some(version) => Source::Here {
            file: "pyproject.toml",
            version,
        },
        None => dynamic_version(&text_at, &at),
    };
    for path in [&["project", "scripts"][..], &["tool", "poetry", "scripts"]] {
        if let Some(scripts) = at(path).and_then(Item::as_table_like) {
            package
                .scripts
                .extend(scripts.iter().map(|(name, _)| name.to_owned()));
        }
    }
    let texts = |path: &[&str]| -> Vec<String> {
        let values = at(path).and_then(Item::as_array).into_iter().flatten();
        values
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let classifiers = texts(&["project", "classifiers"]);
    let requires = text_at(&["project", "requires-python"])
        .or_else(|| text_at(&["tool", "poetry", "dependencies", "python"]));
    meant_for(
        package,
        requires.as_deref(),
        classifiers.iter().map(String::as_str),
    );
    package.coverage = at(&["tool", "coverage", "report", "fail_under"])
        .and_then(Item::span)
        .and_then(|span| figure(text.get(span)?));
    package.tests.push_str(text);
    Ok(())
}

/// Where build back ends look for a version that is not in `[project]`.
fn dynamic_version<'d>(
    text_at: &dyn Fn(&[&str]) -> Option<String>,
    at: &dyn Fn(&[&str]) -> Option<&'d Item>,
) -> Source {
    let setuptools = ["tool", "setuptools", "dynamic", "version"];
    let below = |key| {
        text_at(&[
            setuptools[0],
            setuptools[1],
            setuptools[2],
            setuptools[3],
            key,
        ])
    };
    if let Some(attribute) = below("attr") {
        return Source::Attribute(attribute);
    }
    if let Some(file) = below("file").or_else(|| text_at(&["tool", "hatch", "version", "path"])) {
        return Source::File(file);
    }
    let from_tags = [
        &["tool", "setuptools_scm"][..],
        &["tool", "setuptools-git-versioning"],
        &["tool", "versioningit"],
        &["tool", "poetry-dynamic-versioning"],
        &["tool", "pbr"],
    ];
    let hatch = text_at(&["tool", "hatch", "version", "source"]);
    if from_tags.iter().any(|path| at(path).is_some()) || hatch.as_deref() == Some("vcs") {
        return Source::Tags;
    }
    Source::Unknown
}

fn read_cfg(ini: &Ini, package: &mut Package) {
    if package.name.is_empty()
        && let Some(name) = ini.get("metadata", "name")
    {
        name.clone_into(&mut package.name);
        package.from = "setup.cfg";
    }
    if matches!(package.version, Source::Unknown) {
        package.version = match ini.get("metadata", "version") {
            Some(version) => match version.split_once(':') {
                Some(("attr", attribute)) => Source::Attribute(attribute.trim().to_owned()),
                Some(("file", file)) => Source::File(file.trim().to_owned()),
                _ => Source::Here {
                    file: "setup.cfg",
                    version: version.to_owned(),
                },
            },
            None if ini.has_section("pbr") => Source::Tags,
            None => Source::Unknown,
        };
    }
    for section in ["options.entry_points", "entry_points"] {
        let scripts = ini.get(section, "console_scripts").unwrap_or_default();
        let names = scripts
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name);
        package
            .scripts
            .extend(names.map(|name| name.trim().to_owned()));
    }
    let classifiers = ini
        .get("metadata", "classifiers")
        .or_else(|| ini.get("metadata", "classifier"));
    let requires = ini
        .get("options", "python_requires")
        .or_else(|| ini.get("metadata", "python_requires"));
    if package.pythons.is_empty() {
        meant_for(package, requires, classifiers.unwrap_or_default().lines());
    }
    if ini.has_section("tool:pytest") {
        package.tests.push_str("[pytest]\n");
    }
    if package.coverage.is_none() {
        package.coverage = ini.get("coverage:report", "fail_under").and_then(figure);
    }
}

fn read_script(text: &str, package: &mut Package) {
    if package.name.is_empty()
        && let Some(name) = assigned(text, "name")
    {
        name.clone_into(&mut package.name);
        package.from = "setup.py";
    }
    if matches!(package.version, Source::Unknown) {
        if let Some(version) = assigned(text, "version") {
            package.version = Source::Here {
                file: "setup.py",
                version: version.to_owned(),
            };
        } else if text.contains("use_scm_version") || text.contains("pbr=True") {
            package.version = Source::Tags;
        }
    }
    if package.scripts.is_empty() {
        let scripts = listed(text, "console_scripts");
        let names = scripts.iter().filter_map(|script| script.split_once('='));
        package.scripts = names.map(|(name, _)| name.trim().to_owned()).collect();
    }
    if package.pythons.is_empty() {
        let classifiers = text.split(['"', '\'']);
        meant_for(package, assigned(text, "python_requires"), classifiers);
    }
    package.tests.push_str(text);
}

/// Which minor versions of Python: those that the classifiers name, as far as the requirement allows. Without
/// classifiers the lowest that the requirement allows: the highest is not written anywhere.
fn meant_for<'t>(
    package: &mut Package,
    requires: Option<&str>,
    classifiers: impl Iterator<Item = &'t str>,
) {
    let allowed = requires
        .map(poetry_to_pep440)
        .and_then(|text| VersionSpecifiers::from_str(&text).ok());
    let fits = |minor: u64| {
        // Requirements name patch releases too: one of the minor's is enough.
        let patches = [0, 1, 99];
        allowed.as_ref().is_none_or(|allowed| {
            patches
                .iter()
                .any(|patch| allowed.contains(&Version::new([3, minor, *patch])))
        })
    };
    let mut minors = Vec::new();
    for classifier in classifiers {
        let classifier = classifier.trim().trim_matches(['"', '\'', ',']);
        package.private |= classifier.starts_with("Private ::");
        let version = classifier.strip_prefix("Programming Language :: Python :: 3.");
        minors.extend(version.and_then(|minor| minor.parse::<u64>().ok()));
    }
    minors.sort_unstable();
    minors.dedup();
    minors.retain(|minor| fits(*minor));
    if minors.is_empty() && allowed.is_some() {
        minors.extend((6..100).find(|minor| fits(*minor)));
    }
    package.pythons = minors.iter().map(|minor| format!("3.{minor}")).collect();
}

/// `^3.8` and `~3.8` of Poetry.
fn poetry_to_pep440(text: &str) -> String {
    match text.trim().strip_prefix('^') {
        Some(version) => format!(">={version},<4"),
        None => text.trim().to_owned(),
    }
}

/// A percentage that a threshold can be: other figures are left to people.
fn figure(text: &str) -> Option<String> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fine = digits(part) && part.len() <= 2 && digits(whole);
    let sane = whole
        .parse::<u32>()
        .is_ok_and(|whole| (2..100).contains(&whole))
        || text.trim() == "100";
    (fine && sane).then(|| text.trim().to_owned())
}

/// The folder with the package's modules.
fn module(folder: &Folder, name: &str) -> Result<Option<Module>, InitError> {
    const NOT_IT: &[&str] = &[
        "tests",
        "test",
        "docs",
        "doc",
        "examples",
        "benchmarks",
        "scripts",
        "tools",
    ];
    let expected = name.replace(['-', '.'], "_").to_lowercase();
    for base in ["src/", ""] {
        let names = folder.names(if base.is_empty() { "." } else { "src" })?;
        let is_package = |name: &&String| folder.has(&format!("{base}{name}/__init__.py"));
        let packages: Vec<&String> = names
            .iter()
            .filter(is_package)
            .filter(|name| !NOT_IT.contains(&name.as_str()))
            .collect();
        let found = match packages.iter().find(|name| name.to_lowercase() == expected) {
            Some(found) => Some(*found),
            None if packages.len() == 1 => Some(packages[0]),
            None => None,
        };
        if let Some(found) = found {
            let folder_name = format!("{base}{found}");
            let init = folder
                .text(&format!("{folder_name}/__init__.py"))?
                .unwrap_or_default();
            return Ok(Some(Module {
                name: found.clone(),
                folder: folder_name,
                tells_version: init.contains("__version__"),
            }));
        }
    }
    Ok(None)
}
