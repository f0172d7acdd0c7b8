//! The database: the only module of `hq` that says SQL.
//!
//! Callers work inside [`Store::write`] and [`Store::read`], which are
//! transactions; what they may ask for is spread over the submodules by what
//! it is about, and none of them can tell which engine answers. Below stand
//! two engines: SQLite embedded, and PostgreSQL. A verb is written once, in
//! SQL that both take. Every call blocks: async code goes through
//! `spawn_blocking`.
//!
//! | module | what |
//! |---|---|
//! | [`engine`] | what an engine must do: sessions, values, rows, blocks of rows |
//! | [`sqlite`], [`postgres`] | the two engines, with their tables' versions |
//! | the others | verbs |

mod access;
mod batches;
mod books;
mod commission;
mod costs;
mod documents;
mod engine;
mod journal;
mod lanes;
mod margins;
mod pictures;
mod postgres;
mod quotas;
mod receipts;
mod reference;
mod sales;
mod scan_go;
mod shelves;
mod sqlite;
mod stock;
mod store_day;
mod transfers;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use access::{AuditRow, KeyRow, PersonRow, Replay};
pub use batches::BatchRow;
pub use books::{Beside, BesideRow, BookEntry, BookKey, BookKind, Exception, ExceptionPlace, HoldRow};
pub use commission::{CommissionEntry, CommissionOfDay, CommissionRow};
pub use costs::PromotionCost;
pub use documents::{PROJECTIONS, Projection, SaleOf, ShiftEnd, ShiftRow, ShiftStart, StockRow};
pub use engine::Dialect;
use engine::{Block, Column, Engine, Next, Row, Session, Target, Value};
pub use journal::{Alarm, AlarmKind, EventRow, JournalHead, JournalKey, NewEvent, QuarantinedEvent};
pub use lanes::{CodeRow, LaneEpoch, LaneRow};
pub use margins::{CostRow, SoldRow};
pub use postgres::{Address, TlsError};
pub use quotas::QuotaAsked;
pub(crate) use receipts::keys_of;
pub use receipts::{FoundSale, SaleKey};
pub use reference::{ChangeRow, Kind, Put, price_key, scope_of};
pub use sales::{DaySums, DayTax, DayTender, SaleLineRow, SaleRow, SaleTaxRow, SalesRange};
pub use scan_go::{PhoneBasketRow, ScanGoKeyRow};
pub use shelves::ShelfReportRow;
pub use stock::StockState;
pub use store_day::{DayOf, DaySum};
pub use transfers::{TransferMove, TransferRow, TransfersAsked};

/// The database's name within the data directory.
pub const FILE_NAME: &str = "hq.db";

/// Before a transaction that met another one is begun again; each time twice
/// as long.
const RETRY_WAIT: Duration = Duration::from_millis(5);

/// Why a database was not opened.
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
    /// The address of the database is not one. It is not repeated: it may
    /// have a password in it.
    #[error("read the address of the database: postgres://USER:PASSWORD@HOST:PORT/DATABASE is needed")]
    Address,
    /// The line to the database cannot be encrypted.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server has the tables of something else.
    #[error(
        "open {name}: its tables are not those of a Guitai HQ; nothing was changed. Make a database of its own"
    )]
    ForeignTables {
        /// Host, port and database.
        name: String,
    },
    /// The tables were made by a newer program.
    #[error(
        "open {name}: its tables were made by a newer hq (version {found}, this program knows up to {known}); use that program"
    )]
    NewerTables {
        /// Host, port and database.
        name: String,
        /// The version of the tables.
        found: i64,
        /// The newest one that this program knows.
        known: i64,
    },
    /// The server refused.
    #[error("open {name}")]
    Postgres {
        /// Host, port and database.
        name: String,
        /// What it said.
        source: Box<StoreError>,
    },
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused: disk full, file damaged, constraint broken.
    #[error("use the database")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused, or the line to it broke.
    #[error("use the database")]
    Postgres(#[from] ::postgres::Error),
    /// There is no connection to the database now.
    #[error("use the database: {0}")]
    Away(String),
    /// A row holds what this program never writes.
    #[error("read a row of {table}: {reason}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        reason: String,
    },
}

impl StoreError {
    /// Whether another transaction was in the way of this one, which left no trace.
    fn is_conflict(&self) -> bool {
        match self {
            Self::Postgres(error) => postgres::is_conflict(error),
            Self::Sqlite(_) | Self::Away(_) | Self::Row { .. } => false,
        }
    }

    /// Whether what was to be written does not go into the tables: it is of no
    /// use to send it again.
    pub fn is_of_data(&self) -> bool {
        match self {
            Self::Postgres(error) => postgres::is_of_data(error),
            Self::Sqlite(error) => sqlite::is_of_data(error),
            Self::Away(_) | Self::Row { .. } => false,
        }
    }

