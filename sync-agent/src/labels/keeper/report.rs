//! What HQ is told of the labels and asked for their sake, and the comparison
//! of all labels with the till.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::label::{LabelItem, LabelNumber};
use drivers::frame::Health;
use ledger::reference::shelf::{Deal, LabelCondition, LaneKnown, ParityDone};
use protocol::shelf::{
    BatchCounts, CapTold, DEALS_ASKED_MAX, DealAsked, DealTold, ItemCaps, STOCK_ASKED_MAX, ShelfAnswer,
    ShelfCounts, ShelfReport, StockTold,
};
use tracing::warn;

use super::{COUNTS_EVERY, Keeper, LANES_AGAIN, LANES_AGAIN_MAX, ReportKind, now_ms};
use crate::core::LanesTold;
use crate::labels::parity;

/// What HQ could not answer whole is asked again after so long, milliseconds:
/// a lane of the store has not sent what it sold.
const ASK_AGAIN_MS: i64 = 300_000;

/// All labels are held against the till at least so often, milliseconds.
const COMPARE_EVERY_MS: i64 = 300_000;

/// And so long after something changed.
const COMPARE_SOON_MS: i64 = 15_000;

/// What the store has of its labelled goods is asked anew after so long, milliseconds.
const STOCK_EVERY_MS: i64 = 300_000;

/// Labels that are compared between two looks at everything else.
const COMPARED_AT_A_TIME: usize = 500;

/// What is asked of HQ about goods.
#[derive(Debug, Default)]
pub(super) struct Asks {
    open: BTreeMap<(LabelItem, i64), DealAsked>,
    asked_ms: BTreeMap<(LabelItem, i64), i64>,
    /// Item codes whose stock is still to be asked in this round.
    stock: Vec<String>,
    stock_ms: Option<i64>,
}

impl Asks {
    /// Something must be known, unless it was asked a moment ago.
    pub(super) fn want(&mut self, now_ms: i64, asked: DealAsked) {
        let key = (LabelItem::from(&asked.item), asked.until_ms);
        if self.asked_ms.get(&key).is_none_or(|asked_ms| asked_ms + ASK_AGAIN_MS <= now_ms) {
            self.open.insert(key, asked);
        }
    }

    /// Item codes whose stock is asked now; a round begins now and then with all of them.
    fn stock_to_ask(&mut self, now_ms: i64, all: impl FnOnce() -> Vec<String>) -> Vec<String> {
        let is_due = self.stock_ms.is_none_or(|last| !(0..STOCK_EVERY_MS).contains(&(now_ms - last)));
        if is_due {
            (self.stock, self.stock_ms) = (all(), Some(now_ms));
        }
        self.stock.split_off(self.stock.len().saturating_sub(STOCK_ASKED_MAX))
    }

    fn to_ask(&mut self, now_ms: i64) -> Vec<DealAsked> {
        self.asked_ms.retain(|_, asked_ms| *asked_ms + ASK_AGAIN_MS > now_ms);
        let mut asked = Vec::new();
        while asked.len() < DEALS_ASKED_MAX
            && let Some((key, next)) = self.open.pop_first()
        {
            self.asked_ms.insert(key, now_ms);
            asked.push(next);
        }
        asked
    }
}

/// A comparison under way.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    done: ParityDone,
    /// The last label that was compared.
    after: Option<LabelNumber>,
}

impl Keeper {
    /// Tells HQ what is to be told, one report at a time.
    pub(super) fn report(&mut self) {
        let now = Instant::now();
        if self.report_under_way.is_some() || now < self.report_from {
            return;
        }
        let Some(core) = &mut self.core else { return };
        let published = core.publish();
        let counts_due = now >= self.counts_from;
        let deals = self.asks.to_ask(now_ms());
        let bound = &self.bound;
        let stock = match self.choice.asks_stock() {
            true => self.asks.stock_to_ask(now_ms(), || {
                let items = bound.values().flat_map(|label| &label.items).map(|item| item.sku.clone());
                items.collect::<BTreeSet<_>>().into_iter().collect()
            }),
            false => Vec::new(),
        };
        let asks_nothing = deals.is_empty() && stock.is_empty();
        if published.is_none() && !counts_due && asks_nothing && !core.waits_for_lanes() {
            return;
        }
        let counts = counts_due.then(|| self.count()).filter(|counts| {
            let before = self.counts.as_ref().map(|known| ShelfCounts {
                at_ms: counts.at_ms,
                checked_ms: counts.checked_ms,
                ..known.clone()
            });
            before.as_ref() != Some(counts)
        });
        self.report_under_way = Some(if published.is_some() { ReportKind::Caps } else { ReportKind::Counts });
        if published.is_some() {
            self.report_pause = LANES_AGAIN;
        }
        let items = published.into_iter().flat_map(|published| published.caps);
        let items = items.map(|(item, caps)| ItemCaps {
            item: (&item).into(),
            caps: caps.into_iter().map(CapTold::from).collect(),
        });
        self.report_number = (self.report_number + 1).max(u64::try_from(now_ms()).unwrap_or(0));
        if counts.is_some() {
            self.counts.clone_from(&counts);
        }
        let report = ShelfReport { number: self.report_number, items: items.collect(), counts, deals, stock };
        if self.reports.try_send(report).is_err() {
            self.reported(None);
        }
    }

