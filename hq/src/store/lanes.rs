//! Rows of lanes and of the codes that enrol them.

use protocol::head::PublicKey;
use serde::{Deserialize, Serialize};

use super::engine::Row;
use super::{JournalKey, Reading, StoreError, Writing, values};
use crate::secret::SecretHash;

/// An enrolled lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store; [`RELAY_LANE`](protocol::enrol::RELAY_LANE) for its relay.
    pub lane: u32,
    /// The hash of the key that the lane was given.
    pub key_hash: SecretHash,
    /// The newest epoch that the lane may write.
    pub epoch: u32,
    /// When it was enrolled, milliseconds since 1970-01-01 UTC.
    pub enrolled_at_ms: i64,
}

impl LaneRow {
    /// An epoch of the lane's journal.
    pub fn journal(&self, epoch: u32) -> JournalKey<'_> {
        JournalKey { store: &self.store, lane: self.lane, epoch }
    }
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

fn lane_row(row: &dyn Row) -> Result<LaneRow, StoreError> {
    Ok(LaneRow {
        store: row.text(0)?,
        lane: row.small(1)?,
        key_hash: SecretHash::from_bytes(row.bytes_32(2)?),
        epoch: row.small(3)?,
        enrolled_at_ms: row.int(4)?,
    })
}

fn code_row(row: &dyn Row) -> Result<CodeRow, StoreError> {
    Ok(CodeRow {
        code_hash: SecretHash::from_bytes(row.bytes_32(0)?),
        store: row.text(1)?,
        lane: row.small(2)?,
        expires_at_ms: row.int(3)?,
    })
}

const LANE: &str = "SELECT store, lane, key_hash, epoch, enrolled_at_ms FROM lane";

impl Reading<'_> {
    /// The lane of that number, if it was enrolled.
    pub fn lane(&self, store: &str, lane: u32) -> Result<Option<LaneRow>, StoreError> {
        self.one(&format!("{LANE} WHERE store = ?1 AND lane = ?2"), values![store, lane], lane_row)
    }

    /// Every enrolled lane, by store and number.
    pub fn lanes(&self) -> Result<Vec<LaneRow>, StoreError> {
        self.all(&format!("{LANE} ORDER BY store, lane"), values![], lane_row)
    }

    /// The lanes of a store, by number; its relay is none.
    pub fn lanes_of(&self, store: &str) -> Result<Vec<LaneRow>, StoreError> {
        self.all(&format!("{LANE} WHERE store = ?1 AND lane > 0 ORDER BY lane"), values![store], lane_row)
    }

    /// Every epoch that a lane was enrolled for or has sent events of, by
    /// store, lane and epoch. A store's relay is no lane, and what HQ keeps under its number does not follow from events.
    pub fn lane_epochs(&self) -> Result<Vec<LaneEpoch>, StoreError> {
        self.lane_epochs_after(("", 0, 0), u32::MAX)
    }

    /// The same after one of them, at most `limit`.
    pub fn lane_epochs_after(
        &self,
        (store, lane, epoch): (&str, u32, u32),
        limit: u32,
    ) -> Result<Vec<LaneEpoch>, StoreError> {
        self.all(
            "SELECT e.store, e.lane, e.epoch, coalesce(j.acknowledged, 0),
                 coalesce((SELECT max(seq) FROM signed_head s
                           WHERE s.store = e.store AND s.lane = e.lane AND s.epoch = e.epoch), 0),
                 k.public_key
             FROM (SELECT store, lane, epoch FROM lane UNION SELECT store, lane, epoch FROM journal
                   UNION SELECT store, lane, epoch FROM lane_key) e
             LEFT JOIN journal j ON j.store = e.store AND j.lane = e.lane AND j.epoch = e.epoch
             LEFT JOIN lane_key k ON k.store = e.store AND k.lane = e.lane AND k.epoch = e.epoch
             WHERE e.lane > 0 AND (e.store, e.lane, e.epoch) > (?1, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))
             ORDER BY e.store, e.lane, e.epoch LIMIT CAST(?4 AS BIGINT)",
            values![store, lane, epoch, limit],
            |row| {
                Ok(LaneEpoch {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    epoch: row.small(2)?,
                    acknowledged: row.count(3)?,
                    signed: row.count(4)?,
                    public_key: row.bytes_or_none(5)?.map(|bytes| hexadecimal(&bytes)).unwrap_or_default(),
                })
            },
        )
    }

    /// The lane whose key has this hash.
    pub fn lane_of_key(&self, key_hash: &SecretHash) -> Result<Option<LaneRow>, StoreError> {
        self.one(&format!("{LANE} WHERE key_hash = ?1"), values![key_hash.as_bytes()], lane_row)
    }

    /// The key that a lane signs an epoch of its journal with, if HQ was told.
    pub fn public_key(&self, key: JournalKey<'_>) -> Result<Option<PublicKey>, StoreError> {
        self.one(
            "SELECT public_key FROM lane_key WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            values![key.store, key.lane, key.epoch],
            |row| Ok(PublicKey::from_bytes(row.bytes_32(0)?)),
        )
    }

    /// A code that can still be taken, without taking it.
    pub fn code(&self, code_hash: &SecretHash, now_ms: i64) -> Result<Option<CodeRow>, StoreError> {
        self.one(
            "SELECT code_hash, store, lane, expires_at_ms FROM enrolment_code
             WHERE code_hash = ?1 AND expires_at_ms > ?2",
            values![code_hash.as_bytes(), now_ms],
            code_row,
        )
    }

    /// The newest epoch of which a lane's events are filed; 0 for none.
    pub fn newest_epoch_filed(&self, store: &str, lane: u32) -> Result<u32, StoreError> {
        let epoch = self.one(
            "SELECT coalesce(max(epoch), 0) FROM journal
             WHERE store = ?1 AND lane = ?2 AND acknowledged > 0",
            values![store, lane],
            |row| row.small(0),
        )?;
        Ok(epoch.unwrap_or(0))
    }
}

