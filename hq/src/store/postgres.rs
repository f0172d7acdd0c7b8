//! PostgreSQL, or what speaks as it does: a bounded set of connections, each
//! of them for one transaction at a time.

mod pool;
mod schema;
mod tls;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as _;

use ::postgres::error::SqlState;
use ::postgres::types::private::BytesMut;
use ::postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, Statement};

use super::engine::{Block, Column, Dialect, Engine, Next, Row, Session, Target, Value};
use super::{OpenError, StoreError};
use pool::{Lent, Pool};

pub use tls::TlsError;

/// How often a transaction that met another one is begun again.
const RETRIES_MAX: u32 = 6;

/// Statements that a connection keeps ready; beyond it all are forgotten, as
/// nothing that is asked in turns comes near it.
const STATEMENTS_KEPT: usize = 512;

/// Where a PostgreSQL is, and how its name is checked.
#[derive(Clone)]
pub struct Address {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the words of libpq.
    pub url: String,
    /// A file with the certificates, in PEM, of who may vouch for the server;
    /// with it the line is encrypted, or there is none.
    pub authority: Option<std::path::PathBuf>,
}

impl std::fmt::Debug for Address {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Address {
    /// Host, port and database, without anything secret.
    pub fn name(&self) -> String {
        let Ok(config) = self.url.parse::<::postgres::Config>() else {
            return "an address that cannot be read".to_owned();
        };
        let host = match config.get_hosts().first() {
            Some(::postgres::config::Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(::postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        format!("{host}:{port}/{}", config.get_dbname().unwrap_or_default())
    }
}

/// A database on a server.
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Connects, and brings the tables to what this program knows.
    pub(super) fn connect(address: &Address) -> Result<Self, OpenError> {
        let pool = Pool::new(address)?;
        let mut lent = pool.lend().map_err(|error| pool.refuse(error))?;
        schema::migrate(lent.client(), &address.name())?;
        drop(lent);
        Ok(Self { pool })
    }

    fn begin(&self, words: &str) -> Result<Box<dyn Session + '_>, StoreError> {
        let lent = self.pool.lend_with(words)?;
        Ok(Box::new(PostgresSession {
            lent: RefCell::new(lent),
            is_open: Cell::new(true),
            met_another: Cell::new(false),
        }))
    }
}

impl Engine for Postgres {
    fn begin_read(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// What two transactions must not do at one time is held apart by the
    /// rows that they lock: a journal's head, the reference's counter.
    fn begin_write(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    }

    fn retries_max(&self) -> u32 {
        RETRIES_MAX
    }

    fn tidy(&self) -> Result<(), StoreError> {
        let mut lent = self.pool.lend()?;
        lent.client().batch_execute("ANALYZE")?;
        Ok(())
    }
}

/// A connection, with what it was told before.
pub(super) struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Connection {
    fn new(client: Client) -> Self {
        Self { client, prepared: HashMap::new() }
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, ::postgres::Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= STATEMENTS_KEPT {
            self.prepared.clear();
        }
        let statement = self.client.prepare(&with_dollars(sql))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// `?1` as PostgreSQL writes it: `$1`. No statement of ours has a question
/// mark that is none of a value.
fn with_dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

fn as_parameters<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

struct PostgresSession<'p> {
    lent: RefCell<Lent<'p>>,
    is_open: Cell<bool>,
    met_another: Cell<bool>,
}

impl PostgresSession<'_> {
    /// Notes whether it would go better another time.
    fn note(&self, error: ::postgres::Error) -> StoreError {
        let error = StoreError::from(error);
        if error.is_conflict() || error.is_passing() {
            self.met_another.set(true);
        }
        error
    }
}

impl Drop for PostgresSession<'_> {
    fn drop(&mut self) {
        if self.is_open.get() {
            let lent = self.lent.get_mut();
            if lent.client().batch_execute("ROLLBACK").is_err() {
                lent.discard();
            }
        }
    }
}

impl Session for PostgresSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut lent = self.lent.borrow_mut();
        let connection = lent.connection();
        let statement = connection.prepare(sql).map_err(|error| self.note(error))?;
        let done = connection.client.execute(&statement, &as_parameters(values));
        done.map_err(|error| self.note(error))
    }

