//! Coupons that customers bring: whether one may be laid on a ticket, and what is missing where not.
//!
//! What a coupon takes off is a promotion of the coupon layer (its template),
//! worked out together with all others; here is only whether this one, with
//! its number, is good. A coupon is spent once; HQ decides where two tills
//! disagree, and a sale that was paid stands.

use crate::money::Money;
use crate::promotion::explain::Lacking;
use crate::promotion::rule::Promotion;
use crate::promotion::ticket::{Applied, Unmet};
use crate::promotion::{Priced, PromotionSet};

/// The most coupons that are laid on one ticket.
pub const COUPONS_MAX: usize = 32;

/// One coupon, with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Its number; no other has it.
    pub code: String,
    /// The id of the promotion that it stands for.
    pub promotion: String,
    /// How it stands, as far as is known here.
    pub state: CouponState,
    /// From this instant on, milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: Option<i64>,
    /// The member it was given to; `None` where whoever has it may use it.
    pub owner: Option<String>,
    /// Its group: with others of it, at most [`Coupon::together_max`] go on a ticket.
    pub group: String,
    /// How many of its group go on one ticket.
    pub together_max: u32,
}

/// How a coupon stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouponState {
    /// Given out, and not used.
    Issued,
    /// Put aside for a ticket that is not paid yet, perhaps at another till.
    Reserved,
    /// Used.
    Redeemed,
    /// Stopped by HQ.
    Frozen,
    /// Taken back.
    Void,
}

/// Why a coupon is not laid on a ticket; each says what is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CouponRefusal {
    /// Its time is over.
    #[error("use coupon {code}: it was good until {until_ms} ms")]
    Expired {
        /// Its number.
        code: String,
        /// When it ended, milliseconds UTC.
        until_ms: i64,
    },
    /// Its time has not come.
    #[error("use coupon {code}: it is good from {from_ms} ms on")]
    NotYet {
        /// Its number.
        code: String,
        /// When it begins, milliseconds UTC.
        from_ms: i64,
    },
    /// It was spent before.
    #[error("use coupon {0}: it was used before")]
    Used(String),
    /// Another ticket holds it.
    #[error("use coupon {0}: another open ticket holds it; finish or cancel that one")]
    Reserved(String),
    /// HQ stopped it or took it back.
    #[error("use coupon {0}: it was withdrawn; the customer service desk knows more")]
    Withdrawn(String),
    /// It is on this ticket.
    #[error("use coupon {0}: it is on this ticket already")]
    Twice(String),
    /// It belongs to another member.
    #[error("use coupon {0}: it belongs to a member; sign that member in first")]
    OtherMember(String),
    /// No more of its group go on this ticket; of one kind it is always one.
    #[error("use coupon {code}: at most {most} of its kind go on one ticket")]
    TooMany {
        /// Its number.
        code: String,
        /// How many go.
        most: u32,
    },
    /// This till does not know what it stands for.
    #[error("use coupon {0}: what it stands for is not known here, or is over")]
    Unknown(String),
    /// Nothing on the ticket is what it is for.
    #[error("use coupon {0}: it is for other goods")]
    OtherGoods(String),
    /// Its goods do not come to enough.
    #[error("use coupon {code}: its goods must come to {} more", .missing.minor())]
    BelowThreshold {
        /// Its number.
        code: String,
        /// What is missing, minor units.
        missing: Money,
    },
    /// A condition of its promotion is not met.
    #[error("use coupon {code}: it does not hold here and now ({why:?})")]
    Condition {
        /// Its number.
        code: String,
        /// Which.
        why: Unmet,
    },
    /// The ticket is cheaper without it.
    #[error("use coupon {0}: what applies without it takes off more")]
    Outdone(String),
}

