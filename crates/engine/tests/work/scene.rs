//! A run, a repository, a store and a workshop for one test, all in a directory that goes away with it.

use shipway_core::event::{Artifact, Evidence, Outcome, Verdict};
use shipway_core::plan::{
    self, Action, Commit, GitTime, Invocation, Person, Plan, Script, Source, Stage, Step, Tag,
    Weight,
};
use shipway_core::redact::Redactor;
use shipway_core::secret::{Secret, SecretName, Secrets};
use shipway_core::time::Millis;
use shipway_core::{Digest, Event, EventKind, Failure, Oid, RefName, Run, StepId, Timestamp};
use shipway_engine::Store;
use shipway_engine::work::{Rooms, Workshop};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Names and contents.
pub type Files<'a> = &'a [(&'a str, &'a [u8])];

pub struct Scene {
    pub shop: Workshop,
    pub lines: Arc<Mutex<Vec<String>>>,
    pub dir: tempfile::TempDir,
}

/// Secrets by name; everything else is missing.
pub struct Known(pub BTreeMap<String, String>);

impl Secrets for Known {
    fn resolve(&self, name: &SecretName) -> Result<Secret, Failure> {
        let value = self.0.get(&name.0);
        let value =
            value.ok_or_else(|| Failure::denied(format!("the secret {name} is missing")))?;
        Ok(Secret::new(value.as_str()))
    }
}

