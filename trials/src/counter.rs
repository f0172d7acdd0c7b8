//! A counter where a till, its journal and a printer stand, and the customers
//! that come: the way of a sale without window, devices and goods on disk.

mod day;
mod goods;

use chrono::NaiveDate;
use domain::barcode::Codes;
use domain::money::{Currency, Money};
use domain::record::Record;
use domain::tender::Wallet;
use domain::till::{Context, Desk, Effect, Input, Rules, Settings, Till};
use ledger::journal::{AppendError, Identity, Journal, ReadJournalError, Stamp};

pub use day::Day;
pub use goods::Goods;

/// Whose counter it is.
pub fn identity() -> Identity {
    Identity { store: "S001".to_owned(), lane: 1, epoch: 1 }
}

/// The set-up of every trial's till.
pub fn settings() -> Settings {
    Settings {
        currency: Currency { code: "CNY".to_owned(), symbol: "¥".to_owned(), exponent: 2 },
        cash_rounding: Money::from_minor(10),
        change_max: Money::from_minor(100_000),
        codes: Codes::default(),
        prints_receipts: true,
        rules: Rules { wallets: vec![Wallet::WeChat, Wallet::Alipay], ..Rules::default() },
    }
}

/// When paper is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaperOrder {
    /// After the disk has answered.
    #[default]
    AfterTheDisk,
    /// Before it is asked: what must never be.
    BeforeTheDisk,
}

/// What a counter has in hand: it outlives the machine behind it.
#[derive(Debug, Default)]
pub struct Outside {
    /// Every record that the disk has answered for, in order; the first has number 1.
    pub acknowledged: Vec<(Stamp, Record)>,
    /// How many sales are among them.
    pub sales: u64,
    /// What was being written when the power failed.
    pub under_way: Vec<(Stamp, Record)>,
    /// The numbers of the documents that came out of the printer.
    pub printed: Vec<u64>,
    /// The lane's clock, milliseconds UTC.
    pub now_ms: i64,
}

/// What a start makes of a journal.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// The till.
    pub till: Till,
    /// The shift and day of the last record.
    books: (u32, NaiveDate),
}

/// Reads what a start after a stop reads, as a lane does.
pub fn restore(journal: &Journal, settings: &Settings) -> Result<Restored, ReadJournalError> {
    let mut till = Till::default();
    let mut books = (0, NaiveDate::default());
    for stored in journal.since_last_shift()? {
        till.restore(stored.seq, stored.stamp.at_ms, &stored.record);
        books = (stored.stamp.shift, stored.stamp.business_date);
    }
    till.wake(settings);
    Ok(Restored { till, books })
}

/// A till behind its counter, in a machine that may lose its power.
pub struct Counter<'a> {
    journal: Journal,
    goods: &'a Goods,
    settings: &'a Settings,
    paper: PaperOrder,
    till: Till,
    books: (u32, NaiveDate),
    /// Both as they are on disk.
    durable: (Till, (u32, NaiveDate)),
    batch: Vec<(Stamp, Record)>,
    deferred: Vec<Effect>,
    /// What stands outside.
    pub outside: &'a mut Outside,
}

impl<'a> Counter<'a> {
    /// Goes on where a journal ends, with what [`restore`] made of it.
    pub fn start(
        journal: Journal,
        restored: Restored,
        goods: &'a Goods,
        settings: &'a Settings,
        paper: PaperOrder,
        outside: &'a mut Outside,
    ) -> Self {
        let Restored { till, books } = restored;
        let durable = (till.clone(), books);
        let (batch, deferred) = (Vec::new(), Vec::new());
        Self { journal, goods, settings, paper, till, books, durable, batch, deferred, outside }
    }

    /// The till.
    pub fn till(&self) -> &Till {
        &self.till
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The goods.
    pub fn goods(&self) -> &Goods {
        self.goods
    }

    /// What is still to be paid in cash.
    pub fn cash_due(&self) -> Money {
        self.till.cash_due(self.settings).payable
    }

    /// Lets the till decide. What it decided waits for [`Self::flush`], but a
    /// sale is written at once.
    pub fn input(&mut self, input: Input) -> Result<(), AppendError> {
        self.decide(input);
        if matches!(self.till.desk(), Desk::Saving(..)) { self.flush() } else { Ok(()) }
    }

    /// Writes what waits in one transaction, and then does what waited for it.
    /// Where the disk refuses, the till is what it was before, as on a lane.
    pub fn flush(&mut self) -> Result<(), AppendError> {
        loop {
            let saves = matches!(self.till.desk(), Desk::Saving(..));
            if !self.batch.is_empty() {
                self.outside.under_way.clone_from(&self.batch);
                if saves && self.paper == PaperOrder::BeforeTheDisk {
                    self.outside.printed.push(self.journal.head().seq + self.batch.len() as u64);
                }
                if let Err(error) = self.journal.append(&self.batch) {
                    self.batch.clear();
                    self.deferred.clear();
                    (self.till, self.books) = self.durable.clone();
                    return Err(error);
                }
                self.outside.under_way.clear();
                let is_sale = |(_, record): &&(Stamp, Record)| matches!(record, Record::SaleCompleted { .. });
                self.outside.sales += self.batch.iter().filter(is_sale).count() as u64;
                self.outside.acknowledged.append(&mut self.batch);
            }
            self.durable = (self.till.clone(), self.books);
            for effect in std::mem::take(&mut self.deferred) {
                if let Effect::Print { document, .. } = effect {
                    self.outside.printed.push(document);
                }
            }
            if !saves {
                return Ok(());
            }
            self.decide(Input::Committed { seq: self.journal.head().seq });
        }
    }

    /// Shrinks the write-ahead log, as a lane does when it is quiet.
    pub fn tidy(&self) -> Result<(), rusqlite::Error> {
        self.journal.tidy()
    }

    fn decide(&mut self, input: Input) {
        let context = Context {
            now_ms: self.outside.now_ms,
            offset_minutes: 480,
            catalogue: self.goods,
            settings: self.settings,
        };
        let (till, effects) = self.till.step(&context, input);
        self.till = till;
        for effect in effects {
            if let Effect::Commit(record) = effect {
                let stamp = self.stamp(&record);
                self.batch.push((stamp, record));
            } else {
                self.deferred.push(effect);
            }
        }
    }

    fn stamp(&mut self, record: &Record) -> Stamp {
        if let Record::ShiftOpened { number, business_date, .. } = record {
            self.books = (*number, *business_date);
        }
        let (shift, business_date) = self.books;
        Stamp { at_ms: self.outside.now_ms, offset_minutes: 480, business_date, shift }
    }
}
