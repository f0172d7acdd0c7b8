//! The rows that HQ wrote, written again by statements that know nothing of
//! journals: as fast as the database goes.

use anyhow::Result;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls};
use rusqlite::types::Value;

/// The tables that a sale is in, with their columns and those that are in
/// order: what stands in a batch stands together.
pub const TABLES: &[(&str, &[(&str, Kind)])] = &[
    (
        "event",
        &[
            ("store", Kind::Text),
            ("lane", Kind::Int),
            ("epoch", Kind::Int),
            ("seq", Kind::Int),
            ("hash", Kind::Bytes),
            ("bytes", Kind::Bytes),
            ("received_at_ms", Kind::Int),
        ],
    ),
    (
        "sale",
        &[
            ("store", Kind::Text),
            ("lane", Kind::Int),
            ("epoch", Kind::Int),
            ("seq", Kind::Int),
            ("business_date", Kind::Text),
            ("at_ms", Kind::Int),
            ("shift", Kind::Int),
            ("staff", Kind::Text),
            ("currency", Kind::Text),
            ("reference_version", Kind::Int),
            ("total", Kind::Int),
            ("rounding", Kind::Int),
            ("payable", Kind::Int),
            ("change", Kind::Int),
        ],
    ),
    (
        "sale_line",
        &[
            ("store", Kind::Text),
            ("lane", Kind::Int),
            ("epoch", Kind::Int),
            ("seq", Kind::Int),
            ("position", Kind::Int),
            ("line", Kind::Int),
            ("sku", Kind::Text),
            ("quantity", Kind::Int),
            ("unit_price", Kind::Int),
            ("net", Kind::Int),
            ("tax_rate", Kind::Int),
            ("unit", Kind::Text),
            ("factor", Kind::Int),
        ],
    ),
    (
        "sale_tender",
        &[
            ("store", Kind::Text),
            ("lane", Kind::Int),
            ("epoch", Kind::Int),
            ("seq", Kind::Int),
            ("position", Kind::Int),
            ("kind", Kind::Text),
            ("amount", Kind::Int),
        ],
    ),
    (
        "sale_tax",
        &[
            ("store", Kind::Text),
            ("lane", Kind::Int),
            ("epoch", Kind::Int),
            ("seq", Kind::Int),
            ("position", Kind::Int),
            ("rate", Kind::Int),
            ("net", Kind::Int),
            ("tax", Kind::Int),
        ],
    ),
];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Int,
    /// Texts.
    Text,
    /// Bytes.
    Bytes,
}

/// One column of a batch.
#[derive(Debug, Clone)]
enum Column {
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Bytes(Vec<Vec<u8>>),
}

impl ToSql for Column {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
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

/// The rows of one batch, table by table, column by column.
#[derive(Debug, Clone)]
pub struct Rows {
    tables: Vec<Vec<Column>>,
}

/// The rows of a lane's batch: of the events with numbers in a range.
pub fn rows_on_postgres(url: &str, lane: u32, from: u64, to: u64) -> Result<Rows> {
    let mut client = Client::connect(url, NoTls)?;
    let (lane, from, to) = (i64::from(lane), i64::try_from(from)?, i64::try_from(to)?);
    let mut tables = Vec::new();
    for (table, columns) in TABLES {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "SELECT {} FROM {table} WHERE lane = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq",
            names.join(", ")
        );
        let rows = client.query(&sql, &[&lane, &from, &to])?;
        let mut out = Vec::new();
        for (index, (_, kind)) in columns.iter().enumerate() {
            out.push(match kind {
                Kind::Int => {
                    Column::Ints(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
                }
                Kind::Text => {
                    Column::Texts(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
                }
                Kind::Bytes => {
                    Column::Bytes(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
                }
            });
        }
        tables.push(out);
    }
    Ok(Rows { tables })
}

/// Writes batches on one connection, a transaction each, by `UNNEST`.
pub fn write_on_postgres(url: &str, batches: &[Rows]) -> Result<()> {
    let mut client = Client::connect(url, NoTls)?;
    client.batch_execute("SET synchronous_commit = on")?;
    let mut statements = Vec::new();
    for (table, columns) in TABLES {
        let places: Vec<String> = (1..)
            .zip(*columns)
            .map(|(place, (_, kind))| match kind {
                Kind::Int => format!("${place}::bigint[]"),
                Kind::Text => format!("${place}::text[]"),
                Kind::Bytes => format!("${place}::bytea[]"),
            })
            .collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let sql =
            format!("INSERT INTO {table} ({}) SELECT * FROM UNNEST({})", names.join(", "), places.join(", "));
        statements.push(client.prepare(&sql)?);
    }
    for batch in batches {
        let mut transaction = client.transaction()?;
        for (statement, columns) in statements.iter().zip(&batch.tables) {
            let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
            transaction.execute(statement, &values)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// A batch's rows for SQLite: of each table, each row's values.
pub type SqliteRows = Vec<Vec<Vec<Value>>>;

/// The rows of a lane's batch in a file.
pub fn rows_in_file(connection: &rusqlite::Connection, lane: u32, from: u64, to: u64) -> Result<SqliteRows> {
    let mut tables = Vec::new();
    for (table, columns) in TABLES {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "SELECT {} FROM {table} WHERE lane = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq",
            names.join(", ")
        );
        let mut select = connection.prepare(&sql)?;
        let mut rows = select.query(rusqlite::params![lane, from, to])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push((0..columns.len()).map(|index| row.get(index)).collect::<Result<_, _>>()?);
        }
        tables.push(out);
    }
    Ok(tables)
}

/// Writes batches into a file, a transaction each.
pub fn write_in_file(connection: &mut rusqlite::Connection, batches: &[SqliteRows]) -> Result<()> {
    for batch in batches {
        let transaction = connection.transaction()?;
        for ((table, columns), rows) in TABLES.iter().zip(batch) {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
            let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
            let mut insert = transaction.prepare_cached(&sql)?;
            for row in rows {
                insert.execute(rusqlite::params_from_iter(row))?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}
