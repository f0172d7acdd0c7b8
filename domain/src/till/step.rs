//! What an input means: the decisions of [`Till::step`](super::Till::step). It changes the till by records only.

use std::sync::Arc;

use chrono::NaiveDate;

use super::goods::Priced;
use super::{Context, Desk, Effect, Input, Message, Paper, Pending, Sound, Till};
use crate::barcode::element::{ElementError, ElementFault};
use crate::barcode::{self, Barcode, Goods, Misread, ScaleLabelError, symbology};
use crate::basket::{LINES_MAX, Line, Trace, WeighedBy};
use crate::catalogue::{Found, Item};
use crate::money::{Currency, Money, Quantity};
use crate::record::{PaperOutcome, Record, Staff};
use crate::rights::{Act, Rights, kept_words};
use crate::tender::Tender;
use crate::value;

/// How much of a phone's code is shown where it cannot be used.
const PHONE_CODE_SHOWN: usize = 12;

/// How much of an item joins the basket.
pub(super) enum Measure {
    /// Nothing was said.
    Single,
    /// A number was typed, or stands in the code.
    Counted(Quantity),
    /// The lane's scale, or a person, said what it weighs.
    Weighed(Quantity, WeighedBy),
    /// A scale said it.
    Label(barcode::ScaleLabel),
}

impl Measure {
    /// What a code says of how much of an item it stands for. A weight on
    /// goods that are sold by the piece does not matter.
    fn of(item: &Item, goods: &Goods, currency: &Currency) -> Result<Self, ElementFault> {
        let amount = match goods.price {
            None => None,
            Some(price) => Some(price.amount(currency).ok_or(ElementFault::Currency)?),
        };
        // Whoever sells weighed goods is asked for their weight.
        let measured = goods.weight.is_some() || goods.count.is_some() || amount.is_some();
        if goods.gtin.is_variable_measure() && !item.weighed && !measured {
            return Err(ElementFault::MeasureMissing);
        }
        let measure = if item.weighed { goods.weight } else { goods.count };
        Ok(match (measure, amount) {
            (None, None) => Self::Single,
            (Some(measure), None) => Self::Counted(measure),
            (measure, Some(_)) => {
                // Of weighed goods, the price tells the weight.
                let weight = if item.weighed { measure } else { Some(measure.unwrap_or(Quantity::ONE)) };
                Self::Label(barcode::ScaleLabel { plu: String::new(), weight, amount })
            }
        })
    }
}

/// Who lets somebody do what they may not do alone.
pub(super) struct Approver {
    pub(super) staff: String,
    pub(super) rights: Rights,
    pub(super) reason: String,
}

/// A step while it is being decided.
pub(super) struct Step {
    pub(super) till: Till,
    pub(super) effects: Vec<Effect>,
    pub(super) now_ms: i64,
    /// What is being decided, for whoever may have to approve it.
    asked: Option<Input>,
    approver: Option<Approver>,
}

impl Step {
    pub(super) fn new(till: Till, now_ms: i64) -> Self {
        Self { till, effects: Vec::new(), now_ms, asked: None, approver: None }
    }

