//! What a lane did with an order of a channel.

use serde::{Deserialize, Serialize};

/// One thing that was done with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// HQ's id of the order, one among those of its store.
    pub order: String,
    /// The staff id of who did it.
    pub staff: String,
    /// What.
    #[serde(flatten)]
    pub deed: OrderDeed,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum OrderDeed {
    /// The store will do it.
    Accepted {},
    /// The store will not do it; the channel pays all of it back.
    Refused {
        /// Why.
        reason: String,
    },
    /// So much of a line lay in the bag then.
    Found {
        /// The line's number within the order.
        line: u32,
        /// Thousandths, as counted or weighed; weighed goods may be somewhat
        /// above what was ordered.
        quantity: i64,
    },
    /// Its goods lie ready.
    Ready {
        /// Lines of which not all was found; of the others all was.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<Missing>,
        /// Why; empty where it needs no words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Somebody has the goods.
    HandedOver {
        /// The pick-up code that they brought. It is good for nothing any more.
        code: String,
    },
    /// Nobody came for it: the goods went back, and the channel pays it back.
    NotCollected {},
}

/// A line of which not all was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its number within the order.
    pub line: u32,
    /// How much was found, thousandths.
    pub found: i64,
}

/// What a lane did with an order so far, as it goes on from shift to shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHere {
    /// The order's id.
    pub order: String,
    /// How far it has come on this lane.
    pub stage: OrderStage,
    /// What lies in the bag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Missing>,
}

/// How far an order has come on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// Accepted, or goods of it were found.
    Accepted,
    /// It lies ready.
    Ready,
    /// It was handed over.
    HandedOver,
    /// It was refused, or nobody came for it.
    Ended,
}
