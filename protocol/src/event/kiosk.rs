//! What happens at a lane that customers use by themselves.

use serde::{Deserialize, Serialize};

/// One such fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
        /// Up to what it may go on unasked: pieces, or minor units of the total.
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
    /// The basket was drawn to be looked at.
    Audit,
    /// The customer pays in cash.
    Cash,
    /// The customer asks.
    Help,
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
const fn is_zero(level: &i64) -> bool {
    *level == 0
}
