//! Goods that were free for others, and gifts that are kept.

use serde::{Deserialize, Serialize};

use super::{Origin, PromotionApplied, is_nothing};

/// Goods that one promotion gave for others, each time in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeGoods {
    /// Which promotion.
    pub promotion: PromotionApplied,
    /// How often; absent for once.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
    /// The goods that earn it, each time.
    pub earned_by: Vec<Units>,
    /// What was free for them, each time.
    pub free: Vec<Free>,
}

/// Some pieces of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// The line's number.
    pub line: u32,
    /// How many pieces.
    pub units: u32,
}

/// Pieces that were free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Free {
    /// The line's number.
    pub line: u32,
    /// How many pieces.
    pub units: u32,
    /// What one would have cost, minor units.
    pub each: i64,
}

/// A gift that is kept though what earned it came back, or is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGift {
    /// The sale that gave it.
    pub origin: Origin,
    /// The line that it was.
    pub line: u32,
    /// HQ's item code.
    pub sku: String,
    /// What was scanned or typed when it was given.
    pub code: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Its size or pack.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    /// How many pieces more are kept, thousandths; below nothing for fewer.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub quantity: i64,
    /// What is kept back for them, minor units; below nothing for what is
    /// given back.
    pub amount: i64,
    /// The tax in or on top of that, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub tax: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
}

/// What is kept back for a line that was a gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// For so many pieces, thousandths.
    pub quantity: i64,
    /// How much, minor units.
    pub amount: i64,
    /// The tax in or on top of that, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub tax: i64,
}

fn once() -> u32 {
    1
}

// serde asks by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_once(times: &u32) -> bool {
    *times == 1
}
