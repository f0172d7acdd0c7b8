//! Who buys, and what they bring: a member's card, coupons, points.

use std::sync::Arc;

use super::step::Step;
use super::{COUPONS_SPENT_MAX, Context, Desk, Effect, LEASES_SPENT_MAX, Message, Sound};
use crate::basket::{Basket, Line};
use crate::coupon::{Coupon, CouponRefusal, CouponState};
use crate::member::{Member, PointsGrant};
use crate::money::{Money, Quantity};
use crate::promotion::ticket::Coupons;
use crate::record::Record;
use crate::rights::kept_words;
use crate::tender::Tender;

/// The longest card, number or telephone that is looked for.
pub const MEMBER_CODE_LENGTH_MAX: usize = 64;

/// Who has begun to pay when their points' time ends may end it for so long, milliseconds. Well below what HQ waits before
/// it lends them to others: ten minutes by this lane's clock, which may go back by two.
const PAYING_GRACE_MS: i64 = 5 * 60_000;

/// How long a lease is remembered after its end, milliseconds: thirty days, so
/// that a clock that is set back lends nothing twice.
const LEASE_KEPT_MS: i64 = 30 * 86_400_000;

impl Step {
    /// Whether what the price rests on may change now: while goods are rung
    /// up, or at the payment before anything was put against the basket.
    pub(super) fn may_change_buyer(&mut self) -> bool {
        match &self.till.desk {
            Desk::Selling(_) => !self.is_frozen(),
            Desk::Paying(_) if self.till.tenders.is_empty() => !self.is_frozen(),
            Desk::Paying(_) => {
                self.refuse(Message::TendersFirst);
                false
            }
            Desk::SignedOut | Desk::Saving(..) | Desk::Done(..) | Desk::Locked(_) => {
                // The next customer may begin with a card.
                self.at_counter().is_some()
            }
        }
    }

    pub(super) fn find_member(&mut self, context: &Context<'_>, text: &str) {
        let code = kept_words(text);
        if !self.may_change_buyer() {
            return;
        }
        if code.is_empty() || code.len() > MEMBER_CODE_LENGTH_MAX {
            return self.unknown(Message::MemberUnknown(code));
        }
        match context.catalogue.member(&code) {
            Err(fault) => self.refuse(Message::Fault(fault)),
            Ok(None) => self.unknown(Message::MemberUnknown(code)),
            Ok(Some(member)) => self.let_join(context, member),
        }
    }

    pub(super) fn join(&mut self, context: &Context<'_>, member: Arc<Member>) {
        if self.may_change_buyer() {
            self.let_join(context, member);
        }
    }

    fn let_join(&mut self, context: &Context<'_>, member: Arc<Member>) {
        if self.till.shift.is_none() {
            return self.refuse(Message::OpenShiftFirst);
        }
        match self.till.basket.member() {
            Some(known) if known.id == member.id => {
                self.effects.push(Effect::Sound(Sound::Accepted));
                return self.tell(Message::MemberJoined(member));
            }
            // What is paid in is for whoever was looked at for it.
            Some(_) if self.till.basket.has_top_up() => return self.refuse(Message::TopUpAlone),
            // What the other's card lowered goes before anything is lowered again.
            Some(_) => self.commit(Record::MemberLeft),
            None => {}
        }
        let prices = self.lowered_lines(context, member.of_tier());
        self.commit(Record::MemberJoined { member: member.clone(), prices });
        self.effects.push(Effect::Sound(Sound::Accepted));
        self.tell(Message::MemberJoined(member));
    }

    pub(super) fn drop_member(&mut self) {
        if self.till.basket.member().is_none() {
            return self.refuse(Message::MemberFirst);
        }
        // A membership that is being paid is theirs.
        if matches!(self.till.desk, Desk::Paying(_)) && self.till.basket.has_membership() {
            return self.refuse(Message::MemberFirst);
        }
        if self.till.basket.has_top_up() {
            return self.refuse(Message::TopUpAlone);
        }
        if self.may_change_buyer() {
            self.commit(Record::MemberLeft);
        }
    }

    /// Whether a line may stand in the basket as far as memberships go: there
    /// is one, of one piece, since it makes one person a member.
    pub(super) fn may_have_membership(&mut self, line: &Line) -> bool {
        let is_other = |other: &Line| other.item.membership && other.number != line.number;
        let alone = !self.till.basket.lines().iter().any(is_other) && line.quantity == Quantity::ONE;
        if line.item.membership && !alone {
            self.refuse(Message::OneMembership(line.item.clone()));
            return false;
        }
        true
    }

