//! One fact of a lane's journal, as versioned JSON bytes.
//!
//! The bytes made by [`encode`] when the fact is committed are stored, hash
//! chained, sent and filed; nobody encodes an old event again. Money is in
//! minor units of the event's currency (fen for CNY), quantities are in
//! thousandths (of a piece, or of a kilogram), times are UTC.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The version that [`encode`] writes.
pub const EVENT_VERSION: u16 = 1;

/// The longest event that a lane writes and HQ accepts, in bytes: a sale of
/// 2,000 lines with long names stays below it.
pub const EVENT_BYTES_MAX: usize = 4 << 20;

/// One event with what says where and when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The version of this form, [`EVENT_VERSION`] in what this program writes.
    pub v: u16,
    /// The store's code, as HQ enrolled it.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// Counts the lives of this lane's journal; a restored or replaced journal
    /// is a new epoch.
    pub epoch: u32,
    /// Gapless within the epoch, from 1.
    pub seq: u64,
    /// The lane's clock, milliseconds since 1970-01-01 UTC. For people; order
    /// is `seq`.
    pub at_ms: i64,
    /// The lane's offset from UTC in minutes at that moment.
    pub offset_minutes: i32,
    /// The day the event belongs to in the books; the shift's, never the clock's.
    pub business_date: NaiveDate,
    /// The shift's number on this lane; 0 before the first shift.
    pub shift: u32,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened on a lane.
// A line is in most facts that are more than a name.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Fact {
    /// A shift was opened, with the float in the drawer.
    ShiftOpened {
        /// The staff id of who opened it.
        staff: String,
        /// Cash put into the drawer, minor units.
        float: i64,
    },
    /// The open shift ended.
    ShiftClosed {
        /// The staff id of who closed it.
        staff: String,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        staff: Staff,
    },
    /// A wrong PIN was entered for this staff id.
    SignInRefused {
        /// Whose PIN was tried.
        staff: String,
    },
    /// Whoever was signed in left.
    SignedOut {
        /// Who.
        staff: String,
    },
    /// A line joined the open basket.
    LineAdded {
        /// The line as it was added.
        line: Line,
    },
    /// The quantity of a line was set.
    LineQuantitySet {
        /// The line's number in its basket.
        line: u32,
        /// The new quantity, thousandths.
        quantity: i64,
        /// The line's new net, minor units.
        net: i64,
    },
    /// The unit price of a line was set by a person.
    LinePriceSet {
        /// The line's number in its basket.
        line: u32,
        /// The new unit price, minor units.
        unit_price: i64,
        /// The line's new net, minor units.
        net: i64,
        /// The staff id of who set it.
        staff: String,
    },
    /// A listed price fell while the basket was open: the line costs the
    /// lower one.
    LinePriceLowered {
        /// The line's number in its basket.
        line: u32,
        /// The line's list price now, per unit, minor units; never above what it was.
        list_price: i64,
        /// The price charged now, per unit, minor units; never above what it was.
        unit_price: i64,
        /// The promotion that set `unit_price`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promotion: Option<PromotionApplied>,
        /// The line's new net, minor units.
        net: i64,
    },
    /// A line was taken back before payment.
    LineVoided {
        /// The line's number in its basket.
        line: u32,
        /// The staff id of who voided it.
        staff: String,
    },
    /// The customer's age was confirmed for lines that need it.
    AgeConfirmed {
        /// The staff id of who looked.
        staff: String,
    },
    /// The open basket was dropped without payment.
    BasketCancelled {
        /// The staff id of who dropped it.
        staff: String,
        /// What the basket would have come to, minor units.
        total: i64,
    },
    /// A basket was paid. The whole document: nothing else is needed to
    /// account for it.
    SaleCompleted {
        /// The document.
        sale: Sale,
    },
    /// A document went to the printer; from here on it may have been printed.
    PaperBegun {
        /// The `seq` of the document's event.
        document: u64,
        /// Whether it is a reprint.
        reprint: bool,
    },
    /// What is known about the paper of a document.
    PaperEnded {
        /// The `seq` of the document's event.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
}

/// A person as an event names one: what was true when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// HQ's id.
    pub id: String,
    /// The number typed to sign in.
    pub number: String,
    /// The name shown on screen and receipt.
    pub name: String,
}

