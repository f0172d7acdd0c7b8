//! Goods that somebody waits for: they stay on the shelf, and are not
//! available to anybody else.
//!
//! A reservation names the document behind it, holds only what is available
//! when it is made, and ends when it is released or its time is over.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::books::LaneId;
use crate::books::keeper::HQ_LANE;
use crate::orders::is_id;
use crate::projection::MOVED_MAX;
use crate::store::{BookEntry, BookKey, BookKind, HoldRow, Kind, Reading, StoreError, Writing};

/// The most items of one reservation.
pub const LINES_MAX: usize = 200;

/// Reservations of a store that are ended in one transaction.
const ENDED_AT_A_TIME: usize = 100;

/// Why nothing is reserved or released.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The document, or an item, cannot be.
    #[error("reserve: {0}")]
    Form(String),
    /// There is not so much of an item.
    #[error("reserve: of {sku} {available} thousandths are available, and {asked} are asked for")]
    TooFew {
        /// The item.
        sku: String,
        /// What is available, thousandths.
        available: i64,
        /// What was asked for, thousandths.
        asked: i64,
    },
    /// The document reserved something else.
    #[error("reserve: the document {0:?} reserved something else; nothing was changed")]
    Exists(String),
    /// There is none.
    #[error("the store has no reservation {0:?}")]
    Unknown(String),
    /// A stored row cannot be read.
    #[error("read a stored reservation")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// So much of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    /// The item.
    pub sku: String,
    /// Thousandths.
    pub quantity: i64,
}

/// A reservation that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The document behind it.
    pub document: String,
    /// What is waited for.
    pub lines: Vec<ReservedLine>,
    /// It ends at this instant, milliseconds UTC; `None` for when it is released.
    pub until_ms: Option<i64>,
}

fn key<'a>(store: &'a str, document: &'a str) -> BookKey<'a> {
    BookKey { owner: store, kind: BookKind::Reservation, part: document }
}

/// Lets somebody wait for more of an item, or for less: the caller has checked
/// that it may be.
pub(crate) fn wait_for(
    writing: &Writing<'_>,
    store: &str,
    document: &str,
    sku: &str,
    thousandths: i64,
) -> Result<(), StoreError> {
    writing.reserve_at_hq(store, HQ_LANE, document, sku, thousandths)
}

fn check(reservation: &Reservation, now_ms: i64) -> Result<(), ReserveError> {
    let wrong = |what: &str| Err(ReserveError::Form(what.to_owned()));
    if !is_id(&reservation.document) {
        return wrong("a document has 1 to 64 letters, digits, - and _");
    }
    if reservation.lines.is_empty() || reservation.lines.len() > LINES_MAX {
        return wrong("name 1 to 200 items");
    }
    for (index, line) in reservation.lines.iter().enumerate() {
        if !(1..=MOVED_MAX).contains(&line.quantity) {
            return Err(ReserveError::Form(format!("of {} reserve a thousandth at least", line.sku)));
        }
        if reservation.lines[..index].iter().any(|other| other.sku == line.sku) {
            return Err(ReserveError::Form(format!("{} is there twice", line.sku)));
        }
    }
    if reservation.until_ms.is_some_and(|until| until <= now_ms) {
        return wrong("its time is over already");
    }
    Ok(())
}

