//! What a promotion is: its rule, the goods it is about, and when and for whom it holds.
//!
//! A promotion is data that HQ sends; [`Promotion::check`] says why one cannot
//! work before it reaches a till.

use std::collections::BTreeSet;

use crate::bearer::CostShare;
use crate::money::Money;
use crate::quota::Quota;

/// The most goods that one promotion names.
pub const SCOPE_NAMES_MAX: usize = 100_000;

/// The most slots of a bundle, and the most tiers of a promotion.
pub const STEPS_MAX: usize = 16;

/// The largest group of units that one application takes.
pub const GROUP_UNITS_MAX: u32 = 60;

/// A promotion: what it takes off which goods, and under which conditions.
///
/// Amounts are minor units of the chain's currency, tax included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese, as the receipt says it.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How it lowers what is paid.
    pub rule: Rule,
    /// The goods that it counts and lowers.
    pub scope: Scope,
    /// When, where and for whom it holds.
    pub conditions: Conditions,
    /// At most so many units of a ticket.
    pub quota: Option<u32>,
    /// At most so much beyond one ticket.
    pub quotas: Vec<Quota>,
    /// Who bears what it takes off; empty where nobody asks.
    pub bearers: Vec<CostShare>,
    /// At most so many applications on a ticket; of a price rule, units.
    pub applications_max: Option<u32>,
    /// How it goes together with others.
    pub stacking: Stacking,
}

/// How a promotion lowers what is paid, by the layer in which it does so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The shelf price of a unit.
    Price(PriceRule),
    /// Units taken together.
    Item(ItemRule),
    /// The ticket.
    Order(OrderRule),
    /// The ticket, with something the customer brings.
    Coupon {
        /// How.
        rule: OrderRule,
        /// Only for units that no other promotion lowered before.
        regular_price_only: bool,
    },
}

/// The layers, in the order in which they are worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Shelf prices.
    Price,
    /// Units taken together.
    Item,
    /// The ticket.
    Order,
    /// What the customer brings.
    Coupon,
}

/// A price of one unit, which a shelf tag can show. Rounded half up on the
/// unit price; per kilogram for weighed goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceRule {
    /// 特价: a unit costs this much.
    Fixed(Money),
    /// 折扣: a unit costs this many per cent; 85 is 85折.
    Percent(u32),
    /// 直降: a unit costs this much less.
    Off(Money),
    /// 换购: for every `min` that other goods come to after the item layer,
    /// `per` units cost `price`.
    AddOn {
        /// What a unit costs then.
        price: Money,
        /// The step of what other goods come to.
        min: Money,
        /// Units for each step.
        per: u32,
    },
}

/// A rule about units taken together. A unit takes part in at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemRule {
    /// 第N件M折: of `n` units the cheapest costs `pay_percent`.
    NthUnit {
        /// Units in a group.
        n: u32,
        /// Per cent to pay for the cheapest.
        pay_percent: u32,
        /// All of one item.
        same_sku: bool,
        /// Spread over the group rather than taken off the cheapest.
        spread: bool,
    },
    /// X件Y元: `n` units cost `amount`.
    XForY {
        /// Units in a group.
        n: u32,
        /// What they cost together.
        amount: Money,
        /// All of one item.
        same_sku: bool,
    },
    /// 买N送M: of `n + m` units the `m` cheapest are free.
    BuyNGetM {
        /// Units paid.
        n: u32,
        /// Units free.
        m: u32,
        /// All of one item.
        same_sku: bool,
        /// Spread over the group rather than taken off the cheapest.
        spread: bool,
    },
    /// 组合套餐, 买赠: some of each slot.
    Bundle {
        /// What belongs in it.
        slots: Vec<Slot>,
        /// What it takes off.
        reward: BundleReward,
    },
    /// 满件折: all units taken pay the per cent of the highest tier they reach; once a ticket.
    QuantityTier {
        /// Units and per cent, fewest units first.
        tiers: Vec<QuantityStep>,
    },
}

/// One part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The goods that fit.
    pub scope: Scope,
    /// How many of them.
    pub units: u32,
}

