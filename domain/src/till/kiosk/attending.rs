//! What a customer may do at a kiosk, and what the attendant does there.

use std::sync::Arc;

use super::{
    AuditFound, BagState, Call, CallEnd, Cause, KioskInput, KioskMessage, KioskRecord, KioskRules,
    RandomSource, Risk, WEIGHINGS_MAX,
};
use crate::basket::Line;
use crate::catalogue::Item;
use crate::money::Money;
use crate::record::{PaperOutcome, Record};
use crate::rights::Act;
use crate::till::step::Step;
use crate::till::{Context, Desk, Effect, Input, Message, Sound, Till};

/// How an input stands with a kiosk's customers.
enum Standing {
    /// They may; what limits it has are looked at where it is done.
    Free,
    /// The attendant may.
    Attended,
    /// It is done at other tills.
    Elsewhere,
}

fn standing(till: &Till, input: &Input) -> Standing {
    match input {
        Input::PinChecked { .. }
        | Input::Approve { .. }
        | Input::Disapprove
        | Input::Code(_)
        | Input::Choose { .. }
        | Input::Weighed { .. }
        | Input::SetQuantity { .. }
        | Input::Void { .. }
        | Input::Park { .. }
        | Input::FindMember(_)
        | Input::Member(_)
        | Input::DropMember
        | Input::Coupon(_)
        | Input::TakeCouponBack { .. }
        | Input::OfferPoints(_)
        | Input::QuotasHeard(_)
        | Input::ReturnLease(_)
        | Input::Back
        | Input::Charge { .. }
        | Input::PaymentAnswered { .. }
        | Input::CardAccepted { .. }
        | Input::GiveUpPayment
        | Input::AskPayment { .. }
        | Input::Tick
        | Input::Reckon
        | Input::Committed { .. }
        // Nobody here asks for it: another lane took it up.
        | Input::ParkedGone { .. }
        | Input::PrinterReady
        | Input::PaperEnded { .. }
        // Who may check an exit is looked at there.
        | Input::Phone(_)
        | Input::Kiosk(_) => Standing::Free,
        // They ask for a right of their own.
        Input::ResolvePayment { .. } | Input::SetPrice { .. } | Input::Discount { .. } => Standing::Free,
        Input::Cancel { .. } if till.basket.lines().is_empty() => Standing::Free,
        Input::Reprint { document: None } if till.kiosk.offered.is_some() => Standing::Free,
        Input::WaivePaper { document } if till.kiosk.offered == Some(*document) => Standing::Free,
        // Only the attendant lets cash pass, and only the attendant is there to take it.
        Input::TakeCash(_)
        | Input::Cancel { .. }
        | Input::Recall { .. }
        | Input::SignOut
        | Input::Lock
        | Input::Reprint { .. }
        | Input::WaivePaper { .. }
        | Input::CloseShift => Standing::Attended,
        Input::Pay
        | Input::ConfirmAge
        | Input::TopUp { .. }
        | Input::ChoosePriced { .. }
        | Input::Department { .. }
        | Input::TakeUp { .. }
        | Input::BeginReturn { .. }
        | Input::ReturnLine { .. }
        | Input::ReturnBlind { .. }
        | Input::NameSeller { .. }
        | Input::Note { .. }
        | Input::DropReturn
        | Input::RegisterMember(_)
        | Input::NameBuyer { .. }
        | Input::MoveStock(_)
        | Input::CountStock(_)
        | Input::BindLabel(_)
        | Input::UnbindLabel { .. }
        | Input::ReplaceLabel { .. }
        | Input::WaiveLabels { .. }
        | Input::Tender(_)
        | Input::TakeTenderBack { .. }
        | Input::PayOut
        | Input::OpenShift { .. }
        | Input::MoveCash { .. }
        | Input::OpenDrawer { .. }
        | Input::CountCash { .. }
        | Input::Report
        | Input::Order { .. } => Standing::Elsewhere,
    }
}

