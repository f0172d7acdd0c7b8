//! Money in and out for a basket, until what was handed over covers it.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Offer, Sound};
use crate::money::Money;
use crate::payment::{PAYMENTS_IN_DOUBT_MAX, Purpose};
use crate::record::Record;
use crate::rights::kept_words;
use crate::sale::{Due, Sale, Settled};
use crate::tender::{REFERENCE_LENGTH_MAX, TENDERS_MAX, Tender};

impl Step {
    pub(super) fn pay(&mut self, context: &Context<'_>) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        let staff = staff.clone();
        if self.till.basket.lines().is_empty() && self.till.basket.returns().is_empty() {
            return self.refuse(Message::NoLine);
        }
        if self.till.basket.age_open().next().is_some() {
            return self.refuse(Message::AgeCheckFirst);
        }
        self.lower_prices(context);
        self.till.basket.ask_for_savings();
        self.till.desk = Desk::Paying(staff);
    }

    pub(super) fn back(&mut self) {
        match &self.till.desk {
            Desk::Done(staff, ..) => self.till.desk = Desk::Selling(staff.clone()),
            Desk::Paying(staff) => {
                if !self.till.tenders.is_empty() {
                    self.refuse(Message::TendersFirst);
                } else if self.till.payment_of_basket().is_some_and(|payment| payment.is_active()) {
                    self.refuse(Message::PaymentOpen);
                } else {
                    self.till.desk = Desk::Selling(staff.clone());
                }
            }
            Desk::SignedOut | Desk::Selling(_) | Desk::Saving(..) | Desk::Locked(_) => {}
        }
    }

    /// Whether money may be taken or given now: at the payment, and while no
    /// charge of this basket is open or in doubt.
    pub(super) fn may_settle(&mut self) -> bool {
        if !matches!(self.till.desk, Desk::Paying(_)) {
            return false;
        }
        match self.till.payment_of_basket() {
            None => true,
            Some(payment) if payment.is_active() => {
                self.refuse(Message::PaymentOpen);
                false
            }
            Some(payment) => {
                let number = payment.number;
                self.refuse(Message::PaymentInDoubt { number });
                false
            }
        }
    }

    pub(super) fn take_cash(&mut self, context: &Context<'_>, cash: Money) {
        if !self.may_settle() {
            return;
        }
        let due = self.till.due(context.settings);
        if due.payable < Money::ZERO {
            return self.refuse(Message::PayOutDue { amount: -due.payable });
        }
        if cash < due.cash {
            // Less than nothing is nothing.
            return self.refuse(Message::TooLittle { missing: due.cash - cash.max(Money::ZERO) });
        }
        if !cash.is_amount() || cash - due.cash > context.settings.change_max {
            return self.refuse(Message::ChangeTooLarge);
        }
        let nothing_more = cash == Money::ZERO && !self.till.tenders.is_empty();
        self.complete(context, (!nothing_more).then_some(Tender::Cash(cash)));
    }

