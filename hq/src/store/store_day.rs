//! What was filed of a store's business date, summed up from one side. What members paid into their accounts is no sale.

use chrono::NaiveDate;
use domain::value::TOP_UP_SKU;

use super::engine::Row;
use super::{Reading, StoreError, values};

/// An hour, milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// What of a day is summed up.
#[derive(Debug, Clone, Copy)]
pub struct DayOf<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The business date.
    pub day: NaiveDate,
    /// ISO 4217 code of the amounts that count.
    pub currency: &'a str,
}

/// A sum of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySum {
    /// What it is of: an id, a kind of tender, an item code.
    pub of: String,
    /// How many.
    pub count: u64,
    /// What they come to, minor units.
    pub amount: i64,
}

fn sum(row: &dyn Row) -> Result<DaySum, StoreError> {
    Ok(DaySum { of: row.text(0)?, count: row.count(1)?, amount: row.int(2)? })
}

impl Reading<'_> {
    /// How many lanes have filed documents of the day.
    pub fn lanes_of_day(&self, of: &DayOf<'_>) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM (SELECT DISTINCT lane FROM sale WHERE store = ?1 AND business_date = ?2) l",
            values![of.store, of.day.to_string().as_str()],
        )?)
    }

    /// What was to be paid for documents of goods, and how many there were, by the hour in which they were paid: the
    /// hours' first instants in their order, milliseconds UTC. `offset_minutes` is the store's from UTC.
    pub fn sold_by_hour(
        &self,
        of: &DayOf<'_>,
        offset_minutes: i32,
    ) -> Result<Vec<(i64, u64, i64)>, StoreError> {
        let offset_ms = i64::from(offset_minutes) * 60_000;
        let day = of.day.to_string();
        self.all(
            "SELECT d.hour, count(*), CAST(sum(d.payable) AS BIGINT)
             FROM (SELECT (s.at_ms + CAST(?5 AS BIGINT)) / 3600000 AS hour, s.payable
                   FROM sale s WHERE s.store = ?1 AND s.business_date = ?2 AND s.currency = ?3
                   AND NOT EXISTS (SELECT 1 FROM sale_line l WHERE l.store = s.store AND l.lane = s.lane
                       AND l.epoch = s.epoch AND l.seq = s.seq AND l.sku = ?4)) d
             GROUP BY d.hour ORDER BY d.hour",
            values![of.store, day.as_str(), of.currency, TOP_UP_SKU, offset_ms],
            |row| Ok((row.int(0)?.saturating_mul(HOUR_MS) - offset_ms, row.count(1)?, row.int(2)?)),
        )
    }

    /// The same by cashier, by HQ's id.
    pub fn sold_by_cashier(&self, of: &DayOf<'_>) -> Result<Vec<DaySum>, StoreError> {
        let day = of.day.to_string();
        self.all(
            "SELECT s.staff, count(*), CAST(sum(s.payable) AS BIGINT)
             FROM sale s WHERE s.store = ?1 AND s.business_date = ?2 AND s.currency = ?3
             AND NOT EXISTS (SELECT 1 FROM sale_line l WHERE l.store = s.store AND l.lane = s.lane
                 AND l.epoch = s.epoch AND l.seq = s.seq AND l.sku = ?4)
             GROUP BY s.staff ORDER BY s.staff",
            values![of.store, day.as_str(), of.currency, TOP_UP_SKU],
            sum,
        )
    }

    /// What was taken by each kind of tender, and how often; change not counted.
    pub fn taken_by_tender(&self, of: &DayOf<'_>) -> Result<Vec<DaySum>, StoreError> {
        let day = of.day.to_string();
        self.all(
            "SELECT t.kind, count(*), CAST(sum(t.amount) AS BIGINT)
             FROM sale s JOIN sale_tender t
                 ON t.store = s.store AND t.lane = s.lane AND t.epoch = s.epoch AND t.seq = s.seq
             WHERE s.store = ?1 AND s.business_date = ?2 AND s.currency = ?3
             GROUP BY t.kind ORDER BY t.kind",
            values![of.store, day.as_str(), of.currency],
            sum,
        )
    }

    /// What was sold by item code less what came back, and how many lines sold it; at most `limit`.
    pub fn sold_by_goods(&self, of: &DayOf<'_>, limit: u32) -> Result<Vec<DaySum>, StoreError> {
        let day = of.day.to_string();
        self.all(
            "SELECT l.sku, CAST(sum(CASE WHEN l.quantity > 0 THEN 1 ELSE 0 END) AS BIGINT),
                 CAST(sum(l.net) AS BIGINT)
             FROM sale s JOIN sale_line l
                 ON l.store = s.store AND l.lane = s.lane AND l.epoch = s.epoch AND l.seq = s.seq
             WHERE s.store = ?1 AND s.business_date = ?2 AND s.currency = ?3 AND l.sku <> ?4
             GROUP BY l.sku ORDER BY l.sku LIMIT ?5",
            values![of.store, day.as_str(), of.currency, TOP_UP_SKU, limit],
            sum,
        )
    }
}
