//! Rows of filed journals: positions, events, quarantine, alarms.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use protocol::chain::ChainHash;
use serde::{Deserialize, Serialize};

use super::engine::{Column, Row, Target};
use super::{Reading, StoreError, Writing, signed, values};

/// One epoch of one lane's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalKey<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
}

/// An event to file.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// The sequence number within the epoch.
    pub seq: u64,
    /// The chain hash at that number.
    pub hash: &'a ChainHash,
    /// The bytes as the lane wrote them.
    pub bytes: &'a [u8],
}

/// How far one epoch of a lane's journal is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHead {
    /// The last sequence number filed; 0 before the first.
    pub acknowledged: u64,
    /// The chain hash at that number.
    pub head: ChainHash,
    /// How many of the events are in quarantine.
    pub quarantined: u64,
}

impl JournalHead {
    /// Before the first event.
    pub fn at_genesis(key: JournalKey<'_>) -> Self {
        Self { acknowledged: 0, head: ChainHash::genesis(key.store, key.lane, key.epoch), quarantined: 0 }
    }
}

/// Where an event stands, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct EventRow<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The sequence number within the epoch.
    pub seq: u64,
    /// The chain hash at that number.
    pub hash: &'a ChainHash,
    /// The bytes as the lane wrote them.
    pub bytes: &'a [u8],
    /// When HQ got them, milliseconds since 1970-01-01 UTC.
    pub received_at_ms: i64,
}

/// What went wrong with a journal as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// The lane sent another event under a number that is filed.
    Fork,
    /// A signed head is not in the hand that HQ was told of at enrolment.
    Signature,
    /// A lane that has a key has not signed for too long.
    Unsigned,
}

impl AlarmKind {
    fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Signature => "signature",
            Self::Unsigned => "unsigned",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        let kinds = [Self::Fork, Self::Signature, Self::Unsigned];
        kinds
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| StoreError::Row { table: "alarm", reason: format!("kind {name:?}") })
    }
}

/// Something about a journal that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The sequence number at which it shows.
    pub seq: u64,
    /// What it is.
    pub kind: AlarmKind,
    /// The chain hash that the lane sent, hexadecimal.
    pub hash_sent: String,
    /// When it was first found, milliseconds since 1970-01-01 UTC.
    pub found_at_ms: i64,
}

/// An event that is filed and that HQ could not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedEvent {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The sequence number within the epoch.
    pub seq: u64,
    /// Why, for a person.
    pub reason: String,
}

fn chain_hash(row: &dyn Row, column: usize) -> Result<ChainHash, StoreError> {
    Ok(ChainHash::from_bytes(row.bytes_32(column)?))
}

/// Every event passes this gate once; what is read out of events is read out
/// of those that passed.
const GATE: Target = Target {
    table: "event",
    same: &["store", "lane", "epoch", "received_at_ms"],
    columns: &["seq", "hash", "bytes"],
    conflict: "ON CONFLICT (store, lane, epoch, seq) DO NOTHING",
    tells_new: true,
};

