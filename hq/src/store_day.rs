//! A whole store's day for somebody at one of its tills: by hour, category, cashier, tender and goods out of what was filed
//! of sales, and what was out of the usual out of the filed events themselves.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::exceptions::{ExceptionKind, Watch};
use domain::money::Money;
use domain::rights::{Act, Rights};
use protocol::ask::{
    Answer, STORE_DAY_EXCEPTIONS_MAX, STORE_DAY_ROWS_MAX, StoreDay, StoreDayBy, StoreDayException,
    StoreDayRefused, StoreDayRow,
};
use protocol::pull::{Category, Product, StaffMember, Store};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::catalogue::currency_of;
use crate::intake;
use crate::interventions::before_day;
use crate::store::{DayOf, DaySum, JournalKey, Kind, Reading, StoreError};

/// So many events are read at one time.
const EVENTS_READ: u32 = 1_000;

/// The most events of a day that are looked through for what was out of the usual, while somebody waits at a till: a store's
/// twenty busy lanes. Of a larger day HQ's people are asked.
pub const STORE_DAY_EVENTS_MAX: u64 = 400_000;

/// The most different goods of one day; a store of which more were sold is for HQ's people.
const GOODS_MAX: u32 = 50_000;

/// What is asked of a day.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// HQ's id of who asks.
    pub staff: &'a str,
    /// The business date.
    pub day: NaiveDate,
    /// From which side.
    pub by: StoreDayBy,
    /// The store's offset from UTC, minutes.
    pub offset_minutes: i32,
}

/// Answers a lane of a store on whose behalf somebody asks.
pub fn told(reading: &Reading<'_>, store: &str, asked: &Asked<'_>) -> Result<Answer, StoreError> {
    let Some(place) = read::<Store>(reading, Kind::Store, store)? else {
        return Ok(Answer::Refused { reason: format!("there is no store {store:?}") });
    };
    let currency = currency_of(&place);
    let person = read::<StaffMember>(reading, Kind::Staff, asked.staff)?;
    if !person.is_some_and(|person| Rights::of_role(&person.role, &currency).allow(Act::Report)) {
        return Ok(Answer::StoreDayNotTold { why: StoreDayRefused::NoRight });
    }
    let of = DayOf { store, day: asked.day, currency: &currency.code };
    let date = asked.day.to_string();
    let in_currency = |sums: Vec<(String, i64)>| {
        sums.into_iter().filter(|(code, _)| *code == currency.code).map(|(_, amount)| amount).sum::<i64>()
    };
    let paid_in = in_currency(reading.day_paid_in(store, &date)?);
    let sums = reading.day_sums(store, &date)?;
    let sums = sums.iter().find(|sums| sums.currency == currency.code);
    let mut day = StoreDay {
        currency: currency.code.clone(),
        lanes: reading.lanes_of_day(&of)?,
        payable: sums.map_or(0, |sums| sums.payable).saturating_sub(paid_in),
        paid_in,
        ..StoreDay::default()
    };
    match asked.by {
        StoreDayBy::Hour => {
            let hours = reading.sold_by_hour(&of, asked.offset_minutes)?;
            let row = |(from_ms, count, amount): (i64, u64, i64)| StoreDayRow {
                of: from_ms.to_string(),
                name: Default::default(),
                count,
                amount,
            };
            day.rows = hours.into_iter().map(row).take(STORE_DAY_ROWS_MAX).collect();
        }
        StoreDayBy::Cashier => {
            day.rows = ranked(reading.sold_by_cashier(&of)?);
            for row in &mut day.rows {
                let name = name_of(reading, &row.of)?;
                row.name = (name.clone(), name);
            }
        }
        StoreDayBy::Tender => {
            let mut tenders = reading.taken_by_tender(&of)?;
            // Change is cash that went out again.
            let change = sums.map_or(0, |sums| sums.change);
            if let Some(cash) = tenders.iter_mut().find(|sum| sum.of == "cash") {
                cash.amount = cash.amount.saturating_sub(change);
            }
            day.rows = ranked(tenders);
        }
        StoreDayBy::Category | StoreDayBy::Goods => {
            let sold = reading.sold_by_goods(&of, GOODS_MAX)?;
            if sold.len() >= usize::try_from(GOODS_MAX).unwrap_or(usize::MAX) {
                let reason =
                    format!("{GOODS_MAX} different goods and more were sold on {}; ask HQ", asked.day);
                return Ok(Answer::Refused { reason });
            }
            let goods = goods_of(reading, store, asked.day)?;
            day.rows = if asked.by == StoreDayBy::Category {
                by_category(reading, &sold, &goods)?
            } else {
                by_goods(sold, &goods)
            };
        }
        StoreDayBy::Exceptions => match exceptions(reading, store, asked.day)? {
            Some(found) => day.exceptions = found,
            None => {
                let reason = format!("more than {STORE_DAY_EVENTS_MAX} events on {}; ask HQ", asked.day);
                return Ok(Answer::Refused { reason });
            }
        },
    }
    Ok(Answer::StoreDay { day: Box::new(day) })
}

fn parsed<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row { table: "entity", reason: error.to_string() })
}

fn read<T: DeserializeOwned>(reading: &Reading<'_>, kind: Kind, key: &str) -> Result<Option<T>, StoreError> {
    reading.entity(kind, key)?.map(|body| parsed(&body)).transpose()
}

fn name_of(reading: &Reading<'_>, staff: &str) -> Result<String, StoreError> {
    Ok(read::<StaffMember>(reading, Kind::Staff, staff)?.map(|person| person.name).unwrap_or_default())
}