/// What a bundle takes off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleReward {
    /// It costs this much.
    Amount(Money),
    /// It costs this much less.
    Off(Money),
    /// It costs this many per cent.
    Percent(u32),
    /// The units of each slot cost this many per cent: 0 is a gift, 100 the full price.
    Slots {
        /// One for each slot.
        pay_percents: Vec<u32>,
        /// Spread over the bundle rather than taken off those units.
        spread: bool,
    },
}

/// A tier of [`ItemRule::QuantityTier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantityStep {
    /// From so many units on.
    pub units: u32,
    /// Per cent to pay.
    pub pay_percent: u32,
}

/// A rule about what a ticket comes to, within the promotion's goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRule {
    /// 满减: from `min` on, `off` less.
    ThresholdOff {
        /// What must be reached.
        min: Money,
        /// What is taken off.
        off: Money,
        /// 每满减: once for every `min`, at most so many times; once in all where 1.
        repeat_max: u32,
    },
    /// 阶梯满减: the highest tier reached.
    TieredOff {
        /// Thresholds and what is taken off, lowest first.
        tiers: Vec<AmountStep>,
    },
    /// 满折, 整单折扣: a per cent of it, from `min` on.
    Percent {
        /// Per cent to pay.
        pay_percent: u32,
        /// What must be reached.
        min: Money,
        /// At most so much is taken off.
        cap: Option<Money>,
    },
}

/// A tier of [`OrderRule::TieredOff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountStep {
    /// What must be reached.
    pub min: Money,
    /// What is taken off.
    pub off: Money,
}

/// The goods that something is about: all, or those named, less those excepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Item codes; with `categories` empty too, all goods.
    pub skus: BTreeSet<String>,
    /// Category ids.
    pub categories: BTreeSet<String>,
    /// Item codes that are left out.
    pub not_skus: BTreeSet<String>,
    /// Categories that are left out.
    pub not_categories: BTreeSet<String>,
    /// Only units that end within so many days (临期): see
    /// [`TicketLine::expires_in_days`](super::ticket::TicketLine::expires_in_days).
    pub expires_within_days: Option<i64>,
}

impl Scope {
    /// All goods.
    pub fn everything() -> Self {
        Self::default()
    }

    /// These items.
    pub fn of<'a>(skus: impl IntoIterator<Item = &'a str>) -> Self {
        Self { skus: skus.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Whether it names goods, rather than meaning all.
    pub fn names_goods(&self) -> bool {
        !self.skus.is_empty() || !self.categories.is_empty()
    }

    /// Whether these goods are in it.
    pub fn holds(&self, sku: &str, category: &str, expires_in_days: Option<i64>) -> bool {
        let named = !self.names_goods() || self.skus.contains(sku) || self.categories.contains(category);
        let expiry = match (self.expires_within_days, expires_in_days) {
            (None, _) => true,
            (Some(most), Some(days)) => days <= most,
            (Some(_), None) => false,
        };
        named && expiry && !self.not_skus.contains(sku) && !self.not_categories.contains(category)
    }
}

/// When, where and for whom a promotion holds. What is empty asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// From this instant on, milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: Option<i64>,
    /// Times of the lane's day.
    pub hours: Vec<DayWindow>,
    /// Days of the week at the lane, 1 for Monday to 7 for Sunday.
    pub weekdays: BTreeSet<u8>,
    /// On the chain's member day only.
    pub member_day: bool,
    /// Store codes.
    pub stores: BTreeSet<String>,
    /// Sales channels, such as `store` or `kiosk`.
    pub channels: BTreeSet<String>,
    /// Member tiers.
    pub tiers: BTreeSet<String>,
    /// Member tags; one of them is enough.
    pub tags: BTreeSet<String>,
    /// Member stages.
    pub stages: BTreeSet<String>,
    /// For members only, of whatever tier.
    pub members_only: bool,
    /// For a member's first order only.
    pub first_order: bool,
    /// Only for a customer who brings something for it (兑换券, 单品券); coupon
    /// promotions always ask for that.
    pub brought: bool,
    /// Kinds of tender; it holds once one of them is chosen for the whole ticket.
    pub tenders: BTreeSet<String>,
}

