//! Commands of the configuration as they stand in the plan.

use super::Draft;
use crate::config::{Environment, Execution, Program};
use crate::name::Oid;
use crate::plan::{Invocation, Script};
use crate::time::Millis;

/// A probe is asked again and again while a run waits: it must answer quickly.
const PROBE_TIMEOUT: Millis = Millis::seconds(60);

impl Draft<'_> {
    /// The script of a step: the environment of the file as a whole, then that of the step.
    pub(super) fn script(
        &self,
        commands: Vec<Invocation>,
        execution: &Execution,
        checkout: Option<Oid>,
    ) -> Script {
        let mut script = Script {
            commands,
            checkout,
            timeout: execution.timeout,
            repeat: execution.repeat,
            ..Script::default()
        };
        for environment in [&self.config.environment, &execution.environment] {
            add(&mut script, environment);
        }
        script
    }

    pub(super) fn probe(&self, program: &Program) -> Script {
        let mut script = Script {
            commands: vec![self.invocation(program, None)],
            timeout: PROBE_TIMEOUT,
            ..Script::default()
        };
        add(&mut script, &self.config.environment);
        script
    }

    /// One call of a user's program. Placeholders fill parts of one argument and never make two.
    pub(super) fn invocation(&self, program: &Program, python: Option<&str>) -> Invocation {
        match program {
            Program::Run(argv) => {
                let fill = |word: &String| match python {
                    Some(path) => self.fill(&word.replace("{python}", path)),
                    None => self.fill(word),
                };
                Invocation {
                    argv: argv.iter().map(fill).collect(),
                    stdin: None,
                    expect: None,
                }
            }
            // The user's own text is never filled: values reach a shell through the environment alone.
            Program::Script(text) => Invocation {
                argv: ["sh", "-eu", "-s"].map(str::to_owned).to_vec(),
                stdin: Some(text.clone()),
                expect: None,
            },
        }
    }
}

/// A later environment overrides an earlier one, whichever way a variable came in.
fn add(script: &mut Script, environment: &Environment) {
    for (name, value) in &environment.set {
        script.env.insert(name.clone(), value.clone());
        script.pass.remove(name);
        script.secrets.remove(name);
    }
    for name in &environment.pass {
        script.pass.insert(name.clone());
        script.env.remove(name);
        script.secrets.remove(name);
    }
    for (name, secret) in &environment.secrets {
        script.secrets.insert(name.clone(), secret.clone());
        script.env.remove(name);
        script.pass.remove(name);
    }
}

/// Words as an invocation.
pub(super) fn call<const N: usize>(argv: [&str; N]) -> Invocation {
    Invocation {
        argv: argv.map(str::to_owned).to_vec(),
        stdin: None,
        expect: None,
    }
}
