//! `[[task]]`, `[[check]]`, `[[build]]` and `[[try]]`: what runs on the machine that releases.

use super::node::{Names, Node, Part, Table};
use super::source::At;
use super::{program, project, value};
use crate::config::{
    Before, Build, Check, Destination, Environment, Execution, PublishTo, Task, Try,
};
use crate::plan::{Metric, Repeat};
use crate::time::Millis;
use std::collections::BTreeMap;

const TIMEOUT: Millis = Millis::seconds(30 * 60);

pub(super) const BEFORE: &[(&str, Before)] = &[
    ("check", Before::Check),
    ("build", Before::Build),
    ("rehearse", Before::Rehearse),
    ("publish", Before::Publish),
    ("announce", Before::Announce),
];

const REPEAT: &[(&str, Repeat)] = &[("safe", Repeat::Safe), ("unsafe", Repeat::Unsafe)];

/// What is said about a second name of the same kind.
pub(super) const DIFFER: &str = "names tell steps apart in plans and reports: give each its own";

fn execution(table: &Table<'_>) -> Execution {
    Execution {
        environment: table
            .get("environment")
            .map_or_else(Environment::default, |node| project::environment_of(&node)),
        timeout: table
            .get("timeout")
            .and_then(|node| value::duration(&node, "timeout = \"30m\""))
            .unwrap_or(TIMEOUT),
        repeat: table
            .get("repeat")
            .and_then(|node| value::choice(&node, "repeat", REPEAT))
            .unwrap_or_default(),
    }
}

fn name(table: &Table<'_>, names: &mut Names, what: &str, example: &str) -> String {
    let at = table
        .need("name", example)
        .and_then(|node| value::name(&node, example));
    at.map(|at| {
        names.claim(table.source, &at, what, DIFFER);
        at.value
    })
    .unwrap_or_default()
}

fn pythons(node: &Node<'_>) -> Vec<String> {
    let mut names = Names::default();
    let read = node.each("python = [\"3.11\"]", |item| {
        value::python(item).map(|value| At {
            value,
            span: item.span.clone(),
        })
    });
    let keep = |at: At<String>| {
        names.claim(node.source, &at, "Python", "once is enough");
        at.value
    };
    read.into_iter().map(keep).collect()
}

pub(super) fn patterns(node: &Node<'_>, example: &str) -> Vec<String> {
    let mut names = Names::default();
    let read = node.each(example, |item| {
        value::pattern(item, example).map(|value| At {
            value,
            span: item.span.clone(),
        })
    });
    let keep = |at: At<String>| {
        names.claim(node.source, &at, "the pattern", "once is enough");
        at.value
    };
    read.into_iter().map(keep).collect()
}

fn truth(table: &Table<'_>, key: &'static str) -> bool {
    let node = table.get(key);
    node.and_then(|node| node.truth(&format!("{key} = true")))
        .unwrap_or(false)
}

pub(super) fn tasks(parts: Vec<Part<'_>>) -> Vec<Task> {
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(&["name", "text", "before", "who", "probe"])?;
        Some(Task {
            name: name(&table, &mut names, "task", "name = \"docs\""),
            text: table
                .need("text", "text = \"Read the documentation once\"")
                .and_then(|node| node.block("text = \"Read the documentation once\""))
                .map(|at| at.value)
                .unwrap_or_default(),
            before: table
                .get("before")
                .and_then(|node| value::choice(&node, "before", BEFORE))
                .unwrap_or(Before::Publish),
            who: table
                .get("who")
                .and_then(|node| node.text("who = \"release-manager\""))
                .map(|at| at.value),
            probe: table.get("probe").and_then(|node| program::probe(&node)),
        })
    };
    parts.into_iter().filter_map(read).collect()
}

const CHECK: &[&str] = &[
    "name",
    "run",
    "script",
    "need",
    "junit",
    "coverage",
    "python",
    "missing-fails",
    "timeout",
    "repeat",
    "environment",
];

