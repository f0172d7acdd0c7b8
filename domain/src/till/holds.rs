//! What is this lane's alone for now because somebody who keeps it for all lanes said so: points that were lent, coupons, a
//! receipt, phones' codes.
//!
//! Found by looking at the till and not by what happened: what no basket needs any more goes back, and what one still
//! needs is asked for again before its time is over, also after a stop. Whoever has these says what was answered.

use super::{Desk, Till};
use crate::basket::Basket;
use crate::member::PointsGrant;
use crate::phone::CodeId;
use crate::refund::{Origin, PastSale};

/// The most leases that a lane holds at one time; more are not asked for.
pub const LEASES_HELD_MAX: usize = 32;

/// What a basket needs for longer is asked for again after so long, milliseconds. The shortest that is promised is a
/// quarter of an hour.
pub const RENEW_MS: i64 = 8 * 60_000;

/// The most that is asked for again at one look; the rest waits for the next.
const RENEWED_MAX: usize = 4;

/// Something that is held, and when it was asked for last, milliseconds UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held<T> {
    what: T,
    asked_ms: i64,
    /// It is another lane's by now.
    is_refused: bool,
}

impl<T> Held<T> {
    fn new(what: T, asked_ms: i64) -> Self {
        Self { what, asked_ms, is_refused: false }
    }

    /// Whether it is time to ask again; then it is taken as asked for now. A clock that was set back asks at once.
    fn is_due(&mut self, now_ms: i64) -> bool {
        let is_due = !(0..RENEW_MS).contains(&now_ms.saturating_sub(self.asked_ms));
        if is_due {
            self.asked_ms = now_ms;
        }
        is_due
    }
}

/// What a look comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Points that were lent go back.
    ReturnLease(PointsGrant),
    /// A coupon is not to be spent here.
    ReleaseCoupon(String),
    /// A code was not used.
    ReleaseCode(CodeId),
    /// Nothing of a sale is to come back here.
    ReleaseReceipt(Origin),
    /// A coupon lies on a basket, and is to stay this lane's.
    KeepCoupon(String),
    /// Goods of a sale are coming back, and it is to stay this lane's.
    KeepReceipt(Origin),
    /// A coupon on the open basket is another lane's by now.
    DropCoupon(String),
    /// Another lane is giving the sale back by now.
    DropReturn,
    /// Some of the sale came back since the return was begun, which must be begun anew.
    DropReturnBegunBefore,
}

/// What is held for a lane.
#[derive(Debug, Default)]
pub struct Holds {
    leases: Vec<PointsGrant>,
    coupons: Vec<Held<String>>,
    /// For as long as a turn: then they are used, or go back.
    codes: Vec<CodeId>,
    /// With the last document when it was begun.
    receipt: Option<Held<(Origin, Option<u64>)>>,
    /// A sale of which less is left than the open return was begun with. It is this lane's all the same.
    behind: Option<Origin>,
}

impl Holds {
    /// What is lent of the points of a member.
    pub fn lease_of(&self, member: &str) -> Option<&PointsGrant> {
        self.leases.iter().find(|grant| grant.member == member)
    }

    /// Whether no more points may be lent to this lane.
    pub fn is_full(&self) -> bool {
        self.leases.len() >= LEASES_HELD_MAX
    }

    /// Points were lent.
    pub fn hold_lease(&mut self, grant: PointsGrant) {
        self.leases.push(grant);
    }

    /// A coupon is this lane's, or may be: an answer that is lost may have given it.
    pub fn hold_coupon(&mut self, code: &str, now_ms: i64) {
        self.coupons.retain(|held| held.what != code);
        self.coupons.push(Held::new(code.to_owned(), now_ms));
    }

    /// Another lane has a coupon.
    pub fn refuse_coupon(&mut self, code: &str) {
        for held in self.coupons.iter_mut().filter(|held| held.what == code) {
            held.is_refused = true;
        }
    }

    /// A phone's code is this lane's, or may be.
    pub fn hold_code(&mut self, id: CodeId) {
        self.codes.push(id);
    }

    /// A sale may be given back here, or nobody said that it may not. `last` is the lane's last document.
    pub fn hold_receipt(&mut self, origin: Origin, last: Option<u64>, now_ms: i64) {
        self.receipt = Some(Held::new((origin, last), now_ms));
    }

    /// A sale is this lane's for longer, and so much is left of it `now`, after what this lane itself gave back. A return
    /// that was begun while nobody could say may have been begun with more.
    pub fn keep_receipt(&mut self, till: &Till, now: &PastSale) {
        let begun = till.basket().past().filter(|begun| begun.origin == now.origin);
        if begun.is_some_and(|begun| now.has_less_left_than(begun)) {
            self.behind = Some(now.origin.clone());
        }
    }