/// The tests' own `PATH` and a few variables that no command may see.
#[expect(clippy::disallowed_methods, reason = "a test is its own main")]
fn caller() -> BTreeMap<String, String> {
    // Without the directories of a person's version managers, whose programs need the person's home.
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert!(std::env::var_os("PATH").is_some());
    [
        ("PATH", path),
        ("HOME", "/root"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("GITHUB_TOKEN", "caller-token-caller-token"),
        ("GIT_DIR", "/nowhere"),
        ("PASSED", "from the caller"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

impl Scene {
    pub fn new() -> Self {
        Self::with_secrets(&[])
    }

    pub fn with_secrets(secrets: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets = secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        let shop = Workshop {
            repository: dir.path().join("repository"),
            directory: dir.path().join("run"),
            store: Arc::new(Store::open(dir.path().join("store")).unwrap()),
            secrets: Arc::new(Known(secrets.collect())),
            redactor: Arc::new(Redactor::new()),
            caller: caller(),
            lines: Box::new(move |_, line| heard.lock().unwrap().push(line.to_owned())),
            kill: Arc::new(AtomicBool::new(false)),
            rooms: Rooms::default(),
        };
        Self { shop, lines, dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn heard(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The log of the only step.
    pub fn log(&self) -> String {
        let path = self.shop.directory.join("logs/check+it.log");
        String::from_utf8_lossy(&fs_err::read(path).unwrap_or_default()).into_owned()
    }

    pub fn stored(&self, digest: &Digest) -> Vec<u8> {
        fs_err::read(self.shop.store.path(digest)).unwrap()
    }

    /// Carries out a plan of this script alone.
    pub fn run(&self, script: Script) -> Outcome {
        let step = step("check/it", Action::Run(script));
        let run = Run::new(plan(vec![step.clone()]));
        self.shop.carry_out(&run, &step)
    }

    pub fn sh(&self, text: &str) -> Outcome {
        self.run(sh(text))
    }

    /// A run in which these steps built these files, and `last` comes next.
    pub fn after(&self, built: &[(&str, Files<'_>)], last: Action) -> (Run, Step) {
        let mut steps: Vec<Step> = built
            .iter()
            .map(|(id, _)| step(id, Action::Run(building())))
            .collect();
        let mut last = step("last", last);
        last.needs = steps.iter().map(|step| step.id.clone()).collect();
        steps.push(last.clone());
        let mut run = Run::new(plan(steps));
        let by = || ("me".to_owned(), "here".to_owned(), "0".to_owned());
        let (who, host, shipway) = by();
        Self::tell(
            &mut run,
            EventKind::Started {
                by: who,
                host,
                shipway,
            },
        );
        for (id, files) in built {
            let step = StepId::new(*id).unwrap();
            Self::tell(&mut run, EventKind::WorkStarted { step: step.clone() });
            let artifacts = files
                .iter()
                .map(|(name, bytes)| {
                    let (digest, size) = self.shop.store.put_bytes(bytes).unwrap();
                    Artifact {
                        name: (*name).to_owned(),
                        digest,
                        size,
                    }
                })
                .collect();
            let outcome = Outcome::Passed {
                evidence: vec![],
                artifacts,
            };
            Self::tell(&mut run, EventKind::WorkFinished { step, outcome });
        }
        (run, last)
    }

    fn tell(run: &mut Run, kind: EventKind) {
        let event = Event {
            seq: run.seq() + 1,
            at: Timestamp(1_000),
            kind,
        };
        run.apply(&event).unwrap();
    }

    /// Makes the repository, with one commit of these files; its id.
    pub fn commit(&self, files: &[(&str, &str)]) -> Oid {
        let top = &self.shop.repository;
        if !top.exists() {
            fs_err::create_dir_all(top).unwrap();
            self.git(&["init", "--quiet", "--initial-branch=main"]);
        }
        for (path, text) in files {
            let path = top.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "one"]);
        Oid::new(self.git(&["rev-parse", "HEAD"]).trim()).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.shop.repository)
            .env_clear()
            .envs([
                ("PATH", self.shop.caller["PATH"].as_str()),
                ("HOME", "/nowhere"),
            ])
            .envs([
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ])
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(["-c", "safe.directory=*"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

pub fn call(argv: &[&str]) -> Invocation {
    Invocation {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        stdin: None,
        expect: None,
    }
}

pub fn command(argv: &[&str]) -> Script {
    Script {
        commands: vec![call(argv)],
        timeout: Millis::seconds(60),
        ..Script::default()
    }
}

/// A script as the planner writes it down.
pub fn sh(text: &str) -> Script {
    let mut script = command(&["sh", "-eu", "-s"]);
    script.commands[0].stdin = Some(text.to_owned());
    script
}

/// What a step that makes artifacts says of itself.
fn building() -> Script {
    Script {
        artifacts: vec!["dist/*".to_owned()],
        ..Script::default()
    }
}

pub fn step(id: &str, action: Action) -> Step {
    Step {
        id: StepId::new(id).unwrap(),
        stage: Stage::Check,
        title: id.to_owned(),
        why: "a test".to_owned(),
        needs: vec![],
        weight: Weight::Required,
        skip: None,
        action,
    }
}

pub fn plan(steps: Vec<Step>) -> Plan {
    let oid = || Oid::new("1".repeat(40)).unwrap();
    let person = || Person {
        name: "A".into(),
        email: "a@example.org".into(),
    };
    let at = GitTime {
        seconds: 1_700_000_000,
        offset: 0,
    };
    let tag = Tag {
        id: oid(),
        name: RefName::tag("v1.1.0").unwrap(),
        target: oid(),
        tagger: person(),
        at,
        message: String::new(),
    };
    Plan {
        format: plan::FORMAT,
        made_by: "0".into(),
        made_at: Timestamp(1_800_000_000_000),
        flow: "release".into(),
        project: "octavia-loxilb-driver".into(),
        line: "1.1".into(),
        version: "1.1.0".into(),
        previous: None,
        because: vec![],
        source: Source {
            branch: RefName::branch("main").unwrap(),
            head: oid(),
            remote: "origin".into(),
            url: "https://example.org/r.git".into(),
            config: Digest::of(b""),
        },
        commits: vec![Commit {
            role: "release".into(),
            id: oid(),
            tree: oid(),
            parents: vec![],
            author: person(),
            committer: person(),
            at,
            message: String::new(),
            changes: vec![],
        }],
        tag: Some(tag),
        notes: String::new(),
        steps,
        destinations: vec![],
        limits: vec![],
        warnings: vec![],
    }
}

/// What failed, with its hint, evidence and tail.
pub fn failure(outcome: &Outcome) -> (&Failure, &[Evidence], &[String]) {
    match outcome {
        Outcome::Failed {
            failure,
            evidence,
            tail,
        } => (failure, evidence, tail),
        Outcome::Passed { .. } => panic!("it passed: {outcome:?}"),
    }
}

pub fn passed(outcome: &Outcome) -> (&[Evidence], &[Artifact]) {
    match outcome {
        Outcome::Passed {
            evidence,
            artifacts,
        } => (evidence, artifacts),
        Outcome::Failed { .. } => panic!("it failed: {outcome:?}"),
    }
}

/// `name verdict figure`, a line each, without the log.
pub fn figures(evidence: &[Evidence]) -> Vec<String> {
    let told = evidence.iter().filter(|one| one.name != "log");
    told.map(|one| {
        let verdict = match one.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::NoData => "no data",
            Verdict::Error => "error",
        };
        format!("{} {verdict}: {}", one.name, one.figure)
    })
    .collect()
}
