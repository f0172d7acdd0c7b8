//! Goods as documents tell of them: what came, went, is on its way and was counted, and what HQ must have of it.
//!
//! A count says where each lane of its store was when a line was counted. Here it is worked out from the journals alone
//! which documents lie before that moment and which after: HQ has what was counted and what moved after it. Where nobody
//! could say where a lane was, its own stamps decide, as HQ says that they do. What HQ had when it posted a count is noted
//! then: it had to have everything of before, but of a lane that was begun anew meanwhile, or that had been silent for
//! days and nobody could speak for. What such a lane brings later is taken to be of after the count.

use std::collections::{BTreeMap, BTreeSet};

use domain::sale::Sale;
use domain::stock::{Movement, StockCount, StockMove};
use hq::books::counting::Posted;

use super::model::{Chain, Finding, Invariant, JournalKey, Stock, found};

/// A lane that nobody could speak for and that had been silent for so long is not waited for, milliseconds.
const SILENT_MS: i64 = 3 * 24 * 60 * 60_000;

/// A document about goods that is no sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goods {
    /// They came or went.
    Moved(Movement),
    /// They were counted.
    Counted(StockCount),
}

/// A count's store and number.
pub type CountId = (String, String);

/// A journal as far as HQ has filed it.
pub type FiledChain<'a> = (&'a JournalKey, u64, &'a Chain);

/// How far HQ had the journals of a store: by lane and epoch.
pub type Filed = BTreeMap<(u32, u32), u64>;

/// What a sale moves of its store's stock, thousandths.
pub fn sold(sale: &Sale) -> impl Iterator<Item = (&str, i64)> {
    let sold = sale.lines.iter().map(|line| (line.item.sku.as_str(), -line.quantity.thousandths()));
    sold.chain(sale.returns.iter().map(|back| (back.item.sku.as_str(), back.quantity.thousandths())))
}

/// Whether goods are more or less in a store by this.
fn sign(kind: StockMove) -> i64 {
    match kind {
        StockMove::Receive | StockMove::TransferIn => 1,
        StockMove::ReturnToSupplier
        | StockMove::TransferOut
        | StockMove::Damage
        | StockMove::Expiry
        | StockMove::InternalUse
        | StockMove::Tasting => -1,
        StockMove::Reserve | StockMove::Release => 0,
    }
}

/// Everything that a journal moves of its store's stock up to a number: the number, the item and how much.
fn moves<'a>(chain: &'a Chain, through: u64) -> impl Iterator<Item = (u64, &'a str, i64)> {
    let sales = chain.sales.range(..=through);
    let sales = sales.flat_map(|(seq, of)| sold(&of.sale).map(move |(sku, moved)| (*seq, sku, moved)));
    let goods = chain.goods.range(..=through).flat_map(|(seq, goods)| {
        let movement = match goods {
            Goods::Moved(movement) => Some(movement),
            Goods::Counted(_) => None,
        };
        movement.into_iter().flat_map(move |movement| {
            let of = move |line: &'a domain::stock::StockLine| {
                (*seq, line.sku.as_str(), sign(movement.kind) * line.quantity.thousandths())
            };
            movement.lines.iter().map(of)
        })
    });
    sales.chain(goods)
}

/// What HQ says of goods.
#[derive(Debug, Default)]
pub struct AtHq {
    /// There.
    pub on_hand: Stock,
    /// On its way there.
    pub in_transit: Stock,
    /// Counts that are in the stock.
    pub posted: BTreeMap<CountId, Posted>,
    /// Counts that wait.
    pub waiting: BTreeSet<CountId>,
}

/// What HQ had when it was seen that it had posted a count.
#[derive(Debug, Clone)]
struct Seen {
    /// Counts the sightings.
    order: u64,
    /// By HQ's clock.
    posted_ms: i64,
    filed: Filed,
}

/// A count that HQ has filed.
struct Counted<'a> {
    count: &'a StockCount,
    /// When it was written down, by the lane's clock.
    at_ms: i64,
    /// The lane that counted.
    lane: u32,
    /// As HQ names the document.
    source: String,
}

/// Where a lane was when a line was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind this event: epoch and number.
    Behind(u32, u64),
    /// Nobody could say: what it stamped up to here was before.
    Stamped(i64),
}

