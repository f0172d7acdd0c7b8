//! The state machine of one lane.
//!
//! [`Till::step`] decides; [`Till::apply`] is the only place that changes a
//! till, and it changes it only by records. So a till is rebuilt from its
//! journal by applying the same records again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate};

use crate::barcode::{self, Barcode, ScalePattern};
use crate::basket::{Basket, LINES_MAX, Line};
use crate::catalogue::{Catalogue, Item, LookUpError};
use crate::money::{Currency, Money, Quantity};
use crate::pricing;
use crate::record::{PaperOutcome, Record, Staff};
use crate::sale::{self, CashDue, Sale};

/// The most documents whose paper may wait; beyond it the oldest is waived,
/// because its customer has long left.
pub const PAPERS_WAITING_MAX: usize = 64;

/// The longest a person waits between two wrong PINs, in seconds.
pub const PIN_WAIT_SECONDS_MAX: i64 = 60;

/// How many people's wrong PINs are remembered.
pub const PIN_REFUSALS_MAX: usize = 256;

/// How a lane is set up; it does not change while a basket is open.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The currency of every amount.
    pub currency: Currency,
    /// Cash is rounded down to a multiple of this.
    pub cash_rounding: Money,
    /// The most change that is given: above it the amount is taken for a barcode.
    pub change_max: Money,
    /// The layouts of codes that scales print.
    pub scale_patterns: Vec<ScalePattern>,
    /// Whether sales of this lane are printed.
    pub prints_receipts: bool,
}

/// What a step may look at beside the till and its input.
pub struct Context<'a> {
    /// The lane's clock, milliseconds UTC.
    pub now_ms: i64,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
    /// The goods.
    pub catalogue: &'a dyn Catalogue,
    /// The set-up.
    pub settings: &'a Settings,
}

impl Context<'_> {
    /// The calendar day at the lane.
    fn today(&self) -> NaiveDate {
        let utc = DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default();
        // A clock at the end of time has no later hour.
        utc.checked_add_signed(Duration::minutes(i64::from(self.offset_minutes))).unwrap_or(utc).date_naive()
    }
}

/// What can happen to a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A PIN was compared with what HQ knows of this person.
    PinChecked {
        /// Whose.
        staff: Staff,
        /// Whether it is theirs.
        matches: bool,
    },
    /// The cashier leaves.
    SignOut,
    /// A code was scanned or typed.
    Code(String),
    /// An item was chosen from a list.
    Choose {
        /// Its item code.
        sku: String,
        /// How many pieces, or grams of weighed goods, where a number was typed first.
        count: Option<i64>,
    },
    /// The quantity of a line is set.
    SetQuantity {
        /// The line's number.
        line: u32,
        /// Pieces, as typed.
        pieces: i64,
    },
    /// The unit price of a line is set.
    SetPrice {
        /// The line's number.
        line: u32,
        /// The new price.
        unit_price: Money,
    },
    /// A line is taken back.
    Void {
        /// The line's number.
        line: u32,
    },
    /// The basket is dropped.
    Cancel,
    /// The cashier has looked at the buyer's age.
    ConfirmAge,
    /// To payment.
    Pay,
    /// Back to the goods; away from a finished sale.
    Back,
    /// Cash was handed over.
    TakeCash(Money),
    /// The last commit of a sale is on disk under this number.
    Committed {
        /// The sale's sequence number.
        seq: u64,
    },
    /// The last sale is to be printed again, or a doubtful one.
    Reprint {
        /// The document; the last sale where `None`.
        document: Option<u64>,
    },
    /// The printer can take a document now.
    PrinterReady,
    /// What became of a document's paper.
    PaperEnded {
        /// The document.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
    /// A person decided that a doubtful document needs no paper.
    WaivePaper {
        /// The document.
        document: u64,
    },
}

