//! The report of prices: what every label was last seen to show, held against what the till charges now. A part of it
//! at every turn, so that keys and scans never wait for it.

use std::sync::Arc;

use domain::catalogue::{Buyer, Item};
use domain::label::{LabelItem, LabelNumber};
use domain::money::Money;
use ledger::reference::ReferenceError;
use ledger::reference::shelf::{LabelList, ListedLabel};

use super::seen::Prices;
use super::{Labels, Page};
use crate::lane::{Lane, Moment, OpenLane};

/// Labels that are checked at one turn.
const CHECKED_AT_A_TIME: usize = 400;

/// A report that is older than this, milliseconds, is made anew when somebody opens it.
const FRESH_MS: i64 = 600_000;

/// The most prices that are named.
const NAMED_MAX: usize = 200;

/// How labels and till agree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub begun_ms: i64,
    /// `None` while it is being made.
    pub ended_ms: Option<i64>,
    /// Labels that were looked at, and how many there are.
    pub looked: usize,
    pub labels: u64,
    pub checked: u64,
    pub matching: u64,
    pub differing: u64,
    /// Of those, the ones that show less than is charged: that must never be.
    pub below: u64,
    /// Bound labels that were never seen to show anything.
    pub unseen: u64,
    /// How long ago the one that was heard longest ago was heard, milliseconds.
    pub oldest_ms: Option<i64>,
    pub named: Vec<Differing>,
}

/// A price on a label that is not the till's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Differing {
    pub label: LabelNumber,
    pub item: LabelItem,
    pub found: Option<Arc<Item>>,
    pub shows: Money,
    pub till: Money,
}

impl Report {
    fn begin(now_ms: i64) -> Self {
        Self {
            begun_ms: now_ms,
            ended_ms: None,
            looked: 0,
            labels: 0,
            checked: 0,
            matching: 0,
            differing: 0,
            below: 0,
            unseen: 0,
            oldest_ms: None,
            named: Vec::new(),
        }
    }

    /// How far it has come, thousandths.
    pub(super) fn progress(&self) -> Option<u32> {
        let looked = (self.looked as u64).checked_mul(1_000)?.checked_div(self.labels)?;
        u32::try_from(looked).ok().filter(|_| self.ended_ms.is_none())
    }

    fn check(&mut self, listed: &ListedLabel, prices: &Prices<'_>, now_ms: i64) {
        let Some(bound) = listed.bound.as_ref().filter(|bound| !bound.items.is_empty()) else { return };
        let state = listed.state.as_ref();
        if let Some(seen_ms) = state.and_then(|state| state.seen_ms) {
            self.oldest_ms = self.oldest_ms.max(Some((now_ms - seen_ms).max(0)));
        }
        let Some(shown) = state.and_then(|state| state.shown.as_ref()) else {
            self.unseen += 1;
            return;
        };
        for price in &shown.prices {
            let item = LabelItem::from(&price.item);
            if !bound.items.contains(&item) {
                continue;
            }
            let Some(found) = prices.item(&item) else { continue };
            let pairs = [(price.price, Buyer::WalkIn), (price.member_price, Buyer::Member { tier: "" })];
            for (shows, buyer) in pairs {
                let (Some(shows), Some(till)) = (shows, prices.charged(&found, &item, buyer)) else {
                    continue;
                };
                self.compare(&listed.number, (&item, &found), Money::from_minor(shows), till);
            }
        }
    }

    fn compare(
        &mut self,
        label: &LabelNumber,
        (item, found): (&LabelItem, &Arc<Item>),
        shows: Money,
        till: Money,
    ) {
        self.checked += 1;
        if shows == till {
            self.matching += 1;
            return;
        }
        self.differing += 1;
        self.below += u64::from(shows < till);
        if self.named.len() < NAMED_MAX {
            let (label, item, found) = (label.clone(), item.clone(), Some(found.clone()));
            self.named.push(Differing { label, item, found, shows, till });
        }
    }
}

impl Labels {
    /// Goes on with the report that is being made.
    pub(super) fn check_some(&mut self, open: &OpenLane, moment: Moment) -> Result<(), ReferenceError> {
        let (Some(shelf), Some(report)) = (&self.shelf, &mut self.report) else { return Ok(()) };
        if report.ended_ms.is_some() {
            return Ok(());
        }
        if report.looked == 0 {
            report.labels = shelf.count(LabelList::All)?;
        }
        let listed = shelf.list(LabelList::All, report.looked, CHECKED_AT_A_TIME)?;
        let prices = Prices::new(open, moment);
        listed.iter().for_each(|listed| report.check(listed, &prices, moment.now_ms));
        report.looked += listed.len();
        if listed.len() < CHECKED_AT_A_TIME {
            report.ended_ms = Some(moment.now_ms);
        }
        self.looked = None;
        Ok(())
    }
}

impl Lane {
    /// Shows the report, and makes a new one where the last is not of today's minutes.
    pub(super) fn open_parity(&mut self) {
        let now_ms = self.moment.now_ms;
        self.with_labels(|labels| {
            let is_fresh = |report: &Report| {
                report.ended_ms.is_none_or(|ended_ms| (0..FRESH_MS).contains(&(now_ms - ended_ms)))
            };
            if !labels.report.as_ref().is_some_and(is_fresh) {
                labels.report = Some(Report::begin(now_ms));
            }
            labels.turn_to(Page::Parity);
        });
    }

    /// Makes a new report.
    pub(super) fn check_again(&mut self) {
        let now_ms = self.moment.now_ms;
        self.with_labels(|labels| {
            labels.report = Some(Report::begin(now_ms));
            labels.looked = None;
        });
    }
}