    /// Whether the same may do a little later, with nothing changed here: the
    /// server of the database is away.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Postgres(error) => postgres::is_away(error),
            Self::Away(_) => true,
            Self::Sqlite(_) | Self::Row { .. } => false,
        }
    }
}

/// The database of HQ.
pub struct Store {
    engine: Box<dyn Engine>,
}

/// What can be asked inside a transaction.
pub struct Reading<'c> {
    session: &'c dyn Session,
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
    /// Opens a database file, making it when it does not exist.
    ///
    /// The caller holds the data directory's lock: one process per file.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { engine: Box::new(sqlite::Sqlite::open(path)?) })
    }

    /// Connects to a PostgreSQL, making the tables when the database is empty.
    /// Several processes may have it at one time.
    pub fn connect(address: &Address) -> Result<Self, OpenError> {
        Ok(Self { engine: Box::new(postgres::Postgres::connect(address)?) })
    }

    /// Runs `change` in a writing transaction; an error or a panic leaves no
    /// trace. When this returns the change is on the disk. `change` is run
    /// again, a bounded number of times, when another transaction was in its
    /// way: it changes nothing but through what it is given.
    pub fn write<T, E: From<StoreError>>(
        &self,
        mut change: impl FnMut(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut wait = RETRY_WAIT;
        for _ in 0..self.engine.retries_max() {
            match self.try_write(&mut change) {
                Tried::Ended(outcome) => return outcome,
                Tried::MetAnother(_) => {
                    std::thread::sleep(wait);
                    wait *= 2;
                }
            }
        }
        match self.try_write(&mut change) {
            Tried::Ended(outcome) => outcome,
            Tried::MetAnother(error) => Err(error),
        }
    }

    fn try_write<T, E: From<StoreError>>(
        &self,
        change: &mut impl FnMut(&Writing<'_>) -> Result<T, E>,
    ) -> Tried<T, E> {
        let session = match self.engine.begin_write() {
            Ok(session) => session,
            Err(error) => return Tried::Ended(Err(error.into())),
        };
        let writing = Writing { reading: Reading { session: session.as_ref() } };
        match change(&writing) {
            Ok(done) => match session.commit() {
                Ok(()) => Tried::Ended(Ok(done)),
                Err(error) if error.is_conflict() => Tried::MetAnother(error.into()),
                // Where the line broke, nobody knows whether it is done.
                Err(error) => Tried::Ended(Err(error.into())),
            },
            Err(error) if session.met_another() => Tried::MetAnother(error),
            Err(error) => Tried::Ended(Err(error)),
        }
    }

    /// Runs `ask` on one consistent state of the database.
    pub fn read<T, E: From<StoreError>>(
        &self,
        ask: impl FnOnce(&Reading<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let session = self.engine.begin_read()?;
        let answer = ask(&Reading { session: session.as_ref() })?;
        session.commit()?;
        Ok(answer)
    }

    /// Cleans up after a large import.
    pub fn tidy(&self) -> Result<(), StoreError> {
        self.engine.tidy()
    }
}

/// How one try of a transaction went.
enum Tried<T, E> {
    /// It is done, or cannot be done.
    Ended(Result<T, E>),
    /// Another one was in its way.
    MetAnother(E),
}

impl Reading<'_> {
    /// The first row of a query, if there is one.
    fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl Fn(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.session.query(sql, values, &mut |row| {
            found = Some(read(row)?);
            Ok(Next::Stop)
        })?;
        Ok(found)
    }

    /// All rows of a query.
    fn all<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl Fn(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.session.query(sql, values, &mut |row| {
            found.push(read(row)?);
            Ok(Next::Go)
        })?;
        Ok(found)
    }

    /// A number that a query counts or sums up to; 0 where it gives no row.
    fn number(&self, sql: &str, values: &[Value<'_>]) -> Result<i64, StoreError> {
        Ok(self.one(sql, values, |row| row.int(0))?.unwrap_or(0))
    }

    /// What a query ends with whose rows stay as they are until the
    /// transaction ends. SQLite has one writer, who needs no words for it.
    fn locked(&self) -> &'static str {
        self.session.dialect().of("", " FOR UPDATE")
    }
}

impl Writing<'_> {
    /// Runs a statement and says how many rows it touched.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        self.session.execute(sql, values)
    }

    /// Puts a block of rows into a table; see [`Session::insert`].
    fn insert(
        &self,
        target: &'static Target,
        same: &[Value<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<usize>, StoreError> {
        self.session.insert(&Block { target, same, columns })
    }
}

/// A count or sequence number as databases hold it.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Row {
        table: "any table",
        reason: format!("{number} does not fit into 63 bits"),
    })
}

/// A count or sequence number that a database held.
fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::Row { table: "any table", reason: format!("{number} is negative") })
}

/// The values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::engine::Value::from($value)),*][..]
    };
}
use values;
