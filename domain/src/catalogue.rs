//! Goods and promotions, and what the till asks of them. Where they are kept is not known here.

use std::sync::Arc;

use crate::barcode::Gtin;
use crate::coupon::Coupon;
use crate::member::Member;
use crate::money::{Money, Quantity, TaxRate};
use crate::promotion::PromotionSet;
use crate::till::kiosk::SecurityWeight;
use crate::value::TOP_UP_SKU;

/// The most sale units of one item beside its base unit.
pub const UNITS_MAX: usize = 16;

/// The most base units that a sale unit holds: a pallet of small packs.
pub const FACTOR_MAX: u32 = 9_999;

/// The most prices of one item that concern one store, past and armed ones
/// included.
pub const PRICES_MAX: usize = 500;

/// The most parts of one kit.
pub const KIT_PARTS_MAX: usize = 50;

/// Something sold, as this store sells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// HQ's item code.
    pub sku: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Size or pack.
    pub spec: String,
    /// The category's id.
    pub category: String,
    /// Sold by the kilogram rather than by the piece.
    pub weighed: bool,
    /// Price per piece or kilogram, tax included, where none of [`Self::prices`]
    /// is in force. On a line it is the list price of the line's unit when it
    /// was scanned.
    pub price: Money,
    /// The VAT that the price contains.
    pub tax_rate: TaxRate,
    /// The code that identifies it on screen: its first GTIN, its PLU or its SKU.
    pub code: String,
    /// The buyer must be 18.
    pub age_restricted: bool,
    /// Never reduced (tobacco).
    pub no_promotion: bool,
    /// Earns no points.
    pub no_points: bool,
    /// May be handed out for nothing: a price of 0 is meant.
    pub gift: bool,
    /// Makes whoever pays it a paid member (付费会员卡): it is sold to a member
    /// who is named, one a basket, moves no stock and earns no points.
    pub membership: bool,
    /// Its class in the tax law, where HQ gave it one; the rate to reckon with
    /// is [`Self::tax_rate`].
    pub tax_class: Option<TaxClass>,
    /// What it is sold in beside the base unit; none on a line.
    pub units: Vec<SaleUnit>,
    /// Its prices on the price lists of this store, in no order; none on a line.
    pub prices: Vec<PriceRow>,
    /// What a kit is made of; empty for everything else.
    pub kit: Vec<KitPart>,
    /// The cashier types its price, within these bounds.
    pub open_price: Option<PriceBounds>,
    /// What its shelf labels may show, which is the most that is charged, in
    /// no order; none on a line.
    pub caps: Vec<ShelfCap>,
}

impl Item {
    /// An item sold by the piece, with nothing special about it, and no name but its code.
    pub fn plain(sku: &str, price: Money, tax_rate: TaxRate) -> Self {
        Self {
            sku: sku.to_owned(),
            name_zh: sku.to_owned(),
            name_en: sku.to_owned(),
            spec: String::new(),
            category: String::new(),
            weighed: false,
            price,
            tax_rate,
            code: sku.to_owned(),
            age_restricted: false,
            no_promotion: false,
            no_points: false,
            gift: false,
            membership: false,
            tax_class: None,
            units: Vec::new(),
            prices: Vec::new(),
            kit: Vec::new(),
            open_price: None,
            caps: Vec::new(),
        }
    }

    /// The sale unit with this id.
    pub fn unit(&self, id: &str) -> Option<&SaleUnit> {
        self.units.iter().find(|sold| sold.unit.id == id)
    }

    /// Whether what is paid for it earns points: neither tobacco nor a fee does.
    pub fn earns_points(&self) -> bool {
        !self.no_points && !self.membership
    }

    /// Whether it is no goods but money that is paid into an account.
    pub fn is_top_up(&self) -> bool {
        self.sku == TOP_UP_SKU
    }

    /// How many pieces a customer counts in so much of it; what is weighed is one.
    pub fn pieces(&self, quantity: Quantity) -> i64 {
        quantity.pieces().filter(|_| !self.weighed).unwrap_or(1)
    }

    /// The item as a line remembers it: at this list price, without what only
    /// the choice of a price needs.
    pub fn at_price(&self, price: Money) -> Arc<Self> {
        Arc::new(Self { price, units: Vec::new(), prices: Vec::new(), caps: Vec::new(), ..self.clone() })
    }
}

/// A pack of several base units: 提, 箱.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// HQ's id of it, one among those of its item.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How many base units it holds, 1 to [`FACTOR_MAX`].
    pub factor: u32,
}

impl Unit {
    /// How many base units so many of it are: what promotions and stock count.
    /// `None` where that is more than a line holds.
    pub fn base_quantity(&self, quantity: Quantity) -> Option<Quantity> {
        quantity.checked_times(self.factor)
    }
}

