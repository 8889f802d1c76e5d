//! Which version of the engine a workflow builds against.
//!
//! Invariants: a version is known only if every job that builds for distribution names the same one on every run; else it is
//! unknown, with the values that were found and their lines.
//!
//! Must not: run anything.

mod expression;

use crate::facts::{Known, Place, Reason};
use crate::yaml::{Kind, Yaml};
use expression::{Value, expand};

/// Jobs whose `uses` has this in it build for distribution; the others deploy or check what was built.
const BUILDS: &str = "distribution";

/// What a workflow names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub version: Known<String>,
    pub tools: Known<String>,
}

/// Gives another file of the same commit.
pub(crate) type OtherFile<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// Reads the workflow. `place` is the file's.
pub(crate) fn read(
    text: &str,
    place: &Place,
    version_inputs: &[String],
    tools_inputs: &[String],
    other: &mut OtherFile<'_>,
) -> Named {
    let yaml = match Yaml::read(text) {
        Ok(yaml) => yaml,
        Err(broken) => {
            let place = place.at_line(broken.line);
            let why = Known::unknown(Reason::Syntax, format!("no YAML: {}", broken.detail), place);
            return Named {
                version: why.clone(),
                tools: why,
            };
        }
    };
    let mut workflow = Workflow {
        yaml: &yaml,
        place,
        other,
    };
    Named {
        version: workflow.input(version_inputs),
        tools: workflow.input(tools_inputs),
    }
}

struct Workflow<'a, 'o> {
    yaml: &'a Yaml,
    place: &'a Place,
    other: &'a mut OtherFile<'o>,
}

