//! Routes about orders of channels, and about goods that somebody waits for.

use axum::http::Method;
use domain::order::OrderState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::catalogue::known_store;
use super::forms::{ID_PATTERN, Millis, Page, PageQuery, page, page_limit};
use super::route::{Call, Done, Nothing, Route, change, question};
use crate::access::Scope;
use crate::orders::{self, Act, Doer, OrderBook, OrderError, Placed, PlacedLine, ShortLine};
use crate::reservations::{self, Reservation, ReserveError, ReservedLine};
use crate::server::refusal::{Refusal, chain};
use crate::store::{BookKind, Kind, Reading, Writing};

const READ: (&str, Scope) = ("orders", Scope::OrdersRead);
const WRITE: (&str, Scope) = ("orders", Scope::OrdersWrite);

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Store(error) => error.into(),
            error @ OrderError::Stored(_) => Self::Fault(chain(&error)),
            error @ (OrderError::UnknownStore(_) | OrderError::Unknown(_)) => {
                Self::Unknown(error.to_string())
            }
            error @ (OrderError::Exists(_) | OrderError::Act(_)) => Self::Conflict(error.to_string()),
            error @ (OrderError::Id
            | OrderError::UnknownGoods { .. }
            | OrderError::Line(_)
            | OrderError::Currency(_)
            | OrderError::Place(_)) => Self::Unfit(error.to_string()),
        }
    }
}

impl From<ReserveError> for Refusal {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::Store(error) => error.into(),
            error @ ReserveError::Stored(_) => Self::Fault(chain(&error)),
            error @ ReserveError::Form(_) => Self::Unfit(error.to_string()),
            error @ (ReserveError::TooFew { .. } | ReserveError::Exists(_)) => {
                Self::Conflict(error.to_string())
            }
            error @ ReserveError::Unknown(_) => Self::Unknown(error.to_string()),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let stock = |verb| ("stock", verb);
    vec![
        question(
            "/v1/stores/{store}/orders",
            READ,
            "Lists the orders of a store, by id; all of them, or those that wait for the store.",
            list_orders,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/orders",
            WRITE,
            ("order.place", "Places an order with frozen nets; the same one again is the one that is there."),
            place,
        ),
        question("/v1/stores/{store}/orders/{id}", READ, "An order.", get_order),
        change(
            Method::POST,
            "/v1/stores/{store}/orders/{id}/pay",
            WRITE,
            ("order.pay", "The customer paid all of it; its goods are reserved."),
            pay,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/orders/{id}/accept",
            WRITE,
            ("order.accept", "The store will do it."),
            accept,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/orders/{id}/pick",
            WRITE,
            ("order.pick", "Its goods lie ready; what was not found is paid back by the line's own net."),
            pick,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/orders/{id}/hand-over",
            WRITE,
            ("order.hand_over", "Somebody came with the code; its goods leave the stock."),
            hand_over,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/orders/{id}/cancel",
            WRITE,
            ("order.cancel", "It is not to be done; its goods are free, and what is kept is paid back."),
            cancel,
        ),
        question(
            "/v1/stores/{store}/reservations",
            stock(Scope::StockRead),
            "Lists what is reserved in a store without an order.",
            list_reservations,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/reservations",
            stock(Scope::StockWrite),
            ("stock.reserve", "Reserves what is available for a document; all of it or nothing."),
            reserve,
        ),
        change(
            Method::DELETE,
            "/v1/stores/{store}/reservations/{document}",
            stock(Scope::StockWrite),
            ("stock.release", "Ends a reservation."),
            release,
        ),
    ]
}

/// What was done to an order, and when.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Step {
    /// pay, accept, pick, hand_over or cancel.
    act: String,
    at_ms: Millis,
    by: String,
}

/// A line of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct OrderLine {
    #[serde(flatten)]
    placed: PlacedLineShown,
    /// What is for the customer, thousandths.
    for_customer: i64,
}

/// A line as it was placed.
#[derive(Serialize, JsonSchema)]
struct PlacedLineShown {
    line: u32,
    sku: String,
    /// Ordered, thousandths.
    quantity: i64,
    net: i64,
    tax_rate: u32,
}