/// A unit in which an item is sold, beside its base unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleUnit {
    /// What it is.
    pub unit: Unit,
    /// Its price where no price row of its own is in force; `None` for that
    /// of its base units together.
    pub price: Option<Money>,
}

/// A price on a price list, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The price list's id.
    pub list: String,
    /// The sale unit's id; empty for the base unit.
    pub unit: String,
    /// How much of the chain it is for.
    pub scope: PriceScope,
    /// Whom it is for.
    pub audience: Audience,
    /// From this instant on, milliseconds UTC.
    pub from_ms: i64,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: Option<i64>,
    /// Per unit, tax included.
    pub price: Money,
}

/// How much of the chain a price is for; the more specific is the greater.
/// Only what concerns this store is ever told to its till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceScope {
    /// All stores.
    Chain,
    /// A group of stores that this one is in.
    Group,
    /// This store alone.
    Store,
}

/// Whom a price is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Everyone,
    /// Members of any tier.
    Members,
    /// Members of one tier.
    Tier(String),
}

/// Who buys, as far as prices care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buyer<'a> {
    /// Nobody known.
    WalkIn,
    /// A member.
    Member {
        /// The tier's id.
        tier: &'a str,
    },
}

/// What a shelf label may show of an item, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfCap {
    /// The sale unit's id; empty for the base unit.
    pub unit: String,
    /// From this instant on, milliseconds UTC; `None` for now.
    pub from_ms: Option<i64>,
    /// What it says to everybody.
    pub price: Option<Money>,
    /// What it says to members.
    pub member_price: Option<Money>,
    /// The label's number.
    pub label: String,
}

/// Bounds of a price that the cashier types, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBounds {
    /// The least.
    pub min: Money,
    /// The most.
    pub max: Money,
}

impl PriceBounds {
    /// Whether a typed price may be charged: it is within the bounds, and not nothing.
    pub fn hold(&self, price: Money) -> bool {
        price.is_positive() && self.min <= price && price <= self.max
    }
}

/// A part of a kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitPart {
    /// Its item code.
    pub sku: String,
    /// How much of it is in one kit.
    pub quantity: Quantity,
    /// What one piece or kilogram of it costs on its own.
    pub price: Money,
    /// The VAT that its share of the kit's price contains.
    pub tax_rate: TaxRate,
}

/// How the tax law sees goods; an invoice says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxClass {
    /// HQ's id.
    pub id: String,
    /// What the law does with it.
    pub treatment: TaxTreatment,
}

/// What the VAT law does with a class of goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxTreatment {
    /// Taxed at a rate.
    Taxed,
    /// Taxed at nothing (零税率).
    ZeroRated,
    /// Not taxed, and no input tax is given back (免税).
    Exempt,
}

/// Why the goods could not be asked; nothing was found out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up goods: {0}")]
pub struct LookUpError(pub String);

/// What a code stands for: an item, and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The item.
    pub item: Arc<Item>,
    /// The pack that has this code; `None` for one base unit.
    pub unit: Option<SaleUnit>,
}

impl From<Arc<Item>> for Found {
    fn from(item: Arc<Item>) -> Self {
        Self { item, unit: None }
    }
}

/// What the till asks of the goods that HQ told it about.
///
/// All answers between two refreshes come from one version, so that a basket
/// is priced from one state of the world.
pub trait Catalogue {
    /// The version that the answers come from.
    fn version(&self) -> u64;

    /// The item with this trade item number, and which of its units has it.
    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Found>, LookUpError>;

    /// The item with this number on scales and for typing (PLU).
    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError>;

    /// The item with this item code.
    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError>;

    /// The stand-in for goods without a code of this department.
    fn item_by_department(&self, department: &str) -> Result<Option<Arc<Item>>, LookUpError>;

    /// Every promotion that is known here, whenever it holds.
    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError>;

    /// The member with this card, number or telephone, of those that HQ told
    /// this store of.
    fn member(&self, code: &str) -> Result<Option<Arc<Member>>, LookUpError>;

    /// The coupon with this number, of those that may be used in this store
    /// without asking HQ.
    fn coupon(&self, code: &str) -> Result<Option<Coupon>, LookUpError>;

    /// What a piece of an item is known to weigh on bagging scales, of those that HQ told; `unit` is empty for a base
    /// unit. A catalogue that is told of none knows none.
    fn security_weight(&self, sku: &str, unit: &str) -> Result<Option<SecurityWeight>, LookUpError> {
        let _ = (sku, unit);
        Ok(None)
    }
}
