//! The journal's promises, against the file itself: what was written is what is read, or an error says what is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod embedded_world;

use embedded_world::{plan, release, step, work};
use fs_err as fs;
use rusqlite::Connection;
use shipway_core::plan::Repeat;
use shipway_core::{Event, EventKind, Plan, PlanId, Timestamp};
use shipway_engine::journal::{Appended, Durability, Entered, FORMAT, Standing};
use shipway_engine::{Journal, JournalError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

const AT: Timestamp = Timestamp(1_000);

fn event(seq: u64, at: i64, kind: EventKind) -> Event {
    Event {
        seq,
        at: Timestamp(at),
        kind,
    }
}

fn started() -> EventKind {
    EventKind::Started {
        by: "ann".into(),
        host: "here".into(),
        shipway: "0.1.0".into(),
    }
}

fn paused(why: &str) -> EventKind {
    EventKind::Paused { why: why.into() }
}

fn intent(plan: &Plan) -> EventKind {
    let shipway_core::plan::Action::Publish(publish) = &plan.steps[2].action else {
        panic!("step 3 publishes");
    };
    let shipway_core::plan::Items::Fixed(items) = &publish.items else {
        panic!("its items are fixed");
    };
    EventKind::Intent {
        step: plan.steps[2].id.clone(),
        item: items[0].name.clone(),
        digest: items[0].digest.clone(),
    }
}

/// A journal with one run of four events, closed.
fn written(dir: &Path) -> (PathBuf, PlanId, Vec<Event>) {
    let path = dir.join("state/journal.db");
    let mut journal = Journal::open(&path).unwrap();
    let plan = plan("1.0.0", vec![step("check", &[], work(Repeat::Safe))]);
    assert_eq!(
        journal
            .enter(&plan, "/home/ann/example", &event(1, 5_000, started()))
            .unwrap(),
        Entered::New
    );
    let events = vec![
        event(1, 5_000, started()),
        event(2, 9_000, paused("lunch")),
        // The clock went back: the number orders, the time is kept as it was given.
        event(3, 2_000, paused("tea, and then some more of it")),
        event(4, 2_500, paused("home")),
    ];
    for (one, durability) in
        events[1..]
            .iter()
            .zip([Durability::System, Durability::System, Durability::Disk])
    {
        let one = std::slice::from_ref(one);
        assert_eq!(
            journal.append(&plan.id(), one, durability, None).unwrap(),
            Appended::Done
        );
    }
    (path, plan.id(), events)
}

fn read(path: &Path, id: &PlanId) -> Result<Vec<Event>, JournalError> {
    let mut journal = Journal::open(path)?;
    let listed = journal.list()?;
    assert!(
        listed.iter().any(|one| one.entry.id == *id),
        "the list is short of a run"
    );
    assert_eq!(listed[0].standing, Standing::Open);
    assert_eq!(listed[0].entry.repository, "/home/ann/example");
    Ok(journal.record(id)?.events)
}

#[test]
fn what_was_appended_is_read_in_order_of_its_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (path, id, events) = written(dir.path());
    assert_eq!(read(&path, &id).unwrap(), events);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let open = Journal::open(&path).unwrap();
    open.list().unwrap();
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
}

