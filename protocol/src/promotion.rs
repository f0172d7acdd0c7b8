//! A promotion as HQ sends it, and as case files hold it.
//!
//! One flat form for every type: `layer` and `type` say which of the other
//! fields mean something. Amounts are minor units, tax included; per cents say
//! what is still to be paid (85 is 85折); times are milliseconds UTC.

use std::collections::BTreeSet;

use domain::bearer::CostShare;
use domain::money::Money;
use domain::promotion::grant::{Gives, Grant};
use domain::promotion::rule::{
    AmountStep, BundleReward, Conditions, DayWindow, ItemRule, OrderRule, PriceRule, Promotion,
    PromotionError, QuantityStep, Rule, Scope, Slot, Stacking,
};
use domain::quota::{Limit, Quota, Whose};
use serde::{Deserialize, Serialize};

use crate::event;

/// A promotion of any layer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PromotionForm {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese; its id where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name_zh: String,
    /// Its name in English; its id where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name_en: String,
    /// `price`, `item`, `order`, `coupon` or `grant`; `price` where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub layer: String,
    /// The rule within the layer, such as `fixed_price` or `threshold_off`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Item codes that it is about; with no categories either, all goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skus: Option<Vec<String>>,
    /// Item codes that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_skus: Option<Vec<String>>,
    /// Categories that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Categories that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_categories: Option<Vec<String>>,
    /// Only units that expire within so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_within_days: Option<i64>,
    /// From this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Up to but not including this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Parts of the lane's day, as minutes from midnight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<(u16, u16)>,
    /// Days of the week, 1 for Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// On the member day only.
    #[serde(skip_serializing_if = "is_false")]
    pub member_day: bool,
    /// Store codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<String>,
    /// Sales channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Member tiers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers_only: Option<Vec<String>>,
    /// Member tags, one of which is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Member stages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
    /// For members of whatever tier.
    #[serde(skip_serializing_if = "is_false")]
    pub members_only: bool,
    /// For a first order.
    #[serde(skip_serializing_if = "is_false")]
    pub first_order: bool,
    /// Only with a coupon for it.
    #[serde(skip_serializing_if = "is_false")]
    pub brought: bool,
    /// Kinds of tender that it is bound to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<String>,
    /// Units of a ticket at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// Units, or money taken off, beyond one ticket at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<QuotaForm>,
    /// Who bears what it takes off, in shares that sum to all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bearers: Vec<event::CostShare>,
    /// Applications on a ticket at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_apps: Option<u32>,
    /// Of one group one applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Promotions that do not go with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excludes: Option<OneOrMany>,
    /// Nothing else goes with it.
    #[serde(skip_serializing_if = "is_false")]
    pub exclusive_ticket: bool,
    /// Lower first, within its layer.
    #[serde(skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// Whether units at this price may join an item rule.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_item: bool,
    /// Whether what it lowers counts for order promotions; it does where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_order: Option<bool>,
    /// Whether what it lowers counts for coupons; it does where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_coupon: Option<bool>,
    /// `fixed_price`, `addon`: what a unit costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    /// Per cent to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_pct: Option<u32>,
    /// `bundle`: per cent to pay for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_pay_pct: Option<u32>,
    /// What is taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<i64>,
    /// What a group costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// What must be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// `addon`: units for each `min`; one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<u32>,
    /// Units of a group, or units paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Units free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m: Option<u32>,
    /// All units of a group are of one item.
    #[serde(skip_serializing_if = "is_false")]
    pub same_sku: bool,
    /// `spread` puts a reward on all lines of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alloc: Option<String>,
    /// Parts of a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Vec<SlotForm>>,
    /// Tiers of `qty_tier` and `tiered_off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<TierForm>>,
    /// `threshold_off`: once for every `min`.
    #[serde(skip_serializing_if = "is_false")]
    pub repeat: bool,
    /// At most so many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_repeat: Option<u32>,
    /// `percent_order`: at most so much is taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
    /// `coupon`: only for what nothing else lowered.
    #[serde(skip_serializing_if = "is_false")]
    pub regular_price_only: bool,
    /// `draw`: chances to draw, each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<u32>,
    /// `coupon_back`: a coupon of this template, each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `points_times`: basis points; 20000 is twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<u32>,
}

