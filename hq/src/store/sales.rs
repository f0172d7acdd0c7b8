//! Questions about what was received.

use chrono::NaiveDate;
use protocol::answer::SalesOfDay;

use super::{Reading, StoreError, values};

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
