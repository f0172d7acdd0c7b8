//! Who buys and what they bring, as events say it.

use serde::{Deserialize, Serialize};

use super::{KeptPrice, PromotionApplied, is_nothing};

/// A member, as far as a sale needs to know one: no name, no telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Member {
    /// HQ's id.
    pub id: String,
    /// What may be shown of them, such as `尾号1234`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown: String,
    /// The tier's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// Tags that promotions ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The stage.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Whether nothing was bought before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_order: bool,
    /// The points that HQ last knew of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
}

/// What one of a line's unit costs since its price fell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePrice {
    /// The line's number in its basket.
    pub line: u32,
    /// The list price, per unit, minor units.
    pub list_price: i64,
    /// The price charged, per unit, minor units.
    pub unit_price: i64,
    /// The promotion that set `unit_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<PromotionApplied>,
    /// The shelf label that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptPrice>,
}

/// What one of a line's unit costs whoever is no member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkInPrice {
    /// On the price list, per unit, minor units.
    pub list_price: i64,
    /// What is charged, per unit, minor units.
    pub unit_price: i64,
    /// The promotion that makes it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<PromotionApplied>,
}

/// A coupon that lies on a basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its number.
    pub code: String,
    /// The id of the promotion that it stands for.
    pub promotion: String,
    /// From this instant on, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// The member it was given to; absent where whoever has it may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// How many of its group go on one ticket.
    pub together_max: u32,
}

/// Points that HQ put aside for a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsGrant {
    /// HQ's id of it.
    pub lease: String,
    /// Whose points they are.
    pub member: String,
    /// How many.
    pub points: i64,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: i64,
}

/// What was spent here of a [`PointsGrant`] or a [`ValueGrant`](super::ValueGrant).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseSpent {
    /// HQ's id of the grant.
    pub lease: String,
    /// How many points, or minor units of stored value.
    pub spent: i64,
    /// How much of that was bonus of stored value, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub bonus: i64,
    /// Until when it might be spent, milliseconds UTC.
    pub until_ms: i64,
}

/// The member who bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// HQ's id.
    pub member: String,
    /// What may be shown of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown: String,
    /// Their tier then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// Their points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<PointsMoved>,
}

/// Points that a sale earned, and that were spent on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsMoved {
    /// How many were earned.
    pub earned: i64,
    /// So much net was one point, minor units; 0 where none were earned.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub money_per_point: i64,
    /// The multiplier, basis points.
    pub multiplier: u32,
    /// How many were spent.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub spent: i64,
    /// What they took off, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub value: i64,
    /// The grant that they were spent of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lease: String,
}

/// Points that goods which came back undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsBack {
    /// Whose.
    pub member: String,
    /// Earned once, and taken back.
    pub reversed: i64,
    /// Spent once, and given back.
    pub restored: i64,
}

/// What is left of the points of a past sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPoints {
    /// Whose.
    pub member: String,
    /// So much net was one point, minor units.
    pub money_per_point: i64,
    /// The multiplier, basis points.
    pub multiplier: u32,
    /// The net that earned them, less what came back of it, minor units.
    pub earning_left: i64,
    /// How many were spent.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub spent: i64,
    /// What these took off, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub value: i64,
    /// What of that came back, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub value_back: i64,
}

/// A coupon that was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentCoupon {
    /// Its number.
    pub code: String,
    /// The promotion that it stood for.
    pub promotion: String,
    /// What it took off, minor units.
    pub off: i64,
}

/// What a sale was given beside its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The promotion.
    pub promotion: PromotionApplied,
    /// What.
    #[serde(flatten)]
    pub gift: Gift,
    /// How often.
    pub times: u32,
}

/// Something given beside a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gift", rename_all = "snake_case")]
pub enum Gift {
    /// Chances to draw (抽奖).
    Draws {
        /// How many each time.
        draws: u32,
    },
    /// A coupon (返券).
    Coupon {
        /// Of this template.
        template: String,
    },
    /// More points (倍积分).
    Points {
        /// Basis points: 20000 is twice.
        multiplier: u32,
    },
}
