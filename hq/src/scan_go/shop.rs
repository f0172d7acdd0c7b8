//! Goods, prices and promotions of one store, as HQ would tell them to its lanes now.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::barcode::Gtin;
use domain::catalogue::{Catalogue, Found, Item, KIT_PARTS_MAX, KitPart, LookUpError, PRICES_MAX};
use domain::coupon::Coupon;
use domain::member::Member;
use domain::money::{Money, Quantity};
use domain::promotion::PromotionSet;
use protocol::promotion::PromotionForm;
use protocol::pull::{self, understand};

use crate::server::refusal::chain;
use crate::store::{Kind, Reading, StoreError};

/// The promotions of a version of the reference: they are the chain's, and change seldom.
#[derive(Debug, Default)]
pub struct PromotionCache {
    kept: Mutex<Option<Arc<PromotionSet>>>,
}

impl PromotionCache {
    /// Forgets them: the same version may mean others from now on.
    pub fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A store's shop window on one state of the database.
pub struct Shop<'r, 'c> {
    reading: &'r Reading<'c>,
    /// The store as its lanes are told of it.
    pub store: pull::Store,
    version: u64,
    cache: &'r PromotionCache,
    /// An item is asked for several times while a basket is priced.
    items: RefCell<HashMap<String, Option<Arc<Item>>>>,
    /// GTINs and what of which item they are.
    codes: RefCell<HashMap<String, Option<Found>>>,
}

fn fault(error: &dyn std::error::Error) -> LookUpError {
    LookUpError(chain(error))
}

fn read<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, LookUpError> {
    serde_json::from_str(body).map_err(|error| fault(&error))
}

impl<'r, 'c> Shop<'r, 'c> {
    /// Opens the window of a store; `None` where there is no such store.
    ///
    /// # Errors
    /// The database did not answer, or the store cannot be read.
    pub fn open(
        reading: &'r Reading<'c>,
        cache: &'r PromotionCache,
        store: &str,
    ) -> Result<Option<Self>, StoreError> {
        let Some(body) = reading.entity(Kind::Store, store)? else { return Ok(None) };
        let wrong = |error: serde_json::Error| StoreError::Row { table: "entity", reason: error.to_string() };
        let store: pull::Store = serde_json::from_str(&body).map_err(wrong)?;
        let version = reading.reference_version()?;
        let (items, codes) = (RefCell::default(), RefCell::default());
        Ok(Some(Self { reading, store, version, cache, items, codes }))
    }

    fn product(&self, sku: &str) -> Result<Option<pull::Product>, LookUpError> {
        let body = self.reading.entity(Kind::Product, sku).map_err(|error| fault(&error))?;
        body.map(|body| read(&body)).transpose()
    }

    fn class(&self, id: &str) -> Result<Option<pull::TaxClass>, LookUpError> {
        if id.is_empty() {
            return Ok(None);
        }
        let body = self.reading.entity(Kind::TaxClass, id).map_err(|error| fault(&error))?;
        body.map(|body| read(&body)).transpose()
    }

    /// A product with everything that its price here depends on.
    fn item(&self, product: pull::Product) -> Result<Item, LookUpError> {
        let class = self.class(&product.tax_class)?;
        let parts = product.kit.iter().take(KIT_PARTS_MAX).map(|part| self.part(&product.sku, part));
        let kit = parts.collect::<Result<_, _>>()?;
        let rows = self.reading.prices_for(&product.sku, &self.store).map_err(|error| fault(&error))?;
        let rows = rows.into_iter().filter_map(|row| row.understand(&self.store.code, &self.store.groups));
        let prices = rows.take(PRICES_MAX).collect();
        let caps =
            self.reading.shelf_caps_of(&self.store.code, &product.sku).map_err(|error| fault(&error))?;
        let caps = caps.into_iter().map(pull::ShelfCap::understand).collect();
        Ok(Item { kit, prices, caps, ..product.understand(class) })
    }

