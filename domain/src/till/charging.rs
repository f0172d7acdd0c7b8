//! Payments that leave the machine: begun on disk before they are asked for,
//! and never a second one while the first is open.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::barcode::{self, Barcode};
use crate::money::Money;
use crate::payment::{
    Answer, Belongs, Outcome, PAYMENTS_IN_DOUBT_MAX, Payment, PaymentRules, Purpose, Question, Turn,
};
use crate::record::Record;
use crate::rights::{Act, kept_words};
use crate::tender::{CardEnd, REFERENCE_LENGTH_MAX, TENDERS_MAX, TenderKind, Wallet};

impl Step {
    /// Whether a code is a customer's payment code at the payment; it is
    /// charged then.
    pub(super) fn is_payment_code(&mut self, context: &Context<'_>, text: &str) -> bool {
        if !matches!(self.till.desk, Desk::Paying(_)) || context.settings.rules.wallets.is_empty() {
            return false;
        }
        let Barcode::Payment = barcode::recognise(text, &context.settings.codes, context.today()) else {
            return false;
        };
        let code = text.trim();
        self.charge(context, wallet_of(code), code.to_owned(), None);
        true
    }

    pub(super) fn charge(
        &mut self,
        context: &Context<'_>,
        wallet: Wallet,
        code: String,
        amount: Option<Money>,
    ) {
        if !self.may_settle() {
            return;
        }
        if !context.settings.rules.wallets.contains(&wallet) {
            return self.refuse(Message::NoTerminal);
        }
        if !self.may_charge(context) {
            return;
        }
        let charges = |payment: &Payment| payment.purpose == Purpose::Charge && payment.is_active();
        if self.till.payments.iter().any(charges) {
            return self.refuse(Message::PaymentOpen);
        }
        if self.till.payments.len() >= PAYMENTS_IN_DOUBT_MAX {
            return self.refuse(Message::TooManyInDoubt);
        }
        if self.till.tenders.len() + 1 >= TENDERS_MAX {
            return self.refuse(Message::TendersFull);
        }
        let (due, kind) = self.due_by(context, TenderKind::Wallet(wallet), amount);
        let due = due.exact;
        let amount = amount.unwrap_or(due);
        if !amount.is_positive() || amount > due {
            return self.refuse(Message::MoreThanDue { due });
        }
        self.choose_tender(context, kind);
        let payment = Box::new(self.begin(wallet, amount, Purpose::Charge));
        self.effects.push(Effect::Charge { payment, code });
    }

    /// Gives money back to a payment, under a number of its own, which it gives.
    pub(super) fn refund(&mut self, wallet: Wallet, amount: Money, purpose: Purpose) -> u64 {
        let payment = self.begin(wallet, amount, purpose);
        let number = payment.number;
        self.effects.push(Effect::Refund(Box::new(payment)));
        number
    }

    fn begin(&mut self, wallet: Wallet, amount: Money, purpose: Purpose) -> Payment {
        let number = self.till.payment_count.saturating_add(1);
        let payment = Payment::begun(number, wallet, amount, purpose.clone(), self.now_ms);
        self.commit(Record::PaymentBegun { number, wallet, amount, purpose });
        payment
    }

    pub(super) fn payment_answered(&mut self, context: &Context<'_>, number: u64, answer: &Answer) {
        self.hear_of_payment(context, number, answer, None);
    }

    /// The cashier saw a card accepted, and may have typed the end of its number.
    pub(super) fn card_accepted(
        &mut self,
        context: &Context<'_>,
        number: u64,
        reference: &str,
        card: Option<CardEnd>,
    ) {
        let is_card = self.payment(number).is_some_and(|payment| payment.wallet == Wallet::Card);
        let paid = Answer::Paid { reference: reference.to_owned() };
        self.hear_of_payment(context, number, &paid, card.filter(|_| is_card));
    }

    fn hear_of_payment(
        &mut self,
        context: &Context<'_>,
        number: u64,
        answer: &Answer,
        card: Option<CardEnd>,
    ) {
        let now_ms = self.now_ms;
        let Some(payment) = self.payment(number) else { return };
        let turn = payment.answered(PaymentRules::of(payment.wallet), now_ms, answer);
        let said = match answer {
            Answer::Paid { reference } | Answer::NotReversed { reference } => reference,
            Answer::Declined { reason } => reason,
            Answer::Waiting | Answer::Unknown | Answer::Closed | Answer::Reversed => "",
        };
        let said: String = kept_words(said).chars().take(REFERENCE_LENGTH_MAX).collect();
        self.take_turn(context, number, turn, (said, card));
    }

