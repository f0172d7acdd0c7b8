//! What must be true, kept apart from the programs that make it true: what was
//! acknowledged to customers, in plain lists.
//!
//! The model hears of a record when a lane's disk has answered for it, and of
//! a filed position when HQ has answered with it. It holds both against what
//! the files say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::record::Record;
use domain::sale::Sale;
use ledger::journal::{Head, Identity, Stamp};
use protocol::answer::SalesOfDay;
use protocol::chain::ChainHash;
use protocol::event::{self, EVENT_VERSION, Event, Fact, ParkedId};

use super::points::{Moved, moved_by};
use super::relay::Thing;
use super::stock::{FiledChain, Goods};

/// A business day of a lane, with its store.
type LaneDay = (String, u32, NaiveDate);

/// What must never be; each names the invariant that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// What a disk or HQ acknowledged is there.
    NothingLost,
    /// What is there was written once, by a lane, as it says.
    NothingMadeUp,
    /// Events chain without a gap.
    Chain,
    /// A fork is alarmed and set aside.
    ForkAlarmed,
    /// Every document adds up, and so do the sums of a shift.
    MoneyAtLane,
    /// HQ's sums are those of the sales it filed.
    MoneyAtHq,
    /// HQ's stock is what was moved, and what was counted.
    StockAtHq,
    /// A count is in HQ's stock once HQ has all of before it, and no sooner.
    CountPosted,
    /// No paper before its sale is on disk.
    PaperAfterCommit,
    /// A start makes the till that was.
    TillRestored,
    /// No coupon is spent twice on a lane, nor by lanes that whoever keeps it said yes to.
    CouponOnce,
    /// Of a sale no more comes back than was sold, at lanes that whoever keeps it said yes to.
    ReceiptOnce,
    /// A parked basket is taken up once, by lanes that whoever keeps it said yes to.
    ParkedOnce,
    /// No point is spent twice, by lanes to which HQ lent it.
    PointsOnce,
    /// HQ's balances are what filed documents come to, and in the end nothing stays lent.
    PointsAtHq,
    /// What was used up more than it may be is listed at HQ.
    Listed,
    /// A payment is charged at most once, and ends in a sale, a list or nothing.
    PaidOnce,
    /// Nobody pays more than a shelf label shows.
    LabelHolds,
    /// A program goes on where nothing is wrong with its files.
    GoesOn,
    /// Everything is level some time after the last fault.
    Level,
}

/// A broken invariant, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub invariant: Invariant,
    /// What was found.
    pub words: String,
}

/// A finding as an error.
pub fn found<T>(invariant: Invariant, words: impl Into<String>) -> Result<T, Finding> {
    Err(Finding { invariant, words: words.into() })
}

/// Which journal: store, lane, epoch.
pub type JournalKey = (String, u32, u32);

/// What stores have of their items, thousandths: by store and item.
pub type Stock = BTreeMap<(String, String), i64>;

/// What the model remembers of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The day in the books.
    pub date: NaiveDate,
    /// Lines, those that came back among them.
    pub lines: u64,
    /// The document's total, fen.
    pub total: i64,
    /// What was paid or paid out, fen.
    pub payable: i64,
    /// The VAT in it, fen.
    pub tax: i64,
    /// The coupons spent on it.
    pub coupons: Vec<String>,
    /// The document, for what comes back of it.
    pub sale: Box<Sale>,
}

/// One epoch of one machine's journal, as its disk answered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    genesis: ChainHash,
    hashes: Vec<ChainHash>,
    /// What the lane's clock showed at each, milliseconds UTC.
    stamps: Vec<i64>,
    /// By number.
    pub sales: BTreeMap<u64, Sold>,
    /// What else moved goods, or counted them, by number.
    pub goods: BTreeMap<u64, Goods>,
}

impl Chain {
    fn new(key: &JournalKey) -> Self {
        Self {
            genesis: ChainHash::genesis(&key.0, key.1, key.2),
            hashes: Vec::new(),
            stamps: Vec::new(),
            sales: BTreeMap::new(),
            goods: BTreeMap::new(),
        }
    }

