//! Where the version is written: every place has to say the same after a release.

use super::InitError;
use super::files::Folder;
use super::python::{Package, Source};
use super::setup::assigned;

/// A file that holds the version.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    /// Text around the version, where the file's kind does not say where it is.
    pub pattern: Option<String>,
    /// Whether it names the released version only, as documents do.
    pub released_only: bool,
}

impl Place {
    fn whole(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            pattern: None,
            released_only: false,
        }
    }
}

/// The version now, if it is written anywhere, and the places in code that hold it.
#[derive(Debug, Default)]
pub struct Found {
    pub version: Option<String>,
    pub places: Vec<Place>,
    pub notes: Vec<String>,
}

pub fn look(folder: &Folder, package: &Package) -> Result<Found, InitError> {
    let mut found = Found::default();
    match &package.version {
        Source::Here { file, version } => {
            found.version = Some(version.clone());
            found.places.push(in_setup(folder, file, version)?);
        }
        Source::Attribute(attribute) => match module_of(folder, attribute)? {
            Some((path, version)) => {
                found.places.push(place_in_module(folder, &path, &version)?);
                found.version = Some(version);
            }
            None => found.notes.push(format!(
                "the version is {attribute}, and no file with it was found: add it to version-files"
            )),
        },
        Source::File(path) => from_file(folder, path, &mut found)?,
        Source::Tags => {
            found.notes.push(format!(
                "{} takes the version from git's tags, so no file has to change",
                package.from
            ));
        }
        Source::Unknown => {}
    }
    in_modules(folder, package, &mut found)?;
    if found.version.is_none() && !matches!(package.version, Source::Tags) {
        found.notes.push(
            "no file with the version was found: list those that hold it in version-files"
                .to_owned(),
        );
    }
    Ok(found)
}

/// A file that is the version, or a module that assigns it.
fn from_file(folder: &Folder, path: &str, found: &mut Found) -> Result<(), InitError> {
    let text = folder.text(path)?.unwrap_or_default();
    if let Some(version) = version_in(&text) {
        found.places.push(place_in_module(folder, path, &version)?);
        found.version = Some(version);
    } else if is_version(text.trim()) {
        found.version = Some(text.trim().to_owned());
        found.places.push(Place::whole(path));
    } else {
        found.notes.push(format!(
            "{path} should hold the version, and none was found in it"
        ));
    }
    Ok(())
}

/// The package's own modules, which often repeat the version.
fn in_modules(folder: &Folder, package: &Package, found: &mut Found) -> Result<(), InitError> {
    let Some(module) = &package.module else {
        return Ok(());
    };
    for file in [
        "version.py",
        "_version.py",
        "__version__.py",
        "__about__.py",
        "__init__.py",
    ] {
        let path = format!("{}/{file}", module.folder);
        if found.places.iter().any(|place| place.path == path) {
            continue;
        }
        let Some(version) = folder.text(&path)?.as_deref().and_then(version_in) else {
            continue;
        };
        match &found.version {
            Some(known) if *known != version => found.notes.push(format!(
                "{path} says {version} where {known} was found elsewhere: make them equal, and add it to version-files"
            )),
            _ if matches!(package.version, Source::Tags) => {}
            _ => {
                found.places.push(place_in_module(folder, &path, &version)?);
                found.version = Some(version);
            }
        }
    }
    Ok(())
}

/// `package.version.__version__` as a file and what it says.
fn module_of(folder: &Folder, attribute: &str) -> Result<Option<(String, String)>, InitError> {
    let Some((module, name)) = attribute.rsplit_once('.') else {
        return Ok(None);
    };
    let path = module.replace('.', "/");
    for base in ["", "src/"] {
        for end in [".py", "/__init__.py", "/version.py", "/_version.py"] {
            let path = format!("{base}{path}{end}");
            let text = folder.text(&path)?.unwrap_or_default();
            if let Some(version) = assigned(&text, name).filter(|version| is_version(version)) {
                return Ok(Some((path, version.to_owned())));
            }
        }
    }
    Ok(None)
}

fn version_in(text: &str) -> Option<String> {
    let found = ["__version__", "VERSION", "version"]
        .into_iter()
        .find_map(|name| assigned(text, name));
    found
        .filter(|version| is_version(version))
        .map(str::to_owned)
}

fn is_version(text: &str) -> bool {
    text.parse::<pep440_rs::Version>().is_ok()
}

/// `__version__` is where everybody looks; another name is said with the text around it.
fn place_in_module(folder: &Folder, path: &str, version: &str) -> Result<Place, InitError> {
    let text = folder.text(path)?.unwrap_or_default();
    if assigned(&text, "__version__") == Some(version) {
        return Ok(Place::whole(path));
    }
    Ok(around(&text, path, version))
}

fn in_setup(folder: &Folder, path: &str, version: &str) -> Result<Place, InitError> {
    if path == "pyproject.toml" {
        return Ok(Place::whole(path));
    }
    Ok(around(
        &folder.text(path)?.unwrap_or_default(),
        path,
        version,
    ))
}

/// The line that assigns the version, as a pattern, if it stands there once.
fn around(text: &str, path: &str, version: &str) -> Place {
    let assigns = |line: &&str| line.contains(version) && line.to_lowercase().contains("version");
    let pattern = text.lines().find(assigns).map(|line| {
        let at = line.find(version).unwrap_or_default();
        let start = line[..at]
            .to_lowercase()
            .rfind("version")
            .unwrap_or_default();
        let after = &line[at + version.len()..];
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.map(String::from).unwrap_or_default();
        (
            format!("{}{version}{quote}", &line[start..at]),
            format!("{}{{version}}{quote}", &line[start..at]),
        )
    });
    match pattern {
        Some((now, pattern)) if text.matches(&now).count() == 1 => Place {
            path: path.to_owned(),
            pattern: Some(pattern),
            released_only: false,
        },
        _ => Place::whole(path),
    }
}
