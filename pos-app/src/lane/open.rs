//! A lane that can sell: the till between its journal and its goods.

use std::sync::Arc;

use domain::barcode::Codes;
use domain::basket::Basket;
use domain::catalogue::{Catalogue, Item};
use domain::money::{Currency, Money};
use domain::record::Record;
use domain::tender::{Tender, Wallet};
use domain::till::kiosk::{KioskRecord, KioskRules, Weighing};
use domain::till::{Context, Effect, Input, Rules, Settings, Till};
use drivers::printer::Document;
use ledger::books::{self, Books};
use ledger::journal::{AppendError, Journal, ReadJournalError};
use ledger::reference::{Reference, ReferenceError};
use protocol::pull::{Category, StaffMember, Store};
use ui::view::Notice;

use super::books::Moment;
use crate::config::{Config, Language, Mode};
use crate::receipt::{self, Heading};
use crate::recovery::{self, Unfinished};

/// The till between its journal and its goods.
pub struct OpenLane {
    books: Books,
    reference: Reference,
    settings: Settings,
    store: Store,
    staff: Vec<StaffMember>,
    categories: Vec<Category>,
    /// Baskets that left the counter, or came to it from elsewhere, since the start.
    baskets_left: u64,
}

/// Why a receipt cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// The document is something else.
    #[error("lay out receipt {0}: it is not a sale")]
    NotASale(u64),
}

impl OpenLane {
    /// Goes on where the journal ends; with what the cashier should know of it.
    pub(super) fn start(
        journal: Journal,
        reference: Reference,
        config: &Config,
    ) -> Result<(Self, Option<Notice>), Box<dyn std::error::Error>> {
        let identity = journal.identity().clone();
        let store = reference.store(&identity.store)?.ok_or("the store is not among the goods' stores")?;
        let settings = settings(&store, config);
        let restored = books::restore_each(&journal, &settings, |record| {
            sold(record).for_each(|sku| reference.count_sold(sku));
        })?;
        if config.mode == Mode::Kiosk && config.bagging_scale.is_some() {
            reference.learn_weights(&journal.weighings()?);
        }
        let mut open = Self {
            staff: reference.staff()?,
            categories: reference.categories()?,
            books: Books::go_on(journal, restored),
            reference,
            settings,
            store,
            baskets_left: 0,
        };
        open.refresh(config)?;
        let notice = open.restored(config.language);
        Ok((open, notice))
    }

    fn restored(&self, language: Language) -> Option<Notice> {
        let (till, journal) = (self.till(), self.journal());
        let last = till.last_sale().and_then(|seq| journal.record(seq).ok());
        let last = last.and_then(|stored| {
            let Record::SaleCompleted { sale } = stored.record else { return None };
            Some((stored.seq, sale))
        });
        // Nothing is on disk after it but that its paper was begun, which is written before the drawer is told: the
        // stop may have come before the drawer.
        let undrawn = last.as_ref().filter(|(seq, sale)| {
            let is_its_paper = |after| {
                let record = journal.record(after).map(|stored| stored.record);
                matches!(record, Ok(Record::PaperBegun { document, .. }) if document == *seq)
            };
            let head = journal.head().seq;
            sale.tenders.iter().any(Tender::is_cash)
                && head - *seq <= 1
                && (*seq + 1..=head).all(is_its_paper)
        });
        let things = recovery::unfinished(till, journal.identity(), undrawn.map(|(_, sale)| sale.change));
        match things.as_slice() {
            [] => {
                let (_, sale) = last?;
                Some(Notice::LastSale { change: self.settings.currency.format_with_symbol(sale.change) })
            }
            [Unfinished::Basket { lines }] => Some(Notice::BasketRestored { lines: lines.to_string() }),
            [Unfinished::Receipt { number }] => Some(Notice::ReceiptUnconfirmed { number: number.clone() }),
            [Unfinished::Payment { .. } | Unfinished::Return { .. } | Unfinished::Drawer { .. }]
            | [_, _, ..] => {
                Some(Notice::Unfinished { list: recovery::line(&things, language, &self.settings.currency) })
            }
        }
    }

    /// Writes down what is about the lane and not about selling.
    pub(super) fn note(&mut self, moment: Moment, record: Record) {
        self.books.note(moment.now_ms, moment.offset_minutes, record);
    }

