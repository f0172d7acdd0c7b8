//! HQ to lane: what changed in the reference.
//!
//! `GET /v1/reference?after=V&limit=N` answers a zstd-compressed body. The
//! first line is a [`PageHead`] as JSON; every following line is a [`Change`].
//! Changes come in order of version, which is the order in which HQ committed
//! them. Asking after 0 gives everything that exists, without the deleted.
//!
//! HQ remembers for a while what was deleted. A lane that was away for longer
//! is told to begin [anew](PageHead::anew); who has much to get takes
//! [`snapshot`] files instead of pages.

mod code_key;
mod label;
mod member;
mod order;
mod picture;
mod place;
mod rules;
pub mod snapshot;
mod transfer;
pub mod understand;
mod weight;

use serde::{Deserialize, Serialize};

use crate::promotion::PromotionForm;
pub use code_key::{CodeKey, CodeSigner, HQ_KEYS, RELAY_KEYS};
pub use label::{Label, LabelStamp, LabelWaiver, ShelfCap};
pub use member::{Coupon, CouponState, MEMBER_NOTE_MAX, Member, phone_hash};
pub use order::{Order, OrderLine, OrderState, pick_up_hash};
pub use picture::{
    PICTURE_BYTES_MAX, PICTURE_SIDE_MAX, PICTURES_DAMAGED, PICTURES_FOLDER, Picture, picture_name,
    picture_path,
};
pub use place::Place;
pub use rules::{
    Objective, PointsEarned, PointsSpent, RefundOrder, SpendOrder, StoreRules, StoredValueRules, TaxMode,
    TaxRounding, TopUpBonus, TypedWeights,
};
pub use transfer::{Transfer, TransferLine};
pub use weight::Weight;

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
    /// HQ has forgotten deletions that the lane was not told of: everything is
    /// to be got again, after 0. `latest` is 0 then, which a program that does
    /// not know this takes for an HQ that was put back, and does the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    /// There is so much that [`snapshot`] files are to be taken instead of
    /// pages. Said only to those who say that they take them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshot: bool,
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
// One at a time is read and put away.
#[allow(clippy::large_enum_variant)]
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
    /// A promotion of any type.
    PromotionRule(Option<PromotionForm>),
    /// A price on a price list.
    Price(Option<PriceRow>),
    /// A class of goods in the tax law.
    TaxClass(Option<TaxClass>),
    /// A member of this store.
    Member(Option<Member>),
    /// A coupon of this store.
    Coupon(Option<Coupon>),
    /// A shelf label of this store, by its number.
    Label(Option<Label>),
    /// That a price of this store counts before its labels show it.
    LabelWaiver(Option<LabelWaiver>),
    /// What may be charged at most in this store.
    ShelfCap(Option<ShelfCap>),
    /// An order of a channel that this store is to hand over.
    Order(Option<Order>),
    /// A key that signs codes of scan-and-go.
    CodeKey(Option<CodeKey>),
    /// What a piece of goods weighs on bagging scales.
    Weight(Option<Weight>),
    /// The picture of a piece of goods, by its item code.
    Picture(Option<Picture>),
    /// A transfer that HQ ordered from this store, or to it.
    Transfer(Option<Transfer>),
}

impl Entity {
    /// The kinds that this program knows, as `kind` says them.
    pub const KINDS: [&'static str; 18] = [
        "store",
        "category",
        "product",
        "staff",
        "promotion",
        "promotion_rule",
        "price",
        "tax_class",
        "member",
        "coupon",
        "label",
        "label_waiver",
        "shelf_cap",
        "order",
        "code_key",
        "weight",
        "picture",
        "transfer",
    ];
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
    /// The groups of stores that it is in; their prices are its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The forms of the shop's own codes with their kinds, such as
    /// `member 29 N10`; the till's defaults where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_patterns: Vec<String>,
    /// What the chain set for its tills.
    #[serde(default, skip_serializing_if = "StoreRules::is_empty")]
    pub rules: StoreRules,
    /// The address at which HQ shows receipts to whoever has the link, such as `https://hq.example`; absent where it
    /// shows none. Beside the rules, since a till of before passes over what it does not know here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts_at: Option<String>,
    /// Where it stands, so that a customer is sent to the nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
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
    /// Its grade (等级), where the law or the shop wants it: fresh food.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grade: String,
    /// The category's id.
    #[serde(default)]
    pub category: String,
    /// Sold by the kilogram (true) or by the piece.
    #[serde(default)]
    pub weighed: bool,
    /// Price per piece or per kilogram, tax included, minor units: where no
    /// [`PriceRow`] of the base unit is in force.
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
    /// The packs that it is sold in, beside the base unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<SaleUnit>,
    /// What a kit is made of; empty for everything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
    /// The cashier types its price, within these bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_price: Option<PriceBounds>,
    /// It stands for goods without a code of the department with this code;
    /// empty for everything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// The id of its [`TaxClass`], whose rate counts where it is known; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_class: String,
    /// May be handed out for nothing: a price of 0 is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gift: bool,
    /// Makes whoever pays it a paid member.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub membership: bool,
}

/// A pack in which a product is sold: 提, 箱.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleUnit {
    /// Its id, one among those of its product.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How many base units it holds.
    pub factor: u32,
    /// Barcodes of the pack: GTINs as printed, often with 14 digits (ITF-14).
    #[serde(default)]
    pub codes: Vec<String>,
    /// Its price where no [`PriceRow`] of it is in force, minor units; `None`
    /// for that of its base units together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
}

/// A part of a kit. What it costs on its own and its tax are its product's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitPart {
    /// Its item code.
    pub sku: String,
    /// How much of it is in one kit, thousandths of a piece or of a kilogram.
    pub quantity: i64,
}

/// Bounds of a price that the cashier types, both included, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBounds {
    /// The least.
    pub min: i64,
    /// The most.
    pub max: i64,
}

/// A price on a price list. A lane is told those of its store, of the groups
/// that its store is in and of the whole chain, also ahead of their time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRow {
    /// The price list's id.
    pub list: String,
    /// The item.
    pub sku: String,
    /// The sale unit's id; empty for the base unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Where it is asked.
    #[serde(default, skip_serializing_if = "PriceScope::is_chain")]
    pub scope: PriceScope,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Audience::is_everyone")]
    pub audience: Audience,
    /// From this instant on, milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// Up to but not including this instant, milliseconds UTC; `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Per unit, tax included, minor units.
    pub price: i64,
}

/// Where a price is asked. The more specific counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceScope {
    /// In all stores.
    #[default]
    Chain,
    /// In the stores of a group.
    Group(String),
    /// In one store.
    Store(String),
}

impl PriceScope {
    fn is_chain(&self) -> bool {
        *self == Self::Chain
    }
}

/// Whom a price is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody.
    #[default]
    Everyone,
    /// Members of any tier.
    Members,
    /// Members of the tier with this id.
    Tier(String),
}

impl Audience {
    fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

/// A class of goods in the tax law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxClass {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// What the law does with it.
    pub treatment: TaxTreatment,
    /// VAT in basis points; 0 where it is not [`TaxTreatment::Taxed`].
    #[serde(default)]
    pub rate: u32,
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