/// An order and how it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Order {
    id: String,
    store: String,
    channel: String,
    /// placed, paid, accepted, picked, handed_over or cancelled.
    state: String,
    currency: String,
    total: i64,
    /// What is paid and not paid back.
    kept: i64,
    /// What the channel has to pay back, or has paid back.
    refunded: i64,
    lines: Vec<OrderLine>,
    pick_up_code: String,
    promised_ms: Option<Millis>,
    member: Option<String>,
    shown: String,
    placed_at_ms: Millis,
    placed_by: String,
    acts: Vec<Step>,
}

fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::Placed => "placed",
        OrderState::Paid => "paid",
        OrderState::Accepted => "accepted",
        OrderState::Picked => "picked",
        OrderState::HandedOver => "handed_over",
        OrderState::Cancelled => "cancelled",
    }
}

fn act_name(act: &Act) -> &'static str {
    match act {
        Act::Pay { .. } => "pay",
        Act::Accept {} => "accept",
        Act::Pick { .. } => "pick",
        Act::HandOver { .. } => "hand_over",
        Act::Cancel { .. } => "cancel",
    }
}

fn shown(store: &str, book: OrderBook) -> Result<Order, Refusal> {
    let order = book.order()?;
    let OrderBook { placed, placed_at_ms, placed_by, acts, gone: _, short_late: _, heard: _ } = book;
    let lines = (0..).zip(placed.lines).map(|(index, line): (usize, PlacedLine)| OrderLine {
        for_customer: order.quantity(index),
        placed: PlacedLineShown {
            line: line.line,
            sku: line.sku,
            quantity: line.quantity,
            net: line.net,
            tax_rate: line.tax_rate,
        },
    });
    let acts = acts.into_iter().map(|acted| Step {
        act: act_name(&acted.act).to_owned(),
        at_ms: acted.at_ms,
        by: acted.by,
    });
    Ok(Order {
        state: state_name(order.state()).to_owned(),
        kept: order.kept().minor(),
        refunded: order.refunded().minor(),
        lines: lines.collect(),
        acts: acts.collect(),
        store: store.to_owned(),
        id: placed.id,
        channel: placed.channel,
        currency: placed.currency,
        total: placed.total,
        pick_up_code: placed.pick_up_code,
        promised_ms: placed.promised_ms,
        member: placed.member,
        shown: placed.shown,
        placed_at_ms,
        placed_by,
    })
}

/// Which orders.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrderQuery {
    /// Only those that are paid and neither handed over nor cancelled.
    #[serde(default)]
    open: bool,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn list_orders(reading: &Reading<'_>, call: &Call, query: OrderQuery) -> Result<Page<Order>, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().unwrap_or_default();
    let mut orders = Vec::new();
    if query.open {
        // What the store's lanes are told of.
        for (id, ..) in reading.entities_after(store, Kind::Order, after, limit + 1)? {
            orders.push(shown(store, orders::find(reading, store, &id)?)?);
        }
    } else {
        for (_, body) in reading.books_of_after(store, BookKind::Order, after, limit + 1)? {
            orders.push(shown(store, serde_json::from_str(&body)?)?);
        }
    }
    Ok(page(orders, limit, |order| order.id.clone()))
}

fn get_order(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Order, Refusal> {
    let store = call.param("store");
    shown(store, orders::find(reading, store, call.param("id"))?)
}

fn doer(call: &Call) -> Doer<'_> {
    Doer { name: &call.caller.name, now_ms: call.now_ms, source: "", heard_ms: call.now_ms }
}

fn place(writing: &Writing<'_>, call: &Call, sent: &Placed) -> Result<Done<Order>, Refusal> {
    let store = call.param("store");
    let book = orders::place(writing, store, sent, doer(call))?;
    let subject = format!("{store}/{}", sent.id);
    let detail = json!({ "channel": sent.channel, "total": sent.total, "lines": sent.lines.len() });
    Ok(Done::new(shown(store, book)?, subject).with(detail))
}

