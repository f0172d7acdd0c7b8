//! Questions about what was received.

use chrono::NaiveDate;
use domain::value::TOP_UP_SKU;
use protocol::answer::SalesOfDay;

use super::{JournalKey, Reading, StoreError, signed, values};

/// Which sales a question is about; `None` for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SalesRange {
    /// The store's code.
    pub store: Option<String>,
    /// The lane's number.
    pub lane: Option<u32>,
    /// The first business date.
    pub from: Option<NaiveDate>,
    /// The last business date, included.
    pub to: Option<NaiveDate>,
}

impl Reading<'_> {
    /// The sums by store, lane, day and currency, in that order.
    pub fn sales_of_days(&self, range: &SalesRange) -> Result<Vec<SalesOfDay>, StoreError> {
        let [from, to] = [range.from, range.to].map(|date| date.map(|date| date.to_string()));
        self.all(
            "SELECT store, lane, business_date, currency, sales, lines, total, payable, tax
             FROM sales_of_day
             WHERE (CAST(?1 AS TEXT) IS NULL OR store = ?1) AND (CAST(?2 AS BIGINT) IS NULL OR lane = ?2)
               AND (CAST(?3 AS TEXT) IS NULL OR business_date >= ?3)
               AND (CAST(?4 AS TEXT) IS NULL OR business_date <= ?4)
             ORDER BY store, lane, business_date, currency",
            values![range.store.as_deref(), range.lane, from.as_deref(), to.as_deref()],
            |row| {
                let date = row.text(2)?;
                let date = date.parse::<NaiveDate>().map_err(|error| StoreError::Row {
                    table: "sales_of_day",
                    reason: format!("business date {date:?}: {error}"),
                })?;
                Ok(SalesOfDay {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    date,
                    currency: row.text(3)?,
                    sales: row.count(4)?,
                    lines: row.count(5)?,
                    total: row.int(6)?,
                    payable: row.int(7)?,
                    tax: row.int(8)?,
                })
            },
        )
    }
}

/// A sale, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRow {
    /// The number of its event.
    pub seq: u64,
    /// The day that it belongs to.
    pub business_date: String,
    /// By the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// The shift's number on its lane.
    pub shift: u32,
    /// The id of who sold.
    pub staff: String,
    /// ISO 4217.
    pub currency: String,
    /// Sum of nets less what came back, with tax on top where there is any.
    pub total: i64,
    /// What cash rounding took off.
    pub rounding: i64,
    /// `total + rounding`.
    pub payable: i64,
    /// Cash given back.
    pub change: i64,
}

/// A line of a sale; below nothing for what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleLineRow {
    /// The number of the sale's event.
    pub seq: u64,
    /// The item code.
    pub sku: String,
    /// Thousandths of its unit.
    pub quantity: i64,
    /// The pack's id; empty for the base unit.
    pub unit: String,
    /// Base units in one.
    pub factor: i64,
    /// Per unit.
    pub unit_price: i64,
    /// What the line comes to.
    pub net: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
}

/// VAT of one rate within a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleTaxRow {
    /// The number of the sale's event.
    pub seq: u64,
    /// Basis points.
    pub rate: u32,
    /// Sum of nets at this rate, as the tags say.
    pub net: i64,
    /// The tax.
    pub tax: i64,
}

/// Sums over the sales of a store and day in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySums {
    /// ISO 4217.
    pub currency: String,
    /// Documents.
    pub documents: u64,
    /// Sum of their totals.
    pub total: i64,
    /// Sum of their roundings.
    pub rounding: i64,
    /// Sum of what was payable.
    pub payable: i64,
    /// Sum of the change.
    pub change: i64,
}

/// What was taken by one means of payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTender {
    /// ISO 4217.
    pub currency: String,
    /// The kind of tender.
    pub kind: String,
    /// What was handed over less what was paid out, change not counted.
    pub amount: i64,
}

/// What was sold at one rate of tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTax {
    /// ISO 4217.
    pub currency: String,
    /// Basis points.
    pub rate: u32,
    /// Without the tax.
    pub base: i64,
    /// The tax.
    pub tax: i64,
}

