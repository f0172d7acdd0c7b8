//! Orders of channels: what is done to one is entered into its book, moves
//! stock and tells the store's lanes, all in one transaction.
//!
//! The rules are `domain::order`'s. A book holds what was placed and every act
//! since; how the order stands is what these make of it.

pub(crate) mod from_lanes;

use domain::money::{Money, Quantity, TaxRate};
use domain::order::{self, OrderAct, OrderEffect, OrderRefusal, OrderState, PlaceRefusal};
use protocol::pull;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::keeper::HQ_LANE;
use crate::reservations;
use crate::store::{BookEntry, BookKey, BookKind, Kind, Reading, StoreError, Writing};

/// The longest id of an order or a channel, in bytes.
pub const ID_LENGTH_MAX: usize = 64;

/// Orders that are read at one time.
const ORDERS_AT_A_TIME: u32 = 500;

/// Why something was not done with an order.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The store was never imported.
    #[error("there is no store {0:?}")]
    UnknownStore(String),
    /// There is no order of that id in the store.
    #[error("the store has no order {0:?}")]
    Unknown(String),
    /// Another order has the id.
    #[error("another order has the id {0:?}; nothing was changed")]
    Exists(String),
    /// An id cannot be.
    #[error("an id has 1 to {ID_LENGTH_MAX} bytes of letters, digits, - and _")]
    Id,
    /// Goods that the catalogue does not have.
    #[error("line {line}: there are no goods {sku:?}")]
    UnknownGoods {
        /// The line's number.
        line: u32,
        /// The item code.
        sku: String,
    },
    /// A line's quantity or rate of tax cannot be.
    #[error("line {0}: its quantity or its rate of tax cannot be")]
    Line(u32),
    /// Prices are in another currency.
    #[error("the store's currency is {0}, and the order says another one")]
    Currency(String),
    /// It does not add up.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
    /// The act makes no sense now.
    #[error(transparent)]
    Act(#[from] OrderRefusal),
    /// A stored row cannot be read.
    #[error("read a stored order")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A line of an order, as its channel placed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    /// Its number within the order.
    pub line: u32,
    /// The item code.
    pub sku: String,
    /// Thousandths of a piece or a kilogram.
    #[schemars(range(min = 1, max = 99_999_000))]
    pub quantity: i64,
    /// What all of it costs, tax included, minor units; frozen.
    pub net: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
}

/// An order, as its channel placed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The channel's id of it, one among those of the store: letters, digits, - and _.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub id: String,
    /// Which channel, such as `mini_program`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// 1 to 200.
    #[schemars(length(min = 1, max = 200))]
    pub lines: Vec<PlacedLine>,
    /// The sum of the nets, minor units.
    pub total: i64,
    /// What the customer will bring: 6 characters at least, drawn by the channel.
    #[schemars(length(min = 6, max = 128))]
    pub pick_up_code: String,
    /// When it was promised for, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_ms: Option<i64>,
    /// The id of the member whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// What staff may see of the customer, such as `赵** *0001`; no name and no number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown: String,
}

/// A line of which not all was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortLine {
    /// Its number within the order.
    pub line: u32,
    /// How much was found, thousandths.
    pub found: i64,
}

/// What is done to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The customer paid.
    Pay {
        /// Minor units.
        amount: i64,
        /// The channel's number of the payment.
        reference: String,
    },
    /// The store will do it.
    Accept {},
    /// Its goods were looked for.
    Pick {
        /// Lines of which not all was found.
        short: Vec<ShortLine>,
    },
    /// Somebody came for it.
    HandOver {
        /// What they brought.
        code: String,
    },
    /// It is not to be done.
    Cancel {
        /// Why.
        reason: String,
    },
}

impl Act {
    fn rule(&self) -> OrderAct {
        match self {
            Self::Pay { amount, reference } => {
                OrderAct::Pay { amount: Money::from_minor(*amount), reference: reference.clone() }
            }
            Self::Accept {} => OrderAct::Accept,
            Self::Pick { short } => {
                OrderAct::Pick { short: short.iter().map(|short| (short.line, short.found)).collect() }
            }
            Self::HandOver { code } => OrderAct::HandOver { code: code.clone() },
            Self::Cancel { reason } => OrderAct::Cancel { reason: reason.clone() },
        }
    }
}

/// An act and when it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
    /// By the clock of whoever did it: HQ's, or the lane's. Milliseconds UTC.
    pub at_ms: i64,
    /// Who did it.
    pub by: String,
    /// The document of the lane's event; empty for what the API did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// An order with everything that was done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBook {
    /// As it was placed.
    pub placed: Placed,
    /// When, milliseconds UTC.
    pub placed_at_ms: i64,
    /// Who placed it.
    pub placed_by: String,
    /// What was done since, in order.
    pub acts: Vec<Acted>,
    /// A lane gave its goods out before it heard that it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
    /// Lines of which a lane that had not heard so found less, after it was cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_late: Vec<ShortLine>,
    /// The documents by which lanes told of something, done or listed, the last 64 of them: each
    /// counts once, whatever became of the order since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<String>,
}