    /// A coupon is laid on the basket, where it takes something off it.
    pub(super) fn lay_coupon(&mut self, context: &Context<'_>, code: &str) {
        if !self.may_take_coupon() {
            return;
        }
        let coupon = match context.catalogue.coupon(code) {
            Err(fault) => return self.refuse(Message::Fault(fault)),
            Ok(None) => {
                return self.unknown(Message::CouponRefused(CouponRefusal::Unknown(kept_words(code))));
            }
            Ok(Some(coupon)) => coupon,
        };
        self.let_lie(context, coupon);
    }

    /// A coupon that HQ put aside for this lane, whatever was told of it before.
    pub(super) fn lay_held_coupon(&mut self, context: &Context<'_>, coupon: Coupon) {
        if self.may_take_coupon() {
            self.let_lie(context, Coupon { state: CouponState::Issued, ..coupon });
        }
    }

    fn may_take_coupon(&mut self) -> bool {
        if !self.may_change_buyer() {
            return false;
        }
        let hindrance = if self.till.shift.is_none() {
            Message::OpenShiftFirst
        } else if self.till.basket.lines().is_empty() {
            Message::NoLine
        } else if self.till.basket.has_top_up() {
            Message::TopUpAlone
        } else if self.till.coupons_spent.len() >= COUPONS_SPENT_MAX {
            Message::CouponsFull
        } else {
            return true;
        };
        self.refuse(hindrance);
        false
    }

    fn let_lie(&mut self, context: &Context<'_>, coupon: Coupon) {
        if let Err(refusal) = self.check_coupon(context, &coupon) {
            return self.refuse(Message::CouponRefused(refusal));
        }
        match self.effect_of(context, &coupon) {
            Err(message) => self.refuse(message),
            Ok(off) => {
                let code = coupon.code.clone();
                self.commit(Record::CouponLaid { coupon });
                self.effects.push(Effect::Sound(Sound::Accepted));
                self.tell(Message::CouponLaid { code, off });
            }
        }
    }

    fn check_coupon(&self, context: &Context<'_>, coupon: &Coupon) -> Result<(), CouponRefusal> {
        let basket = &self.till.basket;
        let member = basket.member().map(|member| member.id.as_str());
        coupon.check(context.now_ms, member, basket.coupons())?;
        let is_it = |spent: &String| *spent == coupon.code;
        if self.till.coupons_spent.iter().any(is_it) {
            return Err(CouponRefusal::Used(coupon.code.clone()));
        }
        let has_it = |basket: &Basket| basket.coupons().iter().any(|laid| laid.code == coupon.code);
        if self.till.parked.iter().any(|parked| has_it(&parked.basket)) {
            return Err(CouponRefusal::Reserved(coupon.code.clone()));
        }
        Ok(())
    }

    /// What a coupon would take off the basket, or what is missing for it to.
    fn effect_of(&mut self, context: &Context<'_>, coupon: &Coupon) -> Result<Money, Message> {
        let set = context.promotions().map_err(Message::Fault)?;
        let mut ticket = self.ticket(context, &set);
        if let Coupons::Held(held) = &mut ticket.coupons {
            held.push(coupon.promotion.clone());
        }
        let priced = self.priced(context, &set, &ticket);
        coupon.effect(&set, &priced).map_err(Message::CouponRefused)?;
        Ok(coupon.taken_off(&set, &priced))
    }

    pub(super) fn take_coupon_back(&mut self, code: &str) {
        if !self.till.basket.coupons().iter().any(|laid| laid.code == code) {
            let refusal = CouponRefusal::Unknown(kept_words(code));
            return self.refuse(Message::CouponRefused(refusal));
        }
        if self.may_change_buyer() {
            self.commit(Record::CouponTakenBack { code: code.to_owned() });
        }
    }

