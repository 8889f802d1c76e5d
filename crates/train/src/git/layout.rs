//! Where the repositories of a train are, and where in them the facts stand.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A train's repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    pub engine: Source,
    pub members: Vec<Source>,
    pub layout: Layout,
}

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name in the train. For a member also the name under which the engine pins it, unless an address says otherwise.
    pub name: String,
    /// A bare repository or a working tree.
    pub path: PathBuf,
    /// All addresses that the repository has or had, in any spelling.
    pub urls: Vec<String>,
}

/// Where things stand in the repositories. [`Layout::default`] is how DuckDB and its extensions have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layout {
    /// The branches that belong to lines, in the lines' order. Empty: every branch that is called `v1.5` or `v1.5-…`.
    pub lines: Vec<String>,
    /// Functions that pin an extension.
    pub functions: Vec<String>,
    /// Configuration files of the engine: a path, or a directory with `/*.cmake` or `/*.csv` behind it.
    pub configs: Vec<String>,
    /// Variables that the engine's build sets before it reads them; the top of the repository is `/`.
    pub variables: BTreeMap<String, String>,
    /// The directory of the patches, with `{name}` for the extension.
    pub patches: String,
    /// Where a member has the engine as a submodule: the first that is there.
    pub submodules: Vec<String>,
    /// Which of a member's workflows builds it for distribution: the first that is there.
    pub workflows: Vec<String>,
    /// The inputs that name the engine's version.
    pub version_inputs: Vec<String>,
    /// The inputs that name the version of the shared build tools.
    pub tools_inputs: Vec<String>,
}

impl Default for Layout {
    fn default() -> Self {
        let all = |items: &[&str]| items.iter().map(|&it| it.to_owned()).collect();
        Self {
            lines: Vec::new(),
            functions: all(&["duckdb_extension_load"]),
            configs: all(&[
                ".github/config/*.cmake",
                ".github/config/extensions/*.cmake",
                ".github/config/extensions.csv",
                ".github/workflows/extensions.csv",
                "extensions.csv",
                "extension/extension_config.cmake",
            ]),
            variables: BTreeMap::from([(
                "EXTENSION_CONFIG_BASE_DIR".to_owned(),
                "/.github/config/extensions/".to_owned(),
            )]),
            patches: ".github/patches/extensions/{name}".to_owned(),
            submodules: all(&["duckdb"]),
            workflows: all(&[
                ".github/workflows/MainDistributionPipeline.yml",
                ".github/workflows/MainDistributionPipeline.yaml",
            ]),
            version_inputs: all(&["duckdb_version"]),
            tools_inputs: all(&["ci_tools_version"]),
        }
    }
}

impl Layout {
    /// The layout of a project that is called otherwise but built the same way: `goose` has `goose_extension_load`, the
    /// submodule `goose` and the input `goose_version`.
    pub fn named(engine: &str) -> Self {
        Self {
            functions: vec![format!("{engine}_extension_load")],
            submodules: vec![engine.to_owned()],
            version_inputs: vec![format!("{engine}_version")],
            ..Self::default()
        }
    }

    /// Whether a branch belongs to a line.
    pub fn is_line(&self, branch: &str) -> bool {
        if self.lines.is_empty() {
            line_version(branch).is_some()
        } else {
            self.lines.iter().any(|it| it == branch)
        }
    }
}

/// `1.5` of `v1.5-variegata` and `v1.5`; nothing of other names.
pub(crate) fn line_version(branch: &str) -> Option<(u64, u64)> {
    let rest = branch.strip_prefix(['v', 'V'])?;
    let version = rest.split('-').next()?;
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `1.5` and the whole of `v1.5.4`; nothing of pre-releases and other names.
pub(crate) fn release_version(tag: &str) -> Option<[u64; 3]> {
    let mut parts = tag.strip_prefix('v').unwrap_or(tag).split('.');
    let mut next = || -> Option<u64> {
        let part = parts.next()?;
        part.bytes()
            .all(|it| it.is_ascii_digit())
            .then(|| part.parse().ok())?
    };
    let version = [next()?, next()?, next()?];
    parts.next().is_none().then_some(version)
}

/// `host/owner/name` in lower case: the same for all spellings of one address. `None` for what is no address.
pub fn repository_of(url: &str) -> Option<String> {
    let url = url.trim();
    let (rest, had_scheme) = match url.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (url, false),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // Whoever logs in is no part of the address.
    let host_end = rest.find('/').unwrap_or(rest.len());
    let rest = rest[..host_end]
        .rfind('@')
        .map_or(rest, |at| &rest[at + 1..]);
    // `host:owner/name`: a colon before the first slash, with no port behind it.
    let rest = match rest.split_once(':') {
        Some((host, path)) if !host.contains('/') => {
            let port = path.split('/').next().unwrap_or_default();
            let is_port =
                had_scheme && !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
            format!(
                "{host}/{}",
                if is_port { &path[port.len()..] } else { path }
            )
        }
        _ => rest.to_owned(),
    };
    let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(last) = parts.last_mut() {
        *last = last.strip_suffix(".git").unwrap_or(last);
    }
    if parts.len() < 2
        || parts
            .iter()
            .any(|it| it.is_empty() || it.contains(char::is_whitespace))
    {
        return None;
    }
    let host = parts[0].strip_prefix("www.").unwrap_or(parts[0]);
    Some(format!("{host}/{}", parts[1..].join("/")).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_the_same_repository() {
        for url in [
            "https://github.com/duckdb/duckdb-httpfs",
            "https://github.com/DuckDB/duckdb-httpfs.git",
            "http://www.github.com/duckdb/duckdb-httpfs/",
            "git@github.com:duckdb/duckdb-httpfs.git",
            "ssh://git@github.com:22/duckdb/duckdb-httpfs",
            "ssh://git@github.com/duckdb/duckdb-httpfs.git/",
            "git://github.com/duckdb//duckdb-httpfs",
            "https://user:secret@github.com/duckdb/duckdb-httpfs",
            "github.com/duckdb/duckdb-httpfs",
            "git+https://github.com/duckdb/duckdb-httpfs.git#main",
        ] {
            let found = repository_of(url);
            assert_eq!(
                found.as_deref(),
                Some("github.com/duckdb/duckdb-httpfs"),
                "{url}"
            );
        }
        for no in ["", "x", "a b/c", "https://", "git@:"] {
            assert_eq!(repository_of(no), None, "{no}");
        }
    }

    #[test]
    fn lines_and_releases_are_told_by_their_names() {
        assert_eq!(line_version("v1.5-variegata"), Some((1, 5)));
        assert_eq!(line_version("v1.10"), Some((1, 10)));
        for no in ["main", "v1.2.0", "version", "v1", "1.5", "vx.y-z", "v1.5_x"] {
            assert_eq!(line_version(no), None, "{no}");
        }
        assert_eq!(release_version("v1.5.10"), Some([1, 5, 10]));
        for no in ["v1.5", "v1.5.0-rc1", "v1.5.+1", "v1.5.0.1", "latest"] {
            assert_eq!(release_version(no), None, "{no}");
        }
    }
}
