//! SQLite, embedded: one file, one writing connection behind a mutex and a
//! bounded set of reading ones.

mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql};

use super::engine::{Block, Dialect, Engine, Next, Row, Session, Target, Value};
use super::{OpenError, StoreError};

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

/// Statements that a connection keeps ready.
const STATEMENTS_KEPT: usize = 128;

/// A database file.
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Readers>,
    reader_returned: Condvar,
}

struct Readers {
    idle: Vec<Connection>,
    opened: usize,
}

impl Sqlite {
    /// Opens the database file, making it when it does not exist.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(OpenError::SqliteTooOld { path: path.to_owned(), found: rusqlite::version() });
        }
        let mut writer = Connection::open(path).map_err(sqlite)?;
        refuse_foreign(&writer, path)?;
        writer.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        writer.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
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

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend_reader(&self) -> Result<Connection, StoreError> {
        let mut readers = self.readers();
        loop {
            if let Some(connection) = readers.idle.pop() {
                return Ok(connection);
            }
            if readers.opened < READERS_MAX {
                let connection = self.open_reader()?;
                readers.opened += 1;
                return Ok(connection);
            }
            readers = self.reader_returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        // A name as the writing connection takes it, an URI among them.
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
        Ok(connection)
    }
}

impl Engine for Sqlite {
    fn begin_read(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        let session = SqliteSession {
            connection: Held::Reader { of: self, connection: Some(self.lend_reader()?) },
            is_open: true,
        };
        session.connection.get()?.execute_batch("BEGIN DEFERRED")?;
        Ok(Box::new(session))
    }

    fn begin_write(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        // A panic inside rolled its transaction back: the connection is good.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Box::new(SqliteSession { connection: Held::Writer(writer), is_open: true }))
    }

    fn retries_max(&self) -> u32 {
        0
    }

    /// Moves the WAL into the database and empties it: after a large import,
    /// which leaves one as large as itself.
    fn tidy(&self) -> Result<(), StoreError> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

/// A connection for the time of a transaction.
enum Held<'s> {
    Writer(MutexGuard<'s, Connection>),
    Reader { of: &'s Sqlite, connection: Option<Connection> },
}

impl Held<'_> {
    fn get(&self) -> Result<&Connection, StoreError> {
        match self {
            Self::Writer(connection) => Ok(connection),
            Self::Reader { connection, .. } => connection.as_ref().ok_or(StoreError::Row {
                table: "no table",
                reason: "a reading connection was returned twice".into(),
            }),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        match self {
            Self::Writer(_) => {}
            Self::Reader { of, connection } => {
                if let Some(connection) = connection.take() {
                    of.readers().idle.push(connection);
                    of.reader_returned.notify_one();
                }
            }
        }
    }
}

struct SqliteSession<'s> {
    connection: Held<'s>,
    is_open: bool,
}

impl Drop for SqliteSession<'_> {
    fn drop(&mut self) {
        if self.is_open
            && let Ok(connection) = self.connection.get()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            // SQLite rolls some transactions back by itself, a full disk's among them.
            tracing::debug!(%error, "nothing to roll back");
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Int(None) | Self::Text(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn bind(statement: &mut CachedStatement<'_>, from: usize, values: &[Value<'_>]) -> rusqlite::Result<()> {
    for (index, value) in (from..).zip(values) {
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

/// `INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT ...`.
fn insert_text(target: &Target) -> String {
    let names: Vec<&str> = target.same.iter().chain(target.columns).copied().collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({}) {}",
        target.table,
        names.join(", "),
        places.join(", "),
        target.conflict
    )
}

impl Session for SqliteSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.connection.get()?.prepare_cached(sql)?;
        bind(&mut statement, 1, values)?;
        Ok(statement.raw_execute()? as u64)
    }

    fn query(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&dyn Row) -> Result<Next, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.get()?.prepare_cached(sql)?;
        bind(&mut statement, 1, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if take(&SqliteRow(row))? == Next::Stop {
                break;
            }
        }
        Ok(())
    }

    fn insert(&self, block: &Block<'_>) -> Result<Vec<usize>, StoreError> {
        let mut statement = self.connection.get()?.prepare_cached(&insert_text(block.target))?;
        bind(&mut statement, 1, block.same)?;
        let mut new = Vec::new();
        for row in 0..block.len() {
            for (index, column) in (block.same.len() + 1..).zip(block.columns) {
                // A column that is too short is a row too few: what was bound
                // before would be written again.
                let value = column.at(row).ok_or_else(|| uneven(block.target))?;
                statement.raw_bind_parameter(index, value)?;
            }
            if statement.raw_execute()? > 0 && block.target.tells_new {
                new.push(row);
            }
        }
        Ok(new)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.connection.get()?.execute_batch("COMMIT")?;
        self.is_open = false;
        Ok(())
    }

    fn met_another(&self) -> bool {
        false
    }
}

fn uneven(target: &Target) -> StoreError {
    StoreError::Row { table: target.table, reason: "a block of rows has columns of two lengths".into() }
}

struct SqliteRow<'r>(&'r rusqlite::Row<'r>);

impl Row for SqliteRow<'_> {
    fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.0.get(column)?)
    }

    fn text_or_none(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.0.get(column)?)
    }

    fn bytes_or_none(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(column)?)
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

/// Whether SQLite does not take the values: wrong, too large, against a
/// constraint.
pub(super) fn is_of_data(error: &rusqlite::Error) -> bool {
    let codes = [ErrorCode::ConstraintViolation, ErrorCode::TooBig, ErrorCode::TypeMismatch];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests;