    pub(super) fn offer_points(&mut self, context: &Context<'_>, grant: Option<PointsGrant>) {
        if !self.may_change_buyer() {
            return;
        }
        let Some(grant) = grant else {
            if self.till.basket.grant().is_some() {
                self.commit(Record::PointsOffered { grant: None });
            }
            return;
        };
        let Some(member) = self.till.basket.member() else { return self.refuse(Message::MemberFirst) };
        let is_good = grant.member == member.id && grant.points > 0 && self.now_ms < grant.until_ms;
        let spends = context.settings.rules.points.spending.is_some() && !self.till.basket.has_top_up();
        if !is_good || !spends {
            return self.refuse(Message::PointsNotSpent);
        }
        let known = self.till.leases_spent.iter().find(|known| known.lease == grant.lease);
        let spent = known.map_or(0, |known| known.spent);
        let points = grant.points.saturating_sub(spent);
        let full = known.is_none() && self.till.is_full_of_leases(self.now_ms);
        if points <= 0 || full {
            return self.refuse(Message::PointsNotSpent);
        }
        self.commit(Record::PointsOffered { grant: Some(PointsGrant { points, ..grant }) });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Points that were lent go back. From then on none of the lease is spent
    /// here, whatever is said of it: HQ may lend them to another lane.
    pub(super) fn return_lease(&mut self, grant: PointsGrant) {
        let pays =
            |tender: &Tender| matches!(tender, Tender::StoredValue(stored) if stored.lease == grant.lease);
        let is_in_use = self.till.basket.grant().is_some_and(|used| used.lease == grant.lease)
            || self.till.tenders.iter().any(pays);
        let known = self.till.leases_spent.iter().any(|known| known.lease == grant.lease);
        let is_full = !known && self.till.is_full_of_leases(self.now_ms);
        // What cannot be remembered here ends by its time.
        if is_in_use || is_full || self.till.is_returned(&grant.lease) {
            return;
        }
        self.commit(Record::LeaseReturned { grant });
    }

    /// Coupons that HQ itself calls spent, or tells of no more, need not be
    /// remembered here, nor leases whose time is over, nor what was given of
    /// promotions that are.
    pub(super) fn forget_what_is_over(&mut self, context: &Context<'_>) {
        self.till.coupons_spent.retain(|code| match context.catalogue.coupon(code) {
            Ok(Some(coupon)) => coupon.state == CouponState::Issued,
            Ok(None) => false,
            Err(_) => true,
        });
        let leases = &mut self.till.leases_spent;
        leases.retain(|known| context.now_ms < known.until_ms.saturating_add(LEASE_KEPT_MS));
        if leases.len() > LEASES_SPENT_MAX {
            // Those that end last are the ones that may still be spent of.
            leases.sort_by_key(|known| std::cmp::Reverse(known.until_ms));
            leases.truncate(LEASES_SPENT_MAX);
        }
        if let Ok(set) = context.promotions() {
            self.till.quota_counts.forget_what_is_over(&set, context.now_ms, context.today());
        }
    }

    /// Nobody's card and no coupon lies on a basket without goods any more.
    pub(super) fn clear_counter(&mut self) {
        let staff = self.till.desk.staff().map(|staff| staff.id.clone()).unwrap_or_default();
        self.clear_words(&staff);
        if self.till.basket.member().is_some() {
            self.commit(Record::MemberLeft);
        }
        let laid: Vec<String> = self.till.basket.coupons().iter().map(|coupon| coupon.code.clone()).collect();
        for code in laid {
            self.commit(Record::CouponTakenBack { code });
        }
    }

    /// Takes points off the basket whose time ended while it is being paid: HQ may lend them to another lane. Whether there
    /// were any; what is due is more then.
    pub(super) fn drop_points_that_are_over(&mut self) -> bool {
        let has_begun = !self.till.tenders.is_empty();
        let now_ms = if has_begun { self.now_ms.saturating_sub(PAYING_GRACE_MS) } else { self.now_ms };
        let is_over = self.till.basket.grant().is_some_and(|grant| grant.until_ms <= now_ms);
        if is_over {
            self.commit(Record::PointsOffered { grant: None });
            self.tell(Message::PointsNotSpent);
        }
        is_over
    }

    /// What has passed its time since it was laid on the basket is taken off
    /// it before it is paid.
    pub(super) fn drop_what_is_over(&mut self, context: &Context<'_>) {
        let over = |coupon: &&Coupon| coupon.until_ms.is_some_and(|until| until <= context.now_ms);
        let over: Vec<Coupon> = self.till.basket.coupons().iter().filter(over).cloned().collect();
        for Coupon { code, until_ms, .. } in over {
            self.commit(Record::CouponTakenBack { code: code.clone() });
            let refusal = CouponRefusal::Expired { code, until_ms: until_ms.unwrap_or_default() };
            self.tell(Message::CouponRefused(refusal));
        }
        if self.till.basket.grant().is_some_and(|grant| grant.until_ms <= context.now_ms) {
            self.commit(Record::PointsOffered { grant: None });
            self.tell(Message::PointsNotSpent);
        }
    }
}
