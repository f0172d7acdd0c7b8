//! A whole store's day, as HQ has it: one table of it at a time, for somebody with the right.

use serde::{Deserialize, Serialize};

/// The most rows of a table that are told: the largest, or the first of an order that is told whole.
pub const STORE_DAY_ROWS_MAX: usize = 64;

/// The most different rows of exceptions that are told.
pub const STORE_DAY_EXCEPTIONS_MAX: usize = 1_000;

/// How a store's day is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreDayBy {
    /// By the hour in which it was paid.
    Hour,
    /// By category.
    Category,
    /// By cashier.
    Cashier,
    /// By kind of tender.
    Tender,
    /// The goods that sold most.
    Goods,
    /// What was out of the usual.
    Exceptions,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoreDayRow {
    /// Of an hour its first instant, milliseconds UTC; the category's, cashier's or tender's id, or the item code.
    pub of: String,
    /// Its names in Chinese and in English; empty where HQ has none, and of hours and tenders.
    #[serde(default)]
    pub name: (String, String),
    /// How many documents, payments or lines: of hours and cashiers, of tenders, of categories and goods.
    pub count: u64,
    /// What they come to, minor units, what came back taken off.
    pub amount: i64,
}

/// How often one person did one thing that is out of the usual.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoreDayException {
    /// What, as [`domain::exceptions::ExceptionKind::name`] has it; a newer HQ may say others.
    pub kind: String,
    /// HQ's id of who.
    pub staff: String,
    /// Their name; empty where HQ has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How often.
    pub count: u64,
    /// What it came to, minor units; absent where no money is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

/// A store's business date, looked at from one side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoreDay {
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Lanes of which HQ has documents of that day.
    pub lanes: u64,
    /// What was sold on that day, minor units, what came back taken off: without what members paid into their accounts.
    pub payable: i64,
    /// What members paid into their accounts, minor units: it is among the tenders, and no sale.
    #[serde(default)]
    pub paid_in: i64,
    /// At most [`STORE_DAY_ROWS_MAX`]: hours in their order, all others the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<StoreDayRow>,
    /// At most [`STORE_DAY_EXCEPTIONS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<StoreDayException>,
}

/// Why nothing is told of a store's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreDayRefused {
    /// In HQ's books whoever asks may not see it.
    NoRight,
}