impl Step {
    /// Whether a kiosk goes on to decide an input; otherwise it was refused, or waits for the attendant.
    pub(in crate::till) fn kiosk_takes(&mut self, context: &Context<'_>, input: &Input) -> bool {
        if context.settings.rules.kiosk.is_none() {
            return true;
        }
        if matches!(self.till.desk, Desk::SignedOut | Desk::Locked(_) | Desk::Saving(..)) {
            return true;
        }
        match standing(&self.till, input) {
            Standing::Free => true,
            Standing::Attended => self.attended(),
            Standing::Elsewhere => {
                self.refuse(Message::Kiosk(KioskMessage::NotHere));
                false
            }
        }
    }

    pub(in crate::till) fn attended(&mut self) -> bool {
        self.allow(Act::Attend, |rights| rights.allow(Act::Attend)).is_some()
    }

    pub(in crate::till) fn kiosk(&mut self, context: &Context<'_>, input: KioskInput) {
        let Some(rules) = context.settings.rules.kiosk.clone() else {
            return self.refuse(Message::Kiosk(KioskMessage::NotHere));
        };
        match input {
            KioskInput::Pay { random } => self.kiosk_pay(context, &rules, random),
            KioskInput::Call(cause) => self.call(cause),
            KioskInput::CallOff(cause) => self.call_off(cause),
            KioskInput::Answer { cause, end } => self.answer(context, &rules, cause, end),
            KioskInput::Audited(found) => self.audited(found),
            KioskInput::Bag(input) => self.bag(&rules, input),
        }
    }

    /// Whether an item is sold here.
    pub(in crate::till) fn is_sold_here(&mut self, context: &Context<'_>, item: &Arc<Item>) -> bool {
        let sold = context.settings.rules.kiosk.as_ref().is_none_or(|rules| rules.sells(item));
        if !sold {
            self.refuse(Message::Kiosk(KioskMessage::NotSoldHere(item.clone())));
        }
        sold
    }

    /// Whether so much may be taken out of the basket again; otherwise the attendant is asked. `None` where this is no kiosk.
    pub(in crate::till) fn may_remove(
        &mut self,
        context: &Context<'_>,
        line: &Line,
        net: Money,
    ) -> Option<bool> {
        let rules = context.settings.rules.kiosk.as_ref()?;
        let (most, most_net) = (rules.free_removals, rules.free_removal_net);
        // What a child may not buy is put back by anybody, at any time.
        let unbuyable = line.item.age_restricted && !self.till.basket.age_confirmed();
        let free = unbuyable || self.till.kiosk.removals() < most && net <= most_net;
        Some(free || self.attended())
    }

    fn kiosk_pay(&mut self, context: &Context<'_>, rules: &KioskRules, random: u32) {
        if !matches!(self.till.desk, Desk::Selling(_)) {
            return;
        }
        if self.till.basket.lines().is_empty() {
            return self.refuse(Message::NoLine);
        }
        // What has not come to the bagging scale yet may come in a moment.
        if self.till.kiosk.bagging().state().holds() && self.bag_cause(rules).is_none() {
            self.is_bagged();
            return;
        }
        if self.till.kiosk.drawn().is_none() {
            let risk = self.risk(rules);
            let (drawn, parts) = (rules.audit.draw(random, risk), rules.audit.parts(risk));
            let source = RandomSource::System;
            self.commit(Record::Kiosk(KioskRecord::AuditDrawn { drawn, parts, source }));
        }
        // What was refused is asked about again: something may have changed.
        self.till.kiosk.refused.clear();
        self.make_savings(context);
        if let Some(cause) =
            Cause::ALL.into_iter().find(|cause| cause.holds_payment() && self.holds(rules, *cause))
        {
            return self.refuse(Message::Kiosk(KioskMessage::Wait(cause)));
        }
        self.pay(context);
    }

    /// What speaks for looking at the open basket.
    fn risk(&self, rules: &KioskRules) -> Risk {
        let (basket, kiosk) = (&self.till.basket, &self.till.kiosk);
        let phone = !basket.phones().is_empty();
        Risk {
            removals: kiosk.removals(),
            walk_in: basket.member().is_none(),
            total: basket.total(),
            alarms: kiosk.alarms,
            changes: kiosk.changes,
            phone,
            unchecked: rules.bagging.is_some() && !phone && kiosk.bagging().state() == BagState::Unchecked,
        }
    }

