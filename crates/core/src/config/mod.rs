//! `shipway.toml`: how a project releases, as its maintainers wrote it.
//!
//! Invariants: a `Config` that exists is valid in itself: no unknown key, no wrong type, no impossible combination. What the
//! world says (a missing file, a missing interpreter) is not known here.

mod changes;
mod components;
mod read;

pub use changes::{Asked, Changes, Initial, Listed, Preset, Rule, Unconventional};
pub use components::{Component, Components, Dependents, Line, Together};
pub use read::{
    ConfigError, Fault, LARGEST_FILE, MOST_FAULTS, PYPI_UPLOAD, document, simple_index,
};

use crate::plan::{Metric, Repeat};
use crate::secret::SecretName;
use crate::time::Millis;
use crate::version::CalendarFormat;
use std::collections::{BTreeMap, BTreeSet};

/// The whole file. Lists keep the order of the file, which is the order of the steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub project: Project,
    pub changelog: Option<Changelog>,
    pub changes: Changes,
    /// Maintained series, in the order of the file.
    pub lines: Vec<Line>,
    /// `None`: the repository is one product.
    pub components: Option<Components>,
    /// `[environment]`: what the commands of every step see beside the fixed few.
    pub environment: Environment,
    pub tasks: Vec<Task>,
    pub checks: Vec<Check>,
    pub builds: Vec<Build>,
    pub tries: Vec<Try>,
    pub publish: Vec<PublishTo>,
    pub approve: Vec<ApproveBefore>,
    pub announce: Vec<Announce>,
}

impl Config {
    /// Every secret that the file names: for commands, destinations and announcements.
    pub fn secrets(&self) -> BTreeSet<&SecretName> {
        let executions = (self.checks.iter().map(|check| &check.execution))
            .chain(self.builds.iter().map(|build| &build.execution))
            .chain(self.tries.iter().map(|attempt| &attempt.execution));
        std::iter::once(&self.environment)
            .chain(executions.map(|execution| &execution.environment))
            .flat_map(|environment| environment.secrets.values())
            .chain(
                self.publish
                    .iter()
                    .filter_map(|publish| publish.secret.as_ref()),
            )
            .chain(
                self.announce
                    .iter()
                    .filter_map(|announce| announce.secret.as_ref()),
            )
            .collect()
    }
}

/// `[project]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub name: String,
    pub scheme: Scheme,
    /// The branch that releases are made from and merged into: `main`.
    pub branch: String,
    /// The git remote: `origin`.
    pub remote: String,
    /// Pattern of the tag's name; `{version}` stands for the version. `v{version}`.
    pub tag: String,
    pub version_files: Vec<VersionFile>,
    /// Pattern of the release branch: `release/v{version}`. `None`, written `release-branch = false`: commit on the
    /// branch itself.
    pub release_branch: Option<String>,
    /// Pattern of the release commit's message: `Prepare release v{version}`.
    pub commit_message: String,
    /// Pattern of the tag's message: `Release version {version}`.
    pub tag_message: String,
    /// What the version files say after the release; default: the next minor.
    pub next: NextVersion,
    /// The first version, for a project without a release tag; default: what the changes make of 0.0.0.
    pub initial_version: Option<String>,
    /// Module that `[[try]]` imports; default: the name with `_` for `-`.
    pub import: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Semantic Versioning 2.0.0.
    Semver,
    /// PEP 440.
    Pep440,
    /// Calendar versioning: a format of calver.org's tokens.
    Calver(CalendarFormat),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextVersion {
    /// The next minor as a development version: `1.1.0.dev0`, or `1.1.0-dev` under SemVer.
    DevMinor,
    /// The next patch as a development version.
    DevPatch,
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFile {
    /// Relative to the top of the repository.
    pub path: String,
    /// Text around the version with `{version}` in its place, for files whose kind does not say where it is:
    /// `octavia-loxilb-driver=={version}`.
    pub pattern: Option<String>,
    /// Where in the file's structure: `tool.my-app.version`.
    pub key: Option<String>,
    /// What the file is, where its name does not tell: the name of a row in the reference page of version files.
    pub kind: Option<String>,
    /// Whether the next development version is written here too. Documents that tell users what to install keep the
    /// released one. Default: true without a pattern, false with one.
    pub follows_development: bool,
}

/// `[changelog]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changelog {
    pub path: String,
    /// Text of the unreleased section's heading, where it is none that Shipway knows.
    pub unreleased: Option<String>,
    /// How `shipway changelog` writes, and what a release's section looks like.
    pub format: ChangelogFormat,
    /// Where issues, commits and comparisons are linked to; default: the remote's forge, where it is known.
    pub links: Option<String>,
    /// Path of the migration guide that a breaking change needs, with `{version}` or `{major}`; `None`: none is asked for.
    pub migration_guide: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangelogFormat {
    KeepAChangelog,
    Plain,
    Json,
    /// The Angular convention's look.
    Angular,
    /// What GitHub's generated notes look like.
    Github,
    /// Path of a template of the project's own, relative to the top.
    Template(String),
}

/// Variables that commands see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    pub set: BTreeMap<String, String>,
    /// Names taken over from the caller's environment.
    pub pass: BTreeSet<String>,
    pub secrets: BTreeMap<String, SecretName>,
}

