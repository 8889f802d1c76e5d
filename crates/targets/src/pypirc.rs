//! The user's `~/.pypirc`: package indexes with their addresses and credentials.
//!
//! It is read as Python's `configparser` reads it, because the tools that wrote it do: sections, `key = value` or
//! `key: value`, values that go on in indented lines, whole-line comments, `%%` for `%`. Sections other than `distutils`
//! are servers; those named in its `index-servers`, or all of them where it is missing.
//!
//! Invariants: a password leaves this module as a [`Secret`] only; an error names the file and the line, never a value.
//!
//! Must not: know any index by heart. Addresses of well-known sections come in from the caller.

use shipway_core::secret::Secret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: String,
    /// Where packages are uploaded to, as the file says it.
    pub repository: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pypirc {
    /// In the order of `index-servers`.
    pub servers: Vec<Server>,
    /// What a person should know: that others may read the file.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PypircError {
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("{}, line {line}: {why}", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        why: &'static str,
    },
}

impl Pypirc {
    /// Reads the file. A file that is not there is empty.
    ///
    /// # Errors
    /// Where it cannot be read, or breaks its format.
    pub fn read(path: &Path) -> Result<Self, PypircError> {
        let bytes = match fs_err::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(PypircError::Unreadable(path.to_owned(), error)),
        };
        let fault = |(line, why)| PypircError::Line {
            path: path.to_owned(),
            line,
            why,
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            fault((
                before.split(|byte| *byte == b'\n').count(),
                "it is not UTF-8",
            ))
        })?;
        let servers = servers(text).map_err(fault)?;
        let holds_password = servers.iter().any(|server| server.password.is_some());
        let mut warnings = Vec::new();
        if holds_password && may_be_read_by_others(path) {
            warnings.push(format!(
                "{} holds a password and other users may read it: chmod 600 it",
                path.display()
            ));
        }
        Ok(Self { servers, warnings })
    }

    /// The section of this name, if it is a server.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }
}

#[cfg(unix)]
fn may_be_read_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn may_be_read_by_others(_path: &Path) -> bool {
    false
}

/// Line and reason.
type Fault = (usize, &'static str);
type Section = BTreeMap<String, (usize, String)>;

fn servers(text: &str) -> Result<Vec<Server>, Fault> {
    let sections = sections(text)?;
    let find = |name: &str| sections.iter().find(|(section, _)| section == name);
    let distutils = find("distutils").map(|(_, keys)| keys);
    let listed = distutils.and_then(|keys| keys.get("index-servers"));
    let names: Vec<String> = match listed {
        Some((line, value)) => {
            let names: Vec<String> = plain(*line, value)?
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            // The two that need no section: their addresses are known to everybody.
            let known = |name: &str| find(name).is_some() || matches!(name, "pypi" | "testpypi");
            if names.iter().any(|name| !known(name)) {
                return Err((
                    *line,
                    "index-servers names a section that the file does not have",
                ));
            }
            names
        }
        None => sections
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| name != "distutils")
            .collect(),
    };
    let empty = Section::new();
    let server = |name: String| {
        let keys = find(&name).map_or(&empty, |(_, keys)| keys);
        let value = |key: &str| match keys.get(key) {
            Some((line, value)) => plain(*line, value).map(Some),
            None => Ok(None),
        };
        Ok(Server {
            repository: value("repository")?,
            username: value("username")?,
            password: value("password")?.map(Secret::new),
            name,
        })
    };
    names.into_iter().map(server).collect()
}

