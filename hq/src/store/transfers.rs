//! Rows of transfers between stores, and what stock events say of them.

use super::engine::Row;
use super::{Reading, StoreError, Writing, values};

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow {
    /// Its number, one in the chain.
    pub number: String,
    /// The code of the store that sends.
    pub sender: String,
    /// The code of the store that receives.
    pub receiver: String,
    /// How it stands, by the name of its state.
    pub state: String,
    /// All of it, as JSON.
    pub body: String,
}

/// So much of an item that a document under a transfer's number moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferMove {
    /// The store that wrote it down.
    pub store: String,
    /// The store that it goes to, or came to.
    pub place: String,
    /// The item.
    pub sku: String,
    /// Thousandths; below nothing where they came.
    pub quantity: i64,
}

/// Which transfers are asked for; all where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct TransfersAsked<'a> {
    /// Those that this store sends or receives.
    pub store: Option<&'a str>,
    /// Those of this state.
    pub state: Option<&'a str>,
}

const COLUMNS: &str = "number, sender, receiver, state, body";

fn transfer_row(row: &dyn Row) -> Result<TransferRow, StoreError> {
    Ok(TransferRow {
        number: row.text(0)?,
        sender: row.text(1)?,
        receiver: row.text(2)?,
        state: row.text(3)?,
        body: row.text(4)?,
    })
}

impl Reading<'_> {
    /// The transfer of a number.
    pub fn transfer(&self, number: &str) -> Result<Option<TransferRow>, StoreError> {
        self.find_transfer(number, "")
    }

    fn find_transfer(&self, number: &str, locked: &str) -> Result<Option<TransferRow>, StoreError> {
        self.one(
            &format!("SELECT {COLUMNS} FROM transfer WHERE number = ?1{locked}"),
            values![number],
            transfer_row,
        )
    }

    /// Transfers after a number, in order, at most `limit`.
    pub fn transfers_after(
        &self,
        asked: TransfersAsked<'_>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let of_store = if asked.store.is_some() { "(sender = ?3 OR receiver = ?3)" } else { "?3 = ''" };
        let of_state = if asked.state.is_some() { "state = ?4" } else { "?4 = ''" };
        self.all(
            &format!(
                "SELECT {COLUMNS} FROM transfer WHERE number > ?1 AND {of_store} AND {of_state}
                 ORDER BY number LIMIT ?2"
            ),
            values![after, limit, asked.store.unwrap_or_default(), asked.state.unwrap_or_default()],
            transfer_row,
        )
    }

    /// What documents of lanes under a number moved, by store, place and item; what left and what came, apart. `hq_lane`
    /// is HQ's own, which is no lane's.
    pub fn moved_under(&self, number: &str, hq_lane: u32) -> Result<Vec<TransferMove>, StoreError> {
        self.all(
            "SELECT store, place, sku, CAST(sum(quantity) AS BIGINT) FROM stock_beside
             WHERE document = ?1 AND kind = 'transit' AND lane <> ?2
             GROUP BY store, place, sku, CASE WHEN quantity > 0 THEN 1 ELSE 0 END
             ORDER BY store, place, sku, CASE WHEN quantity > 0 THEN 1 ELSE 0 END",
            values![number, hq_lane],
            |row| {
                Ok(TransferMove {
                    store: row.text(0)?,
                    place: row.text(1)?,
                    sku: row.text(2)?,
                    quantity: row.int(3)?,
                })
            },
        )
    }

    /// How many documents of a store say that goods left under a number.
    pub fn departures_under(&self, number: &str, store: &str) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM (SELECT DISTINCT lane, epoch, seq FROM stock_beside
                 WHERE document = ?1 AND kind = 'transit' AND store = ?2 AND quantity > 0) left_here",
            values![number, store],
        )?)
    }
}

impl Writing<'_> {
    /// The transfer of a number, which nobody else changes until the transaction ends.
    pub fn lock_transfer(&self, number: &str) -> Result<Option<TransferRow>, StoreError> {
        self.find_transfer(number, self.locked())
    }

    /// Adds a transfer; `false` when the number is taken.
    pub fn add_transfer(&self, row: &TransferRow) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO transfer (number, sender, receiver, state, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (number) DO NOTHING",
            values![&row.number, &row.sender, &row.receiver, &row.state, &row.body],
        )?;
        Ok(added > 0)
    }

    /// Says how a transfer stands from now on.
    pub fn put_transfer(&self, row: &TransferRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE transfer SET state = ?2, body = ?3 WHERE number = ?1",
            values![&row.number, &row.state, &row.body],
        )?;
        Ok(())
    }
}