    /// Whether the attendant is needed for this now.
    fn holds(&self, rules: &KioskRules, cause: Cause) -> bool {
        let (till, kiosk) = (&self.till, &self.till.kiosk);
        let selling = matches!(till.desk, Desk::Selling(_));
        let at_counter = matches!(till.desk, Desk::Selling(_) | Desk::Paying(_));
        match cause {
            Cause::Age => selling && till.basket.age_open().next().is_some(),
            Cause::Removal => till.pending.as_ref().is_some_and(|pending| {
                matches!(pending.input.as_ref(), Input::Void { .. } | Input::SetQuantity { .. })
            }),
            Cause::Pieces => selling && rules.has_many_pieces(&till.basket, kiosk.passed_pieces),
            Cause::Total => selling && till.basket.total() > rules.total_max.max(kiosk.passed_total),
            Cause::Payment => {
                let in_doubt = till.payment_of_basket().is_some_and(|payment| !payment.is_active());
                at_counter && (in_doubt || kiosk.failed_payments >= rules.failed_payments_max.max(1))
            }
            Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => {
                selling && self.bag_cause(rules) == Some(cause)
            }
            Cause::Audit => selling && kiosk.drawn().is_some_and(|drawn| drawn.due) && !kiosk.audited,
            Cause::Cash => at_counter && !till.basket.lines().is_empty() && kiosk.is_called(cause),
            Cause::Help | Cause::PriceQuery | Cause::CouponQuery => kiosk.is_called(cause),
        }
    }

    /// Whether a payment may be asked for: not after too many that failed.
    pub(in crate::till) fn may_charge(&mut self, context: &Context<'_>) -> bool {
        let Some(rules) = context.settings.rules.kiosk.clone() else { return true };
        let may = !self.holds(&rules, Cause::Payment);
        if !may {
            self.refuse(Message::Kiosk(KioskMessage::Wait(Cause::Payment)));
        }
        may
    }

    fn call(&mut self, cause: Cause) {
        if cause.comes_by_itself() {
            return self.refuse(Message::Kiosk(KioskMessage::NotHere));
        }
        if !matches!(self.till.desk, Desk::SignedOut | Desk::Locked(_)) && !self.till.kiosk.is_called(cause) {
            self.commit(Record::Kiosk(KioskRecord::Called { cause }));
            self.effects.push(Effect::Sound(Sound::Accepted));
        }
    }

    fn call_off(&mut self, cause: Cause) {
        if !cause.comes_by_itself() && self.till.kiosk.is_called(cause) {
            self.commit(gone(cause));
        }
    }

