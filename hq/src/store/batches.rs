//! Rows of price batches.

use super::engine::Row;
use super::{Reading, StoreError, Writing, signed, values};

/// A price batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// The caller's id.
    pub id: String,
    /// The instant at which it counts, milliseconds UTC.
    pub at_ms: i64,
    /// `armed` or `cancelled`.
    pub state: String,
    /// The version of the reference that has it, or that took it back.
    pub version: u64,
    /// What it changes, as JSON.
    pub body: String,
}

fn batch_row(row: &dyn Row) -> Result<BatchRow, StoreError> {
    Ok(BatchRow {
        id: row.text(0)?,
        at_ms: row.int(1)?,
        state: row.text(2)?,
        version: row.count(3)?,
        body: row.text(4)?,
    })
}

impl Reading<'_> {
    /// The batch of an id.
    pub fn batch(&self, id: &str) -> Result<Option<BatchRow>, StoreError> {
        self.one(
            "SELECT id, at_ms, state, version, body FROM price_batch WHERE id = ?1",
            values![id],
            batch_row,
        )
    }

    /// Batches after one of an id, in order, at most `limit`.
    pub fn batches_after(&self, id: &str, limit: u32) -> Result<Vec<BatchRow>, StoreError> {
        self.all(
            "SELECT id, at_ms, state, version, body FROM price_batch WHERE id > ?1 ORDER BY id LIMIT ?2",
            values![id, limit],
            batch_row,
        )
    }

    /// Of the lanes in stores with labels, how many have at least a version in
    /// use, and how many there are.
    pub fn lanes_with_version(&self, version: u64) -> Result<(u64, u64), StoreError> {
        let found = self.one(
            "SELECT CAST(coalesce(sum(CASE WHEN version >= ?1 THEN 1 ELSE 0 END), 0) AS BIGINT), count(*)
             FROM lane_reference WHERE is_written_off = 0",
            values![signed(version)?],
            |row| Ok((row.count(0)?, row.count(1)?)),
        )?;
        Ok(found.unwrap_or((0, 0)))
    }

    /// The stores in which something that a lane holds is over at an instant,
    /// milliseconds UTC.
    pub fn stores_with_due(&self, lane: u32, now_ms: i64) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT DISTINCT store FROM hold WHERE lane = ?1 AND until_ms <= ?2 ORDER BY store",
            values![lane, now_ms],
            |row| row.text(0),
        )
    }
}

impl Writing<'_> {
    /// Adds a batch; `false` when the id is taken.
    pub fn add_batch(&self, row: &BatchRow) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO price_batch (id, at_ms, state, version, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO NOTHING",
            values![&row.id, row.at_ms, &row.state, signed(row.version)?, &row.body],
        )?;
        Ok(added > 0)
    }

    /// Says how a batch stands from now on.
    pub fn set_batch_state(&self, id: &str, state: &str, version: u64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE price_batch SET state = ?2, version = ?3 WHERE id = ?1",
            values![id, state, signed(version)?],
        )?;
        Ok(())
    }
}