impl Reading<'_> {
    /// Sales of a journal after a number, in order, at most `limit`.
    pub fn sales_after(
        &self,
        key: JournalKey<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<SaleRow>, StoreError> {
        self.all(
            "SELECT seq, business_date, at_ms, shift, staff, currency, total, rounding, payable, change
             FROM sale WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq > ?4 ORDER BY seq LIMIT ?5",
            values![key.store, key.lane, key.epoch, signed(after)?, limit],
            |row| {
                Ok(SaleRow {
                    seq: row.count(0)?,
                    business_date: row.text(1)?,
                    at_ms: row.int(2)?,
                    shift: row.small(3)?,
                    staff: row.text(4)?,
                    currency: row.text(5)?,
                    total: row.int(6)?,
                    rounding: row.int(7)?,
                    payable: row.int(8)?,
                    change: row.int(9)?,
                })
            },
        )
    }

    /// The lines of a journal's sales from one number to another, in order.
    pub fn sale_lines(
        &self,
        key: JournalKey<'_>,
        from: u64,
        to: u64,
    ) -> Result<Vec<SaleLineRow>, StoreError> {
        self.all(
            "SELECT seq, sku, quantity, unit, factor, unit_price, net, tax_rate FROM sale_line
             WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq >= ?4 AND seq <= ?5 ORDER BY seq, position",
            values![key.store, key.lane, key.epoch, signed(from)?, signed(to)?],
            |row| {
                Ok(SaleLineRow {
                    seq: row.count(0)?,
                    sku: row.text(1)?,
                    quantity: row.int(2)?,
                    unit: row.text(3)?,
                    factor: row.int(4)?,
                    unit_price: row.int(5)?,
                    net: row.int(6)?,
                    tax_rate: row.small(7)?,
                })
            },
        )
    }

    /// The tenders of a journal's sales from one number to another, in order:
    /// number, kind, amount.
    pub fn sale_tenders(
        &self,
        key: JournalKey<'_>,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, String, i64)>, StoreError> {
        self.all(
            "SELECT seq, kind, amount FROM sale_tender
             WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq >= ?4 AND seq <= ?5 ORDER BY seq, position",
            values![key.store, key.lane, key.epoch, signed(from)?, signed(to)?],
            |row| Ok((row.count(0)?, row.text(1)?, row.int(2)?)),
        )
    }

    /// The taxes of a journal's sales from one number to another, in order.
    pub fn sale_taxes(&self, key: JournalKey<'_>, from: u64, to: u64) -> Result<Vec<SaleTaxRow>, StoreError> {
        self.all(
            "SELECT seq, rate, net, tax FROM sale_tax
             WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq >= ?4 AND seq <= ?5 ORDER BY seq, position",
            values![key.store, key.lane, key.epoch, signed(from)?, signed(to)?],
            |row| Ok(SaleTaxRow { seq: row.count(0)?, rate: row.small(1)?, net: row.int(2)?, tax: row.int(3)? }),
        )
    }

    /// How far each journal of a store is filed: lane, epoch, number.
    pub fn journals_of(&self, store: &str) -> Result<Vec<(u32, u32, u64)>, StoreError> {
        self.all(
            "SELECT lane, epoch, acknowledged FROM journal WHERE store = ?1 ORDER BY lane, epoch",
            values![store],
            |row| Ok((row.small(0)?, row.small(1)?, row.count(2)?)),
        )
    }

    /// Sums over the sales of a store and business date, by currency.
    pub fn day_sums(&self, store: &str, date: &str) -> Result<Vec<DaySums>, StoreError> {
        self.all(
            "SELECT currency, count(*), CAST(sum(total) AS BIGINT), CAST(sum(rounding) AS BIGINT),
                 CAST(sum(payable) AS BIGINT), CAST(sum(change) AS BIGINT)
             FROM sale WHERE store = ?1 AND business_date = ?2 GROUP BY currency ORDER BY currency",
            values![store, date],
            |row| {
                Ok(DaySums {
                    currency: row.text(0)?,
                    documents: row.count(1)?,
                    total: row.int(2)?,
                    rounding: row.int(3)?,
                    payable: row.int(4)?,
                    change: row.int(5)?,
                })
            },
        )
    }

    /// What was taken on a day, by currency and means of payment.
    pub fn day_tenders(&self, store: &str, date: &str) -> Result<Vec<DayTender>, StoreError> {
        self.all(
            "SELECT s.currency, t.kind, CAST(sum(t.amount) AS BIGINT)
             FROM sale s JOIN sale_tender t
                 ON t.store = s.store AND t.lane = s.lane AND t.epoch = s.epoch AND t.seq = s.seq
             WHERE s.store = ?1 AND s.business_date = ?2
             GROUP BY s.currency, t.kind ORDER BY s.currency, t.kind",
            values![store, date],
            |row| Ok(DayTender { currency: row.text(0)?, kind: row.text(1)?, amount: row.int(2)? }),
        )
    }

    /// What members paid into their accounts on a day, by currency.
    pub fn day_paid_in(&self, store: &str, date: &str) -> Result<Vec<(String, i64)>, StoreError> {
        self.all(
            "SELECT s.currency, CAST(sum(l.net) AS BIGINT)
             FROM sale s JOIN sale_line l
                 ON l.store = s.store AND l.lane = s.lane AND l.epoch = s.epoch AND l.seq = s.seq
             WHERE s.store = ?1 AND s.business_date = ?2 AND l.sku = ?3
             GROUP BY s.currency ORDER BY s.currency",
            values![store, date, TOP_UP_SKU],
            |row| Ok((row.text(0)?, row.int(1)?)),
        )
    }

    /// What was sold on a day, by currency and rate of tax. Where the total of
    /// a sale is more than its lines, its prices are without the tax.
    pub fn day_taxes(&self, store: &str, date: &str) -> Result<Vec<DayTax>, StoreError> {
        self.all(
            "SELECT s.currency, t.rate,
                 CAST(sum(t.net - CASE WHEN s.total = s.nets THEN t.tax ELSE 0 END) AS BIGINT),
                 CAST(sum(t.tax) AS BIGINT)
             FROM (SELECT a.store, a.lane, a.epoch, a.seq, a.currency, a.total,
                       (SELECT coalesce(sum(l.net), 0) FROM sale_line l WHERE l.store = a.store
                        AND l.lane = a.lane AND l.epoch = a.epoch AND l.seq = a.seq) AS nets
                   FROM sale a WHERE a.store = ?1 AND a.business_date = ?2) s
             JOIN sale_tax t ON t.store = s.store AND t.lane = s.lane AND t.epoch = s.epoch AND t.seq = s.seq
             GROUP BY s.currency, t.rate ORDER BY s.currency, t.rate DESC",
            values![store, date],
            |row| {
                Ok(DayTax {
                    currency: row.text(0)?,
                    rate: row.small(1)?,
                    base: row.int(2)?,
                    tax: row.int(3)?,
                })
            },
        )
    }

    /// Shifts of a store and business date that are not closed, as far as is filed.
    pub fn open_shifts(&self, store: &str, date: &str) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM shift WHERE store = ?1 AND business_date = ?2 AND closed_by IS NULL",
            values![store, date],
        )?)
    }
}
