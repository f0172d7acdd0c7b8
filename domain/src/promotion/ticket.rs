//! What is to be priced, and the answer with its reasons.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Duration, Timelike};

use super::rule::{Conditions, Layer};
use crate::money::{Money, Quantity};
use crate::quota::{QuotaLeft, Whose};

/// A basket as the promotions see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticket {
    /// Lines in order of scanning.
    pub lines: Vec<TicketLine>,
    /// Where and when, and who buys.
    pub occasion: Occasion,
    /// What the customer may lay on the counter.
    pub coupons: Coupons,
    /// At most so many coupons; without one, as many as their groups allow.
    pub coupons_max: Option<u32>,
    /// Points that may be spent.
    pub points: Option<PointsOffer>,
    /// What is left of promotions whose number is limited beyond this ticket
    /// (per member, store or chain), by promotion id.
    pub quotas_left: BTreeMap<String, QuotaLeft>,
}

impl Ticket {
    /// Whether every line, and all of them together, come to an amount that a
    /// document may carry: see [`crate::money::AMOUNT_MAX`].
    pub fn is_within_bounds(&self) -> bool {
        let grosses = self.lines.iter().map(|line| line.goods.checked_gross());
        let sum = grosses.map(|gross| gross.map(|gross| i128::from(gross.minor()))).sum::<Option<i128>>();
        sum.and_then(|sum| i64::try_from(sum).ok()).is_some_and(|sum| Money::from_minor(sum).is_amount())
    }
}

/// A line as the promotions see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TicketLine {
    /// The basket's number for it.
    pub number: u32,
    /// HQ's item code.
    pub sku: String,
    /// The category's id.
    pub category: String,
    /// What it is, and what it costs without promotions.
    pub goods: Goods,
    /// How many base units one of it holds: more than one for a pack, which
    /// takes shelf prices and counts for the order, and for nothing else.
    pub factor: u32,
    /// Its price stands, whatever price promotions say: a scale printed it,
    /// or a person set it.
    pub price_stands: bool,
    /// Never reduced, and counts for no threshold (tobacco).
    pub no_promotion: bool,
    /// Days until it expires, is past its best or is to be sold, whichever comes
    /// first, where its code says so (GS1 AI 17, 7003, 15, 16).
    pub expires_in_days: Option<i64>,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goods {
    /// Whole pieces, each of which is a unit.
    Pieces {
        /// How many.
        count: u32,
        /// What one costs.
        price: Money,
    },
    /// Weighed goods: one unit, and none for rules that count units.
    Measured {
        /// Kilograms.
        quantity: Quantity,
        /// Per kilogram.
        price: Money,
    },
    /// An amount as it is: one unit, and none for rules that count units.
    Amount(Money),
}

impl Goods {
    /// What the line costs without promotions; `None` where a document may not carry it.
    pub fn checked_gross(&self) -> Option<Money> {
        let (gross, price) = match self {
            Self::Pieces { count, price } => (price.checked_multiple(*count), *price),
            Self::Measured { quantity, price } => (price.checked_times(*quantity), *price),
            Self::Amount(amount) => (Some(*amount), *amount),
        };
        gross.filter(|gross| gross.is_amount() && price.is_amount())
    }

    /// What the line costs without promotions, rounded half up.
    ///
    /// # Panics
    ///
    /// Where that is beyond any amount of a document: see [`Ticket::is_within_bounds`].
    pub fn gross(&self) -> Money {
        match self {
            Self::Pieces { count, price } => price.times_count(*count),
            Self::Measured { quantity, price } => price.times(*quantity),
            Self::Amount(amount) => *amount,
        }
    }
}

/// Where and when something is bought, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occasion {
    /// The lane's clock, milliseconds UTC.
    pub now_ms: i64,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
    /// The store's code.
    pub store: String,
    /// The sales channel.
    pub channel: String,
    /// Whether today is the chain's member day.
    pub member_day: bool,
    /// Who buys; `None` for a walk-in.
    pub member: Option<Buyer>,
    /// The tender chosen for the whole ticket.
    pub tender: Option<String>,
}

/// What promotions need to know of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buyer {
    /// The tier.
    pub tier: String,
    /// Tags.
    pub tags: Vec<String>,
    /// The stage.
    pub stage: String,
    /// Whether this is the first order.
    pub first_order: bool,
}

/// The coupons that may be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Coupons {
    /// Every live coupon promotion.
    #[default]
    AllLive,
    /// Those whose promotion ids are here.
    Held(Vec<String>),
}

/// Points that may be spent (积分抵现).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointsOffer {
    /// Points that are there.
    pub balance: i64,
    /// They are spent in multiples of this.
    pub step: i64,
    /// So many points are worth 100 minor units.
    pub points_per_hundred: i64,
    /// At most so many per cent of the total.
    pub percent_max: u32,
}

