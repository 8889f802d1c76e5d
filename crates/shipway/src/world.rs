//! What an engine acts through here: real targets, real processes, the real clock.

use crate::session::Session;
use shipway_core::event::Outcome;
use shipway_core::plan::{Step, Task};
use shipway_core::redact::Redactor;
use shipway_core::target::{Target, TargetSpec};
use shipway_core::{Digest, Failure, PlanId, Run, Timestamp};
use shipway_engine::work::{Lines, Workshop};
use shipway_engine::{Store, Who, World};
use shipway_targets::{Bytes, Context};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Artifacts are in the store of the state directory.
struct Stored(Arc<Store>);

impl Bytes for Stored {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        let path = self.0.path(digest);
        if path.is_file() {
            Ok(path)
        } else {
            Err(Failure::permanent(format!(
                "the sealed bytes {} are not in the artifact store",
                digest.short()
            )))
        }
    }
}

/// No artifact is known before a run has sealed some.
struct NothingStored;

impl Bytes for NothingStored {
    fn path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        Err(Failure::permanent(format!(
            "nothing is sealed yet, and so not {}",
            digest.short()
        )))
    }
}

fn secrets(session: &Session) -> Arc<dyn shipway_core::secret::Secrets> {
    let redactor = session.redactor.clone();
    let pypirc = session.pypirc().unwrap_or_else(|| PathBuf::from(".pypirc"));
    Arc::new(shipway_targets::secrets::Sources::new(
        session.environment.clone(),
        pypirc,
        move |secret| {
            redactor.register(secret);
        },
    ))
}

/// For looking at destinations before there is a run.
pub fn context(session: &Session, repository: &Path) -> Context {
    Context {
        repository: repository.to_path_buf(),
        bytes: Arc::new(NothingStored),
        secrets: secrets(session),
    }
}

/// Where a run keeps what is not in the journal: work directories, logs, its HTML page.
pub fn run_directory(session: &Session, run: &PlanId) -> PathBuf {
    session.state.join("runs").join(run.short())
}

pub struct RealWorld {
    context: Context,
    workshop: Workshop,
    who: Who,
    redactor: Arc<Redactor>,
}

impl RealWorld {
    /// `lines` hears every redacted line of output; `kill` stops commands that run.
    pub fn new(
        session: &Session,
        run: &PlanId,
        repository: &Path,
        lines: Lines,
        kill: Arc<AtomicBool>,
    ) -> Result<Self, shipway_engine::StoreError> {
        let store = Arc::new(Store::open(session.state.join("store"))?);
        let secrets = secrets(session);
        let context = Context {
            repository: repository.to_path_buf(),
            bytes: Arc::new(Stored(store.clone())),
            secrets: secrets.clone(),
        };
        let workshop = Workshop {
            repository: repository.to_path_buf(),
            directory: run_directory(session, run),
            store,
            secrets,
            redactor: session.redactor.clone(),
            caller: session.environment.clone(),
            lines,
            kill,
            rooms: shipway_engine::work::Rooms::default(),
        };
        Ok(Self {
            context,
            workshop,
            who: who(session),
            redactor: session.redactor.clone(),
        })
    }
}

pub fn who(session: &Session) -> Who {
    Who {
        by: session.user(),
        host: session.host(),
        shipway: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

impl World for RealWorld {
    fn now(&self) -> Timestamp {
        crate::clock::now()
    }

    fn who(&self) -> Who {
        self.who.clone()
    }

    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn Target>, Failure> {
        shipway_targets::open(spec, &self.context)
    }

    fn work(&self, run: &Run, step: &Step) -> Outcome {
        self.workshop.carry_out(run, step)
    }

    fn probe(&self, run: &Run, task: &Task) -> bool {
        task.probe
            .as_ref()
            .is_some_and(|script| self.workshop.probe(script, run.plan()))
    }

    fn redact(&self, text: &str) -> String {
        self.redactor.text(text)
    }
}