/// A part of a day, in minutes from midnight; it may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayWindow {
    /// The first minute.
    pub from_minute: u16,
    /// The minute at which it is over.
    pub until_minute: u16,
}

/// How a promotion goes together with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stacking {
    /// Of the order or coupon promotions of a group one applies; without one
    /// it is a group of its own.
    pub group: Option<String>,
    /// Promotions that never apply on a ticket where this one does, nor the
    /// other way round.
    pub excludes: BTreeSet<String>,
    /// No other promotion applies where this one does.
    pub exclusive_ticket: bool,
    /// Lower comes first in its layer.
    pub priority: i32,
    /// Whether a unit at this shelf price may take part in an item rule.
    pub allow_item: bool,
    /// Whether what it lowered counts for order promotions.
    pub allow_order: bool,
    /// Whether what it lowered counts for coupons.
    pub allow_coupon: bool,
}

impl Default for Stacking {
    fn default() -> Self {
        Self {
            group: None,
            excludes: BTreeSet::new(),
            exclusive_ticket: false,
            priority: 0,
            allow_item: false,
            allow_order: true,
            allow_coupon: true,
        }
    }
}

/// Why a promotion cannot work. The others stay live.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError {
    /// No id.
    #[error("use a promotion: it has no id")]
    NoId,
    /// Two of one id.
    #[error("use promotion {0}: another one has the same id; give each its own")]
    SameId(String),
    /// It takes nothing off.
    #[error("use promotion {id}: {what} takes nothing off")]
    NoEffect {
        /// Which.
        id: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A number is outside of what the rule allows.
    #[error("use promotion {id}: {what} is {value}; it must be {allowed}")]
    Range {
        /// Which.
        id: String,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: i64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Tiers that are none, or a higher one that gives less.
    #[error("use promotion {id}: tiers must rise, and each give more than the one before")]
    Tiers {
        /// Which.
        id: String,
    },
    /// What it includes it also excludes.
    #[error("use promotion {id}: it is about no goods; name some that are not excepted, or none for all")]
    NoGoods {
        /// Which.
        id: String,
    },
    /// It names itself among those that it excludes.
    #[error("use promotion {id}: it excludes itself")]
    ExcludesItself {
        /// Which.
        id: String,
    },
    /// It excludes a promotion that nobody knows.
    #[error("look at promotion {id}: it excludes {other}, which is no promotion here")]
    ExcludesUnknown {
        /// Which.
        id: String,
        /// What it names.
        other: String,
    },
    /// None of the goods that it names is known.
    #[error("look at promotion {id}: none of the goods that it names is known here")]
    UnknownGoods {
        /// Which.
        id: String,
    },
    /// It ends before it begins, or at an hour that no day has.
    #[error("use promotion {id}: it is never in force; look at its times")]
    Never {
        /// Which.
        id: String,
    },
    /// Two quotas of one kind.
    #[error("use promotion {id}: two quotas are of the same kind; keep one of them")]
    SameQuota {
        /// Which.
        id: String,
    },
    /// Shares that are not all of it, or name somebody twice, or nobody.
    #[error(
        "use promotion {id}: the shares of those who bear it must sum to 10000 basis points, each of them named once"
    )]
    Bearers {
        /// Which.
        id: String,
    },
    /// A bundle without slots, with too many, or with other per cents than slots.
    #[error("use promotion {id}: a bundle needs 1 to {STEPS_MAX} slots, each with goods and its reward")]
    Slots {
        /// Which.
        id: String,
    },
}

impl OrderRule {
    /// The most that a per cent takes off, where that is limited.
    pub(super) fn cap(&self) -> Option<Money> {
        match self {
            Self::Percent { cap, .. } => *cap,
            Self::ThresholdOff { .. } | Self::TieredOff { .. } => None,
        }
    }
}