/// So much of a promotion beyond one ticket: units, or money taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaForm {
    /// `member`, `store` or `chain`.
    #[serde(rename = "for")]
    pub whose: String,
    /// Each business date anew.
    #[serde(default, skip_serializing_if = "is_false")]
    pub daily: bool,
    /// Units; of a rule about the ticket, tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<u32>,
    /// What is taken off in all, minor units (预算), in place of `units`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<i64>,
}

/// One name, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// A part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotForm {
    /// Item codes that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skus: Option<Vec<String>>,
    /// Item codes that do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_skus: Option<Vec<String>>,
    /// Categories that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// How many units.
    #[serde(default = "one")]
    pub qty: u32,
    /// Per cent to pay for them: 0 for a gift, 100 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_pct: Option<u32>,
}

/// A tier, of units or of an amount.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TierForm {
    /// From so many units on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_qty: Option<u32>,
    /// Per cent to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_pct: Option<u32>,
    /// From this amount on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// What is taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<i64>,
}

fn one() -> u32 {
    1
}

// serde asks by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &i32) -> bool {
    *value == 0
}

/// Why a form is no promotion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnderstandPromotionError {
    /// A field that its type needs is absent.
    #[error("read promotion {id}: {field} is missing")]
    Missing {
        /// Which promotion.
        id: String,
        /// Which field.
        field: &'static str,
    },
    /// A layer or type that this program does not know.
    #[error("read promotion {id}: {value:?} is no {what}")]
    Unknown {
        /// Which promotion.
        id: String,
        /// What it should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// A quota of nothing, or of two things.
    #[error("read promotion {id}: a quota is either of `units` or of money taken `off`; give it one of them")]
    QuotaOf {
        /// Which promotion.
        id: String,
    },
    /// A bundle with more than one reward.
    #[error(
        "read promotion {0}: a bundle has one reward: amount, off, bundle_pay_pct, or pay_pct of its slots"
    )]
    Rewards(String),
    /// Understood, but it cannot work.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
}

impl PromotionForm {
    /// The promotion that it stands for, checked.
    pub fn understand(&self) -> Result<Promotion, UnderstandPromotionError> {
        let name = |name: &String| if name.is_empty() { self.id.clone() } else { name.clone() };
        let promotion = Promotion {
            id: self.id.clone(),
            name_zh: name(&self.name_zh),
            name_en: name(&self.name_en),
            rule: self.rule()?,
            scope: self.scope(),
            conditions: self.conditions(),
            quota: self.quota,
            quotas: self.quotas.iter().map(|quota| self.quota(quota)).collect::<Result<_, _>>()?,
            bearers: self.bearers.iter().map(|share| self.bearer(share)).collect::<Result<_, _>>()?,
            applications_max: self.max_apps,
            stacking: Stacking {
                group: self.group.clone(),
                excludes: match &self.excludes {
                    None => BTreeSet::new(),
                    Some(OneOrMany::One(id)) => BTreeSet::from([id.clone()]),
                    Some(OneOrMany::Many(ids)) => ids.iter().cloned().collect(),
                },
                exclusive_ticket: self.exclusive_ticket,
                priority: self.priority,
                allow_item: self.allow_item,
                allow_order: self.allow_order.unwrap_or(true),
                allow_coupon: self.allow_coupon.unwrap_or(true),
            },
        };
        let nothing = |names: Option<&Vec<String>>| names.is_some_and(Vec::is_empty);
        let empty_slot = |slot: &SlotForm| nothing(slot.skus.as_ref()) && slot.categories.is_none();
        // An empty list is no list: it must not mean all goods.
        if nothing(self.skus.as_ref()) && promotion.scope.categories.is_empty()
            || self.slots.iter().flatten().any(empty_slot)
        {
            return Err(PromotionError::NoGoods { id: self.id.clone() }.into());
        }
        promotion.check()?;
        Ok(promotion)
    }

    /// Whether it gives something beside a price, and changes none.
    pub fn is_grant(&self) -> bool {
        self.layer == "grant"
    }

