//! What staff do with goods that are not sold: they take deliveries in, throw away, send to other stores and count, each
//! at any lane and while others sell; and how that is held against what HQ says.

use std::collections::BTreeMap;

use domain::money::Quantity;
use domain::stock::{Movement, StockLine, StockMove};
use domain::till::{Desk, Input};
use fixtures::bench::Dice;
use ledger::counting::{Draft, DraftLine, Scope};
use protocol::event::Position;

use super::{BadDay, Condition, Finding, Invariant, Weakness, World, found, shop};
use crate::simulate::machine::Machine;
use crate::simulate::model::{Chain, key_of};
use crate::simulate::relay::Told;
use crate::simulate::stock::{CountId, Filed, Goods};

/// The most lines of a delivery.
const LINES_MAX: i64 = 4;

/// The most lines of a count.
const COUNTED_MAX: i64 = 7;

/// How much may lie there of counted goods, pieces.
const FOUND_MAX: i64 = 60;

/// Goods on their way from one store to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Consignment {
    document: String,
    from: String,
    to: String,
    lines: Vec<StockLine>,
}

/// A count that is not finished: what `pos-app` keeps beside the journal, on the disk after every act.
#[derive(Debug)]
pub struct Counting {
    draft: Draft,
    /// Items that were found since the other lanes were asked about.
    waiting: Vec<String>,
    /// How many items there are to count.
    lines: usize,
}

/// What somebody does with goods.
enum Act {
    Move(StockMove),
    TakeIn(Consignment),
    Count,
}

/// Some goods, and how much of each, thousandths.
fn some_goods(dice: &mut Dice, pieces_max: i64) -> Vec<StockLine> {
    let mut goods = BTreeMap::new();
    for _ in 0..dice.between(1, LINES_MAX) {
        let item = dice.index(shop::GOODS);
        let thousandths = if shop::is_weighed(item) {
            dice.between(50, pieces_max * 1_000)
        } else {
            dice.between(1, pieces_max) * 1_000
        };
        goods.insert(shop::sku(item), thousandths);
    }
    let line =
        |(sku, thousandths)| Some(StockLine { sku, quantity: Quantity::from_thousandths(thousandths)? });
    goods.into_iter().filter_map(line).collect()
}

/// What comes of a consignment: all of it, or less of something.
fn what_comes(dice: &mut Dice, consignment: &Consignment) -> Vec<StockLine> {
    let mut lines = consignment.lines.clone();
    if dice.chance(60) {
        return lines;
    }
    let place = dice.index(lines.len());
    if lines.len() > 1 && dice.chance(30) {
        lines.remove(place);
        return lines;
    }
    let line = &mut lines[place];
    let pieces = line.quantity.thousandths() / 1_000;
    let less = if pieces > 1 { dice.between(1, pieces - 1) * 1_000 } else { line.quantity.thousandths() };
    line.quantity = Quantity::from_thousandths(less).unwrap_or(line.quantity);
    lines
}

