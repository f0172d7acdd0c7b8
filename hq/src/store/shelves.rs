//! Rows of shelf labels: what they stand for, what may be charged meanwhile,
//! and what each lane has in use.

use protocol::event::LabelItem;
use protocol::pull::{Label, LabelWaiver, ShelfCap};
use protocol::shelf::LaneVersion;

use super::{Kind, Reading, StoreError, Writing, signed, values};

/// What an agent reported last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfReportRow {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The report's own number.
    pub number: u64,
    /// When it came, by HQ's clock, milliseconds UTC.
    pub heard_at_ms: i64,
    /// How the labels stood, as JSON.
    pub body: String,
}

fn entity<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row { table: "entity", reason: error.to_string() })
}

/// What one unit of a sale's line cost: its price where the line came to that,
/// rounded as lines are; else what was paid for it, rounded down.
const DEAL: &str = "CASE WHEN l.net * 1000 + 500 >= l.unit_price * l.quantity THEN l.unit_price
                         ELSE l.net * 1000 / l.quantity END";

/// The lines in which an item was sold.
const DEALS: &str = "sale_line AS l JOIN sale AS s
    ON s.store = l.store AND s.lane = l.lane AND s.epoch = l.epoch AND s.seq = l.seq
    WHERE l.store = ?1 AND l.sku = ?2 AND l.unit = ?3 AND l.quantity > 0 AND l.net > 0";

/// Before, and after, the keys of an item's caps by one lane.
fn cap_keys_of(item: &LabelItem, lane: u32) -> (String, String) {
    let item = serde_json::to_string(&(&item.sku, &item.unit)).expect("plain data serialises");
    let begin = format!("{},{lane},", item.trim_end_matches(']'));
    let end = format!("{begin}{}", char::MAX);
    (begin, end)
}