impl Reading<'_> {
    /// How far a journal is filed; at its genesis when nothing is.
    pub fn journal_head(&self, key: JournalKey<'_>) -> Result<JournalHead, StoreError> {
        Ok(self.find_head(key, "")?.unwrap_or_else(|| JournalHead::at_genesis(key)))
    }

    fn find_head(&self, key: JournalKey<'_>, locked: &str) -> Result<Option<JournalHead>, StoreError> {
        self.one(
            &format!(
                "SELECT acknowledged, head, quarantined FROM journal
                 WHERE store = ?1 AND lane = ?2 AND epoch = ?3{locked}"
            ),
            values![key.store, key.lane, key.epoch],
            |row| {
                Ok(JournalHead {
                    acknowledged: row.count(0)?,
                    head: chain_hash(row, 1)?,
                    quarantined: row.count(2)?,
                })
            },
        )
    }

    /// The chain hash of a filed event.
    pub fn event_hash(&self, key: JournalKey<'_>, seq: u64) -> Result<Option<ChainHash>, StoreError> {
        Ok(self.event_hashes(key, seq..=seq)?.pop().map(|(_, hash)| hash))
    }

    /// The chain hashes of filed events, by number.
    pub fn event_hashes(
        &self,
        key: JournalKey<'_>,
        numbers: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, ChainHash)>, StoreError> {
        self.all(
            "SELECT seq, hash FROM event WHERE store = ?1 AND lane = ?2 AND epoch = ?3
             AND seq >= ?4 AND seq <= ?5 ORDER BY seq",
            values![key.store, key.lane, key.epoch, signed(*numbers.start())?, signed(*numbers.end())?],
            |row| Ok((row.count(0)?, chain_hash(row, 1)?)),
        )
    }

    /// The bytes of filed events together.
    pub fn events_size(&self, key: JournalKey<'_>, numbers: RangeInclusive<u64>) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT CAST(coalesce(sum(length(bytes)), 0) AS BIGINT) FROM event
             WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq >= ?4 AND seq <= ?5",
            values![key.store, key.lane, key.epoch, signed(*numbers.start())?, signed(*numbers.end())?],
        )?)
    }

    /// Filed events after a number, by number, at most `limit`: number and bytes.
    pub fn events_after(
        &self,
        key: JournalKey<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.all(
            "SELECT seq, bytes FROM event WHERE store = ?1 AND lane = ?2 AND epoch = ?3
             AND seq > ?4 ORDER BY seq LIMIT ?5",
            values![key.store, key.lane, key.epoch, signed(after)?, limit],
            |row| Ok((row.count(0)?, row.bytes(1)?)),
        )
    }

    /// The number up to which the lane's signature is filed; 0 before the first.
    pub fn signed_seq(&self, key: JournalKey<'_>) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT coalesce(max(seq), 0) FROM signed_head WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            values![key.store, key.lane, key.epoch],
        )?)
    }

    /// How many events of a lane's epoch lie in branches.
    pub fn branch_events(&self, key: JournalKey<'_>) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM branch WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            values![key.store, key.lane, key.epoch],
        )?)
    }

    /// The alarms, newest first, at most `limit`.
    pub fn alarms(&self, limit: u32) -> Result<Vec<Alarm>, StoreError> {
        self.alarms_after(None, limit)
    }

    /// The same after one of them.
    pub fn alarms_after(&self, after: Option<&Alarm>, limit: u32) -> Result<Vec<Alarm>, StoreError> {
        let hash = match after {
            Some(alarm) => ChainHash::parse(&alarm.hash_sent)
                .map_err(|error| StoreError::Row { table: "alarm", reason: error.to_string() })?,
            None => ChainHash::from_bytes([0; 32]),
        };
        let (found_at_ms, store, lane, epoch, seq, kind) = match after {
            Some(alarm) => (
                alarm.found_at_ms,
                alarm.store.as_str(),
                alarm.lane,
                alarm.epoch,
                signed(alarm.seq)?,
                alarm.kind.name(),
            ),
            None => (i64::MAX, "", 0, 0, 0, ""),
        };
        self.all(
            "SELECT store, lane, epoch, seq, kind, hash_sent, found_at_ms FROM alarm
             WHERE found_at_ms <= ?1
               AND (found_at_ms < ?1 OR (store, lane, epoch, seq, kind, hash_sent) > (?2, ?3, ?4, ?5, ?6, ?7))
             ORDER BY found_at_ms DESC, store, lane, epoch, seq, kind, hash_sent LIMIT ?8",
            values![found_at_ms, store, lane, epoch, seq, kind, hash.as_bytes(), limit],
            |row| {
                Ok(Alarm {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    epoch: row.small(2)?,
                    seq: row.count(3)?,
                    kind: AlarmKind::named(&row.text(4)?)?,
                    hash_sent: chain_hash(row, 5)?.to_string(),
                    found_at_ms: row.int(6)?,
                })
            },
        )
    }

    /// How much waits for a person: events in quarantine, alarms, exceptions.
    pub fn count_open(&self) -> Result<(u64, u64, u64), StoreError> {
        let count = |sql: &str| super::unsigned(self.number(sql, values![])?);
        Ok((
            count("SELECT count(*) FROM quarantine")?,
            count("SELECT count(*) FROM alarm")?,
            count("SELECT count(*) FROM exception")?,
        ))
    }

    /// The numbers of the events of a journal that are in quarantine, of those in a range.
    pub fn quarantined_in(
        &self,
        key: JournalKey<'_>,
        range: RangeInclusive<u64>,
    ) -> Result<Vec<u64>, StoreError> {
        self.all(
            "SELECT seq FROM quarantine WHERE store = ?1 AND lane = ?2 AND epoch = ?3
             AND seq >= ?4 AND seq <= ?5 ORDER BY seq",
            values![key.store, key.lane, key.epoch, signed(*range.start())?, signed(*range.end())?],
            |row| row.count(0),
        )
    }

    /// The quarantined events, by store, lane, epoch and number, at most
    /// `limit`.
    pub fn quarantined(&self, limit: u32) -> Result<Vec<QuarantinedEvent>, StoreError> {
        self.quarantined_after(None, limit)
    }

    /// The same after one of them.
    pub fn quarantined_after(
        &self,
        after: Option<&QuarantinedEvent>,
        limit: u32,
    ) -> Result<Vec<QuarantinedEvent>, StoreError> {
        let (store, lane, epoch, seq) = match after {
            Some(event) => (event.store.as_str(), event.lane, event.epoch, signed(event.seq)?),
            None => ("", 0, 0, 0),
        };
        self.all(
            "SELECT store, lane, epoch, seq, reason FROM quarantine
             WHERE (store, lane, epoch, seq) > (?1, ?2, ?3, ?4)
             ORDER BY store, lane, epoch, seq LIMIT ?5",
            values![store, lane, epoch, seq, limit],
            |row| {
                Ok(QuarantinedEvent {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    epoch: row.small(2)?,
                    seq: row.count(3)?,
                    reason: row.text(4)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// How far a journal is filed, as [`Reading::journal_head`]; nobody else
    /// moves it until this transaction ends.
    pub fn lock_journal(&self, key: JournalKey<'_>) -> Result<JournalHead, StoreError> {
        let locked = self.locked();
        if let Some(head) = self.find_head(key, locked)? {
            return Ok(head);
        }
        let genesis = JournalHead::at_genesis(key);
        self.execute(
            "INSERT INTO journal (store, lane, epoch, acknowledged, head, quarantined)
             VALUES (?1, ?2, ?3, 0, ?4, 0) ON CONFLICT (store, lane, epoch) DO NOTHING",
            values![key.store, key.lane, key.epoch, genesis.head.as_bytes()],
        )?;
        Ok(self.find_head(key, locked)?.unwrap_or(genesis))
    }

    /// Moves a journal's position.
    pub fn set_journal_head(&self, key: JournalKey<'_>, head: &JournalHead) -> Result<(), StoreError> {
        self.execute(
            "UPDATE journal SET acknowledged = ?4, head = ?5, quarantined = ?6
             WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            values![
                key.store,
                key.lane,
                key.epoch,
                signed(head.acknowledged)?,
                head.head.as_bytes(),
                signed(head.quarantined)?
            ],
        )?;
        Ok(())
    }

    /// Files events that are not filed yet, and gives the places of those in
    /// `events`. `received_at_ms`: milliseconds since 1970-01-01 UTC.
    pub fn add_events(
        &self,
        key: JournalKey<'_>,
        events: &[NewEvent<'_>],
        received_at_ms: i64,
    ) -> Result<Vec<usize>, StoreError> {
        self.insert(
            &GATE,
            values![key.store, key.lane, key.epoch, received_at_ms],
            &[
                Column::Ints(events.iter().map(|event| signed(event.seq)).collect::<Result<_, _>>()?),
                Column::Bytes(events.iter().map(|event| &event.hash.as_bytes()[..]).collect()),
                Column::Bytes(events.iter().map(|event| event.bytes).collect()),
            ],
        )
    }

    /// Files a head that was checked; the same one again changes nothing.
    pub fn add_signed_head(&self, row: &EventRow<'_>, signature: &[u8; 64]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO signed_head (store, lane, epoch, seq, hash, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            values![row.store, row.lane, row.epoch, signed(row.seq)?, row.hash.as_bytes(), signature],
        )?;
        Ok(())
    }

    /// Sets an event aside that is not of the journal that is filed.
    pub fn add_branch_event(&self, row: &EventRow<'_>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO branch (store, lane, epoch, seq, hash, bytes, received_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            values![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                row.hash.as_bytes(),
                row.bytes,
                row.received_at_ms
            ],
        )?;
        Ok(())
    }

    /// Sets a filed event aside.
    pub fn add_quarantine(&self, key: JournalKey<'_>, seq: u64, reason: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO quarantine (store, lane, epoch, seq, reason) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, lane, epoch, seq) DO NOTHING",
            values![key.store, key.lane, key.epoch, signed(seq)?, reason],
        )?;
        Ok(())
    }

    /// Takes events out of quarantine that can be used now, of those with
    /// numbers in a range, and gives those that were in it.
    pub fn release_quarantined(
        &self,
        key: JournalKey<'_>,
        range: RangeInclusive<u64>,
        usable: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<u64>, StoreError> {
        let aside: HashSet<u64> = self.quarantined_in(key, range)?.into_iter().collect();
        let mut released = Vec::new();
        for seq in usable.into_iter().filter(|seq| aside.contains(seq)) {
            self.execute(
                "DELETE FROM quarantine WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq = ?4",
                values![key.store, key.lane, key.epoch, signed(seq)?],
            )?;
            released.push(seq);
        }
        Ok(released)
    }

    /// Raises an alarm; the same one again changes nothing.
    pub fn raise_alarm(&self, kind: AlarmKind, row: &EventRow<'_>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO alarm (store, lane, epoch, seq, kind, hash_sent, found_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            values![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                kind.name(),
                row.hash.as_bytes(),
                row.received_at_ms
            ],
        )?;
        Ok(())
    }
}
