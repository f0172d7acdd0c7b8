//! Rows of lanes and of the codes that enrol them.

use rusqlite::{OptionalExtension, Row, params};

use protocol::head::PublicKey;
use serde::{Deserialize, Serialize};

use super::{Reading, StoreError, Writing, unsigned};
use crate::secret::SecretHash;

/// An enrolled lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The hash of the key that the lane was given.
    pub key_hash: SecretHash,
    /// The newest epoch that the lane may write.
    pub epoch: u32,
    /// When it was enrolled, milliseconds since 1970-01-01 UTC.
    pub enrolled_at_ms: i64,
}

/// An epoch of a lane's journal, as far as HQ knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneEpoch {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The epoch.
    pub epoch: u32,
    /// The last number filed; 0 before the first.
    pub acknowledged: u64,
    /// The last number that the lane's signature vouches for; 0 before the first.
    pub signed: u64,
    /// The key that the lane signs with, hexadecimal; empty where it does not sign.
    pub public_key: String,
}

/// A one-time code that waits to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The hash of the normalised code.
    pub code_hash: SecretHash,
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// From this instant on it is void, milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
}

fn lane_row(row: &Row<'_>) -> rusqlite::Result<LaneRow> {
    Ok(LaneRow {
        store: row.get(0)?,
        lane: row.get(1)?,
        key_hash: SecretHash::from_bytes(row.get(2)?),
        epoch: row.get(3)?,
        enrolled_at_ms: row.get(4)?,
    })
}

const LANE: &str = "SELECT store, lane, key_hash, epoch, enrolled_at_ms FROM lane";

impl Reading<'_> {
    /// The lane of that number, if it was enrolled.
    pub fn lane(&self, store: &str, lane: u32) -> Result<Option<LaneRow>, StoreError> {
        let row = self
            .connection
            .prepare_cached(&format!("{LANE} WHERE store = ?1 AND lane = ?2"))?
            .query_row(params![store, lane], lane_row)
            .optional()?;
        Ok(row)
    }

    /// Every enrolled lane, by store and number.
    pub fn lanes(&self) -> Result<Vec<LaneRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{LANE} ORDER BY store, lane"))?;
        let rows = statement.query_map([], lane_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every epoch that a lane was enrolled for or has sent events of, by
    /// store, lane and epoch.
    pub fn lane_epochs(&self) -> Result<Vec<LaneEpoch>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT store, lane, epoch, coalesce(acknowledged, 0),
                 coalesce((SELECT max(seq) FROM signed_head s
                           WHERE s.store = e.store AND s.lane = e.lane AND s.epoch = e.epoch), 0),
                 coalesce(lower(hex(public_key)), '')
             FROM (SELECT store, lane, epoch FROM lane UNION SELECT store, lane, epoch FROM journal
                   UNION SELECT store, lane, epoch FROM lane_key) e
             LEFT JOIN journal USING (store, lane, epoch)
             LEFT JOIN lane_key USING (store, lane, epoch)
             ORDER BY store, lane, epoch",
        )?;
        let mut rows = statement.query([])?;
        let mut epochs = Vec::new();
        while let Some(row) = rows.next()? {
            epochs.push(LaneEpoch {
                store: row.get(0)?,
                lane: row.get(1)?,
                epoch: row.get(2)?,
                acknowledged: unsigned(row.get(3)?)?,
                signed: unsigned(row.get(4)?)?,
                public_key: row.get(5)?,
            });
        }
        Ok(epochs)
    }

    /// The lane whose key has this hash.
    pub fn lane_of_key(&self, key_hash: &SecretHash) -> Result<Option<LaneRow>, StoreError> {
        let row = self
            .connection
            .prepare_cached(&format!("{LANE} WHERE key_hash = ?1"))?
            .query_row([key_hash.as_bytes()], lane_row)
            .optional()?;
        Ok(row)
    }

    /// The key that a lane signs an epoch of its journal with, if HQ was told.
    pub fn public_key(&self, store: &str, lane: u32, epoch: u32) -> Result<Option<PublicKey>, StoreError> {
        let key: Option<[u8; 32]> = self
            .connection
            .prepare_cached("SELECT public_key FROM lane_key WHERE store = ?1 AND lane = ?2 AND epoch = ?3")?
            .query_row(params![store, lane, epoch], |row| row.get(0))
            .optional()?;
        Ok(key.map(PublicKey::from_bytes))
    }

    /// The newest epoch of which a lane's events are filed; 0 for none.
    pub fn newest_epoch_filed(&self, store: &str, lane: u32) -> Result<u32, StoreError> {
        let epoch = self
            .connection
            .prepare_cached(
                "SELECT coalesce(max(epoch), 0) FROM journal
                 WHERE store = ?1 AND lane = ?2 AND acknowledged > 0",
            )?
            .query_row(params![store, lane], |row| row.get(0))?;
        Ok(epoch)
    }
}

impl Writing<'_> {
    /// Enrols a lane, or enrols it again with another key and epoch.
    pub fn put_lane(&self, row: &LaneRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO lane (store, lane, key_hash, epoch, enrolled_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (store, lane) DO UPDATE SET key_hash = excluded.key_hash,
                 epoch = excluded.epoch, enrolled_at_ms = excluded.enrolled_at_ms",
            )?
            .execute(params![row.store, row.lane, row.key_hash.as_bytes(), row.epoch, row.enrolled_at_ms])?;
        Ok(())
    }

    /// Keeps the key that a lane will sign an epoch with. There is one for
    /// each epoch, for ever.
    pub fn add_public_key(&self, row: &LaneRow, key: &PublicKey) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO lane_key (store, lane, epoch, public_key, registered_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![row.store, row.lane, row.epoch, key.as_bytes(), row.enrolled_at_ms])?;
        Ok(())
    }

    /// Makes a code the only one for its lane, and forgets the expired ones.
    pub fn put_code(&self, row: &CodeRow, now_ms: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM enrolment_code WHERE (store = ?1 AND lane = ?2) OR expires_at_ms <= ?3",
            )?
            .execute(params![row.store, row.lane, now_ms])?;
        self.connection
            .prepare_cached(
                "INSERT INTO enrolment_code (code_hash, store, lane, expires_at_ms) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![row.code_hash.as_bytes(), row.store, row.lane, row.expires_at_ms])?;
        Ok(())
    }

    /// Takes a code out, so that nobody takes it again.
    pub fn take_code(&self, code_hash: &SecretHash) -> Result<Option<CodeRow>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "DELETE FROM enrolment_code WHERE code_hash = ?1
                 RETURNING code_hash, store, lane, expires_at_ms",
            )?
            .query_row([code_hash.as_bytes()], |row| {
                Ok(CodeRow {
                    code_hash: SecretHash::from_bytes(row.get(0)?),
                    store: row.get(1)?,
                    lane: row.get(2)?,
                    expires_at_ms: row.get(3)?,
                })
            })
            .optional()?;
        Ok(row)
    }
}