/// Reserves what is available; all of it or nothing. The same again is the one
/// that is there. `now_ms`: HQ's clock, milliseconds UTC.
pub fn reserve(
    writing: &Writing<'_>,
    store: &str,
    reservation: &Reservation,
    now_ms: i64,
) -> Result<(), ReserveError> {
    check(reservation, now_ms)?;
    // Whoever reserves in this store goes after whoever does now.
    writing.lock_hq_stock(store)?;
    end_due(writing, store, now_ms)?;
    let key = key(store, &reservation.document);
    if let Some(body) = writing.lock_book(key)? {
        let known: Reservation = serde_json::from_str(&body)?;
        let is_same = known == *reservation;
        return if is_same { Ok(()) } else { Err(ReserveError::Exists(reservation.document.clone())) };
    }
    for line in &reservation.lines {
        if writing.entity(Kind::Product, &line.sku)?.is_none() {
            return Err(ReserveError::Form(format!("there are no goods {:?}", line.sku)));
        }
        let state = writing.stock_state(store, &line.sku)?;
        let available = state.on_hand.saturating_sub(state.reserved);
        if available < line.quantity {
            return Err(ReserveError::TooFew { sku: line.sku.clone(), available, asked: line.quantity });
        }
        wait_for(writing, store, &reservation.document, &line.sku, line.quantity)?;
    }
    if let Some(until_ms) = reservation.until_ms {
        writing.put_hold(&HoldRow {
            lane: at_hq(store),
            owner: store.to_owned(),
            kind: BookKind::Reservation,
            part: reservation.document.clone(),
            id: String::new(),
            until_ms,
        })?;
    }
    writing.put_book(key, &serde_json::to_string(reservation)?)?;
    enter(writing, key, now_ms, &json!({ "do": "reserve", "lines": reservation.lines }))
}

fn at_hq(store: &str) -> LaneId {
    LaneId { store: store.to_owned(), lane: HQ_LANE }
}

fn enter(
    writing: &Writing<'_>,
    key: BookKey<'_>,
    now_ms: i64,
    what: &serde_json::Value,
) -> Result<(), ReserveError> {
    let number = writing.last_book_entry(key)? + 1;
    writing.add_book_entry(
        key,
        &BookEntry {
            number,
            source: key.part.to_owned(),
            at_ms: now_ms,
            heard_at_ms: now_ms,
            amount: 0,
            body: what.to_string(),
        },
    )?;
    Ok(())
}

/// Whether a document reserves something in a store.
pub(crate) fn is_there(reading: &Reading<'_>, store: &str, document: &str) -> Result<bool, StoreError> {
    Ok(reading.book(key(store, document))?.is_some())
}

/// Ends a reservation: nobody waits for its goods any more.
pub fn release(
    writing: &Writing<'_>,
    store: &str,
    document: &str,
    now_ms: i64,
) -> Result<Reservation, ReserveError> {
    writing.lock_hq_stock(store)?;
    end(writing, store, document, now_ms, "release")
}

fn end(
    writing: &Writing<'_>,
    store: &str,
    document: &str,
    now_ms: i64,
    why: &str,
) -> Result<Reservation, ReserveError> {
    let key = key(store, document);
    let body = writing.lock_book(key)?.ok_or_else(|| ReserveError::Unknown(document.to_owned()))?;
    let reservation: Reservation = serde_json::from_str(&body)?;
    for line in &reservation.lines {
        wait_for(writing, store, document, &line.sku, -line.quantity)?;
    }
    writing.end_hold(&at_hq(store), key, "")?;
    enter(writing, key, now_ms, &json!({ "do": why }))?;
    writing.remove_book(key)?;
    Ok(reservation)
}

/// Ends those of a store whose time is over; says how many.
pub fn end_due(writing: &Writing<'_>, store: &str, now_ms: i64) -> Result<usize, ReserveError> {
    let due = writing.holds_until(&at_hq(store), now_ms)?;
    for hold in due.iter().take(ENDED_AT_A_TIME) {
        match hold.kind {
            BookKind::Reservation => {
                end(writing, store, &hold.part, now_ms, "over")?;
            }
            BookKind::Points
            | BookKind::PointsSale
            | BookKind::Coupon
            | BookKind::Receipt
            | BookKind::Value
            | BookKind::CountWaiting
            | BookKind::Count
            | BookKind::PhoneCode
            | BookKind::Order
            | BookKind::Membership
            | BookKind::Reward
            | BookKind::BuyerNamed
            | BookKind::ValueSale
            | BookKind::Parked
            | BookKind::ParkedEnded
            | BookKind::Transfer => {}
        }
    }
    Ok(due.len().min(ENDED_AT_A_TIME))
}

/// Reservations of a store after a document, in order, at most `limit`.
pub fn list(
    reading: &Reading<'_>,
    store: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<Reservation>, ReserveError> {
    let rows = reading.books_of_after(store, BookKind::Reservation, after, limit)?;
    Ok(rows.into_iter().map(|(_, body)| serde_json::from_str(&body)).collect::<Result<_, _>>()?)
}
