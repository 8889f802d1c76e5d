//! Finding Python interpreters. What is found is an absolute path of a program that ran and said its version.

use shipway_core::planner::Interpreter;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Looks for one interpreter of this minor version (`3.8`): on the search path, then where version managers keep theirs.
///
/// A shim that only says "not installed" is not an interpreter: each candidate is asked for its version and its real path.
pub fn find(version: &str, environment: &BTreeMap<String, String>) -> Interpreter {
    let mut looked = 0;
    for candidate in candidates(version, environment) {
        looked += 1;
        if let Some((path, full)) = ask(&candidate, environment)
            && full.split('.').take(2).eq(version.split('.').take(2))
        {
            return Interpreter::Found {
                path,
                version: full,
            };
        }
    }
    let looked = match looked {
        0 => format!("no python{version} on the search path nor in the usual places"),
        1 => format!("the one python{version} that is there does not run"),
        count => format!("none of the {count} programs named python{version} runs"),
    };
    Interpreter::Missing { looked }
}

fn candidates(version: &str, environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let name = format!("python{version}");
    let search = environment.get("PATH").cloned().unwrap_or_default();
    let mut all: Vec<PathBuf> = std::env::split_paths(&search)
        .map(|directory| directory.join(&name))
        .collect();
    let home = environment.get("HOME").map(PathBuf::from);
    let pyenv = environment
        .get("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(home.clone()?.join(".pyenv")));
    let uv = environment
        .get("UV_PYTHON_INSTALL_DIR")
        .map(PathBuf::from)
        .or_else(|| Some(home.clone()?.join(".local/share/uv/python")));
    for root in [pyenv.map(|root| root.join("versions")), uv]
        .into_iter()
        .flatten()
    {
        let mut versions = directories(&root);
        // The newest patch release first.
        versions.sort_by_key(|path| std::cmp::Reverse(patch_of(path, version)));
        all.extend(
            versions
                .into_iter()
                .map(|directory| directory.join("bin").join(&name)),
        );
    }
    all.retain(|path| path.is_file());
    // A shim starts a version manager to find out that it has nothing: what it would start is in the list itself.
    all.sort_by_key(|path| path.components().any(|part| part.as_os_str() == "shims"));
    all
}

fn directories(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(root) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// The patch number in a directory name such as `3.8.18` or `cpython-3.8.18-linux`.
fn patch_of(path: &Path, version: &str) -> u32 {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let after = name
        .split_once(&format!("{version}."))
        .map_or("", |(_, after)| after);
    after
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap_or(0)
}

fn ask(program: &Path, environment: &BTreeMap<String, String>) -> Option<(String, String)> {
    let script =
        "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))";
    let output = Command::new(program)
        .args(["-I", "-S", "-c", script])
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())?;
    let mut lines = text.lines();
    let (path, version) = (lines.next()?, lines.next()?);
    Path::new(path)
        .is_absolute()
        .then(|| (path.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_interpreter_is_said_to_be_missing() {
        let environment = BTreeMap::from([("PATH".to_owned(), "/nonexistent".to_owned())]);
        assert!(matches!(
            find("3.8", &environment),
            Interpreter::Missing { .. }
        ));
    }

    #[test]
    fn a_program_that_does_not_run_is_no_interpreter() {
        let directory = tempfile::tempdir().unwrap();
        let shim = directory.path().join("python3.8");
        fs_err::write(&shim, "#!/bin/sh\nexit 127\n").unwrap();
        std::fs::set_permissions(&shim, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let environment =
            BTreeMap::from([("PATH".to_owned(), directory.path().display().to_string())]);
        let Interpreter::Missing { looked } = find("3.8", &environment) else {
            panic!("found one")
        };
        assert!(looked.contains("does not run"), "{looked}");
    }

    #[test]
    fn the_newest_patch_release_is_taken_first() {
        assert_eq!(patch_of(Path::new("/x/3.8.18"), "3.8"), 18);
        assert_eq!(
            patch_of(Path::new("/x/cpython-3.8.20-linux-x86_64"), "3.8"),
            20
        );
        assert_eq!(patch_of(Path::new("/x/3.11.7"), "3.8"), 0);
    }
}
