//! What an input means: the decisions of [`Till::step`](super::Till::step). It changes the till by records only.

use std::sync::Arc;

use chrono::NaiveDate;

use super::goods::Priced;
use super::{Context, Desk, Effect, Input, Message, Paper, Sound, Till};
use crate::barcode::element::{ElementError, ElementFault};
use crate::barcode::{self, Barcode, Goods, Misread, ScaleLabelError, symbology};
use crate::basket::{LINES_MAX, Line, Trace};
use crate::catalogue::{Found, Item};
use crate::money::{Currency, Money, Quantity};
use crate::record::{PaperOutcome, Record, Staff};
use crate::sale::Sale;

/// How much of an item joins the basket.
pub(super) enum Measure {
    /// Nothing was said.
    Single,
    /// A number was typed.
    Counted(Quantity),
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

/// A step while it is being decided.
pub(super) struct Step {
    pub(super) till: Till,
    pub(super) effects: Vec<Effect>,
    pub(super) now_ms: i64,
}

impl Step {
    pub(super) fn decide(&mut self, context: &Context<'_>, input: Input) {
        match input {
            Input::PinChecked { staff, matches } => self.sign_in(context, staff, matches),
            Input::SignOut => self.sign_out(),
            Input::Code(text) => self.code(context, &text),
            Input::Choose { sku, count } => self.choose(context, &sku, count),
            Input::ChoosePriced { sku, price } => self.choose_priced(context, &sku, price),
            Input::Department { code, price } => self.department(context, &code, price),
            Input::SetQuantity { line, pieces } => self.set_quantity(line, pieces),
            Input::SetPrice { line, unit_price } => self.set_price(line, unit_price),
            Input::Void { line } => self.void(line),
            Input::Cancel => self.cancel(),
            Input::ConfirmAge => self.confirm_age(),
            Input::Pay => self.pay(context),
            Input::Back => self.back(),
            Input::TakeCash(cash) => self.take_cash(context, cash),
            Input::Committed { seq } => self.committed(context, seq),
            Input::Reprint { document } => self.reprint(context, document),
            Input::PrinterReady => self.begin_paper(),
            Input::PaperEnded { document, outcome } => self.paper_ended(document, outcome),
            Input::WaivePaper { document } => self.waive_paper(document),
        }
    }

    pub(super) fn commit(&mut self, record: Record) {
        self.till.apply(self.now_ms, &record);
        self.effects.push(Effect::Commit(record));
    }

    fn tell(&mut self, message: Message) {
        self.effects.push(Effect::Tell(message));
    }

    pub(super) fn refuse(&mut self, message: Message) {
        self.effects.push(Effect::Sound(Sound::Blocked));
        self.tell(message);
    }

