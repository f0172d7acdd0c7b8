//! Who buys and what they bring, between the rules and the journal.

use std::sync::Arc;

use domain::basket::{LoweredPrice, WalkInPrice};
use domain::coupon::{Coupon, CouponState};
use domain::member::{LeaseSpent, Member, PastPoints, PointsBack, PointsGrant, PointsMoved};
use domain::money::Money;
use domain::points::EarnRule;
use domain::promotion::grant::{Given, Gives};
use domain::sale::{SaleBuyer, SpentCoupon};

use super::{UnderstandEventError, understand_amount};
use crate::event;

/// Points that the rules can reckon with.
fn understand_points(seq: u64, points: i64) -> Result<i64, UnderstandEventError> {
    understand_amount(seq, "points", points).map(Money::minor)
}

impl From<&Member> for event::Member {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.clone(),
            shown: member.shown.clone(),
            tier: member.tier.clone(),
            tags: member.tags.clone(),
            stage: member.stage.clone(),
            first_order: member.first_order,
            points: member.points,
        }
    }
}

impl From<&event::Member> for Arc<Member> {
    fn from(member: &event::Member) -> Self {
        Self::new(Member {
            id: member.id.clone(),
            shown: member.shown.clone(),
            tier: member.tier.clone(),
            tags: member.tags.clone(),
            stage: member.stage.clone(),
            first_order: member.first_order,
            points: member.points,
        })
    }
}

impl From<&LoweredPrice> for event::LinePrice {
    fn from(price: &LoweredPrice) -> Self {
        Self {
            line: price.line,
            list_price: price.list_price.minor(),
            unit_price: price.unit_price.minor(),
            promotion: price.promotion.as_ref().map(Into::into),
            kept: price.kept.as_ref().map(Into::into),
        }
    }
}

impl event::LinePrice {
    pub(super) fn understand(&self, seq: u64) -> Result<LoweredPrice, UnderstandEventError> {
        Ok(LoweredPrice {
            line: self.line,
            list_price: understand_amount(seq, "price", self.list_price)?,
            unit_price: understand_amount(seq, "price", self.unit_price)?,
            promotion: self.promotion.as_ref().map(Into::into),
            kept: self.kept.as_ref().map(|kept| kept.understand(seq)).transpose()?,
        })
    }
}

impl From<&WalkInPrice> for event::WalkInPrice {
    fn from(price: &WalkInPrice) -> Self {
        Self {
            list_price: price.list_price.minor(),
            unit_price: price.unit_price.minor(),
            promotion: price.promotion.as_ref().map(Into::into),
        }
    }
}

impl event::WalkInPrice {
    pub(super) fn understand(&self, seq: u64) -> Result<WalkInPrice, UnderstandEventError> {
        Ok(WalkInPrice {
            list_price: understand_amount(seq, "price", self.list_price)?,
            unit_price: understand_amount(seq, "price", self.unit_price)?,
            promotion: self.promotion.as_ref().map(Into::into),
        })
    }
}

impl From<&Coupon> for event::Coupon {
    fn from(coupon: &Coupon) -> Self {
        Self {
            code: coupon.code.clone(),
            promotion: coupon.promotion.clone(),
            from_ms: coupon.from_ms,
            until_ms: coupon.until_ms,
            owner: coupon.owner.clone(),
            group: coupon.group.clone(),
            together_max: coupon.together_max,
        }
    }
}

impl From<&event::Coupon> for Coupon {
    fn from(coupon: &event::Coupon) -> Self {
        Self {
            code: coupon.code.clone(),
            promotion: coupon.promotion.clone(),
            // No other is laid on a basket.
            state: CouponState::Issued,
            from_ms: coupon.from_ms,
            until_ms: coupon.until_ms,
            owner: coupon.owner.clone(),
            group: coupon.group.clone(),
            together_max: coupon.together_max,
        }
    }
}

impl From<&PointsGrant> for event::PointsGrant {
    fn from(grant: &PointsGrant) -> Self {
        Self {
            lease: grant.lease.clone(),
            member: grant.member.clone(),
            points: grant.points,
            until_ms: grant.until_ms,
        }
    }
}

impl event::PointsGrant {
    /// The grant as the rules see it, where its number can be. `seq` is that
    /// of the event it stands in, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<PointsGrant, UnderstandEventError> {
        Ok(PointsGrant {
            lease: self.lease.clone(),
            member: self.member.clone(),
            points: understand_points(seq, self.points)?,
            until_ms: self.until_ms,
        })
    }
}

impl From<&LeaseSpent> for event::LeaseSpent {
    fn from(known: &LeaseSpent) -> Self {
        Self { lease: known.lease.clone(), spent: known.spent, bonus: known.bonus, until_ms: known.until_ms }
    }
}

