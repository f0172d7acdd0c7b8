//! What happens at a lane that customers use by themselves.

use serde::{Deserialize, Serialize};

/// One such fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Kiosk {
    /// The attendant is needed.
    Called {
        /// Why.
        cause: Cause,
    },
    /// They are not any more. Who it was and their reason stand in the approval before it.
    Answered {
        /// Why they were.
        cause: Cause,
        /// What came of it.
        end: CallEnd,
        /// Up to what it may go on unasked: pieces, or minor units of the total; of a weight, what it was off, grams.
        #[serde(default, skip_serializing_if = "is_zero")]
        level: i64,
    },
    /// Chance said whether a basket is looked at: it is where `random` modulo 10,000 is below `chance`.
    AuditDrawn {
        /// The number that chance gave.
        random: u32,
        /// How likely it was, basis points.
        chance: u32,
        /// Whether the basket is looked at.
        due: bool,
        /// What the chance is made of; absent in what older programs wrote.
        #[serde(default, skip_serializing_if = "ChanceParts::is_untold")]
        parts: ChanceParts,
        /// Where the number comes from; absent in what older programs wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<RandomSource>,
    },
    /// What the bagging scale called somebody for: grams by which the weight should have changed, and by which it did.
    BagFound {
        /// Why.
        cause: Cause,
        /// At least.
        low: i64,
        /// At most.
        high: i64,
        /// It changed by this.
        measured: i64,
    },
    /// A piece of goods was weighed on the bagging scale.
    Weighed {
        /// HQ's item code.
        sku: String,
        /// HQ's id of the pack; absent for a base unit.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        unit: String,
        /// What it weighs.
        grams: i64,
    },
    /// The customer put a bag of their own on the bagging scale.
    OwnBag {
        /// What it weighs.
        grams: i64,
    },
    /// The attendant looked at a basket that was drawn.
    Audited {
        /// Pieces that were looked at.
        checked: u32,
        /// Pieces that were not rung up.
        missed: u32,
        /// Pieces that were rung up as something else.
        wrong: u32,
        /// Pieces that were rung up too often.
        overcharged: u32,
    },
}

/// Why the attendant is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Is the customer old enough?
    Age,
    /// More is taken out of the basket than a customer may take out alone.
    Removal,
    /// More pieces than are sold unattended.
    Pieces,
    /// A dearer basket than is sold unattended.
    Total,
    /// A payment that nobody knows the end of, or one too many that failed.
    Payment,
    /// Goods were rung up and not put on the bagging scale.
    NotBagged,
    /// What was put there weighs something else than what was rung up.
    WrongWeight,
    /// Something lies there that was not rung up.
    Unexpected,
    /// Something that was rung up was taken off it.
    TakenOff,
    /// The basket was drawn to be looked at.
    Audit,
    /// The customer pays in cash.
    Cash,
    /// The customer asks.
    Help,
    /// The customer thinks that a price is wrong.
    PriceQuery,
    /// The customer has a coupon that does not do what they expected.
    CouponQuery,
}

/// What makes it likely that a basket is looked at, each in basis points; what is nothing is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChanceParts {
    /// Every basket.
    #[serde(skip_serializing_if = "is_none")]
    pub base: u32,
    /// Pieces were taken out again.
    #[serde(skip_serializing_if = "is_none")]
    pub removals: u32,
    /// Nobody known buys.
    #[serde(skip_serializing_if = "is_none")]
    pub walk_in: u32,
    /// It comes to much.
    #[serde(skip_serializing_if = "is_none")]
    pub large: u32,
    /// The bagging scale called somebody.
    #[serde(skip_serializing_if = "is_none")]
    pub alarms: u32,
    /// The customer changed how many they take.
    #[serde(skip_serializing_if = "is_none")]
    pub changes: u32,
    /// Goods were scanned by phone.
    #[serde(skip_serializing_if = "is_none")]
    pub phone: u32,
    /// The bagging scale is away.
    #[serde(skip_serializing_if = "is_none")]
    pub unchecked: u32,
}

impl ChanceParts {
    fn is_untold(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a number of chance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomSource {
    /// The operating system of the lane.
    System,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// The attendant let it pass.
    Passed,
    /// The attendant did not let it pass.
    Refused,
    /// There was nothing.
    FalseAlarm,
    /// The reason was gone before the attendant came.
    Gone,
}

// Serde wants a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_none(part: &u32) -> bool {
    *part == 0
}

// Serde wants a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(level: &i64) -> bool {
    *level == 0
}