    /// The last number.
    pub fn last(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// The hash at a number; `None` beyond the end.
    pub fn hash_at(&self, seq: u64) -> Option<ChainHash> {
        match seq.checked_sub(1) {
            None => Some(self.genesis),
            Some(place) => self.hashes.get(usize::try_from(place).ok()?).copied(),
        }
    }

    /// What the lane's clock showed at a number; `None` where there is none.
    pub fn stamp_at(&self, seq: u64) -> Option<i64> {
        self.stamps.get(usize::try_from(seq.checked_sub(1)?).ok()?).copied()
    }

    /// What it showed last.
    pub fn last_stamp(&self) -> Option<i64> {
        self.stamps.last().copied()
    }

    fn head(&self) -> ChainHash {
        self.hashes.last().copied().unwrap_or(self.genesis)
    }

    /// Whether it is the beginning of the other, or the other way round.
    fn agrees(&self, other: &Self) -> bool {
        let common = self.last().min(other.last());
        self.hash_at(common) == other.hash_at(common)
    }
}

/// What one machine wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// By epoch.
    pub chains: BTreeMap<JournalKey, Chain>,
    /// What was being written when the power failed, and for which journal.
    pub under_way: Option<(Identity, Vec<(Stamp, Record)>)>,
    /// Papers that came out of its printer.
    pub printed: BTreeSet<(JournalKey, u64)>,
    /// One of its events says another number than it stands under.
    pub is_misnumbered: bool,
    /// Coupons that it has spent.
    coupons: BTreeSet<String>,
    /// Its parked baskets by number, with the epoch in which it put each aside.
    parked: BTreeMap<u32, u32>,
    /// What it used up and nobody has looked at yet.
    pub used: Vec<Used>,
    /// What its documents did to members' points and nobody has looked at yet.
    pub moved: Vec<Moved>,
    /// What it wrote about goods and nobody has looked at yet.
    pub goods: Vec<Goods>,
    /// Sum of all totals since its first shift, fen.
    pub net: i64,
}

/// Something that one lane alone may have, used up by a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// So much of a line of a sale, thousandths; one of a basket or a coupon.
    Up {
        /// Of what.
        thing: Thing,
        /// The line's number.
        line: u32,
        /// How much.
        quantity: i64,
        /// The record.
        source: (JournalKey, u64),
    },
    /// All that a sale spent a coupon on came back.
    Undone {
        /// Which.
        thing: Thing,
        /// The sale.
        sale: (JournalKey, u64),
    },
}

/// The key of an identity.
pub fn key_of(identity: &Identity) -> JournalKey {
    (identity.store.clone(), identity.lane, identity.epoch)
}

impl Written {
    /// The chain of a journal, as far as it goes.
    pub fn chain(&mut self, identity: &Identity) -> &mut Chain {
        let key = key_of(identity);
        self.chains.entry(key.clone()).or_insert_with(|| Chain::new(&key))
    }

    /// The disk has answered for these records; gives the numbers of the sales.
    pub fn acknowledge(
        &mut self,
        identity: &Identity,
        records: &[(Stamp, Record)],
        head: Head,
    ) -> Result<Vec<u64>, Finding> {
        let mut sales = Vec::new();
        for (stamp, record) in records {
            let chain = self.chain(identity);
            let seq = chain.last() + 1;
            let event = Event {
                v: EVENT_VERSION,
                store: identity.store.clone(),
                lane: identity.lane,
                epoch: identity.epoch,
                seq,
                at_ms: stamp.at_ms,
                offset_minutes: stamp.offset_minutes,
                business_date: stamp.business_date,
                shift: stamp.shift,
                fact: Fact::from(record),
            };
            let hash = chain.head().extend(&event::encode(&event));
            chain.hashes.push(hash);
            chain.stamps.push(stamp.at_ms);
            self.use_up(identity, seq, record);
            self.move_goods(identity, seq, record);
            if let Record::SaleCompleted { sale } = record {
                self.sell(identity, seq, stamp.business_date, sale)?;
                sales.push(seq);
            }
        }
        let chain = self.chain(identity);
        if (chain.last(), chain.head()) != (head.seq, head.hash) {
            let words = format!(
                "the journal says it ends at {}, what it was given ends at {}",
                head.seq,
                chain.last()
            );
            return found(Invariant::Chain, words);
        }
        Ok(sales)
    }

