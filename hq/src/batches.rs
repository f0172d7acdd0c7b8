//! Price batches: prices and promotions that change at one instant, told to
//! lanes and labels ahead of it.
//!
//! Everything of a batch counts from one moment on, so a lane switches all of
//! it by its own clock, with HQ up or down; labels follow their store's prices.
//! A batch is put whole or not at all, and may be taken back until its instant.

use protocol::promotion::PromotionForm;
use protocol::pull::{PriceRow, Promotion};
use serde::{Deserialize, Serialize};

use crate::import::{self, ImportError};
use crate::orders::is_id;
use crate::store::{BatchRow, Kind, Put, Reading, StoreError, Writing, price_key, scope_of};

/// How far ahead a batch is armed at least, milliseconds: lanes pull within
/// seconds, and one whose line is slow has a minute.
pub const AHEAD_MIN_MS: i64 = 60_000;

/// The most prices of one batch.
pub const PRICES_MAX: usize = 10_000;

/// The most promotions that one batch begins or ends.
pub const PROMOTIONS_MAX: usize = 500;

/// Why a batch is not armed or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// It cannot be.
    #[error("arm a price batch: {0}")]
    Form(String),
    /// Another batch has the id.
    #[error("arm a price batch: {0:?} is the id of another one; nothing was changed")]
    Exists(String),
    /// There is none.
    #[error("there is no price batch {0:?}")]
    Unknown(String),
    /// Its instant is past.
    #[error("cancel a price batch: {0:?} is in force; make another one that sets the prices back")]
    InForce(String),
    /// A price or promotion cannot be.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A stored row cannot be read.
    #[error("read a stored batch")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What changes at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The caller's id.
    pub id: String,
    /// The instant, milliseconds UTC; every price begins then.
    pub at_ms: i64,
    /// The prices; each begins at the instant.
    pub prices: Vec<PriceRow>,
    /// Promotions of the price layer that begin then.
    pub promotions: Vec<Promotion>,
    /// Promotions of any type that begin then.
    pub rules: Vec<PromotionForm>,
    /// The ids of promotions that end then.
    pub ends: Vec<String>,
}

/// One thing that a batch changed, to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Undo {
    scope: String,
    kind: String,
    key: String,
    before: Option<String>,
    after: String,
}

/// A batch as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    batch: Batch,
    undo: Vec<Undo>,
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Lanes are told, and its instant is ahead.
    Armed,
    /// Its instant is past.
    InForce,
    /// It was taken back.
    Cancelled,
}

/// A batch and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What changes.
    pub batch: Batch,
    /// How it stands.
    pub state: State,
    /// The version of the reference that has it.
    pub version: u64,
}

const ARMED: &str = "armed";
const CANCELLED: &str = "cancelled";

fn standing(row: &BatchRow, now_ms: i64) -> Result<Standing, BatchError> {
    let Kept { batch, undo: _ } = serde_json::from_str(&row.body)?;
    let state = match row.state.as_str() {
        CANCELLED => State::Cancelled,
        _ if row.at_ms <= now_ms => State::InForce,
        _ => State::Armed,
    };
    Ok(Standing { batch, state, version: row.version })
}

fn check(batch: &Batch, now_ms: i64) -> Result<(), BatchError> {
    let wrong = |what: String| Err(BatchError::Form(what));
    if !is_id(&batch.id) {
        return wrong("an id has 1 to 64 letters, digits, - and _".to_owned());
    }
    if batch.at_ms < now_ms.saturating_add(AHEAD_MIN_MS) {
        return wrong(format!(
            "its instant is {AHEAD_MIN_MS} ms ahead at least, so that lanes have it in time"
        ));
    }
    let promotions = batch.promotions.len() + batch.rules.len() + batch.ends.len();
    if batch.prices.len() > PRICES_MAX || promotions > PROMOTIONS_MAX {
        return wrong(format!("it has more than {PRICES_MAX} prices or {PROMOTIONS_MAX} promotions"));
    }
    if batch.prices.is_empty() && promotions == 0 {
        return wrong("it changes nothing".to_owned());
    }
    Ok(())
}

/// The kind in which a promotion of an id stands.
fn promotion_kind(reading: &Reading<'_>, id: &str) -> Result<Option<(Kind, String)>, StoreError> {
    for kind in [Kind::Promotion, Kind::PromotionRule] {
        if let Some(body) = reading.entity(kind, id)? {
            return Ok(Some((kind, body)));
        }
    }
    Ok(None)
}