    fn part(&self, kit: &str, part: &pull::KitPart) -> Result<KitPart, LookUpError> {
        let wrong = || LookUpError(format!("kit {kit} has a part that cannot be: {}", part.sku));
        let product = self.product(&part.sku)?.ok_or_else(wrong)?;
        let class = self.class(&product.tax_class)?;
        Ok(KitPart {
            sku: part.sku.clone(),
            quantity: Quantity::from_thousandths(part.quantity).ok_or_else(wrong)?,
            price: Money::from_minor(product.price),
            tax_rate: understand::tax_rate(product.tax_rate, class.as_ref()),
        })
    }

    fn found(&self, gtin: &Gtin) -> Result<Option<Found>, LookUpError> {
        let sku = self.reading.sku_by_code(gtin.as_str()).map_err(|error| fault(&error))?;
        let Some(sku) = sku else { return Ok(None) };
        let Some(product) = self.product(&sku)? else { return Ok(None) };
        let has =
            |codes: &[String]| codes.iter().any(|code| Gtin::parse(code).is_ok_and(|code| code == *gtin));
        let unit = product.units.iter().find(|unit| has(&unit.codes)).map(|unit| unit.id.clone());
        let of_base = has(&product.codes);
        let Some(item) = self.item_by_sku(&sku)? else { return Ok(None) };
        let unit = unit.filter(|_| !of_base).and_then(|id| item.unit(&id).cloned());
        Ok((of_base || unit.is_some()).then_some(Found { item, unit }))
    }

    fn load(&self) -> Result<PromotionSet, LookUpError> {
        let mut forms: Vec<PromotionForm> = Vec::new();
        for kind in [Kind::Promotion, Kind::PromotionRule] {
            for (_, body) in self.reading.entities(kind).map_err(|error| fault(&error))? {
                // A lane reads both by one form.
                forms.push(read(&body)?);
            }
        }
        forms.sort_by(|one, other| one.id.cmp(&other.id));
        // What cannot be understood is told to whoever imports it, and left out by lanes as well.
        let rules = forms.iter().filter(|form| !form.is_grant());
        let live = rules.filter_map(|form| form.understand().ok());
        Ok(PromotionSet::load(self.version, live).0)
    }
}

impl Catalogue for Shop<'_, '_> {
    fn version(&self) -> u64 {
        self.version
    }

    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Found>, LookUpError> {
        if let Some(known) = self.codes.borrow().get(gtin.as_str()) {
            return Ok(known.clone());
        }
        let found = self.found(gtin)?;
        self.codes.borrow_mut().insert(gtin.as_str().to_owned(), found.clone());
        Ok(found)
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        let Ok(number) = plu.parse::<u64>() else { return Ok(None) };
        let sku = self.reading.sku_by_code(&format!("plu:{number}")).map_err(|error| fault(&error))?;
        let Some(sku) = sku else { return Ok(None) };
        let is_it = self.product(&sku)?.is_some_and(|product| product.plu == plu);
        if is_it { self.item_by_sku(&sku) } else { Ok(None) }
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        if let Some(known) = self.items.borrow().get(sku) {
            return Ok(known.clone());
        }
        let item = self.product(sku)?.map(|product| self.item(product)).transpose()?.map(Arc::new);
        self.items.borrow_mut().insert(sku.to_owned(), item.clone());
        Ok(item)
    }

    /// Nobody types prices on a phone.
    fn item_by_department(&self, _: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(None)
    }

    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        let mut kept = self.cache.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = kept.as_ref().filter(|set| set.version() == self.version) {
            return Ok(set.clone());
        }
        let set = Arc::new(self.load()?);
        *kept = Some(set.clone());
        Ok(set)
    }

    /// A phone's basket is nobody's.
    fn member(&self, _: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        Ok(None)
    }

    fn coupon(&self, _: &str) -> Result<Option<Coupon>, LookUpError> {
        Ok(None)
    }
}
