//! Steps that stay on this machine: commits, checks, builds, tries, the seal.

use super::commands::call;
use super::{Draft, Interpreter, PlannerError, step_id};
use crate::config::{Before, Check, Try};
use crate::name::StepId;
use crate::plan::{
    Action, Inspect, Invocation, Items, Metric, Publish, Report, ReportKind, Stage, Step, Weight,
};
use crate::target::{Item, Reversal, TargetSpec};
use serde_json::json;
use std::collections::BTreeMap;

/// What a step that uses an interpreter does when there is none.
struct Python {
    path: String,
    skip: Option<String>,
    label: String,
}

impl Draft<'_> {
    pub(super) fn prepare(&mut self) -> Result<(), PlannerError> {
        self.ask_people(Before::Check)?;
        if self.facts.from_tag {
            return Ok(());
        }
        let needs = self.all_of(&[Stage::Prepare]);
        let id = step_id(&["prepare", "commit"])?;
        let release = self.release_commit().clone();
        let refs: Vec<_> = self
            .facts
            .release_branch
            .iter()
            .map(|branch| json!({"name": branch, "old": null, "new": release}))
            .collect();
        // Without a branch of its own, the commits are kept from git's gc by a reference that nobody sees.
        let refs = match (refs.is_empty(), self.facts.commits.last()) {
            (true, Some(last)) => {
                let name = format!("refs/shipway/{}", self.facts.tag.name.short());
                vec![json!({"name": name, "old": null, "new": last.id})]
            }
            _ => refs,
        };
        let body = json!({"commits": self.facts.commits, "tag": self.facts.tag, "refs": refs});
        let title = match &self.facts.release_branch {
            Some(branch) => format!("write {} on {}", release.abbreviated(), branch.short()),
            None => format!("write {}", release.abbreviated()),
        };
        let step = Step {
            id: id.clone(),
            stage: Stage::Prepare,
            title,
            why: "the version and the changelog are set in a commit of their own; your working tree is not touched".to_owned(),
            needs,
            weight: Weight::Required,
            skip: None,
            action: self.publish_action(
                local_repository(),
                Items::Fixed(vec![Item::of_body("commits", body)]),
                Reversal::Deletes,
                false,
            )?,
        };
        self.push(step);
        if let Some(branch) = self.facts.release_branch.clone() {
            let body = json!({"refs": [{"name": branch, "old": null, "new": release}]});
            let step = Step {
                id: step_id(&["prepare", "branch"])?,
                stage: Stage::Prepare,
                title: format!(
                    "push branch {} to {}",
                    branch.short(),
                    self.facts.source.remote
                ),
                why: "people and CI see what is being released; it can be deleted again".to_owned(),
                needs: vec![id],
                weight: Weight::Required,
                skip: None,
                action: self.publish_action(
                    self.remote_repository(),
                    Items::Fixed(vec![Item::of_body(branch.as_str(), body)]),
                    Reversal::Deletes,
                    false,
                )?,
            };
            self.push(step);
        }
        Ok(())
    }

    pub(super) fn check(&mut self) -> Result<(), PlannerError> {
        // Not the branch on the remote: checks need only the commit.
        let needs: Vec<StepId> = self.local_preparation();
        for check in &self.config.checks {
            if check.python.is_empty() {
                let id = step_id(&["check", &check.name])?;
                self.push_check(check, id, None, &needs);
            }
            for version in &check.python {
                let id = step_id(&["check", &check.name, version])?;
                let python = self.python(version, check.missing_fails, &check.name)?;
                self.push_check(check, id, Some(python), &needs);
            }
        }
        Ok(())
    }

    /// Preparation without what happens on the remote.
    fn local_preparation(&self) -> Vec<StepId> {
        let mut needs = self.all_of(&[Stage::Prepare]);
        needs.retain(|id| id.as_str() != "prepare/branch");
        needs
    }

    fn push_check(&mut self, check: &Check, id: StepId, python: Option<Python>, needs: &[StepId]) {
        let path = python.as_ref().map(|python| python.path.as_str());
        let mut script = self.script(
            vec![self.invocation(&check.program, path)],
            &check.execution,
            Some(self.release_commit().clone()),
        );
        if let Some(path) = path {
            script.env.insert("PYTHON".to_owned(), path.to_owned());
        }
        script.need.clone_from(&check.need);
        script.reports = reports(check);
        let on = python
            .as_ref()
            .map(|python| format!(" on {}", python.label))
            .unwrap_or_default();
        self.push(Step {
            id,
            stage: Stage::Check,
            title: format!("{}{on}", check.name),
            why: gate_text(&check.need),
            needs: needs.to_vec(),
            weight: Weight::Required,
            skip: python.and_then(|python| python.skip),
            action: Action::Run(script),
        });
    }

    pub(super) fn build(&mut self) -> Result<(), PlannerError> {
        self.ask_people(Before::Build)?;
        // Builds run beside checks: the seal waits for both.
        let mut needs = self.local_preparation();
        needs.extend(self.all_of(&[Stage::Build]));
        let mut patterns = Vec::new();
        for build in &self.config.builds {
            let mut script = self.script(
                vec![self.invocation(&build.program, None)],
                &build.execution,
                Some(self.release_commit().clone()),
            );
            script.artifacts = build
                .artifacts
                .iter()
                .map(|pattern| self.fill(pattern))
                .collect();
            patterns.extend(script.artifacts.iter().cloned());
            let step = Step {
                id: step_id(&["build", &build.name])?,
                stage: Stage::Build,
                title: format!("build {} in a clean checkout", build.name),
                why: format!("makes {}", script.artifacts.join(", ")),
                needs: needs.clone(),
                weight: Weight::Required,
                skip: None,
                action: Action::Run(script),
            };
            self.push(step);
        }
        let kinds: Vec<String> = [(".whl", "wheel"), (".tar.gz", "sdist")]
            .into_iter()
            .filter(|(end, _)| patterns.iter().any(|pattern| pattern.ends_with(end)))
            .map(|(_, kind)| kind.to_owned())
            .collect();
        if !kinds.is_empty() {
            let step = Step {
                id: step_id(&["build", "metadata"])?,
                stage: Stage::Build,
                title: format!("read the metadata of {}", kinds.join(" and ")),
                why: format!(
                    "name and version must be {} {}",
                    self.config.project.name, self.facts.pep440
                ),
                needs: self.all_of(&[Stage::Build]),
                weight: Weight::Required,
                skip: None,
                action: Action::Inspect(Inspect {
                    artifacts: vec!["*.whl".to_owned(), "*.tar.gz".to_owned()],
                    name: self.config.project.name.clone(),
                    version: self.facts.pep440.clone(),
                    kinds,
                }),
            };
            self.push(step);
        }
        for attempt in self
            .config
            .tries
            .iter()
            .filter(|attempt| attempt.from.is_none())
        {
            self.push_tries(attempt)?;
        }
        Ok(())
    }

    /// One step per interpreter and artifact: each is installed in an environment of its own.
    fn push_tries(&mut self, attempt: &Try) -> Result<(), PlannerError> {
        // Only builds and their metadata: tries do not wait for each other.
        let builds: Vec<StepId> = self
            .steps
            .iter()
            .filter(|step| step.stage == Stage::Build && !step.id.as_str().starts_with("try/"))
            .map(|step| step.id.clone())
            .collect();
        for version in &attempt.python {
            let python = self.python(version, attempt.missing_fails, &attempt.name)?;
            for pattern in &attempt.artifacts {
                let label = artifact_label(pattern);
                let input = format!("{{input:{pattern}}}");
                let mut script = self.script(
                    self.install(attempt, &python.path, &[&input]),
                    &attempt.execution,
                    None,
                );
                script.inputs = vec![pattern.clone()];
                self.push(Step {
                    id: step_id(&["try", &attempt.name, version, label])?,
                    stage: Stage::Build,
                    title: format!(
                        "install the {label} in a clean environment of {} and use it",
                        python.label
                    ),
                    why: "what users will do with these bytes".to_owned(),
                    needs: builds.clone(),
                    weight: Weight::Required,
                    skip: python.skip.clone(),
                    action: Action::Run(script),
                });
            }
        }
        Ok(())
    }

    /// Steps that install from a publish target, once it is published.
    pub(super) fn push_tries_from(
        &mut self,
        target: &str,
        published: &StepId,
        stage: Stage,
    ) -> Result<(), PlannerError> {
        let index = self
            .facts
            .indexes
            .get(target)
            .map(|index| index.simple.clone())
            .unwrap_or_default();
        let config = self.config;
        for attempt in config
            .tries
            .iter()
            .filter(|attempt| attempt.from.as_deref() == Some(target))
        {
            for version in &attempt.python {
                let python = self.python(version, attempt.missing_fails, &attempt.name)?;
                let wanted = format!("{}=={}", config.project.name, self.facts.pep440);
                let commands = self.install(
                    attempt,
                    &python.path,
                    &["--no-cache-dir", "--index-url", &index, &wanted],
                );
                let script = self.script(commands, &attempt.execution, None);
                self.push(Step {
                    id: step_id(&["try", &attempt.name, version])?,
                    stage,
                    title: format!(
                        "install {wanted} from {target} with {} and use it",
                        python.label
                    ),
                    why: "what users get is what was released".to_owned(),
                    needs: vec![published.clone()],
                    weight: Weight::Required,
                    skip: python.skip.clone(),
                    action: Action::Run(script),
                });
            }
        }
        Ok(())
    }

    /// Make an environment, install into it, import, compare the version, run the user's commands.
    fn install(&self, attempt: &Try, python: &str, what: &[&str]) -> Vec<Invocation> {
        const ENV_PYTHON: &str = "{scratch}/env/bin/python";
        let mut install = call([
            ENV_PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]);
        install.argv.extend(attempt.pip.iter().cloned());
        install
            .argv
            .extend(what.iter().map(|word| (*word).to_owned()));
        let mut commands = vec![call([python, "-m", "venv", "{scratch}/env"]), install];
        if let Some(module) = &attempt.import {
            let mut import = call([
                ENV_PYTHON,
                "-c",
                &format!("import {module}; print({module}.__version__)"),
            ]);
            import.expect = Some(self.facts.pep440.clone());
            commands.push(import);
        }
        for words in &attempt.run {
            let mut argv: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
            if let Some(program) = argv.first_mut() {
                *program = format!("{{scratch}}/env/bin/{program}");
            }
            commands.push(Invocation {
                argv,
                stdin: None,
                expect: None,
            });
        }
        commands
    }

    pub(super) fn seal(&mut self) -> Result<(), PlannerError> {
        if self.config.builds.is_empty() {
            return Ok(());
        }
        let step = Step {
            id: step_id(&["seal"])?,
            stage: Stage::Seal,
            title: "freeze the built files into the manifest".to_owned(),
            why: "from here on only these bytes can leave, and approvals are about them".to_owned(),
            needs: self.all_of(&[Stage::Prepare, Stage::Check, Stage::Build]),
            weight: Weight::Required,
            skip: None,
            action: Action::Seal,
        };
        self.push(step);
        Ok(())
    }

    pub(super) fn remote_repository(&self) -> TargetSpec {
        let source = &self.facts.source;
        TargetSpec {
            name: source.remote.clone(),
            kind: "git".to_owned(),
            place: source.url.clone(),
            settings: BTreeMap::from([("remote".to_owned(), json!(source.remote))]),
            secret: None,
        }
    }

    /// A publish action with what its kind of target can do. `reversal` is never better than the kind's own.
    pub(super) fn publish_action(
        &self,
        target: TargetSpec,
        items: Items,
        reversal: Reversal,
        rehearsal: bool,
    ) -> Result<Action, PlannerError> {
        let capability =
            (self.kinds)(&target.kind).ok_or_else(|| PlannerError::NoKind(target.kind.clone()))?;
        Ok(Action::Publish(Publish {
            target,
            items,
            reversal,
            again: capability.again,
            settle: capability.settle,
            rehearsal,
            patience: self.facts.patience,
        }))
    }

    fn python(&self, version: &str, must: bool, step: &str) -> Result<Python, PlannerError> {
        match self.facts.interpreters.get(version) {
            Some(Interpreter::Found {
                path,
                version: full,
            }) => Ok(Python {
                path: path.clone(),
                skip: None,
                label: format!("Python {full}"),
            }),
            found => {
                let looked = match found {
                    Some(Interpreter::Missing { looked }) => looked.clone(),
                    _ => "it was not looked for".to_owned(),
                };
                if must {
                    return Err(PlannerError::Interpreter {
                        version: version.to_owned(),
                        step: step.to_owned(),
                        looked,
                    });
                }
                Ok(Python {
                    path: format!("python{version}"),
                    skip: Some(format!("Python {version} is missing: {looked}")),
                    label: format!("Python {version}"),
                })
            }
        }
    }
}

