//! Scan-and-go at the counter: what a till takes from a customer's phone, and who may leave with paid goods.
//!
//! Whether a code is true, `protocol::scan_go` says before anything comes here; that it works once is decided here.
//!
//! | module | what |
//! |---|---|
//! | [`taken`] | a phone's basket on the till's own, and where both differ |
//! | [`used`] | which codes were used |

mod taken;
mod used;

use std::fmt;

use crate::money::Money;
use crate::till::kiosk::{AuditFound, Drawn};

pub use taken::{Difference, TakenBasket, TakenLine, Taking, Unsold};
pub use used::{USED_MAX, UsedCodes, UsedError};

/// How far the clock of whoever made a code may be ahead of that of whoever checks it, milliseconds.
pub const CLOCK_AHEAD_MAX_MS: i64 = 5 * 60_000;

/// So many baskets of phones go into one sale.
pub const PHONES_MAX: usize = 4;

/// A number by which a code is known where it must work once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId(pub [u8; 12]);

impl CodeId {
    /// Reads the 24 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut id = [0; 12];
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A basket that a phone scanned, whose signature, store and time were found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneBasket {
    /// Its number.
    pub id: CodeId,
    /// Until when it holds, milliseconds UTC.
    pub until_ms: i64,
    /// What the phone showed that it comes to.
    pub total: Money,
    /// What was scanned, in its order.
    pub lines: Vec<PhoneLine>,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneLine {
    /// What was scanned or typed.
    pub code: String,
    /// How often.
    pub pieces: u32,
    /// What the phone showed for all of them, where the code says it.
    pub shown: Option<Money>,
}

/// The right to leave with what a sale paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitRight {
    /// The code's number.
    pub id: CodeId,
    /// When it was made, milliseconds UTC.
    pub made_ms: i64,
    /// Until when it holds, milliseconds UTC.
    pub until_ms: i64,
    /// The lane that was paid.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The sale's number there.
    pub seq: u64,
    /// Pieces of goods.
    pub pieces: u32,
    /// What was paid.
    pub total: Money,
}

/// What a phone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A basket.
    Basket,
    /// The right to leave.
    Exit,
}

/// Why a code is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It was not read whole.
    Damaged,
    /// A newer program made it.
    Newer,
    /// Nobody whom this store knows signed it: it was forged or altered, or keys have not arrived.
    Forged,
    /// It is another store's.
    OtherStore,
    /// Its time is over.
    Expired,
    /// It was used here.
    UsedBefore,
    /// Another lane of the store used it.
    UsedAt {
        /// Which.
        lane: u32,
        /// When, by that lane's clock, milliseconds UTC, where that is known.
        at_ms: Option<i64>,
    },
    /// Another lane of the store is about to use it.
    HeldAt {
        /// Which.
        lane: u32,
    },
    /// Too many were used here whose time is not over.
    TooMany,
}

impl From<UsedError> for Unusable {
    fn from(error: UsedError) -> Self {
        match error {
            UsedError::Before => Self::UsedBefore,
            UsedError::Full => Self::TooMany,
        }
    }
}

/// What happens at a lane with a phone's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneInput {
    /// A basket is to be taken.
    Take(PhoneBasket),
    /// Somebody has looked at where the phone and the till differ.
    Look,
    /// Somebody wants to leave. Which of them are looked at depends on a number that chance gave.
    CheckExit {
        /// With what.
        exit: ExitRight,
        /// Any number.
        random: u32,
    },
    /// Somebody looked at the goods of a customer who was leaving.
    Audited {
        /// Under which code.
        id: CodeId,
        /// What they found.
        found: AuditFound,
    },
    /// A code was not true, or does not hold here and now.
    Refuse {
        /// What it was to be.
        kind: CodeKind,
        /// Why it is not taken.
        why: Unusable,
    },
}

/// A fact about a phone's code, for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneRecord {
    /// A basket was taken; its lines joined by records of their own, before this one.
    BasketTaken(TakenBasket),
    /// Somebody has looked at where the phones and the till differ.
    DifferencesSeen,
    /// Somebody may leave.
    ExitChecked {
        /// With what.
        exit: ExitRight,
        /// Who checked it.
        staff: String,
        /// What chance said of whether their goods are looked at; `None` where the store does not ask it.
        drawn: Option<Drawn>,
    },
    /// The goods of a customer who was leaving were looked at.
    ExitAudited {
        /// Under which code.
        id: CodeId,
        /// Who looked.
        staff: String,
        /// What was found.
        found: AuditFound,
    },
    /// A code was not taken.
    Refused {
        /// What it was to be.
        kind: CodeKind,
        /// Why.
        why: Unusable,
    },
}

/// What a lane says about a phone's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneMessage {
    /// A basket was taken.
    Taken {
        /// Lines of the phone that are in the basket.
        lines: usize,
        /// Lines of the phone that are not.
        left_out: usize,
        /// Whether the till differs from the phone.
        differs: bool,
    },
    /// The differences must be looked at before it is paid.
    LookFirst,
    /// Nothing of it can be sold here; it was not used up.
    NothingSold,
    /// [`PHONES_MAX`] are in the basket already.
    PhonesFull,
    /// Somebody may leave.
    ExitPassed {
        /// With what.
        exit: ExitRight,
        /// Whether their goods are looked at.
        audit: bool,
    },
    /// What was found at the exit is written down.
    AuditKept {
        /// Whether all was as it should be.
        is_well: bool,
    },
    /// A code was not taken.
    Refused {
        /// What it was to be.
        kind: CodeKind,
        /// Why.
        why: Unusable,
    },
}
