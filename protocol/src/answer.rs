//! What HQ says about what it has received.
//!
//! `GET /v1/sales?store=S&lane=N&from=YYYY-MM-DD&to=YYYY-MM-DD`; every
//! condition may be left out. Days are business dates, `to` included.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The answer: one row a store, lane and day, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesAnswer {
    /// The rows.
    pub rows: Vec<SalesOfDay>,
}

/// What one lane sold on one business date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesOfDay {
    /// The store's code.
    pub store: String,
    /// The lane's number.
    pub lane: u32,
    /// The business date.
    pub date: NaiveDate,
    /// ISO 4217 code.
    pub currency: String,
    /// How many sales.
    pub sales: u64,
    /// How many lines in them.
    pub lines: u64,
    /// Sum of their totals, minor units.
    pub total: i64,
    /// Sum of what was to be paid after cash rounding, minor units.
    pub payable: i64,
    /// Sum of the VAT contained, minor units.
    pub tax: i64,
}
