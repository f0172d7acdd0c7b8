//! Who buys, as far as a sale needs to know, and what a document does to
//! their points.
//!
//! A till holds no more of a person than this (个人信息保护法 art. 6): no name
//! in full, no telephone number.

use std::sync::Arc;

use crate::catalogue;
use crate::money::Money;
use crate::points::{EarnRule, MULTIPLIER_ONE};
use crate::promotion::ticket::{Buyer, PointsOffer};

/// The most tags of a member that a till looks at.
pub const TAGS_MAX: usize = 64;

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// HQ's id.
    pub id: String,
    /// What the cashier and the receipt may show: `王** 尾号1234`.
    pub shown: String,
    /// The tier's id.
    pub tier: String,
    /// Tags that promotions ask for.
    pub tags: Vec<String>,
    /// The stage, from a first look to a regular.
    pub stage: String,
    /// Whether nothing was bought before.
    pub first_order: bool,
    /// The points that HQ last knew of, to be shown; none of them may be spent
    /// without a [`PointsGrant`].
    pub points: Option<i64>,
}

impl Member {
    /// The member as promotions ask for one.
    pub fn buyer(&self) -> Buyer {
        Buyer {
            tier: self.tier.clone(),
            tags: self.tags.clone(),
            stage: self.stage.clone(),
            first_order: self.first_order,
        }
    }

    /// The member as price lists ask for one.
    pub fn of_tier(&self) -> catalogue::Buyer<'_> {
        catalogue::Buyer::Member { tier: &self.tier }
    }
}

/// The longest id, card or shown text of a new member, bytes.
pub const NEW_MEMBER_LENGTH_MAX: usize = 64;

/// Somebody who becomes a member at this till, with HQ or without. Of the
/// telephone number nothing stays here but its hash and last digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Made of the hash: the same person has the same id on every lane.
    pub id: String,
    /// The hash of the telephone number, 64 hexadecimal digits.
    pub phone_hash: String,
    /// What may be shown of them, such as `尾号1234`.
    pub shown: String,
    /// The code of a card that they were given; empty for none.
    pub card: String,
}

impl NewMember {
    /// Whether it may be written down.
    pub fn is_within_bounds(&self) -> bool {
        let short = |text: &str| text.len() <= NEW_MEMBER_LENGTH_MAX;
        let is_hash = self.phone_hash.len() == 64
            && self.phone_hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash
            && !self.id.is_empty()
            && [&self.id, &self.shown, &self.card].into_iter().all(|text| short(text))
    }

    /// The member as they buy for the first time.
    pub fn as_member(&self) -> Arc<Member> {
        Arc::new(Member {
            id: self.id.clone(),
            shown: self.shown.clone(),
            first_order: true,
            points: Some(0),
            ..Member::default()
        })
    }
}

/// Points that may be spent here, whatever else is spent elsewhere: HQ has put
/// them aside for this lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointsGrant {
    /// HQ's id of it; the sale names it.
    pub lease: String,
    /// Whose points they are.
    pub member: String,
    /// How many.
    pub points: i64,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: i64,
}

/// What was spent here of a [`PointsGrant`] or a [`ValueGrant`](crate::value::ValueGrant).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseSpent {
    /// HQ's id of the grant.
    pub lease: String,
    /// How many points, or minor units of stored value.
    pub spent: i64,
    /// How much of that was bonus of stored value, minor units.
    pub bonus: i64,
    /// Until when it might be spent, milliseconds UTC.
    pub until_ms: i64,
}

/// How points are earned and spent here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PointsRules {
    /// So much net is one point; `None` where nothing is earned.
    pub money_per_point: Option<Money>,
    /// Multipliers of tiers, in basis points; a tier that is not here has 10000.
    pub tier_multipliers: Vec<(String, u32)>,
    /// How they are spent; `None` where they are not.
    pub spending: Option<Spending>,
}

/// How points are spent (积分抵现).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// They are spent in multiples of this.
    pub step: i64,
    /// So many are worth 100 minor units.
    pub points_per_hundred: i64,
    /// At most so many per cent of the total.
    pub percent_max: u32,
}

impl Spending {
    /// What a ticket is offered of a grant.
    pub fn offer(&self, grant: &PointsGrant) -> PointsOffer {
        PointsOffer {
            balance: grant.points,
            step: self.step,
            points_per_hundred: self.points_per_hundred,
            percent_max: self.percent_max,
        }
    }
}

