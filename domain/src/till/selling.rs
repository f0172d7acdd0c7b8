//! What people take off prices, and baskets that are put aside.

use std::sync::Arc;

use super::step::Step;
use super::{Desk, Effect, Message, Sound};
use crate::basket::{Cut, Discount, LINES_MAX};
use crate::money::{BASIS_POINTS, Money};
use crate::record::Record;
use crate::rights::{Act, kept_words};
use crate::seller::Seller;
use crate::shift::{PARKED_LINES_MAX, PARKED_MAX, Parked, ParkedId};
use crate::tender::Tender;

impl Step {
    pub(super) fn discount_line(&mut self, number: u32, cut: Option<Cut>, reason: &str) {
        let Some((line, staff)) = self.line(number) else { return };
        let Some(cut) = cut else {
            if line.discount.is_none() {
                return self.refuse(Message::DiscountRange);
            }
            return self.commit(Record::LineDiscounted { line: number, discount: None, staff: staff.id });
        };
        if line.item.no_promotion {
            return self.refuse(Message::NotReducible(line.item));
        }
        if let Some(discount) = self.discount(line.price(), cut, reason) {
            let discount = Some(discount);
            self.commit(Record::LineDiscounted { line: number, discount, staff: staff.id });
        }
    }

    pub(super) fn discount_basket(&mut self, cut: Option<Cut>, reason: &str) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        let staff = staff.id.clone();
        if self.till.basket.lines().is_empty() {
            return self.refuse(Message::NoLine);
        }
        if self.is_frozen() {
            return;
        }
        let Some(cut) = cut else {
            if self.till.basket.discount().is_none() {
                return self.refuse(Message::DiscountRange);
            }
            return self.commit(Record::BasketDiscounted { discount: None, staff });
        };
        if let Some(discount) = self.discount(self.till.basket.reducible(), cut, reason) {
            self.commit(Record::BasketDiscounted { discount: Some(discount), staff });
        }
    }

    /// A discount off a price, where it makes sense and somebody may give it.
    fn discount(&mut self, price: Money, cut: Cut, reason: &str) -> Option<Discount> {
        let needed = match cut {
            Cut::Part(points) => (1..=BASIS_POINTS).contains(&points).then_some(points),
            Cut::Amount(amount) if amount.is_positive() && amount <= price => price.basis_points_of(amount),
            Cut::Amount(_) => None,
        };
        let Some(needed) = needed else {
            self.refuse(Message::DiscountRange);
            return None;
        };
        let reason = kept_words(reason);
        if reason.is_empty() {
            self.refuse(Message::ReasonNeeded);
            return None;
        }
        let by =
            self.allow(Act::Discount, |rights| rights.allow(Act::Discount) && needed <= rights.discount_max)?;
        Some(Discount { cut, most: by.discount_max, reason })
    }

    /// Somebody is credited for a line or for the basket, at the goods or at
    /// the payment: it changes no price.
    pub(super) fn name_seller(&mut self, line: Option<u32>, seller: Option<Arc<Seller>>) {
        let Some(staff) = self.at_basket() else { return };
        let basket = &self.till.basket;
        let before = match line {
            None => basket.seller(),
            Some(number) => match basket.line(number) {
                None => return self.refuse(Message::NoLine),
                Some(line) => line.seller.as_ref(),
            },
        };
        if before != seller.as_ref() {
            self.commit(Record::SellerNamed { line, seller, staff });
        }
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Something is noted of a line or of the basket. Of no goods there is
    /// nothing to note.
    pub(super) fn write_note(&mut self, line: Option<u32>, note: &str) {
        let Some(staff) = self.at_basket() else { return };
        let basket = &self.till.basket;
        let before = match line {
            None if basket.is_empty() => return self.refuse(Message::NoLine),
            None => basket.note(),
            Some(number) => match basket.line(number) {
                None => return self.refuse(Message::NoLine),
                Some(line) => &line.note,
            },
        };
        let note = kept_words(note);
        if before != note {
            self.commit(Record::NoteWritten { line, note, staff });
        }
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Takes from an empty basket who would be credited for it, and its note.
    pub(super) fn clear_words(&mut self, staff: &str) {
        if self.till.basket.seller().is_some() {
            self.commit(Record::SellerNamed { line: None, seller: None, staff: staff.to_owned() });
        }
        if !self.till.basket.note().is_empty() {
            let note = String::new();
            self.commit(Record::NoteWritten { line: None, note, staff: staff.to_owned() });
        }
    }

    /// The id of who is signed in, where a basket is open; one that is being
    /// paid is open too.
    fn at_basket(&mut self) -> Option<String> {
        match &self.till.desk {
            Desk::Paying(staff) => Some(staff.id.clone()),
            Desk::SignedOut | Desk::Selling(_) | Desk::Saving(..) | Desk::Done(..) | Desk::Locked(_) => {
                self.at_counter().map(|staff| staff.id)
            }
        }
    }

    pub(super) fn park(&mut self, note: &str) {
        // A charge that nobody knows the end of must not hold up who comes next.
        let doubtful = self.till.payment_of_basket().is_some_and(|payment| !payment.is_active());
        let staff = match &self.till.desk {
            Desk::Selling(staff) => staff.id.clone(),
            Desk::Paying(staff) if doubtful => staff.id.clone(),
            Desk::SignedOut | Desk::Paying(_) | Desk::Saving(..) | Desk::Done(..) | Desk::Locked(_) => return,
        };
        let basket = &self.till.basket;
        if basket.past().is_some() || !basket.returns().is_empty() {
            return self.refuse(Message::ReturnOpen);
        }
        if basket.lines().is_empty() {
            return self.refuse(Message::NoLine);
        }
        let parked = &self.till.parked;
        let lines: usize = parked.iter().map(|parked| parked.basket.lines().len()).sum();
        if parked.len() >= PARKED_MAX || lines + basket.lines().len() > PARKED_LINES_MAX {
            return self.refuse(Message::ParkedFull);
        }
        let number = self.till.parked_count.saturating_add(1);
        let back = self.hand_back();
        self.commit(Record::BasketParked { basket: number, staff, note: kept_words(note) });
        self.offer(number);
        self.tell(if back == Money::ZERO {
            Message::BasketParked { basket: number }
        } else {
            Message::BasketParkedMoneyBack { basket: number, back }
        });
    }

    /// Says what lies in a parked basket, so that another lane can take it up.
    /// One in which there is money is recalled where that was taken.
    fn offer(&mut self, number: u32) {
        if !self.till.is_lendable(number) {
            return;
        }
        let parked = self.till.parked.iter().find(|parked| parked.number == number).cloned();
        if let Some(parked) = parked {
            self.commit(Record::BasketOffered { parked: Box::new(parked) });
        }
    }

    /// Cash and vouchers do not lie in a drawer for a basket that nobody has
    /// paid: they go back over the counter. Gives what they were worth.
    fn hand_back(&mut self) -> Money {
        let mut back = Money::ZERO;
        let mut opens = false;
        for place in (0..self.till.tenders.len()).rev() {
            let tender = &self.till.tenders[place];
            if matches!(tender, Tender::Wallet { .. }) {
                continue;
            }
            // To its account, and not over the counter.
            if !matches!(tender, Tender::StoredValue(_)) {
                back += tender.amount();
            }
            opens |= tender.is_cash();
            // No more than TENDERS_MAX stand there.
            self.commit(Record::TenderRemoved { place: u32::try_from(place).unwrap_or(u32::MAX) });
        }
        if opens {
            self.effects.push(Effect::OpenDrawer);
        }
        back
    }

    /// Who takes a basket up, where one can be taken up now.
    fn with_empty_counter(&mut self) -> Option<String> {
        let staff = self.at_counter()?;
        if self.till.shift.is_none() {
            self.refuse(Message::OpenShiftFirst);
            return None;
        }
        if !self.till.basket.is_bare() {
            self.refuse(Message::BasketFirst);
            return None;
        }
        Some(staff.id)
    }

    pub(super) fn recall(&mut self, basket: u32) {
        let Some(staff) = self.with_empty_counter() else { return };
        if !self.till.parked.iter().any(|parked| parked.number == basket) {
            return self.refuse(Message::NotParked);
        }
        self.commit(Record::BasketRecalled { basket, staff });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// A basket of another lane: its lower prices stand, promotions are worked
    /// out here, and coupons are shown again, since that lane may spend them.
    pub(super) fn take_up(&mut self, from: ParkedId, parked: Parked) {
        let Some(staff) = self.with_empty_counter() else { return };
        let lines = parked.basket.lines();
        let is_sound = parked.tenders.is_empty()
            && (1..=LINES_MAX).contains(&lines.len())
            && lines.iter().all(|line| line.is_within_bounds() && !line.item.is_top_up());
        if !is_sound {
            return self.refuse(Message::NotParked);
        }
        let coupons = parked.basket.coupons().len();
        self.commit(Record::BasketTaken { from, parked: Box::new(parked), staff });
        self.effects.push(Effect::Sound(Sound::Accepted));
        self.tell(Message::BasketTaken { lane: from.lane, coupons });
    }

    /// Another lane has it: it is no basket of this one any more.
    pub(super) fn lose_parked(&mut self, basket: u32, lane: u32) {
        if self.at_counter().is_none() {
            return;
        }
        if !self.till.is_lendable(basket) {
            return self.refuse(Message::NotParked);
        }
        self.commit(Record::BasketGone { basket, lane });
        self.tell(Message::BasketGone { basket, lane });
    }
}