impl World<'_> {
    /// Somebody comes to a lane with goods.
    pub(super) fn with_goods(&mut self, machine: usize, is_open: bool) -> Result<(), Finding> {
        let place = &self.machines[machine];
        let is_free = place.lane.as_ref().is_some_and(|lane| matches!(lane.till().desk(), Desk::Selling(_)));
        if !is_open || place.is_idle || !is_free {
            return Ok(());
        }
        let Some(act) = self.draws_act(machine) else { return Ok(()) };
        match act {
            Act::Count => self.counts(machine),
            Act::Move(kind) => {
                self.documents += 1;
                let document = format!("D{}", self.documents);
                let store = self.machines[machine].store;
                let (stores, dice) = (self.plan.stores, &mut self.machines[machine].stock_dice);
                let other = match kind {
                    StockMove::TransferOut => shop::store_code((store + 1 + dice.index(stores - 1)) % stores),
                    StockMove::Receive | StockMove::ReturnToSupplier => "farm".to_owned(),
                    StockMove::TransferIn
                    | StockMove::Damage
                    | StockMove::Expiry
                    | StockMove::InternalUse
                    | StockMove::Tasting
                    | StockMove::Reserve
                    | StockMove::Release => String::new(),
                };
                let pieces_max = if kind == StockMove::Receive { 40 } else { 8 };
                let lines = some_goods(dice, pieces_max);
                let movement = Movement { kind, document, other, lines, reason: "单据".to_owned() };
                self.turn(machine, vec![Input::MoveStock(Box::new(movement))])
            }
            Act::TakeIn(consignment) => {
                let lines = what_comes(&mut self.machines[machine].stock_dice, &consignment);
                let Consignment { document, from: other, .. } = consignment;
                let kind = StockMove::TransferIn;
                let movement = Movement { kind, document, other, lines, reason: String::new() };
                self.turn(machine, vec![Input::MoveStock(Box::new(movement))])
            }
        }
    }

    /// What somebody does, if anybody comes: rarely.
    fn draws_act(&mut self, machine: usize) -> Option<Act> {
        let is_counting = self.machines[machine].counting.is_some();
        let code = shop::store_code(self.machines[machine].store);
        let here = self.van.iter().filter(|van| van.to == code).count();
        let others = self.plan.stores > 1;
        let dice = &mut self.machines[machine].stock_dice;
        if is_counting && dice.chance(50) {
            return Some(Act::Count);
        }
        if here > 0 && dice.chance(6) {
            let place = dice.index(here);
            return self.van.iter().filter(|van| van.to == code).nth(place).cloned().map(Act::TakeIn);
        }
        match dice.below(1_000) {
            0..10 => Some(Act::Move(StockMove::Receive)),
            10..16 => {
                let kinds = [
                    StockMove::Damage,
                    StockMove::Expiry,
                    StockMove::InternalUse,
                    StockMove::Tasting,
                    StockMove::ReturnToSupplier,
                ];
                Some(Act::Move(kinds[dice.index(kinds.len())]))
            }
            16..24 => others.then_some(Act::Move(StockMove::TransferOut)),
            24..28 => Some(Act::Count),
            _ => None,
        }
    }

    /// Somebody begins to count, finds some more, or writes down what was found.
    fn counts(&mut self, machine: usize) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let (steady_ms, shown_ms) = (place.steady_ms(now_ms), now_ms + place.clock_ms);
        let Machine { lane: Some(lane), stock_dice: dice, counting, .. } = place else { return Ok(()) };
        let (identity, head) = (lane.identity().clone(), lane.books.journal().head());
        let at_ms = lane.now_ms(shown_ms, steady_ms);
        let counting = counting.get_or_insert_with(|| Counting {
            draft: Draft {
                document: format!("C{}-{}-{}", identity.lane, identity.epoch, head.seq + 1),
                begun_ms: at_ms,
                staff: "e1".to_owned(),
                scope: Scope::Free {},
                lines: Vec::new(),
                counts_missing: false,
                ends_after: None,
            },
            waiting: Vec::new(),
            lines: usize::try_from(dice.between(2, COUNTED_MAX)).unwrap_or(1),
        });
        if counting.draft.lines.len() >= counting.lines {
            let count = counting.draft.count("月盘");
            return self.turn(machine, vec![Input::CountStock(Box::new(count))]);
        }
        let item = dice.index(shop::GOODS);
        let more = if shop::is_weighed(item) {
            dice.between(0, FOUND_MAX * 1_000)
        } else {
            dice.between(0, FOUND_MAX) * 1_000
        };
        let own = Position { lane: identity.lane, epoch: identity.epoch, seq: head.seq };
        let sku = shop::sku(item);
        let is_new = counting.draft.lines.iter().all(|line| line.sku != sku);
        let line = || DraftLine { sku: sku.clone(), quantity: 0, go: 0, at_ms, own, others: Vec::new() };
        if counting.draft.find(&sku, more, line).is_err() || !is_new {
            return Ok(());
        }
        counting.waiting.push(sku);
        match lane.ask_positions() {
            Some(out) => self.perform(machine, out),
            None => Ok(()),
        }
    }

    /// A lane heard how far the others are, or that nobody can say.
    pub(super) fn hear_positions(&mut self, machine: usize, known: &[Position]) {
        let Some(counting) = &mut self.machines[machine].counting else { return };
        for sku in std::mem::take(&mut counting.waiting) {
            counting.draft.hear(&sku, known);
        }
    }

    /// A machine stops: what was asked will not be heard.
    pub(super) fn count_stops(&mut self, machine: usize) {
        if let Some(counting) = &mut self.machines[machine].counting {
            counting.waiting.clear();
            self.days.met(BadDay::CountOverStop);
        }
    }

    /// How far the lanes of a store are, as their agents said with their last pull. They pull every ten seconds, which is
    /// too often for the agenda: those that can have been heard said where they are now.
    pub(super) fn told(&self, store: usize, to_hq: bool) -> Told {
        let is_heard = |place: &&Machine| {
            let Some(papers) = &place.papers else { return false };
            let is_known = if to_hq {
                !self.is_cut_off(store) && self.hq.knows(&papers.key)
            } else {
                self.relays[store].as_ref().is_some_and(|relay| relay.knows(papers).unwrap_or(false))
            };
            place.store == store
                && place.condition == Condition::On
                && place.agent.is_some()
                && !place.line.is_down(self.now_ms)
                && is_known
        };
        let mut told = Told::new();
        for (machine, place) in self.machines.iter().enumerate().filter(|(_, place)| is_heard(place)) {
            let Some(papers) = &place.papers else { continue };
            let written = self.model.machines[machine].chains.get(&key_of(&papers.identity));
            let Some(seq) = written.map(Chain::last).filter(|seq| *seq > 0) else { continue };
            let lane = papers.identity.lane;
            told.insert(lane, Position { lane, epoch: papers.identity.epoch, seq });
        }
        told
    }

    /// The same of the store with this code.
    pub(super) fn told_in(&self, code: &str, to_hq: bool) -> Told {
        let store = (0..self.plan.stores).find(|store| shop::store_code(*store) == code);
        store.map(|store| self.told(store, to_hq)).unwrap_or_default()
    }

    /// Takes down what a machine's documents say of goods.
    pub(super) fn note_goods(&mut self, machine: usize) {
        let code = shop::store_code(self.machines[machine].store);
        for goods in std::mem::take(&mut self.model.machines[machine].goods) {
            let movement = match goods {
                Goods::Moved(movement) => movement,
                Goods::Counted(count) => {
                    self.tell_of(machine, &format!("count {} is written down", count.document));
                    let counting = &mut self.machines[machine].counting;
                    counting.take_if(|counting| counting.draft.document == count.document);
                    self.counts.write((code.clone(), count.document));
                    continue;
                }
            };
            self.tell_of(machine, &format!("{:?} {}", movement.kind, movement.document));
            match movement.kind {
                StockMove::Receive => self.days.met(BadDay::GoodsReceived),
                StockMove::Damage
                | StockMove::Expiry
                | StockMove::InternalUse
                | StockMove::Tasting
                | StockMove::ReturnToSupplier => self.days.met(BadDay::GoodsWasted),
                StockMove::TransferOut => {
                    let Movement { document, other: to, lines, .. } = movement;
                    self.van.push(Consignment { document, from: code.clone(), to, lines });
                }
                StockMove::TransferIn => {
                    self.days.met(BadDay::GoodsTransferred);
                    let sent = self.van.iter().position(|van| van.document == movement.document);
                    if let Some(sent) = sent.map(|place| self.van.remove(place))
                        && sent.lines != movement.lines
                    {
                        self.days.met(BadDay::TransferShort);
                    }
                }
                StockMove::Reserve | StockMove::Release => {}
            }
        }
    }

    /// Sees which counts of a store HQ has posted, and what it had then.
    pub(super) fn look_at_counts(&mut self, code: &str) -> Result<(), Finding> {
        let mut all = Vec::new();
        for id in self.counts.open(code) {
            match self.hq.posted(&id) {
                Ok(Some(posted)) => all.push((id, posted)),
                Ok(None) => {}
                Err(error) => return self.hq_fails(&error),
            }
        }
        // Of those that are due at once the oldest goes first.
        all.sort_by_key(|(_, posted)| posted.at_ms);
        for (id, posted) in all {
            let filed = match self.hq.filed() {
                Ok(filed) => filed,
                Err(error) => return self.hq_fails(&error),
            };
            let of_store = filed.iter().filter(|(key, ..)| key.0 == code);
            let of_store: Filed = of_store.map(|(key, seq, _)| ((key.1, key.2), *seq)).collect();
            self.counts.see(id.clone(), posted.posted_ms, of_store);
            self.tell(&format!("HQ posts count {} of {code}", id.1));
            if !posted.by_clock.is_empty() {
                self.days.met(BadDay::CountByClock);
            }
            if self.counts.was_during_sales(&id, &self.model.filed_chains(&filed)?) {
                self.days.met(BadDay::CountedDuringSales);
            }
            if self.weakness() == Weakness::CountsOnArrival
                && let Err(error) = self.hq.set_to_counted(&id, &posted)
            {
                return self.hq_fails(&error);
            }
        }
        Ok(())
    }

    /// HQ is back, or is as it was before: what it has posted is looked at anew.
    pub(super) fn look_at_all_counts(&mut self) -> Result<(), Finding> {
        let hq = &self.hq;
        self.counts.forget(|id: &CountId| Some(hq.posted(id).ok()?.map(|posted| posted.posted_ms)));
        (0..self.plan.stores).try_for_each(|store| self.look_at_counts(&shop::store_code(store)))
    }

    /// In the end no count waits for something that no lane has.
    pub(super) fn check_counts_are_in(&mut self) -> Result<(), Finding> {
        let asked = self.hq.filed().and_then(|filed| Ok((filed, self.hq.stock(self.plan.stores)?)));
        let (filed, at_hq) = match asked {
            Ok(asked) => asked,
            Err(error) => return self.hq_fails(&error),
        };
        let chains = self.model.filed_chains(&filed)?;
        match self.counts.waits_for_positions(&chains, &at_hq.waiting) {
            Some(id) => found(Invariant::CountPosted, format!("count {id:?} waits for what no lane has")),
            None => Ok(()),
        }
    }
}
