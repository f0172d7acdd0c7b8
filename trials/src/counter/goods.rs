//! The demo shop's goods in memory.

use std::collections::HashMap;
use std::sync::Arc;

use domain::barcode::Gtin;
use domain::catalogue::{Catalogue, Found, Item, LookUpError};
use domain::coupon::Coupon;
use domain::member::Member;
use domain::money::{Money, TaxRate};
use domain::promotion::PromotionSet;
use fixtures::shop;

/// The demo shop's goods in memory.
pub struct Goods {
    items: Vec<Arc<Item>>,
    by_gtin: HashMap<Gtin, usize>,
    promotions: Arc<PromotionSet>,
}

impl Goods {
    /// All of them that have a price, without packs, price lists and promotions.
    pub fn demo() -> Self {
        let mut items = Vec::new();
        let mut by_gtin = HashMap::new();
        for product in shop::demo().products {
            let rate = TaxRate::from_basis_points(product.tax_rate);
            let (Some(rate), true) = (rate, product.price > 0 && product.kit.is_empty()) else { continue };
            for gtin in product.codes.iter().filter_map(|code| Gtin::parse(code).ok()) {
                by_gtin.insert(gtin, items.len());
            }
            items.push(Arc::new(Item {
                name_zh: product.name_zh,
                name_en: product.name_en,
                spec: product.spec,
                category: product.category,
                weighed: product.weighed,
                code: product.codes.into_iter().next().unwrap_or_else(|| product.sku.clone()),
                age_restricted: product.age_restricted,
                ..Item::plain(&product.sku, Money::from_minor(product.price), rate)
            }));
        }
        Self { items, by_gtin, promotions: Arc::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// One of them.
    pub fn item(&self, place: usize) -> &Arc<Item> {
        &self.items[place]
    }
}

impl Catalogue for Goods {
    fn version(&self) -> u64 {
        1
    }

    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Found>, LookUpError> {
        Ok(self.by_gtin.get(gtin).map(|place| self.items[*place].clone().into()))
    }

    fn item_by_plu(&self, _: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(None)
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(self.items.iter().find(|item| item.sku == sku).cloned())
    }

    fn item_by_department(&self, _: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(None)
    }

    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        Ok(self.promotions.clone())
    }

    fn member(&self, _: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        Ok(None)
    }

    fn coupon(&self, _: &str) -> Result<Option<Coupon>, LookUpError> {
        Ok(None)
    }
}