#[test]
fn every_flipped_byte_is_noticed_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, id, events) = written(dir.path());
    let good = fs::read(&path).unwrap();
    let copy = dir.path().join("copy/journal.db");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    let needle = b"tea, and then some more of it";
    let body = good
        .windows(needle.len())
        .position(|part| part == needle)
        .unwrap();
    // The plan's text is long and under one digest: a part of it will do.
    let plan = good
        .windows(10)
        .position(|part| part == b"{\"format\":")
        .unwrap();
    let long = plan + 100..plan + 900;
    let (mut tried, mut noticed) = (0, 0);
    for (at, byte) in good.iter().enumerate() {
        // Zeros are free space but for a few; their neighbours are tried.
        if *byte == 0 && good.get(at.wrapping_sub(1)).is_none_or(|byte| *byte == 0) {
            continue;
        }
        if long.contains(&at) && at % 16 != 0 {
            continue;
        }
        let mut bad = good.clone();
        bad[at] ^= 0x04;
        fs::write(&copy, &bad).unwrap();
        for beside in ["db-wal", "db-shm"] {
            let _ = fs::remove_file(copy.with_extension(beside));
        }
        tried += 1;
        match read(&copy, &id) {
            Ok(read) => assert_eq!(read, events, "byte {at}"),
            Err(error) => {
                noticed += 1;
                if (body..body + needle.len()).contains(&at) {
                    let JournalError::Broken { run, trusted, .. } = &error else {
                        panic!("byte {at}: {error:?}");
                    };
                    assert_eq!((run, *trusted), (&id, 2));
                    assert!(
                        error
                            .hint()
                            .unwrap()
                            .contains("events 1 to 2 can be trusted")
                    );
                    assert!(error.to_string().contains("at event 3"), "{error}");
                }
                assert!(
                    !matches!(error, JournalError::NoRun(_) | JournalError::Busy(_)),
                    "byte {at}: {error:?}"
                );
            }
        }
    }
    assert!(tried > 1_000 && noticed * 2 > tried, "{noticed} of {tried}");
}

/// Changes the closed database as an editor would, and reads it.
fn after_edit(sql: &str) -> JournalError {
    let dir = tempfile::tempdir().unwrap();
    let (path, id, _) = written(dir.path());
    let db = Connection::open(&path).unwrap();
    assert!(db.execute_batch(sql).is_ok(), "{sql}");
    assert!(db.changes() > 0, "{sql}");
    drop(db);
    read(&path, &id).expect_err(sql)
}

#[test]
fn edits_are_noticed_and_the_trusted_part_is_named() {
    for (sql, last_trusted) in [
        ("DELETE FROM events WHERE seq = 4", 3),
        ("DELETE FROM events WHERE seq = 1", 0),
        ("UPDATE events SET at = at + 1 WHERE seq = 3", 2),
        (
            "UPDATE events SET body = replace(body, 'home', 'here') WHERE seq = 4",
            3,
        ),
        ("UPDATE events SET seq = 9 WHERE seq = 2", 1),
        (
            "INSERT INTO events SELECT run, 5, at, body, link FROM events WHERE seq = 4",
            4,
        ),
        ("UPDATE heads SET seq = 3", 4),
        ("DELETE FROM heads", 4),
        (
            "UPDATE plans SET json = CAST(replace(json, '1.0.0', '1.0.1') AS BLOB)",
            0,
        ),
        ("DELETE FROM plans", 0),
    ] {
        match after_edit(sql) {
            JournalError::Broken { trusted, .. } => assert_eq!(trusted, last_trusted, "{sql}"),
            // The list of all runs reads the heads first.
            JournalError::Damaged { .. } => assert!(sql.contains("heads"), "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
    for sql in [
        "DELETE FROM runs",
        "UPDATE runs SET version = '2.0.0'",
        "UPDATE runs SET repository = '/elsewhere'",
        "UPDATE meta SET runs = 2",
    ] {
        assert!(
            matches!(after_edit(sql), JournalError::Damaged { .. }),
            "{sql}"
        );
    }
}

#[test]
fn a_head_that_was_set_back_with_its_tail_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, id, _) = written(dir.path());
    let db = Connection::open(&path).unwrap();
    // The link of event 3 is right, the mark over the head is not.
    db.execute_batch(
        "DELETE FROM events WHERE seq = 4;
         UPDATE heads SET seq = 3, link = (SELECT link FROM events WHERE seq = 3);",
    )
    .unwrap();
    drop(db);
    let error = Journal::open(&path).unwrap().record(&id).unwrap_err();
    assert!(
        matches!(error, JournalError::Broken { trusted: 3, .. }),
        "{error:?}"
    );
}

#[test]
fn a_newer_format_and_a_foreign_file_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _, _) = written(dir.path());
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Newer { found, .. }) if found == FORMAT + 1
    ));
    assert_eq!(fs::read(&path).unwrap(), before);

    let other = dir.path().join("other.db");
    let db = Connection::open(&other).unwrap();
    db.execute_batch("CREATE TABLE theirs(x); PRAGMA user_version = 1;")
        .unwrap();
    drop(db);
    let before = fs::read(&other).unwrap();
    assert!(matches!(
        Journal::open(&other),
        Err(JournalError::Foreign(_))
    ));
    assert_eq!(fs::read(&other).unwrap(), before);

    let text = dir.path().join("notes.txt");
    let words = "not a database at all, but long enough to look at. ".repeat(20);
    fs::write(&text, &words).unwrap();
    assert!(matches!(
        Journal::open(&text),
        Err(JournalError::Foreign(_))
    ));
    assert_eq!(fs::read_to_string(&text).unwrap(), words);
}