/// Goods of a cancelled order that left all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The document of the lane's event.
    pub source: String,
    /// By the lane's clock, milliseconds UTC.
    pub at_ms: i64,
}

/// Who does something, and when (milliseconds UTC).
#[derive(Debug, Clone, Copy)]
pub struct Doer<'a> {
    /// As the audit trail names them.
    pub name: &'a str,
    /// When it was done.
    pub now_ms: i64,
    /// The document of the lane's event; empty where the API does it.
    pub source: &'a str,
    /// When HQ heard of it.
    pub heard_ms: i64,
}

fn key<'a>(store: &'a str, id: &'a str) -> BookKey<'a> {
    BookKey { owner: store, kind: BookKind::Order, part: id }
}

/// Whether a text can be an id.
pub fn is_id(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    !text.is_empty() && text.len() <= ID_LENGTH_MAX && is_plain
}

impl OrderBook {
    /// How the order stands: what was placed, and every act since.
    pub fn order(&self) -> Result<order::Order, OrderError> {
        let mut order = rule_of(&self.placed)?;
        for acted in &self.acts {
            order = order.step(&acted.act.rule())?.0;
        }
        Ok(order)
    }
}

fn rule_of(placed: &Placed) -> Result<order::Order, OrderError> {
    let mut lines = Vec::with_capacity(placed.lines.len());
    for line in &placed.lines {
        let quantity = Quantity::from_thousandths(line.quantity);
        let (Some(quantity), Some(tax_rate)) = (quantity, TaxRate::from_basis_points(line.tax_rate)) else {
            return Err(OrderError::Line(line.line));
        };
        lines.push(order::OrderLine {
            number: line.line,
            sku: line.sku.clone(),
            quantity,
            net: Money::from_minor(line.net),
            tax_rate,
        });
    }
    Ok(order::Order::place(lines, Money::from_minor(placed.total), placed.pick_up_code.clone())?)
}

/// Takes an order in. The same one again is the one that is there.
pub fn place(
    writing: &Writing<'_>,
    store: &str,
    placed: &Placed,
    doer: Doer<'_>,
) -> Result<OrderBook, OrderError> {
    if !is_id(&placed.id) || !is_id(&placed.channel) {
        return Err(OrderError::Id);
    }
    let body = writing.entity(Kind::Store, store)?;
    let body = body.ok_or_else(|| OrderError::UnknownStore(store.to_owned()))?;
    let known: pull::Store = serde_json::from_str(&body)?;
    if let Some(body) = writing.lock_book(key(store, &placed.id))? {
        let book: OrderBook = serde_json::from_str(&body)?;
        return if book.placed == *placed { Ok(book) } else { Err(OrderError::Exists(placed.id.clone())) };
    }
    rule_of(placed)?;
    if known.currency != placed.currency {
        return Err(OrderError::Currency(known.currency));
    }
    for line in &placed.lines {
        if writing.entity(Kind::Product, &line.sku)?.is_none() {
            return Err(OrderError::UnknownGoods { line: line.line, sku: line.sku.clone() });
        }
    }
    let book = OrderBook {
        placed: placed.clone(),
        placed_at_ms: doer.now_ms,
        placed_by: doer.name.to_owned(),
        acts: Vec::new(),
        gone: None,
        short_late: Vec::new(),
        heard: Vec::new(),
    };
    enter(writing, store, &book, doer, 0, &serde_json::json!({ "act": "place" }))?;
    Ok(book)
}

/// Reads an order.
pub fn find(reading: &Reading<'_>, store: &str, id: &str) -> Result<OrderBook, OrderError> {
    let body = reading.book(key(store, id))?.ok_or_else(|| OrderError::Unknown(id.to_owned()))?;
    Ok(serde_json::from_str(&body)?)
}

