//! Who bears what promotions take off.

use serde::{Deserialize, Serialize};

/// What a promotion took off a line, and who bears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borne {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// The number of the line.
    pub line: u32,
    /// What it took off, minor units.
    pub off: i64,
    /// The shares, which sum to 10000 basis points.
    pub shares: Vec<CostShare>,
}

/// What one bears.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CostShare {
    /// `chain`, `store` or `supplier`.
    pub who: String,
    /// HQ's code of the supplier; absent for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub supplier: String,
    /// Basis points.
    pub share: u32,
}
