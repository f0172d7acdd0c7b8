//! Agent to HQ: what may be charged at most while labels may show it, and how
//! a store's labels stand.
//!
//! `POST /v1/lanes/{store}/{lane}/shelf` takes a [`ShelfReport`] and gives a
//! [`ShelfAnswer`], both as JSON. HQ tells the store's lanes the caps as part
//! of its reference, and the agent which version each lane has in use: a label
//! is given a lower price when no lane can charge more.
//!
//! `POST /v1/lanes/{store}/{lane}/version` takes a [`VersionInUse`]: the
//! version of the reference that a lane has in use from now on.

use serde::{Deserialize, Serialize};

use crate::event::LabelItem;
use crate::pull::ShelfCap;

/// The most items of one report.
pub const REPORT_ITEMS_MAX: usize = 1_000;

/// The most caps of one item: now, and at the instants that are known ahead.
pub const ITEM_CAPS_MAX: usize = 64;

/// The most questions of one report about what goods were sold at.
pub const DEALS_ASKED_MAX: usize = 200;

/// The most items of one report whose stock is asked.
pub const STOCK_ASKED_MAX: usize = 500;

/// The most bytes of a report.
pub const REPORT_BYTES_MAX: usize = 16 << 20;

/// What an agent with gateways tells HQ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfReport {
    /// Greater than that of every report before. HQ takes in none that comes
    /// late: it would put an older cap in the place of a newer one.
    pub number: u64,
    /// Items with all caps that this agent's labels make for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemCaps>,
    /// How the labels stand, where that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ShelfCounts>,
    /// What is asked of prices that are to be struck. An HQ that does not know
    /// the question answers nothing, and nothing is struck.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<DealAsked>,
    /// Item codes of which the store's stock is asked. An HQ that does not know
    /// the question answers nothing, and no label says that there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<String>,
}

/// What an item was sold at in this store before a promotion of it began: of
/// that depends which price may be struck (SAMR Order 56 of 2022, art. 16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealAsked {
    /// The item.
    pub item: LabelItem,
    /// From this instant on, milliseconds UTC.
    pub from_ms: i64,
    /// Up to but not including this one: when the promotion begins.
    pub until_ms: i64,
}

/// HQ's answer to a [`DealAsked`], by the journals of the store's lanes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealTold {
    /// The item.
    pub item: LabelItem,
    /// As it was asked.
    pub from_ms: i64,
    /// As it was asked.
    pub until_ms: i64,
    /// The lowest price of one of the unit in that time, minor units; absent
    /// where none was sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest: Option<i64>,
    /// Where none was sold: the price of the last one before, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// HQ has all that the store's lanes sold in that time. Else what it says
    /// is no ground to strike a price, and is asked again.
    pub is_whole: bool,
}

/// An item with its caps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemCaps {
    /// The item.
    pub item: LabelItem,
    /// All of them; none where there is none any more.
    pub caps: Vec<CapTold>,
}

/// A cap of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapTold {
    /// As in [`ShelfCap::from_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// As in [`ShelfCap::price`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    /// As in [`ShelfCap::member_price`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_price: Option<i64>,
    /// As in [`ShelfCap::label`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

impl CapTold {
    /// The cap as lanes are told it.
    pub fn of_lane(self, lane: u32, item: LabelItem) -> ShelfCap {
        let Self { from_ms, price, member_price, label } = self;
        ShelfCap { item, lane, from_ms, price, member_price, label }
    }
}

impl From<ShelfCap> for CapTold {
    fn from(cap: ShelfCap) -> Self {
        let ShelfCap { from_ms, price, member_price, label, .. } = cap;
        Self { from_ms, price, member_price, label }
    }
}

/// How the labels of an agent's gateways stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShelfCounts {
    /// By the lane's clock, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Labels that stand for something.
    pub bound: u64,
    /// Those that show what they should.
    pub shown: u64,
    /// Their faces are on the way.
    pub sending: u64,
    /// Their faces wait for tills.
    pub held: u64,
    /// No gateway has seen them.
    pub not_seen: u64,
    /// They will not show their face by themselves.
    pub given_up: u64,
    /// Their face cannot be made.
    pub no_face: u64,
    /// They show another price than the tills charge.
    pub differing: u64,
    /// Of those, the ones that show less than the tills charge, which must
    /// never be.
    #[serde(skip_serializing_if = "is_nothing")]
    pub below: u64,
    /// Prices that were not struck, since nothing shows that they may be.
    #[serde(skip_serializing_if = "is_nothing")]
    pub not_struck: u64,
    /// When labels and tills were last compared whole, milliseconds UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_ms: Option<i64>,
    /// Their battery is low.
    pub low_battery: u64,
    /// Gateways.
    pub gateways: u64,
    /// Gateways that do not work.
    pub gateways_down: u64,
    /// The price change that is being sent, or was sent last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchCounts>,
}

fn is_nothing(number: &u64) -> bool {
    *number == 0
}

/// How far a price change has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchCounts {
    /// When it began, milliseconds UTC.
    pub begun_ms: i64,
    /// Labels that it is about.
    pub labels: u64,
    /// Those that show it.
    pub shown: u64,
    /// Those that were given up.
    pub given_up: u64,
    /// When it was over, milliseconds UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
}

/// What HQ says to a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfAnswer {
    /// Whether it was taken in; not where its number is not a new one.
    pub is_taken: bool,
    /// The greatest number that was taken in.
    pub number: u64,
    /// The version of the reference in which lanes are told what was reported.
    pub version: u64,
    /// The store's other lanes that count: those that were written off do not.
    pub lanes: Vec<LaneVersion>,
    /// What it knows of what was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<DealTold>,
    /// What the store has of what was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<StockTold>,
}

/// What a store has of an item, by the movements and sales that HQ has filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockTold {
    /// The item code.
    pub sku: String,
    /// Thousandths of a piece or a kilogram; below 0 where more was sold than
    /// anybody wrote down as brought.
    pub on_hand: i64,
}

/// What a lane has in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneVersion {
    /// The lane's number.
    pub lane: u32,
    /// The version of the reference; 0 where it has not said one.
    pub version: u64,
}

/// The version of the reference that a lane has in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionInUse {
    /// The version.
    pub version: u64,
}