/// Does something to an order. What was done already is done by doing nothing.
pub fn act(
    writing: &Writing<'_>,
    store: &str,
    id: &str,
    act: &Act,
    doer: Doer<'_>,
) -> Result<OrderBook, OrderError> {
    let body = writing.lock_book(key(store, id))?.ok_or_else(|| OrderError::Unknown(id.to_owned()))?;
    let mut book: OrderBook = serde_json::from_str(&body)?;
    let before = book.order()?;
    let (after, effects) = before.step(&act.rule())?;
    if after == before {
        return Ok(book);
    }
    let mut refunded = 0;
    for effect in &effects {
        match effect {
            OrderEffect::Reserve { sku, thousandths } => {
                reservations::wait_for(writing, store, id, sku, *thousandths)?;
            }
            OrderEffect::Release { sku, thousandths } => {
                reservations::wait_for(writing, store, id, sku, -*thousandths)?;
            }
            OrderEffect::Leave { sku, thousandths } => {
                reservations::wait_for(writing, store, id, sku, -*thousandths)?;
                writing.move_hq_stock(store, HQ_LANE, sku, -*thousandths)?;
            }
            OrderEffect::Refund { amount } => refunded = amount.minor(),
        }
    }
    book.acts.push(Acted {
        act: act.clone(),
        at_ms: doer.now_ms,
        by: doer.name.to_owned(),
        source: doer.source.to_owned(),
    });
    let amount = match act {
        Act::Pay { amount, .. } => *amount,
        Act::Accept {} | Act::Pick { .. } | Act::HandOver { .. } | Act::Cancel { .. } => -refunded,
    };
    enter(writing, store, &book, doer, amount, &serde_json::to_value(act)?)?;
    tell_lanes(writing, store, &book, &after)?;
    Ok(book)
}

/// Puts the book back with the entry that says what was done; its sum is what
/// the channel has taken for the store.
fn enter(
    writing: &Writing<'_>,
    store: &str,
    book: &OrderBook,
    doer: Doer<'_>,
    amount: i64,
    what: &serde_json::Value,
) -> Result<(), OrderError> {
    let key = key(store, &book.placed.id);
    writing.put_book(key, &serde_json::to_string(book)?)?;
    writing.add_book_entry(
        key,
        &BookEntry {
            number: book.acts.len() as u64 + 1,
            source: format!("{}/{}", book.placed.channel, book.placed.id),
            at_ms: doer.now_ms,
            heard_at_ms: doer.heard_ms,
            amount,
            body: what.to_string(),
        },
    )?;
    Ok(())
}

/// What was handed over at HQ of a store's goods after an instant (milliseconds
/// UTC): item and thousandths, below nothing.
pub fn left_since(
    reading: &Reading<'_>,
    store: &str,
    after_ms: i64,
) -> Result<Vec<(String, i64, i64)>, StoreError> {
    let damaged =
        |error: &dyn std::fmt::Display| StoreError::Row { table: "book", reason: error.to_string() };
    let (mut left, mut after) = (Vec::new(), String::new());
    loop {
        let rows = reading.books_of_after(store, BookKind::Order, &after, ORDERS_AT_A_TIME)?;
        let Some((last, _)) = rows.last() else { return Ok(left) };
        last.clone_into(&mut after);
        for (_, body) in &rows {
            let book: OrderBook = serde_json::from_str(body).map_err(|error| damaged(&error))?;
            let handed_over = book.acts.iter().filter(|acted| matches!(acted.act, Act::HandOver { .. }));
            let times = handed_over.map(|acted| acted.at_ms).chain(book.gone.as_ref().map(|gone| gone.at_ms));
            let Some(left_ms) = times.filter(|at_ms| *at_ms > after_ms).min() else { continue };
            let order = book.order().map_err(|error| damaged(&error))?;
            let lines = (0..).zip(order.lines());
            left.extend(lines.map(|(index, line)| (line.sku.clone(), -order.quantity(index), left_ms)));
        }
    }
}

/// Tells the lanes of the store what is to be handed over.
fn tell_lanes(
    writing: &Writing<'_>,
    store: &str,
    book: &OrderBook,
    order: &order::Order,
) -> Result<(), OrderError> {
    let placed = &book.placed;
    let state = match order.state() {
        OrderState::Paid => pull::OrderState::Paid,
        OrderState::Accepted => pull::OrderState::Accepted,
        OrderState::Picked => pull::OrderState::Picked,
        OrderState::Placed => return Ok(()),
        OrderState::HandedOver | OrderState::Cancelled => {
            writing.delete_of_store(Kind::Order, store, &placed.id)?;
            return Ok(());
        }
    };
    let lines = (0..).zip(order.lines()).map(|(index, line)| pull::OrderLine {
        line: line.number,
        sku: line.sku.clone(),
        quantity: order.quantity(index),
        net: line.net.minor(),
        tax_rate: line.tax_rate.basis_points(),
    });
    let told = pull::Order {
        id: placed.id.clone(),
        channel: placed.channel.clone(),
        state,
        lines: lines.collect(),
        kept: order.kept().minor(),
        code_hash: pull::pick_up_hash(store, &placed.id, &placed.pick_up_code),
        promised_ms: placed.promised_ms,
        shown: placed.shown.clone(),
    };
    writing.put_of_store(Kind::Order, store, &placed.id, &serde_json::to_string(&told)?)?;
    Ok(())
}
