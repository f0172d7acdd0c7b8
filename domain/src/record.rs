//! What a lane writes into its journal: facts, in the past tense, complete in themselves.

use chrono::NaiveDate;

use crate::basket::{Line, LoweredPrice};
use crate::money::{Money, Quantity};
use crate::sale::Sale;

/// A person who may work at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// HQ's id.
    pub id: String,
    /// The number typed to sign in.
    pub number: String,
    /// The name shown.
    pub name: String,
}

/// One fact of a lane.
// A sale is the largest and the most frequent that carries anything.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A shift was opened.
    ShiftOpened {
        /// Counts the lane's shifts, from 1.
        number: u32,
        /// The day its sales belong to.
        business_date: NaiveDate,
        /// By whom.
        staff: String,
        /// Cash put into the drawer.
        float: Money,
    },
    /// The open shift ended.
    ShiftClosed {
        /// By whom.
        staff: String,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        staff: Staff,
    },
    /// A wrong PIN was entered.
    SignInRefused {
        /// Whose PIN was tried.
        staff: String,
    },
    /// Whoever was signed in left.
    SignedOut {
        /// Who.
        staff: String,
    },
    /// A line joined the basket.
    LineAdded {
        /// The line.
        line: Line,
    },
    /// A line's quantity was set.
    LineQuantitySet {
        /// Its number.
        line: u32,
        /// The new quantity.
        quantity: Quantity,
        /// Its new net.
        net: Money,
    },
    /// A line's unit price was set by a person.
    LinePriceSet {
        /// Its number.
        line: u32,
        /// The new price.
        unit_price: Money,
        /// Its new net.
        net: Money,
        /// By whom.
        staff: String,
    },
    /// A listed price fell while the basket was open, and the line with it.
    LinePriceLowered {
        /// What it costs now.
        lowered: LoweredPrice,
        /// Its new net.
        net: Money,
    },
    /// A line was taken back.
    LineVoided {
        /// Its number.
        line: u32,
        /// By whom.
        staff: String,
    },
    /// The buyer's age was confirmed.
    AgeConfirmed {
        /// By whom.
        staff: String,
    },
    /// The basket was dropped.
    BasketCancelled {
        /// By whom.
        staff: String,
        /// What it would have come to.
        total: Money,
    },
    /// The basket was paid.
    SaleCompleted {
        /// The document.
        sale: Box<Sale>,
    },
    /// A document goes to the printer now; from here on it may have been printed.
    PaperBegun {
        /// The sequence number of the document.
        document: u64,
        /// Whether it is a reprint.
        reprint: bool,
    },
    /// What became of a document's paper.
    PaperEnded {
        /// The sequence number of the document.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
}

/// What became of a document's paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperOutcome {
    /// The printer said that it printed.
    Confirmed,
    /// Sent to a printer that cannot answer.
    SentUnconfirmed,
    /// Nobody knows how much was printed.
    InDoubt,
    /// Not printed, and nobody waits for it any more.
    Waived,
}