    /// Notes what a record uses up.
    // Of some sixty kinds four are about what one lane alone may have.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn use_up(&mut self, identity: &Identity, seq: u64, record: &Record) {
        let source = (key_of(identity), seq);
        let one = |thing, source| Used::Up { thing, line: 0, quantity: 1, source };
        match record {
            Record::BasketParked { basket, .. } => {
                self.parked.insert(*basket, identity.epoch);
            }
            Record::BasketRecalled { basket, .. } => {
                let epoch = self.parked.get(basket).copied().unwrap_or(identity.epoch);
                let id = ParkedId { lane: identity.lane, epoch, number: *basket };
                self.used.push(one(Thing::parked(&identity.store, id), source));
            }
            Record::BasketTaken { from, .. } => {
                self.used.push(one(Thing::parked(&identity.store, (*from).into()), source));
            }
            Record::SaleCompleted { sale } => {
                for back in &sale.returns {
                    let Some(origin) = &back.origin else { continue };
                    let (thing, quantity) = (Thing::receipt(&origin.into()), back.quantity.thousandths());
                    self.used.push(Used::Up { thing, line: back.line, quantity, source: source.clone() });
                    for code in &sale.coupons_back {
                        let sale = ((origin.store.clone(), origin.lane, origin.epoch), origin.seq);
                        self.used.push(Used::Undone { thing: Thing::Coupon(code.clone()), sale });
                    }
                }
                let spent = sale.coupons.iter().map(|coupon| Thing::Coupon(coupon.code.clone()));
                self.used.extend(spent.map(|thing| one(thing, source.clone())));
            }
            _ => {}
        }
    }

    /// Notes what a record says of goods that are not sold.
    // Of some sixty kinds two are about them.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn move_goods(&mut self, identity: &Identity, seq: u64, record: &Record) {
        let goods = match record {
            Record::StockMoved { movement, .. } => Goods::Moved(movement.clone()),
            Record::StockCounted { count, .. } => Goods::Counted(count.clone()),
            _ => return,
        };
        self.goods.push(goods.clone());
        self.chain(identity).goods.insert(seq, goods);
    }

    /// An event came into the journal that no till of today writes.
    pub fn insert_foreign(&mut self, identity: &Identity, hash: ChainHash, at_ms: i64) {
        let chain = self.chain(identity);
        chain.hashes.push(hash);
        chain.stamps.push(at_ms);
    }

    /// A sale is on the disk under this number.
    pub fn sell(
        &mut self,
        identity: &Identity,
        seq: u64,
        date: NaiveDate,
        sale: &Sale,
    ) -> Result<(), Finding> {
        check_sums(seq, sale)?;
        let coupons: Vec<String> = sale.coupons.iter().map(|coupon| coupon.code.clone()).collect();
        // All that they were spent on came back: they are good again.
        self.coupons.retain(|code| !sale.coupons_back.contains(code));
        for code in &coupons {
            if !self.coupons.insert(code.clone()) {
                return found(
                    Invariant::CouponOnce,
                    format!("sale {seq} spends coupon {code} a second time"),
                );
            }
        }
        self.net += sale.total.minor();
        self.moved.extend(moved_by(&(key_of(identity), seq), sale));
        let sold = Sold {
            date,
            lines: (sale.lines.len() + sale.returns.len()) as u64,
            total: sale.total.minor(),
            payable: sale.payable.minor(),
            tax: sale.taxes.iter().map(|tax| tax.tax.minor()).sum(),
            coupons,
            sale: Box::new(sale.clone()),
        };
        self.chain(identity).sales.insert(seq, sold);
        Ok(())
    }

    /// A start found the journal at `head`. Tells whether what was under way
    /// is there; `None` where nothing was.
    pub fn start(
        &mut self,
        identity: &Identity,
        head: Head,
        hash_at: impl Fn(u64) -> Option<ChainHash>,
    ) -> Result<Option<bool>, Finding> {
        let under_way = self.under_way.take().filter(|(of, records)| of == identity && !records.is_empty());
        let chain = self.chain(identity);
        let last = chain.last();
        if head.seq < last {
            return found(
                Invariant::NothingLost,
                format!("{last} records were acknowledged, {} are there", head.seq),
            );
        }
        if hash_at(last) != chain.hash_at(last) {
            return found(Invariant::Chain, format!("what stands up to {last} is not what was written"));
        }
        let more = head.seq - last;
        match under_way {
            Some((_, records)) if more == records.len() as u64 => {
                self.acknowledge(identity, &records, head)?;
                Ok(Some(true))
            }
            Some(_) if more == 0 => Ok(Some(false)),
            None if more == 0 => Ok(None),
            Some((_, records)) => {
                found(Invariant::Chain, format!("of {} under way {more} are there", records.len()))
            }
            None => found(Invariant::NothingMadeUp, format!("{more} records are there that nobody wrote")),
        }
    }

    /// A paper came out.
    pub fn print(&mut self, identity: &Identity, document: u64) -> Result<(), Finding> {
        if !self.chain(identity).sales.contains_key(&document) {
            return found(
                Invariant::PaperAfterCommit,
                format!("paper of sale {document}, which is on no disk"),
            );
        }
        self.printed.insert((key_of(identity), document));
        Ok(())
    }

    /// Every paper that came out is of a sale that is there.
    pub fn check_papers(&self) -> Result<(), Finding> {
        for (key, document) in &self.printed {
            let is_there = self.chains.get(key).is_some_and(|chain| chain.sales.contains_key(document));
            if !is_there {
                return found(
                    Invariant::PaperAfterCommit,
                    format!("the paper of sale {document} is out, the sale gone"),
                );
            }
        }
        Ok(())
    }
}