/// What the lane is to do, in this order.
// A record that holds a line is the usual case.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this; everything after it waits for the disk.
    Commit(Record),
    /// Make a sound.
    Sound(Sound),
    /// Open the drawer.
    OpenDrawer,
    /// Print a document.
    Print {
        /// Its number.
        document: u64,
        /// Whether to mark it as a reprint.
        reprint: bool,
    },
    /// Tell the cashier what was not done, or what to look at.
    Tell(Message),
}

/// A sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Accepted.
    Accepted,
    /// Not known.
    Unknown,
    /// Not possible now.
    Blocked,
}

/// What the cashier is told. Nothing changed, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// No goods have this code.
    UnknownCode(String),
    /// A customer's payment code.
    PaymentCode,
    /// A code of another kind.
    NotGoods(String),
    /// The check digit is wrong.
    Misread(String),
    /// A line was added whose buyer must be 18; asked before payment.
    AgeRestricted(Arc<Item>),
    /// A line was added at its label's amount, which is not weight times price.
    LabelPriceDiffers(Arc<Item>),
    /// The item is sold by weight, and no weight is known.
    WeightNeeded(Arc<Item>),
    /// The basket is full.
    BasketFull,
    /// A quantity below one or too large, or what it comes to is no amount.
    QuantityRange,
    /// A weighed line's quantity is not typed.
    QuantityWeighed,
    /// No line to act on.
    NoLine,
    /// A line was taken back.
    LineVoided(Arc<Item>),
    /// The basket was dropped.
    BasketCancelled,
    /// Ages must be confirmed before payment.
    AgeCheckFirst,
    /// The cash is less than what is due.
    TooLittle {
        /// What is missing.
        missing: Money,
    },
    /// The change would be above [`Settings::change_max`].
    ChangeTooLarge,
    /// Something was scanned while money is taken.
    ScanWhilePaying,
    /// Nobody is signed in.
    SignInFirst,
    /// The PIN is wrong, or was tried too early.
    WrongPin {
        /// Seconds until the next try.
        wait_seconds: u32,
    },
    /// No sale that could be printed again.
    NothingToReprint,
    /// A document is being printed again.
    Reprinting {
        /// Its number.
        document: u64,
    },
    /// The goods could not be asked.
    Fault(LookUpError),
}

/// The shift that sales belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Counts the lane's shifts, from 1.
    pub number: u32,
    /// The day its sales belong to.
    pub business_date: NaiveDate,
}

/// Where the cashier stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    /// Nobody is signed in.
    SignedOut,
    /// Goods are rung up.
    Selling(Staff),
    /// Money is taken.
    Paying(Staff),
    /// The sale is on its way to the disk.
    Saving(Staff, Box<Sale>),
    /// The sale is on disk; the change is shown.
    Done(Staff, Box<Sale>, u64),
}

impl Desk {
    /// Who is signed in.
    pub fn staff(&self) -> Option<&Staff> {
        match self {
            Self::SignedOut => None,
            Self::Selling(staff) | Self::Paying(staff) | Self::Saving(staff, _) | Self::Done(staff, ..) => {
                Some(staff)
            }
        }
    }
}

/// How the paper of a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Nothing of it was sent.
    Waiting {
        /// Whether it will be marked as a reprint.
        reprint: bool,
    },
    /// It may have been printed.
    Begun,
    /// Nobody knows; a person decides.
    InDoubt,
}

/// Wrong PINs of one person, since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PinRefusals {
    count: u32,
    last_ms: i64,
}

/// One lane's till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    shift: Option<Shift>,
    shifts_opened: u32,
    desk: Desk,
    basket: Basket,
    papers: BTreeMap<u64, Paper>,
    last_sale: Option<u64>,
    pin_refusals: VecDeque<(String, PinRefusals)>,
}

impl Default for Till {
    fn default() -> Self {
        Self {
            shift: None,
            shifts_opened: 0,
            desk: Desk::SignedOut,
            basket: Basket::default(),
            papers: BTreeMap::new(),
            last_sale: None,
            pin_refusals: VecDeque::new(),
        }
    }
}

