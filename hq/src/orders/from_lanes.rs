//! What lanes did with orders, entered into their books.
//!
//! A lane may have done it days before, cut off from everybody, while the
//! channel or another lane did something else. HQ's book decides, by the same
//! rules as for the API; what it cannot take in is listed as an exception for
//! a person, with everything the lane said, and nothing else is changed.

use domain::order::{ORDER_TEXT_LENGTH_MAX, Order, OrderState};
use protocol::event::{Order as Done, OrderDeed};
use serde_json::{Value, json};

use super::{Act, Doer, Gone, OrderBook, OrderError, ShortLine, act, key};
use crate::books::keeper::HQ_LANE;
use crate::store::{StoreError, Writing};

/// What stands before why a store refused an order, as the reason of its end.
const REFUSED: &str = "refused: ";

/// The reason of the end of an order for which nobody came.
const NOT_COLLECTED: &str = "not collected";

/// A deed with where and when it was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The document of the lane's event.
    pub source: &'a str,
    /// The lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// HQ's clock, milliseconds UTC.
    pub now_ms: i64,
}

/// The most documents of lanes that an order's book remembers.
pub const HEARD_MAX: usize = 64;

/// Enters what a lane did with an order. Gives what is to be listed where the
/// order's book does not bear it.
///
/// # Errors
/// The database did not do it, or a stored book cannot be read.
pub(crate) fn take_in(
    writing: &Writing<'_>,
    deed: Deed<'_>,
    done: &Done,
) -> Result<Option<Value>, StoreError> {
    let Some(wanted) = act_of(&done.deed) else { return Ok(None) };
    let listed = |why: String| json!({ "order": done.order, "staff": done.staff, "did": name(&done.deed), "why": why, "said": said(&done.deed) });
    let Some(body) = writing.lock_book(key(deed.store, &done.order))? else {
        return Ok(Some(listed("the store has no such order".to_owned())));
    };
    let mut book: OrderBook = serde_json::from_str(&body).map_err(|error| damaged(&error))?;
    let is_known = book.acts.iter().map(|acted| &acted.source).chain(&book.heard).any(|of| of == deed.source);
    if is_known {
        return Ok(None);
    }
    if book.heard.len() >= HEARD_MAX {
        book.heard.remove(0);
    }
    book.heard.push(deed.source.to_owned());
    let order = book.order().map_err(|error| damaged(&error))?;
    let state = order.state();
    if let (OrderState::Cancelled, Act::Pick { short }) = (state, &wanted) {
        // Should they leave all the same, no more leaves than was found.
        book.short_late = short.iter().take(order.lines().len()).cloned().collect();
    }
    let heard = serde_json::to_string(&book).expect("plain data serialises");
    writing.put_book(key(deed.store, &done.order), &heard)?;
    if let (OrderState::Cancelled, Act::HandOver { code }) = (state, &wanted)
        && *code == book.placed.pick_up_code
    {
        if book.gone.is_none() {
            write_gone(writing, deed, book, &order)?;
        }
        let why = "it was cancelled, its money is paid back, and its goods left all the same";
        return Ok(Some(listed(why.to_owned())));
    }
    // For whoever asks again by the API nothing happens twice; but goods that
    // two tills gave out have left twice.
    if state == OrderState::HandedOver && matches!(wanted, Act::HandOver { .. }) {
        let first = book.acts.iter().rev().find(|acted| matches!(acted.act, Act::HandOver { .. }));
        let by = first.map(|acted| acted.by.as_str()).unwrap_or_default();
        return Ok(Some(listed(format!("it was handed over before, by {by}"))));
    }
    let name = format!("{} {}", deed.source, done.staff);
    let doer = Doer {
        name: &name,
        // When goods left is when the lane says; a clock that runs ahead is not believed.
        now_ms: deed.at_ms.min(deed.now_ms),
        source: deed.source,
        heard_ms: deed.now_ms,
    };
    match act(writing, deed.store, &done.order, &wanted, doer) {
        Ok(_) => Ok(None),
        Err(OrderError::Store(error)) => Err(error),
        Err(error @ (OrderError::Act(_) | OrderError::Place(_))) => Ok(Some(listed(error.to_string()))),
        Err(
            error @ (OrderError::UnknownStore(_)
            | OrderError::Unknown(_)
            | OrderError::Exists(_)
            | OrderError::Id
            | OrderError::UnknownGoods { .. }
            | OrderError::Line(_)
            | OrderError::Currency(_)
            | OrderError::Stored(_)),
        ) => Err(damaged(&error)),
    }
}

/// Goods of a cancelled order left: the stock has them no more.
fn write_gone(
    writing: &Writing<'_>,
    deed: Deed<'_>,
    mut book: OrderBook,
    order: &Order,
) -> Result<(), StoreError> {
    for (index, line) in (0..).zip(order.lines()) {
        let found = book.short_late.iter().find(|short| short.line == line.number);
        let all = order.quantity(index);
        let thousandths = found.map_or(all, |short| short.found.clamp(0, all));
        if thousandths > 0 {
            writing.move_hq_stock(deed.store, HQ_LANE, &line.sku, -thousandths)?;
        }
    }
    book.gone = Some(Gone { source: deed.source.to_owned(), at_ms: deed.at_ms.min(deed.now_ms) });
    let body = serde_json::to_string(&book).expect("plain data serialises");
    writing.put_book(key(deed.store, &book.placed.id), &body)
}

fn damaged(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Row { table: "book", reason: error.to_string() }
}

/// What a deed is to the order's book; what lies in a bag so far is nothing to it.
fn act_of(deed: &OrderDeed) -> Option<Act> {
    Some(match deed {
        OrderDeed::Found { .. } => return None,
        OrderDeed::Accepted {} => Act::Accept {},
        OrderDeed::Refused { reason } => Act::Cancel { reason: short(&format!("{REFUSED}{reason}")) },
        OrderDeed::Ready { missing, reason: _ } => Act::Pick {
            short: missing
                .iter()
                .map(|missing| ShortLine { line: missing.line, found: missing.found })
                .collect(),
        },
        OrderDeed::HandedOver { code } => Act::HandOver { code: code.clone() },
        OrderDeed::NotCollected {} => Act::Cancel { reason: NOT_COLLECTED.to_owned() },
    })
}

fn name(deed: &OrderDeed) -> &'static str {
    match deed {
        OrderDeed::Accepted {} => "accept",
        OrderDeed::Refused { .. } => "refuse",
        OrderDeed::Found { .. } => "find",
        OrderDeed::Ready { .. } => "ready",
        OrderDeed::HandedOver { .. } => "hand_over",
        OrderDeed::NotCollected {} => "not_collected",
    }
}

/// What else the lane said; never the code that somebody brought.
fn said(deed: &OrderDeed) -> Value {
    match deed {
        OrderDeed::Accepted {} | OrderDeed::HandedOver { .. } | OrderDeed::NotCollected {} => Value::Null,
        OrderDeed::Refused { reason } => json!({ "reason": reason }),
        OrderDeed::Found { line, quantity } => json!({ "line": line, "quantity": quantity }),
        OrderDeed::Ready { missing, reason } => json!({ "missing": missing, "reason": reason }),
    }
}

/// As much of a reason as an order's book holds.
fn short(text: &str) -> String {
    let end = (0..=text.len().min(ORDER_TEXT_LENGTH_MAX)).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}