pub(super) fn checks(parts: Vec<Part<'_>>) -> Vec<Check> {
    let mut names = Names::default();
    let read = |part: Part<'_>| part.open(CHECK).and_then(|table| check(&table, &mut names));
    parts.into_iter().filter_map(read).collect()
}

fn check(table: &Table<'_>, names: &mut Names) -> Option<Check> {
    let name = name(table, names, "check", "name = \"tests\"");
    let need = table
        .get("need")
        .map(|node| need(&node))
        .unwrap_or_default();
    let python = table
        .get("python")
        .map(|node| pythons(&node))
        .unwrap_or_default();
    let missing_fails = truth(table, "missing-fails");
    if let Some(node) = table.get("missing-fails")
        && table.get("python").is_none()
    {
        node.fault(
            "has no effect without `python`",
            "add python = [\"3.11\"], or leave it out",
        );
    }
    let report = |key: &'static str| {
        let node = table.get(key)?;
        if key == "coverage" && node.is_number() {
            node.wrong_type(
                "the path of the report (the threshold belongs into `need`)",
                "need = { coverage = 85 }",
            );
            return None;
        }
        value::path(&node, &format!("{key} = \"{key}.xml\"")).map(|at| at.value)
    };
    let (junit, coverage) = (report("junit"), report("coverage"));
    let execution = execution(table);
    let program = program::program(table, "run = \"pytest -q\"");
    if let (Some(crate::config::Program::Run(words)), Some(node)) = (&program, table.get("python"))
        && !words.iter().any(|word| word.contains("{python}"))
    {
        node.fault(
            "is given, and `run` does not say where the interpreter goes",
            "write {python} where its path belongs: run = \"{python} -m pytest\"",
        );
    }
    if let (Some(crate::config::Program::Run(words)), None, Some(node)) =
        (&program, table.get("python"), table.get("run"))
        && words.iter().any(|word| word.contains("{python}"))
    {
        node.fault(
            "names {python}, and no interpreters are given",
            "add python = [\"3.11\"]",
        );
    }
    Some(Check {
        name,
        program: program?,
        execution,
        junit,
        coverage,
        need,
        python,
        missing_fails,
    })
}

fn need(node: &Node<'_>) -> BTreeMap<Metric, u64> {
    const EXAMPLE: &str = "need = { pass-rate = 100, coverage = 85 }";
    let Some(table) = node.table(&["pass-rate", "coverage", "tests"], EXAMPLE) else {
        return BTreeMap::new();
    };
    let mut need = BTreeMap::new();
    for (key, metric) in [
        ("pass-rate", Metric::PassRate),
        ("coverage", Metric::Coverage),
    ] {
        let node = table.get(key);
        let figure = node.and_then(|node| value::percent(&node, &format!("{key} = 85.5")));
        need.extend(figure.map(|figure| (metric, figure)));
    }
    let tests = table
        .get("tests")
        .and_then(|node| node.whole(1..=u32::MAX, "tests = 1"));
    need.extend(tests.map(|tests| (Metric::Tests, u64::from(tests))));
    need
}

const BUILD: &[&str] = &[
    "name",
    "run",
    "script",
    "artifacts",
    "timeout",
    "repeat",
    "environment",
];

pub(super) fn builds(parts: Vec<Part<'_>>) -> Vec<Build> {
    const ARTIFACTS: &str = "artifacts = [\"dist/*.whl\", \"dist/*.tar.gz\"]";
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(BUILD)?;
        let name = name(&table, &mut names, "build", "name = \"package\"");
        let program = program::program(&table, "run = \"python -m build\"");
        let artifacts = table
            .need("artifacts", ARTIFACTS)
            .map(|node| patterns(&node, ARTIFACTS))
            .unwrap_or_default();
        let execution = execution(&table);
        Some(Build {
            name,
            // A build that cannot be run still tells what it makes, so that later tables are judged rightly.
            program: program.unwrap_or(crate::config::Program::Run(Vec::new())),
            execution,
            artifacts,
        })
    };
    parts.into_iter().filter_map(read).collect()
}