impl Till {
    /// The open shift.
    pub fn shift(&self) -> Option<Shift> {
        self.shift
    }

    /// Where the cashier stands.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The open basket.
    pub fn basket(&self) -> &Basket {
        &self.basket
    }

    /// The documents whose paper has not ended, oldest first.
    pub fn papers(&self) -> &BTreeMap<u64, Paper> {
        &self.papers
    }

    /// The number of the last sale.
    pub fn last_sale(&self) -> Option<u64> {
        self.last_sale
    }

    /// What the open basket comes to in cash.
    pub fn cash_due(&self, settings: &Settings) -> CashDue {
        sale::cash_due(self.basket.total(), settings.cash_rounding)
    }

    /// Seconds until a PIN of this person is looked at again.
    pub fn pin_wait_seconds(&self, staff: &str, now_ms: i64) -> u32 {
        let Some((_, refusals)) = self.pin_refusals.iter().find(|(id, _)| id == staff) else { return 0 };
        // The first slip costs nothing; then 1, 2, 4 ... seconds.
        let Some(doublings) = refusals.count.checked_sub(2) else { return 0 };
        let wait_ms = (1_000i64 << doublings.min(6)).min(PIN_WAIT_SECONDS_MAX * 1_000);
        let passed_ms = now_ms.saturating_sub(refusals.last_ms);
        // A clock that was set back must not lock anybody out.
        if passed_ms < 0 {
            return 0;
        }
        let left_ms = (wait_ms - passed_ms).max(0);
        u32::try_from((left_ms + 999) / 1_000).unwrap_or(0)
    }

    /// Decides what an input means. Total: an input that makes no sense in
    /// this state changes nothing and, where a person should know, says so.
    ///
    /// The till that comes back is in force once its [`Effect::Commit`]s are
    /// on disk; where they cannot be written, the old one stays.
    pub fn step(&self, context: &Context<'_>, input: Input) -> (Self, Vec<Effect>) {
        let mut step = Step { till: self.clone(), effects: Vec::new(), now_ms: context.now_ms };
        step.decide(context, input);
        (step.till, step.effects)
    }

    /// Brings the till to where it was after a record that is on disk.
    ///
    /// What is on no disk is not there again: a reprint that was asked for but
    /// not begun.
    ///
    /// `seq` is the record's number; `at_ms` the lane's clock then.
    pub fn restore(&mut self, seq: u64, at_ms: i64, record: &Record) {
        self.apply(at_ms, record);
        if let Desk::Saving(staff, _) = &self.desk {
            self.desk = Desk::Selling(staff.clone());
            self.last_sale = Some(seq);
            self.papers.insert(seq, Paper::Waiting { reprint: false });
            // A lane that did not print has left no word of any paper.
            while let Some(document) = self.paper_too_many() {
                self.papers.remove(&document);
            }
        }
    }

    /// What a start after a stop makes of a restored till: somebody must sign
    /// in, and whatever was on its way to the printer is in doubt.
    pub fn wake(&mut self, settings: &Settings) {
        self.desk = Desk::SignedOut;
        if settings.prints_receipts {
            for paper in self.papers.values_mut() {
                if *paper == Paper::Begun {
                    *paper = Paper::InDoubt;
                }
            }
        } else {
            self.papers.clear();
        }
    }

