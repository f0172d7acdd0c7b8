//! How a database file is opened, and when it is refused.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// SQLite before 3.51.3 can corrupt a WAL file that two connections reset at
/// one moment; older ones are refused.
pub const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How long a statement waits for another connection of the same file.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database file is not opened. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenFileError {
    /// The SQLite that was linked has a known corruption bug.
    #[error(
        "open {file}: SQLite {found} has a known corruption bug, {SQLITE_VERSION_MIN} or later is needed"
    )]
    SqliteTooOld {
        /// Which file.
        file: PathBuf,
        /// `sqlite3_libversion_number`.
        found: i32,
    },
    /// Another process has it open for writing.
    #[error("open {file}: another process is writing it; end that one first")]
    InUse {
        /// Which file.
        file: PathBuf,
    },
    /// It is a database of something else, or no database.
    #[error("open {file}: it is not a {expected} file; move it away, it will not be touched")]
    Foreign {
        /// Which file.
        file: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A newer program wrote it.
    #[error(
        "open {file}: its format {found} is newer than the {known} this program knows; update the program"
    )]
    Newer {
        /// Which file.
        file: PathBuf,
        /// `user_version` found.
        found: i32,
        /// The newest known.
        known: i32,
    },
    /// SQLite found it damaged.
    #[error("open {file}: it is damaged ({reason}); keep the file and call for help, nothing was changed")]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// The file system refused.
    #[error("open {file}")]
    Io {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Any other answer of SQLite.
    #[error("open {file}")]
    Sqlite {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// Who opens a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opener {
    Writer,
    Reader,
}

/// What makes a kind of file recognisable.
pub(crate) struct Kind {
    /// What people call it.
    pub name: &'static str,
    /// `PRAGMA application_id`.
    pub application_id: i32,
    /// `PRAGMA user_version` that this program writes.
    pub version: i32,
    /// Makes an empty file into one of this kind.
    pub schema: &'static str,
    /// Makes a file of version 1, 2, ... into one of the next: one fewer than
    /// there are versions.
    pub upgrades: &'static [&'static str],
}

/// A disk that a trial made, known to SQLite as a VFS: nothing but the
/// database lies on it, so there is no lock, no owner and no reserve. No
/// program that is shipped names it.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The VFS.
    pub vfs: &'static str,
    /// The lane's secret key, as its file holds it: no secret on a trial's disk. `None` for a lane that does not sign.
    pub secret: Option<&'static str>,
    /// `PRAGMA synchronous`: `FULL`, but where a trial shows what less loses.
    pub synchronous: &'static str,
    /// How many of the last events have their chain checked at the opening:
    /// [`TAIL_CHECKED`](crate::journal::TAIL_CHECKED), but where a trial shows
    /// what less overlooks.
    pub tail_checked: u64,
}

/// So much of a log is written again at a time.
const LOG_PIECE_BYTES: usize = 1 << 16;

/// Whether SQLite says that the disk is full.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether the disk failed, or what it gave cannot be: after that nobody knows
/// what of the last write is on it, nor what of the machine's cache is.
pub(crate) fn is_disk_fault(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// The one process that writes a file; the lock goes with it.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock that stands beside `database`.
    pub fn take(database: &Path) -> Result<Self, OpenFileError> {
        let path = database.with_extension("lock");
        let io = |source| OpenFileError::Io { file: path.clone(), source };
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenFileError::InUse { file: database.to_owned() }),
            Err(TryLockError::Error(source)) => Err(OpenFileError::Io { file: path, source }),
        }
    }
}

/// Opens a file for its one writer, making it where it does not exist.
pub(crate) fn open_writer(path: &Path, kind: &Kind) -> Result<Connection, OpenFileError> {
    check_library(path)?;
    let io = |source| OpenFileError::Io { file: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    // Created here, so that it is readable by its owner only from the first moment. A file that is there is not
    // opened: whoever closes any handle of a file gives back every lock that his process holds on it (POSIX), and
    // SQLite would go on believing in its own.
    match OpenOptions::new().create_new(true).append(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    keep_private(path);
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| refuse(path, kind, error))?;
    set_up_writer(&connection, kind, "FULL").map_err(|error| refuse(path, kind, error))?;
    check_kind(&connection, path, kind, Opener::Writer)?;
    Ok(connection)
}

/// The same for a file on a trial's disk.
pub(crate) fn open_trial_writer(
    path: &Path,
    kind: &Kind,
    trial: &Trial,
) -> Result<Connection, OpenFileError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, trial.vfs)
        .map_err(|error| refuse(path, kind, error))?;
    set_up_writer(&connection, kind, trial.synchronous).map_err(|error| refuse(path, kind, error))?;
    check_kind(&connection, path, kind, Opener::Writer)?;
    Ok(connection)
}