impl PointsRules {
    /// The rule for a member's tier, on a ticket that was given a multiplier
    /// (basis points) beside; `None` where nothing is earned.
    pub fn earning(&self, tier: &str, given: u32) -> Option<EarnRule> {
        let of_tier = self.tier_multipliers.iter().find(|(known, _)| known == tier);
        let own = of_tier.map_or(MULTIPLIER_ONE, |(_, multiplier)| *multiplier);
        let multiplier = u64::from(own) * u64::from(given) / u64::from(MULTIPLIER_ONE);
        let multiplier = u32::try_from(multiplier).unwrap_or(u32::MAX);
        self.money_per_point.map(|money_per_point| EarnRule { money_per_point, multiplier })
    }
}

/// Points that a document earned its buyer, and that were spent on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointsMoved {
    /// How many were earned.
    pub earned: i64,
    /// By which rule; a return takes back by it.
    pub rule: EarnRule,
    /// How many were spent.
    pub spent: i64,
    /// What they took off the goods.
    pub value: Money,
    /// The grant that they were spent of; empty where none were.
    pub lease: String,
}

/// Points that goods which come back undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointsBack {
    /// Whose.
    pub member: String,
    /// Earned once, and taken back.
    pub reversed: i64,
    /// Spent once, and given back.
    pub restored: i64,
}

/// What is left of the points of a past sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPoints {
    /// Whose.
    pub member: String,
    /// By which rule they were earned.
    pub rule: EarnRule,
    /// The net that earned them, less what came back of it.
    pub earning_left: Money,
    /// How many were spent.
    pub spent: i64,
    /// What these took off.
    pub value: Money,
    /// What of that came back.
    pub value_back: Money,
}

impl PastPoints {
    /// What coming back of goods undoes: `earning` of their net earned points,
    /// and points took `value` off them. However a sale comes back, piece by
    /// piece or at once, all points of it go back in the end.
    pub fn undone(&self, earning: Money, value: Money) -> PointsBack {
        let restored = |back: Money| back.part_of(self.value, self.spent);
        PointsBack {
            member: self.member.clone(),
            reversed: self.rule.reversed(self.earning_left, earning),
            restored: restored(self.value_back + value) - restored(self.value_back),
        }
    }

    /// Less what came back.
    pub(crate) fn take_back(&mut self, earning: Money, value: Money) {
        self.earning_left = (self.earning_left - earning).max(Money::ZERO);
        self.value_back = (self.value_back + value).min(self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    #[test]
    fn tier_and_day_multiply_what_is_earned() {
        let rules = PointsRules {
            money_per_point: Some(money(100)),
            tier_multipliers: vec![("gold".into(), 15_000)],
            spending: None,
        };
        let held = |tier: &str, given| rules.earning(tier, given).map(|rule| rule.held(money(10_000)));
        assert_eq!(held("gold", MULTIPLIER_ONE), Some(150));
        assert_eq!(held("gold", 20_000), Some(300));
        assert_eq!(held("silver", 20_000), Some(200));
        assert_eq!(PointsRules::default().earning("gold", 20_000), None);
    }

    proptest! {
        #[test]
        fn all_points_go_back_however_a_sale_comes_back(
            net in 0i64..100_000,
            spent in 0i64..5_000,
            value in 1i64..50_000,
            cuts in proptest::collection::vec((0i64..100_000, 0i64..50_000), 0..6),
        ) {
            let rule = EarnRule { money_per_point: money(100), multiplier: 15_000 };
            let mut past = PastPoints {
                member: "m".into(),
                rule,
                earning_left: money(net),
                spent,
                value: money(value),
                value_back: Money::ZERO,
            };
            let (mut reversed, mut restored) = (0, 0);
            let rest = (net, value);
            for (earning, value) in cuts.into_iter().chain([rest]) {
                let earning = money(earning).min(past.earning_left);
                let value = money(value).min(past.value - past.value_back);
                let back = past.undone(earning, value);
                past.take_back(earning, value);
                prop_assert!(back.reversed >= 0 && back.restored >= 0);
                reversed += back.reversed;
                restored += back.restored;
            }
            prop_assert_eq!(reversed, rule.held(money(net)));
            prop_assert_eq!(restored, spent);
        }
    }
}
