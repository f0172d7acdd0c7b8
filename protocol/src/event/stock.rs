//! Goods that move beside sales, counts, and people who become members, as
//! events say it.

use serde::{Deserialize, Serialize};

/// Why goods come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockMove {
    /// A supplier brought them.
    Receive,
    /// They go back to the supplier.
    ReturnToSupplier,
    /// They leave for another store.
    TransferOut,
    /// They came from another store.
    TransferIn,
    /// They are broken.
    Damage,
    /// Their time is over.
    Expiry,
    /// The shop uses them itself.
    InternalUse,
    /// They were given to taste.
    Tasting,
    /// Somebody waits for them.
    Reserve,
    /// Nobody waits for them any more.
    Release,
}

/// So much of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLine {
    /// HQ's item code.
    pub sku: String,
    /// Thousandths of its base unit; above nothing of a movement, from nothing
    /// on of a count.
    pub quantity: i64,
}

/// Goods that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Why.
    pub kind: StockMove,
    /// The number of the delivery, transfer or order.
    pub document: String,
    /// The other store, or the supplier.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other: String,
    /// What.
    pub lines: Vec<StockLine>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How far a lane's journal had come when something was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The lane's number within its store.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The number of its last event then.
    pub seq: u64,
}

/// What was found on the shelves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCount {
    /// The number of the count.
    pub document: String,
    /// What was there.
    pub lines: Vec<StockLine>,
    /// How far each lane of the store was, when the first line was counted.
    pub positions: Vec<Position>,
    /// When lines were counted, and where lanes had got to meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<CountStep>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// From a line of a count on, lanes were somewhere else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountStep {
    /// The first line that it is about, counted from 0.
    pub line: u32,
    /// When that line was counted, the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// The lanes that had gone on, and how far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<Position>,
    /// The lanes of which nobody knew any more how far they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<u32>,
}

/// Somebody who became a member at a till: no name, no telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMember {
    /// The id that the lane gave, made of the hash: the same person has the
    /// same on every lane.
    pub id: String,
    /// As in `pull::phone_hash`.
    pub phone_hash: String,
    /// What may be shown of them, such as `尾号1234`.
    pub shown: String,
    /// The code of a card that they were given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card: String,
}

impl NewMember {
    /// The codes of their cards.
    pub fn cards(&self) -> Vec<&str> {
        [self.card.as_str()].into_iter().filter(|card| !card.is_empty()).collect()
    }
}
