//! What a till does with a phone's basket, and who it lets leave.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::barcode::{self, Barcode};
use crate::basket::Basket;
use crate::phone::{
    CodeKind, ExitRight, PHONES_MAX, PhoneBasket, PhoneInput, PhoneLine, PhoneMessage, PhoneRecord,
    TakenBasket, TakenLine, Taking, Unsold, Unusable,
};
use crate::record::Record;
use crate::till::kiosk::{AUDIT_PARTS, Drawn, KioskMessage};

impl Step {
    pub(super) fn phone(&mut self, context: &Context<'_>, input: PhoneInput) {
        match input {
            PhoneInput::Take(basket) => self.take_phone_basket(context, &basket),
            PhoneInput::Look => self.look_at_phones(),
            PhoneInput::CheckExit { exit, random } => self.check_exit(context, exit, random),
            PhoneInput::Audited { id, found } => {
                let Some(staff) = self.who_attends(context) else { return };
                self.commit(Record::Phone(PhoneRecord::ExitAudited { id, staff, found }));
                self.effects.push(Effect::Sound(Sound::Accepted));
                self.tell(Message::Phone(PhoneMessage::AuditKept { is_well: found.is_well() }));
            }
            PhoneInput::Refuse { kind, why } => self.refuse_code(kind, why),
        }
    }

    /// A code that does not count: written down where somebody works here, so that whoever tries is seen.
    fn refuse_code(&mut self, kind: CodeKind, why: Unusable) {
        let is_open = !matches!(self.till.desk, Desk::SignedOut | Desk::Locked(_) | Desk::Saving(..));
        if is_open {
            self.commit(Record::Phone(PhoneRecord::Refused { kind, why }));
        }
        self.refuse(Message::Phone(PhoneMessage::Refused { kind, why }));
    }

    fn take_phone_basket(&mut self, context: &Context<'_>, basket: &PhoneBasket) {
        if !self.may_add() {
            return;
        }
        if let Err(error) = self.till.used_codes.check(basket.id, self.now_ms) {
            return self.refuse_code(CodeKind::Basket, error.into());
        }
        if self.till.basket.phones().len() >= PHONES_MAX {
            return self.refuse(Message::Phone(PhoneMessage::PhonesFull));
        }
        let sold = |basket: &Basket| basket.sums(context.settings.rules.tax).sold;
        self.make_savings(context);
        let before = sold(&self.till.basket);
        let lines: Vec<TakenLine> =
            basket.lines.iter().map(|line| self.take_phone_line(context, line)).collect();
        self.make_savings(context);
        let taken = TakenBasket {
            id: basket.id,
            until_ms: basket.until_ms,
            shown: basket.total,
            charged: sold(&self.till.basket) - before,
            lines,
            seen: false,
        };
        let (count, left_out) = taken.counts();
        if count == 0 {
            return self.refuse(Message::Phone(PhoneMessage::NothingSold));
        }
        let differs = !taken.differences(self.till.basket.lines()).is_empty();
        self.commit(Record::Phone(PhoneRecord::BasketTaken(taken)));
        self.effects.push(Effect::Sound(Sound::Accepted));
        self.tell(Message::Phone(PhoneMessage::Taken { lines: count, left_out, differs }));
    }

    /// A line of a phone as if it were scanned here; all of its pieces or none.
    fn take_phone_line(&mut self, context: &Context<'_>, wanted: &PhoneLine) -> TakenLine {
        let (till, effects) = (self.till.clone(), self.effects.len());
        let taking = match self.scan_phone_line(context, wanted) {
            Ok(numbers) => Taking::Lines(numbers),
            Err((why, sku)) => {
                self.till = till;
                self.effects.truncate(effects);
                Taking::LeftOut { why, sku }
            }
        };
        TakenLine { code: wanted.code.clone(), pieces: wanted.pieces, shown: wanted.shown, taking }
    }

    fn scan_phone_line(
        &mut self,
        context: &Context<'_>,
        wanted: &PhoneLine,
    ) -> Result<Vec<u32>, (Unsold, String)> {
        let mut numbers = vec![self.scan_phone_code(context, &wanted.code)?];
        if wanted.pieces > 1 {
            let (line, pieces) = (numbers[0], i64::from(wanted.pieces));
            match self.quietly(|step| step.set_quantity(context, line, pieces)) {
                // Each piece has a label of its own: it was scanned as often as that.
                Some(Message::QuantityWeighed) => {
                    for _ in 1..wanted.pieces {
                        numbers.push(self.scan_phone_code(context, &wanted.code)?);
                    }
                }
                Some(message) => return Err(unsold(&message)),
                None => {}
            }
        }
        Ok(numbers)
    }

    /// The number of the line that a code became.
    fn scan_phone_code(&mut self, context: &Context<'_>, code: &str) -> Result<u32, (Unsold, String)> {
        // Whatever HQ signed: from a phone come goods, and nobody's card or coupon.
        match barcode::recognise(code, &context.settings.codes, context.today()) {
            Barcode::Goods(_) | Barcode::Scale(_) | Barcode::ItemCode(_) => {}
            Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Misread(..)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::Malformed(_)
            | Barcode::Other(_) => return Err((Unsold::NotGoods, String::new())),
        }
        let before = self.till.basket.numbers_given();
        let told = self.quietly(|step| step.code(context, code));
        let added = self.till.basket.lines().last().filter(|line| line.number > before);
        match (added, told) {
            (Some(line), _) => Ok(line.number),
            (None, Some(message)) => Err(unsold(&message)),
            (None, None) => Err((Unsold::NotGoods, String::new())),
        }
    }

