//! Goods and promotions, and what the till asks of them. Where they are kept is not known here.

use std::sync::Arc;

use crate::barcode::Gtin;
use crate::money::{Money, TaxRate};

/// Something sold, with its price in this store.
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
    /// Price per piece or kilogram, tax included.
    pub price: Money,
    /// The VAT that the price contains.
    pub tax_rate: TaxRate,
    /// The code that identifies it on screen: its first GTIN, its PLU or its SKU.
    pub code: String,
    /// The buyer must be 18.
    pub age_restricted: bool,
    /// Never reduced (tobacco).
    pub no_promotion: bool,
}

/// A promotion of the price layer: it lowers what one unit costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How it lowers.
    pub cut: PriceCut,
    /// From this instant on, milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: Option<i64>,
}

/// How a price promotion lowers a unit price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceCut {
    /// A unit costs this much.
    FixedPrice(Money),
    /// A unit costs this many per cent of its price: 85 is 85折.
    Percent(u32),
    /// A unit costs this much less.
    AmountOff(Money),
}

/// Why the goods could not be asked; nothing was found out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up goods: {0}")]
pub struct LookUpError(pub String);

/// What the till asks of the goods that HQ told it about.
///
/// All answers between two refreshes come from one version, so that a basket
/// is priced from one state of the world.
pub trait Catalogue {
    /// The version that the answers come from.
    fn version(&self) -> u64;

    /// The item with this trade item number.
    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Arc<Item>>, LookUpError>;

    /// The item with this number on scales and for typing (PLU).
    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError>;

    /// The item with this item code.
    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError>;

    /// Every price promotion that names this item, whenever it runs.
    fn promotions_of(&self, sku: &str) -> Result<Vec<Promotion>, LookUpError>;
}