/// Tells lanes everything of a batch, to count from its instant on. The same
/// batch again is the one that is there. `now_ms`: HQ's clock, milliseconds UTC.
pub fn arm(writing: &Writing<'_>, batch: &Batch, now_ms: i64) -> Result<Standing, BatchError> {
    if let Some(row) = writing.batch(&batch.id)? {
        let known = standing(&row, now_ms)?;
        return if known.batch == *batch { Ok(known) } else { Err(BatchError::Exists(batch.id.clone())) };
    }
    check(batch, now_ms)?;
    let mut undo = Vec::new();
    for (index, row) in batch.prices.iter().enumerate() {
        if row.from_ms != batch.at_ms {
            return Err(BatchError::Form(format!("prices[{index}] begins at another instant")));
        }
        let (scope, key) = (scope_of(&row.scope), price_key(row));
        let before = writing.entity_of_store(Kind::Price, &scope, &key)?;
        let after = serde_json::to_string(row)?;
        undo.push(Undo { scope, kind: Kind::Price.name().to_owned(), key, before, after });
    }
    let mut begun = |kind: Kind, id: &str, body: String| -> Result<(), BatchError> {
        if promotion_kind(writing, id)?.is_some() {
            let what = format!(
                "the promotion {id:?} is there; give the new one another id, and name {id:?} in ends"
            );
            return Err(BatchError::Form(what));
        }
        undo.push(Undo {
            scope: String::new(),
            kind: kind.name().to_owned(),
            key: id.to_owned(),
            before: None,
            after: body,
        });
        Ok(())
    };
    for promotion in &batch.promotions {
        if promotion.from_ms != Some(batch.at_ms) {
            return Err(BatchError::Form(format!(
                "the promotion {:?} begins at another instant",
                promotion.id
            )));
        }
        begun(Kind::Promotion, &promotion.id, serde_json::to_string(promotion)?)?;
    }
    for rule in &batch.rules {
        if rule.from_ms != Some(batch.at_ms) {
            return Err(BatchError::Form(format!("the promotion {:?} begins at another instant", rule.id)));
        }
        begun(Kind::PromotionRule, &rule.id, serde_json::to_string(rule)?)?;
    }
    let prices: Vec<_> = batch
        .prices
        .iter()
        .enumerate()
        .map(|(index, row)| (format!("prices[{index}]"), Ok(row.clone())))
        .collect();
    import::put_prices(writing, "batch", &prices, now_ms)?;
    import::put_promotions(writing, "batch", &batch.promotions, &batch.rules, now_ms)?;
    for id in &batch.ends {
        undo.extend(end_promotion(writing, id, batch.at_ms)?);
    }
    let version = writing.reference_version()?;
    let kept = Kept { batch: batch.clone(), undo };
    let row = BatchRow {
        id: batch.id.clone(),
        at_ms: batch.at_ms,
        state: ARMED.to_owned(),
        version,
        body: serde_json::to_string(&kept)?,
    };
    if !writing.add_batch(&row)? {
        return Err(BatchError::Exists(batch.id.clone()));
    }
    Ok(Standing { batch: batch.clone(), state: State::Armed, version })
}

/// Lets a promotion end at an instant; nothing where it ends before.
fn end_promotion(writing: &Writing<'_>, id: &str, at_ms: i64) -> Result<Option<Undo>, BatchError> {
    let Some((kind, before)) = promotion_kind(writing, id)? else {
        return Err(BatchError::Form(format!("there is no promotion {id:?} to end")));
    };
    let mut body: serde_json::Value = serde_json::from_str(&before)?;
    if body["until_ms"].as_i64().is_some_and(|until| until <= at_ms) {
        return Ok(None);
    }
    body["until_ms"] = at_ms.into();
    // In the form and order in which it is stored.
    let after = if kind == Kind::Promotion {
        serde_json::to_string(&serde_json::from_value::<Promotion>(body)?)?
    } else {
        serde_json::to_string(&serde_json::from_value::<PromotionForm>(body)?)?
    };
    match writing.put_entity(kind, id, &after)? {
        Put::Same => Ok(None),
        Put::Changed(_) => Ok(Some(Undo {
            scope: String::new(),
            kind: kind.name().to_owned(),
            key: id.to_owned(),
            before: Some(before),
            after,
        })),
    }
}

/// Takes a batch back whose instant is ahead. What was changed since by
/// somebody else stays as it is; says of how many things that is so.
pub fn cancel(writing: &Writing<'_>, id: &str, now_ms: i64) -> Result<(Standing, u64), BatchError> {
    let row = writing.batch(id)?.ok_or_else(|| BatchError::Unknown(id.to_owned()))?;
    let known = standing(&row, now_ms)?;
    match known.state {
        State::Cancelled => return Ok((known, 0)),
        State::InForce => return Err(BatchError::InForce(id.to_owned())),
        State::Armed => {}
    }
    let kept: Kept = serde_json::from_str(&row.body)?;
    let mut left = 0;
    for undo in kept.undo.iter().rev() {
        let kind = [Kind::Price, Kind::Promotion, Kind::PromotionRule]
            .into_iter()
            .find(|kind| kind.name() == undo.kind)
            .ok_or_else(|| StoreError::Row {
                table: "price_batch",
                reason: format!("kind {:?}", undo.kind),
            })?;
        let now = writing.entity_of_store(kind, &undo.scope, &undo.key)?;
        if now.as_ref() != Some(&undo.after) {
            left += 1;
            continue;
        }
        match &undo.before {
            Some(before) => writing.put_of_store(kind, &undo.scope, &undo.key, before)?,
            None => writing.delete_of_store(kind, &undo.scope, &undo.key)?,
        };
    }
    let version = writing.reference_version()?;
    writing.set_batch_state(id, CANCELLED, version)?;
    Ok((Standing { batch: kept.batch, state: State::Cancelled, version }, left))
}

/// Reads a batch.
pub fn find(reading: &Reading<'_>, id: &str, now_ms: i64) -> Result<Standing, BatchError> {
    let row = reading.batch(id)?.ok_or_else(|| BatchError::Unknown(id.to_owned()))?;
    standing(&row, now_ms)
}

/// Reads batches after an id, in order, at most `limit`.
pub fn list(
    reading: &Reading<'_>,
    after: &str,
    limit: u32,
    now_ms: i64,
) -> Result<Vec<Standing>, BatchError> {
    reading.batches_after(after, limit)?.iter().map(|row| standing(row, now_ms)).collect()
}