impl<'a> Workflow<'a, '_> {
    fn jobs(&self) -> Vec<(&'a str, &'a Yaml)> {
        let jobs = self
            .yaml
            .get("jobs")
            .and_then(Yaml::map)
            .unwrap_or_default();
        let named = jobs
            .iter()
            .filter_map(|(name, job)| Some((name.text()?, &**job)));
        named.take(1_000).collect()
    }

    /// The value that all building jobs give to one of the inputs.
    fn input(&mut self, inputs: &[String]) -> Known<String> {
        let jobs = self.jobs();
        let builds = |job: &Yaml| {
            let uses = job.get("uses").and_then(Yaml::text).unwrap_or_default();
            uses.to_ascii_lowercase().contains(BUILDS)
        };
        let has = |job: &'a Yaml| {
            let with = job.get("with")?;
            inputs.iter().find_map(|input| with.get(input))
        };
        let some_build = jobs
            .iter()
            .any(|(_, job)| builds(job) && has(job).is_some());
        let mut found: Vec<(String, u32)> = Vec::new();
        for (name, job) in &jobs {
            let Some(value) = has(job).filter(|_| builds(job) || !some_build) else {
                continue;
            };
            let place = self.place.at_line(value.line);
            let Some(text) = value.text() else {
                let detail = format!("job {name} has {} where a version must be", value.is());
                return Known::unknown(Reason::Syntax, detail, place);
            };
            for value in self.resolve(text, name, job, 0) {
                match value {
                    Value::Text(text) => {
                        let text = text.trim().to_owned();
                        if !found.iter().any(|(it, _)| *it == text) {
                            found.push((text, place.line));
                        }
                    }
                    Value::Open(why) => {
                        let detail = format!("job {name} says {text}: {why}");
                        return Known::unknown(Reason::Expression, detail, place);
                    }
                }
            }
        }
        match found.as_slice() {
            [] => {
                let detail = format!("no job has the input {}", inputs.join(" or "));
                Known::unknown(Reason::NotWritten, detail, self.place.clone())
            }
            [(text, line)] if text.is_empty() => {
                let detail = "the version is empty";
                Known::unknown(Reason::NotWritten, detail, self.place.at_line(*line))
            }
            [(text, _)] => Known::Known(text.clone()),
            many => {
                let all: Vec<String> = many
                    .iter()
                    .map(|(text, line)| format!("{text} (line {line})"))
                    .collect();
                let detail = format!("several versions are named: {}", all.join(", "));
                Known::unknown(Reason::Ambiguous, detail, self.place.at_line(many[0].1))
            }
        }
    }

    fn resolve(&mut self, text: &str, name: &str, job: &'a Yaml, depth: usize) -> Vec<Value> {
        let name = name.to_owned();
        expand(text, depth, &mut |path, depth| {
            self.context(path, &name, job, depth)
        })
    }

    fn context(&mut self, path: &[String], name: &str, job: &'a Yaml, depth: usize) -> Vec<Value> {
        let written = path.join(".");
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = match parts.as_slice() {
            ["env", key] => {
                let job_env = job.get("env").and_then(|it| it.get(key));
                let top = || self.yaml.get("env").and_then(|it| it.get(key));
                job_env.or_else(top)
            }
            ["inputs", key] | ["github", "event", "inputs", key] => {
                return self
                    .default_of_input(key)
                    .unwrap_or_else(|| Value::open(format!("{written} comes from the caller")));
            }
            ["matrix", keys @ ..] => return self.matrix(keys, name, job, depth),
            ["needs", needed, "outputs", output] => {
                let jobs = self.jobs();
                let needed = jobs.iter().find(|(it, _)| it == needed);
                let output = needed.and_then(|(it, job)| {
                    let text = job.get("outputs")?.get(output)?.text()?;
                    Some((*it, *job, text))
                });
                return match output {
                    Some((name, job, text)) => self.resolve(text, name, job, depth),
                    None => Value::open(format!("{written} is not in this file")),
                };
            }
            ["steps", step, "outputs", output] => {
                return self.step_output(step, output, name, job, depth);
            }
            _ => return Value::open(format!("{written} is known only when it runs")),
        };
        match found.and_then(Yaml::text) {
            Some(text) => self.resolve(text, name, job, depth),
            None => Value::open(format!("{written} is not set in this file")),
        }
    }

    /// The default of an input of `workflow_call` or `workflow_dispatch`: one of the values that it may have.
    fn default_of_input(&self, key: &str) -> Option<Vec<Value>> {
        let on = self.yaml.get("on")?;
        let mut inputs = ["workflow_call", "workflow_dispatch"]
            .into_iter()
            .filter_map(|event| on.get(event)?.get("inputs"));
        let default = inputs.find_map(|it| it.get(key)?.get("default")?.text())?;
        // A run by push has no inputs, and a run by hand may have others.
        Some(vec![
            Value::Text(String::new()),
            Value::Text(default.to_owned()),
        ])
    }

    fn matrix(&mut self, keys: &[&str], name: &str, job: &'a Yaml, depth: usize) -> Vec<Value> {
        let written = format!("matrix.{}", keys.join("."));
        let matrix = job.get("strategy").and_then(|it| it.get("matrix"));
        let (Some(matrix), Some((first, rest))) = (matrix, keys.split_first()) else {
            return Value::open(format!("{written} is not set in this file"));
        };
        let mut all: Vec<&Yaml> = Vec::new();
        match matrix.get(first).map(|it| &it.kind) {
            Some(Kind::List(items)) => all.extend(items.iter().map(|it| &**it)),
            Some(Kind::Text(_)) => {
                return Value::open(format!("{written} is computed when it runs"));
            }
            _ => {}
        }
        let more = matrix
            .get("include")
            .and_then(Yaml::list)
            .unwrap_or_default();
        all.extend(more.iter().filter_map(|it| it.get(first)));
        let mut out = Vec::new();
        for item in all.into_iter().take(100) {
            let inner = rest.iter().try_fold(item, |it, key| it.get(key));
            match inner.and_then(Yaml::text) {
                Some(text) => out.extend(self.resolve(text, name, job, depth)),
                None => return Value::open(format!("{written} is not a text")),
            }
        }
        out.sort();
        out.dedup();
        if out.is_empty() {
            return Value::open(format!("{written} is not set in this file"));
        }
        out
    }

    /// `echo "name=value" >> $GITHUB_OUTPUT`, where the value is a text or `$(cat FILE)`.
    fn step_output(
        &mut self,
        step: &str,
        output: &str,
        name: &str,
        job: &'a Yaml,
        depth: usize,
    ) -> Vec<Value> {
        let written = format!("steps.{step}.outputs.{output}");
        let steps = job.get("steps").and_then(Yaml::list).unwrap_or_default();
        let found = steps
            .iter()
            .find(|it| it.get("id").and_then(Yaml::text) == Some(step));
        let run = found.and_then(|it| it.get("run")).and_then(Yaml::text);
        let values: Vec<&str> = run
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| output_value(line, output))
            .collect();
        let [value] = values.as_slice() else {
            return Value::open(format!("{written} is computed when it runs"));
        };
        let file = value
            .strip_prefix("$(cat ")
            .and_then(|it| it.strip_suffix(')'));
        let file = file.or_else(|| {
            value
                .strip_prefix("$(<")
                .and_then(|it| it.strip_suffix(')'))
        });
        match file.map(|it| it.trim().trim_matches(['"', '\'']).trim_start_matches("./")) {
            Some(path) => match (self.other)(path) {
                Some(text) if text.trim().lines().count() == 1 => Value::text(text.trim()),
                _ => Value::open(format!(
                    "{written} is what {path} holds, which is no single line"
                )),
            },
            None if value.contains(['$', '`']) && !value.contains("${{") => {
                Value::open(format!("{written} is computed when it runs"))
            }
            None => self.resolve(value, name, job, depth),
        }
    }
}

