//! What the journal promises of the disk: acknowledged records outlive the machine's power, at every flush and whichever of
//! the bytes that were not flushed happen to arrive; and where a flush fails or the disk is full, everything stops before the
//! next effect.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it made it"
)]

mod embedded_world;

use embedded_world::*;
use fs_err as fs;
use rusqlite::ErrorCode;
use shipway_core::event::End;
use shipway_core::run::Rest;
use shipway_core::{Event, EventKind, Plan, Timestamp};
use shipway_engine::journal::{Appended, Durability};
use shipway_engine::{Embedded, Engine, EngineError, Journal, JournalError};
use shipway_testkit_vfs::FaultyVfs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const ALL: [&str; 4] = ["forge/draft", "git/refs", "index/x.tar.gz", "index/x.whl"];

/// A disk of its own: an image holds all files of one.
fn disk() -> FaultyVfs {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    FaultyVfs::register(&format!("power-loss-{number}")).unwrap()
}

fn journal(dir: &Path, vfs: FaultyVfs) -> Journal {
    Journal::open_on(dir.join("state/journal.db"), Some(vfs.name())).unwrap()
}

/// An append: what was flushed when it began and when it returned.
struct Written {
    event: Event,
    durability: Durability,
    began: usize,
    returned: usize,
}

fn events() -> Vec<(Event, Durability)> {
    let who = who();
    let started = EventKind::Started {
        by: who.by,
        host: who.host,
        shipway: who.shipway,
    };
    let long = "x".repeat(9_000);
    let pauses = (0..40).map(|n| EventKind::Paused {
        // Some fill several pages, so that one record is torn in many ways.
        why: if n % 5 == 0 {
            format!("{n} {long}")
        } else {
            format!("{n}")
        },
    });
    std::iter::once(started)
        .chain(pauses)
        .zip(1..)
        .map(|(kind, seq)| {
            let durability = match seq % 3 {
                1 => Durability::Disk,
                _ => Durability::System,
            };
            let at = Timestamp(1_000_000 + i64::try_from(seq).unwrap());
            (Event { seq, at, kind }, durability)
        })
        .collect()
}

/// Writes all events, and closes and opens the journal now and then, which copies the log back.
fn write(
    dir: &Path,
    vfs: FaultyVfs,
    plan: &Plan,
    each: &mut dyn FnMut(&[Written]),
) -> Vec<Written> {
    let mut open = journal(dir, vfs);
    let mut all = Vec::new();
    for (event, durability) in events() {
        if event.seq % 11 == 0 {
            drop(open);
            open = journal(dir, vfs);
        }
        let began = vfs.syncs();
        if event.seq == 1 {
            open.enter(plan, "/home/ann/example", &event).unwrap();
        } else {
            let event = std::slice::from_ref(&event);
            let appended = open.append(&plan.id(), event, durability, None);
            assert_eq!(appended.unwrap(), Appended::Done);
        }
        all.push(Written {
            event,
            durability,
            began,
            returned: vfs.syncs(),
        });
        each(&all);
    }
    all
}

/// What is read is all that was acknowledged, and beyond that some whole records in order; and it can be gone on with.
fn survives(image: &Path, plan: &Plan, acknowledged: usize, begun: &[Written]) -> usize {
    let mut open = Journal::open(image.join("journal.db")).unwrap();
    let there = match open.record(&plan.id()) {
        Ok(record) => record.events,
        // Before the plan itself was acknowledged.
        Err(JournalError::NoRun(_)) if acknowledged == 0 => return 0,
        Err(error) => panic!("{error}, {:?}", std::error::Error::source(&error)),
    };
    assert!(
        there.len() >= acknowledged,
        "{} of {acknowledged} are there",
        there.len()
    );
    let written: Vec<&Event> = begun.iter().map(|one| &one.event).collect();
    assert!(there.len() <= written.len());
    assert!(
        there
            .iter()
            .zip(written)
            .all(|(read, written)| read == written)
    );
    let kind = EventKind::Paused {
        why: "after".into(),
    };
    let next = Event {
        seq: there.len() as u64 + 1,
        at: Timestamp(2),
        kind,
    };
    if !there.is_empty() {
        let appended = open.append(&plan.id(), &[next], Durability::Disk, None);
        assert_eq!(appended.unwrap(), Appended::Done);
    }
    there.len()
}