    /// Changes the till by one record.
    fn apply(&mut self, at_ms: i64, record: &Record) {
        match record {
            Record::ShiftOpened { number, business_date, .. } => {
                self.shift = Some(Shift { number: *number, business_date: *business_date });
                self.shifts_opened = *number;
            }
            Record::ShiftClosed { .. } => self.shift = None,
            Record::SignedIn { staff } => {
                self.pin_refusals.retain(|(id, _)| *id != staff.id);
                self.desk = Desk::Selling(staff.clone());
            }
            Record::SignInRefused { staff } => self.remember_refusal(staff, at_ms),
            Record::SignedOut { .. } => self.desk = Desk::SignedOut,
            Record::LineAdded { line } => self.basket.add(line.clone()),
            Record::LineQuantitySet { line, quantity, .. } => self.basket.set_quantity(*line, *quantity),
            Record::LinePriceSet { line, unit_price, .. } => self.basket.set_price(*line, *unit_price),
            Record::LineVoided { line, .. } => self.basket.void(*line),
            Record::AgeConfirmed { .. } => self.basket.confirm_age(),
            Record::BasketCancelled { .. } => self.basket = Basket::default(),
            Record::SaleCompleted { sale } => {
                self.basket = Basket::default();
                self.desk = Desk::Saving(sale.staff.clone(), sale.clone());
            }
            Record::PaperBegun { document, .. } => {
                self.papers.insert(*document, Paper::Begun);
            }
            Record::PaperEnded { document, outcome } => match outcome {
                PaperOutcome::Confirmed | PaperOutcome::SentUnconfirmed | PaperOutcome::Waived => {
                    self.papers.remove(document);
                }
                PaperOutcome::InDoubt => {
                    self.papers.insert(*document, Paper::InDoubt);
                }
            },
        }
    }

    /// The oldest paper that waits, where too many do.
    fn paper_too_many(&self) -> Option<u64> {
        let mut waiting = self
            .papers
            .iter()
            .filter(|(_, paper)| matches!(paper, Paper::Waiting { .. }))
            .map(|(document, _)| *document);
        let oldest = waiting.next()?;
        (waiting.count() >= PAPERS_WAITING_MAX).then_some(oldest)
    }

    fn remember_refusal(&mut self, staff: &str, at_ms: i64) {
        let before = self.pin_refusals.iter().position(|(id, _)| id == staff);
        let count = before.and_then(|index| self.pin_refusals.remove(index)).map_or(0, |(_, old)| old.count);
        if self.pin_refusals.len() == PIN_REFUSALS_MAX {
            self.pin_refusals.pop_front();
        }
        self.pin_refusals.push_back((staff.to_owned(), PinRefusals { count: count + 1, last_ms: at_ms }));
    }
}

/// How much of an item joins the basket.
enum Measure {
    /// Nothing was said.
    Single,
    /// A number was typed.
    Counted(Quantity),
    /// A scale said it.
    Label(barcode::ScaleLabel),
}

/// A step while it is being decided.
struct Step {
    till: Till,
    effects: Vec<Effect>,
    now_ms: i64,
}

impl Step {
    fn decide(&mut self, context: &Context<'_>, input: Input) {
        match input {
            Input::PinChecked { staff, matches } => self.sign_in(context, staff, matches),
            Input::SignOut => self.sign_out(),
            Input::Code(text) => self.code(context, &text),
            Input::Choose { sku, count } => self.choose(context, &sku, count),
            Input::SetQuantity { line, pieces } => self.set_quantity(line, pieces),
            Input::SetPrice { line, unit_price } => self.set_price(line, unit_price),
            Input::Void { line } => self.void(line),
            Input::Cancel => self.cancel(),
            Input::ConfirmAge => self.confirm_age(),
            Input::Pay => self.pay(),
            Input::Back => self.back(),
            Input::TakeCash(cash) => self.take_cash(context, cash),
            Input::Committed { seq } => self.committed(context, seq),
            Input::Reprint { document } => self.reprint(context, document),
            Input::PrinterReady => self.begin_paper(),
            Input::PaperEnded { document, outcome } => self.paper_ended(document, outcome),
            Input::WaivePaper { document } => self.waive_paper(document),
        }
    }

    fn commit(&mut self, record: Record) {
        self.till.apply(self.now_ms, &record);
        self.effects.push(Effect::Commit(record));
    }