    /// As the cashier sees it.
    pub fn till(&self) -> &Till {
        self.books.till()
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        self.books.journal()
    }

    /// The goods.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The set-up that sales are made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Everybody who works here.
    pub fn staff(&self) -> &[StaffMember] {
        &self.staff
    }

    /// The groups of goods.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The version of the goods in use.
    pub fn version(&self) -> u64 {
        self.reference.version()
    }

    /// Moves on to the newest goods; for the moment between two baskets.
    pub(super) fn refresh(&mut self, config: &Config) -> Result<(), ReferenceError> {
        let before = self.version();
        self.reference.refresh()?;
        if self.version() != before {
            if let Some(store) = self.reference.store(&self.store.code)? {
                self.settings = settings(&store, config);
                self.store = store;
            }
            self.staff = self.reference.staff()?;
            self.categories = self.reference.categories()?;
        }
        Ok(())
    }

    /// Prices a basket that a stop left open: the journal holds no savings of
    /// open baskets.
    pub(super) fn reprice(&mut self, moment: Moment) {
        self.books.reprice(&context(moment, &self.reference, &self.settings));
        for reason in self.reference.refused_promotions() {
            tracing::warn!(reason, "promotion left out");
        }
    }

    /// Works out fully what the basket costs, as long as `goes_on` says so; see [`Till::consider`].
    pub(super) fn consider(&self, moment: Moment, goes_on: &dyn Fn() -> bool) -> bool {
        self.till().consider(&context(moment, &self.reference, &self.settings), goes_on)
    }

    /// Lets searches know the names of what sells.
    pub(super) fn learn_words(&self) {
        if let Err(error) = self.reference.learn_words() {
            tracing::warn!(%error, "searches do not know what sells");
        }
    }

    /// Whether there is room on the disk for another sale.
    pub(super) fn has_room(&mut self) -> bool {
        self.books.has_room()
    }

    /// Shrinks the journal's write-ahead log.
    pub(super) fn tidy(&self) {
        if let Err(error) = self.journal().tidy() {
            tracing::warn!(%error, "journal not tidied");
        }
    }

    /// Lets the till decide. Whether what it decided must be written at once.
    pub(super) fn input(&mut self, moment: Moment, input: Input, follow: bool) -> bool {
        // Without goods no record says that the customer was sent off.
        let basket = self.till().basket();
        if matches!(input, Input::Cancel { .. }) && basket.lines().is_empty() && !basket.is_untouched() {
            self.leave_customer();
        }
        self.books.input(&context(moment, &self.reference, &self.settings), input, follow)
    }

    /// Prices a basket that waits for it.
    pub(super) fn glance(&mut self, moment: Moment) {
        self.books.glance(&context(moment, &self.reference, &self.settings));
    }

    /// Writes what waits to be written and gives what waited for that. On an
    /// error nothing was written and the till is as before.
    pub(super) fn flush(&mut self, moment: Moment) -> Result<Vec<Effect>, AppendError> {
        let waiting = self.books.waiting().iter();
        let skus: Vec<String> =
            waiting.clone().flat_map(|(_, record)| sold(record)).map(str::to_owned).collect();
        let weighed: Vec<Weighing> = waiting.filter_map(|(_, record)| weighed(record)).collect();
        let left = self.books.waiting().iter().filter(|(_, record)| ends_basket(record)).count();
        let effects = self.books.flush(&context(moment, &self.reference, &self.settings))?;
        self.baskets_left += left as u64;
        skus.iter().for_each(|sku| self.reference.count_sold(sku));
        self.reference.learn_weights(&weighed);
        Ok(effects)
    }

    /// A document's paper.
    pub(super) fn receipt(
        &self,
        document: u64,
        reprint: bool,
        config: &Config,
    ) -> Result<Document, ReceiptError> {
        let stored = self.journal().record(document)?;
        let Record::SaleCompleted { sale } = &stored.record else {
            return Err(ReceiptError::NotASale(document));
        };
        let heading = Heading {
            store: &self.store,
            identity: self.journal().identity(),
            seq: document,
            stamp: stored.stamp,
            language: config.receipt_language,
            reprint,
            exit: crate::phone::exit_code(self, config, document),
        };
        let named = self.journal().named_after(self.journal().identity().epoch, document)?;
        let sale = sale.as_ref().clone().bought_by(named);
        Ok(receipt::document(&heading, &sale, &self.settings.currency))
    }

