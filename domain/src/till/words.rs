//! What goes into a step of the till, and what comes out.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::barcode::ReceiptCode;
use crate::barcode::element::ElementError;
use crate::catalogue::{Item, LookUpError, PriceBounds};
use crate::money::Money;
use crate::record::{PaperOutcome, Record, Staff};

/// What can happen to a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A PIN was compared with what HQ knows of this person.
    PinChecked {
        /// Whose.
        staff: Staff,
        /// Whether it is theirs.
        matches: bool,
    },
    /// The cashier leaves.
    SignOut,
    /// A code was scanned or typed.
    Code(String),
    /// An item was chosen from a list.
    Choose {
        /// Its item code.
        sku: String,
        /// How many pieces, or grams of weighed goods, where a number was typed first.
        count: Option<i64>,
    },
    /// An item that asks for its price was chosen, and the price typed.
    ChoosePriced {
        /// Its item code.
        sku: String,
        /// The price of one piece.
        price: Money,
    },
    /// Goods without a code are sold by their department.
    Department {
        /// The department's code.
        code: String,
        /// The price, as typed.
        price: Money,
    },
    /// The quantity of a line is set.
    SetQuantity {
        /// The line's number.
        line: u32,
        /// Pieces, as typed.
        pieces: i64,
    },
    /// The unit price of a line is set.
    SetPrice {
        /// The line's number.
        line: u32,
        /// The new price.
        unit_price: Money,
    },
    /// A line is taken back.
    Void {
        /// The line's number.
        line: u32,
    },
    /// The basket is dropped.
    Cancel,
    /// The cashier has looked at the buyer's age.
    ConfirmAge,
    /// To payment.
    Pay,
    /// Back to the goods; away from a finished sale.
    Back,
    /// Cash was handed over.
    TakeCash(Money),
    /// The last commit of a sale is on disk under this number.
    Committed {
        /// The sale's sequence number.
        seq: u64,
    },
    /// The last sale is to be printed again, or a doubtful one.
    Reprint {
        /// The document; the last sale where `None`.
        document: Option<u64>,
    },
    /// The printer can take a document now.
    PrinterReady,
    /// What became of a document's paper.
    PaperEnded {
        /// The document.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
    /// A person decided that a doubtful document needs no paper.
    WaivePaper {
        /// The document.
        document: u64,
    },
}

/// What the lane is to do, in this order.
// A record that holds a line is the usual case.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this; everything after it waits for the disk.
    Commit(Record),
    /// Make a sound.
    Sound(Sound),
    /// Open the drawer.
    OpenDrawer,
    /// Print a document.
    Print {
        /// Its number.
        document: u64,
        /// Whether to mark it as a reprint.
        reprint: bool,
    },
    /// Tell the cashier what was not done, or what to look at.
    Tell(Message),
}

/// A sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Accepted.
    Accepted,
    /// Not known.
    Unknown,
    /// Not possible now.
    Blocked,
}

/// What the cashier is told. Nothing changed, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// No goods have this code.
    UnknownCode(String),
    /// A customer's payment code.
    PaymentCode,
    /// A code of another kind.
    NotGoods(String),
    /// The check digit is wrong, or a letter stands in it.
    Misread(String),
    /// GS1 data in which something is wrong.
    Malformed {
        /// What was scanned.
        code: String,
        /// What is wrong, and where.
        error: ElementError,
    },
    /// A scale's label that weighs or costs what cannot be.
    LabelRange(String),
    /// A member's card; it is no goods.
    MemberCode(String),
    /// A coupon; it is no goods.
    CouponCode(String),
    /// A card of the staff; it is no goods.
    StaffCode(String),
    /// A receipt's number; it is no goods.
    ReceiptCode(ReceiptCode),
    /// A label on the shelf; it is no goods.
    LabelCode(String),
    /// The piece may not be sold any more.
    Expired {
        /// What it is.
        item: Arc<Item>,
        /// The last day on which it might be used.
        expiry: NaiveDate,
    },
    /// A line was added that is past its best.
    PastBest {
        /// What it is.
        item: Arc<Item>,
        /// Until when it was at its best, or should have been sold.
        date: NaiveDate,
    },
    /// The very piece is in the basket already, and there is no second.
    SerialInBasket {
        /// What it is.
        item: Arc<Item>,
        /// Its number.
        serial: String,
    },
    /// A line was added whose buyer must be 18; asked before payment.
    AgeRestricted(Arc<Item>),
    /// A line was added at its label's amount, which is not weight times price.
    LabelPriceDiffers(Arc<Item>),
    /// The item is sold by weight, and no weight is known.
    WeightNeeded(Arc<Item>),
    /// The cashier types the item's price.
    PriceNeeded(Arc<Item>),
    /// The typed price is outside of the item's bounds.
    PriceRange {
        /// The item.
        item: Arc<Item>,
        /// Its bounds.
        bounds: PriceBounds,
    },
    /// A price was typed for an item that has a listed one.
    PriceListed(Arc<Item>),
    /// HQ has given the item no price.
    PriceMissing(Arc<Item>),
    /// The basket is full.
    BasketFull,
    /// A quantity below one or too large, or what it comes to is no amount.
    QuantityRange,
    /// A weighed line's quantity is not typed.
    QuantityWeighed,
    /// No line to act on.
    NoLine,
    /// A line was taken back.
    LineVoided(Arc<Item>),
    /// The basket was dropped.
    BasketCancelled,
    /// Ages must be confirmed before payment.
    AgeCheckFirst,
    /// The cash is less than what is due.
    TooLittle {
        /// What is missing.
        missing: Money,
    },
    /// The change would be above [`Settings::change_max`].
    ChangeTooLarge,
    /// Something was scanned while money is taken.
    ScanWhilePaying,
    /// Nobody is signed in.
    SignInFirst,
    /// The PIN is wrong, or was tried too early.
    WrongPin {
        /// Seconds until the next try.
        wait_seconds: u32,
    },
    /// No sale that could be printed again.
    NothingToReprint,
    /// A document is being printed again.
    Reprinting {
        /// Its number.
        document: u64,
    },
    /// The goods could not be asked.
    Fault(LookUpError),
}
