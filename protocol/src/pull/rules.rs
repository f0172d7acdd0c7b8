//! What a chain may set for the tills of a store. What is absent is as the
//! till has it by itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How a store's tills sell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreRules {
    /// Which price of a basket counts as the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// Whether prices hold their tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_mode: Option<TaxMode>,
    /// Where a tax is rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rounding: Option<TaxRounding>,
    /// What money that is given back goes to first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_order: Option<RefundOrder>,
    /// Whether a sign-in opens a shift where none is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift_opens_itself: Option<bool>,
    /// Whether the drawer is counted without a look at what it should hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind_count: Option<bool>,
    /// Whether goods are counted without a look at what the books say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind_stock_count: Option<bool>,
    /// So many lines of a basket anybody may void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_voids: Option<u32>,
    /// Lines up to this net anybody may void, minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_void_net: Option<i64>,
    /// Whether a basket with goods is cancelled by right only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_by_right: Option<bool>,
    /// Whether a person may say what goods weigh, where a scale stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed_weights: Option<TypedWeights>,
    /// The chain's member days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub member_days: Vec<NaiveDate>,
    /// Currencies whose notes are taken: ISO 4217 code, and our minor units
    /// for a million of theirs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub foreign: BTreeMap<String, u64>,
    /// How points are earned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_earned: Option<PointsEarned>,
    /// How points are spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_spent: Option<PointsSpent>,
    /// How stored value is kept (储值); absent where the chain has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_value: Option<StoredValueRules>,
}

impl StoreRules {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which price of a basket counts as the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Every promotion is optional; the least total wins.
    CustomerBest,
    /// A unit always takes its lowest shelf price; above that, the least total.
    TagPriceBinding,
}

/// Whether prices hold their tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxMode {
    /// They do (China).
    Inclusive,
    /// It comes on top.
    Exclusive,
}

/// Where a tax is rounded to minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRounding {
    /// On each line.
    PerLine,
    /// Once for each rate of a document.
    PerDocument,
}

/// Whether a person may say what goods weigh, where a scale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedWeights {
    /// Anybody.
    Free,
    /// Who has the right to, or finds somebody who approves.
    ByRight,
    /// Nobody.
    Never,
}

/// What money that is given back goes to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOrder {
    /// To wallets and vouchers, what they do not hold in cash.
    CashLast,
    /// To all in proportion.
    Proportional,
}

/// How points are earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointsEarned {
    /// So much net is one point, minor units.
    pub money_per_point: i64,
    /// Multipliers of tiers, basis points: 15000 is one and a half times.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, u32>,
}

/// How points are spent (积分抵现).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointsSpent {
    /// In multiples of this.
    pub step: i64,
    /// So many are worth 100 minor units.
    pub points_per_hundred: i64,
    /// At most so many per cent of the total.
    pub percent_max: u32,
}

/// How stored value is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoredValueRules {
    /// What of it is spent first.
    pub order: SpendOrder,
    /// The most principal of an account, minor units; the law's 500000 where absent, and never more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_max: Option<i64>,
    /// What is given on top of what is paid in at once; the highest that is reached counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bonuses: Vec<TopUpBonus>,
}

/// What of stored value is spent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpendOrder {
    /// The principal.
    #[default]
    PrincipalFirst,
    /// Both in proportion.
    ProRata,
}

/// A bonus for what is paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUpBonus {
    /// From so much at once, minor units.
    pub from: i64,
    /// So much is given, minor units.
    pub bonus: i64,
}