/// What a user's command is: never a string for a shell to take apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Argument list. `run = "pytest -q"` is split at white space, quotes respected; characters that only a shell would
    /// understand are refused with a hint.
    Run(Vec<String>),
    /// `script = """..."""`: a POSIX shell script of the user's own.
    Script(String),
}

/// What all steps that run commands share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    pub environment: Environment,
    /// Default 30 minutes.
    pub timeout: Millis,
    pub repeat: Repeat,
}

/// `[[task]]`: an item of the checklist that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub name: String,
    pub text: String,
    /// Default: publish.
    pub before: Before,
    pub who: Option<String>,
    /// A command that succeeds once it is done.
    pub probe: Option<Program>,
}

/// The stage that something has to be settled before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Check,
    Build,
    /// Before anything is sent to a test index.
    Rehearse,
    Publish,
    Announce,
}

/// `[[check]]`: a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub program: Program,
    pub execution: Execution,
    /// JUnit XML that the command writes; default `junit.xml` where `need` asks for a pass rate or tests.
    pub junit: Option<String>,
    /// Cobertura XML; default `coverage.xml` where `need` asks for coverage.
    pub coverage: Option<String>,
    /// Thresholds; percentages in hundredths of a percent.
    pub need: BTreeMap<Metric, u64>,
    /// Run once per interpreter, with `{python}` standing for its path (in scripts: the variable `PYTHON`). Empty: once.
    pub python: Vec<String>,
    /// Whether a missing interpreter fails the plan, or is reported as missing (the default).
    pub missing_fails: bool,
}

/// `[[build]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub name: String,
    pub program: Program,
    pub execution: Execution,
    pub artifacts: Vec<String>,
}

/// `[[try]]`: install what was built (or what an index serves) in a clean environment and use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Unique; default: the name in `from`, or `built`.
    pub name: String,
    /// Versions of Python; each is one step per artifact.
    pub python: Vec<String>,
    /// Artifacts that are installed, each in an environment of its own; default: all that is built. Empty with `from`.
    pub artifacts: Vec<String>,
    /// Name of a publish target: install from there, once it is published, instead of from the artifacts.
    pub from: Option<String>,
    /// Module that is imported and whose `__version__` is compared; default: the project's. `None`, written
    /// `import = false`: nothing is imported.
    pub import: Option<String>,
    /// Commands of the environment that are run: `octavia-loxilb-health-check --help`. One is written as everywhere,
    /// several as a list of argument lists.
    pub run: Vec<Vec<String>>,
    /// Arguments for `pip install`.
    pub pip: Vec<String>,
    pub execution: Execution,
    pub missing_fails: bool,
}

/// `[[publish]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishTo {
    /// Name of the destination, unique; default: the kind.
    pub name: String,
    pub to: Destination,
    /// A test of the real thing: published before people approve, and no point of no return.
    pub rehearsal: bool,
    /// Default: all that is built.
    pub artifacts: Vec<String>,
    pub secret: Option<SecretName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A PyPI-like index.
    Pypi {
        /// Upload address; may come from `~/.pypirc` instead, by `pypirc = "testpypi"`.
        repository: Option<String>,
        /// Address of the simple API that serves what was uploaded; derived from upload addresses where that is certain.
        /// `None` only where the upload address comes from `~/.pypirc`.
        index: Option<String>,
        /// Section of `~/.pypirc`.
        pypirc: Option<String>,
        /// Trusted publishing: exchange the CI's identity for a short-lived token.
        trusted: bool,
    },
    /// A release on GitHub or a GitHub Enterprise server.
    Github {
        /// `owner/name`
        repository: String,
        /// `https://api.github.com`
        api: String,
        /// Open the next milestone after the release.
        milestone: bool,
    },
}

/// `[[approve]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveBefore {
    /// Default: publish.
    pub before: Before,
    pub who: String,
    /// Default 1.
    pub quorum: u32,
    /// Default 7 days.
    pub valid_for: Millis,
}

/// `[[announce]]`: last, at most once, best effort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announce {
    /// Unique; default: `mail` or `webhook`.
    pub name: String,
    pub by: Channel,
    pub secret: Option<SecretName>,
    /// Text with `{project}`, `{version}`, `{pep440}`, `{tag}`; default `{project} {version} is released`.
    pub subject: String,
    /// The same, and `{notes}`, which is the default.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    Mail {
        /// `smtp://host:port` or `smtps://host`
        server: String,
        from: String,
        recipients: Vec<String>,
    },
    /// JSON by POST.
    Webhook { url: String },
}
