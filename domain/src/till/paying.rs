//! Money in and out for a basket, until what was handed over covers it.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Offer, Sound};
use crate::member::PointsMoved;
use crate::money::Money;
use crate::payment::{PAYMENTS_IN_DOUBT_MAX, Purpose};
use crate::points::EarnRule;
use crate::promotion::grant::{self, Given};
use crate::record::Record;
use crate::rights::kept_words;
use crate::sale::{self, Due, Sale, SaleBuyer, Settled};
use crate::tender::{REFERENCE_LENGTH_MAX, TENDERS_MAX, Tender, TenderKind};

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
        if self.must_look_at_phones() {
            return;
        }
        let basket = &self.till.basket;
        if (basket.has_membership() || basket.has_top_up()) && basket.member().is_none() {
            return self.refuse(Message::MemberFirst);
        }
        // A charge in doubt asked for what was due then; it stays due.
        if self.till.payment_of_basket().is_none() {
            self.lower_prices(context);
            self.drop_what_is_over(context);
            self.choose_first_tender(context);
            self.till.basket.ask_for_savings();
        }
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
                    let staff = staff.clone();
                    // A charge in doubt asked for what was due with its wallet.
                    if self.till.payment_of_basket().is_none() && self.till.basket.tender().is_some() {
                        self.commit(Record::TenderChosen { tender: None });
                    }
                    self.till.desk = Desk::Selling(staff);
                }
            }
            Desk::SignedOut | Desk::Selling(_) | Desk::Saving(..) | Desk::Locked(_) => {}
        }
    }

    /// What a screen shows first is what is due in cash, where cash is taken.
    pub(super) fn choose_first_tender(&mut self, context: &Context<'_>) {
        let first = context.settings.rules.kiosk.is_none().then_some(TenderKind::Cash);
        self.choose_tender(context, first);
    }

    /// All of the basket is to be paid with one kind of tender; what promotions
    /// bound to it take off shows in what is due.
    pub(super) fn choose_tender(&mut self, context: &Context<'_>, tender: Option<TenderKind>) {
        let asked = context.promotions().is_ok_and(|set| set.asks_for_tender());
        if self.till.basket.tender() != tender && (asked || self.till.basket.tender().is_some()) {
            self.commit(Record::TenderChosen { tender });
            self.make_savings(context);
        }
    }

    /// What is due where a tender is to pay `amount` of it, or all, and the
    /// kind that all of it is paid with then: a promotion that is bound to a
    /// kind asks that it pays all.
    pub(super) fn due_by(
        &self,
        context: &Context<'_>,
        kind: TenderKind,
        amount: Option<Money>,
    ) -> (Due, Option<TenderKind>) {
        if self.till.tenders.is_empty() {
            let due = self.due_with_tender(context, Some(kind));
            let in_cash = matches!(kind, TenderKind::Cash | TenderKind::ForeignCash);
            if amount.is_none_or(|amount| amount >= if in_cash { due.cash } else { due.exact }) {
                return (due, Some(kind));
            }
        }
        (self.due_with_tender(context, None), None)
    }

    fn due_with_tender(&self, context: &Context<'_>, tender: Option<TenderKind>) -> Due {
        let mut trial = Self::new(self.till.clone(), self.now_ms);
        trial.choose_tender(context, tender);
        trial.till.due(context.settings)
    }

    /// Whether money may be taken or given now: at the payment, and while no
    /// charge of this basket is open or in doubt.
    pub(super) fn may_settle(&mut self) -> bool {
        if !matches!(self.till.desk, Desk::Paying(_)) {
            return false;
        }
        match self.till.payment_of_basket() {
            // What is due stays while a charge for it is open.
            None => !self.drop_value_that_is_over() && !self.drop_points_that_are_over(),
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
        let (due, kind) = self.due_by(context, TenderKind::Cash, None);
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
        self.choose_tender(context, kind);
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
        let (due, kind) = self.due_by(context, tender.kind(), Some(tender.amount()));
        let enough = if tender.is_cash() { due.cash } else { due.exact };
        if tender.amount() >= enough {
            self.choose_tender(context, kind);
            return self.complete(context, Some(tender));
        }
        // One place is kept for what pays the rest.
        if self.till.tenders.len() + 1 >= TENDERS_MAX {
            return self.refuse(Message::TendersFull);
        }
        self.choose_tender(context, kind);
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
                if self.till.basket.has_top_up() {
                    self.refuse(Message::TopUpAlone);
                    return None;
                }
                Tender::Voucher { number, amount: face.min(due.exact) }
            }
            Offer::StoredValue { grant, amount } => self.stored_value(context, &grant, amount, due)?,
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
    pub(super) fn take_tender_back(&mut self, context: &Context<'_>, place: usize) {
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
            Tender::Voucher { .. } | Tender::StoredValue(_) => self.commit(removed),
            Tender::Wallet { wallet, payment, amount, .. } => {
                if self.till.payments.len() >= PAYMENTS_IN_DOUBT_MAX {
                    return self.refuse(Message::TooManyInDoubt);
                }
                self.commit(removed);
                self.refund(wallet, amount, Purpose::Refund { origin: None, payment });
            }
        }
        self.tender_again(context);
    }

    /// Completes the basket where what was put against it covers it.
    pub(super) fn complete_if_covered(&mut self, context: &Context<'_>) {
        if !matches!(self.till.desk, Desk::Paying(_)) || self.till.payment_of_basket().is_some() {
            return;
        }
        if self.drop_value_that_is_over() || self.drop_points_that_are_over() {
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
                Tender::Wallet { wallet, payment, reference, amount, card } => {
                    let purpose = Purpose::Refund { origin: origin.clone(), payment: *payment };
                    let number = self.refund(*wallet, -*amount, purpose);
                    let reference = reference.clone();
                    Tender::Wallet {
                        wallet: *wallet,
                        payment: number,
                        reference,
                        amount: *amount,
                        card: *card,
                    }
                }
                Tender::Cash(_)
                | Tender::ForeignCash { .. }
                | Tender::Voucher { .. }
                | Tender::StoredValue(_) => tender.clone(),
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
        let given = self.given(context);
        let by = Settled {
            buyer: self.buyer(context, &given),
            top_up: self.top_up_of_basket(context),
            given,
            staff,
            currency: &context.settings.currency.code,
            reference_version: context.catalogue.version(),
            rules: context.settings.rules.tax,
            day: self.business_date(context),
        };
        let sale = Sale::settled(&self.till.basket, tenders, due, by);
        // The last record of the step: its number is the sale's.
        self.commit(Record::SaleCompleted { sale: Box::new(sale) });
    }

    /// What the basket is given beside its price.
    fn given(&self, context: &Context<'_>) -> Vec<Given> {
        let Ok(set) = context.promotions() else { return Vec::new() };
        if set.grants().is_empty() || self.till.basket.has_top_up() {
            return Vec::new();
        }
        let ticket = self.ticket(context, &set);
        let nets: Vec<Money> = self.till.basket.lines().iter().map(crate::basket::Line::net).collect();
        grant::given(set.grants(), &ticket.lines, &nets, &ticket.occasion)
    }

    /// Who buys, with the points that the basket earns and that were spent on it.
    fn buyer(&self, context: &Context<'_>, given: &[Given]) -> Option<SaleBuyer> {
        let basket = &self.till.basket;
        let member = basket.member()?;
        let spent = basket.reckoning().points;
        let earning = context.settings.rules.points.earning(&member.tier, grant::points_multiplier(given));
        // Points may be spent where none are earned.
        let nothing = EarnRule { money_per_point: Money::ZERO, multiplier: 0 };
        let rule = earning.unwrap_or(nothing);
        let moved = PointsMoved {
            earned: rule.held(sale::earning(basket.lines())),
            rule,
            spent: spent.points,
            value: spent.value,
            lease: match basket.grant() {
                Some(grant) if spent.points > 0 => grant.lease.clone(),
                Some(_) | None => String::new(),
            },
        };
        Some(SaleBuyer {
            member: member.id.clone(),
            shown: member.shown.clone(),
            tier: member.tier.clone(),
            points: (earning.is_some() || spent.points > 0).then_some(moved),
        })
    }
}
