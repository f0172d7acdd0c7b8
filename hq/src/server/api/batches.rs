//! Routes about price batches.

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::forms::{ID_PATTERN, Millis, Page, PageQuery, page, page_limit};
use super::goods::Price;
use super::route::{Call, Done, Nothing, Route, change, question};
use crate::access::Scope;
use crate::batches::{self, Batch, BatchError, Standing, State};
use crate::server::refusal::{Refusal, chain};
use crate::store::{Reading, Writing};

const READ: (&str, Scope) = ("batches", Scope::GoodsRead);
const WRITE: (&str, Scope) = ("batches", Scope::GoodsWrite);

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Store(error) => error.into(),
            BatchError::Import(error) => error.into(),
            error @ BatchError::Stored(_) => Self::Fault(chain(&error)),
            error @ BatchError::Form(_) => Self::Unfit(error.to_string()),
            error @ (BatchError::Exists(_) | BatchError::InForce(_)) => Self::Conflict(error.to_string()),
            error @ BatchError::Unknown(_) => Self::Unknown(error.to_string()),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        question("/v1/price-batches", READ, "Lists price batches, by id.", list),
        change(
            Method::POST,
            "/v1/price-batches",
            WRITE,
            ("batch.arm", "Arms prices and promotions that change at one instant, a minute ahead at least."),
            arm,
        ),
        question("/v1/price-batches/{id}", READ, "A price batch and how it stands.", get),
        change(
            Method::DELETE,
            "/v1/price-batches/{id}",
            WRITE,
            ("batch.cancel", "Takes a batch back whose instant is ahead."),
            cancel,
        ),
    ]
}

/// A price of a batch; it begins at the batch's instant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BatchPrice {
    /// The price list's id; `main` where absent.
    list: Option<String>,
    sku: String,
    /// The pack's id; the base unit where absent.
    #[serde(default)]
    unit: String,
    /// Only in this store.
    store: Option<String>,
    /// Only in the stores of this group.
    group: Option<String>,
    /// Only for members of this tier; `*` for those of any.
    tier: Option<String>,
    /// Up to but not including this instant; for ever where absent.
    until_ms: Option<Millis>,
    /// Per unit, tax included, minor units.
    price: i64,
}

/// What changes at one instant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewBatch {
    /// 1 to 64 letters, digits, - and _.
    #[schemars(regex(pattern = ID_PATTERN))]
    id: String,
    /// The instant, a minute ahead at least.
    at_ms: Millis,
    #[serde(default)]
    prices: Vec<BatchPrice>,
    /// Promotions of the price layer, as an import takes them; they begin at the instant.
    #[serde(default)]
    promotions: Vec<Value>,
    /// Promotions of any type, as an import takes them; they begin at the instant.
    #[serde(default)]
    promotion_rules: Vec<Value>,
    /// The ids of promotions that end at the instant.
    #[serde(default)]
    ends: Vec<String>,
}

/// Promotions as an import takes them, beginning at an instant.
fn begun<T: serde::de::DeserializeOwned>(name: &str, rows: &[Value], at_ms: i64) -> Result<Vec<T>, Refusal> {
    let read = |(index, row): (usize, &Value)| {
        let mut row = row.clone();
        if let Some(fields) = row.as_object_mut() {
            fields.insert("from_ms".to_owned(), at_ms.into());
        }
        serde_json::from_value(row)
            .map_err(|error| Refusal::Form(format!("the body: {name}[{index}]: {error}")))
    };
    rows.iter().enumerate().map(read).collect()
}

fn arm(writing: &Writing<'_>, call: &Call, sent: &NewBatch) -> Result<Done<BatchShown>, Refusal> {
    let price = |(index, row): (usize, &BatchPrice)| {
        let price = Price {
            list: row.list.clone().unwrap_or_else(|| "main".to_owned()),
            sku: row.sku.clone(),
            unit: row.unit.clone(),
            store: row.store.clone(),
            group: row.group.clone(),
            tier: row.tier.clone(),
            from_ms: sent.at_ms,
            until_ms: row.until_ms,
            price: row.price,
        };
        price.row().map_err(|what| Refusal::Unfit(format!("prices[{index}]: {what}")))
    };
    let batch = Batch {
        id: sent.id.clone(),
        at_ms: sent.at_ms,
        prices: sent.prices.iter().enumerate().map(price).collect::<Result<_, _>>()?,
        promotions: begun("promotions", &sent.promotions, sent.at_ms)?,
        rules: begun("promotion_rules", &sent.promotion_rules, sent.at_ms)?,
        ends: sent.ends.clone(),
    };
    let standing = batches::arm(writing, &batch, call.now_ms)?;
    let detail = json!({
        "at_ms": batch.at_ms,
        "prices": batch.prices.len(),
        "promotions": batch.promotions.len() + batch.rules.len(),
        "ends": batch.ends,
        "version": standing.version,
    });
    Ok(Done::new(shown(writing, standing, 0)?, &sent.id).with(detail))
}

/// A price batch and how it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BatchShown {
    id: String,
    at_ms: Millis,
    /// armed, in_force or cancelled.
    state: String,
    /// The version of the reference that has it.
    version: u64,
    prices: Vec<Price>,
    /// The ids of promotions that begin.
    begins: Vec<String>,
    /// The ids of promotions that end.
    ends: Vec<String>,
    /// Lanes in stores with labels that have it, of `lanes`.
    lanes_armed: u64,
    lanes: u64,
    /// When it was cancelled: things that somebody else had changed since, and that stay.
    left: u64,
}

fn shown(reading: &Reading<'_>, standing: Standing, left: u64) -> Result<BatchShown, Refusal> {
    let Standing { batch, state, version } = standing;
    let (lanes_armed, lanes) = reading.lanes_with_version(version)?;
    let begins = batch.promotions.iter().map(|promotion| promotion.id.clone());
    Ok(BatchShown {
        begins: begins.chain(batch.rules.iter().map(|rule| rule.id.clone())).collect(),
        id: batch.id,
        at_ms: batch.at_ms,
        state: match state {
            State::Armed => "armed",
            State::InForce => "in_force",
            State::Cancelled => "cancelled",
        }
        .to_owned(),
        version,
        prices: batch.prices.into_iter().map(Price::from).collect(),
        ends: batch.ends,
        lanes_armed,
        lanes,
        left,
    })
}

fn list(reading: &Reading<'_>, call: &Call, query: PageQuery) -> Result<Page<BatchShown>, Refusal> {
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().unwrap_or_default();
    let rows = batches::list(reading, after, limit + 1, call.now_ms)?;
    let rows = rows.into_iter().map(|row| shown(reading, row, 0)).collect::<Result<Vec<_>, _>>()?;
    Ok(page(rows, limit, |row| row.id.clone()))
}

fn get(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<BatchShown, Refusal> {
    shown(reading, batches::find(reading, call.param("id"), call.now_ms)?, 0)
}

fn cancel(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<BatchShown>, Refusal> {
    let id = call.param("id");
    let (standing, left) = batches::cancel(writing, id, call.now_ms)?;
    Ok(Done::new(shown(writing, standing, left)?, id).with(json!({ "left": left })))
}
