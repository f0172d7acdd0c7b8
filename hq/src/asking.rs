//! Answers what a lane asks while a customer waits.
//!
//! One transaction a question. Who asks is who the key says, never who the
//! question says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use domain::stock::COUNT_LANES_MAX;
use protocol::ask::{Answer, Earnings, LabelNotAsked, PHONE, Question, STOCK_PLACES_MAX, StockAt};
use protocol::event::{self, Position};
use protocol::pull;

use crate::books::LaneId;
use crate::books::keeper::{self, ALIAS, Keeper, points_key};
use crate::import;
use crate::margins;
use crate::store::{CommissionOfDay, LaneRow, QuotaAsked, Reading, SalesRange, Store, StoreError};
use crate::store_day;

/// Answers a question of a lane. `now_ms` is HQ's clock, milliseconds UTC.
pub fn answer(store: &Store, lane: &LaneRow, question: &Question, now_ms: i64) -> Result<Answer, StoreError> {
    if !question.is_within_bounds() {
        return Ok(Answer::Refused { reason: "something in it is too long, or below nothing".to_owned() });
    }
    let asks = LaneId { store: lane.store.clone(), lane: lane.lane };
    let source = format!("{}/{}/ask", asks.store, asks.lane);
    match question {
        Question::Member { code } => store.read(|reading| {
            let told = member(reading, code, now_ms)?;
            with_what_the_store_has(reading, &asks.store, told)
        }),
        Question::QuotasUsed { promotions, member, day } => {
            store.read(|reading| quotas_used(reading, &asks, promotions, &known_as(reading, member)?, *day))
        }
        Question::Stock { sku } => store.read(|reading| stock(reading, &asks.store, sku)),
        // Who was heard of just now, the server knows that took their requests.
        Question::Positions {} => store.read(|reading| positions(reading, &asks.store, |_| None)),
        Question::ParkedBaskets { epoch, own } => {
            store.read(|reading| keeper::parked_listed(reading, &asks, *epoch, own, now_ms))
        }
        Question::ClaimParked { parked } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.claim_parked(&asks, *parked))
        }
        Question::ReleaseParked { parked } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.release_parked(&asks, *parked, &source))?;
            Ok(Answer::Released {})
        }
        Question::ClaimCode { id } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.claim_code(&asks, id))
        }
        Question::ReleaseCode { id } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.release_code(&asks, id, &source))?;
            Ok(Answer::Released {})
        }
        Question::Receipts { sought, goods } => {
            store.read(|reading| keeper::receipts_listed(reading, &asks, sought, goods, now_ms))
        }
        Question::Margins { staff, day } => {
            store.read(|reading| margins::told(reading, &asks.store, staff, *day))
        }
        Question::StoreDay { staff, day, by, offset_minutes } => {
            let asked = store_day::Asked { staff, day: *day, by: *by, offset_minutes: *offset_minutes };
            store.read(|reading| store_day::told(reading, &asks.store, &asked))
        }
        Question::Earned { seller, day } => store.read(|reading| earned(reading, seller, *day)),
        // What happens at the counters of a store is of the moment: its relay knows, and HQ does not.
        Question::Stand { .. } | Question::Kiosks {} | Question::Act { .. } => Ok(Answer::Unreachable {}),
        // Gateways stand in stores; an agent without one has said so already.
        Question::FlashLabel { .. } | Question::ResendLabel { .. } => {
            Ok(Answer::LabelNotAsked { why: LabelNotAsked::NoGateway })
        }
        Question::LabelStore { label } => store
            .read(|reading| Ok(Answer::LabelStore { store: reading.label_elsewhere(&asks.store, label)? })),
        Question::LendPoints { member, points } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.lend(&asks, member, *points))
        }
        Question::LendValue { member, amount } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.lend_value(&asks, member, *amount))
        }
        Question::ClaimCoupon { code, member } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.claim_coupon(&asks, code, member.as_deref()))
        }
        Question::ReleaseCoupon { code } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.release_coupon(&asks, code, &source))?;
            Ok(Answer::Released {})
        }
        Question::ClaimReceipt { origin } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.claim_receipt(&asks, origin))
        }
        Question::ReleaseReceipt { origin } => {
            store.write(|writing| Keeper::new(writing, now_ms)?.release_receipt(&asks, origin, &source))?;
            Ok(Answer::Released {})
        }
    }
}

/// The ids that a member's sales may stand under: the one that the lane knows,
/// and the one that it leads to; none of nobody.
fn known_as(reading: &Reading<'_>, id: &str) -> Result<Vec<String>, StoreError> {
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let own = reading.members_of_code(&format!("{ALIAS}{id}"))?;
    Ok(std::iter::once(id.to_owned()).chain(own.into_iter().filter(|own| own != id).take(1)).collect())
}

/// What was given of promotions with quotas, by the lane that asks and by others.
fn quotas_used(
    reading: &Reading<'_>,
    asks: &LaneId,
    promotions: &[String],
    members: &[String],
    day: NaiveDate,
) -> Result<Answer, StoreError> {
    let of = |promotion: &String| {
        reading.quota_used(&QuotaAsked { promotion, members, day, store: &asks.store, lane: asks.lane })
    };
    Ok(Answer::QuotasUsed { used: promotions.iter().map(of).collect::<Result<_, _>>()? })
}

