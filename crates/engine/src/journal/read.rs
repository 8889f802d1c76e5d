//! Reading, and believing nothing that its hashes do not confirm.

use super::{JournalError, schema};
use crate::chain::{self, Link};
use rusqlite::{Connection, OptionalExtension as _, Row};
use shipway_core::event::Seq;
use shipway_core::{Digest, Event, Plan, PlanId, Timestamp};
use std::path::Path;

/// A run as it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(super) number: i64,
    pub id: PlanId,
    pub project: String,
    pub line: String,
    pub version: String,
    /// The checkout that it was started in.
    pub repository: String,
    pub started: Timestamp,
}

/// How far a run got, as far as others of its version care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It sent nothing yet.
    Open,
    /// It sent something, or was about to: the version is its own.
    Bound,
    Released,
    RolledBack,
}

/// A line of the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub entry: Entry,
    pub standing: Standing,
    /// Number of its last event.
    pub seq: Seq,
}

/// A run with everything that happened in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub entry: Entry,
    pub plan: Plan,
    pub events: Vec<Event>,
}

/// What is known about the end of a run's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub seq: Seq,
    pub link: Link,
    pub standing: Standing,
}

impl Record {
    pub(crate) fn events_after(mut self, seq: Seq) -> Vec<Event> {
        let seen = usize::try_from(seq).unwrap_or(usize::MAX);
        self.events.drain(..seen.min(self.events.len()));
        self.events
    }
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Bound => "bound",
            Self::Released => "released",
            Self::RolledBack => "rolled-back",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Open, Self::Bound, Self::Released, Self::RolledBack]
            .into_iter()
            .find(|standing| standing.as_str() == text)
    }
}

impl Head {
    pub fn mark(&self, run: &PlanId) -> Link {
        chain::over(&[
            run.0.as_str().as_bytes(),
            &self.seq.to_be_bytes(),
            &self.link,
            self.standing.as_str().as_bytes(),
        ])
    }
}

