//! The project that is released: as small as a Python package can be, with a history.

use super::World;
use super::servers::{SLUG, Servers, workspace};
use std::fmt::Write as _;

/// When everything in its history happened.
pub const DATE: &str = "2026-01-02T03:04:05+00:00";

const CHANGELOG: &str = "\
# Changelog

## [Unreleased]

### Added

- Greets by name.
- Greets twice.

## [1.0.0] - 2026-01-02

### Added

- Greets.
";

const README: &str = "\
# tiny

    pip install tiny==1.0.0
";

/// The whole process: a check, a build, the seal, a rehearsal, an approval, branch, tag and merge, the index, GitHub, a mail, a
/// webhook, the next development version and a milestone.
pub fn config(servers: &Servers) -> String {
    let mut text = start();
    text.push_str(&index(
        "test-index",
        &servers.test_index,
        "rehearsal = true\n",
    ));
    text.push_str("[[approve]]\nbefore = \"publish\"\nwho = \"release-manager\"\n\n");
    text.push_str(&index("pypi", &servers.index, ""));
    text.push_str(&github(servers));
    text.push_str(&announcements(servers));
    text
}

/// `[project]`, the changelog, a check and the build.
pub fn start() -> String {
    let python = workspace().join(".cache/test-venv/bin/python");
    format!(
        r###"[project]
name = "tiny"
scheme = "pep440"
branch = "main"
tag = "v{{version}}"
release-branch = "release/v{{version}}"
version-files = ["tiny/version.py", {{ path = "README.md", pattern = "tiny=={{version}}" }}]
next = "dev-minor"

[changelog]
path = "CHANGELOG.md"

[[check]]
name = "changelog"
script = 'grep -F "## [$SHIPWAY_VERSION]" CHANGELOG.md'

[[build]]
name = "package"
run = ["{}", "-I", "-S", "make_dist.py"]
artifacts = ["dist/*.whl", "dist/*.tar.gz"]

"###,
        python.display()
    )
}

/// A package index. `more` is further lines of its table.
pub fn index(name: &str, index: &super::servers::Index, more: &str) -> String {
    format!(
        "[[publish]]\nname = \"{name}\"\nto = \"pypi\"\nrepository = \"{}\"\nindex = \"{}\"\nsecret = \"PYPI_TOKEN\"\n{more}\n",
        index.upload_url(),
        index.simple_url(),
    )
}

pub fn github(servers: &Servers) -> String {
    format!(
        "[[publish]]\nto = \"github\"\nrepository = \"{SLUG}\"\napi = \"{}\"\nmilestone = true\nsecret = \"GITHUB_TOKEN\"\n\n",
        servers.github.url(),
    )
}

/// A mail and a webhook call.
pub fn announcements(servers: &Servers) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "[[announce]]\nname = \"list\"\nby = \"mail\"\nserver = \"{}\"\nfrom = \"releases@example.org\"\n\
         recipients = [\"users@example.org\"]\n\n\
         [[announce]]\nname = \"chat\"\nby = \"webhook\"\nurl = \"{}\"\n",
        servers.mail.url(),
        servers.webhook.url(),
    );
    text
}

/// Repository, remote and home, as they are after a release of 1.0.0 and two features.
pub(super) fn make(world: &World, config: &str) {
    fs_err::write(
        world.home().join(".gitconfig"),
        "[user]\n\tname = Ines Albrecht\n\temail = ines@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n",
    )
    .unwrap();
    let now = world.now();
    world.git_in(&now, &["init", "-q", "--template=", "--bare", "tiny.git"]);
    world.git_in(&now, &["init", "-q", "--template=", "repository"]);
    let url = world.servers.remote_url();
    world.git(&["remote", "add", "origin", &url]);
    world.write(
        "tiny/__init__.py",
        "from tiny.version import __version__\n\n\ndef main():\n    print(__version__)\n",
    );
    world.write("tiny/version.py", "__version__ = \"1.0.0\"\n");
    world.write("make_dist.py", include_str!("make_dist.py"));
    world.write(".gitignore", "/dist/\n");
    world.write("README.md", README);
    let before = CHANGELOG.replace("### Added\n\n- Greets by name.\n- Greets twice.\n\n", "");
    world.write("CHANGELOG.md", &before);
    world.write("shipway.toml", config);
    world.commit("feat: greet");
    world.git(&["tag", "-a", "-m", "Release version 1.0.0", "v1.0.0"]);
    world.write(
        "tiny/greet.py",
        "def greet(name):\n    return f\"hello {name}\"\n",
    );
    world.write("CHANGELOG.md", &CHANGELOG.replace("- Greets twice.\n", ""));
    world.commit("feat: greet by name");
    world.write("tiny/twice.py", "TIMES = 2\n");
    world.write("CHANGELOG.md", CHANGELOG);
    world.commit("feat: greet twice");
    world.git(&["push", "-q", "-u", "origin", "main", "v1.0.0"]);
}