/// Whoever has a card, an id or a telephone number, with their points as they are now; nobody where it is two people's.
pub(crate) fn member(reading: &Reading<'_>, code: &str, now_ms: i64) -> Result<Answer, StoreError> {
    let by_id =
        if code.starts_with(PHONE) { None } else { reading.member(code)?.map(|row| (code.to_owned(), row)) };
    let found = match by_id {
        Some(found) => Some(found),
        None => match reading.members_of_code(code)?.as_slice() {
            [id] => reading.member(id)?.map(|row| (id.clone(), row)),
            _ => None,
        },
    };
    let Some((id, row)) = found else { return Ok(Answer::MemberUnknown {}) };
    let account = keeper::points_now(reading, &id, now_ms)?;
    let tier = account.as_ref().and_then(|account| account.tier());
    let Some(mut told) = import::member_shown(&id, &row, tier) else { return Ok(Answer::MemberUnknown {}) };
    keeper::add_tags(reading, &id, &row, &mut told.tags)?;
    Ok(Answer::Member {
        member: event::Member {
            id,
            shown: told.shown,
            tier: told.tier,
            tags: told.tags,
            stage: told.stage,
            first_order: told.first_order,
            points: account.map(|account| account.available()).or(told.points),
        },
        note: told.note,
    })
}

/// Adds to what a member may spend what of it is lent to the store that asks: its relay gives that back when it is wanted.
fn with_what_the_store_has(reading: &Reading<'_>, store: &str, answer: Answer) -> Result<Answer, StoreError> {
    let Answer::Member { mut member, note } = answer else { return Ok(answer) };
    let account = reading.book(points_key(&member.id))?.map(|body| keeper::account_of(&body)).transpose()?;
    let here = account.map_or(0, |account| account.standing_at(store));
    member.points = member.points.map(|points| points.saturating_add(here));
    Ok(Answer::Member { member, note })
}

/// A seller's day, and their month up to it.
fn earned(reading: &Reading<'_>, seller: &str, day: NaiveDate) -> Result<Answer, StoreError> {
    let sum = |from: NaiveDate| {
        let range = SalesRange { from: Some(from), to: Some(day), ..SalesRange::default() };
        let days = reading.commission_of_days(&range, Some(seller))?;
        let add = |sum: Earnings, row: &CommissionOfDay| Earnings {
            net: sum.net.saturating_add(row.net),
            commission: sum.commission.saturating_add(row.amount),
        };
        Ok::<_, StoreError>(days.iter().fold(Earnings::default(), add))
    };
    Ok(Answer::Earned { day: sum(day)?, month: sum(day.with_day(1).unwrap_or(day))? })
}

/// How far the journals of a store's lanes are: as far as their agents said
/// (`heard`, of a lane) or HQ has filed, whichever is further.
pub fn positions(
    reading: &Reading<'_>,
    store: &str,
    heard: impl Fn(u32) -> Option<Position>,
) -> Result<Answer, StoreError> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for row in reading.lanes_of(store)?.into_iter().take(COUNT_LANES_MAX) {
        match heard(row.lane) {
            Some(at) => {
                let filed = reading.journal_head(row.journal(at.epoch))?.acknowledged;
                known.push(Position { seq: at.seq.max(filed), ..at });
            }
            None => unknown.push(row.lane),
        }
    }
    Ok(Answer::Positions { known, unknown })
}

/// Rows of stock that are read for one question.
const STOCK_PLACES_READ_MAX: u32 = 1_000;

/// Of so many stores, those that have most of it, the nearest are told.
const STOCK_PLACES_NEAR_MAX: usize = 200;

fn stock(reading: &Reading<'_>, asking: &str, sku: &str) -> Result<Answer, StoreError> {
    let limit = STOCK_PLACES_READ_MAX;
    let nothing = |store: &str| StockAt { store: store.to_owned(), ..StockAt::default() };
    // The asking store stands there whether it has any or not.
    let mut places = vec![nothing(asking)];
    let place = |places: &mut Vec<StockAt>, store: &str| {
        places.iter().position(|place| place.store == store).unwrap_or_else(|| {
            places.push(nothing(store));
            places.len() - 1
        })
    };
    for (store, on_hand) in reading.stock_of_item(sku, limit)? {
        let at = place(&mut places, &store);
        places[at].on_hand = on_hand;
    }
    for (store, in_transit, reserved) in reading.stock_beside(sku, limit)? {
        let at = place(&mut places, &store);
        (places[at].in_transit, places[at].reserved) = (in_transit, reserved);
    }
    places[1..].sort_by_key(|place| (Reverse(place.on_hand), place.store.clone()));
    places.truncate(STOCK_PLACES_NEAR_MAX);
    let codes: Vec<&str> = places.iter().map(|place| place.store.as_str()).collect();
    let stores = reading.stores_named(&codes)?.into_iter();
    let mut stores: BTreeMap<String, pull::Store> =
        stores.filter_map(|(code, body)| Some((code, serde_json::from_str(&body).ok()?))).collect();
    let here = stores.get(asking).and_then(|store| store.place);
    for place in &mut places {
        // A store that was never imported has a code and no more.
        let Some(store) = stores.remove(&place.store) else { continue };
        place.metres = here.zip(store.place).map(|(here, there)| here.metres_to(there));
        (place.name_zh, place.name_en) = (store.name_zh, store.name_en);
    }
    let far = |place: &StockAt| place.metres.unwrap_or(u32::MAX);
    places[1..]
        .sort_by_key(|place| (place.on_hand <= 0, far(place), Reverse(place.on_hand), place.store.clone()));
    places[0].metres = None;
    places.truncate(STOCK_PLACES_MAX);
    Ok(Answer::Stock { places })
}
