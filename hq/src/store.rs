//! The database: the only module of `hq` that says SQL.
//!
//! One SQLite file with one writing connection behind a mutex and a bounded
//! set of reading ones. Callers work inside [`Store::write`] and
//! [`Store::read`], which are transactions; what they may ask for is spread
//! over the submodules by what it is about. Every call blocks: async code
//! goes through `spawn_blocking`.

mod journal;
mod lanes;
mod people;
mod reference;
mod sales;
mod schema;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use journal::{Alarm, AlarmKind, EventRow, JournalHead, QuarantinedEvent};
pub use lanes::{CodeRow, LaneEpoch, LaneRow};
pub use people::PersonRow;
pub use reference::{ChangeRow, Kind, Put, price_key};
pub use sales::SalesRange;

/// The database's name within the data directory.
pub const FILE_NAME: &str = "hq.db";

/// SQLite before 3.51.3 can corrupt a WAL file that two connections use at
/// one moment.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// "GTHQ": says that a file is ours.
const APPLICATION_ID: i32 = 0x4754_4851;

/// Reading connections at most.
const READERS_MAX: usize = 4;

/// How long a statement waits for a lock. Only a checkpoint can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The WAL file is cut back to this many bytes when it is reset.
const WAL_BYTES_KEPT: i64 = 64 << 20;

/// Why a database file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The linked SQLite has a known corruption bug.
    #[error("open {path}: SQLite {found} is linked, 3.51.3 or later is needed", path = path.display())]
    SqliteTooOld {
        /// The file.
        path: PathBuf,
        /// SQLite's version.
        found: &'static str,
    },
    /// The file is a database of something else.
    #[error("open {path}: this is not a Guitai HQ database (application id {found:#x}); nothing was changed", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        found: i32,
    },
    /// The file was written by a newer program.
    #[error("open {path}: it was written by a newer hq (schema {found}, this program knows up to {known}); use that program", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i32,
        /// The newest one that this program knows.
        known: i32,
    },
    /// SQLite refused.
    #[error("open {path}", path = path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused: disk full, file damaged, constraint broken.
    #[error("use the database")]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds what this program never writes.
    #[error("read a row of {table}: {reason}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        reason: String,
    },
}

/// The database of HQ.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Readers>,
    reader_returned: Condvar,
}

struct Readers {
    idle: Vec<Connection>,
    opened: usize,
}

/// What can be asked inside a transaction.
pub struct Reading<'c> {
    connection: &'c Connection,
}

/// What can be asked and changed inside a writing transaction.
pub struct Writing<'c> {
    reading: Reading<'c>,
}

impl<'c> Deref for Writing<'c> {
    type Target = Reading<'c>;
    fn deref(&self) -> &Reading<'c> {
        &self.reading
    }
}

impl Store {
    /// Opens the database file, making it when it does not exist.
    ///
    /// The caller holds the data directory's lock: one process per file.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(OpenError::SqliteTooOld { path: path.to_owned(), found: rusqlite::version() });
        }
        let mut writer = Connection::open(path).map_err(sqlite)?;
        refuse_foreign(&writer, path)?;
        writer.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        writer.set_prepared_statement_cache_capacity(64);
        writer
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON;
                 PRAGMA trusted_schema = OFF;
                 PRAGMA cell_size_check = ON;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA cache_size = -65536;
                 PRAGMA journal_size_limit = {WAL_BYTES_KEPT};"
            ))
            .map_err(sqlite)?;
        schema::migrate(&mut writer, APPLICATION_ID).map_err(sqlite)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::new(Readers { idle: Vec::new(), opened: 0 }),
            reader_returned: Condvar::new(),
        })
    }

    /// Runs `change` in the one writing transaction; an error or a panic
    /// leaves no trace. When this returns the change is on the disk.
    pub fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // A panic inside rolled its transaction back: the connection is good.
        let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let done = change(&Writing { reading: Reading { connection: &transaction } })?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// Runs `ask` on one consistent state of the database.
    pub fn read<T, E: From<StoreError>>(
        &self,
        ask: impl FnOnce(&Reading<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lent = self.lend_reader()?;
        let connection = lent.connection.as_mut().ok_or(StoreError::Row {
            table: "no table",
            reason: "a reading connection was returned twice".into(),
        })?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let answer = ask(&Reading { connection: &transaction })?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(answer)
    }

    /// Moves the WAL into the database and empties it: after a large import,
    /// which leaves one as large as itself.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend_reader(&self) -> Result<LentReader<'_>, StoreError> {
        let mut readers = self.readers();
        loop {
            if let Some(connection) = readers.idle.pop() {
                return Ok(LentReader { store: self, connection: Some(connection) });
            }
            if readers.opened < READERS_MAX {
                let connection = self.open_reader()?;
                readers.opened += 1;
                return Ok(LentReader { store: self, connection: Some(connection) });
            }
            readers = self.reader_returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
        Ok(connection)
    }
}

