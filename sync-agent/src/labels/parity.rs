//! Labels held against the till: what each was last seen to show, and what the
//! till charges now, reckoned apart from what the labels should show.

use std::fmt;
use std::path::Path;

use domain::catalogue::{Buyer, Catalogue};
use domain::label::LabelItem;
use domain::money::Money;
use domain::pricing;
use ledger::reference::shelf::{GatewayState, LabelBatch, LabelCondition, LabelList, LaneKnown, ShownPrice};
use serde::Serialize;

use super::keeper::StoreGoods;
use super::plan::Trade;
use crate::place::Place;

/// The most labels that are named in a report.
pub const NAMED_MAX: usize = 100;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// The reference cannot be read.
    #[error(transparent)]
    Reference(#[from] ledger::reference::ReferenceError),
    /// Goods cannot be looked up.
    #[error(transparent)]
    LookUp(#[from] domain::catalogue::LookUpError),
    /// There is nothing to report of.
    #[error("look at the labels: the lane has no goods of its store yet")]
    NoGoods,
}

/// How a lane's labels stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelsReport {
    /// When it was made, milliseconds UTC.
    pub at_ms: i64,
    /// Labels that stand for something.
    pub bound: u64,
    /// Labels by how it stands with them.
    pub conditions: Vec<(LabelCondition, u64)>,
    /// Their battery is low.
    pub low_battery: u64,
    /// Prices on labels that were compared with the till's.
    pub checked: u64,
    /// Those that are the same.
    pub matching: u64,
    /// Those that are not.
    pub differing: u64,
    /// Of those, the ones that show less than the till charges, which must
    /// never be.
    pub below: u64,
    /// Labels that were never seen to show anything.
    pub unseen: u64,
    /// The first of those that differ.
    pub named: Vec<Differing>,
    /// How long ago the label that was seen longest ago was seen, milliseconds.
    pub oldest_ms: Option<i64>,
    /// Gateways by address.
    pub gateways: Vec<(String, GatewayState)>,
    /// The other lanes of the store.
    pub lanes: Vec<LaneKnown>,
    /// The price change that is being sent, or was sent last.
    pub batch: Option<LabelBatch>,
}

/// A label that shows another price than the till charges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Its number.
    pub label: String,
    /// The item.
    pub sku: String,
    /// What it was seen to show, minor units.
    pub shows: i64,
    /// What the till charges, minor units.
    pub charges: i64,
}

/// Looks at a lane's labels.
pub fn report(data: &Path, now_ms: i64) -> Result<LabelsReport, ParityError> {
    let place = Place::new(data);
    let watch = ledger::reference::AgentWatch::open(&place.reference())?.ok_or(ParityError::NoGoods)?;
    let store = watch.state()?.identity.ok_or(ParityError::NoGoods)?.store;
    let mut goods = StoreGoods::open(&place.reference(), &store)?.ok_or(ParityError::NoGoods)?;
    goods.refresh()?;
    let trade = goods.trade.clone().ok_or(ParityError::NoGoods)?;
    let (shelf, summary) = (&goods.shelf, goods.shelf.summary()?);
    let mut report = LabelsReport {
        at_ms: now_ms,
        low_battery: shelf.count(LabelList::LowBattery)?,
        gateways: shelf.gateways()?,
        lanes: summary.lanes,
        batch: summary.batch,
        ..LabelsReport::default()
    };
    for condition in LabelCondition::ALL {
        report.conditions.push((condition, shelf.count(LabelList::In(condition))?));
    }
    for label in shelf.all_bound()?.into_iter().filter(|label| !label.items.is_empty()) {
        report.bound += 1;
        let state = shelf.state(&label.number)?;
        let Some((shown, seen_ms)) = state.and_then(|state| Some((state.shown?, state.seen_ms))) else {
            report.unseen += 1;
            continue;
        };
        if let Some(seen_ms) = seen_ms {
            report.oldest_ms = report.oldest_ms.max(Some((now_ms - seen_ms).max(0)));
        }
        for price in shown.prices.iter().filter(|price| label.items.contains(&LabelItem::from(&price.item))) {
            compare(&goods, &trade, (label.number.as_str(), price), now_ms, &mut report)?;
        }
    }
    Ok(report)
}

fn compare(
    goods: &StoreGoods,
    trade: &Trade,
    (label, shown): (&str, &ShownPrice),
    now_ms: i64,
    report: &mut LabelsReport,
) -> Result<(), ParityError> {
    let Some(item) = goods.item_by_sku(&shown.item.sku)? else { return Ok(()) };
    let unit = item.unit(&shown.item.unit);
    let set = goods.promotions()?;
    let charged = |buyer| pricing::charged(&set, &item, unit, buyer, &trade.occasion(now_ms));
    let pairs =
        [(shown.price, charged(Buyer::WalkIn)), (shown.member_price, charged(Buyer::Member { tier: "" }))];
    for (shows, charges) in pairs {
        let (Some(shows), Some(charges)) = (shows, charges.map(Money::minor)) else { continue };
        report.checked += 1;
        if shows == charges {
            report.matching += 1;
            continue;
        }
        report.differing += 1;
        report.below += u64::from(shows < charges);
        if report.named.len() < NAMED_MAX {
            let (label, sku) = (label.to_owned(), item.sku.clone());
            report.named.push(Differing { label, sku, shows, charges });
        }
    }
    Ok(())
}

impl fmt::Display for LabelsReport {
    /// For people, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "labels bound      {}", self.bound)?;
        for (condition, count) in self.conditions.iter().filter(|(_, count)| *count > 0) {
            writeln!(f, "  {:<16}{count}", condition.name().replace('_', " "))?;
        }
        writeln!(f, "battery low       {}", self.low_battery)?;
        writeln!(
            f,
            "prices checked    {}: {} matching, {} differing ({} below the till), {} labels never seen",
            self.checked, self.matching, self.differing, self.below, self.unseen
        )?;
        if let Some(oldest_ms) = self.oldest_ms {
            writeln!(f, "seen at most      {} min ago", oldest_ms / 60_000)?;
        }
        for differing in &self.named {
            let Differing { label, sku, shows, charges } = differing;
            writeln!(f, "  {label} {sku} shows {shows}, the till charges {charges}")?;
        }
        for (host, state) in &self.gateways {
            let how = if state.is_up { "up" } else { state.why.as_str() };
            writeln!(f, "gateway {host}: {how}")?;
        }
        for lane in &self.lanes {
            writeln!(f, "lane {} has version {}", lane.lane, lane.version)?;
        }
        if let Some(batch) = &self.batch {
            let LabelBatch { labels, shown, given_up, ended_ms, .. } = batch;
            let how = if ended_ms.is_some() { "ended" } else { "under way" };
            writeln!(f, "last change       {how}: {shown} of {labels} shown, {given_up} given up")?;
        }
        Ok(())
    }
}