    fn answer(&mut self, context: &Context<'_>, rules: &KioskRules, cause: Cause, end: CallEnd) {
        if !self.till.kiosk.is_called(cause) {
            return self.refuse(Message::Kiosk(KioskMessage::NoCall(cause)));
        }
        // A removal is approved as what it is; a basket that was drawn is looked at; nobody says that a call is gone.
        let refused = matches!(end, CallEnd::Refused);
        if cause == Cause::Removal || cause == Cause::Audit || end == CallEnd::Gone {
            return self.refuse(Message::Kiosk(KioskMessage::NotHere));
        }
        // Whether it was paid is said otherwise.
        if cause == Cause::Payment && self.till.payment_of_basket().is_some() {
            return self.refuse(Message::Kiosk(KioskMessage::Wait(cause)));
        }
        let act = if cause == Cause::Age { Act::ConfirmAge } else { Act::Attend };
        let (who, reason) = self.approver_words();
        if self.allow(act, |rights| rights.allow(act)).is_none() {
            return;
        }
        let level = match cause {
            _ if refused && !cause.is_of_weight() => 0,
            Cause::Pieces => self.till.basket.pieces(),
            Cause::Total => self.till.basket.total().minor(),
            Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => {
                let found = rules.bagging.as_ref().map(|rules| self.till.kiosk.bagging().found(rules));
                found.map_or(0, |found| found.measured)
            }
            Cause::Age
            | Cause::Removal
            | Cause::Payment
            | Cause::Audit
            | Cause::Cash
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => 0,
        };
        self.commit(Record::Kiosk(KioskRecord::Answered { cause, end, level }));
        if cause.is_of_weight() && !refused {
            let now_ms = self.now_ms;
            let weighing = self.till.kiosk.bagging.accept(now_ms);
            // Only what should not have called anybody says what such goods weigh.
            if let Some(weighing) = weighing.filter(|_| end == CallEnd::FalseAlarm) {
                self.learn(context, weighing, WEIGHINGS_MAX);
            }
        }
        if cause == Cause::Age {
            if refused {
                self.take_out_for_age(&who, &reason);
            } else {
                self.commit(Record::AgeConfirmed { staff: who });
            }
        }
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// What the customer may not buy goes back to the shelf.
    fn take_out_for_age(&mut self, staff: &str, reason: &str) {
        let lines: Vec<u32> = self.till.basket.age_open().map(|line| line.number).collect();
        for line in lines {
            self.commit(Record::LineVoided { line, staff: staff.to_owned(), reason: reason.to_owned() });
        }
    }

    fn audited(&mut self, found: AuditFound) {
        if !self.till.kiosk.is_called(Cause::Audit) {
            return self.refuse(Message::Kiosk(KioskMessage::NoCall(Cause::Audit)));
        }
        if !self.attended() {
            return;
        }
        self.commit(Record::Kiosk(KioskRecord::Audited(found)));
        let end = if found.is_well() { CallEnd::Passed } else { CallEnd::Refused };
        self.commit(Record::Kiosk(KioskRecord::Answered { cause: Cause::Audit, end, level: 0 }));
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Calls out what follows from the basket, and ends what does not any more; and paper that nobody chose is none.
    pub(in crate::till) fn settle_kiosk(&mut self, context: &Context<'_>) {
        let Some(rules) = context.settings.rules.kiosk.clone() else { return };
        // A sale is the last record of its step.
        if matches!(self.till.desk, Desk::Saving(..)) {
            return;
        }
        if let Some(document) = self.till.kiosk.offered
            && !matches!(self.till.desk, Desk::Done(..) | Desk::Locked(_))
        {
            self.till.kiosk.offered = None;
            self.commit(Record::PaperEnded { document, outcome: PaperOutcome::Waived });
        }
        // Nobody stands at a closed lane; its basket waits, and what it waits for.
        if matches!(self.till.desk, Desk::SignedOut | Desk::Locked(_)) {
            return;
        }
        if let Some(bagging) = &rules.bagging {
            self.look_at_bagging(context, bagging);
        }
        self.make_savings_in_time(context);
        // Working it out fully never makes it dearer: what is not too much at a glance is not too much.
        if self.holds(&rules, Cause::Total) {
            self.make_savings(context);
        }
        let calls: Vec<Call> = self.till.kiosk.calls().to_vec();
        for Call { cause, .. } in calls {
            if !self.holds(&rules, cause) {
                self.commit(gone(cause));
            }
        }
        self.till.kiosk.refused = {
            let refused = self.till.kiosk.refused.iter().copied();
            refused.filter(|cause| self.holds(&rules, *cause)).collect()
        };
        for cause in Cause::ALL.into_iter().filter(|cause| cause.comes_by_itself()) {
            let quiet = self.till.kiosk.is_called(cause) || self.till.kiosk.refused.contains(&cause);
            if !quiet && self.holds(&rules, cause) {
                if let Some(bagging) = rules.bagging.as_ref().filter(|_| cause.is_of_weight()) {
                    let found = self.till.kiosk.bagging().found(bagging);
                    self.commit(Record::Kiosk(KioskRecord::BagFound { cause, found }));
                }
                self.commit(Record::Kiosk(KioskRecord::Called { cause }));
            }
        }
    }
}

fn gone(cause: Cause) -> Record {
    Record::Kiosk(KioskRecord::Answered { cause, end: CallEnd::Gone, level: 0 })
}