/// Opens a file to read what its writer commits; `None` while there is none.
pub(crate) fn open_reader(path: &Path, kind: &Kind) -> Result<Option<Connection>, OpenFileError> {
    check_library(path)?;
    if !path.try_exists().map_err(|source| OpenFileError::Io { file: path.to_owned(), source })? {
        return Ok(None);
    }
    open_existing_reader(path, kind, None)
}

/// The same for a file that is there, on this VFS or the machine's own.
pub(crate) fn open_existing_reader(
    path: &Path,
    kind: &Kind,
    vfs: Option<&'static str>,
) -> Result<Option<Connection>, OpenFileError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match vfs {
            None => Connection::open_with_flags(path, flags)?,
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        keep_plans(&connection)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Its writer may be just about to make it.
        let made = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))? > 0;
        Ok((connection, made))
    };
    let (connection, made) = open().map_err(|error| refuse(path, kind, error))?;
    if !made {
        return Ok(None);
    }
    check_kind(&connection, path, kind, Opener::Reader)?;
    Ok(Some(connection))
}

/// A prepared statement stays as it was planned. Otherwise SQLite plans one
/// with `LIMIT ?` anew for every value that is bound, which takes longer than
/// to look an item up.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Writes the bytes of the write-ahead log beside `database` once more, as they
/// are seen, and flushes them; nothing where there is no log.
///
/// After a flush that failed, a log may be in the machine's cache and not on
/// the disk, and the system calls it clean: no later flush would bring it
/// there. Moved into the database like that, the half of it that the medium
/// has would lie over newer pages after a cut of the power. So a start writes
/// the log again before SQLite looks at it; only its one writer may.
pub(crate) fn renew_log(database: &Path) -> std::io::Result<()> {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    let mut log = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(log) => log,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    rewrite_log(&mut log, std::fs::File::sync_all)
}

/// Writes every byte of a log over itself and flushes it: what a start does, on whatever disk. A trial's disk is one too; no
/// program that is shipped names this.
pub fn rewrite_log<L: Read + Write + Seek>(
    log: &mut L,
    flush: impl FnOnce(&L) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut piece = vec![0; LOG_PIECE_BYTES];
    let mut at = 0;
    loop {
        let length = log.read(&mut piece)?;
        if length == 0 {
            break;
        }
        log.seek(SeekFrom::Start(at))?;
        log.write_all(&piece[..length])?;
        at += length as u64;
    }
    flush(log)
}

/// Moves what is in the log into the database and flushes that, so that what a
/// start reads does not hang on the log any more. On a full disk it stays in
/// the log, to which then nothing can be added either.
pub(crate) fn secure_log(connection: &Connection) -> rusqlite::Result<()> {
    unless_full(connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())))
}

/// Puts a small commit in front of whatever lies behind the log's end, so that
/// nothing of it can ever count again.
///
/// Of an act that was cut off a part may lie there: gone, as this start says.
/// Were the next act written over it and cut off as well, what is there of the
/// second could make the first one whole, and what was gone would be back. Each
/// frame's checksum goes on from that of the frame before; after another frame
/// the first act's can never be right.
pub(crate) fn bury_log_end(connection: &Connection, kind: &Kind) -> rusqlite::Result<()> {
    // Written to the first page whether it changes or not.
    unless_full(connection.pragma_update(None, "user_version", kind.version))
}

fn unless_full(done: rusqlite::Result<()>) -> rusqlite::Result<()> {
    match done {
        Err(error) if is_full(&error) => Ok(()),
        done => done,
    }
}