impl Entry {
    /// The link of this run in the list of all runs.
    pub(super) fn link(&self, before: &Link) -> Link {
        chain::over(&[
            before,
            &self.number.to_be_bytes(),
            self.id.0.as_str().as_bytes(),
            self.project.as_bytes(),
            self.line.as_bytes(),
            self.version.as_bytes(),
            self.repository.as_bytes(),
            &self.started.0.to_be_bytes(),
        ])
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<(Self, Link)> {
        let id: String = row.get(1)?;
        let id = id.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                1,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?;
        let entry = Self {
            number: row.get(0)?,
            id: PlanId(id),
            project: row.get(2)?,
            line: row.get(3)?,
            version: row.get(4)?,
            repository: row.get(5)?,
            started: Timestamp(row.get(6)?),
        };
        Ok((entry, row.get(7)?))
    }
}

/// Number of runs and the last of their links.
pub(super) fn catalogue_end(db: &Connection) -> rusqlite::Result<(i64, Link)> {
    db.query_row("SELECT runs, link FROM meta WHERE one = 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// All runs in the order in which they were entered, checked: none is missing, changed or added.
pub(super) fn catalogue(db: &Connection, path: &Path) -> Result<Vec<Entry>, JournalError> {
    let of = |error| JournalError::of(path, error);
    let (count, end) = catalogue_end(db).map_err(of)?;
    let mut query = db
        .prepare_cached(
            "SELECT number, id, project, line, version, repository, started, link
             FROM runs ORDER BY number",
        )
        .map_err(of)?;
    let mut rows = query.query([]).map_err(of)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut last = schema::NO_RUN;
    let damaged = |what: String| JournalError::Damaged {
        path: path.to_owned(),
        what,
        source: None,
    };
    while let Some(row) = rows.next().map_err(of)? {
        let (entry, link) = Entry::read(row).map_err(of)?;
        let follows = entries.last().map_or(1, |before| before.number + 1);
        if entry.number != follows || entry.link(&last) != link {
            return Err(damaged(format!(
                "the entry of run {follows} is not what was written"
            )));
        }
        last = link;
        entries.push(entry);
    }
    if i64::try_from(entries.len()) != Ok(count) || last != end {
        return Err(damaged(format!(
            "it lists {} runs, and {count} were entered",
            entries.len()
        )));
    }
    Ok(entries)
}

pub(super) fn head(db: &Connection, path: &Path, entry: &Entry) -> Result<Head, JournalError> {
    let row = db
        .prepare_cached("SELECT seq, link, standing, mark FROM heads WHERE run = ?1")
        .and_then(|mut query| {
            query
                .query_row([entry.number], |row| {
                    let standing: String = row.get(2)?;
                    Ok((row.get::<_, i64>(0)?, row.get(1)?, standing, row.get(3)?))
                })
                .optional()
        })
        .map_err(|error| JournalError::of(path, error))?;
    let read = row.and_then(|(seq, link, standing, mark): (i64, Link, String, Link)| {
        let head = Head {
            seq: Seq::try_from(seq).ok()?,
            link,
            standing: Standing::read(&standing)?,
        };
        (head.mark(&entry.id) == mark).then_some(head)
    });
    read.ok_or_else(|| JournalError::Damaged {
        path: path.to_owned(),
        what: format!(
            "what it says about the last event of run {} is not what was written",
            entry.id.short()
        ),
        source: None,
    })
}

pub(super) fn list(db: &Connection, path: &Path) -> Result<Vec<Listed>, JournalError> {
    catalogue(db, path)?
        .into_iter()
        .map(|entry| {
            let head = head(db, path, &entry)?;
            Ok(Listed {
                entry,
                standing: head.standing,
                seq: head.seq,
            })
        })
        .collect()
}

/// The run with all its events. An error names the last event that can be trusted.
pub(super) fn record(db: &Connection, path: &Path, entry: Entry) -> Result<Record, JournalError> {
    let plan = plan(db, path, &entry)?;
    let mut reader = Reader {
        path,
        entry: &entry,
        link: chain::first(&entry.id),
        standing: Standing::Open,
        events: Vec::new(),
    };
    reader.read(db)?;
    let head = match head(db, path, &entry) {
        Err(JournalError::Damaged { what, source, .. }) => return Err(reader.broken(what, source)),
        head => head?,
    };
    if head.seq != reader.seq() || head.link != reader.link || head.standing != reader.standing {
        return Err(reader.broken(
            format!(
                "{} events were written, and {} are there",
                head.seq,
                reader.seq()
            ),
            None,
        ));
    }
    let events = reader.events;
    Ok(Record {
        entry,
        plan,
        events,
    })
}

pub(super) fn plan(db: &Connection, path: &Path, entry: &Entry) -> Result<Plan, JournalError> {
    let broken = |what: &str, source| JournalError::Broken {
        run: entry.id.clone(),
        path: path.to_owned(),
        trusted: 0,
        what: what.to_owned(),
        source,
    };
    let json: Vec<u8> = db
        .query_row(
            "SELECT json FROM plans WHERE run = ?1",
            [entry.number],
            |row| row.get(0),
        )
        .map_err(|error| match JournalError::of(path, error) {
            JournalError::Damaged { source, .. } => broken("its plan cannot be read", source),
            other => other,
        })?;
    if Digest::of(&json) != entry.id.0 {
        return Err(broken("its plan is not what was written", None));
    }
    let plan = Plan::from_json(&json).map_err(|_| {
        broken(
            "its plan is of a format that this Shipway does not read",
            None,
        )
    })?;
    if plan.id() != entry.id {
        return Err(broken(
            "its plan is of a format that this Shipway does not read",
            None,
        ));
    }
    Ok(plan)
}

/// Follows the chain from event to event.
struct Reader<'a> {
    path: &'a Path,
    entry: &'a Entry,
    link: Link,
    standing: Standing,
    events: Vec<Event>,
}

impl Reader<'_> {
    fn seq(&self) -> Seq {
        self.events.len() as Seq
    }

    fn broken(&self, what: String, source: Option<Box<rusqlite::Error>>) -> JournalError {
        JournalError::Broken {
            run: self.entry.id.clone(),
            path: self.path.to_owned(),
            trusted: self.seq(),
            what,
            source,
        }
    }

    fn failed(&self, error: rusqlite::Error) -> JournalError {
        match JournalError::of(self.path, error) {
            JournalError::Damaged { what, source, .. } => self.broken(what, source),
            other => other,
        }
    }

    fn read(&mut self, db: &Connection) -> Result<(), JournalError> {
        let mut query = db
            .prepare_cached("SELECT seq, at, body, link FROM events WHERE run = ?1 ORDER BY seq")
            .map_err(|error| self.failed(error))?;
        let mut rows = query
            .query([self.entry.number])
            .map_err(|error| self.failed(error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            self.event(row)?;
        }
        Ok(())
    }

    fn event(&mut self, row: &Row<'_>) -> Result<(), JournalError> {
        let read = || -> rusqlite::Result<(i64, i64, &[u8], Link)> {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?,
                row.get(3)?,
            ))
        };
        let (seq, at, body, link) = read().map_err(|error| self.failed(error))?;
        let follows = self.seq() + 1;
        if Seq::try_from(seq) != Ok(follows) {
            return Err(self.broken(format!("event {seq} stands in its place"), None));
        }
        if chain::link(&self.link, follows, at, body) != link {
            return Err(self.broken("it is not what was written".into(), None));
        }
        let kind = serde_json::from_slice(body).map_err(|_| {
            self.broken("this Shipway does not know this kind of event".into(), None)
        })?;
        self.link = link;
        self.standing = self.standing.after(&kind);
        self.events.push(Event {
            seq: follows,
            at: Timestamp(at),
            kind,
        });
        Ok(())
    }
}