impl event::LeaseSpent {
    pub(super) fn understand(&self, seq: u64) -> Result<LeaseSpent, UnderstandEventError> {
        Ok(LeaseSpent {
            lease: self.lease.clone(),
            spent: understand_points(seq, self.spent)?,
            bonus: understand_points(seq, self.bonus)?,
            until_ms: self.until_ms,
        })
    }
}

impl From<&SaleBuyer> for event::Buyer {
    fn from(buyer: &SaleBuyer) -> Self {
        Self {
            member: buyer.member.clone(),
            shown: buyer.shown.clone(),
            tier: buyer.tier.clone(),
            points: buyer.points.as_ref().map(|moved| event::PointsMoved {
                earned: moved.earned,
                money_per_point: moved.rule.money_per_point.minor(),
                multiplier: moved.rule.multiplier,
                spent: moved.spent,
                value: moved.value.minor(),
                lease: moved.lease.clone(),
            }),
        }
    }
}

impl event::Buyer {
    pub(super) fn understand(&self, seq: u64) -> Result<SaleBuyer, UnderstandEventError> {
        let moved = |moved: &event::PointsMoved| {
            Ok(PointsMoved {
                earned: understand_points(seq, moved.earned)?,
                rule: understand_rule(seq, moved.money_per_point, moved.multiplier)?,
                spent: understand_points(seq, moved.spent)?,
                value: understand_amount(seq, "points' value", moved.value)?,
                lease: moved.lease.clone(),
            })
        };
        Ok(SaleBuyer {
            member: self.member.clone(),
            shown: self.shown.clone(),
            tier: self.tier.clone(),
            points: self.points.as_ref().map(moved).transpose()?,
        })
    }
}

fn understand_rule(
    seq: u64,
    money_per_point: i64,
    multiplier: u32,
) -> Result<EarnRule, UnderstandEventError> {
    let money_per_point = understand_amount(seq, "price of a point", money_per_point)?;
    Ok(EarnRule { money_per_point, multiplier })
}

impl From<&PointsBack> for event::PointsBack {
    fn from(back: &PointsBack) -> Self {
        Self { member: back.member.clone(), reversed: back.reversed, restored: back.restored }
    }
}

impl event::PointsBack {
    pub(super) fn understand(&self, seq: u64) -> Result<PointsBack, UnderstandEventError> {
        Ok(PointsBack {
            member: self.member.clone(),
            reversed: understand_points(seq, self.reversed)?,
            restored: understand_points(seq, self.restored)?,
        })
    }
}

impl From<&PastPoints> for event::PastPoints {
    fn from(past: &PastPoints) -> Self {
        Self {
            member: past.member.clone(),
            money_per_point: past.rule.money_per_point.minor(),
            multiplier: past.rule.multiplier,
            earning_left: past.earning_left.minor(),
            spent: past.spent,
            value: past.value.minor(),
            value_back: past.value_back.minor(),
        }
    }
}

impl event::PastPoints {
    pub(super) fn understand(&self, seq: u64) -> Result<PastPoints, UnderstandEventError> {
        Ok(PastPoints {
            member: self.member.clone(),
            rule: understand_rule(seq, self.money_per_point, self.multiplier)?,
            earning_left: understand_amount(seq, "net that earned points", self.earning_left)?,
            spent: understand_points(seq, self.spent)?,
            value: understand_amount(seq, "points' value", self.value)?,
            value_back: understand_amount(seq, "points' value", self.value_back)?,
        })
    }
}

impl From<&SpentCoupon> for event::SpentCoupon {
    fn from(spent: &SpentCoupon) -> Self {
        Self { code: spent.code.clone(), promotion: spent.promotion.clone(), off: spent.off.minor() }
    }
}

impl event::SpentCoupon {
    pub(super) fn understand(&self, seq: u64) -> Result<SpentCoupon, UnderstandEventError> {
        Ok(SpentCoupon {
            code: self.code.clone(),
            promotion: self.promotion.clone(),
            off: understand_amount(seq, "what a coupon took off", self.off)?,
        })
    }
}

impl From<&Given> for event::Given {
    fn from(given: &Given) -> Self {
        Self {
            promotion: (&given.promotion).into(),
            gift: match &given.gives {
                Gives::DrawChances(draws) => event::Gift::Draws { draws: *draws },
                Gives::Coupon(template) => event::Gift::Coupon { template: template.clone() },
                Gives::PointsMultiplier(multiplier) => event::Gift::Points { multiplier: *multiplier },
            },
            times: given.times,
        }
    }
}

impl From<&event::Given> for Given {
    fn from(given: &event::Given) -> Self {
        Self {
            promotion: (&given.promotion).into(),
            gives: match &given.gift {
                event::Gift::Draws { draws } => Gives::DrawChances(*draws),
                event::Gift::Coupon { template } => Gives::Coupon(template.clone()),
                event::Gift::Points { multiplier } => Gives::PointsMultiplier(*multiplier),
            },
            times: given.times,
        }
    }
}