impl Coupon {
    /// Whether the coupon itself is good now, for this member and beside
    /// those that are on the ticket.
    pub fn check(&self, now_ms: i64, member: Option<&str>, laid: &[Self]) -> Result<(), CouponRefusal> {
        let code = || self.code.clone();
        if laid.iter().any(|other| other.code == self.code) {
            return Err(CouponRefusal::Twice(code()));
        }
        match self.state {
            CouponState::Issued => {}
            CouponState::Reserved => return Err(CouponRefusal::Reserved(code())),
            CouponState::Redeemed => return Err(CouponRefusal::Used(code())),
            CouponState::Frozen | CouponState::Void => return Err(CouponRefusal::Withdrawn(code())),
        }
        if let Some(until_ms) = self.until_ms.filter(|until| *until <= now_ms) {
            return Err(CouponRefusal::Expired { code: code(), until_ms });
        }
        if let Some(from_ms) = self.from_ms.filter(|from| now_ms < *from) {
            return Err(CouponRefusal::NotYet { code: code(), from_ms });
        }
        if self.owner.as_deref().is_some_and(|owner| member != Some(owner)) {
            return Err(CouponRefusal::OtherMember(code()));
        }
        if laid.iter().any(|other| other.promotion == self.promotion) {
            return Err(CouponRefusal::TooMany { code: code(), most: 1 });
        }
        let together = laid.iter().filter(|other| other.group == self.group).count();
        if together >= self.together_max as usize || laid.len() >= COUPONS_MAX {
            return Err(CouponRefusal::TooMany { code: code(), most: self.together_max });
        }
        Ok(())
    }

