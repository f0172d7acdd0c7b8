//! The tables on a server, and how those of an earlier version become today's.
//!
//! The tables of every version stand in `hq/schemas/postgres`; a released one
//! is never edited again.

use ::postgres::Client;
use ::postgres::error::SqlState;

use super::{OpenError, StoreError};

/// The version of the tables that this program knows.
pub(super) const VERSION: i64 = 12;

/// What brings the tables from each version to the next, from none on.
const STEPS: &[&str] = &[
    include_str!("../../../schemas/postgres/1.sql"),
    include_str!("../../../schemas/postgres/2.sql"),
    include_str!("../../../schemas/postgres/3.sql"),
    include_str!("../../../schemas/postgres/4.sql"),
    include_str!("../../../schemas/postgres/5.sql"),
    include_str!("../../../schemas/postgres/6.sql"),
    include_str!("../../../schemas/postgres/7.sql"),
    include_str!("../../../schemas/postgres/8.sql"),
    include_str!("../../../schemas/postgres/9.sql"),
    include_str!("../../../schemas/postgres/10.sql"),
    include_str!("../../../schemas/postgres/11.sql"),
    include_str!("../../../schemas/postgres/12.sql"),
];

/// How often two programs that begin at one moment may stand in each other's way.
const TRIES_MAX: u32 = 10;

/// Brings a database that is empty or of an earlier version to [`VERSION`],
/// whole or not at all.
pub(super) fn migrate(client: &mut Client, name: &str) -> Result<(), OpenError> {
    let refuse = |error: StoreError| OpenError::Postgres { name: name.to_owned(), source: Box::new(error) };
    let mut tries = 0;
    loop {
        match try_migrate(client) {
            Ok(version) if version > VERSION => {
                return Err(OpenError::NewerTables { name: name.to_owned(), found: version, known: VERSION });
            }
            Ok(-1) => return Err(OpenError::ForeignTables { name: name.to_owned() }),
            Ok(_) => return Ok(()),
            Err(error) => {
                tries += 1;
                let met_another = [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE]
                    .iter()
                    .any(|state| error.code() == Some(state));
                if tries == TRIES_MAX || !(met_another || super::is_conflict(&error)) {
                    return Err(refuse(error.into()));
                }
            }
        }
    }
}

/// Gives the version that was found, -1 for the tables of something else.
fn try_migrate(client: &mut Client) -> Result<i64, ::postgres::Error> {
    let mut transaction = client.transaction()?;
    let tables: i64 = transaction
        .query_one("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()", &[])?
        .try_get(0)?;
    let ours: bool = transaction
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'guitai_hq')",
            &[],
        )?
        .try_get(0)?;
    if !ours && tables > 0 {
        return Ok(-1);
    }
    if !ours {
        transaction.batch_execute(
            "CREATE TABLE guitai_hq (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO guitai_hq VALUES (1, 0);",
        )?;
    }
    let found: i64 =
        transaction.query_one("SELECT version FROM guitai_hq WHERE one = 1 FOR UPDATE", &[])?.try_get(0)?;
    let begin = usize::try_from(found).unwrap_or(0);
    for step in STEPS.iter().skip(begin) {
        transaction.batch_execute(step)?;
    }
    if found < VERSION {
        transaction.execute("UPDATE guitai_hq SET version = $1 WHERE one = 1", &[&VERSION])?;
    }
    transaction.commit()?;
    Ok(found)
}
