//! What agents report of their store's labels, and what they are told of the
//! store's other lanes.

use std::collections::BTreeMap;

use protocol::pull::ShelfCap;
use protocol::shelf::{
    DEALS_ASKED_MAX, DealAsked, DealTold, ITEM_CAPS_MAX, LaneVersion, REPORT_ITEMS_MAX, STOCK_ASKED_MAX,
    ShelfAnswer, ShelfCounts, ShelfReport, StockTold,
};
use serde::{Deserialize, Serialize};

use crate::projection::KEY_TEXT_MAX;
use crate::store::{LaneRow, Reading, Store, StoreError};

/// Why a report is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is not such as an agent of ours makes.
    #[error("the report of labels: {0}")]
    Form(String),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes in what a lane's agent reports. `now_ms` is HQ's clock, milliseconds UTC.
pub fn take_in(
    store: &Store,
    lane: &LaneRow,
    report: &ShelfReport,
    now_ms: i64,
) -> Result<ShelfAnswer, ReportError> {
    check(report)?;
    let deals = match report.deals.as_slice() {
        [] => Vec::new(),
        asked => store.read(|reading| deals(reading, &lane.store, asked))?,
    };
    let stock = match report.stock.as_slice() {
        [] => Vec::new(),
        asked => store.read(|reading| stock(reading, &lane.store, asked))?,
    };
    let counts = report.counts.as_ref().map(|counts| serde_json::to_string(counts).expect("plain data"));
    store.write(|writing| {
        let known = writing.shelf_reports(Some(&lane.store))?;
        let last = known.iter().find(|row| row.lane == lane.lane).map_or(0, |row| row.number);
        let is_taken = report.number > last;
        if is_taken {
            for item in &report.items {
                let caps = item.caps.iter().map(|cap| cap.clone().of_lane(lane.lane, item.item.clone()));
                let caps: Vec<ShelfCap> = caps.collect();
                writing.set_caps(&lane.store, lane.lane, &item.item, &caps)?;
            }
            writing.put_shelf_report(&lane.store, lane.lane, report.number, now_ms, counts.as_deref())?;
        }
        Ok(ShelfAnswer {
            is_taken,
            number: last.max(report.number),
            version: writing.reference_version()?,
            lanes: writing.lane_versions(&lane.store, lane.lane)?,
            deals: deals.clone(),
            stock: stock.clone(),
        })
    })
}

/// What goods were sold at before a promotion began, by the journals filed.
fn deals(reading: &Reading<'_>, store: &str, asked: &[DealAsked]) -> Result<Vec<DealTold>, StoreError> {
    let mut told = Vec::new();
    let mut whole: BTreeMap<i64, bool> = BTreeMap::new();
    for asked in asked {
        let DealAsked { item, from_ms, until_ms } = asked.clone();
        let lowest = reading.lowest_deal(store, &item, from_ms, until_ms)?;
        let last = match lowest {
            Some(_) => None,
            None => reading.last_deal(store, &item, from_ms)?,
        };
        let is_whole = match whole.get(&until_ms) {
            Some(known) => *known,
            None => *whole.entry(until_ms).or_insert(reading.has_all_until(store, until_ms)?),
        };
        told.push(DealTold { item, from_ms, until_ms, lowest, last, is_whole });
    }
    Ok(told)
}

/// What a store has of items.
fn stock(reading: &Reading<'_>, store: &str, asked: &[String]) -> Result<Vec<StockTold>, StoreError> {
    let told =
        |sku: &String| Ok(StockTold { sku: sku.clone(), on_hand: reading.stock_in_store(store, sku)? });
    asked.iter().map(told).collect()
}

fn check(report: &ShelfReport) -> Result<(), ReportError> {
    let wrong = |what: &str| Err(ReportError::Form(what.to_owned()));
    if report.items.len() > REPORT_ITEMS_MAX || i64::try_from(report.number).is_err() {
        return wrong("more items than a report has, or a number beyond 63 bits");
    }
    let fits = |text: &str| text.len() <= KEY_TEXT_MAX && !text.contains('\0');
    if report.deals.len() > DEALS_ASKED_MAX {
        return wrong("more questions of what was paid than a report has");
    }
    if !report.deals.iter().all(|asked| fits(&asked.item.sku) && fits(&asked.item.unit)) {
        return wrong("an item asked for whose code is too long");
    }
    if report.stock.len() > STOCK_ASKED_MAX || !report.stock.iter().all(|sku| fits(sku)) {
        return wrong("more questions of stock than a report has, or one that is too long");
    }
    for item in &report.items {
        if item.item.sku.is_empty() || !fits(&item.item.sku) || !fits(&item.item.unit) {
            return wrong("an item without a code, or with one that is too long");
        }
        if item.caps.len() > ITEM_CAPS_MAX || !item.caps.iter().all(|cap| fits(&cap.label)) {
            return wrong("more caps than an item has");
        }
    }
    Ok(())
}

/// Notes what a lane has in use, where its store has labels. A version that this HQ has not come to is of a life before it
/// was put back from its backup: what the lane has of this one is not known.
pub fn note_version(store: &Store, lane: &LaneRow, version: u64) -> Result<(), StoreError> {
    let noted = store.read::<_, StoreError>(|reading| {
        if !reading.has_shelf(&lane.store)? {
            return Ok(None);
        }
        let version = if version > reading.reference_version()? { 0 } else { version };
        Ok((reading.lane_version(&lane.store, lane.lane)? != Some((version, false))).then_some(version))
    })?;
    if let Some(version) = noted {
        store.write::<_, StoreError>(|writing| writing.note_lane_version(&lane.store, lane.lane, version))?;
    }
    Ok(())
}

/// How the labels of one agent's gateways stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfRow {
    /// The store's code.
    pub store: String,
    /// The lane whose agent has the gateways.
    pub lane: u32,
    /// When it was last heard of, by HQ's clock, milliseconds UTC.
    pub heard_at_ms: i64,
    /// Labels of the store that stand for something, by the journals filed.
    pub bound: u64,
    /// What the agent said of its labels; absent before it said anything.
    pub counts: Option<ShelfCounts>,
    /// The store's other lanes, and what each has in use.
    pub lanes: Vec<LaneVersion>,
}

/// How stores' labels stand: of one store, or of all.
pub fn of_stores(store: &Store, of_store: Option<&str>) -> Result<Vec<ShelfRow>, StoreError> {
    store.read(|reading| of_reading(reading, of_store))
}

/// The same, within a reading.
pub fn of_reading(reading: &Reading<'_>, of_store: Option<&str>) -> Result<Vec<ShelfRow>, StoreError> {
    let mut rows = Vec::new();
    for report in reading.shelf_reports(of_store)? {
        let labels = reading.labels(&report.store)?;
        let counts = serde_json::from_str(&report.body)
            .map_err(|error| StoreError::Row { table: "shelf_report", reason: error.to_string() })?;
        rows.push(ShelfRow {
            bound: labels.iter().filter(|(_, label)| !label.items.is_empty()).count() as u64,
            lanes: reading.lane_versions(&report.store, report.lane)?,
            store: report.store,
            lane: report.lane,
            heard_at_ms: report.heard_at_ms,
            counts,
        });
    }
    Ok(rows)
}
