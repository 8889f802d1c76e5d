//! What the journal refuses with.

use crate::lease::Holder;
use shipway_core::PlanId;
use shipway_core::event::Seq;
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(
        "this build holds SQLite {found}, which can lose committed records; 3.51.3 is the first that cannot"
    )]
    OldSqlite { found: String },
    #[error("{} is a file of another program", .0.display())]
    Foreign(PathBuf),
    #[error("the journal {path} has format {found}, and this Shipway reads format {ours}", path = .path.display())]
    Newer {
        path: PathBuf,
        found: i64,
        ours: i64,
    },
    #[error("the journal {path} is damaged: {what}", path = .path.display())]
    Damaged {
        path: PathBuf,
        what: String,
        #[source]
        source: Option<Box<rusqlite::Error>>,
    },
    /// `trusted`: the number of the last event that is as it was written; 0 where not even the plan is.
    #[error("run {run} in the journal is damaged at event {at}: {what}", run = .run.short(), at = .trusted + 1)]
    Broken {
        run: PlanId,
        path: PathBuf,
        trusted: Seq,
        what: String,
        #[source]
        source: Option<Box<rusqlite::Error>>,
    },
    #[error("there is no run {}", .0.short())]
    NoRun(PlanId),
    #[error("the journal {} was busy for too long", .0.display())]
    Busy(PathBuf),
    #[error("the disk that holds the journal {} is full", .0.display())]
    Full(PathBuf),
    #[error("the journal {} cannot be used", .0.display())]
    Database(PathBuf, #[source] Box<rusqlite::Error>),
    #[error("a file of the journal cannot be used")]
    Files(#[from] io::Error),
    #[error("the journal takes no more records, because writing to it failed before")]
    Poisoned,
    #[error("{} is being driven by process {} on {}", .0.run.short(), .0.pid, .0.host)]
    Held(Holder),
    #[error(
        "somebody else drives this run's line by now: lease {theirs} followed our lease {ours}"
    )]
    Fenced { ours: u64, theirs: u64 },
    #[error("{project} {version} belongs to run {theirs}, and this is run {ours}", theirs = .theirs.short(), ours = .ours.short())]
    VersionTaken {
        project: String,
        version: String,
        ours: PlanId,
        theirs: PlanId,
    },
}

impl JournalError {
    /// Whether nobody can know what is on disk now, so that nothing more may be written through this connection.
    pub(super) fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::Busy(_)
                | Self::Held(_)
                | Self::Fenced { .. }
                | Self::VersionTaken { .. }
                | Self::NoRun(_)
                | Self::Poisoned
        )
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OldSqlite { .. } => "build Shipway with its bundled SQLite".into(),
            Self::Foreign(path) => format!(
                "name another state directory, or move {} away",
                path.display()
            ),
            Self::Newer { .. } => {
                "use the newer Shipway that wrote it; nothing was changed".into()
            }
            Self::Damaged { path, .. } => format!(
                "restore {0} from a copy, or move it away and start again: every step looks at its destination before it \
                 touches it, so what is public is found and not sent twice",
                path.display()
            ),
            Self::Broken { path, trusted, .. } => format!(
                "{}; restore {} from a copy, or look at the destinations with `shipway verify`, move the journal away and \
                 start again: what is public is found and not sent twice",
                match trusted {
                    0 => "none of this run's events can be trusted".to_owned(),
                    1 => "its first event can be trusted, and nothing after it".to_owned(),
                    last => format!("its events 1 to {last} can be trusted, and nothing after them"),
                },
                path.display()
            ),
            Self::NoRun(_) => "`shipway runs` lists all runs".into(),
            Self::Busy(_) => "another Shipway is writing: try again".into(),
            Self::Full(path) => format!(
                "free some space beside {}, then `shipway resume`",
                path.display()
            ),
            Self::Poisoned => {
                "end this process and resume: what happened meanwhile is found out from the destinations".into()
            }
            Self::Held(holder) => format!(
                "wait for it, or stop process {} on {} (it stops between steps), then try again",
                holder.pid, holder.host
            ),
            Self::Fenced { .. } => {
                "this process stops; `shipway status` shows the run as the other one drives it".into()
            }
            Self::VersionTaken { theirs, .. } => format!(
                "finish it with `shipway resume {0}`, or take it back with `shipway rollback {0}`, or choose another version",
                theirs.short()
            ),
            Self::Database(..) | Self::Files(_) => return None,
        })
    }
}