impl Counted<'_> {
    /// Where a lane was when a line was counted.
    fn place(&self, lane: u32, line: usize) -> Place {
        let behind = |at: &domain::stock::Position| Place::Behind(at.epoch, at.seq);
        let mut place = self.count.positions.iter().find(|at| at.lane == lane).map(behind);
        let mut at_ms = self.at_ms;
        let until =
            |step: &&domain::stock::CountStep| usize::try_from(step.line).is_ok_and(|from| from <= line);
        for step in self.count.steps.iter().take_while(until) {
            at_ms = step.at_ms;
            if let Some(at) = step.positions.iter().find(|at| at.lane == lane) {
                place = Some(behind(at));
            } else if step.lost.contains(&lane) {
                place = None;
            }
        }
        place.unwrap_or(Place::Stamped(at_ms))
    }

    /// All lanes that it is about, those among them that nobody could speak for.
    fn lanes(&self, filed: &Filed) -> BTreeSet<u32> {
        let named =
            self.count.positions.iter().chain(self.count.steps.iter().flat_map(|step| &step.positions));
        let heard_of =
            filed.iter().filter(|(_, acknowledged)| **acknowledged > 0).map(|((lane, _), _)| *lane);
        named.map(|at| at.lane).chain(heard_of).collect()
    }

    /// The lanes whose own stamps decide of some line.
    fn by_stamps(&self, filed: &Filed) -> Vec<u32> {
        let is_so = |lane: &u32| {
            (0..self.count.lines.len()).any(|line| matches!(self.place(*lane, line), Place::Stamped(_)))
        };
        self.lanes(filed).into_iter().filter(is_so).collect()
    }

    /// The lanes of which something of before a line is not filed, as far as anybody can know.
    fn missing(&self, filed: &Filed, stamp: impl Fn(u32, u32, u64) -> Option<i64>) -> Vec<u32> {
        let is_missing = |lane: &u32| {
            let of_lane =
                filed.range((*lane, 0)..=(*lane, u32::MAX)).filter(|(_, acknowledged)| **acknowledged > 0);
            let newest = of_lane.last().map(|((_, epoch), acknowledged)| (*epoch, *acknowledged));
            (0..self.count.lines.len()).any(|line| match self.place(*lane, line) {
                Place::Behind(epoch, seq) => {
                    let has = filed.get(&(*lane, epoch)).copied().unwrap_or(0);
                    has < seq && newest.is_none_or(|(newest, _)| newest <= epoch)
                }
                Place::Stamped(at_ms) => newest.is_some_and(|(epoch, acknowledged)| {
                    let last = stamp(*lane, epoch, acknowledged);
                    last.is_some_and(|last| last <= at_ms && last >= at_ms - SILENT_MS)
                }),
            })
        };
        self.lanes(filed).into_iter().filter(is_missing).collect()
    }
}

/// The counts that lanes wrote down, and what HQ had when it posted them.
#[derive(Debug, Default)]
pub struct Counts {
    written: BTreeSet<CountId>,
    seen: BTreeMap<CountId, Seen>,
    order: u64,
}

impl Counts {
    /// A lane wrote a count down.
    pub fn write(&mut self, id: CountId) {
        self.written.insert(id);
    }

    /// Those of a store that HQ has not been seen to have posted.
    pub fn open(&self, store: &str) -> Vec<CountId> {
        let is_open = |id: &&CountId| id.0 == store && !self.seen.contains_key(*id);
        self.written.iter().filter(is_open).cloned().collect()
    }

    /// HQ was away or put back: what it has not posted any more, or posted anew, was not seen. `posted` gives when HQ posted
    /// a count, where it says anything.
    pub fn forget(&mut self, posted: impl Fn(&CountId) -> Option<Option<i64>>) {
        self.seen.retain(|id, seen| posted(id).is_none_or(|posted_ms| posted_ms == Some(seen.posted_ms)));
    }

    /// HQ has posted a count, with this of its store's journals.
    pub fn see(&mut self, id: CountId, posted_ms: i64, filed: Filed) {
        self.order += 1;
        self.seen.insert(id, Seen { order: self.order, posted_ms, filed });
    }

