//! Which past receipts there are: a member's, or those that were paid so. What lies in them is not told; what goods one
//! holds is said only of goods that are asked about.

use chrono::NaiveDate;
use domain::tender::CardEnd;
use serde::{Deserialize, Serialize};

use super::ASKED_LENGTH_MAX;
use crate::event::Origin;

/// How far back receipts are looked for, days: longer than goods come back as a rule.
pub const RECEIPTS_BACK_DAYS: u64 = 90;

/// The most receipts that are told, the newest.
pub const RECEIPTS_TOLD_MAX: usize = 64;

/// The most goods of which a receipt is to hold one.
pub const RECEIPT_GOODS_MAX: usize = 16;

/// By what past receipts are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Sought {
    /// By who bought.
    Member {
        /// HQ's id, a card's code, or the hash of a telephone number, as in
        /// [`Question::Member`](super::Question::Member).
        code: String,
    },
    /// By how it was paid.
    Payment {
        /// The last four digits of the card; absent where nobody knows them.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        card: String,
        /// The business date.
        day: NaiveDate,
        /// What was paid, in all or by one means, minor units; absent where nobody knows it. Without a card it must
        /// stand there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
    },
}

impl Sought {
    /// Whether every text in it is as it must be.
    pub fn is_within_bounds(&self) -> bool {
        match self {
            Self::Member { code } => !code.is_empty() && code.len() <= ASKED_LENGTH_MAX,
            Self::Payment { card, day: _, amount } => {
                let is_card = CardEnd::parse(card).is_ok();
                (is_card || (card.is_empty() && amount.is_some())) && amount.is_none_or(|amount| amount > 0)
            }
        }
    }
}

/// Who can say which receipts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knows {
    /// HQ, for all stores.
    #[default]
    Chain,
    /// The store's relay, for its own lanes and the last weeks; HQ is away.
    Store,
}

/// A receipt, as far as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptShown {
    /// Which.
    pub origin: Origin,
    /// When, by that lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// What was to pay, minor units.
    pub payable: i64,
    /// What of it was not given back, minor units.
    pub left: i64,
}