fn do_act(writing: &Writing<'_>, call: &Call, act: &Act) -> Result<Done<Order>, Refusal> {
    let (store, id) = (call.param("store"), call.param("id"));
    reservations::end_due(writing, store, call.now_ms)?;
    let order = shown(store, orders::act(writing, store, id, act, doer(call))?)?;
    let detail = json!({ "state": order.state, "kept": order.kept, "refunded": order.refunded });
    Ok(Done::new(order, format!("{store}/{id}")).with(detail))
}

/// A payment.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// Minor units: the order's total.
    amount: i64,
    /// The channel's number of the payment.
    #[schemars(length(min = 1, max = 128))]
    reference: String,
}

fn pay(writing: &Writing<'_>, call: &Call, sent: &Payment) -> Result<Done<Order>, Refusal> {
    do_act(writing, call, &Act::Pay { amount: sent.amount, reference: sent.reference.clone() })
}

fn accept(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Order>, Refusal> {
    do_act(writing, call, &Act::Accept {})
}

/// What was found.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Picking {
    /// Lines of which not all was found; of the others all was.
    #[serde(default)]
    short: Vec<ShortLine>,
}

fn pick(writing: &Writing<'_>, call: &Call, sent: &Picking) -> Result<Done<Order>, Refusal> {
    do_act(writing, call, &Act::Pick { short: sent.short.clone() })
}

/// What somebody brought.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PickUp {
    /// The pick-up code.
    code: String,
}

fn hand_over(writing: &Writing<'_>, call: &Call, sent: &PickUp) -> Result<Done<Order>, Refusal> {
    do_act(writing, call, &Act::HandOver { code: sent.code.clone() })
}

/// Why not.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    #[schemars(length(min = 1, max = 128))]
    reason: String,
}

fn cancel(writing: &Writing<'_>, call: &Call, sent: &Reason) -> Result<Done<Order>, Refusal> {
    do_act(writing, call, &Act::Cancel { reason: sent.reason.clone() })
}

/// So much of an item.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Waited {
    sku: String,
    /// Thousandths.
    quantity: i64,
}

/// Goods that somebody waits for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReservationForm {
    /// The caller's document: 1 to 64 letters, digits, - and _.
    #[schemars(regex(pattern = ID_PATTERN))]
    document: String,
    /// 1 to 200 items.
    #[schemars(length(min = 1, max = 200))]
    lines: Vec<Waited>,
    /// It ends at this instant; when it is released where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<Millis>,
}

impl From<Reservation> for ReservationForm {
    fn from(row: Reservation) -> Self {
        let lines = row.lines.into_iter().map(|line| Waited { sku: line.sku, quantity: line.quantity });
        Self { document: row.document, lines: lines.collect(), until_ms: row.until_ms }
    }
}

fn list_reservations(
    reading: &Reading<'_>,
    call: &Call,
    query: PageQuery,
) -> Result<Page<ReservationForm>, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let limit = page_limit(query.limit)?;
    let rows = reservations::list(reading, store, query.after.as_deref().unwrap_or_default(), limit + 1)?;
    let rows = rows.into_iter().map(ReservationForm::from).collect();
    Ok(page(rows, limit, |row: &ReservationForm| row.document.clone()))
}

fn reserve(
    writing: &Writing<'_>,
    call: &Call,
    sent: &ReservationForm,
) -> Result<Done<ReservationForm>, Refusal> {
    let store = call.param("store");
    known_store(writing, store)?;
    let lines = sent.lines.iter().map(|line| ReservedLine { sku: line.sku.clone(), quantity: line.quantity });
    let reservation =
        Reservation { document: sent.document.clone(), lines: lines.collect(), until_ms: sent.until_ms };
    reservations::reserve(writing, store, &reservation, call.now_ms)?;
    let subject = format!("{store}/{}", sent.document);
    Ok(Done::new(sent.clone(), subject).with(json!({ "lines": sent.lines.len() })))
}

fn release(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<ReservationForm>, Refusal> {
    let (store, document) = (call.param("store"), call.param("document"));
    known_store(writing, store)?;
    let ended = reservations::release(writing, store, document, call.now_ms)?;
    Ok(Done::new(ended.into(), format!("{store}/{document}")))
}
