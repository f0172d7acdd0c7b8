//! The goods of a store as its lane's reference has them, for whoever works out
//! what labels should say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::catalogue::{Catalogue, LookUpError};
use domain::label::LabelItem;
use ledger::reference::shelf::{Deal, Shelf};
use ledger::reference::{Reference, ReferenceError};
use protocol::pull;

use super::plan::{Goods, Trade};

/// What is newer at a version than at the one that was looked at before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newer {
    /// It is the same.
    Nothing,
    /// What HQ told, among it what labels may show; no goods and no rules.
    Told,
    /// Goods, prices, rules or labels, so that any label may have to say something else.
    Goods,
}

/// The goods as the reference has them, always the newest.
pub(super) struct StoreGoods {
    pub(super) reference: Reference,
    pub(super) shelf: Shelf,
    store: String,
    pub(super) trade: Option<Trade>,
    version: Option<u64>,
    goods_version: Option<u64>,
    /// What they were sold at before promotions began, by the instant of that.
    deals: BTreeMap<(LabelItem, i64), Deal>,
    /// Item codes of which HQ's books have none in this store, as far as was told.
    sold_out: BTreeSet<String>,
}

impl StoreGoods {
    /// Opens them; `None` while there is no reference.
    pub(super) fn open(path: &std::path::Path, store: &str) -> Result<Option<Self>, ReferenceError> {
        let (Some(reference), Some(shelf)) = (Reference::open(path)?, Shelf::open(path)?) else {
            return Ok(None);
        };
        let deals =
            shelf.deals()?.into_iter().map(|deal| ((deal.item.clone(), deal.until_ms), deal)).collect();
        Ok(Some(Self {
            reference,
            shelf,
            store: store.to_owned(),
            trade: None,
            version: None,
            goods_version: None,
            deals,
            sold_out: BTreeSet::new(),
        }))
    }

    /// Remembers what something was sold at.
    pub(super) fn learn(&mut self, deal: Deal) {
        self.deals.insert((deal.item.clone(), deal.until_ms), deal);
    }

    /// Remembers whether there is none of an item, and says whether that is news.
    pub(super) fn learn_stock(&mut self, sku: &str, is_out: bool) -> bool {
        if is_out { self.sold_out.insert(sku.to_owned()) } else { self.sold_out.remove(sku) }
    }

    /// Stands on no version until it is looked again.
    pub(super) fn rest(&self) -> Result<(), ReferenceError> {
        self.reference.rest()
    }

    /// Moves on to the newest version, and says what is newer there.
    pub(super) fn refresh(&mut self) -> Result<Newer, ReferenceError> {
        self.reference.refresh()?;
        let version = self.reference.version();
        if self.version == Some(version) {
            return Ok(Newer::Nothing);
        }
        self.version = Some(version);
        let goods_version = self.reference.goods_version();
        if self.goods_version == Some(goods_version) {
            return Ok(Newer::Told);
        }
        self.goods_version = Some(goods_version);
        let offset_minutes = chrono::Local::now().offset().local_minus_utc() / 60;
        self.trade = self.reference.store(&self.store)?.map(|store| Trade::of(&store, offset_minutes));
        Ok(Newer::Goods)
    }
}

impl Catalogue for StoreGoods {
    fn version(&self) -> u64 {
        self.reference.version()
    }

    fn item_by_gtin(
        &self,
        gtin: &domain::barcode::Gtin,
    ) -> Result<Option<domain::catalogue::Found>, LookUpError> {
        self.reference.item_by_gtin(gtin)
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_plu(plu)
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_sku(sku)
    }

    fn item_by_department(
        &self,
        department: &str,
    ) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_department(department)
    }

    fn promotions(&self) -> Result<Arc<domain::promotion::PromotionSet>, LookUpError> {
        self.reference.promotions()
    }

    fn member(&self, code: &str) -> Result<Option<Arc<domain::member::Member>>, LookUpError> {
        self.reference.member(code)
    }

    fn coupon(&self, code: &str) -> Result<Option<domain::coupon::Coupon>, LookUpError> {
        self.reference.coupon(code)
    }
}

impl Goods for StoreGoods {
    fn product(&self, sku: &str) -> Result<Option<pull::Product>, LookUpError> {
        Ok(self.reference.product(sku)?)
    }

    fn is_sold_out(&self, sku: &str) -> bool {
        self.sold_out.contains(sku)
    }

    fn deal(&self, item: &LabelItem, until_ms: i64) -> Option<Deal> {
        self.deals.get(&(item.clone(), until_ms)).cloned()
    }
}