    fn sign_in(&mut self, context: &Context<'_>, staff: Staff, matches: bool) {
        if self.till.desk != Desk::SignedOut {
            return;
        }
        let wait_seconds = self.till.pin_wait_seconds(&staff.id, self.now_ms);
        if wait_seconds > 0 {
            return self.refuse(Message::WrongPin { wait_seconds });
        }
        if !matches {
            self.commit(Record::SignInRefused { staff: staff.id.clone() });
            let wait_seconds = self.till.pin_wait_seconds(&staff.id, self.now_ms);
            return self.refuse(Message::WrongPin { wait_seconds });
        }
        let today = context.today();
        let stale = self.till.shift.is_some_and(|shift| shift.business_date < today);
        if stale && self.till.basket.is_empty() {
            self.commit(Record::ShiftClosed { staff: staff.id.clone() });
        }
        if self.till.shift.is_none() {
            self.waive_old_papers();
            self.commit(Record::ShiftOpened {
                number: self.till.shifts_opened + 1,
                business_date: today,
                staff: staff.id.clone(),
                float: Money::ZERO,
            });
        }
        self.commit(Record::SignedIn { staff });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// With a new shift the customers of the old one have left: nobody waits
    /// for paper any more but for what is being printed.
    ///
    /// A start after a stop reads the journal of two shifts and no more, so
    /// nothing of an older one may matter.
    fn waive_old_papers(&mut self) {
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
        if let Desk::Selling(staff) | Desk::Paying(staff) | Desk::Done(staff, ..) = &self.till.desk {
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
            Desk::Paying(_) | Desk::Saving(..) => {
                self.refuse(Message::ScanWhilePaying);
                return false;
            }
        }
        if self.till.basket.lines().len() >= LINES_MAX {
            self.refuse(Message::BasketFull);
            return false;
        }
        true
    }

    fn code(&mut self, context: &Context<'_>, text: &str) {
        if !self.may_add() {
            return;
        }
        let catalogue = context.catalogue;
        let barcode = barcode::recognise(text, &context.settings.codes, context.today());
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
            Barcode::Member(code) => self.refuse(Message::MemberCode(code)),
            Barcode::Coupon(code) => self.refuse(Message::CouponCode(code)),
            Barcode::Staff(code) => self.refuse(Message::StaffCode(code)),
            Barcode::Receipt(code) => self.refuse(Message::ReceiptCode(code)),
            Barcode::Label(code) => self.refuse(Message::LabelCode(code)),
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
        let trace = Trace { batch: goods.batch.clone(), expiry: goods.expiry, serial: goods.serial.clone() };
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
                let quantity = match (count, item.weighed) {
                    (None, _) => None,
                    (Some(grams), true) => Some(Quantity::from_thousandths(grams)),
                    (Some(pieces), false) => Some(Quantity::from_pieces(pieces)),
                };
                match quantity {
                    Some(None) => self.refuse(Message::QuantityRange),
                    Some(Some(quantity)) => {
                        self.add(context, &item.into(), &code, Measure::Counted(quantity), trace, None);
                    }
                    None => self.add(context, &item.into(), &code, Measure::Single, trace, None),
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
        if item.weighed && matches!(measure, Measure::Single) {
            return self.refuse(Message::WeightNeeded(item.clone()));
        }
        let priced = match self.price(context, found, typed) {
            Ok(priced) => priced,
            Err(message) => return self.refuse(message),
        };
        let Priced { list_price, price, from } = priced;
        let (quantity, label_amount) = match &measure {
            Measure::Single => (Quantity::ONE, None),
            Measure::Counted(quantity) => (*quantity, None),
            Measure::Label(label) => match (label.weight, label.amount) {
                (Some(weight), amount) => (weight, amount),
                (None, Some(amount)) => {
                    (Quantity::from_amount(amount, price.price).unwrap_or(Quantity::ONE), Some(amount))
                }
                (None, None) => (Quantity::ONE, None),
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
            promotion: price.promotion.map(Into::into),
            label_amount,
            trace,
        };
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
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

    /// The line, if goods are being rung up and it exists.
    fn line(&mut self, number: u32) -> Option<(Line, Staff)> {
        let Desk::Selling(staff) = &self.till.desk else { return None };
        let found = self.till.basket.line(number).cloned().map(|line| (line, staff.clone()));
        if found.is_none() {
            self.refuse(Message::NoLine);
        }
        found
    }

    fn set_quantity(&mut self, number: u32, pieces: i64) {
        let Some((mut line, _)) = self.line(number) else { return };
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
        line.quantity = quantity;
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        self.commit(Record::LineQuantitySet { line: number, quantity, net: line.net() });
    }

    fn set_price(&mut self, number: u32, unit_price: Money) {
        let Some((mut line, staff)) = self.line(number) else { return };
        line.unit_price = unit_price;
        line.label_amount = None;
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        self.commit(Record::LinePriceSet { line: number, unit_price, net: line.net(), staff: staff.id });
    }

    fn void(&mut self, number: u32) {
        let Some((line, staff)) = self.line(number) else { return };
        self.commit(Record::LineVoided { line: number, staff: staff.id });
        self.tell(Message::LineVoided(line.item));
    }

    fn cancel(&mut self) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        if self.till.basket.is_empty() {
            return self.refuse(Message::NoLine);
        }
        let (staff, total) = (staff.id.clone(), self.till.basket.total());
        self.commit(Record::BasketCancelled { staff, total });
        self.tell(Message::BasketCancelled);
    }

    fn confirm_age(&mut self) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        if self.till.basket.age_open().next().is_some() {
            let staff = staff.id.clone();
            self.commit(Record::AgeConfirmed { staff });
        }
    }

    fn pay(&mut self, context: &Context<'_>) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        let staff = staff.clone();
        if self.till.basket.is_empty() {
            return self.refuse(Message::NoLine);
        }
        if self.till.basket.age_open().next().is_some() {
            return self.refuse(Message::AgeCheckFirst);
        }
        self.lower_prices(context);
        self.till.desk = Desk::Paying(staff);
    }

    fn back(&mut self) {
        if let Desk::Paying(staff) | Desk::Done(staff, ..) = &self.till.desk {
            self.till.desk = Desk::Selling(staff.clone());
        }
    }

    fn take_cash(&mut self, context: &Context<'_>, cash: Money) {
        let Desk::Paying(staff) = &self.till.desk else { return };
        let due = self.till.cash_due(context.settings);
        if cash < due.payable {
            // Less than nothing is nothing.
            return self.refuse(Message::TooLittle { missing: due.payable - cash.max(Money::ZERO) });
        }
        if !cash.is_amount() || cash - due.payable > context.settings.change_max {
            return self.refuse(Message::ChangeTooLarge);
        }
        let sale = Sale::paid_in_cash(
            &self.till.basket,
            cash,
            due,
            staff.clone(),
            context.settings.currency.code.clone(),
            context.catalogue.version(),
        );
        self.commit(Record::SaleCompleted { sale: Box::new(sale) });
    }

    fn committed(&mut self, context: &Context<'_>, seq: u64) {
        let Desk::Saving(staff, sale) = &self.till.desk else { return };
        self.till.desk = Desk::Done(staff.clone(), sale.clone(), seq);
        self.till.last_sale = Some(seq);
        self.effects.push(Effect::OpenDrawer);
        self.effects.push(Effect::Sound(Sound::Accepted));
        if context.settings.prints_receipts {
            self.queue_paper(seq, false);
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
            (Some(document), _) if context.settings.prints_receipts => document,
            _ => return self.refuse(Message::NothingToReprint),
        };
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
        if self.till.papers.get(&document) == Some(&Paper::InDoubt) {
            self.commit(Record::PaperEnded { document, outcome: PaperOutcome::Waived });
        }
    }
}

fn one_base_unit(item: Option<Arc<Item>>) -> Option<Found> {
    item.map(Found::from)
}
