//! HQ to lane: what changed in the reference.
//!
//! `GET /v1/reference?after=V&limit=N` answers a zstd-compressed body. The
//! first line is a [`PageHead`] as JSON; every following line is a [`Change`].
//! Changes come in order of version, which is the order in which HQ committed
//! them. Asking after 0 gives everything that exists, without the deleted.

use serde::{Deserialize, Serialize};

/// The most changes in one page.
pub const PAGE_CHANGES_MAX: usize = 10_000;

/// The most bytes of a page after decompression.
pub const PAGE_BYTES_MAX: usize = 64 << 20;

/// What a page says before its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// Ask for the next page after this version.
    pub through: u64,
    /// The newest version at HQ when the page was made.
    pub latest: u64,
    /// Whether pages follow.
    pub more: bool,
}

/// One thing as it is from `version` on; nothing when it was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The version of the reference that this change made.
    pub version: u64,
    /// Identifies the thing among those of its kind.
    pub key: String,
    /// What it is.
    #[serde(flatten)]
    pub entity: Entity,
}

/// A thing of the reference, or the fact that it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Entity {
    /// The store the lane stands in.
    Store(Option<Store>),
    /// A group of goods.
    Category(Option<Category>),
    /// Something sold.
    Product(Option<Product>),
    /// Somebody who works here.
    Staff(Option<StaffMember>),
    /// A price promotion.
    Promotion(Option<Promotion>),
}

/// A store: what a till needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The store's code.
    pub code: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// ISO 4217 code of its currency.
    pub currency: String,
    /// How the currency is written before an amount, such as `¥`.
    pub currency_symbol: String,
    /// Decimal places of the currency's minor unit (ISO 4217): 2 for CNY.
    pub currency_exponent: u8,
    /// Lines printed above every receipt.
    #[serde(default)]
    pub receipt_header: Vec<String>,
    /// Lines printed below every receipt.
    #[serde(default)]
    pub receipt_footer: Vec<String>,
    /// Cash is rounded down to a multiple of this many minor units; 1 for none.
    pub cash_rounding: i64,
    /// The layouts of codes that scales print, such as `21IIIIIWWWWWC`.
    #[serde(default)]
    pub scale_patterns: Vec<String>,
}

/// A group of goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Where it stands among its like.
    pub position: u32,
}

/// Something sold, with its price in this store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// HQ's item code.
    pub sku: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Size or pack, such as `550ml`.
    #[serde(default)]
    pub spec: String,
    /// Place of origin, where the law or the shop wants it.
    #[serde(default)]
    pub origin: String,
    /// The category's id.
    #[serde(default)]
    pub category: String,
    /// Sold by the kilogram (true) or by the piece.
    #[serde(default)]
    pub weighed: bool,
    /// Price per piece or per kilogram, tax included, minor units.
    pub price: i64,
    /// VAT in basis points: 1300 is 13 %.
    pub tax_rate: u32,
    /// Barcodes: GTINs as printed (8, 12, 13 or 14 digits).
    #[serde(default)]
    pub codes: Vec<String>,
    /// The five-digit number on scales and for typing (PLU); empty for none.
    #[serde(default)]
    pub plu: String,
    /// Pinyin initials of the Chinese name, lower case.
    #[serde(default)]
    pub initials: String,
    /// The buyer must be 18.
    #[serde(default)]
    pub age_restricted: bool,
    /// Never reduced (tobacco).
    #[serde(default)]
    pub no_promotion: bool,
    /// Earns no points.
    #[serde(default)]
    pub no_points: bool,
    /// Stands on the first page of the grid; 0 for not.
    #[serde(default)]
    pub pin: u32,
}

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// HQ's id.
    pub id: String,
    /// The number typed to sign in.
    pub number: String,
    /// The name shown.
    pub name: String,
    /// `cashier`, `supervisor` or `manager`.
    pub role: String,
    /// The PIN's Argon2id hash in PHC string form; never the PIN.
    pub pin_hash: String,
}

/// A promotion of the price layer: it lowers a unit's shelf price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese, as the receipt says it.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// The items it lowers.
    pub skus: Vec<String>,
    /// How.
    #[serde(flatten)]
    pub cut: PriceCut,
    /// From this instant on, milliseconds since 1970-01-01 UTC; `None` for always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC; `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// How a price promotion lowers a unit price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PriceCut {
    /// A unit costs this much, minor units.
    FixedPrice {
        /// Minor units.
        price: i64,
    },
    /// A unit costs this share of its price: 85 is 85折, 15 % off.
    Percent {
        /// Per cent still to be paid, 1 to 99.
        pay_pct: u32,
    },
    /// A unit costs this much less, minor units.
    AmountOff {
        /// Minor units.
        off: i64,
    },
}