impl Promotion {
    /// Its layer.
    pub fn layer(&self) -> Layer {
        match &self.rule {
            Rule::Price(_) => Layer::Price,
            Rule::Item(_) => Layer::Item,
            Rule::Order(_) => Layer::Order,
            Rule::Coupon { .. } => Layer::Coupon,
        }
    }

    /// Whether it can work at all, and does not contradict itself.
    pub fn check(&self) -> Result<(), PromotionError> {
        let id = || self.id.clone();
        if self.id.is_empty() {
            return Err(PromotionError::NoId);
        }
        if self.stacking.excludes.contains(&self.id) {
            return Err(PromotionError::ExcludesItself { id: id() });
        }
        if self.quota == Some(0) || self.applications_max == Some(0) {
            return Err(PromotionError::NoEffect { id: id(), what: "a limit of 0" });
        }
        self.check_quotas()?;
        self.check_bearers()?;
        self.scope.check(&self.id)?;
        self.conditions.check(&self.id)?;
        match &self.rule {
            Rule::Price(rule) => self.check_price(rule),
            Rule::Item(rule) => self.check_item(rule),
            Rule::Order(rule) | Rule::Coupon { rule, .. } => self.check_order(rule),
        }
    }

    fn range(
        &self,
        what: &'static str,
        value: i64,
        least: i64,
        most: i64,
        allowed: &'static str,
    ) -> Result<(), PromotionError> {
        in_range(&self.id, what, value, least..=most, allowed)
    }

    fn amount(&self, what: &'static str, amount: Money) -> Result<(), PromotionError> {
        if amount.is_amount() {
            return Ok(());
        }
        self.range(what, amount.minor(), 1, 0, "an amount from 0 up")
    }

    fn positive(&self, what: &'static str, amount: Money) -> Result<(), PromotionError> {
        self.amount(what, amount)?;
        self.range(what, amount.minor(), 1, i64::MAX, "above 0")
    }

    fn pay_percent(&self, percent: u32) -> Result<(), PromotionError> {
        self.range("the per cent to pay", i64::from(percent), 0, 99, "0 to 99")
    }

    fn units(&self, what: &'static str, units: u32, least: i64) -> Result<(), PromotionError> {
        self.range(what, i64::from(units), least, i64::from(GROUP_UNITS_MAX), "a small number of units")
    }

    fn check_price(&self, rule: &PriceRule) -> Result<(), PromotionError> {
        match rule {
            PriceRule::Fixed(price) => self.amount("the price", *price),
            PriceRule::Percent(percent) => self.pay_percent(*percent),
            PriceRule::Off(off) => self.positive("what is taken off", *off),
            PriceRule::AddOn { price, min, per } => {
                self.amount("the price", *price)?;
                self.positive("the step", *min)?;
                self.units("the units of a step", *per, 1)
            }
        }
    }

    fn check_item(&self, rule: &ItemRule) -> Result<(), PromotionError> {
        match rule {
            ItemRule::NthUnit { n, pay_percent, .. } => {
                self.units("the units of a group", *n, 1)?;
                self.pay_percent(*pay_percent)
            }
            ItemRule::XForY { n, amount, .. } => {
                self.units("the units of a group", *n, 1)?;
                self.amount("what a group costs", *amount)
            }
            ItemRule::BuyNGetM { n, m, .. } => {
                self.units("the units to buy", *n, 0)?;
                self.units("the units that are free", *m, 1)?;
                self.units("the units of a group", n.saturating_add(*m), 1)
            }
            ItemRule::Bundle { slots, reward } => self.check_bundle(slots, reward),
            ItemRule::QuantityTier { tiers } => {
                for tier in tiers {
                    self.units("the units of a tier", tier.units, 1)?;
                    self.pay_percent(tier.pay_percent)?;
                }
                let rise = tiers
                    .windows(2)
                    .all(|pair| pair[0].units < pair[1].units && pair[0].pay_percent > pair[1].pay_percent);
                self.tiers(tiers.len(), rise)
            }
        }
    }

    fn tiers(&self, count: usize, rise: bool) -> Result<(), PromotionError> {
        if rise && (1..=STEPS_MAX).contains(&count) {
            return Ok(());
        }
        Err(PromotionError::Tiers { id: self.id.clone() })
    }