    /// How many baskets left the counter, or came to it from elsewhere, since the start: where it is the same as before,
    /// the counter serves the same customer.
    pub fn baskets_left(&self) -> u64 {
        self.baskets_left
    }

    /// Whoever stood here is gone, also where no basket was left by that.
    pub(crate) fn leave_customer(&mut self) {
        self.baskets_left += 1;
    }

    /// The open basket.
    pub fn basket(&self) -> &Basket {
        self.till().basket()
    }

    /// Goods for a tab of the grid: the pinned ones first, then a tab a category.
    pub fn tiles(&self, tab: usize, offset: usize, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        match tab.checked_sub(1).map(|index| self.categories.get(index)) {
            None => self.reference.pinned(offset, limit),
            Some(Some(category)) => self.reference.in_category(&category.id, offset, limit),
            Some(None) => Ok(Vec::new()),
        }
    }
}

fn context<'a>(moment: Moment, reference: &'a Reference, settings: &'a Settings) -> Context<'a> {
    Context { now_ms: moment.now_ms, offset_minutes: moment.offset_minutes, catalogue: reference, settings }
}

/// The items of a sale: what searches learn of.
fn sold(record: &Record) -> impl Iterator<Item = &str> {
    let sale = if let Record::SaleCompleted { sale } = record { Some(sale) } else { None };
    sale.into_iter().flat_map(|sale| &sale.lines).map(|line| line.item.sku.as_str())
}

/// Whether a basket leaves the counter with it, or comes to it from elsewhere.
// Of some sixty kinds these are about whole baskets.
#[allow(clippy::wildcard_enum_match_arm)]
fn ends_basket(record: &Record) -> bool {
    match record {
        Record::SaleCompleted { .. }
        | Record::BasketCancelled { .. }
        | Record::BasketParked { .. }
        | Record::BasketRecalled { .. }
        | Record::BasketTaken { .. } => true,
        _ => false,
    }
}

/// What a piece was seen to weigh: what the next one is held against.
fn weighed(record: &Record) -> Option<Weighing> {
    if let Record::Kiosk(KioskRecord::Weighed(weighing)) = record { Some(weighing.clone()) } else { None }
}

fn settings(store: &Store, config: &Config) -> Settings {
    let currency = Currency {
        code: store.currency.clone(),
        symbol: store.currency_symbol.clone(),
        exponent: store.currency_exponent,
    };
    let major = 10i64.pow(u32::from(store.currency_exponent.min(4)));
    let kiosk = (config.mode == Mode::Kiosk).then(|| KioskRules {
        bagging: config.bagging_scale.as_ref().map(|_| config.kiosk.bagging.rules()),
        ..config.kiosk.rules(Money::from_minor(major))
    });
    let mut rules = super::rules::rules(store);
    if kiosk.is_some() {
        "kiosk".clone_into(&mut rules.place.channel);
    }
    Settings {
        cash_rounding: Money::from_minor(store.cash_rounding),
        change_max: Money::from_minor(config.change_max.saturating_mul(major)),
        codes: codes(store),
        prints_receipts: config.printer.is_some(),
        rules: Rules {
            wallets: [Wallet::WeChat, Wallet::Alipay, Wallet::Card]
                .into_iter()
                .filter(|wallet| crate::payment::takes(config, *wallet))
                // At a kiosk nobody says how a card terminal of its own ended.
                .filter(|wallet| kiosk.is_none() || *wallet != Wallet::Card)
                .collect(),
            has_scale: config.scale.is_some(),
            kiosk,
            exit_audit: config.scan_go.exit_audit,
            ..rules
        },
        currency,
    }
}

/// The codes of a store; a pattern that cannot be is left out, as the others
/// still sell.
fn codes(store: &Store) -> Codes {
    let (codes, left_out) = Codes::configured(&store.scale_patterns, &store.code_patterns);
    for error in left_out {
        tracing::warn!(%error, "pattern left out");
    }
    codes
}