#[test]
fn acknowledged_records_survive_a_power_loss_at_every_flush() {
    let dir = tempfile::tempdir().unwrap();
    let (vfs, plan) = (disk(), release("1.0.0"));
    vfs.keep_syncs();
    let written = write(dir.path(), vfs, &plan, &mut |_| {});
    assert!(vfs.syncs() > 20);
    let (mut more, mut least) = (0, 0);
    for n in 0..vfs.syncs() {
        // A durable append that returned covers everything before it.
        let acknowledged = written
            .iter()
            .rposition(|one| one.durability == Durability::Disk && one.returned <= n)
            .map_or(0, |last| last + 1);
        let begun = written.iter().take_while(|one| one.began <= n).count();
        for seed in 0..12 {
            let image = dir.path().join(format!("image-{n}-{seed}"));
            vfs.power_loss_image_at_sync(n, &image, seed).unwrap();
            let there = survives(&image, &plan, acknowledged, &written[..begun]);
            if there > acknowledged {
                more += 1;
            } else {
                least += 1;
            }
            fs::remove_dir_all(&image).unwrap();
        }
    }
    assert!(
        more > 0 && least > 0,
        "{more} and {least}: the disk is not what it should be"
    );
}

#[test]
fn between_flushes_a_record_is_whole_or_absent() {
    let dir = tempfile::tempdir().unwrap();
    let (vfs, plan) = (disk(), release("1.0.0"));
    let mut lost = 0;
    write(dir.path(), vfs, &plan, &mut |written| {
        let acknowledged = written
            .iter()
            .rposition(|one| one.durability == Durability::Disk)
            .map_or(0, |last| last + 1);
        let count = written.len() as u64;
        for seed in [0, 1].into_iter().chain(count * 100..count * 100 + 8) {
            let image = dir.path().join(format!("image-{count}-{seed}"));
            vfs.power_loss_image(&image, seed).unwrap();
            let there = survives(&image, &plan, acknowledged, written);
            match seed {
                0 => lost += usize::from(there < written.len()),
                1 => assert_eq!(there, written.len()),
                _ => {}
            }
            fs::remove_dir_all(&image).unwrap();
        }
    });
    assert!(lost > 10, "{lost}: the disk loses too little");
}

/// Every effect so far has its intent among what was flushed.
fn effects_were_intended(image: &Path, plan: &Plan, yard: &Yard) {
    let effects = yard.effects();
    if effects.is_empty() {
        return;
    }
    let events = Journal::open(image.join("journal.db"))
        .unwrap()
        .record(&plan.id())
        .unwrap()
        .events;
    for effect in effects {
        let intended = events.iter().any(|event| {
            matches!(&event.kind, EventKind::Intent { item, .. } if effect.ends_with(&format!("/{item}")))
        });
        assert!(intended, "{effect} has no intent on the disk");
    }
}

/// Each of these happened, and happened once.
fn once_each(yard: &Yard) {
    let mut effects = yard.effects();
    effects.sort();
    assert_eq!(effects, ALL.map(|item| format!("publish {item}")));
}

fn finishes(engine: &Embedded, plan: &Plan, yard: &Yard) {
    let driven = release_it(engine, plan, yard).unwrap();
    assert_eq!(driven.rest, Rest::Ended(End::Released));
    once_each(yard);
}

/// The engine refuses to go on: the same journal takes nothing more, and no effect follows.
fn stays_stopped(engine: &Embedded, plan: &Plan, yard: &Yard) {
    let before = yard.effects();
    let again = drive_in_line(engine, plan, yard);
    assert!(again.is_err(), "{again:?}");
    assert_eq!(yard.effects(), before);
}