impl Reading<'_> {
    /// What the labels of a store stand for, by number.
    pub fn labels(&self, store: &str) -> Result<Vec<(String, Label)>, StoreError> {
        self.all(
            "SELECT key, body FROM entity WHERE store = ?1 AND kind = 'label' AND body IS NOT NULL ORDER BY key",
            values![store],
            |row| Ok((row.text(0)?, entity(&row.text(1)?)?)),
        )
    }

    /// Another store than this one in which a label stands for something; the
    /// first by its code.
    pub fn label_elsewhere(&self, but: &str, number: &str) -> Result<Option<String>, StoreError> {
        let rows = self.all(
            "SELECT store, body FROM entity WHERE kind = 'label' AND key = ?1 AND store <> ?2
             AND body IS NOT NULL ORDER BY store",
            values![number, but],
            |row| Ok((row.text(0)?, entity::<Label>(&row.text(1)?)?)),
        )?;
        Ok(rows.into_iter().find(|(_, label)| !label.items.is_empty()).map(|(store, _)| store))
    }

    /// What was reported last, by store and lane; of one store where it is named.
    pub fn shelf_reports(&self, store: Option<&str>) -> Result<Vec<ShelfReportRow>, StoreError> {
        self.all(
            "SELECT store, lane, number, heard_at_ms, body FROM shelf_report
             WHERE ?1 = '' OR store = ?1 ORDER BY store, lane",
            values![store.unwrap_or_default()],
            |row| {
                Ok(ShelfReportRow {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    number: row.count(2)?,
                    heard_at_ms: row.int(3)?,
                    body: row.text(4)?,
                })
            },
        )
    }

    /// Whether any lane of a store has gateways.
    pub fn has_shelf(&self, store: &str) -> Result<bool, StoreError> {
        let found = self.number("SELECT count(*) FROM shelf_report WHERE store = ?1", values![store])?;
        Ok(found > 0)
    }

    /// The lanes of a store that count, but one, with what each has in use.
    pub fn lane_versions(&self, store: &str, but: u32) -> Result<Vec<LaneVersion>, StoreError> {
        self.all(
            "SELECT lane.lane, coalesce(used.version, 0) FROM lane
             LEFT JOIN lane_reference AS used ON used.store = lane.store AND used.lane = lane.lane
             WHERE lane.store = ?1 AND lane.lane > 0 AND lane.lane <> ?2 AND coalesce(used.is_written_off, 0) = 0
             ORDER BY lane.lane",
            values![store, but],
            |row| Ok(LaneVersion { lane: row.small(0)?, version: row.count(1)? }),
        )
    }

    /// The lowest price per unit, minor units, at which an item was sold in a
    /// store from one instant up to another (milliseconds UTC, by the lanes'
    /// clocks); `None` where it was not. What went out for nothing has no price.
    pub fn lowest_deal(
        &self,
        store: &str,
        item: &LabelItem,
        from_ms: i64,
        until_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = format!("SELECT coalesce(min({DEAL}), -1) FROM {DEALS} AND s.at_ms >= ?4 AND s.at_ms < ?5");
        let lowest = self.number(&sql, values![store, &item.sku, &item.unit, from_ms, until_ms])?;
        Ok((lowest >= 0).then_some(lowest))
    }

    /// The price per unit of the last sale of an item in a store before an
    /// instant, as [`Reading::lowest_deal`] takes it.
    pub fn last_deal(
        &self,
        store: &str,
        item: &LabelItem,
        before_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = format!("SELECT {DEAL} FROM {DEALS} AND s.at_ms < ?4 ORDER BY s.at_ms DESC, 1 LIMIT 1");
        self.one(&sql, values![store, &item.sku, &item.unit, before_ms], |row| row.int(0))
    }

    /// Whether HQ has all that the lanes of a store sold before an instant
    /// (milliseconds UTC): each has sent something later, or its last shift is
    /// closed. Lanes that were written off do not count.
    pub fn has_all_until(&self, store: &str, until_ms: i64) -> Result<bool, StoreError> {
        let in_a_shift = self.all(
            "SELECT DISTINCT shift.lane FROM shift
             LEFT JOIN lane_reference AS used ON used.store = shift.store AND used.lane = shift.lane
             WHERE shift.store = ?1 AND shift.closed_seq IS NULL AND coalesce(used.is_written_off, 0) = 0
             ORDER BY shift.lane",
            values![store],
            |row| row.small(0),
        )?;
        for lane in in_a_shift {
            let last = self.one(
                "SELECT event.bytes FROM journal
                 JOIN event ON event.store = journal.store AND event.lane = journal.lane
                     AND event.epoch = journal.epoch AND event.seq = journal.acknowledged
                 WHERE journal.store = ?1 AND journal.lane = ?2 ORDER BY journal.epoch DESC LIMIT 1",
                values![store, lane],
                |row| row.bytes(0),
            )?;
            let at_ms = last.and_then(|bytes| protocol::event::decode(&bytes).ok()).map(|event| event.at_ms);
            if at_ms.is_none_or(|at_ms| at_ms < until_ms) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a lane was last known to have in use, and whether it was written off.
    pub fn lane_version(&self, store: &str, lane: u32) -> Result<Option<(u64, bool)>, StoreError> {
        self.one(
            "SELECT version, is_written_off FROM lane_reference WHERE store = ?1 AND lane = ?2",
            values![store, lane],
            |row| Ok((row.count(0)?, row.int(1)? != 0)),
        )
    }
}

impl Writing<'_> {
    /// Says what a label stands for, unless what is known was said later.
    /// Told in any order, the same comes of it.
    pub fn put_label(&self, store: &str, number: &str, label: &Label) -> Result<(), StoreError> {
        if let Some(body) = self.entity_of_store(Kind::Label, store, number)? {
            let known: Label = entity(&body)?;
            if known.stamp >= label.stamp {
                return Ok(());
            }
        }
        let body = serde_json::to_string(label).expect("plain data serialises");
        self.put_of_store(Kind::Label, store, number, &body)?;
        Ok(())
    }

    /// The same for what a person let count before labels show it.
    pub fn put_label_waiver(&self, store: &str, waiver: &LabelWaiver) -> Result<(), StoreError> {
        let key = waiver.item.key();
        if let Some(body) = self.entity_of_store(Kind::LabelWaiver, store, &key)? {
            let known: LabelWaiver = entity(&body)?;
            if known.stamp >= waiver.stamp {
                return Ok(());
            }
        }
        let body = serde_json::to_string(waiver).expect("plain data serialises");
        self.put_of_store(Kind::LabelWaiver, store, &key, &body)?;
        Ok(())
    }

    /// Makes these all caps that a lane's labels make for an item.
    pub fn set_caps(
        &self,
        store: &str,
        lane: u32,
        item: &LabelItem,
        caps: &[ShelfCap],
    ) -> Result<(), StoreError> {
        let (begin, end) = cap_keys_of(item, lane);
        let known = self.all(
            "SELECT key FROM entity WHERE store = ?1 AND kind = 'shelf_cap' AND key > ?2 AND key < ?3
             AND body IS NOT NULL",
            values![store, &begin, &end],
            |row| row.text(0),
        )?;
        let keys: Vec<String> = caps.iter().map(ShelfCap::key).collect();
        for (cap, key) in caps.iter().zip(&keys) {
            let body = serde_json::to_string(cap).expect("plain data serialises");
            self.put_of_store(Kind::ShelfCap, store, key, &body)?;
        }
        for gone in known.iter().filter(|known| !keys.contains(known)) {
            self.delete_of_store(Kind::ShelfCap, store, gone)?;
        }
        Ok(())
    }

    /// Keeps what an agent reported; how the labels stand stays as it was
    /// where it says nothing of it.
    pub fn put_shelf_report(
        &self,
        store: &str,
        lane: u32,
        number: u64,
        heard_at_ms: i64,
        body: Option<&str>,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO shelf_report (store, lane, number, heard_at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, lane) DO UPDATE SET number = excluded.number,
             heard_at_ms = excluded.heard_at_ms,
             body = CASE WHEN CAST(?6 AS BIGINT) = 0 THEN shelf_report.body ELSE excluded.body END",
            values![
                store,
                lane,
                signed(number)?,
                heard_at_ms,
                body.unwrap_or("null"),
                i64::from(body.is_some())
            ],
        )?;
        Ok(())
    }

    /// Notes what a lane has in use; one that was written off counts again.
    pub fn note_lane_version(&self, store: &str, lane: u32, version: u64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO lane_reference (store, lane, version, is_written_off) VALUES (?1, ?2, ?3, 0)
             ON CONFLICT (store, lane) DO UPDATE SET version = excluded.version, is_written_off = 0",
            values![store, lane, signed(version)?],
        )?;
        Ok(())
    }

    /// A lane is lost: no label waits for it any more.
    pub fn write_off_lane(&self, store: &str, lane: u32) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO lane_reference (store, lane, version, is_written_off) VALUES (?1, ?2, 0, 1)
             ON CONFLICT (store, lane) DO UPDATE SET is_written_off = 1",
            values![store, lane],
        )?;
        Ok(())
    }
}