#[test]
fn writers_that_are_behind_hear_what_came_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let plan = release("1.0.0");
    let id = plan.id();
    let mut journal = Journal::open(&path).unwrap();
    journal
        .enter(&plan, "here", &event(1, 1, started()))
        .unwrap();
    let (writers, each) = (4, 25);
    let barrier = Barrier::new(writers);
    thread::scope(|scope| {
        for writer in 0..writers {
            let (path, id, barrier) = (&path, &id, &barrier);
            scope.spawn(move || {
                let mut journal = Journal::open(path).unwrap();
                let mut seen = 1;
                barrier.wait();
                for number in 0..each {
                    loop {
                        let mine = event(seen + 1, 7, paused(&format!("{writer}/{number}")));
                        let mine = std::slice::from_ref(&mine);
                        match journal.append(id, mine, Durability::System, None).unwrap() {
                            Appended::Done => break seen += 1,
                            Appended::Behind(others) => {
                                assert_eq!(others[0].seq, seen + 1);
                                seen += others.len() as u64;
                            }
                        }
                    }
                }
            });
        }
    });
    let events = journal.record(&id).unwrap().events;
    assert_eq!(events.len(), 1 + writers * each);
    for writer in 0..writers {
        let own = events.iter().filter_map(|event| match &event.kind {
            EventKind::Paused { why } => why.strip_prefix(&format!("{writer}/")),
            _ => None,
        });
        let expected: Vec<String> = (0..each).map(|number| number.to_string()).collect();
        assert_eq!(
            own.collect::<Vec<_>>(),
            expected,
            "each writer's own order is kept"
        );
    }
}

#[test]
fn the_first_intent_binds_the_version_until_it_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let first = release("1.0.0");
    let second = Plan {
        notes: "from another commit".into(),
        ..release("1.0.0")
    };
    let other_version = release("1.0.1");
    for plan in [&first, &second, &other_version] {
        journal
            .enter(plan, "here", &event(1, 1, started()))
            .unwrap();
    }
    let begin = |journal: &mut Journal, plan: &Plan| {
        let intent = [event(2, 2, intent(plan))];
        journal.append(&plan.id(), &intent, Durability::Disk, None)
    };
    assert_eq!(begin(&mut journal, &second).unwrap(), Appended::Done);
    assert_eq!(begin(&mut journal, &other_version).unwrap(), Appended::Done);
    match begin(&mut journal, &first) {
        Err(JournalError::VersionTaken { ours, theirs, .. }) => {
            assert_eq!((ours, theirs), (first.id(), second.id()));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        journal.acquire(&first.id(), "here", AT),
        Err(JournalError::VersionTaken { .. })
    ));
    let third = Plan {
        notes: "once more".into(),
        ..release("1.0.0")
    };
    assert!(matches!(
        journal.enter(&third, "here", &event(1, 1, started())),
        Err(JournalError::VersionTaken { .. })
    ));
    assert_eq!(
        journal
            .enter(&second, "here", &event(1, 1, started()))
            .unwrap(),
        Entered::Joined
    );
    // A refusal wrote nothing and broke nothing.
    assert_eq!(journal.seq(&first.id()).unwrap(), 1);

    let end = shipway_core::event::End::RolledBack;
    let back = [event(3, 3, EventKind::Finished { end })];
    journal
        .append(&second.id(), &back, Durability::Disk, None)
        .unwrap();
    assert_eq!(begin(&mut journal, &first).unwrap(), Appended::Done);
    let standings: Vec<Standing> = journal
        .list()
        .unwrap()
        .iter()
        .map(|one| one.standing)
        .collect();
    assert_eq!(
        standings,
        [Standing::Bound, Standing::RolledBack, Standing::Bound]
    );
}