/// A basket line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1..n in order of scanning within the basket; a voided number is not reused.
    pub line: u32,
    /// HQ's item code.
    pub sku: String,
    /// What was scanned or typed.
    pub code: String,
    /// The item's name in Chinese, as sold.
    pub name_zh: String,
    /// The item's name in English, as sold.
    pub name_en: String,
    /// The item's size or pack, as sold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    /// The item's category.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whether quantity is kilograms (true) or pieces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighed: bool,
    /// Thousandths of a piece or of a kilogram; of a pack where there is a `unit`.
    pub quantity: i64,
    /// The price on the price list, per piece, kilogram or pack, minor units.
    pub list_price: i64,
    /// The price charged, per piece, kilogram or pack, minor units.
    pub unit_price: i64,
    /// The pack that it was sold in. Stock moves by `quantity` times its factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<LineUnit>,
    /// Where `unit_price` comes from, unless from price lists and promotions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_from: Option<PriceFrom>,
    /// The line's gross as a scale printed it, where it did, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_amount: Option<i64>,
    /// The promotion that set `unit_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<PromotionApplied>,
    /// What the customer pays for the line, tax included, minor units.
    pub net: i64,
    /// VAT in basis points: 1300 is 13 %.
    pub tax_rate: u32,
    /// Its class in the tax law, where HQ gave it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<LineTaxClass>,
    /// A kit's parts with their shares of `net`, which sum to it; `tax_rate`
    /// is theirs then, part by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitShare>,
    /// Whether the buyer's age must be looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_restricted: bool,
    /// Whether it earns no points.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_points: bool,
    /// The batch, where the code said it (GS1 AI 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// The last day of use, where the code said it (GS1 AI 17 or 7003).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<NaiveDate>,
    /// The piece's own number, where the code said it (GS1 AI 21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// The pack that a line was sold in, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUnit {
    /// HQ's id of the unit, one among those of its item.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How many base units it holds.
    pub factor: u32,
}

/// Where a line's unit price comes from, if not from price lists and promotions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceFrom {
    /// The cashier typed it, as the item asks for.
    Typed,
    /// A person set it on the line.
    Set,
}

/// A line's class in the tax law, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTaxClass {
    /// HQ's id.
    pub id: String,
    /// What the law does with it.
    pub treatment: TaxTreatment,
}

/// What the VAT law does with a class of goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxTreatment {
    /// Taxed at a rate.
    Taxed,
    /// Taxed at nothing (零税率).
    ZeroRated,
    /// Not taxed (免税).
    Exempt,
}

/// What a part of a kit took of the line's net.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitShare {
    /// The part's item code.
    pub sku: String,
    /// How much of it is in one kit, thousandths of a piece or of a kilogram.
    pub quantity: i64,
    /// What it costs on its own, per piece or kilogram, minor units.
    pub price: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
    /// Its share of the line's net, minor units.
    pub net: i64,
}

/// The promotion that set a line's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionApplied {
    /// HQ's id of the promotion.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
}

/// A paid basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The ISO 4217 code of every amount in it.
    pub currency: String,
    /// The version of the reference it was priced with.
    pub reference_version: u64,
    /// Who sold.
    pub staff: Staff,
    /// The lines that were paid for; voided ones are not among them.
    pub lines: Vec<Line>,
    /// Sum of line nets, minor units.
    pub total: i64,
    /// What cash rounding took off (never positive), minor units.
    pub rounding: i64,
    /// `total + rounding`, minor units.
    pub payable: i64,
    /// What was put against it.
    pub tenders: Vec<Tender>,
    /// Cash given back, minor units.
    pub change: i64,
    /// VAT contained in the nets, one row a rate.
    pub taxes: Vec<TaxSummary>,
}

/// One means of payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// `cash`; others are added as they come.
    pub kind: String,
    /// What the customer handed over, minor units.
    pub amount: i64,
}

/// VAT of one rate within a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSummary {
    /// Basis points.
    pub rate: u32,
    /// Sum of nets at this rate, tax included, minor units.
    pub net: i64,
    /// Sum of line taxes, each rounded half up, minor units.
    pub tax: i64,
}

/// How the paper of a document ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperOutcome {
    /// The printer said that it printed.
    Confirmed,
    /// All bytes were sent to a printer that cannot answer.
    SentUnconfirmed,
    /// Nobody knows how much was printed; a person was asked.
    InDoubt,
    /// Nobody waits for the paper any more.
    Waived,
}

/// Why bytes are not an event of a version this program knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeEventError {
    /// Not JSON, or not of this form.
    #[error("decode an event")]
    Form(#[from] serde_json::Error),
    /// Written by a newer program, or by none.
    #[error("decode an event of version {0}: this program knows 1 to {EVENT_VERSION}")]
    Version(u16),
}

/// Makes the bytes of an event. Called once, when the event is committed.
pub fn encode(event: &Event) -> Vec<u8> {
    // Serialising plain structs into memory cannot fail.
    serde_json::to_vec(event).expect("plain data serialises")
}

/// Reads the bytes of an event.
pub fn decode(bytes: &[u8]) -> Result<Event, DecodeEventError> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u16,
    }
    let versioned: Versioned = serde_json::from_slice(bytes)?;
    if !(1..=EVENT_VERSION).contains(&versioned.v) {
        return Err(DecodeEventError::Version(versioned.v));
    }
    Ok(serde_json::from_slice(bytes)?)
}