    /// Does something without a sound or a word; gives the first word that it had.
    fn quietly(&mut self, act: impl FnOnce(&mut Self)) -> Option<Message> {
        let begin = self.effects.len();
        act(self);
        let mut told = None;
        for effect in self.effects.split_off(begin) {
            match effect {
                Effect::Commit(record) => self.effects.push(Effect::Commit(record)),
                Effect::Tell(message) => told = told.or(Some(message)),
                // Nothing of a phone lies on the scale.
                Effect::Weigh(goods) => {
                    told = told.or(Some(Message::WeightNeeded(goods.item.clone())));
                }
                Effect::Sound(_)
                | Effect::OpenDrawer
                | Effect::Print { .. }
                | Effect::Charge { .. }
                | Effect::Refund(_)
                | Effect::QueryPayment(_)
                | Effect::ReversePayment(_)
                | Effect::Ask(_)
                | Effect::Report(_) => {}
            }
        }
        told
    }

    fn look_at_phones(&mut self) {
        let unseen = self.till.basket.phones().iter().any(|taken| !taken.seen);
        if unseen && matches!(self.till.desk, Desk::Selling(_) | Desk::Paying(_)) {
            self.commit(Record::Phone(PhoneRecord::DifferencesSeen));
        }
    }

    /// Whether somebody must look at what a phone showed before the basket is paid.
    pub(super) fn must_look_at_phones(&mut self) -> bool {
        let basket = &self.till.basket;
        let must = basket.phones().iter().any(|taken| taken.is_to_be_seen(basket.lines()));
        if must {
            self.refuse(Message::Phone(PhoneMessage::LookFirst));
        }
        must
    }

    /// Who looks after customers who leave: whoever is signed in, at a kiosk the attendant.
    fn who_attends(&mut self, context: &Context<'_>) -> Option<String> {
        let (approver, _) = self.approver_words();
        if context.settings.rules.kiosk.is_some() {
            if matches!(self.till.desk, Desk::Paying(_) | Desk::Saving(..)) {
                self.refuse(Message::Kiosk(KioskMessage::NotHere));
                return None;
            }
            if !matches!(self.till.desk, Desk::SignedOut | Desk::Locked(_)) && !self.attended() {
                return None;
            }
        }
        if matches!(self.till.desk, Desk::Paying(_)) {
            self.refuse(Message::ScanWhilePaying);
            return None;
        }
        let staff = self.at_counter()?;
        Some(if approver.is_empty() { staff.id } else { approver })
    }

    fn check_exit(&mut self, context: &Context<'_>, exit: ExitRight, random: u32) {
        let Some(staff) = self.who_attends(context) else { return };
        if let Err(error) = self.till.used_codes.check(exit.id, self.now_ms) {
            return self.refuse_code(CodeKind::Exit, error.into());
        }
        let chance = context.settings.rules.exit_audit.min(AUDIT_PARTS);
        let drawn = (chance > 0).then_some(Drawn::of(random, chance));
        let audit = drawn.is_some_and(|drawn| drawn.due);
        self.commit(Record::Phone(PhoneRecord::ExitChecked { exit: exit.clone(), staff, drawn }));
        self.effects.push(Effect::Sound(Sound::Accepted));
        self.tell(Message::Phone(PhoneMessage::ExitPassed { exit, audit }));
    }
}

impl super::Till {
    pub(super) fn apply_phone(&mut self, at_ms: i64, record: &PhoneRecord) {
        match record {
            PhoneRecord::BasketTaken(taken) => {
                // What was decided stands, also in a book that is full.
                let _ = self.used_codes.take(taken.id, taken.until_ms, at_ms);
                self.basket.take_phone(taken.clone());
            }
            PhoneRecord::DifferencesSeen => self.basket.see_phones(),
            PhoneRecord::ExitChecked { exit, .. } => {
                let _ = self.used_codes.take(exit.id, exit.until_ms, at_ms);
            }
            PhoneRecord::ExitAudited { .. } | PhoneRecord::Refused { .. } => {}
        }
    }
}

/// Why a code did not become a line, and of what.
// A till says much that goods of a phone cannot bring about: all that is no word about goods is one about none.
#[allow(clippy::wildcard_enum_match_arm)]
fn unsold(message: &Message) -> (Unsold, String) {
    let of = |why, item: &crate::catalogue::Item| (why, item.sku.clone());
    match message {
        Message::UnknownCode(_) => (Unsold::Unknown, String::new()),
        Message::Expired { item, .. } => of(Unsold::Expired, item),
        Message::SerialInBasket { item, .. } => of(Unsold::Again, item),
        Message::WeightNeeded(item) | Message::WeightByScaleOnly(item) => of(Unsold::Weigh, item),
        Message::NotWeighed { item, .. } => of(Unsold::Weigh, item),
        Message::PriceNeeded(item) | Message::PriceMissing(item) => of(Unsold::Price, item),
        Message::Kiosk(KioskMessage::NotSoldHere(item)) => of(Unsold::NotHere, item),
        Message::QuantityRange | Message::BasketFull => (Unsold::Quantity, String::new()),
        Message::Fault(_) => (Unsold::Fault, String::new()),
        _ => (Unsold::NotGoods, String::new()),
    }
}