    /// Whether another lane than that which counted moved counted goods after they were counted and before HQ posted it.
    pub fn was_during_sales(&self, id: &CountId, chains: &[FiledChain<'_>]) -> bool {
        let Some(seen) = self.seen.get(id) else { return false };
        let counted = counted(chains);
        let Some(of) = counted.get(id).and_then(|all| all.first()) else { return false };
        let is_counted = |sku: &str| of.count.lines.iter().position(|line| line.sku == sku);
        of_store(chains, &id.0).any(|(key, through, chain)| {
            key.1 != of.lane
                && moves(chain, through).any(|(seq, sku, _)| {
                    is_counted(sku).is_some_and(|line| !is_before(of, line, (key, chain), seq, &seen.filed))
                })
        })
    }

    /// Holds HQ's stock against the documents that it has filed.
    pub fn check(&self, chains: &[FiledChain<'_>], at_hq: &AtHq) -> Result<(), Finding> {
        self.check_counts(chains, at_hq)?;
        same("in transit", &in_transit(chains), &at_hq.in_transit)?;
        same("there", &self.on_hand(chains, at_hq), &at_hq.on_hand)
    }

    /// Every count that is filed is in the stock or waits, and for a reason.
    fn check_counts(&self, chains: &[FiledChain<'_>], at_hq: &AtHq) -> Result<(), Finding> {
        let counted = counted(chains);
        for id in at_hq.posted.keys().chain(&at_hq.waiting) {
            if !counted.contains_key(id) {
                return found(Invariant::NothingMadeUp, format!("HQ has a count {id:?} that no lane wrote"));
            }
        }
        for (id, all) in &counted {
            let stamp = |lane, epoch, seq| {
                let of = of_store(chains, &id.0).find(|(key, ..)| (key.1, key.2) == (lane, epoch));
                of.and_then(|(.., chain)| chain.stamp_at(seq))
            };
            let Some(posted) = at_hq.posted.get(id) else {
                // One with a number that was taken in before is that one.
                let missing = all.iter().map(|of| of.missing(&filed_of(chains, &id.0), stamp));
                if !at_hq.waiting.contains(id) {
                    return found(
                        Invariant::CountPosted,
                        format!("HQ has filed count {id:?}, and has none such"),
                    );
                }
                if missing.clone().all(|lanes| lanes.is_empty()) {
                    return found(
                        Invariant::CountPosted,
                        format!("HQ holds count {id:?} back, and has all of before it"),
                    );
                }
                continue;
            };
            let Some(of) = all.iter().find(|of| of.source == posted.source) else {
                let words = format!("HQ has count {id:?} of {}, which did not count it", posted.source);
                return found(Invariant::NothingMadeUp, words);
            };
            let Some(seen) = self.seen.get(id) else {
                return found(
                    Invariant::NothingMadeUp,
                    format!("HQ posted count {id:?}, and nothing was filed"),
                );
            };
            let missing = of.missing(&seen.filed, stamp);
            if !missing.is_empty() {
                let words = format!("HQ posted count {id:?} before it had heard all of lanes {missing:?}");
                return found(Invariant::CountPosted, words);
            }
            let by_stamps = of.by_stamps(&seen.filed);
            if posted.by_clock != by_stamps {
                let words = format!(
                    "HQ says that clocks decided of lanes {:?} in count {id:?}, nobody could speak for {by_stamps:?}",
                    posted.by_clock
                );
                return found(Invariant::CountPosted, words);
            }
        }
        Ok(())
    }

    /// What stores have: what was counted last and what moved after it, or all that moved.
    fn on_hand(&self, chains: &[FiledChain<'_>], at_hq: &AtHq) -> Stock {
        let counted = counted(chains);
        let mut last: BTreeMap<(&str, &str), (u64, &Counted<'_>, usize, &Filed)> = BTreeMap::new();
        for (id, posted) in &at_hq.posted {
            let of = counted.get(id).and_then(|all| all.iter().find(|of| of.source == posted.source));
            let (Some(of), Some(seen)) = (of, self.seen.get(id)) else { continue };
            for (place, line) in of.count.lines.iter().enumerate() {
                let known = last.entry((&id.0, &line.sku)).or_insert((seen.order, of, place, &seen.filed));
                if known.0 < seen.order {
                    *known = (seen.order, of, place, &seen.filed);
                }
            }
        }
        let mut stock = Stock::new();
        for ((store, sku), (_, of, line, _)) in &last {
            stock.insert(((*store).to_owned(), (*sku).to_owned()), of.count.lines[*line].thousandths);
        }
        for (key, through, chain) in chains {
            for (seq, sku, moved) in moves(chain, *through) {
                let count = last.get(&(key.0.as_str(), sku));
                if !count.is_some_and(|(_, of, line, filed)| is_before(of, *line, (key, chain), seq, filed)) {
                    *stock.entry((key.0.clone(), sku.to_owned())).or_default() += moved;
                }
            }
        }
        stock
    }

    /// What HQ still waits with: positions that it has not heard of. A lane's stamps it may wait for.
    pub fn waits_for_positions<'a>(
        &self,
        chains: &[FiledChain<'_>],
        waiting: &'a BTreeSet<CountId>,
    ) -> Option<&'a CountId> {
        let counted = counted(chains);
        waiting.iter().find(|id| {
            let filed = filed_of(chains, &id.0);
            let no_stamps = |_, _, _| None;
            counted.get(*id).is_some_and(|all| all.iter().any(|of| !of.missing(&filed, no_stamps).is_empty()))
        })
    }
}

/// Whether a document was before a line was counted, and HQ had it when it posted the count.
fn is_before(
    of: &Counted<'_>,
    line: usize,
    (key, chain): (&JournalKey, &Chain),
    seq: u64,
    filed: &Filed,
) -> bool {
    let had = filed.get(&(key.1, key.2)).is_some_and(|acknowledged| seq <= *acknowledged);
    had && match of.place(key.1, line) {
        Place::Behind(epoch, last) => (key.2, seq) <= (epoch, last),
        Place::Stamped(at_ms) => chain.stamp_at(seq).is_some_and(|stamp| stamp <= at_ms),
    }
}

fn of_store<'c, 'a>(
    chains: &'c [FiledChain<'a>],
    store: &'c str,
) -> impl Iterator<Item = FiledChain<'a>> + 'c {
    chains.iter().copied().filter(move |(key, ..)| key.0 == store)
}

/// How far a store's journals are filed.
fn filed_of(chains: &[FiledChain<'_>], store: &str) -> Filed {
    of_store(chains, store).map(|(key, through, _)| ((key.1, key.2), through)).collect()
}

/// The counts that are filed, by number: one number may stand in two journals where a disk was copied.
fn counted<'a>(chains: &[FiledChain<'a>]) -> BTreeMap<CountId, Vec<Counted<'a>>> {
    let mut counted: BTreeMap<CountId, Vec<Counted<'a>>> = BTreeMap::new();
    for (key, through, chain) in chains {
        for (seq, goods) in chain.goods.range(..=through) {
            let Goods::Counted(count) = goods else { continue };
            let source = format!("{}/{}/{}/{seq}", key.0, key.1, key.2);
            let at_ms = chain.stamp_at(*seq).unwrap_or(0);
            let of = Counted { count, at_ms, lane: key.1, source };
            counted.entry((key.0.clone(), count.document.clone())).or_default().push(of);
        }
    }
    counted
}

/// What left for a store and has not come.
fn in_transit(chains: &[FiledChain<'_>]) -> Stock {
    let mut stock = Stock::new();
    for (key, through, chain) in chains {
        for (_, goods) in chain.goods.range(..=through) {
            let Goods::Moved(movement) = goods else { continue };
            let (place, sign) = match movement.kind {
                StockMove::TransferOut => (&movement.other, 1),
                StockMove::TransferIn => (&key.0, -1),
                StockMove::Receive
                | StockMove::ReturnToSupplier
                | StockMove::Damage
                | StockMove::Expiry
                | StockMove::InternalUse
                | StockMove::Tasting
                | StockMove::Reserve
                | StockMove::Release => continue,
            };
            for line in &movement.lines {
                *stock.entry((place.clone(), line.sku.clone())).or_default() +=
                    sign * line.quantity.thousandths();
            }
        }
    }
    stock
}

/// Both say the same; nothing of an item is as good as no word of it.
fn same(what: &str, ours: &Stock, says: &Stock) -> Result<(), Finding> {
    let none = 0;
    for key in ours.keys().chain(says.keys()) {
        let (is, said) = (ours.get(key).unwrap_or(&none), says.get(key).unwrap_or(&none));
        if is != said {
            let words = format!("of {} in {} {is} are {what}, HQ says {said}", key.1, key.0);
            return found(Invariant::StockAtHq, words);
        }
    }
    Ok(())
}