/// Why a promotion does not hold here and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// Not yet, or not any more, or not at this hour or day.
    Time,
    /// Another store or channel.
    Place,
    /// Not for this customer.
    Customer,
    /// A coupon for it must be brought.
    Coupon,
    /// Another tender must be chosen.
    Tender,
    /// No units are left of it.
    UsedUp {
        /// For whom.
        whose: Whose,
        /// Whether there are more on another day.
        daily: bool,
    },
}

impl Conditions {
    /// The first condition that an occasion does not meet.
    pub fn unmet(&self, occasion: &Occasion) -> Option<Unmet> {
        let now = occasion.now_ms;
        if self.from_ms.is_some_and(|from| now < from) || self.until_ms.is_some_and(|until| until <= now) {
            return Some(Unmet::Time);
        }
        if (!self.hours.is_empty() || !self.weekdays.is_empty()) && !self.runs_at_this_hour(occasion) {
            return Some(Unmet::Time);
        }
        if self.member_day && !occasion.member_day {
            return Some(Unmet::Time);
        }
        if !self.stores.is_empty() && !self.stores.contains(&occasion.store)
            || !self.channels.is_empty() && !self.channels.contains(&occasion.channel)
        {
            return Some(Unmet::Place);
        }
        let for_members = self.members_only
            || self.first_order
            || !self.tiers.is_empty()
            || !self.tags.is_empty()
            || !self.stages.is_empty();
        let fits = |buyer: &Buyer| {
            (self.tiers.is_empty() || self.tiers.contains(&buyer.tier))
                && (self.tags.is_empty() || buyer.tags.iter().any(|tag| self.tags.contains(tag)))
                && (self.stages.is_empty() || self.stages.contains(&buyer.stage))
                && (!self.first_order || buyer.first_order)
        };
        if for_members && !occasion.member.as_ref().is_some_and(fits) {
            return Some(Unmet::Customer);
        }
        let tender = |kind: &String| self.tenders.contains(kind);
        if !self.tenders.is_empty() && !occasion.tender.as_ref().is_some_and(tender) {
            return Some(Unmet::Tender);
        }
        None
    }

    fn runs_at_this_hour(&self, occasion: &Occasion) -> bool {
        let utc = DateTime::from_timestamp_millis(occasion.now_ms).unwrap_or_default();
        let offset = Duration::minutes(i64::from(occasion.offset_minutes));
        let local = utc.checked_add_signed(offset).unwrap_or(utc);
        let minute = local.hour() * 60 + local.minute();
        let in_window = self.hours.is_empty()
            || self.hours.iter().any(|window| {
                let (from, until) = (u32::from(window.from_minute), u32::from(window.until_minute));
                if from < until { (from..until).contains(&minute) } else { from <= minute || minute < until }
            });
        let weekday = u8::try_from(local.weekday().number_from_monday()).unwrap_or(0);
        in_window && (self.weekdays.is_empty() || self.weekdays.contains(&weekday))
    }
}

/// Which totals count as best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Objective {
    /// Every promotion is optional; the least total wins.
    CustomerBest,
    /// A unit always takes its lowest shelf price, since the tag is a promise;
    /// above that, the least total.
    #[default]
    TagPriceBinding,
}

/// The price of a ticket, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Priced {
    /// What each line costs, in the ticket's order.
    pub nets: Vec<Money>,
    /// Sum of the nets.
    pub total: Money,
    /// Points that are spent, and what they took off.
    pub points: PointsSpent,
    /// What applied, layer by layer.
    pub applied: Vec<Applied>,
    /// What almost applied, and what is missing.
    pub missed: Vec<super::explain::Missed>,
    /// No choice of promotions comes to less than this.
    pub bound: Money,
    /// Steps of work that it took; the same on every machine.
    pub work: u64,
}

impl Priced {
    /// Whether it is proved that no choice of promotions comes to less.
    pub fn is_optimal(&self) -> bool {
        self.bound >= self.total
    }

    /// What more could be taken off at most, where that was not settled.
    pub fn gap(&self) -> Money {
        (self.total - self.bound).max(Money::ZERO)
    }
}

/// Points spent on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PointsSpent {
    /// How many.
    pub points: i64,
    /// What they took off.
    pub value: Money,
}

/// One application of a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its place in the [`super::PromotionSet`].
    pub promotion: usize,
    /// Its layer.
    pub layer: Layer,
    /// What it took off which lines.
    pub parts: Vec<AppliedPart>,
}

impl Applied {
    /// What it took off in all.
    pub fn off(&self) -> Money {
        self.parts.iter().map(|part| part.off).sum()
    }
}

/// What a promotion took off one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedPart {
    /// The line's place in the ticket.
    pub line: usize,
    /// Units that took part; 0 where it is about amounts.
    pub units: u32,
    /// Of these, units that it made free: what they cost before is in `off`.
    pub free: u32,
    /// What it took off them.
    pub off: Money,
}