#[test]
fn a_failing_flush_stops_before_the_next_effect() {
    let plan = release("1.0.0");
    let mut stopped = 0;
    for n in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let (vfs, yard) = (disk(), Yard::new(&dir.path().join("world")));
        let engine = Embedded::over(journal(dir.path(), vfs));
        start(&engine, &plan);
        vfs.fail_sync_at(n);
        let driven = drive_in_line(&engine, &plan, &yard);
        if vfs.has_failure_ahead() {
            assert_eq!(driven.unwrap().rest, Rest::Ended(End::Released));
            break;
        }
        stopped += 1;
        let error = driven.unwrap_err();
        let EngineError::Journal(JournalError::Database(_, source)) = &error else {
            panic!("{error:?}");
        };
        assert_eq!(source.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
        let image = dir.path().join("image");
        vfs.power_loss_image(&image, 0).unwrap();
        effects_were_intended(&image, &plan, &yard);
        stays_stopped(&engine, &plan, &yard);
        drop(engine);
        // Whether the power goes too or not, the next process finds out and finishes.
        if n % 2 == 0 {
            finishes(&Embedded::over(journal(dir.path(), vfs)), &plan, &yard);
        } else {
            vfs.power_loss_image(&image, n).unwrap();
            finishes(&Embedded::open(&image).unwrap(), &plan, &yard);
        }
    }
    assert!(stopped > 8, "{stopped}");
}

#[test]
fn a_full_disk_stops_before_the_next_effect() {
    let plan = release("1.0.0");
    let mut stopped = 0;
    for room in (0..).step_by(2_900) {
        let dir = tempfile::tempdir().unwrap();
        let (vfs, yard) = (disk(), Yard::new(&dir.path().join("world")));
        let engine = Embedded::over(journal(dir.path(), vfs));
        start(&engine, &plan);
        vfs.full_after(room);
        let driven = drive_in_line(&engine, &plan, &yard);
        match driven {
            Ok(driven) => {
                assert_eq!(driven.rest, Rest::Ended(End::Released));
                break;
            }
            Err(EngineError::Journal(JournalError::Full(_))) => stopped += 1,
            Err(error) => panic!("{error:?}"),
        }
        let image = dir.path().join("image");
        vfs.power_loss_image(&image, 0).unwrap();
        effects_were_intended(&image, &plan, &yard);
        stays_stopped(&engine, &plan, &yard);
        drop(engine);
        vfs.heal();
        if stopped % 2 == 0 {
            finishes(&Embedded::over(journal(dir.path(), vfs)), &plan, &yard);
        } else {
            let image = dir.path().join("later");
            vfs.power_loss_image(&image, room + 2).unwrap();
            finishes(&Embedded::open(&image).unwrap(), &plan, &yard);
        }
    }
    assert!(stopped > 8, "{stopped}");
}

#[test]
fn the_power_goes_at_every_flush_of_a_release() {
    let plan = release("1.0.0");
    for n in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let (vfs, yard) = (disk(), Yard::new(&dir.path().join("world")));
        // From before the journal exists.
        vfs.fail_sync_at(n);
        let begun = Journal::open_on(dir.path().join("state/journal.db"), Some(vfs.name()));
        if let Ok(journal) = begun {
            let engine = Embedded::over(journal);
            if engine.start(&begin(&plan, &who())).is_ok() {
                let _ = drive_in_line(&engine, &plan, &yard);
            }
        }
        if vfs.has_failure_ahead() {
            once_each(&yard);
            break;
        }
        for seed in [n + 1, 0] {
            let image = dir.path().join(format!("image-{seed}"));
            vfs.power_loss_image(&image, seed).unwrap();
            let engine = Embedded::open(&image).unwrap();
            finishes(&engine, &plan, &yard);
        }
    }
}