impl Writing<'_> {
    /// Enrols a lane, or enrols it again with another key and epoch.
    pub fn put_lane(&self, row: &LaneRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO lane (store, lane, key_hash, epoch, enrolled_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, lane) DO UPDATE SET key_hash = excluded.key_hash,
             epoch = excluded.epoch, enrolled_at_ms = excluded.enrolled_at_ms",
            values![&row.store, row.lane, row.key_hash.as_bytes(), row.epoch, row.enrolled_at_ms],
        )?;
        Ok(())
    }

    /// Keeps the key that a lane will sign an epoch with. There is one for
    /// each epoch, for ever.
    pub fn add_public_key(&self, row: &LaneRow, key: &PublicKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO lane_key (store, lane, epoch, public_key, registered_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            values![&row.store, row.lane, row.epoch, key.as_bytes(), row.enrolled_at_ms],
        )?;
        Ok(())
    }

    /// Makes a code the only one for its lane, and forgets the expired ones.
    pub fn put_code(&self, row: &CodeRow, now_ms: i64) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM enrolment_code WHERE (store = ?1 AND lane = ?2) OR expires_at_ms <= ?3",
            values![&row.store, row.lane, now_ms],
        )?;
        self.execute(
            "INSERT INTO enrolment_code (code_hash, store, lane, expires_at_ms) VALUES (?1, ?2, ?3, ?4)",
            values![row.code_hash.as_bytes(), &row.store, row.lane, row.expires_at_ms],
        )?;
        Ok(())
    }

    /// Makes a lane's unused code void, if it has one.
    pub fn void_code(&self, store: &str, lane: u32) -> Result<(), StoreError> {
        self.execute("DELETE FROM enrolment_code WHERE store = ?1 AND lane = ?2", values![store, lane])?;
        Ok(())
    }

    /// Takes a code out, so that nobody takes it again.
    pub fn take_code(&self, code_hash: &SecretHash) -> Result<Option<CodeRow>, StoreError> {
        self.one(
            "DELETE FROM enrolment_code WHERE code_hash = ?1
             RETURNING code_hash, store, lane, expires_at_ms",
            values![code_hash.as_bytes()],
            code_row,
        )
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
