//! What happens once writing failed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use super::*;
use crate::embedded::tests::embedded_world::release;
use shipway_core::{Digest, Timestamp};

fn paused(seq: Seq, why: &str) -> [Event; 1] {
    [Event {
        seq,
        at: Timestamp(1),
        kind: EventKind::Paused { why: why.into() },
    }]
}

impl Journal {
    /// From now on no write succeeds.
    pub(crate) fn break_writes(&self) {
        self.db.execute_batch("PRAGMA query_only = ON").unwrap();
    }

    /// From now on the disk is full: the database cannot grow.
    pub(crate) fn fill_disk(&self) {
        let pages: i64 = self
            .db
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        let sql = format!("PRAGMA max_page_count = {pages}");
        self.db.query_row(&sql, [], |_| Ok(())).unwrap();
    }
}

#[test]
fn after_a_failed_write_nothing_is_written_until_it_is_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let plan = release("1.0.0");
    let id = plan.id();
    journal
        .enter(&plan, "here", &paused(1, "first")[0])
        .unwrap();
    journal.break_writes();
    let append =
        |journal: &mut Journal| journal.append(&id, &paused(2, "x"), Durability::Disk, None);
    let failed = append(&mut journal);
    assert!(
        matches!(failed, Err(JournalError::Database(..))),
        "{failed:?}"
    );
    journal.db.execute_batch("PRAGMA query_only = OFF").unwrap();
    assert!(matches!(append(&mut journal), Err(JournalError::Poisoned)));
    assert!(matches!(
        journal.acquire(&id, "here", Timestamp(1)),
        Err(JournalError::Poisoned)
    ));
    assert_eq!(journal.seq(&id).unwrap(), 1, "reading goes on");
    journal.reopen().unwrap();
    assert_eq!(append(&mut journal).unwrap(), Appended::Done);
}

#[test]
fn a_refusal_is_no_failed_write() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let unknown = PlanId(Digest::of(b"unknown"));
    let plan = release("1.0.0");
    journal
        .enter(&plan, "here", &paused(1, "first")[0])
        .unwrap();
    assert!(matches!(
        journal.append(&unknown, &paused(2, "x"), Durability::Disk, None),
        Err(JournalError::NoRun(_))
    ));
    let behind = journal.append(&plan.id(), &paused(5, "x"), Durability::Disk, None);
    assert_eq!(behind.unwrap(), Appended::Behind(vec![]));
    let first = journal.append(&plan.id(), &paused(2, "x"), Durability::Disk, None);
    assert_eq!(first.unwrap(), Appended::Done);
}

#[test]
fn a_full_disk_stops_the_journal_and_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let plan = release("1.0.0");
    let id = plan.id();
    journal
        .enter(&plan, "here", &paused(1, "first")[0])
        .unwrap();
    journal.reserve().unwrap();
    journal
        .append(&id, &paused(2, "x"), Durability::Disk, None)
        .unwrap();
    journal.fill_disk();
    let large = "x".repeat(100_000);
    let full = journal.append(&id, &paused(3, &large), Durability::System, None);
    assert!(matches!(full, Err(JournalError::Full(_))), "{full:?}");
    assert!(matches!(
        journal.append(&id, &paused(3, "y"), Durability::System, None),
        Err(JournalError::Poisoned)
    ));
    assert_eq!(journal.record(&id).unwrap().events.len(), 2);
    journal.spend_reserve().unwrap();
    journal
        .append(&id, &paused(3, "the end"), Durability::Disk, None)
        .unwrap();
    assert_eq!(journal.seq(&id).unwrap(), 3);
}
