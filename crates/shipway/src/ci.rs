//! The workflow file that runs the same process in CI when a version tag is pushed.
//!
//! Invariants: the process itself is not written down a second time: the workflow only installs, calls `shipway` and carries
//! its state from the job that waits for a person to the job that goes on.

use shipway_core::Config;
use shipway_core::config::Destination;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Where the forge looks for it, from the top of the repository.
pub const GITHUB_PATH: &str = ".github/workflows/release.yml";

/// A workflow for GitHub Actions.
pub fn github(config: &Config) -> String {
    let mut out = String::from(
        "# Written by `shipway ci github`: run it again after a change of shipway.toml.\n\
         name: Release\n\n\
         on:\n  push:\n    tags:\n",
    );
    let _ = writeln!(
        out,
        "      - {}",
        quoted(&config.project.tag.replace("{version}", "*"))
    );
    out.push_str(
        "\n# Two pushes of tags are released one after the other, and none is cut off half way.\n\
         concurrency:\n  group: release\n  cancel-in-progress: false\n\n\
         permissions:\n  contents: write\n",
    );
    if uses_trusted_publishing(config) {
        out.push_str("  id-token: write\n");
    }
    out.push_str("\njobs:\n  release:\n    runs-on: ubuntu-latest\n    steps:\n");
    prepare_machine(&mut out, config);
    let release = "shipway release --tag \"$GITHUB_REF_NAME\" --yes";
    if config.approve.is_empty() {
        run_step(&mut out, config, "Release", release);
        keep_state(&mut out);
        return out;
    }
    // Exit code 5 means that a person is asked: the second job waits for the reviewers of the environment.
    run_step(
        &mut out,
        config,
        "Release up to the approval",
        &format!("{release} || test $? -eq 5"),
    );
    keep_state(&mut out);
    out.push_str(
        "\n  approved:\n    needs: release\n    environment: release\n    runs-on: ubuntu-latest\n    steps:\n",
    );
    prepare_machine(&mut out, config);
    out.push_str(
        "      - uses: actions/download-artifact@v4\n        with:\n          name: shipway-state\n          \
         path: ${{ env.SHIPWAY_STATE }}\n",
    );
    let resume = "shipway approve --as \"github:$GITHUB_ACTOR\" && shipway resume";
    run_step(&mut out, config, "Approve and finish", resume);
    keep_state(&mut out);
    out
}

/// The journal outlives the job, also one that was stopped half way: whoever has it can resume.
fn keep_state(out: &mut String) {
    out.push_str(
        "      - uses: actions/upload-artifact@v4\n        if: always()\n        with:\n          name: shipway-state\n          \
         path: ${{ env.SHIPWAY_STATE }}\n          include-hidden-files: true\n          overwrite: true\n",
    );
}

fn prepare_machine(out: &mut String, config: &Config) {
    out.push_str(
        "      - uses: actions/checkout@v4\n        with:\n          # The history decides what changed.\n          fetch-depth: 0\n\
         \x20     # A checkout of a tag may leave an annotated one as a plain reference.\n      - run: git fetch --tags --force\n",
    );
    let pythons: BTreeSet<&str> = config
        .checks
        .iter()
        .flat_map(|check| &check.python)
        .chain(config.tries.iter().flat_map(|attempt| &attempt.python))
        .map(String::as_str)
        .collect();
    let mut pythons: Vec<&str> = pythons.into_iter().collect();
    pythons.sort_by_key(|version| {
        version
            .split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect::<Vec<u32>>()
    });
    if !pythons.is_empty() {
        out.push_str(
            "      - uses: actions/setup-python@v5\n        with:\n          python-version: |\n",
        );
        for version in pythons {
            let _ = writeln!(out, "            {version}");
        }
    }
    // Outside of the checkout. What uploads artifacts takes no path with `..`, and `runner.temp` is known to steps alone.
    out.push_str(
        "      - name: Install Shipway\n        run: |\n          cargo install --locked shipway\n          \
         echo \"SHIPWAY_STATE=$RUNNER_TEMP/shipway-state\" >> \"$GITHUB_ENV\"\n",
    );
}

fn run_step(out: &mut String, config: &Config, name: &str, command: &str) {
    let _ = write!(out, "      - name: {name}\n        run: {command}\n");
    let secrets = secrets(config);
    let passed: BTreeSet<&String> = config.environment.pass.iter().collect();
    if secrets.is_empty() && passed.is_empty() {
        return;
    }
    out.push_str("        env:\n");
    for secret in secrets {
        let source = if secret == "GITHUB_TOKEN" {
            "github.token".to_owned()
        } else {
            format!("secrets.{secret}")
        };
        let _ = writeln!(out, "          {secret}: ${{{{ {source} }}}}");
    }
    for name in passed {
        let _ = writeln!(out, "          {name}: ${{{{ vars.{name} }}}}");
    }
}

/// Names of the secrets that come from the environment.
fn secrets(config: &Config) -> BTreeSet<&str> {
    let names = config.secrets().into_iter().map(|name| name.0.as_str());
    names.filter(|name| !name.contains(':')).collect()
}

fn uses_trusted_publishing(config: &Config) -> bool {
    config
        .publish
        .iter()
        .any(|publish| matches!(publish.to, Destination::Pypi { trusted: true, .. }))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
        [project]
        name = "mini"
        scheme = "pep440"
        version-files = ["mini/__init__.py"]

        [[build]]
        name = "package"
        run = "python -m build"
        artifacts = ["dist/*.whl"]
    "#;

    fn workflow(rest: &str) -> String {
        github(&Config::parse(&format!("{PLAIN}{rest}"), "shipway.toml").unwrap())
    }

    #[test]
    fn one_job_where_nobody_approves() {
        let text = workflow(
            r#"
            [[check]]
            name = "tests"
            run = "{python} -m pytest"
            python = ["3.11", "3.9"]
            environment = { pass = ["TERM"], secrets = { TOKEN = "TEST_TOKEN" } }

            [[publish]]
            to = "pypi"
            repository = "https://index.example.org/legacy/"
            secret = "INDEX_TOKEN"

            [[publish]]
            to = "github"
            repository = "owner/mini"
            secret = "GITHUB_TOKEN"
            "#,
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_second_job_waits_for_the_approval() {
        let text = workflow(
            r#"
            [[publish]]
            to = "pypi"
            repository = "https://index.example.org/legacy/"
            trusted = true

            [[approve]]
            who = "release-manager"
            "#,
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_section_of_a_file_at_home_is_no_secret_of_the_forge() {
        let text = workflow(
            r#"
            [[publish]]
            to = "pypi"
            pypirc = "internal"
            "#,
        );
        assert!(!text.contains("secrets."), "{text}");
        assert!(!text.contains("id-token"), "{text}");
    }

    #[test]
    fn tags_with_quotes_stay_one_pattern() {
        assert_eq!(quoted("it's-*"), "'it''s-*'");
    }
}
