//! The disk itself: what it keeps, what it loses and how it fails, seen through plain SQLite.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it made it"
)]

use rusqlite::{Connection, ErrorCode, OpenFlags};
use shipway_testkit_vfs::{FaultyVfs, NotRegistered};
use std::path::Path;

fn open(path: &Path, vfs: FaultyVfs) -> Connection {
    let db = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs.name()).unwrap();
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .unwrap();
    db
}

fn count(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
}

fn add(db: &Connection) -> rusqlite::Result<usize> {
    db.execute("INSERT INTO t(x) VALUES (randomblob(900))", [])
}

#[test]
fn what_was_flushed_stays_and_what_was_not_may_go() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = FaultyVfs::register("keeps").unwrap();
    assert_eq!(FaultyVfs::register("keeps").err(), Some(NotRegistered));
    let db = open(&dir.path().join("a.db"), vfs);
    db.execute_batch("CREATE TABLE t(x)").unwrap();
    add(&db).unwrap();
    db.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    add(&db).unwrap();
    assert_eq!(count(&db).unwrap(), 2);
    let mut seen = [0; 3];
    for seed in 0..40 {
        let image = dir.path().join(format!("image-{seed}"));
        vfs.power_loss_image(&image, seed).unwrap();
        let there = count(&Connection::open(image.join("a.db")).unwrap()).unwrap();
        seen[usize::try_from(there).unwrap()] += 1;
        match seed {
            0 => assert_eq!(there, 1, "what was not flushed is gone"),
            1 => assert_eq!(there, 2, "everything happened to be written"),
            _ => assert!(there >= 1, "what was flushed stays"),
        }
    }
    assert!(seen[1] > 1, "{seen:?}");
}

#[test]
fn a_second_connection_sees_what_the_first_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = FaultyVfs::register("shared").unwrap();
    let path = dir.path().join("a.db");
    let one = open(&path, vfs);
    one.execute_batch("CREATE TABLE t(x)").unwrap();
    let two = open(&path, vfs);
    add(&two).unwrap();
    assert_eq!(count(&one).unwrap(), 1);
    drop((one, two));
    // The log was copied back and deleted; the image has it all.
    vfs.power_loss_image(&dir.path().join("image"), 0).unwrap();
    let image = Connection::open(dir.path().join("image/a.db")).unwrap();
    assert_eq!(count(&image).unwrap(), 1);
}

#[test]
fn a_flush_fails_once_and_loses_what_it_was_for() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = FaultyVfs::register("unsynced").unwrap();
    let db = open(&dir.path().join("a.db"), vfs);
    db.execute_batch("CREATE TABLE t(x)").unwrap();
    vfs.fail_sync_at(2);
    add(&db).unwrap();
    assert!(vfs.has_failure_ahead());
    let error = add(&db).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    assert!(!vfs.has_failure_ahead());
    let image = dir.path().join("image");
    vfs.power_loss_image(&image, 1).unwrap();
    assert_eq!(
        count(&Connection::open(image.join("a.db")).unwrap()).unwrap(),
        1
    );
}

#[test]
fn the_disk_is_full_after_so_many_bytes_until_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = FaultyVfs::register("full").unwrap();
    let db = open(&dir.path().join("a.db"), vfs);
    db.execute_batch("CREATE TABLE t(x)").unwrap();
    vfs.full_after(10_000);
    let error = (0..100).find_map(|_| add(&db).err()).unwrap();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
    let before = count(&db).unwrap();
    vfs.heal();
    add(&db).unwrap();
    assert_eq!(count(&db).unwrap(), before + 1);
}

#[test]
fn each_flush_can_be_the_moment_of_the_loss() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = FaultyVfs::register("moments").unwrap();
    let db = open(&dir.path().join("a.db"), vfs);
    db.execute_batch("CREATE TABLE t(x)").unwrap();
    vfs.keep_syncs();
    for _ in 0..3 {
        add(&db).unwrap();
    }
    assert_eq!(vfs.syncs(), 3);
    for n in 0..3 {
        let image = dir.path().join(format!("image-{n}"));
        vfs.power_loss_image_at_sync(n, &image, 0).unwrap();
        let there = count(&Connection::open(image.join("a.db")).unwrap()).unwrap();
        assert_eq!(usize::try_from(there).unwrap(), n);
    }
    assert!(vfs.power_loss_image_at_sync(3, dir.path(), 0).is_err());
}
