//! A counter where a till, its journal and a printer stand, and the customers
//! that come: the way of a sale without window, devices and goods on disk.

mod day;
mod goods;

use domain::barcode::Codes;
use domain::money::{Currency, Money};
use domain::record::Record;
use domain::tender::Wallet;
use domain::till::{Context, Desk, Effect, Input, Rules, Settings, Till};
use ledger::books::Books;
pub use ledger::books::{Restored, restore};
use ledger::journal::{AppendError, Identity, Journal, Stamp};

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

/// The secret key of every trial's lane: RFC 8032's first.
pub const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

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

/// A till behind its counter, in a machine that may lose its power.
pub struct Counter<'a> {
    books: Books,
    goods: &'a Goods,
    settings: &'a Settings,
    paper: PaperOrder,
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
        Self { books: Books::go_on(journal, restored), goods, settings, paper, outside }
    }

    /// The till.
    pub fn till(&self) -> &Till {
        self.books.till()
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        self.books.journal()
    }

    /// The goods.
    pub fn goods(&self) -> &Goods {
        self.goods
    }

    /// What is still to be paid in cash.
    pub fn cash_due(&self) -> Money {
        self.till().cash_due(self.settings).payable
    }

    /// Lets the till decide. What it decided waits for [`Self::flush`], but a
    /// sale is written at once.
    pub fn input(&mut self, input: Input) -> Result<(), AppendError> {
        self.books.input(&context(self.outside, self.goods, self.settings), input, false);
        if matches!(self.till().desk(), Desk::Saving(..)) { self.flush() } else { Ok(()) }
    }

    /// Writes what waits in one transaction, and then does what waited for it.
    /// Where the disk refuses, the till is what it was before, as on a lane.
    pub fn flush(&mut self) -> Result<(), AppendError> {
        loop {
            let saves = matches!(self.till().desk(), Desk::Saving(..));
            let batch = self.books.waiting().to_vec();
            if saves && self.paper == PaperOrder::BeforeTheDisk {
                self.outside.printed.push(self.journal().head().seq + batch.len() as u64);
            }
            self.outside.under_way = batch;
            let effects = self.books.flush(&context(self.outside, self.goods, self.settings))?;
            let mut batch = std::mem::take(&mut self.outside.under_way);
            let is_sale = |(_, record): &&(Stamp, Record)| matches!(record, Record::SaleCompleted { .. });
            self.outside.sales += batch.iter().filter(is_sale).count() as u64;
            self.outside.acknowledged.append(&mut batch);
            for effect in effects {
                if let Effect::Print { document, .. } = effect {
                    self.outside.printed.push(document);
                }
            }
            if self.books.waiting().is_empty() {
                return Ok(());
            }
        }
    }

    /// Shrinks the write-ahead log, as a lane does when it is quiet.
    pub fn tidy(&self) -> Result<(), rusqlite::Error> {
        self.journal().tidy()
    }
}

fn context<'a>(outside: &Outside, goods: &'a Goods, settings: &'a Settings) -> Context<'a> {
    Context { now_ms: outside.now_ms, offset_minutes: 480, catalogue: goods, settings }
}
