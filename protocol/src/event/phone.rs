//! What happens at a lane with codes that customers' phones show.

use serde::{Deserialize, Serialize};

/// One such fact. Numbers of codes are 24 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Phone {
    /// A phone's basket was taken; its lines joined by events of their own, before this one.
    BasketTaken {
        /// The basket, and what became of it.
        basket: PhoneTaken,
    },
    /// Somebody has looked at where phones and till differ.
    DifferencesSeen {},
    /// Somebody may leave.
    ExitChecked {
        /// With what.
        exit: ExitRight,
        /// The staff id of who checked it.
        staff: String,
        /// What chance said of whether their goods are looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drawn: Option<Drawn>,
    },
    /// The goods of a customer who was leaving were looked at.
    ExitAudited {
        /// The exit code's number.
        id: String,
        /// The staff id of who looked.
        staff: String,
        /// Pieces that were looked at.
        checked: u32,
        /// Pieces that were not paid for.
        missed: u32,
        /// Pieces that were paid for as something else.
        wrong: u32,
        /// Pieces that were paid for too often.
        overcharged: u32,
    },
    /// A code was not taken.
    Refused {
        /// What it was to be.
        code: PhoneCode,
        /// Why.
        why: CodeRefused,
        /// The other lane of the store that used it, where it was used there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<u32>,
        /// When it did, by its own clock, milliseconds UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used_ms: Option<i64>,
        /// Whether that lane was only about to use it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
}

/// What a phone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneCode {
    /// A basket.
    Basket,
    /// The right to leave.
    Exit,
}

/// Why a code is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeRefused {
    /// It was not read whole.
    Damaged,
    /// A newer program made it.
    Newer,
    /// Nobody whom the lane knows signed it.
    Forged,
    /// It is another store's.
    OtherStore,
    /// Its time is over.
    Expired,
    /// It was used: on this lane, unless another is named.
    UsedBefore,
    /// Too many were used on this lane whose time is not over.
    TooMany,
}

/// What chance said: goods are looked at where `random` modulo 10,000 is below `chance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The number that chance gave.
    pub random: u32,
    /// How likely it was, basis points.
    pub chance: u32,
    /// Whether goods are looked at.
    pub due: bool,
}

/// A phone's basket that a lane took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneTaken {
    /// Its number.
    pub id: String,
    /// Until when it held, milliseconds UTC.
    pub until_ms: i64,
    /// What the phone showed that it comes to, minor units.
    pub shown: i64,
    /// By how much the lane's basket grew with it, minor units.
    pub charged: i64,
    /// What became of its lines.
    pub lines: Vec<PhoneLine>,
    /// Whether somebody has looked at the differences: of a parked basket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seen: bool,
}

/// What became of a line of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneLine {
    /// What was scanned.
    pub code: String,
    /// How often.
    pub pieces: u32,
    /// What the phone showed for all of them, minor units, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<i64>,
    /// The numbers of the lines that it became.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u32>,
    /// Why it became none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Unsold>,
    /// The item that it would have been, where it became none and that is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sku: String,
}

/// Why goods of a phone's basket were not sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsold {
    /// No goods have this code.
    Unknown,
    /// It is no code of goods.
    NotGoods,
    /// It may not be sold any more.
    Expired,
    /// The very piece is in the basket already.
    Again,
    /// It must be weighed.
    Weigh,
    /// It has no price, or one that is typed.
    Price,
    /// It is not sold at a kiosk.
    NotHere,
    /// So much of it is not sold at one time.
    Quantity,
    /// The goods could not be asked.
    Fault,
}

/// The right to leave with what a sale paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRight {
    /// The code's number.
    pub id: String,
    /// When it was made, milliseconds UTC.
    pub made_ms: i64,
    /// Until when it held, milliseconds UTC.
    pub until_ms: i64,
    /// The lane that was paid.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The sale's number there.
    pub seq: u64,
    /// Pieces of goods.
    pub pieces: u32,
    /// What was paid, minor units.
    pub total: i64,
}

/// A code that was used and whose time may not be over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedCode {
    /// Its number.
    pub id: String,
    /// Until when it holds, milliseconds UTC.
    pub until_ms: i64,
}
