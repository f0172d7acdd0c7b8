//! The promotions that a lane knows, checked and indexed by goods.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::grant::Grant;
use super::rule::{BundleReward, ItemRule, Promotion, PromotionError, Rule, Scope};

/// Promotions that can work, found by the goods that they are about.
///
/// Those that cannot are left out with the reason; the others stay live.
#[derive(Debug, Clone, Default)]
pub struct PromotionSet {
    version: u64,
    promotions: Vec<Promotion>,
    by_sku: HashMap<String, Vec<usize>>,
    by_category: HashMap<String, Vec<usize>>,
    everywhere: Vec<usize>,
    with_quotas: Vec<usize>,
    grants: Vec<Grant>,
}

impl PromotionSet {
    /// Takes the promotions of a version of the reference; gives those that
    /// can work, and says why the others cannot.
    pub fn load(
        version: u64,
        promotions: impl IntoIterator<Item = Promotion>,
    ) -> (Self, Vec<PromotionError>) {
        let mut set = Self { version, ..Self::default() };
        let mut refused = Vec::new();
        let mut ids = BTreeSet::new();
        for promotion in promotions {
            if let Err(error) = promotion.check() {
                refused.push(error);
            } else if !ids.insert(promotion.id.clone()) {
                refused.push(PromotionError::SameId(promotion.id));
            } else {
                set.add(promotion);
            }
        }
        (set, refused)
    }

    /// Says of live promotions what they name and nobody knows: other
    /// promotions that they exclude, and goods. They stay live, as what is
    /// named may come; `is_known` says whether there is an item of this code.
    pub fn references_nothing<E>(
        &self,
        mut is_known: impl FnMut(&str) -> Result<bool, E>,
    ) -> Result<Vec<PromotionError>, E> {
        let ids: BTreeSet<&str> = self.promotions.iter().map(|promotion| promotion.id.as_str()).collect();
        let mut found = Vec::new();
        for promotion in &self.promotions {
            let unknown = promotion.stacking.excludes.iter().find(|other| !ids.contains(other.as_str()));
            if let Some(other) = unknown {
                let (id, other) = (promotion.id.clone(), other.clone());
                found.push(PromotionError::ExcludesUnknown { id, other });
            }
            // Goods that come later may be of a category, so only codes can be unknown for good.
            let scope = &promotion.scope;
            if scope.skus.is_empty() || !scope.categories.is_empty() {
                continue;
            }
            let mut is_about_something = false;
            for sku in &scope.skus {
                is_about_something = is_known(sku)?;
                if is_about_something {
                    break;
                }
            }
            if !is_about_something {
                found.push(PromotionError::UnknownGoods { id: promotion.id.clone() });
            }
        }
        Ok(found)
    }

    fn add(&mut self, promotion: Promotion) {
        let index = self.promotions.len();
        let mut scopes = vec![&promotion.scope];
        if let Rule::Item(ItemRule::Bundle { slots, .. }) = &promotion.rule {
            scopes.extend(slots.iter().map(|slot| &slot.scope));
            // What the slots name, the bundle is about.
            if !promotion.scope.names_goods() && slots.iter().all(|slot| slot.scope.names_goods()) {
                scopes.remove(0);
            }
        }
        if scopes.iter().any(|scope| !scope.names_goods()) {
            self.everywhere.push(index);
        } else {
            let skus: BTreeSet<&String> = scopes.iter().flat_map(|scope| &scope.skus).collect();
            let categories: BTreeSet<&String> = scopes.iter().flat_map(|scope| &scope.categories).collect();
            for sku in skus {
                self.by_sku.entry(sku.clone()).or_default().push(index);
            }
            for category in categories {
                self.by_category.entry(category.clone()).or_default().push(index);
            }
        }
        if !promotion.quotas.is_empty() {
            self.with_quotas.push(index);
        }
        self.promotions.push(promotion);
    }

    /// Those of which there are so many beyond one ticket.
    pub fn with_quotas(&self) -> impl Iterator<Item = &Promotion> {
        self.with_quotas.iter().map(|place| &self.promotions[*place])
    }

    /// The same, with what paid tickets are given.
    #[must_use]
    pub fn with_grants(self, grants: Vec<Grant>) -> Self {
        Self { grants, ..self }
    }

    /// What paid tickets are given.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether any promotion asks how the ticket is paid.
    pub fn asks_for_tender(&self) -> bool {
        self.promotions.iter().any(|promotion| !promotion.conditions.tenders.is_empty())
    }

    /// The version of the reference that they come from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All of them, in the order in which they came.
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The places of those that may be about any of these goods (item code and category).
    pub fn about<'a>(&self, goods: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
        let mut found: Vec<usize> = self.everywhere.clone();
        let mut categories = BTreeMap::new();
        for (sku, category) in goods {
            found.extend(self.by_sku.get(sku).into_iter().flatten());
            categories.entry(category).or_insert(());
        }
        for (category, ()) in categories {
            found.extend(self.by_category.get(category).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Promotion {
    /// The scopes in which a unit can take part, with what each is a part of:
    /// one for each slot of a bundle, the promotion's own for all else.
    pub(super) fn slots(&self) -> Vec<(&Scope, u32)> {
        match &self.rule {
            Rule::Item(ItemRule::Bundle { slots, .. }) => {
                slots.iter().map(|slot| (&slot.scope, slot.units)).collect()
            }
            Rule::Item(ItemRule::NthUnit { n, .. } | ItemRule::XForY { n, .. }) => vec![(&self.scope, *n)],
            Rule::Item(ItemRule::BuyNGetM { n, m, .. }) => vec![(&self.scope, n + m)],
            Rule::Item(ItemRule::QuantityTier { tiers }) => {
                vec![(&self.scope, tiers.first().map_or(1, |tier| tier.units))]
            }
            Rule::Price(_) | Rule::Order(_) | Rule::Coupon { .. } => Vec::new(),
        }
    }

    /// Whether a unit of these goods may stand in this slot: within the slot
    /// and within the promotion.
    pub(super) fn slot_holds(
        &self,
        slot: usize,
        sku: &str,
        category: &str,
        expires_in_days: Option<i64>,
    ) -> bool {
        let own = self.scope.holds(sku, category, expires_in_days);
        match &self.rule {
            Rule::Item(ItemRule::Bundle { slots, .. }) => {
                own && slots.get(slot).is_some_and(|slot| slot.scope.holds(sku, category, expires_in_days))
            }
            Rule::Item(_) | Rule::Price(_) | Rule::Order(_) | Rule::Coupon { .. } => own,
        }
    }

    /// Whether all units of an application are of one item.
    pub(super) fn is_of_one_sku(&self) -> bool {
        matches!(
            &self.rule,
            Rule::Item(
                ItemRule::NthUnit { same_sku: true, .. }
                    | ItemRule::XForY { same_sku: true, .. }
                    | ItemRule::BuyNGetM { same_sku: true, .. }
            )
        )
    }

    /// Whether what an application comes to depends on more than how many
    /// units it takes and the order of their prices.
    pub(super) fn depends_on_company(&self, least_sum: crate::money::Money) -> bool {
        match &self.rule {
            Rule::Item(ItemRule::Bundle { reward, .. }) => match reward {
                BundleReward::Percent(_) => true,
                BundleReward::Off(off) => *off > least_sum,
                BundleReward::Amount(_) | BundleReward::Slots { .. } => false,
            },
            Rule::Item(_) | Rule::Price(_) | Rule::Order(_) | Rule::Coupon { .. } => false,
        }
    }
}
