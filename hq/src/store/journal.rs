//! Rows of filed journals: positions, events, quarantine, alarms, and the
//! documents read out of the events.

use protocol::chain::ChainHash;
use protocol::event::{Event, Sale};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Reading, StoreError, Writing, signed, unsigned};

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

fn chain_hash(bytes: [u8; 32]) -> ChainHash {
    ChainHash::from_bytes(bytes)
}

impl Reading<'_> {
    /// How far a journal is filed; at its genesis when nothing is.
    pub fn journal_head(&self, store: &str, lane: u32, epoch: u32) -> Result<JournalHead, StoreError> {
        let row: Option<(i64, [u8; 32], i64)> = self
            .connection
            .prepare_cached(
                "SELECT acknowledged, head, quarantined FROM journal
                 WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            )?
            .query_row(params![store, lane, epoch], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match row {
            Some((acknowledged, head, quarantined)) => Ok(JournalHead {
                acknowledged: unsigned(acknowledged)?,
                head: chain_hash(head),
                quarantined: unsigned(quarantined)?,
            }),
            None => Ok(JournalHead {
                acknowledged: 0,
                head: ChainHash::genesis(store, lane, epoch),
                quarantined: 0,
            }),
        }
    }

    /// The chain hash of a filed event.
    pub fn event_hash(
        &self,
        store: &str,
        lane: u32,
        epoch: u32,
        seq: u64,
    ) -> Result<Option<ChainHash>, StoreError> {
        let hash: Option<[u8; 32]> = self
            .connection
            .prepare_cached(
                "SELECT hash FROM event WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq = ?4",
            )?
            .query_row(params![store, lane, epoch, signed(seq)?], |row| row.get(0))
            .optional()?;
        Ok(hash.map(chain_hash))
    }

    /// The number up to which the lane's signature is filed; 0 before the first.
    pub fn signed_seq(&self, store: &str, lane: u32, epoch: u32) -> Result<u64, StoreError> {
        let seq: i64 = self
            .connection
            .prepare_cached(
                "SELECT coalesce(max(seq), 0) FROM signed_head WHERE store = ?1 AND lane = ?2 AND epoch = ?3",
            )?
            .query_row(params![store, lane, epoch], |row| row.get(0))?;
        unsigned(seq)
    }

    /// How many events of a lane's epoch lie in branches.
    pub fn branch_events(&self, store: &str, lane: u32, epoch: u32) -> Result<u64, StoreError> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM branch WHERE store = ?1 AND lane = ?2 AND epoch = ?3")?
            .query_row(params![store, lane, epoch], |row| row.get(0))?;
        unsigned(count)
    }

    /// The alarms, newest first, at most `limit`.
    pub fn alarms(&self, limit: u32) -> Result<Vec<Alarm>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT store, lane, epoch, seq, kind, hash_sent, found_at_ms FROM alarm
             ORDER BY found_at_ms DESC, store, lane, epoch, seq LIMIT ?1",
        )?;
        let mut rows = statement.query([limit])?;
        let mut alarms = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: String = row.get(4)?;
            let kind = match kind.as_str() {
                "fork" => AlarmKind::Fork,
                "signature" => AlarmKind::Signature,
                "unsigned" => AlarmKind::Unsigned,
                _ => return Err(StoreError::Row { table: "alarm", reason: format!("kind {kind:?}") }),
            };
            alarms.push(Alarm {
                store: row.get(0)?,
                lane: row.get(1)?,
                epoch: row.get(2)?,
                seq: unsigned(row.get(3)?)?,
                kind,
                hash_sent: chain_hash(row.get(5)?).to_string(),
                found_at_ms: row.get(6)?,
            });
        }
        Ok(alarms)
    }

    /// The quarantined events, by store, lane, epoch and number, at most
    /// `limit`.
    pub fn quarantined(&self, limit: u32) -> Result<Vec<QuarantinedEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT store, lane, epoch, seq, reason FROM quarantine
             ORDER BY store, lane, epoch, seq LIMIT ?1",
        )?;
        let mut rows = statement.query([limit])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(QuarantinedEvent {
                store: row.get(0)?,
                lane: row.get(1)?,
                epoch: row.get(2)?,
                seq: unsigned(row.get(3)?)?,
                reason: row.get(4)?,
            });
        }
        Ok(events)
    }
}

