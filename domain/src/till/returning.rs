//! Goods that come back, with a receipt or without.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::basket::LINES_MAX;
use crate::catalogue::Buyer;
use crate::money::{Money, Quantity};
use crate::price_list;
use crate::pricing;
use crate::record::{Record, Staff};
use crate::refund::{PastSale, ReturnError, ReturnedLine};
use crate::rights::{Act, kept_words};
use crate::stock;
use crate::tax::Taxable;
use crate::value;

impl Step {
    pub(super) fn begin_return(&mut self, context: &Context<'_>, past: PastSale) {
        let Some(_) = self.may_return() else { return };
        if self.till.basket.past().is_some() || !self.till.basket.returns().is_empty() {
            return self.refuse(Message::ReturnOpen);
        }
        if past.currency != context.settings.currency.code || !past.is_within_bounds() {
            return self.refuse(Message::NotReturnable);
        }
        // How much of it is still there, HQ alone knows.
        if past.lines.iter().any(|past| past.line.item.is_top_up()) {
            return self.refuse(Message::TopUpAtHq);
        }
        if past.is_all_back(&[]) {
            return self.refuse(Message::NothingToReturn);
        }
        if !self.till.basket.lines().is_empty() && value::is_part_of(&past.tenders) {
            return self.refuse(Message::ValueBackFirst);
        }
        if self.allow(Act::Return, |rights| rights.allow(Act::Return)).is_some() {
            self.commit(Record::ReturnBegun { past: Box::new(past) });
            self.effects.push(Effect::Sound(Sound::Accepted));
        }
    }

    pub(super) fn return_line(&mut self, context: &Context<'_>, number: u32, thousandths: i64, reason: &str) {
        let Some((staff, reason)) = self.may_return_for(reason) else { return };
        let basket = &self.till.basket;
        let Some(past) = basket.past() else { return self.refuse(Message::NothingToReturn) };
        let weighed = past.lines.iter().any(|past| past.line.number == number && past.line.item.weighed);
        let quantity =
            Quantity::from_thousandths(thousandths).filter(|quantity| weighed || quantity.pieces().is_some());
        let Some(quantity) = quantity else { return self.refuse(Message::QuantityRange) };
        match past.give_back(number, quantity, basket.returns(), reason) {
            Ok(back) => self.take_back(context, back, staff, Act::Return),
            Err(ReturnError::NoLine | ReturnError::TooMuch(0)) => self.refuse(Message::NothingToReturn),
            Err(ReturnError::TooMuch(left)) => self.refuse(Message::ReturnTooMuch { left }),
        }
    }

    pub(super) fn return_blind(
        &mut self,
        context: &Context<'_>,
        sku: &str,
        count: i64,
        unit_price: Option<Money>,
        reason: &str,
    ) {
        let Some((staff, reason)) = self.may_return_for(reason) else { return };
        if self.till.basket.past().is_some() {
            return self.refuse(Message::ReturnOpen);
        }
        let catalogue = context.catalogue;
        let found = catalogue.item_by_sku(sku).and_then(|item| Ok((item, catalogue.promotions()?)));
        let (item, promotions) = match found {
            Err(fault) => return self.refuse(Message::Fault(fault)),
            Ok((None, _)) => return self.refuse(Message::UnknownCode(kept_words(sku))),
            Ok((Some(item), promotions)) => (item, promotions),
        };
        if item.membership {
            return self.refuse(Message::MembershipNeedsReceipt(item));
        }
        let quantity =
            if item.weighed { Quantity::from_thousandths(count) } else { Quantity::from_pieces(count) };
        let Some(quantity) = quantity else { return self.refuse(Message::QuantityRange) };
        // Without a receipt nothing says that more was paid than today.
        let list_price = price_list::list_price(&item, None, Buyer::WalkIn, self.now_ms);
        let Some(list_price) = list_price else { return self.refuse(Message::PriceMissing(item)) };
        let listed = item.at_price(list_price);
        let most = pricing::tag_price(&promotions, &listed, 1, &context.occasion()).price;
        let price = unit_price.unwrap_or(most);
        let amount = price.checked_times(quantity).filter(|_| price.is_positive() && price <= most);
        let Some(amount) = amount else { return self.refuse(Message::AmountRange) };
        let back = ReturnedLine {
            origin: None,
            line: u32::try_from(self.till.basket.returns().len()).unwrap_or(u32::MAX).saturating_add(1),
            code: item.code.clone(),
            quantity,
            stock: stock::beside(&item, None, quantity),
            before: 0,
            amount,
            tax: context.settings.rules.tax.tax(Taxable { rate: item.tax_rate, net: amount }),
            item,
            reason,
            seller: None,
        };
        self.take_back(context, back, staff, Act::BlindReturn);
    }

    pub(super) fn drop_return(&mut self) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        let staff = staff.id.clone();
        if self.till.basket.past().is_none() && self.till.basket.returns().is_empty() {
            return self.refuse(Message::NothingToReturn);
        }
        if self.is_frozen() {
            return;
        }
        self.commit(Record::ReturnDropped { staff });
    }

    /// Whoever is signed in, where goods may come back now.
    fn may_return(&mut self) -> Option<Staff> {
        let staff = self.at_counter()?;
        if self.till.shift.is_none() {
            self.refuse(Message::OpenShiftFirst);
            return None;
        }
        if self.is_frozen() {
            return None;
        }
        if self.till.basket.has_top_up() {
            self.refuse(Message::TopUpAlone);
            return None;
        }
        Some(staff)
    }

    fn may_return_for(&mut self, reason: &str) -> Option<(Staff, String)> {
        let staff = self.may_return()?;
        let reason = kept_words(reason);
        if reason.is_empty() {
            self.refuse(Message::ReasonNeeded);
            return None;
        }
        if self.till.basket.returns().len() >= LINES_MAX {
            self.refuse(Message::BasketFull);
            return None;
        }
        Some((staff, reason))
    }

    fn take_back(&mut self, context: &Context<'_>, back: ReturnedLine, staff: Staff, act: Act) {
        let mode = context.settings.rules.tax.mode;
        let before: Money = self.till.basket.returns().iter().map(|back| back.value(mode)).sum();
        let Some(value) = before.checked_add(back.value(mode)) else {
            return self.refuse(Message::AmountRange);
        };
        if self.allow(act, |rights| rights.allow(act) && value <= rights.refund_max).is_some() {
            self.commit(Record::LineReturned { returned: back, staff: staff.id });
            self.effects.push(Effect::Sound(Sound::Accepted));
        }
    }
}
