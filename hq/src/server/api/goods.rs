//! Goods, prices and promotions as the API says them: what `protocol::pull`
//! tells lanes, with a schema, and nothing that nobody knows.

use protocol::pull::{Audience, PriceRow, PriceScope, Product};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::Millis;
use crate::server::refusal::Refusal;

/// Something sold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Goods {
    /// The item code.
    pub sku: String,
    #[serde(default)]
    pub name_zh: String,
    #[serde(default)]
    pub name_en: String,
    /// Size or pack, such as `550ml`.
    #[serde(default)]
    pub spec: String,
    /// Place of origin.
    #[serde(default)]
    pub origin: String,
    /// Its grade, where the law or the shop wants it: fresh food.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grade: String,
    /// The category's id.
    #[serde(default)]
    pub category: String,
    /// Sold by the kilogram, or by the piece.
    #[serde(default)]
    pub weighed: bool,
    /// Per piece or kilogram, tax included, minor units, where no listed price is in force.
    pub price: i64,
    /// VAT in basis points: 1300 is 13 %.
    pub tax_rate: u32,
    /// GTINs as printed.
    #[serde(default)]
    pub codes: Vec<String>,
    /// The number on scales; empty for none.
    #[serde(default)]
    pub plu: String,
    /// Pinyin initials of the Chinese name; made where empty.
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
    /// The packs that it is sold in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Pack>,
    /// What a kit is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<Part>,
    /// The cashier types its price, within these bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_price: Option<Bounds>,
    /// The department that it stands for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// The id of its tax class.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_class: String,
    /// May be handed out for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gift: bool,
    /// Makes whoever pays it a paid member.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub membership: bool,
}

/// A pack in which something is sold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub id: String,
    pub name_zh: String,
    pub name_en: String,
    /// How many base units it holds.
    pub factor: u32,
    #[serde(default)]
    pub codes: Vec<String>,
    /// Minor units; that of its pieces together where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
}

/// A part of a kit.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub sku: String,
    /// Thousandths of a piece or a kilogram in one kit.
    pub quantity: i64,
}

/// Bounds of a price, both included, minor units.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    pub min: i64,
    pub max: i64,
}

/// One row of the catalogue and the version that its last change made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct GoodsRow {
    pub version: u64,
    pub goods: Goods,
}

impl Goods {
    /// As it is imported.
    pub(super) fn product(&self) -> Result<Product, Refusal> {
        Ok(serde_json::from_value(serde_json::to_value(self)?)?)
    }

    /// As it is stored.
    pub(super) fn stored(body: &str) -> Result<Self, Refusal> {
        Ok(serde_json::from_str(body)?)
    }
}

/// A price on a price list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    /// The price list's id; `main` where absent.
    #[serde(default = "main_list")]
    pub list: String,
    pub sku: String,
    /// The pack's id; the base unit where absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Only in this store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Only in the stores of this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Only for members of this tier; `*` for those of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// From this instant on.
    pub from_ms: Millis,
    /// Up to but not including this instant; for ever where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<Millis>,
    /// Per unit, tax included, minor units.
    pub price: i64,
}

fn main_list() -> String {
    "main".to_owned()
}

impl From<PriceRow> for Price {
    fn from(row: PriceRow) -> Self {
        let (store, group) = match row.scope {
            PriceScope::Chain => (None, None),
            PriceScope::Group(group) => (None, Some(group)),
            PriceScope::Store(store) => (Some(store), None),
        };
        let tier = match row.audience {
            Audience::Everyone => None,
            Audience::Members => Some("*".to_owned()),
            Audience::Tier(tier) => Some(tier),
        };
        Self {
            list: row.list,
            sku: row.sku,
            unit: row.unit,
            store,
            group,
            tier,
            from_ms: row.from_ms,
            until_ms: row.until_ms,
            price: row.price,
        }
    }
}

/// The place of a price, of which one may be named.
pub(super) fn price_scope(store: Option<&str>, group: Option<&str>) -> Result<PriceScope, String> {
    match (store.filter(|store| !store.is_empty()), group.filter(|group| !group.is_empty())) {
        (None, None) => Ok(PriceScope::Chain),
        (Some(store), None) => Ok(PriceScope::Store(store.to_owned())),
        (None, Some(group)) => Ok(PriceScope::Group(group.to_owned())),
        (Some(_), Some(_)) => Err("it names a store and a group; leave one of them out".to_owned()),
    }
}

impl Price {
    /// As lanes hear of it.
    pub(super) fn row(&self) -> Result<PriceRow, String> {
        Ok(PriceRow {
            list: self.list.clone(),
            sku: self.sku.clone(),
            unit: self.unit.clone(),
            scope: price_scope(self.store.as_deref(), self.group.as_deref())?,
            audience: match self.tier.as_deref() {
                None | Some("") => Audience::Everyone,
                Some("*") => Audience::Members,
                Some(tier) => Audience::Tier(tier.to_owned()),
            },
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            price: self.price,
        })
    }
}

/// A store, as far as the API tells of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct StoreShown {
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// ISO 4217.
    pub currency: String,
    /// Decimal places of its minor unit.
    pub currency_exponent: u8,
    /// The groups of stores that it is in.
    pub groups: Vec<String>,
}
