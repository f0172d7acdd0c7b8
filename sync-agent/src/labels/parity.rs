//! Labels held against the till: what each was last seen to show, and what the
//! till charges now, reckoned apart from what the labels should show.

use std::fmt;
use std::path::Path;

use domain::catalogue::{Buyer, Catalogue, LookUpError};
use domain::label::LabelItem;
use domain::money::Money;
use domain::pricing;
use ledger::reference::shelf::{
    BoundLabel, GatewayState, LabelBatch, LabelCondition, LabelList, LabelState, LaneKnown, ListedLabel,
    NotStruck, ParityDone, WhyNotStruck,
};
use serde::Serialize;

use super::goods::StoreGoods;
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
    /// Prices that faces would strike and do not, since nothing shows that
    /// they may.
    pub not_struck: u64,
    /// The first of them, by label.
    pub not_struck_named: Vec<(String, NotStruck)>,
    /// The agent's own comparisons: the last one, then the last of each day
    /// before.
    pub days: Vec<ParityDone>,
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
    let mut done = ParityDone::default();
    for label in shelf.all_bound()? {
        let state = shelf.state(&label.number)?;
        let named = &mut report.named;
        compare(&goods, &trade, &label, state.as_ref(), now_ms, &mut done, &mut |differing| {
            if named.len() < NAMED_MAX {
                named.push(differing);
            }
        })?;
    }
    let ParityDone { bound, checked, matching, differing, below, unseen, not_struck, oldest_ms, .. } = done;
    (report.bound, report.checked, report.matching) = (bound, checked, matching);
    (report.differing, report.below, report.unseen) = (differing, below, unseen);
    (report.not_struck, report.oldest_ms) = (not_struck, oldest_ms);
    let listed = shelf.list(LabelList::NotStruck, 0, NAMED_MAX)?;
    let of = |listed: ListedLabel| Some((listed.number.to_string(), listed.state?.not_struck?));
    report.not_struck_named = listed.into_iter().filter_map(of).collect();
    report.days = summary.parity.into_iter().chain(summary.parity_days).collect();
    Ok(report)
}

/// Holds one label against the till, and adds what came of it; each price that
/// differs is told to `named`.
pub(super) fn compare(
    goods: &StoreGoods,
    trade: &Trade,
    label: &BoundLabel,
    state: Option<&LabelState>,
    now_ms: i64,
    done: &mut ParityDone,
    named: &mut dyn FnMut(Differing),
) -> Result<(), LookUpError> {
    if label.items.is_empty() {
        return Ok(());
    }
    done.bound += 1;
    done.not_struck += u64::from(state.is_some_and(|state| state.not_struck.is_some()));
    let Some((state, shown)) = state.and_then(|state| Some((state, state.shown.as_ref()?))) else {
        done.unseen += 1;
        return Ok(());
    };
    if let Some(seen_ms) = state.seen_ms {
        done.oldest_ms = done.oldest_ms.max(Some((now_ms - seen_ms).max(0)));
    }
    for price in shown.prices.iter().filter(|price| label.items.contains(&LabelItem::from(&price.item))) {
        let Some(item) = goods.item_by_sku(&price.item.sku)? else { continue };
        let unit = item.unit(&price.item.unit);
        let set = goods.promotions()?;
        let charged = |buyer| pricing::charged(&set, &item, unit, buyer, &trade.occasion(now_ms));
        let pairs = [
            (price.price, charged(Buyer::WalkIn)),
            (price.member_price, charged(Buyer::Member { tier: "" })),
        ];
        for (shows, charges) in pairs {
            let (Some(shows), Some(charges)) = (shows, charges.map(Money::minor)) else { continue };
            done.checked += 1;
            if shows == charges {
                done.matching += 1;
                continue;
            }
            done.differing += 1;
            done.below += u64::from(shows < charges);
            named(Differing { label: label.number.to_string(), sku: item.sku.clone(), shows, charges });
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
        if self.not_struck > 0 {
            writeln!(f, "not struck        {}", self.not_struck)?;
        }
        for (label, NotStruck { item, was, why }) in &self.not_struck_named {
            let why = match why {
                WhyNotStruck::SoldForLess(paid) => format!("sold for {paid} in the seven days before"),
                WhyNotStruck::NeverSold => "never sold here before".to_owned(),
                WhyNotStruck::NotKnownYet => "HQ has not heard all of the store's sales yet".to_owned(),
                WhyNotStruck::NoBeginning => "the promotion has no beginning".to_owned(),
            };
            writeln!(f, "  {label} {} was {was}: {why}", item.sku)?;
        }
        for day in &self.days {
            let ParityDone { day, at_ms, checked, matching, differing, below, .. } = day;
            let at = chrono::DateTime::from_timestamp_millis(*at_ms).unwrap_or_default();
            writeln!(
                f,
                "{day}        {checked} checked, {matching} matching, {differing} differing ({below} below), last {} UTC",
                at.format("%H:%M")
            )?;
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
