//! A step that runs commands: a place, an environment, one command after the other, then what they left.

use super::environment::Environment;
use super::place::{Place, file_name};
use super::process::{self, Call, End, Heard};
use super::record::Record;
use super::{Made, Unmade, Workshop, artifact, broken, checkout, gate};
use shipway_core::event::{Artifact, Evidence, Verdict};
use shipway_core::plan::{Invocation, Plan, Script, Step};
use shipway_core::run::Run;
use shipway_core::target::Failure;
use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes of standard output that are kept to be compared with what is expected.
const COMPARED: usize = 1024 * 1024;
/// Characters of a command, or of what it said, that a message shows.
const SHOWN: usize = 200;

pub fn carry_out(shop: &Workshop, run: &Run, step: &Step, script: &Script) -> Result<Made, Unmade> {
    let name = file_name(step.id.as_str());
    let mut record = Record::new(shop, Some(&step.id), &name);
    let mut attempt = Attempt {
        shop,
        plan: run.plan(),
        script,
        deadline: deadline(script),
    };
    let mut evidence = Vec::new();
    let done = attempt.make(&name, &run.artifacts(), &mut record, &mut evidence);
    // Kept also after a failure. A log that cannot be kept fails the step, unless something else did before.
    let done = match record.keep() {
        Ok(log) => {
            evidence.extend(log);
            done
        }
        Err(failure) => done.and(Err(failure)),
    };
    match done {
        Ok(artifacts) => Ok(Made {
            evidence,
            artifacts,
        }),
        Err(failure) => Err(Unmade {
            failure,
            evidence,
            tail: record.tail(),
        }),
    }
}

pub fn probe(shop: &Workshop, script: &Script, plan: &Plan) -> bool {
    // Two tasks may have the same probe, and both may be looked at now.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("probe~{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut record = Record::new(shop, None, &name);
    let attempt = Attempt {
        shop,
        plan,
        script,
        deadline: deadline(script),
    };
    let Ok(place) = Place::make(shop, &name, script, &[]) else {
        return false;
    };
    let done = attempt.run_all(&place, &mut record);
    place.clear();
    done.is_ok()
}

/// A timeout of zero stands for none.
fn deadline(script: &Script) -> Option<Instant> {
    match script.timeout.0 {
        0 => None,
        limit => Instant::now().checked_add(Duration::from_millis(limit)),
    }
}

struct Attempt<'a> {
    shop: &'a Workshop,
    plan: &'a Plan,
    script: &'a Script,
    deadline: Option<Instant>,
}

impl Attempt<'_> {
    fn make(
        &mut self,
        name: &str,
        built: &[Artifact],
        record: &mut Record<'_>,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Vec<Artifact>, Failure> {
        let place = Place::make(self.shop, name, self.script, built)?;
        let ran = self.run_all(&place, record);
        let judged = gate::judge(self.shop, self.script, &place.here(), evidence);
        if ran.is_err() {
            // That commands which failed left no report is no news.
            evidence.retain(|one| one.verdict != Verdict::NoData);
        }
        let made = ran.and(judged).and_then(|()| {
            artifact::collect(&self.shop.store, &self.script.artifacts, &place.here())
        });
        match made {
            Ok(_) => place.clear(),
            Err(_) => place.leave(),
        }
        made
    }

    fn run_all(&self, place: &Place<'_>, record: &mut Record<'_>) -> Result<(), Failure> {
        let environment = Environment::of(self.shop, self.plan, self.script, place)?;
        record.heading("== a new attempt, with these variables:");
        record.heading(environment.listing.trim_end());
        if let Some(commit) = &self.script.checkout {
            checkout::check_out(self.shop, commit, place, self.deadline, record)?;
        }
        for command in &self.script.commands {
            self.run_one(command, place, &environment, record)?;
        }
        Ok(())
    }

    fn run_one(
        &self,
        command: &Invocation,
        place: &Place<'_>,
        environment: &Environment,
        record: &mut Record<'_>,
    ) -> Result<(), Failure> {
        let words: Result<Vec<OsString>, Failure> =
            command.argv.iter().map(|word| place.fill(word)).collect();
        let words = words?;
        let Some((program, arguments)) = words.split_first() else {
            return Err(Failure::permanent("a command without a program"));
        };
        let shown = shown(&command.argv);
        record.heading(&format!("$ {}", command.argv.join(" ")));
        let here = place.here();
        let program = process::find(program, &environment.path, &here)
            .ok_or_else(|| missing(&program.to_string_lossy(), environment))?;
        let input = command.stdin.as_deref().map(|text| {
            place
                .input(text)
                .map_err(|error| broken("the script cannot be handed to its shell", &error))
        });
        let apart = command.expect.is_some();
        let call = Call {
            program: &program,
            arguments,
            environment: &environment.variables,
            directory: &here,
            input: input.transpose()?,
            apart,
            deadline: self.deadline,
        };
        let mut said = Vec::new();
        let end = process::run(call, &|| self.shop.is_killed(), &mut |heard| {
            if let (Heard::Output(bytes), true) = (&heard, apart) {
                let room = COMPARED.saturating_sub(said.len());
                said.extend_from_slice(&bytes[..room.min(bytes.len())]);
            }
            record.hear(&heard);
        });
        record.end_of_command();
        match end? {
            End::Exited(status) => match process::fault(status) {
                Some(fault) => Err(Failure::permanent(format!("{shown} {fault}"))),
                None => self.compare(command, &said, &shown),
            },
            End::TooLate => Err(Failure::permanent(format!(
                "{shown} was stopped: the step has taken longer than {}",
                self.script.timeout
            ))
            .hinted("raise the step's `timeout` if it needs that long")),
            End::Stopped => Err(Failure::transient(format!(
                "{shown} was stopped on request"
            ))),
        }
    }

    fn compare(&self, command: &Invocation, said: &[u8], shown: &str) -> Result<(), Failure> {
        let said = String::from_utf8_lossy(said);
        match &command.expect {
            Some(expected) if said.trim() != expected.trim() => {
                // Secrets go before anything is cut off: half a secret would not be known again.
                let said = self.shop.redactor.text(said.trim());
                Err(Failure::permanent(format!(
                    "{shown} was to say {:?} and said {:?}",
                    expected.trim(),
                    shortened(&said)
                )))
            }
            _ => Ok(()),
        }
    }
}

fn missing(program: &str, environment: &Environment) -> Failure {
    let failure = Failure::transient(format!("there is no program {program:?}"));
    if program.contains('/') {
        return failure.hinted("the path is taken from the top of the step's directory");
    }
    let path = &environment.path;
    failure.hinted(if path.is_empty() {
        "PATH is not set, so no program is found by its name".to_owned()
    } else {
        format!("install it, or add its directory to PATH, which is {path}")
    })
}

/// The command as it stands in the plan, for messages.
fn shown(argv: &[String]) -> String {
    format!("`{}`", shortened(&argv.join(" ")))
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
