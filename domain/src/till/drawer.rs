//! The shift and its cash: float, movements, counts and reports.

use chrono::NaiveDate;

use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::money::Money;
use crate::record::Record;
use crate::rights::{Act, kept_words};
use crate::shift::{CashMove, DENOMINATIONS_MAX, Denomination, counted};

impl Step {
    pub(super) fn begin_shift(&mut self, context: &Context<'_>, staff: &str, float: Money) {
        let business_date: NaiveDate = context.today();
        self.waive_old_papers();
        self.forget_what_is_over(context);
        let carried = Box::new(self.till.carried());
        self.commit(Record::ShiftOpened {
            number: self.till.shifts_opened.saturating_add(1),
            business_date,
            staff: staff.to_owned(),
            float,
            carried,
        });
    }

    pub(super) fn end_shift(&mut self, staff: &str) {
        let report = self.till.report().map(Box::new);
        self.commit(Record::ShiftClosed { staff: staff.to_owned(), report });
    }

    pub(super) fn open_shift(&mut self, context: &Context<'_>, float: Money) {
        let Some(staff) = self.at_counter() else { return };
        if self.till.shift.is_some() {
            return self.refuse(Message::ShiftIsOpen);
        }
        if !float.is_amount() {
            return self.refuse(Message::AmountRange);
        }
        self.begin_shift(context, &staff.id, float);
        self.effects.push(Effect::OpenDrawer);
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Whoever is signed in, where a shift is open.
    fn in_shift(&mut self) -> Option<String> {
        let staff = self.at_counter()?;
        if self.till.shift.is_none() {
            self.refuse(Message::OpenShiftFirst);
            return None;
        }
        Some(staff.id)
    }

    pub(super) fn move_cash(&mut self, kind: CashMove, amount: Money, reason: &str) {
        let Some(staff) = self.in_shift() else { return };
        if !amount.is_positive() || !amount.is_amount() {
            return self.refuse(Message::AmountRange);
        }
        let reason = kept_words(reason);
        if reason.is_empty() && kind != CashMove::Drop {
            return self.refuse(Message::ReasonNeeded);
        }
        let may = match kind {
            CashMove::PayIn | CashMove::Drop => true,
            CashMove::PayOut => self.allow(Act::TakeOut, |rights| rights.allow(Act::TakeOut)).is_some(),
        };
        if may {
            self.commit(Record::CashMoved { kind, amount, staff, reason });
            self.effects.push(Effect::OpenDrawer);
        }
    }

    pub(super) fn open_drawer(&mut self, reason: &str) {
        let Some(staff) = self.in_shift() else { return };
        let reason = kept_words(reason);
        if reason.is_empty() {
            return self.refuse(Message::ReasonNeeded);
        }
        if self.allow(Act::OpenDrawer, |rights| rights.allow(Act::OpenDrawer)).is_some() {
            self.commit(Record::DrawerOpened { staff, reason });
            self.effects.push(Effect::OpenDrawer);
        }
    }

    pub(super) fn count_cash(&mut self, denominations: Vec<Denomination>) {
        let Some(staff) = self.in_shift() else { return };
        let total = counted(&denominations).filter(|_| denominations.len() <= DENOMINATIONS_MAX);
        let Some(total) = total else { return self.refuse(Message::AmountRange) };
        self.commit(Record::CashCounted { denominations, total, staff });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// The X report. It is a look, not a fact.
    pub(super) fn report(&mut self, context: &Context<'_>) {
        let Some(_) = self.in_shift() else { return };
        let blind = context.settings.rules.blind_count;
        if blind && self.allow(Act::Report, |rights| rights.allow(Act::Report)).is_none() {
            return;
        }
        if let Some(report) = self.till.report() {
            self.effects.push(Effect::Report(Box::new(report)));
        }
    }

    /// The Z report. A difference is recorded and stops nobody; parked baskets
    /// and payments in doubt go on into the next shift.
    pub(super) fn close_shift(&mut self) {
        let Some(staff) = self.in_shift() else { return };
        if !self.till.basket.is_bare() {
            return self.refuse(Message::BasketFirst);
        }
        self.clear_words(&staff);
        let report = self.till.report().map(Box::new);
        self.end_shift(&staff);
        if matches!(self.till.desk, Desk::Selling(_)) {
            self.commit(Record::SignedOut { staff });
        }
        self.effects.extend(report.map(Effect::Report));
    }
}
