//! What a store earned on its goods. Costs stay at HQ: a lane is told sums, of one day, for somebody with the right.

use serde::{Deserialize, Serialize};

/// The most rows by category that are told, those with the most sales.
pub const MARGIN_CATEGORIES_MAX: usize = 64;

/// The most goods that are told, those with the most sales.
pub const MARGIN_GOODS_MAX: usize = 30;

/// The most goods without a cost that are named.
pub const UNCOSTED_NAMED_MAX: usize = 30;

/// Sales beside what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Margin {
    /// The category's id, or HQ's item code; empty of all goods together.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// Its names in Chinese and in English.
    #[serde(default)]
    pub name: (String, String),
    /// Sales of goods with a cost, less what came back, without tax, minor units.
    pub net: i64,
    /// What those goods cost, without tax, minor units.
    pub cost: i64,
}

/// Goods that were sold and of which nobody said what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncosted {
    /// HQ's item code.
    pub sku: String,
    /// Its names in Chinese and in English.
    pub name: (String, String),
    /// Sales less what came back, without tax, minor units.
    pub net: i64,
}

/// A store's business date.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Margins {
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// All goods with a cost.
    pub all: Margin,
    /// By category, at most [`MARGIN_CATEGORIES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Margin>,
    /// By goods, at most [`MARGIN_GOODS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goods: Vec<Margin>,
    /// How many goods were sold of which the cost is not known.
    #[serde(default)]
    pub uncosted_count: u64,
    /// What they were sold for, without tax, minor units: in none of the sums above.
    #[serde(default)]
    pub uncosted_net: i64,
    /// Which, at most [`UNCOSTED_NAMED_MAX`], those with the most sales.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncosted: Vec<Uncosted>,
}

/// Why nothing is told of margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginsRefused {
    /// In HQ's books whoever asks may not see them.
    NoRight,
}
