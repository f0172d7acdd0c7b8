//! What goods cost. No lane is told it, and a key for goods does not read it.

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::catalogue::Applied;
use super::forms::{Millis, Page, PageQuery, page, page_limit};
use super::route::{Call, Done, Route, change, question};
use crate::access::Scope;
use crate::import;
use crate::server::refusal::Refusal;
use crate::store::{CostRow, Reading, Writing};

const READ: (&str, Scope) = ("goods", Scope::CostsRead);
const WRITE: (&str, Scope) = ("goods", Scope::CostsWrite);

/// The most costs of one request.
const COSTS_MAX: usize = 2_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        question("/v1/costs", READ, "Lists what goods cost, by item code and instant.", list_costs),
        change(
            Method::POST,
            "/v1/costs",
            WRITE,
            (
                "costs.put",
                "Says what goods cost, at most 2000, each from an instant on; none is ever deleted.",
            ),
            put_costs,
        ),
    ]
}

/// What a base unit of goods costs from an instant on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Cost {
    /// The item code.
    sku: String,
    /// From this instant on; what was sold before cost what it cost.
    from_ms: Millis,
    /// Per piece or kilogram, without tax, minor units; null where it is not known any more.
    cost: Option<i64>,
}

impl From<CostRow> for Cost {
    fn from(row: CostRow) -> Self {
        Self { sku: row.sku, from_ms: row.from_ms, cost: row.cost }
    }
}

/// The key of a row, as a page's `next` has it: the instant first, since an item code may hold anything.
fn key_of(cost: &Cost) -> String {
    format!("{}:{}", cost.from_ms, cost.sku)
}

fn list_costs(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<Cost>, Refusal> {
    let limit = page_limit(query.limit)?;
    let after = query.after.unwrap_or_default();
    let (sku, from_ms) = match after.split_once(':') {
        None if after.is_empty() => ("", i64::MIN),
        Some((from_ms, sku)) if from_ms.parse::<i64>().is_ok() => (sku, from_ms.parse().unwrap_or(i64::MIN)),
        Some(_) | None => {
            return Err(Refusal::Form("the query: after is not what a page before said is next".to_owned()));
        }
    };
    let rows = reading.costs_after(sku, from_ms, limit + 1)?;
    Ok(page(rows.into_iter().map(Cost::from).collect(), limit, key_of))
}

/// Costs to be put.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCosts {
    #[schemars(length(min = 1, max = 2000))]
    costs: Vec<Cost>,
}

fn put_costs(writing: &Writing<'_>, call: &Call, sent: &NewCosts) -> Result<Done<Applied>, Refusal> {
    if sent.costs.is_empty() || sent.costs.len() > COSTS_MAX {
        return Err(Refusal::Unfit(format!("send 1 to {COSTS_MAX} costs at a time")));
    }
    let row = |cost: &Cost| CostRow { sku: cost.sku.clone(), from_ms: cost.from_ms, cost: cost.cost };
    let rows: Vec<CostRow> = sent.costs.iter().map(row).collect();
    let done = import::put_costs(writing, "body", &rows, call.now_ms)?;
    // The trail names what was changed, not what it costs: more people read it.
    let detail = json!({ "costs": rows.len(), "changed": done.changed });
    let subject = sent.costs.first().map(|cost| cost.sku.clone()).unwrap_or_default();
    Ok(Done::new(Applied::of(&done, false), subject).with(detail))
}
