//! Which goods shelf labels stand for, as events say it.

use serde::{Deserialize, Serialize};

/// What a label stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelBinding {
    /// Its number: sixteen hexadecimal digits, capital letters.
    pub label: String,
    /// Its goods, the first one first on the face.
    pub items: Vec<LabelItem>,
    /// The template that is used whatever the goods' condition; empty for the
    /// one that suits it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Where it hangs, in the shop's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub slot: String,
}

/// Something that a label stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabelItem {
    /// HQ's item code.
    pub sku: String,
    /// The id of the pack whose price it shows; empty for the base unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// That a price is what a shelf label may still show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPrice {
    /// The label's number.
    pub label: String,
    /// What one would cost by price lists and promotions, minor units.
    pub otherwise: i64,
}