/// Sections in order; keys in lower case, with the line that they begin in.
fn sections(text: &str) -> Result<Vec<(String, Section)>, Fault> {
    let mut all: Vec<(String, Section)> = Vec::new();
    let mut key: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        if let (true, Some(key), Some((_, section))) = (indented, &key, all.last_mut()) {
            if let Some((_, value)) = section.get_mut(key) {
                value.push('\n');
                value.push_str(content);
            }
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let name = rest
                .split_once(']')
                .map(|(name, _)| name)
                .ok_or((number, "a section's name ends with ]"))?;
            if all.iter().any(|(other, _)| other == name) {
                return Err((number, "this section is there already"));
            }
            all.push((name.to_owned(), Section::new()));
            key = None;
            continue;
        }
        let (name, value) = content
            .split_once(['=', ':'])
            .ok_or((number, "it is neither a section nor key = value"))?;
        let (_, section) = all
            .last_mut()
            .ok_or((number, "a key before the first section"))?;
        let name = name.trim().to_lowercase();
        if section.contains_key(&name) {
            return Err((number, "this key is there already"));
        }
        section.insert(name.clone(), (number, value.trim().to_owned()));
        key = Some(name);
    }
    Ok(all)
}

/// With `%%` as `%`. Other uses of `%` would take values from elsewhere: they are refused, as a password with a single `%` is.
fn plain(line: usize, value: &str) -> Result<String, Fault> {
    if value.replace("%%", "").contains('%') {
        return Err((line, "a single % must be written as %%"));
    }
    Ok(value.replace("%%", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Pypirc, PypircError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pypirc");
        fs_err::write(&path, text).unwrap();
        Pypirc::read(&path)
    }

    #[test]
    fn several_servers() {
        let text = "# mine\n[distutils]\nindex-servers =\n    testpypi\n    internal\n\n[internal]\nRepository: https://i.example/\nusername = me\npassword = a%%b;c # d\n\n[testpypi]\n; no user\npassword=p\n[unlisted]\npassword = x\n";
        let file = read(text).unwrap();
        let names: Vec<_> = file
            .servers
            .iter()
            .map(|server| server.name.as_str())
            .collect();
        assert_eq!(names, ["testpypi", "internal"]);
        let internal = file.server("internal").unwrap();
        assert_eq!(internal.repository.as_deref(), Some("https://i.example/"));
        assert_eq!(internal.username.as_deref(), Some("me"));
        assert_eq!(internal.password.as_ref().unwrap().expose(), "a%b;c # d");
        assert!(file.server("unlisted").is_none());
        assert!(!format!("{file:?}").contains("a%b"));
    }

    #[test]
    fn without_a_list_every_section_is_a_server() {
        let file = read("[pypi]\npassword = p\n[distutils]\n[other]\n").unwrap();
        assert_eq!(file.servers.len(), 2);
        assert_eq!(read("").unwrap(), Pypirc::default());
        let listed = read("[distutils]\nindex-servers = pypi\n").unwrap();
        assert!(listed.server("pypi").is_some());
    }

    #[test]
    fn faults_are_named_by_line_and_show_no_value() {
        for (text, line) in [
            ("password = s3cret\n", 1),
            ("[pypi]\n\npassword s3cret\n", 3),
            ("[pypi\npassword = s3cret\n", 1),
            ("[pypi]\npassword = s3cret%x\n", 2),
            ("[pypi]\npassword = s3cret\npassword = s3cret\n", 3),
            ("[pypi]\n[pypi]\n", 2),
            ("[distutils]\nindex-servers = gone\n", 2),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                matches!(error, PypircError::Line { line: found, .. } if found == line),
                "{error}"
            );
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pypirc");
        fs_err::write(&path, b"[pypi]\npassword = \xff\n").unwrap();
        assert!(matches!(
            Pypirc::read(&path),
            Err(PypircError::Line { line: 2, .. })
        ));
        assert!(matches!(
            Pypirc::read(directory.path()),
            Err(PypircError::Unreadable(..))
        ));
        assert_eq!(
            Pypirc::read(&directory.path().join("none")).unwrap(),
            Pypirc::default()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pypirc");
        fs_err::write(&path, "[pypi]\npassword = p\n").unwrap();
        for (mode, warnings) in [(0o644, 1), (0o640, 1), (0o600, 0)] {
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                Pypirc::read(&path).unwrap().warnings.len(),
                warnings,
                "{mode:o}"
            );
        }
    }
}