    fn check_bundle(&self, slots: &[Slot], reward: &BundleReward) -> Result<(), PromotionError> {
        let refuse = || Err(PromotionError::Slots { id: self.id.clone() });
        if !(1..=STEPS_MAX).contains(&slots.len()) {
            return refuse();
        }
        let mut units = 0u32;
        for slot in slots {
            slot.scope.check(&self.id)?;
            self.units("the units of a slot", slot.units, 1)?;
            units += slot.units;
        }
        self.units("the units of a bundle", units, 1)?;
        match reward {
            BundleReward::Amount(amount) => self.amount("what a bundle costs", *amount),
            BundleReward::Off(off) => self.positive("what is taken off", *off),
            BundleReward::Percent(percent) => self.pay_percent(*percent),
            BundleReward::Slots { pay_percents, .. } => {
                if pay_percents.len() != slots.len() {
                    return refuse();
                }
                for percent in pay_percents {
                    self.range("the per cent to pay", i64::from(*percent), 0, 100, "0 to 100")?;
                }
                if pay_percents.iter().all(|percent| *percent == 100) {
                    return Err(PromotionError::NoEffect { id: self.id.clone(), what: "a bundle" });
                }
                Ok(())
            }
        }
    }

    fn check_order(&self, rule: &OrderRule) -> Result<(), PromotionError> {
        match rule {
            OrderRule::ThresholdOff { min, off, repeat_max } => {
                self.amount("the threshold", *min)?;
                self.positive("what is taken off", *off)?;
                self.range("the number of times", i64::from(*repeat_max), 1, i64::MAX, "1 or more")?;
                if *repeat_max > 1 { self.positive("the threshold", *min) } else { Ok(()) }
            }
            OrderRule::TieredOff { tiers } => {
                for tier in tiers {
                    self.amount("a threshold", tier.min)?;
                    self.positive("what is taken off", tier.off)?;
                }
                let rise =
                    tiers.windows(2).all(|pair| pair[0].min < pair[1].min && pair[0].off < pair[1].off);
                self.tiers(tiers.len(), rise)
            }
            OrderRule::Percent { pay_percent, min, cap } => {
                self.pay_percent(*pay_percent)?;
                self.amount("the threshold", *min)?;
                cap.map_or(Ok(()), |cap| self.positive("the most that is taken off", cap))
            }
        }
    }
}

impl Scope {
    /// Whether it names goods that are not all excepted, and not too many.
    pub(super) fn check(&self, id: &str) -> Result<(), PromotionError> {
        let left_out = self.names_goods()
            && self.skus.iter().all(|sku| self.not_skus.contains(sku))
            && self.categories.iter().all(|category| self.not_categories.contains(category));
        let names = self.skus.len() + self.categories.len();
        if left_out {
            return Err(PromotionError::NoGoods { id: id.to_owned() });
        }
        let most = SCOPE_NAMES_MAX as i64;
        in_range(id, "the number of goods named", names as i64, 0..=most, "at most 100,000")
    }
}

impl Conditions {
    /// Whether there is a time at which they hold.
    pub(super) fn check(&self, id: &str) -> Result<(), PromotionError> {
        let ends = self.from_ms.zip(self.until_ms).is_some_and(|(from, until)| until <= from);
        let hours = self.hours.iter().any(|window| {
            window.from_minute >= 1_440
                || window.until_minute > 1_440
                || window.from_minute == window.until_minute
        });
        let days = self.weekdays.iter().any(|day| !(1..=7).contains(day));
        if ends || hours || days { Err(PromotionError::Never { id: id.to_owned() }) } else { Ok(()) }
    }
}

/// Refuses a number that cannot be, and says what could.
pub(crate) fn in_range(
    id: &str,
    what: &'static str,
    value: i64,
    possible: std::ops::RangeInclusive<i64>,
    allowed: &'static str,
) -> Result<(), PromotionError> {
    if possible.contains(&value) {
        return Ok(());
    }
    Err(PromotionError::Range { id: id.to_owned(), what, value, allowed })
}