/// Line nets less returns and tax on top are the total; with rounding it is
/// what is paid; tenders less change are the same.
fn check_sums(seq: u64, sale: &Sale) -> Result<(), Finding> {
    let nets: i64 = sale.lines.iter().map(|line| line.net().minor()).sum();
    let back: i64 = sale.returns.iter().map(|line| line.amount.minor()).sum();
    let tendered: i64 = sale.tenders.iter().map(|tender| tender.amount().minor()).sum();
    let equal = |what: &str, found_: i64, says: i64| match found_ == says {
        true => Ok(()),
        false => {
            found(Invariant::MoneyAtLane, format!("sale {seq}: {what} come to {found_}, it says {says}"))
        }
    };
    equal("line nets", nets - back + sale.tax_added.minor(), sale.total.minor())?;
    equal("total and rounding", sale.total.minor() + sale.rounding.minor(), sale.payable.minor())?;
    equal("tenders less change", tendered - sale.change.minor(), sale.payable.minor())
}

/// What was acknowledged, by everybody.
#[derive(Debug, Default)]
pub struct Model {
    /// By machine.
    pub machines: Vec<Written>,
    /// Journals that were on disks which are gone, as their customers know them.
    pub gone: Vec<(JournalKey, Chain)>,
    /// How far HQ has answered that it filed each journal.
    answered: BTreeMap<JournalKey, u64>,
}