    /// What it gives a paid ticket, where it is a grant; see [`Self::is_grant`].
    pub fn understand_grant(&self) -> Result<Grant, UnderstandPromotionError> {
        let name = |name: &String| if name.is_empty() { self.id.clone() } else { name.clone() };
        let gives = match self.kind.as_str() {
            "draw" => Gives::DrawChances(self.number(self.draws, "draws")?),
            "coupon_back" => Gives::Coupon(self.template.clone().ok_or_else(|| self.missing("template"))?),
            "points_times" => Gives::PointsMultiplier(self.number(self.multiplier, "multiplier")?),
            other => return Err(self.unknown("type of a grant", other)),
        };
        let beside =
            [(self.quotas.is_empty(), "a quota of a grant"), (self.bearers.is_empty(), "who bears a grant")];
        if let Some((_, what)) = beside.into_iter().find(|(is_empty, _)| !is_empty) {
            return Err(PromotionError::NoEffect { id: self.id.clone(), what }.into());
        }
        let scope = self.scope();
        if self.skus.as_ref().is_some_and(Vec::is_empty) && scope.categories.is_empty() {
            return Err(PromotionError::NoGoods { id: self.id.clone() }.into());
        }
        let grant = Grant {
            id: self.id.clone(),
            name_zh: name(&self.name_zh),
            name_en: name(&self.name_en),
            scope,
            conditions: self.conditions(),
            min: self.money(self.min, "min")?,
            times_max: if self.repeat { self.max_repeat.unwrap_or(u32::MAX) } else { 1 },
            gives,
        };
        grant.check()?;
        Ok(grant)
    }

    fn scope(&self) -> Scope {
        Scope {
            skus: all(self.skus.as_ref()),
            categories: all(self.categories.as_ref()),
            not_skus: all(self.not_skus.as_ref()),
            not_categories: all(self.not_categories.as_ref()),
            expires_within_days: self.expires_within_days,
        }
    }

    fn conditions(&self) -> Conditions {
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        let window = |(from_minute, until_minute): &(u16, u16)| DayWindow {
            from_minute: *from_minute,
            until_minute: *until_minute,
        };
        Conditions {
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            hours: self.hours.iter().map(window).collect(),
            weekdays: self.weekdays.iter().copied().collect(),
            member_day: self.member_day,
            stores: set(&self.stores),
            channels: set(&self.channels),
            tiers: all(self.tiers_only.as_ref()),
            tags: set(&self.tags),
            stages: set(&self.stages),
            members_only: self.members_only,
            first_order: self.first_order,
            brought: self.brought,
            tenders: set(&self.tenders),
        }
    }

    fn quota(&self, form: &QuotaForm) -> Result<Quota, UnderstandPromotionError> {
        let whose = match form.whose.as_str() {
            "member" => Whose::Member,
            "store" => Whose::Store,
            "chain" => Whose::Chain,
            other => return Err(self.unknown("quota; use member, store or chain", other)),
        };
        let limit = match (form.units, form.off) {
            (Some(units), None) => Limit::Units(units),
            (None, Some(off)) => Limit::Off(Money::from_minor(off)),
            (None, None) | (Some(_), Some(_)) => {
                return Err(UnderstandPromotionError::QuotaOf { id: self.id.clone() });
            }
        };
        Ok(Quota { whose, daily: form.daily, limit })
    }

    fn bearer(&self, share: &event::CostShare) -> Result<CostShare, UnderstandPromotionError> {
        share.understand().ok_or_else(|| self.unknown("bearer; use chain, store or supplier", &share.who))
    }

    fn missing(&self, field: &'static str) -> UnderstandPromotionError {
        UnderstandPromotionError::Missing { id: self.id.clone(), field }
    }

    fn unknown(&self, what: &'static str, value: &str) -> UnderstandPromotionError {
        UnderstandPromotionError::Unknown { id: self.id.clone(), what, value: value.to_owned() }
    }

    fn money(&self, value: Option<i64>, field: &'static str) -> Result<Money, UnderstandPromotionError> {
        value.map(Money::from_minor).ok_or_else(|| self.missing(field))
    }

    fn number(&self, value: Option<u32>, field: &'static str) -> Result<u32, UnderstandPromotionError> {
        value.ok_or_else(|| self.missing(field))
    }

    fn rule(&self) -> Result<Rule, UnderstandPromotionError> {
        Ok(match self.layer.as_str() {
            // The first promotions were all about prices, and did not say so.
            "price" | "" => Rule::Price(self.price_rule()?),
            "item" => Rule::Item(self.item_rule()?),
            "order" => Rule::Order(self.order_rule()?),
            "coupon" => {
                Rule::Coupon { rule: self.order_rule()?, regular_price_only: self.regular_price_only }
            }
            other => return Err(self.unknown("layer; use price, item, order or coupon", other)),
        })
    }