/// A reading connection that goes back when it is dropped.
struct LentReader<'s> {
    store: &'s Store,
    connection: Option<Connection>,
}

impl Drop for LentReader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.store.readers().idle.push(connection);
            self.store.reader_returned.notify_one();
        }
    }
}

/// Looks at a file before anything in it is changed.
fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let ask = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0)).map_err(sqlite)
    };
    let application = ask("application_id")?;
    let schema_version = ask("user_version")?;
    let empty = ask("page_count")? == 0;
    if !empty && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned(), found: application });
    }
    if schema_version > schema::VERSION {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found: schema_version,
            known: schema::VERSION,
        });
    }
    Ok(())
}

/// A count or sequence number as SQLite holds it.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Row {
        table: "any table",
        reason: format!("{number} does not fit into 63 bits"),
    })
}

/// A count or sequence number that SQLite held.
fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::Row { table: "any table", reason: format!("{number} is negative") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_opens_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE_NAME);
        drop(Store::open(&path).expect("a new database"));
        Store::open(&path).expect("the same database");
    }

    #[test]
    fn a_file_of_the_first_version_keeps_its_sales_and_takes_packs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE_NAME);
        let connection = Connection::open(&path).expect("the file");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
        connection.execute_batch(include_str!("../schemas/1.sql")).expect("tables of the first version");
        connection
            .execute_batch(
                "INSERT INTO event VALUES ('S1', 1, 1, 1, x'00', x'00', 0);
                 INSERT INTO sale VALUES ('S1', 1, 1, 1, '2026-03-01', 0, 1, 'u1', 'CNY', 1, 5, 0, 5, 0);
                 INSERT INTO sale_line (store, lane, epoch, seq, position, line, sku, quantity, unit_price, net, tax_rate)
                 VALUES ('S1', 1, 1, 1, 0, 1, '1', 1000, 5, 5, 1300);
                 PRAGMA user_version = 1;",
            )
            .expect("a sale");
        drop(connection);
        drop(Store::open(&path).expect("upgraded"));
        let connection = Connection::open(&path).expect("the file");
        let line = connection
            .query_row("SELECT quantity, unit, factor FROM sale_line", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })
            .expect("the line");
        assert_eq!(line, (1_000, String::new(), 1));
    }

    #[test]
    fn a_foreign_file_and_a_newer_one_are_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = folder.path().join("foreign.db");
        let connection = Connection::open(&foreign).expect("a file");
        connection.execute_batch("CREATE TABLE theirs (x)").expect("a table");
        drop(connection);
        let refusal = Store::open(&foreign).err().expect("a refusal");
        assert!(matches!(refusal, OpenError::Foreign { .. }), "{refusal}");
        assert!(refusal.to_string().contains("foreign.db"));

        let newer = folder.path().join("newer.db");
        drop(Store::open(&newer).expect("a new database"));
        let connection = Connection::open(&newer).expect("the file");
        connection.pragma_update(None, "user_version", 99).expect("a version");
        drop(connection);
        let refusal = Store::open(&newer).err().expect("a refusal");
        assert!(matches!(refusal, OpenError::Newer { found: 99, .. }), "{refusal}");
        assert!(refusal.to_string().contains("newer.db"));
    }

    #[test]
    fn an_error_inside_leaves_no_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join(FILE_NAME)).expect("a database");
        let refused: Result<(), StoreError> = store.write(|writing| {
            writing.put_member("m1", "{}")?;
            Err(StoreError::Row { table: "member", reason: "on purpose".into() })
        });
        assert!(refused.is_err());
        let changed = store.write(|writing| writing.put_member("m1", "{}")).expect("a write");
        assert!(changed, "the member was not there");
    }
}