impl Model {
    /// Every chain that was ever written under a key.
    fn chains<'a>(&'a self, key: &JournalKey) -> impl Iterator<Item = &'a Chain> {
        let live = self.machines.iter().filter_map(move |machine| machine.chains.get(key));
        live.chain(self.gone.iter().filter(move |(of, _)| of == key).map(|(_, chain)| chain))
    }

    /// A sale of a journal, as any disk had it.
    pub fn sale(&self, key: &JournalKey, seq: u64) -> Option<&Sold> {
        self.chains(key).find_map(|chain| chain.sales.get(&seq))
    }

    /// Whether HQ's journals, as far as they go, hold a document of any of ours.
    pub fn is_filed(
        &self,
        filed: &BTreeMap<JournalKey, (u64, ChainHash)>,
        source: &(JournalKey, u64),
    ) -> bool {
        let Some((acknowledged, head)) = filed.get(&source.0) else { return false };
        source.1 <= *acknowledged
            && self.chains(&source.0).any(|chain| chain.hash_at(*acknowledged) == Some(*head))
    }

    /// A disk is gone: what was on it and not on what replaces it.
    pub fn lose_disk(&mut self, machine: usize, kept: Written) {
        let lost = std::mem::replace(&mut self.machines[machine], kept);
        self.gone.extend(lost.chains);
    }

    /// All that a coupon was spent on came back at a machine: another that had spent it may spend it again.
    pub fn restore_coupon(&mut self, at: usize, code: &str, (of, seq): &(JournalKey, u64)) {
        for (_, written) in self.machines.iter_mut().enumerate().filter(|(place, _)| *place != at) {
            if written.chains.get(of).is_some_and(|chain| chain.sales.contains_key(seq)) {
                written.coupons.remove(code);
            }
        }
    }

    /// HQ says that it has filed a journal up to here.
    pub fn filed(&mut self, key: &JournalKey, acknowledged: u64, head: ChainHash) -> Result<(), Finding> {
        let answered = self.answered.entry(key.clone()).or_default();
        if acknowledged < *answered {
            let words =
                format!("HQ answered that it filed {answered} of {key:?}, and now says {acknowledged}");
            return found(Invariant::NothingLost, words);
        }
        *answered = acknowledged;
        self.filed_chain(key, acknowledged, head).map(drop)
    }

    /// The chain that HQ has filed a part of.
    fn filed_chain(
        &self,
        key: &JournalKey,
        acknowledged: u64,
        head: ChainHash,
    ) -> Result<Option<&Chain>, Finding> {
        let filed = self.chains(key).find(|chain| chain.hash_at(acknowledged) == Some(head));
        match filed {
            Some(chain) => Ok(Some(chain)),
            None if acknowledged == 0 => Ok(None),
            None => {
                let words = format!("HQ has {acknowledged} events of {key:?} that no lane wrote so");
                found(Invariant::NothingMadeUp, words)
            }
        }
    }

    /// The journals as far as HQ has filed them.
    pub fn filed_chains<'a>(
        &'a self,
        filed: &'a [(JournalKey, u64, ChainHash)],
    ) -> Result<Vec<FiledChain<'a>>, Finding> {
        let mut chains = Vec::with_capacity(filed.len());
        for (key, acknowledged, head) in filed {
            let chain = self.filed_chain(key, *acknowledged, *head)?;
            chains.extend(chain.map(|chain| (key, *acknowledged, chain)));
        }
        Ok(chains)
    }

    /// The sales of the journals, as far as HQ has filed them, with their keys and numbers.
    pub fn filed_sales<'a>(
        &'a self,
        filed: &'a [(JournalKey, u64, ChainHash)],
    ) -> Result<Vec<(&'a JournalKey, u64, &'a Sold)>, Finding> {
        let mut sales = Vec::new();
        for (key, acknowledged, chain) in self.filed_chains(filed)? {
            sales.extend(chain.sales.range(..=acknowledged).map(|(seq, sold)| (key, *seq, sold)));
        }
        Ok(sales)
    }

    /// HQ was put back from a backup: what it answered since is not its word any more.
    pub fn forget_answers(&mut self) {
        self.answered.clear();
    }

    /// Holds HQ's sums against those of the sales that it has filed.
    pub fn check_days(&self, chains: &[FiledChain<'_>], days: &[SalesOfDay]) -> Result<u64, Finding> {
        let mut sums: BTreeMap<LaneDay, (u64, u64, i64, i64, i64)> = BTreeMap::new();
        let mut sales = 0;
        for (key, acknowledged, chain) in chains {
            for (_, sold) in chain.sales.range(..=acknowledged) {
                sales += 1;
                let sum = sums.entry((key.0.clone(), key.1, sold.date)).or_default();
                sum.0 += 1;
                sum.1 += sold.lines;
                sum.2 += sold.total;
                sum.3 += sold.payable;
                sum.4 += sold.tax;
            }
        }
        let says: BTreeMap<_, _> = days
            .iter()
            .map(|day| {
                let sums = (day.sales, day.lines, day.total, day.payable, day.tax);
                ((day.store.clone(), day.lane, day.date), sums)
            })
            .collect();
        if says != sums {
            let differ = sums.iter().find(|(key, sum)| says.get(*key) != Some(sum));
            let differ = differ.map(|(key, sum)| format!("{key:?} is {sum:?}, HQ says {:?}", says.get(key)));
            let differ = differ.unwrap_or_else(|| "HQ has a day that nobody sold on".to_owned());
            return found(Invariant::MoneyAtHq, format!("the sums of a day differ: {differ}"));
        }
        Ok(sales)
    }

    /// Where every acknowledged sale is, once all is level: at HQ; in a branch
    /// that is alarmed; or lost with a disk. Gives how many of each.
    pub fn account(
        &self,
        filed: &[(JournalKey, u64, ChainHash)],
        forks: &BTreeSet<JournalKey>,
    ) -> Result<Account, Finding> {
        let mut account = Account::default();
        let at_hq: BTreeMap<&JournalKey, (u64, ChainHash)> =
            filed.iter().map(|(key, acknowledged, head)| (key, (*acknowledged, *head))).collect();
        let live =
            self.machines.iter().flat_map(|machine| &machine.chains).map(|(key, chain)| (key, chain, true));
        let gone = self.gone.iter().map(|(key, chain)| (key, chain, false));
        for (key, chain, is_live) in live.chain(gone) {
            let (acknowledged, head) =
                at_hq.get(key).copied().unwrap_or((0, ChainHash::genesis(&key.0, key.1, key.2)));
            let common = acknowledged.min(chain.last());
            let hq_chain = self.filed_chain(key, acknowledged, head)?;
            let agrees = hq_chain.is_none_or(|filed| filed.hash_at(common) == chain.hash_at(common));
            for seq in chain.sales.keys() {
                let same = hq_chain
                    .is_some_and(|filed| *seq <= acknowledged && filed.hash_at(*seq) == chain.hash_at(*seq));
                if same {
                    account.at_hq += 1;
                } else if !is_live {
                    account.lost_with_disk += 1;
                } else if !agrees && forks.contains(key) {
                    account.in_branches += 1;
                } else if !agrees {
                    let words =
                        format!("sale {seq} of {key:?} is of another branch than HQ's, and no alarm says so");
                    return found(Invariant::ForkAlarmed, words);
                } else {
                    let words = format!("sale {seq} of {key:?} is not at HQ, which has {acknowledged}");
                    return found(Invariant::Level, words);
                }
            }
        }
        Ok(account)
    }

    /// Coupons that were spent on more than one document.
    pub fn coupons_spent_twice(&self) -> u64 {
        let mut spent: BTreeMap<&str, BTreeSet<(&JournalKey, u64)>> = BTreeMap::new();
        for machine in &self.machines {
            for (key, chain) in &machine.chains {
                for (seq, sold) in &chain.sales {
                    for code in &sold.coupons {
                        spent.entry(code).or_default().insert((key, *seq));
                    }
                }
            }
        }
        spent.values().filter(|documents| documents.len() > 1).count() as u64
    }

    /// Whether two machines wrote different things under the same numbers.
    pub fn has_forked(&self, key: &JournalKey) -> bool {
        let chains: Vec<&Chain> = self.chains(key).collect();
        chains.iter().any(|one| chains.iter().any(|other| !one.agrees(other)))
    }
}

/// Where the acknowledged sales are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// In HQ's journal.
    pub at_hq: u64,
    /// In a branch that is alarmed.
    pub in_branches: u64,
    /// On a disk that is gone, before HQ had them.
    pub lost_with_disk: u64,
}