    // Whatever else is asked for is decided below, where every input is named.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub(super) fn decide(&mut self, context: &Context<'_>, input: Input) {
        match input {
            Input::Approve { staff, rights, matches, reason } => match self.till.pending.clone() {
                None => self.refuse(Message::NothingToApprove),
                Some(pending) => {
                    if self.approved_by(staff, rights, matches, &reason) {
                        self.decide_one(context, *pending.input);
                    }
                }
            },
            Input::Disapprove => self.till.pending = None,
            _ => {
                // What comes by itself does not put a question away.
                if !comes_by_itself(&input) {
                    self.till.pending = None;
                }
                self.decide_one(context, input);
            }
        }
        self.settle_kiosk(context);
    }

    fn decide_one(&mut self, context: &Context<'_>, input: Input) {
        self.asked = Some(input.clone());
        if !self.kiosk_takes(context, &input) {
            return;
        }
        match input {
            Input::PinChecked { staff, rights, matches } => self.pin_checked(context, staff, rights, matches),
            Input::SignOut => self.sign_out(),
            Input::Lock => self.lock(),
            Input::Code(text) => self.code(context, &text),
            Input::Choose { sku, count } => self.choose(context, &sku, count),
            Input::Weighed { goods, answer } => self.weighed(context, &goods, answer),
            Input::ChoosePriced { sku, price } => self.choose_priced(context, &sku, price),
            Input::Department { code, price } => self.department(context, &code, price),
            Input::SetQuantity { line, pieces } => self.set_quantity(context, line, pieces),
            Input::SetPrice { line, unit_price, reason } => self.set_price(line, unit_price, &reason),
            Input::Discount { line: Some(line), cut, reason } => self.discount_line(line, cut, &reason),
            Input::Discount { line: None, cut, reason } => self.discount_basket(cut, &reason),
            Input::NameSeller { line, seller } => self.name_seller(line, seller),
            Input::Note { line, note } => self.write_note(line, &note),
            Input::Void { line, reason } => self.void(context, line, &reason),
            Input::Cancel { reason } => self.cancel(context, &reason),
            Input::Park { note } => self.park(&note),
            Input::Recall { basket } => self.recall(basket),
            Input::TakeUp { from, parked } => self.take_up(from, *parked),
            Input::ParkedGone { basket, lane } => self.lose_parked(basket, lane),
            Input::BeginReturn { past } => self.begin_return(context, *past),
            Input::ReturnLine { line, thousandths, reason } => {
                self.return_line(context, line, thousandths, &reason)
            }
            Input::ReturnBlind { sku, count, unit_price, reason } => {
                self.return_blind(context, &sku, count, unit_price, &reason);
            }
            Input::DropReturn => self.drop_return(),
            Input::FindMember(text) => self.find_member(context, &text),
            Input::Member(member) => self.join(context, member),
            Input::DropMember => self.drop_member(),
            Input::NameBuyer { paid, who } => self.name_buyer(context, &paid, who),
            Input::Coupon(coupon) => self.lay_held_coupon(context, *coupon),
            Input::TakeCouponBack { code } => self.take_coupon_back(&code),
            Input::OfferPoints(grant) => self.offer_points(context, grant),
            Input::QuotasHeard(heard) => self.hear_quotas(heard),
            Input::ReturnLease(grant) => self.return_lease(grant),
            Input::TopUp { amount, balance } => self.top_up(context, amount, balance),
            Input::RegisterMember(member) => self.register(context, *member),
            Input::MoveStock(movement) => self.move_stock(*movement),
            Input::CountStock(count) => self.count_stock(*count),
            Input::BindLabel(binding) => self.bind_label(context, *binding),
            Input::UnbindLabel { label, reason } => self.unbind_label(label, &reason),
            Input::ReplaceLabel { old, binding, reason } => {
                self.replace_label(context, old, *binding, &reason);
            }
            Input::WaiveLabels { item, reason } => self.waive_labels(context, item, &reason),
            Input::ConfirmAge => self.confirm_age(),
            Input::Pay => self.pay(context),
            Input::Back => self.back(),
            Input::TakeCash(cash) => self.take_cash(context, cash),
            Input::Tender(offer) => self.take_offer(context, offer),
            Input::TakeTenderBack { place } => self.take_tender_back(context, place),
            Input::PayOut => self.pay_out(context),
            Input::Charge { wallet, code, amount } => self.charge(context, wallet, code, amount),
            Input::PaymentAnswered { number, answer } => self.payment_answered(context, number, &answer),
            Input::CardAccepted { number, reference, card } => {
                self.card_accepted(context, number, &reference, card);
            }
            Input::GiveUpPayment => self.give_up_payment(),
            Input::AskPayment { number } => self.ask_payment(number),
            Input::ResolvePayment { number, paid, reason } => {
                self.resolve_payment(context, number, paid, &reason)
            }
            Input::OpenShift { float } => self.open_shift(context, float),
            Input::MoveCash { kind, amount, reason } => self.move_cash(kind, amount, &reason),
            Input::OpenDrawer { reason } => self.open_drawer(&reason),
            Input::CountCash { denominations } => self.count_cash(denominations),
            Input::Report => self.report(context),
            Input::CloseShift => self.close_shift(),
            Input::Tick => self.tick(context),
            // The basket was priced before.
            Input::Reckon => {}
            Input::Committed { seq } => self.committed(context, seq),
            Input::Reprint { document } => self.reprint(context, document),
            Input::PrinterReady => self.begin_paper(),
            Input::PaperEnded { document, outcome } => self.paper_ended(document, outcome),
            Input::WaivePaper { document } => self.waive_paper(document),
            // Decided before it comes here; an approval approves no other.
            Input::Approve { .. } | Input::Disapprove => {}
            Input::Kiosk(input) => self.kiosk(context, input),
            Input::Phone(input) => self.phone(context, *input),
            Input::Order { told, ask } => self.order(context, &told, &ask),
        }
    }

    pub(super) fn commit(&mut self, record: Record) {
        self.till.apply(self.now_ms, &record);
        self.effects.push(Effect::Commit(record));
    }

    pub(super) fn tell(&mut self, message: Message) {
        self.effects.push(Effect::Tell(message));
    }

    pub(super) fn refuse(&mut self, message: Message) {
        self.effects.push(Effect::Sound(Sound::Blocked));
        self.tell(message);
    }

    /// Whether an act may be done now: whoever is signed in may do it, or
    /// somebody approves who may. Otherwise it waits, and somebody is asked.
    /// Gives the rights by which it may. The last thing before the act's records.
    pub(super) fn allow(&mut self, act: Act, may: impl Fn(&Rights) -> bool) -> Option<Rights> {
        let own = self.till.rights;
        if may(&own) {
            return Some(own);
        }
        match self.approver.take() {
            Some(approver) if may(&approver.rights) => {
                let staff = self.till.desk.staff().map(|staff| staff.id.clone()).unwrap_or_default();
                let rights = approver.rights;
                self.till.pending = None;
                self.commit(Record::Approved {
                    act,
                    staff,
                    approver: approver.staff,
                    reason: approver.reason,
                });
                Some(rights)
            }
            Some(_) => {
                self.refuse(Message::MayNotApprove);
                None
            }
            None => {
                if let Some(input) = self.asked.take() {
                    self.till.pending = Some(Pending { input: Box::new(input), act });
                }
                self.effects.push(Effect::Sound(Sound::Blocked));
                self.effects.push(Effect::Ask(act));
                None
            }
        }
    }

    /// Whether a PIN was right and looked at; a wrong one counts.
    pub(super) fn is_pin_right(&mut self, staff: &str, matches: bool) -> bool {
        let wait_seconds = self.till.pin_wait_seconds(staff, self.now_ms);
        if wait_seconds > 0 {
            self.refuse(Message::WrongPin { wait_seconds });
            return false;
        }
        if !matches {
            self.commit(Record::SignInRefused { staff: staff.to_owned() });
            let wait_seconds = self.till.pin_wait_seconds(staff, self.now_ms);
            self.refuse(Message::WrongPin { wait_seconds });
        }
        matches
    }

    /// Whoever is signed in, where goods are rung up or a sale is done, which
    /// is left behind.
    pub(super) fn at_counter(&mut self) -> Option<Staff> {
        match &self.till.desk {
            Desk::Selling(staff) => Some(staff.clone()),
            Desk::Done(staff, ..) => {
                let staff = staff.clone();
                self.till.desk = Desk::Selling(staff.clone());
                Some(staff)
            }
            Desk::SignedOut => {
                self.refuse(Message::SignInFirst);
                None
            }
            Desk::Locked(_) => {
                self.refuse(Message::Locked);
                None
            }
            Desk::Paying(_) | Desk::Saving(..) => None,
        }
    }

    /// Who approves what is being decided, and why; empty where nobody does.
    pub(super) fn approver_words(&self) -> (String, String) {
        let words = |approver: &Approver| (approver.staff.clone(), approver.reason.clone());
        self.approver.as_ref().map(words).unwrap_or_default()
    }

    pub(super) fn set_approver(&mut self, approver: Approver) {
        self.approver = Some(approver);
    }

    pub(super) fn sign_in(&mut self, context: &Context<'_>, staff: Staff, rights: Rights) {
        let today = context.today();
        let stale = self.till.shift.is_some_and(|shift| shift.business_date < today);
        if stale && self.till.basket.is_bare() {
            self.clear_words(&staff.id);
            self.end_shift(&staff.id);
        }
        let rules = &context.settings.rules;
        // A kiosk has no drawer that a float could lie in.
        if self.till.shift.is_none() && (rules.shift_opens_itself || rules.kiosk.is_some()) {
            self.begin_shift(context, &staff.id, Money::ZERO);
        }
        self.commit(Record::SignedIn { staff });
        self.till.rights = rights_here(context, rights);
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// With a new shift the customers of the old one have left: nobody waits
    /// for paper any more but for what is being printed.
    ///
    /// A start after a stop reads the journal of two shifts and no more, so
    /// nothing of an older one may matter.
    pub(super) fn waive_old_papers(&mut self) {
        let open = |(document, paper): (&u64, &Paper)| match paper {
            Paper::Waiting { .. } | Paper::InDoubt => Some(*document),
            Paper::Begun => None,
        };
        let documents: Vec<u64> = self.till.papers.iter().filter_map(open).collect();
        for document in documents {
            self.commit(Record::PaperEnded { document, outcome: PaperOutcome::Waived });
        }
    }

    fn sign_out(&mut self) {
        let under_way = self.till.payment_of_basket().is_some_and(|payment| payment.is_active());
        if under_way {
            return self.refuse(Message::PaymentOpen);
        }
        if let Desk::Selling(staff) | Desk::Paying(staff) | Desk::Done(staff, ..) | Desk::Locked(staff) =
            &self.till.desk
        {
            let staff = staff.id.clone();
            self.commit(Record::SignedOut { staff });
        }
    }

    /// Whether goods may join the basket now; leaves a finished sale behind.
    pub(super) fn may_add(&mut self) -> bool {
        match &self.till.desk {
            Desk::Selling(_) => {}
            Desk::Done(staff, ..) => self.till.desk = Desk::Selling(staff.clone()),
            Desk::SignedOut => {
                self.refuse(Message::SignInFirst);
                return false;
            }
            Desk::Locked(_) => {
                self.refuse(Message::Locked);
                return false;
            }
            Desk::Paying(_) | Desk::Saving(..) => {
                self.refuse(Message::ScanWhilePaying);
                return false;
            }
        }
        if self.till.shift.is_none() {
            self.refuse(Message::OpenShiftFirst);
            return false;
        }
        if self.is_frozen() || !self.is_bagged() {
            return false;
        }
        if self.till.basket.has_top_up() {
            self.refuse(Message::TopUpAlone);
            return false;
        }
        if self.till.basket.past().is_some_and(|past| value::is_part_of(&past.tenders)) {
            self.refuse(Message::ValueBackFirst);
            return false;
        }
        if self.till.basket.lines().len() >= LINES_MAX {
            self.refuse(Message::BasketFull);
            return false;
        }
        true
    }

    pub(super) fn code(&mut self, context: &Context<'_>, text: &str) {
        if self.is_payment_code(context, text) {
            return;
        }
        let catalogue = context.catalogue;
        let barcode = barcode::recognise(text, &context.settings.codes, context.today());
        match &barcode {
            Barcode::Member(code) => return self.find_member(context, code),
            Barcode::Coupon(code) => return self.lay_coupon(context, code),
            Barcode::Goods(_)
            | Barcode::Scale(_)
            | Barcode::ItemCode(_)
            | Barcode::Misread(..)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::Malformed(_)
            | Barcode::Other(_) => {}
        }
        if !self.may_add() {
            return;
        }
        let (_, code) = symbology::split(text.trim());
        let found = match &barcode {
            Barcode::Goods(goods) => match (catalogue.item_by_gtin(&goods.gtin), &goods.also) {
                (Ok(None), Some(also)) => catalogue.item_by_gtin(also),
                (answer, _) => answer,
            },
            Barcode::Scale(scale) => catalogue.item_by_plu(&scale.plu).map(one_base_unit),
            Barcode::ItemCode(code) | Barcode::Misread(code, _) => match catalogue.item_by_plu(code) {
                Ok(None) => catalogue.item_by_sku(code),
                answer => answer,
            }
            .map(one_base_unit),
            Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::Malformed(_)
            | Barcode::Other(_) => Ok(None),
        };
        match (found, barcode) {
            (Err(fault), _) => self.refuse(Message::Fault(fault)),
            (Ok(Some(found)), Barcode::Goods(goods)) => self.goods(context, &found, code, &goods),
            (Ok(Some(found)), Barcode::Scale(label)) => {
                self.add(context, &found, code, Measure::Label(label), Trace::default(), None);
            }
            (Ok(Some(found)), _) => {
                self.add(context, &found, code, Measure::Single, Trace::default(), None);
            }
            (Ok(None), barcode) => self.not_goods(code, barcode),
        }
    }

    /// Says what a code stands for that no goods have.
    fn not_goods(&mut self, code: &str, barcode: Barcode) {
        match barcode {
            Barcode::Goods(_) | Barcode::Scale(_) | Barcode::ItemCode(_) => {
                self.unknown(Message::UnknownCode(code.to_owned()));
            }
            Barcode::Misread(code, Misread::Scale(wrong)) => match wrong {
                ScaleLabelError::CheckDigit { .. } => self.unknown(Message::Misread(code)),
                ScaleLabelError::Weight { .. } | ScaleLabelError::Amount => {
                    self.refuse(Message::LabelRange(code));
                }
            },
            Barcode::Misread(code, Misread::Gtin(_) | Misread::Shop(_)) => {
                self.unknown(Message::Misread(code))
            }
            Barcode::Malformed(error) => self.unknown(Message::Malformed { code: code.to_owned(), error }),
            // Decided before goods are looked for.
            Barcode::Member(_) | Barcode::Coupon(_) => {}
            Barcode::Staff(code) => self.refuse(Message::StaffCode(code)),
            Barcode::Receipt(code) => self.refuse(Message::ReceiptCode(code)),
            Barcode::Label(code) => self.refuse(Message::LabelCode(code)),
            Barcode::Phone(_) => {
                self.unknown(Message::NotGoods(code.chars().take(PHONE_CODE_SHOWN).collect()))
            }
            Barcode::Payment => self.refuse(Message::PaymentCode),
            Barcode::Other(code) => self.unknown(Message::NotGoods(code)),
        }
    }

    /// Goods join the basket with what their code says of this piece; what has
    /// expired, or is in the basket already, does not.
    fn goods(&mut self, context: &Context<'_>, found: &Found, code: &str, goods: &Goods) {
        let item = found.item.clone();
        let (today, time) = (context.today(), context.time());
        let expired = |expiry: NaiveDate| {
            expiry < today || expiry == today && goods.expiry_time.is_some_and(|end| end < time)
        };
        if let Some(expiry) = goods.expiry.filter(|expiry| expired(*expiry)) {
            return self.refuse(Message::Expired { item, expiry });
        }
        if let Some(serial) = &goods.serial
            && self.till.basket.has_serial(&item.sku, serial)
        {
            return self.refuse(Message::SerialInBasket { item, serial: serial.clone() });
        }
        let measure = match Measure::of(&item, goods, &context.settings.currency) {
            Ok(measure) => measure,
            Err(fault) => {
                let error = ElementError { ai: None, position: 0, fault };
                return self.unknown(Message::Malformed { code: code.to_owned(), error });
            }
        };
        let trace = Trace {
            batch: goods.batch.clone(),
            expiry: goods.expiry,
            best_before: goods.best_before.into_iter().chain(goods.sell_by).min(),
            serial: goods.serial.clone(),
        };
        // Of GS1 data, the line shows the number only.
        let plain = code.bytes().all(|byte| byte.is_ascii_digit());
        let code = if plain { code } else { goods.gtin.as_printed() };
        let lines = self.till.basket.lines().len();
        self.add(context, found, code, measure, trace, None);
        let past = goods.best_before.into_iter().chain(goods.sell_by).find(|date| *date < today);
        if let Some(date) = past.filter(|_| self.till.basket.lines().len() > lines) {
            self.tell(Message::PastBest { item, date });
        }
    }

    pub(super) fn unknown(&mut self, message: Message) {
        self.effects.push(Effect::Sound(Sound::Unknown));
        self.tell(message);
    }

    fn choose(&mut self, context: &Context<'_>, sku: &str, count: Option<i64>) {
        if !self.may_add() {
            return;
        }
        match context.catalogue.item_by_sku(sku) {
            Err(fault) => self.refuse(Message::Fault(fault)),
            Ok(None) => self.unknown(Message::UnknownCode(sku.to_owned())),
            Ok(Some(item)) => {
                let (code, trace) = (item.code.clone(), Trace::default());
                let measure = match (count, item.weighed) {
                    (None, _) => Some(Measure::Single),
                    (Some(grams), true) => Quantity::from_thousandths(grams)
                        .map(|quantity| Measure::Weighed(quantity, WeighedBy::Person)),
                    (Some(pieces), false) => Quantity::from_pieces(pieces).map(Measure::Counted),
                };
                match measure {
                    None => self.refuse(Message::QuantityRange),
                    Some(measure) => self.add(context, &item.into(), &code, measure, trace, None),
                }
            }
        }
    }

    /// Adds a line; `typed` is the price where the cashier typed one.
    pub(super) fn add(
        &mut self,
        context: &Context<'_>,
        found: &Found,
        code: &str,
        measure: Measure,
        trace: Trace,
        typed: Option<Money>,
    ) {
        let item = &found.item;
        if !self.is_sold_here(context, item) {
            return;
        }
        if item.is_top_up() {
            // Whatever goods are named so: money is paid in by its own input.
            return self.refuse(Message::TopUpAlone);
        }
        if item.weighed && matches!(measure, Measure::Single) {
            return self.weigh(context, found, code, trace);
        }
        let priced = match self.price(context, found, typed) {
            Ok(priced) => priced,
            Err(message) => return self.refuse(message),
        };
        let Priced { list_price, price, from, kept, walk_in } = priced;
        let (quantity, weighed_by, label_amount) = match &measure {
            Measure::Single => (Quantity::ONE, None, None),
            Measure::Counted(quantity) => (*quantity, None, None),
            Measure::Weighed(quantity, by) => (*quantity, Some(*by), None),
            Measure::Label(label) => match (label.weight, label.amount) {
                (Some(weight), amount) => (weight, None, amount),
                (None, Some(amount)) => {
                    (Quantity::from_amount(amount, price.price).unwrap_or(Quantity::ONE), None, Some(amount))
                }
                (None, None) => (Quantity::ONE, None, None),
            },
        };
        let line = Line {
            number: self.till.basket.next_number(),
            item: item.at_price(list_price),
            code: code.to_owned(),
            unit: found.unit.as_ref().map(|sold| sold.unit.clone()),
            quantity,
            unit_price: price.price,
            price_from: from,
            promotion: price.promotion,
            kept,
            walk_in,
            weighed_by,
            label_amount,
            trace,
            discount: None,
            savings: Vec::new(),
            points_off: Money::ZERO,
            basket_discount: Money::ZERO,
            seller: None,
            note: String::new(),
        };
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        if !self.may_have_membership(&line) {
            return;
        }
        if weighed_by == Some(WeighedBy::Person) && !self.may_type_weight(context, item) {
            return;
        }
        let differs = label_amount.is_some_and(|amount| amount != price.price.times(quantity));
        self.commit(Record::LineAdded { line });
        self.effects.push(Effect::Sound(Sound::Accepted));
        if item.age_restricted && self.till.basket.age_open().next().is_some() {
            self.tell(Message::AgeRestricted(item.clone()));
        } else if differs {
            self.tell(Message::LabelPriceDiffers(item.clone()));
        }
    }

    /// Whether a payment in doubt holds the basket as it is: what it asked
    /// for must never be more than what is due.
    pub(super) fn is_frozen(&mut self) -> bool {
        let Some(payment) = self.till.payment_of_basket() else { return false };
        let number = payment.number;
        self.refuse(Message::PaymentInDoubt { number });
        true
    }

    /// The line, if goods are being rung up and it exists.
    pub(super) fn line(&mut self, number: u32) -> Option<(Line, Staff)> {
        let Desk::Selling(staff) = &self.till.desk else { return None };
        let found = self.till.basket.line(number).cloned().map(|line| (line, staff.clone()));
        if found.is_some() && self.is_frozen() {
            return None;
        }
        if found.is_none() {
            self.refuse(Message::NoLine);
        }
        found
    }

    pub(super) fn set_quantity(&mut self, context: &Context<'_>, number: u32, pieces: i64) {
        let Some((mut line, _)) = self.line(number) else { return };
        if line.item.is_top_up() {
            return self.refuse(Message::TopUpAlone);
        }
        if line.item.weighed || line.label_amount.is_some() {
            return self.refuse(Message::QuantityWeighed);
        }
        // Each piece has a number of its own.
        if let (Some(serial), true) = (&line.trace.serial, pieces != 1) {
            return self.refuse(Message::SerialInBasket { item: line.item.clone(), serial: serial.clone() });
        }
        let Some(quantity) = Quantity::from_pieces(pieces) else {
            return self.refuse(Message::QuantityRange);
        };
        let before = line.clone();
        line.quantity = quantity;
        line.basket_discount = Money::ZERO;
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        if !self.may_have_membership(&line) {
            return;
        }
        let less = quantity < before.quantity;
        if less && self.may_remove(context, &before, before.net() - line.net()) == Some(false) {
            return;
        }
        self.commit(Record::LineQuantitySet { line: number, quantity, net: line.net() });
    }

    fn set_price(&mut self, number: u32, unit_price: Money, reason: &str) {
        let Some((mut line, staff)) = self.line(number) else { return };
        if line.item.is_top_up() {
            return self.refuse(Message::TopUpAlone);
        }
        line.unit_price = unit_price;
        line.label_amount = None;
        line.discount = None;
        line.basket_discount = Money::ZERO;
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        let act = if unit_price == Money::ZERO { Act::GiveAway } else { Act::SetPrice };
        if self.allow(act, |rights| rights.allow(act)).is_none() {
            return;
        }
        let (net, reason) = (line.net(), kept_words(reason));
        self.commit(Record::LinePriceSet { line: number, unit_price, net, staff: staff.id, reason });
    }

    fn void(&mut self, context: &Context<'_>, number: u32, reason: &str) {
        let Some((line, staff)) = self.line(number) else { return };
        let rules = &context.settings.rules;
        let may = self.may_remove(context, &line, line.net()).unwrap_or_else(|| {
            let free = self.till.basket.voids() < rules.free_voids && line.net() <= rules.free_void_net;
            free || self.allow(Act::Void, |rights| rights.allow(Act::Void)).is_some()
        });
        if !may {
            return;
        }
        self.commit(Record::LineVoided { line: number, staff: staff.id, reason: kept_words(reason) });
        self.tell(Message::LineVoided(line.item));
    }

    fn cancel(&mut self, context: &Context<'_>, reason: &str) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        if self.till.basket.is_empty() {
            if self.till.basket.is_untouched() {
                return self.refuse(Message::NoLine);
            }
            return self.clear_counter();
        }
        let (staff, total) = (staff.id.clone(), self.till.basket.total());
        let by_right = context.settings.rules.cancel_by_right && !self.till.basket.lines().is_empty();
        if by_right && self.allow(Act::Cancel, |rights| rights.allow(Act::Cancel)).is_none() {
            return;
        }
        self.commit(Record::BasketCancelled { staff, total, reason: kept_words(reason) });
        self.tell(Message::BasketCancelled);
    }

    fn confirm_age(&mut self) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        if self.till.basket.age_open().next().is_some() {
            let staff = staff.id.clone();
            self.commit(Record::AgeConfirmed { staff });
        }
    }

    fn committed(&mut self, context: &Context<'_>, seq: u64) {
        let Desk::Saving(staff, sale) = &self.till.desk else { return };
        let attended = context.settings.rules.kiosk.is_none();
        let sale = sale.clone();
        let in_cash = attended && sale.tenders.iter().any(Tender::is_cash);
        self.till.desk = Desk::Done(staff.clone(), sale.clone(), seq);
        self.till.last_sale = Some(seq);
        if in_cash {
            self.effects.push(Effect::OpenDrawer);
        }
        self.effects.push(Effect::Sound(Sound::Accepted));
        if !sale.coupons_back.is_empty() {
            let back = sale.coupons_back.clone();
            self.tell(Message::CouponsBack(back));
        }
        if context.settings.prints_receipts {
            self.queue_paper(seq, false);
            self.till.kiosk.offered = (!attended).then_some(seq);
        }
    }

    fn queue_paper(&mut self, document: u64, reprint: bool) {
        self.till.papers.insert(document, Paper::Waiting { reprint });
        while let Some(document) = self.till.paper_too_many() {
            self.commit(Record::PaperEnded { document, outcome: PaperOutcome::Waived });
        }
    }

    fn reprint(&mut self, context: &Context<'_>, document: Option<u64>) {
        let document = match (document.or(self.till.last_sale), &self.till.desk) {
            (_, Desk::SignedOut) => return self.refuse(Message::SignInFirst),
            (_, Desk::Locked(_)) => return self.refuse(Message::Locked),
            // Nothing after the last sale was ever sold.
            (Some(document), _)
                if context.settings.prints_receipts && Some(document) <= self.till.last_sale =>
            {
                document
            }
            _ => return self.refuse(Message::NothingToReprint),
        };
        if self.till.kiosk.offered == Some(document) {
            self.till.kiosk.offered = None;
        }
        match self.till.papers.get(&document) {
            // Its first print is still to come.
            Some(Paper::Waiting { .. } | Paper::Begun) => {}
            Some(Paper::InDoubt) | None => self.queue_paper(document, true),
        }
        self.tell(Message::Reprinting { document });
    }

    /// Begins the oldest paper that waits, unless one is under way.
    fn begin_paper(&mut self) {
        if self.till.papers.values().any(|paper| *paper == Paper::Begun) {
            return;
        }
        let next = self.till.papers.iter().find_map(|(document, paper)| match paper {
            // The customer may not want it.
            Paper::Waiting { .. } if self.till.kiosk.offered == Some(*document) => None,
            Paper::Waiting { reprint } => Some((*document, *reprint)),
            Paper::Begun | Paper::InDoubt => None,
        });
        if let Some((document, reprint)) = next {
            self.commit(Record::PaperBegun { document, reprint });
            self.effects.push(Effect::Print { document, reprint });
        }
    }

    fn paper_ended(&mut self, document: u64, outcome: PaperOutcome) {
        if self.till.papers.get(&document) == Some(&Paper::Begun) {
            self.commit(Record::PaperEnded { document, outcome });
        }
    }

    fn waive_paper(&mut self, document: u64) {
        let unwanted = self.till.kiosk.offered == Some(document);
        if unwanted {
            self.till.kiosk.offered = None;
        }
        if unwanted || self.till.papers.get(&document) == Some(&Paper::InDoubt) {
            self.commit(Record::PaperEnded { document, outcome: PaperOutcome::Waived });
        }
    }
}

/// What whoever uses the lane may do alone: at a kiosk, nothing, whoever opened it.
pub(super) fn rights_here(context: &Context<'_>, rights: Rights) -> Rights {
    if context.settings.rules.kiosk.is_some() { Rights::NONE } else { rights }
}

fn one_base_unit(item: Option<Arc<Item>>) -> Option<Found> {
    item.map(Found::from)
}

/// Whether an input puts no question away: no person is behind it, or one who may be there for it.
fn comes_by_itself(input: &Input) -> bool {
    matches!(
        input,
        Input::Committed { .. }
            | Input::PrinterReady
            | Input::PaperEnded { .. }
            | Input::PaymentAnswered { .. }
            | Input::CardAccepted { .. }
            | Input::Weighed { .. }
            | Input::Tick
            | Input::Reckon
            | Input::QuotasHeard(_)
            // Somebody says who they are: often to answer just that question.
            | Input::PinChecked { .. }
    ) || matches!(input, Input::Kiosk(input) if super::kiosk::securing::comes_by_itself(input))
}