/// The value in `echo "name=value" >> "$GITHUB_OUTPUT"`.
fn output_value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (command, target) = line.trim().rsplit_once(">>")?;
    let target = target.trim().trim_matches(['"', '\'']);
    if !matches!(target, "$GITHUB_OUTPUT" | "${GITHUB_OUTPUT}") {
        return None;
    }
    let words = command.trim().strip_prefix("echo")?.trim();
    let words = words
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'))
        .or_else(|| {
            words
                .strip_prefix('\'')
                .and_then(|it| it.strip_suffix('\''))
        })
        .unwrap_or(words);
    words.strip_prefix(name)?.strip_prefix('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Named {
        let place = Place {
            path: "w.yml".to_owned(),
            ..Place::repository("httpfs")
        };
        let inputs = ["duckdb_version".to_owned()];
        let tools = ["ci_tools_version".to_owned()];
        read(text, &place, &inputs, &tools, &mut |path| {
            (path == ".github/duckdb-version").then(|| "v1.5.4\n".to_owned())
        })
    }

    fn why(text: &str) -> (Reason, u32, String) {
        match named(text).version {
            Known::Known(version) => panic!("{version}"),
            Known::Unknown(why) => (why.reason, why.place.unwrap().line, why.detail),
        }
    }

    fn version(text: &str) -> String {
        match named(text).version {
            Known::Known(version) => version,
            Known::Unknown(why) => panic!("{why}"),
        }
    }

    const BUILD: &str = "jobs:\n  build:\n    uses: duckdb/extension-ci-tools/.github/workflows/_extension_distribution.yml@main\n    with:\n      duckdb_version: ";

    #[test]
    fn a_version_is_read_however_it_is_written() {
        assert_eq!(version(&format!("{BUILD}v1.4.1\n")), "v1.4.1");
        assert_eq!(
            version(&format!("env:\n  V: 'v1.4.1'\n{BUILD}${{{{ env.V }}}}\n")),
            "v1.4.1"
        );
        assert_eq!(
            version(&format!(
                "x: &v v1.4.1\n{BUILD}*v\n  deploy:\n    uses: _extension_deploy.yml\n    with: {{duckdb_version: main}}\n"
            )),
            "v1.4.1"
        );
        assert_eq!(
            version(
                "x: &with\n  duckdb_version: main\njobs:\n  b:\n    uses: a\n    with:\n      <<: *with\n      name: x\n"
            ),
            "main"
        );
        assert_eq!(
            version(&format!(
                "{BUILD}${{{{ matrix.v }}}}\n    strategy:\n      matrix:\n        v: [main]\n"
            )),
            "main"
        );
        let found = named(&format!("{BUILD}main\n      ci_tools_version: v1.5\n"));
        assert_eq!(found.tools, Known::Known("v1.5".to_owned()));
    }

    #[test]
    fn a_version_is_followed_through_the_output_of_a_job_into_a_file() {
        let text = "jobs:
  get:
    outputs:
      version: ${{ steps.read.outputs.version }}
    steps:
      - uses: actions/checkout@v4
      - id: read
        run: echo \"version=$(cat .github/duckdb-version)\" >> $GITHUB_OUTPUT
  build:
    needs: get
    uses: x/_extension_distribution.yml@main
    with:
      duckdb_version: ${{ needs.get.outputs.version }}
";
        assert_eq!(version(text), "v1.5.4");
        let (reason, line, detail) = why(&text.replace("cat .github", "cat other"));
        assert_eq!((reason, line), (Reason::Expression, 13));
        assert!(detail.contains("no single line"), "{detail}");
        let (reason, ..) = why(&text.replace("$(cat .github/duckdb-version)", "$(git describe)"));
        assert_eq!(reason, Reason::Expression);
    }

    #[test]
    fn what_is_not_known_says_why_and_where() {
        let two = format!(
            "{BUILD}v1.4.1\n  next:\n    uses: x_distribution\n    with:\n      duckdb_version: main\n"
        );
        let (reason, line, detail) = why(&two);
        assert_eq!((reason, line), (Reason::Ambiguous, 5));
        assert_eq!(
            detail,
            "several versions are named: v1.4.1 (line 5), main (line 9)"
        );
        assert_eq!(
            why(&format!("{BUILD}${{{{ vars.V }}}}\n")).0,
            Reason::Expression
        );
        assert_eq!(why(&format!("{BUILD}[a]\n")).0, Reason::Syntax);
        assert_eq!(why("jobs: {}\n").0, Reason::NotWritten);
        assert_eq!(why("jobs:\n  a: [\n").0, Reason::Syntax);
        assert_eq!(why(&format!("{BUILD}''\n")).0, Reason::NotWritten);
        let input = format!(
            "on:\n  workflow_dispatch:\n    inputs:\n      v: {{default: main}}\n{BUILD}${{{{ inputs.v }}}}\n"
        );
        assert_eq!(why(&input).0, Reason::Ambiguous);
        let input = input.replace("inputs.v }", "inputs.v || 'main' }");
        assert_eq!(version(&input), "main");
    }
}