const TRY: &[&str] = &[
    "name",
    "python",
    "artifacts",
    "from",
    "import",
    "run",
    "pip",
    "timeout",
    "repeat",
    "environment",
    "missing-fails",
];

pub(super) fn tries(
    parts: Vec<Part<'_>>,
    made: &[String],
    destinations: &[At<PublishTo>],
    import: Option<&str>,
) -> Vec<Try> {
    let mut names = Names::default();
    let read = |part: Part<'_>| {
        let table = part.open(TRY)?;
        let from = table.get("from").and_then(|node| from(&node, destinations));
        let at = match table.get("name") {
            Some(node) => value::name(&node, "name = \"installed\""),
            None => Some(At {
                value: from.clone().unwrap_or_else(|| "built".to_owned()),
                span: table.span.clone(),
            }),
        };
        let hint = "several [[try]] of one source need names: name = \"installed\"";
        if let Some(at) = &at {
            names.claim(table.source, at, "try", hint);
        }
        Some(Try {
            name: at.map(|at| at.value).unwrap_or_default(),
            python: table
                .need("python", "python = [\"3.11\"]")
                .map(|node| pythons(&node))
                .unwrap_or_default(),
            artifacts: tried_artifacts(&table, made),
            from,
            import: match table.get("import") {
                Some(node) if node.as_truth() == Some(false) => None,
                Some(node) => value::module(&node),
                None => import.map(str::to_owned),
            },
            run: table
                .get("run")
                .map(|node| program::commands(&node, "run = \"my-tool --help\""))
                .unwrap_or_default(),
            pip: table.get("pip").map(|node| pip(&node)).unwrap_or_default(),
            execution: execution(&table),
            missing_fails: truth(&table, "missing-fails"),
        })
    };
    parts.into_iter().filter_map(read).collect()
}

fn pip(node: &Node<'_>) -> Vec<String> {
    const EXAMPLE: &str = "pip = [\"--no-deps\"]";
    node.each(EXAMPLE, |item| item.text(EXAMPLE).map(|at| at.value))
}

fn tried_artifacts(table: &Table<'_>, made: &[String]) -> Vec<String> {
    const HINT: &str = "`from` installs from a destination, `artifacts` what was built: keep one";
    if table.exclude("from", "artifacts", HINT) || table.get("from").is_some() {
        return Vec::new();
    }
    if made.is_empty() {
        table.source.fault(
            &table.span,
            format!("{} has nothing to install: nothing is built", table.name),
            "add a [[build]] with its artifacts, or from = \"..\" with the name of a [[publish]]",
        );
    }
    let given = table.get("artifacts");
    given.map_or_else(
        || made.to_vec(),
        |node| patterns(&node, "artifacts = [\"dist/*.whl\"]"),
    )
}

/// The destination that `from` names: one that serves packages.
fn from(node: &Node<'_>, destinations: &[At<PublishTo>]) -> Option<String> {
    let at = node.text("from = \"pypi\"")?;
    let Some(found) = destinations.iter().find(|one| one.value.name == at.value) else {
        let names: Vec<&str> = destinations
            .iter()
            .map(|one| one.value.name.as_str())
            .collect();
        let hint = match super::suggest::closest(&at.value, &names) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None if names.is_empty() => "there is no [[publish]] to install from".to_owned(),
            None => format!("write one of {}", names.join(", ")),
        };
        node.fault(
            &format!("names no [[publish]]: {:?}", value::shorten(&at.value)),
            hint,
        );
        return None;
    };
    if matches!(found.value.to, Destination::Github { .. }) {
        let line = node.source.line(&found.span);
        node.fault(
            &format!("names the release on GitHub in line {line}, which pip cannot install from"),
            "name a [[publish]] with to = \"pypi\"",
        );
        return None;
    }
    Some(at.value)
}
