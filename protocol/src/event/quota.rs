//! What was given of promotions of which there are so many.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::is_nothing;

/// What a document used, or what came back of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaUse {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member who bought.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// The business date of the sale that used it.
    pub day: NaiveDate,
    /// The number of the line; absent for a rule about the whole ticket.
    #[serde(default, skip_serializing_if = "is_of_the_ticket")]
    pub line: u32,
    /// Units of the line, or 1 ticket; none where a line only bears a part.
    pub units: u32,
    /// What it took off the line, minor units; absent where no money is limited.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub off: i64,
}

// serde asks by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_of_the_ticket(line: &u32) -> bool {
    *line == 0
}

/// What one lane gave of a promotion on a day, less what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaCount {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member; absent for whoever is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// The business date.
    pub day: NaiveDate,
    /// Units; below nothing where more came back here than was given.
    pub units: i64,
    /// Minor units taken off; absent where no money is limited.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub off: i64,
}

/// Counts of one promotion, in units, or in minor units taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Of the member, in all.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub member: i64,
    /// Of the member, on the day.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub member_today: i64,
    /// In the store, in all.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub store: i64,
    /// In the store, on the day.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub store_today: i64,
    /// In the chain, in all.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub chain: i64,
    /// In the chain, on the day.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub chain_today: i64,
}

/// What HQ says was given of a promotion, as far as it has heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaHeard {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member that the counts are of; absent for nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// The business date that the day's counts are of.
    pub day: NaiveDate,
    /// By other lanes.
    pub elsewhere: Counts,
    /// By the lane that asked.
    pub here: Counts,
    /// What other lanes took off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub off_elsewhere: Counts,
    /// What the lane that asked took off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub off_here: Counts,
}

fn is_zero(counts: &Counts) -> bool {
    *counts == Counts::default()
}
