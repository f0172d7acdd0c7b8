//! Routes about transfers between stores that HQ orders.

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::catalogue::known_store;
use super::forms::{Page, page, page_limit};
use super::route::{Call, Done, Nothing, Route, change, question};
use crate::access::Scope;
use crate::server::refusal::{Refusal, chain};
use crate::store::{Reading, TransfersAsked, Writing};
use crate::transfers::{self, Asked, Doer, Shown, State, TransferError};

const READ: (&str, Scope) = ("transfers", Scope::StockRead);
const WRITE: (&str, Scope) = ("transfers", Scope::StockWrite);

impl From<TransferError> for Refusal {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Store(error) => error.into(),
            error @ TransferError::Stored(_) => Self::Fault(chain(&error)),
            error @ TransferError::Unknown(_) => Self::Unknown(error.to_string()),
            error @ (TransferError::Exists(_)
            | TransferError::Used(_)
            | TransferError::Hold(_)
            | TransferError::Left(_)
            | TransferError::Cancelled(_)
            | TransferError::NothingMissing(_)) => Self::Conflict(error.to_string()),
            error @ (TransferError::UnknownStore(_) | TransferError::Form(_)) => {
                Self::Unfit(error.to_string())
            }
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        question(
            "/v1/transfers",
            READ,
            "Lists transfers between stores, by number, with what left, what came and what differs.",
            list,
        ),
        change(
            Method::POST,
            "/v1/transfers",
            WRITE,
            ("transfer.order", "Orders a transfer; the same one again is the one that is there."),
            order,
        ),
        question("/v1/transfers/{number}", READ, "A transfer.", get),
        change(
            Method::POST,
            "/v1/transfers/{number}/cancel",
            WRITE,
            ("transfer.cancel", "Takes a transfer back of which nothing left; what was held is free."),
            cancel,
        ),
        change(
            Method::POST,
            "/v1/transfers/{number}/write-off",
            WRITE,
            (
                "transfer.write_off",
                "Writes off what left and did not come: it is on its way no more, until it comes after all.",
            ),
            write_off,
        ),
    ]
}

/// Which transfers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TransferQuery {
    /// Those that this store sends or receives.
    store: Option<String>,
    /// Those that stand like this; `closed` are those with differences.
    state: Option<State>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn list(reading: &Reading<'_>, _: &Call, query: TransferQuery) -> Result<Page<Shown>, Refusal> {
    let limit = page_limit(query.limit)?;
    if let Some(store) = &query.store {
        known_store(reading, store)?;
    }
    let asked = TransfersAsked { store: query.store.as_deref(), state: query.state.map(State::name) };
    let rows = transfers::list(reading, asked, query.after.as_deref().unwrap_or_default(), limit + 1)?;
    Ok(page(rows, limit, |row: &Shown| row.number.clone()))
}

fn get(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Shown, Refusal> {
    Ok(transfers::find(reading, call.param("number"))?)
}

fn doer(call: &Call) -> Doer<'_> {
    Doer { name: &call.caller.name, now_ms: call.now_ms }
}

fn order(writing: &Writing<'_>, call: &Call, sent: &Asked) -> Result<Done<Shown>, Refusal> {
    let shown = transfers::order(writing, sent, doer(call))?;
    let detail = json!({ "from": sent.from, "to": sent.to, "lines": sent.lines.len(), "hold": sent.hold });
    Ok(Done::new(shown, &sent.number).with(detail))
}

/// Why.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    #[schemars(length(max = 128))]
    reason: String,
}

fn cancel(writing: &Writing<'_>, call: &Call, sent: &Why) -> Result<Done<Shown>, Refusal> {
    let number = call.param("number");
    let shown = transfers::cancel(writing, number, &sent.reason, doer(call))?;
    Ok(Done::new(shown, number).with(json!({ "reason": sent.reason })))
}

fn write_off(writing: &Writing<'_>, call: &Call, sent: &Why) -> Result<Done<Shown>, Refusal> {
    let number = call.param("number");
    let shown = transfers::write_off(writing, number, &sent.reason, doer(call))?;
    let detail = json!({ "reason": sent.reason, "differences": shown.differences });
    Ok(Done::new(shown, number).with(detail))
}