    fn price_rule(&self) -> Result<PriceRule, UnderstandPromotionError> {
        Ok(match self.kind.as_str() {
            "fixed_price" => PriceRule::Fixed(self.money(self.price, "price")?),
            "percent" => PriceRule::Percent(self.number(self.pay_pct, "pay_pct")?),
            "amount_off" => PriceRule::Off(self.money(self.off.or(self.amount), "off")?),
            "addon" => PriceRule::AddOn {
                price: self.money(self.price, "price")?,
                min: self.money(self.min, "min")?,
                per: self.per.unwrap_or(1),
            },
            other => return Err(self.unknown("type of a price promotion", other)),
        })
    }

    fn item_rule(&self) -> Result<ItemRule, UnderstandPromotionError> {
        let (same_sku, spread) = (self.same_sku, self.alloc.as_deref() == Some("spread"));
        Ok(match self.kind.as_str() {
            "nth_unit" => ItemRule::NthUnit {
                n: self.number(self.n, "n")?,
                pay_percent: self.number(self.pay_pct, "pay_pct")?,
                same_sku,
                spread,
            },
            "x_for_y" => ItemRule::XForY {
                n: self.number(self.n, "n")?,
                amount: self.money(self.amount, "amount")?,
                same_sku,
            },
            "buy_n_get_m" => ItemRule::BuyNGetM {
                n: self.number(self.n, "n")?,
                m: self.number(self.m, "m")?,
                same_sku,
                spread,
            },
            "bundle" => self.bundle(spread)?,
            "qty_tier" => {
                let mut tiers = Vec::new();
                for tier in self.tiers.iter().flatten() {
                    tiers.push(QuantityStep {
                        units: self.number(tier.min_qty, "min_qty")?,
                        pay_percent: self.number(tier.pay_pct, "pay_pct")?,
                    });
                }
                tiers.sort_by_key(|tier| tier.units);
                ItemRule::QuantityTier { tiers }
            }
            other => return Err(self.unknown("type of an item promotion", other)),
        })
    }

    fn bundle(&self, spread: bool) -> Result<ItemRule, UnderstandPromotionError> {
        let forms = self.slots.as_deref().ok_or_else(|| self.missing("slots"))?;
        let slots = forms
            .iter()
            .map(|slot| Slot {
                scope: Scope {
                    skus: all(slot.skus.as_ref()),
                    categories: all(slot.categories.as_ref()),
                    not_skus: all(slot.not_skus.as_ref()),
                    ..Scope::default()
                },
                units: slot.qty,
            })
            .collect();
        let reward = match (self.amount, self.off, self.bundle_pay_pct) {
            (Some(amount), None, None) => BundleReward::Amount(Money::from_minor(amount)),
            (None, Some(off), None) => BundleReward::Off(Money::from_minor(off)),
            (None, None, Some(percent)) => BundleReward::Percent(percent),
            (None, None, None) => BundleReward::Slots {
                pay_percents: forms.iter().map(|slot| slot.pay_pct.unwrap_or(100)).collect(),
                spread,
            },
            _ => return Err(UnderstandPromotionError::Rewards(self.id.clone())),
        };
        Ok(ItemRule::Bundle { slots, reward })
    }

    fn order_rule(&self) -> Result<OrderRule, UnderstandPromotionError> {
        Ok(match self.kind.as_str() {
            "threshold_off" => OrderRule::ThresholdOff {
                min: self.money(self.min, "min")?,
                off: self.money(self.off, "off")?,
                repeat_max: if self.repeat { self.max_repeat.unwrap_or(u32::MAX) } else { 1 },
            },
            "tiered_off" => {
                let mut tiers = Vec::new();
                for tier in self.tiers.iter().flatten() {
                    let (min, off) = (self.money(tier.min, "min")?, self.money(tier.off, "off")?);
                    tiers.push(AmountStep { min, off });
                }
                tiers.sort_by_key(|tier| tier.min);
                OrderRule::TieredOff { tiers }
            }
            "percent_order" => OrderRule::Percent {
                pay_percent: self.number(self.pay_pct, "pay_pct")?,
                min: Money::from_minor(self.min.unwrap_or(0)),
                cap: self.cap.map(Money::from_minor),
            },
            other => return Err(self.unknown("type of an order or coupon promotion", other)),
        })
    }
}

fn all(names: Option<&Vec<String>>) -> BTreeSet<String> {
    names.into_iter().flatten().cloned().collect()
}