#[test]
fn a_version_is_withdrawn_by_one_run_beside_the_one_that_released_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let released = release("1.0.0");
    let withdrawal = |why: &str| Plan {
        flow: shipway_core::plan::WITHDRAW.to_owned(),
        because: vec![why.to_owned()],
        ..release("1.0.0")
    };
    let (first, second) = (withdrawal("one"), withdrawal("two"));
    let enter =
        |journal: &mut Journal, plan: &Plan| journal.enter(plan, "here", &event(1, 1, started()));
    let begin = |journal: &mut Journal, plan: &Plan| {
        let intent = [event(2, 2, intent(plan))];
        journal.append(&plan.id(), &intent, Durability::Disk, None)
    };
    for plan in [&released, &first] {
        enter(&mut journal, plan).unwrap();
        assert_eq!(begin(&mut journal, plan).unwrap(), Appended::Done);
    }
    assert!(journal.acquire(&first.id(), "here", AT).is_ok());
    match enter(&mut journal, &second) {
        Err(JournalError::VersionTaken { ours, theirs, .. }) => {
            assert_eq!((ours, theirs), (second.id(), first.id()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(journal.list().unwrap().len(), 2, "a refusal enters nothing");
    let again = Plan {
        notes: "again".into(),
        ..release("1.0.0")
    };
    assert!(matches!(
        enter(&mut journal, &again),
        Err(JournalError::VersionTaken { .. })
    ));
}

#[test]
fn a_lease_keeps_others_out_and_a_lost_one_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (plan, sibling) = (release("1.0.0"), release("1.0.1"));
    let id = plan.id();
    let mut ours = Journal::open(&path).unwrap();
    let mut theirs = Journal::open(&path).unwrap();
    ours.enter(&plan, "here", &event(1, 1, started())).unwrap();
    ours.enter(&sibling, "here", &event(1, 1, started()))
        .unwrap();
    let lease = ours.acquire(&id, "laptop", Timestamp(77)).unwrap();
    for run in [&id, &sibling.id()] {
        // The line is what is leased: another version of it has to wait too.
        let error = theirs.acquire(run, "server", AT).unwrap_err();
        let JournalError::Held(holder) = &error else {
            panic!("{error:?}");
        };
        assert_eq!((&holder.run, holder.pid), (&id, std::process::id()));
        assert_eq!(
            (holder.host.as_str(), holder.since),
            ("laptop", Timestamp(77))
        );
        assert!(error.hint().unwrap().contains("stop process"), "{error}");
    }
    assert_eq!(
        theirs.driver(&id).unwrap().map(|holder| holder.pid),
        Some(std::process::id())
    );
    let first = [event(2, 1, paused("soon"))];
    ours.append(&id, &first, Durability::Disk, Some(&lease))
        .unwrap();

    // Somebody removes the lock file: the number in the journal still keeps the old holder from writing.
    fs::remove_dir_all(path.with_extension("locks")).unwrap();
    let newer = theirs.acquire(&id, "server", AT).unwrap();
    let second = [event(3, 1, paused("late"))];
    assert!(matches!(
        ours.append(&id, &second, Durability::Disk, Some(&lease)),
        Err(JournalError::Fenced { ours: 1, theirs: 2 })
    ));
    assert_eq!(ours.seq(&id).unwrap(), 2);
    theirs
        .append(&id, &second, Durability::Disk, Some(&newer))
        .unwrap();
    drop(newer);
    assert_eq!(ours.driver(&id).unwrap(), None);
    ours.acquire(&id, "laptop", AT).unwrap();
}

#[test]
fn the_reserve_is_kept_and_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal.db")).unwrap();
    let reserve = dir.path().join("journal.reserve");
    journal.reserve().unwrap();
    journal.reserve().unwrap();
    assert_eq!(fs::metadata(&reserve).unwrap().len(), 1 << 20);
    journal.spend_reserve().unwrap();
    assert!(!reserve.exists());
    journal.spend_reserve().unwrap();
}

#[test]
fn several_that_find_no_journal_make_one_together() {
    for _ in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state").join("journal.db");
        let together = Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    together.wait();
                    let runs = Journal::open(&path).and_then(|journal| journal.list());
                    assert_eq!(runs.unwrap(), []);
                });
            }
        });
    }
}
