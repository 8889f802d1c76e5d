//! A clean checkout of one commit, for one attempt of one step.
//!
//! Invariants: the user's repository is read and never written: the checkout has an index, a head and references of its
//! own and borrows only objects. It knows no remote, runs no hook, and reads no configuration but its own.

use super::place::Place;
use super::process::{self, Call, End, Heard};
use super::record::Record;
use super::{Workshop, broken};
use fs_err as fs;
use shipway_core::name::Oid;
use shipway_core::target::Failure;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Puts the files of the commit into the place's directory, with a detached head on it and the tags of the repository.
pub fn check_out(
    shop: &Workshop,
    commit: &Oid,
    place: &Place<'_>,
    deadline: Option<Instant>,
    record: &mut Record<'_>,
) -> Result<(), Failure> {
    let git = Git::new(shop, place, deadline)?;
    let asked = [
        "rev-parse",
        "--path-format=absolute",
        "--git-path",
        "objects",
        "--git-path",
        "shallow",
    ];
    let paths = git.run(&shop.repository, &asked, record)?;
    let mut paths = paths.lines().map(PathBuf::from);
    let (Some(objects), Some(shallow)) = (paths.next(), paths.next()) else {
        return Err(Failure::transient(
            "git does not say where the repository keeps its objects",
        ));
    };
    let format = "--format=%(objectname) %(refname)";
    let tags = git.run(
        &shop.repository,
        &["for-each-ref", format, "refs/tags"],
        record,
    )?;

    let here = place.here();
    write_repository(&here.join(".git"), commit, &objects, &shallow, &tags)
        .map_err(|error| broken("the checkout cannot be made", &error))?;
    git.run(&here, &["reset", "--hard", "--quiet"], record)
        .map_err(|failure| failure.hinted(format!(
            "the commit {commit} of the plan must be in the repository: has it been pruned, or is the clone shallow?"
        )))?;
    let head = git.run(
        &here,
        &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
        record,
    )?;
    if head.trim() != commit.as_str() {
        return Err(Failure::permanent(format!(
            "the checkout is at {} and not at {commit}",
            head.trim()
        )));
    }
    Ok(())
}

/// The files that make a repository, in the layout that `gitrepository-layout(5)` describes.
fn write_repository(
    git_dir: &Path,
    commit: &Oid,
    objects: &Path,
    shallow: &Path,
    tags: &str,
) -> std::io::Result<()> {
    fs::create_dir_all(git_dir.join("objects/info"))?;
    fs::create_dir(git_dir.join("refs"))?;
    let (version, extension) = match commit.as_str().len() {
        64 => (1, "[extensions]\n\tobjectFormat = sha256\n"),
        _ => (0, ""),
    };
    let config = format!(
        "[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n{extension}"
    );
    fs::write(git_dir.join("config"), config)?;
    fs::write(git_dir.join("HEAD"), format!("{commit}\n"))?;
    let mut alternate = objects.as_os_str().to_owned();
    alternate.push("\n");
    fs::write(
        git_dir.join("objects/info/alternates"),
        alternate.as_encoded_bytes(),
    )?;
    if !tags.is_empty() {
        fs::write(git_dir.join("packed-refs"), tags)?;
    }
    if shallow.exists() {
        fs::copy(shallow, git_dir.join("shallow"))?;
    }
    Ok(())
}

/// Runs git with nothing but what is here: no configuration of a person or a machine, no prompt, no hook.
struct Git<'a> {
    shop: &'a Workshop,
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    deadline: Option<Instant>,
}

impl<'a> Git<'a> {
    fn new(
        shop: &'a Workshop,
        place: &Place<'_>,
        deadline: Option<Instant>,
    ) -> Result<Self, Failure> {
        let path = shop.caller.get("PATH").map_or("", String::as_str);
        let program = process::find("git".as_ref(), path, &place.here()).ok_or_else(|| {
            Failure::transient("git is not to be found, and the step needs a checkout")
                .hinted(format!("install git, or add it to PATH, which is {path}"))
        })?;
        let environment = [
            ("PATH", path.into()),
            ("HOME", place.home().into_os_string()),
            ("TMPDIR", place.tmp().into_os_string()),
            ("LC_ALL", "C".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_NO_LAZY_FETCH", "1".into()),
            ("GIT_OPTIONAL_LOCKS", "0".into()),
        ];
        Ok(Self {
            shop,
            program,
            environment: environment
                .into_iter()
                .map(|(name, value): (&str, OsString)| (name.into(), value))
                .collect(),
            deadline,
        })
    }

    /// Standard output, after success.
    fn run(
        &self,
        directory: &Path,
        arguments: &[&str],
        record: &mut Record<'_>,
    ) -> Result<String, Failure> {
        // Whoever owns the repository, the user told us to release it. Reading it runs no program that it names.
        let settings = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false"];
        let arguments: Vec<OsString> = settings
            .iter()
            .chain(arguments)
            .map(OsString::from)
            .collect();
        let call = Call {
            program: &self.program,
            arguments: &arguments,
            environment: &self.environment,
            directory,
            input: None,
            apart: true,
            deadline: self.deadline,
        };
        let mut output = Vec::new();
        let end = process::run(call, &|| self.shop.is_killed(), &mut |heard| match heard {
            Heard::Output(bytes) => output.extend_from_slice(bytes),
            heard => record.hear(&heard),
        })?;
        record.end_of_command();
        match end {
            End::Exited(status) => match process::fault(status) {
                None => Ok(String::from_utf8_lossy(&output).into_owned()),
                Some(fault) => Err(Failure::transient(format!(
                    "the checkout failed: git {fault}"
                ))),
            },
            End::TooLate => Err(Failure::permanent(
                "the checkout took longer than the step may",
            )),
            End::Stopped => Err(Failure::transient("stopped on request")),
        }
    }
}