fn goods_of(
    reading: &Reading<'_>,
    store: &str,
    day: NaiveDate,
) -> Result<BTreeMap<String, Product>, StoreError> {
    let bodies = reading.goods_sold_on(store, day)?;
    bodies.into_iter().map(|(sku, body)| Ok((sku, parsed(&body)?))).collect()
}

/// The largest first.
fn ranked(mut sums: Vec<DaySum>) -> Vec<StoreDayRow> {
    sums.sort_by_key(|sum| Reverse(sum.amount));
    let row = |DaySum { of, count, amount }| StoreDayRow { of, name: Default::default(), count, amount };
    sums.into_iter().map(row).take(STORE_DAY_ROWS_MAX).collect()
}

fn by_goods(sold: Vec<DaySum>, goods: &BTreeMap<String, Product>) -> Vec<StoreDayRow> {
    let mut rows = ranked(sold);
    for row in &mut rows {
        row.name = goods.get(&row.of).map_or_else(
            || (row.of.clone(), row.of.clone()),
            |product| (product.name_zh.clone(), product.name_en.clone()),
        );
    }
    rows
}

fn by_category(
    reading: &Reading<'_>,
    sold: &[DaySum],
    goods: &BTreeMap<String, Product>,
) -> Result<Vec<StoreDayRow>, StoreError> {
    let mut sums: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
    for sum in sold {
        let category = goods.get(&sum.of).map_or("", |product| product.category.as_str());
        let (count, amount) = sums.entry(category).or_default();
        *count += sum.count;
        *amount = amount.saturating_add(sum.amount);
    }
    let sums = sums.into_iter().map(|(of, (count, amount))| DaySum { of: of.to_owned(), count, amount });
    let mut rows = ranked(sums.collect());
    for row in &mut rows {
        let category = read::<Category>(reading, Kind::Category, &row.of)?;
        row.name = category.map(|category| (category.name_zh, category.name_en)).unwrap_or_default();
    }
    Ok(rows)
}

/// Where and what an event is, as far as that must be known before the rest is read.
#[derive(Deserialize)]
struct Head<'a> {
    business_date: NaiveDate,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// What was out of the usual, by kind and person; `None` where there is too much to look through.
fn exceptions(
    reading: &Reading<'_>,
    store: &str,
    day: NaiveDate,
) -> Result<Option<Vec<StoreDayException>>, StoreError> {
    let mut sums = BTreeMap::new();
    let mut left = STORE_DAY_EVENTS_MAX;
    for (lane, epoch, _) in reading.journals_of(store)? {
        if !watch(reading, JournalKey { store, lane, epoch }, day, &mut left, &mut sums)? {
            return Ok(None);
        }
    }
    let mut told = Vec::with_capacity(sums.len().min(STORE_DAY_EXCEPTIONS_MAX));
    for ((kind, staff), (count, amount)) in sums.into_iter().take(STORE_DAY_EXCEPTIONS_MAX) {
        told.push(StoreDayException {
            kind: ExceptionKind::name(kind).to_owned(),
            name: name_of(reading, &staff)?,
            staff,
            count,
            amount: amount.map(Money::minor),
        });
    }
    Ok(Some(told))
}

/// How often, and what it came to.
type Sums = BTreeMap<(ExceptionKind, String), (u64, Option<Money>)>;

/// Looks through one journal's day. Whether there was not too much of it.
fn watch(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    day: NaiveDate,
    left: &mut u64,
    sums: &mut Sums,
) -> Result<bool, StoreError> {
    let mut after = before_day(reading, key, day)?;
    let mut watch = Watch::default();
    // What changes a basket's lines is read only once somebody needs to know what they cost.
    let mut basket: Vec<(u64, Vec<u8>)> = Vec::new();
    loop {
        let events = reading.events_after(key, after, EVENTS_READ)?;
        let Some((newest, _)) = events.last() else { return Ok(true) };
        after = *newest;
        let mut is_over = false;
        for (seq, bytes) in events {
            // What cannot be read stands in quarantine, and counts once somebody can.
            let Ok(head) = serde_json::from_slice::<Head<'_>>(&bytes) else { continue };
            is_over = head.business_date > day;
            if head.business_date != day {
                continue;
            }
            let Some(rest) = left.checked_sub(1) else { return Ok(false) };
            *left = rest;
            match head.kind.as_ref() {
                "sale_completed" => {
                    basket.clear();
                    watch.end_basket();
                }
                "line_added" | "line_quantity_set" | "line_price_lowered" | "member_joined"
                | "member_left" => {
                    basket.push((seq, bytes));
                }
                "shift_opened" | "basket_parked" | "basket_recalled" | "basket_taken" | "basket_gone"
                | "line_voided" | "basket_cancelled" | "line_returned" | "line_price_set"
                | "line_discounted" | "basket_discounted" | "buyer_named" | "drawer_opened" | "approved" => {
                    for (seq, bytes) in basket.drain(..).chain([(seq, bytes)]) {
                        let Ok(event) = intake::read_event(key, seq, &bytes) else { continue };
                        let Ok(record) = event.record() else { continue };
                        let Some(found) = watch.take(&record) else { continue };
                        let (count, sum) = sums.entry((found.kind, found.staff)).or_default();
                        *count += 1;
                        *sum = match (*sum, found.amount) {
                            (Some(sum), Some(amount)) => sum.checked_add(amount).or(Some(sum)),
                            (sum, amount) => sum.or(amount),
                        };
                    }
                }
                _ => {}
            }
        }
        if is_over {
            return Ok(true);
        }
    }
}