    /// What it stands for, among the live promotions.
    pub fn stands_for<'a>(&self, set: &'a PromotionSet) -> Option<(usize, &'a Promotion)> {
        set.promotions().iter().enumerate().find(|(_, promotion)| promotion.id == self.promotion)
    }

    /// What it took off a ticket that was priced with it.
    pub fn taken_off(&self, set: &PromotionSet, priced: &Priced) -> Money {
        let Some((index, _)) = self.stands_for(set) else { return Money::ZERO };
        let own = priced.applied.iter().filter(|applied| applied.promotion == index);
        own.map(Applied::off).sum()
    }

    /// Whether it took something off a ticket that was priced with it, or what is missing.
    pub fn effect(&self, set: &PromotionSet, priced: &Priced) -> Result<(), CouponRefusal> {
        let code = || self.code.clone();
        let Some((index, _)) = self.stands_for(set) else {
            return Err(CouponRefusal::Unknown(code()));
        };
        if priced.applied.iter().any(|applied| applied.promotion == index) {
            return Ok(());
        }
        let missed = priced.missed.iter().find(|missed| missed.promotion == index);
        Err(match missed.map(|missed| missed.lacking) {
            None => CouponRefusal::OtherGoods(code()),
            Some(Lacking::Amount { missing, .. }) => CouponRefusal::BelowThreshold { code: code(), missing },
            Some(Lacking::Condition(why)) => CouponRefusal::Condition { code: code(), why },
            Some(Lacking::Units(_)) => CouponRefusal::OtherGoods(code()),
            Some(Lacking::Outdone) => CouponRefusal::Outdone(code()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promotion::rule::{Conditions, OrderRule, Rule, Scope, Stacking};
    use crate::promotion::ticket::{Coupons, Goods, TicketLine};
    use crate::promotion::{Memory, Objective, Ticket, WORK_MAX, price};

    fn coupon() -> Coupon {
        Coupon {
            code: "C1".into(),
            promotion: "ten-off".into(),
            state: CouponState::Issued,
            from_ms: Some(100),
            until_ms: Some(200),
            owner: None,
            group: "cash".into(),
            together_max: 1,
        }
    }

    fn check(coupon: &Coupon, now_ms: i64, expected: Result<(), CouponRefusal>) {
        assert_eq!(coupon.check(now_ms, Some("M1"), &[]), expected);
    }

    #[test]
    fn a_coupon_is_good_within_its_time_and_for_its_owner() {
        let code = || "C1".to_owned();
        check(&coupon(), 150, Ok(()));
        check(&coupon(), 99, Err(CouponRefusal::NotYet { code: code(), from_ms: 100 }));
        check(&coupon(), 200, Err(CouponRefusal::Expired { code: code(), until_ms: 200 }));
        check(&Coupon { owner: Some("M1".into()), ..coupon() }, 150, Ok(()));
        check(&Coupon { owner: Some("M2".into()), ..coupon() }, 150, Err(CouponRefusal::OtherMember(code())));
        let states = [
            (CouponState::Redeemed, CouponRefusal::Used(code())),
            (CouponState::Reserved, CouponRefusal::Reserved(code())),
            (CouponState::Frozen, CouponRefusal::Withdrawn(code())),
            (CouponState::Void, CouponRefusal::Withdrawn(code())),
        ];
        for (state, refusal) in states {
            check(&Coupon { state, ..coupon() }, 150, Err(refusal));
        }
    }

    #[test]
    fn a_coupon_lies_once_and_with_few_of_its_kind() {
        let laid = [coupon()];
        assert_eq!(coupon().check(150, None, &laid), Err(CouponRefusal::Twice("C1".into())));
        let second = Coupon { code: "C2".into(), promotion: "nine-off".into(), ..coupon() };
        let same = Coupon { promotion: coupon().promotion, together_max: 9, ..second.clone() };
        let refusal = CouponRefusal::TooMany { code: "C2".into(), most: 1 };
        assert_eq!(same.check(150, None, &laid), Err(refusal));
        let refusal = CouponRefusal::TooMany { code: "C2".into(), most: 1 };
        assert_eq!(second.check(150, None, &laid), Err(refusal));
        assert_eq!(Coupon { together_max: 2, ..second.clone() }.check(150, None, &laid), Ok(()));
        assert_eq!(Coupon { group: "gift".into(), ..second }.check(150, None, &laid), Ok(()));
    }

    #[test]
    fn a_coupon_that_takes_nothing_off_says_what_is_missing() {
        let promotion = Promotion {
            id: "ten-off".into(),
            name_zh: "满100减10".into(),
            name_en: "10 off 100".into(),
            rule: Rule::Coupon {
                rule: OrderRule::ThresholdOff {
                    min: Money::from_minor(10_000),
                    off: Money::from_minor(1_000),
                    repeat_max: 1,
                },
                regular_price_only: false,
            },
            scope: Scope::of(["tea"]),
            conditions: Conditions::default(),
            quota: None,
            quotas: Vec::new(),
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        };
        let (set, refused) = PromotionSet::load(1, [promotion]);
        assert_eq!(refused, []);
        let effect = |sku: &str, amount: i64| {
            let line = TicketLine {
                number: 1,
                sku: sku.into(),
                category: String::new(),
                goods: Goods::Pieces { count: 1, price: Money::from_minor(amount) },
                factor: 1,
                price_stands: false,
                no_promotion: false,
                expires_in_days: None,
            };
            let ticket = Ticket {
                lines: vec![line],
                coupons: Coupons::Held(vec!["ten-off".into()]),
                ..Ticket::default()
            };
            let priced = price(&set, &ticket, Objective::CustomerBest, &mut Memory::default(), WORK_MAX);
            coupon().effect(&set, &priced)
        };
        assert_eq!(effect("tea", 10_000), Ok(()));
        let missing = CouponRefusal::BelowThreshold { code: "C1".into(), missing: Money::from_minor(210) };
        assert_eq!(effect("tea", 9_790), Err(missing));
        assert_eq!(effect("milk", 20_000), Err(CouponRefusal::OtherGoods("C1".into())));
        let unknown = Coupon { promotion: "over".into(), ..coupon() };
        let nothing = Priced::default();
        assert_eq!(unknown.effect(&set, &nothing), Err(CouponRefusal::Unknown("C1".into())));
    }
}