    fn tell(&mut self, message: Message) {
        self.effects.push(Effect::Tell(message));
    }

    fn refuse(&mut self, message: Message) {
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
    fn may_add(&mut self) -> bool {
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
        let mut label = None;
        let barcode = barcode::recognise(text, &context.settings.scale_patterns);
        let found = match &barcode {
            Barcode::Gtin(gtin) => catalogue.item_by_gtin(gtin),
            Barcode::Scale(scale) => {
                label = Some(scale.clone());
                catalogue.item_by_plu(&scale.plu)
            }
            Barcode::ItemCode(code) | Barcode::Misread(code) => match catalogue.item_by_plu(code) {
                Ok(None) => catalogue.item_by_sku(code),
                answer => answer,
            },
            Barcode::Payment | Barcode::Other(_) => Ok(None),
        };
        match (found, barcode) {
            (Err(fault), _) => self.refuse(Message::Fault(fault)),
            (Ok(Some(item)), _) => {
                self.add(context, item, text.trim(), label.map_or(Measure::Single, Measure::Label))
            }
            (Ok(None), Barcode::Payment) => self.refuse(Message::PaymentCode),
            (Ok(None), Barcode::Other(code)) => self.unknown(Message::NotGoods(code)),
            (Ok(None), Barcode::Misread(code)) => self.unknown(Message::Misread(code)),
            (Ok(None), Barcode::Gtin(_) | Barcode::Scale(_) | Barcode::ItemCode(_)) => {
                self.unknown(Message::UnknownCode(text.trim().to_owned()));
            }
        }
    }

    fn unknown(&mut self, message: Message) {
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
                let code = item.code.clone();
                let quantity = match (count, item.weighed) {
                    (None, _) => None,
                    (Some(grams), true) => Some(Quantity::from_thousandths(grams)),
                    (Some(pieces), false) => Some(Quantity::from_pieces(pieces)),
                };
                match quantity {
                    Some(None) => self.refuse(Message::QuantityRange),
                    Some(Some(quantity)) => self.add(context, item, &code, Measure::Counted(quantity)),
                    None => self.add(context, item, &code, Measure::Single),
                }
            }
        }
    }

    fn add(&mut self, context: &Context<'_>, item: Arc<Item>, code: &str, measure: Measure) {
        if item.weighed && matches!(measure, Measure::Single) {
            return self.refuse(Message::WeightNeeded(item));
        }
        if !item.price.is_amount() {
            let fault = format!("the price of {} is out of range", item.sku);
            return self.refuse(Message::Fault(LookUpError(fault)));
        }
        let promotions = match context.catalogue.promotions_of(&item.sku) {
            Ok(promotions) => promotions,
            Err(fault) => return self.refuse(Message::Fault(fault)),
        };
        let price = pricing::unit_price(&item, &promotions, self.now_ms);
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
            item: item.clone(),
            code: code.to_owned(),
            quantity,
            unit_price: price.price,
            promotion: price.promotion.map(Into::into),
            label_amount,
        };
        if !line.is_within_bounds() {
            return self.refuse(Message::QuantityRange);
        }
        let differs = label_amount.is_some_and(|amount| amount != price.price.times(quantity));
        self.commit(Record::LineAdded { line });
        self.effects.push(Effect::Sound(Sound::Accepted));
        if item.age_restricted && self.till.basket.age_open().next().is_some() {
            self.tell(Message::AgeRestricted(item));
        } else if differs {
            self.tell(Message::LabelPriceDiffers(item));
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

    fn pay(&mut self) {
        let Desk::Selling(staff) = &self.till.desk else { return };
        if self.till.basket.is_empty() {
            return self.refuse(Message::NoLine);
        }
        if self.till.basket.age_open().next().is_some() {
            return self.refuse(Message::AgeCheckFirst);
        }
        self.till.desk = Desk::Paying(staff.clone());
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

#[cfg(test)]
mod tests;