    pub(super) fn take_offer(&mut self, context: &Context<'_>, offer: Offer) {
        if !self.may_settle() {
            return;
        }
        let due = self.till.due(context.settings);
        if due.payable < Money::ZERO {
            return self.refuse(Message::PayOutDue { amount: -due.payable });
        }
        let Some(tender) = self.tender(context, offer, &due) else { return };
        let enough = if tender.is_cash() { due.cash } else { due.exact };
        if tender.amount() >= enough {
            return self.complete(context, Some(tender));
        }
        // One place is kept for what pays the rest.
        if self.till.tenders.len() + 1 >= TENDERS_MAX {
            return self.refuse(Message::TendersFull);
        }
        self.commit(Record::TenderAdded { tender });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// What an offer counts for; refuses what is none.
    fn tender(&mut self, context: &Context<'_>, offer: Offer, due: &Due) -> Option<Tender> {
        let tender = match offer {
            Offer::Cash(amount) => Tender::Cash(amount),
            Offer::ForeignCash { currency, amount } => {
                let Some(known) =
                    context.settings.rules.foreign.iter().find(|known| known.currency == currency)
                else {
                    self.refuse(Message::UnknownCurrency);
                    return None;
                };
                let Some(value) = amount.at_rate(known.rate).filter(|_| amount.is_amount()) else {
                    self.refuse(Message::AmountRange);
                    return None;
                };
                Tender::ForeignCash { currency, amount, rate: known.rate, value }
            }
            Offer::Voucher { number, face } => {
                let number: String = kept_words(&number).chars().take(REFERENCE_LENGTH_MAX).collect();
                let is_it = |tender: &Tender| matches!(tender, Tender::Voucher { number: known, .. } if *known == number);
                if number.is_empty() || self.till.tenders.iter().any(is_it) {
                    self.refuse(Message::NoTender);
                    return None;
                }
                if due.exact == Money::ZERO {
                    self.refuse(Message::MoreThanDue { due: Money::ZERO });
                    return None;
                }
                Tender::Voucher { number, amount: face.min(due.exact) }
            }
        };
        if !tender.amount().is_positive() || !tender.amount().is_amount() {
            self.refuse(Message::AmountRange);
            return None;
        }
        if tender.is_cash() && tender.amount() - due.cash > context.settings.change_max {
            self.refuse(Message::ChangeTooLarge);
            return None;
        }
        Some(tender)
    }

    /// A tender goes back to the customer: cash and vouchers over the
    /// counter, a payment by code as a refund of it.
    pub(super) fn take_tender_back(&mut self, place: usize) {
        if !self.may_settle() {
            return;
        }
        let Some(tender) = self.till.tenders.get(place).cloned() else {
            return self.refuse(Message::NoTender);
        };
        // No more than TENDERS_MAX stand there.
        let removed = Record::TenderRemoved { place: u32::try_from(place).unwrap_or(u32::MAX) };
        match tender {
            Tender::Cash(_) | Tender::ForeignCash { .. } => {
                self.commit(removed);
                self.effects.push(Effect::OpenDrawer);
            }
            Tender::Voucher { .. } => self.commit(removed),
            Tender::Wallet { wallet, payment, amount, .. } => {
                if self.till.payments.len() >= PAYMENTS_IN_DOUBT_MAX {
                    return self.refuse(Message::TooManyInDoubt);
                }
                self.commit(removed);
                self.refund(wallet, amount, Purpose::Refund { origin: None, payment });
            }
        }
    }

    /// Completes the basket where what was put against it covers it.
    pub(super) fn complete_if_covered(&mut self, context: &Context<'_>) {
        if !matches!(self.till.desk, Desk::Paying(_)) || self.till.payment_of_basket().is_some() {
            return;
        }
        let due = self.till.due(context.settings);
        if due.exact == Money::ZERO && due.payout.is_empty() && due.payable >= Money::ZERO {
            self.complete(context, None);
        }
    }

    /// Change comes out of cash alone. More by other means than what is due is
    /// never asked for, but settings may change under a basket.
    fn gives_change(tenders: &[Tender], due: &Due) -> bool {
        let in_cash: Money = tenders.iter().filter(|tender| tender.is_cash()).map(Tender::amount).sum();
        due.change <= in_cash.max(Money::ZERO)
    }

    /// The basket is paid with what was put against it and this.
    fn complete(&mut self, context: &Context<'_>, last: Option<Tender>) {
        let Desk::Paying(staff) = &self.till.desk else { return };
        let staff = staff.clone();
        let mut tenders = self.till.tenders.clone();
        tenders.extend(last);
        let due = self.till.due_with(context.settings, &tenders);
        if !Self::gives_change(&tenders, &due) {
            return self.refuse(Message::MoreThanDue { due: due.payable });
        }
        self.commit_sale(context, staff, tenders, &due);
    }

    pub(super) fn pay_out(&mut self, context: &Context<'_>) {
        if !self.may_settle() {
            return;
        }
        let Desk::Paying(staff) = &self.till.desk else { return };
        let staff = staff.clone();
        let due = self.till.due(context.settings);
        if due.payable > Money::ZERO {
            return self.refuse(Message::TooLittle { missing: due.cash });
        }
        let wallets = due.payout.iter().filter(|tender| matches!(tender, Tender::Wallet { .. })).count();
        if self.till.payments.len() + wallets > PAYMENTS_IN_DOUBT_MAX {
            return self.refuse(Message::TooManyInDoubt);
        }
        let origin = self.till.basket.past().map(|past| past.origin.clone());
        let mut tenders = self.till.tenders.clone();
        for tender in &due.payout {
            tenders.push(match tender {
                Tender::Wallet { wallet, payment, reference, amount } => {
                    let purpose = Purpose::Refund { origin: origin.clone(), payment: *payment };
                    let number = self.refund(*wallet, -*amount, purpose);
                    let reference = reference.clone();
                    Tender::Wallet { wallet: *wallet, payment: number, reference, amount: *amount }
                }
                Tender::Cash(_) | Tender::ForeignCash { .. } | Tender::Voucher { .. } => tender.clone(),
            });
        }
        self.commit_sale(context, staff, tenders, &due);
    }

    fn commit_sale(
        &mut self,
        context: &Context<'_>,
        staff: crate::record::Staff,
        tenders: Vec<Tender>,
        due: &Due,
    ) {
        let by = Settled {
            staff,
            currency: &context.settings.currency.code,
            reference_version: context.catalogue.version(),
            rules: context.settings.rules.tax,
        };
        let sale = Sale::settled(&self.till.basket, tenders, due, by);
        // The last record of the step: its number is the sale's.
        self.commit(Record::SaleCompleted { sale: Box::new(sale) });
    }
}