/// What the thresholds ask for, as a reason.
fn gate_text(need: &BTreeMap<Metric, u64>) -> String {
    if need.is_empty() {
        return "a gate: it must succeed".to_owned();
    }
    let texts: Vec<String> = need
        .iter()
        .map(|(metric, value)| match metric {
            Metric::PassRate => format!("pass rate at least {}", percent(*value)),
            Metric::Coverage => format!("coverage at least {}", percent(*value)),
            Metric::Tests => format!("at least {value} tests"),
        })
        .collect();
    format!("a gate: {}", texts.join(", "))
}

/// Hundredths of a percent as text: 8550 is `85.5 %`.
pub fn percent(hundredths: u64) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn reports(check: &Check) -> Vec<Report> {
    let junit =
        check.need.contains_key(&Metric::PassRate) || check.need.contains_key(&Metric::Tests);
    let coverage = check.need.contains_key(&Metric::Coverage);
    let path = |given: &Option<String>, wanted: bool, default: &str| {
        given.clone().or_else(|| wanted.then(|| default.to_owned()))
    };
    let mut reports = Vec::new();
    if let Some(path) = path(&check.junit, junit, "junit.xml") {
        reports.push(Report {
            kind: ReportKind::Junit,
            path,
        });
    }
    if let Some(path) = path(&check.coverage, coverage, "coverage.xml") {
        reports.push(Report {
            kind: ReportKind::Cobertura,
            path,
        });
    }
    reports
}

fn artifact_label(pattern: &str) -> &str {
    match pattern.rsplit_once('.') {
        Some((_, "whl")) => "wheel",
        Some((rest, "gz")) if rest.ends_with("tar") => "sdist",
        _ => pattern,
    }
}

pub(super) fn local_repository() -> TargetSpec {
    TargetSpec {
        name: "repository".to_owned(),
        kind: "git-local".to_owned(),
        place: "the local repository".to_owned(),
        settings: BTreeMap::new(),
        secret: None,
    }
}
