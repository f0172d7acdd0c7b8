//! Members and coupons, as far as the lanes of one store are told of them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A member whose store this is. The lanes of others ask HQ.
///
/// It holds what a sale needs and no more (个人信息保护法 art. 6): no name, and
/// of the telephone number a hash only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// HQ's id.
    pub id: String,
    /// What may be shown of them: `赵** 尾号0001`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub shown: String,
    /// The codes of their cards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<String>,
    /// [`phone_hash`] of the telephone number; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone_hash: String,
    /// The tier's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// Tags that promotions ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The stage.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Whether nothing was bought before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub first_order: bool,
    /// What whoever serves them should know: at most [`MEMBER_NOTE_MAX`] characters. It is shown to the cashier, never
    /// at kiosks or on phones, never printed or written into a journal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The points when this was told; to be shown, never to be spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
}

/// The most characters of a note about a member: what is read at a glance.
pub const MEMBER_NOTE_MAX: usize = 40;

/// SHA-256 of a telephone number's digits, in lower-case hex: it finds whoever
/// says their number, and does not tell it to who merely looks.
pub fn phone_hash(digits: &str) -> String {
    Sha256::digest(digits).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A coupon that may be used in one store without asking HQ: no other store is
/// told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its number.
    pub code: String,
    /// The id of the promotion that it stands for.
    pub promotion: String,
    /// How it stands at HQ.
    #[serde(default)]
    pub state: CouponState,
    /// From this instant on, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// The member it was given to; absent where whoever has it may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group: of one group at most [`Coupon::together_max`] go on a ticket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// How many of its group go on one ticket; 1 where absent.
    #[serde(default = "one")]
    pub together_max: u32,
}

fn one() -> u32 {
    1
}

/// How a coupon stands at HQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponState {
    /// Given out, and not used.
    #[default]
    Issued,
    /// Put aside for a ticket that is not paid yet.
    Reserved,
    /// Used.
    Redeemed,
    /// Stopped.
    Frozen,
    /// Taken back.
    Void,
}
