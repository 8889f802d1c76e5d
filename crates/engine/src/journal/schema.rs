//! How the database is opened, made and recognised.

use super::{FORMAT, JournalError};
use crate::chain::Link;
use fs_err as fs;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "Shwy" in the header of the file, so that `file` and other programs can tell what it is.
const APPLICATION: i64 = 0x5368_7779;
/// The first SQLite whose write-ahead log cannot lose a commit when it starts over (its own release notes).
const SQLITE: i32 = 3_051_003;
/// How long one writer waits for another.
const PATIENCE: Duration = Duration::from_secs(10);
/// The link before the first run.
pub(super) const NO_RUN: Link = [0; 32];

/// `meta` holds the number of runs and the last of their links; `runs` and `plans` never change; `heads` has the last link
/// of each run's events. Neither `plans` nor `runs` is touched by an append: a plan is large.
const TABLES: &str = "
CREATE TABLE meta(
    one INTEGER PRIMARY KEY CHECK (one = 1), runs INTEGER NOT NULL, link BLOB NOT NULL
) STRICT;
CREATE TABLE runs(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, project TEXT NOT NULL, line TEXT NOT NULL,
    version TEXT NOT NULL, repository TEXT NOT NULL, started INTEGER NOT NULL, link BLOB NOT NULL
) STRICT;
CREATE TABLE plans(run INTEGER PRIMARY KEY, json BLOB NOT NULL) STRICT;
CREATE TABLE heads(
    run INTEGER PRIMARY KEY, seq INTEGER NOT NULL, link BLOB NOT NULL, standing TEXT NOT NULL,
    mark BLOB NOT NULL
) STRICT;
CREATE TABLE events(
    run INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
    link BLOB NOT NULL, PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases(
    project TEXT NOT NULL, line TEXT NOT NULL, run TEXT NOT NULL, fence INTEGER NOT NULL,
    pid INTEGER NOT NULL, host TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (project, line)
) STRICT, WITHOUT ROWID;
";

pub(super) fn open(path: &Path, vfs: Option<&str>) -> Result<Connection, JournalError> {
    if rusqlite::version_number() < SQLITE {
        return Err(JournalError::OldSqlite {
            found: rusqlite::version().to_owned(),
        });
    }
    let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let is_new = !path.exists();
    if is_new {
        make_private_dir(&dir)?;
    }
    let of = |error| JournalError::of(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(of)?;
    db.busy_timeout(PATIENCE).map_err(of)?;
    db.set_prepared_statement_cache_capacity(32);
    let mut found = Found::read(&db, path)?;
    // Of several processes that find nothing, one makes the journal, and the others find it made.
    let making = match found {
        Found::Ours => None,
        Found::Empty => {
            let lock = fs::File::create(path.with_extension("making"))?;
            lock.file().lock()?;
            found = Found::read(&db, path)?;
            Some(lock)
        }
    };
    if path.exists() {
        // By name: to open and close the file here would take away the locks of every other connection in this process.
        // SQLite gives the files beside it the same mode.
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    set_up(&db, path)?;
    if found == Found::Empty {
        create(&db, path)?;
    }
    if let Some(lock) = making {
        // Whoever waits for it still finds the journal made.
        let _ = fs::remove_file(lock.path());
    }
    if is_new && path.exists() {
        fs::File::open(if dir.as_os_str().is_empty() {
            ".".into()
        } else {
            dir
        })?
        .sync_all()?;
    }
    Ok(db)
}

#[derive(PartialEq, Eq)]
enum Found {
    Empty,
    Ours,
}

impl Found {
    /// Looks at the header, and refuses what is not ours before anything is changed.
    fn read(db: &Connection, path: &Path) -> Result<Self, JournalError> {
        let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
        let read = || -> rusqlite::Result<(i64, i64, i64)> {
            // One look: another process may be making the journal at this very moment.
            let look = Transaction::new_unchecked(db, TransactionBehavior::Deferred)?;
            let seen = (
                number("PRAGMA application_id")?,
                number("PRAGMA user_version")?,
                number("SELECT count(*) FROM sqlite_schema")?,
            );
            look.commit()?;
            Ok(seen)
        };
        match read().map_err(|error| JournalError::of(path, error))? {
            (0, 0, 0) => Ok(Self::Empty),
            (APPLICATION, FORMAT, _) => Ok(Self::Ours),
            (APPLICATION, found, _) if found > FORMAT => Err(JournalError::Newer {
                path: path.to_owned(),
                found,
                ours: FORMAT,
            }),
            (APPLICATION, _, _) => Err(JournalError::Damaged {
                path: path.to_owned(),
                what: "its format number is none that ever was".into(),
                source: None,
            }),
            _ => Err(JournalError::Foreign(path.to_owned())),
        }
    }
}

fn set_up(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let of = |error| JournalError::of(path, error);
    let mode: String = db
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(of)?;
    if mode != "wal" {
        return Err(JournalError::Damaged {
            path: path.to_owned(),
            what: format!(
                "its file system has no room for a write-ahead log (SQLite says {mode:?})"
            ),
            source: None,
        });
    }
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )
    .map_err(of)
}

fn create(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let make = || -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        // Another process may have been faster.
        if tables == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.execute(
                "INSERT INTO meta(one, runs, link) VALUES (1, 0, ?1)",
                params![NO_RUN],
            )?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
        }
        transaction.commit()
    };
    make().map_err(|error| JournalError::of(path, error))
}

/// Makes the directory and all above it that are missing; what is made is for its owner only.
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if dir.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

impl JournalError {
    /// What an error of SQLite means here. Decided by its result code.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path: PathBuf = path.to_owned();
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy(path),
            Some(Code::DiskFull) => Self::Full(path),
            Some(Code::NotADatabase) => Self::Foreign(path),
            Some(
                Code::SystemIoFailure
                | Code::OutOfMemory
                | Code::CannotOpen
                | Code::PermissionDenied
                | Code::ReadOnly
                | Code::FileLockingProtocolFailed
                | Code::ApiMisuse,
            ) => Self::Database(path, Box::new(error)),
            // A value of a type that was never written, a table that is gone, a page that makes no sense.
            _ => Self::Damaged {
                path,
                what: "its content is not what was written".into(),
                source: Some(Box::new(error)),
            },
        }
    }
}
