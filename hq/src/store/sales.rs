//! Questions about what was received.

use chrono::NaiveDate;
use protocol::answer::SalesOfDay;
use rusqlite::params;

use super::{Reading, StoreError, unsigned};

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
        let mut statement = self.connection.prepare_cached(
            "SELECT store, lane, business_date, currency, sales, lines, total, payable, tax
             FROM sales_of_day
             WHERE (?1 IS NULL OR store = ?1) AND (?2 IS NULL OR lane = ?2)
               AND (?3 IS NULL OR business_date >= ?3) AND (?4 IS NULL OR business_date <= ?4)
             ORDER BY store, lane, business_date, currency",
        )?;
        let mut rows = statement.query(params![
            range.store,
            range.lane,
            range.from.map(|date| date.to_string()),
            range.to.map(|date| date.to_string()),
        ])?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let date: String = row.get(2)?;
            let date = date.parse::<NaiveDate>().map_err(|error| StoreError::Row {
                table: "sales_of_day",
                reason: format!("business date {date:?}: {error}"),
            })?;
            answer.push(SalesOfDay {
                store: row.get(0)?,
                lane: row.get(1)?,
                date,
                currency: row.get(3)?,
                sales: unsigned(row.get(4)?)?,
                lines: unsigned(row.get(5)?)?,
                total: row.get(6)?,
                payable: row.get(7)?,
                tax: row.get(8)?,
            });
        }
        Ok(answer)
    }
}