    pub(super) fn tick(&mut self, context: &Context<'_>) {
        let now_ms = self.now_ms;
        let numbers: Vec<u64> = self.till.payments.iter().map(|payment| payment.number).collect();
        for number in numbers {
            // A sale is the last record of its step.
            if matches!(self.till.desk, Desk::Saving(..)) {
                return;
            }
            let Some(payment) = self.payment(number) else { continue };
            let turn = payment.tick(PaymentRules::of(payment.wallet), now_ms);
            self.take_turn(context, number, turn, (String::new(), None));
        }
    }

    pub(super) fn give_up_payment(&mut self) {
        let now_ms = self.now_ms;
        let number = self.till.payment_of_basket().map(|payment| payment.number);
        if let Some(payment) = number.and_then(|number| self.payment(number)) {
            payment.give_up(PaymentRules::of(payment.wallet), now_ms);
        }
    }

    /// A payment that is in doubt and may be asked about by whoever stands here.
    fn doubtful(&mut self, number: u64) -> Option<Payment> {
        match &self.till.desk {
            Desk::Selling(_) | Desk::Paying(_) | Desk::Done(..) => {}
            Desk::SignedOut | Desk::Saving(..) | Desk::Locked(_) => return None,
        }
        let found =
            self.till.payments.iter().find(|payment| payment.number == number && !payment.is_active());
        match found.cloned() {
            None => {
                self.refuse(Message::NoPayment);
                None
            }
            Some(payment) if matches!(payment.belongs, Belongs::Parked(_)) => {
                self.refuse(Message::RecallFirst);
                None
            }
            Some(payment) => Some(payment),
        }
    }

    pub(super) fn ask_payment(&mut self, number: u64) {
        if let Some(payment) = self.doubtful(number) {
            self.effects.push(Effect::QueryPayment(Box::new(payment)));
        }
    }

    pub(super) fn resolve_payment(&mut self, context: &Context<'_>, number: u64, paid: bool, reason: &str) {
        if self.doubtful(number).is_none() {
            return;
        }
        let reason = kept_words(reason);
        if reason.is_empty() {
            return self.refuse(Message::ReasonNeeded);
        }
        if self.allow(Act::ResolvePayment, |rights| rights.allow(Act::ResolvePayment)).is_none() {
            return;
        }
        let outcome = if paid { Outcome::PaidAfterAll } else { Outcome::Closed };
        let reference = reason.chars().take(REFERENCE_LENGTH_MAX).collect();
        self.take_turn(context, number, Turn::Ended(outcome), (reference, None));
    }

    /// Nothing was put against the basket after all: what is due is due as at first.
    pub(super) fn tender_again(&mut self, context: &Context<'_>) {
        let nothing_open = self.till.tenders.is_empty() && self.till.payment_of_basket().is_none();
        if matches!(self.till.desk, Desk::Paying(_)) && nothing_open {
            self.choose_first_tender(context);
        }
    }

    fn payment(&mut self, number: u64) -> Option<&mut Payment> {
        self.till.payments.iter_mut().find(|payment| payment.number == number)
    }

    fn take_turn(
        &mut self,
        context: &Context<'_>,
        number: u64,
        turn: Turn,
        (reference, card): (String, Option<CardEnd>),
    ) {
        match turn {
            Turn::Rest => {}
            Turn::Ask(question) => {
                let Some(payment) = self.payment(number).cloned().map(Box::new) else { return };
                self.effects.push(match question {
                    Question::Query => Effect::QueryPayment(payment),
                    Question::Reverse => Effect::ReversePayment(payment),
                });
            }
            Turn::Ended(outcome) => {
                self.commit(Record::PaymentEnded { number, outcome, reference: reference.clone(), card });
                match outcome {
                    Outcome::Paid | Outcome::PaidAfterAll => {
                        self.effects.push(Effect::Sound(Sound::Accepted));
                        self.complete_if_covered(context);
                    }
                    Outcome::Declined => {
                        self.tender_again(context);
                        self.refuse(Message::PaymentDeclined { reason: reference });
                    }
                    Outcome::Closed | Outcome::Reversed => {
                        self.tender_again(context);
                        self.refuse(Message::PaymentNotTaken);
                    }
                    Outcome::InDoubt => self.refuse(Message::PaymentInDoubt { number }),
                }
            }
        }
    }
}

/// Whose a payment code is: WeChat's begin with 10 to 15, Alipay's with 25 to
/// 30, UnionPay's with 62.
pub fn wallet_of(code: &str) -> Wallet {
    match code.get(..2) {
        Some("62") => Wallet::UnionPay,
        Some("25" | "26" | "27" | "28" | "29" | "30") => Wallet::Alipay,
        _ => Wallet::WeChat,
    }
}