/// Moves the write-ahead log into the database, as far as no reader is in the
/// way, and lets it begin anew in the same file, which neither shrinks nor
/// grows: what is written over needs no second write for the file's length.
/// Waits for no reader. Tells whether all of it was moved.
///
/// The log's new head takes a flush of its own; the small commit at the end
/// pays it here, so that no later one does.
pub(crate) fn turn_log(connection: &Connection, kind: &Kind) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(row.get::<_, i64>(0)? == 0 && row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
    });
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let moved = moved?;
    if moved {
        // Written to the first page whether it changes or not.
        connection.pragma_update(None, "user_version", kind.version)?;
    }
    Ok(moved)
}

/// Moves the WAL into the database and empties it, as far as no reader is in
/// the way; waits for none.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    checkpoint_within(connection, Duration::ZERO).map(drop)
}

/// The same, and waits so long for each reader that is in the way. Tells
/// whether the log is empty now.
pub(crate) fn checkpoint_within(connection: &Connection, wait: Duration) -> rusqlite::Result<bool> {
    connection.busy_timeout(wait)?;
    let done =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    done
}

fn check_library(path: &Path) -> Result<(), OpenFileError> {
    check_library_version(path, rusqlite::version_number())
}

fn check_library_version(path: &Path, found: i32) -> Result<(), OpenFileError> {
    if found < SQLITE_VERSION_MIN {
        return Err(OpenFileError::SqliteTooOld { file: path.to_owned(), found });
    }
    Ok(())
}

fn set_up_writer(connection: &Connection, kind: &Kind, synchronous: &str) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(connection)?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application_id, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = tables == 0 && application_id == 0 && version == 0;
    let ours = application_id == kind.application_id && version <= kind.version;
    if !new && !ours {
        // Not ours, or newer: `check_kind` says so; nothing is changed before.
        return Ok(());
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // After a checkpoint the WAL file shrinks to this many bytes again.
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    for (from, upgrade) in (1..kind.version).zip(kind.upgrades).skip_while(|(from, _)| *from < version) {
        if !new {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {upgrade} PRAGMA user_version = {}; COMMIT;",
                from + 1
            ))?;
        }
    }
    if new {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {} PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;",
            kind.schema, kind.application_id, kind.version
        ))?;
        // So that the file says what it is even without its write-ahead log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

fn check_kind(
    connection: &Connection,
    path: &Path,
    kind: &Kind,
    opener: Opener,
) -> Result<(), OpenFileError> {
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(|error| refuse(path, kind, error))
    };
    if pragma("application_id")? != kind.application_id {
        return Err(OpenFileError::Foreign { file: path.to_owned(), expected: kind.name });
    }
    let found = pragma("user_version")?;
    let knows = found <= kind.version
        || (opener == Opener::Reader && min_reader(connection).is_some_and(|min| min <= kind.version));
    if !knows {
        return Err(OpenFileError::Newer { file: path.to_owned(), found, known: kind.version });
    }
    Ok(())
}

/// The oldest format of programs that may read a newer file, where it says so.
fn min_reader(connection: &Connection) -> Option<i32> {
    connection.query_row("SELECT min_reader FROM compatibility", [], |row| row.get(0)).ok()
}

/// Takes a file's permissions from everybody but its owner, where it has any
/// to take. Who cannot do that finds the file as it was.
pub(crate) fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(meta) = std::fs::metadata(path) else { return };
    if meta.permissions().mode() & 0o077 != 0 {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
}

fn refuse(path: &Path, kind: &Kind, error: rusqlite::Error) -> OpenFileError {
    let file = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenFileError::Foreign { file, expected: kind.name },
        Some(ErrorCode::DatabaseCorrupt) => OpenFileError::Damaged { file, reason: error.to_string() },
        _ => OpenFileError::Sqlite { file, source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_with_the_corruption_bug_is_refused() {
        let path = Path::new("journal.db");
        assert!(check_library(path).is_ok());
        assert!(check_library_version(path, SQLITE_VERSION_MIN).is_ok());
        let refused = check_library_version(path, SQLITE_VERSION_MIN - 1).expect_err("refused");
        assert!(refused.to_string().contains("SQLite 3051002 has a known corruption bug"), "{refused}");
    }
}
