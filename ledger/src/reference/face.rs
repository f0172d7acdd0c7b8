//! An item as it lies behind its codes: everything that a scan wants to know,
//! in one row, so that a scan is one look into the file.
//!
//! It repeats what the goods and price lists say and is made anew by whoever
//! changes those. The letters are short because a lane reads it between two
//! beeps, a million times as often as anybody looks at it.

use protocol::pull;
use serde::{Deserialize, Serialize};

/// All that an item's lookup needs of the file, but for the tax classes, which
/// are few.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Face {
    #[serde(rename = "s")]
    pub sku: String,
    #[serde(rename = "z")]
    pub name_zh: String,
    #[serde(rename = "e")]
    pub name_en: String,
    #[serde(rename = "p", default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    #[serde(rename = "g", default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// What stands for it on a screen.
    #[serde(rename = "c")]
    pub code: String,
    /// The pack that the code stands for; empty for the base unit.
    #[serde(rename = "o", default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    #[serde(rename = "m")]
    pub price: i64,
    #[serde(rename = "t")]
    pub tax_rate: u32,
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub tax_class: String,
    #[serde(rename = "w", default, skip_serializing_if = "std::ops::Not::not")]
    pub weighed: bool,
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    pub age_restricted: bool,
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub no_promotion: bool,
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    pub no_points: bool,
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub gift: bool,
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub membership: bool,
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<pull::SaleUnit>,
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<pull::KitPart>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub open_price: Option<pull::PriceBounds>,
    /// The newest prices of price lists, those of stores and groups that are
    /// not this one's among them.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<pull::PriceRow>,
}

impl Face {
    /// What lies behind one code of a product.
    pub fn of(product: pull::Product, unit: String, prices: Vec<pull::PriceRow>) -> Self {
        let code = product
            .codes
            .into_iter()
            .chain([product.plu, product.department])
            .find(|code| !code.is_empty())
            .unwrap_or_else(|| product.sku.clone());
        Self {
            sku: product.sku,
            name_zh: product.name_zh,
            name_en: product.name_en,
            spec: product.spec,
            category: product.category,
            code,
            unit,
            price: product.price,
            tax_rate: product.tax_rate,
            tax_class: product.tax_class,
            weighed: product.weighed,
            age_restricted: product.age_restricted,
            no_promotion: product.no_promotion,
            no_points: product.no_points,
            gift: product.gift,
            membership: product.membership,
            units: product.units,
            kit: product.kit,
            open_price: product.open_price,
            prices,
        }
    }
}
