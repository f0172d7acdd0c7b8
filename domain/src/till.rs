//! The state machine of one lane.
//!
//! [`Till::step`] decides; [`Till::apply`] is the only place that changes a
//! till, and it changes it only by records. So a till is rebuilt from its
//! journal by applying the same records again.

mod goods;
mod step;
mod words;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime};

use crate::barcode::Codes;
use crate::basket::Basket;
use crate::catalogue::Catalogue;
use crate::money::{Currency, Money};
use crate::record::{PaperOutcome, Record, Staff};
use crate::sale::{self, CashDue, Sale};
use step::Step;
pub use words::{Effect, Input, Message, Sound};

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
    /// Which codes of its own the shop uses.
    pub codes: Codes,
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
        self.local().date()
    }

    /// The time of day at the lane.
    fn time(&self) -> NaiveTime {
        self.local().time()
    }

    fn local(&self) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default();
        // A clock at the end of time has no later hour.
        utc.checked_add_signed(Duration::minutes(i64::from(self.offset_minutes))).unwrap_or(utc).naive_utc()
    }
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
            Record::LinePriceLowered { lowered, .. } => self.basket.lower_price(lowered),
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

#[cfg(test)]
mod tests;