    /// Another lane has a sale, or nothing of it is left.
    pub fn refuse_receipt(&mut self, origin: &Origin) {
        if let Some(held) = self.receipt.as_mut().filter(|held| held.what.0 == *origin) {
            held.is_refused = true;
        }
    }

    /// Looks what goes back, and what is to be asked for again. `now_ms` is the lane's clock, milliseconds UTC.
    pub fn look(&mut self, till: &Till, now_ms: i64) -> Vec<Due> {
        if matches!(till.desk(), Desk::Saving(..)) {
            return Vec::new();
        }
        let mut due = Vec::new();
        self.look_at_leases(till, now_ms, &mut due);
        self.look_at_coupons(till, now_ms, &mut due);
        // What was used stands in the journal, which says so to whoever lent it.
        let unused = self.codes.drain(..).filter(|id| !till.used_codes().has(*id));
        due.extend(unused.map(Due::ReleaseCode));
        self.look_at_receipt(till, now_ms, &mut due);
        due
    }

    fn look_at_leases(&mut self, till: &Till, now_ms: i64, due: &mut Vec<Due>) {
        let basket = till.basket();
        let buyer = basket.member().map(|member| member.id.as_str());
        let over = self.leases.extract_if(.., |grant| {
            let is_used = basket.grant().is_some_and(|used| used.lease == grant.lease);
            !is_used && (buyer != Some(grant.member.as_str()) || now_ms >= grant.until_ms)
        });
        due.extend(over.map(Due::ReturnLease));
    }

    fn look_at_coupons(&mut self, till: &Till, now_ms: i64, due: &mut Vec<Due>) {
        let baskets =
            || std::iter::once(till.basket()).chain(till.parked().iter().map(|parked| &parked.basket));
        let lies = |code: &str| baskets().any(|basket| has(basket, code));
        let gone: Vec<_> = self.coupons.extract_if(.., |held| !lies(&held.what)).collect();
        let unspent = gone.into_iter().filter(|held| !held.is_refused && !till.has_spent(&held.what));
        due.extend(unspent.map(|held| Due::ReleaseCoupon(held.what)));
        for held in self.coupons.iter().filter(|held| held.is_refused && has(till.basket(), &held.what)) {
            if may_change(till) {
                due.push(Due::DropCoupon(held.what.clone()));
            }
        }
        let mut asked = 0;
        for coupon in baskets().flat_map(Basket::coupons) {
            if asked == RENEWED_MAX {
                return;
            }
            let is_due = match self.coupons.iter_mut().find(|held| held.what == coupon.code) {
                Some(held) => !held.is_refused && held.is_due(now_ms),
                None => {
                    self.coupons.push(Held::new(coupon.code.clone(), now_ms));
                    true
                }
            };
            if is_due {
                asked += 1;
                due.push(Due::KeepCoupon(coupon.code.clone()));
            }
        }
    }

    fn look_at_receipt(&mut self, till: &Till, now_ms: i64, due: &mut Vec<Due>) {
        let open = till.basket().past().map(|past| &past.origin);
        if till.pending().is_none()
            && let Some(held) = self.receipt.take_if(|held| open != Some(&held.what.0))
            // A document that gave it back frees it where it is filed.
            && till.last_sale() == held.what.1
            && !held.is_refused
        {
            due.push(Due::ReleaseReceipt(held.what.0));
        }
        self.behind.take_if(|behind| open != Some(behind));
        let is_behind = self.behind.is_some();
        let Some(open) = open else { return };
        match &mut self.receipt {
            Some(held) if held.what.0 == *open => {
                if (held.is_refused || is_behind) && may_change(till) {
                    due.push(if is_behind { Due::DropReturnBegunBefore } else { Due::DropReturn });
                } else if !held.is_refused && held.is_due(now_ms) {
                    due.push(Due::KeepReceipt(open.clone()));
                }
            }
            Some(_) => {}
            None => {
                self.hold_receipt(open.clone(), till.last_sale(), now_ms);
                due.push(Due::KeepReceipt(open.clone()));
            }
        }
    }
}

fn has(basket: &Basket, code: &str) -> bool {
    basket.coupons().iter().any(|laid| laid.code == code)
}

/// Whether what lies on the counter can be changed: nothing was put against it yet.
fn may_change(till: &Till) -> bool {
    matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_))
        && till.tenders().is_empty()
        && till.payment_of_basket().is_none()
        && till.pending().is_none()
}