    fn query(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&dyn Row) -> Result<Next, StoreError>,
    ) -> Result<(), StoreError> {
        let rows = {
            let mut lent = self.lent.borrow_mut();
            let connection = lent.connection();
            let statement = connection.prepare(sql).map_err(|error| self.note(error))?;
            connection.client.query(&statement, &as_parameters(values)).map_err(|error| self.note(error))?
        };
        for row in &rows {
            if take(&PostgresRow(row))? == Next::Stop {
                break;
            }
        }
        Ok(())
    }

    fn insert(&self, block: &Block<'_>) -> Result<Vec<usize>, StoreError> {
        if block.len() == 0 {
            return Ok(Vec::new());
        }
        let sql = insert_text(block);
        let mut lent = self.lent.borrow_mut();
        let connection = lent.connection();
        let statement = connection.prepare(&sql).map_err(|error| self.note(error))?;
        let same = block.same.iter().map(|value| value as &(dyn ToSql + Sync));
        let columns = block.columns.iter().map(|column| column as &(dyn ToSql + Sync));
        let values: Vec<&(dyn ToSql + Sync)> = same.chain(columns).collect();
        if !block.target.tells_new {
            connection.client.execute(&statement, &values).map_err(|error| self.note(error))?;
            return Ok(Vec::new());
        }
        let rows = connection.client.query(&statement, &values).map_err(|error| self.note(error))?;
        let Some(Column::Ints(keys)) = block.columns.first() else {
            return Err(StoreError::Row {
                table: block.target.table,
                reason: "new rows are told by a number".into(),
            });
        };
        if rows.len() == keys.len() {
            return Ok((0..keys.len()).collect());
        }
        let new: std::collections::HashSet<i64> =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok((0..keys.len()).filter(|row| new.contains(&keys[*row])).collect())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let mut lent = self.lent.borrow_mut();
        self.is_open.set(false);
        match lent.client().batch_execute("COMMIT") {
            Ok(()) => Ok(()),
            Err(error) => {
                // Whether it is done is not known; the connection is of no use.
                lent.discard();
                Err(error.into())
            }
        }
    }

    fn met_another(&self) -> bool {
        self.met_another.get()
    }
}

/// `INSERT INTO t (a, b) SELECT ?1::bigint, u.* FROM UNNEST(?2::text[]) AS u ...`.
fn insert_text(block: &Block<'_>) -> String {
    let target: &Target = block.target;
    let names: Vec<&str> = target.same.iter().chain(target.columns).copied().collect();
    let mut places = 1..;
    let mut place = |kind: &str| format!("?{}::{kind}", places.next().unwrap_or_default());
    let same: Vec<String> = block
        .same
        .iter()
        .map(|value| match value {
            Value::Int(_) => place("bigint"),
            Value::Text(_) => place("text"),
            Value::Bytes(_) => place("bytea"),
        })
        .collect();
    let columns: Vec<String> = block
        .columns
        .iter()
        .map(|column| match column {
            Column::Ints(_) => place("bigint[]"),
            Column::Texts(_) => place("text[]"),
            Column::Bytes(_) => place("bytea[]"),
        })
        .collect();
    let returning = match (target.tells_new, target.columns.first()) {
        (true, Some(key)) => format!("RETURNING {key}"),
        (true, None) | (false, _) => String::new(),
    };
    format!(
        "INSERT INTO {} ({}) SELECT {}{}u.* FROM UNNEST({}) AS u {} {returning}",
        target.table,
        names.join(", "),
        same.join(", "),
        if same.is_empty() { "" } else { ", " },
        columns.join(", "),
        target.conflict
    )
}

type Unfit = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match self {
            Self::Int(None) | Self::Text(None) => Ok(IsNull::Yes),
            Self::Int(Some(number)) if *kind == Type::INT8 => number.to_sql(kind, out),
            Self::Text(Some(text)) if <&str as ToSql>::accepts(kind) => text.to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            Self::Int(Some(_)) | Self::Text(Some(_)) | Self::Bytes(_) => {
                Err(format!("a value does not fit into a column of {kind}").into())
            }
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Column<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match self {
            Self::Ints(values) => values.to_sql(kind, out),
            Self::Texts(values) => values.to_sql(kind, out),
            Self::Bytes(values) => values.to_sql(kind, out),
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

struct PostgresRow<'r>(&'r ::postgres::Row);

impl Row for PostgresRow<'_> {
    fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    fn text_or_none(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    fn bytes_or_none(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.try_get(column)?)
    }
}

/// Whether the server found two transactions in each other's way, and undid
/// this one.
pub(super) fn is_conflict(error: &::postgres::Error) -> bool {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| conflicts.contains(code))
}

/// Whether the server or the line to it is away: what was asked may do later.
pub(super) fn is_away(error: &::postgres::Error) -> bool {
    let away = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    match error.code() {
        Some(code) => away.contains(code) || code.code().starts_with("08"),
        None => {
            error.is_closed()
                || error.source().is_some_and(|source| source.downcast_ref::<std::io::Error>().is_some())
        }
    }
}

/// Whether the server does not take the values: wrong, too large, too long,
/// against a constraint.
pub(super) fn is_of_data(error: &::postgres::Error) -> bool {
    error.code().is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)))
}