    pub(super) fn reported(&mut self, told: Option<ShelfAnswer>) {
        let Some(kind) = self.report_under_way.take() else { return };
        if let Some(told) = &told {
            self.hear_deals(&told.deals);
            self.hear_stock(&told.stock);
        }
        let Some(core) = &mut self.core else { return };
        let taken = told.as_ref().filter(|told| told.is_taken);
        if let Some(told) = &told {
            self.report_number = self.report_number.max(told.number);
        }
        let lanes = taken.map(|told| LanesTold {
            version: told.version,
            lanes: told
                .lanes
                .iter()
                .map(|lane| LaneKnown { lane: lane.lane, version: lane.version })
                .collect(),
        });
        match (kind, lanes) {
            (ReportKind::Caps, lanes) => core.published(now_ms(), lanes),
            (ReportKind::Counts, Some(told)) => core.lanes_told(now_ms(), told.lanes),
            (ReportKind::Counts, None) => {}
        }
        let now = Instant::now();
        self.counts_from = if taken.is_some() { now + COUNTS_EVERY } else { now };
        if taken.is_none() {
            self.counts = None;
        }
        self.report_pause = (self.report_pause * 2).min(LANES_AGAIN_MAX);
        let is_quiet = kind == ReportKind::Counts || taken.is_none();
        self.report_from = if is_quiet { now + self.report_pause } else { now + LANES_AGAIN / 2 };
    }

    /// What goods were sold at, as far as HQ knows it whole.
    fn hear_deals(&mut self, told: &[DealTold]) {
        let whole: Vec<Deal> = told
            .iter()
            .filter(|told| told.is_whole)
            .map(|told| Deal {
                item: LabelItem::from(&told.item),
                from_ms: told.from_ms,
                until_ms: told.until_ms,
                lowest: told.lowest,
                last: told.last,
            })
            .collect();
        let (Some(core), Some(goods)) = (&mut self.core, &mut self.goods) else { return };
        if whole.is_empty() {
            return;
        }
        whole.iter().for_each(|deal| goods.learn(deal.clone()));
        core.dealt(whole);
        // Faces may strike a price now.
        self.plan_ms = i64::MIN;
    }

    /// What the store has of goods: some are shown as sold out, or no more.
    fn hear_stock(&mut self, told: &[StockTold]) {
        let Some(goods) = &mut self.goods else { return };
        let mut is_news = false;
        for told in told {
            is_news |= goods.learn_stock(&told.sku, told.on_hand <= 0);
        }
        if is_news {
            self.plan_ms = i64::MIN;
        }
    }

    /// Goes on comparing all labels with the till: now and then, and soon after
    /// anything changed.
    pub(super) fn compare(&mut self, now_ms: i64) {
        let (Some(core), Some(goods)) = (&mut self.core, &self.goods) else { return };
        let Some(trade) = &goods.trade else { return };
        let day = trade.day(now_ms).map(|day| day.to_string()).unwrap_or_default();
        let last = core.summary().parity.as_ref();
        let is_due = last.is_none_or(|last| {
            let wait_ms = if self.is_to_compare { COMPARE_SOON_MS } else { COMPARE_EVERY_MS };
            last.day != day || !(0..wait_ms).contains(&(now_ms - last.at_ms))
        });
        if self.comparing.is_none() && !is_due {
            return;
        }
        let comparing = self.comparing.get_or_insert_with(|| {
            self.is_to_compare = false;
            Comparing::default()
        });
        let from = match &comparing.after {
            Some(after) => std::ops::Bound::Excluded(after.clone()),
            None => std::ops::Bound::Unbounded,
        };
        let some: Vec<_> =
            self.bound.range((from, std::ops::Bound::Unbounded)).take(COMPARED_AT_A_TIME).collect();
        for (number, label) in &some {
            let compared = parity::compare(
                goods,
                trade,
                label,
                core.state(number),
                now_ms,
                &mut comparing.done,
                &mut |_| {},
            );
            if let Err(error) = compared {
                warn!(%error, %number, "a label is not compared with the till");
            }
        }
        comparing.after = some.last().map(|(number, _)| (*number).clone());
        if some.len() < COMPARED_AT_A_TIME
            && let Some(Comparing { done, .. }) = self.comparing.take()
        {
            core.compared(ParityDone { at_ms: now_ms, day, ..done });
        }
    }

    fn count(&self) -> ShelfCounts {
        let mut counts = ShelfCounts { at_ms: now_ms(), ..ShelfCounts::default() };
        let Some(core) = &self.core else { return counts };
        for number in core.numbers() {
            let Some(state) = core.state(number) else { continue };
            let place = match state.condition {
                LabelCondition::Shown => &mut counts.shown,
                LabelCondition::Sending => &mut counts.sending,
                LabelCondition::Held => &mut counts.held,
                LabelCondition::NotSeen => &mut counts.not_seen,
                LabelCondition::GivenUp => &mut counts.given_up,
                LabelCondition::NoFace => &mut counts.no_face,
                LabelCondition::Unbound => continue,
            };
            *place += 1;
            counts.bound += 1;
            counts.low_battery += u64::from(state.battery_is_low());
            counts.not_struck += u64::from(state.not_struck.is_some());
        }
        if let Some(done) = &core.summary().parity {
            (counts.differing, counts.below) = (done.differing, done.below);
            counts.checked_ms = Some(done.at_ms);
        }
        counts.gateways = self.lines.len() as u64;
        let down = self.lines.iter().filter(|line| !matches!(line.health, Health::Ready));
        counts.gateways_down = down.count() as u64;
        counts.batch = core.summary().batch.as_ref().map(|batch| BatchCounts {
            begun_ms: batch.begun_ms,
            labels: batch.labels,
            shown: batch.shown,
            given_up: batch.given_up,
            ended_ms: batch.ended_ms,
        });
        counts
    }
}
