//! Shelf labels of a store, as its lanes are told of them.

use serde::{Deserialize, Serialize};

use crate::event::{LabelBinding, LabelItem};

/// When and where something about a label was written down. Of two that say
/// something about the same label, the later one counts: by the clock of its
/// lane, and where that is equal by the lane and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabelStamp {
    /// By the lane's clock, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The lane.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The number of the event there.
    pub seq: u64,
}

/// What a label stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its goods; none where it was unbound or taken down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<LabelItem>,
    /// The template that is used whatever the goods' condition; empty for the
    /// one that suits it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Where it hangs, in the shop's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub slot: String,
    /// It was taken down: what it shows is no offer any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_down: bool,
    /// When and where that was said.
    pub stamp: LabelStamp,
}

/// A person let an item's new price count though labels may show less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelWaiver {
    /// The item.
    pub item: LabelItem,
    /// When and where that was said: faces that were sent later count.
    pub stamp: LabelStamp,
}

/// The most that may be charged for an item while some label may show it,
/// from an instant on. A lane charges no more than the least of all that are
/// in force, whoever said them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfCap {
    /// The item.
    pub item: LabelItem,
    /// The lane whose agent says so: that of the labels' gateway.
    pub lane: u32,
    /// From this instant on, milliseconds since 1970-01-01 UTC; absent for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// What anybody is charged at most for one of the unit, minor units;
    /// absent where no label shows a price for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    /// What members are charged at most; absent where no label shows a
    /// members' price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_price: Option<i64>,
    /// The number of a label that shows the lower of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

impl ShelfCap {
    /// What it is known by among the caps of its store.
    pub fn key(&self) -> String {
        let parts = (&self.item.sku, &self.item.unit, self.lane, self.from_ms);
        serde_json::to_string(&parts).expect("plain data serialises")
    }
}

impl LabelItem {
    /// What the item of a waiver is known by among those of its store.
    pub fn key(&self) -> String {
        serde_json::to_string(&(&self.sku, &self.unit)).expect("plain data serialises")
    }
}

impl Label {
    /// A label that was bound.
    pub fn bound(binding: &LabelBinding, stamp: LabelStamp) -> Self {
        let LabelBinding { label: _, items, template, slot } = binding.clone();
        Self { items, template, slot, taken_down: false, stamp }
    }

    /// A label that stands for nothing any more; whether it was taken down.
    pub fn unbound(taken_down: bool, stamp: LabelStamp) -> Self {
        Self { items: Vec::new(), template: String::new(), slot: String::new(), taken_down, stamp }
    }
}