impl Writing<'_> {
    /// Moves a journal's position.
    pub fn set_journal_head(
        &self,
        store: &str,
        lane: u32,
        epoch: u32,
        head: &JournalHead,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO journal (store, lane, epoch, acknowledged, head, quarantined)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (store, lane, epoch) DO UPDATE SET acknowledged = excluded.acknowledged,
                 head = excluded.head, quarantined = excluded.quarantined",
            )?
            .execute(params![
                store,
                lane,
                epoch,
                signed(head.acknowledged)?,
                head.head.as_bytes(),
                signed(head.quarantined)?,
            ])?;
        Ok(())
    }

    /// Files an event's bytes.
    pub fn add_event(&self, row: &EventRow<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO event (store, lane, epoch, seq, hash, bytes, received_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                row.hash.as_bytes(),
                row.bytes,
                row.received_at_ms,
            ])?;
        Ok(())
    }

    /// Files a head that was checked; the same one again changes nothing.
    pub fn add_signed_head(&self, row: &EventRow<'_>, signature: &[u8; 64]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO signed_head (store, lane, epoch, seq, hash, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                row.hash.as_bytes(),
                signature
            ])?;
        Ok(())
    }

    /// Sets an event aside that is not of the journal that is filed.
    pub fn add_branch_event(&self, row: &EventRow<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO branch (store, lane, epoch, seq, hash, bytes, received_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                row.hash.as_bytes(),
                row.bytes,
                row.received_at_ms,
            ])?;
        Ok(())
    }

    /// Sets a filed event aside.
    pub fn add_quarantine(&self, row: &EventRow<'_>, reason: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO quarantine (store, lane, epoch, seq, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![row.store, row.lane, row.epoch, signed(row.seq)?, reason])?;
        Ok(())
    }

    /// Raises an alarm; the same one again changes nothing.
    pub fn raise_alarm(&self, kind: AlarmKind, row: &EventRow<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO alarm (store, lane, epoch, seq, kind, hash_sent, found_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                row.store,
                row.lane,
                row.epoch,
                signed(row.seq)?,
                kind.name(),
                row.hash.as_bytes(),
                row.received_at_ms,
            ])?;
        Ok(())
    }

    /// Reads a sale's document into its tables and adds it to its day.
    ///
    /// The caller has checked that its sums hold and that its numbers fit.
    pub fn add_sale(&self, event: &Event, sale: &Sale) -> Result<(), StoreError> {
        let seq = signed(event.seq)?;
        self.connection
            .prepare_cached(
                "INSERT INTO sale (store, lane, epoch, seq, business_date, at_ms, shift, staff,
                 currency, reference_version, total, rounding, payable, change)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                event.store,
                event.lane,
                event.epoch,
                seq,
                event.business_date.to_string(),
                event.at_ms,
                event.shift,
                sale.staff.id,
                sale.currency,
                signed(sale.reference_version)?,
                sale.total,
                sale.rounding,
                sale.payable,
                sale.change,
            ])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO sale_line (store, lane, epoch, seq, position, line, sku, quantity,
             unit_price, net, tax_rate, unit, factor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        for (position, line) in sale.lines.iter().enumerate() {
            insert.execute(params![
                event.store,
                event.lane,
                event.epoch,
                seq,
                position as i64,
                line.line,
                line.sku,
                line.quantity,
                line.unit_price,
                line.net,
                line.tax_rate,
                line.unit.as_ref().map_or("", |unit| unit.id.as_str()),
                line.unit.as_ref().map_or(1, |unit| unit.factor),
            ])?;
        }
        // What came back is a row below nothing, so that a document's rows sum
        // to its total.
        for (position, back) in (sale.lines.len()..).zip(&sale.returns) {
            insert.execute(params![
                event.store,
                event.lane,
                event.epoch,
                seq,
                position as i64,
                back.line,
                back.sku,
                -back.quantity,
                0,
                -back.amount,
                back.tax_rate,
                "",
                1,
            ])?;
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO sale_tender (store, lane, epoch, seq, position, kind, amount)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (position, tender) in sale.tenders.iter().enumerate() {
            insert.execute(params![
                event.store,
                event.lane,
                event.epoch,
                seq,
                position as i64,
                tender.kind,
                tender.amount,
            ])?;
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO sale_tax (store, lane, epoch, seq, position, rate, net, tax)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for (position, tax) in sale.taxes.iter().enumerate() {
            insert.execute(params![
                event.store,
                event.lane,
                event.epoch,
                seq,
                position as i64,
                tax.rate,
                tax.net,
                tax.tax,
            ])?;
        }
        let tax: i64 = sale.taxes.iter().map(|row| row.tax).sum();
        self.connection
            .prepare_cached(
                "INSERT INTO sales_of_day (store, lane, business_date, currency, sales, lines, total, payable, tax)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8)
                 ON CONFLICT (store, lane, business_date, currency) DO UPDATE SET
                 sales = sales + 1, lines = lines + excluded.lines, total = total + excluded.total,
                 payable = payable + excluded.payable, tax = tax + excluded.tax",
            )?
            .execute(params![
                event.store,
                event.lane,
                event.business_date.to_string(),
                sale.currency,
                (sale.lines.len() + sale.returns.len()) as i64,
                sale.total,
                sale.payable,
                tax,
            ])?;
        Ok(())
    }
}
